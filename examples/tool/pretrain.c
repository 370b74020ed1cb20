/* pretrain.c - sppo pretrain: train a policy to predict text */

#include "align.h"
#include "corpus.h"
#include "signals.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The steps of the run: with --minutes as many as fit, counted once, so that
 * a run that goes on is the same.                                           */
static sppo_result pretrain_count(trainer *r)
{
    const double most = 1e8, known = r->own[STEPS].value;
    tool *t = r->t;
    double seconds;

    if (t->set.minutes > 0.0 && known >= 1.0 && known <= most) {
        t->set.steps = (int)known;
    } else if (t->set.minutes > 0.0) {
        TRY(trainer_time(r, &seconds));
        t->set.steps = (int)fmin(60.0 * t->set.minutes / seconds + 1.0, most);
        note(&t->console, "%.10g minutes are about %d steps; --steps %d "
             "repeats this run", t->set.minutes, t->set.steps, t->set.steps);
    }
    r->train.steps = r->train.optim.config.total_steps = t->set.steps;
    return SPPO_OK;
}

/* The names that TRL has for them; loss is in nats per token. */
static const char *const pretrain_metrics[] = {
    "step", "epoch", "loss", "bits_per_byte", "grad_norm", "learning_rate",
    "num_tokens"
};
enum { PRETRAIN_METRICS = sizeof pretrain_metrics / sizeof *pretrain_metrics };

static sppo_result pretrain_log(trainer *r, const sppo_train_progress *p)
{
    const corpus *c = (const corpus *)r->data;
    const int batch = r->t->set.batch;
    const double loss = p->loss * (batch * c->scored / c->train) / p->tokens;
    const double metric[PRETRAIN_METRICS] = {
        p->step, (double)p->step * batch / c->train, loss,
        loss * c->scored / c->bytes / log(2.0), p->grad_norm, p->learning_rate,
        r->own[TOKENS].value
    };

    return metrics_append(&r->metrics, metric);
}

/* A tokenizer.json does not say which of its added tokens are BOS and EOS. */
static sppo_result pretrain_tokenizer(tool *t, sppo_config *config)
{
    static const char *const bos[] = { "<|begin_of_text|>", "<|endoftext|>",
                                       "<s>", NULL };
    static const char *const eos[] = { "<|end_of_text|>", "<|endoftext|>",
                                       "</s>", NULL };
    codec *c = &t->tok;

    TRY(codec_load_file(&t->ctx, c, t->set.tokenizer));
    config->bos = c->bin.vocab ? SPPO_BOS : bpe_added_named(&c->json, bos);
    config->eos = c->bin.vocab ? SPPO_EOS : bpe_added_named(&c->json, eos);
    c->ids = *config;
    if (config->eos >= 0)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no added token "
                     "<|end_of_text|>, <|endoftext|> or </s> to end a text "
                     "with; add one", t->set.tokenizer);
}

/* What the header would say of fields that are no options. */
static sppo_result pretrain_shape(tool *t)
{
    const settings *s = &t->set;

    if (s->dim % s->heads || s->dim / s->heads % 2)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--dim %d is no multiple "
                         "of 2 x --heads %d; each head takes an even part of "
                         "it", s->dim, s->heads);
    if (s->heads % s->kv_heads)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--heads %d is no multiple "
                         "of --kv-heads %d", s->heads, s->kv_heads);
    return SPPO_OK;
}

/* The shape of a new model, or that of the one to go on from. */
static sppo_result pretrain_model(tool *t)
{
    settings *s = &t->set;
    sppo_config config;

    if (s->from)
        return load_model(t, s->from, 0, &t->policy, &t->tok);
    memset(&config, 0, sizeof config);
    TRY(pretrain_tokenizer(t, &config));
    s->kv_heads = s->kv_heads ? s->kv_heads : s->heads;
    s->hidden = s->hidden ? s->hidden : (s->dim * 8 / 3 + 3) / 4 * 4;
    config.vocab = codec_vocab(&t->tok);
    config.dim = s->dim;
    config.layers = s->layers;
    config.heads = s->heads;
    config.kv_heads = s->kv_heads;
    config.hidden = s->hidden;
    config.context = s->context;
    config.untied = s->untied;
    config.rope_theta = s->rope_theta;
    TRY(pretrain_shape(t));
    return sppo_model_init(&t->ctx, &t->policy, &config, (uint64_t)s->seed);
}

