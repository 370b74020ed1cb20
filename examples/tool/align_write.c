/* align_write.c - what a run of Algorithm 1 writes */

#include "align.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the round: the share of the judge's triples that go in a circle, and the
 * mean of log pi_t / pi_ref over the kept ones; NaN where there is none.    */
static void round_values(const sppo_play *play, double *v)
{
    const sppo_round *round = &play->round;
    const int k = play->config.k, all = play->config.keep_all;
    const int own = play->config.opponents < k ? k - play->config.opponents : k;
    const double pull = play->config.pull;
    double circles = 0.0, kl = 0.0;
    int p, i;

    for (p = 0; p < round->count; p++) {
        circles += sppo_cyclic_share(round->pairwise + cells(p, k), k);
        for (i = 0; i < own; i++)
            if (all || i == round->winner[p] || i == round->loser[p])
                kl += round->old[p * k + i] - round->anchor[p * k + i];
    }
    v[0] = k > 2 ? circles / round->count : (double)NAN;
    v[1] = pull > 0.0 ? kl / (pull * round->count * (all ? own : 2))
                      : (double)NAN;
}

/* The values of metric_names, in that order. */
static void metric_values(const sppo_progress *p, int step, double *v)
{
    *v++ = step;
    *v++ = p->iteration + 1;
    *v++ = p->loss;
    *v++ = p->loss_scaled;
    *v++ = p->rewards_chosen;
    *v++ = p->rewards_rejected;
    *v++ = p->rewards_margins;
    *v++ = p->rewards_accuracies;
    *v++ = p->logps_chosen;
    *v++ = p->logps_rejected;
    *v++ = p->grad_norm;
    *v++ = p->learning_rate;
    *v++ = p->win_chosen;
    *v++ = p->win_rejected;
    *v++ = p->length;
    *v++ = p->eos_rate;
    *v++ = p->logratios_chosen;
    *v++ = p->logratios_rejected;
    *v++ = p->kl;
    *v++ = p->entropy;
}

enum { OF_ROUND = 20, OF_VALIDATION = 22, METRICS = 28 };

static const char *const metric_names[METRICS] = {
    "step", "iteration", "loss", "loss_scaled", "rewards/chosen",
    "rewards/rejected", "rewards/margins", "rewards/accuracies",
    "logps/chosen", "logps/rejected", "grad_norm", "learning_rate",
    "win_rate/chosen", "win_rate/rejected", "mean_length", "eos_rate",
    "logratios/chosen", "logratios/rejected", "objective/kl",
    "objective/entropy", "cyclic_triples", "objective/kl_reference",
    "eval/win_rate", "eval/win_rate/low", "eval/win_rate/high",
    "eval/watch/win_rate", "eval/watch/win_rate/low",
    "eval/watch/win_rate/high"
};

void align_logs_open(run *r)
{
    tool *t = r->t;

    metrics_open(&r->metrics, &t->ctx, t->set.out, metric_names, METRICS);
    path_join(r->validation, t->set.out, "validation.csv");
    align_shown_open(r);
}

/* Nothing is known yet. */
static void values_clear(double *v)
{
    int i;

    for (i = 0; i < METRICS; i++)
        v[i] = (double)NAN;
}

sppo_result align_log_step(run *r, const sppo_progress *p)
{
    const int step = p->iteration * r->per_iteration + p->done;
    double value[METRICS];

    if (!metrics_due(step, r->t->set.log_every, p->done == p->total))
        return SPPO_OK;
    values_clear(value);
    metric_values(p, step, value);
    if (r->of_iteration != p->iteration + 1)
        round_values(&r->play, r->of_round);
    r->of_iteration = p->iteration + 1;
    memcpy(value + OF_ROUND, r->of_round, sizeof r->of_round);
    return metrics_append(&r->metrics, value);
}

sppo_result align_log_validation(run *r, const sppo_evaluation *e)
{
    const int iteration = r->play.iteration + 1;
    double value[METRICS];

    values_clear(value);
    value[0] = iteration * r->per_iteration;
    value[1] = iteration;
    value[OF_VALIDATION] = e->win_rate;
    value[OF_VALIDATION + 1] = e->low;
    value[OF_VALIDATION + 2] = e->high;
    if (r->watch.by) {
        value[OF_VALIDATION + 3] = r->watch.rate.mean;
        value[OF_VALIDATION + 4] = r->watch.rate.low;
        value[OF_VALIDATION + 5] = r->watch.rate.high;
    }
    return metrics_append(&r->metrics, value);
}

/* The line of a validation follows that of an iteration's last step, and is
 * written again where the iteration has not come to its end.                */
sppo_result align_logs_cut(run *r, int step, int iteration)
{
    tool *t = r->t;

    TRY(align_shown_cut(r, iteration));
    TRY(metrics_cut(&r->metrics, step, step > iteration * r->per_iteration
                                       ? 1 : 2));
    if (!t->set.validation)
        return SPPO_OK;
    return validation_cut(r, iteration);
}

/* "key": [{"content": prompt, "role": "user"}, {.. "assistant"}], or without a
 * tokenizer "key_ids": [..], of the response alone.                         */
static void write_conversation(run *r, const char *key, int prompt,
                               int response)
{
    tool *t = r->t;
    const sppo_round *round = &r->play.round;

    if (!codec_reads_text(&t->tok)) {
        buffer_format(&r->out.line, "\"%s_ids\": ", key);
        buffer_ids(&r->out.line, &round->responses, response);
        return;
    }
    buffer_format(&r->out.line, "\"%s\": [{\"content\": ", key);
    write_text(&r->out, &t->prompts, round->first + prompt);
    buffer_format(&r->out.line, ", \"role\": \"user\"}, {\"content\": ");
    write_text(&r->out, &round->responses, response);
    buffer_format(&r->out.line, ", \"role\": \"assistant\"}]");
}

