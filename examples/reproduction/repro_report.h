/* repro_report.h - the report: tables, text, files
 *
 * Part of repro.c.                                                          */
#ifndef REPRO_REPORT_H
#define REPRO_REPORT_H

/* ==== the claims ========================================================= */

/* A contrast's number, with its sign, then the interval. */
static void put_interval(FILE *out, measure_of of, interval x)
{
    const double scale = measures[of].scale;
    const int decimals = measures[of].decimals;

    fprintf(out, "%+.*f (%+.*f to %+.*f)", decimals, scale * x.mean, decimals,
            scale * x.low, decimals, scale * x.high);
}

/* The measured column: all parts, a line per set of seeds. */
static void put_measured(report *r, const claim *c, enum condition condition)
{
    const char *unit = measures[c->of].name;
    int i, k;

    for (k = 0; k < r->sets; k++) {
        fputs(k > 0 ? "<br>" : "", r->out);
        for (i = 0; i < PARTS && c->part[i].metric; i++) {
            const evidence e = evidence_of(&r->set[k]->found, &r->set[k]->plan,
                                           c, i, condition);

            fputs(i > 0 ? "; " : "", r->out);
            if (e.verdict == NOT_RUN)
                fputs("-", r->out);
            else
                put_interval(r->out, c->of, e.over_seeds);
        }
        fprintf(r->out, "%s%s", *unit ? " " : "", unit);
    }
}

/* The verdict; where the sets differ, that of each. */
static void put_verdict(report *r, const claim *c, enum condition condition)
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

