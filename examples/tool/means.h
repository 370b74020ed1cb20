/* means.h - means with their intervals: for people, or as one JSON object */

#ifndef SPPO_TOOL_MEANS_H
#define SPPO_TOOL_MEANS_H

#include "buffer.h"
#include "interval.h"

typedef struct means {
    buffer out;
    buffer line;  // of it, what stands behind a title
    int json, depth;
} means;

/* json: as one JSON object, on one line. */
void means_begin(means *m, sppo_ctx *ctx, int json);

/* What follows, up to means_close, is of that name. */
void means_open(means *m, const char *title);
void means_close(means *m);

/* A list of things with names: for people these are enough. */
void means_list(means *m, const char *title);
void means_list_end(means *m);

/* A mean of x.n things of that kind; unread: how many more had no value.  The
 * JSON name is the title with _ for every blank.                            */
void means_add(means *m, const char *title, interval x, int digits,
               const char *things, int unread);

/* The places 0 .. n - 1, the largest value first, of equals as they stand. */
void means_order(const double *value, int *order, int n);

/* How many. */
void means_count(means *m, const char *title, int count);

/* Prints it, if all of it is there. */
sppo_result means_end(means *m);

#endif
