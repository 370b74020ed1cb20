/* repro.c - do the paper's claims hold? an experiment for a laptop
 *
 * Shows    base policies, preference models, SPPO, DPO and IPO on a small
 *          language with a gold judge: every claim of the paper's Section 5
 *          that so small a test can decide, several seeds, intervals, verdicts
 * Build    make build/reproduce
 * Run      make repro (5 minutes), repro-full (30), repro-second (30)
 * Try      build/reproduce full build/repro --claim b1
 *          (what that claim needs and is not on disk yet is run)
 * Read     repro_claims.h for the claims, repro_stat.h for the rule of a
 *          verdict, repro_lab.h for what is done
 *
 * Units of work (a seed's models, one alignment, one tournament) leave a file
 * in FOLDER/PLAN/SET; what is there is not done again, so an interrupted run
 * goes on.  Files older than the program are not trusted, unless the report
 * alone is asked for (--set none).  Units are spread over processes of one
 * thread each; the order changes no bit.
 *
 * Exit codes: 0 done, 1 failed, 2 usage. */

#define _POSIX_C_SOURCE 200809L  // fork, sysconf, clock_gettime

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"
#include "../instruct/instruct.h"
#include "../tool/length_control.h"
#include "../lessons/svg.h"
#include "../lessons/svg_heat.h"
#include "repro_stat.h"
#include "repro_lab.h"
#include "repro_cycle.h"
#include "repro_claims.h"
#include "repro_plot.h"
#include "repro_report.h"

static const plan plans[] = {
    { "full", 0, 0,   1,   5,   64, 3, 65, 1300, 16000,
      512,    4, 400, 200, 200, 6,  3, 1,  60,   16000 },
    { "quick", 0, 1,   1,   2,   64, 3, 65, 1200, 9600,
      256,     4, 200, 100, 100, 2,  1, 0,  60,   16000 },
    { "tiny", 0, 1, 1, 2, 16, 1, 6, 8, 128, 16, 2, 6, 4, 4, 1, 1, 0, 3, 320 }
};

enum work { PREPARE, CYCLE, TUNE, ALIGN, DUEL };

/* One unit of work. */
typedef struct unit {
    enum work work;
    int seed;
    int item;      // TUNE: method; ALIGN: of runs
    int setting;   // TUNE
    enum condition condition;  // TUNE, DUEL
} unit;

enum { MOST_UNITS = 4096 };

/* The program: one per process. */
typedef struct program {
    const plan *plan;     // of the set at hand
    const char *folder;
    const claim *only;    // NULL: all
    time_t built;         // files older than this are done again
    int wanted;           // the set that is done; SETS: none
    int jobs;             // 0: nothing is done, only read
    unit unit[MOST_UNITS];
    int units;
    store *found;         // of the set's stages that are over
    seed_set set[SETS];
} program;

/* ==== files of units ===================================================== */

static void unit_name(const unit *u, char name[64])
{
    switch (u->work) {
    case PREPARE:
        snprintf(name, 64, "base-%d", u->seed);
        return;
    case CYCLE:
        snprintf(name, 64, "cycle-%d", u->seed);
        return;
    case TUNE:
        tuning_name((enum method)u->item, u->setting, u->condition, name);
        return;
    case ALIGN:
        snprintf(name, 64, "%s-%d", runs[u->item].name, u->seed);
        return;
    case DUEL:
    default:
        snprintf(name, 64, "match%s-%d", condition_suffix[u->condition],
                 u->seed);
    }
}

static void unit_path(const program *g, const unit *u, char path[512])
{
    char name[64];

    unit_name(u, name);
    snprintf(path, 512, "%s/%s/%s/%s.csv", g->folder, g->plan->name,
             set_name[g->plan->set], name);
}

/* The settings of a unit's alignment; zero for other work. */
static setting unit_setting(program *g, const unit *u)
{
    const setting none = { 0.0, 0.0 };

    if (u->work == TUNE)
        return grid[u->item][u->setting];
    if (u->work == ALIGN)
        return chosen_setting(g->found, g->plan, runs[u->item].method,
                              runs[u->item].condition);
    return none;
}

