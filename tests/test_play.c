/* test_play.c - Algorithm 1: sample, judge, select, fit, advance
 *
 * A random policy of one layer and eight tokens plays against itself before a
 * judge written in C.  REAL is what a sum of a few log-probabilities may lose
 * to the order of work: some 10 roundings of numbers of order 10.
 */
#define _POSIX_C_SOURCE 200809L
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define REAL (sizeof(sppo_real) == 4 ? 2e-5 : 1e-12)
#define SCRATCH "build/test_play.ckpt"

enum { BOS = 1, EOS = 2, LIKED = 5 };

typedef struct world {
    sppo_ctx ctx;
    sppo_model policy, other;
    sppo_lists prompts, gold;
    sppo_play_config config;
    sppo_play play;
    sppo_judge judge;
} world;

static int has(const sppo_ctx *ctx, const char *part)
{
    if (strstr(ctx->message, part))
        return 1;
    printf("    \"%s\" is not in: %s\n", part, ctx->message);
    return 0;
}

/* ==== judges ============================================================= */

static int liked_tokens(const sppo_lists *responses, int list)
{
    const int *token = sppo_lists_tokens(responses, list);
    int i, n = 0;

    for (i = 0; i < sppo_lists_length(responses, list); i++)
        n += token[i] == LIKED;
    return n;
}

/* sigma of the difference in how many tokens are LIKED. */
static sppo_result likes_fives(sppo_ctx *ctx, void *user,
                               const sppo_lists *prompts,
                               const sppo_lists *responses, int k, int first,
                               int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j <= i; j++) {
                double *cell = pairwise + (size_t)p * (size_t)(k * k);
                const double s = liked_tokens(responses, p * k + i)
                               - liked_tokens(responses, p * k + j);
                cell[i * k + j] = sppo_sigmoid(s);
                cell[j * k + i] = 1.0 - sppo_sigmoid(s);
            }
    return SPPO_OK;
}

/* ==== a small world ====================================================== */

static sppo_config tiny_config(int vocab)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = vocab, c.dim = 16, c.layers = 1, c.heads = 2, c.kv_heads = 1;
    c.hidden = 24, c.context = 16, c.bos = BOS, c.eos = EOS;
    return c;
}

static int begin(world *w, int prompts)
{
    const sppo_config c = tiny_config(8);
    int i, ok;

    memset(w, 0, sizeof *w);
    ok = CHECK_OK(&w->ctx, sppo_model_init(&w->ctx, &w->policy, &c, 7));
    for (i = 0; ok && i < prompts; i++) {
        const int prompt[4] = { BOS, 3 + i % 5, 3 + i / 5 % 5, 3 + i / 25 };
        ok = CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->prompts, prompt,
                                              2 + i % 3));
    }
    w->judge.fill = likes_fives;
    w->config.eta = 2.0;
    w->config.k = 4;
    w->config.iterations = 2;
    w->config.batch = 2;
    w->config.epochs = 2;
    w->config.seed = 42;
    w->config.pass_tokens = 256;
    w->config.sampling.max_tokens = 5;
    w->config.optim.lr = 2e-3;
    return ok;
}

static int start(world *w)
{
    return CHECK_OK(&w->ctx, sppo_play_init(&w->ctx, &w->play, &w->config,
                                            &w->policy, &w->prompts));
}

static void end(world *w)
{
    sppo_play_free(&w->ctx, &w->play);
    sppo_play_free(&w->ctx, &w->play);
    sppo_lists_free(&w->ctx, &w->prompts);
    sppo_lists_free(&w->ctx, &w->gold);
    sppo_model_free(&w->ctx, &w->policy);
    sppo_model_free(&w->ctx, &w->other);
    CHECK(w->ctx.held == 0);
}

static int same_weights(const sppo_model *a, const sppo_model *b)
{
    return a->count == b->count
        && memcmp(a->weights, b->weights, a->count * sizeof *a->weights) == 0;
}

/* log pi(y|x), by a forest of its own. */
static double log_pi(world *w, const sppo_model *model, int prompt,
                     const sppo_lists *responses, int list)
{
    sppo_forest forest = { 0 };
    sppo_activations acts = { 0 };
    double value = 0.0;
    int root, leaf;

    if (CHECK_OK(&w->ctx, sppo_forest_init(&w->ctx, &forest, 32, 2))
        && CHECK_OK(&w->ctx, sppo_activations_init(&w->ctx, &acts, model, 32, 2,
                                                   0, 0))) {
        root = sppo_forest_add(&forest, -1,
                               sppo_lists_tokens(&w->prompts, prompt),
                               sppo_lists_length(&w->prompts, prompt), 0);
        leaf = sppo_forest_add(&forest, root,
                               sppo_lists_tokens(responses, list),
                               sppo_lists_length(responses, list), 1);
        CHECK(leaf == 1);
        CHECK_OK(&w->ctx, sppo_forward(&w->ctx, &acts, model, &forest));
        value = sppo_segment_logprob(&acts, &forest, leaf);
    }
    sppo_activations_free(&w->ctx, &acts);
    sppo_forest_free(&w->ctx, &forest);
    return value;
}

/* Up to the end of SELECT of the current iteration. */
static int collect(world *w)
{
    return CHECK_OK(&w->ctx, sppo_play_sample(&w->ctx, &w->play))
        && CHECK_OK(&w->ctx, sppo_play_judge(&w->ctx, &w->play, &w->judge))
        && CHECK_OK(&w->ctx, sppo_play_select(&w->ctx, &w->play));
}

/* Copies what the callback sees of the FIT phase. */
typedef struct record {
    sppo_progress step[400];
    int steps, calls;
    int stop_every;  // 0: never
} record;

static int keep_record(void *user, const sppo_progress *progress)
{
    record *r = (record *)user;

    r->calls++;
    if (progress->phase == SPPO_PHASE_FIT && r->steps < 400)
        r->step[r->steps++] = *progress;
    return r->stop_every && r->calls % r->stop_every == 0;
}

/* ==== lines 1 and 2: the input, the loop ================================= */

/* Where a setting is 0, the paper's: K = 5, three iterations, temperature 1 and
 * no cut, the constant eta / 2, the win rates' regression, RMSprop.         */
static void alg_1_1_defaults_are_the_papers(void)
{
    world w;
    sppo_play_config config;

    if (!begin(&w, 120))
        return;
    memset(&config, 0, sizeof config);
    config.eta = 1000;
    config.optim.lr = 5e-7;
    if (!CHECK_OK(&w.ctx, sppo_play_init(&w.ctx, &w.play, &config, &w.policy,
                                         &w.prompts)))
        return;
    CHECK_NEAR(w.play.config.eta, 1000.0, 0.0);
    CHECK(w.play.config.k == 5);
    CHECK(w.play.config.iterations == 3);
    CHECK(w.play.config.prompts_per_iteration == 40);
    CHECK(w.play.config.batch == 32);
    CHECK(w.play.config.epochs == 1);
    CHECK(w.play.optim.config.total_steps == 2);  // an iteration's (D6)
    CHECK(w.play.config.loss == SPPO_LOSS_SPPO);
    CHECK(w.play.config.baseline == SPPO_BASELINE_HALF);
    CHECK(w.play.config.sampling.max_tokens ==     // 64, but for the context
          (w.policy.config.context < 65 ? w.policy.config.context - 1 : 64));
    CHECK(w.play.optim.config.kind == SPPO_RMSPROP);
    CHECK_NEAR(w.play.optim.config.lr, 5e-7, 0.0);
    CHECK(config.k == 0);  // yours is left as it was
    end(&w);
}

/* Which phase of which iteration the callback has seen, in order. */
typedef struct history { int seen[64], count; } history;

static int keep_history(void *user, const sppo_progress *progress)
{
    history *h = (history *)user;
    const int now = progress->iteration * 10 + (int)progress->phase;

    if (h->count < 64 && (!h->count || h->seen[h->count - 1] != now))
        h->seen[h->count++] = now;
    return 0;
}

static void alg_1_2_runs_every_iteration(void)
{
    static const int expected[9] = { 0, 1, 3, 10, 11, 13, 20, 21, 23 };
    world w;
    history h;

    memset(&h, 0, sizeof h);
    if (!begin(&w, 9))
        return;
    w.config.iterations = 3;
    w.config.progress = keep_history;
    w.config.progress_user = &h;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    CHECK(w.play.iteration == 3);
    CHECK(w.play.phase == SPPO_PHASE_DONE);
    CHECK(h.count == 9 && memcmp(h.seen, expected, sizeof expected) == 0);
    end(&w);
}

/* ==== lines 3 to 5: the data of a round ================================== */

static void alg_1_3_samples_k_responses(void)
{
    world w;
    int p, r, i, differ = 0;

    if (!begin(&w, 9) || !start(&w))
        return;
    CHECK(w.play.phase == SPPO_PHASE_SAMPLE);
    CHECK(w.play.iteration == 0);
    CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
    CHECK(w.play.phase == SPPO_PHASE_JUDGE);
    CHECK(w.play.round.first == 0);
    CHECK(w.play.round.count == 9 / 2);
    CHECK(w.play.round.responses.count == 9 / 2 * 4);
    for (p = 0; p < w.play.round.count; p++)
        for (r = 0; r < 4; r++) {
            const sppo_lists *y = &w.play.round.responses;
            const int list = p * 4 + r, n = sppo_lists_length(y, list);
            const int *t = sppo_lists_tokens(y, list);
            CHECK(n >= 1 && n <= 5);
            for (i = 0; i < n; i++) {
                CHECK(t[i] >= 0 && t[i] < 8);
                CHECK(t[i] != EOS || i == n - 1);  // EOS only at the end
            }
            CHECK(n == 5 || t[n - 1] == EOS);
            differ += n != sppo_lists_length(y, p * 4)
                   || memcmp(t, sppo_lists_tokens(y, p * 4),
                             (size_t)n * sizeof *t) != 0;
        }
    CHECK(differ >= 6);  // four draws, not four copies
    end(&w);
}

/* Nine draws of one token out of eight: equal ones stay, each with its own row,
 * tied with its twin, and all are fitted.                                   */
static void alg_1_3_duplicates_stay(void)
{
    world w;
    int p, i, j, twins = 0;

    if (!begin(&w, 8))
        return;
    w.config.k = 9;
    w.config.keep_all = 1;
    w.config.sampling.max_tokens = 1;
    if (!start(&w) || !collect(&w))
        return;
    CHECK(w.play.round.responses.count == 9 * w.play.round.count);
    for (p = 0; p < w.play.round.count; p++) {
        const sppo_lists *y = &w.play.round.responses;
        const double *win = w.play.round.win + p * 9;
        int of_prompt = 0;
        for (i = 0; i < 9; i++)
            for (j = 0; j < i; j++)
                if (sppo_lists_tokens(y, p * 9 + i)[0] ==
                    sppo_lists_tokens(y, p * 9 + j)[0]) {
                    CHECK_NEAR(w.play.round.pairwise[(p * 9 + i) * 9 + j], 0.5,
                               0.0);
                    CHECK_NEAR(win[i], win[j], 1e-15);
                    of_prompt++;
                }
        CHECK(of_prompt > 0);  // pigeons
        twins += of_prompt;
    }
    CHECK(twins >= w.play.round.count);
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    end(&w);
}

static void alg_1_4_and_1_5_annotate_and_select(void)
{
    world w;
    int p, i, j;

    if (!begin(&w, 12))
        return;
    w.config.k = 5;
    if (!start(&w) || !collect(&w))
        return;
    CHECK(w.play.phase == SPPO_PHASE_FIT);
    for (p = 0; p < w.play.round.count; p++) {
        const double *cell = w.play.round.pairwise + p * 25;
        const double *win = w.play.round.win + p * 5;
        const int best = w.play.round.winner[p], last = w.play.round.loser[p];
        for (i = 0; i < 5; i++) {
            double mean = 0.0;
            CHECK_NEAR(cell[i * 5 + i], 0.5, 0.0);
            for (j = 0; j < 5; j++) {
                const double s =
                    liked_tokens(&w.play.round.responses, p * 5 + i)
                    - liked_tokens(&w.play.round.responses, p * 5 + j);
                CHECK_NEAR(cell[i * 5 + j] + cell[j * 5 + i], 1.0, 0.0);
                CHECK_NEAR(cell[i * 5 + j], 1 / (1 + exp(-s)), 1e-15);
                mean += cell[i * 5 + j] / 5;
            }
            CHECK_NEAR(win[i], mean, 1e-15);
        }
        CHECK(best >= 0 && best < 5 && last >= 0 && last < 5);
        CHECK(best != last);
        for (i = 0; i < 5; i++) {
            CHECK(win[best] >= win[i]);
            CHECK(win[last] <= win[i]);
        }
    }
    end(&w);
}

/* A judge who sees no difference at all. */
static sppo_result sees_no_difference(sppo_ctx *ctx, void *user,
                                      const sppo_lists *prompts,
                                      const sppo_lists *responses, int k,
                                      int first, int count, double *pairwise)
{
    int i;

    (void)ctx, (void)user, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < count * k * k; i++)
        pairwise[i] = 0.5;
    return SPPO_OK;
}

/* A judge of places: row i of k = 4 against the others, whatever they say. */
static sppo_result knows_places(sppo_ctx *ctx, void *user,
                                const sppo_lists *prompts,
                                const sppo_lists *responses, int k, int first,
                                int count, double *pairwise)
{
    int i;

    (void)ctx, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < count; i++)
        memcpy(pairwise + i * k * k, user, (size_t)(k * k) * sizeof *pairwise);
    return SPPO_OK;
}

/* Likes fives, and notes for which prompts it is asked; of each it is shown the
 * responses to that prompt.                                                 */
typedef struct notebook {
    const world *w;
    int asked[80];
} notebook;

static sppo_result takes_notes(sppo_ctx *ctx, void *user,
                               const sppo_lists *prompts,
                               const sppo_lists *responses, int k, int first,
                               int count, double *pairwise)
{
    notebook *notes = (notebook *)user;
    const sppo_round *round = &notes->w->play.round;
    int p;

    CHECK(prompts == &notes->w->prompts && responses->count == count * k);
    for (p = 0; p < count; p++) {
        notes->asked[first + p]++;
        CHECK(sppo_lists_tokens(responses, p * k) ==
              sppo_lists_tokens(&round->responses,
                                (first + p - round->first) * k));
    }
    return likes_fives(ctx, user, prompts, responses, k, first, count,
                       pairwise);
}

/* Two rounds of 40 prompts, more than are judged in one call. */
static void alg_1_4_asks_once_for_each_prompt(void)
{
    static world w;
    static notebook notes;
    int p;

    memset(&notes, 0, sizeof notes);
    if (!begin(&w, 80))
        return;
    notes.w = &w;
    w.judge.fill = takes_notes;
    w.judge.user = &notes;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    for (p = 0; p < 80; p++)
        CHECK(notes.asked[p] == 1);
    end(&w);
}

/* Of equal win rates the first wins and the last loses (D11): two responses, so
 * distinct ones, even when all four are equal.                              */
static void alg_1_5_ties_give_two_distinct_responses(void)
{
    static double places[3][16] = {
        { .5, .5, .5, .5,  .5, .5, .5, .5,  .5, .5, .5, .5,  .5, .5, .5, .5 },
        { .5, .2, .5, .2,  .8, .5, .8, .5,  .5, .2, .5, .2,  .8, .5, .8, .5 },
        { .5, .5, .3, .5,  .5, .5, .3, .5,  .7, .7, .5, .7,  .5, .5, .3, .5 }
    };
    static const int winner[3] = { 0, 1, 2 }, loser[3] = { 3, 2, 3 };
    int t, p;

    for (t = 0; t < 3; t++) {
        world w;
        if (!begin(&w, 8))
            return;
        w.judge.fill = knows_places;
        w.judge.user = places[t];
        if (!start(&w) || !collect(&w))
            return;
        for (p = 0; p < w.play.round.count; p++) {
            CHECK(w.play.round.winner[p] == winner[t]);
            CHECK(w.play.round.loser[p] == loser[t]);
        }
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        end(&w);
    }
}

