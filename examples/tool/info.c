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

#ifdef SPPO_FLAGS
static const char flags[] = SPPO_FLAGS;
#else
static const char flags[] = "";
#endif
#if defined(__clang__)
#define COMPILER "clang"
enum { COMPILER_MAJOR = __clang_major__, COMPILER_MINOR = __clang_minor__ };
#elif defined(__GNUC__)
#define COMPILER "gcc"
enum { COMPILER_MAJOR = __GNUC__, COMPILER_MINOR = __GNUC_MINOR__ };
#else
#define COMPILER ""
enum { COMPILER_MAJOR, COMPILER_MINOR = 0 };
#endif
/* The widest vectors that the compiler was allowed. */
#if defined(__AVX512F__)
#define VECTORS "AVX-512"
enum { VECTOR_BITS = 512 };
#elif defined(__AVX2__)
#define VECTORS "AVX2"
enum { VECTOR_BITS = 256 };
#elif defined(__ARM_NEON)
#define VECTORS "NEON"
enum { VECTOR_BITS = 128 };
#elif defined(__SSE2__)
#define VECTORS "SSE2"
enum { VECTOR_BITS = 128 };
#else
#define VECTORS "no vector extension"
enum { VECTOR_BITS = 0 };
#endif

/* Threads that are used unless --threads says otherwise; 0: no OpenMP. */
static int build_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 0;
#endif
}

static const char *build_arithmetic(void)
{
    return sizeof(sppo_real) == sizeof(float) ? "float" : "double";
}

void print_build(void)
{
    const int threads = build_threads();

    printf("sppo %s, %s arithmetic, ", sppo_version(), build_arithmetic());
    if (threads)
        printf("OpenMP with %d threads, %s", threads, VECTORS);
    else
        printf("no OpenMP, %s", VECTORS);
    if (*COMPILER)
        printf(", %s %d.%d", COMPILER, COMPILER_MAJOR, COMPILER_MINOR);
    printf("\n");
    if (*flags) {
        printf("flags  ");
        print_wrapped(stdout, 7, LINE_MOST + 1, flags);
    }
}

static sppo_result info_build(tool *t)
{
    char compiler[40];
    facts f;

    if (!t->set.json) {
        print_build();
        return SPPO_OK;
    }
    snprintf(compiler, sizeof compiler, "%s %d.%d", COMPILER, COMPILER_MAJOR,
             COMPILER_MINOR);
    facts_begin(&f, &t->ctx, 1, "build", "");
    fact_text(&f, "version", sppo_version());
    fact_text(&f, "arithmetic", build_arithmetic());
    fact_flag(&f, "openmp", build_threads() > 0);
    fact_number(&f, "threads", build_threads() ? build_threads() : 1);
    fact_text(&f, "vectors", VECTOR_BITS ? VECTORS : "");
    fact_number(&f, "vector_bits", VECTOR_BITS);
    fact_text(&f, "compiler", *COMPILER ? compiler : "");
    fact_text(&f, "flags", flags);
    return facts_end(&f);
}

static void info_ends(facts *f, const sppo_config *c)
{
    int i;

    if (!f->json)
        printf("eos %d", c->eos);
    facts_open(f, "eos", '[');
    if (f->json)
        fact_number(f, NULL, c->eos);
    for (i = 0; i < c->eos_count; i++)
        if (f->json)
            fact_number(f, NULL, c->eos_more[i]);
        else
            printf(", %d", c->eos_more[i]);
    facts_close(f, ']');
    if (!f->json)
        printf("\n");
}

static void info_config(facts *f, const sppo_config *c)
{
    const struct { const char *name; int value; } fields[] = {
        { "vocab", c->vocab }, { "dim", c->dim }, { "layers", c->layers },
        { "heads", c->heads }, { "kv_heads", c->kv_heads },
        { "head_dim", c->head_dim }, { "hidden", c->hidden },
        { "context", c->context }
    };
    size_t i;

    fact_number(f, "parameters", (double)sppo_config_count(c));
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        fact_number(f, fields[i].name, fields[i].value);
    fact_text(f, "classifier", c->untied ? "its own" : "tied to the embedding");
    fact_number(f, "rope_theta", c->rope_theta);
    fact_number(f, "norm_eps", c->norm_eps);
    fact_number(f, "bos", c->bos);
    info_ends(f, c);
    fact_text(f, "head", c->head == SPPO_HEAD_NONE && !f->json
              ? "none: a policy" : sppo_head_name(c->head));
}

static void info_tensor(facts *f, const sppo_tensor *tensor)
{
    if (!f->json) {
        printf("  %-56s [%d", tensor->name, tensor->rows);
        if (tensor->cols)
            printf(", %d", tensor->cols);
        printf("]\n");
        return;
    }
    facts_open(f, NULL, '{');
    fact_text(f, "name", tensor->name);
    facts_open(f, "shape", '[');
    fact_number(f, NULL, tensor->rows);
    if (tensor->cols)
        fact_number(f, NULL, tensor->cols);
    facts_close(f, ']');
    facts_close(f, '}');
}

static void info_model(facts *f, const sppo_model *model)
{
    int i;

    info_config(f, &model->config);
    facts_open(f, "tensors", '[');
    for (i = 0; i < model->tensor_count; i++)
        info_tensor(f, &model->tensors[i]);
    facts_close(f, ']');
}

