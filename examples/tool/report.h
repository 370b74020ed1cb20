/* report.h - what `sppo report` knows of a run, and the parts of its page */

#ifndef SPPO_TOOL_REPORT_H
#define SPPO_TOOL_REPORT_H

#include "interval.h"
#include "peek.h"
#include "report_page.h"
#include "tool.h"

/* What is read of metrics.jsonl, each a column; what an older run or another
 * command did not log is NaN.                                               */
enum {
    STEP, ITERATION, LOSS, LOSS_SCALED, WIN_BEST, WIN_WORST, RATIO_BEST,
    RATIO_WORST, LENGTH, EOS_RATE, KL, KL_REFERENCE, ENTROPY, CIRCLES,
    GRAD_NORM, RATE, BITS, ACCURACY, MARGIN, EVAL, EVAL_LOW, EVAL_HIGH, WATCH,
    WATCH_LOW, WATCH_HIGH, COLUMNS
};

enum { PHASES = 4 };      // sample, judge, fit, save
enum { ROWS_MOST = 40 };  // of a table: more are thinned out, evenly

/* Of an iteration; NaN where a figure is not there. */
typedef struct iteration_report {
    double mean[COLUMNS];       // over its steps
    double win, low, high;      // against the policy that the run began with
    double length, eos_rate, kl;           // of the same responses
    double base_length, base_eos_rate;
    interval best, worst;       // P^ over the prompts; n 0: not there
    double seconds[PHASES], peak;
} iteration_report;

/* A text among the run's. */
typedef struct text_place { size_t at, length; } text_place;

enum { SAMPLES_MOST = 4, MATRICES_MOST = 3, MATRIX_MOST = 8 };

/* A prompt before and after. */
typedef struct sample_report {
    text_place prompt, before, after;
    int begun, before_cut, after_cut, of;  // begun: before is there; of: the
                                           // iterations that after had
} sample_report;

/* A prompt whose responses were compared, the best first. */
typedef struct matrix_report {
    text_place prompt, response[MATRIX_MOST];
    int all, shown, cut[MATRIX_MOST];
    double win[MATRIX_MOST], p[MATRIX_MOST * MATRIX_MOST];
} matrix_report;

typedef struct reported_run {
    sppo_ctx *ctx;
    const char *path;
    char name[PATH_ROOM];       // short, no other run's
    sppo_json json;             // settings.json
    char *settings;
    size_t settings_size;
    run_state state;
    const cli_command *command;
    double *step;               // [steps][COLUMNS]
    size_t steps, room;
    iteration_report *of;       // [iterations]
    int iterations, of_room;
    sample_report sample[SAMPLES_MOST];
    matrix_report matrix[MATRICES_MOST];
    int samples, matrices, judged;  // judged: the iteration of the matrices
    int reading, sample_of;     // where report_rows.c is
    double sampled;
    buffer texts;
} reported_run;

typedef struct report_book {
    tool *t;
    report_page page;
    reported_run run[PATHS_MOST];
    int runs;
} report_book;

/* Everything that the folder has; run->path is set, all else is 0. */
sppo_result report_read(reported_run *run);

/* Responses: samples.jsonl, and of each iteration its rows. */
sppo_result report_read_rows(reported_run *run);

/* Gives `row` the first `most` rows of a file, if it is there, and their number
 * from 0.                                                                   */
sppo_result report_rows(reported_run *run, const char *path,
                        sppo_result (*row)(reported_run *run, row_reader *r,
                                           int number), int most);

/* Of that iteration, counted from 1; NULL: out of memory. */
iteration_report *report_iteration(reported_run *run, double iteration);

void report_free(reported_run *run);

/* The setting of that name, as text in the run's texts; length 0: none. */
const char *report_setting(reported_run *run, const char *name, char *out,
                           size_t size);
double report_number(const reported_run *run, const char *name);

/* Iterations, or steps, that are done, and whether nothing is left. */
int report_done(const reported_run *run);
int report_finished(const reported_run *run);

/* The iteration, from 1, with the highest win rate against the base, by the
 * run's judge or by who watched; 0: it was not measured.                    */
int report_best(const reported_run *run, int by_watch);

/* Who that judge is: "the preference model DIR". */
void report_judge(reported_run *run, int watch, char *out, size_t size);

/* Whether iterations were judged by others before. */
int report_judge_changed(const reported_run *run);

/* Seconds of one phase, over all iterations, or of all: -1. */
double report_seconds(const reported_run *run, int phase);

/* Whether eta (P^ - 1/2) is what the run fits log-ratios to, and of a step's
 * values v that of the column of a win rate.                                */
int report_has_targets(reported_run *run);
double report_target(const reported_run *run, const double *v, int column);

/* Figures as text; a dash where there is none. */
const char *show_figure(char out[64], const char *format, double value);
const char *show_interval(char out[64], double mean, double low, double high);
const char *show_time(char out[64], double seconds);

/* ---- parts of the page ---- */

/* The name of a run above what is its own, where there are several. */
void report_name_run(report_book *b, const reported_run *run);

void report_summary(report_book *b);
void report_iterations(report_book *b);
void report_ratios(report_book *b);
void report_samples(report_book *b);
void report_matrices(report_book *b);
void report_time(report_book *b);
sppo_result report_asked(report_book *b);
sppo_result report_command(report_book *b);

/* Pictures, in HTML alone; Markdown has the tables. */
void report_win_pictures(report_book *b);
void report_ratio_pictures(report_book *b);
void report_course_pictures(report_book *b);
void report_matrix_picture(const matrix_report *m, int iteration, int number,
                           FILE *out);

#endif
