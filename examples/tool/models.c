/* models.c - models with their tokenizers, loaded and saved */

#include "average.h"

#include <string.h>

void model_judge_begin(model_judge *by, tool *t, const sppo_model *model,
                       const codec *tok)
{
    by->tool = t;
    by->model = model;
    by->tok = tok;
    by->listener.text.ctx = by->listener.quoted.ctx = &t->ctx;
}

void model_judge_free(model_judge *by)
{
    sppo_ctx *ctx = &by->tool->ctx;

    sppo_pref_free(ctx, &by->pref);
    sppo_lists_free(ctx, &by->listener.prompts);
    sppo_lists_free(ctx, &by->listener.responses);
    buffer_free(&by->listener.text);
    buffer_free(&by->listener.quoted);
    sppo_json_free(ctx, &by->listener.json);
}

void tool_begin(tool *t)
{
    t->parse.kept.ctx = t->parse.ctx = &t->ctx;
    model_judge_begin(&t->by, t, &t->preference, &t->preference_tok);
    settings_options(&t->parse, &t->set);
}

void tool_free(tool *t)
{
    sppo_ctx *ctx = &t->ctx;

    judge_stop(&t->process);
    model_judge_free(&t->by);
    sppo_model_free(ctx, &t->policy);
    sppo_model_free(ctx, &t->base);
    sppo_model_free(ctx, &t->reference);
    sppo_model_free(ctx, &t->preference);
    codec_free(ctx, &t->tok);
    codec_free(ctx, &t->preference_tok);
    sppo_lists_free(ctx, &t->prompts);
    sppo_lists_free(ctx, &t->gold);
    sppo_lists_free(ctx, &t->responses);
    if (t->rows.ctx)
        rows_close(&t->rows);
    buffer_free(&t->parse.kept);
    buffer_free(&t->folder.text);
    sppo_json_free(ctx, &t->parse.json);
}

sppo_result load_model(tool *t, const char *folder, int preference,
                       sppo_model *model, codec *tok)
{
    int is;

    TRY(average_look(&t->ctx, folder, &is));
    if (is && !preference)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.300s is an average of "
                         "policies, which `sppo sample` and `sppo evaluate` "
                         "take; give one of those that its average.json names",
                         folder);
    codec_begin(tok);
    TRY(sppo_model_load_with(&t->ctx, model, folder, t->set.edited, tok->files,
                             tok->count));
    if (preference != (model->config.head != SPPO_HEAD_NONE))
        return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                         preference ? "%s holds a policy, not a preference "
                         "model" : "%s holds a preference model, not a policy",
                         folder);
    return codec_open(&t->ctx, tok, folder, &model->config, t->set.edited);
}

sppo_result save_model_as(tool *t, const sppo_model *model, sppo_dtype dtype,
                          const char *folder)
{
    sppo_file files[MAX_COMPANIONS];
    const int said = t->tok.unfit[0] != 0;
    int count;

    TRY(codec_companions(&t->ctx, &t->tok, &model->config, files, &count));
    if (t->tok.unfit[0] && !said)
        note(&t->console, "no tokenizer.json is written: %s, which it cannot "
             "say", t->tok.unfit);
    return sppo_model_save_with(&t->ctx, model, dtype, folder, files, count);
}

sppo_result save_model(tool *t, const sppo_model *model, const char *folder)
{
    return save_model_as(t, model, SPPO_DTYPE_REAL, folder);
}

const sppo_config *model_config(const tool *t)
{
    return t->policy.count ? &t->policy.config : &t->preference.config;
}

sppo_result encode(tool *t, const char *text, size_t length, int bos, int eos,
                   sppo_lists *lists)
{
    return codec_encode(&t->ctx, &t->tok, text, length, bos, eos, lists);
}

int lists_same(const sppo_lists *lists, int a, int b)
{
    const int n = sppo_lists_length(lists, a);

    return n == sppo_lists_length(lists, b) &&
           !memcmp(sppo_lists_tokens(lists, a), sppo_lists_tokens(lists, b),
                   sizeof(int) * (size_t)n);
}

int longest_list(const sppo_lists *lists)
{
    int i, longest = 0;

    for (i = 0; i < lists->count; i++)
        if (sppo_lists_length(lists, i) > longest)
            longest = sppo_lists_length(lists, i);
    return longest;
}
