/* test_kernels.c - the kernels of sppo.h against slow.h
 *
 * Forward passes: the same inputs, exact in float, over random shapes with
 * sizes 1, odd, and larger than any block.  The allowance for a sum of d
 * products is (8 + sqrt(d)) roundings of the sum of their absolute values:
 * roundings add up like a random walk and no partial sum is larger.
 * Backward passes: every entry, with its sign, against differences of slow.h
 * in double; view.h says how close.                                         */

#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "check.h"
#include "slow.h"
#include "view.h"

static const sppo_real GUARD = (sppo_real)12345;

/* ---- matrix product ------------------------------------------------------ */

typedef struct product {
    int n, d_in, d_out;
    sppo_real *in, *w, *dout, *out, *din, *dw, *panel;
    double *slow_in, *slow_w, *slow_dout;
    size_t panel_size;
} product;

static void product_init(product *p, slow_random *random, int n, int d_in,
                         int d_out)
{
    const size_t a = sppo_panel_size(d_in, d_out);
    const size_t b = sppo_panel_size(d_out, d_in);
    const size_t c = sppo_panel_size(n, d_in);
    size_t i;

    p->n = n, p->d_in = d_in, p->d_out = d_out;
    p->in = view_reals((size_t)(n * d_in));
    p->w = view_reals((size_t)(d_out * d_in));
    p->dout = view_reals((size_t)(n * d_out));
    p->out = view_reals((size_t)(n * d_out));
    p->din = view_reals((size_t)(n * d_in));
    p->dw = view_reals((size_t)(d_out * d_in));
    p->slow_in = slow_new(n * d_in);
    p->slow_w = slow_new(d_out * d_in);
    p->slow_dout = slow_new(n * d_out);
    view_fill(p->in, p->slow_in, n * d_in, random, 1);
    view_fill(p->w, p->slow_w, d_out * d_in, random, 1);
    view_fill(p->dout, p->slow_dout, n * d_out, random, 1);
    p->panel_size = a > b ? (a > c ? a : c) : (b > c ? b : c);
    p->panel = view_reals(p->panel_size);
    for (i = 0; i < p->panel_size; i++)     // old contents must not matter
        p->panel[i] = (sppo_real)NAN;
    p->panel[p->panel_size] = GUARD;
    p->out[n * d_out] = p->din[n * d_in] = p->dw[d_out * d_in] = GUARD;
}

/* Nothing was written behind the end of an array. */
static void product_free(product *p)
{
    CHECK(p->panel[p->panel_size] == GUARD);
    CHECK(p->out[p->n * p->d_out] == GUARD);
    CHECK(p->din[p->n * p->d_in] == GUARD);
    CHECK(p->dw[p->d_out * p->d_in] == GUARD);
    free(p->in), free(p->w), free(p->dout), free(p->out), free(p->din);
    free(p->dw), free(p->panel);
    free(p->slow_in), free(p->slow_w), free(p->slow_dout);
}

static double *transposed(const double *in, int rows, int cols)
{
    double *out = slow_new(rows * cols);
    int r, c;

    for (r = 0; r < rows; r++)
        for (c = 0; c < cols; c++)
            out[c * rows + r] = in[r * cols + c];
    return out;
}

/* got against a b' with the allowance stated above; before: was there. */
static void near_product(const char *what, const sppo_real *got, double before,
                         double *a, double *b, int n, int depth, int width)
{
    double *expected = slow_new(n * width), *size = slow_new(n * width);
    int i;

    slow_linear(expected, a, b, n, depth, width);
    for (i = 0; i < n * depth; i++)
        a[i] = fabs(a[i]);
    for (i = 0; i < width * depth; i++)
        b[i] = fabs(b[i]);
    slow_linear(size, a, b, n, depth, width);
    for (i = 0; i < n * width; i++) {
        const double allowed = ROUNDING * (8 + sqrt((double)depth))
                             * (size[i] + fabs(before));
        char text[80];
        snprintf(text, sizeof text, "%s of %d x %d x %d [%d]", what, n, depth,
                 width, i);
        check_near((double)got[i], expected[i] + before, allowed, text,
                   __FILE__, __LINE__);
    }
    free(expected), free(size);
}

static double *copied(const double *in, int n)
{
    double *out = slow_new(n);

    memcpy(out, in, (size_t)n * sizeof *out);
    return out;
}

