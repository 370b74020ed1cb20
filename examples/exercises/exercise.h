/* exercise.h - what the exercises check with; README.md says how they are made
 *
 * Everything is double here, sppo.h's numbers too, and the random numbers are
 * the same in every run.                                                     */
#ifndef EXERCISE_H
#define EXERCISE_H

#include "sppo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A random number, the next one in each call. */
double draw(double from, double to);
int draw_int(int from, int to);  // both ends are included
/* P(i > j) of n answers: in (0, 1), P(i > j) + P(j > i) = 1, 1/2 itself. */
void draw_preferences(double *pairwise, int n);
/* Probabilities of n answers. */
void draw_policy(double *pi, int n);

/* Says what the next comparisons are of; printed when one fails. */
void given(const char *format, ...);
void given_numbers(const char *name, const double *x, int n);  // adds to it
/* Compares a number of yours: to some 9 digits, or to the tolerance given. */
void agree(const char *what, double yours, double right);
void agree_within(const char *what, double yours, double right,
                  double tolerance);
/* Says what is wrong where it is no matter of a number. */
void must(int so, const char *otherwise);
/* The slope of f in x[i], by differences: (f(x + h) - f(x - h)) / 2h. */
double difference(double (*f)(const double *x), double *x, int i);
/* Prints the verdict; what main returns. */
int verdict(void);

#endif
