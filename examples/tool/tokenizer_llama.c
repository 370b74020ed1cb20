/* tokenizer_llama.c - a tokenizer.json of Llama 2's kind
 *
 * Its merges are those of a SentencePiece vocabulary: each piece with all ways
 * to make it in a row, the likeliest piece first. So the place of a piece is a
 * score, and the header's tokenizer, which joins by scores, joins the same.
 * That all ways are there is counted, for it joins whatever makes a piece.  */

#include "tokenizer_parts.h"

#include <string.h>

#define BLANK "\xe2\x96\x81"
#define NOWHERE (-1e9f)  // the score of a piece that no merge makes

/* Blanks for U+2581, in place; the new length. */
static size_t plain(char *text, size_t length)
{
    size_t from, to = 0;

    for (from = 0; from < length; to++)
        if (length - from >= 3 && !memcmp(text + from, BLANK, 3)) {
            text[to] = ' ';
            from += 3;
        } else {
            text[to] = text[from++];
        }
    return to;
}

/* The text of a string, so, behind what is in `out`. */
static void add_plain(buffer *out, const sppo_json *json, int node)
{
    const size_t begin = out->length;

    buffer_unquote(out, json, node);
    if (!out->failed)
        out->length = begin + plain(out->data + begin, out->length - begin);
}

static void add_word(buffer *out, unsigned word)
{
    char bytes[4];
    int i;

    for (i = 0; i < 4; i++)
        bytes[i] = (char)(word >> 8 * i & 0xff);
    buffer_add(out, bytes, 4);
}

/* What must be so for texts to be taken apart as a tokenizer.bin does it. */
static sppo_result llama_expect(const bpe_reader *r)
{
    const sppo_json *json = &r->json;
    const int model = sppo_json_find(json, 0, "model");
    const int top = sppo_json_find(json, 0, "normalizer");
    const int first = sppo_json_find(json, top, "normalizers");
    const int prepend = first < 0 ? -1 : json->node[first].first;
    const int replace = prepend < 0 ? -1 : json->node[prepend].next;
    int pattern;

    TRY(bpe_require(r, model, "type", "BPE"));
    TRY(bpe_expect(r, 0, "pre_tokenizer", "null"));
    TRY(bpe_expect(r, model, "dropout", "null|0|0.0"));
    TRY(bpe_expect(r, model, "continuing_subword_prefix", "null"));
    TRY(bpe_expect(r, model, "end_of_word_suffix", "null"));
    TRY(bpe_expect(r, model, "ignore_merges", "false"));
    if (replace < 0 || json->node[replace].next >= 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: with byte_fallback the "
                         "normalizer must put U+2581 in front and for blanks, "
                         "as Llama 2's; tokenize elsewhere and pass ids",
                         r->where);
    TRY(bpe_require(r, prepend, "type", "Prepend"));
    TRY(bpe_require(r, prepend, "prepend", BLANK "|\\u2581"));
    TRY(bpe_require(r, replace, "type", "Replace"));
    TRY(bpe_require(r, replace, "content", BLANK "|\\u2581"));
    pattern = sppo_json_find(json, replace, "pattern");
    return bpe_require(r, pattern, "String", " ");
}

/* Nothing may be added but what a tokenizer.bin begins with. */
static sppo_result llama_added(const bpe_reader *r)
{
    static const char *const names[] = { "<unk>", "<s>", "</s>" };
    const sppo_json *json = &r->json;
    const int list = sppo_json_find(json, 0, "added_tokens");
    int i, id, text;

    for (i = list < 0 ? -1 : json->node[list].first; i >= 0;
         i = json->node[i].next) {
        TRY(bpe_read_id(r, sppo_json_find(json, i, "id"), &id));
        text = sppo_json_find(json, i, "content");
        if (id >= SPPO_BYTES || text < 0 || !bpe_is(r, text, names[id]))
            return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the added token %d is "
                             "none of <unk>, <s> and </s>, 0 to 2, which is "
                             "all that is supported beside byte_fallback; "
                             "tokenize elsewhere and pass ids", r->where, id);
    }
    return SPPO_OK;
}

/* The JSON nodes of the pieces, by their ids, of which none is missing. */
static sppo_result llama_order(const bpe_reader *r, int vocab, int *node,
                               int count)
{
    const sppo_json *json = &r->json;
    int i, id;

    memset(node, 0, (size_t)count * sizeof *node);
    for (i = json->node[vocab].first; i >= 0;
         i = json->node[json->node[i].next].next) {
        TRY(bpe_read_id(r, json->node[i].next, &id));
        if (id >= count || node[id])
            return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the %d ids of vocab "
                             "are not 0 to %d, each once", r->where, count,
                             count - 1);
        node[id] = i;
    }
    return SPPO_OK;
}

