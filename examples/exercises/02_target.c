/* exercise: Where should the log-ratio go?  [Eq 4.6]
 *
 * An answer has a win rate, between 0 and 1.  SPPO turns it into a number of
 * nats: by how much log pi(y|x) should change from pi_t to the next policy.  An
 * answer that wins half the time is as good as the policy is already: it stays.
 * One that wins more should become more probable, one that wins less, less.
 * The step eta says how far: at eta = 30 a win rate of 0.6 asks for 3 nats.
 *
 *   log (pi_{t+1}(y|x) / pi_t(y|x)) = eta (P^(y > pi_t|x) - 1/2)
 *
 * Write target.  In sppo.h: sppo_target, with log_z = eta / 2.
 */
/* hint:
 * The half is subtracted from the win rate, before eta multiplies.  Try it with
 * win = 1/2: what must come out?
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static double target(double eta, double win)
{
    return eta * (win - 0.5);
}
#else
/* yours: */
static double target(double eta, double win)
{
    return eta * win;
}
/* check: */
#endif

int main(void)
{
    int round;

    given("eta = 30, win = 0.6");
    agree("target", target(30.0, 0.6), 3.0);
    for (round = 0; round < 20; round++) {
        const double eta = draw(0.1, 100.0), win = draw(0.0, 1.0);

        given("eta = %.4g, win = %.4g", eta, win);
        agree("target", target(eta, win), sppo_target(eta, win, eta / 2.0));
        given("eta = %.4g, win = 0.5", eta);
        agree("target", target(eta, 0.5), 0.0);
    }
    return verdict();
}
