/* test_update.c - win rates, log Z, targets, losses
 *
 * The names of the cases carry the equation numbers of arXiv 2405.00675 v5.
 * All of this is double in both builds.  Tolerances: 1e-12 where both sides
 * are a few additions and products of numbers of order 1 (rounding: 1e-15), or
 * exponentials of some 1e3; relative 1e-7 for central differences of step 1e-5,
 * whose rounding error is 1e-16 / 1e-5 of the function and whose truncation
 * error is 1e-10.
 */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"
#include "games.h"
#include "reference/values.h"
#include "slow.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ==== Eq 4.5, win rates and log Z ======================================== */

static void eq_4_5_win_rate_counts_self_as_half(void)
{
    double win[5];
    static const double one[1] = { 0.5 };
    static const double two[4] = { 0.5, 0.83, 0.17, 0.5 };

    sppo_win_rates(win, one, 1);
    CHECK_NEAR(win[0], 0.5, 0.0);
    sppo_win_rates(win, two, 2);
    CHECK_NEAR(win[0], (0.5 + 0.83) / 2, 1e-15);
    CHECK_NEAR(win[1], (0.5 + 0.17) / 2, 1e-15);
    sppo_win_rates(win, rock_paper_scissors, 3);
    CHECK_NEAR(win[0], 0.5, 1e-15);
    CHECK_NEAR(win[1], 0.5, 1e-15);
    CHECK_NEAR(win[2], 0.5, 1e-15);
}

/* Of K = 5: one that beats all has 0.9, one that loses to all 0.1. */
static void eq_4_5_win_rate_of_five_is_within_a_tenth(void)
{
    double p[25], win[5];
    int i, j;

    for (i = 0; i < 5; i++)
        for (j = 0; j < 5; j++)
            p[i * 5 + j] = i == j ? 0.5 : i < j ? 1.0 : 0.0;
    sppo_win_rates(win, p, 5);
    for (i = 0; i < 5; i++)
        CHECK_NEAR(win[i], 0.9 - 0.2 * i, 1e-15);
}

static void eq_4_5_win_rates_have_mean_one_half(void)
{
    uint64_t key;

    for (key = 0; key < 50; key++) {
        const int k = 2 + (int)(key % 7);
        double p[64], pi[8], win[8], sum = 0.0;
        int i, j;
        random_game(p, pi, k, key);
        sppo_win_rates(win, p, k);
        for (i = 0; i < k; i++) {
            double row = 0.0;
            for (j = 0; j < k; j++)
                row += p[i * k + j];
            CHECK_NEAR(win[i], row / k, 1e-15);
            sum += win[i];
        }
        CHECK_NEAR(sum / k, 0.5, 1e-15);
    }
}

/* What a sum may lose to rounding decides nothing; the ninth digit does. */
static void win_rates_beat_by_more_than_rounding(void)
{
    CHECK(sppo_beats(0.6, 0.5));
    CHECK(sppo_beats(0.5 + 2e-9, 0.5));
    CHECK(!sppo_beats(0.5 + 5e-10, 0.5));
    CHECK(!sppo_beats(0.1 + 0.2, 0.3));
    CHECK(!sppo_beats(0.5, 0.5));
    CHECK(!sppo_beats(0.5, 0.6));
}

/* P^ of five rewards by the paper's P, to the three digits published. */
static void eq_4_5_win_rates_of_known_rewards(void)
{
    static const double reward[5] = { 0.9, 0.4, 0.0, -0.2, -0.8 };
    static const double expected[5] = { .686, .578, .486, .440, .310 };
    double p[25], win[5];
    int i, j;

    for (i = 0; i < 5; i++)
        for (j = 0; j < 5; j++)
            p[i * 5 + j] = sppo_bradley_terry(reward[i], reward[j]);
    sppo_win_rates(win, p, 5);
    for (i = 0; i < 5; i++)
        CHECK_NEAR(win[i], expected[i], 0.0005);
}

/* What a draw of `count` responses from pi[n] gives: draw number t has the
 * digits of t in base n.  Returns its probability.                          */
static double drawn(int *response, int count, const double *pi, int n, int t)
{
    double chance = 1.0;
    int i;

    for (i = 0; i < count; i++) {
        response[i] = t % n;
        chance *= pi[response[i]];
        t /= n;
    }
    return chance;
}

/* How many such draws there are. */
static int draws(int count, int n)
{
    return count > 0 ? n * draws(count - 1, n) : 1;
}

/* win[i] = P(y_i > pi^K) of k responses against the k of a sample. */
static void win_rates_against(double *win, const int *y, const int *sample,
                              int k, const double *p, int n)
{
    double pairwise[100];
    int i, j;

    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            pairwise[i * k + j] = p[y[i] * n + sample[j]];
    sppo_win_rates(win, pairwise, k);
}

/* Over all draws: P^ of a fixed y that is not of the sample is unbiased; of a
 * member it counts y against itself, which adds (1/2 - P) / K.              */
static void eq_4_5_win_rate_is_unbiased_but_for_the_self(void)
{
    enum { N = 4 };
    double p[N * N], pi[N], exact[N];
    int k, y, t;

    random_game(p, pi, N, 80);
    sppo_exact_win_rates(exact, p, pi, N);
    for (k = 1; k <= 3; k++)
        for (y = 0; y < N; y++) {
            const double bias = (0.5 - exact[y]) / k;
            double outside = 0.0, member = 0.0, win[3], chance;
            int fixed[3], sample[3];
            fixed[0] = fixed[1] = fixed[2] = y;
            for (t = 0; t < draws(k, N); t++) {
                chance = drawn(sample, k, pi, N, t);
                win_rates_against(win, fixed, sample, k, p, N);
                outside += chance * win[0];
            }
            for (t = 0; t < draws(k - 1, N); t++) {
                chance = drawn(sample, k - 1, pi, N, t);
                sample[k - 1] = y;
                win_rates_against(win, sample, sample, k, p, N);
                member += chance * win[k - 1];
            }
            CHECK_NEAR(outside, exact[y], 1e-14);
            CHECK_NEAR(member, exact[y] + bias, 1e-14);
            CHECK(fabs(member - exact[y]) > 1e-3);
        }
}

/* A sample in the proportions of pi is pi: Eq 4.5 becomes Eq 4.4. */
static void eq_4_5_sample_in_proportion_is_the_policy(void)
{
    static const int sample[10] = { 0, 0, 0, 0, 0, 1, 1, 1, 2, 2 };
    static const double pi[3] = { 0.5, 0.3, 0.2 };
    double p[9], unused[3], win[10], exact[3];
    const double eta = 4.0;
    int i;

    random_game(p, unused, 3, 81);
    sppo_exact_win_rates(exact, p, pi, 3);
    win_rates_against(win, sample, sample, 10, p, 3);
    for (i = 0; i < 10; i++)
        CHECK_NEAR(win[i], exact[sample[i]], 1e-15);
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, win, 10),
               sppo_log_partition(exact, pi, eta, 3), 1e-14);
}

/* Eq 4.5's Z_{pi^K} is a mean over pi_t.  B fresh responses estimate it without
 * bias; its logarithm they put too low, the less the more they are.         */
static void eq_4_5_fresh_responses_estimate_z(void)
{
    enum { N = 4, K = 3 };
    static const int sample[K] = { 0, 2, 2 };
    double p[N * N], pi[N], against[N], win[K], z = 0.0, last = -9.0;
    const double eta = 4.0;
    int b, y, t;

    random_game(p, pi, N, 82);
    for (y = 0; y < N; y++) {
        int fixed[K];
        fixed[0] = fixed[1] = fixed[2] = y;
        win_rates_against(win, fixed, sample, K, p, N);
        against[y] = win[0];
        z += pi[y] * exp(eta * against[y]);
    }
    for (b = 1; b <= 3; b++) {
        double mean = 0.0, mean_log = 0.0;
        for (t = 0; t < draws(b, N); t++) {
            int fresh[3], i;
            const double chance = drawn(fresh, b, pi, N, t);
            double log_z;
            for (i = 0; i < b; i++)
                win[i] = against[fresh[i]];
            log_z = sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, win, b);
            mean += chance * exp(log_z);
            mean_log += chance * log_z;
        }
        CHECK_NEAR(mean / z, 1.0, 1e-14);
        CHECK(mean_log < log(z) - 1e-3);
        CHECK(mean_log > last + 1e-3);
        last = mean_log;
    }
}

/* Slip S5: Appendix A writes the same Z_{pi^K} for the mean over the sample.
 * That one is never below exp(eta/2) and has another expectation.           */
static void app_a_log_z_is_not_that_of_eq_4_5(void)
{
    enum { N = 4, K = 3 };
    double p[N * N], pi[N], mean_a = 0.0, mean_45 = 0.0;
    const double eta = 4.0;
    int t, below = 0;

    random_game(p, pi, N, 83);
    for (t = 0; t < draws(K, N); t++) {
        int sample[K], y, i;
        const double chance = drawn(sample, K, pi, N, t);
        double win[K], a, z_45 = 0.0, z_a = 0.0;
        for (y = 0; y < N; y++) {
            double mean = 0.0;
            for (i = 0; i < K; i++)
                mean += p[y * N + sample[i]] / K;
            z_45 += pi[y] * exp(eta * mean);
        }
        win_rates_against(win, sample, sample, K, p, N);
        for (i = 0; i < K; i++)
            z_a += exp(eta * win[i]) / K;
        a = sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, win, K);
        CHECK_NEAR(a, log(z_a), 1e-14);
        CHECK(a >= eta / 2 - 1e-14);
        below += log(z_45) < eta / 2 - 0.1;
        mean_a += chance * z_a;
        mean_45 += chance * z_45;
    }
    CHECK(below > 0);
    CHECK(fabs(log(mean_a / mean_45)) > 0.01);
}

