/* align_estimate.c - what --dry-run says of a run of Algorithm 1 */

#include "align.h"
#include "judging.h"
#include "trainer.h"

#include <string.h>

sppo_play_config play_config(const tool *t)
{
    sppo_play_config config = play_settings(&t->set);

    config.reference = t->set.reference ? &t->reference : NULL;
    config.gold = t->set.gold ? &t->gold : NULL;
    return config;
}

/* A judge that costs nothing, for the estimate. */
static sppo_result judge_indifferent(sppo_ctx *ctx, void *user,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses, int k,
                                     int first, int count, double *pairwise)
{
    size_t i;

    (void)ctx, (void)user, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < cells(count, k); i++)
        pairwise[i] = 0.5;
    return SPPO_OK;
}

/* The seconds that an iteration of a few prompts takes, on a copy. An outside
 * judge may cost money, so it is not asked.                                 */
static sppo_result align_probe(tool *t, const sppo_lists *few,
                               const sppo_lists *gold, double *seconds)
{
    const sppo_judge indifferent = { judge_indifferent, NULL };
    const sppo_judge *judge = t->set.judge ? &indifferent : &t->judge;
    sppo_play_config config = play_config(t);
    double begun = 0.0;
    sppo_model copy;
    sppo_play play;
    sppo_result result;

    memset(&copy, 0, sizeof copy);
    memset(&play, 0, sizeof play);
    config.iterations = 1;
    config.prompts_per_iteration = 0;
    config.gold = config.gold ? gold : NULL;
    result = sppo_model_clone(&t->ctx, &copy, &t->policy, SPPO_HEAD_NONE, 0);
    if (result == SPPO_OK)
        result = sppo_play_init(&t->ctx, &play, &config, &copy, few);
    if (result == SPPO_OK) {
        begun = seconds_now();
        result = sppo_play_run(&t->ctx, &play, judge);
    }
    *seconds = seconds_now() - begun;
    sppo_play_free(&t->ctx, &play);
    sppo_model_free(&t->ctx, &copy);
    return result;
}

void align_resolve(tool *t)
{
    settings *s = &t->set;

    if (!s->prompts_per_iteration)
        s->prompts_per_iteration = t->prompts.count / s->iterations;
    if (s->prompts_per_iteration < 1)
        s->prompts_per_iteration = 1;
    if (s->batch > s->prompts_per_iteration)
        s->batch = s->prompts_per_iteration;
    s->max_tokens = response_room(t, 1);
    if (s->opponents > s->k)
        s->opponents = s->k;
    if (s->opponents && s->mixture <= 0.0)
        s->mixture = s->pull;
}

/* The first lists of another's. */
static sppo_result take_some(tool *t, sppo_lists *to, const sppo_lists *from,
                             int count)
{
    int i;

    for (i = 0; i < count; i++)
        TRY(sppo_lists_add(&t->ctx, to, sppo_lists_tokens(from, i),
                           sppo_lists_length(from, i)));
    return SPPO_OK;
}

sppo_result align_estimate(run *r)
{
    tool *t = r->t;
    const sppo_play_config config = play_config(t);
    const size_t play = sppo_play_bytes(&config, &t->policy, &t->prompts);
    const size_t bytes = t->ctx.held + play;
    const int count = t->prompts.count < 16 ? t->prompts.count : 16;
    const int all = t->set.prompts_per_iteration
        ? t->set.prompts_per_iteration * t->set.iterations : t->prompts.count;
    double seconds = 0.0;
    sppo_lists few, gold;
    sppo_result result = SPPO_OK;

    if (!play)  // the same refusal as in the run itself
        return sppo_play_init(&t->ctx, &r->play, &config, &t->policy,
                              &t->prompts);
    memset(&few, 0, sizeof few);
    memset(&gold, 0, sizeof gold);
    result = take_some(t, &few, &t->prompts, count);
    if (result == SPPO_OK && t->set.gold)
        result = take_some(t, &gold, &t->gold, count);
    if (result == SPPO_OK)
        result = align_probe(t, &few, &gold, &seconds);
    sppo_lists_free(&t->ctx, &few);
    sppo_lists_free(&t->ctx, &gold);
    align_resolve(t);
    if (result == SPPO_E_MEMORY)  // how much it would be is known
        dry_report(t, &t->policy, bytes, -1.0, "");
    TRY(result);
    return dry_report(t, &t->policy, bytes, seconds * all / count / 60.0,
                      t->set.judge ? "minutes, and what the judge takes"
                                   : "minutes");
}
