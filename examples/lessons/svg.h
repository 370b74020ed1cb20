/* svg.h - line plots with intervals, and paths in a triangle, for the examples
 *
 * Fill an svg_plot (all zero) with svg_add, then svg_write it: axes with round
 * ticks, a band from low to high, a line and marks per series, a legend in the
 * corner that is emptiest.  With log_x or log_y that axis is in powers of ten,
 * and what is not above 0 is left out.  Paths of three probabilities:
 * svg_add_simplex, svg_write_simplex.  Heat maps: svg_heat.h.
 *
 * All bands are drawn first, then all lines, then all marks, so that no band
 * dulls a line.  Each series has its own marks, twelve at most.  <title> and
 * <desc> say what is to be seen.                                            */
#ifndef SVG_H
#define SVG_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "svg_page.h"

enum { SVG_POINTS = 8192, SVG_NAME = 48, SVG_LABEL = 4,
       SVG_MANY = 1000 };  // from here on a line is thin, with one mark

typedef struct svg_plot {
    int log_x, log_y;    // set before svg_add
    int diagonal;        // 1: dashes where x equals y
    int bare;            // 1: without a legend
    double above;        // share of the height that is left for the legend
    double least;        // the y axis goes no lower; 0: as low as the points
    const char *note;    // below the title, such as what the bands are
    char name[SVG_SERIES][SVG_NAME];
    int colour[SVG_SERIES], dashed[SVG_SERIES], cut[SVG_SERIES];
    int count[SVG_SERIES];   // points of a series
    int series, points;
    int of[SVG_POINTS];      // the series of a point
    int begins[SVG_POINTS];  // 1: no line leads to it
    char label[SVG_POINTS][SVG_LABEL];
    double x[SVG_POINTS], y[SVG_POINTS], low[SVG_POINTS], high[SVG_POINTS];
} svg_plot;

/* The picture, in user units. */
enum { SVG_H_ = SVG_HEIGHT, SVG_RIGHT = 24, SVG_TOP = 52, SVG_BOTTOM = 54 };

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
    snprintf(plot->name[i], SVG_NAME, "%.47s", name);
    plot->colour[i] = i;
    return plot->series++;
}

/* A series in another colour than its own, or dashed. */
SVG_UNUSED static void svg_style(svg_plot *plot, const char *name, int colour,
                                 int dashed)
{
    const int s = svg_series(plot, name);

    if (s < 0)
        return;
    plot->colour[s] = colour;
    plot->dashed[s] = dashed;
}

/* The line of a series ends here; its next point begins another. */
SVG_UNUSED static void svg_cut(svg_plot *plot, const char *name)
{
    const int s = svg_series(plot, name);

    if (s >= 0)
        plot->cut[s] = 1;
}

/* A few letters beside the point that was added last. */
SVG_UNUSED static void svg_label(svg_plot *plot, const char *label)
{
    if (plot->points > 0)
        snprintf(plot->label[plot->points - 1], SVG_LABEL, "%.3s", label);
}

/* Returns 0 when there is no room for the series or the point, or when a number
 * is none or has no logarithm.                                              */
static int svg_add(svg_plot *plot, const char *name, double x, double y,
                   double low, double high)
{
    const int s = svg_series(plot, name), n = plot->points;

    if (s < 0 || n == SVG_POINTS || !isfinite(x + y + low + high) ||
        (plot->log_x && !(x > 0)) ||
        (plot->log_y && !(low > 0)))
        return 0;
    plot->of[n] = s;
    plot->count[s]++;
    plot->begins[n] = plot->cut[s];
    plot->cut[s] = 0;
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
    svg_range r = { floor(from + 1e-9), ceil(to - 1e-9), 1.0, 1 };

    r.to = fmax(r.to, r.from + 1.0);
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
        fprintf(out, "<path class='grid' d='M%.1f %.1fH%.1f'/>\n", left,
                svg_y(ry, at), right);
        svg_number(number, ry, at);
        svg_text(left - 8, svg_y(ry, at) + 4, "text-anchor='end'", number,
                 out);
    }
    for (at = rx.from; at < rx.to + rx.step / 2; at += rx.step) {
        fprintf(out, "<path class='axis' d='M%.1f %.1fv5'/>\n",
                svg_x(rx, at), bottom);
        svg_number(number, rx, at);
        svg_text(svg_x(rx, at), bottom + 19, "text-anchor='middle'", number,
                 out);
    }
    fprintf(out, "<path class='axis' d='M%.1f %.1fH%.1f'/>\n", left, bottom,
            right);
    svg_text((left + right) / 2, SVG_H_ - 14, "text-anchor='middle'", x_label,
             out);
    snprintf(turn, sizeof turn,
             "text-anchor='middle' transform='rotate(-90 11 %.1f)'",
             (SVG_TOP + bottom) / 2);
    svg_text(11, (SVG_TOP + bottom) / 2, turn, y_label, out);
}

