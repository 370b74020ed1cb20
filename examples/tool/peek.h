/* peek.h - what `sppo info` says of the folder of a run and of a file of
 * rows                                                                      */

#ifndef SPPO_TOOL_PEEK_H
#define SPPO_TOOL_PEEK_H

#include "facts.h"
#include "rows.h"

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
