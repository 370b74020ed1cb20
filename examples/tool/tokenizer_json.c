/* tokenizer_json.c - texts into ids and back, by the pieces and merges of a
 * file                                                                      */

#include "buffer.h"
#include "tokenizer_parts.h"
#include "unicode_classes.h"

#include <limits.h>
#include <string.h>

void bpe_free(sppo_ctx *ctx, bpe *b)
{
    sppo_release(ctx, b->piece, sizeof *b->piece * (size_t)b->vocab);
    sppo_release(ctx, b->added, sizeof *b->added * (size_t)b->vocab);
    sppo_release(ctx, b->bytes, (size_t)b->room);
    sppo_release(ctx, b->by_bytes, sizeof *b->by_bytes << b->piece_bits);
    sppo_release(ctx, b->merge, sizeof *b->merge << b->merge_bits);
    memset(b, 0, sizeof *b);
}

/* The published rules, as the file has them. Every character falls to one of
 * the alternatives, so that the matches fill the text.                      */
static const char *const bpe_rules[BPE_RULES] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|"
    "\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
};

int bpe_rule_find(const char *pattern)
{
    int rule;

    for (rule = 0; rule < BPE_RULES; rule++)
        if (!strcmp(pattern, bpe_rules[rule]))
            return rule;
    return -1;
}

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

const char *bpe_word_end(int rule, const char *s, const char *end)
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

static int bpe_slot(const char *bytes, int length, int bits)
{
    uint64_t hash = 1469598103934665603u;  // FNV-1a, its high bits
    int i;

    for (i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    return (int)((hash * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

int *bpe_find(const bpe *b, const char *bytes, int length)
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

int bpe_piece_detour(const bpe *b, const int *slot, const char *bytes,
                     int length)
{
    const int own = bpe_slot(bytes, length, b->piece_bits);

    return ((int)(slot - b->by_bytes) - own) & ((1 << b->piece_bits) - 1);
}

static int bpe_merge_slot(int left, int right, int bits)
{
    uint64_t key = (uint64_t)left << 32 | (uint32_t)right;

    key *= 0xbf58476d1ce4e5b9u;
    key ^= key >> 32;
    return (int)((key * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

int bpe_merge_detour(const bpe *b, const bpe_merge *slot)
{
    const int own = bpe_merge_slot(slot->left, slot->right, b->merge_bits);

    return ((int)(slot - b->merge) - own) & ((1 << b->merge_bits) - 1);
}

bpe_merge *bpe_find_merge(const bpe *b, int left, int right)
{
    const int mask = (1 << b->merge_bits) - 1;
    int at = bpe_merge_slot(left, right, b->merge_bits);

    while (b->merge[at].rank >= 0 &&
           (b->merge[at].left != left || b->merge[at].right != right))
        at = (at + 1) & mask;
    return &b->merge[at];
}

/* A merge that was seen possible, at the place of its left part. */
typedef struct bpe_wish {
    int rank, at, merged;
} bpe_wish;

/* The first merge of the file, and of equal ones the leftmost, goes first. */
static int bpe_before(bpe_wish a, bpe_wish b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}

/* A word at work: a chain of pieces, and a heap of wishes. */
typedef struct bpe_work {
    const bpe *b;
    int *id, *previous, *next, *out;
    bpe_wish *heap;
    int wishes, count;
} bpe_work;

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

/* Of the added tokens [low, high), which are in order and have `depth` bytes in
 * common, the first whose next byte is c or more; one that ends has none.   */
static int bpe_added_bound(const bpe *b, int low, int high, int depth, int c)
{
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const bpe_piece *p = &b->piece[b->added[middle]];

        if (p->length > depth &&
            (unsigned char)b->bytes[p->begin + depth] >= c)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The added token at s, the longest of several, or -1. */
static int bpe_added_at(const bpe *b, const char *s, const char *end)
{
    int low = 0, high = b->added_count, depth, best = -1;

    for (depth = 0; s < end; depth++, s++) {
        low = bpe_added_bound(b, low, high, depth, (unsigned char)*s);
        high = bpe_added_bound(b, low, high, depth, (unsigned char)*s + 1);
        if (low == high)
            break;
        if (b->piece[b->added[low]].length == depth + 1)
            best = b->added[low];
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

sppo_result bpe_encode(sppo_ctx *ctx, const bpe *b, const char *text,
                       size_t length, const sppo_config *ids, int bos, int eos,
                       sppo_lists *lists)
{
    const size_t most = length + 2;  // a token has a byte at least
    // a merge takes one wish and makes two, and a text has fewer than bytes
    const size_t each = 4 * sizeof(int) + 2 * sizeof(bpe_wish);
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
    w.id = (int *)(w.heap + 2 * most);
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

size_t bpe_decode(const bpe *b, const int *token, int count, int bos,
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

int bpe_added_named(const bpe *b, const char *const *names)
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
