/* test_update.c - win rates, targets, losses, exact games
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
#include "reference/values.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each beats the next, and the last the first. */
static const double rock_paper_scissors[9] = {
    0.5, 1.0, 0.0,
    0.0, 0.5, 1.0,
    1.0, 0.0, 0.5
};

/* A constant-sum game of n answers and a policy with full support. */
static void random_game(double *pairwise, double *pi, int n, uint64_t key)
{
    int i, j;
    double sum = 0.0;

    for (i = 0; i < n; i++) {
        pairwise[i * n + i] = 0.5;
        for (j = 0; j < i; j++) {
            const double p = sppo_random_uniform(key, (uint64_t)(i * n + j));
            pairwise[i * n + j] = p;
            pairwise[j * n + i] = 1.0 - p;
        }
    }
    for (i = 0; i < n; i++)
        sum += pi[i] = 0.05 + sppo_random_uniform(key, (uint64_t)(1000 + i));
    for (i = 0; i < n; i++)
        pi[i] /= sum;
}

static int has(const sppo_ctx *ctx, const char *part)
{
    if (strstr(ctx->message, part))
        return 1;
    printf("    \"%s\" is not in: %s\n", part, ctx->message);
    return 0;
}

/* ==== Eq 3.1, preferences ================================================ */

static void eq_3_1_is_the_sigmoid_of_the_difference(void)
{
    int i, j;

    for (i = -6; i <= 6; i++)
        for (j = -6; j <= 6; j++) {
            const double a = 0.7 * i, b = 0.4 * j;
            const double p = sppo_bradley_terry(a, b);
            CHECK_NEAR(p, exp(a) / (exp(a) + exp(b)), 1e-14);
            CHECK_NEAR(p + sppo_bradley_terry(b, a), 1.0, 3e-16);
        }
    CHECK_NEAR(sppo_bradley_terry(3.25, 3.25), 0.5, 0.0);
    CHECK(sppo_bradley_terry(2.0, 1.0) > 0.5);
}

/* Exact limits, no overflow, and full relative precision on the way to 0. */
static void eq_3_1_sigmoid_is_stable(void)
{
    CHECK_NEAR(sppo_sigmoid(0.0), 0.5, 0.0);
    CHECK_NEAR(sppo_sigmoid(1000.0), 1.0, 0.0);
    CHECK_NEAR(sppo_sigmoid(-1000.0), 0.0, DBL_MIN);
    CHECK_NEAR(sppo_sigmoid(HUGE_VAL), 1.0, 0.0);
    CHECK_NEAR(sppo_sigmoid(-HUGE_VAL), 0.0, 0.0);
    CHECK_NEAR(sppo_sigmoid(-700.0) / exp(-700.0), 1.0, 1e-12);
    CHECK_NEAR(sppo_sigmoid(-40.0) / exp(-40.0), 1.0, 1e-12);
    CHECK_NEAR(sppo_bradley_terry(1e300, -1e300), 1.0, 0.0);
    CHECK_NEAR(sppo_bradley_terry(-1e300, 1e300), 0.0, 0.0);
}

/* Within tolerance: made exact.  P + P' = 1 to the bit, diagonal 1/2. */
static void preference_check_makes_exact(void)
{
    sppo_ctx ctx = { 0 };
    double p[9] = { 0.5001, 0.7, 0.2, 0.3002, 0.5, 0.9, 0.8, 0.0999, 0.4999 };
    int i, j;

    CHECK_OK(&ctx, sppo_preference_check(&ctx, p, 3, 1e-3));
    for (i = 0; i < 3; i++) {
        CHECK_NEAR(p[i * 3 + i], 0.5, 0.0);
        for (j = 0; j < 3; j++)
            CHECK_NEAR(p[i * 3 + j] + p[j * 3 + i], 1.0, 0.0);
    }
    CHECK_NEAR(p[1], 0.7, 1e-3);
    CHECK_NEAR(p[2], 0.2, 1e-3);
    CHECK_NEAR(p[5], 0.9, 1e-3);
}

