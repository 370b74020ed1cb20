/* game_pairs.c - a preference matrix from judged pairs of models */

#include "game.h"

#include <stdio.h>
#include <string.h>

/* Of two that met the share of wins; of two that never did what Bradley-Terry
 * expects, whose fit to the comparisons that there are needs only that a chain
 * of them leads from each model to each.  Returns how many never met.       */
static int game_shares(game *g)
{
    const int n = g->n;
    int i, j, never = 0;

    for (i = 0; i < n; i++) {
        g->pairwise[i * n + i] = 0.5;
        for (j = 0; j < i; j++) {
            const double met = g->in->won[i * n + j] + g->in->won[j * n + i];
            const double p = met > 0.0
                ? g->in->won[i * n + j] / met
                : sppo_bradley_terry(g->reward[i], g->reward[j]);
            g->pairwise[i * n + j] = p;
            g->pairwise[j * n + i] = 1.0 - p;
            never += !(met > 0.0);
        }
    }
    return never;
}

sppo_result game_pairs(tool *t, game *g)
{
    const pairs *p = &g->in->judged;
    const int n = g->n;
    const char *apart;
    int never;

    memset(g->in->won, 0, sizeof *g->in->won * (size_t)n * (size_t)n);
    pairs_won(p, g->in->won);
    apart = pairs_apart(p, g->in->won, g->half);
    if (apart)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: no chain of comparisons "
                         "leads from %.60s to %.60s", t->set.matrix,
                         name_text(&p->models, 0), apart);
    sppo_bradley_terry_fit(g->reward, g->in->won, n);
    never = game_shares(g);
    printf("%d comparisons of %d models, %d without a judgment\n"
           "%d of %d pairs never met\n\n", p->count, n, p->unread, never,
           n * (n - 1) / 2);
    return SPPO_OK;
}
