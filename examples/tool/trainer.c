/* trainer.c - a run of pretrain or prefer: steps, checkpoints, logs */

#include "trainer.h"
#include "files.h"
#include "signals.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Tokens of a step: that a policy predicted, or of the responses compared. */
static double trainer_tokens(const trainer *r, const sppo_train_progress *p)
{
    double tokens = p->tokens;
    int i;

    for (i = 0; p->score && i < p->rows; i++)
        tokens += sppo_lists_length(r->train.responses, 2 * p->row[i]) +
                  sppo_lists_length(r->train.responses, 2 * p->row[i] + 1);
    return tokens;
}

/* After a step.  The run stops for a checkpoint, or for good, and goes on where
 * it stopped.                                                               */
static int trainer_progress(void *user, const sppo_train_progress *p)
{
    trainer *r = (trainer *)user;
    tool *t = r->t;

    r->own[LOSS].value = 0.98 * r->own[LOSS].value + 0.02 * p->loss;
    r->own[WEIGHT].value = 0.98 * r->own[WEIGHT].value + 0.02;
    r->own[TOKENS].value += p->tokens;
    r->tokens += trainer_tokens(r, p);
    r->failed = metrics_due(p->step, t->set.log_every, p->step == p->steps)
              ? r->log(r, p) : SPPO_OK;
    if (r->failed)  // the run will say that it was stopped
        snprintf(r->why, sizeof r->why, "%s", t->ctx.message);
    t->console.later = r->after * progress_pace(&t->console, p->step);
    progress_show(&t->console, p->step, r->tokens,
                  "  loss %.4f  lr %.2e  gradient %.3f", trainer_loss(r),
                  p->learning_rate, p->grad_norm);
    return caught || r->failed ||
           run_save_is_due(&t->folder, t->set.save_seconds);
}

sppo_train_config trainer_config(trainer *r, const void *data,
                                 sppo_result (*log)(
                                     trainer *r,
                                     const sppo_train_progress *p))
{
    const settings *s = &r->t->set;
    sppo_train_config config;

    memset(&config, 0, sizeof config);
    config.batch = s->batch;
    config.pass_tokens = s->pass_tokens;
    config.keep_order = s->keep_order;
    config.seed = (uint64_t)s->seed;
    config.optim = optim_settings(s, 0);
    config.progress = trainer_progress;
    config.progress_user = r;
    r->data = data;
    r->log = log;
    return config;
}

void trainer_free(trainer *r)
{
    sppo_train_free(&r->t->ctx, &r->train);
    metrics_close(&r->metrics);
}

/* What is in OUT: settings.json is there, and the checkpoint, or none but the
 * model when the run has come to its end.  For a run writes a checkpoint before
 * settings.json, and removes it last.                                       */
static sppo_result trainer_find(tool *t, run_state *state)
{
    static const char *const names[] = { "settings.json", "run.safetensors",
                                         "model.safetensors" };
    char path[PATH_ROOM];
    int i, there[3];

    for (i = 0; i < 3; i++) {
        path_join(path, t->set.out, names[i]);
        TRY(path_look(&t->ctx, path, &there[i]));
    }
    *state = there[0] && there[1] ? RUN_UNFINISHED
           : there[0] && there[2] ? RUN_FINISHED : RUN_NONE;
    return SPPO_OK;
}

/* A model that is written over on the way cannot be gone on from again. */
static sppo_result trainer_check_source(tool *t)
{
    const settings *s = &t->set;
    const char *source = s->from ? s->from : s->policy;

    if (!source || !is_same_place(source, s->out))
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--out is the folder of --%s, "
                     "%s, which the run needs until its end; choose another "
                     "name", s->from ? "from" : "policy", source);
}

sppo_result trainer_init(trainer *r, tool *t, sppo_model *model, int *going_on)
{
    static const char *const names[] = { "steps", "loss_sum", "loss_weight",
                                         "tokens" };
    const settings *s = &t->set;
    const int replace = s->force || s->resume || s->dry_run;
    int i;

    memset(r, 0, sizeof *r);
    r->t = t;
    r->model = model;
    for (i = 0; i < TRAINER_NUMBERS; i++)
        r->own[i].name = names[i];
    TRY(trainer_find(t, &r->found));
    TRY(r->found == RUN_UNFINISHED ? run_is_free(&t->ctx, s->out, replace)
                                   : output_is_free(&t->ctx, s->out, replace));
    TRY(trainer_check_source(t));
    r->found = s->resume && !s->dry_run ? r->found : RUN_NONE;
    *going_on = r->found != RUN_FINISHED;
    if (!*going_on)
        note(&t->console, "the run is at its end: %s holds its model", s->out);
    return SPPO_OK;
}

