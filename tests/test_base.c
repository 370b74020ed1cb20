/* test_base.c - context, memory, random numbers, lists
 *
 * Statistical limits are five standard deviations of the statistic at hand;
 * keys are fixed, so a case that passes once passes always.
 */
#define _POSIX_C_SOURCE 200809L  // alarm
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ==== an allocator that counts and can be told to fail =================== */

typedef struct counter {
    long calls, fail_at;  // fail_at 0: never
    size_t bytes, blocks;
    int wrong_size;
} counter;

/* The size is kept in front of the block, to compare with what give says. */
static void *counting_take(void *user, size_t size)
{
    counter *c = (counter *)user;
    size_t *block;

    c->calls++;
    if (c->fail_at && c->calls >= c->fail_at)
        return NULL;
    block = (size_t *)malloc(size + 4 * sizeof(size_t));
    if (!block)
        return NULL;
    block[0] = size;
    memset(block + 4, 0xA5, size);  // nobody may count on zeros from here
    c->bytes += size;
    c->blocks++;
    return block + 4;
}

static void counting_give(void *user, void *block, size_t size)
{
    counter *c = (counter *)user;
    size_t *whole = (size_t *)block - 4;

    if (!block)
        return;
    if (whole[0] != size)
        c->wrong_size = 1;
    c->bytes -= whole[0];
    c->blocks--;
    free(whole);
}

static sppo_ctx counting_ctx(counter *c)
{
    sppo_ctx ctx;

    memset(c, 0, sizeof *c);
    memset(&ctx, 0, sizeof ctx);
    ctx.alloc = counting_take;
    ctx.release = counting_give;
    ctx.user = c;
    return ctx;
}

static int has(const sppo_ctx *ctx, const char *part)
{
    if (strstr(ctx->message, part))
        return 1;
    printf("    \"%s\" is not in: %s\n", part, ctx->message);
    return 0;
}

/* ==== context and memory ================================================= */

static void version_is_the_one_declared(void)
{
    CHECK(strcmp(sppo_version(), SPPO_VERSION) == 0);
}

static void fail_sets_code_and_sentence(void)
{
    sppo_ctx ctx = { 0 };
    const sppo_result code =
        sppo_fail(&ctx, SPPO_E_JUDGE, "my_judge: row %d of %s", 7, "x.csv");

    CHECK(code == SPPO_E_JUDGE);
    CHECK(ctx.code == SPPO_E_JUDGE);
    CHECK(strcmp(ctx.message, "my_judge: row 7 of x.csv") == 0);
}

/* What a sentence quotes may be anybody's: no byte moves the cursor. */
static void fail_says_one_line(void)
{
    sppo_ctx ctx = { 0 };

    sppo_fail(&ctx, SPPO_E_FORMAT, "not \"%s\"", "a\nb\033[2J\177c\xc3\xa9");
    CHECK(strcmp(ctx.message, "not \"a?b?[2J?c\xc3\xa9\"") == 0);
}

/* A caller says more of a failure by quoting its sentence. */
static void fail_may_quote_the_sentence_before(void)
{
    sppo_ctx ctx = { 0 };

    sppo_fail(&ctx, SPPO_E_JUDGE, "row %d", 7);
    sppo_fail(&ctx, ctx.code, "%s of %s: no answer", ctx.message, ctx.message);
    CHECK(strcmp(ctx.message, "row 7 of row 7: no answer") == 0);
    CHECK(ctx.code == SPPO_E_JUDGE);
}

/* A sentence longer than the room is cut, ends in NUL, harms no neighbour. */
static void fail_cuts_a_long_sentence(void)
{
    struct { sppo_ctx ctx; char after[16]; } room;
    char text[2000];

    memset(&room, 0, sizeof room);
    memset(room.after, 'z', sizeof room.after);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    sppo_fail(&room.ctx, SPPO_E_IO, "%s", text);
    CHECK(strlen(room.ctx.message) < sizeof room.ctx.message);
    CHECK(strlen(room.ctx.message) > sizeof room.ctx.message / 2);
    CHECK(room.after[0] == 'z');
    CHECK(room.after[15] == 'z');
}

/* A block begins at a multiple of 64, which is held on top of what was
 * asked.                                                                    */
enum { LINE = 64 };

static void blocks_begin_at_a_line(void)
{
    counter c;
    sppo_ctx plain = { 0 }, counting = counting_ctx(&c);
    size_t bytes;

    for (bytes = 0; bytes < 3 * LINE; bytes++) {
        void *a = sppo_alloc(&plain, bytes, 1);
        void *b = sppo_alloc(&counting, 1, bytes);

        CHECK((uintptr_t)a % LINE == 0 && (uintptr_t)b % LINE == 0);
        sppo_release(&plain, a, bytes);
        sppo_release(&counting, b, bytes);
    }
    CHECK(plain.held == 0 && counting.held == 0);
    CHECK(c.blocks == 0 && !c.wrong_size);
}

