/* claims.c - the paper's claims
 *
 * The table below is all that is typed: what the paper says, and which numbers
 * are compared how.  Every figure under "measured" and every verdict is
 * computed from the store, by the rule in statistics.h.                     */
#include <string.h>

#include "claims.h"
#include "methods.h"

const scale_rule claim_scales[SCALES] = {
    { 100, { 0.01, 0.02, 0.02 }, 1, "points" },
    { 1, { 0.5, 1.0, 1.0 }, 1, "words" },
    { 1, { 0.1, 0.2, 0.2 }, 2, "nats" },
    { 1, { 0.02, 0.04, 0.04 }, 3, "" },
    { 1, { 0.02, 0.04, 0.04 }, 3, "" }
};

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

static const claim claims[] = {
    { "a1", "SPPO, iteration 1, beats the base (win rate against a fixed "
      "reference)", "14.7 to 23.5 % (LC 17.1 to 24.8)", BOTH_BIASES, POINTS,
      { STEP("gold", "sppo", 1, "base", 0) }, NULL },
    { "a2", "iteration 2 beats iteration 1", "23.5 to 27.6 % (LC 24.8 to 26.9)",
      BOTH_BIASES, POINTS, { STEP("gold", "sppo", 2, "sppo", 1) },
      "The preference model's errors, length above all, are what is left to "
      "climb once its agreement with the judge is used up." },
    { "a3", "iteration 3 beats iteration 2", "27.6 to 31.0 % (LC 26.9 to 28.5)",
      BOTH_BIASES, POINTS, { STEP("gold", "sppo", 3, "sppo", 2) },
      "As a2, one iteration later." },
    { "b1", "SPPO beats iterative DPO after three iterations",
      "31.0 against 23.4 % (LC 28.5, 22.3)", BOTH_BIASES, POINTS,
      { STEP("gold", "sppo", 3, "dpo", 3) },
      "Each method got the same number of settings and the one that the "
      "preference model liked best. The paper does not say how the baselines "
      "were tuned." },
    { "b2", "SPPO beats IPO after three iterations",
      "31.0 against 22.5 % (LC 28.5, 20.1)", BOTH_BIASES, POINTS,
      { STEP("gold", "sppo", 3, "ipo", 3) }, "As b1." },
    { "c1", "SPPO's answers grow longer", "1676 to 2163 characters",
      BOTH_BIASES,
      WORDS_MORE, { STEP("length", "sppo", 3, "base", 0) },
      "Length grows as far as the annotators reward it; mild ones hardly do." },
    { "c2", "DPO's grow longer than SPPO's", "2189 against 2163",
      BOTH_BIASES, WORDS_MORE,
      { STEP("length", "dpo", 3, "sppo", 3) },
      "How far a method goes towards length depends on how far it goes at all: "
      "on its setting more than on its loss." },
    { "c3", "IPO's grow longer than SPPO's", "2760 against 2163",
      BOTH_BIASES, WORDS_MORE,
      { STEP("length", "ipo", 3, "sppo", 3) }, "As c2." },
    { "c4", "at equal length SPPO beats DPO", "LC 28.5 against 22.3 %",
      BOTH_BIASES,
      POINTS, { STEP("gold_lc", "sppo", 3, "dpo", 3) },
      "The rate at equal length extrapolates to lengths that a policy which "
      "always writes long never shows; with strong bias, read b1 instead." },
    { "c5", "at equal length SPPO beats IPO", "LC 28.5 against 20.1 %",
      BOTH_BIASES,
      POINTS, { STEP("gold_lc", "sppo", 3, "ipo", 3) }, "As c4." },
    { "d1", "IPO beats SPPO for the preference model and loses for the judge",
      "PairRM: IPO wins 55.2 %; GPT-4: 22.5 against 31.0 %",
      BOTH_BIASES, POINTS,
      { BEATS("duel_proxy", 9, 3),
        { .metric = "duel_gold", .a = "match", .a_at = 9, .index = 4,
          .less = -0.5, .minus = 1 } },
      "Which method exploits most depends on the settings chosen (d2 to d4 "
      "compare a method with itself)." },
    { "d2", "IPO's third iteration: better for the preference model, worse for "
      "the judge", "PairRM up; 23.4 to 22.5 % (LC 21.1 to 20.1)",
      BOTH_BIASES, POINTS,
      { STEP("proxy", "ipo", 3, "ipo", 2),
        { .metric = "gold", .a = "ipo", .a_at = 3, .b = "ipo", .b_at = 2,
          .minus = 1 } },
      "With mild bias the preference model is nearly right, and there is "
      "little to exploit." },
    { "d3", "DPO's third iteration: the same", "PairRM up; 24.5 to 23.4 % (LC "
      "24.2 to 22.3)", BOTH_BIASES, POINTS,
      { STEP("proxy", "dpo", 3, "dpo", 2),
        { .metric = "gold", .a = "dpo", .a_at = 3, .b = "dpo", .b_at = 2,
          .minus = 1 } }, "As d2." },
    { "d4", "SPPO's third iteration: better for both", "PairRM up; 27.6 to "
      "31.0 %", BOTH_BIASES, POINTS,
      { STEP("proxy", "sppo", 3, "sppo", 2),
        STEP("gold", "sppo", 3, "sppo", 2) },
      "SPPO follows its preference model too: what keeps it from exploiting is "
      "how far it goes, not the form of its loss." },
    { "e1", "best of 16 by the preference model helps the base",
      "14.7 to 17.9 % (LC 17.1 to 22.5)", BOTH_BIASES, POINTS,
      { { .metric = "rerank_gain", .a = "base" } }, NULL },
    { "e2", "and every iteration of SPPO", "+4.3, +4.5, +3.9 (LC +3.9, +4.3, "
      "+3.6)", BOTH_BIASES, POINTS,
      { { .metric = "rerank_gain", .a = "sppo", .a_at = 1 },
        { .metric = "rerank_gain", .a = "sppo", .a_at = 2 },
        { .metric = "rerank_gain", .a = "sppo", .a_at = 3 } },
      "Re-ranking asks the same preference model again; where the policy "
      "already sits on its errors it has nothing to add." },
    { "f1", "win rates from K = 2 do as well as from K = 5",
      "28.2 against 31.0 % (LC 28.3, 28.5)", MILD_ONLY, POINTS,
      { NEAR_SPPO("K2", IS_NOT_LESS) },
      "With K = 2 the targets are about half as large, so the policy moves "
      "less far in three iterations." },
    { "f2", "so do those from K = 3", "announced, not shown", MILD_ONLY, POINTS,
      { NEAR_SPPO("K3", IS_NOT_LESS) }, "As f1, less so." },
    { "f3", "training on all K does as well as on best and worst",
      "not shown (Algorithm 1 allows both)", MILD_ONLY, POINTS,
      { NEAR_SPPO("all", IS_NOT_LESS) },
      "The middle answers ask for less movement than the extremes, at 2.5 "
      "times the cost." },
    { "g1", "under SPPO winners become more likely and losers less, in each "
      "iteration", "project page: winners -370 to -250 nats, losers down",
      BOTH_BIASES,
      NATS,
      { { .metric = "winner_end", .a = "sppo", .a_at = 1 },
        { .metric = "winner_end", .a = "sppo", .a_at = 2 },
        { .metric = "winner_end", .a = "sppo", .a_at = 3 },
        { .metric = "loser_end", .a = "sppo", .a_at = 1, .minus = 1 },
        { .metric = "loser_end", .a = "sppo", .a_at = 2, .minus = 1 },
        { .metric = "loser_end", .a = "sppo", .a_at = 3, .minus = 1 } },
      "At a large eta the losers' targets dominate and drag winners down." },
    { "g2", "its winners rise more than DPO's", "DPO's winners flat",
      BOTH_BIASES, NATS,
      { STEP("winner_end", "sppo", 1, "dpo", 1),
        STEP("winner_end", "sppo", 2, "dpo", 2),
        STEP("winner_end", "sppo", 3, "dpo", 3) },
      "DPO with a large beta (a small eta) lifts winners as well." },
    { "g3", "its winners rise more than IPO's", "argued, not measured",
      BOTH_BIASES,
      NATS,
      { STEP("winner_end", "sppo", 1, "ipo", 1),
        STEP("winner_end", "sppo", 2, "ipo", 2),
        STEP("winner_end", "sppo", 3, "ipo", 3) }, "As g2." },
    { "h1", "each iteration of SPPO beats the one before, for the preference "
      "model", "65.1, 59.5, 57.7 %", BOTH_BIASES, POINTS,
      { BEATS("duel_proxy", 1, 0), BEATS("duel_proxy", 2, 1),
        BEATS("duel_proxy", 3, 2) }, NULL },
    { "h2", "and for the judge", "not shown", BOTH_BIASES, POINTS,
      { BEATS("duel_gold", 1, 0), BEATS("duel_gold", 2, 1),
        BEATS("duel_gold", 3, 2) }, "As a2 and a3, head to head." },
    { "i1", "an unrelated skill survives SPPO", "mean of 6 tasks 65.7 to 66.7, "
      "66.8, 66.4", BOTH_BIASES, POINTS,
      { KEEPS_SKILL("sppo", 1), KEEPS_SKILL("sppo", 2),
        KEEPS_SKILL("sppo", 3) }, NULL },
    { "i2", "and DPO", "65.6, 65.4, 64.5", BOTH_BIASES, POINTS,
      { KEEPS_SKILL("dpo", 1), KEEPS_SKILL("dpo", 2), KEEPS_SKILL("dpo", 3) },
      NULL },
    { "i3", "and IPO", "66.5, 64.7, 64.7", BOTH_BIASES, POINTS,
      { KEEPS_SKILL("ipo", 1), KEEPS_SKILL("ipo", 2), KEEPS_SKILL("ipo", 3) },
      NULL },
    { "j1", "with a preference that goes in a circle, self-play with a `pair` "
      "head ends less exploitable than with a Bradley-Terry head",
      "argued (Section 3), not measured", MILD_ONLY, GAP,
      { STEP("gap_mean", "scalar", 0, "pair", 0) }, NULL },
    { "j2", "so it does with an `embed` head", "not in the paper",
      MILD_ONLY, GAP,
      { STEP("gap_mean", "scalar", 0, "embed", 0) }, NULL },
    { "j3", "the average policy is less exploitable than the last one",
      "Theorem 4.1 is about the average", MILD_ONLY, GAP,
      { STEP("gap_last", "oracle", 0, "", 0),
        STEP("gap_last", "pair", 0, "", 0) },
      "Sampling and a regression that does not reach its target damp the "
      "circles of the exact game." },
    { "k1", "eta / 2 does as well as log Z from the samples", "Appendix A: not "
      "tested", MILD_ONLY, POINTS,
      { { .metric = "gold", .a = "sppo", .a_at = 3, .b = "log-z", .b_at = 3,
          .asked = IS_NOT_LESS } },
      "The true log Z exceeds eta / 2: the half asks for more than a policy "
      "that stays normalised can give." },
    { "k2", "the released code's Bradley-Terry P does as well as the paper's P",
      "not tested", MILD_ONLY, POINTS, { NEAR_SPPO("scores", IS_NOT_LESS) },
      "Scores from averages spread further than pairwise P: targets are larger "
      "in absolute value, as with a larger eta." },
    { "k3", "the paper's eta = 1000 does as well as the tuned one",
      "eta = 1000, others not shown", MILD_ONLY, POINTS,
      { NEAR_SPPO("eta1000", IS_NOT_LESS) },
      "At a small model's learning rate targets of hundreds of nats are not "
      "out of reach as they are at 5e-7; the policy follows them into noise." },
    { "k4", "eta = 10, 30 and 100 do equally well", "not tested",
      MILD_ONLY, POINTS,
      { NEAR_SPPO("eta10", IS_SAME), NEAR_SPPO("eta30", IS_SAME),
        NEAR_SPPO("eta100", IS_SAME) },
      "eta sets how far an iteration goes until the learning rate does." }
};
static const int claim_count = (int)(sizeof claims / sizeof claims[0]);

const claim *claims_of(const plan *p, int *count)
{
    *count = p->about == THE_METHODS ? question_count : claim_count;
    return p->about == THE_METHODS ? questions : claims;
}

const claim *claim_find(const plan *p, const char *id)
{
    const claim *all;
    int i, n;

    all = claims_of(p, &n);
    for (i = 0; i < n; i++)
        if (strcmp(all[i].id, id) == 0)
            return &all[i];
    return NULL;
}

int is_asked(const claim *c, enum condition condition)
{
    return c->where == BOTH_BIASES
        || (c->where == MILD_ONLY) == (condition == MILD);
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
int claim_wants(const claim *c, const char *name)
{
    int i, kept = 0;

    for (i = 0; i < run_count; i++)
        kept |= runs[i].kept && strcmp(runs[i].name, name) == 0;
    if (c == NULL || strcmp(name, c->scale == GAP ? "pair" : "base") == 0)
        return 1;
    for (i = 0; i < PARTS && c->part[i].metric; i++) {
        const contrast *p = &c->part[i];

        if (names_run(p->a, name) || names_run(p->b, name) ||
            (kept && strcmp(p->a, "match") == 0))
            return 1;
    }
    return 0;
}
