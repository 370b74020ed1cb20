/* bench.c - how fast sppo.h is, beside what the machine can do
 *
 *   make bench              the table, under two minutes
 *   make bench-growth       longer contexts, larger models, memory
 *   build/bench --only "train B" --threads 1 --rounds 9 --csv train.csv
 *   build/bench --align --only align      one iteration of Algorithm 1
 *
 * The machine's peak of multiply-adds (and, for what does little arithmetic,
 * its bandwidth of copying memory) is measured before every single run, on the
 * same number of threads, and a share is the median of run / peak pairs: what
 * neighbours take from a shared machine they take from both.
 *
 * Operations are counted as what the mathematics needs: 2 for each weight of a
 * product and row, 4 head widths for each key that a query sees; three times
 * that with the backward pass.  Work done twice, or padding, does not count. */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include <stdio.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef _OPENMP
static double now(void) { return omp_get_wtime(); }
static void use_threads(int n) { omp_set_num_threads(n); }
#else
static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }
static void use_threads(int n) { (void)n; }
#endif

enum { MAX_ROUNDS = 25, TEAMS = 2 };  // teams: one thread, and all

static sppo_ctx ctx;
static int rounds = 5;
static int ranks[TEAMS], teams;  // numbers of threads to measure with
static const char *only = "";   // part of the name of what is to be measured
static FILE *csv;

static void must(sppo_result result)
{
    if (result != SPPO_OK) {
        fprintf(stderr, "bench: %s\n", ctx.message);
        exit(1);
    }
}

static void *take(size_t count, size_t size)
{
    void *block = sppo_alloc(&ctx, count, size);

    if (!block)
        must(SPPO_E_MEMORY);
    return block;
}

/* ---- the machine ---- */

/* A product's tile whose operands stay in registers or the first cache; strides
 * of 0 that the compiler cannot see, or clang keeps the tile in memory.  The
 * sum keeps the work alive.                                                 */
static SPPOI_NOINLINE float multiply_adds(int turns, const float *a,
                                          ptrdiff_t a_row, ptrdiff_t a_col,
                                          const float *b, ptrdiff_t b_row)
{
    float tile[SPPOI_MR][SPPOI_NR], sum = 0;
    int i, r, j;

    for (r = 0; r < SPPOI_MR; r++)
        for (j = 0; j < SPPOI_NR; j++)
            tile[r][j] = 0;
    for (i = 0; i < turns; i++) {
        for (r = 0; r < SPPOI_MR; r++) {
            const float factor = a[r * a_row];

            SPPOI_SIMD
            for (j = 0; j < SPPOI_NR; j++)
                tile[r][j] = (float)sppoi_muladd(factor, b[j], tile[r][j]);
        }
        a += a_col;
        b += b_row;
    }
    for (r = 0; r < SPPOI_MR; r++)
        for (j = 0; j < SPPOI_NR; j++)
            sum += tile[r][j];
    return sum;
}

static volatile int nought;  // 0

/* Multiplications and additions per second, all threads. */
static double peak(void)
{
    enum { TURNS = 400000 };
    const int threads = sppoi_max_threads(), zero = nought;
    const float operand[64] = { 0.5f };
    float sum = 0;
    double start;
    int t;

    start = now();
    SPPOI_TASKS
    for (t = 0; t < threads; t++)
        if (multiply_adds(TURNS, operand, zero, zero, operand, zero) < 0)
            sum = 1;
    return 2.0 * SPPOI_MR * SPPOI_NR * TURNS * threads
         / (now() - start + (double)sum);
}

/* Bytes read and written per second, from memory to memory, all threads. */
static double copying(void)
{
    enum { PIECES = 64, PIECE = 1 << 20 };
    static char *block;
    double start;
    int t;

    if (!block)
        block = (char *)take(2 * PIECES, PIECE);
    start = now();
    SPPOI_FOR
    for (t = 0; t < PIECES; t++)
        memcpy(block + (size_t)(PIECES + t) * PIECE,
               block + (size_t)t * PIECE, PIECE);
    return 2.0 * PIECES * PIECE / (now() - start);
}

/* ---- measuring ---- */

static double median(double *x, int n)
{
    int i, j;

    for (i = 1; i < n; i++)
        for (j = i; j > 0 && x[j] < x[j - 1]; j--) {
            const double swap = x[j];
            x[j] = x[j - 1];
            x[j - 1] = swap;
        }
    return x[n / 2];
}

typedef struct figure {
    double seconds[TEAMS];  // medians
    double share[TEAMS];    // of the limit
} figure;

/* What one run does: `amount` units for people, `cost` operations (or bytes)
 * for the machine; limit: peak or copying, NULL when there is no count.     */
typedef struct subject {
    const char *name, *unit;
    double amount, cost;
    double (*limit)(void);
    double (*run)(void *of);  // seconds
    void *of[TEAMS];
} subject;

