/* exercise: One step of the game  [Eq 4.1] [Eq 4.2]
 *
 * With n answers and no network, a policy is n probabilities.  The step that
 * SPPO fits with a network can then be taken exactly: each probability is
 * multiplied by e to the power of eta times its win rate, and all are divided
 * by their sum, Z, so that they are probabilities again.
 *
 *   pi_{t+1}(y) = pi_t(y) exp(eta P(y > pi_t)) / Z
 *
 * The paper's eta is 1000, and exp(1000) is no double.  Only the ratios of the
 * factors matter: find factors with the same ratios that are none above 1.
 * Write step.  In sppo.h: sppo_exact_step.
 */
/* hint:
 * Subtract the greatest win rate from all win rates first.  Every factor is
 * then divided by the same number, which the division by the sum takes back.
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static void step(double *next, const double *pi, const double *win, double eta,
                 int n)
{
    double top = win[0], sum = 0.0;
    int i;

    for (i = 1; i < n; i++)
        top = fmax(top, win[i]);
    for (i = 0; i < n; i++)
        sum += next[i] = pi[i] * exp(eta * (win[i] - top));
    for (i = 0; i < n; i++)
        next[i] /= sum;
}
#else
/* yours: */
static void step(double *next, const double *pi, const double *win, double eta,
                 int n)
{
    int i;

    (void)win;
    (void)eta;
    for (i = 0; i < n; i++)
        next[i] = pi[i];
}
/* check: */
#endif

int main(void)
{
    static const double etas[] = { 0.1, 1.0, 30.0, 1000.0 };
    double pairwise[25], pi[5], win[5], yours[5], right[5];
    int round, i;

    for (round = 0; round < 40; round++) {
        const double eta = etas[round / 10];
        const int n = draw_int(2, 5);

        draw_preferences(pairwise, n);
        draw_policy(pi, n);
        sppo_exact_win_rates(win, pairwise, pi, n);
        step(yours, pi, win, eta, n);
        sppo_exact_step(right, pi, win, eta, n);
        for (i = 0; i < n; i++) {
            given("eta = %g, answer %d", eta, i);
            given_numbers("pi", pi, n);
            given_numbers("win", win, n);
            agree("next", yours[i], right[i]);
        }
    }
    return verdict();
}
