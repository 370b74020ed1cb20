/* test_prefer.c - the preference model and its three heads
 *
 * P(a > b) + P(b > a) = 1 to the bit; scores and gradients entry by entry; what
 * the heads can say: `pair` and `embed` learn a preference that goes in a
 * circle, `scalar` (Bradley-Terry, [Eq 3.1]) cannot.                        */

#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "check.h"
#include "slow.h"
#include "view.h"

static sppo_ctx ctx;

static const sppo_head heads[3] = { SPPO_HEAD_PAIR, SPPO_HEAD_EMBED,
                                    SPPO_HEAD_SCALAR };
static const char *const head_name[3] = { "pair", "embed", "scalar" };

static sppo_config small_config(sppo_head head)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = 11, c.dim = 10, c.layers = 2, c.heads = 4, c.kv_heads = 2;
    c.head_dim = 4, c.hidden = 14, c.context = 40, c.untied = 1;
    c.bos = c.eos = -1, c.head = head, c.embed_dim = 4;
    return c;
}

enum { K = 4, PROMPTS = 3 };

/* Prompts of 1 to 6 tokens, each with k responses of 1 to 7; the first two
 * responses of the first prompt are equal.                                  */
static int random_lists(sppo_lists *prompts, sppo_lists *responses, int k,
                        unsigned seed)
{
    slow_random random = { 0 };
    int p, r, i, token[8];

    random.state = seed;
    for (p = 0; p < PROMPTS; p++) {
        const int n = 1 + slow_below(&random, 6);
        for (i = 0; i < n; i++)
            token[i] = slow_below(&random, 11);
        if (!CHECK_OK(&ctx, sppo_lists_add(&ctx, prompts, token, n)))
            return 0;
        for (r = 0; r < k; r++) {
            const int m = 1 + slow_below(&random, 7);
            for (i = 0; i < m; i++)
                token[i] = slow_below(&random, 11);
            if (p == 0 && r == 1) {
                const int first = sppo_lists_length(responses, 0);
                memcpy(token, sppo_lists_tokens(responses, 0),
                       (size_t)first * sizeof(int));
                CHECK_OK(&ctx, sppo_lists_add(&ctx, responses, token, first));
            } else if (!CHECK_OK(&ctx, sppo_lists_add(&ctx, responses, token,
                                                      m))) {
                return 0;
            }
        }
    }
    return 1;
}

/* ---- symmetry ------------------------------------------------------------ */

static void scores_are_antisymmetric_to_the_bit(void)
{
    int h, p, i, j;

    for (h = 0; h < 3; h++) {
        const sppo_config c = small_config(heads[h]);
        static sppo_model model;
        static sppo_pref pref;
        static sppo_lists prompts, responses;
        double score[PROMPTS * K * K], prob[PROMPTS * K * K], spread = 0;

        if (!view_model(&ctx, &model, &c, 41) ||
            !random_lists(&prompts, &responses, K, 41) ||
            !CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 400, K, 0)) ||
            !CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &responses,
                                            K, 0, PROMPTS, score)) ||
            !CHECK_OK(&ctx, sppo_pref_fill(&ctx, &pref, &prompts, &responses, K,
                                           0, PROMPTS, prob)))
            return;
        for (p = 0; p < PROMPTS; p++)
            for (i = 0; i < K; i++)
                for (j = 0; j < K; j++) {
                    const int ij = (p * K + i) * K + j;
                    const int ji = (p * K + j) * K + i;
                    CHECK(score[ij] <= -score[ji] && score[ij] >= -score[ji]);
                    CHECK(prob[ij] + prob[ji] <= 1 && prob[ij] + prob[ji] >= 1);
                    CHECK_NEAR(prob[ij], 1 / (1 + exp(-score[ij])), 1e-15);
                    CHECK(prob[ij] > 0 && prob[ij] < 1);
                    if (i == j) {
                        CHECK_NEAR(score[ij], 0, 0);
                        CHECK_NEAR(prob[ij], 0.5, 0);
                    } else if (p > 0) {
                        spread += fabs(score[ij]);
                    }
                }
        CHECK(spread > 0.5);                // the head says something
        CHECK_NEAR(score[1], 0, 0);         // equal responses: a tie, exactly
        CHECK_NEAR(prob[1], 0.5, 0);
        sppo_pref_free(&ctx, &pref);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