static void take_gives_zeros_and_counts(void)
{
    counter c;
    sppo_ctx ctx = counting_ctx(&c);
    unsigned char *a, *b;
    int i, zero = 1;

    a = (unsigned char *)sppo_alloc(&ctx, 10, 13);
    b = (unsigned char *)sppo_alloc(&ctx, 1, 1000);
    CHECK(a != NULL);
    CHECK(b != NULL);
    for (i = 0; i < 130; i++)
        zero &= a[i] == 0;
    for (i = 0; i < 1000; i++)
        zero &= b[i] == 0;
    CHECK(zero);
    CHECK(ctx.held == 1130 + 2 * LINE);
    CHECK(ctx.peak == 1130 + 2 * LINE);
    sppo_release(&ctx, b, 1000);
    CHECK(ctx.held == 130 + LINE);
    CHECK(ctx.peak == 1130 + 2 * LINE);
    sppo_release(&ctx, NULL, 0);
    CHECK(ctx.held == 130 + LINE);
    sppo_release(&ctx, a, 130);
    CHECK(ctx.held == 0);
    CHECK(ctx.peak == 1130 + 2 * LINE);
    CHECK(c.blocks == 0);
    CHECK(!c.wrong_size);
}

static void default_allocator_works(void)
{
    sppo_ctx ctx = { 0 };
    double *x = (double *)sppo_alloc(&ctx, 1000, sizeof *x);
    int i;
    double sum = 0.0;

    CHECK(x != NULL);
    for (i = 0; i < 1000; i++)
        sum += x[i];
    CHECK(!(sum < 0.0) && !(sum > 0.0));
    CHECK(ctx.held == 8000 + LINE);
    sppo_release(&ctx, x, 8000);
    CHECK(ctx.held == 0);
}

/* The limit is on what is held at once: up to it, and not one byte more. */
static void limit_is_kept_to_the_byte(void)
{
    counter c;
    sppo_ctx ctx = counting_ctx(&c);
    void *a, *b;

    ctx.limit = 1000;
    a = sppo_alloc(&ctx, 1, 400 - LINE);
    CHECK(a != NULL);
    CHECK(sppo_alloc(&ctx, 1, 601 - LINE) == NULL);
    CHECK(ctx.code == SPPO_E_MEMORY);
    CHECK(has(&ctx, "601"));
    CHECK(has(&ctx, "400"));
    CHECK(ctx.held == 400);
    CHECK(ctx.peak == 400);
    b = sppo_alloc(&ctx, 1, 600 - LINE);
    CHECK(b != NULL);
    CHECK(ctx.held == 1000);
    ctx.limit = 500;  // lower than what is held: nothing more
    CHECK(sppo_alloc(&ctx, 1, 0) == NULL);
    CHECK(ctx.code == SPPO_E_MEMORY);
    sppo_release(&ctx, a, 400 - LINE);
    sppo_release(&ctx, b, 600 - LINE);
    CHECK(ctx.held == 0);
    CHECK(c.blocks == 0);
}

/* count * size is computed without wrapping round. */
static void take_refuses_products_that_overflow(void)
{
    static const size_t most = ~(size_t)0;
    counter c;
    sppo_ctx ctx = counting_ctx(&c);

    CHECK(sppo_alloc(&ctx, most / 2 + 1, 2) == NULL);
    CHECK(ctx.code == SPPO_E_MEMORY);
    ctx.code = SPPO_OK;
    CHECK(sppo_alloc(&ctx, most / 8, 9) == NULL);
    CHECK(ctx.code == SPPO_E_MEMORY);
    CHECK(sppo_alloc(&ctx, most - LINE + 1, 1) == NULL);
    CHECK(ctx.code == SPPO_E_MEMORY);
    CHECK(c.calls == 0);  // the allocator was not even asked
    CHECK(ctx.held == 0);
}

static void failing_allocator_is_reported(void)
{
    counter c;
    sppo_ctx ctx = counting_ctx(&c);

    c.fail_at = 1;
    CHECK(sppo_alloc(&ctx, 3, 100) == NULL);
    CHECK(ctx.code == SPPO_E_MEMORY);
    CHECK(has(&ctx, "364"));  // 300 and the line
    CHECK(ctx.held == 0);
    CHECK(ctx.peak == 0);
}

