/* tokenizer_json.h - Hugging Face's tokenizer.json, of the byte-level kind
 *
 * GPT-2, Llama 3, SmolLM and their like: a text is cut into words, a word's
 * bytes are joined, pair by pair, in the order of the file's merges. In the
 * file a byte stands as a character: the printable ones as themselves, the
 * others as U+0100 and on.
 *
 * Read are: model BPE, also with ignore_merges; pre_tokenizer ByteLevel (with
 * GPT-2's rule), Digits with individual_digits and ByteLevel (SmolLM), Split by
 * the rule of Llama 3 or of Qwen 2 and ByteLevel; added tokens, found in a text
 * wherever they stand, all at once, of several the longest. All else is refused
 * by name: normalizers, add_prefix_space, lstrip, other rules. Post-processors
 * are left out: BOS and EOS are the model's. Letters, numbers and blanks are
 * those of Unicode 14 (unicode_classes.h); a byte that is not UTF-8 counts as a
 * symbol.
 * Needs sppo.h and the C library before it.                                 */

#ifndef SPPO_EXAMPLES_TOKENIZER_JSON_H
#define SPPO_EXAMPLES_TOKENIZER_JSON_H

#include "unicode_classes.h"

#define BPE_TRY(call)                                                         \
    do {                                                                      \
        const sppo_result bpe_result = (call);                                \
        if (bpe_result != SPPO_OK)                                            \
            return bpe_result;                                                \
    } while (0)

typedef struct bpe_piece {
    int begin, length;  // of its bytes; length 0: an id that is not in use
    int added;
} bpe_piece;

typedef struct bpe_merge {
    int left, right, rank, merged;  // rank -1: an empty slot
} bpe_merge;

typedef struct bpe {
    int vocab;             // ids are below it; 0: nothing was read
    int rule, digits;      // how words are cut: BPE_GPT2 ..; digits first
    int whole;             // a word that is a piece is not taken apart
    bpe_piece *piece;      // [vocab]
    char *bytes;           // of all pieces
    int used, room;
    int *by_bytes;         // [1 << piece_bits] hashed ids, -1: an empty slot
    bpe_merge *merge;      // [1 << merge_bits] hashed by left and right
    int piece_bits, merge_bits;
    int hashed_pieces, hashed_merges;  // slots in use: see bpe_room
    int *added, added_count;    // [vocab] ids of added tokens
    unsigned char starts[256];  // whether one begins with that byte
    int byte[256];         // the piece of each byte
} bpe;

static void bpe_free(sppo_ctx *ctx, bpe *b)
{
    sppo_release(ctx, b->piece, sizeof *b->piece * (size_t)b->vocab);
    sppo_release(ctx, b->added, sizeof *b->added * (size_t)b->vocab);
    sppo_release(ctx, b->bytes, (size_t)b->room);
    sppo_release(ctx, b->by_bytes, sizeof *b->by_bytes << b->piece_bits);
    sppo_release(ctx, b->merge, sizeof *b->merge << b->merge_bits);
    memset(b, 0, sizeof *b);
}

/* ==== words ================================================= >>words == */

/* The published rules, as the file has them. Every character falls to one of
 * the alternatives, so that the matches fill the text.                      */
enum { BPE_GPT2, BPE_LLAMA3, BPE_QWEN2, BPE_RULES };
static const char *const bpe_rules[BPE_RULES] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|"
    "\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
};

/* The class of the character at s and its bytes; -1 at the end. */
static int bpe_class(const char *s, const char *end, int *bytes)
{
    const unsigned char lead = s < end ? (unsigned char)*s : 0;
    const int n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2
                : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    uint32_t c = n > 1 ? lead & (0xffu >> (n + 1)) : lead;
    int i;

    *bytes = s < end;
    if (s == end)
        return -1;
    for (i = 1; i < n; i++) {
        if (s + i == end || ((unsigned char)s[i] & 0xc0) != 0x80)
            return UNICODE_OTHER;
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    }
    *bytes = n ? n : 1;
    return n ? unicode_class(c) : UNICODE_OTHER;
}

/* Where a run of at most `most` characters of a class ends. */
static const char *bpe_run(const char *s, const char *end, int kind, int most)
{
    int n;

    while (most-- > 0 && bpe_class(s, end, &n) == kind)
        s += n;
    return s;
}

