/* power_tool.c - the commands of the tool when the process is killed and when
 * the power is cut: what they write is the old thing or the new one, and a run
 * goes on to the same bits
 *
 * The tool is in this program (its main is sppo_main).  A command runs to its
 * end once, which says what there should be.  Then it is killed before each of
 * its calls that change something; and the power is cut after each of them:
 * disk.h says what may then be on the disk.  After that
 *
 *   a command that writes one thing   leaves the old thing or the new one, as
 *       `look` finds it, a command that reads it; after it has said that it is
 *       done, the new one; and again, it leaves the new one and nothing else
 *   a run   goes on by its --resume and comes to the same files, all of them,
 *       to the bit; where it had not begun, for there is no settings.json, it
 *       begins anew and does; over an older run, it may also be that run, as it
 *       was.  After it has said that it is done, its model is there.
 *
 * Run      power_tool FOLDER [part of a case's name]
 *          power_tool sppo ARGUMENTS..    the tool as it is
 *          FOLDER/in holds what the commands read; they run in FOLDER/live,
 *          which is written over.  Of the kills of a case, and of its states, so many
 *          are tried, evenly: MOST=n in the environment, or all: ALL=1.
 *          FIRST=killed or FIRST=cut: that alone, and one failure is enough
 * Prints   for each case how many there are and were tried; at the end "N
 *          passed, N failed, N skipped"                                      */
#define _DEFAULT_SOURCE
#include "system.h"

#include "../check.h"
#include "disk.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/wait.h>

int sppo_main(int argc, char **argv);

static const struct command {
    const char *name;
    const char *before[4];  // makes the older thing
    const char *command;
    const char *again;      // goes on
    const char *look;       // of one thing: makes the file or folder `seen`
    const char *thing;      // what is compared, file or folder
    const char *model;      // of a run: is there at the end
} commands[] = {
    { "tokenizer",
      { "tokenizer --text ../in/a.txt --vocab 262 --out it" },
      "tokenizer --text ../in/b.txt --vocab 262 --out it --force", NULL,
      "", "it", NULL },
    { "convert",
      { "convert --from ../in/a --to it" },
      "convert --from ../in/b --to it --force", NULL,
      "convert --from it --to seen", "it", NULL },
    { "convert_to_new",
      { NULL }, "convert --from ../in/b --to new/it", NULL,
      "convert --from new/it --to seen", "new/it", NULL },
    { "convert_to_bin",
      { "convert --from ../in/a --to it.bin" },
      "convert --from ../in/b --to it.bin --force", NULL, "", "it.bin", NULL },
    { "convert_from_bin",
      { "convert --from ../in/a --to it" },
      "convert --from ../in/b.model.bin --tokenizer ../in/b.bin --to it "
      "--force", NULL, "convert --from it --to seen", "it", NULL },
#define PRETRAIN "pretrain --text ../in/a.txt --tokenizer ../in/a.bin " \
        "--dim 4 --layers 1 --heads 1 --hidden 4 --context 40 --batch 4 " \
        "--pass-tokens 64 --lr 2e-2 --save-seconds 0 --out run "
    { "pretrain",
      { NULL }, PRETRAIN "--steps 5", "pretrain --resume --out run",
      NULL, "run", "run/model.safetensors" },
    { "pretrain_over_a_finished_run",
      { PRETRAIN "--steps 3 --seed 2" },
      PRETRAIN "--steps 4 --force", "pretrain --resume --out run",
      NULL, "run", "run/model.safetensors" },
#define PREFER "prefer --policy ../in/a --preferences ../in/rows.jsonl " \
        "--epochs 1 --batch 2 --holdout 0 --save-seconds 0 --out run "
    { "prefer",
      { NULL }, PREFER, "prefer --resume --out run",
      NULL, "run", "run/model.safetensors" },
#define ALIGN "align --policy ../in/a --preference ../in/taste --prompts " \
        "../in/few.jsonl --k 2 --max-tokens 4 --epochs 1 --batch 2 " \
        "--save-seconds 0 --out run "
    { "align",
      { NULL }, ALIGN "--iterations 2 --validation ../in/few.jsonl "
      "--samples 2", "align --resume --out run", NULL, "run",
      "run/policy/model.safetensors" },
    { "align_over_a_finished_run",
      { ALIGN "--iterations 1 --seed 2" },
      ALIGN "--iterations 1 --force", "align --resume --out run",
      NULL, "run", "run/policy/model.safetensors" },
    { "align_with_more_iterations",
      { ALIGN "--iterations 1" },
      "align --resume --out run --iterations 2",
      "align --resume --out run --iterations 2", NULL, "run",
      "run/policy/model.safetensors" },
    { "align_shard",
      { NULL }, ALIGN "--iterations 1 --phase sample --shard 1/2", NULL,
      "", "run/shards/iter1.sample.1of2.jsonl", NULL },
#define SHARD(phase, i) ALIGN "--iterations 1 --phase " phase " --shard " i "/2"
    { "align_merged",
      { SHARD("sample", "1"), SHARD("sample", "2"), SHARD("judge", "1"),
        SHARD("judge", "2") },
      ALIGN "--iterations 1 --phase fit --merge 2 --resume",
      ALIGN "--iterations 1 --phase fit --merge 2 --resume", NULL, "run",
      "run/policy/model.safetensors" }
};

