/* report_parts.c - the parts of the page of `sppo report`, but for settings */

#include "report.h"

#include <math.h>
#include <stdio.h>

/* ==== how far, how well ================================================== */

static void say_state(report_book *b, const reported_run *run)
{
    static const char *const next[] = { "to sample", "to judge", "to judge",
                                        "to fit", "to save", "nothing" };
    const double at = run->state.align[1];
    const int phase = at >= 0.0 && at < 6.0 ? (int)at : 0;
    const char *name = run->command->name;

    if (*run->state.ended)
        page_say(&b->page, "%s, ended after %d of %.0f iterations: %s", name,
                 report_done(run), report_number(run, "iterations"),
                 run->state.ended);
    else if (report_finished(run) && run->state.kind == RUN_ALIGN)
        page_say(&b->page, "%s, finished: %d iterations.", name,
                 report_done(run));
    else if (report_finished(run))
        page_say(&b->page, "%s, finished: %d steps.", name, report_done(run));
    else if (run->state.kind == RUN_ALIGN)
        page_say(&b->page, "%s, not finished: %d of %.0f iterations are done; "
                 "next is %s (%.0f done). It goes on with sppo align --resume "
                 "--out %s", name, report_done(run),
                 report_number(run, "iterations"), next[phase],
                 run->state.saved ? run->state.align[2] : 0.0, run->path);
    else
        page_say(&b->page, "%s, not finished: %d of %.0f steps are done. It "
                 "goes on with sppo %s --resume --out %s", name,
                 report_done(run), run->state.steps, name, run->path);
}

static void fact_best(report_book *b, reported_run *run, int watch)
{
    const int best = report_best(run, watch);
    const iteration_report *of = best ? &run->of[best - 1] : NULL;
    char who[PATH_ROOM], value[64], remark[2 * PATH_ROOM];

    if (!best && watch)
        return;
    if (!best) {
        page_fact(&b->page, "Best iteration", "-", "not measured: with "
                  "--validation FILE each is compared with the base");
        return;
    }
    report_judge(run, watch, who, sizeof who);
    if (watch)
        show_interval(value, of->mean[WATCH], of->mean[WATCH_LOW],
                       of->mean[WATCH_HIGH]);
    else
        show_interval(value, of->win, of->low, of->high);
    snprintf(remark, sizeof remark, "win rate against the base %s, by %.900s",
             value, who);
    snprintf(value, sizeof value, "%d", best);
    page_fact(&b->page, watch ? "Best by the second judge" : "Best iteration",
              value, remark);
}

/* "24.9 to 23.8": from the policy that the run began with to the last one. */
static void fact_change(report_book *b, const reported_run *run,
                        const char *name, const char *unit, int cut)
{
    const iteration_report *first = run->iterations ? &run->of[0] : NULL;
    const iteration_report *last = first ? &run->of[run->iterations - 1] : NULL;
    double from = (double)NAN, to = (double)NAN;
    char value[160], a[64], z[64];
    int held = 0;

    if (first && isfinite(last->length)) {
        held = 1;
        from = cut ? 100 - 100 * first->base_eos_rate : first->base_length;
        to = cut ? 100 - 100 * last->eos_rate : last->length;
    } else if (first) {
        from = cut ? 100 - 100 * first->mean[EOS_RATE] : first->mean[LENGTH];
        to = cut ? 100 - 100 * last->mean[EOS_RATE] : last->mean[LENGTH];
    }
    snprintf(value, sizeof value, "%s to %s%s", show_figure(a, "%.1f", from),
             show_figure(z, "%.1f", to), unit);
    page_fact(&b->page, name, value, held
              ? "before, and after the last iteration; validation prompts"
              : "in the first and the last iteration's responses");
}

static void facts_align(report_book *b, reported_run *run)
{
    const int n = run->iterations;
    char value[64], parts[PHASES][64], remark[300];
    double peak = (double)NAN;
    int i;

    fact_best(b, run, 0);
    fact_best(b, run, 1);
    fact_change(b, run, "Tokens of a response", "", 0);
    fact_change(b, run, "Unfinished", " %", 1);
    page_fact(&b->page, "KL to the base",
              show_figure(value, "%.2f nats", n ? run->of[n - 1].kl
                                                : (double)NAN),
              "after the last iteration; validation prompts");
    for (i = 0; i < PHASES; i++)
        show_time(parts[i], report_seconds(run, i));
    snprintf(remark, sizeof remark, "sample %s, judge %s, fit %s, save and "
             "validate %s", parts[0], parts[1], parts[2], parts[3]);
    page_fact(&b->page, "Time", show_time(value, report_seconds(run, -1)),
              remark);
    for (i = 0; i < n; i++)
        peak = fmax(peak, run->of[i].peak);
    page_fact(&b->page, "Memory", show_figure(value, "%.0f MB", peak),
              "the most that a process of the run has had");
}

