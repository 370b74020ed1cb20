/* engine.c - Algorithm 1 for a page: models from bytes, a judge outside */

#define SPPO_IMPLEMENTATION
#include "engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_ROOM = 4096, MOST_K = 8 };

sppo_ctx engine_ctx;
static sppo_model first, policy, preference;  // first: the policy as it came
static sppo_tokenizer tokenizer;
static sppo_pref pref;
static sppo_lists prompts;
static sppo_play play;
static sppo_play_config config;
static sppo_evaluation evaluation;
static char text[TEXT_ROOM];
static int pause_each_step, judged_outside;

EXPORT(room) void *room(int bytes) { return calloc((size_t)bytes, 1); }

EXPORT(leave) void leave(void *at) { free(at); }

EXPORT(message) const char *message(void) { return engine_ctx.message; }

/* ---- models ---- */

EXPORT(load_policy)
int load_policy(const char *json, int json_size, const char *weights,
                int weights_size, const char *words, int words_size)
{
    return sppo_model_read(&engine_ctx, &first, json, (size_t)json_size,
                           weights, (size_t)weights_size) ||
           sppo_model_clone(&engine_ctx, &policy, &first, SPPO_HEAD_NONE, 0) ||
           sppo_tokenizer_read(&engine_ctx, &tokenizer, words,
                               (size_t)words_size, first.config.vocab);
}

EXPORT(load_preference)
int load_preference(const char *json, int json_size, const char *weights,
                    int weights_size)
{
    return sppo_model_read(&engine_ctx, &preference, json, (size_t)json_size,
                           weights, (size_t)weights_size) ||
           sppo_pref_init(&engine_ctx, &pref, &preference, 4096, MOST_K, 0);
}

/* The policy is again what it was. */
EXPORT(reset) void reset(void)
{
    memcpy(policy.weights, first.weights, first.count * sizeof(sppo_real));
}

/* FNV-1a of the weights, byte by byte: equal sums, equal bits. */
EXPORT(checksum) uint32_t checksum(void)
{
    uint32_t sum = 2166136261u, bits;
    size_t i;
    int j;

    for (i = 0; i < policy.count; i++) {
        memcpy(&bits, &policy.weights[i], sizeof bits);
        for (j = 0; j < 32; j += 8)
            sum = (sum ^ (bits >> j & 255)) * 16777619u;
    }
    return sum;
}

/* ---- the judge ---- */

static sppo_result ask_page(sppo_ctx *ctx, void *user, const char *prompt,
                            const char *const *responses, const int *finished,
                            int k, double *pairwise)
{
    static char all[(MOST_K + 1) * TEXT_ROOM];
    size_t at = 0, n;
    int i;

    (void)user;
    (void)finished;
    for (i = -1; i < k; i++) {
        const char *s = i < 0 ? prompt : responses[i];

        n = strlen(s);
        if (n >= TEXT_ROOM)
            n = TEXT_ROOM - 1;
        memcpy(all + at, s, n);
        all[at + n] = 0;
        at += n + 1;
    }
    if (page_judge(all, k, pairwise))
        return sppo_fail(ctx, SPPO_E_JUDGE, "the judge of the page failed");
    return SPPO_OK;
}

static sppo_text_judge texts = { &tokenizer, &policy.config, ask_page, NULL };

static sppo_judge the_judge(void)
{
    sppo_judge judge;

    judge.fill = judged_outside ? sppo_judge_texts : sppo_pref_fill;
    judge.user = judged_outside ? (void *)&texts : (void *)&pref;
    return judge;
}

EXPORT(use_judge) void use_judge(int outside) { judged_outside = outside; }

/* ---- Algorithm 1 ---- */

static int tell(void *user, const sppo_progress *p)
{
    (void)user;
    return page_progress((int)p->phase, p->done, p->total) ||
           (pause_each_step && p->phase == SPPO_PHASE_FIT);
}

EXPORT(clear_prompts) void clear_prompts(void) { sppo_lists_clear(&prompts); }

EXPORT(add_prompt) int add_prompt(const char *prompt)
{
    return sppo_lists_add_text(&engine_ctx, &prompts, &tokenizer, prompt);
}

