/* align_keep.c - when a run of Algorithm 1 ends, and which policy it keeps */

#include "align.h"
#include "average.h"
#include "files.h"

#include <stdio.h>
#include <string.h>

/* As --keep counts them. */
enum { KEEP_LAST, KEEP_BEST, KEEP_AVERAGE };

sppo_result align_keep_check(const tool *t, sppo_ctx *ctx)
{
    if (t->set.keep != KEEP_BEST || t->set.validation)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "--keep best has no effect without "
                     "--validation, which says what is best");
}

sppo_result align_stop(run *r)
{
    tool *t = r->t;
    validations v;

    r->ended[0] = 0;
    if (r->play.phase != SPPO_PHASE_SAMPLE || r->play.iteration == 0)
        return SPPO_OK;
    if (t->set.stop_kl <= 0.0 && !t->set.stop_watch)
        return SPPO_OK;
    TRY(validations_read(&t->ctx, t->set.out, &v));
    validations_stop(&v, t->set.stop_kl, t->set.stop_watch, r->ended,
                     sizeof r->ended);
    validations_free(&t->ctx, &v);
    return SPPO_OK;
}

/* The policy of that iteration. */
static sppo_result keep_iteration(run *r, int iteration, const char *folder)
{
    tool *t = r->t;
    char name[32], path[PATH_ROOM];
    sppo_model model;
    codec tok;
    sppo_result result;

    if (iteration == r->play.iteration)
        return save_model(t, &t->policy, folder);
    memset(&model, 0, sizeof model);
    memset(&tok, 0, sizeof tok);
    snprintf(name, sizeof name, "iter%d", iteration);
    path_join(path, t->set.out, name);
    result = load_model(t, path, 0, &model, &tok);
    if (result == SPPO_OK)
        result = save_model(t, &model, folder);
    sppo_model_free(&t->ctx, &model);
    codec_free(&t->ctx, &tok);
    return result;
}

static sppo_result keep_best(run *r, const char *folder)
{
    tool *t = r->t;
    validations v;
    sppo_result result;
    int best;

    TRY(validations_read(&t->ctx, t->set.out, &v));
    best = validations_best(&v);
    if (best < 0) {
        result = sppo_fail(&t->ctx, SPPO_E_FORMAT, "%.300s has no line, so "
                           "which policy is best is not known",
                           r->validation);
    } else {
        printf("iteration %d  has the highest win rate%s, %.4f: its policy is "
               "kept\n", v.of[best].iteration, t->set.watch
               ? " by --watch" : "", validation_rate(&v.of[best]));
        result = keep_iteration(r, v.of[best].iteration, folder);
    }
    validations_free(&t->ctx, &v);
    return result;
}

/* The list of all, in the place of a model. */
static sppo_result keep_average(run *r, const char *folder)
{
    static const char *const files[] = { "model.safetensors", "config.json" };
    tool *t = r->t;
    char path[PATH_ROOM];
    int i;

    TRY(average_write(t, folder, r->play.iteration));
    for (i = 0; i < 2 || sppo_companion(i - 2); i++) {
        path_join(path, folder, i < 2 ? files[i] : sppo_companion(i - 2));
        TRY(path_remove(&t->ctx, path));
    }
    return SPPO_OK;
}

sppo_result align_keep(run *r)
{
    tool *t = r->t;
    char path[PATH_ROOM], list[PATH_ROOM];

    path_join(path, t->set.out, "policy");
    if (t->set.keep == KEEP_AVERAGE) {
        TRY(keep_average(r, path));
        note(&t->console, "%s holds the average of %d policies; sppo sample "
             "and sppo evaluate take it", path, r->play.iteration);
        return SPPO_OK;
    }
    TRY(t->set.keep == KEEP_BEST ? keep_best(r, path)
                                 : save_model(t, &t->policy, path));
    path_join(list, path, "average.json");
    TRY(path_remove(&t->ctx, list));
    note(&t->console, "%s holds the aligned policy", path);
    return output_check(&t->ctx);
}
