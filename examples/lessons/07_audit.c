/* 07_audit.c - both sides of every equation of the paper, in numbers
 *
 * Shows       the equation index of sppo.h on one small world: 27 answers of
 *             three tokens each, a random preference P, two policies pi and mu
 * Build       make examples     Run  build/07_audit                Time  < 1 s
 * You will see a line per equation, its left side and its right side:
 *   > Eq 4.1   pi(y) exp(eta P) / Z          0.026618   0.026618
 *   > 25 equations, 25 hold
 * Try         eta for eta / 2 in Eq 4.10, as it is printed; a sign anywhere
 * Read        sppo.h, search [Eq 4.1]; `make audit`: 55 deeper checks       */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"
#include "../../tests/slow.h"
#include "../../tests/games.h"

enum { N = SLOW_NODES - SLOW_INNER, TOKENS = 3 * SLOW_INNER, K = 5, T = 100 };
static double P[N * N], pi_token[TOKENS], mu_token[TOKENS];
static double pi[N], mu[N], win[N], next[N], log_z;
static const double eta = 3.0;
static int equations, held;

static void show(const char *tag, const char *text, double left, double right)
{
    const int equal = fabs(left - right) <= 1e-9 * (1.0 + fabs(right));

    printf("%-7s  %-27s %10.6f %10.6f%s\n", tag, text, left + 1e-12,
           right + 1e-12, equal ? "" : "  NOT EQUAL");  // no -0.000000
    equations++;
    held += equal;
}

static void make_world(void)
{
    int i;

    random_game(P, pi, N, 1);
    for (i = 0; i < TOKENS; i++) {
        pi_token[i] = (1 + (i + i / 3) % 3) / 6.0;
        mu_token[i] = (1 + (2 * i + 1) % 3) / 6.0;
    }
    for (i = 0; i < N; i++) {
        pi[i] = slow_answer(pi_token, i);
        mu[i] = slow_answer(mu_token, i);
    }
    sppo_exact_win_rates(win, P, pi, N);
    sppo_exact_step(next, pi, win, eta, N);
    for (i = 0; i < N; i++)
        log_z += pi[i] * exp(eta * win[i]);
    log_z = log(log_z);
}

/* y is answer 5; a, b hold targets or gradients. */
static void policies(void)
{
    double a[N], b[N], c, fit[N], best[TOKENS], value[SLOW_NODES], winner[3];
    double mean = 0.0, ratio = log(next[5] / pi[5]);
    int i;

    slow_von_neumann(winner, rock_paper_scissors, 3);
    show("Sec 3", "P(pi > mu) = 1 - P(mu > pi)",
         sppo_exact_value(P, pi, mu, N), 1 - sppo_exact_value(P, mu, pi, N));
    show("Sec 3", "KL(pi || next) = log Z - 3/2", sppo_kl(pi, next, N),
         log_z - eta / 2);
    show("Eq 3.1", "sigma(2)", sppo_bradley_terry(3, 1), 1 / (1 + exp(-2)));
    show("Eq 3.2", "at its best: log Z / eta",
         sppo_rlhf_value(next, pi, win, eta, N), log_z / eta);
    show("Eq 3.3", "gap of the winner",
         sppo_duality_gap(rock_paper_scissors, winner, 3), 0.0);
    show("Eq 4.1", "pi(y) exp(eta P) / Z", next[5],
         pi[5] * exp(eta * win[5] - log_z));
    show("Eq 4.2", "log Z", sppo_log_partition(win, pi, eta, N), log_z);
    show("Eq 4.3", "log rho", ratio, sppo_target(eta, win[5], log_z));
    for (i = 0; i < N; i++)
        a[i] = sppo_target(eta, win[i], log_z);
    show("Eq 4.4", "loss at Eq 4.1", sppo_exact_loss(next, pi, a, N, b), 0);
    slow_soft_value(value, pi_token, win, eta);
    slow_token_policy(best, pi_token, value, eta);
    show("Eq 4.11", "that of mu, by tokens", sppo_exact_loss(mu, pi, a, N, b),
         slow_token_loss(mu_token, best, pi_token));
    for (i = 0; i < N; i++)
        mean += pi[i] * (a[i] = sppo_target(eta, win[i], eta / 2));
    show("Eq 4.6", "mean of its targets", mean, 0.0);
    c = sppo_exact_fit(fit, pi, a, N);
    ratio = log(fit[5] / pi[5]);
    show("Eq 4.6", "log rho + c rho = target", ratio + c * exp(ratio), a[5]);
    show("Eq 4.8", "(log Z - KL) / eta", sppo_rlhf_value(mu, pi, win, eta, N),
         (log_z - sppo_kl(mu, next, N)) / eta);
    sppo_exact_loss(pi, pi, a, N, b);
    slow_policy_gradient(fit, pi, pi, win, eta, 0.5, N);
    show("Eq 4.9", "loss's gradient / (-2 eta)", fit[5], b[5] / (-2 * eta));
    slow_policy_gradient(a, mu, pi, win, eta, 0.5, N);
    slow_square_gradient(b, mu, pi, win, eta, 0.5, eta / 2, N);
    show("Eq 4.10", "gradient from squares", a[5], b[5]);
}

