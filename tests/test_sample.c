/* test_sample.c - sampling with a key/value cache: [Alg 1.3]
 *
 * The cache must give what a full pass gives; draws must follow the exact
 * distribution; a response must depend on nothing but its prompt and its name
 * (key, prompt, response).                                                  */

#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "check.h"
#include "slow.h"
#include "view.h"

static sppo_ctx ctx;

static sppo_config small_config(void)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = 13, c.dim = 12, c.layers = 2, c.heads = 4, c.kv_heads = 2;
    c.head_dim = 6, c.hidden = 18, c.context = 32, c.untied = 1;
    c.rope_theta = 500, c.bos = -1, c.eos = -1;
    return c;
}

static int add_prompt(sppo_lists *prompts, slow_random *random, int n,
                      int vocab)
{
    int i, token[64];

    for (i = 0; i < n; i++)
        token[i] = slow_below(random, vocab);
    return CHECK_OK(&ctx, sppo_lists_add(&ctx, prompts, token, n));
}

/* Prompts of 1 to `longest` tokens. */
static int prompts_up_to(int longest, sppo_lists *prompts, int count,
                         int vocab, unsigned seed)
{
    slow_random random = { 0 };
    int p;

    random.state = seed;
    for (p = 0; p < count; p++)
        if (!add_prompt(prompts, &random,
                        p == 1 ? 1 : 1 + slow_below(&random, longest), vocab))
            return 0;
    return 1;
}

static int random_prompts(sppo_lists *prompts, int count, int vocab,
                          unsigned seed)
{
    return prompts_up_to(9, prompts, count, vocab, seed);
}

static int prompts_of(sppo_lists *prompts, const int *length, int count,
                      int vocab, unsigned seed)
{
    slow_random random = { 0 };
    int p;

    random.state = seed;
    for (p = 0; p < count; p++)
        if (!add_prompt(prompts, &random, length[p], vocab))
            return 0;
    return 1;
}

static int same_list(const sppo_lists *a, int i, const sppo_lists *b, int j)
{
    const int n = sppo_lists_length(a, i);

    return n == sppo_lists_length(b, j)
        && !memcmp(sppo_lists_tokens(a, i), sppo_lists_tokens(b, j),
                   (size_t)n * sizeof(int));
}

static int ends(const sppo_config *c, int token)
{
    int i, found = token == c->eos;

    for (i = 0; i < c->eos_count; i++)
        found |= token == c->eos_more[i];
    return found;
}

/* ---- the cache ----------------------------------------------------------- */

/* Step by step: each token is the argmax of the logits of a whole pass over
 * prompt and what was sampled so far.  Returns how often a token differed from
 * the one before.                                                           */
static int greedy_by_full_passes(const sppo_config *c, const int *length,
                                 int count, int max_new, unsigned seed)
{
    enum { K = 2, VOCAB = 13 };
    static sppo_model model;
    static sppo_lists prompts, responses;
    static sppo_sampler sampler;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_sampling sampling = { 0, 0, 1, 0 };
    double logits[VOCAB];
    int p, r, t, i, different = 0, longest = 1;

    sampling.max_tokens = max_new;
    for (p = 0; p < count; p++)
        longest = length[p] > longest ? length[p] : longest;
    if (!view_model(&ctx, &model, c, seed)
        || !prompts_of(&prompts, length, count, c->vocab, seed)
        || !CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 3, K,
                                             longest, max_new))
        || !CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0,
                                       count, &sampling, 1, &responses))
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, c->context, 2))
        || !CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &model,
                                                 c->context, 2, 0, 0)))
        return 0;
    CHECK(responses.count == K * count);
    for (p = 0; p < count; p++)
        for (r = 0; r < K; r++) {
            const int *token = sppo_lists_tokens(&responses, p * K + r);
            const int n = sppo_lists_length(&responses, p * K + r);
            CHECK(n >= 1 && n <= max_new);
            CHECK(n == max_new || ends(c, token[n - 1]));
            for (t = 0; t < n; t++) {
                int best = 0;
                sppo_forest_clear(&forest);
                sppo_forest_add(&forest, -1, sppo_lists_tokens(&prompts, p),
                                sppo_lists_length(&prompts, p), 0);
                if (t > 0)
                    sppo_forest_add(&forest, 0, token, t, 0);
                CHECK_OK(&ctx, sppo_forward(&ctx, &acts, &model, &forest));
                sppo_logits(&acts, &model, forest.tokens - 1, logits);
                for (i = 1; i < c->vocab; i++)
                    best = logits[i] > logits[best] ? i : best;
                CHECK(token[t] == best);
                CHECK(!ends(c, token[t]) || t == n - 1);
                different += t > 0 && token[t] != token[t - 1];
            }
        }
    sppo_activations_free(&ctx, &acts), sppo_forest_free(&ctx, &forest);
    sppo_sampler_free(&ctx, &sampler);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
    return different;
}

static void greedy_equals_argmax_of_full_passes(void)
{
    static const int length[] = { 4, 1, 9, 6, 2, 8, 3 };
    sppo_config c = small_config();

    c.eos = 5;              // more than 20: not one token over and over
    CHECK(greedy_by_full_passes(&c, length, COUNT(length), 12, 21) > 20);
}