/* Which of three tenths a judge gives to i before j, in prompt p. */
static int in_tenths(int p, int k, int i, int j)
{
    static const int tenths[3] = { 1, 5, 9 };
    const uint64_t key = sppo_random_fork((uint64_t)p, (uint64_t)k);

    if (i == j)
        return 5;
    if (j < i)
        return 10 - in_tenths(p, k, j, i);
    return tenths[(int)(3.0 * sppo_random_uniform(key,
                                                  (uint64_t)(i * k + j)))];
}

static sppo_result answers_in_tenths(sppo_ctx *ctx, void *user,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses, int k,
                                     int first, int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)responses;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++)
                pairwise[(p * k + i) * k + j] =
                    in_tenths(first + p, k, i, j) / 10.0;
    return SPPO_OK;
}

/* Win rates of tenths are counted exactly, in whole numbers; as doubles, equal
 * ones differ in the last bit in one prompt of ten to fifty.                */
static void alg_1_5_ties_are_no_matter_of_rounding(void)
{
    int k, p, i, j;

    for (k = 3; k <= 10; k++) {
        world w;

        if (!begin(&w, 100))
            return;
        w.config.k = k;
        w.config.iterations = 1;
        w.config.sampling.max_tokens = 1;
        w.judge.fill = answers_in_tenths;
        if (!start(&w) || !collect(&w))
            return;
        for (p = 0; p < 100; p++) {
            int sum[10] = { 0 }, best = 0, worst = 0;

            for (i = 0; i < k; i++) {
                for (j = 0; j < k; j++)
                    sum[i] += in_tenths(p, k, i, j);
                best = sum[i] > sum[best] ? i : best;
                worst = sum[i] <= sum[worst] ? i : worst;
            }
            CHECK(w.play.round.winner[p] == best);
            CHECK(w.play.round.loser[p] == worst);
            CHECK(sppo_best_of(w.play.round.pairwise + p * k * k, k) == best);
        }
        end(&w);
    }
}

/* Each of five beats the next two: all win rates are 1/2, but for the last bit,
 * and nothing that a loss which needs a winner could learn.                 */
static sppo_result goes_round(sppo_ctx *ctx, void *user,
                              const sppo_lists *prompts,
                              const sppo_lists *responses, int k, int first,
                              int count, double *pairwise)
{
    static const double p[5] = { .5, .9, .7, .3, .1 };
    int c;

    (void)ctx, (void)user, (void)prompts, (void)responses, (void)first;
    for (c = 0; c < count * k * k; c++)
        pairwise[c] = p[(c % k + k - c / k % k) % k];
    return SPPO_OK;
}

static void losses_with_a_winner_skip_a_circle_of_five(void)
{
    static const sppo_loss losses[] = { SPPO_LOSS_HARD, SPPO_LOSS_DPO,
                                        SPPO_LOSS_IPO };
    int l;

    for (l = 0; l < COUNT(losses); l++) {
        world w;
        record seen = { 0 };
        int i;

        if (!begin(&w, 8))
            return;
        w.config.k = 5;
        w.config.loss = losses[l];
        w.config.progress = keep_record;
        w.config.progress_user = &seen;
        w.judge.fill = goes_round;
        if (!start(&w) ||
            !CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge)))
            return;
        CHECK(seen.steps > 0);
        for (i = 0; i < seen.steps; i++) {
            CHECK_NEAR(seen.step[i].loss, 0.0, 0.0);
            CHECK_NEAR(seen.step[i].grad_norm, 0.0, 0.0);
        }
        end(&w);
    }
}

/* The same prompts twice, by a policy that hardly moves: other draws.  Greedy
 * there is one response, K times, in every iteration.                       */
static void alg_1_3_draws_anew_in_every_iteration(void)
{
    int greedy;

    for (greedy = 0; greedy < 2; greedy++) {
        enum { PROMPTS = 40, K = 4 };
        static int first[PROMPTS * K * 5];
        world w;
        int i, tokens, same = 0;
        if (!begin(&w, PROMPTS))
            return;
        w.config.prompts_per_iteration = PROMPTS;
        w.config.optim.lr = 1e-30;
        w.config.sampling.greedy = greedy;
        if (!start(&w) || !collect(&w))
            return;
        tokens = w.play.round.responses.start[PROMPTS * K];
        for (i = 0; i < PROMPTS * K * 5; i++)
            first[i] = i < tokens ? w.play.round.responses.token[i] : -1;
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        CHECK_OK(&w.ctx, sppo_play_advance(&w.ctx, &w.play));
        CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
        CHECK(w.play.round.first == 0);
        for (i = 0; i < w.play.round.responses.start[PROMPTS * K]; i++)
            same += w.play.round.responses.token[i] == first[i];
        CHECK(greedy ? same == tokens : same < tokens / 2);
        for (i = 0; greedy && i < PROMPTS * K; i++) {
            const sppo_lists *y = &w.play.round.responses;
            const int n = sppo_lists_length(y, i), one = i / K * K;
            CHECK(n == sppo_lists_length(y, one));
            CHECK(!memcmp(sppo_lists_tokens(y, i), sppo_lists_tokens(y, one),
                          (size_t)n * sizeof(int)));
        }
        end(&w);
    }
}

/* Every prompt once per iteration, another part of them in each. */
static void alg_1_3_iterations_share_out_the_prompts(void)
{
    world w;
    int t;

    if (!begin(&w, 12))
        return;
    w.config.iterations = 3;
    w.config.epochs = 1;
    if (!start(&w))
        return;
    for (t = 0; t < 3; t++) {
        CHECK(w.play.iteration == t);
        if (!collect(&w))
            return;
        CHECK(w.play.round.first == 4 * t);
        CHECK(w.play.round.count == 4);
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        CHECK(w.play.phase == SPPO_PHASE_ADVANCE);
        CHECK_OK(&w.ctx, sppo_play_advance(&w.ctx, &w.play));
    }
    CHECK(w.play.phase == SPPO_PHASE_DONE);
    end(&w);
}

/* ==== Bradley-Terry on mean scores, the released code's P ================ */

/* Three responses in a circle: each beats the next by 3 to 1. */
static double circle[9] = { .5, .75, .25,  .25, .5, .75,  .75, .25, .5 };

/* Weights change when P is the judge's, as printed in the paper, and Eq 4.12
 * takes it; with scores the circle is a tie of all, and nothing is learnt.  */
static void bradley_terry_makes_a_circle_a_tie(void)
{
    static const sppo_loss loss[3] = { SPPO_LOSS_SPPO, SPPO_LOSS_PAIR,
                                       SPPO_LOSS_SINGLE };
    int t, i, scores;

    for (t = 0; t < 3; t++)
        for (scores = 0; scores < 2; scores++) {
            world w;
            sppo_model before = { 0 };
            if (!begin(&w, 8))
                return;
            w.judge.fill = knows_places;
            w.judge.user = circle;
            w.config.k = 3;
            w.config.loss = loss[t];
            w.config.bradley_terry = scores;
            if (!start(&w) || !collect(&w))
                return;
            for (i = 0; i < w.play.round.count * 9; i++)
                CHECK_NEAR(w.play.round.pairwise[i],
                           scores ? 0.5 : circle[i % 9], 1e-15);
            for (i = 0; i < w.play.round.count * 3; i++)
                CHECK_NEAR(w.play.round.win[i], 0.5, 1e-15);
            CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                              SPPO_HEAD_NONE, 0));
            CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
            /* a circle's win rates are 1/2 too: Eq 4.7 learns from neither */
            CHECK(same_weights(&before, &w.policy) ==
                  (scores || loss[t] == SPPO_LOSS_SPPO));
            sppo_model_free(&w.ctx, &before);
            end(&w);
        }
}

/* Rewards r that obey Eq 3.1 come out doubled: P = sigma(2 (r_i - r_j)). */
static void bradley_terry_doubles_rewards(void)
{
    world w;
    int p, i, j, apart = 0;

    if (!begin(&w, 12))
        return;
    w.config.bradley_terry = 1;
    if (!start(&w) || !collect(&w))
        return;
    for (p = 0; p < w.play.round.count; p++)
        for (i = 0; i < 4; i++)
            for (j = 0; j < 4; j++) {
                const sppo_lists *y = &w.play.round.responses;
                const int s = liked_tokens(y, p * 4 + i)
                            - liked_tokens(y, p * 4 + j);
                CHECK_NEAR(w.play.round.pairwise[(p * 4 + i) * 4 + j],
                           1 / (1 + exp(-2.0 * s)), 1e-13);
                apart += s != 0;
            }
    CHECK(apart > 0);
    end(&w);
}

/* P(i > j) at random, by prompt: no order, no rewards behind it. */
static sppo_result is_arbitrary(sppo_ctx *ctx, void *user,
                                const sppo_lists *prompts,
                                const sppo_lists *responses, int k, int first,
                                int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)responses;
    for (p = 0; p < count; p++) {
        double *cell = pairwise + p * k * k;
        for (i = 0; i < k; i++)
            for (j = 0; j <= i; j++) {
                const uint64_t key = (uint64_t)(first + p);
                const double u = sppo_random_uniform(key,
                                                     (uint64_t)(i * k + j));
                cell[i * k + j] = i == j ? 0.5 : 0.001 + 0.998 * u;
                cell[j * k + i] = 1.0 - cell[i * k + j];
            }
    }
    return SPPO_OK;
}

/* Best and worst by s_PairRM, the mean log-odds, as the paper selects; by win
 * rates, the default, they are others for some prompts.                     */
static void bradley_terry_selects_by_mean_scores(void)
{
    enum { PROMPTS = 60, K = 5 };
    static double judged[PROMPTS * K * K];
    world w[2];
    int t, p, i, others = 0;

    for (t = 0; t < 2; t++) {
        if (!begin(&w[t], PROMPTS))
            return;
        w[t].judge.fill = is_arbitrary;
        w[t].config.k = K;
        w[t].config.iterations = 1;
        w[t].config.bradley_terry = t;
        if (!start(&w[t]) || !collect(&w[t]))
            return;
    }
    is_arbitrary(NULL, NULL, NULL, NULL, K, 0, PROMPTS, judged);
    for (p = 0; p < PROMPTS; p++) {
        double score[K];
        sppo_mean_scores(score, judged + p * K * K, K);
        for (i = 0; i < K; i++) {
            CHECK(score[i] <= score[w[1].play.round.winner[p]]);
            CHECK(score[i] >= score[w[1].play.round.loser[p]]);
        }
        others += w[0].play.round.winner[p] != w[1].play.round.winner[p];
    }
    CHECK(others > 0);
    end(&w[0]), end(&w[1]);
}

/* ==== cut responses ====================================================== */

/* Some of one token's room: cut ones and finished ones for every prompt. */
static int begin_cut(world *w, double penalty)
{
    if (!begin(w, 12))
        return 0;
    w->judge.fill = is_arbitrary;
    w->config.missing_eos_penalty = penalty;
    w->config.sampling.max_tokens = 4;
    return start(w) && collect(w);
}

static int is_cut(const world *w, int list)
{
    return !sppo_finished(&w->policy.config, &w->play.round.responses, list);
}

/* A response that was cut carries no EOS, one that ended carries one, and that
 * is the only difference between them.                                      */
static void a_cut_response_carries_no_eos(void)
{
    int i, t, cut = 0;
    world w;

    if (!begin_cut(&w, 0.0))
        return;
    for (i = 0; i < w.play.round.responses.count; i++) {
        const int *token = sppo_lists_tokens(&w.play.round.responses, i);
        const int n = sppo_lists_length(&w.play.round.responses, i);
        for (t = 0; t + 1 < n; t++)
            CHECK(token[t] != EOS);
        CHECK(is_cut(&w, i) == (token[n - 1] != EOS));
        CHECK(!is_cut(&w, i) || n == 4);
        cut += is_cut(&w, i);
    }
    CHECK(cut > 0 && cut < w.play.round.responses.count);
    CHECK_NEAR(w.play.last.eos_rate,
               1.0 - (double)cut / w.play.round.responses.count, 1e-12);
    end(&w);
}

/* Log-odds of a mixed pair move by the penalty, of others by nothing; P stays
 * antisymmetric.                                                            */
static void a_cut_costs_its_penalty_in_log_odds(void)
{
    const double penalty = 1.25;
    int p, i, j, mixed = 0;
    world free, w;

    if (!begin_cut(&free, 0.0) || !begin_cut(&w, penalty))
        return;
    for (p = 0; p < w.play.round.count; p++)
        for (i = 0; i < 4; i++)
            for (j = 0; j < 4; j++) {
                const int at = (p * 4 + i) * 4 + j;
                const double was = free.play.round.pairwise[at];
                const double is = w.play.round.pairwise[at];
                const int cut = is_cut(&w, p * 4 + i) - is_cut(&w, p * 4 + j);
                if (cut == 0)
                    CHECK(is == was);
                else
                    CHECK_NEAR(log(is / (1 - is)),
                               log(was / (1 - was)) - penalty * cut, 1e-11);
                CHECK_NEAR(is + w.play.round.pairwise[(p * 4 + j) * 4 + i],
                           1.0, 1e-15);
                mixed += cut != 0;
            }
    CHECK(mixed > 0);
    end(&w);
    end(&free);
}

/* Of a judge who cannot tell, the finished win, and D_t follows. */
static void a_penalty_makes_the_finished_win(void)
{
    static double equal[16] = { .5, .5, .5, .5, .5, .5, .5, .5,
                                .5, .5, .5, .5, .5, .5, .5, .5 };
    int p, i;
    world w;

    if (!begin(&w, 12))
        return;
    w.judge.fill = knows_places;
    w.judge.user = equal;
    w.config.missing_eos_penalty = 2.0;
    if (!start(&w) || !collect(&w))
        return;
    for (p = 0; p < w.play.round.count; p++) {
        double expected[4];
        int j, cut = 0;
        for (i = 0; i < 4; i++)
            cut += is_cut(&w, p * 4 + i);
        for (i = 0; i < 4; i++) {
            expected[i] = 0.0;
            for (j = 0; j < 4; j++)
                expected[i] += sppo_sigmoid(2.0 * (is_cut(&w, p * 4 + j) -
                                                   is_cut(&w, p * 4 + i))) / 4;
            CHECK_NEAR(w.play.round.win[p * 4 + i], expected[i], 1e-14);
        }
        if (cut > 0 && cut < 4) {
            CHECK(!is_cut(&w, p * 4 + w.play.round.winner[p]));
            CHECK(is_cut(&w, p * 4 + w.play.round.loser[p]));
        }
    }
    end(&w);
}

/* Certainty has no finite log-odds: it stays, and nothing becomes NaN. */
static void a_penalty_leaves_certainty_alone(void)
{
    static double sure[16] = { .5, 1, 1, 1,  0, .5, 1, 1,
                               0, 0, .5, 1,  0, 0, 0, .5 };
    int i;
    world w;

    if (!begin(&w, 12))
        return;
    w.judge.fill = knows_places;
    w.judge.user = sure;
    w.config.missing_eos_penalty = 1e300;
    if (!start(&w) || !collect(&w))
        return;
    for (i = 0; i < w.play.round.count * 16; i++)
        CHECK(w.play.round.pairwise[i] == sure[i % 16]);
    end(&w);
}

static void a_penalty_below_zero_is_refused(void)
{
    static const double wrong[3] = { -0.5, HUGE_VAL, NAN };
    int i;
    world w;

    for (i = 0; i < 3; i++) {
        if (!begin(&w, 4))
            return;
        w.config.missing_eos_penalty = wrong[i];
        CHECK(sppo_play_init(&w.ctx, &w.play, &w.config, &w.policy,
                             &w.prompts) == SPPO_E_ARGUMENT);
        CHECK(has(&w.ctx, "missing_eos_penalty is "));
        end(&w);
    }
}

/* ==== line 6: the fit ==================================================== */

/* pi_t is recorded before theta moves: after the fit, `old` still holds the
 * log-probabilities of the policy that sampled.                             */
static void alg_1_6_old_is_the_policy_that_sampled(void)
{
    world w;
    sppo_model before = { 0 };
    int p, i;

    if (!begin(&w, 8))
        return;
    w.config.keep_all = 1;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                      SPPO_HEAD_NONE, 0));
    if (!collect(&w))
        return;
    CHECK(same_weights(&before, &w.policy));
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    CHECK(!same_weights(&before, &w.policy));
    for (p = 0; p < w.play.round.count; p++)
        for (i = 0; i < 4; i++)
            CHECK_NEAR(w.play.round.old[p * 4 + i],
                       log_pi(&w, &before, w.play.round.first + p,
                              &w.play.round.responses, p * 4 + i), REAL);
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* Every convention that the loop offers. */
typedef struct convention {
    sppo_loss loss;
    int keep_all;
    sppo_baseline baseline;
    double coefficient;
} convention;

