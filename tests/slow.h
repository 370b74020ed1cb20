/* slow.h - references for the tests: straight from the formulas, in double
 *
 * No speed, no blocking, no cache, no forest, and nothing shared with sppo.h:
 * what both compute alike is right unless the same mistake was made twice.
 * Read it beside a textbook.  Matrices are row-major; a weight is [out, in]. */

#ifndef SLOW_H
#define SLOW_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static inline double *slow_new(int count)
{
    double *block = (double *)calloc((size_t)(count > 0 ? count : 1),
                                     sizeof(double));

    if (!block) {
        fprintf(stderr, "slow.h: no memory for %d numbers\n", count);
        exit(1);
    }
    return block;
}

/* ---- numbers for the tests, the same in every run ----------------------- */

typedef struct slow_random {
    unsigned long long state;
} slow_random;

/* Uniform in (0, 1), by a 64-bit linear congruence (Knuth's constants). */
static inline double slow_uniform(slow_random *random)
{
    random->state = random->state * 6364136223846793005ULL
                  + 1442695040888963407ULL;
    return ((double)(random->state >> 12) + 0.5) / 4503599627370496.0;
}

static inline double slow_normal(slow_random *random)
{
    const double radius = sqrt(-2.0 * log(slow_uniform(random)));

    return radius * cos(6.283185307179586 * slow_uniform(random));
}

static inline int slow_below(slow_random *random, int n)
{
    return (int)(slow_uniform(random) * n);
}

/* ---- derivatives -------------------------------------------------------- */

/* df/dx by four points: the error is h^4 f'''''/30, some 1e-13 here, and that
 * of rounding f eps / h, some 1e-13 too.                                    */
static inline double slow_gradient(double (*f)(void *user), void *user,
                                   double *x)
{
    const double at = *x, h = 1e-3;
    double near_up, near_down, far_up, far_down;

    *x = at + h;
    near_up = f(user);
    *x = at - h;
    near_down = f(user);
    *x = at + 2 * h;
    far_up = f(user);
    *x = at - 2 * h;
    far_down = f(user);
    *x = at;
    return (8 * (near_up - near_down) - (far_up - far_down)) / (12 * h);
}

/* ---- the parts of a network --------------------------------------------- */

/* out[r, o] = sum_i in[r, i] w[o, i] */
static inline void slow_linear(double *out, const double *in, const double *w,
                               int n, int d_in, int d_out)
{
    int r, o, i;

    for (r = 0; r < n; r++)
        for (o = 0; o < d_out; o++) {
            double sum = 0;
            for (i = 0; i < d_in; i++)
                sum += in[r * d_in + i] * w[o * d_in + i];
            out[r * d_out + o] = sum;
        }
}

/* out_i = gain_i in_i / sqrt(mean_j in_j^2 + eps), for each row */
static inline void slow_rmsnorm(double *out, const double *in,
                                const double *gain, int n, int d, double eps)
{
    int r, i;

    for (r = 0; r < n; r++) {
        double mean = 0;
        for (i = 0; i < d; i++)
            mean += in[r * d + i] * in[r * d + i] / d;
        for (i = 0; i < d; i++)
            out[r * d + i] = gain[i] * in[r * d + i] / sqrt(mean + eps);
    }
}

/* Rotary positions in the rotate-half layout, for one head: the pair (i, i +
 * d/2) turns by the angle position theta^(-2i/d).                           */
static inline void slow_rope(double *x, int position, int d, double theta)
{
    int i;

    for (i = 0; i < d / 2; i++) {
        const double angle = position * pow(theta, -2.0 * i / d);
        const double a = x[i], b = x[i + d / 2];
        x[i] = a * cos(angle) - b * sin(angle);
        x[i + d / 2] = b * cos(angle) + a * sin(angle);
    }
}

