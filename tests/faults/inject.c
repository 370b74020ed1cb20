/* inject.c - one command of the tool, run again and again: each call of the
 * system and each allocation fails in turn
 *
 * Usage   inject NAME FOLDER ARGUMENTS.. :: ARGUMENTS OF THE NEXT RUN..
 *         inject --tool ARGUMENTS..                     (is the tool itself)
 *
 * FOLDER has what the command finds: inputs, older results.  It is run in a
 * copy without a failure, which tells what results look like and which contents
 * each file has on the way; then with a failure at call n, for every kind of
 * failure and every n.  After each, of what there is then:
 *
 *   exit code 0: all is as without the failure, bit by bit, and so is what was
 *     printed; nothing temporary is left
 *   else the code is the one that is documented; one line names the file and the
 *     system's reason; each file has contents that it had before or has without
 *     the failure; of a log a beginning; a model loads, as old or as new
 *   then the next run, without a failure, ends well, and all is as after both
 *     without any, bit by bit, with nothing temporary
 *
 * Prints a line for each kind of failure.  FAULTS_MOST=n in the environment
 * tries at most so many calls of a kind, evenly; FAULTS_ONLY=EIO one kind.
 * FAULTS_PLACES=FILE, with glibc: once each call that comes from another place
 * of the tool than all before it, those of the commands before, too, which are
 * in FILE.  A place is all return addresses in the tool up to main.          */
#include "system.h"
#include "../../sppo.h"
#include "tree.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

int sppo_main(int argc, char **argv);

enum { ARGUMENTS = 40, STATES = 512, SHOWN = 6, DEEP = 48,
       PLACES = 1 << 16, CALLS = 1 << 18 };

typedef struct command {
    const char *name;
    char *first[ARGUMENTS], *next[ARGUMENTS];
    int count, next_count;
} command;

/* Contents that a file had in a run without failures; size -1: it was gone. */
typedef struct state {
    char path[TREE_PATH];
    long size;
    uint64_t digest;
} state;

/* What a run left, besides files. */
typedef struct outcome {
    int code, signal;
    char *out, *err;
    long count, failed, blocks, open;
    char name[40], path[TREE_PATH];  // of the first call that failed
    char *notes;                     // of all that did, lines of these
} outcome;

static command job;
static char scratch[TREE_PATH], sandbox[TREE_PATH];
static tree before, after, later, now, then;
static state states[STATES];
static int state_count, kind_failures, failures, shown;
static long injections;
static char *printed;
static long stays_open;  // the lock of a run, until its process ends
static uint64_t place_seen[PLACES];
static int place_count;
static const char *place_kind, *places;

static const char *in_scratch(const char *name)
{
    static char path[2 * TREE_PATH];

    snprintf(path, sizeof path, "%s/%s", scratch, name);
    return path;
}

/* ---- in the child ---- */

static FILE *notes;  // what the parent is told

/* The contents of a file as they are after a call. */
static void note_state(const char *path)
{
    size_t size = 0;
    char *data;

    if (access(path, F_OK)) {
        fprintf(notes, "state %s -1 0\n", path);
        return;
    }
    data = tree_read(path, &size);
    fprintf(notes, "state %s %ld %llu\n", path, (long)size,
            (unsigned long long)sppo_digest(0, data, size));
    free(data);
}

static void note_call(const fault_call *c)
{
    if (!strcmp(c->name, "rename") && c->result == 0)
        note_state(c->to);
    if (!strcmp(c->name, "remove") && c->result == 0)
        note_state(c->path);
    if (!strcmp(c->name, "open") && (c->flags & O_CREAT) && c->result >= 0)
        note_state(c->path);
    if (!strcmp(c->name, "open") && (c->flags & O_APPEND))
        fprintf(notes, "log %s\n", c->path);
}

static void note_failure(const fault_call *c)
{
    if (c->fails)
        fprintf(notes, "failed %s %s\n", c->name, *c->path ? c->path : "-");
}

