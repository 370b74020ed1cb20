/* test_ranks.c - Algorithm 1 on several processes that sum their gradients
 *
 * Every rank is a process of its own; rank 0 adds up what the others send
 * through pipes.  The parent computes nothing: a child of a process that has
 * used OpenMP may not use it.
 */
#define _DEFAULT_SOURCE
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRATCH "build/test_ranks.ckpt"
/* What the order of addition may change: some roundings of every gradient.  On
 * the whole of the weights that is little.  But RMSprop divides a gradient by
 * its own size: an entry whose terms cancel down to their rounding, one or two
 * of the 4096, moves as far as any other, in the first step by 10 lr = 2e-2.
 * Builds differ in which: 1.5e-5 with fused multiply-adds, 2.2e-4 without.  */
#define ON_THE_WHOLE (sizeof(sppo_real) == 4 ? 2e-5 : 1e-12)
#define OF_ONE (sizeof(sppo_real) == 4 ? 2e-3 : 1e-9)

enum { RANKS = 5, PROMPTS = 21, WEIGHTS = 4096, TOKENS = 4096 };

/* What a test wants of its ranks. */
typedef struct setup {
    int rank_count;   // 0: no ranks
    int backwards;    // add up from the last rank to the first
    int twice;        // a sum that counts rank 0 twice
    int pass_tokens, keep_all, bradley_terry, penalty, loss;
    int bad_judge;    // the rank whose judge fails; 0: none
    int stops;        // the rank whose progress stops the run after `stop_at`
    int stop_at;      //   calls; then all go on
    int brakes_at;    // that rank's ctx->stop says so when asked so often
    int dies;         // the rank that ends in the middle of a round
    int other_eta, no_eta, other_seed, no_memory;  // the rank that has it
    int save, load;   // save at the stop and end there; begin from that file
    int sum_fails;    // the sum that fails, on all ranks; 0: none
} setup;

/* What is known of a rank at the end. */
typedef struct outcome {
    sppo_result code;
    char message[400];
    int finished, held, stopped, tokens;
    sppo_real weights[WEIGHTS];
    sppo_progress last;
    int token[TOKENS];
} outcome;

typedef struct wire { int up[2], down[2]; } wire;  // of a rank and rank 0

/* What a rank knows. */
typedef struct member {
    const setup *how;
    int rank, calls, asked, sums;
    wire *wires;
    sppo_ranks ranks;
} member;

/* ==== the sum ============================================================ */

static int send_all(int fd, const void *data, size_t size)
{
    const char *at = (const char *)data;

    while (size > 0) {
        const ssize_t n = write(fd, at, size);

        if (n <= 0)
            return 0;
        at += n;
        size -= (size_t)n;
    }
    return 1;
}

static int receive_all(int fd, void *data, size_t size)
{
    char *at = (char *)data;

    while (size > 0) {
        const ssize_t n = read(fd, at, size);

        if (n <= 0)
            return 0;
        at += n;
        size -= (size_t)n;
    }
    return 1;
}

static sppo_result gone(sppo_ctx *ctx, int rank)
{
    return sppo_fail(ctx, SPPO_E_IO, "rank %d is gone", rank);
}

/* Rank 0: its own numbers, then those of 1, 2, ..; the sum goes to all. */
static sppo_result add_all(sppo_ctx *ctx, const member *m, sppo_real *buffer,
                           size_t count)
{
    const size_t bytes = count * sizeof *buffer;
    sppo_real *all = (sppo_real *)malloc(bytes * RANKS);
    sppo_result result = SPPO_OK;
    int turn, rank;
    size_t i;

    memcpy(all, buffer, bytes);
    for (rank = 1; rank < m->ranks.size && result == SPPO_OK; rank++)
        if (!receive_all(m->wires[rank].up[0], all + (size_t)rank * count,
                         bytes))
            result = gone(ctx, rank);
    for (i = 0; i < count; i++)
        buffer[i] = m->how->twice ? all[i] : 0;
    for (turn = 0; turn < m->ranks.size; turn++) {
        rank = m->how->backwards ? m->ranks.size - 1 - turn : turn;
        for (i = 0; i < count; i++)
            buffer[i] += all[(size_t)rank * count + i];
    }
    free(all);
    for (rank = 1; rank < m->ranks.size && result == SPPO_OK; rank++)
        if (!send_all(m->wires[rank].down[1], buffer, bytes))
            result = gone(ctx, rank);
    return result;
}