static void facts_training(report_book *b, const reported_run *run)
{
    static const struct { int column; const char *name, *format; } figures[] = {
        { LOSS, "Loss", "%.4f" }, { BITS, "Bits per byte", "%.3f" },
        { ACCURACY, "Accuracy", "%.3f" }, { MARGIN, "Margin", "%.3f" }
    };
    size_t i;
    char value[64];

    for (i = 0; i < sizeof figures / sizeof *figures; i++) {
        const double v = run->steps
            ? run->step[(run->steps - 1) * COLUMNS + (size_t)figures[i].column]
            : (double)NAN;

        if (isfinite(v))
            page_fact(&b->page, figures[i].name,
                      show_figure(value, figures[i].format, v),
                      "at the last step");
    }
}

void report_summary(report_book *b)
{
    int i;

    page_block(&b->page, "runs");
    for (i = 0; i < b->runs; i++) {
        reported_run *run = &b->run[i];

        page_block(&b->page, "item");
        if (b->runs > 1)
            page_heading(&b->page, 2, run->name);
        say_state(b, run);
        page_facts(&b->page);
        if (run->state.kind == RUN_ALIGN)
            facts_align(b, run);
        else
            facts_training(b, run);
        page_facts_end(&b->page);
        page_block_end(&b->page);
    }
    page_block_end(&b->page);
}

/* ==== iterations ========================================================= */

/* Other iterations whose interval goes above the best one's lower end. */
static int overlapping(const reported_run *run, int best, char *out,
                       size_t size)
{
    const double low = run->of[best - 1].low;
    size_t used = 0;
    int i, count = 0;

    out[0] = 0;
    for (i = 0; i < run->iterations && used < size; i++)
        if (i + 1 != best && run->of[i].high > low)
            used += (size_t)snprintf(out + used, size - used, "%s%d",
                                     count++ ? ", " : "", i + 1);
    return count;
}

static void say_best(report_book *b, reported_run *run)
{
    const int best = report_best(run, 0), watched = report_best(run, 1);
    char who[PATH_ROOM], second[PATH_ROOM], others[128];

    if (!best) {
        page_say(&b->page, "No iteration was compared with the policy that the "
                 "run began with: --validation FILE does that. Which is best "
                 "is not known.");
        return;
    }
    report_judge(run, 0, who, sizeof who);
    if (overlapping(run, best, others, sizeof others))
        page_say(&b->page, "Best by %s is iteration %d; the intervals of "
                 "others overlap with its own (%s), so it may be one of these.",
                 who, best, others);
    else
        page_say(&b->page, "Best by %s is iteration %d.", who, best);
    if (report_judge_changed(run))
        page_say(&b->page, "The judge was changed on the way, as the last "
                 "section says: rates before that are another's.");
    report_judge(run, 1, second, sizeof second);
    if (watched)
        page_say(&b->page, "Best by %s is iteration %d%s", second, watched,
                 watched == best ? ", the same." : ": another. What the run "
                 "learned from may be what misled it.");
    else
        page_say(&b->page, "That is the judge that the run learned from, which "
                 "what it rewards exploits: a second one that only looks on "
                 "would say more (--watch).");
}

static void iteration_row(report_book *b, const reported_run *run, int i,
                          int watched)
{
    const iteration_report *of = &run->of[i];
    const double none = (double)NAN;
    char v[64];
    report_page *p = &b->page;

    page_row(p, 0);
    page_cell(p, "%d%s", i + 1, i + 1 == report_best(run, 0) ? ", best" : "");
    page_cell(p, "%s", show_interval(v, of->win, of->low, of->high));
    if (watched)
        page_cell(p, "%s", show_interval(v, of->mean[WATCH],
                                          of->mean[WATCH_LOW],
                                          of->mean[WATCH_HIGH]));
    page_cell(p, "%s", show_interval(v, of->best.n ? of->best.mean : none,
                                      of->best.low, of->best.high));
    page_cell(p, "%s", show_interval(v, of->worst.n ? of->worst.mean : none,
                                      of->worst.low, of->worst.high));
    page_cell(p, "%s", show_figure(v, "%.1f", of->mean[LENGTH]));
    page_cell(p, "%s", show_figure(v, "%.2f %%",
                                   100 - 100 * of->mean[EOS_RATE]));
    page_cell(p, "%s", show_figure(v, "%.2f", of->kl));
    page_cell(p, "%s", show_figure(v, "%.4g", of->mean[LOSS_SCALED]));
    page_row_end(p, 0);
}

