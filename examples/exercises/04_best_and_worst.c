/* exercise: The best, the worst, and ties  [Alg 1.5]
 *
 * Of K = 5 answers the paper trains on two: the one with the highest win rate
 * and the one with the lowest.  Judges often say 1/2, so ties are common, and
 * then two searches may find one answer twice: a pair of an answer and itself
 * teaches nothing.  The header's rule (D11) is: the first of the equally best,
 * the last of the equally worst, and the two differ.  Win rates are sums of
 * numbers; those within 1e-9 of each other are equal: sppo_beats(a, b) says
 * whether a is greater by more.
 *
 * Write best and worst.  In sppo.h: sppo_play_select, and what it calls.
 */
/* hint:
 * best: the first i that no win[j] beats.  worst: go from k - 1 down, pass by
 * the best, and stop at the first i that beats no win[j].
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static int best(const double *win, int k)
{
    double most = win[0];
    int i;

    for (i = 1; i < k; i++)
        most = fmax(most, win[i]);
    for (i = 0; sppo_beats(most, win[i]); i++)
        continue;
    return i;
}

static int worst(const double *win, int k, int winner)
{
    double least = win[0];
    int i;

    for (i = 1; i < k; i++)
        least = fmin(least, win[i]);
    for (i = k - 1; i > 0 && (i == winner || sppo_beats(win[i], least)); i--)
        continue;
    return i;
}
#else
/* yours: */
static int best(const double *win, int k)
{
    int i, most = 0;

    for (i = 1; i < k; i++)
        if (win[i] > win[most])
            most = i;
    return most;
}

static int worst(const double *win, int k, int winner)
{
    int i, least = 0;

    (void)winner;
    for (i = 1; i < k; i++)
        if (win[i] < win[least])
            least = i;
    return least;
}
/* check: */
#endif

/* The rule again, word by word: i is beaten by nobody, or beats nobody. */
static int is_extreme(const double *win, int k, int i, int wins)
{
    int j;

    for (j = 0; j < k; j++)
        if (wins ? sppo_beats(win[j], win[i]) : sppo_beats(win[i], win[j]))
            return 0;
    return 1;
}

int main(void)
{
    double win[5];
    int round, k, i, winner, loser;

    for (round = 0; round < 100; round++) {
        k = draw_int(2, 5);
        for (i = 0; i < k; i++)  // few values, so that many are equal
            win[i] = 0.5 + 0.2 * draw_int(-1, 1) + draw(-1e-12, 1e-12);
        for (winner = 0; !is_extreme(win, k, winner, 1); winner++)
            continue;
        for (loser = k - 1; loser == winner || !is_extreme(win, k, loser, 0);)
            loser--;
        given("k = %d", k);
        given_numbers("win", win, k);
        agree("best", best(win, k), winner);
        agree("worst", worst(win, k, winner), loser);
    }
    return verdict();
}
