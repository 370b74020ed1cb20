/* svg.h - line plots with intervals, triangles, heat maps, for the examples
 *
 * Fill an svg_plot (all zero) with svg_add, then svg_write it: axes with round
 * ticks, a band from low to high, a line and marks per series.  With log_x or
 * log_y that axis is in powers of ten, and what is not above 0 is left out.
 * Paths of three probabilities: svg_add_simplex, svg_write_simplex.  A matrix
 * of probabilities: svg_write_heat.  The colours keep their order in grey, and
 * each series has its own marks, twelve at most: a plot can be printed.     */
#ifndef SVG_H
#define SVG_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#if defined(__GNUC__)
#define SVG_UNUSED __attribute__((unused))
#else
#define SVG_UNUSED
#endif

enum { SVG_POINTS = 4096, SVG_SERIES = 6, SVG_NAME = 48 };

typedef struct svg_plot {
    int log_x, log_y;    // set before svg_add
    double legend_x, legend_y;  // 0 0: top left, 1 1: bottom right
    char name[SVG_SERIES][SVG_NAME];
    int series, points;
    int of[SVG_POINTS];  // the series of a point
    double x[SVG_POINTS], y[SVG_POINTS], low[SVG_POINTS], high[SVG_POINTS];
} svg_plot;

/* The picture, in user units; text is sized for 600 of them across a page. */
enum { SVG_W = 600, SVG_H_ = 380, SVG_LEFT = 62, SVG_RIGHT = 24, SVG_TOP = 40,
       SVG_BOTTOM = 54 };

typedef struct svg_range {
    double from, to, step;
    int log;  // 1: from, to and step are powers of ten
} svg_range;

static int svg_series(svg_plot *plot, const char *name)
{
    int i;

    for (i = 0; i < plot->series; i++)
        if (strncmp(plot->name[i], name, SVG_NAME - 1) == 0)
            return i;
    if (plot->series == SVG_SERIES)
        return -1;
    snprintf(plot->name[plot->series], SVG_NAME, "%.47s", name);
    return plot->series++;
}

/* Returns 0 when there is no room for the series or the point, or when a
 * logarithm would have none.                                                */
static int svg_add(svg_plot *plot, const char *name, double x, double y,
                   double low, double high)
{
    const int s = svg_series(plot, name), n = plot->points;

    if (s < 0 || n == SVG_POINTS || (plot->log_x && !(x > 0)) ||
        (plot->log_y && !(low > 0)))
        return 0;
    plot->of[n] = s;
    plot->x[n] = plot->log_x ? log10(x) : x;
    plot->y[n] = plot->log_y ? log10(y) : y;
    plot->low[n] = plot->log_y ? log10(low) : low;
    plot->high[n] = plot->log_y ? log10(high) : high;
    plot->points++;
    return 1;
}

/* A point of a path in the triangle of three probabilities: corners 0 and 1
 * left and right, 2 on top.                                                 */
SVG_UNUSED static int svg_add_simplex(svg_plot *plot, const char *name,
                                      const double p[3])
{
    const double y = p[2] * sqrt(0.75);

    return svg_add(plot, name, p[1] + p[2] / 2, y, y, y);
}

/* A range that holds both ends, in steps of 1, 2 or 5 times a power of ten. */
static svg_range svg_round(double from, double to)
{
    const double span = to > from ? to - from : 1.0;
    const double power = pow(10.0, floor(log10(span / 5.0)));
    const double rest = span / 5.0 / power;
    svg_range r;

    r.log = 0;
    r.step = power * (rest > 5.0 ? 10.0 : rest > 2.0 ? 5.0
                                      : rest > 1.0 ? 2.0 : 1.0);
    r.from = floor(from / r.step + 1e-9) * r.step;
    r.to = ceil(to / r.step - 1e-9) * r.step;
    if (r.to <= r.from)
        r.to = r.from + r.step;
    return r;
}

/* Whole powers of ten around both ends. */
static svg_range svg_decades(double from, double to)
{
    svg_range r;

    r.log = 1;
    r.from = floor(from + 1e-9);
    r.to = ceil(to - 1e-9);
    if (r.to <= r.from)
        r.to = r.from + 1.0;
    r.step = r.to - r.from > 8.0 ? 2.0 : 1.0;
    return r;
}

static double svg_x(svg_range r, double x)
{
    return SVG_LEFT + (x - r.from) / (r.to - r.from)
                    * (SVG_W - SVG_LEFT - SVG_RIGHT);
}

static double svg_y(svg_range r, double y)
{
    return SVG_H_ - SVG_BOTTOM - (y - r.from) / (r.to - r.from)
                               * (SVG_H_ - SVG_TOP - SVG_BOTTOM);
}

static void svg_escape(const char *words, FILE *out)
{
    for (; *words; words++)
        if (*words == '&' || *words == '<' || *words == '>')
            fputs(*words == '&' ? "&amp;" : *words == '<' ? "&lt;" : "&gt;",
                  out);
        else
            fputc(*words, out);
}