static void preference_check_names_the_entry(void)
{
    static const struct { double at_1_2, at_2_1, at_0_0; } bad[] = {
        { 1.5, -0.5, 0.5 }, { -0.25, 1.25, 0.5 }, { (double)NAN, 0.5, 0.5 },
        { HUGE_VAL, -HUGE_VAL, 0.5 }, { 0.75, 0.75, 0.5 }, { 0.5, 0.5, 0.75 },
        { 0.5, 0.5, (double)NAN }, { 0.5, (double)NAN, 0.5 }
    };
    sppo_ctx ctx = { 0 };
    int i;

    for (i = 0; i < COUNT(bad); i++) {
        double p[9], before[9];
        sppo_result code;
        memcpy(p, rock_paper_scissors, sizeof p);
        p[5] = bad[i].at_1_2;
        p[7] = bad[i].at_2_1;
        p[0] = bad[i].at_0_0;
        memcpy(before, p, sizeof p);
        ctx.message[0] = 0;
        code = sppo_preference_check(&ctx, p, 3, 1e-6);
        if (!CHECK(code == SPPO_E_JUDGE || code == SPPO_E_ARGUMENT))
            printf("    row %d gave %d\n", i, (int)code);
        CHECK(has(&ctx, i < 4 || i == 6 || i == 7 ? "preference" : "add up"));
        CHECK(memcmp(p, before, sizeof p) == 0);  // untouched
    }
    {
        double p[9];
        memcpy(p, rock_paper_scissors, sizeof p);
        p[5] = 1.5, p[7] = -0.5;
        CHECK(sppo_preference_check(&ctx, p, 3, 1e-6) != SPPO_OK);
        CHECK(has(&ctx, "1.5") || has(&ctx, "-0.5"));
        p[5] = 0.75, p[7] = 0.75;
        CHECK(sppo_preference_check(&ctx, p, 3, 1e-6) != SPPO_OK);
        CHECK(has(&ctx, "0.75"));
        CHECK(has(&ctx, "1") && has(&ctx, "2"));
    }
}

/* The published win rates of eleven models against each other (Figure 3 of the
 * paper): rounded to three digits, constant-sum within rounding, no cycle.  */
static void figure_3_is_a_preference(void)
{
    static const double printed[121] = {
        .500,.552,.572,.577,.631,.656,.664,.719,.713,.741,.809,
        .448,.500,.520,.523,.577,.601,.627,.676,.682,.706,.781,
        .428,.480,.500,.496,.568,.580,.609,.659,.652,.673,.758,
        .423,.477,.504,.500,.552,.577,.608,.636,.631,.667,.750,
        .369,.423,.432,.448,.500,.517,.551,.595,.598,.631,.722,
        .344,.399,.420,.423,.483,.500,.530,.574,.577,.613,.707,
        .336,.373,.391,.392,.449,.470,.500,.550,.562,.587,.670,
        .281,.324,.341,.364,.405,.426,.450,.500,.514,.540,.651,
        .287,.318,.348,.369,.402,.423,.438,.486,.500,.526,.633,
        .259,.294,.327,.333,.369,.387,.413,.460,.474,.500,.613,
        .191,.219,.242,.250,.278,.293,.330,.349,.367,.387,.500
    };
    sppo_ctx ctx = { 0 };
    double p[121], win[11], pure[11] = { 0 };
    int i, j, k, cycles = 0;

    memcpy(p, printed, sizeof p);
    CHECK_OK(&ctx, sppo_preference_check(&ctx, p, 11, 0.0021));
    for (i = 0; i < 121; i++)
        CHECK_NEAR(p[i], printed[i], 0.0021);
    sppo_win_rates(win, p, 11);
    for (i = 0; i < 10; i++)
        CHECK(win[i] > win[10]);
    CHECK(sppo_best_of(p, 11) == 0);
    for (i = 0; i < 11; i++)
        for (j = 0; j < 11; j++)
            for (k = 0; k < 11; k++)
                cycles += p[i * 11 + j] > 0.5 && p[j * 11 + k] > 0.5
                       && p[k * 11 + i] > 0.5;
    CHECK(cycles == 0);
    pure[0] = 1.0;  // nobody beats the first
    CHECK_NEAR(sppo_duality_gap(p, pure, 11), 0.0, 1e-12);
    pure[0] = 0.0, pure[10] = 1.0;
    CHECK_NEAR(sppo_duality_gap(p, pure, 11), 2 * p[10] - 1, 1e-12);
}

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
static void eq_4_5_log_z_by_each_baseline(void)
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
static void eq_4_5_log_z_of_ordered_responses(void)
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
static void eq_4_5_log_z_of_all_coin_tournaments(void)
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
static void eq_4_5_log_z_keeps_its_bounds(void)
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

