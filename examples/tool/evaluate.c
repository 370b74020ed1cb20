/* evaluate.c - sppo evaluate: the win rate of policies against each other, and
 * what judges said of many models                                           */

#include "fields.h"
#include "grades.h"
#include "judgments.h"
#include "matches.h"
#include "pairs.h"

/* What the first row is says what all are. */
static sppo_result evaluate_file(tool *t)
{
    const row_reader *r = &t->rows;
    int more, graded, paired;

    TRY(open_rows(t, t->set.judgments));
    TRY(rows_next(&t->rows, &more));
    graded = more && (rows_find(r, "score") >= 0 || rows_find(r, "model") >= 0);
    paired = more && pairs_kind(r) == PAIRS_MT_BENCH;
    if (t->set.mt_bench && more && !graded)
        return rows_fail(&t->rows, "this is no single grade, so --mt-bench "
                         "has no effect");
    rows_rewind(&t->rows);
    return graded   ? evaluate_grades(t)
           : paired ? evaluate_pairs(t)
                    : evaluate_judgments(t);
}

sppo_result run_evaluate(tool *t)
{
    if (t->set.judgments)
        return evaluate_file(t);
    return t->set.policies ? evaluate_many(t) : evaluate_two(t);
}
