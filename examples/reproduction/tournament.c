/* tournament.c - every policy against every other */
#include <stdio.h>

#include "lab.h"

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
void tournament(lab *l, enum condition c)
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
               sppo_random_fork(chance_key(l, CHANCE_MATCH), (uint64_t)i),
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