/* The three baselines, from their definitions. */
static void app_a_log_z_by_each_baseline(void)
{
    static const double win[4] = { 0.8, 0.55, 0.4, 0.25 };
    const double eta = 3.0;
    double sum = 0.0;
    int i;

    for (i = 0; i < 4; i++)
        sum += exp(eta * win[i]);
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_HALF, 0.3, eta, win, 4), 1.5, 1e-15);
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0.3, eta, win, 4),
               log(sum / 4), 1e-14);
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_COEFFICIENT, 0.3, eta, win, 4), 0.9,
               1e-15);
}

/* Appendix A, ordered responses: P^_i = (i - 1/2) / K; closed form
 * eta/2 + log(sinh(eta/2) / (K sinh(eta/2K))).  898.39056 at K = 5, eta 1e3. */
static void app_a_log_z_of_ordered_responses(void)
{
    static double win[20000];
    int i;
    double eta;

    for (i = 0; i < 5; i++)
        win[i] = (i + 0.5) / 5;
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, 1e3, win, 5), 898.39056,
               1e-5);
    for (eta = 0.01; eta < 300; eta *= 3)
        CHECK_NEAR(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, win, 5),
                   eta / 2 + log(sinh(eta / 2) / (5 * sinh(eta / 10))), 1e-12);
    /* many responses: log((e^eta - 1) / eta); the mid-point rule of 20000
     * cells is off by eta^2 / (24 K^2) = 1e-4 at eta = 1e3 */
    for (i = 0; i < 20000; i++)
        win[i] = (i + 0.5) / 20000;
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, 1.0, win, 20000),
               0.54132, 1e-5);
    CHECK_NEAR(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, 1e3, win, 20000),
               993.09224, 2e-4);
}

/* A tournament of k: bit number b of `coins` decides the b-th pair. */
static void toss(double *p, int k, int coins)
{
    int i, j;

    for (i = 0; i < k; i++) {
        p[i * k + i] = 0.5;
        for (j = 0; j < i; j++) {
            p[i * k + j] = coins & 1;
            p[j * k + i] = 1 - p[i * k + j];
            coins /= 2;
        }
    }
}

/* Appendix A, fair coins: all 1024 tournaments of five.  With X_i the mean of
 * 2P - 1, P^_i = 1/2 + X_i/2 and E exp(eta X_i/2) = cosh(eta/2K)^(K-1).  At
 * eta = 1e3, log Z^ / eta has mean 0.7565, least 0.5, most 0.8984.          */
static void app_a_log_z_of_all_coin_tournaments(void)
{
    double mean = 0.0, least = 9.0, most = 0.0, moment = 0.0, low = 0.0;
    int coins;

    for (coins = 0; coins < 1024; coins++) {
        double p[25], win[5], z;
        toss(p, 5, coins);
        sppo_win_rates(win, p, 5);
        z = sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, 1e3, win, 5) / 1e3;
        mean += z / 1024;
        least = z < least ? z : least;
        most = z > most ? z : most;
        moment += exp(2.0 * (win[0] - 0.5)) / 1024;
        low += exp(sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, 2.0, win, 5)) / 1024;
    }
    CHECK_NEAR(mean, 0.7565, 5e-5);
    CHECK_NEAR(least, 0.5, 1e-12);
    CHECK_NEAR(most, 0.8984, 5e-5);
    CHECK_NEAR(moment, pow(cosh(2.0 / 10), 4), 1e-12);
    CHECK_NEAR(low, exp(1.0) * pow(cosh(2.0 / 10), 4), 1e-12);
}

/* X_i = mean_j (2 P_ij - 1) of every tournament of k; means over all. */
typedef struct coin_moments {
    double first, second, cross;  // of exp(eta (P^_i - 1/2)), i = 0 and 1
    double plain;                 // of exp(eta X_0)
    double off;                   // largest |P^_i - (1/2 + X_i / 2)|
    double off_printed;           // least |P^_i - (1/2 + X_i)| of X_i not 0
} coin_moments;

static coin_moments moments_of_coins(int k, double eta)
{
    const int count = 1 << (k * (k - 1) / 2);
    coin_moments m = { 0, 0, 0, 0, 0, 9.0 };
    int coins, i, j;

    for (coins = 0; coins < count; coins++) {
        double p[25], win[5], x[5], e[2];
        toss(p, k, coins);
        sppo_win_rates(win, p, k);
        for (i = 0; i < k; i++) {
            for (x[i] = 0.0, j = 0; j < k; j++)
                x[i] += (2 * p[i * k + j] - 1) / k;
            m.off = fmax(m.off, fabs(win[i] - (0.5 + x[i] / 2)));
            if (fabs(x[i]) > 0.1)
                m.off_printed = fmin(m.off_printed,
                                     fabs(win[i] - (0.5 + x[i])));
        }
        for (i = 0; i < 2; i++)
            e[i] = exp(eta * (win[i] - 0.5));
        m.first += e[0] / count;
        m.second += e[0] * e[0] / count;
        m.cross += e[0] * e[1] / count;
        m.plain += exp(eta * x[0]) / count;
    }
    return m;
}

/* Appendix A's mean, variance and covariance.  Slip S3: the win rate is 1/2 +
 * X_i / 2, so all hold cosh(eta / 2K) where cosh(eta / K) is printed; what is
 * printed is right of exp(eta X_i), which is in no win rate.                */
static void app_a_moments_of_coins(void)
{
    double eta;
    int k;

    for (k = 2; k <= 5; k++)
        for (eta = 0.5; eta < 4.5; eta *= 2) {
            const coin_moments m = moments_of_coins(k, eta);
            const double c = cosh(eta / (2 * k)), wide = cosh(eta / k);
            const double mean = pow(c, k - 1), all = pow(c, 2 * k - 2);
            const double variance = m.second - m.first * m.first;
            const double covariance = m.cross - m.first * m.first;
            CHECK_NEAR(m.off, 0.0, 1e-15);
            CHECK_NEAR(m.first, mean, 1e-13);
            CHECK_NEAR(variance, pow(wide, k - 1) - all, 1e-12);
            CHECK_NEAR(covariance, pow(c, 2 * k - 4) - all, 1e-12);
            /* as printed each is four times as large, or more */
            CHECK(m.off_printed > 0.09);
            CHECK_NEAR(m.plain, pow(wide, k - 1), 1e-12);
            CHECK(m.first - 1 < (pow(wide, k - 1) - 1) / 3);
            CHECK(variance < (pow(cosh(2 * eta / k), k - 1)
                              - pow(wide, 2 * k - 2)) / 3);
            CHECK(covariance > (pow(wide, 2 * k - 4)
                                - pow(wide, 2 * k - 2)) / 3);
        }
}

/* log Z^ of k responses whose comparisons are coins, or uniform in [0, 1). */
static double log_z_of_many(int k, int coins, double eta)
{
    static double p[400 * 400], win[400];
    int i, j;

    for (i = 0; i < k; i++) {
        p[i * k + i] = 0.5;
        for (j = 0; j < i; j++) {
            const double u = sppo_random_uniform(84, (uint64_t)(i * 400 + j));
            p[i * k + j] = coins ? u < 0.5 : u;
            p[j * k + i] = 1 - p[i * k + j];
        }
    }
    sppo_win_rates(win, p, k);
    return sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, win, k);
}

/* K -> infinity at fixed eta: log Z^ -> eta/2, for coins and for any other
 * comparison of mean 1/2.  What is left is eta^2 / 2 times the variance of a
 * win rate, 1/4K of coins and 1/12K of uniform ones; of K = 400 it scatters by
 * sqrt(2 / K) = 7 %.  At eta 1e3 the same 400 are far too few.              */
static void app_a_log_z_of_many_coins_is_one_half(void)
{
    CHECK_NEAR(log_z_of_many(400, 1, 1.0), 0.5, 1e-3);
    CHECK_NEAR((log_z_of_many(400, 1, 1.0) - 0.5) * 8 * 400, 1.0, 0.2);
    CHECK_NEAR((log_z_of_many(400, 0, 1.0) - 0.5) * 24 * 400, 1.0, 0.2);
    CHECK(log_z_of_many(40, 1, 1.0) - 0.5
          > 5 * (log_z_of_many(400, 1, 1.0) - 0.5));
    CHECK(log_z_of_many(400, 1, 1e3) > 550.0);
}

/* Slip S7: "eta can vary between eta/2 and eta" is true of log Z.  Between a
 * tie of all and a strict order it goes from eta/2 up to eta; eta itself, the
 * gradient of the target in the win rate, is the same under every baseline. */
static void app_a_log_z_varies_and_eta_does_not(void)
{
    static double tie[200], order[200];
    double eta, last = 0.5;
    int i;

    for (i = 0; i < 200; i++) {
        tie[i] = 0.5;
        order[i] = (i + 0.5) / 200;
    }
    for (eta = 1.0; eta < 1e5; eta *= 10) {
        const double low =
            sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, tie, 200);
        const double high =
            sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, order, 200);
        CHECK_NEAR(low / eta, 0.5, 1e-14);
        CHECK(high / eta > last && high < eta);
        last = high / eta;
        CHECK_NEAR(sppo_target(eta, 0.9, high) - sppo_target(eta, 0.4, high),
                   eta / 2, 1e-12 * eta);
        CHECK_NEAR(sppo_target(eta, 0.9, low) - sppo_target(eta, 0.4, low),
                   eta / 2, 1e-12 * eta);
    }
    CHECK(last > 0.99);
}

/* eta/2 <= log Z <= min(eta/2 + eta^2/8, eta max P): Jensen and Hoeffding, for
 * the K-sample estimate too, since its win rates have mean 1/2.             */
