/* units.h - units of work: what leaves a file and is not done again */
#ifndef UNITS_H
#define UNITS_H

#include <time.h>

#include "claims.h"

enum work { PREPARE, CYCLE, TUNE, ALIGN, TOURNAMENT,
            TRY_OUT, CONTEND, BEST_OF, CIRCLE };  // of the methods

/* One unit of work. */
typedef struct unit {
    enum work work;
    int seed;
    int item;      // TUNE: method; ALIGN: of runs; TRY_OUT, CONTEND: of
                   // contenders
    int setting;   // TUNE, TRY_OUT
    enum condition condition;  // TUNE, TOURNAMENT
} unit;

enum { MOST_UNITS = 4096 };

/* The program: one per process. */
typedef struct program {
    const plan *plan;     // of the set at hand
    const char *folder;
    const claim *only;    // NULL: all
    time_t built;         // files older than this are done again
    int wanted;           // the set that is done; SETS: none
    int jobs;             // 0: nothing is done, only read
    unit unit[MOST_UNITS];
    int units;
    store *found;         // of the set's stages that are over
    seed_set set[SETS];
} program;

void add_unit(program *g, enum work work, int seed, int item, int chosen,
              int condition);

/* Does the units that were added; 0: some are not there and jobs is 0. */
int do_stage(program *g);

#endif /* UNITS_H */
