/* align_validate.c - the policy of an iteration against the base policy */

#include "align.h"

#include <stdio.h>

static const char validation_header[] =
    "iteration,win_rate,low,high,standard_error,mean_length,"
    "mean_length_base,eos_rate,eos_rate_base,kl,watch_win_rate,watch_low,"
    "watch_high\n";

sppo_result validation_cut(run *r, int iteration)
{
    return log_cut(&r->out.line, r->validation, validation_header, iteration,
                   1);
}

/* A line of validation.csv; what nobody watches stays empty. */
static sppo_result validation_append(run *r, int iteration,
                                     const sppo_evaluation *e)
{
    const interval *seen = &r->watch.rate;
    buffer *line = &r->out.line;

    TRY(validation_cut(r, iteration - 1));
    buffer_clear(line);
    buffer_format(line, "%d,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,",
                  iteration, e->win_rate, e->low, e->high, e->standard_error,
                  e->length_a, e->length_b, e->eos_a, e->eos_b, e->kl);
    if (r->watch.by)
        buffer_format(line, "%.9g,%.9g,%.9g\n", seen->mean, seen->low,
                      seen->high);
    else
        buffer_format(line, ",,\n");
    return log_append(&r->t->ctx, r->validation, line);
}

sppo_result validate(run *r)
{
    tool *t = r->t;
    const sppo_sampling sampling = sampling_settings(&t->set);
    const sppo_judge judge = watch_beside(&r->watch, &t->judge);
    const interval *seen = &r->watch.rate;
    const int iteration = r->play.iteration + 1;
    const double begun = seconds_now();
    sppo_evaluation e;

    note(&t->console, "iteration %d: comparing with the base policy",
         iteration);
    TRY(sppo_evaluate(&t->ctx, &t->policy, &t->base, &judge, &r->test,
                      t->set.samples, &sampling, (uint64_t)t->set.seed, &e));
    r->validated = seconds_now() - begun;
    printf("iteration %d  win rate against the base %.4f (95 %%: %.4f "
           ".. %.4f)\niteration %d  length %.1f, base %.1f  KL %.3f\n",
           iteration, e.win_rate, e.low, e.high, iteration, e.length_a,
           e.length_b, e.kl);
    if (r->watch.by)
        printf("iteration %d  --watch sees a win rate of %.4f (95 %%: %.4f .. "
               "%.4f)\n", iteration, seen->mean, seen->low, seen->high);
    TRY(output_check(&t->ctx));
    TRY(validation_append(r, iteration, &e));
    return align_log_validation(r, &e);
}
