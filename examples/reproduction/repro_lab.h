/* repro_lab.h - the laboratory: makes models, aligns them, measures them
 *
 * Part of repro.c.  Every function works for one seed; what it draws depends on
 * the seed and on nothing else, so units of work can be done in any order, in
 * any process, and again.
 *
 * Who sees what.  Base policy: text.  Preference model: votes of annotators on
 * pairs of responses.  Alignment: prompts and the preference model.  Choice of
 * settings: the preference model on validation prompts.  The gold judge is
 * asked by measure() alone, and on test prompts.                            */
#ifndef REPRO_LAB_H
#define REPRO_LAB_H

/* ==== sizes, methods, runs =============================================== */

enum { ITERATIONS = 3, K = 5, BATCH = 32, RERANKED = 16, SAMPLES = 2,
       CONTEXT = 96, PASS_TOKENS = 4096 };

/* Two sets of seeds: the questions were put with the first in sight, the second
 * is there to ask them again.                                               */
enum { SETS = 2, SET_STEP = 10 };
static const char *const set_name[SETS] = { "first", "second" };

typedef struct plan {
    const char *name;
    int set;
    int tuning_seed; // whose models choose the settings: 0, or to save time 1
    int from, seeds; // from .. from + seeds - 1 are measured
    int dim, layers; // of policy and preference model
    int longest;     // response, in tokens
    int base_steps;  // of BATCH rows
    int pairs;       // that annotators vote on
    int prompts;     // of one iteration
    int epochs;
    int tests;       // test prompts; as many validation prompts
    int skills;      // prompts of the unrelated skill
    int reranked;    // test prompts with RERANKED responses
    int settings;    // tried for each method
    int tuned;       // iterations before settings are compared
    int whole_ladder; // 1: all values of eta; 0: those that a claim needs
    int rounds;      // of self-play with the cycle
    int votes;       // on pairs with the cycle
} plan;

/* The plan for another set: the same with other seeds. */
static plan plan_for(const plan *first, int set)
{
    plan p = *first;

    p.set = set;
    p.tuning_seed += SET_STEP * set;
    p.from += SET_STEP * set;
    return p;
}

static int last_seed(const plan *p) { return p->from + p->seeds - 1; }

/* Annotators: what a word more is worth to them, in log odds. */
enum condition { MILD, STRONG, CONDITIONS };
static const double length_bias[CONDITIONS] = { 0.02, 0.06 };
static const char *const condition_suffix[CONDITIONS] = { "", "-strong" };

enum method { SPPO, DPO, IPO, METHODS };
static const char *const method_name[METHODS] = { "sppo", "dpo", "ipo" };
static const sppo_loss method_loss[METHODS] = {
    SPPO_LOSS_SPPO, SPPO_LOSS_DPO, SPPO_LOSS_IPO
};

/* What may be chosen: a strength (DPO's beta is 1 / eta, IPO's tau 1 / 2 eta)
 * and a learning rate; a small plan tries the first few.                    */
typedef struct setting { double eta, lr; } setting;
enum { SETTINGS = 6 };
static const setting grid[METHODS][SETTINGS] = {
    { { 30, 3e-4 }, { 30, 1e-4 }, { 100, 3e-4 }, { 100, 1e-4 }, { 10, 3e-4 },
      { 10, 1e-4 } },
    { { 1, 3e-4 }, { 1, 1e-4 }, { 3, 3e-4 }, { 3, 1e-4 }, { 10, 3e-4 },
      { 10, 1e-4 } },
    { { 5, 3e-4 }, { 5, 1e-4 }, { 15, 3e-4 }, { 15, 1e-4 }, { 1.5, 3e-4 },
      { 1.5, 1e-4 } }
};

/* One alignment.  Zero: as the method's chosen setting has it. */
typedef struct run {
    const char *name;
    enum method method;
    enum condition condition;
    int kept;      // 1: policies stay on disk for the tournament
    int judges;    // win rates against that many of the K responses
    int keep_all;
    int bradley_terry;
    sppo_baseline baseline;
    double eta;
    int rung;      // 1: of the ladder of eta only
} run;