static void all_three_forms(slow_random *random, int n, int d_in, int d_out)
{
    product p;
    double *in, *w, *dout, *wt, *dout_t, *in_t;
    int i;

    product_init(&p, random, n, d_in, d_out);
    for (i = 0; i < n * d_out; i++)
        p.out[i] = (sppo_real)NAN;              // set, not added to
    for (i = 0; i < n * d_in; i++)
        p.din[i] = (sppo_real)NAN;              // set too
    for (i = 0; i < d_out * d_in; i++)
        p.dw[i] = (sppo_real)0.75;              // added to
    sppo_linear_fwd(p.out, p.in, p.w, p.panel, n, d_in, d_out);
    sppo_linear_bwd_in(p.din, p.dout, p.w, p.panel, n, d_in, d_out);
    sppo_linear_bwd_w(p.dw, p.dout, p.in, p.panel, n, d_in, d_out);

    in = copied(p.slow_in, n * d_in);
    w = copied(p.slow_w, d_out * d_in);
    near_product("in w'", p.out, 0, in, w, n, d_in, d_out);
    dout = copied(p.slow_dout, n * d_out);
    wt = transposed(p.slow_w, d_out, d_in);
    near_product("dout w", p.din, 0, dout, wt, n, d_out, d_in);
    dout_t = transposed(p.slow_dout, n, d_out);
    in_t = transposed(p.slow_in, n, d_in);
    near_product("dout' in", p.dw, 0.75, dout_t, in_t, d_out, n, d_in);
    free(in), free(w), free(dout), free(wt), free(dout_t), free(in_t);
    product_free(&p);
}

/* [Net 1] [Net 2] The product and its gradients, of every shape and edge. */
static void linear_three_forms_match_slow(void)
{
    static const int sizes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 15, 16, 17, 23,
                                 31, 32, 33, 47, 64, 65, 96, 127, 129, 200 };
    slow_random random = { 1 };
    int i;

    for (i = 0; i < 160; i++) {
        const int n = sizes[slow_below(&random, COUNT(sizes))];
        const int d_in = sizes[slow_below(&random, COUNT(sizes))];
        const int d_out = sizes[slow_below(&random, COUNT(sizes))];
        if (n * d_in * d_out < 200000)
            all_three_forms(&random, n, d_in, d_out);
    }
    all_three_forms(&random, 1, 1, 1);
    all_three_forms(&random, 3, 1100, 5);       // one size beyond any block
    all_three_forms(&random, 5, 3, 1100);
    all_three_forms(&random, 1100, 5, 3);
    all_three_forms(&random, 77, 301, 275);
}

typedef struct product_loss {
    product *p;
    double *out;
} product_loss;

static double product_value(void *user)
{
    const product_loss *loss = (const product_loss *)user;
    const product *p = loss->p;
    double sum = 0;
    int i;

    slow_linear(loss->out, p->slow_in, p->slow_w, p->n, p->d_in, p->d_out);
    for (i = 0; i < p->n * p->d_out; i++)
        sum += p->slow_dout[i] * loss->out[i];
    return sum;
}

static void differences(double *grad, double *x, int n,
                        double (*f)(void *user), void *user)
{
    int i;

    for (i = 0; i < n; i++)
        grad[i] = slow_gradient(f, user, x + i);
}

static void linear_backward_matches_differences(void)
{
    static const int shape[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 7, 4, 9 } };
    slow_random random = { 2 };
    int s;

    for (s = 0; s < COUNT(shape); s++) {
        product p;
        product_loss loss;
        double *grad = slow_new(100);
        product_init(&p, &random, shape[s][0], shape[s][1], shape[s][2]);
        loss.p = &p;
        loss.out = slow_new(p.n * p.d_out);
        sppo_linear_bwd_in(p.din, p.dout, p.w, p.panel, p.n, p.d_in, p.d_out);
        differences(grad, p.slow_in, p.n * p.d_in, product_value, &loss);
        view_gradients_near("din", p.din, grad, p.n * p.d_in);
        sppo_linear_bwd_w(p.dw, p.dout, p.in, p.panel, p.n, p.d_in, p.d_out);
        differences(grad, p.slow_w, p.d_out * p.d_in, product_value, &loss);
        view_gradients_near("dw", p.dw, grad, p.d_out * p.d_in);
        free(grad), free(loss.out);
        product_free(&p);
    }
}