/* Drawn and greedy: whichever of the ids comes first, it is the last. */
static void any_of_several_ids_ends_a_response(void)
{
    static const int length[] = { 4, 1, 9, 6 };
    enum { K = 200, NEW = 20 };
    sppo_config c = small_config();
    sppo_model model = { 0 };
    sppo_sampler sampler = { 0 };
    sppo_lists prompts = { 0 }, responses = { 0 };
    sppo_sampling how = { 1, 1, 0, NEW };
    int i, t, count[3] = { 0 };

    c.eos = 5, c.eos_count = 2, c.eos_more[0] = 3, c.eos_more[1] = 7;
    greedy_by_full_passes(&c, length, COUNT(length), 12, 21);
    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 9));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, length, 1));
    CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 1, K, 1, NEW));
    CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, 1, &how, 4,
                               &responses));
    for (i = 0; i < responses.count; i++) {
        const int *token = sppo_lists_tokens(&responses, i);
        const int n = sppo_lists_length(&responses, i);

        for (t = 0; t < n - 1; t++)
            CHECK(!ends(&c, token[t]));
        count[0] += token[n - 1] == 5;
        count[1] += token[n - 1] == 3;
        count[2] += token[n - 1] == 7;
    }
    CHECK(count[0] > 0 && count[1] > 0 && count[2] > 0);
    sppo_sampler_free(&ctx, &sampler), sppo_model_free(&ctx, &model);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
    CHECK(ctx.held == 0);
}

/* Several blocks of the cache, begun and ended at every edge; a head as wide as
 * two vectors of different width and two numbers; grouped queries.          */
static void greedy_holds_over_many_blocks(void)
{
    static const int length[] = { 1, 16, 17, 35 };
    sppo_config c = small_config();

    c.head_dim = 26, c.context = 80;
    CHECK(greedy_by_full_passes(&c, length, COUNT(length), 40, 22) > 20);
}

/* So many weights that all rows go through a layer together. */
static void greedy_holds_for_many_weights(void)
{
    static const int length[] = { 3, 16 };
    sppo_config c = small_config();

    c.dim = 64, c.head_dim = 8, c.hidden = 6000;
    CHECK(greedy_by_full_passes(&c, length, COUNT(length), 8, 23) > 2);
}

/* logits += share times those of a whole pass. */
static void add_logits(const sppo_model *model, sppo_activations *acts,
                       const sppo_forest *forest, double share, double *logits)
{
    double own[13];
    int i;

    CHECK_OK(&ctx, sppo_forward(&ctx, acts, model, forest));
    sppo_logits(acts, model, forest->tokens - 1, own);
    for (i = 0; i < 13; i++)
        logits[i] += share * own[i];
}

/* The same for draws: token n of response r to prompt p is the draw from the
 * logits of a whole pass with the number that (key, p, r, n) names.  This pins
 * the streams too: a change of theirs would change everyone's runs.
 * [NLHF 2] Of the last `mixed` the logits are of two passes.                */
static void draws_of(int mixed, double share)
{
    enum { K = 3, PROMPTS = 6, NEW = 10 };
    static const uint64_t key = 1234;
    sppo_config c = small_config();
    static sppo_model model, other;
    static sppo_lists prompts, responses;
    static sppo_sampler sampler, partner;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_sampling sampling = { 0.9, 0.95, 0, NEW };
    sppo_real rounded[13], weight[13];
    int p, r, t, i, order[13];

    c.eos = 5;
    if (!view_model(&ctx, &model, &c, 29) || !view_model(&ctx, &other, &c, 31)
        || !random_prompts(&prompts, PROMPTS, c.vocab, 29)
        || !CHECK_OK(&ctx,
                     sppo_sampler_init(&ctx, &sampler, &model, 4, K, 9, NEW))
        || !CHECK_OK(&ctx,
                     sppo_sampler_init(&ctx, &partner, &other, 4, K, 9, NEW))
        || (mixed && !CHECK_OK(&ctx, sppo_sampler_mix(&ctx, &sampler, &partner,
                                                      &other, mixed, share)))
        || !CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0,
                                       PROMPTS, &sampling, key, &responses))
        || !CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 32, 2))
        || !CHECK_OK(&ctx,
                     sppo_activations_init(&ctx, &acts, &model, 32, 2, 0, 0)))
        return;
    for (p = 0; p < PROMPTS; p++)
        for (r = 0; r < K; r++) {
            const uint64_t stream = sppo_random_fork(
                sppo_random_fork(key, (uint64_t)p), (uint64_t)r);
            const int *token = sppo_lists_tokens(&responses, p * K + r);
            const int n = sppo_lists_length(&responses, p * K + r);
            for (t = 0; t < n; t++) {
                sppo_forest_clear(&forest);
                sppo_forest_add(&forest, -1, sppo_lists_tokens(&prompts, p),
                                sppo_lists_length(&prompts, p), 0);
                if (t > 0)
                    sppo_forest_add(&forest, 0, token, t, 0);
                double logits[13] = { 0 };
                const double own = r < K - mixed ? 1.0 : 1.0 - share;

                add_logits(&model, &acts, &forest, own, logits);
                if (r >= K - mixed)
                    add_logits(&other, &acts, &forest, share, logits);
                for (i = 0; i < c.vocab; i++)
                    rounded[i] = (sppo_real)logits[i];
                CHECK(token[t] == sppo_sample_token(
                    rounded, c.vocab, &sampling,
                    sppo_random_uniform(stream, (uint64_t)t), weight, order));
            }
        }
    sppo_activations_free(&ctx, &acts), sppo_forest_free(&ctx, &forest);
    sppo_sampler_free(&ctx, &partner), sppo_sampler_free(&ctx, &sampler);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
    sppo_model_free(&ctx, &model), sppo_model_free(&ctx, &other);
    CHECK(ctx.held == 0);
}

