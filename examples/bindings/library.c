/* library.c - sppo.h as a shared library, for languages that can call C
 *
 *   make lib        build/libsppo.so, with all calls of the header, and with
 *                   these few, of which no struct's size need be known
 *
 * Every call returns 0, or a code of sppo_result whose sentence is that of
 * sppo_policy_message.                                                      */

#define SPPO_IMPLEMENTATION
#include "../../sppo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A policy with its tokenizer. */
typedef struct sppo_policy {
    sppo_ctx ctx;
    sppo_model model;
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

int sppo_policy_align(sppo_policy *p, const char *const *prompts, int count,
                      const sppo_run *run)
{
    sppo_lists lists;
    int i, result = SPPO_OK;

    memset(&lists, 0, sizeof lists);
    for (i = 0; i < count && !result; i++)
        result = sppo_tokenizer_encode(&p->ctx, &p->tok, prompts[i],
                                       strlen(prompts[i]), p->model.config.bos,
                                       -1, &lists);
    if (!result)
        result = align(p, &lists, run);
    sppo_lists_free(&p->ctx, &lists);
    return result;
}

int sppo_policy_save(sppo_policy *p, const char *folder)
{
    return sppo_model_save_text(&p->ctx, &p->model, &p->tok, folder);
}
