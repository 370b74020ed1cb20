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
const char *seed_ranges(const report *r, char out[64]);
/* How claims came out: rows of letters and what they are about. */
void put_short(FILE *out, const report *r, const char *const (*row)[2],
               int rows);
void write_metrics(report *r, const char *name);
FILE *report_file(const report *r, const char *name);
void report_close(FILE *out);
void write_report(report *r);

/* tables.c */
/* Over both sets of seeds: a verdict that all have, an interval. */
ruling joint_verdict(const report *r, const claim *c, enum condition condition);
interval over_seeds(const report *r, const char *who, int at,
                    const char *metric, int index);
void put_claims(report *r);
/* Of one claim: the measured column; the verdict. */
void put_measured(report *r, const claim *c, enum condition condition);
void put_verdict(report *r, const claim *c, enum condition condition);
void put_reasons(report *r);
void put_changes(report *r);
void put_runs_head(report *r);
void put_run(report *r, const char *who, int at);
void put_runs(report *r, enum condition c);
void put_tuning(report *r, seed_set *set);
void put_judges(report *r);
/* Only: that claim; NULL: all. */
void put_all_evidence(report *r, const claim *only);
void print_claim(report *r, const claim *c);

/* plots.c */
struct svg_plot;
/* A point with its interval; of one seed: none, of two: from one to the other.
 */
void plot_interval(struct svg_plot *plot, const char *series, double x,
                   interval y, double scale);
/* "mean, and 95 % over 5 seeds". */
const char *plot_note(const report *r);
void write_plots(report *r);

/* methods_report.c, methods_plots.c: the second report. */
void write_methods_report(report *r);
void write_methods_plots(report *r);

#endif /* REPORT_H */
