/* run_folder.c - the folder of a run, and what its inputs hold */

#include "run_folder.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void digest_write(uint64_t digest, char out[DIGEST_ROOM])
{
    snprintf(out, DIGEST_ROOM, "%08lx%08lx", (unsigned long)(digest >> 32),
             (unsigned long)(digest & 0xffffffffu));
}

uint64_t digest_lists(uint64_t digest, const sppo_lists *lists)
{
    const size_t count = (size_t)lists->count;

    if (!count)
        return sppo_digest(digest, NULL, 0);
    digest = sppo_digest(digest, lists->start, (count + 1) * sizeof(int));
    return sppo_digest(digest, lists->token,
                       (size_t)lists->start[count] * sizeof(int));
}

uint64_t digest_codec(uint64_t digest, const codec *c)
{
    const sppo_tokenizer *bin = &c->bin;
    const size_t vocab = (size_t)bin->vocab;

    if (c->file)
        return sppo_digest(digest, c->file, c->size);
    if (!vocab)
        return digest;
    digest = sppo_digest(digest, bin->score, vocab * sizeof *bin->score);
    digest = sppo_digest(digest, bin->start, (vocab + 1) * sizeof(int));
    return sppo_digest(digest, bin->bytes, (size_t)bin->start[vocab]);
}

uint64_t digest_model(const sppo_model *model, const codec *tok)
{
    char config[4096];
    const size_t length = sppo_config_write(&model->config,
                                            SPPO_DTYPE_FLOAT32, config,
                                            sizeof config);
    uint64_t digest = sppo_digest(0, config, length);

    digest = sppo_digest(digest, model->weights,
                         model->count * sizeof *model->weights);
    return digest_codec(digest, tok);
}

void run_input_add(run_folder *f, const char *name, const char *noun,
                   uint64_t digest)
{
    run_input *input = &f->input[f->inputs++];

    input->name = name;
    input->noun = noun;
    digest_write(digest, input->digest);
}

static sppo_result run_input_check(run_folder *f, const run_input *input,
                                   const sppo_json *json, int inputs)
{
    sppo_ctx *ctx = f->parse->ctx;
    const int which = option_find(f->parse, input->name, strlen(input->name));
    const int node = sppo_json_find(json, inputs, input->name);
    char value[PATH_ROOM], began[DIGEST_ROOM];

    if (node < 0)
        return SPPO_OK;
    began[0] = 0;
    sppo_json_string(json, node, began, sizeof began);
    if (!strcmp(began, input->digest) || setting_is_amended(f->parse, which))
        return SPPO_OK;
    option_value(f->parse, which, value, sizeof value);
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "--%s: %.150s is not the %s that "
                     "the run in %.100s began with: what it holds has the "
                     "digest %s, not %.16s; begin another run with it",
                     input->name, value, input->noun, f->out, input->digest,
                     began);
}

sppo_result run_inputs_check(run_folder *f)
{
    sppo_ctx *ctx = f->parse->ctx;
    sppo_json json;
    char *data = NULL;
    size_t size = 0;
    sppo_result result;
    int i, inputs = -1;

    memset(&json, 0, sizeof json);
    TRY(sppo_file_read(ctx, f->settings, &data, &size));
    result = sppo_json_parse(ctx, &json, data, size, f->settings);
    if (result == SPPO_OK)
        inputs = sppo_json_find(&json, 0, "inputs");
    if (result == SPPO_OK && inputs < 0)
        note(f->console, "%s has no digests, being of an earlier version: "
             "whether inputs have changed since is not known", f->settings);
    for (i = 0; i < f->inputs && inputs >= 0 && result == SPPO_OK; i++)
        result = run_input_check(f, &f->input[i], &json, inputs);
    sppo_json_free(ctx, &json);
    sppo_release(ctx, data, size + 1);
    return result;
}

