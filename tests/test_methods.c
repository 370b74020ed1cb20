/* test_methods.c - the methods beside SPPO, on games small enough to know
 *
 * Figures that others print of their methods, and what holds of all of them.
 * All of this is double in both builds.  Where a figure was printed with so
 * many digits, the tolerance is half of the last; 1e-12 where both sides are a
 * few additions, products and logarithms of numbers of order 1; others are
 * stated where they stand.                                                  */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"
#include "games.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* COMAL's game: b beats a and c beats b in 0.9, a beats c in 0.8 of all cases.
 * Nobody beats (4, 3, 4) / 11.                                              */
static const double circle[9] = {
    0.5, 0.1, 0.8,
    0.9, 0.5, 0.1,
    0.2, 0.9, 0.5
};

/* Red, green, blue: two voters of five order R > G > B, three B > R > G. */
static const double colours[9] = {
    0.5, 1.0, 0.4,
    0.0, 0.5, 0.4,
    0.6, 0.6, 0.5
};

/* A game of n answers that is being played, pulled to `ref` by tau. */
typedef struct match {
    const double *game;
    int n;
    double eta, tau, pi[10], ref[10];
} match;

static void begin(match *m, const double *game, const double *start, int n,
                  double eta, double tau)
{
    m->game = game;
    m->n = n;
    m->eta = eta;
    m->tau = tau;
    memcpy(m->pi, start, (size_t)n * sizeof *start);
    memcpy(m->ref, start, (size_t)n * sizeof *start);
}

/* From pi towards the reference and what wins against the opponent. */
static void pulled_step(match *m, double *next, const double *opponent)
{
    double win[10];

    sppo_exact_win_rates(win, m->game, opponent, m->n);
    sppo_magnetic_step(next, m->pi, m->ref, win, m->eta, m->tau, m->n);
}

static void inpo(match *m) { pulled_step(m, m->pi, m->pi); }

static void extragradient(match *m)
{
    double half[10];

    pulled_step(m, half, m->pi);
    pulled_step(m, m->pi, half);
}

static void nash_md(match *m, double eta)
{
    double mixed[10], win[10];

    sppo_mixture(mixed, m->pi, m->ref, eta * m->tau, m->n);
    sppo_exact_win_rates(win, m->game, mixed, m->n);
    sppo_exact_step(m->pi, mixed, win, eta, m->n);
}

static double gap(const match *m)
{
    return sppo_duality_gap(m->game, m->pi, m->n);
}

/* The policy that is the best of Eq 3.2 with its own win rates for the reward:
 * log pi = log ref + win / tau + const, which steps against a step ahead find.
 */
static void regularised_nash(match *m)
{
    int t;

    for (t = 0; t < 20000; t++)
        extragradient(m);
}

/* ==== what converges ===================================================== */

static void the_circle_of_three_as_published(void)
{
    static const double start[3] = { 0.2, 0.5, 0.3 };
    static const int when[3] = { 100, 1000, 10000 };
    static const double plain[3] = { 0.2512, 0.3241, 0.4719 };
    static const double pulled[3] = { 0.1139, 0.0588, 0.0588 };
    static const double moved[3] = { 0.1139, 0.0145, 0.0000 };
    match mwu, rest, move;
    double win[3];
    int t, at;

    begin(&mwu, circle, start, 3, 0.1, 0.0);
    begin(&rest, circle, start, 3, 0.1, 0.1);
    begin(&move, circle, start, 3, 0.1, 0.1);
    for (t = 1, at = 0; t <= 10000; t++) {
        if (t == when[at]) {
            CHECK_NEAR(gap(&mwu), plain[at], 5e-5);
            CHECK_NEAR(gap(&rest), pulled[at], 5e-5);
            CHECK_NEAR(gap(&move), moved[at], 5e-5);
            at++;
        }
        sppo_exact_win_rates(win, circle, mwu.pi, 3);
        sppo_exact_step(mwu.pi, mwu.pi, win, 0.1, 3);
        inpo(&rest);
        inpo(&move);
        if (t % 100 == 0)
            memcpy(move.ref, move.pi, sizeof move.ref);
    }
}

/* [MMD 1] The less it pulls the nearer INPO's last policy is to the winner. */
static void inpo_ends_as_far_as_it_is_pulled(void)
{
    static const double start[3] = { 0.2, 0.5, 0.3 };
    static const double tau[3] = { 0.1, 0.01, 0.001 };
    static const double end[3] = { 5.88e-2, 9.10e-3, 9.48e-4 };
    int i;

    for (i = 0; i < 3; i++) {
        match m;

        begin(&m, circle, start, 3, 0.3, tau[i]);
        regularised_nash(&m);
        CHECK_NEAR(gap(&m) / end[i], 1.0, 1e-3);
    }
}

/* COMAL: the reference moves to where the pulled game is solved; then again.
 * Its distance from the winner never rises.                                 */
static void comal_falls_to_rounding(void)
{
    static const double start[3] = { 0.2, 0.5, 0.3 };
    static const double winner[3] = { 4 / 11.0, 3 / 11.0, 4 / 11.0 };
    double before = sppo_kl(winner, start, 3);
    match m;
    int outer;

    begin(&m, circle, start, 3, 0.5, 0.1);
    for (outer = 1; outer <= 40; outer++) {
        regularised_nash(&m);
        memcpy(m.ref, m.pi, sizeof m.ref);
        CHECK(sppo_kl(winner, m.pi, 3) <= before + 1e-15);
        before = sppo_kl(winner, m.pi, 3);
        if (outer == 1)
            CHECK_NEAR(gap(&m), 5.9e-2, 5e-4);
        if (outer == 5)
            CHECK_NEAR(gap(&m), 2.8e-3, 5e-5);
        if (outer == 10)
            CHECK_NEAR(gap(&m), 6.35e-5, 5e-8);
        if (outer == 20)
            CHECK_NEAR(gap(&m), 1.2e-8, 5e-10);
    }
    CHECK_NEAR(gap(&m), 0.0, 1e-13);
}

