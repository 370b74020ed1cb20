/* judging.c - the judge of a command: a preference model, or another program */

#include "judging.h"
#include "fields.h"

#include <limits.h>

int pref_span(const sppo_model *preference, int prompt, int a, int b)
{
    if (sppo_head_readings(preference->config.head, 2) > 1)
        return prompt + a + b;
    return prompt + (a > b ? a : b);
}

int pref_pass(const sppo_model *preference, int prompt, int k, int response)
{
    const double tokens = prompt + (double)k * response *
        sppo_head_readings(preference->config.head, k);

    return tokens < INT_MAX ? (int)tokens : INT_MAX;  // too many to be had
}

int response_room(const tool *t, int prompt)
{
    const int room = t->policy.config.context - prompt;

    return t->set.max_tokens < room ? t->set.max_tokens : room;
}

/* Room for k responses to one prompt, of `prompt` tokens at the most. */
static sppo_result open_pref(model_judge *by, int prompt, int k)
{
    tool *t = by->tool;
    const int context = by->model->config.context;
    const int need = pref_pass(by->model, prompt, k, response_room(t, 1));
    const int response = response_room(t, prompt);
    const int span = pref_span(by->model, prompt, response, response);

    if (span > context)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "the preference model reads %d tokens at once; a "
                         "prompt of %d and responses of %d make %d; lower "
                         "--max-tokens", context, prompt, response, span);
    return sppo_pref_init(&t->ctx, &by->pref, by->model,
                          need > 4096 ? need : 4096, k, 0);
}

sppo_result pref_make_room(model_judge *by, const sppo_lists *prompts,
                           const sppo_lists *responses, int k, int first)
{
    sppo_ctx *ctx = &by->tool->ctx;
    const int context = by->model->config.context;
    int p, i, need = 0;

    for (p = 0; p < prompts->count; p++) {
        const int prompt = sppo_lists_length(prompts, p);
        int longest = 0, second = 0, tokens;
        for (i = p * k; i < (p + 1) * k; i++) {
            const int n = sppo_lists_length(responses, i);
            second = n > longest ? longest : n > second ? n : second;
            longest = n > longest ? n : longest;
        }
        if (pref_span(by->model, prompt, longest, second) > context)
            return sppo_fail(ctx, SPPO_E_FORMAT, "prompt %d of %d tokens "
                             "and responses of up to %d do not fit in the "
                             "preference model's context of %d; lower "
                             "--max-tokens", first + p + 1, prompt, longest,
                             context);
        tokens = pref_pass(by->model, prompt, k, longest);
        need = tokens > need ? tokens : need;
    }
    if (by->pref.model && need <= by->pref.acts.max_tokens &&
        k <= by->pref.max_k)
        return SPPO_OK;
    sppo_pref_free(ctx, &by->pref);
    return sppo_pref_init(ctx, &by->pref, by->model,
                          need > 1024 ? need : 1024, k > 8 ? k : 8, 0);
}

/* List i as a judge program would read it: as text, which went through JSON
 * and becomes the tokens of that text, not the ones that were sampled.
 * Without a tokenizer the tokens are all there is.                          */
static sppo_result listener_add(model_judge *by, const sppo_lists *from, int i,
                                int what, sppo_lists *to)
{
    tool *t = by->tool;
    listener *l = &by->listener;

    if (!codec_reads_text(&t->tok))
        return sppo_lists_add(&t->ctx, to, sppo_lists_tokens(from, i),
                              sppo_lists_length(from, i));
    buffer_decode(&l->text, &t->tok, from, i);
    buffer_clear(&l->quoted);
    buffer_quote(&l->quoted, l->text.data, l->text.length);
    TRY(buffer_check(&l->text));
    TRY(buffer_check(&l->quoted));
    TRY(sppo_json_parse(&t->ctx, &l->json, l->quoted.data, l->quoted.length,
                        "the text of a response"));
    buffer_clear(&l->text);
    buffer_unquote(&l->text, &l->json, 0);
    TRY(buffer_check(&l->text));
    if (what == PROMPT)
        return codec_encode(&t->ctx, by->tok, l->text.data,
                            l->text.length, 1, 0, to);
    return codec_encode_response(&t->ctx, by->tok, l->text.data, l->text.length,
                                 what == RESPONSE, to);
}

int response_finished(const tool *t, const sppo_lists *lists, int i)
{
    return sppo_finished(&t->policy.config, lists, i) ||
           (t->base.count && sppo_finished(&t->base.config, lists, i));
}

/* The preference model as a judge: it answers what `sppo judge` answers with
 * the same model, to rounding.                                              */
static sppo_result judge_by_model(sppo_ctx *ctx, void *user,
                                  const sppo_lists *prompts,
                                  const sppo_lists *responses, int k,
                                  int first, int count, double *pairwise)
{
    model_judge *by = (model_judge *)user;
    listener *l = &by->listener;
    int i;

    sppo_lists_clear(&l->prompts);
    sppo_lists_clear(&l->responses);
    for (i = 0; i < count; i++) {
        TRY(listener_add(by, prompts, first + i, PROMPT, &l->prompts));
        if (sppo_lists_length(&l->prompts, i) == 0)
            return sppo_fail(ctx, SPPO_E_FORMAT, "prompt %d has no text for "
                             "the preference model, not even BOS",
                             first + i + 1);
    }
    for (i = 0; i < count * k; i++)
        TRY(listener_add(by, responses, i,
                         response_finished(by->tool, responses, i)
                         ? RESPONSE : CUT_RESPONSE, &l->responses));
    TRY(pref_make_room(by, &l->prompts, &l->responses, k, first));
    return sppo_pref_fill(ctx, &by->pref, &l->prompts, &l->responses, k, 0,
                          count, pairwise);
}

sppo_result open_program(tool *t, judge_process *process, const char *command,
                         const char *name, sppo_judge *judge)
{
    if (!codec_reads_text(&t->tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--%s is told texts, but "
                         "%s", name, t->tok.missing);
    judge->fill = judge_process_fill;
    judge->user = process;
    process->speaker[0] = &t->policy.config;
    process->speaker[1] = t->base.count ? &t->base.config : NULL;
    return judge_start(process, &t->ctx, &t->tok, command,
                       t->set.judge_timeout);
}

sppo_result open_model_judge(model_judge *by, sppo_model *model, codec *tok,
                             const char *folder, const char *name,
                             int prompt, int k, sppo_judge *judge)
{
    tool *t = by->tool;

    judge->fill = judge_by_model;
    judge->user = by;
    TRY(load_model(t, folder, 1, model, tok));
    if (!codec_same(&t->tok, tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "%s has another tokenizer than the policy; let them "
                         "speak text: --%s 'sppo judge --preference %s'",
                         folder, name, folder);
    return open_pref(by, prompt, k);
}

sppo_result open_judge(tool *t, int prompt, int k)
{
    const settings *s = &t->set;

    if (s->judge)
        return open_program(t, &t->process, s->judge, "judge", &t->judge);
    return open_model_judge(&t->by, &t->preference, &t->preference_tok,
                            s->preference, "judge", prompt, k, &t->judge);
}