static figure measure(const subject *s)
{
    double seconds[TEAMS][MAX_ROUNDS], share[TEAMS][MAX_ROUNDS];
    figure f;
    int i, t;

    for (i = -1; i < rounds; i++)  // round -1 warms up
        for (t = 0; t < teams; t++) {
            const double can = s->limit ? (use_threads(ranks[t]), s->limit())
                                        : 1.0;
            const double took = (use_threads(ranks[t]), s->run(s->of[t]));

            if (i >= 0) {
                seconds[t][i] = took;
                share[t][i] = s->cost / took / can;
            }
        }
    for (t = 0; t < teams; t++) {
        f.seconds[t] = median(seconds[t], rounds);
        f.share[t] = median(share[t], rounds);
    }
    return f;
}

static int wanted(const char *name) { return strstr(name, only) != NULL; }

static void print_head(const char *title)
{
    int t;

    printf("\n%-24s", title);
    for (t = 0; t < teams; t++)
        printf("  %7d thread%s  of peak", ranks[t], ranks[t] > 1 ? "s" : " ");
    printf("%s\n", teams > 1 ? "   gain" : "");
}

static void write_row(const subject *s, const figure *f)
{
    int t;

    for (t = 0; csv && t < teams; t++)
        fprintf(csv, "%s,%d,%s,%.6g,%.6g,%.6g,%.4f\n", s->name, ranks[t],
                s->unit, s->amount / f->seconds[t], f->seconds[t],
                s->cost / f->seconds[t], s->limit ? f->share[t] : 0.0);
}

static void print_row(const subject *s, const figure *f)
{
    int t;

    printf("%-24s", s->name);
    for (t = 0; t < teams; t++) {
        const double rate = s->amount / f->seconds[t];

        printf("  %9.*f %-6s", rate < 100 ? 1 : 0, rate, s->unit);
        if (s->limit)
            printf(" %5.1f %%", 100 * f->share[t]);
        else
            printf("       -");
    }
    if (teams > 1)
        printf("  %5.2f", f->seconds[0] / f->seconds[teams - 1]);
    printf("\n");
    fflush(stdout);
    write_row(s, f);
}

/* ---- kernels ---- */

enum { ROWS = 4096, WIDTH = 256, HIDDEN = 688, VOCAB = 4096 };

/* A kernel's operands: n rows of d_in numbers in, d_out out. */
typedef struct operands {
    int n, d_in, d_out;
    sppo_real *in, *out, *w, *panel, *one;  // one: [n]
    int *position;
    void (*call)(struct operands *o);
} operands;

/* Seconds of a call that finds its operands where the last one left them. */
static double repeat(void *of)
{
    operands *o = (operands *)of;
    double start;
    int n = 0;

    o->call(o);
    start = now();
    do {
        o->call(o);
        n++;
    } while (now() - start < 3e-3);
    return (now() - start) / n;
}

static void product_fwd(operands *o)
{
    sppo_linear_fwd(o->out, o->in, o->w, o->panel, o->n, o->d_in, o->d_out);
}

static void product_bwd_in(operands *o)
{
    sppo_linear_bwd_in(o->in, o->out, o->w, o->panel, o->n, o->d_in, o->d_out);
}

static void product_bwd_w(operands *o)
{
    sppo_linear_bwd_w(o->w, o->out, o->in, o->panel, o->n, o->d_in, o->d_out);
}

/* A geometric mean of figures, and the worst of them, per unit of cost. */
typedef struct pooled {
    figure log_sum, worst;
    int count;
} pooled;

static void pool(pooled *p, const figure *f, double cost)
{
    int t;

    for (t = 0; t < teams; t++) {
        p->log_sum.seconds[t] += log(f->seconds[t] / cost);
        p->log_sum.share[t] += log(f->share[t]);
        if (p->count == 0 || f->share[t] < p->worst.share[t]) {
            p->worst.share[t] = f->share[t];
            p->worst.seconds[t] = f->seconds[t] / cost;
        }
    }
    p->count++;
}

static void print_mean(subject *s, const char *name, const pooled *p)
{
    figure f;
    int t;

    for (t = 0; t < teams; t++) {
        f.seconds[t] = exp(p->log_sum.seconds[t] / p->count);
        f.share[t] = exp(p->log_sum.share[t] / p->count);
    }
    s->name = name;
    s->cost = 1;
    print_row(s, &f);
}