/* [NLHF 1] Dice of which each beats the next in 5 of 9 cases: one step of
 * Nash-MD.                                                                  */
static void nash_md_one_step_of_dice(void)
{
    static const double dice[9] = {
        0.5, 5 / 9.0, 4 / 9.0, 4 / 9.0, 0.5, 5 / 9.0, 5 / 9.0, 4 / 9.0, 0.5
    };
    static const double start[3] = { 0.6, 0.3, 0.1 };
    static const double mixed[3] = { 0.473, 0.334, 0.193 };
    static const double next[3] = { 0.491, 0.309, 0.200 };
    double got[3];
    match m;
    int i;

    begin(&m, dice, start, 3, 5.0, 0.1);
    for (i = 0; i < 3; i++)
        m.ref[i] = 1 / 3.0;
    sppo_mixture(got, m.pi, m.ref, 0.5, 3);
    nash_md(&m, 5.0);
    for (i = 0; i < 3; i++) {
        CHECK_NEAR(got[i], mixed[i], 5e-4);
        CHECK_NEAR(m.pi[i], next[i], 5e-4);
    }
}

static void mixture_ends_are_its_policies(void)
{
    static const double a[3] = { 0.7, 0.3, 0.0 }, b[3] = { 0.2, 0.0, 0.8 };
    double mixed[3];
    int i;

    sppo_mixture(mixed, a, b, 0.0, 3);
    for (i = 0; i < 3; i++)
        CHECK_NEAR(mixed[i], a[i], 1e-15);
    sppo_mixture(mixed, a, b, 1.0, 3);
    for (i = 0; i < 3; i++)
        CHECK_NEAR(mixed[i], b[i], 1e-15);
    sppo_mixture(mixed, a, b, 0.25, 3);  // what one never says neither does it
    CHECK_NEAR(mixed[0], 1.0, 1e-15);
}

/* Nash-MD's theorem: with eta = 2 / (tau (t + 2)) the last policy's KL is below
 * 8 / (tau^2 (T + 1)).  With a constant step it stalls where INPO goes on.  */
static void nash_md_keeps_its_bound_and_stalls(void)
{
    static const double start[3] = { 0.6, 0.2, 0.2 };
    match nash, scheduled, stalled, goes_on;
    int t;

    begin(&nash, rock_paper_scissors, start, 3, 0.3, 0.1);
    regularised_nash(&nash);
    begin(&scheduled, rock_paper_scissors, start, 3, 0.0, 0.1);
    begin(&stalled, rock_paper_scissors, start, 3, 0.1, 0.1);
    begin(&goes_on, rock_paper_scissors, start, 3, 0.1, 0.1);
    for (t = 0; t < 10000; t++) {
        nash_md(&scheduled, 2.0 / (0.1 * (t + 2)));
        nash_md(&stalled, 0.1);
        inpo(&goes_on);
        CHECK(sppo_kl(nash.pi, scheduled.pi, 3) <= 8.0 / (0.01 * (t + 2)));
    }
    CHECK_NEAR(sppo_kl(nash.pi, stalled.pi, 3), 1.2e-5, 5e-7);
    CHECK_NEAR(sppo_kl(nash.pi, goes_on.pi, 3), 0.0, 1e-14);
}

/* EGPO with the explicit step 0.5, which is 0.5 / (1 - 0.05) here; Nash mirror
 * prox with the implicit 2: KL to the pulled winner after so many rounds.   */
static void steps_ahead_converge_as_published(void)
{
    static const double start[3] = { 0.6, 0.2, 0.2 };
    match nash, egpo, prox;
    int t;

    begin(&nash, rock_paper_scissors, start, 3, 0.3, 0.1);
    regularised_nash(&nash);
    begin(&egpo, rock_paper_scissors, start, 3, 0.5 / 0.95, 0.1);
    begin(&prox, rock_paper_scissors, start, 3, 2.0, 0.1);
    CHECK_NEAR(sppo_kl(nash.pi, start, 3), 1.3e-1, 5e-3);
    for (t = 1; t <= 200; t++) {
        extragradient(&egpo);
        extragradient(&prox);
        if (t == 10)
            CHECK_NEAR(sppo_kl(nash.pi, prox.pi, 3), 2.7e-4, 5e-6);
        if (t == 50)
            CHECK_NEAR(sppo_kl(nash.pi, egpo.pi, 3), 2.9e-4, 5e-6);
        if (t == 50)
            CHECK_NEAR(sppo_kl(nash.pi, prox.pi, 3), 0.0, 1e-14);
    }
    CHECK_NEAR(sppo_kl(nash.pi, egpo.pi, 3), 2.3e-12, 5e-14);
}

/* Ten answers, a step that is large against the pull: in five of twelve games
 * INPO goes round for ever; a step ahead never does.                        */