static sppo_result sum(sppo_ctx *ctx, void *user, sppo_real *buffer,
                       size_t count)
{
    member *m = (member *)user;
    const size_t bytes = count * sizeof *buffer;

    if (++m->sums == m->how->sum_fails)
        return sppo_fail(ctx, SPPO_E_IO, "the network is down");
    if (m->rank == 0)
        return add_all(ctx, m, buffer, count);
    if (!send_all(m->wires[m->rank].up[1], buffer, bytes) ||
        !receive_all(m->wires[m->rank].down[0], buffer, bytes))
        return gone(ctx, 0);
    return SPPO_OK;
}

/* ==== a rank ============================================================= */

/* The response whose tokens add up to more. */
static sppo_result judge(sppo_ctx *ctx, void *user, const sppo_lists *prompts,
                         const sppo_lists *responses, int k, int first,
                         int count, double *pairwise)
{
    const member *m = (const member *)user;
    int p, i, j, t;

    (void)prompts, (void)first;
    if (m->how->dies && m->how->dies == m->rank)
        _exit(3);
    if (m->how->bad_judge && m->how->bad_judge == m->rank)
        return sppo_fail(ctx, SPPO_E_JUDGE, "the judge is tired of %d prompts",
                         count);
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                double s = 0.0;

                for (t = 0; t < sppo_lists_length(responses, p * k + i); t++)
                    s += sppo_lists_tokens(responses, p * k + i)[t];
                for (t = 0; t < sppo_lists_length(responses, p * k + j); t++)
                    s -= sppo_lists_tokens(responses, p * k + j)[t];
                pairwise[(p * k + i) * k + j] = sppo_sigmoid(s / 4.0);
            }
    return SPPO_OK;
}

static int progress(void *user, const sppo_progress *p)
{
    member *m = (member *)user;

    (void)p;
    return ++m->calls == m->how->stop_at && m->rank == m->how->stops;
}

static int brakes(void *user)
{
    member *m = (member *)user;

    return ++m->asked == m->how->brakes_at && m->rank == m->how->stops;
}

static sppo_play_config config_of(member *m)
{
    const setup *how = m->how;
    sppo_play_config c;

    memset(&c, 0, sizeof c);
    c.eta = how->other_eta && how->other_eta == m->rank ? 2.5 : 2.0;
    if (how->no_eta && how->no_eta == m->rank)
        c.eta = 0.0;
    c.k = 3;
    c.iterations = 2;
    c.prompts_per_iteration = PROMPTS;
    c.batch = 8;
    c.epochs = 2;
    c.seed = 42;
    c.pass_tokens = how->pass_tokens ? how->pass_tokens : 32;
    c.keep_all = how->keep_all;
    c.bradley_terry = how->bradley_terry;
    c.missing_eos_penalty = how->penalty;
    c.loss = (sppo_loss)how->loss;
    if (c.loss == SPPO_LOSS_GAP || c.loss == SPPO_LOSS_DNO)
        c.signal = SPPO_SIGNAL_PAIR;
    c.length_normalised = c.loss == SPPO_LOSS_CLIP;
    c.pull = c.loss == SPPO_LOSS_GAP || c.loss == SPPO_LOSS_CLIP ? 0.3 : 0.0;
    c.reference_every = c.loss == SPPO_LOSS_CLIP;
    c.opponents = c.loss == SPPO_LOSS_GAP;
    c.sampling.max_tokens = 5;
    c.optim.lr = 2e-3;
    c.optim.clip = 0.5;
    c.progress = progress;
    c.progress_user = m;
    c.ranks = how->rank_count ? &m->ranks : NULL;
    return c;
}

