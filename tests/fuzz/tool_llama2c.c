/* llama2.c's model file. */
#include "fuzz.h"
#include "tool_world.h"

#include "../../examples/tool/llama2c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tool t;

    world_begin(&t, "convert", CONVERT);
    memset(&t.policy, 0, sizeof t.policy);
    fuzz_result(&t.ctx, bin_read(&t, fuzz_file("model.bin", data, size)));
    sppo_model_free(&t.ctx, &t.policy);
    world_end(&t, size);
    return 0;
}