static void a_step_ahead_converges_where_inpo_circles(void)
{
    double game[100], start[10];
    match nash, round, ahead;
    int key, t, circled = 0;

    for (key = 1; key <= 12; key++) {
        random_game(game, start, 10, (uint64_t)key);
        begin(&nash, game, start, 10, 0.1, 0.01);
        regularised_nash(&nash);
        begin(&round, game, start, 10, 0.8, 0.01);
        begin(&ahead, game, start, 10, 0.8, 0.01);
        for (t = 0; t < 3000; t++) {
            inpo(&round);
            extragradient(&ahead);
        }
        CHECK_NEAR(sppo_kl(nash.pi, ahead.pi, 10), 0.0, 1e-9);
        circled += sppo_kl(nash.pi, round.pi, 10) > 0.01;
    }
    CHECK(circled == 5);
}

/* One AdamW step from pi = softmax(logit) down online IPO's exact gradient: the
 * mean over pairs drawn from pi of (R_i - R_j - (P_ij - 1/2) / tau)^2, R the
 * log-ratio to an even policy.  Its fixed point is the pulled game's winner. */
static void online_ipo(sppo_ctx *ctx, sppo_optim *optim, sppo_model *logit,
                       const match *m, double *pi)
{
    sppo_real grad[3];
    double sum = 0.0;
    int i, j;

    for (i = 0; i < 3; i++) {
        double slope = 0.0;

        for (j = 0; j < 3; j++)
            slope += 4 * pi[i] * pi[j] * (log(pi[i] / pi[j]) -
                     (m->game[i * 3 + j] - 0.5) / m->tau);
        grad[i] = (sppo_real)slope;
    }
    CHECK_OK(ctx, sppo_optim_step(ctx, optim, logit, grad));
    for (i = 0; i < 3; i++)
        sum += pi[i] = exp((double)logit->weights[i]);
    for (i = 0; i < 3; i++)
        pi[i] /= sum;
}

/* How far pi is from even. */
static double uneven(const double *pi)
{
    return fmax(fabs(pi[0] - 1 / 3.0), fmax(fabs(pi[1] - 1 / 3.0),
                                            fabs(pi[2] - 1 / 3.0)));
}

/* In a circle of 2/3 that tau = 0.05 pulls together, steps by the present
 * gradient (beta1 = 0) are at rest after 500; by a mean of the last ten
 * (beta1 = 0.9) they answer a policy that is gone, and never rest.          */
static void momentum_keeps_a_circle_going(void)
{
    static const double game[9] = { .5, 2 / 3.0, 1 / 3.0, 1 / 3.0, .5, 2 / 3.0,
                                    2 / 3.0, 1 / 3.0, .5 };
    static const double start[3] = { 0.5, 0.3, 0.2 };
    static const double orbit[3] = { 0.41, 0.29, 0.30 };  // after 4000
    int momentum, t, i;

    for (momentum = 0; momentum < 2; momentum++) {
        sppo_optim_config config = { 0 };
        sppo_real weights[3];
        sppo_tensor tensor = { "logits", 3, 0, 0, 3 };
        sppo_model logit = { 0 };
        sppo_ctx ctx = { 0 };
        sppo_optim optim;
        match m;

        begin(&m, game, start, 3, 0.0, 0.05);
        for (i = 0; i < 3; i++)
            weights[i] = (sppo_real)log(start[i]);
        logit.tensors = &tensor;
        logit.tensor_count = 1;
        logit.weights = weights;
        logit.count = 3;
        config.kind = SPPO_ADAMW;
        config.lr = 0.01;
        config.beta1 = momentum ? 0.9 : SPPO_ZERO;
        if (!CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &config, &logit)))
            return;
        for (t = 1; t <= 4000; t++) {
            online_ipo(&ctx, &optim, &logit, &m, m.pi);
            if (t == 500)  // lr moves pi by a third of it, 0.003
                CHECK(momentum ? uneven(m.pi) > 0.05 : uneven(m.pi) < 0.003);
        }
        for (i = 0; i < 3; i++)
            CHECK_NEAR(m.pi[i], momentum ? orbit[i] : 1 / 3.0, 5e-3);
        sppo_optim_free(&ctx, &optim);
    }
}

/* ==== what is true of every step ========================================= */

/* DNO's theorem: the next policy beats the last by KL(next || pi) / eta or
 * more.  It holds for Eq 4.6's fit as well as for Eq 4.1.                   */
static void every_step_gains_its_kl_over_eta(void)
{
    double game[36], pi[6], win[6], next[6], target[6];
    int trial, i, strict = 0;

    for (trial = 0; trial < 2000; trial++) {
        const int n = 3 + trial % 4;
        const double eta = pow(10.0, -2.0 + 4.0 * (trial % 97) / 96.0);
        double gain;

        random_game(game, pi, n, (uint64_t)trial);
        sppo_exact_win_rates(win, game, pi, n);
        sppo_exact_step(next, pi, win, eta, n);
        gain = sppo_exact_value(game, next, pi, n) - 0.5;
        CHECK(gain >= sppo_kl(next, pi, n) / eta - 1e-13);
        strict += gain > 1e-6;
        for (i = 0; i < n; i++)
            target[i] = eta * (win[i] - 0.5);
        sppo_exact_fit(next, pi, target, n);
        gain = sppo_exact_value(game, next, pi, n) - 0.5;
        CHECK(gain >= sppo_kl(next, pi, n) / eta - 1e-13);
    }
    CHECK(strict > 1900);  // and it is no bound of nothing
}

/* Three crowds of annotators: the winner follows their shares smoothly, and the
 * reward that fits best jumps from one answer to another.                   */
