/* games.h - games for the tests of exact self-play and of the update */
#ifndef GAMES_H
#define GAMES_H

/* Each beats the next, and the last the first. */
static const double rock_paper_scissors[9] = {
    0.5, 1.0, 0.0,
    0.0, 0.5, 1.0,
    1.0, 0.0, 0.5
};

/* A constant-sum game of n answers and a policy with full support. */
static inline void random_game(double *pairwise, double *pi, int n,
                               uint64_t key)
{
    int i, j;
    double sum = 0.0;

    for (i = 0; i < n; i++) {
        pairwise[i * n + i] = 0.5;
        for (j = 0; j < i; j++) {
            const double p = sppo_random_uniform(key, (uint64_t)(i * n + j));
            pairwise[i * n + j] = p;
            pairwise[j * n + i] = 1.0 - p;
        }
    }
    for (i = 0; i < n; i++)
        sum += pi[i] = 0.05 + sppo_random_uniform(key, (uint64_t)(1000 + i));
    for (i = 0; i < n; i++)
        pi[i] /= sum;
}

static inline int has(const sppo_ctx *ctx, const char *part)
{
    if (strstr(ctx->message, part))
        return 1;
    printf("    \"%s\" is not in: %s\n", part, ctx->message);
    return 0;
}

#endif /* GAMES_H */
