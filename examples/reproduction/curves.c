/* curves.c - what is worked out from what was measured, seed by seed
 *
 * Gains are over the base policy: of the judge's utility (iteration 0 of a row)
 * and of the preference model's log odds against the base's answers (1).  For
 * the best of n the base is the best of 1, on the same prompts.              */
#include <math.h>
#include <stdio.h>

#include "lab.h"
#include "methods.h"

enum { MOST_POINTS = 32 };

/* A method's points: one per iteration, or one per n of the best of n. */
typedef struct points {
    int n;
    double d[MOST_POINTS], gain[2][MOST_POINTS];
} points;

static const char *const worth_name[2] = { "utility", "proxy_score" };

/* From .. to: iterations; what is missing is NAN and makes fits NAN. */
static points read_points(store *s, int seed, const char *who, int from, int to)
{
    const char *base = from == 0 ? who : "base-strong";
    points p = { 0, { 0.0 }, { { 0.0 } } };
    int at, m;

    for (at = from; at <= to && p.n < MOST_POINTS; at++, p.n++) {
        p.d[p.n] = sqrt(fmax(store_get(s, seed, who, at, "kl", -1), 0.0));
        for (m = 0; m < 2; m++)
            p.gain[m][p.n] =
                store_get(s, seed, who, at, worth_name[m], -1) -
                store_get(s, seed, base, 0, worth_name[m], -1);
    }
    return p;
}

static points best_of_points(store *s, const plan *p, int seed)
{
    int top = 0;

    while (1 << (top + 1) <= p->pool)
        top++;
    return read_points(s, seed, "best-of-strong", 0, top);
}

static void add(store *s, int seed, const char *who, int at,
                const char *metric, double value)
{
    if (!isnan(value) && !store_add(s, seed, who, at, metric, -1, value))
        stop("out of memory for what is worked out");
}

static void add_fits(store *s, int seed, const char *who, const points *p)
{
    static const char *const name[CURVES][3] = {
        { "square_a", "square_b", "square_error" },
        { "log_a", "log_b", "log_error" }
    };
    int m, form;

    for (m = 0; m < 2; m++) {
        curve_fit fit[CURVES];

        for (form = 0; form < CURVES; form++) {
            fit[form] = fit_curve((curve)form, p->d, p->gain[m], p->n);
            add(s, seed, who, m, name[form][0], fit[form].a);
            add(s, seed, who, m, name[form][1], fit[form].b);
            add(s, seed, who, m, name[form][2], fit[form].error);
        }
        add(s, seed, who, m, "log_closer",
            fit[SQUARE].error - fit[LOGARITHM].error);
    }
}

/* A point's gain less that of a path at the same KL. */
static double ahead_of(const points *one, int at, const points *path)
{
    return one->gain[0][at] - path_at(path->d, path->gain[0], path->n,
                                      one->d[at]);
}

void work_out(seed_set *set)
{
    store *s = &set->found;
    const plan *p = &set->plan;
    int seed, i;

    for (seed = p->from; seed <= last_seed(p); seed++) {
        const points best = best_of_points(s, p, seed);
        const points sppo = read_points(s, seed, "sppo-strong", 1, p->longer);

        add_fits(s, seed, "best-of-strong", &best);
        for (i = 0; i < contender_count; i++) {
            points own;
            char who[64];

            contender_run(&contenders[i], who);
            own = read_points(s, seed, who, 1,
                              contender_iterations(p, &contenders[i]));
            add_fits(s, seed, who, &own);
            add(s, seed, who, 0, "best_of_ahead",
                ahead_of(&best, best.n - 1, &own));
            add(s, seed, who, 0, "ahead_of_sppo",
                ahead_of(&own, own.n - 1, &sppo));
        }
    }
}
