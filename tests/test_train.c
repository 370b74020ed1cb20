/* test_train.c - training on given data: a run is the loop written by hand
 *
 * The loops below know the header's losses and its optimiser, but neither its
 * batches nor its passes.                                                   */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <stdlib.h>

enum { ROWS = 11, VOCAB = 12, CONTEXT = 16 };

static sppo_ctx ctx;
static sppo_model start, copy, other;  // as it begins; by hand; by a run
static sppo_lists prompts, responses, pairs;
static double label[ROWS];

static void begin(sppo_head head)
{
    sppo_config c;
    int i, j, token[8];

    memset(&c, 0, sizeof c);
    c.vocab = VOCAB, c.dim = 8, c.layers = 1, c.heads = 2, c.hidden = 12;
    c.context = CONTEXT, c.bos = 1, c.eos = 2, c.head = head;
    sppo_model_free(&ctx, &start);
    CHECK_OK(&ctx, sppo_model_init(&ctx, &start, &c, 3));
    sppo_lists_clear(&prompts);
    sppo_lists_clear(&responses);
    sppo_lists_clear(&pairs);
    for (i = 0; i < ROWS; i++) {
        for (j = 0; j < 8; j++)
            token[j] = 3 + (i * 5 + j * j + 7 * j) % (VOCAB - 3);
        token[0] = 1;
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, token, 2 + i % 3));
        // every fourth row is a text
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &responses, token + 4,
                                      i % 4 == 3 ? 0 : 1 + i % 4));
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &pairs, token + 2, 1 + i % 3));
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &pairs, token + 3, 2 + i % 2));
        label[i] = i % 5 / 4.0;
    }
}

static void fresh(sppo_model *model)
{
    sppo_model_free(&ctx, model);
    CHECK_OK(&ctx, sppo_model_clone(&ctx, model, &start, start.config.head, 0));
}

static int same(const sppo_model *a, const sppo_model *b)
{
    return a->count == b->count &&
           !memcmp(a->weights, b->weights, a->count * sizeof(sppo_real));
}

static sppo_train_config settings(void)
{
    sppo_train_config c;

    memset(&c, 0, sizeof c);
    c.batch = 3;
    c.seed = 5;
    c.optim.lr = 1e-2;
    c.optim.warmup = 0.2;
    c.optim.clip = 1.0;
    c.optim.kind = SPPO_ADAMW;
    return c;
}

/* The order of an epoch, as the manual of the tool has promised it since runs
 * can be resumed: a change here breaks every checkpoint.                    */
static int in_turn(uint64_t seed, int position, int rows)
{
    int order[ROWS];

    sppo_random_order(sppo_random_fork(sppo_random_fork(seed, 0x73687566),
                                       (uint64_t)(position / rows)),
                      order, rows);
    return order[position % rows];
}

static double predicted(int row)
{
    const int n = sppo_lists_length(&responses, row);

    return n ? n : sppo_lists_length(&prompts, row) - 1;
}

/* One forest with all rows of a step: their loss over the average tokens. */
static void text_step(sppo_activations *acts, sppo_forest *f, const int *row,
                      int n, int learned, sppo_optim *optim, sppo_real *grad)
{
    double all = 0.0, loss;
    int i, root;

    for (i = 0; i < learned; i++)
        all += predicted(i);
    sppo_forest_clear(f);
    for (i = 0; i < n; i++) {
        const int more = sppo_lists_length(&responses, row[i]);
        root = sppo_forest_add(f, -1, sppo_lists_tokens(&prompts, row[i]),
                               sppo_lists_length(&prompts, row[i]), !more);
        if (more)
            sppo_forest_add(f, root, sppo_lists_tokens(&responses, row[i]),
                            more, 1);
    }
    CHECK_OK(&ctx, sppo_next_token_loss(&ctx, acts, &copy, f,
                                        n * all / learned, grad, &loss));
    CHECK_OK(&ctx, sppo_optim_step(&ctx, optim, &copy, grad));
}

