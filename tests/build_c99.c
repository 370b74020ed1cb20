/* build_c99.c - the header included twice in one C99 file that uses it
 *
 * Plays two rounds of a tiny game against itself and prints a checksum of the
 * weights: test_build.sh compares it between builds.                        */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "../sppo.h"

#include <stdio.h>
#include <string.h>

#include "build_play.h"

int main(void)
{
    static sppo_ctx ctx;
    const unsigned long sum = build_play(&ctx, NULL);

    if (!sum || ctx.held) {
        fprintf(stderr, "build_c99: %s\n", ctx.message);
        return 1;
    }
    printf("%08lx\n", sum);
    return 0;
}
