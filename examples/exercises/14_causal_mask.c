/* exercise: Who sees whom?  [Net 10]
 *
 * A network that predicts the next token must not see it.  So each token sees
 * those before it and itself, no later one.  Here one pass reads a prompt and
 * all of its K answers at once, as a tree: an answer sees the prompt, and none
 * of the other answers, though they stand before it in memory.
 *
 *   prompt --+-- answer 1 --- more of answer 1
 *            +-- answer 2
 *
 * Segment s has the tokens start[s] up to start[s + 1] - 1 and continues the
 * segment parent[s], which has a lower number; the parent of a root is -1.
 * segment_of tells the segment of a token.  Write sees: 1 when what the network
 * knows at token `from` depends on token `to`.  The check asks a network: it
 * changes one token, and looks where anything moves.  In sppo.h: sppo_forest,
 * sppoi_block_mask.
 */
/* hint:
 * Walk up: begin with the segment of `from` and go on to its parent, its
 * parent's parent, up to -1.  If you come by the segment of `to`, it is seen;
 * within one segment only where to <= from.
 */
#include "exercise.h"

static int segment_of(const sppo_forest *f, int token)
{
    int s = 0;

    while (token >= f->start[s + 1])
        s++;
    return s;
}

/* solution: */
#ifdef SOLUTION
static int sees(const sppo_forest *f, int from, int to)
{
    const int there = segment_of(f, to);
    int s = segment_of(f, from);

    if (s == there)
        return to <= from;
    while (s >= 0 && s != there)
        s = f->parent[s];
    return s >= 0;
}
#else
/* yours: */
static int sees(const sppo_forest *f, int from, int to)
{
    return segment_of(f, to) == segment_of(f, from);
}
/* check: */
#endif

enum { VOCAB = 8, DIM = 8, TOKENS = 11 };

/* Whether two passes know the same at a token. */
static int same(const double *a, const double *b)
{
    return memcmp(a, b, DIM * sizeof *a) == 0;
}

static void compare(sppo_ctx *ctx, sppo_activations *acts,
                    const sppo_model *model, sppo_forest *f)
{
    static double before[TOKENS * DIM];
    int to, from;

    if (sppo_forward(ctx, acts, model, f))
        must(0, ctx->message);
    memcpy(before, acts->final, sizeof before);
    for (to = 0; to < TOKENS; to++) {
        f->token[to] = (f->token[to] + 1) % VOCAB;
        if (sppo_forward(ctx, acts, model, f))
            must(0, ctx->message);
        f->token[to] = (f->token[to] + VOCAB - 1) % VOCAB;
        for (from = 0; from < TOKENS; from++) {
            given("token %d, of segment %d, and token %d, of segment %d", from,
                  segment_of(f, from), to, segment_of(f, to));
            agree("sees", sees(f, from, to),
                  !same(before + from * DIM, acts->final + from * DIM));
        }
    }
}

int main(void)
{
    static const int token[TOKENS] = { 1, 5, 2, 7, 3, 4, 6, 2, 0, 3, 5 };
    static sppo_ctx ctx;
    static sppo_model model;
    static sppo_activations acts;
    static sppo_forest f;
    static sppo_config config;

    config.vocab = VOCAB;
    config.dim = config.hidden = DIM;
    config.layers = 2;
    config.heads = 2;
    config.context = TOKENS;
    config.bos = config.eos = -1;
    if (sppo_model_init(&ctx, &model, &config, 1) ||
        sppo_forest_init(&ctx, &f, TOKENS, 4) ||
        sppo_activations_init(&ctx, &acts, &model, TOKENS, 4, 0, SPPO_FORWARD))
        return printf("%s\n", ctx.message), 1;
    sppo_forest_add(&f, -1, token, 3, 0);     // 0: the prompt
    sppo_forest_add(&f, 0, token + 3, 2, 1);  // 1: answer 1
    sppo_forest_add(&f, 1, token + 5, 3, 1);  // 2: more of it
    sppo_forest_add(&f, 0, token + 8, 3, 1);  // 3: answer 2
    compare(&ctx, &acts, &model, &f);
    return verdict();
}
