/* engine_micro.c - lesson 00 for a page: its own functions, one iteration at a
 * time.  The loop is that of its main, which cannot stop on the way.        */

#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the lesson prints is kept. */
static char printed[2048];

static int keep(const char *format, ...)
{
    const size_t at = strlen(printed);
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(printed + at, sizeof printed - at, format, values);
    va_end(values);
    return length;
}

#define main lesson_main
#define printf keep
int lesson_main(void);
#include "../lessons/00_micro_sppo.c"
#undef main
#undef printf

static double pi[LOGITS], average[PROMPTS][ANSWERS], d[LOGITS];
static example data[N];
static int iteration;

EXPORT(micro_begin) void micro_begin(void)
{
    memset(pi, 0, sizeof pi);
    memset(average, 0, sizeof average);
    pi[row(MORNING, START) + COFFEE] = 1.0;
    printed[0] = 0;
    iteration = 0;
}

/* Lines 3 to 5 for every prompt, and the report; the iteration comes back. */
EXPORT(micro_draw) int micro_draw(void)
{
    double pairwise[K * K];
    example *e;
    int i;

    for (e = data; e < data + N; e++) {
        e->x = (int)(e - data) % PROMPTS;
        for (i = 0; i < K; i++) {
            e->y[i] = sample(pi, e->x, START) * WORDS;
            e->y[i] += sample(pi, e->x, first(e->y[i]));
            e->old[i] = logprob(pi, e->x, e->y[i]);
        }
        for (i = 0; i < K * K; i++)
            pairwise[i] = judge(e->x, e->y[i / K], e->y[i % K]);
        win_rates(e->win, pairwise);
    }
    iteration++;
    for (i = 0; i < PROMPTS; i++)
        report(iteration, i, pi, average[i]);
    return iteration;
}

/* Line 6; the loss before it comes back. */
EXPORT(micro_fit) double micro_fit(void)
{
    double before = 0.0, now;
    int n, i;

    for (n = 0; n < STEPS; n++) {
        now = loss(pi, data, d);
        before = n ? before : now;
        for (i = 0; i < LOGITS; i++)
            pi[i] -= rate * d[i];
    }
    return before;
}

EXPORT(micro_printed) const char *micro_printed(void) { return printed; }

/* Of the first prompt x of D_t, x 0 or 1, and its answer i: */
EXPORT(micro_answer) int micro_answer(int x, int i) { return data[x].y[i]; }

EXPORT(micro_judge) double micro_judge(int x, int i, int j)
{
    return judge(x, data[x].y[i], data[x].y[j]);
}

EXPORT(micro_win) double micro_win(int x, int i) { return data[x].win[i]; }

EXPORT(micro_target) double micro_target(int x, int i)
{
    return target_of(data[x].win[i]);
}

EXPORT(micro_ratio) double micro_ratio(int x, int i)
{
    return logprob(pi, x, data[x].y[i]) - data[x].old[i];
}

/* Of any answer y to x, "tea coffee" being 1: its probability now. */
EXPORT(micro_probability) double micro_probability(int x, int y)
{
    return exp(logprob(pi, x, y));
}

EXPORT(micro_average) double micro_average(int x, int y)
{
    return average[x][y];
}

/* The gap of the policy, or of the average of all so far. */
EXPORT(micro_gap) double micro_gap(int x, int averaged)
{
    double p[ANSWERS];
    int y;

    for (y = 0; y < ANSWERS; y++)
        p[y] = averaged ? average[x][y] : exp(logprob(pi, x, y));
    return duality_gap(x, p);
}
