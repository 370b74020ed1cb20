/* build_play.h - a small run that the build tests share; C99 and C++11 */

#ifndef BUILD_PLAY_H
#define BUILD_PLAY_H

/* Shorter responses are better. */
static sppo_result build_judge(sppo_ctx *ctx, void *user, const sppo_lists *x,
                               const sppo_lists *y, int k, int first,
                               int count, double *pairwise)
{
    int p, i, j;

    (void)ctx;
    (void)user;
    (void)x;
    (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                const int a = sppo_lists_length(y, p * k + i);
                const int b = sppo_lists_length(y, p * k + j);
                pairwise[(p * k + i) * k + j] = a < b ? 0.9 : a > b ? 0.1 : 0.5;
            }
    return SPPO_OK;
}

/* FNV-1a over the bytes of the weights, from the lowest to the highest. */
static unsigned long build_checksum(const sppo_model *model)
{
    unsigned long sum = 2166136261UL;
    size_t i, j;

    for (i = 0; i < model->count; i++) {
        uint64_t bits;
        uint32_t low;

        if (sizeof *model->weights == sizeof low) {
            memcpy(&low, &model->weights[i], sizeof low);
            bits = low;
        } else {
            memcpy(&bits, &model->weights[i], sizeof bits);
        }
        for (j = 0; j < sizeof *model->weights; j++)
            sum = ((sum ^ (bits >> (8 * j) & 255)) * 16777619UL) & 0xFFFFFFFFUL;
    }
    return sum;
}

/* The sum of |w|: near what it is elsewhere, where the checksum is another. */
static double build_size(const sppo_model *model)
{
    double sum = 0.0;
    size_t i;

    for (i = 0; i < model->count; i++)
        sum += model->weights[i] < 0 ? -(double)model->weights[i]
                                     : (double)model->weights[i];
    return sum;
}

/* Two rounds of self-play of a random policy: the checksum of its weights, and
 * their size unless NULL.  0: it failed.                                    */
static unsigned long build_play(sppo_ctx *ctx, double *size)
{
    sppo_config c;
    sppo_play_config config;
    sppo_model policy;
    sppo_lists prompts;
    sppo_play play;
    sppo_judge judge;
    unsigned long sum = 0;
    int i;

    memset(&c, 0, sizeof c);
    memset(&config, 0, sizeof config);
    memset(&policy, 0, sizeof policy);
    memset(&prompts, 0, sizeof prompts);
    memset(&play, 0, sizeof play);
    memset(&judge, 0, sizeof judge);
    c.vocab = 19, c.dim = 24, c.layers = 2, c.heads = 2, c.kv_heads = 1;
    c.hidden = 40, c.context = 32, c.bos = 1, c.eos = 2;
    config.eta = 3, config.k = 3, config.iterations = 2;
    config.optim.lr = 5e-3;
    config.sampling.max_tokens = 12;
    judge.fill = build_judge;
    if (sppo_model_init(ctx, &policy, &c, 11) == SPPO_OK) {
        for (i = 0; i < 16; i++) {
            const int prompt[3] = { 1, 3 + i, 18 - i };
            if (sppo_lists_add(ctx, &prompts, prompt, 3))
                break;
        }
        if (sppo_play_init(ctx, &play, &config, &policy, &prompts) == SPPO_OK &&
            sppo_play_run(ctx, &play, &judge) == SPPO_OK)
            sum = build_checksum(&policy);
        if (size)
            *size = build_size(&policy);
    }
    sppo_play_free(ctx, &play);
    sppo_lists_free(ctx, &prompts);
    sppo_model_free(ctx, &policy);
    return sum;
}

#endif