/* With the constant eta/2 a NORMALISED policy does not land on Eq 4.1 but on
 * log rho + c rho = eta (P - 1/2), rho = pi / pi_t, with one c >= 0: descend
 * on logits, then compare c over the answers.                               */
static void eq_4_6_minimiser_solves_its_equation(void)
{
    enum { N = 4 };
    const double eta = 2.0;
    double p[N * N], pi[N], win[N], logit[N], next[N], rho[N], target[N];
    int i, j, step;
    double c[N];

    random_game(p, pi, N, 77);
    sppo_exact_win_rates(win, p, pi, N);
    for (i = 0; i < N; i++) {
        logit[i] = log(pi[i]);
        target[i] = sppo_target(eta, win[i], eta / 2);
    }
    for (step = 0; step < 20000; step++) {
        double top = 0.0, total = 0.0, slope[N];
        for (i = 0; i < N; i++)
            top += exp(logit[i]);
        for (i = 0; i < N; i++) {
            rho[i] = exp(logit[i]) / top / pi[i];
            (void)sppo_loss_point(log(rho[i]), target[i], &slope[i]);
            total += pi[i] * slope[i];
        }
        for (j = 0; j < N; j++)
            logit[j] -= 0.5 * (pi[j] * slope[j] - pi[j] * rho[j] * total);
    }
    for (i = 0; i < N; i++)
        c[i] = (target[i] - log(rho[i])) / rho[i];
    for (i = 0; i < N; i++)
        CHECK_NEAR(c[i], c[0], 1e-9);
    CHECK(c[0] > 1e-3);
    sppo_exact_step(next, pi, win, eta, N);
    CHECK(fabs(next[0] / pi[0] - rho[0]) + fabs(next[1] / pi[1] - rho[1])
          > 1e-3);
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

/* ==== Eq 4.1 to 4.4, the exact update ==================================== */

static void eq_4_1_win_rates_against_a_policy(void)
{
    double p[36], pi[6], win[6], sum = 0.0;
    int i, j;

    random_game(p, pi, 6, 3);
    sppo_exact_win_rates(win, p, pi, 6);
    for (i = 0; i < 6; i++) {
        double expected = 0.0;
        for (j = 0; j < 6; j++)
            expected += p[i * 6 + j] * pi[j];
        CHECK_NEAR(win[i], expected, 1e-15);
        sum += pi[i] * win[i];
    }
    CHECK_NEAR(sum, 0.5, 1e-15);  // a policy against itself
}

static void eq_4_1_step_is_a_distribution(void)
{
    uint64_t key;
    double eta;

    for (key = 0; key < 10; key++)
        for (eta = 0.01; eta < 2000; eta *= 10) {
            double p[36], pi[6], win[6], next[6], sum = 0.0;
            int i;
            random_game(p, pi, 6, key);
            sppo_exact_win_rates(win, p, pi, 6);
            sppo_exact_step(next, pi, win, eta, 6);
            for (i = 0; i < 6; i++) {
                CHECK(next[i] >= 0.0);
                sum += next[i];
            }
            /* eta P - log Z of some 1e3 carries a rounding of 1e-13 */
            CHECK_NEAR(sum, 1.0, 1e-12);
        }
}

/* Two answers: the log-odds move by eta times the difference of win rates. */
static void eq_4_1_two_answers_in_closed_form(void)
{
    static const double p[4] = { 0.5, 0.8, 0.2, 0.5 };
    double pi[2] = { 0.3, 0.7 }, win[2], eta, expected;

    sppo_exact_win_rates(win, p, pi, 2);
    CHECK_NEAR(win[0] - win[1], 0.3, 1e-15);  // P(1 > 2) - 1/2, whatever pi
    for (eta = 0.1; eta < 1500; eta *= 5) {
        double next[2];
        sppo_exact_step(next, pi, win, eta, 2);
        expected = sppo_sigmoid(log(0.3 / 0.7) + eta * 0.3);
        CHECK_NEAR(next[0], expected, 1e-13);
        CHECK_NEAR(next[1], 1 - expected, 1e-13);
    }
    sppo_exact_step(pi, pi, win, 2.0, 2);  // next may be pi
    CHECK_NEAR(pi[0], sppo_sigmoid(log(0.3 / 0.7) + 0.6), 1e-14);
}

/* What has no probability gets none, and makes no NaN. */
static void eq_4_1_keeps_the_support(void)
{
    static const double pi[3] = { 0.0, 0.4, 0.6 };
    double win[3], next[3];

    sppo_exact_win_rates(win, rock_paper_scissors, pi, 3);
    sppo_exact_step(next, pi, win, 1000.0, 3);
    CHECK_NEAR(next[0], 0.0, 0.0);
    CHECK_NEAR(next[1] + next[2], 1.0, 1e-12);
    CHECK_NEAR(sppo_log_partition(win, pi, 2.0, 3),
               log(0.4 * exp(2 * win[1]) + 0.6 * exp(2 * win[2])), 1e-14);
    /* even when it would win against all that has some */
    win[0] = 1.0, win[1] = 0.5, win[2] = 0.5;
    CHECK_NEAR(sppo_log_partition(win, pi, 1e4, 3), 5e3, 1e-9);
    sppo_exact_step(next, pi, win, 1e4, 3);
    CHECK_NEAR(next[0], 0.0, 0.0);
    CHECK_NEAR(next[1], 0.4, 1e-11);
}

/* Z from its definition; finite at eta = 1e3, where exp alone overflows. */
static void eq_4_2_partition_from_its_definition(void)
{
    double p[25], pi[5], win[5], sum = 0.0, z;
    int i;

    random_game(p, pi, 5, 21);
    sppo_exact_win_rates(win, p, pi, 5);
    for (i = 0; i < 5; i++)
        sum += pi[i] * exp(1.5 * win[i]);
    CHECK_NEAR(sppo_log_partition(win, pi, 1.5, 5), log(sum), 1e-14);
    z = sppo_log_partition(win, pi, 1e3, 5);
    CHECK(z > 500.0 && z < 1000.0);
}

/* log Z = eta/2 + eta^2 Var / 2 + O(eta^3), Var of the win rate under pi: at
 * eta = 0.01 the third order is a hundredth of the second at most.          */
static void eq_4_2_partition_to_second_order(void)
{
    double p[25], pi[5], win[5], variance = 0.0;
    const double eta = 0.01;
    int i;

    random_game(p, pi, 5, 22);
    sppo_exact_win_rates(win, p, pi, 5);
    for (i = 0; i < 5; i++)
        variance += pi[i] * (win[i] - 0.5) * (win[i] - 0.5);
    CHECK_NEAR((sppo_log_partition(win, pi, eta, 5) - eta / 2)
               / (eta * eta * variance / 2), 1.0, 1e-2);
}

/* log (next / pi) = eta P - log Z for every answer. */
static void eq_4_3_log_ratio_for_every_answer(void)
{
    double p[25], pi[5], win[5], next[5], z;
    const double eta = 4.0;
    int i;

    random_game(p, pi, 5, 23);
    sppo_exact_win_rates(win, p, pi, 5);
    sppo_exact_step(next, pi, win, eta, 5);
    z = sppo_log_partition(win, pi, eta, 5);
    for (i = 0; i < 5; i++)
        CHECK_NEAR(log(next[i] / pi[i]), eta * win[i] - z, 1e-13);
}

/* The regression of Eq 4.4 with the exact log Z is 0 at Eq 4.1's policy, with
 * no slope in any answer; with the constant eta/2 it is not.                */
static void eq_4_4_regression_is_zero_at_the_exact_step(void)
{
    double p[25], pi[5], win[5], next[5], z, with_z = 0.0, with_half = 0.0;
    const double eta = 4.0;
    int i;

    random_game(p, pi, 5, 24);
    sppo_exact_win_rates(win, p, pi, 5);
    sppo_exact_step(next, pi, win, eta, 5);
    z = sppo_log_partition(win, pi, eta, 5);
    for (i = 0; i < 5; i++) {
        const double ratio = log(next[i] / pi[i]);
        double slope;
        with_z += pi[i]
            * sppo_loss_point(ratio, sppo_target(eta, win[i], z), &slope);
        CHECK_NEAR(slope, 0.0, 1e-12);
        with_half += pi[i]
            * sppo_loss_point(ratio, sppo_target(eta, win[i], eta / 2), &slope);
    }
    CHECK_NEAR(with_z, 0.0, 1e-24);
    CHECK_NEAR(with_half, (z - eta / 2) * (z - eta / 2), 1e-12);
}

/* ==== Eq 3.3 and Theorem 4.1, the game =================================== */

static void eq_3_3_gap_of_rock_paper_scissors(void)
{
    static const double uniform[3] = { 1.0 / 3, 1.0 / 3, 1.0 / 3 };
    static const double rock[3] = { 1, 0, 0 };
    static const double mixed[3] = { 0.6, 0.2, 0.2 };

    CHECK_NEAR(sppo_duality_gap(rock_paper_scissors, uniform, 3), 0.0, 1e-15);
    CHECK_NEAR(sppo_duality_gap(rock_paper_scissors, rock, 3), 1.0, 1e-15);
    /* paper beats mixed with 0.6 + 0.1, the gap is twice that less one */
    CHECK_NEAR(sppo_duality_gap(rock_paper_scissors, mixed, 3), 0.4, 1e-15);
}

/* max_i P(i > pi) - min_i P(i < pi), from the definition. */
static void eq_3_3_gap_from_its_definition(void)
{
    uint64_t key;

    for (key = 0; key < 20; key++) {
        double p[64], pi[8], best = -9.0, worst = 9.0;
        const int n = 2 + (int)(key % 7);
        int i, j;
        random_game(p, pi, n, key + 100);
        for (i = 0; i < n; i++) {
            double over = 0.0, under = 0.0;
            for (j = 0; j < n; j++) {
                over += p[i * n + j] * pi[j];
                under += p[j * n + i] * pi[j];
            }
            best = over > best ? over : best;
            worst = under < worst ? under : worst;
        }
        CHECK_NEAR(sppo_duality_gap(p, pi, n), best - worst, 1e-14);
        CHECK(sppo_duality_gap(p, pi, n) >= -1e-15);
    }
}

/* T rounds of Eq 4.1 from the uniform policy; the gap of the average. */
static double average_gap(const double *p, int n, int rounds, double eta)
{
    double pi[8], win[8], mean[8] = { 0 };
    int t, i;

    for (i = 0; i < n; i++)
        pi[i] = 1.0 / n;
    pi[0] += 0.25 / n, pi[1] -= 0.25 / n;  // off the centre of symmetric games
    for (t = 0; t < rounds; t++) {
        for (i = 0; i < n; i++)
            mean[i] += pi[i] / rounds;
        sppo_exact_win_rates(win, p, pi, n);
        sppo_exact_step(pi, pi, win, eta, n);
    }
    return sppo_duality_gap(p, mean, n);
}

/* gap <= 2 [L / (eta T) + 1/2 - (1 - e^-eta) / (2 eta)], L = -log min pi_1;
 * with eta = 2 sqrt(L / T) that is at most 2 sqrt(L / T).                   */
static void thm_4_1_gap_keeps_the_bound(void)
{
    uint64_t key;
    int rounds;

    for (key = 0; key < 30; key++) {
        static const int sizes[3] = { 3, 5, 8 };
        const int n = sizes[key % 3];
        const double least = 0.75 / n, big = -log(least);
        double p[64], unused[8];
        random_game(p, unused, n, key + 200);
        if (key == 0)
            memcpy(p, rock_paper_scissors, sizeof rock_paper_scissors);
        for (rounds = 10; rounds <= 1000; rounds *= 10) {
            const double eta = 2 * sqrt(big / rounds);
            const double gap = average_gap(p, n, rounds, eta);
            CHECK(gap <= 2 * (big / (eta * rounds) + 0.5
                              - (1 - exp(-eta)) / (2 * eta)) + 1e-12);
            CHECK(gap <= 2 * sqrt(big / rounds) + 1e-12);
        }
    }
}

/* Log-log: the mean of log gap over games falls by at least half a decade per
 * decade of T.                                                              */
static void thm_4_1_gap_falls_like_one_over_root_t(void)
{
    double slope = 0.0;
    uint64_t key;

    for (key = 0; key < 12; key++) {
        double p[25], unused[5];
        const double big = -log(0.75 / 5);
        random_game(p, unused, 5, key + 300);
        slope += (log(average_gap(p, 5, 10000, 2 * sqrt(big / 10000)))
                  - log(average_gap(p, 5, 100, 2 * sqrt(big / 100))))
               / log(100.0) / 12;
    }
    CHECK(slope < -0.45);
    CHECK(slope > -2.0);
}

/* Only the average converges.  Rock-paper-scissors from (.5 .3 .2), eta 0.1:
 * KL(uniform || pi) grows, 0.0703 after 1 step to 0.2542 after 2000, and the
 * last policy's gap circles at 0.15 and more while the average's vanishes.  */
static void thm_4_1_last_iterate_does_not_converge(void)
{
    double pi[3] = { 0.5, 0.3, 0.2 }, win[3], mean[3] = { 0 };
    double least = 9.0, most = 0.0;
    int t, i;

    for (t = 1; t <= 2000; t++) {
        double kl = 0.0, gap;
        for (i = 0; i < 3; i++)
            mean[i] += pi[i] / 2000;
        sppo_exact_win_rates(win, rock_paper_scissors, pi, 3);
        sppo_exact_step(pi, pi, win, 0.1, 3);
        for (i = 0; i < 3; i++)
            kl += log(1.0 / 3 / pi[i]) / 3;
        if (t == 1)
            CHECK_NEAR(kl, 0.0703, 5e-5);
        if (t == 100)
            CHECK_NEAR(kl, 0.0755, 5e-5);
        if (t == 1000)
            CHECK_NEAR(kl, 0.1406, 5e-5);
        if (t == 2000)
            CHECK_NEAR(kl, 0.2542, 5e-5);
        gap = sppo_duality_gap(rock_paper_scissors, pi, 3);
        least = gap < least ? gap : least;
        most = gap > most ? gap : most;
    }
    CHECK(least > 0.14);
    CHECK(most > 0.5);
    CHECK(sppo_duality_gap(rock_paper_scissors, mean, 3) < 0.02);
}

/* Lemma B.1 against an adversary who answers best: sum_t P(pi_t < mu_t) is at
 * most -log(sum_y pi_1(y) exp(-eta sum_t P(y < mu_t))) / (1 - e^-eta).      */
static void lemma_b_1_against_best_responses(void)
{
    uint64_t key;
    const double eta = 0.3;

    for (key = 0; key < 10; key++) {
        enum { N = 4, ROUNDS = 200 };
        double p[N * N], pi[N], first[N], lost[N] = { 0 };
        double total = 0.0, sum = 0.0;
        int t, i;
        random_game(p, pi, N, key + 400);
        memcpy(first, pi, sizeof pi);
        for (t = 0; t < ROUNDS; t++) {
            double win[N], mu[N] = { 0 };
            int best = 0;
            sppo_exact_win_rates(win, p, pi, N);
            for (i = 0; i < N; i++)
                best = win[i] > win[best] ? i : best;
            total += win[best];
            mu[best] = 1.0;
            sppo_exact_win_rates(win, p, mu, N);
            for (i = 0; i < N; i++)
                lost[i] += 1 - win[i];
            sppo_exact_step(pi, pi, win, eta, N);
        }
        for (i = 0; i < N; i++)
            sum += first[i] * exp(-eta * lost[i]);
        CHECK(total <= -log(sum) / (1 - exp(-eta)) + 1e-9);
    }
}

static const check_case cases[] = {
    CASE(eq_3_1_is_the_sigmoid_of_the_difference),
    CASE(eq_3_1_sigmoid_is_stable),
    CASE(preference_check_makes_exact),
    CASE(preference_check_names_the_entry),
    CASE(figure_3_is_a_preference),
    CASE(eq_4_5_win_rate_counts_self_as_half),
    CASE(eq_4_5_win_rate_of_five_is_within_a_tenth),
    CASE(eq_4_5_win_rates_have_mean_one_half),
    CASE(eq_4_5_win_rates_of_known_rewards),
    CASE(eq_4_5_log_z_by_each_baseline),
    CASE(eq_4_5_log_z_of_ordered_responses),
    CASE(eq_4_5_log_z_of_all_coin_tournaments),
    CASE(eq_4_5_log_z_keeps_its_bounds),
    CASE(eq_4_6_target_is_zero_at_one_half),
    CASE(eq_4_6_minimiser_solves_its_equation),
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
    CASE(eq_4_12_has_one_minimum_ipo_a_line),
    CASE(eq_4_1_win_rates_against_a_policy),
    CASE(eq_4_1_step_is_a_distribution),
    CASE(eq_4_1_two_answers_in_closed_form),
    CASE(eq_4_1_keeps_the_support),
    CASE(eq_4_2_partition_from_its_definition),
    CASE(eq_4_2_partition_to_second_order),
    CASE(eq_4_3_log_ratio_for_every_answer),
    CASE(eq_4_4_regression_is_zero_at_the_exact_step),
    CASE(eq_3_3_gap_of_rock_paper_scissors),
    CASE(eq_3_3_gap_from_its_definition),
    CASE(thm_4_1_gap_keeps_the_bound),
    CASE(thm_4_1_gap_falls_like_one_over_root_t),
    CASE(thm_4_1_last_iterate_does_not_converge),
    CASE(lemma_b_1_against_best_responses)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
