/* native.c - the page's engine on this machine: the same calls, the same bits
 *
 * Run     build/book/native MODELS NAME=VALUE ..
 * Prints  the checksum of the policy's weights before, and after each iteration
 *         with the tiny preference model as the judge
 *
 * MODELS is models.bin; names are those of set() in engine.c.  Build without
 * fused multiply-adds, which WebAssembly has not: -ffp-contract=off.        */

#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int load_policy(const char *json, int json_size, const char *weights,
                int weights_size, const char *words, int words_size);
int load_preference(const char *json, int json_size, const char *weights,
                    int weights_size);
int add_prompt(const char *prompt);
int set(const char *name, double value);
int begin(void);
int next(int steps);
uint32_t checksum(void);

int page_judge(const char *texts, int k, double *pairwise)
{
    (void)texts;
    (void)k;
    (void)pairwise;
    return 1;
}

int page_progress(int phase, int done, int total)
{
    (void)phase;
    (void)done;
    (void)total;
    return 0;
}

enum { PARTS = 6, ROOM = 1 << 24 };
static char bytes[ROOM];
static char *part[PARTS];
static int size[PARTS];

/* [["name",bytes],..] and a newline, then the files in this order. */
static int read_models(const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(bytes, 1, ROOM - 1, f) : 0;
    char *at = bytes, *data = (char *)memchr(bytes, '\n', n);
    int i;

    if (f)
        fclose(f);
    if (!data)
        return 0;
    *data++ = 0;
    for (i = 0; i < PARTS; i++) {
        at = strchr(at, ',') + 1;
        size[i] = (int)strtol(at, &at, 10);
        at = strchr(at, ']') + 2;
        part[i] = data;
        data += size[i];
    }
    return (size_t)(data - bytes) == n;
}

/* The prompts of a file of rows {"prompt": ".."}; their text has no escapes but
 * the newline at its end.                                                   */
static int add_prompts(char *rows)
{
    char *line = strtok(rows, "\n");

    for (; line; line = strtok(NULL, "\n")) {
        char *text = strstr(line, ": \"") + 3, *end = strstr(text, "\\n\"");

        strcpy(end, "\n");
        if (add_prompt(text))
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    int i, phase;

    if (argc < 2 || !read_models(argv[1]))
        return fprintf(stderr, "usage: native MODELS NAME=VALUE ..\n"), 2;
    for (i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (!equals || (*equals = 0, !set(argv[i], atof(equals + 1))))
            return fprintf(stderr, "no setting %s\n", argv[i]), 2;
    }
    if (load_policy(part[0], size[0], part[1], size[1], part[2], size[2]) ||
        load_preference(part[3], size[3], part[4], size[4]) ||
        !add_prompts(part[5]) || begin())
        return fprintf(stderr, "%s\n", engine_ctx.message), 1;
    printf("%08lx\n", (unsigned long)checksum());
    while (phase = next(0), phase > 0) {
        if (phase != 4)  // fitted: what comes next is to advance
            continue;
        printf("%08lx\n", (unsigned long)checksum());
        if (next(0) != 0)
            break;
    }
    return engine_ctx.code != SPPO_OK;
}
