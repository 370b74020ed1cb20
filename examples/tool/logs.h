/* logs.h - files that get a line for each step */

#ifndef SPPO_TOOL_LOGS_H
#define SPPO_TOOL_LOGS_H

#include "buffer.h"

typedef struct metrics {
    const char *const *name;  // [count] "step" is the first
    int count;
    char csv[PATH_ROOM], jsonl[PATH_ROOM], events[PATH_ROOM];
    buffer line;
} metrics;

/* Adds text to the end of a file. */
sppo_result log_append(sppo_ctx *ctx, const char *path, const buffer *text);

/* What the checkpoint says was logged must be on the disk before it is. */
sppo_result log_sync(sppo_ctx *ctx, const char *path);

/* Leaves the lines whose first number is at most `limit`, under the header, and
 * of `limit` itself no more than `most`: what was appended after the checkpoint
 * will be appended again. line: room.                                       */
sppo_result log_cut(buffer *line, const char *path, const char *header,
                    int limit, int most);

/* The three files of a run in folder `out`; nothing is written yet. */
void metrics_open(metrics *m, sppo_ctx *ctx, const char *out,
                  const char *const *name, int count);

/* Lets go of what it holds. */
void metrics_close(metrics *m);

/* What is no number stays empty in the first file, is null in the second and
 * left out of the third.                                                    */
sppo_result metrics_append(metrics *m, const double *value);

/* Whether a step has a line: every so many have, counted over the whole run, so
 * that one that was resumed has the same, and the last of its kind.         */
int metrics_due(int step, int every, int last);

/* What was appended is on the disk. */
sppo_result metrics_sync(const metrics *m);

/* All end with this step, and at most so many lines of it, whatever was
 * appended after it.                                                        */
sppo_result metrics_cut(metrics *m, int step, int most);

#endif
