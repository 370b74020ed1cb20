/* power.c - the files of sppo.h when the process is killed and when the power
 * is cut: a folder holds the old thing or the new one, whole
 *
 * Each case is one save over something older.  What can be there afterwards is
 * looked at by loading it: it must be the old thing or the new one, to the bit;
 * once the save has said that it is done, the new one.  It is loaded twice, for
 * a load may finish what a save began, and then a third thing is saved in its
 * place, which must be there and nothing else.
 *
 *   killed   the save ends at each of its calls in turn
 *   cut      the power is cut after each of its calls: disk.h says what may
 *            then be on the disk
 *   twice    the save is killed at each of its calls, and another save, or a
 *            load, that comes after it is cut off by the power
 *
 * Run      power FOLDER [part of a case's name]
 *          FOLDER is written over.  ALL=1 in the environment: more random
 *          subsets; FIRST=1: one failure is enough
 * Prints   for each case how many calls, states enumerated and states loaded;
 *          at the end "N passed, N failed, N skipped"                        */
#define _DEFAULT_SOURCE
#include "../../sppo.h"

#include "../check.h"
#include "disk.h"
#include "things.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

/* ---- a case ---- */

static const struct save *now;
static char home[4096], live[4200], state[4200];
static uint64_t is[THINGS];       // what looking says of each
static uint64_t names_of_third;
static int all, first;            // ALL=1, FIRST=1
static int allowed[THINGS];
static long loaded, in_any_order, calls, enumerated;
static const char *at_what;
static int at_call;
static long killed_at;

static void enter(const char *folder)
{
    if (chdir(folder))
        need(sppo_fail(&ctx, SPPO_E_IO, "%.200s: %s", folder,
                       strerror(errno)));
}