/* 's, 't, 're, 've, 'm, 'll, 'd: where it ends, or s. The long s is an s in
 * any case.                                                                 */
static const char *bpe_contraction(const char *s, const char *end, int any)
{
    static const char *const tails[] = { "s", "t", "re", "ve", "m", "ll", "d",
                                         "\xc5\xbf" };
    size_t i, j;

    for (i = 0; s < end && *s == '\'' && i < (any ? 8u : 7u); i++) {
        const size_t n = strlen(tails[i]);
        for (j = 0; j < n && (size_t)(end - s) > n; j++) {
            const char c = s[j + 1];
            const int upper = any && c >= 'A' && c <= 'Z';
            if ((upper ? (char)(c - 'A' + 'a') : c) != tails[i][j])
                break;
        }
        if (j == n)
            return s + n + 1;
    }
    return s;
}

/* A run of blanks: with `lines` up to its last line break, where it has one;
 * else all of it at the end of the text, all but the last before a word.    */
static const char *bpe_blanks(const char *s, const char *end, int lines)
{
    const char *last = s, *line = s, *at = s;
    int n;

    while (bpe_class(at, end, &n) == UNICODE_SPACE) {
        last = at;
        at += n;
        if (n == 1 && (at[-1] == '\r' || at[-1] == '\n'))
            line = at;
    }
    if (lines && line > s)
        return line;
    return at == end || last == s ? at : last;
}

/* Where the word that begins at s, which is not the end, ends. */
static const char *bpe_word_end(int rule, const char *s, const char *end)
{
    const int llama = rule != BPE_GPT2;
    const int digits = rule == BPE_LLAMA3 ? 3 : rule == BPE_QWEN2 ? 1 : INT_MAX;
    const char *word = bpe_contraction(s, end, llama), *next = s;
    int n, kind = bpe_class(s, end, &n), lead = kind;

    if (word > s)
        return word;
    if (*s == ' ' || (llama && kind != UNICODE_LETTER && *s != '\r' &&
                      kind != UNICODE_NUMBER && *s != '\n')) {
        next = s + n;
        lead = bpe_class(next, end, &n);
    }
    if (lead == UNICODE_LETTER)
        return bpe_run(next, end, UNICODE_LETTER, INT_MAX);
    if (kind == UNICODE_NUMBER)
        return bpe_run(s, end, UNICODE_NUMBER, digits);
    if (lead == UNICODE_NUMBER && !llama)
        return bpe_run(next, end, UNICODE_NUMBER, digits);
    if (kind == UNICODE_OTHER || (*s == ' ' && lead == UNICODE_OTHER)) {
        word = bpe_run(s + (*s == ' '), end, UNICODE_OTHER, INT_MAX);
        while (llama && word < end && (*word == '\r' || *word == '\n'))
            word++;
        return word;
    }
    return bpe_blanks(s, end, llama);
}

/* ==== pieces and merges ==================================== >>pieces == */

