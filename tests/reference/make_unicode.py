"""make_unicode.py - prints examples/tool/unicode_classes.h

With --check FILE it compares instead; exit code 77 when this Python knows
another version of Unicode than the file.
"""
import sys
import unicodedata

HEAD = """/* unicode_classes.h - which characters are letters and which are numbers
 *
 * General categories L* and N* of Unicode {version}, as ranges in order; made by
 * tests/reference/make_unicode.py. White space is White_Space of the same.   */

#ifndef SPPO_EXAMPLES_UNICODE_CLASSES_H
#define SPPO_EXAMPLES_UNICODE_CLASSES_H

typedef struct unicode_range {{
    uint32_t first, last;
}} unicode_range;
"""

TAIL = """
enum {{ UNICODE_OTHER, UNICODE_LETTER, UNICODE_NUMBER, UNICODE_SPACE }};

static int unicode_in(const unicode_range *range, int count, uint32_t c)
{{
    int low = 0, high = count;

    while (low < high) {{
        const int middle = low + (high - low) / 2;

        if (range[middle].last < c)
            low = middle + 1;
        else
            high = middle;
    }}
    return low < count && range[low].first <= c;
}}

static int unicode_class(uint32_t c)
{{
    if (unicode_in(unicode_spaces, {spaces}, c))
        return UNICODE_SPACE;
    if (unicode_in(unicode_letters, {letters}, c))
        return UNICODE_LETTER;
    if (unicode_in(unicode_numbers, {numbers}, c))
        return UNICODE_NUMBER;
    return UNICODE_OTHER;
}}

#endif
"""


def ranges(wanted):
    out = []
    for c in range(0x110000):
        if not wanted(c):
            continue
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def space(c):  # str.isspace also counts the separators 0x1c .. 0x1f
    return chr(c).isspace() and not 0x1c <= c <= 0x1f


def table(name, items):
    lines = ["", "static const unicode_range %s[] = {" % name]
    line = "   "
    for i, (first, last) in enumerate(items):
        item = " { 0x%x, 0x%x }%s" % (first, last,
                                      "" if i + 1 == len(items) else ",")
        if len(line) + len(item) > 79:
            lines.append(line)
            line = "   "
        line += item
    return "\n".join(lines + [line, "};"]) + "\n"


def category(letter):
    return ranges(lambda c: unicodedata.category(chr(c))[0] == letter)


def header():
    letters, numbers, spaces = category("L"), category("N"), ranges(space)
    short = unicodedata.unidata_version.rsplit(".", 1)[0]
    return (HEAD.format(version=short) + table("unicode_letters", letters)
            + table("unicode_numbers", numbers)
            + table("unicode_spaces", spaces)
            + TAIL.format(letters=len(letters), numbers=len(numbers),
                          spaces=len(spaces)))


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    text = open(sys.argv[2]).read()
    if "Unicode %s," % unicodedata.unidata_version.rsplit(".", 1)[0] not in text:
        sys.exit(77)
    sys.exit(text != header())
sys.stdout.write(header())
