/* report_rows.c - responses of a run, for `sppo report`: a few before and
 * after, what the judge made of the K, and how the kept two fared           */

#include "report.h"
#include "files.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The text at a node, or as it stands there, such as a list of ids. */
static text_place text_add(reported_run *run, const row_reader *r, int node)
{
    const sppo_json_node *n = &r->json.node[node];
    text_place place;

    place.at = run->texts.length;
    if (n->type == SPPO_JSON_STRING)
        buffer_unquote(&run->texts, &r->json, node);
    else
        buffer_add(&run->texts, r->json.text + n->begin, n->end - n->begin);
    place.length = run->texts.length - place.at;
    return place;
}

/* Field `key`, or the one of ids. */
static sppo_result field_find(row_reader *r, const char *key, int *node)
{
    char ids[64];

    snprintf(ids, sizeof ids, "%s_ids", key);
    *node = rows_find(r, key);
    if (*node < 0)
        *node = rows_find(r, ids);
    return *node < 0 ? rows_fail(r, "\"%s\" is missing", key) : SPPO_OK;
}

static int is_false(const row_reader *r, int node)
{
    return node >= 0 && r->json.node[node].type == SPPO_JSON_FALSE;
}

/* ==== samples.jsonl ====================================================== */

static sppo_result sample_row(reported_run *run, row_reader *r, int number)
{
    sample_report *s;
    double iteration;
    int prompt, response, i;

    TRY(rows_whole(r, "iteration", 0, 100000, &iteration));
    TRY(field_find(r, "prompt", &prompt));
    TRY(field_find(r, "response", &response));
    if (number == 0 || iteration != run->sampled)
        run->sample_of = 0;
    run->sampled = iteration;
    i = run->sample_of++;
    if (i >= SAMPLES_MOST)
        return SPPO_OK;
    s = &run->sample[i];
    if (i >= run->samples) {
        run->samples = i + 1;
        s->prompt = text_add(run, r, prompt);
    }
    if (iteration > 0.0) {
        s->of = (int)iteration;
        s->after = text_add(run, r, response);
        s->after_cut = is_false(r, rows_find(r, "finished"));
    } else {
        s->begun = 1;
        s->before = text_add(run, r, response);
        s->before_cut = is_false(r, rows_find(r, "finished"));
    }
    return buffer_check(&run->texts);
}

/* ==== judged.jsonl ======================================================= */

/* The K x K numbers at a node, into p; what fits. */
static sppo_result matrix_numbers(row_reader *r, int node, int k, double *p)
{
    int i = 0, j, line, cell;

    for (line = r->json.node[node].first; line >= 0;
         line = r->json.node[line].next, i++) {
        for (j = 0, cell = r->json.node[line].first; cell >= 0;
             cell = r->json.node[cell].next, j++) {
            const double value = sppo_json_number(&r->json, cell);

            if (i >= k || j >= k || !(value >= 0.0 && value <= 1.0))
                return rows_fail(r, "\"probabilities\" are not those of %d "
                                 "responses", k);
            p[(size_t)i * (size_t)k + (size_t)j] = value;
        }
        if (j != k)
            return rows_fail(r, "\"probabilities\" are not those of %d "
                             "responses", k);
    }
    return i == k ? SPPO_OK : rows_fail(r, "\"probabilities\" are not those of "
                                        "%d responses", k);
}

static double row_mean(const double *p, int k, int i)
{
    double sum = 0.0;
    int j;

    for (j = 0; j < k; j++)
        sum += p[(size_t)i * (size_t)k + (size_t)j] / k;
    return sum;
}

/* The response that so many others are better than; of equals the first. */
static int ranked(const double *win, int k, int rank)
{
    int i, j, better;

    for (i = 0; i < k - 1; i++) {
        for (better = j = 0; j < k; j++)
            better += win[j] > win[i] || (j < i && !(win[j] < win[i]));
        if (better == rank)
            break;
    }
    return i;
}

/* That entry of the list at a node, or -1. */
static int entry_of(const row_reader *r, int node, int which)
{
    int entry = node < 0 ? -1 : r->json.node[node].first;

    while (entry >= 0 && which-- > 0)
        entry = r->json.node[entry].next;
    return entry;
}

/* p: [k, k] probabilities, then room for k win rates.  Of more than there is
 * room for: the best, the worst, and evenly between.                        */
