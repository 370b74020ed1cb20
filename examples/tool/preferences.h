/* preferences.h - rows of preferences, to learn from and held out */

#ifndef SPPO_TOOL_PREFERENCES_H
#define SPPO_TOOL_PREFERENCES_H

#include "tool.h"

/* Rows of preferences: prompts[i], responses 2 i and 2 i + 1, label[i] the
 * probability that the first is better.                                     */
typedef struct preferences {
    double *label;
    int *longer;  // 1: the first is longer, -1: the second, 0: neither
    int *part;    // rows to learn, then from `train` on those held out
    int room, train, held, skipped, same;
    double tied;  // rows held out with label 1/2
    buffer rejected;  // the text of one, beside which the chosen one is read
} preferences;

/* Lets go of all. */
void preferences_free(tool *t, preferences *p);

/* A label that prefers neither response, but for rounding. */
int label_is_tie(double label);

/* All rows of --preferences. */
sppo_result preferences_load(tool *t, preferences *p);

#endif