/* A sentence names the function, the argument and the value. */
static void sentences_name_function_argument_value(void)
{
    sppo_ctx ctx = { 0 };
    sppo_config config, resolved;
    sppo_model model;
    sppo_forest forest;

    memset(&config, 0, sizeof config);
    memset(&resolved, 0, sizeof resolved);
    memset(&model, 0, sizeof model);
    memset(&forest, 0, sizeof forest);
    config.vocab = 300, config.dim = 30, config.layers = 1, config.heads = 4;
    config.hidden = 8, config.context = 16;
    CHECK(sppo_config_resolve(&ctx, &resolved, &config) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "sppo_"));
    CHECK(has(&ctx, "dim"));
    CHECK(has(&ctx, "30"));
    CHECK(has(&ctx, "heads"));
    CHECK(has(&ctx, "4"));
    CHECK(resolved.vocab == 0);  // outputs are untouched
    config.dim = 32, config.vocab = 0;
    CHECK(sppo_model_init(&ctx, &model, &config, 1) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "sppo_"));
    CHECK(has(&ctx, "vocab"));
    CHECK(model.weights == NULL);
    CHECK(sppo_forest_init(&ctx, &forest, -5, 3) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "sppo_forest_init"));
    CHECK(has(&ctx, "max_tokens"));
    CHECK(has(&ctx, "-5"));
    CHECK(ctx.held == 0);
}

/* As large as config's ranges allow: more bytes than a size_t counts, on 32
 * bits in the embedding alone, on 64 in a pass of two billion tokens.       */
static void sizes_beyond_a_size_t_are_refused(void)
{
    static const int prompt[2] = { 1, 3 };
    const size_t most = (size_t)-1;
    sppo_config wide = { 0 }, deep;
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_activations trace = { 0 };
    sppo_sampler sampler = { 0 };
    sppo_lists prompts = { 0 };
    sppo_play_config config = { 0 };

    wide.vocab = 1 << 24;
    wide.dim = 256;
    wide.layers = wide.heads = wide.hidden = 1;
    wide.context = 4;
    wide.bos = 1;
    wide.eos = 2;
    ctx.limit = 1 << 20;
    CHECK(sppo_model_init(&ctx, &model, &wide, 1) == SPPO_E_MEMORY);
    wide.head_dim = 256;
    wide.kv_heads = 1;
    CHECK(sppo_config_count(&wide) > (size_t)(1 << 24) * 128);
    deep = wide;
    deep.dim = deep.hidden = 1 << 20;
    deep.context = 1 << 24;
    deep.layers = 4096;
    CHECK(sppo_activations_bytes(&deep, INT_MAX, INT_MAX, 0, 1) == most);
    model.config = deep;
    model.count = sppo_config_count(&deep);
    CHECK(sppo_activations_init(&ctx, &trace, &model, INT_MAX, INT_MAX, 0, 1)
          == SPPO_E_MEMORY);
    CHECK(strstr(ctx.message, "more than can be addressed"));
    CHECK(sppo_sampler_init(&ctx, &sampler, &model, 64, INT_MAX, 4, 4)
          == SPPO_E_ARGUMENT);
    CHECK(sppo_sampler_init(&ctx, &sampler, &model, 64, INT_MAX / 64,
                            1 << 24, 1 << 24) == SPPO_E_MEMORY);
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, prompt, 2));
    config.eta = 1;
    config.iterations = 1;
    config.pass_tokens = INT_MAX;
    config.optim.lr = 1e-3;
    CHECK(sppo_play_bytes(&config, &model, &prompts) > most / 4096);
    sppo_lists_free(&ctx, &prompts);
    CHECK(ctx.held == 0);
}