/* A row's result is the same to the bit alone and in any company: sampling,
 * scoring and training must agree about a token whatever else is in a batch. */
static void linear_rows_do_not_depend_on_company(void)
{
    static const int shape[][3] = { { 37, 129, 65 }, { 13, 8, 3 },
                                    { 6, 300, 17 } };
    slow_random random = { 3 };
    int s, r;

    for (s = 0; s < COUNT(shape); s++) {
        product p;
        sppo_real *out, *din;
        product_init(&p, &random, shape[s][0], shape[s][1], shape[s][2]);
        out = view_reals((size_t)p.d_out);
        din = view_reals((size_t)p.d_in);
        sppo_linear_fwd(p.out, p.in, p.w, p.panel, p.n, p.d_in, p.d_out);
        sppo_linear_bwd_in(p.din, p.dout, p.w, p.panel, p.n, p.d_in, p.d_out);
        for (r = 0; r < p.n; r++) {
            sppo_linear_fwd(out, p.in + r * p.d_in, p.w, p.panel, 1, p.d_in,
                            p.d_out);
            CHECK(memcmp(out, p.out + r * p.d_out,
                         (size_t)p.d_out * sizeof *out) == 0);
            sppo_linear_bwd_in(din, p.dout + r * p.d_out, p.w, p.panel, 1,
                               p.d_in, p.d_out);
            CHECK(memcmp(din, p.din + r * p.d_in,
                         (size_t)p.d_in * sizeof *din) == 0);
        }
        free(out), free(din);
        product_free(&p);
    }
}

static void linear_same_bits_for_any_number_of_threads(void)
{
#ifdef _OPENMP
    static const int threads[] = { 2, 3, 4 };
    slow_random random = { 4 };
    product p;
    sppo_real *out, *din, *dw;
    int t;

    product_init(&p, &random, 83, 131, 97);
    out = view_reals((size_t)(p.n * p.d_out));
    din = view_reals((size_t)(p.n * p.d_in));
    dw = view_reals((size_t)(p.d_out * p.d_in));
    view_threads(1);
    sppo_linear_fwd(out, p.in, p.w, p.panel, p.n, p.d_in, p.d_out);
    sppo_linear_bwd_in(din, p.dout, p.w, p.panel, p.n, p.d_in, p.d_out);
    sppo_linear_bwd_w(dw, p.dout, p.in, p.panel, p.n, p.d_in, p.d_out);
    for (t = 0; t < COUNT(threads); t++) {
        view_threads(threads[t]);
        memset(p.dw, 0, (size_t)(p.d_out * p.d_in) * sizeof *dw);
        sppo_linear_fwd(p.out, p.in, p.w, p.panel, p.n, p.d_in, p.d_out);
        sppo_linear_bwd_in(p.din, p.dout, p.w, p.panel, p.n, p.d_in, p.d_out);
        sppo_linear_bwd_w(p.dw, p.dout, p.in, p.panel, p.n, p.d_in, p.d_out);
        CHECK(!memcmp(out, p.out, (size_t)(p.n * p.d_out) * sizeof *out));
        CHECK(!memcmp(din, p.din, (size_t)(p.n * p.d_in) * sizeof *din));
        CHECK(!memcmp(dw, p.dw, (size_t)(p.d_out * p.d_in) * sizeof *dw));
    }
    view_threads(1);
    free(out), free(din), free(dw);
    product_free(&p);
#else
    SKIP("built without OpenMP");
#endif
}

/* ---- RMSNorm ------------------------------------------------------------- */

typedef struct norm {
    int n, d;
    double eps;
    double *in, *gain, *dout, *out;
} norm;

static double norm_value(void *user)
{
    const norm *x = (const norm *)user;
    double sum = 0;
    int i;

    slow_rmsnorm(x->out, x->in, x->gain, x->n, x->d, x->eps);
    for (i = 0; i < x->n * x->d; i++)
        sum += x->dout[i] * x->out[i];
    return sum;
}

