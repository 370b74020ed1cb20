/* test_calls.c - each call of the system that sppo.h makes fails, one by one
 *
 * A save over an older thing, or a load, is made again and again, with the n-th
 * call that can fail in this way failing, alone or with all that follow, for
 * n = 1, 2, ... until none is left.  What must hold after each:
 *
 *   it succeeds, and what is there then is the new thing, to the bit; or it
 *     says why, and there is the old thing or the new one
 *   nothing is held: no memory, no file is open
 *   the same call, made again without a failure, succeeds, and leaves the same
 *     names as if nothing had failed
 *
 * The commands of the tool are treated so by make faults, and the power is cut
 * there; here it is the header alone, quickly.                              */
#define _DEFAULT_SOURCE
#include "faults/system.h"

#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"
#include "faults/system.c"
#include "faults/things.h"
#include "faults/tree.h"

#ifdef _OPENMP
#include <omp.h>
#endif


/* fails: the code of what cannot be overcome; SPPO_OK: it always is. */
typedef struct kind {
    const char *name;
    int error, ever;
    sppo_result fails;
} kind;

/* What a signal interrupts for ever would be tried for ever. */
static const kind kinds[] = {
    { "EIO", EIO, 0, SPPO_E_IO },
    { "EIO", EIO, 1, SPPO_E_IO },
    { "EINTR", EINTR, 0, SPPO_E_IO },
    { "EACCES", EACCES, 0, SPPO_E_IO },
    { "EACCES", EACCES, 1, SPPO_E_IO },
    { "ENOSPC", ENOSPC, 0, SPPO_E_IO },
    { "ENOSPC", ENOSPC, 1, SPPO_E_IO },
    { "EMFILE", EMFILE, 1, SPPO_E_IO },
    { "ENOMEM", ENOMEM, 0, SPPO_E_MEMORY },
    { "SHORT", FAULT_SHORT, 0, SPPO_E_IO },
    { "CUT", FAULT_CUT, 0, SPPO_E_IO },
    { "ALLOC", FAULT_ALLOC, 0, SPPO_E_MEMORY },
    { "ALLOC", FAULT_ALLOC, 1, SPPO_E_MEMORY }
};

/* Locks are for safety where the system has them. */
static const kind no_locks[] = {
    { "ENOLCK", ENOLCK, 0, SPPO_OK },
    { "ENOLCK", ENOLCK, 1, SPPO_OK }
};

/* Others who write, clean up, or take a file away at the same time. */
static const kind others[] = {
    { "EWOULDBLOCK", EWOULDBLOCK, 0, SPPO_OK },
    { "EEXIST", EEXIST, 0, SPPO_OK },
    { "EEXIST", EEXIST, 1, SPPO_E_IO },
    { "ENOENT", ENOENT, 0, SPPO_E_IO },
    { "ENOENT", ENOENT, 1, SPPO_E_IO }
};

static tree old, present;     // before, and what is there now
static uint64_t of_old, of_new;  // what looking says of each
static uint64_t names_old, names_new;
static size_t held;           // by things that stay
static long blocks;

static void restore(tree *want)
{
    tree_look(&present, ".");
    tree_restore(want, &present, ".");
}

static char failed_call[20];  // the first one that failed
static long failures;         // since the last plan; of allocations too

static void note_failure(const fault_call *call)
{
    if (call->fails && !failed_call[0])
        snprintf(failed_call, sizeof failed_call, "%s", call->name);
}

static void plan_failure(const kind *k, long at)
{
    fault_plan p;

    memset(&p, 0, sizeof p);
    p.error = k->error;
    p.at = at;
    p.ever = k->ever;
    p.unsynced = 1;
    p.after = note_failure;
    if (k->error)
        failed_call[0] = 0;
    fault_begin(&p);
}

static void plan_none(void)
{
    static const kind none = { "none", 0, 0, SPPO_OK };

    failures = fault_failed;
    plan_failure(&none, 0);
}