/* 42 products: what each of the three directions reaches; the CSV has all. */
static void products(operands *o)
{
    static const int shape[7][2] = {
        { 64, 64 }, { 64, 172 }, { 64, 512 }, { 256, 256 }, { 256, 688 },
        { 256, 4096 }, { 576, 1536 }
    };
    static const char *const name[3] = {
        "product y = x w'", "product dx = dy w", "product dw += dy' x"
    };
    void (*const call[3])(operands *) = { product_fwd, product_bwd_in,
                                          product_bwd_w };
    subject s = { "", "GFLOP/s", 1e-9, 0, peak, repeat, { NULL, NULL } };
    pooled all;
    char each[64];
    int k, i;

    memset(&all, 0, sizeof all);
    s.of[0] = s.of[1] = o;
    for (k = 0; k < 3; k++) {
        pooled kind;

        memset(&kind, 0, sizeof kind);
        o->call = call[k];
        for (i = 0; i < 14; i++) {
            figure f, unit;
            int t;

            o->n = i % 2 ? 4096 : 1024;
            o->d_in = shape[i / 2][0];
            o->d_out = shape[i / 2][1];
            s.cost = 2.0 * o->n * o->d_in * o->d_out;
            f = unit = measure(&s);
            pool(&kind, &f, s.cost);
            pool(&all, &f, s.cost);
            for (t = 0; t < teams; t++)
                unit.seconds[t] /= s.cost;
            sprintf(each, "%s %dx%dx%d", name[k], o->n, o->d_in, o->d_out);
            s.name = each;
            s.cost = 1;
            write_row(&s, &unit);
        }
        print_mean(&s, name[k], &kind);
    }
    print_mean(&s, "all 42 products", &all);
    s.name = "the slowest of them";
    print_row(&s, &all.worst);
}

static void rmsnorm_fwd(operands *o)
{
    sppo_rmsnorm_fwd(o->out, o->one, o->in, o->w, ROWS, WIDTH, 1e-5);
}

static void rmsnorm_bwd(operands *o)
{
    sppo_rmsnorm_bwd(o->out, o->panel, o->out, o->in, o->w, o->one, ROWS,
                     WIDTH);
}

static void swiglu_fwd(operands *o)
{
    sppo_swiglu_fwd(o->out, o->in, ROWS, HIDDEN);
}

static void swiglu_bwd(operands *o)
{
    sppo_swiglu_bwd(o->panel, o->out, o->in, ROWS, HIDDEN);
}

static void rope(operands *o)
{
    sppo_rope(o->in, o->position, o->w, ROWS, WIDTH / 32, 32, WIDTH, 1);
}

static void exponential(operands *o)
{
    int i, j;

    SPPOI_FOR
    for (i = 0; i < ROWS; i++) {
        SPPOI_SIMD
        for (j = 0; j < WIDTH; j++)
            o->out[i * WIDTH + j] = sppoi_exp(o->in[i * WIDTH + j]);
    }
}

static void log_sum_exp(operands *o)
{
    int i;

    SPPOI_FOR
    for (i = 0; i < ROWS; i++)
        o->one[i] = (sppo_real)sppo_log_sum_exp(o->in + (size_t)i * VOCAB,
                                                VOCAB);
}

/* Work on numbers one by one, in millions; the limit is copying memory, which
 * what stays in a cache may pass.                                           */
static void elementwise(operands *o)
{
    static const struct {
        const char *name;
        void (*call)(operands *o);
        int width, streams;  // numbers of a row, reads and writes of each
    } kernel[] = {
        { "rmsnorm", rmsnorm_fwd, WIDTH, 2 },
        { "rmsnorm backward", rmsnorm_bwd, WIDTH, 4 },
        { "rope", rope, WIDTH, 2 },
        { "swiglu", swiglu_fwd, HIDDEN, 3 },
        { "swiglu backward", swiglu_bwd, HIDDEN, 5 },
        { "exp", exponential, WIDTH, 2 },
        { "log sum exp", log_sum_exp, VOCAB, 1 }
    };
    subject s = { "", "M/s", 0, 0, copying, repeat, { NULL, NULL } };
    int i;

    s.of[0] = s.of[1] = o;
    for (i = 0; i < (int)(sizeof kernel / sizeof kernel[0]); i++) {
        figure f;

        if (!wanted(kernel[i].name))
            continue;
        o->call = kernel[i].call;
        s.name = kernel[i].name;
        s.amount = (double)ROWS * kernel[i].width / 1e6;
        s.cost = (double)ROWS * kernel[i].width * kernel[i].streams
               * sizeof(sppo_real);
        f = measure(&s);
        print_row(&s, &f);
    }
}