static int bpe_slot(const char *bytes, int length, int bits)
{
    uint64_t hash = 1469598103934665603u;  // FNV-1a, its high bits
    int i;

    for (i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    return (int)((hash * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

/* The slot where a piece is, or where it would be. */
static int *bpe_find(const bpe *b, const char *bytes, int length)
{
    const int mask = (1 << b->piece_bits) - 1;
    int at = bpe_slot(bytes, length, b->piece_bits);

    while (b->by_bytes[at] >= 0) {
        const bpe_piece *p = &b->piece[b->by_bytes[at]];
        if (p->length == length &&
            !memcmp(b->bytes + p->begin, bytes, (size_t)length))
            break;
        at = (at + 1) & mask;
    }
    return &b->by_bytes[at];
}

static bpe_merge *bpe_find_merge(const bpe *b, int left, int right)
{
    const uint64_t key = (uint64_t)left << 32 | (uint32_t)right;
    const int mask = (1 << b->merge_bits) - 1;
    int at = (int)((key * 0x9e3779b97f4a7c15u) >> (64 - b->merge_bits));

    while (b->merge[at].rank >= 0 &&
           (b->merge[at].left != left || b->merge[at].right != right))
        at = (at + 1) & mask;
    return &b->merge[at];
}

/* ==== encoding, decoding =================================== >>encode == */

/* A merge that was seen possible, at the place of its left part. */
typedef struct bpe_wish {
    int rank, at, merged;
} bpe_wish;

/* A word at work: a chain of pieces, and a heap of wishes. */
typedef struct bpe_work {
    const bpe *b;
    int *id, *previous, *next, *out;
    bpe_wish *heap;
    int wishes, count;
} bpe_work;

/* The first merge of the file, and of equal ones the leftmost, goes first. */
static int bpe_before(bpe_wish a, bpe_wish b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}

static void bpe_push(bpe_work *w, bpe_wish wish)
{
    int at = w->wishes++;

    for (; at && bpe_before(wish, w->heap[(at - 1) / 2]); at = (at - 1) / 2)
        w->heap[at] = w->heap[(at - 1) / 2];
    w->heap[at] = wish;
}

static bpe_wish bpe_pop(bpe_work *w)
{
    const bpe_wish top = w->heap[0], last = w->heap[--w->wishes];
    int at = 0, child;

    while ((child = 2 * at + 1) < w->wishes) {
        if (child + 1 < w->wishes &&
            bpe_before(w->heap[child + 1], w->heap[child]))
            child++;
        if (!bpe_before(w->heap[child], last))
            break;
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = last;
    return top;
}

/* Notes the merge of the piece at `at` with the one after it, if there is one;
 * what it would make, or -1.                                                */
static int bpe_wish_for(bpe_work *w, int at, int push)
{
    const int right = at < 0 ? -1 : w->next[at];
    const bpe_merge *merge = right < 0 ? NULL
        : bpe_find_merge(w->b, w->id[at], w->id[right]);
    bpe_wish wish;

    if (!merge || merge->rank < 0)
        return -1;
    wish.rank = merge->rank;
    wish.at = at;
    wish.merged = merge->merged;
    if (push)
        bpe_push(w, wish);
    return wish.merged;
}

/* A wish whose pieces have changed since is dropped when it comes up, unless
 * what stands there now makes the same.                                     */
static void bpe_word(bpe_work *w, const char *text, int length)
{
    const int whole = w->b->whole ? *bpe_find(w->b, text, length) : -1;
    int i;

    if (whole >= 0) {
        w->out[w->count++] = whole;
        return;
    }
    for (i = 0; i < length; i++) {
        w->id[i] = w->b->byte[(unsigned char)text[i]];
        w->previous[i] = i - 1;
        w->next[i] = i + 1 < length ? i + 1 : -1;
    }
    for (i = 0; i < length; i++)
        bpe_wish_for(w, i, 1);
    while (w->wishes) {
        const bpe_wish wish = bpe_pop(w);
        const int at = wish.at;
        if (w->id[at] < 0 || bpe_wish_for(w, at, 0) != wish.merged)
            continue;
        w->id[at] = wish.merged;
        w->id[w->next[at]] = -1;
        w->next[at] = w->next[w->next[at]];
        if (w->next[at] >= 0)
            w->previous[w->next[at]] = at;
        bpe_wish_for(w, w->previous[at], 1);
        bpe_wish_for(w, at, 1);
    }
    for (i = 0; i >= 0; i = w->next[i])
        w->out[w->count++] = w->id[i];
}

/* The added token at s, the longest of several, or -1. */
static int bpe_added_at(const bpe *b, const char *s, const char *end)
{
    int i, best = -1;

    for (i = 0; i < b->added_count; i++) {
        const bpe_piece *p = &b->piece[b->added[i]];
        if (p->length <= end - s &&
            !memcmp(b->bytes + p->begin, s, (size_t)p->length) &&
            (best < 0 || p->length > b->piece[best].length))
            best = b->added[i];
    }
    return best;
}

/* A stretch of text without added tokens, cut before and after each digit where
 * the file asks for it, then into words.                                    */
static void bpe_stretch(bpe_work *w, const char *s, const char *end)
{
    const char *stop, *word;
    int n;

    while (s < end) {
        for (stop = s; w->b->digits && stop < end; stop += n)
            if (bpe_class(stop, end, &n) == UNICODE_NUMBER)
                break;
        if (!w->b->digits)
            stop = end;
        else if (stop == s)
            stop += n;
        for (; s < stop; s = word) {
            word = bpe_word_end(w->b->rule, s, stop);
            bpe_word(w, s, (int)(word - s));
        }
    }
}

static void bpe_text(bpe_work *w, const char *text, const char *end)
{
    const char *s, *from = text;

    for (s = text; s < end; s++) {
        const int id = w->b->starts[(unsigned char)*s]
            ? bpe_added_at(w->b, s, end) : -1;
        if (id < 0)
            continue;
        bpe_stretch(w, from, s);
        w->out[w->count++] = id;
        from = s + w->b->piece[id].length;
        s = from - 1;
    }
    bpe_stretch(w, from, end);
}

/* Appends one list: bos, the text's tokens, eos, where they are asked for and
 * ids has them. Added tokens that stand in the text are their ids already: no
 * second BOS goes before one, no EOS behind an id that ends a text.         */
static sppo_result bpe_encode(sppo_ctx *ctx, const bpe *b, const char *text,
                              size_t length, const sppo_config *ids, int bos,
                              int eos, sppo_lists *lists)
{
    const size_t most = length + 2;  // a token has a byte at least
    const size_t each = 4 * sizeof(int) + 3 * sizeof(bpe_wish);
    bpe_work w;
    sppo_result result;
    int added, twice;

    if (length > INT_MAX / 8)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "a text of more than 2^28 "
                         "bytes; encode it in parts");
    memset(&w, 0, sizeof w);
    w.b = b;
    w.heap = (bpe_wish *)sppo_alloc(ctx, most, each);
    if (!w.heap)
        return ctx->code;
    w.id = (int *)(w.heap + 3 * most);
    w.previous = w.id + most;
    w.next = w.previous + most;
    w.out = w.next + most;
    added = bos && ids->bos >= 0;
    if (added)
        w.out[w.count++] = ids->bos;
    bpe_text(&w, text, text + length);
    twice = added && w.count > 1 && w.out[1] == ids->bos;
    if (eos && ids->eos >= 0 &&
        !(w.count > added && sppo_config_ends(ids, w.out[w.count - 1])))
        w.out[w.count++] = ids->eos;
    result = sppo_lists_add(ctx, lists, w.out + twice, w.count - twice);
    sppo_release(ctx, w.heap, most * each);
    return result;
}

/* Bytes and a NUL, as sppo_tokenizer_decode; a bos in front is left out, other
 * added tokens are text.                                                    */
static size_t bpe_decode(const bpe *b, const int *token, int count, int bos,
                         char *out, size_t size)
{
    size_t n = 0;
    int i, j;

    for (i = 0; i < count; i++) {
        const int id = token[i];
        if (id < 0 || id >= b->vocab || (i == 0 && id == bos))
            continue;
        for (j = 0; j < b->piece[id].length; j++, n++)
            if (n + 1 < size)
                out[n] = b->bytes[b->piece[id].begin + j];
    }
    if (size)
        out[n < size ? n : size - 1] = 0;
    return n;
}

/* The added token whose text is the first found of the names, which end with
 * NULL; or -1.                                                              */
static int bpe_added_named(const bpe *b, const char *const *names)
{
    int i;

    for (; *names; names++)
        for (i = 0; i < b->added_count; i++) {
            const bpe_piece *p = &b->piece[b->added[i]];
            if (p->length == (int)strlen(*names) &&
                !memcmp(b->bytes + p->begin, *names, (size_t)p->length))
                return b->added[i];
        }
    return -1;
}

/* ==== reading ================================================ >>read == */

typedef struct bpe_reader {
    sppo_ctx *ctx;
    bpe *b;
    sppo_json json;
    const char *where;  // begins the sentence of a failure
    int limit;          // of ids; 0: BPE_MOST
} bpe_reader;

enum { BPE_MOST = 1 << 22 };

/* vocab has more keys than an object may have here: in a copy of the text it
 * becomes the array of key, id, key, id, at the same lines and columns.     */
static void bpe_flatten(char *text, size_t size)
{
    const char *vocab = "\"vocab\"";
    size_t i, begin = 0;
    int flat = 0;  // 1: after the key, 2: after the colon, 3: inside

    for (i = 0; i < size; i++) {
        if (text[i] == '"') {
            for (begin = i++; i < size && text[i] != '"'; i++)
                i += text[i] == '\\';
            if (flat < 3)
                flat = i < size && i + 1 - begin == strlen(vocab) &&
                       !memcmp(text + begin, vocab, i + 1 - begin);
        } else if (text[i] == ':' && flat == 1) {
            flat = 2;
        } else if (text[i] == '{' && flat == 2) {
            text[i] = '[';
            flat = 3;
        } else if (flat == 3 && (text[i] == ':' || text[i] == '}')) {
            flat = text[i] == ':' ? 3 : 0;
            text[i] = flat ? ',' : ']';
        } else if (flat < 3 && !strchr(" \t\r\n", text[i])) {
            flat = 0;
        }
    }
}

/* Whether the value is one of "a|b|..": strings without their quotes. */
static int bpe_is(const bpe_reader *r, int node, const char *any)
{
    const sppo_json_node *n = &r->json.node[node];
    const size_t length = n->end - n->begin;

    while (*any) {
        const size_t one = strcspn(any, "|");
        if (one == length && !memcmp(any, r->json.text + n->begin, one))
            return 1;
        any += one + (any[one] != 0);
    }
    return 0;
}

/* The member `key` of an object must be absent or one of "a|b|..". */
static sppo_result bpe_expect(const bpe_reader *r, int object,
                              const char *key, const char *any)
{
    const int node = sppo_json_find(&r->json, object, key);
    const sppo_json_node *n = &r->json.node[node < 0 ? 0 : node];
    const int type = node < 0 ? -1 : sppo_json_find(&r->json, node, "type");

    if (node < 0 || bpe_is(r, node, any) || (n->begin == n->end &&
                                             strstr(any, "null")))
        return SPPO_OK;
    if (type >= 0)
        n = &r->json.node[type];
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: \"%s\" %.*s is not supported "
                     "(only %s); tokenize elsewhere and pass ids", r->where,
                     key, (int)(n->end - n->begin < 60 ? n->end - n->begin
                                                       : 60),
                     r->json.text + n->begin, any);
}

/* As bpe_expect, and it must be there. */
static sppo_result bpe_require(const bpe_reader *r, int object,
                               const char *key, const char *any)
{
    if (sppo_json_find(&r->json, object, key) < 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: \"%s\" is missing: no "
                         "byte-level BPE", r->where, key);
    return bpe_expect(r, object, key, any);
}

/* Split by one of the rules: what lies between matches, which is nothing, may
 * be kept or removed.                                                       */
static sppo_result bpe_read_split(bpe_reader *r, int node)
{
    const sppo_json *json = &r->json;
    const int pattern = sppo_json_find(json, node, "pattern");
    const int regex = sppo_json_find(json, pattern, "Regex");
    char text[256];
    int rule;

    sppo_json_string(json, regex, text, sizeof text);
    for (rule = 0; rule < BPE_RULES; rule++)
        if (!strcmp(text, bpe_rules[rule]))
            break;
    if (rule == BPE_RULES)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the pattern \"%.120s\" is "
                         "not one of GPT-2, Llama 3 or Qwen 2; tokenize "
                         "elsewhere and pass ids", r->where, text);
    r->b->rule = rule;
    BPE_TRY(bpe_require(r, node, "behavior", "Isolated|Removed"));
    return bpe_expect(r, node, "invert", bpe_is(r, sppo_json_find(json, node,
                      "behavior"), "Removed") ? "true" : "false");
}

/* ByteLevel with its own rule, after Digits or alone; or Split, ByteLevel. */
static sppo_result bpe_read_words(bpe_reader *r)
{
    const sppo_json *json = &r->json;
    const int top = sppo_json_find(json, 0, "pre_tokenizer");
    const int list = sppo_json_find(json, top, "pretokenizers");
    int step = list < 0 ? top : json->node[list].first, split = 0;
    const int type = sppo_json_find(json, step, "type");

    if (list >= 0 && type >= 0 && bpe_is(r, type, "Digits")) {
        BPE_TRY(bpe_require(r, step, "individual_digits", "true"));
        r->b->digits = 1;
        step = json->node[step].next;
    } else if (list >= 0 && type >= 0 && bpe_is(r, type, "Split")) {
        BPE_TRY(bpe_read_split(r, step));
        split = 1;
        step = json->node[step].next;
    }
    BPE_TRY(bpe_require(r, step, "type", "ByteLevel"));
    BPE_TRY(bpe_require(r, step, "add_prefix_space", "false"));
    if (split)
        BPE_TRY(bpe_require(r, step, "use_regex", "false"));
    else
        BPE_TRY(bpe_expect(r, step, "use_regex", "true"));
    if (list < 0 || json->node[step].next < 0)
        return SPPO_OK;
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: what follows ByteLevel in "
                     "pre_tokenizer is not supported; tokenize elsewhere and "
                     "pass ids", r->where);
}

/* Characters of the byte alphabet become their bytes, in place; how many, or
 * -1: one is none of the alphabet.                                          */
static int bpe_translate(char *s, size_t length)
{
    size_t i = 0;
    int n = 0;

    while (i < length) {
        int c = (unsigned char)s[i++];
        if (c >= 0xe0)
            return -1;
        if (c >= 0x80)
            c = (c & 0x1f) << 6 | ((unsigned char)s[i++] & 0x3f);
        if (c >= 0x100 && c < 0x144) {  // those that are not printed
            c -= 0x100;
            c = c < 33 ? c : c < 67 ? c - 33 + 127 : 173;
        } else if (c < 33 || (c > 126 && c < 161) || c == 173 || c > 255) {
            return -1;
        }
        s[n++] = (char)c;
    }
    return n;
}

/* The bytes behind those in use become the piece of an id. */
static sppo_result bpe_set(bpe_reader *r, int id, int length, int added)
{
    bpe *b = r->b;
    bpe_piece *p = &b->piece[id];

    if (length == 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the piece of id %d is "
                         "empty", r->where, id);
    if (p->length)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: two pieces have the id "
                         "%d", r->where, id);
    p->begin = b->used;
    p->length = length;
    p->added = added;
    b->used += length;
    return SPPO_OK;
}

