/* 00_micro_sppo.c - SPPO in 200 lines: the whole method, and nothing else
 *
 * Shows       a policy, a judge whose taste goes in a circle, Algorithm 1 line
 *             by line, its theorem at work; without sppo.h.  Read it downwards.
 * Build       make examples     Run  build/00_micro_sppo        Time  < 1 s
 * You will see how often the policy orders tea, coffee, cocoa, says please, and
 * its gap (Eq 3.3): by how much the best answer to it wins, 0 when none does.
 *   > morning 400  0.91 0.05 0.04  please 1.00  gap 0.649  average 0.052
 *   > evening 400  1.00 0.00 0.00  please 1.00  gap 0.001  average 0.039
 * Where taste goes in a circle, so does the last policy; the average settles.
 * Try         eta 3; only best and worst in D_t; no circle in the morning
 * Read        01_rock_paper_scissors.c, 05_self_play.c, sppo.h >>update.c   */
#include <math.h>
#include <stdio.h>

/* ---- the policy: a language model, as small as can be ----
 *
 * A prompt x asks what to drink; an answer y is two words.  The model pi is a
 * table: for each prompt and each word before (START: none yet), a number, the
 * logit, for each word that may come next.                                  */
enum { MORNING, EVENING, PROMPTS };
enum { TEA, COFFEE, COCOA, PLEASE, WORDS, START = WORDS, ROWS };
enum { LOGITS = PROMPTS * ROWS * WORDS, ANSWERS = WORDS * WORDS };

static int row(int x, int before) { return (x * ROWS + before) * WORDS; }

/* Answers have numbers: y of "tea please" is TEA * WORDS + PLEASE. */
static int first(int y) { return y / WORDS; }
static int second(int y) { return y % WORDS; }

/* log softmax: how probable the word `next` is, given the one before. */
static double word_logprob(const double *pi, int x, int before, int next)
{
    double sum = 0.0;
    int v;

    for (v = 0; v < WORDS; v++)
        sum += exp(pi[row(x, before) + v]);
    return pi[row(x, before) + next] - log(sum);
}

/* [Sec 3] pi(y|x) is a product over words, so its logarithm is a sum. */
static double logprob(const double *pi, int x, int y)
{
    return word_logprob(pi, x, START, first(y)) +
           word_logprob(pi, x, first(y), second(y));
}

/* A word, as often as pi says.  What looks random is the same in every run. */
static int sample(const double *pi, int x, int before)
{
    static unsigned long long state = 1;
    double left;
    int v = 0;

    state = state * 6364136223846793005u + 1442695040888963407u;
    left = (double)(state >> 11) / 9007199254740992.0;  // in [0, 1)
    while (v < PLEASE && (left -= exp(word_logprob(pi, x, before, v))) >= 0.0)
        v++;
    return v;
}

/* ---- the judge: P(y > y'|x), how often people prefer y to y' ----
 *
 * Their taste, in log-odds: the first word in a row against that in a column.
 * In the morning tea beats coffee, coffee cocoa, cocoa tea: no scores of single
 * answers say so, hence a judge that compares.  In the evening tea is best.  */
static const double taste[PROMPTS][WORDS][WORDS] = {
    { { 0, 2, -2, 3 }, { -2, 0, 2, 3 }, { 2, -2, 0, 3 }, { -3, -3, -3, 0 } },
    { { 0, 2, 1, 3 }, { -2, 0, -1, 3 }, { -1, 1, 0, 3 }, { -3, -3, -3, 0 } }
};

static double judge(int x, int y, int other)
{
    return 1.0 / (1.0 + exp(-taste[x][first(y)][first(other)]
                      - (second(y) == PLEASE) + (second(other) == PLEASE)));
}

/* ---- what the policy learns from, and how ---- */

enum { K = 5, N = 64, STEPS = 20, ITERATIONS = 400 };
static const double eta = 0.5, rate = 2.0;

typedef struct example {    // a prompt and K answers to it; D_t has N of them
    int x, y[K];
    double old[K], win[K];  // log pi_t(y|x), and win rates
} example;

/* [Eq 4.5] P^(y > pi_t|x) = (1/K) sum_k P(y > y_k|x), itself included: 1/2. */
static void win_rates(double *win, const double *pairwise)
{
    int i, j;

    for (i = 0; i < K; i++) {
        win[i] = 0.0;
        for (j = 0; j < K; j++)
            win[i] += pairwise[i * K + j] / K;
    }
}