static void kernels(void)
{
    const size_t most = (size_t)ROWS * VOCAB;
    operands o;
    size_t i;

    memset(&o, 0, sizeof o);
    o.in = (sppo_real *)take(most, sizeof *o.in);
    o.out = (sppo_real *)take(most, sizeof *o.out);
    o.w = (sppo_real *)take((size_t)VOCAB * WIDTH, sizeof *o.w);
    o.panel = (sppo_real *)take(most, sizeof *o.panel);
    o.one = (sppo_real *)take(ROWS, sizeof *o.one);
    o.position = (int *)take(ROWS, sizeof *o.position);
    for (i = 0; i < most; i++)
        o.in[i] = o.out[i] = (sppo_real)((double)(i % 97) / 97.0 - 0.5);
    for (i = 0; i < (size_t)VOCAB * WIDTH; i++)
        o.w[i] = (sppo_real)((double)(i % 89) / 89.0 - 0.5);
    for (i = 0; i < ROWS; i++)
        o.position[i] = (int)(i % 64);
    if (wanted("products"))
        products(&o);
    elementwise(&o);
    sppo_release(&ctx, o.in, most * sizeof *o.in);
    sppo_release(&ctx, o.out, most * sizeof *o.out);
    sppo_release(&ctx, o.w, (size_t)VOCAB * WIDTH * sizeof *o.w);
    sppo_release(&ctx, o.panel, most * sizeof *o.panel);
    sppo_release(&ctx, o.one, ROWS * sizeof *o.one);
    sppo_release(&ctx, o.position, ROWS * sizeof *o.position);
}

/* ---- the work of a run ---- */

typedef enum what {
    TRAIN,  // next-token loss, gradients, a step: sequences of `length`
    FORWARD,
    SPPO,   // the same of a prompt's k responses, their pi_t known
    SAMPLE, // k responses to each prompt
    JUDGE,  // P of all pairs of k responses
    APART,  // what JUDGE reads, every ordered pair a sequence of its own
    OPTIM,  // an optimiser's step alone
    ALIGN   // one iteration of Algorithm 1 on tiny_models
} what;

typedef struct line {
    const char *name;
    what does;
    char shape;
    int rows, k, prompt, length;  // rows: sequences or prompts
    int option;                   // the head, or the optimiser
    const char *unit;
} line;

static const line lines[] = {
    { "train A 64x64", TRAIN, 'A', 64, 1, 0, 64, 0, "tok/s" },
    { "train A 16x128", TRAIN, 'A', 16, 1, 0, 128, 0, "tok/s" },
    { "train B 64x64", TRAIN, 'B', 64, 1, 0, 64, 0, "tok/s" },
    { "train B 16x128", TRAIN, 'B', 16, 1, 0, 128, 0, "tok/s" },
    { "forward A 64x64", FORWARD, 'A', 64, 1, 0, 64, 0, "tok/s" },
    { "forward B 64x64", FORWARD, 'B', 64, 1, 0, 64, 0, "tok/s" },
    { "sppo A 16x(32+2x64)", SPPO, 'A', 16, 2, 32, 64, 0, "pairs/s" },
    { "sppo B 16x(32+2x64)", SPPO, 'B', 16, 2, 32, 64, 0, "pairs/s" },
    { "sample A 64x64", SAMPLE, 'A', 64, 1, 1, 64, 0, "tok/s" },
    { "sample B 64x64", SAMPLE, 'B', 64, 1, 1, 64, 0, "tok/s" },
    { "sample A 32x5x32", SAMPLE, 'A', 32, 5, 32, 32, 0, "tok/s" },
    { "sample B 32x5x32", SAMPLE, 'B', 32, 5, 32, 32, 0, "tok/s" },
    { "one sequence A 256", SAMPLE, 'A', 1, 1, 1, 256, 0, "tok/s" },
    { "one sequence B 256", SAMPLE, 'B', 1, 1, 1, 256, 0, "tok/s" },
    { "judge pair A 64x5", JUDGE, 'A', 64, 5, 32, 40, SPPO_HEAD_PAIR,
      "x/s" },
    { "judge embed A 64x5", JUDGE, 'A', 64, 5, 32, 40, SPPO_HEAD_EMBED,
      "x/s" },
    { "judge apart A 16x20", APART, 'A', 16, 5, 32, 40, 0, "x/s" },
    { "rmsprop B", OPTIM, 'B', 1, 1, 0, 8, SPPO_RMSPROP, "M/s" },
    { "adamw B", OPTIM, 'B', 1, 1, 0, 8, SPPO_ADAMW, "M/s" },
    { "align tiny 512x5", ALIGN, 'A', 512, 5, 0, 64, 0, "x/s" }
};

typedef struct work {
    line line;
    sppo_model model;
    sppo_forest forest;
    sppo_activations acts;
    sppo_optim optim;
    sppo_sampler sampler;
    sppo_pref pref;
    sppo_lists prompts, responses;
    sppo_real *grad;
    double *score, *old;
} work;

static sppo_config shape(char which)
{
    static const int size[][6] = {  // vocab, dim, layers, heads, kv, hidden
        { 512, 64, 5, 8, 4, 172 }, { 4096, 256, 6, 8, 8, 688 },
        { 1024, 128, 5, 8, 8, 344 }, { 8192, 384, 7, 8, 8, 1024 },
        { 8192, 640, 11, 10, 10, 1712 }
    };
    const int *s = size[which - 'A'];
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = s[0];
    c.dim = s[1];
    c.layers = s[2];
    c.heads = s[3];
    c.kv_heads = s[4];
    c.hidden = s[5];
    c.context = 2048;
    c.bos = 1;
    c.eos = -1;  // responses of full length
    return c;
}

