/* llama2.c's model file. */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

#include "../../examples/tool/llama2c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tool t;

    world_begin(&t, "convert", CONVERT);
    world_leave(&t);
    codec_begin(&t.tok);
    t.set.tokenizer = "tokenizer.bin";
    if (size >= 24)  // the vocabulary that the file asks for
        t.tok.bin.vocab = abs((int)(int16_t)(data[20] | data[21] << 8));
    fuzz_result(&t.ctx, bin_read(&t, fuzz_file("model.bin", data, size)));
    memset(&t.tok.bin, 0, sizeof t.tok.bin);
    world_end(&t, size, 0);
    return 0;
}