static void app_a_log_z_keeps_its_bounds(void)
{
    uint64_t key;
    double eta;

    for (key = 0; key < 20; key++)
        for (eta = 0.01; eta < 1100; eta *= 10) {
            const int n = 3 + (int)(key % 3);
            double p[25], pi[5], win[5], most = 0.0, z[2];
            int i, t;
            random_game(p, pi, n, key);
            sppo_exact_win_rates(win, p, pi, n);
            z[0] = sppo_log_partition(win, pi, eta, n);
            for (i = 0; i < n; i++)
                most = win[i] > most ? win[i] : most;
            sppo_win_rates(win, p, n);
            z[1] = sppo_log_z(SPPO_BASELINE_EMPIRICAL, 0, eta, win, n);
            for (t = 0; t < 2; t++) {
                CHECK(z[t] >= eta / 2 * (1 - 1e-14));
                CHECK(z[t] <= (eta / 2 + eta * eta / 8) * (1 + 1e-14));
            }
            CHECK(z[0] <= eta * most * (1 + 1e-14));
            for (most = 0.0, i = 0; i < n; i++)
                most = win[i] > most ? win[i] : most;
            CHECK(z[1] <= eta * most * (1 + 1e-14));
        }
}

/* Two answers, the first always better: win rates 3/4 and 1/4 against the
 * uniform policy, log Z = eta/2 + log cosh(eta/4).  Equal to the lower bound
 * where nobody wins more than another.                                      */
static void app_a_log_z_of_two_in_closed_form(void)
{
    static const double p[4] = { 0.5, 1.0, 0.0, 0.5 }, pi[2] = { 0.5, 0.5 };
    static const double uniform[3] = { 1.0 / 3, 1.0 / 3, 1.0 / 3 };
    double win[2], tie[3], eta;

    sppo_exact_win_rates(win, p, pi, 2);
    sppo_exact_win_rates(tie, rock_paper_scissors, uniform, 3);
    for (eta = 0.01; eta < 1100; eta *= 10) {
        CHECK_NEAR(sppo_log_partition(win, pi, eta, 2),
                   eta / 2 + log(cosh(eta / 4)), 1e-12);
        CHECK_NEAR(sppo_log_partition(tie, uniform, eta, 3), eta / 2, 1e-12);
    }
}

/* log Z = eta/2 + eta^2 Var/2 + eta^3 skew/6 + .., moments of the win rate
 * under pi.  At eta = 0.01 the second order is some 1e-6, and against it the
 * third counts eta |P - 1/2| / 3 = 1e-3 at most, the fourth eta^2 = 1e-5.   */
static void app_a_log_z_in_powers_of_eta(void)
{
    double p[25], pi[5], win[5], eta = 0.01, rest;
    uint64_t key;
    int i;

    for (key = 85; key < 95; key++) {
        double variance = 0.0, skew = 0.0;
        random_game(p, pi, 5, key);
        sppo_exact_win_rates(win, p, pi, 5);
        for (i = 0; i < 5; i++) {
            variance += pi[i] * pow(win[i] - 0.5, 2);
            skew += pi[i] * pow(win[i] - 0.5, 3);
        }
        rest = (sppo_log_partition(win, pi, eta, 5) - eta / 2)
             / (eta * eta * variance / 2);
        CHECK_NEAR(rest, 1.0, 1e-3);
        CHECK_NEAR(rest, 1.0 + eta * skew / (3 * variance), 1e-5);
    }
}

/* ==== Eq 4.6, the target ================================================= */

static void eq_4_6_target_is_zero_at_one_half(void)
{
    double win;
    const double eta = 1000.0;
    const double log_z = sppo_log_z(SPPO_BASELINE_HALF, 0, eta, NULL, 0);

    CHECK_NEAR(sppo_target(eta, 0.5, log_z), 0.0, 0.0);
    for (win = 0.1; win < 0.95; win += 0.1)
        CHECK_NEAR(sppo_target(eta, win, log_z), eta * (win - 0.5),
                   1e-12 * eta);
    CHECK(sppo_target(eta, 0.7, log_z) > 0.0);
    CHECK(sppo_target(eta, 0.3, log_z) < 0.0);
    CHECK_NEAR(sppo_target(2.0, 0.9, 1.3), 0.5, 1e-15);
}

/* ==== Eq 4.7 and 4.12 to 4.15, the losses ================================ */

enum { LOSSES = 7 };
static const double ratios[] = { -7.5, -0.3, 0.0, 0.2, 4.0 };

/* Loss `kind` of a table, so that every case runs over all of them. */
static double loss_of(int kind, double w, double l, double grad[2])
{
    switch (kind) {
    case 0: return sppo_loss_pair(w, l, 0.8, 1.7, grad);
    case 1: return sppo_loss_pair_average(w, l, 0.7, 0.25, 1.7, grad);
    case 2: return sppo_loss_hard(w, l, 1.7, grad);
    case 3: return sppo_loss_dpo(w, l, 1.7, grad);
    case 4: return sppo_loss_ipo(w, l, 1.7, grad);
    case 5: return sppo_loss_single(w, l, 0.8, 1.7, grad);
    default: return slow_loss_kto(w, l, 0.6, 1.7, grad);
    }
}

static void eq_4_7_gradient_matches_difference(void)
{
    int i;
    double grad, unused;

    for (i = 0; i < COUNT(ratios); i++) {
        const double h = 1e-5, r = ratios[i];
        const double value = sppo_loss_point(r, 0.9, &grad);
        const double up = sppo_loss_point(r + h, 0.9, &unused);
        const double down = sppo_loss_point(r - h, 0.9, &unused);
        CHECK_NEAR(value, (r - 0.9) * (r - 0.9), 1e-12);
        CHECK_NEAR(grad, (up - down) / (2 * h), 1e-7 * (1 + fabs(grad)));
    }
}

static void eq_4_7_is_zero_at_the_target(void)
{
    double grad = 1.0;

    CHECK_NEAR(sppo_loss_point(-2.5, -2.5, &grad), 0.0, 0.0);
    CHECK_NEAR(grad, 0.0, 0.0);
    CHECK_NEAR(sppo_loss_point(0.0, 400.0, &grad), 160000.0, 1e-9);
    CHECK_NEAR(grad, -800.0, 1e-9);   // the ratio has to rise
}

/* At theta = theta_t the gradient of Eq 4.7's expectation in a softmax logit is
 * -2 eta pi_k (P(k > pi_t) - 1/2), whatever the baseline.                   */
static void eq_4_7_first_gradient_is_the_policy_gradient(void)
{
    enum { N = 5 };
    static const double baseline[3] = { 0.5, 0.0, 0.83 };
    const double eta = 3.0;
    double p[N * N], pi[N], win[N];
    int b, i, k;

    random_game(p, pi, N, 5);
    sppo_exact_win_rates(win, p, pi, N);
    for (b = 0; b < 3; b++)
        for (k = 0; k < N; k++) {
            double sum = 0.0;
            for (i = 0; i < N; i++) {
                double grad;
                (void)sppo_loss_point(
                    0.0, sppo_target(eta, win[i], eta * baseline[b]), &grad);
                sum += pi[i] * grad * ((i == k) - pi[k]);
            }
            CHECK_NEAR(sum, -2 * eta * pi[k] * (win[k] - 0.5), 1e-13);
        }
}

static void softmax(double *pi, const double *logit, int n)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        sum += pi[i] = exp(logit[i]);
    for (i = 0; i < n; i++)
        pi[i] /= sum;
}

/* Eq 4.7 over D_t = { 0, 2 } of four answers, the policy a softmax; grad[4]
 * in its logits, by the chain rule.                                         */
static double kept_loss(const double *logit, const double *old,
                        const double *target, double *grad)
{
    double pi[4], loss = 0.0, s;
    int i, k;

    softmax(pi, logit, 4);
    for (k = 0; k < 4; k++)
        grad[k] = 0.0;
    for (i = 0; i < 4; i += 2) {
        loss += sppo_loss_point(log(pi[i] / old[i]), target[i], &s) / 2;
        for (k = 0; k < 4; k++)
            grad[k] += s * ((i == k) - pi[k]) / 2;
    }
    return loss;
}

static void eq_4_7_gradient_in_logits_matches_difference(void)
{
    double p[16], old[4], win[4], target[4], logit[4], grad[4], unused[4];
    const double eta = 3.0, h = 1e-5;
    int k;

    random_game(p, old, 4, 86);
    sppo_win_rates(win, p, 4);
    for (k = 0; k < 4; k++) {
        target[k] = sppo_target(eta, win[k], eta / 2);
        logit[k] = 0.7 * k - 0.2 * k * k;
    }
    (void)kept_loss(logit, old, target, grad);
    for (k = 0; k < 4; k++) {
        double up, down;
        logit[k] += h;
        up = kept_loss(logit, old, target, unused);
        logit[k] -= 2 * h;
        down = kept_loss(logit, old, target, unused);
        logit[k] += h;
        CHECK_NEAR(grad[k], (up - down) / (2 * h), 1e-7 * (1 + up));
    }
}

static void losses_gradients_match_differences(void)
{
    int kind, i, j;
    const double h = 1e-5;

    for (kind = 0; kind < LOSSES; kind++)
        for (i = 0; i < COUNT(ratios); i++)
            for (j = 0; j < COUNT(ratios); j++) {
                const double w = ratios[i], l = ratios[j];
                double s[2], t[2], dw, dl;
                (void)loss_of(kind, w, l, s);
                dw = loss_of(kind, w + h, l, t) - loss_of(kind, w - h, l, t);
                dl = loss_of(kind, w, l + h, t) - loss_of(kind, w, l - h, t);
                if (!CHECK_NEAR(s[0], dw / (2 * h), 1e-7 * (1 + fabs(s[0])))
                    || !CHECK_NEAR(s[1], dl / (2 * h), 1e-7 * (1 + fabs(s[1]))))
                    printf("    of loss %d\n", kind);
            }
}

/* All kept responses of a prompt have the same part of its loss and gradient.
 */
