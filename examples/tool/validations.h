/* validations.h - what validation.csv of a run has: how good the policy of each
 * iteration was                                                             */

#ifndef SPPO_TOOL_VALIDATIONS_H
#define SPPO_TOOL_VALIDATIONS_H

#include "buffer.h"

typedef struct validation {
    int iteration;  // from 1
    double win_rate, low, high, length, kl;
    double watch, watch_low, watch_high;  // NaN: nobody watched
} validation;

typedef struct validations {
    validation *of;  // [count]
    int count;
    size_t bytes;
} validations;

/* All lines of the run in a folder; none where it has no such file. */
sppo_result validations_read(sppo_ctx *ctx, const char *folder,
                             validations *v);

/* Lets go of them. */
void validations_free(sppo_ctx *ctx, validations *v);

/* The win rate that a policy is kept and a run stopped by: of who watches,
 * where somebody does, for he has not been learned from.                    */
double validation_rate(const validation *v);

/* Why a run ends after its last validation, as a sentence; "": it does not.
 * kl: the most that the policy may move, 0: any; watch: so many iterations in a
 * row without a higher rate by who watches, 0: any.                         */
void validations_stop(const validations *v, double kl, int watch, char *why,
                      size_t size);

/* The first of those with the highest rate; -1: there is none. */
int validations_best(const validations *v);

#endif
