/* test_optim.c - RMSprop, AdamW, clipping and schedules
 *
 * PyTorch's own numbers, the same by hand, and what must hold whatever the
 * numbers: a bad gradient changes nothing, RMSprop does not see the loss's
 * scale.  The allowance in float is a few roundings of the parameter.       */

#define SPPO_IMPLEMENTATION
#include "../sppo.h"
#include "check.h"
#include "slow.h"
#include "view.h"
#include "reference/values.h"

static sppo_ctx ctx;

/* The smallest model: its first five numbers play the parameters. */
static int tiny_model(sppo_model *model)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = 5, c.dim = 2, c.layers = 1, c.heads = 1, c.hidden = 3;
    c.context = 8, c.bos = c.eos = -1;
    return CHECK_OK(&ctx, sppo_model_init(&ctx, model, &c, 1))
        && CHECK(!strcmp(model->tensors[0].name, "model.embed_tokens.weight"))
        && CHECK(model->tensors[0].offset == 0);
}

static sppo_optim_config constant(sppo_optimizer kind, double lr)
{
    sppo_optim_config c;

    memset(&c, 0, sizeof c);
    c.kind = kind, c.lr = lr, c.decay = SPPO_DECAY_CONSTANT;
    c.total_steps = 100;
    return c;
}

/* ---- three steps --------------------------------------------------------- */

static void three_reference_steps(const sppo_optim_config *config,
                                  const double *after)
{
    static sppo_model model;
    static sppo_optim optim;
    sppo_real *grad;
    int s, i;

    if (!tiny_model(&model) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, config, &model)))
        return;
    grad = view_reals(model.count);
    for (i = 0; i < ref_optim_count; i++)
        model.weights[i] = (sppo_real)ref_optim_start[i];
    for (s = 0; s < ref_optim_steps; s++) {
        for (i = 0; i < ref_optim_count; i++)
            grad[i] = (sppo_real)ref_optim_grads[s * ref_optim_count + i];
        CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
        CHECK(optim.step == s + 1);
        for (i = 0; i < ref_optim_count; i++)
            CHECK_NEAR(model.weights[i], after[s * ref_optim_count + i],
                       BUILD(1e-6, 1e-14));     // float: of numbers up to 2
        for (i = 0; i < (int)model.count; i++)
            CHECK(!(grad[i] > 0) && !(grad[i] < 0));    // cleared
    }
    free(grad);
    sppo_optim_free(&ctx, &optim);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

static void rmsprop_three_steps_as_pytorch(void)
{
    const sppo_optim_config c = constant(SPPO_RMSPROP, 1e-2);

    three_reference_steps(&c, ref_rmsprop_after);
}

static void adamw_three_steps_as_pytorch(void)
{
    sppo_optim_config c = constant(SPPO_ADAMW, 1e-2);

    c.beta1 = 0.9, c.beta2 = 0.99, c.weight_decay = 0.1;
    three_reference_steps(&c, ref_adamw_after);
}

/* v = 0.9 v + 0.1 g^2, w -= lr g / (sqrt(v) + eps); with numbers that can be
 * followed: g = 3, 0, 3, alpha 0.75, eps 0.5, lr 1: v = 2.25 and
 * w = -3 / (1.5 + 0.5) = -1.5; then v falls to 1.6875, w stays; then
 * v = 1.265625 + 2.25 = 1.875^2 and w falls by 3 / (1.875 + 0.5).           */
