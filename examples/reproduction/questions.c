/* questions.c - what is asked of the methods: questions.md as a table
 *
 * They were fixed before the runs.  All methods are compared after iteration 6;
 * SPPO, with and without a pull, goes on to 12.                              */
#include "methods.h"

enum { MIDDLE = 3, LAST = 6, LONG = 12 };

/* What a metric is in one run more than in another at the same iteration. */
#define MORE(metric_, run_, other, at) \
    { { .metric = metric_, .a = run_, .a_at = at, .b = other, .b_at = at } }
#define BEATS(other) MORE("gold", "sppo", other, LAST)
/* From one iteration to another up for the preference model, down for the
 * judge; not down for the judge.                                            */
#define FALLS(run_, from, to) \
    { { .metric = "proxy", .a = run_, .a_at = to, .b = run_, .b_at = from }, \
      { .metric = "gold", .a = run_, .a_at = to, .b = run_, .b_at = from, \
        .minus = 1 } }
#define EXPLOITS(run_) FALLS(run_, MIDDLE, LAST)
#define KEEPS(run_) \
    { { .metric = "gold", .a = run_, .a_at = LONG, .b = run_, .b_at = LAST, \
        .asked = IS_NOT_LESS } }
/* The gap of the last policy less that of the average; less another's last. */
#define CIRCLES(run_) \
    { { .metric = "gap_last", .a = "circle-" run_, .b = "" } }
#define CALMER(run_) \
    { { .metric = "gap_last", .a = "circle-sppo", .b = "circle-" run_ } }
/* A number that curves.c works out. */
#define OF(run_, metric_) { { .metric = metric_, .a = run_ } }

#define OWN_PAPERS "each wins in its own paper"
#define GAO "Gao et al. 2022"