static void pair_step(sppo_pref *pref, const int *row, int n,
                      sppo_optim *optim, sppo_real *grad)
{
    double loss;

    CHECK_OK(&ctx, sppo_pref_loss(&ctx, pref, &prompts, &pairs, label, row, n,
                                  grad, &loss, NULL));
    CHECK_OK(&ctx, sppo_optim_step(&ctx, optim, &copy, grad));
}

/* What a run of `config` should do to a copy of the model. */
static void by_hand(const sppo_train_config *config, int preference)
{
    const int rows = config->rows ? config->rows : ROWS;
    const int learned = rows - config->held_out, batch = config->batch;
    const int epoch = (learned + batch - 1) / batch;
    const int epochs = config->epochs ? config->epochs : 1;
    const int steps = config->steps ? config->steps : epoch * epochs;
    sppo_optim_config descent = config->optim;
    sppo_real *grad;
    sppo_activations acts;
    sppo_forest f;
    sppo_optim optim;
    sppo_pref pref;
    int s, i, n, at, row[3 * ROWS];

    fresh(&copy);
    memset(&pref, 0, sizeof pref);
    descent.total_steps = descent.total_steps ? descent.total_steps : steps;
    grad = (sppo_real *)calloc(copy.count, sizeof *grad);
    CHECK_OK(&ctx, sppo_optim_init(&ctx, &optim, &descent, &copy));
    CHECK_OK(&ctx, sppo_forest_init(&ctx, &f, 1000, 100));
    CHECK_OK(&ctx, sppo_activations_init(&ctx, &acts, &copy, 1000, 100,
                                         CONTEXT, SPPO_STEP));
    if (preference)
        CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &copy, 1000, 2, 1));
    for (s = 0; s < steps; s++) {
        n = config->steps || s % epoch + 1 < epoch
          ? batch : learned - (epoch - 1) * batch;
        for (i = 0; i < n; i++) {
            at = config->steps ? s * batch + i
                               : s / epoch * learned + s % epoch * batch + i;
            row[i] = config->keep_order ? at % learned
                                        : in_turn(config->seed, at, learned);
            row[i] = config->row ? config->row[row[i]] : row[i];
        }
        if (preference)
            pair_step(&pref, row, n, &optim, grad);
        else
            text_step(&acts, &f, row, n, learned, &optim, grad);
    }
    sppo_pref_free(&ctx, &pref);
    sppo_activations_free(&ctx, &acts);
    sppo_forest_free(&ctx, &f);
    sppo_optim_free(&ctx, &optim);
    free(grad);
}

static void alike(const sppo_train_config *config, int preference)
{
    by_hand(config, preference);
    fresh(&other);
    if (preference)
        CHECK_OK(&ctx, sppo_train_preference(&ctx, &other, config, &prompts,
                                             &pairs, label));
    else
        CHECK_OK(&ctx, sppo_train_policy(&ctx, &other, config, &prompts,
                                         &responses));
    CHECK(same(&copy, &other) && !same(&start, &other));
}

static void a_run_is_the_loop_by_hand(void)
{
    const sppo_head head[] = { SPPO_HEAD_NONE, SPPO_HEAD_PAIR, SPPO_HEAD_EMBED,
                               SPPO_HEAD_SCALAR };
    int h;

    for (h = 0; h < COUNT(head); h++) {
        sppo_train_config c = settings();
        begin(head[h]);
        alike(&c, h > 0);                  // an epoch: 3, 3, 3 and 2 rows
        c.epochs = 3;
        alike(&c, h > 0);
        c.keep_order = 1, c.held_out = 4;
        alike(&c, h > 0);
        c.batch = 7;                       // all at once
        alike(&c, h > 0);
        c = settings();
        c.steps = 9;                       // 27 of 11 rows: three epochs
        alike(&c, h > 0);
        c.batch = 25;                      // some more than once
        alike(&c, h > 0);
        c.keep_order = 1, c.optim.total_steps = 40, c.optim.kind = SPPO_RMSPROP;
        alike(&c, h > 0);
    }
}

