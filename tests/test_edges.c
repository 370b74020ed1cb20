/* test_edges.c - the branches of sppo.h that no other test takes: sizes, ties
 * and failures at their edges
 *
 * Some are of functions that nobody calls from outside, with numbers that a
 * whole run would need gigabytes for.  What is not reached here either stands,
 * with its reason, in unreached.txt.
 */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "build/test_edges"

static sppo_ctx ctx;

static int says(const char *words)
{
    const int found = strstr(ctx.message, words) != NULL;

    if (!found)
        printf("    %s\n", ctx.message);
    return found;
}

static sppo_config small(void)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = 8, c.dim = 8, c.layers = 1, c.heads = 2, c.hidden = 8;
    c.context = 16, c.bos = 1, c.eos = 2;
    return c;
}

static sppo_model model_of(sppo_head head)
{
    sppo_config c = small();
    sppo_model model;

    memset(&model, 0, sizeof model);
    c.head = head;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 7));
    return model;
}

/* Lists of n tokens each. */
static sppo_lists lists_of(int lists, int n)
{
    static const int token[16] = { 1, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 3, 4, 5,
                                   6, 7 };
    sppo_lists made;
    int i;

    memset(&made, 0, sizeof made);
    for (i = 0; i < lists; i++)
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &made, token + i % 2, n));
    return made;
}

/* ==== sizes ============================================================== */

static void sizes_that_wrap_are_too_many(void)
{
    CHECK(sppoi_size_product(SPPOI_TOO_MANY, 3) == SPPOI_TOO_MANY);
    CHECK(sppoi_size_product(SPPOI_TOO_MANY, 0) == 0);
    CHECK(sppoi_grown(INT_MAX - 5) == INT_MAX - 1);
    CHECK(sppoi_grown(100) == 166);
}

static void a_model_that_no_memory_holds_is_refused(void)
{
    sppo_config c = small();
    sppo_model model = { 0 };

    c.vocab = SPPOI_MAX_VOCAB;
    c.dim = 65536;
    c.hidden = 65536;
    c.layers = 65536;
    CHECK(sppo_model_init(&ctx, &model, &c, 7) != SPPO_OK);
    CHECK(!model.weights);
    c = small();
    c.heads = -1;
    CHECK(sppo_model_init(&ctx, &model, &c, 7) == SPPO_E_ARGUMENT);
    CHECK(says("heads is -1"));
}

static void lists_that_have_room_stay(void)
{
    sppo_lists x = lists_of(3, 5);
    const int *token = x.token;

    CHECK_OK(&ctx, sppoi_lists_reserve(&ctx, &x, 2, 4));
    CHECK(x.token == token && x.count == 3);
    sppo_lists_free(&ctx, &x);
}

static void a_field_of_one_byte_is_read(void)
{
    const signed char value = -3;
    sppoi_field f = SPPOI_NO_FIELD;

    f.size = 1;
    f.type = SPPOI_CHOICE;
    CHECK_NEAR(sppoi_get(&f, &value), -3, 0);
}

static void a_tokenizer_of_more_than_an_int_is_refused(void)
{
    sppo_tokenizer tok;

    CHECK(sppoi_tokenizer_take(&ctx, &tok, 300, (size_t)INT_MAX + 1) ==
          SPPO_E_FORMAT);
    CHECK(says("more than 2^31 bytes"));
}

static void pairs_without_room_are_no_endless_search(void)
{
    sppo_tokenizer tok = { 0 };
    sppoi_bpe b = { 0 };

    tok.vocab = 300;
    b.tok = &tok;
    b.counts.full = 1;
    CHECK(sppoi_bpe_learn(&ctx, &b) == SPPO_E_MEMORY);
    CHECK(says("learn from less text"));
}

static void settings_beyond_the_room_are_counted(void)
{
    static sppoi_settings s;

    s.count = SPPOI_SETTINGS;
    sppoi_setting(&s, "", "one more", 1.0);
    CHECK(s.count == SPPOI_SETTINGS + 1);
}

static void ranks_beyond_an_int_are_as_many_as_it_holds(void)
{
    sppo_ranks ranks = { 0, INT_MAX, NULL, NULL };

    CHECK(sppoi_ranks_at_once(&ranks, 32) == INT_MAX);
    CHECK(sppoi_ranks_at_once(NULL, 32) == 32);
}

/* ==== exact games, draws, ties =========================================== */

static void what_the_old_policy_never_says_costs_nothing(void)
{
    const double pi[2] = { 0.5, 0.5 }, old[2] = { 1.0, 0.0 };
    const double target[2] = { 0.0, 9.0 };
    double grad[2];

    CHECK_NEAR(sppo_exact_loss(pi, old, target, 2, grad), log(2) * log(2),
               1e-15);
    CHECK_NEAR(grad[0] + grad[1], 0.0, 1e-15);
}