/* Bradley-Terry adds up along a path, s(i,k) = s(i,j) + s(j,k); the other two
 * need not, which is what they are for.                                     */
static void only_scalar_is_additive(void)
{
    int h, p, i, j, k;

    for (h = 0; h < 3; h++) {
        const sppo_config c = small_config(heads[h]);
        static sppo_model model;
        static sppo_pref pref;
        static sppo_lists prompts, responses;
        double score[PROMPTS * K * K], off = 0;

        if (!view_model(&ctx, &model, &c, 42) ||
            !random_lists(&prompts, &responses, K, 42) ||
            !CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 400, K, 0)) ||
            !CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &responses,
                                            K, 0, PROMPTS, score)))
            return;
        for (p = 0; p < PROMPTS; p++)
            for (i = 0; i < K; i++)
                for (j = 0; j < K; j++)
                    for (k = 0; k < K; k++)
                        off = fmax(off, fabs(score[(p * K + i) * K + j]
                                             + score[(p * K + j) * K + k]
                                             - score[(p * K + i) * K + k]));
        if (heads[h] == SPPO_HEAD_SCALAR)
            CHECK_NEAR(off, 0, BUILD(1e-4, 1e-12));
        else
            CHECK(off > 0.1);
        sppo_pref_free(&ctx, &pref);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_model_free(&ctx, &model);
    }
}

/* ---- company ------------------------------------------------------------- */

/* K at once, the same split into small passes, one prompt at a time, and each
 * pair in a call of its own: the same to the bit, for a row's result does not
 * depend on its batch.                                                      */
static void scores_do_not_depend_on_company(void)
{
    int h, p, i, j;

    for (h = 0; h < 3; h++) {
        const sppo_config c = small_config(heads[h]);
        static sppo_model model;
        static sppo_pref pref, small;
        static sppo_lists prompts, responses, some;
        double score[PROMPTS * K * K], again[PROMPTS * K * K], two[4];
        int length[K], least = 0;

        if (!view_model(&ctx, &model, &c, 43) ||
            !random_lists(&prompts, &responses, K, 43) ||
            !CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 600, K, 0)))
            return;
        for (p = 0; p < PROMPTS; p++) {
            int tokens;
            for (i = 0; i < K; i++)
                length[i] = sppo_lists_length(&responses, p * K + i);
            tokens = sppo_pref_tokens(&pref, sppo_lists_length(&prompts, p),
                                      length, K);
            least = tokens > least ? tokens : least;
        }
        CHECK(least < 300);
        if (!CHECK_OK(&ctx, sppo_pref_init(&ctx, &small, &model, least, K, 0)))
            return;
        CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &responses, K, 0,
                                       PROMPTS, score));
        CHECK_OK(&ctx, sppo_pref_score(&ctx, &small, &prompts, &responses, K, 0,
                                       PROMPTS, again));
        CHECK(!memcmp(score, again, sizeof score));
        for (p = 0; p < PROMPTS; p++) {
            sppo_lists_clear(&some);
            for (i = 0; i < K; i++)
                sppo_lists_add(&ctx, &some,
                               sppo_lists_tokens(&responses, p * K + i),
                               sppo_lists_length(&responses, p * K + i));
            CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &some, K, p,
                                           1, again));
            CHECK(!memcmp(score + p * K * K, again, K * K * sizeof *again));
            for (i = 0; i < K; i++)
                for (j = 0; j < K; j++) {
                    sppo_lists_clear(&some);
                    sppo_lists_add(&ctx, &some,
                                   sppo_lists_tokens(&responses, p * K + i),
                                   sppo_lists_length(&responses, p * K + i));
                    sppo_lists_add(&ctx, &some,
                                   sppo_lists_tokens(&responses, p * K + j),
                                   sppo_lists_length(&responses, p * K + j));
                    CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &some,
                                                   2, p, 1, two));
                    CHECK_NEAR(two[1], score[(p * K + i) * K + j], 0);
                }
        }
        sppo_pref_free(&ctx, &pref), sppo_pref_free(&ctx, &small);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_lists_free(&ctx, &some);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

