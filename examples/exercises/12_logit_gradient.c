/* exercise: From an answer's slope to the logits  [Net 17]
 *
 * The loss has a slope in log pi(token); what the network needs is the slope in
 * each logit.  Raise the logit of the token, and it becomes more probable;
 * raise another one, and it becomes less, for probabilities add up to 1.
 *
 *   p = softmax(logit),  log pi(token) = log p[token]
 *   d log pi(token) / d logit[v] = ?
 *
 * Given p and the slope in log pi(token), upstream, write the slope in every
 * logit to d_logit.  In sppo.h: sppoi_row_d_logit.
 */
/* hint:
 * log pi(token) = logit[token] - log sum_v exp(logit[v]).  The first term has a
 * slope in one logit alone.  That of the second in logit v is exp(logit[v])
 * divided by the sum: p[v].
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static void logit_gradient(double *d_logit, const double *p, int n, int token,
                           double upstream)
{
    int v;

    for (v = 0; v < n; v++)
        d_logit[v] = upstream * ((v == token) - p[v]);
}
#else
/* yours: */
static void logit_gradient(double *d_logit, const double *p, int n, int token,
                           double upstream)
{
    int v;

    (void)p;
    for (v = 0; v < n; v++)
        d_logit[v] = v == token ? upstream : 0.0;
}
/* check: */
#endif

enum { N = 5 };
static int the_token;

static double log_pi(const double *logit)
{
    return logit[the_token] - sppo_log_sum_exp(logit, N);
}

int main(void)
{
    double logit[N], p[N], yours[N], total;
    int round, v;

    for (round = 0; round < 20; round++) {
        const double upstream = draw(-2.0, 2.0);

        the_token = draw_int(0, N - 1);
        for (v = 0; v < N; v++)
            logit[v] = draw(-2.0, 2.0);
        for (v = 0; v < N; v++)
            p[v] = exp(logit[v] - sppo_log_sum_exp(logit, N));
        logit_gradient(yours, p, N, the_token, upstream);
        for (total = 0.0, v = 0; v < N; v++) {
            given("token %d, upstream = %.4g, logit %d", the_token, upstream,
                  v);
            given_numbers("p", p, N);
            agree_within("slope", yours[v],
                         upstream * difference(log_pi, logit, v), 1e-6);
            total += yours[v];
        }
        agree("the sum of the slopes", total, 0.0);
    }
    return verdict();
}
