/* exercise: A check that can fail
 *
 * A wrong gradient does not crash: training goes on, only worse.  So every
 * gradient is held against differences: move one number a little up and a
 * little down, and see how the loss changes.  But a check may be blind.  One
 * that compares sizes does not see a wrong sign; one that averages does not see
 * one wrong number in a thousand; one that says `error > limit` lets a NaN
 * pass, for no comparison with a NaN is true.
 *
 * Write check: the largest |grad[i] - d| / max(|d|, 0.001) of all i, where d is
 * difference(f, x, i); exercise.h says what that is.  When a number of grad is
 * a NaN, return a NaN.  In sppo.h: sppo_check_gradient.
 */
/* hint:
 * Keep the sign: fabs around the difference of the two, not around each.  For
 * the NaN, ask !(error <= largest) in place of error > largest, and leave the
 * loop at once where error != error.
 */
#include "exercise.h"

/* solution: */
#ifdef SOLUTION
static double check(double (*f)(const double *x), double *x,
                    const double *grad, int n)
{
    double largest = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        const double d = difference(f, x, i);
        const double error = fabs(grad[i] - d) / fmax(fabs(d), 0.001);

        if (error != error)
            return error;
        largest = fmax(largest, error);
    }
    return largest;
}
#else
/* yours: */
static double check(double (*f)(const double *x), double *x,
                    const double *grad, int n)
{
    double largest = 0.0;
    int i;

    for (i = 0; i < n; i++) {
        const double d = fabs(difference(f, x, i));
        const double error = fabs(fabs(grad[i]) - d) / fmax(d, 0.001);

        if (error > largest)
            largest = error;
    }
    return largest;
}
/* check: */
#endif

enum { N = 6 };

static double loss(const double *x)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < N; i++)
        sum += (i + 1) * x[i] * x[i] + x[i] * x[(i + 1) % N];
    return sum;
}

static void gradient(double *grad, const double *x)
{
    int i;

    for (i = 0; i < N; i++)
        grad[i] = 2.0 * (i + 1) * x[i] + x[(i + 1) % N] + x[(i + N - 1) % N];
}

int main(void)
{
    double x[N], grad[N], kept;
    int round, i;

    for (round = 0; round < 10; round++) {
        for (i = 0; i < N; i++)
            x[i] = draw(0.5, 2.0);
        gradient(grad, x);
        given("the right gradient");
        agree_within("error", check(loss, x, grad, N), 0.0, 1e-6);
        i = draw_int(0, N - 1);
        kept = grad[i];
        grad[i] = -kept;
        given("the wrong sign in number %d of %d", i, N);
        agree_within("error", check(loss, x, grad, N), 2.0, 1e-6);
        grad[i] = kept / 2.0;
        given("half of number %d of %d", i, N);
        agree_within("error", check(loss, x, grad, N), 0.5, 1e-6);
        grad[i] = (double)NAN;
        given("a NaN for number %d of %d", i, N);
        must(!(check(loss, x, grad, N) < 1e9), "your check lets it pass");
    }
    return verdict();
}
