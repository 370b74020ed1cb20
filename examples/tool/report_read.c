/* report_read.c - a run's folder for `sppo report`: settings, logs, checkpoint
 *
 * A log's last line may be half written: it counts when its end is there.   */

#include "report.h"
#include "files.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for twice as many; what was there stays. */
static sppo_result grow(sppo_ctx *ctx, void **items, size_t *room, size_t size)
{
    const size_t more = *room ? 2 * *room : 64;
    void *fresh = sppo_alloc(ctx, more, size);

    if (!fresh)
        return ctx->code;
    if (*room)
        memcpy(fresh, *items, *room * size);
    sppo_release(ctx, *items, *room * size);
    *items = fresh;
    *room = more;
    return SPPO_OK;
}

iteration_report *report_iteration(reported_run *run, double iteration)
{
    iteration_report *of;
    size_t room = (size_t)run->of_room;
    void *items = run->of;
    int i;

    while (run->iterations < iteration) {
        if (run->iterations == (int)room &&
            grow(run->ctx, &items, &room, sizeof *run->of) != SPPO_OK)
            return NULL;
        run->of = (iteration_report *)items;
        run->of_room = (int)room;
        of = &run->of[run->iterations++];
        memset(of, 0, sizeof *of);
        for (i = 0; i < COLUMNS; i++)
            of->mean[i] = (double)NAN;
        of->win = of->low = of->high = of->length = of->eos_rate = of->kl =
            of->base_length = of->base_eos_rate = of->peak = (double)NAN;
    }
    return &run->of[(int)iteration - 1];
}

void report_free(reported_run *run)
{
    sppo_ctx *ctx = run->ctx;

    if (!ctx)
        return;
    sppo_json_free(ctx, &run->json);
    sppo_release(ctx, run->settings, run->settings_size + 1);
    sppo_release(ctx, run->step, run->room * COLUMNS * sizeof *run->step);
    sppo_release(ctx, run->of, (size_t)run->of_room * sizeof *run->of);
    buffer_free(&run->texts);
}

/* ==== metrics.jsonl ====================================================== */

static const char *const names[COLUMNS] = {
    "step", "iteration", "loss", "loss_scaled", "win_rate/chosen",
    "win_rate/rejected", "logratios/chosen", "logratios/rejected",
    "mean_length", "eos_rate", "objective/kl", "objective/kl_reference",
    "objective/entropy", "cyclic_triples", "grad_norm", "learning_rate",
    "bits_per_byte", "accuracy", "margin", "eval/win_rate",
    "eval/win_rate/low", "eval/win_rate/high", "eval/watch/win_rate",
    "eval/watch/win_rate/low", "eval/watch/win_rate/high"
};

static sppo_result metrics_row(reported_run *run, row_reader *r, int number)
{
    double *v;
    void *items = run->step;
    char seen[VALUE_ROOM];
    int i;

    (void)number;
    if (run->steps == run->room)
        TRY(grow(run->ctx, &items, &run->room, COLUMNS * sizeof *run->step));
    run->step = (double *)items;
    v = run->step + run->steps * COLUMNS;
    TRY(rows_whole(r, "step", 0, 1e15, &v[STEP]));
    if (run->state.kind == RUN_ALIGN)
        TRY(rows_whole(r, "iteration", 1, 100000, &v[ITERATION]));
    else
        v[ITERATION] = 1.0;
    for (i = ITERATION + 1; i < COLUMNS; i++) {
        const int node = rows_find(r, names[i]);
        const int type = node < 0 ? SPPO_JSON_NULL
                                  : (int)r->json.node[node].type;

        if (type != SPPO_JSON_NULL && type != SPPO_JSON_NUMBER)
            return rows_fail(r, "\"%s\" must be a number or null, not %s",
                             names[i], rows_value(r, node, seen));
        v[i] = type == SPPO_JSON_NUMBER ? sppo_json_number(&r->json, node)
                                        : (double)NAN;
    }
    run->steps++;
    return SPPO_OK;
}