static void svg_text(double x, double y, const char *style, const char *words,
                     FILE *out)
{
    fprintf(out, "<text x='%.1f' y='%.1f' %s>", x, y, style);
    svg_escape(words, out);
    fprintf(out, "</text>\n");
}

/* What stands at a tick. */
static void svg_number(char number[32], svg_range r, double at)
{
    if (r.log)
        at = pow(10.0, floor(at + 0.5));
    else if (fabs(at) < r.step / 1e6)
        at = 0.0;
    snprintf(number, 32, "%.6g", at);
}

static void svg_axes(svg_range rx, svg_range ry, const char *x_label,
                     const char *y_label, FILE *out)
{
    const double left = SVG_LEFT, right = SVG_W - SVG_RIGHT;
    const double bottom = SVG_H_ - SVG_BOTTOM;
    char number[32], turn[96];
    double at;

    for (at = ry.from; at < ry.to + ry.step / 2; at += ry.step) {
        fprintf(out, "<path d='M%.1f %.1fH%.1f' stroke='#ddd'/>\n", left,
                svg_y(ry, at), right);
        svg_number(number, ry, at);
        svg_text(left - 8, svg_y(ry, at) + 4, "text-anchor='end'", number,
                 out);
    }
    for (at = rx.from; at < rx.to + rx.step / 2; at += rx.step) {
        fprintf(out, "<path d='M%.1f %.1fv5' stroke='#444'/>\n",
                svg_x(rx, at), bottom);
        svg_number(number, rx, at);
        svg_text(svg_x(rx, at), bottom + 19, "text-anchor='middle'", number,
                 out);
    }
    fprintf(out, "<path d='M%.1f %.1fH%.1f' stroke='#444'/>\n", left, bottom,
            right);
    svg_text((left + right) / 2, SVG_H_ - 14, "text-anchor='middle'", x_label,
             out);
    snprintf(turn, sizeof turn,
             "text-anchor='middle' transform='rotate(-90 16 %.1f)'",
             (SVG_TOP + bottom) / 2);
    svg_text(16, (SVG_TOP + bottom) / 2, turn, y_label, out);
}

/* Dark to light, so that the order survives a grey print. */
static const char *svg_colour(int series)
{
    static const char *const colour[SVG_SERIES] = {
        "#0b3c6f", "#c1440e", "#4b8f29", "#8a6bbf", "#c99700", "#5fa8c9"
    };

    return colour[series];
}

static void svg_mark(double x, double y, int series, FILE *out)
{
    static const char *const shape[SVG_SERIES] = {
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "m-4 -4h8v8h-8z",
        "m0 -5l5 9h-10z", "m0 -5l5 5l-5 5l-5 -5z", "m0 5l5 -9h-10z",
        "m-5 -1.5h10v3h-10z"
    };

    fprintf(out, "<path d='M%.1f %.1f%s' fill='%s'/>\n", x, y, shape[series],
            svg_colour(series));
}

static void svg_curve(const svg_plot *plot, int s, svg_range rx, svg_range ry,
                      FILE *out)
{
    int i, first = 1, count = 0, nth = 0;

    fprintf(out, "<path fill='%s' fill-opacity='0.15' d='", svg_colour(s));
    for (i = 0; i < plot->points; i++)
        if (plot->of[i] == s) {
            fprintf(out, "%c%.1f %.1f", first ? 'M' : 'L',
                    svg_x(rx, plot->x[i]), svg_y(ry, plot->high[i]));
            first = 0;
        }
    for (i = plot->points - 1; i >= 0; i--)
        if (plot->of[i] == s)
            fprintf(out, "L%.1f %.1f", svg_x(rx, plot->x[i]),
                    svg_y(ry, plot->low[i]));
    fprintf(out, "z'/>\n<path fill='none' stroke-width='2' stroke='%s' d='",
            svg_colour(s));
    first = 1;
    for (i = 0; i < plot->points; i++)
        if (plot->of[i] == s) {
            fprintf(out, "%c%.1f %.1f", first ? 'M' : 'L',
                    svg_x(rx, plot->x[i]), svg_y(ry, plot->y[i]));
            first = 0;
        }
    fprintf(out, "'/>\n");
    for (i = 0; i < plot->points; i++)
        count += plot->of[i] == s;
    for (i = 0; i < plot->points; i++)
        if (plot->of[i] == s && nth++ % ((count + 11) / 12) == 0)
            svg_mark(svg_x(rx, plot->x[i]), svg_y(ry, plot->y[i]), s, out);
}

static void svg_legend(const svg_plot *plot, FILE *out)
{
    const double width = 160, height = 18 * plot->series + 6;
    const double x = SVG_LEFT + 16
                   + plot->legend_x * (SVG_W - SVG_LEFT - SVG_RIGHT - width);
    double y = SVG_TOP + 14
             + plot->legend_y * (SVG_H_ - SVG_TOP - SVG_BOTTOM - height);
    int s;

    for (s = 0; s < plot->series; s++, y += 18) {
        svg_mark(x, y - 4, s, out);
        svg_text(x + 12, y, "", plot->name[s], out);
    }
}