/* ==== curves ============================================================= */

/* The series' point after i, or the first for i < 0; -1: there is none. */
static int svg_next(const svg_plot *plot, int s, int i)
{
    while (++i < plot->points)
        if (plot->of[i] == s)
            return i;
    return -1;
}

/* The last of the piece of line that begins at a point. */
static int svg_piece(const svg_plot *plot, int s, int from)
{
    int i, last = from;

    for (i = svg_next(plot, s, from); i >= 0 && !plot->begins[i];
         i = svg_next(plot, s, i))
        last = i;
    return last;
}

/* Each piece's points along the top, then along the bottom back. */
static void svg_band(const svg_plot *plot, int s, svg_range rx, svg_range ry,
                     FILE *out)
{
    int from, last, i;

    for (from = svg_next(plot, s, -1); from >= 0;
         from = svg_next(plot, s, last)) {
        double width = 0.0;

        last = svg_piece(plot, s, from);
        for (i = from; i >= 0 && i <= last; i = svg_next(plot, s, i))
            width = fmax(width, plot->high[i] - plot->low[i]);
        if (!(width > 0.0))
            continue;
        fprintf(out, "<path class='c%d' fill='currentColor' "
                     "fill-opacity='0.15' d='", plot->colour[s]);
        for (i = from; i >= 0 && i <= last; i = svg_next(plot, s, i))
            fprintf(out, "%c%.1f %.1f", i == from ? 'M' : 'L',
                    svg_x(rx, plot->x[i]), svg_y(ry, plot->high[i]));
        for (i = last; i >= from; i--)
            if (plot->of[i] == s)
                fprintf(out, "L%.1f %.1f", svg_x(rx, plot->x[i]),
                        svg_y(ry, plot->low[i]));
        fprintf(out, "z'/>\n");
    }
}

static void svg_line(const svg_plot *plot, int s, svg_range rx, svg_range ry,
                     FILE *out)
{
    int i;

    fprintf(out, "<path class='c%d' fill='none' stroke-width='%s' "
                 "stroke='currentColor'%s d='", plot->colour[s],
            plot->count[s] > SVG_MANY ? "0.7" : "2",
            plot->dashed[s] ? " stroke-dasharray='7 4'" : "");
    for (i = svg_next(plot, s, -1); i >= 0; i = svg_next(plot, s, i))
        fprintf(out, "%c%.1f %.1f",
                i == svg_next(plot, s, -1) || plot->begins[i] ? 'M' : 'L',
                svg_x(rx, plot->x[i]), svg_y(ry, plot->y[i]));
    fprintf(out, "'/>\n");
}

/* Marks, labels; where the series leaves the picture, how far it goes. */
static void svg_marks(const svg_plot *plot, int s, svg_range rx, svg_range ry,
                      FILE *out)
{
    static const int aside[3][2] = { { -6, -8 }, { 8, 12 }, { -2, 17 } };
    const int *away = aside[s % 3];  // so that labels of series do not meet
    const int count = plot->count[s];
    const int every = count > SVG_MANY ? count : (count + 11) / 12;
    int i, nth = 0, lowest = -1;
    char words[48], style[80];

    snprintf(style, sizeof style, "class='c%d' fill='currentColor' "
             "font-size='12' text-anchor='middle'", plot->colour[s]);
    for (i = svg_next(plot, s, -1); i >= 0; i = svg_next(plot, s, i)) {
        const double x = svg_x(rx, plot->x[i]), y = svg_y(ry, plot->y[i]);

        if (nth++ % every == 0 && plot->y[i] >= ry.from)
            svg_mark(x, y, plot->colour[s], out);
        if (*plot->label[i])
            svg_text(x + away[0], y + away[1], style, plot->label[i], out);
        if (plot->y[i] < ry.from
            && (lowest < 0 || plot->y[i] < plot->y[lowest]))
            lowest = i;
    }
    if (lowest < 0)
        return;
    snprintf(words, sizeof words, "to %.0f", plot->y[lowest]);
    svg_text(svg_x(rx, plot->x[lowest]), SVG_H_ - SVG_BOTTOM - 6, style, words,
             out);
}