/* Every field of a config is checked and named. */
static void config_refuses_each_bad_field(void)
{
    static const struct { const char *field; int vocab, dim, layers, heads,
        kv_heads, head_dim, hidden, context; } bad[] = {
        { "vocab", -1, 32, 1, 4, 2, 8, 8, 16 },
        { "dim", 300, 0, 1, 4, 2, 8, 8, 16 },
        { "dim", 300, -32, 1, 4, 2, 8, 8, 16 },
        { "layers", 300, 32, 0, 4, 2, 8, 8, 16 },
        { "heads", 300, 32, 1, 0, 2, 8, 8, 16 },
        { "kv_heads", 300, 32, 1, 4, 3, 8, 8, 16 },
        { "kv_heads", 300, 32, 1, 4, -1, 8, 8, 16 },
        { "kv_heads", 300, 32, 1, 4, 8, 8, 8, 16 },
        { "head_dim", 300, 32, 1, 4, 2, 7, 8, 16 },
        { "head_dim", 300, 32, 1, 4, 2, -8, 8, 16 },
        { "hidden", 300, 32, 1, 4, 2, 8, 0, 16 },
        { "context", 300, 32, 1, 4, 2, 8, 8, 0 },
        { "", INT_MAX, INT_MAX, INT_MAX, 1, 1, 2, INT_MAX, INT_MAX }
    };
    sppo_ctx ctx = { 0 };
    int i;

    for (i = 0; i < (int)(sizeof bad / sizeof bad[0]); i++) {
        sppo_config config, resolved;
        sppo_model model;
        sppo_result code;
        memset(&config, 0, sizeof config);
        memset(&resolved, 0, sizeof resolved);
        memset(&model, 0, sizeof model);
        config.vocab = bad[i].vocab, config.dim = bad[i].dim;
        config.layers = bad[i].layers, config.heads = bad[i].heads;
        config.kv_heads = bad[i].kv_heads, config.head_dim = bad[i].head_dim;
        config.hidden = bad[i].hidden, config.context = bad[i].context;
        code = sppo_model_init(&ctx, &model, &config, 1);
        if (code == SPPO_OK)
            printf("    accepted: row %d (%s)\n", i, bad[i].field);
        CHECK(code == SPPO_E_ARGUMENT || (!bad[i].field[0] && code));
        CHECK(has(&ctx, bad[i].field));
        CHECK(ctx.held == 0);
    }
}

/* What the fields above are with an end that is none, or a head. */
static void config_refuses_ends_and_heads_that_cannot_be(void)
{
    static const struct { const char *says; int eos, count; sppo_head head;
        int embed_dim; } bad[] = {
        { "eos_count is 9; it must be 0 to 7", 2, 9, SPPO_HEAD_NONE, 0 },
        { "eos_count is -1", 2, -1, SPPO_HEAD_NONE, 0 },
        { "eos_count is 1; it must be 0", -1, 1, SPPO_HEAD_NONE, 0 },
        { "embed_dim is 3; it must be even", 2, 0, SPPO_HEAD_EMBED, 3 }
    };
    sppo_ctx ctx = { 0 };
    sppo_config c;
    sppo_model model = { 0 };
    int i;

    for (i = 0; i < (int)(sizeof bad / sizeof bad[0]); i++) {
        memset(&c, 0, sizeof c);
        c.vocab = 300, c.dim = 32, c.layers = 1, c.heads = 4, c.hidden = 8;
        c.context = 16, c.bos = 1, c.eos = bad[i].eos;
        c.eos_count = bad[i].count;
        c.head = bad[i].head, c.embed_dim = bad[i].embed_dim;
        CHECK(sppo_model_init(&ctx, &model, &c, 1) == SPPO_E_ARGUMENT);
        CHECK(has(&ctx, bad[i].says));
        CHECK(ctx.held == 0);
    }
}

/* ==== random numbers ===================================================== */

/* The first values, so that a change of the generator, which would change
 * every run ever recorded, is noticed.                                      */
static void random_first_values(void)
{
    static const int expected[6] = { 1, 0, 5, 4, 3, 2 };
    int order[6];

    /* that of SplitMix64 from seed 0, as published */
    CHECK(sppo_random_bits(0, 0) == UINT64_C(0xe220a8397b1dcdaf));
    CHECK(sppo_random_bits(1, 2) == UINT64_C(0x70335fc3daf3d8a7));
    CHECK(sppo_random_bits(~UINT64_C(0), ~UINT64_C(0))
          == UINT64_C(0x4bffd802ebfb15e4));
    CHECK(sppo_random_fork(1, 2) == UINT64_C(0xc132dd2b56b2763c));
    CHECK_NEAR(sppo_random_uniform(0, 0), 0.88331080821364261, 0.0);
    CHECK_NEAR(sppo_random_uniform(3, 4), 0.61612147094463043, 0.0);
    /* a rounding of the C library's log and cos is allowed here */
    CHECK_NEAR(sppo_random_normal(1, 0), -1.1575493713558918, 1e-14);
    sppo_random_order(7, order, 6);
    CHECK(memcmp(order, expected, sizeof order) == 0);
}

static int ones(uint64_t x)
{
    int n = 0;

    for (; x; x &= x - 1)
        n++;
    return n;
}

/* A function of its arguments alone. */
static void random_has_no_state(void)
{
    const uint64_t a = sppo_random_bits(5, 17);
    const double u = sppo_random_uniform(5, 17), n = sppo_random_normal(5, 17);

    (void)sppo_random_bits(6, 1);
    (void)sppo_random_normal(7, 2);
    CHECK(sppo_random_bits(5, 17) == a);
    CHECK_NEAR(sppo_random_uniform(5, 17), u, 0.0);
    CHECK_NEAR(sppo_random_normal(5, 17), n, 0.0);
}

