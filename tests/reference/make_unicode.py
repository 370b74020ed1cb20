"""make_unicode.py - prints examples/tool/unicode_classes.h

The classes are those of Unicode 16.0, which tokenizers 0.23 has: this Python's,
and what Unicode 15 and 16 added for one that knows 14.  With --check FILE it
compares instead; exit code 77 when this Python knows another version than these.
"""
import sys
import unicodedata

VERSION = "16.0"
LATER = """
1c89-1c8aL a7cb-a7cdL a7da-a7dcL 105c0-105f3L 10d40-10d49N 10d4a-10d65L
10d6f-10d85L 10ec2-10ec4L 1123f-11240L 11380-11389L 1138bL 1138eL
11390-113b5L 113b7L 113d1L 113d3L 116d0-116e3N 11bc0-11be0L 11bf0-11bf9N
11f02L 11f04-11f10L 11f12-11f33L 11f50-11f59N 1342fL 13441-13446L
13460-143faL 16100-1611dL 16130-16139N 16d40-16d6cL 16d70-16d79N 18cffL
1b132L 1b155L 1ccf0-1ccf9N 1d2c0-1d2d3N 1df25-1df2aL 1e030-1e06dL
1e4d0-1e4ebL 1e4f0-1e4f9N 1e5d0-1e5edL 1e5f0L 1e5f1-1e5faN 2b739L
2ebf0-2ee5dL 31350-323afL
"""

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


def later():
    """The class of each code point of LATER: 1c89-1c8aL is two letters."""
    found = {}
    for item in LATER.split():
        first, _, last = item[:-1].partition("-")
        for c in range(int(first, 16), int(last or first, 16) + 1):
            found[c] = item[-1]
    return found


def category(letter):
    more = later() if known() == "14.0" else {}
    return ranges(lambda c: (more.get(c) or unicodedata.category(chr(c))[0])
                  == letter)


def known():
    return unicodedata.unidata_version.rsplit(".", 1)[0]


def header():
    letters, numbers, spaces = category("L"), category("N"), ranges(space)
    return (HEAD.format(version=VERSION) + table("unicode_letters", letters)
            + table("unicode_numbers", numbers)
            + table("unicode_spaces", spaces)
            + TAIL.format(letters=len(letters), numbers=len(numbers),
                          spaces=len(spaces)))


if known() not in ("14.0", VERSION):
    sys.exit(77)
if len(sys.argv) == 3 and sys.argv[1] == "--check":
    sys.exit(open(sys.argv[2]).read() != header())
sys.stdout.write(header())
