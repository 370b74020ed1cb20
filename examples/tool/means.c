/* means.c - means with their intervals: for people, or as one JSON object */

#include "means.h"
#include "console.h"

#include <string.h>

void means_begin(means *m, sppo_ctx *ctx, int json)
{
    memset(m, 0, sizeof *m);
    m->out.ctx = ctx;
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
static void add_number(means *m, double value, int digits)
{
    if (value - value == 0.0)
        buffer_format(&m->out, m->json ? "%.*g" : "%.*f", digits, value);
    else
        buffer_format(&m->out, m->json ? "null" : "-");
}

void means_open(means *m, const char *title)
{
    if (m->json) {
        json_name(m, title);
        buffer_add(&m->out, "{", 1);
    } else {
        buffer_format(&m->out, "%*s%s\n", 2 * m->depth, "", title);
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
    add_number(m, none, 9);
    buffer_format(&m->out, ", \"low\": ");
    add_number(m, x.low, 9);
    buffer_format(&m->out, ", \"high\": ");
    add_number(m, x.high, 9);
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
    buffer_format(&m->out, "%*s%-20.40s ", 2 * m->depth, "", title);
    add_number(m, x.n ? x.mean : x.low, digits);
    buffer_format(&m->out, "  (");
    add_number(m, x.low, digits);
    buffer_format(&m->out, " to ");
    add_number(m, x.high, digits);
    buffer_format(&m->out, ")  %d %s", x.n, things);
    if (unread)
        buffer_format(&m->out, ", %d unread", unread);
    buffer_add(&m->out, "\n", 1);
}

void means_count(means *m, const char *title, int count)
{
    if (m->json) {
        json_title(m, title);
        buffer_format(&m->out, "%d", count);
    } else {
        buffer_format(&m->out, "%*s%-20s %d\n", 2 * m->depth, "", title,
                      count);
    }
}

sppo_result means_end(means *m)
{
    sppo_result result;

    buffer_add(&m->out, "}\n", m->json ? 2 : 0);
    result = buffer_check(&m->out);
    if (result == SPPO_OK && m->json)
        fputs(m->out.data, stdout);
    else if (result == SPPO_OK)
        show_text(stdout, m->out.data, m->out.length);
    buffer_free(&m->out);
    return result;
}