static void one_prompt_has_no_standard_error(void)
{
    const double pairwise[4] = { 0.5, 0.7, 0.3, 0.5 };
    const double twice[8] = { 0.5, 0.7, 0.3, 0.5, 0.5, 0.7, 0.3, 0.5 };
    sppo_evaluation e = { 0 };

    sppoi_cross_mean(&e, pairwise, 1, 1);
    CHECK_NEAR(e.win_rate, 0.7, 1e-15);
    CHECK_NEAR(e.standard_error, 0, 0);
    sppoi_cross_mean(&e, twice, 2, 1);
    CHECK_NEAR(e.high - e.low, 0, 1e-7);
}

static void equal_weights_go_by_their_number(void)
{
    const sppo_real w[3] = { 1, 1, 2 };

    CHECK(sppoi_heavier(w, 0, 1) && !sppoi_heavier(w, 1, 0));
    CHECK(sppoi_heavier(w, 2, 0));
}

/* Rounding may leave the sum of weights below the mass they were said to have:
 * what is picked then is the last that has a weight.                        */
static void a_sum_that_falls_short_picks_what_has_a_weight(void)
{
    const sppo_real w[4] = { 1, 2, 0, 0 };
    const int order[4] = { 1, 0, 2, 3 };

    CHECK(sppoi_pick(w, order, 4, 3.5, 1.0) == 0);
    CHECK(sppoi_pick(w, order, 4, 3.0, 0.1) == 1);
    CHECK(sppoi_pick_any(w, 4, 3.5, 1.0) == 1);
    CHECK(sppoi_pick_any(w, 4, 3.0, 0.1) == 0);
}

static void a_draw_colder_than_cold_is_none(void)
{
    const sppo_real logits[2] = { 0, 1 };
    sppo_sampling how = { 0 };
    sppo_real weight[2];
    int order[2];

    how.temperature = SPPOI_COLDEST / 2;
    CHECK(sppo_sample_token(logits, 2, &how, 0.5, weight, order) == -1);
}

static void merges_that_are_alike_go_by_their_number(void)
{
    float score[1] = { 1 };
    sppoi_merge merge[2] = { { 3, 0, 0, 0 }, { 3, 0, 0, 0 } };
    sppo_tokenizer tok = { 0 };
    sppoi_chain chain = { 0 };

    tok.score = score;
    chain.tok = &tok;
    chain.merge = merge;
    CHECK(sppoi_merge_before(&chain, 0, 1) && !sppoi_merge_before(&chain, 1, 0));
    merge[1].left = 2;
    CHECK(sppoi_merge_before(&chain, 1, 0));
}

static double always_seven(void *user)
{
    (void)user;
    return 7.0;
}

static void a_gradient_of_nothing_is_held_against_the_floor(void)
{
    sppo_real x[1] = { 1 };
    const sppo_real grad[1] = { (sppo_real)0.5 };

    CHECK_NEAR(sppo_check_gradient(always_seven, NULL, x, grad, 1, 1e-3, 0.25,
                                   NULL), 2.0, 1e-15);
}

/* ==== the network ======================================================== */

static void passes_that_do_not_fit_are_refused(void)
{
    static const int token[8] = { 1, 3, 4, 5, 6, 7, 3, 4 };
    sppo_model policy = model_of(SPPO_HEAD_NONE), other = { 0 };
    sppo_model judge = model_of(SPPO_HEAD_SCALAR);
    sppo_config c = small();
    sppo_activations acts = { 0 };
    sppo_forest f = { 0 };
    sppo_real *grad;
    double d[8] = { 0 }, loss;

    c.dim = 16;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &other, &c, 7));
    grad = (sppo_real *)calloc(other.count + judge.count, sizeof *grad);
    CHECK_OK(&ctx, sppo_forest_init(&ctx, &f, 8, 4));
    CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &policy, 8, 4, 4,
                                         SPPO_BACKWARD));
    sppo_forest_add(&f, -1, token, 4, 1);
    CHECK(sppo_backward(&ctx, &acts, &policy, &f, d, NULL, grad) ==
          SPPO_E_ARGUMENT);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &policy, &f));
    CHECK(sppo_backward(&ctx, &acts, &other, &f, d, NULL, grad) ==
          SPPO_E_ARGUMENT && says("another shape"));
    CHECK(sppo_next_token_loss(&ctx, &acts, &other, &f, 1.0, grad, &loss) ==
          SPPO_E_ARGUMENT && says("another shape"));
    CHECK(sppo_step(&ctx, &acts, &other, &f, NULL, NULL, grad) ==
          SPPO_E_ARGUMENT);
    CHECK(sppo_step(&ctx, &acts, &judge, &f, NULL, NULL, grad) ==
          SPPO_E_ARGUMENT && says("without this one's head"));
    sppo_forest_clear(&f);
    sppo_forest_add(&f, -1, token, 2, 1);
    sppo_forest_add(&f, -1, token, 2, 1);
    CHECK(sppo_backward(&ctx, &acts, &policy, &f, d, NULL, grad) ==
          SPPO_E_ARGUMENT);  // of as many tokens, but others
    f.token[0] = 99;
    CHECK(sppo_step(&ctx, &acts, &policy, &f, NULL, NULL, grad) ==
          SPPO_E_ARGUMENT);
    free(grad);
    sppo_forest_free(&ctx, &f);
    sppo_activations_free(&ctx, &acts);
    sppo_model_free(&ctx, &policy);
    sppo_model_free(&ctx, &other);
    sppo_model_free(&ctx, &judge);
}

