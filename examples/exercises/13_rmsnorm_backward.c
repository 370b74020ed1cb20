/* exercise: RMSNorm, backward  [Net 3] [Net 4]
 *
 * Before each part of the network a row of d numbers is brought to one size:
 * divided by the root of its mean square, then multiplied by a gain for each
 * channel.  So every output depends on every input, through s.
 *
 *   s = (mean_j in_j^2 + eps)^(-1/2)        out_i = gain_i in_i s
 *
 * dout[i] is the slope of the loss in out_i.  Write the slope in every in_i to
 * din[i].  It has two parts: one as if s stood still, and one for what in_i
 * does to s.  In sppo.h: sppo_rmsnorm_bwd.
 */
/* hint:
 * ds / d in_i = -s^3 in_i / d.  All outputs feel s: the slope of the loss in s
 * is sum_j dout_j gain_j in_j.  Multiply the two, and add the first part.
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static void rmsnorm_bwd(double *din, const double *dout, const double *in,
                        const double *gain, double s, int d)
{
    double in_s = 0.0;
    int i;

    for (i = 0; i < d; i++)
        in_s += dout[i] * gain[i] * in[i];
    for (i = 0; i < d; i++)
        din[i] = s * gain[i] * dout[i] - in_s * s * s * s * in[i] / d;
}
#else
/* yours: */
static void rmsnorm_bwd(double *din, const double *dout, const double *in,
                        const double *gain, double s, int d)
{
    int i;

    (void)in;
    for (i = 0; i < d; i++)
        din[i] = s * gain[i] * dout[i];  // as if s stood still
}
/* check: */
#endif

enum { D = 6 };
static double gain[D], dout[D];

/* A loss whose slope in out_i is dout[i]. */
static double loss(const double *in)
{
    double out[D], s, sum = 0.0;
    int i;

    sppo_rmsnorm_fwd(out, &s, in, gain, 1, D, 1e-5);
    for (i = 0; i < D; i++)
        sum += dout[i] * out[i];
    return sum;
}

int main(void)
{
    double in[D], out[D], yours[D], s;
    int round, i;

    for (round = 0; round < 20; round++) {
        double right[D] = { 0.0 }, dgain[D] = { 0.0 };

        for (i = 0; i < D; i++) {
            in[i] = draw(-2.0, 2.0);
            gain[i] = draw(0.5, 1.5);
            dout[i] = draw(-1.0, 1.0);
        }
        sppo_rmsnorm_fwd(out, &s, in, gain, 1, D, 1e-5);
        sppo_rmsnorm_bwd(right, dgain, dout, in, gain, &s, 1, D);
        rmsnorm_bwd(yours, dout, in, gain, s, D);
        for (i = 0; i < D; i++) {
            given("channel %d, s = %.4g", i, s);
            given_numbers("in", in, D);
            agree("din", yours[i], right[i]);
            agree_within("din, beside differences", yours[i],
                         difference(loss, in, i), 1e-6);
        }
    }
    return verdict();
}