static void annotators_move_the_winner_smoothly(void)
{
    double e;

    for (e = -0.15; e < 0.16; e += 0.05) {
        const double b = 2 / 3.0 - e / 2, c = (1 + (1 / 3.0 + e / 2)) / 2;
        const double game[9] = { 0.5, 1 - b, c, b, 0.5, 1 - c, 1 - c, c, 0.5 };
        const double winner[3] = { 1 / 3.0 + e / 2, 1 / 3.0 + e / 2,
                                   1 / 3.0 - e };
        double reward[3];

        CHECK_NEAR(sppo_duality_gap(game, winner, 3), 0.0, 1e-15);
        sppo_bradley_terry_fit(reward, game, 3);
        if (fabs(e) > 1e-6)
            CHECK((reward[0] > reward[1]) == (e > 0));
    }
}

/* ==== the reward that fits best ========================================== */

static void reward_of_colours_is_red_the_winner_blue(void)
{
    static const double uniform[3] = { 1 / 3.0, 1 / 3.0, 1 / 3.0 };
    static const double eta[3] = { 1, 5, 20 }, red[3] = { .124, .164, .200 };
    static const double two[4] = { 0.5, 0.4, 0.6, 0.5 };
    double reward[3], pi[3], win[3];
    int i;

    sppo_bradley_terry_fit(reward, colours, 3);
    CHECK_NEAR(reward[0], 0.617, 5e-4);
    CHECK_NEAR(reward[1], -0.929, 5e-4);
    CHECK_NEAR(reward[2], 0.312, 5e-4);
    for (i = 0; i < 3; i++) {
        sppo_exact_step(pi, uniform, reward, eta[i], 3);
        CHECK(pi[0] > pi[2]);
        CHECK_NEAR(sppo_duality_gap(colours, pi, 3), red[i], 5e-4);
    }
    memcpy(pi, uniform, sizeof pi);
    for (i = 0; i < 100; i++) {
        sppo_exact_win_rates(win, colours, pi, 3);
        sppo_exact_step(pi, pi, win, 0.5, 3);
    }
    CHECK_NEAR(pi[2], 0.986, 5e-4);
    sppo_bradley_terry_fit(reward, two, 2);  // green gone, blue is ahead
    CHECK_NEAR(reward[1], 0.203, 5e-4);
}

/* [RLHF 1] The gradient of its cross-entropy vanishes there; rewards come back.
 */
static void reward_fit_is_the_minimum(void)
{
    double game[49], made[49], pi[7], reward[7], again[7];
    int key, i, j;

    for (key = 0; key < 50; key++) {
        double mean = 0.0;

        random_game(game, pi, 7, (uint64_t)key);
        sppo_bradley_terry_fit(reward, game, 7);
        for (i = 0; i < 7; i++) {
            double grad = 0.0;

            for (j = 0; j < 7; j++)
                grad += game[i * 7 + j] -
                        sppo_bradley_terry(reward[i], reward[j]);
            CHECK_NEAR(grad, 0.0, 1e-11);
            mean += reward[i] / 7;
        }
        CHECK_NEAR(mean, 0.0, 1e-12);
        for (i = 0; i < 49; i++)
            made[i] = sppo_bradley_terry(reward[i / 7], reward[i % 7]);
        sppo_bradley_terry_fit(again, made, 7);
        for (i = 0; i < 7; i++)
            CHECK_NEAR(again[i], reward[i], 1e-10);
    }
}

/* Who always wins has no finite reward. */
static void reward_of_a_sure_winner_is_finite(void)
{
    static const double sure[9] = { 0.5, 1, 1, 0, 0.5, 1, 0, 0, 0.5 };
    static const double two[4] = { 0.5, 1, 0, 0.5 };
    double reward[3];

    reward[0] = reward[1] = reward[2] = (double)NAN;  // whatever was there
    sppo_bradley_terry_fit(reward, sure, 3);
    CHECK(reward[0] > reward[1] && reward[1] > reward[2]);
    CHECK(reward[0] < 74.0 && reward[2] > -74.0);
    sppo_bradley_terry_fit(reward, two, 2);  // both are at the limit
    CHECK_NEAR(reward[0] - reward[1], 2 * 53 * log(2.0), 1e-12);
    sppo_bradley_terry_fit(reward, sure, 1);
    CHECK(reward[0] == 0.0);
}

/* ==== circles ============================================================ */

static void circles_are_counted(void)
{
    double game[36], made[36], pi[6], reward[6];
    int key;

    CHECK_NEAR(sppo_cyclic_share(rock_paper_scissors, 3), 1.0, 0.0);
    CHECK_NEAR(sppo_cyclic_share(circle, 3), 1.0, 0.0);
    CHECK_NEAR(sppo_cyclic_share(colours, 3), 0.0, 0.0);
    CHECK_NEAR(sppo_cyclic_share(colours, 2), 0.0, 0.0);
    for (key = 0; key < 50; key++) {
        int i, j, l, circles = 0;

        random_game(game, pi, 6, (uint64_t)key);
        for (i = 0; i < 6; i++)  // each from each of its three ends
            for (j = 0; j < 6; j++)
                for (l = 0; l < 6; l++)
                    circles += game[i * 6 + j] > 0.5 && game[j * 6 + l] > 0.5 &&
                               game[l * 6 + i] > 0.5;
        CHECK_NEAR(sppo_cyclic_share(game, 6), circles / 3.0 / 20.0, 1e-15);
        sppo_bradley_terry_fit(reward, game, 6);
        for (i = 0; i < 6; i++)
            for (j = 0; j < 6; j++)
                made[i * 6 + j] = sppo_bradley_terry(reward[i], reward[j]);
        CHECK_NEAR(sppo_cyclic_share(made, 6), 0.0, 0.0);
    }
}