/* Counts one more slot of a table; a search ends at an empty one, so no table
 * is more than half full.                                                   */
static sppo_result bpe_room(bpe_reader *r, int *used, int bits)
{
    if (*used >= 1 << (bits - 1))
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: more than %d pieces or "
                         "merges, the room that was counted for them",
                         r->where, *used);
    ++*used;
    return SPPO_OK;
}

/* An id: within the model's vocabulary, or of a sensible size. */
static sppo_result bpe_read_id(bpe_reader *r, int node, int *id)
{
    const int limit = r->limit ? r->limit : BPE_MOST;
    const double value = sppo_json_number(&r->json, node);

    if (node < 0 || r->json.node[node].type != SPPO_JSON_NUMBER ||
        !(value >= 0.0 && value < limit) || value != floor(value))
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: %.10g is not an id of a "
                         "vocabulary of %d", r->where, value, limit);
    *id = (int)value;
    return SPPO_OK;
}

/* The vocabulary reaches to the highest id; it may have gaps. */
static sppo_result bpe_read_ids(bpe_reader *r, int vocab, int added)
{
    const sppo_json *json = &r->json;
    int i, id;

    for (i = json->node[vocab].first; i >= 0;
         i = json->node[json->node[i].next].next) {
        BPE_TRY(bpe_read_id(r, json->node[i].next, &id));
        r->b->vocab = id >= r->b->vocab ? id + 1 : r->b->vocab;
    }
    for (i = added < 0 ? -1 : json->node[added].first; i >= 0;
         i = json->node[i].next) {
        BPE_TRY(bpe_read_id(r, sppo_json_find(json, i, "id"), &id));
        r->b->vocab = id >= r->b->vocab ? id + 1 : r->b->vocab;
    }
    return SPPO_OK;
}

