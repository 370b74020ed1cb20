/* claims.h - the paper's claims, and the evidence for each */
#ifndef CLAIMS_H
#define CLAIMS_H

#include "plan.h"
#include "statistics.h"
#include "store.h"

/* ==== claims.c =========================================================== */

/* Per seed: sign (metric of a at an iteration - metric of b at one) - less.  b
 * NULL: a alone.  Names of runs get the condition's suffix.                 */
typedef struct contrast {
    const char *metric;
    const char *a;
    int a_at;
    const char *b;
    int b_at;
    question asked;
    int minus;       // 1: the sign is -1
    int index;       // of a list, from 1; 0: the number by itself
    double less;
} contrast;

/* How a claim's numbers are written, and the margin of its verdicts. */
typedef enum claim_scale {
    POINTS, WORDS_MORE, NATS, GAP, COEFFICIENT, SCALES
} claim_scale;

typedef struct scale_rule {
    double factor, margin[3];  // in the metric's own unit: more, same, not less
    int decimals;
    const char *name;
} scale_rule;

extern const scale_rule claim_scales[SCALES];

enum { PARTS = 6 };

enum asked_where { BOTH_BIASES, MILD_ONLY, STRONG_ONLY };

typedef struct claim {
    const char *id, *text, *paper;
    enum asked_where where;
    claim_scale scale;
    contrast part[PARTS];
    const char *unless; // what may be the reason where it does not hold
} claim;

/* The claims of a plan's report. */
const claim *claims_of(const plan *p, int *count);
const claim *claim_find(const plan *p, const char *id);
int is_asked(const claim *c, enum condition condition);
/* Whether a claim (NULL: any) needs a run. */
int claim_wants(const claim *c, const char *name);

/* ==== evidence.c: the choice of settings, contrasts, verdicts ============ */

enum { MOST_SEEDS = 32, MOST_DIFFERENCES = 1 << 16 };

/* A plan for a set of seeds, and what was measured. */
typedef struct seed_set {
    plan plan;
    store found;
} seed_set;

/* Of alignments that try settings, the number of the one that is chosen. */
int most_liked(store *s, const plan *p, const char *const *tried, int count);
int chosen_index(store *s, const plan *p, enum method m, enum condition c);
setting chosen_setting(store *s, const plan *p, enum method m,
                       enum condition c);
/* The run that was done under that name. */
const char *actual_run(store *s, const plan *p, const char *name);

/* What a contrast comes to in a condition. */
typedef struct evidence {
    double x[MOST_SEEDS];
    interval over_seeds;
    double chance;      // of the paired test; NAN: there is none
    ruling verdict;
} evidence;

evidence find_evidence(store *s, const plan *p, const claim *c, int part,
                       enum condition condition);
ruling claim_verdict(store *s, const plan *p, const claim *c,
                     enum condition condition);
/* Whether a claim asked for "the same" at first, and what that came to. */
int was_same(const claim *c);
ruling earlier_verdict(store *s, const plan *p, const claim *c);

#endif /* CLAIMS_H */