static void one_rmsnorm(slow_random *random, int n, int d, double scale,
                        double eps)
{
    const int size = n * d;
    sppo_real *in = view_reals((size_t)size), *gain = view_reals((size_t)d);
    sppo_real *out = view_reals((size_t)size), *inv = view_reals((size_t)n);
    sppo_real *dout = view_reals((size_t)size), *din = view_reals((size_t)size);
    sppo_real *dgain = view_reals((size_t)d);
    double *grad = slow_new(size), *fast;
    norm x;
    int i;

    x.n = n, x.d = d, x.eps = eps;
    x.in = slow_new(size), x.gain = slow_new(d), x.dout = slow_new(size);
    x.out = slow_new(size);
    view_fill(in, x.in, size, random, scale);
    view_fill(gain, x.gain, d, random, 1);
    view_fill(dout, x.dout, size, random, 1);

    sppo_rmsnorm_fwd(out, inv, in, gain, n, d, eps);
    slow_rmsnorm(x.out, x.in, x.gain, n, d, eps);
    for (i = 0; i < size; i++)      // a sum of d squares, then a product
        CHECK_NEAR(out[i], x.out[i],
                   (8 + sqrt((double)d)) * ROUNDING * fabs(x.out[i]) + 1e-300);

    sppo_rmsnorm_bwd(din, dgain, dout, in, gain, inv, n, d);
    if (size <= 200) {
        differences(grad, x.in, size, norm_value, &x);
        view_gradients_near("rmsnorm din", din, grad, size);
        differences(grad, x.gain, d, norm_value, &x);
        view_gradients_near("rmsnorm dgain", dgain, grad, d);
        fast = copied(grad, d);
        sppo_rmsnorm_bwd(din, dgain, dout, in, gain, inv, n, d);
        for (i = 0; i < d; i++)                 // it adds: now it is double
            fast[i] *= 2;
        view_gradients_near("rmsnorm dgain twice", dgain, fast, d);
        differences(grad, x.in, size, norm_value, &x);
        for (i = 0; i < size; i++)
            grad[i] *= 2;
        view_gradients_near("rmsnorm din twice", din, grad, size);
        free(fast);
    }
    free(in), free(gain), free(out), free(inv), free(dout), free(din);
    free(dgain), free(grad), free(x.in), free(x.gain), free(x.dout);
    free(x.out);
}

/* [Net 3] [Net 4] */
static void rmsnorm_matches_slow_and_differences(void)
{
    slow_random random = { 5 };

    one_rmsnorm(&random, 1, 2, 1, 1e-5);
    one_rmsnorm(&random, 1, 1, 1, 0.5);
    one_rmsnorm(&random, 7, 13, 1, 1e-5);
    one_rmsnorm(&random, 5, 16, 0.3, 0.1);      // eps of the size of the rest
    one_rmsnorm(&random, 3, 33, 4, 1e-6);
    one_rmsnorm(&random, 70, 515, 1, 1e-5);
}

/* ---- rotary positions ---------------------------------------------------- */

/* [Net 5] */
static void rope_matches_slow_and_backward_turns_back(void)
{
    static const int shape[][3] = { { 1, 1, 2 }, { 9, 3, 6 }, { 5, 2, 16 },
                                    { 40, 1, 34 } };  // rows, heads, head_dim
    static const double theta[] = { 10000, 500000, 10, 10000 };
    slow_random random = { 6 };
    int s, r, h, i;

    for (s = 0; s < COUNT(shape); s++) {
        const int n = shape[s][0], heads = shape[s][1], d = shape[s][2];
        const int stride = heads * d + 5, positions = 300, size = n * stride;
        sppo_real *x = view_reals((size_t)size), *y = view_reals((size_t)size);
        sppo_real *table = view_reals((size_t)(positions * d));
        double *slow = slow_new(size), *start = slow_new(size);
        int position[64];

        table[positions * d] = GUARD;
        sppo_rope_table(table, positions, d, theta[s]);
        CHECK(table[positions * d] == GUARD);
        view_fill(x, slow, size, &random, 1);
        memcpy(start, slow, (size_t)size * sizeof *slow);
        for (r = 0; r < n; r++) {
            position[r] = r ? slow_below(&random, positions) : positions - 1;
            for (h = 0; h < heads; h++)
                slow_rope(slow + r * stride + h * d, position[r], d, theta[s]);
        }
        sppo_rope(x, position, table, n, heads, d, stride, 1);
        // Sine and cosine are rounded once, then two products and a sum; the
        // five numbers behind the heads stay as they are (slow has not moved).
        for (i = 0; i < size; i++)
            CHECK_NEAR(x[i], slow[i], BUILD(1e-6, 1e-13));

        // Backward is the transpose, and a rotation's transpose its inverse.
        memcpy(y, x, (size_t)size * sizeof *x);
        sppo_rope(y, position, table, n, heads, d, stride, -1);
        for (i = 0; i < size; i++)
            CHECK_NEAR(y[i], start[i], BUILD(2e-6, 1e-13));
        free(x), free(y), free(table), free(slow), free(start);
    }
}

