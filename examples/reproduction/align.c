/* align.c - one alignment: Algorithm 1, measured after each iteration */
#include <stdio.h>

#include "lab.h"

/* Where a run's steps are recorded. */
typedef struct watch {
    lab *l;
    const char *who;
    double eta;
} watch;

/* log pi / pi_t of winners and losers, step by step. */
static int on_progress(void *user, const sppo_progress *p)
{
    const watch *w = (const watch *)user;

    if (p->phase == SPPO_PHASE_FIT) {
        note(w->l, w->who, p->iteration + 1, "winner", p->done - 1,
             p->rewards_chosen * w->eta);
        note(w->l, w->who, p->iteration + 1, "loser", p->done - 1,
             p->rewards_rejected * w->eta);
    }
    return 0;
}

/* Win rates of winner and loser from a part of the K responses: the two, and
 * with judges = 3 a random third, as in the paper's ablation and its model
 * card.  Between sppo_play_select and sppo_play_fit they are anyone's to set.
 */
static void estimate_with(lab *l, sppo_play *play, int judges)
{
    const int k = play->config.k;
    int p, i;

    for (p = 0; p < play->round.count; p++) {
        const int w = play->round.winner[p], o = play->round.loser[p];
        const double *from = play->round.pairwise
                           + (size_t)p * (size_t)k * (size_t)k;
        double *win = play->round.win + p * k;
        dice d = chance_dice(l, CHANCE_THIRD, play->round.first + p);
        int by[3] = { 0, 0, 0 };

        by[0] = w, by[1] = o;
        do
            by[2] = dice_pick(&d, k);
        while (by[2] == w || by[2] == o);
        for (win[w] = win[o] = 0.0, i = 0; i < judges; i++) {
            win[w] += from[w * k + by[i]] / judges;
            win[o] += from[o * k + by[i]] / judges;
        }
    }
}

/* The mean of the last eighth of the steps: where training arrived. */
static void note_arrival(lab *l, const char *who, int iteration,
                         const char *list, const char *metric, int steps)
{
    double *x = (double *)room(l, (size_t)steps, sizeof *x);
    const int last = steps / 8 > 0 ? steps / 8 : 1;

    store_list(&l->cell, (int)l->seed, who, iteration, list, x, steps);
    note_mean(l, who, iteration, metric, x + steps - last, last, 0);
    sppo_release(&l->ctx, x, (size_t)steps * sizeof *x);
}

/* What is the method's own: its loss and what goes with it. */
static sppo_play_config method_itself(lab *l, const run *r)
{
    sppo_play_config c = { 0 };

    if (r->by) {
        c = method_config(l, r->by);
        c.pull = r->pull > 0.0 ? r->pull : c.pull;
        return c;
    }
    c.loss = method_loss[r->method];
    c.keep_all = r->keep_all;
    c.bradley_terry = r->bradley_terry;
    c.baseline = r->baseline;
    return c;
}

static sppo_play_config align_config(lab *l, const run *r, setting chosen)
{
    sppo_play_config c = method_itself(l, r);

    c.eta = r->eta > 0.0 ? r->eta : chosen.eta;
    c.k = K;
    c.iterations = r->longer ? l->plan->longer : l->plan->iterations;
    c.prompts_per_iteration = l->plan->prompts;
    c.batch = BATCH;
    c.epochs = l->plan->epochs;
    c.pass_tokens = PASS_TOKENS;
    c.seed = chance_key(l, CHANCE_ALIGN);
    c.sampling.max_tokens = l->plan->longest;
    c.optim.lr = chosen.lr;
    c.optim.clip = 1.0;
    c.optim.warmup = 0.1;
    return c;
}

/* After an iteration: measure, and keep the policy if asked. */
static void after_iteration(lab *l, const run *r, const sppo_model *policy,
                            const char *who, int iteration, int steps,
                            int last)
{
    char name[64];

    note_arrival(l, who, iteration, "winner", "winner_end", steps);
    note_arrival(l, who, iteration, "loser", "loser_end", steps);
    if (r->last_only && !last)
        return;
    measure_policy(l, who, iteration, policy, r->condition);
    if (!r->kept)
        return;
    snprintf(name, sizeof name, "%s%d", who, iteration);
    save_model(l, policy, name);
    if (r->method == SPPO)
        measure_reranked(l, who, iteration, policy, r->condition);
}

/* One alignment of `iterations` iterations, measured after each. */
void align(lab *l, const run *r, setting chosen, const char *who,
           int iterations)
{
    sppo_play_config config = align_config(l, r, chosen);
    sppo_judge judge = { sppo_pref_fill, NULL };
    asked asks = { 0 };
    sppo_model policy;
    sppo_play play;
    watch w;

    w.l = l, w.who = who, w.eta = config.eta;
    config.progress = on_progress;
    config.progress_user = &w;
    judge.user = &l->pref[r->condition];
    draw_asked(l, &asks, CHANCE_TRAIN, config.iterations * l->plan->prompts, 0);
    check(l, sppo_model_clone(&l->ctx, &policy, &l->base, SPPO_HEAD_NONE, 0));
    check(l, sppo_play_init(&l->ctx, &play, &config, &policy, &asks.ids));
    while (play.iteration < iterations) {
        check(l, sppo_play_sample(&l->ctx, &play));
        check(l, sppo_play_judge(&l->ctx, &play, &judge));
        check(l, sppo_play_select(&l->ctx, &play));
        if (r->judges > 0)
            estimate_with(l, &play, r->judges);
        check(l, sppo_play_fit(&l->ctx, &play));
        check(l, sppo_play_advance(&l->ctx, &play));
        after_iteration(l, r, &policy, who, play.iteration, play.steps,
                        play.iteration == iterations);
    }
    sppo_play_free(&l->ctx, &play);
    sppo_model_free(&l->ctx, &policy);
    asked_free(l, &asks);
}