static void draws_equal_draws_from_full_passes(void)
{
    draws_of(0, 0);
}

static void mixtures_equal_draws_from_passes_of_both(void)
{
    draws_of(1, 0.25);
    draws_of(2, 0.5);
    draws_of(3, 0.9);
}

/* The world of the two tests below: models, prompts, and a sampler each. */
typedef struct pair {
    sppo_model model, other;
    sppo_lists prompts;
    sppo_sampler sampler, partner;
} pair;

enum { PAIR_K = 3, PAIR_NEW = 10, PAIR_PROMPTS = 7 };

static int pair_begin(pair *w, int at_once)
{
    sppo_config c = small_config();

    c.eos = 5;
    memset(w, 0, sizeof *w);
    return view_model(&ctx, &w->model, &c, 29)
        && view_model(&ctx, &w->other, &c, 31)
        && random_prompts(&w->prompts, PAIR_PROMPTS, c.vocab, 29)
        && CHECK_OK(&ctx, sppo_sampler_init(&ctx, &w->sampler, &w->model,
                                            at_once, PAIR_K, 9, PAIR_NEW))
        && CHECK_OK(&ctx, sppo_sampler_init(&ctx, &w->partner, &w->other,
                                            at_once, PAIR_K, 9, PAIR_NEW));
}

static void pair_end(pair *w)
{
    sppo_sampler_free(&ctx, &w->partner), sppo_sampler_free(&ctx, &w->sampler);
    sppo_lists_free(&ctx, &w->prompts);
    sppo_model_free(&ctx, &w->model), sppo_model_free(&ctx, &w->other);
}

static int pair_sample(pair *w, const sppo_model *model, sppo_lists *to)
{
    const sppo_sampling how = { 0.9, 0.95, 0, PAIR_NEW };

    to->count = 0;
    return CHECK_OK(&ctx, sppo_sample(&ctx, &w->sampler, model, &w->prompts, 0,
                                      PAIR_PROMPTS, &how, 5, to));
}

/* To the bit: weight 0 is the model, weight 1 the other; one prompt at a time
 * or four, one thread or three.                                             */
static void a_mixture_ends_at_its_models(void)
{
    static const double share[] = { 0.0, 1.0, 0.4 };
    static sppo_lists plain, mixed, first;
    int s, at_once, i;

    for (s = 0; s < 3; s++)
        for (at_once = 1; at_once <= 4; at_once += 3) {
            pair w;

            if (!pair_begin(&w, at_once) ||
                !pair_sample(&w, s == 1 ? &w.other : &w.model, &plain) ||
                !CHECK_OK(&ctx, sppo_sampler_mix(&ctx, &w.sampler, &w.partner,
                                                 &w.other, PAIR_K, share[s])))
                return;
            view_threads(at_once == 1 ? 1 : 3);
            pair_sample(&w, &w.model, at_once == 1 ? &first : &mixed);
            view_threads(1);
            for (i = 0; i < plain.count && s < 2; i++)
                CHECK(same_list(&plain, i, at_once == 1 ? &first : &mixed, i));
            for (i = 0; i < plain.count && at_once > 1; i++)
                CHECK(same_list(&first, i, &mixed, i));
            pair_end(&w);
        }
    sppo_lists_free(&ctx, &plain), sppo_lists_free(&ctx, &mixed);
    sppo_lists_free(&ctx, &first);
    CHECK(ctx.held == 0);
}

/* A list that is given takes the last place; the other draws stay as they are.
 */
static void given_responses_take_the_last_place(void)
{
    static sppo_lists plain, given, with;
    const sppo_sampling how = { 1, 1, 0, PAIR_NEW };
    pair w;
    int i;

    if (!pair_begin(&w, 4) || !pair_sample(&w, &w.model, &plain) ||
        !random_prompts(&given, PAIR_PROMPTS, 13, 77))
        return;
    w.sampler.given = &given;
    pair_sample(&w, &w.model, &with);
    for (i = 0; i < with.count; i++)
        if (i % PAIR_K < PAIR_K - 1)
            CHECK(same_list(&plain, i, &with, i));
        else
            CHECK(same_list(&given, i / PAIR_K, &with, i));
    given.count--;
    CHECK(sppo_sample(&ctx, &w.sampler, &w.model, &w.prompts, 0, PAIR_PROMPTS,
                      &how, 1, &with) == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "given has 6 lists") != NULL);
    CHECK_OK(&ctx, sppo_sampler_mix(&ctx, &w.sampler, &w.partner, &w.other,
                                    PAIR_K, 0.5));
    CHECK(sppo_sample(&ctx, &w.sampler, &w.model, &w.prompts, 0, 1, &how, 1,
                      &with) == SPPO_E_ARGUMENT);
    CHECK(with.count == PAIR_K * PAIR_PROMPTS);
    sppo_lists_free(&ctx, &plain), sppo_lists_free(&ctx, &given);
    sppo_lists_free(&ctx, &with);
    pair_end(&w);
}

