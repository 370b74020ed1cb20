/* methods_report.c - the second report: the methods side by side */
#include <math.h>
#include <stdio.h>

#include "lab.h"
#include "methods.h"
#include "report.h"

/* ==== text =============================================================== */

static void put_introduction(report *r)
{
    const plan *p = r->p;
    char seeds[64];

    fprintf(r->out, "# Methods side by side (%s)\n\n"
        "Made by `build/reproduce %s FOLDER`, sppo.h %s,\n"
        "seeds %s.  The questions, their criteria, the settings\n"
        "tried and both sets of seeds were fixed before the runs, in\n"
        "[questions.md](questions.md), which also says what each method is.\n"
        "Only o1 and o2 were not asked blind: the pilot that set the sizes, "
        "of a seed\nin neither set, had shown how best of n bends.\n"
        "Language, judge, annotators and preference models are those of the\n"
        "[first report](report.md), seed by seed; the taste for length is the\n"
        "strong one.  The same binary writes the same report, bit for bit, "
        "for\n"
        "any number of processes.\n\n", p->name, p->name, sppo_version(),
        seed_ranges(r, seeds));
    fputs(r->sets > 1
        ? "A verdict stands where both sets of seeds agree; else the question "
          "is\n"
          "undecided, and both verdicts stand in brackets.  Both are printed, "
          "the\n"
          "first above the second.  There are some fifty questions: expect a "
          "few\n"
          "errors among them.\n\n"
        : "This is one of the two sets of seeds: a verdict of one set alone "
          "is\n"
          "preliminary.\n\n", r->out);
}

static void put_limits(report *r)
{
    fputs(
        "A toy shows mechanisms, not scores: one language, one kind of bias,\n"
        "a preference model as large as the policy.  Four settings a method\n"
        "are few, and they are chosen by the preference model, which likes\n"
        "best what exploits it most; another choice, such as the judge's,\n"
        "would change the order.  KL is estimated from the policy's own\n"
        "answers, that of the best of n is its formula.  Where a policy falls\n"
        "apart its KL is large and the curves, which have two numbers, follow\n"
        "that end of the path.\n", r->out);
}

/* ==== tables ============================================================= */

/* The bias that a question is about; the circle has none, as in the first
 * report.                                                                   */
static enum condition asked_of(const claim *c)
{
    return is_asked(c, STRONG) ? STRONG : MILD;
}

static void put_questions(report *r)
{
    int i;

    fputs("| | question | said by | measured | verdict | command |\n"
          "|---|---|---|---|---|---|\n", r->out);
    for (i = 0; i < question_count; i++) {
        const claim *c = &questions[i];

        fprintf(r->out, "| %s | %s | %s | ", c->id, c->text, c->paper);
        put_measured(r, c, asked_of(c));
        fputs(" | ", r->out);
        put_verdict(r, c, asked_of(c));
        fprintf(r->out, " | `build/reproduce %s build/repro --claim %s` |\n",
                r->p->name, c->id);
    }
}

/* All methods after as many iterations; those that go on; the best of n. */
static void put_results(report *r)
{
    char who[64];
    int i, at, n;

    put_runs_head(r);
    put_run(r, "base-strong", 0);
    for (i = 0; i < contender_count; i++) {
        contender_run(&contenders[i], who);
        put_run(r, who, r->p->iterations);
    }
    for (i = 0; i < contender_count; i++) {
        contender_run(&contenders[i], who);
        if (contenders[i].longer)
            put_run(r, who, r->p->longer);
    }
    for (at = 0, n = 1; n <= r->p->pool; n *= 2, at++)
        if (at % 2 == 0)
            put_run(r, "best-of-strong", at);
    fputs("\nThe best of n stands under log2 n: 4 is the best of 16.\n",
          r->out);
}