/* ---- the formulas -------------------------------------------------------- */

/* A model small enough for thousands of slow passes; its classifier is bold, so
 * that some log-probabilities fall below the floor of -8.                   */
typedef struct slow_pref {
    slow_llama llama;
    const double *read, *logprob, *last;    // the head's tensors
    sppo_head head;
    int embed_dim;
    int below;                              // log-probabilities under -8
    double closest;                         // to -8, where there is no gradient
} slow_pref;

static int slow_pref_init(slow_pref *slow, view *v, sppo_model *model,
                          sppo_head head, unsigned seed)
{
    const sppo_tensor *tensor;
    sppo_config c = small_config(head);
    size_t i;

    c.vocab = 7, c.dim = 6, c.layers = 1, c.heads = 2, c.kv_heads = 1;
    c.head_dim = 4, c.hidden = 8, c.context = 64;
    if (!view_model(&ctx, model, &c, seed))
        return 0;
    tensor = sppo_model_tensor(model, "lm_head.weight");
    for (i = 0; i < tensor->size; i++)
        model->weights[tensor->offset + i] *= (sppo_real)2.5;
    memset(slow, 0, sizeof *slow);
    view_init(v, model);
    slow->llama = v->llama;
    slow->read = view_tensor(v, model, "head.read.weight", 0);
    slow->logprob = view_tensor(v, model, "head.logprob.weight", 0);
    if (head != SPPO_HEAD_SCALAR)
        slow->last = view_tensor(v, model, "head.last.weight", 0);
    slow->head = head, slow->embed_dim = c.embed_dim;
    slow->closest = 1;
    return 1;
}

/* The last m of n tokens: sum_t w_r . h_t / 16 + c_r max(log p_t, -8) / 4,
 * beyond 32 tokens 32 times the mean, and in last[i] row i of head.last times
 * the state at the end.                                                     */
static double slow_read(slow_pref *slow, const int *token, int n, int m, int r,
                        int rows, double *last)
{
    const int dim = slow->llama.dim;
    const double mean = m > 32 ? 32.0 / m : 1;   // of long responses
    double final[64 * 6], logprob[64], sum = 0;
    int t, i, j;

    slow_forward(&slow->llama, token, n, final, NULL, logprob);
    for (t = n - m; t < n; t++) {
        for (i = 0; i < dim; i++)
            sum += slow->read[r * dim + i] * final[t * dim + i] / 16;
        sum += slow->logprob[r] * fmax(logprob[t], -8) / 4;
        slow->below += logprob[t] < -8;
        slow->closest = fmin(slow->closest, fabs(logprob[t] + 8));
    }
    for (j = 0; j < rows; j++) {
        last[j] = 0;
        for (i = 0; i < dim; i++)
            last[j] += slow->last[j * dim + i] * final[(n - 1) * dim + i];
    }
    return mean * sum;
}

static int joined(int *token, int n, const sppo_lists *lists, int list)
{
    const int m = sppo_lists_length(lists, list);

    memcpy(token + n, sppo_lists_tokens(lists, list), (size_t)m * sizeof(int));
    return n + m;
}

/* s(a, b) for lists a and b of `responses` after prompt x, by the definition:
 *   scalar   r(a) - r(b)
 *   embed    r(a) - r(b) + sum over pairs of channels (u v' - v u')
 *   pair     g(x,a,b) - g(x,b,a),  g = r_0(a) + r_1(b after a) + w . h_last  */
static double slow_score(slow_pref *slow, const sppo_lists *prompts, int x,
                         const sppo_lists *responses, int a, int b)
{
    const int side[2] = { a, b };
    double e[2][8], value[2], sum = 0;
    int token[64], n, m, i;

    for (i = 0; i < 2; i++) {
        n = joined(token, 0, prompts, x);
        m = joined(token, n, responses, side[i]);
        value[i] = slow_read(slow, token, m, m - n, 0,
                             slow->head == SPPO_HEAD_EMBED ? slow->embed_dim
                                                           : 0, e[i]);
        if (slow->head == SPPO_HEAD_PAIR) {
            n = m;
            m = joined(token, n, responses, side[1 - i]);
            value[i] += slow_read(slow, token, m, m - n, 1, 1, e[i]) + e[i][0];
        }
    }
    for (i = 0; slow->head == SPPO_HEAD_EMBED && i < slow->embed_dim; i += 2)
        sum += e[0][i] * e[1][i + 1] - e[0][i + 1] * e[1][i];
    return value[0] - value[1] + sum;
}

