/* report_pictures.c - the curves and heat maps of `sppo report` */

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SVG_WIDTH 440
#define SVG_HEIGHT 300
#include "../lessons/svg.h"
#include "../lessons/svg_heat.h"

/* One picture at a time. */
static svg_plot plot;

static void plot_begin(const char *note)
{
    memset(&plot, 0, sizeof plot);
    plot.note = note;
}

/* A picture with nothing in it is left out. */
static void plot_end(report_book *b, const char *title, const char *x,
                     const char *y)
{
    if (!plot.points)
        return;
    plot.bare = plot.series < 2;
    plot.above = plot.series < 2 ? 0.0
               : plot.series < 4 ? 0.4 : 0.8;
    page_block(&b->page, "item");
    svg_write(&plot, title, x, y, b->page.out);
    page_block_end(&b->page);
}

/* The name of a run, as XML takes it; a long one is cut where a letter ends. */
static const char *plain(const reported_run *run, size_t most, char *out)
{
    const char *at = run->name;
    size_t left = strlen(at), used = 0, n;

    for (; left && used + 4 < most; left -= n, at += n) {
        n = page_letter(at, left);
        memcpy(out + used, n ? at : "?", n ? n : 1);
        used += n ? n : 1;
        n = n ? n : 1;
    }
    snprintf(out + used, 4, "%s", left ? ".." : "");
    return out;
}

/* ==== by step ============================================================ */

enum { BINS = 240 };  // more points than that nobody tells apart

/* What a picture draws of a step: a column, or what is worked out of one. */
typedef double (*figure)(const reported_run *run, const double *v, int column);

static double figure_itself(const reported_run *run, const double *v,
                            int column)
{
    (void)run;
    return v[column];
}

/* Means over as many steps as one point stands for; none over the end of an
 * iteration, where pi_t is another and the line is cut.                     */
static void draw_steps(const reported_run *run, const char *name, figure of,
                       int column)
{
    const size_t width = run->steps / BINS + 1;
    double x = 0.0, y = 0.0, iteration = -1.0;
    size_t s, n = 0;

    for (s = 0; s <= run->steps; s++) {
        const double *v = run->step + s * COLUMNS;
        const int other = s == run->steps || v[ITERATION] != iteration;

        if (n && (n == width || other)) {
            x /= (double)n;
            y /= (double)n;
            svg_add(&plot, name, x, y, y, y);
            x = y = 0.0;
            n = 0;
        }
        if (s == run->steps)
            break;
        if (other && iteration > 0.0)
            svg_cut(&plot, name);
        iteration = v[ITERATION];
        if (isfinite(of(run, v, column))) {
            x += v[STEP];
            y += of(run, v, column);
            n++;
        }
    }
}

/* A column of all runs in one picture. */
static void picture_of_steps(report_book *b, int column, const char *title,
                             const char *note, const char *y)
{
    char name[SVG_NAME + 4];
    int i;

    plot_begin(note);
    for (i = 0; i < b->runs; i++) {
        reported_run *run = &b->run[i];

        draw_steps(run, plain(run, SVG_NAME - 4, name), figure_itself, column);
    }
    plot_end(b, title, "step", y);
}

/* The run's name, where there are several. */
static const char *title_of(const report_book *b, const reported_run *run,
                            const char *title, char out[128])
{
    char name[40];

    if (b->runs < 2)
        return title;
    snprintf(out, 128, "%.80s: %s", plain(run, 32, name), title);
    return out;
}

/* ==== by iteration ======================================================= */

typedef interval (*outcome)(const iteration_report *of, int base);

/* An interval of no width. */
static interval exactly(double value)
{
    interval v = { value, value, value, 1 };

    return v;
}

/* base 1: of the policy that the run began with. */
static interval outcome_win(const iteration_report *of, int base)
{
    interval v = { of->win, of->low, of->high, 1 };

    return base ? exactly(0.5) : v;
}

static interval outcome_watch(const iteration_report *of, int base)
{
    interval v = { of->mean[WATCH], of->mean[WATCH_LOW],
                   of->mean[WATCH_HIGH], 1 };

    return base ? exactly(isfinite(of->mean[WATCH]) ? 0.5 : (double)NAN) : v;
}

static interval outcome_length(const iteration_report *of, int base)
{
    return exactly(base ? of->base_length : of->length);
}

static interval outcome_cut(const iteration_report *of, int base)
{
    return exactly(100.0 - 100.0 * (base ? of->base_eos_rate : of->eos_rate));
}

static interval outcome_kl(const iteration_report *of, int base)
{
    return exactly(base ? 0.0 * of->kl : of->kl);
}

static void draw_iterations(const reported_run *run, const char *name,
                            outcome of)
{
    int i;

    for (i = 0; i <= run->iterations && run->iterations; i++) {
        const interval v = i ? of(&run->of[i - 1], 0) : of(&run->of[0], 1);

        svg_add(&plot, name, i, v.mean, v.low, v.high);
    }
}

static int is_validated(const reported_run *run)
{
    return report_best(run, 0) > 0;
}

/* Of the responses of an iteration where there is no validation: those of the
 * policy that the iteration began with.                                     */
