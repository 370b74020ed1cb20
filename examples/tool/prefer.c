/* prefer.c - sppo prefer: train a preference model */

#include "align.h"
#include "judging.h"
#include "preferences.h"
#include "signals.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Right 1, wrong 0, undecided 1/2. */
static double agreement(double score, double label)
{
    return score == 0.0 ? 0.5
         : (score > 0.0) == sppo_beats(label, 0.5) ? 1.0 : 0.0;
}

/* The rows of one step, and the log-odds of their first responses. */
typedef struct row_batch {
    int *row, count;
    double *score;
    size_t bytes;
} row_batch;

static sppo_result row_batch_open(tool *t, row_batch *b)
{
    const size_t most = (size_t)t->set.batch;

    b->bytes = most * (sizeof(double) + sizeof(int));
    b->score = (double *)sppo_alloc(&t->ctx, b->bytes, 1);
    b->row = (int *)(b->score + most);
    return b->score ? SPPO_OK : t->ctx.code;
}

static int prefer_per_epoch(const tool *t, const preferences *p)
{
    return (p->train - 1) / t->set.batch + 1;
}

/* A batch of the epoch's order, or what is left of it. */
static void prefer_batch(const tool *t, const preferences *p, shuffle *s,
                         int step, row_batch *b)
{
    const int per_epoch = prefer_per_epoch(t, p), batch = t->set.batch;
    const int from = step % per_epoch * batch;
    const int64_t at = (int64_t)(step / per_epoch) * p->train + from;
    int i;

    b->count = p->train - from < batch ? p->train - from : batch;
    for (i = 0; i < b->count; i++)
        b->row[i] = p->part[shuffle_item(s, at + i)];
}

static sppo_result prefer_loss(tool *t, const preferences *p, row_batch *b,
                               sppo_real *grad, double *loss)
{
    return sppo_pref_loss(&t->ctx, &t->by.pref, &t->prompts, &t->responses,
                          p->label, b->row, b->count, grad, loss, b->score);
}

/* The names that TRL has for them; of rows with label 1/2 none is right. */
static const char *const prefer_metrics[] = {
    "step", "epoch", "loss", "accuracy", "margin", "grad_norm",
    "learning_rate"
};
enum { PREFER_METRICS = sizeof prefer_metrics / sizeof *prefer_metrics };

static sppo_result prefer_log(trainer *r, const preferences *p,
                              const row_batch *b, double loss)
{
    const sppo_optim *optim = &r->optim;
    double right = 0.0, margin = 0.0, clear = 0.0;
    double metric[PREFER_METRICS];
    int i;

    for (i = 0; i < b->count; i++) {
        const double label = p->label[b->row[i]];
        if (label_is_tie(label))
            continue;
        right += agreement(b->score[i], label);
        margin += label > 0.5 ? b->score[i] : -b->score[i];
        clear += 1.0;
    }
    metric[0] = optim->step;
    metric[1] = (double)optim->step / prefer_per_epoch(r->t, p);
    metric[2] = loss;
    metric[3] = right / clear;
    metric[4] = margin / clear;
    metric[5] = optim->grad_norm;
    metric[6] = optim->lr;
    return trainer_log(r, metric);
}

/* All steps that are left, or those before a signal. */
static sppo_result prefer_steps(trainer *r, const preferences *p, shuffle *s,
                                row_batch *b)
{
    tool *t = r->t;
    double loss = 0.0;
    sppo_result result;

    while (r->optim.step < r->optim.config.total_steps && !caught) {
        prefer_batch(t, p, s, r->optim.step, b);
        result = prefer_loss(t, p, b, r->grad, &loss);
        if (result == SPPO_E_STOPPED)
            break;  // in the middle of a step, which does not count
        TRY(result);
        TRY(trainer_step(r, loss));
        TRY(prefer_log(r, p, b, loss));
    }
    prefer_batch(t, p, s, 0, b);  // what the last step did, no other would see
    result = caught ? SPPO_OK : prefer_loss(t, p, b, NULL, &loss);
    if (result != SPPO_E_STOPPED)
        TRY(result);
    return trainer_save_model(r);
}

/* The rows held out: by the model, by the coin and by the length alone. Where
 * the label is a tie there is no right side; accuracies leave it out.       */
static sppo_result prefer_report(tool *t, const preferences *p, row_batch *b)
{
    report r;
    double loss = 0.0, right = 0.0, longer = 0.0, part = 0.0, clear;
    int at, i;

    for (at = 0; at < p->held && !caught; at += b->count) {
        b->count = p->held - at < t->set.batch ? p->held - at : t->set.batch;
        memcpy(b->row, p->part + p->train + at,
               sizeof(int) * (size_t)b->count);
        TRY(prefer_loss(t, p, b, NULL, &part));
        loss += part * b->count;
        for (i = 0; i < b->count; i++) {
            const int row = b->row[i];
            if (label_is_tie(p->label[row]))
                continue;
            right += agreement(b->score[i], p->label[row]);
            longer += agreement(p->longer[row], p->label[row]);
        }
    }
    clear = p->held - p->tied;
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "rows learned", p->train, 0, "");
    report_real(&r, "rows held out", p->held, 0, "no prompt in both");
    report_real(&r, "rows skipped", p->skipped, 0, "too long");
    report_real(&r, "rows of equal responses", p->same, 0,
                p->same ? "they teach nothing" : "");
    if (p->held && !caught) {
        report_real(&r, "held out tied", p->tied / p->held, 4, "label 1/2");
        if (clear > 0.0) {
            report_real(&r, "accuracy", right / clear, 4, "without ties");
            report_real(&r, "accuracy longer wins", longer / clear, 4, "");
        }
        report_real(&r, "log loss", loss / p->held, 4, "");
        report_real(&r, "log loss coin", log(2.0), 4, "");
    }
    return report_end(&r);
}