/* D_t in the columns of the SPPO authors' trainer, in the form of TRL's, and
 * which of the two are finished.                                            */
static void write_train_row(run *r, int p)
{
    tool *t = r->t;
    const sppo_round *round = &r->play.round;
    const sppo_config *c = &t->policy.config;
    const int k = r->play.config.k, w = round->winner[p], l = round->loser[p];

    buffer_add(&r->out.line, "{", 1);
    if (!codec_reads_text(&t->tok)) {
        write_named(&r->out, "prompt", &t->prompts, round->first + p);
        buffer_add(&r->out.line, ", ", 2);
    }
    write_conversation(r, "chosen", p, p * k + w);
    buffer_add(&r->out.line, ", ", 2);
    write_conversation(r, "rejected", p, p * k + l);
    buffer_format(&r->out.line, ", \"finished\": [%s, %s]",
                  sppo_finished(c, &round->responses, p * k + w) ? "true"
                                                                 : "false",
                  sppo_finished(c, &round->responses, p * k + l) ? "true"
                                                                 : "false");
    buffer_format(&r->out.line, ", \"chosen_probs\": ");
    buffer_number(&r->out.line, round->pairwise[(p * k + w) * k + l], 9);
    buffer_format(&r->out.line, ", \"chosen_probs_win\": ");
    buffer_number(&r->out.line, round->win[p * k + w], 9);
    buffer_format(&r->out.line, ", \"chosen_probs_lose\": ");
    buffer_number(&r->out.line, round->win[p * k + l], 9);
    buffer_add(&r->out.line, "}\n", 2);
}

/* All that was sampled and judged for one prompt. */
static void write_judged_row(run *r, int p)
{
    tool *t = r->t;
    const sppo_round *round = &r->play.round;
    const int k = r->play.config.k, text = codec_reads_text(&t->tok);
    int i;

    buffer_add(&r->out.line, "{", 1);
    write_named(&r->out, "prompt", &t->prompts, round->first + p);
    buffer_format(&r->out.line, text ? ", \"responses\": ["
                                 : ", \"responses_ids\": [");
    for (i = 0; i < k; i++) {
        buffer_format(&r->out.line, i ? ", " : "");
        if (text)
            write_text(&r->out, &round->responses, p * k + i);
        else
            buffer_ids(&r->out.line, &round->responses, p * k + i);
    }
    buffer_format(&r->out.line, "], ");
    write_finished(&r->out, &round->responses, p * k, k);
    buffer_format(&r->out.line, ", ");
    write_probabilities(&r->out.line, round->pairwise + cells(p, k), k);
    buffer_format(&r->out.line, ", \"winner\": %d, \"loser\": %d}\n",
                  round->winner[p], round->loser[p]);
}

static sppo_result write_rows(run *r, const char *folder, const char *name,
                              void (*row)(run *r, int p))
{
    tool *t = r->t;
    char path[PATH_ROOM];
    int p;

    buffer_clear(&r->out.line);
    for (p = 0; p < r->play.round.count; p++)
        row(r, p);
    TRY(writer_check(&r->out));
    path_join(path, folder, name);
    return sppo_file_write(&t->ctx, path, r->out.line.data, r->out.line.length);
}

/* Prompts whose best and worst response are one: there is nothing to learn from
 * them, and many say that the policy has nothing left to choose from.       */
static void note_same_pairs(run *r)
{
    tool *t = r->t;
    const sppo_round *round = &r->play.round;
    const int k = r->play.config.k;
    int p, same = 0;

    for (p = 0; p < round->count; p++)
        same += lists_same(&round->responses, p * k + round->winner[p],
                           p * k + round->loser[p]);
    if (same)
        note(&t->console, "iteration %d: of %d of %d prompts the best and the "
             "worst response are the same", r->play.iteration + 1, same,
             round->count);
}

/* A row of a table, that of the first iteration here with its heading. */
static void print_iteration(run *r, const sppo_progress *p)
{
    if (!r->headed)
        printf("%9s  %10s  %10s  %-15s  %8s  %8s\n", "iteration",
               "loss/eta^2", "margin", "win rates", "length", "finished");
    r->headed = 1;
    printf("%9d  %10.4g  %10.4g  %.3f and %.3f  %8.1f  %8.3f\n",
           r->play.iteration + 1, p->loss_scaled, p->rewards_margins,
           p->win_chosen, p->win_rejected, p->length, p->eos_rate);
}

sppo_result write_iteration(run *r)
{
    tool *t = r->t;
    const sppo_progress *p = &r->play.last;
    char name[32], folder[PATH_ROOM];

    snprintf(name, sizeof name, "iter%d", r->play.iteration + 1);
    path_join(folder, t->set.out, name);
    note_same_pairs(r);
    TRY(save_model(t, &t->policy, folder));
    TRY(write_rows(r, folder, "train.jsonl", write_train_row));
    TRY(write_rows(r, folder, "judged.jsonl", write_judged_row));
    if (p->phase == SPPO_PHASE_FIT)  // else it was trained before a resume
        print_iteration(r, p);
    TRY(output_check(&t->ctx));
    TRY(align_log_samples(r, r->play.iteration + 1));
    return t->set.validation ? validate(r) : SPPO_OK;
}
