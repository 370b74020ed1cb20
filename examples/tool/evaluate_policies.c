/* evaluate_policies.c - sppo evaluate: two policies, or many */

#include "fields.h"
#include "files.h"
#include "judging.h"
#include "matches.h"
#include "../lessons/svg_heat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is written must not be there yet. */
static sppo_result evaluate_is_free(tool *t)
{
    if (t->set.out)
        TRY(output_is_free(&t->ctx, t->set.out, t->set.force));
    return t->set.heat ? output_is_free(&t->ctx, t->set.heat, t->set.force)
                       : SPPO_OK;
}

/* ---- two ---- */

/* A judge that remembers: --out wants each response and each P. */
typedef struct recorder {
    matches *m;
    sppo_judge judge;
} recorder;

static sppo_result record_fill(sppo_ctx *ctx, void *user,
                               const sppo_lists *prompts,
                               const sppo_lists *responses, int k, int first,
                               int count, double *pairwise)
{
    recorder *r = (recorder *)user;

    TRY(r->judge.fill(ctx, r->judge.user, prompts, responses, k, first, count,
                      pairwise));
    return r->m->t->set.out ? matches_write(r->m, responses, pairwise)
                            : SPPO_OK;
}

static sppo_result report_two(tool *t, const sppo_evaluation *e, int kl)
{
    report r;

    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "win rate", e->win_rate, 4, "");
    report_real(&r, "win rate low", e->low, 4, "95 % interval over prompts");
    report_real(&r, "win rate high", e->high, 4, "");
    report_real(&r, "standard error", e->standard_error, 4, "");
    report_real(&r, "prompts", e->prompts, 0, "");
    report_real(&r, "mean length", e->length_a, 2, "tokens");
    report_real(&r, "mean length against", e->length_b, 2, "tokens");
    report_real(&r, "eos rate", e->eos_a, 4, "ended by itself");
    report_real(&r, "eos rate against", e->eos_b, 4, "");
    if (kl)
        report_real(&r, "kl", e->kl, 4,
                    "nats per response, policy to against");
    return report_end(&r);
}

/* An average has no log-probability of its own, so there is no KL. */
static sppo_result two_with_average(matches *m, const average *policy,
                                    const average *against)
{
    tool *t = m->t;
    sppo_evaluation e;

    TRY(matches_respond(m, 0, policy));
    TRY(matches_respond(m, 1, against));
    TRY(matches_judge(m));
    if (t->set.out)
        TRY(matches_write(m, &m->all, m->pairwise));
    memset(&e, 0, sizeof e);
    e.win_rate = m->rate[1].mean;
    e.low = m->rate[1].low;
    e.high = m->rate[1].high;
    e.standard_error = (e.high - e.low) / (2.0 * 1.959964);
    e.prompts = t->prompts.count;
    e.length_a = m->length[0];
    e.length_b = m->length[1];
    e.eos_a = m->eos[0];
    e.eos_b = m->eos[1];
    return report_two(t, &e, 0);
}

static sppo_result two_models(matches *m)
{
    tool *t = m->t;
    const settings *s = &t->set;
    const sppo_sampling sampling = sampling_settings(s);
    recorder r;
    sppo_judge judge;
    sppo_evaluation e;

    r.m = m;
    r.judge = t->judge;
    judge.fill = record_fill;
    judge.user = &r;
    TRY(sppo_evaluate(&t->ctx, &t->policy, &t->base, &judge, &t->prompts,
                      s->samples, &sampling, (uint64_t)s->seed, &e));
    TRY(judge_finish(&t->process));
    return report_two(t, &e, 1);
}

