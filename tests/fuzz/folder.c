/* A model's folder: config.json, then model.safetensors or the index of parts,
 * then generation_config.json, each after a line "== NAME".                 */
#include "fuzz.h"

static const char *const names[] = {
    "config.json", "model.safetensors", "model.safetensors.index.json",
    "generation_config.json", "part.safetensors", "config.json.next",
    "model.safetensors.tmp"
};
enum { NAMES = sizeof names / sizeof names[0] };

/* The file whose line begins at data; 0: none. */
static size_t line_of(const uint8_t *data, size_t size, int *which)
{
    int i;

    for (i = 0; i < NAMES; i++) {
        const size_t length = strlen(names[i]);

        if (size >= length + 4 && !memcmp(data, "== ", 3) &&
            !memcmp(data + 3, names[i], length) && data[length + 3] == '\n') {
            *which = i;
            return length + 4;
        }
    }
    return 0;
}

static void clear(void)
{
    char path[160];
    int i;

    for (i = 0; i < NAMES; i++) {
        snprintf(path, sizeof path, "%s/%s", fuzz_folder(), names[i]);
        remove(path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_result result;
    size_t at = 0;

    clear();
    while (at < size) {
        int which = 0, next;
        size_t begin = at + line_of(data + at, size - at, &which), end = begin;

        if (begin == at)
            break;
        while (end < size && !line_of(data + end, size - end, &next))
            end++;
        fuzz_file(names[which], data + begin, end - begin);
        at = end;
    }
    result = sppo_model_load(&ctx, &model, fuzz_folder());
    fuzz_result(&ctx, result);
    sppo_model_free(&ctx, &model);
    fuzz_end(&ctx, size, 0);
    return 0;
}
