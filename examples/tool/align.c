/* align.c - sppo align: Algorithm 1 as a program that may be interrupted */

#include "align.h"
#include "fields.h"
#include "files.h"
#include "judging.h"
#include "signals.h"
#include "trainer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void align_defaults(tool *t)
{
    const int which = option_find(&t->parse, "eta", 3);

    if (t->parse.given[which])
        return;
    t->parse.given[which] = 1;
    t->set.eta = method_eta(&t->set);
}

/* The model that the policy is pulled to: of the same tokens. */
static sppo_result align_reference(tool *t)
{
    codec tok;
    sppo_result result;

    memset(&tok, 0, sizeof tok);
    result = load_model(t, t->set.reference, 0, &t->reference, &tok);
    if (result == SPPO_OK && !codec_same(&t->tok, &tok))
        result = sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--reference %.200s has "
                           "another tokenizer than the policy",
                           t->set.reference);
    if (result == SPPO_OK)
        run_input_add(&t->folder, "reference", "model",
                      digest_model(&t->reference, &tok));
    codec_free(&t->ctx, &tok);
    return result;
}

static sppo_result align_inputs(run *r)
{
    tool *t = r->t;
    const settings *s = &t->set;
    uint64_t digest;
    int longest, k;

    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    TRY(load_prompts(t, s->prompts, &t->prompts, s->gold ? &t->gold : NULL));
    run_input_add(&t->folder, "policy", "model",
                  digest_model(&t->policy, &t->tok));
    digest = digest_lists(0, &t->prompts);
    run_input_add(&t->folder, "prompts", "data",
                  s->gold ? digest_lists(digest, &t->gold) : digest);
    if (s->reference)
        TRY(align_reference(t));
    longest = longest_list(&t->prompts);
    k = s->k;
    if (s->validation) {
        TRY(load_prompts(t, s->validation, &r->test, NULL));
        run_input_add(&t->folder, "validation", "data",
                      digest_lists(0, &r->test));
        if (longest_list(&r->test) > longest)
            longest = longest_list(&r->test);
        k = 2 * s->samples > k ? 2 * s->samples : k;
        TRY(sppo_model_clone(&t->ctx, &t->base, &t->policy, SPPO_HEAD_NONE,
                             0));
    }
    if (!s->gold)
        TRY(open_judge(t, longest, k));
    if (s->watch && !s->shard && (!s->phase || s->phase == 3))
        TRY(watch_open(&r->watch, longest_list(&r->test), 2 * s->samples));
    if (s->preference)
        run_input_add(&t->folder, "preference", "model",
                      digest_model(&t->preference, &t->preference_tok));
    return SPPO_OK;
}

/* Removes a file of an iteration, and what a killed write of it has left. */
static sppo_result align_remove(run *r, int n, const char *file)
{
    static const char *const endings[] = { "", ".tmp", ".next" };
    char name[80], path[PATH_ROOM];
    int i;

    for (i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "iter%d/%s%s", n, file, endings[i]);
        path_join(path, r->t->set.out, name);
        TRY(path_remove(&r->t->ctx, path));
    }
    return SPPO_OK;
}

/* Removes what an earlier run left: its checkpoint first, which would say that
 * iterations are there.  Of these the last goes first: a kill on the way leaves
 * no gap, behind which the rest would not be found.                         */
static sppo_result align_clear(run *r)
{
    static const char *const files[] = { "train.jsonl", "judged.jsonl",
        "model.safetensors", "config.json" };
    static const char *const of_run[] = { "run.safetensors", "validation.csv",
        "timing.csv", "report.html", "report.md" };
    const int own = (int)(sizeof files / sizeof *files);
    char name[32], path[PATH_ROOM];
    int n = 0, i, kind;

    for (i = 0; i < (int)(sizeof of_run / sizeof *of_run); i++) {
        path_join(path, r->t->set.out, of_run[i]);
        TRY(path_remove(&r->t->ctx, path));
    }
    TRY(path_sync(&r->t->ctx, r->t->set.out, O_RDONLY));
    do {
        snprintf(name, sizeof name, "iter%d", ++n);
        path_join(path, r->t->set.out, name);
        TRY(path_look(&r->t->ctx, path, &kind));
    } while (kind == PATH_FOLDER);
    while (--n > 0) {
        for (i = 0; i < own || sppo_companion(i - own); i++)
            TRY(align_remove(r, n, i < own ? files[i]
                                           : sppo_companion(i - own)));
        snprintf(name, sizeof name, "iter%d", n);
        path_join(path, r->t->set.out, name);
        TRY(path_remove(&r->t->ctx, path));
    }
    return SPPO_OK;
}