/* The settings that a page has, by the names of the tool's options. */
static const struct whole { const char *name; int *value; } wholes[] = {
    { "k", &config.k },
    { "iterations", &config.iterations },
    { "prompts-per-iteration", &config.prompts_per_iteration },
    { "batch", &config.batch },
    { "epochs", &config.epochs },
    { "keep-all", &config.keep_all },
    { "bradley-terry", &config.bradley_terry },
    { "length-normalised", &config.length_normalised },
    { "reference-every", &config.reference_every },
    { "opponents", &config.opponents },
    { "max-tokens", &config.sampling.max_tokens }
};
static const struct real { const char *name; double *value; } reals[] = {
    { "eta", &config.eta },
    { "clip-range", &config.clip_range },
    { "pull", &config.pull },
    { "mixture", &config.mixture },
    { "margin", &config.margin },
    { "temperature", &config.sampling.temperature },
    { "lr", &config.optim.lr },
    { "clip", &config.optim.clip },
    { "warmup", &config.optim.warmup }
};

EXPORT(clear_settings) void clear_settings(void)
{
    static const sppo_play_config none;

    config = none;
}

/* 0: no setting has this name.  loss, signal, advantage: as they are counted.
 */
EXPORT(set) int set(const char *name, double value)
{
    size_t i;

    for (i = 0; i < sizeof wholes / sizeof *wholes; i++)
        if (!strcmp(name, wholes[i].name))
            return *wholes[i].value = (int)value, 1;
    for (i = 0; i < sizeof reals / sizeof *reals; i++)
        if (!strcmp(name, reals[i].name))
            return *reals[i].value = value, 1;
    if (!strcmp(name, "loss"))
        return config.loss = (sppo_loss)(int)value, 1;
    if (!strcmp(name, "signal"))
        return config.signal = (sppo_signal)(int)value, 1;
    if (!strcmp(name, "advantage"))
        return config.advantage = (sppo_advantage)(int)value, 1;
    if (!strcmp(name, "seed"))
        return config.seed = (uint64_t)value, 1;
    return 0;
}

EXPORT(begin) int begin(void)
{
    sppo_play_free(&engine_ctx, &play);
    config.pass_tokens = 512;  // half the memory, as fast
    config.progress = tell;
    return sppo_play_init(&engine_ctx, &play, &config, &policy, &prompts);
}

/* Does the next phase, or with steps = 1 as much of a fit as one step; what
 * comes next, or -1 and message().                                          */
EXPORT(next) int next(int steps)
{
    const sppo_judge judge = the_judge();
    sppo_result result;

    pause_each_step = steps;
    result = sppo_play_next(&engine_ctx, &play, &judge);
    pause_each_step = 0;
    if (result != SPPO_OK && !(steps && result == SPPO_E_STOPPED))
        return -1;
    return (int)play.phase;
}

/* The policy against the one that came. */
EXPORT(evaluate) int evaluate(int samples, int seed)
{
    const sppo_judge judge = the_judge();

    return sppo_evaluate(&engine_ctx, &policy, &first, &judge, &prompts,
                         samples, &config.sampling, (uint64_t)seed,
                         &evaluation);
}

EXPORT(number) double number(const char *name)
{
    const struct { const char *name; double value; } all[] = {
        { "phase", (double)play.phase },
        { "iteration", (double)play.iteration },
        { "prompts", (double)play.round.count },
        { "k", (double)play.config.k },
        { "parameters", (double)policy.count },
        { "bytes", (double)engine_ctx.peak },
        { "loss", play.last.loss_scaled },
        { "margin", play.last.rewards_margins },
        { "win_chosen", play.last.win_chosen },
        { "win_rejected", play.last.win_rejected },
        { "length", play.last.length },
        { "finished", play.last.eos_rate },
        { "win_rate", evaluation.win_rate },
        { "low", evaluation.low },
        { "high", evaluation.high },
        { "kl", evaluation.kl },
        { "length_policy", evaluation.length_a },
        { "length_first", evaluation.length_b }
    };
    size_t i;

    for (i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(name, all[i].name))
            return all[i].value;
    return -1e300;
}

EXPORT(pairwise) double *pairwise(int prompt)
{
    return play.round.pairwise +
           (size_t)prompt * (size_t)play.config.k * (size_t)play.config.k;
}

EXPORT(win) const double *win(int prompt)
{
    return play.round.win + (size_t)prompt * (size_t)play.config.k;
}

EXPORT(winner) int winner(int prompt) { return play.round.winner[prompt]; }

EXPORT(loser) int loser(int prompt) { return play.round.loser[prompt]; }

static const char *decoded(const sppo_lists *lists, int list)
{
    sppo_tokenizer_decode(&tokenizer, sppo_lists_tokens(lists, list),
                          sppo_lists_length(lists, list), text, sizeof text);
    return text;
}

