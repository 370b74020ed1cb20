/* statistics.h - intervals over seeds, and the rule of a verdict
 *
 * The unit of the experiments is the seed: everything (text, base policy,
 * labels, preference model, prompts, draws) is made anew from it, so an
 * interval over seeds covers all of that.  A claim is a list of contrasts, each
 * a number per seed; its verdict comes from their intervals and from nothing
 * else:
 *
 *   more       holds   the interval lies above 0 and, where both sides answered
 *                      the same prompts, the paired test over prompts agrees
 *              fails   it lies below the margin: if there is such an effect, it
 *                      is smaller than what would be called one
 *   same       holds   the interval lies within the margin on both sides of 0
 *              fails   it lies wholly outside
 *   not less   holds   the interval lies above minus the margin
 *              fails   it lies below that
 *
 * and undecided else.  A claim holds when all its contrasts do and fails when
 * one of them does.  With two sets of seeds both must say so; where they differ
 * the claim is undecided.                                                   */
#ifndef STATISTICS_H
#define STATISTICS_H

#include "../tool/interval.h"

/* The chance of such a mean if the differences d[n] had mean 0. */
double paired_chance(const double *d, int n);

/* ==== curves ============================================================= */

/* What a measure gains with the distance d = sqrt KL from where it began (Gao
 * et al. 2022): d (a - b d) for the best of n, d (a - b log d) for training. */
typedef enum curve { SQUARE, LOGARITHM, CURVES } curve;

typedef struct curve_fit {
    double a, b;
    double error;  // root of the mean square of what is left
} curve_fit;

double curve_at(curve form, const curve_fit *fit, double d);
/* The d at which it is highest; NAN: it has no such place. */
double curve_peak(curve form, const curve_fit *fit);
/* Least squares over n points, those with d = 0 aside; NAN where two of
 * different d are missing.                                                  */
curve_fit fit_curve(curve form, const double *d, const double *gain, int n);
/* KL of the best of n independent draws to one draw: log n - (n - 1) / n. */
double best_of_kl(int n);
/* Through (0, 0) and points in any order, straight between neighbours; beyond
 * the last one as there.                                                    */
double path_at(const double *d, const double *gain, int n, double at);

/* ==== verdicts =========================================================== */

typedef enum ruling { NOT_RUN, UNDECIDED, HOLDS, FAILS } ruling;
typedef enum question { IS_MORE, IS_SAME, IS_NOT_LESS } question;

ruling decide(question asked, interval x, double margin, double chance);
ruling decide_all(const ruling *part, int parts);
ruling agreed(const ruling *set, int sets);
const char *verdict_name(ruling v);

#endif /* STATISTICS_H */