/* The first line of its file: all that the result depends on, beside code. */
static void unit_heading(program *g, const unit *u, char line[256])
{
    const plan *p = g->plan;
    const setting s = unit_setting(g, u);

    snprintf(line, 256, "# sppo.h %s, plan %d %d %d %d %d %d %d %d %d %d %d "
             "%d %d, eta %g lr %g", sppo_version(), p->dim, p->layers,
             p->longest, p->base_steps, p->pairs,
             p->prompts, p->epochs, p->tests, p->skills, p->reranked, p->tuned,
             p->rounds, p->votes, s.eta, s.lr);
}

/* Reads a unit's file into the store; 0: it is not there, or of other settings
 * or older than the program.                                                */
static int unit_load(program *g, const unit *u, store *into)
{
    char path[512], heading[256], line[256], who[NAME_ROOM], metric[NAME_ROOM];
    struct stat about;
    double value;
    int seed, iteration, index, good = 1;
    FILE *in;

    unit_path(g, u, path);
    unit_heading(g, u, heading);
    if (stat(path, &about) != 0 || about.st_mtime < g->built)
        return 0;
    in = fopen(path, "r");
    if (in == NULL)
        return 0;
    if (fgets(line, sizeof line, in) == NULL ||
        strncmp(line, heading, strlen(heading)) != 0)
        good = 0;
    while (good && fgets(line, sizeof line, in)) {
        good = sscanf(line, "%d,%23[^,],%d,%23[^,],%d,%lf", &seed, who,
                      &iteration, metric, &index, &value) == 6
            && (into == NULL || store_add(into, seed, who, iteration, metric,
                                          index, value));
        if (!good) {
            fprintf(stderr, "repro: %s: this is not a row: %s", path, line);
            exit(1);
        }
    }
    fclose(in);
    return good;
}

/* Whole or not at all: to another name first. */
static void unit_save(program *g, const unit *u, const store *cell)
{
    char path[512], part[520], heading[256];
    FILE *out;
    int i;

    unit_path(g, u, path);
    unit_heading(g, u, heading);
    snprintf(part, sizeof part, "%s.part", path);
    out = fopen(part, "w");
    if (out == NULL)
        stop("a file for what was measured cannot be opened");
    fprintf(out, "%s\n", heading);
    for (i = 0; i < cell->rows; i++) {
        const measure *r = &cell->row[i];

        fprintf(out, "%d,%s,%d,%s,%d,%.9g\n", r->seed, cell->name[r->run],
                r->iteration, cell->name[r->metric], r->index, r->value);
    }
    if (ferror(out) || fclose(out) != 0 || rename(part, path) != 0)
        stop("a file with what was measured cannot be written");
}

/* ==== doing a unit ======================================================= */

static void lab_open(lab *l, const program *g, int seed)
{
    const task keep = l->t;  // building it takes longer than copying

    memset(l, 0, sizeof *l);
    l->t = keep;
    l->plan = g->plan;
    l->folder = g->folder;
    l->seed = (uint64_t)seed;
}

static void lab_load(lab *l, enum chance prompts)
{
    load_model(l, &l->base, "base");
    load_model(l, &l->judge[MILD], "mild");
    load_model(l, &l->judge[STRONG], "strong");
    open_measuring(l, prompts);
}

static void lab_close(lab *l)
{
    int i;

    for (i = 0; i < CONDITIONS; i++) {
        sppo_pref_free(&l->ctx, &l->pref[i]);
        sppo_model_free(&l->ctx, &l->judge[i]);
    }
    sppo_release(&l->ctx, l->reference,
                 (size_t)l->on.ids.count * sizeof *l->reference);
    sppo_model_free(&l->ctx, &l->base);
    sppo_lists_free(&l->ctx, &l->base_says);
    asked_free(l, &l->on);
    asked_free(l, &l->skill);
    store_free(&l->cell);
}

/* A seed's base policy and preference models, measured like any policy. */
static void prepare(lab *l)
{
    votes v = { 0 };
    int c;

    train_base(l);
    make_votes(l, &v, l->plan->pairs);
    for (c = 0; c < CONDITIONS; c++)
        train_judge(l, &v, (enum condition)c);
    free_votes(l, &v);
    save_model(l, &l->base, "base");
    save_model(l, &l->judge[MILD], "mild");
    save_model(l, &l->judge[STRONG], "strong");
    open_measuring(l, CHANCE_TEST);
    for (c = 0; c < CONDITIONS; c++) {
        const char *who = c == MILD ? "base" : "base-strong";

        measure_policy(l, who, 0, &l->base, (enum condition)c);
        measure_reranked(l, who, 0, &l->base, (enum condition)c);
    }
}

