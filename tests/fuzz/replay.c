/* replay.c - runs a fuzz target on given files, without libFuzzer
 *
 *   TARGET [--near] FILE...    --near: also every beginning of each file, each
 *                              with one byte changed, in a few ways, and what
 *                              the target's mutator makes of it
 * Built with a target by any compiler.  Prints how many inputs there were.  */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed);

/* The mutators call it for changes at random; a replay makes none. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
    (void)data, (void)most;
    return size;
}

static long inputs;

/* Of its own size, so that a byte read behind it is seen. */
static void one(const uint8_t *data, size_t size)
{
    uint8_t *copy = (uint8_t *)malloc(size ? size : 1);

    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

/* At most a hundred places, evenly over the file. */
static void near(uint8_t *data, size_t size)
{
    static const uint8_t change[] = { 0x01, 0x80, 0xff };
    const size_t step = size / 100 + 1;
    size_t at, i;

    for (at = 0; at < size; at += step) {
        one(data, at);
        for (i = 0; i < sizeof change; i++) {
            data[at] ^= change[i];
            one(data, size);
            data[at] ^= change[i];
        }
    }
}

/* Three changes at once, as a value moved, another doubled, a third a hole. */
static void mutated(const uint8_t *data, size_t size)
{
    const size_t most = size + 4096;
    uint8_t *copy = (uint8_t *)malloc(most);
    unsigned seed;

    for (seed = 0; seed < 300; seed++) {
        size_t length = size, i;

        memcpy(copy, data, size);
        for (i = 0; i < 3; i++)
            length = LLVMFuzzerCustomMutator(copy, length, most,
                                             2654435761u * (3 * seed +
                                                            (unsigned)i));
        one(copy, length);
    }
    free(copy);
}

static uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long length;

    if (file && fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0) {
        rewind(file);
        data = (uint8_t *)malloc((size_t)length + 1);
        *size = fread(data, 1, (size_t)length, file);
    }
    if (file)
        fclose(file);
    return data;
}

int main(int count, char **argument)
{
    const int around = count > 1 && strcmp(argument[1], "--near") == 0;
    int i;

    for (i = 1 + around; i < count; i++) {
        size_t size = 0;
        uint8_t *data = read_whole(argument[i], &size);

        if (!data)
            return fprintf(stderr, "%s: cannot be read\n", argument[i]), 1;
        one(data, size);
        if (around)
            near(data, size);
        if (around)
            mutated(data, size);
        free(data);
    }
    fprintf(stderr, "%ld inputs\n", inputs);  // targets close their output
    return 0;
}
