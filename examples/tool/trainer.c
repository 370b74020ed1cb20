/* trainer.c - a run of pretrain or prefer: steps, checkpoints, logs */

#include "trainer.h"
#include "files.h"
#include "signals.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

sppo_result shuffle_begin(tool *t, shuffle *s, int count)
{
    memset(s, 0, sizeof *s);
    s->count = count;
    s->epoch = -1;
    s->keep = t->set.keep_order;
    s->key = sppo_random_fork((uint64_t)t->set.seed, 0x73687566);
    s->order = (int *)sppo_alloc(&t->ctx, (size_t)count, sizeof(int));
    return s->order ? SPPO_OK : t->ctx.code;
}

int shuffle_item(shuffle *s, int64_t position)
{
    const int epoch = (int)(position / s->count);
    const int at = (int)(position % s->count);

    if (s->keep)
        return at;
    if (epoch != s->epoch)
        sppo_random_order(sppo_random_fork(s->key, (uint64_t)epoch), s->order,
                          s->count);
    s->epoch = epoch;
    return s->order[at];
}

void shuffle_end(tool *t, shuffle *s)
{
    sppo_release(&t->ctx, s->order, sizeof(int) * (size_t)s->count);
}

sppo_result trainer_optimiser(trainer *r, int total_steps)
{
    sppo_ctx *ctx = &r->t->ctx;
    const sppo_optim_config config = optim_settings(&r->t->set, total_steps);

    r->grad = (sppo_real *)sppo_alloc(ctx, r->model->count, sizeof(sppo_real));
    if (!r->grad)
        return ctx->code;
    return sppo_optim_init(ctx, &r->optim, &config, r->model);
}

void trainer_free(trainer *r)
{
    sppo_ctx *ctx = &r->t->ctx;

    sppo_optim_free(ctx, &r->optim);
    sppo_release(ctx, r->grad, r->model->count * sizeof(sppo_real));
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
    TRY(sppo_train_save(&t->ctx, r->model, &r->optim, r->own, TRAINER_NUMBERS,
                        t->folder.checkpoint));
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
        TRY(sppo_train_load(&t->ctx, r->model, &r->optim, r->own,
                            TRAINER_NUMBERS, t->folder.checkpoint));
        note(&t->console, "going on after step %d of %d", r->optim.step,
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
    TRY(run_settings_write(&t->folder, resumed, "step", r->optim.step + 1));
    run_saved(&t->folder, seconds_now());
    progress_begin(&t->console, r->optim.step);
    return metrics_cut(&r->metrics, r->optim.step, 1);
}

sppo_result trainer_step(trainer *r, double loss)
{
    tool *t = r->t;

    TRY(sppo_optim_step(&t->ctx, &r->optim, r->model, r->grad));
    r->own[LOSS].value = 0.98 * r->own[LOSS].value + 0.02 * loss;
    r->own[WEIGHT].value = 0.98 * r->own[WEIGHT].value + 0.02;
    return SPPO_OK;
}

double trainer_loss(const trainer *r)
{
    return r->own[LOSS].value / r->own[WEIGHT].value;
}

sppo_result trainer_log(trainer *r, const double *metric)
{
    tool *t = r->t;

    TRY(metrics_append(&r->metrics, metric));
    progress_show(&t->console, "step", r->optim.step, r->own[STEPS].value,
                  ", loss %.4f, lr %.2e, gradient %.3f", trainer_loss(r),
                  r->optim.lr, r->optim.grad_norm);
    if (run_save_is_due(&t->folder, t->set.save_seconds))
        TRY(trainer_save(r));
    return SPPO_OK;
}

sppo_result trainer_save_model(trainer *r)
{
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

    if (!t->set.json)
        options_print(&t->parse, stdout);
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "parameters", (double)model->count, 0, "");
    report_real(&r, "memory", (double)bytes / 1e6, 1, "MB");
    if (minutes >= 0.0)
        report_real(&r, "time", minutes, 1, remark);
    return report_end(&r);
}