/* The sequences held out, unless a signal was caught. */
static sppo_result pretrain_held_out(trainer *trained, const corpus *c,
                                     report *r)
{
    double loss;

    if (c->train == c->root.count || caught)
        return SPPO_OK;
    TRY(sppo_train_loss(&trained->t->ctx, &trained->train, c->train,
                        c->root.count - c->train, NULL, &loss, NULL));
    if (c->held_scored > 0.0)
        report_real(r, "held out loss", loss, 4, "nats per token");
    if (c->held_bytes > 0.0)
        report_real(r, "held out bits per byte",
                    loss * c->held_scored / log(2.0) / c->held_bytes, 4, "");
    report_real(r, "held out bytes", c->held_bytes, 0, "");
    report_real(r, "held out tokens", c->held_scored, 0, "");
    return SPPO_OK;
}

static sppo_result pretrain_report(trainer *trained, const corpus *c)
{
    tool *t = trained->t;
    sppo_result result;
    report r;

    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "parameters", (double)t->policy.count, 0, "");
    report_real(&r, "steps", trained->train.optim.step, 0, "");
    if (trained->train.optim.step > 0)
        report_real(&r, "train loss", trainer_loss(trained), 4,
                    "nats per token, late steps");
    result = pretrain_held_out(trained, c, &r);
    if (result == SPPO_OK)
        return report_end(&r);
    buffer_free(&r.out);
    return result;
}

/* What --dry-run prints. */
static sppo_result pretrain_estimate(trainer *r)
{
    tool *t = r->t;
    double seconds;

    TRY(trainer_time(r, &seconds));
    return dry_report(t, &t->policy, t->ctx.peak,
                      seconds * (t->set.steps + r->after) / 60.0, "minutes");
}

/* What the run is made of, so that --resume knows it again. */
static void pretrain_inputs(tool *t, const corpus *c)
{
    if (t->set.from)
        run_input_add(&t->folder, "from", "model",
                      digest_model(&t->policy, &t->tok));
    else
        run_input_add(&t->folder, "tokenizer", "tokenizer",
                      digest_codec(0, &t->tok));
    run_input_add(&t->folder, t->set.text ? "text" : "jsonl", "data",
                  digest_lists(digest_lists(0, &c->root), &c->child));
}

static sppo_result pretrain_on(trainer *r, const corpus *c)
{
    tool *t = r->t;
    sppo_train_config config = trainer_config(r, c, pretrain_log);

    pretrain_inputs(t, c);
    config.steps = t->set.steps;
    config.held_out = c->root.count - c->train;
    r->after = config.held_out / 3.0 / t->set.batch;  // forward only
    TRY(sppo_train_init(&t->ctx, &r->train, &config, &t->policy, &c->root,
                        &c->child, NULL));
    batch_note(t, c->train, "sequences to learn", "takes some more than once");
    if (!t->set.dry_run)
        TRY(trainer_open(r, pretrain_metrics, PRETRAIN_METRICS));
    TRY(pretrain_count(r));
    if (t->set.dry_run)
        return pretrain_estimate(r);
    note(&t->console, "%d sequences to learn, %d held out; %.0f parameters",
         c->train, c->root.count - c->train, (double)t->policy.count);
    TRY(trainer_begin(r, t->set.steps));
    TRY(trainer_run(r));
    return trainer_end(r, pretrain_report(r, c));
}

sppo_result run_pretrain(tool *t)
{
    corpus c;
    trainer r;
    sppo_result result;
    int going_on;

    memset(&c, 0, sizeof c);
    TRY(trainer_init(&r, t, &t->policy, &going_on));
    if (!going_on)
        return SPPO_OK;
    TRY(pretrain_model(t));
    if (!t->set.quiet && !t->set.dry_run)
        options_print(&t->parse, stderr);
    catch_signals(&t->ctx, t->set.quiet);
    result = corpus_load(t, &c);
    if (result == SPPO_OK)
        result = pretrain_on(&r, &c);
    trainer_free(&r);
    corpus_free(t, &c);
    return result;
}