/* These rows and no others; the array may go when the run has begun. */
static void rows_may_be_chosen(void)
{
    static const int chosen[] = { 8, 2, 5, 2, 9 };
    int array[5], h;
    sppo_train train;

    for (h = 0; h < 2; h++) {
        sppo_train_config c = settings();
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        c.epochs = 2, c.row = chosen, c.rows = 5;
        memcpy(array, chosen, sizeof array);
        if (h) {
            alike(&c, 1);
        } else {
            c.row = array;
            fresh(&copy);
            fresh(&other);
            CHECK_OK(&ctx, sppo_train_policy(&ctx, &copy, &c, &prompts,
                                             &responses));
            CHECK_OK(&ctx, sppo_train_init(&ctx, &train, &c, &other, &prompts,
                                           &responses, NULL));
            memset(array, 0, sizeof array);
            CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
            CHECK(same(&copy, &other));
            sppo_train_free(&ctx, &train);
        }
    }
}

/* In as many passes as there are rows: the same but for rounding. */
static void passes_add_up(void)
{
    size_t i;
    int h;

    for (h = 0; h < 2; h++) {
        sppo_train_config c = settings();
        double worst = 0.0;
        begin(h ? SPPO_HEAD_EMBED : SPPO_HEAD_NONE);
        c.steps = 6;
        by_hand(&c, h);
        c.pass_tokens = 1;
        fresh(&other);
        CHECK_OK(&ctx, h ? sppo_train_preference(&ctx, &other, &c, &prompts,
                                                 &pairs, label)
                         : sppo_train_policy(&ctx, &other, &c, &prompts,
                                             &responses));
        for (i = 0; i < copy.count; i++)
            worst = fmax(worst, fabs((double)(copy.weights[i]
                                              - other.weights[i])));
        CHECK_NEAR(worst, 0.0, sizeof(sppo_real) == 4 ? 1e-5 : 1e-13);
    }
}

/* ---- what is seen on the way ---- */

typedef struct seen {
    int calls, stop_at, every;
    double loss, tokens, lr;
    sppo_train_progress last;
    int row[ROWS];
    double score[ROWS];
} seen;

static int look(void *user, const sppo_train_progress *p)
{
    seen *s = (seen *)user;

    s->calls++;
    CHECK(p->step >= 1 && p->step <= p->steps);
    s->loss += p->loss;
    s->tokens += p->tokens;
    s->last = *p;
    memcpy(s->row, p->row, sizeof(int) * (size_t)p->rows);
    if (p->score)
        memcpy(s->score, p->score, sizeof(double) * (size_t)p->rows);
    return s->calls == s->stop_at || s->every;
}

static void progress_tells_of_each_step(void)
{
    sppo_train_config c = settings();
    sppo_optim_config schedule;
    double all = 0.0, loss;
    sppo_pref pref;
    seen s;
    int i;

    begin(SPPO_HEAD_NONE);
    memset(&s, 0, sizeof s);
    c.epochs = 2, c.progress = look, c.progress_user = &s;
    fresh(&other);
    CHECK_OK(&ctx, sppo_train_policy(&ctx, &other, &c, &prompts, &responses));
    for (i = 0; i < ROWS; i++)
        all += predicted(i);
    CHECK(s.calls == 8 && s.last.step == 8 && s.last.steps == 8);
    CHECK_NEAR(s.tokens, 2 * all, 0);  // every row once in each epoch
    CHECK(s.last.rows == 2 && !s.last.score && s.last.grad_norm > 0.0);
    CHECK(s.last.row != NULL && s.row[0] == in_turn(5, 11 + 9, ROWS) &&
          s.row[1] == in_turn(5, 11 + 10, ROWS));
    schedule = c.optim;
    schedule.total_steps = 8;
    CHECK_NEAR(s.last.learning_rate, sppo_learning_rate(&schedule, 7), 0);
    CHECK(s.loss / 8 > 1.0 && s.loss / 8 < 4.0);  // log 12 is 2.48

    begin(SPPO_HEAD_SCALAR);
    memset(&s, 0, sizeof s);
    c.steps = 1, c.epochs = 0;
    fresh(&other);
    CHECK_OK(&ctx, sppo_train_preference(&ctx, &other, &c, &prompts, &pairs,
                                         label));
    CHECK(s.calls == 1 && s.last.rows == 3 && s.last.tokens <= 0.0);
    CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &start, 1000, 2, 0));
    CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &prompts, &pairs, label, s.row,
                                  3, NULL, &loss, s.score + 3));
    for (i = 0; i < 3; i++)  // of the model before the step
        CHECK_NEAR(s.score[i], s.score[3 + i], 1e-5);
    CHECK_NEAR(s.last.loss, loss, 1e-5);
    sppo_pref_free(&ctx, &pref);
}