/* The folder of this run, and what will be in it. */
static sppo_result align_folder(run *r)
{
    tool *t = r->t;
    const char *out = t->set.out;

    TRY(run_folder_open(&t->folder, &t->parse, &t->console, out,
                        !t->set.shard));
    align_logs_open(r);
    return SPPO_OK;
}

/* With another judge, what the one before had judged of this iteration is
 * judged again. In the checkpoint too, before settings.json names the new one:
 * no iteration shall have two judges.                                       */
static sppo_result align_judge_anew(run *r)
{
    tool *t = r->t;
    sppo_play *play = &r->play;

    if (!run_amended(&t->folder, "judge") &&
        !run_amended(&t->folder, "preference"))
        return SPPO_OK;
    if (play->phase > SPPO_PHASE_JUDGE && play->phase < SPPO_PHASE_DONE)
        note(&t->console, "iteration %d is judged already: the new judge "
             "begins with the next", play->iteration + 1);
    if (play->phase != SPPO_PHASE_JUDGE || play->done == 0)
        return SPPO_OK;
    note(&t->console, "judging iteration %d anew", play->iteration + 1);
    play->done = 0;
    return checkpoint(r);
}

/* More iterations are of as many prompts each as those before. */
static void align_keep_prompts(tool *t)
{
    parser *p = &t->parse;
    const int iterations = option_find(p, "iterations", 10);
    const int prompts = option_find(p, "prompts-per-iteration", 21);
    const char *was = p->was[iterations];
    const int before = was ? (int)strtol(was, NULL, 10) : 0;
    int each;

    if (before < 1 || t->set.prompts_per_iteration)  // settings.json is a text
        return;
    each = t->prompts.count / before;
    t->set.prompts_per_iteration = each > 1 ? each : 1;
    p->given[prompts] = 1;
    note(&t->console, "%d prompts in each iteration, as before",
         t->set.prompts_per_iteration);
}

/* What the policy says before it learns. No checkpoint is there yet: a run that
 * is stopped here begins anew.                                              */
static sppo_result align_first_samples(run *r)
{
    sppo_ctx *ctx = &r->t->ctx;
    const sppo_result result = align_log_samples(r, 0);

    if (result != SPPO_E_STOPPED)
        return result;
    return sppo_fail(ctx, result, "stopped before the first phase; sppo align "
                     "--resume --out %.150s goes on", r->t->set.out);
}

/* From the checkpoint, or from the beginning; the logs follow. */
static sppo_result align_begin(run *r)
{
    tool *t = r->t;
    const sppo_play *play = &r->play;
    int step, resumed = 0;

    if (t->set.resume)
        TRY(path_look(&t->ctx, t->folder.checkpoint, &resumed));
    if (t->set.force)
        TRY(align_clear(r));
    if (resumed) {
        TRY(sppo_play_load(&t->ctx, &r->play, t->folder.checkpoint));
        TRY(align_judge_anew(r));
        TRY(align_stop(r));
        if (r->ended[0])
            note(&t->console, "iteration %d of %d was the last; another "
                 "--stop-kl or --stop-watch goes on", play->iteration,
                 t->set.iterations);
        else if (play->phase == SPPO_PHASE_DONE)
            note(&t->console, "all iterations are done; --iterations goes on "
                 "with more");
        else
            note(&t->console, "going on in iteration %d of %d",
                 play->iteration + 1, t->set.iterations);
    } else if (t->set.resume) {
        note(&t->console, "there is no checkpoint: beginning anew");
    }
    TRY(run_settings_write(&t->folder, resumed, "iteration",
                           play->iteration + 1));
    step = play->iteration * r->per_iteration;
    if (play->phase == SPPO_PHASE_FIT)
        step += play->done;
    if (play->phase == SPPO_PHASE_ADVANCE)
        step += r->per_iteration;
    TRY(align_logs_cut(r, step, play->iteration));
    return resumed ? SPPO_OK : align_first_samples(r);
}

