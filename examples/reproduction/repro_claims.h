/* repro_claims.h - the claims, and the evidence for each
 *
 * Part of repro.c.  The table below is all that is typed: what the paper says,
 * and which numbers are compared how.  Every figure under "measured" and every
 * verdict is computed from the store, by the rule in repro_stat.h.          */
#ifndef REPRO_CLAIMS_H
#define REPRO_CLAIMS_H

/* ==== claims ============================================================= */

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
typedef enum measure_of { POINTS, WORDS_MORE, NATS, GAP } measure_of;
static const struct {
    double scale, margin[3];  // in the metric's own unit: more, same, not less
    int decimals;
    const char *name;
} measures[] = {
    { 100, { 0.01, 0.02, 0.02 }, 1, "points" },
    { 1, { 0.5, 1.0, 1.0 }, 1, "words" },
    { 1, { 0.1, 0.2, 0.2 }, 2, "nats" },
    { 1, { 0.02, 0.04, 0.04 }, 3, "" }
};

enum { PARTS = 6 };

typedef struct claim {
    const char *id, *text, *paper;
    int once;           // 1: in the first condition only
    measure_of of;
    contrast part[PARTS];
    const char *unless; // what may be the reason where it does not hold
} claim;

/* Players of the tournament: base 0, SPPO 1 to 3, DPO 4 to 6, IPO 7 to 9. */
#define BEATS(what, i, j) { .metric = what, .a = "match", .a_at = (i), \
                            .index = (j) + 1, .less = 0.5 }
#define STEP(what, run_, to, from, at) \
    { .metric = what, .a = run_, .a_at = (to), .b = from, .b_at = (at) }
#define NEAR_SPPO(run_, question_) \
    { .metric = "gold", .a = run_, .a_at = 3, .b = "sppo", .b_at = 3, \
      .asked = question_ }
#define KEEPS_SKILL(run_, at) \
    { .metric = "skill", .a = run_, .a_at = (at), .b = "base", \
      .asked = IS_NOT_LESS }

