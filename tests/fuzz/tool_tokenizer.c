/* tokenizer.json: what is read splits texts, the file itself too, into ids that
 * join to the text.                                                         */
#include "fuzz.h"
#include "mutate.h"

static void round_trip(sppo_ctx *ctx, const bpe *b, const char *text,
                       size_t size)
{
    sppo_config ids = { 0 };
    sppo_lists lists = { 0 };
    char *out = (char *)malloc(size + 1);
    size_t length;
    int i;

    ids.bos = ids.eos = -1;
    if (bpe_encode(ctx, b, text, size, &ids, 0, 0, &lists))
        fuzz_finding("encoding fails on content", ctx);
    for (i = 0; i < sppo_lists_length(&lists, 0); i++)
        if (sppo_lists_tokens(&lists, 0)[i] < 0 ||
            sppo_lists_tokens(&lists, 0)[i] >= b->vocab)
            fuzz_finding("a token outside the vocabulary", ctx);
    length = bpe_decode(b, sppo_lists_tokens(&lists, 0),
                        sppo_lists_length(&lists, 0), -1, out, size + 1);
    if (length != size || memcmp(out, text, length))
        fuzz_finding("a text comes back as another", ctx);
    sppo_lists_free(ctx, &lists);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "a cat's 123 \xc3\xa9\n\n sat\xff";
    sppo_ctx ctx = { 0 };
    static bpe b;
    static sppo_tokenizer bin;
    const sppo_result result = tokenizer_json_read(
        &ctx, &b, &bin, (const char *)data, size, 0, "tokenizer.json");

    fuzz_result(&ctx, result);
    if (result == SPPO_OK && b.vocab) {
        round_trip(&ctx, &b, text, sizeof text - 1);
        round_trip(&ctx, &b, (const char *)data, size);
    }
    bpe_free(&ctx, &b);
    sppo_tokenizer_free(&ctx, &bin);
    fuzz_end(&ctx, size, 0);
    return 0;
}
