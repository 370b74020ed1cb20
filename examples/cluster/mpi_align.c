/* mpi_align.c - Algorithm 1 on many machines: all that MPI has to do is to sum
 *
 * Shows       the one callback of sppo_ranks, two ways: in the order of ranks,
 *             which gives the same bits on any number of ranks, or by
 *             MPI_Allreduce, which gives the same to rounding
 * Build       make mpi             where mpicc is
 * Run         mpirun -n 2 build/mpi_align tiny_models/policy \
 *                 tiny_models/preference tiny_models/prompts.jsonl OUT \
 *                 [--fast] [--resume]
 * The policy's tokenizer is its tokenizer.bin or tokenizer.json, read by the
 * files of examples/tool that this is linked with; both go into OUT.
 * After each phase, and when a rank gets SIGTERM or SIGINT, OUT/run.safetensors
 * holds all that the rest depends on; --resume goes on there, on any number of
 * ranks, to the same bits.
 * You will see, from rank 0, which alone writes into OUT and makes it
 *     iteration 1  loss/eta^2 0.0078  margin 0.20  win rates 0.64 and 0.32
 * Read        sppo.h >>play, >>play.c; ranks share a step pass by pass, so
 *             pass_tokens below makes about five passes of a batch.
 * When a rank fails, all end, with its sentence.                            */
#include "../tool/posix.h"

#define SPPO_IMPLEMENTATION
#include "../../sppo.h"
#include "../tool/codec.h"

#include <mpi.h>

#include <signal.h>

enum { PIECE = 4096 };  // numbers of a rank that are added up at a time

static sppo_ctx ctx;
static sppo_model policy, preference;
static codec tok;
static sppo_lists prompts;
static sppo_pref pref;
static sppo_play play;
static sppo_ranks ranks;
static sppo_real *mine, *theirs;  // [size, PIECE]
static char checkpoint[1024];
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* Asked between passes; what one rank says all come to know. */
static int stop(void *user)
{
    (void)user;
    return caught != 0;
}