static sppo_result two_loaded(matches *m, average *policy, average *against)
{
    tool *t = m->t;
    const settings *s = &t->set;

    TRY(average_load(t, s->against, &t->base, &t->preference_tok, against));
    TRY(average_load(t, s->policy, &t->policy, &t->tok, policy));
    if (!codec_same(&t->tok, &t->preference_tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "%s and %s have different tokenizers", s->policy,
                         s->against);
    codec_free(&t->ctx, &t->preference_tok);
    TRY(load_prompts(t, s->prompts, &t->prompts, NULL));
    TRY(open_judge(t, longest_list(&t->prompts), 2 * s->samples));
    return policy->count > 1 || against->count > 1
        ? two_with_average(m, policy, against) : two_models(m);
}

sppo_result evaluate_two(tool *t)
{
    static matches m;
    average policy, against;
    sppo_result result;

    memset(&policy, 0, sizeof policy);
    memset(&against, 0, sizeof against);
    m.t = t;
    m.count = 2;
    m.samples = t->set.samples;
    m.name[0] = t->set.policy;
    m.name[1] = t->set.against;
    writer_begin(&m.out, t);
    TRY(evaluate_is_free(t));
    result = two_loaded(&m, &policy, &against);
    average_free(&t->ctx, &policy);
    average_free(&t->ctx, &against);
    matches_free(&m);
    return result;
}

/* ---- many ---- */

/* The folders of --policies, each once; text: room for them. */
static sppo_result many_names(matches *m, buffer *text)
{
    tool *t = m->t;
    char *at;
    int i;

    buffer_format(text, "%s", t->set.policies);
    TRY(buffer_check(text));
    for (at = text->data; at; m->count++) {
        char *comma = strchr(at, ',');
        if (m->count == MATCHES_MOST)
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--policies names more "
                             "than %d", MATCHES_MOST);
        if (comma)
            *comma = 0;
        if (!*at)
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--policies has a "
                             "comma without a name beside it");
        for (i = 0; i < m->count; i++)
            if (!strcmp(m->name[i], at))
                return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--policies names "
                                 "%.200s twice", at);
        m->name[m->count] = at;
        at = comma ? comma + 1 : NULL;
    }
    if (m->count < 2)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--policies names one; it "
                         "takes two and more, as a,b,c");
    if ((double)m->count * m->samples > RESPONSES_MOST)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%d policies and --samples "
                         "%d are more than %d responses to a prompt",
                         m->count, m->samples, RESPONSES_MOST);
    return SPPO_OK;
}

/* All respond; the first stays, as its tokenizer and context are all's. */
static sppo_result many_respond(matches *m)
{
    tool *t = m->t;
    average policy;
    sppo_model model;
    codec tok;
    sppo_result result;
    int i;

    for (i = 0; i < m->count; i++) {
        memset(&model, 0, sizeof model);
        memset(&tok, 0, sizeof tok);
        result = average_load(t, m->name[i], i ? &model : &t->policy,
                              i ? &tok : &t->tok, &policy);
        if (result == SPPO_OK && i && !codec_same(&t->tok, &tok))
            result = sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s and %s have "
                               "different tokenizers", m->name[0], m->name[i]);
        if (result == SPPO_OK && !i)
            result = load_prompts(t, t->set.prompts, &t->prompts, NULL);
        if (result == SPPO_OK && !i)
            result = open_judge(t, longest_list(&t->prompts),
                                m->count * m->samples);
        if (result == SPPO_OK)
            result = matches_respond(m, i, &policy);
        average_free(&t->ctx, &policy);
        sppo_model_free(&t->ctx, &model);
        codec_free(&t->ctx, &tok);
        TRY(result);
    }
    return SPPO_OK;
}

/* "key": [..] or, of n x n, [[..], ..] */
static void json_numbers(buffer *out, const char *key, const matches *m,
                         double (*value)(const matches *m, int a, int b),
                         int square)
{
    int a, b;

    buffer_format(out, ", \"%s\": [", key);
    for (a = 0; a < m->count; a++) {
        buffer_format(out, a ? ", " : "");
        for (b = 0; b < (square ? m->count : 1); b++) {
            buffer_format(out, b ? ", " : square ? "[" : "");
            buffer_number(out, value(m, a, b), 9);
        }
        buffer_format(out, square ? "]" : "");
    }
    buffer_format(out, "]");
}

static double value_rate(const matches *m, int a, int b)
{
    return m->rate[a * m->count + b].mean;
}

static double value_low(const matches *m, int a, int b)
{
    return m->rate[a * m->count + b].low;
}

static double value_high(const matches *m, int a, int b)
{
    return m->rate[a * m->count + b].high;
}

static double value_length(const matches *m, int a, int b)
{
    (void)b;
    return m->length[a];
}

static double value_eos(const matches *m, int a, int b)
{
    (void)b;
    return m->eos[a];
}

static sppo_result many_json(matches *m)
{
    buffer *out = &m->out.line;
    int i;

    buffer_clear(out);
    buffer_format(out, "{\"policies\": [");
    for (i = 0; i < m->count; i++) {
        buffer_format(out, i ? ", " : "");
        buffer_quote(out, m->name[i], strlen(m->name[i]));
    }
    buffer_format(out, "], \"prompts\": %d", m->t->prompts.count);
    json_numbers(out, "win_rate", m, value_rate, 1);
    json_numbers(out, "win_rate_low", m, value_low, 1);
    json_numbers(out, "win_rate_high", m, value_high, 1);
    json_numbers(out, "mean_length", m, value_length, 0);
    json_numbers(out, "eos_rate", m, value_eos, 0);
    buffer_format(out, "}\n");
    TRY(buffer_check(out));
    fputs(out->data, stdout);
    return SPPO_OK;
}

