/* test_memory.c - the allocator says no at call 1, 2, ... until all goes well
 *
 * After every failure: the code is SPPO_E_MEMORY, the sentence is there, what
 * was begun can be freed (twice), and nothing is held.
 */
#define _POSIX_C_SOURCE 200809L
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define FOLDER "build/test_memory"

typedef struct counter {
    long calls, fail_at;
    size_t blocks;
    int wrong_size;
} counter;

/* The size is kept in front of the block, to compare with what give says. */
static void *counting_take(void *user, size_t size)
{
    counter *c = (counter *)user;
    size_t *block;

    if (++c->calls == c->fail_at)
        return NULL;
    block = (size_t *)malloc(size + 4 * sizeof(size_t));
    if (!block)
        return NULL;
    block[0] = size;
    memset(block + 4, 0xA5, size);
    c->blocks++;
    return block + 4;
}

static void counting_give(void *user, void *block, size_t size)
{
    counter *c = (counter *)user;

    if (((size_t *)block - 4)[0] != size)
        c->wrong_size = 1;
    c->blocks--;
    free((size_t *)block - 4);
}

/* Runs `call`, which frees all that it makes, with a failure at every one of
 * its allocations in turn.  Returns how many there are.                     */
static long exhaust(const char *what, sppo_result (*call)(sppo_ctx *ctx))
{
    long n;

    for (n = 1; n < 5000; n++) {
        counter c;
        sppo_ctx ctx;
        sppo_result code;
        memset(&c, 0, sizeof c);
        memset(&ctx, 0, sizeof ctx);
        ctx.alloc = counting_take;
        ctx.release = counting_give;
        ctx.user = &c;
        c.fail_at = n;
        code = call(&ctx);
        if (!CHECK(ctx.held == 0) || !CHECK(c.blocks == 0)
            || !CHECK(!c.wrong_size)) {
            printf("    %s, failure at call %ld\n", what, n);
            return 0;
        }
        if (c.calls < n) {  // nothing failed
            if (!CHECK(code == SPPO_OK))
                printf("    %s: %s\n", what, ctx.message);
            CHECK(n > 1);
            return n - 1;
        }
        if (!CHECK(code == SPPO_E_MEMORY))
            printf("    %s, failure at call %ld gave %d\n", what, n, (int)code);
        CHECK(ctx.code == SPPO_E_MEMORY);
        CHECK(ctx.message[0] != 0);
    }
    CHECK(n < 5000);
    return n;
}

/* ==== what is tried ====================================================== */

static sppo_config tiny_config(void)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = 8, c.dim = 8, c.layers = 2, c.heads = 2, c.kv_heads = 1;
    c.hidden = 12, c.context = 16, c.bos = 1, c.eos = 2;
    return c;
}

static sppo_result policy(sppo_ctx *ctx, sppo_model *model)
{
    const sppo_config c = tiny_config();

    return sppo_model_init(ctx, model, &c, 1);
}

static sppo_result prompts(sppo_ctx *ctx, sppo_lists *lists)
{
    sppo_result code = SPPO_OK;
    int i;

    for (i = 0; i < 6 && !code; i++) {
        const int token[2] = { 1, i };
        code = sppo_lists_add(ctx, lists, token, 2);
    }
    return code;
}

