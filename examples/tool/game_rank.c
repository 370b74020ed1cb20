/* game_rank.c - the answers of a game in order, as models of a tournament */

#include "game.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MOST = 40 };  // a longer one is cut

/* The i-th of the names that commas part, or of the models, or its number. */
static void name_of(const tool *t, const game *g, int i, char *out,
                    size_t size)
{
    const char *name = t->set.names;
    int at;

    snprintf(out, size, "%d", i + 1);
    for (at = 0; name && at < i; at++)
        name += strcspn(name, ",") + 1;
    if (name)
        snprintf(out, size, "%.*s", (int)strcspn(name, ","), name);
    else if (g->won)
        snprintf(out, size, "%s", name_text(&g->judged.models, i));
}

/* Columns of the longest name, 20 at least. */
static int name_width(const tool *t, const game *g)
{
    char name[NAME_MOST + 1];
    int i, width = 20;

    for (i = 0; i < g->n; i++) {
        name_of(t, g, i, name, sizeof name);
        width = (int)strlen(name) > width ? (int)strlen(name) : width;
    }
    return width;
}

sppo_result game_names(tool *t, const game *g)
{
    const char *at = t->set.names;
    int count;

    if (!at)
        return SPPO_OK;
    if (g->won)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--names are for a matrix; "
                         "the rows of %s name the models", t->set.matrix);
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
    const int width = name_width(t, g);
    char name[NAME_MOST + 1];
    int i, rank;

    sppo_exact_win_rates(g->half, g->pairwise, solution, g->n);
    sppo_bradley_terry_fit(g->reward, g->won ? g->won : g->pairwise, g->n);
    sppo_win_rates(g->win, g->pairwise, g->n);
    memset(done, 0, (size_t)g->n * sizeof *done);
    printf("\nthe %s policy, gap %.1e, as the solution; %.1f %% of the triples "
           "go in a circle\n", last < mean ? "last" : "average",
           last < mean ? last : mean,
           100.0 * sppo_cyclic_share(g->pairwise, g->n));
    printf("%6s  %-*s  %8s  %10s  %8s  %13s\n", "rank", width, "answer",
           "in it", "against it", "mean P", "Bradley-Terry");
    for (rank = 1; (i = next_answer(g, done)) >= 0; rank++) {
        name_of(t, g, i, name, sizeof name);
        printf("%6d  ", rank);
        show_column(stdout, name, strlen(name), width);
        printf("  %8.4f  %10.4f  %8.4f  %13.4f\n", solution[i], g->half[i],
               g->win[i], fabs(g->reward[i]) < 5e-5 ? 0.0 : g->reward[i]);
        done[i] = 1.0;
    }
    return SPPO_OK;
}
