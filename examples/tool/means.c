/* means.c - means with their intervals: for people, or as one JSON object */

#include "means.h"
#include "columns.h"
#include "console.h"

#include <string.h>

void means_begin(means *m, sppo_ctx *ctx, int json)
{
    memset(m, 0, sizeof *m);
    m->out.ctx = m->line.ctx = ctx;
    m->json = json;
    buffer_add(&m->out, "{", (size_t)json);
}

/* "name": of the next entry of JSON. */
static void json_name(means *m, const char *title)
{
    const size_t length = m->out.length;

    if (length && m->out.data[length - 1] != '{')
        buffer_add(&m->out, ", ", 2);
    buffer_quote(&m->out, title, strlen(title));
    buffer_add(&m->out, ": ", 2);
}

/* A title of ours; a name out of a file stays as it is. */
static void json_title(means *m, const char *title)
{
    char name[64], *c;

    snprintf(name, sizeof name, "%s", title);
    for (c = name; *c; c++)
        *c = *c == ' ' ? '_' : *c;
    json_name(m, name);
}

/* A number, or what stands for none. */
static void add_number(buffer *out, int json, double value, int digits)
{
    if (value - value == 0.0)
        buffer_format(out, json ? "%.*g" : "%.*f", digits, value);
    else
        buffer_format(out, json ? "null" : "-");
}

/* A title, or as much of it as `most` columns have room for, and blanks up to
 * `width` columns.                                                          */
static void add_title(means *m, const char *title, int width, int most)
{
    const int indent = 2 * m->depth;
    const size_t length = text_fits(title, strlen(title), most - indent);
    const int columns = text_columns(title, length);

    buffer_format(&m->out, "%*s%.*s%*s", indent, "", (int)length, title,
                  columns < width ? width - columns : 0, "");
}

void means_open(means *m, const char *title)
{
    if (m->json) {
        json_name(m, title);
        buffer_add(&m->out, "{", 1);
    } else {
        add_title(m, title, 0, LINE_MOST);
        buffer_add(&m->out, "\n", 1);
    }
    m->depth++;
}

void means_close(means *m)
{
    buffer_add(&m->out, "}", (size_t)m->json);
    m->depth--;
}

void means_list(means *m, const char *title)
{
    if (m->json)
        means_open(m, title);
}

void means_list_end(means *m)
{
    if (m->json)
        means_close(m);
}

void means_order(const double *value, int *order, int n)
{
    int i, at;

    for (i = 0; i < n; i++) {
        for (at = i; at > 0 && value[order[at - 1]] < value[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static void means_add_json(means *m, interval x, int unread)
{
    const double none = x.n ? x.mean : x.low;  // -infinity

    buffer_format(&m->out, "{\"mean\": ");
    add_number(&m->out, m->json, none, 9);
    buffer_format(&m->out, ", \"low\": ");
    add_number(&m->out, m->json, x.low, 9);
    buffer_format(&m->out, ", \"high\": ");
    add_number(&m->out, m->json, x.high, 9);
    buffer_format(&m->out, ", \"n\": %d, \"unread\": %d}", x.n, unread);
}

void means_add(means *m, const char *title, interval x, int digits,
               const char *things, int unread)
{
    if (m->json) {
        json_title(m, title);
        means_add_json(m, x, unread);
        return;
    }
    buffer_clear(&m->line);
    buffer_format(&m->line, " ");
    add_number(&m->line, m->json, x.n ? x.mean : x.low, digits);
    buffer_format(&m->line, "  (");
    add_number(&m->line, m->json, x.low, digits);
    buffer_format(&m->line, " to ");
    add_number(&m->line, m->json, x.high, digits);
    buffer_format(&m->line, ")  %d %s", x.n, things);
    if (unread)
        buffer_format(&m->line, ", %d unread", unread);
    add_title(m, title, 20, LINE_MOST - (int)m->line.length);
    buffer_add(&m->out, m->line.data, m->line.length);
    buffer_add(&m->out, "\n", 1);
}

void means_count(means *m, const char *title, int count)
{
    if (m->json) {
        json_title(m, title);
        buffer_format(&m->out, "%d", count);
    } else {
        add_title(m, title, 20, LINE_MOST - 12);
        buffer_format(&m->out, " %d\n", count);
    }
}

sppo_result means_end(means *m)
{
    sppo_result result;

    buffer_add(&m->out, "}\n", m->json ? 2 : 0);
    result = buffer_check(&m->line);
    if (result == SPPO_OK)
        result = buffer_check(&m->out);
    if (result == SPPO_OK && m->json)
        fputs(m->out.data, stdout);
    else if (result == SPPO_OK)
        show_text(stdout, m->out.data, m->out.length);
    buffer_free(&m->out);
    buffer_free(&m->line);
    return result;
}