/* Prompts and pairs over seven tokens, short: at most 4 + 5 + 5; but the last
 * response has 36, for the read-out of long ones.                           */
static void short_lists(sppo_lists *prompts, sppo_lists *responses,
                        slow_random *random)
{
    int p, r, i, token[36];

    for (p = 0; p < PROMPTS; p++) {
        for (r = 0; r < 3; r++) {
            const int is_long = p == PROMPTS - 1 && r == 2;
            const int n = is_long ? 36 : 1 + slow_below(random, r ? 5 : 4);
            for (i = 0; i < n; i++)
                token[i] = slow_below(random, 7);
            CHECK_OK(&ctx, sppo_lists_add(&ctx, r ? responses : prompts, token,
                                          n));
        }
    }
}

static void scores_match_slow(void)
{
    int h, p;

    for (h = 0; h < 3; h++) {
        slow_random random = { 50 };
        static sppo_model model;
        static sppo_pref pref;
        static sppo_lists prompts, responses;
        double score[PROMPTS * 4];
        slow_pref slow;
        view v;

        if (!slow_pref_init(&slow, &v, &model, heads[h], 50))
            return;
        short_lists(&prompts, &responses, &random);
        CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 100, 2, 0));
        CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 0,
                                       PROMPTS, score));
        for (p = 0; p < PROMPTS; p++)       // sums of some hundred numbers
            CHECK_NEAR(score[p * 4 + 1],
                       slow_score(&slow, &prompts, p, &responses, 2 * p,
                                  2 * p + 1), BUILD(2e-5, 1e-12));
        CHECK(slow.below > 0);              // the floor was at work
        view_free(&v);
        sppo_pref_free(&ctx, &pref);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

/* ---- gradients
 * --------------------------------------------------------------            */

static const double soft_label[PROMPTS] = { 0.8, 0, 0.35 };

typedef struct slow_loss {
    slow_pref *slow;
    const sppo_lists *prompts, *responses;
} slow_loss;

static double slow_loss_value(void *user)
{
    const slow_loss *x = (const slow_loss *)user;
    double sum = 0;
    int p;

    for (p = 0; p < PROMPTS; p++) {
        const double s = slow_score(x->slow, x->prompts, p, x->responses, 2 * p,
                                    2 * p + 1);
        sum += soft_label[p] * log1p(exp(-s))
             + (1 - soft_label[p]) * log1p(exp(s));
    }
    return sum / PROMPTS;
}

/* Every entry of every tensor, with its sign, against differences of slow.h. */
static void loss_gradients_match_differences(void)
{
    static const int row[PROMPTS] = { 2, 0, 1 };
    int h, t, i;

    for (h = 0; h < 3; h++) {
        slow_random random = { 55 };   // far from the kink at -8
        static sppo_model model;
        static sppo_pref pref;
        static sppo_lists prompts, responses;
        double expected[64], loss = 0;
        sppo_real *grad;
        slow_pref slow;
        slow_loss x;
        view v;

        if (!slow_pref_init(&slow, &v, &model, heads[h], 55))
            return;
        short_lists(&prompts, &responses, &random);
        CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 100, 2, 1));
        grad = view_reals(model.count);
        x.slow = &slow, x.prompts = &prompts, x.responses = &responses;
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &prompts, &responses,
                                      soft_label, row, PROMPTS, grad, &loss,
                                      NULL));
        CHECK_NEAR(loss, slow_loss_value(&x), BUILD(2e-5, 1e-12));
        CHECK(slow.below > 0 && slow.closest > 0.05);   // no kink within reach
        for (t = 0; t < model.tensor_count; t++) {
            const sppo_tensor *tensor = &model.tensors[t];
            char text[100];
            for (i = 0; i < (int)tensor->size; i++)
                expected[i] = slow_gradient(slow_loss_value, &x,
                                        v.weights + tensor->offset + i);
            snprintf(text, sizeof text, "%s: %.60s", head_name[h],
                     tensor->name);
            view_gradients_near(text, grad + tensor->offset, expected,
                                (int)tensor->size);
        }
        free(grad);
        view_free(&v);
        sppo_pref_free(&ctx, &pref);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

