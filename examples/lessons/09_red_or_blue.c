/* 09_red_or_blue.c - RLHF picks red, self-play picks blue
 *
 * Shows       two voters like red > green > blue, three blue > red > green: in
 *             3/5 blue beats either, so no policy beats blue; but the reward
 *             that fits the votes best is red's, which always beats green
 * Build       make examples       Run  build/09_red_or_blue         Time  < 1 s
 * You will see rewards (Eq 3.1), RLHF's best policy (Eq 3.2), a hundred steps
 * of self-play (Eq 4.1) and the gap (Eq 3.3); then what a tiny Llama of 2,704
 * parameters, which began with any word, says after rounds of either
 *   > three colours       red   blue  green
 *   > reward            0.617  0.312 -0.929
 *   > RLHF, exact       0.821  0.179  0.000   gap 0.164
 *   > self-play, exact  0.014  0.986  0.000   gap 0.003
 *   > RLHF, Llama       0.787  0.210  0.001   gap 0.156
 *   > self-play, Llama  0.015  0.985  0.000   gap 0.002
 *   > without green       red   blue
 *   > RLHF, Llama       0.095  0.903          gap 0.018
 * Nobody asks for green, yet without it RLHF says blue, as self-play does.
 * Tolerance   0.1: responses are drawn, and training amplifies rounding
 * Try         config.pull = 0: RLHF forgets blue.  In a circle of 2/3, pulled
 *             to an even policy (tau 0.05), AdamW by exact gradients (lr 0.01,
 *             beta1 = SPPO_ZERO) rests at 1/3 after 500 steps; with beta1 = 0.9
 *             it is at 0.41 0.29 0.30 after 4000, and will not rest: momentum
 *             answers an opponent that has moved on (tests/test_methods.c).  In
 *             Algorithm 1 it moves once an iteration, with moments of 0.
 * Read        sppo.h >>games, >>play, >>beyond; sppo align --method rlhf     */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"

enum { RED, BLUE, GREEN, N, BOS = N, EOS, SAY, VOCAB, PROMPTS = 64 };
static const double beats[N * N] = {  // the share of voters for row > column
    0.5, 0.4, 1.0,
    0.6, 0.5, 0.6,
    0.0, 0.4, 0.5 };

static sppo_ctx ctx;
static sppo_lists prompts;
static double game[N * N], reward[N];
static int n;  // colours in play: the first n

static void check(sppo_result result)
{
    if (result != SPPO_OK)
        exit(fprintf(stderr, "09_red_or_blue: %s\n", ctx.message) > 0);
}

static void row(const char *name, const double *value)
{
    printf("%-16s", name);
    for (int i = 0; i < n; i++)
        printf(" %6.3f", value[i]);
    if (value != reward)
        printf("%*sgap %.3f", 3 + 7 * (N - n), "",
               sppo_duality_gap(game, value, n));
    printf("\n");
}

static void exactly(void)
{
    double pi[VOCAB] = { 0.0 }, best[N], win[N];
    int i;

    for (i = 0; i < n; i++)
        pi[i] = 1.0 / n;
    sppo_exact_step(best, pi, reward, 5.0, n);
    row("RLHF, exact", best);
    for (i = 0; i < 100; i++) {
        sppo_exact_win_rates(win, game, pi, n);
        sppo_exact_step(pi, pi, win, 0.5, n);
    }
    row("self-play, exact", pi);
}

/* As the voters do; where user is a reward, as it does by Eq 3.1.  Who says a
 * colour beats who says none.                                                */
static sppo_result judge_all(sppo_ctx *c, void *user, const sppo_lists *asked,
                             const sppo_lists *said, int k, int first,
                             int count, double *pairwise)
{
    const double *r = (const double *)user;

    (void)c, (void)asked, (void)first;
    for (int i = 0; i < count * k; i++)
        for (int j = i / k * k; j < i / k * k + k; j++) {
            const int a = sppo_lists_tokens(said, i)[0];
            const int b = sppo_lists_tokens(said, j)[0];

            *pairwise++ = a >= n ? (b >= n ? 0.5 : 0.05) : b >= n ? 0.95
                        : r ? sppo_bradley_terry(r[a], r[b]) : game[a * n + b];
        }
    return SPPO_OK;
}

/* Algorithm 1; the shares are of its last four rounds.  RLHF is a policy
 * gradient on the reward, with a pull to the policy that it began as.       */
static void align(const char *name, sppo_loss loss, double *rewards)
{
    static const sppo_config shape = { .vocab = VOCAB, .dim = 16, .layers = 1,
        .heads = 2, .hidden = 32, .context = 4, .bos = BOS, .eos = EOS };
    sppo_play_config config = { .eta = 5, .k = 8, .iterations = 20,
        .prompts_per_iteration = PROMPTS, .epochs = 4, .keep_all = 1,
        .loss = loss, .optim = { .kind = SPPO_ADAMW, .beta1 = SPPO_ZERO,
        .lr = 5e-3 }, .sampling = { .max_tokens = 1 } };
    const sppo_judge judge = { judge_all, rewards };
    double share[VOCAB] = { 0.0 };
    sppo_model policy;
    sppo_play play;
    int i;

    config.signal = rewards ? SPPO_SIGNAL_SCORE : SPPO_SIGNAL_WIN;
    config.pull = rewards ? 1.0 : 0.0;
    check(sppo_model_init(&ctx, &policy, &shape, 1));
    check(sppo_play_init(&ctx, &play, &config, &policy, &prompts));
    while (play.phase != SPPO_PHASE_DONE) {
        const sppo_lists *said = &play.round.responses;

        if (play.phase == SPPO_PHASE_JUDGE && play.iteration >= 16)
            for (i = 0; i < said->count; i++)
                share[sppo_lists_tokens(said, i)[0]] += 0.25 / said->count;
        check(sppo_play_next(&ctx, &play, &judge));
    }
    row(name, share);
    sppo_play_free(&ctx, &play);
    sppo_model_free(&ctx, &policy);
}

int main(void)
{
    static const int prompt[] = { BOS, SAY };
    int i;

    for (i = 0; i < PROMPTS; i++)
        check(sppo_lists_add(&ctx, &prompts, prompt, 2));
    for (n = N; n >= 2; n--) {
        printf("%-16s    red   blue%s\n", n == N ? "three colours" :
               "without green", n == N ? "  green" : "");
        for (i = 0; i < n * n; i++)
            game[i] = beats[i / n * N + i % n];
        sppo_bradley_terry_fit(reward, game, n);
        row("reward", reward);
        exactly();
        align("RLHF, Llama", SPPO_LOSS_CLIP, reward);
        align("self-play, Llama", SPPO_LOSS_SPPO, NULL);
    }
    return 0;
}