/* A digest of what tells one run from another, and whether it is done. */
static sppo_result run_digest(sppo_ctx *ctx, const char *out, uint64_t *digest)
{
    static const char *const names[] = { "model.safetensors",
        "run.safetensors", "settings.json" };  // which is read, too
    char path[PATH_ROOM], *data = NULL;
    size_t size = 0;
    int i, there;

    *digest = 0;
    for (i = 0; i < 3; i++) {
        path_join(path, out, names[i]);
        TRY(path_look(ctx, path, &there));
        *digest = sppo_digest(*digest, &there, sizeof there);
    }
    if (!there)
        return SPPO_OK;
    TRY(sppo_file_read(ctx, path, &data, &size));
    *digest = sppo_digest(*digest, data, size);
    sppo_release(ctx, data, size + 1);
    return SPPO_OK;
}

sppo_result run_folder_look(run_folder *f, sppo_ctx *ctx, const char *out)
{
    return run_digest(ctx, out, &f->seen);
}

/* Locks it, or says who has. */
static sppo_result run_folder_lock(run_folder *f)
{
    sppo_ctx *ctx = f->parse->ctx;
    char path[PATH_ROOM];
    long owner = 0;
    int fd = -1;

    path_join(path, f->out, "lock");
    TRY(file_lock(ctx, path, &fd, &owner));
    f->locked = fd < 0;
    if (f->locked)
        return owner > 0
            ? sppo_fail(ctx, SPPO_E_IO, "%s is locked by process %ld", f->out,
                        owner)
            : sppo_fail(ctx, SPPO_E_IO, "%s is locked by a process that "
                        "just ended, or is another machine's", f->out);
    return SPPO_OK;
}

sppo_result run_folder_open(run_folder *f, parser *p, console *c,
                            const char *out, int lock)
{
    const int force = option_find(p, "force", 5);
    uint64_t now;

    f->parse = p;
    f->console = c;
    f->out = out;
    f->text.ctx = p->ctx;
    TRY(sppo_folder_make(p->ctx, out));
    path_join(f->settings, out, "settings.json");
    path_join(f->checkpoint, out, "run.safetensors");
    if (!lock)
        return SPPO_OK;
    TRY(run_folder_lock(f));
    TRY(run_digest(p->ctx, out, &now));
    f->locked = now != f->seen && !p->given[force];
    if (f->locked)
        return sppo_fail(p->ctx, SPPO_E_IO, "%s: another process worked in it "
                         "meanwhile; look at what is there now, and start "
                         "again", out);
    return SPPO_OK;
}

void run_saved(run_folder *f, double begun)
{
    f->saved = seconds_now();
    f->cost = f->saved - begun;
}

/* Checkpoints of a large model take seconds: a twentieth of the time, no more.
 * With --save-seconds 0 each unit of work is saved, whatever it takes.      */
enum { SAVE_SHARE = 20 };

int run_save_is_due(const run_folder *f, double asked)
{
    const double pause = asked > 0.0 ? fmax(asked, SAVE_SHARE * f->cost) : 0.0;

    return seconds_now() - f->saved >= pause;
}

sppo_result run_is_free(sppo_ctx *ctx, const char *out, int force)
{
    char path[PATH_ROOM];
    int kind = PATH_NONE;

    path_join(path, out, "settings.json");
    if (!force)
        TRY(path_look(ctx, path, &kind));
    if (!kind)
        return output_is_free(ctx, out, force);
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.300s exists and holds a run; go "
                     "on with it by --resume, choose another name, or --force "
                     "to write over it", out);
}

sppo_result run_stopped(const run_folder *f)
{
    return sppo_fail(f->parse->ctx, SPPO_E_STOPPED, "stopped; saved in %.150s; "
                     "sppo %s --resume --out %.150s goes on", f->checkpoint,
                     f->parse->command->name, f->out);
}

int run_amended(const run_folder *f, const char *name)
{
    const int which = option_find(f->parse, name, strlen(name));

    return which >= 0 && setting_is_amended(f->parse, which);
}
