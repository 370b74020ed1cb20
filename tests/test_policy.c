/* test_policy.c - the transformer of sppo.h as a whole: [Sec 3], [Net 9 to 18]
 *
 * Against slow.h, which knows plain sequences only; against PyTorch's numbers;
 * forests against the separate sequences that they stand for; probabilities
 * that must sum to 1; mistakes that must be refused by name.                */

#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "check.h"
#include "slow.h"
#include "view.h"
#include "reference/values.h"

static sppo_ctx ctx;

/* Three shapes of model: grouped queries, untied and heads that do not divide
 * dim; tied with as many key heads as heads; one key head for all, odd sizes.
 */
static sppo_config shape_of(int which)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.bos = c.eos = -1;
    c.context = 24;
    if (which == 0) {
        c.vocab = 11, c.dim = 10, c.layers = 2, c.heads = 4, c.kv_heads = 2;
        c.head_dim = 6, c.hidden = 14, c.untied = 1;
        c.rope_theta = 500000, c.norm_eps = 1e-6;
    } else if (which == 1) {
        c.vocab = 17, c.dim = 12, c.layers = 2, c.heads = 3, c.hidden = 20;
    } else {
        c.vocab = 7, c.dim = 9, c.layers = 3, c.heads = 3, c.kv_heads = 1;
        c.head_dim = 2, c.hidden = 5, c.norm_eps = 1e-2, c.rope_theta = 50;
    }
    return c;
}

enum { SHAPES = 3, ROWS = 64 };     // tokens of the largest forest here

static void random_tokens(slow_random *random, int *token, int n, int vocab)
{
    int i;

    for (i = 0; i < n; i++)
        token[i] = slow_below(random, vocab);
}

static int add_random(sppo_forest *forest, slow_random *random, int vocab,
                      int parent, int n, int scored)
{
    int token[ROWS];

    random_tokens(random, token, n, vocab);
    return sppo_forest_add(forest, parent, token, n, scored);
}

/* A prompt with three children, one of a single token and one unscored; a chain
 * prompt -> a -> b -> c with a sibling of b; a text of its own; a root of one
 * token whose child is scored.                                              */
static int bushy_forest(sppo_forest *forest, slow_random *random, int vocab)
{
    int prompt, a, b;

    if (!CHECK_OK(&ctx, sppo_forest_init(&ctx, forest, ROWS, 16)))
        return 0;
    prompt = add_random(forest, random, vocab, -1, 4, 0);
    add_random(forest, random, vocab, prompt, 3, 1);
    add_random(forest, random, vocab, prompt, 1, 1);
    add_random(forest, random, vocab, prompt, 5, 0);
    prompt = add_random(forest, random, vocab, -1, 3, 1);
    a = add_random(forest, random, vocab, prompt, 4, 1);
    b = add_random(forest, random, vocab, a, 3, 1);
    add_random(forest, random, vocab, a, 2, 1);
    add_random(forest, random, vocab, b, 4, 1);
    add_random(forest, random, vocab, -1, 7, 1);
    prompt = add_random(forest, random, vocab, -1, 1, 0);
    add_random(forest, random, vocab, prompt, 2, 1);
    return CHECK(forest->segments == 12 && forest->tokens == 39);
}

/* Values in reach of rounding: sums of some hundred numbers of order 1. */
static double value_tolerance(void)
{
    return BUILD(2e-5, 1e-12);
}

/* ---- forward ------------------------------------------------------------- */

/* [Net 9] [Net 11] [Net 14] [Net 16] All of them against slow.h's. */
static void forward_matches_slow(void)
{
    int which;

    for (which = 0; which < SHAPES; which++) {
        const sppo_config c = shape_of(which);
        slow_random random = { 11 };
        static sppo_model model;
        static sppo_forest forest;
        static sppo_activations acts;
        double *final, *logits, *got, logprob[ROWS];
        int token[ROWS], row[ROWS], s, i, j;
        view v;

        if (!view_model(&ctx, &model, &c, 1)
            || !bushy_forest(&forest, &random, c.vocab)
            || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model,
                                                     forest.tokens,
                                                     forest.segments, 0, 0))
            || !CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest)))
            return;
        view_init(&v, &model);
        final = slow_new(ROWS * c.dim), logits = slow_new(ROWS * c.vocab);
        got = slow_new(c.vocab);
        for (s = 0; s < forest.segments; s++) {
            const int n = view_path(&forest, s, token, row);
            const int length = forest.start[s + 1] - forest.start[s];
            double sum = 0;
            slow_forward(&v.llama, token, n, final, logits, logprob);
            for (i = n - length; i < n; i++) {
                const double expected = forest.scored[s] ? logprob[i] : 0;
                CHECK_NEAR(acts.logprob[row[i]], expected, value_tolerance());
                sum += expected;
                for (j = 0; j < c.dim; j++)
                    CHECK_NEAR(acts.final[row[i] * c.dim + j],
                               final[i * c.dim + j], value_tolerance());
                sppo_logits(&acts, &model, row[i], got);
                for (j = 0; j < c.vocab; j++)
                    CHECK_NEAR(got[j], logits[i * c.vocab + j],
                               value_tolerance());
            }
            CHECK_NEAR(sppo_segment_logprob(&acts, &forest, s), sum,
                       length * value_tolerance());
        }
        free(final), free(logits), free(got);
        view_free(&v);
        sppo_activations_free(&ctx, &acts);
        sppo_forest_free(&ctx, &forest);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

/* ---- gradients ----------------------------------------------------------- */

typedef struct weighted {           // sum of d_logprob logprob + d_final final
    const sppo_forest *forest;
    const double *d_logprob, *d_final;  // d_final may be NULL
    slow_llama *llama;
} weighted;

static double weighted_value(void *user)
{
    const weighted *w = (const weighted *)user;
    const int dim = w->llama->dim;
    double *final = slow_new(ROWS * dim), logprob[ROWS], sum = 0;
    int token[ROWS], row[ROWS], s, i, j;

    for (s = 0; s < w->forest->segments; s++) {
        const int n = view_path(w->forest, s, token, row);
        const int length = w->forest->start[s + 1] - w->forest->start[s];
        slow_forward(w->llama, token, n, final, NULL, logprob);
        for (i = n - length; i < n; i++) {
            if (w->forest->scored[s])
                sum += w->d_logprob[row[i]] * logprob[i];
            for (j = 0; w->d_final && j < dim; j++)
                sum += w->d_final[row[i] * dim + j] * final[i * dim + j];
        }
    }
    free(final);
    return sum;
}

/* Every entry of every tensor; the loss reads log-probabilities of several
 * segments of one tree and, when asked, hidden states of every row.         */
static void gradients_of(int which, int with_final)
{
    const sppo_config c = shape_of(which);
    slow_random random = { 12 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *grad, *d_final;
    double *slow_final, *expected, d_logprob[ROWS];
    int t, i, a;
    weighted w;
    view v;

    if (!view_model(&ctx, &model, &c, 2) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, ROWS, 8)))
        return;
    a = add_random(&forest, &random, c.vocab, -1, 3, 1);
    add_random(&forest, &random, c.vocab, a, 3, 1);
    add_random(&forest, &random, c.vocab, a, 1, 1);
    a = add_random(&forest, &random, c.vocab, a, 2, 0);
    add_random(&forest, &random, c.vocab, a, 2, 1);
    add_random(&forest, &random, c.vocab, -1, 4, 1);
    if (!CHECK_OK(&ctx,
                  sppo_activations_init(&ctx, &acts, &model, ROWS, 8, 0, 1)))
        return;
    view_init(&v, &model);
    grad = view_reals(model.count);
    d_final = view_reals((size_t)(ROWS * c.dim));
    slow_final = slow_new(ROWS * c.dim), expected = slow_new(v.count);
    view_fill(d_final, slow_final, ROWS * c.dim, &random, 0.5);
    for (i = 0; i < ROWS; i++)      // signed, and one of them zero
        d_logprob[i] = i == 5 ? 0 : slow_normal(&random);
    w.forest = &forest, w.llama = &v.llama, w.d_logprob = d_logprob;
    w.d_final = with_final ? slow_final : NULL;
    if (CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest)) &&
        CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob,
                                     with_final ? d_final : NULL, grad)))
        for (t = 0; t < model.tensor_count; t++) {
            const sppo_tensor *tensor = &model.tensors[t];
            const size_t at = tensor->offset;
            for (i = 0; i < (int)tensor->size; i++)
                expected[i] =
                    slow_gradient(weighted_value, &w, v.weights + at + i);
            view_gradients_near(tensor->name, grad + at, expected,
                                (int)tensor->size);
        }
    free(grad), free(d_final), free(slow_final), free(expected);
    view_free(&v);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* [Net 13] [Net 15] [Net 17] */