static const convention conventions[] = {
    { SPPO_LOSS_SPPO, 0, SPPO_BASELINE_HALF, 0 },
    { SPPO_LOSS_SPPO, 1, SPPO_BASELINE_HALF, 0 },
    { SPPO_LOSS_SPPO, 0, SPPO_BASELINE_EMPIRICAL, 0 },
    { SPPO_LOSS_SPPO, 1, SPPO_BASELINE_EMPIRICAL, 0 },
    { SPPO_LOSS_SPPO, 0, SPPO_BASELINE_COEFFICIENT, 0.8 },
    { SPPO_LOSS_SPPO, 1, SPPO_BASELINE_COEFFICIENT, 0.54 },
    { SPPO_LOSS_PAIR, 0, SPPO_BASELINE_HALF, 0 },
    { SPPO_LOSS_SINGLE, 0, SPPO_BASELINE_HALF, 0 },
    { SPPO_LOSS_HARD, 0, SPPO_BASELINE_HALF, 0 },
    { SPPO_LOSS_DPO, 0, SPPO_BASELINE_HALF, 0 },
    { SPPO_LOSS_IPO, 0, SPPO_BASELINE_HALF, 0 }
};

static void choose(world *w, const convention *one)
{
    w->config.loss = one->loss;
    w->config.keep_all = one->keep_all;
    w->config.baseline = one->baseline;
    w->config.coefficient = one->coefficient;
}

/* The regression on win rates at ratio 0: the mean of (eta P^ - log Z)^2 over
 * the kept responses, and its gradients in their log-ratios.                */
static double points_at_zero(const sppo_play *play, int p, double *grad)
{
    const double eta = play->config.eta;
    const int k = play->config.k, kept = play->config.keep_all ? k : 2;
    const double *win = play->round.win + p * k;
    double z = 0.0, log_z, loss = 0.0;
    int i;

    for (i = 0; i < k; i++)
        z += exp(eta * win[i]) / k;
    log_z = play->config.baseline == SPPO_BASELINE_HALF ? eta / 2
          : play->config.baseline == SPPO_BASELINE_EMPIRICAL ? log(z)
          : play->config.coefficient * eta;
    for (i = 0; i < k; i++) {
        const double target = eta * win[i] - log_z;

        grad[i] = 0.0;
        if (kept == k || i == play->round.winner[p] ||
            i == play->round.loser[p]) {
            loss += target * target / kept;
            grad[i] = -2.0 * target / kept;
        }
    }
    return loss;
}

/* The loss of prompt p at ratio 0 and its gradient in the log-ratio of each of
 * the k responses, from the formulas.                                       */
static double loss_at_zero(const sppo_play *play, int p, double *grad)
{
    const double eta = play->config.eta;
    const int k = play->config.k;
    const int w = play->round.winner[p], l = play->round.loser[p];
    const double beats = play->round.pairwise[(p * k + w) * k + l];
    const double target = eta * (beats - 0.5);  // of the winner; the loser's
                                                // is its negative
    double loss = 0.0, rise = 0.0;              // the gradients are -rise, rise

    if (play->config.loss == SPPO_LOSS_SPPO)
        return points_at_zero(play, p, grad);
    memset(grad, 0, (size_t)k * sizeof *grad);
    switch (play->config.loss) {
    case SPPO_LOSS_PAIR:
        loss = 2 * target * target, rise = 2 * target;
        break;
    case SPPO_LOSS_SINGLE:
        loss = target * target, rise = target;
        break;
    case SPPO_LOSS_HARD:
        loss = eta * eta / 2, rise = eta;
        break;
    case SPPO_LOSS_DPO:
        loss = log(2.0), rise = 1 / (2 * eta);
        break;
    case SPPO_LOSS_IPO:
        loss = eta * eta, rise = 2 * eta;
        break;
    case SPPO_LOSS_SPPO:
    default:
        CHECK(0);  // a loss without its formula here
    }
    grad[w] = -rise;
    grad[l] = rise;
    return loss;
}

/* The first step is taken at theta = theta_t, where every log-ratio is 0. */
static void alg_1_6_first_loss_is_the_loss_at_ratio_zero(void)
{
    int i, p;

    for (i = 0; i < COUNT(conventions); i++) {
        world w;
        static record r;
        double expected = 0.0, grad[4];
        memset(&r, 0, sizeof r);
        if (!begin(&w, 10))
            return;
        choose(&w, &conventions[i]);
        w.config.batch = 100;
        w.config.epochs = 1;
        w.config.progress = keep_record;
        w.config.progress_user = &r;
        if (!start(&w) || !collect(&w))
            return;
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        for (p = 0; p < w.play.round.count; p++)
            expected += loss_at_zero(&w.play, p, grad) / w.play.round.count;
        CHECK(r.steps == 1);
        /* d loss / d ratio is at most 2 eta per response */
        if (!CHECK_NEAR(r.step[0].loss, expected, 8 * REAL))
            printf("    in row %d\n", i);
        CHECK_NEAR(r.step[0].loss_scaled, r.step[0].loss / 4, 1e-12);
        CHECK_NEAR(r.step[0].rewards_chosen, 0.0, REAL);
        CHECK_NEAR(r.step[0].rewards_rejected, 0.0, REAL);
        CHECK_NEAR(r.step[0].rewards_margins, 0.0, REAL);
        CHECK(r.step[0].grad_norm > 0.0);
        end(&w);
    }
}

/* Adds prompt p's part of the mean gradient: a pass over a forest of its own,
 * whose responses have the gradients of their log-ratios for each token.    */
static void add_gradient(world *w, int p, sppo_real *grad)
{
    const int k = w->play.config.k, n = w->play.round.count;
    const sppo_lists *y = &w->play.round.responses;
    sppo_forest forest = { 0 };
    sppo_activations acts = { 0 };
    double d[64] = { 0 }, d_ratio[4];
    int i, t;

    loss_at_zero(&w->play, p, d_ratio);
    CHECK_OK(&w->ctx, sppo_forest_init(&w->ctx, &forest, 64, 1 + k));
    CHECK_OK(&w->ctx, sppo_activations_init(&w->ctx, &acts, &w->policy, 64,
                                            1 + k, 0, 1));
    sppo_forest_add(&forest, -1, sppo_lists_tokens(&w->prompts, p),
                    sppo_lists_length(&w->prompts, p), 0);
    for (i = 0; i < k; i++)
        CHECK(sppo_forest_add(&forest, 0, sppo_lists_tokens(y, p * k + i),
                              sppo_lists_length(y, p * k + i), 1) == 1 + i);
    for (i = 0; i < k; i++)
        for (t = forest.start[1 + i]; t < forest.start[2 + i]; t++)
            d[t] = d_ratio[i] / n;
    CHECK_OK(&w->ctx, sppo_forward(&w->ctx, &acts, &w->policy, &forest));
    CHECK_OK(&w->ctx, sppo_backward(&w->ctx, &acts, &w->policy, &forest, d,
                                    NULL, grad));
    sppo_activations_free(&w->ctx, &acts);
    sppo_forest_free(&w->ctx, &forest);
}

/* The gradient of the last step, entry by entry, when it was AdamW's first:
 * its mean is then (1 - beta1) of it.                                       */
static double last_gradient(const sppo_play *play, size_t i)
{
    return (double)play->optim.mean[i] / (1.0 - play->optim.config.beta1);
}

static double largest(const sppo_real *x, size_t n)
{
    double most = 0.0;
    size_t i;

    for (i = 0; i < n; i++)
        most = fmax(most, fabs((double)x[i]));
    return most;
}

/* The first gradient is the mean over prompts of the gradients of their losses,
 * entry by entry; 10 REAL of the largest: sums of some hundred products.    */
static void alg_1_6_first_gradient_is_the_mean_of_gradients(void)
{
    int row, p;
    size_t i;

    for (row = 0; row < COUNT(conventions); row++) {
        world w;
        sppo_real *grad;
        double scale;
        if (!begin(&w, 10))
            return;
        choose(&w, &conventions[row]);
        w.config.batch = 5;
        w.config.epochs = 1;
        w.config.optim.kind = SPPO_ADAMW;
        if (!start(&w) || !collect(&w))
            return;
        grad = (sppo_real *)calloc(w.policy.count, sizeof *grad);
        for (p = 0; p < 5; p++)
            add_gradient(&w, p, grad);
        scale = largest(grad, w.policy.count);
        CHECK(scale > 0.0);
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        for (i = 0; i < w.policy.count; i++)
            if (!CHECK_NEAR(last_gradient(&w.play, i), grad[i],
                            10 * REAL * scale))
                printf("    in row %d, weight %d\n", row, (int)i);
        free(grad);
        end(&w);
    }
}

/* What the callback reports of a step, against the data of the round. */
static void alg_1_6_progress_reports_the_means(void)
{
    world w;
    static record r;
    sppo_model before = { 0 };
    double chosen = 0.0, rejected = 0.0, win_w = 0.0, win_l = 0.0;
    double length = 0.0, ended = 0.0;
    int p, i;

    memset(&r, 0, sizeof r);
    if (!begin(&w, 10))
        return;
    w.config.batch = 5;
    w.config.epochs = 3;
    w.config.progress = keep_record;
    w.config.progress_user = &r;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                      SPPO_HEAD_NONE, 0));
    if (!collect(&w))
        return;
    for (p = 0; p < 5; p++) {
        const int best = w.play.round.winner[p], last = w.play.round.loser[p];
        const sppo_lists *y = &w.play.round.responses;
        chosen += log_pi(&w, &before, p, y, p * 4 + best) / 5;
        rejected += log_pi(&w, &before, p, y, p * 4 + last) / 5;
        win_w += w.play.round.win[p * 4 + best] / 5;
        win_l += w.play.round.win[p * 4 + last] / 5;
        for (i = 0; i < 4; i++) {
            const int n = sppo_lists_length(y, p * 4 + i);
            length += n / 20.0;
            ended += (sppo_lists_tokens(y, p * 4 + i)[n - 1] == EOS) / 20.0;
        }
    }
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    CHECK(r.steps == 3);
    for (i = 0; i < r.steps; i++) {
        const sppo_progress *s = &r.step[i];
        CHECK(s->iteration == 0 && s->done == i + 1 && s->total == 3);
        CHECK_NEAR(s->win_chosen, win_w, 1e-12);
        CHECK_NEAR(s->win_rejected, win_l, 1e-12);
        CHECK_NEAR(s->rewards_margins, s->rewards_chosen - s->rewards_rejected,
                   1e-12);
        CHECK_NEAR(s->rewards_chosen, (s->logps_chosen - chosen) / 2, REAL);
        CHECK_NEAR(s->rewards_rejected, (s->logps_rejected - rejected) / 2,
                   REAL);
        CHECK(s->rewards_accuracies >= 0.0 && s->rewards_accuracies <= 1.0);
        CHECK_NEAR(s->learning_rate,
                   sppo_learning_rate(&w.play.optim.config, i), 1e-15);
        CHECK(s->learning_rate > 0.0);
    }
    CHECK_NEAR(r.step[0].logps_chosen, chosen, REAL);
    CHECK_NEAR(r.step[0].logps_rejected, rejected, REAL);
    CHECK_NEAR(r.step[0].length, length, 1e-12);
    CHECK_NEAR(r.step[0].eos_rate, ended, 1e-12);
    CHECK(r.step[2].rewards_margins > r.step[0].rewards_margins);
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* The policy as it is after the first step, whose means the second reports. */
typedef struct after_first {
    sppo_ctx *ctx;
    const sppo_model *policy;
    sppo_model copy;
    sppo_progress second;
} after_first;

static int keep_first(void *user, const sppo_progress *progress)
{
    after_first *a = (after_first *)user;

    if (progress->phase == SPPO_PHASE_FIT && progress->done == 1)
        return sppo_model_clone(a->ctx, &a->copy, a->policy, SPPO_HEAD_NONE, 0);
    if (progress->phase == SPPO_PHASE_FIT && progress->done == 2)
        a->second = *progress;
    return 0;
}

/* In nats, of the kept responses, computed from both policies: the same for
 * every eta, and of all responses or of the kept two.                       */
static void alg_1_6_nats_are_those_of_both_policies(void)
{
    int keep_all;

    for (keep_all = 0; keep_all < 2; keep_all++) {
        world w;
        after_first a;
        sppo_model before = { 0 };
        double chosen = 0.0, rejected = 0.0, kl = 0.0, entropy = 0.0;
        int p, i;

        if (!begin(&w, 10))
            return;
        memset(&a, 0, sizeof a);
        a.ctx = &w.ctx;
        a.policy = &w.policy;
        w.config.batch = 5;
        w.config.epochs = 2;
        w.config.keep_all = keep_all;
        w.config.progress = keep_first;
        w.config.progress_user = &a;
        if (!start(&w))
            return;
        CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                          SPPO_HEAD_NONE, 0));
        if (!collect(&w))
            return;
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        for (p = 0; p < 5; p++)
            for (i = 0; i < 4; i++) {
                const int best = i == w.play.round.winner[p];
                const int worst = i == w.play.round.loser[p];
                const sppo_lists *y = &w.play.round.responses;
                const double old = log_pi(&w, &before, p, y, p * 4 + i);
                const double ratio = log_pi(&w, &a.copy, p, y, p * 4 + i) - old;

                chosen += best ? ratio / 5 : 0.0;
                rejected += worst ? ratio / 5 : 0.0;
                if (keep_all || best || worst) {
                    kl -= ratio / (keep_all ? 20 : 10);
                    entropy -= old / (keep_all ? 20 : 10);
                }
            }
        CHECK(fabs(kl) > 1e-4);
        CHECK_NEAR(a.second.logratios_chosen, chosen, REAL);
        CHECK_NEAR(a.second.logratios_rejected, rejected, REAL);
        CHECK_NEAR(a.second.rewards_chosen, chosen / w.config.eta, REAL);
        CHECK_NEAR(a.second.kl, kl, REAL);
        CHECK_NEAR(a.second.entropy, entropy, REAL);
        sppo_model_free(&w.ctx, &before);
        sppo_model_free(&w.ctx, &a.copy);
        end(&w);
    }
}

/* After a fit: the winner's log-ratio is up and the loser's down for the
 * losses that say so; those of pairs widen the margin.                       */
static void alg_1_6_every_loss_moves_the_right_way(void)
{
    int loss;

    for (loss = SPPO_LOSS_SPPO; loss < SPPOI_LOSSES; loss++) {
        world w;
        sppo_model before = { 0 };
        double up = 0.0, down = 0.0;
        int p, n;
        if (!begin(&w, 12))
            return;
        w.config.loss = (sppo_loss)loss;
        w.config.batch = 6;
        w.config.epochs = 40;
        w.config.optim.kind = SPPO_ADAMW;
        if (!start(&w))
            return;
        CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                          SPPO_HEAD_NONE, 0));
        if (!collect(&w))
            return;
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        n = w.play.round.count;
        for (p = 0; p < n; p++) {
            const sppo_lists *y = &w.play.round.responses;
            const int best = p * 4 + w.play.round.winner[p];
            const int last = p * 4 + w.play.round.loser[p];
            up += (log_pi(&w, &w.policy, p, y, best)
                   - log_pi(&w, &before, p, y, best)) / n;
            down += (log_pi(&w, &w.policy, p, y, last)
                     - log_pi(&w, &before, p, y, last)) / n;
        }
        if (loss <= SPPO_LOSS_HARD || loss == SPPO_LOSS_GPO) {
            CHECK(up > 0.1);
            CHECK(down < -0.1);
        } else if (loss == SPPO_LOSS_CLIP)  // to 1.2 and 0.8 and no further
            CHECK(up - down > 0.3);
        else
            CHECK(up - down > 0.5);
        if (loss == SPPO_LOSS_HARD) {  // the minimiser is +- eta / 2
            CHECK_NEAR(up, 1.0, 0.4);
            CHECK_NEAR(down, -1.0, 0.4);
        }
        if (loss == SPPO_LOSS_IPO)     // the margin is eta
            CHECK_NEAR(up - down, 2.0, 0.6);
        sppo_model_free(&w.ctx, &before);
        end(&w);
    }
}

