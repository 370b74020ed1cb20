/* tokenizer_write.c - a tokenizer.bin as Hugging Face's files
 *
 * A tokenizer.bin joins, of all neighbours whose joint text is a piece, those
 * whose piece has the highest score. A tokenizer.json joins those that stand
 * first in its list of merges. Both do the same when the list has every way to
 * make a piece of two others, the pieces with the highest scores first; so long
 * as no two scores are equal, of which a tokenizer.bin joins the leftmost.  */

#include "tokenizer_parts.h"
#include "tokenizer_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANK "\xe2\x96\x81"  // U+2581 stands for a blank, as in Llama 2's

/* A way to make a piece of two others. */
typedef struct way {
    float score;
    int piece, left, right;
} way;

static const char *piece_bytes(const sppo_tokenizer *tok, int id, int *length)
{
    *length = tok->start[id + 1] - tok->start[id];
    return tok->bytes + tok->start[id];
}

int piece_find(const sppo_tokenizer *tok, const char *text, int length)
{
    int low = 0, high = tok->vocab;

    while (low < high) {
        const int middle = low + (high - low) / 2;
        int n, order;
        const char *bytes = piece_bytes(tok, tok->sorted[middle], &n);

        order = memcmp(bytes, text, (size_t)(n < length ? n : length));
        if (order < 0 || (order == 0 && n < length))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < tok->vocab) {
        int n;
        const char *bytes = piece_bytes(tok, tok->sorted[low], &n);

        if (n == length && !memcmp(bytes, text, (size_t)n))
            return tok->sorted[low];
    }
    return -1;
}

/* The highest score first; of one piece as its parts are numbered. */
static int way_before(const void *left, const void *right)
{
    const way *a = (const way *)left, *b = (const way *)right;

    if (a->score > b->score || a->score < b->score)
        return a->score > b->score ? -1 : 1;
    if (a->piece != b->piece)
        return a->piece < b->piece ? -1 : 1;
    return a->left != b->left ? (a->left < b->left ? -1 : 1)
                              : (a->right > b->right) - (a->right < b->right);
}

/* All ways to make pieces, counted where `all` is NULL; cuts lie between
 * characters, because a text is taken apart no further.                     */
static size_t ways_find(const sppo_tokenizer *tok, way *all)
{
    size_t count = 0;
    int id, k, n;

    for (id = SPPO_BYTES; id < tok->vocab; id++) {
        const char *bytes = piece_bytes(tok, id, &n);

        for (k = 1; k < n; k++) {
            way w = { tok->score[id], id, -1, -1 };

            if (((unsigned char)bytes[k] & 0xc0) != 0x80)
                w.left = piece_find(tok, bytes, k);
            if (w.left >= SPPO_PIECES)
                w.right = piece_find(tok, bytes + k, n - k);
            if (w.right < SPPO_PIECES)
                continue;
            if (all)
                all[count] = w;
            count++;
        }
    }
    return count;
}

size_t piece_ways(const sppo_tokenizer *tok)
{
    return ways_find(tok, NULL);
}

/* Adds a piece as a tokenizer.json names it, in quotes or as part of a string:
 * the first three by what they are, blanks as U+2581.                       */
static void write_piece(buffer *out, const sppo_tokenizer *tok, int id)
{
    static const char *const special[] = { "<unk>", "<s>", "</s>" };
    char one[8];
    int i, n;
    const char *bytes = piece_bytes(tok, id, &n);

    if (id < SPPO_BYTES) {
        buffer_format(out, "%s", special[id]);
        return;
    }
    for (i = 0; i < n; i++) {
        if (bytes[i] == ' ') {
            buffer_add(out, BLANK, 3);
        } else if ((unsigned char)bytes[i] >= 0x80) {
            buffer_add(out, bytes + i, 1);
        } else {
            const size_t quoted = sppo_json_quote(one, sizeof one, bytes + i,
                                                  1);

            buffer_add(out, one + 1, quoted - 2);
        }
    }
}