/* The scalar product of a turned query and a turned key depends on the
 * distance of their positions alone: why rotary positions work.             */
static void rope_products_depend_on_distance_alone(void)
{
    enum { D = 8 };
    slow_random random = { 7 };
    sppo_real table[64 * D], x[2 * D], start[2 * D];
    double slow[2 * D], first = 0;
    int shift, i;

    sppo_rope_table(table, 64, D, 10000);
    view_fill(start, slow, 2 * D, &random, 1);
    for (shift = 0; shift < 50; shift++) {
        int position[2];
        double dot = 0;
        position[0] = 11 + shift, position[1] = 4 + shift;
        memcpy(x, start, sizeof x);
        sppo_rope(x, position, table, 2, 1, D, D, 1);
        for (i = 0; i < D; i++)
            dot += (double)x[i] * (double)x[D + i];
        if (shift == 0)
            first = dot;
        CHECK_NEAR(dot, first, BUILD(5e-6, 1e-13));  // 8 products of order 1
    }
}

/* ---- SwiGLU -------------------------------------------------------------- */

typedef struct glu {
    int n, hidden;
    double *gate_up, *dout, *out;
} glu;

static double glu_value(void *user)
{
    const glu *x = (const glu *)user;
    double sum = 0;
    int i;

    slow_swiglu(x->out, x->gate_up, x->n, x->hidden);
    for (i = 0; i < x->n * x->hidden; i++)
        sum += x->dout[i] * x->out[i];
    return sum;
}

/* [Net 6] [Net 7] */
static void swiglu_matches_slow_and_differences(void)
{
    static const int shape[][2] = { { 1, 1 }, { 3, 7 }, { 5, 16 }, { 9, 33 } };
    slow_random random = { 8 };
    int s, i;

    for (s = 0; s < COUNT(shape); s++) {
        const int n = shape[s][0], hidden = shape[s][1], size = n * hidden;
        sppo_real *in = view_reals((size_t)(2 * size));
        sppo_real *out = view_reals((size_t)size);
        sppo_real *dout = view_reals((size_t)size);
        sppo_real *din = view_reals((size_t)(2 * size));
        double *grad = slow_new(2 * size);
        glu x;

        x.n = n, x.hidden = hidden;
        x.gate_up = slow_new(2 * size), x.dout = slow_new(size);
        x.out = slow_new(size);
        view_fill(in, x.gate_up, 2 * size, &random, 2);
        view_fill(dout, x.dout, size, &random, 1);
        sppo_swiglu_fwd(out, in, n, hidden);
        slow_swiglu(x.out, x.gate_up, n, hidden);
        for (i = 0; i < size; i++)      // exp, three divisions and products
            CHECK_NEAR(out[i], x.out[i], 12 * ROUNDING * fabs(x.out[i]));
        sppo_swiglu_bwd(din, dout, in, n, hidden);
        differences(grad, x.gate_up, 2 * size, glu_value, &x);
        view_gradients_near("dgate_up", din, grad, 2 * size);
        for (i = 0; i < size; i++)      // dout has become out
            CHECK_NEAR(dout[i], out[i], 4 * ROUNDING * fabs((double)out[i]));
        free(in), free(out), free(dout), free(din), free(grad);
        free(x.gate_up), free(x.dout), free(x.out);
    }
}