static void rmsprop_by_hand(void)
{
    static sppo_model model;
    static sppo_optim optim;
    sppo_optim_config c = constant(SPPO_RMSPROP, 1);
    sppo_real *grad;

    c.alpha = 0.75, c.eps = 0.5;
    if (!tiny_model(&model) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &c, &model)))
        return;
    grad = view_reals(model.count);
    model.weights[0] = 0;
    grad[0] = 3;
    CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
    CHECK_NEAR(model.weights[0], -1.5, BUILD(1e-6, 1e-14));
    CHECK_NEAR(optim.square[0], 2.25, BUILD(1e-6, 1e-14));
    CHECK_NEAR(optim.grad_norm, 3, BUILD(1e-6, 1e-14));
    CHECK_NEAR(optim.lr, 1, 0);
    CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
    CHECK_NEAR(model.weights[0], -1.5, BUILD(1e-6, 1e-14));
    CHECK_NEAR(optim.square[0], 1.6875, BUILD(1e-6, 1e-14));
    grad[0] = 3;
    CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
    CHECK_NEAR(optim.square[0], 3.515625, BUILD(1e-6, 1e-14));
    CHECK_NEAR(model.weights[0], -1.5 - 3 / 2.375, BUILD(1e-6, 1e-14));
    sppo_optim_reset(&optim);
    CHECK(optim.step == 0 && !(optim.square[0] > 0));
    free(grad);
    sppo_optim_free(&ctx, &optim);
    sppo_model_free(&ctx, &model);
}

/* The first step of AdamW is lr times the sign, whatever the size, since both
 * bias corrections cancel; decay is lr * decay * w, of matrices only.       */
static void adamw_by_hand(void)
{
    static sppo_model model;
    static sppo_optim optim;
    sppo_optim_config c = constant(SPPO_ADAMW, 0.25);
    const sppo_tensor *norm, *up;
    sppo_real *grad;

    c.weight_decay = 0.5;
    if (!tiny_model(&model) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &c, &model)))
        return;
    grad = view_reals(model.count);
    norm = sppo_model_tensor(&model, "model.norm.weight");
    up = sppo_model_tensor(&model, "model.layers.0.mlp.up_proj.weight");
    model.weights[0] = 4, model.weights[1] = 4, model.weights[2] = 4;
    model.weights[norm->offset] = model.weights[up->offset] = 4;
    model.weights[norm->offset + 1] = 4;
    grad[0] = 100, grad[1] = -2;
    grad[norm->offset + 1] = 7;
    CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
    CHECK_NEAR(model.weights[0], 4 - 0.5 - 0.25, BUILD(1e-6, 1e-8));
    CHECK_NEAR(model.weights[1], 4 - 0.5 + 0.25, BUILD(1e-6, 1e-8));
    CHECK_NEAR(model.weights[2], 4 - 0.5, BUILD(1e-6, 1e-14));
    CHECK_NEAR(model.weights[up->offset], 4 - 0.5, BUILD(1e-6, 1e-14));
    CHECK_NEAR(model.weights[norm->offset], 4, 0);
    CHECK_NEAR(model.weights[norm->offset + 1], 4 - 0.25, BUILD(1e-6, 1e-8));
    // mean = 0.1 g, square = 0.001 g^2 are PyTorch's default betas.
    CHECK_NEAR(optim.mean[0], 10, BUILD(1e-5, 1e-13));
    CHECK_NEAR(optim.square[0], 10, BUILD(1e-4, 1e-11));
    free(grad);
    sppo_optim_free(&ctx, &optim);
    sppo_model_free(&ctx, &model);
}

/* ---- clipping ------------------------------------------------------------ */

/* AdamW's mean after one step is (1 - beta1) times the clipped gradient. */
static void clipped(const double *before, const double *after, double norm)
{
    static sppo_model model;
    static sppo_optim optim;
    sppo_optim_config c = constant(SPPO_ADAMW, 1e-3);
    sppo_real *grad;
    int i;

    c.beta1 = 0.5, c.clip = 1;
    if (!tiny_model(&model) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &c, &model)))
        return;
    grad = view_reals(model.count);
    for (i = 0; i < ref_clip_count; i++)
        grad[i * 3] = (sppo_real)before[i];     // across several tensors
    CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
    CHECK_NEAR(optim.grad_norm, norm, BUILD(1e-6, 1e-14) * norm);
    for (i = 0; i < ref_clip_count; i++)
        CHECK_NEAR(optim.mean[i * 3], 0.5 * after[i], BUILD(1e-7, 1e-15));
    free(grad);
    sppo_optim_free(&ctx, &optim);
    sppo_model_free(&ctx, &model);
}

