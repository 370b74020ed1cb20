/* cycle.c - a preference that goes in a circle, learnt and played
 *
 * Nine answers, three styles by three qualities.  A better quality is worth 0.5
 * in log odds; of the styles each beats one and loses to the other, by 1.5.  No
 * reward per answer can say that, so the heads `pair` and `embed` can learn it
 * and `scalar` (Bradley-Terry) cannot.  An answer is one token, so a policy is
 * nine probabilities that can be read off, and its exploitability, how much the
 * best answer wins against it under the true preference, is exact: the duality
 * gap of Eq 3.3.                                                            */
#include <math.h>
#include <stdio.h>

#include "lab.h"
#include "methods.h"

enum { STYLES = 3, QUALITIES = 3, ANSWERS = STYLES * QUALITIES,
       FIRST_ANSWER = 2, CYCLE_PROMPTS = 64 };

const char *const cycle_judge[CYCLE_JUDGES] = {
    "oracle", "pair", "embed", "scalar"
};

static double cycle_truth(int a, int b)
{
    static const double circle[STYLES] = { 0.0, 1.5, -1.5 };

    return sigmoid(circle[(a % STYLES - b % STYLES + STYLES) % STYLES]
                   + 0.5 * (a / STYLES - b / STYLES));
}

/* What the base says, and what the annotators are shown: one style and low
 * quality most of the time.                                                 */
static int cycle_draw(dice *d)
{
    const double style = dice_roll(d), quality = dice_roll(d);

    return (style < 0.6 ? 0 : style < 0.9 ? 1 : 2)
         + STYLES * (quality < 0.5 ? 0 : quality < 0.8 ? 1 : 2);
}

static void cycle_matrix(double *pairwise)
{
    int i, j;

    for (i = 0; i < ANSWERS; i++)
        for (j = 0; j < ANSWERS; j++)
            pairwise[i * ANSWERS + j] = cycle_truth(i, j);
}

/* The oracle as a judge; a token that is no answer loses to all that are. */
static sppo_result cycle_fill(sppo_ctx *ctx, void *user,
                              const sppo_lists *prompts,
                              const sppo_lists *responses, int k, int first,
                              int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                const int a = *sppo_lists_tokens(responses, p * k + i)
                            - FIRST_ANSWER;
                const int b = *sppo_lists_tokens(responses, p * k + j)
                            - FIRST_ANSWER;

                *pairwise++ = a >= 0 && b >= 0 ? cycle_truth(a, b)
                            : a >= 0 ? 1.0 : b >= 0 ? 0.0 : 0.5;
            }
    return SPPO_OK;
}

static void cycle_base(lab *l, sppo_model *base)
{
    sppo_config shape = { 0 };
    sppo_optim_config descent = { 0 };
    sppo_optim optim;
    sppo_forest forest;
    sppo_activations acts;
    sppo_real *grad;
    double loss;
    int step, i;

    shape.vocab = FIRST_ANSWER + ANSWERS;
    shape.dim = 16, shape.layers = 1, shape.heads = 2, shape.hidden = 32;
    shape.context = 8, shape.bos = BOS, shape.eos = -1;
    descent.kind = SPPO_ADAMW, descent.lr = 1e-2, descent.warmup = 0.1;
    descent.total_steps = 200;
    check(l, sppo_model_init(&l->ctx, base, &shape,
                             chance_key(l, CHANCE_CYCLE)));
    check(l, sppo_optim_init(&l->ctx, &optim, &descent, base));
    check(l, sppo_forest_init(&l->ctx, &forest, 1024, 512));
    check(l, sppo_activations_init(&l->ctx, &acts, base, 1024, 512,
                                   base->config.context, SPPO_STEP));
    grad = (sppo_real *)room(l, base->count, sizeof *grad);
    for (step = 0; step < descent.total_steps; step++) {
        dice d = chance_dice(l, CHANCE_CYCLE, step);

        sppo_forest_clear(&forest);
        for (i = 0; i < 256; i++) {
            int row[2] = { BOS, 0 };

            row[1] = FIRST_ANSWER + cycle_draw(&d);
            sppo_forest_add(&forest, -1, row, 2, 1);
        }
        check(l, sppo_next_token_loss(&l->ctx, &acts, base, &forest, 0, grad,
                                      &loss));
        check(l, sppo_optim_step(&l->ctx, &optim, base, grad));
    }
    sppo_release(&l->ctx, grad, base->count * sizeof *grad);
    end_forest(l, &forest, &acts);
    sppo_optim_free(&l->ctx, &optim);
}

