/* tfevents.c - the same metrics as TensorBoard reads them */

#include "tfevents.h"

#include <string.h>

/* CRC-32C, masked as the format wants it. */
static uint32_t checksum(const char *data, size_t size)
{
    uint32_t crc = 0xffffffffu;
    size_t i;
    int bit;

    for (i = 0; i < size; i++) {
        crc ^= (unsigned char)data[i];
        for (bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void add_little(buffer *out, uint64_t number, int bytes)
{
    char one;

    for (; bytes > 0; bytes--, number >>= 8) {
        one = (char)(number & 0xff);
        buffer_add(out, &one, 1);
    }
}

/* A number in groups of seven bits, the lowest first. */
static void add_varint(buffer *out, uint64_t number)
{
    for (; number >= 128; number >>= 7)
        add_little(out, (number & 127) | 128, 1);
    add_little(out, number, 1);
}

enum { WIRE_VARINT = 0, WIRE_DOUBLE = 1, WIRE_BYTES = 2, WIRE_FLOAT = 5 };

static void add_key(buffer *out, int field, int wire)
{
    add_varint(out, (uint64_t)(field * 8 + wire));
}

static void add_bytes(buffer *out, int field, const char *bytes, size_t size)
{
    add_key(out, field, WIRE_BYTES);
    add_varint(out, size);
    buffer_add(out, bytes, size);
}

static void add_time(buffer *out, double seconds)
{
    uint64_t bits;

    memcpy(&bits, &seconds, sizeof bits);
    add_key(out, 1, WIRE_DOUBLE);
    add_little(out, bits, 8);
}

static void add_record(buffer *out, const buffer *event)
{
    const size_t at = out->length;

    add_little(out, event->length, 8);
    add_little(out, out->failed ? 0 : checksum(out->data + at, 8), 4);
    buffer_add(out, event->data ? event->data : "", event->length);
    add_little(out, event->failed ? 0 : checksum(event->data, event->length),
               4);
    out->failed |= event->failed;
}

void tfevents_begin(buffer *out)
{
    static const char version[] = "brain.Event:2";
    buffer event;

    memset(&event, 0, sizeof event);
    event.ctx = out->ctx;
    add_time(&event, 0.0);
    add_bytes(&event, 3, version, sizeof version - 1);
    add_record(out, &event);
    buffer_free(&event);
}

/* One value of a summary. */
static void add_value(buffer *summary, buffer *room, const char *name,
                      double value)
{
    const float number = (float)value;
    uint32_t bits;

    memcpy(&bits, &number, sizeof bits);
    buffer_clear(room);
    add_bytes(room, 1, name, strlen(name));
    add_key(room, 2, WIRE_FLOAT);
    add_little(room, bits, 4);
    add_bytes(summary, 1, room->data ? room->data : "", room->length);
    summary->failed |= room->failed;
}

void tfevents_add(buffer *out, const char *const *name, const double *value,
                  int count)
{
    buffer event, summary, room;
    int i;

    memset(&event, 0, sizeof event);
    event.ctx = out->ctx;
    summary = room = event;
    for (i = 1; i < count; i++)
        if (value[i] - value[i] == 0.0)
            add_value(&summary, &room, name[i], value[i]);
    add_time(&event, value[0]);
    add_key(&event, 2, WIRE_VARINT);
    add_varint(&event, (uint64_t)value[0]);
    add_bytes(&event, 5, summary.data ? summary.data : "", summary.length);
    event.failed |= summary.failed;
    add_record(out, &event);
    buffer_free(&event);
    buffer_free(&summary);
    buffer_free(&room);
}

static uint64_t little(const char *at, int bytes)
{
    uint64_t number = 0;

    while (bytes-- > 0)
        number = number << 8 | (unsigned char)at[bytes];
    return number;
}

/* The step of an event as it is written above; 0 where it has none. */
static uint64_t step_of(const char *event, size_t size)
{
    uint64_t step = 0;
    size_t at = 10;
    int shift = 0;

    if (size <= at || event[9] != 2 * 8 + WIRE_VARINT)
        return 0;
    do
        step |= (uint64_t)(event[at] & 127) << shift;
    while ((event[at++] & 128) && at < size && (shift += 7) < 63);
    return step;
}

size_t tfevents_until(const char *data, size_t size, int step, int most)
{
    size_t at = 0;
    uint64_t number;

    while (size - at >= 16) {
        const uint64_t length = little(data + at, 8);
        const char *event = data + at + 12;

        if (length > size - at - 16 ||
            little(data + at + 8, 4) != checksum(data + at, 8) ||
            little(event + length, 4) != checksum(event, (size_t)length))
            break;
        number = step_of(event, (size_t)length);
        if (number > (uint64_t)step ||
            (number == (uint64_t)step && at && most-- <= 0))
            break;
        at += 16 + (size_t)length;
    }
    return at;
}
