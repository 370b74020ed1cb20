/* train.c - the base policy and the preference models of a seed */
#include <math.h>

#include "lab.h"

/* ==== the base policy ==================================================== */

/* A row of text: flawless in the first 55 % of the steps, then of mixed
 * quality; three in ten rows are the unrelated skill.                       */
static void text_row(lab *l, int row, sppo_forest *forest)
{
    sppo_lists two = { 0 };
    text answer;
    scene s;
    dice d = chance_dice(l, CHANCE_TEXT, row);
    const int family = draw_family(&d, 0.3);
    const double quality = dice_roll(&d);
    int root;

    scene_draw(&l->t, &d, family, &s);
    write_response(&l->t, &d, &s,
                   row < 0.55 * BATCH * l->plan->base_steps ? 1.0 : quality,
                   &answer);
    add_prompt(l, &two, &s);
    add_words(l, &two, 0, &answer, EOS);
    root = sppo_forest_add(forest, -1, sppo_lists_tokens(&two, 0),
                           sppo_lists_length(&two, 0), 0);
    sppo_forest_add(forest, root, sppo_lists_tokens(&two, 1),
                    sppo_lists_length(&two, 1), 1);
    sppo_lists_free(&l->ctx, &two);
}

static void train_base(lab *l)
{
    sppo_config shape = { 0 };
    sppo_optim_config descent = { 0 };
    sppo_optim optim;
    sppo_forest forest;
    sppo_activations acts;
    sppo_real *grad;
    double loss;
    int step, i;

    shape.vocab = vocabulary(&l->t);
    shape.dim = l->plan->dim, shape.layers = l->plan->layers;
    shape.heads = 4, shape.hidden = shape.dim * 11 / 4;
    shape.context = CONTEXT, shape.bos = BOS, shape.eos = EOS;
    descent.kind = SPPO_ADAMW, descent.lr = 4e-3, descent.beta2 = 0.99;
    descent.weight_decay = 0.01, descent.warmup = 0.03, descent.lr_end = 0.05;
    descent.total_steps = l->plan->base_steps;
    check(l, sppo_model_init(&l->ctx, &l->base, &shape,
                             chance_key(l, CHANCE_WEIGHTS)));
    check(l, sppo_optim_init(&l->ctx, &optim, &descent, &l->base));
    begin_forest(l, &forest, &acts, &l->base, SPPO_STEP);
    grad = (sppo_real *)room(l, l->base.count, sizeof *grad);
    for (step = 0; step < descent.total_steps; step++) {
        sppo_forest_clear(&forest);
        for (i = 0; i < BATCH; i++)
            text_row(l, step * BATCH + i, &forest);
        check(l, sppo_next_token_loss(&l->ctx, &acts, &l->base, &forest,
                                      BATCH * 20, grad, &loss));
        check(l, sppo_optim_step(&l->ctx, &optim, &l->base, grad));
    }
    sppo_release(&l->ctx, grad, l->base.count * sizeof *grad);
    end_forest(l, &forest, &acts);
    sppo_optim_free(&l->ctx, &optim);
}

/* ==== preference models ================================================== */

/* Pairs and the annotators' votes, a list of labels per condition. */
typedef struct votes {
    sppo_lists prompts, responses;
    double *label[CONDITIONS], *gold;  // gold: the log odds, to report with
} votes;

/* A response of a pair: by the base policy or by another writer. Returns what
 * ends it: EOS, or 0 where it was cut.                                      */
static int pair_side(lab *l, dice *d, const scene *s, const sppo_lists *said,
                     int pair, text *out)
{
    const double quality = dice_roll(d);
    int list;

    if (dice_roll(d) >= 0.5) {
        write_response(&l->t, d, s, quality, out);
        return EOS;
    }
    list = pair / 2 * 2 + dice_pick(d, 2);
    read_words(said, list, out);
    return sppo_finished(&l->base.config, said, list) ? EOS : 0;
}

/* Pairs 2 i and 2 i + 1 ask prompt i, which the base policy answers twice. */
static void make_votes(lab *l, votes *v, int pairs)
{
    asked asks = { 0 };
    sppo_lists said = { 0 };
    int i, c;

    draw_asked(l, &asks, CHANCE_ASKED, (pairs + 1) / 2, 0);
    sample(l, &l->base, &asks.ids, 2, 0, chance_key(l, CHANCE_ANSWERS), &said);
    v->gold = (double *)room(l, (size_t)pairs, sizeof(double));
    for (c = 0; c < CONDITIONS; c++)
        v->label[c] = (double *)room(l, (size_t)pairs, sizeof(double));
    for (i = 0; i < pairs; i++) {
        const scene *s = &asks.scene[i / 2];
        dice d = chance_dice(l, CHANCE_PAIRS, i);
        text a, b;
        marks ma, mb;
        int end_a, end_b;

        do {
            end_a = pair_side(l, &d, s, &said, i, &a);
            end_b = pair_side(l, &d, s, &said, i, &b);
        } while (same_words(&a, &b));
        add_prompt(l, &v->prompts, s);
        add_words(l, &v->responses, 0, &a, end_a);
        add_words(l, &v->responses, 0, &b, end_b);
        ma = judge_response(&l->t, s, &a);
        mb = judge_response(&l->t, s, &b);
        v->gold[i] = gold_logit(&ma, &mb);
        for (c = 0; c < CONDITIONS; c++) {
            dice vote = chance_dice(l, CHANCE_VOTES, i);

            v->label[c][i] = annotate(&vote, &ma, &mb, length_bias[c], 4);
        }
    }
    asked_free(l, &asks);
    sppo_lists_free(&l->ctx, &said);
}