/* keep_all: every response's log-ratio goes to its own target. */
static void alg_1_6_keep_all_fits_every_response(void)
{
    world w;
    sppo_model before = { 0 };
    double error = 0.0, size = 0.0;
    int p, i;

    if (!begin(&w, 12))
        return;
    w.config.keep_all = 1;
    w.config.batch = 6;
    w.config.epochs = 60;
    w.config.optim.kind = SPPO_ADAMW;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                      SPPO_HEAD_NONE, 0));
    if (!collect(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    for (p = 0; p < w.play.round.count; p++)
        for (i = 0; i < 4; i++) {
            const sppo_lists *y = &w.play.round.responses;
            const double target = 2.0 * (w.play.round.win[p * 4 + i] - 0.5);
            const double ratio = log_pi(&w, &w.policy, p, y, p * 4 + i)
                               - log_pi(&w, &before, p, y, p * 4 + i);
            error += (ratio - target) * (ratio - target);
            size += target * target;
        }
    CHECK(size > 1.0);
    CHECK(error < 0.15 * size);
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* Prompt by prompt, told apart by their win rates: each once in an epoch, in an
 * order that is neither the prompts' nor that of the epoch before.          */
static void alg_1_6_order_is_drawn_for_every_epoch(void)
{
    enum { PROMPTS = 12 };
    static record r;
    world w;
    int i, j, seen[2] = { 0 }, in_place[3] = { 0 };

    memset(&r, 0, sizeof r);
    if (!begin(&w, PROMPTS))
        return;
    w.judge.fill = is_arbitrary;
    w.config.iterations = 1;
    w.config.batch = 1;
    w.config.progress = keep_record;
    w.config.progress_user = &r;
    if (!start(&w) || !collect(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    CHECK(r.steps == 2 * PROMPTS);
    for (i = 0; i < PROMPTS; i++) {
        const double win = w.play.round.win[i * 4 + w.play.round.winner[i]];
        for (j = 0; j < 2 * PROMPTS; j++)
            seen[j / PROMPTS] += fabs(r.step[j].win_chosen - win) < 1e-12;
        for (j = 0; j < 2; j++)
            in_place[j] +=
                fabs(r.step[j * PROMPTS + i].win_chosen - win) < 1e-12;
        in_place[2] += fabs(r.step[i].win_chosen
                            - r.step[PROMPTS + i].win_chosen) < 1e-12;
    }
    CHECK(seen[0] == PROMPTS && seen[1] == PROMPTS);
    for (i = 0; i < 3; i++)
        CHECK(in_place[i] < PROMPTS / 2);
    end(&w);
}

/* A smaller room for one pass means more passes, and the same sums. */
static void alg_1_6_micro_batches_add_up(void)
{
    static const int room[3] = { 4096, 60, 36 };
    sppo_ctx ctx = { 0 };
    sppo_model first = { 0 };
    int t;
    size_t i;

    for (t = 0; t < 3; t++) {
        world w;
        double most = 0.0;
        if (!begin(&w, 12))
            return;
        w.config.pass_tokens = room[t];
        w.config.batch = 6;
        w.config.epochs = 2;
        if (!start(&w))
            return;
        CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
        if (t == 0)
            CHECK_OK(&ctx, sppo_model_clone(&ctx, &first, &w.policy,
                                            SPPO_HEAD_NONE, 0));
        for (i = 0; i < first.count; i++) {
            const double d = fabs((double)first.weights[i]
                                  - (double)w.policy.weights[i]);
            most = d > most ? d : most;
        }
        /* RMSprop divides a gradient by its own size, so a rounding of a
         * gradient near 0 may show in full: allow a tenth of one step of lr
         * 1e-2                                                              */
        CHECK_NEAR(most, 0.0, sizeof(sppo_real) == 4 ? 1e-3 : 1e-9);
        end(&w);
    }
    sppo_model_free(&ctx, &first);
}

/* The paper's batch of 64 prompts, in one pass and in many: the same gradient,
 * entry by entry, and the same means.  10 REAL of the largest: the order of the
 * sums differs.                                                             */
static void alg_1_6_gradient_of_many_passes_is_that_of_one(void)
{
    static const int room[3] = { 4096, 300, 1 };
    static world w[3];
    static record r[3];
    double scale;
    int t;
    size_t i;

    memset(r, 0, sizeof r);
    for (t = 0; t < 3; t++) {
        if (!begin(&w[t], 64))
            return;
        w[t].config.iterations = 1;
        w[t].config.batch = 64;
        w[t].config.epochs = 1;
        w[t].config.pass_tokens = room[t];
        w[t].config.optim.kind = SPPO_ADAMW;
        w[t].config.progress = keep_record;
        w[t].config.progress_user = &r[t];
        if (!start(&w[t]) || !collect(&w[t]))
            return;
        CHECK_OK(&w[t].ctx, sppo_play_fit(&w[t].ctx, &w[t].play));
        CHECK(w[t].play.round.count == 64 && r[t].steps == 1);
        scale = largest(w[0].play.optim.mean, w[0].policy.count) / 0.1;
        CHECK(scale > 0.0);
        for (i = 0; i < w[t].policy.count; i++)
            CHECK_NEAR(last_gradient(&w[t].play, i),
                       last_gradient(&w[0].play, i), 10 * REAL * scale);
        CHECK_NEAR(r[t].step[0].loss, r[0].step[0].loss, 8 * REAL);
        CHECK_NEAR(r[t].step[0].grad_norm, r[0].step[0].grad_norm,
                   10 * REAL * r[0].step[0].grad_norm);
    }
    /* the prompts have 191 tokens, and each two responses: not in one pass */
    CHECK(w[1].play.forest.max_tokens == 300);
    CHECK(w[2].play.forest.max_tokens == 4 + 2 * 5);
    for (t = 0; t < 3; t++)
        end(&w[t]);
}

/* D6: the paper schedules 18 epochs, with a warm-up over a tenth of them, and
 * goes on with the model after the first.  Four steps an epoch make 72, seven
 * of warm-up: the run stops at 4/7 of the rate, still on the way up; and each
 * iteration begins anew.  Of 6 epochs, as the authors' Llama card has it, 24
 * steps and 2 of warm-up, it stops after 2 steps of the fall over 22.       */
static void alg_1_6_stops_within_a_longer_schedule(void)
{
    static const int epochs[2] = { 18, 6 };
    static const double rate[2][4] = {
        { 1.0 / 7, 2.0 / 7, 3.0 / 7, 4.0 / 7 },
        { 1.0 / 2, 1.0, 1.0, 21.0 / 22 }
    };
    int t, i;

    for (t = 0; t < 2; t++) {
        world w;
        static record r;
        memset(&r, 0, sizeof r);
        if (!begin(&w, 16))
            return;
        w.config.epochs = 1;
        w.config.optim.lr = 5e-7;
        w.config.optim.warmup = 0.1;
        w.config.optim.total_steps = epochs[t] * 4;
        w.config.progress = keep_record;
        w.config.progress_user = &r;
        if (!start(&w))
            return;
        CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
        CHECK(r.steps == 8);  // 16 prompts, 2 iterations, batches of 2
        for (i = 0; i < r.steps; i++)
            CHECK_NEAR(r.step[i].learning_rate, 5e-7 * rate[t][i % 4], 1e-21);
        end(&w);
    }
}

/* A loss that is not a number ends the run before any weight changes. */
static void alg_1_6_nan_is_an_error_before_the_step(void)
{
    world w;
    sppo_model before = { 0 };
    sppo_result code;

    if (!begin(&w, 8) || !start(&w) || !collect(&w))
        return;
    w.policy.weights[3] = (sppo_real)NAN;
    CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                      SPPO_HEAD_NONE, 0));
    code = sppo_play_fit(&w.ctx, &w.play);
    CHECK(code == SPPO_E_NUMBER);
    CHECK(same_weights(&before, &w.policy));
    CHECK(w.play.optim.step == 0);
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* ==== line 7, pi_t := pi_(t+1) =========================================== */

/* The next iteration samples from, and is measured against, the policy that
 * the last one trained; advance itself changes no weight.                   */
static void alg_1_7_next_reference_is_the_trained_policy(void)
{
    world w;
    sppo_model trained = { 0 };
    double moments = 0.0;
    int p, i;

    if (!begin(&w, 8))
        return;
    w.config.keep_all = 1;
    if (!start(&w) || !collect(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &trained, &w.policy,
                                      SPPO_HEAD_NONE, 0));
    CHECK_OK(&w.ctx, sppo_play_advance(&w.ctx, &w.play));
    CHECK(same_weights(&trained, &w.policy));
    CHECK(w.play.iteration == 1);
    CHECK(w.play.phase == SPPO_PHASE_SAMPLE);
    CHECK(w.play.optim.step == 0);  // and the optimiser begins anew
    for (i = 0; i < (int)w.play.optim.count; i++)
        moments += fabs((double)w.play.optim.square[i]);
    CHECK_NEAR(moments, 0.0, 0.0);
    if (!collect(&w))
        return;
    CHECK(same_weights(&trained, &w.policy));
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    for (p = 0; p < w.play.round.count; p++)
        for (i = 0; i < 4; i++)
            CHECK_NEAR(w.play.round.old[p * 4 + i],
                       log_pi(&w, &trained, w.play.round.first + p,
                              &w.play.round.responses, p * 4 + i), REAL);
    sppo_model_free(&w.ctx, &trained);
    end(&w);
}

/* ==== the whole: towards the exact update ================================ */

/* Three answers, one token each: rock, paper, scissors with a bias; and one
 * that nearly always wins, one that nearly always loses.                    */
static double biased_game[9] = {
    0.50, 0.10, 0.80,
    0.90, 0.50, 0.25,
    0.20, 0.75, 0.50
};
static double ordered_game[9] = {
    0.50, 0.05, 0.05,
    0.95, 0.50, 0.95,
    0.95, 0.05, 0.50
};

static sppo_result referee(sppo_ctx *ctx, void *user, const sppo_lists *prompts,
                           const sppo_lists *responses, int k, int first,
                           int count, double *pairwise)
{
    const double *game = (const double *)user;
    int p, i, j;

    (void)ctx, (void)prompts, (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++)
                pairwise[(p * k + i) * k + j] = game[
                    3 * sppo_lists_tokens(responses, p * k + i)[0]
                    + sppo_lists_tokens(responses, p * k + j)[0]];
    return SPPO_OK;
}

static void answers(world *w, double pi[3])
{
    sppo_lists three = { 0 };
    int i;

    for (i = 0; i < 3; i++) {
        CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &three, &i, 1));
        pi[i] = exp(log_pi(w, &w->policy, 0, &three, i));
    }
    sppo_lists_free(&w->ctx, &three);
}

/* A policy over three answers of one token, prompted again and again. */
static int three_answers(world *w, double *game, int prompts)
{
    sppo_config c = tiny_config(3);
    const int prompt[2] = { 1, 0 };
    int i, ok;

    memset(w, 0, sizeof *w);
    c.eos = -1;  // no token ends a response; its length is 1
    ok = CHECK_OK(&w->ctx, sppo_model_init(&w->ctx, &w->policy, &c, 3));
    for (i = 0; i < prompts && ok; i++)
        ok = CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->prompts, prompt,
                                              2));
    w->judge.fill = referee;
    w->judge.user = game;
    w->config.keep_all = 1;
    w->config.batch = 64;
    w->config.epochs = 100;
    w->config.seed = 5;
    w->config.sampling.max_tokens = 1;
    w->config.optim.lr = 1e-2;
    w->config.optim.kind = SPPO_ADAMW;
    return ok;
}

/* Total variation. */
static double between(const double *p, const double *q)
{
    return (fabs(p[0] - q[0]) + fabs(p[1] - q[1]) + fabs(p[2] - q[2])) / 2;
}

/* Where an iteration began, where it ended, and where it should. */
typedef struct landing { double from[3], step[3], fit[3], at[3]; } landing;

static int iterate(world *w, landing *l)
{
    const double eta = w->config.eta;
    const double *game = (const double *)w->judge.user;
    const int t = w->play.iteration;
    double win[3], target[3];
    int i;

    answers(w, l->from);
    sppo_exact_win_rates(win, game, l->from, 3);
    sppo_exact_step(l->step, l->from, win, eta, 3);
    for (i = 0; i < 3; i++)
        target[i] = sppo_target(eta, win[i], eta / 2);
    sppo_exact_fit(l->fit, l->from, target, 3);
    while (w->play.iteration == t && w->play.phase != SPPO_PHASE_DONE)
        if (!CHECK_OK(&w->ctx, sppo_play_next(&w->ctx, &w->play, &w->judge)))
            return 0;
    answers(w, l->at);
    return CHECK_NEAR(l->at[0] + l->at[1] + l->at[2], 1.0, REAL);
}

/* With log Z of the K win rates, each iteration lands where Eq 4.1 says, up to
 * what 64 x 16 draws leave: a win rate counts itself (1/16 of the way to 1/2)
 * and the mean of 64 of them has a deviation of 0.01.  Total variation within
 * 0.03, where the policy moves by 0.1 to 0.2; other seeds give 0.001 to 0.018.
 */
static void algorithm_1_follows_the_exact_update(void)
{
    world w;
    int t;

    if (!three_answers(&w, biased_game, 3 * 64))
        return;
    w.config.eta = 4.0;
    w.config.k = 16;
    w.config.iterations = 3;
    w.config.baseline = SPPO_BASELINE_EMPIRICAL;
    if (!start(&w))
        return;
    for (t = 0; t < 3; t++) {
        landing l;
        if (!iterate(&w, &l))
            return;
        CHECK(between(l.step, l.from) > 0.08);
        CHECK_NEAR(between(l.at, l.step), 0.0, 0.03);
    }
    end(&w);
}

/* With the constant eta / 2 a network does not reach Eq 4.1 but what Eq 4.6
 * really minimises (sppo_exact_fit); with log Z of the K win rates, on the same
 * draws, Eq 4.1 and not the fit.  The two lie 0.23 apart in total variation;
 * 32 x 64 draws leave 0.002 to 0.036 over ten seeds: a win rate against 64 is
 * off by 0.01 in the mean, times eta 8, and counts itself.                  */
static void algorithm_1_with_one_half_reaches_the_fit(void)
{
    int half;

    for (half = 0; half < 2; half++) {
        world w;
        landing l;
        const double *here = half ? l.fit : l.step;
        const double *there = half ? l.step : l.fit;
        if (!three_answers(&w, ordered_game, 32))
            return;
        w.config.eta = 8.0;
        w.config.k = 64;
        w.config.epochs = 40;
        w.config.iterations = 1;
        w.config.baseline = half ? SPPO_BASELINE_HALF
                                 : SPPO_BASELINE_EMPIRICAL;
        if (!start(&w) || !iterate(&w, &l))
            return;
        CHECK(between(l.fit, l.step) > 0.2);
        CHECK_NEAR(between(l.at, here), 0.0, 0.05);
        CHECK(between(l.at, there) > 0.16);
        end(&w);
    }
}

/* Playing on, the judge likes the new policy better than the old one. */
static void algorithm_1_raises_the_win_rate(void)
{
    world w;
    sppo_model before = { 0 };
    sppo_evaluation e;

    if (!begin(&w, 60))
        return;
    w.config.iterations = 3;
    w.config.batch = 10;
    w.config.epochs = 4;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                      SPPO_HEAD_NONE, 0));
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    CHECK(w.play.phase == SPPO_PHASE_DONE);
    CHECK_OK(&w.ctx, sppo_evaluate(&w.ctx, &w.policy, &before, &w.judge,
                                   &w.prompts, 4, &w.config.sampling, 1, &e));
    CHECK(e.win_rate > 0.55);
    CHECK(e.low > 0.5);
    CHECK(e.kl > 0.0);
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* ==== evaluation, best of n ============================================== */

