/* columns.c - how wide a text is on a terminal
 *
 * Not by wcwidth: what that says depends on the locale, which the tool leaves
 * as it is.                                                                 */

#include "columns.h"

typedef struct code_range {
    unsigned long first, last;
} code_range;

/* Marks, joiners and selectors, by Unicode's categories Mn, Me and Cf, in so
 * far as terminals meet them.                                               */
static const code_range narrow[] = {
    { 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd }, { 0x610, 0x61a },
    { 0x64b, 0x65f }, { 0x900, 0x902 }, { 0x93c, 0x93c }, { 0x941, 0x948 },
    { 0x94d, 0x94d }, { 0xe31, 0xe31 }, { 0xe34, 0xe3a }, { 0xe47, 0xe4e },
    { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
    { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20ff },
    { 0x302a, 0x302d }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
    { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef }
};

/* East Asian Width W and F, and emoji that are shown as pictures. */
static const code_range wide[] = {
    { 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a },
    { 0x23e9, 0x23ec }, { 0x25fd, 0x25fe }, { 0x2614, 0x2615 },
    { 0x2648, 0x2653 }, { 0x26aa, 0x26ab }, { 0x26bd, 0x26be },
    { 0x2705, 0x2705 }, { 0x270a, 0x270b }, { 0x274c, 0x274c },
    { 0x2753, 0x2755 }, { 0x2795, 0x2797 }, { 0x2b1b, 0x2b1c },
    { 0x2b50, 0x2b50 }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf },
    { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
    { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
    { 0x16fe0, 0x18aff }, { 0x1b000, 0x1b2ff }, { 0x1f18e, 0x1f18e },
    { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f2ff }, { 0x1f300, 0x1f64f },
    { 0x1f680, 0x1f6ff }, { 0x1f7e0, 0x1f7eb }, { 0x1f900, 0x1faff },
    { 0x20000, 0x3fffd }
};

static int is_among(unsigned long code, const code_range *range, size_t count)
{
    size_t i;

    for (i = 0; i < count && range[i].last < code; i++) {
    }
    return i < count && range[i].first <= code;
}

/* Bytes of the next character, and its code; of what is no UTF-8 one byte. */
static size_t next_code(const char *text, size_t length, unsigned long *code)
{
    const unsigned char first = (unsigned char)text[0];
    const size_t n = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3
                   : first < 0xf5 ? 4 : 1;
    size_t i;

    *code = first & (n == 1 ? 0xffu : 0x7fu >> n);
    for (i = 1; i < n; i++) {
        if (i == length || ((unsigned char)text[i] & 0xc0) != 0x80) {
            *code = first;
            return 1;
        }
        *code = *code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return n;
}

static int code_columns(unsigned long code)
{
    if (is_among(code, narrow, sizeof narrow / sizeof *narrow))
        return 0;
    return 1 + is_among(code, wide, sizeof wide / sizeof *wide);
}

size_t text_fits(const char *text, size_t length, int columns)
{
    unsigned long code;
    size_t at = 0, n;

    while (at < length) {
        n = next_code(text + at, length - at, &code);
        columns -= code_columns(code);
        if (columns < 0)
            return at;
        at += n;
    }
    return at;
}

int text_columns(const char *text, size_t length)
{
    unsigned long code;
    size_t at = 0;
    int columns = 0;

    while (at < length) {
        at += next_code(text + at, length - at, &code);
        columns += code_columns(code);
    }
    return columns;
}