static void gradients_match_differences_grouped_untied(void)
{
    gradients_of(0, 1);
}

static void gradients_match_differences_tied(void)
{
    gradients_of(1, 0);
}

static void gradients_match_differences_one_key_head(void)
{
    gradients_of(2, 1);
}

/* [Net 18] Gradients are added to grad, the sum over two passes is the sum of
 * gradients, and the call for text is the general one with equal weights.   */
static void next_token_loss_is_the_mean_and_adds_its_gradient(void)
{
    const sppo_config c = shape_of(0);
    slow_random random = { 13 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *once, *twice, *plain;
    double d_logprob[ROWS], loss = 0, value = 0, sum = 0;
    int i, s, scored = 0;

    if (!view_model(&ctx, &model, &c, 3)
        || !bushy_forest(&forest, &random, c.vocab)
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &acts, &model, ROWS, 16, 0, 1)))
        return;
    once = view_reals(model.count), twice = view_reals(model.count);
    plain = view_reals(model.count);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    for (s = 0; s < forest.segments; s++)
        for (i = forest.start[s]; i < forest.start[s + 1]; i++) {
            const int predicted = forest.scored[s]
                && (forest.parent[s] >= 0 || i > forest.start[s]);
            CHECK(predicted == (acts.logprob[i] < 0));
            d_logprob[i] = predicted ? -1.0 : 0;
            scored += predicted;
            sum -= acts.logprob[i];
        }
    for (i = 0; i < forest.tokens; i++)
        d_logprob[i] /= scored;
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob, NULL,
                                 plain));
    CHECK_OK(&ctx, sppo_next_token_loss(&ctx, &acts, &model, &forest, 0, once,
                                        &loss));
    CHECK_NEAR(loss, sum / scored, BUILD(1e-6, 1e-14) * loss);
    CHECK_OK(&ctx, sppo_next_token_loss(&ctx, &acts, &model, &forest, 0, NULL,
                                        &value));
    CHECK(value == loss);
    CHECK_OK(&ctx, sppo_next_token_loss(&ctx, &acts, &model, &forest, 40, NULL,
                                        &value));
    CHECK_NEAR(value, sum / 40, BUILD(1e-6, 1e-14) * value);
    for (i = 0; i < 2; i++)
        CHECK_OK(&ctx, sppo_next_token_loss(&ctx, &acts, &model, &forest, 0,
                                            twice, &value));
    for (i = 0; i < (int)model.count; i++) {
        CHECK_NEAR(once[i], plain[i],
                   BUILD(1e-6, 1e-14) * (1 + fabs((double)plain[i])));
        CHECK_NEAR(twice[i], 2 * once[i],
                   BUILD(2e-6, 1e-14) * (1 + fabs((double)once[i])));
    }
    free(once), free(twice), free(plain);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* [Net 12] Two losses on one forward pass, a backward pass each, as one of
 * their sum: what was kept stays, and the softmax comes of it once more.    */
static void backward_may_follow_backward(void)
{
    const sppo_config c = shape_of(0);
    slow_random random = { 20 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *apart, *at_once;
    double d[3][ROWS], largest = 0;
    int i;

    if (!view_model(&ctx, &model, &c, 12)
        || !bushy_forest(&forest, &random, c.vocab)
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &acts, &model, ROWS, 16, 0, 1)))
        return;
    apart = view_reals(model.count), at_once = view_reals(model.count);
    for (i = 0; i < ROWS; i++) {
        d[0][i] = slow_normal(&random), d[1][i] = slow_normal(&random);
        d[2][i] = d[0][i] + d[1][i];
    }
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    for (i = 0; i < 3; i++)
        CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d[i], NULL,
                                     i < 2 ? apart : at_once));
    for (i = 0; i < (int)model.count; i++)
        largest = fmax(largest, fabs((double)at_once[i]));
    CHECK(largest > 1);
    for (i = 0; i < (int)model.count; i++)
        CHECK_NEAR(apart[i], at_once[i], BUILD(1e-5, 1e-13) * largest);
    free(apart), free(at_once);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* A vocabulary so large that the logits are made in several parts: the same as
 * texts that need one part each.                                            */
static void large_vocabulary_is_done_in_parts(void)
{
    enum { TEXTS = 4, LENGTH = 41, VOCAB = 40000 };
    sppo_config c = shape_of(1);
    slow_random random = { 21 };
    static sppo_model model;
    static sppo_forest forest, single;
    static sppo_activations acts, alone;
    sppo_real *grad, *sum;
    double d_logprob[TEXTS * LENGTH], logprob[LENGTH];
    double largest = 0, off = 0;
    int token[LENGTH], s, i;
    view v;

    c.vocab = VOCAB, c.dim = 3, c.layers = 1, c.heads = 1, c.head_dim = 2;
    c.hidden = 2, c.context = LENGTH;
    if (!view_model(&ctx, &model, &c, 13)
        || !CHECK_OK(&ctx,
                     sppo_forest_init(&ctx, &forest, TEXTS * LENGTH, TEXTS))
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &single, LENGTH, 1))
        || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model,
                                                 TEXTS * LENGTH, TEXTS, 0, 1))
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &alone, &model, LENGTH, 1, 0, 1)))
        return;
    CHECK(acts.chunk < TEXTS * (LENGTH - 1) && alone.chunk == LENGTH);
    view_init(&v, &model);
    grad = view_reals(model.count), sum = view_reals(model.count);
    for (s = 0; s < TEXTS; s++) {
        random_tokens(&random, token, LENGTH, VOCAB);
        sppo_forest_add(&forest, -1, token, LENGTH, 1);
    }
    for (i = 0; i < TEXTS * LENGTH; i++)
        d_logprob[i] = slow_normal(&random);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob, NULL,
                                 grad));
    for (s = 0; s < TEXTS; s++) {
        const int *text = forest.token + s * LENGTH;
        sppo_forest_clear(&single);
        sppo_forest_add(&single, -1, text, LENGTH, 1);
        CHECK_OK(&ctx, sppo_forward(&ctx, &alone, &model, &single));
        CHECK(!memcmp(alone.logprob, acts.logprob + s * LENGTH,
                      LENGTH * sizeof(double)));
        CHECK_OK(&ctx, sppo_backward(&ctx, &alone, &model, &single,
                                     d_logprob + s * LENGTH, NULL, sum));
        if (s > TEXTS - 2) {    // rows of the last part, by the slow way too
            slow_forward(&v.llama, text, LENGTH, NULL, NULL, logprob);
            for (i = 0; i < LENGTH; i++)    // 3 channels: a norm may be small
                CHECK_NEAR(alone.logprob[i], logprob[i], BUILD(2e-4, 1e-12));
        }
    }
    for (i = 0; i < (int)model.count; i++) {
        largest = fmax(largest, fabs((double)sum[i]));
        off = fmax(off, fabs((double)(grad[i] - sum[i])));
    }
    CHECK(largest > 1);
    CHECK_NEAR(off, 0, BUILD(1e-5, 1e-12) * largest);
    free(grad), free(sum);
    view_free(&v);
    sppo_activations_free(&ctx, &acts), sppo_activations_free(&ctx, &alone);
    sppo_forest_free(&ctx, &forest), sppo_forest_free(&ctx, &single);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* ---- PyTorch ------------------------------------------------------------- */

static int reference_model(sppo_model *model, const ref_config *r,
                           const ref_tensor *tensors, int count)
{
    sppo_config c;
    int t, i;

    memset(&c, 0, sizeof c);
    c.vocab = r->vocab, c.dim = r->dim, c.layers = r->layers;
    c.heads = r->heads, c.kv_heads = r->kv_heads, c.head_dim = r->head_dim;
    c.hidden = r->hidden, c.context = r->context, c.untied = !r->tied;
    c.rope_theta = r->rope_theta, c.norm_eps = r->norm_eps;
    c.bos = c.eos = -1;
    if (!CHECK_OK(&ctx, sppo_model_init(&ctx, model, &c, 1)) ||
        !CHECK(model->tensor_count == count))
        return 0;
    for (t = 0; t < count; t++) {
        const sppo_tensor *own = sppo_model_tensor(model, tensors[t].name);
        if (!CHECK(own != NULL) || !CHECK(own->rows == tensors[t].rows) ||
            !CHECK(own->cols == tensors[t].cols))
            return 0;
        for (i = 0; i < (int)own->size; i++)
            model->weights[own->offset + (size_t)i] =
                (sppo_real)tensors[t].weight[i];
    }
    return 1;
}

