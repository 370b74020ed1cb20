/* report_facts.c - what follows from a run's files: how far it is, which
 * iteration was best, who judged, how long it took; and figures as text     */

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *report_setting(reported_run *run, const char *name, char *out,
                           size_t size)
{
    const int node = sppo_json_find(&run->json, 0, name);
    const sppo_json_node *n = node < 0 ? NULL : &run->json.node[node];

    out[0] = 0;
    if (!n || n->type == SPPO_JSON_NULL)
        return NULL;
    if (n->type == SPPO_JSON_STRING)
        sppo_json_string(&run->json, node, out, size);
    else
        snprintf(out, size, "%.*s", (int)(n->end - n->begin),
                 run->json.text + n->begin);
    return out;
}

double report_number(const reported_run *run, const char *name)
{
    const int node = sppo_json_find(&run->json, 0, name);

    return node < 0 || run->json.node[node].type != SPPO_JSON_NUMBER
        ? (double)NAN : sppo_json_number(&run->json, node);
}

int report_done(const reported_run *run)
{
    const run_state *s = &run->state;

    if (s->kind == RUN_ALIGN)
        return s->align[0] > 0.0 && s->align[0] < 1e9 ? (int)s->align[0] : 0;
    if (s->saved)
        return s->step > 0.0 && s->step < 1e9 ? (int)s->step : 0;
    return run->steps ? (int)run->step[(run->steps - 1) * COLUMNS] : 0;
}

int report_finished(const reported_run *run)
{
    return run->state.kind == RUN_ALIGN
        ? run->state.saved && (run->state.align[1] >= SPPO_PHASE_DONE ||
                               *run->state.ended)
        : !run->state.saved;
}

int report_best(const reported_run *run, int by_watch)
{
    double most = -1.0;
    int i, best = 0;

    for (i = 0; i < run->iterations; i++) {
        const double win = by_watch ? run->of[i].mean[WATCH] : run->of[i].win;

        if (win > most) {
            most = win;
            best = i + 1;
        }
    }
    return best;
}

void report_judge(reported_run *run, int watch, char *out, size_t size)
{
    char name[PATH_ROOM];

    if (watch)
        snprintf(out, size, "the second judge, %s",
                 report_setting(run, "watch", name, sizeof name)
                 ? name : "not named");
    else if (report_setting(run, "judge", name, sizeof name))
        snprintf(out, size, "the program %s", name);
    else if (report_setting(run, "preference", name, sizeof name))
        snprintf(out, size, "the preference model %s", name);
    else
        snprintf(out, size, "the responses in the rows");
}

int report_judge_changed(const reported_run *run)
{
    const int history = sppo_json_find(&run->json, 0, "history");
    char name[16];
    int entry;

    for (entry = history < 0 ? -1 : run->json.node[history].first; entry >= 0;
         entry = run->json.node[entry].next) {
        name[0] = 0;
        sppo_json_string(&run->json, sppo_json_find(&run->json, entry,
                                                    "setting"), name,
                         sizeof name);
        if (!strcmp(name, "judge") || !strcmp(name, "preference"))
            return 1;
    }
    return 0;
}

double report_seconds(const reported_run *run, int phase)
{
    double sum = 0.0;
    int i, j;

    for (i = 0; i < run->iterations; i++)
        for (j = 0; j < PHASES; j++)
            sum += phase < 0 || phase == j ? run->of[i].seconds[j] : 0.0;
    return sum;
}

/* [Eq 4.6] with log Z = eta / 2, of ratios to pi_t alone. */
int report_has_targets(reported_run *run)
{
    char loss[64], baseline[64];

    return report_setting(run, "loss", loss, sizeof loss) &&
           !strcmp(loss, "sppo") &&
           (!report_setting(run, "baseline", baseline, sizeof baseline) ||
            !strcmp(baseline, "half")) && !(report_number(run, "pull") > 0.0);
}

double report_target(const reported_run *run, const double *v, int column)
{
    return report_number(run, "eta") * (v[column] - 0.5);
}

/* ---- figures as text ---- */

/* A figure, or a dash where there is none. */
const char *show_figure(char out[64], const char *format, double value)
{
    if (isfinite(value))
        snprintf(out, 64, format, value);
    else
        snprintf(out, 64, "-");
    return out;
}

const char *show_interval(char out[64], double mean, double low,
                                  double high)
{
    if (!isfinite(mean))
        snprintf(out, 64, "-");
    else if (!isfinite(low + high))
        snprintf(out, 64, "%.3f", mean);
    else
        snprintf(out, 64, "%.3f (%.3f to %.3f)", mean, low, high);
    return out;
}

/* "0:42", "1:02:03" */
const char *show_time(char out[64], double seconds)
{
    const double whole = floor(seconds + 0.5);
    const int hours = (int)fmin(whole / 3600.0, 1e8);
    const int rest = (int)(whole - 3600.0 * hours);

    if (!(seconds > 0.0))
        snprintf(out, 64, "-");
    else if (seconds < 10.0)
        snprintf(out, 64, "%.1f s", seconds);
    else if (hours)
        snprintf(out, 64, "%d:%02d:%02d", hours, rest / 60, rest % 60);
    else
        snprintf(out, 64, "%d:%02d", rest / 60, rest % 60);
    return out;
}

/* The name of a run above what is its own, where there are several. */
void report_name_run(report_book *b, const reported_run *run)
{
    if (b->runs > 1)
        page_heading(&b->page, 3, run->name);
}
