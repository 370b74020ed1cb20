/* store.h - every number that was measured, by what it is */
#ifndef STORE_H
#define STORE_H

enum { NAME_ROOM = 24, MOST_NAMES = 256 };

/* Rows "seed,run,iteration,metric,index,value".  Index: the prompt or the step
 * of a list; -1: a number by itself.  Runs and metrics are kept as numbers. */
typedef struct measure {
    double value;
    int seed, run, iteration, metric, index;
} measure;

typedef struct store {
    char name[MOST_NAMES][NAME_ROOM];
    int names;
    measure *row;
    int rows, room;
    int *slot;  // [2 room] a hash table: a row + 1, or 0
} store;

/* 0: there is no room. */
int store_add(store *s, int seed, const char *run, int iteration,
              const char *metric, int index, double value);
void store_free(store *s);
/* NAN: it was not measured. */
double store_get(store *s, int seed, const char *run, int iteration,
                 const char *metric, int index);
/* Copies at most `most` numbers; returns how many. */
int store_list(store *s, int seed, const char *run, int iteration,
               const char *metric, double *out, int most);

#endif /* STORE_H */
