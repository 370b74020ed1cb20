/* A judge's answer: k x k probabilities, or what is wrong with them. */
#include "fuzz.h"
#include "mutate.h"

#include "../../examples/tool/judge_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    double pairwise[9];
    sppo_result result;
    int i;

    if (sppo_json_parse(&ctx, &json, (const char *)data, size, "answer") ==
            SPPO_OK && !probabilities_read(&json, 3, pairwise)) {
        result = sppo_preference_check(&ctx, pairwise, 3, 1e-3);
        fuzz_result(&ctx, result);
        for (i = 0; i < 9 && result == SPPO_OK; i++)
            if (!(pairwise[i] >= 0.0 && pairwise[i] <= 1.0))
                fuzz_finding("an answer that is no probability", &ctx);
    }
    sppo_json_free(&ctx, &json);
    fuzz_end(&ctx, size, 0);
    return 0;
}