/* All of a run: 1 when it came to its end. */
static int run(member *m, sppo_ctx *ctx, sppo_model *policy,
               sppo_lists *prompts, sppo_play *play, outcome *out)
{
    const sppo_play_config config = config_of(m);
    sppo_judge by = { judge, NULL };
    sppo_config c;
    int i;

    by.user = m;
    ctx->stop = brakes;
    ctx->stop_user = m;
    memset(&c, 0, sizeof c);
    c.vocab = 8, c.dim = 16, c.layers = 1, c.heads = 2, c.kv_heads = 1;
    c.hidden = 24, c.context = 16, c.bos = 1, c.eos = 2;
    if (sppo_model_init(ctx, policy, &c, m->how->other_seed &&
                        m->how->other_seed == m->rank ? 8 : 7))
        return 0;
    for (i = 0; i < PROMPTS; i++) {
        const int prompt[4] = { 1, 3 + i % 5, 3 + i / 5 % 5, 3 };

        if (sppo_lists_add(ctx, prompts, prompt, 2 + i % 3))
            return 0;
    }
    if (m->how->no_memory && m->how->no_memory == m->rank)
        ctx->limit = ctx->held + 1000;
    if (sppo_play_init(ctx, play, &config, policy, prompts) ||
        (m->how->load && sppo_play_load(ctx, play, SCRATCH)))
        return 0;
    while (sppo_play_run(ctx, play, &by) != SPPO_OK) {
        if (ctx->code != SPPO_E_STOPPED)
            return 0;
        out->stopped++;
        if (m->how->save)
            return m->rank > 0 || sppo_play_save(ctx, play, SCRATCH) == SPPO_OK;
    }
    return 1;
}

/* The body of a process; what is worth knowing goes to `out`. */
static void be_rank(member *m, outcome *out)
{
    static sppo_ctx ctx;
    static sppo_model policy;
    static sppo_lists prompts;
    static sppo_play play;
    const sppo_lists *y = &play.round.responses;

    out->finished = run(m, &ctx, &policy, &prompts, &play, out);
    out->code = ctx.code;
    memcpy(out->message, ctx.message, sizeof out->message);
    memcpy(out->weights, policy.weights, policy.count * sizeof(sppo_real));
    out->last = play.last;
    if (y->start && y->start[y->count] <= TOKENS) {
        out->tokens = y->start[y->count];
        memcpy(out->token, y->token, (size_t)out->tokens * sizeof(int));
    }
    sppo_play_free(&ctx, &play);
    sppo_lists_free(&ctx, &prompts);
    sppo_model_free(&ctx, &policy);
    out->held = ctx.held != 0;
}

/* A rank keeps its own ends of the wires alone, so that the end of another is
 * the end of a file.                                                        */
static void keep_own_ends(wire *wires, int rank_count, int own)
{
    int r;

    for (r = 1; r < rank_count; r++) {
        if (own != 0) {
            close(wires[r].up[0]);
            close(wires[r].down[1]);
        }
        if (own != r) {
            close(wires[r].up[1]);
            close(wires[r].down[0]);
        }
    }
}

/* Runs all ranks; the outcomes are valid until the next call. */
static const outcome *play_ranks(const setup *how)
{
    static outcome *out;
    const int rank_count = how->rank_count ? how->rank_count : 1;
    wire wires[RANKS];
    int r;

    if (!out)
        out = (outcome *)mmap(NULL, RANKS * sizeof *out,
                              PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(out, 0, RANKS * sizeof *out);
    fflush(stdout);
    signal(SIGPIPE, SIG_IGN);
    for (r = 1; r < rank_count; r++)
        if (pipe(wires[r].up) || pipe(wires[r].down))
            return out;
    for (r = 0; r < rank_count; r++)
        if (fork() == 0) {
            static member m;

            m.how = how;
            m.rank = r;
            m.wires = wires;
            m.ranks.rank = r;
            m.ranks.size = rank_count;
            m.ranks.all_reduce = rank_count > 1 ? sum : NULL;
            m.ranks.user = &m;
            keep_own_ends(wires, rank_count, r);
            be_rank(&m, &out[r]);
            _exit(0);
        }
    keep_own_ends(wires, rank_count, rank_count);  // a parent has no ends
    for (r = 0; r < rank_count; r++)
        wait(NULL);
    return out;
}

static int same_run(const outcome *a, const outcome *b)
{
    return a->finished && b->finished && !a->held && !b->held
        && memcmp(a->weights, b->weights, sizeof a->weights) == 0
        && memcmp(&a->last, &b->last, sizeof a->last) == 0
        && a->tokens == b->tokens
        && memcmp(a->token, b->token, sizeof a->token) == 0;
}

static double distance(const outcome *a, const outcome *b)
{
    double most = 0.0;
    int i;

    for (i = 0; i < WEIGHTS; i++)
        most = fmax(most, fabs((double)a->weights[i] - (double)b->weights[i]));
    return most;
}

/* The same, as the root of the mean square. */
static double distance_on_the_whole(const outcome *a, const outcome *b)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < WEIGHTS; i++)
        sum += pow((double)a->weights[i] - (double)b->weights[i], 2.0);
    return sqrt(sum / WEIGHTS);
}

