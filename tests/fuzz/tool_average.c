/* average.json of a folder, which names the policies of an average; there are
 * FOLDER/model0, a policy, and model1, a preference model.                  */
#include "fuzz.h"
#include "mutate.h"
#include "../../examples/tool/average.h"
#include "tool_world.h"

/* As many policies may be named, and each takes its memory and its time. */
enum { INPUT_MOST = 2048, MODEL_MOST = 1 << 15 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tool t;
    static average a;
    size_t i, named = 0;

    if (size > INPUT_MOST)
        return 0;
    world_begin(&t, "sample", SAMPLE);
    world_leave(&t);
    world_model(SPPO_HEAD_NONE);
    world_model(SPPO_HEAD_PAIR);
    fuzz_file("average.json", data, size);
    for (i = 0; i < size; i++)
        named += data[i] == '"';
    fuzz_result(&t.ctx, average_load(&t, fuzz_folder(), &t.policy, &t.tok, &a));
    average_free(&t.ctx, &a);
    world_end(&t, size, named / 2 * MODEL_MOST);
    return 0;
}
