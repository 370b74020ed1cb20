/* sppo.h 0.2 - Self-Play Preference Optimization in one C header, complete.
 *
 * A small Llama-style transformer with its training, a pairwise preference
 * model, the self-play loop and the SPPO update, readable beside the paper:
 *   Wu, Sun, Yuan, Ji, Yang, Gu: Self-Play Preference Optimization for
 *   Language Model Alignment, arXiv 2405.00675 v5.  All equation numbers are
 *   those of v5; other editions number them differently.
 *
 * In ONE file of your program        #define SPPO_IMPLEMENTATION
 *                                    #include "sppo.h"
 * in every other one, just           #include "sppo.h"
 *
 * A complete program: align a model with a judge of your own.
 *
 *   #define SPPO_IMPLEMENTATION
 *   #include "sppo.h"
 *   #include <stdio.h>
 *
 *   static sppo_result shorter_is_better(sppo_ctx *ctx, void *user,
 *       const sppo_lists *prompts, const sppo_lists *responses,
 *       int k, int first, int count, double *pairwise)
 *   {
 *       int p, i, j;
 *       (void)ctx; (void)user; (void)prompts; (void)first;
 *       for (p = 0; p < count; p++)
 *           for (i = 0; i < k; i++)
 *               for (j = 0; j < k; j++) {
 *                   const int li = sppo_lists_length(responses, p * k + i);
 *                   const int lj = sppo_lists_length(responses, p * k + j);
 *                   pairwise[(p * k + i) * k + j] =
 *                       li < lj ? 0.9 : li > lj ? 0.1 : 0.5;
 *               }
 *       return SPPO_OK;
 *   }
 *
 *   int main(void)
 *   {
 *       static char before[400], after[400];
 *       static sppo_ctx ctx;              // static: all zero, the defaults
 *       static sppo_model policy;
 *       static sppo_tokenizer tok;
 *       static sppo_lists prompts;
 *       static sppo_play play;
 *       static sppo_play_config config;
 *       sppo_judge judge = { shorter_is_better, NULL };
 *       config.eta = 30;
 *       config.optim.lr = 3e-4;  config.epochs = 10;
 *       config.sampling.max_tokens = 64;
 *       if (sppo_model_load(&ctx, &policy, "tiny_models/policy") ||
 *           sppo_tokenizer_load(&ctx, &tok, "tiny_models/policy/tokenizer.bin",
 *                               policy.config.vocab) ||
 *           sppo_sample_text(&ctx, &policy, &tok, "tell me a story .\n",
 *                            &config.sampling, 1, before, sizeof before) ||
 *           sppo_lists_add_text(&ctx, &prompts, &tok, "tell me a story .\n") ||
 *           sppo_play_init(&ctx, &play, &config, &policy, &prompts) ||
 *           sppo_play_run(&ctx, &play, &judge) ||
 *           sppo_sample_text(&ctx, &policy, &tok, "tell me a story .\n",
 *                            &config.sampling, 1, after, sizeof after) ||
 *           sppo_model_save_text(&ctx, &policy, &tok, "aligned"))
 *           return fprintf(stderr, "%s\n", ctx.message), 1;
 *       printf("before  %s\nafter   %s\n", before, after);
 *       return 0;
 *   }
 *
 * CONTENTS                       declared     works
 *   results, context, memory     >>result     >>base
 *   random numbers               >>random     >>base
 *   lists, forests of segments   >>forest     >>base
 *   kernels                      >>kernels    >>kernels.c
 *   the policy                   >>policy     >>policy.c
 *   sampling                     >>sample     >>sample.c
 *   optimisers                   >>optim      >>optim.c
 *   the preference model         >>prefer     >>prefer.c
 *   its heads, a table of them                >>heads
 *   training both on given data  >>train      >>train.c
 *   preferences, exact games     >>games      >>games.c
 *   the SPPO update              >>update     >>update.c
 *   self-play, Algorithm 1       >>play       >>play.c
 *   beyond the paper                          >>beyond
 *   the run: its ranks, sizes, evaluation     >>run
 *   files, JSON, tokenizer       >>files      >>files.c
 *   checking tools               >>check      >>check.c
 * The second half goes down one stair: the paper (>>games.c, >>update.c and
 * >>play.c, where a student may stop), then the machine from its base up.
 *
 * EQUATION INDEX (arXiv 2405.00675 v5; search the tag in brackets)
 *   Sec 3    pi(y|x) = prod_i pi(y_i|x,y_<i)  sppo_segment_logprob test_policy
 *   Sec 3    KL(p || q)                       sppo_kl              test_game
 *   Sec 3    P(pi > pi')                      sppo_exact_value     test_game
 *   Eq 3.1   Bradley-Terry: P from rewards    sppo_bradley_terry   test_game
 *   Eq 3.2   RLHF: reward less KL             sppo_rlhf_value      test_game
 *   Eq 3.3   the game: duality gap            sppo_duality_gap     test_game
 *   Eq 4.1   multiplicative weights           sppo_exact_step      test_game
 *   Eq 4.2   Z, the normalising factor        sppo_log_partition   test_game
 *   Eq 4.3   log-ratio = eta P - log Z        sppo_target          test_game
 *   Eq 4.4   the regression, all answers      sppo_exact_loss      test_game
 *   Eq 4.5   win rate against K samples       sppo_win_rates       test_update
 *   Eq 4.6   the target with log Z = eta / 2  sppo_target          test_update
 *   Eq 4.6   what that minimises              sppo_exact_fit       test_game
 *   Eq 4.7   the squared loss of line 6       sppo_loss_point      test_update
 *   Eq 4.7   its mean over D_t                sppoi_sppo_loss      test_update
 *   Eq 4.8   RLHF's value for one prompt      sppo_rlhf_value      test_game
 *   Eq 4.9   its policy gradient              slow_policy_gradient test_game
 *   Eq 4.10  the same from squares            slow_square_gradient test_game
 *   Eq 4.11  4.4 token by token               slow_token_loss      test_game
 *   Eq 4.12  the pair loss                    sppo_loss_pair       test_update
 *   Eq 4.13  DPO                              sppo_loss_dpo        test_update
 *   Eq 4.14  IPO                              sppo_loss_ipo        test_update
 *   Eq 4.15  KTO                              slow_loss_kto        test_update
 *   Sec 4.5  winner up, loser down            sppo_loss_hard       test_update
 *   Sec 5    scores averaged over responses   sppo_mean_scores     test_update
 *   App A    log Z: half, or from K samples   sppo_log_z           test_update
 *   App B    Lemma B.1, any adversary         sppo_hedge_bound     test_game
 *   Thm 4.1  the average's gap is bounded     sppo_gap_bound       test_game
 *   Alg 1.1  input: policy, oracle, eta, K    sppo_play_init       test_play
 *   Alg 1.2  for t = 1, 2, ...                sppo_play_run        test_play
 *   Alg 1.3  sample K responses               sppo_play_sample     test_play
 *   Alg 1.4  annotate all pairs               sppo_play_judge      test_play
 *   Alg 1.5  select, form D_t                 sppo_play_select     test_play
 *   Alg 1.6  minimise the regression loss     sppo_play_fit        test_play
 *   Alg 1.7  pi_t := pi_{t+1}                 sppo_play_advance    test_play
 * slow_*: no part of training, so it stands in tests/slow.h.  `make audit` runs
 * the tests row by row and prints the figures; examples/lessons/07_audit.c
 * prints left and right side of every equation.
 *
 * NETWORK INDEX (a Llama's formulas; search the tag in brackets)
 *   Net 1   out = in w'                     sppo_linear_fwd       test_kernels
 *   Net 2   din = dout w    dw += dout' in  sppo_linear_bwd_in    test_kernels
 *   Net 3   RMSNorm: gain in / rms(in)      sppo_rmsnorm_fwd      test_kernels
 *   Net 4   its gradients                   sppo_rmsnorm_bwd      test_kernels
 *   Net 5   rotary positions, both ways     sppo_rope             test_kernels
 *   Net 6   SwiGLU: silu(gate) up           sppo_swiglu_fwd       test_kernels
 *   Net 7   its gradient                    sppo_swiglu_bwd       test_kernels
 *   Net 8   log sum exp                     sppo_log_sum_exp      test_kernels
 *   Net 9   the embedding                   sppoi_embed           test_policy
 *   Net 10  the causal mask, in a forest    sppoi_block_mask      test_policy
 *   Net 11  softmax(Q K' / sqrt d) V        sppoi_block_fwd       test_policy
 *   Net 12  the softmax recomputed          sppoi_block_recompute test_policy
 *   Net 13  attention's gradients           sppoi_block_bwd       test_policy
 *   Net 14  THE LAYER                       sppoi_layer_fwd       test_policy
 *   Net 15  its gradients                   sppoi_layer_bwd       test_policy
 *   Net 16  log-softmax: log pi(token)      sppoi_row_logprob     test_policy
 *   Net 17  its gradient: 1[v = t] - p      sppoi_row_d_logit     test_policy
 *   Net 18  the next-token loss             sppo_next_token_loss  test_policy
 *
 * METHODS INDEX (others', in >>beyond; as options: examples/tool/README.md)
 *   RLHF 1   the reward that fits Eq 3.1    sppo_bradley_terry_fit test_methods
 *   REBEL 1  differences of rewards         sppo_loss_gap         test_methods
 *   INPO 1   log-ratios to an anchor        sppoi_move_reference  test_play
 *   COMAL 1  a reference that moves         sppoi_move_reference  test_play
 *   DNO 1    their cross-entropy            sppo_loss_soft        test_methods
 *   PPO 1    the clipped surrogate          sppo_loss_clip        test_methods
 *   RLOO 1   less the mean of the others    sppo_advantages       test_methods
 *   GRPO 1   in standard deviations         sppo_advantages       test_methods
 *   RLHF 2   a KL to a reference, in it     sppoi_pull_worth      test_play
 *   GSPO 1   the ratio of a token           sppoi_clip_loss       test_methods
 *   GPO 1    squares of scores              sppoi_gpo_loss        test_methods
 *   SimPO 1  no reference at all            sppoi_simpo_loss      test_methods
 *   NLHF 1   Nash-MD's mixture              sppo_mixture          test_methods
 *   NLHF 2   responses drawn from it        sppo_win_rates_against test_play
 *   SPIN 1   a given response wins          sppoi_given_wins      test_play
 *   MMD 1    a step with a pull             sppo_magnetic_step    test_methods
 *   OMWU 1   an optimistic step             sppo_optimistic_step  test_game
 *
 * A PASS OVER A BATCH, and how it is dealt out (>>policy.c)
 *   batch         a forest: the trees of one pass           sppo_forest
 *     |           cut where a tree ends
 *   micro-batch   neighbouring trees, up to 256 rows,       sppo_micro_batch
 *     |           of a large model 512, or one tree that is longer
 *     |           a thread takes it through the whole network, alone
 *   rows          its tokens; all that THE LAYER knows, beside the weights
 *     |           cut by the kernels
 *   tiles         some rows by some columns of a product, in registers
 *
 *   micro-batches   0   1   2 | 3   4   5 | 6   7   8 | 9  10  11    in order
 *   partial sums    grad      | + sum 1   | + sum 2   | + sum 3     gradient
 *
 *   A partial sum is the gradient of neighbouring micro-batches, which one
 *   thread adds one after the other, the first to what is in grad already; the
 *   sums are added in order at the end.  How many there are of either follows
 *   from the model and the batch, not from the threads: they change no bit.
 *   Where there is one micro-batch (one long text), or one partial sum (a large
 *   model, of whose gradient there is no copy), micro-batches go one by one and
 *   the kernels split their own loops among the threads.
 *
 * OPTIONS ("one file": the one with SPPO_IMPLEMENTATION; "all": every file)
 *   SPPO_IMPLEMENTATION  one file  compile the second half of this file
 *   SPPO_STATIC          all       every function static: a private copy, so
 *                                  SPPO_IMPLEMENTATION too in every file
 *   SPPO_REAL            all       float (default) or double, for audits
 *   SPPO_MALLOC, _FREE   one file  replace calloc and free (define both)
 *   SPPO_IO              all       replace calls of the system (see >>files)
 *   SPPO_NO_STDIO        all       no file functions; models from memory only
 *   SPPO_NO_OPENMP       one file  ignore OpenMP though the compiler has it, as
 *                                  one before 3.0 (MSVC's) always is
 * Compile with -O3 -march=native -fopenmp; -O2 costs a quarter to a half of the
 * speed, a build without -march two thirds.  -ffast-math and /fp:fast are
 * refused: a NaN must stay a NaN.
 *
 * NOTATION     paper                      here
 *   x, y       prompt, response           prompt, response: lists of token ids
 *   K          responses to one prompt    k
 *   t          iteration                  iteration (never a token position)
 *   eta        learning rate of the game  eta; DPO's and IPO's beta is 1 / eta
 *   pi_theta   the policy being trained   policy
 *   pi_t       the frozen policy          its log-probabilities: lp_old, `old`
 *   P(y > y')  preference                 pairwise[i * k + j], double
 *   P^         win rate against K samples win[i] = mean_j pairwise[i * k + j]
 * In kernels: in, out, row for a token, d prefix for a gradient (dq: of q).
 *
 * GROUND RULES
 *   Ownership   You own every struct; all zero is valid and free-able, _free
 *               twice is harmless, a struct that holds pointers is not copied.
 *               What a call borrows (the model of a sppo_play) must outlive it.
 *   Errors      Every call that can fail returns a sppo_result; ctx->message
 *               then holds a sentence that names function, argument and value
 *               and counts prompts, rows and responses from 1.
 *               On failure outputs are untouched unless said otherwise.  The
 *               header never prints and never ends the program.
 *   Memory      comes from the ctx; never in forward, backward, an optimiser
 *               step, a sampling step, or a thread.  An init or load writes
 *               over its struct: free what it held first.
 *   Stopping    ctx->stop is asked between passes; what ends with
 *               SPPO_E_STOPPED may be called again, and a play then goes on to
 *               the same bits, at once or from a checkpoint.
 *   Threads     One ctx per thread.  Inside, OpenMP splits outputs; a gradient
 *               is a sum of parts that the batch decides, not the threads: the
 *               same bits for any number of them, and without.
 *               On a busy machine threads that wait by spinning lose to fewer
 *               threads: OMP_WAIT_POLICY=passive, or OMP_NUM_THREADS=1.
 *               After fork a child of a process that has computed with OpenMP
 *               must not compute (gcc's waits for ever): exec, or fork before.
 *               A thread that calls needs 128 KiB of stack, in double 256.
 *   Ranks       Processes that train one policy together share out prompts and
 *               passes, and meet in one callback of yours, an all-reduce
 *               (sppo_ranks); sppo.h itself knows no MPI.
 *   Randomness  A pure function of (seed, iteration, prompt, response,
 *               position), so the order of work does not matter.
 *               The bits hold for one binary: another compiler, or -std=gnu99
 *               for c99, may round a multiply-add once instead of twice.
 *               Where a float keeps more digits in a register (x87: 32-bit x86
 *               without -mfpmath=sse) results are right, but the last bits also
 *               depend on how the work was split.
 *   Precision   Weights and activations are sppo_real; log-probabilities, win
 *               rates and losses double: training starts at the difference of
 *               two equal sums of hundreds of nats.
 *
 * SAVING
 *   1 A file is written beside its place under a name of its writer's own that
 *     ends with .tmp, synced, and renamed; a failure removes it.
 *   2 The weights' metadata hold the digest of each companion (config.json,
 *     the tokenizer, ..); those that change wait, synced, as NAME.next.
 *   3 The rename of model.safetensors, with the folder locked, is the commit:
 *     a folder that is loaded is the old one before it, the new one after it.
 *   4 Then NAME.next becomes NAME, the old model's other companions go, and the
 *     folder is synced.  After a kill here the next load or save does it.
 *   5 A load locks the folder while it opens the files, takes NAME or NAME.next
 *     as the digest says, and refuses a folder where neither fits; one whose
 *     weights name no digests (another program's) is taken as it is.
 *   Locks (flock) end with their process.  Without POSIX, and on file systems
 *   that have none, there are no locks: let one process at a time save there.
 *
 * DEPARTURES FROM THE PAPER, and conventions that differ from edition to
 * edition of the code (with the option for the other way)
 *   D1  D_t keeps the best and the worst of K responses, as in the paper's
 *       experiments; Algorithm 1 allows all: config.keep_all = 1.  Best is the
 *       greatest P^; theirs is the greatest mean PairRM score, mostly the same:
 *       config.bradley_terry = 1 chooses, and compares, by that.
 *   D2  log Z is replaced by eta / 2 as in Eq 4.6, not estimated as in Eq 4.5:
 *       config.baseline = SPPO_BASELINE_EMPIRICAL, or a multiple of eta:
 *       SPPO_BASELINE_COEFFICIENT.  Neither is Eq 4.5's estimate from fresh
 *       responses; config.opponents draws them, for win rates.
 *   D3  P is the judge's pairwise probability, as printed.  The released code
 *       uses Bradley-Terry on averaged scores, which turns a cycle into a tie:
 *       config.bradley_terry = 1.
 *   D4  The expectation of Eq 4.7 is the mean over D_t.  For two kept
 *       responses that is the half sum of the released code's `sppo`.  Eq 4.12
 *       as printed is the sum, and of P(y_w > y_l), not of win rates:
 *       config.loss = SPPO_LOSS_PAIR; its half, `sppo_single`:
 *       SPPO_LOSS_SINGLE; with P = 1, TRL's `sppo_hard`: SPPO_LOSS_HARD.
 *   D5  pi_t is held as the log-probabilities of its responses, recorded before
 *       theta moves, not as a second network: the same numbers, half the
 *       memory.  Responses are sampled once, at the start of an iteration.
 *   D6  The schedule of the learning rate ends with the iteration; the paper
 *       stops after 1 of 18 scheduled epochs: config.optim.total_steps = 18
 *       times the steps of an epoch.  A step is of 32 prompts, the paper's of
 *       64: config.batch.
 *   D7  The last policy is the result, as in the paper's experiments; Theorem
 *       4.1 is about the average of all: keep the weights of every iteration
 *       (sppo_model_clone after each advance) and draw one for each response.
 *   D8  Responses are drawn at temperature 1, as in the paper; the released
 *       code takes 0.7 and top_p 0.9, off pi_t: config.sampling.  The
 *       log-ratios stay those of temperature 1 either way.
 *   D9  A response has at most config.sampling.max_tokens tokens and a prompt
 *       that is too long is refused; the released code cuts prompts to 512
 *       tokens and pairs to 1024.  Cut them beforehand.
 *   D10 The paper names no optimiser; this is RMSprop with PyTorch's constants,
 *       as in the released code.  Whether that clips gradients is not known: it
 *       says nothing, and the Trainer below it clips at a norm of 1 unless told
 *       otherwise.  Left at 0, config.optim.clip does not, and .warmup is none;
 *       the paper warms up for a tenth of the steps.  The tool's defaults are
 *       1 and 0.1; its eta of 30 and learning rate of 3e-4 suit small models,
 *       the paper's are 1000 and 5e-7.  Neither RMSprop nor AdamW sees a
 *       constant factor of the loss, as D4's half or eta^2, but for eps and
 *       clipping.
 *   D11 Of equal win rates the first is the best and the last the worst, so
 *       that the two differ; losses that need a winner (HARD, DPO, IPO) skip a
 *       prompt whose win rates are all equal.  Equal is within 1e-9, so that
 *       rounding decides nothing (sppo_beats).  The paper is silent.
 *   D12 A response that was cut, at max_tokens or the context, has no EOS: not
 *       when it is judged, learnt, scored or written; one that ended has.  The
 *       paper is silent.  The released code keeps texts alone: its ranker sees
 *       no difference, and its trainer appends EOS to every answer (and cuts
 *       it off again from one that is too long), so that the policy learns to
 *       stop where it was cut.  A judge may see nothing wrong in a cut; to
 *       count it against a response, as TRL's missing_eos_penalty does, in
 *       log-odds: config.missing_eos_penalty.
 *
 * SLIPS in the text of v5, not copied (a test fails with the printed form)
 *   S1  Eq 4.10 needs the factor eta / 2, not eta.
 *   S2  After Eq 4.11, grad KL needs 1/2 before the mean of squares.
 *   S3  App A: with p = 2P - 1 the win rate is 1/2 + X_i / 2, not 1/2 + X_i, so
 *       its moments hold cosh(eta / 2K), not cosh(eta / K).
 *   S4  App B: eta = L / sqrt T makes the KL term 1 / sqrt T; the sqrt(L / T)
 *       printed belongs to eta = sqrt(L / T).
 *   S5  Z_{pi^K} is a mean over pi_t in Eq 4.5, over the K samples in App A.
 *   S6  Sec 4.4 calls Eq 4.13 Bradley-Terry; that is Eq 3.1.
 *   S7  App A: "eta varies between eta/2 and eta" is said of log Z.
 *
 * WHAT IT DOES NOT DO   GPUs, quantisation, adapters, chat templates, a
 *   download of anything, other architectures than Llama's, files beyond what
 *   a long can count (2 GB on 32 bits; not on Windows).
 *
 * NAMES SINCE 0.1          now
 *   sppo_trace             sppo_activations; its init takes the tokens of the
 *                          largest tree and what it is for: SPPO_FORWARD,
 *                          SPPO_BACKWARD (was 1) or, with less memory,
 *                          SPPO_STEP for sppo_step and sppo_next_token_loss
 *   play.trace, pref.trace play.acts, pref.acts
 *   sppo_take, sppo_give   sppo_alloc, sppo_release; and the fields of sppo_ctx
 *   sppo_team, its sum     sppo_ranks, its all_reduce; config.team is .ranks
 *   sppo_check_slopes      sppo_check_gradient
 *   sppo_json_node's keys  name_begin, name_end: curses has the old ones
 *   sppo_loss_kto          slow_loss_kto of tests/slow.h: no run asks for it
 * The names of calls of 0.1 still compile, as macros.
 *
 * Licence: MIT or public domain, your choice; the text is at the end.       */

#ifndef SPPO_H
#define SPPO_H

#include <stddef.h>
#include <stdint.h>

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error "sppo.h: compile without -ffast-math, its parts and -Ofast"
#elif defined(_M_FP_FAST)
#error "sppo.h: compile without /fp:fast"
#endif

#define SPPO_VERSION "0.2.0"

#ifndef SPPO_REAL
#define SPPO_REAL float
#endif
typedef SPPO_REAL sppo_real;

#if defined(__GNUC__)
#define SPPOI_UNUSED __attribute__((unused))
#define SPPOI_FORMAT(f, a) __attribute__((format(printf, f, a)))
#else
#define SPPOI_UNUSED
#define SPPOI_FORMAT(f, a)
#endif

#if defined(SPPO_STATIC) && defined(SPPO_IMPLEMENTATION)
#define SPPO_DEF static SPPOI_UNUSED
#elif defined(SPPO_STATIC)
#error "sppo.h: with SPPO_STATIC every file defines SPPO_IMPLEMENTATION first"
#define SPPO_DEF extern
#else
#define SPPO_DEF extern
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ==== A1  results and context ============================== >>result == */

typedef enum sppo_result {
    SPPO_OK = 0,
    SPPO_E_ARGUMENT,  // a value that you passed, or a call out of order
    SPPO_E_FORMAT,    // the contents of a file or of a block of bytes
    SPPO_E_MEMORY,    // the allocator said no
    SPPO_E_IO,        // the operating system said no
    SPPO_E_NUMBER,    // NaN or infinity in a loss or a gradient
    SPPO_E_JUDGE,     // a judge failed or its answer is not a preference
    SPPO_E_STOPPED    // ctx->stop or your progress callback asked; resumable
} sppo_result;

/* All zero is valid: calloc and free, no limit.  To use an allocator of your
 * own set alloc and release; release receives the size that alloc was asked
 * for.  stop is asked before every pass through a network, every sampled token
 * and every piece that a tokenizer learns, by one thread at a time, which need
 * not be yours: return what a signal handler noted.  Not 0: the call ends with
 * SPPO_E_STOPPED as if it had failed, and may be made again.                */
typedef struct sppo_ctx {
    void *(*alloc)(void *user, size_t size);
    void (*release)(void *user, void *block, size_t size);
    void *user;
    int (*stop)(void *user);  // NULL: nothing stops
    void *stop_user;
    size_t limit;       // bytes that may be held at once; 0: no limit
    size_t held, peak;  // bytes held now, and at most so far
    sppo_result code;   // of the last failure
    char message[400];  // its sentence
} sppo_ctx;

/* Sets code and message and returns code; for judges and callbacks too.  The
 * message before may be among what is printed: so a caller says more of it. */
SPPO_DEF sppo_result sppo_fail(sppo_ctx *ctx, sppo_result code,
                               const char *format, ...) SPPOI_FORMAT(3, 4);

/* Memory from the ctx's allocator, zeroed, from a multiple of 64 on, for which
 * 64 bytes more are held; NULL (with the failure set) when there is none.
 * sppo_release takes NULL; size must be the size asked for.                 */
SPPO_DEF void *sppo_alloc(sppo_ctx *ctx, size_t count, size_t size);
SPPO_DEF void sppo_release(sppo_ctx *ctx, void *block, size_t size);

/* The version of the compiled half, to compare with SPPO_VERSION. */
SPPO_DEF const char *sppo_version(void);

/* ==== A2  random numbers =================================== >>random == */

/* A key names a stream, a counter a draw in it; there is no state.  A fork by
 * label (iteration, prompt, response) is an independent key.                */
SPPO_DEF uint64_t sppo_random_fork(uint64_t key, uint64_t label);
SPPO_DEF uint64_t sppo_random_bits(uint64_t key, uint64_t counter);
SPPO_DEF double sppo_random_uniform(uint64_t key, uint64_t counter); // [0, 1)
/* N(0, 1), from uniform draws 2 counter and 2 counter + 1 of the same key. */
SPPO_DEF double sppo_random_normal(uint64_t key, uint64_t counter);
/* order[n] becomes a random permutation of 0 .. n - 1. */
SPPO_DEF void sppo_random_order(uint64_t key, int *order, int n);
/* 64 bits by which data are known again: the same on every machine, never equal
 * after a change inside 8 bytes in line, by chance once in 2^64 else; not made
 * against those who want two texts to look alike.  Of no data the seed itself;
 * of a and then b sppo_digest(sppo_digest(seed, a, n), b, m) if 8 divides n. */
SPPO_DEF uint64_t sppo_digest(uint64_t seed, const void *data, size_t size);

/* ==== A3  lists and forests of token segments ============== >>forest == */

/* Many lists of token ids, end to end: list i is token[start[i]] up to
 * token[start[i + 1]].  Grows as lists are added.                           */
typedef struct sppo_lists {
    int count;
    int *start;  // [count + 1]
    int *token;
    int max_count, max_tokens;  // room taken so far
} sppo_lists;

/* Appends one list of count tokens (0 or more), which must not lie in lists. */
SPPO_DEF sppo_result sppo_lists_add(sppo_ctx *ctx, sppo_lists *lists,
                                    const int *token, int count);
/* Of list 0 .. count - 1, not checked. */
SPPO_DEF int sppo_lists_length(const sppo_lists *lists, int list);
SPPO_DEF const int *sppo_lists_tokens(const sppo_lists *lists, int list);
SPPO_DEF void sppo_lists_clear(sppo_lists *lists);  // keeps the room
SPPO_DEF void sppo_lists_free(sppo_ctx *ctx, sppo_lists *lists);

/* The one input type of the network.  A segment is a run of tokens that
 * continues its parent; a token sees its ancestors' tokens and those before it
 * in its own segment, and its position is its distance from the root:
 *
 *     prompt --+-- response 1        training text: every sequence is a root
 *              +-- response 2        judging a pair: prompt -> a -> b
 *
 * Rows of the network are the tokens in the order of `token`.  The segments
 * of one tree stand together; none is empty.                                */
typedef struct sppo_forest {
    int segments, tokens;      // used
    int *parent;               // [segments] an earlier segment, or -1: a root
    int *start;                // [segments + 1] first token of each segment
    unsigned char *scored;     // [segments] 1: its tokens are predicted (of a
                               // root all but the first, which sees nothing)
    int *token;                // [tokens]
    int max_segments, max_tokens;
} sppo_forest;

SPPO_DEF sppo_result sppo_forest_init(sppo_ctx *ctx, sppo_forest *forest,
                                      int max_tokens, int max_segments);
SPPO_DEF void sppo_forest_clear(sppo_forest *forest);
/* Returns the new segment's index, or -1 when it does not fit. */
SPPO_DEF int sppo_forest_add(sppo_forest *forest, int parent, const int *token,
                             int count, int scored);
SPPO_DEF void sppo_forest_free(sppo_ctx *ctx, sppo_forest *forest);

/* ==== A4  kernels ========================================= >>kernels == */

/* Plain arrays, row-major, a row for each token: [n, d] is n rows of d numbers.
 * They cannot fail and do not check; in and out must not overlap.  dx is the
 * gradient of the loss in x; backward passes add to the gradients that they are
 * given unless said otherwise.                                              */

/* How many sppo_reals hold a matrix [depth, width] packed for a product. */
SPPO_DEF size_t sppo_panel_size(int depth, int width);
/* [Net 1] out[n, d_out] = in[n, d_in] w[d_out, d_in]'; [Net 2] its gradients in
 * in and w.  panel is scratch of sppo_panel_size(d_in, d_out), of
 * (d_out, d_in) and of (n, d_in).                                           */
SPPO_DEF void sppo_linear_fwd(sppo_real *out, const sppo_real *in,
                              const sppo_real *w, sppo_real *panel, int n,
                              int d_in, int d_out);
SPPO_DEF void sppo_linear_bwd_in(sppo_real *din, const sppo_real *dout,
                                 const sppo_real *w, sppo_real *panel, int n,
                                 int d_in, int d_out);  // sets din
SPPO_DEF void sppo_linear_bwd_w(sppo_real *dw, const sppo_real *dout,
                                const sppo_real *in, sppo_real *panel, int n,
                                int d_in, int d_out);
/* [Net 3] out[n, d] = gain[d] in / rms(in), rms(in) = sqrt(mean in^2 + eps) of
 * a row; keeps inv_rms[n] = 1 / rms for [Net 4], its gradients.             */
SPPO_DEF void sppo_rmsnorm_fwd(sppo_real *out, sppo_real *inv_rms,
                               const sppo_real *in, const sppo_real *gain,
                               int n, int d, double eps);
SPPO_DEF void sppo_rmsnorm_bwd(sppo_real *din, sppo_real *dgain,
                               const sppo_real *dout, const sppo_real *in,
                               const sppo_real *gain, const sppo_real *inv_rms,
                               int n, int d);
/* [Net 5] Rotary positions, in place: in each of n rows, `stride` numbers
 * apart, the first `heads` heads of head_dim numbers turn by the row's position
 * or, as gradients do, with direction -1 back.  Channels j and j + head_dim / 2
 * are a pair.  table: sppo_rope_table's, with more positions than any here. */
SPPO_DEF void sppo_rope_table(sppo_real *table, int positions, int head_dim,
                              double theta);  // [positions, head_dim]
SPPO_DEF void sppo_rope(sppo_real *x, const int *position,
                        const sppo_real *table, int n, int heads, int head_dim,
                        int stride, int direction);
/* [Net 6] out[n, hidden] = silu(gate) up; rows of gate_up[n, 2 hidden] are
 * [gate | up]; silu(g) = g / (1 + exp(-g)).                                 */
SPPO_DEF void sppo_swiglu_fwd(sppo_real *out, const sppo_real *gate_up, int n,
                              int hidden);
/* [Net 7] Sets dgate_up; dout becomes what sppo_swiglu_fwd gives. */
SPPO_DEF void sppo_swiglu_bwd(sppo_real *dgate_up, sppo_real *dout,
                              const sppo_real *gate_up, int n, int hidden);
/* [Net 8] log sum_i exp(x_i) of x[n]; no x overflows it. */
SPPO_DEF double sppo_log_sum_exp(const sppo_real *x, int n);
/* exp to within 1.3 units in the last place of a float, the same bits wherever
 * it is called; below -87.3 it is 0.  In double, libm's.                    */
SPPO_DEF sppo_real sppo_exp(sppo_real x);

/* ==== A5  the policy ======================================= >>policy == */

typedef enum sppo_head {     // what a model reads out beside next tokens
    SPPO_HEAD_NONE = 0,      // a policy
    SPPO_HEAD_PAIR,          // preference: g(x,a,b) - g(x,b,a)
    SPPO_HEAD_EMBED,         // preference: r(a) - r(b) + e_a' R e_b
    SPPO_HEAD_SCALAR         // preference: r(a) - r(b), Bradley-Terry
} sppo_head;

/* "none", "pair", "embed", "scalar"; NULL beyond the last. */
SPPO_DEF const char *sppo_head_name(sppo_head head);
/* How often each of k responses is read: k, when the head reads one after the
 * other, or once.                                                           */
SPPO_DEF int sppo_head_readings(sppo_head head, int k);

enum { SPPO_EOS_MORE = 7 };  // most ids that end a response, beside eos

/* Zero means the default beside the field; vocab to context are required. */
typedef struct sppo_config {
    int vocab;          // vocab_size
    int dim;            // hidden_size
    int layers;         // num_hidden_layers
    int heads;          // num_attention_heads
    int kv_heads;       // num_key_value_heads; 0: heads
    int head_dim;       // 0: dim / heads; even
    int hidden;         // intermediate_size
    int context;        // max_position_embeddings
    int untied;         // 1: an own classifier lm_head, not the embedding
    int bos, eos;       // token ids as they are (0 is token 0; -1: none)
    double rope_theta;  // 0: 10000
    double norm_eps;    // 0: 1e-5
    sppo_head head;
    int embed_dim;      // of SPPO_HEAD_EMBED; 0: 8; even
    int eos_count;      // ids in eos_more, which end a response as eos does;
    int eos_more[SPPO_EOS_MORE];  // a text that is written out gets eos
} sppo_config;

typedef struct sppo_tensor {
    char name[64];      // Hugging Face's
    int rows, cols;     // [rows, cols]; cols 0: a vector [rows]
    size_t offset;      // of its first number in weights, gradients, moments
    size_t size;        // how many numbers
} sppo_tensor;

/* All tensors in one block of weights; saving, counting and checking walk the
 * table.  A gradient is a block of the same count numbers, in the same places.
 */
typedef struct sppo_model {
    sppo_config config;    // resolved: defaults filled in
    int tensor_count;
    sppo_tensor *tensors;  // [tensor_count]
    size_t count;          // numbers in all
    sppo_real *weights;    // [count]
} sppo_model;

/* Fills in defaults and checks; names the field that does not fit. */
SPPO_DEF sppo_result sppo_config_resolve(sppo_ctx *ctx, sppo_config *resolved,
                                         const sppo_config *config);
/* Random weights, the same for the same seed: embedding N(0, 0.1^2), matrices
 * N(0, 1 / columns), those that write to the residual stream divided by
 * sqrt(2 layers); gains 1.  SPPO_E_ARGUMENT: a field does not fit, by name. */
SPPO_DEF sppo_result sppo_model_init(sppo_ctx *ctx, sppo_model *model,
                                     const sppo_config *config, uint64_t seed);
/* A copy, with the head asked for: tensors of the same name and shape are
 * copied, others are fresh.  embed_dim 0: the original's.                   */
SPPO_DEF sppo_result sppo_model_clone(sppo_ctx *ctx, sppo_model *copy,
                                      const sppo_model *model, sppo_head head,
                                      int embed_dim);
SPPO_DEF void sppo_model_free(sppo_ctx *ctx, sppo_model *model);
/* NULL when there is no such tensor. */
SPPO_DEF const sppo_tensor *sppo_model_tensor(const sppo_model *model,
                                              const char *name);
/* How many numbers a model of a resolved config has. */
SPPO_DEF size_t sppo_config_count(const sppo_config *config);
/* 1 when a token ends a response: it is eos or one of eos_more. */
SPPO_DEF int sppo_config_ends(const sppo_config *config, int token);
/* 1: the list ends with the model's EOS; 0: it was cut, or is empty.  (D12) */
SPPO_DEF int sppo_finished(const sppo_config *config, const sppo_lists *lists,
                           int list);

/* A part of a batch: neighbouring trees, a forest of their own, whose segments
 * and tokens count from 0.  It goes through the network in one piece; see A
 * PASS OVER A BATCH in the manual.                                          */
typedef struct sppo_micro_batch {
    sppo_forest forest;
    int first_segment, first_token;  // of the batch
    double *logprob, *d_logprob;     // [tokens] in nats; the loss's gradient
    sppo_real *final, *d_final;      // [tokens, dim] hidden states; the same
    sppo_real *grad;                 // [count] a partial sum of the gradient
    /* private: */
    int trees, *tree_start, *before, *position;
    int scored_rows, scored_tokens, logits_ready;
    int *scored_row, *scored_from, *scored_token;
    double *row_lse;
    sppo_real *logits, *inv_final;
    struct sppoi_kept_layer *layer;
    sppo_result result;
} sppo_micro_batch;

/* What activations are for. */
enum {
    SPPO_FORWARD = 0,  // sppo_forward
    SPPO_BACKWARD,     // sppo_backward too: all rows' activations are kept
    SPPO_STEP          // sppo_step and sppo_next_token_loss: the activations
};                     // of one micro-batch for each thread

/* The activations of a pass: all memory that one needs.  max_tokens and
 * max_segments bound the forests that it takes.                             */
typedef struct sppo_activations {
    int max_tokens, max_segments, backward;
    double *logprob;     // [tokens] log pi(token | what it sees), in nats; 0
                         // where the token is not scored
    sppo_real *final;    // [tokens, dim] hidden states after the last norm
    double *d_logprob;   // [tokens] room for the caller's gradients
    /* private: */
    sppo_config config;
    size_t count, trunk_count;
    int threads, workers, micro_rows, most_rows, chunk, packed_before;
    int logit_rows, micro_batches, partials, *counter;
    sppo_micro_batch *micro_batch;
    struct sppoi_workspace *workspace;
    struct sppoi_panels *panels[2];
    sppo_real *classifier[2], *table, *partial, *logits;
    void (*on_layer)(void *user, int layer, const sppo_micro_batch *b,
                     const sppo_real *qkv);
    void *hook_user;
    char *room;
    void *block;
    size_t block_size;
} sppo_activations;

/* For models of this one's shape, with its head or another.  max_tree bounds
 * the tokens of a tree (0: max_tokens); backward is one of the three above.
 * SPPO_BACKWARD keeps all rows; the others take about a micro-batch's memory
 * for each thread.                                                          */
SPPO_DEF sppo_result sppo_activations_init(sppo_ctx *ctx,
                                           sppo_activations *acts,
                                           const sppo_model *model,
                                           int max_tokens, int max_segments,
                                           int max_tree, int backward);
/* The bytes that sppo_activations_init would take, for a resolved config and as
 * many threads as there are now.                                            */
SPPO_DEF size_t sppo_activations_bytes(const sppo_config *config,
                                       int max_tokens, int max_segments,
                                       int max_tree, int backward);
SPPO_DEF void sppo_activations_free(sppo_ctx *ctx, sppo_activations *acts);

/* Fills acts->logprob and acts->final.  SPPO_E_ARGUMENT: a token id outside the
 * vocabulary, a position beyond the context, an empty segment, a forest or a
 * tree that does not fit; SPPO_E_NUMBER: a log-probability is not finite.   */
SPPO_DEF sppo_result sppo_forward(sppo_ctx *ctx, sppo_activations *acts,
                                  const sppo_model *model,
                                  const sppo_forest *forest);
/* The way back from a loss of yours.  Give its derivatives by acts->logprob in
 * d_logprob[tokens] and by acts->final in d_final[tokens, dim] (NULL: it does
 * not depend on final); those by the weights are added to grad[model->count].
 * The forest is that of the last sppo_forward, which may be followed by several
 * of these; the activations were begun with SPPO_BACKWARD.                  */
SPPO_DEF sppo_result sppo_backward(sppo_ctx *ctx, sppo_activations *acts,
                                   const sppo_model *model,
                                   const sppo_forest *forest,
                                   const double *d_logprob,
                                   const sppo_real *d_final, sppo_real *grad);
/* The loss of sppo_step.  It reads a micro-batch's logprob and final and adds
 * its derivatives to d_logprob and d_final, which come as 0, and those by the
 * tensors of a head to b->grad.  It runs on several threads at once, so it must
 * not touch the ctx; what it returns other than SPPO_OK sppo_step returns.  */
typedef sppo_result (*sppo_step_loss)(void *user, sppo_micro_batch *b);
/* Forward, loss and backward for each micro-batch, in less memory than the two
 * calls need; adds to grad[model->count], which after a failure is of no use.
 * The activations must be of a model with as many numbers as this one or more.
 */
SPPO_DEF sppo_result sppo_step(sppo_ctx *ctx, sppo_activations *acts,
                               const sppo_model *model,
                               const sppo_forest *forest, sppo_step_loss loss,
                               void *user, sppo_real *grad);
/* [Sec 3] log pi(y|x) of one segment: the SUM over its tokens. */
SPPO_DEF double sppo_segment_logprob(const sppo_activations *acts,
                                     const sppo_forest *forest, int segment);
/* The same of a segment of a micro-batch, counted from its first. */
SPPO_DEF double sppo_micro_batch_logprob(const sppo_micro_batch *b,
                                         int segment);
/* logits[vocab] of the token that follows a row of the last forward pass. */
SPPO_DEF void sppo_logits(const sppo_activations *acts,
                          const sppo_model *model, int row, double *logits);
/* [Net 18] *loss = -sum of log pi over the scored tokens / divisor (0: / their
 * number, so nats per token).  Adds its gradient to grad[model->count] unless
 * NULL.  SPPO_E_NUMBER: the loss is not finite, and grad is of no use.      */
SPPO_DEF sppo_result sppo_next_token_loss(sppo_ctx *ctx, sppo_activations *acts,
                                          const sppo_model *model,
                                          const sppo_forest *forest,
                                          double divisor, sppo_real *grad,
                                          double *loss);

/* ==== A6  sampling ========================================= >>sample == */

typedef struct sppo_sampling {
    double temperature;  // 0: 1 (the paper's)
    double top_p;        // 0: 1, no cut; keeps the smallest set with this mass
    int greedy;          // 1: the most probable token, ties to the lowest id
    int max_tokens;      // longest response, EOS included; 0: 64
} sppo_sampling;

/* A key/value cache for `max_prompts` prompts of k responses at a time. */
typedef struct sppo_sampler {
    int max_prompts, k, max_prompt_tokens, max_new;
    const sppo_lists *given; // not NULL: each prompt's last response is not
                             // drawn but the list of its number
    /* private: */
    struct sppo_sampler *partner;  // of the other model in a mixture
    const sppo_model *other;
    int mixed;
    sppo_real weight;
    sppo_config config;
    sppo_activations acts;  // of the pass over the prompts; packed weights
    sppo_forest forest;
    sppo_real *prompt_cache, *cache, *rows, *score, *table;
    int *in_flight, *length, *token;
    int row_width, limit;
    void *block;
    size_t block_size;
} sppo_sampler;

SPPO_DEF sppo_result sppo_sampler_init(sppo_ctx *ctx, sppo_sampler *sampler,
                                       const sppo_model *model,
                                       int max_prompts, int k,
                                       int max_prompt_tokens, int max_new);
SPPO_DEF void sppo_sampler_free(sppo_ctx *ctx, sppo_sampler *sampler);
/* [NLHF 2] From now on the last `mixed` responses to each prompt are drawn,
 * token by token, from the geometric mixture of two models, proportional to
 * pi^(1 - weight) other^weight.  partner was made by sppo_sampler_init with the
 * same sizes, for the other; it is this sampler's until that is freed.      */
SPPO_DEF sppo_result sppo_sampler_mix(sppo_ctx *ctx, sppo_sampler *sampler,
                                      sppo_sampler *partner,
                                      const sppo_model *other, int mixed,
                                      double weight);
/* [Alg 1.3] k responses to each of prompts [first, first + count), appended to
 * responses in order.  A response ends with EOS, or is cut at max_tokens or
 * the context.  Draw n of response r to prompt p depends on (key, p, r, n).
 * count may exceed max_prompts; a longest prompt is max_prompt_tokens, and a
 * longest response max_new.                                                 */
SPPO_DEF sppo_result sppo_sample(sppo_ctx *ctx, sppo_sampler *sampler,
                                 const sppo_model *model,
                                 const sppo_lists *prompts, int first,
                                 int count, const sppo_sampling *sampling,
                                 uint64_t key, sppo_lists *responses);
/* One draw from logits[n]; uniform in [0, 1).  weight[n] and order[n] are
 * scratch.  -1 when a logit is NaN or the largest is not finite, or the
 * temperature is none that sppo_sample takes.                               */
SPPO_DEF int sppo_sample_token(const sppo_real *logits, int n,
                               const sppo_sampling *sampling, double uniform,
                               sppo_real *weight, int *order);

/* ==== A7  optimisers ======================================== >>optim == */

typedef enum sppo_optimizer { SPPO_RMSPROP = 0, SPPO_ADAMW } sppo_optimizer;
typedef enum sppo_decay {
    SPPO_DECAY_LINEAR = 0,
    SPPO_DECAY_COSINE,
    SPPO_DECAY_CONSTANT
} sppo_decay;

/* A zero that is meant, where 0 stands for a default other than 0. */
#define SPPO_ZERO (-1.0)

/* PyTorch's definitions. Zero means the default named. */
typedef struct sppo_optim_config {
    double lr;            // required
    double alpha;         // RMSprop: 0.99; SPPO_ZERO: the sign of a gradient
    double beta1, beta2;  // AdamW: 0.9, 0.999; SPPO_ZERO: no memory
    double eps;           // 1e-8; never zero, for 0 / 0 would come of it
    double weight_decay;  // 0; AdamW only, matrices only (norm gains are free)
    double clip;          // 0: off; else the largest gradient norm
    double warmup;        // share of total_steps with a linear rise; 0: none
    double lr_end;        // share of lr that the decay ends at; 0
    int total_steps;      // 0: constant lr, or what sppo_play counts
    sppo_optimizer kind;
    sppo_decay decay;
} sppo_optim_config;

typedef struct sppo_optim {
    sppo_optim_config config;  // resolved; SPPO_ZERO stays
    int step;                  // taken so far
    double lr, grad_norm;      // of the last step; the norm before clipping
    size_t count;
    sppo_real *square, *mean;  // moments; mean only for AdamW
} sppo_optim;

SPPO_DEF sppo_result sppo_optim_init(sppo_ctx *ctx, sppo_optim *optim,
                                     const sppo_optim_config *config,
                                     const sppo_model *model);
SPPO_DEF void sppo_optim_free(sppo_ctx *ctx, sppo_optim *optim);
SPPO_DEF void sppo_optim_reset(sppo_optim *optim);  // step 0, moments 0
/* The learning rate of step 0, 1, ... total_steps - 1. */
SPPO_DEF double sppo_learning_rate(const sppo_optim_config *config, int step);
/* One step; clears grad.  SPPO_E_NUMBER, before anything changes, when grad is
 * not finite.                                                               */
SPPO_DEF sppo_result sppo_optim_step(sppo_ctx *ctx, sppo_optim *optim,
                                     sppo_model *model, sppo_real *grad);

/* ==== A8  the preference model ============================= >>prefer == */

/* A preference model at work: a model with a head (borrowed) and the room to
 * read max_tokens at a time.  One sppo_pref serves one thread.              */
typedef struct sppo_pref {
    const sppo_model *model;
    sppo_forest forest;
    sppo_activations acts;
    int max_k;
    /* private: */
    double *term, *encoded;
    size_t block_size;
    void *block;
} sppo_pref;

/* backward 1: for training. max_k: responses to a prompt; 2 for training. */
SPPO_DEF sppo_result sppo_pref_init(sppo_ctx *ctx, sppo_pref *pref,
                                    const sppo_model *model, int max_tokens,
                                    int max_k, int backward);
SPPO_DEF void sppo_pref_free(sppo_ctx *ctx, sppo_pref *pref);
/* Tokens that judging k responses (lengths given) to a prompt takes; INT_MAX:
 * that, or more.                                                            */
SPPO_DEF int sppo_pref_tokens(const sppo_pref *pref, int prompt_length,
                              const int *length, int k);
/* s(i, j) for all pairs of the k responses to each of `count` prompts from
 * prompts[first] on; their responses are lists 0 .. count * k - 1.
 * score[(p k + i) k + j] = -score[(p k + j) k + i], diagonal 0.             */
SPPO_DEF sppo_result sppo_pref_score(sppo_ctx *ctx, sppo_pref *pref,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses, int k,
                                     int first, int count, double *score);
/* Mean cross-entropy over `count` rows; row[i] names one: prompt row[i] and its
 * responses 2 row[i] and 2 row[i] + 1, of which the first is better with
 * probability label[row[i]].  score[i], unless NULL, is s of row[i].  Adds
 * gradients to grad unless NULL.  On SPPO_E_NUMBER grad and score are undefined
 * (parts of them may have been written).                                    */
SPPO_DEF sppo_result sppo_pref_loss(sppo_ctx *ctx, sppo_pref *pref,
                                    const sppo_lists *prompts,
                                    const sppo_lists *responses,
                                    const double *label, const int *row,
                                    int count, sppo_real *grad, double *loss,
                                    double *score);

/* Fills pairwise[(p k + i) k + j] = P(response i better than j) for `count`
 * prompts, prompts[first + p] with responses p k .. p k + k - 1 (tokens, EOS
 * included when it was sampled: sppo_finished tells).  Returns SPPO_OK, or a
 * failure that it set with sppo_fail.                                       */
typedef struct sppo_judge {
    sppo_result (*fill)(sppo_ctx *ctx, void *user, const sppo_lists *prompts,
                        const sppo_lists *responses, int k, int first,
                        int count, double *pairwise);
    void *user;
} sppo_judge;

/* The fill of a judge whose user is a sppo_pref. */
SPPO_DEF sppo_result sppo_pref_fill(sppo_ctx *ctx, void *pref,
                                    const sppo_lists *prompts,
                                    const sppo_lists *responses, int k,
                                    int first, int count, double *pairwise);

/* ==== A9  training on given data ============================ >>train == */

/* What the progress callback sees after every step. */
typedef struct sppo_train_progress {
    int step, steps;      // taken so far, and in all
    double loss;          // of this step, before it: see sppo_train_run
    double tokens;        // of a policy: how many it predicted
    double learning_rate, grad_norm;
    int rows;             // that the step learned from
    const int *row;       // [rows] which
    const double *score;  // [rows] of preferences their log-odds; NULL: none
} sppo_train_progress;

/* Zero means the default beside the field. */
typedef struct sppo_train_config {
    int batch;         // rows in one step; 0: 32
    int epochs;        // over the rows; 0: 1.  The last step of an epoch has
                       // the rows that are left
    int steps;         // instead: so many, all of whole batches, which go on
                       // from epoch to epoch; 0: as epochs say
    int pass_tokens;   // tokens at once (memory); 0: 4096, or the longest row
    int keep_order;    // 1: in the order given; 0: in a new one every epoch
    int rows;          // 0: all
    const int *row;    // [rows] their numbers, copied; NULL: from 0 on
    int held_out;      // the last of the rows that are not learned
    uint64_t seed;     // of the order
    sppo_optim_config optim;  // lr is required; total_steps 0: this run's
    /* Called after every step; not 0: stop. */
    int (*progress)(void *user, const sppo_train_progress *progress);
    void *progress_user;
} sppo_train_config;

typedef struct sppo_train {
    sppo_train_config config;   // resolved
    sppo_model *model;          // borrowed; it is trained in place
    const sppo_lists *prompts, *responses;  // borrowed
    const double *label;        // borrowed
    int learned;                // rows that are: rows less held_out
    int steps;                  // that the run takes; may be set anew
    sppo_optim optim;           // optim.step: how many it has taken
    sppo_real *grad;            // [model->count] 0 between steps
    /* private: */
    sppo_pref pref;             // of a policy only the forest and activations
    double predicted;           // tokens of the rows that are learned
    double *score;
    int *row, *order, *batch, epoch;
    void *block;
    size_t block_size;
} sppo_train;

/* Takes all memory of a run over rows of lists.  label NULL: a policy learns
 * to predict; row i is prompts[i] and after it responses[i], which alone is
 * predicted, or, where that is empty or responses NULL, a text prompts[i], of
 * which all but the first token is.  Else a model with a head learns to
 * prefer: of prompts[i] and its responses 2 i and 2 i + 1 the first is better
 * with probability label[i].  SPPO_E_ARGUMENT: a field, or a row, by number
 * and from 1: it is missing, does not fit in the context, has a token outside
 * the vocabulary or a label outside [0, 1]; nothing can be learned.         */
SPPO_DEF sppo_result sppo_train_init(sppo_ctx *ctx, sppo_train *train,
                                     const sppo_train_config *config,
                                     sppo_model *model,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses,
                                     const double *label);
SPPO_DEF void sppo_train_free(sppo_ctx *ctx, sppo_train *train);
/* All steps that are left.  The loss of a step, in nats: of a policy [Net 18]
 * -log pi, summed over the tokens predicted and divided by how many that are
 * in as many rows on average, so that every token of the data weighs alike; of
 * preferences the mean of sppo_pref_loss.  A step that fails or is stopped
 * does not count; after SPPO_E_STOPPED the run may be called again, or be
 * saved and gone on with by sppo_train_save and _load with `model` and `optim`.
 * SPPO_E_NUMBER: a loss or a gradient is not finite, the last step's too.   */
SPPO_DEF sppo_result sppo_train_run(sppo_ctx *ctx, sppo_train *train);
/* The mean loss of rows [first, first + count) in the order of config.row, by
 * the model as it is: nats per token predicted, or per preference.  Those held
 * out begin with `learned`.  Adds the gradient to grad[model->count] unless
 * NULL; score[count], of preferences, as in sppo_pref_loss, or NULL.        */
SPPO_DEF sppo_result sppo_train_loss(sppo_ctx *ctx, sppo_train *train,
                                     int first, int count, sppo_real *grad,
                                     double *loss, double *score);
/* The three calls in one.  When it is stopped the model is as the last step
 * left it.                                                                  */
SPPO_DEF sppo_result sppo_train_policy(sppo_ctx *ctx, sppo_model *policy,
                                       const sppo_train_config *config,
                                       const sppo_lists *prompts,
                                       const sppo_lists *responses);
SPPO_DEF sppo_result sppo_train_preference(sppo_ctx *ctx,
                                           sppo_model *preference,
                                           const sppo_train_config *config,
                                           const sppo_lists *prompts,
                                           const sppo_lists *responses,
                                           const double *label);

/* ==== A10  preferences and exact games ====================== >>games == */

SPPO_DEF double sppo_sigmoid(double s);  // exact limits, no overflow
/* [Eq 3.1] P(y > y') from two rewards. */
SPPO_DEF double sppo_bradley_terry(double reward, double other);
/* P in [0, 1], P + P' = 1 and diagonal 1/2 within tolerance; made exact where
 * they hold.  Fails naming the entry otherwise.                             */
SPPO_DEF sppo_result sppo_preference_check(sppo_ctx *ctx, double *pairwise,
                                           int k, double tolerance);

/* A game has n answers and pairwise[n, n], P(i > j); a policy is pi[n], summing
 * to 1.  win[n] are win rates against a policy.                             */
/* P(i > pi) = E_{j ~ pi} P(i > j) for every answer i. */
SPPO_DEF void sppo_exact_win_rates(double *win, const double *pairwise,
                                   const double *pi, int n);
/* [Sec 3] P(pi > other). */
SPPO_DEF double sppo_exact_value(const double *pairwise, const double *pi,
                                 const double *other, int n);
/* [Sec 3] KL(p || q) in nats; 0 log 0 is 0, and p log (p / 0) infinite. */
SPPO_DEF double sppo_kl(const double *p, const double *q, int n);
/* [Eq 3.2] [Eq 4.8] E_pi[reward] - KL(pi || ref) / eta, greatest at
 * sppo_exact_step(.., ref, reward, eta, n).                                 */
SPPO_DEF double sppo_rlhf_value(const double *pi, const double *ref,
                                const double *reward, double eta, int n);
/* [Eq 3.3] max_i P(i > pi) - min_i P(i < pi) = 2 max_i P(i > pi) - 1. */
SPPO_DEF double sppo_duality_gap(const double *pairwise, const double *pi,
                                 int n);
/* [Eq 4.2] log sum_y pi(y) exp(eta P(y > pi)). */
SPPO_DEF double sppo_log_partition(const double *win, const double *pi,
                                   double eta, int n);
/* [Eq 4.1] next ~ pi exp(eta win).  In all steps next may be pi. */
SPPO_DEF void sppo_exact_step(double *next, const double *pi,
                              const double *win, double eta, int n);
/* Two answers to "the last policy circles", neither the paper's. */
/* Optimistic: next ~ pi exp(eta (2 win - last)), last the win rates of one
 * step before (of the first step: win itself).                              */
SPPO_DEF void sppo_optimistic_step(double *next, const double *pi,
                                   const double *win, const double *last,
                                   double eta, int n);
/* Magnetic: next maximises eta E_next[win] - KL(next || pi) - eta alpha
 * KL(next || magnet): Eq 3.2 within reach of pi.  Its last policy converges to
 * the equilibrium of the game regularised by alpha.                         */
SPPO_DEF void sppo_magnetic_step(double *next, const double *pi,
                                 const double *magnet, const double *win,
                                 double eta, double alpha, int n);
/* next ~ pi^(1 - lambda) ref^lambda, lambda in [0, 1]: between two policies. */
SPPO_DEF void sppo_mixture(double *next, const double *pi, const double *ref,
                           double lambda, int n);
/* The rewards, of mean 0, whose Eq 3.1 has the least cross-entropy to pairwise,
 * every pair alike; an answer that never loses ends at most 74 above.       */
SPPO_DEF void sppo_bradley_terry_fit(double *reward, const double *pairwise,
                                     int n);
/* The share of all triples that go in a circle, i beats j beats l beats i. */
SPPO_DEF double sppo_cyclic_share(const double *pairwise, int n);
/* [Eq 4.4] E_{y ~ old} (log pi(y) / old(y) - target(y))^2; grad[n] in the
 * logits of pi.                                                             */
SPPO_DEF double sppo_exact_loss(const double *pi, const double *old,
                                const double *target, int n, double *grad);
/* [Eq 4.6] next: the policy that minimises sppo_exact_loss, pi the old one.
 * Needs sum_y pi(y) exp(target(y)) >= 1, as eta (P - 1/2) always has it.
 * Returns c >= 0 of log rho + c rho = target, rho = next / pi; 0 exactly when
 * the targets have the true log Z, and next is Eq 4.1's.                    */
SPPO_DEF double sppo_exact_fit(double *next, const double *pi,
                               const double *target, int n);
/* [Thm 4.1] An upper bound of the duality gap of the average of the policies of
 * `steps` steps; support is -log min_y pi_1(y) (uniform: log n).            */
SPPO_DEF double sppo_gap_bound(double support, double eta, int steps);
/* [App B] Lemma B.1: an upper bound of sum_t P(pi_t < mu_t) against any mu_1,
 * mu_2 ..; first is pi_1, lost[y] = sum_t P(y < mu_t).                      */
SPPO_DEF double sppo_hedge_bound(const double *first, const double *lost,
                                 double eta, int n);

/* ==== A11  the SPPO update ================================= >>update == */

/* [Eq 4.5] win[i] = P^(y_i > pi_t) = mean_j P(y_i > y_j), j = i included. */
SPPO_DEF void sppo_win_rates(double *win, const double *pairwise, int k);
/* [NLHF 2] The same against y_j, j >= from, alone. */
SPPO_DEF void sppo_win_rates_against(double *win, const double *pairwise,
                                     int from, int k);
/* 1 when probability or win rate a is greater than b by more than 1e-9: less is
 * rounding, and the two are equal (D11).                                    */
SPPO_DEF int sppo_beats(double a, double b);
/* [Sec 5] PairRM's score of a response: the mean log-odds of its k comparisons,
 * itself included as 0.                                                     */
SPPO_DEF void sppo_mean_scores(double *score, const double *pairwise, int k);
/* The released code's P from such scores, sigma(2 (score_i - score_j)). */
SPPO_DEF void sppo_preference_from_scores(double *pairwise,
                                          const double *score, int k);
/* [D12] P after each response that was cut has lost `penalty` log-odds against
 * each that ended, of the k whose lists begin with `first`.  Certainty, P of 0
 * or 1, has no finite log-odds and stays, as does all where penalty is 0.   */
SPPO_DEF void sppo_penalise_cuts(double *pairwise, const sppo_config *config,
                                 const sppo_lists *responses, int first, int k,
                                 double penalty);

typedef enum sppo_baseline {
    SPPO_BASELINE_HALF = 0,    // log Z = eta / 2              Eq 4.6
    SPPO_BASELINE_EMPIRICAL,   // log mean_i exp(eta P^_i)     Eq 4.5, App A
    SPPO_BASELINE_COEFFICIENT  // log Z = coefficient * eta
} sppo_baseline;

/* [App A] log Z of the k win rates by the chosen baseline.  EMPIRICAL, given
 * the win rates of fresh responses against the k, is Eq 4.5's estimate.     */
SPPO_DEF double sppo_log_z(sppo_baseline baseline, double coefficient,
                           double eta, const double *win, int k);
/* [Eq 4.3] [Eq 4.6] eta win - log_z. */
SPPO_DEF double sppo_target(double eta, double win, double log_z);

/* Losses return the loss and set its gradients.  r_w, r_l: log-ratios
 * log pi_theta / pi_t of winner and loser; grad[0], grad[1] in them.        */
/* [Eq 4.7] (log-ratio - target)^2 of one response. */
SPPO_DEF double sppo_loss_point(double ratio, double target, double *grad);
/* [Eq 4.12] sum of two squares with p = P(y_w > y_l). */
SPPO_DEF double sppo_loss_pair(double r_w, double r_l, double p, double eta,
                               double grad[2]);
/* The released code's `sppo_single`: half of that. */
SPPO_DEF double sppo_loss_single(double r_w, double r_l, double p, double eta,
                                 double grad[2]);
/* The released code's `sppo`: half of the sum, with win rates for both. */
SPPO_DEF double sppo_loss_pair_average(double r_w, double r_l, double win_w,
                                       double win_l, double eta,
                                       double grad[2]);
/* [Sec 4.5] TRL's `sppo_hard`: Eq 4.12 with p = 1. */
SPPO_DEF double sppo_loss_hard(double r_w, double r_l, double eta,
                               double grad[2]);
/* [Eq 4.13] DPO with beta = 1 / eta. */
SPPO_DEF double sppo_loss_dpo(double r_w, double r_l, double eta,
                              double grad[2]);
/* [Eq 4.14] IPO: (r_w - r_l - eta)^2, that is tau = 1 / (2 eta). */
SPPO_DEF double sppo_loss_ipo(double r_w, double r_l, double eta,
                              double grad[2]);
/* [REBEL 1] (r_w - r_l - target)^2. */
SPPO_DEF double sppo_loss_gap(double r_w, double r_l, double target,
                              double grad[2]);
/* [DNO 1] Cross-entropy of sigma((r_w - r_l) / eta) and a label in [0, 1]. */
SPPO_DEF double sppo_loss_soft(double r_w, double r_l, double label,
                               double eta, double grad[2]);
/* [PPO 1] -min(rho A, clip(rho, 1 - clip, 1 + clip) A), rho = e^ratio. */
SPPO_DEF double sppo_loss_clip(double ratio, double advantage, double clip,
                               double *grad);

/* How the rewards of k responses to a prompt become their advantages. */
typedef enum sppo_advantage {
    SPPO_ADVANTAGE_LEAVE_ONE_OUT = 0,  // less the mean of the others
    SPPO_ADVANTAGE_MEAN,               // less the mean of all
    SPPO_ADVANTAGE_STANDARD            // that by the standard deviation
} sppo_advantage;
/* [RLOO 1] [GRPO 1] advantage may be reward. */
SPPO_DEF void sppo_advantages(sppo_advantage kind, double *advantage,
                              const double *reward, int k);

/* The losses that the loop offers; >>beyond has their table, for one more. */
typedef enum sppo_loss {
    SPPO_LOSS_SPPO = 0,  // Eq 4.7 on every kept response, win rates P^
    SPPO_LOSS_PAIR,      // Eq 4.12, soft P(y_w > y_l)
    SPPO_LOSS_SINGLE,    // half of that: the released code's sppo_single
    SPPO_LOSS_HARD,      // Eq 4.12 with P = 1, as in TRL
    SPPO_LOSS_DPO,       // Eq 4.13
    SPPO_LOSS_IPO,       // Eq 4.14
    SPPO_LOSS_GPO,       // Eq 4.7 with mean scores for win rates  [GPO 1]
    SPPO_LOSS_GAP,       // every pair's difference      [REBEL 1] [INPO 1]
    SPPO_LOSS_DNO,       // the same by cross-entropy              [DNO 1]
    SPPO_LOSS_CLIP,      // a policy gradient, clipped             [PPO 1]
    SPPO_LOSS_SIMPO      // DPO's on log-probabilities per token [SimPO 1]
} sppo_loss;
/* Its name, "sppo", "pair", ..; NULL when there is no such loss, so counting
 * from 0 gives them all.                                                    */
SPPO_DEF const char *sppo_loss_name(sppo_loss loss);

/* What GAP, DNO and CLIP learn from; the others have their own. */
typedef enum sppo_signal {
    SPPO_SIGNAL_WIN = 0,  // P^ of each response
    SPPO_SIGNAL_SCORE,    // its mean score, a reward where Eq 3.1 holds
    SPPO_SIGNAL_PAIR,     // of two P(y_i > y_j); not of CLIP
    SPPO_SIGNAL_HARD      // of two which has the higher P^; not of CLIP
} sppo_signal;

/* ==== A12  self-play: Algorithm 1 ============================ >>play == */

typedef enum sppo_phase {
    SPPO_PHASE_SAMPLE = 0, SPPO_PHASE_JUDGE, SPPO_PHASE_SELECT, SPPO_PHASE_FIT,
    SPPO_PHASE_ADVANCE, SPPO_PHASE_DONE
} sppo_phase;

/* What the progress callback sees after every unit of work; the means are over
 * the last step's responses (in FIT) or the round so far.  TRL's names.     */
typedef struct sppo_progress {
    sppo_phase phase;
    int iteration;           // 0, 1, ...
    int done, total;         // prompts sampled, judged; steps taken
    double loss;             // the mean over the step's prompts
    double loss_scaled;      // loss / eta^2: the same size for every eta
    double learning_rate, grad_norm;
    double logps_chosen, logps_rejected;      // log pi_theta(y|x)
    double rewards_chosen, rewards_rejected;  // log-ratio / eta
    double rewards_margins, rewards_accuracies;
    /* In nats, whatever the loss and its eta, to compare runs by: */
    double logratios_chosen, logratios_rejected;  // log pi_theta / pi_t
    double kl;               // mean of -log-ratio over the kept responses:
                             // estimates KL(pi_t || pi_theta) with keep_all
                             // at temperature 1, else only how far they moved
    double entropy;          // mean of -log pi_t(y|x) over them: likewise of
                             // the entropy of pi_t, of whole responses
    double win_chosen, win_rejected;          // mean P^ of the kept two
    double length, eos_rate; // of the responses: mean tokens, share finished
} sppo_progress;

/* Processes that train one policy together, each with a sppo_play of its own
 * from the same settings, prompts and weights.  Prompts are sampled and judged,
 * and passes of a step are computed, each by one rank; all then know all, and
 * a failure or a stop on one rank is returned, with its sentence, by all.
 * A rank has something to do in a step that takes a pass or more for each:
 * choose pass_tokens accordingly.                                           */
typedef struct sppo_ranks {
    int rank, size;  // 0 <= rank < size
    /* buffer[count] becomes its sum over the ranks, on all of them.  Added in
     * the order of ranks, the whole run has the same bits for any size, 1
     * included; in another order it is the same to rounding, as it is without
     * ranks where a step takes several passes: these then add to one gradient
     * directly, which ranks cannot, nor is a second one worth its memory.   */
    sppo_result (*all_reduce)(sppo_ctx *ctx, void *user, sppo_real *buffer,
                              size_t count);
    void *user;
} sppo_ranks;

typedef struct sppo_play_config {
    double eta;               // required
    int k;                    // responses to a prompt; 0: 5
    int iterations;           // 0: 3
    int prompts_per_iteration;// 0: all prompts divided by iterations, rounded
                              // down; used again when they run out
    int batch;                // prompts in one step; 0: 32
    int epochs;               // over an iteration's data; 0: 1
    int pass_tokens;          // tokens at once (memory); 0: 4096
    int keep_all;             // 1: D_t has all k responses       (D1)
    int bradley_terry;        // 1: P from averaged scores        (D3)
    double coefficient;       // of BASELINE_COEFFICIENT
    double missing_eos_penalty; // >= 0: log-odds that a response without EOS
                              // loses against one with it      (D12)
    uint64_t seed;
    sppo_loss loss;
    sppo_baseline baseline;   //                                  (D2)
    sppo_signal signal;
    sppo_advantage advantage; // of LOSS_CLIP
    double clip_range;        // of LOSS_CLIP; 0: 0.2; 1e9: never clipped
    int length_normalised;    // of LOSS_CLIP; 1: its ratio per token  [GSPO 1]
    double margin;            // of LOSS_SIMPO, its gamma
    double pull;              // lambda in [0, 1]: log-ratios are to pi_t's and
                              // the reference's geometric mixture   [INPO 1]
    int reference_every;      // iterations until the reference moves to the
                              // policy; 0: never                   [COMAL 1]
    const sppo_model *reference; // copied, of the policy's shape; NULL: the
                              // policy as it is at init
    int opponents;            // of the k responses the last are only compared
                              // with; k or more: all are trained on, and all
                              // are such as                        [NLHF 2]
    double mixture;           // the reference's share in these; 0: pull
    const sppo_lists *gold;   // borrowed: for each prompt a response that takes
                              // the place of the last of the k     [SPIN 1]
    sppo_sampling sampling;
    sppo_optim_config optim;  // lr is required
    /* Called after every batch of prompts and every step; not 0: stop. */
    int (*progress)(void *user, const sppo_progress *progress);
    void *progress_user;
    const sppo_ranks *ranks;  // borrowed; NULL: this process alone
} sppo_play_config;

/* The data of one iteration: D_t and what it was made from. */
typedef struct sppo_round {
    int first, count;     // prompts[first .. first + count)
    sppo_lists responses; // [count k]
    double *pairwise;     // [count, k, k]
    double *win;          // [count, k]
    double *old;          // [count, k] log pi_t(y|x), of kept responses
    double *anchor;       // [count, k] what the loss's ratios are to: old, or
                          // by config.pull between it and a reference
    int *winner, *loser;  // [count] of 0 .. k - 1
} sppo_round;

typedef struct sppo_play {
    sppo_play_config config;    // resolved
    sppo_model *policy;         // borrowed; it is trained in place
    const sppo_lists *prompts;  // borrowed
    int iteration;
    sppo_phase phase;           // what comes next
    int done;                   // prompts or steps of this phase
    sppo_round round;
    sppo_optim optim;
    sppo_progress last;
    /* private: */
    sppo_sampler sampler, partner;
    sppo_forest forest;
    sppo_activations acts;
    sppo_real *grad;
    sppo_real *before; // of ranks: the sum over the passes so far of a step
    // [batch, k], of the kept responses to a step's prompts: log pi_theta(y|x),
    // log pi_theta / pi_t, P^, and the gradient of the loss in the second; what
    // all k are worth to a loss beyond the paper.
    double *kept_logp, *kept_ratio, *kept_win, *kept_grad, *worth;
    sppo_model reference;
    double *score;     // [k] of one prompt's responses
    int *order;
    void *block;
    size_t block_size;
    int steps, steps_per_epoch, have_old;
} sppo_play;

/* Takes all memory of the run.  Fails on k < 2, eta <= 0, no prompts, a prompt
 * that leaves no room for a response in the context.                        */
SPPO_DEF sppo_result sppo_play_init(sppo_ctx *ctx, sppo_play *play,
                                    const sppo_play_config *config,
                                    sppo_model *policy,
                                    const sppo_lists *prompts);
SPPO_DEF void sppo_play_free(sppo_ctx *ctx, sppo_play *play);
/* Bytes that init would take, the policy's own weights not counted; 0 when the
 * config is not one that init accepts, (size_t)-1 when that is too little. */
SPPO_DEF size_t sppo_play_bytes(const sppo_play_config *config,
                                const sppo_model *policy,
                                const sppo_lists *prompts);
/* The five steps, in this order, each once per iteration.  A step that was
 * stopped (SPPO_E_STOPPED) goes on where it was when it is called again.    */
SPPO_DEF sppo_result sppo_play_sample(sppo_ctx *ctx, sppo_play *play);
SPPO_DEF sppo_result sppo_play_judge(sppo_ctx *ctx, sppo_play *play,
                                     const sppo_judge *judge);
SPPO_DEF sppo_result sppo_play_select(sppo_ctx *ctx, sppo_play *play);
SPPO_DEF sppo_result sppo_play_fit(sppo_ctx *ctx, sppo_play *play);
SPPO_DEF sppo_result sppo_play_advance(sppo_ctx *ctx, sppo_play *play);
/* [Alg 1.3] The key of this iteration's random numbers, for sppo_sample. */
SPPO_DEF uint64_t sppo_play_key(const sppo_play *play);
/* Appends this iteration's responses to the prompts [from, from + count) of its
 * round, the same in any process.  To go on with responses that others drew
 * append them, in order, to round.responses, set done to the number of their
 * prompts and call sppo_play_sample: it samples what is missing.            */
SPPO_DEF sppo_result sppo_play_draw(sppo_ctx *ctx, sppo_play *play, int from,
                                    int count, sppo_lists *responses);
/* Does the next phase, whichever it is. */
SPPO_DEF sppo_result sppo_play_next(sppo_ctx *ctx, sppo_play *play,
                                    const sppo_judge *judge);
/* All that is left of the run, from wherever it is. */
SPPO_DEF sppo_result sppo_play_run(sppo_ctx *ctx, sppo_play *play,
                                   const sppo_judge *judge);

typedef struct sppo_evaluation {
    double win_rate;          // mean P(a > b), ties count one half
    double low, high;         // 95 % interval over prompts (normal)
    double standard_error;
    int prompts;
    double length_a, length_b;        // mean tokens of a response
    double eos_a, eos_b;              // share that ended by itself
    double kl;                // mean of log a - log b over a's responses, nats:
                              // KL(a || b) when sampled at temperature 1
} sppo_evaluation;

/* Samples `samples` responses of a and of b to each prompt (b with other
 * draws) and lets the judge compare each of a's with each of b's.           */
SPPO_DEF sppo_result sppo_evaluate(sppo_ctx *ctx, const sppo_model *a,
                                   const sppo_model *b,
                                   const sppo_judge *judge,
                                   const sppo_lists *prompts, int samples,
                                   const sppo_sampling *sampling, uint64_t seed,
                                   sppo_evaluation *result);
/* The index of the response with the highest win rate; of equals (sppo_beats)
 * the first.                                                                */
SPPO_DEF int sppo_best_of(const double *pairwise, int k);

/* ==== A13  files, JSON, tokenizer =========================== >>files == */

typedef enum sppo_json_type {
    SPPO_JSON_NULL = 0, SPPO_JSON_FALSE, SPPO_JSON_TRUE, SPPO_JSON_NUMBER,
    SPPO_JSON_STRING, SPPO_JSON_ARRAY, SPPO_JSON_OBJECT
} sppo_json_type;

typedef struct sppo_json_node {
    sppo_json_type type;
    int parent, first, next, count;  // -1: none; count: children
    size_t begin, end;               // of the value in text
    size_t name_begin, name_end;       // of its key, inside the quotes
    uint32_t hash;                   // private: of its object and its key
} sppo_json_node;

/* The tree of a JSON text, strict RFC 8259, as an array; node 0 is the root.
 * Reused by the next parse; text must outlive it.                           */
typedef struct sppo_json {
    const char *text;
    size_t length;
    sppo_json_node *node;
    int count, capacity;
    /* private: */
    int *slot, slots, room;  // a hash table of the nodes that have keys
} sppo_json;

/* where ("prompts.jsonl line 3") begins the sentence of a failure, which gives
 * the column.  Refuses duplicate keys, invalid UTF-8, nesting beyond 64.    */
SPPO_DEF sppo_result sppo_json_parse(sppo_ctx *ctx, sppo_json *json,
                                     const char *text, size_t length,
                                     const char *where);
SPPO_DEF void sppo_json_free(sppo_ctx *ctx, sppo_json *json);
SPPO_DEF int sppo_json_find(const sppo_json *json, int object,
                            const char *key);  // value node, or -1
/* Decoded bytes and a NUL; returns the length (size or more: it was cut); of
 * node -1, which is no node, the empty string.                              */
SPPO_DEF size_t sppo_json_string(const sppo_json *json, int node, char *out,
                                 size_t size);
SPPO_DEF double sppo_json_number(const sppo_json *json, int node);  // else 0
/* The other way: quotes and escapes; invalid UTF-8 becomes U+FFFD. */
SPPO_DEF size_t sppo_json_quote(char *out, size_t size, const char *text,
                                size_t length);

/* A byte-fallback BPE vocabulary in the format of llama2.c's tokenizer.bin:
 * 0 <unk>, 1 BOS, 2 EOS, 3 .. 258 the bytes, then pieces with scores.       */
enum { SPPO_BOS = 1, SPPO_EOS = 2, SPPO_BYTES = 3, SPPO_PIECES = 259 };

typedef struct sppo_tokenizer {
    int vocab;
    int longest;    // bytes of the longest piece
    float *score;   // [vocab]
    int *start;     // [vocab + 1] where a piece begins in bytes
    char *bytes;
    int *sorted;    // [vocab] ids by piece
    size_t room;    // taken for bytes
} sppo_tokenizer;

SPPO_DEF sppo_result sppo_tokenizer_read(sppo_ctx *ctx, sppo_tokenizer *tok,
                                         const void *data, size_t size,
                                         int vocab);
SPPO_DEF void sppo_tokenizer_free(sppo_ctx *ctx, sppo_tokenizer *tok);
/* Learns a vocabulary of `vocab` pieces from text. */
SPPO_DEF sppo_result sppo_tokenizer_train(sppo_ctx *ctx, sppo_tokenizer *tok,
                                          const char *text, size_t length,
                                          int vocab);
/* Appends one list: bos, the text's tokens, eos; these are ids, -1 for none
 * (a model's config.bos and config.eos).  Never fails on content, all of which
 * is text: "</s>" in it is four characters, not EOS.                        */
SPPO_DEF sppo_result sppo_tokenizer_encode(sppo_ctx *ctx,
                                           const sppo_tokenizer *tok,
                                           const char *text, size_t length,
                                           int bos, int eos, sppo_lists *lists);
/* Bytes and a NUL; returns the length (size or more: it was cut).  Drops BOS,
 * EOS and, at the start, the blank that encoding put there.                 */
SPPO_DEF size_t sppo_tokenizer_decode(const sppo_tokenizer *tok,
                                      const int *token, int count, char *out,
                                      size_t size);
/* Adds a prompt as llama2.c's models expect it: SPPO_BOS and the text. */
SPPO_DEF sppo_result sppo_lists_add_text(sppo_ctx *ctx, sppo_lists *lists,
                                         const sppo_tokenizer *tok,
                                         const char *text);

/* One response as text and a NUL, cut to size, with the draws of sppo_sample's
 * first response to its first prompt.                                       */
SPPO_DEF sppo_result sppo_sample_text(sppo_ctx *ctx, const sppo_model *model,
                                      const sppo_tokenizer *tok,
                                      const char *prompt,
                                      const sppo_sampling *sampling,
                                      uint64_t key, char *out, size_t size);
/* A judge that is told texts: sppo_judge judge = { sppo_judge_texts, &yours };
 * compare fills in pairwise[k, k], P(response i > response j), of one prompt;
 * finished[i] 0: response i was cut (D12).                                  */
typedef struct sppo_text_judge {
    const sppo_tokenizer *tokenizer;
    const sppo_config *config;  // the policy's
    sppo_result (*compare)(sppo_ctx *ctx, void *user, const char *prompt,
                           const char *const *responses, const int *finished,
                           int k, double *pairwise);
    void *user;
} sppo_text_judge;
SPPO_DEF sppo_result sppo_judge_texts(sppo_ctx *ctx, void *text_judge,
                                      const sppo_lists *prompts,
                                      const sppo_lists *responses, int k,
                                      int first, int count, double *pairwise);

/* How weights are written; they are read from any of F16, BF16, F32, F64. */
typedef enum sppo_dtype {
    SPPO_DTYPE_REAL = 0,  // as they are: float32, or float64 in that build
    SPPO_DTYPE_FLOAT32,
    SPPO_DTYPE_BFLOAT16   // half the size, 8 bits of precision; to even
} sppo_dtype;

/* A model from the bytes of its config.json and model.safetensors. */
SPPO_DEF sppo_result sppo_model_read(sppo_ctx *ctx, sppo_model *model,
                                     const char *config, size_t config_size,
                                     const void *weights, size_t weights_size);
/* The other way: the bytes of its model.safetensors, in a block to be given
 * back with sppo_release(ctx, data, size).                                  */
SPPO_DEF sppo_result sppo_model_write(sppo_ctx *ctx, const sppo_model *model,
                                      sppo_dtype dtype, void **data,
                                      size_t *size);
/* Hugging Face's config.json for a model; returns the length. */
SPPO_DEF size_t sppo_config_write(const sppo_config *config, sppo_dtype dtype,
                                  char *out, size_t size);
/* What is absent has Hugging Face's default; what this network cannot do is
 * refused by its name, `where` being the file's.                            */
SPPO_DEF sppo_result sppo_config_read(sppo_ctx *ctx, sppo_config *config,
                                      const char *text, size_t length,
                                      const char *where);

/* What data are by their first bytes when they are something that this library
 * does not read as text: "compressed with gzip: unpack it first"; or NULL.  All
 * readers ask it before they say why they failed.                           */
SPPO_DEF const char *sppo_file_kind(const void *data, size_t size);

#ifndef SPPO_NO_STDIO
/* The calls that touch the system: fopen, fread, fwrite, fseek, ftell, fflush,
 * fclose, rename, remove and, on POSIX, open, fdopen, close, fsync, flock,
 * mkdir, stat, fstat.  Define it for others of the same arguments: a test's,
 * which fail when it says so, or those of another file system.              */
#ifndef SPPO_IO
#define SPPO_IO(call) call
#endif

/* A whole file, with a NUL after it; give back with sppo_release(ctx, data,
 * size + 1).  A byte order mark of UTF-8 in front is left out.              */
SPPO_DEF sppo_result sppo_file_read(sppo_ctx *ctx, const char *path,
                                    char **data, size_t *size);
/* Written beside its place, synced, renamed: a reader never sees half a file,
 * and a failure leaves what was there before.                               */
SPPO_DEF sppo_result sppo_file_write(sppo_ctx *ctx, const char *path,
                                     const void *data, size_t size);
/* Makes a folder and those above it, where they are missing. */
SPPO_DEF sppo_result sppo_folder_make(sppo_ctx *ctx, const char *path);

/* A companion of a model: a file that belongs to it, beside its weights and
 * config.json.  Loading fills all but the name.                             */
typedef struct sppo_file {
    const char *name;  // "tokenizer.json"
    void *data;        // its bytes and a NUL; NULL: there is none
    size_t size;
    int named;         // 1: by the weights, so saved with them
} sppo_file;

/* The names that companions commonly have, one by one; NULL after the last. */
SPPO_DEF const char *sppo_companion(int which);
/* Gives back what loading put there. */
SPPO_DEF void sppo_files_free(sppo_ctx *ctx, sppo_file *files, int count);

/* model.safetensors and config.json in a folder, which is made when it is
 * missing: see SAVING in the manual.  _with: these companions with them, and no
 * others of the names above; without, those in the folder stay as they are. */
SPPO_DEF sppo_result sppo_model_save(sppo_ctx *ctx, const sppo_model *model,
                                     const char *folder);
SPPO_DEF sppo_result sppo_model_save_as(sppo_ctx *ctx, const sppo_model *model,
                                        sppo_dtype dtype, const char *folder);
SPPO_DEF sppo_result sppo_model_save_with(sppo_ctx *ctx,
                                          const sppo_model *model,
                                          sppo_dtype dtype, const char *folder,
                                          const sppo_file *files, int count);
/* The same with this tokenizer as its tokenizer.bin. */
SPPO_DEF sppo_result sppo_model_save_text(sppo_ctx *ctx,
                                          const sppo_model *model,
                                          const sppo_tokenizer *tok,
                                          const char *folder);
/* A Hugging Face Llama: config.json beside model.safetensors, or beside the
 * parts that model.safetensors.index.json names.  Takes the model's memory and
 * that of the headers.  _with: these companions of the same save too; edited 1
 * takes all files as they are now, though the weights name others.
 * What ends a response is the eos_token_id of generation_config.json where it
 * has one, else of config.json.  It may be a list: each of its tokens ends one;
 * a text is given config.json's, or the first where that is not among them. */
SPPO_DEF sppo_result sppo_model_load(sppo_ctx *ctx, sppo_model *model,
                                     const char *folder);
SPPO_DEF sppo_result sppo_model_load_with(sppo_ctx *ctx, sppo_model *model,
                                          const char *folder, int edited,
                                          sppo_file *files, int count);
SPPO_DEF sppo_result sppo_tokenizer_load(sppo_ctx *ctx, sppo_tokenizer *tok,
                                         const char *path, int vocab);
SPPO_DEF sppo_result sppo_tokenizer_save(sppo_ctx *ctx,
                                         const sppo_tokenizer *tok,
                                         const char *path);
/* Everything that the rest of a run depends on: weights, moments, the round,
 * where it stands.  Loading needs a play begun by sppo_play_init with the same
 * config (a difference is refused by name) and goes on to the same bits.  Only
 * config.iterations may differ: with more than it had, a run that was done goes
 * on, to the same bits as one that had them from the start, given that
 * prompts_per_iteration is the same (its default is not).  The file has a
 * digest of itself, compared before anything is taken from it.  A load that
 * fails leaves the policy's weights undefined and the play at the start of an
 * iteration: begin again.                                                   */
SPPO_DEF sppo_result sppo_play_save(sppo_ctx *ctx, const sppo_play *play,
                                    const char *path);
SPPO_DEF sppo_result sppo_play_load(sppo_ctx *ctx, sppo_play *play,
                                    const char *path);

/* A number that a checkpoint keeps by its name: 1 to 40 of a-z, 0-9, ._/- */
typedef struct sppo_number {
    const char *name;
    double value;
    int setting;  // 1: what the run is (its batch); 0: where it stands
} sppo_number;

/* The same for a training loop of your own, between two steps: weights,
 * moments, step, and `count` numbers of yours.  Loading compares the model's
 * config, the optimiser's, and the numbers that are settings, refuses a
 * difference by name, and gives the other numbers back.  Refused for a
 * setting, it has changed nothing; a load that fails later leaves weights,
 * moments and those numbers undefined.  With model and optim NULL the numbers
 * alone are loaded: a run may need some before it can make the rest.        */
SPPO_DEF sppo_result sppo_train_save(sppo_ctx *ctx, const sppo_model *model,
                                     const sppo_optim *optim,
                                     const sppo_number *own, int count,
                                     const char *path);
SPPO_DEF sppo_result sppo_train_load(sppo_ctx *ctx, sppo_model *model,
                                     sppo_optim *optim, sppo_number *own,
                                     int count, const char *path);
#endif

/* ==== A14  checking tools =================================== >>check == */

/* Compares grad[n] entry by entry, with sign, with central differences of
 * f(user) as x[i] moves by +-step: returns the largest |grad - difference| /
 * max(|difference|, floor), and where in *worst (may be NULL).              */
SPPO_DEF double sppo_check_gradient(double (*f)(void *user), void *user,
                                    sppo_real *x, const sppo_real *grad,
                                    size_t n, double step, double floor,
                                    size_t *worst);

/* ---- the calls of 0.1, as macros ---- */

#define sppo_trace sppo_activations
#define sppo_trace_init(ctx, acts, model, tokens, segments, backward) \
    sppo_activations_init(ctx, acts, model, tokens, segments, 0, backward)
#define sppo_trace_bytes(config, tokens, segments, backward) \
    sppo_activations_bytes(config, tokens, segments, 0, backward)
#define sppo_trace_free sppo_activations_free
#define sppo_take sppo_alloc
#define sppo_give sppo_release
#define sppo_team sppo_ranks
#define sppo_check_slopes sppo_check_gradient

#ifdef __cplusplus
}
#endif
#endif /* SPPO_H */

/* ==========================================================================
 *                         SECOND HALF: how it works
 * ======================================================================= */
#ifdef SPPO_IMPLEMENTATION
#ifndef SPPO_IMPLEMENTED
#define SPPO_IMPLEMENTED

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>   // snprintf; files only without SPPO_NO_STDIO
#include <stdlib.h>
#include <string.h>

/* ---- what all of the second half uses ---- */

/* The one macro with a hidden return: passes a failure on to the caller. */
#define SPPOI_TRY(call)                          \
    do {                                         \
        const sppo_result sppoi_result = (call); \
        if (sppoi_result != SPPO_OK)             \
            return sppoi_result;                 \
    } while (0)

static int sppoi_min(int a, int b) { return a < b ? a : b; }
static int sppoi_max(int a, int b) { return a > b ? a : b; }

/* Sizes are multiplied and added by these: what cannot be counted is TOO_MANY,
 * and stays it, so that no sum comes out small; no allocator has as much.   */
#define SPPOI_TOO_MANY ((size_t)-1)

static size_t sppoi_size_product(size_t a, size_t b)
{
    return b && a > SPPOI_TOO_MANY / b ? SPPOI_TOO_MANY : a * b;
}

static size_t sppoi_size_sum(size_t a, size_t b)
{
    return a > SPPOI_TOO_MANY - b ? SPPOI_TOO_MANY : a + b;
}

/* Where entry [row, col] of a matrix of n columns stands. */
static size_t sppoi_cell(int row, int n, int col)
{
    return (size_t)row * (size_t)n + (size_t)col;
}

/* A size for %llu: on 64-bit Windows an unsigned long has 32 bits. */
static unsigned long long sppoi_printed(uint64_t size)
{
    return size;
}

/* x as a double holds it, where an expression may keep more digits. */
static double sppoi_as_double(double x)
{
    volatile double stored = x;

    return stored;
}

/* ==========================================================================
 *                                 THE PAPER
 * ======================================================================= */

/* ==== preferences, exact games ========= Sec 3, 4.1 ========== >>games.c == */

SPPO_DEF double sppo_sigmoid(double s)
{
    const double e = exp(s < 0.0 ? s : -s);  // at most 1: never overflows

    return s < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

/* [Eq 3.1] Bradley-Terry.
 *
 *   paper  P(y > y'|x) = exp r(y;x) / (exp r(y;x) + exp r(y';x))
 *   here   sigmoid(r(y) - r(y'))            the same, divided by exp r(y)
 *
 * One number per answer, so never a cycle: the reason for SPPO's pairwise P.
 * Checked by eq_3_1_* in tests/test_game.c.                                 */
SPPO_DEF double sppo_bradley_terry(double reward, double other)
{
    return sppo_sigmoid(reward - other);
}

/* ---- games: a finite set of answers, no network ---- */

/* P(i > pi) = E_{j ~ pi} P(i > j). */
SPPO_DEF void sppo_exact_win_rates(double *win, const double *pairwise,
                                   const double *pi, int n)
{
    int i, j;

    for (i = 0; i < n; i++) {
        win[i] = 0.0;
        for (j = 0; j < n; j++)
            win[i] += pairwise[sppoi_cell(i, n, j)] * pi[j];
    }
}

/* [Sec 3] P(pi > pi') = E_{i ~ pi} E_{j ~ pi'} P(i > j). */
SPPO_DEF double sppo_exact_value(const double *pairwise, const double *pi,
                                 const double *other, int n)
{
    double value = 0.0;
    int i, j;

    for (i = 0; i < n; i++)
        for (j = 0; j < n; j++)
            value += pi[i] * other[j] * pairwise[sppoi_cell(i, n, j)];
    return value;
}

/* [Sec 3] KL(p || q) = E_{y ~ p} log (p(y) / q(y)). */
SPPO_DEF double sppo_kl(const double *p, const double *q, int n)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        if (p[i] > 0.0)  // 0 log 0 = 0, the limit; q 0: infinite
            sum += p[i] * (log(p[i]) - log(q[i]));
    return sum;
}

/* [Eq 3.2] [Eq 4.8] What RLHF maximises; 4.8 is 3.2 for one prompt.
 *
 *   paper  E_{y ~ pi}[r(y;x)] - eta^-1 KL(pi || pi_ref)
 *   best   pi* ~ pi_ref exp(eta r): Eq 4.1 with pi_ref for pi_t and the reward
 *          for the win rate.  So a step of SPPO is RLHF against itself.     */
SPPO_DEF double sppo_rlhf_value(const double *pi, const double *ref,
                                const double *reward, double eta, int n)
{
    double value = -sppo_kl(pi, ref, n) / eta;
    int i;

    for (i = 0; i < n; i++)
        value += pi[i] * reward[i];
    return value;
}

/* [Eq 3.3] How much the best reply to pi wins.
 *
 *   paper  (pi*, pi*) = argmax_pi min_pi' E_{y ~ pi, y' ~ pi'} P(y > y')
 *   here   max_i P(i > pi) - min_i P(i < pi) = 2 max_i P(i > pi) - 1
 *
 * The game is symmetric with value 1/2 and P(i < pi) = 1 - P(i > pi).  Zero
 * exactly at the von Neumann winner pi*, which no policy beats.             */
SPPO_DEF double sppo_duality_gap(const double *pairwise, const double *pi,
                                 int n)
{
    double best = 0.5;  // pi's own value: what rounding must not fall below
    int i, j;

    for (i = 0; i < n; i++) {
        double win = 0.0;
        for (j = 0; j < n; j++)
            win += pairwise[sppoi_cell(i, n, j)] * pi[j];
        best = win > best ? win : best;
    }
    return 2.0 * best - 1.0;
}

/* log sum_i pi_i exp(eta win_i), the largest exponent taken out first so that
 * eta = 1000 does not overflow; pi NULL: 1/n each; eta of either sign.      */
static double sppoi_log_mean_exp(const double *win, const double *pi,
                                 double eta, int n)
{
    double top = -HUGE_VAL, sum = 0.0;
    int i;

    for (i = 0; i < n; i++)  // what has no probability must not set the scale
        if (!pi || pi[i] > 0.0)
            top = eta * win[i] > top ? eta * win[i] : top;
    for (i = 0; i < n; i++)
        if (!pi || pi[i] > 0.0)
            sum += (pi ? pi[i] : 1.0 / n) * exp(eta * win[i] - top);
    return top + log(sum);
}

/* [Eq 4.2] log Z_{pi_t}(x), Z = sum_y pi_t(y|x) exp(eta P(y > pi_t|x)).
 *
 * E_{pi_t} P(y > pi_t) = 1/2, so by Jensen log Z >= eta/2, with equality when
 * nobody in the support wins more than another; by Hoeffding's lemma log Z <=
 * eta/2 + eta^2/8.  Eq 4.6 takes the lower end for the value.               */
SPPO_DEF double sppo_log_partition(const double *win, const double *pi,
                                   double eta, int n)
{
    return sppoi_log_mean_exp(win, pi, eta, n);
}

/* [Eq 4.1] Multiplicative weights.
 *
 *   paper  pi_{t+1}(y|x) = pi_t(y|x) exp(eta P(y > pi_t|x)) / Z_{pi_t}(x)
 *
 * Checked by eq_4_1_* in tests/test_game.c.                                 */
SPPO_DEF void sppo_exact_step(double *next, const double *pi,
                              const double *win, double eta, int n)
{
    const double log_z = sppo_log_partition(win, pi, eta, n);
    int i;

    for (i = 0; i < n; i++)
        next[i] = pi[i] > 0.0 ? pi[i] * exp(eta * win[i] - log_z) : 0.0;
}

/* [Eq 4.4] The regression whose solution is Eq 4.1, over all answers.
 *
 *   paper  E_{y ~ pi_t} (log (pi(y) / pi_t(y)) - (eta P(y > pi_t) - log Z))^2
 *   here   the same, the bracket given as target: sppo_target with the log Z of
 *          Eq 4.2, or with eta/2 for Eq 4.6
 *   gradient  in log pi(y)  s_y = 2 pi_t(y) gap_y
 *          in logit k    s_k - pi(k) sum_y s_y      (softmax)
 *
 * At pi = pi_t this is -2 eta pi_t(k) (P(k > pi_t) - 1/2) whatever log Z is:
 * the first step of SPPO is the policy gradient of Eq 4.9.                  */
SPPO_DEF double sppo_exact_loss(const double *pi, const double *old,
                                const double *target, int n, double *grad)
{
    double loss = 0.0, total = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        const double gap =
            old[i] > 0.0 ? log(pi[i] / old[i]) - target[i] : 0.0;

        loss += old[i] * gap * gap;
        grad[i] = 2.0 * old[i] * gap;
        total += grad[i];
    }
    for (i = 0; i < n; i++)
        grad[i] -= pi[i] * total;
    return loss;
}

/* The u with u + c e^u = target, by Newton's method from a point above it: the
 * left side is convex and rises, so every step goes down.                   */
static double sppoi_fit_ratio(double target, double c)
{
    double u = target, step;

    if (c <= 0.0)
        return target;
    if (target > 0.0)  // c e^u = target is above it, and cannot overflow
        u = target > c ? fmin(log(target / c), target) : 0.0;
    do {
        step = (u + c * exp(u) - target) / (1.0 + c * exp(u));
        u -= step;
    } while (step > 1e-15 * (1.0 + fabs(u)));
    return u;
}

/* next = pi rho, rho for the multiplier c; returns the sum. */
static double sppoi_fit_policy(double *next, const double *pi,
                               const double *target, double c, int n)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        sum += next[i] =
            pi[i] > 0.0 ? pi[i] * exp(sppoi_fit_ratio(target[i], c)) : 0.0;
    return sum;
}

/* [Eq 4.6] What the regression reaches when its log Z is not the true one.
 *
 * A policy stays normalised.  With a multiplier c for sum_y pi(y) = 1 and
 * rho = pi / pi_t, the gradient of E_{pi_t} (log rho - target)^2 vanishes where
 *   log rho(y) + c rho(y) = target(y),  that is rho = W(c e^target) / c,
 * W Lambert's function.  E_{pi_t} of the line gives c = E_{pi_t} target +
 * KL(pi_t || pi); targets eta (P - 1/2) have mean 0, so c = KL(pi_t || pi).
 * With the constant eta/2, then, a policy does not reach Eq 4.1: the winners
 * gain less and the losers lose less, in the log-ratio by eta^3 (P - 1/2) Var/2
 * to leading order, Var that of P under pi_t.  Where all win rates are 1/2 both
 * stay: the fixed points are the same.
 *
 * The sum falls as c rises, is 1 or more at 0 (log Z >= eta/2) and 1 or less at
 * the largest target, where no rho exceeds 1: bisection, until no double lies
 * between (a c with more digits would lie there for ever).
 * Checked by eq_4_6_* in tests/test_game.c.                                 */
SPPO_DEF double sppo_exact_fit(double *next, const double *pi,
                               const double *target, int n)
{
    double low = 0.0, high = 0.0, c;
    int i;

    for (i = 0; i < n; i++)
        high = pi[i] > 0.0 && target[i] > high ? target[i] : high;
    if (sppoi_fit_policy(next, pi, target, 0.0, n) <= 1.0)
        return 0.0;
    while (c = sppoi_as_double(low + (high - low) / 2.0), low < c && c < high)
        *(sppoi_fit_policy(next, pi, target, c, n) > 1.0 ? &low : &high) = c;
    return c;
}

/* [Thm 4.1] The average of the policies of Eq 4.1 approaches the winner.
 *
 *   paper  max_pi P(pi > mean) - min_pi P(pi < mean) = O(1 / sqrt T)
 *   here   gap <= 2 (L / (eta T) + 1/2 - (1 - e^-eta) / (2 eta)),
 *          L = -log min_y pi_1(y)
 *
 * From Lemma B.1 with mu_t = pi_t, where every P(pi_t < pi_t) is 1/2:
 *   T/2 <= (eta T min_y P(y < mean) + KL(y || pi_1)) / (1 - e^-eta).
 * 1/2 - (1 - e^-eta) / (2 eta) <= eta/4, so eta = 2 sqrt(L / T), the best of
 * the bound 2 L / (eta T) + eta/2, gives 2 sqrt(L / T).  The average only: the
 * last policy may circle for ever.  Checked by thm_4_1_* in tests/test_game.c.
 */
SPPO_DEF double sppo_gap_bound(double support, double eta, int steps)
{
    const double shrink = -expm1(-eta) / (2.0 * eta);

    return 2.0 * (support / (eta * steps) + 0.5 - shrink);
}

/* [App B] Lemma B.1 (Freund and Schapire 1999).
 *
 *   paper  sum_t P(pi_t < mu_t) <= min_pi [ eta / (1 - e^-eta) sum_t P(pi <
 *          mu_t) + KL(pi || pi_1) / (1 - e^-eta) ]
 *   here   -log (sum_y pi_1(y) exp(-eta lost(y))) / (1 - e^-eta)
 *
 * which is that minimum: Eq 3.2 with the reward -lost has the greatest value
 * log Z / eta, so E_pi[eta lost] + KL(pi || pi_1) has the least value -log Z.
 * For any mu_t, chosen with pi_t in view.  Checked by app_b_*.              */
SPPO_DEF double sppo_hedge_bound(const double *first, const double *lost,
                                 double eta, int n)
{
    return sppoi_log_mean_exp(lost, first, -eta, n) / expm1(-eta);
}

/* ==== the SPPO update ============ Sec 4.2, 4.5 ============= >>update.c == */

/* The mean of a row: the win rate of its response. */
static double sppoi_win_rate(const double *row, int k)
{
    double sum = 0.0;
    int j;

    for (j = 0; j < k; j++)
        sum += row[j];
    return sum / k;
}

/* [Eq 4.5] The win rate of each response against the K that were sampled.
 *
 *   paper  P(y > pi^K_t|x) = (1/K) sum_k P(y > y_k|x)
 *   here   win[i] = (1/k) sum_j pairwise[i][j]
 *
 * j = i is included and counts 1/2 (Alg 1 line 4: all k, k' in [K]), hence
 * mean_i win[i] = 1/2 and win in [1/(2K), 1 - 1/(2K)]: for K = 5, [0.1, 0.9].
 * Checked by eq_4_5_* in tests/test_update.c.                               */
SPPO_DEF void sppo_win_rates(double *win, const double *pairwise, int k)
{
    int i;

    for (i = 0; i < k; i++)
        win[i] = sppoi_win_rate(pairwise + i * k, k);
}

/* Two sums of the same k numbers in another order differ by some 1e-16, which
 * must not decide who wins; a judge's answer is meant to far fewer digits than
 * the nine that are compared here.                                          */
SPPO_DEF int sppo_beats(double a, double b)
{
    return a - b > 1e-9;
}

/* [App A] The normalising factor that Eq 4.5 asks for and Eq 4.6 replaces.
 *
 *   HALF         log Z = eta / 2
 *   EMPIRICAL    log Z = log (1/K) sum_i exp(eta P^_i)
 *   COEFFICIENT  log Z = c eta                      "tuning is an option"
 *
 * EMPIRICAL is Appendix A's Z (over the K samples themselves), not that of
 * Eq 4.5 (over fresh samples of pi_t).  mean P^ = 1/2 makes it at least eta/2
 * by Jensen, with equality when all win rates are equal: the half is the first
 * order in eta, and far below at eta = 1000 (0.90 eta for K = 5 in order).  */
SPPO_DEF double sppo_log_z(sppo_baseline baseline, double coefficient,
                           double eta, const double *win, int k)
{
    if (baseline == SPPO_BASELINE_EMPIRICAL)
        return sppoi_log_mean_exp(win, NULL, eta, k);
    if (baseline == SPPO_BASELINE_COEFFICIENT)
        return coefficient * eta;
    return baseline == SPPO_BASELINE_HALF ? 0.5 * eta : (double)NAN;
}

/* [Eq 4.3] [Eq 4.6] What the log-ratio of a response should become.
 *
 *   4.3    log (pi_{t+1}(y|x) / pi_t(y|x)) = eta P(y > pi_t|x) - log Z
 *   4.6    eta (P(y > pi^K_t|x) - 1/2)
 *   here   eta win - log_z                       log_z = eta / 2 for 4.6
 *
 * Win rate 1/2: stay; above: more probable; below: less.                    */
SPPO_DEF double sppo_target(double eta, double win, double log_z)
{
    return eta * win - log_z;
}

/* [Eq 4.7] The SPPO loss of one response, and its gradient in log
 * pi_theta(y|x).
 *
 *   paper  (log [pi_theta(y|x) / pi_t(y|x)] - eta (P^(y > pi_t|x) - 1/2))^2
 *   here   gap = ratio - target
 *          loss = gap^2                          d loss / d ratio = 2 gap
 *
 *   ratio   lp_new - lp_old, sums over the response's tokens; double, because
 *           it starts as the difference of two equal sums of many nats
 *   target  from sppo_target: a constant, as is lp_old (theta's argmin is taken
 *           with D_t fixed)
 * Checked by eq_4_7_* in tests/test_update.c.                               */
SPPO_DEF double sppo_loss_point(double ratio, double target, double *grad)
{
    const double gap = ratio - target;

    *grad = 2.0 * gap;
    return gap * gap;
}

/* [Eq 4.12] The pair loss: winner and loser, compared with each other only.
 *
 *   paper  (log-ratio_w - eta (P(y_w > y_l|x) - 1/2))^2
 *        + (log-ratio_l - eta (P(y_w < y_l|x) - 1/2))^2
 *
 * A sum, no factor 1/2.  Checked by eq_4_12_* in tests/test_update.c.       */
SPPO_DEF double sppo_loss_pair(double r_w, double r_l, double p, double eta,
                               double grad[2])
{
    return sppo_loss_point(r_w, eta * (p - 0.5), &grad[0])
         + sppo_loss_point(r_l, eta * ((1.0 - p) - 0.5), &grad[1]);
}

/* [Sec 4.5] Eq 4.12 for a label that is certain, P(y_w > y_l) = 1.
 *
 *   paper  (a - 1/2)^2 + (b + 1/2)^2       a = r_w / eta, b = r_l / eta
 *   here   eta^2 times that
 *
 * Least at a = 1/2, b = -1/2 alone: the winner rises and the loser falls, where
 * Eq 4.13 and 4.14 see a - b.  Checked by sec_4_5_* in tests/test_update.c. */
SPPO_DEF double sppo_loss_hard(double r_w, double r_l, double eta,
                               double grad[2])
{
    return sppo_loss_pair(r_w, r_l, 1.0, eta, grad);
}

/* [Eq 4.13] DPO.
 *
 *   paper  -log sigma(a - b)       a = r_w / eta, b = r_l / eta
 *   here   log(1 + exp(-z))        z = (r_w - r_l) / eta
 *   gradient  d/dz = -sigma(-z), so +-sigma(-z) / eta in r_l and r_w
 *
 * Depends on a - b alone: both may fall together.                           */
SPPO_DEF double sppo_loss_dpo(double r_w, double r_l, double eta,
                              double grad[2])
{
    const double z = (r_w - r_l) / eta;

    grad[0] = -sppo_sigmoid(-z) / eta;
    grad[1] = -grad[0];
    return z > 0.0 ? log1p(exp(-z)) : log1p(exp(z)) - z;
}

/* [Eq 4.14] IPO.
 *
 *   paper  [(a - b) - 1]^2         a = r_w / eta, b = r_l / eta
 *   here   eta^2 times that: (r_w - r_l - eta)^2, the scale in which IPO is
 *          usually coded, (h - 1/(2 tau))^2 with tau = 1 / (2 eta)          */
SPPO_DEF double sppo_loss_ipo(double r_w, double r_l, double eta,
                              double grad[2])
{
    return sppo_loss_gap(r_w, r_l, eta, grad);
}

/* ---- the loss of a prompt ---- */

/* What a loss may look at: the kept responses to one prompt, of which the first
 * is the winner and the second the loser unless all K are kept.             */
typedef struct sppoi_example {
    int kept;
    const double *ratio;  // [kept] log pi_theta(y|x) - log pi_t(y|x)
    const double *win;    // [kept] P^(y > pi_t|x)
    double beats;         // P(y_w > y_l|x)
    int tied;             // all win rates are equal: nobody has won
    double eta, log_z;
    const sppo_play *play;  // and its prompt, for losses beyond the paper
    int prompt;
    const double *logp;     // [kept] log pi_theta(y|x)
    double *worth;          // [k] room
} sppoi_example;

/* [Eq 4.7] mean: over the kept responses.  Every prompt keeps as many, so the
 * mean over D_t is the mean of this over prompts, which >>play.c makes.     */
static double sppoi_sppo_loss(const sppoi_example *x, double *grad)
{
    double loss = 0.0;
    int i;

    for (i = 0; i < x->kept; i++) {
        const double target = sppo_target(x->eta, x->win[i], x->log_z);

        loss += sppo_loss_point(x->ratio[i], target, &grad[i]) / x->kept;
        grad[i] /= x->kept;
    }
    return loss;
}

/* The loss of a prompt, config.loss's; grad[kept] in the log-ratios.  >>beyond
 * has the table of the losses: the paper's others, and those of others.     */
static double sppoi_loss(sppo_loss loss, const sppoi_example *x, double *grad);

/* ==== Algorithm 1 ================== Sec 4.2 ================== >>play.c == */

/* The paper's seven lines in the paper's order; line 1, the input, is
 * sppo_play_init in >>run.  Who has read to the end of this section has seen
 * all of the paper.  What a run needs besides, the order of calls, progress,
 * several processes, memory, settings and checkpoints, is left to >>run; first
 * stands all that the lines ask of it.                                      */

/* A batch of prompts of D_t.  It is worked on in passes, each over as many of
 * its prompts as pass_tokens allows; play->forest holds those of one pass, each
 * followed by its kept responses.                                           */
typedef struct sppoi_batch {
    sppo_play *play;
    const int *order;  // the prompts, 0 .. round.count - 1, as they are taken
    int count;
    int from, pass;    // the pass has order[from .. from + pass - 1]
    const sppo_model *pi;  // whose log-probabilities are recorded
    double *logp;          // where, as sppoi_each_pass was told
} sppoi_batch;

typedef sppo_result (*sppoi_pass_work)(sppo_ctx *ctx, sppoi_batch *batch);
typedef sppo_result (*sppoi_prompts_work)(sppo_ctx *ctx, sppo_play *play,
                                          const sppo_judge *judge, int from,
                                          int count);

/* Begins a line of the algorithm, or goes on with it, when it is due. */
static sppo_result sppoi_begin(sppo_ctx *ctx, const sppo_play *play,
                               sppo_phase line);
/* The line is done, and the next one due. */
static sppo_result sppoi_end(sppo_ctx *ctx, sppo_play *play);
/* Work on every prompt of the round, [from, from + count) at a time. */
static sppo_result sppoi_each_prompt(sppo_ctx *ctx, sppo_play *play,
                                     sppoi_prompts_work work,
                                     const sppo_judge *judge);
/* Fills in pairwise of these prompts: the judge's answers, checked. */
static sppo_result sppoi_ask(sppo_ctx *ctx, sppo_play *play,
                             const sppo_judge *judge, int from, int count);
/* Work on every prompt of the batch, a pass at a time.  Passes leave their
 * log-probabilities in logp[count, k], and add their gradients to grad, which
 * begins at 0; NULL: they have none.                                        */
static sppo_result sppoi_each_pass(sppo_ctx *ctx, sppoi_batch *batch,
                                   sppoi_pass_work work, double *logp,
                                   sppo_real *grad);
/* Counts a step that was taken with the batch, and reports it. */
static sppo_result sppoi_step_done(sppo_ctx *ctx, sppoi_batch *batch);

/* Random numbers come in independent streams, and anew in every iteration: no
 * draw depends on how many others there were before it.                     */
enum { SPPOI_STREAM_SAMPLE = 1, SPPOI_STREAM_ORDER = 2 };

static uint64_t sppoi_stream(const sppo_play *play, uint64_t stream)
{
    return sppo_random_fork(sppo_random_fork(play->config.seed, stream),
                            (uint64_t)play->iteration);
}

SPPO_DEF uint64_t sppo_play_key(const sppo_play *play)
{
    return sppoi_stream(play, SPPOI_STREAM_SAMPLE);
}

/* ---- line 3: sample ---- */

/* x ~ X: where this iteration's prompts begin.  The paper cuts its prompts into
 * one part for each iteration, so that a policy is not sampled where it was
 * just trained; here, too, they are fresh until there are no more.          */
static int sppoi_round_first(const sppo_play *play)
{
    const int n = play->config.prompts_per_iteration;

    return play->iteration % (play->prompts->count / n) * n;
}

SPPO_DEF sppo_result sppo_play_draw(sppo_ctx *ctx, sppo_play *play, int from,
                                    int count, sppo_lists *responses)
{
    const sppo_play_config *c = &play->config;

    if (c->mixture > 0.0)  // beyond the paper: see >>beyond
        SPPOI_TRY(sppo_sampler_mix(ctx, &play->sampler, &play->partner,
                                   &play->reference,
                                   sppoi_min(c->opponents, c->k), c->mixture));
    return sppo_sample(ctx, &play->sampler, play->policy, play->prompts,
                       play->round.first + from, count, &c->sampling,
                       sppo_play_key(play), responses);
}

static sppo_result sppoi_sample_some(sppo_ctx *ctx, sppo_play *play,
                                     const sppo_judge *judge, int from,
                                     int count)
{
    (void)judge;
    return sppo_play_draw(ctx, play, from, count, &play->round.responses);
}

/* [Alg 1.3] sample x ~ X and y_{1:K} ~ pi_t(.|x), the synthetic responses.
 * All of them before the first step, for all must come from the one policy pi_t
 * that the win rates and the log-ratios speak of.                           */
SPPO_DEF sppo_result sppo_play_sample(sppo_ctx *ctx, sppo_play *play)
{
    SPPOI_TRY(sppoi_begin(ctx, play, SPPO_PHASE_SAMPLE));
    SPPOI_TRY(sppoi_each_prompt(ctx, play, sppoi_sample_some, NULL));
    return sppoi_end(ctx, play);
}

/* ---- line 4: annotate ---- */

/* The judge's answers.  Settings may count a cut against a response (D12), or
 * take the released code's P for the paper's (D3).                          */
static sppo_result sppoi_judge_some(sppo_ctx *ctx, sppo_play *play,
                                    const sppo_judge *judge, int from,
                                    int count)
{
    const sppo_play_config *c = &play->config;
    const int k = c->k;
    int p;

    SPPOI_TRY(sppoi_ask(ctx, play, judge, from, count));
    for (p = from; p < from + count; p++) {
        double *pairwise = play->round.pairwise + sppoi_cell(p * k, k, 0);

        sppo_penalise_cuts(pairwise, &play->policy->config,
                           &play->round.responses, p * k, k,
                           c->missing_eos_penalty);
        if (c->bradley_terry) {
            sppo_mean_scores(play->score, pairwise, k);
            sppo_preference_from_scores(pairwise, play->score, k);
        }
    }
    return SPPO_OK;
}

/* [Alg 1.4] annotate P(y_k > y_k'|x) for all k, k' in [K].  The oracle compares
 * two responses at a time and gives no response a score of its own: so it may
 * prefer in a circle, which no reward can.                                  */
SPPO_DEF sppo_result sppo_play_judge(sppo_ctx *ctx, sppo_play *play,
                                     const sppo_judge *judge)
{
    SPPOI_TRY(sppoi_begin(ctx, play, SPPO_PHASE_JUDGE));
    SPPOI_TRY(sppoi_each_prompt(ctx, play, sppoi_judge_some, judge));
    return sppoi_end(ctx, play);
}

/* ---- line 5: select ---- */

/* The first of those that no win rate beats. */
static int sppoi_best(const double *win, int k)
{
    double most = win[0];
    int i;

    for (i = 1; i < k; i++)
        most = fmax(most, win[i]);
    for (i = 0; i < k - 1 && sppo_beats(most, win[i]); i++)
        continue;
    return i;
}

/* The last of those that beat none, `best` aside: a pair is of two. */
static int sppoi_worst(const double *win, int k, int best)
{
    double least = win[0];
    int i;

    for (i = 1; i < k; i++)
        least = fmin(least, win[i]);
    for (i = k - 1; i > 0 && (i == best || sppo_beats(win[i], least)); i--)
        continue;
    return i;
}

/* Of the K responses these are trained on; beyond the paper the last may be
 * only compared with.                                                       */
static int sppoi_trained(const sppo_play_config *c)
{
    return c->opponents < c->k ? c->k - c->opponents : c->k;
}

/* [Alg 1.5] select responses from y_{1:K} and form D_t with their win rates.
 * Winner: highest P^, the first of equals; loser: lowest, the last of equals;
 * so the two differ even when all win rates are equal (D11).  P^ is the mean
 * over all K whichever are kept, for it estimates P(y > pi_t), not who wins
 * among the kept.                                                           */
SPPO_DEF sppo_result sppo_play_select(sppo_ctx *ctx, sppo_play *play)
{
    const int k = play->config.k, own = sppoi_trained(&play->config);
    sppo_round *round = &play->round;
    int p;

    SPPOI_TRY(sppoi_begin(ctx, play, SPPO_PHASE_SELECT));
    for (p = 0; p < round->count; p++) {
        const double *pairwise = round->pairwise + sppoi_cell(p * k, k, 0);
        double *win = round->win + p * k;

        sppo_win_rates(win, pairwise, k);
        if (own < k)
            sppo_win_rates_against(win, pairwise, own, k);
        round->winner[p] = sppoi_best(win, own);
        round->loser[p] = sppoi_worst(win, own, round->winner[p]);
    }
    play->have_old = 0;
    return sppoi_end(ctx, play);
}

/* How many responses to a prompt D_t has: all, or winner and loser (D1). */
static int sppoi_kept(const sppo_play_config *c)
{
    return c->keep_all ? sppoi_trained(c) : 2;
}

/* Which of the K responses to prompt p the i-th kept one is. */
static int sppoi_kept_response(const sppo_play *play, int p, int i)
{
    if (play->config.keep_all)
        return i;
    return i == 0 ? play->round.winner[p] : play->round.loser[p];
}

/* ---- line 6: minimise ---- */

static sppo_result sppoi_record_pass(sppo_ctx *ctx, sppoi_batch *batch)
{
    sppo_play *play = batch->play;
    const int kept = sppoi_kept(&play->config), k = play->config.k;
    int j, i;

    SPPOI_TRY(sppo_forward(ctx, &play->acts, batch->pi, &play->forest));
    for (j = 0; j < batch->pass; j++) {
        const int p = batch->order[batch->from + j], root = j * (1 + kept);

        for (i = 0; i < kept; i++)
            batch->logp[p * k + sppoi_kept_response(play, p, i)] =
                sppo_segment_logprob(&play->acts, &play->forest, root + 1 + i);
    }
    return SPPO_OK;
}

/* log pi_t(y|x) of every kept response (D5).  Before the first step, because
 * until theta moves the policy still is pi_t, and afterwards nobody has it any
 * more.  A number for each response is all of pi_t that Eq 4.7 asks for.    */
static sppo_result sppoi_record_old(sppo_ctx *ctx, sppo_play *play)
{
    double *old = play->round.old, *anchor = play->round.anchor;
    const double pull = play->config.pull;  // beyond the paper: see >>beyond
    sppoi_batch all = { play, play->order, play->round.count, 0, 0,
                        play->policy, NULL };
    int i;

    for (i = 0; i < play->round.count; i++)
        play->order[i] = i;
    SPPOI_TRY(sppoi_each_pass(ctx, &all, sppoi_record_pass, old, NULL));
    all.pi = &play->reference;
    if (pull > 0.0)
        SPPOI_TRY(sppoi_each_pass(ctx, &all, sppoi_record_pass, anchor, NULL));
    for (i = 0; i < all.count * play->config.k && pull > 0.0; i++)
        anchor[i] = (1.0 - pull) * old[i] + pull * anchor[i];
    play->have_old = 1;
    return SPPO_OK;
}

/* The loss of prompt order[at] from what kept_logp says of its responses, and
 * its gradient in their log-ratios in kept_grad.                            */
static double sppoi_prompt_loss(const sppoi_batch *batch, int at)
{
    const sppo_play *play = batch->play;
    const sppo_play_config *c = &play->config;
    const sppo_round *round = &play->round;
    const int k = c->k, p = batch->order[at];
    const int w = round->winner[p], l = round->loser[p];
    const double *win = round->win + p * k, *logp = play->kept_logp + at * k;
    double *ratio = play->kept_ratio + at * k, *kept = play->kept_win + at * k;
    const sppoi_example x = {
        sppoi_kept(c), ratio, kept,
        round->pairwise[sppoi_cell(p * k + w, k, l)],
        !sppo_beats(win[w], win[l]), c->eta,
        sppo_log_z(c->baseline, c->coefficient, c->eta, win, sppoi_trained(c)),
        play, p, logp, play->worth + at * k };
    int i;

    for (i = 0; i < x.kept; i++) {
        const int y = sppoi_kept_response(play, p, i);

        ratio[i] = logp[i] - round->anchor[p * k + y];
        kept[i] = win[y];
    }
    return sppoi_loss(c->loss, &x, play->kept_grad + at * k);
}

/* The loss of prompt order[at], whose segment in b is root, and its gradient in
 * the log-probability of every token of its kept responses.
 *
 * [Eq 4.7] mean: E_{D_t} is the mean over the prompts of a batch, here, of the
 * mean over each one's kept responses, which the loss has made.  A mean, so
 * that a gradient has the same size whatever the batch.  But log pi(y|x) is a
 * sum over tokens, so each token gets the whole gradient of its response: a
 * mean over tokens would be the log-probability of no policy.               */
static sppo_result sppoi_fit_prompt(const sppoi_batch *batch, int at,
                                    sppo_micro_batch *b, int root)
{
    const sppo_play *play = batch->play;
    const int kept = sppoi_kept(&play->config), k = play->config.k;
    const double share = 1.0 / batch->count;
    int i, t;

    for (i = 0; i < kept; i++)
        play->kept_logp[at * k + i] = sppo_micro_batch_logprob(b, root + 1 + i);
    if (!(fabs(sppoi_prompt_loss(batch, at)) < HUGE_VAL))
        return SPPO_E_NUMBER;
    for (i = 0; i < kept; i++) {
        const int y = root + 1 + i;

        for (t = b->forest.start[y]; t < b->forest.start[y + 1]; t++)
            b->d_logprob[t] = play->kept_grad[at * k + i] * share;
    }
    return SPPO_OK;
}

/* A prompt and its kept responses are a tree of 1 + kept segments. */
static sppo_result sppoi_fit_micro_batch(void *user, sppo_micro_batch *b)
{
    const sppoi_batch *batch = (const sppoi_batch *)user;
    const int tree = 1 + sppoi_kept(&batch->play->config);
    int s, at = batch->from + b->first_segment / tree;

    for (s = 0; s < b->forest.segments; s += tree, at++)
        SPPOI_TRY(sppoi_fit_prompt(batch, at, b, s));
    return SPPO_OK;
}

/* Forward, loss and backward. */
static sppo_result sppoi_fit_pass(sppo_ctx *ctx, sppoi_batch *batch)
{
    sppo_play *play = batch->play;

    return sppo_step(ctx, &play->acts, play->policy, &play->forest,
                     sppoi_fit_micro_batch, batch, play->grad);
}

/* The batch of the next step.  There is one shuffle an epoch and not a draw for
 * each step: so every prompt has its turn exactly once, and in each epoch among
 * others.                                                                   */
static sppoi_batch sppoi_next_batch(sppo_play *play)
{
    const uint64_t stream = sppoi_stream(play, SPPOI_STREAM_ORDER);
    const int epoch = play->done / play->steps_per_epoch;
    const int from = play->done % play->steps_per_epoch * play->config.batch;
    const int count = sppoi_min(play->config.batch, play->round.count - from);
    const sppoi_batch batch = { play, play->order + from, count, 0, 0, 0, 0 };

    sppo_random_order(sppo_random_fork(stream, (uint64_t)epoch), play->order,
                      play->round.count);
    return batch;
}

/* [Alg 1.6] theta_{t+1} <- argmin over theta of the mean of Eq 4.7 over D_t.
 * Not to its end, but as far as `epochs` epochs of steps lead.  A step follows
 * the mean over a batch: on average its gradient is that over all of D_t, at a
 * part of the price.                                                        */
SPPO_DEF sppo_result sppo_play_fit(sppo_ctx *ctx, sppo_play *play)
{
    SPPOI_TRY(sppoi_begin(ctx, play, SPPO_PHASE_FIT));
    if (!play->have_old)
        SPPOI_TRY(sppoi_record_old(ctx, play));
    while (play->done < play->steps) {
        sppoi_batch batch = sppoi_next_batch(play);

        SPPOI_TRY(sppoi_each_pass(ctx, &batch, sppoi_fit_pass, play->kept_logp,
                                  play->grad));
        SPPOI_TRY(sppo_optim_step(ctx, &play->optim, play->policy, play->grad));
        SPPOI_TRY(sppoi_step_done(ctx, &batch));
    }
    return sppoi_end(ctx, play);
}

/* ---- lines 7 and 2: again, with what was trained ---- */

/* Beyond the paper: where config.pull pulls to may move. */
static void sppoi_move_reference(sppo_play *play);

/* [Alg 1.7] end for: what was trained is the next iteration's pi_t.  The
 * optimiser's running means are of a loss that is gone, with other targets and
 * another pi_t, so they begin anew.                                         */
SPPO_DEF sppo_result sppo_play_advance(sppo_ctx *ctx, sppo_play *play)
{
    SPPOI_TRY(sppoi_begin(ctx, play, SPPO_PHASE_ADVANCE));
    play->iteration++;
    sppoi_move_reference(play);
    play->round.first = sppoi_round_first(play);
    sppo_lists_clear(&play->round.responses);
    sppo_optim_reset(&play->optim);
    return sppoi_end(ctx, play);
}

/* [Alg 1.2] for t = 1, 2, ...: lines 3 to 7, whichever is due. */
SPPO_DEF sppo_result sppo_play_run(sppo_ctx *ctx, sppo_play *play,
                                   const sppo_judge *judge)
{
    while (play->phase != SPPO_PHASE_DONE)
        SPPOI_TRY(sppo_play_next(ctx, play, judge));
    return SPPO_OK;
}

/* ==== beyond the paper: other steps, others' conventions ====== >>beyond == */

/* From log-weights to a policy.  -infinity: probability 0. */
static void sppoi_normalise(double *pi, int n)
{
    double top = -HUGE_VAL, sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        top = pi[i] > top ? pi[i] : top;
    for (i = 0; i < n; i++)
        sum += pi[i] = exp(pi[i] - top);
    for (i = 0; i < n; i++)
        pi[i] /= sum;
}

/* [OMWU 1] Optimistic multiplicative weights (Rakhlin and Sridharan 2013; last
 * iterate: Daskalakis and Panageas 2019).  2 win - last guesses the next win
 * rates from their trend: the circle of Eq 4.1 becomes a spiral inwards.    */
SPPO_DEF void sppo_optimistic_step(double *next, const double *pi,
                                   const double *win, const double *last,
                                   double eta, int n)
{
    int i;

    for (i = 0; i < n; i++)
        next[i] = log(pi[i]) + eta * (2.0 * win[i] - last[i]);
    sppoi_normalise(next, n);
}

/* [MMD 1] Magnetic mirror descent (Sokota et al. 2023).  Where the gradient of
 *   eta E_next[win] - KL(next || pi) - eta alpha KL(next || magnet)
 * is constant,
 *   (1 + eta alpha) log next = log pi + eta alpha log magnet + eta win + const.
 * alpha 0 is Eq 4.1.  The last policy converges for eta <= alpha (win rates lie
 * in [0, 1]); moving the magnet there and going on leads to Eq 3.3's.       */
SPPO_DEF void sppo_magnetic_step(double *next, const double *pi,
                                 const double *magnet, const double *win,
                                 double eta, double alpha, int n)
{
    const double pull = eta * alpha;
    int i;

    for (i = 0; i < n; i++) {
        const double drawn = pull > 0.0 ? pull * log(magnet[i]) : 0.0;
        next[i] = (log(pi[i]) + drawn + eta * win[i]) / (1.0 + pull);
    }
    sppoi_normalise(next, n);
}

/* [NLHF 1] The geometric mixture that Nash-MD (Munos et al. 2023) plays
 * against.                                                                  */
SPPO_DEF void sppo_mixture(double *next, const double *pi, const double *ref,
                           double lambda, int n)
{
    int i;

    for (i = 0; i < n; i++)
        next[i] = (lambda < 1.0 ? (1.0 - lambda) * log(pi[i]) : 0.0) +
                  (lambda > 0.0 ? lambda * log(ref[i]) : 0.0);
    sppoi_normalise(next, n);
}

/* How far answer i's reward is from where what it wins is what Eq 3.1 expects:
 * log of sum_j P(i > j) sigma(r_j - r_i) / sum_j P(j > i) sigma(r_i - r_j).  */
static double sppoi_reward_short(const double *reward, const double *pairwise,
                                 int i, int n)
{
    double won = 0.0, lost = 0.0;
    int j;

    for (j = 0; j < n; j++) {
        if (j == i)
            continue;
        won += pairwise[sppoi_cell(i, n, j)] *
               sppo_bradley_terry(reward[j], reward[i]);
        lost += pairwise[sppoi_cell(j, n, i)] *
                sppo_bradley_terry(reward[i], reward[j]);
    }
    return log(won) - log(lost);
}

/* [RLHF 1] One after the other (Newman 2023), until none is off.  Who never
 * loses has no finite reward: it ends at a limit, as in sppo_mean_scores.   */
SPPO_DEF void sppo_bradley_terry_fit(double *reward, const double *pairwise,
                                     int n)
{
    const double limit = 53.0 * log(2.0);
    double moved = 1.0, mean = 0.0;
    int round, i;

    memset(reward, 0, (size_t)n * sizeof *reward);
    for (round = 0; round < 10000 && moved > 1e-13; round++)
        for (moved = 0.0, i = 0; i < n && n > 1; i++) {
            const double old = reward[i];
            const double to = old + sppoi_reward_short(reward, pairwise, i, n);

            reward[i] = fmax(-limit, fmin(limit, to));
            moved = fmax(moved, fabs(reward[i] - old));
        }
    for (i = 0; i < n; i++)
        mean += reward[i] / n;
    for (i = 0; i < n; i++)
        reward[i] -= mean;
}

/* No reward has a circle, so this is what Bradley-Terry must miss. */
SPPO_DEF double sppo_cyclic_share(const double *pairwise, int n)
{
    double circles = 0.0, triples = 0.0;
    int i, j, l;

    for (i = 0; i < n; i++)
        for (j = i + 1; j < n; j++)
            for (l = j + 1; l < n; l++, triples++) {
                const double a = pairwise[sppoi_cell(i, n, j)];
                const double b = pairwise[sppoi_cell(j, n, l)];
                const double c = pairwise[sppoi_cell(l, n, i)];

                circles += (sppo_beats(a, 0.5) && sppo_beats(b, 0.5) &&
                            sppo_beats(c, 0.5)) ||
                           (sppo_beats(0.5, a) && sppo_beats(0.5, b) &&
                            sppo_beats(0.5, c));
            }
    return triples > 0.0 ? circles / triples : 0.0;
}

/* [Sec 5] s_PairRM(y_i;x) = (1/K) sum_k s(y_i, y_k;x), s = log (P / (1 - P)).
 * A judge that answers 0 or 1 has no finite log-odds: they end at log 2^53,
 * where sigma(s) is 1 but for the last bit.                                 */
SPPO_DEF void sppo_mean_scores(double *score, const double *pairwise, int k)
{
    const double limit = 53.0 * log(2.0);
    int i, j;

    for (i = 0; i < k; i++) {
        double sum = 0.0;
        for (j = 0; j < k; j++) {
            const double p = pairwise[sppoi_cell(i, k, j)];
            sum += fmax(-limit, fmin(limit, log(p) - log1p(-p)));
        }
        score[i] = sum / k;
    }
}

/* The released code's P (D3), for comparison with runs of that code.
 *
 *   there  score_i = sum_j (C[i,j] - C[j,i]) / K,  P = sigma(score_i - score_j)
 *   here   C antisymmetric: each comparison counts twice, hence the 2
 *
 * Bradley-Terry on averages: a cycle becomes a tie of all, P of two responses
 * depends on the others, and rewards that obey Eq 3.1 come out doubled.     */
SPPO_DEF void sppo_preference_from_scores(double *pairwise,
                                          const double *score, int k)
{
    int i, j;

    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            pairwise[sppoi_cell(i, k, j)] =
                sppo_bradley_terry(2.0 * score[i], 2.0 * score[j]);
}

/* The released trainer's loss (D4): win rates against all K for both, and the
 * MEAN of the squares, which is Eq 4.7 with D_t = {y_w, y_l}.               */
SPPO_DEF double sppo_loss_pair_average(double r_w, double r_l, double win_w,
                                       double win_l, double eta, double grad[2])
{
    const double sum = sppo_loss_point(r_w, eta * (win_w - 0.5), &grad[0])
                     + sppo_loss_point(r_l, eta * (win_l - 0.5), &grad[1]);

    grad[0] *= 0.5;
    grad[1] *= 0.5;
    return 0.5 * sum;
}

SPPO_DEF double sppo_loss_single(double r_w, double r_l, double p, double eta,
                                 double grad[2])
{
    const double sum = sppo_loss_pair(r_w, r_l, p, eta, grad);

    grad[0] *= 0.5;
    grad[1] *= 0.5;
    return 0.5 * sum;
}

/* [D12] What a cut costs: its log-odds against a response that ended.
 *
 *   TRL    score_i -= penalty       of a response without EOS, before use
 *   here   logit P(i > j) -= penalty (cut_i - cut_j)     s = log (P / (1 - P))
 *
 * The same where P is sigma(score_i - score_j).                             */
SPPO_DEF void sppo_penalise_cuts(double *pairwise, const sppo_config *config,
                                 const sppo_lists *responses, int first, int k,
                                 double penalty)
{
    int i, j;

    for (i = 0; i < k && penalty > 0.0; i++)
        for (j = 0; j < k; j++) {
            double *win = &pairwise[i * k + j], *loss = &pairwise[j * k + i];

            if (sppo_finished(config, responses, first + i) ||
                !sppo_finished(config, responses, first + j))
                continue;
            *win = sppo_sigmoid(log(*win) - log1p(-*win) - penalty);
            *loss = 1.0 - *win;
        }
}

/* [NLHF 2] Nash-MD in the loop.
 *
 *   Nash-MD  pi_{t+1} ~ m exp(eta P(. > m)),  m ~ pi_t^(1-lambda) ref^lambda
 *   here     m, made token by token, draws responses to be compared with;
 *            log-ratios are to m of the whole response (config.pull)
 *
 * IPO-MD trains on m's own responses.  At lambda 0 this is Eq 4.5 with fresh
 * responses, which no response is compared with itself in.                  */
SPPO_DEF void sppo_win_rates_against(double *win, const double *pairwise,
                                     int from, int k)
{
    int i, j;

    for (i = 0; i < k; i++) {
        double sum = 0.0;

        for (j = from; j < k; j++)
            sum += pairwise[sppoi_cell(i, k, j)];
        win[i] = sum / (k - from);
    }
}

/* [SPIN 1] Self-play fine-tuning (Chen et al. 2024) has no judge: the response
 * that is given is the better one, of two that are not nobody knows.        */
static void sppoi_given_wins(double *pairwise, int k)
{
    int i, j;

    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            pairwise[sppoi_cell(i, k, j)] =
                0.5 * (1 + (i == k - 1) - (j == k - 1));
}

/* ---- losses of others' methods ---- */

/* [REBEL 1] Two log-ratios against each other.
 *
 *   REBEL  (r_w - r_l - eta (u_w - u_l))^2     u: rewards
 *   INPO   (r_w - r_l - eta / 2)^2             r: to the anchor (config.pull)
 *   here   (r_w - r_l - target)^2; Eq 4.14 is target eta
 *
 * log Z is the same for both and cancels, so the minimum is Eq 4.1's.       */
SPPO_DEF double sppo_loss_gap(double r_w, double r_l, double target,
                              double grad[2])
{
    const double loss = sppo_loss_point(r_w - r_l, target, &grad[0]);

    grad[1] = -grad[0];
    return loss;
}

/* [DNO 1] Direct Nash Optimization (Rosset et al. 2024, Algorithm 1).
 *
 *   DNO    -q log sigma(z) - (1 - q) log sigma(-z),  q = sigma(u_w - u_l)
 *   here   z = (r_w - r_l) / eta: DPO both ways, weighed by the label q
 *
 * Least at z = u_w - u_l: for win rates Eq 4.1 once more, without log Z.    */
SPPO_DEF double sppo_loss_soft(double r_w, double r_l, double label,
                               double eta, double grad[2])
{
    double other[2];
    const double ahead = sppo_loss_dpo(r_w, r_l, eta, grad);
    const double behind = sppo_loss_dpo(r_l, r_w, eta, other);

    grad[0] = label * grad[0] + (1.0 - label) * other[1];
    grad[1] = -grad[0];
    return label * ahead + (1.0 - label) * behind;
}

/* [PPO 1] The clipped surrogate (Schulman et al. 2017) of a whole response.
 *
 *   PPO    -min(rho A, clip(rho, 1 - c, 1 + c) A),  rho = pi_theta / pi_t
 *   gradient  in log rho  -rho A, or 0 where the clipped one is less
 *
 * At pi_t it is -A, the policy gradient of REINFORCE.                       */
SPPO_DEF double sppo_loss_clip(double ratio, double advantage, double clip,
                               double *grad)
{
    const double rho = exp(ratio);
    const double held = fmax(1.0 - clip, fmin(1.0 + clip, rho));
    const int clipped = held * advantage < rho * advantage;

    *grad = clipped ? 0.0 : -rho * advantage;
    return -(clipped ? held : rho) * advantage;
}

/* [RLOO 1] [GRPO 1] Rewards, less what was to be expected.
 *
 *   RLOO   u_i - mean of the other u_j = k / (k - 1) (u_i - mean u)
 *   GRPO   (u_i - mean u) / (sd u + 1e-4)      sd: of k - 1, as TRL's
 *
 * On win rates RLOO's is SPO's: the win rate against the others, less 1/2.  */
SPPO_DEF void sppo_advantages(sppo_advantage kind, double *advantage,
                              const double *reward, int k)
{
    double mean = 0.0, squares = 0.0, scale = 1.0;
    int i;

    for (i = 0; i < k; i++)
        mean += reward[i] / k;
    for (i = 0; i < k; i++)
        squares += (reward[i] - mean) * (reward[i] - mean);
    if (kind == SPPO_ADVANTAGE_LEAVE_ONE_OUT)
        scale = k / (k - 1.0);
    if (kind == SPPO_ADVANTAGE_STANDARD)
        scale = 1.0 / (sqrt(squares / (k - 1.0)) + 1e-4);
    for (i = 0; i < k; i++)
        advantage[i] = scale * (reward[i] - mean);
}

/* ---- the losses that line 6 may take ---- */

static double sppoi_pair_loss(const sppoi_example *x, double *grad)
{
    return sppo_loss_pair(x->ratio[0], x->ratio[1], x->beats, x->eta, grad);
}

static double sppoi_single_loss(const sppoi_example *x, double *grad)
{
    return sppo_loss_single(x->ratio[0], x->ratio[1], x->beats, x->eta, grad);
}

static double sppoi_hard_loss(const sppoi_example *x, double *grad)
{
    return sppo_loss_hard(x->ratio[0], x->ratio[1], x->eta, grad);
}

static double sppoi_dpo_loss(const sppoi_example *x, double *grad)
{
    return sppo_loss_dpo(x->ratio[0], x->ratio[1], x->eta, grad);
}

static double sppoi_ipo_loss(const sppoi_example *x, double *grad)
{
    return sppo_loss_ipo(x->ratio[0], x->ratio[1], x->eta, grad);
}

/* [INPO 1] [COMAL 1] A pull to a reference policy.
 *
 *   INPO   log a(y|x) = (1 - lambda) log pi_t(y|x) + lambda log pi_ref(y|x)
 *          takes pi_t's place in every log-ratio; lambda = eta tau
 *   COMAL  every so many iterations pi_ref is the policy
 *
 * In exact games the same is sppo_magnetic_step, written explicitly.        */
static void sppoi_move_reference(sppo_play *play)
{
    const int every = play->config.reference_every;

    if (every && play->iteration % every == 0)
        memcpy(play->reference.weights, play->policy->weights,
               play->policy->count * sizeof(sppo_real));
}

/* What each of the K responses counts for: win rate or mean score. */
static void sppoi_worth(const sppoi_example *x, sppo_signal signal)
{
    const sppo_round *round = &x->play->round;
    const int k = x->play->config.k, first = x->prompt * k;

    if (signal == SPPO_SIGNAL_SCORE)
        sppo_mean_scores(x->worth, round->pairwise + sppoi_cell(first, k, 0),
                         k);
    else
        memcpy(x->worth, round->win + first, (size_t)k * sizeof *x->worth);
}

/* Of those the kept ones, in their order. */
static void sppoi_keep(const sppoi_example *x)
{
    const double best = x->worth[sppoi_kept_response(x->play, x->prompt, 0)];
    const double next = x->worth[sppoi_kept_response(x->play, x->prompt, 1)];

    if (!x->play->config.keep_all) {
        x->worth[0] = best;
        x->worth[1] = next;
    }
}

/* [GPO 1] General preference optimisation (Zhang et al. 2025): Eq 4.7 with mean
 * scores, whose mean is 0, so that no half is taken off.                    */
static double sppoi_gpo_loss(const sppoi_example *x, double *grad)
{
    sppoi_example scored = *x;

    sppoi_worth(x, SPPO_SIGNAL_SCORE);
    sppoi_keep(x);
    scored.win = x->worth;
    scored.log_z = 0.0;
    return sppoi_sppo_loss(&scored, grad);
}

/* The number of kept response i among all of the round. */
static int sppoi_kept_list(const sppoi_example *x, int i)
{
    return x->prompt * x->play->config.k +
           sppoi_kept_response(x->play, x->prompt, i);
}

/* How far kept response i is ahead of j, in what config.signal says. */
static double sppoi_ahead(const sppoi_example *x, int i, int j)
{
    const sppo_play *play = x->play;
    const int k = play->config.k, row = sppoi_kept_list(x, i);
    const int b = sppoi_kept_response(play, x->prompt, j);

    if (play->config.signal == SPPO_SIGNAL_PAIR)
        return play->round.pairwise[sppoi_cell(row, k, b)] - 0.5;
    if (play->config.signal == SPPO_SIGNAL_HARD)
        return 0.5 * (sppo_beats(x->worth[i], x->worth[j]) -
                      sppo_beats(x->worth[j], x->worth[i]));
    return x->worth[i] - x->worth[j];
}

typedef double (*sppoi_pair)(const sppoi_example *x, int i, int j,
                             double ahead, double grad[2]);

/* The mean over all pairs of kept responses; HARD knows no even ones. */
static double sppoi_each_pair(const sppoi_example *x, double *grad,
                              sppoi_pair of_pair)
{
    const double share = 2.0 / (x->kept * (x->kept - 1.0));
    double loss = 0.0, g[2];
    int i, j;

    sppoi_worth(x, x->play->config.signal);
    sppoi_keep(x);
    for (i = 0; i < x->kept; i++)
        for (j = i + 1; j < x->kept; j++) {
            const double ahead = sppoi_ahead(x, i, j);

            if (x->play->config.signal == SPPO_SIGNAL_HARD &&
                !sppo_beats(fabs(ahead), 0.0))
                continue;
            loss += share * of_pair(x, i, j, ahead, g);
            grad[i] += share * g[0];
            grad[j] += share * g[1];
        }
    return loss;
}

static double sppoi_gap_pair(const sppoi_example *x, int i, int j,
                             double ahead, double grad[2])
{
    return sppo_loss_gap(x->ratio[i], x->ratio[j], x->eta * ahead, grad);
}

static double sppoi_gap_loss(const sppoi_example *x, double *grad)
{
    return sppoi_each_pair(x, grad, sppoi_gap_pair);
}

/* The label of a difference of win rates or scores is its sigma; P is one. */
static double sppoi_dno_pair(const sppoi_example *x, int i, int j,
                             double ahead, double grad[2])
{
    const int of_pair = x->play->config.signal >= SPPO_SIGNAL_PAIR;

    return sppo_loss_soft(x->ratio[i], x->ratio[j],
                          of_pair ? 0.5 + ahead : sppo_sigmoid(ahead), x->eta,
                          grad);
}

static double sppoi_dno_loss(const sppoi_example *x, double *grad)
{
    return sppoi_each_pair(x, grad, sppoi_dno_pair);
}

static int sppoi_kept_length(const sppoi_example *x, int i)
{
    return sppo_lists_length(&x->play->round.responses, sppoi_kept_list(x, i));
}

/* [RLHF 2] A policy gradient has the pull in its reward, as RLHF has its KL: u
 * - tau (log pi_t - log pi_ref), tau = lambda / eta, and its ratio to pi_t. */
static void sppoi_pull_worth(const sppoi_example *x)
{
    const sppo_round *round = &x->play->round;
    const int k = x->play->config.k, first = x->prompt * k;
    int i;

    for (i = 0; i < k && x->play->config.pull > 0.0; i++)
        x->worth[i] += (round->anchor[first + i] - round->old[first + i]) /
                       x->eta;
}

/* [GSPO 1] Group sequence policy optimisation (Zheng et al. 2025) takes
 * (pi_theta / pi_t)^(1 / |y|) for PPO's ratio.                              */
static double sppoi_clip_loss(const sppoi_example *x, double *grad)
{
    const sppo_play_config *c = &x->play->config;
    double loss = 0.0;
    int i;

    sppoi_worth(x, c->signal);
    sppoi_pull_worth(x);
    sppo_advantages(c->advantage, x->worth, x->worth, sppoi_trained(c));
    sppoi_keep(x);
    for (i = 0; i < x->kept; i++) {
        const int tokens = c->length_normalised ? sppoi_kept_length(x, i) : 1;
        const double old = x->play->round.old[sppoi_kept_list(x, i)];

        loss += sppo_loss_clip((x->logp[i] - old) / tokens, x->worth[i],
                               c->clip_range, &grad[i]) / x->kept;
        grad[i] /= tokens * (double)x->kept;
    }
    return loss;
}

/* [SimPO 1] Simple preference optimisation (Meng et al. 2024): no pi_t at all.
 *
 *   SimPO  -log sigma(beta lp_w / |y_w| - beta lp_l / |y_l| - gamma)
 *   here   DPO's with those for log-ratios, beta = 1 / eta, gamma the margin */
static double sppoi_simpo_loss(const sppoi_example *x, double *grad)
{
    const int w = sppoi_kept_length(x, 0), l = sppoi_kept_length(x, 1);
    const double margin = x->eta * x->play->config.margin;
    const double loss = sppo_loss_dpo(x->logp[0] / w, x->logp[1] / l + margin,
                                      x->eta, grad);

    grad[0] /= w;
    grad[1] /= l;
    return loss;
}

/* Another loss is a value of sppo_loss, a function like these, and a row. */
typedef struct sppoi_loss_row {
    sppo_loss loss;
    const char *name;
    double (*value)(const sppoi_example *x, double *grad);
    int needs_winner;  // a prompt without one teaches it nothing (D11)
    int takes_all;     // any number of responses, not only winner and loser
    int signals;       // the last of sppo_signal that it can learn from
} sppoi_loss_row;

static const sppoi_loss_row sppoi_losses[] = {
    { SPPO_LOSS_SPPO,   "sppo",   sppoi_sppo_loss,   0, 1, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_PAIR,   "pair",   sppoi_pair_loss,   0, 0, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_SINGLE, "single", sppoi_single_loss, 0, 0, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_HARD,   "hard",   sppoi_hard_loss,   1, 0, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_DPO,    "dpo",    sppoi_dpo_loss,    1, 0, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_IPO,    "ipo",    sppoi_ipo_loss,    1, 0, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_GPO,    "gpo",    sppoi_gpo_loss,    0, 1, SPPO_SIGNAL_WIN },
    { SPPO_LOSS_GAP,    "gap",    sppoi_gap_loss,    0, 1, SPPO_SIGNAL_HARD },
    { SPPO_LOSS_DNO,    "dno",    sppoi_dno_loss,    0, 1, SPPO_SIGNAL_HARD },
    { SPPO_LOSS_CLIP,   "clip",   sppoi_clip_loss,   0, 1, SPPO_SIGNAL_SCORE },
    { SPPO_LOSS_SIMPO,  "simpo",  sppoi_simpo_loss,  1, 0, SPPO_SIGNAL_WIN }
};

enum { SPPOI_LOSSES = sizeof sppoi_losses / sizeof *sppoi_losses };

static const sppoi_loss_row *sppoi_find_loss(sppo_loss loss)
{
    int i;

    for (i = 0; i < SPPOI_LOSSES; i++)
        if (sppoi_losses[i].loss == loss)
            return &sppoi_losses[i];
    return NULL;
}

SPPO_DEF const char *sppo_loss_name(sppo_loss loss)
{
    const sppoi_loss_row *row = sppoi_find_loss(loss);

    return row ? row->name : NULL;
}

static double sppoi_loss(sppo_loss loss, const sppoi_example *x, double *grad)
{
    const sppoi_loss_row *row = sppoi_find_loss(loss);

    memset(grad, 0, (size_t)x->kept * sizeof *grad);
    return !row ? (double)NAN  // which no step is taken with
         : row->needs_winner && x->tied ? 0.0 : row->value(x, grad);
}

/* ==========================================================================
 *                                THE MACHINE
 * ======================================================================= */

/* ==== base: threads, memory, errors, lists, forests ============= >>base == */

/* ---- threads ---- */

/* The pragmas of the whole file. FOR: equal work; TASKS: unequal work, on
 * `threads` threads so that scratch per thread can be taken beforehand; TILES:
 * `each` short pieces; ONE_AT_A_TIME: threads take what comes next.  All split
 * outputs (a partial sum of a gradient is one), so the schedule changes no bit.
 */
#if defined(_OPENMP) && _OPENMP >= 200805 && !defined(SPPO_NO_OPENMP)
#include <omp.h>
#define SPPOI_FOR \
    _Pragma("omp parallel for schedule(static) if(!omp_get_level())")
#define SPPOI_TILES _Pragma("omp parallel for schedule(dynamic, each)")
#define SPPOI_TASKS \
    _Pragma("omp parallel for schedule(dynamic) num_threads(threads)")
#define SPPOI_ONE_AT_A_TIME _Pragma("omp critical(sppoi_waiting)")
// clang vectorises unasked; asked, it warns where exp is libm's
#if defined(__clang__) || _OPENMP < 201307
#define SPPOI_SIMD
#else
#define SPPOI_SIMD _Pragma("omp simd")
#endif
static int sppoi_max_threads(void) { return omp_get_max_threads(); }
static int sppoi_thread(void) { return omp_get_thread_num(); }
/* Nobody to share with: one thread, or one that has its share of the work. */
static int sppoi_works_alone(void)
{
    return omp_get_level() > 0 || omp_get_max_threads() == 1;
}
#else
#define SPPOI_FOR
#define SPPOI_TILES
#define SPPOI_TASKS
#define SPPOI_ONE_AT_A_TIME
#if defined(__GNUC__) && __GNUC__ >= 8 && !defined(__clang__)
// unroll 1: gcc must not take a short loop apart before it vectorises
#define SPPOI_SIMD _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#else
#define SPPOI_SIMD
#endif
static int sppoi_max_threads(void) { return 1; }
static int sppoi_thread(void) { return 0; }
static int sppoi_works_alone(void) { return 1; }
#endif

/* call for i = 0 .. n - 1, if `shared` under one of the pragmas, which may want
 * the caller's `threads` or `each`; in it `worker` is the thread's number in
 * the loop.  What a thread was given is not split again: a plain loop then, and
 * with one thread, for gcc's regions cost a system call each.               */
#define SPPOI_EACH_IF(shared, pragma, i, n, call)             \
    do {                                                      \
        if (!(shared) || (n) < 2 || sppoi_works_alone()) {    \
            const int worker = 0;                             \
            for (i = 0; i < (n); i++)                         \
                call;                                         \
            (void)worker;                                     \
        } else {                                              \
            pragma                                            \
            for (i = 0; i < (n); i++) {                       \
                const int worker = sppoi_thread();            \
                call;                                         \
                (void)worker;                                 \
            }                                                 \
        }                                                     \
    } while (0)
#define SPPOI_EACH(pragma, i, n, call) SPPOI_EACH_IF(1, pragma, i, n, call)

/* A loop of few, constantly many steps as straight code, at -O2 too. */
#if defined(__GNUC__) && __GNUC__ >= 8
#define SPPOI_UNROLL _Pragma("GCC unroll 8")
#else
#define SPPOI_UNROLL
#endif

#if defined(__GNUC__)
#define SPPOI_NOINLINE __attribute__((noinline))
#define SPPOI_INLINE inline __attribute__((always_inline))
#else
#define SPPOI_NOINLINE
#define SPPOI_INLINE inline
#endif

/* ---- memory, errors ---- */

#if defined(SPPO_MALLOC) != defined(SPPO_FREE)
#error "sppo.h: define both SPPO_MALLOC and SPPO_FREE, or neither"
#endif
/* calloc: the system's fresh pages are zero, and those never used cost nothing
 * (activations for 4096 tokens of a 135M-parameter model take GB).          */
#ifndef SPPO_MALLOC
#define SPPO_MALLOC(size) calloc(1, size)
#define SPPO_FREE(block) free(block)
enum { SPPOI_ZEROED = 1 };
#else
enum { SPPOI_ZEROED = 0 };
#endif

static int sppoi_round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Bytes of a cache line, and of the widest vector: where blocks and the arrays
 * in them begin, since a vector that lies across two lines costs two reads. */
enum { SPPOI_LINE = 64 };

/* An arena: arrays one behind the other in one block, freed together.  What is
 * different here: its size is known before.  A layout function runs twice, with
 * base NULL to count bytes, with a base to place; so the two cannot disagree.
 * Arrays take whole lines.                                                  */
typedef struct sppoi_arena {
    char *base;
    size_t used;
} sppoi_arena;

SPPO_DEF const char *sppo_version(void) { return SPPO_VERSION; }

/* A sentence is a line that a terminal can show, whatever it quotes: without
 * control characters, those from 128 on too, as bytes and as UTF-8.         */
SPPO_DEF sppo_result sppo_fail(sppo_ctx *ctx, sppo_result code,
                               const char *format, ...)
{
    char message[sizeof ctx->message] = "", *at;
    int c, before = 0;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (at = message; (c = (unsigned char)*at) != 0; before = *at++ & 255)
        if (c < 32 || (c > 126 && c < 160 && (before < 128 || before == 0xc2)))
            *at = '?';
    memcpy(ctx->message, message, sizeof message);
    ctx->code = code;
    return code;
}

static int sppoi_finite(double value) { return value - value == 0.0; }

static sppo_result sppoi_go_on(sppo_ctx *ctx, const char *who)
{
    if (!ctx->stop || !ctx->stop(ctx->stop_user))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_STOPPED, "%s: stopped, as ctx->stop asked",
                     who);
}

/* The next boundary of a line after the block's begin; the byte before it tells
 * how far that is, so that the block can be given back.                     */
static void *sppoi_aligned(void *block)
{
    unsigned char *begin = (unsigned char *)block;
    const size_t shift = SPPOI_LINE - (size_t)((uintptr_t)begin % SPPOI_LINE);

    begin[shift - 1] = (unsigned char)shift;
    return begin + shift;
}

static size_t sppoi_block_bytes(size_t asked)
{
    return (asked ? asked : 1) + SPPOI_LINE;
}

SPPO_DEF void *sppo_alloc(sppo_ctx *ctx, size_t count, size_t size)
{
    const size_t bytes = sppoi_block_bytes(count * size);
    void *block = NULL;

    if (size && count > ((size_t)-1 - SPPOI_LINE) / size) {
        sppo_fail(ctx, SPPO_E_MEMORY, "out of memory: %llu times %llu bytes is "
                  "more than can be addressed", sppoi_printed(count),
                  sppoi_printed(size));
        return NULL;
    }
    if (!ctx->limit || (ctx->held <= ctx->limit &&
                        bytes <= ctx->limit - ctx->held))
        block = ctx->alloc ? ctx->alloc(ctx->user, bytes) : SPPO_MALLOC(bytes);
    if (!block) {
        sppo_fail(ctx, SPPO_E_MEMORY, "out of memory: %llu more bytes wanted, "
                  "%llu held%s", sppoi_printed(bytes), sppoi_printed(ctx->held),
                  ctx->limit ? ", and the ctx has a limit" : "");
        return NULL;
    }
    if (ctx->alloc || !SPPOI_ZEROED)
        memset(block, 0, bytes);
    ctx->held += bytes;
    ctx->peak = ctx->held > ctx->peak ? ctx->held : ctx->peak;
    return sppoi_aligned(block);
}

SPPO_DEF void sppo_release(sppo_ctx *ctx, void *block, size_t size)
{
    const size_t bytes = sppoi_block_bytes(size);
    unsigned char *begin = (unsigned char *)block;

    if (!block)
        return;
    begin -= begin[-1];
    ctx->held -= bytes;
    if (ctx->release)
        ctx->release(ctx->user, begin, bytes);
    else
        SPPO_FREE(begin);
}

static void *sppoi_arena_alloc(sppoi_arena *arena, size_t count, size_t size)
{
    const size_t bytes = sppoi_size_product(count, size);
    const size_t rest = (SPPOI_LINE - bytes % SPPOI_LINE) % SPPOI_LINE;
    char *at = arena->base ? arena->base + arena->used : NULL;

    arena->used = sppoi_size_sum(arena->used, sppoi_size_sum(bytes, rest));
    return at;
}

/* A zeroed block for what was counted; the arena places next. */
static sppo_result sppoi_block(sppo_ctx *ctx, const char *who,
                               sppoi_arena *counted, void **block, size_t *size)
{
    if (counted->used == SPPOI_TOO_MANY)
        return sppo_fail(ctx, SPPO_E_MEMORY, "%s: the sizes asked for are "
                         "more than can be addressed", who);
    *block = sppo_alloc(ctx, counted->used, 1);
    *size = *block ? counted->used : 0;
    counted->base = (char *)*block;
    counted->used = 0;
    return *block ? SPPO_OK
                  : sppo_fail(ctx, ctx->code, "%s: %s", who, ctx->message);
}

/* Room for at least `count` lists and `tokens` tokens in all. */
static sppo_result sppoi_lists_reserve(sppo_ctx *ctx, sppo_lists *lists,
                                       int count, int tokens)
{
    sppo_lists grown = *lists;

    if (lists->start && count <= lists->max_count &&
        tokens <= lists->max_tokens)
        return SPPO_OK;
    grown.max_count = sppoi_max(count, lists->max_count);
    grown.max_tokens = sppoi_max(tokens, lists->max_tokens);
    grown.start = (int *)sppo_alloc(ctx, (size_t)grown.max_count + 1,
                                    sizeof(int));
    grown.token = (int *)sppo_alloc(ctx, (size_t)grown.max_tokens, sizeof(int));
    if (!grown.start || !grown.token) {
        sppo_lists_free(ctx, &grown);
        return SPPO_E_MEMORY;
    }
    if (lists->start) {
        memcpy(grown.start, lists->start,
               ((size_t)lists->count + 1) * sizeof(int));
        memcpy(grown.token, lists->token,
               (size_t)lists->start[lists->count] * sizeof(int));
    }
    sppo_lists_free(ctx, lists);
    *lists = grown;
    return SPPO_OK;
}

/* Half as much again as is needed, so that adding n lists copies O(n). */
static int sppoi_grown(int needed)
{
    return needed > INT_MAX / 3 * 2 ? INT_MAX - 1 : needed + needed / 2 + 16;
}

SPPO_DEF sppo_result sppo_lists_add(sppo_ctx *ctx, sppo_lists *lists,
                                    const int *token, int count)
{
    const int used = lists->start ? lists->start[lists->count] : 0;

    if (count < 0 || count > INT_MAX - 1 - used || lists->count > INT_MAX / 2)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_lists_add: %d tokens "
                         "after %d are more than an int can count", count,
                         used);
    if (!lists->start || lists->count == lists->max_count)
        SPPOI_TRY(sppoi_lists_reserve(ctx, lists,
                                      sppoi_grown(lists->count + 1), 1));
    if (used + count > lists->max_tokens)
        SPPOI_TRY(sppoi_lists_reserve(ctx, lists, lists->max_count,
                                      sppoi_grown(used + count)));
    if (count)
        memcpy(lists->token + used, token, (size_t)count * sizeof *token);
    lists->start[++lists->count] = used + count;
    return SPPO_OK;
}

SPPO_DEF int sppo_lists_length(const sppo_lists *lists, int list)
{
    return lists->start[list + 1] - lists->start[list];
}

SPPO_DEF const int *sppo_lists_tokens(const sppo_lists *lists, int list)
{
    return lists->token + lists->start[list];
}

SPPO_DEF void sppo_lists_clear(sppo_lists *lists)
{
    lists->count = 0;
}

SPPO_DEF void sppo_lists_free(sppo_ctx *ctx, sppo_lists *lists)
{
    sppo_release(ctx, lists->start,
                 ((size_t)lists->max_count + 1) * sizeof(int));
    sppo_release(ctx, lists->token, (size_t)lists->max_tokens * sizeof(int));
    memset(lists, 0, sizeof *lists);
}

SPPO_DEF sppo_result sppo_forest_init(sppo_ctx *ctx, sppo_forest *forest,
                                      int max_tokens, int max_segments)
{
    sppo_forest fresh;

    if (max_tokens < 1 || max_segments < 1)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_forest_init: max_tokens "
                         "%d and max_segments %d must be positive",
                         max_tokens, max_segments);
    memset(&fresh, 0, sizeof fresh);
    fresh.max_tokens = max_tokens;
    fresh.max_segments = max_segments;
    fresh.parent = (int *)sppo_alloc(ctx, (size_t)max_segments, sizeof(int));
    fresh.start = (int *)sppo_alloc(ctx, (size_t)max_segments + 1, sizeof(int));
    fresh.scored = (unsigned char *)sppo_alloc(ctx, (size_t)max_segments, 1);
    fresh.token = (int *)sppo_alloc(ctx, (size_t)max_tokens, sizeof(int));
    if (!fresh.parent || !fresh.start || !fresh.scored || !fresh.token) {
        sppo_forest_free(ctx, &fresh);
        return SPPO_E_MEMORY;
    }
    *forest = fresh;
    return SPPO_OK;
}

SPPO_DEF void sppo_forest_clear(sppo_forest *forest)
{
    forest->segments = 0;
    forest->tokens = 0;
}

SPPO_DEF int sppo_forest_add(sppo_forest *forest, int parent, const int *token,
                             int count, int scored)
{
    const int s = forest->segments;

    if (count < 1 || s >= forest->max_segments ||
        count > forest->max_tokens - forest->tokens)
        return -1;
    memcpy(forest->token + forest->tokens, token,
           (size_t)count * sizeof *token);
    forest->parent[s] = parent;
    forest->scored[s] = scored != 0;
    forest->start[s] = forest->tokens;
    forest->tokens += count;
    forest->start[s + 1] = forest->tokens;
    forest->segments++;
    return s;
}

/* The same with a list, its tokens and their number. */
static int sppoi_forest_add_list(sppo_forest *forest, int parent,
                                 const sppo_lists *lists, int list, int scored)
{
    const int at = lists->start[list];

    return sppo_forest_add(forest, parent, lists->token + at,
                           lists->start[list + 1] - at, scored);
}

SPPO_DEF void sppo_forest_free(sppo_ctx *ctx, sppo_forest *forest)
{
    const size_t segments = (size_t)forest->max_segments;

    sppo_release(ctx, forest->parent, segments * sizeof(int));
    sppo_release(ctx, forest->start, (segments + 1) * sizeof(int));
    sppo_release(ctx, forest->scored, segments);
    sppo_release(ctx, forest->token, (size_t)forest->max_tokens * sizeof(int));
    memset(forest, 0, sizeof *forest);
}

/* ---- a heap of indices: top-p, the tokenizer's merges, sorting ---- */

/* A heap of indices; before says which of two comes out first. */
typedef int (*sppoi_before)(const void *user, int a, int b);

/* The index that comes before all others is at the root. */
static void sppoi_sift(int *heap, int n, int at, sppoi_before before,
                       const void *user)
{
    int child;

    while ((child = 2 * at + 1) < n) {
        const int item = heap[at];

        if (child + 1 < n && before(user, heap[child + 1], heap[child]))
            child++;
        if (!before(user, heap[child], item))
            return;
        heap[at] = heap[child];
        heap[child] = item;
        at = child;
    }
}

static void sppoi_heapify(int *heap, int n, sppoi_before before,
                          const void *user)
{
    int i;

    for (i = n / 2 - 1; i >= 0; i--)
        sppoi_sift(heap, n, i, before, user);
}

/* Takes the root; it moves to heap[n - 1], which leaves the heap. */
static int sppoi_heap_pop(int *heap, int n, sppoi_before before,
                          const void *user)
{
    const int item = heap[0];

    heap[0] = heap[n - 1];
    heap[n - 1] = item;
    sppoi_sift(heap, n - 1, 0, before, user);
    return item;
}

static void sppoi_heap_push(int *heap, int n, int item, sppoi_before before,
                            const void *user)
{
    heap[n] = item;
    while (n > 0 && before(user, heap[n], heap[(n - 1) / 2])) {
        const int parent = (n - 1) / 2, swap = heap[n];

        heap[n] = heap[parent];
        heap[parent] = swap;
        n = parent;
    }
}

static void sppoi_reverse(int *order, int n)
{
    int i;

    for (i = 0; i < n / 2; i++) {
        const int swap = order[i];

        order[i] = order[n - 1 - i];
        order[n - 1 - i] = swap;
    }
}

/* 0 .. n - 1 in order. */
static void sppoi_sort(int *order, int n, sppoi_before before, const void *user)
{
    int i, left;

    for (i = 0; i < n; i++)
        order[i] = i;
    sppoi_heapify(order, n, before, user);
    for (left = n; left > 1; left--)
        sppoi_heap_pop(order, left, before, user);
    sppoi_reverse(order, n);
}

/* ---- random numbers ---- */

/* SplitMix64's finaliser (Steele, Lea, Flood 2014; Stafford's variant 13): a
 * bijection of 64 bits that passes the usual batteries on a counter.        */
static uint64_t sppoi_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Golden-ratio steps keep small labels and counters apart; forks and draws use
 * different offsets, so that a fork's key is no draw of its parent.         */
SPPO_DEF uint64_t sppo_random_fork(uint64_t key, uint64_t label)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);

    return sppoi_mix(sppoi_mix(key + step) ^ ((label + 1) * step));
}

SPPO_DEF uint64_t sppo_random_bits(uint64_t key, uint64_t counter)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);

    return sppoi_mix(sppoi_mix(key) + (counter + 1) * step);
}

/* The top 53 bits, so every value is a multiple of 2^-53 and below 1. */
SPPO_DEF double sppo_random_uniform(uint64_t key, uint64_t counter)
{
    return (double)(sppo_random_bits(key, counter) >> 11)
         * (1.0 / 9007199254740992.0);
}

/* Box-Muller on draws 2c and 2c + 1; 1 - u is never 0. */
SPPO_DEF double sppo_random_normal(uint64_t key, uint64_t counter)
{
    const double u = 1.0 - sppo_random_uniform(key, 2 * counter);
    const double v = sppo_random_uniform(key, 2 * counter + 1);

    return sqrt(-2.0 * log(u)) * cos(6.28318530717958647692 * v);
}

SPPO_DEF void sppo_random_order(uint64_t key, int *order, int n)
{
    int i;

    for (i = 0; i < n; i++)
        order[i] = i;
    for (i = n - 1; i > 0; i--) {  // Fisher-Yates
        const double u = sppo_random_uniform(key, (uint64_t)i);
        const int j = (int)(u * (i + 1)), swap = order[i];

        order[i] = order[j];
        order[j] = swap;
    }
}

/* Every word is one step, which a bijection makes: whatever differs in one word
 * differs at the end.  The last bytes are a word with their number on top.  */
SPPO_DEF uint64_t sppo_digest(uint64_t seed, const void *data, size_t size)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    const unsigned char *at = (const unsigned char *)data;
    uint64_t word;
    size_t i;

    for (; size >= 8; size -= 8, at += 8) {
        word = (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
               (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
               (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
               (uint64_t)at[7] << 56;
        seed = sppoi_mix((seed ^ word) + step);
    }
    if (!size)
        return seed;
    word = (uint64_t)size << 56;
    for (i = 0; i < size; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return sppoi_mix((seed ^ word) + 2 * step);
}

/* ---- settings: a row for every field of a struct of them ---- */

typedef enum sppoi_type {
    SPPOI_WHOLE,           // an int
    SPPOI_NUMBER,          // a double
    SPPOI_SHARE,           // a double; SPPO_ZERO stands for 0
    SPPOI_FLAG,            // an int, 0 or 1
    SPPOI_UNLESS,          // the same, of which config.json says the opposite
    SPPOI_CHOICE,          // an enum
    SPPOI_TOKEN,           // an int, below 0: none
    SPPOI_LOW, SPPOI_HIGH  // 32 bits of a uint64_t: a double holds no 64
} sppoi_type;

enum {                 // what else there is to know of a field
    SPPOI_CHANGES = 1, // a run may go on with another: not compared
    SPPOI_TRUNK = 2,   // memory made for a model serves those that share it
    SPPOI_PLAYED = 4,  // a run of self-play compares it of its policy
    SPPOI_HEADED = 8   // config.json has it only where there is a head
};

/* All that is known of a field.  Who adds one adds it to its struct and to the
 * struct's table; defaults, refusals, config.json, checkpoints and ranks walk
 * the tables.  A row without a name ends a table.                           */
typedef struct sppoi_field {
    const char *name;
    size_t at, size;     // where it stands in its struct
    sppoi_type type;
    double least, most;  // what it may be
    double standard;     // what a 0 stands for
    const char *must;    // how a refusal says least and most; NULL: as numbers
    int uses;
    const char *hf;      // Hugging Face's name; NULL: not in config.json
    double absent;       // and what it is where config.json lacks it
} sppoi_field;

#define SPPOI_FIELD(type, name) #name, offsetof(type, name), \
                                sizeof(((type *)0)->name)
#define SPPOI_NO_FIELD { NULL, 0, 0, SPPOI_WHOLE, 0, 0, 0, NULL, 0, NULL, 0 }
#define SPPOI_POSITIVE DBL_MIN
#define SPPOI_BELOW_ONE (1.0 - DBL_EPSILON / 2)

static double sppoi_get(const sppoi_field *f, const void *config)
{
    const char *at = (const char *)config + f->at;
    double number;
    uint64_t bits;
    int whole;

    if (f->type == SPPOI_NUMBER || f->type == SPPOI_SHARE) {
        memcpy(&number, at, sizeof number);
        return number;
    }
    if (f->type == SPPOI_LOW || f->type == SPPOI_HIGH) {
        memcpy(&bits, at, sizeof bits);
        return (double)(f->type == SPPOI_LOW ? bits & 0xffffffffu : bits >> 32);
    }
    if (f->size == 1)  // an enum, of compilers that make them short
        return *(const signed char *)at;
    memcpy(&whole, at, sizeof whole);
    return whole;
}

static void sppoi_set(const sppoi_field *f, void *config, double value)
{
    char *at = (char *)config + f->at;
    int whole;

    if (f->type == SPPOI_NUMBER || f->type == SPPOI_SHARE) {
        memcpy(at, &value, sizeof value);
    } else if (f->size == 1) {  // as sppoi_get reads it
        *(signed char *)at = (signed char)value;
    } else {
        whole = (int)value;
        memcpy(at, &whole, sizeof whole);
    }
}

/* The one place where a 0 becomes what it stands for. */
static void sppoi_defaults(const sppoi_field *f, void *config)
{
    for (; f->name; f++) {
        const double value = sppoi_get(f, config);

        if (f->type == SPPOI_FLAG || f->type == SPPOI_UNLESS)
            sppoi_set(f, config, value != 0.0);
        else if (value == 0.0 && f->standard != 0.0)
            sppoi_set(f, config, f->standard);
    }
}

static sppo_result sppoi_within(sppo_ctx *ctx, const char *who,
                                const char *field, double value, double least,
                                double most, const char *must)
{
    char range[64];

    if (value >= least && value <= most)
        return SPPO_OK;
    snprintf(range, sizeof range, "%.10g to %.10g", least, most);
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: %s is %.10g; it must be %s",
                     who, field, value, must ? must : range);
}

/* `who` asks, by Hugging Face's names if hf is 1. */
static sppo_result sppoi_check_fields(sppo_ctx *ctx, const char *who,
                                      const sppoi_field *f, const void *config,
                                      int hf)
{
    for (; f->name; f++) {
        const double value = sppoi_get(f, config);

        if (f->type != SPPOI_SHARE || value != SPPO_ZERO)
            SPPOI_TRY(sppoi_within(ctx, who, hf && f->hf ? f->hf : f->name,
                                   value, f->least, f->most, f->must));
    }
    return SPPO_OK;
}

/* ==== kernels ============================================== >>kernels.c == */

/* What the network is made of.  A kernel knows arrays only, no model and no
 * forest.  Each stands with its gradient, and the formula that it computes
 * above it.  Loops over rows are split among threads; a sum never is: one
 * thread adds it up, in one order, so that every number has the same bits for
 * any number of threads and in whatever company of rows it is computed.     */

/* Row `row` of a matrix `width` wide; size_t, for products beyond INT_MAX. */
static const sppo_real *sppoi_row(const sppo_real *a, int row, int width)
{
    return a + (size_t)row * (size_t)width;
}

static sppo_real *sppoi_row_out(sppo_real *a, int row, int width)
{
    return a + (size_t)row * (size_t)width;
}

/* A LANE is one of the numbers that a vector register holds.  Sums run in this
 * many lanes, which are folded in a fixed order at the end: so the chains of
 * additions are independent of each other, as vectors want them, and their
 * order is one, whatever the compiler does.                                 */
enum { SPPOI_LANES = 16, SPPOI_CHANNELS = 8 };  // the latter within a head

/* a b + c in one rounding where the machine has it.  Said explicitly, because
 * gcc -std=c99 does not fuse by itself; the same bits with and without SIMD. */
static float sppoi_muladdf(float a, float b, float c)
{
#ifdef FP_FAST_FMAF
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

static sppo_real sppoi_muladd(sppo_real a, sppo_real b, sppo_real c)
{
    if (sizeof(sppo_real) == sizeof(float))
        return (sppo_real)sppoi_muladdf((float)a, (float)b, (float)c);
    return a * b + c;
}

/* exp without a branch or a call, so that loops over it vectorise.
 *
 *   x = n ln 2 + r, |r| <= ln 2 / 2      exp x = 2^n exp r
 *
 * n: adding 1.5 2^23 leaves round(x / ln 2) in a float's low bits, and it is
 * read from the bits: a difference of floats would be x / ln 2 unrounded where
 * the machine keeps more digits than a float has, as x87 may (FLT_EVAL_METHOD
 * 2; there constants keep theirs too, so those that must be floats are written
 * out).  ln 2 in two parts, the first with 15 bits, so that n times it is
 * exact.  exp r by its Taylor polynomial of degree 7: remainder below 6e-9,
 * under a tenth of an ulp.  2^n by writing the exponent field.  Below -87.3,
 * where the result would be subnormal, 0; from 88.38 on, infinity.  NaN stays
 * NaN.  Off by at most 0.94 steps of a float (ulp) with fused multiply-adds,
 * else 1.23, over every float between.                                      */
static SPPOI_INLINE float sppoi_expf(float x)
{
    const float lowest = -87.3000030517578125f;
    const int vanishes = x < lowest;
    float shifted, n, r, e, power;
    uint32_t bits;

    x = vanishes ? lowest : x;
    x = x > 88.7f ? 88.7f : x;
    shifted = sppoi_muladdf(x, 1.44269504f, 12582912.0f);
    memcpy(&bits, &shifted, sizeof bits);
    n = (float)((int)bits - 0x4b400000);  // the bits of 1.5 2^23
    r = sppoi_muladdf(n, -1.42860682e-6f,
                      sppoi_muladdf(n, -0.693145751953125f, x));
    bits = vanishes ? 0 : (bits + 127u) << 23;
    memcpy(&power, &bits, sizeof power);
    e = sppoi_muladdf(r, 1.0f / 5040, 1.0f / 720);
    e = sppoi_muladdf(r, e, 1.0f / 120);
    e = sppoi_muladdf(r, e, 1.0f / 24);
    e = sppoi_muladdf(r, e, 1.0f / 6);
    e = sppoi_muladdf(r, e, 1.0f / 2);
    e = sppoi_muladdf(r, e, 1.0f);
    e = sppoi_muladdf(r, e, 1.0f);
    return e * power;
}

static SPPOI_INLINE sppo_real sppoi_exp(sppo_real x)
{
    if (sizeof(sppo_real) == sizeof(float))
        return (sppo_real)sppoi_expf((float)x);
    return (sppo_real)exp((double)x);
}

SPPO_DEF sppo_real sppo_exp(sppo_real x)
{
    return sppoi_exp(x);
}

enum { SPPOI_SUM_BLOCK = 1024 };

/* The sum of all lanes, by halves: 8 + 8, 4 + 4, 2 + 2, 1 + 1. */
static sppo_real sppoi_fold(sppo_real *lane)
{
    int half, j;

    SPPOI_UNROLL
    for (half = SPPOI_LANES / 2; half > 0; half /= 2)
        for (j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

static sppo_real sppoi_dot(const sppo_real *a, const sppo_real *b, int n)
{
    sppo_real lane[SPPOI_LANES] = { 0 };
    int i, j;

    for (i = 0; i + SPPOI_LANES <= n; i += SPPOI_LANES) {
        SPPOI_SIMD
        for (j = 0; j < SPPOI_LANES; j++)
            lane[j] = sppoi_muladd(a[i + j], b[i + j], lane[j]);
    }
    for (j = 0; i + j < n; j++)
        lane[j] = sppoi_muladd(a[i + j], b[i + j], lane[j]);
    return sppoi_fold(lane);
}

/* In blocks whose sums are added in double: a vocabulary is so long that a
 * float would lose the small terms.                                         */
static double sppoi_sum(const sppo_real *x, int n)
{
    double total = 0.0;
    int from, i, j;

    for (from = 0; from < n; from += SPPOI_SUM_BLOCK) {
        const int to = sppoi_min(n, from + SPPOI_SUM_BLOCK);
        sppo_real lane[SPPOI_LANES] = { 0 };

        for (i = from; i + SPPOI_LANES <= to; i += SPPOI_LANES) {
            SPPOI_SIMD
            for (j = 0; j < SPPOI_LANES; j++)
                lane[j] += x[i + j];
        }
        for (j = 0; i + j < to; j++)
            lane[j] += x[i + j];
        total += (double)sppoi_fold(lane);
    }
    return total;
}

static sppo_real sppoi_largest(const sppo_real *x, int n)
{
    sppo_real lane[SPPOI_LANES];
    int half, i, j;

    for (j = 0; j < SPPOI_LANES; j++)
        lane[j] = x[0];
    for (i = 0; i + SPPOI_LANES <= n; i += SPPOI_LANES) {
        SPPOI_SIMD
        for (j = 0; j < SPPOI_LANES; j++)
            lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    }
    for (j = 0; i + j < n; j++)
        lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    SPPOI_UNROLL
    for (half = SPPOI_LANES / 2; half > 0; half /= 2)
        for (j = 0; j < half; j++)
            lane[j] = lane[j + half] > lane[j] ? lane[j + half] : lane[j];
    return lane[0];
}

/* [Net 8] log sum_i exp x_i = top + log sum_i exp(x_i - top)
 *
 * With the largest x as top no exp is above 1, so none overflows, and one of
 * them is 1, so the logarithm is of a number that is not 0.                 */
SPPO_DEF double sppo_log_sum_exp(const sppo_real *x, int n)
{
    const sppo_real top = sppoi_largest(x, n);
    sppo_real part[SPPOI_SUM_BLOCK];
    double total = 0.0;
    int from, j;

    for (from = 0; from < n; from += SPPOI_SUM_BLOCK) {
        const int m = sppoi_min(n - from, SPPOI_SUM_BLOCK);

        SPPOI_SIMD
        for (j = 0; j < m; j++)
            part[j] = sppoi_exp(x[from + j] - top);
        total += sppoi_sum(part, m);
    }
    return (double)top + log(total);
}

/* ---- matrix products ---- */

/* C[m, n] (=, +=) A[m, k] B[k, n], and what it is cut into:
 *
 *                 NR              tile    MR x NR numbers of C, in registers
 *             +--------+                  while k runs; a row of it is a few
 *             | k rows |                  vectors, of LANES each or less
 *       k     +--------+          panel   NR columns of B, packed: row k of it
 *    +-----+  +--------+                  at k * NR, 0 where B has ended
 *    |  A  |  |  tile  |  MR      strip   MC rows of A: the tiles that a thread
 *    +-----+  +--------+                  computes one below the other
 *
 * A step of k loads one row of the panel and MR numbers of A, and makes MR x NR
 * multiply-adds of them.  This is a matrix product (GEMM) in the blocking of
 * BLIS (Van Zee, van de Geijn 2015), in its letters: k is taken KC steps at a
 * time, so that a strip's rows of A stay in the L1 cache while the panels of a
 * task stream past, and the next strips find those panels in L2.
 *
 * What is different: BLIS packs A and B inside its loops, block by block.  Here
 * B is packed whole, beforehand, since the weights of a pass meet the rows of
 * many micro-batches; and A is not packed but read where it stands, by two
 * strides, one of which is 1: a transpose needs no copy.  Only an A that is
 * read down its rows (dw = dout' in) touches a cache line for each number, and
 * a strip of it is copied first, to the stack, if it is read often or is far.
 *
 * A task is a strip by NC_PANELS panels.  A tile belongs to one thread, and its
 * sum over k has one order: neither threads nor other rows change its bits. */
#if defined(__AVX512F__)
enum { SPPOI_MR = 8, SPPOI_NR = 32 };      // 16 of 32 registers hold the tile
#elif defined(__AVX__)
enum { SPPOI_MR = 6, SPPOI_NR = 16 };      // 12 of 16
#elif defined(__aarch64__)
enum { SPPOI_MR = 8, SPPOI_NR = 8 };       // 16 of 32
#else
enum { SPPOI_MR = 4, SPPOI_NR = 8 };       // 8 of 16
#endif
enum {
    SPPOI_KC = 1024,          // rows of a panel that are used at a time
    SPPOI_MC = 2 * SPPOI_MR,  // rows of a strip
    SPPOI_NC_PANELS = 16,     // panels of a task
    SPPOI_ACROSS = 4,         // panels that a lone row meets at once
    SPPOI_FAR = 1 << 20       // numbers: such an A is in no near cache
};

/* A product, and into how many strips and panels its tasks are cut. */
typedef struct sppoi_product_job {
    sppo_real *out;
    const sppo_real *a, *panel;
    ptrdiff_t ld, a_row, a_col;  // strides of out's rows, a's rows and columns
    int m, n, k, add;
    int strips, panels;          // strips in all; panels of a task
} sppoi_product_job;

/* What of a tile is stored: rows from skip, columns [0, cols).  A tile is
 * always computed whole, for its loops have constant lengths; what hangs over
 * the edge of C is left out here.                                           */
typedef struct sppoi_stored {
    ptrdiff_t ld;
    int skip, cols, add;
    sppo_real zero;  // as a constant it would become a call of memset
} sppoi_stored;

static int sppoi_panel_count(int width)
{
    return (width + SPPOI_NR - 1) / SPPOI_NR;
}

/* The two ways that a sum leaves the registers: out = sum or, for gradients and
 * residuals, out += sum.                                                    */
static void sppoi_store_row(sppo_real *out, const sppo_real *sum, int cols,
                            int add)
{
    int j;

    if (add) {
        SPPOI_SIMD
        for (j = 0; j < cols; j++)
            out[j] += sum[j];
    } else {
        SPPOI_SIMD
        for (j = 0; j < cols; j++)
            out[j] = sum[j];
    }
}

/* A tile of the first `width` columns of a panel: whole, or half or a quarter
 * where a matrix ends soon (narrow heads, small vocabularies), since columns
 * that nobody stores cost as much as others.  Its caller is out of line and
 * passes width as a constant, and a whole tile is stored by loops of constant
 * length: so gcc and clang both keep the tile in registers.                 */
static SPPOI_INLINE void sppoi_tile_body(const int width,
                                         const sppoi_stored *store,
                                         sppo_real *out, const sppo_real *a,
                                         const sppo_real *panel,
                                         ptrdiff_t a_row, ptrdiff_t a_col,
                                         int depth)
{
    const sppo_real zero = store->zero;
    sppo_real tile[SPPOI_MR][SPPOI_NR];
    int i, j, k;

    for (i = 0; i < SPPOI_MR; i++)
        for (j = 0; j < width; j++)
            tile[i][j] = zero;
    for (k = 0; k < depth; k++) {
        SPPOI_UNROLL
        for (i = 0; i < SPPOI_MR; i++) {
            const sppo_real factor = a[i * a_row];

            SPPOI_SIMD
            for (j = 0; j < width; j++)
                tile[i][j] = sppoi_muladd(factor, panel[j], tile[i][j]);
        }
        a += a_col;
        panel += SPPOI_NR;
    }
    if (store->skip == 0 && store->cols == width)
        for (i = 0; i < SPPOI_MR; i++)
            sppoi_store_row(out + i * store->ld, tile[i], width, store->add);
    else
        for (i = store->skip; i < SPPOI_MR; i++)
            sppoi_store_row(out + i * store->ld, tile[i], store->cols,
                            store->add);
}

static SPPOI_NOINLINE void sppoi_tile(const sppoi_stored *store, sppo_real *out,
                                      const sppo_real *a,
                                      const sppo_real *panel, ptrdiff_t a_row,
                                      ptrdiff_t a_col, int depth)
{
    const int half = SPPOI_NR / 2, quarter = SPPOI_NR / 4;

    if (store->cols > half)
        sppoi_tile_body(SPPOI_NR, store, out, a, panel, a_row, a_col, depth);
    else if (store->cols > quarter)
        sppoi_tile_body(half, store, out, a, panel, a_row, a_col, depth);
    else
        sppoi_tile_body(quarter, store, out, a, panel, a_row, a_col, depth);
}

/* One row of A: a matrix times a vector (GEMV), as the product of a single
 * token is.  A tile would compute MR - 1 rows for nothing, and one row of it is
 * too few sums to hide how long a multiply-add takes.  So the row meets ACROSS
 * panels at once, `gap` apart, or one where fewer are left.                 */
static SPPOI_INLINE void sppoi_gemv_body(const int across,
                                         const sppoi_stored *store,
                                         sppo_real *out, const sppo_real *a,
                                         const sppo_real *panel, size_t gap,
                                         ptrdiff_t a_col, int depth)
{
    sppo_real sum[SPPOI_ACROSS][SPPOI_NR];
    int j, k, p;

    for (p = 0; p < across; p++)
        for (j = 0; j < SPPOI_NR; j++)
            sum[p][j] = 0;
    for (k = 0; k < depth; k++) {
        const sppo_real factor = a[k * a_col];

        for (p = 0; p < across; p++) {
            const sppo_real *b = panel + (size_t)p * gap;

            SPPOI_SIMD
            for (j = 0; j < SPPOI_NR; j++)
                sum[p][j] = sppoi_muladd(factor, b[j], sum[p][j]);
        }
        panel += SPPOI_NR;
    }
    for (p = 0; p < across; p++)
        sppoi_store_row(out + p * SPPOI_NR, sum[p],
                        sppoi_min(SPPOI_NR, store->cols - p * SPPOI_NR),
                        store->add);
}

static SPPOI_NOINLINE void sppoi_gemv_row(int across, const sppoi_stored *store,
                                          sppo_real *out, const sppo_real *a,
                                          const sppo_real *panel, size_t gap,
                                          ptrdiff_t a_col, int depth)
{
    if (across == SPPOI_ACROSS)
        sppoi_gemv_body(SPPOI_ACROSS, store, out, a, panel, gap, a_col, depth);
    else
        sppoi_gemv_body(1, store, out, a, panel, gap, a_col, depth);
}

/* Panels [p0, p1) of a product with fewer rows than a tile, k from k0. */
static void sppoi_gemv(const sppoi_product_job *job, int p0, int p1, int k0)
{
    const int depth = sppoi_min(SPPOI_KC, job->k - k0);
    const size_t gap = (size_t)job->k * SPPOI_NR;
    sppoi_stored store = { 0, 0, 0, job->add || k0 > 0, 0 };
    int p, m, across;

    for (p = p0; p < p1; p += across) {
        const sppo_real *panel =
            job->panel + (size_t)p * gap + (size_t)k0 * SPPOI_NR;

        across = p1 - p < SPPOI_ACROSS ? 1 : SPPOI_ACROSS;
        store.cols = job->n - p * SPPOI_NR;
        for (m = 0; m < job->m; m++)
            sppoi_gemv_row(across, &store,
                           job->out + m * job->ld + p * SPPOI_NR,
                           job->a + m * job->a_row + k0 * job->a_col, panel,
                           gap, job->a_col, depth);
    }
}

/* The MC rows of a strip, neighbours in memory as A is transposed, become
 * to[k][MC]: then every step of k reads one place.                          */
static void sppoi_copy_strip(sppo_real *to, const sppo_real *a, ptrdiff_t a_col,
                             int depth)
{
    int i, k;

    for (k = 0; k < depth; k++, a += a_col, to += SPPOI_MC)
        for (i = 0; i < SPPOI_MC; i++)
            to[i] = a[i];
}

/* A row of tiles, one for each panel of the task: out and a begin at the tiles'
 * first row.                                                                */
static void sppoi_tiles(const sppoi_product_job *job, sppoi_stored *store,
                        sppo_real *out, const sppo_real *a, ptrdiff_t a_col,
                        int p0, int p1, int k0)
{
    const int depth = sppoi_min(SPPOI_KC, job->k - k0);
    int p;

    for (p = p0; p < p1; p++) {
        const int n0 = p * SPPOI_NR;
        const sppo_real *panel = job->panel + (size_t)n0 * (size_t)job->k
                               + (size_t)k0 * SPPOI_NR;

        store->cols = sppoi_min(SPPOI_NR, job->n - n0);
        sppoi_tile(store, out + n0, a, panel, job->a_row, a_col, depth);
    }
}

/* The strip that begins at row m0, panels [p0, p1), k from k0.  The last tile
 * is moved up to stay inside A, and does not store the rows that it shares with
 * the one above.                                                            */
static void sppoi_strip(const sppoi_product_job *job, int m0, int p0, int p1,
                        int k0)
{
    const int high = sppoi_min(m0 + SPPOI_MC, job->m);
    const int copied = job->a_row == 1 && job->m >= SPPOI_MC &&
                       (p1 - p0 > 2 || job->k * job->a_col > SPPOI_FAR);
    const int low = copied ? sppoi_min(m0, job->m - SPPOI_MC) : 0;
    sppo_real copy[(int)SPPOI_KC * SPPOI_MC];
    const sppo_real *a = job->a + low * job->a_row + k0 * job->a_col;
    sppoi_stored store = { job->ld, 0, 0, job->add || k0 > 0, 0 };
    int m;

    if (copied) {
        sppoi_copy_strip(copy, a, job->a_col, sppoi_min(SPPOI_KC, job->k - k0));
        a = copy;
    }
    for (m = m0; m < high; m += SPPOI_MR) {
        const int row = sppoi_min(m, job->m - SPPOI_MR);

        store.skip = m - row;
        sppoi_tiles(job, &store, job->out + row * job->ld,
                    a + (row - low) * job->a_row,
                    copied ? (ptrdiff_t)SPPOI_MC : job->a_col, p0, p1, k0);
    }
}

/* Tasks run through the strips first, so that neighbours in time share their
 * panels.                                                                   */
static void sppoi_product_task(const sppoi_product_job *job, int task, int k0)
{
    const int p0 = task / job->strips * job->panels;
    const int p1 = sppoi_min(p0 + job->panels, sppoi_panel_count(job->n));

    if (job->m < SPPOI_MR)
        sppoi_gemv(job, p0, p1, k0);
    else
        sppoi_strip(job, task % job->strips * SPPOI_MC, p0, p1, k0);
}

/* Below this many multiply-adds, a microsecond or two, waking the other threads
 * costs more than they save.                                                */
enum { SPPOI_WORTH_SHARING = 1 << 16 };

static int sppoi_is_shared(double multiply_adds)
{
    return multiply_adds >= (double)SPPOI_WORTH_SHARING && !sppoi_works_alone();
}

/* Panels for each thread when a deep product (dw) is split by them: B is then
 * more than C, and the thread that packed a panel is the only one to read it.
 * 0: by strips, each thread reading all panels.                             */
static int sppoi_own_panels(int m, int n, int k)
{
    const int panels = sppoi_panel_count(n), threads = sppoi_max_threads();
    const int own = panels / threads;

    return k > m && m >= SPPOI_MR && panels % threads == 0 &&
           own <= SPPOI_NC_PANELS ? own : 0;
}

/* The one product: C of m rows `ld` apart, A by its two strides, B in panels.
 * Where threads have panels of their own, each takes the tasks of those; else
 * tasks are handed out some at a time, since a counter that several cores write
 * is far from each of them.                                                 */
static void sppoi_product(sppo_real *out, ptrdiff_t ld, const sppo_real *a,
                          ptrdiff_t a_row, ptrdiff_t a_col,
                          const sppo_real *panel, int m, int n, int k, int add)
{
    const int shared = sppoi_is_shared((double)m * n * k);
    const int own = shared ? sppoi_own_panels(m, n, k) : 0;
    const int across = m < SPPOI_MR ? SPPOI_ACROSS : SPPOI_NC_PANELS;
    const int panels = own ? own : across;
    const int strips = (m + SPPOI_MC - 1) / SPPOI_MC;
    const int tasks = (sppoi_panel_count(n) + panels - 1) / panels * strips;
    const int each =
        shared ? sppoi_max(1, tasks / (8 * sppoi_max_threads())) : 1;
    const sppoi_product_job job = { out, a, panel, ld, a_row, a_col, m, n, k,
                                    add, strips, panels };
    int k0, task;

    for (k0 = 0; k0 < k; k0 += SPPOI_KC) {
        if (own)
            SPPOI_EACH(SPPOI_FOR, task, tasks,
                       sppoi_product_task(&job, task, k0));
        else
            SPPOI_EACH_IF(shared, SPPOI_TILES, task, tasks,
                          sppoi_product_task(&job, task, k0));
    }
    (void)each;
}

SPPO_DEF size_t sppo_panel_size(int depth, int width)
{
    const size_t panels = ((size_t)width + SPPOI_NR - 1) / SPPOI_NR * SPPOI_NR;

    return sppoi_size_product((size_t)depth, panels);
}

/* Panel p of B[depth][width], b[k * row + n * col]: row k of the panel has its
 * NR numbers n, as many as there are, then 0.                               */
static void sppoi_pack_panel(sppo_real *panel, const sppo_real *b,
                             ptrdiff_t row, ptrdiff_t col, int depth,
                             int width, int p)
{
    const int n0 = p * SPPOI_NR, n = sppoi_min(SPPOI_NR, width - n0);
    sppo_real *to = panel + (size_t)n0 * (size_t)depth;
    int k, j;

    b += n0 * col;
    for (k = 0; k < depth; k++) {
        if (col == 1)  // a loop that every compiler vectorises
            sppoi_store_row(to, b, n, 0);
        else
            for (j = 0; j < n; j++)
                to[j] = b[j * col];
        for (j = n; j < SPPOI_NR; j++)
            to[j] = 0;
        to += SPPOI_NR;
        b += row;
    }
}

enum { SPPOI_PACKING = 8 };

/* B into panels.  Packing a number costs what PACKING multiply-adds do. */
static void sppoi_pack(sppo_real *panel, const sppo_real *b, ptrdiff_t row,
                       ptrdiff_t col, int depth, int width)
{
    const int panels = sppoi_panel_count(width);
    int p;

    SPPOI_EACH_IF(sppoi_is_shared((double)SPPOI_PACKING * depth * width),
                  SPPOI_FOR, p, panels,
                  sppoi_pack_panel(panel, b, row, col, depth, width, p));
}

enum { SPPOI_FORWARD = 0, SPPOI_BACKWARD, SPPOI_WAYS };

/* w[d_out, d_in] as the right side of out = in w' or, backward, din = dout w.
 */
static void sppoi_pack_weight(sppo_real *panel, const sppo_real *w, int d_in,
                              int d_out, int way)
{
    if (way == SPPOI_FORWARD)
        sppoi_pack(panel, w, 1, d_in, d_in, d_out);
    else
        sppoi_pack(panel, w, d_in, 1, d_out, d_in);
}

/* What a product does with what is there: 0 and 1, as its `add` takes them. */
enum { SPPOI_SET = 0, SPPOI_ADD = 1 };

/* out[n, d_out] (=, +=) in[n, d_in] times what is packed. */
static void sppoi_times(sppo_real *out, const sppo_real *in,
                        const sppo_real *panel, int n, int d_in, int d_out,
                        int add)
{
    sppoi_product(out, d_out, in, d_in, 1, panel, n, d_out, d_in, add);
}

/* [Net 1] out = in w': a row of w for each number of out, as PyTorch keeps
 * them.                                                                     */
SPPO_DEF void sppo_linear_fwd(sppo_real *out, const sppo_real *in,
                              const sppo_real *w, sppo_real *panel, int n,
                              int d_in, int d_out)
{
    sppoi_pack_weight(panel, w, d_in, d_out, SPPOI_FORWARD);
    sppoi_times(out, in, panel, n, d_in, d_out, SPPOI_SET);
}

/* Rows `ld` apart, w packed already: the sampler's product. */
static void sppoi_rows_product(sppo_real *out, const sppo_real *in,
                               const sppo_real *panel, int n, int d_out,
                               int d_in, int ld, int add)
{
    sppoi_product(out, ld, in, ld, 1, panel, n, d_out, d_in, add);
}

/* [Net 2] The two gradients of a product.
 *
 *   forward    out = in w'       out_i = sum_j w_ij in_j in every row
 *   gradients  din = dout w      in_j reaches every out_i, by the weight w_ij
 *              dw += dout' in    all rows use the same weights: a sum over rows
 */
SPPO_DEF void sppo_linear_bwd_in(sppo_real *din, const sppo_real *dout,
                                 const sppo_real *w, sppo_real *panel, int n,
                                 int d_in, int d_out)
{
    sppoi_pack_weight(panel, w, d_in, d_out, SPPOI_BACKWARD);
    sppoi_times(din, dout, panel, n, d_out, d_in, SPPOI_SET);
}

/* The second of them: added, for a weight gets gradients from all
 * micro-batches.  Rows are summed over inside the product, as its k.        */
SPPO_DEF void sppo_linear_bwd_w(sppo_real *dw, const sppo_real *dout,
                                const sppo_real *in, sppo_real *panel, int n,
                                int d_in, int d_out)
{
    sppoi_pack(panel, in, d_in, 1, n, d_in);
    sppoi_product(dw, d_in, dout, 1, d_out, panel, d_out, d_in, n, 1);
}

/* ---- RMSNorm ---- */

/* s = (mean_j in_j^2 + eps)^(-1/2)      out_i = gain_i in_i s */
static sppo_real sppoi_rmsnorm_row(sppo_real *out, const sppo_real *in,
                                   const sppo_real *gain, int d, double eps)
{
    const sppo_real s =
        (sppo_real)(1.0 / sqrt((double)sppoi_dot(in, in, d) / d + eps));
    int i;

    SPPOI_SIMD
    for (i = 0; i < d; i++)
        out[i] = gain[i] * in[i] * s;
    return s;
}

/* [Net 3] RMSNorm (Zhang, Sennrich 2019): every row is brought to a mean square
 * of 1, then each channel gets its gain.  s is kept for the way back.       */
SPPO_DEF void sppo_rmsnorm_fwd(sppo_real *out, sppo_real *inv_rms,
                               const sppo_real *in, const sppo_real *gain,
                               int n, int d, double eps)
{
    int row;

    SPPOI_EACH(SPPOI_FOR, row, n,
               inv_rms[row] = sppoi_rmsnorm_row(sppoi_row_out(out, row, d),
                                                sppoi_row(in, row, d), gain, d,
                                                eps));
}

/* forward  s = (mean_j in_j^2 + eps)^(-1/2)        out_i = gain_i in_i s
 * let      u_i = gain_i dout_i,  the gradient arriving at the product in_i s
 * power    ds/d in_i = -s^3 in_i / d
 * hence    din_i += s u_i - (s^3 / d) (sum_j u_j in_j) in_i
 *
 * The first term treats s as fixed; the second pays for having normalised.  It
 * takes from din the part along in: with eps = 0, sum_i in_i din_i is 0.    */
static void sppoi_rmsnorm_bwd_row(sppo_real *din, const sppo_real *dout,
                                  const sppo_real *in, const sppo_real *gain,
                                  sppo_real s, int d)
{
    sppo_real lane[SPPOI_LANES] = { 0 }, pull;
    int i, j;

    for (i = 0; i + SPPOI_LANES <= d; i += SPPOI_LANES) {
        SPPOI_SIMD
        for (j = 0; j < SPPOI_LANES; j++)
            lane[j] = sppoi_muladd(gain[i + j] * dout[i + j], in[i + j],
                                   lane[j]);
    }
    for (j = 0; i + j < d; j++)
        lane[j] = sppoi_muladd(gain[i + j] * dout[i + j], in[i + j], lane[j]);
    pull = s * s * s / (sppo_real)d * sppoi_fold(lane);
    SPPOI_SIMD
    for (i = 0; i < d; i++)
        din[i] += s * gain[i] * dout[i] - pull * in[i];
}

/* dgain_i += sum over rows of dout_i in_i s, for LANES channels from `from` on.
 * All rows share dgain, so they are added in order, and it is the channels that
 * are split among threads.                                                  */
static void sppoi_rmsnorm_bwd_gain(sppo_real *dgain, const sppo_real *dout,
                                   const sppo_real *in,
                                   const sppo_real *inv_rms, int n, int d,
                                   int from)
{
    const int m = sppoi_min(SPPOI_LANES, d - from);
    double lane[SPPOI_LANES] = { 0.0 };
    int row, j;

    for (row = 0; row < n; row++) {
        const sppo_real *dout_r = sppoi_row(dout, row, d) + from;
        const sppo_real *in_r = sppoi_row(in, row, d) + from;

        for (j = 0; j < m; j++)
            lane[j] += (double)(dout_r[j] * in_r[j] * inv_rms[row]);
    }
    for (j = 0; j < m; j++)
        dgain[from + j] += (sppo_real)lane[j];
}

/* [Net 4] Its gradients: din row by row, as above; dgain down the rows, a few
 * channels a task.                                                          */
SPPO_DEF void sppo_rmsnorm_bwd(sppo_real *din, sppo_real *dgain,
                               const sppo_real *dout, const sppo_real *in,
                               const sppo_real *gain, const sppo_real *inv_rms,
                               int n, int d)
{
    const int parts = (d + SPPOI_LANES - 1) / SPPOI_LANES;
    int row, part;

    SPPOI_EACH(SPPOI_FOR, row, n,
               sppoi_rmsnorm_bwd_row(sppoi_row_out(din, row, d),
                                     sppoi_row(dout, row, d),
                                     sppoi_row(in, row, d), gain, inv_rms[row],
                                     d));
    SPPOI_EACH(SPPOI_FOR, part, parts,
               sppoi_rmsnorm_bwd_gain(dgain, dout, in, inv_rms, n, d,
                                      part * SPPOI_LANES));
}

/* ---- rotary positions ---- */

/* angle(position, j) = position theta^(-2j / head_dim), j < head_dim / 2
 *
 * Pair j turns by its angle at every position further: the first pairs fast,
 * like the last digits of a number, the last ones slowly.  A row of the table
 * holds the cosines, then the sines.                                        */
SPPO_DEF void sppo_rope_table(sppo_real *table, int positions, int head_dim,
                              double theta)
{
    const int half = head_dim / 2;
    int p, j;

    for (j = 0; j < half; j++) {
        const double step = pow(theta, -2.0 * j / head_dim);

        for (p = 0; p < positions; p++) {
            sppoi_row_out(table, p, head_dim)[j] = (sppo_real)cos(p * step);
            sppoi_row_out(table, p, head_dim)[half + j] =
                (sppo_real)sin(p * step);
        }
    }
}

/* n pairs, a constant: one whole vector even where heads are narrow. */
static SPPOI_INLINE void sppoi_turn(const int n, sppo_real *x, sppo_real *y,
                                    const sppo_real *cosine,
                                    const sppo_real *sine, sppo_real sign)
{
    int j;

    SPPOI_SIMD
    for (j = 0; j < n; j++) {
        const sppo_real c = cosine[j], s = sign * sine[j], a = x[j], b = y[j];

        x[j] = a * c - b * s;
        y[j] = b * c + a * s;
    }
}

/* Turns channels (j, j + half) by the angle: Hugging Face's rotate-half.  The
 * turn is its own transpose with the sine's sign flipped: the backward pass. */
static void sppoi_rope_row(sppo_real *x, const sppo_real *angle, int heads,
                           int head_dim, int direction)
{
    const int half = head_dim / 2, pairs = SPPOI_CHANNELS / 2;
    const sppo_real sign = (sppo_real)direction;
    int h, j;

    for (h = 0; h < heads; h++, x += head_dim) {
        for (j = 0; j + pairs <= half; j += pairs)
            sppoi_turn(pairs, x + j, x + half + j, angle + j, angle + half + j,
                       sign);
        for (; j < half; j++)
            sppoi_turn(1, x + j, x + half + j, angle + j, angle + half + j,
                       sign);
    }
}

/* [Net 5] Rotary positions (Su et al. 2021): queries and keys are turned by
 * their positions, so that the product of two depends on how far apart they are
 * alone.                                                                    */
SPPO_DEF void sppo_rope(sppo_real *x, const int *position,
                        const sppo_real *table, int n, int heads, int head_dim,
                        int stride, int direction)
{
    int row;

    SPPOI_EACH(SPPOI_FOR, row, n,
               sppoi_rope_row(sppoi_row_out(x, row, stride),
                              sppoi_row(table, position[row], head_dim), heads,
                              head_dim, direction));
}

/* ---- SwiGLU ---- */

/* silu(g) = g sigma(g)       out = silu(gate) up       sigma(g) = 1 / (1 + exp
 * -g)                                                                       */
static void sppoi_swiglu_row(sppo_real *out, const sppo_real *gate_up,
                             int hidden)
{
    const sppo_real *gate = gate_up, *up = gate_up + hidden;
    int i;

    SPPOI_SIMD
    for (i = 0; i < hidden; i++)
        out[i] = gate[i] / (1 + sppoi_exp(-gate[i])) * up[i];
}

/* [Net 6] SwiGLU (Shazeer 2020): one product gives gates and values, and the
 * gate says how much of its value goes on.                                  */
SPPO_DEF void sppo_swiglu_fwd(sppo_real *out, const sppo_real *gate_up, int n,
                              int hidden)
{
    int row;

    SPPOI_EACH(SPPOI_FOR, row, n,
               sppoi_swiglu_row(sppoi_row_out(out, row, hidden),
                                sppoi_row(gate_up, row, 2 * hidden), hidden));
}

/* silu'(g) = sigma(g) (1 + g (1 - sigma(g)))
 * dgate = dout up silu'(gate)      dup = dout silu(gate)
 * dout becomes the forward pass's out, which the same sigma gives.          */
static void sppoi_swiglu_bwd_row(sppo_real *dgate_up, sppo_real *dout,
                                 const sppo_real *gate_up, int hidden)
{
    const sppo_real *gate = gate_up, *up = gate_up + hidden;
    sppo_real *dgate = dgate_up, *dup = dgate_up + hidden;
    int i;

    SPPOI_SIMD
    for (i = 0; i < hidden; i++) {
        const sppo_real g = gate[i], s = 1 / (1 + sppoi_exp(-g));
        const sppo_real grad = dout[i];

        dgate[i] = grad * up[i] * s * (1 + g * (1 - s));
        dup[i] = grad * g * s;
        dout[i] = g * s * up[i];
    }
}

/* [Net 7] Its gradient, and out again: nothing of SwiGLU was kept but what went
 * in.                                                                       */
SPPO_DEF void sppo_swiglu_bwd(sppo_real *dgate_up, sppo_real *dout,
                              const sppo_real *gate_up, int n, int hidden)
{
    int row;

    SPPOI_EACH(SPPOI_FOR, row, n,
               sppoi_swiglu_bwd_row(sppoi_row_out(dgate_up, row, 2 * hidden),
                                    sppoi_row_out(dout, row, hidden),
                                    sppoi_row(gate_up, row, 2 * hidden),
                                    hidden));
}

/* ==== heads of a preference model =========================== >>heads == */

/* [Pref] A preference model is a policy's network with a head: a few tensors
 * that read a score out of its final states.  Of a response y, read after what
 * it follows, every head takes a sum over the tokens:
 *
 *   read_r(y) = m sum_t [ w_r . h_t / 16  +  c_r max(log p_t, -8) / 4 ]
 *
 *   h_t      final hidden state at token t of y
 *   log p_t  the trunk's own log-probability of token t.  Without it a small
 *            model learns surface features only: whether an answer fits its
 *            question is what the trunk, a language model, already knows.
 *   1/16, 1/4  keep a sum over some thirty tokens of order one at the start
 *   -8       a typing error should not outweigh the rest of a response
 *   m        1 up to 32 tokens, then 32 / tokens: a sum over hundreds would
 *            start at scores of tens of nats, from which training must return
 *
 *   scalar  s(a,b) = read_0(a) - read_0(b)
 *   embed   s(a,b) = read_0(a) - read_0(b) + e_a' R e_b      e = E h_last
 *           R block-skew: sum over pairs of channels of (u v' - v u')
 *   pair    g(x,a,b) = read_0(a) + read_1(b after a) + w . h_last(b after a)
 *           s(a,b) = g(x,a,b) - g(x,b,a)
 *
 * All are antisymmetric: s is computed for i < j and mirrored.  P = sigma(s).
 * scalar is Eq 3.1 and cannot hold a cycle; embed and pair can.  scalar and
 * embed encode each response by itself, k readings for k responses; pair is a
 * cross-encoder, which sees both at once and pays k readings of each.       */
#define SPPOI_READ_HIDDEN (1.0 / 16.0)
#define SPPOI_READ_LOGPROB (1.0 / 4.0)
#define SPPOI_LOGPROB_FLOOR (-8.0)
enum { SPPOI_READ_TOKENS = 32 };

/* What a head reads from: the rows of a micro-batch, or of a whole pass, and
 * one prompt's tree in them.                                                */
typedef struct sppoi_reading {
    const sppo_model *m;
    const sppo_micro_batch *b;
    size_t read, logprob, last;  // head.*, offsets into weights or a gradient
    int root;           // the prompt's segment
    int each;           // segments of a response; see sppo_head_readings
    int width;          // room for what a response is encoded as
    double *encoded;    // [k, width], of the responses by themselves
    double *d_encoded;  // [2, width], for training
} sppoi_reading;

/* The segment of response i by itself, and that of j after i. */
static int sppoi_alone(const sppoi_reading *r, int i)
{
    return r->root + 1 + i * r->each;
}

static int sppoi_after(const sppoi_reading *r, int i, int j)
{
    return sppoi_alone(r, i) + 1 + (j < i ? j : j - 1);
}

static double *sppoi_encoded(const sppoi_reading *r, int i)
{
    return r->encoded + i * r->width;
}

/* m of a segment. */
static double sppoi_read_scale(const sppo_forest *f, int s)
{
    const int n = f->start[s + 1] - f->start[s];

    return n > SPPOI_READ_TOKENS ? (double)SPPOI_READ_TOKENS / n : 1.0;
}

/* read_i of segment s. */
static double sppoi_read(const sppoi_reading *r, int s, int i)
{
    const sppo_forest *f = &r->b->forest;
    const int d = r->m->config.dim;
    const sppo_real *w = sppoi_row(r->m->weights + r->read, i, d);
    const double c = (double)r->m->weights[r->logprob + (size_t)i];
    double sum = 0.0;
    int t;

    for (t = f->start[s]; t < f->start[s + 1]; t++) {
        const double lp = r->b->logprob[t];

        sum += SPPOI_READ_HIDDEN
             * (double)sppoi_dot(w, sppoi_row(r->b->final, t, d), d);
        sum += SPPOI_READ_LOGPROB * c
             * (lp > SPPOI_LOGPROB_FLOOR ? lp : SPPOI_LOGPROB_FLOOR);
    }
    return sppoi_read_scale(f, s) * sum;
}

/* The same backward; `upstream` is the loss's gradient in read_i. */
static void sppoi_read_bwd(const sppoi_reading *r, int s, int i,
                           double upstream)
{
    const sppo_forest *f = &r->b->forest;
    const int d = r->m->config.dim;
    const sppo_real *w = sppoi_row(r->m->weights + r->read, i, d);
    sppo_real *dw = sppoi_row_out(r->b->grad + r->read, i, d);
    const double grad = upstream * sppoi_read_scale(f, s);
    const sppo_real part = (sppo_real)(grad * SPPOI_READ_HIDDEN);
    const double c = (double)r->m->weights[r->logprob + (size_t)i];
    double sum = 0.0;
    int t, j;

    for (t = f->start[s]; t < f->start[s + 1]; t++) {
        const sppo_real *h = sppoi_row(r->b->final, t, d);
        sppo_real *dh = sppoi_row_out(r->b->d_final, t, d);
        const double lp = r->b->logprob[t];

        for (j = 0; j < d; j++) {
            dh[j] += part * w[j];
            dw[j] += part * h[j];
        }
        if (lp > SPPOI_LOGPROB_FLOOR)
            r->b->d_logprob[t] += grad * SPPOI_READ_LOGPROB * c;
        sum += lp > SPPOI_LOGPROB_FLOOR ? lp : SPPOI_LOGPROB_FLOOR;
    }
    r->b->grad[r->logprob + (size_t)i] +=
        (sppo_real)(grad * SPPOI_READ_LOGPROB * sum);
}

/* Row i of head.last times the state at a segment's last token. */
static double sppoi_last(const sppoi_reading *r, int s, int i)
{
    const int d = r->m->config.dim, t = r->b->forest.start[s + 1] - 1;

    return (double)sppoi_dot(sppoi_row(r->m->weights + r->last, i, d),
                             sppoi_row(r->b->final, t, d), d);
}

static void sppoi_last_bwd(const sppoi_reading *r, int s, int i, double grad)
{
    const int d = r->m->config.dim, t = r->b->forest.start[s + 1] - 1;
    const sppo_real *w = sppoi_row(r->m->weights + r->last, i, d);
    const sppo_real *h = sppoi_row(r->b->final, t, d);
    sppo_real *dw = sppoi_row_out(r->b->grad + r->last, i, d);
    sppo_real *dh = sppoi_row_out(r->b->d_final, t, d);
    int j;

    for (j = 0; j < d; j++) {
        dw[j] += (sppo_real)grad * h[j];
        dh[j] += (sppo_real)grad * w[j];
    }
}

/* e_a' R e_b, and its gradients in e_a and e_b added when da is given. */
static double sppoi_skew(const double *a, const double *b, int n, double grad,
                         double *da, double *db)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i += 2) {
        sum += a[i] * b[i + 1] - a[i + 1] * b[i];
        if (da) {
            da[i] += grad * b[i + 1];
            da[i + 1] -= grad * b[i];
            db[i] -= grad * a[i + 1];
            db[i + 1] += grad * a[i];
        }
    }
    return sum;
}

/* ---- scalar: a reward of each response ---- */

static void sppoi_scalar_encode(const sppoi_reading *r, int i)
{
    sppoi_encoded(r, i)[0] = sppoi_read(r, sppoi_alone(r, i), 0);
}

static double sppoi_scalar_score(const sppoi_reading *r, int i, int j)
{
    return sppoi_encoded(r, i)[0] - sppoi_encoded(r, j)[0];
}

static void sppoi_scalar_bwd(const sppoi_reading *r, double grad)
{
    sppoi_read_bwd(r, sppoi_alone(r, 0), 0, grad);
    sppoi_read_bwd(r, sppoi_alone(r, 1), 0, -grad);
}

/* ---- embed: a reward, and an embedding for what no reward can hold ---- */

static void sppoi_embed_encode(const sppoi_reading *r, int i)
{
    double *e = sppoi_encoded(r, i) + 1;
    int row;

    sppoi_scalar_encode(r, i);
    for (row = 0; row < r->m->config.embed_dim; row++)
        e[row] = sppoi_last(r, sppoi_alone(r, i), row);
}

static double sppoi_embed_score(const sppoi_reading *r, int i, int j)
{
    const double s = sppoi_scalar_score(r, i, j);

    return s + sppoi_skew(sppoi_encoded(r, i) + 1, sppoi_encoded(r, j) + 1,
                          r->m->config.embed_dim, 0.0, NULL, NULL);
}

static void sppoi_embed_bwd(const sppoi_reading *r, double grad)
{
    const int n = r->m->config.embed_dim;
    double *d = r->d_encoded;
    int i, row;

    sppoi_scalar_bwd(r, grad);
    for (i = 0; i < 2 * r->width; i++)
        d[i] = 0.0;
    sppoi_skew(sppoi_encoded(r, 0) + 1, sppoi_encoded(r, 1) + 1, n, grad,
               d + 1, d + r->width + 1);
    for (i = 0; i < 2; i++)
        for (row = 0; row < n; row++)
            sppoi_last_bwd(r, sppoi_alone(r, i), row,
                           d[i * r->width + 1 + row]);
}

/* ---- pair: a reward, and each response read after the other ---- */

/* g(x, a, b) - read_0(a), from the segment of b after a. */
static double sppoi_read_after(const sppoi_reading *r, int s)
{
    return sppoi_read(r, s, 1) + sppoi_last(r, s, 0);
}

static double sppoi_pair_score(const sppoi_reading *r, int i, int j)
{
    const double s = sppoi_scalar_score(r, i, j);

    return s + (sppoi_read_after(r, sppoi_after(r, i, j))
                - sppoi_read_after(r, sppoi_after(r, j, i)));
}

static void sppoi_pair_bwd(const sppoi_reading *r, double grad)
{
    int i;

    sppoi_scalar_bwd(r, grad);
    for (i = 0; i < 2; i++) {
        const int s = sppoi_after(r, i, 1 - i);

        sppoi_read_bwd(r, s, 1, i == 0 ? grad : -grad);
        sppoi_last_bwd(r, s, 0, i == 0 ? grad : -grad);
    }
}

/* ---- the table of heads ---- */

/* Rows and columns that are the model's: its dim, its embed_dim. */
enum { SPPOI_DIM = -1, SPPOI_EMBED_DIM = -2 };

/* A new head is three additions and nothing else: a name in enum sppo_head, its
 * functions above, its row here.                                            */
typedef struct sppoi_head {
    const char *name;  // in config.json
    int cross;         // 1: a response is read after each of the others, too
    struct { const char *name; int rows, cols; } tensors[4];
    // What is kept of response i by itself, up to 1 + embed_dim numbers:
    void (*encode)(const sppoi_reading *r, int i);
    double (*score)(const sppoi_reading *r, int i, int j);  // s(i, j)
    void (*backward)(const sppoi_reading *r, double grad);  // from s(0, 1)
} sppoi_head;

static const sppoi_head sppoi_heads[] = {  // in the order of enum sppo_head
    { "none", 0, { { NULL, 0, 0 } }, NULL, NULL, NULL },
    { "pair", 1,
      { { "head.read", 2, SPPOI_DIM }, { "head.logprob", 2, 0 },
        { "head.last", 1, SPPOI_DIM } },
      sppoi_scalar_encode, sppoi_pair_score, sppoi_pair_bwd },
    { "embed", 0,
      { { "head.read", 1, SPPOI_DIM }, { "head.logprob", 1, 0 },
        { "head.last", SPPOI_EMBED_DIM, SPPOI_DIM } },
      sppoi_embed_encode, sppoi_embed_score, sppoi_embed_bwd },
    { "scalar", 0,
      { { "head.read", 1, SPPOI_DIM }, { "head.logprob", 1, 0 } },
      sppoi_scalar_encode, sppoi_scalar_score, sppoi_scalar_bwd }
};

enum { SPPOI_HEADS = (int)(sizeof sppoi_heads / sizeof sppoi_heads[0]) };

SPPO_DEF const char *sppo_head_name(sppo_head head)
{
    return (int)head >= 0 && (int)head < SPPOI_HEADS ? sppoi_heads[head].name
                                                     : NULL;
}

SPPO_DEF int sppo_head_readings(sppo_head head, int k)
{
    return sppoi_heads[head].cross ? k : 1;
}

/* ==== the policy network ============== Llama =============== >>policy.c == */

/* The policy is a Llama (Touvron et al. 2023).  A token becomes a row of dim
 * numbers; each layer adds something to all rows; what the last norm leaves of
 * a row gives the logits of the token that comes next.  From here down:
 *
 *   config, tensors, a model       what is read, saved and trained
 *   a pass, reading a batch        memory, and a batch cut into micro-batches
 *   packed weights, attention      what THE LAYER needs
 *   THE LAYER                      its formulas, forward and backward
 *   all layers, logits             from tokens to log-probabilities and back
 *   ways, schedule, calls          a micro-batch's way; threads; the public
 *
 * Who wants the mathematics alone reads THE LAYER first, then all layers and
 * logits: they know rows and weights, and neither threads nor memory.       */
enum { SPPOI_PER_LAYER = 9 };
enum { SPPOI_MAX_DIM = 1 << 20, SPPOI_MAX_VOCAB = 1 << 24 };

/* A row of the table below: our name and Hugging Face's, what it means if
 * config.json does not have it, least and most, the default for 0, what a
 * refusal says it must be, and where it matters.                            */
#define SPPOI_CONFIG(name, hf, absent, type, least, most, zero, must, uses) \
    { SPPOI_FIELD(sppo_config, name), type, least, most, zero, must, uses,  \
      hf, absent }

/* In the order of config.json. */
static const sppoi_field sppoi_config_fields[] = {
    SPPOI_CONFIG(vocab, "vocab_size", 32000, SPPOI_WHOLE,
                 2, SPPOI_MAX_VOCAB, 0, NULL, SPPOI_TRUNK),
    SPPOI_CONFIG(dim, "hidden_size", 4096, SPPOI_WHOLE,
                 1, SPPOI_MAX_DIM, 0, NULL, SPPOI_TRUNK),
    SPPOI_CONFIG(hidden, "intermediate_size", 11008, SPPOI_WHOLE,
                 1, SPPOI_MAX_DIM, 0, NULL, SPPOI_TRUNK),
    SPPOI_CONFIG(layers, "num_hidden_layers", 32, SPPOI_WHOLE,
                 1, 4096, 0, NULL, SPPOI_TRUNK),
    SPPOI_CONFIG(heads, "num_attention_heads", 32, SPPOI_WHOLE,
                 1, 65536, 0, NULL, SPPOI_TRUNK | SPPOI_PLAYED),
    SPPOI_CONFIG(kv_heads, "num_key_value_heads", 0, SPPOI_WHOLE,
                 1, 65536, 0, NULL, SPPOI_TRUNK | SPPOI_PLAYED),
    SPPOI_CONFIG(head_dim, "head_dim", 0, SPPOI_WHOLE,
                 2, 65536, 0, NULL, SPPOI_TRUNK),
    SPPOI_CONFIG(context, "max_position_embeddings", 2048, SPPOI_WHOLE,
                 2, 1 << 24, 0, NULL, SPPOI_TRUNK | SPPOI_PLAYED),
    SPPOI_CONFIG(norm_eps, "rms_norm_eps", 1e-6, SPPOI_NUMBER,
                 SPPOI_POSITIVE, SPPOI_BELOW_ONE, 1e-5, "positive, below 1",
                 SPPOI_TRUNK | SPPOI_PLAYED),
    SPPOI_CONFIG(rope_theta, "rope_theta", 1e4, SPPOI_NUMBER,
                 SPPOI_POSITIVE, 1e12, 1e4, "positive, at most 1e12",
                 SPPOI_TRUNK | SPPOI_PLAYED),
    SPPOI_CONFIG(bos, "bos_token_id", 1, SPPOI_TOKEN,
                 -1, SPPOI_MAX_VOCAB - 1, 0, NULL, 0),
    SPPOI_CONFIG(eos, "eos_token_id", 2, SPPOI_TOKEN,
                 -1, SPPOI_MAX_VOCAB - 1, 0, NULL, SPPOI_PLAYED),
    SPPOI_CONFIG(untied, "tie_word_embeddings", 1, SPPOI_UNLESS,
                 0, 1, 0, NULL, SPPOI_TRUNK),
    SPPOI_CONFIG(head, "sppo_head", SPPO_HEAD_NONE, SPPOI_CHOICE,
                 SPPO_HEAD_NONE, SPPOI_HEADS - 1, 0, NULL, SPPOI_HEADED),
    SPPOI_CONFIG(embed_dim, "sppo_embed_dim", 8, SPPOI_WHOLE,
                 2, 65536, 8, NULL, SPPOI_HEADED),
    SPPOI_NO_FIELD
};

/* What the field that stands there is called. */
static const char *sppoi_config_called(size_t at, int hf)
{
    const sppoi_field *f = sppoi_config_fields;

    while (f->at != at)
        f++;
    return hf ? f->hf : f->name;
}

#define SPPOI_CALLED(field) \
    sppoi_config_called(offsetof(sppo_config, field), hf)

/* Token ids: -1 is none, and those that end a response beside eos need an eos.
 */
static sppo_result sppoi_config_tokens(sppo_ctx *ctx, const char *who,
                                       const sppo_config *c, int hf)
{
    int i;

    SPPOI_TRY(sppoi_within(ctx, who, SPPOI_CALLED(bos), c->bos, -1,
                           c->vocab - 1, NULL));
    SPPOI_TRY(sppoi_within(ctx, who, SPPOI_CALLED(eos), c->eos, -1,
                           c->vocab - 1, NULL));
    SPPOI_TRY(sppoi_within(ctx, who, "eos_count", c->eos_count, 0,
                           c->eos < 0 ? 0 : SPPO_EOS_MORE, NULL));
    for (i = 0; i < c->eos_count; i++)
        SPPOI_TRY(sppoi_within(ctx, who, SPPOI_CALLED(eos), c->eos_more[i], 0,
                               c->vocab - 1, NULL));
    return SPPO_OK;
}

/* Whether the fields go together. */
static sppo_result sppoi_config_agrees(sppo_ctx *ctx, const char *who,
                                       const sppo_config *c, int hf)
{
    const int odd = c->head_dim % 2 ? c->head_dim : c->embed_dim;

    SPPOI_TRY(sppoi_within(ctx, who, SPPOI_CALLED(kv_heads), c->kv_heads, 1,
                           c->heads, NULL));
    if (c->heads > SPPOI_MAX_DIM / c->head_dim)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: %s %d times %s %d is "
                         "more than %d", who, SPPOI_CALLED(heads), c->heads,
                         SPPOI_CALLED(head_dim), c->head_dim, SPPOI_MAX_DIM);
    if (c->heads % c->kv_heads)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: %s %d is not a "
                         "multiple of %s %d", who, SPPOI_CALLED(heads),
                         c->heads, SPPOI_CALLED(kv_heads), c->kv_heads);
    if (odd % 2)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: %s is %d; it must be "
                         "even", who, c->head_dim % 2 ? SPPOI_CALLED(head_dim)
                                                      : SPPOI_CALLED(embed_dim),
                         odd);
    return sppoi_config_tokens(ctx, who, c, hf);
}

/* Two defaults follow from other fields; the rest are in the table.  hf: the
 * messages use the names of config.json, where the fields came from.        */
static sppo_result sppoi_config_resolve(sppo_ctx *ctx, const char *who,
                                        sppo_config *resolved,
                                        const sppo_config *config, int hf)
{
    sppo_config c = *config;

    c.kv_heads = c.kv_heads ? c.kv_heads : c.heads;
    if (!c.head_dim && c.heads > 0) {
        if (c.dim % c.heads)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: %s %d is not a "
                             "multiple of %s %d; set head_dim", who,
                             SPPOI_CALLED(dim), c.dim, SPPOI_CALLED(heads),
                             c.heads);
        c.head_dim = c.dim / c.heads;
    }
    sppoi_defaults(sppoi_config_fields, &c);
    SPPOI_TRY(sppoi_check_fields(ctx, who, sppoi_config_fields, &c, hf));
    SPPOI_TRY(sppoi_config_agrees(ctx, who, &c, hf));
    *resolved = c;
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_config_resolve(sppo_ctx *ctx, sppo_config *resolved,
                                         const sppo_config *config)
{
    return sppoi_config_resolve(ctx, "sppo_config", resolved, config, 0);
}

SPPO_DEF int sppo_config_ends(const sppo_config *config, int token)
{
    int i, ends = token >= 0 && token == config->eos;

    for (i = 0; i < config->eos_count; i++)
        ends |= token == config->eos_more[i];
    return ends;
}

/* ---- the tensors of a model ---- */

/* Widths that come up everywhere: of all query heads, of all key (or value)
 * heads, and of a row [queries | keys | values].                            */
static int sppoi_q_width(const sppo_config *c)
{
    return c->heads * c->head_dim;
}

static int sppoi_kv_width(const sppo_config *c)
{
    return c->kv_heads * c->head_dim;
}

static int sppoi_qkv_width(const sppo_config *c)
{
    return sppoi_q_width(c) + 2 * sppoi_kv_width(c);
}

/* SPPO-LAYOUT.  The one list of tensors.  Order matters twice: q, k, v and
 * gate, up are neighbours, so q, k, v are one matrix product and gate, up are;
 * and the index of a tensor follows from its layer (sppoi_layer_view).  Weights
 * are one block, and so are a gradient and an optimiser's moments, all laid out
 * alike: whoever adds, scales or saves them walks over numbers, not tensors. */
typedef struct sppoi_layout {
    sppo_tensor *tensors;  // NULL: count only
    int count;
    size_t used;
} sppoi_layout;

/* The next tensor, called as Hugging Face calls it; cols 0 is a vector, layer
 * -1 no layer's.                                                            */
static void sppoi_add_tensor(sppoi_layout *layout, int layer, const char *name,
                             int rows, int cols)
{
    const size_t size =
        sppoi_size_product((size_t)rows, (size_t)(cols ? cols : 1));

    if (layout->tensors) {
        sppo_tensor *tensor = &layout->tensors[layout->count];

        if (layer < 0)
            snprintf(tensor->name, sizeof tensor->name, "%s.weight", name);
        else
            snprintf(tensor->name, sizeof tensor->name,
                     "model.layers.%d.%s.weight", layer, name);
        tensor->rows = rows;
        tensor->cols = cols;
        tensor->offset = layout->used;
        tensor->size = size;
    }
    layout->count++;
    layout->used = sppoi_size_sum(layout->used, size);
}

/* A number of rows or columns in the table of heads. */
static int sppoi_head_size(const sppo_config *c, int size)
{
    return size == SPPOI_DIM         ? c->dim
           : size == SPPOI_EMBED_DIM ? c->embed_dim
                                     : size;
}

static void sppoi_add_head(sppoi_layout *layout, const sppo_config *c)
{
    const sppoi_head *head = &sppoi_heads[c->head];
    int i;

    for (i = 0; i < 4 && head->tensors[i].name; i++)
        sppoi_add_tensor(layout, -1, head->tensors[i].name,
                         sppoi_head_size(c, head->tensors[i].rows),
                         sppoi_head_size(c, head->tensors[i].cols));
}

/* In the order of the forward pass.  Norms are vectors of gains; a matrix [out,
 * in] has a row for each number that it gives.  The head comes last, so that
 * models that differ in it alone have all else in the same places.          */
static void sppoi_lay_out(sppoi_layout *layout, const sppo_config *c)
{
    const int q = sppoi_q_width(c), kv = sppoi_kv_width(c);
    int l;

    sppoi_add_tensor(layout, -1, "model.embed_tokens", c->vocab, c->dim);
    for (l = 0; l < c->layers; l++) {
        sppoi_add_tensor(layout, l, "input_layernorm", c->dim, 0);
        sppoi_add_tensor(layout, l, "self_attn.q_proj", q, c->dim);
        sppoi_add_tensor(layout, l, "self_attn.k_proj", kv, c->dim);
        sppoi_add_tensor(layout, l, "self_attn.v_proj", kv, c->dim);
        sppoi_add_tensor(layout, l, "self_attn.o_proj", c->dim, q);
        sppoi_add_tensor(layout, l, "post_attention_layernorm", c->dim, 0);
        sppoi_add_tensor(layout, l, "mlp.gate_proj", c->hidden, c->dim);
        sppoi_add_tensor(layout, l, "mlp.up_proj", c->hidden, c->dim);
        sppoi_add_tensor(layout, l, "mlp.down_proj", c->dim, c->hidden);
    }
    sppoi_add_tensor(layout, -1, "model.norm", c->dim, 0);
    if (c->untied)
        sppoi_add_tensor(layout, -1, "lm_head", c->vocab, c->dim);
    sppoi_add_head(layout, c);
}

/* One layer's tensors in a block laid out like the weights: the weights
 * themselves, or a gradient.                                                */
typedef struct sppoi_layer {
    sppo_real *norm1, *qkv, *o, *norm2, *gate_up, *down;
} sppoi_layer;

/* Where tensor `index` is in a block.  The first is the embedding; then come
 * PER_LAYER of each layer, the last norm, and what is left.                 */
static sppo_real *sppoi_tensor_at(const sppo_model *m, sppo_real *block,
                                  int index)
{
    return block + m->tensors[index].offset;
}

/* k and v stand behind q, up behind gate: they need no pointer of their own. */
static sppoi_layer sppoi_layer_view(const sppo_model *m, sppo_real *block,
                                    int l)
{
    const int first = 1 + l * SPPOI_PER_LAYER;
    sppoi_layer layer;

    layer.norm1 = sppoi_tensor_at(m, block, first);
    layer.qkv = sppoi_tensor_at(m, block, first + 1);
    layer.o = sppoi_tensor_at(m, block, first + 4);
    layer.norm2 = sppoi_tensor_at(m, block, first + 5);
    layer.gate_up = sppoi_tensor_at(m, block, first + 6);
    layer.down = sppoi_tensor_at(m, block, first + 8);
    return layer;
}

/* The gain of the last norm. */
static sppo_real *sppoi_final_norm(const sppo_model *m, sppo_real *block)
{
    return sppoi_tensor_at(m, block, 1 + m->config.layers * SPPOI_PER_LAYER);
}

/* The matrix that gives logits: its own, or the embedding once more, whose
 * gradient is then the sum of both uses.                                    */
static sppo_real *sppoi_classifier(const sppo_model *m, sppo_real *block)
{
    const int after_norm = 2 + m->config.layers * SPPOI_PER_LAYER;

    return sppoi_tensor_at(m, block, m->config.untied ? after_norm : 0);
}

/* A walk over the list that only counts, so that it cannot disagree with the
 * list that is filled in.                                                   */
SPPO_DEF size_t sppo_config_count(const sppo_config *config)
{
    sppoi_layout layout = { NULL, 0, 0 };

    sppoi_lay_out(&layout, config);
    return layout.used;
}

/* Whether a response ends with this token. */
SPPO_DEF int sppo_finished(const sppo_config *config, const sppo_lists *lists,
                           int list)
{
    const int n = sppo_lists_length(lists, list);

    return n > 0 &&
           sppo_config_ends(config, sppo_lists_tokens(lists, list)[n - 1]);
}

/* ---- a model: its memory, its first values ---- */

/* Tensors and weights of a model, weights all zero.  The list of tensors is
 * walked twice, to count and to fill in.  A struct of its own until all is
 * there: on failure the caller's is untouched.                              */
static sppo_result sppoi_model_take(sppo_ctx *ctx, sppo_model *model,
                                    const sppo_config *config)
{
    sppoi_layout layout = { NULL, 0, 0 };
    sppo_model fresh;

    memset(&fresh, 0, sizeof fresh);
    SPPOI_TRY(sppo_config_resolve(ctx, &fresh.config, config));
    sppoi_lay_out(&layout, &fresh.config);
    if (layout.used > SPPOI_TOO_MANY / sizeof *fresh.weights)
        return sppo_fail(ctx, SPPO_E_MEMORY, "a model of vocab %d, dim %d, "
                         "hidden %d and %d layers has more bytes than can be "
                         "addressed", fresh.config.vocab, fresh.config.dim,
                         fresh.config.hidden, fresh.config.layers);
    fresh.tensor_count = layout.count;
    fresh.count = layout.used;
    fresh.tensors = (sppo_tensor *)sppo_alloc(ctx, (size_t)layout.count,
                                              sizeof *fresh.tensors);
    fresh.weights = (sppo_real *)sppo_alloc(ctx, fresh.count,
                                            sizeof *fresh.weights);
    if (!fresh.tensors || !fresh.weights) {
        sppo_model_free(ctx, &fresh);
        return SPPO_E_MEMORY;
    }
    layout.tensors = fresh.tensors;
    layout.count = 0;
    layout.used = 0;
    sppoi_lay_out(&layout, &fresh.config);
    *model = fresh;
    return SPPO_OK;
}

/* What a tensor is for can be told from its name. */
static int sppoi_name_has(const sppo_tensor *tensor, const char *part)
{
    return strstr(tensor->name, part) != NULL;
}

/* The spread of a tensor's first values.  With 1 / sqrt(fan in) a product's
 * numbers are as large as what goes in.  What is added to the residual stream,
 * twice in each layer, is smaller by sqrt(2 layers), so that the sum of all is
 * not larger than one.  0.1 for the embedding: with 0.02, the habit of large
 * models, a small one needs many steps to leave the origin.                 */
static double sppoi_init_spread(const sppo_config *c, const sppo_tensor *t)
{
    if (sppoi_name_has(t, "embed_tokens"))
        return 0.1;
    if (sppoi_name_has(t, "o_proj") || sppoi_name_has(t, "down_proj"))
        return 1.0 / sqrt(2.0 * c->layers * t->cols);
    return 1.0 / sqrt((double)t->cols);
}

/* A vector is a norm's gain, which begins at 1 and changes nothing, or the
 * coefficient of the log-probabilities: a likely response counts for itself at
 * first; what is read after a rival starts at nothing.                      */
static double sppoi_init_vector(const sppo_tensor *t, int i)
{
    if (sppoi_name_has(t, "head.logprob"))
        return i == 0 ? 0.5 : 0.0;
    return 1.0;
}

/* Each tensor draws from a stream of its own, so a tensor more or less changes
 * no other's values.  What a head reads begins at 0: a fresh judge calls
 * everything a draw.                                                        */
static void sppoi_init_tensor(sppo_model *model, int index, uint64_t seed)
{
    const sppo_tensor *t = &model->tensors[index];
    sppo_real *w = model->weights + t->offset;
    const uint64_t key = sppo_random_fork(seed, (uint64_t)index);
    const double spread = t->cols ? sppoi_init_spread(&model->config, t) : 0.0;
    const int zero = sppoi_name_has(t, "head.read");
    size_t i;

    for (i = 0; i < t->size; i++)
        w[i] = (sppo_real)(t->cols == 0 ? sppoi_init_vector(t, (int)i)
                           : zero       ? 0.0
                                        : spread * sppo_random_normal(key, i));
}

/* The same seed gives the same weights: a number is drawn by its place alone,
 * and there is no state.                                                    */
SPPO_DEF sppo_result sppo_model_init(sppo_ctx *ctx, sppo_model *model,
                                     const sppo_config *config, uint64_t seed)
{
    int i;

    SPPOI_TRY(sppoi_model_take(ctx, model, config));
    for (i = 0; i < model->tensor_count; i++)
        sppoi_init_tensor(model, i, seed);
    return SPPO_OK;
}

/* The trunk is the same for every head, so a preference model may begin as a
 * policy's copy, and what it has learnt goes along.                         */
SPPO_DEF sppo_result sppo_model_clone(sppo_ctx *ctx, sppo_model *copy,
                                      const sppo_model *model, sppo_head head,
                                      int embed_dim)
{
    sppo_config config = model->config;
    int i;

    config.head = head;
    config.embed_dim = embed_dim ? embed_dim : config.embed_dim;
    SPPOI_TRY(sppoi_model_take(ctx, copy, &config));
    for (i = 0; i < copy->tensor_count; i++) {
        const sppo_tensor *to = &copy->tensors[i];
        const sppo_tensor *from = sppo_model_tensor(model, to->name);

        if (from && from->rows == to->rows && from->cols == to->cols)
            memcpy(copy->weights + to->offset, model->weights + from->offset,
                   to->size * sizeof(sppo_real));
        else
            sppoi_init_tensor(copy, i, 0);
    }
    return SPPO_OK;
}

/* All zero again, which is a model that may be freed once more. */
SPPO_DEF void sppo_model_free(sppo_ctx *ctx, sppo_model *model)
{
    sppo_release(ctx, model->tensors,
                 (size_t)model->tensor_count * sizeof *model->tensors);
    sppo_release(ctx, model->weights, model->count * sizeof *model->weights);
    memset(model, 0, sizeof *model);
}

/* By name, for files and tests; passes find tensors by their index. */
SPPO_DEF const sppo_tensor *sppo_model_tensor(const sppo_model *model,
                                              const char *name)
{
    int i;

    for (i = 0; i < model->tensor_count; i++)
        if (strcmp(model->tensors[i].name, name) == 0)
            return &model->tensors[i];
    return NULL;
}

/* What was made for a model of one shape is no use to another.  Where shapes
 * differ is known from the table of fields; a head does not matter, for its
 * tensors come last.                                                        */
static sppo_result sppoi_same_trunk(sppo_ctx *ctx, const sppo_config *a,
                                    const sppo_config *b, const char *who)
{
    const sppoi_field *f;

    for (f = sppoi_config_fields; f->name; f++)
        if ((f->uses & SPPOI_TRUNK) &&
            memcmp((const char *)a + f->at, (const char *)b + f->at, f->size))
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "%s: begun for a model of "
                             "another shape than this one (vocab %d, dim %d, "
                             "layers %d)", who, b->vocab, b->dim, b->layers);
    return SPPO_OK;
}

/* ---- a pass: batch, micro-batches, partial sums, threads ---- */

/* The picture of how a batch is dealt out is in the manual: A PASS OVER A
 * BATCH.
 *
 * A micro-batch is so short that what one line of a layer writes is still in
 * the cache when the next line reads it, and so long that packed weights meet
 * enough rows; 256 was as fast as any or the fastest wherever it was measured.
 * A large model packs a layer whenever one is due, so that a micro-batch of
 * twice the rows halves that work.
 *
 * The partial sums are as many as the gradient's copies may take memory for and
 * as there are rows enough: a copy is cleared and added once, which 512 rows
 * pay for.  Both numbers follow from the model and the batch alone.         */
enum {
    SPPOI_MICRO_ROWS = 256,     // where all weights are packed beforehand
    SPPOI_MICRO_LARGE = 512,    // where a layer is packed for each micro-batch
    SPPOI_MOST_PARTIALS = 8,    // a power of two
    SPPOI_PARTIAL_ROWS = 512,   // at least, so that adding costs little
    SPPOI_SMALL_MODEL = 1 << 23 // numbers: 32 MB of floats for partial sums
};

/* A chunk is a part of the scored rows whose logits are there at one time,
 * since those of all rows would be the largest array of a pass.  Numbers in a
 * chunk, which should stay in the cache, and in all logits that are kept for a
 * backward pass of its own.                                                 */
enum { SPPOI_CHUNK_LOGITS = 1 << 21, SPPOI_KEPT_LOGITS = 1 << 23 };

/* Sizes are size_t and checked for overflow where they are multiplied
 * (sppoi_size_product); numbers of rows and tokens are int.                 */
static size_t sppoi_larger(size_t a, size_t b) { return a > b ? a : b; }

/* An array of an arena.  The functions that follow lay out one thing each, for
 * sppoi_activations_layout, which is called twice: to count the bytes, then to
 * place the arrays.                                                         */
static sppo_real *sppoi_arena_reals(sppoi_arena *v, size_t rows, int width)
{
    return (sppo_real *)sppoi_arena_alloc(
        v, sppoi_size_product(rows, (size_t)width), sizeof(sppo_real));
}

/* What the backward pass wants to know of a layer, a row for each token.  The
 * outputs of the norms and of SwiGLU are missing, as are attention's scores:
 * they would take more memory than all the rest, and are computed again from
 * what is here, which costs little.                                         */
typedef struct sppoi_kept_layer {
    sppo_real *in, *mid;          // [rows, dim] input; after attention's add
    sppo_real *qkv;               // [rows, q + 2 kv] rotated
    sppo_real *att;               // [rows, q] attention's output
    sppo_real *lse;               // [rows, heads] its log-sum-exp
    sppo_real *gate_up;           // [rows, 2 hidden]
    sppo_real *inv_in, *inv_mid;  // [rows] 1 / rms of in and mid
} sppoi_kept_layer;

/* Places, or with base NULL counts, what micro-batch b keeps.  Without a
 * backward pass all layers share one layer's arrays, in and mid are one, and
 * a layer's output takes the place of its input.                            */
static void sppoi_kept_layout(sppo_micro_batch *b, sppoi_arena *v,
                              const sppo_config *c, int rows, int backward)
{
    const size_t n = (size_t)rows;
    sppoi_kept_layer k;
    int l;

    memset(&k, 0, sizeof k);
    b->layer = (sppoi_kept_layer *)sppoi_arena_alloc(v, (size_t)c->layers + 1,
                                                     sizeof k);
    b->inv_final = sppoi_arena_reals(v, n, 1);
    for (l = 0; l <= c->layers; l++) {
        if (l == 0 || backward)
            k.in = sppoi_arena_reals(v, n, c->dim);
        if (l == 0 || (backward && l < c->layers)) {
            k.mid = backward ? sppoi_arena_reals(v, n, c->dim) : k.in;
            k.qkv = sppoi_arena_reals(v, n, sppoi_qkv_width(c));
            k.att = sppoi_arena_reals(v, n, sppoi_q_width(c));
            k.lse = sppoi_arena_reals(v, n, c->heads);
            k.gate_up = sppoi_arena_reals(v, n, 2 * c->hidden);
            k.inv_in = sppoi_arena_reals(v, n, 1);
            k.inv_mid = sppoi_arena_reals(v, n, 1);
        }
        if (v->base)
            b->layer[l] = k;
    }
}

/* The numbers that describe a micro-batch.  A part of a batch is a batch too:
 * all of them count from the micro-batch's own first segment and first row, so
 * nothing below knows where in the batch it works.                          */
static void sppoi_micro_layout(sppo_micro_batch *b, sppoi_arena *v,
                               int segments, int tokens)
{
    const size_t s = (size_t)segments, n = (size_t)tokens;

    b->forest.parent = (int *)sppoi_arena_alloc(v, s, sizeof(int));
    b->forest.start = (int *)sppoi_arena_alloc(v, s + 1, sizeof(int));
    b->tree_start = (int *)sppoi_arena_alloc(v, s + 1, sizeof(int));
    b->before = (int *)sppoi_arena_alloc(v, s, sizeof(int));
    b->position = (int *)sppoi_arena_alloc(v, n, sizeof(int));
    b->scored_row = (int *)sppoi_arena_alloc(v, n, sizeof(int));
    b->scored_from = (int *)sppoi_arena_alloc(v, n + 1, sizeof(int));
    b->scored_token = (int *)sppoi_arena_alloc(v, n, sizeof(int));
    b->row_lse = (double *)sppoi_arena_alloc(v, n, sizeof(double));
}

/* What a thread needs to take a micro-batch along.  Nothing here outlives the
 * micro-batch.                                                              */
typedef struct sppoi_workspace {
    sppo_real *norm, *act;            // [rows, dim], [rows, hidden]
    sppo_real *gathered, *logits;     // [chunk, dim], [chunk, vocab]
    sppo_real *dx, *dnorm;            // [rows, dim], as are the rest of
    sppo_real *datt, *dqkv, *dgate_up;  // backward's, of their widths
    sppo_real *panel;                 // of rows, packed for a gradient dw
    struct sppoi_query_block *query_block;  // attention's, of `threads`
    int threads;                      // threads, all in the first workspace
    char *room;                       // for what is kept, unless kept for all
} sppoi_workspace;

/* A workspace is as large as the largest micro-batch needs.  panel takes what
 * dw = dout' in packs: rows of the widest of norm, attention and SwiGLU.    */
static void sppoi_workspace_layout(sppoi_workspace *ws, sppoi_arena *v,
                                   const sppo_activations *acts)
{
    const sppo_config *c = &acts->config;
    const size_t n = (size_t)acts->most_rows;
    const int q = sppoi_q_width(c);
    const int widest = sppoi_max(c->dim, sppoi_max(q, c->hidden));
    const size_t chunk = (size_t)acts->chunk;

    memset(ws, 0, sizeof *ws);
    ws->norm = sppoi_arena_reals(v, n, c->dim);
    ws->act = sppoi_arena_reals(v, n, c->hidden);
    ws->gathered = sppoi_arena_reals(v, chunk, c->dim);
    ws->logits = sppoi_arena_reals(v, chunk, c->vocab);
    if (acts->backward == SPPO_FORWARD)
        return;
    ws->dx = sppoi_arena_reals(v, n, c->dim);
    ws->dnorm = sppoi_arena_reals(v, n, c->dim);
    ws->datt = sppoi_arena_reals(v, n, q);
    ws->dqkv = sppoi_arena_reals(v, n, sppoi_qkv_width(c));
    ws->dgate_up = sppoi_arena_reals(v, n, 2 * c->hidden);
    ws->panel = sppoi_arena_reals(
        v, sppo_panel_size(acts->most_rows, widest), 1);
}

/* A layer's weights, packed for out = in w' or, transposed, for din = dout w;
 * all micro-batches of a pass read the same.                                */
typedef struct sppoi_panels {
    sppo_real *qkv, *o, *gate_up, *down;
} sppoi_panels;

/* Room for w[d_out, d_in] packed either way. */
static size_t sppoi_weight_room(int d_in, int d_out)
{
    return sppoi_larger(sppo_panel_size(d_in, d_out),
                        sppo_panel_size(d_out, d_in));
}

/* One layer, in one of the two ways. */
static void sppoi_layer_panels(sppoi_panels *p, sppoi_arena *v,
                               const sppo_config *c)
{
    p->qkv = sppoi_arena_reals(
        v, sppoi_weight_room(c->dim, sppoi_qkv_width(c)), 1);
    p->o = sppoi_arena_reals(
        v, sppoi_weight_room(sppoi_q_width(c), c->dim), 1);
    p->gate_up = sppoi_arena_reals(
        v, sppoi_weight_room(c->dim, 2 * c->hidden), 1);
    p->down = sppoi_arena_reals(v, sppoi_weight_room(c->hidden, c->dim), 1);
}

/* All layers each have panels of their own where they are packed before the
 * pass; else one layer's place serves all, both ways.                       */
static void sppoi_panels_layout(sppo_activations *acts, sppoi_arena *v)
{
    const sppo_config *c = &acts->config;
    const int ways = acts->backward == SPPO_FORWARD ? 1 : SPPOI_WAYS;
    sppoi_panels p;
    int way, l;

    memset(&p, 0, sizeof p);
    for (way = 0; way < ways; way++) {
        acts->classifier[way] = sppoi_arena_reals(
            v, sppoi_weight_room(c->dim, c->vocab), 1);
        acts->panels[way] = (sppoi_panels *)sppoi_arena_alloc(
            v, (size_t)c->layers, sizeof p);
    }
    for (way = 0; way < ways; way++)
        for (l = 0; l < c->layers; l++) {
            if (way + l == 0 || acts->packed_before)
                sppoi_layer_panels(&p, v, c);
            if (v->base)
                acts->panels[way][l] = p;
        }
}

/* The longest run of tokens that one token sees: no longer than a tree, and
 * positions end at the context.                                             */
static int sppoi_reach(const sppo_activations *acts)
{
    return sppoi_min(acts->config.context, acts->most_rows);
}

/* Numbers in the gradient of the trunk: how many partial sums there are must
 * not depend on a head.                                                     */
static size_t sppoi_trunk_count(const sppo_config *c)
{
    sppo_config trunk = *c;

    trunk.head = SPPO_HEAD_NONE;
    return sppo_config_count(&trunk);
}

/* The most partial sums, a power of two, for which `rows` are enough and memory
 * is: one is the caller's own gradient, the others are copies.              */
static int sppoi_most_partials(size_t trunk_count, int rows)
{
    const size_t copies = SPPOI_SMALL_MODEL / trunk_count;
    int partials = 1;

    while (2 * partials <= SPPOI_MOST_PARTIALS &&
           (size_t)(2 * partials - 1) <= copies &&
           rows / (2 * partials) >= SPPOI_PARTIAL_ROWS)
        partials *= 2;
    return partials;
}

/* What describes all micro-batches of a batch and, where forward and backward
 * are calls of their own, what they keep.  Each rounds up its arrays to whole
 * lines: nine that describe it, and of each layer eight.                    */
static size_t sppoi_room_bytes(const sppo_activations *acts, int most)
{
    const sppo_config *c = &acts->config;
    const size_t ends = sppoi_size_product(
        (size_t)most, (size_t)(9 + 8 * c->layers + 3));
    sppoi_arena v = { NULL, 0 };
    sppo_micro_batch counted;

    sppoi_micro_layout(&counted, &v, acts->max_segments, acts->max_tokens);
    if (acts->backward == SPPO_BACKWARD) {
        sppoi_kept_layout(&counted, &v, c, acts->max_tokens, 1);
        sppoi_arena_alloc(&v, (size_t)most * (size_t)(c->layers + 1),
                          sizeof(sppoi_kept_layer));
    }
    sppoi_arena_alloc(&v, ends, SPPOI_LINE);
    return v.used;
}

/* What the largest micro-batch keeps, where a workspace has the room for it. */
static size_t sppoi_kept_bytes(const sppo_activations *acts)
{
    sppoi_arena v = { NULL, 0 };
    sppo_micro_batch counted;

    sppoi_kept_layout(&counted, &v, &acts->config, acts->most_rows,
                      acts->backward != SPPO_FORWARD);
    return v.used;
}

/* A block of queries of one head or of several that share their keys, and its
 * scratch, all in columns of SPPOI_NR; see sppoi_attention.                 */
typedef struct sppoi_query_block {
    sppo_real *score, *q, *out, *top, *sum;        // forward
    sppo_real *grad, *dout, *q_rows, *dout_rows;   // backward as well
    int s, g;            // segment and key/value head
    int i0, h0;          // first query (in its segment) and first query head
    int queries, heads;  // of the block
    int keys;            // that its last query sees
    int cols;            // those in use, in whole halves of SPPOI_NR
    int first;           // of the segment's blocks: the last queries
} sppoi_query_block;

/* Scores take a column of all the keys that a query may see; no array is longer
 * than a tree.                                                              */
static void sppoi_query_block_layout(sppoi_query_block *b, sppoi_arena *v,
                                     const sppo_activations *acts)
{
    const size_t keys = (size_t)sppoi_reach(acts);
    const size_t channels = (size_t)acts->config.head_dim;
    const size_t rows = sppo_panel_size(SPPOI_NR, acts->config.head_dim);

    memset(b, 0, sizeof *b);
    b->score = sppoi_arena_reals(v, keys, SPPOI_NR);
    b->q = sppoi_arena_reals(v, channels, SPPOI_NR);
    b->out = sppoi_arena_reals(v, channels, SPPOI_NR);
    b->top = sppoi_arena_reals(v, 1, SPPOI_NR);
    b->sum = sppoi_arena_reals(v, 1, SPPOI_NR);
    if (acts->backward == SPPO_FORWARD)
        return;
    b->grad = sppoi_arena_reals(v, keys, SPPOI_NR);
    b->dout = sppoi_arena_reals(v, channels, SPPOI_NR);
    b->q_rows = sppoi_arena_reals(v, rows, 1);
    b->dout_rows = sppoi_arena_reals(v, rows, 1);
}

/* A query block for each thread.  Where threads have workspaces of their own
 * each has one block; the first workspace, which works alone when kernels split
 * their loops, has them all.                                                */
static void sppoi_workspaces_layout(sppo_activations *acts, sppoi_arena *v)
{
    const size_t kept = sppoi_kept_bytes(acts);
    sppoi_workspace counted;
    sppoi_query_block counted_block, *block;
    int w, t;

    acts->workspace = (sppoi_workspace *)sppoi_arena_alloc(
        v, (size_t)acts->workers, sizeof *acts->workspace);
    block = (sppoi_query_block *)sppoi_arena_alloc(
        v, (size_t)acts->threads, sizeof *block);
    for (t = 0; t < acts->threads; t++)
        sppoi_query_block_layout(v->base ? &block[t] : &counted_block, v, acts);
    for (w = 0; w < acts->workers; w++) {
        sppoi_workspace *ws = v->base ? &acts->workspace[w] : &counted;

        sppoi_workspace_layout(ws, v, acts);
        ws->query_block = v->base ? &block[w] : NULL;
        ws->threads = w == 0 ? acts->threads : 1;
        if (acts->backward != SPPO_BACKWARD)
            ws->room = (char *)sppoi_arena_alloc(v, 1, kept);
    }
}

/* Two neighbouring micro-batches have more than micro_rows together, or they
 * would be one: so there are at most twice as many as full ones, and one more;
 * and each has a tree.                                                      */
static int sppoi_most_micro_batches(const sppo_activations *acts)
{
    const int pairs = acts->max_tokens / sppoi_min(acts->micro_rows,
                                                   acts->max_tokens);

    return sppoi_min(acts->max_segments, 2 * pairs + 1);
}

/* All memory of a pass, in one block. */
static void sppoi_activations_layout(sppo_activations *acts, sppoi_arena *v)
{
    const sppo_config *c = &acts->config;
    const size_t n = (size_t)acts->max_tokens;
    const int most = sppoi_most_micro_batches(acts);
    const int copies = acts->backward == SPPO_FORWARD
        ? 0 : sppoi_most_partials(acts->trunk_count, acts->max_tokens) - 1;

    acts->micro_batch = (sppo_micro_batch *)sppoi_arena_alloc(
        v, (size_t)most, sizeof *acts->micro_batch);
    acts->counter = (int *)sppoi_arena_alloc(v, sppoi_larger(
        n, (size_t)acts->max_segments), sizeof(int));
    acts->logprob = (double *)sppoi_arena_alloc(v, n, sizeof(double));
    acts->d_logprob = (double *)sppoi_arena_alloc(v, n, sizeof(double));
    acts->final = sppoi_arena_reals(v, n, c->dim);
    acts->table = sppoi_arena_reals(v, (size_t)sppoi_reach(acts), c->head_dim);
    sppoi_panels_layout(acts, v);
    acts->partial = sppoi_arena_reals(
        v, sppoi_size_product((size_t)copies, acts->count), 1);
    acts->logits = sppoi_arena_reals(v, (size_t)acts->logit_rows, c->vocab);
    sppoi_workspaces_layout(acts, v);
    acts->room = (char *)sppoi_arena_alloc(v, 1, sppoi_room_bytes(acts, most));
}

/* How many, how large, and for whom: everything that the layout depends on.
 * One micro-batch at a time needs one workspace, and so does a model so large
 * that there is one partial sum. pack_all: all layers' weights are packed at
 * once, however many they are, as the sampler wants them.                   */
static void sppoi_activations_shape(sppo_activations *acts,
                                    const sppo_config *c, int max_tokens,
                                    int max_segments, int max_tree,
                                    int backward, int pack_all)
{
    const size_t trunk = sppoi_trunk_count(c);
    const int is_small = trunk <= SPPOI_SMALL_MODEL;
    const int partials = sppoi_most_partials(trunk, max_tokens);
    const int most = backward == SPPO_FORWARD ? INT_MAX : partials;
    int rows;

    memset(acts, 0, sizeof *acts);
    acts->config = *c;
    acts->count = sppo_config_count(c);
    acts->trunk_count = trunk;
    acts->max_tokens = max_tokens;
    acts->max_segments = max_segments;
    acts->backward = backward;
    acts->micro_rows = is_small ? SPPOI_MICRO_ROWS : SPPOI_MICRO_LARGE;
    rows = sppoi_max(max_tree ? max_tree : max_tokens, acts->micro_rows);
    acts->most_rows = sppoi_min(max_tokens, rows);
    acts->packed_before = pack_all ||
                          (is_small && max_tokens > acts->micro_rows);
    acts->threads = sppoi_max_threads();
    acts->workers = !is_small ? 1 : sppoi_min(
        acts->threads, sppoi_min(most, sppoi_most_micro_batches(acts)));
    acts->chunk = sppoi_min(acts->most_rows,
                            sppoi_max(64, SPPOI_CHUNK_LOGITS / c->vocab));
    if (backward == SPPO_BACKWARD)
        acts->logit_rows = sppoi_min(max_tokens, SPPOI_KEPT_LOGITS / c->vocab);
}

SPPO_DEF size_t sppo_activations_bytes(const sppo_config *config,
                                       int max_tokens, int max_segments,
                                       int max_tree, int backward)
{
    sppo_activations acts;
    sppoi_arena arena = { NULL, 0 };

    sppoi_activations_shape(&acts, config, max_tokens, max_segments, max_tree,
                            backward, 0);
    sppoi_activations_layout(&acts, &arena);
    return arena.used;
}

/* Counts, takes the memory, and only then writes to acts, so that a failure
 * leaves it as it was.                                                      */
static sppo_result sppoi_activations_begin(sppo_ctx *ctx,
                                           sppo_activations *acts,
                                           const sppo_model *model,
                                           int max_tokens, int max_segments,
                                           int max_tree, int backward,
                                           int pack_all)
{
    sppo_activations counted;
    sppoi_arena arena = { NULL, 0 };
    void *block;
    size_t size;

    if (max_tokens < 1 || max_segments < 1 || max_tree < 0 ||
        backward < SPPO_FORWARD || backward > SPPO_STEP)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_activations_init: "
                         "max_tokens %d and max_segments %d must be positive, "
                         "max_tree %d not negative, and backward %d one of "
                         "SPPO_FORWARD, SPPO_BACKWARD and SPPO_STEP",
                         max_tokens, max_segments, max_tree, backward);
    sppoi_activations_shape(&counted, &model->config, max_tokens, max_segments,
                            max_tree, backward, pack_all);
    sppoi_activations_layout(&counted, &arena);
    SPPOI_TRY(sppoi_block(ctx, "sppo_activations_init", &arena, &block, &size));
    sppoi_activations_shape(acts, &model->config, max_tokens, max_segments,
                            max_tree, backward, pack_all);
    sppoi_activations_layout(acts, &arena);
    acts->block = block;
    acts->block_size = size;
    sppo_rope_table(acts->table, sppoi_reach(acts), acts->config.head_dim,
                    acts->config.rope_theta);
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_activations_init(sppo_ctx *ctx,
                                           sppo_activations *acts,
                                           const sppo_model *model,
                                           int max_tokens, int max_segments,
                                           int max_tree, int backward)
{
    return sppoi_activations_begin(ctx, acts, model, max_tokens, max_segments,
                                   max_tree, backward, 0);
}

SPPO_DEF void sppo_activations_free(sppo_ctx *ctx, sppo_activations *acts)
{
    sppo_release(ctx, acts->block, acts->block_size);
    memset(acts, 0, sizeof *acts);
}

/* ---- reading a batch, and cutting it ---- */

/* From a forest to micro-batches, in three steps: check all segments; cut where
 * trees end; describe each part, which is then a forest of its own.  All of it
 * is integers, done once for each batch, by one thread.                     */

/* One segment, of the tree that begins at root, with `before` tokens above it.
 * A message counts segments and tokens from 0, as the arrays of a forest do.
 */
static sppo_result sppoi_check_segment(sppo_ctx *ctx, const sppo_config *c,
                                       const sppo_forest *f, int s, int root,
                                       int before)
{
    const int parent = f->parent[s];
    const int length = f->start[s + 1] - f->start[s];
    int i;

    if (length < 1)
        return sppo_fail(ctx, SPPO_E_ARGUMENT,
                         "sppo_forward: segment %d is empty", s);
    if (parent >= s || (parent < root && parent != -1))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_forward: segment %d has "
                         "parent %d; it must be an earlier segment of the "
                         "same tree (from %d), or -1", s, parent, root);
    if (before > c->context - length)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_forward: segment %d ends "
                         "at position %d, beyond the context of %d", s,
                         before + length, c->context);
    for (i = f->start[s]; i < f->start[s + 1]; i++)
        if (f->token[i] < 0 || f->token[i] >= c->vocab)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_forward: token %d of "
                             "segment %d is %d, outside the vocabulary of %d",
                             i - f->start[s], s, f->token[i], c->vocab);
    return SPPO_OK;
}

/* Checks every segment before anything is cut, so that no later function meets
 * a bad one.  counter has the tokens from the root up to a segment's end;
 * segments stand after their parents, so the parent's is known.             */
static sppo_result sppoi_check_segments(sppo_ctx *ctx,
                                        const sppo_activations *acts,
                                        const sppo_forest *f)
{
    int s, root = 0;

    for (s = 0; s < f->segments; s++) {
        const int above = f->parent[s];
        const int before = above >= 0 && above < s ? acts->counter[above] : 0;

        root = above == -1 ? s : root;
        SPPOI_TRY(sppoi_check_segment(ctx, &acts->config, f, s, root, before));
        acts->counter[s] = before + f->start[s + 1] - f->start[s];
        if (f->start[s + 1] - f->start[root] > acts->most_rows)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_forward: the tree of "
                             "segment %d has more than %d tokens; "
                             "sppo_activations_init needs a larger max_tree",
                             root, acts->most_rows);
    }
    return SPPO_OK;
}

/* The row whose logits predict token i of segment s: the token before it in the
 * segment; of a segment's first its parent's last, so that all responses begin
 * from the same row; -1 for a root's first, which nothing precedes.         */
static int sppoi_predictor(const sppo_forest *f, int s, int i)
{
    if (i > f->start[s])
        return i - 1;
    return f->parent[s] < 0 ? -1 : f->start[f->parent[s] + 1] - 1;
}

/* Sorts the scored tokens by the row that predicts them, since a prompt's last
 * row predicts the first token of every response: its logits are computed once.
 * The tokens that row scored_row[r] predicts are scored_token[scored_from[r] ..
 * scored_from[r + 1]).  A counting sort: how many tokens each row has, where
 * its tokens begin, then the tokens.                                        */
static void sppoi_read_scored(sppo_micro_batch *b, int *counter)
{
    const sppo_forest *f = &b->forest;
    int s, i, r, p;

    memset(counter, 0, (size_t)f->tokens * sizeof *counter);
    for (s = 0; s < f->segments; s++)
        for (i = f->start[s]; f->scored[s] && i < f->start[s + 1]; i++)
            if ((p = sppoi_predictor(f, s, i)) >= 0)
                counter[p]++;
    b->scored_rows = b->scored_tokens = 0;
    for (r = 0; r < f->tokens; r++) {
        const int predicted = counter[r];

        counter[r] = b->scored_tokens;
        if (predicted) {
            b->scored_row[b->scored_rows] = r;
            b->scored_from[b->scored_rows++] = b->scored_tokens;
            b->scored_tokens += predicted;
        }
    }
    b->scored_from[b->scored_rows] = b->scored_tokens;
    for (s = 0; s < f->segments; s++)
        for (i = f->start[s]; f->scored[s] && i < f->start[s + 1]; i++)
            if ((p = sppoi_predictor(f, s, i)) >= 0)
                b->scored_token[counter[p]++] = i;
}

/* A micro-batch's segments, counted from its own first.  A token's position is
 * its distance from the root: siblings begin at the same position, as if each
 * stood alone behind the prompt.                                            */
static void sppoi_read_segments(sppo_micro_batch *b, const sppo_forest *f)
{
    const int from = b->first_segment;
    int s, i;

    b->trees = 0;
    b->forest.start[0] = 0;
    for (s = 0; s < b->forest.segments; s++) {
        const int parent = f->parent[from + s];
        const int p = parent < 0 ? -1 : parent - from;
        const int first = b->forest.start[s];
        const int end = f->start[from + s + 1] - b->first_token;

        b->forest.parent[s] = p;
        b->forest.start[s + 1] = end;
        if (p < 0)
            b->tree_start[b->trees++] = s;
        b->before[s] = p < 0 ? 0 : b->before[p] + b->forest.start[p + 1]
                                 - b->forest.start[p];
        for (i = first; i < end; i++)
            b->position[i] = b->before[s] + i - first;
    }
    b->tree_start[b->trees] = b->forest.segments;
}

/* Segments [from, to) of the batch become the next micro-batch; `scored` rows
 * of the batch lie before it.  Tokens, log-probabilities and final states are
 * the batch's own arrays, from the micro-batch's first row on, so that callers
 * find them in one piece.                                                   */
static void sppoi_read_micro_batch(sppo_activations *acts, sppoi_arena *v,
                                   const sppo_forest *f, int from, int to,
                                   int scored)
{
    sppo_micro_batch *b = &acts->micro_batch[acts->micro_batches++];
    const int row = f->start[from], dim = acts->config.dim;

    memset(b, 0, sizeof *b);
    b->first_token = row;
    b->first_segment = from;
    b->forest.segments = to - from;
    b->forest.tokens = f->start[to] - row;
    b->forest.scored = f->scored + from;
    b->forest.token = f->token + row;
    b->logprob = acts->logprob + row;
    b->d_logprob = acts->d_logprob + row;
    b->final = sppoi_row_out(acts->final, row, dim);
    sppoi_micro_layout(b, v, to - from, b->forest.tokens);
    sppoi_read_segments(b, f);
    sppoi_read_scored(b, acts->counter);
    if (scored + b->scored_rows <= acts->logit_rows)
        b->logits = sppoi_row_out(acts->logits, scored, acts->config.vocab);
    if (acts->backward == SPPO_BACKWARD)
        sppoi_kept_layout(b, v, &acts->config, b->forest.tokens, 1);
}

/* The segment after the last of a tree: the next root, or the end.  A tree's
 * segments stand together, so there is nothing to look up.                  */
static int sppoi_tree_end(const sppo_forest *f, int root)
{
    int s = root + 1;

    while (s < f->segments && f->parent[s] >= 0)
        s++;
    return s;
}

/* Cuts a batch: a micro-batch takes trees as long as they fit, and never a part
 * of one, since a tree's rows see each other.  Each partial sum will have an
 * equal share of the micro-batches, at least one.  Whatever a micro-batch needs
 * comes from acts->room, whose size holds for any cut of such a batch.      */
static void sppoi_cut(sppo_activations *acts, const sppo_forest *f)
{
    sppoi_arena v = { acts->room, 0 };
    int from, to, end, scored = 0;

    acts->micro_batches = 0;
    for (from = 0; from < f->segments; from = to) {
        to = end = sppoi_tree_end(f, from);
        while (end < f->segments &&
               f->start[end = sppoi_tree_end(f, end)] - f->start[from] <=
                   acts->micro_rows)
            to = end;
        sppoi_read_micro_batch(acts, &v, f, from, to, scored);
        scored += acts->micro_batch[acts->micro_batches - 1].scored_rows;
    }
    acts->partials = sppoi_most_partials(acts->trunk_count, f->tokens);
    while (acts->partials > acts->micro_batches)
        acts->partials /= 2;
}

/* The three steps.  What is not scored keeps the log-probability 0, and so adds
 * nothing to the sum over a segment.                                        */
static sppo_result sppoi_read_batch(sppo_ctx *ctx, sppo_activations *acts,
                                    const sppo_forest *f)
{
    acts->micro_batches = 0;
    if (f->tokens > acts->max_tokens || f->segments > acts->max_segments ||
        f->segments < 1)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_forward: the forest has "
                         "%d tokens in %d segments; the activations hold %d "
                         "in 1 to %d", f->tokens, f->segments,
                         acts->max_tokens, acts->max_segments);
    SPPOI_TRY(sppoi_check_segments(ctx, acts, f));
    memset(acts->logprob, 0, (size_t)f->tokens * sizeof *acts->logprob);
    sppoi_cut(acts, f);
    return SPPO_OK;
}

/* ---- packed weights ---- */

/* A layer's four matrices, for the way of the products that they will be in. */
static void sppoi_pack_layer(const sppo_activations *acts, const sppo_model *m,
                             int l, int way)
{
    const sppo_config *c = &acts->config;
    const sppoi_layer w = sppoi_layer_view(m, m->weights, l);
    const sppoi_panels *p = &acts->panels[way][l];

    sppoi_pack_weight(p->qkv, w.qkv, c->dim, sppoi_qkv_width(c), way);
    sppoi_pack_weight(p->o, w.o, sppoi_q_width(c), c->dim, way);
    sppoi_pack_weight(p->gate_up, w.gate_up, c->dim, 2 * c->hidden, way);
    sppoi_pack_weight(p->down, w.down, c->hidden, c->dim, way);
}

/* The classifier, which is the largest, is task 0, so that nobody begins with
 * it when all others are done; then come the layers.                        */
static void sppoi_pack_task(const sppo_activations *acts, const sppo_model *m,
                            int task, int way)
{
    if (task > 0)
        sppoi_pack_layer(acts, m, task - 1, way);
    else
        sppoi_pack_weight(acts->classifier[way],
                          sppoi_classifier(m, m->weights), acts->config.dim,
                          acts->config.vocab, way);
}

/* Packs for ways [from, to).  A small model's layers are packed at once, each
 * a task; a large one's by whoever needs a layer, one after the other: then
 * the packing of a matrix is split instead.                                 */
static void sppoi_pack_pass(const sppo_activations *acts, const sppo_model *m,
                            int from, int to)
{
    const int each = 1 + (acts->packed_before ? acts->config.layers : 0);
    const int tasks = (to - from) * each, threads = acts->threads;
    int task;

    SPPOI_EACH_IF(acts->packed_before, SPPOI_TASKS, task, tasks,
                  sppoi_pack_task(acts, m, task % each, from + task / each));
    (void)threads;
}

/* A layer's panels, packed now if they were not before: then one thread at a
 * time is here, for a large model has one workspace.                        */
static const sppoi_panels *sppoi_packed(const sppo_activations *acts,
                                        const sppo_model *m, int l, int way)
{
    if (!acts->packed_before)
        sppoi_pack_layer(acts, m, l, way);
    return &acts->panels[way][l];
}

/* ---- attention over a forest ---- */

/* Queries go in blocks of SPPOI_NR columns, a column being one query of one
 * head; the heads of a block share their keys and values.  Scores are kept
 * transposed, so that they are the panel of the next product as they stand, and
 * softmax runs down the columns, many at once:
 *
 *              columns: (query, head)
 *            +---------------------+
 *     keys   |  score = K Q' / sqrt d        rows: the ancestors' tokens, then
 *     (rows) |  p = exp(score - lse)         the segment's own up to the last
 *            +---------------------+         query of the block
 *     out' = V' p / sum p                    below the diagonal p is 0
 *
 *   let        dp = V dout'       delta = sum_keys p dp
 *   gradients  ds = p (dp - delta)
 *              dq' = K' ds / sqrt d     dk += ds q / sqrt d     dv += p dout
 *
 * As in FlashAttention (Dao et al. 2022) only lse = log sum exp score is kept,
 * and the way back computes the scores again, so that no matrix of all pairs of
 * tokens ever exists.  What is different: a block has a few queries and all of
 * their keys, since its scores fit into the cache, so softmax needs no running
 * maximum; and the keys are those on the way up to the root of a tree, one
 * product for each segment on it, so that a prompt's are shared by all of its
 * responses.                                                                */
typedef struct sppoi_attention {
    const sppo_config *c;
    const sppo_forest *f;
    const int *before;
    const sppoi_kept_layer *k;
    const sppo_real *datt;  // backward only, as is dqkv
    sppo_real *dqkv;
} sppoi_attention;

/* Columns run over queries, then heads: where column 0 stands in rows that are
 * `width` wide, `each` a head.  A query's heads are neighbours there too.   */
static size_t sppoi_block_at(const sppoi_attention *a,
                             const sppoi_query_block *b, int width, int each)
{
    return (size_t)(a->f->start[b->s] + b->i0) * (size_t)width
         + (size_t)(b->h0 * each);
}

/* One head's channels into a column or back, by their steps, through a few
 * locals that alias nothing: so the compiler may load a whole vector and store
 * its numbers one by one, or the reverse.                                   */
static SPPOI_INLINE void sppoi_copy_channels(sppo_real *to, const int to_step,
                                             const sppo_real *from,
                                             const int from_step, int d,
                                             sppo_real scale)
{
    sppo_real some[SPPOI_CHANNELS];
    int c, i;

    for (c = 0; c + SPPOI_CHANNELS <= d; c += SPPOI_CHANNELS) {
        for (i = 0; i < SPPOI_CHANNELS; i++)
            some[i] = scale * from[(c + i) * from_step];
        for (i = 0; i < SPPOI_CHANNELS; i++)
            to[(c + i) * to_step] = some[i];
    }
    for (; c < d; c++)
        to[c * to_step] = scale * from[c * from_step];
}

/* out[c][j] = scale rows[row of j][head of j][c]; 0 in what is not used. */
static void sppoi_pack_queries(sppo_real *out, const sppo_real *rows, int width,
                               const sppoi_attention *a,
                               const sppoi_query_block *b, sppo_real scale)
{
    const int d = a->c->head_dim, used = b->queries * b->heads;
    int i, h, c, j = 0;

    rows += sppoi_block_at(a, b, width, d);
    for (i = 0; i < b->queries; i++, rows += width)
        for (h = 0; h < b->heads; h++, j++)
            sppoi_copy_channels(out + j, SPPOI_NR, rows + h * d, 1, d, scale);
    for (c = 0; c < d; c++)
        for (j = used; j < b->cols; j++)
            out[c * SPPOI_NR + j] = 0;
}

/* rows[row of j][head of j][c] = scale[j] column[c][j]. */
static void sppoi_unpack_queries(sppo_real *rows, const sppo_real *column,
                                 int width, const sppoi_attention *a,
                                 const sppoi_query_block *b,
                                 const sppo_real *scale)
{
    const int d = a->c->head_dim;
    int i, h, j = 0;

    rows += sppoi_block_at(a, b, width, d);
    for (i = 0; i < b->queries; i++, rows += width)
        for (h = 0; h < b->heads; h++, j++)
            sppoi_copy_channels(rows + h * d, 1, column + j, SPPOI_NR, d,
                                scale[j]);
}

/* Keys of segment `at`, the block's own or an ancestor, that the block sees: of
 * an ancestor all, of its own those up to its last query.                   */
static int sppoi_keys_visible(const sppoi_attention *a,
                              const sppoi_query_block *b, int at)
{
    return at == b->s ? b->i0 + b->queries
                      : a->f->start[at + 1] - a->f->start[at];
}

/* The three products of a block.  Each is a loop over the segments on the way
 * up to the root, whose keys stand together in memory; before[s] is where they
 * stand among all that the block sees.
 *
 * The first has a sum over channels, for scores and for dp:
 *
 *   out[key][j] = sum_c rows[key][channel + c] panel[c][j]                  */
static void sppoi_over_channels(sppo_real *out, const sppo_real *rows,
                                int channel, const sppo_real *panel,
                                const sppoi_attention *a,
                                const sppoi_query_block *b)
{
    const int width = sppoi_qkv_width(a->c);
    int s;

    for (s = b->s; s >= 0; s = a->f->parent[s])
        sppoi_product(sppoi_row_out(out, a->before[s], SPPOI_NR), SPPOI_NR,
                      sppoi_row(rows, a->f->start[s], width) + channel, width,
                      1, panel, sppoi_keys_visible(a, b, s), b->cols,
                      a->c->head_dim, 0);
}

/* The second has a sum over keys, for the output and for dq:
 *
 *   out[c][j] = sum over keys of rows[key][channel + c] panel[key][j]       */
static void sppoi_over_keys(sppo_real *out, const sppo_real *rows, int channel,
                            const sppo_real *panel, const sppoi_attention *a,
                            const sppoi_query_block *b)
{
    const int width = sppoi_qkv_width(a->c);
    int s;

    for (s = b->s; s >= 0; s = a->f->parent[s])
        sppoi_product(out, SPPOI_NR,
                      sppoi_row(rows, a->f->start[s], width) + channel, 1,
                      width, sppoi_row(panel, a->before[s], SPPOI_NR),
                      a->c->head_dim, b->cols, sppoi_keys_visible(a, b, s),
                      s != b->s);
}

/* The third has a sum over queries, for dk and dv:
 *
 *   rows[key][channel + c] += sum_j column[key][j] panel[j][c]
 *
 * The first block of a segment sets the segment's own rows, all of which it
 * sees, so that nobody has to clear them.                                   */
static void sppoi_into_keys(sppo_real *rows, int channel,
                            const sppo_real *column, const sppo_real *panel,
                            const sppoi_attention *a,
                            const sppoi_query_block *b)
{
    const int width = sppoi_qkv_width(a->c);
    int s;

    for (s = b->s; s >= 0; s = a->f->parent[s])
        sppoi_product(sppoi_row_out(rows, a->f->start[s], width) + channel,
                      width, sppoi_row(column, a->before[s], SPPOI_NR),
                      SPPOI_NR, 1, panel, sppoi_keys_visible(a, b, s),
                      a->c->head_dim, b->cols, s != b->s || !b->first);
}

/* [Net 10] The causal mask: a token sees its ancestors' tokens and, in its own
 * segment, those up to itself.
 *
 * Other branches of the tree need no mask, for nobody goes there.  Query i of
 * the block stands i keys after the block's first, so for the queries before it
 * its key is still to come: the score is then so low that exp makes it 0.   */
static void sppoi_block_mask(const sppoi_attention *a,
                             const sppoi_query_block *b)
{
    sppo_real *own = sppoi_row_out(b->score, a->before[b->s] + b->i0, SPPOI_NR);
    int i, j;

    for (i = 1; i < b->queries; i++)
        for (j = 0; j < i * b->heads; j++)
            sppoi_row_out(own, i, SPPOI_NR)[j] = (sppo_real)-1e30;
}

/* score = K Q' / sqrt d.  The queries take the factor, for they are fewer. */
static void sppoi_block_scores(const sppoi_attention *a,
                               const sppoi_query_block *b)
{
    const sppo_real scale = (sppo_real)(1.0 / sqrt((double)a->c->head_dim));
    const int key = sppoi_q_width(a->c) + b->g * a->c->head_dim;

    sppoi_pack_queries(b->q, a->k->qkv, sppoi_qkv_width(a->c), a, b, scale);
    sppoi_over_channels(b->score, a->k->qkv, key, b->q, a, b);
    sppoi_block_mask(a, b);
}

/* score becomes exp(score - top), sum their sum, down each column.  Here and
 * below cols is passed as a constant, whole or half, so that loops over columns
 * are whole vectors.                                                        */
static SPPOI_INLINE void sppoi_exp_body(const int cols,
                                        const sppoi_query_block *b)
{
    int i, j;

    for (j = 0; j < cols; j++)
        b->sum[j] = 0;
    for (i = 0; i < b->keys; i++) {
        sppo_real *row = sppoi_row_out(b->score, i, SPPOI_NR);

        SPPOI_SIMD
        for (j = 0; j < cols; j++) {
            row[j] = sppoi_exp(row[j] - b->top[j]);
            b->sum[j] += row[j];
        }
    }
}

/* The same with the largest score as top, so that no exp overflows.  1 / sum is
 * multiplied in later, to the output, which has fewer numbers.              */
static SPPOI_INLINE void sppoi_softmax_body(const int cols,
                                            const sppoi_query_block *b)
{
    int i, j;

    for (j = 0; j < cols; j++)
        b->top[j] = b->score[j];
    for (i = 1; i < b->keys; i++) {
        const sppo_real *row = sppoi_row(b->score, i, SPPOI_NR);

        SPPOI_SIMD
        for (j = 0; j < cols; j++)
            b->top[j] = row[j] > b->top[j] ? row[j] : b->top[j];
    }
    sppoi_exp_body(cols, b);
}

/* [Net 11] out = softmax(Q K' / sqrt d) V, for a block of queries; lse = top +
 * log sum is what the way back needs to have p again without a sum.         */
static void sppoi_block_fwd(const sppoi_attention *a,
                            const sppoi_query_block *b)
{
    const sppo_config *c = a->c;
    const int value = sppoi_q_width(c) + sppoi_kv_width(c) + b->g * c->head_dim;
    sppo_real *lse = a->k->lse + sppoi_block_at(a, b, c->heads, 1);
    int i, h, j = 0;

    sppoi_block_scores(a, b);
    if (b->cols == SPPOI_NR)
        sppoi_softmax_body(SPPOI_NR, b);
    else
        sppoi_softmax_body(SPPOI_NR / 2, b);
    sppoi_over_keys(b->out, a->k->qkv, value, b->score, a, b);
    for (i = 0; i < b->queries; i++)
        for (h = 0; h < b->heads; h++, j++) {
            sppoi_row_out(lse, i, c->heads)[h] =
                b->top[j] + (sppo_real)log((double)b->sum[j]);
            b->sum[j] = 1 / b->sum[j];
        }
    sppoi_unpack_queries(a->k->att, b->out, sppoi_q_width(c), a, b, b->sum);
}

/* [Net 12] The recomputation: score again, and of it p = exp(score - lse), the
 * forward pass's softmax in one step, since lse already has the sum.        */
static void sppoi_block_recompute(const sppoi_attention *a,
                                  const sppoi_query_block *b)
{
    const int heads = a->c->heads;
    const sppo_real *lse = a->k->lse + sppoi_block_at(a, b, heads, 1);
    int i, h, j = 0;

    sppoi_block_scores(a, b);
    for (i = 0; i < b->queries; i++)
        for (h = 0; h < b->heads; h++)
            b->top[j++] = sppoi_row(lse, i, heads)[h];
    for (; j < b->cols; j++)
        b->top[j] = 0;
    if (b->cols == SPPOI_NR)
        sppoi_exp_body(SPPOI_NR, b);
    else
        sppoi_exp_body(SPPOI_NR / 2, b);
}

/* grad comes in as dp and becomes ds = p (dp - delta).  The outputs of a
 * softmax sum to 1: what raises all scores alike changes none of them, and
 * delta, the mean of dp under p, is that part.                              */
static SPPOI_INLINE void sppoi_score_gradient_body(const int cols,
                                                   const sppoi_query_block *b)
{
    sppo_real *delta = b->sum;
    int i, j;

    for (j = 0; j < cols; j++)
        delta[j] = 0;
    for (i = 0; i < b->keys; i++) {
        const sppo_real *p = sppoi_row(b->score, i, SPPOI_NR);
        const sppo_real *dp = sppoi_row(b->grad, i, SPPOI_NR);

        SPPOI_SIMD
        for (j = 0; j < cols; j++)
            delta[j] = sppoi_muladd(p[j], dp[j], delta[j]);
    }
    for (i = 0; i < b->keys; i++) {
        const sppo_real *p = sppoi_row(b->score, i, SPPOI_NR);
        sppo_real *row = sppoi_row_out(b->grad, i, SPPOI_NR);

        SPPOI_SIMD
        for (j = 0; j < cols; j++)
            row[j] = p[j] * (row[j] - delta[j]);
    }
}

/* [Net 13] The gradients of attention, in the order of the formulas above: p,
 * dp, ds; then dq, dk and dv.                                               */
static void sppoi_block_bwd(const sppoi_attention *a,
                            const sppoi_query_block *b)
{
    const sppo_config *c = a->c;
    const int d = c->head_dim, width = sppoi_qkv_width(c);
    const int key = sppoi_q_width(c) + b->g * d;
    const int value = key + sppoi_kv_width(c);
    const sppo_real scale = (sppo_real)(1.0 / sqrt((double)d));
    int j;

    sppoi_block_recompute(a, b);
    sppoi_pack_queries(b->dout, a->datt, sppoi_q_width(c), a, b, 1);
    sppoi_over_channels(b->grad, a->k->qkv, value, b->dout, a, b);
    if (b->cols == SPPOI_NR)
        sppoi_score_gradient_body(SPPOI_NR, b);
    else
        sppoi_score_gradient_body(SPPOI_NR / 2, b);
    sppoi_over_keys(b->out, a->k->qkv, key, b->grad, a, b);
    for (j = 0; j < b->cols; j++)
        b->sum[j] = scale;
    sppoi_unpack_queries(a->dqkv, b->out, width, a, b, b->sum);
    sppoi_pack(b->q_rows, b->q, 1, SPPOI_NR, b->cols, d);
    sppoi_into_keys(a->dqkv, key, b->grad, b->q_rows, a, b);
    sppoi_pack(b->dout_rows, b->dout, 1, SPPOI_NR, b->cols, d);
    sppoi_into_keys(a->dqkv, value, b->score, b->dout_rows, a, b);
}

/* sppoi_block_fwd or sppoi_block_bwd. */
typedef void (*sppoi_block_way)(const sppoi_attention *a,
                                const sppoi_query_block *b);

/* A segment and a key/value head, the last queries first: they see every key of
 * their segment.                                                            */
static void sppoi_attend_segment(const sppoi_attention *a, int s, int g,
                                 const sppoi_query_block *scratch,
                                 sppoi_block_way way)
{
    const int sharing = a->c->heads / a->c->kv_heads;
    const int heads = sppoi_min(sharing, SPPOI_NR);
    const int at_once = SPPOI_NR / heads;
    const int length = a->f->start[s + 1] - a->f->start[s];
    const int last = (length - 1) / at_once * at_once;
    sppoi_query_block b = *scratch;
    int h;

    b.s = s;
    b.g = g;
    b.first = 1;
    for (h = 0; h < sharing; h += heads)
        for (b.i0 = last; b.i0 >= 0; b.i0 -= at_once) {
            b.h0 = g * sharing + h;
            b.heads = sppoi_min(heads, sharing - h);
            b.queries = sppoi_min(at_once, length - b.i0);
            b.keys = a->before[s] + b.i0 + b.queries;
            b.cols = b.queries * b.heads > SPPOI_NR / 2 ? SPPOI_NR
                                                        : SPPOI_NR / 2;
            way(a, &b);
            b.first = 0;
        }
}

/* Task `task` of attention in a micro-batch: a key/value head and segments
 * start[i] up to start[i + 1], or with start NULL segment i alone.          */
static void sppoi_attend_task(const sppoi_attention *a, const int *start,
                              int task, const sppoi_query_block *scratch,
                              sppoi_block_way way)
{
    const int i = task / a->c->kv_heads, g = task % a->c->kv_heads;
    const int end = start ? start[i + 1] : i + 1;
    int s;

    for (s = start ? start[i] : i; s < end; s++)
        sppoi_attend_segment(a, s, g, scratch, way);
}

/* Attention of a micro-batch, with sppoi_block_fwd from k->qkv to k->att and
 * k->lse, with sppoi_block_bwd from ws->datt to ws->dqkv.  Forward a task has a
 * segment of its own: no two write to the same place.  Backward it has a tree:
 * a prompt's keys get gradients from all its responses, always in this order.
 */
static void sppoi_attend(const sppo_activations *acts,
                         const sppo_micro_batch *b, const sppoi_workspace *ws,
                         const sppoi_kept_layer *k, const int *start, int n,
                         sppoi_block_way way)
{
    const sppoi_attention a = { &acts->config, &b->forest, b->before, k,
                                ws->datt, ws->dqkv };
    const int tasks = n * acts->config.kv_heads, threads = ws->threads;
    int task;

    SPPOI_EACH(SPPOI_TASKS, task, tasks,
               sppoi_attend_task(&a, start, task, &ws->query_block[worker],
                                 way));
    (void)threads;
}

/* ---- THE LAYER ---- */

/* out becomes in, to which a product is then added.  A pass without a way back
 * has one array for both, and nothing to do here.                           */
static void sppoi_residual(sppo_real *out, const sppo_real *in, int n, int d)
{
    if (out != in)
        memcpy(out, in, (size_t)n * (size_t)d * sizeof *out);
}

/* [Net 14] One layer of the transformer, for the n rows of a micro-batch:
 *
 *   qkv     = norm(in) Wqkv'                    rows of q + 2 kv numbers
 *   att     = attention(rotate(qkv))            q
 *   mid     = in + att Wo'                      dim
 *   gate_up = norm(mid) Wgate_up'               2 hidden
 *   out     = mid + SwiGLU(gate_up) Wdown'      dim
 *
 * A row is a token.  Rows meet each other in the attention only; everywhere
 * else a row is computed as if it were alone.  in goes straight through to out,
 * and each half of the layer adds something to it.
 *
 * w has the gains of the norms, p the matrices, packed; k is what the way back
 * will want to know, ws what it will not.                                   */
static void sppoi_layer_fwd(const sppo_activations *acts,
                            const sppo_micro_batch *b, sppoi_workspace *ws,
                            const sppoi_layer *w, const sppoi_panels *p,
                            const sppoi_kept_layer *k, sppo_real *out)
{
    const sppo_config *c = &acts->config;
    const int n = b->forest.tokens, d = c->dim, hidden = c->hidden;
    const int q = sppoi_q_width(c), qkv = sppoi_qkv_width(c);
    const int turned = c->heads + c->kv_heads;  // queries and keys

    /* qkv = norm(in) Wqkv' */
    sppo_rmsnorm_fwd(ws->norm, k->inv_in, k->in, w->norm1, n, d, c->norm_eps);
    sppoi_times(k->qkv, ws->norm, p->qkv, n, d, qkv, SPPOI_SET);

    /* att = attention(rotate(qkv)) */
    sppo_rope(k->qkv, b->position, acts->table, n, turned, c->head_dim, qkv, 1);
    sppoi_attend(acts, b, ws, k, NULL, b->forest.segments, sppoi_block_fwd);

    /* mid = in + att Wo' */
    sppoi_residual(k->mid, k->in, n, d);
    sppoi_times(k->mid, k->att, p->o, n, q, d, SPPOI_ADD);

    /* gate_up = norm(mid) Wgate_up' */
    sppo_rmsnorm_fwd(ws->norm, k->inv_mid, k->mid, w->norm2, n, d, c->norm_eps);
    sppoi_times(k->gate_up, ws->norm, p->gate_up, n, d, 2 * hidden, SPPOI_SET);

    /* out = mid + SwiGLU(gate_up) Wdown' */
    sppo_swiglu_fwd(ws->act, k->gate_up, n, hidden);
    sppoi_residual(out, k->mid, n, d);
    sppoi_times(out, ws->act, p->down, n, hidden, d, SPPOI_ADD);
}

/* [Net 15] Its gradients: the same five lines from the last one up, each with
 * the steps that undo it.  What arrives at a line's left side does two things:
 * it gives the gradient of the line's weights, dw, and goes on, through the
 * weights, to what the line was computed from.
 *
 * ws->dx comes in as the gradient of out and leaves as that of in.  A sum
 * passes its gradient on to both of its terms, so dx stays where it is and what
 * comes back through a norm is added to it.  p is packed for the way back; what
 * forward did not keep, norm and act, is computed again first.              */
static void sppoi_layer_bwd(const sppo_activations *acts,
                            const sppo_micro_batch *b, sppoi_workspace *ws,
                            const sppoi_layer *w, const sppoi_panels *p,
                            const sppoi_kept_layer *k, const sppoi_layer *dw)
{
    const sppo_config *c = &acts->config;
    const int n = b->forest.tokens, d = c->dim, hidden = c->hidden;
    const int q = sppoi_q_width(c), qkv = sppoi_qkv_width(c);
    const int turned = c->heads + c->kv_heads;

    /* out = mid + SwiGLU(gate_up) Wdown' */
    sppoi_times(ws->act, ws->dx, p->down, n, d, hidden, SPPOI_SET);  // d act
    sppo_swiglu_bwd(ws->dgate_up, ws->act, k->gate_up, n, hidden);  // act again
    sppo_linear_bwd_w(dw->down, ws->dx, ws->act, ws->panel, n, hidden, d);

    /* gate_up = norm(mid) Wgate_up' */
    sppo_rmsnorm_fwd(ws->norm, k->inv_mid, k->mid, w->norm2, n, d, c->norm_eps);
    sppo_linear_bwd_w(dw->gate_up, ws->dgate_up, ws->norm, ws->panel, n, d,
                      2 * hidden);
    sppoi_times(ws->dnorm, ws->dgate_up, p->gate_up, n, 2 * hidden, d,
                SPPOI_SET);
    sppo_rmsnorm_bwd(ws->dx, dw->norm2, ws->dnorm, k->mid, w->norm2, k->inv_mid,
                     n, d);

    /* mid = in + att Wo' */
    sppo_linear_bwd_w(dw->o, ws->dx, k->att, ws->panel, n, q, d);
    sppoi_times(ws->datt, ws->dx, p->o, n, d, q, SPPOI_SET);

    /* att = attention(rotate(qkv)) */
    sppoi_attend(acts, b, ws, k, b->tree_start, b->trees, sppoi_block_bwd);
    sppo_rope(ws->dqkv, b->position, acts->table, n, turned, c->head_dim, qkv,
              -1);

    /* qkv = norm(in) Wqkv' */
    sppo_rmsnorm_fwd(ws->norm, k->inv_in, k->in, w->norm1, n, d, c->norm_eps);
    sppo_linear_bwd_w(dw->qkv, ws->dqkv, ws->norm, ws->panel, n, d, qkv);
    sppoi_times(ws->dnorm, ws->dqkv, p->qkv, n, qkv, d, SPPOI_SET);
    sppo_rmsnorm_bwd(ws->dx, dw->norm1, ws->dnorm, k->in, w->norm1, k->inv_in,
                     n, d);
}

/* ---- all layers ---- */

/* Here the layers' numbers are put together with the model's: what a layer gets
 * as w, p, k and dw is chosen by its index, and it does not know which one it
 * is.                                                                       */

/* A pass over a batch: whose activations, what weights, and what for. */
typedef struct sppoi_pass {
    const sppo_activations *acts;
    const sppo_model *m;
    sppo_step_loss loss;       // of sppo_step
    void *user;
    const sppo_real *d_final;  // of sppo_backward; NULL: none
    sppo_real *grad;           // NULL: forward only
    size_t count;              // numbers of the gradient in a partial sum
} sppoi_pass;

/* [Net 9] The embedding: a token's row of the table is the first state of its
 * row.  It is a product with a row of zeros and a single 1, without the zeros.
 */
static void sppoi_embed(sppo_real *x, const sppo_model *m, const int *token,
                        int n)
{
    const size_t bytes = (size_t)m->config.dim * sizeof *x;
    int i;

    for (i = 0; i < n; i++)
        memcpy(sppoi_row_out(x, i, m->config.dim),
               sppoi_row(m->weights, token[i], m->config.dim), bytes);
}

/* The trunk, from tokens to b->final: the embedding, all layers, the last norm.
 * What it keeps of a micro-batch takes the place of the last one's, unless it
 * is kept for all of them, until sppo_backward.  A layer writes where the next
 * one reads.  on_layer is the sampler's: it copies the keys and values of the
 * prompts.                                                                  */
static void sppoi_trunk_fwd(const sppoi_pass *pass, sppo_micro_batch *b,
                            sppoi_workspace *ws)
{
    const sppo_activations *acts = pass->acts;
    const sppo_model *m = pass->m;
    const sppo_config *c = &acts->config;
    const int n = b->forest.tokens, layers = c->layers;
    sppoi_arena room = { ws->room, 0 };
    const sppoi_kept_layer *k;
    int l;

    if (acts->backward != SPPO_BACKWARD)
        sppoi_kept_layout(b, &room, c, n, acts->backward != SPPO_FORWARD);
    k = b->layer;
    sppoi_embed(k[0].in, m, b->forest.token, n);
    for (l = 0; l < layers; l++) {
        const sppoi_layer w = sppoi_layer_view(m, m->weights, l);

        sppoi_layer_fwd(acts, b, ws, &w,
                        sppoi_packed(acts, m, l, SPPOI_FORWARD), &k[l],
                        k[l + 1].in);
        if (acts->on_layer)
            acts->on_layer(acts->hook_user, l, b, k[l].qkv);
    }
    sppo_rmsnorm_fwd(b->final, b->inv_final, k[layers].in,
                     sppoi_final_norm(m, m->weights), n, c->dim, c->norm_eps);
}

/* Its gradient, from ws->dnorm, that of b->final, down to the embedding, where
 * each row of ws->dx is added to its token's row of the table.  With a
 * classifier of its own the table gets nothing else; tied, it already has what
 * the logits gave.                                                          */
static void sppoi_trunk_bwd(const sppoi_pass *pass, sppo_micro_batch *b,
                            sppoi_workspace *ws)
{
    const sppo_activations *acts = pass->acts;
    const sppo_model *m = pass->m;
    sppo_real *grad = b->grad;
    const int n = b->forest.tokens, d = acts->config.dim;
    const int layers = acts->config.layers;
    const sppoi_kept_layer *k = b->layer;
    int l, i;

    memset(ws->dx, 0, (size_t)n * (size_t)d * sizeof *ws->dx);
    sppo_rmsnorm_bwd(ws->dx, sppoi_final_norm(m, grad), ws->dnorm,
                     k[layers].in, sppoi_final_norm(m, m->weights),
                     b->inv_final, n, d);
    for (l = layers - 1; l >= 0; l--) {
        const sppoi_layer w = sppoi_layer_view(m, m->weights, l);
        const sppoi_layer dw = sppoi_layer_view(m, grad, l);

        sppoi_layer_bwd(acts, b, ws, &w,
                        sppoi_packed(acts, m, l, SPPOI_BACKWARD), &k[l], &dw);
    }
    for (i = 0; i < n; i++)  // a token may stand in several rows
        sppoi_store_row(sppoi_row_out(grad, b->forest.token[i], d),
                        sppoi_row(ws->dx, i, d), d, 1);
}

/* ---- logits, a chunk of scored rows at a time ---- */

/* [Net 16] log-softmax: log pi(token | what it sees) = logit[token] - log sum
 * exp logits, for the tokens that scored row r predicts.                    */
static void sppoi_row_logprob(const sppo_micro_batch *b, int r,
                              const sppo_real *logit, int vocab)
{
    const double lse = sppo_log_sum_exp(logit, vocab);
    int i;

    b->row_lse[r] = lse;
    for (i = b->scored_from[r]; i < b->scored_from[r + 1]; i++) {
        const int t = b->scored_token[i];

        b->logprob[t] = (double)logit[b->forest.token[t]] - lse;
    }
}

/* [Net 17] Its gradient, written over the logits:
 *
 *   forward   logprob_t = logit_t - log sum_v exp logit_v
 *   power     d logprob_t / d logit_v = 1[v = t] - p_v,  p = exp(logit - lse)
 *   hence     dlogit_v = sum over the row's tokens t of d_t (1[v = t] - p_v)
 *
 * The second term is the same p for all of them, times the sum of their d_t.
 */
static void sppoi_row_d_logit(const sppo_micro_batch *b, int r,
                              sppo_real *logit, int vocab)
{
    const sppo_real lse = (sppo_real)b->row_lse[r];
    double sum = 0.0;
    sppo_real scale;
    int i, v;

    for (i = b->scored_from[r]; i < b->scored_from[r + 1]; i++)
        sum += b->d_logprob[b->scored_token[i]];
    scale = (sppo_real)sum;
    SPPOI_SIMD
    for (v = 0; v < vocab; v++)
        logit[v] = -scale * sppoi_exp(logit[v] - lse);
    for (i = b->scored_from[r]; i < b->scored_from[r + 1]; i++) {
        const int t = b->scored_token[i];

        logit[b->forest.token[t]] += (sppo_real)b->d_logprob[t];
    }
}

/* Scored rows [from, from + n) and their logits. */
typedef struct sppoi_chunk {
    int from, n;
    sppo_real *logits;  // [n, vocab]
} sppoi_chunk;

/* The chunk that begins with scored row `from`: gathers its rows of b->final
 * and, unless they are there already, computes their logits.  Those stand with
 * the micro-batch, or in a room for one chunk.                              */
static sppoi_chunk sppoi_chunk_logits(const sppo_activations *acts,
                                      const sppo_micro_batch *b,
                                      const sppoi_workspace *ws, int from,
                                      int ready)
{
    const int d = acts->config.dim, vocab = acts->config.vocab;
    const sppoi_chunk chunk = {
        from, sppoi_min(acts->chunk, b->scored_rows - from),
        b->logits ? sppoi_row_out(b->logits, from, vocab) : ws->logits };
    int r;

    SPPOI_EACH(SPPOI_FOR, r, chunk.n,
               sppoi_store_row(sppoi_row_out(ws->gathered, r, d),
                               sppoi_row(b->final, b->scored_row[from + r], d),
                               d, 0));
    if (!ready)
        sppoi_times(chunk.logits, ws->gathered, acts->classifier[SPPOI_FORWARD],
                    chunk.n, d, vocab, SPPOI_SET);
    return chunk;
}

/* A chunk's logits, and the log-probabilities that they give. */
static sppoi_chunk sppoi_chunk_fwd(const sppoi_pass *pass,
                                   const sppo_micro_batch *b,
                                   const sppoi_workspace *ws, int from)
{
    const int vocab = pass->m->config.vocab;
    const sppoi_chunk chunk = sppoi_chunk_logits(pass->acts, b, ws, from, 0);
    int r;

    SPPOI_EACH(SPPOI_FOR, r, chunk.n,
               sppoi_row_logprob(b, from + r,
                                 sppoi_row(chunk.logits, r, vocab), vocab));
    return chunk;
}

/* The same upwards, from b->d_logprob: adds to the classifier's gradient and to
 * ws->dnorm, that of b->final.                                              */
static void sppoi_chunk_bwd(const sppoi_pass *pass, const sppo_micro_batch *b,
                            const sppoi_workspace *ws, sppoi_chunk chunk)
{
    const int d = pass->m->config.dim, vocab = pass->m->config.vocab;
    const int from = chunk.from, n = chunk.n;
    int r;

    /* logprob = logit[token] - log sum exp logits */
    SPPOI_EACH(SPPOI_FOR, r, n,
               sppoi_row_d_logit(b, from + r,
                                 sppoi_row_out(chunk.logits, r, vocab), vocab));

    /* logits = gathered Wclassifier' */
    sppo_linear_bwd_w(sppoi_classifier(pass->m, b->grad), chunk.logits,
                      ws->gathered, ws->panel, n, d, vocab);
    sppoi_times(ws->gathered, chunk.logits,
                pass->acts->classifier[SPPOI_BACKWARD], n, vocab, d, SPPOI_SET);

    /* gathered = final[scored rows] */
    SPPOI_EACH(SPPOI_FOR, r, n,
               sppoi_store_row(
                   sppoi_row_out(ws->dnorm, b->scored_row[from + r], d),
                   sppoi_row(ws->gathered, r, d), d, 1));
}

/* All chunks.  The logits of a micro-batch of one chunk stay where they are
 * until the next micro-batch comes.                                         */
static void sppoi_logits_fwd(const sppoi_pass *pass, sppo_micro_batch *b,
                             const sppoi_workspace *ws)
{
    const int chunk = pass->acts->chunk;
    int from;

    for (from = 0; from < b->scored_rows; from += chunk)
        sppoi_chunk_fwd(pass, b, ws, from);
    b->logits_ready = b->logits || b->scored_rows <= chunk;
}

/* Logits that are not there any more are computed again. */
static void sppoi_logits_bwd(const sppoi_pass *pass, sppo_micro_batch *b,
                             const sppoi_workspace *ws)
{
    int from;

    for (from = 0; from < b->scored_rows; from += pass->acts->chunk)
        sppoi_chunk_bwd(pass, b, ws,
                        sppoi_chunk_logits(pass->acts, b, ws, from,
                                           b->logits_ready));
    b->logits_ready = 0;  // they are gradients now
}

/* Both ways, chunk by chunk: a gradient that does not wait for the loss. */
static void sppoi_logits_both(const sppoi_pass *pass, sppo_micro_batch *b,
                              const sppoi_workspace *ws)
{
    int from;

    for (from = 0; from < b->scored_rows; from += pass->acts->chunk)
        sppoi_chunk_bwd(pass, b, ws, sppoi_chunk_fwd(pass, b, ws, from));
}

/* ---- ways of a micro-batch through the network ---- */

/* Each way is a function of its own, not a flag in one: what a pass does can be
 * read off from its name.                                                   */

/* The shortest is sppoi_trunk_fwd: hidden states only, for the sampler. */
typedef void (*sppoi_way)(const sppoi_pass *pass, sppo_micro_batch *b,
                          sppoi_workspace *ws);

/* sppo_forward: logits that wait for sppo_backward are kept, if there is room
 * for them, with the micro-batch.                                           */
static void sppoi_micro_fwd(const sppoi_pass *pass, sppo_micro_batch *b,
                            sppoi_workspace *ws)
{
    sppoi_trunk_fwd(pass, b, ws);
    sppoi_logits_fwd(pass, b, ws);
    b->logits_ready = b->logits != NULL;  // the workspace goes to another
}

/* sppo_backward: the logits' gradient is added to what the caller gave for the
 * final states.                                                             */
static void sppoi_micro_bwd(const sppoi_pass *pass, sppo_micro_batch *b,
                            sppoi_workspace *ws)
{
    const int d = pass->acts->config.dim;

    if (pass->d_final)
        memcpy(ws->dnorm, sppoi_row(pass->d_final, b->first_token, d),
               (size_t)b->forest.tokens * (size_t)d * sizeof *ws->dnorm);
    sppoi_logits_bwd(pass, b, ws);
    sppoi_trunk_bwd(pass, b, ws);
}

/* sppo_step: all that one micro-batch needs, before the next one. */
static void sppoi_micro_step(const sppoi_pass *pass, sppo_micro_batch *b,
                             sppoi_workspace *ws)
{
    sppoi_trunk_fwd(pass, b, ws);
    sppoi_logits_fwd(pass, b, ws);
    b->result = pass->loss(pass->user, b);
    if (b->result != SPPO_OK)
        return;
    sppoi_logits_bwd(pass, b, ws);
    sppoi_trunk_bwd(pass, b, ws);
}

/* sppo_next_token_loss: every token's d_logprob is the same and known before,
 * so logits go both ways while they are near.                               */
static void sppoi_micro_next_token(const sppoi_pass *pass, sppo_micro_batch *b,
                                   sppoi_workspace *ws)
{
    sppoi_trunk_fwd(pass, b, ws);
    sppoi_logits_both(pass, b, ws);
    sppoi_trunk_bwd(pass, b, ws);
}

/* ---- the schedule: the one place of the network that knows threads ---- */

/* The gradient of partial sum p: the first is the caller's, to which a pass
 * adds.                                                                     */
static sppo_real *sppoi_partial_sum(const sppoi_pass *pass, int p)
{
    return p == 0 ? pass->grad
                  : pass->acts->partial + (size_t)(p - 1) * pass->acts->count;
}

/* Share p of the micro-batches, one after the other: those of partial sum p,
 * added in their order.  The caller's gradient has something in it already; a
 * copy is cleared first.                                                    */
static void sppoi_take_share(const sppoi_pass *pass, sppoi_way way, int shares,
                             int p, int worker)
{
    const sppo_activations *acts = pass->acts;
    sppoi_workspace *ws = &acts->workspace[worker];
    sppo_real *grad = pass->grad ? sppoi_partial_sum(pass, p) : NULL;
    const size_t row = (size_t)acts->config.dim * sizeof *grad;
    const int end = (int)((int64_t)(p + 1) * acts->micro_batches / shares);
    int i = (int)((int64_t)p * acts->micro_batches / shares);

    if (grad && p > 0)
        memset(grad, 0, pass->count * sizeof *grad);
    for (; i < end; i++) {
        sppo_micro_batch *b = &acts->micro_batch[i];

        b->grad = grad;
        b->d_final = ws->dnorm;
        if (grad)  // final has no gradient yet
            memset(ws->dnorm, 0, (size_t)b->forest.tokens * row);
        way(pass, b, ws);
    }
}

enum { SPPOI_ADD_BLOCK = 1024 };

/* Adds up ADD_BLOCK numbers over all partial sums, always in the order of the
 * sums: few enough numbers to stay in the cache meanwhile.                  */
static void sppoi_add_partials(const sppoi_pass *pass, int block)
{
    const size_t from = (size_t)block * SPPOI_ADD_BLOCK;
    const size_t left = pass->count - from;
    const int n = left < SPPOI_ADD_BLOCK ? (int)left : SPPOI_ADD_BLOCK;
    int p;

    for (p = 1; p < pass->acts->partials; p++)
        sppoi_store_row(pass->grad + from, sppoi_partial_sum(pass, p) + from, n,
                        1);
}

/* Shares go side by side, a thread each; or one after the other, and kernels
 * split their loops, where shares are fewer than the threads or would leave a
 * quarter of their time unused.  Which of the two depends on the threads and
 * may: a kernel's bits do not depend on who splits what.                    */
static void sppoi_schedule(const sppoi_pass *pass, sppoi_way way)
{
    const sppo_activations *acts = pass->acts;
    const int shares = pass->grad ? acts->partials : acts->micro_batches;
    const int threads = acts->workers;
    const int rounds = (shares + threads - 1) / threads;
    const int blocks = (int)((pass->count - 1) / SPPOI_ADD_BLOCK) + 1;
    int p, block;

    SPPOI_EACH_IF(threads == acts->threads && 4 * shares > 3 * rounds * threads,
                  SPPOI_TASKS, p, shares,
                  sppoi_take_share(pass, way, shares, p, worker));
    SPPOI_EACH(SPPOI_FOR, block, pass->grad && shares > 1 ? blocks : 0,
               sppoi_add_partials(pass, block));
}

/* ---- what a caller sees ---- */

/* A public call checks what it was given, reads the batch, packs the weights
 * for the ways that it will go, and hands the schedule one way.  On failure it
 * ends before anything is computed, but for numbers that are not finite.    */

/* What all passes begin with: whether to stop, and whether the model fits.  The
 * activations may have been made for another model, if it is of the same shape
 * but for the head.                                                         */
static sppo_result sppoi_pass_begin(sppo_ctx *ctx, sppo_activations *acts,
                                    sppoi_pass *pass, const sppo_model *m,
                                    sppo_real *grad, const char *who)
{
    memset(pass, 0, sizeof *pass);
    pass->acts = acts;
    pass->m = m;
    pass->grad = grad;
    pass->count = m->count < acts->count ? m->count : acts->count;
    SPPOI_TRY(sppoi_go_on(ctx, who));
    return sppoi_same_trunk(ctx, &acts->config, &m->config, who);
}

/* A NaN or an infinity anywhere in the network ends in the log-probabilities:
 * so they are looked at, and nothing else.                                  */
SPPO_DEF sppo_result sppo_forward(sppo_ctx *ctx, sppo_activations *acts,
                                  const sppo_model *model,
                                  const sppo_forest *forest)
{
    sppoi_pass pass;
    int i;

    SPPOI_TRY(sppoi_pass_begin(ctx, acts, &pass, model, NULL, "sppo_forward"));
    SPPOI_TRY(sppoi_read_batch(ctx, acts, forest));
    sppoi_pack_pass(acts, model, SPPOI_FORWARD, SPPOI_BACKWARD);
    sppoi_schedule(&pass, sppoi_micro_fwd);
    for (i = 0; i < forest->tokens; i++)
        if (!sppoi_finite(acts->logprob[i]))
            return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_forward: log pi of "
                             "token %d of %d is not finite; the model is "
                             "damaged, or its training diverged", i + 1,
                             forest->tokens);
    return SPPO_OK;
}

/* Whether the forest is the one that was read last, as far as its size tells; a
 * caller who changes the forest between the two calls is not found out by more
 * than that.                                                                */
static int sppoi_is_read(const sppo_activations *acts,
                         const sppo_forest *forest)
{
    const sppo_micro_batch *last =
        &acts->micro_batch[sppoi_max(acts->micro_batches, 1) - 1];

    return acts->micro_batches > 0 &&
           forest->tokens == last->first_token + last->forest.tokens &&
           forest->segments == last->first_segment + last->forest.segments;
}

/* The micro-batches are those that sppo_forward cut, with what they kept. */
SPPO_DEF sppo_result sppo_backward(sppo_ctx *ctx, sppo_activations *acts,
                                   const sppo_model *model,
                                   const sppo_forest *forest,
                                   const double *d_logprob,
                                   const sppo_real *d_final, sppo_real *grad)
{
    sppoi_pass pass;

    if (acts->backward != SPPO_BACKWARD)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_backward: the "
                         "activations were not begun with SPPO_BACKWARD");
    SPPOI_TRY(sppoi_pass_begin(ctx, acts, &pass, model, grad, "sppo_backward"));
    if (!sppoi_is_read(acts, forest))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_backward: the forest is "
                         "not that of the last sppo_forward");
    if (d_logprob != acts->d_logprob)
        memcpy(acts->d_logprob, d_logprob,
               (size_t)forest->tokens * sizeof *d_logprob);
    pass.d_final = d_final;
    sppoi_pack_pass(acts, model, SPPOI_BACKWARD, SPPOI_WAYS);
    sppoi_schedule(&pass, sppoi_micro_bwd);
    return SPPO_OK;
}

/* A loss runs on any thread, so it returns its failure instead of saying it;
 * the first one in the order of the micro-batches is turned into a sentence
 * here, whichever came first in time.                                       */
SPPO_DEF sppo_result sppo_step(sppo_ctx *ctx, sppo_activations *acts,
                               const sppo_model *model,
                               const sppo_forest *forest, sppo_step_loss loss,
                               void *user, sppo_real *grad)
{
    sppoi_pass pass;
    int i;

    if (acts->backward == SPPO_FORWARD)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_step: the activations "
                         "were not begun with SPPO_STEP or SPPO_BACKWARD");
    if (model->count > acts->count)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_step: the activations "
                         "were begun for a model without this one's head");
    SPPOI_TRY(sppoi_pass_begin(ctx, acts, &pass, model, grad, "sppo_step"));
    SPPOI_TRY(sppoi_read_batch(ctx, acts, forest));
    pass.loss = loss;
    pass.user = user;
    memset(acts->d_logprob, 0,
           (size_t)forest->tokens * sizeof *acts->d_logprob);
    sppoi_pack_pass(acts, model, SPPOI_FORWARD, SPPOI_WAYS);
    sppoi_schedule(&pass, sppoi_micro_step);
    for (i = 0; i < acts->micro_batches; i++)
        if (acts->micro_batch[i].result != SPPO_OK)
            return sppo_fail(ctx, acts->micro_batch[i].result,
                             "sppo_step: the loss of segments %d to %d failed",
                             acts->micro_batch[i].first_segment,
                             acts->micro_batch[i].first_segment +
                                 acts->micro_batch[i].forest.segments - 1);
    return SPPO_OK;
}

/* Tokens that are predicted: not a root's first, which sees nothing.  Reading
 * the batch has counted them.                                               */
static int sppoi_scored_tokens(const sppo_activations *acts)
{
    int i, sum = 0;

    for (i = 0; i < acts->micro_batches; i++)
        sum += acts->micro_batch[i].scored_tokens;
    return sum;
}

/* [Net 18] loss = -sum over scored tokens of log pi(token | what it sees) /
 * divisor
 *
 * Its gradient in every logprob is -1 / divisor, which is known before the sum
 * is.                                                                       */
SPPO_DEF sppo_result sppo_next_token_loss(sppo_ctx *ctx, sppo_activations *acts,
                                          const sppo_model *model,
                                          const sppo_forest *forest,
                                          double divisor, sppo_real *grad,
                                          double *loss)
{
    sppoi_pass pass;
    double sum = 0.0;
    int i;

    if (grad && acts->backward == SPPO_FORWARD)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_next_token_loss: a "
                         "gradient needs activations begun with SPPO_STEP or "
                         "SPPO_BACKWARD, for backward passes");
    SPPOI_TRY(sppoi_pass_begin(ctx, acts, &pass, model, grad,
                               "sppo_next_token_loss"));
    SPPOI_TRY(sppoi_read_batch(ctx, acts, forest));
    if (divisor == 0.0)
        divisor = sppoi_max(sppoi_scored_tokens(acts), 1);
    for (i = 0; i < forest->tokens; i++)
        acts->d_logprob[i] = -1.0 / divisor;
    sppoi_pack_pass(acts, model, SPPOI_FORWARD,
                    grad ? SPPOI_WAYS : SPPOI_BACKWARD);
    sppoi_schedule(&pass, grad ? sppoi_micro_next_token : sppoi_micro_fwd);
    for (i = 0; i < forest->tokens; i++)
        sum -= acts->logprob[i];
    if (!(fabs(sum) < HUGE_VAL))
        return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_next_token_loss: the loss "
                         "is not finite; a smaller learning rate may help");
    *loss = sum / divisor;
    return SPPO_OK;
}

/* In the order of the tokens, in double: SPPO's targets are small differences
 * of such sums.                                                             */
static double sppoi_sum_logprobs(const double *logprob, const sppo_forest *f,
                                 int segment)
{
    double sum = 0.0;
    int i;

    for (i = f->start[segment]; i < f->start[segment + 1]; i++)
        sum += logprob[i];
    return sum;
}

/* Segments of a micro-batch count from its first. */
SPPO_DEF double sppo_micro_batch_logprob(const sppo_micro_batch *b, int segment)
{
    return sppoi_sum_logprobs(b->logprob, &b->forest, segment);
}

/* [Sec 3] The factorisation over tokens.
 *
 *   paper  pi(y|x) = prod_i pi(y_i|x, y_<i)
 *   here   log pi(y|x) = sum over the segment's tokens of acts->logprob
 *
 * A sum, not a mean: SPPO's targets are those of whole responses.           */
SPPO_DEF double sppo_segment_logprob(const sppo_activations *acts,
                                     const sppo_forest *forest, int segment)
{
    return sppoi_sum_logprobs(acts->logprob, forest, segment);
}

/* In double and plainly, for one row at a time: to look at, not to train by. */
SPPO_DEF void sppo_logits(const sppo_activations *acts,
                          const sppo_model *model, int row, double *logits)
{
    const int d = model->config.dim;
    const sppo_real *h = sppoi_row(acts->final, row, d);
    const sppo_real *w = sppoi_classifier(model, model->weights);
    int v, i;

    for (v = 0; v < model->config.vocab; v++) {
        logits[v] = 0.0;
        for (i = 0; i < d; i++)
            logits[v] += (double)h[i] * (double)sppoi_row(w, v, d)[i];
    }
}

/* ==== sampling with a cache ============ Alg 1.3 ============ >>sample.c == */

/* A response is drawn token by token: its last token goes through the network
 * as one row, whose logits give the next.  Attention needs the keys and values
 * of all tokens before; they are kept, for otherwise each token would cost a
 * pass over the whole text.  This is the key/value cache:
 *
 *     of a segment: [layer][keys, values][room / LANES][kv_heads]
 *     keys          [head_dim][LANES]           room: the prompt's length, or
 *     values        [LANES][head_dim]           max_new, in whole LANES
 *
 * A segment is a prompt or a response.  The cache is the forest again, grown by
 * one token per response and step: a prompt's keys and values are stored once
 * and seen by all its k responses.
 *
 * What one layer keeps of a segment is a kv_block.  Its tokens come LANES at a
 * time: of LANES keys the tokens lie side by side, of LANES values the channels
 * do, so that the scores of LANES keys are one vector, a weighted sum of values
 * is one too, and no sum runs across a vector.  All heads of a row go through
 * LANES tokens before the next come: the memory is then read from one end to
 * the other, at a rate that head after head does not reach.
 *
 * Continuous batching: a thread has some responses in flight, takes them all
 * through all layers for one token each, and gives the row of one that ended to
 * a response that waits.  Its tiles stay full, where a batch that is filled
 * once runs emptier and emptier until its longest response has ended.  A server
 * does this with requests that come when they like; here the prompts are known
 * and have been read before the first response is admitted, so that every one
 * has its room in the cache, and to admit the next is to raise a counter.  Each
 * thread has rows of its own: the cache of so few stays near, and no thread
 * waits for another.
 *
 * Weights too large for the processor's cache should be read seldom, however: a
 * thread then has its whole share in flight at once, or, where shares are
 * small, all responses are in flight together and the threads split the work
 * of a layer instead.
 *
 * A mixture takes two models through the same tokens.  A partner, which is a
 * sampler with the other model's cache and rows, goes with the first through
 * every step and lends it the logits that are mixed before the draw; it needs
 * no account of its own of what was drawn.  What the model draws alone comes
 * before, so that the rows in flight are never of two kinds, and only what is
 * mixed pays for two models.
 *
 * A row never meets another: neither company nor threads change its bits.   */
enum {
    SPPOI_IN_FLIGHT = 32,   // rows that are worth a thread's own reading
    SPPOI_CACHED = 1 << 21  // numbers, 8 MB of floats
};

/* In whole vectors of LANES. */
static int sppoi_whole_lanes(int n)
{
    return sppoi_round_up(n, SPPOI_LANES);
}

/* Where the arrays of a response lie in its row: those of a layer, named as in
 * the network, the logits, then the weights and order (int) of the draw.  They
 * are one row so that a product over n responses finds each of its inputs, and
 * leaves each of its outputs, at the same stride without copying.           */
typedef struct sppoi_row_at {
    int x, norm, qkv, att, gate_up, act, logits, weight, order, width;
} sppoi_row_at;

static sppoi_row_at sppoi_row_layout(const sppo_config *c)
{
    sppoi_row_at at;

    at.x = 0;
    at.norm = at.x + c->dim;
    at.qkv = at.norm + c->dim;
    at.att = at.qkv + sppoi_qkv_width(c);
    at.gate_up = at.att + sppoi_q_width(c);
    at.act = at.gate_up + 2 * c->hidden;
    at.logits = at.act + c->hidden;
    at.weight = at.logits + c->vocab;
    at.order = at.weight + c->vocab;
    at.width = sppoi_whole_lanes(at.order + c->vocab);
    return at;
}

/* Room for one head's scores: of the prompt's keys, then of the response's,
 * both in whole LANES because they are computed so.                         */
static int sppoi_keys_room(const sppo_sampler *s)
{
    return sppoi_whole_lanes(s->max_prompt_tokens)
         + sppoi_whole_lanes(s->max_new);
}

/* Numbers in the cache of one segment with room for `tokens`: keys and values
 * of all layers.                                                            */
static size_t sppoi_cache_size(const sppo_config *c, int tokens)
{
    return sppoi_size_product(
        sppoi_size_product((size_t)sppoi_whole_lanes(tokens),
                           (size_t)c->layers * 2), (size_t)sppoi_kv_width(c));
}

/* Called twice, as every layout is: to count the bytes, then to point into
 * them.  There are as many rows as responses, for all of them may have to be
 * in flight together.                                                       */
static void sppoi_sampler_layout(sppo_sampler *s, sppoi_arena *v)
{
    const sppo_config *c = &s->config;
    const size_t prompts = (size_t)s->max_prompts;
    const size_t rows = sppoi_size_product(prompts, (size_t)s->k);

    s->row_width = sppoi_row_layout(c).width;
    s->prompt_cache = sppoi_arena_reals(
        v, sppoi_size_product(prompts,
                              sppoi_cache_size(c, s->max_prompt_tokens)), 1);
    s->cache = sppoi_arena_reals(
        v, sppoi_size_product(rows, sppoi_cache_size(c, s->max_new)), 1);
    s->rows = sppoi_arena_reals(v, rows, s->row_width);
    s->score = sppoi_arena_reals(
        v, sppoi_size_product(rows, (size_t)c->heads), sppoi_keys_room(s));
    s->table = sppoi_arena_reals(
        v, (size_t)(s->max_prompt_tokens + s->max_new), c->head_dim);
    s->in_flight = (int *)sppoi_arena_alloc(v, rows, sizeof(int));
    s->length = (int *)sppoi_arena_alloc(v, rows, sizeof(int));
    s->token = (int *)sppoi_arena_alloc(
        v, sppoi_size_product(rows, (size_t)s->max_new), sizeof(int));
}

/* Neither a prompt nor a response is longer than the context, whatever is asked
 * for; the smaller sizes save memory.                                       */
static void sppoi_sampler_shape(sppo_sampler *s, const sppo_config *config,
                                int max_prompts, int k, int max_prompt_tokens,
                                int max_new)
{
    memset(s, 0, sizeof *s);
    s->config = *config;
    s->max_prompts = max_prompts;
    s->k = k;
    s->max_prompt_tokens = sppoi_min(max_prompt_tokens, config->context);
    s->max_new = sppoi_min(max_new, config->context);
}

/* What sppo_sampler_init takes, for one who plans ahead: the same layouts, with
 * no memory behind them.                                                    */
static size_t sppoi_sampler_bytes(const sppo_config *config, int max_prompts,
                                  int k, int max_prompt_tokens, int max_new)
{
    sppo_sampler s;
    sppoi_arena arena = { NULL, 0 };

    sppoi_sampler_shape(&s, config, max_prompts, k, max_prompt_tokens, max_new);
    sppoi_sampler_layout(&s, &arena);
    sppoi_activations_shape(&s.acts, config,
                            max_prompts * s.max_prompt_tokens, max_prompts,
                            s.max_prompt_tokens, SPPO_FORWARD, 1);
    sppoi_activations_layout(&s.acts, &arena);
    return arena.used;
}

/* Takes all memory that sampling needs: sppo_sample itself makes nothing grow
 * but the caller's lists.                                                   */
SPPO_DEF sppo_result sppo_sampler_init(sppo_ctx *ctx, sppo_sampler *sampler,
                                       const sppo_model *model,
                                       int max_prompts, int k,
                                       int max_prompt_tokens, int max_new)
{
    sppo_sampler fresh;
    sppoi_arena arena = { NULL, 0 };
    sppo_result result;

    if (max_prompts < 1 || k < 1 || max_prompt_tokens < 1 || max_new < 1 ||
        max_prompt_tokens > INT_MAX / max_prompts || k > INT_MAX / max_prompts)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_sampler_init: "
                         "max_prompts %d, k %d, max_prompt_tokens %d and "
                         "max_new %d must be positive and fit an int",
                         max_prompts, k, max_prompt_tokens, max_new);
    sppoi_sampler_shape(&fresh, &model->config, max_prompts, k,
                        max_prompt_tokens, max_new);
    sppoi_sampler_layout(&fresh, &arena);
    SPPOI_TRY(sppoi_block(ctx, "sppo_sampler_init", &arena, &fresh.block,
                          &fresh.block_size));
    sppoi_sampler_layout(&fresh, &arena);
    sppo_rope_table(fresh.table, fresh.max_prompt_tokens + fresh.max_new,
                    fresh.config.head_dim, fresh.config.rope_theta);
    result = sppoi_activations_begin(ctx, &fresh.acts, model,
                                     max_prompts * fresh.max_prompt_tokens,
                                     max_prompts, fresh.max_prompt_tokens,
                                     SPPO_FORWARD, 1);
    if (result == SPPO_OK)
        result = sppo_forest_init(ctx, &fresh.forest,
                                  max_prompts * fresh.max_prompt_tokens,
                                  max_prompts);
    if (result != SPPO_OK) {
        sppo_sampler_free(ctx, &fresh);
        return result;
    }
    *sampler = fresh;
    return SPPO_OK;
}

/* The partner's cache is of the same responses, so it takes this sampler's
 * account of them: which are in flight, how long they are, their tokens.    */
SPPO_DEF sppo_result sppo_sampler_mix(sppo_ctx *ctx, sppo_sampler *sampler,
                                      sppo_sampler *partner,
                                      const sppo_model *other, int mixed,
                                      double weight)
{
    sppo_sampler *s = sampler;

    SPPOI_TRY(sppoi_same_trunk(ctx, &s->config, &other->config,
                               "sppo_sampler_mix: the other model"));
    SPPOI_TRY(sppoi_same_trunk(ctx, &s->config, &partner->config,
                               "sppo_sampler_mix: the partner"));
    if (partner->max_prompts != s->max_prompts || partner->k != s->k ||
        partner->max_prompt_tokens != s->max_prompt_tokens ||
        partner->max_new != s->max_new)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_sampler_mix: the partner "
                         "was made for other sizes");
    if (mixed < 0 || mixed > s->k || !(weight >= 0.0 && weight <= 1.0))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_sampler_mix: mixed is %d "
                         "and weight %g; they must be 0 to k, %d, and 0 to 1",
                         mixed, weight, s->k);
    s->partner = partner;
    s->other = other;
    s->mixed = mixed;
    s->weight = (sppo_real)weight;
    partner->in_flight = s->in_flight;
    partner->length = s->length;
    partner->token = s->token;
    return SPPO_OK;
}

SPPO_DEF void sppo_sampler_free(sppo_ctx *ctx, sppo_sampler *sampler)
{
    sppo_activations_free(ctx, &sampler->acts);
    sppo_forest_free(ctx, &sampler->forest);
    sppo_release(ctx, sampler->block, sampler->block_size);
    memset(sampler, 0, sizeof *sampler);
}

/* ---- the key/value cache ---- */

/* A segment's keys and values in one layer, of which `used` tokens are there.
 * A pointer or two into the cache, made anew wherever it is needed: all blocks
 * of prompts have one size and all of responses another, so there is no index
 * to keep.                                                                  */
typedef struct sppoi_kv_block {
    sppo_real *keys, *values;
    int used;
} sppoi_kv_block;

static sppoi_kv_block sppoi_kv_block_view(const sppo_config *c,
                                          sppo_real *cache, int segment,
                                          int layer, int room, int used)
{
    const size_t numbers =
        (size_t)sppoi_whole_lanes(room) * (size_t)sppoi_kv_width(c);
    sppoi_kv_block kv;

    kv.keys = cache + (size_t)segment * sppoi_cache_size(c, room)
            + (size_t)layer * 2 * numbers;
    kv.values = kv.keys + numbers;
    kv.used = used;
    return kv;
}

/* Stores the last token's keys and values, which are parts of its row of qkv.
 * The first of LANES tokens clears the place of all: lanes that no token has
 * come to yet are computed with and thrown away, and must be numbers for that.
 */
static void sppoi_kv_block_store(const sppo_config *c, sppoi_kv_block kv,
                                 const sppo_real *qkv)
{
    const int d = c->head_dim, width = sppoi_kv_width(c);
    const int lane = (kv.used - 1) % SPPOI_LANES;
    const int first = kv.used - 1 - lane;  // of these LANES tokens
    const sppo_real *key = qkv + sppoi_q_width(c), *value = key + width;
    sppo_real *keys = sppoi_row_out(kv.keys, first, width);
    sppo_real *values = sppoi_row_out(kv.values, first, width);
    int g;

    if (lane == 0) {
        memset(keys, 0, (size_t)width * SPPOI_LANES * sizeof *keys);
        memset(values, 0, (size_t)width * SPPOI_LANES * sizeof *values);
    }
    sppoi_copy_channels(keys + lane, SPPOI_LANES, key, 1, width, 1);
    for (g = 0; g < c->kv_heads; g++)
        sppoi_copy_channels(values + (g * SPPOI_LANES + lane) * d, 1,
                            value + g * d, 1, d, 1);
}

/* All tokens of a prompt, in order, as if they had come one by one. */
static void sppoi_cache_prompt(const sppo_sampler *s, int layer,
                               const sppo_micro_batch *b, const sppo_real *qkv,
                               int segment)
{
    const sppo_config *c = &s->config;
    const int first = b->forest.start[segment];
    const int p = b->first_segment + segment;
    int i;

    for (i = first; i < b->forest.start[segment + 1]; i++)
        sppoi_kv_block_store(c,
                             sppoi_kv_block_view(c, s->prompt_cache, p, layer,
                                                 s->max_prompt_tokens,
                                                 i + 1 - first),
                             sppoi_row(qkv, i, sppoi_qkv_width(c)));
}

/* The prompts go through the network as any batch does; after each layer this
 * hook fills the cache from the micro-batch, whose qkv would otherwise be
 * forgotten.  Threads come with different prompts, so they need no lock.    */
static void sppoi_cache_prompts(void *user, int layer,
                                const sppo_micro_batch *b, const sppo_real *qkv)
{
    const sppo_sampler *s = (const sppo_sampler *)user;
    int i;

    SPPOI_EACH(SPPOI_FOR, i, b->forest.segments,
               sppoi_cache_prompt(s, layer, b, qkv, i));
}

/* score[j] = q . key_j for LANES keys, channel by channel, so that their sums
 * grow side by side.  Only the first n are tokens; the others get a score of
 * which the softmax makes 0.                                                */
static void sppoi_lane_scores(sppo_real *score, const sppo_real *q,
                              const sppo_real *keys, int n, int d)
{
    sppo_real lane[SPPOI_LANES] = { 0 };
    int c, i, j;

    for (c = 0; c + SPPOI_CHANNELS <= d; c += SPPOI_CHANNELS) {
        SPPOI_UNROLL
        for (i = 0; i < SPPOI_CHANNELS; i++, keys += SPPOI_LANES) {
            SPPOI_SIMD
            for (j = 0; j < SPPOI_LANES; j++)
                lane[j] = sppoi_muladd(q[c + i], keys[j], lane[j]);
        }
    }
    for (; c < d; c++, keys += SPPOI_LANES)
        for (j = 0; j < SPPOI_LANES; j++)
            lane[j] = sppoi_muladd(q[c], keys[j], lane[j]);
    SPPOI_SIMD
    for (j = 0; j < SPPOI_LANES; j++)
        score[j] = j < n ? lane[j] : (sppo_real)-1e30;
}

/* Scores of all heads, `room` apart.  Query heads that share a key head come
 * one after the other to its LANES keys, which are near then.               */
static void sppoi_kv_block_scores(const sppo_config *c, sppo_real *score,
                                  int room, const sppo_real *q,
                                  sppoi_kv_block kv)
{
    const int d = c->head_dim, sharing = c->heads / c->kv_heads;
    const sppo_real *keys = kv.keys;
    int from, g, h;

    for (from = 0; from < kv.used; from += SPPOI_LANES)
        for (g = 0; g < c->kv_heads; g++, keys += d * SPPOI_LANES)
            for (h = g * sharing; h < (g + 1) * sharing; h++)
                sppoi_lane_scores(sppoi_row_out(score, h, room) + from,
                                  q + h * d, keys, kv.used - from, d);
}

/* out[i] += sum_j p[j] values[j * d + i] for `width` channels i and n tokens, a
 * FEW of them at a time without asking how many are left: beyond n, p and the
 * values are 0.  `width` is known where this is inlined, which lets the sums
 * stay in registers.                                                        */
enum { SPPOI_FEW = 4 };

static SPPOI_INLINE void sppoi_lane_values(const int width, sppo_real *out,
                                           const sppo_real *p,
                                           const sppo_real *values, int n,
                                           int d)
{
    sppo_real sum[SPPOI_LANES];
    int i, j, k;

    SPPOI_SIMD
    for (i = 0; i < width; i++)
        sum[i] = out[i];
    for (j = 0; j < n; j += SPPOI_FEW) {
        SPPOI_UNROLL
        for (k = 0; k < SPPOI_FEW; k++, values += d) {
            SPPOI_SIMD
            for (i = 0; i < width; i++)
                sum[i] = sppoi_muladd(p[j + k], values[i], sum[i]);
        }
    }
    SPPOI_SIMD
    for (i = 0; i < width; i++)
        out[i] = sum[i];
}

/* The same for the d channels of one head, in the widest parts that fit. */
static void sppoi_head_values(sppo_real *out, const sppo_real *p,
                              const sppo_real *values, int n, int d)
{
    int c = 0;

    for (; c + SPPOI_LANES <= d; c += SPPOI_LANES)
        sppoi_lane_values(SPPOI_LANES, out + c, p, values + c, n, d);
    for (; c + SPPOI_CHANNELS <= d; c += SPPOI_CHANNELS)
        sppoi_lane_values(SPPOI_CHANNELS, out + c, p, values + c, n, d);
    for (; c < d; c++)
        sppoi_lane_values(1, out + c, p, values + c, n, d);
}

/* Adds what each head sees of the values, in the order of the scores. */
static void sppoi_kv_block_values(const sppo_config *c, sppo_real *out,
                                  const sppo_real *p, int room,
                                  sppoi_kv_block kv)
{
    const int d = c->head_dim, sharing = c->heads / c->kv_heads;
    const sppo_real *values = kv.values;
    int from, g, h;

    for (from = 0; from < kv.used; from += SPPOI_LANES)
        for (g = 0; g < c->kv_heads; g++, values += d * SPPOI_LANES)
            for (h = g * sharing; h < (g + 1) * sharing; h++)
                sppoi_head_values(out + h * d, sppoi_row(p, h, room) + from,
                                  values,
                                  sppoi_min(SPPOI_LANES, kv.used - from), d);
}

/* p[j] = exp(scale (score[j] - top)) in place, n in whole LANES; returns the
 * inverse of their sum.  Less the top, because exp of it then is 1: no score
 * is too large, and the sum is not 0.                                       */
static sppo_real sppoi_scores_softmax(sppo_real *score, int n, sppo_real scale)
{
    const sppo_real top = sppoi_largest(score, n);
    sppo_real lane[SPPOI_LANES] = { 0 };
    int from, j;

    for (from = 0; from < n; from += SPPOI_LANES) {
        sppo_real *x = score + from;

        SPPOI_SIMD
        for (j = 0; j < SPPOI_LANES; j++) {
            x[j] = sppoi_exp(scale * (x[j] - top));
            lane[j] += x[j];
        }
    }
    return 1 / sppoi_fold(lane);
}

/* [Net 11] for one row: its queries see all keys of the prompt and of its own
 * response, its own included.  There is no mask, for what comes later is not in
 * the cache yet; one softmax over the scores of both segments makes them one
 * text.                                                                     */
static void sppoi_attend_kv_blocks(const sppo_config *c, sppo_real *out,
                                   const sppo_real *q, sppo_real *score,
                                   int room, sppoi_kv_block prompt,
                                   sppoi_kv_block own)
{
    const int d = c->head_dim, before = sppoi_whole_lanes(prompt.used);
    const int n = before + sppoi_whole_lanes(own.used);
    const sppo_real scale = (sppo_real)(1.0 / sqrt((double)d));
    int h, i;

    sppoi_kv_block_scores(c, score, room, q, prompt);
    sppoi_kv_block_scores(c, score + before, room, q, own);
    for (i = 0; i < c->heads * d; i++)
        out[i] = 0;
    for (h = 0; h < c->heads; h++) {
        sppo_real *p = sppoi_row_out(score, h, room);
        const sppo_real inverse = sppoi_scores_softmax(p, n, scale);

        SPPOI_SIMD
        for (i = 0; i < n; i++)
            p[i] *= inverse;
    }
    sppoi_kv_block_values(c, out, score, room, prompt);
    sppoi_kv_block_values(c, out, score + before, room, own);
}

/* ---- one draw ---- */

/* Ties go to the lower id, so that a heap has one order. */
static int sppoi_heavier(const void *weight, int a, int b)
{
    const sppo_real *w = (const sppo_real *)weight;

    return w[a] != w[b] ? w[a] > w[b] : a < b;
}

/* Greedy decoding's token; ties to the lowest id. */
static int sppoi_first_equal(const sppo_real *x, int n, sppo_real value)
{
    int i = 0;

    while (i < n - 1 && x[i] != value)
        i++;
    return i;
}

/* Inverse transform sampling: the first of order[0 .. n) whose cumulative
 * weight passes mass uniform.  Weights need not sum to 1: mass is their sum. */
static int sppoi_pick(const sppo_real *weight, const int *order, int n,
                      double mass, double uniform)
{
    double sum = 0.0;
    int i, last = order[0];

    for (i = 0; i < n; i++) {
        sum += (double)weight[order[i]];
        if (weight[order[i]] > 0)
            last = order[i];  // rounding may leave the sum short of the mass
        if (sum > mass * uniform)
            break;
    }
    return last;
}

enum { SPPOI_DRAW_BLOCK = 64 };

/* The same over all n tokens in the order of their ids.  Whole blocks are
 * summed in lanes until the goal lies within one: a vocabulary is long, and
 * the additions of a single sum could not go side by side.                  */
static int sppoi_pick_any(const sppo_real *weight, int n, double mass,
                          double uniform)
{
    const double goal = mass * uniform;
    double sum = 0.0;
    int i;

    for (i = 0; i + SPPOI_DRAW_BLOCK < n; i += SPPOI_DRAW_BLOCK) {
        const double block = sppoi_sum(weight + i, SPPOI_DRAW_BLOCK);

        if (sum + block > goal)
            break;
        sum += block;
    }
    for (; i < n; i++) {
        sum += (double)weight[i];
        if (sum > goal)
            return i;
    }
    while (i > 1 && !(weight[i - 1] > 0))  // rounding left the sum short
        i--;
    return i - 1;
}

/* Softmax at a temperature, without its division: weights relative to the most
 * probable token, whose own is 1.  top-p (nucleus sampling) keeps the shortest
 * run of tokens, heaviest first, whose mass reaches top_p: a heap gives them
 * one by one, without sorting the vocabulary.                               */
static int sppoi_draw_token(const sppo_real *logits, int n,
                            const sppo_sampling *how, double uniform,
                            sppo_real *weight, int *order)
{
    const sppo_real top = sppoi_largest(logits, n);
    const sppo_real colder = (sppo_real)(1.0 / how->temperature);
    double total, mass = 0.0;
    int i, left = n;

    SPPOI_SIMD
    for (i = 0; i < n; i++)
        weight[i] = sppoi_exp((logits[i] - top) * colder);
    total = sppoi_sum(weight, n);
    if (!(total > 0.0 && total < HUGE_VAL))
        return -1;
    if (how->greedy)
        return sppoi_first_equal(logits, n, top);
    if (how->top_p >= 1.0)
        return sppoi_pick_any(weight, n, total, uniform);
    for (i = 0; i < n; i++)
        order[i] = i;
    sppoi_heapify(order, n, sppoi_heavier, weight);
    while (left > 0 && mass < how->top_p * total)  // at the end: those popped
        mass += (double)weight[sppoi_heap_pop(order, left--, sppoi_heavier,
                                              weight)];
    sppoi_reverse(order + left, n - left);
    return sppoi_pick(weight, order + left, n - left, mass, uniform);
}

/* ---- one token of every response in flight ---- */

/* Turns row r's queries and key by the token's position, stores its key and
 * value, then attends: the token sees itself, so storing comes first.       */
static void sppoi_decode_attention(sppo_sampler *s, const sppoi_row_at *at,
                                   int r, int layer)
{
    const sppo_config *c = &s->config;
    const int response = s->in_flight[r], p = response / s->k;
    const int n = s->forest.start[p + 1] - s->forest.start[p];
    const int used = s->length[response];  // with the token in this row
    const int room = sppoi_keys_room(s);
    sppo_real *row = sppoi_row_out(s->rows, r, s->row_width);
    const sppoi_kv_block prompt = sppoi_kv_block_view(
        c, s->prompt_cache, p, layer, s->max_prompt_tokens, n);
    const sppoi_kv_block own =
        sppoi_kv_block_view(c, s->cache, response, layer, s->max_new, used);

    sppoi_rope_row(row + at->qkv,
                   sppoi_row(s->table, n + used - 1, c->head_dim),
                   c->heads + c->kv_heads, c->head_dim, 1);
    sppoi_kv_block_store(c, own, row + at->qkv);
    sppoi_attend_kv_blocks(c, row + at->att, row + at->qkv,
                           sppoi_row_out(s->score, r * c->heads, room), room,
                           prompt, own);
}

/* Norms of n rows, whose arrays are row_width apart. */
static void sppoi_decode_norm(const sppo_sampler *s, sppo_real *rows,
                              const sppoi_row_at *at, const sppo_real *gain,
                              int n)
{
    const sppo_config *c = &s->config;
    int r;

    for (r = 0; r < n; r++) {
        sppo_real *row = sppoi_row_out(rows, r, s->row_width);

        sppoi_rmsnorm_row(row + at->norm, row + at->x, gain, c->dim,
                          c->norm_eps);
    }
}

/* Rows [from, to) through layer l, in place: [Net 14] once more, for rows that
 * lie in no micro-batch.  For a thread on rows of its own SPPOI_EACH is a plain
 * loop; where all responses are in flight together, the threads share it.   */
static void sppoi_decode_layer(sppo_sampler *s, const sppo_model *m,
                               const sppoi_row_at *at, int l, int from, int to)
{
    const sppo_config *c = &s->config;
    const sppoi_layer w = sppoi_layer_view(m, m->weights, l);
    const sppoi_panels *p = &s->acts.panels[SPPOI_FORWARD][l];
    const int n = to - from, d = c->dim, ld = s->row_width;
    sppo_real *rows = sppoi_row_out(s->rows, from, ld);
    int r;

    sppoi_decode_norm(s, rows, at, w.norm1, n);
    sppoi_rows_product(rows + at->qkv, rows + at->norm, p->qkv, n,
                       sppoi_qkv_width(c), d, ld, 0);
    SPPOI_EACH(SPPOI_FOR, r, n, sppoi_decode_attention(s, at, from + r, l));
    sppoi_rows_product(rows + at->x, rows + at->att, p->o, n, d,
                       sppoi_q_width(c), ld, 1);
    sppoi_decode_norm(s, rows, at, w.norm2, n);
    sppoi_rows_product(rows + at->gate_up, rows + at->norm, p->gate_up, n,
                       2 * c->hidden, d, ld, 0);
    SPPOI_EACH(SPPOI_FOR, r, n,
               sppoi_swiglu_row(sppoi_row_out(rows, r, ld) + at->act,
                                sppoi_row(rows, r, ld) + at->gate_up,
                                c->hidden));
    sppoi_rows_product(rows + at->x, rows + at->act, p->down, n, d, c->hidden,
                       ld, 1);
}

/* The tokens of a response, s->length[response] of them so far. */
static int *sppoi_drawn(const sppo_sampler *s, int response)
{
    return s->token + (size_t)response * (size_t)s->max_new;
}

/* Draws a response's next token from the logits in a row.  The random number
 * belongs to prompt, response and token, whoever draws it and whenever: so
 * neither threads nor the order of admission change a response.             */
static void sppoi_draw(sppo_sampler *s, const sppoi_row_at *at, sppo_real *row,
                       int response, const sppo_sampling *how, uint64_t key)
{
    const int n = s->length[response];
    const uint64_t own = sppo_random_fork(key, (uint64_t)(response % s->k));

    sppoi_drawn(s, response)[n] = sppoi_draw_token(
        row + at->logits, s->config.vocab, how,
        sppo_random_uniform(own, (uint64_t)n), row + at->weight,
        (int *)(void *)(row + at->order));
    s->length[response] = n + 1;
}

/* Logits of n rows whose final states are in norm: all rows at once, for the
 * classifier is often the largest of the products.                          */
static void sppoi_decode_logits(const sppo_sampler *s, const sppoi_row_at *at,
                                sppo_real *rows, int n)
{
    const sppo_config *c = &s->config;

    sppoi_rows_product(rows + at->logits, rows + at->norm,
                       s->acts.classifier[SPPOI_FORWARD], n, c->vocab, c->dim,
                       s->row_width, 0);
}

/* [NLHF 2] The logits of rows [from, to) become those of the mixture: they are
 * log-probabilities but for a constant, which a softmax does not see.       */
static void sppoi_mix_logits(sppo_sampler *s, const sppoi_row_at *at, int from,
                             int to)
{
    const sppo_real weight = s->weight;
    int r, i;

    for (r = from; r < to; r++) {
        sppo_real *own = sppoi_row_out(s->rows, r, s->row_width) + at->logits;
        const sppo_real *other =
            sppoi_row(s->partner->rows, r, s->row_width) + at->logits;

        SPPOI_SIMD
        for (i = 0; i < s->config.vocab; i++)
            own[i] = (1 - weight) * own[i] + weight * other[i];
    }
}

/* Of every prompt's responses those that are drawn in the same way, of which
 * the others wait for a row.  Threads that sample together share it.        */
typedef struct sppoi_waiting {
    sppo_ctx *ctx;
    int from, to; // these of a prompt's k responses
    int mixing;   // 1: from the mixture with the partner's model
    int next;     // the first that waits; they wait in order, to the last
    int stopped;  // 1: ctx->stop asked
} sppoi_waiting;

/* The first token of each of prompt p's responses, all from one row. */
static void sppoi_draw_first(sppo_sampler *s, const sppoi_row_at *at,
                             const sppo_sampling *how, const uint64_t *key,
                             const sppoi_waiting *waiting, int p)
{
    int r;

    for (r = p * s->k + waiting->from; r < p * s->k + waiting->to; r++) {
        s->length[r] = 0;
        sppoi_draw(s, at, sppoi_row_out(s->rows, p, s->row_width), r, how,
                   key[p]);
    }
}

/* Logits that follow a prompt's last token, which the pass over the prompts has
 * already been through; row p lends its place to prompt p's, before any
 * response has a row.                                                       */
static void sppoi_prompt_logits(sppo_sampler *s, const sppoi_row_at *at)
{
    const int n = s->forest.segments, d = s->config.dim;
    int p;

    for (p = 0; p < n; p++)
        memcpy(sppoi_row_out(s->rows, p, s->row_width) + at->norm,
               sppoi_row(s->acts.final, s->forest.start[p + 1] - 1, d),
               (size_t)d * sizeof(sppo_real));
    sppoi_decode_logits(s, at, s->rows, n);
}

/* The first tokens of all, for which no row has to go through the network. */
static void sppoi_first_tokens(sppo_sampler *s, const sppoi_row_at *at,
                               const sppo_sampling *how, const uint64_t *key,
                               const sppoi_waiting *waiting)
{
    const int n = s->forest.segments;
    int p;

    sppoi_prompt_logits(s, at);
    if (waiting->mixing) {
        sppoi_prompt_logits(s->partner, at);
        sppoi_mix_logits(s, at, 0, n);
    }
    SPPOI_EACH(SPPOI_FOR, p, n, sppoi_draw_first(s, at, how, key, waiting, p));
}

/* Rows [from, to) through the network: their last tokens in, logits out. */
static void sppoi_decode_fwd(sppo_sampler *s, const sppo_model *m,
                             const sppoi_row_at *at, int from, int to)
{
    const int ld = s->row_width, n = to - from;
    sppo_real *rows = sppoi_row_out(s->rows, from, ld);
    int l, r;

    for (r = 0; r < n; r++) {
        const int response = s->in_flight[from + r];

        sppoi_embed(sppoi_row_out(rows, r, ld) + at->x, m,
                    sppoi_drawn(s, response) + s->length[response] - 1, 1);
    }
    for (l = 0; l < s->config.layers; l++)
        sppoi_decode_layer(s, m, at, l, from, to);
    sppoi_decode_norm(s, rows, at, sppoi_final_norm(m, m->weights), n);
    sppoi_decode_logits(s, at, rows, n);
}

/* One step of rows [from, to): their last tokens in, their next tokens out.  In
 * a mixture both models read what was drawn, which neither would have drawn
 * alone: so both caches are of the one text.                                */
static void sppoi_decode_rows(sppo_sampler *s, const sppo_model *m,
                              const sppoi_row_at *at, int from, int to,
                              const sppo_sampling *how, const uint64_t *key,
                              int mixing)
{
    const int n = to - from;
    int r;

    sppoi_decode_fwd(s, m, at, from, to);
    if (mixing) {
        sppoi_decode_fwd(s->partner, s->other, at, from, to);
        sppoi_mix_logits(s, at, from, to);
    }
    SPPOI_EACH(SPPOI_FOR, r, n,
               sppoi_draw(s, at, sppoi_row_out(s->rows, from + r, s->row_width),
                          s->in_flight[from + r], how,
                          key[s->in_flight[from + r] / s->k]));
}

/* A response goes on until a token ends it or is none (logits that are not
 * numbers: sppoi_take_response reports them), or there is no more room.     */
static int sppoi_unfinished(const sppo_sampler *s, int response)
{
    const int p = response / s->k, n = s->length[response];
    const int prompt = s->forest.start[p + 1] - s->forest.start[p];
    const int last = sppoi_drawn(s, response)[n - 1];

    return last >= 0 && !sppo_config_ends(&s->config, last) &&
           n < s->limit && prompt + n < s->config.context;
}

/* Rows [from, to) close up over those that ended; returns their new end.  Only
 * the numbers of responses move: what a row holds is made anew each step, and
 * what lasts, tokens and cache, belongs to the response.                    */
static int sppoi_close_up(sppo_sampler *s, int from, int to)
{
    int r, end = from;

    for (r = from; r < to; r++)
        if (sppoi_unfinished(s, s->in_flight[r]))
            s->in_flight[end++] = s->in_flight[r];
    return end;
}

/* ---- continuous batching ---- */

/* Once a step and thread.  The caller's function is never called by two threads
 * at once, and not again after it has said yes.                             */
static int sppoi_is_stopped(sppoi_waiting *waiting)
{
    int stopped = 0;

    if (!waiting->ctx->stop)
        return 0;
    SPPOI_ONE_AT_A_TIME
    {
        if (!waiting->stopped)
            waiting->stopped = waiting->ctx->stop(waiting->ctx->stop_user) != 0;
        stopped = waiting->stopped;
    }
    return stopped;
}

/* Gives the free rows [r, to) to responses that wait; returns where the rows in
 * flight now end.  A response that its first token ended needs no row, so one
 * round may not fill them all.                                              */
static int sppoi_admit(sppo_sampler *s, sppoi_waiting *waiting, int r, int to)
{
    const int each = waiting->to - waiting->from;
    const int all = s->forest.segments * each;

    while (r < to) {
        int first, end;

        SPPOI_ONE_AT_A_TIME
        {
            first = waiting->next;
            end = first + sppoi_min(to - r, all - first);
            waiting->next = end;
        }
        if (first == end)
            break;
        for (; first < end; first++) {
            const int response = first / each * s->k + waiting->from +
                                 first % each;

            if (sppoi_unfinished(s, response))
                s->in_flight[r++] = response;
        }
    }
    return r;
}

/* One thread's work: rows [from, to), which are its own, filled, taken a token
 * further and closed up, until nothing waits and nothing is in flight.      */
static void sppoi_sample_rows(sppo_sampler *s, const sppo_model *m,
                              const sppoi_row_at *at, int from, int to,
                              const sppo_sampling *how, const uint64_t *key,
                              sppoi_waiting *waiting)
{
    int end = from;

    while (!sppoi_is_stopped(waiting) &&
           (end = sppoi_admit(s, waiting, end, to)) > from) {
        sppoi_decode_rows(s, m, at, from, end, how, key, waiting->mixing);
        end = sppoi_close_up(s, from, end);
    }
}

/* How many responses a thread has in flight.  All of them together when the
 * weights are far and shares small; otherwise equal shares, in as many turns
 * as leave IN_FLIGHT or more, for the cache of so few stays near.  Whole tiles,
 * because a tile costs the same when it is half full.                       */
static int sppoi_rows_in_flight(const sppo_sampler *s, int all, int threads)
{
    const int share = (all + threads - 1) / threads;
    const int distant = s->acts.count > SPPOI_CACHED;
    const int turns = distant ? 1 : sppoi_max(1, share / SPPOI_IN_FLIGHT);

    if (distant && share < SPPOI_IN_FLIGHT)
        return all;
    return sppoi_min(all, sppoi_round_up((share + turns - 1) / turns,
                                         SPPOI_MR));
}

/* The responses that are drawn in this way, by each thread in rows of its own.
 */
static void sppoi_sample_waiting(sppo_sampler *s, const sppo_model *m,
                                 const sppo_sampling *how, const uint64_t *key,
                                 sppoi_waiting *waiting)
{
    const sppoi_row_at at = sppoi_row_layout(&s->config);
    const int all = s->forest.segments * (waiting->to - waiting->from);
    const int most = sppoi_works_alone() ? 1 : sppoi_max_threads();
    const int each = sppoi_rows_in_flight(s, all, most);
    const int threads = sppoi_min(most, (all + each - 1) / each);
    int t;

    sppoi_first_tokens(s, &at, how, key, waiting);
    SPPOI_EACH(SPPOI_TASKS, t, threads,
               sppoi_sample_rows(s, m, &at, t * each,
                                 sppoi_min((t + 1) * each, all), how, key,
                                 waiting));
}

/* The prompts pass through the network, all of them, and fill its cache: what
 * any of their responses will see of them.                                  */
static sppo_result sppoi_read_prompts(sppo_ctx *ctx, sppo_sampler *s,
                                      const sppo_model *m)
{
    sppoi_pass pass;

    SPPOI_TRY(sppoi_pass_begin(ctx, &s->acts, &pass, m, NULL, "sppo_sample"));
    s->acts.on_layer = sppoi_cache_prompts;
    s->acts.hook_user = s;
    sppoi_schedule(&pass, sppoi_trunk_fwd);
    return SPPO_OK;
}

/* The responses to the prompts in s->forest; key[p] is prompt p's stream of
 * random numbers.  First what the model alone draws, then the mixture, for
 * which the prompts are read once more, by the other model.                 */
static sppo_result sppoi_sample_prompts(sppo_ctx *ctx, sppo_sampler *s,
                                        const sppo_model *m,
                                        const sppo_sampling *how,
                                        const uint64_t *key)
{
    const int drawn = s->k - (s->given != NULL), own = drawn - s->mixed;
    sppoi_waiting waiting = { ctx, 0, own, 0, 0, 0 };

    SPPOI_TRY(sppoi_read_prompts(ctx, s, m));
    if (own)
        sppoi_sample_waiting(s, m, how, key, &waiting);
    if (s->mixed && !waiting.stopped) {
        const sppoi_waiting mixed = { ctx, own, drawn, 1, 0, 0 };

        waiting = mixed;
        SPPOI_TRY(sppoi_read_prompts(ctx, s->partner, s->other));
        sppoi_sample_waiting(s, m, how, key, &waiting);
    }
    return !waiting.stopped ? SPPO_OK
                            : sppo_fail(ctx, SPPO_E_STOPPED, "sppo_sample: "
                                        "stopped, as ctx->stop asked");
}

/* At a temperature below this 1 / temperature may be no number any more. */
#define SPPOI_COLDEST 1e-30

#define SPPOI_SAMPLING(name, type, least, most, zero, must)               \
    { SPPOI_FIELD(sppo_sampling, name), type, least, most, zero, must, 0, \
      NULL, 0 }

static const sppoi_field sppoi_sampling_fields[] = {
    SPPOI_SAMPLING(temperature, SPPOI_NUMBER, SPPOI_COLDEST, DBL_MAX, 1,
                   "positive, at least 1e-30 (for the most probable tokens "
                   "set greedy)"),
    SPPOI_SAMPLING(top_p, SPPOI_NUMBER, SPPOI_POSITIVE, 1, 1,
                   "above 0 and at most 1"),
    SPPOI_SAMPLING(greedy, SPPOI_FLAG, 0, 1, 0, NULL),
    SPPOI_SAMPLING(max_tokens, SPPOI_WHOLE, 1, INT_MAX, 64, "at least 1"),
    SPPOI_NO_FIELD
};

static sppo_result sppoi_sampling_resolve(sppo_ctx *ctx, sppo_sampling *how,
                                          const char *who)
{
    sppoi_defaults(sppoi_sampling_fields, how);
    return sppoi_check_fields(ctx, who, sppoi_sampling_fields, how, 0);
}

/* The same draw, for a caller with logits of his own. */
SPPO_DEF int sppo_sample_token(const sppo_real *logits, int n,
                               const sppo_sampling *sampling, double uniform,
                               sppo_real *weight, int *order)
{
    sppo_sampling how = *sampling;

    sppoi_defaults(sppoi_sampling_fields, &how);
    return how.temperature >= SPPOI_COLDEST
               ? sppoi_draw_token(logits, n, &how, uniform, weight, order)
               : -1;
}

/* Prompts [first, first + n) into the sampler's forest, a segment each.  One as
 * long as the context would leave no room for a token.                      */
static sppo_result sppoi_load_prompts(sppo_ctx *ctx, sppo_sampler *s,
                                      const sppo_lists *prompts, int first,
                                      int n)
{
    int p;

    sppo_forest_clear(&s->forest);
    for (p = first; p < first + n; p++) {
        const int length = sppo_lists_length(prompts, p);

        if (length < 1 || length > s->max_prompt_tokens ||
            length >= s->config.context)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_sample: prompt %d of "
                             "%d has %d tokens; it must have 1 to %d, and "
                             "fewer than the context of %d", p + 1,
                             prompts->count, length, s->max_prompt_tokens,
                             s->config.context);
        sppoi_forest_add_list(&s->forest, -1, prompts, p, 0);
    }
    return sppoi_read_batch(ctx, &s->acts, &s->forest);
}

/* Response r to the end of the caller's lists, where `first` is the number of
 * response 0's prompt.  What was given for it is taken as it is.            */
static sppo_result sppoi_take_response(sppo_ctx *ctx, const sppo_sampler *s,
                                       int first, int r, sppo_lists *responses)
{
    const int *token = sppoi_drawn(s, r), given = first + r / s->k;

    if (s->given && r % s->k == s->k - 1)
        return sppo_lists_add(ctx, responses,
                              sppo_lists_tokens(s->given, given),
                              sppo_lists_length(s->given, given));
    if (token[s->length[r] - 1] < 0)
        return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_sample: the model's logits "
                         "are not finite; its weights are damaged");
    return sppo_lists_add(ctx, responses, token, s->length[r]);
}

/* max_prompts at a time, so that memory does not grow with count; the weights,
 * which stay as they are, are packed once for all.                          */
SPPO_DEF sppo_result sppo_sample(sppo_ctx *ctx, sppo_sampler *sampler,
                                 const sppo_model *model,
                                 const sppo_lists *prompts, int first,
                                 int count, const sppo_sampling *sampling,
                                 uint64_t key, sppo_lists *responses)
{
    uint64_t keys[64];
    const int at_once = sppoi_min(sampler->max_prompts, 64);  // keys' room
    sppo_sampling how = *sampling;
    const int before = responses->count;
    sppo_result result = SPPO_OK;
    int done, p, r;

    if (first < 0 || count < 0 || first > prompts->count - count)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_sample: first %d and "
                         "count %d do not lie within the %d prompts", first,
                         count, prompts->count);
    if (sampler->given && (first > sampler->given->count - count ||
                           sampler->mixed == sampler->k))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_sample: given has %d "
                         "lists, and %d of %d responses are mixed; there must "
                         "be one for each prompt, and room for it",
                         sampler->given->count, sampler->mixed, sampler->k);
    SPPOI_TRY(sppoi_same_trunk(ctx, &sampler->config, &model->config,
                               "sppo_sample"));
    SPPOI_TRY(sppoi_sampling_resolve(ctx, &how, "sppo_sample"));
    sampler->limit = sppoi_min(how.max_tokens, sampler->max_new);
    sppoi_pack_pass(&sampler->acts, model, SPPOI_FORWARD, SPPOI_BACKWARD);
    if (sampler->mixed)
        sppoi_pack_pass(&sampler->partner->acts, sampler->other, SPPOI_FORWARD,
                        SPPOI_BACKWARD);
    for (done = 0; done < count && result == SPPO_OK; done += at_once) {
        const int n = sppoi_min(at_once, count - done);

        result = sppoi_load_prompts(ctx, sampler, prompts, first + done, n);
        if (result == SPPO_OK && sampler->mixed)
            result = sppoi_load_prompts(ctx, sampler->partner, prompts,
                                        first + done, n);
        if (result != SPPO_OK)
            break;
        for (p = 0; p < n; p++)
            keys[p] = sppo_random_fork(key, (uint64_t)(first + done + p));
        result = sppoi_sample_prompts(ctx, sampler, model, &how, keys);
        for (r = 0; r < n * sampler->k && result == SPPO_OK; r++)
            result = sppoi_take_response(ctx, sampler, first + done, r,
                                         responses);
    }
    if (result != SPPO_OK)
        responses->count = before;  // all or nothing
    return result;
}

/* ==== the preference model ================================== >>prefer.c == */

/* A prompt x and its k responses are judged in one pass over one tree, whose
 * shape is the head's (>>heads); here for k = 3:
 *
 *     scalar, embed       pair: y1 and y2 again after y0, and so on
 *
 *     x ---- y0           x ---- y0 ---- y1
 *       |                   |       `--- y2
 *       |--- y1             |--- y1 ---- y0
 *       |                   |       `--- y2
 *       `--- y2             `--- y2 ---- y0
 *                                   `--- y1
 *
 * Whatever two responses have in common, the prompt, and for `pair` the first
 * response, goes through the network once.  As many trees as fit are one pass.
 *
 * Training is logistic regression of s(0, 1) on the labels, through the same
 * trees with k = 2: a labelled pair is a row, a row is a tree, and the gradient
 * of its score goes back into the final states and log-probabilities that the
 * head read.                                                                */

/* Numbers that a response by itself is encoded as, at the most: its reward and
 * an embedding.                                                             */
static int sppoi_encoding_width(const sppo_model *m)
{
    return 1 + m->config.embed_dim;
}

/* Segments of a prompt with its k responses. */
static int sppoi_pref_segments(const sppo_model *m, int k)
{
    return 1 + k * sppo_head_readings(m->config.head, k);
}

/* Each row of a training pass has room of its own for what its responses are
 * encoded as, two responses and as much for their gradients, since threads come
 * with different rows.  A row has three tokens or more (a prompt, a response
 * and another), so there are not more rows than a third of the tokens.      */
static void sppoi_pref_layout(sppo_pref *pref, sppoi_arena *v)
{
    const size_t rows = (size_t)pref->forest.max_tokens / 3 + 1;
    const size_t each = (size_t)sppoi_encoding_width(pref->model);
    const size_t room = pref->acts.backward ? 4 * rows : 4;

    pref->term = (double *)sppoi_arena_alloc(v, rows, sizeof(double));
    pref->encoded = (double *)sppoi_arena_alloc(
        v, sppoi_larger(room, (size_t)pref->max_k), each * sizeof(double));
}

/* Tokens of the largest tree that there can be, by which micro-batches are cut:
 * k responses of whole contexts.  A double, for the product may be no int.  */
static int sppoi_pref_tree(const sppo_model *m, int max_tokens, int k)
{
    const double tokens = (double)m->config.context
                        * sppoi_pref_segments(m, k);

    return tokens < max_tokens ? (int)tokens : max_tokens;
}

SPPO_DEF sppo_result sppo_pref_init(sppo_ctx *ctx, sppo_pref *pref,
                                    const sppo_model *model, int max_tokens,
                                    int max_k, int backward)
{
    sppo_pref fresh;
    sppoi_arena arena = { NULL, 0 };
    sppo_result result;

    memset(&fresh, 0, sizeof fresh);
    if (!sppoi_heads[model->config.head].score)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref_init: the model has "
                         "no preference head; sppo_model_clone gives it one");
    if (max_k < 2)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref_init: max_k is %d; a "
                         "preference is between at least 2", max_k);
    fresh.model = model;
    fresh.max_k = max_k;
    result = sppo_forest_init(ctx, &fresh.forest, max_tokens, max_tokens);
    if (result == SPPO_OK)
        result = sppo_activations_init(ctx, &fresh.acts, model, max_tokens,
                                       max_tokens,
                                       sppoi_pref_tree(model, max_tokens,
                                                       max_k),
                                       backward ? SPPO_STEP : SPPO_FORWARD);
    if (result == SPPO_OK) {
        sppoi_pref_layout(&fresh, &arena);
        result = sppoi_block(ctx, "sppo_pref_init", &arena, &fresh.block,
                             &fresh.block_size);
    }
    if (result != SPPO_OK) {
        sppo_pref_free(ctx, &fresh);
        return result;
    }
    sppoi_pref_layout(&fresh, &arena);
    *pref = fresh;
    return SPPO_OK;
}

SPPO_DEF void sppo_pref_free(sppo_ctx *ctx, sppo_pref *pref)
{
    sppo_activations_free(ctx, &pref->acts);
    sppo_forest_free(ctx, &pref->forest);
    sppo_release(ctx, pref->block, pref->block_size);
    memset(pref, 0, sizeof *pref);
}

SPPO_DEF int sppo_pref_tokens(const sppo_pref *pref, int prompt_length,
                              const int *length, int k)
{
    const int readings = sppo_head_readings(pref->model->config.head, k);
    long long sum = prompt_length;
    int i;

    for (i = 0; i < k && sum < INT_MAX; i++)
        sum += (long long)readings * length[i];
    return sum < INT_MAX ? (int)sum : INT_MAX;
}

/* Adds the tree of one prompt and its responses y_0 .. y_{k-1} (lists from
 * `first` on) to the forest, in the order that sppoi_alone and sppoi_after
 * count on: the prompt, then each response with those that are read after it.
 * Returns 0, and leaves the forest as it was, when the tree does not fit.   */
static int sppoi_pref_add(sppo_pref *pref, const sppo_lists *prompts, int x,
                          const sppo_lists *responses, int first, int k)
{
    sppo_forest *f = &pref->forest;
    const int tokens = f->tokens, segments = f->segments;
    const int cross = sppoi_heads[pref->model->config.head].cross;
    const int root = sppoi_forest_add_list(f, -1, prompts, x, 0);
    int last = root, i, j;

    for (i = 0; i < k && last >= 0; i++) {
        const int a = sppoi_forest_add_list(f, root, responses, first + i, 1);

        last = a;
        for (j = 0; j < k && cross && last >= 0; j++)
            if (j != i)
                last = sppoi_forest_add_list(f, a, responses, first + j, 1);
    }
    if (last < 0) {
        f->tokens = tokens;
        f->segments = segments;
    }
    return last >= 0;
}

/* Fills the forest with prompts row[from], row[from + 1], ... while they fit
 * (row NULL: first + from, ...); their responses are lists at k * row, or at
 * k * from.  Returns how many: one at least, as sppoi_pref_row has seen.    */
static int sppoi_pref_fill_pass(sppo_pref *pref, const sppo_lists *prompts,
                                const sppo_lists *responses, int k,
                                const int *row, int first, int from, int to)
{
    int j;

    sppo_forest_clear(&pref->forest);
    for (j = from; j < to; j++) {
        const int x = row ? row[j] : first + j, y = (row ? row[j] : j) * k;

        if (!sppoi_pref_add(pref, prompts, x, responses, y, k))
            break;
    }
    return j - from;
}

/* A token outside the vocabulary would read outside the embedding. */
static sppo_result sppoi_check_list(sppo_ctx *ctx, const char *who, int vocab,
                                    const sppo_lists *lists, int list,
                                    const char *what)
{
    const int *token = sppo_lists_tokens(lists, list);
    const int n = sppo_lists_length(lists, list);
    int i;

    for (i = 0; i < n; i++)
        if (token[i] < 0 || token[i] >= vocab)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "%s: token %d of %s %d is "
                             "%d, outside the vocabulary of %d", who, i + 1,
                             what, list + 1, token[i], vocab);
    return SPPO_OK;
}

static sppo_result sppoi_pref_list(sppo_ctx *ctx, const sppo_pref *pref,
                                   const sppo_lists *lists, int list,
                                   const char *what)
{
    if (sppo_lists_length(lists, list) < 1)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref: %s %d is empty",
                         what, list + 1);
    return sppoi_check_list(ctx, "sppo_pref", pref->model->config.vocab, lists,
                            list, what);
}

/* Row `row` of prompts, with responses k * (row - first) .., exists and can be
 * read.  Looked at for all rows before the first pass, because a later one
 * that failed would leave outputs half written.  The longest text is the prompt
 * with the longest response, or with the two longest when one follows another.
 */
static sppo_result sppoi_pref_row(sppo_ctx *ctx, const sppo_pref *pref,
                                  const sppo_lists *prompts,
                                  const sppo_lists *responses, int k,
                                  int first, int row)
{
    const int readings = sppo_head_readings(pref->model->config.head, k);
    const int context = pref->model->config.context;
    long long tokens = 0;  // that judging the row takes
    int longest = 0, second = 0, i;

    if (first < 0 || row < first || row >= prompts->count ||
        row - first >= responses->count / k)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref: prompt %d with its "
                         "%d responses is not among the %d prompts and %d "
                         "responses (which begin with prompt %d)", row + 1, k,
                         prompts->count, responses->count, first + 1);
    SPPOI_TRY(sppoi_pref_list(ctx, pref, prompts, row, "prompt"));
    for (i = 0; i < k; i++) {
        const int at = (row - first) * k + i;
        const int n = sppo_lists_length(responses, at);

        SPPOI_TRY(sppoi_pref_list(ctx, pref, responses, at, "response"));
        second = sppoi_max(second, sppoi_min(longest, n));
        longest = sppoi_max(longest, n);
        tokens += (long long)n * readings;
    }
    i = sppo_lists_length(prompts, row);
    if (tokens + i > pref->forest.max_tokens)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref: prompt %d with its "
                         "%d responses takes %lld tokens; sppo_pref_init was "
                         "given %d", row + 1, k, tokens + i,
                         pref->forest.max_tokens);
    if (longest > context - i ||
        (readings > 1 && second > context - i - longest))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref: prompt %d has %d "
                         "tokens, its longest responses %d and %d: beyond the "
                         "context of %d", row + 1, i, longest, second, context);
    return SPPO_OK;
}

/* The last forward pass, whole, in the form of a micro-batch: so scoring and
 * training read by the same functions.                                      */
static sppo_micro_batch sppoi_whole_pass(const sppo_pref *pref)
{
    sppo_micro_batch b;

    memset(&b, 0, sizeof b);
    b.forest = pref->forest;
    b.logprob = pref->acts.logprob;
    b.final = pref->acts.final;
    return b;
}

/* 0 for a tensor that the head does without. */
static size_t sppoi_head_offset(const sppo_model *m, const char *name)
{
    const sppo_tensor *tensor = sppo_model_tensor(m, name);

    return tensor ? tensor->offset : 0;
}

/* Of a tree of k responses that begins with segment `root`.  row: the one of a
 * training pass whose numbers are wanted, or 0.                             */
static sppoi_reading sppoi_pref_reading(const sppo_pref *pref,
                                        const sppo_micro_batch *b, int k,
                                        int root, int row)
{
    sppoi_reading r;

    r.m = pref->model;
    r.b = b;
    r.read = sppoi_head_offset(r.m, "head.read.weight");
    r.logprob = sppoi_head_offset(r.m, "head.logprob.weight");
    r.last = sppoi_head_offset(r.m, "head.last.weight");
    r.root = root;
    r.each = sppo_head_readings(r.m->config.head, k);
    r.width = sppoi_encoding_width(r.m);
    r.encoded = pref->encoded + (size_t)row * (size_t)(4 * r.width);
    r.d_encoded = r.encoded + 2 * r.width;
    return r;
}

/* score[k, k] of one prompt.  Half of it is computed and the other half is its
 * negative, so s(a, b) = -s(b, a) to the last bit.                          */
static void sppoi_pref_matrix(const sppoi_reading *r, int k, double *score)
{
    const sppoi_head *head = &sppoi_heads[r->m->config.head];
    int i, j;

    for (i = 0; i < k; i++)
        head->encode(r, i);
    for (i = 0; i < k; i++) {
        score[sppoi_cell(i, k, i)] = 0.0;
        for (j = i + 1; j < k; j++) {
            const double s = head->score(r, i, j);

            score[sppoi_cell(i, k, j)] = s;
            score[sppoi_cell(j, k, i)] = -s;
        }
    }
}

SPPO_DEF sppo_result sppo_pref_score(sppo_ctx *ctx, sppo_pref *pref,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses, int k,
                                     int first, int count, double *score)
{
    const int tree = sppoi_pref_segments(pref->model, k);
    sppo_micro_batch whole;
    sppoi_reading r;
    int p = 0, j, n;
    size_t i;

    if (k < 2 || k > pref->max_k)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref_score: k is %d; this "
                         "sppo_pref takes 2 to %d", k, pref->max_k);
    for (j = 0; j < count; j++)
        SPPOI_TRY(sppoi_pref_row(ctx, pref, prompts, responses, k, first,
                                 first + j));
    while (p < count) {
        n = sppoi_pref_fill_pass(pref, prompts, responses, k, NULL, first, p,
                                 count);
        SPPOI_TRY(sppo_forward(ctx, &pref->acts, pref->model, &pref->forest));
        whole = sppoi_whole_pass(pref);
        r = sppoi_pref_reading(pref, &whole, k, 0, 0);
        for (j = 0; j < n; j++, p++, r.root += tree)
            sppoi_pref_matrix(&r, k, score + (size_t)p * (size_t)k * (size_t)k);
    }
    for (i = 0; i < (size_t)count * (size_t)k * (size_t)k; i++)
        if (!sppoi_finite(score[i]))
            return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_pref_score: a score of "
                             "prompt %d is not finite; the preference model "
                             "is damaged, or its training diverged",
                             first + (int)(i / (size_t)k / (size_t)k) + 1);
    return SPPO_OK;
}

/* P = sigma(s) of the upper half, and 1 - P below: P + P' = 1 to the last bit,
 * where two calls of sigma would each round for itself.                     */
SPPO_DEF sppo_result sppo_pref_fill(sppo_ctx *ctx, void *pref,
                                    const sppo_lists *prompts,
                                    const sppo_lists *responses, int k,
                                    int first, int count, double *pairwise)
{
    const size_t matrix = (size_t)k * (size_t)k;
    int p, i, j;

    SPPOI_TRY(sppo_pref_score(ctx, (sppo_pref *)pref, prompts, responses, k,
                              first, count, pairwise));
    for (p = 0; p < count; p++) {
        double *m = pairwise + (size_t)p * matrix;

        for (i = 0; i < k; i++) {
            m[sppoi_cell(i, k, i)] = 0.5;
            for (j = i + 1; j < k; j++) {
                m[sppoi_cell(i, k, j)] = sppo_sigmoid(m[sppoi_cell(i, k, j)]);
                m[sppoi_cell(j, k, i)] = 1.0 - m[sppoi_cell(i, k, j)];
            }
        }
    }
    return SPPO_OK;
}

/* Cross-entropy of a soft label: -(p log sigma(s) + (1 - p) log sigma(-s)),
 * gradient sigma(s) - p; log(1 + exp(-|s|)) does not overflow.              */
static double sppoi_cross_entropy(double s, double label, double *grad)
{
    *grad = sppo_sigmoid(s) - label;
    return (s > 0.0 ? s : 0.0) - s * label + log1p(exp(-fabs(s)));
}

/* The loss of a pass over rows row[0 .. n - 1], whose prompts begin at
 * pref->segment[0 .. n - 1] of the forest.                                  */
typedef struct sppoi_pref_pass {
    sppo_pref *pref;
    const double *label;
    const int *row;
    double *term, *score;  // [n] cross-entropies; scores, or NULL
    double share;          // of a row in the mean: 1 / count of the whole call
    int backward;
} sppoi_pref_pass;

/* The rows whose trees are in a micro-batch: a tree is never cut, so each has
 * all its numbers here.  A loss that is no number ends the pass at once.    */
static sppo_result sppoi_pref_micro_batch(void *user, sppo_micro_batch *b)
{
    const sppoi_pref_pass *pass = (const sppoi_pref_pass *)user;
    const int tree = sppoi_pref_segments(pass->pref->model, 2);
    int s;

    for (s = 0; s < b->forest.segments; s += tree) {
        const int j = (b->first_segment + s) / tree;
        const sppoi_reading r =
            sppoi_pref_reading(pass->pref, b, 2, s, pass->backward ? j : 0);
        double matrix[4], grad;

        sppoi_pref_matrix(&r, 2, matrix);
        pass->term[j] = sppoi_cross_entropy(
            matrix[1], pass->label[pass->row[j]], &grad);
        if (pass->score)
            pass->score[j] = matrix[1];
        if (!(fabs(pass->term[j]) < HUGE_VAL))
            return SPPO_E_NUMBER;
        if (pass->backward)
            sppoi_heads[r.m->config.head].backward(&r, grad * pass->share);
    }
    return SPPO_OK;
}

/* Rows row[0 .. n - 1], which fill the forest, forward and, with grad, back.
 * Without grad the forward pass keeps the final states of all its rows, and the
 * head reads them when it has ended.                                        */
static sppo_result sppoi_pref_rows(sppo_ctx *ctx, sppoi_pref_pass *pass,
                                   sppo_real *grad)
{
    sppo_pref *pref = pass->pref;
    sppo_micro_batch whole;

    pass->backward = grad != NULL;
    if (grad)
        return sppo_step(ctx, &pref->acts, pref->model, &pref->forest,
                         sppoi_pref_micro_batch, pass, grad);
    SPPOI_TRY(sppo_forward(ctx, &pref->acts, pref->model, &pref->forest));
    whole = sppoi_whole_pass(pref);
    return sppoi_pref_micro_batch(pass, &whole);
}

static sppo_result sppoi_pref_rows_check(sppo_ctx *ctx, const sppo_pref *pref,
                                         const sppo_lists *prompts,
                                         const sppo_lists *responses,
                                         const double *label, const int *row,
                                         int count)
{
    int j;

    for (j = 0; j < count; j++) {
        SPPOI_TRY(sppoi_pref_row(ctx, pref, prompts, responses, 2, 0, row[j]));
        if (!(label[row[j]] >= 0.0 && label[row[j]] <= 1.0))
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref_loss: the label "
                             "of row %d of %d is %g; it is a probability",
                             row[j] + 1, prompts->count, label[row[j]]);
    }
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_pref_loss(sppo_ctx *ctx, sppo_pref *pref,
                                    const sppo_lists *prompts,
                                    const sppo_lists *responses,
                                    const double *label, const int *row,
                                    int count, sppo_real *grad, double *loss,
                                    double *score)
{
    sppoi_pref_pass pass;
    sppo_result result;
    double total = 0.0;
    int i = 0, j, n;

    if (count < 1 || (grad && !pref->acts.backward))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_pref_loss: %d rows; it "
                         "needs 1 or more, and for a gradient a sppo_pref "
                         "begun with backward", count);
    SPPOI_TRY(sppoi_pref_rows_check(ctx, pref, prompts, responses, label, row,
                                    count));
    pass.pref = pref;
    pass.label = label;
    pass.term = pref->term;
    pass.share = 1.0 / count;
    while (i < count) {
        n = sppoi_pref_fill_pass(pref, prompts, responses, 2, row, 0, i, count);
        pass.row = row + i;
        pass.score = score ? score + i : NULL;
        result = sppoi_pref_rows(ctx, &pass, grad);
        if (result == SPPO_E_NUMBER)
            return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_pref_loss: the loss is "
                             "not finite; a smaller learning rate may help");
        SPPOI_TRY(result);
        for (j = 0; j < n; j++)
            total += pref->term[j];
        i += n;
    }
    *loss = total / count;
    return SPPO_OK;
}

/* ==== optimisers ============================================= >>optim.c == */

/* PyTorch's definitions, of Hinton's RMSprop, Kingma and Ba's Adam (arXiv
 * 1412.6980) and Loshchilov and Hutter's decay beside it (arXiv 1711.05101).
 * g is the gradient in one weight w, t = 1, 2, .. the step:
 *
 *   clip     g *= min(1, clip / (norm + 1e-6))        norm: of all gradients
 *   RMSprop  v = alpha v + (1 - alpha) g^2
 *            w -= lr g / (sqrt v + eps)
 *   AdamW    w *= 1 - lr weight_decay
 *            m = b1 m + (1 - b1) g
 *            v = b2 v + (1 - b2) g^2
 *            w -= lr / (1 - b1^t) m / (sqrt v / sqrt(1 - b2^t) + eps)
 *
 * m and v remember the gradient and its square, ever less of what is longer
 * ago.  A factor before the loss cancels in g / sqrt v, so that steps have the
 * size of lr whatever the loss is measured in.  Moments begin at 0 and are too
 * small at first: AdamW divides by how much, RMSprop does not, and its first
 * step is 1 / sqrt(1 - alpha) = 10 times lr, one reason for a warm-up.      */

#define SPPOI_OPTIM(name, type, least, most, zero, must)                      \
    { SPPOI_FIELD(sppo_optim_config, name), type, least, most, zero, must, 0, \
      NULL, 0 }

static const sppoi_field sppoi_optim_fields[] = {
    SPPOI_OPTIM(lr, SPPOI_NUMBER, SPPOI_POSITIVE, DBL_MAX, 0, "positive"),
    SPPOI_OPTIM(alpha, SPPOI_SHARE, 0, SPPOI_BELOW_ONE, 0.99,
                "at least 0 and below 1"),
    SPPOI_OPTIM(beta1, SPPOI_SHARE, 0, SPPOI_BELOW_ONE, 0.9,
                "at least 0 and below 1"),
    SPPOI_OPTIM(beta2, SPPOI_SHARE, 0, SPPOI_BELOW_ONE, 0.999,
                "at least 0 and below 1"),
    SPPOI_OPTIM(eps, SPPOI_NUMBER, 0, DBL_MAX, 1e-8, "0 or more"),
    SPPOI_OPTIM(weight_decay, SPPOI_NUMBER, 0, DBL_MAX, 0, "0 or more"),
    SPPOI_OPTIM(clip, SPPOI_NUMBER, 0, DBL_MAX, 0, "0 or more"),
    SPPOI_OPTIM(warmup, SPPOI_NUMBER, 0, 1, 0, "a share of the steps, 0 to 1"),
    SPPOI_OPTIM(lr_end, SPPOI_NUMBER, 0, DBL_MAX, 0, "0 or more"),
    SPPOI_OPTIM(total_steps, SPPOI_WHOLE, 0, INT_MAX, 0, "0 or more"),
    SPPOI_OPTIM(kind, SPPOI_CHOICE, SPPO_RMSPROP, SPPO_ADAMW, 0, NULL),
    SPPOI_OPTIM(decay, SPPOI_CHOICE, SPPO_DECAY_LINEAR, SPPO_DECAY_CONSTANT, 0,
                NULL),
    SPPOI_NO_FIELD
};

/* The number that stands behind SPPO_ZERO.  The config keeps SPPO_ZERO: a 0 in
 * its place, resolved again, would become the default.                      */
static double sppoi_meant(double value)
{
    return value == SPPO_ZERO ? 0.0 : value;
}

static sppo_result sppoi_optim_resolve(sppo_ctx *ctx, sppo_optim_config *c)
{
    sppoi_defaults(sppoi_optim_fields, c);
    return sppoi_check_fields(ctx, "sppo_optim_init", sppoi_optim_fields, c, 0);
}

/* sppo_alloc gives zeros, which is what moments begin as. */
SPPO_DEF sppo_result sppo_optim_init(sppo_ctx *ctx, sppo_optim *optim,
                                     const sppo_optim_config *config,
                                     const sppo_model *model)
{
    sppo_optim fresh;
    sppo_optim_config *c = &fresh.config;

    memset(&fresh, 0, sizeof fresh);
    *c = *config;
    SPPOI_TRY(sppoi_optim_resolve(ctx, c));
    fresh.count = model->count;
    fresh.square = (sppo_real *)sppo_alloc(ctx, fresh.count, sizeof(sppo_real));
    if (c->kind == SPPO_ADAMW)
        fresh.mean = (sppo_real *)sppo_alloc(ctx, fresh.count,
                                             sizeof(sppo_real));
    if (!fresh.square || (c->kind == SPPO_ADAMW && !fresh.mean)) {
        sppo_optim_free(ctx, &fresh);
        return SPPO_E_MEMORY;
    }
    *optim = fresh;
    return SPPO_OK;
}

SPPO_DEF void sppo_optim_free(sppo_ctx *ctx, sppo_optim *optim)
{
    sppo_release(ctx, optim->square, optim->count * sizeof(sppo_real));
    sppo_release(ctx, optim->mean, optim->count * sizeof(sppo_real));
    memset(optim, 0, sizeof *optim);
}

/* Algorithm 1 does so before each iteration: the loss is another one then. */
SPPO_DEF void sppo_optim_reset(sppo_optim *optim)
{
    optim->step = 0;
    memset(optim->square, 0, optim->count * sizeof(sppo_real));
    if (optim->mean)
        memset(optim->mean, 0, optim->count * sizeof(sppo_real));
}

/* Rises linearly over the warm-up, (step + 1) / warm-up so that no step is
 * lost at 0, then falls to lr_end of lr along a line or half a cosine.  Without
 * a number of steps there is no end to fall to, and the rate stays.         */
SPPO_DEF double sppo_learning_rate(const sppo_optim_config *config, int step)
{
    const double total = config->total_steps > 0 ? config->total_steps : 1;
    // 0.3 of 10 steps are 3: only as a double the product is not below
    const double warm = floor(sppoi_as_double(config->warmup * total));
    double t;

    if (step < warm)
        return config->lr * (step + 1) / warm;
    if (config->decay == SPPO_DECAY_CONSTANT || config->total_steps <= 0)
        return config->lr;
    t = total > warm ? (step - warm) / (total - warm) : 1.0;
    t = t > 1.0 ? 1.0 : t;
    t = config->decay == SPPO_DECAY_COSINE
            ? 0.5 * (1.0 + cos(3.14159265358979323846 * t))
      : config->decay == SPPO_DECAY_LINEAR ? 1.0 - t : (double)NAN;
    return config->lr * (config->lr_end + (1.0 - config->lr_end) * t);
}

/* The square root of the sum of squares, in double: a NaN or an infinity
 * anywhere makes it not finite, so one test finds them all.  One thread, in one
 * order of addition: with threads' sums it would depend on their number.    */
static double sppoi_gradient_norm(const sppo_model *m, const sppo_real *grad)
{
    double lane[SPPOI_LANES] = { 0.0 }, sum = 0.0;
    size_t i;
    int j;

    for (i = 0; i + SPPOI_LANES <= m->count; i += SPPOI_LANES) {
        SPPOI_SIMD
        for (j = 0; j < SPPOI_LANES; j++) {
            const double g = (double)grad[i + (size_t)j];

            lane[j] += g * g;
        }
    }
    for (; i < m->count; i++)
        sum += (double)grad[i] * (double)grad[i];
    for (j = 0; j < SPPOI_LANES; j++)
        sum += lane[j];
    return sqrt(sum);
}

/* Computed in double and rounded once, to what the moments and weights are. */
static void sppoi_rmsprop(sppo_optim *o, sppo_real *w, const sppo_real *grad,
                          double scale)
{
    const double alpha = sppoi_meant(o->config.alpha);
    const double eps = o->config.eps, lr = o->lr;
    const long long n = (long long)o->count;
    long long i;

    SPPOI_FOR
    for (i = 0; i < n; i++) {
        const double g = scale * (double)grad[i];
        const double square = alpha * (double)o->square[i]
                            + (1.0 - alpha) * g * g;

        o->square[i] = (sppo_real)square;
        w[i] -= (sppo_real)(lr * g / (sqrt(square) + eps));
    }
}

/* Tensor by tensor, because only matrices decay: the gain of a norm, drawn to
 * 0, would silence its channel.                                             */
static void sppoi_adamw(sppo_optim *o, const sppo_model *m, sppo_real *w,
                        const sppo_real *grad, double scale)
{
    const sppo_optim_config *c = &o->config;
    const double beta1 = sppoi_meant(c->beta1), beta2 = sppoi_meant(c->beta2);
    const double correct1 = 1.0 - pow(beta1, o->step + 1);
    const double correct2 = sqrt(1.0 - pow(beta2, o->step + 1));
    int index;

    for (index = 0; index < m->tensor_count; index++) {
        const sppo_tensor *t = &m->tensors[index];
        const double shrink = t->cols ? 1.0 - o->lr * c->weight_decay : 1.0;
        const long long end = (long long)(t->offset + t->size);
        long long i;

        SPPOI_FOR
        for (i = (long long)t->offset; i < end; i++) {
            const double g = scale * (double)grad[i];
            const double mean = beta1 * (double)o->mean[i] + (1.0 - beta1) * g;
            const double square = beta2 * (double)o->square[i]
                                + (1.0 - beta2) * g * g;

            o->mean[i] = (sppo_real)mean;
            o->square[i] = (sppo_real)square;
            w[i] = (sppo_real)(shrink * (double)w[i]
                               - o->lr / correct1 * mean
                                     / (sqrt(square) / correct2 + c->eps));
        }
    }
}

/* One norm serves both as the check and for clipping; the factor that clips is
 * applied where the gradient is read, not written back to it.               */
SPPO_DEF sppo_result sppo_optim_step(sppo_ctx *ctx, sppo_optim *optim,
                                     sppo_model *model, sppo_real *grad)
{
    const sppo_optim_config *c = &optim->config;
    double scale = 1.0, norm;

    if (optim->count != model->count)
        return sppo_fail(ctx, SPPO_E_ARGUMENT,
            "sppo_optim_step: begun for %llu parameters, the model has %llu",
            sppoi_printed(optim->count), sppoi_printed(model->count));
    if (c->kind != (optim->mean ? SPPO_ADAMW : SPPO_RMSPROP) ||
        (unsigned)c->decay > SPPO_DECAY_CONSTANT)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_optim_step: kind is %d, "
                         "decay %d; one of them is none, or kind is not that "
                         "of sppo_optim_init", (int)c->kind, (int)c->decay);
    norm = sppoi_gradient_norm(model, grad);
    if (!(norm < HUGE_VAL))
        return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_optim_step: the gradient of "
                         "step %d is not finite; the weights were not changed "
                         "(a smaller lr may help)", optim->step + 1);
    optim->grad_norm = norm;
    optim->lr = sppo_learning_rate(c, optim->step);
    if (c->clip > 0.0 && norm + 1e-6 > c->clip)
        scale = c->clip / (norm + 1e-6);
    if (c->kind == SPPO_ADAMW)
        sppoi_adamw(optim, model, model->weights, grad, scale);
    else
        sppoi_rmsprop(optim, model->weights, grad, scale);
    optim->step++;
    memset(grad, 0, model->count * sizeof *grad);
    return SPPO_OK;
}

/* ==== training on given data ================================= >>train.c == */

/* The loop that both kinds of training are: the next rows, their loss and its
 * gradient, a step of the optimiser.  Where a run stands is optim.step alone:
 * which rows a step takes, and in which order, follows from it and the seed, so
 * that a run that goes on from a checkpoint has the same bits.              */

#define SPPOI_TRAIN(name, type, least, most, zero, must)                      \
    { SPPOI_FIELD(sppo_train_config, name), type, least, most, zero, must, 0, \
      NULL, 0 }

static const sppoi_field sppoi_train_fields[] = {
    SPPOI_TRAIN(batch, SPPOI_WHOLE, 1, INT_MAX, 32, "positive"),
    SPPOI_TRAIN(epochs, SPPOI_WHOLE, 1, INT_MAX, 1, "positive"),
    SPPOI_TRAIN(steps, SPPOI_WHOLE, 0, INT_MAX, 0, "0 or more"),
    SPPOI_TRAIN(pass_tokens, SPPOI_WHOLE, 1, INT_MAX, 4096, "positive"),
    SPPOI_TRAIN(keep_order, SPPOI_FLAG, 0, 1, 0, NULL),
    SPPOI_TRAIN(rows, SPPOI_WHOLE, 1, INT_MAX, 0, "positive"),
    SPPOI_TRAIN(held_out, SPPOI_WHOLE, 0, INT_MAX, 0, "0 or more"),
    SPPOI_NO_FIELD
};

static int sppoi_train_length(const sppo_lists *lists, int row)
{
    return lists ? sppo_lists_length(lists, row) : 0;
}

/* Tokens of a row that a policy predicts: not the one that begins it, which
 * sees nothing.                                                             */
static int sppoi_predicted(const sppo_train *t, int row)
{
    const int prompt = sppoi_train_length(t->prompts, row);
    const int response = sppoi_train_length(t->responses, row);

    return prompt && response ? response
                              : sppoi_max(prompt + response - 1, 0);
}

/* In a double they are exact, and an int may be too small. */
static double sppoi_predicted_in(const sppo_train *t, const int *row, int count)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < count; i++)
        sum += sppoi_predicted(t, row[i]);
    return sum;
}

/* Adds a policy's row to the forest: the prompt, where there is one, and below
 * it the response.  Returns 0 when the row does not fit.                    */
static int sppoi_train_add(sppo_train *t, int row)
{
    sppo_forest *f = &t->pref.forest;
    const int prompt = sppoi_train_length(t->prompts, row);
    const int response = sppoi_train_length(t->responses, row);
    int root = -1;

    if (prompt + response > f->max_tokens - f->tokens)
        return 0;
    if (prompt)
        root = sppoi_forest_add_list(f, -1, t->prompts, row, !response);
    if (response)
        sppoi_forest_add_list(f, root, t->responses, row, 1);
    return 1;
}

/* [Net 18] over rows in as many passes as they take; their losses have the same
 * divisor, so that they and their gradients add up to those of one pass.    */
static sppo_result sppoi_train_texts(sppo_ctx *ctx, sppo_train *t,
                                     const int *row, int count, double divisor,
                                     sppo_real *grad, double *loss)
{
    sppo_forest *f = &t->pref.forest;
    double sum = 0.0, part = 0.0;
    int i = 0;

    while (i < count) {
        sppo_forest_clear(f);
        while (i < count && sppoi_train_add(t, row[i]))
            i++;
        if (f->segments == 0 && i < count)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_run: row %d is "
                             "longer than it was", row[i] + 1);
        if (f->segments == 0)
            break;  // what was left are rows of no tokens
        SPPOI_TRY(sppo_next_token_loss(ctx, &t->pref.acts, t->model, f, divisor,
                                       grad, &part));
        sum += part;
    }
    *loss = sum;
    return SPPO_OK;
}

/* The divisor is a policy's; preferences have their number. */
static sppo_result sppoi_train_rows(sppo_ctx *ctx, sppo_train *t,
                                    const int *row, int count, double divisor,
                                    sppo_real *grad, double *loss,
                                    double *score)
{
    if (t->label)
        return sppo_pref_loss(ctx, &t->pref, t->prompts, t->responses, t->label,
                              row, count, grad, loss, score);
    return sppoi_train_texts(ctx, t, row, count, divisor, grad, loss);
}

/* Which row has the turn at a position of the run, which goes on from epoch to
 * epoch.                                                                    */
static int sppoi_train_turn(sppo_train *t, int64_t position)
{
    const int epoch = (int)(position / t->learned);
    const int at = (int)(position % t->learned);
    const uint64_t key = sppo_random_fork(t->config.seed, 0x73687566);

    if (t->config.keep_order)
        return t->row[at];
    if (epoch != t->epoch)
        sppo_random_order(sppo_random_fork(key, (uint64_t)epoch), t->order,
                          t->learned);
    t->epoch = epoch;
    return t->row[t->order[at]];
}

static int sppoi_train_per_epoch(const sppo_train *t)
{
    return (t->learned - 1) / t->config.batch + 1;
}

/* Fills in the rows of the next step, and returns how many these are. */
static int sppoi_train_batch(sppo_train *t)
{
    const int step = t->optim.step, batch = t->config.batch;
    const int per_epoch = sppoi_train_per_epoch(t);
    const int from = step % per_epoch * batch;
    const int whole = t->config.steps > 0;
    const int n = whole ? batch : sppoi_min(batch, t->learned - from);
    const int64_t at = whole ? (int64_t)step * batch
                     : (int64_t)(step / per_epoch) * t->learned + from;
    int i;

    for (i = 0; i < n; i++)
        t->batch[i] = sppoi_train_turn(t, at + i);
    return n;
}

static sppo_result sppoi_train_report(sppo_ctx *ctx, const sppo_train *t,
                                      int count, double loss)
{
    sppo_train_progress p;

    memset(&p, 0, sizeof p);
    p.step = t->optim.step;
    p.steps = t->steps;
    p.loss = loss;
    p.tokens = t->label ? 0.0 : sppoi_predicted_in(t, t->batch, count);
    p.learning_rate = t->optim.lr;
    p.grad_norm = t->optim.grad_norm;
    p.rows = count;
    p.row = t->batch;
    p.score = t->label ? t->score : NULL;
    if (t->config.progress && t->config.progress(t->config.progress_user, &p))
        return sppo_fail(ctx, SPPO_E_STOPPED, "sppo_train_run: stopped after "
                         "step %d of %d; it can go on from here", p.step,
                         p.steps);
    return SPPO_OK;
}

/* After a failure part of the gradient may have been added already: the step
 * that is made again begins without it.                                     */
static sppo_result sppoi_train_step(sppo_ctx *ctx, sppo_train *t)
{
    const int n = sppoi_train_batch(t);
    double loss = 0.0;
    sppo_result result = sppoi_train_rows(
        ctx, t, t->batch, n, n * t->predicted / t->learned, t->grad, &loss,
        t->score);

    if (result == SPPO_OK)
        result = sppo_optim_step(ctx, &t->optim, t->model, t->grad);
    if (result == SPPO_OK)
        return sppoi_train_report(ctx, t, n, loss);
    memset(t->grad, 0, t->model->count * sizeof(sppo_real));
    return result;
}

/* A row more, forward: what the last step did, no other step would see. */
SPPO_DEF sppo_result sppo_train_run(sppo_ctx *ctx, sppo_train *train)
{
    double loss;

    while (train->optim.step < train->steps)
        SPPOI_TRY(sppoi_train_step(ctx, train));
    return sppoi_train_rows(ctx, train, train->row, 1, 1.0, NULL, &loss, NULL);
}

SPPO_DEF sppo_result sppo_train_loss(sppo_ctx *ctx, sppo_train *train,
                                     int first, int count, sppo_real *grad,
                                     double *loss, double *score)
{
    const int *row = train->row + first;
    double divisor = 1.0;

    if (first < 0 || count < 1 || count > train->config.rows - first)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_loss: %d rows from "
                         "row %d on; there are %d", count, first + 1,
                         train->config.rows);
    if (!train->label)
        divisor = sppoi_predicted_in(train, row, count);
    return sppoi_train_rows(ctx, train, row, count,
                            divisor > 0.0 ? divisor : 1.0, grad, loss, score);
}

/* ---- its beginning ---- */

static sppo_result sppoi_train_resolve(sppo_ctx *ctx, sppo_train_config *c,
                                       const sppo_lists *prompts)
{
    if (c->steps && c->epochs)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: steps is %d "
                         "and epochs %d; a run has one of them", c->steps,
                         c->epochs);
    sppoi_defaults(sppoi_train_fields, c);
    if (!c->rows && !c->row)
        c->rows = prompts->count;
    SPPOI_TRY(sppoi_check_fields(ctx, "sppo_train_init", sppoi_train_fields, c,
                                 0));
    if (c->held_out >= c->rows)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: held_out is "
                         "%d of %d rows; none is left to learn", c->held_out,
                         c->rows);
    if (!c->steps)  // a step takes all there are
        c->batch = sppoi_min(c->batch, c->rows - c->held_out);
    return SPPO_OK;
}

static void sppoi_train_layout(sppo_train *t, sppoi_arena *v)
{
    const size_t rows = (size_t)t->config.rows, batch = (size_t)t->config.batch;

    t->score = (double *)sppoi_arena_alloc(v, batch, sizeof(double));
    t->batch = (int *)sppoi_arena_alloc(v, batch, sizeof(int));
    t->row = (int *)sppoi_arena_alloc(v, rows, sizeof(int));
    t->order = (int *)sppoi_arena_alloc(v, rows, sizeof(int));
}

/* Row i of those to be read has its lists; of a policy they can be read, which
 * sppo_pref_loss looks after for itself.                                    */
static sppo_result sppoi_train_row(sppo_ctx *ctx, const sppo_train *t, int row)
{
    const sppo_config *c = &t->model->config;
    const int each = t->label ? 2 : 1;
    int tokens;

    if (row < 0 || row >= t->prompts->count ||
        (t->responses && row >= t->responses->count / each))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: row %d is not "
                         "among the %d prompts and %d responses, %d to a "
                         "prompt", row + 1, t->prompts->count,
                         t->responses ? t->responses->count : 0, each);
    if (t->label)
        return SPPO_OK;
    SPPOI_TRY(sppoi_check_list(ctx, "sppo_train_init", c->vocab, t->prompts,
                               row, "prompt"));
    if (t->responses)
        SPPOI_TRY(sppoi_check_list(ctx, "sppo_train_init", c->vocab,
                                   t->responses, row, "response"));
    tokens = sppo_lists_length(t->prompts, row)
           + sppoi_train_length(t->responses, row);
    if (tokens > c->context)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: row %d has %d "
                         "tokens, beyond the context of %d", row + 1, tokens,
                         c->context);
    return SPPO_OK;
}

/* The most tokens that a row takes: of preferences no more than with its longer
 * response twice.                                                           */
static int sppoi_train_longest(const sppo_train *t)
{
    const int readings = sppo_head_readings(t->model->config.head, 2);
    double longest = 0.0;
    int i;

    for (i = 0; i < t->config.rows; i++) {
        const int row = t->row[i];
        double tokens = sppo_lists_length(t->prompts, row);

        if (t->label)
            tokens += 2.0 * readings *
                sppoi_max(sppo_lists_length(t->responses, 2 * row),
                          sppo_lists_length(t->responses, 2 * row + 1));
        else
            tokens += sppoi_train_length(t->responses, row);
        longest = tokens > longest ? tokens : longest;
    }
    return longest < INT_MAX ? (int)longest : INT_MAX;
}

/* A policy has no head to score with, so no sppo_pref in the full sense. */
static sppo_result sppoi_train_room(sppo_ctx *ctx, sppo_train *t)
{
    const int longest = sppoi_train_longest(t);
    const int room = sppoi_max(t->config.pass_tokens, longest);

    if (t->label) {
        SPPOI_TRY(sppo_pref_init(ctx, &t->pref, t->model, room, 2, 1));
        return sppoi_pref_rows_check(ctx, &t->pref, t->prompts, t->responses,
                                     t->label, t->row, t->config.rows);
    }
    t->predicted = sppoi_predicted_in(t, t->row, t->learned);
    if (!(t->predicted > 0.0))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: the rows have "
                         "no token to predict");
    SPPOI_TRY(sppo_forest_init(ctx, &t->pref.forest, room, room));
    return sppo_activations_init(ctx, &t->pref.acts, t->model, room, room,
                                 longest, SPPO_STEP);
}

static sppo_result sppoi_train_steps(sppo_ctx *ctx, sppo_train *t)
{
    const sppo_train_config *c = &t->config;
    const double steps = c->steps ? c->steps
                       : (double)sppoi_train_per_epoch(t) * c->epochs;

    if (steps > INT_MAX)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: epochs is %d, "
                         "%.0f steps; that is more than can be counted",
                         c->epochs, steps);
    t->steps = (int)steps;
    if (!t->config.optim.total_steps)
        t->config.optim.total_steps = t->steps;
    SPPOI_TRY(sppo_optim_init(ctx, &t->optim, &t->config.optim, t->model));
    t->config.optim = t->optim.config;
    t->grad = (sppo_real *)sppo_alloc(ctx, t->model->count, sizeof(sppo_real));
    return t->grad ? SPPO_OK : ctx->code;
}

static sppo_result sppoi_train_begin(sppo_ctx *ctx, sppo_train *t)
{
    sppoi_arena arena = { NULL, 0 };
    int i;

    if (t->label && !t->responses)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_init: there are "
                         "labels and no responses");
    SPPOI_TRY(sppoi_train_resolve(ctx, &t->config, t->prompts));
    t->learned = t->config.rows - t->config.held_out;
    sppoi_train_layout(t, &arena);
    SPPOI_TRY(sppoi_block(ctx, "sppo_train_init", &arena, &t->block,
                          &t->block_size));
    sppoi_train_layout(t, &arena);
    for (i = 0; i < t->config.rows; i++) {
        t->row[i] = t->config.row ? t->config.row[i] : i;
        SPPOI_TRY(sppoi_train_row(ctx, t, t->row[i]));
    }
    t->config.row = NULL;  // copied: it need not outlive this call
    SPPOI_TRY(sppoi_train_room(ctx, t));
    return sppoi_train_steps(ctx, t);
}

SPPO_DEF sppo_result sppo_train_init(sppo_ctx *ctx, sppo_train *train,
                                     const sppo_train_config *config,
                                     sppo_model *model,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses,
                                     const double *label)
{
    sppo_train fresh;
    sppo_result result;

    memset(&fresh, 0, sizeof fresh);
    fresh.config = *config;
    fresh.model = model;
    fresh.prompts = prompts;
    fresh.responses = responses;
    fresh.label = label;
    fresh.epoch = -1;
    result = sppoi_train_begin(ctx, &fresh);
    if (result != SPPO_OK) {
        sppo_train_free(ctx, &fresh);
        return result;
    }
    *train = fresh;
    return SPPO_OK;
}

/* The optimiser has the size of the gradient, and exists whenever that does. */
SPPO_DEF void sppo_train_free(sppo_ctx *ctx, sppo_train *train)
{
    sppo_release(ctx, train->grad, train->optim.count * sizeof(sppo_real));
    sppo_optim_free(ctx, &train->optim);
    sppo_pref_free(ctx, &train->pref);
    sppo_release(ctx, train->block, train->block_size);
    memset(train, 0, sizeof *train);
}

static sppo_result sppoi_train_once(sppo_ctx *ctx, sppo_model *model,
                                    const sppo_train_config *config,
                                    const sppo_lists *prompts,
                                    const sppo_lists *responses,
                                    const double *label)
{
    sppo_train train;
    sppo_result result;

    SPPOI_TRY(sppo_train_init(ctx, &train, config, model, prompts, responses,
                              label));
    result = sppo_train_run(ctx, &train);
    sppo_train_free(ctx, &train);
    return result;
}

SPPO_DEF sppo_result sppo_train_policy(sppo_ctx *ctx, sppo_model *policy,
                                       const sppo_train_config *config,
                                       const sppo_lists *prompts,
                                       const sppo_lists *responses)
{
    return sppoi_train_once(ctx, policy, config, prompts, responses, NULL);
}

SPPO_DEF sppo_result sppo_train_preference(sppo_ctx *ctx,
                                           sppo_model *preference,
                                           const sppo_train_config *config,
                                           const sppo_lists *prompts,
                                           const sppo_lists *responses,
                                           const double *label)
{
    if (!label)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_preference: there "
                         "are no labels");
    return sppoi_train_once(ctx, preference, config, prompts, responses, label);
}

/* ==== a run: ranks, settings, memory, evaluation ================= >>run == */

/* ---- several processes: what a rank does, what it knows of the others ---- */

enum { SPPOI_SHARED_AT_ONCE = 4096 };

typedef struct sppoi_part { int from, count; } sppoi_part;

/* This rank's part of `count` things in order; parts differ by one at most. */
static sppoi_part sppoi_ranks_part(const sppo_ranks *ranks, int count)
{
    sppoi_part part = { 0, 0 };
    int64_t to = count;

    if (ranks) {
        part.from = (int)((int64_t)count * ranks->rank / ranks->size);
        to = (int64_t)count * (ranks->rank + 1) / ranks->size;
    }
    part.count = (int)to - part.from;
    return part;
}

/* Things that all ranks do before they meet, `one` each. */
static int sppoi_ranks_at_once(const sppo_ranks *ranks, int one)
{
    return ranks && ranks->size > INT_MAX / one ? INT_MAX
                                              : one * (ranks ? ranks->size : 1);
}

static sppo_result sppoi_ranks_all_reduce(sppo_ctx *ctx,
                                          const sppo_ranks *ranks,
                                          sppo_real *buffer, size_t count)
{
    return ranks->size > 1 ? ranks->all_reduce(ctx, ranks->user, buffer, count)
                           : SPPO_OK;
}

/* An array of which every rank has a part, and 0 elsewhere, whole on all ranks.
 * Bytes travel as numbers, so their sum is exact in any order.              */
static sppo_result sppoi_ranks_share(sppo_ctx *ctx, const sppo_ranks *ranks,
                                     void *array, size_t count, size_t size)
{
    sppo_real number[SPPOI_SHARED_AT_ONCE];
    const size_t most = SPPOI_SHARED_AT_ONCE;
    unsigned char *octet = (unsigned char *)array;
    size_t left = ranks ? count * size : 0;

    while (left > 0) {
        const size_t n = left < most ? left : most;
        size_t i;

        for (i = 0; i < n; i++)
            number[i] = octet[i];
        SPPOI_TRY(sppoi_ranks_all_reduce(ctx, ranks, number, n));
        for (i = 0; i < n; i++) {
            if (!(number[i] >= 0 && number[i] <= 255))
                return sppo_fail(ctx, SPPO_E_ARGUMENT, "ranks: the sum over "
                                 "ranks of bytes of which one is not 0 is %g; "
                                 "sum adds wrongly, or ranks mix up calls",
                                 (double)number[i]);
            octet[i] = (unsigned char)number[i];
        }
        octet += n;
        left -= n;
    }
    return SPPO_OK;
}

/* The failure of the first rank that has one becomes that of all. */
static sppo_result sppoi_ranks_agree(sppo_ctx *ctx, const sppo_ranks *ranks,
                                     sppo_result result)
{
    struct { sppo_result code; char message[sizeof ctx->message]; } said;
    sppo_real failures = result != SPPO_OK;
    int rank;

    if (!ranks)
        return result;
    SPPOI_TRY(sppoi_ranks_all_reduce(ctx, ranks, &failures, 1));
    for (rank = 0; failures > 0 && rank < ranks->size; rank++) {
        memset(&said, 0, sizeof said);
        if (rank == ranks->rank && result != SPPO_OK) {
            said.code = result;
            memcpy(said.message, ctx->message, sizeof said.message);
        }
        SPPOI_TRY(sppoi_ranks_share(ctx, ranks, &said, 1, sizeof said));
        if (said.code)
            return sppo_fail(ctx, said.code, "rank %d: %s", rank, said.message);
    }
    return result != SPPO_OK || failures == 0 ? result : sppo_fail(ctx,
        SPPO_E_ARGUMENT, "ranks: no rank has the failure that sum adds up");
}

/* Own lists, the last `own`, become lists [from, from + own) of `count` more;
 * around them come those of the other ranks.                                */
static sppo_result sppoi_ranks_lists(sppo_ctx *ctx, const sppo_ranks *ranks,
                                     sppo_lists *lists, int from, int own,
                                     int count)
{
    const size_t size = sizeof(int);
    int *length = lists->start + lists->count - own + 1;
    const int begin = length[-1], tokens = lists->start[lists->count] - begin;
    int *token = lists->token + begin, i, before, behind;

    lists->count -= own;
    for (i = own - 1; i >= 0; i--)  // from ends, that is, to lengths
        length[i] -= length[i - 1];
    memmove(length + from, length, (size_t)own * size);
    memset(length, 0, (size_t)from * size);
    memset(length + from + own, 0, (size_t)(count - from - own) * size);
    SPPOI_TRY(sppoi_ranks_share(ctx, ranks, length, (size_t)count, size));
    for (i = 0; i < count; i++) {
        if (length[i] < 1 || length[i] > lists->max_tokens - length[i - 1])
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "ranks: a response of %d "
                             "tokens came from another rank; ranks mix up "
                             "calls", length[i]);
        length[i] += length[i - 1];
    }
    before = length[from - 1] - begin;
    behind = length[count - 1] - begin - before - tokens;
    memmove(token + before, token, (size_t)tokens * size);
    memset(token, 0, (size_t)before * size);
    memset(token + before + tokens, 0, (size_t)behind * size);
    lists->count += count;
    return sppoi_ranks_share(ctx, ranks, token,
                             (size_t)(before + tokens + behind), size);
}

/* ---- which line of Algorithm 1 is due, and how far it is ---- */

static sppo_result sppoi_begin(sppo_ctx *ctx, const sppo_play *play,
                               sppo_phase line)
{
    static const char *const call[] = {
        "sppo_play_sample", "sppo_play_judge", "sppo_play_select",
        "sppo_play_fit", "sppo_play_advance", "nothing: the run is done"
    };

    if (!play->policy)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "%s: the play was not begun by "
                         "sppo_play_init", call[line]);
    if (play->phase == line)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "%s: out of order; what comes next "
                     "is %s", call[line], call[play->phase]);
}

SPPO_DEF sppo_result sppo_play_next(sppo_ctx *ctx, sppo_play *play,
                                    const sppo_judge *judge)
{
    switch (play->phase) {
    case SPPO_PHASE_SAMPLE:  return sppo_play_sample(ctx, play);
    case SPPO_PHASE_JUDGE:   return sppo_play_judge(ctx, play, judge);
    case SPPO_PHASE_SELECT:  return sppo_play_select(ctx, play);
    case SPPO_PHASE_FIT:     return sppo_play_fit(ctx, play);
    case SPPO_PHASE_ADVANCE: return sppo_play_advance(ctx, play);
    case SPPO_PHASE_DONE:
    default:                 return SPPO_OK;
    }
}

/* Tells the callback; the state is already that of the finished unit. */
static sppo_result sppoi_report(sppo_ctx *ctx, sppo_play *play, int total)
{
    sppo_result result = SPPO_OK;

    play->last.phase = play->phase;
    play->last.iteration = play->iteration;
    play->last.done = play->done;
    play->last.total = total;
    if (play->config.progress &&
        play->config.progress(play->config.progress_user, &play->last))
        result = sppo_fail(ctx, SPPO_E_STOPPED, "stopped in iteration %d; the "
                           "run can go on from here", play->iteration + 1);
    return sppoi_ranks_agree(ctx, play->config.ranks, result);
}

/* Mean tokens of a response, and the share that ended with EOS. */
static void sppoi_lengths(const sppo_lists *lists, const sppo_config *config,
                          double *length, double *finished)
{
    int i, ends = 0;

    for (i = 0; i < lists->count; i++)
        ends += sppo_finished(config, lists, i);
    *length = (double)lists->start[lists->count] / lists->count;
    *finished = (double)ends / lists->count;
}

static void sppoi_round_lengths(sppo_play *play)
{
    sppoi_lengths(&play->round.responses, &play->policy->config,
                  &play->last.length, &play->last.eos_rate);
}

/* ---- work on prompts: each rank its part, then all know all ---- */

enum { SPPOI_PROMPTS_AT_ONCE = 32 };  // between two progress reports

static int sppoi_longest(const sppo_lists *lists)
{
    int i, longest = 0;

    for (i = 0; i < lists->count; i++)
        longest = sppoi_max(longest, sppo_lists_length(lists, i));
    return longest;
}

/* Prompts that are sampled together; fewer when they are long. */
static int sppoi_prompts_at_once(const sppo_play_config *c,
                                 const sppo_lists *prompts)
{
    const int fit = sppoi_max(1, c->pass_tokens / sppoi_longest(prompts));

    return sppoi_min(sppoi_min(SPPOI_PROMPTS_AT_ONCE, fit),
                     c->prompts_per_iteration);
}

/* The round's next `count` prompts.  Sampling leaves responses, which are lists
 * of any length; the judge's preferences have their place.                  */
static sppo_result sppoi_some_prompts(sppo_ctx *ctx, sppo_play *play,
                                      sppoi_prompts_work work,
                                      const sppo_judge *judge, int count)
{
    const sppo_ranks *ranks = play->config.ranks;
    const sppoi_part part = sppoi_ranks_part(ranks, count);
    const int sampling = play->phase == SPPO_PHASE_SAMPLE, k = play->config.k;
    const size_t cells = sppoi_cell(count * k, k, 0);
    double *pairwise = play->round.pairwise + sppoi_cell(play->done * k, k, 0);
    sppo_lists *responses = &play->round.responses;
    sppo_result result = SPPO_OK;

    if (!sampling)
        memset(pairwise, 0, cells * sizeof *pairwise);
    if (part.count)
        result = work(ctx, play, judge, play->done + part.from, part.count);
    result = sppoi_ranks_agree(ctx, ranks, result);
    if (result == SPPO_OK && sampling)
        result = sppoi_ranks_lists(ctx, ranks, responses, part.from * k,
                                   part.count * k, count * k);
    else if (result == SPPO_OK)
        result = sppoi_ranks_share(ctx, ranks, pairwise, cells,
                                   sizeof *pairwise);
    if (result != SPPO_OK && sampling)
        responses->count = play->done * k;
    else if (result != SPPO_OK)  // no NAN of sppoi_ask goes into a checkpoint
        memset(pairwise, 0, cells * sizeof *pairwise);
    return result;
}

static sppo_result sppoi_each_prompt(sppo_ctx *ctx, sppo_play *play,
                                     sppoi_prompts_work work,
                                     const sppo_judge *judge)
{
    const int sampling = play->phase == SPPO_PHASE_SAMPLE;
    const int one = sampling
                        ? sppoi_prompts_at_once(&play->config, play->prompts)
                        : SPPOI_PROMPTS_AT_ONCE;
    const int most = sppoi_ranks_at_once(play->config.ranks, one);
    const int total = play->round.count;

    while (play->done < total) {
        const int count = sppoi_min(most, total - play->done);

        SPPOI_TRY(sppoi_some_prompts(ctx, play, work, judge, count));
        play->done += count;
        if (sampling)
            sppoi_round_lengths(play);
        SPPOI_TRY(sppoi_report(ctx, play, total));
    }
    if (sampling)
        sppoi_round_lengths(play);  // responses may have come from elsewhere
    return SPPO_OK;
}

/* A preference of constant sum (Sec 3): P(y' > y) = 1 - P(y > y'), and a tie
 * with itself.  What holds within the tolerance is made to hold exactly, so
 * that win rates average to 1/2 exactly.                                    */
SPPO_DEF sppo_result sppo_preference_check(sppo_ctx *ctx, double *pairwise,
                                           int k, double tolerance)
{
    int i, j;

    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++) {
            const double p = pairwise[sppoi_cell(i, k, j)];
            const double q = pairwise[sppoi_cell(j, k, i)];

            if (!(p >= 0.0 && p <= 1.0))
                return sppo_fail(ctx, SPPO_E_JUDGE,
                                 "preference [%d][%d] is %g; it must be a "
                                 "probability, 0 to 1", i, j, p);
            if (!(fabs(p + q - 1.0) <= tolerance))
                return sppo_fail(ctx, SPPO_E_JUDGE,
                                 "preferences [%d][%d] = %g and [%d][%d] = %g "
                                 "must add up to 1", i, j, p, j, i, q);
        }
    for (i = 0; i < k; i++) {
        pairwise[sppoi_cell(i, k, i)] = 0.5;
        for (j = i + 1; j < k; j++)
            pairwise[sppoi_cell(j, k, i)] = 1.0 - pairwise[sppoi_cell(i, k, j)];
    }
    return SPPO_OK;
}

static sppo_result sppoi_ask(sppo_ctx *ctx, sppo_play *play,
                             const sppo_judge *judge, int from, int count)
{
    const int k = play->config.k, absent = !judge || !judge->fill;
    double *pairwise = play->round.pairwise + sppoi_cell(from * k, k, 0);
    sppo_lists view = play->round.responses;
    size_t i;
    int p;

    for (p = 0; absent && play->config.gold && p < count; p++)
        sppoi_given_wins(pairwise + sppoi_cell(p * k, k, 0), k);
    if (absent && play->config.gold)
        return SPPO_OK;
    if (absent)
        return sppo_fail(ctx, SPPO_E_ARGUMENT,
                         "sppo_play_judge: judge is NULL or has no fill");
    view.start += from * k;
    view.count = count * k;
    for (i = 0; i < sppoi_cell(count * k, k, 0); i++)
        pairwise[i] = (double)NAN;  // what is not filled in is noticed
    SPPOI_TRY(judge->fill(ctx, judge->user, play->prompts, &view, k,
                          play->round.first + from, count, pairwise));
    for (p = 0; p < count; p++)
        if (sppo_preference_check(ctx, pairwise + sppoi_cell(p * k, k, 0), k,
                                  1e-3))
            return sppo_fail(ctx, ctx->code, "sppo_play_judge: the judge's "
                             "answer to prompt %d of %d: %s",
                             play->round.first + from + p + 1,
                             play->prompts->count, ctx->message);
    return SPPO_OK;
}

/* ---- passes over prompts: a pass a rank, gradients added in order ---- */

/* Puts the prompts order[0], order[1], .. with their kept responses into the
 * forest, as many of them as fit; returns how many.                         */
static int sppoi_fill_pass(sppo_play *play, const int *order, int most)
{
    const sppo_round *round = &play->round;
    const int kept = sppoi_kept(&play->config), k = play->config.k;
    sppo_forest *forest = &play->forest;
    int j, i;

    sppo_forest_clear(forest);
    for (j = 0; j < most; j++) {
        const int p = order[j], x = round->first + p;
        const int tokens = forest->tokens, segments = forest->segments;
        const int root = sppoi_forest_add_list(forest, -1, play->prompts, x, 0);
        int last = root;

        for (i = 0; i < kept && last >= 0; i++)
            last = sppoi_forest_add_list(forest, root, &round->responses,
                p * k + sppoi_kept_response(play, p, i), 1);
        if (last < 0) {
            forest->tokens = tokens;
            forest->segments = segments;
            break;
        }
    }
    return j;
}

/* Which prompt of the pass has no loss; `failed` when all have one. */
static sppo_result sppoi_no_loss(sppo_ctx *ctx, const sppoi_batch *batch,
                                 sppo_result failed)
{
    const sppo_play *play = batch->play;
    int at;

    for (at = batch->from; at < batch->from + batch->pass; at++) {
        const double loss = sppoi_prompt_loss(batch, at);

        if (!sppoi_finite(loss))
            return sppo_fail(ctx, SPPO_E_NUMBER, "sppo_play_fit: step %d of "
                             "iteration %d (a smaller optim.lr may help): the "
                             "loss of prompt %d of %d is %g; the weights were "
                             "not changed", play->done + 1, play->iteration + 1,
                             play->round.first + batch->order[at] + 1,
                             play->prompts->count, fabs(loss));
    }
    return failed;
}

/* grad becomes its sum over the passes so far: those before, those of ranks 0,
 * 1, ... in this order, which is the order of the passes.                   */
static sppo_result sppoi_add_passes(sppo_ctx *ctx, sppo_play *play,
                                    sppo_real *grad)
{
    const sppo_ranks *ranks = play->config.ranks;
    const size_t n = play->policy->count;
    size_t i;

    if (!ranks || !grad)
        return SPPO_OK;  // alone, passes add to grad as they come
    for (i = 0; i < n && ranks->rank == 0; i++)
        grad[i] += play->before[i];
    SPPOI_TRY(sppoi_ranks_all_reduce(ctx, ranks, grad, n));
    memcpy(play->before, grad, n * sizeof *grad);
    return SPPO_OK;
}

/* The next passes of the batch, one for each rank as long as there are any, of
 * which this rank works on its own.                                         */
static sppo_result sppoi_some_passes(sppo_ctx *ctx, sppoi_batch *batch,
                                     sppoi_pass_work work, int *at)
{
    const sppo_ranks *ranks = batch->play->config.ranks;
    const int passes = ranks ? ranks->size : 1, own = ranks ? ranks->rank : 0;
    sppo_result result = SPPO_OK;
    int rank;

    for (rank = 0; rank < passes && *at < batch->count; rank++) {
        batch->from = *at;
        batch->pass = sppoi_fill_pass(batch->play, batch->order + *at,
                                      batch->count - *at);
        *at += batch->pass;
        if (rank == own)
            result = work(ctx, batch);
        if (rank == own && result == SPPO_E_NUMBER)
            result = sppoi_no_loss(ctx, batch, result);
    }
    return sppoi_ranks_agree(ctx, ranks, result);
}

static sppo_result sppoi_each_pass(sppo_ctx *ctx, sppoi_batch *batch,
                                   sppoi_pass_work work, double *logp,
                                   sppo_real *grad)
{
    sppo_play *play = batch->play;
    const sppo_ranks *ranks = play->config.ranks;
    const size_t numbers = sppoi_cell(batch->count, play->config.k, 0);
    const size_t bytes = play->policy->count * sizeof *grad;
    int at = 0;

    batch->logp = logp;
    memset(logp, 0, numbers * sizeof *logp);
    if (grad && ranks)
        memset(play->before, 0, bytes);
    while (at < batch->count) {
        if (grad && (ranks || at == 0))
            memset(grad, 0, bytes);
        SPPOI_TRY(sppoi_some_passes(ctx, batch, work, &at));
        SPPOI_TRY(sppoi_add_passes(ctx, play, grad));
    }
    return sppoi_ranks_share(ctx, ranks, logp, numbers, sizeof *logp);
}

/* ---- what a step did, and whether the last one went well ---- */

/* Adds the batch's prompt order[at] to the means that the callback sees.  All
 * ranks have all log-probabilities, and with them the same means.           */
static void sppoi_add_progress(const sppoi_batch *batch, int at)
{
    sppo_play *play = batch->play;
    const sppo_round *round = &play->round;
    const double loss = sppoi_prompt_loss(batch, at);
    const double share = 1.0 / batch->count, eta = play->config.eta;
    const int kept = sppoi_kept(&play->config), k = play->config.k;
    const int p = batch->order[at], all = play->config.keep_all;
    const int w = round->winner[p], l = round->loser[p];
    const double *logp = play->kept_logp + at * k, *old = round->old + p * k;
    const double chosen = logp[all ? w : 0], rejected = logp[all ? l : 1];
    const double up = chosen - old[w], down = rejected - old[l];
    sppo_progress *m = &play->last;
    double moved = 0.0;
    int i;

    m->loss += share * loss;
    m->loss_scaled += share * loss / (eta * eta);
    m->logps_chosen += share * chosen;
    m->logps_rejected += share * rejected;
    m->rewards_chosen += share * up / eta;
    m->rewards_rejected += share * down / eta;
    m->rewards_margins += share * (up - down) / eta;
    m->rewards_accuracies += share * (up > down ? 1.0 : 0.0);
    m->logratios_chosen += share * up;
    m->logratios_rejected += share * down;
    for (i = 0; i < kept; i++) {
        const double was = old[sppoi_kept_response(play, p, i)];

        moved += (logp[i] - was) / kept;
        m->entropy -= share / kept * was;
    }
    m->kl -= share * moved;
    m->win_chosen += share * round->win[p * k + w];
    m->win_rejected += share * round->win[p * k + l];
}

static sppo_result sppoi_step_done(sppo_ctx *ctx, sppoi_batch *batch)
{
    sppo_play *play = batch->play;
    const double length = play->last.length, eos_rate = play->last.eos_rate;
    int at;

    memset(&play->last, 0, sizeof play->last);
    play->last.length = length;
    play->last.eos_rate = eos_rate;
    for (at = 0; at < batch->count; at++)
        sppoi_add_progress(batch, at);
    play->last.learning_rate = play->optim.lr;
    play->last.grad_norm = play->optim.grad_norm;
    play->done++;
    return sppoi_report(ctx, play, play->steps);
}

/* Steps see what the one before them did; the last one has only this. */
static sppo_result sppoi_still_finite(sppo_ctx *ctx, sppo_play *play)
{
    const int first = 0;

    sppoi_fill_pass(play, &first, 1);
    return sppo_forward(ctx, &play->acts, play->policy, &play->forest)
        ? sppo_fail(ctx, ctx->code, "sppo_play_fit: after the last step (a "
                    "smaller optim.lr may help): %s", ctx->message) : SPPO_OK;
}

static sppo_result sppoi_end(sppo_ctx *ctx, sppo_play *play)
{
    sppo_phase next = (sppo_phase)(play->phase + 1);

    if (play->phase == SPPO_PHASE_FIT)
        SPPOI_TRY(sppoi_ranks_agree(ctx, play->config.ranks,
                                    sppoi_still_finite(ctx, play)));
    if (play->phase == SPPO_PHASE_ADVANCE &&
        play->iteration < play->config.iterations)
        next = SPPO_PHASE_SAMPLE;
    play->phase = next;
    play->done = 0;
    return SPPO_OK;
}

/* ---- the run's settings and memory ---- */

/* Products of settings must fit an int: every index of a run is one. */
static sppo_result sppoi_play_sizes(sppo_ctx *ctx, sppo_play_config *c,
                                    int context)
{
    double tokens;

    c->batch = sppoi_min(c->batch, c->prompts_per_iteration);
    c->sampling.max_tokens = sppoi_min(c->sampling.max_tokens, context - 1);
    tokens = (double)c->prompts_per_iteration * c->k * c->sampling.max_tokens;
    if (tokens > INT_MAX / 2 ||
        (double)c->epochs * c->prompts_per_iteration > INT_MAX / 2)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: k %d, "
                         "prompts_per_iteration %d, max_tokens %d and epochs "
                         "%d multiply to more than can be counted", c->k,
                         c->prompts_per_iteration, c->sampling.max_tokens,
                         c->epochs);
    return SPPO_OK;
}

#define SPPOI_PLAY(name, type, least, most, zero, must, uses)                 \
    { SPPOI_FIELD(sppo_play_config, name), type, least, most, zero, must,     \
      uses, NULL, 0 }

static const sppoi_field sppoi_play_fields[] = {
    SPPOI_PLAY(eta, SPPOI_NUMBER, SPPOI_POSITIVE, DBL_MAX, 0,
               "positive (30 suits small models)", 0),
    SPPOI_PLAY(k, SPPOI_WHOLE, 2, 1024, 5,
               "2 to 1024, for a response is compared with others", 0),
    SPPOI_PLAY(iterations, SPPOI_WHOLE, 1, INT_MAX, 3, "positive",
               SPPOI_CHANGES),
    SPPOI_PLAY(prompts_per_iteration, SPPOI_WHOLE, 1, INT_MAX, 0, "positive",
               0),
    SPPOI_PLAY(batch, SPPOI_WHOLE, 1, INT_MAX, 32, "positive", 0),
    SPPOI_PLAY(epochs, SPPOI_WHOLE, 1, INT_MAX, 1, "positive", 0),
    SPPOI_PLAY(pass_tokens, SPPOI_WHOLE, 1, INT_MAX, 4096, "positive", 0),
    SPPOI_PLAY(keep_all, SPPOI_FLAG, 0, 1, 0, NULL, 0),
    SPPOI_PLAY(bradley_terry, SPPOI_FLAG, 0, 1, 0, NULL, 0),
    SPPOI_PLAY(coefficient, SPPOI_NUMBER, -DBL_MAX, DBL_MAX, 0, "a number", 0),
    SPPOI_PLAY(missing_eos_penalty, SPPOI_NUMBER, 0, DBL_MAX, 0, "0 or more",
               0),
    SPPOI_PLAY(seed, SPPOI_LOW, 0, UINT32_MAX, 0, NULL, 0),
    SPPOI_PLAY(loss, SPPOI_CHOICE, 0, SPPOI_LOSSES - 1, 0, NULL, 0),
    SPPOI_PLAY(baseline, SPPOI_CHOICE, SPPO_BASELINE_HALF,
               SPPO_BASELINE_COEFFICIENT, 0, NULL, 0),
    SPPOI_PLAY(signal, SPPOI_CHOICE, SPPO_SIGNAL_WIN, SPPO_SIGNAL_HARD, 0,
               NULL, 0),
    SPPOI_PLAY(advantage, SPPOI_CHOICE, SPPO_ADVANTAGE_LEAVE_ONE_OUT,
               SPPO_ADVANTAGE_STANDARD, 0, NULL, 0),
    SPPOI_PLAY(clip_range, SPPOI_NUMBER, SPPOI_POSITIVE, DBL_MAX, 0.2,
               "positive", 0),
    SPPOI_PLAY(length_normalised, SPPOI_FLAG, 0, 1, 0, NULL, 0),
    SPPOI_PLAY(margin, SPPOI_NUMBER, 0, DBL_MAX, 0, "0 or more", 0),
    SPPOI_PLAY(pull, SPPOI_NUMBER, 0, 1, 0, "0 to 1", 0),
    SPPOI_PLAY(reference_every, SPPOI_WHOLE, 0, INT_MAX, 0, "0 or more", 0),
    SPPOI_PLAY(opponents, SPPOI_WHOLE, 0, 1024, 0, "0 to k", 0),
    SPPOI_PLAY(mixture, SPPOI_NUMBER, 0, 1, 0, "0 to 1", 0),
    { "seed.high", offsetof(sppo_play_config, seed), sizeof(uint64_t),
      SPPOI_HIGH, 0, UINT32_MAX, 0, NULL, 0, NULL, 0 },
    SPPOI_NO_FIELD
};

/* Whether anything is asked of a reference. */
static int sppoi_refers(const sppo_play_config *c)
{
    return c->pull > 0.0 || c->mixture > 0.0;
}

/* Opponents have win rates, and no scores of their own; two responses at least
 * are trained on.                                                           */
static sppo_result sppoi_check_opponents(sppo_ctx *ctx,
                                         const sppo_play_config *c)
{
    if (c->opponents == c->k - 1)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: opponents is "
                         "%d; of k %d two must be left, or none", c->opponents,
                         c->k);
    if (!c->opponents && c->mixture > 0.0)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: a mixture "
                         "without opponents changes nothing");
    if (c->opponents && (c->gold || c->signal == SPPO_SIGNAL_SCORE ||
                         c->loss == SPPO_LOSS_GPO))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: opponents do "
                         "not go with %s", c->gold ? "gold" : "mean scores");
    return SPPO_OK;
}

/* Settings that a loss has no use for are not ignored in silence. */
static sppo_result sppoi_check_loss(sppo_ctx *ctx, const sppo_play_config *c)
{
    const sppoi_loss_row *row = sppoi_find_loss(c->loss);

    if (c->keep_all && !row->takes_all)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: keep_all does "
                         "not go with the loss %s, which compares two "
                         "responses", row->name);
    if ((int)c->signal > row->signals)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: signal %d "
                         "does not go with the loss %s", (int)c->signal,
                         row->name);
    if (!sppoi_refers(c) && (c->reference || c->reference_every))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: a reference "
                         "without a pull or a mixture changes nothing");
    if (c->pull > 0.0 && (c->loss == SPPO_LOSS_SIMPO ||
                          (c->loss == SPPO_LOSS_CLIP && !c->keep_all)))
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: pull does not "
                         "go with the loss %s%s", row->name,
                         row->takes_all ? " without keep_all" : "");
    return SPPO_OK;
}

static sppo_result sppoi_play_resolve(sppo_ctx *ctx, sppo_play_config *c,
                                      const sppo_lists *prompts, int context)
{
    sppoi_defaults(sppoi_play_fields, c);
    if (c->opponents && !(c->mixture > 0.0))
        c->mixture = c->pull;
    if (!c->prompts_per_iteration)
        c->prompts_per_iteration = sppoi_max(prompts->count / c->iterations, 1);
    SPPOI_TRY(sppoi_check_fields(ctx, "sppo_play_init", sppoi_play_fields, c,
                                 0));
    SPPOI_TRY(sppoi_sampling_resolve(ctx, &c->sampling, "sppo_play_init"));
    SPPOI_TRY(sppoi_optim_resolve(ctx, &c->optim));
    SPPOI_TRY(sppoi_check_loss(ctx, c));
    SPPOI_TRY(sppoi_check_opponents(ctx, c));
    if (prompts->count < 1)
        return sppo_fail(ctx, SPPO_E_ARGUMENT,
                         "sppo_play_init: there are no prompts");
    if (c->prompts_per_iteration > prompts->count)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: "
                         "prompts_per_iteration is %d but there are %d "
                         "prompts", c->prompts_per_iteration, prompts->count);
    return sppoi_play_sizes(ctx, c, context);
}

/* Tokens that a prompt with its kept responses has at most. */
static int sppoi_prompt_tokens(const sppo_play_config *c,
                               const sppo_lists *prompts)
{
    return sppoi_longest(prompts) + sppoi_kept(c) * c->sampling.max_tokens;
}

/* Tokens of one training pass: what was asked for, but never less than one
 * prompt with its kept responses.                                           */
static int sppoi_pass_tokens(const sppo_play_config *c,
                             const sppo_lists *prompts)
{
    return sppoi_max(sppoi_prompt_tokens(c, prompts), c->pass_tokens);
}

static int sppoi_pass_segments(const sppo_play_config *c, int tokens)
{
    return sppoi_min(tokens, c->batch * (1 + sppoi_kept(c)));
}

static double sppoi_hash_ints(const int *value, size_t n)
{
    uint64_t hash = n;
    size_t i;

    for (i = 0; i < n; i++)
        hash = sppo_random_fork(hash, (uint64_t)(uint32_t)value[i]);
    return (double)(hash >> 12);  // 52 bits: exact in a double
}

static double sppoi_hash_reals(const sppo_real *value, size_t n)
{
    uint64_t hash = n;
    size_t i;

    for (i = 0; i < n; i++) {
        uint64_t bits = 0;

        memcpy(&bits, &value[i], sizeof value[i]);
        hash = sppo_random_fork(hash, bits);
    }
    return (double)(hash >> 12);
}

enum { SPPOI_SETTINGS = 64, SPPOI_SETTING_NAME = 48 };

/* All that two runs must have in common to be one, each under a name of its
 * own, which a checkpoint keeps with it.                                    */
typedef struct sppoi_settings {
    double value[SPPOI_SETTINGS];
    char name[SPPOI_SETTINGS][SPPOI_SETTING_NAME];
    int count;
} sppoi_settings;

static void sppoi_setting(sppoi_settings *s, const char *part, const char *name,
                          double value)
{
    if (s->count < SPPOI_SETTINGS) {
        snprintf(s->name[s->count], SPPOI_SETTING_NAME, "%s%s", part, name);
        s->value[s->count] = value;
    }
    s->count++;  // beyond the room is a fault that a test finds
}

/* The fields that have all of these uses; "optim." as part: "optim.lr". */
static void sppoi_settings_add(sppoi_settings *s, const char *part,
                               const sppoi_field *f, const void *config,
                               int uses)
{
    for (; f->name; f++)
        if ((f->uses & uses) == uses && !(f->uses & SPPOI_CHANGES))
            sppoi_setting(s, part, f->name, sppoi_get(f, config));
}

static void sppoi_settings_model(sppoi_settings *s, const char *part,
                                 const sppo_config *c, int uses)
{
    sppoi_settings_add(s, part, sppoi_config_fields, c, uses);
    sppoi_setting(s, part, "eos_more",
                  sppoi_hash_ints(c->eos_more, (size_t)c->eos_count));
}

static void sppoi_settings_lists(sppoi_settings *s, const char *name,
                                 const sppo_lists *x)
{
    sppoi_setting(s, name, ".lengths",
                  sppoi_hash_ints(x->start, (size_t)x->count + 1));
    sppoi_setting(s, name, "",
                  sppoi_hash_ints(x->token, (size_t)x->start[x->count]));
}

static void sppoi_play_settings(sppoi_settings *s, const sppo_play *play)
{
    const sppo_play_config *c = &play->config;

    memset(s, 0, sizeof *s);
    sppoi_settings_add(s, "", sppoi_play_fields, c, 0);
    sppoi_settings_add(s, "sampling.", sppoi_sampling_fields, &c->sampling, 0);
    sppoi_settings_add(s, "optim.", sppoi_optim_fields, &play->optim.config, 0);
    sppoi_settings_lists(s, "prompts", play->prompts);
    if (c->gold)
        sppoi_settings_lists(s, "gold", c->gold);
    sppoi_setting(s, "policy.", "count", (double)play->policy->count);
    sppoi_settings_model(s, "policy.", &play->policy->config, SPPOI_PLAYED);
}

static sppo_result sppoi_ranks_check(sppo_ctx *ctx, const sppo_ranks *ranks)
{
    if (!ranks
        || (ranks->size > 0 && ranks->rank >= 0 && ranks->rank < ranks->size
            && (ranks->all_reduce || ranks->size == 1)))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT,
                     "sppo_play_init: ranks has rank %d "
                     "and size %d%s; ranks count from 0 and need an all_reduce",
                     ranks->rank, ranks->size,
                     ranks->all_reduce ? "" : ", no all_reduce");
}

/* Ranks that began differently would train different policies: each compares
 * its settings and weights with those of rank 0.                            */
static sppo_result sppoi_ranks_same(sppo_ctx *ctx, const sppo_play *play)
{
    const sppo_ranks *ranks = play->config.ranks;
    double first[SPPOI_SETTINGS];
    sppo_result result = SPPO_OK;
    sppoi_settings own;
    int i;

    if (!ranks)
        return SPPO_OK;
    sppoi_play_settings(&own, play);
    sppoi_setting(&own, "", "iterations", play->config.iterations);
    sppoi_setting(&own, "", "weights", sppoi_hash_reals(play->policy->weights,
                                                        play->policy->count));
    if (sppoi_refers(&play->config))
        sppoi_setting(&own, "", "reference",
                      sppoi_hash_reals(play->reference.weights,
                                       play->reference.count));
    memset(first, 0, sizeof first);
    if (ranks->rank == 0)
        memcpy(first, own.value, sizeof first);
    SPPOI_TRY(sppoi_ranks_share(ctx, ranks, first, SPPOI_SETTINGS,
                                sizeof *first));
    for (i = own.count - 1; i >= 0; i--)
        if (own.value[i] < first[i] || own.value[i] > first[i])
            result = sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: %s is "
                               "%.10g, but %.10g on rank 0; ranks must begin "
                               "alike", own.name[i], own.value[i], first[i]);
    return sppoi_ranks_agree(ctx, ranks, result);
}

static void sppoi_play_layout(sppo_play *play, size_t weights,
                              sppoi_arena *arena)
{
    const sppo_play_config *c = &play->config;
    const size_t n = (size_t)c->prompts_per_iteration, k = (size_t)c->k;
    const size_t all = sppoi_size_product(n, k), batch = (size_t)c->batch;
    sppo_round *round = &play->round;

    play->before = (sppo_real *)sppoi_arena_alloc(arena, c->ranks ? weights : 0,
                                                  sizeof(sppo_real));
    play->grad =
        (sppo_real *)sppoi_arena_alloc(arena, weights, sizeof(sppo_real));
    round->pairwise = (double *)sppoi_arena_alloc(
        arena, sppoi_size_product(all, k), sizeof(double));
    round->win = (double *)sppoi_arena_alloc(arena, all, sizeof(double));
    round->old = (double *)sppoi_arena_alloc(arena, all, sizeof(double));
    round->anchor = c->pull > 0.0 ? (double *)sppoi_arena_alloc(
                                        arena, all, sizeof(double))
                                  : round->old;
    round->winner = (int *)sppoi_arena_alloc(arena, n, sizeof(int));
    round->loser = (int *)sppoi_arena_alloc(arena, n, sizeof(int));
    play->order = (int *)sppoi_arena_alloc(arena, n, sizeof(int));
    play->kept_logp =
        (double *)sppoi_arena_alloc(arena, batch * k, sizeof(double));
    play->kept_ratio =
        (double *)sppoi_arena_alloc(arena, batch * k, sizeof(double));
    play->kept_win =
        (double *)sppoi_arena_alloc(arena, batch * k, sizeof(double));
    play->kept_grad =
        (double *)sppoi_arena_alloc(arena, batch * k, sizeof(double));
    play->worth = (double *)sppoi_arena_alloc(arena, batch * k, sizeof(double));
    play->score = (double *)sppoi_arena_alloc(arena, k, sizeof(double));
}

/* Room for all responses to as many prompts as are sampled together. */
static sppo_result sppoi_play_sampler(sppo_ctx *ctx, const sppo_play *play,
                                      sppo_sampler *sampler)
{
    const sppo_play_config *c = &play->config;

    return sppo_sampler_init(ctx, sampler, play->policy,
                             sppoi_prompts_at_once(c, play->prompts), c->k,
                             sppoi_longest(play->prompts),
                             c->sampling.max_tokens);
}

static sppo_result sppoi_play_take(sppo_ctx *ctx, sppo_play *play)
{
    const sppo_play_config *c = &play->config;
    const int n = c->prompts_per_iteration;
    const int tokens = sppoi_pass_tokens(c, play->prompts);
    const int segments = sppoi_pass_segments(c, tokens);
    sppoi_arena arena = { NULL, 0 };

    sppoi_play_layout(play, play->policy->count, &arena);
    SPPOI_TRY(sppoi_block(ctx, "sppo_play_init", &arena, &play->block,
                          &play->block_size));
    sppoi_play_layout(play, play->policy->count, &arena);
    SPPOI_TRY(sppoi_lists_reserve(ctx, &play->round.responses, n * c->k,
                                  n * c->k * c->sampling.max_tokens));
    SPPOI_TRY(sppo_optim_init(ctx, &play->optim, &c->optim, play->policy));
    if (sppoi_refers(c))
        SPPOI_TRY(sppo_model_clone(ctx, &play->reference,
                                   c->reference ? c->reference : play->policy,
                                   play->policy->config.head,
                                   play->policy->config.embed_dim));
    SPPOI_TRY(sppo_forest_init(ctx, &play->forest, tokens, segments));
    SPPOI_TRY(sppo_activations_init(ctx, &play->acts, play->policy, tokens,
                                    segments,
                                    sppoi_prompt_tokens(c, play->prompts),
                                    SPPO_STEP));
    SPPOI_TRY(sppoi_play_sampler(ctx, play, &play->sampler));
    play->sampler.given = c->gold;
    return c->mixture > 0.0 ? sppoi_play_sampler(ctx, play, &play->partner)
                            : SPPO_OK;
}

/* A response is given to every prompt, no longer than one that is drawn. */
static sppo_result sppoi_check_gold(sppo_ctx *ctx, const sppo_play_config *c,
                                    const sppo_lists *prompts,
                                    const sppo_config *config)
{
    const sppo_lists *gold = c->gold;
    int i;

    if (gold->count != prompts->count)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: gold has %d "
                         "responses for %d prompts", gold->count,
                         prompts->count);
    for (i = 0; i < gold->count; i++) {
        const int n = sppo_lists_length(gold, i);

        if (n < 1 || n > sppoi_min(c->sampling.max_tokens, config->context -
                                   sppo_lists_length(prompts, i)))
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: gold "
                             "response %d of %d has %d tokens; it must have 1 "
                             "to max_tokens, %d, and fit the context", i + 1,
                             gold->count, n, c->sampling.max_tokens);
    }
    return SPPO_OK;
}

/* Checks, and takes the memory; what failed can be freed. */
static sppo_result sppoi_play_begin(sppo_ctx *ctx, sppo_play *play)
{
    const sppo_lists *prompts = play->prompts;
    const int context = play->policy->config.context;
    sppo_play_config *c = &play->config;
    int i, steps;

    SPPOI_TRY(sppoi_play_resolve(ctx, c, prompts, context));
    if (c->reference)
        SPPOI_TRY(sppoi_same_trunk(ctx, &play->policy->config,
                                   &c->reference->config,
                                   "sppo_play_init: the reference"));
    for (i = 0; i < prompts->count; i++)
        if (sppo_lists_length(prompts, i) < 1 ||
            sppo_lists_length(prompts, i) >= context)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_play_init: prompt %d "
                             "of %d has %d tokens; the context of %d must hold "
                             "at least one, and one of a response", i + 1,
                             prompts->count, sppo_lists_length(prompts, i),
                             context);
    if (c->gold)
        SPPOI_TRY(sppoi_check_gold(ctx, c, prompts, &play->policy->config));
    steps = (c->prompts_per_iteration - 1) / c->batch + 1;
    play->steps_per_epoch = steps;
    play->steps = steps * c->epochs;
    if (!c->optim.total_steps)
        c->optim.total_steps = play->steps;
    SPPOI_TRY(sppoi_play_take(ctx, play));
    play->round.first = sppoi_round_first(play);
    play->round.count = c->prompts_per_iteration;
    return SPPO_OK;
}

/* [Alg 1.1] input: base policy pi_{theta_1}, preference oracle (given to the
 * judge step), learning rate eta, number of samples K.                      */
SPPO_DEF sppo_result sppo_play_init(sppo_ctx *ctx, sppo_play *play,
                                    const sppo_play_config *config,
                                    sppo_model *policy,
                                    const sppo_lists *prompts)
{
    sppo_play fresh;
    sppo_result result;

    memset(&fresh, 0, sizeof fresh);
    fresh.config = *config;
    fresh.policy = policy;
    fresh.prompts = prompts;
    SPPOI_TRY(sppoi_ranks_check(ctx, config->ranks));
    result = sppoi_ranks_agree(ctx, config->ranks,
                               sppoi_play_begin(ctx, &fresh));
    if (result == SPPO_OK)
        result = sppoi_ranks_same(ctx, &fresh);
    if (result != SPPO_OK) {
        sppo_play_free(ctx, &fresh);
        return result;
    }
    *play = fresh;
    return SPPO_OK;
}

SPPO_DEF void sppo_play_free(sppo_ctx *ctx, sppo_play *play)
{
    sppo_sampler_free(ctx, &play->partner);
    sppo_sampler_free(ctx, &play->sampler);
    sppo_model_free(ctx, &play->reference);
    sppo_activations_free(ctx, &play->acts);
    sppo_forest_free(ctx, &play->forest);
    sppo_optim_free(ctx, &play->optim);
    sppo_lists_free(ctx, &play->round.responses);
    sppo_release(ctx, play->block, play->block_size);
    memset(play, 0, sizeof *play);
}

static size_t sppoi_forest_bytes(int tokens, int segments)
{
    const size_t ints = sppoi_size_sum((size_t)tokens,
                                       2 * (size_t)segments + 1);

    return sppoi_size_sum(sppoi_size_product(ints, sizeof(int)),
                          (size_t)segments);
}

SPPO_DEF size_t sppo_play_bytes(const sppo_play_config *config,
                                const sppo_model *policy,
                                const sppo_lists *prompts)
{
    sppo_ctx quiet;
    sppo_play play;
    sppoi_arena arena = { NULL, 0 };
    const sppo_play_config *c = &play.config;
    int tokens, segments, once, i;
    size_t part[8], sum = 0;

    memset(&quiet, 0, sizeof quiet);
    memset(&play, 0, sizeof play);
    play.config = *config;
    if (sppoi_play_resolve(&quiet, &play.config, prompts,
                           policy->config.context))
        return 0;
    sppoi_play_layout(&play, policy->count, &arena);
    tokens = sppoi_pass_tokens(c, prompts);
    segments = sppoi_pass_segments(c, tokens);
    once = sppoi_prompts_at_once(c, prompts);
    part[0] = arena.used;
    part[1] = sppoi_forest_bytes(tokens, segments);
    part[2] = sppoi_forest_bytes(once * sppoi_longest(prompts), once);
    part[3] = sppoi_size_product(
        (size_t)c->prompts_per_iteration * (size_t)c->k,
        (size_t)(c->sampling.max_tokens + 1) * sizeof(int));
    part[4] = sppoi_size_product(policy->count,
        sizeof(sppo_real) * (c->optim.kind == SPPO_ADAMW ? 2 : 1));
    part[5] = sppo_activations_bytes(&policy->config, tokens, segments,
                                     sppoi_prompt_tokens(c, prompts),
                                     SPPO_STEP);
    part[6] = sppoi_sampler_bytes(&policy->config, once, c->k,
                                  sppoi_longest(prompts),
                                  c->sampling.max_tokens);
    if (c->mixture > 0.0)  // its partner
        part[6] = sppoi_size_sum(sppoi_size_product(part[6], 2), part[2]);
    part[7] = sppoi_refers(c) ? policy->count * sizeof(sppo_real) : 0;
    for (i = 0; i < 8; i++)
        sum = sppoi_size_sum(sum, part[i]);
    return sum;
}

/* ---- evaluation ---- */

/* Appends to `all`, prompt by prompt, `samples` responses of a then of b. */
static sppo_result sppoi_interleave(sppo_ctx *ctx, sppo_lists *all,
                                    const sppo_lists *of_a,
                                    const sppo_lists *of_b, int samples)
{
    const int prompts = of_a->count / samples;
    int p, i;

    for (p = 0; p < prompts; p++)
        for (i = 0; i < 2 * samples; i++) {
            const sppo_lists *from = i < samples ? of_a : of_b;
            const int list = p * samples + i % samples;

            SPPOI_TRY(sppo_lists_add(ctx, all, sppo_lists_tokens(from, list),
                                     sppo_lists_length(from, list)));
        }
    return SPPO_OK;
}

/* log pi(y|x) of `per_prompt` responses to each prompt, one prompt a pass. */
static sppo_result sppoi_logprobs(sppo_ctx *ctx, const sppo_model *model,
                                  const sppo_lists *prompts,
                                  const sppo_lists *responses, int per_prompt,
                                  double *logprob)
{
    const int segments = 1 + per_prompt;
    const int tokens = sppoi_longest(prompts)
                     + per_prompt * sppoi_longest(responses);
    sppo_forest forest;
    sppo_activations acts;
    sppo_result result;
    int p, i;

    memset(&forest, 0, sizeof forest);
    memset(&acts, 0, sizeof acts);
    result = sppo_forest_init(ctx, &forest, tokens, segments);
    if (result == SPPO_OK)
        result = sppo_activations_init(ctx, &acts, model, tokens, segments, 0,
                                       SPPO_FORWARD);
    for (p = 0; p < prompts->count && result == SPPO_OK; p++) {
        sppo_forest_clear(&forest);
        sppoi_forest_add_list(&forest, -1, prompts, p, 0);
        for (i = 0; i < per_prompt; i++)
            sppoi_forest_add_list(&forest, 0, responses, p * per_prompt + i, 1);
        result = sppo_forward(ctx, &acts, model, &forest);
        for (i = 0; i < per_prompt && result == SPPO_OK; i++)
            logprob[p * per_prompt + i] =
                sppo_segment_logprob(&acts, &forest, 1 + i);
    }
    sppo_activations_free(ctx, &acts);
    sppo_forest_free(ctx, &forest);
    return result;
}

static sppo_result sppoi_sample_all(sppo_ctx *ctx, const sppo_model *model,
                                    const sppo_lists *prompts, int samples,
                                    const sppo_sampling *sampling,
                                    uint64_t key, sppo_lists *responses)
{
    sppo_sampler sampler;
    sppo_result result;

    memset(&sampler, 0, sizeof sampler);
    SPPOI_TRY(sppo_sampler_init(ctx, &sampler, model,
                                sppoi_min(prompts->count,
                                          SPPOI_PROMPTS_AT_ONCE),
                                samples, sppoi_longest(prompts),
                                sampling->max_tokens));
    result = sppo_sample(ctx, &sampler, model, prompts, 0, prompts->count,
                         sampling, key, responses);
    sppo_sampler_free(ctx, &sampler);
    return result;
}

/* The mean over prompts of the mean of the cross block P(a_i > b_j), and its
 * normal 95 % interval; prompts are the independent units, samples are not. */
static void sppoi_cross_mean(sppo_evaluation *result, const double *pairwise,
                             int prompts, int samples)
{
    const int k = 2 * samples;
    double sum = 0.0, squares = 0.0, variance;
    int p, i, j;

    for (p = 0; p < prompts; p++) {
        double mean = 0.0;

        for (i = 0; i < samples; i++)
            for (j = samples; j < k; j++)
                mean += pairwise[((size_t)p * (size_t)k + (size_t)i)
                                 * (size_t)k + (size_t)j];
        mean /= (double)samples * samples;
        sum += mean;
        squares += mean * mean;
    }
    result->prompts = prompts;
    result->win_rate = sum / prompts;
    variance = squares / prompts - result->win_rate * result->win_rate;
    result->standard_error =
        prompts > 1 && variance > 0.0 ? sqrt(variance / (prompts - 1)) : 0.0;
    result->low = result->win_rate - 1.959964 * result->standard_error;
    result->high = result->win_rate + 1.959964 * result->standard_error;
}

typedef struct sppoi_head_to_head {
    sppo_lists a, b, all;
    double *pairwise, *logprob;
    size_t pairs, singles;
} sppoi_head_to_head;

static sppo_result sppoi_head_to_head_run(
    sppo_ctx *ctx, sppoi_head_to_head *match, const sppo_model *a,
    const sppo_model *b, const sppo_judge *judge, const sppo_lists *prompts,
    int samples, sppo_evaluation *result)
{
    const int k = 2 * samples;
    size_t i;
    int p;

    SPPOI_TRY(
        sppoi_interleave(ctx, &match->all, &match->a, &match->b, samples));
    match->pairwise = (double *)sppo_alloc(ctx, match->pairs, sizeof(double));
    match->logprob = (double *)sppo_alloc(ctx, match->singles, sizeof(double));
    if (!match->pairwise || !match->logprob)
        return SPPO_E_MEMORY;
    SPPOI_TRY(judge->fill(ctx, judge->user, prompts, &match->all, k, 0,
                          prompts->count, match->pairwise));
    for (p = 0; p < prompts->count; p++)
        if (sppo_preference_check(ctx, match->pairwise + (size_t)p
                                  * (size_t)k * (size_t)k, k, 1e-3))
            return sppo_fail(ctx, ctx->code, "sppo_evaluate: the judge's "
                             "answer to prompt %d of %d: %s", p + 1,
                             prompts->count, ctx->message);
    sppoi_cross_mean(result, match->pairwise, prompts->count, samples);
    sppoi_lengths(&match->a, &a->config, &result->length_a, &result->eos_a);
    sppoi_lengths(&match->b, &b->config, &result->length_b, &result->eos_b);
    SPPOI_TRY(sppoi_logprobs(ctx, a, prompts, &match->a, samples,
                             match->logprob));
    result->kl = 0.0;
    for (i = 0; i < match->singles; i++)
        result->kl += match->logprob[i] / (double)match->singles;
    SPPOI_TRY(sppoi_logprobs(ctx, b, prompts, &match->a, samples,
                             match->logprob));
    for (i = 0; i < match->singles; i++)
        result->kl -= match->logprob[i] / (double)match->singles;
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_evaluate(sppo_ctx *ctx, const sppo_model *a,
                                   const sppo_model *b,
                                   const sppo_judge *judge,
                                   const sppo_lists *prompts, int samples,
                                   const sppo_sampling *sampling, uint64_t seed,
                                   sppo_evaluation *result)
{
    sppoi_head_to_head match;
    sppo_evaluation found;
    sppo_sampling how = *sampling;
    sppo_result code;

    if (prompts->count < 1 || samples < 1 ||
        samples > INT_MAX / 2 / prompts->count)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_evaluate: %d samples for "
                         "each of %d prompts; both must be at least 1, and no "
                         "more than can be counted", samples, prompts->count);
    if (!judge || !judge->fill)
        return sppo_fail(ctx, SPPO_E_ARGUMENT,
                         "sppo_evaluate: judge is NULL or has no fill");
    if (a->config.vocab != b->config.vocab)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_evaluate: the models have "
                         "vocabularies of %d and %d tokens; they must be the "
                         "same", a->config.vocab, b->config.vocab);
    sppoi_defaults(sppoi_sampling_fields, &how);
    memset(&match, 0, sizeof match);
    memset(&found, 0, sizeof found);
    match.singles = (size_t)prompts->count * (size_t)samples;
    match.pairs = sppoi_size_product(match.singles, (size_t)samples * 4);
    code = sppoi_sample_all(ctx, a, prompts, samples, &how,
                            sppo_random_fork(seed, 0), &match.a);
    if (code == SPPO_OK)
        code = sppoi_sample_all(ctx, b, prompts, samples, &how,
                                sppo_random_fork(seed, 1), &match.b);
    if (code == SPPO_OK)
        code = sppoi_head_to_head_run(ctx, &match, a, b, judge, prompts,
                                      samples, &found);
    sppo_lists_free(ctx, &match.a);
    sppo_lists_free(ctx, &match.b);
    sppo_lists_free(ctx, &match.all);
    sppo_release(ctx, match.pairwise, match.pairs * sizeof(double));
    sppo_release(ctx, match.logprob, match.singles * sizeof(double));
    if (code == SPPO_OK)
        *result = found;
    return code;
}

SPPO_DEF int sppo_best_of(const double *pairwise, int k)
{
    const double *row = pairwise;
    double most = 0.0;
    int i;

    for (i = 0; i < k; i++, row += k)
        most = fmax(most, sppoi_win_rate(row, k));
    row = pairwise;
    for (i = 0; i < k - 1 && sppo_beats(most, sppoi_win_rate(row, k)); i++)
        row += k;
    return i;
}

/* ==== files: JSON, safetensors, tokenizer, checkpoints ======= >>files.c == */

/* ---- what a file is when it is something else ---- */

#define SPPOI_AS_ROWS "write its rows as lines of JSON"
#define SPPOI_AS_WEIGHTS "save the model as safetensors"
#define SPPOI_AS_UTF8 ": save it as UTF-8"
#define SPPOI_NO_DATA ", which is not read here"

static const struct {
    int at, length;  // where the bytes stand
    const char *bytes, *kind;
} sppoi_kinds[] = {
    { 0, 19, "version https://git", "a Git LFS pointer, not the file itself: "
                                    "run git lfs pull in its folder" },
    { 0, 5, "<!DOC", "an HTML page: download the file itself" },
    { 0, 5, "<!doc", "an HTML page: download the file itself" },
    { 0, 5, "<html", "an HTML page: download the file itself" },
    { 0, 5, "<HTML", "an HTML page: download the file itself" },
    { 0, 5, "<?xml", "an XML text: download the file itself" },
    { 0, 4, "GGUF", "a GGUF file of llama.cpp: take the model's folder with "
                    "config.json and model.safetensors" },
    { 0, 4, "tjgg", "a GGML file of llama.cpp: take the model's folder with "
                    "config.json and model.safetensors" },
    { 0, 5, "24ka\1", "a llama2.c model of version 1: export it with "
                      "--version 0, which sppo convert reads" },
    { 0, 5, "24ka\2", "a llama2.c model of version 2: export it with "
                      "--version 0, which sppo convert reads" },
    { 0, 2, "\x1f\x8b", "compressed with gzip: unpack it first" },
    { 0, 6, "\xfd" "7zXZ", "compressed with xz: unpack it first" },
    { 0, 4, "\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first" },
    { 0, 4, "\x04\x22\x4d\x18", "compressed with lz4: unpack it first" },
    { 0, 3, "BZh", "compressed with bzip2: unpack it first" },
    { 0, 4, "7z\xbc\xaf", "a 7-Zip archive: unpack it first" },
    { 0, 4, "Rar!", "a RAR archive: unpack it first" },
    { 257, 5, "ustar", "a tar archive: unpack it first" },
    { 0, 4, "PK\3\4", "a zip archive, as PyTorch's .bin and .pt are: "
                      SPPOI_AS_WEIGHTS ", or unpack it" },
    { 0, 4, "PK\5\6", "an empty zip archive" },
    { 0, 2, "\x80\2", "a pickle of Python's or an old PyTorch's: "
                      SPPOI_AS_WEIGHTS },
    { 0, 2, "\x80\3", "a pickle of Python's: " SPPOI_AS_WEIGHTS },
    { 0, 2, "\x80\4", "a pickle of Python's: " SPPOI_AS_WEIGHTS },
    { 0, 2, "\x80\5", "a pickle of Python's: " SPPOI_AS_WEIGHTS },
    { 0, 4, "PAR1", "a Parquet file: " SPPOI_AS_ROWS },
    { 0, 6, "ARROW1", "an Arrow file: " SPPOI_AS_ROWS },
    { 0, 4, "Obj\1", "an Avro file: " SPPOI_AS_ROWS },
    { 0, 15, "SQLite format 3", "an SQLite database: " SPPOI_AS_ROWS },
    { 0, 4, "\x89HDF", "an HDF5 file: " SPPOI_AS_WEIGHTS },
    { 0, 6, "\x93NUMPY", "an array of NumPy's" SPPOI_NO_DATA },
    { 0, 4, "\xff\xfe\0\0", "UTF-32 text" SPPOI_AS_UTF8 },
    { 0, 4, "\0\0\xfe\xff", "UTF-32 text" SPPOI_AS_UTF8 },
    { 0, 2, "\xff\xfe", "UTF-16 text" SPPOI_AS_UTF8 },
    { 0, 2, "\xfe\xff", "UTF-16 text" SPPOI_AS_UTF8 },
    { 0, 4, "{\0\"\0", "UTF-16 text" SPPOI_AS_UTF8 },
    { 0, 4, "\0{\0\"", "UTF-16 text" SPPOI_AS_UTF8 },
    { 0, 4, "[\0{\0", "UTF-16 text" SPPOI_AS_UTF8 },
    { 0, 4, "\0[\0{", "UTF-16 text" SPPOI_AS_UTF8 },
    { 0, 4, "\x89PNG", "a picture (PNG)" SPPOI_NO_DATA },
    { 0, 3, "\xff\xd8\xff", "a picture (JPEG)" SPPOI_NO_DATA },
    { 0, 4, "GIF8", "a picture (GIF)" SPPOI_NO_DATA },
    { 0, 4, "%PDF", "a PDF" SPPOI_NO_DATA },
    { 0, 4, "\x7f" "ELF", "a program" SPPOI_NO_DATA }
};

static const char sppoi_is_safetensors[] =
    "a safetensors file: name the folder that it stands in";

static const char sppoi_is_tokenizer[] =
    "a tokenizer.bin of llama2.c: it goes into a model's folder";

/* Little-endian numbers, whatever this machine's order. */
static uint64_t sppoi_little(const unsigned char *bytes, int size)
{
    uint64_t value = 0;
    int i;

    for (i = size - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* The header of llama2.c's version 0 has no first bytes of its own, but seven
 * sizes: dim, hidden, layers, heads, kv_heads, vocab, context.              */
static int sppoi_is_llama2c(const unsigned char *data, size_t size)
{
    static const int most[] = { 65536, 1000000, 1024, 1024, 1024, 10000000,
                                10000000 };
    int v[7], i;

    if (size < 256)
        return 0;
    for (i = 0; i < 7; i++) {
        v[i] = (int)(int32_t)sppoi_little(data + 4 * i, 4);
        v[i] = i == 5 && v[i] < 0 && v[i] > -most[i] ? -v[i] : v[i];
        if (v[i] < 1 || v[i] > most[i])
            return 0;
    }
    return v[0] % v[3] == 0 && v[3] % v[4] == 0 && v[5] > 2;
}

SPPO_DEF const char *sppo_file_kind(const void *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t i;

    for (i = 0; i < sizeof sppoi_kinds / sizeof sppoi_kinds[0]; i++) {
        const size_t at = (size_t)sppoi_kinds[i].at;
        const size_t n = (size_t)sppoi_kinds[i].length;

        if (size >= at + n && memcmp(bytes + at, sppoi_kinds[i].bytes, n) == 0)
            return sppoi_kinds[i].kind;
    }
    if (size >= 10 && sppoi_little(bytes, 8) < 100000000 && bytes[8] == '{' &&
        (bytes[9] == '"' || bytes[9] == '}'))
        return sppoi_is_safetensors;
    if (size >= 17 && memcmp(bytes + 12, "<unk>", 5) == 0)
        return sppoi_is_tokenizer;
    if (size >= 8 && sppoi_little(bytes, 4) == 0xffffffffu && !bytes[7])
        return "an Arrow stream: " SPPOI_AS_ROWS;
    if (sppoi_is_llama2c(bytes, size))
        return "a llama2.c model: sppo convert --from FILE --to DIR makes a "
               "directory of it";
    return NULL;
}

/* ---- JSON ---- */

/* A key stands so many slots from its own: of a million that nobody chose for
 * that none is beyond some dozens.                                          */
enum { SPPOI_JSON_DEPTH = 64, SPPOI_JSON_DETOUR = 256 };

typedef struct sppoi_reader {
    sppo_ctx *ctx;
    sppo_json *json;
    const char *where;
    size_t at;
    int parent, depth, keys;
} sppoi_reader;

static sppo_result sppoi_json_fail(const sppoi_reader *r, const char *what)
{
    const char *kind = sppo_file_kind(r->json->text, r->json->length);
    char at_line[32] = "";
    size_t i, column = 1;
    int line = 1;

    if (kind)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%.200s: this is %s", r->where,
                         kind);
    for (i = 0; i < r->at && i < r->json->length; i++) {
        line += r->json->text[i] == '\n';
        column = r->json->text[i] == '\n' ? 1 : column + 1;
    }
    if (line > 1)
        snprintf(at_line, sizeof at_line, "line %d, ", line);
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%.200s, %scolumn %llu: %s",
                     r->where, at_line, sppoi_printed(column), what);
}

/* No value begins here; what other languages write for one is named. */
static sppo_result sppoi_json_no_value(const sppoi_reader *r)
{
    static const char not_number[] =
        "%s is not JSON, though Python writes it: a number or null is";
    static const char not_word[] = "%s is not JSON: null, true and false are; "
                                   "Python's json.dumps writes them";
    static const struct { const char *word, *what; } foreign[] = {
        { "NaN", not_number }, { "nan", not_number },
        { "Infinity", not_number }, { "inf", not_number },
        { "-Infinity", not_number }, { "-inf", not_number },
        { "-NaN", not_number }, { "-nan", not_number }, { "None", not_word },
        { "True", not_word }, { "False", not_word }, { "undefined", not_word }
    };
    const char *text = r->json->text + r->at;
    const size_t left = r->json->length - r->at;
    char what[100];
    size_t i;

    for (i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (left >= strlen(foreign[i].word) &&
            memcmp(text, foreign[i].word, strlen(foreign[i].word)) == 0) {
            snprintf(what, sizeof what, foreign[i].what, foreign[i].word);
            return sppoi_json_fail(r, what);
        }
    if (left && *text == '\'')
        return sppoi_json_fail(r, "a string stands in double quotes; Python's "
                                  "json.dumps writes them");
    return sppoi_json_fail(r, "expected a value");
}

static int sppoi_peek(const sppoi_reader *r)
{
    return r->at < r->json->length ? (unsigned char)r->json->text[r->at] : -1;
}

static void sppoi_skip_blanks(sppoi_reader *r)
{
    int c = sppoi_peek(r);

    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        r->at++;
        c = sppoi_peek(r);
    }
}

/* Length of the UTF-8 sequence at s, 0 when it is none (overlong, surrogate,
 * beyond U+10FFFF, cut off).                                                */
static size_t sppoi_utf8(const char *text, size_t left)
{
    const unsigned char *s = (const unsigned char *)text;
    const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2
                   : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    size_t i;

    if (n == 0 || n > left)
        return 0;
    for (i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* Four hex digits at text[at ..], or -1. */
static int sppoi_hex4(const char *text, size_t at, size_t end)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int i, value = 0;

    if (end - at < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        const char c = text[at + (size_t)i];
        const char *found = c ? strchr(digits, c) : NULL;
        const int digit = found ? (int)(found - digits) : 0;

        if (!found)
            return -1;
        value = value * 16 + (digit < 16 ? digit : digit - 6);
    }
    return value;
}

static sppo_result sppoi_json_escape(sppoi_reader *r)
{
    const int c = sppoi_peek(r);

    if (c <= 0 || !strchr("\"\\/bfnrtu", c))
        return sppoi_json_fail(r, "unknown escape in a string");
    r->at++;
    if (c != 'u')
        return SPPO_OK;
    if (sppoi_hex4(r->json->text, r->at, r->json->length) < 0)
        return sppoi_json_fail(r, "\\u wants four hexadecimal digits");
    r->at += 4;
    return SPPO_OK;
}

/* From the opening quote to after the closing one. */
static sppo_result sppoi_json_quoted(sppoi_reader *r, size_t *begin,
                                     size_t *end)
{
    *begin = ++r->at;
    for (;;) {
        const int c = sppoi_peek(r);
        size_t n;

        if (c < 0)
            return sppoi_json_fail(r, "the text ends inside a string");
        if (c == '"')
            break;
        if (c < 0x20)
            return sppoi_json_fail(r, "a control character in a string must "
                                      "be escaped");
        n = sppoi_utf8(r->json->text + r->at, r->json->length - r->at);
        if (n == 0)
            return sppoi_json_fail(r, "this is not valid UTF-8");
        r->at += n;
        if (c == '\\')
            SPPOI_TRY(sppoi_json_escape(r));
    }
    *end = r->at++;
    return SPPO_OK;
}

static size_t sppoi_json_digits(sppoi_reader *r)
{
    const size_t from = r->at;

    while (sppoi_peek(r) >= '0' && sppoi_peek(r) <= '9')
        r->at++;
    return r->at - from;
}

/* -? (0 | [1-9] digits) (. digits)? ([eE] [+-]? digits)? */
static sppo_result sppoi_json_numeral(sppoi_reader *r)
{
    const size_t from = r->at;
    const int minus = sppoi_peek(r) == '-';
    size_t first;

    r->at += (size_t)minus;
    first = r->at;
    if (sppoi_json_digits(r) == 0) {
        r->at = from;
        return sppoi_json_no_value(r);
    }
    if (r->json->text[first] == '0' && r->at - first > 1)
        return sppoi_json_fail(r, "a number must not begin with 0");
    if (sppoi_peek(r) == '.') {
        r->at++;
        if (sppoi_json_digits(r) == 0)
            return sppoi_json_fail(r, "a digit must follow the point");
    }
    if (sppoi_peek(r) == 'e' || sppoi_peek(r) == 'E') {
        r->at++;
        r->at += sppoi_peek(r) == '+' || sppoi_peek(r) == '-';
        if (sppoi_json_digits(r) == 0)
            return sppoi_json_fail(r, "a digit must follow the exponent");
    }
    if (r->at - from > 300)
        return sppoi_json_fail(r, "a number of more than 300 characters");
    return SPPO_OK;
}

static sppo_result sppoi_json_word(sppoi_reader *r, const char *word)
{
    const size_t n = strlen(word);

    if (r->json->length - r->at < n ||
        memcmp(r->json->text + r->at, word, n) != 0)
        return sppoi_json_no_value(r);
    r->at += n;
    return SPPO_OK;
}

/* Adds a value that begins here; of an object's member it has the key. */
static int sppoi_json_push(sppoi_reader *r, sppo_json_node *node)
{
    node->parent = r->parent;
    node->first = node->next = -1;
    node->begin = r->at;
    r->json->node[r->json->count] = *node;
    return r->json->count++;
}

/* Room for all values of the text, of which each that is not the first has a
 * comma or an opening bracket in front: a file of numbers, of two bytes each,
 * takes no more than its nodes, and none twice.                             */
static sppo_result sppoi_json_take(sppoi_reader *r)
{
    sppo_json *json = r->json;
    size_t i, most = 1;
    int quoted = 0;

    for (i = 0; i < json->length; i++) {
        const char c = json->text[i];

        quoted ^= c == '"';
        i += quoted && c == '\\';
        most += !quoted && (c == ',' || c == '[' || c == '{');
    }
    if (most <= (size_t)json->capacity)
        return SPPO_OK;
    if (most > INT_MAX)
        return sppoi_json_fail(r, "more than 2^31 values");
    sppo_release(r->ctx, json->node,
                 (size_t)json->capacity * sizeof *json->node);
    json->node = (sppo_json_node *)sppo_alloc(r->ctx, most, sizeof *json->node);
    json->capacity = json->node ? (int)most : 0;
    return json->node ? SPPO_OK : SPPO_E_MEMORY;
}

static size_t sppoi_utf8_write(unsigned long c, char *out)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    size_t i;

    for (i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* \uXXXX, already checked, `at` after the u; a pair of surrogates is one
 * character, a lone one U+FFFD.                                             */
static size_t sppoi_json_unicode(const char *text, size_t *at, size_t end,
                                 char out[4])
{
    unsigned long c = (unsigned long)sppoi_hex4(text, *at, end);

    *at += 4;
    if (c >= 0xd800 && c < 0xdc00 && end - *at >= 6 && text[*at] == '\\' &&
        text[*at + 1] == 'u') {
        const int low = sppoi_hex4(text, *at + 2, end);

        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (unsigned long)(low - 0xdc00);
            *at += 6;
        }
    }
    if (c >= 0xd800 && c < 0xe000)
        c = 0xfffd;
    return sppoi_utf8_write(c, out);
}

/* The text of a string into out, decoded; the length it has in full. */
static size_t sppoi_json_decode(const char *text, size_t at, size_t end,
                                char *out, size_t size)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    size_t n = 0;

    while (at < end) {
        char piece[4];
        size_t length = 1, i;

        piece[0] = text[at++];
        if (piece[0] == '\\') {
            const char c = text[at++];

            if (c == 'u')
                length = sppoi_json_unicode(text, &at, end, piece);
            else
                piece[0] = values[strchr(names, c) - names];
        }
        for (i = 0; i < length; i++, n++)
            if (n + 1 < size)
                out[n] = piece[i];
    }
    if (size)
        out[n < size ? n : size - 1] = 0;
    return n;
}

/* The key of an object's member, decoded; none is longer than 255 bytes. */
static size_t sppoi_json_name(const sppo_json *json, int node, char *out,
                              size_t size)
{
    return sppoi_json_decode(json->text, json->node[node].name_begin,
                             json->node[node].name_end, out, size);
}

static int sppoi_json_key_is(const sppo_json *json, int node, const char *key,
                             size_t length)
{
    char name[256];

    return sppoi_json_name(json, node, name, sizeof name) == length &&
           length < sizeof name && memcmp(name, key, length) == 0;
}

static uint32_t sppoi_json_hash(int object, const char *key, size_t length)
{
    uint64_t hash = sppoi_mix((uint64_t)object);
    size_t i;

    for (i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
    return (uint32_t)sppoi_mix(hash);
}

/* Where the table has the member `key` of an object, or the empty slot that it
 * would take.                                                               */
static int *sppoi_json_slot(const sppo_json *json, int object, uint32_t hash,
                            const char *key, size_t length)
{
    const uint32_t mask = (uint32_t)json->slots - 1;
    uint32_t at = hash & mask;

    for (; json->slot[at]; at = (at + 1) & mask) {
        const int node = json->slot[at] - 1;

        if (json->node[node].hash == hash &&
            json->node[node].parent == object &&
            sppoi_json_key_is(json, node, key, length))
            break;
    }
    return &json->slot[at];
}

/* Twice as many slots, all empty, whatever an earlier text left behind. */
static sppo_result sppoi_json_more_slots(sppoi_reader *r)
{
    sppo_json *json = r->json;
    const int slots = json->slots ? 2 * json->slots : 16;
    int *fresh;

    if (json->slots > INT_MAX / 8)
        return sppoi_json_fail(r, "too many keys");
    if (slots > json->room) {
        fresh = (int *)sppo_alloc(r->ctx, (size_t)slots, sizeof *fresh);
        if (!fresh)
            return SPPO_E_MEMORY;
        sppo_release(r->ctx, json->slot, (size_t)json->room * sizeof *fresh);
        json->slot = fresh;
        json->room = slots;
    }
    json->slots = slots;
    memset(json->slot, 0, (size_t)slots * sizeof *json->slot);
    return SPPO_OK;
}

/* The table is at most half full: a search ends soon, at an empty slot. */
static sppo_result sppoi_json_make_room(sppoi_reader *r)
{
    sppo_json *json = r->json;
    int i;

    if (2 * ++r->keys <= json->slots)
        return SPPO_OK;
    SPPOI_TRY(sppoi_json_more_slots(r));
    for (i = 1; i < json->count; i++) {
        const uint32_t mask = (uint32_t)json->slots - 1;
        uint32_t at = json->node[i].hash & mask;

        if (json->node[json->node[i].parent].type != SPPO_JSON_OBJECT)
            continue;
        while (json->slot[at])
            at = (at + 1) & mask;
        json->slot[at] = i + 1;
    }
    return SPPO_OK;
}

/* "key" : of an object's member; no key twice.  The slot will be its own. */
static sppo_result sppoi_json_key(sppoi_reader *r, sppo_json_node *member,
                                  int **slot)
{
    const size_t at = r->at;
    char decoded[256];
    size_t length;

    if (sppoi_peek(r) != '"')
        return sppoi_json_fail(r, "expected a key in quotes");
    SPPOI_TRY(sppoi_json_quoted(r, &member->name_begin, &member->name_end));
    length = sppoi_json_decode(r->json->text, member->name_begin,
                               member->name_end, decoded, sizeof decoded);
    if (length >= sizeof decoded)
        return sppoi_json_fail(r, "a key of more than 255 bytes");
    SPPOI_TRY(sppoi_json_make_room(r));
    member->hash = sppoi_json_hash(r->parent, decoded, length);
    *slot = sppoi_json_slot(r->json, r->parent, member->hash, decoded, length);
    if (**slot) {
        r->at = at;
        return sppoi_json_fail(r, "this key stands twice in its object");
    }
    if ((((uint32_t)(*slot - r->json->slot) - member->hash) &
         ((uint32_t)r->json->slots - 1)) > SPPOI_JSON_DETOUR)
        return sppoi_json_fail(r, "too many keys that hash to one place");
    sppoi_skip_blanks(r);
    if (sppoi_peek(r) != ':')
        return sppoi_json_fail(r, "expected ':' after the key");
    r->at++;
    sppoi_skip_blanks(r);
    return SPPO_OK;
}

/* Hangs a new node under the open container, after its last child. */
static void sppoi_json_link(sppoi_reader *r, int index, int *last)
{
    sppo_json_node *parent;

    if (r->parent < 0)
        return;
    parent = &r->json->node[r->parent];
    if (parent->count++ == 0)
        parent->first = index;
    else
        r->json->node[last[r->depth]].next = index;
    last[r->depth] = index;
}

static sppo_result sppoi_json_scalar(sppoi_reader *r, int index, int c)
{
    sppo_json_node *node = &r->json->node[index];

    if (c == '"') {
        node->type = SPPO_JSON_STRING;
        return sppoi_json_quoted(r, &node->begin, &node->end);
    }
    node->type = c == 't' ? SPPO_JSON_TRUE : c == 'f' ? SPPO_JSON_FALSE
               : c == 'n' ? SPPO_JSON_NULL : SPPO_JSON_NUMBER;
    SPPOI_TRY(node->type == SPPO_JSON_NUMBER ? sppoi_json_numeral(r)
        : sppoi_json_word(r, c == 't' ? "true" : c == 'f' ? "false" : "null"));
    node->end = r->at;
    return SPPO_OK;
}

/* One value; of a container only its opening: r->parent is then that. */
static sppo_result sppoi_json_value(sppoi_reader *r, int *last)
{
    int index, c, *slot = NULL;
    sppo_json_node node;

    memset(&node, 0, sizeof node);
    if (r->parent >= 0 && r->json->node[r->parent].type == SPPO_JSON_OBJECT)
        SPPOI_TRY(sppoi_json_key(r, &node, &slot));
    index = sppoi_json_push(r, &node);
    sppoi_json_link(r, index, last);
    if (slot)
        *slot = index + 1;
    c = sppoi_peek(r);
    if (c != '{' && c != '[')
        return sppoi_json_scalar(r, index, c);
    if (r->depth >= SPPOI_JSON_DEPTH)
        return sppoi_json_fail(r, "nested more than 64 deep");
    r->json->node[index].type = c == '{' ? SPPO_JSON_OBJECT : SPPO_JSON_ARRAY;
    r->parent = index;
    r->depth++;
    r->at++;
    return SPPO_OK;
}

/* Closes the open container when its bracket is next. */
static int sppoi_json_close(sppoi_reader *r)
{
    sppo_json_node *node;

    sppoi_skip_blanks(r);
    if (r->parent < 0)
        return 0;
    node = &r->json->node[r->parent];
    if (sppoi_peek(r) != (node->type == SPPO_JSON_OBJECT ? '}' : ']'))
        return 0;
    node->end = ++r->at;
    r->parent = node->parent;
    r->depth--;
    return 1;
}

/* Bytes of the mark that some editors put in front of UTF-8: 3 or 0. */
static size_t sppoi_mark(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static sppo_result sppoi_json_run(sppoi_reader *r)
{
    int last[SPPOI_JSON_DEPTH + 1];

    SPPOI_TRY(sppoi_json_take(r));
    r->at = sppoi_mark(r->json->text, r->json->length);
    sppoi_skip_blanks(r);
    for (;;) {
        int before = r->parent;

        SPPOI_TRY(sppoi_json_value(r, last));
        if (r->parent != before) {  // just opened
            sppoi_skip_blanks(r);
            if (!sppoi_json_close(r))
                continue;
        }
        while (sppoi_json_close(r)) {
        }
        if (r->parent < 0)
            break;
        if (sppoi_peek(r) != ',')
            return sppoi_json_fail(r, r->json->node[r->parent].type ==
                SPPO_JSON_OBJECT ? "expected ',' or '}'"
                                 : "expected ',' or ']'");
        r->at++;
        sppoi_skip_blanks(r);
    }
    sppoi_skip_blanks(r);
    if (r->at < r->json->length)
        return sppoi_json_fail(r, "something follows the value");
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_json_parse(sppo_ctx *ctx, sppo_json *json,
                                     const char *text, size_t length,
                                     const char *where)
{
    sppoi_reader reader = { ctx, json, where, 0, -1, 0, 0 };
    sppo_result result;

    json->text = text;
    json->length = length;
    json->count = json->slots = 0;
    result = sppoi_json_run(&reader);
    if (result != SPPO_OK)
        json->count = 0;
    return result;
}

SPPO_DEF void sppo_json_free(sppo_ctx *ctx, sppo_json *json)
{
    sppo_release(ctx, json->node, (size_t)json->capacity * sizeof *json->node);
    sppo_release(ctx, json->slot, (size_t)json->room * sizeof *json->slot);
    memset(json, 0, sizeof *json);
}

SPPO_DEF int sppo_json_find(const sppo_json *json, int object, const char *key)
{
    const size_t length = strlen(key);

    if (object < 0 || object >= json->count || !json->slots ||
        json->node[object].type != SPPO_JSON_OBJECT)
        return -1;
    return *sppoi_json_slot(json, object, sppoi_json_hash(object, key, length),
                            key, length) - 1;
}

SPPO_DEF size_t sppo_json_string(const sppo_json *json, int node, char *out,
                                 size_t size)
{
    if (node < 0 || node >= json->count)
        return sppoi_json_decode("", 0, 0, out, size);
    return sppoi_json_decode(json->text, json->node[node].begin,
                             json->node[node].end, out, size);
}

/* The decimal point of the locale, found by printing one: strtod and snprintf
 * follow the program's locale, files must not.                              */
static void sppoi_decimal_point(char point[8])
{
    char half[16];
    size_t n;

    snprintf(half, sizeof half, "%.1f", 0.5);
    n = strlen(half) - 2;
    memcpy(point, half + 1, n);
    point[n] = 0;
}

SPPO_DEF double sppo_json_number(const sppo_json *json, int node)
{
    const sppo_json_node *n;
    char digits[320], point[8];
    size_t i, used = 0;

    if (node < 0 || node >= json->count ||
        json->node[node].type != SPPO_JSON_NUMBER)
        return 0.0;
    n = &json->node[node];
    for (i = n->begin; i < n->end; i++) {
        if (json->text[i] == '.') {
            sppoi_decimal_point(point);
            memcpy(digits + used, point, strlen(point));
            used += strlen(point);
        } else {
            digits[used++] = json->text[i];
        }
    }
    digits[used] = 0;
    return strtod(digits, NULL);
}

/* The shortest decimal text that reads back as the same double. */
static void sppoi_number_text(char *out, size_t size, double value)
{
    char point[8], *found;
    int digits = 6;

    do
        snprintf(out, size, "%.*g", digits, value);
    while (digits++ < 17 && strtod(out, NULL) != value);
    sppoi_decimal_point(point);
    found = strstr(out, point);
    if (found) {
        *found = '.';
        memmove(found + 1, found + strlen(point),
                strlen(found + strlen(point)) + 1);
    }
}

/* Text that grows in a caller's buffer; n counts what it would take. */
typedef struct sppoi_text {
    char *out;
    size_t size, n;
} sppoi_text;

static void sppoi_put(sppoi_text *text, const char *piece, size_t length)
{
    const size_t room = text->size ? text->size - 1 : 0;
    size_t i;

    for (i = 0; i < length; i++, text->n++)
        if (text->n < room)
            text->out[text->n] = piece[i];
    if (text->size)
        text->out[text->n < room ? text->n : room] = 0;
}

static void sppoi_put_text(sppoi_text *text, const char *piece)
{
    sppoi_put(text, piece, strlen(piece));
}

/* At most 255 bytes, put as by printf. */
static SPPOI_FORMAT(2, 3)
void sppoi_putf(sppoi_text *text, const char *format, ...)
{
    char piece[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    sppoi_put_text(text, piece);
}

SPPO_DEF size_t sppo_json_quote(char *out, size_t size, const char *text,
                                size_t length)
{
    static const char names[] = "\"\\bfnrt", values[] = "\"\\\b\f\n\r\t";
    sppoi_text to = { out, size, 0 };
    size_t i = 0;

    sppoi_put_text(&to, "\"");
    while (i < length) {
        const unsigned char c = (unsigned char)text[i];
        const char *special = c ? strchr(values, c) : NULL;
        const size_t n = sppoi_utf8(text + i, length - i);

        if (special)
            sppoi_putf(&to, "\\%c", names[special - values]);
        else if (c < 0x20)
            sppoi_putf(&to, "\\u%04x", c);
        else
            sppoi_put(&to, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
        i += n ? n : 1;
    }
    sppoi_put_text(&to, "\"");
    return to.n;
}

/* ---- config.json ---- */

static const char sppoi_hf_eos[] = "eos_token_id";

/* One id, or all that end a response as a list. */
static void sppoi_put_ends(sppoi_text *text, const sppo_config *config)
{
    int i;

    if (config->eos < 0)
        sppoi_put_text(text, "null");
    else
        sppoi_putf(text, config->eos_count ? "[%d" : "%d", config->eos);
    for (i = 0; i < config->eos_count; i++)
        sppoi_putf(text, ", %d", config->eos_more[i]);
    sppoi_put_text(text, config->eos_count ? "]" : "");
}

static void sppoi_put_field(sppoi_text *text, const sppoi_field *f,
                            const sppo_config *config)
{
    const double value = sppoi_get(f, config);
    char number[40];

    if (!f->hf || ((f->uses & SPPOI_HEADED) && config->head == SPPO_HEAD_NONE))
        return;
    snprintf(number, sizeof number, "%.0f", value);
    if (f->type == SPPOI_NUMBER)
        sppoi_number_text(number, sizeof number, value);
    sppoi_putf(text, " \"%s\": ", f->hf);
    if (f->at == offsetof(sppo_config, eos))
        sppoi_put_ends(text, config);
    else if (f->at == offsetof(sppo_config, head))
        sppoi_putf(text, "\"%s\"", sppo_head_name(config->head));
    else if (f->type == SPPOI_UNLESS)
        sppoi_put_text(text, value != 0.0 ? "false" : "true");
    else
        sppoi_put_text(text, f->type == SPPOI_TOKEN && value < 0.0 ? "null"
                                                                   : number);
    sppoi_put_text(text, ",\n");
}

static const char *sppoi_torch_dtype(sppo_dtype dtype)
{
    if (dtype == SPPO_DTYPE_BFLOAT16)
        return "bfloat16";
    return dtype == SPPO_DTYPE_REAL && sizeof(sppo_real) == 8 ? "float64"
                                                              : "float32";
}

/* Field names of Hugging Face's LlamaConfig, in its version 4 style, which
 * newer versions still read.  What has its default is written too: readers of
 * other versions have other defaults.                                       */
SPPO_DEF size_t sppo_config_write(const sppo_config *config, sppo_dtype dtype,
                                  char *out, size_t size)
{
    sppoi_text text = { out, size, 0 };
    const sppoi_field *f;

    sppoi_put_text(&text, "{\n \"architectures\": [\"LlamaForCausalLM\"],\n"
                          " \"model_type\": \"llama\",\n");
    for (f = sppoi_config_fields; f->name; f++)
        sppoi_put_field(&text, f, config);
    sppoi_put_text(&text,
                   " \"hidden_act\": \"silu\",\n \"rope_scaling\": null,\n"
                   " \"attention_bias\": false,\n \"mlp_bias\": false,\n"
                   " \"attention_dropout\": 0.0,\n \"use_cache\": true,\n"
                   " \"initializer_range\": 0.02,\n \"torch_dtype\": \"");
    sppoi_putf(&text, "%s\"\n}\n", sppoi_torch_dtype(dtype));
    return text.n;
}

typedef struct sppoi_config_reader {
    sppo_ctx *ctx;
    const sppo_json *json;
    const char *where;
} sppoi_config_reader;

static sppo_result sppoi_config_fail(const sppoi_config_reader *r,
                                     const char *field, const char *what)
{
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%.200s: %s %s", r->where, field,
                     what);
}

static int sppoi_json_is_null(const sppo_json *json, int node)
{
    return node < 0 || json->node[node].type == SPPO_JSON_NULL;
}

static sppo_result sppoi_config_whole(const sppoi_config_reader *r,
                                      const char *field, int node, int *out)
{
    double value;

    if (r->json->node[node].type != SPPO_JSON_NUMBER)
        return sppoi_config_fail(r, field, "must be a whole number");
    value = sppo_json_number(r->json, node);
    if (!(value >= -1.0 && value <= 1e9 && floor(value) == value))
        return sppoi_config_fail(r, field, "must be a whole number from 0");
    *out = (int)value;
    return SPPO_OK;
}

/* One more id that ends a response; the first is eos. */
static sppo_result sppoi_config_end(const sppoi_config_reader *r, int node,
                                    sppo_config *c)
{
    int id = -1;

    SPPOI_TRY(sppoi_config_whole(r, sppoi_hf_eos, node, &id));
    if (sppo_config_ends(c, id))
        return SPPO_OK;
    if (c->eos < 0)
        c->eos = id;
    else if (c->eos_count == SPPO_EOS_MORE)
        return sppoi_config_fail(r, sppoi_hf_eos, "lists more than 8 ids");
    else
        c->eos_more[c->eos_count++] = id;
    return SPPO_OK;
}

/* eos_token_id: an id, a list of ids, or null, which is none.  Where it is
 * absent, c stays as it is.                                                 */
static sppo_result sppoi_config_eos(const sppoi_config_reader *r,
                                    sppo_config *c)
{
    const int field = sppo_json_find(r->json, 0, sppoi_hf_eos);
    int node;

    if (field < 0)
        return SPPO_OK;
    c->eos = -1;
    c->eos_count = 0;
    if (sppoi_json_is_null(r->json, field))
        return SPPO_OK;
    if (r->json->node[field].type != SPPO_JSON_ARRAY)
        return sppoi_config_end(r, field, c);
    if (r->json->node[field].count == 0)
        return sppoi_config_fail(r, sppoi_hf_eos, "is an empty list; write "
                                 "null when no token ends a text");
    for (node = r->json->node[field].first; node >= 0;
         node = r->json->node[node].next)
        SPPOI_TRY(sppoi_config_end(r, node, c));
    return SPPO_OK;
}

/* Whether a node is `value`: a digit, a word, a string in its quotes. */
static int sppoi_json_is(const sppo_json *json, int node, const char *value)
{
    const sppo_json_node *n = &json->node[node];
    const size_t quote = n->type == SPPO_JSON_STRING;
    const size_t length = n->end - n->begin + 2 * quote;

    if (n->type == SPPO_JSON_NUMBER && value[0] >= '0' && value[0] <= '9')
        return sppo_json_number(json, node) == value[0] - '0';
    return length == strlen(value) &&
           memcmp(json->text + n->begin - quote, value, length) == 0;
}

/* A key or a value as it stands in the text, at most 40 bytes of it. */
static const char *sppoi_json_shown(const sppo_json *json, int node, int key,
                                    char out[48])
{
    const sppo_json_node *n = &json->node[node];
    const int quote = n->type == SPPO_JSON_STRING;
    const size_t from = key ? n->name_begin : n->begin - (size_t)quote;
    const size_t to = key ? n->name_end : n->end + (size_t)quote;

    if (!key && n->type == SPPO_JSON_OBJECT)
        return "an object";
    if (!key && n->type == SPPO_JSON_ARRAY)
        return "an array";
    snprintf(out, 48, "%.*s%s", (int)(to - from < 40 ? to - from : 40),
             json->text + from, to - from > 40 ? ".." : "");
    return out;
}

/* A field that must be absent, null or the one value that is supported. */
static sppo_result sppoi_config_only(const sppoi_config_reader *r, int object,
                                     const char *field, const char *value)
{
    const int node = sppo_json_find(r->json, object, field);
    char shown[48];

    if (sppoi_json_is_null(r->json, node) ||
        sppoi_json_is(r->json, node, value))
        return SPPO_OK;
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%.200s: %s is not supported "
                     "unless it is %s, and it is %s", r->where, field, value,
                     sppoi_json_shown(r->json, node, 0, shown));
}

/* What rope_scaling or rope_parameters may say: nothing that stretches the
 * positions, nothing per layer type, nothing unknown.                       */
static sppo_result sppoi_config_rope_entry(const sppoi_config_reader *r,
                                           const char *field, int node)
{
    static const struct { const char *key, *value; } only[] = {
        { "rope_type", "\"default\"" }, { "type", "\"default\"" },
        { "factor", "1" }, { "partial_rotary_factor", "1" },
        { "rope_theta", NULL }, { "original_max_position_embeddings", NULL }
    };
    char key[48], value[48];
    size_t i;

    for (i = 0; i < sizeof only / sizeof only[0]; i++)
        if (sppoi_json_key_is(r->json, node, only[i].key,
                              strlen(only[i].key)) &&
            (!only[i].value || sppoi_json_is_null(r->json, node) ||
             sppoi_json_is(r->json, node, only[i].value)))
            return SPPO_OK;
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%.180s: %s is not supported with "
                     "%s: %s; rope_theta and the type default are", r->where,
                     field, sppoi_json_shown(r->json, node, 1, key),
                     sppoi_json_shown(r->json, node, 0, value));
}

/* Older files keep the way in rope_scaling, newer ones all in rope_parameters,
 * where rope_theta must be unless it stands outside.                        */
static sppo_result sppoi_config_rope(const sppoi_config_reader *r,
                                     const char *field, double *theta)
{
    const int rope = sppo_json_find(r->json, 0, field);
    const int base = sppo_json_find(r->json, rope, "rope_theta");
    int i;

    if (sppoi_json_is_null(r->json, rope))
        return SPPO_OK;
    if (r->json->node[rope].type != SPPO_JSON_OBJECT)
        return sppoi_config_fail(r, field, "is not supported unless it is null "
                                 "or an object");
    for (i = r->json->node[rope].first; i >= 0; i = r->json->node[i].next)
        SPPOI_TRY(sppoi_config_rope_entry(r, field, i));
    if (strcmp(field, "rope_parameters") == 0 &&
        base < 0 && sppo_json_find(r->json, 0, "rope_theta") < 0)
        return sppoi_config_fail(r, field, "has no rope_theta; add the base "
                                 "that the model was trained with");
    if (base < 0)
        return SPPO_OK;
    *theta = sppo_json_number(r->json, base);
    return *theta > 0.0 ? SPPO_OK
                        : sppoi_config_fail(r, field, "has a rope_theta that "
                                            "is not a positive number");
}

/* Every layer sees all that is before it. */
static sppo_result sppoi_config_layers(const sppoi_config_reader *r)
{
    const int types = sppo_json_find(r->json, 0, "layer_types");
    int i = 0;

    if (sppoi_json_is_null(r->json, types))
        return SPPO_OK;
    if (r->json->node[types].type == SPPO_JSON_ARRAY)
        for (i = r->json->node[types].first;
             i >= 0 && sppoi_json_is(r->json, i, "\"full_attention\"");
             i = r->json->node[i].next)
            continue;
    if (i < 0)
        return SPPO_OK;
    return sppoi_config_fail(r, "layer_types", "is not supported unless all "
                             "are \"full_attention\"");
}

static sppo_result sppoi_config_head_fail(const sppoi_config_reader *r)
{
    char choices[80];
    sppoi_text text = { choices, sizeof choices, 0 };
    int i;

    sppoi_put_text(&text, "must be ");
    for (i = 1; i < SPPOI_HEADS; i++) {
        sppoi_put_text(&text, i == 1 ? "" : i == SPPOI_HEADS - 1 ? " or "
                                                                 : ", ");
        sppoi_put_text(&text, sppoi_heads[i].name);
    }
    return sppoi_config_fail(r, "sppo_head", choices);
}

static sppo_result sppoi_config_head(const sppoi_config_reader *r,
                                     sppo_config *c)
{
    const int node = sppo_json_find(r->json, 0, "sppo_head");
    char name[16];
    int i = 1;

    if (node < 0)
        return SPPO_OK;
    sppo_json_string(r->json, node, name, sizeof name);
    while (i < SPPOI_HEADS && strcmp(name, sppoi_heads[i].name) != 0)
        i++;
    if (i == SPPOI_HEADS)
        return sppoi_config_head_fail(r);
    c->head = (sppo_head)i;
    return SPPO_OK;
}

static sppo_result sppoi_config_refusals(const sppoi_config_reader *r)
{
    static const struct { const char *field, *value; } only[] = {
        { "model_type", "\"llama\"" }, { "hidden_act", "\"silu\"" },
        { "attention_bias", "false" }, { "mlp_bias", "false" },
        { "quantization_config", "null" }, { "attention_dropout", "0" },
        { "partial_rotary_factor", "1" }, { "sliding_window", "null" },
        { "use_sliding_window", "false" }, { "attention_chunk_size", "null" },
        { "no_rope_layers", "null" }, { "num_local_experts", "1" },
        { "num_experts", "1" }, { "use_qk_norm", "false" },
        { "qk_layernorm", "false" }, { "clip_qkv", "null" },
        { "attn_logit_softcapping", "null" },
        { "final_logit_softcapping", "null" }, { "logit_scale", "1" },
        { "logits_scaling", "1" }, { "embedding_multiplier", "1" },
        { "residual_multiplier", "1" }, { "attention_multiplier", "null" },
        { "is_encoder_decoder", "false" }, { "add_cross_attention", "false" }
    };
    size_t i;

    for (i = 0; i < sizeof only / sizeof only[0]; i++)
        SPPOI_TRY(sppoi_config_only(r, 0, only[i].field, only[i].value));
    if (sppo_json_find(r->json, 0, "model_type") < 0)
        return sppoi_config_fail(r, "model_type",
                                 "is missing; it must be llama");
    return sppoi_config_layers(r);
}

static sppo_result sppoi_config_value(const sppoi_config_reader *r,
                                      const sppoi_field *f, int node,
                                      double *value)
{
    const sppo_json_type type = r->json->node[node].type;
    int whole = 0;

    if (f->type == SPPOI_UNLESS) {
        *value = type == SPPO_JSON_FALSE;
        return type == SPPO_JSON_TRUE || type == SPPO_JSON_FALSE
                   ? SPPO_OK
                   : sppoi_config_fail(r, f->hf, "must be true or false");
    }
    if (f->type == SPPOI_NUMBER) {
        *value = sppo_json_number(r->json, node);
        return type == SPPO_JSON_NUMBER
                   ? SPPO_OK : sppoi_config_fail(r, f->hf, "must be a number");
    }
    SPPOI_TRY(sppoi_config_whole(r, f->hf, node, &whole));
    *value = whole;
    return SPPO_OK;
}

/* What is absent has the default of Hugging Face's LlamaConfig, not ours; a 0
 * that is there does not ask for one of ours.                               */
static sppo_result sppoi_config_field(const sppoi_config_reader *r,
                                      const sppoi_field *f, sppo_config *c)
{
    const int node = sppo_json_find(r->json, 0, f->hf);
    double value = f->absent;

    sppoi_set(f, c, value);
    if (f->at == offsetof(sppo_config, eos))
        return sppoi_config_eos(r, c);
    if (f->at == offsetof(sppo_config, head))
        return sppoi_config_head(r, c);
    if (node < 0 || ((f->uses & SPPOI_HEADED) && c->head == SPPO_HEAD_NONE))
        return SPPO_OK;
    if (!sppoi_json_is_null(r->json, node)) {
        SPPOI_TRY(sppoi_config_value(r, f, node, &value));
        SPPOI_TRY(sppoi_within(r->ctx, r->where, f->hf, value, f->least,
                               f->most, f->must));
    } else if (f->type == SPPOI_TOKEN) {
        value = -1.0;
    } else if (f->type != SPPOI_UNLESS && f->absent != 0.0) {
        return sppoi_config_fail(r, f->hf, "must be a number, not null");
    }
    sppoi_set(f, c, value);
    return SPPO_OK;
}

static sppo_result sppoi_config_fields_read(const sppoi_config_reader *r,
                                            sppo_config *c)
{
    const sppoi_field *f;

    SPPOI_TRY(sppoi_config_refusals(r));
    for (f = sppoi_config_fields; f->name; f++)
        if (f->hf)
            SPPOI_TRY(sppoi_config_field(r, f, c));
    SPPOI_TRY(sppoi_config_rope(r, "rope_scaling", &c->rope_theta));
    return sppoi_config_rope(r, "rope_parameters", &c->rope_theta);
}

/* What `take` makes of a JSON text, if it fits together. */
static sppo_result sppoi_config_from(
    sppo_ctx *ctx, sppo_config *config, const char *text, size_t length,
    const char *where,
    sppo_result (*take)(const sppoi_config_reader *r, sppo_config *c))
{
    sppo_json json;
    sppoi_config_reader reader = { ctx, &json, where };
    sppo_result result;

    memset(&json, 0, sizeof json);
    result = sppo_json_parse(ctx, &json, text, length, where);
    if (result == SPPO_OK && json.node[0].type != SPPO_JSON_OBJECT)
        result = sppoi_config_fail(&reader, "the text", "is not an object");
    if (result == SPPO_OK)
        result = take(&reader, config);
    if (result == SPPO_OK)
        result = sppoi_config_resolve(ctx, where, config, config, 1);
    if (result == SPPO_E_ARGUMENT)
        result = ctx->code = SPPO_E_FORMAT;
    sppo_json_free(ctx, &json);
    return result;
}

SPPO_DEF sppo_result sppo_config_read(sppo_ctx *ctx, sppo_config *config,
                                      const char *text, size_t length,
                                      const char *where)
{
    sppo_config found;

    memset(&found, 0, sizeof found);
    SPPOI_TRY(sppoi_config_from(ctx, &found, text, length, where,
                                sppoi_config_fields_read));
    *config = found;
    return SPPO_OK;
}

#ifndef SPPO_NO_STDIO
/* What generation_config.json says ends a response is what does, as in Hugging
 * Face's generate.  The eos of config.json stays the one that texts are given
 * when it is among them.                                                    */
static sppo_result sppoi_generation_take(const sppoi_config_reader *r,
                                         sppo_config *c)
{
    const int eos = c->eos;
    int i;

    if (!sppoi_json_is_null(r->json, sppo_json_find(r->json, 0, sppoi_hf_eos)))
        SPPOI_TRY(sppoi_config_eos(r, c));
    for (i = 0; i < c->eos_count; i++)
        if (c->eos_more[i] == eos) {
            c->eos_more[i] = c->eos;
            c->eos = eos;
        }
    return SPPO_OK;
}
#endif

/* ---- bytes in: a file or a block ---- */

typedef struct sppoi_source {
    const unsigned char *memory;
#ifndef SPPO_NO_STDIO
    FILE *file;
#endif
    size_t size;
    const char *name;
} sppoi_source;

#ifndef SPPO_NO_STDIO
/* errno, where its header can be included: a compiler for another machine may
 * come without the kernel's headers that glibc's wants.                     */
#if defined(__GLIBC__) && defined(__has_include)
#if !__has_include(<asm/errno.h>)
#define SPPOI_NO_ERRNO
#endif
#endif
#ifndef SPPOI_NO_ERRNO
#include <errno.h>
static void sppoi_no_error(void) { errno = 0; }

/* Whether the last call failed for want of the file; plain C does not say. */
static int sppoi_is_absent(void)
{
    return errno == ENOENT || errno == ENOTDIR || errno == 0;
}

static int sppoi_is_taken(void) { return errno == EEXIST; }

/* A call that a signal interrupts before anything is done is made again. */
#define SPPOI_AGAIN(failed) while ((failed) && errno == EINTR) {}

static sppo_result sppoi_io_code(void)
{
    return errno == ENOMEM ? SPPO_E_MEMORY : SPPO_E_IO;
}

/* Why the last call of the system failed, in its words. */
static const char *sppoi_why(void)
{
    return errno ? strerror(errno) : "the system does not say why";
}
#else
static void sppoi_no_error(void) {}
static int sppoi_is_absent(void) { return 1; }
static int sppoi_is_taken(void) { return 0; }
#define SPPOI_AGAIN(failed) (void)(failed);
static sppo_result sppoi_io_code(void) { return SPPO_E_IO; }
static const char *sppoi_why(void) { return "the system does not say why"; }
#endif

#ifdef _WIN32  // whose long has 32 bits
static int sppoi_seek(FILE *file, int64_t at, int origin)
{
    return _fseeki64(file, at, origin) == 0;
}

static int64_t sppoi_tell(FILE *file) { return _ftelli64(file); }
#else
static int sppoi_seek(FILE *file, int64_t at, int origin)
{
    return at <= LONG_MAX && SPPO_IO(fseek)(file, (long)at, origin) == 0;
}

static int64_t sppoi_tell(FILE *file)
{
    const long at = SPPO_IO(ftell)(file);

    return at == LONG_MAX ? -1 : at;  // the end of a directory
}
#endif

/* NULL, or why not. */
static const char *sppoi_read_file(const sppoi_source *source, size_t at,
                                   void *out, size_t n)
{
    int ok;

    sppoi_no_error();
    SPPOI_AGAIN(!(ok = sppoi_seek(source->file, (int64_t)at, SEEK_SET) &&
                       SPPO_IO(fread)(out, 1, n, source->file) == n))
    return ok ? NULL : feof(source->file) ? "it is shorter than it was"
                                          : sppoi_why();
}

static void sppoi_source_close(sppoi_source *source)
{
    if (source->file)
        SPPO_IO(fclose)(source->file);
    source->file = NULL;
}
#else
static void sppoi_source_close(sppoi_source *source) { (void)source; }
#endif

static sppo_result sppoi_read_at(sppo_ctx *ctx, const sppoi_source *source,
                                 size_t at, void *out, size_t n)
{
    const char *why = NULL;

    if (at > source->size || n > source->size - at)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: ends too soon",
                         source->name);
    if (source->memory)
        memcpy(out, source->memory + at, n);
#ifndef SPPO_NO_STDIO
    else
        why = sppoi_read_file(source, at, out, n);
#endif
    return why ? sppo_fail(ctx, SPPO_E_IO, "%.200s: cannot be read: %s",
                           source->name, why) : SPPO_OK;
}

static double sppoi_half_to_double(uint32_t h)
{
    const int exponent = (int)(h >> 10 & 31);
    const double fraction = (double)(h & 1023) / 1024.0;
    double value;

    if (exponent == 31)
        value = fraction != 0.0 ? (double)NAN : HUGE_VAL;
    else if (exponent == 0)
        value = ldexp(fraction, -14);
    else
        value = ldexp(1.0 + fraction, exponent - 15);
    return h & 0x8000u ? -value : value;
}

static double sppoi_float_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* ---- safetensors ---- */

/*   u64 N | N bytes of JSON | data
 *   {"__metadata__":{..}, "name":{"dtype":"F32","shape":[2,3],
 *                                 "data_offsets":[begin,end]}, ..}
 * Every rule of the reference reader is kept: offsets without hole or overlap,
 * sizes that fit, the file's length exactly that.  Two are stricter here: the
 * header begins with its brace, and no name stands in it twice.             */
enum { SPPOI_HEADER_MOST = 100000000, SPPOI_DIMS = 4 };

/* In the order of the reference, whose writer puts the last first. */
typedef enum sppoi_dtype {
    SPPOI_BOOL, SPPOI_U8, SPPOI_I8, SPPOI_F8_E5M2, SPPOI_F8_E4M3, SPPOI_I16,
    SPPOI_U16, SPPOI_F16, SPPOI_BF16, SPPOI_I32, SPPOI_U32, SPPOI_F32,
    SPPOI_F64, SPPOI_I64, SPPOI_U64, SPPOI_DTYPES
} sppoi_dtype;

static const struct {
    const char *name;
    int size;
} sppoi_dtypes[SPPOI_DTYPES] = {
    { "BOOL", 1 }, { "U8", 1 }, { "I8", 1 }, { "F8_E5M2", 1 },
    { "F8_E4M3", 1 }, { "I16", 2 }, { "U16", 2 }, { "F16", 2 }, { "BF16", 2 },
    { "I32", 4 }, { "U32", 4 }, { "F32", 4 }, { "F64", 8 }, { "I64", 8 },
    { "U64", 8 }
};

typedef enum sppoi_kind {  // of numbers in memory
    SPPOI_REAL, SPPOI_DOUBLE, SPPOI_INT,
    SPPOI_SAME  // sppo_reals that the file must repeat
} sppoi_kind;

/* A file that was written here has the digest of its bytes among its metadata:
 * all of them, with zeros for the digits themselves.                        */
#define SPPOI_UNSEALED "\"sppo.digest\":\"0000000000000000\""

static void sppoi_digest_text(char out[17], uint64_t digest)
{
    snprintf(out, 17, "%08lx%08lx", (unsigned long)(digest >> 32),
             (unsigned long)(digest & 0xffffffffu));
}

typedef struct sppoi_archive {
    sppoi_source source;
    sppo_json json;
    char *header;
    size_t header_size, data_at;
} sppoi_archive;

static void sppoi_archive_close(sppo_ctx *ctx, sppoi_archive *archive)
{
    sppo_json_free(ctx, &archive->json);
    sppo_release(ctx, archive->header, archive->header_size);
    archive->header = NULL;
    sppoi_source_close(&archive->source);
}

/* Names the file and, unless node is -1, its tensor. */
static SPPOI_FORMAT(4, 5)
sppo_result sppoi_archive_fail(sppo_ctx *ctx, const sppoi_archive *archive,
                               int node, const char *format, ...)
{
    char name[80] = "", what[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (node > 0)
        sppoi_json_name(&archive->json, node, name, sizeof name);
    return sppo_fail(ctx, SPPO_E_FORMAT, "%.180s: %s%s%s",
                     archive->source.name, name, name[0] ? ": " : "", what);
}

/* A whole number from 0 that fits size_t; 1 when it is one. */
static int sppoi_json_size(const sppo_json *json, int node, size_t *value)
{
    size_t i;

    *value = 0;
    if (json->node[node].type != SPPO_JSON_NUMBER)
        return 0;
    for (i = json->node[node].begin; i < json->node[node].end; i++) {
        const int digit = json->text[i] - '0';

        if (digit < 0 || digit > 9 ||
            *value > ((size_t)-1 - (size_t)digit) / 10)
            return 0;
        *value = *value * 10 + (size_t)digit;
    }
    return 1;
}

typedef struct sppoi_entry_info {
    sppoi_dtype dtype;
    size_t begin, end, count;  // bytes after the header; numbers
    size_t shape[2];           // of one or two dims
    int dims;
} sppoi_entry_info;

static sppo_result sppoi_entry_dtype(sppo_ctx *ctx,
                                     const sppoi_archive *archive, int node,
                                     sppoi_entry_info *info)
{
    const int at = sppo_json_find(&archive->json, node, "dtype");
    char name[16];
    int i;

    if (at < 0 || archive->json.node[at].type != SPPO_JSON_STRING)
        return sppoi_archive_fail(ctx, archive, node, "has no dtype");
    sppo_json_string(&archive->json, at, name, sizeof name);
    for (i = 0; i < SPPOI_DTYPES; i++)
        if (strcmp(name, sppoi_dtypes[i].name) == 0)
            break;
    info->dtype = (sppoi_dtype)i;
    if (i < SPPOI_DTYPES)
        return SPPO_OK;
    return sppoi_archive_fail(ctx, archive, node, "its dtype %s is not one "
                              "that is known here", name);
}

static sppo_result sppoi_entry_shape(sppo_ctx *ctx,
                                     const sppoi_archive *archive, int node,
                                     sppoi_entry_info *info)
{
    const sppo_json *json = &archive->json;
    const size_t size = (size_t)sppoi_dtypes[info->dtype].size;
    const int shape = sppo_json_find(json, node, "shape");
    int i;

    if (shape < 0 || json->node[shape].type != SPPO_JSON_ARRAY)
        return sppoi_archive_fail(ctx, archive, node, "has no shape");
    info->count = 1;
    info->dims = json->node[shape].count;
    for (i = json->node[shape].first; i >= 0; i = json->node[i].next) {
        size_t length;

        if (!sppoi_json_size(json, i, &length))
            return sppoi_archive_fail(ctx, archive, node, "its shape must be "
                                      "whole numbers from 0");
        if (length && info->count > (size_t)-1 / size / length)
            return sppoi_archive_fail(ctx, archive, node, "its shape is of "
                                      "more bytes than can be counted");
        info->count *= length;
        info->shape[i != json->node[shape].first] = length;
    }
    return SPPO_OK;
}

/* dtype, shape and place of a tensor, which agree. */
static sppo_result sppoi_entry_read(sppo_ctx *ctx,
                                    const sppoi_archive *archive, int node,
                                    sppoi_entry_info *info)
{
    const sppo_json *json = &archive->json;
    const int offsets = sppo_json_find(json, node, "data_offsets");
    size_t size;

    memset(info, 0, sizeof *info);
    if (json->node[node].type != SPPO_JSON_OBJECT)
        return sppoi_archive_fail(ctx, archive, node, "is not an object");
    SPPOI_TRY(sppoi_entry_dtype(ctx, archive, node, info));
    SPPOI_TRY(sppoi_entry_shape(ctx, archive, node, info));
    if (offsets < 0 || json->node[offsets].type != SPPO_JSON_ARRAY ||
        json->node[offsets].count != 2 ||
        !sppoi_json_size(json, json->node[offsets].first, &info->begin) ||
        !sppoi_json_size(json, json->node[json->node[offsets].first].next,
                         &info->end))
        return sppoi_archive_fail(ctx, archive, node, "its data_offsets must "
                                  "be two whole numbers");
    if (info->end < info->begin)
        return sppoi_archive_fail(ctx, archive, node, "its data_offsets end "
                                  "before they begin");
    size = info->count * (size_t)sppoi_dtypes[info->dtype].size;
    if (info->end - info->begin != size)
        return sppoi_archive_fail(ctx, archive, node, "its shape is of %llu "
                                  "bytes, its data_offsets are of %llu",
                                  sppoi_printed(size),
                                  sppoi_printed(info->end - info->begin));
    return SPPO_OK;
}

typedef struct sppoi_extent {
    size_t begin, end;
    int node;
} sppoi_extent;

static int sppoi_extent_before(const void *user, int a, int b)
{
    const sppoi_extent *e = (const sppoi_extent *)user;

    return e[a].begin != e[b].begin ? e[a].begin < e[b].begin
                                    : e[a].end < e[b].end;
}

/* No hole and no overlap, and the last ends where the file does. */
static sppo_result sppoi_check_extents(sppo_ctx *ctx,
                                       const sppoi_archive *archive,
                                       const sppoi_extent *extent, int *order,
                                       int n)
{
    const size_t there = archive->source.size - archive->data_at;
    size_t end = 0;
    int i;

    sppoi_sort(order, n, sppoi_extent_before, extent);
    for (i = 0; i < n; i++) {
        const sppoi_extent *e = &extent[order[i]];

        if (e->begin != end)
            return sppoi_archive_fail(ctx, archive, e->node, "its data begin "
                                      "at %llu, but those before end at "
                                      "%llu: %s", sppoi_printed(e->begin),
                                      sppoi_printed(end),
                                      e->begin > end ? "a hole" : "an overlap");
        end = e->end;
    }
    if (end == there)
        return SPPO_OK;
    return sppoi_archive_fail(ctx, archive, -1, "%llu bytes follow the header, "
                              "which asks for %llu: %s", sppoi_printed(there),
                              sppoi_printed(end), end > there
                                  ? "the file is cut off; copy it again"
                                  : "something was added to the file");
}

static sppo_result sppoi_check_metadata(sppo_ctx *ctx,
                                        const sppoi_archive *archive, int node)
{
    const sppo_json *json = &archive->json;
    int i;

    if (json->node[node].type != SPPO_JSON_OBJECT)
        return sppoi_archive_fail(ctx, archive, node, "is not an object");
    for (i = json->node[node].first; i >= 0; i = json->node[i].next)
        if (json->node[i].type != SPPO_JSON_STRING)
            return sppoi_archive_fail(ctx, archive, node,
                                      "holds something other than strings");
    return SPPO_OK;
}

static sppo_result sppoi_check_entries(sppo_ctx *ctx,
                                       const sppoi_archive *archive,
                                       sppoi_extent *extent, int *order)
{
    const sppo_json *json = &archive->json;
    sppoi_entry_info info;
    int i, n = 0;

    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        if (sppoi_json_key_is(json, i, "__metadata__", 12)) {
            SPPOI_TRY(sppoi_check_metadata(ctx, archive, i));
            continue;
        }
        SPPOI_TRY(sppoi_entry_read(ctx, archive, i, &info));
        extent[n].begin = info.begin;
        extent[n].node = i;
        extent[n++].end = info.end;
    }
    return sppoi_check_extents(ctx, archive, extent, order, n);
}

static sppo_result sppoi_archive_check(sppo_ctx *ctx, sppoi_archive *archive)
{
    const size_t n = (size_t)archive->json.node[0].count;
    sppoi_extent *extent;
    int *order;
    sppo_result result = SPPO_E_MEMORY;

    extent = (sppoi_extent *)sppo_alloc(ctx, n, sizeof *extent);
    order = (int *)sppo_alloc(ctx, n, sizeof *order);
    if (extent && order)
        result = sppoi_check_entries(ctx, archive, extent, order);
    sppo_release(ctx, extent, n * sizeof *extent);
    sppo_release(ctx, order, n * sizeof *order);
    return result;
}

static sppo_result sppoi_archive_entries(sppo_ctx *ctx, sppoi_archive *archive)
{
    const sppoi_source *source = &archive->source;
    unsigned char prefix[8];
    uint64_t n;
    char where[256];

    if (source->size < 8)
        return sppoi_archive_fail(ctx, archive, -1, "%llu bytes are too few "
                                  "for a safetensors file",
                                  sppoi_printed(source->size));
    SPPOI_TRY(sppoi_read_at(ctx, source, 0, prefix, 8));
    n = sppoi_little(prefix, 8);
    if (n > SPPOI_HEADER_MOST)
        return sppoi_archive_fail(ctx, archive, -1, "its first bytes ask for a "
                                  "header of more than 100000000 bytes: not a "
                                  "safetensors file");
    if (n > source->size - 8)
        return sppoi_archive_fail(ctx, archive, -1, "the header should have "
                                  "%llu bytes, but the file ends before: cut "
                                  "off, or not a safetensors file",
                                  sppoi_printed(n));
    archive->data_at = 8 + (size_t)n;
    archive->header_size = (size_t)n;
    archive->header = (char *)sppo_alloc(ctx, (size_t)n, 1);
    if (!archive->header)
        return SPPO_E_MEMORY;
    SPPOI_TRY(sppoi_read_at(ctx, source, 8, archive->header, (size_t)n));
    if (n == 0 || archive->header[0] != '{')
        return sppoi_archive_fail(ctx, archive, -1, "the header does not begin "
                                  "with {: not a safetensors file");
    snprintf(where, sizeof where, "%.200s: header", source->name);
    SPPOI_TRY(sppo_json_parse(ctx, &archive->json, archive->header, (size_t)n,
                              where));
    return sppoi_archive_check(ctx, archive);
}

/* The sentence for a file that is no archive says what it is, where its first
 * bytes do.                                                                 */
static sppo_result sppoi_archive_kind(sppo_ctx *ctx, const sppoi_source *source)
{
    const size_t n = source->size < 512 ? source->size : 512;
    const char *kind;
    char start[512];

    if (ctx->code != SPPO_E_FORMAT || sppoi_read_at(ctx, source, 0, start, n))
        return ctx->code;
    kind = sppo_file_kind(start, n);
    if (!kind && n && start[0] == '{')
        kind = "a JSON text, not safetensors";
    if (!kind || kind == sppoi_is_safetensors)
        return ctx->code;
    return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: this is %s", source->name,
                     kind);
}

static sppo_result sppoi_archive_header(sppo_ctx *ctx, sppoi_archive *archive)
{
    return sppoi_archive_entries(ctx, archive) == SPPO_OK
           ? SPPO_OK : sppoi_archive_kind(ctx, &archive->source);
}

/* The digest of a file whose own digits stand at `seal`. */
static sppo_result sppoi_sealed_digest(sppo_ctx *ctx,
                                       const sppoi_source *source, size_t seal,
                                       uint64_t *digest)
{
    unsigned char bytes[16384];
    size_t at, n, i;

    *digest = 0;
    for (at = 0; at < source->size; at += n) {
        n = source->size - at < sizeof bytes ? source->size - at : sizeof bytes;
        SPPOI_TRY(sppoi_read_at(ctx, source, at, bytes, n));
        for (i = seal; i < seal + 16; i++)
            if (i >= at && i < at + n)
                bytes[i - at] = '0';
        *digest = sppo_digest(*digest, bytes, n);
    }
    return SPPO_OK;
}

/* The node of a text in the metadata, or -1. */
static int sppoi_archive_note(const sppoi_archive *archive, const char *name)
{
    const int metadata = sppo_json_find(&archive->json, 0, "__metadata__");

    return metadata < 0 ? -1 : sppo_json_find(&archive->json, metadata, name);
}

/* Nothing is taken from a file whose bytes are not those that were written. */
static sppo_result sppoi_archive_verify(sppo_ctx *ctx,
                                        const sppoi_archive *archive)
{
    const int node = sppoi_archive_note(archive, "sppo.digest");
    char digits[17], found[17];
    uint64_t digest;

    if (node < 0)
        return SPPO_OK;
    sppo_json_string(&archive->json, node, found, sizeof found);
    SPPOI_TRY(sppoi_sealed_digest(ctx, &archive->source, 8 +
                                  archive->json.node[node].begin, &digest));
    sppoi_digest_text(digits, digest);
    if (strcmp(digits, found) == 0)
        return SPPO_OK;
    return sppoi_archive_fail(ctx, archive, -1, "its digest is %s, not the %s "
                              "in its metadata: it is damaged, or another "
                              "program changed it and kept the metadata",
                              digits, found);
}

/* Opens what archive->source names; on failure there is nothing to close. */
static sppo_result sppoi_archive_open(sppo_ctx *ctx, sppoi_archive *archive)
{
    sppo_result result = sppoi_archive_header(ctx, archive);

    if (result == SPPO_OK)
        result = sppoi_archive_verify(ctx, archive);
    if (result != SPPO_OK)
        sppoi_archive_close(ctx, archive);
    return result;
}

/* One number of a tensor as a double, which holds all of these exactly. */
static double sppoi_decode_number(sppoi_dtype dtype, const unsigned char *bytes)
{
    uint64_t bits;
    double value;

    if (dtype == SPPOI_F32)
        return sppoi_float_bits((uint32_t)sppoi_little(bytes, 4));
    if (dtype == SPPOI_BF16)
        return sppoi_float_bits((uint32_t)sppoi_little(bytes, 2) << 16);
    if (dtype == SPPOI_F16)
        return sppoi_half_to_double((uint32_t)sppoi_little(bytes, 2));
    if (dtype == SPPOI_I32)
        return (double)(int32_t)sppoi_little(bytes, 4);
    bits = sppoi_little(bytes, 8);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 0 when the number should have been there already and was not. */
static int sppoi_store(sppoi_kind kind, void *out, size_t at, double value)
{
    if (kind == SPPOI_SAME)
        return (double)((sppo_real *)out)[at] == (double)(sppo_real)value;
    if (kind == SPPOI_REAL)
        ((sppo_real *)out)[at] = (sppo_real)value;
    else if (kind == SPPOI_DOUBLE)
        ((double *)out)[at] = value;
    else
        ((int *)out)[at] = (int)value;
    return 1;
}

/* The numbers of a tensor that was found fit, through a small buffer. */
static sppo_result sppoi_archive_numbers(sppo_ctx *ctx,
                                         const sppoi_archive *archive,
                                         const sppoi_entry_info *info,
                                         int node, sppoi_kind kind, void *out)
{
    const size_t size = (size_t)sppoi_dtypes[info->dtype].size;
    unsigned char bytes[16384];
    size_t done = 0, i;

    while (done < info->count) {
        size_t n = sizeof bytes / size;

        n = n < info->count - done ? n : info->count - done;
        SPPOI_TRY(sppoi_read_at(ctx, &archive->source,
                                archive->data_at + info->begin + done * size,
                                bytes, n * size));
        for (i = 0; i < n; i++)
            if (!sppoi_store(kind, out, done + i,
                             sppoi_decode_number(info->dtype,
                                                 bytes + i * size)))
                return sppoi_archive_fail(ctx, archive, node, "is not the "
                                          "embedding, though config.json ties "
                                          "the two: set tie_word_embeddings "
                                          "to false");
        done += n;
    }
    return SPPO_OK;
}

/* Weights with a NaN would go on to spoil all that is made of them. */
static sppo_result sppoi_check_reals(sppo_ctx *ctx,
                                     const sppoi_archive *archive, int node,
                                     const sppo_real *x, size_t count)
{
    size_t i = 0;

    while (i < count && sppoi_finite((double)x[i]))
        i++;
    if (i == count)
        return SPPO_OK;
    sppoi_archive_fail(ctx, archive, node, "number %lu of %lu is %s: a "
                       "damaged file, or a training that diverged",
                       (unsigned long)i + 1, (unsigned long)count,
                       (double)x[i] > 0.0   ? "infinite"
                       : (double)x[i] < 0.0 ? "-infinite" : "NaN");
    return ctx->code = SPPO_E_NUMBER;
}

/* The shape of a tensor as [rows, columns]; of many dimensions the first. */
static const char *sppoi_shape_text(const sppo_json *json, int node,
                                    char out[96])
{
    const int shape = sppo_json_find(json, node, "shape");
    int i, n = 0;

    out[n++] = '[';
    for (i = json->node[shape].first; i >= 0 && n < 64; i = json->node[i].next)
        n += snprintf(out + n, 26, "%s%.0f", n > 1 ? ", " : "",
                      sppo_json_number(json, i));
    snprintf(out + n, 6, i >= 0 ? ", ..]" : "]");
    return out;
}

/* Reads a tensor that must be there with this shape (cols 0: a vector). */
static sppo_result sppoi_archive_read(sppo_ctx *ctx,
                                      const sppoi_archive *archive,
                                      const char *name, size_t rows,
                                      size_t cols, sppoi_kind kind, void *out)
{
    const int node = sppo_json_find(&archive->json, 0, name);
    sppoi_entry_info info;
    char wanted[48], found[96];

    if (node < 0)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.180s: there is no tensor %s%s",
                         archive->source.name, name,
                         strcmp(name, "lm_head.weight") != 0 ? ""
                         : "; if the embedding serves for it, set "
                           "tie_word_embeddings in config.json to true");
    SPPOI_TRY(sppoi_entry_read(ctx, archive, node, &info));
    snprintf(wanted, sizeof wanted, cols ? "[%llu, %llu]" : "[%llu]",
             sppoi_printed(rows), sppoi_printed(cols));
    if (info.dims != (cols ? 2 : 1) || info.shape[0] != rows ||
        (cols && info.shape[1] != cols))
        return sppoi_archive_fail(ctx, archive, node, "should have shape %s by "
                                  "config.json, and has %s", wanted,
                                  sppoi_shape_text(&archive->json, node,
                                                   found));
    if (kind == SPPOI_INT ? info.dtype != SPPOI_I32
                          : info.dtype != SPPOI_F32 &&
                            info.dtype != SPPOI_BF16 &&
                            info.dtype != SPPOI_F16 && info.dtype != SPPOI_F64)
        return sppoi_archive_fail(ctx, archive, node, "its dtype is %s; it "
                                  "must be %s", sppoi_dtypes[info.dtype].name,
                                  kind == SPPOI_INT ? "I32" : "F32, F16, BF16 "
                                                              "or F64");
    SPPOI_TRY(sppoi_archive_numbers(ctx, archive, &info, node, kind, out));
    return kind != SPPOI_REAL ? SPPO_OK
           : sppoi_check_reals(ctx, archive, node, (const sppo_real *)out,
                               info.count);
}

/* A tensor that no part of the model takes is a sign of another architecture;
 * two that some writers add are known to be redundant.                      */
static sppo_result sppoi_refuse_strangers(sppo_ctx *ctx,
                                          const sppoi_archive *archive,
                                          const sppo_model *model)
{
    const sppo_json *json = &archive->json;
    char name[256];
    int i;

    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        sppoi_json_name(json, i, name, sizeof name);
        if (!sppo_model_tensor(model, name) &&
            strcmp(name, "__metadata__") != 0 &&
            strcmp(name, "lm_head.weight") != 0 &&
            !strstr(name, "rotary_emb.inv_freq"))
            return sppo_fail(ctx, SPPO_E_FORMAT, "%.180s: tensor %.100s has no "
                             "place in the model that config.json describes",
                             archive->source.name, name);
    }
    return SPPO_OK;
}

/* The one of n files that holds a tensor; the first, when none does. */
static const sppoi_archive *sppoi_archive_with(const sppoi_archive *archive,
                                               int n, const char *name)
{
    int i;

    for (i = 0; i < n; i++)
        if (sppo_json_find(&archive[i].json, 0, name) >= 0)
            return &archive[i];
    return archive;
}

/* From n files, each of which has been checked by itself. */
static sppo_result sppoi_model_fill(sppo_ctx *ctx, sppo_model *model,
                                    const sppoi_archive *archive, int n)
{
    const char *head = "lm_head.weight";
    const sppo_tensor *t = model->tensors;
    const sppoi_archive *from;
    int i;

    for (i = 0; i < n; i++)
        SPPOI_TRY(sppoi_refuse_strangers(ctx, &archive[i], model));
    for (i = 0; i < model->tensor_count; i++, t++)
        SPPOI_TRY(sppoi_archive_read(ctx,
                                     sppoi_archive_with(archive, n, t->name),
                                     t->name, (size_t)t->rows, (size_t)t->cols,
                                     SPPOI_REAL, model->weights + t->offset));
    t = model->tensors;  // the embedding
    from = sppoi_archive_with(archive, n, head);
    if (model->config.untied || sppo_json_find(&from->json, 0, head) < 0)
        return SPPO_OK;
    return sppoi_archive_read(ctx, from, head, (size_t)t->rows,
                              (size_t)t->cols, SPPOI_SAME, model->weights);
}

/* Sizes are compared before weights are taken: a small file with a large
 * config.json must not take gigabytes.                                      */
static sppo_result sppoi_model_from(sppo_ctx *ctx, sppo_model *model,
                                    const sppo_config *config,
                                    const sppoi_archive *archive, int n)
{
    sppo_model fresh;
    sppo_result result;
    size_t size = 0;
    int i;

    for (i = 0; i < n; i++)
        size += archive[i].source.size;
    if (sppo_config_count(config) > size / 2)
        return sppoi_archive_fail(ctx, archive, -1, "%llu bytes are too few "
                                  "for the %llu parameters of config.json",
                                  sppoi_printed(size),
                                  sppoi_printed(sppo_config_count(config)));
    memset(&fresh, 0, sizeof fresh);
    SPPOI_TRY(sppoi_model_take(ctx, &fresh, config));
    result = sppoi_model_fill(ctx, &fresh, archive, n);
    if (result != SPPO_OK)
        sppo_model_free(ctx, &fresh);
    else
        *model = fresh;
    return result;
}

SPPO_DEF sppo_result sppo_model_read(sppo_ctx *ctx, sppo_model *model,
                                     const char *config, size_t config_size,
                                     const void *weights, size_t weights_size)
{
    sppo_config found;
    sppoi_archive archive;
    sppo_result result;

    memset(&archive, 0, sizeof archive);
    archive.source.memory = (const unsigned char *)weights;
    archive.source.size = weights_size;
    archive.source.name = "model.safetensors";
    SPPOI_TRY(sppo_config_read(ctx, &found, config, config_size,
                               "config.json"));
    SPPOI_TRY(sppoi_archive_open(ctx, &archive));
    result = sppoi_model_from(ctx, model, &found, &archive, 1);
    sppoi_archive_close(ctx, &archive);
    return result;
}

/* ---- the tokenizer ---- */

static const char *sppoi_piece(const sppo_tokenizer *tok, int id, int *length)
{
    *length = tok->start[id + 1] - tok->start[id];
    return tok->bytes + tok->start[id];
}

static int sppoi_compare(const char *a, int a_length, const char *b,
                         int b_length)
{
    const int n = sppoi_min(a_length, b_length);
    const int order = n ? memcmp(a, b, (size_t)n) : 0;

    return order ? order : a_length - b_length;
}

static int sppoi_piece_before(const void *user, int a, int b)
{
    const sppo_tokenizer *tok = (const sppo_tokenizer *)user;
    int a_length, b_length;
    const char *pa = sppoi_piece(tok, a, &a_length);
    const char *pb = sppoi_piece(tok, b, &b_length);
    const int order = sppoi_compare(pa, a_length, pb, b_length);

    return order ? order < 0 : a < b;
}

/* Bytes of two pieces together, 0 where one of them is none. */
static int sppoi_joint_length(const sppo_tokenizer *tok, int a, int b)
{
    return a < 0 || b < 0 ? 0
                          : tok->start[a + 1] - tok->start[a]
                                + tok->start[b + 1] - tok->start[b];
}

/* The two pieces one after the other; how long that is. */
static int sppoi_join(const sppo_tokenizer *tok, int a, int b, char *out)
{
    const int joint = sppoi_joint_length(tok, a, b);
    int n;
    const char *piece = sppoi_piece(tok, a, &n);

    memcpy(out, piece, (size_t)n);
    memcpy(out + n, tok->bytes + tok->start[b], (size_t)(joint - n));
    return joint;
}

/* The id of a piece, or -1; of equal pieces the lowest id. */
static int sppoi_lookup(const sppo_tokenizer *tok, const char *text, int length)
{
    int low = 0, high = tok->vocab, n;
    const char *piece;

    while (low < high) {
        const int middle = low + (high - low) / 2;

        piece = sppoi_piece(tok, tok->sorted[middle], &n);
        if (sppoi_compare(piece, n, text, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == tok->vocab)
        return -1;
    piece = sppoi_piece(tok, tok->sorted[low], &n);
    return sppoi_compare(piece, n, text, length) == 0 ? tok->sorted[low] : -1;
}

/* Room for `vocab` pieces of `bytes` bytes in all. */
static sppo_result sppoi_tokenizer_take(sppo_ctx *ctx, sppo_tokenizer *tok,
                                        int vocab, size_t bytes)
{
    memset(tok, 0, sizeof *tok);
    if (bytes > INT_MAX - 1)
        return sppo_fail(ctx, SPPO_E_FORMAT, "tokenizer: more than 2^31 bytes");
    tok->vocab = vocab;
    tok->score = (float *)sppo_alloc(ctx, (size_t)vocab, sizeof(float));
    tok->start = (int *)sppo_alloc(ctx, (size_t)vocab + 1, sizeof(int));
    tok->sorted = (int *)sppo_alloc(ctx, (size_t)vocab, sizeof(int));
    tok->bytes = (char *)sppo_alloc(ctx, bytes, 1);
    tok->room = bytes;
    if (tok->score && tok->start && tok->sorted && tok->bytes)
        return SPPO_OK;
    sppo_tokenizer_free(ctx, tok);
    return SPPO_E_MEMORY;
}

SPPO_DEF void sppo_tokenizer_free(sppo_ctx *ctx, sppo_tokenizer *tok)
{
    const size_t vocab = (size_t)tok->vocab;

    sppo_release(ctx, tok->score, vocab * sizeof(float));
    sppo_release(ctx, tok->start, (vocab + 1) * sizeof(int));
    sppo_release(ctx, tok->sorted, vocab * sizeof(int));
    sppo_release(ctx, tok->bytes, tok->room);
    memset(tok, 0, sizeof *tok);
}

/* Once all pieces are there: the order for look-ups, the longest piece. */
static void sppoi_tokenizer_index(sppo_tokenizer *tok)
{
    int i, n;

    for (i = 0; i < tok->vocab; i++) {
        sppoi_piece(tok, i, &n);
        tok->longest = sppoi_max(tok->longest, n);
    }
    sppoi_sort(tok->sorted, tok->vocab, sppoi_piece_before, tok);
}

/* u32 longest, then vocab times { f32 score, i32 length, bytes }. */
static sppo_result sppoi_tokenizer_parse(sppo_ctx *ctx, sppo_tokenizer *tok,
                                         const unsigned char *data, size_t size)
{
    size_t at = 4;
    int i, used = 0;

    for (i = 0; i < tok->vocab; i++) {
        char literal[8];
        uint64_t length;

        tok->score[i] =
            (float)sppoi_float_bits((uint32_t)sppoi_little(data + at, 4));
        length = sppoi_little(data + at + 4, 4);
        at += 8;
        if (length > tok->room - (size_t)used)  // so 8 of each other are left
            return sppo_fail(ctx, SPPO_E_FORMAT, "tokenizer: piece %d of %d "
                             "has a length beyond the file's end", i,
                             tok->vocab);
        memcpy(tok->bytes + used, data + at, (size_t)length);
        tok->start[i] = used;
        used += (int)length;
        tok->start[i + 1] = used;
        at += (size_t)length;
        snprintf(literal, sizeof literal, "<0x%02X>",
                 (unsigned)(i - SPPO_BYTES));
        if (i >= SPPO_BYTES && i < SPPO_PIECES && (length != 6 ||
             memcmp(tok->bytes + tok->start[i], literal, 6) != 0))
            return sppo_fail(ctx, SPPO_E_FORMAT,
                             "tokenizer: piece %d should be %s", i, literal);
    }
    if (at != size)
        return sppo_fail(ctx, SPPO_E_FORMAT, "tokenizer: %llu bytes follow the "
                         "last of %d pieces: it is for another vocabulary",
                         sppoi_printed(size - at), tok->vocab);
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_tokenizer_read(sppo_ctx *ctx, sppo_tokenizer *tok,
                                         const void *data, size_t size,
                                         int vocab)
{
    sppo_tokenizer fresh;
    sppo_result result;
    const char *kind = sppo_file_kind(data, size);

    if (kind && kind != sppoi_is_tokenizer)
        return sppo_fail(ctx, SPPO_E_FORMAT, "tokenizer: this is %s", kind);
    if (vocab < SPPO_PIECES)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "tokenizer: a vocabulary of %d "
                         "is too small; the bytes alone take %d", vocab,
                         SPPO_PIECES);
    if (size < 4 || (size - 4) / 8 < (size_t)vocab)
        return sppo_fail(ctx, SPPO_E_FORMAT, "tokenizer: %llu bytes are too "
                         "few for %d pieces", sppoi_printed(size), vocab);
    SPPOI_TRY(sppoi_tokenizer_take(ctx, &fresh, vocab,
                                   size - 4 - 8 * (size_t)vocab));
    result = sppoi_tokenizer_parse(ctx, &fresh, (const unsigned char *)data,
                                   size);
    if (result != SPPO_OK) {
        sppo_tokenizer_free(ctx, &fresh);
        return result;
    }
    sppoi_tokenizer_index(&fresh);
    *tok = fresh;
    return SPPO_OK;
}

/* Encoding at work: a chain of symbols, and a heap of merges that were seen
 * possible, best score first, leftmost among equals.  A merge whose symbols
 * have changed since is dropped when it comes up.                           */
typedef struct sppoi_merge {
    int left, left_id, right_id, merged;
} sppoi_merge;

typedef struct sppoi_chain {
    const sppo_tokenizer *tok;
    int count, merges, spare;  // spare: a merge that is done with, or -1
    int *id, *previous, *next, *heap;
    sppoi_merge *merge;
    char *joined;
    void *block;
    size_t block_size;
} sppoi_chain;

static int sppoi_merge_before(const void *user, int a, int b)
{
    const sppoi_chain *chain = (const sppoi_chain *)user;
    const sppoi_merge *ma = &chain->merge[a], *mb = &chain->merge[b];
    const float sa = chain->tok->score[ma->merged];
    const float sb = chain->tok->score[mb->merged];

    if (sa > sb || sa < sb)
        return sa > sb;
    return ma->left != mb->left ? ma->left < mb->left : a < b;
}

static void sppoi_chain_layout(sppoi_chain *chain, size_t symbols,
                               sppoi_arena *v)
{
    const size_t joined = 2 * (size_t)chain->tok->longest;

    chain->id = (int *)sppoi_arena_alloc(v, symbols, sizeof(int));
    chain->previous = (int *)sppoi_arena_alloc(v, symbols, sizeof(int));
    chain->next = (int *)sppoi_arena_alloc(v, symbols, sizeof(int));
    chain->heap = (int *)sppoi_arena_alloc(v, 2 * symbols, sizeof(int));
    chain->merge =
        (sppoi_merge *)sppoi_arena_alloc(v, 2 * symbols, sizeof(sppoi_merge));
    chain->joined = (char *)sppoi_arena_alloc(v, joined, 1);
}

/* Each symbol is a character of the vocabulary, or one of its bytes. As in
 * llama2.c, a character is a lead byte and up to three that continue it.    */
static void sppoi_chain_start(sppoi_chain *chain, const char *text,
                              size_t length)
{
    const int blank = sppoi_lookup(chain->tok, " ", 1);
    size_t at = 0, i;

    if (length)
        chain->id[chain->count++] =
            blank >= 0 ? blank : SPPO_BYTES + (unsigned char)' ';
    while (at < length) {
        size_t n = 1;
        int id;

        while (n < 4 && at + n < length &&
               ((unsigned char)text[at + n] & 0xc0) == 0x80)
            n++;
        id = sppoi_lookup(chain->tok, text + at, (int)n);
        if (id >= 0)
            chain->id[chain->count++] = id;
        for (i = 0; id < 0 && i < n; i++)
            chain->id[chain->count++] =
                SPPO_BYTES + (unsigned char)text[at + i];
        at += n;
    }
    for (i = 0; i < (size_t)chain->count; i++) {
        chain->previous[i] = (int)i - 1;
        chain->next[i] = i + 1 < (size_t)chain->count ? (int)i + 1 : -1;
    }
}

/* Notes the merge of a symbol with the next, if their pieces join to one. */
static void sppoi_consider(sppoi_chain *chain, int left, int *waiting)
{
    const int right = left < 0 ? -1 : chain->next[left];
    const int at = chain->spare < 0 ? chain->merges : chain->spare;
    sppoi_merge *merge = &chain->merge[at];
    int joint;

    if (right < 0)
        return;
    joint = sppoi_join(chain->tok, chain->id[left], chain->id[right],
                       chain->joined);
    merge->merged = joint > chain->tok->longest
                        ? -1 : sppoi_lookup(chain->tok, chain->joined, joint);
    if (merge->merged < 0)
        return;
    merge->left = left;
    merge->left_id = chain->id[left];
    merge->right_id = chain->id[right];
    chain->merges += chain->spare < 0;
    chain->spare = -1;
    sppoi_heap_push(chain->heap, (*waiting)++, at, sppoi_merge_before, chain);
}

static void sppoi_chain_run(sppoi_chain *chain)
{
    int i, right, waiting = 0;

    chain->spare = -1;
    for (i = 0; i < chain->count; i++)
        sppoi_consider(chain, i, &waiting);
    while (waiting > 0) {
        const int best = sppoi_heap_pop(chain->heap, waiting--,
                                        sppoi_merge_before, chain);
        const sppoi_merge m = chain->merge[best];

        right = chain->next[m.left];
        chain->spare = best;
        if (chain->id[m.left] != m.left_id || right < 0 ||
            chain->id[right] != m.right_id)
            continue;
        chain->id[m.left] = m.merged;
        chain->id[right] = -1;
        chain->next[m.left] = chain->next[right];
        if (chain->next[m.left] >= 0)
            chain->previous[chain->next[m.left]] = m.left;
        sppoi_consider(chain, chain->previous[m.left], &waiting);
        sppoi_consider(chain, m.left, &waiting);
    }
}

/* The chain's ids in place, BOS and EOS around them, as one list. */
static sppo_result sppoi_chain_emit(sppo_ctx *ctx, sppoi_chain *chain, int bos,
                                    int eos, sppo_lists *lists)
{
    int i, n = 0;

    if (bos >= 0)
        chain->heap[n++] = bos;
    for (i = 0; i >= 0 && i < chain->count; i = chain->next[i])
        chain->heap[n++] = chain->id[i];
    if (eos >= 0)
        chain->heap[n++] = eos;
    return sppo_lists_add(ctx, lists, chain->heap, n);
}

SPPO_DEF sppo_result sppo_tokenizer_encode(sppo_ctx *ctx,
                                           const sppo_tokenizer *tok,
                                           const char *text, size_t length,
                                           int bos, int eos, sppo_lists *lists)
{
    sppoi_chain chain;
    sppoi_arena arena = { NULL, 0 };
    sppo_result result;

    memset(&chain, 0, sizeof chain);
    chain.tok = tok;
    if (length > INT_MAX / 4)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_tokenizer_encode: a text "
                         "of more than 2^29 bytes; encode it in parts");
    sppoi_chain_layout(&chain, length + 3, &arena);
    SPPOI_TRY(sppoi_block(ctx, "sppo_tokenizer_encode", &arena, &chain.block,
                          &chain.block_size));
    sppoi_chain_layout(&chain, length + 3, &arena);
    sppoi_chain_start(&chain, text, length);
    sppoi_chain_run(&chain);
    result = sppoi_chain_emit(ctx, &chain, bos, eos, lists);
    sppo_release(ctx, chain.block, chain.block_size);
    return result;
}

SPPO_DEF size_t sppo_tokenizer_decode(const sppo_tokenizer *tok,
                                      const int *token, int count, char *out,
                                      size_t size)
{
    sppoi_text text = { out, size, 0 };
    int i, n, began = 0;

    sppoi_put(&text, "", 0);
    for (i = 0; i < count; i++) {
        const int id = token[i];
        const char *piece;
        char octet;

        if (id == SPPO_BOS || id == SPPO_EOS || id < 0 || id >= tok->vocab)
            continue;
        piece = sppoi_piece(tok, id, &n);
        if (id >= SPPO_BYTES && id < SPPO_PIECES) {
            octet = (char)(id - SPPO_BYTES);
            piece = &octet;
            n = 1;
        }
        if (!began && n > 0 && piece[0] == ' ') {
            piece++;
            n--;
        }
        began = 1;
        sppoi_put(&text, piece, (size_t)n);
    }
    return text.n;
}

SPPO_DEF sppo_result sppo_lists_add_text(sppo_ctx *ctx, sppo_lists *lists,
                                         const sppo_tokenizer *tok,
                                         const char *text)
{
    return sppo_tokenizer_encode(ctx, tok, text, strlen(text), SPPO_BOS, -1,
                                 lists);
}

/* ---- texts for those who have no use for tokens ---- */

SPPO_DEF sppo_result sppo_sample_text(sppo_ctx *ctx, const sppo_model *model,
                                      const sppo_tokenizer *tok,
                                      const char *prompt,
                                      const sppo_sampling *sampling,
                                      uint64_t key, char *out, size_t size)
{
    const sppo_config *c = &model->config;
    sppo_sampling how = *sampling;
    sppo_lists x, y;
    sppo_result result;

    memset(&x, 0, sizeof x);
    memset(&y, 0, sizeof y);
    SPPOI_TRY(sppoi_sampling_resolve(ctx, &how, "sppo_sample_text"));
    result = sppo_tokenizer_encode(ctx, tok, prompt, strlen(prompt), c->bos, -1,
                                   &x);
    if (result == SPPO_OK)
        result = sppoi_sample_all(ctx, model, &x, 1, &how, key, &y);
    if (result == SPPO_OK)
        sppo_tokenizer_decode(tok, y.token, sppo_lists_length(&y, 0) -
                              sppo_finished(c, &y, 0), out, size);
    sppo_lists_free(ctx, &x);
    sppo_lists_free(ctx, &y);
    return result;
}

/* A prompt and its k responses as texts. */
typedef struct sppoi_texts {
    const sppo_tokenizer *tok;
    char **text;    // [1 + k]
    int *finished;  // [k]
} sppoi_texts;

/* A list without what ends it; laid out, and where there is memory written. */
static void sppoi_texts_write(sppoi_texts *t, int at, const sppo_lists *from,
                              int list, int finished, sppoi_arena *v)
{
    const int *token = sppo_lists_tokens(from, list);
    const int n = sppo_lists_length(from, list) - finished;
    const size_t size = sppo_tokenizer_decode(t->tok, token, n, NULL, 0) + 1;
    char *text = (char *)sppoi_arena_alloc(v, size, 1);

    if (v->base) {
        t->text[at] = text;
        sppo_tokenizer_decode(t->tok, token, n, text, size);
    }
}

static void sppoi_texts_layout(sppoi_texts *t, const sppo_text_judge *judge,
                               const sppo_lists *prompts, int prompt,
                               const sppo_lists *responses, int first, int k,
                               sppoi_arena *v)
{
    int i;

    t->tok = judge->tokenizer;
    t->text = (char **)sppoi_arena_alloc(v, 1 + (size_t)k, sizeof *t->text);
    t->finished = (int *)sppoi_arena_alloc(v, (size_t)k, sizeof(int));
    sppoi_texts_write(t, 0, prompts, prompt, 0, v);
    for (i = 0; i < k; i++) {
        const int ends = sppo_finished(judge->config, responses, first + i);

        if (v->base)
            t->finished[i] = ends;
        sppoi_texts_write(t, 1 + i, responses, first + i, ends, v);
    }
}

SPPO_DEF sppo_result sppo_judge_texts(sppo_ctx *ctx, void *text_judge,
                                      const sppo_lists *prompts,
                                      const sppo_lists *responses, int k,
                                      int first, int count, double *pairwise)
{
    const sppo_text_judge *judge = (const sppo_text_judge *)text_judge;
    sppo_result result = SPPO_OK;
    int p;

    for (p = 0; p < count && result == SPPO_OK; p++) {
        sppoi_arena arena = { NULL, 0 };
        sppoi_texts t;
        void *block;
        size_t size;

        sppoi_texts_layout(&t, judge, prompts, first + p, responses, p * k, k,
                           &arena);
        SPPOI_TRY(sppoi_block(ctx, "sppo_judge_texts", &arena, &block, &size));
        sppoi_texts_layout(&t, judge, prompts, first + p, responses, p * k, k,
                           &arena);
        result = judge->compare(ctx, judge->user, t.text[0],
                                (const char *const *)(t.text + 1), t.finished,
                                k, pairwise + sppoi_cell(p * k, k, 0));
        sppo_release(ctx, block, size);
    }
    return result;
}

/* ---- learning a vocabulary ---- */

/* Byte-pair encoding: characters first, then, again and again, the most
 * frequent pair of neighbours inside words becomes a piece.  A word is a blank
 * or nothing, then letters; a newline is a word.                            */
enum { SPPOI_PIECE_MOST = 48 };  // bytes of a learnt piece

typedef struct sppoi_word {
    int from, symbols, count;  // its symbols are symbol[from ..]
} sppoi_word;

/* Counts by key in an open-addressing table; key 0 is empty. A search ends at
 * an empty slot, so the last one stays empty; a key without room is said.   */
typedef struct sppoi_counts {
    uint64_t *key;
    int64_t *count;
    size_t size, used;  // slots, a power of two; and those with a key
    int full;           // a key found no room
} sppoi_counts;

typedef struct sppoi_bpe {
    sppo_tokenizer *tok;
    const char *text;
    int *begin, *end, *order, *symbol;  // words as they stand in the text
    sppoi_word *word;
    int words, symbols, pieces;  // symbols: of all words
    sppoi_counts counts;
    void *block;
    size_t block_size;
} sppoi_bpe;

static void sppoi_counts_clear(sppoi_counts *c)
{
    memset(c->key, 0, c->size * sizeof *c->key);
    memset(c->count, 0, c->size * sizeof *c->count);
    c->used = 0;
}

static void sppoi_counts_add(sppoi_counts *c, uint64_t key, int64_t n)
{
    size_t at = (size_t)sppoi_mix(key) & (c->size - 1);

    while (c->key[at] && c->key[at] != key)
        at = (at + 1) & (c->size - 1);
    if (!c->key[at] && c->used + 1 == c->size) {
        c->full = 1;
        return;
    }
    c->used += !c->key[at];
    c->key[at] = key;
    c->count[at] += n;
}

/* The slot of the largest count, of equals the smallest key. */
static size_t sppoi_counts_best(const sppoi_counts *c)
{
    size_t i, best = 0;

    for (i = 1; i < c->size; i++)
        if (c->count[i] > c->count[best] ||
            (c->count[i] == c->count[best] && c->key[i] < c->key[best]))
            best = i;
    return best;
}

static int sppoi_word_ends(const char *text, int at, int length)
{
    return at >= length || text[at] == ' ' || text[at] == '\n' ||
           text[at - 1] == '\n';
}

static int sppoi_count_words(const char *text, int length)
{
    int at, n = length > 0;

    for (at = 1; at < length; at++)
        n += sppoi_word_ends(text, at, length);
    return n;
}

static void sppoi_bpe_layout(sppoi_bpe *b, size_t words, size_t length,
                             sppoi_arena *v)
{
    b->begin = (int *)sppoi_arena_alloc(v, words, sizeof(int));
    b->end = (int *)sppoi_arena_alloc(v, words, sizeof(int));
    b->order = (int *)sppoi_arena_alloc(v, words, sizeof(int));
    b->word = (sppoi_word *)sppoi_arena_alloc(v, words, sizeof(sppoi_word));
    b->symbol = (int *)sppoi_arena_alloc(v, length, sizeof(int));
    b->counts.key = (uint64_t *)sppoi_arena_alloc(v, b->counts.size,
                                                  sizeof(uint64_t));
    b->counts.count = (int64_t *)sppoi_arena_alloc(v, b->counts.size,
                                                   sizeof(int64_t));
}

static int sppoi_word_before(const void *user, int a, int b)
{
    const sppoi_bpe *bpe = (const sppoi_bpe *)user;

    return sppoi_compare(bpe->text + bpe->begin[a], bpe->end[a] - bpe->begin[a],
                         bpe->text + bpe->begin[b],
                         bpe->end[b] - bpe->begin[b]) < 0;
}

static void sppoi_bpe_split(sppoi_bpe *b, int length)
{
    int at = 0, n = 0;

    while (at < length) {
        b->begin[n] = at++;
        while (!sppoi_word_ends(b->text, at, length))
            at++;
        b->end[n++] = at;
    }
    b->words = n;
    sppoi_sort(b->order, n, sppoi_word_before, b);
}

/* The bytes of the character at `at` as a key, and its length. A byte that is
 * no UTF-8, and NUL, which llama2.c's strings cannot hold, have key 0.      */
static uint64_t sppoi_character(const char *text, int at, int end, int *length)
{
    uint64_t key = 0;
    int i;

    *length = (int)sppoi_utf8(text + at, (size_t)(end - at));
    for (i = 0; i < *length; i++)
        key = key << 8 | (unsigned char)text[at + i];
    *length = *length ? *length : 1;
    return key;
}

static void sppoi_bpe_piece(sppoi_bpe *b, const char *piece, int length,
                            float score)
{
    sppo_tokenizer *tok = b->tok;
    const int at = tok->start[b->pieces];

    memcpy(tok->bytes + at, piece, (size_t)length);
    tok->score[b->pieces++] = score;
    tok->start[b->pieces] = at + length;
}

static void sppoi_bpe_fixed(sppoi_bpe *b)
{
    char literal[8];
    int i;

    sppoi_bpe_piece(b, "<unk>", 5, 0);
    sppoi_bpe_piece(b, "\n<s>\n", 5, 0);
    sppoi_bpe_piece(b, "\n</s>\n", 6, 0);
    for (i = 0; i < 256; i++) {
        snprintf(literal, sizeof literal, "<0x%02X>", (unsigned)i);
        sppoi_bpe_piece(b, literal, 6, 0);
    }
}

/* The most frequent characters, at most half of what the bytes leave free: the
 * other characters are spelt in bytes. Their scores come after all merges'. */
static void sppoi_bpe_characters(sppoi_bpe *b, int length)
{
    const int most = (b->tok->vocab - SPPO_PIECES + 1) / 2;
    int at = 0, n, i;

    sppoi_counts_clear(&b->counts);
    while (at < length) {
        const uint64_t key = sppoi_character(b->text, at, length, &n);

        if (key)
            sppoi_counts_add(&b->counts, key, 1);
        at += n;
    }
    for (i = 0; i < most; i++) {
        const size_t best = sppoi_counts_best(&b->counts);
        uint64_t key = b->counts.key[best];
        char piece[4];

        if (b->counts.count[best] <= 0)
            break;
        for (n = 0; key >> (8 * n); n++) {
        }
        for (at = 0; at < n; at++)
            piece[at] = (char)(key >> (8 * (n - 1 - at)) & 255);
        sppoi_bpe_piece(b, piece, n, (float)(-b->tok->vocab - i));
        b->counts.count[best] = 0;
    }
}

/* Equal words become one with a count, spelt in the pieces there are. */
static void sppoi_bpe_spell(sppoi_bpe *b)
{
    int i, words = 0, used = 0;

    for (i = 0; i < b->words; i++) {
        const int w = b->order[i];
        int at, n, id;

        if (i && !sppoi_word_before(b, b->order[i - 1], w)) {
            b->word[words - 1].count++;
            continue;
        }
        b->word[words].from = used;
        for (at = b->begin[w]; at < b->end[w]; at += n) {
            sppoi_character(b->text, at, b->end[w], &n);
            id = sppoi_lookup(b->tok, b->text + at, n);
            b->symbol[used++] = id;  // -1: spelt in bytes, never merged
        }
        b->word[words].symbols = used - b->word[words].from;
        b->word[words++].count = 1;
    }
    b->words = words;
    b->symbols = used;
}

static void sppoi_bpe_count_pairs(sppoi_bpe *b)
{
    int w, i;

    sppoi_counts_clear(&b->counts);
    for (w = 0; w < b->words; w++) {
        const int *symbol = b->symbol + b->word[w].from;

        for (i = 0; i + 1 < b->word[w].symbols; i++) {
            const int joint =
                sppoi_joint_length(b->tok, symbol[i], symbol[i + 1]);

            if (joint && joint <= SPPOI_PIECE_MOST)
                sppoi_counts_add(&b->counts, (uint64_t)symbol[i] << 32 |
                                                 (uint64_t)symbol[i + 1],
                                 b->word[w].count);
        }
    }
}

/* Replaces every two neighbours that spell the new piece, by whatever route,
 * since the encoder will.                                                   */
static void sppoi_bpe_merge(sppoi_bpe *b, int id)
{
    const sppo_tokenizer *tok = b->tok;
    char joined[SPPOI_PIECE_MOST];
    int length, w, i, n;
    const char *piece = sppoi_piece(tok, id, &length);

    for (w = 0; w < b->words; w++) {
        int *symbol = b->symbol + b->word[w].from;

        for (i = 0, n = 0; i < b->word[w].symbols; i++, n++) {
            symbol[n] = symbol[i];
            if (i + 1 == b->word[w].symbols ||
                sppoi_joint_length(tok, symbol[i], symbol[i + 1]) != length)
                continue;
            sppoi_join(tok, symbol[i], symbol[i + 1], joined);
            if (memcmp(joined, piece, (size_t)length) == 0) {
                symbol[n] = id;
                i++;
            }
        }
        b->word[w].symbols = n;
    }
}

static sppo_result sppoi_bpe_learn(sppo_ctx *ctx, sppoi_bpe *b)
{
    const sppo_tokenizer *tok = b->tok;
    int rank = 0;

    while (b->pieces < tok->vocab && !b->counts.full) {
        char joined[SPPOI_PIECE_MOST];
        uint64_t key;
        size_t best;
        int joint;

        SPPOI_TRY(sppoi_go_on(ctx, "sppo_tokenizer_train"));
        sppoi_bpe_count_pairs(b);
        best = sppoi_counts_best(&b->counts);
        if (b->counts.count[best] < 1)
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_tokenizer_train: the "
                             "text yields %d pieces, fewer than the "
                             "vocabulary of %d; ask for at most %d",
                             b->pieces, tok->vocab, b->pieces);
        key = b->counts.key[best];
        joint = sppoi_join(tok, (int)(key >> 32), (int)(key & 0xffffffffu),
                           joined);
        sppoi_bpe_piece(b, joined, joint, (float)-++rank);
        sppoi_bpe_merge(b, b->pieces - 1);
    }
    if (b->counts.full)
        return sppo_fail(ctx, SPPO_E_MEMORY, "sppo_tokenizer_train: more than "
                         "%llu pairs of neighbours, the room there is for "
                         "them; learn from less text",
                         sppoi_printed(b->counts.used));
    return SPPO_OK;
}

static sppo_result sppoi_bpe_run(sppo_ctx *ctx, sppoi_bpe *b, int length)
{
    int pieces;

    sppoi_bpe_split(b, length);
    sppoi_bpe_fixed(b);
    sppoi_bpe_characters(b, length);
    pieces = b->tok->vocab;
    b->tok->vocab = b->pieces;  // for look-ups among the characters
    sppoi_tokenizer_index(b->tok);
    sppoi_bpe_spell(b);
    while (b->counts.size > 1024 &&  // pairs are fewer than symbols
           b->counts.size >= 4 * (size_t)b->symbols)
        b->counts.size /= 2;
    b->tok->vocab = pieces;
    return sppoi_bpe_learn(ctx, b);
}

SPPO_DEF sppo_result sppo_tokenizer_train(sppo_ctx *ctx, sppo_tokenizer *tok,
                                          const char *text, size_t length,
                                          int vocab)
{
    sppo_tokenizer fresh;
    sppoi_bpe b;
    sppoi_arena arena = { NULL, 0 };
    sppo_result result;
    size_t words;

    if (vocab < SPPO_PIECES || vocab > SPPOI_MAX_VOCAB)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_tokenizer_train: vocab is "
                         "%d; it must be %d (the bytes alone) to %d", vocab,
                         SPPO_PIECES, SPPOI_MAX_VOCAB);
    if (length < 1 || length > INT_MAX / 4)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_tokenizer_train: the text "
                         "has %llu bytes; it must have 1 to 2^29",
                         sppoi_printed(length));
    memset(&b, 0, sizeof b);
    b.text = text;
    words = (size_t)sppoi_count_words(text, (int)length);
    for (b.counts.size = 1024; b.counts.size < 2 * length;)
        b.counts.size *= 2;
    SPPOI_TRY(sppoi_tokenizer_take(ctx, &fresh, vocab,
                                   (size_t)vocab * SPPOI_PIECE_MOST));
    b.tok = &fresh;
    sppoi_bpe_layout(&b, words, length, &arena);
    result = sppoi_block(ctx, "sppo_tokenizer_train", &arena, &b.block,
                         &b.block_size);
    if (result == SPPO_OK) {
        sppoi_bpe_layout(&b, words, length, &arena);
        result = sppoi_bpe_run(ctx, &b, (int)length);
    }
    sppo_release(ctx, b.block, b.block_size);
    if (result != SPPO_OK) {
        sppo_tokenizer_free(ctx, &fresh);
        return result;
    }
    sppoi_tokenizer_index(&fresh);
    *tok = fresh;
    return SPPO_OK;
}

/* ---- bytes out: into a file, into a block, or counted ---- */

typedef struct sppoi_sink {
    unsigned char *memory;  // a block with room for all, or NULL
#ifndef SPPO_NO_STDIO
    FILE *file;             // NULL: none
    char failed[64];        // why it could not be written, or ""
#endif
    size_t size;            // bytes so far
    uint64_t digest;        // of all but the last size % 8 of them
    unsigned char rest[8];  // which are these
} sppoi_sink;

static void sppoi_sink_digest(sppoi_sink *sink, const unsigned char *data,
                              size_t n)
{
    const size_t held = sink->size % 8;
    const size_t first = held && n >= 8 - held ? 8 - held : held ? n : 0;
    const size_t whole = (n - first) / 8 * 8;

    if (first)
        memcpy(sink->rest + held, data, first);
    if (held + first == 8)
        sink->digest = sppo_digest(sink->digest, sink->rest, 8);
    sink->digest = sppo_digest(sink->digest, data + first, whole);
    if (n > first + whole)
        memcpy(sink->rest, data + first + whole, n - first - whole);
}

#ifndef SPPO_NO_STDIO
/* What a stream lost when a signal or a full disk came, C does not tell, so no
 * write is tried again: the file fails, for the first reason.               */
static void sppoi_sink_failed(sppoi_sink *sink)
{
    if (!sink->failed[0])
        snprintf(sink->failed, sizeof sink->failed, "%s", sppoi_why());
}
#endif

static void sppoi_write(sppoi_sink *sink, const void *data, size_t n)
{
    if (!n)
        return;
    if (sink->memory)
        memcpy(sink->memory + sink->size, data, n);
#ifndef SPPO_NO_STDIO
    if (sink->file && SPPO_IO(fwrite)(data, 1, n, sink->file) != n)
        sppoi_sink_failed(sink);
#endif
    sppoi_sink_digest(sink, (const unsigned char *)data, n);
    sink->size += n;
}

/* In the place of as many bytes as were written before. */
static void sppoi_patch(sppoi_sink *sink, size_t at, const void *data, size_t n)
{
    if (sink->memory)
        memcpy(sink->memory + at, data, n);
#ifndef SPPO_NO_STDIO
    if (sink->file && (!sppoi_seek(sink->file, (int64_t)at, SEEK_SET) ||
                       SPPO_IO(fwrite)(data, 1, n, sink->file) != n))
        sppoi_sink_failed(sink);
#endif
}

/* `size` bytes, the least significant first. */
static void sppoi_little_bytes(unsigned char *out, uint64_t bits, int size)
{
    int i;

    for (i = 0; i < size; i++)
        out[i] = (unsigned char)(bits >> (8 * i) & 255);
}

static void sppoi_write_little(sppoi_sink *sink, uint64_t bits, int size)
{
    unsigned char bytes[8];

    sppoi_little_bytes(bytes, bits, size);
    sppoi_write(sink, bytes, (size_t)size);
}

/* One array of an archive to be written. */
typedef struct sppoi_entry {
    const char *name;
    const void *data;
    size_t shape[SPPOI_DIMS];
    int dims;
    sppoi_kind kind;    // in memory
    sppoi_dtype dtype;  // in the file
} sppoi_entry;

/* The dtype that loses nothing. */
static sppoi_dtype sppoi_kind_dtype(sppoi_kind kind)
{
    if (kind == SPPOI_INT)
        return SPPOI_I32;
    return kind == SPPOI_REAL && sizeof(sppo_real) == 4 ? SPPOI_F32 : SPPOI_F64;
}

static size_t sppoi_entry_numbers(const sppoi_entry *entry)
{
    size_t count = 1;
    int i;

    for (i = 0; i < entry->dims; i++)
        count *= entry->shape[i];
    return count;
}

static size_t sppoi_entry_bytes(const sppoi_entry *entry)
{
    return sppoi_entry_numbers(entry) * (size_t)sppoi_dtypes[entry->dtype].size;
}

static int sppoi_entry_before(const void *user, int a, int b)
{
    const sppoi_entry *e = (const sppoi_entry *)user;

    return e[a].dtype != e[b].dtype ? e[a].dtype > e[b].dtype
                                    : strcmp(e[a].name, e[b].name) < 0;
}

static void sppoi_put_entry(sppoi_text *text, const sppoi_entry *e,
                            size_t begin)
{
    int i;

    sppoi_putf(text, "\"%s\":{\"dtype\":\"%s\",\"shape\":[", e->name,
               sppoi_dtypes[e->dtype].name);
    for (i = 0; i < e->dims; i++)
        sppoi_putf(text, i ? ",%llu" : "%llu", sppoi_printed(e->shape[i]));
    sppoi_putf(text, "],\"data_offsets\":[%llu,%llu]}", sppoi_printed(begin),
               sppoi_printed(begin + sppoi_entry_bytes(e)));
}

/* The reference writer's layout: metadata first (an object's text, NULL for
 * none), then by dtype and name, padded with blanks to a multiple of 8.     */
static void sppoi_archive_text(sppoi_text *text, const char *metadata,
                               const sppoi_entry *entry, const int *order,
                               int n)
{
    size_t at = 0;
    int i;

    sppoi_put_text(text, metadata ? "{\"__metadata__\":" : "{");
    sppoi_put_text(text, metadata ? metadata : "");
    for (i = 0; i < n; i++) {
        const sppoi_entry *e = &entry[order[i]];

        sppoi_put_text(text, i || metadata ? "," : "");
        sppoi_put_entry(text, e, at);
        at += sppoi_entry_bytes(e);
    }
    sppoi_put_text(text, "}");
    while (text->n % 8)
        sppoi_put_text(text, " ");
}

static uint32_t sppoi_float_word(float value)
{
    uint32_t word;

    memcpy(&word, &value, sizeof word);
    return word;
}

/* The upper half of a float, rounded to nearest, ties to even. */
static uint32_t sppoi_bfloat_bits(float value)
{
    const uint32_t bits = sppoi_float_word(value);

    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* The bits that the file holds for one number. */
static uint64_t sppoi_encode_number(const sppoi_entry *e, size_t at)
{
    double wide;
    uint64_t bits;

    if (e->kind == SPPOI_INT)
        return (uint32_t)((const int *)e->data)[at];
    wide = e->kind == SPPOI_REAL ? (double)((const sppo_real *)e->data)[at]
                                 : ((const double *)e->data)[at];
    if (e->dtype == SPPOI_F64) {
        memcpy(&bits, &wide, sizeof bits);
        return bits;
    }
    return e->dtype == SPPOI_BF16 ? sppoi_bfloat_bits((float)wide)
                                  : sppoi_float_word((float)wide);
}

static void sppoi_write_entry(sppoi_sink *sink, const sppoi_entry *e)
{
    const size_t count = sppoi_entry_numbers(e);
    const int size = sppoi_dtypes[e->dtype].size;
    unsigned char bytes[16384];
    size_t i, used = 0;

    for (i = 0; i < count; i++) {
        sppoi_little_bytes(bytes + used, sppoi_encode_number(e, i), size);
        used += (size_t)size;
        if (used == sizeof bytes || i + 1 == count) {
            sppoi_write(sink, bytes, used);
            used = 0;
        }
    }
}

/* Puts the digest of the file, which ends here, where its header left room. */
static void sppoi_archive_seal(sppoi_sink *sink, const char *header)
{
    const char *at = strstr(header, SPPOI_UNSEALED);
    char digits[17];

    if (!at)
        return;
    sppoi_digest_text(digits, sppo_digest(sink->digest, sink->rest,
                                          sink->size % 8));
    sppoi_patch(sink, 8 + (size_t)(at - header) + strlen(SPPOI_UNSEALED) - 17,
                digits, 16);
}

/* A safetensors file with these arrays. */
static sppo_result sppoi_archive_put(sppo_ctx *ctx, sppoi_sink *sink,
                                     const char *metadata,
                                     const sppoi_entry *entry, int n)
{
    const size_t room = 96 + (metadata ? strlen(metadata) : 0) +
                        256 * (size_t)n;
    int *order = (int *)sppo_alloc(ctx, (size_t)n, sizeof *order);
    char *header = (char *)sppo_alloc(ctx, room, 1);
    const sppo_result result = order && header ? SPPO_OK : SPPO_E_MEMORY;
    sppoi_text text = { header, room, 0 };
    int i;

    if (result == SPPO_OK) {
        sppoi_sort(order, n, sppoi_entry_before, entry);
        sppoi_archive_text(&text, metadata, entry, order, n);
        sppoi_write_little(sink, text.n, 8);
        sppoi_write(sink, header, text.n);
        for (i = 0; i < n; i++)
            sppoi_write_entry(sink, &entry[order[i]]);
        sppoi_archive_seal(sink, header);
    }
    sppo_release(ctx, order, (size_t)n * sizeof *order);
    sppo_release(ctx, header, room);
    return result;
}

/* What others want to see in a file before they read it, and its digest. */
static const char sppoi_metadata[] = "{\"format\":\"pt\"," SPPOI_UNSEALED "}";

/* What is saved is a number, there and in the type of the file: at the bound a
 * bfloat16 or a float is rounded to infinity.                               */
static sppo_result sppoi_entry_fits(sppo_ctx *ctx, const sppoi_entry *entry)
{
    const double bound = entry->dtype == SPPOI_BF16  ? ldexp(511.0, 119)
                         : entry->dtype == SPPOI_F32 ? ldexp(33554431.0, 103)
                                                     : HUGE_VAL;
    const sppo_real *x = (const sppo_real *)entry->data;
    const size_t count = sppoi_entry_numbers(entry);
    size_t i = 0;

    while (i < count && fabs((double)x[i]) < bound)
        i++;
    if (i == count)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_NUMBER, "nothing is saved: %s: number %lu of "
                     "%lu is %g, %s", entry->name, (unsigned long)i + 1,
                     (unsigned long)count, (double)x[i],
                     sppoi_finite((double)x[i])
                         ? "more than the type of the file holds"
                         : "so the training diverged, or memory was damaged");
}

static sppo_result sppoi_model_put(sppo_ctx *ctx, sppoi_sink *sink,
                                   const sppo_model *model, sppo_dtype dtype,
                                   const char *metadata)
{
    const size_t n = (size_t)model->tensor_count;
    sppoi_entry *entry;
    sppo_result result;
    size_t i;

    SPPOI_TRY(sppoi_within(ctx, "sppo_model_write", "dtype", (double)dtype, 0,
                           SPPO_DTYPE_BFLOAT16, NULL));
    entry = (sppoi_entry *)sppo_alloc(ctx, n, sizeof *entry);
    result = entry ? SPPO_OK : SPPO_E_MEMORY;
    for (i = 0; i < n && result == SPPO_OK; i++) {
        const sppo_tensor *t = &model->tensors[i];

        entry[i].name = t->name;
        entry[i].data = model->weights + t->offset;
        entry[i].shape[0] = (size_t)t->rows;
        entry[i].shape[1] = (size_t)t->cols;
        entry[i].dims = t->cols ? 2 : 1;
        entry[i].kind = SPPOI_REAL;
        entry[i].dtype = dtype == SPPO_DTYPE_BFLOAT16  ? SPPOI_BF16
                       : dtype == SPPO_DTYPE_FLOAT32 ? SPPOI_F32
                       : sppoi_kind_dtype(SPPOI_REAL);
        result = sppoi_entry_fits(ctx, &entry[i]);
    }
    if (result == SPPO_OK)
        result = sppoi_archive_put(ctx, sink, metadata, entry, (int)n);
    sppo_release(ctx, entry, n * sizeof *entry);
    return result;
}

SPPO_DEF sppo_result sppo_model_write(sppo_ctx *ctx, const sppo_model *model,
                                      sppo_dtype dtype, void **data,
                                      size_t *size)
{
    sppoi_sink counted, sink;
    sppo_result result;

    memset(&counted, 0, sizeof counted);
    memset(&sink, 0, sizeof sink);
    SPPOI_TRY(sppoi_model_put(ctx, &counted, model, dtype, sppoi_metadata));
    sink.memory = (unsigned char *)sppo_alloc(ctx, counted.size, 1);
    if (!sink.memory)
        return sppo_fail(ctx, ctx->code, "sppo_model_write: %s", ctx->message);
    result = sppoi_model_put(ctx, &sink, model, dtype, sppoi_metadata);
    if (result != SPPO_OK) {
        sppo_release(ctx, sink.memory, counted.size);
        return result;
    }
    *data = sink.memory;
    *size = counted.size;
    return SPPO_OK;
}

/* ---- files proper ---- */

#ifndef SPPO_NO_STDIO
enum { SPPOI_PATH = 1024 };

static const char sppoi_is_unchanged[] = "; what was there before is unchanged";

/* Of the last call of the system; rest: words behind its reason. */
static sppo_result sppoi_io_fail(sppo_ctx *ctx, const char *path,
                                 const char *what, const char *rest)
{
    return sppo_fail(ctx, sppoi_io_code(), "%.300s: %s: %s%s", path, what,
                     sppoi_why(), rest);
}

/* What the system must give: bytes that are on the disk, not on their way; a
 * file that takes another's place in one step; and, on POSIX alone, locks that
 * end with their process, and folders that can be synced.  What -std=c99 hides
 * is declared here.  Where there is neither POSIX nor Windows, plain C's rename
 * may refuse to replace a file: then saving over one fails and leaves it as it
 * was.                                                                      */
#if defined(_WIN32)
#include <direct.h>
#include <io.h>
#ifdef __cplusplus
extern "C"
#endif
__declspec(dllimport) int __stdcall MoveFileExA(const char *, const char *,
                                                unsigned long);
static int sppoi_sync(FILE *file) { return _commit(_fileno(file)) == 0; }

static int sppoi_replace(const char *from, const char *to)
{
    return MoveFileExA(from, to, 1 | 8) != 0;  // replace; write through
}

static int sppoi_mkdir(const char *path) { return _mkdir(path) == 0; }

static int sppoi_is_folder(const char *path)
{
    return _access(path, 0) == 0;  // a file of that name shows in writing
}
#elif (defined(__unix__) || defined(__APPLE__)) && !defined(SPPOI_NO_ERRNO)
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef __cplusplus
extern int fileno(FILE *);
extern FILE *fdopen(int, const char *);
extern int fsync(int);
#endif
#define SPPOI_POSIX 1
static int sppoi_sync(FILE *file)
{
    int failed;

    SPPOI_AGAIN((failed = SPPO_IO(fsync)(fileno(file))) != 0)
    return !failed;
}

static int sppoi_mkdir(const char *path)
{
    return SPPO_IO(mkdir)(path, 0777) == 0;
}

static int sppoi_is_folder(const char *path)
{
    struct stat info;

    return SPPO_IO(stat)(path, &info) == 0 && S_ISDIR(info.st_mode);
}
#else
static int sppoi_sync(FILE *file) { return SPPO_IO(fflush)(file) == 0; }

static int sppoi_mkdir(const char *path)
{
    (void)path;
    return 0;
}

static int sppoi_is_folder(const char *path)
{
    return path[0] != 0;  // plain C cannot tell; writing will
}
#endif

#ifndef _WIN32
static int sppoi_replace(const char *from, const char *to)
{
    return SPPO_IO(rename)(from, to) == 0;
}
#endif

#ifdef SPPOI_POSIX
static int sppoi_open_fd(const char *path, int flags)
{
    int fd;

    SPPOI_AGAIN((fd = SPPO_IO(open)(path, flags, 0666)) < 0)
    return fd;
}

/* Whether the open file is ours alone from now on, and still the one that has
 * this name; else errno is EEXIST, unless the system cannot tell.  missing: the
 * answer where the file system knows no locks.                              */
static int sppoi_own(int fd, const char *path, int missing)
{
    const int locked = SPPO_IO(flock)(fd, LOCK_EX | LOCK_NB) == 0 ||
                       (missing && errno != EWOULDBLOCK);
    struct stat open_one, named;

    memset(&named, 0, sizeof named);
    if (locked && (SPPO_IO(fstat)(fd, &open_one) != 0 ||
                   SPPO_IO(stat)(path, &named) != 0) && errno != ENOENT)
        return 0;
    errno = EEXIST;
    return locked && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

/* Removes a temporary whose writer is dead, as its lock tells. */
static int sppoi_clear_stray(const char *path)
{
    const int fd = sppoi_open_fd(path, O_RDWR);
    int swept = 0;

    if (fd < 0)
        return 0;
    if (sppoi_own(fd, path, 0))
        swept = SPPO_IO(remove)(path) == 0;
    SPPO_IO(close)(fd);
    return swept;
}

/* A file that did not exist, for one writer; else errno is EEXIST. */
static FILE *sppoi_create(const char *path)
{
    const int fd = sppoi_open_fd(path, O_RDWR | O_CREAT | O_EXCL);
    FILE *file = NULL;
    int why;

    if (fd >= 0 && sppoi_own(fd, path, 1))
        file = SPPO_IO(fdopen)(fd, "wb");
    why = errno;
    if (fd >= 0 && !file && why != EEXIST)  // else somebody cleans up
        SPPO_IO(remove)(path);
    if (fd >= 0 && !file)
        SPPO_IO(close)(fd);
    errno = why;
    return file;
}

/* A file to read.  A named pipe is none, as its size tells: without waiting for
 * its writer, who may never come.                                           */
static FILE *sppoi_open_file(const char *path)
{
    const int fd = sppoi_open_fd(path, O_RDONLY | O_NONBLOCK);
    FILE *file = fd >= 0 ? SPPO_IO(fdopen)(fd, "rb") : NULL;

    if (fd >= 0 && !file)
        SPPO_IO(close)(fd);
    return file;
}

/* The folder's lock, for as long as the descriptor is open; -1: there is none,
 * as on file systems of a network, and the work goes on without.            */
static int sppoi_lock(const char *folder, int alone)
{
    const int fd = sppoi_open_fd(folder, O_RDONLY);
    const int kind = alone ? LOCK_EX : LOCK_SH;
    int failed = 0;

    SPPOI_AGAIN(fd >= 0 && (failed = SPPO_IO(flock)(fd, kind)) != 0)
    if (failed)
        SPPO_IO(close)(fd);
    return failed ? -1 : fd;
}

static void sppoi_unlock(int fd)
{
    if (fd >= 0)
        SPPO_IO(close)(fd);
}

/* The names in a folder; some file systems sync no folders, and say so, and one
 * that may not be read cannot be synced.                                    */
static int sppoi_sync_folder(const char *folder)
{
    const int fd = sppoi_open_fd(folder, O_RDONLY);
    int failed = fd < 0, why;

    SPPOI_AGAIN(fd >= 0 && (failed = SPPO_IO(fsync)(fd)) != 0)
    why = errno;
    sppoi_unlock(fd);
    errno = why;
    return !failed || why == EINVAL || why == (fd < 0 ? EACCES : EBADF);
}
#else
enum { SPPOI_POSIX = 0 };

static int sppoi_clear_stray(const char *path)
{
    return SPPO_IO(remove)(path) == 0;
}

static FILE *sppoi_create(const char *path)
{
    return SPPO_IO(fopen)(path, "wb");
}

static FILE *sppoi_open_file(const char *path)
{
    return SPPO_IO(fopen)(path, "rb");
}

static int sppoi_lock(const char *folder, int alone)
{
    (void)folder, (void)alone;
    return -1;
}

static void sppoi_unlock(int fd) { (void)fd; }

static int sppoi_sync_folder(const char *folder)
{
    (void)folder;
    return 1;
}
#endif

/* Two parts of a path with nothing or a slash between them. */
static sppo_result sppoi_path(sppo_ctx *ctx, char *out, const char *a,
                              const char *between, const char *b)
{
    const int n = snprintf(out, SPPOI_PATH, "%s%s%s", a, between, b);

    if (n >= 0 && n < SPPOI_PATH)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT,
                     "%.200s...: a path of more than %d bytes", a, SPPOI_PATH);
}

/* optional: file is NULL where none has that name, and errno says so. */
static sppo_result sppoi_open(sppo_ctx *ctx, const char *path, int optional,
                              sppoi_source *source)
{
    int64_t size;

    memset(source, 0, sizeof *source);
    source->name = path;
    sppoi_no_error();
    source->file = sppoi_open_file(path);
    if (!source->file)
        return optional && sppoi_is_absent()
            ? SPPO_OK : sppoi_io_fail(ctx, path, "cannot be opened", "");
    if (!sppoi_seek(source->file, 0, SEEK_END) ||
        (size = sppoi_tell(source->file)) < 0 || (uint64_t)size >= (size_t)-1) {
        sppo_fail(ctx, sppoi_io_code(), "%.300s: cannot be read as a regular "
                  "file%s%s", path, sppoi_is_absent() ? "" : ": ",
                  sppoi_is_absent() ? "" : sppoi_why());
        sppoi_source_close(source);
        return ctx->code;
    }
    source->size = (size_t)size;
    return SPPO_OK;
}

/* data NULL: an optional file that is not there. */
static sppo_result sppoi_read_path(sppo_ctx *ctx, const char *path,
                                   int optional, char **data, size_t *size)
{
    sppoi_source source;
    sppo_result result;
    char *bytes, start[3] = "";
    size_t n, mark;

    SPPOI_TRY(sppoi_open(ctx, path, optional, &source));
    if (!source.file)
        return SPPO_OK;
    result = sppoi_read_at(ctx, &source, 0, start, source.size < 3 ? 0 : 3);
    mark = sppoi_mark(start, sizeof start);
    n = source.size - mark;
    bytes = result == SPPO_OK ? (char *)sppo_alloc(ctx, n + 1, 1) : NULL;
    if (result == SPPO_OK)
        result = bytes ? sppoi_read_at(ctx, &source, mark, bytes, n)
                       : sppo_fail(ctx, ctx->code, "%.200s: %s", path,
                                   ctx->message);
    sppoi_source_close(&source);
    if (result == SPPO_OK)
        *data = bytes, *size = n;
    else
        sppo_release(ctx, bytes, n + 1);
    return result;
}

SPPO_DEF sppo_result sppo_file_read(sppo_ctx *ctx, const char *path,
                                    char **data, size_t *size)
{
    return sppoi_read_path(ctx, path, 0, data, size);
}

/* A file on its way: written beside its place, moved there when whole.  Its
 * temporary name is path.tmp, or path.2.tmp .. of writers at the same time; an
 * open one is locked, so that what the dead left can be told and goes.      */
typedef struct sppoi_output {
    sppoi_sink sink;
    const char *path;
    char temporary[SPPOI_PATH];
} sppoi_output;

enum { SPPOI_WRITERS = 16 };  // of one file at once

static sppo_result sppoi_temporary(sppo_ctx *ctx, const char *path, int which,
                                   char *out)
{
    char ending[16] = ".tmp";

    if (which > 0)
        snprintf(ending, sizeof ending, ".%d.tmp", which + 1);
    return sppoi_path(ctx, out, path, "", ending);
}

static sppo_result sppoi_output_begin(sppo_ctx *ctx, sppoi_output *out,
                                      const char *path)
{
    int i;

    memset(&out->sink, 0, sizeof out->sink);
    out->path = path;
    sppoi_no_error();
    for (i = 0; i < SPPOI_WRITERS && !out->sink.file; i++) {
        SPPOI_TRY(sppoi_temporary(ctx, path, i, out->temporary));
        out->sink.file = sppoi_create(out->temporary);
        if (!out->sink.file && !sppoi_is_taken())
            break;
        if (!out->sink.file && sppoi_clear_stray(out->temporary))
            out->sink.file = sppoi_create(out->temporary);
    }
    if (out->sink.file)
        return SPPO_OK;
    if (sppoi_is_taken())
        return sppo_fail(ctx, SPPO_E_IO, "%.300s: cannot be written: %d others "
                         "are at it; if they are not, remove its .tmp files",
                         path, SPPOI_WRITERS);
    return sppoi_io_fail(ctx, path, "cannot be written", "");
}

/* Leaves nothing of it. */
static void sppoi_output_drop(sppoi_output *out)
{
    if (!SPPOI_POSIX)  // where an open file cannot be removed
        SPPO_IO(fclose)(out->sink.file);
    SPPO_IO(remove)(out->temporary);
    if (SPPOI_POSIX)
        SPPO_IO(fclose)(out->sink.file);
}

/* Its bytes are on the disk, or the reason why not is told. */
static sppo_result sppoi_output_flush(sppo_ctx *ctx, sppoi_output *out)
{
    sppoi_no_error();
    if (SPPO_IO(fflush)(out->sink.file) != 0 || !sppoi_sync(out->sink.file))
        sppoi_sink_failed(&out->sink);
    if (!out->sink.failed[0])
        return SPPO_OK;
    sppo_fail(ctx, SPPO_E_IO, "%.300s: cannot be written: %s; what was there "
              "before is unchanged", out->path, out->sink.failed);
    sppoi_output_drop(out);
    return ctx->code;
}

/* It takes its place; other temporaries of dead writers go. */
static sppo_result sppoi_output_move(sppo_ctx *ctx, sppoi_output *out)
{
    char stray[SPPOI_PATH];
    int moved, i;

    sppoi_no_error();
    if (!SPPOI_POSIX)
        SPPO_IO(fclose)(out->sink.file);
    moved = sppoi_replace(out->temporary, out->path);
    if (!moved) {
        sppoi_io_fail(ctx, out->path, "cannot be replaced", sppoi_is_unchanged);
        SPPO_IO(remove)(out->temporary);
    }
    if (SPPOI_POSIX)
        SPPO_IO(fclose)(out->sink.file);
    for (i = 0; i < SPPOI_WRITERS && moved; i++)
        if (!sppoi_temporary(ctx, out->path, i, stray))
            sppoi_clear_stray(stray);
    return moved ? SPPO_OK : ctx->code;
}

/* The folder that a file stands in. */
static void sppoi_parent(char out[SPPOI_PATH], const char *path)
{
    const char *slash = strrchr(path, '/');

    snprintf(out, SPPOI_PATH, "%.*s", slash > path ? (int)(slash - path) : 1,
             slash ? path : ".");
}

static sppo_result sppoi_folder_synced(sppo_ctx *ctx, const char *folder)
{
    sppoi_no_error();
    return sppoi_sync_folder(folder)
        ? SPPO_OK : sppoi_io_fail(ctx, folder, "the files in it are written, "
                                  "but a power cut may undo that: the folder "
                                  "cannot be synced", "");
}

static sppo_result sppoi_output_end(sppo_ctx *ctx, sppoi_output *out)
{
    char folder[SPPOI_PATH];

    SPPOI_TRY(sppoi_output_flush(ctx, out));
    SPPOI_TRY(sppoi_output_move(ctx, out));
    sppoi_parent(folder, out->path);
    return sppoi_folder_synced(ctx, folder);
}

SPPO_DEF sppo_result sppo_file_write(sppo_ctx *ctx, const char *path,
                                     const void *data, size_t size)
{
    sppoi_output out;

    SPPOI_TRY(sppoi_output_begin(ctx, &out, path));
    sppoi_write(&out.sink, data, size);
    return sppoi_output_end(ctx, &out);
}

static sppo_result sppoi_archive_write(sppo_ctx *ctx, const char *path,
                                       const char *metadata,
                                       const sppoi_entry *entry, int n)
{
    sppoi_output out;

    SPPOI_TRY(sppoi_output_begin(ctx, &out, path));
    if (sppoi_archive_put(ctx, &out.sink, metadata, entry, n) == SPPO_OK)
        return sppoi_output_end(ctx, &out);
    sppoi_output_drop(&out);
    return ctx->code;
}

/* The files of a model in parts, all open, and the index that names them. */
enum { SPPOI_PARTS = 512 };

static const char sppoi_index[] = "model.safetensors.index.json";

typedef struct sppoi_parts {
    const char *name;        // of the index
    sppo_json json;
    int map, count, room;    // node of weight_map; parts; room for as many
    sppoi_archive *archive;  // [room]
    char (*path)[SPPOI_PATH];
    char *text;
    size_t size;
} sppoi_parts;

static void sppoi_parts_close(sppo_ctx *ctx, sppoi_parts *parts)
{
    int i;

    for (i = 0; i < parts->count; i++)
        sppoi_archive_close(ctx, &parts->archive[i]);
    sppo_release(ctx, parts->archive,
                 (size_t)parts->room * sizeof *parts->archive);
    sppo_release(ctx, parts->path, (size_t)parts->room * sizeof *parts->path);
    sppo_json_free(ctx, &parts->json);
    sppo_release(ctx, parts->text, parts->size + 1);
}

/* A part stands beside the index: a name that leads elsewhere is no name. */
static sppo_result sppoi_part_path(sppo_ctx *ctx, const sppoi_parts *parts,
                                   const char *folder, int node, char *path)
{
    char name[256];
    const size_t n = sppo_json_string(&parts->json, node, name, sizeof name);

    if (parts->json.node[node].type != SPPO_JSON_STRING || n == 0 ||
        n >= sizeof name || strlen(name) != n || strpbrk(name, "/\\:") ||
        name[0] == '.')
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: weight_map must name "
                         "files of its own folder, as model-00001-of-00002."
                         "safetensors", parts->name);
    return sppoi_path(ctx, path, folder, "/", name);
}

/* Opens the file of one tensor of the map unless it is open; the tensor must
 * be in it.                                                                 */
static sppo_result sppoi_part_open(sppo_ctx *ctx, sppoi_parts *parts,
                                   const char *folder, int node)
{
    char path[SPPOI_PATH] = "", name[256];
    sppoi_archive *archive;
    int part;

    SPPOI_TRY(sppoi_part_path(ctx, parts, folder, node, path));
    for (part = 0; part < parts->count; part++)
        if (strcmp(parts->path[part], path) == 0)
            break;
    if (part == parts->room)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: names more than %d "
                         "files", parts->name, parts->room);
    if (part == parts->count) {
        archive = &parts->archive[part];
        memcpy(parts->path[part], path, sizeof path);
        SPPOI_TRY(sppoi_open(ctx, parts->path[part], 0, &archive->source));
        SPPOI_TRY(sppoi_archive_open(ctx, archive));
        parts->count++;
    }
    sppoi_json_name(&parts->json, node, name, sizeof name);
    if (sppo_json_find(&parts->archive[part].json, 0, name) < 0)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.180s: there is no tensor "
                         "%.100s, though the index says so", path, name);
    return SPPO_OK;
}

/* What stands in a part without being in the map would be read by nobody, or
 * twice.                                                                    */
static sppo_result sppoi_part_mapped(sppo_ctx *ctx, const sppoi_parts *parts,
                                     const char *folder, int part)
{
    const sppo_json *json = &parts->archive[part].json;
    char name[256], path[SPPOI_PATH];
    int i, node;

    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        sppoi_json_name(json, i, name, sizeof name);
        if (strcmp(name, "__metadata__") == 0)
            continue;
        node = sppo_json_find(&parts->json, parts->map, name);
        path[0] = 0;
        if (node >= 0)
            SPPOI_TRY(sppoi_part_path(ctx, parts, folder, node, path));
        if (strcmp(path, parts->path[part]) != 0)
            return sppoi_archive_fail(ctx, &parts->archive[part], i, "the "
                                      "index does not place it in this file");
    }
    return SPPO_OK;
}

static sppo_result sppoi_parts_open(sppo_ctx *ctx, sppoi_parts *parts,
                                    const char *folder)
{
    const sppo_json *json = &parts->json;
    int i;

    SPPOI_TRY(sppo_file_read(ctx, parts->name, &parts->text, &parts->size));
    SPPOI_TRY(sppo_json_parse(ctx, &parts->json, parts->text, parts->size,
                              parts->name));
    parts->map = sppo_json_find(json, 0, "weight_map");
    if (parts->map < 0 || json->node[parts->map].type != SPPO_JSON_OBJECT ||
        json->node[parts->map].count == 0)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: has no weight_map, an "
                         "object of tensors' names and files", parts->name);
    parts->room = sppoi_min(json->node[parts->map].count, SPPOI_PARTS);
    parts->archive = (sppoi_archive *)
        sppo_alloc(ctx, (size_t)parts->room, sizeof *parts->archive);
    parts->path = (char (*)[SPPOI_PATH])
        sppo_alloc(ctx, (size_t)parts->room, sizeof *parts->path);
    if (!parts->archive || !parts->path)
        return SPPO_E_MEMORY;
    for (i = json->node[parts->map].first; i >= 0; i = json->node[i].next)
        SPPOI_TRY(sppoi_part_open(ctx, parts, folder, i));
    for (i = 0; i < parts->count; i++)
        SPPOI_TRY(sppoi_part_mapped(ctx, parts, folder, i));
    return SPPO_OK;
}

static sppo_result sppoi_model_from_parts(sppo_ctx *ctx, sppo_model *model,
                                          const sppo_config *config,
                                          const char *folder)
{
    char path[SPPOI_PATH];
    sppoi_parts parts;
    sppo_result result;

    memset(&parts, 0, sizeof parts);
    SPPOI_TRY(sppoi_path(ctx, path, folder, "/", sppoi_index));
    parts.name = path;
    result = sppoi_parts_open(ctx, &parts, folder);
    if (result == SPPO_OK)
        result = sppoi_model_from(ctx, model, config, parts.archive,
                                  parts.count);
    sppoi_parts_close(ctx, &parts);
    return result;
}

/* ---- a model's folder: one thing, that changes as a whole ---- */

/* What the weights say of the files beside them: "sppo.digest.NAME" of one that
 * is part of the model, "sppo.gone.NAME" of one that was of the model before
 * and is to be removed.                                                     */
#define SPPOI_PART "sppo.digest."
#define SPPOI_GONE "sppo.gone."
enum { SPPOI_FILES = 32, SPPOI_NAME = 64 };  // companions, bytes of a name

SPPO_DEF const char *sppo_companion(int which)
{
    static const char *const names[] = {
        "tokenizer.bin", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json",
        "generation_config.json", "chat_template.jinja", "chat_template.json",
        "tokenizer.model", "vocab.json", "merges.txt", "rope_tables.bin"
    };
    const int count = (int)(sizeof names / sizeof *names);

    return which >= 0 && which < count ? names[which] : NULL;
}

SPPO_DEF void sppo_files_free(sppo_ctx *ctx, sppo_file *files, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        sppo_release(ctx, files[i].data, files[i].size + 1);
        files[i].data = NULL;
        files[i].size = 0;
    }
}

SPPO_DEF sppo_result sppo_folder_make(sppo_ctx *ctx, const char *path)
{
    char part[SPPOI_PATH], above[SPPOI_PATH];
    size_t i;

    SPPOI_TRY(sppoi_path(ctx, part, path, "", ""));
    for (i = 1; part[i - 1]; i++) {
        const char at = part[i];
        int made;

        if (at != '/' && at != 0)
            continue;
        part[i] = 0;
        made = 0;
        if (!sppoi_is_folder(part) && !(made = sppoi_mkdir(part)) &&
            !(sppoi_is_taken() && sppoi_is_folder(part)))
            return sppo_fail(ctx, sppoi_io_code(), "%.300s: this folder cannot "
                             "be made: %s", path, sppoi_is_taken()
                                 ? "a file has this name" : sppoi_why());
        sppoi_parent(above, part);  // of one that was there, for he who made
        if (sppoi_folder_synced(ctx, above) && made)  // it may have been killed
            return ctx->code;
        part[i] = at;
    }
    return SPPO_OK;
}

/* A folder with its weights open, so that it stays one and the same. */
typedef struct sppoi_folder {
    const char *name;
    int lock, edited;
    int mixed;              // a companion is of another save
    int unfinished;         // a save was cut off after its commit
    sppoi_archive weights;  // file NULL: there are none in one file
    char path[SPPOI_PATH];  // of the weights
} sppoi_folder;

/* The file, or data NULL where there is none of that name. */
static sppo_result sppoi_read_if(sppo_ctx *ctx, const char *path,
                                 sppo_file *file)
{
    char *data = NULL;

    SPPOI_TRY(sppoi_read_path(ctx, path, 1, &data, &file->size));
    file->data = data;
    return SPPO_OK;
}

/* The same of NAME in a folder; path says where that is. */
static sppo_result sppoi_read_beside(sppo_ctx *ctx, char path[SPPOI_PATH],
                                     const char *folder, const char *name,
                                     sppo_file *file)
{
    memset(file, 0, sizeof *file);
    file->name = name;
    SPPOI_TRY(sppoi_path(ctx, path, folder, "/", name));
    return sppoi_read_if(ctx, path, file);
}

/* What the weights say of NAME, under PART or GONE; "": nothing. */
static void sppoi_wanted(const sppoi_archive *weights, const char *kind,
                         const char *name, char digits[17])
{
    char key[SPPOI_NAME + 16];
    int node = -1;

    snprintf(key, sizeof key, "%s%s", kind, name);
    if (weights->header)
        node = sppoi_archive_note(weights, key);
    sppo_json_string(&weights->json, node, digits, 17);
}

static int sppoi_fits(const sppo_file *file, const char *digits)
{
    char found[17];

    if (!file->data)
        return 0;
    sppoi_digest_text(found, sppo_digest(0, file->data, file->size));
    return strcmp(found, digits) == 0;
}

/* A companion of these weights: under its name, or as a save that was cut off
 * left it.  One that the weights do not name is taken, unless it is left from
 * the model before; one that is not there is missed by nobody.              */
static sppo_result sppoi_folder_get(sppo_ctx *ctx, sppoi_folder *f,
                                    const char *name, sppo_file *file)
{
    char path[SPPOI_PATH], next[SPPOI_PATH], want[17], gone[17];
    const char *kind;
    int there;

    sppoi_wanted(&f->weights, SPPOI_PART, name, want);
    sppoi_wanted(&f->weights, SPPOI_GONE, name, gone);
    SPPOI_TRY(sppoi_read_beside(ctx, path, f->name, name, file));
    file->named = want[0] != 0;
    if (f->edited)
        return SPPO_OK;
    if (!want[0] && gone[0] && sppoi_fits(file, gone)) {
        f->unfinished = 1;
        sppo_files_free(ctx, file, 1);
    }
    if (!want[0] || sppoi_fits(file, want))
        return SPPO_OK;
    there = file->data != NULL;
    kind = there ? sppo_file_kind(file->data, file->size) : NULL;
    sppo_files_free(ctx, file, 1);
    SPPOI_TRY(sppoi_path(ctx, next, path, "", ".next"));
    SPPOI_TRY(sppoi_read_if(ctx, next, file));
    f->unfinished |= file->data != NULL;
    if (sppoi_fits(file, want))
        return SPPO_OK;
    sppo_files_free(ctx, file, 1);
    if (!there)
        return SPPO_OK;
    f->mixed = 1;
    if (kind && kind != sppoi_is_tokenizer)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.180s: this is %s", path, kind);
    return sppo_fail(ctx, SPPO_E_FORMAT, "%.180s: is not the file that "
                     "model.safetensors was saved with: a mixture of two "
                     "models, or edited; put the right one there, or, if it "
                     "is meant so, `sppo convert --edited --from DIR --to "
                     "NEW`", path);
}

/* The weights and what they name, if there are any in one file. */
static sppo_result sppoi_weights_open(sppo_ctx *ctx, sppoi_folder *f)
{
    sppo_result result;

    memset(&f->weights, 0, sizeof f->weights);
    SPPOI_TRY(sppoi_open(ctx, f->path, 1, &f->weights.source));
    if (!f->weights.source.file)
        return SPPO_OK;
    result = sppoi_archive_header(ctx, &f->weights);
    if (result != SPPO_OK)
        sppoi_archive_close(ctx, &f->weights);
    return result;
}

/* alone: for one who writes, or finishes what a writer began. */
static sppo_result sppoi_folder_open(sppo_ctx *ctx, sppoi_folder *f,
                                     const char *folder, int alone)
{
    memset(f, 0, sizeof *f);
    f->name = folder;
    f->lock = -1;
    SPPOI_TRY(sppoi_path(ctx, f->path, folder, "/", "model.safetensors"));
    f->lock = sppoi_lock(folder, alone);
    return sppoi_weights_open(ctx, f);
}

static void sppoi_folder_close(sppo_ctx *ctx, sppoi_folder *f)
{
    sppoi_archive_close(ctx, &f->weights);
    sppoi_unlock(f->lock);
    f->lock = -1;
}

/* Calls each for the names that the metadata have under PART or GONE. */
static sppo_result sppoi_each_note(sppo_ctx *ctx, sppoi_folder *f,
                                   const char *kind,
                                   sppo_result (*each)(sppo_ctx *ctx,
                                                       sppoi_folder *f,
                                                       const char *name))
{
    const sppo_json *json = &f->weights.json;
    const size_t n = strlen(kind);
    char name[SPPOI_NAME + 16];
    int i = -1;

    if (f->weights.header)
        i = sppo_json_find(json, 0, "__metadata__");
    for (i = i < 0 ? -1 : json->node[i].first; i >= 0; i = json->node[i].next) {
        const size_t size = sppoi_json_name(json, i, name, sizeof name);

        if (size >= sizeof name || strncmp(name, kind, n) != 0 ||
            strpbrk(name, "/\\:") || strlen(name) != size)
            continue;
        SPPOI_TRY(each(ctx, f, name + n));
    }
    return SPPO_OK;
}

/* ---- finishing what a save began, with the folder locked ---- */

/* NAME.next becomes NAME if the weights want it; else it is of a save that did
 * not come to its commit, and goes.                                         */
static sppo_result sppoi_finish_part(sppo_ctx *ctx, sppoi_folder *f,
                                     const char *name)
{
    char path[SPPOI_PATH], next[SPPOI_PATH], want[17];
    sppo_file coming;
    int done;

    memset(&coming, 0, sizeof coming);
    SPPOI_TRY(sppoi_path(ctx, path, f->name, "/", name));
    SPPOI_TRY(sppoi_path(ctx, next, path, "", ".next"));
    SPPOI_TRY(sppoi_read_if(ctx, next, &coming));
    if (!coming.data)
        return SPPO_OK;
    sppoi_wanted(&f->weights, SPPOI_PART, name, want);
    done = sppoi_fits(&coming, want) ? sppoi_replace(next, path)
                                     : SPPO_IO(remove)(next) == 0;
    sppo_files_free(ctx, &coming, 1);
    f->unfinished = 1;
    return done ? SPPO_OK
                : sppoi_io_fail(ctx, path, "cannot be put in place", "");
}

/* The files that an index names, and nothing else; if it is no JSON, none. They
 * are gone for good when it goes: nothing else says which they are.         */
static sppo_result sppoi_remove_parts(sppo_ctx *ctx, const sppoi_folder *f,
                                      const sppo_file *index)
{
    char path[SPPOI_PATH];
    const sppo_json_node *node;
    sppo_result result;
    sppoi_parts parts;
    int i;

    memset(&parts, 0, sizeof parts);
    parts.name = sppoi_index;
    result = sppo_json_parse(ctx, &parts.json, (const char *)index->data,
                             index->size, parts.name);
    if (result == SPPO_OK) {
        node = parts.json.node;
        i = sppo_json_find(&parts.json, 0, "weight_map");
        for (i = i < 0 ? -1 : node[i].first; i >= 0; i = node[i].next)
            if (!sppoi_part_path(ctx, &parts, f->name, i, path) &&
                strstr(path + strlen(f->name), ".safetensors") &&
                strcmp(path, f->path) != 0)
                SPPO_IO(remove)(path);
    }
    sppo_json_free(ctx, &parts.json);
    return result == SPPO_E_MEMORY ? result : sppoi_folder_synced(ctx, f->name);
}

static sppo_result sppoi_finish_gone(sppo_ctx *ctx, sppoi_folder *f,
                                     const char *name)
{
    char path[SPPOI_PATH], gone[17];
    sppo_result result = SPPO_OK;
    sppo_file file;
    int done = 1;

    sppoi_wanted(&f->weights, SPPOI_GONE, name, gone);
    SPPOI_TRY(sppoi_read_beside(ctx, path, f->name, name, &file));
    if (sppoi_fits(&file, gone)) {
        if (strcmp(name, sppoi_index) == 0)
            result = sppoi_remove_parts(ctx, f, &file);
        sppoi_no_error();
        done = result != SPPO_OK || SPPO_IO(remove)(path) == 0;
        f->unfinished = 1;
    }
    sppo_files_free(ctx, &file, 1);
    SPPOI_TRY(result);
    return done ? SPPO_OK
                : sppoi_io_fail(ctx, path, "is of another model and cannot be "
                                "removed", "");
}

static sppo_result sppoi_finish(sppo_ctx *ctx, sppoi_folder *f)
{
    int i;

    f->unfinished = 0;
    SPPOI_TRY(sppoi_folder_synced(ctx, f->name));  // the commit comes first
    SPPOI_TRY(sppoi_finish_part(ctx, f, "config.json"));
    for (i = 0; sppo_companion(i); i++)
        SPPOI_TRY(sppoi_finish_part(ctx, f, sppo_companion(i)));
    SPPOI_TRY(sppoi_each_note(ctx, f, SPPOI_PART, sppoi_finish_part));
    SPPOI_TRY(sppoi_each_note(ctx, f, SPPOI_GONE, sppoi_finish_gone));
    return f->unfinished ? sppoi_folder_synced(ctx, f->name) : SPPO_OK;
}

/* By one who reads: if it can be done, and nobody may come between.  What he
 * read is good in any case, but for want of memory nothing goes unsaid.     */
static sppo_result sppoi_folder_finish(sppo_ctx *ctx, const char *folder)
{
    sppoi_folder f;
    sppo_result result = sppoi_folder_open(ctx, &f, folder, 1);

    if (result == SPPO_OK && f.lock >= 0)
        result = sppoi_finish(ctx, &f);
    sppoi_folder_close(ctx, &f);
    return result == SPPO_E_MEMORY ? result : SPPO_OK;
}

/* ---- loading ---- */

static sppo_result sppoi_compare_part(sppo_ctx *ctx, sppoi_folder *f,
                                      const char *name)
{
    sppo_file file;

    SPPOI_TRY(sppoi_folder_get(ctx, f, name, &file));
    sppo_files_free(ctx, &file, 1);
    return SPPO_OK;
}

/* What stands in a folder, or instead of one, that no model can be read from:
 * says it where there is a sentence for it, else leaves the one that is.    */
static sppo_result sppoi_folder_kind(sppo_ctx *ctx, const char *folder)
{
    static const struct { const char *file, *what; } row[] = {
        { "/adapter_config.json", "an adapter, not a model: merge it into its "
          "base model (peft: merge_and_unload) and save that" },
        { "/pytorch_model.bin", "pytorch_model.bin, which is not read: save "
          "the model as safetensors (transformers: save_pretrained)" },
        { "/pytorch_model.bin.index.json", "pytorch_model.bin in parts, which "
          "are not read: save the model as safetensors" },
        { "/consolidated.00.pth", "weights in Meta's own format: convert them "
          "to Hugging Face's" },
        { "/tf_model.h5", "TensorFlow's weights: save the model as "
          "safetensors" },
        { "/flax_model.msgpack", "Flax's weights: save the model as "
          "safetensors" }
    };
    char path[SPPOI_PATH], start[512] = "";
    const char *kind;
    size_t i, n;
    FILE *file;

    for (i = 0; i < sizeof row / sizeof row[0]; i++) {
        snprintf(path, sizeof path, "%s%s", folder, row[i].file);
        file = sppoi_open_file(path);
        if (!file)
            continue;
        SPPO_IO(fclose)(file);
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.300s holds %s", folder,
                         row[i].what);
    }
    file = sppoi_open_file(folder);
    n = file ? SPPO_IO(fread)(start, 1, sizeof start, file) : 0;
    if (file)
        SPPO_IO(fclose)(file);
    if (n == 0)
        return ctx->code;  // not a file
    kind = sppo_file_kind(start, n);
    return sppo_fail(ctx, SPPO_E_FORMAT, "%.300s is %s", folder, kind ? kind
                     : "a file; name the folder that holds config.json and "
                       "model.safetensors");
}

/* What config.json and, where there is one, generation_config.json say. */
static sppo_result sppoi_config_load(sppo_ctx *ctx, sppo_config *config,
                                     sppoi_folder *f)
{
    char path[SPPOI_PATH];
    sppo_file file;
    sppo_result result;

    SPPOI_TRY(sppoi_path(ctx, path, f->name, "/", "config.json"));
    SPPOI_TRY(sppoi_folder_get(ctx, f, "config.json", &file));
    if (!file.data) {
        sppoi_io_fail(ctx, path, "cannot be opened", "");
        return sppoi_folder_kind(ctx, f->name);
    }
    result = sppo_config_read(ctx, config, (const char *)file.data, file.size,
                              path);
    sppo_files_free(ctx, &file, 1);
    SPPOI_TRY(result);
    SPPOI_TRY(sppoi_path(ctx, path, f->name, "/", "generation_config.json"));
    SPPOI_TRY(sppoi_folder_get(ctx, f, "generation_config.json", &file));
    if (!file.data)
        return SPPO_OK;
    result = sppoi_config_from(ctx, config, (const char *)file.data, file.size,
                               path, sppoi_generation_take);
    sppo_files_free(ctx, &file, 1);
    return result;
}

/* Weights in one file and an index of parts are two models, and nothing tells
 * which is meant; but an index that the weights replaced is no more.        */
static sppo_result sppoi_index_look(sppo_ctx *ctx, sppoi_folder *f, int *parts)
{
    sppo_file file;

    SPPOI_TRY(sppoi_folder_get(ctx, f, sppoi_index, &file));
    *parts = file.data != NULL;
    sppo_files_free(ctx, &file, 1);
    if (*parts && f->weights.source.file)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: holds two models, "
                         "model.safetensors and the parts of %s; remove the "
                         "one that is not meant", f->name, sppoi_index);
    if (*parts || f->weights.source.file)
        return SPPO_OK;
    sppo_fail(ctx, SPPO_E_IO, "%.300s: cannot be opened, nor is there an "
              "index of parts; other formats of weights are not read", f->path);
    return sppoi_folder_kind(ctx, f->name);
}

/* All but the numbers, with the folder locked: what is open stays what it is,
 * whatever takes its name meanwhile.                                        */
static sppo_result sppoi_folder_look(sppo_ctx *ctx, sppoi_folder *f,
                                     sppo_config *config, int *parts,
                                     sppo_file *files, int count)
{
    int i;

    SPPOI_TRY(sppoi_config_load(ctx, config, f));
    SPPOI_TRY(sppoi_index_look(ctx, f, parts));
    if (!f->edited)
        SPPOI_TRY(sppoi_each_note(ctx, f, SPPOI_PART, sppoi_compare_part));
    for (i = 0; i < count; i++)
        SPPOI_TRY(sppoi_folder_get(ctx, f, files[i].name, &files[i]));
    return SPPO_OK;
}

static sppo_result sppoi_folder_load(sppo_ctx *ctx, sppoi_folder *f,
                                     sppo_model *model, sppo_file *files,
                                     int count)
{
    sppo_config config;
    int parts = 0;

    SPPOI_TRY(sppoi_folder_look(ctx, f, &config, &parts, files, count));
    if (parts)
        return sppoi_model_from_parts(ctx, model, &config, f->name);
    sppoi_unlock(f->lock);
    f->lock = -1;
    SPPOI_TRY(sppoi_archive_verify(ctx, &f->weights));
    return sppoi_model_from(ctx, model, &config, &f->weights, 1);
}

SPPO_DEF sppo_result sppo_model_load_with(sppo_ctx *ctx, sppo_model *model,
                                          const char *folder, int edited,
                                          sppo_file *files, int count)
{
    sppoi_folder f;
    sppo_result result;
    int i, tries = 0;

    for (i = 0; i < count; i++) {
        files[i].data = NULL;
        files[i].size = 0;
    }
    do {  // where there are no locks, a save may have come between
        result = sppoi_folder_open(ctx, &f, folder, 0);
        f.edited = edited;
        if (result == SPPO_OK)
            result = sppoi_folder_load(ctx, &f, model, files, count);
        sppoi_folder_close(ctx, &f);
        if (result != SPPO_OK)
            sppo_files_free(ctx, files, count);
    } while (result != SPPO_OK && f.mixed && ++tries < 4);
    if (result == SPPO_OK && f.unfinished) {
        result = sppoi_folder_finish(ctx, folder);
        if (result != SPPO_OK) {
            sppo_files_free(ctx, files, count);
            sppo_model_free(ctx, model);
        }
    }
    return result;
}

SPPO_DEF sppo_result sppo_model_load(sppo_ctx *ctx, sppo_model *model,
                                     const char *folder)
{
    return sppo_model_load_with(ctx, model, folder, 0, NULL, 0);
}

/* ---- saving ---- */

typedef struct sppoi_saving {
    const sppo_model *model;
    sppo_dtype dtype;
    const char *folder;
    sppo_file file[SPPOI_FILES];  // config.json first
    int count, all;               // all: no other companions may stay
    char metadata[8192];
} sppoi_saving;

static int sppoi_saves(const sppoi_saving *s, const char *name)
{
    int i;

    for (i = 0; i < s->count; i++)
        if (strcmp(s->file[i].name, name) == 0)
            return 1;
    return 0;
}

static void sppoi_put_note(sppoi_text *text, const char *kind,
                           const sppo_file *file)
{
    char digits[17];

    sppoi_digest_text(digits, sppo_digest(0, file->data, file->size));
    sppoi_putf(text, ",\"%s%s\":\"%s\"", kind, file->name, digits);
}

/* Notes that a file of the model before goes, unless it is saved anew. */
static sppo_result sppoi_note_gone(sppo_ctx *ctx, const sppoi_saving *s,
                                   sppoi_text *text, const char *name)
{
    char path[SPPOI_PATH];
    sppo_file file;

    if (sppoi_saves(s, name))
        return SPPO_OK;
    SPPOI_TRY(sppoi_read_beside(ctx, path, s->folder, name, &file));
    if (file.data)
        sppoi_put_note(text, SPPOI_GONE, &file);
    sppo_files_free(ctx, &file, 1);
    return SPPO_OK;
}

/* What the new weights must say of this folder as it is; all names fit in. */
static sppo_result sppoi_save_notes(sppo_ctx *ctx, const sppoi_saving *s,
                                    char *out, size_t size)
{
    sppoi_text text = { out, size, 0 };
    int i;

    sppoi_put_text(&text, "{\"format\":\"pt\"," SPPOI_UNSEALED);
    for (i = 0; i < s->count; i++)
        sppoi_put_note(&text, SPPOI_PART, &s->file[i]);
    for (i = 0; sppo_companion(i); i++)
        if (s->all || strcmp(sppo_companion(i), "generation_config.json") == 0)
            SPPOI_TRY(sppoi_note_gone(ctx, s, &text, sppo_companion(i)));
    SPPOI_TRY(sppoi_note_gone(ctx, s, &text, sppoi_index));
    sppoi_put_text(&text, "}");
    return SPPO_OK;
}

/* NAME.next, unless NAME is the same already; *put: whether it was needed. */
static sppo_result sppoi_put_next(sppo_ctx *ctx, const sppoi_folder *f,
                                  const sppo_file *file, int *put)
{
    char path[SPPOI_PATH];
    sppoi_output out;
    sppo_file here;
    int ok;

    SPPOI_TRY(sppoi_read_beside(ctx, path, f->name, file->name, &here));
    ok = here.data && here.size == file->size &&
         (!here.size || memcmp(here.data, file->data, here.size) == 0);
    sppo_files_free(ctx, &here, 1);
    if (ok)
        return SPPO_OK;
    *put = 1;
    memset(&out.sink, 0, sizeof out.sink);
    out.path = path;
    SPPOI_TRY(sppoi_path(ctx, out.temporary, path, "", ".next"));
    SPPOI_AGAIN(!(out.sink.file = SPPO_IO(fopen)(out.temporary, "wb")))
    if (!out.sink.file)
        return sppoi_io_fail(ctx, path, "cannot be written",
                             sppoi_is_unchanged);
    sppoi_write(&out.sink, file->data, file->size);
    SPPOI_TRY(sppoi_output_flush(ctx, &out));
    SPPO_IO(fclose)(out.sink.file);  // what is synced stays
    return SPPO_OK;
}

/* All of it up to the commit, which is the rename of the weights. */
static sppo_result sppoi_commit(sppo_ctx *ctx, const sppoi_saving *s,
                                sppoi_folder *f, sppoi_output *out)
{
    char next[SPPOI_PATH];
    sppo_result result = SPPO_OK;
    int i, put = 0;

    for (i = 0; i < s->count && result == SPPO_OK; i++)
        result = sppoi_put_next(ctx, f, &s->file[i], &put);
    if (result == SPPO_OK && put)
        result = sppoi_folder_synced(ctx, f->name);
    if (result == SPPO_OK)
        result = sppoi_output_move(ctx, out);
    else
        sppoi_output_drop(out);
    if (result == SPPO_OK)
        return SPPO_OK;
    for (i = 0; i < s->count; i++) {
        snprintf(next, sizeof next, "%s/%s.next", f->name, s->file[i].name);
        SPPO_IO(remove)(next);
    }
    return result;
}

/* From the commit on the model is saved, whatever fails. */
static sppo_result sppoi_after_commit(sppo_ctx *ctx, sppoi_folder *f)
{
    sppoi_archive_close(ctx, &f->weights);
    if (!sppoi_weights_open(ctx, f) && !sppoi_finish(ctx, f))
        return SPPO_OK;
    return sppo_fail(ctx, ctx->code, "the model is saved, but something is "
                     "left to do, which the next load or save does: %s",
                     ctx->message);
}

/* For one who writes: weights that are damaged say nothing of what is there. */
static sppo_result sppoi_writer_open(sppo_ctx *ctx, sppoi_folder *f,
                                     const char *folder)
{
    const sppo_result result = sppoi_folder_open(ctx, f, folder, 1);

    return result == SPPO_OK || result == SPPO_E_FORMAT ? sppoi_finish(ctx, f)
                                                        : result;
}

/* The folder is locked while its names change, not while the weights are
 * written; *again: it was changed in between, so that the weights must say
 * something else.                                                           */
static sppo_result sppoi_save_once(sppo_ctx *ctx, sppoi_saving *s, int *again)
{
    char now[sizeof s->metadata];
    sppoi_output out;
    sppoi_folder f;
    sppo_result result;

    result = sppoi_writer_open(ctx, &f, s->folder);
    if (result == SPPO_OK)
        result = sppoi_save_notes(ctx, s, s->metadata, sizeof s->metadata);
    sppoi_folder_close(ctx, &f);
    SPPOI_TRY(result);
    SPPOI_TRY(sppoi_output_begin(ctx, &out, f.path));
    result = sppoi_model_put(ctx, &out.sink, s->model, s->dtype, s->metadata);
    if (result != SPPO_OK)
        sppoi_output_drop(&out);
    SPPOI_TRY(result);
    SPPOI_TRY(sppoi_output_flush(ctx, &out));
    result = sppoi_writer_open(ctx, &f, s->folder);
    out.path = f.path;
    if (result == SPPO_OK)
        result = sppoi_save_notes(ctx, s, now, sizeof now);
    *again = result == SPPO_OK && strcmp(now, s->metadata) != 0;
    if (result != SPPO_OK || *again)
        sppoi_output_drop(&out);
    else
        result = sppoi_commit(ctx, s, &f, &out);
    if (result == SPPO_OK && !*again)
        result = sppoi_after_commit(ctx, &f);
    sppoi_folder_close(ctx, &f);
    return result;
}

/* A name that JSON takes as it is, in the folder, and not one of our own. */
static sppo_result sppoi_check_companion(sppo_ctx *ctx, const sppo_file *file)
{
    const char *name = file->name;
    const size_t n = strlen(name);

    if (n && n < SPPOI_NAME && name[0] != '.' && !strpbrk(name, "/\\:") &&
        sppo_json_quote(NULL, 0, name, n) == n + 2 &&
        strncmp(name, "model", 5) != 0 && strcmp(name, "config.json") != 0 &&
        (file->data || !file->size))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_model_save_with: %.80s cannot "
                     "be a companion's name", name);
}

SPPO_DEF sppo_result sppo_model_save_with(sppo_ctx *ctx,
                                          const sppo_model *model,
                                          sppo_dtype dtype, const char *folder,
                                          const sppo_file *files, int count)
{
    sppoi_saving s;
    char config[4096];
    int i, again = 1;

    if (count < 0 || count >= SPPOI_FILES)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_model_save_with: %d "
                         "companions; at most %d", count, SPPOI_FILES - 1);
    memset(&s, 0, sizeof s);
    s.model = model;
    s.dtype = dtype;
    s.folder = folder;
    s.all = files != NULL;
    s.count = 1 + count;
    s.file[0].name = "config.json";
    s.file[0].data = config;
    s.file[0].size = sppo_config_write(&model->config, dtype, config,
                                       sizeof config);
    for (i = 0; i < count; i++) {
        SPPOI_TRY(sppoi_check_companion(ctx, &files[i]));
        s.file[1 + i] = files[i];
    }
    SPPOI_TRY(sppo_folder_make(ctx, folder));
    for (i = 0; i < SPPOI_WRITERS && again; i++)
        SPPOI_TRY(sppoi_save_once(ctx, &s, &again));
    if (!again)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_IO, "%.300s: others save there again and "
                     "again; this save gave up", folder);
}

SPPO_DEF sppo_result sppo_model_save_as(sppo_ctx *ctx, const sppo_model *model,
                                        sppo_dtype dtype, const char *folder)
{
    return sppo_model_save_with(ctx, model, dtype, folder, NULL, 0);
}

SPPO_DEF sppo_result sppo_model_save(sppo_ctx *ctx, const sppo_model *model,
                                     const char *folder)
{
    return sppo_model_save_as(ctx, model, SPPO_DTYPE_REAL, folder);
}

SPPO_DEF sppo_result sppo_tokenizer_load(sppo_ctx *ctx, sppo_tokenizer *tok,
                                         const char *path, int vocab)
{
    char *data = NULL;
    size_t size = 0;
    sppo_result result;

    SPPOI_TRY(sppo_file_read(ctx, path, &data, &size));
    result = sppo_tokenizer_read(ctx, tok, data, size, vocab);
    sppo_release(ctx, data, size + 1);
    return result == SPPO_OK ? SPPO_OK : sppo_fail(ctx, ctx->code, "%.200s: %s",
                                                   path, ctx->message);
}

static void sppoi_tokenizer_put(sppoi_sink *sink, const sppo_tokenizer *tok)
{
    int i, n;

    sppoi_write_little(sink, (uint32_t)tok->longest, 4);
    for (i = 0; i < tok->vocab; i++) {
        const char *piece = sppoi_piece(tok, i, &n);

        sppoi_write_little(sink, sppoi_float_word(tok->score[i]), 4);
        sppoi_write_little(sink, (uint32_t)n, 4);
        sppoi_write(sink, piece, (size_t)n);
    }
}

SPPO_DEF sppo_result sppo_tokenizer_save(sppo_ctx *ctx,
                                         const sppo_tokenizer *tok,
                                         const char *path)
{
    sppoi_output out;

    SPPOI_TRY(sppoi_output_begin(ctx, &out, path));
    sppoi_tokenizer_put(&out.sink, tok);
    return sppoi_output_end(ctx, &out);
}

SPPO_DEF sppo_result sppo_model_save_text(sppo_ctx *ctx,
                                          const sppo_model *model,
                                          const sppo_tokenizer *tok,
                                          const char *folder)
{
    sppo_file file = { "tokenizer.bin", NULL, 0, 0 };
    sppoi_sink counted, sink;
    sppo_result result;

    memset(&counted, 0, sizeof counted);
    memset(&sink, 0, sizeof sink);
    sppoi_tokenizer_put(&counted, tok);
    file.size = counted.size;
    file.data = sppo_alloc(ctx, file.size, 1);
    if (!file.data)
        return ctx->code;
    sink.memory = (unsigned char *)file.data;
    sppoi_tokenizer_put(&sink, tok);
    result = sppo_model_save_with(ctx, model, SPPO_DTYPE_REAL, folder, &file,
                                  1);
    sppo_release(ctx, file.data, file.size);
    return result;
}

/* ---- checkpoints ---- */

/* A checkpoint is a safetensors file with all that the rest of a run depends
 * on.  The settings, each a tensor of its name, are compared when it is loaded:
 * going on with others would be another run.                                */
enum { SPPOI_STATE = 8, SPPOI_PLAY_ENTRIES = 16 };

typedef struct sppoi_state {  // SPPOI_STATE ints, in the file too
    int iteration, phase, done, have_old, step, responses, spare[2];
} sppoi_state;

/* Those that were written before there were digests have none, nor any other
 * name in its place, as one bit changed would make of it.                   */
static sppo_result sppoi_checkpoint_open(sppo_ctx *ctx, sppoi_archive *archive,
                                         const char *path)
{
    int notes;

    memset(archive, 0, sizeof *archive);
    SPPOI_TRY(sppoi_open(ctx, path, 0, &archive->source));
    SPPOI_TRY(sppoi_archive_open(ctx, archive));
    notes = sppo_json_find(&archive->json, 0, "__metadata__");
    if (notes < 0 || archive->json.node[notes].count < 2 ||
        sppoi_archive_note(archive, "sppo.digest") >= 0)
        return SPPO_OK;
    sppoi_archive_fail(ctx, archive, -1, "its digest is missing: it is "
                       "damaged");
    sppoi_archive_close(ctx, archive);
    return ctx->code;
}

static void sppoi_entry_set(sppoi_entry *e, int *n, const char *name,
                            const void *data, size_t count, sppoi_kind kind)
{
    if (!count)
        return;
    e[*n].name = name;
    e[*n].data = data;
    e[*n].shape[0] = count;
    e[*n].dims = 1;
    e[*n].dtype = sppoi_kind_dtype(kind);
    e[(*n)++].kind = kind;
}

static void sppoi_entry_settings(sppoi_entry *e, int *n,
                                 const sppoi_settings *settings)
{
    int i;

    for (i = 0; i < settings->count; i++)
        sppoi_entry_set(e, n, settings->name[i], &settings->value[i], 1,
                        SPPOI_DOUBLE);
}

/* Loading writes where the data pointers of entries lead: into our arrays. */
static sppo_result sppoi_load_entries(sppo_ctx *ctx,
                                      const sppoi_archive *archive,
                                      const sppoi_entry *e, int n)
{
    int i;

    for (i = 0; i < n; i++)
        SPPOI_TRY(sppoi_archive_read(ctx, archive, e[i].name, e[i].shape[0], 0,
                                     e[i].kind, (void *)(uintptr_t)e[i].data));
    return SPPO_OK;
}

/* Everything but state, settings and the responses, whose sizes are known. */
static int sppoi_play_entries(const sppo_play *play, sppoi_entry *e)
{
    const size_t n = (size_t)play->config.prompts_per_iteration;
    const size_t k = (size_t)play->config.k, w = play->policy->count;
    const size_t pulled = play->config.pull > 0.0;
    const size_t refers = sppoi_refers(&play->config) != 0;
    const sppo_round *round = &play->round;
    int count = 0;

    sppoi_entry_set(e, &count, "policy", play->policy->weights, w, SPPOI_REAL);
    sppoi_entry_set(e, &count, "square", play->optim.square, w, SPPOI_REAL);
    sppoi_entry_set(e, &count, "mean", play->optim.mean,
                    play->optim.mean ? w : 0, SPPOI_REAL);
    sppoi_entry_set(e, &count, "pairwise", round->pairwise, n * k * k,
                    SPPOI_DOUBLE);
    sppoi_entry_set(e, &count, "win", round->win, n * k, SPPOI_DOUBLE);
    sppoi_entry_set(e, &count, "old", round->old, n * k, SPPOI_DOUBLE);
    sppoi_entry_set(e, &count, "anchor", round->anchor, pulled * n * k,
                    SPPOI_DOUBLE);
    sppoi_entry_set(e, &count, "reference", play->reference.weights,
                    refers * w, SPPOI_REAL);
    sppoi_entry_set(e, &count, "winner", round->winner, n, SPPOI_INT);
    sppoi_entry_set(e, &count, "loser", round->loser, n, SPPOI_INT);
    return count;
}

SPPO_DEF sppo_result sppo_play_save(sppo_ctx *ctx, const sppo_play *play,
                                    const char *path)
{
    const sppo_lists *y = &play->round.responses;
    sppoi_entry entry[(int)SPPOI_PLAY_ENTRIES + SPPOI_SETTINGS];
    sppoi_settings settings;
    const sppoi_state state = { play->iteration, (int)play->phase, play->done,
                                play->have_old, play->optim.step, y->count,
                                { 0, 0 } };
    const double means[2] = { play->last.length, play->last.eos_rate };
    int n;

    sppoi_play_settings(&settings, play);
    n = sppoi_play_entries(play, entry);
    sppoi_entry_set(entry, &n, "state", &state, SPPOI_STATE, SPPOI_INT);
    sppoi_entry_set(entry, &n, "means", means, 2, SPPOI_DOUBLE);
    sppoi_entry_settings(entry, &n, &settings);
    sppoi_entry_set(entry, &n, "response_start", y->start,
                    (size_t)y->count + 1, SPPOI_INT);
    sppoi_entry_set(entry, &n, "response_token", y->token,
                    (size_t)y->start[y->count], SPPOI_INT);
    return sppoi_archive_write(ctx, path, sppoi_metadata, entry, n);
}

static sppo_result sppoi_compare_setting(sppo_ctx *ctx,
                                         const sppoi_archive *archive,
                                         const char *name, double own)
{
    double saved;

    if (sppo_json_find(&archive->json, 0, name) < 0)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: does not say what its %s "
                         "was (now %.10g): it is of another version, or no "
                         "checkpoint", archive->source.name, name, own);
    SPPOI_TRY(sppoi_archive_read(ctx, archive, name, 1, 0, SPPOI_DOUBLE,
                                 &saved));
    if (own >= saved && own <= saved)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: was made with another %s "
                     "(%.10g, now %.10g); a run goes on only with its own "
                     "settings", archive->source.name, name, saved, own);
}

static sppo_result sppoi_compare_settings(sppo_ctx *ctx,
                                          const sppoi_archive *archive,
                                          const sppoi_settings *own)
{
    int i;

    for (i = 0; i < own->count; i++)
        SPPOI_TRY(sppoi_compare_setting(ctx, archive, own->name[i],
                                        own->value[i]));
    return SPPO_OK;
}

static sppo_result sppoi_broken_state(sppo_ctx *ctx,
                                      const sppoi_archive *archive)
{
    return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: its state is not one that a "
                     "run can be in", archive->source.name);
}

/* Where the run stands among its iterations, of which it may have been given
 * another number: one that was done then goes on.                           */
static sppo_result sppoi_load_iteration(sppo_ctx *ctx, const sppo_play *play,
                                        const sppoi_archive *archive,
                                        sppoi_state *state)
{
    const int done = state->phase == SPPO_PHASE_DONE, t = state->iteration;

    if (t < 0 || (done && t == 0))
        return sppoi_broken_state(ctx, archive);
    if (t >= play->config.iterations + done)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.200s: has %s iteration %d; "
                         "iterations is %d now, too few",
                         archive->source.name, done ? "done" : "begun",
                         t + !done, play->config.iterations);
    if (done && t < play->config.iterations)
        state->phase = SPPO_PHASE_SAMPLE;
    return SPPO_OK;
}

static sppo_result sppoi_load_state(sppo_ctx *ctx, const sppo_play *play,
                                    const sppoi_archive *archive,
                                    sppoi_state *state)
{
    const int n = play->round.count, k = play->config.k;
    const int most[] = { n, n, 0, play->steps, 0, 0 };  // done, by phase
    int phase, responses;

    SPPOI_TRY(sppoi_archive_read(ctx, archive, "state", SPPOI_STATE, 0,
                                 SPPOI_INT, state));
    phase = state->phase;
    if (phase < 0 || phase > SPPO_PHASE_DONE || state->done < 0 ||
        state->done > most[phase] || state->step < 0 ||
        state->step > play->steps)
        return sppoi_broken_state(ctx, archive);
    responses = phase == SPPO_PHASE_SAMPLE ? state->done * k
              : phase == SPPO_PHASE_DONE   ? 0 : n * k;
    if (state->responses != responses)
        return sppoi_broken_state(ctx, archive);
    return sppoi_load_iteration(ctx, play, archive, state);
}

static sppo_result sppoi_load_responses(sppo_ctx *ctx, sppo_play *play,
                                        const sppoi_archive *archive, int n)
{
    sppo_lists *y = &play->round.responses;
    int i;

    y->count = 0;
    SPPOI_TRY(sppoi_archive_read(ctx, archive, "response_start",
                                 (size_t)n + 1, 0, SPPOI_INT, y->start));
    if (y->start[0] != 0)
        return sppoi_broken_state(ctx, archive);
    for (i = 0; i < n; i++)
        if (y->start[i + 1] <= y->start[i] || y->start[i + 1] > y->max_tokens)
            return sppoi_broken_state(ctx, archive);
    if (n)
        SPPOI_TRY(sppoi_archive_read(ctx, archive, "response_token",
                                     (size_t)y->start[n], 0, SPPOI_INT,
                                     y->token));
    for (i = 0; n && i < y->start[n]; i++)
        if (y->token[i] < 0 || y->token[i] >= play->policy->config.vocab)
            return sppoi_broken_state(ctx, archive);
    y->count = n;
    return SPPO_OK;
}

static sppo_result sppoi_load_arrays(sppo_ctx *ctx, sppo_play *play,
                                     const sppoi_archive *archive)
{
    sppoi_entry entry[SPPOI_PLAY_ENTRIES];
    const int n = sppoi_play_entries(play, entry), k = play->config.k;
    size_t i;
    int p;

    SPPOI_TRY(sppoi_load_entries(ctx, archive, entry, n));
    for (p = 0; p < n; p++)
        for (i = 0; i < sppoi_entry_numbers(&entry[p]); i++)
            if (entry[p].kind == SPPOI_DOUBLE &&
                !sppoi_finite(((const double *)entry[p].data)[i]))
                return sppoi_broken_state(ctx, archive);
    for (p = 0; p < play->round.count; p++)
        if (play->round.winner[p] < 0 || play->round.winner[p] >= k ||
            play->round.loser[p] < 0 || play->round.loser[p] >= k)
            return sppoi_broken_state(ctx, archive);
    return SPPO_OK;
}

static sppo_result sppoi_play_fill(sppo_ctx *ctx, sppo_play *play,
                                   const sppoi_archive *archive)
{
    sppoi_state state;
    double means[2];
    sppoi_settings own;

    sppoi_play_settings(&own, play);
    SPPOI_TRY(sppoi_compare_settings(ctx, archive, &own));
    SPPOI_TRY(sppoi_load_state(ctx, play, archive, &state));
    SPPOI_TRY(sppoi_archive_read(ctx, archive, "means", 2, 0, SPPOI_DOUBLE,
                                 means));
    SPPOI_TRY(sppoi_load_responses(ctx, play, archive, state.responses));
    SPPOI_TRY(sppoi_load_arrays(ctx, play, archive));
    play->iteration = state.iteration;
    play->phase = (sppo_phase)state.phase;
    play->done = state.done;
    play->have_old = state.have_old;
    play->optim.step = state.step;
    play->last.length = means[0];
    play->last.eos_rate = means[1];
    play->round.first = sppoi_round_first(play);
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_play_load(sppo_ctx *ctx, sppo_play *play,
                                    const char *path)
{
    sppoi_archive archive;
    sppo_result result;

    SPPOI_TRY(sppoi_checkpoint_open(ctx, &archive, path));
    result = sppoi_play_fill(ctx, play, &archive);
    if (result != SPPO_OK) {
        play->round.responses.start[0] = 0;  // as that of lists always is
        sppo_lists_clear(&play->round.responses);
        play->phase = SPPO_PHASE_SAMPLE;
        play->done = 0;
    }
    sppoi_archive_close(ctx, &archive);
    return result;
}

/* ---- checkpoints of other training loops ---- */

static void sppoi_settings_train(sppoi_settings *s, const sppo_config *c,
                                 const sppo_optim_config *optim)
{
    memset(s, 0, sizeof *s);
    sppoi_settings_model(s, "model.", c, 0);
    sppoi_settings_add(s, "optim.", sppoi_optim_fields, optim, 0);
}

enum { SPPOI_TRAIN_ENTRIES = 4 };  // beside settings and the caller's numbers

static int sppoi_train_entries(const sppo_model *model,
                               const sppo_optim *optim, sppoi_entry *e)
{
    int n = 0;

    sppoi_entry_set(e, &n, "weights", model->weights, model->count, SPPOI_REAL);
    sppoi_entry_set(e, &n, "square", optim->square, model->count, SPPOI_REAL);
    sppoi_entry_set(e, &n, "mean", optim->mean,
                    optim->mean ? model->count : 0, SPPOI_REAL);
    sppoi_entry_set(e, &n, "step", &optim->step, 1, SPPOI_INT);
    return n;
}

/* Names that are fit for a file. */
static sppo_result sppoi_check_numbers(sppo_ctx *ctx, const char *who,
                                       const sppo_number *own, int count)
{
    static const char fit[] = "abcdefghijklmnopqrstuvwxyz0123456789_./-";
    int i;

    for (i = 0; i < count; i++) {
        const char *name = own[i].name ? own[i].name : "";
        const size_t length = strspn(name, fit);

        if (length < 1 || length > 40 || name[length])
            return sppo_fail(ctx, SPPO_E_ARGUMENT, "%s: own[%d] is named "
                             "\"%.60s\"; a name is 1 to 40 of a-z, 0-9, ._/-",
                             who, i, name);
    }
    return SPPO_OK;
}

/* Adds the caller's numbers, whose names must be new. */
static sppo_result sppoi_train_numbers(sppo_ctx *ctx, const sppo_number *own,
                                       int count, sppoi_entry *e, int *n)
{
    int i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < *n; j++)
            if (!strcmp(e[j].name, own[i].name))
                return sppo_fail(ctx, SPPO_E_ARGUMENT, "sppo_train_save: "
                                 "own[%d] is named %s, as another number is; "
                                 "choose another name", i, own[i].name);
        sppoi_entry_set(e, n, own[i].name, &own[i].value, 1, SPPOI_DOUBLE);
    }
    return SPPO_OK;
}

SPPO_DEF sppo_result sppo_train_save(sppo_ctx *ctx, const sppo_model *model,
                                     const sppo_optim *optim,
                                     const sppo_number *own, int count,
                                     const char *path)
{
    const size_t room = (size_t)SPPOI_TRAIN_ENTRIES + SPPOI_SETTINGS +
                        (count > 0 ? (size_t)count : 0);
    sppoi_entry *entry = (sppoi_entry *)sppo_alloc(ctx, room, sizeof *entry);
    sppoi_settings settings;
    sppo_result result;
    int n;

    if (!entry)
        return SPPO_E_MEMORY;
    sppoi_settings_train(&settings, &model->config, &optim->config);
    n = sppoi_train_entries(model, optim, entry);
    sppoi_entry_settings(entry, &n, &settings);
    result = sppoi_check_numbers(ctx, "sppo_train_save", own, count);
    if (result == SPPO_OK)
        result = sppoi_train_numbers(ctx, own, count, entry, &n);
    if (result == SPPO_OK)
        result = sppoi_archive_write(ctx, path, sppoi_metadata, entry, n);
    sppo_release(ctx, entry, room * sizeof *entry);
    return result;
}

static sppo_result sppoi_train_fill(sppo_ctx *ctx, const sppo_model *model,
                                    sppo_optim *optim,
                                    const sppoi_archive *archive)
{
    sppoi_entry entry[SPPOI_TRAIN_ENTRIES];
    const int step = optim->step, n = sppoi_train_entries(model, optim, entry);

    SPPOI_TRY(sppoi_load_entries(ctx, archive, entry, n));
    if (optim->step >= 0)
        return SPPO_OK;
    optim->step = step;
    return sppoi_broken_state(ctx, archive);
}

static sppo_result sppoi_train_read(sppo_ctx *ctx, const sppo_model *model,
                                    sppo_optim *optim, sppo_number *own,
                                    int count, const sppoi_archive *archive)
{
    sppoi_settings settings;
    int i;

    settings.count = 0;
    if (model)
        sppoi_settings_train(&settings, &model->config, &optim->config);
    SPPOI_TRY(sppoi_compare_settings(ctx, archive, &settings));
    for (i = 0; i < count; i++)
        if (own[i].setting)
            SPPOI_TRY(sppoi_compare_setting(ctx, archive, own[i].name,
                                            own[i].value));
    for (i = 0; i < count; i++)
        if (!own[i].setting)
            SPPOI_TRY(sppoi_archive_read(ctx, archive, own[i].name, 1, 0,
                                         SPPOI_DOUBLE, &own[i].value));
    return model ? sppoi_train_fill(ctx, model, optim, archive) : SPPO_OK;
}

SPPO_DEF sppo_result sppo_train_load(sppo_ctx *ctx, sppo_model *model,
                                     sppo_optim *optim, sppo_number *own,
                                     int count, const char *path)
{
    sppoi_archive archive;
    sppo_result result;

    SPPOI_TRY(sppoi_check_numbers(ctx, "sppo_train_load", own, count));
    SPPOI_TRY(sppoi_checkpoint_open(ctx, &archive, path));
    result = sppoi_train_read(ctx, model, optim, own, count, &archive);
    sppoi_archive_close(ctx, &archive);
    return result;
}
#endif /* SPPO_NO_STDIO */

/* ==== checking tools ========================================= >>check.c == */

SPPO_DEF double sppo_check_gradient(double (*f)(void *user), void *user,
                                    sppo_real *x, const sppo_real *grad,
                                    size_t n, double step, double floor,
                                    size_t *worst)
{
    double largest = 0.0;
    size_t i;

    for (i = 0; i < n; i++) {
        const sppo_real kept = x[i];
        double up, down, difference, error;

        x[i] = (sppo_real)((double)kept + step);
        up = f(user);
        x[i] = (sppo_real)((double)kept - step);
        down = f(user);
        x[i] = kept;
        difference = (up - down) / (2.0 * step);
        error = fabs((double)grad[i] - difference)
              / (fabs(difference) > floor ? fabs(difference) : floor);
        if (!(error <= largest)) {  // NaN is the worst of all
            largest = error;
            if (worst)
                *worst = i;
            if (error != error)
                return error;
        }
    }
    return largest;
}

#endif /* SPPO_IMPLEMENTED */
#endif /* SPPO_IMPLEMENTATION */

/* ==== C  licence =========================================================
 *
 * sppo.h is available under two licences; choose whichever you prefer.
 *
 * -- Alternative A: MIT License
 *
 * Copyright (c) 2026 the sppo.h developers
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to
 * deal in the Software without restriction, including without limitation the
 * rights to use, copy, modify, merge, publish, distribute, sublicense, and/or
 * sell copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in
 * all copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING
 * FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
 * IN THE SOFTWARE.
 *
 * -- Alternative B: Public Domain (www.unlicense.org)
 *
 * This is free and unencumbered software released into the public domain.
 *
 * Anyone is free to copy, modify, publish, use, compile, sell, or distribute
 * this software, either in source code form or as a compiled binary, for any
 * purpose, commercial or non-commercial, and by any means.
 *
 * In jurisdictions that recognize copyright laws, the author or authors of
 * this software dedicate any and all copyright interest in the software to the
 * public domain. We make this dedication for the benefit of the public at
 * large and to the detriment of our heirs and successors. We intend this
 * dedication to be an overt act of relinquishment in perpetuity of all present
 * and future rights to this software under copyright law.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN
 * ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION
 * WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 */
