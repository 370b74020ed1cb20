/* plan.h - what is done: sizes, seeds, annotators, methods, alignments */
#ifndef PLAN_H
#define PLAN_H

#include "../../sppo.h"

enum { ITERATIONS = 3, K = 5, BATCH = 32, RERANKED = 16, SAMPLES = 2,
       CONTEXT = 96, PASS_TOKENS = 4096 };

/* Two sets of seeds: the questions were put with the first in sight, the second
 * is there to ask them again.                                               */
enum { SETS = 2, SET_STEP = 10 };
extern const char *const set_name[SETS];

/* Which of the two reports a plan is for. */
enum about { THE_PAPER, THE_METHODS };

typedef struct plan {
    const char *name;
    enum about about;
    int set;
    int tuning_seed; // whose models choose the settings: 0, or to save time 1
    int from, seeds; // from .. from + seeds - 1 are measured
    int dim, layers; // of policy and preference model
    int longest;     // response, in tokens
    int base_steps;  // of BATCH rows
    int pairs;       // that annotators vote on
    int iterations;  // ITERATIONS for the paper's report
    int longer;      // those of SPPO with and without a pull
    int prompts;     // of one iteration
    int epochs;
    int tests;       // test prompts; as many validation prompts
    int skills;      // prompts of the unrelated skill
    int reranked;    // test prompts with RERANKED responses
    int pool;        // responses that the best of 1, 2, 4 .. is taken from
    int settings;    // tried for each method
    int tuned;       // iterations before settings are compared
    int every_eta;   // 1: all values of eta; 0: those that a claim needs
    int rounds;      // of self-play with the cycle
    int votes;       // on pairs with the cycle
} plan;

/* NULL: there is none of that name. */
const plan *plan_find(const char *name);
/* The same with the seeds of another set. */
plan plan_for(const plan *first, int set);
int last_seed(const plan *p);

/* Annotators: what a word more is worth to them, in log odds. */
enum condition { MILD, STRONG, CONDITIONS };
extern const double length_bias[CONDITIONS];
extern const char *const condition_name[CONDITIONS];
extern const char *const condition_suffix[CONDITIONS];

enum method { SPPO, DPO, IPO, METHODS };
extern const char *const method_name[METHODS];
extern const char *const method_title[METHODS];
extern const sppo_loss method_loss[METHODS];

/* What may be chosen: a strength (DPO's beta is 1 / eta, IPO's tau 1 / 2 eta)
 * and a learning rate; a small plan tries the first few.                    */
typedef struct setting { double eta, lr; } setting;
enum { SETTINGS = 6 };
extern const setting grid[METHODS][SETTINGS];

/* Of the alignment that tries setting number `at`. */
void tuning_name(enum method m, int at, enum condition c, char name[64]);

/* One alignment.  Zero: as the method's chosen setting has it. */
typedef struct run {
    const char *name;
    enum method method;
    enum condition condition;
    int kept;      // 1: policies stay on disk for the tournament
    int judges;    // win rates against that many of the K responses
    int keep_all;
    int bradley_terry;
    sppo_baseline baseline;
    double eta;
    int optional;  // 1: no claim needs it
    const char *by; // instead of method: a name that sppo align --method knows
    double pull;
    int longer;    // 1: the plan's `longer` iterations
    int last_only; // 1: only the last iteration is measured
} run;

extern const run runs[];
extern const int run_count;

#endif /* PLAN_H */