sppo_result report_rows(reported_run *run, const char *path,
                        sppo_result (*row)(reported_run *run, row_reader *r,
                                           int number), int most)
{
    row_reader r;
    sppo_result result;
    size_t end;
    int i = 0, more = 1, there;

    TRY(path_look(run->ctx, path, &there));
    if (!there)
        return SPPO_OK;
    result = rows_open(&r, run->ctx, path);
    for (end = r.size; result == SPPO_OK && end > 0 && r.data[end - 1] != '\n';)
        r.data[--end] = ' ';
    while (result == SPPO_OK && i < most) {
        result = rows_next(&r, &more);
        if (result != SPPO_OK || !more)
            break;
        result = row(run, &r, i++);
    }
    rows_close(&r);
    return result;
}

/* What each iteration has in the mean of its steps; the line of a validation
 * counts by the figures that it has.                                        */
static sppo_result metrics_means(reported_run *run)
{
    size_t s;
    int i, c, count[COLUMNS];
    iteration_report *of = NULL;

    for (s = 0; s < run->steps; s++) {
        const double *v = run->step + s * COLUMNS;

        if (!of || v[ITERATION] != of->mean[ITERATION]) {
            of = report_iteration(run, v[ITERATION]);
            if (!of)
                return run->ctx->code;
            memset(count, 0, sizeof count);
            for (i = 0; i < COLUMNS; i++)
                of->mean[i] = (double)NAN;
        }
        of->mean[ITERATION] = v[ITERATION];
        for (c = ITERATION + 1; c < COLUMNS; c++)
            if (isfinite(v[c])) {
                const double before = count[c] ? of->mean[c] : 0.0;

                of->mean[c] = before + (v[c] - before) / ++count[c];
            }
    }
    return SPPO_OK;
}

static sppo_result read_metrics(reported_run *run)
{
    char path[PATH_ROOM];

    path_join(path, run->path, "metrics.jsonl");
    TRY(report_rows(run, path, metrics_row, INT_MAX));
    return metrics_means(run);
}

/* ==== validation.csv, timing.csv ========================================= */

enum { CELLS_MOST = 32 };

/* A file of comma-separated lines under a line of names. */
typedef struct csv {
    sppo_ctx *ctx;
    const char *path;
    char *data, *at, *name[CELLS_MOST], *cell[CELLS_MOST];
    size_t size;
    int line, names;
} csv;

/* Cuts the line at hand into cells; 0: there is no whole one left. */
static int csv_line(csv *c, char **cell, int *count)
{
    char *end = strchr(c->at, '\n'), *at = c->at;

    *count = 0;
    if (!end)
        return 0;
    *end = 0;
    c->at = end + 1;
    c->line++;
    while (at && *count < CELLS_MOST) {
        cell[(*count)++] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = 0;
    }
    return 1;
}

static sppo_result csv_next(csv *c, int *more)
{
    int count;

    *more = csv_line(c, c->cell, &count);
    if (!*more || count == c->names)
        return SPPO_OK;
    return sppo_fail(c->ctx, SPPO_E_FORMAT, "%s line %d: it has %d values, but "
                     "line 1 has %d names", c->path, c->line, count, c->names);
}

static const char *csv_cell(const csv *c, const char *name)
{
    int i;

    for (i = 0; i < c->names; i++)
        if (!strcmp(c->name[i], name))
            return c->cell[i];
    return "";
}

/* What is empty, or not there at all, is NaN. */
static sppo_result csv_number(csv *c, const char *name, double *value)
{
    const char *text = csv_cell(c, name);
    char *end;

    *value = (double)NAN;
    if (!*text)
        return SPPO_OK;
    *value = strtod(text, &end);
    if (*end || !isfinite(*value))
        return sppo_fail(c->ctx, SPPO_E_FORMAT, "%s line %d: %s must be a "
                         "number, not %.40s", c->path, c->line, name, text);
    return SPPO_OK;
}

static sppo_result csv_iteration(csv *c, reported_run *run,
                                 iteration_report **of)
{
    double n;

    TRY(csv_number(c, "iteration", &n));
    if (!(n >= 1.0 && n <= 100000.0) || n != floor(n))
        return sppo_fail(c->ctx, SPPO_E_FORMAT, "%s line %d: iteration must be "
                         "a whole number from 1 to 100000, not \"%.40s\"",
                         c->path, c->line, csv_cell(c, "iteration"));
    *of = report_iteration(run, n);
    return *of ? SPPO_OK : c->ctx->code;
}