/* ---- the legend ---- */

static int svg_inside(svg_box b, double x, double y)
{
    return x > b.x && x < b.x + b.width && y > b.y && y < b.y + b.height;
}

/* How much of the lines and bands a box would hide. */
static int svg_hidden(const svg_plot *plot, svg_box b, svg_range rx,
                      svg_range ry)
{
    enum { BETWEEN = 8 };
    int s, i, to, part, hidden = 0;

    for (s = 0; s < plot->series; s++)
        for (i = svg_next(plot, s, -1); i >= 0; i = to) {
            to = svg_next(plot, s, i);
            for (part = 0; to >= 0 && part < BETWEEN; part++) {
                const double t = (double)part / BETWEEN;
                const double x = svg_x(rx, plot->x[i] * (1 - t)
                                           + plot->x[to] * t);

                hidden += 4 * svg_inside(b, x, svg_y(ry, plot->y[i] * (1 - t)
                                                     + plot->y[to] * t));
                hidden += svg_inside(b, x, svg_y(ry, plot->low[i]));
                hidden += svg_inside(b, x, svg_y(ry, plot->high[i]));
            }
        }
    return hidden;
}

/* In the corner where it hides least. */
static void svg_legend(const svg_plot *plot, svg_range rx, svg_range ry,
                       FILE *out)
{
    const int columns = plot->series > 4 ? 2 : 1;
    const int rows = (plot->series + columns - 1) / columns;
    svg_box b = { 0, 0, 0, 18.0 * rows + 8 }, best = b;
    double wide = 0.0;
    int s, corner, least = -1;

    for (s = 0; s < plot->series; s++)
        wide = fmax(wide, 44 + 7.2 * (double)strlen(plot->name[s]));
    b.width = columns * wide;
    for (corner = 0; corner < 4; corner++) {
        int hidden;

        b.x = corner % 2 ? SVG_W - SVG_RIGHT - b.width - 4 : SVG_LEFT + 6;
        b.y = corner / 2 ? SVG_H_ - SVG_BOTTOM - b.height - 6 : SVG_TOP + 2;
        hidden = svg_hidden(plot, b, rx, ry);
        if (least < 0 || hidden < least)
            least = hidden, best = b;
    }
    fprintf(out, "<g>\n<rect class='page' fill-opacity='0.8' x='%.1f' "
                 "y='%.1f' width='%.1f' height='%.1f'/>\n", best.x, best.y,
            best.width, best.height);
    for (s = 0; s < plot->series; s++) {
        const double x = best.x + s % columns * wide;
        const double y = best.y + 13 + 18 * (s / columns);

        fprintf(out, "<path class='c%d' stroke='currentColor' "
                     "stroke-width='2'%s d='M%.1f %.1fh26'/>\n",
                plot->colour[s],
                plot->dashed[s] ? " stroke-dasharray='7 4'" : "", x + 4, y);
        svg_mark(x + 17, y, plot->colour[s], out);
        svg_text(x + 36, y + 4.5, "", plot->name[s], out);
    }
    fprintf(out, "</g>\n");
}