static void clipping_as_pytorch(void)
{
    clipped(ref_clip_before, ref_clip_after, ref_clip_norm);
    clipped(ref_clip_small_before, ref_clip_small_after, ref_clip_small_norm);
}

/* ---- schedule ------------------------------------------------------------ */

static void schedules_by_hand(void)
{
    sppo_optim_config c = constant(SPPO_RMSPROP, 2);
    int s;

    for (s = 0; s < 120; s++)           // constant, and beyond the end
        CHECK_NEAR(sppo_learning_rate(&c, s), 2, 0);

    c.total_steps = 10, c.decay = SPPO_DECAY_LINEAR;
    for (s = 0; s < 10; s++)            // 2, 1.8, ... 0.2: never a lost step
        CHECK_NEAR(sppo_learning_rate(&c, s), 2 * (10 - s) / 10.0, 1e-14);
    CHECK_NEAR(sppo_learning_rate(&c, 10), 0, 1e-14);
    CHECK(sppo_learning_rate(&c, 99) >= 0);

    c.lr_end = 0.25;                    // from 2 to 0.5
    for (s = 0; s <= 10; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s), 2 - 1.5 * s / 10.0, 1e-14);

    c.decay = SPPO_DECAY_COSINE;        // half way down at half time
    for (s = 0; s <= 10; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s),
                   0.5 + 1.5 * (1 + cos(3.141592653589793 * s / 10)) / 2,
                   1e-14);
    CHECK_NEAR(sppo_learning_rate(&c, 5), 1.25, 1e-14);

    c.warmup = 1;                       // all of it a rise; then the end's
    for (s = 0; s < 10; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s), 2 * (s + 1) / 10.0, 1e-14);
    CHECK_NEAR(sppo_learning_rate(&c, 10), 0.5, 1e-14);

    c.warmup = 0, c.total_steps = 0;    // without an end there is no decay
    for (s = 0; s < 20; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s), 2, 0);
    c.total_steps = 10, c.decay = (sppo_decay)9;  // none: no step with it
    CHECK(!(sppo_learning_rate(&c, 5) < HUGE_VAL));
}

/* Four steps of rise in twenty, then the decay over the sixteen that are left:
 * no step has rate 0, and the full rate is reached.                         */
static void warm_up_by_hand(void)
{
    sppo_optim_config c = constant(SPPO_RMSPROP, 8);
    int s;

    c.total_steps = 20, c.warmup = 0.2;
    for (s = 0; s < 20; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s), s < 4 ? 2 * (s + 1) : 8, 1e-14);
    c.decay = SPPO_DECAY_LINEAR;
    for (s = 0; s < 20; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s),
                   s < 4 ? 2 * (s + 1) : 8 * (20 - s) / 16.0, 1e-14);
    c.decay = SPPO_DECAY_COSINE;
    for (s = 0; s < 20; s++)
        CHECK_NEAR(sppo_learning_rate(&c, s),
                   s < 4 ? 2 * (s + 1)
                         : 4 * (1 + cos(3.141592653589793 * (s - 4) / 16)),
                   1e-13);
}

/* The paper's: 5e-7, a linear schedule with a warm-up of a tenth, over 18
 * epochs of 20,000 prompts in batches of 64; the model after the first goes on.
 * That is 313 of 5634 steps, of which 563 are warm-up: the rate at the stop is
 * 313 / 563 of the peak, and has not begun to fall.                         */
