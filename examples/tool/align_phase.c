/* align_phase.c - a phase of Algorithm 1, interrupted and resumed */

#include "align.h"
#include "signals.h"

#include <stdio.h>

int phase_group(sppo_phase phase)
{
    return phase == SPPO_PHASE_SAMPLE ? 1 : phase == SPPO_PHASE_JUDGE ? 2 : 3;
}

/* Seconds of the run after the phase at work, by what each has taken in this
 * process; -1: a phase that is to come has not been seen yet.               */
static double run_later(run *r, const sppo_progress *p)
{
    const int now = phase_group(p->phase) - 1;
    const int more = r->t->set.iterations - p->iteration - 1;
    const double units[3] = { r->play.round.count, r->play.round.count,
                              r->per_iteration };
    double later = 0.0;
    int i, times;

    r->pace[now] = progress_pace(&r->t->console, p->done);
    for (i = 0; i < 3; i++) {
        times = more + (i > now);
        if (r->t->set.phase || (times && r->pace[i] <= 0.0))
            return -1.0;
        later += times * units[i] * r->pace[i];
    }
    if (r->t->set.validation && r->validated <= 0.0)
        return -1.0;
    return later + (more + 1) * r->validated;
}

/* Tokens of responses since the phase began here: sampled, judged or, of those
 * that are kept, trained on.                                                */
static double phase_tokens(const run *r, const sppo_progress *p)
{
    const sppo_play_config *c = &r->play.config;
    const sppo_round *round = &r->play.round;
    const int *start = round->responses.start;
    const int first = (int)r->t->console.first;
    double kept = 0.0;
    int i;

    if (p->phase != SPPO_PHASE_FIT)
        return start[p->done * c->k] - start[first * c->k];
    for (i = 0; i < round->count && !c->keep_all; i++)
        kept += sppo_lists_length(&round->responses,
                                  i * c->k + round->winner[i]) +
                sppo_lists_length(&round->responses,
                                  i * c->k + round->loser[i]);
    if (c->keep_all)
        kept = start[round->count * c->k];
    return kept * c->epochs * (p->done - first) / r->per_iteration;
}

int on_progress(void *user, const sppo_progress *p)
{
    run *r = (run *)user;
    const double tokens = phase_tokens(r, p);

    r->t->console.later = run_later(r, p);
    if (p->phase == SPPO_PHASE_FIT) {
        r->failed = align_log_step(r, p);
        if (r->failed)  // the play will say that it was stopped
            snprintf(r->why, sizeof r->why, "%s", r->t->ctx.message);
        progress_show(&r->t->console, p->done, tokens,
                      "  loss/eta^2 %.4g  margin %.4g", p->loss_scaled,
                      p->rewards_margins);
    } else {
        progress_show(&r->t->console, p->done, tokens, "%s", "");
    }
    return caught || r->failed ||
           run_save_is_due(&r->t->folder, r->t->set.save_seconds);
}

sppo_result checkpoint(run *r)
{
    const double begun = seconds_now();

    TRY(metrics_sync(&r->metrics));
    TRY(log_sync(&r->t->ctx, r->validation));
    TRY(log_sync(&r->t->ctx, r->samples));
    TRY(sppo_play_save(&r->t->ctx, &r->play, r->t->folder.checkpoint));
    run_saved(&r->t->folder, begun);
    return SPPO_OK;
}

/* Whether the judge has answered all that this process will ask. */
static int judge_is_done(const run *r)
{
    const tool *t = r->t;

    return r->play.phase == SPPO_PHASE_SELECT &&
           (t->set.phase == 2 || (!t->set.validation &&
                                  r->play.iteration + 1 == t->set.iterations));
}

/* After work of a phase: a judge that has answered must have no more to say.
 * Of one that is out of step no answer counts: the iteration is judged anew.*/
static sppo_result align_judged(run *r, sppo_result result)
{
    tool *t = r->t;
    char why[sizeof t->ctx.message];

    if (judge_is_done(r))
        result = judge_finish(&t->process);
    else if (r->play.phase == SPPO_PHASE_SELECT)
        result = judge_listen(&t->process);
    if (!t->process.out_of_step)
        return result;
    snprintf(why, sizeof why, "%s", t->ctx.message);
    r->play.phase = SPPO_PHASE_JUDGE;
    r->play.done = 0;
    TRY(checkpoint(r));
    return sppo_fail(&t->ctx, SPPO_E_JUDGE, "%s", why);
}

/* "1/3 fit", and how much there is to do. */
static void phase_begin(run *r)
{
    static const char *const titles[] = { "sample", "judge", "select", "fit",
                                          "advance", "done" };
    const sppo_play *play = &r->play;
    char what[48];

    snprintf(what, sizeof what, "%d/%d %s", play->iteration + 1,
             r->t->set.iterations, titles[play->phase]);
    progress_begin(&r->t->console, what, play->done,
                   play->phase == SPPO_PHASE_FIT ? r->per_iteration
                   : play->phase > SPPO_PHASE_JUDGE ? 0.0
                                                    : play->round.count);
}

sppo_result align_phase(run *r)
{
    tool *t = r->t;
    const sppo_phase phase = r->play.phase;
    const int quick = phase == SPPO_PHASE_SELECT;
    const int iteration = r->play.iteration;
    sppo_result result;

    phase_begin(r);
    do {
        result = sppo_play_next(&t->ctx, &r->play, &t->judge);
        if (r->failed)
            return sppo_fail(&t->ctx, r->failed, "%s", r->why);
        result = align_judged(r, result);
        if (result != SPPO_OK && result != SPPO_E_STOPPED)
            return result;
        if (quick && !caught)
            continue;
        TRY(align_log_time(r, iteration, phase));
        TRY(checkpoint(r));
    } while (result == SPPO_E_STOPPED && !caught);
    progress_end(&t->console);
    return caught ? run_stopped(&t->folder) : SPPO_OK;
}