static void evaluate_against_itself_is_one_half(void)
{
    world w;
    sppo_evaluation e;

    if (!begin(&w, 100))
        return;
    CHECK_OK(&w.ctx, sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge,
                                   &w.prompts, 4, &w.config.sampling, 9, &e));
    CHECK(e.prompts == 100);
    CHECK(e.low < 0.5 && e.high > 0.5);
    CHECK(e.standard_error > 0.0 && e.standard_error < 0.05);
    CHECK_NEAR(e.win_rate, 0.5, 4 * e.standard_error);
    CHECK_NEAR(e.high - e.win_rate, 1.959963984540054 * e.standard_error, 1e-9);
    CHECK_NEAR(e.win_rate - e.low, 1.959963984540054 * e.standard_error, 1e-9);
    CHECK_NEAR(e.kl, 0.0, REAL);
    CHECK(e.length_a >= 1 && e.length_a <= 5);
    CHECK_NEAR(e.length_a, e.length_b, 0.5);
    CHECK_NEAR(e.eos_a, e.eos_b, 0.15);
    end(&w);
}

/* Swapping the two and keeping their draws is not possible, but the sign of
 * the verdict is: what a wins, b loses.                                     */
static void evaluate_swapped_is_one_minus(void)
{
    world w;
    sppo_model other = { 0 };
    sppo_evaluation e, f;
    const sppo_config c = tiny_config(8);

    if (!begin(&w, 100))
        return;
    CHECK_OK(&w.ctx, sppo_model_init(&w.ctx, &other, &c, 99));
    CHECK_OK(&w.ctx, sppo_evaluate(&w.ctx, &w.policy, &other, &w.judge,
                                   &w.prompts, 8, &w.config.sampling, 3, &e));
    CHECK_OK(&w.ctx, sppo_evaluate(&w.ctx, &other, &w.policy, &w.judge,
                                   &w.prompts, 8, &w.config.sampling, 3, &f));
    CHECK_NEAR(e.win_rate + f.win_rate, 1.0,
               4 * (e.standard_error + f.standard_error));
    CHECK_NEAR(e.length_a, f.length_b, 0.4);
    CHECK(e.kl > 0.0 && f.kl > 0.0);
    sppo_model_free(&w.ctx, &other);
    end(&w);
}

static sppo_result says_nan(sppo_ctx *ctx, void *user,
                            const sppo_lists *prompts,
                            const sppo_lists *responses, int k, int first,
                            int count, double *pairwise)
{
    int i;

    (void)ctx, (void)user, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < count * k * k; i++)
        pairwise[i] = (double)NAN;
    return SPPO_OK;
}

static sppo_result is_tired(sppo_ctx *ctx, void *user, const sppo_lists *x,
                            const sppo_lists *y, int k, int first, int count,
                            double *pairwise)
{
    (void)user, (void)x, (void)y, (void)k, (void)first, (void)pairwise;
    return sppo_fail(ctx, SPPO_E_JUDGE, "the judge is tired of %d", count);
}

static void evaluate_refuses_bad_arguments(void)
{
    world w;
    sppo_evaluation e;
    sppo_model other = { 0 };
    sppo_lists none = { 0 };
    const sppo_config c = tiny_config(9);

    if (!begin(&w, 4))
        return;
    memset(&e, 0, sizeof e);
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &w.prompts, 0,
                        &w.config.sampling, 9, &e) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "samples"));
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &none, 2,
                        &w.config.sampling, 9, &e) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "prompts"));
    CHECK_OK(&w.ctx, sppo_model_init(&w.ctx, &other, &c, 99));
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &other, &w.judge, &w.prompts, 2,
                        &w.config.sampling, 9, &e) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "vocab"));
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &w.prompts,
                        INT_MAX / 2, &w.config.sampling, 9, &e) ==
          SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "samples"));
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, NULL, &w.prompts, 2,
                        &w.config.sampling, 9, &e) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_evaluate: "));
    w.judge.fill = NULL;
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &w.prompts, 2,
                        &w.config.sampling, 9, &e) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_evaluate: "));
    w.judge.fill = says_nan;
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &w.prompts, 2,
                        &w.config.sampling, 9, &e) != SPPO_OK);
    CHECK(has(&w.ctx, "sppo_evaluate: the judge's "));
    w.judge.fill = is_tired;
    CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &w.prompts, 2,
                        &w.config.sampling, 9, &e) == SPPO_E_JUDGE);
    CHECK(has(&w.ctx, "the judge is tired"));
    CHECK(e.prompts == 0);
    sppo_model_free(&w.ctx, &other);
    end(&w);
}

static void best_of_takes_the_highest_row(void)
{
    static const double p[9] = { .5, .4, .3, .6, .5, .7, .7, .3, .5 };
    static const double cycle[9] = { .5, 0, 1, 1, .5, 0, 0, 1, .5 };

    CHECK(sppo_best_of(p, 3) == 1);
    CHECK(sppo_best_of(cycle, 3) == 0);  // ties: the first
    CHECK(sppo_best_of(p, 1) == 0);
}

/* ==== order of calls, bad answers ======================================== */