/* The yardstick is measured too: slow.h against PyTorch, without sppo.h but for
 * the names of tensors.                                                     */
static void slow_matches_pytorch(void)
{
    int which, s, t, i;

    for (which = 0; which < 2; which++) {
        const ref_sequence *sequence = which ? ref_b_sequences
                                             : ref_a_sequences;
        const int vocab = which ? ref_b_config.vocab : ref_a_config.vocab;
        static sppo_model model;
        double logits[16 * 16], logprob[16];
        view v;
        if (!reference_model(&model, which ? &ref_b_config : &ref_a_config,
                             which ? ref_b_tensors : ref_a_tensors,
                             which ? ref_b_tensor_count : ref_a_tensor_count))
            return;
        view_init(&v, &model);
        for (s = 0; s < 2; s++) {
            slow_forward(&v.llama, sequence[s].tokens, sequence[s].length, NULL,
                         logits, logprob);
            for (t = 0; t < sequence[s].length; t++) {
                CHECK_NEAR(logprob[t], sequence[s].logprob[t], 1e-12);
                for (i = 0; i < vocab; i++)
                    CHECK_NEAR(logits[t * vocab + i],
                               sequence[s].logits[t * vocab + i], 1e-12);
            }
        }
        view_free(&v);
        sppo_model_free(&ctx, &model);
    }
}

/* Signed entries; the allowance is a share of the tensor's largest. */
static void near_reference_gradients(const sppo_model *model,
                                     const sppo_real *grad,
                                     const ref_tensor *tensors, int count)
{
    int t, i;

    for (t = 0; t < count; t++) {
        const sppo_tensor *own = sppo_model_tensor(model, tensors[t].name);
        double largest = 0;
        for (i = 0; i < (int)own->size; i++)
            largest = fmax(largest, fabs(tensors[t].grad[i]));
        CHECK(largest > 0);
        for (i = 0; i < (int)own->size; i++) {
            char text[96];
            snprintf(text, sizeof text, "%.70s[%d]", own->name, i);
            check_near((double)grad[own->offset + (size_t)i],
                       tensors[t].grad[i], BUILD(1e-4, 1e-10) * largest, text,
                       __FILE__, __LINE__);
        }
    }
}

static void model_matches_pytorch(const ref_config *config,
                                  const ref_tensor *tensors, int count,
                                  const ref_sequence *sequence, int sequences,
                                  double weighted_sum)
{
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    double d_logprob[ROWS], logits[32], sum = 0;
    sppo_real *grad;
    int s, t, i;

    if (!reference_model(&model, config, tensors, count)
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, ROWS, sequences))
        || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, ROWS,
                                                 sequences, 0, 1)))
        return;
    for (s = 0; s < sequences; s++)
        CHECK(sppo_forest_add(&forest, -1, sequence[s].tokens,
                              sequence[s].length, 1) == s);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    for (s = 0; s < sequences; s++)
        for (t = 0; t < sequence[s].length; t++) {
            const int row = forest.start[s] + t;
            // 1e-4 of float is thirty times what PyTorch's own float costs.
            CHECK_NEAR(acts.logprob[row], sequence[s].logprob[t],
                       BUILD(1e-4, 1e-10));
            sppo_logits(&acts, &model, row, logits);
            for (i = 0; i < config->vocab; i++)
                CHECK_NEAR(logits[i], sequence[s].logits[t * config->vocab + i],
                           BUILD(1e-4, 1e-10));
            d_logprob[row] = sequence[s].coef[t];
            sum += sequence[s].coef[t] * acts.logprob[row];
        }
    CHECK_NEAR(sum, weighted_sum, BUILD(1e-4, 1e-10) * fabs(weighted_sum));
    grad = view_reals(model.count);
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob, NULL,
                                 grad));
    near_reference_gradients(&model, grad, tensors, count);
    free(grad);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

static void pytorch_grouped_untied(void)
{
    model_matches_pytorch(&ref_a_config, ref_a_tensors, ref_a_tensor_count,
                          ref_a_sequences, ref_a_sequence_count,
                          ref_a_weighted_sum);
}

static void pytorch_tied(void)
{
    model_matches_pytorch(&ref_b_config, ref_b_tensors, ref_b_tensor_count,
                          ref_b_sequences, ref_b_sequence_count,
                          ref_b_weighted_sum);
}

/* The released code's loss on a prompt with two responses, both in one forest:
 * sequence log-probabilities, loss and gradients as PyTorch's.   */
static void pytorch_pair_of_responses(void)
{
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    double d_logprob[ROWS], lp_w, lp_l, a, b, loss;
    sppo_real *grad;
    int prompt, w, l, i;

    if (!reference_model(&model, &ref_a_config, ref_sppo_tensors,
                         ref_sppo_tensor_count)
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, ROWS, 3))
        || !CHECK_OK(&ctx,
                     sppo_activations_init(&ctx, &acts, &model, ROWS, 3, 0, 1)))
        return;
    prompt = sppo_forest_add(&forest, -1, ref_sppo_prompt,
                             ref_sppo_prompt_length, 0);
    w = sppo_forest_add(&forest, prompt, ref_sppo_winner,
                        ref_sppo_winner_length, 1);
    l = sppo_forest_add(&forest, prompt, ref_sppo_loser, ref_sppo_loser_length,
                        1);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    for (i = 0; i < ref_sppo_winner_length; i++)
        CHECK_NEAR(acts.logprob[forest.start[w] + i],
                   ref_sppo_winner_logprob[i], BUILD(1e-4, 1e-10));
    for (i = 0; i < ref_sppo_loser_length; i++)
        CHECK_NEAR(acts.logprob[forest.start[l] + i],
                   ref_sppo_loser_logprob[i], BUILD(1e-4, 1e-10));
    lp_w = sppo_segment_logprob(&acts, &forest, w);
    lp_l = sppo_segment_logprob(&acts, &forest, l);
    CHECK_NEAR(lp_w, ref_sppo_lp_w, BUILD(1e-4, 1e-10));
    CHECK_NEAR(lp_l, ref_sppo_lp_l, BUILD(1e-4, 1e-10));
    a = lp_w - ref_sppo_ref_lp_w - ref_sppo_eta * (ref_sppo_phat_w - 0.5);
    b = lp_l - ref_sppo_ref_lp_l - ref_sppo_eta * (ref_sppo_phat_l - 0.5);
    loss = (a * a + b * b) / 2;
    CHECK_NEAR(loss, ref_sppo_losses[1].loss, BUILD(1e-4, 1e-10) * loss);
    memset(d_logprob, 0, sizeof d_logprob);
    for (i = forest.start[w]; i < forest.start[w + 1]; i++)
        d_logprob[i] = a;
    for (i = forest.start[l]; i < forest.start[l + 1]; i++)
        d_logprob[i] = b;
    grad = view_reals(model.count);
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob, NULL,
                                 grad));
    near_reference_gradients(&model, grad, ref_sppo_tensors,
                             ref_sppo_tensor_count);
    free(grad);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* ---- forests ------------------------------------------------------------- */

/* A forest stands for separate sequences: each segment is appended to a copy of
 * its ancestors, and only its own tokens are weighed.                       */
