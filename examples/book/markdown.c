/* markdown.c - tables and paragraphs of the project's markdown as HTML */

#include "book.h"

#include <string.h>

static void add(buffer *out, const char *text)
{
    buffer_add(out, text, strlen(text));
}

static piece part(const char *at, size_t length)
{
    piece p;

    p.at = at;
    p.length = length;
    return p;
}

/* Where a mark of one or two characters comes next; the end: nowhere. */
static size_t find(piece text, size_t from, const char *mark)
{
    const size_t length = strlen(mark);

    while (from + length <= text.length &&
           memcmp(text.at + from, mark, length) != 0)
        from++;
    return from + length <= text.length ? from : text.length;
}

/* Text as it is; a bar in a table has a backslash before it. */
static void add_plain(buffer *out, piece text)
{
    size_t i;

    for (i = 0; i < text.length; i++)
        if (!piece_begins(part(text.at + i, text.length - i), "\\|"))
            add_escaped(out, part(text.at + i, 1));
}

/* What `mark` encloses at the beginning of the text, as an element; 0: the mark
 * is not there, or alone.  Returns the bytes that were read.                */
static size_t add_enclosed(buffer *out, piece text, const char *mark,
                           const char *element)
{
    const size_t length = strlen(mark), end = find(text, length, mark);

    if (!piece_begins(text, mark) || end == text.length)
        return 0;
    buffer_format(out, "<%s>", element);
    add_plain(out, part(text.at + length, end - length));
    buffer_format(out, "</%s>", element);
    return end + length;
}

/* [words](address): the words; the address leads out of the page. */
static size_t add_link(buffer *out, piece text)
{
    const size_t middle = find(text, 1, "]("), end = find(text, middle, ")");

    if (!piece_begins(text, "[") || middle == text.length ||
        end == text.length)
        return 0;
    add_escaped(out, part(text.at + 1, middle - 1));
    return end + 1;
}

/* `code`, **bold**, *emphasis*, a link, \| for a bar. */
static void add_inline(buffer *out, piece text)
{
    while (text.length) {
        size_t read = add_enclosed(out, text, "`", "code");

        if (!read)
            read = add_enclosed(out, text, "**", "b");
        if (!read)
            read = add_enclosed(out, text, "*", "i");
        if (!read)
            read = add_link(out, text);
        if (!read) {
            read = piece_begins(text, "\\|") ? 2 : 1;
            add_plain(out, part(text.at, read));
        }
        text = part(text.at + read, text.length - read);
    }
}

/* | a | b |: a cell for each; a bar after a backslash ends none. */
static void add_row(buffer *out, piece line, const char *cell)
{
    size_t from = 1, at = 1;

    add(out, "<tr>");
    for (; at < line.length; at++) {
        if (line.at[at] != '|' || line.at[at - 1] == '\\')
            continue;
        while (from < at && line.at[from] == ' ')
            from++;
        buffer_format(out, "<%s>", cell);
        add_inline(out, part(line.at + from, at - from));
        buffer_format(out, "</%.2s>", cell);
        from = at + 1;
    }
    add(out, "</tr>");
}

/* A line of a table, or of a paragraph; *state: what the line before was. */
enum { NOTHING, TABLE_HEAD, TABLE, PARAGRAPH };

static void leave(buffer *out, int *state)
{
    if (*state == TABLE || *state == TABLE_HEAD)
        add(out, "</tbody></table></div>");
    if (*state == PARAGRAPH)
        add(out, "</p>");
    *state = NOTHING;
}

static void add_line(buffer *out, piece line, int *state)
{
    const int row = piece_begins(line, "|");

    if (!line.length || piece_begins(line, "<!--") ||
        row != (*state == TABLE || *state == TABLE_HEAD))
        leave(out, state);
    if (!line.length || piece_begins(line, "<!--"))
        return;
    if (row && *state == NOTHING) {
        add(out, "<div class=\"scroll\"><table class=\"plain\"><thead>");
        add_row(out, line, "th scope=\"col\"");
        add(out, "</thead><tbody>");
        *state = TABLE_HEAD;
    } else if (row) {
        if (*state == TABLE)
            add_row(out, line, "td");
        *state = TABLE;  // the line below the head says nothing
    } else if (piece_begins(line, "#")) {
        leave(out, state);
        add(out, "<h4>");
        while (piece_begins(line, "#") || piece_begins(line, " "))
            line = part(line.at + 1, line.length - 1);
        add_inline(out, line);
        add(out, "</h4>");
    } else {
        add(out, *state == PARAGRAPH ? "\n" : "<p>");
        add_inline(out, line);
        *state = PARAGRAPH;
    }
}

sppo_result add_markdown(buffer *out, piece text, piece section)
{
    piece line;
    int state = NOTHING, inside = !section.length, found = inside;

    while (next_line(&text, &line)) {
        piece words = line;

        if (section.length && piece_begins(line, "<!-- ")) {
            piece name;

            next_word(&words);
            name = next_word(&words);
            inside = name.length == section.length &&
                     memcmp(name.at, section.at, name.length) == 0;
            found |= inside;
        } else if (inside)
            add_line(out, line, &state);
    }
    leave(out, &state);
    if (!found)
        STOP(out->ctx, "no <!-- %.*s --> there", (int)section.length,
             section.at);
    return SPPO_OK;
}
