/* library.c - sppo.h as a shared library, for languages that can call C
 *
 *   make lib        build/libsppo.so, with all calls of the header, and with
 *                   these few, of which no struct's size need be known
 *
 * Every call returns 0, or a code of sppo_result whose sentence is that of
 * sppo_policy_message.                                                      */

#define SPPO_IMPLEMENTATION
#include "../../sppo.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A policy with its tokenizer and, once it was trained, a preference model. */
typedef struct sppo_policy {
    sppo_ctx ctx;
    sppo_model model, preference;
    sppo_tokenizer tok;
} sppo_policy;

/* What may be set of a run; 0: the header's defaults. */
typedef struct sppo_run {
    double eta, lr;
    int k, iterations, epochs, batch, max_tokens;
    const char *loss;    // "sppo", "dpo" ..; NULL: sppo
    uint64_t seed;
    /* P(response i > response j) into pairwise[k * k]; not 0: it failed. */
    int (*judge)(void *user, const char *prompt, const char *const *responses,
                 const int *finished, int k, double *pairwise);
    /* Called after each step and batch of prompts; not 0: stop. */
    int (*progress)(void *user, int iteration, int phase, int done, int total,
                    double loss);
    void *user;
} sppo_run;

/* What may be set of training on given texts; 0: the header's defaults. */
typedef struct sppo_training {
    double lr, warmup, clip;
    int epochs, batch;
    uint64_t seed;
    /* Called after each step; not 0: stop. */
    int (*progress)(void *user, int step, int steps, double loss);
    void *user;
} sppo_training;

/* A new policy of a model directory with a tokenizer.bin; NULL: no memory. When
 * it could not be read its message says why.                                */
sppo_policy *sppo_policy_open(const char *folder);
const char *sppo_policy_message(const sppo_policy *p);
void sppo_policy_close(sppo_policy *p);
/* A response, cut to size; temperature 0: the likeliest tokens. */
int sppo_policy_sample(sppo_policy *p, const char *prompt, int max_tokens,
                       double temperature, uint64_t seed, char *out,
                       size_t size);
/* Algorithm 1 on these prompts; the policy is trained in place. */
int sppo_policy_align(sppo_policy *p, const char *const *prompts, int count,
                      const sppo_run *run);
int sppo_policy_save(sppo_policy *p, const char *folder);
/* The next tokens of responses[count] to prompts[count]; responses NULL: of
 * texts, prompts[count].  All of them end with EOS.                         */
int sppo_policy_train(sppo_policy *p, const char *const *prompts,
                      const char *const *responses, int count,
                      const sppo_training *how);
/* A preference model, from the policy as it is: responses 2 i and 2 i + 1 are
 * to prompts[i], the first is better with probability label[i]; head "pair",
 * "embed" or "scalar".  A second call makes another.                        */
int sppo_policy_train_preference(sppo_policy *p, const char *head,
                                 const char *const *prompts,
                                 const char *const *responses,
                                 const double *label, int count,
                                 const sppo_training *how);
/* What it says of k responses to a prompt: P(i > j) into pairwise[k * k];
 * finished[i] 0: response i was cut.                                        */
int sppo_policy_judge(sppo_policy *p, const char *prompt,
                      const char *const *responses, const int *finished, int k,
                      double *pairwise);

static int open_files(sppo_policy *p, const char *folder)
{
    char path[1024];

    if ((size_t)snprintf(path, sizeof path, "%s/tokenizer.bin", folder) >=
        sizeof path)
        return sppo_fail(&p->ctx, SPPO_E_ARGUMENT, "the name of the folder is "
                         "too long");
    if (sppo_model_load(&p->ctx, &p->model, folder))
        return p->ctx.code;
    return sppo_tokenizer_load(&p->ctx, &p->tok, path, p->model.config.vocab);
}

sppo_policy *sppo_policy_open(const char *folder)
{
    sppo_policy *p = (sppo_policy *)calloc(1, sizeof *p);

    if (p)
        open_files(p, folder);
    return p;
}

const char *sppo_policy_message(const sppo_policy *p)
{
    return p->ctx.code ? p->ctx.message : "";
}

void sppo_policy_close(sppo_policy *p)
{
    if (!p)
        return;
    sppo_model_free(&p->ctx, &p->model);
    sppo_model_free(&p->ctx, &p->preference);
    sppo_tokenizer_free(&p->ctx, &p->tok);
    free(p);
}