/* [Eq 4.6] What the log-ratio log (pi(y|x) / pi_t(y|x)) should become: 0 for an
 * answer like the others, more for one that wins, less for one that loses.  */
static double target_of(double win) { return eta * (win - 0.5); }

/* [Eq 4.7] (ratio - target)^2, and its gradient in the ratio. */
static double loss_point(double ratio, double target, double *grad)
{
    *grad = 2.0 * (ratio - target);
    return (ratio - target) * (ratio - target);
}

/* The mean of Eq 4.7 over D_t, and its gradient d in all logits; of a word's
 * log softmax, in the logit of v, it is 1 where v is the word, less pi(v).  */
static double loss(const double *pi, const example *data, double *d)
{
    double sum = 0.0, grad;
    int i, v;

    for (i = 0; i < LOGITS; i++)
        d[i] = 0.0;
    for (i = 0; i < N * K; i++) {
        const example *e = &data[i / K];
        const int x = e->x, y = e->y[i % K], a = first(y), b = second(y);

        sum += loss_point(logprob(pi, x, y) - e->old[i % K],
                          target_of(e->win[i % K]), &grad);
        grad /= N * K;
        for (v = 0; v < WORDS; v++) {
            d[row(x, START) + v] +=
                grad * ((v == a) - exp(word_logprob(pi, x, START, v)));
            d[row(x, a) + v] +=
                grad * ((v == b) - exp(word_logprob(pi, x, a, v)));
        }
    }
    return sum / (N * K);
}

/* [Eq 3.3] 2 (best win rate against p - 1/2); of averages to 0: [Thm 4.1]. */
static double duality_gap(int x, const double *p)
{
    double best = 0.5;
    int y, other;

    for (y = 0; y < ANSWERS; y++) {
        double win = 0.0;
        for (other = 0; other < ANSWERS; other++)
            win += p[other] * judge(x, y, other);
        best = fmax(best, win);
    }
    return 2.0 * best - 1.0;
}

static void report(int t, int x, const double *pi, double *average)
{
    double p[ANSWERS], share[WORDS + 1] = { 0.0 };
    int y;

    for (y = 0; y < ANSWERS; y++) {
        p[y] = exp(logprob(pi, x, y));
        average[y] += (p[y] - average[y]) / t;
        share[first(y)] += p[y];
        share[WORDS] += p[y] * (second(y) == PLEASE);
    }
    if (t <= 2 || t == 30 || t % 100 == 0)
        printf("%s %3d  %.2f %.2f %.2f  please %.2f  gap %.3f  average %.3f\n",
               x ? "evening" : "morning", t, share[0], share[1], share[2],
               share[WORDS], duality_gap(x, p), duality_gap(x, average));
}

/* ---- Algorithm 1 ---- */
int main(void)
{
    static double pi[LOGITS], d[LOGITS], average[PROMPTS][ANSWERS];
    static example data[N], *e;
    double pairwise[K * K];
    int t, n, i;

    pi[row(MORNING, START) + COFFEE] = 1.0;     // [Alg 1.1] pi_1 is given
    for (t = 1; t <= ITERATIONS; t++) {         // [Alg 1.2]
        for (e = data; e < data + N; e++) {
            e->x = (int)(e - data) % PROMPTS;   // x ~ X: each in its turn
            for (i = 0; i < K; i++) {           // [Alg 1.3] sample K answers
                e->y[i] = sample(pi, e->x, START) * WORDS;
                e->y[i] += sample(pi, e->x, first(e->y[i]));
                e->old[i] = logprob(pi, e->x, e->y[i]);
            }
            for (i = 0; i < K * K; i++)         // [Alg 1.4] compare all pairs
                pairwise[i] = judge(e->x, e->y[i / K], e->y[i % K]);
            win_rates(e->win, pairwise);        // [Alg 1.5] D_t: all K
        }
        for (n = 0; n < PROMPTS; n++)
            report(t, n, pi, average[n]);
        for (n = 0; n < STEPS; n++) {           // [Alg 1.6] minimise the loss
            loss(pi, data, d);
            for (i = 0; i < LOGITS; i++)
                pi[i] -= rate * d[i];
        }
    }                                           // [Alg 1.7] pi is pi_{t+1}
    return 0;
}
