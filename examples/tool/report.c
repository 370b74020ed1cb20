/* report.c - sppo report: a page of a run, or of several side by side */

#include "report.h"
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last part of a path; "." and the like have none of their own. */
static const char *last_part(const char *path, size_t *length)
{
    const char *at = path;
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (at = path + n; at > path && at[-1] != '/'; at--) {
    }
    *length = (size_t)(path + n - at);
    if (*length && strspn(at, ".") < *length)
        return at;
    *length = n;
    return path;
}

/* Short names, or where two are alike whole paths. */
static void name_runs(report_book *b)
{
    const char *at;
    size_t length;
    int i, j, same = 0;

    for (i = 0; i < b->runs; i++) {
        at = last_part(b->run[i].path, &length);
        snprintf(b->run[i].name, PATH_ROOM, "%.*s", (int)length, at);
        for (j = 0; j < i; j++)
            same += !strcmp(b->run[i].name, b->run[j].name);
    }
    for (i = 0; i < b->runs && same; i++)
        snprintf(b->run[i].name, PATH_ROOM, "%s", b->run[i].path);
}

static sppo_result read_runs(report_book *b)
{
    tool *t = b->t;
    int i, j;

    if (!t->path_count)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "of which run? sppo report "
                         "RUN; see `sppo report --help`");
    for (i = 0; i < t->path_count; i++) {
        reported_run *run = &b->run[b->runs++];

        run->ctx = run->texts.ctx = &t->ctx;
        run->path = t->paths[i];
        if (strlen(run->path) > PATH_MOST)
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "the path %.60s.. is "
                             "too long", run->path);
        for (j = 0; j < i; j++)
            if (is_same_place(run->path, b->run[j].path))
                return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.300s is given "
                                 "twice", run->path);
        TRY(report_read(run));
        if (run->command != b->run[0].command)
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.200s is a run of %s, "
                             "and %.200s of %s: only runs of one command are "
                             "compared", run->path, run->command->name,
                             b->run[0].path, b->run[0].command->name);
    }
    name_runs(b);
    return SPPO_OK;
}

/* RUN/report.html unless --out says otherwise; only that may be there already,
 * for it is the run's own.                                                  */
static sppo_result page_path(report_book *b, char out[PATH_ROOM])
{
    tool *t = b->t;

    if (t->set.out) {
        snprintf(out, PATH_ROOM, "%s", t->set.out);
        return strcmp(out, "-") ? output_is_free(&t->ctx, out, t->set.force)
                                : SPPO_OK;
    }
    if (b->runs > 1)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "a page of several runs "
                         "belongs into no folder of theirs: say where by "
                         "--out FILE");
    path_join(out, b->run[0].path, t->set.markdown ? "report.md"
                                                   : "report.html");
    return SPPO_OK;
}

static sppo_result write_page(report_book *b)
{
    char title[2 * PATH_ROOM];
    const int align = b->run[0].state.kind == RUN_ALIGN;
    size_t used = (size_t)snprintf(title, sizeof title, "sppo %s: ",
                                   b->run[0].command->name);
    int i;

    for (i = 0; i < b->runs && used < sizeof title; i++)
        used += (size_t)snprintf(title + used, sizeof title - used, "%s%.60s",
                                 i ? ", " : "", b->run[i].name);
    page_begin(&b->page, title);
    report_summary(b);
    if (align) {
        report_iterations(b);
        report_win_pictures(b);
        report_ratios(b);
    }
    report_course_pictures(b);
    if (align) {
        report_samples(b);
        report_matrices(b);
        report_time(b);
    }
    TRY(report_asked(b));
    TRY(report_command(b));
    page_end(&b->page);
    return SPPO_OK;
}

/* The page grows in memory: a file is written whole or not at all. */
static sppo_result put_page(report_book *b, const char *path)
{
    sppo_ctx *ctx = &b->t->ctx;
    char *data = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&data, &size);
    sppo_result result;
    int bad;

    b->page.markdown = b->t->set.markdown;
    b->page.out = memory;
    if (!memory)  // never: it takes a few bytes
        return sppo_fail(ctx, SPPO_E_MEMORY, "out of memory: for the page");
    result = write_page(b);
    bad = ferror(memory);
    bad |= fclose(memory) != 0;
    if (bad && result == SPPO_OK)  // never: nor do tests make it fail
        result = sppo_fail(ctx, SPPO_E_MEMORY, "out of memory: for the page");
    if (result == SPPO_OK && strcmp(path, "-") != 0)
        result = sppo_file_write(ctx, path, data, size);
    else if (result == SPPO_OK)
        fwrite(data, 1, size, stdout);
    free(data);
    return result;
}

sppo_result run_report(tool *t)
{
    static report_book b;
    char path[PATH_ROOM];
    sppo_result result;
    int i;

    b.t = t;
    result = read_runs(&b);
    if (result == SPPO_OK)
        result = page_path(&b, path);
    if (result == SPPO_OK)
        result = put_page(&b, path);
    for (i = 0; i < b.runs; i++)
        report_free(&b.run[i]);
    if (result == SPPO_OK && strcmp(path, "-") != 0)
        note(&t->console, "%s is the report", path);
    return result;
}