/* One changed bit of key or counter changes half of the 64 bits: the mean of
 * 64 x 64 differences is 32 with deviation 4 / sqrt(4096) = 1/16.           */
static void random_bits_avalanche(void)
{
    double by_key = 0.0, by_counter = 0.0;
    int i, bit;

    for (i = 0; i < 64; i++)
        for (bit = 0; bit < 64; bit++) {
            const uint64_t key = (uint64_t)i * 77, flip = UINT64_C(1) << bit;
            const uint64_t at = (uint64_t)i;
            const uint64_t x = sppo_random_bits(key, at);
            by_key += ones(x ^ sppo_random_bits(key ^ flip, at));
            by_counter += ones(x ^ sppo_random_bits(key, at ^ flip));
        }
    CHECK_NEAR(by_key / 4096, 32.0, 5.0 / 16);
    CHECK_NEAR(by_counter / 4096, 32.0, 5.0 / 16);
}

static int compare_bits(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Forks by neighbouring labels, two deep, and their first draws all differ:
 * 40000 values of 64 bits collide with probability below 1e-10.             */
static void random_forks_are_distinct(void)
{
    static uint64_t seen[40000];
    size_t n = 0, i;
    int repeated = 0;
    uint64_t a, b;

    for (a = 0; a < 100; a++)
        for (b = 0; b < 100; b++) {
            const uint64_t key =
                sppo_random_fork(sppo_random_fork(1, a), b);
            seen[n++] = key;
            seen[n++] = sppo_random_bits(key, 0);
            seen[n++] = sppo_random_bits(key, 1);
            seen[n++] = sppo_random_bits(sppo_random_fork(1, a), b + 1000);
        }
    qsort(seen, n, sizeof seen[0], compare_bits);
    for (i = 1; i < n; i++)
        repeated += seen[i] == seen[i - 1];
    CHECK(repeated == 0);
}

/* Draws of parent and child, and of neighbouring forks, are uncorrelated: a
 * mean of n products of centred uniforms has deviation 1 / (12 sqrt n).     */
static void random_forks_are_uncorrelated(void)
{
    const int n = 20000;
    const double limit = 5.0 / 12 / sqrt(20000.0);
    double parent = 0.0, sibling = 0.0, lag = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)i;
        const double u = sppo_random_uniform(9, at) - 0.5;
        const double v = sppo_random_uniform(sppo_random_fork(9, 0), at) - 0.5;
        const double w = sppo_random_uniform(sppo_random_fork(9, 1), at) - 0.5;
        parent += u * v;
        sibling += v * w;
        lag += u * (sppo_random_uniform(9, at + 1) - 0.5);
    }
    CHECK_NEAR(parent / n, 0.0, limit);
    CHECK_NEAR(sibling / n, 0.0, limit);
    CHECK_NEAR(lag / n, 0.0, limit);
}

/* [0, 1), mean 1/2 (deviation sqrt(1/12n)), variance 1/12 (sqrt(1/180n)). */
static void uniform_bounds_mean_variance(void)
{
    const int n = 200000;
    double sum = 0.0, square = 0.0, least = 1.0, most = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        const double u = sppo_random_uniform(3, (uint64_t)i);
        sum += u;
        square += (u - 0.5) * (u - 0.5);
        least = u < least ? u : least;
        most = u > most ? u : most;
    }
    CHECK(least >= 0.0);
    CHECK(most < 1.0);
    CHECK(least < 1e-3);
    CHECK(most > 1.0 - 1e-3);
    CHECK_NEAR(sum / n, 0.5, 5 * sqrt(1.0 / 12 / n));
    CHECK_NEAR(square / n, 1.0 / 12, 5 * sqrt(1.0 / 180 / n));
}

/* 256 cells by the first and by the next eight binary digits, over counters
 * and over keys: chi-square of 255 degrees, deviation sqrt(510).            */
static void uniform_chi_square(void)
{
    const int n = 65536;
    static int cell[4][256];
    int i, t;

    memset(cell, 0, sizeof cell);
    for (i = 0; i < n; i++) {
        const double u = sppo_random_uniform(11, (uint64_t)i) * 256;
        const double v = sppo_random_uniform((uint64_t)i, 11) * 256;
        cell[0][(int)u]++;
        cell[1][(int)((u - (int)u) * 256)]++;
        cell[2][(int)v]++;
        cell[3][(int)((v - (int)v) * 256)]++;
    }
    for (t = 0; t < 4; t++) {
        double chi = 0.0;
        for (i = 0; i < 256; i++)
            chi += (cell[t][i] - 256.0) * (cell[t][i] - 256.0) / 256.0;
        CHECK_NEAR(chi, 255.0, 5 * sqrt(510.0));
    }
}