/* silu(x) is x far to the right, 0 far to the left, never NaN. */
static void swiglu_holds_at_the_ends(void)
{
    static const double gates[] = { -1e30, -2000, -800, -100, -20, 0, 20, 100,
                                    800, 2000, 1e30 };
    int i;

    for (i = 0; i < COUNT(gates); i++) {
        sppo_real gate_up[2], out = GUARD, grad[2] = { 0, 0 }, dout = 1;
        gate_up[0] = (sppo_real)gates[i], gate_up[1] = 1;
        sppo_swiglu_fwd(&out, gate_up, 1, 1);
        sppo_swiglu_bwd(grad, &dout, gate_up, 1, 1);
        if (gates[i] >= 100) {
            CHECK(out == gate_up[0]);
            CHECK_NEAR(grad[0], 1, 2 * ROUNDING);
        } else if (gates[i] <= -100) {
            CHECK_NEAR(out, 0, 1e-37 * -gates[i]);      // 1 / exp(88)
            CHECK_NEAR(grad[0], 0, 1e-37 * -gates[i]);
        } else {
            CHECK_NEAR(out, slow_silu(gates[i]),
                       12 * ROUNDING * fabs(gates[i]));
        }
        CHECK(grad[1] == out);          // d(silu(gate) up) / d up
        CHECK(dout == out);
    }
}

/* ---- exp and its sums ---------------------------------------------------- */

/* Largest relative error against libm over a dense sweep of the range whose
 * results are normal numbers and, in float, below 2^127.5: above that the fast
 * exp may say infinity already.                                             */
static double exp_error(double low, double high, int points)
{
    double worst = 0;
    int i;

    for (i = 0; i <= points; i++) {
        const sppo_real x = (sppo_real)(low + (high - low) * i / points);
        const double expected = exp((double)x);
        const double error = fabs((double)sppo_exp(x) - expected) / expected;
        worst = error <= worst ? worst : error;     // a NaN becomes the worst
    }
    return worst;
}

static void exp_is_accurate_over_its_range(void)
{
    const double worst = BUILD(exp_error(-87.3, 88.37, 4000000),
                               exp_error(-708.3, 709.7, 4000000));
    const double near_zero = exp_error(-1, 1, 1000000);

    printf("  largest relative error of sppo_exp: %.3g, within 1 of 0: %.3g\n",
           worst, near_zero);
    CHECK_NEAR(worst, 0, BUILD(1.5e-7, 4.5e-16));   // near one step
    CHECK_NEAR(near_zero, 0, BUILD(1.5e-7, 4.5e-16));
    CHECK(sppo_exp(0) == 1);                        // exactly
}

/* Error of the fast exp at one float, in steps of a float there (ulp). */
static double exp_steps_off(uint32_t bits)
{
    float x, nearest;
    uint32_t place;
    uint64_t wide;
    double exact, step;

    memcpy(&x, &bits, sizeof x);
    exact = exp((double)x);
    nearest = (float)exact;
    memcpy(&place, &nearest, sizeof place);
    wide = (uint64_t)((place >> 23) + 1023 - 127 - 23) << 52;   // 2^-23 of it
    memcpy(&step, &wide, sizeof step);
    return fabs((double)sppo_exp((sppo_real)x) - exact) / step;
}

/* The largest over all floats whose bits lie in [from, to], in SLICES parts. */
static double exp_worst_steps(uint32_t from, uint32_t to)
{
    enum { SLICES = 64 };
    double worst[SLICES], all = 0;
    int i;

#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic)
#endif
    for (i = 0; i < SLICES; i++) {
        const uint32_t width = (to - from) / SLICES + 1;
        const uint32_t first = from + (uint32_t)i * width;
        uint32_t bits;

        worst[i] = 0;
        for (bits = first; bits < first + width && bits <= to; bits++) {
            const double off = exp_steps_off(bits);
            worst[i] = off <= worst[i] ? worst[i] : off;    // NaN: the worst
        }
    }
    for (i = 0; i < SLICES; i++)
        all = worst[i] <= all ? all : worst[i];
    return all;
}

/* Every float between 2^-25 and 88.37, and between -87.3 and -2^-25: half a
 * billion.  Nearer to 0 exp is 1 to the last bit.                           */
static void exp_is_right_to_a_step_at_every_float(void)
{
    double above, below;

    if (sizeof(sppo_real) != sizeof(float)) {
        CHECK((double)sppo_exp((sppo_real)1.7) == exp(1.7));    // libm's
        return;
    }
    above = exp_worst_steps(0x33000000u, 0x42b0bd70u);
    below = exp_worst_steps(0xb3000000u, 0xc2ae9999u);
    printf("  largest error of sppo_exp: %.3f ulp above 0, %.3f below\n",
           above, below);
    CHECK(above <= 1.25 && below <= 1.25);
    CHECK_NEAR(sppo_exp((sppo_real)2e-8), 1, 0x1p-25);  // 1, as a float
    CHECK_NEAR(sppo_exp((sppo_real)-2e-8), 1, 0x1p-25);
}

