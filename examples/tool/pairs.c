/* pairs.c - judgments of many models, two at a time */

#include "pairs.h"
#include "fields.h"
#include "judgments.h"
#include "means.h"

#include <stdlib.h>
#include <string.h>

void pairs_free(tool *t, pairs *p)
{
    sppo_release(&t->ctx, p->of, sizeof *p->of * (size_t)p->room);
    buffer_free(&p->models.text);
    memset(p, 0, sizeof *p);
}

static sppo_result pairs_grow(tool *t, pairs *p)
{
    const int room = p->room ? 2 * p->room : 256;
    pair *more;

    if (p->count < p->room)
        return SPPO_OK;
    more = (pair *)sppo_alloc(&t->ctx, (size_t)room, sizeof *more);
    if (!more)
        return t->ctx.code;
    if (p->count)
        memcpy(more, p->of, sizeof *more * (size_t)p->count);
    sppo_release(&t->ctx, p->of, sizeof *more * (size_t)p->room);
    p->of = more;
    p->room = room;
    return SPPO_OK;
}

pair_kind pairs_kind(const row_reader *r)
{
    return rows_find(r, "model_1") >= 0       ? PAIRS_MT_BENCH
           : rows_find(r, "model_a") >= 0     ? PAIRS_SOFT
           : rows_find(r, "generator_1") >= 0 ? PAIRS_ALPACA
                                              : PAIRS_NONE;
}

enum { SECOND = 0, FIRST, TIE, UNREAD, WINNERS };

/* Who won one of the two games, in which the answers stood in either order. */
static sppo_result pair_winner(tool *t, const char *key, int *winner)
{
    static const char *const said[] = { "model_2", "model_1", "tie", "error" };
    int i;

    TRY(rows_text(&t->rows, key, &t->rows.text));
    for (i = 0; i < WINNERS && strcmp(t->rows.text.data, said[i]); i++) {
    }
    *winner = i;
    if (i < WINNERS)
        return SPPO_OK;
    return rows_fail(&t->rows, "\"%s\" must be model_1, model_2, tie or "
                     "error, not \"%.60s\"", key, t->rows.text.data);
}

/* A judge that changes its mind with the order has found no difference. */
static sppo_result pair_games(tool *t, pair *x, int *judged)
{
    int first, second;

    TRY(rows_whole(&t->rows, "question_id", 0, 1e15, &x->question));
    TRY(pair_winner(t, "g1_winner", &first));
    TRY(pair_winner(t, "g2_winner", &second));
    *judged = first != UNREAD && second != UNREAD;
    x->contradiction = *judged && first != second;
    x->win = first == TIE || x->contradiction ? 0.5 : first;
    return SPPO_OK;
}

/* The current row as one more comparison. */
static sppo_result pairs_add(tool *t, pairs *p, pair_kind kind)
{
    static const char *const keys[][2] = {
        { "model_1", "model_2" }, { "model_1", "model_2" },
        { "model_a", "model_b" }, { "generator_2", "generator_1" }
    };
    pair *x;
    int judged = 1;

    TRY(pairs_grow(t, p));
    x = &p->of[p->count];
    memset(x, 0, sizeof *x);
    TRY(names_row(&p->models, &t->rows, keys[kind][0], &x->a));
    TRY(names_row(&p->models, &t->rows, keys[kind][1], &x->b));
    TRY(kind == PAIRS_SOFT     ? preference_label(t, 1, &x->win)
        : kind == PAIRS_ALPACA ? judgment_win(t, &x->win, &judged)
                               : pair_games(t, x, &judged));
    p->count += judged && x->a != x->b;
    p->unread += !judged;
    p->same += judged && x->a == x->b;
    return SPPO_OK;
}

sppo_result pairs_read(tool *t, pairs *p)
{
    pair_kind kind = PAIRS_NONE;
    int more;

    p->models.text.ctx = &t->ctx;
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            break;
        kind = kind ? kind : pairs_kind(&t->rows);
        TRY(pairs_add(t, p, kind));
    }
    if (p->count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no judgments of two "
                         "models", t->rows.path);
    if (p->same)
        note(&t->console, "left out %d rows that compare a model with itself",
             p->same);
    return SPPO_OK;
}