static setup ranks_of(int rank_count)
{
    setup how;

    memset(&how, 0, sizeof how);
    how.rank_count = rank_count;
    return how;
}

/* ==== the same run ======================================================= */

static void compare_sizes(setup how)
{
    static outcome one;
    int rank_count, r;

    how.rank_count = 1;
    one = play_ranks(&how)[0];
    CHECK(one.finished);
    for (rank_count = 2; rank_count <= RANKS; rank_count++) {
        const outcome *out;

        how.rank_count = rank_count;
        out = play_ranks(&how);
        for (r = 0; r < rank_count; r++)
            if (!CHECK(same_run(&out[r], &one)))
                printf("    rank %d of %d: %s\n", r, rank_count,
                       out[r].message);
    }
}

static void any_number_of_ranks_has_the_same_bits(void)
{
    setup how = ranks_of(1);

    compare_sizes(how);
    how.keep_all = 1;
    how.bradley_terry = 1;
    how.penalty = 1;
    compare_sizes(how);
}

/* What losses beyond the paper look at, every rank has: matrices, lengths. */
static void losses_of_others_have_the_same_bits(void)
{
    static outcome one;
    setup how = ranks_of(1);
    int r;

    for (how.loss = SPPO_LOSS_GPO; how.loss < SPPOI_LOSSES; how.loss++) {
        const outcome *out;

        how.keep_all = sppoi_losses[how.loss].takes_all;
        how.rank_count = 1;
        one = play_ranks(&how)[0];
        CHECK(one.finished);
        how.rank_count = 3;
        out = play_ranks(&how);
        for (r = 0; r < 3; r++)
            CHECK(same_run(&out[r], &one));
    }
}

/* A step of one pass has nothing to add up: the bits of ranks are a process's. */
static void one_pass_has_the_bits_of_no_ranks(void)
{
    static outcome alone;
    setup how = ranks_of(0);

    how.pass_tokens = 1024;
    alone = play_ranks(&how)[0];
    how.rank_count = 3;
    CHECK(same_run(&play_ranks(&how)[2], &alone));
}

static void alone_is_the_same_to_rounding(void)
{
    static outcome alone;
    setup how = ranks_of(0);
    const outcome *out;

    alone = play_ranks(&how)[0];
    how.rank_count = 3;
    out = play_ranks(&how);
    CHECK(alone.finished);
    CHECK_NEAR(distance(&out[0], &alone), 0.0, OF_ONE);
    CHECK_NEAR(distance_on_the_whole(&out[0], &alone), 0.0, ON_THE_WHOLE);
}

static void another_order_is_the_same_to_rounding(void)
{
    static outcome one;
    setup how = ranks_of(1);
    const outcome *out;

    one = play_ranks(&how)[0];
    how.rank_count = 4;
    how.backwards = 1;
    out = play_ranks(&how);
    CHECK(out[0].finished && out[3].finished);
    CHECK_NEAR(distance(&out[0], &one), 0.0, OF_ONE);
    CHECK_NEAR(distance_on_the_whole(&out[0], &one), 0.0, ON_THE_WHOLE);
    CHECK(distance(&out[0], &one) > 0.0);  // there was something to add
    CHECK(same_run(&out[0], &out[3]));
}

/* ==== ranks that fail, stop or die ======================================= */

