/* length_control.h - the win rate of judgments, and what it would be at equal
 * length
 *
 * A judgment compares the output of a model with the output of a baseline to
 * the same instruction: win in 0 .. 1, the probability that the model's is
 * better, and how many characters longer the model's is. Judges like length:
 * of gpt-4's published judgments the longer output wins three in four.
 *
 * AlpacaEval 2 ("Length-Controlled AlpacaEval", arXiv 2404.04475) fits
 *
 *   logit win = theta + phi tanh(longer / sd) + psi difficulty(instruction)
 *
 * and calls the mean win that this predicts at longer = 0 the length-controlled
 * win rate. theta says how good the model is, phi how much length counts, sd
 * is the sample's standard deviation of longer.
 *
 * Fitted here: theta and phi, by the likelihood, on soft judgments as they are.
 * Not here: the third term. The difficulties come from one fit over the
 * judgments of very many models, so that of a single one they cannot be known;
 * without the term the rate is the same for every instruction, sigma(theta).
 * Nor are there the judgments of a verbose and of a concise baseline that hold
 * phi back in AlpacaEval, with a tenth of the weight of a row each, nor its
 * L1 penalty, whose strength is chosen by cross-validation. Hence the figure
 * is to compare models judged alike with, and no entry for its leaderboard.
 * Needs sppo.h and the C library before it.                                 */

#ifndef SPPO_EXAMPLES_LENGTH_CONTROL_H
#define SPPO_EXAMPLES_LENGTH_CONTROL_H

/* The penalty LENGTH_PENALTY / 2 (theta^2 + phi^2), less than a tenth of a row:
 * where all judgments agree, the likelihood alone has no maximum.           */
#define LENGTH_PENALTY 0.01

typedef struct length_control {
    double win_rate, standard_error;  // the mean of win; sd / sqrt(count)
    int wins, losses, draws;
    double theta, phi, sd;
    double controlled;                // NaN: nothing tells theta from phi
} length_control;

/* The mean and the standard deviation as of a sample: NaN of a single value. */
static double sample_moments(const double *value, int count, double *sd)
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

/* The penalised loss at (theta, phi), its gradient and its curvature (theta
 * theta, theta phi, phi phi). With z = theta + phi x and p = sigma(z) a row has
 * the loss log(1 + e^z) - win z, the gradient p - win and the curvature p (1 -
 * p) in z.                                                                  */
static double length_loss(const double *win, const double *longer, int count,
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

/* Newton's method; the loss is convex, so a step that is halved until it gains
 * always leads down, and the penalty keeps the curvature above zero.        */
static void length_fit(const double *win, const double *longer, int count,
                       double sd, double at[2])
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

/* All of it. Where the lengths always differ by the same, the fit cannot tell
 * a good model from a long-winded one, unless they never differ.            */
static void length_control_measure(length_control *c, const double *win,
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

#endif
