/* game.c - sppo game: exact self-play on a preference matrix */

#include "tool.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A game at work: pairwise [n, n], the others [n]. */
typedef struct game {
    double *pairwise, *pi, *mean, *win, *last, *magnet;
    double support;  // -log of the least first probability
    int n;
    buffer line;     // a row of the matrix, as JSON
    sppo_json json;
} game;

/* n numbers of one comma-separated line: JSON's, in brackets. */
static sppo_result game_line(tool *t, game *g, const char *line, size_t length,
                             const char *where, double *out)
{
    sppo_json *json = &g->json;
    int i, at = 0;

    buffer_clear(&g->line);
    buffer_add(&g->line, "[", 1);
    buffer_add(&g->line, line, length);
    buffer_add(&g->line, "]", 1);
    TRY(buffer_check(&g->line));
    TRY(sppo_json_parse(&t->ctx, json, g->line.data, g->line.length, where));
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
static sppo_result game_matrix(tool *t, game *g, const char *data, size_t size)
{
    const int n = g->n;
    char where[PATH_ROOM + 32];
    size_t at = 0, length;
    int line, row = 0;

    for (line = 1; at < size; line++, at += length + 1) {
        length = strcspn(data + at, "\n");
        if (strspn(data + at, " \t\r") >= length)
            continue;
        snprintf(where, sizeof where, "%s line %d", t->set.matrix, line);
        if (row < n)
            TRY(game_line(t, g, data + at, length, where,
                          g->pairwise + (size_t)row * (size_t)n));
        row++;
    }
    if (row != n)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                         "%s has %d rows of %d: not square", t->set.matrix,
                         row, n);
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

    for (i = 0; i < n; i++)
        pi[i] = 1.0;
    if (t->set.start &&
        game_line(t, g, t->set.start, strlen(t->set.start), "--start", pi))
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

static void game_print(const tool *t, const game *g, int step)
{
    int i;

    printf("%8d  %8.4f  %8.4f  ", step,
           sppo_duality_gap(g->pairwise, g->pi, g->n),
           sppo_duality_gap(g->pairwise, g->mean, g->n));
    if (t->set.method == METHOD_MWU)  // no gap is above 1
        printf("%8.4f  ",
               fmin(1.0, sppo_gap_bound(g->support, t->set.eta, step)));
    for (i = 0; i < g->n; i++)
        printf(" %.3f", g->pi[i]);
    printf("  |");
    for (i = 0; i < g->n; i++)
        printf(" %.3f", g->mean[i]);
    printf("\n");
}

static void game_step(const tool *t, game *g, int step)
{
    const int every = t->set.magnet_every;
    const double eta = t->set.eta;
    double *spare = g->last;

    g->last = g->win;
    g->win = spare;
    sppo_exact_win_rates(g->win, g->pairwise, g->pi, g->n);
    switch (t->set.method) {
    case METHOD_OPTIMISTIC:
        sppo_optimistic_step(g->pi, g->pi, g->win,
                             step == 1 ? g->win : g->last, eta, g->n);
        break;
    case METHOD_MAGNETIC:
        sppo_magnetic_step(g->pi, g->pi, g->magnet, g->win, eta,
                           t->set.alpha, g->n);
        if (every && step % every == 0)
            memcpy(g->magnet, g->pi, (size_t)g->n * sizeof *g->pi);
        break;
    default:
        sppo_exact_step(g->pi, g->pi, g->win, eta, g->n);
    }
}

/* Step after step, shown at 1, 2, 5, 10, 20, 50 .. */
static sppo_result game_play(tool *t, game *g)
{
    int step, i, next = 1, tens = 1;

    printf("%8s  %8s  %8s  %s last policy | average policy\n", "step",
           "gap last", "average",
           t->set.method == METHOD_MWU ? "   bound  " : "");
    for (step = 1; step <= t->set.steps; step++) {
        for (i = 0; i < g->n; i++)
            g->mean[i] += (g->pi[i] - g->mean[i]) / step;
        if (step == next || step == t->set.steps)
            game_print(t, g, step);
        if (step == next) {
            next = next == tens ? 2 * tens : next == 2 * tens ? 5 * tens
                                                              : 10 * tens;
            tens = next == 10 * tens ? next : tens;
        }
        game_step(t, g, step);
    }
    return SPPO_OK;
}

/* Reads the game into the block and plays it. */
static sppo_result game_run(tool *t, game *g, const char *data, size_t size,
                            double *block)
{
    const int n = g->n;
    int i;

    g->pairwise = block;
    g->pi = block + (size_t)n * (size_t)n;
    g->mean = g->pi + n;
    g->win = g->mean + n;
    g->last = g->win + n;
    g->magnet = g->last + n;
    g->support = 0.0;
    TRY(game_matrix(t, g, data, size));
    TRY(game_start(t, g));
    memcpy(g->magnet, g->pi, (size_t)n * sizeof *g->pi);
    for (i = 0; i < n; i++)
        g->support = fmax(g->support, -log(g->pi[i]));
    return game_play(t, g);
}

sppo_result run_game(tool *t)
{
    char *data = NULL;
    size_t size = 0, i, entries;
    double *block;
    game g;
    sppo_result result;

    TRY(text_read(&t->ctx, &t->set.matrix, &data, &size));
    memset(&g, 0, sizeof g);
    g.line.ctx = &t->ctx;
    g.n = 1;
    for (i = strspn(data, " \t\r\n"); i < size && data[i] != '\n'; i++)
        g.n += data[i] == ',';
    entries = cells(1, g.n + 5);  // the matrix and five rows, and some
    block = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    result = block ? game_run(t, &g, data, size, block) : t->ctx.code;
    buffer_free(&g.line);
    sppo_json_free(&t->ctx, &g.json);
    sppo_release(&t->ctx, block, entries * sizeof(double));
    sppo_release(&t->ctx, data, size + 1);
    return result;
}
