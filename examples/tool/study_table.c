/* study_table.c - the table of a study: its runs by their win rate */

#include "study_table.h"
#include "files.h"
#include "validations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct study_row {
    int run;       // its number, from 0
    validation v;  // of its policy; NaN where there is none
} study_row;

/* The policy that --keep kept. The win rate of an average is the mean of those
 * of its policies, since each response is one of theirs.                    */
static void study_kept(study *s, study_row *row, const validations *v)
{
    const parser *p = &s->t->parse;
    const int which = option_find(p, "keep", 4);
    char keep[STUDY_VALUE];
    int i;

    option_value(p, which, keep, sizeof keep);
    if (p->list[which])
        study_option(p, which, row->run, keep);
    row->v = v->of[!strcmp(keep, "best") ? validations_best(v) : v->count - 1];
    if (strcmp(keep, "average"))
        return;
    row->v.low = row->v.high = row->v.kl = row->v.length = (double)NAN;
    row->v.watch_low = row->v.watch_high = (double)NAN;
    row->v.win_rate = row->v.watch = 0.0;
    for (i = 0; i < v->count; i++) {
        row->v.win_rate += v->of[i].win_rate / v->count;
        row->v.watch += v->of[i].watch / v->count;
    }
}

/* What the policy of a run is worth, by its validations. */
static sppo_result study_value(study *s, study_row *row)
{
    sppo_ctx *ctx = &s->t->ctx;
    validations v;

    study_name(s, row->run, s->name);
    path_join(s->path, s->t->set.out, s->name);
    TRY(validations_read(ctx, s->path, &v));
    row->v.win_rate = (double)NAN;
    if (v.count && !s->diverged[row->run])
        study_kept(s, row, &v);
    validations_free(ctx, &v);
    return SPPO_OK;
}

/* Best first; those without a rate last; else as they ran. */
static int study_order(const void *a, const void *b)
{
    const study_row *x = (const study_row *)a, *y = (const study_row *)b;
    const double p = x->v.win_rate, q = y->v.win_rate;

    if (p > q || (p == p && q != q))
        return -1;
    if (q > p || (q == q && p != p))
        return 1;
    return x->run - y->run;
}

/* A column of study.csv; empty where there is none. */
static void add_number(buffer *out, double value)
{
    buffer_format(out, ",");
    if (value - value == 0.0)
        buffer_format(out, "%.9g", value);
}

static void add_header(study *s, buffer *out)
{
    const parser *p = &s->t->parse;
    int i;

    buffer_format(out, "run,state");
    for (i = 0; i < p->count; i++)
        if (p->list[i])
            buffer_format(out, ",%s", p->options[i].name);
    buffer_format(out, ",iteration,win_rate,low,high,watch_win_rate,watch_low,"
                  "watch_high,mean_length,kl\n");
}

static void add_row(study *s, const study_row *row, buffer *out)
{
    const validation *v = &row->v;
    const double known = v->win_rate == v->win_rate ? 0.0 : (double)NAN;
    const parser *p = &s->t->parse;
    char value[STUDY_VALUE];
    int i;

    buffer_format(out, "%s,%s", s->name,
                  s->diverged[row->run] ? "diverged" : "complete");
    for (i = 0; i < p->count; i++)
        if (p->list[i]) {
            study_option(p, i, row->run, value);
            buffer_format(out, ",%s", value);
        }
    add_number(out, v->iteration + known);
    add_number(out, v->win_rate);
    add_number(out, v->low + known);
    add_number(out, v->high + known);
    add_number(out, v->watch + known);
    add_number(out, v->watch_low + known);
    add_number(out, v->watch_high + known);
    add_number(out, v->length + known);
    add_number(out, v->kl + known);
    buffer_format(out, "\n");
}

static void print_row(const study *s, const study_row *row, int width)
{
    const validation *v = &row->v;

    if (v->win_rate != v->win_rate) {
        printf("%-*s  %s\n", width, s->name, s->diverged[row->run]
               ? "diverged" : "no validation");
        return;
    }
    printf("%-*s  %8.4f", width, s->name, v->win_rate);
    if (v->low == v->low)
        printf("  %7.4f .. %6.4f  %9d  %6.1f  %7.3f", v->low, v->high,
               v->iteration, v->length, v->kl);
    else
        printf("  of the average of %d policies%13s", v->iteration, "");
    if (v->watch == v->watch)
        printf("  %7.4f", v->watch);
    printf("\n");
}

static sppo_result study_print(study *s, const study_row *row)
{
    buffer *out = &s->text;
    char path[PATH_ROOM];
    int i, width = 3;

    for (i = 0; i < s->count; i++) {
        study_name(s, i, s->name);
        width = (int)strlen(s->name) > width ? (int)strlen(s->name) : width;
    }
    buffer_clear(out);
    add_header(s, out);
    printf("%-*s  %8s  %17s  %9s  %6s  %7s%s\n", width, "run", "win rate",
           "95 %", "iteration", "length", "KL",
           s->t->set.watch ? "  --watch" : "");
    for (i = 0; i < s->count; i++) {
        study_name(s, row[i].run, s->name);
        add_row(s, &row[i], out);
        print_row(s, &row[i], width);
    }
    TRY(output_check(&s->t->ctx));
    TRY(buffer_check(out));
    path_join(path, s->t->set.out, "study.csv");
    return sppo_file_write(&s->t->ctx, path, out->data, out->length);
}

sppo_result study_table(study *s)
{
    const size_t count = (size_t)s->count;
    study_row *row = (study_row *)sppo_alloc(&s->t->ctx, count, sizeof *row);
    sppo_result result = row ? SPPO_OK : s->t->ctx.code;
    int i;

    for (i = 0; i < s->count && result == SPPO_OK; i++) {
        row[i].run = i;
        result = study_value(s, &row[i]);
    }
    if (result == SPPO_OK) {
        qsort(row, count, sizeof *row, study_order);
        result = study_print(s, row);
    }
    sppo_release(&s->t->ctx, row, count * sizeof *row);
    return result;
}
