/* plan.c - what is done: sizes, seeds, annotators, methods, alignments */
#include <stdio.h>
#include <string.h>

#include "plan.h"

/* What is 0 is left out. */
static const plan plans[] = {
    { .name = "full", .from = 1, .seeds = 5, .dim = 64, .layers = 3,
      .longest = 65, .base_steps = 1300, .pairs = 16000,
      .iterations = ITERATIONS, .prompts = 512, .epochs = 4, .tests = 400,
      .skills = 200, .reranked = 200, .settings = 6, .tuned = 3,
      .every_eta = 1, .rounds = 60, .votes = 16000 },
    { .name = "quick", .tuning_seed = 1, .from = 1, .seeds = 2, .dim = 64,
      .layers = 3, .longest = 65, .base_steps = 1200, .pairs = 9600,
      .iterations = ITERATIONS, .prompts = 256, .epochs = 4, .tests = 200,
      .skills = 100, .reranked = 100, .settings = 2, .tuned = 1, .rounds = 60,
      .votes = 16000 },
    { .name = "tiny", .tuning_seed = 1, .from = 1, .seeds = 2, .dim = 16,
      .layers = 1, .longest = 6, .base_steps = 8, .pairs = 128,
      .iterations = ITERATIONS, .prompts = 16, .epochs = 2, .tests = 6,
      .skills = 4, .reranked = 4, .settings = 1, .tuned = 1, .rounds = 3,
      .votes = 320 },
    { .name = "methods", .about = THE_METHODS, .from = 1, .seeds = 4,
      .dim = 64, .layers = 3, .longest = 65, .base_steps = 1300,
      .pairs = 16000, .iterations = 6, .longer = 12, .prompts = 256,
      .epochs = 4, .tests = 400, .skills = 200, .reranked = 200, .pool = 256,
      .settings = 4, .tuned = 3, .rounds = 60, .votes = 16000 },
    { .name = "tiny-methods", .about = THE_METHODS, .tuning_seed = 1,
      .from = 1, .seeds = 2, .dim = 16, .layers = 1, .longest = 6,
      .base_steps = 8, .pairs = 128, .iterations = 6, .longer = 12,
      .prompts = 8, .epochs = 1, .tests = 6, .skills = 4, .reranked = 4,
      .pool = 8, .settings = 2, .tuned = 1, .rounds = 3, .votes = 320 }
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

/* What is left out is SPPO, for mild annotators, as in the paper. */
const run runs[] = {
    { "sppo", .kept = 1 },
    { "dpo", .method = DPO, .kept = 1 },
    { "ipo", .method = IPO, .kept = 1 },
    { "sppo-strong", .condition = STRONG, .kept = 1 },
    { "dpo-strong", .method = DPO, .condition = STRONG, .kept = 1 },
    { "ipo-strong", .method = IPO, .condition = STRONG, .kept = 1 },
    { "K2", .judges = 2 },
    { "K3", .judges = 3 },
    { "all", .keep_all = 1 },
    { "log-z", .baseline = SPPO_BASELINE_EMPIRICAL },
    { "scores", .bradley_terry = 1 },
    { "eta3", .eta = 3, .optional = 1 },
    { "eta10", .eta = 10 },
    { "eta30", .eta = 30 },
    { "eta100", .eta = 100 },
    { "eta300", .eta = 300, .optional = 1 },
    { "eta1000", .eta = 1000 }
};
const int run_count = (int)(sizeof runs / sizeof runs[0]);