static void learning_rate_of_the_paper(void)
{
    enum { EPOCH = 313, TOTAL = 18 * EPOCH, WARM = 563 };
    sppo_optim_config c = constant(SPPO_RMSPROP, 5e-7);
    int s;

    CHECK(EPOCH == (20000 + 63) / 64 && WARM == TOTAL / 10);
    c.total_steps = TOTAL, c.warmup = 0.1, c.decay = SPPO_DECAY_LINEAR;
    CHECK_NEAR(sppo_learning_rate(&c, 0), 5e-7 / 563, 1e-21);
    CHECK_NEAR(sppo_learning_rate(&c, EPOCH - 1), 5e-7 * 313 / 563, 1e-21);
    CHECK_NEAR(sppo_learning_rate(&c, WARM - 1), 5e-7, 1e-21);
    CHECK_NEAR(sppo_learning_rate(&c, WARM), 5e-7, 1e-21);
    CHECK_NEAR(sppo_learning_rate(&c, TOTAL - 1), 5e-7 / (5634 - 563), 1e-21);
    CHECK_NEAR(sppo_learning_rate(&c, TOTAL), 0, 1e-21);
    for (s = 1; s < TOTAL; s++) {       // both parts are lines
        const double rise = 5e-7 / 563, fall = 5e-7 / (5634 - 563);
        const double change = sppo_learning_rate(&c, s)
                            - sppo_learning_rate(&c, s - 1);
        CHECK_NEAR(change, s < WARM ? rise : s == WARM ? 0 : -fall, 1e-21);
    }
}

/* ---- what must hold for any numbers -------------------------------------- */

static void bad_gradient_changes_nothing(void)
{
    static const double bad[] = { (double)NAN, (double)INFINITY,
                                  -(double)INFINITY };
    int kind, b, at, i;

    for (kind = 0; kind < 2; kind++)
        for (b = 0; b < COUNT(bad); b++)
            for (at = 0; at < 2; at++) {
                static sppo_model model;
                static sppo_optim optim;
                sppo_optim_config c =
                    constant(kind ? SPPO_ADAMW : SPPO_RMSPROP, 0.1);
                sppo_real *grad, *weights, *square, *mean;
                size_t bytes;
                double lr;

                c.clip = at ? 1 : 0;
                if (!tiny_model(&model) ||
                    !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &c, &model)))
                    return;
                bytes = model.count * sizeof *grad;
                grad = view_reals(model.count);
                weights = view_reals(model.count);
                square = view_reals(model.count);
                mean = view_reals(model.count);
                for (i = 0; i < (int)model.count; i++)
                    grad[i] = (sppo_real)(i - 7);
                CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
                memcpy(weights, model.weights, bytes);
                memcpy(square, optim.square, bytes);
                if (optim.mean)
                    memcpy(mean, optim.mean, bytes);
                lr = optim.lr;
                for (i = 0; i < (int)model.count; i++)
                    grad[i] = (sppo_real)(i - 7);
                grad[at ? model.count - 1 : 0] = (sppo_real)bad[b];
                CHECK(sppo_optim_step(&ctx, &optim, &model, grad)
                      == SPPO_E_NUMBER);
                CHECK(ctx.code == SPPO_E_NUMBER);
                CHECK(strstr(ctx.message, "sppo_optim_step") != NULL);
                CHECK(!memcmp(weights, model.weights, bytes));
                CHECK(!memcmp(square, optim.square, bytes));
                CHECK(!optim.mean || !memcmp(mean, optim.mean, bytes));
                CHECK(optim.step == 1);
                CHECK_NEAR(optim.lr, lr, 0);
                free(grad), free(weights), free(square), free(mean);
                sppo_optim_free(&ctx, &optim);
                sppo_model_free(&ctx, &model);
            }
}

/* Five steps with random gradients, and with the same times 1024: the largest
 * difference between the weights; *moved is how far they moved on average.  */
