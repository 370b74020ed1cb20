/* figures.c - what `make audit` and `make mutate` found, for the page */

#include "book.h"

#include <string.h>

static int same(piece a, piece b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

/* The last columns of a row are how far off, what is allowed, the verdict. */
sppo_result add_audit(buffer *out, piece table, piece row)
{
    piece line;

    while (next_line(&table, &line)) {
        piece words = line, off, allowed;

        if (!same(next_word(&words), row))
            continue;
        last_word(&words);
        allowed = last_word(&words);
        off = last_word(&words);
        if (piece_is(allowed, "checks"))     // a count, and none of them failed
            buffer_format(out, "<b>%.*s</b> checks, all passed",
                          (int)off.length, off.at);
        else
            buffer_format(out, "<b>%.*s</b> off, %.*s allowed", (int)off.length,
                          off.at, (int)allowed.length, allowed.at);
        return SPPO_OK;
    }
    STOP(out->ctx, "audit.txt has no row %.*s", (int)row.length, row.at);
}

/* A column of a line with tabs between them, taken off it. */
static piece take_column(piece *line)
{
    const char *tab = (const char *)memchr(line->at, '\t', line->length);
    piece column = *line;

    if (tab)
        column.length = (size_t)(tab - line->at);
    line->at += column.length + (tab ? 1 : 0);
    line->length -= column.length + (tab ? 1 : 0);
    return column;
}

sppo_result add_mutants(buffer *out, piece table, piece name)
{
    piece line;
    int count = 0;

    buffer_format(out, "<table class=\"mutants\"><thead><tr>"
                  "<th scope=\"col\">changed to</th>"
                  "<th scope=\"col\">what turns red</th></tr></thead><tbody>");
    while (next_line(&table, &line)) {
        piece now;

        if (!same(take_column(&line), name))
            continue;
        take_column(&line);
        now = take_column(&line);
        buffer_format(out, "<tr><td><code>");
        add_escaped(out, now);
        buffer_format(out, "</code></td><td><code>");
        if (piece_begins(line, "killed by "))
            line.at += 10, line.length -= 10;
        add_escaped(out, line);
        buffer_format(out, "</code></td></tr>");
        count++;
    }
    buffer_format(out, "</tbody></table>");
    if (!count)
        STOP(out->ctx, "mutants.txt has none of %.*s", (int)name.length,
             name.at);
    return SPPO_OK;
}
