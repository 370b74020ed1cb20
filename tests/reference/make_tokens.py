#!/usr/bin/env python3
"""make_tokens.py - reference values for the tests of tokenizer_json.h

Run     python3 tests/reference/make_tokens.py     (no packages; Unicode 14.0)
Writes  tests/reference/tokens.h, beside this script, the same bytes each time.

What    A small tokenizer.json, with the four ways to cut a text into words, and
        words and the ids of some texts by each of them.
How     The published regular expressions, run by Python's re, with \\p{L} and
        \\p{N} written out as the characters that unicodedata puts there; then
        merges one at a time: of all pairs in the word the one that comes first
        in the file, of equal ones the leftmost, until none is left. No code or
        method is shared with the scanner and the heap that are tested.
"""

import json
import os
import random
import re
import unicodedata

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens.h")
SAMPLE = ("the cat sat on the mat, the cats' hats aren't there; they're in the "
          "theatre. 1234 hats at 99 each! that's that...   \n\n\tthen: \u00e9t\u00e9 "
          "\u65e5\u672c\u8a9e 'tis the hat\n") * 3
PART = 1500  # characters of the file in one string of C
ADDED = ["<|endoftext|>", "<|im|>", "<|im_start|>", "  <|x|>"]


def characters(letter):
    out = []
    for c in range(0x110000):
        if unicodedata.category(chr(c))[0] != letter:
            continue
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return "".join("%s-%s" % (re.escape(chr(a)), re.escape(chr(b)))
                   for a, b in out)


L, N = characters("L"), characters("N")
S = ("\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000")
BLANKS = "[%s]+(?![^%s])|[%s]+" % (S, S, S)
GPT2 = ("'s|'t|'re|'ve|'m|'ll|'d| ?[%s]+| ?[%s]+| ?[^%s%s%s]+|"
        % (L, N, S, L, N) + BLANKS)
LLAMA3 = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n%s%s]?[%s]+|[%s]{1,3}|"
          " ?[^%s%s%s]+[\\r\\n]*|[%s]*[\\r\\n]+|" % (L, N, L, N, S, L, N, S)
          + BLANKS)
QWEN2 = LLAMA3.replace("{1,3}", "")
RULES = [re.compile(GPT2), re.compile(LLAMA3), re.compile(QWEN2)]
DIGITS = re.compile("[%s]|[^%s]+" % (N, N))


def byte_level(rule):
    return {"type": "ByteLevel", "add_prefix_space": False,
            "trim_offsets": True, "use_regex": rule}


def split(pattern, **how):
    return {"type": "Sequence", "pretokenizers": [
        dict({"type": "Split", "pattern": {"Regex": pattern}}, **how),
        byte_level(False)]}


# As the files have them.
PUBLISHED = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
             r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
WAYS = [
    ("gpt2", byte_level(True)),
    ("llama3", split(PUBLISHED, behavior="Isolated", invert=False)),
    ("qwen2", split(PUBLISHED.replace("{1,3}", ""), behavior="Removed",
                    invert=True)),
    ("digits", {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, byte_level(True)]})
]


def words(way, text):
    if way == 3:
        return [w for part in DIGITS.findall(text)
                for w in RULES[0].findall(part)]
    return RULES[way].findall(text)


# ---- the vocabulary ----

