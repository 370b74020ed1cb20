/* methods.h - the methods beside SPPO, all in the same loop
 *
 * What a method is stands in the tool's table of names (../tool): here are the
 * settings that are tried for it, as many for each.                         */
#ifndef METHODS_H
#define METHODS_H

#include "claims.h"

enum { TRIED = 4 };

typedef struct contender {
    const char *name, *title;
    const char *by;     // its name of sppo align --method; NULL: name
    const char *like;   // it has the setting chosen for that one
    double pull;        // above 0: other than the method's own
    double circle_eta;  // eta of the cyclic game
    int two;            // 1: it compares two responses, never all K
    int longer;         // 1: it goes on for the plan's `longer` iterations
    int scalar;         // 1: there a Bradley-Terry reward is learnt first
    setting tried[TRIED];
} contender;

extern const contender contenders[];
extern const int contender_count;

/* The number of the setting that the preference model chose. */
int contender_choice(store *s, const plan *p, const contender *c);
setting contender_setting(store *s, const plan *p, const contender *c);
/* Of the alignment that tries setting number `at`; of the final one. */
void contender_try(const contender *c, int at, char name[64]);
void contender_run(const contender *c, char name[64]);
int contender_iterations(const plan *p, const contender *c);

/* The claims of the second report. */
extern const claim questions[];
extern const int question_count;

/* ==== curves.c =========================================================== */

/* Adds to what was measured, for each seed, what is worked out from it: the
 * curves through every method's points, and what it is worth at a KL at which
 * another one was measured.                                                 */
void work_out(seed_set *set);

#endif /* METHODS_H */
