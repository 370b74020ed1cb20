/* statistics.c - intervals over seeds, and the rule of a verdict */
#include <math.h>

#include "statistics.h"

/* ==== intervals and tests ================================================ */

/* The 0.975 quantile of Student's t. */
double student(int freedom)
{
    static const double quantile[] = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086
    };
    const int known = (int)(sizeof quantile / sizeof quantile[0]);

    if (freedom < 1)
        return HUGE_VAL;
    return freedom <= known ? quantile[freedom - 1] : 2.08;  // 21: 2.0796
}

/* The mean of x[n] with its interval; of one number: all that is possible. */
interval student_interval(const double *x, int n)
{
    interval r = { 0.0, -HUGE_VAL, HUGE_VAL, n };
    double squares = 0.0, half;
    int i;

    for (i = 0; i < n; i++)
        r.mean += x[i] / n;
    for (i = 0; i < n; i++)
        squares += (x[i] - r.mean) * (x[i] - r.mean);
    if (n < 2)
        return r;
    half = student(n - 1) * sqrt(squares / (n - 1) / n);
    r.low = r.mean - half;
    r.high = r.mean + half;
    return r;
}

/* The chance of a mean at least this far from 0 if d[n], differences on the
 * same prompts, had mean 0: two-sided, normal, for hundreds of prompts.     */
double paired_chance(const double *d, int n)
{
    double mean = 0.0, squares = 0.0;
    int i;

    for (i = 0; i < n; i++)
        mean += d[i] / n;
    for (i = 0; i < n; i++)
        squares += (d[i] - mean) * (d[i] - mean);
    if (n < 2 || squares == 0.0)
        return mean == 0.0 ? 1.0 : 0.0;
    return erfc(fabs(mean) / sqrt(2.0 * squares / (n - 1.0) / n));
}

/* ==== verdicts =========================================================== */

/* chance: of the paired test, or NAN where there is none. */
ruling decide(question asked, interval x, double margin, double chance)
{
    const int paired = isnan(chance) || chance < 0.05;

    if (x.n == 0)
        return NOT_RUN;
    switch (asked) {
    case IS_SAME:
        return x.low > -margin && x.high < margin ? HOLDS
             : x.low > margin || x.high < -margin ? FAILS : UNDECIDED;
    case IS_NOT_LESS:
        return x.low > -margin ? HOLDS
             : x.high < -margin ? FAILS : UNDECIDED;
    case IS_MORE:
    default:
        return x.low > 0.0 && paired ? HOLDS
             : x.high < margin ? FAILS : UNDECIDED;
    }
}

ruling decide_all(const ruling *part, int parts)
{
    int i, holds = 0;

    for (i = 0; i < parts; i++)
        if (part[i] == NOT_RUN)
            return NOT_RUN;
    for (i = 0; i < parts; i++) {
        if (part[i] == FAILS)
            return FAILS;
        holds += part[i] == HOLDS;
    }
    return parts > 0 && holds == parts ? HOLDS : UNDECIDED;
}

/* Of several sets of seeds: a verdict stands where all of them have it. */
ruling agreed(const ruling *set, int sets)
{
    ruling v = sets > 0 ? set[0] : NOT_RUN;
    int i;

    for (i = 1; i < sets && v != NOT_RUN; i++)
        v = set[i] == NOT_RUN ? NOT_RUN : set[i] == v ? v : UNDECIDED;
    return v;
}

const char *verdict_name(ruling v)
{
    static const char *const name[] = {
        "not run", "undecided", "holds", "does not hold"
    };

    return name[v];
}