static void bad_mixtures_are_refused(void)
{
    sppo_sampler small = { 0 };
    sppo_config c = small_config();
    sppo_model wide = { 0 };
    pair w;

    c.dim = 24, c.eos = 5;
    if (!pair_begin(&w, 4) ||
        !CHECK_OK(&ctx, sppo_model_init(&ctx, &wide, &c, 1)) ||
        !CHECK_OK(&ctx, sppo_sampler_init(&ctx, &small, &w.other, 3, PAIR_K, 9,
                                          PAIR_NEW)))
        return;
    CHECK(sppo_sampler_mix(&ctx, &w.sampler, &w.partner, &wide, 1, 0.5) ==
          SPPO_E_ARGUMENT);
    CHECK(sppo_sampler_mix(&ctx, &w.sampler, &small, &w.other, 1, 0.5) ==
          SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "other sizes") != NULL);
    CHECK(sppo_sampler_mix(&ctx, &w.sampler, &w.partner, &w.other, 4, 0.5) ==
          SPPO_E_ARGUMENT);
    CHECK(sppo_sampler_mix(&ctx, &w.sampler, &w.partner, &w.other, 1, 1.5) ==
          SPPO_E_ARGUMENT);
    CHECK(sppo_sampler_mix(&ctx, &w.sampler, &w.partner, &w.other, 1,
                           (double)NAN) == SPPO_E_ARGUMENT);
    CHECK(!w.sampler.mixed);
    sppo_sampler_free(&ctx, &small), sppo_model_free(&ctx, &wide);
    pair_end(&w);
}

/* ---- distribution -------------------------------------------------------- */

/* Chi-square of counts against probabilities.  With f free cells its mean is f
 * and its deviation sqrt(2 f); five deviations above is one run in a million,
 * and the seed is fixed.  Cells that cannot happen must not.                */
static void counts_fit(const char *what, const int *count, const double *p,
                       int cells, int draws)
{
    double chi = 0, total = 0;
    int i, possible = 0;

    for (i = 0; i < cells; i++) {
        total += p[i];
        if (p[i] > 0) {
            const double expected = p[i] * draws;
            chi += (count[i] - expected) * (count[i] - expected) / expected;
            possible++;
        } else {
            CHECK(count[i] == 0);
        }
    }
    CHECK_NEAR(total, 1, 1e-9);
    if (!CHECK(chi < possible - 1 + 5 * sqrt(2.0 * (possible - 1) + 1e-9)))
        printf("  %s: chi-square %.1f in %d cells\n", what, chi, possible);
}

/* Tokens in order of falling probability, cut to the smallest set that has the
 * mass top_p, and renormalised; top_p 0 or 1: no cut.                       */
static void exact_step(double *p, const double *logits, int n,
                       double temperature, double top_p)
{
    double scaled[16] = { 0 }, kept = 0;
    int chosen[16] = { 0 }, i;

    for (i = 0; i < n; i++)
        scaled[i] = logits[i] / temperature;
    slow_softmax(p, scaled, n);
    if (top_p <= 0 || top_p >= 1)
        return;
    while (kept < top_p) {
        int best = -1;
        for (i = 0; i < n; i++)
            if (!chosen[i] && (best < 0 || p[i] > p[best]))
                best = i;
        chosen[best] = 1;
        kept += p[best];
    }
    for (i = 0; i < n; i++)
        p[i] = chosen[i] ? p[i] / kept : 0;
}

/* Whole responses of at most two tokens over a vocabulary of five, one of which
 * ends: cells are END, and every (token, token).                            */