static double scale_seen(double eps, double *moved)
{
    static sppo_model a, b;
    static sppo_optim optim_a, optim_b;
    sppo_optim_config c = constant(SPPO_RMSPROP, 1e-2);
    slow_random random = { 31 };
    sppo_real *grad_a, *grad_b;
    double largest = 0;
    int s, i;

    c.eps = eps;
    if (!tiny_model(&a) || !tiny_model(&b) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim_a, &c, &a)) ||
        !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim_b, &c, &b)))
        return 1;
    grad_a = view_reals(a.count), grad_b = view_reals(b.count);
    *moved = 0;
    for (i = 0; i < (int)a.count; i++)
        *moved -= (double)a.weights[i] / (double)a.count;
    for (s = 0; s < 5; s++) {
        for (i = 0; i < (int)a.count; i++) {
            // of one sign and at least 1: nothing cancels, eps is the smaller
            grad_a[i] = (sppo_real)(-1 - fabs(slow_normal(&random)));
            grad_b[i] = 1024 * grad_a[i];
        }
        CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim_a, &a, grad_a));
        CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim_b, &b, grad_b));
    }
    CHECK_NEAR(optim_b.grad_norm, 1024 * optim_a.grad_norm,
               1e-6 * optim_b.grad_norm);
    for (i = 0; i < (int)b.count; i++) {
        largest = fmax(largest, fabs((double)(a.weights[i] - b.weights[i])));
        *moved += (double)a.weights[i] / (double)a.count;
    }
    free(grad_a), free(grad_b);
    sppo_optim_free(&ctx, &optim_a), sppo_optim_free(&ctx, &optim_b);
    sppo_model_free(&ctx, &a), sppo_model_free(&ctx, &b);
    return largest;
}

/* With eps -> 0 RMSprop divides by the gradient's own size: a loss times 1024
 * gives the same steps.  (Why eta scales SPPO's loss by eta^2 and yet needs no
 * other learning rate.)  What eps adds is in proportion to eps.             */
static void rmsprop_does_not_see_the_scale_of_the_loss(void)
{
    const double eps = BUILD(1e-2, 1e-6);
    double moved, coarse, fine;

    // a power of two is exact; a few roundings are granted all the same
    CHECK_NEAR(scale_seen(1e-30, &moved), 0, 16 * ROUNDING);
    CHECK(moved > 0.05);
    coarse = scale_seen(eps, &moved);
    fine = scale_seen(eps / 10, &moved);
    CHECK(fine > 0);
    // up to the next order, eps / sqrt v: sqrt v is at least a tenth here
    CHECK_NEAR(coarse / fine, 10, 10 * eps / 0.1);
}

/* Without memory a step goes by the present gradient alone: the mean is it,
 * the square its square, and what is left of it is its sign.                */
static void zeros_that_are_meant(void)
{
    static sppo_model model;
    static sppo_optim optim;
    int i, step;

    for (i = 0; i < 3; i++) {
        sppo_optim_config c = constant(i ? SPPO_ADAMW : SPPO_RMSPROP, 0.25);
        sppo_real *grad;

        c.alpha = SPPO_ZERO;
        c.beta1 = SPPO_ZERO;
        c.beta2 = i == 1 ? SPPO_ZERO : 0.0;
        if (!tiny_model(&model) ||
            !CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &c, &model)))
            return;
        CHECK(optim.config.beta1 == SPPO_ZERO);  // it can be given again
        grad = view_reals(model.count);
        model.weights[0] = 4;
        for (step = 0; step < 2; step++) {
            grad[0] = step ? -2 : 100;
            CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
            if (i)
                CHECK_NEAR(optim.mean[0], step ? -2 : 100, 0);
            if (i < 2) {
                CHECK_NEAR(optim.square[0], step ? 4 : 10000,
                           BUILD(1e-3, 1e-10));
                CHECK_NEAR(model.weights[0], step ? 4 : 3.75,
                           BUILD(1e-6, 1e-8));
            }
        }
        free(grad);
        sppo_optim_free(&ctx, &optim);
        sppo_model_free(&ctx, &model);
    }
}