static void forest_equals_separate_sequences(void)
{
    int which, s, i, j;

    for (which = 0; which < SHAPES; which++) {
        const sppo_config c = shape_of(which);
        slow_random random = { 14 };
        static sppo_model model;
        static sppo_forest forest, single;
        static sppo_activations acts, alone;
        sppo_real *grad, *sum, *d_final, *d_alone;
        double d_logprob[ROWS], d_single[ROWS], *scratch, largest = 0;

        if (!view_model(&ctx, &model, &c, 4)
            || !bushy_forest(&forest, &random, c.vocab)
            || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &single, ROWS, 1))
            || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, ROWS,
                                                     16, 0, 1))
            || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &alone, &model, ROWS,
                                                     1, 0, 1)))
            return;
        grad = view_reals(model.count), sum = view_reals(model.count);
        d_final = view_reals((size_t)(ROWS * c.dim));
        d_alone = view_reals((size_t)(ROWS * c.dim));
        scratch = slow_new(ROWS * c.dim);
        view_fill(d_final, scratch, ROWS * c.dim, &random, 0.5);
        for (i = 0; i < ROWS; i++)
            d_logprob[i] = slow_normal(&random);
        CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
        CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob,
                                     d_final, grad));
        for (s = 0; s < forest.segments; s++) {
            int token[ROWS], row[ROWS];
            const int n = view_path(&forest, s, token, row);
            const int before = n - (forest.start[s + 1] - forest.start[s]);
            sppo_forest_clear(&single);
            CHECK(sppo_forest_add(&single, -1, token, n, 1) == 0);
            CHECK_OK(&ctx, sppo_forward(&ctx, &alone, &model, &single));
            memset(d_single, 0, sizeof d_single);
            memset(d_alone, 0, (size_t)(ROWS * c.dim) * sizeof *d_alone);
            for (i = before; i < n; i++) {
                if (forest.scored[s]) {
                    CHECK_NEAR(acts.logprob[row[i]], alone.logprob[i],
                               BUILD(1e-5, 1e-12));
                    d_single[i] = d_logprob[row[i]];
                }
                for (j = 0; j < c.dim; j++) {
                    CHECK_NEAR(acts.final[row[i] * c.dim + j],
                               alone.final[i * c.dim + j], BUILD(1e-5, 1e-12));
                    d_alone[i * c.dim + j] = d_final[row[i] * c.dim + j];
                }
            }
            CHECK_OK(&ctx, sppo_backward(&ctx, &alone, &model, &single,
                                         d_single, d_alone, sum));
        }
        for (i = 0; i < (int)model.count; i++)
            largest = fmax(largest, fabs((double)sum[i]));
        CHECK(largest > 1);
        for (i = 0; i < (int)model.count; i++)
            CHECK_NEAR(grad[i], sum[i], BUILD(1e-5, 1e-12) * largest);
        free(grad), free(sum), free(d_final), free(d_alone), free(scratch);
        sppo_activations_free(&ctx, &acts), sppo_activations_free(&ctx, &alone);
        sppo_forest_free(&ctx, &forest), sppo_forest_free(&ctx, &single);
        sppo_model_free(&ctx, &model);
    }
}

/* Bit for bit: a tree gives the same values alone, behind other trees, before
 * other trees, and in a longer acts.                                       */
static void values_do_not_depend_on_company(void)
{
    const sppo_config c = shape_of(0);
    slow_random random = { 15 };
    int prompt_token[5], a_token[4], b_token[3], place, i;
    static sppo_model model;
    static sppo_activations acts;
    double first[12], logits_first[11], logits[11];
    sppo_real final_first[12 * 10];

    if (!view_model(&ctx, &model, &c, 5)
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &acts, &model, ROWS, 16, 0, 0)))
        return;
    random_tokens(&random, prompt_token, 5, c.vocab);
    random_tokens(&random, a_token, 4, c.vocab);
    random_tokens(&random, b_token, 3, c.vocab);
    for (place = 0; place < 4; place++) {
        static sppo_forest forest;
        int prompt, at;
        if (!CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, ROWS, 16)))
            return;
        for (i = 0; i < place; i++)
            add_random(&forest, &random, c.vocab, -1, 2 + 5 * i, i & 1);
        prompt = sppo_forest_add(&forest, -1, prompt_token, 5, 0);
        at = forest.start[prompt];
        sppo_forest_add(&forest, prompt, a_token, 4, 1);
        sppo_forest_add(&forest, prompt, b_token, 3, 1);
        if (place > 1)
            add_random(&forest, &random, c.vocab, -1, 6, 1);
        CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
        sppo_logits(&acts, &model, at + 8, logits);
        if (place == 0) {
            memcpy(first, acts.logprob + at, sizeof first);
            memcpy(final_first, acts.final + at * c.dim, sizeof final_first);
            memcpy(logits_first, logits, sizeof logits);
        }
        CHECK(!memcmp(first, acts.logprob + at, sizeof first));
        CHECK(!memcmp(final_first, acts.final + at * c.dim,
                      sizeof final_first));
        CHECK(!memcmp(logits_first, logits, sizeof logits));
        sppo_forest_free(&ctx, &forest);
    }
    sppo_activations_free(&ctx, &acts);
    sppo_model_free(&ctx, &model);
}

/* [Net 10] A token sees nothing behind it: to change the last token of a
 * segment moves no hidden state but its own and its descendants'.           */
static void later_tokens_change_nothing_before(void)
{
    const sppo_config c = shape_of(1);
    slow_random random = { 16 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *before;
    size_t row_bytes;
    int i, moved;

    if (!view_model(&ctx, &model, &c, 6)
        || !bushy_forest(&forest, &random, c.vocab)
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &acts, &model, ROWS, 16, 0, 0)))
        return;
    row_bytes = (size_t)c.dim * sizeof *before;
    before = view_reals((size_t)(ROWS * c.dim));
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    memcpy(before, acts.final, (size_t)forest.tokens * row_bytes);
    moved = forest.start[6] - 1;        // the last token of segment 5, "a"
    forest.token[moved] = (forest.token[moved] + 1) % c.vocab;
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    for (i = 0; i < forest.tokens; i++) {
        const int below = i == moved
                       || (i >= forest.start[6] && i < forest.start[9]);
        CHECK((memcmp(before + i * c.dim, acts.final + i * c.dim, row_bytes)
               != 0) == below);
    }
    free(before);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* Adds a tree of 40 tokens, whose prompt has two responses. */
static void add_tree(sppo_forest *forest, slow_random *random, int vocab)
{
    const int prompt = add_random(forest, random, vocab, -1, 10, 0);

    add_random(forest, random, vocab, prompt, 18, 1);
    add_random(forest, random, vocab, prompt, 12, 1);
}

/* A pass of 1600 tokens, so of several groups, bands and chunks of logits,
 * against a pass for each tree: log-probabilities are the same bits; gradients,
 * added in another order, agree to rounding.                                */
static void large_pass(int vocab)
{
    enum { TREES = 40, TOKENS = 1600, TREE = 40 };
    static sppo_model model;
    static sppo_forest all, one;
    static sppo_activations acts, alone;
    slow_random random = { 31 };
    sppo_config c = shape_of(1);
    static double d_logprob[TOKENS];
    sppo_real *grad, *sum;
    double largest = 0;
    size_t i;
    int t;

    c.vocab = vocab, c.dim = 64, c.heads = 8, c.kv_heads = 4, c.hidden = 172;
    c.context = TREE;
    if (!view_model(&ctx, &model, &c, 6)
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &all, TOKENS, 3 * TREES))
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &one, TREE, 3))
        || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, TOKENS,
                                                 3 * TREES, 0, 1))
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &alone, &model, TREE, 3, 0, 1)))
        return;
    grad = view_reals(model.count), sum = view_reals(model.count);
    for (t = 0; t < TREES; t++)
        add_tree(&all, &random, c.vocab);
    for (t = 0; t < TOKENS; t++)
        d_logprob[t] = slow_normal(&random);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &all));
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &all, d_logprob, NULL,
                                 grad));
    random.state = 31;
    for (t = 0; t < TREES; t++) {
        sppo_forest_clear(&one);
        add_tree(&one, &random, c.vocab);
        CHECK_OK(&ctx, sppo_forward(&ctx, &alone, &model, &one));
        CHECK(!memcmp(alone.logprob, acts.logprob + t * TREE,
                      TREE * sizeof *alone.logprob));
        CHECK_OK(&ctx, sppo_backward(&ctx, &alone, &model, &one,
                                     d_logprob + t * TREE, NULL, sum));
    }
    for (i = 0; i < model.count; i++)
        largest = fmax(largest, fabs((double)sum[i]));
    for (i = 0; i < model.count; i++)
        CHECK_NEAR(grad[i], sum[i], BUILD(1e-5, 1e-13) * largest);
    free(grad), free(sum);
    sppo_activations_free(&ctx, &alone);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &one);
    sppo_forest_free(&ctx, &all);
    sppo_model_free(&ctx, &model);
}

/* 1160 rows predict: with 8000 words their logits are too many to be kept. */
static void a_large_pass_is_the_sum_of_its_trees(void)
{
    large_pass(6000);
    large_pass(8000);
}