/* ==== losses ============================================================= */

/* A prompt, the second of two, with K = 5 responses that were judged, and what
 * the policy now says of them.                                              */
enum { K = 5 };

typedef struct table {
    sppo_ctx ctx;
    sppo_play play;
    double pairwise[2 * K * K], win[2 * K], ratio[K], logp[K], kept_win[K];
    double worth[K], old[2 * K], anchor[2 * K];
    int winner[2], loser[2];
    sppoi_example x;
} table;

static void lay(table *t, uint64_t key, int keep_all)
{
    static const int token[9] = { 3, 3, 3, 3, 3, 3, 3, 3, 2 };
    sppo_play *play = &t->play;
    double pi[K];
    int p, i;

    memset(t, 0, sizeof *t);
    for (p = 0; p < 2; p++) {
        random_game(t->pairwise + p * K * K, pi, K, key + 100 * (uint64_t)p);
        sppo_win_rates(t->win + p * K, t->pairwise + p * K * K, K);
        t->winner[p] = sppoi_best(t->win + p * K, K);
        t->loser[p] = sppoi_worst(t->win + p * K, K, t->winner[p]);
    }
    for (i = 0; i < 2 * K; i++)
        CHECK_OK(&t->ctx, sppo_lists_add(&t->ctx, &play->round.responses,
                                         token, 1 + (int)key % 2 + i % 7));
    play->config.k = K;
    play->config.eta = 1.7;
    play->config.keep_all = keep_all;
    play->config.clip_range = 0.2;
    play->round.pairwise = t->pairwise;
    play->round.win = t->win;
    play->round.winner = t->winner;
    play->round.loser = t->loser;
    play->round.old = t->old;
    play->round.anchor = t->anchor;
    for (i = 0; i < 2 * K; i++)
        t->anchor[i] = t->old[i] =
            -3.0 - 9.0 * sppo_random_uniform(key, (uint64_t)(70 + i));
    t->x.kept = keep_all ? K : 2;
    for (i = 0; i < t->x.kept; i++) {
        t->ratio[i] = 0.4 * sppo_random_normal(key, (uint64_t)(50 + i));
        t->logp[i] = t->ratio[i] +
                     t->old[K + sppoi_kept_response(play, 1, i)];
        t->kept_win[i] = t->win[K + sppoi_kept_response(play, 1, i)];
    }
    t->x.ratio = t->ratio;
    t->x.win = t->kept_win;
    t->x.eta = 1.7;
    t->x.log_z = 0.85;
    t->x.play = play;
    t->x.prompt = 1;
    t->x.logp = t->logp;
    t->x.worth = t->worth;
}

static void clear(table *t)
{
    sppo_lists_free(&t->ctx, &t->play.round.responses);
}

static double value_of(table *t, sppo_loss loss, double grad[K])
{
    return sppoi_loss(loss, &t->x, grad);
}

/* Every loss beyond the paper, with all that it can learn from: entry by entry,
 * with sign, in the log-probability and with it the log-ratio.
 * Central differences of step 1e-5: 1e-7, as in test_update.c.              */
static void gradients_match_differences(void)
{
    static const double h = 1e-5;
    int kind, signal, all, key, i;

    for (kind = SPPO_LOSS_GPO; kind < SPPOI_LOSSES; kind++)
        for (signal = 0; signal <= sppoi_losses[kind].signals; signal++)
            for (all = 0; all <= sppoi_losses[kind].takes_all; all++)
                for (key = 1; key <= 6; key++) {
                    double grad[K], unused[K];
                    table t;

                    lay(&t, (uint64_t)key, all);
                    t.play.config.signal = (sppo_signal)signal;
                    t.play.config.advantage = (sppo_advantage)(key % 3);
                    t.play.config.length_normalised = key % 2;
                    t.play.config.margin = 0.3;
                    value_of(&t, (sppo_loss)kind, grad);
                    for (i = 0; i < t.x.kept; i++) {
                        double up, down;

                        t.ratio[i] += h;
                        t.logp[i] += h;
                        up = value_of(&t, (sppo_loss)kind, unused);
                        t.ratio[i] -= 2 * h;
                        t.logp[i] -= 2 * h;
                        down = value_of(&t, (sppo_loss)kind, unused);
                        t.ratio[i] += h;
                        t.logp[i] += h;
                        if (!CHECK_NEAR(grad[i], (up - down) / (2 * h),
                                        1e-7 * (1 + fabs(grad[i]))))
                            printf("    of %s, signal %d\n",
                                   sppo_loss_name((sppo_loss)kind), signal);
                    }
                    clear(&t);
                }
}

/* [RLOO 1] One number under three names: RLOO's advantage on win rates, SPO's
 * win rate against the others less 1/2, and K / (K - 1) (w - 1/2).          */
static void rloo_of_win_rates_is_spo(void)
{
    int key, i, j;

    for (key = 1; key < 20; key++) {
        double game[K * K], pi[K], win[K], advantage[K], left[K];

        random_game(game, pi, K, (uint64_t)key);
        sppo_win_rates(win, game, K);
        sppo_advantages(SPPO_ADVANTAGE_LEAVE_ONE_OUT, advantage, win, K);
        for (i = 0; i < K; i++) {
            double others = 0.0, spo = 0.0;

            for (j = 0; j < K; j++) {
                others += j == i ? 0.0 : win[j] / (K - 1);
                spo += j == i ? 0.0 : game[i * K + j] / (K - 1);
            }
            left[i] = win[i] - others;
            CHECK_NEAR(advantage[i], left[i], 1e-14);
            CHECK_NEAR(advantage[i], spo - 0.5, 1e-14);
            CHECK_NEAR(advantage[i], K / (K - 1.0) * (win[i] - 0.5), 1e-14);
        }
    }
}