static sppo_result init(sppo_train *train, const sppo_train_config *c, int h)
{
    fresh(&other);
    return sppo_train_init(&ctx, train, c, &other, &prompts,
                           h ? &pairs : &responses, h ? label : NULL);
}

/* Stopped after every step, and called again. */
static void a_callback_stops_and_the_run_goes_on(void)
{
    int h, n;

    for (h = 0; h < 2; h++) {
        sppo_train_config c = settings();
        sppo_train train;
        seen s;
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        c.epochs = 2;
        by_hand(&c, h);
        memset(&s, 0, sizeof s);
        s.every = 1, c.progress = look, c.progress_user = &s;
        CHECK_OK(&ctx, init(&train, &c, h));
        for (n = 1; n <= train.steps; n++) {
            CHECK(sppo_train_run(&ctx, &train) == SPPO_E_STOPPED);
            CHECK(train.optim.step == n && s.calls == n);
            CHECK(strstr(ctx.message, "sppo_train_run: stopped after step"));
        }
        CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
        CHECK(s.calls == 8 && same(&copy, &other));
        sppo_train_free(&ctx, &train);
    }
}

static int countdown(void *user)
{
    return --*(int *)user == 0;
}

/* Stopped at every pass, in the middle of steps of several: a step that was
 * stopped leaves nothing behind.                                            */
static void a_stop_within_a_step_leaves_no_trace(void)
{
    int h, n, left, stopped = 1;

    for (h = 0; h < 2; h++) {
        sppo_train_config c = settings();
        sppo_train train;
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        c.steps = 3, c.pass_tokens = 1;
        CHECK_OK(&ctx, init(&train, &c, h));
        CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
        sppo_train_free(&ctx, &train);
        sppo_model_free(&ctx, &copy);
        CHECK_OK(&ctx, sppo_model_clone(&ctx, &copy, &other,
                                        other.config.head, 0));
        for (n = 1, stopped = 1; stopped; n++) {
            CHECK_OK(&ctx, init(&train, &c, h));
            left = n;
            ctx.stop = countdown, ctx.stop_user = &left;
            stopped = sppo_train_run(&ctx, &train) == SPPO_E_STOPPED;
            ctx.stop = NULL;
            if (stopped)
                CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
            CHECK(same(&copy, &other));
            sppo_train_free(&ctx, &train);
        }
        CHECK(n > 9);
    }
}