static const int *random_tokens(const work *w, int row, int n)
{
    static int token[2048];
    int i;

    for (i = 0; i < n; i++)
        token[i] = (int)(sppo_random_bits(7, (uint64_t)(row * 2048 + i))
                         % (uint64_t)w->model.config.vocab);
    return token;
}

/* Rows of one pass of APART; it makes as many passes as the pairs take. */
enum { APART_ROWS = 32 };

static void grow_forest(work *w)
{
    const line *l = &w->line;
    const int apart = l->does == APART;
    const int rows = apart ? APART_ROWS : l->rows, k = apart ? 1 : l->k;
    const int length = apart ? 2 * l->length : l->length;
    const int first = l->prompt ? l->prompt : length;
    int r, i;

    must(sppo_forest_init(&ctx, &w->forest, rows * (first + k * length),
                          rows * (1 + k)));
    for (r = 0; r < rows; r++) {
        const int root = sppo_forest_add(&w->forest, -1,
                                         random_tokens(w, r, first), first,
                                         !l->prompt);

        for (i = 0; l->prompt && i < k; i++)
            sppo_forest_add(&w->forest, root,
                            random_tokens(w, r * k + i + 9, length), length,
                            1);
    }
}

/* All trees have the same shape. */
static int longest_tree(const sppo_forest *f)
{
    int s = 1;

    while (s < f->segments && f->parent[s] >= 0)
        s++;
    return f->start[s];
}

static void begin_acts(work *w)
{
    const line *l = &w->line;
    const int way = l->does == APART || l->does == FORWARD ? SPPO_FORWARD
                                                           : SPPO_STEP;
    sppo_optim_config o;

    memset(&o, 0, sizeof o);
    o.lr = 1e-6;
    o.kind = l->does == OPTIM ? (sppo_optimizer)l->option : SPPO_RMSPROP;
    grow_forest(w);
    must(sppo_activations_init(&ctx, &w->acts, &w->model, w->forest.tokens,
                               w->forest.segments, longest_tree(&w->forest),
                               way));
    if (way == SPPO_FORWARD)
        return;
    must(sppo_optim_init(&ctx, &w->optim, &o, &w->model));
    w->grad = (sppo_real *)take(w->model.count, sizeof *w->grad);
    w->old = (double *)take((size_t)w->forest.segments, sizeof *w->old);
}

/* Prompts for sampling and judging, and for the latter responses. */
static void begin_lists(work *w)
{
    const line *l = &w->line;
    int p, i;

    for (p = 0; p < l->rows; p++) {
        must(sppo_lists_add(&ctx, &w->prompts, random_tokens(w, p, l->prompt),
                            l->prompt));
        for (i = 0; l->does == JUDGE && i < l->k; i++)
            must(sppo_lists_add(&ctx, &w->responses,
                                random_tokens(w, p * l->k + i + 9, l->length),
                                l->length));
    }
    if (l->does == SAMPLE) {
        must(sppo_sampler_init(&ctx, &w->sampler, &w->model, l->rows, l->k,
                               l->prompt, l->length));
        return;
    }
    w->score = (double *)take((size_t)(l->rows * l->k * l->k), sizeof(double));
    must(sppo_pref_init(&ctx, &w->pref, &w->model, 4096, l->k, 0));
}

static void begin_align(work *w)
{
    static char text[1024];
    sppo_tokenizer tok;
    sppo_json json;
    char *data, *at;
    size_t size;

    memset(&tok, 0, sizeof tok);
    must(sppo_model_load(&ctx, &w->model, "tiny_models/preference"));
    must(sppo_tokenizer_load(&ctx, &tok, "tiny_models/policy/tokenizer.bin",
                             w->model.config.vocab));
    must(sppo_file_read(&ctx, "tiny_models/prompts.jsonl", &data, &size));
    for (at = data; at < data + size; at = strchr(at, '\n') + 1) {
        memset(&json, 0, sizeof json);
        must(sppo_json_parse(&ctx, &json, at,
                             (size_t)(strchr(at, '\n') - at), "prompts"));
        sppo_json_string(&json, sppo_json_find(&json, 0, "prompt"), text,
                         sizeof text);
        must(sppo_lists_add_text(&ctx, &w->prompts, &tok, text));
        sppo_json_free(&ctx, &json);
    }
    sppo_release(&ctx, data, size + 1);
    sppo_tokenizer_free(&ctx, &tok);
    must(sppo_pref_init(&ctx, &w->pref, &w->model, 4096, w->line.k, 0));
}