static int all_say(const outcome *out, int rank_count, sppo_result code,
                   const char *text)
{
    int r, n = 0;

    for (r = 0; r < rank_count; r++) {
        n += out[r].code == code && !out[r].held && !out[r].finished &&
             strstr(out[r].message, text) != NULL;
        if (n != r + 1)
            printf("    rank %d: %d, %s\n", r, (int)out[r].code,
                   out[r].message);
    }
    return n == rank_count;
}

static void a_failure_is_that_of_all(void)
{
    setup how = ranks_of(3);

    how.bad_judge = 2;
    CHECK(all_say(play_ranks(&how), 3, SPPO_E_JUDGE,
                  "rank 2: the judge is tired of "));
    how.bad_judge = 0;
    how.no_memory = 1;
    CHECK(all_say(play_ranks(&how), 3, SPPO_E_MEMORY, "rank 1: "));
}

static void ranks_that_differ_are_refused(void)
{
    setup how = ranks_of(3);

    how.other_eta = 1;
    CHECK(all_say(play_ranks(&how), 3, SPPO_E_ARGUMENT,
                  "rank 1: sppo_play_init: eta is 2.5, but 2 on rank 0"));
    how.other_eta = 0;
    how.no_eta = 2;
    CHECK(all_say(play_ranks(&how), 3, SPPO_E_ARGUMENT, "rank 2: sppo_play_in"
                                                        "it: eta is 0"));
    how.no_eta = 0;
    how.other_seed = 2;
    CHECK(all_say(play_ranks(&how), 3, SPPO_E_ARGUMENT,
                  "rank 2: sppo_play_init: weights is "));
}

static void a_wrong_sum_is_noticed(void)
{
    setup how = ranks_of(2);

    how.twice = 1;
    CHECK(all_say(play_ranks(&how), 2, SPPO_E_ARGUMENT, "sum adds wrongly"));
}

static void a_dead_rank_is_not_waited_for(void)
{
    setup how = ranks_of(3);
    const outcome *out;

    how.dies = 2;
    out = play_ranks(&how);
    CHECK(out[0].code == SPPO_E_IO && strstr(out[0].message, "rank 2 is gone"));
    CHECK(out[1].code == SPPO_E_IO && strstr(out[1].message, "rank 0 is gone"));
}

/* In every phase: stopped on one rank, all stop; the rest has the same bits. */
static void a_stop_between_passes_stops_all(void)
{
    static outcome one;
    setup how = ranks_of(1);
    const outcome *out;
    int at, r;

    one = play_ranks(&how)[0];
    how.rank_count = 3;
    how.stops = 2;
    for (at = 1;; at += 3) {
        how.brakes_at = at;
        out = play_ranks(&how);
        // how often it is asked follows from the threads
        if (!out[2].stopped)
            break;
        for (r = 0; r < 3; r++) {
            CHECK(out[r].stopped == 1);
            CHECK(strstr(out[r].message, "rank 2: sppo_"));
            CHECK(strstr(out[r].message, "stopped, as ctx->stop asked"));
            CHECK(same_run(&out[r], &one));
        }
    }
    CHECK(at >= 19);
}

static void a_stop_on_one_rank_stops_all(void)
{
    static outcome one;
    setup how = ranks_of(1);
    int at, r;

    one = play_ranks(&how)[0];
    how.rank_count = 2;
    how.stops = 1;
    for (at = 1; at <= 8; at += at < 3 ? 1 : 5) {
        const outcome *out;

        how.stop_at = at;
        out = play_ranks(&how);
        for (r = 0; r < 2; r++) {
            CHECK(out[r].stopped == 1);
            CHECK(strstr(out[r].message, "rank 1: stopped in iteration"));
            CHECK(same_run(&out[r], &one));
        }
    }
}

/* Whatever is being summed: the run ends with the sum's own code and sentence,
 * on every rank, and nothing is held.                                       */