static const run runs[] = {
    { "sppo", SPPO, MILD, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "dpo", DPO, MILD, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "ipo", IPO, MILD, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "sppo-strong", SPPO, STRONG, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "dpo-strong", DPO, STRONG, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "ipo-strong", IPO, STRONG, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "K2", SPPO, MILD, 0, 2, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "K3", SPPO, MILD, 0, 3, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "all", SPPO, MILD, 0, 0, 1, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "log-z", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_EMPIRICAL, 0, 0 },
    { "scores", SPPO, MILD, 0, 0, 0, 1, SPPO_BASELINE_HALF, 0, 0 },
    { "eta3", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 3, 1 },
    { "eta10", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 10, 0 },
    { "eta30", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 30, 0 },
    { "eta100", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 100, 0 },
    { "eta300", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 300, 1 },
    { "eta1000", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 1000, 0 }
};
enum { RUNS = (int)(sizeof runs / sizeof runs[0]) };

/* Streams of chance; every seed has its own of each. */
enum chance { CHANCE_TEXT = 100, CHANCE_WEIGHTS, CHANCE_ASKED, CHANCE_ANSWERS,
              CHANCE_PAIRS, CHANCE_VOTES, CHANCE_TRAIN, CHANCE_VALIDATE,
              CHANCE_TEST, CHANCE_SKILL, CHANCE_REFERENCE, CHANCE_BASE,
              CHANCE_POLICY, CHANCE_RERANK, CHANCE_MATCH, CHANCE_ALIGN,
              CHANCE_THIRD, CHANCE_CYCLE };

/* ==== the laboratory ===================================================== */

/* Prompts as tokens, and as what they ask. */
typedef struct asked {
    sppo_lists ids;
    scene *scene;
} asked;

typedef struct lab {
    const plan *plan;
    const char *folder;
    uint64_t seed;
    sppo_ctx ctx;
    task t;
    store cell;   // what this unit of work has measured
    sppo_model base;
    sppo_model judge[CONDITIONS];
    sppo_pref pref[CONDITIONS];
    asked on;               // the prompts that policies are measured on
    asked skill;
    marks *reference;       // [on] of a fixed writer
    sppo_lists base_says;   // [on, SAMPLES]
} lab;

static void stop(const char *message)
{
    fprintf(stderr, "repro: %s\n", message);
    exit(1);
}

static void check(const lab *l, sppo_result result)
{
    if (result != SPPO_OK)
        stop(l->ctx.message);
}

static void *room(lab *l, size_t count, size_t size)
{
    void *block = sppo_alloc(&l->ctx, count, size);

    check(l, block ? SPPO_OK : SPPO_E_MEMORY);
    return block;
}

static uint64_t key_of(const lab *l, enum chance c)
{
    return sppo_random_fork(l->seed, (uint64_t)c);
}

static dice dice_of(const lab *l, enum chance c, int row)
{
    dice d = { 0, 0 };

    d.key = sppo_random_fork(key_of(l, c), (uint64_t)row);
    return d;
}

static void note(lab *l, const char *who, int iteration, const char *metric,
                 int index, double value)
{
    if (!store_add(&l->cell, (int)l->seed, who, iteration, metric, index,
                   value))
        stop("out of memory for what was measured");
}

/* Notes the mean, and under the same name the list when it is wanted. */
static double note_mean(lab *l, const char *who, int iteration,
                        const char *metric, const double *x, int n, int list)
{
    double mean = 0.0;
    int i;

    for (i = 0; i < n; i++)
        mean += x[i] / n;
    for (i = 0; list && i < n; i++)
        note(l, who, iteration, metric, i, x[i]);
    note(l, who, iteration, metric, -1, mean);
    return mean;
}

/* ---- words and tokens ---- */

/* 0 is no token of the language; words follow the three that frame them. */
enum { BOS = 1, EOS, ANSWER, WORDS };

static int vocabulary(const task *t) { return WORDS + t->words; }

/* Appends `before` (0: none), the words, and `after`.  A word that the task
 * does not know, which only an untrained policy says, is token 0.           */
