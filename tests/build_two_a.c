/* build_two_a.c - one of two files of one program: this one has the code
 *
 * With SPPO_STATIC both files have a copy of their own.                     */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

double build_two_a(void);
double build_two_a(void)
{
    double grad;

    return sppo_loss_point(0.25, 1.25, &grad) + grad;
}
