/* judgments.h - judgments of a model against a baseline */

#ifndef SPPO_TOOL_JUDGMENTS_H
#define SPPO_TOOL_JUDGMENTS_H

#include "tool.h"

/* Judgments of a model, output_2, against a baseline, output_1. */
typedef struct judgments {
    double *win, *length, *longer;  // length: of the model's, in characters
    int count, room, unjudged;
    buffer names;  // of the baseline and of the model, a NUL after each
    int named;     // the line that gave them
} judgments;

/* Lets go of all. */
void judgments_free(tool *t, judgments *j);

/* Reads --judgments and reports on them. */
sppo_result evaluate_judgments(tool *t, judgments *j);

#endif
