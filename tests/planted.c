/* planted.c NAME - errors on purpose, which sanitize.sh must see reported
 *
 * Built like the tests, so that a report shows that the flags, the run-time
 * library and its options look at the header's own code.  `none` has no error.
 */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 8 };

static int sum;
static sppo_real *volatile lost;  // volatile: no compiler knows what it holds

/* Of two rows with a last row that is not there, or not yet written. */
static sppo_real linear(const sppo_real *in, int rows)
{
    static sppo_real weights[WIDTH * WIDTH], out[2 * WIDTH];
    static sppo_real panel[4096];
    int i;

    for (i = 0; i < WIDTH * WIDTH; i++)
        weights[i] = (sppo_real)0.5;
    sppo_linear_fwd(out, in, weights, panel, rows, WIDTH,
                    WIDTH);
    return out[(rows - 1) * WIDTH];
}

static void add_for_long(int i)
{
    int j;

    for (j = 0; j < 1000; j++)
        sum += i & j;
}

static void race(void)
{
    int i;

    SPPOI_EACH(SPPOI_FOR, i, 64, add_for_long(i));
}

static int without_error(void)
{
    sppo_real in[WIDTH] = { 0 };

    return linear(in, 1) > 0;
}

static int planted(const char *name, sppo_real *rows)
{
    const int large = 2147483647 - (int)rows[0];

    if (!strcmp(name, "none"))
        return without_error();
    if (!strcmp(name, "beyond"))
        return linear(rows, 2) > 0;
    if (!strcmp(name, "unwritten"))
        return linear(rows, 1) > 0 ? puts("above zero") : 0;
    if (!strcmp(name, "overflow"))
        return large + 1 < 0;
    if (!strcmp(name, "leak")) {
        lost = (sppo_real *)calloc(WIDTH, sizeof *lost);
        lost = NULL;
        return 0;
    }
    race();
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "none";
    sppo_real *rows = (sppo_real *)malloc(WIDTH * sizeof *rows);
    int result;

    if (!rows)
        return 1;
    rows[0] = 0;
    result = planted(name, rows);
    free(rows);
    printf("%s %d %d\n", name, result, sum);
    return 0;
}
