/* settings.json of a run that is to go on. */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tool t;
    sppo_result result;

    world_begin(&t, "align", ALIGN);
    result = settings_adopt(&t.parse, fuzz_file("settings.json", data, size));
    fuzz_result(&t.ctx, result);
    if (result == SPPO_OK)
        fuzz_result(&t.ctx, options_check_conditions(&t.parse));
    world_end(&t, size, 0);
    return 0;
}