/* A tree of many branches, of which each fits into the context. */
static void a_tree_beyond_max_tree_is_refused(void)
{
    static const int token[8] = { 1, 3, 4, 5, 6, 7, 3, 4 };
    sppo_model policy = model_of(SPPO_HEAD_NONE);
    sppo_activations acts = { 0 };
    sppo_forest f = { 0 };
    int i;

    CHECK_OK(&ctx, sppo_forest_init(&ctx, &f, 4096, 512));
    CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &policy, 4096, 512, 9,
                                         SPPO_FORWARD));
    sppo_forest_add(&f, -1, token, 8, 0);
    for (i = 0; i < 500; i++)
        sppo_forest_add(&f, 0, token, 8, 1);
    CHECK(sppo_forward(&ctx, &acts, &policy, &f) == SPPO_E_ARGUMENT);
    CHECK(says("needs a larger max_tree"));
    sppo_forest_free(&ctx, &f);
    sppo_activations_free(&ctx, &acts);
    sppo_model_free(&ctx, &policy);
}

static int stop(void *user)
{
    return --*(int *)user < 0;
}

static void samplers_that_do_not_mix_are_refused(void)
{
    sppo_model policy = model_of(SPPO_HEAD_NONE), other = { 0 };
    sppo_config c = small();
    sppo_sampler s = { 0 }, alike = { 0 }, longer = { 0 }, wider = { 0 };
    sppo_lists x = lists_of(2, 3), y = { 0 };
    sppo_sampling how = { 0 };
    int asks;

    c.dim = 16;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &other, &c, 7));
    CHECK_OK(&ctx, sppo_sampler_init(&ctx, &s, &policy, 2, 2, 3, 4));
    CHECK_OK(&ctx, sppo_sampler_init(&ctx, &alike, &policy, 2, 2, 3, 4));
    CHECK_OK(&ctx, sppo_sampler_init(&ctx, &longer, &policy, 2, 2, 4, 4));
    CHECK_OK(&ctx, sppo_sampler_init(&ctx, &wider, &other, 2, 2, 3, 4));
    CHECK(sppo_sampler_mix(&ctx, &s, &wider, &policy, 1, 0.5) ==
          SPPO_E_ARGUMENT && says("the partner: begun for a model"));
    CHECK(sppo_sampler_mix(&ctx, &s, &longer, &policy, 1, 0.5) ==
          SPPO_E_ARGUMENT && says("other sizes"));
    CHECK(sppo_sampler_mix(&ctx, &s, &alike, &policy, -1, 0.5) ==
          SPPO_E_ARGUMENT && says("mixed is -1"));
    CHECK_OK(&ctx, sppo_sampler_mix(&ctx, &s, &alike, &policy, 1, 0.5));
    ctx.stop = stop;
    ctx.stop_user = &asks;
    for (asks = 0; asks < 12; asks++) {  // in the own part, then in the mixed
        const int given = asks;
        const sppo_result result =
            sppo_sample(&ctx, &s, &policy, &x, 0, 2, &how, 5, &y);

        CHECK(result == SPPO_OK || result == SPPO_E_STOPPED);
        CHECK(y.count == (result == SPPO_OK ? 4 : 0));
        sppo_lists_clear(&y);
        asks = given;
    }
    ctx.stop = NULL;
    sppo_lists_free(&ctx, &x);
    sppo_lists_free(&ctx, &y);
    sppo_sampler_free(&ctx, &s);
    sppo_sampler_free(&ctx, &alike);
    sppo_sampler_free(&ctx, &longer);
    sppo_sampler_free(&ctx, &wider);
    sppo_model_free(&ctx, &policy);
    sppo_model_free(&ctx, &other);
}

/* ==== the preference model =============================================== */

static void a_loss_without_a_gradient_is_the_same(void)
{
    static const sppo_head heads[] = { SPPO_HEAD_PAIR, SPPO_HEAD_EMBED,
                                       SPPO_HEAD_SCALAR };
    sppo_lists x = lists_of(2, 3), y = lists_of(4, 2);
    const double label[2] = { 1, 0 };
    const int row[2] = { 0, 1 };
    int i;

    for (i = 0; i < COUNT(heads); i++) {
        sppo_model m = model_of(heads[i]);
        sppo_real *grad = (sppo_real *)calloc(m.count, sizeof *grad);
        double without = 0, with = 1, score[2];
        sppo_pref pref = { 0 };

        CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &m, 64, 2, 1));
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &x, &y, label, row, 2, NULL,
                                      &without, score));
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &x, &y, label, row, 2, grad,
                                      &with, NULL));
        CHECK_NEAR(without, with, 1e-6);
        sppo_pref_free(&ctx, &pref);
        sppo_model_free(&ctx, &m);
        free(grad);
    }
    sppo_lists_free(&ctx, &x);
    sppo_lists_free(&ctx, &y);
}