/* -label log P - (1 - label) log(1 - P), the mean over the rows named, which
 * may be some, in any order, and more than once; scores are those of scoring;
 * gradients are added; a small max_tokens splits the rows into several passes
 * and changes nothing but the order of additions.                           */
static void loss_is_the_mean_cross_entropy(void)
{
    static const double label[PROMPTS] = { 0.9, 1, 0.25 };   // by row
    static const int row[4] = { 1, 2, 1, 0 };
    int h, i;

    for (h = 0; h < 3; h++) {
        const sppo_config c = small_config(heads[h]);
        static sppo_model model;
        static sppo_pref pref, small;
        static sppo_lists prompts, responses;
        sppo_real *grad, *split;
        double all[PROMPTS * 4], score[4], loss, again, sum = 0, largest = 0;
        int length[2], least = 0;

        if (!view_model(&ctx, &model, &c, 46) ||
            !random_lists(&prompts, &responses, 2, 46) ||
            !CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 200, 2, 1)))
            return;
        for (i = 0; i < PROMPTS; i++) {
            int tokens;
            length[0] = sppo_lists_length(&responses, 2 * i);
            length[1] = sppo_lists_length(&responses, 2 * i + 1);
            tokens = sppo_pref_tokens(&pref, sppo_lists_length(&prompts, i),
                                      length, 2);
            least = tokens > least ? tokens : least;
        }
        if (!CHECK_OK(&ctx, sppo_pref_init(&ctx, &small, &model, least, 2, 1)))
            return;
        grad = view_reals(model.count), split = view_reals(model.count);
        CHECK_OK(&ctx, sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 0,
                                       PROMPTS, all));
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &prompts, &responses, label,
                                      row, 4, grad, &loss, score));
        for (i = 0; i < 4; i++) {
            const double p = 1 / (1 + exp(-all[row[i] * 4 + 1]));
            CHECK_NEAR(score[i], all[row[i] * 4 + 1], 0);
            sum -= label[row[i]] * log(p) + (1 - label[row[i]]) * log(1 - p);
        }
        CHECK_NEAR(loss, sum / 4, 1e-12);
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &small, &prompts, &responses, label,
                                      row, 4, split, &again, score));
        CHECK_NEAR(again, loss, 1e-14);
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &small, &prompts, &responses, label,
                                      row, 4, split, &again, NULL));
        for (i = 0; i < (int)model.count; i++)
            largest = fmax(largest, fabs((double)grad[i]));
        CHECK(largest > 0.01);
        for (i = 0; i < (int)model.count; i++)
            CHECK_NEAR(split[i], 2 * grad[i], BUILD(2e-6, 1e-14) * largest);
        free(grad), free(split);
        sppo_pref_free(&ctx, &pref), sppo_pref_free(&ctx, &small);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

static void same_bits_for_any_number_of_threads(void)
{
#ifdef _OPENMP
    static const int threads[] = { 1, 2, 4 };
    static const double label[PROMPTS] = { 0.8, 0, 0.35 };
    static const int row[PROMPTS] = { 0, 1, 2 };
    int h, t;

    for (h = 0; h < 3; h++) {
        const sppo_config c = small_config(heads[h]);
        static sppo_model model;
        static sppo_lists prompts, responses;
        sppo_real *grad, *first;
        double loss, loss_first = 0;

        if (!view_model(&ctx, &model, &c, 47) ||
            !random_lists(&prompts, &responses, 2, 47))
            return;
        grad = view_reals(model.count), first = view_reals(model.count);
        for (t = 0; t < COUNT(threads); t++) {
            static sppo_pref pref;
            view_threads(threads[t]);
            CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 200, 2, 1));
            memset(grad, 0, model.count * sizeof *grad);
            CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &prompts, &responses,
                                          label, row, PROMPTS, grad, &loss,
                                          NULL));
            if (t == 0) {
                loss_first = loss;
                memcpy(first, grad, model.count * sizeof *grad);
            }
            CHECK_NEAR(loss, loss_first, 0);
            CHECK(!memcmp(first, grad, model.count * sizeof *grad));
            sppo_pref_free(&ctx, &pref);
        }
        view_threads(1);
        free(grad), free(first);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_model_free(&ctx, &model);
    }
