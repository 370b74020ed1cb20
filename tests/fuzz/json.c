/* JSON: what parses can be walked, and its strings quoted and parsed again. */
#include "fuzz.h"
#include "mutate.h"

static void walk(sppo_ctx *ctx, const sppo_json *json)
{
    char text[64], quoted[512], key[64];
    int i;

    for (i = 0; i < json->count; i++) {
        const sppo_json_node *n = &json->node[i];
        const size_t length = n->name_end - n->name_begin;

        sppo_json_number(json, i);
        if (sppo_json_string(json, i, text, sizeof text) < sizeof text)
            sppo_json_quote(quoted, sizeof quoted, text, strlen(text));
        if (n->end < n->begin || n->end > json->length || n->parent >= i)
            fuzz_finding("a node lies outside", ctx);
        if (n->parent < 0 || json->node[n->parent].type != SPPO_JSON_OBJECT ||
            length >= sizeof key)
            continue;
        memcpy(key, json->text + n->name_begin, length);
        key[length] = 0;
        if (!strchr(key, '\\') && strlen(key) == length &&
            sppo_json_find(json, n->parent, key) != i)
            fuzz_finding("a key is not found", ctx);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    const sppo_result result =
        sppo_json_parse(&ctx, &json, (const char *)data, size, "input");

    fuzz_result(&ctx, result);
    if (result == SPPO_OK)
        walk(&ctx, &json);
    sppo_json_free(&ctx, &json);
    fuzz_end(&ctx, size, 0);
    return 0;
}