/* Every iteration of every method. */
static void put_paths(report *r)
{
    char who[64];
    int i, at;

    put_runs_head(r);
    for (i = 0; i < contender_count; i++) {
        contender_run(&contenders[i], who);
        for (at = 1; at <= contender_iterations(r->p, &contenders[i]); at++)
            put_run(r, who, at);
    }
}

static const char *const curve_metric[CURVES][3] = {
    { "square_a", "square_b", "square_error" },
    { "log_a", "log_b", "log_error" }
};

static void put_number(report *r, const char *who, int at, const char *metric)
{
    const interval x = over_seeds(r, who, at, metric, -1);

    if (x.n == 0)
        fputs(" - |", r->out);
    else
        fprintf(r->out, " %.2f +- %.2f |", x.mean, x.high - x.mean);
}

/* Where the curve of the mean a and b is highest; far off it means nothing. */
static void put_peak(report *r, const char *who, int worth, curve form)
{
    const char *const *name = curve_metric[form];
    const curve_fit fit = {
        over_seeds(r, who, worth, name[0], -1).mean,
        over_seeds(r, who, worth, name[1], -1).mean, 0.0
    };
    const double d = curve_peak(form, &fit);

    if (d <= 10.0)
        fprintf(r->out, " %.1f |", d);
    else
        fputs(isnan(d) ? " - |" : " > 10 |", r->out);
}

static void put_curve(report *r, const char *title, const char *who)
{
    int worth, form, i;

    for (worth = 0; worth < 2; worth++) {
        fprintf(r->out, "| %s | %s |", title,
                worth ? "preference model" : "judge");
        for (form = 0; form < CURVES; form++) {
            for (i = 0; i < 3; i++)
                put_number(r, who, worth, curve_metric[form][i]);
            put_peak(r, who, worth, (curve)form);
        }
        fputc('\n', r->out);
    }
}

static void put_curves(report *r)
{
    char who[64];
    int i;

    fputs("| | gain for | a | b | error | highest at d | a | b | error | "
          "highest at d |\n|---|---|---|---|---|---|---|---|---|---|\n",
          r->out);
    put_curve(r, "best of n", "best-of-strong");
    for (i = 0; i < contender_count; i++) {
        contender_run(&contenders[i], who);
        put_curve(r, contenders[i].title, who);
    }
    fputs("\nFirst d (a - b d), then d (a - b log d), d = sqrt KL; gains over "
          "the base in\nlog odds, for the best of n over the best of 1; +- is "
          "the 95 % interval over all\nseeds.  Highest: of the curve with "
          "the mean a and b; one with b < 0 rises for ever.\n", r->out);
}

static void put_circle(report *r)
{
    char who[64];
    int i;

    fputs("| method | gap of the last policy | gap of the average | least "
          "share of the nine answers |\n|---|---|---|---|\n", r->out);
    for (i = 0; i < contender_count; i++) {
        snprintf(who, sizeof who, "circle-%s", contenders[i].name);
        fprintf(r->out, "| %s |", contenders[i].title);
        put_number(r, who, 0, "gap_last");
        put_number(r, who, 0, "gap_mean");
        put_number(r, who, 0, "inside");
        fputc('\n', r->out);
    }
}

/* Every setting that was tried; the judge chose nothing. */
static void put_tried(report *r, seed_set *set)
{
    const int seed = set->plan.tuning_seed, at = set->plan.tuned;
    store *s = &set->found;
    char who[64];
    int i, k;

    fprintf(r->out, "\nOn validation prompts of seed %d, after %d "
            "iterations:\n\n| method | eta | learning rate | preference "
            "model, %% | chosen | judge, %% (not used) | length | KL |\n"
            "|---|---|---|---|---|---|---|---|\n", seed, at);
    for (i = 0; i < contender_count; i++)
        for (k = 0; k < set->plan.settings && !contenders[i].like; k++) {
            const contender *c = &contenders[i];

            contender_try(c, k, who);
            fprintf(r->out, "| %s | %g | %g | %.1f | %s | %.1f | %.1f | %.1f "
                    "|\n", c->title, c->tried[k].eta, c->tried[k].lr,
                    100 * store_get(s, seed, who, at, "proxy", -1),
                    k == contender_choice(s, &set->plan, c) ? "yes" : "",
                    100 * store_get(s, seed, who, at, "gold_base", -1),
                    store_get(s, seed, who, at, "length", -1),
                    store_get(s, seed, who, at, "kl", -1));
        }
}