static void add_words(lab *l, sppo_lists *lists, int before, const text *words,
                      int after)
{
    int token[RESPONSE_WORDS + 2], n = 0, i;

    if (before)
        token[n++] = before;
    for (i = 0; i < words->count; i++)
        token[n++] = words->word[i] < l->t.words ? WORDS + words->word[i] : 0;
    if (after)
        token[n++] = after;
    check(l, sppo_lists_add(&l->ctx, lists, token, n));
}

static void add_prompt(lab *l, sppo_lists *lists, const scene *s)
{
    text words;

    prompt_words(&l->t, s, &words);
    add_words(l, lists, BOS, &words, ANSWER);
}

/* The words of a response, without EOS.  A frame token in it is a word that
 * the task does not know.                                                   */
static void read_words(const sppo_lists *lists, int list, text *out)
{
    const int *token = sppo_lists_tokens(lists, list);
    const int n = sppo_lists_length(lists, list);
    int i;

    out->count = 0;
    for (i = 0; i < n && token[i] != EOS; i++)
        out->word[out->count++] =
            token[i] < WORDS ? MAX_VOCABULARY : token[i] - WORDS;
}

static marks gold_marks(const lab *l, const scene *s, const sppo_lists *lists,
                        int list)
{
    text words;

    read_words(lists, list, &words);
    return judge_response(&l->t, s, &words);
}

static void draw_asked(lab *l, asked *a, enum chance c, int count, int skill)
{
    int i;

    a->scene = (scene *)room(l, (size_t)count, sizeof *a->scene);
    for (i = 0; i < count; i++) {
        dice d = dice_of(l, c, i);

        scene_draw(&l->t, &d, skill ? (int)BACKWARDS : dice_pick(&d, BACKWARDS),
                   &a->scene[i]);
        add_prompt(l, &a->ids, &a->scene[i]);
    }
}

static void asked_free(lab *l, asked *a)
{
    sppo_release(&l->ctx, a->scene, (size_t)a->ids.count * sizeof *a->scene);
    sppo_lists_free(&l->ctx, &a->ids);
    memset(a, 0, sizeof *a);
}

/* ---- models on disk ---- */

static void path_of(const lab *l, char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s/%s/seed%d-%s", l->folder, l->plan->name,
             set_name[l->plan->set], (int)l->seed, name);
}

static void save_model(lab *l, const sppo_model *model, const char *name)
{
    char path[512];

    path_of(l, path, name);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        stop("a folder for a model cannot be made");
    check(l, sppo_model_save(&l->ctx, model, path));
}

static void load_model(lab *l, sppo_model *model, const char *name)
{
    char path[512];

    path_of(l, path, name);
    check(l, sppo_model_load(&l->ctx, model, path));
}

/* ==== the base policy and the preference models ========================== */

static void begin_forest(lab *l, sppo_forest *forest, sppo_activations *acts,
                         const sppo_model *model, int way)
{
    check(l, sppo_forest_init(&l->ctx, forest, PASS_TOKENS, 1024));
    check(l, sppo_activations_init(&l->ctx, acts, model, PASS_TOKENS, 1024,
                                   model->config.context, way));
}

static void end_forest(lab *l, sppo_forest *forest, sppo_activations *acts)
{
    sppo_forest_free(&l->ctx, forest);
    sppo_activations_free(&l->ctx, acts);
}

/* A row of text: flawless in the first 55 % of the steps, then of mixed
 * quality; three in ten rows are the unrelated skill.                       */
static void text_row(lab *l, int row, sppo_forest *forest)
{
    sppo_lists two = { 0 };
    text answer;
    scene s;
    dice d = dice_of(l, CHANCE_TEXT, row);
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
                             key_of(l, CHANCE_WEIGHTS)));
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

