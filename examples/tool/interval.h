/* interval.h - 95 % intervals of a mean, mostly by Student's t
 *
 * Values that belong together (the two turns of a question) are no independent
 * witnesses: what varies is the sum of a group about its share, so that
 *
 *   variance of the mean = G / (G - 1) / n^2 sum_g (sum_{i in g} x_i - mean)^2
 *
 * for n values in G groups, with t of G - 1 degrees of freedom.  With a group
 * for each value that is s^2 / n.                                           */

#ifndef SPPO_TOOL_INTERVAL_H
#define SPPO_TOOL_INTERVAL_H

typedef struct interval {
    double mean, low, high;  // low and high: 95 %
    int n;
} interval;

/* The 0.975 quantile of Student's t; of no freedom: infinite. */
double student(int freedom);

/* The mean of the cross block P(i better than j) of k x k probabilities: i of
 * `count` responses from a on, j of as many from b on.                      */
double cross_share(const double *pairwise, int k, int a, int b, int count);

/* The mean of x[n] with a normal interval, as sppo_evaluate has it. */
interval normal_interval(const double *x, int n);

/* The mean of x[n] with its interval; of one number: all that is possible. */
interval student_interval(const double *x, int n);

/* The same of groups: those with the same group[i], which never falls. */
interval grouped_interval(const double *x, const double *group, int n);

#endif