static void put_short_methods(FILE *out, const report *r)
{
    static const char *const row[][2] = {
        { "l", "SPPO beats DPO, IPO, DNO, REBEL, INPO, Nash-MD, RLOO, RLHF, "
          "GRPO, all tuned alike" },
        { "mn", "each of ten exploits the preference model; a pull keeps SPPO "
          "from that" },
        { "o", "Gao et al.: best of n, RLHF and SPPO bend, as their curves "
          "say; best of n leads" },
        { "pq", "a circle: averages beat last policies, a pull calms these; "
          "Bradley-Terry is worse" }
    };

    put_short(out, r, row, (int)(sizeof row / sizeof row[0]));
}

/* ==== all of it ========================================================== */

static void put_pictures(report *r)
{
    static const char *const picture[][2] = {
        { "gold-pairs", "judge by KL: squares and pairs" },
        { "gold-pulled", "judge by KL: pulled to the base" },
        { "gold-gradients", "judge by KL: policy gradients" },
        { "proxy-pairs", "preference model by KL: squares and pairs" },
        { "proxy-pulled", "preference model by KL: pulled to the base" },
        { "proxy-gradients", "preference model by KL: policy gradients" },
        { "curves", "both curves of Gao et al." },
        { "exploit-pairs", "judge against preference model: squares and "
          "pairs" },
        { "exploit-gradients", "judge against preference model: policy "
          "gradients" },
        { "pull", "SPPO with and without a pull" },
        { "circle-last", "the circle: last policies" },
        { "circle-average", "the circle: average policies" }
    };
    size_t i;

    fputs("Bands are 95 % intervals over all seeds; of two seeds they go from "
          "one to the\nother.  Pictures by distance end at d = 4: what went "
          "further is in the tables.\n\n", r->out);
    for (i = 0; i < sizeof picture / sizeof picture[0]; i++)
        fprintf(r->out, "![%s](methods-%s.svg)\n", picture[i][1],
                picture[i][0]);
}

static void put_body(report *r)
{
    int k;

    put_introduction(r);
    fputs("## In short\n\n", r->out);
    put_short_methods(r->out, r);
    fputs("\n## The questions\n\n", r->out);
    put_questions(r);
    fputs("\nThe command of a row does what that row needs and prints its\n"
          "numbers seed by seed (`--set second` does the second set).\n\n"
          "## The methods\n\n", r->out);
    put_results(r);
    fputs("\n## Curves\n\n", r->out);
    put_curves(r);
    fputs("\n## The circle\n\n", r->out);
    put_circle(r);
    fputs("\n## Pictures\n\n", r->out);
    put_pictures(r);
    fputs("\n## Settings tried\n", r->out);
    for (k = 0; k < r->sets; k++)
        put_tried(r, r->set[k]);
    fputs("\n## Every iteration\n\n", r->out);
    put_paths(r);
    fputs("\n## Seed by seed\n\n", r->out);
    put_all_evidence(r, NULL);
    fputs("\n## What this cannot show\n\n", r->out);
    put_limits(r);
}

void write_methods_report(report *r)
{
    FILE *out;

    r->out = report_file(r, "methods.md");
    put_body(r);
    report_close(r->out);
    write_methods_plots(r);
    write_metrics(r, "methods.csv");
    out = report_file(r, "methods-short.md");
    put_short_methods(out, r);
    report_close(out);
}
