/* length_control.c - a logistic fit of two coefficients, by Newton's method */

#include "length_control.h"

#include <math.h>
#include <string.h>

#include "../../sppo.h"

/* The penalty LENGTH_PENALTY / 2 (theta^2 + phi^2), less than a tenth of a row:
 * where all judgments agree, the likelihood alone has no maximum.           */
#define LENGTH_PENALTY 0.01

double sample_moments(const double *value, int count, double *sd)
{
    double mean = 0.0, square = 0.0;
    int i;

    for (i = 0; i < count; i++)
        mean += value[i] / count;
    for (i = 0; i < count; i++)
        square += (value[i] - mean) * (value[i] - mean);
    *sd = count > 1 ? sqrt(square / (count - 1)) : (double)NAN;
    return mean;
}

double length_loss(const double *win, const double *longer, int count,
                   const double at[2], double sd, double grad[2],
                   double curve[3])
{
    double loss = 0.5 * LENGTH_PENALTY * (at[0] * at[0] + at[1] * at[1]);
    int i;

    grad[0] = LENGTH_PENALTY * at[0];
    grad[1] = LENGTH_PENALTY * at[1];
    curve[0] = curve[2] = LENGTH_PENALTY;
    curve[1] = 0.0;
    for (i = 0; i < count; i++) {
        const double x = tanh(longer[i] / sd), z = at[0] + at[1] * x;
        const double p = 1.0 / (1.0 + exp(-z));
        loss += fmax(z, 0.0) + log1p(exp(-fabs(z))) - win[i] * z;
        grad[0] += p - win[i];
        grad[1] += (p - win[i]) * x;
        curve[0] += p * (1.0 - p);
        curve[1] += p * (1.0 - p) * x;
        curve[2] += p * (1.0 - p) * x * x;
    }
    return loss;
}

void length_fit(const double *win, const double *longer, int count, double sd,
                double at[2])
{
    double grad[2], curve[3], loss, next[2], step[2];
    int round, halvings;

    at[0] = at[1] = 0.0;
    loss = length_loss(win, longer, count, at, sd, grad, curve);
    for (round = 0; round < 100; round++) {
        const double det = curve[0] * curve[2] - curve[1] * curve[1];
        double gained = -1.0;
        step[0] = (curve[2] * grad[0] - curve[1] * grad[1]) / det;
        step[1] = (curve[0] * grad[1] - curve[1] * grad[0]) / det;
        for (halvings = 0; halvings < 60 && gained < 0.0; halvings++) {
            next[0] = at[0] - step[0];
            next[1] = at[1] - step[1];
            gained = loss - length_loss(win, longer, count, next, sd, grad,
                                        curve);
            step[0] *= 0.5;
            step[1] *= 0.5;
        }
        if (!(gained > 0.0))
            break;
        at[0] = next[0];
        at[1] = next[1];
        loss -= gained;
    }
}

void length_control_measure(length_control *c, const double *win,
                            const double *longer, int count)
{
    double sd, at[2];
    int i;

    memset(c, 0, sizeof *c);
    c->win_rate = sample_moments(win, count, &sd);
    c->standard_error = sd / sqrt(count);
    for (i = 0; i < count; i++) {
        c->wins += sppo_beats(win[i], 0.5);
        c->losses += sppo_beats(0.5, win[i]);
    }
    c->draws = count - c->wins - c->losses;
    c->controlled = (double)NAN;
    sample_moments(longer, count, &c->sd);
    if (!(c->sd > 0.0) && longer[0] != 0.0)
        return;
    length_fit(win, longer, count, c->sd > 0.0 ? c->sd : 1.0, at);
    c->theta = at[0];
    c->phi = at[1];
    c->controlled = 1.0 / (1.0 + exp(-c->theta));
}