static sppo_result validation_row(csv *c, reported_run *run)
{
    iteration_report *of;

    TRY(csv_iteration(c, run, &of));
    TRY(csv_number(c, "win_rate", &of->win));
    TRY(csv_number(c, "low", &of->low));
    TRY(csv_number(c, "high", &of->high));
    TRY(csv_number(c, "mean_length", &of->length));
    TRY(csv_number(c, "mean_length_base", &of->base_length));
    TRY(csv_number(c, "eos_rate", &of->eos_rate));
    TRY(csv_number(c, "eos_rate_base", &of->base_eos_rate));
    return csv_number(c, "kl", &of->kl);
}

static sppo_result timing_row(csv *c, reported_run *run)
{
    static const char *const phases[PHASES] = { "sample", "judge", "fit",
                                                "save" };
    const char *phase = csv_cell(c, "phase");
    iteration_report *of;
    double seconds, peak;
    int i;

    TRY(csv_iteration(c, run, &of));
    TRY(csv_number(c, "seconds", &seconds));
    TRY(csv_number(c, "peak_mb", &peak));
    for (i = 0; i < PHASES; i++)
        if (!strcmp(phase, phases[i]) && isfinite(seconds))
            of->seconds[i] += seconds;
    of->peak = fmax(of->peak, peak);  // of a number and NaN: the number
    return SPPO_OK;
}

static sppo_result read_csv(reported_run *run, const char *name,
                            sppo_result (*row)(csv *c, reported_run *run))
{
    char path[PATH_ROOM];
    csv c;
    sppo_result result = SPPO_OK;
    int more = 1, there;

    memset(&c, 0, sizeof c);
    path_join(path, run->path, name);
    TRY(path_look(run->ctx, path, &there));
    if (!there)
        return SPPO_OK;
    c.ctx = run->ctx;
    c.path = path;
    TRY(sppo_file_read(run->ctx, path, &c.data, &c.size));
    c.at = c.data;
    csv_line(&c, c.name, &c.names);
    while (result == SPPO_OK) {
        result = csv_next(&c, &more);
        if (result != SPPO_OK || !more)
            break;
        result = row(&c, run);
    }
    sppo_release(run->ctx, c.data, c.size + 1);
    return result;
}

/* ==== the folder ========================================================= */

/* By its settings; whether they are of a run is for peek.c to say, too. */
static sppo_result read_settings(reported_run *run)
{
    static const char *const commands[] = { "align", "prefer", "pretrain" };
    char path[PATH_ROOM];
    int kind, study;

    path_join(path, run->path, "study.json");
    TRY(path_look(run->ctx, path, &study));
    path_join(path, run->path, "settings.json");
    TRY(path_look(run->ctx, path, &kind));
    if (kind != PATH_FILE)
        return sppo_fail(run->ctx, SPPO_E_ARGUMENT, "%.300s holds no run: "
                         "there is no settings.json in it%s", run->path, study
                         ? ", but a study, whose runs are folders of it; name "
                           "some of these" : "");
    TRY(sppo_file_read(run->ctx, path, &run->settings, &run->settings_size));
    TRY(sppo_json_parse(run->ctx, &run->json, run->settings,
                        run->settings_size, path));
    if (sppo_json_find(&run->json, 0, "sppo") < 0)
        return sppo_fail(run->ctx, SPPO_E_FORMAT, "%.300s: \"sppo\" is "
                         "missing, so it is not of a run of this tool", path);
    TRY(peek_state(run->ctx, run->path, &run->json, &run->state));
    run->command = command_find(commands[run->state.kind]);
    return SPPO_OK;
}

sppo_result report_read(reported_run *run)
{
    TRY(read_settings(run));
    TRY(read_metrics(run));
    if (run->state.kind != RUN_ALIGN)
        return SPPO_OK;
    TRY(read_csv(run, "validation.csv", validation_row));
    TRY(read_csv(run, "timing.csv", timing_row));
    return report_read_rows(run);
}