static void draws_fit_the_exact_distribution(void)
{
    enum { VOCAB = 5, END = 3, K = 50, PROMPTS = 240, DRAWS = K * PROMPTS };
    static const double temperature[] = { 1, 0.6, 1.7, 1, 0.8 };
    static const double top_p[] = { 0, 0, 1, 0.7, 0.45 };
    static const int prompt[4] = { 0, 4, 1, 1 };
    sppo_config c = small_config();
    static sppo_model model;
    static sppo_lists prompts;
    static sppo_sampler sampler;
    view v;
    int s, i, j;

    c.vocab = VOCAB, c.eos = END;
    if (!view_model(&ctx, &model, &c, 22) ||
        !CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 64, K, 4, 2)))
        return;
    for (i = 0; i < model.tensors[0].rows * model.tensors[0].cols; i++)
        model.weights[model.tensors[0].offset + (size_t)i] /= 2;
    for (i = 0; i < PROMPTS; i++)           // one prompt under many names
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, prompt, 4));
    view_init(&v, &model);
    for (s = 0; s < COUNT(temperature); s++) {
        sppo_sampling sampling = { 0, 0, 0, 2 };
        double p[VOCAB * (VOCAB + 1)] = { 0 }, first[VOCAB], second[VOCAB];
        double logits[VOCAB * 5];
        int count[VOCAB * (VOCAB + 1)] = { 0 }, token[5];
        static sppo_lists responses;

        sampling.temperature = s == 0 ? 0 : temperature[s];
        sampling.top_p = top_p[s];
        memcpy(token, prompt, sizeof prompt);
        slow_forward(&v.llama, token, 4, NULL, logits, NULL);
        exact_step(first, logits + 3 * VOCAB, VOCAB, temperature[s], top_p[s]);
        p[END] = first[END];
        for (i = 0; i < VOCAB; i++) {
            if (i == END)
                continue;
            token[4] = i;
            slow_forward(&v.llama, token, 5, NULL, logits, NULL);
            exact_step(second, logits + 4 * VOCAB, VOCAB, temperature[s],
                       top_p[s]);
            for (j = 0; j < VOCAB; j++)
                p[VOCAB + i * VOCAB + j] = first[i] * second[j];
        }
        sppo_lists_clear(&responses);
        if (!CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0,
                                        PROMPTS, &sampling, 77 + (unsigned)s,
                                        &responses)))
            return;
        CHECK(responses.count == DRAWS);
        for (i = 0; i < responses.count; i++) {
            const int *got = sppo_lists_tokens(&responses, i);
            const int n = sppo_lists_length(&responses, i);
            if (CHECK(n == 2 || (n == 1 && got[0] == END)))
                count[n == 1 ? END : VOCAB + got[0] * VOCAB + got[1]]++;
        }
        counts_fit("two tokens", count, p, VOCAB * (VOCAB + 1), DRAWS);
        sppo_lists_free(&ctx, &responses);
    }
    view_free(&v);
    sppo_sampler_free(&ctx, &sampler);
    sppo_lists_free(&ctx, &prompts);
    sppo_model_free(&ctx, &model);
}

/* As uniform runs through [0, 1) in N even steps, each token is drawn N p times
 * but for the two ends of its stretch: sharper than any number of draws.    */
static void token_takes_its_share_of_the_unit_interval(void)
{
    enum { N = 10000, VOCAB = 9 };
    static const double temperature[] = { 1, 0.5, 2, 1, 1, 1.3, 1 };
    static const double top_p[] = { 1, 1, 0, 0.9, 0.5, 0.2, 0.999999 };
    slow_random random = { 23 };
    int s, i;

    for (s = 0; s < COUNT(temperature); s++) {
        sppo_sampling sampling = { 0, 0, 0, 0 };
        double slow[VOCAB], p[VOCAB];
        int count[VOCAB] = { 0 }, order[VOCAB];
        sppo_real logits[VOCAB], weight[VOCAB];

        sampling.temperature = temperature[s];
        sampling.top_p = top_p[s];
        view_fill(logits, slow, VOCAB, &random, 1.5);
        exact_step(p, slow, VOCAB, temperature[s], top_p[s]);
        for (i = 0; i < N; i++) {
            const int token = sppo_sample_token(logits, VOCAB, &sampling,
                                                (i + 0.5) / N, weight, order);
            if (CHECK(token >= 0 && token < VOCAB))
                count[token]++;
        }
        for (i = 0; i < VOCAB; i++) {
            CHECK_NEAR(count[i], N * p[i], 1.01);
            CHECK(p[i] > 0 || count[i] == 0);       // the cut is exact
        }
        i = sppo_sample_token(logits, VOCAB, &sampling, 0, weight, order);
        CHECK(i >= 0 && i < VOCAB && p[i] > 0);
        i = sppo_sample_token(logits, VOCAB, &sampling, 1 - 1.2e-16, weight,
                              order);
        CHECK(i >= 0 && i < VOCAB && p[i] > 0);
    }
}

static void greedy_takes_the_first_of_equals(void)
{
    static const double values[] = { 1, 3, -2, 3, 3, 0 };
    sppo_sampling sampling = { 0, 0, 1, 0 };
    sppo_real logits[6], weight[6];
    int i, order[6];

    for (i = 0; i < 6; i++)
        logits[i] = (sppo_real)values[i];
    for (i = 0; i < 10; i++)
        CHECK(sppo_sample_token(logits, 6, &sampling, i / 10.0, weight, order)
              == 1);
}

/* Logits far apart: no overflow, the certain token is certain; a tiny top_p
 * keeps one token.                                                          */
static void extreme_logits_are_sampled_right(void)
{
    static const double values[] = { -3000, 2000, 1000, 1990 };
    sppo_sampling sampling = { 0, 0, 0, 0 };
    sppo_real logits[4], weight[4];
    int i, order[4];

    for (i = 0; i < 4; i++)
        logits[i] = (sppo_real)values[i];
    for (i = 0; i < 1000; i++) {
        const double uniform = (i + 0.5) / 1000;
        sampling.temperature = 0.01, sampling.top_p = 1;
        CHECK(sppo_sample_token(logits, 4, &sampling, uniform, weight, order)
              == 1);
        sampling.temperature = 1000, sampling.top_p = 1e-9;
        CHECK(sppo_sample_token(logits, 4, &sampling, uniform, weight, order)
              == 1);
    }
}