static void a_sum_that_fails_at_any_call_ends_the_run(void)
{
    setup how = ranks_of(2);
    const outcome *out;
    int r;

    how.loss = SPPO_LOSS_CLIP;  // pulled, so that more is summed
    how.keep_all = 1;
    for (how.sum_fails = 1; how.sum_fails < 100000; how.sum_fails += how.sum_fails / 3 + 1) {
        out = play_ranks(&how);
        if (out[0].finished)
            break;
        for (r = 0; r < 2; r++) {
            CHECK(!out[r].finished && out[r].code == SPPO_E_IO);
            if (!CHECK(strstr(out[r].message, "the network is down")))
                printf("    %d %d: %d %s\n", how.sum_fails, r, out[r].code, out[r].message);
            CHECK(!out[r].held);
        }
    }
    CHECK(how.sum_fails > 30);
}

/* A checkpoint of rank 0 is everyone's, and for any number of ranks. */
static void a_run_goes_on_with_other_ranks(void)
{
    static outcome one;
    setup how = ranks_of(1);
    int at, r;

    one = play_ranks(&how)[0];
    for (at = 1; at <= 8; at += at < 3 ? 1 : 5) {
        setup before = ranks_of(3), after = ranks_of(2);
        const outcome *out;

        before.save = 1;
        before.stops = 2;
        before.stop_at = at;
        CHECK(play_ranks(&before)[0].stopped == 1);
        after.load = 1;
        out = play_ranks(&after);
        for (r = 0; r < 2; r++)
            CHECK(same_run(&out[r], &one));
    }
    remove(SCRATCH);
}

static void ranks_is_checked(void)
{
    static const int wrong[][2] = { { 0, 0 }, { -1, 2 }, { 2, 2 }, { 0, -1 },
                                    { 0, 2 } };
    const sppo_lists prompts = { 0 };
    sppo_ctx ctx = { 0 };
    sppo_model policy = { 0 };
    sppo_play_config config = { 0 };
    sppo_play play = { 0 };
    int i;

    for (i = 0; i < COUNT(wrong); i++) {
        sppo_ranks ranks = { 0 };

        ranks.rank = wrong[i][0];
        ranks.size = wrong[i][1];
        ranks.all_reduce = i < 4 ? sum : NULL;
        config.ranks = &ranks;
        CHECK(sppo_play_init(&ctx, &play, &config, &policy, &prompts) ==
              SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, "ranks count from 0 and need an all_reduce"));
    }
}

/* sppo_play_bytes knows of the second gradient of ranks. */
static void bytes_count_the_ranks(void)
{
    const sppo_ranks ranks = { 0, 1, NULL, NULL };
    const int prompt[2] = { 1, 3 };
    sppo_ctx ctx = { 0 };
    sppo_config c = { 0 };
    sppo_model policy = { 0 };
    sppo_lists prompts = { 0 };
    sppo_play_config config = { 0 };
    size_t without, more;

    c.vocab = 8, c.dim = 16, c.layers = 1, c.heads = 2, c.hidden = 24;
    c.context = 16;
    config.eta = 2.0;
    config.optim.lr = 1e-3;
    if (CHECK_OK(&ctx, sppo_model_init(&ctx, &policy, &c, 7)) &&
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, prompt, 2))) {
        without = sppo_play_bytes(&config, &policy, &prompts);
        config.ranks = &ranks;
        more = sppo_play_bytes(&config, &policy, &prompts) - without;
        CHECK(more >= policy.count * sizeof(sppo_real));
        CHECK(more < policy.count * sizeof(sppo_real) + 64);
    }
    sppo_lists_free(&ctx, &prompts);
    sppo_model_free(&ctx, &policy);
}

static const check_case cases[] = {
    CASE(any_number_of_ranks_has_the_same_bits),
    CASE(losses_of_others_have_the_same_bits),
    CASE(one_pass_has_the_bits_of_no_ranks),
    CASE(alone_is_the_same_to_rounding),
    CASE(another_order_is_the_same_to_rounding),
    CASE(a_failure_is_that_of_all),
    CASE(ranks_that_differ_are_refused),
    CASE(a_wrong_sum_is_noticed),
    CASE(a_dead_rank_is_not_waited_for),
    CASE(a_stop_on_one_rank_stops_all),
    CASE(a_sum_that_fails_at_any_call_ends_the_run),
    CASE(a_stop_between_passes_stops_all),
    CASE(a_run_goes_on_with_other_ranks),
    CASE(ranks_is_checked),
    CASE(bytes_count_the_ranks)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
