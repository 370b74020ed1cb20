/* game.c - sppo game: exact self-play on a preference matrix */

#include "game.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* n numbers of one comma-separated line: JSON's, in brackets. */
static sppo_result game_line(tool *t, game *g, const char *line, size_t length,
                             const char *where, double *out)
{
    sppo_json *json = &g->in->json;
    int i, at = 0;

    buffer_clear(&g->in->line);
    buffer_add(&g->in->line, "[", 1);
    buffer_add(&g->in->line, line, length);
    buffer_add(&g->in->line, "]", 1);
    TRY(buffer_check(&g->in->line));
    TRY(sppo_json_parse(&t->ctx, json, g->in->line.data, g->in->line.length,
                        where));
    if (json->node[0].count != g->n)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: %d numbers, not %d",
                         where, json->node[0].count, g->n);
    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        if (json->node[i].type != SPPO_JSON_NUMBER)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                             "%s: entry %d is not a number", where, at + 1);
        out[at++] = sppo_json_number(json, i);
    }
    return SPPO_OK;
}

/* The rows of the matrix; every line that is not blank is one. */
static sppo_result game_matrix(tool *t, game *g)
{
    const char *data = g->in->data;
    const int n = g->n;
    char where[PATH_ROOM + 32];
    size_t at = 0, length;
    int line, row = 0;

    for (line = 1; at < g->in->size; line++, at += length + 1) {
        length = strcspn(data + at, "\n");
        if (strspn(data + at, " \t\r") >= length)
            continue;
        snprintf(where, sizeof where, "%s line %d", t->set.matrix, line);
        TRY(game_line(t, g, data + at, length, where,
                      g->pairwise + (size_t)row * (size_t)n));
        row++;
    }
    if (sppo_preference_check(&t->ctx, g->pairwise, n, 1e-6) == SPPO_OK)
        return SPPO_OK;
    snprintf(where, sizeof where, "%.300s", t->ctx.message);
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: %s", t->set.matrix, where);
}

/* Uniform, or what --start says, made to sum to 1. */
static sppo_result game_start(tool *t, game *g)
{
    const int n = g->n;
    double *pi = g->pi;
    double sum = 0.0;
    int i;
    sppo_result result = SPPO_OK;

    for (i = 0; i < n; i++)
        pi[i] = 1.0;
    if (t->set.start)
        result = game_line(t, g, t->set.start, strlen(t->set.start), "--start",
                           pi);
    if (result == SPPO_E_MEMORY)
        return result;
    if (result != SPPO_OK)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--start takes %d numbers "
                         "and commas, not \"%.60s\"", n, t->set.start);
    for (i = 0; i < n; i++) {
        if (!(pi[i] > 0.0))
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                             "--start must be positive: what has no chance "
                             "never gets one");
        sum += pi[i];
    }
    for (i = 0; i < n; i++)
        pi[i] /= sum;
    return SPPO_OK;
}

enum { ANSWER = 6, SHOWN = 32 };  // columns of a number; numbers at most

/* A line of the table, with as many of the policies' numbers as it has room
 * for; 0: not all.                                                          */
static int game_print(const tool *t, const game *g, int step)
{
    int room = LINE_MOST - 2, whole, most, i;

    room -= printf("%8d  %9.3e  %9.3e ", step,
                   sppo_duality_gap(g->pairwise, g->pi, g->n),
                   sppo_duality_gap(g->pairwise, g->mean, g->n));
    if (!t->set.method)  // no gap is above 1
        room -= printf(" %9.3e ", fmin(1.0, sppo_gap_bound(g->support, g->eta,
                                                           step)));
    if (t->set.against_reference)
        room -= printf(" %6.4f  %9.3e ",
                       sppo_exact_value(g->pairwise, g->pi, g->first, g->n),
                       sppo_kl(g->pi, g->first, g->n));
    whole = 2 * g->n * ANSWER <= room;
    most = whole ? g->n : (room / 2 - 3) / ANSWER;
    for (i = 0; i < most; i++)
        printf(" %.3f", g->pi[i]);
    printf("%s%s", whole || !most ? "" : " ..", most ? " |" : "");
    for (i = 0; i < most; i++)
        printf(" %.3f", g->mean[i]);
    printf("%s\n", whole || !most ? "" : " ..");
    return whole;
}

/* What had no room in the last line of the table. */
static void game_whole(const char *title, const double *pi, int n)
{
    int i;

    printf("\n%s\n", title);
    for (i = 0; i < n && i < SHOWN; i++)
        printf("%s %.3f", i && i % 12 == 0 ? "\n" : "", pi[i]);
    printf(n > SHOWN ? " ..\n" : "\n");
}

static void game_heading(const tool *t)
{
    const settings *s = &t->set;

    printf("%8s  %9s  %9s %s%s%s\n", "step", "gap last", "average",
           s->method ? "" : "     bound ",
           s->against_reference ? "  P>1st   KL first " : "",
           !s->against_reference ? " last policy | average policy"
           : s->method ? " last | average" : "");
}

