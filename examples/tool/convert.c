/* convert.c - sppo convert: model directories and llama2.c models, any way, and
 * out to GGUF                                                               */

#include "files.h"
#include "gguf.h"
#include "llama2c.h"

#include <string.h>

static sppo_result convert_to_bin(tool *t)
{
    const settings *s = &t->set;

    if (s->dtype != DTYPE_FLOAT32)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s would be a llama2.c "
                         "file, which is float32 always: leave --dtype out, "
                         "or name a directory", s->to);
    TRY(load_model(t, s->from, 0, &t->policy, &t->tok));
    TRY(bin_write(t, s->to));
    if (t->tok.bin.vocab)
        note(&t->console, "%s: use it with %s/tokenizer.bin", s->to, s->from);
    else
        note(&t->console, "%s: run.c wants a tokenizer.bin, which %s lacks",
             s->to, s->from);
    return SPPO_OK;
}

static int ends_with(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);

    return n >= m && !strcmp(path + n - m, end);
}

static sppo_result convert_save(tool *t)
{
    const settings *s = &t->set;

    if (ends_with(s->to, ".gguf"))
        TRY(gguf_write(t, s->to));
    else
        TRY(save_model_as(t, &t->policy, s->dtype == DTYPE_BFLOAT16
                              ? SPPO_DTYPE_BFLOAT16 : SPPO_DTYPE_FLOAT32,
                          s->to));
    note(&t->console, "%s: %.0f parameters", s->to, (double)t->policy.count);
    return SPPO_OK;
}

/* A llama2.c file becomes another. */
static sppo_result convert_bin(tool *t)
{
    const settings *s = &t->set;

    if (!s->tokenizer) {
        TRY(bin_is_one(t, s->from));
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "a llama2.c file needs its --tokenizer FILE");
    }
    TRY(codec_load_file(&t->ctx, &t->tok, s->tokenizer));
    if (!t->tok.bin.vocab)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s is no tokenizer.bin, "
                         "which a llama2.c model goes with", s->tokenizer);
    TRY(bin_read(t, s->from));
    return convert_save(t);
}

/* From one directory to another: one file for many parts, the type asked for.
 * A preference model stays one.                                             */
static sppo_result convert_folder(tool *t)
{
    const settings *s = &t->set;

    codec_begin(&t->tok);
    TRY(sppo_model_load_with(&t->ctx, &t->policy, s->from, s->edited,
                             t->tok.files, t->tok.count));
    TRY(codec_open(&t->ctx, &t->tok, s->from, &t->policy.config,
                   s->edited));
    return convert_save(t);
}

/* A name that ends with .bin, or that is a file already, is a llama2.c file's;
 * any other is a directory's, but for a GGUF's.                             */
static int names_bin(const char *path, int kind)
{
    return !ends_with(path, ".gguf") &&
           (ends_with(path, ".bin") || kind == PATH_FILE);
}

sppo_result run_convert(tool *t)
{
    const settings *s = &t->set;
    int out, to;

    TRY(path_look(&t->ctx, s->from, &out));
    TRY(path_look(&t->ctx, s->to, &to));
    out = out == PATH_FOLDER;
    TRY(output_is_free(&t->ctx, s->to, s->force));
    if (out && s->tokenizer)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "--tokenizer has no effect: %s has its own", s->from);
    if (!out && s->edited)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--edited has no effect: "
                         "%s is one file", s->from);
    if (s->dtype == DTYPE_FLOAT16 && !ends_with(s->to, ".gguf") &&
        !names_bin(s->to, to))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--dtype float16 is for "
                         "NAME.gguf; a directory has float32 or bfloat16");
    if (out && !names_bin(s->to, to))
        return convert_folder(t);
    return out ? convert_to_bin(t) : convert_bin(t);
}