/* Moments 0, 1, 0, 3 with deviations sqrt(1/n, 2/n, 15/n, 96/n). */
static void normal_moments(void)
{
    const int n = 100000;
    double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
    int i, outside = 0, finite = 1;

    for (i = 0; i < n; i++) {
        const double x = sppo_random_normal(4, (uint64_t)i);
        finite &= x > -40 && x < 40;
        m1 += x;
        m2 += x * x;
        m3 += x * x * x;
        m4 += x * x * x * x;
        outside += x > 1.959963984540054 || x < -1.959963984540054;
    }
    CHECK(finite);
    CHECK_NEAR(m1 / n, 0.0, 5 * sqrt(1.0 / n));
    CHECK_NEAR(m2 / n, 1.0, 5 * sqrt(2.0 / n));
    CHECK_NEAR(m3 / n, 0.0, 5 * sqrt(15.0 / n));
    CHECK_NEAR(m4 / n, 3.0, 5 * sqrt(96.0 / n));
    CHECK_NEAR((double)outside / n, 0.05, 5 * sqrt(0.05 * 0.95 / n));
}

static void order_is_a_permutation(void)
{
    static const int sizes[] = { 1, 2, 3, 10, 1000 };
    static int order[1001], seen[1001];
    int s, i, moved = 0, good = 1;

    for (s = 0; s < 5; s++) {
        const int n = sizes[s];
        memset(seen, 0, sizeof seen);
        order[n] = -77;
        sppo_random_order(8, order, n);
        for (i = 0; i < n; i++) {
            good &= order[i] >= 0 && order[i] < n;
            if (good)
                seen[order[i]]++;
            moved += order[i] != i;
        }
        for (i = 0; i < n; i++)
            good &= seen[i] == 1;
        CHECK(order[n] == -77);  // and not one entry more
    }
    CHECK(good);
    CHECK(moved > 900);
    order[0] = -77;
    sppo_random_order(8, order, 0);
    CHECK(order[0] == -77);
}

/* All 24 orders of four equally often: chi-square of 23 degrees. */
static void order_is_uniform(void)
{
    int cell[256], i, cells = 0;
    double chi = 0.0;

    memset(cell, 0, sizeof cell);
    for (i = 0; i < 24000; i++) {
        int order[4];
        sppo_random_order((uint64_t)i, order, 4);
        cell[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
    }
    for (i = 0; i < 256; i++)
        if (cell[i]) {
            chi += (cell[i] - 1000.0) * (cell[i] - 1000.0) / 1000.0;
            cells++;
        }
    CHECK(cells == 24);
    CHECK_NEAR(chi, 23.0, 5 * sqrt(46.0));
}

/* ==== lists and forests ================================================== */

/* The first values pin the function: what was saved is read by later builds. */
static void digest_first_values(void)
{
    static const char text[] = "the quick brown fox";
    uint64_t zero = 0;

    CHECK(sppo_digest(7, text, 0) == 7);
    CHECK(sppo_digest(0, text, 1) == UINT64_C(0x9d679b8aa91cc80d));
    CHECK(sppo_digest(0, text, 8) == UINT64_C(0x6a6ef44b91dea59c));
    CHECK(sppo_digest(1, text, 19) == UINT64_C(0x1d13e45fdbbf1e6b));
    CHECK(sppo_digest(sppo_digest(1, text, 8), text + 8, 11) ==
          sppo_digest(1, text, 19));
    CHECK(sppo_digest(0, &zero, 8) != 0);
    CHECK(sppo_digest(0, &zero, 7) != sppo_digest(0, &zero, 8));
    CHECK(sppo_digest(0, &zero, 1) != sppo_digest(0, &zero, 2));
}

/* Every bit of a text of every length counts, and moves half of the digest. */
static void digest_sees_every_bit(void)
{
    unsigned char data[67];
    int n, bit, moved, same = 0;
    double total = 0.0;

    for (n = 0; n < (int)sizeof data; n++)
        data[n] = (unsigned char)(n * 37);
    for (n = 1, moved = 0; n <= (int)sizeof data; n++)
        for (bit = 0; bit < 8 * n; bit++, total += 64.0) {
            const uint64_t whole = sppo_digest(3, data, (size_t)n);
            uint64_t other;

            data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            other = whole ^ sppo_digest(3, data, (size_t)n);
            data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            same += other == 0;
            for (; other; other &= other - 1)
                moved++;
        }
    CHECK(same == 0);
    CHECK_NEAR(moved / total, 0.5, 0.005);
}

static void lists_grow_clear_free(void)
{
    counter c;
    sppo_ctx ctx = counting_ctx(&c);
    sppo_lists lists = { 0 };
    int i, j, good = 1;
    int tokens[50];

    for (i = 0; i < 50; i++)
        tokens[i] = 1000 + i;
    for (i = 0; i < 500; i++)
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &lists, tokens, i % 51));
    CHECK(lists.count == 500);
    for (i = 0; i < 500; i++) {
        good &= sppo_lists_length(&lists, i) == i % 51;
        for (j = 0; j < i % 51; j++)
            good &= sppo_lists_tokens(&lists, i)[j] == 1000 + j;
    }
    CHECK(good);
    {
        const long calls = c.calls;
        sppo_lists_clear(&lists);
        CHECK(lists.count == 0);
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &lists, tokens + 3, 2));
        CHECK(c.calls == calls);  // the room was kept
    }
    CHECK(lists.count == 1);
    CHECK(sppo_lists_length(&lists, 0) == 2);
    CHECK(sppo_lists_tokens(&lists, 0)[1] == 1004);
    sppo_lists_free(&ctx, &lists);
    sppo_lists_free(&ctx, &lists);
    CHECK(lists.count == 0);
    CHECK(ctx.held == 0);
    CHECK(c.blocks == 0);
    CHECK(!c.wrong_size);
}