static sppo_result bpe_read_added(bpe_reader *r, int list)
{
    const sppo_json *json = &r->json;
    bpe *b = r->b;
    int i, id;

    for (i = list < 0 ? -1 : json->node[list].first; i >= 0;
         i = json->node[i].next) {
        char *at = b->bytes + b->used;
        BPE_TRY(bpe_read_id(r, sppo_json_find(json, i, "id"), &id));
        BPE_TRY(bpe_expect(r, i, "single_word", "false"));
        BPE_TRY(bpe_expect(r, i, "lstrip", "false"));
        BPE_TRY(bpe_expect(r, i, "rstrip", "false"));
        BPE_TRY(bpe_set(r, id, (int)sppo_json_string(json,
                        sppo_json_find(json, i, "content"), at,
                        (size_t)(b->room - b->used)), 1));
        b->starts[(unsigned char)*at] = 1;
        b->added[b->added_count++] = id;
    }
    return SPPO_OK;
}

/* One key of vocab; a piece that is added as well has its bytes already. */
static sppo_result bpe_read_piece(bpe_reader *r, int node)
{
    const sppo_json_node *n = &r->json.node[node];
    bpe *b = r->b;
    char *at = b->bytes + b->used;
    const size_t raw = sppo_json_string(&r->json, node, at,
                                        (size_t)(b->room - b->used));
    int id, length, added;

    BPE_TRY(bpe_read_id(r, n->next, &id));
    added = b->piece[id].added && b->piece[id].length == (int)raw &&
            !memcmp(at, b->bytes + b->piece[id].begin, raw);
    length = bpe_translate(at, raw);
    if (added && length < 0)
        return SPPO_OK;  // no merge makes it
    if (length < 0 || n->type != SPPO_JSON_STRING)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: \"%.*s\" in vocab is "
                         "not of the byte alphabet; tokenize elsewhere and "
                         "pass ids", r->where, (int)(n->end - n->begin),
                         r->json.text + n->begin);
    if (*bpe_find(b, at, length) >= 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: ids %d and %d have the "
                         "same piece", r->where, *bpe_find(b, at, length), id);
    if (!added)
        BPE_TRY(bpe_set(r, id, length, 0));
    BPE_TRY(bpe_room(r, &b->hashed_pieces, b->piece_bits));
    *bpe_find(b, at, length) = id;
    return SPPO_OK;
}