#else
    SKIP("built without OpenMP");
#endif
}

/* ---- rock, paper, scissors ----------------------------------------------- */

/* Paper beats rock, scissors paper, rock scissors, nine times in ten.  Worst
 * distance of any of the nine entries after 250 steps on the three pairs.   */
static double rock_paper_scissors(sppo_head head)
{
    static const int prompt[2] = { 0, 6 };
    static const int rock[1] = { 1 }, paper[2] = { 2, 5 }, scissors[1] = { 3 };
    static const int *const hand[3] = { rock, paper, scissors };
    static const int length[3] = { 1, 2, 1 };
    static const double label[3] = { 0.9, 0.9, 0.9 };
    static const int row[3] = { 0, 1, 2 };
    static sppo_model model;
    static sppo_pref pref;
    static sppo_optim optim;
    static sppo_lists prompts, pairs, all;
    sppo_config c = small_config(head);
    sppo_optim_config o;
    sppo_real *grad;
    double loss = 0, prob[9], worst = 0;
    int i, j, s;

    memset(&o, 0, sizeof o);
    o.kind = SPPO_ADAMW, o.lr = 1e-2, o.total_steps = 250;
    if (!CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 5)) ||
        !CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 100, 3, 1)) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &o, &model)))
        return (double)NAN;
    for (i = 0; i < 3; i++) {           // winner first: i + 1 beats i
        const int j_wins = (i + 1) % 3;
        sppo_lists_add(&ctx, &prompts, prompt, 2);
        sppo_lists_add(&ctx, &pairs, hand[j_wins], length[j_wins]);
        sppo_lists_add(&ctx, &pairs, hand[i], length[i]);
        sppo_lists_add(&ctx, &all, hand[i], length[i]);
    }
    grad = view_reals(model.count);
    for (s = 0; s < 250; s++) {
        CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &prompts, &pairs, label, row,
                                      3, grad, &loss, NULL));
        CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
    }
    CHECK_OK(&ctx, sppo_pref_fill(&ctx, &pref, &prompts, &all, 3, 0, 1, prob));
    for (i = 0; i < 3; i++)
        for (j = 0; j < 3; j++) {
            const double p = i == j ? 0.5 : i == (j + 1) % 3 ? 0.9 : 0.1;
            worst = fmax(worst, fabs(prob[i * 3 + j] - p));
        }
    free(grad);
    sppo_optim_free(&ctx, &optim);
    sppo_pref_free(&ctx, &pref);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &pairs);
    sppo_lists_free(&ctx, &all);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
    return worst;
}

static void pair_learns_rock_paper_scissors(void)
{
    CHECK_NEAR(rock_paper_scissors(SPPO_HEAD_PAIR), 0, 0.05);
}

static void embed_learns_rock_paper_scissors(void)
{
    CHECK_NEAR(rock_paper_scissors(SPPO_HEAD_EMBED), 0, 0.05);
}

/* The three scores of a circle sum to 0 under Bradley-Terry, so one of the
 * three is at most 0 and its 0.9 comes out as 1/2 at most.  By symmetry the
 * best fit is 1/2 everywhere: 0.4 from the truth.                           */
static void scalar_cannot_learn_rock_paper_scissors(void)
{
    const double worst = rock_paper_scissors(SPPO_HEAD_SCALAR);

    CHECK(worst >= 0.4 - 1e-6);
    CHECK_NEAR(worst, 0.4, 0.1);
}

/* ---- mistakes ------------------------------------------------------------ */

static void tokens_are_counted_beyond_an_int(void)
{
    static const int length[4] = { 1 << 29, 1 << 29, 3, 4 };
    sppo_model model = { 0 };
    sppo_pref pref = { 0 };

    pref.model = &model;
    model.config.head = SPPO_HEAD_SCALAR;
    CHECK(sppo_pref_tokens(&pref, 10, length, 4) == (1 << 30) + 17);
    model.config.head = SPPO_HEAD_PAIR;  // each response is read four times
    CHECK(sppo_pref_tokens(&pref, 10, length, 4) == INT_MAX);
    CHECK(sppo_pref_tokens(&pref, 10, length + 2, 2) == 10 + 2 * 7);
}

