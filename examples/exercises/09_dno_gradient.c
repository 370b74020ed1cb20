/* exercise: The gradient of a soft label  [DNO 1]
 *
 * DNO (Rosset et al. 2024) takes DPO's loss both ways: with the weight q that y
 * beats y', with 1 - q that y' beats y.  q is a label between 0 and 1, made of
 * the win rates of the two: q = sigma(w - w').  That is a cross-entropy, and it
 * is least where the policy says what the label says.
 *
 *   loss = -q log sigma(z) - (1 - q) log sigma(-z),  z = (r - r') / eta
 *
 * Derive the slopes on paper, then write them: grad[0] in r, grad[1] in r'.
 * Two lines will do.  In sppo.h: sppo_loss_soft.
 */
/* hint:
 * In z: -q (1 - sigma(z)) + (1 - q) sigma(z).  Multiply out: two of the four
 * terms go.  What is left is 0 where sigma(z) = q, as it should be.
 */
#include "exercise.h"

static double loss(double r, double other, double q, double eta)
{
    const double z = (r - other) / eta;

    return -q * log(sppo_sigmoid(z)) - (1.0 - q) * log(sppo_sigmoid(-z));
}

/* solution: */
#ifdef SOLUTION
static void gradient(double r, double other, double q, double eta,
                     double grad[2])
{
    grad[0] = (sppo_sigmoid((r - other) / eta) - q) / eta;
    grad[1] = -grad[0];
}
#else
/* yours: */
static void gradient(double r, double other, double q, double eta,
                     double grad[2])
{
    (void)q;
    grad[0] = -sppo_sigmoid(-(r - other) / eta) / eta;  // DPO's: q = 1
    grad[1] = -grad[0];
}
/* check: */
#endif

static double of_ratios(const double *x)  // x: r, r', q, eta
{
    return loss(x[0], x[1], x[2], x[3]);
}

int main(void)
{
    double yours[2], right[2];
    int round, i;

    for (round = 0; round < 20; round++) {
        double x[4] = { draw(-3.0, 3.0), draw(-3.0, 3.0),
                        sppo_sigmoid(draw(-1.0, 1.0)), draw(0.5, 4.0) };

        gradient(x[0], x[1], x[2], x[3], yours);
        sppo_loss_soft(x[0], x[1], x[2], x[3], right);
        given("r = %.4g, r' = %.4g, q = %.4g, eta = %.4g", x[0], x[1], x[2],
              x[3]);
        for (i = 0; i < 2; i++) {
            agree(i ? "slope in r'" : "slope in r", yours[i], right[i]);
            agree_within("slope, beside differences of the loss", yours[i],
                         difference(of_ratios, x, i), 1e-6);
        }
    }
    return verdict();
}
