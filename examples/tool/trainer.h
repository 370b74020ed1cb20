/* trainer.h - a run of pretrain or prefer */

#ifndef SPPO_TOOL_TRAINER_H
#define SPPO_TOOL_TRAINER_H

#include "tool.h"

/* A run of pretrain or prefer. OUT is a model directory, with beside the model
 *   settings.json, metrics.csv, .jsonl, lock   as in the folder of align
 *   run.safetensors                            the checkpoint, until the end
 * All randomness is a pure function of the seed and the step, so that weights,
 * moments, the step and a few sums are all that the rest depends on.        */
enum { STEPS, LOSS, WEIGHT, TOKENS, TRAINER_NUMBERS };

typedef enum run_state { RUN_NONE, RUN_UNFINISHED, RUN_FINISHED } run_state;

typedef struct trainer {
    tool *t;
    run_state found;    // by --resume; RUN_NONE: begin anew
    sppo_model *model;  // that is trained
    sppo_number own[TRAINER_NUMBERS];  // kept in the checkpoint: the steps of
                                       // the run; sums whose quotient is the
                                       // loss of late steps; tokens so far
    sppo_train train;
    double tokens;      // trained on since this process began
    double after;       // what follows the steps takes as long as so many
    metrics metrics;
    sppo_result (*log)(struct trainer *r, const sppo_train_progress *p);
    const void *data;   // what the command's log wants to know of its data
    sppo_result failed;  // what stopped the callback, or SPPO_OK
    char why[sizeof ((sppo_ctx *)0)->message];  // its sentence
} trainer;

/* The settings of pretrain and prefer alike; `log` is called after a step that
 * has a line, to append it.                                                 */
sppo_train_config trainer_config(trainer *r, const void *data,
                                 sppo_result (*log)(
                                     trainer *r,
                                     const sppo_train_progress *p));

/* Lets go of all but the model. */
void trainer_free(trainer *r);

/* going_on 0: --resume finds nothing left to do. */
sppo_result trainer_init(trainer *r, tool *t, sppo_model *model,
                         int *going_on);

/* The folder and its logs. Of a run that goes on, also its steps: --minutes
 * has settled them once and for all.                                        */
sppo_result trainer_open(trainer *r, const char *const *names, int count);

/* From the checkpoint, or from the beginning: that a folder cannot be written
 * to is known before the work. The logs follow.                             */
sppo_result trainer_begin(trainer *r, int steps);

/* All steps that are left, or those before a signal, with checkpoints when they
 * are due; then the model, which is of use either way.                      */
sppo_result trainer_run(trainer *r);

/* The loss of late steps. */
double trainer_loss(const trainer *r);

/* The seconds of a step, by three passes over its rows that change nothing. */
sppo_result trainer_time(trainer *r, double *seconds);

/* After the report; result: what it said. */
sppo_result trainer_end(trainer *r, sppo_result result);

/* The default batch is more than a first try has rows: worth a word, no error.
 * effect: what a step does then.                                            */
void batch_note(tool *t, int count, const char *what, const char *effect);

/* What --dry-run prints; minutes < 0: it could not be tried. */
sppo_result dry_report(tool *t, const sppo_model *model, size_t bytes,
                       double minutes, const char *remark);

#endif
