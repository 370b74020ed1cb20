/* repro.c - do the paper's claims hold? an experiment for a laptop
 *
 * Shows    base policies, preference models, SPPO, DPO and IPO on a small
 *          language with a gold judge: every claim of the paper's Section 5
 *          that so small a test can decide, several seeds, intervals, verdicts;
 *          and ten methods side by side, a report of their own
 * Build    make build/reproduce
 * Run      make repro (3 to 6 minutes), repro-full (45), repro-second (45)
 * Try      build/reproduce full build/repro --claim b1
 *          (what that claim needs and is not on disk yet is run)
 * Read     claims.c: the claims; statistics.h: the rule of a verdict; plan.h
 *          and lab.h: what is done; then train.c, measure.c, align.c,
 *          tournament.c and cycle.c, which do it, and evidence.c, tables.c,
 *          plots.c and report.c, which report it.  Of the methods: questions.c
 *          and questions.md, methods.c, best_of.c, curves.c, methods_report.c
 *          and methods_plots.c
 *
 * Units of work (a seed's models, one alignment, one tournament) leave a file
 * in FOLDER/PLAN/SET; what is there is not done again, so an interrupted run
 * goes on.  Files older than the program are not trusted, unless the report
 * alone is asked for (--set none).  Units are spread over processes of one
 * thread each; the order changes no bit.
 *
 * Exit codes: 0 done, 1 failed, 2 usage. */

#define _POSIX_C_SOURCE 200809L  // sysconf, clock_gettime

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SPPO_IMPLEMENTATION
#include "../../sppo.h"
#include "lab.h"
#include "methods.h"
#include "report.h"
#include "units.h"

/* ==== stages ============================================================= */

/* Whether a method of the second report has settings of its own to try. */
static int is_tried(const program *g, const contender *c)
{
    return c->like == NULL
        && (claim_wants(g->only, c->name) || strcmp(c->name, "sppo") == 0);
}

/* The first stage of both: models, and the circle by units of that kind; 0: no
 * more is to be done, *ok says how that went.                               */
static int do_models(program *g, int circle, int *ok)
{
    const int last = last_seed(g->plan);
    int seed;

    for (seed = g->plan->from; seed <= last && claim_wants(g->only, "pair");
         seed++)
        add_unit(g, circle, seed, 0, 0, 0);
    for (seed = g->plan->tuning_seed;
         seed <= last && claim_wants(g->only, "base"); seed++)
        add_unit(g, PREPARE, seed, 0, 0, 0);
    *ok = do_stage(g);
    return *ok && claim_wants(g->only, "base");
}

/* The stages of the methods: models and the circle; the choice of settings;
 * alignments and the best of n.                                             */
static int do_methods(program *g)
{
    const int from = g->plan->from, last = last_seed(g->plan);
    int seed, i, at, ok;

    if (!do_models(g, CIRCLE, &ok))
        return ok;
    for (i = 0; i < contender_count; i++)
        for (at = 0; at < g->plan->settings && is_tried(g, &contenders[i]);
             at++)
            add_unit(g, TRY_OUT, g->plan->tuning_seed, i, at, STRONG);
    if (!do_stage(g))
        return 0;
    for (seed = from; seed <= last; seed++) {
        add_unit(g, BEST_OF, seed, 0, 0, STRONG);
        for (i = 0; i < contender_count; i++)
            if (claim_wants(g->only, contenders[i].name) ||
                strcmp(contenders[i].name, "sppo") == 0)
                add_unit(g, CONTEND, seed, i, 0, STRONG);
    }
    return do_stage(g);
}

/* The stages of the paper: models; the choice of settings; alignments;
 * tournaments.                                                              */
static int do_paper(program *g)
{
    const int from = g->plan->from, last = last_seed(g->plan);
    int seed, m, c, i, ok;

    if (!do_models(g, CYCLE, &ok))
        return ok;
    for (c = 0; c < CONDITIONS; c++)
        for (m = 0; m < METHODS; m++)
            for (i = 0; i < g->plan->settings; i++)
                add_unit(g, TUNE, g->plan->tuning_seed, m, i, c);
    if (!do_stage(g))
        return 0;
    for (i = 0; i < run_count; i++)
        for (seed = from; seed <= last && claim_wants(g->only, runs[i].name);
             seed++)
            if (strcmp(actual_run(g->found, g->plan, runs[i].name),
                       runs[i].name) == 0 &&
                (g->plan->every_eta || !runs[i].optional))
                add_unit(g, ALIGN, seed, i, 0, 0);
    if (!do_stage(g))
        return 0;
    for (c = 0; c < CONDITIONS; c++)
        for (seed = from; seed <= last && claim_wants(g->only, "match"); seed++)
            add_unit(g, TOURNAMENT, seed, 0, 0, c);
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
        if (!(g->plan->about == THE_METHODS ? do_methods(g) : do_paper(g)))
            continue;
        if (g->plan->about == THE_METHODS)
            work_out(&g->set[i]);
        r->set[r->sets++] = &g->set[i];
    }
}

/* ==== the command line =================================================== */

static int usage(void)
{
    fputs(
        "usage: reproduce PLAN FOLDER [--set S] [--jobs N] [--claim ID]\n"
        "  PLAN    quick or full: the paper's claims; methods: ten methods\n"
        "          side by side; tiny or tiny-methods: for the tests\n"
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
    int at, set;

    if (argc < 3 || argc % 2 == 0)
        return 0;
    g->plan = plan_find(argv[1]);
    if (g->plan == NULL)
        return 0;
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
                 (g->only = claim_find(g->plan, argv[at + 1])) == NULL)
            return 0;
    }
    return g->jobs > 0 && strlen(g->folder) < 400;
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

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
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
    else if (r.p->about == THE_METHODS)
        write_methods_report(&r);
    else
        write_report(&r);
    fprintf(stderr, "%.0f s\n", seconds() - begin);
    for (i = 0; i < SETS; i++)
        store_free(&g.set[i].found);
    return 0;
}
