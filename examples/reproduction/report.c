/* report.c - the report's text, and its files */
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "report.h"

/* ==== files ============================================================== */

FILE *report_file(const report *r, const char *name)
{
    char path[512];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    out = fopen(path, "w");
    if (out == NULL)
        stop("a file of the report cannot be opened");
    return out;
}

void report_close(FILE *out)
{
    const int bad = ferror(out);

    if (fclose(out) != 0 || bad)
        stop("a file of the report cannot be written");
}

/* All single numbers and the tournaments; the lists stay in FOLDER/PLAN. */
void write_metrics(report *r, const char *name)
{
    FILE *out = report_file(r, name);
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

/* ==== text =============================================================== */

/* "1 to 5 and 11 to 15" */
const char *seed_ranges(const report *r, char out[64])
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
        seed_ranges(r, seeds));
    fprintf(r->out,
        "**Parties.**  The *judge* is a program that knows the rules of the\n"
        "language; measurements alone ask it, on test prompts, never training\n"
        "and never the choice of settings.  Annotators vote on pairs of\n"
        "answers by the judge's own log odds, a coin in a tenth of the votes,\n"
        "and a taste for length: with *mild* bias a word more is worth %.2f "
        "in\n"
        "log odds, with *strong* bias %.2f, so that a filler sentence, -0.27\n"
        "for the judge, nets -0.09 or +0.27.  The preference model (`embed`\n"
        "head) learns from the votes and is all that the methods see.  So it\n"
        "is a proxy of the judge, which is gold: the two are not "
        "independent.\n\n",
        length_bias[MILD], length_bias[STRONG]);
}

/* How a verdict is made: decide() in words. */
static void put_rules(report *r)
{
    const int seeds = r->p->seeds;

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
        ? "The seeds are two sets, and each chooses its own settings.  A "
          "verdict\n"
          "stands where both sets agree; else the claim is undecided, and "
          "both\n"
          "verdicts stand in brackets.\n\n"
        : "This is one of the two sets of seeds: a verdict of one set alone "
          "is\n"
          "preliminary.\n\n", r->out);
    if (seeds < 4)
        fprintf(r->out,
            "With %d seeds the factor of Student's interval is %.1f (with 8:\n"
            "%.1f), so only what is large is decided here; the seeds\n"
            "themselves and the paired tests stand under \"Seed by seed\".\n"
            "\n", seeds, student(seeds - 1), student(7));
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

/* ==== in short =========================================================== */

/* How the rows of some letters came out: "holds 2, undecided 1". */
static void put_tally(FILE *out, const report *r, const char *letters,
                      enum condition c)
{
    static const ruling order[] = { HOLDS, FAILS, UNDECIDED, NOT_RUN };
    const char *comma = "";
    const claim *all;
    int i, v, n;

    all = claims_of(r->p, &n);
    for (v = 0; v < 4; v++) {
        int count = 0;

        for (i = 0; i < n; i++)
            count += strchr(letters, all[i].id[0]) && is_asked(&all[i], c)
                  && joint_verdict(r, &all[i], c) == order[v];
        if (count == 0)
            continue;
        fprintf(out, "%s%s %d", comma, verdict_name(order[v]), count);
        comma = ", ";
    }
}

/* A line per letter, for a README. */
void put_short(FILE *out, const report *r, const char *const (*row)[2],
               int rows)
{
    int i;

    fputs("| | claim | mild bias | strong bias |\n|---|---|---|---|\n", out);
    for (i = 0; i < rows; i++) {
        fprintf(out, "| %s | %s | ", row[i][0], row[i][1]);
        put_tally(out, r, row[i][0], MILD);
        fputs(" | ", out);
        put_tally(out, r, row[i][0], STRONG);
        fputs(" |\n", out);
    }
}

static void put_paper_short(FILE *out, const report *r)
{
    static const char *const row[][2] = {
        { "a", "SPPO's win rate rises, iteration by iteration (Table 1)" },
        { "b", "SPPO beats iterative DPO and IPO, all tuned alike" },
        { "c", "length: who grows, and win rates at equal length" },
        { "d", "IPO and DPO exploit the preference model, SPPO does not "
          "(Figure 3)" },
        { "e", "best of 16 helps the base and every iteration" },
        { "f", "K = 2, K = 3 and all K do as well as best and worst of 5 "
          "(Figure 4)" },
        { "g", "winners rise and losers fall, under SPPO most (4.5)" },
        { "h", "each iteration beats the one before, head to head (Figure 3)" },
        { "i", "an unrelated skill survives (Table 3)" },
        { "j", "a circle: heads that can hold it end less exploitable" },
        { "k", "eta, eta / 2 against log Z, Bradley-Terry P: as good as the "
          "paper's" }
    };
    put_short(out, r, row, (int)(sizeof row / sizeof row[0]));
}

static void write_short(report *r)
{
    FILE *out = report_file(r, "short.md");

    put_paper_short(out, r);
    report_close(out);
}

/* ==== all of it ========================================================== */

void write_report(report *r)
{
    int k;

    r->out = report_file(r, "report.md");
    put_introduction(r);
    put_rules(r);
    fputs("## In short\n\n", r->out);
    put_paper_short(r->out, r);
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
    write_metrics(r, "metrics.csv");
    write_short(r);
}