static void calls_out_of_order_are_refused(void)
{
    world w;

    if (!begin(&w, 8) || !start(&w))
        return;
    CHECK(sppo_play_judge(&w.ctx, &w.play, &w.judge) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_play_judge"));
    CHECK(sppo_play_select(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_play_select"));
    CHECK(sppo_play_fit(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_play_fit"));
    CHECK(sppo_play_advance(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_play_advance"));
    CHECK(w.play.phase == SPPO_PHASE_SAMPLE);
    CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
    CHECK(sppo_play_sample(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "sppo_play_sample"));
    CHECK(sppo_play_fit(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK(w.play.phase == SPPO_PHASE_JUDGE);
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    CHECK(w.play.phase == SPPO_PHASE_DONE);
    CHECK(sppo_play_sample(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK(sppo_play_advance(&w.ctx, &w.play) == SPPO_E_ARGUMENT);
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));  // all done
    end(&w);
}

/* A judge that answers well but for one cell, row 1 column 2 of prompt 3. */
typedef struct fault { double value; int i, j, prompt; } fault;

static sppo_result one_bad_cell(sppo_ctx *ctx, void *user,
                                const sppo_lists *prompts,
                                const sppo_lists *responses, int k, int first,
                                int count, double *pairwise)
{
    const fault *f = (const fault *)user;
    const sppo_result code = likes_fives(ctx, NULL, prompts, responses, k,
                                         first, count, pairwise);

    if (f->prompt >= first && f->prompt < first + count)
        pairwise[((f->prompt - first) * k + f->i) * k + f->j] = f->value;
    return code;
}

static void bad_judgements_are_refused_by_name(void)
{
    static const struct { double value; int i, j; const char *shown; } bad[] = {
        { 1.25, 1, 2, "1.25" }, { -0.375, 2, 1, "-0.375" },
        { (double)NAN, 1, 2, "nan" }, { HUGE_VAL, 0, 3, "inf" },
        { 0.9375, 3, 3, "0.9375" }, { 0.015625, 1, 2, "0.015625" }
    };
    int t;

    for (t = 0; t < COUNT(bad); t++) {
        world w;
        fault f;
        if (!begin(&w, 8))
            return;
        f.value = bad[t].value, f.i = bad[t].i, f.j = bad[t].j, f.prompt = 3;
        w.judge.fill = one_bad_cell;
        w.judge.user = &f;
        if (!start(&w))
            return;
        CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
        CHECK(sppo_play_judge(&w.ctx, &w.play, &w.judge) == SPPO_E_JUDGE);
        CHECK(has(&w.ctx, "prompt 4 of 8"));
        CHECK(has(&w.ctx, bad[t].shown));
        CHECK(w.play.phase == SPPO_PHASE_JUDGE);
        w.judge.fill = likes_fives;  // and the run can go on
        CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
        end(&w);
    }
}

static sppo_result gives_up(sppo_ctx *ctx, void *user,
                            const sppo_lists *prompts,
                            const sppo_lists *responses, int k, int first,
                            int count, double *pairwise)
{
    (void)user, (void)prompts, (void)responses, (void)k, (void)first;
    (void)count, (void)pairwise;
    return sppo_fail(ctx, SPPO_E_JUDGE, "my judge has gone home");
}

static sppo_result does_nothing(sppo_ctx *ctx, void *user,
                                const sppo_lists *prompts,
                                const sppo_lists *responses, int k, int first,
                                int count, double *pairwise)
{
    (void)ctx, (void)user, (void)prompts, (void)responses, (void)k;
    (void)first, (void)count, (void)pairwise;
    return SPPO_OK;
}

static void a_judge_may_fail(void)
{
    world w;

    if (!begin(&w, 8))
        return;
    w.judge.fill = gives_up;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
    CHECK(sppo_play_judge(&w.ctx, &w.play, &w.judge) == SPPO_E_JUDGE);
    CHECK(has(&w.ctx, "my judge has gone home"));
    w.judge.fill = does_nothing;  // no answer is not a preference
    CHECK(sppo_play_judge(&w.ctx, &w.play, &w.judge) == SPPO_E_JUDGE);
    CHECK(sppo_play_judge(&w.ctx, &w.play, NULL) == SPPO_E_ARGUMENT);
    CHECK(has(&w.ctx, "judge"));
    w.judge.fill = NULL;
    CHECK(sppo_play_judge(&w.ctx, &w.play, &w.judge) == SPPO_E_ARGUMENT);
    w.judge.fill = likes_fives;
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    end(&w);
}

/* Nor may an answer of the iteration before pass for one. */
static void a_judge_that_stops_answering_is_noticed(void)
{
    world w;

    if (!begin(&w, 8) || !start(&w))
        return;
    while (w.play.iteration == 0)
        if (!CHECK_OK(&w.ctx, sppo_play_next(&w.ctx, &w.play, &w.judge)))
            return;
    CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
    w.judge.fill = does_nothing;
    CHECK(sppo_play_judge(&w.ctx, &w.play, &w.judge) == SPPO_E_JUDGE);
    CHECK(w.play.phase == SPPO_PHASE_JUDGE);
    end(&w);
}

/* ==== bad settings ======================================================= */

/* By init or, what sampling has to know, by the first step. */
static void refuse(const char *field, void (*change)(world *))
{
    world w;
    size_t held;
    sppo_result code;

    if (!begin(&w, 6))
        return;
    change(&w);
    held = w.ctx.held;
    code = sppo_play_init(&w.ctx, &w.play, &w.config, &w.policy, &w.prompts);
    if (code)
        CHECK(w.ctx.held == held);
    else
        while (w.play.phase == SPPO_PHASE_SAMPLE && !code)
            code = sppo_play_sample(&w.ctx, &w.play);
    if (!CHECK(code == SPPO_E_ARGUMENT))
        printf("    accepted: %s\n", field);
    CHECK(has(&w.ctx, "sppo_"));
    CHECK(has(&w.ctx, field));
    end(&w);
}

static void k_is_one(world *w) { w->config.k = 1; }
static void k_is_negative(world *w) { w->config.k = -3; }
static void eta_is_zero(world *w) { w->config.eta = 0; }
static void eta_is_negative(world *w) { w->config.eta = -1; }
static void eta_is_nan(world *w) { w->config.eta = (double)NAN; }
static void eta_is_infinite(world *w) { w->config.eta = HUGE_VAL; }
static void lr_is_zero(world *w) { w->config.optim.lr = 0; }
static void lr_is_negative(world *w) { w->config.optim.lr = -1e-3; }
static void batch_is_negative(world *w) { w->config.batch = -1; }
static void epochs_is_negative(world *w) { w->config.epochs = -1; }
static void iterations_is_negative(world *w) { w->config.iterations = -1; }
static void too_many_prompts(world *w)
{
    w->config.prompts_per_iteration = 7;
}
static void temperature_is_negative(world *w)
{
    w->config.sampling.temperature = -1;
}
static void temperature_is_nan(world *w)
{
    w->config.sampling.temperature = (double)NAN;
}
static void temperature_underflows(world *w)
{
    w->config.sampling.temperature = 1e-40;
}
static void top_p_is_nan(world *w)
{
    w->config.sampling.top_p = (double)NAN;
}
static void top_p_is_negative(world *w) { w->config.sampling.top_p = -0.5; }
static void coefficient_is_nan(world *w)
{
    w->config.coefficient = (double)NAN;
}
/* The value after the last of an enum, and one before the first. */
static void loss_is_new(world *w)
{
    w->config.loss = (sppo_loss)SPPOI_LOSSES;
}
static void loss_is_none(world *w) { w->config.loss = (sppo_loss)-1; }
static void baseline_is_new(world *w)
{
    w->config.baseline = (sppo_baseline)(SPPO_BASELINE_COEFFICIENT + 1);
}
static void kind_is_new(world *w)
{
    w->config.optim.kind = (sppo_optimizer)(SPPO_ADAMW + 1);
}
static void decay_is_new(world *w)
{
    w->config.optim.decay = (sppo_decay)(SPPO_DECAY_CONSTANT + 1);
}
static void top_p_is_two(world *w) { w->config.sampling.top_p = 2; }
static void response_is_negative(world *w)
{
    w->config.sampling.max_tokens = -1;
}
static void no_prompts(world *w) { sppo_lists_clear(&w->prompts); }
static void no_room(world *w) { w->config.pass_tokens = -3; }

static void empty_prompt(world *w)
{
    const int token = BOS;

    CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->prompts, &token, 0));
}

/* 16 tokens fill the context; there is no room for a response */
static void long_prompt(world *w)
{
    static const int token[16] = { BOS, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
                                   3, 3 };

    CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->prompts, token, 16));
}

static void foreign_token(world *w)
{
    static const int token[2] = { BOS, 8 };  // of 0 .. 7

    w->config.iterations = 1;
    CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->prompts, token, 2));
}

static void bad_settings_are_refused_by_name(void)
{
    refuse("k", k_is_one);
    refuse("k", k_is_negative);
    refuse("eta", eta_is_zero);
    refuse("eta", eta_is_negative);
    refuse("eta", eta_is_nan);
    refuse("eta", eta_is_infinite);
    refuse("lr", lr_is_zero);
    refuse("lr", lr_is_negative);
    refuse("batch", batch_is_negative);
    refuse("epochs", epochs_is_negative);
    refuse("iterations", iterations_is_negative);
    refuse("prompts_per_iteration", too_many_prompts);
    refuse("temperature", temperature_is_negative);
    refuse("temperature", temperature_is_nan);
    refuse("temperature is 1e-40", temperature_underflows);
    refuse("top_p", top_p_is_two);
    refuse("top_p", top_p_is_nan);
    refuse("top_p", top_p_is_negative);
    refuse("coefficient", coefficient_is_nan);
    refuse("loss is 11", loss_is_new);
    refuse("loss", loss_is_none);
    refuse("baseline is 3", baseline_is_new);
    refuse("kind is 2", kind_is_new);
    refuse("decay is 3", decay_is_new);
    refuse("max_tokens", response_is_negative);
    refuse("prompt", no_prompts);
    refuse("pass_tokens", no_room);
    refuse("prompt 7 of 7", empty_prompt);
    refuse("prompt 7 of 7", long_prompt);
    refuse("8", foreign_token);
}

/* A choice that got past init, as one that the code has no case for, trains
 * nothing in silence.                                                       */
static void a_choice_without_its_case_trains_nothing(void)
{
    world w;
    sppo_model before = { 0 };
    int i;

    if (!begin(&w, 6) || !start(&w) || !collect(&w) ||
        !CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                           SPPO_HEAD_NONE, 0)))
        return;
    for (i = 0; i < 4; i++) {
        w.play.config = w.config;
        w.play.config.prompts_per_iteration = w.play.round.count;
        w.play.optim.config.kind = SPPO_RMSPROP;
        if (i == 0)
            w.play.config.loss = (sppo_loss)SPPOI_LOSSES;
        if (i == 1)
            w.play.config.baseline = (sppo_baseline)3;
        if (i == 2)
            w.play.optim.config.kind = (sppo_optimizer)2;
        if (i == 3)
            w.play.optim.config.decay = (sppo_decay)3;
        CHECK(sppo_play_fit(&w.ctx, &w.play) != SPPO_OK);
        CHECK(same_weights(&before, &w.policy));
    }
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* A prompt that leaves room for one token is not too long. */
static void a_prompt_may_leave_room_for_one_token(void)
{
    world w;
    static const int token[15] = { BOS, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 3, 4, 5,
                                   6 };
    int i;

    if (!begin(&w, 0))
        return;
    CHECK_OK(&w.ctx, sppo_lists_add(&w.ctx, &w.prompts, token, 15));
    CHECK_OK(&w.ctx, sppo_lists_add(&w.ctx, &w.prompts, token, 3));
    w.config.iterations = 1;
    if (!start(&w) || !collect(&w))
        return;
    for (i = 0; i < 4; i++)
        CHECK(sppo_lists_length(&w.play.round.responses, i) == 1);
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    end(&w);
}

/* ==== the same bits ====================================================== */

/* Sampling and judging report every 32 prompts: enough for two reports of each
 * per iteration, and for steps of 8.                                         */
enum { LOTS = 74 };

/* A whole run in one go. */
static int finish(world *w, int prompts)
{
    if (!begin(w, prompts))
        return 0;
    w->config.batch = prompts > 40 ? 8 : 2;
    return start(w)
        && CHECK_OK(&w->ctx, sppo_play_run(&w->ctx, &w->play, &w->judge));
}

static void same_seed_same_bits(void)
{
    world a, b, c;

    if (!finish(&a, 10) || !finish(&b, 10) || !begin(&c, 10))
        return;
    c.config.seed = 43;
    if (!start(&c))
        return;
    CHECK_OK(&c.ctx, sppo_play_run(&c.ctx, &c.play, &c.judge));
    CHECK(same_weights(&a.policy, &b.policy));
    CHECK(!same_weights(&a.policy, &c.policy));
    end(&a), end(&b), end(&c);
}

/* Stopped by the callback at every n-th unit of work, and called again. */
static void stopped_and_continued_is_the_same(void)
{
    world a;
    int every;

    if (!finish(&a, LOTS))
        return;
    for (every = 1; every <= 7; every++) {
        world b;
        static record r;
        int stops = 0;
        sppo_result code;
        memset(&r, 0, sizeof r);
        r.stop_every = every;
        if (!begin(&b, LOTS))
            return;
        b.config.batch = 8;
        b.config.progress = keep_record;
        b.config.progress_user = &r;
        if (!start(&b))
            return;
        while ((code = sppo_play_run(&b.ctx, &b.play, &b.judge))
               == SPPO_E_STOPPED && stops < 1000)
            stops++;
        CHECK(code == SPPO_OK);
        CHECK(b.play.phase == SPPO_PHASE_DONE);
        CHECK(stops > 0 && stops < 1000);
        CHECK(same_weights(&a.policy, &b.policy));
        end(&b);
    }
    end(&a);
}

static void same_bits_for_any_number_of_threads(void)
{
#ifdef _OPENMP
    world a, b;
    int threads, most = omp_get_max_threads();

    omp_set_num_threads(1);
    if (!begin(&a, 12))
        return;
    a.config.batch = 6;
    if (!start(&a))
        return;
    CHECK_OK(&a.ctx, sppo_play_run(&a.ctx, &a.play, &a.judge));
    for (threads = 2; threads <= 4; threads += 2) {
        omp_set_num_threads(threads);
        if (!begin(&b, 12))
            break;
        b.config.batch = 6;
        if (!start(&b))
            break;
        CHECK_OK(&b.ctx, sppo_play_run(&b.ctx, &b.play, &b.judge));
        CHECK(same_weights(&a.policy, &b.policy));
        end(&b);
    }
    omp_set_num_threads(most);
    end(&a);
#else
    SKIP("compiled without OpenMP");
#endif
}

/* ==== checkpoints ======================================================== */

/* Runs with a save and a load into a fresh play after unit of work `cut`.  The
 * world that goes on has another policy until the load.                     */
static int resumed(world *w, int prompts, int cut, int *reached)
{
    world first;
    static record r;
    sppo_result code;
    const sppo_config c = tiny_config(8);

    memset(&r, 0, sizeof r);
    r.stop_every = cut;
    mkdir("build", 0777);
    if (!begin(&first, prompts))
        return 0;
    first.config.batch = 8;
    first.config.progress = keep_record;
    first.config.progress_user = &r;
    if (!start(&first))
        return 0;
    code = sppo_play_run(&first.ctx, &first.play, &first.judge);
    *reached = code == SPPO_E_STOPPED;
    if (!CHECK_OK(&first.ctx, sppo_play_save(&first.ctx, &first.play, SCRATCH)))
        return 0;
    end(&first);
    if (!begin(w, prompts))
        return 0;
    w->config.batch = 8;
    sppo_model_free(&w->ctx, &w->policy);
    if (!CHECK_OK(&w->ctx, sppo_model_init(&w->ctx, &w->policy, &c, 1234)) ||
        !start(w))
        return 0;
    return CHECK_OK(&w->ctx, sppo_play_load(&w->ctx, &w->play, SCRATCH))
        && CHECK_OK(&w->ctx, sppo_play_run(&w->ctx, &w->play, &w->judge));
}

/* After each unit of work: in the middle of sampling, judging and fitting. */
static void saved_and_loaded_is_the_same(void)
{
    world a;
    int cut, reached = 1, cuts = 0;

    if (!finish(&a, LOTS))
        return;
    for (cut = 1; reached && cut < 200; cut++) {
        world b;
        if (!resumed(&b, LOTS, cut, &reached))
            return;
        cuts += reached;
        if (!CHECK(same_weights(&a.policy, &b.policy)))
            printf("    after unit %d\n", cut);
        end(&b);
    }
    CHECK(cuts >= 2 * (2 + 2 + 10));
    end(&a);
    remove(SCRATCH);
}

/* A world that is pulled to a reference, which moves every iteration. */
static int begin_pulled(world *w, int prompts, double pull)
{
    const int ok = begin(w, prompts);

    w->config.pull = pull;
    w->config.reference_every = pull > 0.0;
    return ok;
}

/* Where of K = 4 responses the last are drawn from its mixture as well. */
static int begin_opposed(world *w, int prompts, double pull, int opponents)
{
    const int ok = begin_pulled(w, prompts, pull);

    w->config.opponents = opponents;
    return ok;
}

/* Between any two of the five steps. */
static void saved_between_steps(double pull, int opponents)
{
    world a;
    int cut, t;

    mkdir("build", 0777);
    if (!begin_opposed(&a, 10, pull, opponents) || !start(&a) ||
        !CHECK_OK(&a.ctx, sppo_play_run(&a.ctx, &a.play, &a.judge)))
        return;
    for (cut = 0; cut <= 10; cut++) {
        world first, b;
        if (!begin_opposed(&first, 10, pull, opponents) || !start(&first))
            return;
        for (t = 0; t < cut; t++)
            CHECK_OK(&first.ctx, sppo_play_next(&first.ctx, &first.play,
                                                &first.judge));
        CHECK_OK(&first.ctx, sppo_play_save(&first.ctx, &first.play, SCRATCH));
        if (!begin_opposed(&b, 10, pull, opponents) || !start(&b))
            return;
        if (pull > 0.0)  // what is there is not it
            memset(b.play.reference.weights, 0, 64);
        if (!CHECK_OK(&b.ctx, sppo_play_load(&b.ctx, &b.play, SCRATCH)))
            return;
        CHECK(b.play.phase == first.play.phase);
        CHECK(b.play.iteration == first.play.iteration);
        CHECK(same_weights(&first.policy, &b.policy));
        CHECK_OK(&b.ctx, sppo_play_run(&b.ctx, &b.play, &b.judge));
        if (!CHECK(same_weights(&a.policy, &b.policy)))
            printf("    after step %d\n", cut);
        end(&first), end(&b);
    }
    end(&a);
    remove(SCRATCH);
}

static void saved_between_steps_is_the_same(void)
{
    saved_between_steps(0.0, 0);
}

/* ---- a pull to a reference policy ---- */

/* [INPO 1] The first loss is that of ratios to (1 - lambda) log pi_t + lambda
 * log pi_ref, both from forests of their own.                               */
static void ratios_are_to_the_anchor(void)
{
    const sppo_config c = tiny_config(8);
    static record r;
    world w;
    sppo_model other = { 0 };
    double loss = 0.0, move = 0.0;
    int p, i;

    memset(&r, 0, sizeof r);
    if (!begin_pulled(&w, 6, 0.25) ||
        !CHECK_OK(&w.ctx, sppo_model_init(&w.ctx, &other, &c, 77)))
        return;
    for (i = 0; i < (int)other.count; i++)
        other.weights[i] *= (sppo_real)3;
    w.config.reference = &other;
    w.config.batch = 6;
    w.config.iterations = 1;
    w.config.progress = keep_record;
    w.config.progress_user = &r;
    if (!start(&w) || !collect(&w))
        return;
    for (p = 0; p < 6; p++)
        for (i = 0; i < 2; i++) {
            const sppo_round *round = &w.play.round;
            const int y = p * 4 + (i ? round->loser : round->winner)[p];
            const double old = log_pi(&w, &w.policy, p, &round->responses, y);
            const double ref = log_pi(&w, &other, p, &round->responses, y);
            const double away = 0.25 * (ref - old);

            loss += pow(-away - 2.0 * (round->win[y] - 0.5), 2) / 12;
            move += fabs(away) / 12;
        }
    CHECK(move > 0.05);
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    CHECK_NEAR(r.step[0].loss, loss, 40 * REAL);  // of squares of order 1
    CHECK_NEAR(r.step[0].kl, 0.0, REAL);          // to pi_t, pull or not
    sppo_model_free(&w.ctx, &other);
    end(&w);
}

/* [COMAL 1] A reference that was not given is the policy at init; it is a copy,
 * and moves when an iteration ends.                                         */
static void a_reference_moves_to_the_policy(void)
{
    sppo_model before = { 0 };
    world w;

    if (!begin_pulled(&w, 10, 0.5) || !start(&w) ||
        !CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                           SPPO_HEAD_NONE, 0)) ||
        !collect(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    CHECK(same_weights(&before, &w.play.reference));
    CHECK(!same_weights(&before, &w.policy));
    CHECK_OK(&w.ctx, sppo_play_advance(&w.ctx, &w.play));
    CHECK(same_weights(&w.policy, &w.play.reference));
    sppo_model_free(&w.ctx, &before);
    end(&w);
}

/* To where it is already nothing is pulled: the same bits in iteration 1, and
 * with a reference that moves in all others.                                */
static void a_pull_to_pi_t_pulls_nowhere(void)
{
    world pulled, free_one, held;

    if (!begin_pulled(&pulled, 10, 0.5) || !start(&pulled) ||
        !begin(&free_one, 10) || !start(&free_one) || !begin(&held, 10))
        return;
    held.config.pull = 0.5;
    if (!start(&held))
        return;
    CHECK_OK(&pulled.ctx, sppo_play_run(&pulled.ctx, &pulled.play,
                                        &pulled.judge));
    CHECK_OK(&free_one.ctx, sppo_play_run(&free_one.ctx, &free_one.play,
                                          &free_one.judge));
    CHECK_OK(&held.ctx, sppo_play_run(&held.ctx, &held.play, &held.judge));
    CHECK(same_weights(&pulled.policy, &free_one.policy));
    CHECK(!same_weights(&held.policy, &free_one.policy));
    end(&pulled), end(&free_one), end(&held);
}

/* [RLHF 2] A policy gradient has the pull in its reward: RLOO's step is that of
 * win rates less tau (log pi_t - log pi_ref), tau = lambda / eta.  With so
 * large an eps the optimiser's step is the gradient's own, not of size 1.   */
static void a_policy_gradient_is_pulled_by_its_reward(void)
{
    sppo_real *after[2];
    double moved = 0.0;
    world w;
    int half, i, n = 0;

    for (half = 0; half < 2; half++) {  // by the pull, by a judge that knows
        const sppo_config c = tiny_config(8);
        sppo_model other = { 0 }, before = { 0 };
        int p;

        if (!begin(&w, 6) ||
            !CHECK_OK(&w.ctx, sppo_model_init(&w.ctx, &other, &c, 77)))
            return;
        w.config.loss = SPPO_LOSS_CLIP;
        w.config.keep_all = 1;
        w.config.batch = 6;
        w.config.epochs = 1;
        w.config.iterations = 1;
        w.config.optim.eps = 1.0;
        w.config.optim.lr = 1.0;
        w.config.pull = half ? 0.0 : 0.4;
        w.config.reference = half ? NULL : &other;
        if (!start(&w) || !collect(&w))
            return;
        for (p = 0; p < 6 && half; p++)
            for (i = 0; i < 4; i++) {
                const sppo_lists *y = &w.play.round.responses;

                w.play.round.win[p * 4 + i] +=
                    0.4 / 2.0 * (log_pi(&w, &other, p, y, p * 4 + i) -
                                 log_pi(&w, &w.policy, p, y, p * 4 + i));
            }
        CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                          SPPO_HEAD_NONE, 0));
        CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
        n = (int)w.policy.count;
        after[half] = (sppo_real *)malloc((size_t)n * sizeof **after);
        memcpy(after[half], w.policy.weights, (size_t)n * sizeof **after);
        for (i = 0; i < n; i++)
            moved += fabs((double)(after[half][i] - before.weights[i]));
        sppo_model_free(&w.ctx, &before);
        sppo_model_free(&w.ctx, &other);
        end(&w);
    }
    CHECK(moved > 1.0);
    for (i = 0; i < n; i++)
        CHECK_NEAR(after[1][i], after[0][i], REAL);
    free(after[0]), free(after[1]);
}

static void a_pulled_run_resumes_to_the_same_bits(void)
{
    saved_between_steps(0.25, 0);
}

static void bad_pulls_are_refused_by_name(void)
{
    static const struct {
        double pull;
        int every, loss, all, dim;  // dim: of the reference; 0: there is none
        const char *said;
    } row[] = {
        { -0.1, 0, 0, 0, 0, "pull" }, { 1.1, 0, 0, 0, 0, "pull" },
        { 0.0, 1, 0, 0, 0, "without a pull or a mixture" },
        { 0.0, 0, 0, 0, 8, "without a pull or a mixture" },
        { 0.5, -1, 0, 0, 0, "reference_every" },
        { 0.5, 0, SPPO_LOSS_SIMPO, 0, 0, "the loss simpo" },
        { 0.5, 0, SPPO_LOSS_CLIP, 0, 0, "without keep_all" },
        { 0.5, 0, 0, 0, 32, "the reference: begun for a model of another" }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_config c = tiny_config(8);
        sppo_model other = { 0 };
        world w;

        if (!begin(&w, 4))
            return;
        c.dim = row[i].dim ? row[i].dim : c.dim;
        CHECK_OK(&w.ctx, sppo_model_init(&w.ctx, &other, &c, 1));
        w.config.pull = row[i].pull;
        w.config.reference_every = row[i].every;
        w.config.loss = (sppo_loss)row[i].loss;
        w.config.reference = row[i].dim ? &other : NULL;
        CHECK(sppo_play_init(&w.ctx, &w.play, &w.config, &w.policy,
                             &w.prompts) == SPPO_E_ARGUMENT);
        CHECK(has(&w.ctx, row[i].said));
        sppo_model_free(&w.ctx, &other);
        end(&w);
    }
}

/* ---- opponents from a mixture, a response that is given ---- */

static int same_tokens(const sppo_lists *a, int i, const sppo_lists *b, int j)
{
    const int n = sppo_lists_length(a, i);

    return n == sppo_lists_length(b, j) &&
           !memcmp(sppo_lists_tokens(a, i), sppo_lists_tokens(b, j),
                   (size_t)n * sizeof(int));
}

/* [NLHF 2] Of K = 4 two are trained on: their win rates are against the other
 * two, whose log-probabilities nobody records.                              */
static void opponents_are_compared_with_and_not_trained_on(void)
{
    world w;
    int p, i, others = 0;

    if (!begin_opposed(&w, 10, 0.5, 2))
        return;
    w.config.keep_all = 1;
    w.config.iterations = 1;
    if (!start(&w) || !collect(&w))
        return;
    for (p = 0; p < 10; p++) {
        const double *cell = w.play.round.pairwise + p * 16;
        const double *win = w.play.round.win + p * 4;

        for (i = 0; i < 4; i++)
            CHECK_NEAR(win[i], (cell[i * 4 + 2] + cell[i * 4 + 3]) / 2, 1e-15);
        CHECK(w.play.round.winner[p] == (sppo_beats(win[1], win[0]) ? 1 : 0));
        CHECK(w.play.round.loser[p] == !w.play.round.winner[p]);
        others += win[2] > win[0] || win[3] > win[0];
    }
    CHECK(others > 0);  // would be the best of all four
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    for (p = 0; p < 10; p++) {
        const double *old = w.play.round.old + p * 4;

        CHECK(old[0] < 0 && old[1] < 0);
        CHECK_NEAR(fabs(old[2]) + fabs(old[3]), 0.0, 0.0);
    }
    end(&w);
}

