/* game_rank.c - the answers of a game in order, as models of a tournament */

#include "game.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The i-th of the names that commas part, or its number. */
static void name_of(const char *names, int i, char *out, size_t size)
{
    int at;

    snprintf(out, size, "%d", i + 1);
    for (at = 0; names && at < i; at++)
        names += strcspn(names, ",") + 1;
    if (names)
        snprintf(out, size, "%.*s", (int)strcspn(names, ","), names);
}

/* As many names as answers, none without a letter. */
static sppo_result check_names(tool *t, const game *g)
{
    const char *at = t->set.names;
    int count;

    if (!at)
        return SPPO_OK;
    for (count = 1; at[strcspn(at, ",")]; count++) {
        if (strcspn(at, ",") == 0)
            break;
        at += strcspn(at, ",") + 1;
    }
    if (count == g->n && *at && *at != ',')
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--names takes %d names and "
                     "commas, not \"%.60s\"", g->n, t->set.names);
}

/* The answer that is next: of those not yet done the one that wins most, of
 * equals the one with the greater reward.  -1: all are done.                */
static int next_answer(const game *g, const double *done)
{
    int i, best = -1;

    for (i = 0; i < g->n; i++) {
        if (done[i] > 0.0)
            continue;
        if (best < 0 || sppo_beats(g->half[i], g->half[best]) ||
            (!sppo_beats(g->half[best], g->half[i]) &&
             g->reward[i] > g->reward[best]))
            best = i;
    }
    return best;
}

sppo_result game_rank(tool *t, game *g)
{
    const double last = sppo_duality_gap(g->pairwise, g->pi, g->n);
    const double mean = sppo_duality_gap(g->pairwise, g->mean, g->n);
    const double *solution = last < mean ? g->pi : g->mean;
    double *done = g->last;
    char name[64];
    int i, rank;

    TRY(check_names(t, g));
    sppo_exact_win_rates(g->half, g->pairwise, solution, g->n);
    sppo_bradley_terry_fit(g->reward, g->pairwise, g->n);
    sppo_win_rates(g->win, g->pairwise, g->n);
    memset(done, 0, (size_t)g->n * sizeof *done);
    printf("\nthe %s policy, gap %.1e, as the solution; %.1f %% of the triples "
           "go in a circle\n", last < mean ? "last" : "average",
           last < mean ? last : mean,
           100.0 * sppo_cyclic_share(g->pairwise, g->n));
    printf("%6s  %-20s  %8s  %10s  %8s  %13s\n", "rank", "answer", "in it",
           "against it", "mean P", "Bradley-Terry");
    for (rank = 1; (i = next_answer(g, done)) >= 0; rank++) {
        name_of(t->set.names, i, name, sizeof name);
        printf("%6d  %-20.20s  %8.4f  %10.4f  %8.4f  %13.4f\n", rank, name,
               solution[i], g->half[i], g->win[i], g->reward[i]);
        done[i] = 1.0;
    }
    return SPPO_OK;
}
