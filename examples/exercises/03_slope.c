/* exercise: The slope of the loss  [Eq 4.7]
 *
 * The policy learns by going down a slope, so each loss comes with its slope.
 * SPPO's is a square: how far the log-ratio of an answer, ratio, is from where
 * it should be, target.
 *
 *   loss = (ratio - target)^2
 *
 * Write the loss and, in *grad, its slope in the ratio: by how much the loss
 * changes when the ratio changes by a little, divided by that little.  A slope
 * with the wrong sign makes the policy unlearn; half of it learns at half the
 * speed, and nothing else tells you.  In sppo.h: sppo_loss_point.
 */
/* hint:
 * Let gap = ratio - target.  When the ratio rises by h the gap does, and
 * (gap + h)^2 - gap^2 = 2 gap h + h^2.  Divide by h, and let h go to 0.
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static double loss_point(double ratio, double target, double *grad)
{
    const double gap = ratio - target;

    *grad = 2.0 * gap;
    return gap * gap;
}
#else
/* yours: */
static double loss_point(double ratio, double target, double *grad)
{
    const double gap = ratio - target;

    *grad = 0.0;
    return gap;
}
/* check: */
#endif

static double of_ratio(const double *x)  // x: ratio, target
{
    double unused;

    return loss_point(x[0], x[1], &unused);
}

int main(void)
{
    double grad, right;
    int round;

    for (round = 0; round < 20; round++) {
        double x[2] = { draw(-3.0, 3.0), draw(-3.0, 3.0) };

        given("ratio = %.4g, target = %.4g", x[0], x[1]);
        agree("loss", loss_point(x[0], x[1], &grad),
              sppo_loss_point(x[0], x[1], &right));
        agree("slope", grad, right);
        agree_within("slope, beside differences of your loss", grad,
                     difference(of_ratio, x, 0), 1e-6);
    }
    return verdict();
}
