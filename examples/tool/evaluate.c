/* evaluate.c - sppo evaluate: the win rate of one policy against another, and
 * what judges said of many                                                  */

#include "fields.h"
#include "grades.h"
#include "judging.h"
#include "judgments.h"
#include "pairs.h"

static sppo_result evaluate_policies(tool *t)
{
    const settings *s = &t->set;
    const sppo_sampling sampling = sampling_settings(s);
    sppo_evaluation e;
    report r;
    int longest;

    TRY(load_model(t, s->against, 0, &t->base, &t->preference_tok));
    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    if (!codec_same(&t->tok, &t->preference_tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "%s and %s have different tokenizers", s->policy,
                         s->against);
    codec_free(&t->ctx, &t->preference_tok);
    TRY(load_prompts(t, s->prompts, &t->prompts, NULL));
    longest = longest_list(&t->prompts);
    TRY(open_judge(t, longest, 2 * s->samples));
    TRY(sppo_evaluate(&t->ctx, &t->policy, &t->base, &t->judge, &t->prompts,
                      s->samples, &sampling, (uint64_t)s->seed, &e));
    TRY(judge_finish(&t->process));
    report_begin(&r, &t->ctx, s->json);
    report_real(&r, "win rate", e.win_rate, 4, "");
    report_real(&r, "win rate low", e.low, 4, "95 % interval over prompts");
    report_real(&r, "win rate high", e.high, 4, "");
    report_real(&r, "standard error", e.standard_error, 4, "");
    report_real(&r, "prompts", e.prompts, 0, "");
    report_real(&r, "mean length", e.length_a, 2, "tokens");
    report_real(&r, "mean length against", e.length_b, 2, "tokens");
    report_real(&r, "eos rate", e.eos_a, 4, "ended by itself");
    report_real(&r, "eos rate against", e.eos_b, 4, "");
    report_real(&r, "kl", e.kl, 4, "nats per response, policy to against");
    return report_end(&r);
}

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
    return t->set.judgments ? evaluate_file(t) : evaluate_policies(t);
}