/* A call that may fail on one rank alone: the others are not told. */
static void check(sppo_result result)
{
    if (result == SPPO_OK)
        return;
    fprintf(stderr, "mpi_align: rank %d: %s\n", ranks.rank, ctx.message);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* A call on whose result the ranks agree: one sentence is enough. */
static void check_all(sppo_result result)
{
    if (result == SPPO_OK)
        return;
    if (ranks.rank == 0)
        fprintf(stderr, "mpi_align: %s\n", ctx.message);
    MPI_Finalize();
    exit(1);
}

static MPI_Datatype real_type(void)
{
    return sizeof(sppo_real) == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
}

/* Rank r gets everyone's r-th piece, adds them up in the order of ranks, and
 * gives the sum to all: what MPI_Allreduce sends, in an order of our own.  An
 * error inside MPI ends all ranks.                                          */
static sppo_result sum_in_order(sppo_ctx *c, void *user, sppo_real *sum,
                                size_t count)
{
    const size_t size = (size_t)ranks.size;
    size_t i, r, n, piece;

    (void)c, (void)user;
    for (; count > 0; sum += n, count -= n) {
        piece = (count - 1) / size + 1;
        piece = piece < PIECE ? piece : PIECE;
        n = count < piece * size ? count : piece * size;
        memcpy(mine, sum, n * sizeof *sum);
        memset(mine + n, 0, (piece * size - n) * sizeof *sum);
        MPI_Alltoall(mine, (int)piece, real_type(), theirs, (int)piece,
                     real_type(), MPI_COMM_WORLD);
        for (r = 1; r < size; r++)
            for (i = 0; i < piece; i++)
                theirs[i] += theirs[r * piece + i];
        MPI_Allgather(theirs, (int)piece, real_type(), mine, (int)piece,
                      real_type(), MPI_COMM_WORLD);
        memcpy(sum, mine, n * sizeof *sum);
    }
    return SPPO_OK;
}

static sppo_result sum_fast(sppo_ctx *c, void *user, sppo_real *sum,
                            size_t count)
{
    const size_t most = 1 << 30;
    size_t n;

    (void)c, (void)user;
    for (; count > 0; sum += n, count -= n) {
        n = count < most ? count : most;
        MPI_Allreduce(MPI_IN_PLACE, sum, (int)n, real_type(), MPI_SUM,
                      MPI_COMM_WORLD);
    }
    return SPPO_OK;
}

/* Rows {"prompt"}, as the tool takes them. */
static void read_prompts(const char *path)
{
    static char text[65536];
    static sppo_json json;
    size_t size, at, n;
    char *data;

    check(sppo_file_read(&ctx, path, &data, &size));
    for (at = 0; at < size; at += n + 1) {
        n = strcspn(data + at, "\n");
        check(sppo_json_parse(&ctx, &json, data + at, n, path));
        sppo_json_string(&json, sppo_json_find(&json, 0, "prompt"), text,
                         sizeof text);
        check(codec_encode(&ctx, &tok, text, strlen(text), 1, 0, &prompts));
    }
    sppo_json_free(&ctx, &json);
    sppo_release(&ctx, data, size + 1);
}

/* Every rank has the models, the prompts and a play of its own. */
static void begin(char **argv)
{
    static sppo_play_config config;
    const size_t numbers = (size_t)ranks.size * PIECE;

    mine = (sppo_real *)sppo_alloc(&ctx, numbers, sizeof *mine);
    theirs = (sppo_real *)sppo_alloc(&ctx, numbers, sizeof *theirs);
    check(mine && theirs ? SPPO_OK : SPPO_E_MEMORY);
    codec_begin(&tok);
    check(sppo_model_load_with(&ctx, &policy, argv[1], 0, tok.files,
                               tok.count));
    check(codec_open(&ctx, &tok, argv[1], &policy.config, 0));
    check(sppo_model_load(&ctx, &preference, argv[2]));
    read_prompts(argv[3]);
    config.eta = 30;
    config.epochs = 4;
    config.seed = 1;
    config.pass_tokens = 512;
    config.optim.lr = 3e-4;
    config.optim.clip = 1;
    config.ranks = &ranks;
    check(sppo_pref_init(&ctx, &pref, &preference, 4096, 5, 0));
    check_all(sppo_play_init(&ctx, &play, &config, &policy, &prompts));
}

/* What rank 0 writes all ranks read.  The first checkpoint is of the beginning:
 * that OUT cannot be written to is known before the work.                   */
static void begin_or_resume(const char *folder, int resume)
{
    FILE *file = ranks.rank == 0 && resume ? fopen(checkpoint, "rb") : NULL;
    int found = file != NULL;

    if (file)
        fclose(file);
    if (ranks.rank == 0)
        check(sppo_folder_make(&ctx, folder));
    MPI_Bcast(&found, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (found)
        check(sppo_play_load(&ctx, &play, checkpoint));
    else if (ranks.rank == 0)
        check(sppo_play_save(&ctx, &play, checkpoint));
    MPI_Barrier(MPI_COMM_WORLD);  // nobody writes before all have read
}

/* The policy with what came with it: a model that other programs read. */
static void save(const char *folder)
{
    sppo_file files[MAX_COMPANIONS];
    int count;

    check(codec_companions(&ctx, &tok, &policy.config, files, &count));
    check(sppo_model_save_with(&ctx, &policy, SPPO_DTYPE_REAL, folder, files,
                               count));
}

int main(int argc, char **argv)
{
    static const sppo_judge judge = { sppo_pref_fill, &pref };
    const sppo_progress *p = &play.last;
    sppo_result result;
    int i, resume = 0, known = argc >= 5;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks.size);
    ranks.all_reduce = sum_in_order;
    for (i = 5; i < argc; i++) {
        const int fast = !strcmp(argv[i], "--fast");

        ranks.all_reduce = fast ? sum_fast : ranks.all_reduce;
        resume |= !strcmp(argv[i], "--resume");
        known = known && (fast || !strcmp(argv[i], "--resume"));
    }
    if (!known)
        check(sppo_fail(&ctx, SPPO_E_ARGUMENT, "wants POLICY PREFERENCE "
                        "PROMPTS OUT [--fast] [--resume]"));
    begin(argv);
    snprintf(checkpoint, sizeof checkpoint, "%s/run.safetensors", argv[4]);
    begin_or_resume(argv[4], resume);
    ctx.stop = stop;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    while (play.phase != SPPO_PHASE_DONE) {
        result = sppo_play_next(&ctx, &play, &judge);
        if (result != SPPO_E_STOPPED)
            check_all(result);
        if (ranks.rank == 0 && play.phase == SPPO_PHASE_ADVANCE)
            printf("iteration %d  loss/eta^2 %.4g  margin %.4g  win rates %.3f "
                   "and %.3f\n", play.iteration + 1, p->loss_scaled,
                   p->rewards_margins, p->win_chosen, p->win_rejected);
        if (ranks.rank == 0)
            check(sppo_play_save(&ctx, &play, checkpoint));
        check_all(result);
    }
    if (ranks.rank == 0)
        save(argv[4]);
    MPI_Finalize();
    return 0;
}
