/* grades.c - MT-Bench's single grades: a judge gives each answer 1 to 10 */

#include "grades.h"
#include "fields.h"
#include "means.h"
#include "questions.h"

#include <stdlib.h>
#include <string.h>

/* score -1: the judge's text held no grade. */
typedef struct grade {
    double question, turn, score;
    int model, category;
} grade;

typedef struct grades {
    grade *of;
    double *value, *group;  // those that are looked at, by question
    int count, room;
    names models;
    question_kinds kinds;
} grades;

enum { ANY = -1 };

static size_t grades_bytes(int room)
{
    return (size_t)room * (sizeof(grade) + 2 * sizeof(double));
}

static void grades_free(tool *t, grades *g)
{
    sppo_release(&t->ctx, g->of, grades_bytes(g->room));
    buffer_free(&g->models.text);
    question_kinds_free(t, &g->kinds);
}

/* Room for one row more; the arrays share a block. */
static sppo_result grades_grow(tool *t, grades *g)
{
    const int room = g->room ? 2 * g->room : 256;
    grade *block;

    if (g->count < g->room)
        return SPPO_OK;
    block = (grade *)sppo_alloc(&t->ctx, grades_bytes(room), 1);
    if (!block)
        return t->ctx.code;
    if (g->count)
        memcpy(block, g->of, sizeof(grade) * (size_t)g->count);
    sppo_release(&t->ctx, g->of, grades_bytes(g->room));
    g->of = block;
    g->value = (double *)(block + room);
    g->group = g->value + room;
    g->room = room;
    return SPPO_OK;
}

/* A number from 0 to 10, for judges give 0 too; what was no grade is -1, or
 * null where other programs wrote the file.                                 */
static sppo_result grade_score(tool *t, double *score)
{
    const int node = rows_find(&t->rows, "score");
    char seen[VALUE_ROOM];
    sppo_json_type type;

    if (node < 0)
        return rows_fail(&t->rows, "\"score\" is missing");
    type = t->rows.json.node[node].type;
    *score = sppo_json_number(&t->rows.json, node);
    if (type == SPPO_JSON_NULL ||
        (type == SPPO_JSON_NUMBER && !(*score + 1.0 > 0.0) &&
         !(*score + 1.0 < 0.0)))
        *score = -1.0;
    else if (type != SPPO_JSON_NUMBER || !(*score >= 0.0 && *score <= 10.0))
        return rows_fail(&t->rows, "\"score\" must be from 0 to 10, or -1 or "
                         "null where no grade could be read, not %s",
                         rows_value(&t->rows, node, seen));
    return SPPO_OK;
}

static sppo_result grades_add(tool *t, grades *g)
{
    grade *next;

    TRY(grades_grow(t, g));
    next = &g->of[g->count];
    TRY(names_row(&g->models, &t->rows, "model", &next->model));
    TRY(rows_whole(&t->rows, "question_id", 0, 1e15, &next->question));
    TRY(rows_whole(&t->rows, "turn", 1, 100, &next->turn));
    TRY(grade_score(t, &next->score));
    next->category = ANY;
    if (t->set.mt_bench)
        TRY(question_category(t, &g->kinds, next->question,
                              &next->category));
    g->count++;
    return SPPO_OK;
}

/* By question: what the interval takes as one stands together. */
static int grade_order(const void *a, const void *b)
{
    const double x = ((const grade *)a)->question;
    const double y = ((const grade *)b)->question;

    return (x > y) - (x < y);
}

/* The mean of some of the grades: of a model, a turn (0: any) and a category.
 * unread: how many of these could not be read.                              */
static interval grades_mean(const grades *g, int model, int turn, int category,
                            int *unread)
{
    int i, n = 0;

    *unread = 0;
    for (i = 0; i < g->count; i++) {
        const grade *a = &g->of[i];
        if (a->model != model || (turn && (int)a->turn != turn) ||
            (category != ANY && a->category != category))
            continue;
        if (a->score < 0.0) {
            ++*unread;
            continue;
        }
        g->value[n] = a->score;
        g->group[n++] = a->question;
    }
    return grouped_interval(g->value, g->group, n);
}

static void show_grade(const grades *g, means *m, const char *title, int model,
                       int turn, int category)
{
    int unread;
    const interval x = grades_mean(g, model, turn, category, &unread);

    means_add(m, title, x, 3, "grades", unread);
}

static void show_model(const grades *g, means *m, int model)
{
    const names *categories = &g->kinds.categories;
    int i;

    means_open(m, name_text(&g->models, model));
    show_grade(g, m, "first turn", model, 1, ANY);
    show_grade(g, m, "second turn", model, 2, ANY);
    show_grade(g, m, "mean", model, 0, ANY);
    if (categories->count) {
        means_open(m, "categories");
        for (i = 0; i < categories->count; i++)
            show_grade(g, m, name_text(categories, i), model, 0, i);
        means_close(m);
    }
    means_close(m);
}

/* All models, the best first. */
static sppo_result grades_report(tool *t, const grades *g)
{
    double mean[NAMES_MOST];
    means m;
    int i, order[NAMES_MOST], unread;

    for (i = 0; i < g->models.count; i++)
        mean[i] = grades_mean(g, i, 0, ANY, &unread).mean;
    means_order(mean, order, g->models.count);
    means_begin(&m, &t->ctx, t->set.json);
    means_list(&m, "models");
    for (i = 0; i < g->models.count; i++)
        show_model(g, &m, order[i]);
    means_list_end(&m);
    return means_end(&m);
}

static sppo_result grades_read(tool *t, grades *g)
{
    int more;

    g->models.text.ctx = &t->ctx;
    if (t->set.mt_bench)
        TRY(question_kinds_read(t, &g->kinds));
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            break;
        TRY(grades_add(t, g));
    }
    qsort(g->of, (size_t)g->count, sizeof *g->of, grade_order);
    return grades_report(t, g);
}

sppo_result evaluate_grades(tool *t)
{
    grades g;
    sppo_result result;

    memset(&g, 0, sizeof g);
    result = grades_read(t, &g);
    grades_free(t, &g);
    return result;
}