/* Damaged logits give no token, wherever the damage is; -infinity is a token
 * that never comes.                                                         */
static void damaged_logits_give_no_token(void)
{
    const double damage[] = { (double)NAN, HUGE_VAL };
    sppo_sampling sampling = { 0, 0, 0, 0 };
    sppo_real logits[40], weight[40];
    int i, j, k, order[40];

    for (i = 0; i < 40; i++)
        logits[i] = (sppo_real)(i % 7);
    for (k = 0; k < 2; k++)
        for (i = 0; i < 40; i++)
            for (j = 0; j < 2; j++) {
                const sppo_real kept = logits[i];

                sampling.greedy = k;
                logits[i] = (sppo_real)damage[j];
                CHECK(sppo_sample_token(logits, 40, &sampling, 0.5, weight,
                                        order) == -1);
                logits[i] = (sppo_real)-HUGE_VAL;
                CHECK(sppo_sample_token(logits, 40, &sampling, 0.5, weight,
                                        order) >= 0);
                logits[i] = kept;
            }
}

/* ---- names, not places --------------------------------------------------- */

/* The eight prompts of one call, each prompt in a call of its own, from the
 * last to the first, samplers of other sizes: the same tokens.              */
static void responses_do_not_depend_on_batch_or_order(void)
{
    enum { PROMPTS = 8, K = 3, NEW = 15 };
    static const int room[] = { 8, 1, 3 };
    sppo_config c = small_config();
    sppo_sampling sampling = { 1.1, 0.95, 0, NEW };
    static sppo_model model;
    static sppo_lists prompts, all;
    int s, p, r, different = 0;

    c.eos = 2;
    if (!view_model(&ctx, &model, &c, 24) ||
        !random_prompts(&prompts, PROMPTS, c.vocab, 24))
        return;
    for (s = 0; s < COUNT(room); s++) {
        static sppo_sampler sampler;
        static sppo_lists some;
        if (!CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, room[s],
                                              K, 9 + s, NEW + s)))
            return;
        if (s == 0)
            CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0,
                                       PROMPTS, &sampling, 99, &all));
        sppo_lists_clear(&some);
        CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, PROMPTS,
                                   &sampling, 99, &some));
        CHECK(some.count == PROMPTS * K && all.count == PROMPTS * K);
        for (r = 0; r < PROMPTS * K; r++)
            CHECK(same_list(&all, r, &some, r));
        for (p = PROMPTS - 1; p >= 0; p--) {
            sppo_lists_clear(&some);
            CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, p, 1,
                                       &sampling, 99, &some));
            CHECK(some.count == K);
            for (r = 0; r < K; r++)
                CHECK(same_list(&all, p * K + r, &some, r));
        }
        // Appended, not replaced; prompts [2, 7) are prompts 2 to 6.
        CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 2, 5,
                                   &sampling, 99, &some));
        CHECK(some.count == 6 * K);
        for (r = 0; r < 5 * K; r++)
            CHECK(same_list(&all, 2 * K + r, &some, K + r));
        sppo_lists_free(&ctx, &some);
        sppo_sampler_free(&ctx, &sampler);
    }
    // Response r of K is the same for a larger K, and they differ.
    {
        static sppo_sampler sampler;
        static sppo_lists more;
        CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 4, K + 4, 9,
                                         NEW));
        CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, PROMPTS,
                                   &sampling, 99, &more));
        for (p = 0; p < PROMPTS; p++)
            for (r = 0; r < K; r++) {
                CHECK(same_list(&all, p * K + r, &more, p * (K + 4) + r));
                different += !same_list(&all, p * K, &all, p * K + r);
            }
        CHECK(different >= PROMPTS);
        sppo_lists_clear(&more);
        CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, PROMPTS,
                                   &sampling, 100, &more));
        different = 0;
        for (p = 0; p < PROMPTS; p++)       // another key: other responses
            different += !same_list(&all, p * K, &more, p * (K + 4));
        CHECK(different >= PROMPTS / 2);
        sppo_lists_free(&ctx, &more);
        sppo_sampler_free(&ctx, &sampler);
    }
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &all);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

