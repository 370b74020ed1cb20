/* plan.c - what is done: sizes, seeds, annotators, methods, alignments */
#include <stdio.h>
#include <string.h>

#include "plan.h"

static const plan plans[] = {
    { "full", 0, 0,   1,   5,   64, 3, 65, 1300, 16000,
      512,    4, 400, 200, 200, 6,  3, 1,  60,   16000 },
    { "quick", 0, 1,   1,   2,   64, 3, 65, 1200, 9600,
      256,     4, 200, 100, 100, 2,  1, 0,  60,   16000 },
    { "tiny", 0, 1, 1, 2, 16, 1, 6, 8, 128, 16, 2, 6, 4, 4, 1, 1, 0, 3, 320 }
};

const plan *plan_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof plans / sizeof plans[0]; i++)
        if (strcmp(name, plans[i].name) == 0)
            return &plans[i];
    return NULL;
}

const char *const set_name[SETS] = { "first", "second" };

/* The plan for another set: the same with other seeds. */
plan plan_for(const plan *first, int set)
{
    plan p = *first;

    p.set = set;
    p.tuning_seed += SET_STEP * set;
    p.from += SET_STEP * set;
    return p;
}

int last_seed(const plan *p)
{
    return p->from + p->seeds - 1;
}

const double length_bias[CONDITIONS] = { 0.02, 0.06 };
const char *const condition_name[CONDITIONS] = { "mild bias", "strong bias" };
const char *const condition_suffix[CONDITIONS] = { "", "-strong" };

const char *const method_name[METHODS] = { "sppo", "dpo", "ipo" };
const char *const method_title[METHODS] = { "SPPO", "DPO", "IPO" };
const sppo_loss method_loss[METHODS] = {
    SPPO_LOSS_SPPO, SPPO_LOSS_DPO, SPPO_LOSS_IPO
};

const setting grid[METHODS][SETTINGS] = {
    { { 30, 3e-4 }, { 30, 1e-4 }, { 100, 3e-4 }, { 100, 1e-4 }, { 10, 3e-4 },
      { 10, 1e-4 } },
    { { 1, 3e-4 }, { 1, 1e-4 }, { 3, 3e-4 }, { 3, 1e-4 }, { 10, 3e-4 },
      { 10, 1e-4 } },
    { { 5, 3e-4 }, { 5, 1e-4 }, { 15, 3e-4 }, { 15, 1e-4 }, { 1.5, 3e-4 },
      { 1.5, 1e-4 } }
};

void tuning_name(enum method m, int at, enum condition c, char name[64])
{
    snprintf(name, 64, "tune-%s-%d%s", method_name[m], at,
             condition_suffix[c]);
}

const run runs[] = {
    { "sppo", SPPO, MILD, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "dpo", DPO, MILD, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "ipo", IPO, MILD, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "sppo-strong", SPPO, STRONG, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "dpo-strong", DPO, STRONG, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "ipo-strong", IPO, STRONG, 1, 0, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "K2", SPPO, MILD, 0, 2, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "K3", SPPO, MILD, 0, 3, 0, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "all", SPPO, MILD, 0, 0, 1, 0, SPPO_BASELINE_HALF, 0, 0 },
    { "log-z", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_EMPIRICAL, 0, 0 },
    { "scores", SPPO, MILD, 0, 0, 0, 1, SPPO_BASELINE_HALF, 0, 0 },
    { "eta3", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 3, 1 },
    { "eta10", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 10, 0 },
    { "eta30", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 30, 0 },
    { "eta100", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 100, 0 },
    { "eta300", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 300, 1 },
    { "eta1000", SPPO, MILD, 0, 0, 0, 0, SPPO_BASELINE_HALF, 1000, 0 }
};
const int run_count = (int)(sizeof runs / sizeof runs[0]);