/* Numbers that are none are told, not handed on. */
static void a_damaged_model_is_told(void)
{
    const sppo_config c = small_config(SPPO_HEAD_EMBED);
    static sppo_model model;
    static sppo_pref pref;
    static sppo_lists prompts, responses;
    const double label[1] = { 0.75 };
    const int row[1] = { 0 };
    double score[64], loss = 7;
    size_t i;

    if (!view_model(&ctx, &model, &c, 48) ||
        !random_lists(&prompts, &responses, 2, 48))
        return;
    CHECK(sppo_pref_init(&ctx, &pref, &model, 100, 1, 0) == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "max_k is 1") != NULL);
    if (!CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 100, 2, 1)))
        return;
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &responses, 1, 0, 1, score)
          == SPPO_E_ARGUMENT);
    for (i = 0; i < model.count; i++)
        model.weights[i] = (sppo_real)NAN;
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 0, 1, score)
          == SPPO_E_NUMBER);
    CHECK(strstr(ctx.message, "not finite") != NULL);
    CHECK(sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, 1, NULL,
                         &loss, NULL) == SPPO_E_NUMBER);
    CHECK(strstr(ctx.message, "sppo_pref_loss: ") != NULL);
    CHECK_NEAR(loss, 7, 0);
    sppo_lists_clear(&prompts);
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, row, 0));
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 0, 1, score)
          == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "empty") != NULL);
    sppo_pref_free(&ctx, &pref);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
    sppo_model_free(&ctx, &model);
}

static void bad_requests_are_refused(void)
{
    const sppo_config c = small_config(SPPO_HEAD_EMBED);
    sppo_config none = small_config(SPPO_HEAD_NONE);
    static sppo_model model, policy;
    static sppo_pref pref;
    static sppo_lists prompts, responses, bad;
    static const int high[1] = { 11 }, fine[1] = { 1 }, other[1] = { 4 };
    double score[64], loss = 7, label[1] = { 0.5 };
    int row[1] = { 0 }, i, full[41] = { 0 };
    sppo_real *grad;

    none.embed_dim = 0;
    if (!view_model(&ctx, &model, &c, 48) ||
        !view_model(&ctx, &policy, &none, 48) ||
        !random_lists(&prompts, &responses, 2, 48))
        return;
    CHECK(sppo_pref_init(&ctx, &pref, &policy, 100, 2, 0) == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "head") != NULL);
    sppo_pref_free(&ctx, &pref);
    if (!CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 30, 2, 1)))
        return;
    for (i = 0; i < 64; i++)
        score[i] = 7;
    // more responses than max_k; more prompts than there are; too few lists
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &responses, 3, 0, 1, score)
          == SPPO_E_ARGUMENT);
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 2, 2, score)
          == SPPO_E_ARGUMENT);
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &bad, 2, 0, 1, score)
          == SPPO_E_ARGUMENT);
    sppo_lists_add(&ctx, &bad, fine, 1);
    sppo_lists_add(&ctx, &bad, high, 1);                // not in the vocabulary
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &bad, 2, 0, 1, score)
          == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "token") != NULL);
    sppo_lists_clear(&bad);
    sppo_lists_add(&ctx, &bad, fine, 1);
    sppo_lists_add(&ctx, &bad, full, 41);               // beyond all room
    CHECK(sppo_pref_score(&ctx, &pref, &prompts, &bad, 2, 0, 1, score)
          == SPPO_E_ARGUMENT);
    label[0] = 1.5;
    CHECK(sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, 1, NULL,
                         &loss, NULL) == SPPO_E_ARGUMENT);
    label[0] = (double)NAN;
    CHECK(sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, 1, NULL,
                         &loss, NULL) == SPPO_E_ARGUMENT);
    label[0] = 0.5, row[0] = PROMPTS;
    CHECK(sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, 1, NULL,
                         &loss, NULL) == SPPO_E_ARGUMENT);
    // a bad response in the second of two passes: the first writes nothing
    {
        int rows[2] = { 0, 1 };
        double labels[2] = { 1, 0 };
        static sppo_pref narrow;
        grad = view_reals(model.count);
        sppo_lists_clear(&bad);
        for (i = 0; i < 3; i++)
            sppo_lists_add(&ctx, &bad, i ? fine : other, 1);
        sppo_lists_add(&ctx, &bad, high, 1);
        CHECK_OK(&ctx, sppo_pref_init(&ctx, &narrow, &model, 8, 2, 1));
        CHECK(sppo_pref_score(&ctx, &narrow, &prompts, &bad, 2, 0, 2, score)
              == SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, "token") != NULL);
        CHECK(sppo_pref_loss(&ctx, &narrow, &prompts, &bad, labels, rows, 2,
                             grad, &loss, score) == SPPO_E_ARGUMENT);
        bad.count = 3;
        sppo_lists_add(&ctx, &bad, full, 8);            // too long for 8
        CHECK(sppo_pref_score(&ctx, &narrow, &prompts, &bad, 2, 0, 2, score)
              == SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, "tokens") != NULL);
        for (i = 0; i < (int)model.count; i++)
            CHECK_NEAR(grad[i], 0, 0);
        free(grad);
        sppo_pref_free(&ctx, &narrow);
    }
    row[0] = 0;
    CHECK(sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, 0, NULL,
                         &loss, NULL) == SPPO_E_ARGUMENT);
    sppo_pref_free(&ctx, &pref);
    if (!CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &model, 30, 2, 0)))
        return;                         // no room for gradients
    grad = view_reals(model.count);
    CHECK(sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, 1, grad,
                         &loss, NULL) == SPPO_E_ARGUMENT);
    free(grad);
    CHECK_NEAR(loss, 7, 0);
    for (i = 0; i < 64; i++)
        CHECK_NEAR(score[i], 7, 0);                     // untouched
    sppo_pref_free(&ctx, &pref);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
    sppo_lists_free(&ctx, &bad);
    sppo_model_free(&ctx, &model), sppo_model_free(&ctx, &policy);
    CHECK(ctx.held == 0);
}

