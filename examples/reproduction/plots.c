/* plots.c - the report's pictures
 *
 * Points are means over all seeds of the report, bands their 95 % intervals. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "report.h"
#include "../lessons/svg.h"
#include "../lessons/svg_heat.h"

/* A point with its interval; of one seed: none, of two: from one to the other,
 * for Student's interval of two is so wide that the lines would be lost.    */
void plot_interval(svg_plot *plot, const char *series, double x, interval y,
                   double scale)
{
    double half = y.n > 1 ? (y.high - y.low) / 2 : 0.0;

    if (y.n == 2)
        half /= student(1);
    if (y.n > 0)
        svg_add(plot, series, x, scale * y.mean, scale * (y.mean - half),
                scale * (y.mean + half));
}

/* What is said below a title: "95 % over 5 seeds". */
const char *plot_note(const report *r)
{
    static char note[64];
    int k, seeds = 0;

    for (k = 0; k < r->sets; k++)
        seeds += r->set[k]->plan.seeds;
    snprintf(note, sizeof note, seeds == 2 ? "mean and range of %d seeds"
                                           : "mean, and 95 %% over %d seeds",
             seeds);
    return note;
}

/* The run that method m's iteration `at` is measured by; the base is 0. */
static void method_run_name(char who[64], int m, int at, enum condition c)
{
    snprintf(who, 64, "%s%s", at ? method_name[m] : "base",
             condition_suffix[c]);
}

/* A metric by iteration, a line per method; the base is iteration 0. */
static void plot_iterations(report *r, enum condition c, const char *metric,
                            double scale, const char *title,
                            const char *y_label, const char *file)
{
    static svg_plot plot;
    char who[64];
    int m, at;
    FILE *out = report_file(r, file);

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (m = 0; m < METHODS; m++)
        for (at = 0; at <= ITERATIONS; at++) {
            method_run_name(who, m, at, c);
            plot_interval(&plot, method_title[m], at,
                      over_seeds(r, who, at, metric, -1), scale);
        }
    svg_write(&plot, title, "iteration (0: base policy)", y_label, out);
    report_close(out);
}

/* Judge against preference model: each method's path from the base, the points
 * numbered by iteration.  Below the diagonal the preference model sees more
 * progress than there is.                                                   */
static void plot_exploit(report *r, enum condition c, const char *title,
                         const char *file)
{
    static svg_plot plot;
    char who[64], iteration[16];
    int m, at;
    FILE *out = report_file(r, file);

    memset(&plot, 0, sizeof plot);
    plot.diagonal = 1;
    plot.note = plot_note(r);
    for (m = 0; m < METHODS; m++)
        for (at = 0; at <= ITERATIONS; at++) {
            method_run_name(who, m, at, c);
            plot_interval(&plot, method_title[m], 100 *
                      over_seeds(r, who, at, "proxy", -1).mean,
                      over_seeds(r, who, at, "gold_base", -1), 100);
            snprintf(iteration, sizeof iteration, "%d", at);
            svg_label(&plot, at > 0 ? iteration : "");
        }
    svg_write(&plot, title, "win rate against the base for the preference "
              "model, %", "for the judge, %", out);
    report_close(out);
}

/* log pi / pi_t of winners or losers over the steps of all iterations; metric:
 * "winner" or "loser".                                                      */
static void plot_likelihood(report *r, enum condition c, const char *metric,
                            const char *title, const char *file)
{
    static svg_plot plot;
    const int steps = r->p->epochs * ((r->p->prompts + BATCH - 1) / BATCH);
    char who[64];
    int m, at, i;
    FILE *out = report_file(r, file);

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (m = 0; m < METHODS; m++)
        for (at = 1; at <= ITERATIONS; at++) {
            method_run_name(who, m, at, c);
            svg_cut(&plot, method_title[m]);
            for (i = 0; i < steps; i += steps > 16 ? 4 : 1)
                plot_interval(&plot, method_title[m], (at - 1) * steps + i,
                          over_seeds(r, who, at, metric, i), 1);
        }
    svg_write(&plot, title, "step (each iteration begins at 0 again)",
              "log pi / pi_t, nats", out);
    report_close(out);
}

/* Players in order of their mean win rate, the strongest first. */
static void strongest_first(const double *won, int *order)
{
    double mean[PLAYERS] = { 0.0 };
    int i, j;

    for (i = 0; i < PLAYERS; i++) {
        order[i] = i;
        for (j = 0; j < PLAYERS; j++)
            mean[i] += won[i * PLAYERS + j];
    }
    for (i = 1; i < PLAYERS; i++)
        for (j = i; j > 0 && mean[order[j]] > mean[order[j - 1]]; j--)
            exchange(&order[j], &order[j - 1]);
}