static void rows_beyond_the_prompts_or_the_context_are_refused(void)
{
    sppo_model m = model_of(SPPO_HEAD_PAIR);
    sppo_lists x = lists_of(1, 8), y = lists_of(2, 10), z = lists_of(2, 5);
    sppo_lists none = lists_of(2, 0);
    sppo_pref pref = { 0 };
    double score[4];

    CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &m, 512, 2, 0));
    CHECK(sppo_pref_score(&ctx, &pref, &x, &y, 2, -1, 1, score) ==
          SPPO_E_ARGUMENT && says("is not among"));
    CHECK(sppo_pref_score(&ctx, &pref, &x, &y, 2, 0, 1, score) ==
          SPPO_E_ARGUMENT && says("beyond the context of 16"));
    CHECK(sppo_pref_score(&ctx, &pref, &x, &z, 2, 0, 1, score) ==
          SPPO_E_ARGUMENT && says("its longest responses 5 and 5"));
    CHECK(sppo_pref_fill(&ctx, &pref, &x, &z, 2, 0, 1, score) ==
          SPPO_E_ARGUMENT);
    CHECK(sppo_pref_score(&ctx, &pref, &x, &none, 2, 0, 1, score) ==
          SPPO_E_ARGUMENT);
    CHECK(says("response"));
    sppo_lists_free(&ctx, &none);
    sppo_pref_free(&ctx, &pref);
    sppo_model_free(&ctx, &m);
    sppo_lists_free(&ctx, &x);
    sppo_lists_free(&ctx, &y);
    sppo_lists_free(&ctx, &z);
}

/* The head's weights, which come last, are so large that a score is none. */
static void scores_that_are_no_numbers_are_refused(void)
{
    sppo_model m = model_of(SPPO_HEAD_SCALAR);
    sppo_lists x = lists_of(1, 3), y = lists_of(2, 2);
    const double label[1] = { 1 };
    const int row[1] = { 0 };
    sppo_real *grad = (sppo_real *)calloc(m.count, sizeof *grad);
    sppo_pref pref = { 0 };
    double score[4], loss;
    int i;

    for (i = 1; i <= m.config.dim; i++)
        m.weights[m.count - (size_t)i] =
            sizeof(sppo_real) == 4 ? (sppo_real)3e38 : (sppo_real)1.7e308;
    m.weights[m.count - 1] = -m.weights[m.count - 1];
    CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &m, 64, 2, 1));
    if (sppo_pref_score(&ctx, &pref, &x, &y, 2, 0, 1, score) != SPPO_E_NUMBER)
        printf("    %g\n", score[1]);
    CHECK(says("is not finite"));
    CHECK(sppo_pref_loss(&ctx, &pref, &x, &y, label, row, 1, grad, &loss,
                         NULL) != SPPO_OK);
    CHECK(sppo_pref_loss(&ctx, &pref, &x, &y, label, row, 1, NULL, &loss,
                         NULL) == SPPO_E_NUMBER);
    CHECK(says("is not finite"));
    sppo_pref_free(&ctx, &pref);
    sppo_model_free(&ctx, &m);
    sppo_lists_free(&ctx, &x);
    sppo_lists_free(&ctx, &y);
    free(grad);
}

/* ==== runs =============================================================== */

static sppo_play_config run_of(void)
{
    sppo_play_config c;

    memset(&c, 0, sizeof c);
    c.eta = 2.0;
    c.k = 2;
    c.iterations = 1;
    c.sampling.max_tokens = 4;
    c.optim.lr = 1e-3;
    return c;
}

static sppo_result begin(const sppo_play_config *c, const sppo_lists *gold)
{
    sppo_model policy = model_of(SPPO_HEAD_NONE);
    sppo_lists x = lists_of(3, 3);
    sppo_play_config config = *c;
    sppo_play play = { 0 };
    sppo_result result;

    config.gold = gold;
    result = sppo_play_init(&ctx, &play, &config, &policy, &x);
    if (result != SPPO_OK)
        CHECK(sppo_play_bytes(&config, &policy, &x) == 0 || gold || c->signal);
    sppo_play_free(&ctx, &play);
    sppo_lists_free(&ctx, &x);
    sppo_model_free(&ctx, &policy);
    return result;
}