const claim questions[] = {
    { "l1", "SPPO beats DPO", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("dpo"),
      NULL },
    { "l2", "SPPO beats IPO", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("ipo"),
      NULL },
    { "l3", "SPPO beats DNO", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("dno"),
      NULL },
    { "l4", "SPPO beats REBEL", OWN_PAPERS, STRONG_ONLY, POINTS,
      BEATS("rebel"), NULL },
    { "l5", "SPPO beats INPO", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("inpo"),
      NULL },
    { "l6", "SPPO beats Nash-MD", OWN_PAPERS, STRONG_ONLY, POINTS,
      BEATS("nash-md"), NULL },
    { "l7", "SPPO beats RLOO", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("rloo"),
      NULL },
    { "l8", "SPPO beats RLHF", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("rlhf"),
      NULL },
    { "l9", "SPPO beats GRPO", OWN_PAPERS, STRONG_ONLY, POINTS, BEATS("grpo"),
      NULL },
    { "m1", "SPPO exploits the preference model: from iteration 3 to 6 up for "
      "it, down for the judge", GAO, STRONG_ONLY, POINTS, EXPLOITS("sppo"),
      NULL },
    { "m2", "so does DPO", GAO, STRONG_ONLY, POINTS, EXPLOITS("dpo"), NULL },
    { "m3", "so does IPO", GAO, STRONG_ONLY, POINTS, EXPLOITS("ipo"), NULL },
    { "m4", "so does DNO", GAO, STRONG_ONLY, POINTS, EXPLOITS("dno"), NULL },
    { "m5", "so does REBEL", GAO, STRONG_ONLY, POINTS, EXPLOITS("rebel"),
      NULL },
    { "m6", "so does INPO", GAO, STRONG_ONLY, POINTS, EXPLOITS("inpo"), NULL },
    { "m7", "so does Nash-MD", GAO, STRONG_ONLY, POINTS, EXPLOITS("nash-md"),
      NULL },
    { "m8", "so does RLOO", GAO, STRONG_ONLY, POINTS, EXPLOITS("rloo"), NULL },
    { "m9", "so does RLHF", GAO, STRONG_ONLY, POINTS, EXPLOITS("rlhf"), NULL },
    { "m10", "so does GRPO", GAO, STRONG_ONLY, POINTS, EXPLOITS("grpo"),
      NULL },
    { "n1", "SPPO without a pull exploits in the long run: from iteration 6 to "
      "12 up for the preference model, down for the judge", "RSPO",
      STRONG_ONLY, POINTS, FALLS("sppo", LAST, LONG), NULL },
    { "n2", "a pull of 0.1 keeps SPPO nearer to the base, after iteration 12",
      "RSPO", STRONG_ONLY, NATS, MORE("kl", "sppo", "pull-0.1", LONG), NULL },
    { "n3", "so does one of 0.3", "RSPO", STRONG_ONLY, NATS,
      MORE("kl", "sppo", "pull-0.3", LONG), NULL },
    { "n4", "with a pull of 0.1 SPPO is better for the judge after iteration "
      "12", "RSPO", STRONG_ONLY, POINTS,
      MORE("gold", "pull-0.1", "sppo", LONG), NULL },
    { "n5", "so it is with one of 0.3", "RSPO", STRONG_ONLY, POINTS,
      MORE("gold", "pull-0.3", "sppo", LONG), NULL },
    { "n6", "with a pull of 0.1 it does not fall for the judge from iteration "
      "6 to 12", "RSPO", STRONG_ONLY, POINTS, KEEPS("pull-0.1"), NULL },
    { "n7", "nor with one of 0.3", "RSPO", STRONG_ONLY, POINTS,
      KEEPS("pull-0.3"), NULL },
    { "n8", "at the same KL a pull of 0.3 changes nothing for the judge", GAO,
      STRONG_ONLY, NATS,
      { { .metric = "ahead_of_sppo", .a = "pull-0.3", .asked = IS_SAME } },
      NULL },
    { "o1", "best of n bends: b > 0 in d (a - b d), for the judge", GAO,
      STRONG_ONLY, COEFFICIENT, OF("best-of", "square_b"), NULL },
    { "o2", "to best of n d (a - b d) comes closer than d (a - b log d)", GAO,
      STRONG_ONLY, COEFFICIENT,
      { { .metric = "log_closer", .a = "best-of", .minus = 1 } }, NULL },
    { "o3", "RLHF bends: b > 0 in d (a - b log d), for the judge", GAO,
      STRONG_ONLY, COEFFICIENT, OF("rlhf", "log_b"), NULL },
    { "o4", "so does SPPO", "-", STRONG_ONLY, COEFFICIENT,
      OF("sppo", "log_b"), NULL },
    { "o5", "to RLHF d (a - b log d) comes closer than d (a - b d)", GAO,
      STRONG_ONLY, COEFFICIENT, OF("rlhf", "log_closer"), NULL },
    { "o6", "so it does to SPPO", "-", STRONG_ONLY, COEFFICIENT,
      OF("sppo", "log_closer"), NULL },
    { "o7", "at the same KL best of n is worth more to the judge than RLHF",
      GAO, STRONG_ONLY, NATS, OF("rlhf", "best_of_ahead"), NULL },
    { "o8", "and more than SPPO", "-", STRONG_ONLY, NATS,
      OF("sppo", "best_of_ahead"), NULL },
    { "p1", "in a circle SPPO's average is less exploitable than its last "
      "policy", "Theorem 4.1", MILD_ONLY, GAP, CIRCLES("sppo"), NULL },
    { "p2", "so it is with DNO", "its theorem", MILD_ONLY, GAP,
      CIRCLES("dno"), NULL },
    { "p3", "with REBEL", "-", MILD_ONLY, GAP, CIRCLES("rebel"), NULL },
    { "p4", "with RLOO", "-", MILD_ONLY, GAP, CIRCLES("rloo"), NULL },
    { "p5", "with GRPO", "-", MILD_ONLY, GAP, CIRCLES("grpo"), NULL },
    { "p6", "with DPO", "-", MILD_ONLY, GAP, CIRCLES("dpo"), NULL },
    { "p7", "with IPO", "-", MILD_ONLY, GAP, CIRCLES("ipo"), NULL },
    { "q1", "INPO's last policy is less exploitable than SPPO's last",
      "its theorem", MILD_ONLY, GAP, CALMER("inpo"), NULL },
    { "q2", "so is Nash-MD's", "its theorem", MILD_ONLY, GAP,
      CALMER("nash-md"), NULL },
    { "q3", "so is that of SPPO with a pull of 0.1", "-", MILD_ONLY, GAP,
      CALMER("pull-0.1"), NULL },
    { "q4", "and of 0.3", "-", MILD_ONLY, GAP, CALMER("pull-0.3"), NULL },
    { "q5", "RLHF's average, with a Bradley-Terry reward, is more exploitable "
      "than SPPO's", "argued by most", MILD_ONLY, GAP,
      { { .metric = "gap_mean", .a = "circle-rlhf", .b = "circle-sppo" } },
      NULL }
};
const int question_count = (int)(sizeof questions / sizeof questions[0]);