/* Between two iterations: whether there is a reason for no other. */
static sppo_result align_may_end(run *r)
{
    TRY(align_stop(r));
    if (r->ended[0])
        printf("the run ends here: %s\n", r->ended);
    return output_check(&r->t->ctx);
}

/* All that is left, or the one phase that was asked for. */
static sppo_result align_rounds(run *r)
{
    static const char *const names[] = { "", "sample", "judge", "fit" };
    sppo_play *play = &r->play;
    const int iteration = play->iteration, wanted = r->t->set.phase;
    sppo_result result = SPPO_OK;

    TRY(align_may_end(r));
    if (r->ended[0])
        return SPPO_OK;
    if (r->t->set.merge && play->phase != SPPO_PHASE_DONE &&
        phase_group(play->phase) <= wanted) {
        TRY(align_merge(r));
        if (wanted < 3)
            return SPPO_OK;
    }
    if (wanted && play->phase != SPPO_PHASE_DONE &&
        phase_group(play->phase) != wanted)
        return sppo_fail(&r->t->ctx, SPPO_E_ARGUMENT,
                         "the run's next phase is %s, in iteration %d",
                         names[phase_group(play->phase)], iteration + 1);
    while (play->phase != SPPO_PHASE_DONE && !r->ended[0] &&
           (!wanted || (play->iteration == iteration &&
                        phase_group(play->phase) == wanted))) {
        if (play->phase == SPPO_PHASE_ADVANCE)
            result = write_iteration(r);
        if (result == SPPO_E_STOPPED)
            return run_stopped(&r->t->folder);
        TRY(result);
        TRY(align_phase(r));
        TRY(align_may_end(r));
    }
    return SPPO_OK;
}

/* The settings as the run takes them; settings.json keeps what was asked
 * for.                                                                      */
static void align_print(tool *t)
{
    const settings asked = t->set;

    align_resolve(t);
    if (!t->set.quiet)
        options_print(&t->parse, stderr);
    t->set = asked;
}

static sppo_result align_in_folder(run *r)
{
    tool *t = r->t;
    sppo_play_config config;
    int count, kind = PATH_NONE;

    TRY(align_folder(r));
    if (t->set.resume)
        TRY(path_look(&t->ctx, t->folder.settings, &kind));
    if (kind)
        TRY(run_inputs_check(&t->folder));
    align_keep_prompts(t);
    config = play_config(t);
    config.progress = on_progress;
    config.progress_user = r;
    TRY(sppo_play_init(&t->ctx, &r->play, &config, &t->policy, &t->prompts));
    align_print(t);
    if (t->set.gold && t->set.phase > 1 && (t->set.shard || t->set.merge))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--gold asks no judge: only "
                         "--phase sample can be shared out");
    if (t->set.shard)
        return align_shard(r);
    count = r->play.config.prompts_per_iteration;
    batch_note(t, count, "prompts of an iteration", "takes no more");
    r->per_iteration = (count + t->set.batch - 1) / t->set.batch *
                       t->set.epochs;
    TRY(align_begin(r));
    run_saved(&t->folder, seconds_now());
    TRY(align_rounds(r));
    TRY(judge_finish(&t->process));
    TRY(watch_finish(&r->watch));
    return r->play.phase == SPPO_PHASE_DONE || r->ended[0] ? align_keep(r)
                                                           : SPPO_OK;
}

static sppo_result align_with(run *r)
{
    tool *t = r->t;

    TRY(align_inputs(r));
    if (t->set.dry_run)
        return align_estimate(r);
    catch_signals(&t->ctx, t->set.quiet);
    return align_in_folder(r);
}

sppo_result run_align(tool *t)
{
    run r;
    sppo_result result;

    memset(&r, 0, sizeof r);
    r.t = t;
    writer_begin(&r.out, t);
    watch_begin(&r.watch, t);
    align_defaults(t);
    TRY(align_keep_check(t, &t->ctx));
    if (!t->set.dry_run)
        TRY(run_is_free(&t->ctx, t->set.out, t->set.force || t->set.resume ||
                        t->set.shard));
    result = align_with(&r);
    sppo_play_free(&t->ctx, &r.play);
    sppo_lists_free(&t->ctx, &r.test);
    metrics_close(&r.metrics);
    writer_free(&r.out);
    watch_free(&r.watch);
    return result;
}
