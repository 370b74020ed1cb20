/* A preference matrix as CSV, played for a step. */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tool t;

    if (size > 2048)  // of n x n entries, n steps cost n^3
        return 0;
    world_begin(&t, "game", GAME);
    t.set.matrix = fuzz_file("matrix.csv", data, size);
    t.set.iterations = 1;
    fuzz_result(&t.ctx, run_game(&t));
    world_end(&t, size, 0);
    return 0;
}
