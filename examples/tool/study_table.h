/* study_table.h - the table of a study: its runs by their win rate */

#ifndef SPPO_TOOL_STUDY_TABLE_H
#define SPPO_TOOL_STUDY_TABLE_H

#include "study.h"

typedef struct study {
    tool *t;
    int count;
    int diverged[STUDY_MOST];
    char name[PATH_ROOM], path[PATH_ROOM];  // of the run at hand
    buffer text;
} study;

/* The value of option i, which is listed, in a run. */
void study_option(const parser *p, int i, int run, char out[STUDY_VALUE]);

/* The folder's name of a run: "lr=1e-4_loss=dpo". */
void study_name(const study *s, int run, char out[PATH_ROOM]);

/* Prints the runs, best first, and writes OUT/study.csv. */
sppo_result study_table(study *s);

#endif