/* Return addresses, the innermost first; 0: nobody knows. */
static int place_frames(void *frame[DEEP])
{
#ifdef __GLIBC__
    return backtrace(frame, DEEP);
#else
    return frame[0] = NULL, 0;
#endif
}

/* Where in the tool a call is made or the library is called that makes it: the
 * tool is linked before fault_begin, all else behind it.                    */
static uint64_t place_here(void)
{
    void *frame[DEEP];
    uint64_t hash = sppo_digest(0, place_kind, strlen(place_kind));
    const int n = place_frames(frame);
    int i;

    for (i = 0; i < n; i++) {
        const uint64_t back = (uint64_t)((uintptr_t)fault_begin -
                                         (uintptr_t)frame[i]);
        if (back < 1 << 30)
            hash = sppo_digest(hash, &back, sizeof back);
    }
    return hash;
}

static int place_is_new(uint64_t hash)
{
    int i;

    for (i = 0; i < place_count; i++)
        if (place_seen[i] == hash)
            return 0;
    if (place_count < PLACES)
        place_seen[place_count++] = hash;
    return 1;
}

static void note_place(long n)
{
    const uint64_t hash = place_here();

    if (place_is_new(hash))
        fprintf(notes, "place %ld %llu\n", n, (unsigned long long)hash);
}

static void redirect(int fd, const char *name, int flags)
{
    const int file = open(name, flags, 0666);

    if (file < 0 || dup2(file, fd) < 0)
        _exit(99);
    close(file);
}

static void child(char **argv, int argc, fault_plan plan, int watch)
{
    int code;

    if (chdir(sandbox))
        _exit(99);
    redirect(0, getenv("FAULTS_STDIN") ? getenv("FAULTS_STDIN") : "/dev/null",
             O_RDONLY);
    redirect(1, in_scratch("out"), O_WRONLY | O_CREAT | O_TRUNC);
    redirect(2, in_scratch("err"), O_WRONLY | O_CREAT | O_TRUNC);
    notes = fopen(in_scratch("notes"), "wb");
    if (!notes)
        _exit(99);
    alarm(60);
    plan.after = watch ? note_call : note_failure;
    plan.unsynced = 1;  // nobody cuts the power
    fault_begin(&plan);
    code = sppo_main(argc, argv);
    fflush(stdout);
    fprintf(notes, "count %ld %ld %ld %ld\n", fault_count, fault_failed,
            fault_blocks, fault_open_count);
    fclose(notes);
    _exit(code);
}

/* ---- in the parent ---- */

static void outcome_free(outcome *o)
{
    free(o->out);
    free(o->err);
    free(o->notes);
    memset(o, 0, sizeof *o);
}

static void keep_state(const char *line)
{
    state *s = &states[state_count];
    unsigned long long digest;

    if (state_count == STATES)
        tree_die("too many states", job.name);
    if (sscanf(line, "state %399s %ld %llu", s->path, &s->size, &digest) == 3) {
        s->digest = (uint64_t)digest;
        state_count++;
    } else if (sscanf(line, "log %399s", s->path) == 1) {
        s->size = -2;
        state_count++;
    }
}

static void outcome_read(outcome *o, int status, int watch)
{
    size_t size;
    const char *line;

    o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    o->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    o->out = tree_read(in_scratch("out"), &size);
    o->err = tree_read(in_scratch("err"), &size);
    o->notes = tree_read(in_scratch("notes"), &size);
    for (line = o->notes; *line; line += strcspn(line, "\n") + 1) {
        if (watch)
            keep_state(line);
        if (!o->name[0])
            sscanf(line, "failed %39s %399s", o->name, o->path);
        sscanf(line, "count %ld %ld %ld %ld", &o->count, &o->failed,
               &o->blocks, &o->open);
    }
}

static void run(outcome *o, char **argv, int argc, fault_plan plan, int watch)
{
    int status = 0;
    pid_t pid;

    outcome_free(o);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        child(argv, argc, plan, watch);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        tree_die("cannot be run", job.name);
    outcome_read(o, status, watch);
}

static void back_to_the_beginning(void)
{
    tree_look(&now, sandbox);
    tree_restore(&before, &now, sandbox);
}