static sppo_result try_model(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    const sppo_result code = policy(ctx, &model);

    if (code)
        CHECK(model.weights == NULL && model.tensors == NULL);
    sppo_model_free(ctx, &model);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_clone(sppo_ctx *ctx)
{
    sppo_model model = { 0 }, copy = { 0 };
    sppo_result code = policy(ctx, &model);

    if (!code)
        code = sppo_model_clone(ctx, &copy, &model, SPPO_HEAD_EMBED, 4);
    if (code)
        CHECK(copy.weights == NULL && copy.tensors == NULL);
    sppo_model_free(ctx, &copy);
    sppo_model_free(ctx, &copy);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_lists(sppo_ctx *ctx)
{
    sppo_lists lists = { 0 };
    int token[40] = { 0 }, i;
    sppo_result code = SPPO_OK;

    for (i = 0; i < 200 && !code; i++) {
        code = sppo_lists_add(ctx, &lists, token, i % 40);
        CHECK(lists.count == i + !code);  // all or nothing
    }
    sppo_lists_free(ctx, &lists);
    sppo_lists_free(ctx, &lists);
    return code;
}

static sppo_result try_trace(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_forest forest = { 0 };
    sppo_activations acts = { 0 };
    static const int token[4] = { 1, 3, 4, 2 };
    sppo_result code = policy(ctx, &model);

    if (!code)
        code = sppo_forest_init(ctx, &forest, 16, 4);
    if (!code)
        code = sppo_activations_init(ctx, &acts, &model, 16, 4, 0, 1);
    if (!code) {
        CHECK(sppo_forest_add(&forest, -1, token, 4, 1) == 0);
        code = sppo_forward(ctx, &acts, &model, &forest);
    }
    sppo_activations_free(ctx, &acts);
    sppo_activations_free(ctx, &acts);
    sppo_forest_free(ctx, &forest);
    sppo_forest_free(ctx, &forest);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_sampler(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_sampler sampler = { 0 };
    sppo_lists x = { 0 }, y = { 0 };
    sppo_sampling sampling;
    sppo_result code = policy(ctx, &model);

    memset(&sampling, 0, sizeof sampling);
    sampling.max_tokens = 5;
    if (!code)
        code = prompts(ctx, &x);
    if (!code)
        code = sppo_sampler_init(ctx, &sampler, &model, 2, 3, 4, 5);
    if (!code)
        code = sppo_sample(ctx, &sampler, &model, &x, 0, 6, &sampling, 3, &y);
    sppo_sampler_free(ctx, &sampler);
    sppo_sampler_free(ctx, &sampler);
    sppo_lists_free(ctx, &x);
    sppo_lists_free(ctx, &y);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_optim(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_optim optim = { 0 };
    sppo_optim_config config;
    sppo_result code = policy(ctx, &model);

    memset(&config, 0, sizeof config);
    config.lr = 1e-3;
    config.kind = SPPO_ADAMW;
    if (!code)
        code = sppo_optim_init(ctx, &optim, &config, &model);
    sppo_optim_free(ctx, &optim);
    sppo_optim_free(ctx, &optim);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_pref(sppo_ctx *ctx)
{
    sppo_model trunk = { 0 }, model = { 0 };
    sppo_pref pref = { 0 };
    sppo_lists x = { 0 }, y = { 0 };
    double score[6 * 4];
    int i;
    sppo_result code = policy(ctx, &trunk);

    if (!code)
        code = sppo_model_clone(ctx, &model, &trunk, SPPO_HEAD_PAIR, 0);
    if (!code)
        code = prompts(ctx, &x);
    for (i = 0; i < 2 && !code; i++)
        code = prompts(ctx, &y);
    if (!code)
        code = sppo_pref_init(ctx, &pref, &model, 64, 2, 1);
    if (!code)
        code = sppo_pref_score(ctx, &pref, &x, &y, 2, 0, 6, score);
    sppo_pref_free(ctx, &pref);
    sppo_pref_free(ctx, &pref);
    sppo_lists_free(ctx, &x);
    sppo_lists_free(ctx, &y);
    sppo_model_free(ctx, &model);
    sppo_model_free(ctx, &trunk);
    return code;
}

static sppo_result no_difference(sppo_ctx *ctx, void *user,
                                 const sppo_lists *x, const sppo_lists *y,
                                 int k, int first, int count, double *pairwise)
{
    int i;

    (void)ctx, (void)user, (void)x, (void)y, (void)first;
    for (i = 0; i < count * k * k; i++)
        pairwise[i] = 0.5;
    return SPPO_OK;
}

static const sppo_judge judge = { no_difference, NULL };

static sppo_result play_of(sppo_ctx *ctx, sppo_play *play, sppo_model *model,
                           sppo_lists *x)
{
    sppo_play_config config;
    sppo_result code = policy(ctx, model);

    memset(&config, 0, sizeof config);
    config.eta = 1, config.k = 2, config.iterations = 2, config.batch = 2;
    config.optim.lr = 1e-3;
    config.sampling.max_tokens = 4;
    if (!code)
        code = prompts(ctx, x);
    if (!code)
        code = sppo_play_init(ctx, play, &config, model, x);
    return code;
}

static sppo_result try_play(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_lists x = { 0 };
    sppo_play play = { 0 };
    sppo_result code = play_of(ctx, &play, &model, &x);

    if (!code)
        code = sppo_play_run(ctx, &play, &judge);
    sppo_play_free(ctx, &play);
    sppo_play_free(ctx, &play);
    sppo_lists_free(ctx, &x);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_evaluate(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_lists x = { 0 };
    sppo_sampling sampling;
    sppo_evaluation result;
    sppo_result code = policy(ctx, &model);

    memset(&sampling, 0, sizeof sampling);
    memset(&result, 0, sizeof result);
    sampling.max_tokens = 4;
    if (!code)
        code = prompts(ctx, &x);
    if (!code)
        code = sppo_evaluate(ctx, &model, &model, &judge, &x, 2, &sampling, 1,
                             &result);
    CHECK(code ? result.prompts == 0 : result.prompts == 6);
    sppo_lists_free(ctx, &x);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_json(sppo_ctx *ctx)
{
    static char text[4000];
    sppo_json json = { 0 };
    sppo_result code;
    size_t n = 0;
    int i;

    n += (size_t)sprintf(text, "[{\"a\":1}");
    for (i = 0; i < 900; i++)
        n += (size_t)sprintf(text + n, ",%d", i % 10);
    n += (size_t)sprintf(text + n, "]");
    code = sppo_json_parse(ctx, &json, text, n, "x");
    sppo_json_free(ctx, &json);
    sppo_json_free(ctx, &json);
    return code;
}

static const char story[] = "the cat and the other cat saw the little cat. "
                            "the little cat saw the other cat and the cat. ";

static sppo_result try_tokenizer(sppo_ctx *ctx)
{
    sppo_tokenizer tok = { 0 };
    sppo_lists lists = { 0 };
    sppo_result code = sppo_tokenizer_train(ctx, &tok, story, sizeof story - 1,
                                            SPPO_PIECES + 20);

    if (code)
        CHECK(tok.bytes == NULL && tok.vocab == 0);
    if (!code)
        code = sppo_tokenizer_encode(ctx, &tok, story, sizeof story - 1, 1, 2,
                                     &lists);
    if (!code)
        code = sppo_lists_add_text(ctx, &lists, &tok, "the other");
    if (code)
        CHECK(lists.count < 2);
    sppo_lists_free(ctx, &lists);
    sppo_tokenizer_free(ctx, &tok);
    sppo_tokenizer_free(ctx, &tok);
    return code;
}

static sppo_result try_load(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_result code = sppo_model_load(ctx, &model, FOLDER);

    if (code)
        CHECK(model.weights == NULL && model.tensors == NULL);
    if (!code)
        code = sppo_tokenizer_load(ctx, &tok, FOLDER "/tokenizer.bin",
                                   SPPO_PIECES + 20);
    sppo_tokenizer_free(ctx, &tok);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_save(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_result code = policy(ctx, &model);

    if (!code)
        code = sppo_model_save(ctx, &model, FOLDER);
    if (!code)
        code = sppo_tokenizer_train(ctx, &tok, story, sizeof story - 1,
                                    SPPO_PIECES + 20);
    if (!code)
        code = sppo_tokenizer_save(ctx, &tok, FOLDER "/tokenizer.bin");
    sppo_tokenizer_free(ctx, &tok);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_write(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    void *data = NULL;
    size_t size = 0;
    sppo_result code = policy(ctx, &model);

    if (!code)
        code = sppo_model_write(ctx, &model, SPPO_DTYPE_REAL, &data, &size);
    CHECK((data != NULL) == (code == SPPO_OK) && (size > 0) == (data != NULL));
    sppo_release(ctx, data, size);
    sppo_model_free(ctx, &model);
    return code;
}

/* What try_save left, as a model in one part. */
static sppo_result try_load_parts(sppo_ctx *ctx)
{
    static const char path[] = FOLDER "/parts/model.safetensors.index.json";
    sppo_model model = { 0 };
    FILE *index;
    sppo_result code;
    int i, n;

    code = sppo_model_load(ctx, &model, FOLDER);
    if (code)
        return code;
    mkdir(FOLDER "/parts", 0777);
    code = sppo_model_save(ctx, &model, FOLDER "/parts");
    n = model.tensor_count;
    index = fopen(path, "w");
    if (!CHECK(index != NULL))
        return SPPO_E_IO;
    for (i = 0; i < n; i++)
        fprintf(index, "%s\"%s\":\"model-1.safetensors\"",
                i ? "," : "{\"weight_map\":{", model.tensors[i].name);
    fprintf(index, "}}");
    fclose(index);
    sppo_model_free(ctx, &model);
    rename(FOLDER "/parts/model.safetensors",
           FOLDER "/parts/model-1.safetensors");
    if (!code)
        code = sppo_model_load(ctx, &model, FOLDER "/parts");
    if (code)
        CHECK(model.weights == NULL && model.tensors == NULL);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_checkpoint(sppo_ctx *ctx)
{
    sppo_model model = { 0 };
    sppo_lists x = { 0 };
    sppo_play play = { 0 };
    sppo_result code = play_of(ctx, &play, &model, &x);
    int i;

    for (i = 0; i < 3 && !code; i++)
        code = sppo_play_next(ctx, &play, &judge);
    if (!code)
        code = sppo_play_save(ctx, &play, FOLDER "/ckpt");
    if (!code)
        code = sppo_play_load(ctx, &play, FOLDER "/ckpt");
    if (!code)
        code = sppo_play_run(ctx, &play, &judge);
    sppo_play_free(ctx, &play);
    sppo_lists_free(ctx, &x);
    sppo_model_free(ctx, &model);
    return code;
}

static sppo_result try_training(sppo_ctx *ctx)
{
    sppo_number own = { "sum", 3, 0 };
    sppo_optim_config config;
    sppo_model model = { 0 };
    sppo_optim optim = { 0 };
    sppo_result code = policy(ctx, &model);

    memset(&config, 0, sizeof config);
    config.lr = 1e-3;
    config.kind = SPPO_ADAMW;
    if (!code)
        code = sppo_optim_init(ctx, &optim, &config, &model);
    if (!code)
        code = sppo_train_save(ctx, &model, &optim, &own, 1, FOLDER "/train");
    if (!code)
        code = sppo_train_load(ctx, &model, &optim, &own, 1, FOLDER "/train");
    sppo_optim_free(ctx, &optim);
    sppo_model_free(ctx, &model);
    return code;
}

/* ==== the cases ========================================================== */

static void model_init_and_clone(void)
{
    CHECK(exhaust("model_init", try_model) >= 1);
    CHECK(exhaust("model_clone", try_clone) >= 2);
}

static void lists_forest_and_trace(void)
{
    CHECK(exhaust("lists_add", try_lists) >= 2);
    CHECK(exhaust("trace_init", try_trace) >= 3);
}

static void sampler_optim_and_pref(void)
{
    CHECK(exhaust("sampler", try_sampler) >= 3);
    CHECK(exhaust("optim", try_optim) >= 2);
    CHECK(exhaust("pref", try_pref) >= 4);
}

static void play_and_evaluate(void)
{
    CHECK(exhaust("play", try_play) >= 4);
    CHECK(exhaust("evaluate", try_evaluate) >= 3);
}

static void json_and_tokenizer(void)
{
    CHECK(exhaust("json_parse", try_json) >= 2);
    CHECK(exhaust("tokenizer", try_tokenizer) >= 2);
}

static void saving_loading_and_checkpoints(void)
{
    mkdir("build", 0777);
    mkdir(FOLDER, 0777);
    CHECK(exhaust("save", try_save) >= 2);
    CHECK(exhaust("write", try_write) >= 8);
    CHECK(exhaust("load", try_load) >= 2);
    CHECK(exhaust("load_parts", try_load_parts) >= 12);
    CHECK(exhaust("checkpoint", try_checkpoint) >= 4);
    CHECK(exhaust("training", try_training) >= 3);
}

/* The limit of the ctx is another way to run out, at every size. */
static void limits_are_like_a_failing_allocator(void)
{
    size_t limit, step = 1;
    sppo_result code = SPPO_E_MEMORY;

    for (limit = 1; code && limit < 100000000; limit += step) {
        counter c;
        sppo_ctx ctx;
        memset(&c, 0, sizeof c);
        memset(&ctx, 0, sizeof ctx);
        ctx.alloc = counting_take;
        ctx.release = counting_give;
        ctx.user = &c;
        ctx.limit = limit;
        code = try_play(&ctx);
        CHECK(code == SPPO_OK || code == SPPO_E_MEMORY);
        CHECK(ctx.peak <= limit);
        CHECK(ctx.held == 0 && c.blocks == 0);
        step = limit / 8 + 1;
    }
    CHECK(code == SPPO_OK);
}

/* The default allocator is malloc, and a program that never fails leaks
 * nothing either: the same calls under it.                                  */
static void nothing_is_held_with_malloc(void)
{
    sppo_ctx ctx = { 0 };

    CHECK_OK(&ctx, try_play(&ctx));
    CHECK_OK(&ctx, try_pref(&ctx));
    CHECK_OK(&ctx, try_tokenizer(&ctx));
    CHECK(ctx.held == 0);
    CHECK(ctx.peak > 1000);
}

static const check_case cases[] = {
    CASE(model_init_and_clone),
    CASE(lists_forest_and_trace),
    CASE(sampler_optim_and_pref),
    CASE(play_and_evaluate),
    CASE(json_and_tokenizer),
    CASE(saving_loading_and_checkpoints),
    CASE(limits_are_like_a_failing_allocator),
    CASE(nothing_is_held_with_malloc)
};

int main(int argc, char **argv)
{
#ifdef _OPENMP
    omp_set_num_threads(1);  // all is tiny here; threads only wait
#endif
    return check_main(cases, COUNT(cases), argc, argv);
}