/* A preference model starts from the policy: the trunk is copied bit for bit,
 * the policy stays as it is.                                                */
static void clone_adds_a_head_to_the_trunk(void)
{
    sppo_config c = small_config(SPPO_HEAD_NONE);
    static sppo_model policy, model;
    int h, t;

    c.embed_dim = 0;
    if (!view_model(&ctx, &policy, &c, 49))
        return;
    for (h = 0; h < 3; h++) {
        if (!CHECK_OK(&ctx, sppo_model_clone(&ctx, &model, &policy, heads[h],
                                             6)))
            return;
        CHECK(model.config.head == heads[h]);
        CHECK(model.count > policy.count);
        for (t = 0; t < policy.tensor_count; t++) {
            const sppo_tensor *from = &policy.tensors[t];
            const sppo_tensor *to = sppo_model_tensor(&model, from->name);
            if (CHECK(to != NULL))
                CHECK(!memcmp(policy.weights + from->offset,
                              model.weights + to->offset,
                              from->size * sizeof(sppo_real)));
        }
        sppo_model_free(&ctx, &model);
    }
    sppo_model_free(&ctx, &policy);
    CHECK(ctx.held == 0);
}

static const check_case cases[] = {
    CASE(scores_are_antisymmetric_to_the_bit),  // audit 44
    CASE(only_scalar_is_additive),
    CASE(scores_do_not_depend_on_company),
    CASE(scores_match_slow),  // audit 44
    CASE(loss_gradients_match_differences),
    CASE(loss_is_the_mean_cross_entropy),
    CASE(same_bits_for_any_number_of_threads),
    CASE(pair_learns_rock_paper_scissors),
    CASE(embed_learns_rock_paper_scissors),
    CASE(scalar_cannot_learn_rock_paper_scissors),
    CASE(tokens_are_counted_beyond_an_int),
    CASE(a_damaged_model_is_told),
    CASE(bad_requests_are_refused),
    CASE(clone_adds_a_head_to_the_trunk),
};

int main(int argc, char **argv)
{
    view_threads(1);
    return check_main(cases, COUNT(cases), argc, argv);
}
