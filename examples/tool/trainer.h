/* trainer.h - a run of pretrain or prefer */

#ifndef SPPO_TOOL_TRAINER_H
#define SPPO_TOOL_TRAINER_H

#include "tool.h"

/* Takes items 0 .. count - 1 in a new random order in every epoch. */
typedef struct shuffle {
    int *order, count, epoch, keep;
    uint64_t key;
} shuffle;

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
    sppo_optim optim;
    sppo_real *grad;    // [model->count]
    metrics metrics;
} trainer;

/* As --keep-order and --seed say. */
sppo_result shuffle_begin(tool *t, shuffle *s, int count);

/* The item at a position of the run, which goes on from epoch to epoch. */
int shuffle_item(shuffle *s, int64_t position);

/* Lets go of it. */
void shuffle_end(tool *t, shuffle *s);

/* Gradient and moments of the model that is trained. */
sppo_result trainer_optimiser(trainer *r, int total_steps);

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

/* One step with the gradient of `loss`. */
sppo_result trainer_step(trainer *r, double loss);

/* The loss of late steps. */
double trainer_loss(const trainer *r);

/* After a step: its line in the logs, progress, a checkpoint when it is due. */
sppo_result trainer_log(trainer *r, const double *metric);

/* When no step is left, or a signal was caught: the model so far is of use. */
sppo_result trainer_save_model(trainer *r);

/* After the report; result: what it said. */
sppo_result trainer_end(trainer *r, sppo_result result);

/* The default batch is more than a first try has rows: worth a word, no error.
 * effect: what a step does then.                                            */
void batch_note(tool *t, int count, const char *what, const char *effect);

/* What --dry-run prints; minutes < 0: it could not be tried. */
sppo_result dry_report(tool *t, const sppo_model *model, size_t bytes,
                       double minutes, const char *remark);

#endif
