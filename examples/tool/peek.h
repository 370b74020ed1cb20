/* peek.h - what `sppo info` says of the folder of a run and of a file of
 * rows                                                                      */

#ifndef SPPO_TOOL_PEEK_H
#define SPPO_TOOL_PEEK_H

#include "facts.h"
#include "rows.h"

enum { RUN_ALIGN, RUN_PREFER, RUN_PRETRAIN };

/* How far a run is. */
typedef struct run_state {
    int kind;           // RUN_ALIGN ..
    int saved;          // there is a checkpoint that says so
    double align[8];    // iterations done, phase, done in it
    char ended[240];    // why align ended early, or ""
    double step, steps; // of prefer and pretrain; no checkpoint: all are done
} run_state;

/* By the settings, json, and the checkpoint, which need not be there. */
sppo_result peek_state(sppo_ctx *ctx, const char *folder,
                       const sppo_json *json, run_state *state);

/* What is known of the run in a folder; *found 0: it is not that of a run, for
 * it has no settings.json, or one that this tool did not write, and f is not
 * begun.                                                                    */
sppo_result peek_run(facts *f, sppo_ctx *ctx, int as_json, const char *folder,
                     int *found);

/* Whether the run of align in a folder has come to its end. */
sppo_result peek_is_complete(sppo_ctx *ctx, const char *folder, int *complete);

/* All rows up to the first that is wrong, which is the failure then. */
sppo_result peek_rows(row_reader *r, int as_json);

#endif
