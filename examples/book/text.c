/* text.c - pieces of text: lines, words, escapes */

#include "book.h"

#include <ctype.h>
#include <string.h>

int next_line(piece *rest, piece *line)
{
    const char *end;

    if (!rest->length)
        return 0;
    end = (const char *)memchr(rest->at, '\n', rest->length);
    line->at = rest->at;
    line->length = end ? (size_t)(end - rest->at) : rest->length;
    rest->at += line->length + (end ? 1 : 0);
    rest->length -= line->length + (end ? 1 : 0);
    return 1;
}

piece next_word(piece *rest)
{
    piece word;

    while (rest->length && isspace((unsigned char)*rest->at))
        rest->at++, rest->length--;
    word.at = rest->at;
    while (rest->length && !isspace((unsigned char)*rest->at))
        rest->at++, rest->length--;
    word.length = (size_t)(rest->at - word.at);
    return word;
}

piece last_word(piece *field)
{
    size_t n = field->length;
    piece word;

    while (n && field->at[n - 1] != ' ')
        n--;
    word.at = field->at + n;
    word.length = field->length - n;
    while (n && field->at[n - 1] == ' ')
        n--;
    field->length = n;
    return word;
}

int piece_begins(piece p, const char *text)
{
    const size_t length = strlen(text);

    return p.length >= length && memcmp(p.at, text, length) == 0;
}

int piece_is(piece p, const char *text)
{
    return p.length == strlen(text) && piece_begins(p, text);
}

static int in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

const char *find_word(piece p, const char *word, size_t length)
{
    size_t i;

    for (i = 0; i + length <= p.length; i++)
        if (memcmp(p.at + i, word, length) == 0 &&
            (i == 0 || !in_word(p.at[i - 1])) &&
            (i + length == p.length || !in_word(p.at[i + length])))
            return p.at + i;
    return NULL;
}

void add_escaped(buffer *out, piece text)
{
    size_t i;

    for (i = 0; i < text.length; i++)
        switch (text.at[i]) {
        case '&': buffer_add(out, "&amp;", 5); break;
        case '<': buffer_add(out, "&lt;", 4); break;
        case '>': buffer_add(out, "&gt;", 4); break;
        case '"': buffer_add(out, "&quot;", 6); break;
        default: buffer_add(out, text.at + i, 1);
        }
}

void add_base64(buffer *out, const unsigned char *data, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i;
    int j;

    for (i = 0; i < size; i += 3) {
        const int have = size - i < 3 ? (int)(size - i) : 3;
        unsigned long bits = (unsigned long)data[i] << 16;
        char four[4];

        if (have > 1)
            bits |= (unsigned long)data[i + 1] << 8;
        if (have > 2)
            bits |= data[i + 2];
        for (j = 0; j < 4; j++)
            four[j] = j <= have ? digit[bits >> (18 - 6 * j) & 63] : '=';
        buffer_add(out, four, 4);
        if (i % 57 == 54)
            buffer_add(out, "\n", 1);
    }
}
