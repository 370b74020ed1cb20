/* judgments.h - judgments of a model against a baseline */

#ifndef SPPO_TOOL_JUDGMENTS_H
#define SPPO_TOOL_JUDGMENTS_H

#include "tool.h"

/* AlpacaEval's scale, of the current row: win is that of output_2. */
sppo_result judgment_win(tool *t, double *win, int *judged);

/* Reads the open rows and reports on them. */
sppo_result evaluate_judgments(tool *t);

#endif
