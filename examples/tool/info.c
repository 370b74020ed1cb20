/* info.c - sppo info: what a file, a model or a run holds */

#include "fields.h"
#include "files.h"
#include "llama2c.h"
#include "peek.h"

#include <stdio.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

void print_build(void)
{
    printf("sppo %s, %s arithmetic, ", sppo_version(),
           sizeof(sppo_real) == sizeof(float) ? "float" : "double");
#ifdef _OPENMP
    printf("OpenMP with %d threads, ", omp_get_max_threads());
#else
    printf("no OpenMP, ");
#endif
#if defined(__AVX512F__)
    printf("AVX-512");
#elif defined(__AVX2__)
    printf("AVX2");
#elif defined(__ARM_NEON)
    printf("NEON");
#else
    printf("no vector extension");
#endif
#if defined(__clang__)
    printf(", clang %d.%d\n", __clang_major__, __clang_minor__);
#elif defined(__GNUC__)
    printf(", gcc %d.%d\n", __GNUC__, __GNUC_MINOR__);
#else
    printf("\n");
#endif
}

static void info_config(const sppo_config *c)
{
    int i;

    printf("parameters %.0f\nvocab %d\ndim %d\nlayers %d\nheads %d\n"
           "kv_heads %d\nhead_dim %d\nhidden %d\ncontext %d\nclassifier %s\n"
           "rope_theta %.10g\nnorm_eps %.10g\nbos %d\neos %d",
           (double)sppo_config_count(c), c->vocab, c->dim, c->layers, c->heads,
           c->kv_heads, c->head_dim, c->hidden, c->context,
           c->untied ? "its own" : "tied to the embedding", c->rope_theta,
           c->norm_eps, c->bos, c->eos);
    for (i = 0; i < c->eos_count; i++)
        printf(", %d", c->eos_more[i]);
    printf("\nhead %s%s\n", sppo_head_name(c->head),
           c->head == SPPO_HEAD_NONE ? ": a policy" : "");
}

static void info_model(const sppo_model *model)
{
    int i;

    info_config(&model->config);
    for (i = 0; i < model->tensor_count; i++) {
        const sppo_tensor *tensor = &model->tensors[i];
        printf("  %-56s [%d", tensor->name, tensor->rows);
        if (tensor->cols)
            printf(", %d", tensor->cols);
        printf("]\n");
    }
}

/* The header of a safetensors file: its names, types and shapes. */
static sppo_result info_safetensors(tool *t, const char *data, size_t length)
{
    sppo_json *json = &t->rows.json;
    int i, j, key;

    t->rows.ctx = &t->ctx;
    TRY(sppo_json_parse(&t->ctx, json, data, length, t->path));
    printf("safetensors\n");
    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        const sppo_json_node *n = &json->node[i];
        printf("  ");
        show_column(stdout, data + n->name_begin, n->name_end - n->name_begin,
                    56);
        key = n->type == SPPO_JSON_OBJECT ? sppo_json_find(json, i, "shape")
                                          : -1;
        for (j = key < 0 ? -1 : json->node[key].first; j >= 0;
             j = json->node[j].next)
            printf("%s%.10g%s", j == json->node[key].first ? " [" : ", ",
                   sppo_json_number(json, j),
                   json->node[j].next < 0 ? "]" : "");
        for (j = key < 0 ? n->first : -1; j >= 0; j = json->node[j].next) {
            const sppo_json_node *m = &json->node[j];
            printf("\n    ");
            show_column(stdout, data + m->name_begin,
                        m->name_end - m->name_begin, 54);
            printf(" ");
            show_text(stdout, data + m->begin, m->end - m->begin);
        }
        printf("\n");
    }
    return SPPO_OK;
}

/* An array, or an object on the first line that is no tokenizer.json. */
static sppo_result info_is_rows(tool *t, int *is)
{
    sppo_result result = open_rows(t, t->path);
    int more = result == SPPO_OK;

    if (more && !t->rows.array)
        result = rows_next(&t->rows, &more);
    *is = result == SPPO_OK && more &&
          (t->rows.array || rows_find(&t->rows, "model") < 0);
    return result == SPPO_E_FORMAT ? SPPO_OK : result;
}

/* Tells the kinds of file apart by what is in them. */
static sppo_result info_file(tool *t, const char *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    const size_t header = size < 8 ? 0
        : read_word(bytes) | (size_t)read_word(bytes + 4) << 16 << 16;
    const int pieces = tokenizer_pieces(data, size);
    sppo_config config;
    int is_rows;

    if (header > 1 && header <= size - 8 && data[8] == '{')
        return info_safetensors(t, data + 8, header);
    TRY(info_is_rows(t, &is_rows));
    if (is_rows) {
        rows_rewind(&t->rows);
        return peek_rows(&t->rows);
    }
    if (data[strspn(data, " \t\r\n")] == '{') {
        TRY(tokenizer_json_read(&t->ctx, &t->tok.json, &t->tok.bin,
                                data, size, 0, t->path));
        printf("tokenizer.json\npieces %d\n", codec_vocab(&t->tok));
        return SPPO_OK;
    }
    if (pieces >= SPPO_PIECES) {
        printf("tokenizer.bin\npieces %d\n", pieces);
        return SPPO_OK;
    }
    if (bin_config(t, t->path, bytes, size, &config) != SPPO_OK)
        return sppo_file_kind(data, size) ? SPPO_E_FORMAT
            : sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s is neither safetensors, "
                        "nor a tokenizer, nor a llama2.c model", t->path);
    TRY(bin_whole(t, t->path, size, &config));
    printf("llama2.c model, legacy format\n");
    info_config(&config);
    return SPPO_OK;
}

sppo_result run_info(tool *t)
{
    char path[PATH_ROOM], *data = NULL;
    size_t size = 0;
    sppo_result result;
    int is_run, kind;

    if (!t->path) {
        print_build();
        return SPPO_OK;
    }
    if (!strcmp(t->path, "-")) {
        TRY(open_rows(t, t->path));
        return peek_rows(&t->rows);
    }
    if (strlen(t->path) > PATH_MOST)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "the path %.60s.. is too "
                         "long", t->path);
    TRY(peek_run(&t->ctx, t->path, &is_run));
    if (is_run) {
        path_join(path, t->path, "config.json");
        TRY(path_look(&t->ctx, path, &kind));
        if (!kind)  // no model yet
            return SPPO_OK;
    }
    TRY(path_look(&t->ctx, t->path, &kind));
    if (kind == PATH_FOLDER) {
        TRY(sppo_model_load(&t->ctx, &t->policy, t->path));
        printf("model directory\n");
        info_model(&t->policy);
        return SPPO_OK;
    }
    TRY(sppo_file_read(&t->ctx, t->path, &data, &size));
    result = info_file(t, data, size);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}