static void list(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    printf("    %s:", path);
    while (folder && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            printf(" %s", entry->d_name);
    printf("\n");
    if (folder)
        closedir(folder);
}

static int wrong(const char *what)
{
    char text[200];

    snprintf(text, sizeof text, "%s, %s, call %d, killed at %ld: %s",
             now->name, at_what, at_call, killed_at, what);
    if (check_failures < CHECK_SHOWN) {
        printf("    %s\n   %s\n", ctx.message, disk_story());
        list(now->where);
    }
    return check_that(0, text, __FILE__, __LINE__);
}

static int is_allowed(uint64_t found)
{
    int i, holds = 0;

    for (i = 0; i < THINGS; i++)
        holds |= allowed[i] && found == is[i];
    return holds;
}

/* Of the folder that we are in. */
static int judge_here(void)
{
    const uint64_t found = now->look();
    uint64_t again;

    loaded++;
    check_count++;
    if (!is_allowed(found))
        return wrong(found == REFUSED ? "refused"
                     : found == NOTHING ? "nothing is there"
                     : found == is[OLD] ? "the old one, though the new one was "
                                          "said to be saved"
                                        : "neither the old one nor the new");
    again = now->look();
    if (again != found)
        return wrong("another thing at the second look");
    if (now->save(THIRD))
        return wrong("the next save fails");
    if (now->look() != is[THIRD])
        return wrong("the next save is not what is there");
    if (names(now->where) != names_of_third)
        return wrong("the next save leaves something behind");
    return 1;
}

static void judge_state(void *user, disk_order order)
{
    (void)user;
    if (first && check_failures)
        return;
    disk_write(state);
    enter(state);
    in_any_order += order == DISK_ANY_ORDER;
    judge_here();
    enter(home);
}

static void begin_live(void)
{
    folder_clear(live);
    mkdir(live, 0777);
    enter(live);
    if (now->has_old)
        need(now->save(OLD));
    enter(home);
    disk_read(live);
}

static void allow(int old, int new_one, int third)
{
    allowed[OLD] = old;
    allowed[NEW] = new_one;
    allowed[THIRD] = third;
}

/* In a child of its own; kill 0: to its end.  thing -1: a load. */
static int child(int thing, long kill)
{
    int status;
    const pid_t pid = fork();

    if (pid == 0) {
        enter(live);
        journal_watch(kill);
        if (thing < 0)
            now->look();
        else if (now->save(thing))
            _exit(1);
        journal_done();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

/* What looking says of each of the three, and the names that the third has. */
static void learn(void)
{
    int i;

    begin_live();
    enter(live);
    is[OLD] = now->look();
    for (i = NEW; i < THINGS; i++) {
        need(now->save(i));
        is[i] = now->look();
    }
    names_of_third = names(now->where);
    enter(home);
    CHECK((is[OLD] > SOMETHING || !now->has_old) && is[NEW] > SOMETHING);
    CHECK(is[OLD] != is[NEW] && is[THIRD] > SOMETHING && is[THIRD] != is[NEW]);
}

static void killed(void)
{
    long n, most;

    at_what = "killed";
    begin_live();
    journal_clear();
    CHECK(child(NEW, 0) == 0);
    most = journal_changes();
    for (n = 1; n <= most; n++) {
        killed_at = n;
        begin_live();
        journal_clear();
        CHECK(WEXITSTATUS(child(NEW, n)) == 137);
        allow(1, 1, 0);
        enter(live);
        judge_here();
        enter(home);
    }
    killed_at = 0;
    calls += most;
}

/* The records from `from` on, each followed by every state of the disk. */
static void cut_after(int from, int thing)
{
    const int n = journal_count();
    int i;

    for (i = 0; i < n; i++) {
        const journal_record *r = journal_at(i);

        disk_apply(r);
        if (i < from || r->op == JOURNAL_PROCESS ||
            (r->op == JOURNAL_BUFFER && r[1].op == JOURNAL_BUFFER))
            continue;
        if (r->op == JOURNAL_DONE && thing >= 0)
            allow(0, thing == NEW, thing == THIRD);
        at_call = i;
        calls++;
        enumerated += disk_states((uint64_t)(allowed[OLD] + 2 * allowed[NEW] +
                                             4 * allowed[THIRD]),
                                  all ? 64 : 8, judge_state, NULL);
    }
}

static void cut(void)
{
    at_what = "power cut";
    begin_live();
    journal_clear();
    CHECK(child(NEW, 0) == 0);
    allow(1, 1, 0);
    cut_after(0, NEW);
}

/* Killed, and then a save of the third or a load. */
static void twice(int thing)
{
    long n, most;
    int from;

    begin_live();
    journal_clear();
    CHECK(child(NEW, 0) == 0);
    most = journal_changes();
    for (n = 1; n <= most && !(first && check_failures); n++) {
        killed_at = n;
        begin_live();
        journal_clear();
        child(NEW, n);
        from = journal_count();
        CHECK(child(thing, 0) == 0);
        allow(1, 1, thing == THIRD);
        cut_after(from, thing);
    }
    killed_at = 0;
}

static void run_case(void)
{
    calls = loaded = enumerated = in_any_order = 0;
    disk_seen_clear();
    learn();
    killed();
    printf("  killed at each of %ld calls;", calls);
    calls = 0;
    cut();
    printf(" power cut at %ld calls", calls);
    at_what = "killed, then a save and a power cut";
    twice(THIRD);
    at_what = "killed, then a load and a power cut";
    twice(-1);
    printf(", with kills before at %ld: %ld states, %ld of them loaded (%ld "
           "in any order alone)\n", calls, enumerated, loaded, in_any_order);
}

int main(int argc, char **argv)
{
    check_case cases[COUNT(saves)];
    const char *filter = argc > 2 ? argv[2] : "";
    int i, verdict, count[256] = { 0 };

    if (argc < 2 || !realpath(argv[1], home)) {
        fprintf(stderr, "usage: power FOLDER [NAME]\n");
        return 2;
    }
    all = getenv("ALL") != NULL;
    first = getenv("FIRST") != NULL;
    snprintf(live, sizeof live, "%s/live", home);
    snprintf(state, sizeof state, "%s/state", home);
    mkdir(state, 0777);
    journal_open();
    make_things();
    for (i = 0; i < COUNT(saves); i++) {
        cases[i].name = saves[i].name;
        cases[i].run = run_case;
        now = &saves[i];
        if (!check_wanted(now->name, filter))
            continue;
        verdict = check_run(&cases[i]);
        count[verdict]++;
        fflush(stdout);
    }
    printf("%d passed, %d failed, %d skipped\n", count['p'], count['f'],
           count['s']);
    return count['f'] > 0 || count['p'] == 0;
}
