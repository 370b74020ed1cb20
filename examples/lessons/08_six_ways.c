/* 08_six_ways.c - six methods at one game in which no answer is the best
 *
 * Shows       who reaches the policy that nobody beats, and with which policy:
 *             the last one, or only the average of all; who stops beside it
 * Build       make examples       Run  build/08_six_ways            Time  < 1 s
 * You will see the gap (Eq 3.3) of the last policy after so many steps of 0.1,
 * with a pull of 0.1 towards the first policy, 0.20 0.50 0.30, where a method
 * has one, and the policy at the end; the winner is 0.36 0.27 0.36, 4 : 3 : 4
 *   > step            100     1000    10000   100000
 *   > Eq 4.1      2.5e-01  3.2e-01  4.7e-01  5.8e-01  0.72 0.28 0.00
 *   > optimistic  2.4e-01  1.8e-01  3.0e-02  6.2e-11  0.36 0.27 0.36
 *   > Nash-MD     1.2e-01  5.8e-02  5.8e-02  5.8e-02  0.27 0.28 0.45
 *   > INPO        1.1e-01  5.9e-02  5.9e-02  5.9e-02  0.27 0.28 0.45
 *   > COMAL       1.1e-01  1.5e-02  0.0e+00  0.0e+00  0.36 0.27 0.36
 *   > EGPO        1.1e-01  5.9e-02  5.9e-02  5.9e-02  0.27 0.28 0.45
 *   > average     1.4e-01  2.0e-03  3.9e-03  1.3e-03  0.36 0.27 0.36
 * Eq 4.1 (SPPO, SPO, DNO, REBEL) goes round; its average arrives, slowly.  A
 * pull brings the last policy to rest, beside the winner as long as what pulls
 * rests (INPO, EGPO), at the winner when it moves up (COMAL, every 100 steps).
 * build/08_simplex.svg draws the paths, 08_gap.svg the gap against the step.
 * Try         eta = 2: who still comes to rest? tau = 0.01: how far beside it?
 * Read        sppo.h >>games, >>beyond; sppo game --method does the same     */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"
#include "svg.h"

enum { N = 3, STEPS = 100000 };
static const double eta = 0.1, tau = 0.1;
static const double beats[N * N] = {  // P(row > column)
    0.5, 0.1, 0.8,
    0.9, 0.5, 0.1,
    0.2, 0.9, 0.5 };
static const double first[N] = { 0.2, 0.5, 0.3 };

typedef enum way { EXACT, OPTIMISTIC, NASH_MD, INPO, COMAL, EGPO, WAYS } way;
static const char *const way_name[WAYS] = { "Eq 4.1", "optimistic", "Nash-MD",
                                            "INPO", "COMAL", "EGPO" };

typedef struct game {
    double pi[N], mean[N], win[N], last[N], ref[N];
} game;

static void against(game *g, const double *opponent)
{
    memcpy(g->last, g->win, sizeof g->last);
    sppo_exact_win_rates(g->win, beats, opponent, N);
}

/* From pi, pulled to the reference, towards what wins. */
static void pulled(game *g, double *next)
{
    sppo_magnetic_step(next, g->pi, g->ref, g->win, eta, tau, N);
}

/* Step t = 1, 2 .. */
static void advance(game *g, way how, int t)
{
    double half[N];
    int i;

    for (i = 0; i < N; i++)
        g->mean[i] += (g->pi[i] - g->mean[i]) / t;
    memcpy(half, g->pi, sizeof half);
    if (how == NASH_MD)
        sppo_mixture(half, g->pi, g->ref, eta * tau, N);
    against(g, half);
    if (how == EXACT || how == NASH_MD)
        sppo_exact_step(g->pi, half, g->win, eta, N);
    else if (how == OPTIMISTIC)
        sppo_optimistic_step(g->pi, g->pi, g->win, t == 1 ? g->win : g->last,
                             eta, N);
    else if (how == EGPO) {  // against where it would be
        pulled(g, half);
        against(g, half);
        pulled(g, g->pi);
    } else {
        pulled(g, g->pi);
    }
    if (how == COMAL && t % 100 == 0)
        memcpy(g->ref, g->pi, sizeof g->ref);
}

static void row(const char *name, const double gap[4], const double *pi)
{
    printf("%-10s", name);
    for (int i = 0; i < 4; i++)  // below that it is rounding
        printf("  %.1e", gap[i] < 1e-12 ? 0.0 : gap[i]);
    printf("  %.2f %.2f %.2f\n", pi[0], pi[1], pi[2]);
}

/* Plays one way; mean: the gaps of its average policy. */
static game play(way how, svg_plot *paths, svg_plot *gaps, double mean[4])
{
    game g = { .mean = { 0 } };
    double gap[4];
    double drawn = 1.0;  // the next step of the plot, in even strides of log t
    int t, at = 0, next = 100;

    memcpy(g.pi, first, sizeof first);
    memcpy(g.ref, first, sizeof first);
    for (t = 1; t <= STEPS; t++) {
        const double now = sppo_duality_gap(beats, g.pi, N);

        if (t <= 2000 && t % 4 == 1 && how != NASH_MD && how != EGPO)
            svg_add_simplex(paths, way_name[how], g.pi);
        if (t >= drawn && how != NASH_MD && how != EGPO) {
            svg_add(gaps, way_name[how], t, now, now, now);
            drawn *= 1.01;
        }
        if (t == next) {
            gap[at] = now;
            mean[at++] = sppo_duality_gap(beats, g.mean, N);
            next *= 10;
        }
        if (t < STEPS)
            advance(&g, how, t);
    }
    row(way_name[how], gap, g.pi);
    return g;
}

int main(void)
{
    static const char *const corner[N] = { "a", "b", "c" };
    static svg_plot paths, gaps;
    double mean[4], other[4];
    FILE *out[2];
    game exact;

    out[0] = fopen("build/08_simplex.svg", "w");
    out[1] = fopen("build/08_gap.svg", "w");
    if (!out[0] || !out[1])
        return fprintf(stderr, "there is no folder build/ here\n"), 1;
    gaps.log_x = gaps.log_y = 1;
    printf("%-10s  %7d  %7d  %7d  %7d\n", "step", 100, 1000, 10000, STEPS);
    exact = play(EXACT, &paths, &gaps, mean);
    for (int how = OPTIMISTIC; how < WAYS; how++)
        play((way)how, &paths, &gaps, other);
    row("average", mean, exact.mean);
    svg_write_simplex(&paths, "Six ways, eta = tau = 0.1", corner, out[0]);
    svg_write(&gaps, "The gap of the last policy", "step", "duality gap",
              out[1]);
    return fclose(out[0]) || fclose(out[1]);
}