static void matrix_take(reported_run *run, const row_reader *r, int responses,
                        double *p, int k, matrix_report *m)
{
    double *win = p + cells(1, k);
    int which[MATRIX_MOST], i, j;

    for (i = 0; i < k; i++)
        win[i] = row_mean(p, k, i);
    m->all = k;
    m->shown = k < MATRIX_MOST ? k : MATRIX_MOST;
    for (i = 0; i < m->shown; i++) {
        which[i] = ranked(win, k, i * (k - 1) / (m->shown - 1));
        m->win[i] = win[which[i]];
        m->response[i] = text_add(run, r, entry_of(r, responses, which[i]));
        m->cut[i] = is_false(r, entry_of(r, rows_find(r, "finished"),
                                         which[i]));
    }
    for (i = 0; i < m->shown; i++)
        for (j = 0; j < m->shown; j++)
            m->p[i * m->shown + j] = p[(size_t)which[i] * (size_t)k
                                       + (size_t)which[j]];
}

static sppo_result judged_row(reported_run *run, row_reader *r, int number)
{
    matrix_report *m = &run->matrix[number];
    int prompt, responses, k;
    const int node = rows_find(r, "probabilities");
    size_t room;
    double *p;
    sppo_result result;

    TRY(field_find(r, "prompt", &prompt));
    TRY(field_find(r, "responses", &responses));
    k = r->json.node[responses].count;
    if (k < 2 || k > 1000 || node < 0)
        return rows_fail(r, "it has no \"responses\" and \"probabilities\" "
                         "that were compared");
    room = cells(1, k) + (size_t)k;
    p = (double *)sppo_alloc(run->ctx, room, sizeof *p);
    if (!p)
        return run->ctx->code;
    result = matrix_numbers(r, node, k, p);
    if (result == SPPO_OK) {
        m->prompt = text_add(run, r, prompt);
        matrix_take(run, r, responses, p, k, m);
        run->matrices = number + 1;
        result = buffer_check(&run->texts);
    }
    sppo_release(run->ctx, p, room * sizeof *p);
    return result;
}

/* ==== train.jsonl ======================================================== */

/* Adds a value to a mean, whose squares are kept in `high` until the end. */
static void interval_add(interval *v, double x)
{
    const double off = x - v->mean;

    v->n++;
    v->mean += off / v->n;
    v->high += off * (x - v->mean);
}

static void interval_end(interval *v)
{
    const double half = v->n < 2 ? HUGE_VAL
        : student(v->n - 1) * sqrt(v->high / (v->n - 1.0) / v->n);

    v->low = v->mean - half;
    v->high = v->mean + half;
}

static sppo_result train_row(reported_run *run, row_reader *r, int number)
{
    iteration_report *of = &run->of[run->reading - 1];
    const int best = rows_find(r, "chosen_probs_win");
    const int worst = rows_find(r, "chosen_probs_lose");

    (void)number;
    if (best < 0 || worst < 0)
        return SPPO_OK;
    interval_add(&of->best, sppo_json_number(&r->json, best));
    interval_add(&of->worst, sppo_json_number(&r->json, worst));
    return SPPO_OK;
}

/* ==== all of them ======================================================== */

static void rows_path(const reported_run *run, int iteration, const char *file,
                      char path[PATH_ROOM])
{
    char name[64];

    snprintf(name, sizeof name, "iter%d/%s", iteration, file);
    path_join(path, run->path, name);
}

/* Iterations whose rows are there, one after the other. */
sppo_result report_read_rows(reported_run *run)
{
    char path[PATH_ROOM];
    iteration_report *of;
    int kind;

    run->texts.ctx = run->ctx;
    path_join(path, run->path, "samples.jsonl");
    TRY(report_rows(run, path, sample_row, INT_MAX));
    for (run->reading = 1;; run->reading++) {
        rows_path(run, run->reading, "train.jsonl", path);
        TRY(path_look(run->ctx, path, &kind));
        if (kind != PATH_FILE)
            break;
        of = report_iteration(run, run->reading);
        if (!of)
            return run->ctx->code;
        TRY(report_rows(run, path, train_row, INT_MAX));
        interval_end(&run->of[run->reading - 1].best);
        interval_end(&run->of[run->reading - 1].worst);
    }
    run->judged = run->reading - 1;
    rows_path(run, run->judged, "judged.jsonl", path);
    return run->judged ? report_rows(run, path, judged_row, MATRICES_MOST)
                       : SPPO_OK;
}