static void settings_that_cannot_be_are_refused(void)
{
    sppo_play_config c = run_of();
    sppo_lists gold = lists_of(3, 0);

    c.epochs = INT_MAX / 2;
    CHECK(begin(&c, NULL) == SPPO_E_ARGUMENT && says("multiply to more"));
    c = run_of();
    c.k = 1000;
    c.prompts_per_iteration = 3;
    c.sampling.max_tokens = 1 << 20;
    CHECK(sppoi_play_sizes(&ctx, &c, 1 << 24) == SPPO_E_ARGUMENT);
    CHECK(says("max_tokens 1048576 and epochs 0 multiply to more"));
    c = run_of();
    c.loss = SPPO_LOSS_DPO;
    c.keep_all = 1;
    CHECK(begin(&c, NULL) == SPPO_E_ARGUMENT && says("keep_all does not go"));
    c.keep_all = 0;
    c.signal = SPPO_SIGNAL_HARD;
    CHECK(begin(&c, NULL) == SPPO_E_ARGUMENT && says("signal 3 does not go"));
    c = run_of();
    c.loss = SPPO_LOSS_DPO;
    CHECK(begin(&c, &gold) == SPPO_E_ARGUMENT);
    CHECK(says("gold response 1 of 3 has 0 tokens"));
    sppo_lists_free(&ctx, &gold);
}

static sppo_result tied(sppo_ctx *c, void *user, const sppo_lists *prompts,
                        const sppo_lists *responses, int k, int first,
                        int count, double *pairwise)
{
    int i;

    (void)c, (void)user, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < count * k * k; i++)
        pairwise[i] = 0.5;
    return SPPO_OK;
}

static void a_run_at_its_end_has_nothing_next(void)
{
    sppo_model policy = model_of(SPPO_HEAD_NONE);
    sppo_lists x = lists_of(3, 3);
    const sppo_play_config config = run_of();
    const sppo_judge judge = { tied, NULL };
    sppo_play play = { 0 };

    CHECK_OK(&ctx, sppo_play_init(&ctx, &play, &config, &policy, &x));
    CHECK_OK(&ctx, sppo_play_run(&ctx, &play, &judge));
    CHECK(play.phase == SPPO_PHASE_DONE);
    CHECK_OK(&ctx, sppo_play_next(&ctx, &play, &judge));
    CHECK(play.phase == SPPO_PHASE_DONE);
    sppo_play_free(&ctx, &play);
    sppo_lists_free(&ctx, &x);
    sppo_model_free(&ctx, &policy);
}

/* As if another rank were there that has nothing, minus one, or far too much:
 * a sum that leaves the buffer, but for the n-th.                           */
typedef struct strange { int at, calls, byte; } strange;

static sppo_result strange_sum(sppo_ctx *c, void *user, sppo_real *buffer,
                               size_t count)
{
    strange *s = (strange *)user;
    size_t i;

    (void)c;
    s->calls++;
    for (i = 0; s->calls == s->at && i < count; i++)
        if (!(buffer[i] > 0 || buffer[i] < 0))
            buffer[i] = (sppo_real)s->byte;
    return SPPO_OK;
}

static void what_no_rank_can_have_sent_is_refused(void)
{
    static const int bytes[] = { 0, -1, 127, 255 };
    sppo_model policy = model_of(SPPO_HEAD_NONE);
    sppo_lists x = lists_of(3, 3);
    const sppo_judge judge = { tied, NULL };
    int i, at;

    for (i = 0; i < COUNT(bytes); i++)
        for (at = 1; at <= 12; at++) {
            strange s = { 0, 0, 0 };
            sppo_ranks ranks = { 0, 2, strange_sum, NULL };
            sppo_play_config config = run_of();
            sppo_play play = { 0 };

            s.at = at;
            s.byte = bytes[i];
            ranks.user = &s;
            config.ranks = &ranks;
            if (sppo_play_init(&ctx, &play, &config, &policy, &x) == SPPO_OK)
                CHECK(sppo_play_run(&ctx, &play, &judge) == SPPO_E_ARGUMENT);
            CHECK(says("ranks"));
            sppo_play_free(&ctx, &play);
        }
    sppo_lists_free(&ctx, &x);
    sppo_model_free(&ctx, &policy);
}

static sppo_result second_fails(sppo_ctx *c, void *user, sppo_real *buffer,
                                size_t count)
{
    (void)buffer, (void)count;
    return ++*(int *)user < 2 ? SPPO_OK
                              : sppo_fail(c, SPPO_E_IO, "the line is cut");
}

static void a_failure_that_cannot_be_told_is_that_of_the_sum(void)
{
    int calls = 0;
    sppo_ranks ranks = { 0, 2, second_fails, NULL };

    ranks.user = &calls;
    sppo_fail(&ctx, SPPO_E_JUDGE, "the judge is tired");
    CHECK(sppoi_ranks_agree(&ctx, &ranks, SPPO_E_JUDGE) == SPPO_E_IO);
    CHECK(calls == 2 && says("the line is cut"));
}

/* A sum that adds what nobody said, once. */
static sppo_result first_is_wrong(sppo_ctx *c, void *user, sppo_real *buffer,
                                  size_t count)
{
    const sppo_real *wrong = (const sppo_real *)user;

    (void)c;
    if (count == 1)
        *buffer = *wrong;
    return SPPO_OK;
}

