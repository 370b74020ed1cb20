/* units.c - units of work: their files, their processes */
#define _POSIX_C_SOURCE 200809L  // fork

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab.h"
#include "methods.h"
#include "units.h"

#if defined(_OPENMP) && !defined(SPPO_NO_OPENMP)
#include <omp.h>
#endif

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
    case TRY_OUT:
        contender_try(&contenders[u->item], u->setting, name);
        return;
    case CONTEND:
        snprintf(name, 64, "%s-%d", contenders[u->item].name, u->seed);
        return;
    case BEST_OF:
        snprintf(name, 64, "best-of-%d", u->seed);
        return;
    case CIRCLE:
        snprintf(name, 64, "circle-%d", u->seed);
        return;
    case TOURNAMENT:
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
    if (u->work == TRY_OUT)
        return contenders[u->item].tried[u->setting];
    if (u->work == CONTEND)
        return contender_setting(g->found, g->plan, &contenders[u->item]);
    return none;
}

/* The first line of its file: all that the result depends on, beside code. */
static void unit_heading(program *g, const unit *u, char line[256])
{
    const plan *p = g->plan;
    const setting s = unit_setting(g, u);

    snprintf(line, 256, "# sppo.h %s, plan %d %d %d %d %d %d %d %d %d %d %d "
             "%d %d %d %d %d, eta %g lr %g", sppo_version(), p->dim, p->layers,
             p->longest, p->base_steps, p->pairs, p->iterations, p->longer,
             p->prompts, p->epochs, p->tests, p->skills, p->reranked, p->pool,
             p->tuned, p->rounds, p->votes, s.eta, s.lr);
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

/* One of the methods; trying a setting, on the validation prompts. */
static void do_contender(program *g, lab *l, const unit *u)
{
    const contender *c = &contenders[u->item];
    const int trying = u->work == TRY_OUT;
    run r = { 0 };
    char who[64];

    if (trying)
        contender_try(c, u->setting, who);
    else
        contender_run(c, who);
    r.by = c->by ? c->by : c->name;
    r.pull = c->pull;
    r.longer = c->longer;
    r.condition = STRONG;
    r.last_only = trying;
    lab_load(l, trying ? CHANCE_VALIDATE : CHANCE_TEST);
    align(l, &r, unit_setting(g, u), who,
          trying ? g->plan->tuned : contender_iterations(g->plan, c));
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
    case TRY_OUT:
    case CONTEND:
        do_contender(g, l, u);
        break;
    case BEST_OF:
        lab_load(l, CHANCE_TEST);
        measure_best_of(l, STRONG);
        break;
    case CIRCLE:
        cycle_methods(l);
        break;
    case TOURNAMENT:
    default:
        lab_load(l, CHANCE_TEST);
        tournament(l, u->condition);
    }
    unit_save(g, u, &l->cell);
    lab_close(l);
}

/* ==== spreading units over processes ===================================== */

/* Does the units whose numbers come out of the pipe, until it is empty. */
static void work_off(program *g, int numbers)
{
    static lab l;
    int i;

#if defined(_OPENMP) && !defined(SPPO_NO_OPENMP)
    omp_set_num_threads(1);
#endif
    task_build(&l.t);
    while (read(numbers, &i, sizeof i) == (ssize_t)sizeof i) {
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
int do_stage(program *g)
{
    int numbers[2], i, code, failed = 0, missing = 0;

    if (pipe(numbers) != 0)
        stop("a pipe cannot be made");
    for (i = 0; i < g->units; i++)
        if (!unit_load(g, &g->unit[i], NULL)) {
            missing++;
            if (write(numbers[1], &i, sizeof i) != (ssize_t)sizeof i)
                stop("the pipe of work is full");
        }
    close(numbers[1]);
    if (missing > 0 && g->jobs == 0) {
        close(numbers[0]);
        return 0;
    }
    for (i = 0; i < g->jobs && i < missing; i++)
        switch (fork()) {
        case 0:
            work_off(g, numbers[0]);
            _exit(0);
        case -1:
            stop("a process cannot be started");
        }
    close(numbers[0]);
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

void add_unit(program *g, enum work work, int seed, int item, int chosen,
              int condition)
{
    unit *u = &g->unit[g->units++];

    u->work = work;
    u->seed = seed;
    u->item = item;
    u->setting = chosen;
    u->condition = (enum condition)condition;
}
