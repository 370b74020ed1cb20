/* progress.h - how far the work is: a bar on the terminal, one line */

#ifndef SPPO_TOOL_PROGRESS_H
#define SPPO_TOOL_PROGRESS_H

#include "console.h"

/* A phase of the work begins. total 0: it is over before a bar could be read.
 * done: what an earlier run did already, no measure of today's speed.       */
void progress_begin(console *c, const char *what, double done, double total);

/* Seconds that a unit of work took since progress_begin; 0: not known yet. */
double progress_pace(const console *c, double done);

/* What is done, how much is left of the phase and of the run, tokens a second;
 * what does not fit into the terminal's width is left out, the bar is never.
 * tokens: since progress_begin; 0: they are not counted. Then, on a terminal
 * with room for them, details. Nothing where standard error is none.        */
void progress_show(console *c, double done, double tokens,
                   const char *format, ...)
    SPPOI_FORMAT(4, 5);

/* Erases the line of progress. */
void progress_end(console *c);

#endif