static int holds(int condition, const char *what, const struct save *s,
                 const kind *k, long n)
{
    char text[400];

    if (condition)
        return check_that(1, "", __FILE__, __LINE__);
    snprintf(text, sizeof text, "%s, %s%s at call %ld: %s (%d: %.200s)",
             s->name, k->name, k->ever ? " for ever" : "", n, what,
             (int)ctx.code, ctx.message);
    return check_that(0, text, __FILE__, __LINE__);
}

/* The old thing is in place, and it is known what new and old look like. */
static void begin(const struct save *s, int from, int to)
{
    tree empty;

    memset(&empty, 0, sizeof empty);
    plan_none();
    restore(&empty);
    if (from != OLD || s->has_old)
        need(s->save(from));
    of_old = s->look();
    names_old = names(s->where);
    tree_look(&old, ".");
    need(s->save(to));
    names_new = names(s->where);
    of_new = s->look();
    held = ctx.held;
    blocks = fault_blocks;
    CHECK(of_new > SOMETHING && fault_open_count == 0);
    CHECK(names(s->where) == names_new);  // there was nothing left to do
}

/* What is there afterwards; nothing temporary, unless its removal failed. */
static int looks_right(const struct save *s, const kind *k, long n,
                       sppo_result result)
{
    const uint64_t left = names(s->where);
    char message[sizeof ctx.message];
    uint64_t found;
    int right;

    memcpy(message, ctx.message, sizeof message);
    found = s->look();
    if (found == of_old && s->has_old && !k->ever)
        holds(left == names_old || !strcmp(failed_call, "remove"),
              "a save that failed left something", s, k, n);
    if (result == SPPO_OK)
        holds(left == names_new, "a save left something", s, k, n);
    right = found == of_new || (result != SPPO_OK && found == of_old);
    if (strstr(message, "before is unchanged"))
        right = right && found == of_old;
    if (strstr(message, "the model is saved"))
        right = right && found == of_new;
    return holds(right, "neither the old nor the new is there", s, k, n);
}

/* What opens, reads, locks or syncs is made again after a signal; of a write
 * that is interrupted C does not tell what is lost.                         */
static int may_fail(const kind *k)
{
    return failures && (k->error != EINTR ||
                        strstr("fwrite fflush fseek", failed_call));
}

/* One save with a failure; 0: there was no call left to fail. */
static int save_fails(const struct save *s, const kind *k, long n)
{
    sppo_result result;

    restore(&old);
    ctx.message[0] = 0;
    plan_failure(k, n);
    result = s->save(NEW);
    plan_none();
    holds(ctx.held == held && fault_blocks == blocks, "memory is held", s, k,
          n);
    holds(fault_open_count == 0, "a file is open", s, k, n);
    holds(result == SPPO_OK || (may_fail(k) && result == k->fails),
          "another code", s, k, n);
    holds(result == SPPO_OK || ctx.message[0], "it is not said why", s, k, n);
    looks_right(s, k, n, result);
    holds(s->save(NEW) == SPPO_OK && s->look() == of_new &&
          names(s->where) == names_new, "the next save is not whole", s, k, n);
    return failures > 0;
}

/* One load with a failure. */
static int load_fails(const struct save *s, const kind *k, long n)
{
    uint64_t found;

    restore(&old);
    ctx.message[0] = 0;
    plan_failure(k, n);
    found = s->look();
    plan_none();
    holds(ctx.held == held && fault_blocks == blocks, "memory is held", s, k,
          n);
    holds(fault_open_count == 0, "a file is open", s, k, n);
    holds(found == of_new || (may_fail(k) && found == REFUSED),
          "another thing", s, k, n);
    if (k->error == FAULT_ALLOC && failures)
        holds(found == REFUSED, "that memory is out goes unsaid", s, k, n);
    if (found != of_new)
        holds(ctx.code == k->fails && ctx.message[0], "another code", s, k, n);
    holds(s->look() == of_new, "the next load does not read it", s, k, n);
    return failures > 0;
}

typedef int (*attempt)(const struct save *s, const kind *k, long n);

/* Every call in turn; how many could fail. */
static long each_call(const struct save *s, const kind *k, attempt try)
{
    long n = 1;

    while (n < 5000 && try(s, k, n) && check_failures < CHECK_SHOWN)
        n++;
    CHECK(n < 5000);
    return n - 1;
}