static const claim claim_table[] = {
    { "a1", "SPPO, iteration 1, beats the base (win rate against a fixed "
      "reference)", "14.7 to 23.5 % (LC 17.1 to 24.8)", 0, POINTS,
      { STEP("gold", "sppo", 1, "base", 0) }, NULL },
    { "a2", "iteration 2 beats iteration 1", "23.5 to 27.6 % (LC 24.8 to 26.9)",
      0, POINTS, { STEP("gold", "sppo", 2, "sppo", 1) },
      "The preference model's errors, length above all, are what is left to "
      "climb once its agreement with the judge is used up." },
    { "a3", "iteration 3 beats iteration 2", "27.6 to 31.0 % (LC 26.9 to 28.5)",
      0, POINTS, { STEP("gold", "sppo", 3, "sppo", 2) },
      "As a2, one iteration later." },
    { "b1", "SPPO beats iterative DPO after three iterations",
      "31.0 against 23.4 % (LC 28.5, 22.3)", 0, POINTS,
      { STEP("gold", "sppo", 3, "dpo", 3) },
      "Each method got the same number of settings and the one that the "
      "preference model liked best. The paper does not say how the baselines "
      "were tuned." },
    { "b2", "SPPO beats IPO after three iterations",
      "31.0 against 22.5 % (LC 28.5, 20.1)", 0, POINTS,
      { STEP("gold", "sppo", 3, "ipo", 3) }, "As b1." },
    { "c1", "SPPO's answers grow longer", "1676 to 2163 characters", 0,
      WORDS_MORE, { STEP("length", "sppo", 3, "base", 0) },
      "Length grows as far as the annotators reward it; mild ones hardly do." },
    { "c2", "DPO's grow longer than SPPO's", "2189 against 2163", 0, WORDS_MORE,
      { STEP("length", "dpo", 3, "sppo", 3) },
      "How far a method goes towards length depends on how far it goes at all: "
      "on its setting more than on its loss." },
    { "c3", "IPO's grow longer than SPPO's", "2760 against 2163", 0, WORDS_MORE,
      { STEP("length", "ipo", 3, "sppo", 3) }, "As c2." },
    { "c4", "at equal length SPPO beats DPO", "LC 28.5 against 22.3 %", 0,
      POINTS, { STEP("gold_lc", "sppo", 3, "dpo", 3) },
      "The rate at equal length extrapolates to lengths that a policy which "
      "always writes long never shows; with strong bias, read b1 instead." },
    { "c5", "at equal length SPPO beats IPO", "LC 28.5 against 20.1 %", 0,
      POINTS, { STEP("gold_lc", "sppo", 3, "ipo", 3) }, "As c4." },
    { "d1", "IPO beats SPPO for the preference model and loses for the judge",
      "PairRM: IPO wins 55.2 %; GPT-4: 22.5 against 31.0 %", 0, POINTS,
      { BEATS("duel_proxy", 9, 3),
        { .metric = "duel_gold", .a = "match", .a_at = 9, .index = 4,
          .less = -0.5, .minus = 1 } },
      "Which method exploits most depends on the settings chosen (d2 to d4 "
      "compare a method with itself)." },
    { "d2", "IPO's third iteration: better for the preference model, worse for "
      "the judge", "PairRM up; 23.4 to 22.5 % (LC 21.1 to 20.1)", 0, POINTS,
      { STEP("proxy", "ipo", 3, "ipo", 2),
        { .metric = "gold", .a = "ipo", .a_at = 3, .b = "ipo", .b_at = 2,
          .minus = 1 } },
      "With mild bias the preference model is nearly right, and there is "
      "little to exploit." },
    { "d3", "DPO's third iteration: the same", "PairRM up; 24.5 to 23.4 % (LC "
      "24.2 to 22.3)", 0, POINTS,
      { STEP("proxy", "dpo", 3, "dpo", 2),
        { .metric = "gold", .a = "dpo", .a_at = 3, .b = "dpo", .b_at = 2,
          .minus = 1 } }, "As d2." },
    { "d4", "SPPO's third iteration: better for both", "PairRM up; 27.6 to "
      "31.0 %", 0, POINTS,
      { STEP("proxy", "sppo", 3, "sppo", 2),
        STEP("gold", "sppo", 3, "sppo", 2) },
      "SPPO follows its preference model too: what keeps it from exploiting is "
      "how far it goes, not the form of its loss." },
    { "e1", "best of 16 by the preference model helps the base",
      "14.7 to 17.9 % (LC 17.1 to 22.5)", 0, POINTS,
      { { .metric = "rerank_gain", .a = "base" } }, NULL },
    { "e2", "and every iteration of SPPO", "+4.3, +4.5, +3.9 (LC +3.9, +4.3, "
      "+3.6)", 0, POINTS,
      { { .metric = "rerank_gain", .a = "sppo", .a_at = 1 },
        { .metric = "rerank_gain", .a = "sppo", .a_at = 2 },
        { .metric = "rerank_gain", .a = "sppo", .a_at = 3 } },
      "Re-ranking asks the same preference model again; where the policy "
      "already sits on its errors it has nothing to add." },
    { "f1", "win rates from K = 2 do as well as from K = 5",
      "28.2 against 31.0 % (LC 28.3, 28.5)", 1, POINTS,
      { NEAR_SPPO("K2", IS_NOT_LESS) },
      "With K = 2 the targets are about half as large, so the policy moves "
      "less far in three iterations." },
    { "f2", "so do those from K = 3", "announced, not shown", 1, POINTS,
      { NEAR_SPPO("K3", IS_NOT_LESS) }, "As f1, less so." },
    { "f3", "training on all K does as well as on best and worst",
      "not shown (Algorithm 1 allows both)", 1, POINTS,
      { NEAR_SPPO("all", IS_NOT_LESS) },
      "The middle answers ask for less movement than the extremes, at 2.5 "
      "times the cost." },
    { "g1", "under SPPO winners become more likely and losers less, in each "
      "iteration", "project page: winners -370 to -250 nats, losers down", 0,
      NATS,
      { { .metric = "winner_end", .a = "sppo", .a_at = 1 },
        { .metric = "winner_end", .a = "sppo", .a_at = 2 },
        { .metric = "winner_end", .a = "sppo", .a_at = 3 },
        { .metric = "loser_end", .a = "sppo", .a_at = 1, .minus = 1 },
        { .metric = "loser_end", .a = "sppo", .a_at = 2, .minus = 1 },
        { .metric = "loser_end", .a = "sppo", .a_at = 3, .minus = 1 } },
      "At a large eta the losers' targets dominate and drag winners down." },
    { "g2", "its winners rise more than DPO's", "DPO's winners flat", 0, NATS,
      { STEP("winner_end", "sppo", 1, "dpo", 1),
        STEP("winner_end", "sppo", 2, "dpo", 2),
        STEP("winner_end", "sppo", 3, "dpo", 3) },
      "DPO with a large beta (a small eta) lifts winners as well." },
    { "g3", "its winners rise more than IPO's", "argued, not measured", 0,
      NATS,
      { STEP("winner_end", "sppo", 1, "ipo", 1),
        STEP("winner_end", "sppo", 2, "ipo", 2),
        STEP("winner_end", "sppo", 3, "ipo", 3) }, "As g2." },
    { "h1", "each iteration of SPPO beats the one before, for the preference "
      "model", "65.1, 59.5, 57.7 %", 0, POINTS,
      { BEATS("duel_proxy", 1, 0), BEATS("duel_proxy", 2, 1),
        BEATS("duel_proxy", 3, 2) }, NULL },
    { "h2", "and for the judge", "not shown", 0, POINTS,
      { BEATS("duel_gold", 1, 0), BEATS("duel_gold", 2, 1),
        BEATS("duel_gold", 3, 2) }, "As a2 and a3, head to head." },
    { "i1", "an unrelated skill survives SPPO", "mean of 6 tasks 65.7 to 66.7, "
      "66.8, 66.4", 0, POINTS,
      { KEEPS_SKILL("sppo", 1), KEEPS_SKILL("sppo", 2),
        KEEPS_SKILL("sppo", 3) }, NULL },
    { "i2", "and DPO", "65.6, 65.4, 64.5", 0, POINTS,
      { KEEPS_SKILL("dpo", 1), KEEPS_SKILL("dpo", 2), KEEPS_SKILL("dpo", 3) },
      NULL },
    { "i3", "and IPO", "66.5, 64.7, 64.7", 0, POINTS,
      { KEEPS_SKILL("ipo", 1), KEEPS_SKILL("ipo", 2), KEEPS_SKILL("ipo", 3) },
      NULL },
    { "j1", "with a preference that goes in a circle, self-play with a `pair` "
      "head ends less exploitable than with a Bradley-Terry head",
      "argued (Section 3), not measured", 1, GAP,
      { STEP("gap_mean", "scalar", 0, "pair", 0) }, NULL },
    { "j2", "so it does with an `embed` head", "not in the paper", 1, GAP,
      { STEP("gap_mean", "scalar", 0, "embed", 0) }, NULL },
    { "j3", "the average policy is less exploitable than the last one",
      "Theorem 4.1 is about the average", 1, GAP,
      { STEP("gap_last", "oracle", 0, "", 0),
        STEP("gap_last", "pair", 0, "", 0) },
      "Sampling and a regression that does not reach its target damp the "
      "circles of the exact game." },
    { "k1", "eta / 2 does as well as log Z from the samples", "Appendix A: not "
      "tested", 1, POINTS,
      { { .metric = "gold", .a = "sppo", .a_at = 3, .b = "log-z", .b_at = 3,
          .asked = IS_NOT_LESS } },
      "The true log Z exceeds eta / 2: the half asks for more than a policy "
      "that stays normalised can give." },
    { "k2", "the released code's Bradley-Terry P does as well as the paper's P",
      "not tested", 1, POINTS, { NEAR_SPPO("scores", IS_NOT_LESS) },
      "Scores from averages spread further than pairwise P: targets are larger "
      "in absolute value, as with a larger eta." },
    { "k3", "the paper's eta = 1000 does as well as the tuned one",
      "eta = 1000, others not shown", 1, POINTS,
      { NEAR_SPPO("eta1000", IS_NOT_LESS) },
      "At a small model's learning rate targets of hundreds of nats are not "
      "out of reach as they are at 5e-7; the policy follows them into noise." },
    { "k4", "eta = 10, 30 and 100 do equally well", "not tested", 1, POINTS,
      { NEAR_SPPO("eta10", IS_SAME), NEAR_SPPO("eta30", IS_SAME),
        NEAR_SPPO("eta100", IS_SAME) },
      "eta sets how far an iteration goes until the learning rate does." }
};
enum { CLAIMS = (int)(sizeof claim_table / sizeof claim_table[0]) };