static void do_unit(program *g, lab *l, const unit *u)
{
    run tuning = { 0 };
    char name[64];

    lab_open(l, g, u->seed);
    switch (u->work) {
    case PREPARE:
        prepare(l);
        break;
    case CYCLE:
        cycle_experiment(l);
        break;
    case TUNE:
        tuning_name((enum method)u->item, u->setting, u->condition, name);
        tuning.method = (enum method)u->item;
        tuning.condition = u->condition;
        lab_load(l, CHANCE_VALIDATE);
        align(l, &tuning, unit_setting(g, u), name, g->plan->tuned);
        break;
    case ALIGN:
        lab_load(l, CHANCE_TEST);
        align(l, &runs[u->item], unit_setting(g, u), runs[u->item].name,
              ITERATIONS);
        break;
    case DUEL:
    default:
        lab_load(l, CHANCE_TEST);
        tournament(l, u->condition);
    }
    unit_save(g, u, &l->cell);
    lab_close(l);
}

/* ==== spreading units over processes ===================================== */

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Takes units from the queue until it is empty. */
static void work_off(program *g, int queue)
{
    static lab l;
    int i;

#if defined(_OPENMP) && !defined(SPPO_NO_OPENMP)
    omp_set_num_threads(1);
#endif
    task_build(&l.t);
    while (read(queue, &i, sizeof i) == (ssize_t)sizeof i) {
        const clock_t begin = clock();
        char name[64];

        do_unit(g, &l, &g->unit[i]);
        unit_name(&g->unit[i], name);
        fprintf(stderr, "%-24s %6.1f s of a processor\n", name,
                (double)(clock() - begin) / CLOCKS_PER_SEC);
    }
}

/* Does the units that are not on disk, in `jobs` processes that take numbers
 * from one pipe, then loads them all and empties the list; 0: some are not
 * there, and nothing was to be done.  This process never runs a parallel region
 * itself: after that, OpenMP does not survive a fork.                       */
static int do_stage(program *g)
{
    int queue[2], i, code, failed = 0, missing = 0;

    if (pipe(queue) != 0)
        stop("a pipe cannot be made");
    for (i = 0; i < g->units; i++)
        if (!unit_load(g, &g->unit[i], NULL)) {
            missing++;
            if (write(queue[1], &i, sizeof i) != (ssize_t)sizeof i)
                stop("the pipe of work is full");
        }
    close(queue[1]);
    if (missing > 0 && g->jobs == 0) {
        close(queue[0]);
        return 0;
    }
    for (i = 0; i < g->jobs && i < missing; i++)
        switch (fork()) {
        case 0:
            work_off(g, queue[0]);
            _exit(0);
        case -1:
            stop("a process cannot be started");
        }
    close(queue[0]);
    while (wait(&code) > 0)
        failed |= !WIFEXITED(code) || WEXITSTATUS(code) != 0;
    if (failed)
        exit(1);
    for (i = 0; i < g->units; i++)
        if (!unit_load(g, &g->unit[i], g->found))
            stop("the file of a unit of work cannot be read back");
    g->units = 0;
    return 1;
}

static void add_unit(program *g, enum work work, int seed, int item,
                     int chosen, int condition)
{
    unit *u = &g->unit[g->units++];

    u->work = work;
    u->seed = seed;
    u->item = item;
    u->setting = chosen;
    u->condition = (enum condition)condition;
}

/* The stages: models; the choice of settings; alignments; tournaments. */
static int do_all(program *g)
{
    const int from = g->plan->from, last = last_seed(g->plan);
    int seed, m, c, i;

    for (seed = from; seed <= last && claim_wants(g->only, "pair"); seed++)
        add_unit(g, CYCLE, seed, 0, 0, 0);
    for (seed = g->plan->tuning_seed;
         seed <= last && claim_wants(g->only, "base"); seed++)
        add_unit(g, PREPARE, seed, 0, 0, 0);
    if (!do_stage(g))
        return 0;
    if (!claim_wants(g->only, "base"))
        return 1;
    for (c = 0; c < CONDITIONS; c++)
        for (m = 0; m < METHODS; m++)
            for (i = 0; i < g->plan->settings; i++)
                add_unit(g, TUNE, g->plan->tuning_seed, m, i, c);
    if (!do_stage(g))
        return 0;
    for (i = 0; i < RUNS; i++)
        for (seed = from; seed <= last && claim_wants(g->only, runs[i].name);
             seed++)
            if (strcmp(actual_run(g->found, g->plan, runs[i].name),
                       runs[i].name) == 0 &&
                (g->plan->whole_ladder || !runs[i].rung))
                add_unit(g, ALIGN, seed, i, 0, 0);
    if (!do_stage(g))
        return 0;
    for (c = 0; c < CONDITIONS; c++)
        for (seed = from; seed <= last && claim_wants(g->only, "match"); seed++)
            add_unit(g, DUEL, seed, 0, 0, c);
    return do_stage(g);
}

