/* world.h - the run whose checkpoints are read: a model of 11 tokens */
#ifndef WORLD_H
#define WORLD_H

static inline sppo_result judge_none(sppo_ctx *ctx, void *user,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses, int k,
                                     int first, int count, double *pairwise)
{
    int i;

    (void)ctx, (void)user, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < count * k * k; i++)
        pairwise[i] = 0.5;
    return SPPO_OK;
}

typedef struct world {
    sppo_ctx ctx;
    sppo_model policy;
    sppo_lists prompts;
    sppo_play play;
} world;

static inline void begin(world *w)
{
    static const int token[] = { 3, 4, 5 };
    sppo_play_config c = { 0 };
    sppo_config model = { 0 };

    memset(w, 0, sizeof *w);
    model.vocab = 11, model.dim = 4, model.layers = 1, model.heads = 2;
    model.hidden = 6, model.context = 16, model.bos = 1, model.eos = 2;
    c.eta = 2, c.optim.lr = 1e-3, c.k = 2, c.iterations = 2;
    c.sampling.max_tokens = 4;
    if (sppo_model_init(&w->ctx, &w->policy, &model, 1) ||
        sppo_lists_add(&w->ctx, &w->prompts, token, 3) ||
        sppo_lists_add(&w->ctx, &w->prompts, token, 2) ||
        sppo_play_init(&w->ctx, &w->play, &c, &w->policy, &w->prompts))
        fuzz_finding("no play", &w->ctx);
}

static inline void end(world *w)
{
    sppo_play_free(&w->ctx, &w->play);
    sppo_lists_free(&w->ctx, &w->prompts);
    sppo_model_free(&w->ctx, &w->policy);
}

#endif