/* sum_i d_i log pi_i with the weights moved by `by` along a direction. */
static double moved_value(sppo_model *model, sppo_activations *acts,
                          const sppo_forest *forest, const double *d_logprob,
                          const sppo_real *along, double by)
{
    double sum = 0;
    size_t k;
    int i;

    for (k = 0; k < model->count; k++)
        model->weights[k] += (sppo_real)(by * (double)along[k]);
    CHECK_OK(&ctx, sppo_forward(&ctx, acts, model, forest));
    for (k = 0; k < model->count; k++)
        model->weights[k] -= (sppo_real)(by * (double)along[k]);
    for (i = 0; i < forest->tokens; i++)
        sum += d_logprob[i] * acts->logprob[i];
    return sum;
}

/* One tree of 1500 tokens, all in one micro-batch: the gradient along a random
 * direction against differences.  Truncation is of the order of step^2,
 * rounding of 1e-7 or 1e-16 of the sum over the step.                       */
static void gradients_match_differences_in_a_long_tree(void)
{
    enum { TOKENS = 1500, PART = 600 };
    static int token[TOKENS];
    static double d_logprob[TOKENS];
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    slow_random random = { 32 };
    sppo_config c = shape_of(1);
    const double step = BUILD(3e-3, 1e-5);
    sppo_real *grad, *along;
    double slope = 0, up, down;
    size_t k;
    int i;

    c.dim = 64, c.heads = 8, c.kv_heads = 4, c.hidden = 172, c.context = 900;
    if (!view_model(&ctx, &model, &c, 8)
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, TOKENS, 3))
        || !CHECK_OK(
            &ctx, sppo_activations_init(&ctx, &acts, &model, TOKENS, 3, 0, 1)))
        return;
    random_tokens(&random, token, TOKENS, c.vocab);
    sppo_forest_add(&forest, -1, token, TOKENS - 2 * PART, 1);
    sppo_forest_add(&forest, 0, token + PART, PART, 1);
    sppo_forest_add(&forest, 0, token + TOKENS - PART, PART, 1);
    grad = view_reals(model.count), along = view_reals(model.count);
    for (i = 0; i < TOKENS; i++)
        d_logprob[i] = slow_normal(&random) / TOKENS;
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest, d_logprob, NULL,
                                 grad));
    for (k = 0; k < model.count; k++) {
        along[k] = (sppo_real)(slow_normal(&random) * 0.1);
        slope += (double)grad[k] * (double)along[k];
    }
    up = moved_value(&model, &acts, &forest, d_logprob, along, step);
    down = moved_value(&model, &acts, &forest, d_logprob, along, -step);
    CHECK(fabs(slope) > 1e-3);
    CHECK_NEAR(slope, (up - down) / (2 * step),
               BUILD(2e-2, 1e-6) * fabs(slope));
    free(grad), free(along);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* Trees of a root and two children, some 19 rows each. */
static void add_trees(sppo_forest *forest, slow_random *random, int vocab,
                      int trees)
{
    int s;

    for (s = 0; s < 3 * trees; s++)
        add_random(forest, random, vocab, s % 3 ? s - s % 3 : -1,
                   1 + slow_below(random, 12), 1);
}

#ifdef _OPENMP
/* A loss whose gradients are known before: those of a batch. */
typedef struct known_gradients {
    const double *d_logprob;
    const sppo_real *d_final;
    int dim;
} known_gradients;

static sppo_result known_loss(void *user, sppo_micro_batch *b)
{
    const known_gradients *known = (const known_gradients *)user;
    const int n = b->forest.tokens, row = b->first_token, d = known->dim;

    memcpy(b->d_logprob, known->d_logprob + row, (size_t)n * sizeof(double));
    memcpy(b->d_final, known->d_final + row * d,
           (size_t)(n * d) * sizeof(sppo_real));
    return SPPO_OK;
}

/* Forward, loss and backward at once: the bits of two calls, in less room. */
static void step_as_two_calls(const sppo_model *model,
                              const sppo_forest *forest, int longest,
                              const double *d_logprob,
                              const sppo_real *d_final, const sppo_real *grad)
{
    static sppo_activations acts;
    sppo_real *again = view_reals(model->count);
    known_gradients known = { d_logprob, d_final, model->config.dim };

    if (!CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, model,
                                              forest->tokens, forest->segments,
                                              longest, SPPO_STEP)))
        return;
    CHECK_OK(&ctx, sppo_step(&ctx, &acts, model, forest, known_loss, &known,
                             again));
    CHECK(!memcmp(again, grad, model->count * sizeof *grad));
    sppo_activations_free(&ctx, &acts);
    free(again);
}

/* All ways to gradients, with gradients in the hidden states as well. */
static void gradients_with(int threads, const sppo_model *model,
                           const sppo_forest *forest, int partials,
                           sppo_real *grad,
                           double *loss)
{
    static sppo_activations acts;
    slow_random random = { 19 };
    sppo_real *d_final = view_reals((size_t)forest->tokens
                                    * (size_t)model->config.dim);
    sppo_real *again = view_reals(model->count);
    int i;

    view_threads(threads);  // before the acts is made
    memset(grad, 0, 2 * model->count * sizeof *grad);
    if (!CHECK_OK(&ctx,
                  sppo_activations_init(&ctx, &acts, model, forest->tokens,
                                        forest->segments, 0, 1)))
        return;
    CHECK_OK(&ctx, sppo_next_token_loss(&ctx, &acts, model, forest, 0, grad,
                                        loss));
    CHECK(acts.partials == partials);
    for (i = 0; i < forest->tokens; i++)
        acts.d_logprob[i] = slow_normal(&random);
    for (i = 0; i < forest->tokens * model->config.dim; i++)
        d_final[i] = (sppo_real)slow_normal(&random);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, model, forest));
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, model, forest, acts.d_logprob,
                                 d_final, grad + model->count));
    CHECK_OK(&ctx, sppo_backward(&ctx, &acts, model, forest, acts.d_logprob,
                                 d_final, again));
    CHECK(!memcmp(again, grad + model->count, model->count * sizeof *grad));
    step_as_two_calls(model, forest, 36, acts.d_logprob, d_final,
                      grad + model->count);
    free(again);
    free(d_final);
    sppo_activations_free(&ctx, &acts);
    view_threads(1);
}

static void same_bits_over(int trees, int partials)
{
    static const int threads[] = { 1, 2, 3, 4, 8 };
    const sppo_config c = shape_of(0);
    static sppo_model model;
    static sppo_forest forest;
    slow_random random = { 17 };
    sppo_real *grad, *first;
    double loss = 0, loss_first = 0;
    int t;

    if (!view_model(&ctx, &model, &c, 7) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 36 * trees,
                                         3 * trees)))
        return;
    add_trees(&forest, &random, c.vocab, trees);
    grad = view_reals(2 * model.count), first = view_reals(2 * model.count);
    gradients_with(threads[0], &model, &forest, partials, first, &loss_first);
    for (t = 1; t < COUNT(threads); t++) {
        gradients_with(threads[t], &model, &forest, partials, grad, &loss);
        CHECK(loss == loss_first);
        CHECK(!memcmp(first, grad, 2 * model.count * sizeof *grad));
    }
    free(grad), free(first);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}
#endif

/* 390 rows: two micro-batches, one sum.  2200 rows: four partial sums, side by
 * side up to four threads, with 8 one after the other.                      */
static void same_bits_for_any_number_of_threads(void)
{
#ifdef _OPENMP
    same_bits_over(20, 1);
    same_bits_over(116, 4);
#else
    SKIP("built without OpenMP");
#endif
}

/* A tree of each length: micro-batches hold each tree and each scored row once,
 * in order; none is longer than it must be, nor shorter than it could be.
 * Returns the number of partial sums.                                       */
static int cut(const int *length, int trees)
{
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    static int token[3000];
    sppo_config c = shape_of(0);
    slow_random random = { 23 };
    int i, n, rows = 0, segments = 0, before = 0;

    for (i = 0; i < trees; i++)
        rows += length[i];
    c.context = COUNT(token);
    random_tokens(&random, token, COUNT(token), c.vocab);
    if (!view_model(&ctx, &model, &c, 7) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, rows, trees)))
        return 0;
    for (i = 0; i < trees; i++)
        sppo_forest_add(&forest, -1, token, length[i], i % 3 > 0);
    CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, rows, trees, 0,
                                         SPPO_STEP));
    sppoi_cut(&acts, &forest);
    for (i = 0, rows = 0; i < acts.micro_batches; i++) {
        const sppo_micro_batch *b = &acts.micro_batch[i];

        CHECK(b->first_segment == segments && b->first_token == rows);
        CHECK(b->trees == b->forest.segments && b->trees > 0);
        CHECK(b->trees == 1 || b->forest.tokens <= acts.micro_rows);
        CHECK(i == 0 || before + b->forest.start[1] > acts.micro_rows);
        for (n = 0; n < b->scored_rows; n++)
            CHECK(b->scored_row[n] >= 0 &&
                  b->scored_row[n] < b->forest.tokens);
        segments += b->forest.segments;
        rows += b->forest.tokens;
        before = b->forest.tokens;
    }
    CHECK(segments == trees && rows == forest.tokens);
    n = acts.partials;
    CHECK(n <= acts.micro_batches);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
    return n;
}