/* What there is to see, in words. */
static void svg_describe(const svg_plot *plot, const char *what,
                         const char *over, FILE *out)
{
    int s;

    fprintf(out, "<desc>");
    svg_escape(what, out);
    fprintf(out, " over ");
    svg_escape(over, out);
    for (s = 0; s < plot->series; s++) {
        const int first = svg_next(plot, s, -1);
        int i, last = first;

        for (i = first; i >= 0; i = svg_next(plot, s, i))
            last = i;
        fprintf(out, s ? "; " : ": ");
        svg_escape(plot->name[s], out);
        if (first >= 0)
            fprintf(out, " from %.4g to %.4g",
                    plot->log_y ? pow(10, plot->y[first]) : plot->y[first],
                    plot->log_y ? pow(10, plot->y[last]) : plot->y[last]);
    }
    fprintf(out, ".</desc>\n");
}

/* The curves in their ranges, the legend, the end of the file.  What lies
 * outside the ranges is cut off by an <svg> of their size.                  */
static void svg_end(const svg_plot *plot, svg_range rx, svg_range ry,
                    FILE *out)
{
    const int width = SVG_W - SVG_LEFT - SVG_RIGHT;
    const int height = SVG_H_ - SVG_TOP - SVG_BOTTOM;
    int i;

    fprintf(out, "<svg x='%d' y='%d' width='%d' height='%d' "
                 "viewBox='%d %d %d %d'>\n", SVG_LEFT, SVG_TOP, width,
            height + 1, SVG_LEFT, SVG_TOP, width, height + 1);
    fprintf(out, "<g class='bands'>\n");
    for (i = 0; i < plot->series; i++)
        svg_band(plot, i, rx, ry, out);
    fprintf(out, "</g>\n<g class='lines'>\n");
    for (i = 0; i < plot->series; i++)
        svg_line(plot, i, rx, ry, out);
    fprintf(out, "</g>\n</svg>\n<g class='marks'>\n");
    for (i = 0; i < plot->series; i++)
        svg_marks(plot, i, rx, ry, out);
    fprintf(out, "</g>\n");
    if (!plot->bare)
        svg_legend(plot, rx, ry, out);
    fprintf(out, "</svg>\n");
}

/* Dashes where both axes say the same. */
static void svg_diagonal(svg_range rx, svg_range ry, FILE *out)
{
    const double from = fmax(rx.from, ry.from), to = fmin(rx.to, ry.to);

    if (to > from)
        fprintf(out, "<path class='axis' stroke-dasharray='2 4' "
                     "d='M%.1f %.1fL%.1f %.1f'/>\n", svg_x(rx, from),
                svg_y(ry, from), svg_x(rx, to), svg_y(ry, to));
}

SVG_UNUSED static void svg_write(const svg_plot *plot, const char *title,
                                 const char *x_label, const char *y_label,
                                 FILE *out)
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
    y1 += plot->above * (y1 - y0);
    y0 = plot->least != 0.0 && y0 < plot->least ? plot->least : y0;
    rx = plot->log_x ? svg_decades(x0, x1) : svg_round(x0, x1);
    ry = plot->log_y ? svg_decades(y0, y1) : svg_round(y0, y1);
    if (!plot->log_x && x1 - x0 < 10 && floor(x0) == x0 && floor(x1) == x1)
        rx.step = rx.step < 1 ? 1 : rx.step;  // iterations are whole numbers
    svg_begin(title, plot->note, SVG_H_, out);
    svg_describe(plot, y_label, x_label, out);
    svg_axes(rx, ry, x_label, y_label, out);
    if (plot->diagonal)
        svg_diagonal(rx, ry, out);
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

    svg_begin(title, plot->note, SVG_H_, out);
    fprintf(out, "<desc>Paths in the triangle of the probabilities of %s, %s "
                 "and %s.</desc>\n", corner[0], corner[1], corner[2]);
    fprintf(out, "<path fill='none' class='axis' d='M%.1f %.1fH%.1fL%.1f "
                 "%.1fz'/>\n", svg_x(rx, 0), svg_y(ry, 0), svg_x(rx, 1),
            svg_x(rx, 0.5), svg_y(ry, top));
    svg_text(svg_x(rx, 0), svg_y(ry, 0) + 19, "text-anchor='middle'",
             corner[0], out);
    svg_text(svg_x(rx, 1), svg_y(ry, 0) + 19, "text-anchor='middle'",
             corner[1], out);
    svg_text(svg_x(rx, 0.5) + 10, svg_y(ry, top) + 10, "", corner[2], out);
    svg_end(plot, rx, ry, out);
}

#endif