static void begin(work *w, const line *l)
{
    sppo_config c;

    memset(w, 0, sizeof *w);
    w->line = *l;
    if (l->does == ALIGN) {
        begin_align(w);
        return;
    }
    c = shape(l->shape);
    c.head = l->does == JUDGE ? (sppo_head)l->option : SPPO_HEAD_NONE;
    must(sppo_model_init(&ctx, &w->model, &c, 1));
    if (l->does == SAMPLE || l->does == JUDGE)
        begin_lists(w);
    else
        begin_acts(w);
}

static void finish(work *w)
{
    const size_t k = (size_t)w->line.k, rows = (size_t)w->line.rows;

    sppo_release(&ctx, w->grad, w->model.count * sizeof *w->grad);
    sppo_release(&ctx, w->old,
                 (size_t)w->forest.max_segments * sizeof *w->old);
    sppo_release(&ctx, w->score, rows * k * k * sizeof *w->score);
    sppo_lists_free(&ctx, &w->prompts);
    sppo_lists_free(&ctx, &w->responses);
    sppo_sampler_free(&ctx, &w->sampler);
    sppo_pref_free(&ctx, &w->pref);
    sppo_optim_free(&ctx, &w->optim);
    sppo_activations_free(&ctx, &w->acts);
    sppo_forest_free(&ctx, &w->forest);
    sppo_model_free(&ctx, &w->model);
}

static void train(work *w)
{
    double loss;

    must(sppo_next_token_loss(&ctx, &w->acts, &w->model, &w->forest, 0,
                              w->grad, &loss));
    must(sppo_optim_step(&ctx, &w->optim, &w->model, w->grad));
}

/* Eq 4.7 for winner and loser of each prompt. */
static sppo_result squares(void *user, sppo_micro_batch *b)
{
    const work *w = (const work *)user;
    const sppo_forest *f = &b->forest;
    double grad;
    int s, i;

    for (s = 0; s < f->segments; s++) {
        const double lp = sppo_micro_batch_logprob(b, s);
        double *old = &w->old[b->first_segment + s];

        if (*old == 0.0)
            *old = lp;
        sppo_loss_point(lp - *old, s % 3 == 1 ? 7.5 : -7.5, &grad);
        for (i = f->start[s]; i < f->start[s + 1]; i++)
            b->d_logprob[i] = f->scored[s] ? grad / w->forest.segments : 0.0;
    }
    return SPPO_OK;
}

static void update(work *w)
{
    must(sppo_step(&ctx, &w->acts, &w->model, &w->forest, squares, w,
                   w->grad));
    must(sppo_optim_step(&ctx, &w->optim, &w->model, w->grad));
}

static void sample(work *w)
{
    sppo_sampling how;

    memset(&how, 0, sizeof how);
    how.max_tokens = w->line.length;
    sppo_lists_clear(&w->responses);
    must(sppo_sample(&ctx, &w->sampler, &w->model, &w->prompts, 0,
                     w->line.rows, &how, 1, &w->responses));
}

/* The demo's settings; returns seconds, without taking the memory. */
static double align(work *w)
{
    sppo_play_config c;
    sppo_judge judge = { sppo_pref_fill, NULL };
    sppo_model policy;
    sppo_play play;
    double start, took;

    memset(&c, 0, sizeof c);
    c.eta = 30;
    c.k = w->line.k;
    c.epochs = 4;
    c.iterations = 3;
    c.prompts_per_iteration = w->line.rows;
    c.sampling.max_tokens = w->line.length;
    c.optim.lr = 3e-4;
    c.optim.warmup = 0.1;
    c.optim.clip = 1;
    judge.user = &w->pref;
    must(sppo_model_load(&ctx, &policy, "tiny_models/policy"));
    must(sppo_play_init(&ctx, &play, &c, &policy, &w->prompts));
    start = now();
    must(sppo_play_sample(&ctx, &play));
    must(sppo_play_judge(&ctx, &play, &judge));
    must(sppo_play_select(&ctx, &play));
    must(sppo_play_fit(&ctx, &play));
    must(sppo_play_advance(&ctx, &play));
    took = now() - start;
    sppo_play_free(&ctx, &play);
    sppo_model_free(&ctx, &policy);
    return took;
}

static void apart(work *w)
{
    const int pairs = w->line.rows * w->line.k * (w->line.k - 1);
    int i;

    for (i = 0; i < pairs; i += APART_ROWS)
        must(sppo_forward(&ctx, &w->acts, &w->model, &w->forest));
}

static double run(void *of)
{
    work *w = (work *)of;
    const line *l = &w->line;
    const double start = now();

    switch (l->does) {
    case TRAIN:
        train(w);
        break;
    case FORWARD:
        must(sppo_forward(&ctx, &w->acts, &w->model, &w->forest));
        break;
    case SPPO:
        update(w);
        break;
    case SAMPLE:
        sample(w);
        break;
    case JUDGE:
        must(sppo_pref_score(&ctx, &w->pref, &w->prompts, &w->responses, l->k,
                             0, l->rows, w->score));
        break;
    case APART:
        apart(w);
        break;
    case OPTIM:
        must(sppo_optim_step(&ctx, &w->optim, &w->model, w->grad));
        break;
    case ALIGN:
    default:
        return align(w);
    }
    return now() - start;
}