static void eq_4_7_mean_over_the_kept_responses(void)
{
    static const double win[] = { 0.9, 0.5, 0.3, 0.3, 0.5 };
    double grad[COUNT(ratios)], one, value, sum = 0.0;
    sppoi_example x = { 0, ratios, win, 0.8, 0, 1.7, 0.6, NULL, 0, NULL, NULL };
    int n, i;

    for (n = 1; n <= COUNT(ratios); n++) {
        x.kept = n;
        sum += sppo_loss_point(ratios[n - 1],
                               sppo_target(1.7, win[n - 1], 0.6), &one);
        value = sppoi_sppo_loss(&x, grad);
        CHECK_NEAR(value, sum / n, 1e-12 * sum);
        for (i = 0; i < n; i++) {
            sppo_loss_point(ratios[i], sppo_target(1.7, win[i], 0.6), &one);
            CHECK_NEAR(grad[i], one / n, 1e-12);
        }
    }
}

/* Every row of the table is its function, has a name of its own, and a prompt
 * without a winner teaches nothing to those that need one.                  */
static void losses_are_those_of_their_rows(void)
{
    static const double win[] = { 0.9, 0.1 };
    double grad[2], same[2], pair[2];
    sppoi_example x = { 2, NULL, win, 0.8, 0, 1.7, 0.85, NULL, 0, NULL, NULL };
    int kind, i;

    x.ratio = pair;
    for (i = 0; i < COUNT(ratios) - 1; i++) {
        const double w = ratios[i + 1], l = ratios[i];

        pair[0] = w;
        pair[1] = l;
        CHECK_NEAR(sppoi_loss(SPPO_LOSS_SPPO, &x, grad),
                   sppo_loss_pair_average(w, l, 0.9, 0.1, 1.7, same), 1e-12);
        CHECK_NEAR(grad[0], same[0], 1e-12);
        CHECK_NEAR(grad[1], same[1], 1e-12);
        for (kind = SPPO_LOSS_PAIR; kind <= SPPO_LOSS_IPO; kind++) {
            static const int order[] = { 6, 0, 5, 2, 3, 4 };  // of loss_of
            const double loss = loss_of(order[kind], w, l, same);

            // the same operations, but x87 may keep more digits in one of them
            CHECK_NEAR(sppoi_loss((sppo_loss)kind, &x, grad), loss,
                       1e-14 * (1.0 + fabs(loss)));
            CHECK_NEAR(grad[0], same[0], 1e-14 * (1.0 + fabs(same[0])));
            CHECK_NEAR(grad[1], same[1], 1e-14 * (1.0 + fabs(same[1])));
        }
    }
    x.tied = 1;
    for (kind = 0; kind <= SPPO_LOSS_IPO; kind++) {
        const double loss = sppoi_loss((sppo_loss)kind, &x, grad);

        CHECK((loss > 0.0 || loss < 0.0) == (kind < SPPO_LOSS_HARD));
        CHECK((grad[0] == 0.0 && grad[1] == 0.0) == (kind >= SPPO_LOSS_HARD));
        for (i = 0; i < kind; i++)
            CHECK(strcmp(sppo_loss_name((sppo_loss)i),
                         sppo_loss_name((sppo_loss)kind)) != 0);
    }
    CHECK(sppo_loss_name((sppo_loss)-1) == NULL);
    CHECK(sppo_loss_name((sppo_loss)SPPOI_LOSSES) == NULL);
    CHECK(isnan(sppoi_loss((sppo_loss)SPPOI_LOSSES, &x, grad)));
}

/* D12, with the responses of another prompt before these: a cut loses log-odds
 * against what ended, in its row and its column, and nothing else changes.  */
static void cuts_lose_log_odds_against_what_ended(void)
{
    static const double before[16] = { 0.5, 0.7, 0.2, 0.9, 0.3, 0.5, 0.6, 0.4,
                                       0.8, 0.4, 0.5, 0.7, 0.1, 0.6, 0.3, 0.5 };
    static const int token[] = { 3, 2 };  // 2 ends a response
    static const int others[3] = { 1, 0, 0 };  // none is as its mirror image
    static const int cut[5] = { 1, 0, 1, 0, 1 };  // of two prompts that overlap
    double after[16];
    sppo_config config;
    sppo_lists responses;
    sppo_ctx ctx;
    int i, j, at;

    memset(&ctx, 0, sizeof ctx);
    memset(&config, 0, sizeof config);
    memset(&responses, 0, sizeof responses);
    config.eos = 2;
    for (i = 0; i < 3; i++)
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &responses, token, 2 - others[i]));
    for (i = 0; i < 5; i++)
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &responses, token, 2 - cut[i]));
    for (at = 0; at < 2; at++) {
        memcpy(after, before, sizeof after);
        sppo_penalise_cuts(after, &config, &responses, 3 + at, 4, 0.0);
        CHECK(memcmp(after, before, sizeof after) == 0);
        sppo_penalise_cuts(after, &config, &responses, 3 + at, 4, 0.05);
        for (i = 0; i < 4; i++)
            for (j = 0; j < 4; j++) {
                const double p = before[i * 4 + j];
                const double odds = log(p / (1 - p)) -
                                    0.05 * (cut[at + i] - cut[at + j]);

                CHECK_NEAR(after[i * 4 + j], 1 / (1 + exp(-odds)), 1e-12);
            }
    }
    sppo_lists_free(&ctx, &responses);
}

/* The values and gradients that PyTorch's autograd gives. */
static void losses_equal_pytorch(void)
{
    const double w = ref_sppo_lp_w - ref_sppo_ref_lp_w;
    const double l = ref_sppo_lp_l - ref_sppo_ref_lp_l;
    const double eta = ref_sppo_eta;
    double loss[5], grad[5][2];
    int i;

    loss[0] = sppo_loss_pair(w, l, ref_sppo_p_win, eta, grad[0]);
    loss[1] = sppo_loss_pair_average(w, l, ref_sppo_phat_w, ref_sppo_phat_l,
                                     eta, grad[1]);
    loss[2] = sppo_loss_hard(w, l, eta, grad[2]);
    loss[3] = sppo_loss_dpo(w, l, eta, grad[3]);
    loss[4] = sppo_loss_ipo(w, l, eta, grad[4]);
    CHECK(ref_sppo_loss_count == 5);
    for (i = 0; i < 5; i++) {
        CHECK_NEAR(loss[i], ref_sppo_losses[i].loss, 1e-12);
        CHECK_NEAR(grad[i][0], ref_sppo_losses[i].grad_w, 1e-12);
        CHECK_NEAR(grad[i][1], ref_sppo_losses[i].grad_l, 1e-12);
    }
    CHECK_NEAR(sppo_loss_single(w, l, ref_sppo_p_win, eta, grad[0]),
               ref_sppo_losses[0].loss / 2, 1e-12);
    CHECK_NEAR(grad[0][0], ref_sppo_losses[0].grad_w / 2, 1e-12);
    CHECK_NEAR(grad[0][1], ref_sppo_losses[0].grad_l / 2, 1e-12);
}

/* At ratio 0 and eta = 1e3, as users see them on the first logged line. */
static void losses_start_at_the_published_values(void)
{
    double s[2];

    CHECK_NEAR(sppo_loss_hard(0, 0, 1e3, s), 500000.0, 1e-9);
    CHECK_NEAR(s[0], -1000.0, 1e-9);
    CHECK_NEAR(s[1], 1000.0, 1e-9);
    CHECK_NEAR(sppo_loss_pair_average(0, 0, 0.9, 0.1, 1e3, s), 160000.0, 1e-9);
    CHECK_NEAR(s[0], -400.0, 1e-9);
    CHECK_NEAR(s[1], 400.0, 1e-9);
    CHECK_NEAR(sppo_loss_pair(0, 0, 0.9, 1e3, s), 320000.0, 1e-9);
    CHECK_NEAR(sppo_loss_single(0, 0, 0.9, 1e3, s), 160000.0, 1e-9);
    CHECK_NEAR(s[0], -400.0, 1e-9);
    CHECK_NEAR(s[1], 400.0, 1e-9);
    CHECK_NEAR(sppo_loss_dpo(0, 0, 1e3, s), log(2.0), 1e-15);
    CHECK_NEAR(s[0], -0.0005, 1e-15);
    CHECK_NEAR(s[1], 0.0005, 1e-15);
    CHECK_NEAR(sppo_loss_ipo(0, 0, 1e3, s), 1e6, 1e-9);
}

/* The first loss that a user of the released code saw was 119,743.85: a root
 * mean square of |P^ - 1/2| of 0.346.  Of best and worst of five responses it
 * is at most 0.4, so the half sum with soft win rates may be that much; with
 * hard labels the first loss is 500,000, or half of it, whatever they are.  */
static void losses_first_logged_value_is_the_soft_half_sum(void)
{
    const double logged = 119743.85, distance = sqrt(logged) / 1e3;
    double most = 0.0, s[2];
    int coins;

    CHECK_NEAR(distance, 0.346, 5e-4);
    for (coins = 0; coins < 1024; coins++) {
        double p[25], win[5], loss, best, worst;
        int i;
        toss(p, 5, coins);
        sppo_win_rates(win, p, 5);
        best = worst = win[0];
        for (i = 1; i < 5; i++) {
            best = fmax(best, win[i]);
            worst = fmin(worst, win[i]);
        }
        loss = sppo_loss_pair_average(0, 0, best, worst, 1e3, s);
        most = fmax(most, loss);
    }
    CHECK_NEAR(most, 160000.0, 1e-6);
    CHECK(logged < most);
    CHECK_NEAR(sppo_loss_pair_average(0, 0, 0.5 + distance, 0.5 - distance,
                                      1e3, s), logged, 1e-6);
    CHECK(sppo_loss_hard(0, 0, 1e3, s) > 4 * logged);
    CHECK(sppo_loss_single(0, 0, 1.0, 1e3, s) > 2 * logged);
}

