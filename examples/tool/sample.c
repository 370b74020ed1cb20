/* sample.c - sppo sample: let a policy respond */

#include "average.h"
#include "fields.h"
#include "judging.h"
#include "mt_bench.h"
#include "writers.h"

#include <stdio.h>
#include <string.h>

/* A policy that is asked, prompt by prompt. */
typedef struct responder {
    tool *t;
    average policies;
    sppo_sampler sampler;  // of one that is no average
    row_writer out;
} responder;

/* --prompt: the text alone; --prompts: a row, or an entry of AlpacaEval's
 * array.                                                                    */
static sppo_result print_response(responder *r, int prompt, int response)
{
    tool *t = r->t;
    row_writer *out = &r->out;
    const char *generator = t->set.generator;
    const char *finished = sppo_finished(&t->policy.config, &t->responses,
                                         response) ? "true" : "false";

    buffer_clear(&out->line);
    if (t->set.prompt && codec_reads_text(&t->tok)) {
        if (t->set.n > 1)
            buffer_format(&out->line, "--- response %d of %d ---\n", response /
                          (t->set.best_of ? t->set.best_of : 1) + 1,
                          t->set.n);
        write_plain(out, &t->responses, response);
    } else if (generator) {
        buffer_format(&out->line, prompt ? ",\n " : "[\n ");
        buffer_format(&out->line, "{\"instruction\": ");
        write_text(out, &t->prompts, prompt);
        buffer_format(&out->line, ", \"output\": ");
        write_text(out, &t->responses, response);
        buffer_format(&out->line, ", \"generator\": ");
        buffer_quote(&out->line, generator, strlen(generator));
        buffer_format(&out->line, ", \"finished\": %s}%s", finished,
                      prompt + 1 < t->prompts.count ? "" : "\n]\n");
    } else {
        buffer_add(&out->line, "{", 1);
        write_named(out, "prompt", &t->prompts, prompt);
        buffer_add(&out->line, ", ", 2);
        write_named(out, "response", &t->responses, response);
        buffer_format(&out->line, ", \"finished\": %s}\n", finished);
    }
    return writer_print(out);
}

/* Of each group of best_of responses the one that the judge ranks first. */
static sppo_result print_best(responder *r, int prompt)
{
    tool *t = r->t;
    const int n = t->set.n, of = t->set.best_of;
    const size_t entries = cells(n, of);
    double *pairwise;
    sppo_lists same;
    sppo_result result = SPPO_OK;
    int i;

    memset(&same, 0, sizeof same);
    pairwise = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    if (!pairwise)
        return t->ctx.code;
    for (i = 0; i < n && result == SPPO_OK; i++)
        result = sppo_lists_add(&t->ctx, &same,
                                sppo_lists_tokens(&t->prompts, prompt),
                                sppo_lists_length(&t->prompts, prompt));
    if (result == SPPO_OK)
        result = t->judge.fill(&t->ctx, t->judge.user, &same, &t->responses,
                               of, 0, n, pairwise);
    for (i = 0; i < n && result == SPPO_OK; i++) {
        double *group = pairwise + cells(i, of);
        sppo_penalise_cuts(group, &t->policy.config, &t->responses, i * of, of,
                           t->set.missing_eos_penalty);
        result = print_response(r, prompt, i * of + sppo_best_of(group, of));
    }
    sppo_lists_free(&t->ctx, &same);
    sppo_release(&t->ctx, pairwise, entries * sizeof(double));
    return result;
}

/* One prompt at a time, so that answers come while others are awaited. */
static sppo_result sample_prompt(responder *r, int prompt)
{
    tool *t = r->t;
    const settings *s = &t->set;
    const sppo_sampling sampling = sampling_settings(s);
    const uint64_t key = sppo_random_fork((uint64_t)s->seed, 1);
    int i;

    sppo_lists_clear(&t->responses);
    if (r->policies.count > 1)
        TRY(average_respond(&t->ctx, &r->policies, &t->prompts, prompt, 1,
                            s->n * (s->best_of ? s->best_of : 1), &sampling,
                            key, &t->responses));
    else
        TRY(sppo_sample(&t->ctx, &r->sampler, &t->policy, &t->prompts, prompt,
                        1, &sampling, key, &t->responses));
    if (s->best_of)
        return print_best(r, prompt);
    for (i = 0; i < s->n; i++)
        TRY(print_response(r, prompt, i));
    return SPPO_OK;
}

static sppo_result sample_prompts(tool *t)
{
    const int context = t->policy.config.context;
    int length;

    if (t->set.prompts)
        return load_prompts(t, t->set.prompts, &t->prompts, NULL);
    if (t->set.prompt[0])
        TRY(encode(t, t->set.prompt, strlen(t->set.prompt), 1, 0,
                   &t->prompts));
    else if (t->policy.config.bos >= 0)
        TRY(sppo_lists_add(&t->ctx, &t->prompts, &t->policy.config.bos, 1));
    else
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--prompt is empty, and "
                         "%s has no BOS to begin with", t->set.policy);
    length = sppo_lists_length(&t->prompts, 0);
    if (length >= context)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "the prompt has %d tokens, "
                         "which leaves no room for a response in a context "
                         "of %d", length, context);
    return SPPO_OK;
}

static sppo_result sample_all(responder *r)
{
    tool *t = r->t;
    double tokens = 0.0;
    int p;

    progress_begin(&t->console, "prompts", 0.0, t->prompts.count);
    t->console.later = 0.0;
    for (p = 0; p < t->prompts.count; p++) {
        TRY(sample_prompt(r, p));
        tokens += t->responses.start[t->responses.count];
        progress_show(&t->console, p + 1, tokens, "%s", "");
    }
    progress_end(&t->console);
    return SPPO_OK;
}

/* With the policies loaded. */
static sppo_result sample_with(responder *r)
{
    tool *t = r->t;
    const settings *s = &t->set;
    const int k = s->n * (s->best_of ? s->best_of : 1);
    int longest;

    if ((s->generator || s->mt_bench) && !codec_reads_text(&t->tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--%s writes texts, but %s",
                         s->generator ? "alpaca-eval" : "mt-bench",
                         t->tok.missing);
    if (s->mt_bench && r->policies.count > 1)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--mt-bench is answered by "
                         "one policy, and %.200s is an average", s->policy);
    if (s->mt_bench)
        return answer_questions(t);
    TRY(sample_prompts(t));
    longest = longest_list(&t->prompts);
    if (s->best_of)
        TRY(open_judge(t, longest, s->best_of));
    writer_begin(&r->out, t);
    if (r->policies.count == 1)
        TRY(sppo_sampler_init(&t->ctx, &r->sampler, &t->policy, 1, k, longest,
                              response_room(t, 1)));
    TRY(sample_all(r));
    return judge_finish(&t->process);
}

sppo_result run_sample(tool *t)
{
    const settings *s = &t->set;
    responder r;
    sppo_result result;

    if (s->best_of && !s->preference == !s->judge)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "--best-of needs --preference or --judge");
    if (s->generator && s->n > 1)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--alpaca-eval takes one "
                         "response to each prompt; leave --n out");
    memset(&r, 0, sizeof r);
    r.t = t;
    result = average_load(t, s->policy, &t->policy, &t->tok, &r.policies);
    if (result == SPPO_OK)
        result = sample_with(&r);
    sppo_sampler_free(&t->ctx, &r.sampler);
    writer_free(&r.out);
    average_free(&t->ctx, &r.policies);
    return result;
}
