/* exercise: The average settles  [Thm 4.1]
 *
 * Play rock, paper, scissors by Eq 4.1 and the last policy runs in a circle: by
 * step 2000 its gap has grown.  The theorem speaks of another policy, the mean
 * of all that you went through: draw one of pi_1 .. pi_T, each as likely, and
 * answer as it does.  Its gap is below a bound that shrinks as 1 / sqrt T.
 *
 *   mean_T(y) = (1/T) sum_t pi_t(y)
 *
 * You see the policies one at a time, t = 1, 2 .., and may keep only the mean
 * so far.  Write add, which takes mean_{t-1} to mean_t.  What the mean holds
 * when t = 1 must not matter.  In sppo.h: sppo_gap_bound, which says how small
 * the gap must be.
 */
/* hint:
 * t mean_t = (t - 1) mean_{t-1} + pi_t.  Solve for mean_t.  Its newest member
 * has a weight of 1/t: at t = 1 all of it.
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static void add(double *mean, const double *pi, int t, int n)
{
    int i;

    for (i = 0; i < n; i++)
        mean[i] += (pi[i] - mean[i]) / t;
}
#else
/* yours: */
static void add(double *mean, const double *pi, int t, int n)
{
    int i;

    (void)t;
    for (i = 0; i < n; i++)
        mean[i] = pi[i];  // the last policy, which circles
}
/* check: */
#endif

enum { STEPS = 2000 };

int main(void)
{
    static const double circle[9] = { 0.5, 1, 0, 0, 0.5, 1, 1, 0, 0.5 };
    double pi[3] = { 0.6, 0.2, 0.2 }, mean[3] = { 7.0, 7.0, 7.0 };
    double sum[3] = { 0.0 }, win[3], gap;
    const double support = -log(0.2), eta = 2.0 * sqrt(support / STEPS);
    int t, i;

    for (t = 1; t <= STEPS; t++) {
        add(mean, pi, t, 3);
        for (i = 0; i < 3; i++) {
            sum[i] += pi[i];
            given("step %d, answer %d", t, i);
            agree("mean", mean[i], sum[i] / t);
        }
        sppo_exact_win_rates(win, circle, pi, 3);
        sppo_exact_step(pi, pi, win, eta, 3);
    }
    gap = sppo_duality_gap(circle, mean, 3);
    printf("gap after %d steps: last policy %.3f, yours %.3f, bound %.3f\n",
           STEPS, sppo_duality_gap(circle, pi, 3), gap,
           sppo_gap_bound(support, eta, STEPS));
    given("%d steps", STEPS);
    must(gap <= sppo_gap_bound(support, eta, STEPS),
         "the gap of your mean is above the theorem's bound");
    return verdict();
}
