/* statistics.c - intervals over seeds, and the rule of a verdict */
#include <math.h>

#include "statistics.h"

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