/* Half a run, its checkpoint, and another process. */
static void a_checkpoint_goes_on_to_the_same_bits(void)
{
    sppo_train_config c = settings();
    sppo_number own[] = { { "batch", 3, 1 } };
    sppo_train train;
    seen s;

    begin(SPPO_HEAD_NONE);
    memset(&s, 0, sizeof s);
    c.epochs = 2;
    by_hand(&c, 0);
    s.stop_at = 3, c.progress = look, c.progress_user = &s;
    CHECK_OK(&ctx, init(&train, &c, 0));
    CHECK(sppo_train_run(&ctx, &train) == SPPO_E_STOPPED);
    CHECK_OK(&ctx, sppo_folder_make(&ctx, "build"));
    CHECK_OK(&ctx, sppo_train_save(&ctx, train.model, &train.optim, own, 1,
                                   "build/test_train.safetensors"));
    sppo_train_free(&ctx, &train);
    CHECK_OK(&ctx, init(&train, &c, 0));
    CHECK_OK(&ctx, sppo_train_load(&ctx, train.model, &train.optim, own, 1,
                                   "build/test_train.safetensors"));
    CHECK(train.optim.step == 3);
    CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
    CHECK(same(&copy, &other));
    sppo_train_free(&ctx, &train);
    remove("build/test_train.safetensors");
}

/* Of the rows held out, and of all, by the losses that it is made of. */
static void the_loss_of_rows_is_their_mean(void)
{
    sppo_train_config c = settings();
    double loss, expected, score[4], want[4], sum = 0.0, tokens = 0.0;
    const int row[] = { 7, 8, 9, 10 };
    sppo_real *grad;
    sppo_train train;
    sppo_pref pref;
    int i;

    begin(SPPO_HEAD_NONE);
    c.held_out = 4;
    CHECK_OK(&ctx, init(&train, &c, 0));
    CHECK(train.learned == 7 && train.config.rows == ROWS);
    for (i = 0; i < 4; i++) {
        CHECK_OK(&ctx, sppo_train_loss(&ctx, &train, 7 + i, 1, NULL, &loss,
                                       NULL));
        sum += loss * predicted(7 + i);
        tokens += predicted(7 + i);
    }
    CHECK_OK(&ctx, sppo_train_loss(&ctx, &train, 7, 4, NULL, &loss, NULL));
    CHECK_NEAR(loss, sum / tokens, 1e-5);
    grad = (sppo_real *)calloc(other.count, sizeof *grad);
    CHECK_OK(&ctx, sppo_train_loss(&ctx, &train, 7, 4, grad, &expected, NULL));
    CHECK_NEAR(loss, expected, 1e-5);
    for (i = 0, sum = 0.0; i < (int)other.count; i++)
        sum += fabs((double)grad[i]);
    CHECK(sum > 0.1 && same(&start, &other));
    free(grad);
    CHECK(sppo_train_loss(&ctx, &train, 7, 5, NULL, &loss, NULL) ==
          SPPO_E_ARGUMENT && strstr(ctx.message, "5 rows from row 8 on; there "
                                                 "are 11"));
    CHECK(sppo_train_loss(&ctx, &train, -1, 2, NULL, &loss, NULL));
    CHECK(sppo_train_loss(&ctx, &train, 0, 0, NULL, &loss, NULL));
    sppo_train_free(&ctx, &train);

    begin(SPPO_HEAD_PAIR);
    CHECK_OK(&ctx, init(&train, &c, 1));
    CHECK_OK(&ctx, sppo_train_loss(&ctx, &train, 7, 4, NULL, &loss, score));
    CHECK_OK(&ctx, sppo_pref_init(&ctx, &pref, &start, 1000, 2, 0));
    CHECK_OK(&ctx, sppo_pref_loss(&ctx, &pref, &prompts, &pairs, label, row, 4,
                                  NULL, &expected, want));
    CHECK_NEAR(loss, expected, 0);
    CHECK(!memcmp(score, want, sizeof want));
    sppo_pref_free(&ctx, &pref);
    sppo_train_free(&ctx, &train);
}

/* Nothing to predict: a mean over no tokens is 0, not 0 / 0. */
static void the_loss_of_no_tokens_is_none(void)
{
    sppo_train_config c = settings();
    const int token[] = { 1 };
    sppo_train train;
    double loss = 1.0;

    begin(SPPO_HEAD_NONE);
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, token, 1));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &responses, token, 0));
    CHECK_OK(&ctx, init(&train, &c, 0));
    CHECK_OK(&ctx, sppo_train_loss(&ctx, &train, ROWS, 1, NULL, &loss, NULL));
    CHECK_NEAR(loss, 0, 0);
    sppo_train_free(&ctx, &train);
}