/* What is sampled of the model alone has the bits that it has without them, and
 * so have opponents of weight 0.                                            */
static void opponents_change_no_other_draw(void)
{
    world plain, opposed, alike;
    const sppo_lists *y, *z, *u;
    int i, same = 0;

    if (!begin(&plain, 10) || !begin(&opposed, 10) || !begin(&alike, 10))
        return;
    for (i = 0; i < (int)plain.policy.count; i++)
        opposed.policy.weights[i] = plain.policy.weights[i];
    opposed.config.opponents = alike.config.opponents = 2;
    opposed.config.mixture = 0.9;
    if (!CHECK_OK(&opposed.ctx, sppo_model_init(&opposed.ctx, &opposed.other,
                                                &opposed.policy.config, 77)))
        return;
    opposed.config.reference = &opposed.other;
    if (!start(&plain) || !start(&opposed) || !start(&alike))
        return;
    CHECK_OK(&plain.ctx, sppo_play_sample(&plain.ctx, &plain.play));
    CHECK_OK(&opposed.ctx, sppo_play_sample(&opposed.ctx, &opposed.play));
    CHECK_OK(&alike.ctx, sppo_play_sample(&alike.ctx, &alike.play));
    y = &plain.play.round.responses, z = &opposed.play.round.responses;
    u = &alike.play.round.responses;
    for (i = 0; i < y->count; i++) {
        CHECK(same_tokens(y, i, u, i));
        if (i % 4 < 2)
            CHECK(same_tokens(y, i, z, i));
        else
            same += same_tokens(y, i, z, i);
    }
    CHECK(same < y->count / 4);
    end(&plain), end(&opposed), end(&alike);
}

/* [Eq 4.5] IPO-MD's: all are from the mixture, and all are trained on. */
static void opponents_for_all_are_trained_on(void)
{
    double win[4];
    world w;
    int i;

    if (!begin_opposed(&w, 10, 0.5, 99))
        return;
    w.config.keep_all = 1;
    if (!start(&w) || !collect(&w))
        return;
    sppo_win_rates(win, w.play.round.pairwise, 4);
    for (i = 0; i < 4; i++)
        CHECK_NEAR(w.play.round.win[i], win[i], 0.0);
    CHECK_OK(&w.ctx, sppo_play_fit(&w.ctx, &w.play));
    for (i = 0; i < 20; i++)
        CHECK(w.play.round.old[i] < 0.0);
    end(&w);
}

static void a_run_with_opponents_resumes_to_the_same_bits(void)
{
    saved_between_steps(0.25, 2);
}

static int add_gold(world *w, int prompts)
{
    int i, ok = 1;

    for (i = 0; ok && i < prompts; i++) {
        const int response[3] = { 3 + i % 5, 4, EOS };

        ok = CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->gold, response, 3));
    }
    w->config.gold = &w->gold;
    return ok;
}

/* [SPIN 1] Without a judge it wins, and the pair is of it and a draw; with one
 * it is judged as the others are.                                           */
static void a_given_response_wins_where_nobody_judges(void)
{
    const sppo_judge nobody = { NULL, NULL };
    world w;
    int p, i;

    if (!begin(&w, 10) || !add_gold(&w, 10))
        return;
    w.config.loss = SPPO_LOSS_DPO;
    if (!start(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_sample(&w.ctx, &w.play));
    for (p = 0; p < 5; p++)
        CHECK(same_tokens(&w.play.round.responses, p * 4 + 3, &w.gold,
                          w.play.round.first + p));
    CHECK_OK(&w.ctx, sppo_play_judge(&w.ctx, &w.play, &nobody));
    CHECK_OK(&w.ctx, sppo_play_select(&w.ctx, &w.play));
    for (p = 0; p < 5; p++) {
        CHECK(w.play.round.winner[p] == 3 && w.play.round.loser[p] == 2);
        for (i = 0; i < 4; i++)
            CHECK_NEAR(w.play.round.win[p * 4 + i], i < 3 ? 0.375 : 0.875, 0.0);
    }
    w.play.phase = SPPO_PHASE_JUDGE;
    CHECK_OK(&w.ctx, sppo_play_judge(&w.ctx, &w.play, &w.judge));
    CHECK_NEAR(w.play.round.pairwise[3 * 4],
               sppo_sigmoid(liked_tokens(&w.play.round.responses, 3) -
                            liked_tokens(&w.play.round.responses, 0)), 1e-15);
    CHECK(w.play.round.pairwise[3 * 4] < 1.0);
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    end(&w);
}

/* [SPIN 1] What is given becomes likelier: by Eq 4.7, for DPO's loss sees no
 * more than that others become less likely.                                 */
static void a_given_response_is_learnt(void)
{
    world w;
    double before, after;

    if (!begin(&w, 10) || !add_gold(&w, 10))
        return;
    w.config.eta = 4;
    w.config.epochs = 20;
    if (!start(&w))
        return;
    before = log_pi(&w, &w.policy, 0, &w.gold, 0);
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, NULL));
    after = log_pi(&w, &w.policy, 0, &w.gold, 0);
    CHECK(after > before + 1.0);
    end(&w);
}

/* Its own go on, others' do not: a checkpoint knows them. */
static void a_run_knows_the_responses_it_was_given(void)
{
    world a, b;

    mkdir("build", 0777);
    if (!begin(&a, 10) || !add_gold(&a, 10) || !start(&a) ||
        !begin(&b, 10) || !add_gold(&b, 10) || !start(&b))
        return;
    CHECK_OK(&a.ctx, sppo_play_sample(&a.ctx, &a.play));
    CHECK_OK(&a.ctx, sppo_play_save(&a.ctx, &a.play, SCRATCH));
    CHECK_OK(&b.ctx, sppo_play_load(&b.ctx, &b.play, SCRATCH));
    b.gold.token[4] = 7;
    CHECK(sppo_play_load(&b.ctx, &b.play, SCRATCH) == SPPO_E_ARGUMENT);
    CHECK(has(&b.ctx, "another gold"));
    end(&a), end(&b);
    remove(SCRATCH);
}

static void bad_opponents_are_refused_by_name(void)
{
    static const struct {
        int opponents, loss, signal, gold;  // gold: how many
        double mixture;
        const char *said;
    } row[] = {
        { 3, 0, 0, 0, 0.5, "two must be left" },
        { -1, 0, 0, 0, 0, "opponents is -1" },
        { 2, 0, 0, 0, 1.5, "mixture is 1.5" },
        { 0, 0, 0, 0, 0.5, "without opponents" },
        { 2, SPPO_LOSS_GPO, 0, 0, 0.5, "mean scores" },
        { 2, SPPO_LOSS_GAP, SPPO_SIGNAL_SCORE, 0, 0.5, "mean scores" },
        { 2, 0, 0, 10, 0.5, "not go with gold" },
        { 0, 0, 0, 9, 0, "9 responses for 10 prompts" },
        { 0, 0, 0, -10, 0, "gold response 10 of 10 has 6 tokens" }
    };
    static const int long_one[6] = { 3, 3, 3, 3, 3, EOS };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        world w;

        if (!begin(&w, 10) ||
            !add_gold(&w, row[i].gold < 0 ? 9 : row[i].gold))
            return;
        if (row[i].gold < 0)
            CHECK_OK(&w.ctx, sppo_lists_add(&w.ctx, &w.gold, long_one, 6));
        w.config.gold = row[i].gold ? &w.gold : NULL;
        w.config.opponents = row[i].opponents;
        w.config.mixture = row[i].mixture;
        w.config.loss = (sppo_loss)row[i].loss;
        w.config.signal = (sppo_signal)row[i].signal;
        CHECK(sppo_play_init(&w.ctx, &w.play, &w.config, &w.policy,
                             &w.prompts) == SPPO_E_ARGUMENT);
        CHECK(has(&w.ctx, row[i].said));
        end(&w);
    }
}

/* ---- stopped by ctx->stop, between two passes ---- */

typedef struct brake { int asked, at; } brake;  // at: when it says stop

static int brakes(void *user)
{
    brake *b = (brake *)user;

    return ++b->asked == b->at;
}

/* Batches of several passes each; the brake is asked before every one. */
static int braked(world *w, brake *b, int at)
{
    b->asked = 0;
    b->at = at;
    if (!begin(w, 12))
        return 0;
    w->config.batch = 5;
    w->config.pass_tokens = 32;
    w->ctx.stop = brakes;
    w->ctx.stop_user = b;
    return start(w);
}

/* Saved where it was stopped, loaded into a fresh world, it has the bits of a
 * run that was not stopped, wherever that was.                              */
static void stopped_between_passes_is_the_same(void)
{
    world a, b, c;
    brake brake_a, brake_b, brake_c;
    int at;

    mkdir("build", 0777);
    if (!braked(&a, &brake_a, 0))
        return;
    CHECK_OK(&a.ctx, sppo_play_run(&a.ctx, &a.play, &a.judge));
    CHECK(brake_a.asked > 30);
    for (at = 1; at <= brake_a.asked; at += 1 + brake_a.asked / 40) {
        if (!braked(&b, &brake_b, at) || !braked(&c, &brake_c, 0))
            return;
        CHECK(sppo_play_run(&b.ctx, &b.play, &b.judge) == SPPO_E_STOPPED);
        CHECK(brake_b.asked == at);
        CHECK_OK(&b.ctx, sppo_play_save(&b.ctx, &b.play, SCRATCH));
        CHECK_OK(&c.ctx, sppo_play_load(&c.ctx, &c.play, SCRATCH));
        CHECK_OK(&b.ctx, sppo_play_run(&b.ctx, &b.play, &b.judge));
        CHECK_OK(&c.ctx, sppo_play_run(&c.ctx, &c.play, &c.judge));
        if (!CHECK(same_weights(&a.policy, &b.policy)) ||
            !CHECK(same_weights(&a.policy, &c.policy)))
            printf("    stopped when asked for the %d-th time\n", at);
        end(&b), end(&c);
    }
    end(&a);
    remove(SCRATCH);
}

/* Stopped, they leave what they were to fill as it was, and no memory. */
static void long_calls_can_be_stopped(void)
{
    static const char text[] = "words words words and words, words again";
    world w;
    brake b;
    sppo_sampling how = { 0 };
    sppo_evaluation e = { 0 };
    sppo_tokenizer tok = { 0 };
    size_t held;
    int at;

    if (!braked(&w, &b, 0))
        return;
    how.max_tokens = 5;
    e.prompts = 7;
    held = w.ctx.held;
    CHECK_OK(&w.ctx, sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge,
                                   &w.prompts, 2, &how, 1, &e));
    CHECK(e.prompts == 12);
    e.prompts = 7;
    for (at = b.asked; at > 0; at -= 3) {
        b.asked = 0;
        b.at = at;
        CHECK(sppo_evaluate(&w.ctx, &w.policy, &w.policy, &w.judge, &w.prompts,
                            2, &how, 1, &e) == SPPO_E_STOPPED);
        CHECK(e.prompts == 7 && w.ctx.held == held);
    }
    b.asked = 0;
    b.at = 3;
    CHECK(sppo_tokenizer_train(&w.ctx, &tok, text, sizeof text - 1, 275)
          == SPPO_E_STOPPED);
    CHECK(has(&w.ctx, "sppo_tokenizer_train: stopped, as ctx->stop asked"));
    CHECK(tok.vocab == 0 && w.ctx.held == held);
    end(&w);
}

/* ---- more iterations than it was begun with ---- */

static int iterations(world *w, int count)
{
    if (!begin(w, 10))
        return 0;
    w->config.iterations = count;
    w->config.prompts_per_iteration = 4;
    return start(w);
}

static void a_done_run_goes_on_with_more_iterations(void)
{
    world a, b, c;

    mkdir("build", 0777);
    if (!iterations(&a, 2) || !iterations(&b, 3) || !iterations(&c, 3))
        return;
    CHECK_OK(&a.ctx, sppo_play_run(&a.ctx, &a.play, &a.judge));
    CHECK_OK(&a.ctx, sppo_play_save(&a.ctx, &a.play, SCRATCH));
    CHECK_OK(&c.ctx, sppo_play_load(&c.ctx, &c.play, SCRATCH));
    CHECK(c.play.phase == SPPO_PHASE_SAMPLE && c.play.iteration == 2);
    CHECK_OK(&b.ctx, sppo_play_run(&b.ctx, &b.play, &b.judge));
    CHECK_OK(&c.ctx, sppo_play_run(&c.ctx, &c.play, &c.judge));
    CHECK(c.play.phase == SPPO_PHASE_DONE && c.play.iteration == 3);
    CHECK(same_weights(&b.policy, &c.policy));
    CHECK(!same_weights(&a.policy, &c.policy));
    end(&a), end(&b), end(&c);
    if (!iterations(&a, 1))
        return;
    CHECK(sppo_play_load(&a.ctx, &a.play, SCRATCH) == SPPO_E_ARGUMENT);
    CHECK(has(&a.ctx, "has done iteration 2; iterations is 1 now"));
    end(&a);
    remove(SCRATCH);
}

/* ---- what is compared ---- */

/* The tiny config with every default spelled out. */
static void spell_out(sppo_play_config *c)
{
    c->prompts_per_iteration = 5;
    c->sampling.temperature = 1.0;
    c->sampling.top_p = 1.0;
    c->optim.alpha = 0.99;
    c->optim.beta1 = 0.9;
    c->optim.beta2 = 0.999;
    c->optim.eps = 1e-8;
    c->optim.total_steps = 6;
}

static void a_default_spelled_out_is_the_default(void)
{
    world short_one, long_one;
    int turn;

    mkdir("build", 0777);
    for (turn = 0; turn < 2; turn++) {
        world *from = turn ? &long_one : &short_one;
        world *to = turn ? &short_one : &long_one;

        if (!begin(&short_one, 10) || !begin(&long_one, 10))
            return;
        spell_out(&long_one.config);
        if (!start(&short_one) || !start(&long_one))
            return;
        CHECK(!memcmp(&short_one.play.config, &long_one.play.config,
                      sizeof short_one.play.config));
        CHECK(short_one.play.config.sampling.temperature == 1.0);
        CHECK(short_one.play.config.sampling.top_p == 1.0);
        CHECK(short_one.play.config.optim.alpha == 0.99);
        CHECK(short_one.play.config.optim.total_steps == 6);
        CHECK_OK(&from->ctx, sppo_play_save(&from->ctx, &from->play, SCRATCH));
        CHECK_OK(&to->ctx, sppo_play_load(&to->ctx, &to->play, SCRATCH));
        end(&short_one), end(&long_one);
    }
    remove(SCRATCH);
}

/* In a checkpoint a setting stands under its name, with room for all. */
static void settings_have_names_of_their_own(void)
{
    sppoi_settings s;
    sppo_optim optim = { 0 };
    world w;
    int i, j;

    mkdir("build", 0777);
    if (!begin(&w, 10) || !start(&w))
        return;
    sppoi_play_settings(&s, &w.play);
    sppoi_setting(&s, "", "iterations", 2);  // as ranks compare
    sppoi_setting(&s, "", "weights", 0);
    CHECK(s.count <= SPPOI_SETTINGS);
    for (i = 0; i < s.count; i++)
        for (j = 0; j < i; j++)
            CHECK(strcmp(s.name[i], s.name[j]) != 0);
    CHECK_OK(&w.ctx, sppo_play_save(&w.ctx, &w.play, SCRATCH));
    // read as what it is not, it lacks a setting and says which
    CHECK_OK(&w.ctx, sppo_optim_init(&w.ctx, &optim, &w.config.optim,
                                     &w.policy));
    CHECK(sppo_train_load(&w.ctx, &w.policy, &optim, NULL, 0, SCRATCH)
          == SPPO_E_FORMAT);
    CHECK(has(&w.ctx, "does not say what its model.vocab was"));
    sppo_optim_free(&w.ctx, &optim);
    end(&w);
    remove(SCRATCH);
}

