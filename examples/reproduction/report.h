/* report.h - the report: text, tables, pictures */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "claims.h"

/* All that there is to report on, and the file that is being written. */
typedef struct report {
    seed_set *set[SETS];
    int sets;
    const plan *p;  // of the first of them: sizes are those of all
    const char *folder;
    FILE *out;
} report;

/* report.c */
FILE *report_file(const report *r, const char *name);
void report_close(FILE *out);
void write_report(report *r);

/* tables.c */
/* Over both sets of seeds: a verdict that all have, an interval. */
ruling joint_verdict(const report *r, const claim *c, enum condition condition);
interval over_seeds(const report *r, const char *who, int at,
                    const char *metric, int index);
void put_claims(report *r);
void put_reasons(report *r);
void put_changes(report *r);
void put_runs(report *r, enum condition c);
void put_tuning(report *r, seed_set *set);
void put_judges(report *r);
/* Only: that claim; NULL: all. */
void put_all_evidence(report *r, const claim *only);
void print_claim(report *r, const claim *c);

/* plots.c */
void write_plots(report *r);

#endif /* REPORT_H */