static void plot_tournament(report *r, enum condition c, const char *metric,
                            const char *title, const char *file)
{
    double won[PLAYERS * PLAYERS], sorted[PLAYERS * PLAYERS];
    char label[PLAYERS][16];
    const char *name[PLAYERS];
    int order[PLAYERS], i, j;
    FILE *out = report_file(r, file);

    for (i = 0; i < PLAYERS; i++)
        for (j = 0; j < PLAYERS; j++)
            won[i * PLAYERS + j] = over_seeds(r, c == MILD ? "match"
                                              : "match-strong", i, metric,
                                              j).mean;
    strongest_first(won, order);
    for (i = 0; i < PLAYERS; i++) {
        const int m = (order[i] - 1) / ITERATIONS;

        if (order[i] == 0)
            snprintf(label[i], sizeof label[i], "base");
        else
            snprintf(label[i], sizeof label[i], "%s %d", method_title[m],
                     1 + (order[i] - 1) % ITERATIONS);
        name[i] = label[i];
        for (j = 0; j < PLAYERS; j++)
            sorted[i * PLAYERS + j] = won[order[i] * PLAYERS + order[j]];
    }
    svg_write_heat(sorted, PLAYERS, name, title, "mean over seeds",
                   "how often the row beats the column, %", out);
    report_close(out);
}

static void plot_eta(report *r)
{
    static svg_plot plot;
    static const char *const name[] = {
        "iteration 1", "iteration 2", "iteration 3"
    };
    int i, at;
    FILE *out = report_file(r, "eta.svg");

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    plot.log_x = 1;
    for (at = 1; at <= ITERATIONS; at++)
        svg_style(&plot, name[at - 1], SVG_SHADE + at - 1, 0);
    for (at = 1; at <= ITERATIONS; at++)
        for (i = 0; i < run_count; i++)
            if (runs[i].eta > 0.0)
                plot_interval(&plot, name[at - 1], runs[i].eta,
                          over_seeds(r, runs[i].name, at, "gold", -1), 100);
    svg_write(&plot, "SPPO by eta (mild bias)", "eta",
              "judge, win rate against the reference, %", out);
    report_close(out);
}

static void plot_cycle(report *r)
{
    static svg_plot plot;
    int i, round;
    FILE *out = report_file(r, "circle.svg");

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (i = 0; i < CYCLE_JUDGES; i++)
        for (round = 0; round <= r->p->rounds;
             round += r->p->rounds > 16 ? 2 : 1)
            plot_interval(&plot, cycle_judge[i], round,
                      over_seeds(r, cycle_judge[i], 0, "gap_mean",
                                 round), 1);
    svg_write(&plot, "Self-play in a circle: exploitability of the average",
              "round of self-play", "duality gap under the true preference",
              out);
    report_close(out);
}

static void plot_rerank(report *r, enum condition c, const char *title,
                        const char *file)
{
    static svg_plot plot;
    char who[64];
    int at;
    FILE *out = report_file(r, file);

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (at = 0; at <= ITERATIONS; at++) {
        interval first, gain;

        snprintf(who, sizeof who, "%s%s", at ? "sppo" : "base",
                 condition_suffix[c]);
        first = over_seeds(r, who, at, "first", -1);
        gain = over_seeds(r, who, at, "rerank_gain", -1);
        plot_interval(&plot, "one answer", at, first, 100);
        gain.low += first.mean;  // the band is that of the gain
        gain.high += first.mean;
        gain.mean += first.mean;
        plot_interval(&plot, "best of 16", at, gain, 100);
    }
    svg_write(&plot, title, "iteration of SPPO (0: base policy)",
              "judge, win rate against the reference, %", out);
    report_close(out);
}

void write_plots(report *r)
{
    static const struct {
        const char *metric, *title, *label, *file;
        double scale;
    } by_iteration[] = {
        { "gold", "The judge, against a fixed reference", "win rate, %",
          "gold", 100 },
        { "length", "Length", "words of an answer", "length", 1 }
    };
    static const char *const bias[CONDITIONS] = { "mild", "strong" };
    char title[96], file[64];
    int c, i;

    for (c = 0; c < CONDITIONS; c++) {
        const enum condition k = (enum condition)c;

        for (i = 0; i < 2; i++) {
            snprintf(title, sizeof title, "%s (%s)", by_iteration[i].title,
                     condition_name[c]);
            snprintf(file, sizeof file, "%s-%s.svg", by_iteration[i].file,
                     bias[c]);
            plot_iterations(r, k, by_iteration[i].metric, by_iteration[i].scale,
                            title, by_iteration[i].label, file);
        }
        snprintf(title, sizeof title, "Preference model and judge (%s)",
                 condition_name[c]);
        snprintf(file, sizeof file, "exploit-%s.svg", bias[c]);
        plot_exploit(r, k, title, file);
        for (i = 0; i < 2; i++) {
            snprintf(title, sizeof title, "%s while training (%s)",
                     i ? "Losers" : "Winners", condition_name[c]);
            snprintf(file, sizeof file, "%s-%s.svg", i ? "losers" : "winners",
                     bias[c]);
            plot_likelihood(r, k, i ? "loser" : "winner", title, file);
        }
        snprintf(title, sizeof title, "Best of 16 (%s)", condition_name[c]);
        snprintf(file, sizeof file, "rerank-%s.svg", bias[c]);
        plot_rerank(r, k, title, file);
        snprintf(title, sizeof title, "For the preference model (%s)",
                 condition_name[c]);
        snprintf(file, sizeof file, "proxy-heat-%s.svg", bias[c]);
        plot_tournament(r, k, "duel_proxy", title, file);
        snprintf(title, sizeof title, "For the judge (%s)", condition_name[c]);
        snprintf(file, sizeof file, "gold-heat-%s.svg", bias[c]);
        plot_tournament(r, k, "duel_gold", title, file);
    }
    plot_eta(r);
    plot_cycle(r);
}