static void bad_settings_are_refused_by_name(void)
{
    static sppo_model model;
    static sppo_optim optim;
    int i;

    if (!tiny_model(&model))
        return;
    for (i = 0; i < 18; i++) {
        sppo_optim_config c = constant(i % 2 ? SPPO_ADAMW : SPPO_RMSPROP, 0.1);
        const char *word = "lr";
        switch (i) {
        case 0: c.lr = 0; break;
        case 1: c.lr = -1; break;
        case 2: c.lr = (double)NAN; break;
        case 3: c.lr = (double)INFINITY; break;
        case 4: c.alpha = 1.5; word = "alpha"; break;
        case 5: c.beta1 = 1; word = "beta1"; break;
        case 6: c.alpha = -0.5; word = "alpha"; break;
        case 7: c.beta2 = 1; word = "beta2"; break;
        case 8: c.eps = -1; word = "eps"; break;
        case 9: c.weight_decay = -1; word = "weight_decay"; break;
        case 10: c.clip = -1; word = "clip"; break;
        case 11: c.warmup = 1.5; word = "warmup"; break;
        case 12: c.lr_end = -1; word = "lr_end"; break;
        case 13: c.kind = (sppo_optimizer)2; word = "kind is 2"; break;
        case 14: c.decay = (sppo_decay)3; word = "decay is 3"; break;
        case 15: c.beta2 = (double)NAN; word = "beta2"; break;
        case 16: c.eps = SPPO_ZERO; word = "eps"; break;
        default: c.total_steps = -1; word = "total_steps"; break;
        }
        ctx.message[0] = 0;
        if (!CHECK(sppo_optim_init(&ctx, &optim, &c, &model)
                   == SPPO_E_ARGUMENT) ||
            !CHECK(strstr(ctx.message, word) != NULL)) {
            printf("  row %d, %s: '%s'\n", i, word, ctx.message);
            sppo_optim_free(&ctx, &optim);
        }
    }
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* Steps read the config, whose owner may change it between them; the memory is
 * what sppo_optim_init took for the kind of then.                           */
static void a_step_of_another_kind_is_refused(void)
{
    static sppo_model model;
    static sppo_optim optim;
    sppo_real *grad;
    int i;

    if (!tiny_model(&model))
        return;
    grad = view_reals(model.count);
    for (i = 0; i < 6; i++) {
        const sppo_optimizer kind = i % 2 ? SPPO_ADAMW : SPPO_RMSPROP;
        sppo_optim_config c = constant(kind, 0.1);

        if (!CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &c, &model)))
            break;
        if (i < 2)
            optim.config.kind = i ? SPPO_RMSPROP : SPPO_ADAMW;
        else if (i < 4)
            optim.config.kind = (sppo_optimizer)2;
        else
            optim.config.decay = (sppo_decay)3;
        CHECK(sppo_optim_step(&ctx, &optim, &model, grad) == SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, i < 4 ? "kind is" : "decay 3") != NULL);
        optim.config = c;
        CHECK_OK(&ctx, sppo_optim_step(&ctx, &optim, &model, grad));
        sppo_optim_free(&ctx, &optim);
    }
    free(grad);
    sppo_model_free(&ctx, &model);
}

static const check_case cases[] = {
    CASE(rmsprop_three_steps_as_pytorch),  // audit 50
    CASE(adamw_three_steps_as_pytorch),
    CASE(rmsprop_by_hand),  // audit 50
    CASE(adamw_by_hand),
    CASE(clipping_as_pytorch),
    CASE(schedules_by_hand),  // audit 49
    CASE(warm_up_by_hand),  // audit 49
    CASE(learning_rate_of_the_paper),  // audit 49
    CASE(bad_gradient_changes_nothing),
    CASE(rmsprop_does_not_see_the_scale_of_the_loss),  // audit 50
    CASE(zeros_that_are_meant),
    CASE(bad_settings_are_refused_by_name),
    CASE(a_step_of_another_kind_is_refused),
};

int main(int argc, char **argv)
{
    view_threads(1);
    return check_main(cases, COUNT(cases), argc, argv);
}