static void exp_holds_at_the_ends(void)
{
    CHECK(sppo_exp((sppo_real)NAN) != sppo_exp((sppo_real)NAN));
    CHECK_NEAR(sppo_exp((sppo_real)-1e30), 0, 1e-37);
    CHECK_NEAR(sppo_exp((sppo_real)-INFINITY), 0, 1e-37);
    CHECK_NEAR(sppo_exp((sppo_real)BUILD(-95, -720)), 0, 1e-37);
    CHECK(sppo_exp((sppo_real)BUILD(100, 800)) > (sppo_real)1e38);
}

/* [Net 8] */
static void log_sum_exp_matches_slow(void)
{
    static const int sizes[] = { 1, 2, 3, 7, 8, 31, 32, 257, 5000 };
    static const double offset[] = { 0, 900, -900, 3e4 };
    slow_random random = { 9 };
    int s, o, i;

    for (s = 0; s < COUNT(sizes); s++)
        for (o = 0; o < COUNT(offset); o++) {
            sppo_real *x = view_reals((size_t)sizes[s]);
            sppo_real *before = view_reals((size_t)sizes[s]);
            double *slow = slow_new(sizes[s]);
            view_fill(x, slow, sizes[s], &random, 3);
            for (i = 0; i < sizes[s]; i++) {
                x[i] = (sppo_real)(slow[i] + offset[o]);
                slow[i] = (double)x[i];
            }
            memcpy(before, x, (size_t)sizes[s] * sizeof *x);
            // Relative error of the sum is that of exp and of thousands of
            // additions at most; the offset comes back without loss.
            CHECK_NEAR(sppo_log_sum_exp(x, sizes[s]),
                       slow_log_sum_exp(slow, sizes[s]),
                       BUILD(2e-6, 1e-14) + 4e-16 * fabs(offset[o]));
            CHECK(!memcmp(before, x, (size_t)sizes[s] * sizeof *x));
            free(x), free(before), free(slow);
        }
}

/* ---- the checking tool itself -------------------------------------------- */

static double cubic(void *user)
{
    const sppo_real *x = (const sppo_real *)user;

    return (double)x[0] * (double)x[0] * (double)x[0] + 2 * (double)x[1]
           - 5 * (double)x[2];
}

static void check_gradient_sees_a_flipped_sign(void)
{
    sppo_real x[3] = { 2, 1, 1 }, grad[3] = { 12, 2, -5 };
    const double step = BUILD(1e-2, 1e-4), limit = BUILD(1e-3, 1e-6);
    size_t worst = 99;

    CHECK_NEAR(sppo_check_gradient(cubic, x, x, grad, 3, step, 1, &worst), 0,
               limit);
    grad[1] = -2;
    CHECK_NEAR(sppo_check_gradient(cubic, x, x, grad, 3, step, 1, &worst), 2,
               limit);
    CHECK(worst == 1);
    grad[1] = 2;
    grad[2] = (sppo_real)NAN;
    CHECK(!(sppo_check_gradient(cubic, x, x, grad, 3, step, 1, NULL) < 1e9));
    CHECK(x[0] == 2 && x[1] == 1 && x[2] == 1);     // put back
}

static const check_case cases[] = {
    CASE(linear_three_forms_match_slow),
    CASE(linear_backward_matches_differences),
    CASE(linear_rows_do_not_depend_on_company),
    CASE(linear_same_bits_for_any_number_of_threads),
    CASE(rmsnorm_matches_slow_and_differences),
    CASE(rope_matches_slow_and_backward_turns_back),
    CASE(rope_products_depend_on_distance_alone),
    CASE(swiglu_matches_slow_and_differences),
    CASE(swiglu_holds_at_the_ends),
    CASE(exp_is_accurate_over_its_range),
    CASE(exp_is_right_to_a_step_at_every_float),
    CASE(exp_holds_at_the_ends),
    CASE(log_sum_exp_matches_slow),
    CASE(check_gradient_sees_a_flipped_sign),
};

int main(int argc, char **argv)
{
    view_threads(1);
    return check_main(cases, COUNT(cases), argc, argv);
}
