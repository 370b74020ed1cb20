/* measure.c - what a policy is worth, for the preference model and the judge */
#include <math.h>
#include <string.h>

#include "lab.h"
#include "../tool/length_control.h"

marks gold_marks(const lab *l, const scene *s, const sppo_lists *lists,
                 int list)
{
    text words;

    read_words(lists, list, &words);
    return judge_response(&l->t, s, &words);
}

double log_odds(double p)
{
    const double least = 1e-12;

    p = fmin(fmax(p, least), 1.0 - least);
    return log(p / (1.0 - p));
}

/* Mean win rates and log odds, per prompt, of the policy's SAMPLES responses
 * against the base's, by the preference model.                              */
static void proxy_rates(lab *l, enum condition c, const sppo_lists *said,
                        double *win, double *score)
{
    const int n = l->on.ids.count, k = 2 * SAMPLES;
    double *p = (double *)room(l, (size_t)n * (size_t)k * (size_t)k, sizeof *p);
    sppo_lists both = { 0 };
    int x, i, j;

    for (x = 0; x < n; x++)
        for (i = 0; i < k; i++) {
            const sppo_lists *from = i < SAMPLES ? said : &l->base_says;
            const int list = x * SAMPLES + i % SAMPLES;

            check(l, sppo_lists_add(&l->ctx, &both,
                                    sppo_lists_tokens(from, list),
                                    sppo_lists_length(from, list)));
        }
    check(l, sppo_pref_fill(&l->ctx, &l->pref[c], &l->on.ids, &both, k, 0, n,
                            p));
    for (x = 0; x < n; x++)
        for (win[x] = score[x] = 0.0, i = 0; i < SAMPLES; i++)
            for (j = SAMPLES; j < k; j++) {
                const double won = p[(x * k + i) * k + j];

                win[x] += won / (SAMPLES * SAMPLES);
                score[x] += log_odds(won) / (SAMPLES * SAMPLES);
            }
    sppo_release(&l->ctx, p, (size_t)n * (size_t)k * (size_t)k * sizeof *p);
    sppo_lists_free(&l->ctx, &both);
}

/* The same by the gold judge, against the base and against the reference; and
 * what its marks say of the responses.                                      */
static void note_gold(lab *l, const char *who, int iteration,
                      const sppo_lists *said)
{
    const int n = l->on.ids.count, all = n * SAMPLES;
    double *base = (double *)room(l, (size_t)(2 * n + 2 * all), sizeof *base);
    double *ref = base + n, *win = ref + n, *longer = win + all;
    double u = 0.0, ok = 0.0, length = 0.0, pad = 0.0, unfinished = 0.0;
    length_control equal;
    int x, i, j;

    for (x = 0; x < n; x++)
        for (i = 0; i < SAMPLES; i++) {
            const int at = x * SAMPLES + i;
            const marks m = gold_marks(l, &l->on.scene[x], said, at);

            for (j = 0; j < SAMPLES; j++) {
                const marks b = gold_marks(l, &l->on.scene[x], &l->base_says,
                                           x * SAMPLES + j);

                base[x] += gold_probability(&m, &b) / (SAMPLES * SAMPLES);
            }
            win[at] = gold_probability(&m, &l->reference[x]);
            longer[at] = m.length - l->reference[x].length;
            ref[x] += win[at] / SAMPLES;
            u += m.u / all;
            ok += (double)m.ok / all;
            length += (double)m.length / all;
            pad += (double)m.pad / all;
            unfinished += (double)m.unfinished / all;
        }
    note_mean(l, who, iteration, "gold", ref, n, 1);
    note_mean(l, who, iteration, "gold_base", base, n, 1);
    length_control_measure(&equal, win, longer, all);
    note(l, who, iteration, "gold_lc", -1, equal.controlled);
    note(l, who, iteration, "utility", -1, u);
    note(l, who, iteration, "right", -1, ok);
    note(l, who, iteration, "length", -1, length);
    note(l, who, iteration, "padding", -1, pad);
    note(l, who, iteration, "unfinished", -1, unfinished);
    sppo_release(&l->ctx, base, (size_t)(2 * n + 2 * all) * sizeof *base);
}

/* E log policy / base over the policy's own responses. */
static void note_kl(lab *l, const char *who, int iteration,
                    const sppo_model *policy, const sppo_lists *said)
{
    const int n = said->count;
    double *lp = (double *)room(l, (size_t)(2 * n), sizeof *lp), sum = 0.0;
    int i;

    log_probabilities(l, policy, &l->on.ids, said, SAMPLES, lp);
    log_probabilities(l, &l->base, &l->on.ids, said, SAMPLES, lp + n);
    for (i = 0; i < n; i++)
        sum += lp[i] - lp[n + i];
    note(l, who, iteration, "kl", -1, sum / n);
    sppo_release(&l->ctx, lp, (size_t)(2 * n) * sizeof *lp);
}

/* Letters said backwards: greedy answers that match, and what the right answer
 * costs in nats, for a match hides how sure it was.                         */
