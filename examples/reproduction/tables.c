/* tables.c - the report's tables */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "report.h"

/* ==== both sets of seeds ================================================= */

ruling joint_verdict(const report *r, const claim *c,
                     enum condition condition)
{
    ruling v[SETS];
    int i;

    for (i = 0; i < r->sets; i++)
        v[i] = claim_verdict(&r->set[i]->found, &r->set[i]->plan, c,
                             condition);
    return agreed(v, r->sets);
}

/* The interval over all seeds of one number; n 0: some seed does not have it.
 */
interval over_seeds(const report *r, const char *who, int at,
                    const char *metric, int index)
{
    double x[MOST_SEEDS];
    int i, seed, n = 0, all = 0;

    for (i = 0; i < r->sets; i++) {
        store *s = &r->set[i]->found;
        const plan *p = &r->set[i]->plan;

        all += p->seeds;
        for (seed = p->from; seed <= last_seed(p); seed++) {
            x[n] = store_get(s, seed, actual_run(s, p, who), at, metric,
                             index);
            n += !isnan(x[n]);
        }
    }
    return student_interval(x, n < all ? 0 : n);
}

/* ==== the claims ========================================================= */

/* A contrast's number, with its sign, then the interval. */
static void put_interval(FILE *out, claim_scale unit, interval x)
{
    const double factor = claim_scales[unit].factor;
    const int decimals = claim_scales[unit].decimals;

    fprintf(out, "%+.*f (%+.*f to %+.*f)", decimals, factor * x.mean, decimals,
            factor * x.low, decimals, factor * x.high);
}

/* The measured column: all parts, a line per set of seeds. */
void put_measured(report *r, const claim *c, enum condition condition)
{
    const char *unit = claim_scales[c->scale].name;
    int i, k;

    for (k = 0; k < r->sets; k++) {
        fputs(k > 0 ? "<br>" : "", r->out);
        for (i = 0; i < PARTS && c->part[i].metric; i++) {
            const evidence e = find_evidence(&r->set[k]->found,
                                             &r->set[k]->plan, c, i,
                                             condition);

            fputs(i > 0 ? "; " : "", r->out);
            if (e.verdict == NOT_RUN)
                fputs("-", r->out);
            else
                put_interval(r->out, c->scale, e.over_seeds);
        }
        fprintf(r->out, "%s%s", *unit ? " " : "", unit);
    }
}

/* The verdict; where the sets differ, that of each. */
void put_verdict(report *r, const claim *c, enum condition condition)
{
    const ruling v = joint_verdict(r, c, condition);
    ruling each[SETS];
    int k, differ = 0;

    fprintf(r->out, v == FAILS ? "**%s**" : "%s", verdict_name(v));
    for (k = 0; k < r->sets; k++) {
        each[k] = claim_verdict(&r->set[k]->found, &r->set[k]->plan, c,
                                condition);
        differ |= each[k] != v;
    }
    for (k = 0; differ && k < r->sets; k++)
        fprintf(r->out, "%s%s%s", k ? ", " : " (", verdict_name(each[k]),
                k + 1 == r->sets ? ")" : "");
}

void put_claims(report *r)
{
    const claim *all;
    int i, n;

    all = claims_of(r->p, &n);
    fputs("| | claim | the paper | mild bias: measured | verdict | strong bias:"
          " measured | verdict | command |\n"
          "|---|---|---|---|---|---|---|---|\n", r->out);
    for (i = 0; i < n; i++) {
        const claim *c = &all[i];
        int k;

        fprintf(r->out, "| %s | %s | %s |", c->id, c->text, c->paper);
        for (k = 0; k < CONDITIONS; k++) {
            if (!is_asked(c, (enum condition)k)) {
                fputs(" | |", r->out);
                continue;
            }
            fputc(' ', r->out);
            put_measured(r, c, (enum condition)k);
            fputs(" | ", r->out);
            put_verdict(r, c, (enum condition)k);
            fputs(" |", r->out);
        }
        fprintf(r->out, " `build/reproduce %s build/repro --claim %s` |\n",
                r->p->name, c->id);
    }
}

