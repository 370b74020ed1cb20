/* check.h - a small test harness; one test program is one file
 *
 *   #define SPPO_IMPLEMENTATION
 *   #include "../sppo.h"
 *   #include "check.h"
 *
 *   static void two_and_two_is_four(void)
 *   {
 *       CHECK(2 + 2 == 4);
 *       CHECK_NEAR(2.0 + 2.0, 4.0, 1e-15);
 *   }
 *
 *   static const check_case cases[] = { CASE(two_and_two_is_four) };
 *
 *   int main(int argc, char **argv)
 *   {
 *       return check_main(cases, COUNT(cases), argc, argv);
 *   }
 *
 * Run with a word to run only the cases whose name contains it, with =NAME to
 * run that case alone.  Of a case that passed, the line names the number of its
 * checks and the CHECK_NEAR that came closest to failing: "error of tolerance".
 * The last line says "N passed, N failed, N skipped"; the exit status is 0 only
 * when something ran and nothing failed; a case without a check fails.  A case
 * goes on after a failed CHECK; to leave it, use the value:
 * if (!CHECK(pointer)) return;                                              */

#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct check_case {
    const char *name;
    void (*run)(void);
} check_case;

#define CASE(function) { #function, function }
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Each gives 1 when it holds, else it notes a failure and gives 0.  NaN is
 * never near anything.                                                      */
#define CHECK(cond) check_that((cond) ? 1 : 0, #cond, __FILE__, __LINE__)
#define CHECK_NEAR(value, expected, tolerance) \
    check_near((double)(value), (double)(expected), (double)(tolerance), \
               #value, __FILE__, __LINE__)
#define CHECK_OK(ctx, call) \
    check_ok((call) == SPPO_OK, #call, (ctx)->message, __FILE__, __LINE__)
/* Leaves the case, which counts as skipped unless something failed before. */
#define SKIP(why) \
    do { \
        check_skipped = (why); \
        return; \
    } while (0)

enum { CHECK_SHOWN = 8 };           // failures printed of one case

/* Of the case that runs. */
static int check_count, check_failures;
static const char *check_skipped;   // why, or NULL
static double check_worst;          // largest error / tolerance; -1: none yet
static double check_error, check_tolerance;  // what they were; of equal ones
                                             // the strictest

/* Counts a failure; 1 when it should still be printed. */
static inline int check_fail(const char *file, int line)
{
    if (++check_failures > CHECK_SHOWN)
        return 0;
    printf("  %s:%d: ", file, line);
    return 1;
}

static inline int check_that(int holds, const char *text, const char *file,
                             int line)
{
    check_count++;
    if (!holds && check_fail(file, line))
        printf("not true: %s\n", text);
    return holds;
}

/* The double of an expression that may keep more digits, as on x87. */
static inline double check_stored(double value)
{
    volatile double stored = value;

    return stored;
}

static inline int check_near(double value, double expected, double tolerance,
                             const char *text, const char *file, int line)
{
    const double error = fabs(check_stored(value) - check_stored(expected));
    const double share = tolerance > 0.0 ? error / tolerance : 0.0;
    const int holds = error <= tolerance;

    check_count++;
    if (share > check_worst ||
        (share >= check_worst && tolerance < check_tolerance)) {
        check_worst = share;
        check_error = error;
        check_tolerance = tolerance;
    }
    if (!holds && check_fail(file, line))
        printf("%s is %.17g, not %.17g: off by %.3g, allowed %.3g\n", text,
               value, expected, error, tolerance);
    return holds;
}

static inline int check_ok(int holds, const char *text, const char *message,
                           const char *file, int line)
{
    check_count++;
    if (!holds && check_fail(file, line))
        printf("failed: %s: %s\n", text, message);
    return holds;
}

static inline int check_wanted(const char *name, const char *filter)
{
    return filter[0] == '=' ? !strcmp(name, filter + 1)
                            : strstr(name, filter) != NULL;
}

/* Runs a case and prints its line; 'p'assed, 'f'ailed or 's'kipped. */
static inline int check_run(const check_case *one)
{
    check_count = check_failures = 0;
    check_skipped = NULL;
    check_worst = -1.0;
    one->run();
    if (check_failures > CHECK_SHOWN)
        printf("  ... and %d more\n", check_failures - CHECK_SHOWN);
    if (check_failures == 0 && check_skipped) {
        printf("skipped %s: %s\n", one->name, check_skipped);
        return 's';
    }
    if (check_failures > 0 || check_count == 0) {
        printf("FAILED  %s%s\n", one->name, check_count ? "" : ": no check");
        return 'f';
    }
    printf("passed  %s  (%d check%s", one->name, check_count,
           check_count == 1 ? "" : "s");
    if (check_worst >= 0.0)
        printf(", %.2g of %.2g", check_error, check_tolerance);
    printf(")\n");
    return 'p';
}

static inline int check_main(const check_case *cases, int count, int argc,
                             char **argv)
{
    int i, passed = 0, failed = 0, skipped = 0;

    for (i = 0; i < count; i++) {
        int verdict;

        if (argc > 1 && !check_wanted(cases[i].name, argv[1]))
            continue;
        verdict = check_run(&cases[i]);
        passed += verdict == 'p';
        failed += verdict == 'f';
        skipped += verdict == 's';
        fflush(stdout);
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed > 0 || passed + skipped == 0;
}

#endif /* CHECK_H */
