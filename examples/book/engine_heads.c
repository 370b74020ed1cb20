/* engine_heads.c - three preference heads that learn one square, and what else
 * chapter 8 rolls downhill                                                  */

#include "engine.h"
#include "../../tests/slow.h"

#include <math.h>
#include <string.h>

enum { HEADS = 3, ANSWERS = 3, BOS = 0, FIRST = 2 };

/* A head on a small network of its own; all three networks begin alike. */
typedef struct learner {
    sppo_model model;
    sppo_pref pref;
    sppo_optim optim;
    sppo_real *grad;
} learner;

static learner learners[HEADS];
/* of the three pairs, and of all three answers to one prompt */
static sppo_lists prompts, pairs, answers;

static void end_learner(learner *l)
{
    if (l->grad)
        sppo_release(&engine_ctx, l->grad, l->model.count * sizeof *l->grad);
    sppo_optim_free(&engine_ctx, &l->optim);
    sppo_pref_free(&engine_ctx, &l->pref);
    sppo_model_free(&engine_ctx, &l->model);
    memset(l, 0, sizeof *l);
}

static sppo_result begin_learner(learner *l, const sppo_model *trunk, int head)
{
    sppo_ctx *ctx = &engine_ctx;
    sppo_optim_config descent;
    sppo_result result;

    memset(&descent, 0, sizeof descent);
    descent.kind = SPPO_ADAMW;
    descent.decay = SPPO_DECAY_CONSTANT;
    descent.lr = 3e-3;
    result = sppo_model_clone(ctx, &l->model, trunk, (sppo_head)(head + 1), 0);
    if (!result)
        result = sppo_pref_init(ctx, &l->pref, &l->model, 64, ANSWERS, 1);
    if (!result)
        result = sppo_optim_init(ctx, &l->optim, &descent, &l->model);
    if (!result && !(l->grad = (sppo_real *)sppo_alloc(ctx, l->model.count,
                                                       sizeof *l->grad)))
        result = SPPO_E_MEMORY;
    return result;
}

/* Answer i is one token; the pairs are 0 1, 1 2, 2 0. */
static sppo_result list_answers(void)
{
    const int bos = BOS;
    sppo_result result = SPPO_OK;
    int i, j;

    for (i = 0; i < ANSWERS && !result && answers.count < ANSWERS; i++) {
        const int token = FIRST + i;

        result = sppo_lists_add(&engine_ctx, &answers, &token, 1);
    }
    for (i = 0; i < ANSWERS && !result && prompts.count < ANSWERS; i++) {
        result = sppo_lists_add(&engine_ctx, &prompts, &bos, 1);
        for (j = 0; j < 2 && !result; j++) {
            const int token = FIRST + (i + j) % ANSWERS;

            result = sppo_lists_add(&engine_ctx, &pairs, &token, 1);
        }
    }
    return result;
}

EXPORT(head_name) const char *head_name(int head)
{
    return head >= 0 && head < HEADS ? sppo_head_name((sppo_head)(head + 1))
                                     : NULL;
}

/* Three fresh networks, alike but for their heads. */
EXPORT(heads_begin) int heads_begin(int seed)
{
    sppo_config shape;
    sppo_model trunk;
    sppo_result result;
    int head;

    memset(&shape, 0, sizeof shape);
    memset(&trunk, 0, sizeof trunk);
    shape.vocab = FIRST + ANSWERS;
    shape.dim = 16;
    shape.layers = 1;
    shape.heads = 2;
    shape.hidden = 32;
    shape.context = 16;
    shape.bos = BOS;
    shape.eos = -1;
    result = list_answers();
    if (!result)
        result = sppo_model_init(&engine_ctx, &trunk, &shape, (uint64_t)seed);
    for (head = 0; head < HEADS; head++) {
        end_learner(&learners[head]);
        if (!result)
            result = begin_learner(&learners[head], &trunk, head);
    }
    sppo_model_free(&engine_ctx, &trunk);
    return (int)result;
}

/* `steps` steps of a head on label[3]: how likely 0 beats 1, 1 2, and 2 0. */
EXPORT(heads_learn) int heads_learn(int head, int steps, const double *label)
{
    static const int row[ANSWERS] = { 0, 1, 2 };
    learner *l = &learners[head];
    sppo_result result = SPPO_OK;
    double loss;

    while (steps-- > 0 && !result) {
        result = sppo_pref_loss(&engine_ctx, &l->pref, &prompts, &pairs, label,
                                row, ANSWERS, l->grad, &loss, NULL);
        if (!result)
            result = sppo_optim_step(&engine_ctx, &l->optim, &l->model,
                                     l->grad);
    }
    return (int)result;
}

/* What a head says: scores and probabilities, [3, 3] of either. */
EXPORT(heads_judge)
int heads_judge(int head, double *score, double *pairwise)
{
    sppo_pref *pref = &learners[head].pref;
    const sppo_result result = sppo_pref_score(&engine_ctx, pref, &prompts,
                                               &answers, ANSWERS, 0, 1, score);

    return (int)(result ? result
                        : sppo_pref_fill(&engine_ctx, pref, &prompts, &answers,
                                         ANSWERS, 0, 1, pairwise));
}

/* ---- chapter 8 ---- */

EXPORT(kto_loss)
double kto_loss(double r_w, double r_l, double kl, double eta, double *grad)
{
    return slow_loss_kto(r_w, r_l, kl, eta, grad);
}

/* A network of two weights and three answers: the winner's logit is theta[0],
 * the loser's theta[1], that of a third one 3 theta[0].  What raises the winner
 * raises it three times as much, as in the test of Sec 4.5.                 */
static void shared_policy(const double *theta, double *pi)
{
    static const double even[3] = { 1.0 / 3, 1.0 / 3, 1.0 / 3 };
    double logit[3];

    logit[0] = theta[0];
    logit[1] = theta[1];
    logit[2] = 3.0 * theta[0];
    sppo_exact_step(pi, even, logit, 1.0, 3);
}

/* ratio[3]: how much more probable each is than at theta = 0. */
EXPORT(shared_ratios) void shared_ratios(const double *theta, double *ratio)
{
    int i;

    shared_policy(theta, ratio);
    for (i = 0; i < 3; i++)
        ratio[i] = log(3.0 * ratio[i]);
}

/* A step down a loss whose gradient in the first two ratios is grad[2]. */
EXPORT(shared_step)
void shared_step(double *theta, const double *grad, double rate)
{
    double pi[3];

    shared_policy(theta, pi);
    theta[0] -= rate * (grad[0] - (grad[0] + grad[1]) * (pi[0] + 3.0 * pi[2]));
    theta[1] -= rate * (grad[1] - (grad[0] + grad[1]) * pi[1]);
}
