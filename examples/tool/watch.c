/* watch.c - a second judge, which looks on */

#include "watch.h"
#include "files.h"
#include "judging.h"

#include <stdio.h>
#include <string.h>

void watch_begin(watch *w, tool *t)
{
    memset(w, 0, sizeof *w);
    w->t = t;
    model_judge_begin(&w->reader, t, &w->model, &w->tok);
}

/* A failure of who watches, which is not one of who judges. */
static sppo_result watch_failed(watch *w, sppo_result result)
{
    char why[sizeof w->t->ctx.message];

    if (result == SPPO_OK || result == SPPO_E_STOPPED ||
        result == SPPO_E_MEMORY)
        return result;
    snprintf(why, sizeof why, "%s", w->t->ctx.message);
    return sppo_fail(&w->t->ctx, result, "--watch %.100s: %s", w->by, why);
}

/* Where the folder of --watch is: here, or where the run began; "": there is
 * none of that name, so it is a program.                                    */
static sppo_result watch_folder(watch *w, const char *by, char out[PATH_ROOM])
{
    tool *t = w->t;
    const char *began = t->parse.folder;
    int kind;

    snprintf(out, PATH_ROOM, "%s", by);
    TRY(path_look(&t->ctx, out, &kind));
    if (kind != PATH_FOLDER && began && *by != '/') {
        path_join(out, began, by);
        TRY(path_look(&t->ctx, out, &kind));
    }
    if (kind != PATH_FOLDER)
        out[0] = 0;
    return SPPO_OK;
}

static sppo_result watch_start(watch *w, int prompt, int k)
{
    char folder[PATH_ROOM];

    TRY(watch_folder(w, w->by, folder));
    if (!folder[0])
        return open_program(w->t, &w->process, w->by, "watch", &w->judge);
    TRY(open_model_judge(&w->reader, &w->model, &w->tok, folder, "watch",
                         prompt, k, &w->judge));
    run_input_add(&w->t->folder, "watch", "model",
                  digest_model(&w->model, &w->tok));
    return SPPO_OK;
}

sppo_result watch_open(watch *w, int prompt, int k)
{
    w->by = w->t->set.watch;
    return w->by ? watch_failed(w, watch_start(w, prompt, k)) : SPPO_OK;
}

/* What who watches says of all prompts, of each the mean over the pairs. */
static sppo_result watch_rate(watch *w, const sppo_lists *prompts,
                              const sppo_lists *responses, int k, int count,
                              double *pairwise, double *share)
{
    sppo_ctx *ctx = &w->t->ctx;
    int p;

    TRY(w->judge.fill(ctx, w->judge.user, prompts, responses, k, 0, count,
                      pairwise));
    for (p = 0; p < count; p++) {
        double *of_prompt = pairwise + cells(p, k);

        if (sppo_preference_check(ctx, of_prompt, k, 1e-3))
            return sppo_fail(ctx, ctx->code, "its answer to prompt %d of %d: "
                             "%s", p + 1, count, ctx->message);
        share[p] = cross_share(of_prompt, k, 0, k / 2, k / 2);
    }
    w->rate = normal_interval(share, count);
    return SPPO_OK;
}

/* The fill of a judge whose user is a watch: sppo_evaluate asks once, for all
 * prompts.                                                                  */
static sppo_result watch_fill(sppo_ctx *ctx, void *user,
                              const sppo_lists *prompts,
                              const sppo_lists *responses, int k, int first,
                              int count, double *pairwise)
{
    watch *w = (watch *)user;
    const size_t entries = cells(count, k);
    double *seen, *share;
    sppo_result result = SPPO_E_MEMORY;

    TRY(w->first.fill(ctx, w->first.user, prompts, responses, k, first, count,
                      pairwise));
    seen = (double *)sppo_alloc(ctx, entries, sizeof(double));
    share = (double *)sppo_alloc(ctx, (size_t)count, sizeof(double));
    if (seen && share)
        result = watch_failed(w, watch_rate(w, prompts, responses, k, count,
                                            seen, share));
    sppo_release(ctx, share, (size_t)count * sizeof(double));
    sppo_release(ctx, seen, entries * sizeof(double));
    return result;
}

sppo_judge watch_beside(watch *w, const sppo_judge *judge)
{
    sppo_judge both;

    if (!w->by)
        return *judge;
    w->first = *judge;
    both.fill = watch_fill;
    both.user = w;
    return both;
}

sppo_result watch_finish(watch *w)
{
    return watch_failed(w, judge_finish(&w->process));
}

void watch_free(watch *w)
{
    judge_stop(&w->process);
    model_judge_free(&w->reader);
    sppo_model_free(&w->t->ctx, &w->model);
    codec_free(&w->t->ctx, &w->tok);
}
