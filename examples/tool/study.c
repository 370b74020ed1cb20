/* study.c - one run for each combination of the values that options list */

#include "study.h"
#include "config.h"
#include "files.h"
#include "messages.h"
#include "peek.h"
#include "signals.h"
#include "study_table.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MOST = 120 };

int study_is_asked(const tool *t)
{
    int i, lists = 0;

    for (i = 0; i < t->parse.count; i++)
        lists += t->parse.list[i] != NULL;
    return lists > 0;
}

/* Entries of "a,b,c". */
static int list_count(const char *list)
{
    int n = 1;

    for (; *list; list++)
        n += *list == ',';
    return n;
}

static void list_entry(const char *list, int which, char out[STUDY_VALUE])
{
    while (which-- > 0)
        list += strcspn(list, ",") + 1;
    snprintf(out, STUDY_VALUE, "%.*s", (int)strcspn(list, ","), list);
}

/* The entry of option i's list that run number `run` has: the last list varies
 * fastest.                                                                  */
static int study_entry(const parser *p, int i, int run)
{
    int j;

    for (j = p->count - 1; j > i; j--)
        if (p->list[j])
            run /= list_count(p->list[j]);
    return run % list_count(p->list[i]);
}

void study_option(const parser *p, int i, int run, char out[STUDY_VALUE])
{
    list_entry(p->list[i], study_entry(p, i, run), out);
}

void study_name(const study *s, int run, char out[PATH_ROOM])
{
    const parser *p = &s->t->parse;
    char value[STUDY_VALUE];
    size_t used = 0;
    int i;

    out[0] = 0;
    for (i = 0; i < p->count; i++)
        if (p->list[i] && used < PATH_ROOM) {
            study_option(p, i, run, value);
            used += (size_t)snprintf(out + used, PATH_ROOM - used, "%s%s=%s",
                                     used ? "_" : "", p->options[i].name,
                                     value);
        }
}

/* The number of runs; that none of them is another one. */
static sppo_result study_count(study *s)
{
    parser *p = &s->t->parse;
    char value[STUDY_VALUE], before[STUDY_VALUE];
    double count = 1.0;
    int i, a, b;

    for (i = 0; i < p->count; i++) {
        const int n = p->list[i] ? list_count(p->list[i]) : 1;
        count *= n;
        if (count > STUDY_MOST)
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "the lists make %.0f "
                             "runs and more; a study has %d at the most",
                             count, STUDY_MOST);
        for (a = 0; a < n && p->list[i]; a++)
            for (b = 0; b < a; b++) {
                list_entry(p->list[i], a, value);
                TRY(option_set(p, i, value));
                option_value(p, i, value, sizeof value);
                list_entry(p->list[i], b, before);
                TRY(option_set(p, i, before));
                option_value(p, i, before, sizeof before);
                if (!strcmp(value, before))
                    return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s lists %s "
                                     "twice", p->options[i].name, value);
            }
    }
    s->count = (int)count;
    return SPPO_OK;
}

/* What a study has no room for: parts of a run, and no way to rank. */
static sppo_result study_check(study *s)
{
    static const char *const parts[] = { "phase", "shard", "merge" };
    const tool *t = s->t;
    parser *p = &s->t->parse;
    size_t i;

    for (i = 0; i < sizeof parts / sizeof *parts; i++)
        if (p->given[option_find(p, parts[i], strlen(parts[i]))])
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s is for one run; "
                             "this is a study, for an option lists values",
                             parts[i]);
    if (!t->set.validation)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "an option lists values, so "
                         "this is a study: it needs --validation, by which "
                         "its runs are ranked");
    if (!t->set.out)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "it needs --out; see `sppo "
                         "%s --help`", p->command->name);
    return SPPO_OK;
}

/* The tool as it would be in this run alone, up to its start. */
static sppo_result study_begin(study *s, int run, tool *one)
{
    const parser *p = &s->t->parse;
    parser *own = &one->parse;
    char value[STUDY_VALUE];
    int i;

    memset(one, 0, sizeof *one);
    tool_begin(one);
    one->set = s->t->set;
    one->console = s->t->console;
    own->command = p->command;
    own->folder = p->folder;
    memcpy(own->given, p->given, sizeof own->given);
    own->given[option_find(p, "config", 6)] = 0;
    own->given[option_find(p, "resume", 6)] = 0;
    one->set.config = NULL;
    one->set.resume = 0;
    for (i = 0; i < p->count; i++)
        if (p->list[i]) {
            study_option(p, i, run, value);
            TRY(option_set(own, i, value));
        }
    one->set.out = s->path;
    study_name(s, run, s->name);
    path_join(s->path, s->t->set.out, s->name);
    TRY(method_settings(own));
    TRY(options_check_needs(own));
    return options_check_conditions(own);
}

