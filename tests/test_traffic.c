/* test_traffic.c - what processes that train together send each other: counted
 * on up to 1,000 ranks, beside a formula, and what that comes to in seconds
 *
 * The ranks are threads of one process.  They meet in the all-reduce, where
 * the last to come carries the messages of all, piece by piece as sum_in_order
 * of examples/cluster/mpi_align.c has MPI do it, and counts them.
 * The same formula makes the table of tests/README.md.
 */
#define _DEFAULT_SOURCE
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#ifdef _OPENMP
#include <omp.h>
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1000,    // ranks
       PIECE = 4096,   // numbers that a message of mpi_align.c has at most
       GATHERED = SPPOI_SHARED_AT_ONCE,  // bytes that go through one sum
       STACK = 512 << 10 };

/* What an iteration is made of; all responses have the same length. */
typedef struct shape {
    int prompts, k, prompt_tokens, response_tokens;
    int batch, epochs;
    int pass;       // prompts of a pass
    int at_once;    // prompts that a rank samples at once
    size_t weights;
} shape;

/* Of an iteration: numbers that are summed; what one rank sends for that. */
typedef struct traffic {
    double calls, summed, messages, numbers;
} traffic;

/* ==== the formula ======================================================== */

static int parts(int n, int of) { return (n + of - 1) / of; }

/* One all-reduce of n numbers.  Each rank sends to each other its part of the
 * numbers, and the sum of its own part; a part goes in pieces.              */
static void reduce(traffic *t, int ranks, size_t n)
{
    const size_t part = (n + (size_t)ranks - 1) / (size_t)ranks;
    const double others = ranks - 1.0;

    if (ranks == 1 || n == 0)
        return;
    t->calls++;
    t->summed += (double)n;
    t->messages += 2 * others * (double)((part + PIECE - 1) / PIECE);
    t->numbers += 2 * others * (double)part;
}

/* An array whose parts the ranks have: each byte is one of the numbers. */
static void gather(traffic *t, int ranks, size_t bytes)
{
    for (; bytes > GATHERED; bytes -= GATHERED)
        reduce(t, ranks, GATHERED);
    reduce(t, ranks, bytes);
}

/* Prompts from `from` on that are worked on before the ranks meet. */
static size_t next(int from, int all, int ranks, int one)
{
    return (size_t)(all - from < ranks * one ? all - from : ranks * one);
}

/* Log-probabilities of `count` prompts; the gradient after each meeting. */
static void passes(traffic *t, const shape *s, int ranks, int count,
                   size_t gradient)
{
    int meetings = parts(parts(count, s->pass), ranks);

    while (meetings-- > 0) {
        reduce(t, ranks, 1);  // whether all went well
        reduce(t, ranks, gradient);
    }
    gather(t, ranks, (size_t)count * (size_t)s->k * sizeof(double));
}

static traffic iteration(const shape *s, int ranks)
{
    traffic t = { 0, 0, 0, 0 };
    const size_t k = (size_t)s->k, y = (size_t)s->response_tokens;
    const int judged = SPPOI_PROMPTS_AT_ONCE;
    size_t n;
    int p, step;

    for (p = 0; p < s->prompts; p += (int)n) {
        n = next(p, s->prompts, ranks, s->at_once);
        reduce(&t, ranks, 1);
        gather(&t, ranks, n * k * sizeof(int));      // how long they are
        gather(&t, ranks, n * k * y * sizeof(int));  // responses
        reduce(&t, ranks, 1);                        // whether to go on
    }
    for (p = 0; p < s->prompts; p += (int)n) {
        n = next(p, s->prompts, ranks, judged);
        reduce(&t, ranks, 1);
        gather(&t, ranks, n * k * k * sizeof(double));  // preferences
        reduce(&t, ranks, 1);
    }
    passes(&t, s, ranks, s->prompts, 0);  // log pi_t
    for (step = 0; step < s->epochs; step++)
        for (p = 0; p < s->prompts; p += s->batch) {
            passes(&t, s, ranks, (int)next(p, s->prompts, 1, s->batch),
                   s->weights);
            reduce(&t, ranks, 1);
        }
    reduce(&t, ranks, 1);  // whether the weights still are numbers
    return t;
}

