/* fuzz.h - what all fuzz targets share
 *
 * A target reads bytes that anybody may have written.  Whatever they are, the
 * call ends within a second, holds at most 64 times the input and 1 MB, gives
 * everything back, and a failure has a sentence; the sanitizers see the rest.
 * A target is one file with one function; see run.sh.       */
#ifndef FUZZ_H
#define FUZZ_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "../../examples/tool/tool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Bytes of memory that an input may cost: so many times its own, and these. */
#ifndef FUZZ_TIMES
#define FUZZ_TIMES 64
#define FUZZ_MORE ((size_t)1 << 20)
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_finding(const char *what, const sppo_ctx *ctx)
{
    fprintf(stderr, "finding: %s (held %lu, peak %lu, \"%s\")\n", what,
            (unsigned long)ctx->held, (unsigned long)ctx->peak, ctx->message);
    abort();
}

/* A failure says something in printable ASCII or UTF-8, in one line. */
static inline void fuzz_result(const sppo_ctx *ctx, sppo_result result)
{
    const char *at;

#ifdef FUZZ_SHOW
    fprintf(stderr, "%d %s\n", (int)result, result ? ctx->message : "");
#endif
    if (result == SPPO_OK)
        return;
    if (result != ctx->code || !ctx->message[0])
        fuzz_finding("a failure without a sentence", ctx);
    for (at = ctx->message; *at; at++)
        if ((unsigned char)*at < 32 || *at == 127)
            fuzz_finding("a sentence with a control character", ctx);
}

/* After everything was freed.  More is what the target itself needs.  Time is
 * the processor's since the last input: other work on the machine is no
 * finding.                                                                  */
static inline void fuzz_end(const sppo_ctx *ctx, size_t size, size_t more)
{
    static clock_t last;  // 0: the process began
    const clock_t now = clock();

    if (now - last > CLOCKS_PER_SEC)
        fuzz_finding("an input that takes more than a second", ctx);
    last = now;
    if (ctx->held != 0)
        fuzz_finding("memory was not given back", ctx);
    if (ctx->peak > FUZZ_TIMES * size + FUZZ_MORE + more)
        fuzz_finding("too much memory for this input", ctx);
}

/* A folder of this process, where run.sh or test_fuzz.sh says, which remove
 * theirs in the end and no other run's.                                     */
static inline const char *fuzz_folder(void)
{
    static char folder[96];
    const char *place = getenv("SPPO_FUZZ_PLACE");

    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s/sppo_fuzz_%ld",
                 place ? place : "/tmp", (long)getpid());
        mkdir(folder, 0700);
    }
    return folder;
}

/* The path of NAME in that folder. */
static inline const char *fuzz_place(const char *name)
{
    static char path[192];

    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

/* A file in that folder, written without what is being tested. */
static inline const char *fuzz_file(const char *name, const void *data,
                                    size_t size)
{
    const char *path = fuzz_place(name);
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(data, 1, size, file) != size || fclose(file))
        abort();
    return path;
}

/* Puts the right digest into a safetensors file that has one, so that what
 * stands behind the check is read too.                                      */
static inline void fuzz_seal(uint8_t *data, size_t size)
{
    static const char key[] = "\"sppo.digest\":\"";
    const size_t length = sizeof key - 1, part = 16384;
    uint64_t digest = 0;
    char digits[17];
    size_t at;

    for (at = 0; at + length + 17 <= size; at++)
        if (!memcmp(data + at, key, length))
            break;
    if (at + length + 17 > size || data[at + length + 16] != '"')
        return;
    memset(data + at + length, '0', 16);
    for (size_t i = 0; i < size; i += part)
        digest = sppo_digest(digest, data + i, size - i < part ? size - i
                                                               : part);
    snprintf(digits, sizeof digits, "%08lx%08lx",
             (unsigned long)(digest >> 32),
             (unsigned long)(digest & 0xffffffffu));
    memcpy(data + at + length, digits, 16);
}

#endif