static void eq_4_12_is_two_points(void)
{
    int i, j;

    for (i = 0; i < COUNT(ratios); i++)
        for (j = 0; j < COUNT(ratios); j++) {
            const double w = ratios[i], l = ratios[j], eta = 2.5, p = 0.85;
            double s[2], sw, sl;
            const double pair = sppo_loss_pair(w, l, p, eta, s);
            const double points =
                sppo_loss_point(w, sppo_target(eta, p, eta / 2), &sw)
                + sppo_loss_point(l, sppo_target(eta, 1 - p, eta / 2), &sl);
            CHECK_NEAR(pair, points, 1e-12);
            CHECK_NEAR(s[0], sw, 1e-12);
            CHECK_NEAR(s[1], sl, 1e-12);
        }
}

/* The released code halves the sum, and takes win rates over all K. */
static void eq_4_12_halved_is_the_released_loss(void)
{
    double s[2], t[2], sw, sl, points;

    points = sppo_loss_point(0.4, 1.7 * (0.7 - 0.5), &sw)
           + sppo_loss_point(-1.2, 1.7 * (0.25 - 0.5), &sl);
    CHECK_NEAR(sppo_loss_pair_average(0.4, -1.2, 0.7, 0.25, 1.7, s),
               points / 2, 1e-14);
    CHECK_NEAR(s[0], sw / 2, 1e-14);
    CHECK_NEAR(s[1], sl / 2, 1e-14);
    /* with win rates p and 1 - p it is half of Eq 4.12 */
    CHECK_NEAR(sppo_loss_pair_average(0.4, -1.2, 0.8, 0.2, 1.7, s),
               sppo_loss_pair(0.4, -1.2, 0.8, 1.7, t) / 2, 1e-14);
    CHECK_NEAR(s[0], t[0] / 2, 1e-14);
    CHECK_NEAR(s[1], t[1] / 2, 1e-14);
}

/* The released `sppo_single` is half of Eq 4.12, for any P. */
static void eq_4_12_halved_is_the_single_loss(void)
{
    int i, j, k;

    for (i = 0; i < COUNT(ratios); i++)
        for (j = 0; j < COUNT(ratios); j++)
            for (k = 0; k <= 4; k++) {
                const double w = ratios[i], l = ratios[j], p = 0.25 * k;
                double s[2], t[2];
                const double single = sppo_loss_single(w, l, p, 2.5, s);
                CHECK_NEAR(single, sppo_loss_pair(w, l, p, 2.5, t) / 2, 1e-12);
                CHECK_NEAR(s[0], t[0] / 2, 1e-12);
                CHECK_NEAR(s[1], t[1] / 2, 1e-12);
            }
    {
        /* by hand: (0.4 - 1)^2 and (-1.2 + 1)^2 with eta (P - 1/2) = 1 */
        double s[2];
        CHECK_NEAR(sppo_loss_single(0.4, -1.2, 0.75, 4.0, s),
                   (0.36 + 0.04) / 2, 1e-15);
        CHECK_NEAR(s[0], -0.6, 1e-15);
        CHECK_NEAR(s[1], -0.2, 1e-15);
    }
}

static void eq_4_12_with_p_one_is_the_hard_loss(void)
{
    double s[2], t[2];
    const double eta = 3.0, a = 0.4 / eta, b = -1.2 / eta;

    CHECK_NEAR(sppo_loss_hard(0.4, -1.2, eta, s),
               sppo_loss_pair(0.4, -1.2, 1.0, eta, t), 1e-14);
    CHECK_NEAR(s[0], t[0], 1e-14);
    CHECK_NEAR(s[1], t[1], 1e-14);
    /* section 4.5 writes it without the factor eta^2 */
    CHECK_NEAR(sppo_loss_hard(0.4, -1.2, eta, s),
               eta * eta * ((a - 0.5) * (a - 0.5) + (b + 0.5) * (b + 0.5)),
               1e-12);
}

static void eq_4_12_swapping_the_two_changes_nothing(void)
{
    double s[2], t[2];
    int i, j;

    for (i = 0; i < COUNT(ratios); i++)
        for (j = 0; j < COUNT(ratios); j++) {
            const double w = ratios[i], l = ratios[j];
            CHECK_NEAR(sppo_loss_pair(w, l, 0.8, 2.0, s),
                       sppo_loss_pair(l, w, 0.2, 2.0, t), 1e-12);
            CHECK_NEAR(s[0], t[1], 1e-12);
            CHECK_NEAR(s[1], t[0], 1e-12);
        }
    CHECK_NEAR(sppo_loss_pair(0.3, -0.4, 0.5, 9.0, s), 0.09 + 0.16, 1e-14);
}

/* Sec 3.1's -log sigma(eta^-1 [log pi(w)/ref(w) - log pi(l)/ref(l)]) is Eq
 * 4.13.  At RLHF's policy, ref exp(eta r) / Z, it is -log P(w > l) by Eq 3.1:
 * the policy is its own reward model.                                       */
static void sec_3_1_dpo_is_eq_4_13(void)
{
    static const double ref[3] = { 0.5, 0.2, 0.3 }, r[3] = { 0.9, -0.4, 0.2 };
    static const double pi[3] = { 0.25, 0.35, 0.4 };
    double best[3], s[2];
    const double eta = 1.7;
    const double w = log(pi[0] / ref[0]), l = log(pi[1] / ref[1]);
    const double odds = pow(pi[0] / ref[0] * ref[1] / pi[1], 1 / eta);

    CHECK_NEAR(sppo_loss_dpo(w, l, eta, s), log(1 + 1 / odds), 1e-14);
    CHECK_NEAR(s[0], -1 / (eta * (1 + odds)), 1e-14);
    sppo_exact_step(best, ref, r, eta, 3);
    CHECK_NEAR(sppo_loss_dpo(log(best[0] / ref[0]), log(best[1] / ref[1]), eta,
                             s), -log(sppo_bradley_terry(r[0], r[1])), 1e-14);
}

/* Slip S6: Sec 4.4 calls Eq 4.13 the Bradley-Terry model, which is Eq 3.1.  The
 * loss is that model's negative logarithm: no probability, beyond 1, and the
 * two of a pair do not add up to 1.                                         */
static void eq_4_13_is_not_bradley_terry(void)
{
    double s[2], r;

    for (r = -3.0; r < 3.25; r += 0.5) {
        const double p = sppo_bradley_terry(r, 0.25);
        const double loss = sppo_loss_dpo(r, 0.25, 1.0, s);
        CHECK_NEAR(exp(-loss), p, 1e-15);
        CHECK(fabs(loss - p) > 0.01);
        CHECK(loss + sppo_loss_dpo(0.25, r, 1.0, s) > 1.38);  // 2 log 2
    }
    CHECK(sppo_loss_dpo(-3.0, 0.0, 1.0, s) > 3.0);
}

static void eq_4_13_depends_on_the_difference_only(void)
{
    double s[2], t[2];

    CHECK_NEAR(sppo_loss_dpo(1.25, -0.5, 2.0, s),
               sppo_loss_dpo(101.25, 99.5, 2.0, t), 1e-14);
    CHECK_NEAR(s[0], t[0], 1e-14);
    CHECK_NEAR(s[0] + s[1], 0.0, 0.0);
    CHECK_NEAR(sppo_loss_dpo(1.25, -0.5, 2.0, s),
               -log(sppo_sigmoid(1.75 / 2.0)), 1e-14);
    /* and no overflow far out */
    CHECK_NEAR(sppo_loss_dpo(-1e5, 0, 1.0, s), 1e5, 1e-9);
    CHECK_NEAR(s[0], -1.0, 1e-15);
    CHECK_NEAR(sppo_loss_dpo(1e5, 0, 1.0, s), 0.0, 1e-300);
    CHECK_NEAR(s[0], 0.0, 1e-300);
    CHECK(sppo_loss_dpo(30, 0, 1.0, s) > 0.0);
}

/* The code's IPO is eta^2 times Eq 4.14, that is tau = 1 / (2 eta). */
static void eq_4_14_is_ipo_over_eta_squared(void)
{
    double s[2];
    const double eta = 2.5, a = 1.25 / eta, b = -0.5 / eta;

    CHECK_NEAR(sppo_loss_ipo(1.25, -0.5, eta, s),
               eta * eta * (a - b - 1) * (a - b - 1), 1e-13);
    CHECK_NEAR(s[0] + s[1], 0.0, 0.0);
    CHECK_NEAR(sppo_loss_ipo(4.0, 1.5, eta, s), 0.0, 0.0);  // margin eta
    CHECK_NEAR(s[0], 0.0, 0.0);
    {
        const double tau = 1 / (2 * eta), m = 1.75 - 1 / (2 * tau);
        CHECK_NEAR(sppo_loss_ipo(1.25, -0.5, eta, s), m * m, 1e-13);
    }
}

/* Of (a, b, c) = (0, 0, 0): log 2, 1 and 1, in the scale of Sec 4.5. */
static void eq_4_15_and_the_others_at_the_reference(void)
{
    double s[2], eta;

    for (eta = 0.5; eta < 2000; eta *= 4) {
        CHECK_NEAR(sppo_loss_dpo(0, 0, eta, s), log(2.0), 1e-15);
        CHECK_NEAR(sppo_loss_ipo(0, 0, eta, s) / (eta * eta), 1.0, 1e-15);
        CHECK_NEAR(slow_loss_kto(0, 0, 0, eta, s), 1.0, 1e-15);
        CHECK_NEAR(s[0] * eta, -0.25, 1e-15);
        CHECK_NEAR(s[1] * eta, 0.25, 1e-15);
    }
}

/* sigma(-a + c) + sigma(b - c): with a - c = log 3 and c - b = log 4 the two
 * are 1/4 and 1/5; they see the ratios against the KL alone.                */