/* ---- counting ---- */

/* Operations of a forward pass: rows through the layers, `scored` of them
 * through the classifier, `seen` keys that all queries together see.        */
static double operations(const sppo_config *c, double rows, double scored,
                         double seen)
{
    const double q = (double)c->heads * c->head_dim;
    const double kv = (double)c->kv_heads * c->head_dim;
    const double layer = c->dim * (2 * q + 2 * kv + 3.0 * c->hidden);

    return 2 * rows * c->layers * layer + 4 * seen * c->layers * q
         + 2 * scored * c->dim * c->vocab;
}

static double forest_operations(const work *w)
{
    const sppo_forest *f = &w->forest;
    double scored = 0, seen = 0;
    int s, p, n;

    for (s = 0; s < f->segments; s++) {
        n = f->start[s + 1] - f->start[s];
        scored += f->scored[s] ? n : 0;
        seen += n * (n + 1) / 2.0;
        for (p = f->parent[s]; p >= 0; p = f->parent[p])
            seen += (double)n * (f->start[p + 1] - f->start[p]);
    }
    return operations(&w->model.config, f->tokens, scored, seen);
}

/* What a line amounts to, for its reader and for the machine; a SAMPLE's first
 * token comes from its prompt.  JUDGE and ALIGN have no count of their own.  */
static void count(subject *s, const work *w)
{
    const line *l = &w->line;
    const double n = (double)l->rows * l->k, steps = l->length - 1.0;

    s->amount = l->rows;
    s->limit = peak;
    switch (l->does) {
    case TRAIN:
    case FORWARD:
        s->amount = w->forest.tokens;
        s->cost = forest_operations(w) * (l->does == TRAIN ? 3 : 1);
        break;
    case SPPO:
        s->cost = forest_operations(w) * 3;
        break;
    case SAMPLE:
        s->amount = n * l->length;
        s->cost = operations(&w->model.config, l->rows * l->prompt + n * steps,
                             n * l->length,
                             l->rows * l->prompt * (l->prompt + 1.0) / 2
                             + n * steps * (l->prompt + (steps + 1) / 2));
        break;
    case APART:
        s->cost = forest_operations(w) * l->rows * l->k * (l->k - 1)
                / APART_ROWS;
        break;
    case OPTIM:  // reads weight, gradient, moments; writes them, gradients as 0
        s->amount = (double)w->model.count / 1e6;
        s->cost = (double)w->model.count * sizeof(sppo_real)
                * (l->option == SPPO_ADAMW ? 8 : 6);
        s->limit = copying;
        break;
    case JUDGE:
    case ALIGN:
    default:
        s->limit = NULL;
        break;
    }
}

static void measure_line(const line *l)
{
    static work w[TEAMS];
    subject s;
    figure f;
    int t;

    memset(&s, 0, sizeof s);
    s.name = l->name;
    s.unit = l->unit;
    s.run = run;
    for (t = 0; t < teams; t++) {
        use_threads(ranks[t]);
        begin(&w[t], l);
        s.of[t] = &w[t];
    }
    count(&s, &w[0]);
    f = measure(&s);
    print_row(&s, &f);
    for (t = 0; t < teams; t++)
        finish(&w[t]);
}

/* ---- growth and memory ---- */

/* Training in steps of 4096 tokens, sampling of 16 sequences at a time. */
static void longer_contexts(what does)
{
    char name[64];
    line l = lines[0];
    int which, n;

    l.does = does;
    l.name = name;
    l.prompt = does == SAMPLE;
    for (which = 'A'; which <= 'B'; which++)
        for (n = 64; n <= 1024; n *= 2) {
            l.shape = (char)which;
            l.rows = does == SAMPLE ? 16 : 4096 / n;
            l.length = n;
            sprintf(name, "%s %c %dx%d", does == SAMPLE ? "sample" : "train",
                    which, l.rows, n);
            measure_line(&l);
        }
}

static void larger_models(what does)
{
    char name[64];
    line l = lines[0];
    int i;

    l.does = does;
    l.name = name;
    l.prompt = does == SAMPLE;
    l.rows = does == SAMPLE ? 64 : 16;
    l.length = does == SAMPLE ? 32 : 128;
    for (i = 0; i < 5; i++) {
        sppo_config c;

        l.shape = "ACBDE"[i];
        c = shape(l.shape);
        must(sppo_config_resolve(&ctx, &c, &c));
        sprintf(name, "%s %.1f M %dx%d", does == SAMPLE ? "sample" : "train",
                (double)sppo_config_count(&c) / 1e6, l.rows, l.length);
        measure_line(&l);
    }
}

/* Resident memory in bytes by /proc, 0 where there is none: "VmRSS" now,
 * "VmHWM" at most since the mark was reset.                                 */