static void a_failure_of_no_rank_is_a_wrong_sum(void)
{
    static const double wrong[] = { 1, -1, NAN, 0 };
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sppo_real sum = (sppo_real)wrong[i];
        sppo_ranks ranks = { 0, 2, first_is_wrong, NULL };

        ranks.user = &sum;
        CHECK(sppoi_ranks_agree(&ctx, &ranks, SPPO_OK) ==
              (sum == 0 ? SPPO_OK : SPPO_E_ARGUMENT));
        CHECK(sum == 0 || says("no rank has the failure"));
        if (sum == 1)  // told by rank 0 as what it is
            continue;
        sppo_fail(&ctx, SPPO_E_JUDGE, "the judge is tired");
        CHECK(sppoi_ranks_agree(&ctx, &ranks, SPPO_E_JUDGE) == SPPO_E_JUDGE);
        CHECK(says("the judge is tired"));
    }
}

/* ==== JSON and files ===================================================== */

static void json_at_its_edges(void)
{
    static const char text[] = "{\"a\": [1]}";
    sppo_json json = { 0 };
    sppoi_reader r;
    char long_key[301];

    memset(&r, 0, sizeof r);
    memset(long_key, 'a', 300);
    long_key[300] = 0;
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, text, sizeof text - 1, "x"));
    CHECK(sppo_json_find(&json, 0, "a") == 1);
    CHECK(sppo_json_find(&json, 1, "a") == -1);
    CHECK(sppo_json_find(&json, 0, long_key) == -1);
    r.ctx = &ctx;
    r.json = &json;
    r.where = "x";
    r.at = 99;
    CHECK(sppoi_json_fail(&r, "beyond the end") == SPPO_E_FORMAT);
    CHECK(says("column 11: beyond the end"));
    json.slots = INT_MAX / 4;
    CHECK(sppoi_json_more_slots(&r) == SPPO_E_FORMAT && says("too many keys"));
    json.slots = 0;
    CHECK(sppo_json_find(&json, 0, "a") == -1);
    sppo_json_free(&ctx, &json);
}

static void a_rope_that_says_nothing_is_the_default(void)
{
    static const char text[] = "{\"architectures\": [\"LlamaForCausalLM\"], "
        "\"model_type\": \"llama\", \"vocab_size\": 8, \"hidden_size\": 8, "
        "\"intermediate_size\": 8, \"num_hidden_layers\": 1, "
        "\"num_attention_heads\": 2, \"max_position_embeddings\": 16, "
        "\"rope_scaling\": {\"rope_type\": \"default\"}}";
    sppo_config c;

    CHECK_OK(&ctx, sppo_config_read(&ctx, &c, text, sizeof text - 1, "x"));
    CHECK_NEAR(c.rope_theta, 1e4, 0);
}

static void reading_beyond_the_end_is_refused(void)
{
    const unsigned char bytes[4] = { 1, 2, 3, 4 };
    sppoi_source source;
    char out[4];

    memset(&source, 0, sizeof source);
    source.memory = bytes;
    source.size = 4;
    source.name = "x";
    CHECK_OK(&ctx, sppoi_read_at(&ctx, &source, 1, out, 3));
    CHECK(sppoi_read_at(&ctx, &source, 5, out, 0) == SPPO_E_FORMAT);
    CHECK(sppoi_read_at(&ctx, &source, 2, out, 3) == SPPO_E_FORMAT);
    CHECK(says("ends too soon"));
}

static void the_folder_of_a_path(void)
{
    char out[SPPOI_PATH];

    sppoi_parent(out, "/x");
    CHECK(!strcmp(out, "/"));
    sppoi_parent(out, "x");
    CHECK(!strcmp(out, "."));
    sppoi_parent(out, "a/b/c");
    CHECK(!strcmp(out, "a/b"));
}

static void write_text(const char *path, const char *text)
{
    CHECK_OK(&ctx, sppo_file_write(&ctx, path, text, strlen(text)));
}

/* "./././" before a folder's name: as long as the system takes it. */
static void folders_with_names_too_long_are_refused(void)
{
    sppo_model m = model_of(SPPO_HEAD_NONE), read = { 0 };
    char path[SPPOI_PATH + 8];
    int length, refused = 0;

    CHECK_OK(&ctx, sppo_folder_make(&ctx, FOLDER));
    for (length = SPPOI_PATH - 64; length < SPPOI_PATH + 2; length++) {
        const int n = (int)strlen(FOLDER), even = (length - n) / 2 * 2;
        int i;

        for (i = 0; i < even; i++)
            path[i] = "./"[i % 2];
        snprintf(path + even, sizeof path - (size_t)even, "%s", FOLDER);
        if (sppo_model_save(&ctx, &m, path) != SPPO_OK) {
            CHECK(says("a path of more than"));
            refused++;
        }
        if (sppo_model_load(&ctx, &read, path) != SPPO_OK)
            CHECK(says("a path of more than"));
        sppo_model_free(&ctx, &read);
    }
    CHECK(refused > 0 && refused < 66);
    sppo_model_free(&ctx, &m);
}

