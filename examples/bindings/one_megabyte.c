/* one_megabyte.c - all of SPPO in a megabyte, as on a microcontroller
 *
 *   cc -std=c99 -O2 examples/bindings/one_megabyte.c -lm
 *   arm-none-eabi-gcc -std=c99 -O2 -mcpu=cortex-m7 -mthumb --specs=nosys.specs
 *       examples/bindings/one_megabyte.c -lm
 *
 * No files, no threads, no heap: memory is one array and, of stack, what the
 * header's manual asks of a thread, 128 KiB.  A model of 3 thousand numbers
 * learns four greetings letter by letter, samples, and is aligned by one round
 * of Algorithm 1 with a judge that likes them short.  It prints
 *
 *   before  good morning  mean length 9.0
 *   after   hi  mean length 5.2
 *   peak    0.36 of 1.00 MiB                                                */
#include <stddef.h>

static void *pool_take(size_t size);
static void pool_release(void *taken);

#define SPPO_MALLOC(size) pool_take(size)
#define SPPO_FREE(block) pool_release(block)
#define SPPO_NO_STDIO
#define SPPO_NO_OPENMP
#define SPPO_IMPLEMENTATION
#include "../../sppo.h"

/* ---- memory: the first free block that is large enough ---- */

enum { MEMORY = 1 << 20 };

typedef struct block {  // before each; the next one follows its `size` bytes
    size_t size, used;
} block;

static union {
    block first;
    unsigned char bytes[MEMORY];
} memory;

static block *after(block *b)
{
    block *next = (block *)(void *)((unsigned char *)(b + 1) + b->size);

    return (unsigned char *)next < memory.bytes + MEMORY ? next : NULL;
}

/* Free neighbours become one as they are passed. */
static void *pool_take(size_t size)
{
    block *b, *next;

    size = (size / sizeof *b + 1) * sizeof *b;
    for (b = &memory.first; b; b = after(b)) {
        while (!b->used && (next = after(b)) != NULL && !next->used)
            b->size += sizeof *next + next->size;
        if (b->used || b->size < size)
            continue;
        if (b->size > size + sizeof *b) {  // what is left is a block again
            const size_t left = b->size - size - sizeof *b;
            b->size = size;
            next = after(b);
            next->size = left;
            next->used = 0;
        }
        b->used = 1;
        return b + 1;
    }
    return NULL;
}

static void pool_release(void *taken)
{
    ((block *)taken - 1)->used = 0;
}

/* ---- a language of letters ---- */

enum { BOS, EOS, BLANK, LETTERS, VOCAB = LETTERS + 26, PROMPTS = 8 };

static const char *const greeting[] = { "hi", "hello", "hello there",
                                        "good morning" };

static sppo_result add(sppo_ctx *ctx, sppo_lists *lists, const char *text)
{
    int token[16], n = 0;

    for (; *text; text++)
        token[n++] = *text == ' ' ? BLANK : LETTERS + *text - 'a';
    token[n++] = EOS;
    return sppo_lists_add(ctx, lists, token, n);
}

/* P(i better than j), by their lengths. */
static sppo_result shorter(sppo_ctx *ctx, void *user, const sppo_lists *prompts,
                           const sppo_lists *responses, int k, int first,
                           int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)first;
    for (p = 0; p < count; p++)
        for (i = p * k; i < p * k + k; i++)
            for (j = p * k; j < p * k + k; j++)
                *pairwise++ = sppo_sigmoid(
                    0.3 * (sppo_lists_length(responses, j) -
                           sppo_lists_length(responses, i)));
    return SPPO_OK;
}

/* Says what it samples: the first greeting, and how long all are. */
static sppo_result say(sppo_ctx *ctx, const sppo_model *model,
                       const sppo_lists *prompts, const char *when)
{
    static const sppo_sampling sampling = { 0, 0, 0, 15 };
    sppo_sampler sampler;
    sppo_lists said;
    sppo_result result;
    int i;

    memset(&said, 0, sizeof said);
    result = sppo_sampler_init(ctx, &sampler, model, PROMPTS, 4, 1, 15);
    if (result)
        return result;
    result = sppo_sample(ctx, &sampler, model, prompts, 0, PROMPTS, &sampling,
                         1, &said);
    if (!result) {
        printf("%-8s", when);
        for (i = 0; i < sppo_lists_length(&said, 0); i++) {
            const int token = said.token[i];
            if (token >= BLANK)
                putchar(token == BLANK ? ' ' : 'a' + token - LETTERS);
        }
        printf("  mean length %.1f\n",
               (double)said.start[said.count] / said.count);
    }
    sppo_lists_free(ctx, &said);
    sppo_sampler_free(ctx, &sampler);
    return result;
}

static sppo_result learn(sppo_ctx *ctx, sppo_model *model)
{
    static const sppo_config shape = { .vocab = VOCAB, .dim = 16, .layers = 1,
        .heads = 2, .hidden = 32, .context = 16, .bos = BOS, .eos = EOS };
    static const sppo_train_config config = { .batch = 4, .epochs = 300,
        .pass_tokens = 64, .optim = { .kind = SPPO_ADAMW, .lr = 1e-2 } };
    static const int bos = BOS;
    sppo_lists prompts, texts;
    sppo_result result = sppo_model_init(ctx, model, &shape, 1);
    int i;

    memset(&prompts, 0, sizeof prompts);
    memset(&texts, 0, sizeof texts);
    for (i = 0; i < 4 && !result; i++) {
        result = sppo_lists_add(ctx, &prompts, &bos, 1);
        if (!result)
            result = add(ctx, &texts, greeting[i]);
    }
    if (!result)
        result = sppo_train_policy(ctx, model, &config, &prompts, &texts);
    sppo_lists_free(ctx, &prompts);
    sppo_lists_free(ctx, &texts);
    return result;
}

static sppo_result align(sppo_ctx *ctx, sppo_model *model,
                         const sppo_lists *prompts)
{
    static const sppo_play_config config = { .eta = 10, .iterations = 1,
        .epochs = 4, .batch = 8, .pass_tokens = 64,
        .sampling = { .max_tokens = 15 }, .optim = { .lr = 1e-3 } };
    const sppo_judge judge = { shorter, NULL };
    sppo_play play;
    sppo_result result = sppo_play_init(ctx, &play, &config, model, prompts);

    if (result)
        return result;
    result = sppo_play_run(ctx, &play, &judge);
    sppo_play_free(ctx, &play);
    return result;
}

int main(void)
{
    static const int bos = BOS;
    static sppo_ctx ctx;
    static sppo_model model;
    static sppo_lists prompts;
    sppo_result result = SPPO_OK;
    int i;

    memory.first.size = MEMORY - sizeof memory.first;
    for (i = 0; i < PROMPTS && !result; i++)
        result = sppo_lists_add(&ctx, &prompts, &bos, 1);
    if (result || learn(&ctx, &model) ||
        say(&ctx, &model, &prompts, "before") ||
        align(&ctx, &model, &prompts) || say(&ctx, &model, &prompts, "after")) {
        printf("one_megabyte: %s\n", ctx.message);
        return 1;
    }
    printf("peak    %.2f of %.2f MiB\n", (double)ctx.peak / MEMORY, 1.0);
    sppo_model_free(&ctx, &model);
    sppo_lists_free(&ctx, &prompts);
    return ctx.held != 0;
}