static void lists_refuse_counts_beyond_an_int(void)
{
    static const int token[2] = { 1, 2 };
    sppo_ctx ctx = { 0 };
    sppo_lists lists = { 0 };

    CHECK_OK(&ctx, sppo_lists_add(&ctx, &lists, token, 2));
    CHECK(sppo_lists_add(&ctx, &lists, token, -1) == SPPO_E_ARGUMENT);
    CHECK(sppo_lists_add(&ctx, &lists, token, INT_MAX) == SPPO_E_ARGUMENT);
    CHECK(sppo_lists_add(&ctx, &lists, token, INT_MAX - 2) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "after 2 are more than an int can count"));
    CHECK(lists.count == 1 && sppo_lists_length(&lists, 0) == 2);
    sppo_lists_free(&ctx, &lists);
    CHECK(ctx.held == 0);
}

static void lists_survive_a_failure(void)
{
    counter c;
    sppo_ctx ctx = counting_ctx(&c);
    sppo_lists lists = { 0 };
    static int many[100000];
    static const int two[2] = { 5, 6 };

    CHECK_OK(&ctx, sppo_lists_add(&ctx, &lists, two, 2));
    c.fail_at = c.calls + 1;
    CHECK(sppo_lists_add(&ctx, &lists, many, 100000) == SPPO_E_MEMORY);
    CHECK(lists.count == 1);
    CHECK(sppo_lists_length(&lists, 0) == 2);
    CHECK(sppo_lists_tokens(&lists, 0)[1] == 6);
    CHECK(sppo_lists_add(&ctx, &lists, two, -1) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "-1"));
    CHECK(lists.count == 1);
    sppo_lists_free(&ctx, &lists);
    CHECK(ctx.held == 0);
}