static void an_index_without_a_map_is_refused(void)
{
    static const char *const maps[] = { "{}", "{\"weight_map\": 3}",
                                        "{\"weight_map\": {}}" };
    sppo_model m = model_of(SPPO_HEAD_NONE), read = { 0 };
    int i;

    CHECK_OK(&ctx, sppo_model_save(&ctx, &m, FOLDER "/parts"));
    remove(FOLDER "/parts/model.safetensors");
    for (i = 0; i < COUNT(maps); i++) {
        write_text(FOLDER "/parts/model.safetensors.index.json", maps[i]);
        CHECK(sppo_model_load(&ctx, &read, FOLDER "/parts") == SPPO_E_FORMAT);
        CHECK(says("has no weight_map"));
    }
    remove(FOLDER "/parts/model.safetensors.index.json");
    sppo_model_free(&ctx, &m);
}

/* Over weights of somebody else, which say nothing of the files beside them. */
static void a_save_over_weights_without_notes(void)
{
    static const char header[] = "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],"
                                 "\"data_offsets\":[0,4]}}";
    char file[sizeof header - 1 + 12];
    sppo_model m = model_of(SPPO_HEAD_NONE), read = { 0 };

    memset(file, 0, sizeof file);
    file[0] = (char)(sizeof header - 1);
    memcpy(file + 8, header, sizeof header - 1);
    CHECK_OK(&ctx, sppo_folder_make(&ctx, FOLDER "/other"));
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/other/model.safetensors",
                                   file, sizeof file));
    CHECK_OK(&ctx, sppo_model_save(&ctx, &m, FOLDER "/other"));
    CHECK_OK(&ctx, sppo_model_load(&ctx, &read, FOLDER "/other"));
    CHECK(read.count == m.count);
    sppo_model_free(&ctx, &read);
    sppo_model_free(&ctx, &m);
}

static void another_tokenizer_beside_the_weights_is_refused(void)
{
    static const char text[] = "the cat the cat the doggy is no doggy doggy";
    sppo_model m = { 0 }, read = { 0 };
    sppo_config c = small();
    sppo_tokenizer one = { 0 }, two = { 0 };
    sppo_file file = { 0 };

    c.vocab = 262;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &m, &c, 7));
    CHECK_OK(&ctx, sppo_tokenizer_train(&ctx, &one, text, 15, 262));
    CHECK_OK(&ctx, sppo_tokenizer_train(&ctx, &two, text + 20, 23, 262));
    CHECK_OK(&ctx, sppo_model_save_text(&ctx, &m, &one, FOLDER "/mixed"));
    CHECK_OK(&ctx, sppo_tokenizer_save(&ctx, &two,
                                       FOLDER "/mixed/tokenizer.bin"));
    file.name = "tokenizer.bin";
    CHECK(sppo_model_load_with(&ctx, &read, FOLDER "/mixed", 0, &file, 1) ==
          SPPO_E_FORMAT);
    CHECK(says("is not the file that model.safetensors was saved with"));
    sppo_files_free(&ctx, &file, 1);
    sppo_tokenizer_free(&ctx, &one);
    sppo_tokenizer_free(&ctx, &two);
    sppo_model_free(&ctx, &read);
    sppo_model_free(&ctx, &m);
}

/* Whatever there is no memory for, the text is not sampled, and nothing stays. */
static void a_text_without_memory_is_not_sampled(void)
{
    static const char text[] = "the cat the cat the hat the hat a cat a hat";
    sppo_model m = { 0 };
    sppo_config c = small();
    sppo_tokenizer tok = { 0 };
    sppo_sampling how = { 0 };
    sppo_result result = SPPO_E_MEMORY;
    char out[64];
    size_t room, held;
    int refused = 0;

    c.vocab = 262;
    CHECK_OK(&ctx, sppo_model_init(&ctx, &m, &c, 7));
    CHECK_OK(&ctx, sppo_tokenizer_train(&ctx, &tok, text, sizeof text - 1,
                                        262));
    held = ctx.held;
    for (room = 16; result != SPPO_OK && room < 1 << 30; room += room / 2) {
        ctx.limit = held + room;
        result = sppo_sample_text(&ctx, &m, &tok, "the", &how, 3, out,
                                  sizeof out);
        refused += result == SPPO_E_MEMORY;
        CHECK(ctx.held == held);
    }
    CHECK(result == SPPO_OK && refused > 3);
    ctx.limit = 0;
    sppo_tokenizer_free(&ctx, &tok);
    sppo_model_free(&ctx, &m);
}

/* Puts the digest that the last message names in the place of the one there. */
static void believe(char *data, size_t size)
{
    const char *is = strstr(ctx.message, "its digest is ");
    const char *was = strstr(ctx.message, "not the ");
    size_t i;

    for (i = 0; CHECK(is && was) && i + 16 < size; i++)
        if (memcmp(data + i, was + 8, 16) == 0)
            memcpy(data + i, is + 14, 16);
}