/* [GRPO 1] Without its deviation Dr. GRPO's; with it of mean 0, deviation 1. */
static void grpo_of_rewards_by_its_formula(void)
{
    static const double reward[4] = { 1.0, 2.0, 4.0, 9.0 };
    static const double centred[4] = { -3.0, -2.0, 0.0, 5.0 };
    double advantage[4];
    int i;

    sppo_advantages(SPPO_ADVANTAGE_MEAN, advantage, reward, 4);
    for (i = 0; i < 4; i++)
        CHECK_NEAR(advantage[i], centred[i], 1e-15);
    sppo_advantages(SPPO_ADVANTAGE_STANDARD, advantage, reward, 4);
    for (i = 0; i < 4; i++)
        CHECK_NEAR(advantage[i], centred[i] / (sqrt(38 / 3.0) + 1e-4), 1e-14);
    for (i = 0; i < 4; i++)  // in place, and nothing to tell them apart
        advantage[i] = 0.25;
    sppo_advantages(SPPO_ADVANTAGE_STANDARD, advantage, advantage, 4);
    for (i = 0; i < 4; i++)
        CHECK_NEAR(advantage[i], 0.0, 0.0);
}

/* Where the policy still is pi_t, with all K kept: SPPO's gradient is 2 eta (K
 * - 1) / K times that of RLOO on win rates, and REBEL's over all pairs is 2 K /
 * (K - 1) times SPPO's: three methods, one step.                            */
static void first_gradients_are_one(void)
{
    int key, i;

    for (key = 1; key < 20; key++) {
        double sppo[K], rloo[K], rebel[K];
        table t;

        lay(&t, (uint64_t)key, 1);
        for (i = 0; i < K; i++) {
            t.ratio[i] = 0.0;
            t.logp[i] = t.old[K + i];
        }
        value_of(&t, SPPO_LOSS_SPPO, sppo);
        value_of(&t, SPPO_LOSS_CLIP, rloo);
        value_of(&t, SPPO_LOSS_GAP, rebel);
        for (i = 0; i < K; i++) {
            CHECK_NEAR(sppo[i], 2 * 1.7 * (K - 1) / K * rloo[i], 1e-14);
            CHECK_NEAR(rebel[i], 2.0 * K / (K - 1) * sppo[i], 1e-14);
        }
        clear(&t);
    }
}

/* Where the log-ratios are Eq 4.1's, whatever its log Z, the pairs are content:
 * that is the minimum of REBEL's and of DNO's.                              */
static void pairs_are_least_at_the_exact_step(void)
{
    int key, i;

    for (key = 1; key < 20; key++) {
        double grad[K];
        table t;

        lay(&t, (uint64_t)key, 1);
        for (i = 0; i < K; i++)
            t.ratio[i] = 1.7 * t.win[K + i] - 0.123;
        CHECK_NEAR(value_of(&t, SPPO_LOSS_GAP, grad), 0.0, 1e-15);
        for (i = 0; i < K; i++)
            CHECK_NEAR(grad[i], 0.0, 1e-15);
        CHECK(value_of(&t, SPPO_LOSS_DNO, grad) > 0.1);
        for (i = 0; i < K; i++)
            CHECK_NEAR(grad[i], 0.0, 1e-15);
        for (i = 0; i < K; i++)  // a judge that Eq 3.1 describes: scores do too
            t.ratio[i] = 0.3 * i;
        for (i = 0; i < K * K; i++)
            t.pairwise[K * K + i] =
                sppo_bradley_terry(0.3 / 1.7 * (i / K), 0.3 / 1.7 * (i % K));
        t.play.config.signal = SPPO_SIGNAL_SCORE;
        CHECK_NEAR(value_of(&t, SPPO_LOSS_GAP, grad), 0.0, 1e-15);
        value_of(&t, SPPO_LOSS_DNO, grad);
        for (i = 0; i < K; i++)
            CHECK_NEAR(grad[i], 0.0, 1e-15);
        t.play.config.signal = SPPO_SIGNAL_PAIR;  // P is DNO's label itself
        value_of(&t, SPPO_LOSS_DNO, grad);
        for (i = 0; i < K; i++)
            CHECK_NEAR(grad[i], 0.0, 1e-15);
        clear(&t);
    }
}

/* [DNO 1] With a certain label it is DPO; a label of a half asks for equality.
 */
static void dno_of_a_sure_winner_is_dpo(void)
{
    double grad[2], same[2];
    int key;

    for (key = 1; key < 20; key++) {
        const double w = 3.0 * sppo_random_normal(5, (uint64_t)key);
        const double l = 3.0 * sppo_random_normal(6, (uint64_t)key);
        double loss = sppo_loss_soft(w, l, 1.0, 1.3, grad);

        CHECK_NEAR(loss, sppo_loss_dpo(w, l, 1.3, same), 0.0);
        CHECK_NEAR(grad[0], same[0], 0.0);
        CHECK_NEAR(grad[1], same[1], 0.0);
        loss = sppo_loss_soft(w, l, 0.3, 1.3, grad);
        CHECK_NEAR(loss, -0.3 * log(sppo_sigmoid((w - l) / 1.3)) -
                         0.7 * log(sppo_sigmoid((l - w) / 1.3)), 1e-12);
        CHECK_NEAR(grad[0], (sppo_sigmoid((w - l) / 1.3) - 0.3) / 1.3, 1e-14);
        CHECK_NEAR(grad[1], -grad[0], 0.0);
    }
    sppo_loss_soft(2.0, 2.0, 0.5, 1.3, grad);
    CHECK_NEAR(grad[0], 0.0, 1e-16);
    CHECK_NEAR(sppo_loss_soft(1e4, -1e4, 1.0, 1.0, grad), 0.0, 0.0);
    CHECK_NEAR(sppo_loss_soft(1e4, -1e4, 0.5, 1.0, grad), 1e4, 1e-9);
}

