/* A checkpoint of Algorithm 1, for a play of known settings; the digest of the
 * file is made right first, or nothing behind it would ever be read.        */
#include "fuzz.h"
#include "mutate.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const sppo_judge judge = { judge_none, NULL };
    uint8_t *sealed = (uint8_t *)malloc(size + 1);
    sppo_result result;
    size_t before;
    world w;

    memcpy(sealed, data, size);
    fuzz_seal(sealed, size);
    begin(&w);
    before = w.ctx.peak;
    result = sppo_play_load(&w.ctx, &w.play,
                            fuzz_file("checkpoint", sealed, size));
    fuzz_result(&w.ctx, result);
    if (result == SPPO_OK)  // what is read can be gone on with
        fuzz_result(&w.ctx, sppo_play_next(&w.ctx, &w.play, &judge));
    free(sealed);
    end(&w);
    fuzz_end(&w.ctx, size, before);
    return 0;
}
