/* repro_stat.h - what was measured, its intervals, and the rule of a verdict
 *
 * Part of repro.c; tests/test_repro.c includes it alone.
 *
 * The unit of the experiments is the seed: everything (text, base policy,
 * labels, preference model, prompts, draws) is made anew from it, so an
 * interval over seeds covers all of that.  A claim is a list of contrasts, each
 * a number per seed; its verdict comes from their intervals and from nothing
 * else:
 *
 *   more       holds   the interval lies above 0 and, where both sides answered
 *                      the same prompts, the paired test over prompts agrees
 *              fails   it lies below the margin: if there is such an effect, it
 *                      is smaller than what would be called one
 *   same       holds   the interval lies within the margin on both sides of 0
 *              fails   it lies wholly outside
 *   not less   holds   the interval lies above minus the margin
 *              fails   it lies below that
 *
 * and undecided else.  A claim holds when all its contrasts do and fails when
 * one of them does.  With two sets of seeds both must say so; where they differ
 * the claim is undecided.                                                   */
#ifndef REPRO_STAT_H
#define REPRO_STAT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ==== intervals and tests ================================================ */

typedef struct interval {
    double mean, low, high;  // low and high: 95 %
    int n;
} interval;

/* The 0.975 quantile of Student's t. */
static double student(int freedom)
{
    static const double quantile[] = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086
    };
    const int known = (int)(sizeof quantile / sizeof quantile[0]);

    if (freedom < 1)
        return HUGE_VAL;
    return freedom <= known ? quantile[freedom - 1] : 2.08;  // 21: 2.0796
}

/* The mean of x[n] with its interval; of one number: all that is possible. */
static interval interval_of(const double *x, int n)
{
    interval r = { 0.0, -HUGE_VAL, HUGE_VAL, n };
    double squares = 0.0, half;
    int i;

    for (i = 0; i < n; i++)
        r.mean += x[i] / n;
    for (i = 0; i < n; i++)
        squares += (x[i] - r.mean) * (x[i] - r.mean);
    if (n < 2)
        return r;
    half = student(n - 1) * sqrt(squares / (n - 1) / n);
    r.low = r.mean - half;
    r.high = r.mean + half;
    return r;
}

/* The chance of a mean at least this far from 0 if d[n], differences on the
 * same prompts, had mean 0: two-sided, normal, for hundreds of prompts.     */
static double paired_chance(const double *d, int n)
{
    double mean = 0.0, squares = 0.0;
    int i;

    for (i = 0; i < n; i++)
        mean += d[i] / n;
    for (i = 0; i < n; i++)
        squares += (d[i] - mean) * (d[i] - mean);
    if (n < 2 || squares == 0.0)
        return mean == 0.0 ? 1.0 : 0.0;
    return erfc(fabs(mean) / sqrt(2.0 * squares / (n - 1.0) / n));
}

/* ==== verdicts =========================================================== */

typedef enum ruling { NOT_RUN, UNDECIDED, HOLDS, FAILS } ruling;
typedef enum question { IS_MORE, IS_SAME, IS_NOT_LESS } question;

/* chance: of the paired test, or NAN where there is none. */
static ruling decide(question asked, interval x, double margin, double chance)
{
    const int paired = isnan(chance) || chance < 0.05;

    if (x.n == 0)
        return NOT_RUN;
    switch (asked) {
    case IS_SAME:
        return x.low > -margin && x.high < margin ? HOLDS
             : x.low > margin || x.high < -margin ? FAILS : UNDECIDED;
    case IS_NOT_LESS:
        return x.low > -margin ? HOLDS
             : x.high < -margin ? FAILS : UNDECIDED;
    case IS_MORE:
    default:
        return x.low > 0.0 && paired ? HOLDS
             : x.high < margin ? FAILS : UNDECIDED;
    }
}

static ruling decide_all(const ruling *part, int parts)
{
    int i, holds = 0;

    for (i = 0; i < parts; i++)
        if (part[i] == NOT_RUN)
            return NOT_RUN;
    for (i = 0; i < parts; i++) {
        if (part[i] == FAILS)
            return FAILS;
        holds += part[i] == HOLDS;
    }
    return parts > 0 && holds == parts ? HOLDS : UNDECIDED;
}

/* Of several sets of seeds: a verdict stands where all of them have it. */
static ruling agreed(const ruling *set, int sets)
{
    ruling v = sets > 0 ? set[0] : NOT_RUN;
    int i;

    for (i = 1; i < sets && v != NOT_RUN; i++)
        v = set[i] == NOT_RUN ? NOT_RUN : set[i] == v ? v : UNDECIDED;
    return v;
}