/* All rows against the columns [from, to), and with the last the rest. */
static void many_columns(const matches *m, int from, int to)
{
    const int last = to == m->count;
    int a, b;

    printf("%20s", "");
    for (b = from; b < to; b++)
        printf("  %6d", b + 1);
    printf("%s\n", last ? "   length     eos" : "");
    for (a = 0; a < m->count; a++) {
        printf("%3d ", a + 1);
        show_column(stdout, m->name[a], strlen(m->name[a]), 16);
        for (b = from; b < to; b++)
            printf("  %6.4f", value_rate(m, a, b));
        if (last)
            printf("  %7.1f  %6.4f", m->length[a], m->eos[a]);
        printf("\n");
    }
}

/* A table of all, in parts that are no wider than 80 columns, then each pair
 * with its interval.                                                        */
static void many_print(const matches *m)
{
    enum { ACROSS = 5 };
    int a, b;

    printf("win rate of the row against the column, %d prompts\n",
           m->t->prompts.count);
    for (b = 0; b < m->count; b += ACROSS)
        many_columns(m, b, b + ACROSS < m->count ? b + ACROSS : m->count);
    printf("\n         pair  win rate  95 %% interval over prompts\n");
    for (a = 0; a < m->count; a++)
        for (b = a + 1; b < m->count; b++)
            printf("%3d against %d%s    %6.4f  %.4f .. %.4f\n", a + 1, b + 1,
                   b < 9 ? " " : "", value_rate(m, a, b), value_low(m, a, b),
                   value_high(m, a, b));
}

/* What fits beside a row: its folder's last name, or its number. */
static void heat_names(const matches *m, char label[][12],
                       const char *names[])
{
    int i, j, fit = 1;

    for (i = 0; i < m->count; i++) {
        const char *slash = strrchr(m->name[i], '/');
        const char *last = slash && slash[1] ? slash + 1 : m->name[i];
        fit &= strlen(last) < 10;
        snprintf(label[i], 12, "%.11s", last);
        for (j = 0; j < i; j++)
            fit &= strcmp(label[i], label[j]) != 0;
    }
    for (i = 0; i < m->count; i++) {
        if (!fit)
            snprintf(label[i], 12, "%d", i + 1);
        names[i] = label[i];
    }
}

/* --heat: the same table as a picture. */
static sppo_result many_heat(const matches *m)
{
    sppo_ctx *ctx = &m->t->ctx;
    static double value[MATCHES_MOST * MATCHES_MOST];
    char label[MATCHES_MOST][12];
    const char *names[MATCHES_MOST];
    char *text = NULL;
    size_t size = 0;
    sppo_result result;
    FILE *memory = open_memstream(&text, &size);
    int i, bad;

    if (!memory)
        return sppo_fail(ctx, SPPO_E_MEMORY, "out of memory for a picture");
    for (i = 0; i < m->count * m->count; i++)
        value[i] = m->rate[i].mean;
    heat_names(m, label, names);
    svg_write_heat(value, m->count, names, "Policies against each other",
                   "win rate of the row against the column, percent",
                   "row against column", memory);
    bad = ferror(memory);
    bad |= fclose(memory) != 0;
    result = bad ? sppo_fail(ctx, SPPO_E_MEMORY, "out of memory for a picture")
                 : sppo_file_write(ctx, m->t->set.heat, text, size);
    free(text);
    return result;
}

static sppo_result many_all(matches *m, buffer *text)
{
    tool *t = m->t;

    TRY(many_names(m, text));
    TRY(evaluate_is_free(t));
    TRY(many_respond(m));
    TRY(matches_judge(m));
    if (t->set.out)
        TRY(matches_write(m, &m->all, m->pairwise));
    if (t->set.heat)
        TRY(many_heat(m));
    if (t->set.json)
        return many_json(m);
    many_print(m);
    return SPPO_OK;
}

sppo_result evaluate_many(tool *t)
{
    static matches m;
    buffer text;
    sppo_result result;

    memset(&text, 0, sizeof text);
    text.ctx = &t->ctx;
    m.t = t;
    m.samples = t->set.samples;
    writer_begin(&m.out, t);
    result = many_all(&m, &text);
    matches_free(&m);
    buffer_free(&text);
    return result;
}
