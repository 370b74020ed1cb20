/* svg_page.h - what all pictures have: a page, its colours, text, marks
 *
 * The colours keep their order in grey, so that a picture can be printed.  A
 * page that prefers dark gets light lines on a dark ground.                 */
#ifndef SVG_PAGE_H
#define SVG_PAGE_H

#include <stdio.h>

#if defined(__GNUC__)
#define SVG_UNUSED __attribute__((unused))
#else
#define SVG_UNUSED
#endif

/* A colour for each series of a plot; then shades of one from light to dark (on
 * a dark page from dark to light).                                          */
enum { SVG_SERIES = 6, SVG_SHADE = SVG_SERIES, SVG_COLOURS = SVG_SHADE + 3 };

/* In user units; text is sized for 600 of them across a page. Smaller pictures,
 * as of which several stand in a row: define another width, and height.     */
#ifndef SVG_WIDTH
#define SVG_WIDTH 600
#define SVG_HEIGHT 380
#endif
enum { SVG_W = SVG_WIDTH, SVG_LEFT = 62 };

typedef struct svg_box { double x, y, width, height; } svg_box;

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

/* On a light page dark to light, on a dark one light to dark, so that the order
 * survives a grey print; then the shades.                                   */
static void svg_colours(FILE *out)
{
    static const char *const colour[2][SVG_COLOURS] = {
        { "#0b3c6f", "#c1440e", "#3f7f20", "#7d5fb5", "#b58600", "#4593b8",
          "#78aede", "#3a7dbd", "#0b3c6f" },
        { "#9ecbff", "#ff9466", "#8fd46a", "#b596f0", "#d9a520", "#3fa7c9",
          "#3f79b5", "#7ab2ec", "#d3e7ff" }
    };
    static const char *const page[2] = {
        ".page{fill:#fff}.ink{fill:#222}.axis{stroke:#444}.grid{stroke:#ddd}",
        ".page{fill:#0d1117}.ink{fill:#e6e6e6}.axis{stroke:#aaa}"
        ".grid{stroke:#333}"
    };
    int dark, i;

    fprintf(out, "<style>\n");
    for (dark = 0; dark < 2; dark++) {
        fprintf(out, "%s%s\n", dark ? "@media (prefers-color-scheme:dark){\n"
                                    : "", page[dark]);
        for (i = 0; i < SVG_COLOURS; i++)
            fprintf(out, ".c%d{color:%s}", i, colour[dark][i]);
        fprintf(out, dark ? "\n}\n" : "\n");
    }
    fprintf(out, "</style>\n");
}

SVG_UNUSED static void svg_mark(double x, double y, int colour,
                                FILE *out)
{
    static const char *const shape[SVG_SERIES] = {
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "m-4 -4h8v8h-8z",
        "m0 -5l5 9h-10z", "m0 -5l5 5l-5 5l-5 -5z", "m0 5l5 -9h-10z",
        "m-5 -1.5h10v3h-10z"
    };

    fprintf(out, "<path class='c%d' fill='currentColor' d='M%.1f %.1f%s'/>\n",
            colour, x, y, shape[colour % SVG_SERIES]);
}

static void svg_begin(const char *title, const char *note, int height,
                      FILE *out)
{
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' role='img' "
                 "viewBox='0 0 %d %d' width='%d' height='%d' "
                 "font-family='sans-serif' font-size='13' class='ink'>\n"
                 "<title>", SVG_W, height, SVG_W, height);
    svg_escape(title, out);
    fprintf(out, "</title>\n");
    svg_colours(out);
    fprintf(out, "<rect class='page' width='%d' height='%d'/>\n", SVG_W,
            height);
    svg_text(SVG_LEFT, 24, "font-size='16'", title, out);
    if (note)
        svg_text(SVG_LEFT, 42, "font-size='12'", note, out);
}

#endif