/* The set that is wanted is done, the other is read if it is there; what is
 * whole goes into the report.                                               */
static void do_sets(program *g, const plan *first, report *r)
{
    const int jobs = g->jobs;
    int i;

    for (i = 0; i < SETS; i++) {
        g->set[i].plan = plan_for(first, i);
        g->plan = &g->set[i].plan;
        g->found = &g->set[i].found;
        g->jobs = i == g->wanted ? jobs : 0;
        g->units = 0;
        if (do_all(g))
            r->set[r->sets++] = &g->set[i];
    }
}

/* ==== the command line =================================================== */

static int usage(void)
{
    fputs(
        "usage: reproduce PLAN FOLDER [--set S] [--jobs N] [--claim ID]\n"
        "  PLAN    quick, full, or tiny (for the tests)\n"
        "  FOLDER  for the report; what was measured and the models go into\n"
        "          FOLDER/PLAN/SET\n"
        "  --set   the seeds that are run: first (default) or second; none: a\n"
        "          report of what is there.  It is about both where both are\n"
        "          there\n"
        "  --jobs  processes; default: the processors there are\n"
        "  --claim only what that row of the claims table needs, e.g. b1;\n"
        "          prints its numbers seed by seed and writes no report\n",
        stderr);
    return 2;
}

static int read_options(program *g, int argc, char **argv)
{
    size_t i;
    int at, set;

    if (argc < 3 || argc % 2 == 0)
        return 0;
    for (i = 0; i < sizeof plans / sizeof plans[0]; i++)
        if (strcmp(argv[1], plans[i].name) == 0)
            g->plan = &plans[i];
    g->folder = argv[2];
    g->jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (at = 3; at < argc; at += 2) {
        if (strcmp(argv[at], "--jobs") == 0) {
            g->jobs = atoi(argv[at + 1]);
        } else if (strcmp(argv[at], "--set") == 0) {
            for (set = 0; set < SETS; set++)
                if (strcmp(argv[at + 1], set_name[set]) == 0)
                    break;
            if (set == SETS && strcmp(argv[at + 1], "none") != 0)
                return 0;
            g->wanted = set;
        } else if (strcmp(argv[at], "--claim") != 0 ||
                 (g->only = claim_find(argv[at + 1])) == NULL)
            return 0;
    }
    return g->plan != NULL && g->jobs > 0 && strlen(g->folder) < 400;
}

static void make_folder(const char *folder, const char *under)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, under);
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "repro: %s cannot be made: %s\n", path,
                strerror(errno));
        exit(1);
    }
}

static void make_folders(const program *g)
{
    char under[64];
    int i;

    make_folder(g->folder, "");
    make_folder(g->folder, g->plan->name);
    for (i = 0; i < SETS; i++) {
        snprintf(under, sizeof under, "%s/%s", g->plan->name, set_name[i]);
        make_folder(g->folder, under);
    }
}

int main(int argc, char **argv)
{
    static program g;  // too much for some stacks
    report r = { { NULL, NULL }, 0, NULL, NULL, NULL };
    struct stat about;
    const double begin = seconds();
    int i;

    if (!read_options(&g, argc, argv))
        return usage();
    if (stat(argv[0], &about) == 0 && g.wanted < SETS)
        g.built = about.st_mtime;
    make_folders(&g);
    r.folder = g.folder;
    do_sets(&g, g.plan, &r);
    if (r.sets == 0)
        stop("there is no whole set of seeds to report on; run one first");
    r.p = &r.set[0]->plan;
    if (g.only)
        print_claim(&r, g.only);
    else
        write_report(&r);
    fprintf(stderr, "%.0f s\n", seconds() - begin);
    for (i = 0; i < SETS; i++)
        store_free(&g.set[i].found);
    return 0;
}
