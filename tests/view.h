/* view.h - what several network tests need: a model with bold random weights,
 * its view for slow.h, the path of a segment, comparisons of whole arrays
 *
 * Include after sppo.h, check.h and slow.h.                                 */

#ifndef VIEW_H
#define VIEW_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* Cases run on one thread but those about threads: threads that wait for each
 * other after every small product cost more than they bring.                */
static inline void view_threads(int threads)
{
#ifdef _OPENMP
    omp_set_num_threads(threads);
#else
    (void)threads;
#endif
}

/* 1 in the double build; the tolerances of both builds stand side by side. */
#define DOUBLE_BUILD (sizeof(sppo_real) == sizeof(double))
#define BUILD(in_float, in_double) (DOUBLE_BUILD ? (in_double) : (in_float))
/* Half the distance from 1 to the next number: one rounding. */
#define ROUNDING BUILD(6e-8, 1.2e-16)

/* Signed entries against differences.  double: 1e-6 of the entry, but of an
 * entry a thousand times smaller than the largest only 1e-9 of the largest:
 * small entries are sums that cancel, and differences are good to 1e-13 or so.
 * float: 1e-4 of the entry and 2e-5 of the largest, for some hundred roundings
 * of 6e-8, some of them before a cancellation.                              */
static inline void view_gradients_near(const char *what, const sppo_real *grad,
                                       const double *difference, int n)
{
    const double share = BUILD(1e-4, 1e-6), floor = BUILD(2e-5, 1e-9);
    double largest = 0;
    int i;

    for (i = 0; i < n; i++)
        largest = fmax(largest, fabs(difference[i]));
    CHECK(largest > 0);     // a gradient that is all zero would test nothing
    for (i = 0; i < n; i++) {
        char text[96];
        snprintf(text, sizeof text, "%.70s[%d]", what, i);
        check_near((double)grad[i], difference[i],
                   share * fabs(difference[i]) + floor * largest, text,
                   __FILE__, __LINE__);
    }
}

/* The same random numbers, exact in float, for the library and for slow.h. */
static inline void view_fill(sppo_real *x, double *slow, int n,
                             slow_random *random, double scale)
{
    int i;

    for (i = 0; i < n; i++) {
        slow[i] = (double)(float)(scale * slow_normal(random));
        x[i] = (sppo_real)slow[i];
    }
}

static inline sppo_real *view_reals(size_t count)
{
    sppo_real *block = (sppo_real *)calloc(count + 1, sizeof(sppo_real));

    if (!block) {
        fprintf(stderr, "view.h: no memory for %.0f numbers\n", (double)count);
        exit(1);
    }
    return block;
}

/* A model whose every part matters: norm gains 1 +- 0.2, embedding N(0, 1),
 * matrices N(0, 1.5^2 / fan_in), everything else (heads) N(0, 0.5^2).  The
 * header's own initial weights make gradients of some tensors tiny.         */
static inline int view_model(sppo_ctx *ctx, sppo_model *model,
                             const sppo_config *config, unsigned seed)
{
    slow_random random = { 0 };
    int t;
    size_t i;

    random.state = seed;
    if (!CHECK_OK(ctx, sppo_model_init(ctx, model, config, seed)))
        return 0;
    for (t = 0; t < model->tensor_count; t++) {
        const sppo_tensor *tensor = &model->tensors[t];
        const int norm = strstr(tensor->name, "norm") != NULL;
        const int matrix = strstr(tensor->name, "layers") != NULL
                        || strstr(tensor->name, "lm_head") != NULL;
        const double scale = norm ? 0.2
                           : matrix ? 1.5 / sqrt(tensor->cols)
                           : strstr(tensor->name, "embed_tokens") ? 1.0
                           : 0.5;
        for (i = 0; i < tensor->size; i++)
            model->weights[tensor->offset + i] =
                (sppo_real)(float)(norm + scale * slow_normal(&random));
    }
    return 1;
}

/* Weights in double for slow.h; llama's pointers go into `weights`. */
typedef struct view {
    double *weights;
    int count;
    slow_llama llama;
} view;

static inline const double *view_tensor(const view *v, const sppo_model *model,
                                        const char *format, int layer)
{
    const sppo_tensor *tensor;
    char name[80];

    snprintf(name, sizeof name, format, layer);
    tensor = sppo_model_tensor(model, name);
    if (!tensor) {
        fprintf(stderr, "view.h: the model has no tensor %s\n", name);
        exit(1);
    }
    return v->weights + tensor->offset;
}

static inline void view_init(view *v, const sppo_model *model)
{
    const sppo_config *c = &model->config;
    slow_llama *m = &v->llama;
    int l, i;

    v->count = (int)model->count;
    v->weights = slow_new(v->count);
    for (i = 0; i < v->count; i++)
        v->weights[i] = (double)model->weights[i];
    m->vocab = c->vocab, m->dim = c->dim, m->layers = c->layers;
    m->heads = c->heads, m->kv_heads = c->kv_heads, m->head_dim = c->head_dim;
    m->hidden = c->hidden, m->theta = c->rope_theta, m->eps = c->norm_eps;
    m->embed = view_tensor(v, model, "model.embed_tokens.weight", 0);
    m->norm = view_tensor(v, model, "model.norm.weight", 0);
    m->classifier = c->untied ? view_tensor(v, model, "lm_head.weight", 0)
                              : m->embed;
    if (c->layers > SLOW_LAYERS) {
        fprintf(stderr, "view.h: slow.h has room for %d layers\n", SLOW_LAYERS);
        exit(1);
    }
    for (l = 0; l < c->layers; l++) {
#define VIEW(field, name) \
        m->layer[l].field = view_tensor(v, model, "model.layers.%d." name \
                                        ".weight", l)
        VIEW(attention_norm, "input_layernorm");
        VIEW(q, "self_attn.q_proj");
        VIEW(k, "self_attn.k_proj");
        VIEW(v, "self_attn.v_proj");
        VIEW(o, "self_attn.o_proj");
        VIEW(mlp_norm, "post_attention_layernorm");
        VIEW(gate, "mlp.gate_proj");
        VIEW(up, "mlp.up_proj");
        VIEW(down, "mlp.down_proj");
#undef VIEW
    }
}

static inline void view_free(view *v)
{
    free(v->weights);
    v->weights = NULL;
}

/* The tokens from the root to the end of a segment, and their rows in the
 * forest; returns how many.                                                 */
static inline int view_path(const sppo_forest *forest, int segment, int *token,
                            int *row)
{
    int chain[64], depth = 0, n = 0, i;

    for (; segment >= 0; segment = forest->parent[segment])
        chain[depth++] = segment;
    while (depth-- > 0)
        for (i = forest->start[chain[depth]];
             i < forest->start[chain[depth] + 1]; i++) {
            token[n] = forest->token[i];
            row[n++] = i;
        }
    return n;
}

#endif /* VIEW_H */