static void eq_4_15_from_its_definition(void)
{
    const double eta = 2.5;
    double s[2], t[2];
    int i, j;

    CHECK_NEAR(slow_loss_kto(eta * log(3.0), -eta * log(4.0), 0, eta, s), 0.45,
               1e-15);
    CHECK_NEAR(s[0], -0.25 * 0.75 / eta, 1e-15);
    CHECK_NEAR(s[1], 0.2 * 0.8 / eta, 1e-15);
    for (i = 0; i < COUNT(ratios); i++)
        for (j = 0; j < COUNT(ratios); j++) {
            const double a = ratios[i] / eta, b = ratios[j] / eta, c = 0.3;
            CHECK_NEAR(slow_loss_kto(ratios[i], ratios[j], c * eta, eta, s),
                       1 / (1 + exp(a - c)) + 1 / (1 + exp(c - b)), 1e-15);
            CHECK(s[0] < 0.0 && s[1] > 0.0);
            CHECK_NEAR(slow_loss_kto(ratios[i] + 9, ratios[j] + 9,
                                     c * eta + 9, eta, t),
                       slow_loss_kto(ratios[i], ratios[j], c * eta, eta, s),
                       1e-14);
            CHECK_NEAR(t[0], s[0], 1e-14);
            CHECK_NEAR(t[1], s[1], 1e-14);
        }
    CHECK_NEAR(slow_loss_kto(-1e5, 1e5, 0, 1.0, s), 2.0, 0.0);  // no overflow
    CHECK_NEAR(slow_loss_kto(1e5, -1e5, 0, 1.0, s), 0.0, 1e-300);
}

/* The paper's claim: SPPO's pair has one minimiser, (1/2, -1/2) eta; DPO and
 * IPO do not care where the two stand.                                      */
static void eq_4_12_has_one_minimum_ipo_a_line(void)
{
    double s[2];

    CHECK_NEAR(sppo_loss_hard(1.5, -1.5, 3.0, s), 0.0, 0.0);
    CHECK(sppo_loss_hard(2.5, -0.5, 3.0, s) > 1.0);
    CHECK_NEAR(sppo_loss_ipo(1.5, -1.5, 3.0, s), 0.0, 0.0);
    CHECK_NEAR(sppo_loss_ipo(-6.0, -9.0, 3.0, s), 0.0, 0.0);
}

/* ==== Sec 4.5, where the losses lead ===================================== */

typedef double pair_loss(double r_w, double r_l, double eta, double *grad);

/* Descends a loss of answers 0 (winner) and 1 (loser) from the uniform policy
 * over n; logit(y) = feature(y) . theta, feature[n, width].  ratio[n]: the
 * log-ratios at the end; returns the last loss.                             */
static double follow(pair_loss *loss, const double *feature, int n, int width,
                     double eta, double *ratio)
{
    double theta[4] = { 0 }, pi[4], value = 0.0, s[2];
    int step, y, f;

    for (step = 0; step <= 5000; step++) {
        double logit[4] = { 0 };
        for (y = 0; y < n; y++)
            for (f = 0; f < width; f++)
                logit[y] += feature[y * width + f] * theta[f];
        softmax(pi, logit, n);
        for (y = 0; y < n; y++)
            ratio[y] = log(pi[y] * n);
        value = loss(ratio[0], ratio[1], eta, s);
        for (f = 0; f < width; f++) {
            double mean = 0.0;
            for (y = 0; y < n; y++)
                mean += pi[y] * feature[y * width + f];
            theta[f] -= 0.05 * (s[0] * (feature[f] - mean)
                                + s[1] * (feature[width + f] - mean));
        }
    }
    return value;
}

/* A table of four answers, a feature each: SPPO's winner ends at eta / 2, its
 * loser at -eta / 2 (descent contracts by 0.99 a step or faster).           */
static void sec_4_5_winner_rises_and_loser_falls(void)
{
    static const double table[16] = {
        1, 0, 0, 0,  0, 1, 0, 0,  0, 0, 1, 0,  0, 0, 0, 1
    };
    double ratio[4];

    CHECK_NEAR(follow(sppo_loss_hard, table, 4, 4, 1.0, ratio), 0.0, 1e-20);
    CHECK_NEAR(ratio[0], 0.5, 1e-10);
    CHECK_NEAR(ratio[1], -0.5, 1e-10);
}

/* Three answers that share features: what raises the winner raises a third one
 * three times as much.  At the reference all losses pull the same way; DPO and
 * IPO widen the margin while the winner falls, SPPO turns back to its point. */
static void sec_4_5_shared_features_sink_the_winner_of_dpo(void)
{
    static const double shared[6] = { 1, 0,  0, 1,  3, 0 };
    double ratio[4], s[2], t[2], loss;

    (void)sppo_loss_hard(0, 0, 1.0, s);
    (void)sppo_loss_dpo(0, 0, 1.0, t);
    CHECK(s[0] < 0 && s[1] > 0 && t[0] < 0 && t[1] > 0);
    CHECK_NEAR(s[0] * t[1], s[1] * t[0], 1e-15);
    loss = follow(sppo_loss_dpo, shared, 3, 2, 1.0, ratio);
    CHECK(loss < 0.1);
    CHECK(ratio[0] < -0.5);
    CHECK(ratio[1] < ratio[0] - 2.0);
    loss = follow(sppo_loss_ipo, shared, 3, 2, 1.0, ratio);
    CHECK_NEAR(loss, 0.0, 1e-20);
    CHECK(ratio[0] < -0.1);
    CHECK_NEAR(ratio[0] - ratio[1], 1.0, 1e-10);
    loss = follow(sppo_loss_hard, shared, 3, 2, 1.0, ratio);
    CHECK_NEAR(loss, 0.0, 1e-20);
    CHECK_NEAR(ratio[0], 0.5, 1e-10);
    CHECK_NEAR(ratio[1], -0.5, 1e-10);
}

/* ==== Sec 5, scores, two responses, the best of n ======================== */

/* Raw logits of a judge that reads (first, second), k of them a row, and the
 * preference after both orders: sigma((C_ij - C_ji) / 2).                   */
static void judge_both_orders(double *raw, double *pairwise, int k,
                              uint64_t key)
{
    int i, j;

    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            raw[i * k + j] =
                i == j ? 0.0 : sppo_random_normal(key, (uint64_t)(i * k + j));
    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            pairwise[i * k + j] =
                1 / (1 + exp((raw[j * k + i] - raw[i * k + j]) / 2));
}

/* s_PairRM: the mean of the log-odds, the response itself among them as 0.  The
 * ranker's own score, mean_j (C_ij - C_ji), is twice that: the same order.  */
static void sec_5_mean_scores_are_half_the_rankers(void)
{
    uint64_t key;

    for (key = 0; key < 20; key++) {
        double raw[25], p[25], score[5], ranker[5];
        int i, j;
        judge_both_orders(raw, p, 5, key + 900);
        sppo_mean_scores(score, p, 5);
        for (i = 0; i < 5; i++) {
            double odds = 0.0;
            for (ranker[i] = 0.0, j = 0; j < 5; j++) {
                ranker[i] += (raw[i * 5 + j] - raw[j * 5 + i]) / 5;
                odds += j == i ? 0.0 : log(p[i * 5 + j] / p[j * 5 + i]);
            }
            CHECK_NEAR(score[i], odds / 5, 1e-14);
            CHECK_NEAR(2 * score[i], ranker[i], 1e-14);
        }
        for (i = 0; i < 5; i++)
            for (j = 0; j < 5; j++)
                CHECK((score[i] > score[j]) == (ranker[i] > ranker[j]));
    }
}

/* The published rewards as log-odds: score = reward - mean reward. */
static void sec_5_mean_scores_are_rewards_but_for_their_mean(void)
{
    static const double reward[5] = { 0.9, 0.4, 0.0, -0.2, -0.8 };
    double p[25], score[5];
    int i, j;

    for (i = 0; i < 5; i++)
        for (j = 0; j < 5; j++)
            p[i * 5 + j] = sppo_bradley_terry(reward[i], reward[j]);
    sppo_mean_scores(score, p, 5);
    for (i = 0; i < 5; i++)
        CHECK_NEAR(score[i], reward[i] - 0.3 / 5, 1e-14);
}

/* A judge that is certain has infinite log-odds, cut at 53 log 2: where sigma
 * is 1 but for the last bit.  Anything less certain is left as it is.       */
static void sec_5_mean_scores_of_a_certain_judge_are_finite(void)
{
    static const double sure[4] = { 0.5, 1.0, 0.0, 0.5 };
    static const double all[9] = { .5, 1, 1,  0, .5, 1,  0, 0, .5 };
    const double limit = 53 * log(2.0), small = ldexp(1.0, -52);
    double score[3], p[4], back[4];

    CHECK_NEAR(sppo_sigmoid(limit), 1.0, DBL_EPSILON);
    sppo_mean_scores(score, sure, 2);
    CHECK_NEAR(score[0], limit / 2, 1e-14);
    CHECK_NEAR(score[1], -limit / 2, 1e-14);
    sppo_preference_from_scores(back, score, 2);
    CHECK_NEAR(back[1], 1.0, 0.0);
    CHECK(back[2] > 0.0 && back[2] < 1e-31);  // 2^-106
    sppo_mean_scores(score, all, 3);
    CHECK_NEAR(score[0], limit * 2 / 3, 1e-13);
    CHECK_NEAR(score[1], 0.0, 1e-14);
    CHECK_NEAR(score[2], -limit * 2 / 3, 1e-13);
    p[0] = p[3] = 0.5, p[1] = small, p[2] = 1 - small;
    sppo_mean_scores(score, p, 2);
    CHECK_NEAR(score[0], -26 * log(2.0), 1e-13);
    CHECK_NEAR(score[1], 26 * log(2.0), 1e-13);
    p[1] = 1e-300, p[2] = 1.0;
    sppo_mean_scores(score, p, 2);
    CHECK_NEAR(score[0], -limit / 2, 1e-14);
}

/* The released code's P.  A circle of log-odds 2: the paper's P is sigma(2) =
 * 0.881 for each, the released one a tie, and so nothing to learn.          */