/* An entry of the header: a tensor's shape, or what else is in it. */
static void info_entry(facts *f, const sppo_json *json, int i)
{
    const sppo_json_node *n = &json->node[i];
    const int key = n->type == SPPO_JSON_OBJECT
                  ? sppo_json_find(json, i, "shape") : -1;
    int j;

    if (f->json) {
        fact_value(f, json, i, 0);
        return;
    }
    printf("  ");
    show_column(stdout, json->text + n->name_begin, n->name_end -
                n->name_begin, 56);
    for (j = key < 0 ? -1 : json->node[key].first; j >= 0;
         j = json->node[j].next)
        printf("%s%.10g%s", j == json->node[key].first ? " [" : ", ",
               sppo_json_number(json, j), json->node[j].next < 0 ? "]" : "");
    printf("\n");
    for (j = key < 0 ? n->first : -1; j >= 0; j = json->node[j].next)
        fact_value(f, json, j, 54);
}

/* The header of a safetensors file: its names, types and shapes. */
static sppo_result info_safetensors(tool *t, const char *data, size_t length)
{
    sppo_json *json = &t->rows.json;
    facts f;
    int i;

    t->rows.ctx = &t->ctx;
    TRY(sppo_json_parse(&t->ctx, json, data, length, t->paths[0]));
    facts_begin(&f, &t->ctx, t->set.json, "safetensors", "safetensors");
    facts_open(&f, "header", '{');
    for (i = json->node[0].first; i >= 0; i = json->node[i].next)
        info_entry(&f, json, i);
    facts_close(&f, '}');
    return facts_end(&f);
}

static sppo_result info_pieces(tool *t, const char *kind, int pieces)
{
    facts f;

    facts_begin(&f, &t->ctx, t->set.json, kind, kind);
    fact_number(&f, "pieces", pieces);
    return facts_end(&f);
}

/* An array, or an object on the first line that is no tokenizer.json. The rows
 * are those of a copy of the file, or of standard input.                    */
static sppo_result info_is_rows(tool *t, const char *data, size_t size,
                                int *is)
{
    char *copy = (char *)sppo_alloc(&t->ctx, size + 1, 1);
    sppo_result result;
    int more;

    if (!copy)
        return t->ctx.code;
    memcpy(copy, data, size);
    result = rows_adopt(&t->rows, &t->ctx, t->paths[0], copy, size);
    more = result == SPPO_OK;
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
    facts f;
    int is_rows = 0;

    if (header > 1 && header <= size - 8 && data[8] == '{')
        return info_safetensors(t, data + 8, header);
    TRY(info_is_rows(t, data, size, &is_rows));
    if (is_rows) {
        rows_rewind(&t->rows);
        return peek_rows(&t->rows, t->set.json);
    }
    if (data[strspn(data, " \t\r\n")] == '{') {
        TRY(tokenizer_json_read(&t->ctx, &t->tok.json, &t->tok.bin,
                                data, size, 0, t->paths[0]));
        return info_pieces(t, "tokenizer.json", codec_vocab(&t->tok));
    }
    if (pieces >= SPPO_PIECES)
        return info_pieces(t, "tokenizer.bin", pieces);
    if (bin_config(t, t->paths[0], bytes, size, &config) != SPPO_OK)
        return sppo_file_kind(data, size) ? SPPO_E_FORMAT
            : sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s is neither safetensors, "
                        "nor a tokenizer, nor a llama2.c model", t->paths[0]);
    TRY(bin_whole(t, t->paths[0], size, &config));
    facts_begin(&f, &t->ctx, t->set.json, "llama2.c",
                "llama2.c model, legacy format");
    info_config(&f, &config);
    return facts_end(&f);
}

static sppo_result info_bytes(tool *t)
{
    const int piped = !strcmp(t->paths[0], "-");
    char *data = NULL;
    size_t size = 0;
    sppo_result result;

    TRY(input_read(&t->ctx, &t->paths[0], &data, &size));
    if (piped && !size) {  // a filter that found no row
        TRY(rows_adopt(&t->rows, &t->ctx, t->paths[0], data, size));
        return peek_rows(&t->rows, t->set.json);
    }
    result = info_file(t, data, size);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

/* A folder: of a run, whose facts have begun, of a model, or of both. */
static sppo_result info_folder(tool *t, facts *f, int is_run)
{
    char path[PATH_ROOM];
    int kind;

    path_join(path, t->paths[0], "config.json");
    TRY(path_look(&t->ctx, path, &kind));
    if (is_run && !kind)  // no model yet
        return SPPO_OK;
    TRY(sppo_model_load(&t->ctx, &t->policy, t->paths[0]));
    if (is_run)
        facts_open(f, "model", '{');
    else
        facts_begin(f, &t->ctx, t->set.json, "model", "");
    if (!f->json)
        printf("model directory\n");
    info_model(f, &t->policy);
    if (is_run)
        facts_close(f, '}');
    return SPPO_OK;
}

sppo_result run_info(tool *t)
{
    facts f;
    sppo_result result;
    int is_run, kind;

    if (!t->paths[0])
        return info_build(t);
    if (!strcmp(t->paths[0], "-"))
        return info_bytes(t);
    if (strlen(t->paths[0]) > PATH_MOST)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "the path %.60s.. is too "
                         "long", t->paths[0]);
    TRY(path_look(&t->ctx, t->paths[0], &kind));
    if (kind != PATH_FOLDER)
        return info_bytes(t);
    memset(&f, 0, sizeof f);
    result = peek_run(&f, &t->ctx, t->set.json, t->paths[0], &is_run);
    if (result == SPPO_OK)
        result = info_folder(t, &f, is_run);
    if (result == SPPO_OK)
        return facts_end(&f);
    buffer_free(&f.out);
    return result;
}
