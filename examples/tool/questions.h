/* questions.h - the questions of MT-Bench, which --mt-bench names */

#ifndef SPPO_TOOL_QUESTIONS_H
#define SPPO_TOOL_QUESTIONS_H

#include "names.h"
#include "tool.h"

/* The category of each question, by its number. */
typedef struct question_kind {
    double id;
    int category;
} question_kind;

typedef struct question_kinds {
    question_kind *of;
    int count, room;
    names categories;
} question_kinds;

/* The current row {"question_id", "category", "turns": ["..", ".."]}: *turns is
 * the node of that list, whose entries are texts; r->text has the category. */
sppo_result question_row(row_reader *r, double *id, int *turns);

/* All of --mt-bench. */
sppo_result question_kinds_read(tool *t, question_kinds *k);

/* Lets go of all. */
void question_kinds_free(tool *t, question_kinds *k);

/* The category of question `id`, which the current row is about. */
sppo_result question_category(tool *t, const question_kinds *k, double id,
                              int *category);

#endif
