/* exercise: How probable is a token?  [Net 8] [Net 16]
 *
 * The network ends with a number for each token of the vocabulary, a logit.
 * Their softmax is the policy: e to the power of each, divided by the sum.  All
 * that SPPO asks for is its logarithm, for the token that was sampled.
 *
 *   log pi(token) = logit[token] - log sum_v exp(logit[v])
 *
 * As it stands, a logit of 800 overflows, and of -800 the logarithm is of 0.
 * Write logprob so that no logit does harm.  In sppo.h: sppo_log_sum_exp.
 */
/* hint:
 * log sum_v exp(x_v) = top + log sum_v exp(x_v - top) for any top.  With the
 * largest logit for top every exponent is 0 or less, and one of them is 0.
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static double logprob(const double *logit, int n, int token)
{
    double top = logit[0], sum = 0.0;
    int v;

    for (v = 1; v < n; v++)
        top = fmax(top, logit[v]);
    for (v = 0; v < n; v++)
        sum += exp(logit[v] - top);
    return logit[token] - top - log(sum);
}
#else
/* yours: */
static double logprob(const double *logit, int n, int token)
{
    double sum = 0.0;
    int v;

    for (v = 0; v < n; v++)
        sum += exp(logit[v]);
    return logit[token] - log(sum);
}
/* check: */
#endif

int main(void)
{
    static const double offsets[] = { 0.0, 20.0, 800.0, -800.0 };
    double logit[6];
    int round, token, v;

    for (round = 0; round < 40; round++) {
        const int n = draw_int(2, 6);

        for (v = 0; v < n; v++)
            logit[v] = offsets[round % 4] +
                       draw(-4.0, 4.0) * (round < 20 ? 1.0 : 300.0);
        for (token = 0; token < n; token++) {
            given("token %d", token);
            given_numbers("logits", logit, n);
            agree("log pi", logprob(logit, n, token),
                  logit[token] - sppo_log_sum_exp(logit, n));
        }
    }
    return verdict();
}
