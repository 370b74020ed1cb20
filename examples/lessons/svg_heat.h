/* svg_heat.h - heat maps of probabilities: svg_write_heat */
#ifndef SVG_HEAT_H
#define SVG_HEAT_H

#include <math.h>
#include <stdio.h>

#include "svg_page.h"

/* A probability's colour: orange below one half, blue above, nearly white at
 * it, full from 0.2 and 0.8 on.                                             */
static void svg_heat_colour(double v, double rgb[3])
{
    static const double middle[3] = { 245, 245, 245 };
    static const double end[2][3] = { { 193, 68, 14 }, { 11, 60, 111 } };
    const double far_off = fmin(1.0, fabs(v - 0.5) / 0.3);
    int i;

    for (i = 0; i < 3; i++)
        rgb[i] = middle[i] + far_off * (end[v > 0.5][i] - middle[i]);
}

/* Relative luminance, as the Web Content Accessibility Guidelines have it. */
static double svg_luminance(const double rgb[3])
{
    static const double weight[3] = { 0.2126, 0.7152, 0.0722 };
    double sum = 0.0;
    int i;

    for (i = 0; i < 3; i++) {
        const double x = rgb[i] / 255.0;

        sum += weight[i] * (x <= 0.03928 ? x / 12.92
                                         : pow((x + 0.055) / 1.055, 2.4));
    }
    return sum;
}

/* Black or white, whichever stands out more: at the luminance where both do
 * alike their contrast is sqrt(21), so it is 4.58 at least everywhere.      */
static const char *svg_heat_ink(const double rgb[3])
{
    return svg_luminance(rgb) + 0.05 > sqrt(1.05 * 0.05) ? "#000" : "#fff";
}

static void svg_heat_cell(svg_box b, double v, FILE *out)
{
    char percent[32], style[64];
    double rgb[3];

    svg_heat_colour(v, rgb);
    fprintf(out, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' "
                 "fill='rgb(%.0f,%.0f,%.0f)'/>\n", b.x, b.y, b.width - 1,
            b.height - 1, rgb[0], rgb[1], rgb[2]);
    snprintf(percent, sizeof percent, "%.1f", 100 * v);
    snprintf(style, sizeof style, "text-anchor='middle' fill='%s'",
             svg_heat_ink(rgb));
    svg_text(b.x + b.width / 2, b.y + b.height / 2 + 4.5, style, percent, out);
}

/* A square of n x n numbers from 0 to 1 as percents; names beside the rows and
 * above the columns.                                                        */
SVG_UNUSED static void svg_write_heat(const double *value, int n,
                                      const char *const *name,
                                      const char *title, const char *note,
                                      const char *caption, FILE *out)
{
    const double left = 76, top = 78;
    const int height = (int)(top + n * 34.0 + 40);
    svg_box b = { 0, 0, (SVG_W - left - 16) / n, 34 };
    int i, j;

    svg_begin(title, note, height, out);
    fprintf(out, "<desc>");
    svg_escape(caption, out);
    fprintf(out, "; blue above 50, orange below.  In order:");
    for (i = 0; i < n; i++)
        fprintf(out, "%s %s", i ? "," : "", name[i]);
    fprintf(out, ".</desc>\n");
    for (i = 0; i < n; i++) {
        b.y = top + i * b.height;
        svg_text(left - 8, b.y + b.height / 2 + 4.5, "text-anchor='end'",
                 name[i], out);
        svg_text(left + (i + 0.5) * b.width, top - 8, "text-anchor='middle' "
                 "font-size='12'", name[i], out);
        for (j = 0; j < n; j++) {
            b.x = left + j * b.width;
            svg_heat_cell(b, value[i * n + j], out);
        }
    }
    svg_text((left + SVG_W - 16) / 2, height - 14, "text-anchor='middle'",
             caption, out);
    fprintf(out, "</svg>\n");
}

#endif