static sppo_result trainer_save(trainer *r)
{
    tool *t = r->t;
    const double begun = seconds_now();

    TRY(metrics_sync(&r->metrics));
    TRY(sppo_train_save(&t->ctx, r->model, &r->train.optim, r->own,
                        TRAINER_NUMBERS, t->folder.checkpoint));
    run_saved(&t->folder, begun);
    return SPPO_OK;
}

sppo_result trainer_open(trainer *r, const char *const *names, int count)
{
    tool *t = r->t;

    TRY(run_folder_open(&t->folder, &t->parse, &t->console, t->set.out, 1));
    metrics_open(&r->metrics, &t->ctx, t->set.out, names, count);
    if (r->found != RUN_UNFINISHED)
        return SPPO_OK;
    return sppo_train_load(&t->ctx, NULL, NULL, r->own, TRAINER_NUMBERS,
                           t->folder.checkpoint);
}

sppo_result trainer_begin(trainer *r, int steps)
{
    tool *t = r->t;
    const int resumed = r->found == RUN_UNFINISHED;

    if (resumed) {
        TRY(run_inputs_check(&t->folder));
        TRY(sppo_train_load(&t->ctx, r->model, &r->train.optim, r->own,
                            TRAINER_NUMBERS, t->folder.checkpoint));
        note(&t->console, "going on after step %d of %d", r->train.optim.step,
             steps);
    } else {
        if (t->set.resume)
            note(&t->console, "there is no checkpoint: beginning anew");
        // of the run that --force forgets: gone before there is a checkpoint
        TRY(path_remove(&t->ctx, t->folder.settings));
        TRY(path_sync(&t->ctx, t->set.out, O_RDONLY));
        r->own[STEPS].value = steps;
        TRY(trainer_save(r));
    }
    TRY(run_settings_write(&t->folder, resumed, "step",
                           r->train.optim.step + 1));
    run_saved(&t->folder, seconds_now());
    progress_begin(&t->console, "step", r->train.optim.step, steps);
    return metrics_cut(&r->metrics, r->train.optim.step, 1);
}

double trainer_loss(const trainer *r)
{
    return r->own[LOSS].value / r->own[WEIGHT].value;
}

sppo_result trainer_time(trainer *r, double *seconds)
{
    sppo_train *train = &r->train;
    const int batch = train->config.batch;
    const int rows = batch < train->learned ? batch : train->learned;
    double begun = 0.0, loss;
    int i;

    for (i = 0; i < 4; i++) {  // the first warms caches up
        if (i == 1)
            begun = seconds_now();
        TRY(sppo_train_loss(&r->t->ctx, train, 0, rows, train->grad, &loss,
                            NULL));
    }
    *seconds = (seconds_now() - begun) / 3.0 * batch / rows;
    memset(train->grad, 0, train->model->count * sizeof(sppo_real));
    return SPPO_OK;
}

sppo_result trainer_run(trainer *r)
{
    sppo_ctx *ctx = &r->t->ctx;
    sppo_result result;

    do {
        result = sppo_train_run(ctx, &r->train);
        if (r->failed)
            return sppo_fail(ctx, r->failed, "%s", r->why);
        if (result != SPPO_E_STOPPED)
            TRY(result);
        else if (!caught)
            TRY(trainer_save(r));
    } while (result == SPPO_E_STOPPED && !caught);
    progress_end(&r->t->console);
    TRY(trainer_save(r));
    return save_model(r->t, r->model, r->t->set.out);
}

sppo_result trainer_end(trainer *r, sppo_result result)
{
    if (result == SPPO_E_STOPPED || (result == SPPO_OK && caught))
        return run_stopped(&r->t->folder);
    TRY(result);
    TRY(output_check(&r->t->ctx));
    return path_remove(&r->t->ctx, r->t->folder.checkpoint);
}

void batch_note(tool *t, int count, const char *what, const char *effect)
{
    const int which = option_find(&t->parse, "batch", 5);

    if (t->parse.given[which] && t->set.batch > count)
        note(&t->console, "--batch %d is more than the %d %s: a step %s",
             t->set.batch, count, what, effect);
}

sppo_result dry_report(tool *t, const sppo_model *model, size_t bytes,
                       double minutes, const char *remark)
{
    report r;

    if (t->estimate) {
        t->estimate[0] = (double)bytes;
        t->estimate[1] = minutes;
        return SPPO_OK;
    }
    if (!t->set.json)
        options_print(&t->parse, stdout);
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "parameters", (double)model->count, 0, "");
    report_real(&r, "memory", (double)bytes / 1e6, 1, "MB");
    if (minutes >= 0.0)
        report_real(&r, "time", minutes, 1, remark);
    return report_end(&r);
}