static const claim *claim_find(const char *id)
{
    int i;

    for (i = 0; i < CLAIMS; i++)
        if (strcmp(claim_table[i].id, id) == 0)
            return &claim_table[i];
    return NULL;
}

/* Whether `name`, with or without suffix, is among the runs of a contrast. */
static int names_run(const char *wanted, const char *name)
{
    const size_t length = wanted ? strlen(wanted) : 0;

    return length > 0 && strncmp(name, wanted, length) == 0
        && (name[length] == '\0' ||
            strcmp(name + length, condition_suffix[STRONG]) == 0);
}

/* Whether a claim (NULL: any) needs a run.  The tournament needs every run that
 * keeps its policies, a judge of the circle all of them ("pair"), and what is
 * not of the circle the base.                                               */
static int claim_wants(const claim *c, const char *name)
{
    int i, kept = 0;

    for (i = 0; i < RUNS; i++)
        kept |= runs[i].kept && strcmp(runs[i].name, name) == 0;
    if (c == NULL || strcmp(name, c->of == GAP ? "pair" : "base") == 0)
        return 1;
    for (i = 0; i < PARTS && c->part[i].metric; i++) {
        const contrast *p = &c->part[i];

        if (names_run(p->a, name) || names_run(p->b, name) ||
            (kept && strcmp(p->a, "match") == 0))
            return 1;
    }
    return 0;
}

