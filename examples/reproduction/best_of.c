/* best_of.c - the best of n responses of the base policy
 *
 * The one way to follow a preference model whose KL to the base is a formula:
 * log n - (n - 1) / n.                                                      */
#include "lab.h"
#include "statistics.h"

enum { UTILITY, GOLD, GOLD_BASE, PROXY, PROXY_SCORE, LENGTH, MEASURES };
static const char *const measure_name[MEASURES] = {
    "utility", "gold", "gold_base", "proxy", "proxy_score", "length"
};

enum { LEVELS = 16 };

typedef struct pool {
    lab *l;
    int k;                            // responses; the base's others follow
    double *p;                        // [k + SAMPLES, k + SAMPLES]
    double *part;                     // [k, k]
    double (*worth)[MEASURES];        // [k]
    double sum[LEVELS][MEASURES];     // over prompts and groups
} pool;

/* Everything that is asked of each response to prompt x. */
static void pool_worth(pool *o, const sppo_lists *said, int x)
{
    const lab *l = o->l;
    const scene *s = &l->on.scene[x];
    const int k = o->k, all = k + SAMPLES;
    int i, j;

    for (i = 0; i < k; i++) {
        const marks m = gold_marks(l, s, said, i);
        double *w = o->worth[i];

        w[UTILITY] = m.u;
        w[LENGTH] = m.length;
        w[GOLD] = gold_probability(&m, &l->reference[x]);
        w[GOLD_BASE] = w[PROXY] = w[PROXY_SCORE] = 0.0;
        for (j = 0; j < SAMPLES; j++) {
            const marks b = gold_marks(l, s, &l->base_says, x * SAMPLES + j);
            const double won = o->p[i * all + k + j];

            w[GOLD_BASE] += gold_probability(&m, &b) / SAMPLES;
            w[PROXY] += won / SAMPLES;
            w[PROXY_SCORE] += log_odds(won) / SAMPLES;
        }
    }
}

/* Of responses from .. from + n - 1 the one that wins most among them. */
static int pool_best(const pool *o, int from, int n)
{
    const int all = o->k + SAMPLES;
    int i, j;

    for (i = 0; i < n; i++)
        for (j = 0; j < n; j++)
            o->part[i * n + j] = o->p[(from + i) * all + from + j];
    return from + sppo_best_of(o->part, n);
}

/* The mean over all groups of n of a prompt's responses, for every n. */
static void pool_levels(pool *o)
{
    int level, n, from, m;

    for (level = 0, n = 1; n <= o->k; level++, n *= 2)
        for (from = 0; from < o->k; from += n) {
            const double *best = o->worth[pool_best(o, from, n)];

            for (m = 0; m < MEASURES; m++)
                o->sum[level][m] += best[m] * n / o->k;
        }
}

static void pool_note(pool *o, enum condition c, int prompts)
{
    const char *who = c == MILD ? "best-of" : "best-of-strong";
    int level, n, m;

    for (level = 0, n = 1; n <= o->k; level++, n *= 2) {
        for (m = 0; m < MEASURES; m++)
            note(o->l, who, level, measure_name[m], -1,
                 o->sum[level][m] / prompts);
        note(o->l, who, level, "kl", -1, best_of_kl(n));
    }
}

/* One prompt's responses, and the base's others behind them. */
static void pool_fill(pool *o, sppo_pref *pref, const sppo_lists *said,
                      const sppo_lists *one, int x)
{
    lab *l = o->l;
    sppo_lists both = { 0 };
    int i;

    for (i = 0; i < o->k + SAMPLES; i++) {
        const sppo_lists *from = i < o->k ? said : &l->base_says;
        const int list = i < o->k ? i : x * SAMPLES + i - o->k;

        check(l, sppo_lists_add(&l->ctx, &both, sppo_lists_tokens(from, list),
                                sppo_lists_length(from, list)));
    }
    check(l, sppo_pref_fill(&l->ctx, pref, one, &both, o->k + SAMPLES, x, 1,
                            o->p));
    sppo_lists_free(&l->ctx, &both);
}

void measure_best_of(lab *l, enum condition c)
{
    const int n = l->plan->reranked, k = l->plan->pool, all = k + SAMPLES;
    const size_t cells = (size_t)all * (size_t)all;
    pool o = { 0 };
    sppo_lists said = { 0 }, asks = l->on.ids;
    sppo_pref pref;
    int x;

    o.l = l, o.k = k;
    o.p = (double *)room(l, 2 * cells, sizeof *o.p);
    o.part = o.p + cells;
    o.worth = (double (*)[MEASURES])room(l, (size_t)k, sizeof *o.worth);
    check(l, sppo_pref_init(&l->ctx, &pref, &l->judge[c], all * CONTEXT, all,
                            0));
    asks.count = n;
    sample(l, &l->base, &asks, k, 0, chance_key(l, CHANCE_POOL), &said);
    for (x = 0; x < n; x++) {
        sppo_lists view = said;

        view.start += x * k;
        view.count = k;
        pool_fill(&o, &pref, &view, &asks, x);
        pool_worth(&o, &view, x);
        pool_levels(&o);
    }
    pool_note(&o, c, n);
    sppo_lists_free(&l->ctx, &said);
    sppo_pref_free(&l->ctx, &pref);
    sppo_release(&l->ctx, o.worth, (size_t)k * sizeof *o.worth);
    sppo_release(&l->ctx, o.p, 2 * cells * sizeof *o.p);
}
