/* exercise: DPO's gradient  [Eq 4.13]
 *
 * DPO learns from pairs too, but in another way: it wants the log-ratio of the
 * winner, r_w, above that of the loser, r_l, and looks at their difference
 * alone.  So it may be content when both fall.  Its beta is 1 / eta.
 *
 *   loss = -log sigma(z),  z = (r_w - r_l) / eta,  sigma(z) = 1 / (1 + exp(-z))
 *
 * The loss is written for you.  Write its slopes: grad[0] in r_w, grad[1] in
 * r_l.  In sppo.h: sppo_loss_dpo.
 */
/* hint:
 * The slope of log sigma(z) is 1 - sigma(z), which is sigma(-z).  Then by the
 * chain rule: how much does z change with r_w, and with r_l?  Mind the eta.
 */
#include "exercise.h"

static double loss(double r_w, double r_l, double eta)
{
    return -log(sppo_sigmoid((r_w - r_l) / eta));
}

/* solution: */
#ifdef SOLUTION
static void gradient(double r_w, double r_l, double eta, double grad[2])
{
    grad[0] = -sppo_sigmoid(-(r_w - r_l) / eta) / eta;
    grad[1] = -grad[0];
}
#else
/* yours: */
static void gradient(double r_w, double r_l, double eta, double grad[2])
{
    (void)r_w;
    (void)r_l;
    (void)eta;
    grad[0] = grad[1] = 0.0;
}
/* check: */
#endif

static double of_ratios(const double *x)  // x: r_w, r_l, eta
{
    return loss(x[0], x[1], x[2]);
}

int main(void)
{
    double yours[2], right[2];
    int round, i;

    for (round = 0; round < 20; round++) {
        double x[3] = { draw(-3.0, 3.0), draw(-3.0, 3.0), draw(0.5, 4.0) };

        gradient(x[0], x[1], x[2], yours);
        sppo_loss_dpo(x[0], x[1], x[2], right);
        given("r_w = %.4g, r_l = %.4g, eta = %.4g", x[0], x[1], x[2]);
        for (i = 0; i < 2; i++) {
            agree(i ? "slope in r_l" : "slope in r_w", yours[i], right[i]);
            agree_within("slope, beside differences of the loss", yours[i],
                         difference(of_ratios, x, i), 1e-6);
        }
    }
    return verdict();
}
