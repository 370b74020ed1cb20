/* config.json: what is read is written, and that is read as the same. */
#include "fuzz.h"
#include "mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sppo_ctx ctx = { 0 };
    sppo_config config, again;
    char text[4096];
    size_t length;
    const sppo_result result = sppo_config_read(&ctx, &config,
                                                (const char *)data, size,
                                                "config.json");

    fuzz_result(&ctx, result);
    if (result == SPPO_OK) {
        length = sppo_config_write(&config, SPPO_DTYPE_REAL, text, sizeof text);
        if (length >= sizeof text)
            fuzz_finding("a config of thousands of bytes", &ctx);
        if (sppo_config_read(&ctx, &again, text, length, "its copy") ||
            memcmp(&config, &again, sizeof config))
            fuzz_finding("a config is not what was written", &ctx);
    }
    fuzz_end(&ctx, size, 0);
    return 0;
}