/* vocab: key, id, key, id. */
static sppo_result bpe_read_pieces(bpe_reader *r, int list)
{
    const sppo_json_node *node = r->json.node;
    int i;

    for (i = node[list].first; i >= 0; i = node[node[i].next].next)
        BPE_TRY(bpe_read_piece(r, i));
    return SPPO_OK;
}

/* "left right", or ["left", "right"]. */
static sppo_result bpe_read_merge(bpe_reader *r, int node, int rank)
{
    const sppo_json *json = &r->json;
    bpe *b = r->b;
    char *text = b->bytes + b->used;
    const size_t room = (size_t)(b->room - b->used);
    const int first = json->node[node].first;
    size_t k = sppo_json_string(json, first < 0 ? node : first, text, room);
    size_t end = k;
    int left, right, id[3] = { -1, -1, -1 };
    bpe_merge *merge;

    if (first >= 0 && json->node[node].count == 2)
        end += 1 + sppo_json_string(json, json->node[first].next, text + k + 1,
                                    room - k - 1);
    else
        k = strcspn(text, " ");
    left = bpe_translate(text, k);
    right = k < end ? bpe_translate(text + k + 1, end - k - 1) : -1;
    if (left > 0 && right > 0) {
        memmove(text + left, text + k + 1, (size_t)right);
        id[0] = *bpe_find(b, text, left);
        id[1] = *bpe_find(b, text + left, right);
        id[2] = *bpe_find(b, text, left + right);
    }
    if (id[0] < 0 || id[1] < 0 || id[2] < 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: merge %d, %.*s, is not of "
                         "two pieces that make a third", r->where, rank + 1,
                         (int)(json->node[node].end - json->node[node].begin),
                         json->text + json->node[node].begin);
    merge = bpe_find_merge(b, id[0], id[1]);
    if (merge->rank < 0)
        BPE_TRY(bpe_room(r, &b->hashed_merges, b->merge_bits));
    merge->left = id[0];
    merge->right = id[1];
    merge->rank = rank;
    merge->merged = id[2];
    return SPPO_OK;
}

