/* questions.c - the questions of MT-Bench, which --mt-bench names */

#include "questions.h"

#include <stdlib.h>
#include <string.h>

sppo_result question_row(row_reader *r, double *id, int *turns)
{
    const int node = rows_find(r, "turns");
    char seen[VALUE_ROOM];
    int i;

    TRY(rows_whole(r, "question_id", 0, 1e15, id));
    if (node < 0)
        return rows_fail(r, "\"turns\" is missing");
    if (r->json.node[node].type != SPPO_JSON_ARRAY ||
        r->json.node[node].count < 1)
        return rows_fail(r, "\"turns\" must be a list of questions, not %s",
                         rows_value(r, node, seen));
    for (i = r->json.node[node].first; i >= 0; i = r->json.node[i].next)
        if (r->json.node[i].type != SPPO_JSON_STRING)
            return rows_fail(r, "\"turns\" has %s, where a question must be",
                             rows_value(r, i, seen));
    *turns = node;
    return rows_text(r, "category", &r->text);
}

void question_kinds_free(tool *t, question_kinds *k)
{
    sppo_release(&t->ctx, k->of, sizeof *k->of * (size_t)k->room);
    buffer_free(&k->categories.text);
}

static sppo_result question_kinds_grow(tool *t, question_kinds *k)
{
    const int room = k->room ? 2 * k->room : 128;
    question_kind *more;

    if (k->count < k->room)
        return SPPO_OK;
    more = (question_kind *)sppo_alloc(&t->ctx, (size_t)room, sizeof *more);
    if (!more)
        return t->ctx.code;
    if (k->count)
        memcpy(more, k->of, sizeof *more * (size_t)k->count);
    sppo_release(&t->ctx, k->of, sizeof *more * (size_t)k->room);
    k->of = more;
    k->room = room;
    return SPPO_OK;
}

static int question_order(const void *a, const void *b)
{
    const double x = ((const question_kind *)a)->id;
    const double y = ((const question_kind *)b)->id;

    return (x > y) - (x < y);
}

static sppo_result question_kinds_rows(tool *t, question_kinds *k,
                                       row_reader *r)
{
    int more = 1, turns;

    TRY(rows_open(r, &t->ctx, t->set.mt_bench));
    while (more) {
        TRY(rows_next(r, &more));
        if (!more)
            break;
        TRY(question_kinds_grow(t, k));
        TRY(question_row(r, &k->of[k->count].id, &turns));
        TRY(names_row(&k->categories, r, "category",
                      &k->of[k->count].category));
        k->count++;
    }
    if (k->count)
        qsort(k->of, (size_t)k->count, sizeof *k->of, question_order);
    return SPPO_OK;
}

sppo_result question_kinds_read(tool *t, question_kinds *k)
{
    row_reader r;
    sppo_result result;

    rows_begin(&r, &t->ctx, t->set.mt_bench);
    k->categories.text.ctx = &t->ctx;
    result = question_kinds_rows(t, k, &r);
    rows_close(&r);
    return result;
}

sppo_result question_category(tool *t, const question_kinds *k, double id,
                              int *category)
{
    question_kind asked;
    const question_kind *found;

    asked.id = id;
    asked.category = 0;
    found = k->count ? (const question_kind *)bsearch(
        &asked, k->of, (size_t)k->count, sizeof asked, question_order) : NULL;
    if (!found)
        return rows_fail(&t->rows, "question %.0f is not in %s", id,
                         t->set.mt_bench);
    *category = found->category;
    return SPPO_OK;
}