static void each_kind(const kind *k, int count, attempt try, int from)
{
    int i, j;

    for (i = 0; i < COUNT(saves); i++) {
        begin(&saves[i], from, NEW);
        for (j = 0; j < count; j++)
            each_call(&saves[i], &k[j], try);
    }
}

static void a_save_that_fails_leaves_the_old_thing_or_the_new(void)
{
    each_kind(kinds, COUNT(kinds), save_fails, OLD);
}

static void a_load_that_fails_says_why_and_the_next_one_reads(void)
{
    each_kind(kinds, COUNT(kinds), load_fails, NEW);
}

static void a_file_system_without_locks_is_written_and_read(void)
{
    each_kind(no_locks, COUNT(no_locks), save_fails, OLD);
    each_kind(no_locks, COUNT(no_locks), load_fails, NEW);
}

static void others_who_write_there_break_nothing(void)
{
    each_kind(others, COUNT(others), save_fails, OLD);
}

/* The first state in which a save says that something is left to do. */
static int begin_unfinished(const struct save *s)
{
    static const kind dies = { "EIO", EIO, 1, SPPO_E_IO };
    long n = 0;

    begin(s, OLD, NEW);
    do {
        restore(&old);
        plan_failure(&dies, ++n);
        s->save(NEW);
        plan_none();
    } while (n < 5000 && !strstr(ctx.message, "the model is saved, but"));
    tree_look(&old, ".");
    return CHECK(n < 5000) && CHECK(names(s->where) != names_new);
}

static void what_a_save_left_to_do_a_load_does_whatever_fails(void)
{
    int i, j;

    for (i = 0; i < COUNT(saves); i++) {
        if (!strcmp(saves[i].where, ".") || !begin_unfinished(&saves[i]))
            continue;
        for (j = 0; j < COUNT(kinds); j++)
            each_call(&saves[i], &kinds[j], load_fails);
        CHECK(names(saves[i].where) == names_new);
    }
}

/* fsync of a folder is refused there, with one code or another. */
static void a_file_system_that_syncs_no_folders_is_no_error(void)
{
    static const kind refuses[] = {
        { "EINVAL", EINVAL, 1, SPPO_OK }, { "EBADF", EBADF, 1, SPPO_OK }
    };
    int i;

    for (i = 0; i < COUNT(refuses); i++) {
        plan_failure(&refuses[i], 1);
        CHECK_OK(&ctx, sppo_folder_make(&ctx, "p/q"));
        CHECK(fault_failed > 0);
        plan_none();
        remove("p/q");
        remove("p");
    }
}

static void sixteen_writers_of_one_file_are_told(void)
{
    char path[40];
    int fd[16], i;

    for (i = 0; i < 16; i++) {
        snprintf(path, sizeof path, i ? "file.%d.tmp" : "file.tmp", i + 1);
        fd[i] = open(path, O_RDWR | O_CREAT, 0666);
        CHECK(fd[i] >= 0 && flock(fd[i], LOCK_EX) == 0);
    }
    CHECK(sppo_file_write(&ctx, "file", "x", 1) == SPPO_E_IO);
    CHECK(strstr(ctx.message, "16 others are at it") != NULL);
    close(fd[7]);  // dead: its place is free, and one writer is enough
    CHECK_OK(&ctx, sppo_file_write(&ctx, "file", "x", 1));
    CHECK(access("file.8.tmp", F_OK) != 0 && !access("file.9.tmp", F_OK));
    for (i = 0; i < 16; i++)
        if (i != 7)
            close(fd[i]);
    CHECK_OK(&ctx, sppo_file_write(&ctx, "file", "x", 1));
    CHECK(access("file.tmp", F_OK) != 0 && access("file.16.tmp", F_OK) != 0);
}

/* Another's save of the third thing, at our first byte of weights, in each of
 * so many rounds.                                                           */
static int rounds;

