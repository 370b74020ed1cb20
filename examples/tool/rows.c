/* rows.c - rows of JSON, one a line or all in one array */

#include "rows.h"
#include "files.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void rows_rewind(row_reader *r)
{
    r->at = 0;
    r->row = -1;
    r->number = 0;
    r->line = r->array;
}

void rows_begin(row_reader *r, sppo_ctx *ctx, const char *path)
{
    memset(r, 0, sizeof *r);
    r->ctx = r->text.ctx = ctx;
    r->path = path;
}

sppo_result rows_open(row_reader *r, sppo_ctx *ctx, const char *path)
{
    char *data = NULL;
    size_t size = 0;

    rows_begin(r, ctx, path);
    TRY(input_read(ctx, &path, &data, &size));
    return rows_adopt(r, ctx, path, data, size);
}

sppo_result rows_adopt(row_reader *r, sppo_ctx *ctx, const char *path,
                       char *data, size_t size)
{
    rows_begin(r, ctx, path);
    r->data = data;
    r->size = size;
    r->array = r->data[strspn(r->data, " \t\r\n")] == '[';
    rows_rewind(r);
    if (!r->array)
        return SPPO_OK;
    return sppo_json_parse(ctx, &r->json, r->data, r->size, r->path);
}

void rows_close(row_reader *r)
{
    sppo_json_free(r->ctx, &r->json);
    buffer_free(&r->text);
    if (r->data)
        sppo_release(r->ctx, r->data, r->size + 1);
    r->data = NULL;
}

sppo_result rows_fail(row_reader *r, const char *format, ...)
{
    char sentence[300];
    va_list list;

    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: %s", r->where, sentence);
}

const char *rows_value(const row_reader *r, int node, char out[VALUE_ROOM])
{
    const sppo_json_node *n = &r->json.node[node];
    const size_t quote = n->type == SPPO_JSON_STRING;
    const size_t length = n->end - n->begin + 2 * quote;
    const size_t most = VALUE_ROOM - 8;
    char *c;

    snprintf(out, VALUE_ROOM, "%.*s%s", (int)(length < most ? length : most),
             r->json.text + n->begin - quote, length > most ? " .." : "");
    for (c = out; *c; c++)
        *c = (unsigned char)*c < ' ' || *c == 127 ? ' ' : *c;
    return out;
}

static sppo_result rows_check(row_reader *r)
{
    char seen[VALUE_ROOM];

    if (r->json.node[r->row].type == SPPO_JSON_OBJECT)
        return SPPO_OK;
    return rows_fail(r, "a row must be a JSON object, not %s",
                     rows_value(r, r->row, seen));
}

sppo_result rows_take(row_reader *r, const char *text, size_t length)
{
    snprintf(r->where, sizeof r->where, "%s line %d", r->path, r->line);
    TRY(sppo_json_parse(r->ctx, &r->json, text, length, r->where));
    r->row = 0;
    return rows_check(r);
}

/* The next entry of the array. */
static sppo_result rows_next_entry(row_reader *r, int *more)
{
    const sppo_json_node *node = r->json.node;

    r->row = r->row < 0 ? node[0].first : node[r->row].next;
    *more = r->row >= 0;
    if (!*more)
        return SPPO_OK;
    for (; r->at < node[r->row].begin; r->at++)
        r->line += r->data[r->at] == '\n';
    r->number++;
    snprintf(r->where, sizeof r->where, "%s line %d, row %d", r->path, r->line,
             r->number);
    return rows_check(r);
}

sppo_result rows_next(row_reader *r, int *more)
{
    if (r->array)
        return rows_next_entry(r, more);
    *more = 0;
    while (r->at < r->size && !*more) {
        const char *line = r->data + r->at;
        const char *end = (const char *)memchr(line, '\n', r->size - r->at);
        const size_t length = end ? (size_t)(end - line) : r->size - r->at;
        size_t i = 0;

        while (i < length && strchr(" \t\r", line[i]) && line[i])
            i++;
        r->at += length + (end != NULL);
        r->line++;
        if (i == length)
            continue;
        TRY(rows_take(r, line, length));
        *more = 1;
    }
    return SPPO_OK;
}

int rows_find(const row_reader *r, const char *key)
{
    return sppo_json_find(&r->json, r->row, key);
}

sppo_result rows_text(row_reader *r, const char *key, buffer *out)
{
    const int node = rows_find(r, key);
    char seen[VALUE_ROOM];

    if (node < 0)
        return rows_fail(r, "\"%s\" is missing", key);
    if (r->json.node[node].type == SPPO_JSON_ARRAY)
        return rows_fail(r, "\"%s\" is a list of %d, where one text is read; "
                         "write a row for each", key, r->json.node[node].count);
    if (r->json.node[node].type != SPPO_JSON_STRING)
        return rows_fail(r, "\"%s\" must be a string, not %s", key,
                         rows_value(r, node, seen));
    buffer_clear(out);
    buffer_unquote(out, &r->json, node);
    return buffer_check(out);
}

sppo_result rows_whole(row_reader *r, const char *key, double least,
                       double most, double *value)
{
    const int node = rows_find(r, key);
    char seen[VALUE_ROOM];

    *value = sppo_json_number(&r->json, node);
    if (node < 0)
        return rows_fail(r, "\"%s\" is missing", key);
    if (r->json.node[node].type != SPPO_JSON_NUMBER ||
        !(*value >= least && *value <= most) || *value != floor(*value))
        return rows_fail(r, "\"%s\" must be a whole number from %.0f to "
                         "%.0f, not %s", key, least, most,
                         rows_value(r, node, seen));
    return SPPO_OK;
}
