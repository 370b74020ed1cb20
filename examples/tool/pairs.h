/* pairs.h - judgments of many models, two at a time */

#ifndef SPPO_TOOL_PAIRS_H
#define SPPO_TOOL_PAIRS_H

#include "names.h"
#include "tool.h"

/* One comparison: win is that of model a over b, 1/2 a tie. */
typedef struct pair {
    double question, win;
    int a, b, contradiction;
} pair;

typedef struct pairs {
    pair *of;
    int count, room;
    int unread, same;  // rows left out: without a judgment; of one model
    names models;
} pairs;

/* What rows of pairs may be: MT-Bench's, preferences with models, AlpacaEval's
 * annotations.                                                              */
typedef enum pair_kind {
    PAIRS_NONE, PAIRS_MT_BENCH, PAIRS_SOFT, PAIRS_ALPACA
} pair_kind;

/* The kind of the current row. */
pair_kind pairs_kind(const row_reader *r);

/* The open rows, all of the first one's kind. */
sppo_result pairs_read(tool *t, pairs *p);

/* Lets go of all. */
void pairs_free(tool *t, pairs *p);

/* Adds to won [n, n] how often model i beat model j, ties one half each. */
void pairs_won(const pairs *p, double *won);

/* The models of which no chain of comparisons leads to the first one: the name
 * of one, or NULL.  won [n, n], mark [n]: room.                             */
const char *pairs_apart(const pairs *p, const double *won, double *mark);

/* Reads the open rows, of MT-Bench, and reports on each model. */
sppo_result evaluate_pairs(tool *t);

#endif
