/* corpus.h - the sequences that a policy learns to predict */

#ifndef SPPO_TOOL_CORPUS_H
#define SPPO_TOOL_CORPUS_H

#include "trainer.h"

/* Sequence i is root i and, where it is not empty, its child i, which alone is
 * scored then.                                                              */
typedef struct corpus {
    sppo_lists root, child;
    int train;         // sequences before this one are learned
    double scored;     // tokens scored in those
    double bytes;      // of the text that is scored in those,
    double held_bytes; //   and in the others
    int longest;
    sppo_forest forest;     // of one pass over some of them
    sppo_activations acts;  // of that pass
} corpus;

/* The sum of -log pi over tokens, divided by what the call was told. */
typedef struct text_loss {
    double loss, tokens;
} text_loss;

/* All of --text or --jsonl, as sequences. */
sppo_result corpus_load(tool *t, corpus *c);

/* Lets go of all. */
void corpus_free(tool *t, corpus *c);

/* Of items [begin, end) of the corpus, in as many passes as it takes, divided
 * by divisor; adds gradients to grad unless it is NULL.                     */
sppo_result corpus_loss(tool *t, corpus *c, shuffle *s, int64_t begin,
                        int64_t end, double divisor, sppo_real *grad,
                        text_loss *sum);

#endif