/* Whether a text is UTF-8, which nothing in a JSON file may not be: quoting
 * leaves such a text as long as it is.                                      */
static int is_utf8(const char *bytes, int length)
{
    int i, more = 0;

    for (i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)bytes[i];

        if (more ? (c & 0xc0) != 0x80 : (c & 0xc0) == 0x80 || c >= 0xf8)
            return 0;
        more = more ? more - 1 : (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0);
    }
    return more == 0;
}

/* Why these pieces cannot be told in a tokenizer.json; 0: they can. */
static int pieces_unfit(const sppo_tokenizer *tok, char *why, size_t size)
{
    int id, n;

    for (id = SPPO_PIECES; id < tok->vocab; id++) {
        const char *bytes = piece_bytes(tok, id, &n);
        const int first = piece_find(tok, bytes, n);

        if (n == 0 || !is_utf8(bytes, n))
            return snprintf(why, size, "piece %d is %s", id,
                            n ? "no UTF-8" : "empty");
        if (first != id)
            return snprintf(why, size, "pieces %d and %d are the same", first,
                            id);
    }
    return 0;
}

/* Of two pieces with one score a tokenizer.bin joins what stands first in the
 * text, which no order of merges says.                                      */
static int ways_unfit(const way *all, size_t count, char *why, size_t size)
{
    size_t i;

    for (i = 1; i < count; i++)
        if (all[i].piece != all[i - 1].piece &&
            !(all[i].score < all[i - 1].score))
            return snprintf(why, size, "pieces %d and %d have the score %g",
                            all[i - 1].piece, all[i].piece,
                            (double)all[i].score);
    return 0;
}

static void write_specials(buffer *out)
{
    int id;

    buffer_format(out, "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n"
                  "  \"padding\": null,\n  \"added_tokens\": [");
    for (id = 0; id < SPPO_BYTES; id++)
        buffer_format(out, "%s\n    {\"id\": %d, \"content\": \"%s\", "
                      "\"single_word\": false, \"lstrip\": false, \"rstrip\": "
                      "false, \"normalized\": false, \"special\": true}",
                      id ? "," : "", id,
                      id == 0 ? "<unk>" : id == 1 ? "<s>" : "</s>");
    buffer_format(out, "\n  ],\n");
}

/* What comes before and after the model; BOS goes first where it has one. */
static void write_steps(buffer *out, const sppo_tokenizer *tok, int bos)
{
    buffer_format(out, "  \"normalizer\": {\"type\": \"Sequence\", "
                  "\"normalizers\": [\n    {\"type\": \"Prepend\", "
                  "\"prepend\": \"" BLANK "\"},\n    {\"type\": \"Replace\", "
                  "\"pattern\": {\"String\": \" \"}, \"content\": \"" BLANK
                  "\"}]},\n  \"pre_tokenizer\": null,\n  \"post_processor\": ");
    if (bos < 0) {
        buffer_format(out, "null");
    } else {
        buffer_format(out, "{\"type\": \"TemplateProcessing\",\n    "
                      "\"single\": [{\"SpecialToken\": {\"id\": \"");
        write_piece(out, tok, bos);
        buffer_format(out, "\", \"type_id\": 0}}, {\"Sequence\": {\"id\": "
                      "\"A\", \"type_id\": 0}}],\n    \"pair\": "
                      "[{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, "
                      "{\"Sequence\": {\"id\": \"B\", \"type_id\": 0}}],\n    "
                      "\"special_tokens\": {\"");
        write_piece(out, tok, bos);
        buffer_format(out, "\": {\"id\": \"");
        write_piece(out, tok, bos);
        buffer_format(out, "\", \"ids\": [%d], \"tokens\": [\"", bos);
        write_piece(out, tok, bos);
        buffer_format(out, "\"]}}}");
    }
    buffer_format(out, ",\n  \"decoder\": {\"type\": \"Sequence\", "
                  "\"decoders\": [\n    {\"type\": \"Replace\", \"pattern\": "
                  "{\"String\": \"" BLANK "\"}, \"content\": \" \"},\n    "
                  "{\"type\": \"ByteFallback\"}, {\"type\": \"Fuse\"},\n    "
                  "{\"type\": \"Strip\", \"content\": \" \", \"start\": 1, "
                  "\"stop\": 0}]},\n");
}