static void sec_5_released_preference_ties_a_circle(void)
{
    double p[9], score[3], released[9], win[3];
    int i;

    for (i = 0; i < 9; i++)
        p[i] = sppo_sigmoid(4 * (rock_paper_scissors[i] - 0.5));
    CHECK_NEAR(p[1], 0.881, 5e-4);
    sppo_mean_scores(score, p, 3);
    sppo_preference_from_scores(released, score, 3);
    for (i = 0; i < 9; i++)
        CHECK_NEAR(released[i], 0.5, 1e-15);
    sppo_win_rates(win, released, 3);
    for (i = 0; i < 3; i++)
        CHECK_NEAR(sppo_target(1e3, win[i], 500.0), 0.0, 1e-12);
}

/* Of Bradley-Terry rewards it is sigma of twice the difference; to the three
 * digits published, against .686 .578 .486 .440 .310 by the paper's P.      */
static void sec_5_released_preference_doubles_rewards(void)
{
    static const double reward[5] = { 0.9, 0.4, 0.0, -0.2, -0.8 };
    static const double published[5] = { .791, .629, .477, .400, .203 };
    double p[25], score[5], released[25], win[5];
    int i, j;

    for (i = 0; i < 5; i++)
        for (j = 0; j < 5; j++)
            p[i * 5 + j] = sppo_bradley_terry(reward[i], reward[j]);
    sppo_mean_scores(score, p, 5);
    sppo_preference_from_scores(released, score, 5);
    for (i = 0; i < 5; i++)
        for (j = 0; j < 5; j++)
            CHECK_NEAR(released[i * 5 + j],
                       1 / (1 + exp(2 * (reward[j] - reward[i]))), 1e-14);
    sppo_win_rates(win, released, 5);
    for (i = 0; i < 5; i++)
        CHECK_NEAR(win[i], published[i], 0.0005);
}

/* It never has a circle, P_01 P_12 P_20 = P_10 P_21 P_02, though the judge has
 * one; and P of two depends on the third, which the paper's does not.       */
static void sec_5_released_preference_depends_on_the_others(void)
{
    double p[9], pi[3], score[3], q[9], before, odds;

    random_game(p, pi, 3, 87);
    sppo_mean_scores(score, p, 3);
    sppo_preference_from_scores(q, score, 3);
    CHECK_NEAR(q[1] * q[5] * q[6], q[3] * q[7] * q[2], 1e-15);
    CHECK(fabs(p[1] * p[5] * p[6] - p[3] * p[7] * p[2]) > 1e-2);
    CHECK_NEAR(q[1] + q[3], 1.0, 1e-15);
    before = log(q[1] / q[3]);
    odds = log(p[2] / p[6]);
    p[2] = sppo_sigmoid(odds + 1.5);  // 0 against 2, not against 1
    p[6] = 1 - p[2];
    sppo_mean_scores(score, p, 3);
    sppo_preference_from_scores(q, score, 3);
    CHECK_NEAR(log(q[1] / q[3]) - before, 2 * 1.5 / 3, 1e-13);
}

/* Of K = 2, as in Sec 5.3: (1/2 + P(y_w > y_l)) / 2, so the target is half of
 * Eq 4.12's; a hard P ends at 3/4 and 1/4.                                  */
static void sec_5_3_win_rates_of_two(void)
{
    const double eta = 1e3;
    int i;

    for (i = 0; i <= 16; i++) {
        const double p = i / 16.0;
        double pairwise[4], win[2], s[2], t;
        pairwise[0] = pairwise[3] = 0.5;
        pairwise[1] = p;
        pairwise[2] = 1 - p;
        sppo_win_rates(win, pairwise, 2);
        CHECK_NEAR(win[0], (0.5 + p) / 2, 0.0);
        CHECK_NEAR(win[1], (0.5 + (1 - p)) / 2, 0.0);
        CHECK(win[0] >= 0.25 && win[0] <= 0.75);
        t = sppo_target(eta, win[0], eta / 2);
        CHECK_NEAR(t, eta * (p - 0.5) / 2, 1e-12 * eta);
        /* the half sum at the reference: a quarter of Eq 4.12's half */
        CHECK_NEAR(sppo_loss_pair_average(0, 0, win[0], win[1], eta, s),
                   sppo_loss_single(0, 0, p, eta, s) / 4, 1e-9);
    }
}

/* Of any K no response leaves [1/2K, 1 - 1/2K], and a sure judge gets there. */
static void sec_5_1_win_rates_keep_their_range(void)
{
    int k, coins;

    for (k = 2; k <= 5; k++) {
        double least = 1.0, most = 0.0;
        for (coins = 0; coins < 1 << (k * (k - 1) / 2); coins++) {
            double p[25], win[5];
            int i;
            toss(p, k, coins);
            sppo_win_rates(win, p, k);
            for (i = 0; i < k; i++) {
                least = fmin(least, win[i]);
                most = fmax(most, win[i]);
            }
        }
        CHECK_NEAR(least, 0.5 / k, 1e-15);
        CHECK_NEAR(most, 1 - 0.5 / k, 1e-15);
    }
}

/* The policy "best of `samples` draws from pi", by all draws. */
static void best_of_policy(double *best, const double *p, const double *pi,
                           int n, int samples)
{
    int t, i, j;

    for (i = 0; i < n; i++)
        best[i] = 0.0;
    for (t = 0; t < draws(samples, n); t++) {
        int y[5];
        double pairwise[25];
        const double chance = drawn(y, samples, pi, n, t);
        for (i = 0; i < samples; i++)
            for (j = 0; j < samples; j++)
                pairwise[i * samples + j] = p[y[i] * n + y[j]];
        best[y[sppo_best_of(pairwise, samples)]] += chance;
    }
}

/* Answers with rewards, answer 0 the best: best-of-m is answer i when no draw
 * is better and not all are worse, S_i^m - S_{i+1}^m with S_i = P(i or worse).
 * Its win rate against pi starts at 1/2 and rises.                          */
static void tables_best_of_n_beats_the_policy(void)
{
    enum { N = 4 };
    static const double reward[N] = { 1.1, 0.3, -0.2, -0.9 };
    double p[N * N], unused[N * N], pi[N], best[N], last = 0.0;
    int m, i, j;

    random_game(unused, pi, N, 88);
    for (i = 0; i < N; i++)
        for (j = 0; j < N; j++)
            p[i * N + j] = sppo_bradley_terry(reward[i], reward[j]);
    for (m = 1; m <= 5; m++) {
        double tail = 1.0, win = 0.0, value;
        best_of_policy(best, p, pi, N, m);
        for (i = 0; i < N; i++) {
            const double share = pow(tail, m) - pow(tail - pi[i], m);
            CHECK_NEAR(best[i], share, 1e-14);
            for (j = 0; j < N; j++)
                win += share * pi[j] / (1 + exp(reward[j] - reward[i]));
            tail -= pi[i];
        }
        value = sppo_exact_value(p, best, pi, N);
        CHECK_NEAR(value, win, 1e-14);
        CHECK(value > last + 0.01);
        last = value;
        if (m == 1)
            CHECK_NEAR(value, 0.5, 1e-15);
    }
}

/* Any preferences, circles too: the winner of each draw found by itself. */
static void tables_best_of_n_by_enumeration(void)
{
    enum { N = 4 };
    double p[N * N], pi[N], best[N];
    int m, t, i, j;

    random_game(p, pi, N, 89);
    for (m = 1; m <= 4; m++) {
        double expected = 0.0;
        for (t = 0; t < draws(m, N); t++) {
            int y[4], top = 0;
            const double chance = drawn(y, m, pi, N, t);
            double most = -1.0;
            for (i = 0; i < m; i++) {
                double sum = 0.0;
                for (j = 0; j < m; j++)
                    sum += p[y[i] * N + y[j]];
                top = sum > most ? y[i] : top;
                most = fmax(most, sum);
            }
            for (j = 0; j < N; j++)
                expected += chance * p[top * N + j] * pi[j];
        }
        best_of_policy(best, p, pi, N, m);
        CHECK_NEAR(sppo_exact_value(p, best, pi, N), expected, 1e-14);
    }
}

/* In a strict order of 20 equal answers best-of-m wins m / (m + 1), as among
 * infinitely many, but for ties: 1/400 or less.  Where answers go in a circle
 * there is nothing to gain.                                                 */
static void tables_best_of_n_in_an_order_and_in_a_circle(void)
{
    enum { N = 20 };
    static double p[N * N];
    double pi[N], best[N];
    int m, i, j;

    for (i = 0; i < N; i++) {
        pi[i] = 1.0 / N;
        for (j = 0; j < N; j++)
            p[i * N + j] = i == j ? 0.5 : i < j ? 1.0 : 0.0;
    }
    for (m = 1; m <= 3; m++) {
        best_of_policy(best, p, pi, N, m);
        CHECK_NEAR(sppo_exact_value(p, best, pi, N), m / (m + 1.0), 1.0 / 400);
    }
    for (i = 0; i < 3; i++)
        pi[i] = 1.0 / 3;
    for (m = 1; m <= 5; m++) {
        best_of_policy(best, rock_paper_scissors, pi, 3, m);
        CHECK_NEAR(best[0] + best[1] + best[2], 1.0, 1e-14);
        CHECK_NEAR(sppo_exact_value(rock_paper_scissors, best, pi, 3), 0.5,
                   1e-15);
    }
}

/* ==== the paper's tables ================================================= */

/* Table 3, Open LLM Leaderboard: six tasks and their average as printed, to two
 * decimals; three of the averages end in exactly half a hundredth.          */