/* Goes on with a run that was begun, or begins it. */
static sppo_result study_one(study *s, tool *one,
                             sppo_result (*run)(tool *t))
{
    char path[PATH_ROOM];
    int kind;

    path_join(path, s->path, "settings.json");
    TRY(run_folder_look(&one->folder, &one->ctx, s->path));
    TRY(path_look(&one->ctx, path, &kind));
    if (kind && s->t->set.resume) {
        one->set.resume = 1;
        TRY(settings_adopt(&one->parse, path));
    }
    return run(one);
}

/* A failure of a run, in the words of the study. */
static sppo_result study_failed(study *s, int run, const tool *one,
                                sppo_result result)
{
    tool *t = s->t;

    t->folder.locked = one->folder.locked;
    if (result == SPPO_E_STOPPED && !t->set.dry_run)
        return sppo_fail(&t->ctx, result, "stopped in run %d of %d, %s; saved; "
                         "sppo %s --resume --out %.150s goes on", run + 1,
                         s->count, s->name, t->parse.command->name,
                         t->set.out);
    return sppo_fail(&t->ctx, result, "run %d of %d, %s: %s", run + 1,
                     s->count, s->name, one->ctx.message);
}

static sppo_result study_name_fits(study *s, int run)
{
    const char *out = s->t->set.out;

    study_name(s, run, s->name);
    if (strlen(s->name) < NAME_MOST &&
        strlen(out) + strlen(s->name) + 1 < PATH_MOST)
        return SPPO_OK;
    return sppo_fail(&s->t->ctx, SPPO_E_ARGUMENT, "the name of a run's folder, "
                     "%.60s.., is too long; list fewer options", s->name);
}

/* Every combination is one that a run could have, before the first begins. */
static sppo_result study_try(study *s, tool *one)
{
    sppo_result result;
    int i;

    for (i = 0; i < s->count; i++) {
        TRY(study_name_fits(s, i));
        result = study_begin(s, i, one);
        if (result != SPPO_OK)
            study_failed(s, i, one, result);
        tool_free(one);
        TRY(result);
    }
    return SPPO_OK;
}

static sppo_result study_estimate(study *s, tool *one,
                                  sppo_result (*run)(tool *t))
{
    double estimate[2] = { 0.0, 0.0 }, minutes = 0.0, bytes = 0.0;
    sppo_result result;
    report r;
    int i;

    for (i = 0; i < s->count; i++) {
        result = study_begin(s, i, one);
        one->estimate = estimate;
        if (result == SPPO_OK)
            result = run(one);
        if (result != SPPO_OK)
            study_failed(s, i, one, result);
        tool_free(one);
        TRY(result);
        printf("%-40s %8.2f minutes\n", s->name, estimate[1]);
        minutes += estimate[1];
        bytes = estimate[0] > bytes ? estimate[0] : bytes;
    }
    report_begin(&r, &s->t->ctx, 0);
    report_real(&r, "runs", s->count, 0, "");
    report_real(&r, "memory", bytes / 1e6, 1, "MB, of the largest");
    report_real(&r, "time", minutes, 2, s->t->set.judge
                ? "minutes in all, and what the judge takes"
                : "minutes in all");
    return report_end(&r);
}

/* All runs that are not complete; of one that diverged the others know
 * nothing.                                                                  */
static sppo_result study_runs(study *s, tool *one,
                              sppo_result (*run)(tool *t))
{
    tool *t = s->t;
    sppo_result result;
    int i, complete;

    for (i = 0; i < s->count; i++) {
        study_name(s, i, s->name);
        path_join(s->path, t->set.out, s->name);
        complete = 0;
        if (t->set.resume)
            TRY(peek_is_complete(&t->ctx, s->path, &complete));
        note(&t->console, "run %d of %d: %s%s", i + 1, s->count, s->name,
             complete ? " is complete" : "");
        if (complete)
            continue;
        result = study_begin(s, i, one);
        if (result == SPPO_OK)
            result = study_one(s, one, run);
        if (result == SPPO_OK && caught)
            result = SPPO_E_STOPPED;
        if (result != SPPO_OK)
            study_failed(s, i, one, result);
        tool_free(one);
        if (result == SPPO_E_NUMBER)
            message_failure(&t->parse, &t->ctx, &t->console);
        else
            TRY(result);
        s->diverged[i] = result == SPPO_E_NUMBER;
    }
    return SPPO_OK;
}

