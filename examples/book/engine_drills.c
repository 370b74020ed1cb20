/* engine_drills.c - what the page's exercises compare an answer with */

#include "engine.h"

EXPORT(loss_point)
double loss_point(double ratio, double target, double *grad)
{
    return sppo_loss_point(ratio, target, grad);
}

EXPORT(exact_step)
void exact_step(double *next, const double *pi, const double *win, double eta,
                int n)
{
    sppo_exact_step(next, pi, win, eta, n);
}

EXPORT(duality_gap)
double duality_gap(const double *pairwise, const double *pi, int n)
{
    return sppo_duality_gap(pairwise, pi, n);
}

EXPORT(sigmoid) double sigmoid(double s) { return sppo_sigmoid(s); }

/* log pi(token), by the kernel of the network: numbers are floats there. */
EXPORT(log_softmax)
double log_softmax(const double *logit, int n, int token)
{
    float row[16];
    int i;

    for (i = 0; i < n; i++)
        row[i] = (float)logit[i];
    return (double)row[token] - sppo_log_sum_exp(row, n);
}

/* din[d] of RMSNorm for the gain and s = 1 / rms(in) that the page has. */
EXPORT(rmsnorm_backward)
void rmsnorm_backward(double *din, const double *dout, const double *in,
                      const double *gain, double s, int d)
{
    float in_[16] = { 0 }, dout_[16] = { 0 }, gain_[16] = { 0 };
    float din_[16] = { 0 }, dgain[16] = { 0 };
    const float s_ = (float)s;
    int i;

    for (i = 0; i < d; i++) {
        in_[i] = (float)in[i];
        dout_[i] = (float)dout[i];
        gain_[i] = (float)gain[i];
    }
    sppo_rmsnorm_bwd(din_, dgain, dout_, in_, gain_, &s_, 1, d);
    for (i = 0; i < d; i++)
        din[i] = (double)din_[i];
}