/* A power of two that is at most half full. */
static int bpe_bits(int count)
{
    int bits = 4;

    while ((1L << bits) < 2L * count)
        bits++;
    return bits;
}

/* Everything that the counts of the file ask for. */
static sppo_result bpe_take(sppo_ctx *ctx, bpe *b, int merges)
{
    int i;

    b->piece_bits = bpe_bits(b->vocab);
    b->merge_bits = bpe_bits(merges);
    b->piece = (bpe_piece *)sppo_alloc(ctx, (size_t)b->vocab, sizeof *b->piece);
    b->added = (int *)sppo_alloc(ctx, (size_t)b->vocab, sizeof *b->added);
    b->bytes = (char *)sppo_alloc(ctx, (size_t)b->room, 1);
    b->by_bytes = (int *)sppo_alloc(ctx, (size_t)1 << b->piece_bits,
                                    sizeof *b->by_bytes);
    b->merge = (bpe_merge *)sppo_alloc(ctx, (size_t)1 << b->merge_bits,
                                       sizeof *b->merge);
    if (!b->piece || !b->added || !b->bytes || !b->by_bytes || !b->merge)
        return ctx->code;
    for (i = 0; i < 1 << b->piece_bits; i++)
        b->by_bytes[i] = -1;
    for (i = 0; i < 1 << b->merge_bits; i++)
        b->merge[i].rank = -1;
    return SPPO_OK;
}