int sppo_policy_sample(sppo_policy *p, const char *prompt, int max_tokens,
                       double temperature, uint64_t seed, char *out,
                       size_t size)
{
    sppo_sampling how;

    memset(&how, 0, sizeof how);
    how.max_tokens = max_tokens;
    how.temperature = temperature;
    how.greedy = temperature == 0.0;
    return sppo_sample_text(&p->ctx, &p->model, &p->tok, prompt, &how, seed,
                            out, size);
}

static sppo_result ask(sppo_ctx *ctx, void *user, const char *prompt,
                       const char *const *responses, const int *finished,
                       int k, double *pairwise)
{
    const sppo_run *run = (const sppo_run *)user;

    return run->judge(run->user, prompt, responses, finished, k, pairwise)
        ? sppo_fail(ctx, SPPO_E_JUDGE, "the judge failed") : SPPO_OK;
}

static int report(void *user, const sppo_progress *p)
{
    const sppo_run *run = (const sppo_run *)user;

    return run->progress ? run->progress(run->user, p->iteration, (int)p->phase,
                                         p->done, p->total, p->loss) : 0;
}

static int loss_of(sppo_policy *p, const char *name, sppo_loss *loss)
{
    int i;

    for (i = 0; sppo_loss_name((sppo_loss)i); i++)
        if (!name || !strcmp(name, sppo_loss_name((sppo_loss)i))) {
            *loss = (sppo_loss)i;
            return SPPO_OK;
        }
    return sppo_fail(&p->ctx, SPPO_E_ARGUMENT, "there is no loss \"%.40s\"",
                     name);
}

static int align(sppo_policy *p, const sppo_lists *prompts,
                 const sppo_run *run)
{
    sppo_text_judge texts = { &p->tok, &p->model.config, ask, NULL };
    sppo_judge judge = { sppo_judge_texts, NULL };
    sppo_play_config c;
    sppo_play play;
    int result;

    memset(&c, 0, sizeof c);
    memset(&play, 0, sizeof play);
    texts.user = (void *)(uintptr_t)run;
    judge.user = &texts;
    c.eta = run->eta;
    c.optim.lr = run->lr;
    c.optim.clip = 1.0;
    c.k = run->k;
    c.iterations = run->iterations;
    c.epochs = run->epochs;
    c.batch = run->batch;
    c.sampling.max_tokens = run->max_tokens;
    c.seed = run->seed;
    c.progress = report;
    c.progress_user = (void *)(uintptr_t)run;
    result = loss_of(p, run->loss, &c.loss);
    if (!result)
        result = sppo_play_init(&p->ctx, &play, &c, &p->model, prompts);
    if (!result)
        result = sppo_play_run(&p->ctx, &play, &judge);
    sppo_play_free(&p->ctx, &play);
    return result;
}

/* Texts as lists that begin with bos and end with eos, -1: with neither; of
 * those that are not finished the end is left out, NULL: all are.           */
static int encode(sppo_policy *p, const char *const *texts, int count, int bos,
                  int eos, const int *finished, sppo_lists *lists)
{
    int i, result = SPPO_OK;

    for (i = 0; i < count && !result; i++)
        result = sppo_tokenizer_encode(&p->ctx, &p->tok, texts[i],
                                       strlen(texts[i]), bos,
                                       !finished || finished[i] ? eos : -1,
                                       lists);
    return result;
}

int sppo_policy_align(sppo_policy *p, const char *const *prompts, int count,
                      const sppo_run *run)
{
    sppo_lists lists;
    int result;

    memset(&lists, 0, sizeof lists);
    result = encode(p, prompts, count, p->model.config.bos, -1, NULL, &lists);
    if (!result)
        result = align(p, &lists, run);
    sppo_lists_free(&p->ctx, &lists);
    return result;
}

int sppo_policy_save(sppo_policy *p, const char *folder)
{
    return sppo_model_save_text(&p->ctx, &p->model, &p->tok, folder);
}

/* ---- training on given texts ---- */

static int report_step(void *user, const sppo_train_progress *p)
{
    const sppo_training *how = (const sppo_training *)user;

    return how->progress ? how->progress(how->user, p->step, p->steps, p->loss)
                         : 0;
}

static sppo_train_config training(const sppo_training *how)
{
    sppo_train_config c;

    memset(&c, 0, sizeof c);
    c.batch = how->batch;
    c.epochs = how->epochs;
    c.seed = how->seed;
    c.optim.kind = SPPO_ADAMW;
    c.optim.lr = how->lr;
    c.optim.warmup = how->warmup;
    c.optim.clip = how->clip;
    c.progress = report_step;
    c.progress_user = (void *)(uintptr_t)how;
    return c;
}

