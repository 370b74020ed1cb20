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
 * is to compare models judged alike with, and no entry for its leaderboard. */

#ifndef SPPO_TOOL_LENGTH_CONTROL_H
#define SPPO_TOOL_LENGTH_CONTROL_H

typedef struct length_control {
    double win_rate, standard_error;  // the mean of win; sd / sqrt(count)
    int wins, losses, draws;
    double theta, phi, sd;
    double controlled;                // NaN: nothing tells theta from phi
} length_control;

/* The mean and the standard deviation as of a sample: NaN of a single value. */
double sample_moments(const double *value, int count, double *sd);

/* The penalised loss at (theta, phi), its gradient and its curvature (theta
 * theta, theta phi, phi phi). With z = theta + phi x and p = sigma(z) a row has
 * the loss log(1 + e^z) - win z, the gradient p - win and the curvature p (1 -
 * p) in z.                                                                  */
double length_loss(const double *win, const double *longer, int count,
                   const double at[2], double sd, double grad[2],
                   double curve[3]);

/* Newton's method; the loss is convex, so a step that is halved until it gains
 * always leads down, and the penalty keeps the curvature above zero.        */
void length_fit(const double *win, const double *longer, int count, double sd,
                double at[2]);

/* All of it. Where the lengths always differ by the same, the fit cannot tell
 * a good model from a long-winded one, unless they never differ.            */
void length_control_measure(length_control *c, const double *win,
                            const double *longer, int count);

#endif