static void svg_begin(const char *title, int height, FILE *out)
{
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' "
                 "width='%d' height='%d' font-family='sans-serif' "
                 "font-size='13' fill='#222'>\n"
                 "<rect width='%d' height='%d' fill='#fff'/>\n",
            SVG_W, height, SVG_W, height, SVG_W, height);
    svg_text(SVG_LEFT, 24, "font-size='16'", title, out);
}

/* The curves in their ranges, the legend, the end of the file. */
static void svg_end(const svg_plot *plot, svg_range rx, svg_range ry,
                    FILE *out)
{
    int i;

    for (i = 0; i < plot->series; i++)
        svg_curve(plot, i, rx, ry, out);
    svg_legend(plot, out);
    fprintf(out, "</svg>\n");
}

static void svg_write(const svg_plot *plot, const char *title,
                      const char *x_label, const char *y_label, FILE *out)
{
    double x0 = plot->x[0], x1 = x0, y0 = plot->low[0], y1 = plot->high[0];
    svg_range rx, ry;
    int i;

    for (i = 1; i < plot->points; i++) {
        x0 = plot->x[i] < x0 ? plot->x[i] : x0;
        x1 = plot->x[i] > x1 ? plot->x[i] : x1;
        y0 = plot->low[i] < y0 ? plot->low[i] : y0;
        y1 = plot->high[i] > y1 ? plot->high[i] : y1;
    }
    rx = plot->log_x ? svg_decades(x0, x1) : svg_round(x0, x1);
    ry = plot->log_y ? svg_decades(y0, y1) : svg_round(y0, y1);
    if (!plot->log_x && x1 - x0 < 10 && floor(x0) == x0 && floor(x1) == x1)
        rx.step = rx.step < 1 ? 1 : rx.step;  // iterations are whole numbers
    svg_begin(title, SVG_H_, out);
    svg_axes(rx, ry, x_label, y_label, out);
    svg_end(plot, rx, ry, out);
}

/* Paths of svg_add_simplex in their triangle; corner: its three names. */
SVG_UNUSED static void svg_write_simplex(const svg_plot *plot,
                                         const char *title,
                                         const char *const corner[3],
                                         FILE *out)
{
    const double top = sqrt(0.75);  // of a triangle of side 1
    const double half = 0.5 * top * (SVG_W - SVG_LEFT - SVG_RIGHT)
                      / (SVG_H_ - SVG_TOP - SVG_BOTTOM);
    const svg_range rx = { 0.5 - half, 0.5 + half, 1.0, 0 };
    const svg_range ry = { 0.0, top, 1.0, 0 };

    svg_begin(title, SVG_H_, out);
    fprintf(out, "<path fill='none' stroke='#444' d='M%.1f %.1fH%.1fL%.1f "
                 "%.1fz'/>\n", svg_x(rx, 0), svg_y(ry, 0), svg_x(rx, 1),
            svg_x(rx, 0.5), svg_y(ry, top));
    svg_text(svg_x(rx, 0), svg_y(ry, 0) + 19, "text-anchor='middle'",
             corner[0], out);
    svg_text(svg_x(rx, 1), svg_y(ry, 0) + 19, "text-anchor='middle'",
             corner[1], out);
    svg_text(svg_x(rx, 0.5) + 10, svg_y(ry, top) + 10, "", corner[2], out);
    svg_end(plot, rx, ry, out);
}

/* A square of n x n numbers from 0 to 1 as percents, the darker the greater;
 * names beside the rows and above the columns.                              */
SVG_UNUSED static void svg_write_heat(const double *value, int n,
                                      const char *const *name,
                                      const char *title, const char *caption,
                                      FILE *out)
{
    const double left = 92, top = 66, wide = (SVG_W - left - 16) / n, high = 34;
    const int height = (int)(top + n * high + 40);
    char percent[32];
    int i, j;

    svg_begin(title, height, out);
    for (i = 0; i < n; i++) {
        svg_text(left - 8, top + (i + 0.5) * high + 4.5, "text-anchor='end'",
                 name[i], out);
        svg_text(left + (i + 0.5) * wide, top - 8, "text-anchor='middle' "
                 "font-size='11.5'", name[i], out);
        for (j = 0; j < n; j++) {
            const double v = value[i * n + j];
            const double part = v < 0.2 ? 0.0 : v > 0.8 ? 1.0 : (v - 0.2) / 0.6;
            const double dark = part * sqrt(part);  // lighter about one half

            // white to the first colour of the palette, #0b3c6f
            fprintf(out, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' "
                         "fill='rgb(%.0f,%.0f,%.0f)' stroke='#fff'/>\n",
                    left + j * wide, top + i * high, wide, high,
                    255 - dark * 244, 255 - dark * 195, 255 - dark * 144);
            snprintf(percent, sizeof percent, "%.1f", 100 * v);
            svg_text(left + (j + 0.5) * wide, top + (i + 0.5) * high + 4.5,
                     dark > 0.5 ? "text-anchor='middle' fill='#fff'"
                                : "text-anchor='middle'", percent, out);
        }
    }
    svg_text((left + SVG_W - 16) / 2, height - 14, "text-anchor='middle'",
             caption, out);
    fprintf(out, "</svg>\n");
}

#endif
