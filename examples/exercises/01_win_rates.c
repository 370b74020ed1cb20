/* exercise: How often does an answer win?  [Eq 4.5]
 *
 * You have sampled K answers to a prompt, and a judge has compared all pairs:
 * pairwise[i * k + j] is how often answer i beats answer j.  SPPO wants one
 * number for each answer: its win rate against the K, as a sample of the policy
 * that they came from.  The paper counts an answer's comparison with itself
 * too, as a tie, 1/2; it stands in the matrix.
 *
 *   win[i] = P^(y_i > pi_t|x) = (1/K) sum_j P(y_i > y_j|x)
 *
 * Write win_rates.  In sppo.h: sppo_win_rates.
 */
/* hint:
 * Row i of the matrix holds the comparisons that answer i is first in.  Add up
 * the row, over all j, i among them, and divide by k.  A sum over a column is
 * how often the others beat answer i: 1 - win[i].
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static void win_rates(double *win, const double *pairwise, int k)
{
    int i, j;

    for (i = 0; i < k; i++) {
        win[i] = 0.0;
        for (j = 0; j < k; j++)
            win[i] += pairwise[i * k + j];
        win[i] /= k;
    }
}
#else
/* yours: */
static void win_rates(double *win, const double *pairwise, int k)
{
    int i;

    (void)pairwise;
    for (i = 0; i < k; i++)
        win[i] = 0.5;  // nobody is better than anybody
}
/* check: */
#endif

int main(void)
{
    double pairwise[36], yours[6], right[6];
    int round, k, i;

    for (round = 0; round < 20; round++) {
        k = draw_int(2, 6);
        draw_preferences(pairwise, k);
        win_rates(yours, pairwise, k);
        sppo_win_rates(right, pairwise, k);
        for (i = 0; i < k; i++) {
            given("k = %d, answer %d", k, i);
            given_numbers("its row", pairwise + i * k, k);
            agree("win rate", yours[i], right[i]);
        }
    }
    return verdict();
}