/* Prompts, and as many responses to each; without these the prompts are whole
 * texts, with their end.                                                    */
static int encode_rows(sppo_policy *p, const char *const *prompts, int count,
                       const char *const *responses, int each, sppo_lists *x,
                       sppo_lists *y)
{
    const int bos = p->model.config.bos, eos = p->model.config.eos;

    if (encode(p, prompts, count, bos, responses ? -1 : eos, NULL, x))
        return p->ctx.code;
    return responses ? encode(p, responses, each * count, -1, eos, NULL, y)
                     : SPPO_OK;
}

int sppo_policy_train(sppo_policy *p, const char *const *prompts,
                      const char *const *responses, int count,
                      const sppo_training *how)
{
    const sppo_train_config c = training(how);
    sppo_lists x, y;
    int result;

    memset(&x, 0, sizeof x);
    memset(&y, 0, sizeof y);
    result = encode_rows(p, prompts, count, responses, 1, &x, &y);
    if (!result)
        result = sppo_train_policy(&p->ctx, &p->model, &c, &x,
                                   responses ? &y : NULL);
    sppo_lists_free(&p->ctx, &x);
    sppo_lists_free(&p->ctx, &y);
    return result;
}

static int head_of(sppo_policy *p, const char *name, sppo_head *head)
{
    int i;

    for (i = SPPO_HEAD_NONE + 1; sppo_head_name((sppo_head)i); i++)
        if (!strcmp(name, sppo_head_name((sppo_head)i))) {
            *head = (sppo_head)i;
            return SPPO_OK;
        }
    return sppo_fail(&p->ctx, SPPO_E_ARGUMENT, "there is no head \"%.40s\"",
                     name);
}

int sppo_policy_train_preference(sppo_policy *p, const char *head,
                                 const char *const *prompts,
                                 const char *const *responses,
                                 const double *label, int count,
                                 const sppo_training *how)
{
    const sppo_train_config c = training(how);
    sppo_model fresh;
    sppo_head kind = SPPO_HEAD_NONE;
    sppo_lists x, y;
    int result = head_of(p, head, &kind);

    memset(&fresh, 0, sizeof fresh);
    memset(&x, 0, sizeof x);
    memset(&y, 0, sizeof y);
    if (!result)
        result = encode_rows(p, prompts, count, responses, 2, &x, &y);
    if (!result)
        result = sppo_model_clone(&p->ctx, &fresh, &p->model, kind, 0);
    if (!result)
        result = sppo_train_preference(&p->ctx, &fresh, &c, &x, &y, label);
    sppo_lists_free(&p->ctx, &x);
    sppo_lists_free(&p->ctx, &y);
    if (result) {
        sppo_model_free(&p->ctx, &fresh);
        return result;
    }
    sppo_model_free(&p->ctx, &p->preference);
    p->preference = fresh;
    return SPPO_OK;
}

static int judge(sppo_policy *p, const sppo_lists *prompt,
                 const sppo_lists *responses, int k, double *pairwise)
{
    double tokens = sppo_lists_length(prompt, 0);
    sppo_pref pref;
    int i, result;

    for (i = 0; i < k; i++)  // at the most: each is read after each
        tokens += (double)k * sppo_lists_length(responses, i);
    result = sppo_pref_init(&p->ctx, &pref, &p->preference,
                            tokens < INT_MAX ? (int)tokens : INT_MAX, k, 0);
    if (result)
        return result;
    result = sppo_pref_fill(&p->ctx, &pref, prompt, responses, k, 0, 1,
                            pairwise);
    sppo_pref_free(&p->ctx, &pref);
    return result;
}

int sppo_policy_judge(sppo_policy *p, const char *prompt,
                      const char *const *responses, const int *finished, int k,
                      double *pairwise)
{
    sppo_lists x, y;
    int result;

    if (!p->preference.weights)
        return sppo_fail(&p->ctx, SPPO_E_ARGUMENT, "there is no preference "
                         "model; sppo_policy_train_preference makes one");
    memset(&x, 0, sizeof x);
    memset(&y, 0, sizeof y);
    result = encode(p, &prompt, 1, p->model.config.bos, -1, NULL, &x);
    if (!result)
        result = encode(p, responses, k, -1, p->model.config.eos, finished, &y);
    if (!result)
        result = judge(p, &x, &y, k, pairwise);
    sppo_lists_free(&p->ctx, &x);
    sppo_lists_free(&p->ctx, &y);
    return result;
}