/* The same of a run with a reference, which is a model of its own. */
static void a_run_without_memory_is_not_begun(void)
{
    sppo_model policy = model_of(SPPO_HEAD_NONE);
    sppo_lists x = lists_of(3, 3);
    sppo_play_config config = run_of();
    const size_t held = ctx.held;
    sppo_result result = SPPO_E_MEMORY;
    int refused = 0;
    size_t room;

    config.pull = 0.3;
    for (room = 64; result != SPPO_OK && room < 1 << 28; room += room / 16) {
        sppo_play play = { 0 };

        ctx.limit = held + room;
        result = sppo_play_init(&ctx, &play, &config, &policy, &x);
        refused += result == SPPO_E_MEMORY;
        sppo_play_free(&ctx, &play);
        CHECK(ctx.held == held);
    }
    CHECK(result == SPPO_OK && refused > 3);
    ctx.limit = 0;
    sppo_lists_free(&ctx, &x);
    sppo_model_free(&ctx, &policy);
}

/* A checkpoint whose whole numbers are said to be fractions. */
static void a_checkpoint_of_other_types_is_refused(void)
{
    sppo_model policy = model_of(SPPO_HEAD_NONE);
    sppo_lists x = lists_of(3, 3);
    const sppo_play_config config = run_of();
    const sppo_judge judge = { tied, NULL };
    sppo_play play = { 0 };
    char *data, *at;
    size_t size, i;
    int changed = 0;

    CHECK_OK(&ctx, sppo_folder_make(&ctx, FOLDER));
    CHECK_OK(&ctx, sppo_play_init(&ctx, &play, &config, &policy, &x));
    CHECK_OK(&ctx, sppo_play_next(&ctx, &play, &judge));
    CHECK_OK(&ctx, sppo_play_save(&ctx, &play, FOLDER "/run"));
    if (CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/run", &data, &size))) {
        for (i = 0; i + 5 < size; i++) {
            at = data + i;
            if (memcmp(at, "\"I32\"", 5) == 0 && ++changed)
                at[1] = 'F';
        }
        CHECK(changed > 0);
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/run", data, size));
        CHECK(sppo_play_load(&ctx, &play, FOLDER "/run") == SPPO_E_FORMAT);
        believe(data, size);
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/run", data, size));
        CHECK(sppo_play_load(&ctx, &play, FOLDER "/run") == SPPO_E_FORMAT);
        CHECK(says("it must be I32"));
        sppo_release(&ctx, data, size + 1);
    }
    sppo_play_free(&ctx, &play);
    sppo_lists_free(&ctx, &x);
    sppo_model_free(&ctx, &policy);
}

static void nothing_is_held_at_the_end(void)
{
    CHECK(ctx.held == 0);
}

static const check_case cases[] = {
    CASE(sizes_that_wrap_are_too_many),
    CASE(a_model_that_no_memory_holds_is_refused),
    CASE(lists_that_have_room_stay),
    CASE(a_field_of_one_byte_is_read),
    CASE(a_tokenizer_of_more_than_an_int_is_refused),
    CASE(pairs_without_room_are_no_endless_search),
    CASE(settings_beyond_the_room_are_counted),
    CASE(ranks_beyond_an_int_are_as_many_as_it_holds),
    CASE(what_the_old_policy_never_says_costs_nothing),
    CASE(one_prompt_has_no_standard_error),
    CASE(equal_weights_go_by_their_number),
    CASE(a_sum_that_falls_short_picks_what_has_a_weight),
    CASE(a_draw_colder_than_cold_is_none),
    CASE(merges_that_are_alike_go_by_their_number),
    CASE(a_gradient_of_nothing_is_held_against_the_floor),
    CASE(passes_that_do_not_fit_are_refused),
    CASE(a_tree_beyond_max_tree_is_refused),
    CASE(samplers_that_do_not_mix_are_refused),
    CASE(a_loss_without_a_gradient_is_the_same),
    CASE(rows_beyond_the_prompts_or_the_context_are_refused),
    CASE(scores_that_are_no_numbers_are_refused),
    CASE(settings_that_cannot_be_are_refused),
    CASE(a_run_at_its_end_has_nothing_next),
    CASE(what_no_rank_can_have_sent_is_refused),
    CASE(a_failure_that_cannot_be_told_is_that_of_the_sum),
    CASE(a_failure_of_no_rank_is_a_wrong_sum),
    CASE(json_at_its_edges),
    CASE(a_rope_that_says_nothing_is_the_default),
    CASE(reading_beyond_the_end_is_refused),
    CASE(the_folder_of_a_path),
    CASE(folders_with_names_too_long_are_refused),
    CASE(an_index_without_a_map_is_refused),
    CASE(a_save_over_weights_without_notes),
    CASE(another_tokenizer_beside_the_weights_is_refused),
    CASE(a_text_without_memory_is_not_sampled),
    CASE(a_run_without_memory_is_not_begun),
    CASE(a_checkpoint_of_other_types_is_refused),
    CASE(nothing_is_held_at_the_end)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