/* The reasons that are offered where a claim does not hold. */
void put_reasons(report *r)
{
    const claim *all;
    int i, n;

    all = claims_of(r->p, &n);
    for (i = 0; i < n; i++) {
        const claim *c = &all[i];
        const int mild = is_asked(c, MILD)
                      && joint_verdict(r, c, MILD) == FAILS;
        const int strong = is_asked(c, STRONG)
                        && joint_verdict(r, c, STRONG) == FAILS;

        if (c->unless && (mild || strong))
            fprintf(r->out, "* **%s** (%s%s%s) %s\n", c->id,
                    mild ? condition_name[MILD] : "",
                    mild && strong ? ", " : "",
                    strong ? condition_name[STRONG] : "", c->unless);
    }
}

/* What the claims came to under the questions that were put first. */
void put_changes(report *r)
{
    const claim *all;
    int i, k, n;

    all = claims_of(r->p, &n);
    fputs(
        "Commit 687db45 changed questions after quick runs had been seen: f1 "
        "to\n"
        "f3, k1 and k2 asked whether both do the *same*; since then whether "
        "one\n"
        "is *not less*, which is what \"as well as\" says but is easier to\n"
        "fulfil; in k1 it also put the other side first.  The seeds of the\n"
        "second set were not run before the questions were as they are.  "
        "Under\n"
        "either rule, the sets of seeds in turn:\n\n"
        "| | verdict now | under the rule before 687db45 |\n|---|---|---|\n",
        r->out);
    for (i = 0; i < n; i++) {
        const claim *c = &all[i];
        ruling v[SETS];

        if (!was_same(c))
            continue;
        fprintf(r->out, "| %s | ", c->id);
        put_verdict(r, c, MILD);
        for (k = 0; k < r->sets; k++)
            v[k] = earlier_verdict(&r->set[k]->found, &r->set[k]->plan, c);
        fprintf(r->out, " | %s", verdict_name(agreed(v, r->sets)));
        for (k = 0; r->sets > 1 && v[0] != v[1] && k < r->sets; k++)
            fprintf(r->out, "%s%s%s", k ? ", " : " (", verdict_name(v[k]),
                    k + 1 == r->sets ? ")" : "");
        fputs(" |\n", r->out);
    }
}

/* ==== runs =============================================================== */

/* Columns of the table of runs. */
static const struct {
    const char *metric, *title;
    double scale;
    int decimals;
} columns[] = {
    { "gold", "judge, against reference, %", 100, 1 },
    { "gold_lc", "at equal length, %", 100, 1 },
    { "gold_base", "judge, against base, %", 100, 1 },
    { "proxy", "preference model, against base, %", 100, 1 },
    { "length", "length, words", 1, 1 },
    { "padding", "padding, words", 1, 1 },
    { "right", "answered right, %", 100, 1 },
    { "unfinished", "unfinished, %", 100, 1 },
    { "kl", "KL to base, nats", 1, 2 },
    { "winner_end", "winners, nats", 1, 2 },
    { "loser_end", "losers, nats", 1, 2 },
    { "skill", "skill, %", 100, 1 },
    { "skill_nats", "skill, nats", 1, 3 }
};
enum { COLUMNS = (int)(sizeof columns / sizeof columns[0]) };

void put_run(report *r, const char *who, int at)
{
    int i;

    fprintf(r->out, "| %s %d |", who, at);
    for (i = 0; i < COLUMNS; i++) {
        const interval x = over_seeds(r, who, at, columns[i].metric, -1);

        if (x.n == 0)
            fputs(" - |", r->out);
        else
            fprintf(r->out, " %.*f +- %.*f |", columns[i].decimals,
                    columns[i].scale * x.mean, columns[i].decimals,
                    columns[i].scale * (x.high - x.mean));
    }
    fputc('\n', r->out);
}

/* Whether a run that tries an eta is SPPO's own in every set of seeds. */
static int is_own_run(report *r, const char *name)
{
    int k, own = 0;

    for (k = 0; k < r->sets; k++)
        own += strcmp(actual_run(&r->set[k]->found, &r->set[k]->plan, name),
                      name) != 0;
    return own == r->sets;
}