def alphabet():
    shown = [b for b in range(256)
             if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
    rest = [b for b in range(256) if b not in shown]
    return dict([(b, chr(b)) for b in shown]
                + [(b, chr(256 + i)) for i, b in enumerate(rest)])


LETTER = alphabet()


def spelled(piece):
    return "".join(LETTER[b] for b in piece)


def learn(count):
    """The usual merges, in the order in which they are learned."""
    parts = [[bytes([b]) for b in w.encode()] for w in words(0, SAMPLE)]
    merges = []
    for _ in range(count):
        seen = {}
        for p in parts:
            for pair in zip(p, p[1:]):
                seen[pair] = seen.get(pair, 0) + 1
        if not seen:
            break
        best = max(sorted(seen), key=lambda pair: seen[pair])
        merges.append(best)
        for p in parts:
            merge_all(p, best)
    return merges


def merge_all(p, pair):
    i = 0
    while i + 1 < len(p):
        if (p[i], p[i + 1]) == pair:
            p[i:i + 2] = [p[i] + p[i + 1]]
        i += 1


def every_way(pieces, rng):
    """As files made from a list of ranked pieces have them: for each piece all
    the pairs that make it, so a merge may need what a later one makes."""
    merges = []
    for piece in pieces[256:]:
        merges += [(piece[:i], piece[i:]) for i in range(1, len(piece))
                   if piece[:i] in pieces and piece[i:] in pieces]
    for _ in range(20):
        i = rng.randrange(len(merges) - 8)
        j = i + rng.randrange(8)
        merges[i], merges[j] = merges[j], merges[i]
    return merges


def encode_word(ranks, ids, whole, word):
    word = word.encode()
    if whole and word in ids:
        return [ids[word]]
    p = [bytes([b]) for b in word]
    while True:
        pairs = [(ranks[pair], i) for i, pair in enumerate(zip(p, p[1:]))
                 if pair in ranks]
        if not pairs:
            return [ids[piece] for piece in p]
        i = min(pairs)[1]
        p[i:i + 2] = [p[i] + p[i + 1]]


def encode(way, model, text):
    ranks, ids, whole, added = model
    out, at = [], 0
    pattern = re.compile("|".join(re.escape(a) for a in
                                  sorted(added, key=len, reverse=True)))
    for found in list(pattern.finditer(text)) + [None]:
        stretch = text[at:found.start() if found else len(text)]
        for word in words(way, stretch):
            out += encode_word(ranks, ids, whole, word)
        if found:
            out.append(added[found.group()])
            at = found.end()
    return out


# ---- texts ----

PARTS = ["the", "cat", "That's", "WE'LL", "i'D", "'S", "'\u017f", "'re", "'x",
         "''ve", "123", "4567", "9", "\u0663\u0664", "\u00b2", "\u2167", " ", "  ",
         "   ", "\n", "\r\n", "\n\n", " \n ", "\t", "\u00a0", "\u3000", "\u2028",
         "\x85", "\x1c", "...", "!!", "?\n\n", "#", "_", "\u00e9", "e\u0301", "\u00dcn",
         "\u65e5\u672c", "\u0939\u093f", "\u0e01\u0e33", "\U0001f642", "\U0001d54f", "\U0001f44d\U0001f3fd",
         "\U0001d7d8", "<|", "<|im", "<|im|>", "<|im_start|>", "<|endoftext|>",
         "  <|x|>", "theatre", "hat", "mat", "'", "\x00", "\x7f", "\ufffd"]


def texts(rng):
    out = ["", " ", "the cats' hats", SAMPLE[:160], "a" * 40, " " * 40 + "x",
           "\n" * 20, "12345678901", "don't DON'T dOn'T"]
    for _ in range(110):
        out.append("".join(rng.choice(PARTS)
                           for _ in range(rng.randint(1, 14))))
    return out


# ---- writing ----

def c_string(text, indent):
    lines, line = [], ""
    for b in text.encode():
        one = (chr(b) if 32 <= b < 127 and chr(b) not in "\"\\?"
               else "\\%03o" % b)
        if len(line) + len(one) > 70 - indent:
            lines.append(line)
            line = ""
        line += one
    return ("\n" + " " * indent).join('"%s"' % x for x in lines + [line])


def document(way, pieces, merges, whole, added):
    vocab = {spelled(p): i for i, p in enumerate(pieces)}
    vocab["<|endoftext|>"] = added["<|endoftext|>"]
    return json.dumps({
        "version": "1.0",
        "added_tokens": [{"id": i, "content": a, "single_word": False,
                          "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True}
                         for a, i in added.items()],
        "normalizer": None, "pre_tokenizer": WAYS[way][1],
        "post_processor": None, "decoder": byte_level(True),
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": "", "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False,
                  "ignore_merges": whole, "vocab": vocab,
                  "merges": [[spelled(a), spelled(b)] for a, b in merges]
                  if way == 2 else
                  [spelled(a) + " " + spelled(b) for a, b in merges]}},
        ensure_ascii=way == 3)


def main():
    rng = random.Random(20240501)
    learned = learn(90)
    order = list(range(256))
    rng.shuffle(order)
    pieces = [bytes([b]) for b in order] + [a + b for a, b in learned]
    pieces = list(dict.fromkeys(pieces))
    added = {a: len(pieces) + 2 * i for i, a in enumerate(ADDED)}  # with gaps
    models = []
    for way in range(4):
        merges = every_way(pieces, rng) if way in (1, 2) else learned
        models.append((merges, way == 1))
    cases = texts(rng)
    with open(OUT, "w") as out:
        out.write("/* tokens.h - written by make_tokens.py */\n\n"
                  "#ifndef TOKENS_H\n#define TOKENS_H\n\n"
                  "enum { TOKEN_WAYS = 4, TOKEN_PARTS = 8, TOKEN_CASES = %d };"
                  "\n\n/* Strings of C end at 4095 characters: files come in "
                  "parts. */\n" % len(cases))
        out.write("static const char *const token_files[TOKEN_WAYS][TOKEN_PARTS]"
                  " = {\n")
        for way, (merges, whole) in enumerate(models):
            text = document(way, pieces, merges, whole, added)
            parts = [text[i:i + PART] for i in range(0, len(text), PART)]
            out.write("    {  /* %s */\n        %s\n    }%s\n" % (
                WAYS[way][0], ",\n        ".join(c_string(x, 8)
                                                 for x in parts),
                "," if way < 3 else ""))
        out.write("};\n\nstatic const struct {\n    const char *text;\n"
                  "    int length;\n    const char *ids[TOKEN_WAYS];\n"
                  "    const char *cuts[3];  // bytes of the words, by rule\n"
                  "} token_cases[TOKEN_CASES] = {\n")
        for i, text in enumerate(cases):
            out.write("    {\n        %s,\n        %d, {\n" % (
                c_string(text, 8), len(text.encode())))
            for way, (merges, whole) in enumerate(models):
                ranks = {pair: r for r, pair in enumerate(merges)}
                ids = {p: j for j, p in enumerate(pieces)}
                ids[b"<|endoftext|>"] = added["<|endoftext|>"]
                found = encode(way, (ranks, ids, whole, added), text)
                out.write("            %s%s\n" % (
                    c_string(" ".join(map(str, found)), 12),
                    "," if way < 3 else ""))
            out.write("        },\n        {\n")
            for way in range(3):
                cuts = [len(w.encode()) for w in words(way, text)]
                out.write("            %s%s\n" % (
                    c_string(" ".join(map(str, cuts)), 12),
                    "," if way < 2 else ""))
            out.write("        }\n    }%s\n" % ("," if i + 1 < len(cases)
                                                else ""))
        out.write("};\n\n#endif\n")


main()