static const struct command *now;
static char home[PATH_MAX], live[PATH_MAX + 8], said[PATH_MAX + 8];
static long most = 40;             // kills and states that are tried of a case
static const char *first;          // FIRST
static uint64_t old_one, new_one;  // what is compared, as one number
static uint64_t end_one, end_model;  // what a run came to that was done
static uint64_t new_names;
static uint64_t old_seen, new_seen;
static int done;                   // it has said that it is done
static long states, tried, stride, at_call, killed_at;

static void stop(const char *why)
{
    perror(why);
    exit(2);
}

static int is_enough(void) { return first && check_failures; }

static void enter(const char *folder)
{
    if (chdir(folder))
        stop(folder);
}

/* ---- what is there ---- */

static uint64_t file_digest(const char *path, uint64_t hash)
{
    unsigned char block[16384];
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file)
        return 0;
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        hash = disk_mix(hash, block, n);
    fclose(file);
    return hash | 1;
}

/* Names and, unless they alone are asked for, bytes of a file or of all below a
 * folder, but for locks and times; 0: there is nothing.                     */
static uint64_t digest_of(const char *path, int bytes)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char below[PATH_MAX];
    uint64_t sum = 1;

    if (!folder)
        return bytes ? file_digest(path, 0xcbf29ce484222325u) : 1;
    while ((entry = readdir(folder)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            !strcmp(entry->d_name, "lock") ||
            !strcmp(entry->d_name, "timing.csv"))
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        sum += disk_mix(digest_of(below, bytes), entry->d_name,
                        strlen(entry->d_name));
    }
    closedir(folder);
    return sum;
}

static uint64_t digest(const char *path) { return digest_of(path, 1); }

static void list(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char below[PATH_MAX];

    while (folder && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        printf(" %s:%04x", below, (unsigned)(digest(below) & 0xffff));
        list(below);
    }
    if (folder)
        closedir(folder);
}

/* ---- commands ---- */