#ifdef _OPENMP
static void same_bits_with(int hidden, int count, int longest, int max_new,
                           int several)
{
    enum { K = 5 };
    static const int threads[] = { 1, 2, 4, 1 };
    const int room[] = { count, count, count, 1 };
    sppo_config c = small_config();
    const sppo_sampling sampling = { 1, 0.98, 0, max_new };
    static sppo_model model;
    static sppo_lists prompts, first;
    int t, r;

    c.eos = 7, c.hidden = hidden, c.context = longest + max_new;
    if (!view_model(&ctx, &model, &c, 25) ||
        !prompts_up_to(longest, &prompts, count, c.vocab, 25))
        return;
    for (t = 0; t < COUNT(threads); t++) {
        static sppo_sampler sampler;
        static sppo_lists some;
        view_threads(threads[t]);
        CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, room[t], K,
                                         longest, max_new));
        CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, count,
                                   &sampling, 5, t ? &some : &first));
        CHECK((sampler.acts.micro_batches > 1) ==
              (several && room[t] > 1));
        for (r = 0; t && r < count * K; r++)
            CHECK(same_list(&first, r, &some, r));
        sppo_lists_free(&ctx, &some);
        sppo_sampler_free(&ctx, &sampler);
    }
    view_threads(1);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &first);
    sppo_model_free(&ctx, &model);
}
#endif

/* More responses than one thread has under way, so that they take the places of
 * those that ended; prompts in several micro-batches; many
 * weights, with 40 rows a thread and with 20 (then all rows go together).  And
 * each prompt by prompt, where none waits.                                  */
static void same_bits_for_any_number_of_threads(void)
{
#ifdef _OPENMP
    const int few = small_config().hidden, many = 30000;

    same_bits_with(few, 20, 9, 16, 0);
    same_bits_with(few, 64, 48, 4, 1);
    same_bits_with(many, 16, 9, 3, 0);
#else
    SKIP("built without OpenMP");
#endif
}

/* ---- where a response ends ----------------------------------------------- */

static void responses_end_where_they_must(void)
{
    enum { K = 40 };
    sppo_config c = small_config();
    static sppo_model model;
    static sppo_lists prompts;
    int prompt[30], s, r, i, last = 0;
    // prompt tokens, max_tokens, the longest response that this allows
    static const int rule[][3] = { { 4, 1, 1 }, { 4, 7, 7 }, { 25, 20, 7 },
                                   { 30, 20, 2 } };

    c.eos = 6;                          // context 32: 25 + 7, 30 + 2
    if (!view_model(&ctx, &model, &c, 26))
        return;
    for (i = 0; i < 30; i++)
        prompt[i] = i % c.vocab;
    for (s = 0; s < COUNT(rule); s++) {
        static sppo_sampler sampler;
        static sppo_lists responses;
        sppo_sampling sampling = { 1.5, 0, 0, 0 };
        int ended = 0, cut = 0;

        sampling.max_tokens = rule[s][1];
        sppo_lists_clear(&prompts);
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, prompt, rule[s][0]));
        if (!CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 1, K, 30,
                                              20)) ||
            !CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, 1,
                                        &sampling, 3, &responses)))
            return;
        for (r = 0; r < K; r++) {
            const int *token = sppo_lists_tokens(&responses, r);
            const int n = sppo_lists_length(&responses, r);
            if (!CHECK(n >= 1 && n <= rule[s][2]))
                continue;
            for (i = 0; i + 1 < n; i++)
                CHECK(token[i] != c.eos);
            CHECK(token[n - 1] == c.eos || n == rule[s][2]);
            ended += token[n - 1] == c.eos;
            cut += token[n - 1] != c.eos;
            last += token[n - 1] == c.eos && n == rule[s][2];
        }
        CHECK(ended > 0 && cut > 0);    // both happened
        sppo_lists_free(&ctx, &responses);
        sppo_sampler_free(&ctx, &sampler);
    }
    CHECK(last > 0);    // EOS counts: it may be the last token allowed
    sppo_lists_free(&ctx, &prompts);
    sppo_model_free(&ctx, &model);
}

/* eos -1: nothing ends a response but its length; an id that happens to be 0
 * ends one when it is the EOS.                                              */
static void end_token_may_be_none_or_zero(void)
{
    enum { K = 30, NEW = 9 };
    static const int prompt[3] = { 1, 2, 3 };
    sppo_config c = small_config();
    int with, r, i, short_ones;

    c.vocab = 4;
    for (with = 0; with < 2; with++) {
        static sppo_model model;
        static sppo_lists prompts, responses;
        static sppo_sampler sampler;
        sppo_sampling sampling = { 3, 0, 0, NEW };
        c.eos = with ? 0 : -1;
        short_ones = 0;
        if (!view_model(&ctx, &model, &c, 27) ||
            !CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, prompt, 3)) ||
            !CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 1, K, 3,
                                              NEW)) ||
            !CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, 1,
                                        &sampling, 4, &responses)))
            return;
        for (r = 0; r < K; r++) {
            const int n = sppo_lists_length(&responses, r);
            for (i = 0; with && i + 1 < n; i++)
                CHECK(sppo_lists_tokens(&responses, r)[i] != 0);
            short_ones += n < NEW;
        }
        CHECK(with ? short_ones > K / 2 : short_ones == 0);
        sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
        sppo_sampler_free(&ctx, &sampler);
        sppo_model_free(&ctx, &model);
    }
    CHECK(ctx.held == 0);
}

/* ---- mistakes ------------------------------------------------------------ */

