/* evidence.c - what was measured, as the evidence for a claim */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "claims.h"

/* ==== the choice of settings ============================================= */

/* The one whose policy wins most against the base on validation prompts in the
 * eyes of the preference model; of equals the first.                        */
int most_liked(store *s, const plan *p, const char *const *tried, int count)
{
    double best = -1.0;
    int i, chosen = 0;

    for (i = 0; i < count; i++) {
        const double won = store_get(s, p->tuning_seed, tried[i], p->tuned,
                                     "proxy", -1);

        if (won > best) {
            best = won;
            chosen = i;
        }
    }
    return chosen;
}

int chosen_index(store *s, const plan *p, enum method m,
                 enum condition c)
{
    char name[SETTINGS][64];
    const char *tried[SETTINGS];
    int i;

    for (i = 0; i < p->settings; i++) {
        tuning_name(m, i, c, name[i]);
        tried[i] = name[i];
    }
    return most_liked(s, p, tried, p->settings);
}

setting chosen_setting(store *s, const plan *p, enum method m,
                       enum condition c)
{
    return grid[m][chosen_index(s, p, m, c)];
}

/* A run that tries an eta is SPPO's own where that eta is the chosen one. */
const char *actual_run(store *s, const plan *p, const char *name)
{
    int i;

    for (i = 0; i < run_count; i++)
        if (strcmp(runs[i].name, name) == 0 && runs[i].eta > 0.0 &&
            runs[i].eta == chosen_setting(s, p, SPPO, MILD).eta)
            return "sppo";
    return name;
}

/* ==== evidence =========================================================== */

static void run_name(store *s, const plan *p, const char *name,
                     enum condition c, char out[64])
{
    snprintf(out, 64, "%s%s", actual_run(s, p, name), condition_suffix[c]);
}

/* Whether a metric's list is one of prompts, not of steps or rounds. */
static int is_by_prompt(const char *metric)
{
    return strncmp(metric, "gold", 4) == 0 ||
           strcmp(metric, "rerank_gain") == 0;
}

/* The differences prompt by prompt, seeds after one another; the gain of a
 * re-ranking is one already.                                                */
static double paired_test(store *s, const plan *p, const contrast *c,
                          enum condition condition)
{
    static double d[MOST_DIFFERENCES], other[MOST_DIFFERENCES];
    char a[64], b[64];
    int seed, i, n = 0;

    run_name(s, p, c->a, condition, a);
    run_name(s, p, c->b ? c->b : "", condition, b);
    for (seed = p->from; seed <= last_seed(p); seed++) {
        const int more = store_list(s, seed, a, c->a_at, c->metric, d + n,
                                    MOST_DIFFERENCES - n);
        const int same = c->b ? store_list(s, seed, b, c->b_at, c->metric,
                                           other, MOST_DIFFERENCES) : more;

        if (more == 0 || more != same || c->index > 0 ||
            !is_by_prompt(c->metric))
            return (double)NAN;
        for (i = 0; c->b && i < more; i++)
            d[n + i] -= other[i];
        n += more;
    }
    return paired_chance(d, n);
}

/* b "": the average policy of the same self-play (gap_mean). */
static double contrast_value(store *s, const plan *p, const contrast *c,
                             enum condition condition, int seed)
{
    char a[64], b[64];
    double x;

    run_name(s, p, c->a, condition, a);
    x = store_get(s, seed, a, c->a_at, c->metric, c->index - 1);
    if (c->b && *c->b == '\0') {
        x -= store_get(s, seed, a, c->a_at, "gap_mean", -1);
    } else if (c->b) {
        run_name(s, p, c->b, condition, b);
        x -= store_get(s, seed, b, c->b_at, c->metric, -1);
    }
    return c->minus ? -x - c->less : x - c->less;
}

evidence find_evidence(store *s, const plan *p, const claim *c, int part,
                       enum condition condition)
{
    const contrast *k = &c->part[part];
    evidence e;
    int seed, n = 0;

    memset(&e, 0, sizeof e);
    for (seed = p->from; seed <= last_seed(p); seed++) {
        e.x[n] = contrast_value(s, p, k, condition, seed);
        n += !isnan(e.x[n]);
    }
    e.over_seeds = student_interval(e.x, n < p->seeds ? 0 : n);
    e.chance = k->asked == IS_MORE ? paired_test(s, p, k, condition)
                                   : (double)NAN;
    e.verdict = decide(k->asked, e.over_seeds,
                       claim_scales[c->scale].margin[k->asked], e.chance);
    return e;
}

ruling claim_verdict(store *s, const plan *p, const claim *c,
                      enum condition condition)
{
    ruling v[PARTS];
    int i;

    for (i = 0; i < PARTS && c->part[i].metric; i++)
        v[i] = find_evidence(s, p, c, i, condition).verdict;
    return decide_all(v, i);
}

/* Whether a claim asked for "the same" until commit 687db45. */
int was_same(const claim *c)
{
    return strstr("f1 f2 f3 k1 k2", c->id) != NULL;
}

/* The verdict of the question that was put first, where it was another: the
 * sign of a difference is nothing to it.                                    */
ruling earlier_verdict(store *s, const plan *p, const claim *c)
{
    return decide(IS_SAME, find_evidence(s, p, c, 0, MILD).over_seeds,
                  claim_scales[c->scale].margin[IS_SAME], (double)NAN);
}
