/* interval.c - 95 % intervals of a mean */

#include "interval.h"

#include <math.h>
#include <stddef.h>

/* The table, and beyond it the expansion about the normal quantile z in powers
 * of 1 / freedom (Cornish and Fisher), by then right to four decimals.      */
double student(int freedom)
{
    static const double quantile[] = {
        HUGE_VAL,
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086
    };
    const int known = (int)(sizeof quantile / sizeof quantile[0]) - 1;
    const double z = 1.959964, z2 = z * z, v = freedom;

    if (freedom <= known)
        return quantile[freedom];
    return z + z * (z2 + 1.0) / (4.0 * v) +
           z * ((5.0 * z2 + 16.0) * z2 + 3.0) / (96.0 * v * v) +
           z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) /
               (384.0 * v * v * v);
}

interval grouped_interval(const double *x, const double *group, int n)
{
    interval r = { 0.0, -HUGE_VAL, HUGE_VAL, n };
    double squares = 0.0, off = 0.0, half;
    int i, groups = 0;

    for (i = 0; i < n; i++)
        r.mean += x[i] / n;
    for (i = 0; i < n; i++) {
        off += x[i] - r.mean;
        if (group && i + 1 < n && !(group[i + 1] > group[i]))
            continue;
        squares += off * off;
        off = 0.0;
        groups++;
    }
    if (groups < 2)
        return r;
    half = student(groups - 1) * sqrt(squares * groups / (groups - 1.0)) / n;
    r.low = r.mean - half;
    r.high = r.mean + half;
    return r;
}

double cross_share(const double *pairwise, int k, int a, int b, int count)
{
    double sum = 0.0;
    int i, j;

    for (i = a; i < a + count; i++)
        for (j = b; j < b + count; j++)
            sum += pairwise[(size_t)i * (size_t)k + (size_t)j];
    return sum / ((double)count * count);
}

interval normal_interval(const double *x, int n)
{
    double sum = 0.0, squares = 0.0, variance, half;
    interval r;
    int i;

    for (i = 0; i < n; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    r.n = n;
    r.mean = sum / n;
    variance = squares / n - r.mean * r.mean;
    half = n > 1 && variance > 0.0 ? 1.959964 * sqrt(variance / (n - 1)) : 0.0;
    r.low = r.mean - half;
    r.high = r.mean + half;
    return r;
}

interval student_interval(const double *x, int n)
{
    return grouped_interval(x, NULL, n);
}
