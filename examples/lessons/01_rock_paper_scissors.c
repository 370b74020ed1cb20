/* 01_rock_paper_scissors.c - the update of Eq 4.1 with no network at all
 *
 * Shows       the last policy circles outwards, the average of all converges
 *             (Thm 4.1); two other steps whose last policy converges
 * Build       make examples     Run  build/01_rock_paper_scissors  Time  < 1 s
 * You will see a policy 0.60 0.20 0.20 with eta = 0.1; "gap" (Eq 3.3) is twice
 * what the best response to the policy wins above one half:
 *   > step     0  last 0.60 0.20 0.20  gap 0.400  average 0.60 0.20 0.20
 *   > step   100  last 0.14 0.56 0.30  gap 0.422  average 0.37 0.46 0.17
 *   > step  1000  last 0.67 0.21 0.12  gap 0.548  average 0.34 0.33 0.33
 * with eta = 2 sqrt(log 5 / T), the theorem's choice (5 is 1 / 0.20):
 *   > T     10  eta 0.8024  last 0.472  average 0.31228  bound 0.71354
 *   > T 100000  eta 0.0080  last 0.290  average 0.00183  bound 0.00801
 * and the gap of the last policy after 100, 1000 and 10000 steps of 0.1:
 *   > Eq 4.1      4.2e-01  5.5e-01  6.2e-01
 *   > optimistic  4.0e-01  2.4e-01  7.6e-03
 *   > magnetic    3.8e-01  1.0e-01  3.1e-07
 * build/01_simplex.svg draws the circle, 01_gap.svg the gap against T.
 * Try         start at 1/3 1/3 1/3; change eta of last_policies to 1
 * Read        sppo.h >>games, >>games.c                                      */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"
#include "svg.h"

enum { N = 3 };
static const double beats[N * N] = {  // P(row > column)
    0.5, 0.0, 1.0,   // rock beats scissors
    1.0, 0.5, 0.0,   // paper beats rock
    0.0, 1.0, 0.5 }; // scissors beat paper

typedef enum step { EXACT, OPTIMISTIC, MAGNETIC } step;
static const char *const step_name[] = { "Eq 4.1", "optimistic", "magnetic" };

typedef struct game {
    double pi[N], mean[N], last[N], magnet[N];  // last: the win rates before
} game;

static const game start = { .pi = { 0.6, 0.2, 0.2 } };

/* One step, t = 0, 1 ..; mean is the average of the policies before it. */
static void advance(game *g, step kind, double eta, int t)
{
    double win[N];
    int i;

    sppo_exact_win_rates(win, beats, g->pi, N);
    for (i = 0; i < N; i++) {
        g->mean[i] += (g->pi[i] - g->mean[i]) / (t + 1);
        if (t == 0)
            g->last[i] = win[i];
        if (t % 100 == 0)
            g->magnet[i] = g->pi[i];
    }
    if (kind == EXACT)
        sppo_exact_step(g->pi, g->pi, win, eta, N);
    else if (kind == OPTIMISTIC)
        sppo_optimistic_step(g->pi, g->pi, win, g->last, eta, N);
    else
        sppo_magnetic_step(g->pi, g->pi, g->magnet, win, eta, 0.5, N);
    memcpy(g->last, win, sizeof win);
}

static void circle(svg_plot *plot)
{
    game g = start;
    int t;

    svg_style(plot, "optimistic, 10000 steps", 0, 0);  // below the others
    for (t = 0; t <= 1000; t++) {
        const double gap = sppo_duality_gap(beats, g.pi, N);
        const game now = g;

        if (t <= 300)
            svg_add_simplex(plot, "last policy, 300 steps", g.pi);
        advance(&g, EXACT, 0.1, t);
        if (t <= 300)
            svg_add_simplex(plot, "its average", g.mean);
        if (t == 0 || t == 100 || t == 1000)
            printf("step %5d  last %.2f %.2f %.2f  gap %.3f  average %.2f "
                   "%.2f %.2f\n", t, now.pi[0], now.pi[1], now.pi[2], gap,
                   g.mean[0], g.mean[1], g.mean[2]);
    }
    for (g = start, t = 0; t <= 10000; advance(&g, OPTIMISTIC, 0.1, t++))
        if (t % 4 == 0)
            svg_add_simplex(plot, "optimistic, 10000 steps", g.pi);
}

static void theorem(svg_plot *plot)
{
    const double support = -log(start.pi[1]);
    int steps;

    for (steps = 10; steps <= 100000; steps *= 10) {
        const double eta = 2 * sqrt(support / steps);
        const double bound = sppo_gap_bound(support, eta, steps);
        double gap, last;
        game g = start;
        int t;

        for (t = 0; t < steps; t++)
            advance(&g, EXACT, eta, t);
        gap = sppo_duality_gap(beats, g.mean, N);
        last = sppo_duality_gap(beats, g.pi, N);
        svg_add(plot, "the bound of Theorem 4.1", steps, bound, bound, bound);
        svg_add(plot, "average policy", steps, gap, gap, gap);
        svg_add(plot, "last policy", steps, last, last, last);
        printf("T %6d  eta %.4f  last %.3f  average %.5f  bound %.5f\n",
               steps, eta, last, gap, bound);
    }
}

static void last_policies(void)
{
    int kind, t;

    for (kind = EXACT; kind <= MAGNETIC; kind++) {
        game g = start;

        printf("%-10s", step_name[kind]);
        for (t = 0; t <= 10000; advance(&g, (step)kind, 0.1, t++))
            if (t == 100 || t == 1000 || t == 10000)
                printf("  %.1e", sppo_duality_gap(beats, g.pi, N));
        printf("\n");
    }
}

int main(void)
{
    static const char *const corner[N] = { "rock", "paper", "scissors" };
    static svg_plot paths, gaps;
    FILE *out[2];

    out[0] = fopen("build/01_simplex.svg", "w");
    out[1] = fopen("build/01_gap.svg", "w");
    if (!out[0] || !out[1])
        return fprintf(stderr, "there is no folder build/ here\n"), 1;
    gaps.log_x = gaps.log_y = 1;
    circle(&paths);
    theorem(&gaps);
    last_policies();
    svg_write_simplex(&paths, "Rock, paper, scissors, eta = 0.1",
                      corner, out[0]);
    svg_write(&gaps, "Rock, paper, scissors: eta = 2 sqrt(log 5 / T)",
              "steps T", "duality gap", out[1]);
    return fclose(out[0]) || fclose(out[1]);
}
