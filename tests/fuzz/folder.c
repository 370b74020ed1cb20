/* A model's folder: config.json, then model.safetensors or the index of parts
 * and these, then generation_config.json, each after a line "== NAME".      */
#include "fuzz.h"
#define MUTATE_PART
#include "mutate.h"

static const char *const names[] = {
    "config.json", "model.safetensors", "model.safetensors.index.json",
    "generation_config.json", "part.safetensors", "part2.safetensors",
    "config.json.next", "model.safetensors.tmp", "tokenizer.bin"
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

/* The n-th file of the input: where it begins, and its size; their number. */
static size_t file_of(const uint8_t *data, size_t size, size_t n, size_t *from,
                      size_t *length)
{
    size_t at = 0, found = 0, line, begin;
    int which;

    while (at < size && (line = line_of(data + at, size - at, &which)) != 0) {
        begin = at += line;
        while (at < size && !line_of(data + at, size - at, &which))
            at++;
        if (found++ == n)
            *from = begin, *length = at - begin;
    }
    return found;
}

/* One of the files changes as what it is; the others move along. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed)
{
    const size_t files = file_of(data, size, size, NULL, NULL);
    size_t from = 0, length = 0, now;
    static uint8_t part[1 << 16];

    if (!files || seed % 4 == 0)
        return LLVMFuzzerMutate(data, size, most);
    file_of(data, size, seed / 4 % files, &from, &length);
    if (!length || length > sizeof part / 2)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(part, data + from, length);
    now = mutate_any(part, length, sizeof part, seed / 64);
    return mutate_splice(data, size, most, from, from + length, part, now);
}

static void clear(void)
{
    char path[256];
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
    size_t at = 0, line, end;
    int which, next;

    clear();
    while (at < size && (line = line_of(data + at, size - at, &which)) != 0) {
        for (end = at += line; end < size; end++)
            if (line_of(data + end, size - end, &next))
                break;
        fuzz_file(names[which], data + at, end - at);
        at = end;
    }
    result = sppo_model_load(&ctx, &model, fuzz_folder());
    fuzz_result(&ctx, result);
    sppo_model_free(&ctx, &model);
    fuzz_end(&ctx, size, 0);
    return 0;
}
