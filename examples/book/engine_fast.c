/* engine_fast.c - the same work done twice, for the page to time */

#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* One number after the other, as the formula is written. */
static void plain_product(float *out, const float *in, const float *w, int n)
{
    int i, j, k;

    for (i = 0; i < n; i++)
        for (j = 0; j < n; j++) {
            float sum = 0.0f;

            for (k = 0; k < n; k++)
                sum += in[i * n + k] * w[j * n + k];
            out[i * n + j] = sum;
        }
}

/* out = in w' of n by n numbers, `times` times, in tiles or plainly; the
 * largest difference between the two goes to *apart when both have been
 * computed.  0: no memory.                                                  */
EXPORT(product) int product(int n, int tiled, int times, double *apart)
{
    static float *in, *w, *out[2], *panel;
    static int size;
    const size_t numbers = (size_t)n * (size_t)n;
    size_t i;
    int t;

    if (n != size) {
        free(in);
        in = (float *)malloc((4 * numbers + sppo_panel_size(n, n)) *
                             sizeof *in);
        if (!in)
            return size = 0;
        size = n;
        w = in + numbers;
        out[0] = w + numbers;
        out[1] = out[0] + numbers;
        panel = out[1] + numbers;
        for (i = 0; i < 2 * numbers; i++)
            in[i] = (float)sppo_random_uniform(1, (uint64_t)i) - 0.5f;
        memset(out[0], 0, 2 * numbers * sizeof *in);
    }
    for (t = 0; t < times; t++)
        if (tiled)
            sppo_linear_fwd(out[1], in, w, panel, n, n, n);
        else
            plain_product(out[0], in, w, n);
    *apart = 0.0;
    for (i = 0; i < numbers; i++) {
        const double d = (double)out[0][i] - (double)out[1][i];

        *apart = d > *apart ? d : -d > *apart ? -d : *apart;
    }
    return 1;
}
