/* 03_train_policy.c - a Llama learns a language whose entropy is known
 *
 * Shows       no model can fall below the entropy of its language, here
 *             log(8 * 4 * 8) = 5.55 nats a sentence; a small one gets there
 * Build       make examples        Run  build/03_train_policy        Time  3 s
 * You will see, and three sentences of its own,
 *   > gradients against differences: largest error 0.00
 *   > step    0  loss  87.97  entropy 5.55
 *   > step  500  loss   5.66  entropy 5.55
 *   > step 1000  loss   5.56  entropy 5.55
 *   > 198 of 200 samples say the same twice
 *   The second half of a sentence is certain, but only for who looks back at
 *   the first: knowing the words of each place alone costs twice, 11.09.
 * Tolerance   0.1 in losses, 4 in the count: training amplifies rounding
 * Try         VOCAB = 259, bytes and no pieces: it starts at 296.54, but ends
 *             at 5.59, for entropy does not ask how a text is cut.
 *             *b = noun[bits & 7]: entropy log(8 * 4) = 3.47, loss 3.48 at end
 * Read        sppo.h >>policy.c (Sec 3), >>optim; >>train: the loop, a call */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"

enum { TEXT = 2000, BATCH = 32, STEPS = 1000, FRESH = 200, VOCAB = 320 };

static sppo_ctx ctx;
static sppo_tokenizer tok;
static sppo_model model;
static sppo_forest forest;  // every sentence is a tree of one segment
static sppo_activations acts;

static void check(sppo_result result)
{
    if (result != SPPO_OK) {
        fprintf(stderr, "03_train_policy: %s\n", ctx.message);
        exit(1);
    }
}

/* Sentence number i: two nouns and a verb by chance, then the same again with
 * the nouns exchanged.                                                      */
static int write_sentence(char *out, size_t size, uint64_t i)
{
    static const char *const noun[] = { "dog", "cat", "fox", "hen",
                                        "owl", "bee", "cow", "pig" };
    static const char *const verb[] = { "sees", "hears", "likes", "fears" };
    const uint64_t bits = sppo_random_bits(1, i);
    const char *a = noun[bits & 7], *b = noun[bits >> 3 & 7];
    const char *does = verb[bits >> 6 & 3];

    return snprintf(out, size, "the %s %s the %s and the %s %s the %s .\n",
                    a, does, b, b, does, a);
}

static int is_right(const char *text)
{
    char w[6][16];

    return sscanf(text, "the %15s %15s the %15s and the %15s %15s the %15s",
                  w[0], w[1], w[2], w[3], w[4], w[5]) == 6 &&
           strcmp(w[0], w[5]) == 0 && strcmp(w[1], w[4]) == 0 &&
           strcmp(w[2], w[3]) == 0;
}

static void put_sentences(uint64_t from, int count)
{
    static sppo_lists row;
    char text[64];
    int i, n;

    sppo_forest_clear(&forest);
    for (i = 0; i < count; i++) {
        n = write_sentence(text, sizeof text, from + (uint64_t)i);
        sppo_lists_clear(&row);
        check(sppo_tokenizer_encode(&ctx, &tok, text, (size_t)n, SPPO_BOS,
                                    SPPO_EOS, &row));
        sppo_forest_add(&forest, -1, row.token, row.start[1], 1);
    }
}

/* Nats per sentence; its gradients are added to grad unless that is NULL. */
static double loss_of_sentences(void *grad)
{
    double loss = 0.0;

    check(sppo_next_token_loss(&ctx, &acts, &model, &forest, forest.segments,
                               (sppo_real *)grad, &loss));
    return loss;
}

int main(void)
{
    static const sppo_config shape = { .vocab = VOCAB, .dim = 32, .layers = 2,
        .heads = 4, .hidden = 64, .context = 64, .bos = 1, .eos = 2 };
    static const sppo_optim_config descent = { .kind = SPPO_ADAMW,
        .lr = 1e-2, .warmup = 0.1, .total_steps = STEPS };
    static const sppo_sampling sampling = { .max_tokens = 60 };
    static char text[TEXT * 64];
    static sppo_optim optim;
    static sppo_sampler sampler;
    static sppo_lists prompt, sample;
    const sppo_tensor *gain;
    sppo_real *grad;
    int i, used = 0, right = 0;

    for (i = 0; i < TEXT; i++)
        used += write_sentence(text + used, 64, (uint64_t)i);
    check(sppo_tokenizer_train(&ctx, &tok, text, (size_t)used, VOCAB));
    check(sppo_model_init(&ctx, &model, &shape, 1));
    check(sppo_optim_init(&ctx, &optim, &descent, &model));
    check(sppo_forest_init(&ctx, &forest, FRESH * 64, FRESH));
    check(sppo_activations_init(&ctx, &acts, &model, FRESH * 64, FRESH, 64,
                                SPPO_STEP));
    grad = (sppo_real *)sppo_alloc(&ctx, model.count, sizeof *grad);
    check(grad ? SPPO_OK : SPPO_E_MEMORY);
    put_sentences(0, 4);
    loss_of_sentences(grad);
    gain = sppo_model_tensor(&model, "model.norm.weight");
    printf("gradients against differences: largest error %.2f\n",
           sppo_check_gradient(
               loss_of_sentences, NULL, model.weights + gain->offset,
               grad + gain->offset, gain->size, 0.03, 0.1, NULL));
    memset(grad, 0, model.count * sizeof *grad);

    for (i = 0; i <= STEPS; i++) {
        if (i > 0) {
            put_sentences((uint64_t)i * BATCH, BATCH);
            loss_of_sentences(grad);
            check(sppo_optim_step(&ctx, &optim, &model, grad));
        }
        if (i % 100 == 0) {
            put_sentences(1000000, FRESH);
            printf("step %4d  loss %6.2f  entropy %.2f\n", i,
                   loss_of_sentences(NULL), log(8 * 4 * 8));
        }
    }
    check(sppo_lists_add_text(&ctx, &prompt, &tok, ""));
    check(sppo_sampler_init(&ctx, &sampler, &model, 1, FRESH, 8, 60));
    check(sppo_sample(&ctx, &sampler, &model, &prompt, 0, 1, &sampling, 1,
                      &sample));
    for (i = 0; i < FRESH; i++) {
        sppo_tokenizer_decode(&tok, sppo_lists_tokens(&sample, i),
                              sppo_lists_length(&sample, i), text, 64);
        right += is_right(text);
        if (i < 3)
            printf("%s", text);
    }
    printf("%d of %d samples say the same twice\n", right, FRESH);
    return 0;
}