/* `few` trees of `long_rows` rows, then of `rows` rows: `trees` in all. */
static int cut_of(int few, int long_rows, int trees, int rows)
{
    static int length[1000];
    int i;

    for (i = 0; i < trees; i++)
        length[i] = i < few ? long_rows : rows;
    return cut(length, trees);
}

static void micro_batches_hold_every_tree_once(void)
{
    CHECK(cut_of(1, 3000, 1, 0) == 1);    // a tree is never cut
    CHECK(cut_of(0, 0, 7, 300) == 4);     // 2100 rows
    CHECK(cut_of(0, 0, 150, 6) == 1);     // not enough rows for two sums
    CHECK(cut_of(0, 0, 1000, 7) == 8);
    CHECK(cut_of(2, 2000, 4, 100) == 2);  // three micro-batches
    CHECK(cut_of(5, 717, 32, 19) == 8);
}

/* Partial sums of a model with more weights than would fit eight times. */
static void partial_sums_are_few_where_weights_are_many(void)
{
    sppo_config c, r;

    memset(&c, 0, sizeof c);
    c.vocab = 1000, c.dim = 100, c.heads = 1, c.layers = 1, c.hidden = 20;
    c.context = 64;
    CHECK_OK(&ctx, sppo_config_resolve(&ctx, &r, &c));
    CHECK(sppoi_most_partials(sppoi_trunk_count(&r), 1 << 20) == 8);
    r.vocab = 1 << 15;   // 3.3 million numbers
    CHECK(sppoi_most_partials(sppoi_trunk_count(&r), 1 << 20) == 2);
    r.vocab = 1 << 17;
    CHECK(sppoi_most_partials(sppoi_trunk_count(&r), 1 << 20) == 1);
}

typedef struct part { const char *at; size_t bytes; } part;

static void add_part(part *parts, int *n, const void *at, size_t rows,
                     int width)
{
    parts[*n].at = (const char *)at;
    parts[(*n)++].bytes = rows * (size_t)width * sizeof(sppo_real);
}

/* All arrays of all workspaces lie in the block, and none in another. */
static void workspaces_do_not_overlap(void)
{
#ifdef _OPENMP
    enum { WORKERS = 4, TOKENS = 4096, ARRAYS = 11 };
    const sppo_config c = shape_of(0);
    static sppo_model model;
    static sppo_activations acts;
    part parts[WORKERS * ARRAYS];
    int w, n = 0, i, j;

    view_threads(WORKERS);
    if (!view_model(&ctx, &model, &c, 7) ||
        !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, TOKENS, 8,
                                              64, SPPO_STEP)))
        return;
    CHECK(acts.workers == WORKERS);
    for (w = 0; w < WORKERS; w++) {
        const sppoi_workspace *ws = &acts.workspace[w];
        const size_t rows = (size_t)acts.most_rows;
        const size_t chunk = (size_t)acts.chunk;

        add_part(parts, &n, ws->norm, rows, c.dim);
        add_part(parts, &n, ws->act, rows, c.hidden);
        add_part(parts, &n, ws->gathered, chunk, c.dim);
        add_part(parts, &n, ws->logits, chunk, c.vocab);
        add_part(parts, &n, ws->dx, rows, c.dim);
        add_part(parts, &n, ws->dnorm, rows, c.dim);
        add_part(parts, &n, ws->dqkv, rows, sppoi_qkv_width(&acts.config));
        add_part(parts, &n, ws->dgate_up, rows, 2 * c.hidden);
        add_part(parts, &n, ws->query_block->score, (size_t)c.context,
                 SPPOI_NR);
        add_part(parts, &n, ws->query_block->grad, (size_t)c.context,
                 SPPOI_NR);
        add_part(parts, &n, ws->room, rows, c.dim);
    }
    for (i = 0; i < n; i++) {
        CHECK(parts[i].at >= (const char *)acts.block &&
              parts[i].at + parts[i].bytes <=
                  (const char *)acts.block + acts.block_size);
        for (j = 0; j < i; j++)
            CHECK(parts[i].at + parts[i].bytes <= parts[j].at ||
                  parts[j].at + parts[j].bytes <= parts[i].at);
    }
    sppo_activations_free(&ctx, &acts);
    sppo_model_free(&ctx, &model);
    view_threads(1);
#else
    SKIP("built without OpenMP");
#endif
}

/* Activations serve any model of their trunk: its gradient is the same. */
static void partial_sums_serve_any_head(void)
{
    const sppo_config c = shape_of(0);
    slow_random random = { 29 };
    static sppo_model trunk, model;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *grad[2];
    int k, i;

    if (!view_model(&ctx, &trunk, &c, 7) ||
        !CHECK_OK(&ctx, sppo_model_clone(&ctx, &model, &trunk, SPPO_HEAD_EMBED,
                                         64)) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 36 * 116, 3 * 116)))
        return;
    add_trees(&forest, &random, c.vocab, 116);
    for (k = 0; k < 2; k++) {
        grad[k] = view_reals(model.count);
        CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, k ? &trunk : &model,
                                       forest.tokens, forest.segments, 0, 1));
        CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
        CHECK(acts.partials == 4);
        for (i = 0; i < forest.tokens; i++)
            acts.d_logprob[i] = (double)(i % 7 - 3);
        CHECK_OK(&ctx, sppo_backward(&ctx, &acts, &model, &forest,
                                     acts.d_logprob, NULL, grad[k]));
        sppo_activations_free(&ctx, &acts);
    }
    CHECK(!memcmp(grad[0], grad[1], model.count * sizeof *grad[0]));
    free(grad[0]), free(grad[1]);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
    sppo_model_free(&ctx, &trunk);
}

/* Threads of the caller's own, each with its acts. */
static void threads_of_the_caller_may_call(void)
{
#ifdef _OPENMP
    enum { CALLERS = 3 };
    const sppo_config c = shape_of(0);
    static sppo_model model;
    static sppo_forest forest;
    sppo_real *grad[CALLERS];
    double loss[CALLERS];
    slow_random random = { 18 };
    int k, failed = 0;

    if (!view_model(&ctx, &model, &c, 7) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 800, 60)))
        return;
    add_trees(&forest, &random, c.vocab, 20);
    for (k = 0; k < CALLERS; k++)
        grad[k] = view_reals(model.count);
    view_threads(2);
#pragma omp parallel for num_threads(CALLERS) reduction(+ : failed)
    for (k = 0; k < CALLERS; k++) {
        sppo_ctx own;
        sppo_activations acts;

        memset(&own, 0, sizeof own);
        failed += sppo_activations_init(&own, &acts, &model, 800, 60, 0, 1)
                  != SPPO_OK;
        failed += sppo_next_token_loss(&own, &acts, &model, &forest, 0,
                                       grad[k], &loss[k]) != SPPO_OK;
        sppo_activations_free(&own, &acts);
    }
    view_threads(1);
    CHECK(failed == 0);
    for (k = 1; k < CALLERS; k++) {
        CHECK(loss[k] == loss[0]);
        CHECK(!memcmp(grad[k], grad[0], model.count * sizeof *grad[0]));
    }
    for (k = 0; k < CALLERS; k++)
        free(grad[k]);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
#else
    SKIP("built without OpenMP");
#endif
}

/* ---- probabilities ------------------------------------------------------- */

/* All responses of at most LENGTH tokens over four tokens of which one ends:
 * 1 + 3 + 9 that end, and 27 that are cut.  As children of one prompt.      */
