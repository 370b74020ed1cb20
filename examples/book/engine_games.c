/* engine_games.c - exact games and losses for a page */

#include "engine.h"
#include "../tool/game_methods.h"

#include <string.h>

enum { MOST_ANSWERS = 8 };

/* The name of a method of `sppo game`, counted from 0; NULL: no more. */
EXPORT(method_name) const char *method_name(int method)
{
    return method >= 0 && method < 9 ? game_methods[method].name : NULL;
}

EXPORT(method_is_pulled) int method_is_pulled(int method)
{
    return game_methods[method].pulled;
}

/* `steps` steps of a method from `start` on pairwise[n, n].  last[steps, n] are
 * the policies, mean[steps, n] their averages so far, gap[steps, 2] the duality
 * gaps of both.  alpha: how hard a pulled method pulls to the first policy. */
EXPORT(play_game)
void play_game(int method, double eta, double alpha, int steps, int n,
               double *pairwise, const double *start, double *last,
               double *mean, double *gap)
{
    static double rows[8][MOST_ANSWERS];
    game g;
    double sum[MOST_ANSWERS] = { 0 };
    int i, t;

    memset(&g, 0, sizeof g);
    g.pairwise = pairwise;
    g.pi = rows[0];
    g.mean = rows[1];
    g.win = rows[2];
    g.last = rows[3];
    g.first = rows[4];
    g.magnet = rows[5];
    g.half = rows[6];
    g.reward = rows[7];
    g.n = n;
    g.eta = eta;
    g.alpha = alpha;
    g.magnet_every = 50;
    memcpy(g.pi, start, (size_t)n * sizeof *start);
    memcpy(g.magnet, start, (size_t)n * sizeof *start);
    for (t = 0; t < steps; t++) {
        for (i = 0; i < n; i++) {
            sum[i] += g.pi[i];
            last[t * n + i] = g.pi[i];
            mean[t * n + i] = sum[i] / (t + 1);
        }
        gap[2 * t] = sppo_duality_gap(pairwise, last + t * n, n);
        gap[2 * t + 1] = sppo_duality_gap(pairwise, mean + t * n, n);
        game_methods[method].step(&g, t + 1);
    }
}

EXPORT(loss_name) const char *loss_name(int loss)
{
    return sppo_loss_name((sppo_loss)loss);
}

EXPORT(gap_bound) double gap_bound(double support, double eta, int steps)
{
    return sppo_gap_bound(support, eta, steps);
}

EXPORT(log_partition)
double log_partition(const double *win, const double *pi, double eta, int n)
{
    return sppo_log_partition(win, pi, eta, n);
}

EXPORT(win_rates)
void win_rates(double *win, const double *pairwise, int k)
{
    sppo_win_rates(win, pairwise, k);
}

EXPORT(mean_scores)
void mean_scores(double *score, const double *pairwise, int k)
{
    sppo_mean_scores(score, pairwise, k);
}

EXPORT(target) double target(double eta, double win, double log_z)
{
    return sppo_target(eta, win, log_z);
}

/* Losses of two responses by name; grad[2].  p: P(y_w > y_l), or a label. */
EXPORT(pair_loss)
double pair_loss(const char *name, double r_w, double r_l, double p,
                 double eta, double *grad)
{
    if (!strcmp(name, "point")) {
        grad[1] = 0.0;
        return sppo_loss_point(r_w, sppo_target(eta, p, 0.5 * eta), grad);
    }
    if (!strcmp(name, "sppo"))
        return sppo_loss_pair_average(r_w, r_l, p, 1.0 - p, eta, grad);
    if (!strcmp(name, "pair"))
        return sppo_loss_pair(r_w, r_l, p, eta, grad);
    if (!strcmp(name, "hard"))
        return sppo_loss_hard(r_w, r_l, eta, grad);
    if (!strcmp(name, "dpo"))
        return sppo_loss_dpo(r_w, r_l, eta, grad);
    if (!strcmp(name, "ipo"))
        return sppo_loss_ipo(r_w, r_l, eta, grad);
    if (!strcmp(name, "gap"))
        return sppo_loss_gap(r_w, r_l, eta * (2.0 * p - 1.0), grad);
    if (!strcmp(name, "dno"))
        return sppo_loss_soft(r_w, r_l, p, eta, grad);
    return -1.0;
}
