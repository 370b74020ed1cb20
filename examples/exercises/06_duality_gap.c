/* exercise: How far from unbeatable?  [Eq 3.3]
 *
 * A policy that nobody beats is what SPPO looks for.  How far away one is, you
 * measure by its worst enemy: the answer that wins most often against it.  If
 * that wins 0.8, the policy against it wins 0.2, and the gap is the difference.
 * At the equilibrium the best wins 1/2, and the gap is 0; it is never less,
 * for the policy itself wins 1/2 against itself.
 *
 *   gap = max_i P(i > pi) - min_i P(i < pi)
 *
 * P(i > pi) = sum_j pairwise[i * n + j] pi[j].  Write duality_gap.  In sppo.h:
 * sppo_duality_gap.
 */
/* hint:
 * P(i < pi) = 1 - P(i > pi), so the least of them belongs to the same i as the
 * greatest win rate.  What is best - (1 - best)?
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static double duality_gap(const double *pairwise, const double *pi, int n)
{
    double best = 0.0;
    int i, j;

    for (i = 0; i < n; i++) {
        double win = 0.0;

        for (j = 0; j < n; j++)
            win += pairwise[i * n + j] * pi[j];
        best = fmax(best, win);
    }
    return 2.0 * best - 1.0;
}
#else
/* yours: */
static double duality_gap(const double *pairwise, const double *pi, int n)
{
    (void)pairwise;
    (void)pi;
    (void)n;
    return 1.0;
}
/* check: */
#endif

int main(void)
{
    static const double circle[9] = { 0.5, 1, 0, 0, 0.5, 1, 1, 0, 0.5 };
    static const double third[3] = { 1 / 3.0, 1 / 3.0, 1 / 3.0 };
    double pairwise[25], pi[5];
    int round;

    given("rock, paper, scissors, each a third of the time");
    agree("gap", duality_gap(circle, third, 3), 0.0);
    for (round = 0; round < 30; round++) {
        const int n = draw_int(2, 5);

        draw_preferences(pairwise, n);
        draw_policy(pi, n);
        given("n = %d", n);
        given_numbers("pairwise", pairwise, n * n);
        given_numbers("pi", pi, n);
        agree("gap", duality_gap(pairwise, pi, n),
              sppo_duality_gap(pairwise, pi, n));
    }
    return verdict();
}