/* ==== the choice of settings ============================================= */

static void tuning_name(enum method m, int at, enum condition c, char name[64])
{
    snprintf(name, 64, "tune-%s-%d%s", method_name[m], at,
             condition_suffix[c]);
}

/* The one whose policy wins most against the base on validation prompts in the
 * eyes of the preference model; of equals the first.                        */
static int chosen_index(store *s, const plan *p, enum method m,
                        enum condition c)
{
    double best = -1.0;
    int i, chosen = 0;

    for (i = 0; i < p->settings; i++) {
        char name[64];
        double won;

        tuning_name(m, i, c, name);
        won = store_get(s, p->tuning_seed, name, p->tuned, "proxy", -1);
        if (won > best) {
            best = won;
            chosen = i;
        }
    }
    return chosen;
}

static setting chosen_setting(store *s, const plan *p, enum method m,
                              enum condition c)
{
    return grid[m][chosen_index(s, p, m, c)];
}

/* A run of the eta ladder whose eta is the chosen one is SPPO's own run. */
static const char *actual_run(store *s, const plan *p, const char *name)
{
    int i;

    for (i = 0; i < RUNS; i++)
        if (strcmp(runs[i].name, name) == 0 && runs[i].eta > 0.0 &&
            runs[i].eta == chosen_setting(s, p, SPPO, MILD).eta)
            return "sppo";
    return name;
}

/* ==== evidence =========================================================== */

enum { MOST_SEEDS = 32, MOST_DIFFERENCES = 1 << 16 };

/* What a contrast comes to in a condition. */
typedef struct evidence {
    double x[MOST_SEEDS];
    interval over_seeds;
    double chance;      // of the paired test; NAN: there is none
    ruling verdict;
} evidence;

static void run_name(store *s, const plan *p, const char *name,
                     enum condition c, char out[64])
{
    snprintf(out, 64, "%s%s", actual_run(s, p, name), condition_suffix[c]);
}

/* Whether a metric's list is one of prompts, not of steps or rounds. */
static int is_by_prompt(const char *metric)
{
    return strncmp(metric, "gold", 4) == 0 ||
           strcmp(metric, "rerank_gain") == 0;
}

/* The differences prompt by prompt, seeds after one another; the gain of a
 * re-ranking is one already.                                                */
static double paired_test(store *s, const plan *p, const contrast *c,
                          enum condition condition)
{
    static double d[MOST_DIFFERENCES], other[MOST_DIFFERENCES];
    char a[64], b[64];
    int seed, i, n = 0;

