/* game_methods.c - the steps that sppo game knows by name */

#include "game_methods.h"
#include "../../sppo.h"

#include <math.h>
#include <string.h>

static size_t bytes(const game *g) { return (size_t)g->n * sizeof(double); }

/* The win rates against a policy, those of the last step kept. */
static void play_against(game *g, const double *policy)
{
    double *spare = g->last;

    g->last = g->win;
    g->win = spare;
    sppo_exact_win_rates(g->win, g->pairwise, policy, g->n);
}

/* Multiplicative weights, Eq 4.1: SPO and exact DNO and REBEL do the same. */
static void step_mwu(game *g, int step)
{
    (void)step;
    play_against(g, g->pi);
    sppo_exact_step(g->pi, g->pi, g->win, g->eta, g->n);
}

/* What Eq 4.6 fits, with eta / 2 for log Z. */
static void step_half(game *g, int step)
{
    int i;

    (void)step;
    play_against(g, g->pi);
    for (i = 0; i < g->n; i++)
        g->last[i] = sppo_target(g->eta, g->win[i], 0.5 * g->eta);
    sppo_exact_fit(g->half, g->pi, g->last, g->n);
    memcpy(g->pi, g->half, bytes(g));
}

/* ONPO: the next win rates guessed from their trend. */
static void step_optimistic(game *g, int step)
{
    play_against(g, g->pi);
    sppo_optimistic_step(g->pi, g->pi, g->win, step == 1 ? g->win : g->last,
                         g->eta, g->n);
}

/* Nash-MD: against a mixture with the reference, and from there. */
static void step_nash_md(game *g, int step)
{
    const double eta = g->scheduled ? 2.0 / (g->alpha * (step + 1)) : g->eta;

    sppo_mixture(g->half, g->pi, g->magnet, fmin(1.0, eta * g->alpha), g->n);
    play_against(g, g->half);
    sppo_exact_step(g->pi, g->half, g->win, eta, g->n);
}

/* INPO: pulled to a reference that rests. */
static void step_inpo(game *g, int step)
{
    (void)step;
    play_against(g, g->pi);
    sppo_magnetic_step(g->pi, g->pi, g->magnet, g->win, g->eta, g->alpha,
                       g->n);
}

/* COMAL, and magnetic preference optimisation: the reference moves up. */
static void step_comal(game *g, int step)
{
    step_inpo(g, step);
    if (g->magnet_every && step % g->magnet_every == 0)
        memcpy(g->magnet, g->pi, bytes(g));
}

/* EGPO: the step is taken with what it would meet after it.  Nash mirror prox
 * is that with a step of its own.                                           */
static void step_extragradient(game *g, int step)
{
    (void)step;
    play_against(g, g->pi);
    sppo_magnetic_step(g->half, g->pi, g->magnet, g->win, g->eta, g->alpha,
                       g->n);
    play_against(g, g->half);
    sppo_magnetic_step(g->pi, g->pi, g->magnet, g->win, g->eta, g->alpha,
                       g->n);
}

/* A reward instead of an opponent: the policy after t steps is the best of Eq
 * 3.2 whose KL to the first weighs 1 / (eta t).                             */
static void step_rlhf(game *g, int step)
{
    if (step == 1)
        sppo_bradley_terry_fit(g->reward, g->pairwise, g->n);
    sppo_exact_step(g->pi, g->pi, g->reward, g->eta, g->n);
}

const game_method game_methods[] = {
    { "mwu", 0.1, 0, step_mwu },
    { "sppo-half", 0.1, 0, step_half },
    { "optimistic", 0.1, 0, step_optimistic },
    { "nash-md", 0.1, 1, step_nash_md },
    { "inpo", 0.1, 1, step_inpo },
    { "comal", 0.1, 1, step_comal },
    { "extragradient", 0.1, 1, step_extragradient },
    { "mirror-prox", 2.0, 1, step_extragradient },
    { "rlhf", 0.1, 0, step_rlhf }
};
