/* exercise.c - random inputs, comparisons and the verdict of an exercise */
#define SPPO_IMPLEMENTATION
#include "exercise.h"

#include <stdarg.h>

enum { SHOWN = 3 };  // so many differences are printed

static uint64_t drawn;
static int compared, failed;
static char what_is_given[600];

double draw(double from, double to)
{
    return from + (to - from) * sppo_random_uniform(7, drawn++);
}

int draw_int(int from, int to)
{
    return from + (int)draw(0.0, to - from + 1.0);
}

void draw_preferences(double *pairwise, int n)
{
    int i, j;

    for (i = 0; i < n; i++)
        for (pairwise[i * n + i] = 0.5, j = 0; j < i; j++) {
            pairwise[i * n + j] = draw(0.02, 0.98);
            pairwise[j * n + i] = 1.0 - pairwise[i * n + j];
        }
}

void draw_policy(double *pi, int n)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        sum += pi[i] = draw(0.05, 1.0);
    for (i = 0; i < n; i++)
        pi[i] /= sum;
}

void given(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(what_is_given, sizeof what_is_given, format, list);
    va_end(list);
}

void given_numbers(const char *name, const double *x, int n)
{
    size_t at = strlen(what_is_given);
    int i;

    for (i = -1; i < n && at < sizeof what_is_given - 1; i++) {
        if (i < 0)
            snprintf(what_is_given + at, sizeof what_is_given - at, "%s%s",
                     at ? ", " : "", name);
        else
            snprintf(what_is_given + at, sizeof what_is_given - at, " %.4g",
                     x[i]);
        at += strlen(what_is_given + at);
    }
}

/* Whether this failure is one of those that are printed. */
static int shows(void)
{
    return ++failed <= SHOWN;
}

void agree_within(const char *what, double yours, double right,
                  double tolerance)
{
    const double size = fabs(right) > 1.0 ? fabs(right) : 1.0;
    const int same = yours == right || fabs(yours - right) <= tolerance * size;

    compared++;
    if (!same && shows())
        printf("%s: yours is %.6g, it should be %.6g%s%s\n", what, yours,
               right, *what_is_given ? "\n  given " : "", what_is_given);
}

void agree(const char *what, double yours, double right)
{
    agree_within(what, yours, right, 1e-9);
}

void must(int so, const char *otherwise)
{
    compared++;
    if (!so && shows())
        printf("%s%s%s\n", otherwise, *what_is_given ? "\n  given " : "",
               what_is_given);
}

double difference(double (*f)(const double *x), double *x, int i)
{
    const double kept = x[i], h = 1e-5;
    double up, down;

    x[i] = kept + h;
    up = f(x);
    x[i] = kept - h;
    down = f(x);
    x[i] = kept;
    return (up - down) / (2.0 * h);
}

int verdict(void)
{
    if (failed > 0 || compared == 0)
        printf("not yet: %d of %d comparisons fail\n", failed, compared);
    else
        printf("passed: %d comparisons\n", compared);
    return failed > 0 || compared == 0;
}