static void write_model(buffer *out, const sppo_tokenizer *tok,
                        const way *all, size_t count)
{
    size_t i;
    int id;

    buffer_format(out, "  \"model\": {\n    \"type\": \"BPE\", \"dropout\": "
                  "null, \"unk_token\": \"<unk>\",\n    "
                  "\"continuing_subword_prefix\": null, "
                  "\"end_of_word_suffix\": null,\n    \"fuse_unk\": true, "
                  "\"byte_fallback\": true, \"ignore_merges\": false,\n    "
                  "\"vocab\": {");
    for (id = 0; id < tok->vocab; id++) {
        buffer_format(out, "%s\n      \"", id ? "," : "");
        write_piece(out, tok, id);
        buffer_format(out, "\": %d", id);
    }
    buffer_format(out, "\n    },\n    \"merges\": [");
    for (i = 0; i < count; i++) {
        buffer_format(out, "%s\n      \"", i ? "," : "");
        write_piece(out, tok, all[i].left);
        buffer_add(out, " ", 1);
        write_piece(out, tok, all[i].right);
        buffer_add(out, "\"", 1);
    }
    buffer_format(out, "\n    ]\n  }\n}\n");
}

sppo_result tokenizer_json_write(buffer *out, const sppo_tokenizer *tok,
                                 int bos, char *why, size_t size)
{
    const size_t count = piece_ways(tok);
    way *all = (way *)sppo_alloc(out->ctx, count + 1, sizeof *all);

    *why = 0;
    if (!all)
        return out->ctx->code;
    ways_find(tok, all);
    qsort(all, count, sizeof *all, way_before);
    if (!pieces_unfit(tok, why, size) && !ways_unfit(all, count, why, size)) {
        write_specials(out);
        write_steps(out, tok, bos);
        write_model(out, tok, all, count);
    }
    sppo_release(out->ctx, all, (count + 1) * sizeof *all);
    return buffer_check(out);
}

static void write_named(buffer *out, const sppo_tokenizer *tok,
                        const char *name, int id)
{
    if (id < 0)
        return;
    buffer_format(out, ",\n  \"%s\": \"", name);
    write_piece(out, tok, id);
    buffer_format(out, "\"");
}

void tokenizer_config_write(buffer *out, const sppo_tokenizer *tok,
                            const sppo_config *c)
{
    buffer_format(out, "{\n  \"tokenizer_class\": "
                  "\"PreTrainedTokenizerFast\"");
    write_named(out, tok, "bos_token", c->bos);
    write_named(out, tok, "eos_token", c->eos);
    write_named(out, tok, "unk_token", 0);
    buffer_format(out, ",\n  \"add_bos_token\": %s,\n  \"add_eos_token\": "
                  "false,\n  \"clean_up_tokenization_spaces\": false,\n  "
                  "\"model_max_length\": %d\n}\n",
                  c->bos < 0 ? "false" : "true", c->context);
}

void generation_config_write(buffer *out, const sppo_config *c)
{
    int i;

    buffer_format(out, "{");
    if (c->bos >= 0)
        buffer_format(out, "\n  \"bos_token_id\": %d,", c->bos);
    buffer_format(out, c->eos_count ? "\n  \"eos_token_id\": [%d"
                                    : "\n  \"eos_token_id\": %d", c->eos);
    for (i = 0; i < c->eos_count; i++)
        buffer_format(out, ", %d", c->eos_more[i]);
    buffer_format(out, "%s\n}\n", c->eos_count ? "]" : "");
}