/* What --resume needs, and who asks what the folder holds. */
static sppo_result study_write(study *s)
{
    const tool *t = s->t;
    parser *p = &s->t->parse;
    buffer *out = &s->text;
    char value[PATH_ROOM];
    int i, j;

    buffer_clear(out);
    buffer_format(out, "{\"sppo\": \"%s\"", sppo_version());
    for (i = 0; i < p->count; i++) {
        if (!p->given[i] || (p->options[i].commands & FREE_OPTION))
            continue;
        buffer_format(out, ",\n \"%s\": %s", p->options[i].name,
                      p->list[i] ? "[" : "");
        for (j = 0; p->list[i] && j < list_count(p->list[i]); j++) {
            list_entry(p->list[i], j, value);
            buffer_format(out, j ? ", " : "");
            setting_value(&p->options[i], value, out);
        }
        option_value(p, i, value, sizeof value);
        if (p->list[i])
            buffer_format(out, "]");
        else
            setting_value(&p->options[i], value, out);
    }
    settings_write_folder(out);
    buffer_format(out, ",\n \"runs\": [");
    for (i = 0; i < s->count; i++) {
        study_name(s, i, s->name);
        buffer_format(out, i ? ",\n  " : "");
        buffer_quote(out, s->name, strlen(s->name));
    }
    buffer_format(out, "]}\n");
    TRY(buffer_check(out));
    path_join(value, t->set.out, "study.json");
    TRY(sppo_folder_make(p->ctx, t->set.out));
    return sppo_file_write(p->ctx, value, out->data, out->length);
}

/* Nothing is written over without --force. */
static sppo_result study_is_free(study *s)
{
    const tool *t = s->t;
    sppo_ctx *ctx = &s->t->ctx;
    char path[PATH_ROOM];
    int kind = PATH_NONE;

    path_join(path, t->set.out, "study.json");
    if (!t->set.force)
        TRY(path_look(ctx, path, &kind));
    if (!kind)
        return run_is_free(ctx, t->set.out, t->set.force);
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.300s exists and holds a study; "
                     "go on with it by --resume, choose another name, or "
                     "--force to write over it", t->set.out);
}

static sppo_result study_all(study *s, sppo_result (*run)(tool *t))
{
    static tool one;
    tool *t = s->t;
    int i, diverged = 0;

    TRY(study_check(s));
    TRY(study_count(s));
    TRY(study_try(s, &one));
    if (t->set.dry_run)
        return study_estimate(s, &one, run);
    if (!t->set.resume) {
        TRY(study_is_free(s));
        TRY(study_write(s));
    }
    TRY(study_runs(s, &one, run));
    TRY(study_table(s));
    for (i = 0; i < s->count; i++)
        diverged += s->diverged[i];
    if (diverged)
        return sppo_fail(&t->ctx, SPPO_E_NUMBER, "%d of %d runs diverged; a "
                         "smaller --lr may help", diverged, s->count);
    return SPPO_OK;
}

sppo_result study_run(tool *t, sppo_result (*run)(tool *t))
{
    static study s;
    sppo_result result;

    s.t = t;
    s.text.ctx = &t->ctx;
    result = study_all(&s, run);
    buffer_free(&s.text);
    return result;
}

sppo_result study_adopt(tool *t)
{
    parser *p = &t->parse;
    char path[PATH_ROOM];
    int i, kind;

    path_join(path, t->set.out, "study.json");
    TRY(path_look(&t->ctx, path, &kind));
    if (!kind)
        return SPPO_OK;
    for (i = 0; i < p->count; i++)
        if (p->given[i] && !(p->options[i].commands & FREE_OPTION))
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--%s is a matter of "
                             "the study's beginning: %.200s holds a study, "
                             "which goes on as it was begun",
                             p->options[i].name, t->set.out);
    return config_adopt(p, path);
}