void pairs_won(const pairs *p, double *won)
{
    const int n = p->models.count;
    int i;

    for (i = 0; i < p->count; i++) {
        const pair *x = &p->of[i];
        won[x->a * n + x->b] += x->win;
        won[x->b * n + x->a] += 1.0 - x->win;
    }
}

const char *pairs_apart(const pairs *p, const double *won, double *mark)
{
    const int n = p->models.count;
    int i, j, reached = 1, before = 0;

    memset(mark, 0, sizeof *mark * (size_t)n);
    mark[0] = 1.0;
    while (reached > before) {
        before = reached;
        for (i = 0; i < n; i++)
            for (j = 0; j < n; j++)
                if (mark[i] > 0.0 && mark[j] < 1.0 &&
                    won[i * n + j] + won[j * n + i] > 0.0) {
                    mark[j] = 1.0;
                    reached++;
                }
    }
    for (i = 0; i < n; i++)
        if (mark[i] < 1.0)
            return name_text(&p->models, i);
    return NULL;
}

/* By question: what the interval takes as one stands together. */
static int pair_order(const void *a, const void *b)
{
    const double x = ((const pair *)a)->question;
    const double y = ((const pair *)b)->question;

    return (x > y) - (x < y);
}

/* What one model did. */
typedef struct tally {
    interval rate;
    int wins, losses, ties, contradictions;
} tally;

/* room: 2 * count numbers. */
static void pairs_tally(const pairs *p, int model, double *room, tally *sum)
{
    double *group = room + p->count;
    int i, n = 0;

    memset(sum, 0, sizeof *sum);
    for (i = 0; i < p->count; i++) {
        const pair *x = &p->of[i];
        const double win = x->a == model ? x->win : 1.0 - x->win;
        if (x->a != model && x->b != model)
            continue;
        sum->wins += win > 0.5;
        sum->losses += win < 0.5;
        sum->contradictions += x->contradiction;
        room[n] = win;
        group[n++] = x->question;
    }
    sum->ties = n - sum->wins - sum->losses;
    sum->rate = grouped_interval(room, group, n);
}

static sppo_result pairs_report(tool *t, const pairs *p, double *room)
{
    double rate[NAMES_MOST];
    int order[NAMES_MOST], i;
    tally sum;
    means m;

    for (i = 0; i < p->models.count; i++) {
        pairs_tally(p, i, room, &sum);
        rate[i] = sum.rate.mean;
    }
    means_order(rate, order, p->models.count);
    means_begin(&m, &t->ctx, t->set.json);
    means_list(&m, "models");
    for (i = 0; i < p->models.count; i++) {
        pairs_tally(p, order[i], room, &sum);
        means_open(&m, name_text(&p->models, order[i]));
        means_add(&m, "win rate adjusted", sum.rate, 4, "pairs", 0);
        means_count(&m, "wins", sum.wins);
        means_count(&m, "losses", sum.losses);
        means_count(&m, "ties", sum.ties);
        means_count(&m, "contradictions", sum.contradictions);
        means_close(&m);
    }
    means_list_end(&m);
    means_count(&m, "unread", p->unread);
    return means_end(&m);
}

static sppo_result pairs_all(tool *t, pairs *p)
{
    size_t bytes;
    double *room;
    sppo_result result;

    TRY(pairs_read(t, p));
    qsort(p->of, (size_t)p->count, sizeof *p->of, pair_order);
    bytes = 2 * sizeof *room * (size_t)p->count;
    room = (double *)sppo_alloc(&t->ctx, bytes, 1);
    if (!room)
        return t->ctx.code;
    result = pairs_report(t, p, room);
    sppo_release(&t->ctx, room, bytes);
    return result;
}

sppo_result evaluate_pairs(tool *t)
{
    pairs p;
    sppo_result result;

    memset(&p, 0, sizeof p);
    result = pairs_all(t, &p);
    pairs_free(t, &p);
    return result;
}
