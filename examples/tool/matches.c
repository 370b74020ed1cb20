/* matches.c - policies against each other, all on the same prompts */

#include "matches.h"
#include "files.h"
#include "judging.h"

#include <stdio.h>
#include <string.h>

sppo_result matches_respond(matches *m, int i, const average *policy)
{
    tool *t = m->t;
    const sppo_config *c = &t->policy.config, *own = &policy->first->config;
    const sppo_sampling sampling = sampling_settings(&t->set);
    const sppo_lists *of = &m->of[i];
    const int prompts = t->prompts.count;
    int j;

    if (own->eos != c->eos || own->eos_count != c->eos_count ||
        memcmp(own->eos_more, c->eos_more,
               sizeof(int) * (size_t)c->eos_count) != 0)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.200s and %.200s end a "
                         "response with other tokens", m->name[0],
                         m->name[i]);
    TRY(average_respond(&t->ctx, policy, &t->prompts, 0, prompts, m->samples,
                        &sampling, sppo_random_fork((uint64_t)t->set.seed,
                                                    (uint64_t)i), &m->of[i]));
    for (j = 0; j < of->count; j++) {
        m->length[i] += (double)sppo_lists_length(of, j) / of->count;
        m->eos[i] += (double)sppo_finished(own, of, j) / of->count;
    }
    return SPPO_OK;
}

/* What each has responded, prompt by prompt. */
static sppo_result matches_gather(matches *m)
{
    int p, i, j;

    for (p = 0; p < m->t->prompts.count; p++)
        for (i = 0; i < m->count; i++)
            for (j = p * m->samples; j < (p + 1) * m->samples; j++)
                TRY(sppo_lists_add(&m->t->ctx, &m->all,
                                   sppo_lists_tokens(&m->of[i], j),
                                   sppo_lists_length(&m->of[i], j)));
    return SPPO_OK;
}

/* The rate of one against another, and its interval over prompts. */
static void matches_rate(matches *m, int a, int b, double *share)
{
    const int k = m->count * m->samples, prompts = m->t->prompts.count;
    int p;

    for (p = 0; p < prompts; p++)
        share[p] = cross_share(m->pairwise + cells(p, k), k, a * m->samples,
                               b * m->samples, m->samples);
    m->rate[a * m->count + b] = normal_interval(share, prompts);
}

sppo_result matches_judge(matches *m)
{
    tool *t = m->t;
    const int k = m->count * m->samples, prompts = t->prompts.count;
    double *share;
    int p, a, b;

    TRY(matches_gather(m));
    m->entries = cells(prompts, k);
    m->pairwise = (double *)sppo_alloc(&t->ctx, m->entries, sizeof(double));
    if (!m->pairwise)
        return t->ctx.code;
    TRY(t->judge.fill(&t->ctx, t->judge.user, &t->prompts, &m->all, k, 0,
                      prompts, m->pairwise));
    TRY(judge_finish(&t->process));
    for (p = 0; p < prompts; p++)
        if (sppo_preference_check(&t->ctx, m->pairwise + cells(p, k), k, 1e-3))
            return sppo_fail(&t->ctx, t->ctx.code, "the judge's answer to "
                             "prompt %d of %d: %s", p + 1, prompts,
                             t->ctx.message);
    share = (double *)sppo_alloc(&t->ctx, (size_t)prompts, sizeof(double));
    if (!share)
        return t->ctx.code;
    for (a = 0; a < m->count; a++)
        for (b = 0; b < m->count; b++)
            matches_rate(m, a, b, share);
    sppo_release(&t->ctx, share, (size_t)prompts * sizeof(double));
    return SPPO_OK;
}

/* One pair: what `sppo prefer`, `evaluate --judgments` and `game --rank`
 * read.                                                                     */
static void write_pair(matches *m, const sppo_lists *all, int prompt,
                       const int of[2], const int list[2], double p)
{
    tool *t = m->t;
    buffer *line = &m->out.line;
    int i;

    buffer_add(line, "{", 1);
    write_named(&m->out, "prompt", &t->prompts, prompt);
    for (i = 0; i < 2; i++) {
        buffer_format(line, ", \"model_%c\": ", 'a' + i);
        buffer_quote(line, m->name[of[i]], strlen(m->name[of[i]]));
    }
    for (i = 0; i < 2; i++) {
        buffer_format(line, ", ");
        write_named(&m->out, i ? "response_b" : "response_a", all, list[i]);
    }
    buffer_format(line, ", \"finished\": [%s, %s], \"prob_a\": ",
                  response_finished(t, all, list[0]) ? "true" : "false",
                  response_finished(t, all, list[1]) ? "true" : "false");
    buffer_number(line, p, 17);
    buffer_add(line, "}\n", 2);
}

sppo_result matches_write(matches *m, const sppo_lists *all,
                          const double *pairwise)
{
    tool *t = m->t;
    const int k = m->count * m->samples;
    int p, i, j;

    buffer_clear(&m->out.line);
    for (p = 0; p < t->prompts.count; p++)
        for (i = 0; i < k; i++)
            for (j = (i / m->samples + 1) * m->samples; j < k; j++) {
                const int of[2] = { i / m->samples, j / m->samples };
                const int list[2] = { p * k + i, p * k + j };
                write_pair(m, all, p, of, list,
                           pairwise[cells(p, k) + (size_t)i * (size_t)k +
                                    (size_t)j]);
            }
    TRY(writer_check(&m->out));
    return sppo_file_write(&t->ctx, t->set.out, m->out.line.data,
                           m->out.line.length);
}

void matches_free(matches *m)
{
    sppo_ctx *ctx = &m->t->ctx;
    int i;

    for (i = 0; i < m->count; i++)
        sppo_lists_free(ctx, &m->of[i]);
    sppo_lists_free(ctx, &m->all);
    sppo_release(ctx, m->pairwise, m->entries * sizeof(double));
    writer_free(&m->out);
}