/* A step that the optimiser refuses leaves neither weights nor gradient behind:
 * made again, it has the same bits.                                         */
static void a_refused_step_can_be_made_again(void)
{
    sppo_train_config c = settings();
    sppo_train train;
    int h;

    for (h = 0; h < 2; h++) {
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        CHECK_OK(&ctx, init(&train, &c, h));
        train.optim.config.kind = SPPO_RMSPROP;
        CHECK(sppo_train_run(&ctx, &train) == SPPO_E_ARGUMENT);
        CHECK(strstr(ctx.message, "sppo_optim_step: kind is"));
        CHECK(train.optim.step == 0 && same(&start, &other));
        train.optim.config.kind = SPPO_ADAMW;
        CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
        sppo_train_free(&ctx, &train);
        fresh(&copy);
        by_hand(&c, h);
        CHECK(same(&copy, &other));
    }
}

static void steps_may_be_set_anew(void)
{
    sppo_train_config c = settings();
    sppo_train train;

    begin(SPPO_HEAD_NONE);
    c.steps = 5;
    by_hand(&c, 0);
    c.steps = 50;
    CHECK_OK(&ctx, init(&train, &c, 0));
    train.steps = train.optim.config.total_steps = 5;
    CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
    CHECK(train.optim.step == 5 && same(&copy, &other));
    sppo_train_free(&ctx, &train);
}

/* ---- what is refused ---- */

static void refused(const sppo_train_config *c, int h, const char *words)
{
    sppo_train train;
    size_t held;

    memset(&train, 0x5a, sizeof train);
    fresh(&other);
    held = ctx.held;
    CHECK(sppo_train_init(&ctx, &train, c, &other, &prompts,
                          h ? &pairs : &responses, h ? label : NULL)
          == SPPO_E_ARGUMENT);
    if (!CHECK(strstr(ctx.message, words) != NULL))
        printf("    said: %s\n", ctx.message);
    CHECK(ctx.held == held && train.steps == 0x5a5a5a5a);  // untouched
}

