/* report_shown.c - samples, preference matrices and times on the page of
 * `sppo report`                                                             */

#include "report.h"

#include <stdio.h>

/* ==== samples, matrices ================================================== */

static void show_sample(report_book *b, const reported_run *run,
                        const sample_report *s)
{
    const char *texts = run->texts.data;
    report_page *p = &b->page;
    char after[64];

    page_block(p, "sample");
    page_quote(p, "Prompt", texts + s->prompt.at, s->prompt.length, 0);
    page_block(p, "pair");
    page_block(p, "item");
    if (s->begun)
        page_quote(p, "Before", texts + s->before.at, s->before.length,
                   s->before_cut);
    else
        page_say(p, "Before: -");
    page_block_end(p);
    page_block(p, "item after");
    snprintf(after, sizeof after, "After iteration %d", s->of);
    if (s->of)
        page_quote(p, after, texts + s->after.at, s->after.length,
                   s->after_cut);
    else
        page_say(p, "After: no iteration is done yet");
    page_block_end(p);
    page_block_end(p);
    page_block_end(p);
}

void report_samples(report_book *b)
{
    report_page *p = &b->page;
    int i, j;

    page_heading(p, 2, "Samples before and after");
    page_block(p, "runs");
    for (i = 0; i < b->runs; i++) {
        const reported_run *run = &b->run[i];

        page_block(p, "item samples");
        report_name_run(b, run);
        for (j = 0; j < run->samples; j++)
            show_sample(b, run, &run->sample[j]);
        if (!run->samples)
            page_say(p, "The run has no samples.jsonl, being of an earlier "
                     "version.");
        page_block_end(p);
    }
    page_block_end(p);
}

/* In Markdown the picture is a table. */
static void matrix_table(report_page *p, const matrix_report *m)
{
    int i, j;

    page_table(p, "P(row beats column), percent");
    page_row(p, 1);
    page_cell(p, "rank");
    for (j = 0; j < m->shown; j++)
        page_cell(p, "%d", j + 1);
    page_row_end(p, 1);
    for (i = 0; i < m->shown; i++) {
        page_row(p, 0);
        page_cell(p, "%d", i + 1);
        for (j = 0; j < m->shown; j++)
            page_cell(p, "%.1f", 100 * m->p[i * m->shown + j]);
        page_row_end(p, 0);
    }
    page_table_end(p);
}

static void show_matrix(report_book *b, const reported_run *run, int number)
{
    const matrix_report *m = &run->matrix[number];
    const char *texts = run->texts.data;
    char remark[64];
    report_page *p = &b->page;
    int i;

    page_block(p, "item");
    if (p->markdown)
        matrix_table(p, m);
    else
        report_matrix_picture(m, run->judged, number + 1, p->out);
    page_quote(p, "Prompt", texts + m->prompt.at, m->prompt.length, 0);
    page_list(p);
    for (i = 0; i < m->shown; i++) {
        snprintf(remark, sizeof remark, "%s(win rate %.3f)",
                 m->cut[i] ? "(cut) " : "", m->win[i]);
        page_item(p, texts + m->response[i].at, m->response[i].length, remark);
    }
    page_list_end(p);
    page_block_end(p);
}

void report_matrices(report_book *b)
{
    report_page *p = &b->page;
    int i, j;

    page_heading(p, 2, "What the judge preferred");
    page_say(p, "The first prompts of the last whole iteration, whose K "
             "responses were compared in pairs. P goes from 1 to 0 along a row "
             "where there is an order; a circle breaks that.");
    for (i = 0; i < b->runs; i++) {
        report_name_run(b, &b->run[i]);
        page_block(p, "pictures");
        for (j = 0; j < b->run[i].matrices; j++)
            show_matrix(b, &b->run[i], j);
        page_block_end(p);
        if (!b->run[i].matrices)
            page_say(p, "No iteration is whole yet.");
    }
}

/* ==== time and memory ==================================================== */

static void time_table(report_book *b, const reported_run *run)
{
    static const char *const heads[] = { "iteration", "sample", "judge", "fit",
        "save and validate", "together", "most memory" };
    const int n = run->iterations, every = (n + ROWS_MOST - 1) / ROWS_MOST;
    report_page *p = &b->page;
    char v[64];
    int i, j;

    page_table(p, "Time of each phase");
    page_row(p, 1);
    for (i = 0; i < 7; i++)
        page_cell(p, "%s", heads[i]);
    page_row_end(p, 1);
    for (i = 0; i < n; i += every) {
        double sum = 0.0;

        page_row(p, 0);
        page_cell(p, "%d", i + 1);
        for (j = 0; j < PHASES; j++) {
            sum += run->of[i].seconds[j];
            page_cell(p, "%s", show_time(v, run->of[i].seconds[j]));
        }
        page_cell(p, "%s", show_time(v, sum));
        page_cell(p, "%s", show_figure(v, "%.0f MB", run->of[i].peak));
        page_row_end(p, 0);
    }
    page_table_end(p);
}

void report_time(report_book *b)
{
    int i;

    page_heading(&b->page, 2, "Time and memory");
    page_block(&b->page, "runs");
    for (i = 0; i < b->runs; i++) {
        page_block(&b->page, "item");
        report_name_run(b, &b->run[i]);
        if (report_seconds(&b->run[i], -1) > 0.0)
            time_table(b, &b->run[i]);
        else
            page_say(&b->page, "The run has no timing.csv.");
        page_block_end(&b->page);
    }
    page_block_end(&b->page);
}
