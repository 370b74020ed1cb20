/* bench.c - tokens per second, beside what the machine can do
 *
 * Measures the peak of fused multiply-adds, then training and sampling on two
 * shapes, interleaved, and prints medians.  GFLOP/s counts 6 floating-point
 * operations per weight of a product and token when training (2 forward, 4
 * backward), 2 when sampling; attention's own are left out.
 *
 *   make bench              OMP_NUM_THREADS=1 make bench for one thread
 */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include <stdio.h>
#include <time.h>

#ifdef _OPENMP
static double now(void) { return omp_get_wtime(); }
#else
static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }
#endif

enum { ROUNDS = 5 };

static sppo_ctx ctx;

static void must(sppo_result result)
{
    if (result != SPPO_OK) {
        fprintf(stderr, "bench: %s\n", ctx.message);
        exit(1);
    }
}

static sppo_config shape(char which)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = which == 'A' ? 512 : 4096;
    c.dim = which == 'A' ? 64 : 256;
    c.layers = which == 'A' ? 5 : 6;
    c.heads = 8;
    c.kv_heads = which == 'A' ? 4 : 8;
    c.hidden = which == 'A' ? 172 : 688;
    c.context = 512;
    c.bos = 1;
    c.eos = -1;  // responses of full length
    return c;
}

/* Weights that take part in a product; with ties the embedding is one. */
static double product_weights(const sppo_model *m)
{
    return (double)m->count
         - (m->config.untied ? (double)m->config.vocab * m->config.dim : 0.0);
}

/* The machine: independent fused multiply-adds on registers, every thread. */
static double peak(void)
{
    enum { CHAINS = 12, TURNS = 200000 };
    const int threads = sppoi_max_threads();
    double start, seconds;
    float sink = 0;
    int t;

    start = now();
    SPPOI_TASKS
    for (t = 0; t < threads; t++) {
        float acc[CHAINS][SPPOI_LANES];
        const float a = 0.999999f, b = 1e-7f;
        int i, c, j;

        for (c = 0; c < CHAINS; c++)
            for (j = 0; j < SPPOI_LANES; j++)
                acc[c][j] = (float)(c + j + t);
        for (i = 0; i < TURNS; i++)
            for (c = 0; c < CHAINS; c++) {
                SPPOI_SIMD
                for (j = 0; j < SPPOI_LANES; j++)
                    acc[c][j] = fmaf(acc[c][j], a, b);
            }
        for (c = 0; c < CHAINS; c++)
            if (acc[c][0] < -1e30f)  // never: keeps the work alive
                sink = acc[c][0];
    }
    seconds = now() - start;
    return 2.0 * CHAINS * SPPOI_LANES * (double)TURNS * threads
         / (seconds + 1e-12 + (double)sink * 0.0) / 1e9;
}

typedef struct work {
    sppo_model model;
    sppo_forest forest;
    sppo_trace trace;
    sppo_optim optim;
    sppo_sampler sampler;
    sppo_lists prompts, responses;
    sppo_real *grad;
    int rows, length;
} work;

static void begin(work *w, char which, int rows, int length)
{
    const sppo_config c = shape(which);
    sppo_optim_config o;
    const int bos = 1;
    int i;

    memset(w, 0, sizeof *w);
    memset(&o, 0, sizeof o);
    o.lr = 1e-4;
    w->rows = rows;
    w->length = length;
    must(sppo_model_init(&ctx, &w->model, &c, 1));
    must(sppo_optim_init(&ctx, &w->optim, &o, &w->model));
    must(sppo_forest_init(&ctx, &w->forest, rows * length, rows));
    must(sppo_trace_init(&ctx, &w->trace, &w->model, rows * length, rows, 1));
    must(sppo_sampler_init(&ctx, &w->sampler, &w->model, rows, 1, 1, length));
    for (i = 0; i < rows; i++)
        must(sppo_lists_add(&ctx, &w->prompts, &bos, 1));
    w->grad = (sppo_real *)sppo_take(&ctx, w->model.count, sizeof *w->grad);
    if (!w->grad)
        must(SPPO_E_MEMORY);
}

static void finish(work *w)
{
    sppo_give(&ctx, w->grad, w->model.count * sizeof *w->grad);
    sppo_lists_free(&ctx, &w->prompts);
    sppo_lists_free(&ctx, &w->responses);
    sppo_sampler_free(&ctx, &w->sampler);
    sppo_optim_free(&ctx, &w->optim);
    sppo_trace_free(&ctx, &w->trace);
    sppo_forest_free(&ctx, &w->forest);
    sppo_model_free(&ctx, &w->model);
}

static double train(work *w)
{
    int tokens[512], r, i;
    double loss, start;

    sppo_forest_clear(&w->forest);
    for (r = 0; r < w->rows; r++) {
        for (i = 0; i < w->length; i++)
            tokens[i] = (int)(sppo_random_bits(7, (uint64_t)(r * 512 + i))
                              % (uint64_t)w->model.config.vocab);
        sppo_forest_add(&w->forest, -1, tokens, w->length, 1);
    }
    start = now();
    must(sppo_next_token_loss(&ctx, &w->trace, &w->model, &w->forest, 0,
                              w->grad, &loss));
    must(sppo_optim_step(&ctx, &w->optim, &w->model, w->grad));
    return now() - start;
}

static double sample(work *w)
{
    sppo_sampling how;
    double start;

    memset(&how, 0, sizeof how);
    how.max_tokens = w->length;
    sppo_lists_clear(&w->responses);
    start = now();
    must(sppo_sample(&ctx, &w->sampler, &w->model, &w->prompts, 0, w->rows,
                     &how, 1, &w->responses));
    return now() - start;
}

static double median(double *x)
{
    int i, j;

    for (i = 1; i < ROUNDS; i++)
        for (j = i; j > 0 && x[j] < x[j - 1]; j--) {
            const double swap = x[j];
            x[j] = x[j - 1];
            x[j - 1] = swap;
        }
    return x[ROUNDS / 2];
}

static void line(char which, int rows, int length)
{
    double train_s[ROUNDS], sample_s[ROUNDS], machine[ROUNDS];
    double weights, tokens, gflop;
    work w;
    int i;

    begin(&w, which, rows, length);
    train(&w);
    sample(&w);
    for (i = 0; i < ROUNDS; i++) {
        machine[i] = peak();
        train_s[i] = train(&w);
        sample_s[i] = sample(&w);
    }
    weights = product_weights(&w.model);
    tokens = (double)rows * length;
    gflop = 6 * weights * tokens / median(train_s) / 1e9;
    printf("%c train  %3d x %3d  %9.0f tokens/s  %6.1f GFLOP/s  %3.0f %% of "
           "peak\n", which, rows, length, tokens / median(train_s), gflop,
           100 * gflop / median(machine));
    gflop = 2 * weights * tokens / median(sample_s) / 1e9;
    printf("%c sample %3d x %3d  %9.0f tokens/s  %6.1f GFLOP/s  %3.0f %% of "
           "peak\n", which, rows, length, tokens / median(sample_s), gflop,
           100 * gflop / median(machine));
    fflush(stdout);
    finish(&w);
}

int main(void)
{
    peak();  // starts the threads
    printf("A: dim 64, 5 layers, vocabulary 512, 0.26 M parameters\n"
           "B: dim 256, 6 layers, vocabulary 4096, 5.4 M parameters\n"
           "%d threads, peak %.0f GFLOP/s, medians of %d\n",
           sppoi_max_threads(), peak(), ROUNDS);
    line('A', 64, 64);
    line('A', 16, 128);
    line('B', 64, 64);
    line('B', 16, 128);
    return 0;
}
