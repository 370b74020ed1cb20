/* build_two_b.c - the other file: just the declarations, unless SPPO_STATIC */
#ifdef SPPO_STATIC
#define SPPO_IMPLEMENTATION
#endif
#include "../sppo.h"
#include "../sppo.h"

#include <stdio.h>
#include <string.h>

#include "build_play.h"

double build_two_a(void);

int main(void)
{
    static sppo_ctx ctx;
    double grad;
    const double b = sppo_loss_point(0.25, 1.25, &grad) + grad;
    const unsigned long sum = build_play(&ctx, NULL);

    if (build_two_a() < b || build_two_a() > b || !sum
        || strcmp(sppo_version(), SPPO_VERSION) != 0)
        return 1;
    printf("%08lx\n", sum);
    return 0;
}