/* The responses that a load had begun to read are gone. */
static void a_failed_load_leaves_a_play_that_can_begin(void)
{
    world w, other;
    sppo_result code;

    mkdir("build", 0777);
    if (!begin(&w, 10) || !start(&w) || !collect(&w))
        return;
    w.play.round.responses.start[0] = 1;  // as no lists begin
    CHECK_OK(&w.ctx, sppo_play_save(&w.ctx, &w.play, SCRATCH));
    w.play.round.responses.start[0] = 0;
    end(&w);
    if (!begin(&other, 10) || !start(&other))
        return;
    code = sppo_play_load(&other.ctx, &other.play, SCRATCH);
    CHECK(code == SPPO_E_FORMAT);
    CHECK(other.play.round.responses.start[0] == 0);
    CHECK(other.play.phase == SPPO_PHASE_SAMPLE && other.play.done == 0);
    CHECK_OK(&other.ctx, sppo_play_run(&other.ctx, &other.play, &other.judge));
    end(&other);
    remove(SCRATCH);
}

/* A checkpoint of other settings is refused by the name of the setting. */
static void eta_differs(world *w) { w->config.eta = 3.0; }
static void k_differs(world *w) { w->config.k = 3; }
static void seed_differs(world *w) { w->config.seed = 7; }
static void loss_differs(world *w) { w->config.loss = SPPO_LOSS_DPO; }
static void lr_differs(world *w) { w->config.optim.lr = 2e-2; }
static void batch_differs(world *w) { w->config.batch = 3; }
static void top_p_differs(world *w) { w->config.sampling.top_p = 0.9; }
static void baseline_differs(world *w)
{
    w->config.baseline = SPPO_BASELINE_EMPIRICAL;
}
static void keep_all_differs(world *w) { w->config.keep_all = 1; }
static void scores_differ(world *w) { w->config.bradley_terry = 1; }
static void penalty_differs(world *w) { w->config.missing_eos_penalty = 1.0; }
static void coefficient_differs(world *w) { w->config.coefficient = 0.6; }
static void optimizer_differs(world *w) { w->config.optim.kind = SPPO_ADAMW; }
static void prompts_differ(world *w)
{
    static const int token[2] = { BOS, 3 };

    CHECK_OK(&w->ctx, sppo_lists_add(&w->ctx, &w->prompts, token, 2));
}
static void model_differs(world *w)
{
    sppo_config c = tiny_config(8);

    c.hidden = 32;
    sppo_model_free(&w->ctx, &w->policy);
    CHECK_OK(&w->ctx, sppo_model_init(&w->ctx, &w->policy, &c, 1));
}

static void rotation_differs(world *w)
{
    sppo_config c = tiny_config(8);

    c.rope_theta = 500000;
    sppo_model_free(&w->ctx, &w->policy);
    CHECK_OK(&w->ctx, sppo_model_init(&w->ctx, &w->policy, &c, 1));
}

static void another_runs_checkpoint_is_refused_by_name(void)
{
    static const struct {
        const char *field;
        void (*change)(world *);
    } row[] = {
        { "eta", eta_differs }, { "k", k_differs }, { "seed", seed_differs },
        { "loss", loss_differs }, { "lr", lr_differs },
        { "batch", batch_differs }, { "top_p", top_p_differs },
        { "baseline", baseline_differs }, { "keep_all", keep_all_differs },
        { "bradley_terry", scores_differ },
        { "missing_eos_penalty", penalty_differs },
        { "coefficient", coefficient_differs },
        { "optim", optimizer_differs }, { "prompt", prompts_differ },
        { "policy", model_differs },
        { "rope_theta", rotation_differs }
    };
    world w;
    int i;

    mkdir("build", 0777);
    if (!begin(&w, 10) || !start(&w) || !collect(&w))
        return;
    CHECK_OK(&w.ctx, sppo_play_save(&w.ctx, &w.play, SCRATCH));
    end(&w);
    for (i = 0; i < COUNT(row); i++) {
        sppo_model before = { 0 };
        sppo_result code;
        if (!begin(&w, 10))
            return;
        row[i].change(&w);
        if (!start(&w))
            return;
        CHECK_OK(&w.ctx, sppo_model_clone(&w.ctx, &before, &w.policy,
                                          SPPO_HEAD_NONE, 0));
        code = sppo_play_load(&w.ctx, &w.play, SCRATCH);
        if (!CHECK(code != SPPO_OK))
            printf("    accepted with another %s\n", row[i].field);
        CHECK(has(&w.ctx, row[i].field));
        CHECK(w.play.phase == SPPO_PHASE_SAMPLE);  // as it was
        CHECK(same_weights(&before, &w.policy));
        CHECK_OK(&w.ctx, sppo_play_next(&w.ctx, &w.play, &w.judge));
        sppo_model_free(&w.ctx, &before);
        end(&w);
    }
    remove(SCRATCH);
}

/* ==== memory ============================================================= */

/* What sppo_play_bytes says, against what a run really comes to hold. */
static void bytes_are_known_beforehand(void)
{
    int t;

    for (t = 0; t < 5; t++) {
        world w;
        double said, taken;
        size_t before;
        if (!begin(&w, 30))
            return;
        if (t == 1)
            w.config.optim.kind = SPPO_ADAMW, w.config.pass_tokens = 200;
        if (t == 2)
            w.config.k = 8, w.config.keep_all = 1, w.config.pass_tokens = 10000;
        if (t == 3)
            w.config.pull = 0.1;
        if (t == 4)
            w.config.opponents = 2, w.config.mixture = 0.5;
        said = (double)sppo_play_bytes(&w.config, &w.policy, &w.prompts);
        before = w.ctx.held;
        w.ctx.peak = w.ctx.held;
        if (!start(&w))
            return;
        taken = (double)(w.ctx.peak - before);
        CHECK_NEAR(said / taken, 1.0, 0.1);
        CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
        taken = (double)(w.ctx.peak - before);
        CHECK_NEAR(said / taken, 1.0, 0.1);
        end(&w);
    }
}

/* The five steps take no memory: it was all taken by init. */
static void a_run_takes_no_memory(void)
{
    world w;
    size_t held;

    if (!begin_opposed(&w, 10, 0.5, 2) || !start(&w))
        return;
    held = w.ctx.held;
    w.ctx.limit = held;
    CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &w.judge));
    CHECK(w.ctx.held == held);
    w.ctx.limit = 0;
    end(&w);
}

/* ==== what was made for one model, or not made at all ==================== */

static void mixed_up_models_are_refused(void)
{
    static sppo_ctx ctx;
    static sppo_model small, large;
    static sppo_activations acts;
    static sppo_sampler sampler;
    static sppo_optim optim;
    static sppo_forest forest, other;
    static sppo_lists prompts, responses;
    static sppo_play play;
    const sppo_judge judge = { sppo_pref_fill, NULL };
    sppo_config c = { 0 };
    sppo_optim_config o = { 0 };
    sppo_sampling how = { 0 };
    sppo_real grad[4096];
    double grads[8] = { 0 };
    const int token[4] = { 1, 2, 3, 4 };

    c.vocab = 8, c.dim = 8, c.layers = 1, c.heads = 2, c.hidden = 8;
    c.context = 16, c.eos = -1;
    o.lr = 0.1, o.kind = SPPO_ADAMW;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &small, &c, 1));
    c.dim = 16;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &large, &c, 1));
    CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &small, 8, 2, 0, 1));
    CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &small, 1, 2, 4, 4));
    CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &o, &small));
    CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 8, 2));
    CHECK_OK(&ctx, sppo_forest_init(&ctx, &other, 8, 2));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, token, 2));
    CHECK(sppo_forest_add(&forest, -1, token, 3, 1) == 0);
    CHECK(sppo_forest_add(&other, -1, token, 4, 1) == 0);
    CHECK(sppo_forward(&ctx, &acts, &large, &forest) == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "another shape") != NULL);
    CHECK(sppo_sample(&ctx, &sampler, &large, &prompts, 0, 1, &how, 1,
                      &responses) == SPPO_E_ARGUMENT);
    CHECK(sppo_optim_step(&ctx, &optim, &large, grad) == SPPO_E_ARGUMENT);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &small, &forest));
    CHECK(sppo_backward(&ctx, &acts, &small, &other, grads, NULL, grad) ==
          SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "last sppo_forward") != NULL);
    CHECK(sppo_play_run(&ctx, &play, &judge) == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "sppo_play_init") != NULL);
    sppo_lists_free(&ctx, &prompts);
    sppo_lists_free(&ctx, &responses);
    sppo_forest_free(&ctx, &forest);
    sppo_forest_free(&ctx, &other);
    sppo_optim_free(&ctx, &optim);
    sppo_sampler_free(&ctx, &sampler);
    sppo_activations_free(&ctx, &acts);
    sppo_model_free(&ctx, &small);
    sppo_model_free(&ctx, &large);
    CHECK(ctx.held == 0);
}

/* Weights that are not finite give no token, with and without top-p. */
static void damaged_weights_sample_nothing(void)
{
    world w;
    sppo_sampler sampler;
    sppo_lists responses;
    sppo_sampling how = { 0 };
    int i;

    if (!begin(&w, 2))
        return;
    memset(&sampler, 0, sizeof sampler);
    memset(&responses, 0, sizeof responses);
    CHECK_OK(&w.ctx, sppo_sampler_init(&w.ctx, &sampler, &w.policy, 1, 2, 8,
                                       4));
    w.policy.weights[w.policy.count - 1] = (sppo_real)NAN;
    w.policy.weights[0] = (sppo_real)NAN;
    for (i = 0; i < 3; i++) {
        how.top_p = i == 1 ? 0.5 : 0.0;
        how.greedy = i == 2;
        CHECK(sppo_sample(&w.ctx, &sampler, &w.policy, &w.prompts, 0, 1, &how,
                          1, &responses) == SPPO_E_NUMBER);
        CHECK(responses.count == 0);
    }
    sppo_lists_free(&w.ctx, &responses);
    sppo_sampler_free(&w.ctx, &sampler);
    end(&w);
}

/* Hard labels, DPO and IPO learn nothing from a judge that cannot decide. */
static void ties_teach_hard_losses_nothing(void)
{
    static const sppo_loss loss[] = { SPPO_LOSS_HARD, SPPO_LOSS_DPO,
                                      SPPO_LOSS_IPO };
    const sppo_judge judge = { sees_no_difference, NULL };
    int i;

    for (i = 0; i < 3; i++) {
        world w;
        sppo_play_config config;
        sppo_real *before;
        const size_t bytes_of = sizeof(sppo_real);

        if (!begin(&w, 4))
            return;
        memset(&config, 0, sizeof config);
        config.eta = 2, config.optim.lr = 0.1, config.iterations = 1;
        config.loss = loss[i];
        before = (sppo_real *)malloc(w.policy.count * bytes_of);
        memcpy(before, w.policy.weights, w.policy.count * bytes_of);
        if (CHECK_OK(&w.ctx, sppo_play_init(&w.ctx, &w.play, &config,
                                            &w.policy, &w.prompts)))
            CHECK_OK(&w.ctx, sppo_play_run(&w.ctx, &w.play, &judge));
        CHECK(memcmp(before, w.policy.weights,
                     w.policy.count * bytes_of) == 0);
        free(before);
        end(&w);
    }
}

static const check_case cases[] = {
    CASE(mixed_up_models_are_refused),
    CASE(damaged_weights_sample_nothing),
    CASE(ties_teach_hard_losses_nothing),
    CASE(alg_1_1_defaults_are_the_papers),  // audit 20
    CASE(alg_1_2_runs_every_iteration),  // audit 20
    CASE(alg_1_3_samples_k_responses),  // audit 21 52
    CASE(alg_1_3_duplicates_stay),  // audit 21
    CASE(alg_1_3_draws_anew_in_every_iteration),  // audit 20 21
    CASE(alg_1_4_and_1_5_annotate_and_select),  // audit 22 23
    CASE(alg_1_4_asks_once_for_each_prompt),  // audit 22
    CASE(alg_1_5_ties_give_two_distinct_responses),  // audit 23
    CASE(alg_1_5_ties_are_no_matter_of_rounding),
    CASE(losses_with_a_winner_skip_a_circle_of_five),
    CASE(alg_1_3_iterations_share_out_the_prompts),
    CASE(bradley_terry_makes_a_circle_a_tie),  // audit 46
    CASE(bradley_terry_doubles_rewards),  // audit 46
    CASE(bradley_terry_selects_by_mean_scores),  // audit 23 45
    CASE(a_cut_response_carries_no_eos),
    CASE(a_cut_costs_its_penalty_in_log_odds),
    CASE(a_penalty_makes_the_finished_win),
    CASE(a_penalty_leaves_certainty_alone),
    CASE(a_penalty_below_zero_is_refused),
    CASE(alg_1_6_old_is_the_policy_that_sampled),  // audit 20
    CASE(alg_1_6_first_loss_is_the_loss_at_ratio_zero),  // audit 24 25 26 27 28
    CASE(alg_1_6_first_gradient_is_the_mean_of_gradients),  // audit 24 51
    CASE(alg_1_6_progress_reports_the_means),
    CASE(alg_1_6_nats_are_those_of_both_policies),
    CASE(alg_1_6_every_loss_moves_the_right_way),
    CASE(alg_1_6_keep_all_fits_every_response),
    CASE(alg_1_6_order_is_drawn_for_every_epoch),
    CASE(alg_1_6_micro_batches_add_up),
    CASE(alg_1_6_gradient_of_many_passes_is_that_of_one),  // audit 51
    CASE(alg_1_6_stops_within_a_longer_schedule),  // audit 49
    CASE(alg_1_6_nan_is_an_error_before_the_step),
    CASE(alg_1_7_next_reference_is_the_trained_policy),  // audit 20
    CASE(algorithm_1_follows_the_exact_update),  // audit 20
    CASE(algorithm_1_with_one_half_reaches_the_fit),  // audit 20
    CASE(algorithm_1_raises_the_win_rate),
    CASE(evaluate_against_itself_is_one_half),
    CASE(evaluate_swapped_is_one_minus),
    CASE(evaluate_refuses_bad_arguments),
    CASE(best_of_takes_the_highest_row),  // audit 54
    CASE(calls_out_of_order_are_refused),
    CASE(bad_judgements_are_refused_by_name),  // audit 22
    CASE(a_judge_may_fail),
    CASE(a_judge_that_stops_answering_is_noticed),
    CASE(bad_settings_are_refused_by_name),  // audit 52
    CASE(a_choice_without_its_case_trains_nothing),
    CASE(a_default_spelled_out_is_the_default),
    CASE(settings_have_names_of_their_own),
    CASE(stopped_between_passes_is_the_same),
    CASE(long_calls_can_be_stopped),
    CASE(a_done_run_goes_on_with_more_iterations),
    CASE(a_failed_load_leaves_a_play_that_can_begin),
    CASE(a_prompt_may_leave_room_for_one_token),  // audit 52
    CASE(same_seed_same_bits),
    CASE(stopped_and_continued_is_the_same),
    CASE(same_bits_for_any_number_of_threads),
    CASE(saved_and_loaded_is_the_same),
    CASE(saved_between_steps_is_the_same),
    CASE(ratios_are_to_the_anchor),
    CASE(a_reference_moves_to_the_policy),
    CASE(a_pull_to_pi_t_pulls_nowhere),
    CASE(a_policy_gradient_is_pulled_by_its_reward),
    CASE(a_pulled_run_resumes_to_the_same_bits),
    CASE(bad_pulls_are_refused_by_name),
    CASE(opponents_are_compared_with_and_not_trained_on),
    CASE(opponents_change_no_other_draw),
    CASE(opponents_for_all_are_trained_on),
    CASE(a_run_with_opponents_resumes_to_the_same_bits),
    CASE(a_given_response_wins_where_nobody_judges),
    CASE(a_given_response_is_learnt),
    CASE(a_run_knows_the_responses_it_was_given),
    CASE(bad_opponents_are_refused_by_name),
    CASE(another_runs_checkpoint_is_refused_by_name),
    CASE(bytes_are_known_beforehand),
    CASE(a_run_takes_no_memory)
};

int main(int argc, char **argv)
{
#ifdef _OPENMP
    omp_set_num_threads(1);  // all is tiny here; threads only wait
#endif
    return check_main(cases, COUNT(cases), argc, argv);
}
