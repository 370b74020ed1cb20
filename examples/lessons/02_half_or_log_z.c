/* 02_half_or_log_z.c - Eq 4.6 writes eta / 2 where Eq 4.4 has log Z
 *
 * Shows       how far apart the two are, and what a policy that is trained with
 *             the half reaches instead of Eq 4.1
 * Build       make examples     Run  build/02_half_or_log_z        Time  < 1 s
 * You will see log Z / eta for K = 5: all 1024 ways in which coins can decide
 * between them, and the order in which each beats all below it; "bound" is
 * min(1/2 + eta/8, max P^), which no preference exceeds:
 *   > eta    0.1  coins 0.5020  at most 0.5040  in order 0.5040  bound 0.5125
 *   > eta      1  coins 0.5199  at most 0.5397  in order 0.5397  bound 0.6250
 *   > eta     10  coins 0.6453  at most 0.7536  in order 0.7536  bound 0.9000
 *   > eta   1000  coins 0.7565  at most 0.8984  in order 0.8984  bound 0.9000
 * So the half is the first order in eta, and far too low at the paper's 1000.
 * Five answers in order, equally probable at first, after one step of each:
 *   > eta    0.1  P(best) Eq 4.1 0.2081  Eq 4.6 0.2081  apart 0.000  c 0.0004
 *   > eta      1  P(best) Eq 4.1 0.2868  Eq 4.6 0.2832  apart 0.004  c 0.0369
 *   > eta     10  P(best) Eq 4.1 0.8647  Eq 4.6 0.5608  apart 0.304  c 1.0589
 *   > eta   1000  P(best) Eq 4.1 1.0000  Eq 4.6 0.6627  apart 0.337  c 120.3652
 * Eq 4.1 keeps the best alone, Eq 4.6 stays with two: the gentler step; c is
 * that of log rho + c rho = eta (P - 1/2), 0 where the half is log Z.
 * build/02_log_z.svg draws the first table.
 * Try         K = 3, and K = 6 (32768 tournaments)
 * Read        sppo.h >>games.c at Eq 4.2, 4.4, 4.6; >>update.c at App A      */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"
#include "svg.h"

enum { K = 5, PAIRS = K * (K - 1) / 2 };

typedef struct spread {
    double low, mean, high;
} spread;

/* P^ (Eq 4.5) of K answers; bit b of `coins` says who wins the b-th pair. */
static void tournament(double win[K], int coins)
{
    double pairwise[K * K];
    int i, j;

    for (i = 0; i < K; i++) {
        pairwise[i * K + i] = 0.5;
        for (j = 0; j < i; j++, coins >>= 1) {
            pairwise[i * K + j] = coins & 1;
            pairwise[j * K + i] = !(coins & 1);
        }
    }
    sppo_win_rates(win, pairwise, K);
}

/* [App A] log Z / eta of every tournament. */
static spread all_tournaments(double eta)
{
    spread s = { HUGE_VAL, 0.0, -HUGE_VAL };
    double win[K];
    int coins;

    for (coins = 0; coins < 1 << PAIRS; coins++) {
        double share;

        tournament(win, coins);
        share = sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0.0, eta, win, K) / eta;
        s.low = fmin(s.low, share);
        s.high = fmax(s.high, share);
        s.mean += share / (1 << PAIRS);
    }
    return s;
}

static void table_of_log_z(const double in_order[K], svg_plot *plot)
{
    double eta, tenths;

    for (tenths = -10; tenths <= 30; tenths++) {
        spread s;
        double order, bound;

        eta = pow(10.0, tenths / 10);
        s = all_tournaments(eta);
        order = sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0.0, eta, in_order, K)
              / eta;
        bound = fmin(0.5 + eta / 8, in_order[K - 1]);
        svg_add(plot, "bound", eta, bound, bound, bound);
        svg_add(plot, "in order", eta, order, order, order);
        svg_add(plot, "coins: mean and range", eta, s.mean, s.low, s.high);
        svg_add(plot, "Eq 4.6: 1/2", eta, 0.5, 0.5, 0.5);
        if (fmod(tenths, 10) == 0)
            printf("eta %6g  coins %.4f  at most %.4f  in order %.4f  bound "
                   "%.4f\n", eta, s.mean, s.high, order, bound);
    }
}

/* The step of Eq 4.1, and the best that training with eta / 2 can reach. */
static void table_of_steps(const double in_order[K])
{
    double eta;

    for (eta = 0.1; eta < 2000.0; eta *= 10.0) {
        double pi[K], exact[K], fit[K], target[K], apart = 0.0, c;
        int i;

        for (i = 0; i < K; i++) {
            pi[i] = 1.0 / K;
            target[i] = sppo_target(eta, in_order[i], eta / 2);
        }
        sppo_exact_step(exact, pi, in_order, eta, K);
        c = sppo_exact_fit(fit, pi, target, K);
        for (i = 0; i < K; i++)
            apart += fabs(exact[i] - fit[i]) / 2;
        printf("eta %6g  P(best) Eq 4.1 %.4f  Eq 4.6 %.4f  apart %.3f  c "
               "%.4f\n", eta, exact[K - 1], fit[K - 1], apart, c);
    }
}

int main(void)
{
    static svg_plot plot;
    FILE *out = fopen("build/02_log_z.svg", "w");
    double in_order[K];

    if (!out)
        return fprintf(stderr, "there is no folder build/ here\n"), 1;
    plot.log_x = 1;
    tournament(in_order, (1 << PAIRS) - 1);
    table_of_log_z(in_order, &plot);
    table_of_steps(in_order);
    svg_write(&plot, "The half and log Z, K = 5", "eta", "log Z / eta", out);
    return fclose(out) != 0;
}