/* K = 5 responses, each beating all after it; some losses. */
static void samples(void)
{
    double p[K * K], w[K], s[2];
    int i;

    for (i = 0; i < K * K; i++)
        p[i] = i / K == i % K ? 0.5 : i / K < i % K ? 0.8 : 0.2;
    sppo_mean_scores(w, p, K);
    show("Sec 5", "4/5 of log(0.8 / 0.2)", w[0], 0.8 * log(4));
    sppo_win_rates(w, p, K);
    show("Eq 4.5", "(0.5 + 4 * 0.8) / 5", w[0], 0.74);
    show("Eq 4.7", "(1 - 3 * 0.24)^2", sppo_loss_point(1, 0.72, s), 0.0784);
    show("Eq 4.12", "0.1^2 + 1.1^2", sppo_loss_pair(1, -2, 0.8, eta, s), 1.22);
    show("Eq 4.13", "log(1 + 1/e)", sppo_loss_dpo(1, -2, eta, s),
         log(1 + exp(-1)));
    show("Eq 4.14", "eta^2 0.5^2", sppo_loss_ipo(2.5, -2, eta, s), 2.25);
    show("Eq 4.15", "2 sigma(-1)", slow_loss_kto(4, -2, 1, eta, s),
         2 / (1 + exp(1)));
    show("App A", "log Z of five in order", sppo_log_z(SPPO_BASELINE_EMPIRICAL,
         0, eta, w, K), 1.5 + log(sinh(0.9) / (5 * sinh(0.18))));
}

/* T steps from mu, each policy its own adversary: it loses half the time. */
static void bounds(void)
{
    const double support = 3 * log(6), step = 2 * sqrt(support / T);
    double average[N] = { 0 }, lost[N] = { 0 }, gap;
    int t, i;

    memcpy(next, mu, sizeof mu);
    for (t = 0; t < T; t++) {
        sppo_exact_win_rates(win, P, next, N);
        for (i = 0; i < N; lost[i] += 1.0 - win[i], i++)
            average[i] += next[i] / T;
        sppo_exact_step(next, next, win, step, N);
    }
    show("App B", "sum, the lesser of it, bound", 0.5 * T,
         fmin(0.5 * T, sppo_hedge_bound(mu, lost, step, N)));
    gap = sppo_duality_gap(P, average, N);
    show("Thm 4.1", "gap, the lesser of it, bound", gap,
         fmin(gap, sppo_gap_bound(support, step, T)));
}

int main(void)
{
    make_world();
    policies();
    samples();
    bounds();
    printf("%d equations, %d hold\n", equations, held);
    return held != equations;
}
