/* exercise: A judge that contradicts itself  [Pref]
 *
 * A preference model reads two answers, one after the other, and gives one
 * number, g(a, b): the higher, the more it likes the one that it read first.
 * The order leaks in: models often like the first or the last.  Then
 * sigma(g(a, b)), how often a beats b, and sigma(g(b, a)), how often b beats a,
 * do not add up to 1, and no game can be played with them.
 *
 * Make a score s(a, b) of g so that sigma(s(a, b)) + sigma(s(b, a)) = 1 for
 * every g, and what g says of the two does not get lost: with g(a, b) = 2 and
 * g(b, a) = -1, s(a, b) = 3.  It must still be able to prefer in a circle, so
 * no difference of two rewards.  In sppo.h: sppoi_pair_score.
 */
/* hint:
 * sigma(s) + sigma(-s) = 1.  So s(b, a) = -s(a, b) is what you need: what you
 * subtract from g(a, b) must be the same thing with a and b exchanged.
 */
#include "exercise.h"

enum { ANSWERS = 4 };
static double read_first[ANSWERS][ANSWERS];

static double g(int a, int b)
{
    return read_first[a][b];
}

/* solution: */
#ifdef SOLUTION
static double s(int a, int b)
{
    return g(a, b) - g(b, a);
}
#else
/* yours: */
static double s(int a, int b)
{
    return g(a, b);
}
/* check: */
#endif

int main(void)
{
    int round, a, b;

    for (round = 0; round < 10; round++) {
        for (a = 0; a < ANSWERS; a++)
            for (b = 0; b < ANSWERS; b++)
                read_first[a][b] = draw(-2.0, 3.0);
        for (a = 0; a < ANSWERS; a++)
            for (b = 0; b < ANSWERS; b++) {
                given("g(a, b) = %.4g, g(b, a) = %.4g", g(a, b), g(b, a));
                agree("P(a > b) + P(b > a)",
                      sppo_sigmoid(s(a, b)) + sppo_sigmoid(s(b, a)), 1.0);
                agree("s(a, b)", s(a, b), read_first[a][b] - read_first[b][a]);
            }
        for (a = 0; a < 3; a++) {  // each of three beats the next
            read_first[a][(a + 1) % 3] = 1.0;
            read_first[(a + 1) % 3][a] = 0.5;
        }
        for (a = 0; a < 3; a++) {
            given("a circle: g(%d, %d) = 1, g(%d, %d) = 0.5", a, (a + 1) % 3,
                  (a + 1) % 3, a);
            must(s(a, (a + 1) % 3) > 0.0, "s does not hold the circle");
        }
    }
    return verdict();
}
