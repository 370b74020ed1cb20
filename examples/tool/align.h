/* align.h - a run of Algorithm 1 */

#ifndef SPPO_TOOL_ALIGN_H
#define SPPO_TOOL_ALIGN_H

#include "validations.h"
#include "watch.h"
#include "writers.h"

/* A run's folder:
 *   settings.json             what was asked for; --resume reads it
 *   run.safetensors           the checkpoint: all that the rest depends on
 *   metrics.csv, .jsonl       a line for each step of the optimiser, and for
 *                             each validation
 *   events.out.tfevents.sppo  the same
 *   validation.csv            a line for each iteration
 *   samples.jsonl             a few responses before, and after each iteration
 *   timing.csv                a line for each checkpoint; no two are alike
 *   iterT/                    the policy after iteration T, a model directory
 *   iterT/train.jsonl         D_t, as TRL and uclaml/SPPO read it
 *   iterT/judged.jsonl        all K responses and their probabilities
 *   policy/                   what --keep says: the last policy, the best, or
 *                             an average.json, the list of all
 *   shards/                   parts of an iteration, until they are merged
 *   lock                      held by the process at work
 * All but the appended lines are written whole and renamed.                 */
typedef struct run {
    tool *t;
    sppo_play play;
    sppo_lists test;     // the prompts of --validation
    metrics metrics;
    row_writer out;
    watch watch;         // who looks on at validations
    int per_iteration;   // steps of the optimiser
    int headed;          // the table of iterations has its heading
    sppo_result failed;  // what stopped the callback, or SPPO_OK
    char why[sizeof ((sppo_ctx *)0)->message];  // its sentence
    double of_round[2];  // what is logged of the round at each of its steps,
    int of_iteration;    // counted from 1; 0: nothing yet
    double pace[3];      // seconds of a prompt sampled, of one judged, of a
    double validated;    // step; of a validation; 0: not seen yet
    double timed;        // when the last line of timing.csv was written
    char validation[PATH_ROOM], samples[PATH_ROOM], timing[PATH_ROOM];
    char ended[240];     // why it ends before its last iteration; or ""
    char digest[DIGEST_ROOM];  // of the round: see align_shards.c
    sppo_lists *into;    // where a merge puts responses
    double *merged;      // [count, k, k] what shards judged
} run;

/* The phase of --phase that a phase of the play belongs to. */
int phase_group(sppo_phase phase);

/* Called after every unit of work: keeps the metrics, draws the progress,
 * stops for a checkpoint or for good. The play goes on where it stopped.    */
int on_progress(void *user, const sppo_progress *p);

/* Writes what the run would go on from. */
sppo_result checkpoint(run *r);

/* One phase, with a checkpoint whenever it pauses and at its end, but for the
 * one that is arithmetic on the judge's answers.                            */
sppo_result align_phase(run *r);

/* The settings, and the reference, as those of Algorithm 1. */
sppo_play_config play_config(const tool *t);

/* What sppo_play_init makes of settings that are 0 or too large. */
void align_resolve(tool *t);

/* What --dry-run prints. */
sppo_result align_estimate(run *r);

/* metrics.csv and .jsonl of the run, and where validation.csv is. */
void align_logs_open(run *r);

/* The line of one step of the optimiser. */
sppo_result align_log_step(run *r, const sppo_progress *p);

/* The line of a validation. */
sppo_result align_log_validation(run *r, const sppo_evaluation *e);

/* Compares the policy with the one that the run began with, and logs it. */
sppo_result validate(run *r);

/* What --keep needs. */
sppo_result align_keep_check(const tool *t, sppo_ctx *ctx);

/* Finds out whether, between two iterations, --stop-kl or --stop-watch end the
 * run: r->ended says so.                                                    */
sppo_result align_stop(run *r);

/* Writes OUT/policy, as --keep says. */
sppo_result align_keep(run *r);

/* Leaves of validation.csv the lines up to that iteration. */
sppo_result validation_cut(run *r, int iteration);

/* Where samples.jsonl and timing.csv are. */
void align_shown_open(run *r);

/* Lets the policy respond to a few prompts; iteration 0: as the run begins. */
sppo_result align_log_samples(run *r, int iteration);

/* The seconds since the last line, of a phase of the iteration that many have
 * been before. Work that a kill lost is in them: it took that time.         */
sppo_result align_log_time(run *r, int iteration, sppo_phase phase);

/* Leaves of both files what came before the end of that many iterations, and of
 * the next one the times.                                                   */
sppo_result align_shown_cut(run *r, int iteration);

/* Leaves of the logs what the run had done by that step and iteration. */
sppo_result align_logs_cut(run *r, int step, int iteration);

/* The results of an iteration, between its training and its end. Written
 * again, the same, when the run is killed before the next checkpoint.       */
sppo_result write_iteration(run *r);

/* The work of --shard. */
sppo_result align_shard(run *r);

/* Up to the phase that was asked for, in so far as shards can do it. */
sppo_result align_merge(run *r);

#endif