static void what_does_not_fit_is_refused_by_name(void)
{
    const sppo_train_config good = settings();
    static const int beyond[] = { 3, ROWS }, before[] = { -1 };
    sppo_train_config c;
    int token[CONTEXT + 1], h;

    for (h = 0; h < 2; h++) {
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        c = good, c.batch = -1;
        refused(&c, h, "sppo_train_init: batch is -1; it must be positive");
        c = good, c.epochs = -2;
        refused(&c, h, "sppo_train_init: epochs is -2; it must be positive");
        c = good, c.steps = -2;
        refused(&c, h, "steps is -2; it must be 0 or more");
        c = good, c.steps = 2, c.epochs = 3;
        refused(&c, h, "steps is 2 and epochs 3; a run has one of them");
        c = good, c.pass_tokens = -1;
        refused(&c, h, "pass_tokens is -1");
        c = good, c.held_out = ROWS;
        refused(&c, h, "held_out is 11 of 11 rows; none is left to learn");
        c = good, c.row = beyond;
        refused(&c, h, "rows is 0; it must be positive");
        c = good, c.row = beyond, c.rows = 2;
        refused(&c, h, "row 12 is not among the 11 prompts");
        c = good, c.row = before, c.rows = 1;
        refused(&c, h, "row 0 is not among the 11 prompts");
        c = good, c.rows = ROWS + 1;
        refused(&c, h, "row 12 is not among the 11 prompts");
        c = good, c.optim.lr = 0;
        refused(&c, h, "lr is 0; it must be positive");
        c = good, c.batch = 1, c.epochs = INT_MAX;
        refused(&c, h, "more than can be counted");
        sppo_lists_clear(h ? &pairs : &responses);
        refused(&good, h, h ? "11 prompts and 0 responses, 2 to a prompt"
                            : "11 prompts and 0 responses, 1 to a prompt");
    }
    begin(SPPO_HEAD_NONE);
    refused(&good, 1, "the model has no preference head");
    begin(SPPO_HEAD_PAIR);
    label[4] = 1.5;
    refused(&good, 1, "the label of row 5 of 11 is 1.5");
    label[4] = (double)NAN;
    refused(&good, 1, "the label of row 5 of 11");

    begin(SPPO_HEAD_NONE);
    prompts.token[prompts.start[4] + 1] = VOCAB;
    refused(&good, 0, "token 2 of prompt 5 is 12, outside the vocabulary of "
                      "12");
    begin(SPPO_HEAD_NONE);
    responses.token[responses.start[4]] = -1;
    refused(&good, 0, "token 1 of response 5 is -1");
    begin(SPPO_HEAD_NONE);
    for (h = 0; h <= CONTEXT; h++)
        token[h] = 3;
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, token, CONTEXT + 1));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &responses, token, 0));
    refused(&good, 0, "row 12 has 17 tokens, beyond the context of 16");
    c = good, c.rows = ROWS;  // but not where it is not asked for
    alike(&c, 0);
    sppo_lists_clear(&prompts);
    sppo_lists_clear(&responses);
    refused(&good, 0, "rows is 0");
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &prompts, token, 1));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &responses, token, 0));
    refused(&good, 0, "no token to predict");
    CHECK(sppo_train_preference(&ctx, &other, &good, &prompts, &responses,
                                NULL) == SPPO_E_ARGUMENT &&
          strstr(ctx.message, "sppo_train_preference: there are no labels"));
    CHECK(sppo_train_preference(&ctx, &other, &good, &prompts, NULL, label)
          == SPPO_E_ARGUMENT && strstr(ctx.message, "no responses"));
}

/* A text without responses; a response without a prompt is a text; rows of no
 * tokens teach nothing and harm nobody.                                     */
static void texts_need_no_responses(void)
{
    sppo_train_config c = settings();
    sppo_lists whole, none;
    int i, row[] = { 0, 1, 2, 3 };

    begin(SPPO_HEAD_NONE);
    memset(&whole, 0, sizeof whole);
    memset(&none, 0, sizeof none);
    c.epochs = 3, c.rows = 1;
    CHECK(sppo_train_policy(&ctx, &other, &c, &whole, NULL) ==
          SPPO_E_ARGUMENT &&
          strstr(ctx.message, "row 1 is not among the 0 prompts and 0 resp"));
    c.rows = 0;
    for (i = 0; i < 3; i++) {
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &whole,
                                      sppo_lists_tokens(&prompts, i),
                                      sppo_lists_length(&prompts, i)));
        CHECK_OK(&ctx, sppo_lists_add(&ctx, &none, row, 0));
    }
    fresh(&copy);
    fresh(&other);
    CHECK_OK(&ctx, sppo_train_policy(&ctx, &copy, &c, &whole, NULL));
    CHECK_OK(&ctx, sppo_train_policy(&ctx, &other, &c, &none, &whole));
    CHECK(same(&copy, &other) && !same(&start, &other));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &whole, row, 0));
    CHECK_OK(&ctx, sppo_lists_add(&ctx, &none, row, 0));
    c.batch = 1;  // the last row is a step
    CHECK_OK(&ctx, sppo_train_policy(&ctx, &other, &c, &none, &whole));
    sppo_lists_free(&ctx, &whole);
    sppo_lists_free(&ctx, &none);
}

/* Lists are borrowed, and a row that grew has no room: said, not looped on. */
static void a_row_that_grew_is_said(void)
{
    sppo_train_config c = settings();
    sppo_train train;
    double loss;

    begin(SPPO_HEAD_NONE);
    c.pass_tokens = 1;
    CHECK_OK(&ctx, init(&train, &c, 0));
    prompts.start[1] = prompts.start[4];
    CHECK(sppo_train_loss(&ctx, &train, 0, 1, NULL, &loss, NULL)
          == SPPO_E_ARGUMENT && strstr(ctx.message, "row 1 is longer"));
    sppo_train_free(&ctx, &train);
}