/* A head learns from single votes on pairs of the base's answers. */
static void cycle_learn(lab *l, sppo_model *model)
{
    const int count = l->plan->votes / BATCH * BATCH, bos = BOS;
    sppo_optim_config descent = { 0 };
    double *label = (double *)room(l, (size_t)count, sizeof *label), loss;
    int *order = (int *)room(l, (size_t)count, sizeof *order);
    sppo_lists prompts = { 0 }, responses = { 0 };
    sppo_optim optim;
    sppo_pref pref;
    sppo_real *grad;
    int i, a, b;

    for (i = 0; i < count; i++) {
        dice d = chance_dice(l, CHANCE_CYCLE, 1000 + i);

        a = cycle_draw(&d), b = cycle_draw(&d);
        label[i] = dice_roll(&d) < cycle_truth(a, b);
        a += FIRST_ANSWER, b += FIRST_ANSWER, order[i] = i;
        check(l, sppo_lists_add(&l->ctx, &prompts, &bos, 1));
        check(l, sppo_lists_add(&l->ctx, &responses, &a, 1));
        check(l, sppo_lists_add(&l->ctx, &responses, &b, 1));
    }
    descent.kind = SPPO_ADAMW, descent.lr = 3e-3, descent.warmup = 0.1;
    descent.total_steps = count / BATCH;
    check(l, sppo_optim_init(&l->ctx, &optim, &descent, model));
    check(l, sppo_pref_init(&l->ctx, &pref, model, 1024, 2, 1));
    grad = (sppo_real *)room(l, model->count, sizeof *grad);
    for (i = 0; i < count; i += BATCH) {
        check(l, sppo_pref_loss(&l->ctx, &pref, &prompts, &responses, label,
                                order + i, BATCH, grad, &loss, NULL));
        check(l, sppo_optim_step(&l->ctx, &optim, model, grad));
    }
    sppo_release(&l->ctx, grad, model->count * sizeof *grad);
    sppo_release(&l->ctx, label, (size_t)count * sizeof *label);
    sppo_release(&l->ctx, order, (size_t)count * sizeof *order);
    sppo_pref_free(&l->ctx, &pref);
    sppo_optim_free(&l->ctx, &optim);
    sppo_lists_free(&l->ctx, &prompts);
    sppo_lists_free(&l->ctx, &responses);
}

/* All nine answers to the prompt, for a model to read. */
static void cycle_answers(lab *l, sppo_lists *prompt, sppo_lists *answers)
{
    int i, token = BOS;

    check(l, sppo_lists_add(&l->ctx, prompt, &token, 1));
    for (i = 0; i < ANSWERS; i++) {
        token = FIRST_ANSWER + i;
        check(l, sppo_lists_add(&l->ctx, answers, &token, 1));
    }
}

/* The policy's probabilities of the nine answers; returns their sum. */
static double cycle_policy(lab *l, const sppo_model *policy, double *pi)
{
    sppo_lists prompt = { 0 }, answers = { 0 };
    double sum = 0.0;
    int i;

    cycle_answers(l, &prompt, &answers);
    log_probabilities(l, policy, &prompt, &answers, ANSWERS, pi);
    for (i = 0; i < ANSWERS; i++)
        sum += pi[i] = exp(pi[i]);
    for (i = 0; i < ANSWERS; i++)
        pi[i] /= sum;
    sppo_lists_free(&l->ctx, &prompt);
    sppo_lists_free(&l->ctx, &answers);
    return sum;
}

/* The mean error of P over all pairs of answers. */
static void cycle_error(lab *l, sppo_pref *pref, const double *truth,
                        const char *who)
{
    sppo_lists prompt = { 0 }, answers = { 0 };
    double p[ANSWERS * ANSWERS], error = 0.0;
    int i;

    cycle_answers(l, &prompt, &answers);
    check(l, sppo_pref_fill(&l->ctx, pref, &prompt, &answers, ANSWERS, 0, 1,
                            p));
    for (i = 0; i < ANSWERS * ANSWERS; i++)
        error += fabs(p[i] - truth[i]) / (ANSWERS * ANSWERS);
    note(l, who, 0, "cycle_error", -1, error);
    sppo_lists_free(&l->ctx, &prompt);
    sppo_lists_free(&l->ctx, &answers);
}

/* What is as it was for all that play; the loss is the caller's. */
static sppo_play_config cycle_config(lab *l, sppo_play_config c)
{
    c.k = K, c.iterations = l->plan->rounds;
    c.prompts_per_iteration = CYCLE_PROMPTS;
    c.batch = BATCH, c.epochs = 4, c.seed = chance_key(l, CHANCE_CYCLE);
    c.sampling.max_tokens = 1, c.optim.lr = 3e-3;
    return c;
}

/* Self-play with a judge; after each round the exploitability of the last
 * policy, and of the average of all (Theorem 4.1's).                        */
