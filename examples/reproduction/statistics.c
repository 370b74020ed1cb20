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

/* ==== curves ============================================================= */

static double curve_bend(curve form, double d)
{
    return form == SQUARE ? d : log(d);
}

double curve_at(curve form, const curve_fit *fit, double d)
{
    return d > 0.0 ? d * (fit->a - fit->b * curve_bend(form, d)) : 0.0;
}

double curve_peak(curve form, const curve_fit *fit)
{
    if (!(fit->b > 0.0) || (form == SQUARE && !(fit->a > 0.0)))
        return (double)NAN;
    return form == SQUARE ? fit->a / (2.0 * fit->b)
                          : exp(fit->a / fit->b - 1.0);
}

curve_fit fit_curve(curve form, const double *d, const double *gain, int n)
{
    double xx = 0.0, xz = 0.0, zz = 0.0, xy = 0.0, zy = 0.0, det;
    curve_fit fit = { (double)NAN, (double)NAN, (double)NAN };
    int i, used = 0;

    for (i = 0; i < n; i++) {
        const double z = d[i] > 0.0 ? -d[i] * curve_bend(form, d[i]) : 0.0;

        xx += d[i] * d[i], xz += d[i] * z, zz += z * z;
        xy += d[i] * gain[i], zy += z * gain[i];
        used += d[i] > 0.0;
    }
    det = xx * zz - xz * xz;
    if (!(det > 1e-12 * xx * zz))
        return fit;
    fit.a = (xy * zz - zy * xz) / det;
    fit.b = (zy * xx - xy * xz) / det;
    for (fit.error = 0.0, i = 0; i < n; i++)
        if (d[i] > 0.0)
            fit.error += pow(gain[i] - curve_at(form, &fit, d[i]), 2) / used;
    fit.error = sqrt(fit.error);
    return fit;
}

double best_of_kl(int n)
{
    return log(n) - (n - 1.0) / n;
}

double path_at(const double *d, const double *gain, int n, double at)
{
    double below = 0.0, from = 0.0, above = HUGE_VAL, to = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        if (d[i] <= at && d[i] >= below)
            below = d[i], from = gain[i];
        if (d[i] > at && d[i] < above)
            above = d[i], to = gain[i];
    }
    if (isinf(above) || at <= 0.0)
        return at <= 0.0 ? 0.0 : from;
    return from + (to - from) * (at - below) / (above - below);
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
