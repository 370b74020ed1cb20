/* matches.h - policies against each other, all on the same prompts */

#ifndef SPPO_TOOL_MATCHES_H
#define SPPO_TOOL_MATCHES_H

#include "average.h"
#include "interval.h"
#include "writers.h"

enum { MATCHES_MOST = 64, RESPONSES_MOST = 1000 };  // policies; of a prompt

typedef struct matches {
    tool *t;
    const char *name[MATCHES_MOST];  // folders
    int count, samples;
    sppo_lists of[MATCHES_MOST];     // what each has responded
    sppo_lists all;                  // the same, prompt by prompt
    double *pairwise;                // [prompts, k, k], k = count samples
    size_t entries;
    double length[MATCHES_MOST], eos[MATCHES_MOST];
    interval rate[MATCHES_MOST * MATCHES_MOST];  // row against column
    row_writer out;
} matches;

/* Policy number i, loaded or about to be, responds to all prompts. */
sppo_result matches_respond(matches *m, int i, const average *policy);

/* The judge compares all with all. */
sppo_result matches_judge(matches *m);

/* --out: a row for each pair of responses of two policies. */
sppo_result matches_write(matches *m, const sppo_lists *all,
                          const double *pairwise);

/* Lets go of all. */
void matches_free(matches *m);

/* sppo evaluate --policies. */
sppo_result evaluate_many(tool *t);

/* sppo evaluate --policy --against. */
sppo_result evaluate_two(tool *t);

#endif