static void sample(lab *l, const sppo_model *policy, const sppo_lists *prompts,
                   int k, int greedy, uint64_t key, sppo_lists *out)
{
    sppo_sampling how = { 0 };
    sppo_sampler sampler;

    how.greedy = greedy;
    how.max_tokens = l->plan->longest;
    check(l, sppo_sampler_init(&l->ctx, &sampler, policy, 32, k, 32,
                               l->plan->longest));
    check(l, sppo_sample(&l->ctx, &sampler, policy, prompts, 0, prompts->count,
                         &how, key, out));
    sppo_sampler_free(&l->ctx, &sampler);
}

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
    sample(l, &l->base, &asks.ids, 2, 0, key_of(l, CHANCE_ANSWERS), &said);
    v->gold = (double *)room(l, (size_t)pairs, sizeof(double));
    for (c = 0; c < CONDITIONS; c++)
        v->label[c] = (double *)room(l, (size_t)pairs, sizeof(double));
    for (i = 0; i < pairs; i++) {
        const scene *s = &asks.scene[i / 2];
        dice d = dice_of(l, CHANCE_PAIRS, i);
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
            dice vote = dice_of(l, CHANCE_VOTES, i);

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
    sppo_random_order(key_of(l, CHANCE_PAIRS), order, learned);
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

/* ==== measuring a policy ================================================= */

/* log model(y|x) of k responses to each prompt. */
static void log_probabilities(lab *l, const sppo_model *model,
                              const sppo_lists *prompts,
                              const sppo_lists *responses, int k, double *out)
{
    sppo_forest forest;
    sppo_activations acts;
    int p, first, i, at;

    begin_forest(l, &forest, &acts, model, SPPO_FORWARD);
    for (p = 0; p < prompts->count; p = at) {
        sppo_forest_clear(&forest);
        for (at = p; at < prompts->count && at < p + 16; at++) {
            const int root = sppo_forest_add(
                &forest, -1, sppo_lists_tokens(prompts, at),
                sppo_lists_length(prompts, at), 0);

            for (i = 0; i < k; i++)
                sppo_forest_add(&forest, root,
                                sppo_lists_tokens(responses, at * k + i),
                                sppo_lists_length(responses, at * k + i), 1);
        }
        check(l, sppo_forward(&l->ctx, &acts, model, &forest));
        for (first = p; p < at; p++)
            for (i = 0; i < k; i++)
                out[p * k + i] = sppo_segment_logprob(
                    &acts, &forest, (p - first) * (k + 1) + 1 + i);
    }
    end_forest(l, &forest, &acts);
}

/* Mean win rates, per prompt, of the policy's SAMPLES responses against the
 * base's, by the preference model.                                          */
static void proxy_rates(lab *l, enum condition c, const sppo_lists *said,
                        double *win)
{
    const int n = l->on.ids.count, k = 2 * SAMPLES;
    double *p = (double *)room(l, (size_t)n * (size_t)k * (size_t)k, sizeof *p);
    sppo_lists both = { 0 };
    int x, i, j;

    for (x = 0; x < n; x++)
        for (i = 0; i < k; i++) {
            const sppo_lists *from = i < SAMPLES ? said : &l->base_says;
            const int list = x * SAMPLES + i % SAMPLES;

            check(l, sppo_lists_add(&l->ctx, &both,
                                    sppo_lists_tokens(from, list),
                                    sppo_lists_length(from, list)));
        }
    check(l, sppo_pref_fill(&l->ctx, &l->pref[c], &l->on.ids, &both, k, 0, n,
                            p));
    for (x = 0; x < n; x++)
        for (win[x] = 0.0, i = 0; i < SAMPLES; i++)
            for (j = SAMPLES; j < k; j++)
                win[x] += p[(x * k + i) * k + j] / (SAMPLES * SAMPLES);
    sppo_release(&l->ctx, p, (size_t)n * (size_t)k * (size_t)k * sizeof *p);
    sppo_lists_free(&l->ctx, &both);
}

/* The same by the gold judge, against the base and against the reference; and
 * what its marks say of the responses.                                      */
static void note_gold(lab *l, const char *who, int iteration,
                      const sppo_lists *said)
{
    const int n = l->on.ids.count, all = n * SAMPLES;
    double *base = (double *)room(l, (size_t)(2 * n + 2 * all), sizeof *base);
    double *ref = base + n, *win = ref + n, *longer = win + all;
    double u = 0.0, ok = 0.0, length = 0.0, pad = 0.0, unfinished = 0.0;
    length_control equal;
    int x, i, j;

    for (x = 0; x < n; x++)
        for (i = 0; i < SAMPLES; i++) {
            const int at = x * SAMPLES + i;
            const marks m = gold_marks(l, &l->on.scene[x], said, at);

            for (j = 0; j < SAMPLES; j++) {
                const marks b = gold_marks(l, &l->on.scene[x], &l->base_says,
                                           x * SAMPLES + j);

                base[x] += gold_probability(&m, &b) / (SAMPLES * SAMPLES);
            }
            win[at] = gold_probability(&m, &l->reference[x]);
            longer[at] = m.length - l->reference[x].length;
            ref[x] += win[at] / SAMPLES;
            u += m.u / all;
            ok += (double)m.ok / all;
            length += (double)m.length / all;
            pad += (double)m.pad / all;
            unfinished += (double)m.unfinished / all;
        }
    note_mean(l, who, iteration, "gold", ref, n, 1);
    note_mean(l, who, iteration, "gold_base", base, n, 1);
    length_control_measure(&equal, win, longer, all);
    note(l, who, iteration, "gold_lc", -1, equal.controlled);
    note(l, who, iteration, "utility", -1, u);
    note(l, who, iteration, "right", -1, ok);
    note(l, who, iteration, "length", -1, length);
    note(l, who, iteration, "padding", -1, pad);
    note(l, who, iteration, "unfinished", -1, unfinished);
    sppo_release(&l->ctx, base, (size_t)(2 * n + 2 * all) * sizeof *base);
}

/* E log policy / base over the policy's own responses. */
static void note_kl(lab *l, const char *who, int iteration,
                    const sppo_model *policy, const sppo_lists *said)
{
    const int n = said->count;
    double *lp = (double *)room(l, (size_t)(2 * n), sizeof *lp), sum = 0.0;
    int i;

    log_probabilities(l, policy, &l->on.ids, said, SAMPLES, lp);
    log_probabilities(l, &l->base, &l->on.ids, said, SAMPLES, lp + n);
    for (i = 0; i < n; i++)
        sum += lp[i] - lp[n + i];
    note(l, who, iteration, "kl", -1, sum / n);
    sppo_release(&l->ctx, lp, (size_t)(2 * n) * sizeof *lp);
}

/* Letters said backwards: greedy answers that match, and what the right answer
 * costs in nats, for a match hides how sure it was.                         */
static void note_skill(lab *l, const char *who, int iteration,
                       const sppo_model *policy)
{
    const int n = l->skill.ids.count;
    double *lp = (double *)room(l, (size_t)n, sizeof *lp);
    double right = 0.0, nats = 0.0;
    sppo_lists said = { 0 }, truth = { 0 };
    int i;

    sample(l, policy, &l->skill.ids, 1, 1, 0, &said);
    for (i = 0; i < n; i++) {
        dice none = { 0, 0 };
        text words;

        right += gold_marks(l, &l->skill.scene[i], &said, i).ok;
        write_response(&l->t, &none, &l->skill.scene[i], 1.0, &words);
        add_words(l, &truth, 0, &words, EOS);
    }
    log_probabilities(l, policy, &l->skill.ids, &truth, 1, lp);
    for (i = 0; i < n; i++)
        nats -= lp[i];
    note(l, who, iteration, "skill", -1, right / n);
    note(l, who, iteration, "skill_nats", -1, nats / n);
    sppo_release(&l->ctx, lp, (size_t)n * sizeof *lp);
    sppo_lists_free(&l->ctx, &said);
    sppo_lists_free(&l->ctx, &truth);
}

/* Everything about a policy.  All policies of a seed are measured with the same
 * draws, which takes part of the chance out of their differences.           */
static void measure_policy(lab *l, const char *who, int iteration,
                           const sppo_model *policy, enum condition c)
{
    const int n = l->on.ids.count;
    double *win = (double *)room(l, (size_t)n, sizeof *win);
    sppo_lists said = { 0 };

    sample(l, policy, &l->on.ids, SAMPLES, 0, key_of(l, CHANCE_POLICY), &said);
    note_gold(l, who, iteration, &said);
    proxy_rates(l, c, &said, win);
    note_mean(l, who, iteration, "proxy", win, n, 0);
    note_kl(l, who, iteration, policy, &said);
    note_skill(l, who, iteration, policy);
    sppo_release(&l->ctx, win, (size_t)n * sizeof *win);
    sppo_lists_free(&l->ctx, &said);
}

/* Best of RERANKED responses by the preference model, against the first one. */
static void measure_reranked(lab *l, const char *who, int iteration,
                             const sppo_model *policy, enum condition c)
{
    const int n = l->plan->reranked, k = RERANKED;
    double *p = (double *)room(l, (size_t)k * (size_t)k, sizeof *p);
    double *gain = (double *)room(l, (size_t)n, sizeof *gain);
    double length = 0.0, first = 0.0;
    sppo_lists said = { 0 }, one = { 0 };
    int x, i;

    for (x = 0; x < n; x++)
        check(l, sppo_lists_add(&l->ctx, &one, sppo_lists_tokens(&l->on.ids, x),
                                sppo_lists_length(&l->on.ids, x)));
    sample(l, policy, &one, k, 0, key_of(l, CHANCE_RERANK), &said);
    for (x = 0; x < n; x++) {
        sppo_lists view = said;
        marks m[2];

        view.start += x * k;
        view.count = k;
        check(l, sppo_pref_fill(&l->ctx, &l->pref[c], &one, &view, k, x, 1, p));
        i = sppo_best_of(p, k);
        m[0] = gold_marks(l, &l->on.scene[x], &view, 0);
        m[1] = gold_marks(l, &l->on.scene[x], &view, i);
        gain[x] = gold_probability(&m[1], &l->reference[x]);
        first += gold_probability(&m[0], &l->reference[x]) / n;
        gain[x] -= gold_probability(&m[0], &l->reference[x]);
        length += (double)m[1].length / n;
    }
    note(l, who, iteration, "first", -1, first);
    note_mean(l, who, iteration, "rerank_gain", gain, n, 1);
    note(l, who, iteration, "rerank_length", -1, length);
    sppo_release(&l->ctx, p, (size_t)k * (size_t)k * sizeof *p);
    sppo_release(&l->ctx, gain, (size_t)n * sizeof *gain);
    sppo_lists_free(&l->ctx, &said);
    sppo_lists_free(&l->ctx, &one);
}

/* Prompts to measure on, what a fixed writer of quality 0.75 answers to them
 * (the role of GPT-4's answers in AlpacaEval) and what the base does.       */
static void open_measuring(lab *l, enum chance prompts)
{
    const int n = l->plan->tests;
    int i;

    draw_asked(l, &l->on, prompts, n, 0);
    draw_asked(l, &l->skill, CHANCE_SKILL, l->plan->skills, 1);
    l->reference = (marks *)room(l, (size_t)n, sizeof *l->reference);
    for (i = 0; i < n; i++) {
        dice d = dice_of(l, CHANCE_REFERENCE, i);
        text words;

        write_response(&l->t, &d, &l->on.scene[i], 0.75, &words);
        l->reference[i] = judge_response(&l->t, &l->on.scene[i], &words);
    }
    sample(l, &l->base, &l->on.ids, SAMPLES, 0, key_of(l, CHANCE_BASE),
           &l->base_says);
    for (i = 0; i < CONDITIONS; i++)
        check(l, sppo_pref_init(&l->ctx, &l->pref[i], &l->judge[i], PASS_TOKENS,
                                RERANKED, 0));
}

/* ==== aligning =========================================================== */

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
        dice d = dice_of(l, CHANCE_THIRD, play->round.first + p);
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

static sppo_play_config config_of(const lab *l, const run *r, setting chosen)
{
    sppo_play_config c = { 0 };

    c.eta = r->eta > 0.0 ? r->eta : chosen.eta;
    c.k = K;
    c.iterations = ITERATIONS;
    c.prompts_per_iteration = l->plan->prompts;
    c.batch = BATCH;
    c.epochs = l->plan->epochs;
    c.pass_tokens = PASS_TOKENS;
    c.keep_all = r->keep_all;
    c.bradley_terry = r->bradley_terry;
    c.baseline = r->baseline;
    c.seed = key_of(l, CHANCE_ALIGN);
    c.loss = method_loss[r->method];
    c.sampling.max_tokens = l->plan->longest;
    c.optim.lr = chosen.lr;
    c.optim.clip = 1.0;
    c.optim.warmup = 0.1;
    return c;
}

/* After an iteration: measure, and keep the policy if asked. */
static void after_iteration(lab *l, const run *r, const sppo_model *policy,
                            const char *who, int iteration, int steps)
{
    char name[64];

    note_arrival(l, who, iteration, "winner", "winner_end", steps);
    note_arrival(l, who, iteration, "loser", "loser_end", steps);
    measure_policy(l, who, iteration, policy, r->condition);
    if (!r->kept)
        return;
    snprintf(name, sizeof name, "%s%d", who, iteration);
    save_model(l, policy, name);
    if (r->method == SPPO)
        measure_reranked(l, who, iteration, policy, r->condition);
}

/* One alignment of `iterations` iterations, measured after each. */
static void align(lab *l, const run *r, setting chosen, const char *who,
                  int iterations)
{
    sppo_play_config config = config_of(l, r, chosen);
    sppo_judge judge = { sppo_pref_fill, NULL };
    asked asks = { 0 };
    sppo_model policy;
    sppo_play play;
    watch w;

    w.l = l, w.who = who, w.eta = config.eta;
    config.progress = on_progress;
    config.progress_user = &w;
    judge.user = &l->pref[r->condition];
    draw_asked(l, &asks, CHANCE_TRAIN, ITERATIONS * l->plan->prompts, 0);
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
        after_iteration(l, r, &policy, who, play.iteration, play.steps);
    }
    sppo_play_free(&l->ctx, &play);
    sppo_model_free(&l->ctx, &policy);
    asked_free(l, &asks);
}