static void bad_requests_are_refused_and_add_nothing(void)
{
    static const int good[2] = { 1, 2 }, high[2] = { 1, 13 },
                     below[2] = { -1, 3 };
    static const int room[][4] = { { 0, 2, 31, 4 }, { 4, 0, 31, 4 },
        { 4, 2, 0, 4 }, { 4, 2, 31, 0 }, { 4, 2, INT_MAX / 2, 4 },
        { 4, INT_MAX / 2, 31, 4 } };
    const sppo_sampling fine = { 1, 0, 0, 4 };
    const sppo_config c = small_config();
    static sppo_model model;
    static sppo_lists prompts, responses;
    static sppo_sampler sampler, narrow;
    int full[32] = { 0 }, i;

    if (!view_model(&ctx, &model, &c, 28) ||
        !CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 4, 2, 31, 4)))
        return;
    for (i = 0; i < COUNT(room); i++) {
        CHECK(sppo_sampler_init(&ctx, &narrow, &model, room[i][0], room[i][1],
                                room[i][2], room[i][3]) == SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, "must be positive and fit an int") != NULL);
    }
    sppo_lists_add(&ctx, &prompts, good, 2);
    sppo_lists_add(&ctx, &prompts, high, 2);
    sppo_lists_add(&ctx, &prompts, below, 2);
    sppo_lists_add(&ctx, &prompts, full, 32);   // fills the context
    sppo_lists_add(&ctx, &prompts, full, 0);    // nothing predicts
    for (i = 1; i < 5; i++) {
        ctx.message[0] = 0;
        CHECK(sppo_sample(&ctx, &sampler, &model, &prompts, i, 1, &fine, 1,
                          &responses) == SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, "prompt") || strstr(ctx.message, "token"));
    }
    CHECK(sppo_sample(&ctx, &sampler, &model, &prompts, 0, 2, &fine, 1,
                      &responses) == SPPO_E_ARGUMENT);
    // one prompt at a time: the good one before the bad one adds nothing either
    if (CHECK_OK(&ctx, sppo_sampler_init(&ctx, &narrow, &model, 1, 2, 31, 4)))
        CHECK(sppo_sample(&ctx, &narrow, &model, &prompts, 0, 2, &fine, 1,
                          &responses) == SPPO_E_ARGUMENT);
    sppo_sampler_free(&ctx, &narrow);
    // a prompt that fills the context has room in this one, but no response
    if (CHECK_OK(&ctx, sppo_sampler_init(&ctx, &narrow, &model, 1, 2, 32, 4)))
        CHECK(sppo_sample(&ctx, &narrow, &model, &prompts, 3, 1, &fine, 1,
                          &responses) == SPPO_E_ARGUMENT);
    CHECK(strstr(ctx.message, "fewer than the context of 32") != NULL);
    sppo_sampler_free(&ctx, &narrow);
    CHECK(responses.count == 0);
    CHECK(sppo_sample(&ctx, &sampler, &model, &prompts, 3, 9, &fine, 1,
                      &responses) == SPPO_E_ARGUMENT);
    CHECK(sppo_sample(&ctx, &sampler, &model, &prompts, -1, 1, &fine, 1,
                      &responses) == SPPO_E_ARGUMENT);
    for (i = 0; i < 5; i++) {
        sppo_sampling bad = fine;
        if (i == 0) bad.temperature = -1;
        if (i == 1) bad.temperature = (double)NAN;
        if (i == 2) bad.top_p = 1.5;
        if (i == 3) bad.top_p = -0.1;
        if (i == 4) bad.max_tokens = -1;
        CHECK(sppo_sample(&ctx, &sampler, &model, &prompts, 0, 1, &bad, 1,
                          &responses) == SPPO_E_ARGUMENT);
    }
    CHECK(responses.count == 0);
    CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &prompts, 0, 1, &fine, 1,
                               &responses));
    CHECK(responses.count == 2);
    sppo_lists_free(&ctx, &prompts), sppo_lists_free(&ctx, &responses);
    sppo_sampler_free(&ctx, &sampler);
    sppo_model_free(&ctx, &model);
}

static const check_case cases[] = {
    CASE(greedy_equals_argmax_of_full_passes),
    CASE(any_of_several_ids_ends_a_response),
    CASE(greedy_holds_over_many_blocks),
    CASE(greedy_holds_for_many_weights),
    CASE(draws_equal_draws_from_full_passes),
    CASE(mixtures_equal_draws_from_passes_of_both),
    CASE(a_mixture_ends_at_its_models),
    CASE(given_responses_take_the_last_place),
    CASE(bad_mixtures_are_refused),
    CASE(draws_fit_the_exact_distribution),  // audit 21
    CASE(token_takes_its_share_of_the_unit_interval),  // audit 21
    CASE(greedy_takes_the_first_of_equals),
    CASE(extreme_logits_are_sampled_right),
    CASE(damaged_logits_give_no_token),
    CASE(responses_do_not_depend_on_batch_or_order),  // audit 21
    CASE(same_bits_for_any_number_of_threads),
    CASE(responses_end_where_they_must),  // audit 52
    CASE(end_token_may_be_none_or_zero),
    CASE(bad_requests_are_refused_and_add_nothing),  // audit 52
};

int main(int argc, char **argv)
{
    view_threads(1);
    return check_main(cases, COUNT(cases), argc, argv);
}
