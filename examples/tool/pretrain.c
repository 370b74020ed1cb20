/* pretrain.c - sppo pretrain: train a policy to predict text */

#include "align.h"
#include "corpus.h"
#include "signals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The seconds that a step takes, by three that change nothing. */
static sppo_result pretrain_time(trainer *r, corpus *c, shuffle *s,
                                 double *seconds)
{
    tool *t = r->t;
    double begun = 0.0;
    text_loss sum;
    int i;

    for (i = 0; i < 4; i++) {  // the first warms caches up
        if (i == 1)
            begun = seconds_now();
        TRY(corpus_loss(t, c, s, 0, t->set.batch, 1.0, r->grad, &sum));
    }
    *seconds = (seconds_now() - begun) / 3.0;
    memset(r->grad, 0, t->policy.count * sizeof(sppo_real));
    return SPPO_OK;
}

/* The steps of the run: with --minutes as many as fit, counted once, so that
 * a run that goes on is the same.                                           */
static sppo_result pretrain_count(trainer *r, corpus *c, shuffle *s)
{
    const double most = 1e8, known = r->own[STEPS].value;
    tool *t = r->t;
    double seconds;

    if (t->set.minutes > 0.0 && known >= 1.0 && known <= most) {
        t->set.steps = (int)known;
    } else if (t->set.minutes > 0.0) {
        TRY(pretrain_time(r, c, s, &seconds));
        t->set.steps = (int)fmin(60.0 * t->set.minutes / seconds + 1.0, most);
        note(&t->console, "%.10g minutes are about %d steps; --steps %d "
             "repeats this run", t->set.minutes, t->set.steps, t->set.steps);
    }
    r->optim.config.total_steps = t->set.steps;
    return SPPO_OK;
}

/* The names that TRL has for them; loss is in nats per token. */
static const char *const pretrain_metrics[] = {
    "step", "epoch", "loss", "bits_per_byte", "grad_norm", "learning_rate",
    "num_tokens"
};
enum { PRETRAIN_METRICS = sizeof pretrain_metrics / sizeof *pretrain_metrics };

static sppo_result pretrain_log(trainer *r, const corpus *c, double loss)
{
    const sppo_optim *optim = &r->optim;
    const double metric[PRETRAIN_METRICS] = {
        optim->step, (double)optim->step * r->t->set.batch / c->train, loss,
        loss * c->scored / c->bytes / log(2.0), optim->grad_norm, optim->lr,
        r->own[TOKENS].value
    };

    return trainer_log(r, metric);
}

/* All steps that are left, or those before a signal. */
static sppo_result pretrain_steps(trainer *r, corpus *c, shuffle *s)
{
    tool *t = r->t;
    const int batch = t->set.batch;
    const double divisor = batch * c->scored / c->train;
    text_loss sum;
    sppo_result result;

    while (r->optim.step < t->set.steps && !caught) {
        const int64_t at = (int64_t)r->optim.step * batch;
        result = corpus_loss(t, c, s, at, at + batch, divisor, r->grad, &sum);
        if (result == SPPO_E_STOPPED)
            break;  // in the middle of a step, which does not count
        TRY(result);
        TRY(trainer_step(r, sum.loss));
        r->own[TOKENS].value += sum.tokens;
        TRY(pretrain_log(r, c, sum.loss * divisor / sum.tokens));
    }
    // what the last step did, no other would see
    result = caught ? SPPO_OK
                    : corpus_loss(t, c, NULL, 0, 1, 1.0, NULL, &sum);
    if (result != SPPO_E_STOPPED)
        TRY(result);
    return trainer_save_model(r);
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
static sppo_result pretrain_held_out(tool *t, corpus *c, report *r)
{
    text_loss held;

    if (c->train == c->root.count || caught)
        return SPPO_OK;
    TRY(corpus_loss(t, c, NULL, c->train, c->root.count, 1.0, NULL, &held));
    if (held.tokens > 0.0)
        report_real(r, "held out loss", held.loss / held.tokens, 4,
                    "nats per token");
    if (c->held_bytes > 0.0)
        report_real(r, "held out bits per byte",
                    held.loss / log(2.0) / c->held_bytes, 4, "");
    report_real(r, "held out bytes", c->held_bytes, 0, "");
    report_real(r, "held out tokens", held.tokens, 0, "");
    return SPPO_OK;
}

static sppo_result pretrain_report(trainer *trained, corpus *c)
{
    tool *t = trained->t;
    sppo_result result;
    report r;

    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "parameters", (double)t->policy.count, 0, "");
    report_real(&r, "steps", trained->optim.step, 0, "");
    if (trained->optim.step > 0)
        report_real(&r, "train loss", trainer_loss(trained), 4,
                    "nats per token, late steps");
    result = pretrain_held_out(t, c, &r);
    if (result == SPPO_OK)
        return report_end(&r);
    buffer_free(&r.out);
    return result;
}

/* What --dry-run prints; the sequences held out go forward only. */
static sppo_result pretrain_estimate(trainer *r, corpus *c, shuffle *s)
{
    tool *t = r->t;
    const double held = (c->root.count - c->train) / 3.0 / t->set.batch;
    double seconds;

    TRY(pretrain_time(r, c, s, &seconds));
    return dry_report(t, &t->policy, t->ctx.peak,
                      seconds * (t->set.steps + held) / 60.0, "minutes");
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

static sppo_result pretrain_on(trainer *r, corpus *c, shuffle *s)
{
    tool *t = r->t;
    const int room = t->set.pass_tokens > c->longest ? t->set.pass_tokens
                                                     : c->longest;

    pretrain_inputs(t, c);
    TRY(shuffle_begin(t, s, c->train));
    TRY(sppo_forest_init(&t->ctx, &c->forest, room, room));
    TRY(sppo_activations_init(&t->ctx, &c->acts, &t->policy, room, room,
                              c->longest, SPPO_STEP));
    TRY(trainer_optimiser(r, t->set.steps));
    batch_note(t, c->train, "sequences to learn", "takes some more than once");
    if (!t->set.dry_run)
        TRY(trainer_open(r, pretrain_metrics, PRETRAIN_METRICS));
    TRY(pretrain_count(r, c, s));
    if (t->set.dry_run)
        return pretrain_estimate(r, c, s);
    note(&t->console, "%d sequences to learn, %d held out; %.0f parameters",
         c->train, c->root.count - c->train, (double)t->policy.count);
    TRY(trainer_begin(r, t->set.steps));
    TRY(pretrain_steps(r, c, s));
    return trainer_end(r, pretrain_report(r, c));
}

sppo_result run_pretrain(tool *t)
{
    corpus c;
    shuffle s;
    trainer r;
    sppo_result result;
    int going_on;

    memset(&c, 0, sizeof c);
    memset(&s, 0, sizeof s);
    TRY(trainer_init(&r, t, &t->policy, &going_on));
    if (!going_on)
        return SPPO_OK;
    TRY(pretrain_model(t));
    if (!t->set.quiet && !t->set.dry_run)
        options_print(&t->parse, stderr);
    catch_signals(&t->ctx, t->set.quiet);
    result = corpus_load(t, &c);
    if (result == SPPO_OK)
        result = pretrain_on(&r, &c, &s);
    shuffle_end(t, &s);
    corpus_free(t, &c);
    trainer_free(&r);
    return result;
}