    run_name(s, p, c->a, condition, a);
    run_name(s, p, c->b ? c->b : "", condition, b);
    for (seed = p->from; seed <= last_seed(p); seed++) {
        const int more = store_list(s, seed, a, c->a_at, c->metric, d + n,
                                    MOST_DIFFERENCES - n);
        const int same = c->b ? store_list(s, seed, b, c->b_at, c->metric,
                                           other, MOST_DIFFERENCES) : more;

        if (more == 0 || more != same || c->index > 0 ||
            !is_by_prompt(c->metric))
            return (double)NAN;
        for (i = 0; c->b && i < more; i++)
            d[n + i] -= other[i];
        n += more;
    }
    return paired_chance(d, n);
}

/* b "": the average policy of the same self-play (gap_mean). */
static double contrast_value(store *s, const plan *p, const contrast *c,
                             enum condition condition, int seed)
{
    char a[64], b[64];
    double x;

    run_name(s, p, c->a, condition, a);
    x = store_get(s, seed, a, c->a_at, c->metric, c->index - 1);
    if (c->b && *c->b == '\0') {
        x -= store_get(s, seed, a, c->a_at, "gap_mean", -1);
    } else if (c->b) {
        run_name(s, p, c->b, condition, b);
        x -= store_get(s, seed, b, c->b_at, c->metric, -1);
    }
    return c->minus ? -x - c->less : x - c->less;
}

static evidence evidence_of(store *s, const plan *p, const claim *c, int part,
                            enum condition condition)
{
    const contrast *k = &c->part[part];
    evidence e;
    int seed, n = 0;

    memset(&e, 0, sizeof e);
    for (seed = p->from; seed <= last_seed(p); seed++) {
        e.x[n] = contrast_value(s, p, k, condition, seed);
        n += !isnan(e.x[n]);
    }
    e.over_seeds = interval_of(e.x, n < p->seeds ? 0 : n);
    e.chance = k->asked == IS_MORE ? paired_test(s, p, k, condition)
                                   : (double)NAN;
    e.verdict = decide(k->asked, e.over_seeds, measures[c->of].margin[k->asked],
                       e.chance);
    return e;
}

static ruling claim_verdict(store *s, const plan *p, const claim *c,
                             enum condition condition)
{
    ruling v[PARTS];
    int i;

    for (i = 0; i < PARTS && c->part[i].metric; i++)
        v[i] = evidence_of(s, p, c, i, condition).verdict;
    return decide_all(v, i);
}

/* Whether a claim asked for "the same" until commit 687db45. */
static int was_same(const claim *c)
{
    return strstr("f1 f2 f3 k1 k2", c->id) != NULL;
}

/* The verdict of the question that was put first, where it was another: the
 * sign of a difference is nothing to it.                                    */
static ruling earlier_verdict(store *s, const plan *p, const claim *c)
{
    return decide(IS_SAME, evidence_of(s, p, c, 0, MILD).over_seeds,
                  measures[c->of].margin[IS_SAME], (double)NAN);
}

/* ==== both sets of seeds ================================================= */

/* A plan for a set of seeds, and what was measured. */
typedef struct seed_set {
    plan plan;
    store found;
} seed_set;

/* All that there is to report on, and the file that is being written. */
typedef struct report {
    seed_set *set[SETS];
    int sets;
    const plan *p;  // of the first of them: sizes are those of all
    const char *folder;
    FILE *out;
} report;

static ruling joint_verdict(const report *r, const claim *c,
                            enum condition condition)
{
    ruling v[SETS];
    int i;

    for (i = 0; i < r->sets; i++)
        v[i] = claim_verdict(&r->set[i]->found, &r->set[i]->plan, c,
                             condition);
    return agreed(v, r->sets);
}

/* The interval over all seeds of one number; n 0: some seed does not have it.
 */
static interval over_seeds(const report *r, const char *who, int at,
                           const char *metric, int index)
{
    double x[MOST_SEEDS];
    int i, seed, n = 0, all = 0;

    for (i = 0; i < r->sets; i++) {
        store *s = &r->set[i]->found;
        const plan *p = &r->set[i]->plan;

        all += p->seeds;
        for (seed = p->from; seed <= last_seed(p); seed++) {
            x[n] = store_get(s, seed, actual_run(s, p, who), at, metric,
                             index);
            n += !isnan(x[n]);
        }
    }
    return interval_of(x, n < all ? 0 : n);
}

#endif