/* What the last step did is looked at, though no step follows. */
static void a_last_step_that_breaks_the_model_is_an_error(void)
{
    int h;

    for (h = 0; h < 2; h++) {
        sppo_train_config c = settings();
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        c.steps = 1, c.optim.lr = 1e308, c.optim.warmup = 0;
        fresh(&other);
        CHECK((h ? sppo_train_preference(&ctx, &other, &c, &prompts, &pairs,
                                         label)
                 : sppo_train_policy(&ctx, &other, &c, &prompts, &responses))
              == SPPO_E_NUMBER);
    }
}

/* ---- memory ---- */

static int refuse_at;

static void *refusing(void *user, size_t size)
{
    (void)user;
    return --refuse_at == 0 ? NULL : malloc(size);
}

static void releasing(void *user, void *block, size_t size)
{
    (void)user, (void)size;
    free(block);
}

static void every_allocation_may_fail(void)
{
    sppo_ctx own;
    int h, n;

    for (h = 0; h < 2; h++) {
        const sppo_train_config c = settings();
        sppo_result code = SPPO_E_MEMORY;
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        fresh(&other);
        memset(&own, 0, sizeof own);
        own.alloc = refusing, own.release = releasing;
        for (n = 1; code == SPPO_E_MEMORY && n < 100; n++) {
            refuse_at = n;
            code = h ? sppo_train_preference(&own, &other, &c, &prompts, &pairs,
                                             label)
                     : sppo_train_policy(&own, &other, &c, &prompts,
                                         &responses);
            CHECK(code == SPPO_OK || (own.message[0] && same(&start, &other)));
            CHECK(own.held == 0);
        }
        CHECK(code == SPPO_OK && n > 6);
    }
}

/* All is taken at the beginning: no step asks for more. */
static void a_run_takes_no_memory(void)
{
    int h;

    for (h = 0; h < 2; h++) {
        const sppo_train_config c = settings();
        sppo_train train;
        begin(h ? SPPO_HEAD_PAIR : SPPO_HEAD_NONE);
        CHECK_OK(&ctx, init(&train, &c, h));
        ctx.limit = ctx.held;
        CHECK_OK(&ctx, sppo_train_run(&ctx, &train));
        ctx.limit = 0;
        sppo_train_free(&ctx, &train);
        sppo_train_free(&ctx, &train);  // twice is harmless
    }
}

static const check_case cases[] = {
    CASE(a_run_is_the_loop_by_hand),
    CASE(rows_may_be_chosen),
    CASE(passes_add_up),
    CASE(progress_tells_of_each_step),
    CASE(a_callback_stops_and_the_run_goes_on),
    CASE(a_stop_within_a_step_leaves_no_trace),
    CASE(a_checkpoint_goes_on_to_the_same_bits),
    CASE(the_loss_of_rows_is_their_mean),
    CASE(the_loss_of_no_tokens_is_none),
    CASE(a_refused_step_can_be_made_again),
    CASE(steps_may_be_set_anew),
    CASE(what_does_not_fit_is_refused_by_name),
    CASE(texts_need_no_responses),
    CASE(a_row_that_grew_is_said),
    CASE(a_last_step_that_breaks_the_model_is_an_error),
    CASE(every_allocation_may_fail),
    CASE(a_run_takes_no_memory),
};

int main(int argc, char **argv)
{
    const int result = check_main(cases, COUNT(cases), argc, argv);

    sppo_model_free(&ctx, &start);
    sppo_model_free(&ctx, &copy);
    sppo_model_free(&ctx, &other);
    sppo_lists_free(&ctx, &prompts);
    sppo_lists_free(&ctx, &responses);
    sppo_lists_free(&ctx, &pairs);
    return result;
}
