/* What `sppo info` says of a file, and of a run whose checkpoint or settings
 * that is: the first byte says which, the rest is the file.                 */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char settings[] = "{\"sppo\": \"0\", \"prompts\": \"p\", "
                                   "\"iterations\": 3}";
    static tool t;

    if (size < 1)
        return 0;
    world_begin(&t, "info", INFO);
    world_leave(&t);
    if (data[0] % 3 == 1) {
        fuzz_file("settings.json", settings, sizeof settings - 1);
        fuzz_file("run.safetensors", data + 1, size - 1);
    } else {
        remove(fuzz_place("run.safetensors"));
        fuzz_file(data[0] % 3 ? "settings.json" : "file", data + 1, size - 1);
    }
    t.paths[0] = data[0] % 3 ? fuzz_folder() : fuzz_place("file");
    fuzz_result(&t.ctx, run_info(&t));
    world_end(&t, size, 0);
    return 0;
}