/* ---- what must hold ---- */

static char complaint[4 * TREE_PATH];

static int complain(const char *what, const char *path)
{
    snprintf(complaint, sizeof complaint, "%s%s%.700s", what,
             *path ? ": " : "", path);
    return 0;
}

static int is_temporary(const char *path)
{
    const size_t n = strlen(path);

    return n > 5 && (!strcmp(path + n - 4, ".tmp") ||
                     !strcmp(path + n - 5, ".next"));
}

static uint64_t model_in(tree *t, const char *weights);

/* The same bytes; or the same model, whose weights note what another save found
 * and removed.                                                              */
static int are_equal(const tree_file *f, tree *a, tree *b)
{
    const size_t n = strlen(f->path);

    return tree_same(f, tree_find(b, f->path)) ||
           (n > 18 && !strcmp(f->path + n - 18, "/model.safetensors") &&
            model_in(a, f->path) == model_in(b, f->path));
}

static int trees_are_same(tree *a, tree *b, const char *when)
{
    char text[TREE_PATH + 60];
    int i;

    for (i = 0; i < a->count; i++)
        if (!are_equal(&a->file[i], a, b)) {
            snprintf(text, sizeof text, "%s, %s", when,
                     tree_find(b, a->file[i].path) ? "another" : "not there");
            return complain(text, a->file[i].path);
        }
    for (i = 0; i < b->count; i++)
        if (!tree_find(a, b->file[i].path)) {
            snprintf(text, sizeof text, "%s, left", when);
            return complain(text, b->file[i].path);
        }
    return 1;
}

/* Whether a file may have these contents, or be gone: f NULL. */
static int had(const char *path, const tree_file *f)
{
    const tree_file *end = tree_find(&after, path);
    int i, log = 0;

    if (f && tree_same(f, tree_find(&before, path)))
        return 1;
    for (i = 0; i < state_count; i++) {
        if (strcmp(states[i].path, path))
            continue;
        log |= states[i].size == -2;
        if (f ? states[i].size == (long)f->size &&
                    states[i].digest == sppo_digest(0, f->data, f->size)
              : states[i].size == -1)
            return 1;
    }
    return log && f && end && f->size <= end->size &&
           !memcmp(f->data, end->data, f->size);
}

static int files_are_whole(void)
{
    int i;

    for (i = 0; i < now.count; i++) {
        const tree_file *f = &now.file[i];

        if (!f->folder && !is_temporary(f->path) && !had(f->path, f))
            return complain("neither old nor new", f->path);
    }
    for (i = 0; i < before.count; i++) {
        const tree_file *f = &before.file[i];

        if (!f->folder && !tree_find(&now, f->path) && !had(f->path, NULL))
            return complain("lost", f->path);
    }
    return 1;
}

/* A model's numbers and what belongs to it, or 0: it cannot be loaded. */
static uint64_t model_digest(const char *folder)
{
    static const fault_plan none;
    sppo_file files[32];
    sppo_ctx ctx;
    sppo_model model;
    uint64_t digest = 1;
    int i, n;

    fault_begin(&none);
    memset(&ctx, 0, sizeof ctx);
    memset(&model, 0, sizeof model);
    memset(files, 0, sizeof files);
    for (n = 0; sppo_companion(n); n++)
        files[n].name = sppo_companion(n);
    if (sppo_model_load_with(&ctx, &model, folder, 0, files, n)) {
        snprintf(complaint, sizeof complaint, "%s", ctx.message);
        return 0;
    }
    digest = sppo_digest(digest, &model.config, sizeof model.config);
    digest = sppo_digest(digest, model.weights,
                         model.count * sizeof *model.weights);
    for (i = 0; i < n; i++)
        if (files[i].data)
            digest = sppo_digest(sppo_digest(digest, files[i].name,
                                             strlen(files[i].name)),
                                 files[i].data, files[i].size);
    sppo_files_free(&ctx, files, n);
    sppo_model_free(&ctx, &model);
    return digest ? digest : 1;
}

