/* lab.h - the laboratory: makes models, aligns them, measures them
 *
 * Every function works for one seed; what it draws depends on the seed and on
 * nothing else, so units of work can be done in any order, in any process, and
 * again.
 *
 * Who sees what.  Base policy: text.  Preference model: votes of annotators on
 * pairs of responses.  Alignment: prompts and the preference model.  Choice of
 * settings: the preference model on validation prompts.  The gold judge is
 * asked to measure alone, and on test prompts.                              */
#ifndef LAB_H
#define LAB_H

#include "../../sppo.h"
#include "../instruct/instruct.h"
#include "plan.h"
#include "store.h"

/* Streams of chance; every seed has its own of each. */
enum chance { CHANCE_TEXT = 100, CHANCE_WEIGHTS, CHANCE_ASKED, CHANCE_ANSWERS,
              CHANCE_PAIRS, CHANCE_VOTES, CHANCE_TRAIN, CHANCE_VALIDATE,
              CHANCE_TEST, CHANCE_SKILL, CHANCE_REFERENCE, CHANCE_BASE,
              CHANCE_POLICY, CHANCE_RERANK, CHANCE_MATCH, CHANCE_ALIGN,
              CHANCE_THIRD, CHANCE_CYCLE, CHANCE_POOL };

/* Prompts as tokens, and as what they ask. */
typedef struct asked {
    sppo_lists ids;
    scene *scene;
} asked;

typedef struct lab {
    const plan *plan;
    const char *folder;
    uint64_t seed;
    sppo_ctx ctx;
    task t;
    store cell;   // what this unit of work has measured
    sppo_model base;
    sppo_model judge[CONDITIONS];
    sppo_pref pref[CONDITIONS];
    asked on;               // the prompts that policies are measured on
    asked skill;
    marks *reference;       // [on] of a fixed writer
    sppo_lists base_says;   // [on, SAMPLES]
} lab;

/* ==== lab.c ============================================================== */

/* Ends the process with a sentence. */
void stop(const char *message);
/* Stops unless all is well. */
void check(const lab *l, sppo_result result);
/* Memory, set to zero. */
void *room(lab *l, size_t count, size_t size);
uint64_t chance_key(const lab *l, enum chance c);
dice chance_dice(const lab *l, enum chance c, int row);

/* Into l->cell: one number; a mean, and its list where that is wanted. */
void note(lab *l, const char *who, int iteration, const char *metric, int index,
          double value);
double note_mean(lab *l, const char *who, int iteration, const char *metric,
                 const double *x, int n, int list);

/* 0 is no token of the language; words follow the three that frame them. */
enum { BOS = 1, EOS, ANSWER, WORDS };

int vocabulary(const task *t);
void add_words(lab *l, sppo_lists *lists, int before, const text *words,
               int after);
void add_prompt(lab *l, sppo_lists *lists, const scene *s);
void read_words(const sppo_lists *lists, int list, text *out);
/* Draws prompts; skill 1: of the unrelated skill. */
void draw_asked(lab *l, asked *a, enum chance c, int count, int skill);
void asked_free(lab *l, asked *a);

void save_model(lab *l, const sppo_model *model, const char *name);
void load_model(lab *l, sppo_model *model, const char *name);

/* way: SPPO_FORWARD or SPPO_STEP. */
void begin_forest(lab *l, sppo_forest *forest, sppo_activations *acts,
                  const sppo_model *model, int way);
void end_forest(lab *l, sppo_forest *forest, sppo_activations *acts);
/* k responses to each prompt. */
void sample(lab *l, const sppo_model *policy, const sppo_lists *prompts, int k,
            int greedy, uint64_t key, sppo_lists *out);
/* log model(y|x) of k responses to each prompt. */
void log_probabilities(lab *l, const sppo_model *model,
                       const sppo_lists *prompts, const sppo_lists *responses,
                       int k, double *out);

/* ==== train.c, measure.c ================================================= */

/* Makes, saves and measures a seed's base policy and preference models. */
void prepare(lab *l);

/* Draws the prompts to measure on; needs the base policy and the judges. */
void open_measuring(lab *l, enum chance prompts);
void measure_policy(lab *l, const char *who, int iteration,
                    const sppo_model *policy, enum condition c);
/* Of a probability; that of 0 and 1 is as that of 1e-12 away. */
double log_odds(double p);
void measure_reranked(lab *l, const char *who, int iteration,
                      const sppo_model *policy, enum condition c);
marks gold_marks(const lab *l, const scene *s, const sppo_lists *lists,
                 int list);

/* ==== best_of.c ========================================================== */

/* The best of 1, 2, 4 .. plan->pool of the base's responses. */
void measure_best_of(lab *l, enum condition c);

/* ==== align.c, methods.c, tournament.c, cycle.c ========================== */

/* One alignment of that many iterations, measured after each. */
void align(lab *l, const run *r, setting chosen, const char *who,
           int iterations);

/* A method's settings by its name of sppo align --method. */
sppo_play_config method_config(lab *l, const char *name);

enum { PLAYERS = 1 + METHODS * ITERATIONS };  // the base, then by method

/* Every policy against every other on the test prompts. */
void tournament(lab *l, enum condition c);

/* Who judges in self-play. */
enum { ORACLE, PAIR, EMBED, SCALAR, CYCLE_JUDGES };
extern const char *const cycle_judge[CYCLE_JUDGES];

/* A preference that goes in a circle, learnt and played; and played by every
 * method.                                                                   */
void cycle_experiment(lab *l);
void cycle_methods(lab *l);

#endif /* LAB_H */
