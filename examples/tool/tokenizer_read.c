/* tokenizer_read.c - a tokenizer.json of the byte-level kind */

#include "tokenizer_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    rule = bpe_rule_find(text);
    if (rule < 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the pattern \"%.120s\" is "
                         "not one of GPT-2, Llama 3 or Qwen 2; tokenize "
                         "elsewhere and pass ids", r->where, text);
    r->b->rule = rule;
    TRY(bpe_require(r, node, "behavior", "Isolated|Removed"));
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
        TRY(bpe_require(r, step, "individual_digits", "true"));
        r->b->digits = 1;
        step = json->node[step].next;
    } else if (list >= 0 && type >= 0 && bpe_is(r, type, "Split")) {
        TRY(bpe_read_split(r, step));
        split = 1;
        step = json->node[step].next;
    }
    TRY(bpe_require(r, step, "type", "ByteLevel"));
    TRY(bpe_require(r, step, "add_prefix_space", "false"));
    if (split)
        TRY(bpe_require(r, step, "use_regex", "false"));
    else
        TRY(bpe_expect(r, step, "use_regex", "true"));
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

sppo_result bpe_room(bpe_reader *r, int *used, int bits, int detour)
{
    if (detour > 1000)  // by chance some dozens
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: too many pieces or merges "
                         "that hash to one place", r->where);
    if (*used >= 1 << (bits - 1))
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: more than %d pieces or "
                         "merges, the room that was counted for them",
                         r->where, *used);
    ++*used;
    return SPPO_OK;
}

sppo_result bpe_read_id(const bpe_reader *r, int node, int *id)
{
    const double value = sppo_json_number(&r->json, node);

    *id = 0;
    if (node < 0 || r->json.node[node].type != SPPO_JSON_NUMBER ||
        !(value >= 0.0 && value < r->limit) || value != floor(value))
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: %.10g is not an id of a "
                         "vocabulary of %d", r->where, value, r->limit);
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
        TRY(bpe_read_id(r, json->node[i].next, &id));
        r->b->vocab = id >= r->b->vocab ? id + 1 : r->b->vocab;
    }
    for (i = added < 0 ? -1 : json->node[added].first; i >= 0;
         i = json->node[i].next) {
        TRY(bpe_read_id(r, sppo_json_find(json, i, "id"), &id));
        r->b->vocab = id >= r->b->vocab ? id + 1 : r->b->vocab;
    }
    return SPPO_OK;
}

typedef struct bpe_added {
    const char *bytes;
    int length, id;
} bpe_added;

/* By their bytes, and what stands first in the file before its equals. */
static int bpe_added_before(const void *left, const void *right)
{
    const bpe_added *a = (const bpe_added *)left;
    const bpe_added *b = (const bpe_added *)right;
    const int n = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->bytes, b->bytes, (size_t)n);

    if (order || a->length != b->length)
        return order ? order : a->length - b->length;
    return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

/* In order a text finds them by halves, however many begin alike. */
static sppo_result bpe_sort_added(bpe_reader *r)
{
    bpe *b = r->b;
    const size_t count = (size_t)b->added_count;
    bpe_added *all = (bpe_added *)sppo_alloc(r->ctx, count, sizeof *all);
    size_t i;

    if (!all)
        return r->ctx->code;
    for (i = 0; i < count; i++) {
        all[i].id = b->added[i];
        all[i].bytes = b->bytes + b->piece[all[i].id].begin;
        all[i].length = b->piece[all[i].id].length;
    }
    qsort(all, count, sizeof *all, bpe_added_before);
    for (i = 0; i < count; i++)
        b->added[i] = all[i].id;
    sppo_release(r->ctx, all, count * sizeof *all);
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
        TRY(bpe_read_id(r, sppo_json_find(json, i, "id"), &id));
        TRY(bpe_expect(r, i, "single_word", "false"));
        TRY(bpe_expect(r, i, "lstrip", "false"));
        TRY(bpe_expect(r, i, "rstrip", "false"));
        TRY(bpe_set(r, id, (int)sppo_json_string(json,
                        sppo_json_find(json, i, "content"), at,
                        (size_t)(b->room - b->used)), 1));
        if (b->piece[id].length > 255)
            return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the added token %d "
                             "has more than 255 bytes", r->where, id);
        b->starts[(unsigned char)*at] = 1;
        b->added[b->added_count++] = id;
    }
    return bpe_sort_added(r);
}

/* One key of vocab; a piece that is added as well has its bytes already. */
static sppo_result bpe_read_piece(bpe_reader *r, int node)
{
    const sppo_json_node *n = &r->json.node[node];
    bpe *b = r->b;
    char *at = b->bytes + b->used;
    const size_t raw = sppo_json_string(&r->json, node, at,
                                        (size_t)(b->room - b->used));
    int id, length, added, *slot;

    TRY(bpe_read_id(r, n->next, &id));
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
        TRY(bpe_set(r, id, length, 0));
    slot = bpe_find(b, at, length);
    *slot = id;
    return bpe_room(r, &b->hashed_pieces, b->piece_bits,
                    bpe_piece_detour(b, slot, at, length));
}

/* vocab: key, id, key, id. */
static sppo_result bpe_read_pieces(bpe_reader *r, int list)
{
    const sppo_json_node *node = r->json.node;
    int i;

    for (i = node[list].first; i >= 0; i = node[node[i].next].next)
        TRY(bpe_read_piece(r, i));
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
    int left, right, known, id[3] = { -1, -1, -1 };
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
    known = merge->rank >= 0;
    merge->left = id[0];
    merge->right = id[1];
    merge->rank = rank;
    merge->merged = id[2];
    return known ? SPPO_OK : bpe_room(r, &b->hashed_merges, b->merge_bits,
                                      bpe_merge_detour(b, merge));
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

    TRY(bpe_take(r->ctx, b, json->node[merges].count));
    TRY(bpe_read_added(r, added));
    TRY(bpe_read_pieces(r, vocab));
    for (i = json->node[merges].first; i >= 0; i = json->node[i].next)
        TRY(bpe_read_merge(r, i, rank++));
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
    const int empty = sppo_json_find(json, sppo_json_find(json, 0,
                                     "normalizer"), "normalizers");

    TRY(bpe_require(r, model, "type", "BPE"));
    if (empty < 0 || json->node[empty].type != SPPO_JSON_ARRAY ||
        json->node[empty].count)  // a Sequence of none is none
        TRY(bpe_expect(r, 0, "normalizer", "null"));
    TRY(bpe_expect(r, model, "dropout", "null|0|0.0"));
    TRY(bpe_expect(r, model, "continuing_subword_prefix", "null"));
    TRY(bpe_expect(r, model, "end_of_word_suffix", "null"));
    TRY(bpe_expect(r, model, "ignore_merges", "true|false"));
    TRY(bpe_read_words(r));
    if (vocab < 0 || merges < 0 || json->node[vocab].count % 2 != 0 ||
        json->node[vocab].type != SPPO_JSON_ARRAY ||
        json->node[merges].type != SPPO_JSON_ARRAY)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the model lacks its vocab "
                         "or its merges", r->where);
    r->b->whole = whole >= 0 && bpe_is(r, whole, "true");
    TRY(bpe_read_ids(r, vocab, added));
    return bpe_read_model(r, vocab, merges, added);
}

sppo_result bpe_read(bpe_reader *r)
{
    const sppo_result result = bpe_read_file(r);

    if (result != SPPO_OK)
        bpe_free(r->ctx, r->b);
    return result;
}
