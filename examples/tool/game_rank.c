/* game_rank.c - the answers of a game in order, as models of a tournament */

#include "columns.h"
#include "game.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLUMNS = 32, NAME_ROOM = 4 * NAME_COLUMNS };  // or it is cut

/* The i-th of the names that commas part, or of the models, or its number, in
 * so far as its column has room.                                            */
static void name_of(const tool *t, const game *g, int i, char out[NAME_ROOM])
{
    const char *name = t->set.names;
    int at;

    snprintf(out, NAME_ROOM, "%d", i + 1);
    for (at = 0; name && at < i; at++)
        name += strcspn(name, ",") + 1;
    if (name)
        snprintf(out, NAME_ROOM, "%.*s", (int)strcspn(name, ","), name);
    else if (g->in->won)
        snprintf(out, NAME_ROOM, "%s", name_text(&g->in->judged.models, i));
    out[text_fits(out, strlen(out), NAME_COLUMNS)] = 0;
}

/* Columns of the longest name, 20 at least. */
static int name_width(const tool *t, const game *g)
{
    char name[NAME_ROOM];
    int i, columns, width = 20;

    for (i = 0; i < g->n; i++) {
        name_of(t, g, i, name);
        columns = text_columns(name, strlen(name));
        width = columns > width ? columns : width;
    }
    return width;
}

sppo_result game_names(tool *t, const game *g)
{
    const char *at = t->set.names;
    int count;

    if (!at)
        return SPPO_OK;
    if (g->in->won)
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
    char name[NAME_ROOM];
    int i, rank;

    sppo_exact_win_rates(g->half, g->pairwise, solution, g->n);
    sppo_bradley_terry_fit(g->reward, g->in->won ? g->in->won : g->pairwise,
                           g->n);
    sppo_win_rates(g->win, g->pairwise, g->n);
    memset(done, 0, (size_t)g->n * sizeof *done);
    printf("\nthe %s policy, gap %.1e, solves it; %.1f %% of the triples are "
           "circles\n", last < mean ? "last" : "average",
           last < mean ? last : mean,
           100.0 * sppo_cyclic_share(g->pairwise, g->n));
    printf("%6s  %-*s  %6s  %7s  %6s  %13s\n", "rank", width, "answer",
           "in it", "against", "mean P", "Bradley-Terry");
    for (rank = 1; (i = next_answer(g, done)) >= 0; rank++) {
        name_of(t, g, i, name);
        printf("%6d  ", rank);
        show_column(stdout, name, strlen(name), width);
        printf("  %6.4f  %7.4f  %6.4f  %13.4f\n", solution[i], g->half[i],
               g->win[i], fabs(g->reward[i]) < 5e-5 ? 0.0 : g->reward[i]);
        done[i] = 1.0;
    }
    return SPPO_OK;
}