/* Of a folder as it is in a tree; there is none: 0. */
static uint64_t model_in(tree *t, const char *weights)
{
    char folder[2 * TREE_PATH];
    uint64_t digest;

    if (!tree_find(t, weights))
        return 0;
    tree_look(&then, sandbox);
    tree_restore(t, &then, sandbox);
    snprintf(folder, sizeof folder, "%s/%.*s", sandbox,
             (int)(strrchr(weights, '/') - weights), weights);
    digest = model_digest(folder);
    tree_look(&then, sandbox);
    tree_restore(t, &then, sandbox);
    return digest;
}

static int models_load(void)
{
    static const char weights[] = "/model.safetensors";
    char what[TREE_PATH + 40];
    int i;

    for (i = 0; i < now.count; i++) {
        const char *path = now.file[i].path;
        const char *end = strstr(path, weights);
        uint64_t is;

        if (!end || end[sizeof weights - 1])
            continue;
        complaint[0] = 0;
        is = model_in(&now, path);
        if (is && (is == model_in(&before, path) ||
                   is == model_in(&after, path))) {
            tree_look(&then, sandbox);
            tree_restore(&now, &then, sandbox);
            continue;
        }
        snprintf(what, sizeof what, "%s is no model, old or new", path);
        memmove(complaint + 200, complaint, strlen(complaint) + 1);
        return complain(what, complaint + 200);
    }
    return 1;
}

/* What the line must name: the file, not what it is called on its way. */
static void final_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    char *dot;
    size_t n;

    snprintf(out, size, "%s", slash && slash[1] ? slash + 1 : path);
    while (is_temporary(out)) {
        dot = strrchr(out, '.');
        *dot = 0;
        dot = strrchr(out, '.');
        n = dot ? strspn(dot + 1, "0123456789") : 0;
        if (n && !dot[1 + n])
            *dot = 0;
    }
}

/* Whether the line has the reason that the system gave. */
static int says_why(int error, const char *line)
{
    return error > 0 ? strstr(line, strerror(error)) != NULL
         : error != FAULT_SHORT || strstr(line, strerror(EIO)) ||
           strstr(line, strerror(ENOSPC));
}

/* Whether the line names a file of which a call failed. */
static int names_a_file(const outcome *o)
{
    char path[TREE_PATH], name[TREE_PATH];
    const char *line;

    for (line = o->notes; *line; line += strcspn(line, "\n") + 1) {
        if (sscanf(line, "failed %*s %399s", path) != 1)
            continue;
        final_name(path, name, sizeof name);
        if (strstr(o->err, strcmp(name, "-") ? name : "judge"))
            return 1;
    }
    return 0;
}

static int message_is_good(int error, const outcome *o)
{
    const int lines = error == FAULT_ALLOC || error == ENOMEM ? 2 : 1;
    const char *at;
    int n = 0;

    for (at = o->err; *at; at++)
        n += *at == '\n';
    if (strncmp(o->err, "sppo ", 5) || n != lines || o->err[strlen(o->err) - 1]
        != '\n')
        return complain("not one line", o->err);
    if (error == FAULT_ALLOC)
        return strstr(o->err, "out of memory") ||
               complain("does not say it", o->err);
    if (o->code == 7)
        return strstr(o->err, "locked") || complain("no lock", o->err);
    if (!names_a_file(o))
        return complain("names not the file", o->err);
    return o->code == 1 || says_why(error, o->err) ||
           complain("no reason", o->err);
}

/* What POSIX lets a signal or a small buffer do to a call that can simply be
 * repeated is no failure; but of a stream for writing nobody knows what was
 * lost with it.                                                             */
static int must_go_on(int error, const outcome *o)
{
    static const char repeatable[] = " fopen fread fclose open close read "
                                     "write fsync flock closedir ";
    char word[50];

    snprintf(word, sizeof word, " %s ", o->name);
    return (error == EINTR && strstr(repeatable, word)) ||
           (error == FAULT_SHORT && strstr(" read write ", word));
}