static void cycle_play(lab *l, const sppo_model *base, sppo_judge judge,
                       const double *truth, sppo_play_config c,
                       const char *who)
{
    double pi[ANSWERS] = { 0.0 }, mean[ANSWERS] = { 0.0 };
    double total[ANSWERS] = { 0.0 }, inside = 1.0;
    sppo_lists prompts = { 0 };
    sppo_model policy;
    sppo_play play;
    const int bos = BOS;
    int i, round;

    for (i = 0; i < CYCLE_PROMPTS; i++)
        check(l, sppo_lists_add(&l->ctx, &prompts, &bos, 1));
    c = cycle_config(l, c);
    check(l, sppo_model_clone(&l->ctx, &policy, base, SPPO_HEAD_NONE, 0));
    check(l, sppo_play_init(&l->ctx, &play, &c, &policy, &prompts));
    for (round = 0; round <= c.iterations; round++) {
        inside = fmin(inside, cycle_policy(l, &policy, pi));
        for (i = 0; i < ANSWERS; i++) {
            total[i] += pi[i];
            mean[i] = total[i] / (round + 1);
        }
        note(l, who, 0, "gap_last", round,
             sppo_duality_gap(truth, pi, ANSWERS));
        note(l, who, 0, "gap_mean", round,
             sppo_duality_gap(truth, mean, ANSWERS));
        for (i = 0; i < 5 && round < c.iterations; i++)  // Alg 1.3 to 1.7
            check(l, sppo_play_next(&l->ctx, &play, &judge));
    }
    note(l, who, 0, "gap_last", -1, sppo_duality_gap(truth, pi, ANSWERS));
    note(l, who, 0, "gap_mean", -1, sppo_duality_gap(truth, mean, ANSWERS));
    note(l, who, 0, "inside", -1, inside);
    sppo_play_free(&l->ctx, &play);
    sppo_model_free(&l->ctx, &policy);
    sppo_lists_free(&l->ctx, &prompts);
}

void cycle_experiment(lab *l)
{
    static const sppo_head head[CYCLE_JUDGES] = {
        SPPO_HEAD_NONE, SPPO_HEAD_PAIR, SPPO_HEAD_EMBED, SPPO_HEAD_SCALAR
    };
    double truth[ANSWERS * ANSWERS];
    sppo_play_config c = { 0 };
    sppo_model base;
    int i;

    c.eta = 2.0, c.keep_all = 1;
    cycle_matrix(truth);
    cycle_base(l, &base);
    for (i = 0; i < CYCLE_JUDGES; i++) {
        sppo_judge judge = { cycle_fill, NULL };
        sppo_model model;
        sppo_pref pref;

        if (i > ORACLE) {
            check(l, sppo_model_clone(&l->ctx, &model, &base, head[i], 0));
            cycle_learn(l, &model);
            check(l, sppo_pref_init(&l->ctx, &pref, &model, PASS_TOKENS,
                                    ANSWERS, 0));
            cycle_error(l, &pref, truth, cycle_judge[i]);
            judge.fill = sppo_pref_fill;
            judge.user = &pref;
        }
        cycle_play(l, &base, judge, truth, c, cycle_judge[i]);
        if (i > ORACLE) {
            sppo_pref_free(&l->ctx, &pref);
            sppo_model_free(&l->ctx, &model);
        }
    }
    sppo_model_free(&l->ctx, &base);
}

/* One method, judged by the oracle, or by a reward learnt from votes. */
static void cycle_contend(lab *l, const sppo_model *base, const double *truth,
                          const contender *m)
{
    sppo_play_config c = method_config(l, m->by ? m->by : m->name);
    sppo_judge judge = { cycle_fill, NULL };
    sppo_model model;
    sppo_pref pref;
    char who[64];

    c.eta = m->circle_eta;
    c.keep_all = !m->two;
    c.pull = m->pull > 0.0 ? m->pull : c.pull;
    if (m->scalar) {
        check(l, sppo_model_clone(&l->ctx, &model, base, SPPO_HEAD_SCALAR, 0));
        cycle_learn(l, &model);
        check(l, sppo_pref_init(&l->ctx, &pref, &model, PASS_TOKENS, ANSWERS,
                                0));
        judge.fill = sppo_pref_fill;
        judge.user = &pref;
    }
    snprintf(who, sizeof who, "circle-%s", m->name);
    cycle_play(l, base, judge, truth, c, who);
    if (m->scalar) {
        sppo_pref_free(&l->ctx, &pref);
        sppo_model_free(&l->ctx, &model);
    }
}

void cycle_methods(lab *l)
{
    double truth[ANSWERS * ANSWERS];
    sppo_model base;
    int i;

    cycle_matrix(truth);
    cycle_base(l, &base);
    for (i = 0; i < contender_count; i++)
        cycle_contend(l, &base, truth, &contenders[i]);
    sppo_model_free(&l->ctx, &base);
}
