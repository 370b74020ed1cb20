/* methods_plots.c - the pictures of the second report
 *
 * Points are means over all seeds of the report, bands their 95 % intervals. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "methods.h"
#include "report.h"
#include "../lessons/svg.h"

/* What fits into one picture: SPPO and the best of n are in all. */
typedef struct group {
    const char *name, *title;
    const char *member[SVG_SERIES];
} group;

static const group groups[] = {
    { "pairs", "squares and pairs",
      { "sppo", "dpo", "ipo", "dno", "rebel" } },
    { "pulled", "pulled to the base",
      { "sppo", "pull-0.1", "pull-0.3", "inpo", "nash-md" } },
    { "gradients", "policy gradients", { "sppo", "rloo", "rlhf", "grpo" } }
};

/* How far a picture reaches: a policy that fell apart is beyond it. */
static const double farthest = 4.0;

static int in_group(const group *g, const char *name)
{
    int i;

    for (i = 0; i < SVG_SERIES && g->member[i]; i++)
        if (strcmp(g->member[i], name) == 0)
            return 1;
    return 0;
}

/* The d of a point, the square root of the mean KL; NAN: not measured. */
static double distance(const report *r, const char *who, int at)
{
    const interval kl = over_seeds(r, who, at, "kl", -1);

    return kl.n > 0 ? sqrt(fmax(kl.mean, 0.0)) : (double)NAN;
}

/* Less what the base has; the base's own spread over seeds is left in. */
static interval gain(const report *r, const char *who, int at,
                     const char *metric)
{
    const char *from = strcmp(who, "best-of-strong") ? "base-strong" : who;
    const double base = over_seeds(r, from, 0, metric, -1).mean;
    interval x = over_seeds(r, who, at, metric, -1);

    x.mean -= base, x.low -= base, x.high -= base;
    return x;
}

static int top_level(const report *r)
{
    int top = 0;

    while (2 << top <= r->p->pool)
        top++;
    return top;
}

/* One line by d: of iterations 0 (the base) to `last`, or of the best of n. */
static void add_path(svg_plot *plot, const report *r, const char *series,
                     const char *who, int last, const char *metric)
{
    int at;

    for (at = 0; at <= last; at++) {
        const int base = at == 0 && strcmp(who, "best-of-strong") != 0;
        const char *from = base ? "base-strong" : who;
        const double d = distance(r, from, at);

        if (d <= farthest)
            plot_interval(plot, series, d, gain(r, from, at, metric), 1);
    }
}

static void plot_by_distance(report *r, const group *g, const char *metric,
                             const char *what, const char *label,
                             const char *file)
{
    static svg_plot plot;
    char title[96], name[64], who[64];
    int i;
    FILE *out;

    snprintf(name, sizeof name, "methods-%s-%s.svg", file, g->name);
    snprintf(title, sizeof title, "%s by distance (%s)", what, g->title);
    out = report_file(r, name);
    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (i = 0; i < contender_count; i++) {
        contender_run(&contenders[i], who);
        if (in_group(g, contenders[i].name))
            add_path(&plot, r, contenders[i].title, who,
                     contender_iterations(r->p, &contenders[i]), metric);
    }
    add_path(&plot, r, "best of n", "best-of-strong", top_level(r), metric);
    svg_write(&plot, title, "d = square root of the KL to the base, in nats",
              label, out);
    report_close(out);
}

/* A method's path, judge against preference model, points by iteration. */
static void plot_exploits(report *r, const group *g)
{
    static svg_plot plot;
    char title[96], name[64], who[64], mark[16];
    int i, at;
    FILE *out;

    snprintf(name, sizeof name, "methods-exploit-%s.svg", g->name);
    snprintf(title, sizeof title, "Preference model and judge (%s)", g->title);
    out = report_file(r, name);
    memset(&plot, 0, sizeof plot);
    plot.diagonal = 1;
    plot.note = plot_note(r);
    for (i = 0; i < contender_count; i++) {
        contender_run(&contenders[i], who);
        for (at = 0; at <= r->p->iterations &&
                     in_group(g, contenders[i].name); at++) {
            const char *from = at ? who : "base-strong";

            plot_interval(&plot, contenders[i].title,
                          100 * over_seeds(r, from, at, "proxy", -1).mean,
                          over_seeds(r, from, at, "gold_base", -1), 100);
            snprintf(mark, sizeof mark, "%d", at);
            svg_label(&plot, at > 0 && at % 3 == 0 ? mark : "");
        }
    }
    svg_write(&plot, title, "win rate against the base for the preference "
              "model, %", "for the judge, %", out);
    report_close(out);
}

