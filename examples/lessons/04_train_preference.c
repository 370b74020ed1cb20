/* 04_train_preference.c - three preference heads and a cycle
 *
 * Shows       paper beats rock, scissors paper, rock scissors: heads `pair` and
 *             `embed` learn that from votes; `scalar` cannot (Eq 3.1)
 * Build       make examples     Run  build/04_train_preference       Time  4 s
 * You will see P of rock, paper, scissors (truth 0.50 0.18 0.82), row by row
 *   > pair    accuracy 0.76 of 0.76  error of P 0.01
 *   >    0.50 0.21 0.81   0.79 0.50 0.21   0.19 0.79 0.50   P + P' - 1 is 0
 *   > embed   accuracy 0.75 of 0.76  error of P 0.02
 *   >    0.50 0.22 0.82   0.78 0.50 0.21   0.18 0.79 0.50   P + P' - 1 is 0
 *   > scalar  accuracy 0.66 of 0.76  error of P 0.18
 *   >    0.50 0.50 0.50   0.50 0.50 0.50   0.50 0.50 0.50   P + P' - 1 is 0
 * Tolerance   0.05: votes are coins, and training amplifies rounding
 * Try         1.5, -1.5 as 0.0, 0.0: no cycle, and scalar is as good as the
 *             others (0.71 of 0.71).  TRAIN = 6000: `embed` has no cycle yet.
 * Read        sppo.h >>prefer, >>train, >>prefer.c                           */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"

enum { TRAIN = 16000, TEST = 2000, BATCH = 32, LENGTH = 6 };
enum { BOS = 1, ROCK = 3, GOOD = 6, BAD, VOCAB };

typedef struct data {
    sppo_lists prompts, responses;
    double truth[TRAIN], vote[TRAIN];  // P(first better), and one vote
} data;

static sppo_ctx ctx;

static void check(sppo_result result)
{
    if (result != SPPO_OK) {
        fprintf(stderr, "04_train_preference: %s\n", ctx.message);
        exit(1);
    }
}

/* A response: its style, then five words in any order, `good` of them good. */
static void add_response(sppo_lists *responses, int style, int good,
                         uint64_t key)
{
    int token[LENGTH] = { ROCK + style }, place[LENGTH - 1], i;

    sppo_random_order(key, place, LENGTH - 1);
    for (i = 0; i < LENGTH - 1; i++)
        token[1 + place[i]] = i < good ? GOOD : BAD;
    check(sppo_lists_add(&ctx, responses, token, LENGTH));
}

/* A style beats the one before it by 1.5, in a circle; a good word is 0.5. */
static double truth(const int *a, const int *b)
{
    static const double cycle[3] = { 0.0, 1.5, -1.5 };

    return sppo_sigmoid(cycle[(a[0] - b[0] + 3) % 3] + 0.5 * (a[1] - b[1]));
}

static void make_pairs(data *d, int count, uint64_t key)
{
    const int bos = BOS;
    int i, j, v[4];

    for (i = 0; i < count; i++) {
        const uint64_t pair = sppo_random_fork(key, (uint64_t)i);
        for (j = 0; j < 4; j++)  // style and good words of a, then of b
            v[j] = (int)(sppo_random_bits(pair, (uint64_t)j) % (j & 1 ? 6 : 3));
        check(sppo_lists_add(&ctx, &d->prompts, &bos, 1));
        add_response(&d->responses, v[0], v[1], sppo_random_fork(pair, 0));
        add_response(&d->responses, v[2], v[3], sppo_random_fork(pair, 1));
        d->truth[i] = truth(v, v + 2);
        d->vote[i] = sppo_random_uniform(pair, 4) < d->truth[i];
    }
}

/* Logistic regression of s(a, b) on the votes: the loop of lesson 03, with
 * another loss, which the header has as one call.                           */
static void train(sppo_model *model, const data *d)
{
    static const sppo_train_config config = { .batch = BATCH, .seed = 1,
        .optim = { .kind = SPPO_ADAMW, .lr = 3e-3, .warmup = 0.1 } };

    check(sppo_train_preference(&ctx, model, &config, &d->prompts,
                                &d->responses, d->vote));
}

/* Against new votes and the truth; then three with three good words each. */
static void report(const sppo_model *model, const data *d)
{
    static double p[4 * TEST];
    static sppo_lists three;
    sppo_pref pref;
    double right = 0.0, best = 0.0, error = 0.0, sum = 0.0;
    int i;

    check(sppo_pref_init(&ctx, &pref, model, 1024, 3, 0));
    check(sppo_pref_fill(&ctx, &pref, &d->prompts, &d->responses, 2, 0, TEST,
                         p));
    for (i = 0; i < TEST; i++) {
        right += (p[4 * i + 1] > 0.5) == (d->vote[i] > 0.5);
        best += (d->truth[i] > 0.5) == (d->vote[i] > 0.5);
        error += fabs(p[4 * i + 1] - d->truth[i]);
    }
    printf("%-6s  accuracy %.2f of %.2f  error of P %.2f\n",
           sppo_head_name(model->config.head), right / TEST, best / TEST,
           error / TEST);
    for (i = three.count; i < 3; i++)
        add_response(&three, i, 3, 0);
    check(sppo_pref_fill(&ctx, &pref, &d->prompts, &three, 3, 0, 1, p));
    for (i = 0; i < 9; i++) {
        printf("%s%.2f", i % 3 ? " " : "   ", p[i]);
        sum += fabs(p[i] + p[i % 3 * 3 + i / 3] - 1.0);
    }
    printf("   P + P' - 1 is %g\n", sum);
    sppo_pref_free(&ctx, &pref);
}

int main(void)
{
    static const sppo_config shape = { .vocab = VOCAB, .dim = 32, .layers = 1,
        .heads = 4, .hidden = 64, .context = 32, .bos = BOS, .eos = -1 };
    static data pairs, fresh;
    static sppo_model trunk, model;
    int head;

    make_pairs(&pairs, TRAIN, 1);
    make_pairs(&fresh, TEST, 2);
    check(sppo_model_init(&ctx, &trunk, &shape, 1));
    for (head = SPPO_HEAD_NONE + 1; sppo_head_name((sppo_head)head); head++) {
        check(sppo_model_clone(&ctx, &model, &trunk, (sppo_head)head, 0));
        train(&model, &pairs);
        report(&model, &fresh);
        sppo_model_free(&ctx, &model);
    }
    return 0;
}
