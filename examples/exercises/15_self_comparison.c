/* exercise: Why does an answer play against itself?  [Eq 4.5]
 *
 * The paper's win rate counts an answer's comparison with itself, 1/2.  That is
 * a biased estimate of P(y > pi_t): it is drawn towards 1/2 by 1/K of the way.
 * A statistician would leave it out.
 *
 *   counted   P^_i = (1/K) sum_j P(y_i > y_j)
 *   left out  U_i = (1/(K - 1)) sum_{j other than i} P(y_i > y_j)
 *
 * First write left_out: its mean over all draws of the others is P(y_i > pi_t).
 * Then write same_step: the eta' with which targets from U are those of the
 * paper with its own eta, eta' (U_i - 1/2) = eta (P^_i - 1/2).  That there is
 * one, the same for every answer, is why counting loses nothing: the two are
 * one method at two step sizes.  And counted, it is a win rate against a policy
 * that exists, pi^K_t, which gives one of the K answers: what the paper says of
 * win rates against a policy holds of it as it stands.
 * In sppo.h: sppo_win_rates, and sppo_advantages, which leaves one out.
 */
/* hint:
 * K P^_i = (K - 1) U_i + 1/2.  Take K/2 from both sides: K (P^_i - 1/2) =
 * (K - 1) (U_i - 1/2).
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static double left_out(const double *pairwise, int k, int i)
{
    double sum = 0.0;
    int j;

    for (j = 0; j < k; j++)
        if (j != i)
            sum += pairwise[i * k + j];
    return sum / (k - 1);
}

static double same_step(double eta, int k)
{
    return eta * (k - 1) / k;
}
#else
/* yours: */
static double left_out(const double *pairwise, int k, int i)
{
    double win[8];

    sppo_win_rates(win, pairwise, k);  // itself included
    return win[i];
}

static double same_step(double eta, int k)
{
    (void)k;
    return eta;
}
/* check: */
#endif

enum { ANSWERS = 3, K = 3 };

/* The mean of left_out for answer y, over all draws of two others from pi. */
static double mean_left_out(const double *game, const double *pi, int y)
{
    double mean = 0.0, pairwise[K * K];
    int a, b, i, j;

    for (a = 0; a < ANSWERS; a++)
        for (b = 0; b < ANSWERS; b++) {
            const int drawn[K] = { y, a, b };

            for (i = 0; i < K; i++)
                for (j = 0; j < K; j++)
                    pairwise[i * K + j] = game[drawn[i] * ANSWERS + drawn[j]];
            mean += pi[a] * pi[b] * left_out(pairwise, K, 0);
        }
    return mean;
}

int main(void)
{
    double game[ANSWERS * ANSWERS], pi[ANSWERS], win[8], pairwise[64];
    int round, i;

    for (round = 0; round < 20; round++) {
        const int k = draw_int(2, 8);
        const double eta = draw(0.1, 30.0);

        draw_preferences(game, ANSWERS);
        draw_policy(pi, ANSWERS);
        sppo_exact_win_rates(win, game, pi, ANSWERS);
        for (i = 0; i < ANSWERS; i++) {
            given("answer %d of 3", i);
            given_numbers("pi", pi, ANSWERS);
            agree("the mean of left_out", mean_left_out(game, pi, i), win[i]);
        }
        draw_preferences(pairwise, k);
        sppo_win_rates(win, pairwise, k);
        for (i = 0; i < k; i++) {
            given("k = %d, eta = %.4g, answer %d", k, eta, i);
            given_numbers("its row", pairwise + i * k, k);
            agree("target of what is left out",
                  same_step(eta, k) * (left_out(pairwise, k, i) - 0.5),
                  sppo_target(eta, win[i], eta / 2.0));
        }
    }
    return verdict();
}