/* A fitted curve, thin and dashed, as far as its points go. */
static void add_curve(svg_plot *plot, const report *r, const char *series,
                      const char *who, curve form, double to)
{
    enum { STEPS = SVG_MANY + 1 };
    curve_fit fit = { 0.0, 0.0, 0.0 };
    int i;

    fit.a = over_seeds(r, who, 0, form == SQUARE ? "square_a" : "log_a",
                       -1).mean;
    fit.b = over_seeds(r, who, 0, form == SQUARE ? "square_b" : "log_b",
                       -1).mean;
    for (i = 0; i <= STEPS; i++) {
        const double d = to * i / STEPS, y = curve_at(form, &fit, d);

        svg_add(plot, series, d, y, y, y);
    }
}

/* Best of n, RLHF and SPPO for the judge, and the curves that Gao et al. have
 * for such.                                                                 */
static void plot_curves(report *r)
{
    static svg_plot plot;
    static const struct {
        const char *title, *fit, *who;
        curve form;
    } line[] = {
        { "best of n", "a d - b d d", "best-of-strong", SQUARE },
        { "RLHF", "a d - b d log d", "rlhf-strong", LOGARITHM },
        { "SPPO", "a d - b d log d ", "sppo-strong", LOGARITHM }
    };
    FILE *out = report_file(r, "methods-curves.svg");
    int i;

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (i = 0; i < 3; i++) {
        const int last = i == 0 ? top_level(r)
                       : i == 1 ? r->p->iterations : r->p->longer;

        svg_style(&plot, line[i].title, i, 0);
        add_path(&plot, r, line[i].title, line[i].who, last, "utility");
        svg_style(&plot, line[i].fit, i, 1);
        add_curve(&plot, r, line[i].fit, line[i].who, line[i].form,
                  fmin(farthest, distance(r, line[i].who, last)));
    }
    svg_write(&plot, "Curves fitted to the judge's gain",
              "d = square root of the KL to the base, in nats",
              "gain in the judge's utility, log odds", out);
    report_close(out);
}

/* SPPO and its pulls: judge whole, preference model dashed. */
static void plot_pull(report *r)
{
    static svg_plot plot;
    static const char *const name[] = { "sppo", "pull-0.1", "pull-0.3" };
    static const char *const title[] = { "no pull", "pull 0.1", "pull 0.3" };
    FILE *out = report_file(r, "methods-pull.svg");
    char who[64], series[64];
    int i, at, proxy;

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (i = 0; i < 3; i++)
        for (proxy = 0; proxy < 2; proxy++) {
            snprintf(series, sizeof series, "%s, %s", title[i],
                     proxy ? "model" : "judge");
            snprintf(who, sizeof who, "%s-strong", name[i]);
            svg_style(&plot, series, i, proxy);
            for (at = 0; at <= r->p->longer; at++)
                plot_interval(&plot, series, at,
                              over_seeds(r, at ? who : "base-strong", at,
                                         proxy ? "proxy" : "gold_base", -1),
                              100);
        }
    svg_write(&plot, "SPPO with a pull: judge, and preference model (dashed)",
              "iteration (0: base policy)", "win rate against the base, %",
              out);
    report_close(out);
}

static void plot_circle(report *r, const char *metric, const char *title,
                        const char *file)
{
    static const char *const name[] = {
        "sppo", "dno", "inpo", "nash-md", "rloo", "rlhf"
    };
    static svg_plot plot;
    FILE *out = report_file(r, file);
    char who[64];
    int i, k, round;

    memset(&plot, 0, sizeof plot);
    plot.note = plot_note(r);
    for (k = 0; k < 6; k++)
        for (i = 0; i < contender_count; i++) {
            snprintf(who, sizeof who, "circle-%s", name[k]);
            for (round = 0; round <= r->p->rounds &&
                            strcmp(contenders[i].name, name[k]) == 0;
                 round += r->p->rounds > 16 ? 2 : 1)
                plot_interval(&plot, contenders[i].title, round,
                              over_seeds(r, who, 0, metric, round), 1);
        }
    svg_write(&plot, title, "round of self-play",
              "duality gap under the true preference", out);
    report_close(out);
}

void write_methods_plots(report *r)
{
    size_t i;

    for (i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        plot_by_distance(r, &groups[i], "utility", "The judge's gain",
                         "gain in the judge's utility, log odds", "gold");
        plot_by_distance(r, &groups[i], "proxy_score",
                         "The preference model's gain",
                         "gain in its log odds against the base", "proxy");
    }
    plot_exploits(r, &groups[0]);
    plot_exploits(r, &groups[2]);
    plot_curves(r);
    plot_pull(r);
    plot_circle(r, "gap_last", "The circle: last policies",
                "methods-circle-last.svg");
    plot_circle(r, "gap_mean", "The circle: averages of all policies",
                "methods-circle-average.svg");
}
