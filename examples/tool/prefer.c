/* prefer.c - sppo prefer: train a preference model */

#include "align.h"
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

/* The names that TRL has for them; of rows with label 1/2 none is right. */
static const char *const prefer_metrics[] = {
    "step", "epoch", "loss", "accuracy", "margin", "grad_norm",
    "learning_rate"
};
enum { PREFER_METRICS = sizeof prefer_metrics / sizeof *prefer_metrics };

static sppo_result prefer_log(trainer *r, const sppo_train_progress *p)
{
    const double *label = ((const preferences *)r->data)->label;
    double right = 0.0, margin = 0.0, clear = 0.0;
    double metric[PREFER_METRICS];
    int i;

    for (i = 0; i < p->rows; i++) {
        const double is = label[p->row[i]];
        if (label_is_tie(is))
            continue;
        right += agreement(p->score[i], is);
        margin += is > 0.5 ? p->score[i] : -p->score[i];
        clear += 1.0;
    }
    metric[0] = p->step;
    metric[1] = (double)p->step / (p->steps / r->t->set.epochs);
    metric[2] = p->loss;
    metric[3] = right / clear;
    metric[4] = margin / clear;
    metric[5] = p->grad_norm;
    metric[6] = p->learning_rate;
    return metrics_append(&r->metrics, metric);
}

/* The rows held out: by the model, by the coin and by the length alone. Where
 * the label is a tie there is no right side; accuracies leave it out.       */
static sppo_result prefer_held_out(trainer *trained, const preferences *p,
                                   double *score, report *r)
{
    double loss, right = 0.0, longer = 0.0;
    const double clear = p->held - p->tied;
    int i;

    TRY(sppo_train_loss(&trained->t->ctx, &trained->train, p->train, p->held,
                        NULL, &loss, score));
    for (i = 0; i < p->held; i++) {
        const int row = p->part[p->train + i];
        if (label_is_tie(p->label[row]))
            continue;
        right += agreement(score[i], p->label[row]);
        longer += agreement(p->longer[row], p->label[row]);
    }
    report_real(r, "held out tied", p->tied / p->held, 4, "label 1/2");
    if (clear > 0.0) {
        report_real(r, "accuracy", right / clear, 4, "without ties");
        report_real(r, "accuracy longer wins", longer / clear, 4, "");
    }
    report_real(r, "log loss", loss, 4, "");
    report_real(r, "log loss coin", log(2.0), 4, "");
    return SPPO_OK;
}

static sppo_result prefer_report(trainer *trained, const preferences *p)
{
    tool *t = trained->t;
    const size_t bytes = (size_t)p->held * sizeof(double);
    sppo_result result = SPPO_OK;
    double *score;
    report r;

    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "rows learned", p->train, 0, "");
    report_real(&r, "rows held out", p->held, 0, "no prompt in both");
    report_real(&r, "rows skipped", p->skipped, 0, "too long");
    report_real(&r, "rows of equal responses", p->same, 0,
                p->same ? "they teach nothing" : "");
    if (p->held && !caught) {
        score = (double *)sppo_alloc(&t->ctx, bytes, 1);
        result = score ? prefer_held_out(trained, p, score, &r) : t->ctx.code;
        sppo_release(&t->ctx, score, bytes);
    }
    if (result == SPPO_OK)
        return report_end(&r);
    buffer_free(&r.out);
    return result;
}

/* What --dry-run prints. */
static sppo_result prefer_estimate(trainer *r)
{
    tool *t = r->t;
    double seconds;

    TRY(trainer_time(r, &seconds));
    return dry_report(t, &t->preference, t->ctx.peak,
                      seconds / 60.0 * (r->train.steps + r->after), "minutes");
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

static sppo_result prefer_on(trainer *r, preferences *p)
{
    tool *t = r->t;
    sppo_train_config config = trainer_config(r, p, prefer_log);
    char effect[48];

    TRY(preferences_load(t, p));
    prefer_inputs(t, p);
    config.epochs = t->set.epochs;
    config.row = p->part;
    config.rows = p->train + p->held;
    config.held_out = p->held;
    r->after = p->held / 3.0 / t->set.batch;  // these go forward only
    TRY(sppo_train_init(&t->ctx, &r->train, &config, &t->preference,
                        &t->prompts, &t->responses, p->label));
    snprintf(effect, sizeof effect, "takes all %d", p->train);
    batch_note(t, p->train, "rows to learn", effect);
    if (t->set.dry_run)
        return prefer_estimate(r);
    TRY(trainer_open(r, prefer_metrics, PREFER_METRICS));
    note(&t->console, "%d rows to learn, %d held out, %.0f parameters",
         p->train, p->held, (double)t->preference.count);
    TRY(trainer_begin(r, r->train.steps));
    TRY(trainer_run(r));
    return trainer_end(r, prefer_report(r, p));
}

sppo_result run_prefer(tool *t)
{
    const settings *s = &t->set;
    preferences p;
    trainer r;
    sppo_result result;
    int going_on;

    memset(&p, 0, sizeof p);
    TRY(trainer_init(&r, t, &t->preference, &going_on));
    if (!going_on)
        return SPPO_OK;
    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    TRY(sppo_model_clone(&t->ctx, &t->preference, &t->policy,
                         (sppo_head)(s->head + 1), s->embed_dim));
    if (!s->quiet && !s->dry_run)
        options_print(&t->parse, stderr);
    catch_signals(&t->ctx, t->set.quiet);
    result = prefer_on(&r, &p);
    trainer_free(&r);
    preferences_free(t, &p);
    return result;
}