static void sec_3_probabilities_of_all_responses_sum_to_one(void)
{
    enum { VOCAB = 4, LENGTH = 3, END = 2 };
    static const int prompt_token[3] = { 1, 3, 0 };
    sppo_config c = shape_of(2);
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    double sum = 0;
    int prompt, code, length, s;

    c.vocab = VOCAB, c.eos = END;
    if (!view_model(&ctx, &model, &c, 8)
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 200, 64))
        || !CHECK_OK(&ctx,
                     sppo_activations_init(&ctx, &acts, &model, 200, 64, 0, 0)))
        return;
    prompt = sppo_forest_add(&forest, -1, prompt_token, 3, 0);
    for (length = 1; length <= LENGTH; length++)
        for (code = 0; code < 1 << 2 * length; code++) {
            int token[LENGTH], i, inside = 0, ended;
            for (i = 0; i < length; i++)
                token[i] = code >> 2 * i & 3;
            for (i = 0; i + 1 < length; i++)
                inside += token[i] == END;
            ended = token[length - 1] == END;
            if (!inside && (ended || length == LENGTH))
                CHECK(sppo_forest_add(&forest, prompt, token, length, 1) > 0);
        }
    CHECK(forest.segments == 1 + 13 + 27);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    for (s = 1; s < forest.segments; s++)
        sum += exp(sppo_segment_logprob(&acts, &forest, s));
    CHECK_NEAR(sum, 1, BUILD(1e-5, 1e-13));     // forty values of 1e-6 each
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* log pi(y|x) is the sum over y's tokens: not their mean, and without those of
 * the prompt, which are masked.  slow.h reads prompt and response as one text,
 * so what it says of the prompt's tokens must be left out.                  */
static void sec_3_logprob_is_the_sum_over_the_response(void)
{
    enum { PROMPT = 5, LONGEST = 6 };
    const sppo_config c = shape_of(1);
    slow_random random = { 21 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    int token[PROMPT + LONGEST], row[PROMPT + LONGEST], n, i, prompt;
    view v;

    if (!view_model(&ctx, &model, &c, 21)
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 64, 8))
        || !CHECK_OK(&ctx,
                     sppo_activations_init(&ctx, &acts, &model, 64, 8, 0, 0)))
        return;
    prompt = add_random(&forest, &random, c.vocab, -1, PROMPT, 0);
    for (n = 1; n <= LONGEST; n++)
        CHECK(add_random(&forest, &random, c.vocab, prompt, n, 1) == n);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    view_init(&v, &model);
    for (n = 1; n <= LONGEST; n++) {
        double logprob[PROMPT + LONGEST], of_prompt = 0, sum = 0;
        const double said = sppo_segment_logprob(&acts, &forest, n);

        CHECK(view_path(&forest, n, token, row) == PROMPT + n);
        slow_forward(&v.llama, token, PROMPT + n, NULL, NULL, logprob);
        for (i = 0; i < PROMPT; i++) {
            of_prompt += logprob[i];
            CHECK_NEAR(acts.logprob[row[i]], 0, 0);
        }
        for (i = PROMPT; i < PROMPT + n; i++)
            sum += logprob[i];
        // nats: values of up to 20, of some hundred roundings each
        CHECK_NEAR(said, sum, BUILD(1e-4, 1e-12));
        CHECK(of_prompt < -1);
        CHECK(n == 1 || fabs(said - sum / n) > 1);
    }
    view_free(&v);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

/* ---- mistakes ------------------------------------------------------------ */

static void mentions(sppo_result result, sppo_result expected, const char *word)
{
    if (!CHECK(result == expected) || !CHECK(ctx.code == expected) ||
        !CHECK(strstr(ctx.message, word) != NULL))
        printf("  expected a sentence with '%s', got: %s\n", word, ctx.message);
}

static void bad_forests_are_refused_and_nothing_moves(void)
{
    const sppo_config c = shape_of(0);
    slow_random random = { 18 };
    static const int bad[][3] = { { 1, 11, 2 }, { 1, 2, -1 },
                                  { 2147483647, 0, 0 } };
    static sppo_model model;
    static sppo_forest forest, wide;
    static sppo_activations acts;
    double before[8];
    int i, a, long_tokens[30] = { 0 };

    if (!view_model(&ctx, &model, &c, 9) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 8, 4)) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &wide, 64, 16)) ||
        !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, 8, 4, 0, 1)))
        return;
    add_random(&forest, &random, c.vocab, -1, 8, 1);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    memcpy(before, acts.logprob, sizeof before);
    for (i = 0; i < COUNT(bad); i++) {
        sppo_forest_clear(&forest);
        sppo_forest_add(&forest, -1, bad[i], 3, 1);
        mentions(sppo_forward(&ctx, &acts, &model, &forest), SPPO_E_ARGUMENT,
                 "token");
        CHECK(!memcmp(before, acts.logprob, sizeof before));
    }
    add_random(&wide, &random, c.vocab, -1, 9, 1);      // 9 tokens, room for 8
    mentions(sppo_forward(&ctx, &acts, &model, &wide), SPPO_E_ARGUMENT,
             "sppo_forward");
    sppo_forest_clear(&wide);
    for (i = 0; i < 5; i++)                         // 5 segments, room for 4
        add_random(&wide, &random, c.vocab, -1, 1, 1);
    mentions(sppo_forward(&ctx, &acts, &model, &wide), SPPO_E_ARGUMENT,
             "sppo_forward");
    CHECK(!memcmp(before, acts.logprob, sizeof before));
    sppo_activations_free(&ctx, &acts);

    // The context holds 24 positions: 20 + 4 fit, 20 + 5 do not.
    if (!CHECK_OK(&ctx,
                  sppo_activations_init(&ctx, &acts, &model, 64, 4, 0, 0)))
        return;
    sppo_forest_clear(&wide);
    a = sppo_forest_add(&wide, -1, long_tokens, 20, 1);
    sppo_forest_add(&wide, a, long_tokens, 4, 1);
    sppo_forest_add(&wide, -1, long_tokens, 24, 1);     // another tree
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &wide));
    sppo_forest_clear(&wide);
    a = sppo_forest_add(&wide, -1, long_tokens, 20, 1);
    sppo_forest_add(&wide, a, long_tokens, 5, 1);
    mentions(sppo_forward(&ctx, &acts, &model, &wide), SPPO_E_ARGUMENT,
             "context");

    // A forest that is full takes no more and stays as it is.
    sppo_forest_clear(&forest);
    CHECK(sppo_forest_add(&forest, -1, long_tokens, 6, 1) == 0);
    CHECK(sppo_forest_add(&forest, 0, long_tokens, 3, 1) == -1);
    CHECK(forest.segments == 1 && forest.tokens == 6);
    CHECK(sppo_forest_add(&forest, 0, long_tokens, 2, 1) == 1);
    CHECK(sppo_forest_add(&forest, 0, long_tokens, 1, 1) == -1);
    sppo_forest_clear(&forest);
    for (i = 0; i < 4; i++)
        CHECK(sppo_forest_add(&forest, i - 1, long_tokens, 1, 0) == i);
    CHECK(sppo_forest_add(&forest, 3, long_tokens, 1, 0) == -1);
    sppo_forest_free(&ctx, &forest), sppo_forest_free(&ctx, &wide);
    sppo_activations_free(&ctx, &acts);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* Room for nothing, a forest that nobody added to in order, a model of NaN. */
static void rooms_forests_and_numbers_are_checked(void)
{
    static const int room[][4] = { { 0, 4, 0, 0 },  { 8, 0, 0, 0 },
                                   { 8, 4, -1, 0 }, { 8, 4, 0, -1 },
                                   { 8, 4, 0, SPPO_STEP + 1 } };
    const sppo_config c = shape_of(0);
    slow_random random = { 18 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    double loss = 7;
    size_t n;
    int i;

    if (!view_model(&ctx, &model, &c, 9) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 8, 4)))
        return;
    for (i = 0; i < COUNT(room); i++)
        mentions(sppo_activations_init(&ctx, &acts, &model, room[i][0],
                                       room[i][1], room[i][2], room[i][3]),
                 SPPO_E_ARGUMENT, "sppo_activations_init");
    if (!CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, 8, 4, 0, 0)))
        return;
    for (i = 0; i < 2; i++)
        add_random(&forest, &random, c.vocab, i - 1, 3, 1);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    forest.parent[1] = 1;
    mentions(sppo_forward(&ctx, &acts, &model, &forest), SPPO_E_ARGUMENT,
             "segment 1 has ");
    forest.parent[1] = -2;
    mentions(sppo_forward(&ctx, &acts, &model, &forest), SPPO_E_ARGUMENT,
             "segment 1 has ");
    forest.parent[1] = 0;
    forest.start[1] = forest.start[2];
    mentions(sppo_forward(&ctx, &acts, &model, &forest), SPPO_E_ARGUMENT,
             "segment 1");
    sppo_forest_clear(&forest);
    mentions(sppo_forward(&ctx, &acts, &model, &forest), SPPO_E_ARGUMENT,
             "0 tokens in 0 segments");
    mentions(sppo_next_token_loss(&ctx, &acts, &model, &forest, 0, NULL, &loss),
             SPPO_E_ARGUMENT, "0 tokens in 0 segments");
    add_random(&forest, &random, c.vocab, -1, 8, 1);
    for (n = 0; n < model.count; n++)
        model.weights[n] = (sppo_real)NAN;
    mentions(sppo_next_token_loss(&ctx, &acts, &model, &forest, 0, NULL, &loss),
             SPPO_E_NUMBER, "sppo_next_token_loss: the loss");
    CHECK_NEAR(loss, 7, 0);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