static sppo_result bpe_read_model(bpe_reader *r, int vocab, int merges,
                                  int added)
{
    const sppo_json *json = &r->json;
    bpe *b = r->b;
    int i, rank = 0;

    BPE_TRY(bpe_take(r->ctx, b, json->node[merges].count));
    BPE_TRY(bpe_read_added(r, added));
    BPE_TRY(bpe_read_pieces(r, vocab));
    for (i = json->node[merges].first; i >= 0; i = json->node[i].next)
        BPE_TRY(bpe_read_merge(r, i, rank++));
    for (i = 0; i < 256; i++) {
        const char byte = (char)i;
        b->byte[i] = *bpe_find(b, &byte, 1);
        if (b->byte[i] < 0)
            return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: vocab has no piece "
                             "for the byte 0x%02x", r->where, (unsigned)i);
    }
    return SPPO_OK;
}

/* What the file must and must not ask for, then what it holds. */
static sppo_result bpe_read_file(bpe_reader *r)
{
    const sppo_json *json = &r->json;
    const int model = sppo_json_find(json, 0, "model");
    const int vocab = sppo_json_find(json, model, "vocab");
    const int merges = sppo_json_find(json, model, "merges");
    const int added = sppo_json_find(json, 0, "added_tokens");
    const int whole = sppo_json_find(json, model, "ignore_merges");

    BPE_TRY(bpe_require(r, model, "type", "BPE"));
    BPE_TRY(bpe_expect(r, 0, "normalizer", "null"));
    BPE_TRY(bpe_expect(r, model, "dropout", "null|0|0.0"));
    BPE_TRY(bpe_expect(r, model, "continuing_subword_prefix", "null"));
    BPE_TRY(bpe_expect(r, model, "end_of_word_suffix", "null"));
    BPE_TRY(bpe_expect(r, model, "ignore_merges", "true|false"));
    BPE_TRY(bpe_read_words(r));
    if (vocab < 0 || merges < 0 || json->node[vocab].count % 2 != 0 ||
        json->node[vocab].type != SPPO_JSON_ARRAY ||
        json->node[merges].type != SPPO_JSON_ARRAY)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the model lacks its vocab "
                         "or its merges", r->where);
    r->b->whole = whole >= 0 && bpe_is(r, whole, "true");
    BPE_TRY(bpe_read_ids(r, vocab, added));
    return bpe_read_model(r, vocab, merges, added);
}

/* A tokenizer.json whose ids are all below limit; 0: any. */
static sppo_result bpe_read(sppo_ctx *ctx, bpe *b, const char *text,
                            size_t size, int limit, const char *where)
{
    bpe fresh;
    bpe_reader r;
    char *copy;
    sppo_result result;

    if (size > INT_MAX / 4)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%s: more than 2^29 bytes", where);
    copy = (char *)sppo_alloc(ctx, size + 1, 1);
    if (!copy)
        return ctx->code;
    memset(&fresh, 0, sizeof fresh);
    memset(&r, 0, sizeof r);
    memcpy(copy, text, size);
    bpe_flatten(copy, size);
    r.ctx = ctx;
    r.b = &fresh;
    r.where = where;
    r.limit = limit;
    fresh.room = (int)size + 1;
    result = sppo_json_parse(ctx, &r.json, copy, size, where);
    if (result == SPPO_OK)
        result = bpe_read_file(&r);
    sppo_json_free(ctx, &r.json);
    sppo_release(ctx, copy, size + 1);
    if (result == SPPO_OK)
        *b = fresh;
    else
        bpe_free(ctx, &fresh);
    return result;
}

#endif
