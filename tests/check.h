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
 * Run with a word to run only the cases whose name contains it.  The last line
 * says "N passed, N failed, N skipped"; the exit status is 0 only when
 * something ran and nothing failed.  A case goes on after a failed CHECK; to
 * leave it, use the value: if (!CHECK(pointer)) return;                     */

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

static int check_failures;          // of the case that runs
static const char *check_skipped;   // why, or NULL

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
    if (!holds && check_fail(file, line))
        printf("not true: %s\n", text);
    return holds;
}

static inline int check_near(double value, double expected, double tolerance,
                             const char *text, const char *file, int line)
{
    const int holds = fabs(value - expected) <= tolerance;

    if (!holds && check_fail(file, line))
        printf("%s is %.17g, not %.17g: off by %.3g, allowed %.3g\n", text,
               value, expected, fabs(value - expected), tolerance);
    return holds;
}

static inline int check_ok(int holds, const char *text, const char *message,
                           const char *file, int line)
{
    if (!holds && check_fail(file, line))
        printf("failed: %s: %s\n", text, message);
    return holds;
}

static inline int check_main(const check_case *cases, int count, int argc,
                             char **argv)
{
    int i, passed = 0, failed = 0, skipped = 0;

    for (i = 0; i < count; i++) {
        if (argc > 1 && !strstr(cases[i].name, argv[1]))
            continue;
        check_failures = 0;
        check_skipped = NULL;
        cases[i].run();
        if (check_failures > CHECK_SHOWN)
            printf("  ... and %d more\n", check_failures - CHECK_SHOWN);
        if (check_failures > 0)
            printf("FAILED  %s\n", cases[i].name), failed++;
        else if (check_skipped)
            printf("skipped %s: %s\n", cases[i].name, check_skipped), skipped++;
        else
            printf("passed  %s\n", cases[i].name), passed++;
        fflush(stdout);
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed > 0 || passed + skipped == 0;
}

#endif /* CHECK_H */