/* The numbers that are summed, as tests/README.md has it. */
static double summed(const shape *s, int ranks)
{
    const double p = s->prompts, k = s->k, y = s->response_tokens;
    const double epochs = s->epochs;
    const int rest = s->prompts % s->batch;
    const int whole = s->prompts / s->batch, steps = whole + (rest > 0);
    const int meetings = whole * parts(parts(s->batch, s->pass), ranks)
                       + parts(parts(rest, s->pass), ranks);
    const int others = 2 * parts(s->prompts, s->at_once * ranks)
                     + 2 * parts(s->prompts, SPPOI_PROMPTS_AT_ONCE * ranks)
                     + parts(parts(s->prompts, s->pass), ranks);

    return ranks == 1 ? 0.0
        : 4 * p * k * (1 + y) + 8 * p * k * k + 8 * p * k * (1 + epochs)
          + epochs * meetings * (double)s->weights
          + others + epochs * (meetings + steps) + 1;
}

/* ==== ranks in one process =============================================== */

typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t over;
    int size, here, number;
    size_t count;                   // numbers that are summed
    sppo_real *buffer[MOST];
    sppo_real sum[PIECE];
    double calls, summed, messages, numbers;  // of all ranks
    int differ;                     // ranks came with different counts
    int fails;                      // the sum that fails; 0: none
} meeting;

typedef struct member {
    meeting *at;
    sppo_ranks ranks;
    const shape *of;
    int finished, sums;
    char message[sizeof ((sppo_ctx *)0)->message];
    sppo_real *weights;
    sppo_progress last;
    size_t held;
} member;

static meeting hall;
static member members[MOST];

/* Rank `owner` is sent everyone's [from, from + n), padded to a piece, adds up
 * in the order of ranks, and sends the sum to all.                          */
static void carry(meeting *m, int owner, size_t from, size_t n, size_t piece)
{
    const size_t bytes = n * sizeof(sppo_real);
    int rank;
    size_t i;

    if (n)
        memcpy(m->sum, m->buffer[0] + from, bytes);
    for (rank = 1; rank < m->size; rank++)
        for (i = 0; i < n; i++)
            m->sum[i] += m->buffer[rank][from + i];
    for (rank = 0; rank < m->size; rank++) {
        if (n)
            memcpy(m->buffer[rank] + from, m->sum, bytes);
        if (rank != owner) {  // there and back
            m->messages += 2;
            m->numbers += 2.0 * (double)piece;
        }
    }
}

static void carry_all(meeting *m)
{
    const size_t size = (size_t)m->size;
    size_t at, piece, n;
    int owner;

    m->calls++;
    m->summed += (double)m->count;
    for (at = 0; at < m->count; at += piece * size) {
        piece = (m->count - at - 1) / size + 1;
        piece = piece < PIECE ? piece : PIECE;
        for (owner = 0; owner < m->size; owner++) {
            const size_t from = at + (size_t)owner * piece;

            n = from < m->count ? m->count - from : 0;
            carry(m, owner, from, n < piece ? n : piece, piece);
        }
    }
}

/* All wait for the last, who does what there is to do; 0: they do not fit. */
static int meet(meeting *m, int rank, sppo_real *buffer, size_t count)
{
    int number, fit;

    pthread_mutex_lock(&m->lock);
    m->differ |= m->here > 0 && count != m->count;
    m->count = count;
    m->buffer[rank] = buffer;
    number = m->number;
    if (++m->here == m->size) {
        if (!m->differ && buffer)
            carry_all(m);
        if (!buffer)  // the beginning of what is counted
            m->calls = m->summed = m->messages = m->numbers = 0;
        m->here = 0;
        m->number++;
        pthread_cond_broadcast(&m->over);
    }
    while (m->number == number)
        pthread_cond_wait(&m->over, &m->lock);
    fit = !m->differ;
    pthread_mutex_unlock(&m->lock);
    return fit;
}

static sppo_result all_reduce(sppo_ctx *ctx, void *user, sppo_real *buffer,
                              size_t count)
{
    member *own = (member *)user;

    if (++own->sums == own->at->fails)
        return sppo_fail(ctx, SPPO_E_IO, "the network is down");
    return meet(own->at, own->ranks.rank, buffer, count) ? SPPO_OK
        : sppo_fail(ctx, SPPO_E_IO, "other ranks sum another count");
}