static void put_claims(report *r)
{
    int i;

    fputs("| | claim | the paper | mild bias: measured | verdict | strong bias:"
          " measured | verdict | command |\n"
          "|---|---|---|---|---|---|---|---|\n", r->out);
    for (i = 0; i < CLAIMS; i++) {
        const claim *c = &claim_table[i];
        int k;

        fprintf(r->out, "| %s | %s | %s |", c->id, c->text, c->paper);
        for (k = 0; k < CONDITIONS; k++) {
            if (k == STRONG && c->once) {
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
static void put_reasons(report *r)
{
    int i;

    for (i = 0; i < CLAIMS; i++) {
        const claim *c = &claim_table[i];
        const ruling mild = joint_verdict(r, c, MILD);
        const ruling strong = c->once ? HOLDS : joint_verdict(r, c, STRONG);

        if (c->unless && (mild == FAILS || strong == FAILS))
            fprintf(r->out, "* **%s** (%s%s%s) %s\n", c->id,
                    mild == FAILS ? condition_name[MILD] : "",
                    mild == FAILS && strong == FAILS ? ", " : "",
                    strong == FAILS ? condition_name[STRONG] : "", c->unless);
    }
}

/* What the claims came to under the questions that were put first. */
static void put_changes(report *r)
{
    int i, k;

    fputs(
        "Commit 687db45 changed questions after quick runs had been seen: f1 to\n"
        "f3, k1 and k2 asked whether both do the *same*; since then whether one\n"
        "is *not less*, which is what \"as well as\" says but is easier to\n"
        "fulfil; in k1 it also put the other side first.  The seeds of the\n"
        "second set were not run before the questions were as they are.  Under\n"
        "either rule, the sets of seeds in turn:\n\n"
        "| | verdict now | under the rule before 687db45 |\n|---|---|---|\n",
        r->out);
    for (i = 0; i < CLAIMS; i++) {
        const claim *c = &claim_table[i];
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

/* ==== other tables ======================================================= */

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

static void put_run(report *r, const char *who, int at)
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

/* Whether a run of the ladder is SPPO's own in every set of seeds. */
static int is_own_run(report *r, const char *name)
{
    int k, own = 0;

    for (k = 0; k < r->sets; k++)
        own += strcmp(actual_run(&r->set[k]->found, &r->set[k]->plan, name),
                      name) != 0;
    return own == r->sets;
}

static void put_runs(report *r, enum condition c)
{
    int i, at;

    fputs("| run, iteration |", r->out);
    for (i = 0; i < COLUMNS; i++)
        fprintf(r->out, " %s |", columns[i].title);
    fputs("\n|---|", r->out);
    for (i = 0; i < COLUMNS; i++)
        fputs("---|", r->out);
    fputc('\n', r->out);
    put_run(r, c == MILD ? "base" : "base-strong", 0);
    for (i = 0; i < RUNS; i++)
        for (at = 1; at <= ITERATIONS && runs[i].condition == c; at++)
            if (!is_own_run(r, runs[i].name))
                put_run(r, runs[i].name, at);
}

/* Seed by seed: the numbers behind one claim. */
static void put_evidence(FILE *out, store *s, const plan *p, const claim *c,
                         enum condition condition)
{
    int i, seed;

    for (i = 0; i < PARTS && c->part[i].metric; i++) {
        const evidence e = evidence_of(s, p, c, i, condition);

        fprintf(out, "| %s.%d | %s |", c->id, i + 1, condition_name[condition]);
        for (seed = 0; seed < p->seeds; seed++)
            if (seed < e.over_seeds.n)
                fprintf(out, " %+.*f |", measures[c->of].decimals + 1,
                        measures[c->of].scale * e.x[seed]);
            else
                fputs(" - |", out);
        fputc(' ', out);
        if (e.over_seeds.n > 0)
            put_interval(out, c->of, e.over_seeds);
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
static void put_all_evidence(report *r, const claim *only)
{
    int i, k, n;

    for (n = 0; n < r->sets; n++) {
        store *s = &r->set[n]->found;
        const plan *p = &r->set[n]->plan;

        fputs(n > 0 ? "\n" : "", r->out);
        put_evidence_head(r->out, p);
        for (i = 0; i < CLAIMS; i++)
            for (k = 0; k < (claim_table[i].once ? 1 : CONDITIONS) &&
                        (only == NULL || only == &claim_table[i]); k++)
                put_evidence(r->out, s, p, &claim_table[i],
                             (enum condition)k);
    }
}

static void print_claim(report *r, const claim *c)
{
    int k;

    r->out = stdout;
    fprintf(r->out, "%s  %s\npaper: %s\n\n", c->id, c->text, c->paper);
    put_all_evidence(r, c);
    for (k = 0; k < (c->once ? 1 : CONDITIONS); k++) {
        fprintf(r->out, "%s: ", condition_name[k]);
        put_verdict(r, c, (enum condition)k);
        fputc('\n', r->out);
    }
}

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
static void put_tuning(report *r, seed_set *set)
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
                        store_get(s, seed, name, set->plan.tuned, "length", -1));
            }
    put_corners(r, set);
}

static void put_judges(report *r)
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

/* ==== files and text ===================================================== */

/* All single numbers and the tournaments; the lists stay in FOLDER/PLAN. */
static void write_metrics(report *r)
{
    FILE *out = report_file(r, "metrics.csv");
    int i, k;

    fputs("seed,run,iteration,metric,index,value\n", out);
    for (k = 0; k < r->sets; k++) {
        const store *s = &r->set[k]->found;

        for (i = 0; i < s->rows; i++) {
            const measure *m = &s->row[i];
            const char *who = s->name[m->run];

            if (m->index < 0 || strncmp(who, "match", 4) == 0)
                fprintf(out, "%d,%s,%d,%s,%d,%.6g\n", m->seed, who,
                        m->iteration, s->name[m->metric], m->index, m->value);
        }
    }
    report_close(out);
}

/* "1 to 5 and 11 to 15" */
static const char *seeds_of(const report *r, char out[64])
{
    const plan *a = &r->set[0]->plan;

    if (r->sets == 1)
        snprintf(out, 64, "%d to %d", a->from, last_seed(a));
    else
        snprintf(out, 64, "%d to %d and %d to %d", a->from, last_seed(a),
                 r->set[1]->plan.from, last_seed(&r->set[1]->plan));
    return out;
}

static void put_introduction(report *r)
{
    const plan *p = r->p;
    char seeds[64];

    fprintf(r->out, "# Reproduction report (%s)\n\n"
        "Made by `build/reproduce %s FOLDER`, sppo.h %s,\n"
        "seeds %s.  The claims are those of arXiv\n"
        "2405.00675 v5 that can be put to a policy of 0.15 million parameters\n"
        "and a language of 169 words (examples/instruct/instruct.h).\n"
        "A seed fixes everything: text, base policy,\n"
        "votes, preference model, prompts, draws; no seed was dropped.  The\n"
        "same binary writes the same report, bit for bit, for any number of\n"
        "processes.\n\n", p->name, p->name, sppo_version(),
        seeds_of(r, seeds));
    fprintf(r->out,
        "**Parties.**  The *judge* is a program that knows the rules of the\n"
        "language; measurements alone ask it, on test prompts, never training\n"
        "and never the choice of settings.  Annotators vote on pairs of\n"
        "answers by the judge's own log odds, a coin in a tenth of the votes,\n"
        "and a taste for length: with *mild* bias a word more is worth %.2f in\n"
        "log odds, with *strong* bias %.2f, so that a filler sentence, -0.27\n"
        "for the judge, nets -0.09 or +0.27.  The preference model (`embed`\n"
        "head) learns from the votes and is all that the methods see.  So it\n"
        "is a proxy of the judge, which is gold: the two are not independent.\n\n",
        length_bias[MILD], length_bias[STRONG]);
    fputs(
        "**Verdicts** are computed.  A contrast is a number per seed; its\n"
        "interval is Student's over seeds, 95 %.\n\n"
        "* *more*: holds if the interval lies above 0 and, where both sides\n"
        "  answered the same prompts, the paired test over prompts has p <\n"
        "  0.05; does not hold if the interval lies below a margin (1 point,\n"
        "  0.5 words, 0.1 nats, 0.02 of gap).\n"
        "* *not less* (f, i, k1 to k3): holds if the interval lies above\n"
        "  minus twice that margin, does not if it lies below.\n"
        "* *same* (k4): holds if the interval lies within twice the margin on\n"
        "  both sides of 0, does not if it lies outside.\n\n"
        "Else undecided.  A claim holds when all its contrasts do, and does\n"
        "not when one of them does not.  There are over a hundred contrasts:\n"
        "expect a few errors among them.\n\n", r->out);
    fputs(r->sets > 1
        ? "The seeds are two sets, and each chooses its own settings.  A verdict\n"
          "stands where both sets agree; else the claim is undecided, and both\n"
          "verdicts stand in brackets.\n\n"
        : "This is one of the two sets of seeds: a verdict of one set alone is\n"
          "preliminary.\n\n", r->out);
    if (p->seeds < 4)
        fprintf(r->out,
            "With %d seeds the factor of Student's interval is %.1f (with 8:\n"
            "%.1f), so only what is large is decided here; the seeds\n"
            "themselves and the paired tests stand under \"Seed by seed\".\n"
            "\n", p->seeds, student(p->seeds - 1), student(7));
}

static void put_settings(report *r)
{
    const plan *p = r->p;

    fprintf(r->out,
        "* Model: Llama, dim %d, %d layers, 4 heads, SwiGLU %d, a token is a\n"
        "  word.\n"
        "* Base policy: %d AdamW steps of %d rows at 4e-3, the first 55 %%\n"
        "  flawless; 30 %% of the rows are the unrelated skill.\n"
        "* Preference model: the base with an `embed` head, one epoch of %d\n"
        "  pairs at 2e-3, 4 votes each; half of the answers are the base's.\n",
        p->dim, p->layers, p->dim * 11 / 4, p->base_steps, BATCH,
        p->pairs / 16 * 15 / BATCH * BATCH);
    fprintf(r->out,
        "* Alignment: %d iterations of %d fresh prompts, K = %d at\n"
        "  temperature 1, best and worst kept, log pi summed over tokens,\n"
        "  RMSprop, norm clipped at 1, %d epochs, batches of %d, warm-up\n"
        "  10 %%, linear decay.  DPO and IPO differ in the loss alone.\n",
        ITERATIONS, p->prompts, K, p->epochs, BATCH);
    fprintf(r->out,
        "* Measured on %d test prompts, %d answers each, the same draws for\n"
        "  all policies of a seed; skill: %d prompts, greedy; best of %d: %d\n"
        "  prompts.  The reference is a writer of quality 0.75.\n"
        "* The run of the ladder whose eta was chosen is SPPO's own: 0 apart.\n"
        "* Circle: %d votes, %d rounds of self-play at eta 2, all K kept.\n",
        p->tests, SAMPLES, p->skills, RERANKED, p->reranked, p->votes,
        p->rounds);
}

static void put_pictures(report *r)
{
    static const char *const picture[][2] = {
        { "gold", "win rate by iteration" }, { "length", "length" },
        { "exploit", "judge against preference model" },
        { "winners", "winners while training" },
        { "losers", "losers while training" },
        { "rerank", "best of 16" },
        { "proxy-heat", "tournament for the preference model" },
        { "gold-heat", "tournament for the judge" }
    };
    size_t i;

    fputs("Bands, and +- in tables, are 95 % intervals over all seeds; of two\n"
          "seeds bands go from one to the other.\n\n", r->out);
    for (i = 0; i < sizeof picture / sizeof picture[0]; i++)
        fprintf(r->out, "![%s, mild bias](%s-mild.svg)\n"
                        "![%s, strong bias](%s-strong.svg)\n\n",
                picture[i][1], picture[i][0], picture[i][1], picture[i][0]);
    fputs("![SPPO by eta](eta.svg)\n![the circle](circle.svg)\n", r->out);
}

static void put_limits(report *r)
{
    fputs(
        "A toy shows mechanisms, not scores.  The judge's rules are simple,\n"
        "the preference model is as large as the policy, the language has few\n"
        "ways to be wrong, and length is the one bias that was put in.\n"
        "Whether 7 billion parameters at a learning rate of 5e-7 behave alike\n"
        "is not decided here.  The judge's taste in openings goes in a\n"
        "circle, but a preference model hardly learns it: what is\n"
        "intransitive is tested by the circle (j) alone.  Settings are a\n"
        "coarse grid, as many for each method; others between them could\n"
        "change any comparison.\n",
        r->out);
}

/* How the rows of one letter came out: "holds 2, undecided 1". */
static void put_tally(FILE *out, const report *r, char letter,
                      enum condition c)
{
    static const ruling order[] = { HOLDS, FAILS, UNDECIDED, NOT_RUN };
    const char *comma = "";
    int i, v;

    for (v = 0; v < 4; v++) {
        int count = 0;

        for (i = 0; i < CLAIMS; i++)
            count += claim_table[i].id[0] == letter
                  && (c == MILD || !claim_table[i].once)
                  && joint_verdict(r, &claim_table[i], c) == order[v];
        if (count == 0)
            continue;
        fprintf(out, "%s%s %d", comma, verdict_name(order[v]), count);
        comma = ", ";
    }
}

/* A line per letter, for a README. */
static void put_short(FILE *out, const report *r)
{
    static const char *const title[] = {
        "SPPO's win rate rises, iteration by iteration (Table 1)",
        "SPPO beats iterative DPO and IPO, all tuned alike",
        "length: who grows, and win rates at equal length",
        "IPO and DPO exploit the preference model, SPPO does not (Figure 3)",
        "best of 16 helps the base and every iteration",
        "K = 2, K = 3 and all K do as well as best and worst of 5 (Figure 4)",
        "winners rise and losers fall, under SPPO most (4.5)",
        "each iteration beats the one before, head to head (Figure 3)",
        "an unrelated skill survives (Table 3)",
        "a circle: heads that can hold it end less exploitable",
        "eta, eta / 2 against log Z, Bradley-Terry P: as good as the paper's"
    };
    size_t i;

    fputs("| | claim | mild bias | strong bias |\n|---|---|---|---|\n", out);
    for (i = 0; i < sizeof title / sizeof title[0]; i++) {
        fprintf(out, "| %c | %s | ", (int)('a' + i), title[i]);
        put_tally(out, r, (char)('a' + i), MILD);
        fputs(" | ", out);
        put_tally(out, r, (char)('a' + i), STRONG);
        fputs(" |\n", out);
    }
}

static void write_short(report *r)
{
    FILE *out = report_file(r, "short.md");

    put_short(out, r);
    report_close(out);
}

static void write_report(report *r)
{
    int k;

    r->out = report_file(r, "report.md");
    put_introduction(r);
    fputs("## In short\n\n", r->out);
    put_short(r->out, r);
    fputs("\n## The claims\n\n", r->out);
    put_claims(r);
    fputs("\nThe command of a row does what that row needs and prints its\n"
          "numbers seed by seed (`--set second` does the second set).\n\n"
          "## Questions that were changed\n\n", r->out);
    put_changes(r);
    fputs("\n## Where a claim does not hold: what may be the reason\n\n",
          r->out);
    put_reasons(r);
    fputs("\n## Pictures\n\n", r->out);
    put_pictures(r);
    for (k = 0; k < CONDITIONS; k++) {
        fprintf(r->out, "\n## Every run, %s\n\n", condition_name[k]);
        put_runs(r, (enum condition)k);
    }
    fputs("\n## Settings tried\n\n", r->out);
    fprintf(r->out, "%d for each method and bias; no others were tried.  The "
            "ranges are those of a\nprototype of this task.\n",
            r->p->settings);
    for (k = 0; k < r->sets; k++)
        put_tuning(r, r->set[k]);
    fputs("\n## Preference models\n\n", r->out);
    put_judges(r);
    fputs("\n## Seed by seed\n\n", r->out);
    put_all_evidence(r, NULL);
    fputs("\n## Sizes\n\n", r->out);
    put_settings(r);
    fputs("\n## What this cannot show\n\n", r->out);
    put_limits(r);
    report_close(r->out);
    write_plots(r);
    write_metrics(r);
    write_short(r);
}

#endif