void put_runs_head(report *r)
{
    int i;

    fputs("| run, iteration |", r->out);
    for (i = 0; i < COLUMNS; i++)
        fprintf(r->out, " %s |", columns[i].title);
    fputs("\n|---|", r->out);
    for (i = 0; i < COLUMNS; i++)
        fputs("---|", r->out);
    fputc('\n', r->out);
}

void put_runs(report *r, enum condition c)
{
    int i, at;

    put_runs_head(r);
    put_run(r, c == MILD ? "base" : "base-strong", 0);
    for (i = 0; i < run_count; i++)
        for (at = 1; at <= ITERATIONS && runs[i].condition == c; at++)
            if (!is_own_run(r, runs[i].name))
                put_run(r, runs[i].name, at);
}

/* ==== seed by seed ======================================================= */

/* Seed by seed: the numbers behind one claim. */
static void put_evidence(FILE *out, store *s, const plan *p, const claim *c,
                         enum condition condition)
{
    int i, seed;

    for (i = 0; i < PARTS && c->part[i].metric; i++) {
        const evidence e = find_evidence(s, p, c, i, condition);

        fprintf(out, "| %s.%d | %s |", c->id, i + 1, condition_name[condition]);
        for (seed = 0; seed < p->seeds; seed++)
            if (seed < e.over_seeds.n)
                fprintf(out, " %+.*f |", claim_scales[c->scale].decimals + 1,
                        claim_scales[c->scale].factor * e.x[seed]);
            else
                fputs(" - |", out);
        fputc(' ', out);
        if (e.over_seeds.n > 0)
            put_interval(out, c->scale, e.over_seeds);
        if (isnan(e.chance))
            fputs(" | |", out);
        else
            fprintf(out, " | %.2g |", e.chance);
        fprintf(out, " %s |\n", verdict_name(e.verdict));
    }
}

static void put_evidence_head(FILE *out, const plan *p)
{
    int seed;

    fputs("| contrast | annotators |", out);
    for (seed = p->from; seed <= last_seed(p); seed++)
        fprintf(out, " seed %d |", seed);
    fputs(" mean (95 %) | paired p | verdict |\n|---|---|", out);
    for (seed = p->from; seed <= last_seed(p); seed++)
        fputs("---|", out);
    fputs("---|---|---|\n", out);
}

/* Only: that claim; NULL: all.  A table for each set of seeds. */
void put_all_evidence(report *r, const claim *only)
{
    const claim *all;
    int i, k, n, count;

    all = claims_of(r->p, &count);
    for (n = 0; n < r->sets; n++) {
        store *s = &r->set[n]->found;
        const plan *p = &r->set[n]->plan;

        fputs(n > 0 ? "\n" : "", r->out);
        put_evidence_head(r->out, p);
        for (i = 0; i < count; i++)
            for (k = 0; k < CONDITIONS && (!only || only == &all[i]); k++)
                if (is_asked(&all[i], (enum condition)k))
                    put_evidence(r->out, s, p, &all[i], (enum condition)k);
    }
}

void print_claim(report *r, const claim *c)
{
    int k;

    r->out = stdout;
    fprintf(r->out, "%s  %s\npaper: %s\n\n", c->id, c->text, c->paper);
    put_all_evidence(r, c);
    for (k = 0; k < CONDITIONS; k++) {
        if (!is_asked(c, (enum condition)k))
            continue;
        fprintf(r->out, "%s: ", condition_name[k]);
        put_verdict(r, c, (enum condition)k);
        fputc('\n', r->out);
    }
}

/* ==== settings and preference models ===================================== */

/* Where in the range that was tried a value lies: "largest", "smallest", or
 * NULL when it is inside or there is no range.  What: 0 eta, 1 lr.          */
static const char *place_in_grid(const plan *p, int m, int chosen, int what)
{
    const double x = what ? grid[m][chosen].lr : grid[m][chosen].eta;
    int i, above = 0, below = 0;

    for (i = 0; i < p->settings; i++) {
        const double other = what ? grid[m][i].lr : grid[m][i].eta;

        above += other > x;
        below += other < x;
    }
    return above == below || (above && below) ? NULL
         : above ? "smallest" : "largest";
}

