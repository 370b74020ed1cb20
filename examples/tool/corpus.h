/* corpus.h - the sequences that a policy learns to predict */

#ifndef SPPO_TOOL_CORPUS_H
#define SPPO_TOOL_CORPUS_H

#include "tool.h"

/* Sequence i is root i and, where it is not empty, its child i, which alone is
 * scored then.                                                              */
typedef struct corpus {
    sppo_lists root, child;
    int train;         // sequences before this one are learned
    double scored;     // tokens scored in those,
    double held_scored; //  and in the others
    double bytes;      // of the text that is scored in those,
    double held_bytes; //   and in the others
} corpus;

/* All of --text or --jsonl, as sequences. */
sppo_result corpus_load(tool *t, corpus *c);

/* Lets go of all. */
void corpus_free(tool *t, corpus *c);

#endif
