/* 05_self_play.c - Algorithm 1, line by line, for three rounds
 *
 * Shows       a policy that learns from a judge and its own responses, and wins
 *             against the base that it began as, more in every round
 * Build       make examples        Run  build/05_self_play           Time  3 s
 * You will see sentences, P^ of the best and the worst response, loss / eta^2
 * (Eq 4.7), P(policy > base) and KL(policy || base)
 *   > round 1  P^ 0.73 0.26  loss 0.020  win 0.67  KL 0.6
 *   > round 2  P^ 0.68 0.28  loss 0.017  win 0.77  KL 1.4
 *   > round 3  P^ 0.65 0.32  loss 0.011  win 0.82  KL 2.3
 * Tolerance   0.1: responses are drawn, and training amplifies rounding
 * Try         eta = 3: careful, win 0.57 0.64 0.70, KL only 0.8 at the end.
 *             eta = 1000: too much for so small a language, win 0.58 0.42 0.53
 * Read        sppo.h >>play, >>play.c, >>update.c                            */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"

enum { BOS = 1, EOS, NOUN, VERB = 9, ADJ = 12, THE = 16, STOP, VOCAB,
       PROMPTS = 1536, STEPS = 400, ROWS = 32 };
static const char *const word[VOCAB] = { "?", "?", "", "dog", "cat", "fox",
    "hen", "owl", "bee", "sings", "runs", "sleeps", "big", "old", "red", "shy",
    "the", "." };

static sppo_ctx ctx;
static sppo_model policy, base;

static void check(sppo_result result)
{
    if (result != SPPO_OK)
        exit(fprintf(stderr, "05_self_play: %s\n", ctx.message) > 0);
}

/* What the base knows: a noun is asked for; a sentence about it, or half of the
 * time about any, with as many adjectives as a coin falls heads.            */
static int write_row(int *token, uint64_t i)
{
    uint64_t bits = sppo_random_bits(1, i), coin;
    int n = 3;

    token[0] = BOS, token[1] = NOUN + (int)(bits % 6), token[2] = THE;
    for (coin = bits >> 16; coin & 1; coin >>= 3)
        token[n++] = ADJ + (int)(coin >> 1 & 3);
    token[n++] = bits & 64 ? token[1] : NOUN + (int)(bits / 128 % 6);
    token[n++] = VERB + (int)(bits / 1024 % 3);
    token[n++] = STOP;
    token[n++] = EOS;
    return n;
}

static void train_base(void)
{
    static const sppo_optim_config descent = { .kind = SPPO_ADAMW, .lr = 1e-2,
        .warmup = 0.1, .total_steps = STEPS };
    static sppo_optim optim;
    static sppo_forest forest;
    static sppo_activations acts;
    sppo_real *grad = (sppo_real *)sppo_alloc(&ctx, policy.count, sizeof *grad);
    double loss = 0.0;
    int i, token[32];

    check(grad ? SPPO_OK : SPPO_E_MEMORY);
    check(sppo_optim_init(&ctx, &optim, &descent, &policy));
    check(sppo_forest_init(&ctx, &forest, 32 * ROWS, ROWS));
    check(sppo_activations_init(&ctx, &acts, &policy, 32 * ROWS, ROWS, 32,
                                SPPO_STEP));
    for (i = 1; i <= STEPS * ROWS; i++) {
        sppo_forest_add(&forest, -1, token, write_row(token, (uint64_t)i), 1);
        if (i % ROWS)
            continue;
        check(sppo_next_token_loss(&ctx, &acts, &policy, &forest, 0, grad,
                                   &loss));
        check(sppo_optim_step(&ctx, &optim, &policy, grad));
        sppo_forest_clear(&forest);
    }
    sppo_release(&ctx, grad, policy.count * sizeof *grad);
}

/* What the judge likes: the noun asked for, and two adjectives before it (the
 * verb, the stop and EOS follow: seven tokens).                             */
static double worth(const sppo_lists *y, int i, int asked, int *verb)
{
    const int n = sppo_lists_length(y, i), *token = sppo_lists_tokens(y, i);

    *verb = n > 4 ? token[n - 3] : VERB;
    return 2.0 * (n > 4 && token[n - 4] == asked) - abs(n - 7);
}

/* And runs beats sings, sleeps runs, sings sleeps, which is no reward's. */
static double prefer(const sppo_lists *y, int i, int j, int asked)
{
    static const double cycle[3] = { 0.0, 1.0, -1.0 };
    int v, w;
    const double more = worth(y, i, asked, &v) - worth(y, j, asked, &w);

    return sppo_sigmoid(more + cycle[(v - w + 3 * VOCAB) % 3]);
}

static sppo_result judge_all(sppo_ctx *c, void *user, const sppo_lists *prompts,
                             const sppo_lists *responses, int k, int first,
                             int count, double *pairwise)
{
    int p, i, j;

    (void)c, (void)user;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++)
                *pairwise++ = prefer(responses, p * k + i, p * k + j,
                                     sppo_lists_tokens(prompts, first + p)[1]);
    return SPPO_OK;
}

int main(void)
{
    static const sppo_config shape = { .vocab = VOCAB, .dim = 32, .layers = 2,
        .heads = 4, .hidden = 64, .context = 32, .bos = BOS, .eos = EOS };
    static const sppo_play_config config = { .eta = 10, .epochs = 6,
        .optim = { .lr = 1e-3 }, .sampling = { .max_tokens = 16 } };
    static const sppo_judge judge = { judge_all, NULL };
    static sppo_lists prompts;
    static sppo_play play;
    sppo_evaluation won = { 0 };
    int i;

    check(sppo_model_init(&ctx, &policy, &shape, 1));
    train_base();
    check(sppo_model_clone(&ctx, &base, &policy, SPPO_HEAD_NONE, 0));
    for (i = 0; i < PROMPTS; i++) {
        const int prompt[2] = { BOS, NOUN + i % 6 };
        check(sppo_lists_add(&ctx, &prompts, prompt, 2));
    }
    check(sppo_play_init(&ctx, &play, &config, &policy, &prompts));  // Alg 1.1
    while (play.phase != SPPO_PHASE_DONE) {                          // Alg 1.2
        check(sppo_play_sample(&ctx, &play));                        // Alg 1.3
        for (i = 0; i < play.round.responses.start[3]; i++)
            printf("%s ", word[play.round.responses.token[i]]);
        check(sppo_play_judge(&ctx, &play, &judge));                 // Alg 1.4
        check(sppo_play_select(&ctx, &play));                        // Alg 1.5
        check(sppo_play_fit(&ctx, &play));                           // Alg 1.6
        check(sppo_play_advance(&ctx, &play));                       // Alg 1.7
        check(sppo_evaluate(&ctx, &policy, &base, &judge, &prompts, 2,
                            &config.sampling, 7, &won));
        printf("\nround %d  P^ %.2f %.2f  loss %.3f  win %.2f  KL %.1f\n",
               play.iteration, play.last.win_chosen, play.last.win_rejected,
               play.last.loss_scaled, won.win_rate, won.kl);
    }
    return 0;
}
