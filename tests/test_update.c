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

/* Appendix A, fair coins: all 1024 tournaments of five.  With X_i the mean of
 * 2P - 1, P^_i = 1/2 + X_i/2 and E exp(eta X_i/2) = cosh(eta/2K)^(K-1).  At
 * eta = 1e3, log Z^ / eta has mean 0.7565, least 0.5, most 0.8984.          */
static void app_a_log_z_of_all_coin_tournaments(void)
{
    double mean = 0.0, least = 9.0, most = 0.0, moment = 0.0, low = 0.0;
    int coins;

    for (coins = 0; coins < 1024; coins++) {
        double p[25], win[5], z;
        int i, j, bit = 0;
        for (i = 0; i < 5; i++) {
            p[i * 5 + i] = 0.5;
            for (j = 0; j < i; j++, bit++) {
                p[i * 5 + j] = (coins >> bit) & 1;
                p[j * 5 + i] = 1 - p[i * 5 + j];
            }
        }
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

/* ==== Eq 4.7 and 4.12 to 4.14, the losses ================================ */

static const double ratios[] = { -7.5, -0.3, 0.0, 0.2, 4.0 };

/* Loss `kind` of a table, so that every case runs over all of them. */
static double loss_of(int kind, double w, double l, double slope[2])
{
    switch (kind) {
    case 0: return sppo_loss_pair(w, l, 0.8, 1.7, slope);
    case 1: return sppo_loss_pair_average(w, l, 0.7, 0.25, 1.7, slope);
    case 2: return sppo_loss_hard(w, l, 1.7, slope);
    case 3: return sppo_loss_dpo(w, l, 1.7, slope);
    default: return sppo_loss_ipo(w, l, 1.7, slope);
    }
}

static void eq_4_7_slope_matches_difference(void)
{
    int i;
    double slope, unused;

    for (i = 0; i < COUNT(ratios); i++) {
        const double h = 1e-5, r = ratios[i];
        const double value = sppo_loss_point(r, 0.9, &slope);
        const double up = sppo_loss_point(r + h, 0.9, &unused);
        const double down = sppo_loss_point(r - h, 0.9, &unused);
        CHECK_NEAR(value, (r - 0.9) * (r - 0.9), 1e-12);
        CHECK_NEAR(slope, (up - down) / (2 * h), 1e-7 * (1 + fabs(slope)));
    }
}

static void eq_4_7_is_zero_at_the_target(void)
{
    double slope = 1.0;

    CHECK_NEAR(sppo_loss_point(-2.5, -2.5, &slope), 0.0, 0.0);
    CHECK_NEAR(slope, 0.0, 0.0);
    CHECK_NEAR(sppo_loss_point(0.0, 400.0, &slope), 160000.0, 1e-9);
    CHECK_NEAR(slope, -800.0, 1e-9);  // the ratio has to rise
}

/* At theta = theta_t the slope of Eq 4.7's expectation in a softmax logit is
 * -2 eta pi_k (P(k > pi_t) - 1/2), whatever the baseline.                   */
static void eq_4_7_first_slope_is_the_policy_gradient(void)
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
                double slope;
                (void)sppo_loss_point(
                    0.0, sppo_target(eta, win[i], eta * baseline[b]), &slope);
                sum += pi[i] * slope * ((i == k) - pi[k]);
            }
            CHECK_NEAR(sum, -2 * eta * pi[k] * (win[k] - 0.5), 1e-13);
        }
}

static void losses_slopes_match_differences(void)
{
    int kind, i, j;
    const double h = 1e-5;

    for (kind = 0; kind < 5; kind++)
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

/* The values and slopes that PyTorch's autograd gives. */
static void losses_equal_pytorch(void)
{
    const double w = ref_sppo_lp_w - ref_sppo_ref_lp_w;
    const double l = ref_sppo_lp_l - ref_sppo_ref_lp_l;
    const double eta = ref_sppo_eta;
    double loss[5], slope[5][2];
    int i;

    loss[0] = sppo_loss_pair(w, l, ref_sppo_p_win, eta, slope[0]);
    loss[1] = sppo_loss_pair_average(w, l, ref_sppo_phat_w, ref_sppo_phat_l,
                                     eta, slope[1]);
    loss[2] = sppo_loss_hard(w, l, eta, slope[2]);
    loss[3] = sppo_loss_dpo(w, l, eta, slope[3]);
    loss[4] = sppo_loss_ipo(w, l, eta, slope[4]);
    CHECK(ref_sppo_loss_count == 5);
    for (i = 0; i < 5; i++) {
        CHECK_NEAR(loss[i], ref_sppo_losses[i].loss, 1e-12);
        CHECK_NEAR(slope[i][0], ref_sppo_losses[i].slope_w, 1e-12);
        CHECK_NEAR(slope[i][1], ref_sppo_losses[i].slope_l, 1e-12);
    }
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
    CHECK_NEAR(sppo_loss_dpo(0, 0, 1e3, s), log(2.0), 1e-15);
    CHECK_NEAR(s[0], -0.0005, 1e-15);
    CHECK_NEAR(s[1], 0.0005, 1e-15);
    CHECK_NEAR(sppo_loss_ipo(0, 0, 1e3, s), 1e6, 1e-9);
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

static const check_case cases[] = {
    CASE(eq_4_5_win_rate_counts_self_as_half),
    CASE(eq_4_5_win_rate_of_five_is_within_a_tenth),
    CASE(eq_4_5_win_rates_have_mean_one_half),
    CASE(eq_4_5_win_rates_of_known_rewards),
    CASE(app_a_log_z_by_each_baseline),
    CASE(app_a_log_z_of_ordered_responses),
    CASE(app_a_log_z_of_all_coin_tournaments),
    CASE(app_a_log_z_keeps_its_bounds),
    CASE(eq_4_6_target_is_zero_at_one_half),
    CASE(eq_4_7_slope_matches_difference),
    CASE(eq_4_7_is_zero_at_the_target),
    CASE(eq_4_7_first_slope_is_the_policy_gradient),
    CASE(losses_slopes_match_differences),
    CASE(losses_equal_pytorch),
    CASE(losses_start_at_the_published_values),
    CASE(eq_4_12_is_two_points),
    CASE(eq_4_12_halved_is_the_released_loss),
    CASE(eq_4_12_with_p_one_is_the_hard_loss),
    CASE(eq_4_12_swapping_the_two_changes_nothing),
    CASE(eq_4_13_depends_on_the_difference_only),
    CASE(eq_4_14_is_ipo_over_eta_squared),
    CASE(eq_4_12_has_one_minimum_ipo_a_line)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
