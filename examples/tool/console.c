/* console.c - messages, progress, and results of a few named values */

#include "console.h"
#include "columns.h"
#include "signals.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void console_init(console *c)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

    c->live = isatty(2) && term && *term && strcmp(term, "dumb") != 0;
    c->plain = no_color && *no_color;
    c->started = seconds_now();
}

void console_erase(console *c)
{
    if (line_drawn && c->plain)
        fprintf(stderr, "\r%*s\r", c->drawn, "");
    else if (line_drawn)
        fputs("\r\033[K", stderr);
    line_drawn = 0;
    c->drawn = 0;
}

int console_width(void)
{
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : 0;
#ifdef TIOCGWINSZ
    struct winsize size;

    if (ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
#endif
    return width > 0 ? width : 80;
}

void show_text(FILE *out, const char *text, size_t length)
{
    int before = 0;
    size_t i;

    for (i = 0; i < length; i++) {
        const int c = (unsigned char)text[i];
        const int bad = (c < 32 && c != '\n' && c != '\t') ||
                        (c > 126 && c < 160 && (before < 128 ||
                                                before == 0xc2));
        before = bad ? '?' : c;
        putc(before, out);
    }
}

void show_column(FILE *out, const char *text, size_t length, int width)
{
    const int columns = text_columns(text, length);

    show_text(out, text, length);
    fprintf(out, "%*s", columns < width ? width - columns : 0, "");
}

void print_wrapped(FILE *out, int indent, int width, const char *text)
{
    int column = indent;

    while (*text) {
        const int n = (int)strcspn(text, " ");
        const int columns = text_columns(text, (size_t)n);
        if (width && column > indent && column + 1 + columns > width - 1) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        fprintf(out, "%s", column > indent ? " " : "");
        show_text(out, text, (size_t)n);
        column += columns + (column > indent);
        text += n + (text[n] == ' ');
    }
    fprintf(out, "\n");
}

void console_say(console *c, const char *sentence)
{
    console_erase(c);
    print_wrapped(stderr, 0, c->live ? console_width() : 0, sentence);
}

void note(console *c, const char *format, ...)
{
    char sentence[2 * PATH_ROOM];
    va_list list;

    if (c->quiet)
        return;
    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    console_say(c, sentence);
}

sppo_result output_check(sppo_ctx *ctx)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_IO, "cannot write to standard output: %s",
                     errno ? strerror(errno) : "is the disk full?");
}

void report_begin(report *r, sppo_ctx *ctx, int json)
{
    memset(r, 0, sizeof *r);
    r->out.ctx = ctx;
    r->json = json;
}

void report_real(report *r, const char *title, double value, int digits,
                 const char *remark)
{
    size_t i;

    if (!r->json) {
        buffer_format(&r->out, "%-28s %12.*f%s%s\n", title, digits, value,
                      *remark ? "  " : "", remark);
        return;
    }
    buffer_add(&r->out, r->out.length ? ", \"" : "{\"",
               r->out.length ? 3 : 2);
    for (i = 0; title[i]; i++)
        buffer_add(&r->out, title[i] == ' ' ? "_" : title + i, 1);
    if (value - value == 0.0)
        buffer_format(&r->out, "\": %.9g", value);
    else
        buffer_format(&r->out, "\": null");
}

sppo_result report_end(report *r)
{
    const sppo_result result = buffer_check(&r->out);

    if (r->json)
        buffer_add(&r->out, "}\n", 2);
    if (result == SPPO_OK)
        fputs(r->out.data, stdout);
    buffer_free(&r->out);
    return result;
}
