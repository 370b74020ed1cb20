/* run_folder.h - what the runs of the sppo tool have in common: a folder that
 * one process at a time works in, and that --resume goes on with
 *
 *   settings.json     what was asked for, what its inputs held, what changed
 *   run.safetensors   the checkpoint, or whatever the command calls so
 *   lock              held by the process at work
 *   logs              appended lines, cut back to the checkpoint on --resume
 *
 * An input is known by a digest of what is in it, not by its name, and the
 * folder by nothing at all: both may move.                                  */

#ifndef SPPO_TOOL_RUN_FOLDER_H
#define SPPO_TOOL_RUN_FOLDER_H

#include "codec.h"
#include "console.h"
#include "options.h"

enum { RUN_INPUTS = 8, DIGEST_ROOM = 17 };

typedef struct run_input {
    const char *name, *noun;  // of the option: "policy"; "model"
    char digest[DIGEST_ROOM];
} run_input;

typedef struct run_folder {
    parser *parse;
    console *console;
    const char *out;
    char settings[PATH_ROOM], checkpoint[PATH_ROOM];
    run_input input[RUN_INPUTS];
    int inputs;
    int locked;   // 1: another process works in it
    uint64_t seen;  // of what was there before it was ours
    double saved, cost;  // when the last checkpoint was written; its seconds
    buffer text;
} run_folder;

/* A digest in hexadecimal. */
void digest_write(uint64_t digest, char out[DIGEST_ROOM]);

/* The digest so far, continued over lists of tokens. */
uint64_t digest_lists(uint64_t digest, const sppo_lists *lists);

/* The same, over a tokenizer. */
uint64_t digest_codec(uint64_t digest, const codec *c);

/* A model as it was loaded, so in whatever files and numbers it is kept. */
uint64_t digest_model(const sppo_model *model, const codec *tok);

/* Remembers what the file or folder of option `name` holds. */
void run_input_add(run_folder *f, const char *name, const char *noun,
                   uint64_t digest);

/* Refuses to go on with inputs that hold something else than they did. */
sppo_result run_inputs_check(run_folder *f);

/* Takes note of the run in a folder, before its settings are read. */
sppo_result run_folder_look(run_folder *f, sppo_ctx *ctx, const char *out);

/* Makes the folder and, unless it is shared with others, locks it. Without
 * --force the run in it must still be the one that was looked at.           */
sppo_result run_folder_open(run_folder *f, parser *p, console *c,
                            const char *out, int lock);

/* A checkpoint that was begun at that time is written. */
void run_saved(run_folder *f, double begun);

/* Checkpoints of a large model take seconds: a twentieth of the time, no more.
 * With --save-seconds 0 each unit of work is saved, whatever it takes.      */
int run_save_is_due(const run_folder *f, double asked);

/* Refuses to write over what is there: a run is gone on with. */
sppo_result run_is_free(sppo_ctx *ctx, const char *out, int force);

/* What a command returns that a signal stopped, after it has saved. */
sppo_result run_stopped(const run_folder *f);

/* Whether --name says another thing than the run began with. */
int run_amended(const run_folder *f, const char *name);

/* Whether option `which` says another thing than the run began with: another
 * name of the same content is the same thing.                               */
int setting_is_amended(const parser *p, int which);

/* Writes settings.json when the run begins (resumed 0), and again when it goes
 * on with something amended or found elsewhere; unit: "iteration", "step".  */
sppo_result run_settings_write(run_folder *f, int resumed, const char *unit,
                               int at);

/* A value as JSON, from its text as one would type it; NULL: none. */
void setting_value(const option *o, const char *text, buffer *out);

/* The folder that relative names are of. */
void settings_write_folder(buffer *out);

/* The texts and numbers of settings.json as they were typed, in p->kept. */
const char *setting_text(parser *p, const sppo_json *json, int node);

/* What was given of the others in "this|that|.." among the command's needs, or
 * -1.                                                                       */
int option_rival(const parser *p, int which);

/* A relative name that is not of this folder may be of the one that the run
 * began in: the content tells whether it is the same thing.                 */
sppo_result setting_locate(parser *p, int which, const char *path);

/* Goes on with the settings of an earlier run. The sppo_json of the parser is
 * busy with numbers meanwhile, hence an own one.                            */
sppo_result settings_adopt(parser *p, const char *path);

#endif