/* log sum_i exp(x_i) */
static inline double slow_log_sum_exp(const double *x, int n)
{
    double top = x[0], sum = 0;
    int i;

    for (i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    for (i = 0; i < n; i++)
        sum += exp(x[i] - top);
    return top + log(sum);
}

static inline void slow_softmax(double *p, const double *x, int n)
{
    const double norm = slow_log_sum_exp(x, n);
    int i;

    for (i = 0; i < n; i++)
        p[i] = exp(x[i] - norm);
}

/* One query of one head over the rows that it sees: out = sum_s p_s value_s,
 * p = softmax_s(q . key_s / sqrt(d)).  Row s of keys starts at s * stride.  */
static inline void slow_attention(double *out, const double *q,
                                  const double *keys, const double *values,
                                  const int *visible, int count, int d,
                                  int stride)
{
    double *score = slow_new(count), *p = slow_new(count);
    int s, i;

    for (s = 0; s < count; s++)
        for (i = 0; i < d; i++)
            score[s] += q[i] * keys[visible[s] * stride + i] / sqrt((double)d);
    slow_softmax(p, score, count);
    for (i = 0; i < d; i++) {
        out[i] = 0;
        for (s = 0; s < count; s++)
            out[i] += p[s] * values[visible[s] * stride + i];
    }
    free(score);
    free(p);
}

/* silu(x) = x sigmoid(x) = x / (1 + exp(-x)) */
static inline double slow_silu(double x)
{
    return x / (1 + exp(-x));
}

/* out = silu(gate) up; a row of gate_up is [gate | up] */
static inline void slow_swiglu(double *out, const double *gate_up, int n,
                               int hidden)
{
    int r, i;

    for (r = 0; r < n; r++)
        for (i = 0; i < hidden; i++)
            out[r * hidden + i] = slow_silu(gate_up[2 * r * hidden + i])
                                * gate_up[(2 * r + 1) * hidden + i];
}

/* ---- a Llama over one plain sequence ------------------------------------ */

enum { SLOW_LAYERS = 4 };

typedef struct slow_layer {
    const double *attention_norm, *q, *k, *v, *o;
    const double *mlp_norm, *gate, *up, *down;
} slow_layer;

typedef struct slow_llama {
    int vocab, dim, layers, heads, kv_heads, head_dim, hidden;
    double theta, eps;
    const double *embed, *norm, *classifier;  // classifier: embed when tied
    slow_layer layer[SLOW_LAYERS];
} slow_llama;

/* x += o(attention(norm(x))): query head h reads key head h / (heads /
 * kv_heads), and token t sees the rows 0 .. t.                              */
static inline void slow_attention_block(const slow_llama *m,
                                        const slow_layer *w, double *x, int n)
{
    const int wide = m->heads * m->head_dim;
    const int narrow = m->kv_heads * m->head_dim;
    double *in = slow_new(n * m->dim), *out = slow_new(n * m->dim);
    double *q = slow_new(n * wide), *mixed = slow_new(n * wide);
    double *k = slow_new(n * narrow), *v = slow_new(n * narrow);
    int *visible = (int *)malloc((size_t)n * sizeof(int));
    int t, h, i;

    slow_rmsnorm(in, x, w->attention_norm, n, m->dim, m->eps);
    slow_linear(q, in, w->q, n, m->dim, wide);
    slow_linear(k, in, w->k, n, m->dim, narrow);
    slow_linear(v, in, w->v, n, m->dim, narrow);
    for (t = 0; t < n; t++) {
        for (h = 0; h < m->heads; h++)
            slow_rope(q + t * wide + h * m->head_dim, t, m->head_dim, m->theta);
        for (h = 0; h < m->kv_heads; h++)
            slow_rope(k + t * narrow + h * m->head_dim, t, m->head_dim,
                      m->theta);
    }
    for (t = 0; t < n; t++) {
        visible[t] = t;
        for (h = 0; h < m->heads; h++) {
            const int kv = h / (m->heads / m->kv_heads) * m->head_dim;
            slow_attention(mixed + t * wide + h * m->head_dim,
                           q + t * wide + h * m->head_dim, k + kv, v + kv,
                           visible, t + 1, m->head_dim, narrow);
        }
    }
    slow_linear(out, mixed, w->o, n, wide, m->dim);
    for (i = 0; i < n * m->dim; i++)
        x[i] += out[i];
    free(in), free(out), free(q), free(mixed), free(k), free(v), free(visible);
}

/* x += down(silu(gate(norm(x))) up(norm(x))) */
static inline void slow_mlp_block(const slow_llama *m, const slow_layer *w,
                                  double *x, int n)
{
    double *in = slow_new(n * m->dim), *out = slow_new(n * m->dim);
    double *gate = slow_new(n * m->hidden), *up = slow_new(n * m->hidden);
    int i;

    slow_rmsnorm(in, x, w->mlp_norm, n, m->dim, m->eps);
    slow_linear(gate, in, w->gate, n, m->dim, m->hidden);
    slow_linear(up, in, w->up, n, m->dim, m->hidden);
    for (i = 0; i < n * m->hidden; i++)
        up[i] *= slow_silu(gate[i]);
    slow_linear(out, up, w->down, n, m->hidden, m->dim);
    for (i = 0; i < n * m->dim; i++)
        x[i] += out[i];
    free(in), free(out), free(gate), free(up);
}

/* Any of the three outputs may be NULL: final[n, dim], hidden states after the
 * last norm; logits[n, vocab]; logprob[n], log p(token t | tokens before t),
 * 0 for t = 0, which nothing predicts.                                      */
static inline void slow_forward(const slow_llama *m, const int *token, int n,
                                double *final, double *logits, double *logprob)
{
    double *x = slow_new(n * m->dim), *last = slow_new(n * m->dim);
    double *z = slow_new(n * m->vocab);
    int t, l, i;

    for (t = 0; t < n; t++)
        for (i = 0; i < m->dim; i++)
            x[t * m->dim + i] = m->embed[token[t] * m->dim + i];
    for (l = 0; l < m->layers; l++) {
        slow_attention_block(m, &m->layer[l], x, n);
        slow_mlp_block(m, &m->layer[l], x, n);
    }
    slow_rmsnorm(last, x, m->norm, n, m->dim, m->eps);
    slow_linear(z, last, m->classifier, n, m->dim, m->vocab);
    for (i = 0; final && i < n * m->dim; i++)
        final[i] = last[i];
    for (i = 0; logits && i < n * m->vocab; i++)
        logits[i] = z[i];
    for (t = 0; logprob && t < n; t++)
        logprob[t] = t == 0 ? 0
                   : z[(t - 1) * m->vocab + token[t]]
                     - slow_log_sum_exp(z + (t - 1) * m->vocab, m->vocab);
    free(x), free(last), free(z);
}

/* ---- theory: statements about the update, no part of training ------------ */

/* g = r - log(pi / ref) / eta - b, what Eq 4.9 weighs an answer with. */
static inline double slow_advantage(const double *pi, const double *ref,
                                    const double *reward, double eta, double b,
                                    int i)
{
    return reward[i] - log(pi[i] / ref[i]) / eta - b;
}

/* [Eq 4.9] The gradient of J in the logits of a softmax over n answers:
 * E_pi[g grad log pi(y)], grad_k log pi(i) = (i == k) - pi(k).              */
static inline void slow_policy_gradient(double *grad, const double *pi,
                                        const double *ref,
                                        const double *reward, double eta,
                                        double b, int n)
{
    int i, k;

    for (k = 0; k < n; k++)
        for (grad[k] = 0, i = 0; i < n; i++)
            grad[k] += pi[i] * slow_advantage(pi, ref, reward, eta, b, i)
                      * ((i == k) - pi[k]);
}

/* [Eq 4.10] factor E_pi[-grad g^2], the expectation not differentiated: right
 * with eta / 2; the paper prints eta.                                       */
static inline void slow_square_gradient(double *grad, const double *pi,
                                        const double *ref,
                                        const double *reward, double eta,
                                        double b, double factor, int n)
{
    int i, k;

    for (k = 0; k < n; k++)
        for (grad[k] = 0, i = 0; i < n; i++) {
            const double g = slow_advantage(pi, ref, reward, eta, b, i);
            const double dg = -((i == k) - pi[k]) / eta;
            grad[k] += factor * pi[i] * -(2 * g * dg);
        }
}

/* Answers of three tokens of three: node 0 is the root, node s has children
 * 3 s + 1 .. 3 s + 3, and 13 .. 39 are the answers.                         */
enum { SLOW_INNER = 13, SLOW_NODES = 40 };

/* V*(s) = log(sum_a ref(a|s) exp(eta V*(s a))) / eta; of an answer, r. */
static inline void slow_soft_value(double *value, const double *ref,
                                   const double *reward, double eta)
{
    int s, a;

    for (s = SLOW_NODES - 1; s >= 0; s--) {
        double z = 0;
        for (a = 0; s < SLOW_INNER && a < 3; a++)
            z += ref[3 * s + a] * exp(eta * value[3 * s + 1 + a]);
        value[s] = s < SLOW_INNER ? log(z) / eta : reward[s - SLOW_INNER];
    }
}

/* log pi*(a|s) = log ref(a|s) + eta (V*(s a) - V*(s)) */
static inline void slow_token_policy(double *best, const double *ref,
                                     const double *value, double eta)
{
    int s, a;

    for (s = 0; s < SLOW_INNER; s++)
        for (a = 0; a < 3; a++)
            best[3 * s + a] = ref[3 * s + a]
                            * exp(eta * (value[3 * s + 1 + a] - value[s]));
}

/* An answer's probability under conditional probabilities pi(a|s). */
static inline double slow_answer(const double *pi, int answer)
{
    double p = 1;
    int s;

    for (s = answer + SLOW_INNER; s > 0; s = (s - 1) / 3)
        p *= pi[s - 1];  // child a of node s stands at 3 s + a
    return p;
}

/* [Eq 4.11] E_{y ~ ref} (sum_h log(pi(a_h|s_h) / pi*(a_h|s_h)))^2 */
static inline double slow_token_loss(const double *pi, const double *best,
                                     const double *ref)
{
    double loss = 0;
    int y, s;

    for (y = 0; y < SLOW_NODES - SLOW_INNER; y++) {
        double sum = 0;
        for (s = y + SLOW_INNER; s > 0; s = (s - 1) / 3)
            sum += log(pi[s - 1] / best[s - 1]);
        loss += slow_answer(ref, y) * sum * sum;
    }
    return loss;
}

/* a x = b for a matrix n wide, by elimination with pivots; 0: singular. */
static inline int slow_solve(double *a, double *b, int n)
{
    int i, j, k;

    for (k = 0; k < n; k++) {
        int top = k;
        for (i = k + 1; i < n; i++)
            top = fabs(a[i * n + k]) > fabs(a[top * n + k]) ? i : top;
        if (fabs(a[top * n + k]) < 1e-11)
            return 0;
        for (j = 0; j <= n; j++) {
            double *x = j < n ? a + k * n + j : b + k;
            double *y = j < n ? a + top * n + j : b + top;
            const double keep = *x;
            *x = *y;
            *y = keep;
        }
        for (i = 0; i < n; i++) {
            const double f = i == k ? 0 : a[i * n + k] / a[k * n + k];
            for (j = k; j < n; j++)
                a[i * n + j] -= f * a[k * n + j];
            b[i] -= f * b[k];
        }
    }
    for (k = 0; k < n; k++)
        b[k] /= a[k * n + k];
    return 1;
}

/* The von Neumann winner of a game of at most 6 answers, by trying supports:
 * on one, all answers do equally well, sum_j P(i > j) pi_j = v; off it, none
 * does better.  1 when one was found.                                       */
static inline int slow_von_neumann(double *pi, const double *pairwise, int n)
{
    int set, i, j;

    for (set = 1; set < 1 << n; set++) {
        double a[49], b[7];
        int member[6], m = 0, fits;

        for (i = 0; i < n; i++)
            if (set >> i & 1)
                member[m++] = i;
        for (i = 0; i <= m; i++)
            for (b[i] = i == m, j = 0; j <= m; j++)
                a[i * (m + 1) + j] =
                    i == m ? j < m
                    : j < m ? pairwise[member[i] * n + member[j]] : -1;
        fits = slow_solve(a, b, m + 1);
        for (i = 0; i < n; i++)
            pi[i] = 0;
        for (i = 0; fits && i < m; i++)
            pi[member[i]] = b[i];
        for (i = 0; fits && i < n; i++) {
            double win = 0;
            for (j = 0; j < n; j++)
                win += pairwise[i * n + j] * pi[j];
            fits = pi[i] >= 0 && win <= b[m] + 1e-12;
        }
        if (fits)
            return 1;
    }
    return 0;
}

/* rho of log rho + c rho = target, by bisection: Lambert's W another way. */
static inline double slow_ratio(double target, double c)
{
    double low = -1e4, high = 1e4;
    int i;

    for (i = 0; i < 200; i++) {
        const double u = (low + high) / 2;
        if (u + c * exp(u) > target)
            high = u;
        else
            low = u;
    }
    return exp(low);
}

/* [Eq 4.15] KTO, simplified.
 *
 *   paper  sigma(-a + c) + sigma(b - c)     a = r_w / eta, b = r_l / eta,
 *                                           c = KL(pi_theta || pi_ref) / eta
 *   gradient  sigma' = sigma (1 - sigma); c is held fixed, as KTO does
 *
 * Here, for no line of Algorithm 1 has a use for it: c is none of a prompt.  */
static inline double slow_loss_kto(double r_w, double r_l, double kl,
                                   double eta, double grad[2])
{
    const double w = sppo_sigmoid((kl - r_w) / eta);
    const double l = sppo_sigmoid((r_l - kl) / eta);

    grad[0] = -w * (1.0 - w) / eta;
    grad[1] = l * (1.0 - l) / eta;
    return w + l;
}

#endif /* SLOW_H */