static sppo_result no_loss(void *user, sppo_micro_batch *b)
{
    (void)user, (void)b;
    return SPPO_OK;
}

/* A backward pass needs activations made for it. */
static void backward_without_room_is_refused(void)
{
    const sppo_config c = shape_of(1);
    slow_random random = { 19 };
    static sppo_model model;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *grad;
    double d_logprob[8] = { 1, 1, 1, 1, 1, 1, 1, 1 }, loss = 7;
    int i;

    if (!view_model(&ctx, &model, &c, 10) ||
        !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 8, 4)) ||
        !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model, 8, 4, 0, 0)))
        return;
    grad = view_reals(model.count);
    add_random(&forest, &random, c.vocab, -1, 8, 1);
    CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
    mentions(sppo_backward(&ctx, &acts, &model, &forest, d_logprob, NULL,
                           grad), SPPO_E_ARGUMENT, "backward");
    mentions(sppo_next_token_loss(&ctx, &acts, &model, &forest, 0, grad,
                                  &loss), SPPO_E_ARGUMENT, "backward");
    mentions(sppo_step(&ctx, &acts, &model, &forest, no_loss, NULL,
                       grad), SPPO_E_ARGUMENT, "sppo_step: the activations");
    CHECK_NEAR(loss, 7, 0);
    for (i = 0; i < (int)model.count; i++)
        CHECK(!(grad[i] > 0) && !(grad[i] < 0));
    free(grad);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &forest);
    sppo_model_free(&ctx, &model);
}

typedef struct bad_config {
    const char *word;       // in the sentence
    size_t field;
    int value;
} bad_config;

#define FIELD(name) #name, offsetof(sppo_config, name)

static void bad_configs_are_refused_by_name(void)
{
    static const bad_config bad[] = {
        { FIELD(vocab), 0 },     { FIELD(vocab), -5 },
        { FIELD(dim), 0 },       { FIELD(dim), -1 },
        { FIELD(layers), 0 },    { FIELD(layers), -1 },
        { FIELD(heads), 0 },     { FIELD(heads), 5 },
        { FIELD(kv_heads), 3 },  { FIELD(kv_heads), -1 },
        { FIELD(head_dim), 5 },  { FIELD(head_dim), -2 },
        { FIELD(hidden), 0 },    { FIELD(hidden), -4 },
        { FIELD(context), 0 },   { FIELD(context), -1 },
        { FIELD(eos), 11 },      { FIELD(bos), 999 },
        { FIELD(eos), -2 },      { FIELD(vocab), 2147483647 },
        { FIELD(dim), 2147483647 },
    };
    int i;

    for (i = 0; i < COUNT(bad); i++) {
        sppo_config c = shape_of(0), resolved;
        sppo_model model;
        memset(&resolved, 7, sizeof resolved);
        memset(&model, 0, sizeof model);
        if (!strcmp(bad[i].word, "heads"))
            c.kv_heads = 2;
        memcpy((char *)&c + bad[i].field, &bad[i].value, sizeof(int));
        if (bad[i].value == 2147483647)
            ctx.limit = 1 << 20;        // too big for this memory, at least
        ctx.code = SPPO_OK;
        ctx.message[0] = 0;
        if (!CHECK(sppo_model_init(&ctx, &model, &c, 1) != SPPO_OK))
            printf("  accepted: %s %d\n", bad[i].word, bad[i].value);
        else if (bad[i].value == 2147483647)
            CHECK(ctx.code == SPPO_E_ARGUMENT || ctx.code == SPPO_E_MEMORY);
        else
            mentions(ctx.code, SPPO_E_ARGUMENT, bad[i].word);
        CHECK(model.weights == NULL && model.count == 0);
        ctx.limit = 0;
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

static void bad_real_fields_are_refused_by_name(void)
{
    static const double bad[] = { -1, (double)NAN, (double)INFINITY };
    int i;

    for (i = 0; i < COUNT(bad); i++) {
        sppo_config c = shape_of(0), resolved;
        c.rope_theta = bad[i];
        mentions(sppo_config_resolve(&ctx, &resolved, &c), SPPO_E_ARGUMENT,
                 "rope_theta");
        c = shape_of(0);
        c.norm_eps = bad[i];
        mentions(sppo_config_resolve(&ctx, &resolved, &c), SPPO_E_ARGUMENT,
                 "norm_eps");
    }
}

/* Defaults as the header states them; the table of tensors covers the block
 * without a gap, and counts what sppo_config_count says.                    */
static void config_defaults_and_tensor_table(void)
{
    sppo_config c = shape_of(1), resolved;
    static sppo_model model;
    size_t next = 0;
    int t;

    CHECK_OK(&ctx, sppo_config_resolve(&ctx, &resolved, &c));
    CHECK(resolved.kv_heads == 3 && resolved.head_dim == 4);
    CHECK_NEAR(resolved.rope_theta, 10000, 0);
    CHECK_NEAR(resolved.norm_eps, 1e-5, 0);
    if (!CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 3)))
        return;
    for (t = 0; t < model.tensor_count; t++) {
        const sppo_tensor *tensor = &model.tensors[t];
        const size_t cols = tensor->cols ? (size_t)tensor->cols : 1;
        CHECK(tensor->offset == next);
        CHECK(tensor->size == (size_t)tensor->rows * cols);
        CHECK(sppo_model_tensor(&model, tensor->name) == tensor);
        next += tensor->size;
    }
    CHECK(next == model.count && next == sppo_config_count(&resolved));
    CHECK(sppo_model_tensor(&model, "model.layers.7.mlp.up_proj.weight")
          == NULL);
    CHECK(model.count == 17 * 12 + 12 + 2 * (2 * 12 + 4 * 144 + 3 * 240));
    sppo_model_free(&ctx, &model);
}

static const check_case cases[] = {
    CASE(forward_matches_slow),
    CASE(gradients_match_differences_grouped_untied),
    CASE(gradients_match_differences_tied),
    CASE(gradients_match_differences_one_key_head),
    CASE(next_token_loss_is_the_mean_and_adds_its_gradient),
    CASE(backward_may_follow_backward),
    CASE(large_vocabulary_is_done_in_parts),
    CASE(slow_matches_pytorch),
    CASE(pytorch_grouped_untied),
    CASE(pytorch_tied),
    CASE(pytorch_pair_of_responses),
    CASE(forest_equals_separate_sequences),
    CASE(values_do_not_depend_on_company),
    CASE(later_tokens_change_nothing_before),
    CASE(a_large_pass_is_the_sum_of_its_trees),
    CASE(gradients_match_differences_in_a_long_tree),
    CASE(micro_batches_hold_every_tree_once),
    CASE(partial_sums_are_few_where_weights_are_many),
    CASE(partial_sums_serve_any_head),
    CASE(workspaces_do_not_overlap),
    CASE(same_bits_for_any_number_of_threads),
    CASE(threads_of_the_caller_may_call),
    CASE(sec_3_probabilities_of_all_responses_sum_to_one),  // audit 1
    CASE(sec_3_logprob_is_the_sum_over_the_response),  // audit 1
    CASE(bad_forests_are_refused_and_nothing_moves),
    CASE(rooms_forests_and_numbers_are_checked),
    CASE(backward_without_room_is_refused),
    CASE(bad_configs_are_refused_by_name),
    CASE(bad_real_fields_are_refused_by_name),
    CASE(config_defaults_and_tensor_table),
};

int main(int argc, char **argv)
{
    view_threads(1);
    return check_main(cases, COUNT(cases), argc, argv);
}
