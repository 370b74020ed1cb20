/* tool.h - what the commands of the tool share */

#ifndef SPPO_TOOL_TOOL_H
#define SPPO_TOOL_TOOL_H

#include "judge_process.h"
#include "logs.h"
#include "progress.h"
#include "rows.h"
#include "run_folder.h"
#include "settings.h"

/* What the preference model hears of tokens: their texts, read anew. */
typedef struct listener {
    sppo_lists prompts, responses;
    buffer text, quoted;
    sppo_json json;
} listener;

/* A preference model that judges what the policies of a tool say. */
typedef struct model_judge {
    struct tool *tool;
    const sppo_model *model;
    const codec *tok;
    sppo_pref pref;
    listener listener;
} model_judge;

/* So many runs are told apart by the colours of a picture. */
enum { PATHS_MOST = 6 };

/* Everything that a command may hold, so that one function lets it go. */
typedef struct tool {
    sppo_ctx ctx;
    settings set;
    parser parse;
    console console;
    const char *paths[PATHS_MOST];    // the arguments of info and report
    int path_count;
    sppo_model policy, base, preference, reference;
    codec tok, preference_tok;
    model_judge by;                   // of `preference`
    judge_process process;
    sppo_judge judge;
    sppo_lists prompts, gold, responses;
    row_reader rows;
    run_folder folder;
    double *estimate;  // of --dry-run in a study: bytes, minutes; or NULL
} tool;

/* Of no model yet. */
void model_judge_begin(model_judge *by, tool *t, const sppo_model *model,
                       const codec *tok);

/* Lets go of all but the model. */
void model_judge_free(model_judge *by);

/* No setting was given yet; t begins as zeros. */
void tool_begin(tool *t);

/* Lets go of all. */
void tool_free(tool *t);

/* A model directory and its tokenizer. */
sppo_result load_model(tool *t, const char *folder, int preference,
                       sppo_model *model, codec *tok);

/* The model with the tool's tokenizer and what came with it: what other
 * programs want to see: special tokens, the chat template, how to generate. */
sppo_result save_model_as(tool *t, const sppo_model *model, sppo_dtype dtype,
                          const char *folder);

/* The same, in the numbers that the tool computes with. */
sppo_result save_model(tool *t, const sppo_model *model, const char *folder);

/* Of the model that texts are read for. */
const sppo_config *model_config(const tool *t);

/* A text as one more list, by the tokenizer of the policy. */
sppo_result encode(tool *t, const char *text, size_t length, int bos, int eos,
                   sppo_lists *lists);

/* Whether two lists have the same tokens. */
int lists_same(const sppo_lists *lists, int a, int b);

/* The version, and how the tool was built: a line. */
void print_build(void);

/* Tokens of the longest list. */
int longest_list(const sppo_lists *lists);

/* The commands; what each is for stands in the table of sppo.c. */
sppo_result run_tokenizer(tool *t);
sppo_result run_pretrain(tool *t);
sppo_result run_prefer(tool *t);
sppo_result run_align(tool *t);
sppo_result run_sample(tool *t);
sppo_result run_score(tool *t);
sppo_result run_judge(tool *t);
sppo_result run_evaluate(tool *t);
sppo_result run_game(tool *t);
sppo_result run_convert(tool *t);
sppo_result run_info(tool *t);
sppo_result run_report(tool *t);

/* The command of that name, or NULL. */
const cli_command *command_find(const char *name);

#endif