/* The response whose tokens add up to more. */
static sppo_result judge(sppo_ctx *ctx, void *user, const sppo_lists *prompts,
                         const sppo_lists *responses, int k, int first,
                         int count, double *pairwise)
{
    int p, i, j, t;

    (void)ctx, (void)user, (void)prompts, (void)first;
    for (p = 0; p < count * k; p += k)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                double s = 0.0;

                for (t = 0; t < sppo_lists_length(responses, p + i); t++)
                    s += sppo_lists_tokens(responses, p + i)[t];
                for (t = 0; t < sppo_lists_length(responses, p + j); t++)
                    s -= sppo_lists_tokens(responses, p + j)[t];
                pairwise[(p + i) * k + j] = sppo_sigmoid(s / 4.0);
            }
    return SPPO_OK;
}

static sppo_play_config config_of(const member *own)
{
    const shape *s = own->of;
    sppo_play_config c;

    memset(&c, 0, sizeof c);
    c.eta = 2.0;
    c.k = s->k;
    c.iterations = 1;
    c.prompts_per_iteration = s->prompts;
    c.batch = s->batch;
    c.epochs = s->epochs;
    c.seed = 42;
    c.pass_tokens = s->pass * (s->prompt_tokens + 2 * s->response_tokens);
    c.sampling.max_tokens = s->response_tokens;
    c.optim.lr = 2e-3;
    c.ranks = &own->ranks;
    return c;
}

/* Without an EOS, so that responses end at max_tokens. */
static sppo_result begin(member *own, sppo_ctx *ctx, sppo_model *policy,
                         sppo_lists *prompts)
{
    sppo_config c;
    int i, prompt[8] = { 1, 0, 3, 3, 3, 3, 3, 3 };

    memset(&c, 0, sizeof c);
    c.vocab = 8, c.dim = 4, c.layers = 1, c.heads = 1, c.hidden = 4;
    c.context = 16, c.bos = 1, c.eos = -1;
    for (i = 0; i < own->of->prompts; i++) {
        prompt[1] = 2 + i % 6;
        SPPOI_TRY(sppo_lists_add(ctx, prompts, prompt, own->of->prompt_tokens));
    }
    return sppo_model_init(ctx, policy, &c, 7);
}

static void *be_rank(void *arg)
{
    member *own = (member *)arg;
    const sppo_judge by = { judge, NULL };
    const sppo_play_config config = config_of(own);
    sppo_ctx *ctx = (sppo_ctx *)calloc(1, sizeof *ctx);
    sppo_play *play = (sppo_play *)calloc(1, sizeof *play);
    sppo_model policy = { 0 };
    sppo_lists prompts = { 0 };

#ifdef _OPENMP
    omp_set_num_threads(1);  // a rank is one thread, not a team
#endif
    pthread_mutex_lock(&own->at->lock);  // until all are there
    pthread_mutex_unlock(&own->at->lock);
    if (ctx && play && own->at->size) {
        if (begin(own, ctx, &policy, &prompts) == SPPO_OK &&
            sppo_play_init(ctx, play, &config, &policy, &prompts) == SPPO_OK) {
            meet(own->at, own->ranks.rank, NULL, 0);
            own->finished = sppo_play_run(ctx, play, &by) == SPPO_OK;
        }
        memcpy(own->message, ctx->message, sizeof own->message);
        own->last = play->last;
        own->weights = (sppo_real *)malloc(policy.count * sizeof(sppo_real));
        if (own->weights)
            memcpy(own->weights, policy.weights,
                   policy.count * sizeof(sppo_real));
        sppo_play_free(ctx, play);
        sppo_lists_free(ctx, &prompts);
        sppo_model_free(ctx, &policy);
        own->held = ctx->held;
    }
    free(play);
    free(ctx);
    return NULL;
}