static void save_between(const fault_call *call)
{
    fault_plan none, kept = plan;
    const char *ending = strrchr(call->path, '.');

    if (strcmp(call->name, "fflush") || !ending || strcmp(ending, ".tmp") ||
        !rounds)
        return;
    memset(&none, 0, sizeof none);
    none.unsynced = 1;
    fault_begin(&none);
    need(saves[0].save(rounds % 2 ? THIRD : OLD));  // other notes each time
    rounds--;
    fault_begin(&kept);
}

static sppo_result save_among_others(int count)
{
    fault_plan p;
    sppo_result result;

    memset(&p, 0, sizeof p);
    p.unsynced = 1;
    p.before = save_between;
    rounds = count;
    fault_begin(&p);
    result = saves[0].save(NEW);
    plan_none();
    return result;
}

static void a_save_that_comes_between_makes_no_mixture(void)
{
    begin(&saves[0], OLD, NEW);
    restore(&old);
    CHECK_OK(&ctx, save_among_others(3));
    CHECK(rounds == 0);
    CHECK(names("m") == names_new);
    CHECK(saves[0].look() == of_new);
}

static void a_save_among_savers_without_end_gives_up(void)
{
    begin(&saves[0], OLD, NEW);
    restore(&old);
    CHECK(save_among_others(101) == SPPO_E_IO);
    CHECK(strstr(ctx.message, "others save there again and again") != NULL);
    CHECK(rounds == 101 - 16);  // the last of them saved the old one
    of_old = saves[0].look();
    names_old = names("m");
    need(saves[0].save(THIRD));
    need(saves[0].save(OLD));
    CHECK(saves[0].look() == of_old && names("m") == names_old);
    CHECK(ctx.held == held && fault_open_count == 0);
}

/* Between our making a temporary and our lock on it another takes it for that
 * of a dead writer, removes it and makes his own.                           */
static void take_temporary(const fault_call *call)
{
    if (rounds && !strcmp(call->name, "flock") &&
        !strcmp(call->path, "file.tmp")) {
        rounds--;
        remove(call->path);
        if (rounds)
            tree_die("taken twice", call->path);
        fclose(fopen(call->path, "wb"));
    }
}

static void a_temporary_that_became_anothers_is_left_to_him(void)
{
    fault_plan p;

    memset(&p, 0, sizeof p);
    p.unsynced = 1;
    p.before = take_temporary;
    rounds = 1;
    fault_begin(&p);
    CHECK_OK(&ctx, sppo_file_write(&ctx, "file", "ours", 4));
    plan_none();
    CHECK(rounds == 0 && fault_open_count == 0);
    CHECK(look_file() == told(sppo_digest(4, "ours", 4)));
}

static const check_case cases[] = {
    CASE(a_save_that_fails_leaves_the_old_thing_or_the_new),
    CASE(a_load_that_fails_says_why_and_the_next_one_reads),
    CASE(a_file_system_without_locks_is_written_and_read),
    CASE(others_who_write_there_break_nothing),
    CASE(what_a_save_left_to_do_a_load_does_whatever_fails),
    CASE(a_file_system_that_syncs_no_folders_is_no_error),
    CASE(sixteen_writers_of_one_file_are_told),
    CASE(a_save_that_comes_between_makes_no_mixture),
    CASE(a_save_among_savers_without_end_gives_up),
    CASE(a_temporary_that_became_anothers_is_left_to_him)
};

/* In memory where there is such a place: files come and go by the thousand. */
static int enter_folder(char *path, size_t size)
{
    static const char *const places[] = { "/dev/shm", "build" };
    int i;

    mkdir("build", 0777);
    for (i = 0; i < COUNT(places); i++) {
        snprintf(path, size, "%s/sppo_calls_%ld", places[i], (long)getpid());
        if (!mkdir(path, 0777) && !chdir(path))
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    tree empty;
    char path[80];
    int failed;

#ifdef _OPENMP
    omp_set_num_threads(1);  // all is tiny here; threads only wait
#endif
    if (!enter_folder(path, sizeof path))
        return 2;
    memset(&empty, 0, sizeof empty);
    plan_none();
    make_things();
    failed = check_main(cases, COUNT(cases), argc, argv);
    restore(&empty);
    return chdir("..") || rmdir(strrchr(path, '/') + 1) || failed;
}