/* Response i of all of this iteration's. */
EXPORT(response) const char *response(int i)
{
    return decoded(&play.round.responses, i);
}

EXPORT(response_length) int response_length(int i)
{
    return sppo_lists_length(&play.round.responses, i);
}

/* Prompt i of the round. */
EXPORT(prompt_text) const char *prompt_text(int i)
{
    return decoded(&prompts, play.round.first + i);
}

/* log pi(y|x) of a round's response under the policy as it is now. */
EXPORT(log_probability) double log_probability(int i)
{
    const int k = play.config.k;
    sppo_forest *forest = &play.forest;

    sppo_forest_clear(forest);
    sppo_forest_add(forest, -1,
                    sppo_lists_tokens(&prompts, play.round.first + i / k),
                    sppo_lists_length(&prompts, play.round.first + i / k), 0);
    sppo_forest_add(forest, 0, sppo_lists_tokens(&play.round.responses, i),
                    sppo_lists_length(&play.round.responses, i), 1);
    if (sppo_forward(&engine_ctx, &play.acts, &policy, forest))
        return NAN;
    return sppo_segment_logprob(&play.acts, forest, 1);
}

/* An answer to a prompt of the reader's; whose: 0 the first policy, 1 this. */
EXPORT(answer) const char *answer(const char *prompt, int whose, int seed)
{
    if (sppo_sample_text(&engine_ctx, whose ? &policy : &first, &tokenizer,
                         prompt, &config.sampling, (uint64_t)seed, text,
                         sizeof text))
        return NULL;
    return text;
}

/* ---- which token sees which ---- */

static sppo_lists tree;

/* Token i of the last tree that attention() looked at, as text. */
EXPORT(tree_token) const char *tree_token(int i)
{
    const int token = tree.token[i];

    if (token == SPPO_BOS || token == SPPO_EOS)
        return token == SPPO_BOS ? "<s>" : "</s>";
    sppo_tokenizer_decode(&tokenizer, &token, 1, text, sizeof text);
    return text;
}

/* A tree of a prompt and two responses, their tokens counted in n[3]; sees[t,
 * t]: 1 where changing the second token changes the first one's row of the
 * network.  Its order is the forest's.  Returns t, or -1.                   */
EXPORT(attention)
int attention(const char *prompt, const char *a, const char *b, int *n,
              unsigned char *sees, int most)
{
    sppo_forest forest = { 0, 0, 0, 0, 0, 0, 0, 0 };
    sppo_activations acts;
    const size_t dim = (size_t)policy.config.dim;
    sppo_real *was = NULL;
    int i, j, t = -1;
    sppo_result result;

    memset(&acts, 0, sizeof acts);
    sppo_lists_clear(&tree);
    result = sppo_lists_add_text(&engine_ctx, &tree, &tokenizer, prompt) ||
             sppo_tokenizer_encode(&engine_ctx, &tokenizer, a, strlen(a), -1,
                                   SPPO_EOS, &tree) ||
             sppo_tokenizer_encode(&engine_ctx, &tokenizer, b, strlen(b), -1,
                                   SPPO_EOS, &tree) ||
             sppo_forest_init(&engine_ctx, &forest, most, 3) ||
             sppo_activations_init(&engine_ctx, &acts, &policy, most, 3, 0,
                                   SPPO_BACKWARD);
    for (i = 0; !result && i < 3; i++) {
        n[i] = sppo_lists_length(&tree, i);
        result = sppo_forest_add(&forest, i ? 0 : -1,
                                 sppo_lists_tokens(&tree, i), n[i], i > 0) < 0;
    }
    if (!result)
        result = sppo_forward(&engine_ctx, &acts, &policy, &forest);
    if (!result)
        was = (sppo_real *)malloc((size_t)forest.tokens * dim * sizeof *was);
    if (was) {
        t = forest.tokens;
        memcpy(was, acts.final, (size_t)t * dim * sizeof *was);
    }
    for (j = 0; j < t; j++) {
        const int token = forest.token[j];

        forest.token[j] = (token + 7) % policy.config.vocab;
        if (sppo_forward(&engine_ctx, &acts, &policy, &forest)) {
            t = -1;
            break;
        }
        forest.token[j] = token;
        for (i = 0; i < t; i++)
            sees[i * t + j] = memcmp(was + (size_t)i * dim,
                                     acts.final + (size_t)i * dim,
                                     dim * sizeof *was) != 0;
    }
    free(was);
    sppo_activations_free(&engine_ctx, &acts);
    sppo_forest_free(&engine_ctx, &forest);
    return t;
}