static int code_is_documented(int error, const outcome *o)
{
    const int code = error == FAULT_ALLOC || error == ENOMEM ? 4 : 5;
    char text[60];

    if (o->code == code ||
        (o->code == 7 && error == EACCES && !strcmp(o->name, "fcntl")) ||
        (o->code == 1 && strstr(o->notes, " -\n")))
        return 1;
    snprintf(text, sizeof text, "exit code %d", o->code);
    return complain(text, o->err);
}

/* A judge says to who asked that a request takes more memory than there is. */
static int is_an_answer(int error, const outcome *o)
{
    return error == FAULT_ALLOC && o->code == 3 &&
           !strncmp(o->out, "{", 1) && strstr(o->out, "\"error\": \"") &&
           strstr(o->out, "out of memory");
}

/* After a run in which a call failed. */
static int holds(int error, int ever, const outcome *o)
{
    static const fault_plan none;
    static outcome again;
    char text[60];

    snprintf(text, sizeof text, "ended by signal %d", o->signal);
    if (o->signal)
        return complain(text, "");
    if (o->blocks || o->open > stays_open) {
        snprintf(text, sizeof text, "%ld blocks, %ld files left open",
                 o->blocks, o->open);
        return complain(text, o->err);
    }
    tree_look(&now, sandbox);
    if (o->code == 0)
        return (!strcmp(o->out, printed) || complain("printed", o->out)) &&
               (!*o->err || complain("exit 0 and says", o->err)) &&
               trees_are_same(&after, &now, "exit 0");
    if (!ever && must_go_on(error, o))
        return complain("must go on", o->err);
    if (!is_an_answer(error, o) &&
        (!code_is_documented(error, o) || !message_is_good(error, o)))
        return 0;
    if (!files_are_whole() || !models_load())
        return 0;
    run(&again, job.next, job.next_count, none, 0);
    tree_look(&now, sandbox);
    if (again.code)
        return complain("the next run", again.err);
    return trees_are_same(&later, &now, "after the next run");
}

/* ---- all of them ---- */

static void inject(const char *kind, int error, int ever, long n)
{
    static outcome o;
    fault_plan plan;

    memset(&plan, 0, sizeof plan);
    plan.error = error;
    plan.ever = ever;
    plan.at = n;
    back_to_the_beginning();
    run(&o, job.first, job.count, plan, 0);
    injections++;
    if (holds(error, ever, &o))
        return;
    kind_failures++;
    if (shown++ < SHOWN || getenv("FAULTS_VERBOSE"))
        printf("  %s %s at %ld%s, %s %s: %s%s", job.name, kind, n,
               ever ? " for ever" : "", o.name, o.path, complaint,
               strchr(complaint, '\n') ? "" : "\n");
}

static long common(long a, long b) { return b ? common(b, a % b) : a; }

/* Up to FAULTS_MOST calls of all, evenly spread; returns how many. */
static long calls_spread(long *call, long all, int ever)
{
    const char *given = getenv("FAULTS_MOST");
    const long most = given ? atol(given) : CALLS;
    const long tries = all < most ? all : most < CALLS ? most : CALLS;
    long stride = 1, i;

    if (tries < all)
        for (stride = all / tries; common(stride, all) > 1;)
            stride++;
    for (i = 0; i < tries; i++)
        call[i] = 1 + (i * stride + (ever ? stride / 2 : 0)) % all;
    return tries;
}

/* Those of the notes that are of a new place. */
static long calls_placed(long *call, const char *line)
{
    unsigned long long hash;
    long tries = 0;

    for (; *line; line += strcspn(line, "\n") + 1)
        if (tries < CALLS &&
            sscanf(line, "place %ld %llu", &call[tries], &hash) == 2)
            tries += place_is_new((uint64_t)hash);
    return tries;
}