static void tables_averages_of_table_3(void)
{
    static const double row[15][7] = {
        { 63.65, 66.85, 77.98, 41.93, 84.89, 59.15, 65.74 },  // Mistral
        { 66.04, 70.86, 77.74, 36.77, 85.64, 60.83, 66.31 },  // Snorkel
        { 63.14, 68.39, 77.19, 40.33, 85.25, 59.41, 65.62 },  // DPO 1 2 3
        { 64.16, 67.84, 76.09, 39.95, 85.23, 59.03, 65.38 },
        { 65.19, 67.89, 77.27, 32.30, 85.49, 59.00, 64.52 },
        { 64.68, 68.60, 77.98, 43.75, 85.08, 59.04, 66.52 },  // IPO 1 2 3
        { 62.12, 66.30, 77.51, 39.20, 83.15, 59.70, 64.66 },
        { 62.97, 67.12, 77.51, 37.45, 83.69, 59.57, 64.72 },
        { 65.02, 69.40, 77.82, 43.82, 85.11, 58.84, 66.67 },  // SPPO 1 2 3
        { 65.53, 69.55, 77.03, 44.35, 85.29, 58.72, 66.75 },
        { 65.36, 69.97, 76.80, 42.68, 85.16, 58.45, 66.40 },
        { 62.29, 51.65, 76.09, 75.89, 78.73, 65.59, 68.37 },  // Llama 3
        { 63.82, 54.96, 76.40, 75.44, 79.80, 65.65, 69.35 },  // SPPO 1 2 3
        { 64.93, 56.48, 76.87, 75.13, 80.39, 65.67, 69.91 },
        { 65.19, 58.04, 77.11, 74.91, 80.86, 65.60, 70.29 }
    };
    int i, j;

    for (i = 0; i < 15; i++) {
        double sum = 0.0;
        for (j = 0; j < 6; j++)
            sum += row[i][j];
        CHECK_NEAR(sum / 6, row[i][6], 0.005 + 1e-9);
    }
}

/* MT-Bench: two turns and their average. */
static void tables_averages_of_mt_bench(void)
{
    static const double row[8][3] = {
        { 7.78, 7.25, 7.51 }, { 7.83, 7.33, 7.58 },           // base, Snorkel
        { 7.45, 6.58, 7.02 }, { 7.57, 6.56, 7.06 },           // DPO 1 2 3
        { 7.49, 6.69, 7.09 },
        { 7.63, 6.79, 7.21 }, { 7.90, 7.08, 7.49 },           // SPPO 1 2 3
        { 7.84, 7.34, 7.59 }
    };
    int i;

    for (i = 0; i < 8; i++)
        CHECK_NEAR((row[i][0] + row[i][1]) / 2, row[i][2], 0.005 + 1e-9);
}

/* Table 1, length-controlled win rates: what the text says of them, which is
 * +7.69 for the first iteration, 28.52 for the last, +5.34, +3.57 and +3.6 for
 * best-of-16, 25.45 for IPO (of length 2654).  Half of it does not add up.  */
static void tables_gains_of_table_1(void)
{
    static const double ipo[3] = { 23.78, 21.08, 20.06 };
    static const double length[3] = { 1693, 2660, 2760 };
    const double base = 17.11, snorkel = 26.39, first = 24.79, last = 28.53;
    int i;

    CHECK_NEAR(22.45 - base, 5.34, 1e-9);
    CHECK_NEAR(32.13 - last, 3.6, 1e-9);
    CHECK_NEAR(first - base, 7.68, 1e-9);
    CHECK(fabs(first - base - 7.69) > 0.009);
    CHECK_NEAR(29.97 - snorkel, 3.58, 1e-9);
    CHECK(fabs(29.97 - snorkel - 3.57) > 0.009);
    CHECK(fabs(last - 28.52) > 0.009);
    for (i = 0; i < 3; i++) {
        CHECK(ipo[i] < 25.45 - 1.6);
        CHECK(fabs(length[i] - 2654) > 5);
    }
}

/* Table 2 repeats rows of Table 1 to one decimal. */
static void tables_two_and_one_agree(void)
{
    static const struct { double one, two; } cell[] = {
        { 38.77, 38.8 }, { 39.85, 39.9 }, { 32.13, 32.1 }, { 34.94, 34.9 },
        { 29.97, 30.0 }, { 34.86, 34.9 }, { 28.53, 28.5 }, { 31.02, 31.0 },
        { 26.39, 26.4 }, { 30.22, 30.2 }, { 22.92, 22.9 }, { 22.57, 22.6 }
    };
    int i;

    for (i = 0; i < COUNT(cell); i++)
        CHECK_NEAR(cell[i].one, cell[i].two, 0.05 + 1e-9);
}

/* "SPPO and IPO consistently outperform DPO across all iterations": of Figure
 * 3's win rates against DPO of the same iteration, IPO's first is a defeat. */
static void tables_figure_3_has_a_defeat_of_ipo(void)
{
    static const double sppo[3] = { .514, .551, .523 };
    static const double ipo[3] = { .474, .530, .577 };
    static const double dpo[3] = { .526, .470, .423 };  // against IPO
    sppo_ctx ctx = { 0 };
    int t;

    for (t = 0; t < 3; t++) {
        double p[4] = { 0.5, 0, 0, 0.5 };
        p[1] = ipo[t];
        p[2] = dpo[t];
        CHECK_OK(&ctx, sppo_preference_check(&ctx, p, 2, 1e-9));
        CHECK(sppo_best_of(p, 2) == (t == 0));  // 0: IPO
        p[1] = sppo[t];
        p[2] = 1 - sppo[t];
        CHECK(sppo_best_of(p, 2) == 0);
    }
}

static const check_case cases[] = {
    CASE(eq_4_5_win_rate_counts_self_as_half),  // audit 12
    CASE(eq_4_5_win_rate_of_five_is_within_a_tenth),  // audit 47
    CASE(eq_4_5_win_rates_have_mean_one_half),  // audit 12
    CASE(win_rates_beat_by_more_than_rounding),
    CASE(eq_4_5_win_rates_of_known_rewards),  // audit 47
    CASE(eq_4_5_win_rate_is_unbiased_but_for_the_self),  // audit 12
    CASE(eq_4_5_sample_in_proportion_is_the_policy),  // audit 12 13
    CASE(eq_4_5_fresh_responses_estimate_z),  // audit 13
    CASE(app_a_log_z_is_not_that_of_eq_4_5),  // audit 13
    CASE(app_a_log_z_by_each_baseline),  // audit 13
    CASE(app_a_log_z_of_ordered_responses),  // audit 19
    CASE(app_a_log_z_of_all_coin_tournaments),  // audit 17 18
    CASE(app_a_moments_of_coins),  // audit 17
    CASE(app_a_log_z_of_many_coins_is_one_half),  // audit 18
    CASE(app_a_log_z_varies_and_eta_does_not),  // audit 19
    CASE(app_a_log_z_keeps_its_bounds),  // audit 14
    CASE(app_a_log_z_of_two_in_closed_form),  // audit 14
    CASE(app_a_log_z_in_powers_of_eta),  // audit 14
    CASE(eq_4_6_target_is_zero_at_one_half),  // audit 15
    CASE(eq_4_7_gradient_matches_difference),  // audit 24
    CASE(eq_4_7_is_zero_at_the_target),  // audit 24
    CASE(eq_4_7_first_gradient_is_the_policy_gradient),  // audit 24
    CASE(eq_4_7_gradient_in_logits_matches_difference),  // audit 24
    CASE(eq_4_7_mean_over_the_kept_responses),  // audit 24
    CASE(losses_are_those_of_their_rows),
    CASE(cuts_lose_log_odds_against_what_ended),
    CASE(losses_gradients_match_differences),  // audit 6 25 26 27 28 42
    CASE(losses_equal_pytorch),  // audit 25 26 27 28 42
    CASE(losses_start_at_the_published_values),  // audit 25 26 27 28
    CASE(losses_first_logged_value_is_the_soft_half_sum),  // audit 26 28
    CASE(eq_4_12_is_two_points),  // audit 25
    CASE(eq_4_12_halved_is_the_released_loss),  // audit 26
    CASE(eq_4_12_halved_is_the_single_loss),  // audit 27
    CASE(eq_4_12_with_p_one_is_the_hard_loss),  // audit 28
    CASE(eq_4_12_swapping_the_two_changes_nothing),  // audit 25
    CASE(sec_3_1_dpo_is_eq_4_13),  // audit 6
    CASE(eq_4_13_is_not_bradley_terry),  // audit 6 42
    CASE(eq_4_13_depends_on_the_difference_only),  // audit 42
    CASE(eq_4_14_is_ipo_over_eta_squared),  // audit 42
    CASE(eq_4_15_and_the_others_at_the_reference),  // audit 42
    CASE(eq_4_15_from_its_definition),  // audit 42
    CASE(eq_4_12_has_one_minimum_ipo_a_line),  // audit 43
    CASE(sec_4_5_winner_rises_and_loser_falls),  // audit 43
    CASE(sec_4_5_shared_features_sink_the_winner_of_dpo),  // audit 43
    CASE(sec_5_mean_scores_are_half_the_rankers),  // audit 45
    CASE(sec_5_mean_scores_are_rewards_but_for_their_mean),  // audit 45
    CASE(sec_5_mean_scores_of_a_certain_judge_are_finite),  // audit 45
    CASE(sec_5_released_preference_ties_a_circle),  // audit 46
    CASE(sec_5_released_preference_doubles_rewards),  // audit 46
    CASE(sec_5_released_preference_depends_on_the_others),  // audit 46
    CASE(sec_5_1_win_rates_keep_their_range),  // audit 47
    CASE(sec_5_3_win_rates_of_two),  // audit 48
    CASE(tables_best_of_n_beats_the_policy),  // audit 54
    CASE(tables_best_of_n_by_enumeration),  // audit 54
    CASE(tables_best_of_n_in_an_order_and_in_a_circle),  // audit 54
    CASE(tables_averages_of_table_3),  // audit 55
    CASE(tables_averages_of_mt_bench),  // audit 55
    CASE(tables_gains_of_table_1),  // audit 55
    CASE(tables_two_and_one_agree),  // audit 55
    CASE(tables_figure_3_has_a_defeat_of_ipo)  // audit 53
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