/* Step after step, shown at 1, 2, 5, 10, 20, 50 .. */
static void game_play(tool *t, game *g)
{
    const game_method *method = &game_methods[t->set.method];
    int step, i, next = 1, tens = 1, whole = 1;

    game_heading(t);
    for (step = 1; step <= t->set.steps; step++) {
        for (i = 0; i < g->n; i++)
            g->mean[i] += (g->pi[i] - g->mean[i]) / step;
        if (step == next || step == t->set.steps)
            whole = game_print(t, g, step);
        if (step == next) {
            next = next == tens ? 2 * tens : next == 2 * tens ? 5 * tens
                                                              : 10 * tens;
            tens = next == 10 * tens ? next : tens;
        }
        if (step < t->set.steps)
            method->step(g, step);
    }
    if (whole)
        return;
    game_whole("last policy", g->pi, g->n);
    game_whole("average policy", g->mean, g->n);
}

/* What the method makes of the options. */
static sppo_result game_settings(tool *t, game *g)
{
    const game_method *method = &game_methods[t->set.method];
    const int which = option_find(&t->parse, "eta", 3);

    if (which >= 0 && !t->parse.given[which])
        t->set.eta = method->eta;
    g->eta = t->set.eta;
    g->alpha = t->set.alpha;
    g->magnet_every = t->set.magnet_every;
    g->scheduled = t->set.schedule;
    if (strcmp(method->name, "nash-md") || g->scheduled ||
        g->eta * g->alpha <= 1.0)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--eta times --alpha is the "
                     "share of the reference, here %g: at most 1",
                     g->eta * g->alpha);
}

/* Whether the file is as large as n rows of n numbers are: the room for them is
 * the square of what the first row says.                                    */
static sppo_result game_size(tool *t, const game *g)
{
    const char *data = g->in->data;
    const size_t size = g->in->size;
    const int n = g->n;
    size_t at, length;
    int rows = 0;

    for (at = 0; at < size; at += length + 1) {
        length = strcspn(data + at, "\n");
        rows += strspn(data + at, " \t\r") < length;
    }
    if (rows != n)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has %d rows of %d: not "
                         "square", t->set.matrix, rows, n);
    if ((size + 1) / 2 / (size_t)n < (size_t)n)  // a digit, and what follows
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has %.0f bytes, too few "
                         "for %d rows of %d numbers", t->set.matrix,
                         (double)size, n, n);
    return SPPO_OK;
}

/* Reads the game into the block and plays it. */
static sppo_result game_run(tool *t, game *g, double *block)
{
    double **const row[] = { &g->pi, &g->mean, &g->win, &g->last, &g->first,
                             &g->magnet, &g->half, &g->reward };
    const int n = g->n;
    int i;

    g->pairwise = block;
    for (i = 0; i < GAME_ROWS; i++)
        *row[i] = block + (size_t)n * (size_t)(n + i);
    TRY(game_settings(t, g));
    TRY(game_names(t, g));
    TRY(g->in->won ? game_pairs(t, g) : game_matrix(t, g));
    TRY(game_start(t, g));
    memcpy(g->first, g->pi, (size_t)n * sizeof *g->pi);
    memcpy(g->magnet, g->pi, (size_t)n * sizeof *g->pi);
    for (i = 0; i < n; i++)
        g->support = fmax(g->support, -log(g->pi[i]));
    game_play(t, g);
    return t->set.rank ? game_rank(t, g) : SPPO_OK;
}

/* How many answers there are: of a matrix by its first row, of rows of JSON by
 * the models in them.                                                       */
static sppo_result game_count(tool *t, game *g)
{
    const char first = g->in->data[strspn(g->in->data, " \t\r\n")];
    char *data = g->in->data;
    size_t i;

    g->n = 1;
    if (first != '{' && first != '[') {
        for (i = strspn(data, " \t\r\n"); i < g->in->size; i++) {
            if (data[i] == '\n')
                break;
            g->n += data[i] == ',';
        }
        return game_size(t, g);
    }
    g->in->data = NULL;
    TRY(rows_adopt(&t->rows, &t->ctx, t->set.matrix, data, g->in->size));
    TRY(pairs_read(t, &g->in->judged));
    g->n = g->in->judged.models.count;
    g->in->won = (double *)sppo_alloc(&t->ctx, cells(1, g->n), sizeof(double));
    return g->in->won ? SPPO_OK : t->ctx.code;
}

static sppo_result game_all(tool *t, game *g)
{
    size_t entries;
    double *block;
    sppo_result result;

    TRY(text_read(&t->ctx, &t->set.matrix, &g->in->data, &g->in->size));
    TRY(game_count(t, g));
    entries = cells(1, g->n + GAME_ROWS);  // and some
    block = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    if (!block)
        return t->ctx.code;
    result = game_run(t, g, block);
    sppo_release(&t->ctx, block, entries * sizeof(double));
    return result;
}

sppo_result run_game(tool *t)
{
    game g;
    game_input in;
    sppo_result result;

    memset(&g, 0, sizeof g);
    memset(&in, 0, sizeof in);
    g.in = &in;
    in.line.ctx = &t->ctx;
    result = game_all(t, &g);
    sppo_release(&t->ctx, in.won, cells(1, g.n) * sizeof(double));
    pairs_free(t, &in.judged);
    buffer_free(&in.line);
    sppo_json_free(&t->ctx, &in.json);
    if (in.data)
        sppo_release(&t->ctx, in.data, in.size + 1);
    return result;
}
