/* Any text teaches a vocabulary, and goes through it and back unchanged. */
#include "fuzz.h"
#include "mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_lists lists = { 0 };
    const char *text = (const char *)data;
    char *out;
    const sppo_result result =
        sppo_tokenizer_train(&ctx, &tok, text, size, SPPO_PIECES + 4);

    fuzz_result(&ctx, result);
    if (result == SPPO_OK) {
        if (sppo_tokenizer_encode(&ctx, &tok, text, size, 1, 2, &lists))
            fuzz_finding("encoding fails on content", &ctx);
        out = (char *)malloc(size + 2);
        if (sppo_tokenizer_decode(&tok, sppo_lists_tokens(&lists, 0),
                                  sppo_lists_length(&lists, 0), out,
                                  size + 2) != size || memcmp(out, text, size))
            fuzz_finding("a text comes back as another", &ctx);
        free(out);
        sppo_lists_free(&ctx, &lists);
    }
    sppo_tokenizer_free(&ctx, &tok);
    fuzz_end(&ctx, size, 0);
    return 0;
}
