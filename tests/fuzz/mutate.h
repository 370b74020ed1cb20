/* mutate.h - changes that leave JSON JSON, and a safetensors file one
 *
 * Bytes changed at random hardly ever pass the first checks of a structured
 * file.  Here a value of a JSON text is replaced, doubled, taken out, wrapped
 * or put in another's place; in a safetensors file that happens to the header,
 * whose length in front is made right again.  Half of the changes stay random.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed);

/* Values that parsers have trouble with. */
static const char *const mutate_value[] = {
    "0", "-1", "1", "2", "-0", "0.5", "1e308", "-1e309", "1e-320", "255",
    "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9007199254740993", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "1e19", "null", "true", "false", "\"\"", "[]",
    "{}", "[0]", "[[[[]]]]", "\"F32\"", "\"F64\"", "\"BF16\"", "\"U8\"",
    "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\xff\"",
    "[0,0]", "[0,18446744073709551615]", "[4294967296,4294967296]"
};
enum { MUTATE_VALUES = sizeof mutate_value / sizeof mutate_value[0] };

/* The end of the JSON value that begins at `at`; size when it has none. */
static size_t mutate_end(const uint8_t *text, size_t size, size_t at)
{
    int depth = 0, quoted = 0;

    for (; at < size; at++) {
        const int c = text[at];

        if (quoted) {
            if (c == '\\')
                at++;
            else if (c == '"' && (quoted = 0) == 0 && depth == 0)
                return at + 1;
        } else if (c == '"') {
            quoted = 1;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            if (depth == 0)
                return at;
            if (--depth == 0)
                return at + 1;
        } else if (depth == 0 && (c == ',' || c == ':')) {
            return at;
        }
    }
    return size;
}

/* Where the n-th value (or key) begins; their number when there are fewer. */
static size_t mutate_begin(const uint8_t *text, size_t size, size_t n,
                           size_t *at)
{
    size_t i, found = 0;
    int quoted = 0;

    for (i = 0; i < size; i++) {
        const int c = text[i];

        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
            continue;
        }
        quoted = c == '"';
        if (!strchr(" \n\r\t,:]}", c) &&
            (i == 0 || strchr(" \n,:[{", text[i - 1]))) {
            if (found++ == n)
                *at = i;
        }
    }
    return found;
}

/* Puts `put` in the place of text[from .. to); returns the new size. */
static size_t mutate_splice(uint8_t *text, size_t size, size_t most,
                            size_t from, size_t to, const uint8_t *put,
                            size_t length)
{
    if (to > size || from > to || size - (to - from) + length > most)
        return size;
    memmove(text + from + length, text + to, size - to);
    memcpy(text + from, put, length);
    return size - (to - from) + length;
}

static size_t mutate_blanks(const uint8_t *text, size_t size, size_t at)
{
    while (at < size && strchr(" \n\r\t", text[at]) && text[at])
        at++;
    return at;
}

/* Where a value or key stands, and for a key the value that it is of. */
typedef struct mutate_item {
    size_t from, to, value, end;  // a value: value and end are from and to
    int key;
} mutate_item;

static mutate_item mutate_find(const uint8_t *text, size_t size, size_t n)
{
    mutate_item m = { 0, 0, 0, 0, 0 };

    mutate_begin(text, size, n, &m.from);
    m.to = m.end = mutate_end(text, size, m.from);
    m.value = mutate_blanks(text, size, m.to);
    m.key = m.value < size && text[m.value] == ':';
    m.value = m.key ? mutate_blanks(text, size, m.value + 1) : m.from;
    if (m.key)
        m.end = mutate_end(text, size, m.value);
    return m;
}

/* An item goes, with the comma behind it or else the one in front. */
static size_t mutate_remove(uint8_t *text, size_t size, mutate_item m)
{
    const size_t next = mutate_blanks(text, size, m.end);

    if (next < size && text[next] == ',')
        m.end = next + 1;
    else
        while (m.from > 0 && strchr(" \n\t,", text[m.from - 1]) &&
               text[m.from] != ',')
            m.from--;
    return mutate_splice(text, size, size, m.from, m.end, text, 0);
}

/* Another value or key of the text in its place; a key stays a key. */
static size_t mutate_copy(uint8_t *text, size_t size, size_t most,
                          size_t values, size_t which, mutate_item m)
{
    static uint8_t piece[1 << 16];
    mutate_item other = mutate_find(text, size, which % values);
    size_t length;

    if (m.key != other.key) {  // both as values
        m.from = m.value, m.to = m.end;
        other.from = other.value, other.to = other.end;
    }
    length = other.to - other.from;
    if (length > sizeof piece)
        return size;
    memcpy(piece, text + other.from, length);
    return mutate_splice(text, size, most, m.from, m.to, piece, length);
}

static size_t mutate_json(uint8_t *text, size_t size, size_t most, unsigned r)
{
    static uint8_t piece[1 << 16];
    const size_t values = mutate_begin(text, size, size, NULL);
    const char *value = mutate_value[r / 7 % MUTATE_VALUES];
    size_t length;
    mutate_item m;

    if (!values)
        return size;
    m = mutate_find(text, size, r % values);
    length = m.end - m.from;
    if (length > sizeof piece - 2)
        return size;
    switch (r / values % 5) {
    case 0:                           // another value
        return mutate_splice(text, size, most, m.value, m.end,
                             (const uint8_t *)value, strlen(value));
    case 1:                           // the same once more
        memcpy(piece, text + m.from, length);
        piece[length] = ',';
        return mutate_splice(text, size, most, m.from, m.from, piece,
                             length + 1);
    case 2:                           // none
        return mutate_remove(text, size, m);
    case 3:                           // inside an array
        length = m.end - m.value;
        memcpy(piece + 1, text + m.value, length);
        piece[0] = '[';
        piece[length + 1] = ']';
        return mutate_splice(text, size, most, m.value, m.end, piece,
                             length + 2);
    default:                          // a copy of another
        return mutate_copy(text, size, most, values, r / 11, m);
    }
}

/* The header's length stands in the first eight bytes, little-endian. */
static size_t mutate_header(const uint8_t *data, size_t size)
{
    size_t length = 0;
    int i;

    for (i = 7; i >= 0; i--)
        length = length << 8 | data[i];
    return length <= size - 8 ? length : size - 8;
}

static size_t mutate_safetensors(uint8_t *data, size_t size, size_t most,
                                 unsigned r)
{
    static uint8_t header[1 << 18];
    size_t length, now;
    int i;

    if (size < 10 || (length = mutate_header(data, size)) > sizeof header / 2)
        return size;
    memcpy(header, data + 8, length);
    now = mutate_json(header, length, sizeof header, r);
    size = mutate_splice(data, size, most, 8, 8 + length, header, now);
    now = size < 8 + now ? size - 8 : now;
    for (i = 0; i < 8; i++)
        data[i] = (uint8_t)(now >> (8 * i) & 255);
    return size;
}

/* By what the bytes look like. */
static size_t mutate_any(uint8_t *data, size_t size, size_t most,
                         unsigned seed)
{
    const unsigned r = (seed ^ seed >> 15) * 2654435761u >> 1;

    if (size == 0 || seed % 2)
        return LLVMFuzzerMutate(data, size, most);
    if (size > 8 && data[8] == '{' && data[0] != '{' && data[0] != '[')
        return mutate_safetensors(data, size, most, r);
    return mutate_json(data, size, most, r);
}

#ifndef MUTATE_PART  // else a target says which part of its input to change
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed)
{
    return mutate_any(data, size, most, seed);
}
#endif

#endif
