/* tokenizer.bin: the vocabulary's size is in the first byte, then the file;
 * what is read splits texts, the file itself too, into ids that it has.     */
#include "fuzz.h"
#include "mutate.h"

static void round_trip(sppo_ctx *ctx, const sppo_tokenizer *tok,
                       const char *text, size_t size)
{
    sppo_lists lists = { 0 };
    char out[256];
    int i;

    if (sppo_tokenizer_encode(ctx, tok, text, size, 1, 2, &lists))
        fuzz_finding("encoding fails on content", ctx);
    for (i = 0; i < sppo_lists_length(&lists, 0); i++)
        if (sppo_lists_tokens(&lists, 0)[i] < 0 ||
            sppo_lists_tokens(&lists, 0)[i] >= tok->vocab)
            fuzz_finding("a token outside the vocabulary", ctx);
    sppo_tokenizer_decode(tok, sppo_lists_tokens(&lists, 0),
                          sppo_lists_length(&lists, 0), out, sizeof out);
    sppo_lists_free(ctx, &lists);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "a cat \xc3\xa9 sat\n";
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_result result;

    if (size < 1)
        return 0;
    result = sppo_tokenizer_read(&ctx, &tok, data + 1, size - 1,
                                 SPPO_PIECES + data[0]);
    fuzz_result(&ctx, result);
    if (result == SPPO_OK) {
        round_trip(&ctx, &tok, text, sizeof text - 1);
        round_trip(&ctx, &tok, (const char *)data, size);
    }
    sppo_tokenizer_free(&ctx, &tok);
    fuzz_end(&ctx, size, 0);
    return 0;
}