static const char *verdict_name(ruling v)
{
    static const char *const name[] = {
        "not run", "undecided", "holds", "does not hold"
    };

    return name[v];
}

/* ==== the store: every number that was measured ========================== */

enum { NAME_ROOM = 24, MOST_NAMES = 256 };

/* Rows "seed,run,iteration,metric,index,value".  Index: the prompt or the step
 * of a list; -1: a number by itself.  Runs and metrics are kept as numbers. */
typedef struct measure {
    double value;
    int seed, run, iteration, metric, index;
} measure;

typedef struct store {
    char name[MOST_NAMES][NAME_ROOM];
    int names;
    measure *row;
    int rows, room;
    int *slot;  // [2 room] a hash table: a row + 1, or 0
} store;

/* The number of a name, which is added unless `add` is 0; -1: there is no such
 * name, or no room for one more.                                            */
static int store_name(store *s, const char *name, int add)
{
    int i;

    for (i = 0; i < s->names; i++)
        if (strcmp(s->name[i], name) == 0)
            return i;
    if (!add || s->names == MOST_NAMES || strlen(name) >= NAME_ROOM)
        return -1;
    strcpy(s->name[s->names], name);
    return s->names++;
}

/* Where in the table the row with the same key as `key` is or would be. */
static int store_slot(const store *s, const measure *key)
{
    const unsigned slots = 2u * (unsigned)s->room;
    unsigned at = (unsigned)key->seed;

    at = at * 31u + (unsigned)key->run;
    at = at * 31u + (unsigned)key->iteration;
    at = at * 31u + (unsigned)key->metric;
    at = (at * 65537u + (unsigned)key->index) * 2654435761u % slots;
    while (s->slot[at] != 0) {
        const measure *row = &s->row[s->slot[at] - 1];

        if (row->seed == key->seed && row->run == key->run &&
            row->iteration == key->iteration && row->metric == key->metric &&
            row->index == key->index)
            break;
        at = (at + 1) % slots;
    }
    return (int)at;
}

/* Twice the room and a new table; 0: there is none. */
static int store_grow(store *s)
{
    const int room = 2 * s->room + 1024;
    int *slot = (int *)calloc(2 * (size_t)room, sizeof *slot);
    void *row = slot ? realloc(s->row, (size_t)room * sizeof *s->row) : NULL;
    int i;

    if (row == NULL) {
        free(slot);
        return 0;
    }
    free(s->slot);
    s->slot = slot;
    s->row = (measure *)row;
    s->room = room;
    for (i = 0; i < s->rows; i++)
        s->slot[store_slot(s, &s->row[i])] = i + 1;
    return 1;
}

/* What is there already stays as it is.  0: there is no room. */
static int store_add(store *s, int seed, const char *run, int iteration,
                     const char *metric, int index, double value)
{
    measure row;
    int *slot;

    row.value = value;
    row.seed = seed;
    row.run = store_name(s, run, 1);
    row.iteration = iteration;
    row.metric = store_name(s, metric, 1);
    row.index = index;
    if (row.run < 0 || row.metric < 0 ||
        (s->rows == s->room && !store_grow(s)))
        return 0;
    slot = &s->slot[store_slot(s, &row)];
    if (*slot == 0) {
        s->row[s->rows] = row;
        *slot = ++s->rows;
    }
    return 1;
}

static void store_free(store *s)
{
    free(s->row);
    free(s->slot);
    memset(s, 0, sizeof *s);
}

/* NULL: it was not measured. */
static const measure *store_row(store *s, int seed, const char *run,
                                int iteration, const char *metric, int index)
{
    measure key;
    int found;

    key.seed = seed;
    key.run = store_name(s, run, 0);
    key.iteration = iteration;
    key.metric = store_name(s, metric, 0);
    key.index = index;
    if (s->rows == 0 || key.run < 0 || key.metric < 0)
        return NULL;
    found = s->slot[store_slot(s, &key)];
    return found > 0 ? &s->row[found - 1] : NULL;
}

/* A single number (index -1), or an entry of a list; NAN: not measured. */
static double store_get(store *s, int seed, const char *run, int iteration,
                        const char *metric, int index)
{
    const measure *row = store_row(s, seed, run, iteration, metric, index);

    return row ? row->value : (double)NAN;
}

/* Copies a list, at most `most` numbers of it; returns how many. */
static int store_list(store *s, int seed, const char *run, int iteration,
                      const char *metric, double *out, int most)
{
    const measure *row;
    int n = 0;

    while (n < most &&
           (row = store_row(s, seed, run, iteration, metric, n)) != NULL)
        out[n++] = row->value;
    return n;
}

#endif