/* Runs an iteration; 0: there are not so many threads. */
static int run_ranks(const shape *s, int size, int fails)
{
    static pthread_t thread[MOST];
    pthread_attr_t attr;
    int r, begun;

    memset(&hall, 0, sizeof hall);
    memset(members, 0, sizeof members);
    hall.fails = fails;
    pthread_mutex_init(&hall.lock, NULL);
    pthread_cond_init(&hall.over, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    pthread_mutex_lock(&hall.lock);
    for (begun = 0; begun < size; begun++) {
        member *m = &members[begun];

        m->at = &hall;
        m->of = s;
        m->ranks.rank = begun;
        m->ranks.size = size;
        m->ranks.all_reduce = all_reduce;
        m->ranks.user = m;
        if (pthread_create(&thread[begun], &attr, be_rank, m))
            break;
    }
    hall.size = begun < size ? 0 : size;
    pthread_mutex_unlock(&hall.lock);
    for (r = 0; r < begun; r++)
        pthread_join(thread[r], NULL);
    pthread_attr_destroy(&attr);
    pthread_cond_destroy(&hall.over);
    pthread_mutex_destroy(&hall.lock);
    return begun == size;
}

static void free_ranks(void)
{
    int r;

    for (r = 0; r < MOST; r++)
        free(members[r].weights);
}

/* ==== counted, beside the formula ======================================== */

/* Whether all ranks came to the end with the weights and figures of `first`. */
static int all_have(const member *first, int size, size_t count)
{
    int r, same = 1;

    for (r = 0; r < size && same; r++) {
        const member *m = &members[r];

        same = m->finished && m->held == 0 && m->weights &&
               !memcmp(m->weights, first->weights, count * sizeof(sppo_real)) &&
               !memcmp(&m->last, &first->last, sizeof m->last);
        if (!same)
            printf("    rank %d of %d: %s\n", r, size, m->message);
    }
    return same;
}

static int near(double a, double b) { return fabs(a - b) < 0.5; }

static int counted_is(const traffic *t, double by_the_readme, int size)
{
    const int same = near(hall.calls, t->calls) &&
        near(hall.summed, t->summed) && near(hall.summed, by_the_readme) &&
        near(hall.messages, size * t->messages) &&
        near(hall.numbers, size * t->numbers);

    if (!same)
        printf("    %d ranks: %.0f calls, %.0f summed, %.0f messages, %.0f "
               "numbers; by the formula %.0f, %.0f and %.0f, %.0f, %.0f\n",
               size, hall.calls, hall.summed, hall.messages / size,
               hall.numbers / size, t->calls, t->summed, by_the_readme,
               t->messages, t->numbers);
    return same;
}

static size_t weights_of_the_model(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model policy = { 0 };
    sppo_lists prompts = { 0 };
    static shape none;
    member m = { 0 };
    size_t count;

    m.of = &none;
    CHECK_OK(&ctx, begin(&m, &ctx, &policy, &prompts));
    count = policy.count;
    sppo_model_free(&ctx, &policy);
    sppo_lists_free(&ctx, &prompts);
    return count;
}

/* One rank, and then others to the same bits and by the formula. */
static void compare(shape s, const int *sizes, int count)
{
    static member one;
    int i;

    s.weights = weights_of_the_model();
    for (i = 0; i < count; i++) {
        const traffic expected = iteration(&s, sizes[i]);

        if (!run_ranks(&s, sizes[i], 0))
            SKIP("this machine gives a process fewer threads");
        if (i == 0) {
            one = members[0];
            members[0].weights = NULL;
        } else {
            CHECK(all_have(&one, sizes[i], s.weights));
        }
        CHECK(!hall.differ && counted_is(&expected, summed(&s, sizes[i]),
                                         sizes[i]));
        free_ranks();
    }
    free(one.weights);
}

static void up_to_a_thousand_ranks_send_what_the_formula_says(void)
{
    static const int sizes[] = { 1, 2, 10, 100, 317, 1000 };
    const shape s = { 1000, 2, 2, 3, 400, 1, 1, 4, 0 };

    compare(s, sizes, COUNT(sizes));
}

/* More than a prompt a pass, a last batch and a last pass that are shorter. */
static void what_does_not_divide_is_in_the_formula(void)
{
    static const int sizes[] = { 1, 2, 3, 5, 7, 12, 40 };
    const shape s = { 101, 3, 2, 4, 23, 2, 3, 15, 0 };

    compare(s, sizes, COUNT(sizes));
}

static void ranks_without_a_prompt_do_no_harm(void)
{
    static const int sizes[] = { 1, 4, 9 };
    const shape s = { 5, 2, 2, 3, 5, 1, 1, 4, 0 };

    compare(s, sizes, COUNT(sizes));
}

/* Whatever it sums, on all ranks at once: all end with its sentence. */
static void each_sum_that_fails_ends_the_run_of_all(void)
{
    const shape s = { 5, 2, 2, 3, 3, 1, 1, 4, 0 };
    int fails, r, ended = 0;

    for (fails = 1; !ended && fails < 1000; fails++) {
        if (!CHECK(run_ranks(&s, 3, fails)))
            return;
        ended = members[0].finished;
        for (r = 0; r < 3 && !ended; r++)
            CHECK(!members[r].finished && members[r].held == 0 &&
                  strstr(members[r].message, "the network is down"));
        free_ranks();
    }
    CHECK(ended && fails > 20);
}

/* ==== in seconds ========================================================= */

/* A machine's measured speeds, in tokens a second, and a network's assumed. */
typedef struct speeds {
    const char *name;
    size_t weights;
    double train, sample;
} speeds;

static const double BYTES_A_SECOND = 1.25e9, SECONDS_A_MESSAGE = 20e-6;

/* A forward pass takes a third of a training step's time. */
static double work_seconds(const shape *s, const speeds *v, int ranks)
{
    const double k = s->k, x = s->prompt_tokens, y = s->response_tokens;
    const double own = parts(s->prompts, ranks), pass = s->pass * (x + 2 * y);
    const int meetings = parts(parts(s->prompts, s->pass), ranks);
    const int rest = s->prompts % s->batch;
    const int fits = parts(parts(s->batch, s->pass), ranks)
                         * (s->prompts / s->batch)
                     + parts(parts(rest, s->pass), ranks);

    return own * k * y / v->sample
         + own * (x + k * y + k * (k - 1) * y) / (3 * v->train)
         + meetings * pass / (3 * v->train)
         + s->epochs * fits * pass / v->train;
}

static double sent_bytes(const traffic *t) { return t->numbers * 4; }

static double exchange_seconds(const shape *s, int ranks)
{
    const traffic t = iteration(s, ranks);

    return sent_bytes(&t) / BYTES_A_SECOND + t.messages * SECONDS_A_MESSAGE;
}

static double seconds(const shape *s, const speeds *v, int ranks)
{
    return work_seconds(s, v, ranks) + exchange_seconds(s, ranks);
}

/* How many ranks are fastest. */
static int fastest(const shape *s, const speeds *v)
{
    int r, best = 1;

    for (r = 2; r <= MOST; r++)
        if (seconds(s, v, r) < seconds(s, v, best))
            best = r;
    return best;
}

static void row_of(char row[200], const shape *s, const speeds *v, int ranks,
                   int bold)
{
    const traffic t = iteration(s, ranks);
    const double tokens = (double)parts(s->prompts, ranks) * s->k *
                          s->response_tokens;

    snprintf(row, 200, "| %s | %s%d%s | %.0f | %.2f | %.2f | %.0f + %.0f | "
             "%.1f |", v->name, bold ? "**" : "", ranks, bold ? "**" : "",
             tokens / 1e3, sent_bytes(&t) / 1e9, t.messages / 1e6,
             work_seconds(s, v, ranks), exchange_seconds(s, ranks),
             seconds(s, v, 1) / seconds(s, v, ranks));
}

/* A line for each number of ranks, the fastest in bold. */
static void look_for_rows(const char *text, const shape *s, const speeds *v)
{
    const int best = fastest(s, v);
    const int ranks[] = { 1, 10, best, 100, 1000 };
    char row[200];
    int i;

    for (i = 0; i < COUNT(ranks); i++) {
        row_of(row, s, v, ranks[i], i == 2);
        if (!CHECK(strstr(text, row)))
            printf("    the line would be: %s\n", row);
    }
}

static void the_table_of_the_README_is_the_formula(void)
{
    static const speeds models[] = { { "A", 260032, 65e3, 167e3 },
                                     { "B", 5800000, 4.6e3, 8.4e3 } };
    char *text = NULL;
    sppo_ctx ctx = { 0 };
    size_t size = 0;
    int m;

    if (!CHECK_OK(&ctx, sppo_file_read(&ctx, "tests/README.md", &text, &size)))
        return;
    for (m = 0; m < COUNT(models); m++) {
        const shape s = { 20000, 5, 32, 64, 64, 1, 1, 32, models[m].weights };

        look_for_rows(text, &s, &models[m]);
    }
    sppo_release(&ctx, text, size + 1);
}

static const check_case cases[] = {
    CASE(up_to_a_thousand_ranks_send_what_the_formula_says),
    CASE(what_does_not_divide_is_in_the_formula),
    CASE(ranks_without_a_prompt_do_no_harm),
    CASE(each_sum_that_fails_ends_the_run_of_all),
    CASE(the_table_of_the_README_is_the_formula)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