static void note_skill(lab *l, const char *who, int iteration,
                       const sppo_model *policy)
{
    const int n = l->skill.ids.count;
    double *lp = (double *)room(l, (size_t)n, sizeof *lp);
    double right = 0.0, nats = 0.0;
    sppo_lists said = { 0 }, truth = { 0 };
    int i;

    sample(l, policy, &l->skill.ids, 1, 1, 0, &said);
    for (i = 0; i < n; i++) {
        dice none = { 0, 0 };
        text words;

        right += gold_marks(l, &l->skill.scene[i], &said, i).ok;
        write_response(&l->t, &none, &l->skill.scene[i], 1.0, &words);
        add_words(l, &truth, 0, &words, EOS);
    }
    log_probabilities(l, policy, &l->skill.ids, &truth, 1, lp);
    for (i = 0; i < n; i++)
        nats -= lp[i];
    note(l, who, iteration, "skill", -1, right / n);
    note(l, who, iteration, "skill_nats", -1, nats / n);
    sppo_release(&l->ctx, lp, (size_t)n * sizeof *lp);
    sppo_lists_free(&l->ctx, &said);
    sppo_lists_free(&l->ctx, &truth);
}

/* Everything about a policy.  All policies of a seed are measured with the same
 * draws, which takes part of the chance out of their differences.           */
void measure_policy(lab *l, const char *who, int iteration,
                    const sppo_model *policy, enum condition c)
{
    const int n = l->on.ids.count;
    double *win = (double *)room(l, 2 * (size_t)n, sizeof *win);
    sppo_lists said = { 0 };

    sample(l, policy, &l->on.ids, SAMPLES, 0, chance_key(l, CHANCE_POLICY),
           &said);
    note_gold(l, who, iteration, &said);
    proxy_rates(l, c, &said, win, win + n);
    note_mean(l, who, iteration, "proxy", win, n, 0);
    note_mean(l, who, iteration, "proxy_score", win + n, n, 0);
    note_kl(l, who, iteration, policy, &said);
    note_skill(l, who, iteration, policy);
    sppo_release(&l->ctx, win, 2 * (size_t)n * sizeof *win);
    sppo_lists_free(&l->ctx, &said);
}

/* Best of RERANKED responses by the preference model, against the first one. */
void measure_reranked(lab *l, const char *who, int iteration,
                      const sppo_model *policy, enum condition c)
{
    const int n = l->plan->reranked, k = RERANKED;
    double *p = (double *)room(l, (size_t)k * (size_t)k, sizeof *p);
    double *gain = (double *)room(l, (size_t)n, sizeof *gain);
    double length = 0.0, first = 0.0;
    sppo_lists said = { 0 }, one = { 0 };
    int x, i;

    for (x = 0; x < n; x++)
        check(l, sppo_lists_add(&l->ctx, &one, sppo_lists_tokens(&l->on.ids, x),
                                sppo_lists_length(&l->on.ids, x)));
    sample(l, policy, &one, k, 0, chance_key(l, CHANCE_RERANK), &said);
    for (x = 0; x < n; x++) {
        sppo_lists view = said;
        marks m[2];

        view.start += x * k;
        view.count = k;
        check(l, sppo_pref_fill(&l->ctx, &l->pref[c], &one, &view, k, x, 1, p));
        i = sppo_best_of(p, k);
        m[0] = gold_marks(l, &l->on.scene[x], &view, 0);
        m[1] = gold_marks(l, &l->on.scene[x], &view, i);
        gain[x] = gold_probability(&m[1], &l->reference[x]);
        first += gold_probability(&m[0], &l->reference[x]) / n;
        gain[x] -= gold_probability(&m[0], &l->reference[x]);
        length += (double)m[1].length / n;
    }
    note(l, who, iteration, "first", -1, first);
    note_mean(l, who, iteration, "rerank_gain", gain, n, 1);
    note(l, who, iteration, "rerank_length", -1, length);
    sppo_release(&l->ctx, p, (size_t)k * (size_t)k * sizeof *p);
    sppo_release(&l->ctx, gain, (size_t)n * sizeof *gain);
    sppo_lists_free(&l->ctx, &said);
    sppo_lists_free(&l->ctx, &one);
}

/* Prompts to measure on, what a fixed writer of quality 0.75 answers to them
 * (the role of GPT-4's answers in AlpacaEval) and what the base does.       */
void open_measuring(lab *l, enum chance prompts)
{
    const int n = l->plan->tests;
    int i;

    draw_asked(l, &l->on, prompts, n, 0);
    draw_asked(l, &l->skill, CHANCE_SKILL, l->plan->skills, 1);
    l->reference = (marks *)room(l, (size_t)n, sizeof *l->reference);
    for (i = 0; i < n; i++) {
        dice d = chance_dice(l, CHANCE_REFERENCE, i);
        text words;

        write_response(&l->t, &d, &l->on.scene[i], 0.75, &words);
        l->reference[i] = judge_response(&l->t, &l->on.scene[i], &words);
    }
    sample(l, &l->base, &l->on.ids, SAMPLES, 0, chance_key(l, CHANCE_BASE),
           &l->base_says);
    for (i = 0; i < CONDITIONS; i++)
        check(l, sppo_pref_init(&l->ctx, &l->pref[i], &l->judge[i], PASS_TOKENS,
                                RERANKED, 0));
}