static double resident(const char *key)
{
    char text[256];
    double kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");

    while (status && fgets(text, sizeof text, status))
        if (!strncmp(text, key, strlen(key)))
            sscanf(text + strlen(key), ": %lf", &kilobytes);
    if (status)
        fclose(status);
    return 1024 * kilobytes;
}

static int reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");

    return file && fputs("5", file) >= 0 && fclose(file) == 0;
}

/* The peak of two steps against weights, gradients, moments and the acts. */
static void memory(void)
{
    static work w;
    size_t i;

#ifdef __GLIBC__  // what is freed goes back to the system, not to the next line
    mallopt(M_MMAP_THRESHOLD, 1 << 18);
#endif
    printf("\n%-24s  %9s  %9s\n", "memory of a step, MB", "estimate", "peak");
    for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const line *l = &lines[i];
        double before, used, estimate;

        if ((l->does != TRAIN && l->does != SPPO) || !wanted(l->name))
            continue;
        if (!reset_peak()) {
            printf("not known here: /proc/self/clear_refs cannot be set\n");
            return;
        }
        before = resident("VmRSS");
        begin(&w, l);
        run(&w);
        run(&w);
        used = resident("VmHWM") - before;
        estimate = 3.0 * (double)w.model.count * sizeof(sppo_real)
                 + (double)sppo_activations_bytes(
                       &w.model.config, w.forest.tokens, w.forest.segments,
                       longest_tree(&w.forest), SPPO_STEP);
        printf("%-24s  %9.2f  %9.2f  %5.3f\n", l->name, estimate / 1e6,
               used / 1e6, used / estimate);
        if (csv)
            fprintf(csv, "memory %s,%d,bytes,%.0f,,%.0f,%.4f\n", l->name,
                    ranks[0], used, estimate, used / estimate);
        finish(&w);
    }
}

/* ---- the program ---- */

static int usage(void)
{
    fprintf(stderr, "usage: bench [--only NAME] [--threads N] [--rounds N] "
            "[--csv FILE] [--growth] [--align]\n"
            "NAME: part of a line's name, or \"products\"; rounds: 1 to %d\n",
            MAX_ROUNDS);
    return 1;
}

static void table(int with_align)
{
    const int count = (int)(sizeof lines / sizeof lines[0]);
    int i, some = 0;

    for (i = 0; i < count; i++)
        some |= *only && wanted(lines[i].name);
    if (!some) {
        print_head("kernels");
        kernels();
    }
    print_head("work");
    for (i = 0; i < count; i++)
        if (wanted(lines[i].name) && (lines[i].does != ALIGN || with_align))
            measure_line(&lines[i]);
}

int main(int argc, char **argv)
{
    int i, t, grow = 0, with_align = 0;

    ranks[0] = 1;
    ranks[1] = sppoi_max_threads();
    teams = ranks[1] > 1 ? 2 : 1;
    for (i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (!strcmp(argv[i], "--growth")) {
            grow = 1;
        } else if (!strcmp(argv[i], "--align")) {
            with_align = 1;
        } else if (!strcmp(argv[i], "--only") && *value) {
            only = argv[++i];
        } else if (!strcmp(argv[i], "--threads") && atoi(value) > 0) {
            ranks[0] = atoi(argv[++i]);
            teams = 1;
        } else if (!strcmp(argv[i], "--rounds") && atoi(value) > 0 &&
                   atoi(value) <= MAX_ROUNDS) {
            rounds = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--csv") && *value) {
            csv = fopen(argv[++i], "w");
            if (!csv) {
                fprintf(stderr, "bench: cannot write %s\n", argv[i]);
                return 1;
            }
        } else {
            return usage();
        }
    }
    if (csv)
        fprintf(csv, "name,threads,unit,per_second,seconds,cost_per_second,"
                "share\n");
    if (grow && teams > 1) {  // memory first: nothing has been taken yet
        ranks[0] = ranks[1];
        teams = 1;
    }
    if (grow)
        memory();
    printf("\nA: dim 64, 5 layers, vocabulary 512, 0.26 M parameters\n"
           "B: dim 256, 6 layers, vocabulary 4096, 5.8 M parameters\n");
    for (t = 0; t < teams; t++) {
        use_threads(ranks[t]);
        peak();  // starts the threads
        copying();
        printf("%d thread%s: peak %.0f GFLOP/s, copying %.0f GB/s\n", ranks[t],
               ranks[t] > 1 ? "s" : "", peak() / 1e9, copying() / 1e9);
    }
    printf("medians of %d rounds\n", rounds);
    if (grow) {
        print_head("longer contexts");
        longer_contexts(TRAIN);
        longer_contexts(SAMPLE);
        print_head("larger models");
        larger_models(TRAIN);
        larger_models(SAMPLE);
    } else {
        table(with_align);
    }
    return csv && fclose(csv) != 0;
}