static void draw_rounds(const reported_run *run, const char *name, int column)
{
    int i;

    for (i = 0; i < run->iterations; i++) {
        const double v = column == EOS_RATE
            ? 100.0 - 100.0 * run->of[i].mean[EOS_RATE]
            : run->of[i].mean[column];

        svg_add(&plot, name, i, v, v, v);
    }
}

/* column: of the rounds, where there is no validation; -1: nothing is. */
static void picture_of_iterations(report_book *b, outcome of, int column,
                                  const char *title, const char *note,
                                  const char *y)
{
    char name[SVG_NAME + 4];
    int i;

    plot_begin(note);
    for (i = 0; i < b->runs; i++) {
        reported_run *run = &b->run[i];

        plain(run, SVG_NAME - 4, name);
        if (is_validated(run))
            draw_iterations(run, name, of);
        else if (column >= 0)
            draw_rounds(run, name, column);
    }
    plot_end(b, title, "iterations done", y);
}

/* ==== the page's pictures ================================================ */

void report_win_pictures(report_book *b)
{
    char title[128];
    int i;

    if (b->page.markdown)
        return;
    page_heading(&b->page, 2, "Win rates");
    page_block(&b->page, "pictures");
    picture_of_iterations(b, outcome_win, -1, "Win rate against the base",
                          "by the run's judge; bands: 95 % over prompts",
                          "win rate");
    for (i = 0; i < b->runs; i++) {
        const reported_run *run = &b->run[i];

        if (!report_best(run, 1))
            continue;
        plot_begin("against the base; bands: 95 % over prompts");
        draw_iterations(run, "the judge", outcome_win);
        draw_iterations(run, "who watched", outcome_watch);
        plot_end(b, title_of(b, run, "Judge and second judge", title),
                 "iterations done", "win rate");
    }
    for (i = 0; i < b->runs; i++) {
        const reported_run *run = &b->run[i];

        plot_begin("P^, against all K; means over a step's prompts");
        draw_steps(run, "best", figure_itself, WIN_BEST);
        draw_steps(run, "worst", figure_itself, WIN_WORST);
        plot_end(b, title_of(b, run, "Best and worst of the K", title), "step",
                 "win rate");
    }
    page_block_end(&b->page);
}

void report_ratio_pictures(report_book *b)
{
    char title[128];
    int i;

    if (b->page.markdown)
        return;
    page_block(&b->page, "pictures");
    for (i = 0; i < b->runs; i++) {
        reported_run *run = &b->run[i];

        plot_begin("of the best and the worst response, to pi_t");
        draw_steps(run, "best", figure_itself, RATIO_BEST);
        draw_steps(run, "worst", figure_itself, RATIO_WORST);
        if (plot.points && report_has_targets(run)) {
            draw_steps(run, "target of the best", report_target, WIN_BEST);
            draw_steps(run, "target of the worst", report_target, WIN_WORST);
            svg_style(&plot, "target of the best", 0, 1);
            svg_style(&plot, "target of the worst", 1, 1);
        }
        plot_end(b, title_of(b, run, "Log-ratios", title), "step", "nats");
    }
    page_block_end(&b->page);
}

void report_course_pictures(report_book *b)
{
    if (b->page.markdown)
        return;
    page_heading(&b->page, 2, "The course of the run");
    page_block(&b->page, "pictures");
    picture_of_iterations(b, outcome_length, LENGTH, "Length of a response",
                          "mean, of the policy after so many iterations",
                          "tokens");
    picture_of_iterations(b, outcome_cut, EOS_RATE, "Unfinished share",
                          "responses that were cut", "percent");
    picture_of_iterations(b, outcome_kl, -1, "KL to the base",
                          "mean of log pi / pi_base over pi's responses",
                          "nats");
    picture_of_steps(b, KL, "KL to pi_t", "over the kept responses", "nats");
    picture_of_steps(b, KL_REFERENCE, "KL to the reference",
                     "over the kept responses", "nats");
    picture_of_steps(b, ENTROPY, "Entropy", "of whole responses of pi_t",
                     "nats");
    picture_of_steps(b, LOSS_SCALED, "Loss", "divided by eta^2",
                     "loss / eta^2");
    if (b->run[0].state.kind != RUN_ALIGN) {
        picture_of_steps(b, LOSS, "Loss", NULL, "nats");
        picture_of_steps(b, BITS, "Bits per byte", NULL, "bits");
        picture_of_steps(b, ACCURACY, "Accuracy", NULL, "share");
        picture_of_steps(b, MARGIN, "Margin", "log-odds of the better one",
                         "nats");
    }
    picture_of_steps(b, GRAD_NORM, "Norm of the gradient",
                     "before it is clipped", "norm");
    picture_of_steps(b, RATE, "Learning rate", NULL, "rate");
    page_block_end(&b->page);
}

void report_matrix_picture(const matrix_report *m, int iteration, int number,
                           FILE *out)
{
    static const char *const rank[MATRIX_MOST] = { "1", "2", "3", "4", "5",
                                                   "6", "7", "8" };
    char title[64], note[96];

    snprintf(title, sizeof title, "Prompt %d", number);
    snprintf(note, sizeof note, "iteration %d: P(row beats column), percent",
             iteration);
    svg_write_heat(m->p, m->shown, rank, title, note,
                   m->shown < m->all ? "some of the responses, the best first"
                                     : "responses, the best first", out);
}