/* Room for the longest row, and for as many as --pass-tokens allows. */
static sppo_result prefer_open(trainer *r, const preferences *p)
{
    tool *t = r->t;
    const double steps = (double)prefer_per_epoch(t, p) * t->set.epochs;
    int i, a, b, tokens, need = t->set.pass_tokens;

    if (steps > 2147483647.0)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--epochs %d are %.0f "
                         "steps; that is more than can be counted",
                         t->set.epochs, steps);
    for (i = 0; i < p->train + p->held; i++) {
        const int row = p->part[i];
        a = sppo_lists_length(&t->responses, 2 * row);
        b = sppo_lists_length(&t->responses, 2 * row + 1);
        tokens = pref_pass(&t->preference,
                           sppo_lists_length(&t->prompts, row), 2,
                           a > b ? a : b);
        need = tokens > need ? tokens : need;
    }
    TRY(sppo_pref_init(&t->ctx, &t->by.pref, &t->preference, need, 2, 1));
    return trainer_optimiser(r, (int)steps);
}

/* What --dry-run prints, by three steps that change nothing; the rows held out
 * go forward only.                                                          */
static sppo_result prefer_estimate(trainer *r, const preferences *p,
                                   shuffle *s, row_batch *b)
{
    tool *t = r->t;
    const double held = p->held / 3.0 / t->set.batch;
    double loss, begun = 0.0;
    int i;

    prefer_batch(t, p, s, 0, b);
    for (i = 0; i < 4; i++) {  // the first warms caches up
        if (i == 1)
            begun = seconds_now();
        TRY(prefer_loss(t, p, b, r->grad, &loss));
    }
    return dry_report(t, &t->preference, t->ctx.peak,
                      (seconds_now() - begun) / 3.0 / 60.0 *
                      (r->optim.config.total_steps + held), "minutes");
}

/* What the run is made of, so that --resume knows it again. */
static void prefer_inputs(tool *t, const preferences *p)
{
    uint64_t digest = digest_lists(0, &t->prompts);

    digest = digest_lists(digest, &t->responses);
    run_input_add(&t->folder, "policy", "model",
                  digest_model(&t->policy, &t->tok));
    run_input_add(&t->folder, "preferences", "data",
                  sppo_digest(digest, p->label, (size_t)t->prompts.count *
                              sizeof *p->label));
}

static sppo_result prefer_on(trainer *r, preferences *p, shuffle *s,
                             row_batch *b)
{
    tool *t = r->t;
    char effect[48];

    TRY(preferences_load(t, p));
    prefer_inputs(t, p);
    TRY(shuffle_begin(t, s, p->train));
    TRY(prefer_open(r, p));
    TRY(row_batch_open(t, b));
    snprintf(effect, sizeof effect, "takes all %d", p->train);
    batch_note(t, p->train, "rows to learn", effect);
    if (t->set.dry_run)
        return prefer_estimate(r, p, s, b);
    TRY(trainer_open(r, prefer_metrics, PREFER_METRICS));
    note(&t->console, "%d rows to learn, %d held out, %.0f parameters",
         p->train, p->held, (double)t->preference.count);
    TRY(trainer_begin(r, r->optim.config.total_steps));
    TRY(prefer_steps(r, p, s, b));
    return trainer_end(r, prefer_report(t, p, b));
}

sppo_result run_prefer(tool *t)
{
    const settings *s = &t->set;
    preferences p;
    shuffle order;
    row_batch b;
    trainer r;
    sppo_result result;
    int going_on;

    memset(&p, 0, sizeof p);
    memset(&order, 0, sizeof order);
    memset(&b, 0, sizeof b);
    TRY(trainer_init(&r, t, &t->preference, &going_on));
    if (!going_on)
        return SPPO_OK;
    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    TRY(sppo_model_clone(&t->ctx, &t->preference, &t->policy,
                         (sppo_head)(s->head + 1), s->embed_dim));
    if (!s->quiet && !s->dry_run)
        options_print(&t->parse, stderr);
    catch_signals(&t->ctx, t->set.quiet);
    result = prefer_on(&r, &p, &order, &b);
    sppo_release(&t->ctx, b.score, b.bytes);
    shuffle_end(t, &order);
    preferences_free(t, &p);
    trainer_free(&r);
    return result;
}