static void iteration_table(report_book *b, const reported_run *run)
{
    const int n = run->iterations, every = (n + ROWS_MOST - 1) / ROWS_MOST;
    const int watched = report_best(run, 1) > 0;
    report_page *p = &b->page;
    char caption[128];
    int i;

    snprintf(caption, sizeof caption, "Each %d. iteration; win rates with 95 "
             "%% intervals over prompts", every);
    page_table(p, every > 1 ? caption : "Win rates with 95 % intervals over "
                                        "prompts");
    page_row(p, 1);
    page_cell(p, "iteration");
    page_cell(p, "against the base");
    if (watched)
        page_cell(p, "by the second judge");
    page_cell(p, "best of the K");
    page_cell(p, "worst of the K");
    page_cell(p, "tokens");
    page_cell(p, "unfinished");
    page_cell(p, "KL to the base");
    page_cell(p, "loss / eta^2");
    page_row_end(p, 1);
    for (i = 0; i < n; i++)
        if (i % every == 0 || i + 1 == n || i + 1 == report_best(run, 0))
            iteration_row(b, run, i, watched);
    page_table_end(p);
}

/* What can be compared best of several runs, in one table. */
static void compare_runs(report_book *b)
{
    report_page *p = &b->page;
    char v[64];
    int i, j, n = 0, every;

    for (j = 0; j < b->runs; j++)
        n = b->run[j].iterations > n ? b->run[j].iterations : n;
    every = (n + ROWS_MOST - 1) / ROWS_MOST;
    page_table(p, "Win rates against the base, each by the run's own judge");
    page_row(p, 1);
    page_cell(p, "iteration");
    for (j = 0; j < b->runs; j++)
        page_cell(p, "%s", b->run[j].name);
    page_row_end(p, 1);
    for (i = 0; i < n; i += every) {
        page_row(p, 0);
        page_cell(p, "%d", i + 1);
        for (j = 0; j < b->runs; j++) {
            const iteration_report *of = i < b->run[j].iterations
                                       ? &b->run[j].of[i] : NULL;

            page_cell(p, "%s", of ? show_interval(v, of->win, of->low,
                                                  of->high) : "-");
        }
        page_row_end(p, 0);
    }
    page_table_end(p);
}

void report_iterations(report_book *b)
{
    int i;

    page_heading(&b->page, 2, "Iterations");
    if (b->runs > 1)
        compare_runs(b);
    for (i = 0; i < b->runs; i++) {
        report_name_run(b, &b->run[i]);
        if (b->run[i].steps || b->run[i].judged) {
            say_best(b, &b->run[i]);
            iteration_table(b, &b->run[i]);
        } else {
            page_say(&b->page, "None has begun to fit yet.");
        }
    }
    page_say(&b->page, "Tokens and unfinished share are of the responses that "
             "the iteration learned from, so of the policy before it.");
}

/* ==== log-ratios ========================================================= */

/* At the last step of each iteration that has one. */
static void ratio_rows(report_book *b, reported_run *run)
{
    const int every = (run->iterations + ROWS_MOST - 1) / ROWS_MOST;
    const int targets = report_has_targets(run);
    report_page *p = &b->page;
    char text[64];
    size_t s, next;

    for (s = 0; s < run->steps; s = next) {
        const double *v = run->step + s * COLUMNS, *last = v;
        const int iteration = (int)v[ITERATION];

        for (next = s; next < run->steps &&
             run->step[next * COLUMNS + ITERATION] == iteration; next++)
            if (isfinite(run->step[next * COLUMNS + RATIO_BEST]))
                last = run->step + next * COLUMNS;
        if (iteration % every && next < run->steps)
            continue;
        page_row(p, 0);
        page_cell(p, "%d", iteration);
        page_cell(p, "%s", show_figure(text, "%.2f", last[RATIO_BEST]));
        page_cell(p, "%s", show_figure(text, "%.2f", targets
                  ? report_target(run, last, WIN_BEST) : (double)NAN));
        page_cell(p, "%s", show_figure(text, "%.2f", last[RATIO_WORST]));
        page_cell(p, "%s", show_figure(text, "%.2f", targets
                  ? report_target(run, last, WIN_WORST) : (double)NAN));
        page_row_end(p, 0);
    }
}

void report_ratios(report_book *b)
{
    static const char *const heads[] = { "iteration", "best", "its target",
                                         "worst", "its target" };
    report_page *p = &b->page;
    int i, j;

    page_heading(p, 2, "Log-ratios and their targets");
    page_say(p, "log pi/pi_t of the best and the worst response, in nats. "
             "Where log Z is eta/2 and ratios are to pi_t, each is fitted to "
             "eta (P^ - 1/2): it begins at 0 in each iteration and should "
             "come to its target. Of other losses no target is shown.");
    report_ratio_pictures(b);
    page_block(p, "runs");
    for (i = 0; i < b->runs; i++) {
        page_block(p, "item");
        report_name_run(b, &b->run[i]);
        page_table(p, "At the last step of an iteration, nats");
        page_row(p, 1);
        for (j = 0; j < 5; j++)
            page_cell(p, "%s", heads[j]);
        page_row_end(p, 1);
        ratio_rows(b, &b->run[i]);
        page_table_end(p);
        page_block_end(p);
    }
    page_block_end(p);
}