/* [REBEL 1] [INPO 1] Winner and loser: DPO's cousin IPO is half of a step that
 * is twice as long, INPO's hard target eta / 2; who is even teaches it nothing.
 */
static void gap_of_winner_and_loser(void)
{
    double grad[K], same[2];
    table t;
    int i;

    lay(&t, 4, 0);
    t.play.config.signal = SPPO_SIGNAL_HARD;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_GAP, grad),
               sppo_loss_ipo(t.ratio[0], t.ratio[1], 1.7 / 2, same), 1e-15);
    CHECK_NEAR(grad[0], same[0], 1e-15);
    CHECK_NEAR(grad[1], same[1], 1e-15);
    t.play.config.signal = SPPO_SIGNAL_PAIR;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_GAP, grad),
               sppo_loss_gap(t.ratio[0], t.ratio[1],
                             1.7 * (t.pairwise[(K + t.winner[1]) * K +
                                               t.loser[1]] - 0.5), same),
               1e-15);
    for (i = 0; i < K; i++)
        t.win[K + i] = 0.5;
    t.play.config.signal = SPPO_SIGNAL_HARD;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_GAP, grad), 0.0, 0.0);
    CHECK_NEAR(grad[0], 0.0, 0.0);
    clear(&t);
}

/* Of all pairs the better one leads, whichever stands first: as soft labels of
 * 1, 0, or none where both are even.                                        */
static void hard_pairs_know_the_better_one(void)
{
    double grad[K], g[2], loss = 0.0;
    table t;
    int i, j, key;

    for (key = 1; key < 10; key++) {
        lay(&t, (uint64_t)key, 1);
        t.win[K + 1] = t.win[K + 3];  // one pair is even
        t.play.config.signal = SPPO_SIGNAL_HARD;
        for (loss = 0.0, i = 0; i < K; i++)
            for (j = i + 1; j < K; j++)
                if (t.win[K + i] != t.win[K + j])
                    loss += 0.1 * sppo_loss_soft(
                        t.ratio[i], t.ratio[j],
                        t.win[K + i] > t.win[K + j] ? 1.0 : 0.0, 1.7, g);
        CHECK_NEAR(value_of(&t, SPPO_LOSS_DNO, grad), loss, 1e-14);
        clear(&t);
    }
}

/* Of rewards the pull takes tau (log pi_t - log pi_ref), tau = lambda / eta. */
static void a_pull_is_in_the_reward(void)
{
    double grad[K], g, reward[K], loss = 0.0;
    table t;
    int i;

    lay(&t, 6, 1);
    t.play.config.pull = 0.05;
    t.play.config.clip_range = 1e9;
    for (i = 0; i < K; i++) {
        const double ref = -5.0 - i * i;

        t.anchor[K + i] = 0.95 * t.old[K + i] + 0.05 * ref;
        reward[i] = t.win[K + i] - 0.05 / 1.7 * (t.old[K + i] - ref);
    }
    sppo_advantages(SPPO_ADVANTAGE_LEAVE_ONE_OUT, reward, reward, K);
    for (i = 0; i < K; i++)
        loss += sppo_loss_clip(t.ratio[i], reward[i], 1e9, &g) / K;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_CLIP, grad), loss, 1e-14);
    clear(&t);
}

/* All of its weights, every second iteration. */
static void a_reference_moves_when_it_is_due(void)
{
    sppo_real of_policy[3] = { 1, 2, 3 }, of_reference[3] = { 7, 8, 9 };
    sppo_model policy = { 0 };
    sppo_play play;
    int i;

    memset(&play, 0, sizeof play);
    policy.weights = of_policy;
    policy.count = 3;
    play.policy = &policy;
    play.reference.weights = of_reference;
    play.config.reference_every = 2;
    play.iteration = 1;
    sppoi_move_reference(&play);
    CHECK(of_reference[0] == (sppo_real)7);
    play.iteration = 2;
    sppoi_move_reference(&play);
    for (i = 0; i < 3; i++)
        CHECK(of_reference[i] == of_policy[i]);
}

/* [NLHF 2] [SPIN 1] Of four responses the last two are opponents; of three the
 * last is the given one, whatever the judge would say.                      */
static void opponents_and_the_given_one(void)
{
    double game[16], pi[4], win[4];
    int key, i, j;

    for (key = 1; key < 9; key++) {
        random_game(game, pi, 4, (uint64_t)key);
        sppo_win_rates_against(win, game, 2, 4);
        for (i = 0; i < 4; i++)
            CHECK_NEAR(win[i], (game[i * 4 + 2] + game[i * 4 + 3]) / 2, 1e-15);
    }
    sppoi_given_wins(game, 3);
    for (i = 0; i < 3; i++)
        for (j = 0; j < 3; j++)
            CHECK_NEAR(game[i * 3 + j], i == j ? 0.5 : i == 2 ? 1.0 :
                       j == 2 ? 0.0 : 0.5, 0.0);
}

