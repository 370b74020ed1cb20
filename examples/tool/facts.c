/* facts.c - what a file holds: a name and a value on a line for people, or one
 * JSON object for programs                                                  */

#include "facts.h"
#include "console.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What parts it from the value before. */
static void fact_next(facts *f)
{
    const size_t length = f->out.length;

    if (length && !strchr("{[ ", f->out.data[length - 1]))
        buffer_add(&f->out, ", ", 2);
}

static void fact_name(facts *f, const char *name)
{
    fact_next(f);
    if (!name)
        return;
    buffer_quote(&f->out, name, strlen(name));
    buffer_add(&f->out, ": ", 2);
}

void facts_begin(facts *f, sppo_ctx *ctx, int json, const char *kind,
                 const char *title)
{
    memset(f, 0, sizeof *f);
    f->out.ctx = ctx;
    f->json = json;
    buffer_clear(&f->out);
    if (json)
        buffer_add(&f->out, "{", 1);
    if (json)
        fact_text(f, "kind", kind);
    else if (*title)
        printf("%s\n", title);
}

sppo_result facts_end(facts *f)
{
    sppo_result result;

    if (f->json)
        buffer_add(&f->out, "}\n", 2);
    result = buffer_check(&f->out);
    if (result == SPPO_OK)
        fputs(f->out.data, stdout);
    buffer_free(&f->out);
    return result;
}

void fact_text(facts *f, const char *name, const char *text)
{
    if (f->json) {
        fact_name(f, name);
        buffer_quote(&f->out, text, strlen(text));
        return;
    }
    printf("%s ", name);
    show_text(stdout, text, strlen(text));
    printf("\n");
}

void fact_number(facts *f, const char *name, double value)
{
    fact_measure(f, name, value, "");
}

void fact_measure(facts *f, const char *name, double value, const char *unit)
{
    if (!f->json) {
        printf(value == floor(value) ? "%s %.0f" : "%s %.10g", name, value);
        printf("%s%s\n", *unit ? " " : "", unit);
        return;
    }
    fact_name(f, name);
    if (value - value == 0.0)
        buffer_format(&f->out, "%.15g", value);
    else
        buffer_format(&f->out, "null");
}

void fact_flag(facts *f, const char *name, int is)
{
    if (!f->json)
        return;
    fact_name(f, name);
    buffer_format(&f->out, is ? "true" : "false");
}

void fact_quoted(facts *f, const char *name, const char *text, size_t length)
{
    if (!f->json)
        return;
    fact_name(f, name);
    buffer_add(&f->out, "\"", 1);
    buffer_add(&f->out, text, length);
    buffer_add(&f->out, "\"", 1);
}

/* Its name and its bytes are JSON already, but for the quotes. */
static void fact_copy(facts *f, const sppo_json *json, int node)
{
    const sppo_json_node *n = &json->node[node];
    const char *quote = n->type == SPPO_JSON_STRING ? "\"" : "";

    fact_next(f);
    buffer_add(&f->out, "\"", 1);
    buffer_add(&f->out, json->text + n->name_begin,
               n->name_end - n->name_begin);
    buffer_add(&f->out, "\": ", 3);
    buffer_add(&f->out, quote, strlen(quote));
    buffer_add(&f->out, json->text + n->begin, n->end - n->begin);
    buffer_add(&f->out, quote, strlen(quote));
}

void fact_value(facts *f, const sppo_json *json, int node, int width)
{
    const sppo_json_node *n = &json->node[node];

    if (f->json) {
        fact_copy(f, json, node);
        return;
    }
    printf("%*s", width < 54 ? 2 : 4, "");
    show_column(stdout, json->text + n->name_begin,
                n->name_end - n->name_begin, width);
    printf(" ");
    show_text(stdout, json->text + n->begin, n->end - n->begin);
    printf("\n");
}

void facts_open(facts *f, const char *name, char bracket)
{
    if (!f->json)
        return;
    fact_name(f, name);
    buffer_add(&f->out, &bracket, 1);
}

void facts_close(facts *f, char bracket)
{
    if (f->json)
        buffer_add(&f->out, &bracket, 1);
}
