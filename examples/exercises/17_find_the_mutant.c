/* exercise: One wrong sign
 *
 * `make mutate` changes one character of the header at a time, and looks if a
 * test turns red.  Below are five functions of the header; in one of their ten
 * numbered lines a sign was changed.  At pi = old, where every training begins,
 * the result is right to nine digits all the same.
 *
 * Say which line: write its number in wrong_line.  Read first, with the formula
 * of each beside you, and do not compare the text with the header's.  When that
 * does not help, write in main what tests do: exercise.h has difference and
 * agree.
 */
/* hint:
 * Two of the five give gradients.  Hold each beside difference(), at a pi that
 * is not old.  Of exact_loss the x to move are logits, pi their softmax; a
 * gradient in logits adds up to 0, whatever the loss.  Does it?
 */
#include "exercise.h"

/* P(i > pi) */
static double win_against(const double *row, const double *pi, int n)
{
    double sum = 0.0;
    int j;

    for (j = 0; j < n; j++)
        sum += row[j] * pi[j];                                   // line 1
    return sum;
}

/* [Sec 3] KL(p || q) */
static double kl(const double *p, const double *q, int n)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        sum += p[i] * (log(p[i]) - log(q[i]));                   // line 2
    return sum;
}

/* [Eq 3.2] E_pi[reward] - KL(pi || ref) / eta */
static double rlhf_value(const double *pi, const double *ref,
                         const double *reward, double eta, int n)
{
    double value = -kl(pi, ref, n) / eta;                        // line 3
    int i;

    for (i = 0; i < n; i++)
        value += pi[i] * reward[i];                              // line 4
    return value;
}

/* [Eq 4.4] The mean over old of (log (pi / old) - target)^2, and its gradient
 * in the logits of pi. */
static double exact_loss(const double *pi, const double *old,
                         const double *target, int n, double *grad)
{
    double loss = 0.0, total = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        const double gap = log(pi[i] / old[i]) - target[i];      // line 5

        loss += old[i] * gap * gap;                              // line 6
        grad[i] = 2.0 * old[i] * gap;
        total += grad[i];                                        // line 7
    }
    for (i = 0; i < n; i++)
        grad[i] += pi[i] * total;                                // line 8
    return loss;
}

/* [Eq 4.14] (r_w - r_l - eta)^2, and its gradient */
static double loss_ipo(double r_w, double r_l, double eta, double grad[2])
{
    const double gap = r_w - r_l - eta;                          // line 9

    grad[0] = 2.0 * gap;
    grad[1] = -grad[0];                                          // line 10
    return gap * gap;
}

/* solution: */
#ifdef SOLUTION
static int wrong_line(void)
{
    return 8;
}
#else
/* yours: */
static int wrong_line(void)
{
    return 0;
}
/* check: */
#endif

enum { N = 4 };
static const uint64_t the_answer = UINT64_C(0xd1409d8a5f483892);  // its digest

/* Four are the header's functions, the fifth is at pi = old alone. */
static void show_that_it_is_so(void)
{
    double old[N], pi[N], target[N], mine[N], right[N], pairwise[N * N], g[2];
    double h[2], apart = 0.0;
    int i;

    draw_preferences(pairwise, N);
    draw_policy(old, N);
    draw_policy(pi, N);
    sppo_exact_win_rates(target, pairwise, old, N);
    agree("win_against", win_against(pairwise, old, N), target[0]);
    agree("rlhf_value", rlhf_value(pi, old, target, 2.0, N),
          sppo_rlhf_value(pi, old, target, 2.0, N));
    agree("loss_ipo", loss_ipo(0.3, -0.2, 2.0, g),
          sppo_loss_ipo(0.3, -0.2, 2.0, h));
    agree("its gradient", g[1], h[1]);
    for (i = 0; i < N; i++)
        target[i] = sppo_target(2.0, target[i], 1.0);
    exact_loss(old, old, target, N, mine);
    sppo_exact_loss(old, old, target, N, right);
    for (i = 0; i < N; i++)
        agree("gradient at pi = old", mine[i], right[i]);
    exact_loss(pi, old, target, N, mine);
    sppo_exact_loss(pi, old, target, N, right);
    for (i = 0; i < N; i++)
        apart = fmax(apart, fabs(mine[i] - right[i]));
    printf("away from old its gradient is off by up to %.3f\n", apart);
    must(apart > 0.01, "but it is right: the exercise is at fault");
}

int main(void)
{
    char answer[24];

    snprintf(answer, sizeof answer, "line %d", wrong_line());
    given("%s", answer);
    if (sppo_digest(17, answer, strlen(answer)) == the_answer)
        show_that_it_is_so();
    else
        must(0, "the wrong sign is in another line");
    return verdict();
}
