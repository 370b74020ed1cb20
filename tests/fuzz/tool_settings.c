/* settings.json of a run that is to go on, and of one whose settings another
 * run takes.                                                                */
#include "fuzz.h"
#include "mutate.h"
#include "../../examples/tool/config.h"
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
    world_begin(&t, "align", ALIGN);
    result = config_adopt(&t.parse, fuzz_file("settings.json", data, size));
    fuzz_result(&t.ctx, result);
    world_end(&t, size, 0);
    return 0;
}
