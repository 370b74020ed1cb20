/* Lines that ask `sppo judge`: each is answered, and the next is read. */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tool t;

    world_begin(&t, "judge", JUDGE);
    world_leave(&t);
    t.set.preference = world_model(SPPO_HEAD_PAIR);
    if (!freopen(fuzz_file("requests.jsonl", data, size), "rb", stdin))
        fuzz_finding("no standard input", &t.ctx);
    fuzz_result(&t.ctx, run_judge(&t));
    world_end(&t, size, (size_t)1 << 20);  // room for 1024 tokens
    return 0;
}