/* In a child of its own, in live.  kill -1: nobody watches; 0: to its end. */
static int run(const char *command, long kill)
{
    char words[1024], *argv[64];
    int argc = 1, status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        snprintf(words, sizeof words, "%s", command);
        argv[0] = words;
        for (argv[1] = strtok(words, " "); argv[argc]; )
            argv[++argc] = strtok(NULL, " ");
        enter(live);
        if (!freopen(said, "w", stdout) || !freopen(said, "a", stderr))
            _exit(126);
        if (kill >= 0)
            journal_watch(kill);
        status = sppo_main(argc, argv);
        if (kill >= 0 && status == 0)
            journal_done();
        _exit(status);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The last line of what it said. */
static void show(const char *path)
{
    char line[400] = "";
    FILE *file = fopen(path, "r");

    while (file && fgets(line, sizeof line, file))
        ;
    printf("      %s\n", line);
    if (file)
        fclose(file);
}

static int wrong(const char *what)
{
    char text[200];

    snprintf(text, sizeof text, "%s, call %ld, killed at %ld: %s", now->name,
             at_call, killed_at, what);
    if (check_failures < CHECK_SHOWN) {
        printf("   %s\n   ", disk_story());
        list(".");
        printf("\n");
        show(said);
    }
    return check_that(0, text, __FILE__, __LINE__);
}

/* ---- after a kill or a cut ---- */

static uint64_t seen(void)
{
    uint64_t found;

    if (!now->look[0])
        return digest(now->thing);
    folder_clear("seen");
    rmdir("seen");
    if (run(now->look, -1) != 0)
        return digest("seen");
    found = digest("seen");
    folder_clear("seen");
    rmdir("seen");
    return found;
}

static int judge_thing(void)
{
    const uint64_t found = seen();
    char force[1024];

    if (found != new_seen && (done || found != old_seen))
        return wrong(found == old_seen ? "the old one, though the new one was "
                                         "said to be written"
                                       : "neither the old one nor the new");
    snprintf(force, sizeof force, "%s%s", now->command,
             strstr(now->command, "--force") ? "" : " --force");
    if (run(force, -1) != 0)
        return wrong("cannot be done again");
    if (seen() != new_seen || digest_of(now->thing, 0) != new_names)
        return wrong("done again, it leaves something else");
    return 1;
}

static int judge_run(void)
{
    const int begun = access("run/settings.json", F_OK) == 0;
    char force[1024];
    uint64_t found;
    int code;

    if (done && digest(now->model) != end_model)
        return wrong("it was said to be done, and the model is not there");
    code = run(now->again, -1);
    if (code != 0 && !begun) {
        snprintf(force, sizeof force, "%s%s", now->command,
                 strstr(now->command, "--force") ? "" : " --force");
        code = run(force, -1);
    }
    if (code != 0)
        return wrong("does not go on");
    found = digest(now->thing);
    if (done ? found != end_one : found != new_one && found != old_one)
        return wrong("goes on to something else");
    return 1;
}

static void judge_live(void)
{
    tried++;
    check_count++;
    enter(live);
    if (now->look)
        judge_thing();
    else
        judge_run();
    enter(home);
}

static void count_state(void *user, disk_order order)
{
    (void)user, (void)order;
    states++;
}

static void judge_state(void *user, disk_order order)
{
    (void)user, (void)order;
    if (states++ % stride || is_enough())
        return;
    disk_write(live);
    judge_live();
}

/* ---- a case ---- */

static void begin_live(void)
{
    int i;

    folder_clear(live);
    mkdir(live, 0777);
    for (i = 0; i < 4 && now->before[i]; i++)
        if (run(now->before[i], -1) != 0) {
            show(said);
            stop(now->before[i]);
        }
    disk_read(live);
}

static int learn(void)
{
    int code;

    begin_live();
    enter(live);
    old_one = digest(now->thing);
    old_seen = now->look ? seen() : 0;
    code = run(now->command, -1);
    new_one = digest(now->thing);
    new_names = digest_of(now->thing, 0);
    new_seen = now->look ? seen() : 0;
    end_one = new_one;
    end_model = now->model ? digest(now->model) : 0;
    enter(home);
    if (code != 0)
        show(said);
    return CHECK(code == 0) && CHECK(old_one != new_one) &&
           CHECK(!now->look || new_seen) && CHECK(!now->model || end_model);
}

static void killed(void)
{
    long n, step;
    const long before = tried;

    begin_live();
    journal_clear();
    CHECK(run(now->command, 0) == 0);
    step = 1 + (journal_changes() - 1) / most;
    states = journal_changes();
    for (n = 1; n <= states && !is_enough(); n += step) {
        killed_at = n;
        begin_live();
        journal_clear();
        if (!CHECK(run(now->command, n) == 137))
            return;
        done = 0;
        judge_live();
    }
    killed_at = 0;
    printf("  killed at %ld of %ld calls;", tried - before, states);
}

/* Every state after every call of the journal, from one of them on. */
static void replay(int from, disk_look look)
{
    int i;

    disk_seen_clear();
    done = 0;
    states = 0;
    for (i = 0; i < journal_count(); i++) {
        const journal_record *r = journal_at(i);

        disk_apply(r);
        if (i < from || r->op == JOURNAL_PROCESS ||
            (r->op == JOURNAL_BUFFER && r[1].op == JOURNAL_BUFFER))
            continue;
        done |= r->op == JOURNAL_DONE;
        at_call = i;
        disk_states((uint64_t)done, most > 1000000 ? 64 : 8, look, NULL);
    }
}

/* So many of the states of the journal from there on, which is of a command in
 * a folder as begin_live makes it.                                          */
static void try_states(int from, long so_many)
{
    begin_live();
    replay(from, count_state);
    stride = 1 + (states - 1) / so_many;
    begin_live();
    replay(from, judge_state);
}

static void cut(void)
{
    const long before = tried;

    begin_live();
    journal_clear();
    CHECK(run(now->command, 0) == 0);
    try_states(0, most);
    printf(" power cut: %ld of %ld states;", tried - before, states);
}

/* A run that was killed goes on, and the power is cut. */
static void cut_again(void)
{
    enum { KILLS = 10 };
    const long before = tried;
    long n, calls, all = 0;
    int from;

    begin_live();
    journal_clear();
    run(now->command, 0);
    calls = journal_changes();
    for (n = 1 + calls / (2 * KILLS); n <= calls; n += 1 + calls / KILLS) {
        begin_live();
        journal_clear();
        run(now->command, n);
        from = journal_count();
        if (run(now->again, 0) != 0)
            continue;  // it had not begun
        enter(live);
        end_one = digest(now->thing);
        end_model = digest(now->model);
        enter(home);
        CHECK(end_one == new_one || end_one == old_one);
        killed_at = n;
        try_states(from, 1 + most / KILLS);
        all += states;
    }
    killed_at = 0;
    printf(" killed, gone on, power cut: %ld of %ld states", tried - before,
           all);
}

static void run_case(void)
{
    if (!learn())
        return;
    if (!first || *first == 'k')
        killed();
    if (!first || *first == 'c')
        cut();
    if (now->again && !first)
        cut_again();
    printf("\n");
}

int main(int argc, char **argv)
{
    check_case one = { NULL, run_case };
    int i, count[256] = { 0 };

    if (argc > 1 && !strcmp(argv[1], "sppo"))
        return sppo_main(argc - 1, argv + 1);
    if (argc < 2 || !realpath(argv[1], home)) {
        fprintf(stderr, "usage: power_tool FOLDER [NAME]\n");
        return 2;
    }
    if (getenv("MOST"))
        most = atol(getenv("MOST"));
    if (getenv("ALL"))
        most = 1000000000;
    first = getenv("FIRST");
    snprintf(live, sizeof live, "%s/live", home);
    snprintf(said, sizeof said, "%s/said", home);
    journal_open();
    for (i = 0; i < COUNT(commands); i++) {
        now = &commands[i];
        one.name = now->name;
        if (!check_wanted(now->name, argc > 2 ? argv[2] : ""))
            continue;
        count[check_run(&one)]++;
    }
    printf("%d passed, %d failed, %d skipped\n", count['p'], count['f'],
           count['s']);
    return count['f'] > 0 || count['p'] == 0;
}
