/* average.h - who responds: one policy, or an average of several
 *
 *   FOLDER/average.json   {"sppo": "0.2.0", "average": ["../iter1", ..]}
 *
 * names model directories, as seen from FOLDER.  Each response is drawn by one
 * of them, all equally likely: the mixture that Theorem 4.1 is about (D7).  */

#ifndef SPPO_TOOL_AVERAGE_H
#define SPPO_TOOL_AVERAGE_H

#include "tool.h"

enum { AVERAGE_MOST = 1000 };

typedef struct average {
    const sppo_model *first;  // somebody else's
    sppo_model *more;         // [count - 1]
    int count;
    size_t bytes;
} average;

/* Whether a folder holds an average. */
sppo_result average_look(sppo_ctx *ctx, const char *folder, int *is);

/* The policies of a folder, or the one that it is; the first of them and its
 * tokenizer go to the caller's.                                             */
sppo_result average_load(tool *t, const char *folder, sppo_model *first,
                         codec *tok, average *a);

/* Lets go of all but the first. */
void average_free(sppo_ctx *ctx, average *a);

/* Appends k responses to each of the prompts from `from` on. */
sppo_result average_respond(sppo_ctx *ctx, const average *a,
                            const sppo_lists *prompts, int from, int count,
                            int k, const sppo_sampling *sampling, uint64_t key,
                            sppo_lists *responses);

/* Writes the average of OUT/iter1 to OUT/iterT into OUT/policy. */
sppo_result average_write(tool *t, const char *folder, int iterations);

#endif