/* Choices in a corner of their grid: something better may lie outside. */
static void put_corners(report *r, seed_set *set)
{
    int c, m, any = 0;

    for (c = 0; c < CONDITIONS; c++)
        for (m = 0; m < METHODS; m++) {
            const int at = chosen_index(&set->found, &set->plan, (enum method)m,
                                        (enum condition)c);
            const char *eta = place_in_grid(&set->plan, m, at, 0);
            const char *lr = place_in_grid(&set->plan, m, at, 1);

            if (eta == NULL || lr == NULL)
                continue;
            fprintf(r->out, "%s%s, %s (%s eta, %s learning rate)",
                    any++ ? "; " : "\nIn a corner of the grid: ",
                    method_title[m], condition_name[c], eta, lr);
        }
    fputs(any ? ".  What lies beyond was not tried and may be better.\n" : "",
          r->out);
}

/* Every setting that was tried; gold was measured but chose nothing. */
void put_tuning(report *r, seed_set *set)
{
    const int seed = set->plan.tuning_seed;
    store *s = &set->found;
    int c, m, i;

    fprintf(r->out, "\nOn validation prompts of seed %d, after %d iteration%s:"
            "\n\n", seed, set->plan.tuned, set->plan.tuned > 1 ? "s" : "");
    fputs("| method | annotators | eta | meaning | learning rate | preference "
          "model, % | chosen | judge, % (not used) | length |\n"
          "|---|---|---|---|---|---|---|---|---|\n", r->out);
    for (c = 0; c < CONDITIONS; c++)
        for (m = 0; m < METHODS; m++)
            for (i = 0; i < set->plan.settings; i++) {
                const setting t = grid[m][i];
                char name[64], means[32] = "";

                tuning_name((enum method)m, i, (enum condition)c, name);
                if (m == DPO)
                    snprintf(means, sizeof means, "beta %.2g", 1.0 / t.eta);
                if (m == IPO)
                    snprintf(means, sizeof means, "tau %.2g", 0.5 / t.eta);
                fprintf(r->out, "| %s | %s | %g | %s | %g | %.1f | %s | %.1f |"
                        " %.1f |\n", method_name[m], condition_name[c], t.eta,
                        means, t.lr,
                        100 * store_get(s, seed, name, set->plan.tuned, "proxy",
                                        -1),
                        i == chosen_index(s, &set->plan, (enum method)m,
                                          (enum condition)c) ? "yes" : "",
                        100 * store_get(s, seed, name, set->plan.tuned,
                                        "gold_base", -1),
                        store_get(s, seed, name, set->plan.tuned, "length",
                                  -1));
            }
    put_corners(r, set);
}

void put_judges(report *r)
{
    int c, k, seed, i;

    fputs("| annotators | seed | agrees with the judge, % | where the judge is "
          "sure, % |\n|---|---|---|---|\n", r->out);
    for (c = 0; c < CONDITIONS; c++)
        for (k = 0; k < r->sets; k++)
            for (seed = r->set[k]->plan.tuning_seed;
                 seed <= last_seed(&r->set[k]->plan); seed++) {
                const char *who = c == MILD ? "base" : "base-strong";
                store *s = &r->set[k]->found;

                fprintf(r->out, "| %s | %d | %.1f | %.1f |\n",
                        condition_name[c], seed,
                        100 * store_get(s, seed, who, 0, "agreement", -1),
                        100 * store_get(s, seed, who, 0, "agreement_sure",
                                        -1));
            }
    fputs("\n| circle: judge | error of P | gap of the last policy | of the "
          "average |\n|---|---|---|---|\n", r->out);
    for (i = 0; i < CYCLE_JUDGES; i++) {
        static const char *const metric[] = {
            "cycle_error", "gap_last", "gap_mean"
        };
        int m;

        fprintf(r->out, "| %s |", cycle_judge[i]);
        for (m = 0; m < 3; m++) {
            const interval x = over_seeds(r, cycle_judge[i], 0, metric[m],
                                          -1);

            if (x.n == 0)
                fputs(" 0 |", r->out);
            else
                fprintf(r->out, " %.3f +- %.3f |", x.mean, x.high - x.mean);
        }
        fputc('\n', r->out);
    }
}
