/* progress.c - how far the work is: a bar on the terminal, one line
 *
 * As people know it:
 *   1/3 fit 12/64 [###-----] 0:12, 0:51 left  run 1:20, 9:40 left  13k tokens/s
 * iteration 1 of 3, its phase and the steps of that; what the phase and the
 * whole run have taken and what is left of them, "?" while that is not known.*/

#include "progress.h"
#include "columns.h"
#include "signals.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_ROOM = 160, SPAN_ROOM = 24, BAR_MOST = 60 };

/* A terminal has room for one of these, the first that leaves a bar of so many
 * columns. Each leaves out more than the one before.                        */
enum { WITH_DETAILS, WITH_COUNT, WITH_WORDS, SHORT, NAMELESS, LAYOUTS };
static const int bar_least[] = { 12, 12, 12, 7, 1 };

/* What the line says but for its bar. */
typedef struct progress_line {
    double done, total;
    char took[SPAN_ROOM], left[SPAN_ROOM];          // of the phase
    char run_took[SPAN_ROOM], run_left[SPAN_ROOM];  // of the run
    double rate;                                    // tokens a second
    const char *what, *details;
    char before[TEXT_ROOM], after[2 * TEXT_ROOM];
} progress_line;

/* A time in five columns: 0:07, 12:34, 1h20, 27h46, 12d; below 0: ?. */
static void span_write(char out[SPAN_ROOM], double seconds)
{
    const long s = seconds < 8.64e8 ? (long)(seconds + 0.5) : 864000000L;

    if (seconds < 0.0)
        snprintf(out, SPAN_ROOM, "?");
    else if (s < 3600)
        snprintf(out, SPAN_ROOM, "%ld:%02ld", s / 60, s % 60);
    else if (s < 100 * 3600)
        snprintf(out, SPAN_ROOM, "%ldh%02ld", s / 3600, s / 60 % 60);
    else
        snprintf(out, SPAN_ROOM, "%ldd", s / 86400);
}

static void rate_write(char out[SPAN_ROOM], double rate, int digits)
{
    const double unit = rate < 1e3 ? 1.0 : rate < 1e6 ? 1e3 : 1e6;

    snprintf(out, SPAN_ROOM, "%.*f%s", rate / unit < 10.0 || unit > 1.0
             ? digits : 0, rate / unit,
             unit < 1e3 ? "" : unit < 1e6 ? "k" : "M");
}

/* What stands in front of the bar and behind it. */
static void line_write(progress_line *l, int layout)
{
    const char *const form = layout < SHORT ? " %s, %s left  run %s, %s left"
                                            : " %s<%s run %s<%s";
    char rate[SPAN_ROOM];
    int n = 0;

    l->before[0] = 0;
    if (layout < NAMELESS)
        n = snprintf(l->before, TEXT_ROOM, "%.40s ", l->what);
    if (layout < WITH_WORDS)
        snprintf(l->before + n, (size_t)(TEXT_ROOM - n), "%.0f/%.0f ", l->done,
                 l->total);
    n = snprintf(l->after, TEXT_ROOM, form, l->took, l->left, l->run_took,
                 l->run_left);
    rate_write(rate, l->rate, layout < SHORT);
    if (l->rate > 0.0)
        n += snprintf(l->after + n, TEXT_ROOM, layout < SHORT
                      ? "  %s tokens/s" : " %s tok/s", rate);
    if (layout == WITH_DETAILS)
        snprintf(l->after + n, TEXT_ROOM, "%s", l->details);
}

/* The columns of the bar, in the first layout that has room for one; below 1:
 * none has.                                                                 */
static int line_layout(progress_line *l, int width)
{
    int layout, bar = 0;

    for (layout = 0; layout < LAYOUTS; layout++) {
        line_write(l, layout);
        bar = width - text_columns(l->before, strlen(l->before)) -
              text_columns(l->after, strlen(l->after)) -
              (layout < NAMELESS ? 2 : 0);
        if (bar >= bar_least[layout])
            break;
    }
    if (layout < NAMELESS) {
        strcat(l->before, "[");
        memmove(l->after + 1, l->after, strlen(l->after) + 1);
        l->after[0] = ']';
    }
    return bar > BAR_MOST ? BAR_MOST : bar;
}

/* The whole line, at most `width` columns of it, without escape sequences where
 * they are not wanted.                                                      */
static void line_draw(console *c, progress_line *l, int width)
{
    static const char full[] = "##############################"
                               "##############################";
    static const char rest[] = "------------------------------"
                               "------------------------------";
    const int bar = line_layout(l, width);
    const double share = l->total > 0.0 ? l->done / l->total : 0.0;
    const int filled = bar < 1 ? 0 : (int)(bar * (share < 1.0 ? share : 1.0));
    const char *green = c->plain ? "" : "\033[32m";
    const char *end = c->plain ? "" : "\033[0m";
    const size_t all = strlen(l->after);
    const int drawn = c->drawn;

    if (bar < 1)  // a terminal of thirty columns
        l->after[text_fits(l->after, all, width)] = 0;
    c->drawn = (bar < 1 ? 0 : bar + text_columns(l->before,
                                                 strlen(l->before))) +
               text_columns(l->after, strlen(l->after));
    if (bar < 1)
        fprintf(stderr, "\r%s", l->after);
    else
        fprintf(stderr, "\r%s%s%.*s%s%.*s%s", l->before, green, filled, full,
                end, bar - filled, rest, l->after);
    if (c->plain)
        fprintf(stderr, "%*s", drawn > c->drawn ? drawn - c->drawn : 0, "");
    else
        fputs("\033[K", stderr);
    fflush(stderr);
}

void progress_begin(console *c, const char *what, double done, double total)
{
    c->begun = seconds_now();
    c->shown = 0.0;
    c->first = done;
    c->total = total;
    c->later = -1.0;
    snprintf(c->what, sizeof c->what, "%s", what);
    if (c->live && !c->quiet)
        signals_end_line();
    if (total > 0.0)
        progress_show(c, done, 0.0, "%s", "");
}

double progress_pace(const console *c, double done)
{
    return done > c->first ? (seconds_now() - c->begun) / (done - c->first)
                           : 0.0;
}

void progress_show(console *c, double done, double tokens,
                   const char *format, ...)
{
    const double now = seconds_now(), pace = progress_pace(c, done);
    const double left = pace > 0.0 ? pace * (c->total - done) : -1.0;
    char details[TEXT_ROOM];
    progress_line line;
    va_list list;

    if (c->quiet || !c->live || caught || now - c->shown < 0.1)
        return;
    va_start(list, format);
    vsnprintf(details, sizeof details, format, list);
    va_end(list);
    line.done = done;
    line.total = c->total;
    line.what = c->what;
    line.details = details;
    line.rate = now > c->begun ? tokens / (now - c->begun) : 0.0;
    span_write(line.took, now - c->begun);
    span_write(line.left, left);
    span_write(line.run_took, now - c->started);
    span_write(line.run_left, left < 0.0 || c->later < 0.0 ? -1.0
                                                           : left + c->later);
    line_draw(c, &line, console_width() - 1);  // the last column may wrap
    line_drawn = c->plain ? LINE_PLAIN : LINE_ERASED;
    c->shown = now;
}

void progress_end(console *c)
{
    console_erase(c);
    fflush(stderr);
}
