/* buffer.c - text that grows */

#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t share_of(double share, size_t count)
{
    volatile double part = share * (double)count;

    return (size_t)part;
}

size_t cells(int count, int k)
{
    if ((double)count * k * k >= (double)(size_t)-1)  // never: 64 bits
        return (size_t)-1;
    return (size_t)count * (size_t)k * (size_t)k;
}

int buffer_reserve(buffer *b, size_t more)
{
    const size_t need = b->length + more + 1;
    size_t room = b->room ? b->room : 256;
    char *data;

    if (b->failed || need <= b->room)
        return !b->failed;
    while (room < need)
        room = room > (size_t)-1 / 2 ? need : 2 * room;
    data = (char *)sppo_alloc(b->ctx, room, 1);
    if (!data) {
        b->failed = 1;
        return 0;
    }
    if (b->length)
        memcpy(data, b->data, b->length);
    sppo_release(b->ctx, b->data, b->room);
    b->data = data;
    b->room = room;
    return 1;
}

void buffer_free(buffer *b)
{
    sppo_release(b->ctx, b->data, b->room);
    b->data = NULL;
    b->length = b->room = 0;
}

void buffer_clear(buffer *b)
{
    b->length = 0;
    if (buffer_reserve(b, 0))
        b->data[0] = 0;
}

void buffer_add(buffer *b, const char *bytes, size_t count)
{
    if (!buffer_reserve(b, count))
        return;
    if (count)
        memcpy(b->data + b->length, bytes, count);
    b->length += count;
    b->data[b->length] = 0;
}

void buffer_format(buffer *b, const char *format, ...)
{
    va_list list;
    int count;

    va_start(list, format);
    count = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (count < 0 || !buffer_reserve(b, (size_t)count))
        return;
    va_start(list, format);
    vsnprintf(b->data + b->length, (size_t)count + 1, format, list);
    va_end(list);
    b->length += (size_t)count;
}

void buffer_quote(buffer *b, const char *bytes, size_t count)
{
    const size_t need = sppo_json_quote(NULL, 0, bytes, count);

    if (!buffer_reserve(b, need))
        return;
    sppo_json_quote(b->data + b->length, need + 1, bytes, count);
    b->length += need;
}

void buffer_unquote(buffer *b, const sppo_json *json, int node)
{
    const size_t need = sppo_json_string(json, node, NULL, 0);

    if (!buffer_reserve(b, need))
        return;
    sppo_json_string(json, node, b->data + b->length, need + 1);
    b->length += need;
}

void buffer_number(buffer *b, double value, int digits)
{
    if (value - value == 0.0) {
        buffer_format(b, "%.*g", digits, value);
        return;
    }
    b->failed = 1;
    sppo_fail(b->ctx, SPPO_E_NUMBER, "a result is %g: the model is damaged, or "
              "its training diverged", value);
}

sppo_result buffer_check(const buffer *b)
{
    return b->failed ? b->ctx->code : SPPO_OK;
}