static void each_kind(const char *kind, int error, int ever)
{
    static outcome o;
    static long call[CALLS];
    long tries, i;
    fault_plan plan;

    memset(&plan, 0, sizeof plan);
    plan.error = error;
    plan.counted = places ? note_place : NULL;
    place_kind = kind;
    back_to_the_beginning();
    run(&o, job.first, job.count, plan, 0);
    tries = places ? calls_placed(call, o.notes)
                   : calls_spread(call, o.count, ever);
    kind_failures = shown = 0;
    for (i = 0; i < tries; i++)
        inject(kind, error, ever, call[i]);
    failures += kind_failures;
    if (tries)
        printf("%-4s  %-12s %-6s %-4s  %5ld of %5ld calls, %d wrong\n",
               kind_failures ? "FAIL" : "ok", job.name, kind,
               ever ? "ever" : "once", tries, o.count, kind_failures);
}

/* The places of a file, and into it those that are new. */
static void places_begin(void)
{
    FILE *file = places ? fopen(places, "r") : NULL;
    unsigned long long hash;

    while (file && fscanf(file, "%llu", &hash) == 1)
        place_is_new((uint64_t)hash);
    if (file)
        fclose(file);
}

static void places_end(void)
{
    FILE *file = places ? fopen(places, "w") : NULL;
    int i;

    for (i = 0; file && i < place_count; i++)
        fprintf(file, "%llu\n", (unsigned long long)place_seen[i]);
    if (file && fclose(file))
        tree_die("cannot be written", places);
}

/* The runs without a failure. */
static void reference(void)
{
    static const fault_plan none;
    static outcome o;

    back_to_the_beginning();
    run(&o, job.first, job.count, none, 1);
    if (o.code || o.signal || *o.err)
        tree_die(o.err, "the run without a failure");
    printed = strdup(o.out);
    stays_open = o.open;
    tree_look(&after, sandbox);
    run(&o, job.next, job.next_count, none, 0);
    if (o.code || o.signal)
        tree_die(o.err, "the next run without a failure");
    tree_look(&later, sandbox);
}

static void arguments(int argc, char **argv)
{
    static char tool[] = "sppo";
    int i, second = 0;

    job.first[job.count++] = job.next[job.next_count++] = tool;
    for (i = 3; i < argc; i++)
        if (!strcmp(argv[i], "::"))
            second = 1;
        else if (second)
            job.next[job.next_count++] = argv[i];
        else
            job.first[job.count++] = argv[i];
    if (job.count < 2 || job.next_count < 2 || job.count >= ARGUMENTS ||
        job.next_count >= ARGUMENTS)
        tree_die("usage: NAME FOLDER ARGUMENTS.. :: ARGUMENTS..", argv[0]);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; int ever; } kinds[] = {
        { "EIO", 0 }, { "EIO", 1 }, { "ENOSPC", 0 }, { "ENOSPC", 1 },
        { "EACCES", 0 }, { "EACCES", 1 }, { "EMFILE", 0 }, { "EMFILE", 1 },
        { "ENOLCK", 0 }, { "ENOLCK", 1 }, { "ENOMEM", 0 }, { "ENOMEM", 1 },
        { "EINTR", 0 }, { "SHORT", 0 }, { "SHORT", 1 }, { "CUT", 0 },
        { "ALLOC", 0 }, { "ALLOC", 1 }
    };
    const char *only = getenv("FAULTS_ONLY");
    size_t i;

    places = getenv("FAULTS_PLACES");
    if (places && !*places)
        places = NULL;
    if (argc > 1 && !strcmp(argv[1], "--tool"))
        return sppo_main(argc - 1, argv + 1);
    if (argc < 6)
        tree_die("usage: NAME FOLDER ARGUMENTS.. :: ARGUMENTS..", argv[0]);
    job.name = argv[1];
    arguments(argc, argv);
    snprintf(scratch, sizeof scratch, "%s.scratch", argv[2]);
    snprintf(sandbox, sizeof sandbox, "%s.scratch/work", argv[2]);
    mkdir(scratch, 0777);
    mkdir(sandbox, 0777);
    tree_look(&before, argv[2]);
    reference();
    places_begin();
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((!only || !strcmp(only, kinds[i].name)) &&
            !(places && kinds[i].ever))
            each_kind(kinds[i].name, fault_error(kinds[i].name),
                      kinds[i].ever);
    places_end();
    printf("%s: %ld injections, %d wrong\n", job.name, injections, failures);
    return failures > 0;
}