static void forest_refuses_what_does_not_fit(void)
{
    counter c;
    sppo_ctx ctx = counting_ctx(&c);
    sppo_forest forest = { 0 };
    static const int t[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    CHECK_OK(&ctx, sppo_forest_init(&ctx, &forest, 8, 3));
    CHECK(sppo_forest_add(&forest, -1, t, 3, 0) == 0);
    CHECK(sppo_forest_add(&forest, 0, t, 0, 1) == -1);  // nothing
    CHECK(sppo_forest_add(&forest, 0, t, 6, 1) == -1);  // too many tokens
    CHECK(sppo_forest_add(&forest, 0, t, -1, 1) == -1);
    CHECK(forest.segments == 1);
    CHECK(forest.tokens == 3);
    CHECK(sppo_forest_add(&forest, 0, t, 3, 1) == 1);
    CHECK(sppo_forest_add(&forest, 1, t, 1, 1) == 2);
    CHECK(sppo_forest_add(&forest, 1, t, 1, 1) == -1);  // too many segments
    CHECK(forest.segments == 3);
    CHECK(forest.tokens == 7);
    CHECK(forest.start[3] == 7);
    CHECK(forest.parent[2] == 1);
    CHECK(forest.scored[0] == 0 && forest.scored[2] == 1);
    sppo_forest_clear(&forest);
    CHECK(forest.segments == 0);
    CHECK(forest.tokens == 0);
    CHECK(sppo_forest_add(&forest, -1, t, 8, 1) == 0);
    sppo_forest_free(&ctx, &forest);
    sppo_forest_free(&ctx, &forest);
    CHECK(ctx.held == 0);
    CHECK(c.blocks == 0);
    CHECK(!c.wrong_size);
}

/* ---- tables ---- */

static void a_table_of_counts_is_never_full(void)
{
    uint64_t key[8] = { 0 };
    int64_t count[8] = { 0 };
    sppoi_counts c = { key, count, 8, 0, 0 };
    uint64_t k;
    size_t i, taken = 0;

    alarm(60);  // ends the program, should a search go on for ever
    for (k = 1; k <= 20; k++)
        sppoi_counts_add(&c, k, 1);
    for (i = 0; i < 8; i++)
        taken += key[i] != 0;
    CHECK(taken == 7 && c.used == 7);
    CHECK(c.full);
    c.full = 0;
    sppoi_counts_add(&c, 3, 1);  // one that is there needs no room
    CHECK(!c.full);
    sppoi_counts_clear(&c);
    CHECK(c.used == 0);
    alarm(0);
}

/* A text of n characters without a blank: kind 0 the same one, 1 each its own,
 * 2 of base64, 3 any bytes, 4 of base64 after many short words.             */
static size_t hostile_text(char *text, int n, int kind)
{
    size_t size = 0;
    int i;

    for (i = 0; kind == 4 && i < 300; i++)
        text[size++] = i % 3 ? 'e' : ' ';
    for (i = 0; i < n; i++) {
        const uint64_t bits = sppo_random_bits((uint64_t)kind, (uint64_t)i);
        if (kind == 1) {
            text[size++] = (char)(0xe4 + i / 4096);
            text[size++] = (char)(0x80 + i / 64 % 64);
            text[size++] = (char)(0x80 + i % 64);
        } else {
            text[size++] = kind == 0 ? 'a' : kind == 3 ? (char)bits
                         : (char)('0' + bits % 64);
        }
    }
    return size;
}

static void one_word_of_any_length_is_learnt(void)
{
    static const int lengths[] = { 1, 2, 3, 4, 7, 16, 63, 64, 65, 255, 341, 342,
                                   511, 512, 513, 1023, 1024, 1025, 1500, 2047,
                                   2048, 2049, 3000, 5000 };
    static char text[3 * 5000 + 300];
    sppo_ctx ctx = { 0 };
    int kind, l;

    for (kind = 0; kind < 5; kind++)
        for (l = 0; l < COUNT(lengths); l++) {
            const size_t size = hostile_text(text, lengths[l], kind);
            sppo_tokenizer tok = { 0 };
            sppo_lists ids = { 0 };
            sppo_result result;

            alarm(60);
            result = sppo_tokenizer_train(&ctx, &tok, text, size, 400);
            CHECK(result == SPPO_OK ||
                  (result == SPPO_E_ARGUMENT &&
                   strstr(ctx.message, "fewer than the vocabulary of 400")));
            if (lengths[l] >= 1023 && kind > 1)
                CHECK(result == SPPO_OK);
            if (result == SPPO_OK)
                CHECK_OK(&ctx, sppo_tokenizer_encode(&ctx, &tok, text, size,
                                                     -1, -1, &ids));
            sppo_lists_free(&ctx, &ids);
            sppo_tokenizer_free(&ctx, &tok);
        }
    alarm(0);
    CHECK(ctx.held == 0);
}

static const check_case cases[] = {
    CASE(version_is_the_one_declared),
    CASE(fail_sets_code_and_sentence),
    CASE(fail_says_one_line),
    CASE(fail_may_quote_the_sentence_before),
    CASE(fail_cuts_a_long_sentence),
    CASE(blocks_begin_at_a_line),
    CASE(take_gives_zeros_and_counts),
    CASE(default_allocator_works),
    CASE(limit_is_kept_to_the_byte),
    CASE(take_refuses_products_that_overflow),
    CASE(failing_allocator_is_reported),
    CASE(sentences_name_function_argument_value),
    CASE(sizes_beyond_a_size_t_are_refused),
    CASE(config_refuses_each_bad_field),
    CASE(config_refuses_ends_and_heads_that_cannot_be),
    CASE(random_first_values),
    CASE(random_has_no_state),
    CASE(random_bits_avalanche),
    CASE(random_forks_are_distinct),
    CASE(random_forks_are_uncorrelated),
    CASE(uniform_bounds_mean_variance),
    CASE(uniform_chi_square),
    CASE(normal_moments),
    CASE(order_is_a_permutation),
    CASE(order_is_uniform),
    CASE(digest_first_values),
    CASE(digest_sees_every_bit),
    CASE(lists_grow_clear_free),
    CASE(lists_refuse_counts_beyond_an_int),
    CASE(lists_survive_a_failure),
    CASE(forest_refuses_what_does_not_fit),
    CASE(a_table_of_counts_is_never_full),
    CASE(one_word_of_any_length_is_learnt)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
