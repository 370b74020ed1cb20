/* store.c - every number that was measured, by what it is */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

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
int store_add(store *s, int seed, const char *run, int iteration,
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

void store_free(store *s)
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
double store_get(store *s, int seed, const char *run, int iteration,
                 const char *metric, int index)
{
    const measure *row = store_row(s, seed, run, iteration, metric, index);

    return row ? row->value : (double)NAN;
}

/* Copies a list, at most `most` numbers of it; returns how many. */
int store_list(store *s, int seed, const char *run, int iteration,
               const char *metric, double *out, int most)
{
    const measure *row;
    int n = 0;

    while (n < most &&
           (row = store_row(s, seed, run, iteration, metric, n)) != NULL)
        out[n++] = row->value;
    return n;
}
