/* build_embed.c - sppo.h inside another program, as test_install.sh builds it
 *
 *   build_embed MODEL
 *
 * The header without files: the program reads MODEL's two files itself, and
 * the model comes from their bytes and goes back to bytes.  Memory comes from
 * a pool with a hard cap; with too small a one the same work ends in a sentence
 * and leaves nothing behind, wherever it was.                               */
#define SPPO_NO_STDIO
#define SPPO_IMPLEMENTATION
#include <sppo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pool {
    size_t cap, held;
    int blocks;
} pool;

static void *pool_take(void *user, size_t size)
{
    pool *p = (pool *)user;
    void *block = size <= p->cap - p->held ? malloc(size) : NULL;

    if (block) {
        p->held += size;
        p->blocks++;
    }
    return block;
}

static void pool_give(void *user, void *block, size_t size)
{
    pool *p = (pool *)user;

    p->held -= size;
    p->blocks--;
    free(block);
}

/* The judge: a C function that likes a response for its first token. */
static sppo_result judge(sppo_ctx *ctx, void *user, const sppo_lists *prompts,
                         const sppo_lists *responses, int k, int first,
                         int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++)
                *pairwise++ = sppo_sigmoid(
                    (sppo_lists_tokens(responses, p * k + i)[0]
                     - sppo_lists_tokens(responses, p * k + j)[0]) / 16.0);
    return SPPO_OK;
}

typedef struct bytes { char *data; size_t size; } bytes;

static bytes read_all(const char *folder, const char *name)
{
    char path[1024];
    bytes b = { NULL, 0 };
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file) {
        b.data = (char *)malloc(4000000);
        b.size = fread(b.data, 1, 4000000, file);
        fclose(file);
    }
    return b;
}

/* Samples, aligns for one iteration, and back to bytes. */
static sppo_result work(sppo_ctx *ctx, const bytes *config,
                        const bytes *weights, bytes *before, bytes *after)
{
    static const int prompt[2] = { SPPO_BOS, 300 };
    static const sppo_judge by = { judge, NULL };
    sppo_play_config settings;
    sppo_model policy;
    sppo_lists prompts;
    sppo_play play;
    sppo_result result;
    int i;

    memset(&settings, 0, sizeof settings);
    memset(&policy, 0, sizeof policy);
    memset(&prompts, 0, sizeof prompts);
    memset(&play, 0, sizeof play);
    settings.eta = 3;
    settings.iterations = 1;
    settings.k = 2;
    settings.optim.lr = 1e-3;
    settings.sampling.max_tokens = 8;
    settings.pass_tokens = 64;
    result = sppo_model_read(ctx, &policy, config->data, config->size,
                             weights->data, weights->size);
    for (i = 0; i < 4 && result == SPPO_OK; i++)
        result = sppo_lists_add(ctx, &prompts, prompt, 1 + i % 2);
    if (result == SPPO_OK)
        result = sppo_model_write(ctx, &policy, SPPO_DTYPE_REAL,
                                  (void **)&before->data, &before->size);
    if (result == SPPO_OK)
        result = sppo_play_init(ctx, &play, &settings, &policy, &prompts);
    if (result == SPPO_OK)
        result = sppo_play_run(ctx, &play, &by);
    if (result == SPPO_OK)
        result = sppo_model_write(ctx, &policy, SPPO_DTYPE_REAL,
                                  (void **)&after->data, &after->size);
    sppo_play_free(ctx, &play);
    sppo_lists_free(ctx, &prompts);
    sppo_model_free(ctx, &policy);
    return result;
}

/* Where the numbers of a model.safetensors begin: eight bytes count the header,
 * which also says with which files it was saved in a folder.                */
static size_t numbers_at(const bytes *weights)
{
    size_t length = 0;
    int i;

    for (i = 7; i >= 0 && weights->size > 8; i--)
        length = length << 8 | (unsigned char)weights->data[i];
    return 8 + length;
}

static int same_numbers(const bytes *a, const bytes *b)
{
    const size_t from_a = numbers_at(a), from_b = numbers_at(b);

    return from_a < a->size && from_b < b->size &&
           a->size - from_a == b->size - from_b &&
           memcmp(a->data + from_a, b->data + from_b, a->size - from_a) == 0;
}

/* 1: as it should be; *enough: it fitted under the cap. */
static int try_cap(size_t cap, const bytes *config, const bytes *weights,
                   int *enough)
{
    pool p = { 0, 0, 0 };
    bytes before = { NULL, 0 }, after = { NULL, 0 };
    sppo_ctx ctx;
    sppo_result result;
    int same, moved;

    memset(&ctx, 0, sizeof ctx);
    p.cap = cap;
    ctx.alloc = pool_take;
    ctx.release = pool_give;
    ctx.user = &p;
    result = work(&ctx, config, weights, &before, &after);
    same = same_numbers(&before, weights);
    moved = after.size == before.size && after.data &&
            memcmp(before.data, after.data, after.size) != 0;
    sppo_release(&ctx, before.data, before.size);
    sppo_release(&ctx, after.data, after.size);
    *enough = result == SPPO_OK;
    if (p.held || p.blocks || ctx.held) {
        fprintf(stderr, "build_embed: %d blocks are left\n", p.blocks);
        return 0;
    }
    if (result == SPPO_OK)
        return same && moved;
    if (result == SPPO_E_MEMORY && strstr(ctx.message, "out of memory"))
        return 1;
    fprintf(stderr, "build_embed: %s\n", ctx.message);
    return 0;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    const bytes config = read_all(folder, "config.json");
    const bytes weights = read_all(folder, "model.safetensors");
    int enough = 0, refused = -1;
    size_t cap;

    if (!config.data || !weights.data)
        return fprintf(stderr, "build_embed: no model in %s\n", folder), 1;
    for (cap = 1000; !enough; cap += cap / 3) {
        if (cap > 100000000 || !try_cap(cap, &config, &weights, &enough))
            return fprintf(stderr, "build_embed: with a cap of %lu bytes\n",
                           (unsigned long)cap), 1;
        refused++;
    }
    printf("refused %d caps\n", refused);
    free(config.data);
    free(weights.data);
    return refused < 10;
}