/* [GPO 1] Each log-ratio goes to eta times its mean score. */
static void gpo_goes_to_the_scores(void)
{
    double grad[K], score[K], loss = 0.0;
    table t;
    int i;

    lay(&t, 9, 1);
    sppo_mean_scores(score, t.pairwise + K * K, K);
    for (i = 0; i < K; i++)
        loss += pow(t.ratio[i] - 1.7 * score[i], 2) / K;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_GPO, grad), loss, 1e-14);
    for (i = 0; i < K; i++)
        t.ratio[i] = 1.7 * score[i];
    CHECK_NEAR(value_of(&t, SPPO_LOSS_GPO, grad), 0.0, 1e-15);
    clear(&t);
    lay(&t, 7, 0);  // of two, though the loser's number is below the winner's
    sppo_mean_scores(score, t.pairwise + K * K, K);
    loss = (pow(t.ratio[0] - 1.7 * score[t.winner[1]], 2) +
            pow(t.ratio[1] - 1.7 * score[t.loser[1]], 2)) / 2;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_GPO, grad), loss, 1e-14);
    CHECK(t.winner[1] > t.loser[1]);
    clear(&t);
}

/* [PPO 1] A ratio that has gone far enough the right way is held; one that went
 * the wrong way is not.                                                     */
static void ppo_holds_what_went_far_enough(void)
{
    static const double advantage[2] = { 0.4, -0.4 };
    double grad;
    int i;

    for (i = 0; i < 2; i++) {
        const double a = advantage[i], way = a > 0 ? 1 : -1;

        CHECK_NEAR(sppo_loss_clip(0.0, a, 0.2, &grad), -a, 1e-16);
        CHECK_NEAR(grad, -a, 1e-16);
        CHECK_NEAR(sppo_loss_clip(0.1 * way, a, 0.2, &grad),
                   -a * exp(0.1 * way), 1e-16);
        CHECK_NEAR(grad, -a * exp(0.1 * way), 1e-16);
        CHECK_NEAR(sppo_loss_clip(3.0 * way, a, 0.2, &grad),
                   -a * (1 + 0.2 * way), 1e-16);
        CHECK_NEAR(grad, 0.0, 0.0);
        CHECK_NEAR(sppo_loss_clip(-3.0 * way, a, 0.2, &grad),
                   -a * exp(-3.0 * way), 1e-14);
        CHECK_NEAR(grad, -a * exp(-3.0 * way), 1e-14);
        CHECK_NEAR(sppo_loss_clip(3.0 * way, a, 1e9, &grad),
                   -a * exp(3.0 * way), 1e-14);
    }
}

/* [GSPO 1] [SimPO 1] Both count per token, EOS too. */
static void lengths_are_those_of_responses(void)
{
    double grad[K], g, loss = 0.0, advantage[K];
    table t;
    int i;

    lay(&t, 3, 1);
    t.play.config.length_normalised = 1;
    sppo_advantages(SPPO_ADVANTAGE_LEAVE_ONE_OUT, advantage, t.win + K, K);
    for (i = 0; i < K; i++) {
        const int tokens = 2 + (K + i) % 7;

        loss += sppo_loss_clip(t.ratio[i] / tokens, advantage[i], 0.2, &g) / K;
    }
    CHECK_NEAR(value_of(&t, SPPO_LOSS_CLIP, grad), loss, 1e-15);
    clear(&t);
    lay(&t, 3, 0);
    t.play.config.margin = 0.6;
    loss = (t.logp[0] / (2 + (K + t.winner[1]) % 7) -
            t.logp[1] / (2 + (K + t.loser[1]) % 7)) / 1.7 - 0.6;
    CHECK_NEAR(value_of(&t, SPPO_LOSS_SIMPO, grad), -log(sppo_sigmoid(loss)),
               1e-14);
    clear(&t);
}

static const check_case cases[] = {
    CASE(the_circle_of_three_as_published),
    CASE(inpo_ends_as_far_as_it_is_pulled),
    CASE(comal_falls_to_rounding),
    CASE(nash_md_one_step_of_dice),
    CASE(mixture_ends_are_its_policies),
    CASE(nash_md_keeps_its_bound_and_stalls),
    CASE(steps_ahead_converge_as_published),
    CASE(a_step_ahead_converges_where_inpo_circles),
    CASE(momentum_keeps_a_circle_going),
    CASE(every_step_gains_its_kl_over_eta),
    CASE(annotators_move_the_winner_smoothly),
    CASE(reward_of_colours_is_red_the_winner_blue),
    CASE(reward_fit_is_the_minimum),
    CASE(reward_of_a_sure_winner_is_finite),
    CASE(circles_are_counted),
    CASE(gradients_match_differences),
    CASE(rloo_of_win_rates_is_spo),
    CASE(grpo_of_rewards_by_its_formula),
    CASE(first_gradients_are_one),
    CASE(pairs_are_least_at_the_exact_step),
    CASE(dno_of_a_sure_winner_is_dpo),
    CASE(gap_of_winner_and_loser),
    CASE(hard_pairs_know_the_better_one),
    CASE(a_pull_is_in_the_reward),
    CASE(a_reference_moves_when_it_is_due),
    CASE(opponents_and_the_given_one),
    CASE(gpo_goes_to_the_scores),
    CASE(ppo_holds_what_went_far_enough),
    CASE(lengths_are_those_of_responses)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
