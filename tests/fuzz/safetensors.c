/* model.safetensors for a config that is known, and both read from bytes. */
#include "fuzz.h"
#include "mutate.h"

static const char config[] =
    "{\"model_type\": \"llama\", \"vocab_size\": 11, \"hidden_size\": 4, "
    "\"num_hidden_layers\": 1, \"num_attention_heads\": 2, "
    "\"num_key_value_heads\": 1, \"intermediate_size\": 6, "
    "\"max_position_embeddings\": 16, \"tie_word_embeddings\": true}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    void *written = NULL;
    size_t length = 0;
    sppo_result result = sppo_model_read(&ctx, &model, config,
                                         sizeof config - 1, data, size);

    fuzz_result(&ctx, result);
    if (result == SPPO_OK) {
        result = sppo_model_write(&ctx, &model, SPPO_DTYPE_REAL, &written,
                                  &length);
        if (result)
            fuzz_finding("what was read cannot be written", &ctx);
        sppo_release(&ctx, written, length);
    }
    sppo_model_free(&ctx, &model);
    fuzz_end(&ctx, size, 0);
    return 0;
}
