/* console.h - messages, progress, and results of a few named values */

#ifndef SPPO_TOOL_CONSOLE_H
#define SPPO_TOOL_CONSOLE_H

#include "buffer.h"

#include <stdio.h>

/* Columns that no line of a result goes beyond, but for names of files and what
 * stands in one.                                                            */
enum { LINE_MOST = 80 };

/* How messages and progress look; the latter is on a terminal alone. */
typedef struct console {
    int quiet, live;   // live: standard error is a terminal
    int plain;         // without escape sequences, as NO_COLOR asks
    int drawn;         // columns of an unfinished line that stands there
    double started;    // the process
    char what[48];     // the phase at work: see progress.h
    double begun, shown, first, total;
    double later;      // seconds of the run after this phase; -1: not known
} console;

/* A result of a few named values: a table for people, JSON for machines. */
typedef struct report {
    buffer out;
    int json;
} report;

/* Of a clock that is never set. */
double seconds_now(void);

/* Finds out whether standard error is a terminal. */
void console_init(console *c);

/* Columns of the terminal of standard error, else as COLUMNS says, else 80. */
int console_width(void);

/* Takes an unfinished line away. */
void console_erase(console *c);

/* Text that others wrote, where people read it: a control character in it,
 * which a terminal may obey, is a question mark; lines and tabs stay.       */
void show_text(FILE *out, const char *text, size_t length);

/* The same, and blanks up to that many columns. */
void show_column(FILE *out, const char *text, size_t length, int width);

/* Words from column `indent`, where the line has begun, to before column
 * `width`; what is longer than a line keeps one to itself. width 0: any.    */
void print_wrapped(FILE *out, int indent, int width, const char *text);

/* A sentence on standard error: on a terminal no line wraps within a word, a
 * file has it on one line, to be searched.                                  */
void console_say(console *c, const char *sentence);

/* A line for the reader, not a result: standard error, unless --quiet. */
void note(console *c, const char *format, ...)
    SPPOI_FORMAT(2, 3);

/* Results that could not be written are an error, not a short answer. */
sppo_result output_check(sppo_ctx *ctx);

/* json: as one JSON object, on one line. */
void report_begin(report *r, sppo_ctx *ctx, int json);

/* The JSON name is the title with _ for every blank. */
void report_real(report *r, const char *title, double value, int digits,
                 const char *remark);

/* Prints it, if all of it is there. */
sppo_result report_end(report *r);

#endif