/* The pieces as a tokenizer.bin, which the header reads. */
static sppo_result llama_pieces(const bpe_reader *r, const int *node,
                                int count, buffer *file, sppo_tokenizer *bin)
{
    sppo_result result;
    int id;

    add_word(file, 0);  // of the longest piece; nobody asks for it
    for (id = 0; id < count; id++) {
        const size_t begin = file->length;

        add_word(file, 0);
        add_word(file, 0);
        add_plain(file, &r->json, node[id]);
        if (!file->failed) {
            const size_t length = file->length - begin - 8;
            int i;

            for (i = 0; i < 4; i++)
                file->data[begin + 4 + (size_t)i] =
                    (char)(length >> 8 * i & 0xff);
        }
    }
    TRY(buffer_check(file));
    result = sppo_tokenizer_read(r->ctx, bin, file->data, file->length, count);
    if (result != SPPO_OK)
        return sppo_fail(r->ctx, result, "%s: %s", r->where, r->ctx->message);
    for (id = SPPO_PIECES; id < count; id++)
        bin->score[id] = NOWHERE;
    return SPPO_OK;
}

/* The two parts of a merge, "left right" or ["left", "right"], one after the
 * other in `text`; where the second begins, 0: there are no two.            */
static size_t llama_parts(const bpe_reader *r, int node, buffer *text)
{
    const sppo_json *json = &r->json;
    const int left = json->node[node].first;
    size_t cut, first, right;

    buffer_clear(text);
    if (left >= 0 && json->node[node].count == 2) {
        add_plain(text, json, left);
        cut = text->length;
        add_plain(text, json, json->node[left].next);
        return cut;
    }
    buffer_unquote(text, json, node);
    cut = text->length ? strcspn(text->data, " ") : 0;
    if (cut + 1 >= text->length)
        return 0;
    right = plain(text->data + cut + 1, text->length - cut - 1);
    first = plain(text->data, cut);
    memmove(text->data + first, text->data + cut + 1, right);
    text->length = first + right;
    return first;
}

static sppo_result llama_merges(const bpe_reader *r, int merges, buffer *text,
                                sppo_tokenizer *bin)
{
    const sppo_json *json = &r->json;
    int i, before = -1, order = 0, rank = 1;

    for (i = json->node[merges].first; i >= 0; i = json->node[i].next, rank++) {
        const size_t cut = llama_parts(r, i, text);
        int left = -1, right = -1, made = -1;

        TRY(buffer_check(text));
        if (cut) {
            left = piece_find(bin, text->data, (int)cut);
            right = piece_find(bin, text->data + cut,
                               (int)(text->length - cut));
            made = piece_find(bin, text->data, (int)text->length);
        }
        if (left < SPPO_PIECES || right < SPPO_PIECES || made < SPPO_BYTES)
            return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: merge %d is not of "
                             "two pieces that make a third", r->where, rank);
        if (made != before && bin->score[made] > NOWHERE &&
            made >= SPPO_PIECES)
            return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: merge %d makes piece "
                             "%d, as one far before it: no order of pieces "
                             "says that", r->where, rank, made);
        if (made != before)
            bin->score[made] = (float)-order++;
        before = made;
    }
    return SPPO_OK;
}

static sppo_result llama_fill(bpe_reader *r, int *node, int count,
                              buffer *text, sppo_tokenizer *bin)
{
    const sppo_json *json = &r->json;
    const int model = sppo_json_find(json, 0, "model");
    const int merges = sppo_json_find(json, model, "merges");

    TRY(llama_order(r, sppo_json_find(json, model, "vocab"), node, count));
    TRY(llama_pieces(r, node, count, text, bin));
    TRY(llama_merges(r, merges, text, bin));
    if ((size_t)json->node[merges].count == piece_ways(bin))
        return SPPO_OK;
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: has %d merges, but its pieces "
                     "can be made in %.0f ways, all of which would be taken; "
                     "tokenize elsewhere and pass ids", r->where,
                     json->node[merges].count, (double)piece_ways(bin));
}

sppo_result llama_read(bpe_reader *r, sppo_tokenizer *bin)
{
    const sppo_json *json = &r->json;
    const int model = sppo_json_find(json, 0, "model");
    const int vocab = sppo_json_find(json, model, "vocab");
    const int merges = sppo_json_find(json, model, "merges");
    const int count = vocab < 0 ? 0 : json->node[vocab].count / 2;
    sppo_tokenizer fresh;
    buffer text;
    sppo_result result;
    int *node;

    memset(&fresh, 0, sizeof fresh);
    memset(&text, 0, sizeof text);
    text.ctx = r->ctx;
    TRY(llama_expect(r));
    TRY(llama_added(r));
    if (merges < 0 || json->node[vocab].type != SPPO_JSON_ARRAY ||
        json->node[merges].type != SPPO_JSON_ARRAY || count < SPPO_PIECES ||
        json->node[vocab].count % 2)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: the model lacks its "
                         "merges, or has no vocab of %d pieces and more",
                         r->where, SPPO_PIECES);
    node = (int *)sppo_alloc(r->ctx, (size_t)count, sizeof *node);
    if (!node)
        return r->ctx->code;
    result = llama_fill(r, node, count, &text, &fresh);
    sppo_release(r->ctx, node, (size_t)count * sizeof *node);
    buffer_free(&text);
    if (result == SPPO_OK)
        *bin = fresh;
    else
        sppo_tokenizer_free(r->ctx, &fresh);
    return result;
}