/* ==== the tournament ===================================================== */

enum { PLAYERS = 1 + METHODS * ITERATIONS };  // the base, then by method

static void player_name(int player, enum condition c, char name[64])
{
    const int m = (player - 1) / ITERATIONS;

    if (player == 0)
        snprintf(name, 64, "base");
    else
        snprintf(name, 64, "%s%s%d", method_name[m], condition_suffix[c],
                 1 + (player - 1) % ITERATIONS);
}

/* Every policy against every other on the test prompts, a response each. */
static void tournament(lab *l, enum condition c)
{
    const int n = l->on.ids.count, k = PLAYERS;
    double *p = (double *)room(l, (size_t)n * (size_t)k * (size_t)k, sizeof *p);
    double *gold = (double *)room(l, 2 * (size_t)k * (size_t)k, sizeof *gold);
    double *proxy = gold + k * k;
    const char *who = c == MILD ? "match" : "match-strong";
    sppo_lists said[PLAYERS] = { { 0 } }, all = { 0 };
    char name[64];
    int x, i, j;

    for (i = 0; i < k; i++) {
        sppo_model policy;

        player_name(i, c, name);
        load_model(l, &policy, name);
        sample(l, &policy, &l->on.ids, 1, 0,
               sppo_random_fork(key_of(l, CHANCE_MATCH), (uint64_t)i),
               &said[i]);
        sppo_model_free(&l->ctx, &policy);
    }
    for (x = 0; x < n; x++)
        for (i = 0; i < k; i++)
            check(l, sppo_lists_add(&l->ctx, &all,
                                    sppo_lists_tokens(&said[i], x),
                                    sppo_lists_length(&said[i], x)));
    check(l, sppo_pref_fill(&l->ctx, &l->pref[c], &l->on.ids, &all, k, 0, n,
                            p));
    for (x = 0; x < n; x++) {
        marks m[PLAYERS];

        for (i = 0; i < k; i++)
            m[i] = gold_marks(l, &l->on.scene[x], &all, x * k + i);
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                proxy[i * k + j] += p[(x * k + i) * k + j] / n;
                gold[i * k + j] += i == j ? 0.5 / n
                    : gold_probability(&m[i], &m[j]) / n;
            }
    }
    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++) {
            note(l, who, i, "duel_gold", j, gold[i * k + j]);
            note(l, who, i, "duel_proxy", j, proxy[i * k + j]);
        }
    for (i = 0; i < k; i++)
        sppo_lists_free(&l->ctx, &said[i]);
    sppo_lists_free(&l->ctx, &all);
    sppo_release(&l->ctx, p, (size_t)n * (size_t)k * (size_t)k * sizeof *p);
    sppo_release(&l->ctx, gold, 2 * (size_t)k * (size_t)k * sizeof *gold);
}

#endif
