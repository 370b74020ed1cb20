/* plot.c - a line plot with intervals, as SVG, from a small table
 *
 * Reads rows "series,x,y,low,high" (low and high may be missing) on standard
 * input and writes an SVG picture to standard output.
 *
 *   printf 'gold,0,0.5\ngold,1,0.7,0.66,0.74\n' |
 *       build/plot 'Win rate' 'iteration' 'win rate against the base' \
 *           'bands: 95 %'
 */
#include "svg.h"

#include <stdlib.h>
#include <string.h>

static int read_row(char *line, svg_plot *plot)
{
    double value[4] = { 0, 0, 0, 0 };
    char *at = strchr(line, ',');
    int n;

    if (!at)
        return 0;
    *at++ = 0;
    for (n = 0; n < 4; n++) {
        char *end;

        value[n] = strtod(at, &end);
        if (end == at)
            break;
        at = *end == ',' ? end + 1 : end;
    }
    if (n < 2)
        return 0;
    if (n < 4) {
        value[2] = value[1];
        value[3] = value[1];
    }
    return svg_add(plot, line, value[0], value[1], value[2], value[3]);
}

int main(int argc, char **argv)
{
    static svg_plot plot;
    char line[512];
    int number = 0;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: plot TITLE X-LABEL Y-LABEL [NOTE] < rows "
                        "> file.svg\n"
                        "rows: series,x,y[,low,high]\n");
        return 2;
    }
    while (fgets(line, sizeof line, stdin)) {
        number++;
        if (!read_row(line, &plot)) {
            fprintf(stderr, "plot: line %d is not series,x,y[,low,high], or "
                            "there are too many points\n", number);
            return 3;
        }
    }
    if (!plot.points) {
        fprintf(stderr, "plot: there are no rows\n");
        return 3;
    }
    plot.note = argv[4];  // NULL after the last
    svg_write(&plot, argv[1], argv[2], argv[3], stdout);
    return ferror(stdout) ? 5 : 0;
}
