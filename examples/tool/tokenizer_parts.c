/* tokenizer_parts.c - the file tokenizer.json, of whichever kind */

#include "tokenizer_parts.h"

#include <limits.h>
#include <string.h>

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

int bpe_is(const bpe_reader *r, int node, const char *any)
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

sppo_result bpe_expect(const bpe_reader *r, int object,
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

sppo_result bpe_require(const bpe_reader *r, int object,
                               const char *key, const char *any)
{
    if (sppo_json_find(&r->json, object, key) < 0)
        return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: \"%s\" is missing: no "
                         "byte-level BPE", r->where, key);
    return bpe_expect(r, object, key, any);
}

/* Two kinds are known by what they do with a character that is no piece. */
static sppo_result read_kind(bpe_reader *r, sppo_tokenizer *bin)
{
    const int model = sppo_json_find(&r->json, 0, "model");
    const int bytes = sppo_json_find(&r->json, model, "byte_fallback");

    if (bytes >= 0 && bpe_is(r, bytes, "true"))
        return llama_read(r, bin);
    return bpe_read(r);
}

sppo_result tokenizer_json_read(sppo_ctx *ctx, bpe *b, sppo_tokenizer *bin,
                                const char *text, size_t size, int limit,
                                const char *where)
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
    r.limit = limit ? limit : BPE_MOST;
    if ((size_t)r.limit > size)  // a piece takes more than a byte
        r.limit = (int)size;
    fresh.room = (int)size + 1;
    result = sppo_json_parse(ctx, &r.json, copy, size, where);
    if (result == SPPO_OK)
        result = read_kind(&r, bin);
    sppo_json_free(ctx, &r.json);
    sppo_release(ctx, copy, size + 1);
    if (result == SPPO_OK)
        *b = fresh;
    return result;
}