static void free_votes(lab *l, votes *v)
{
    const size_t bytes = (size_t)v->prompts.count * sizeof(double);
    int c;

    sppo_release(&l->ctx, v->gold, bytes);
    for (c = 0; c < CONDITIONS; c++)
        sppo_release(&l->ctx, v->label[c], bytes);
    sppo_lists_free(&l->ctx, &v->prompts);
    sppo_lists_free(&l->ctx, &v->responses);
}

/* How often the model agrees with the gold judge on the pairs from `from` on,
 * and where that judge is sure of itself.                                   */
static void note_agreement(lab *l, sppo_pref *pref, const votes *v, int from,
                           const char *who)
{
    const int held = v->prompts.count - from;
    double *score = (double *)room(l, (size_t)held, sizeof *score);
    int *row = (int *)room(l, (size_t)held, sizeof *row);
    double loss, right = 0.0, sure = 0.0, sure_right = 0.0;
    int i;

    for (i = 0; i < held; i++)
        row[i] = from + i;
    check(l, sppo_pref_loss(&l->ctx, pref, &v->prompts, &v->responses,
                            v->label[MILD], row, held, NULL, &loss, score));
    for (i = 0; i < held; i++) {
        const double gold = v->gold[from + i];
        const int agree = (score[i] > 0.0) == (gold > 0.0);

        right += agree;
        sure += fabs(gold) > 1.0;
        sure_right += agree && fabs(gold) > 1.0;
    }
    note(l, who, 0, "agreement", -1, right / held);
    note(l, who, 0, "agreement_sure", -1, sure_right / sure);
    sppo_release(&l->ctx, score, (size_t)held * sizeof *score);
    sppo_release(&l->ctx, row, (size_t)held * sizeof *row);
}

/* One epoch over all pairs but the last sixteenth. */
static void train_judge(lab *l, const votes *v, enum condition c)
{
    const int learned = v->prompts.count / 16 * 15 / BATCH * BATCH;
    sppo_optim_config descent = { 0 };
    sppo_model *model = &l->judge[c];
    int *order = (int *)room(l, (size_t)learned, sizeof *order);
    sppo_optim optim;
    sppo_pref pref;
    sppo_real *grad;
    double loss;
    int at;

    descent.kind = SPPO_ADAMW, descent.lr = 2e-3, descent.weight_decay = 0.05;
    descent.warmup = 0.05, descent.total_steps = learned / BATCH;
    check(l, sppo_model_clone(&l->ctx, model, &l->base, SPPO_HEAD_EMBED, 0));
    check(l, sppo_optim_init(&l->ctx, &optim, &descent, model));
    check(l, sppo_pref_init(&l->ctx, &pref, model, PASS_TOKENS, 2, 1));
    grad = (sppo_real *)room(l, model->count, sizeof *grad);
    sppo_random_order(chance_key(l, CHANCE_PAIRS), order, learned);
    for (at = 0; at < learned; at += BATCH) {
        check(l, sppo_pref_loss(&l->ctx, &pref, &v->prompts, &v->responses,
                                v->label[c], order + at, BATCH, grad, &loss,
                                NULL));
        check(l, sppo_optim_step(&l->ctx, &optim, model, grad));
    }
    note_agreement(l, &pref, v, learned, c == MILD ? "base" : "base-strong");
    sppo_release(&l->ctx, grad, model->count * sizeof *grad);
    sppo_release(&l->ctx, order, (size_t)learned * sizeof *order);
    sppo_pref_free(&l->ctx, &pref);
    sppo_optim_free(&l->ctx, &optim);
}

/* ==== both =============================================================== */

/* A seed's base policy and preference models, measured like any policy. */
void prepare(lab *l)
{
    votes v = { 0 };
    int c;

    train_base(l);
    make_votes(l, &v, l->plan->pairs);
    for (c = 0; c < CONDITIONS; c++)
        train_judge(l, &v, (enum condition)c);
    free_votes(l, &v);
    save_model(l, &l->base, "base");
    save_model(l, &l->judge[MILD], "mild");
    save_model(l, &l->judge[STRONG], "strong");
    open_measuring(l, CHANCE_TEST);
    for (c = 0; c < CONDITIONS; c++) {
        const char *who = c == MILD ? "base" : "base-strong";

        measure_policy(l, who, 0, &l->base, (enum condition)c);
        measure_reranked(l, who, 0, &l->base, (enum condition)c);
    }
}
