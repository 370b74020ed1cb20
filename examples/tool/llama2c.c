/* llama2c.c - llama2.c's legacy model files, read and written */

#include "llama2c.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void write_word(unsigned char *at, uint32_t word)
{
    at[0] = (unsigned char)word;
    at[1] = (unsigned char)(word >> 8);
    at[2] = (unsigned char)(word >> 16);
    at[3] = (unsigned char)(word >> 24);
}

/* One row of a tensor, in either direction; returns what follows it. */
static unsigned char *bin_row(unsigned char *at, sppo_real *row, int n,
                              int writing)
{
    uint32_t word;
    float value;
    int i;

    for (i = 0; i < n; i++, at += 4) {
        if (writing) {
            value = (float)row[i];
            memcpy(&word, &value, sizeof word);
            write_word(at, word);
        } else {
            word = read_word(at);
            memcpy(&value, &word, sizeof value);
            row[i] = (sppo_real)value;
        }
    }
    return at;
}

/* llama2.c's legacy format: seven int32, then float32 tensors in this order.
 * Its rotary pairs are neighbours, ours half a head apart: rows of the query
 * and key projections change places, head by head.                          */
enum { BIN_HEADER = 28, BIN_PLAIN = 0, BIN_QUERY, BIN_KEY, BIN_TABLES };

/* Row 2 j + s of a head there is row s hd / 2 + j here. */
int rotary_row(int row, int hd)
{
    return row / hd * hd + row % 2 * hd / 2 + row % hd / 2;
}

/* A tensor, its rows in the order of the file. */
static unsigned char *bin_tensor(unsigned char *at, sppo_model *model,
                                 const sppo_tensor *tensor, int kind,
                                 int writing)
{
    const int hd = model->config.head_dim;
    const int rows = tensor->cols ? tensor->rows : 1;
    const int cols = tensor->cols ? tensor->cols : tensor->rows;
    int row;

    for (row = 0; row < rows; row++) {
        const int from = kind == BIN_PLAIN ? row : rotary_row(row, hd);
        at = bin_row(at, model->weights + tensor->offset +
                     (size_t)from * (size_t)cols, cols, writing);
    }
    return at;
}

static size_t bin_tables_size(const sppo_config *c)
{
    return 4 * (size_t)c->context * (size_t)c->head_dim;
}

/* The classifier, where there is one, follows the tables. */
static size_t bin_tables_offset(const sppo_config *c)
{
    return BIN_HEADER + 4 * (sppo_config_count(c) - (c->untied
        ? (size_t)c->vocab * (size_t)c->dim : 0));
}

/* The cosines, then the sines, of every position and pair, in the single
 * precision of the program that trains such models.                         */
static void bin_tables_compute(unsigned char *at, const sppo_config *c)
{
    int table, position, j;
    uint32_t word;

    for (table = 0; table < 2; table++)
        for (position = 0; position < c->context; position++)
            for (j = 0; 2 * j < c->head_dim; j++, at += 4) {
                const float power = powf((float)c->rope_theta,
                                         (float)(2 * j) / (float)c->head_dim);
                const float angle = (float)position * (1.0f / power);
                const float value = table ? sinf(angle) : cosf(angle);
                memcpy(&word, &value, sizeof word);
                write_word(at, word);
            }
}

/* Whether two tables are the same but for how their sines were rounded. */
static int bin_tables_agree(const unsigned char *a, const unsigned char *b,
                            size_t size)
{
    size_t at;

    for (at = 0; at < size; at += 4) {
        const uint32_t word[2] = { read_word(a + at), read_word(b + at) };
        float value[2];
        memcpy(value, word, sizeof value);
        if (!(fabsf(value[0] - value[1]) < 1e-5f))
            return 0;
    }
    return 1;
}

/* The tables of a file become a companion of the model when they are not ours
 * to the bit: another library's sine differs in some last bits (stories260K: in
 * 199 of 4096), and a model that went out and in must be the same file
 * again.                                                                    */
static sppo_result bin_tables_keep(tool *t, const unsigned char *tables)
{
    const sppo_config *c = &t->policy.config;
    const size_t size = bin_tables_size(c);
    sppo_file *file = codec_file(&t->tok, "rope_tables.bin");

    file->data = sppo_alloc(&t->ctx, size + 1, 1);
    if (!file->data)
        return t->ctx.code;
    file->size = size;
    bin_tables_compute((unsigned char *)file->data, c);
    if (!bin_tables_agree((unsigned char *)file->data, tables, size))
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: its rotary tables are "
                         "not those of rope_theta 10000", t->set.from);
    if (memcmp(file->data, tables, size) != 0)
        memcpy(file->data, tables, size);
    else
        sppo_files_free(&t->ctx, file, 1);
    return SPPO_OK;
}

/* Ours are in place; those that were kept replace them if they fit. */
static void bin_tables_restore(tool *t, unsigned char *tables)
{
    const sppo_file *file = codec_file(&t->tok, "rope_tables.bin");

    if (file->data && file->size == bin_tables_size(&t->policy.config) &&
        bin_tables_agree(tables, (unsigned char *)file->data, file->size))
        memcpy(tables, file->data, file->size);
}

typedef struct bin_part {
    const char *name;  // after "model.layers.N.", or whole
    int layered, kind;
} bin_part;

static const bin_part bin_parts[] = {
    { "model.embed_tokens.weight", 0, BIN_PLAIN },
    { "input_layernorm.weight", 1, BIN_PLAIN },
    { "self_attn.q_proj.weight", 1, BIN_QUERY },
    { "self_attn.k_proj.weight", 1, BIN_KEY },
    { "self_attn.v_proj.weight", 1, BIN_PLAIN },
    { "self_attn.o_proj.weight", 1, BIN_PLAIN },
    { "post_attention_layernorm.weight", 1, BIN_PLAIN },
    { "mlp.gate_proj.weight", 1, BIN_PLAIN },
    { "mlp.down_proj.weight", 1, BIN_PLAIN },
    { "mlp.up_proj.weight", 1, BIN_PLAIN },
    { "model.norm.weight", 0, BIN_PLAIN },
    { "", 0, BIN_TABLES },  // cosines, sines: read by nobody, but there
    { "lm_head.weight", 0, BIN_PLAIN }
};

/* Walks the tensors of file and model together. */
static void bin_walk(unsigned char *at, sppo_model *model, int writing)
{
    const sppo_config *c = &model->config;
    const sppo_tensor *tensor;
    size_t part;
    int layer;
    char name[96];

    at += BIN_HEADER;
    for (part = 0; part < sizeof bin_parts / sizeof *bin_parts; part++) {
        const bin_part *p = &bin_parts[part];
        for (layer = 0; layer < (p->layered ? c->layers : 1); layer++) {
            snprintf(name, sizeof name, "model.layers.%d.%s", layer, p->name);
            tensor = sppo_model_tensor(model, p->layered ? name : p->name);
            if (tensor)
                at = bin_tensor(at, model, tensor, p->kind, writing);
        }
        if (p->kind == BIN_TABLES)
            at += bin_tables_size(c);
    }
}

static size_t bin_size(const sppo_config *c)
{
    return BIN_HEADER + 4 * sppo_config_count(c) + bin_tables_size(c);
}

sppo_result bin_config(tool *t, const char *path, const unsigned char *data,
                       size_t size, sppo_config *config)
{
    const char *kind = sppo_file_kind(data, size);
    char why[201];
    int32_t v[7];
    int i;

    if (kind && strncmp(kind, "a llama2.c model:", 17) != 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s is %s", path, kind);
    if (size < BIN_HEADER)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                         "%s has %.0f bytes: not a llama2.c model", path,
                         (double)size);
    for (i = 0; i < 7; i++)
        v[i] = (int32_t)read_word(data + 4 * i);
    memset(config, 0, sizeof *config);
    config->dim = v[0];
    config->hidden = v[1];
    config->layers = v[2];
    config->heads = v[3];
    config->kv_heads = v[4];
    config->vocab = v[5] < 0 && v[5] > INT32_MIN ? -v[5] : v[5];
    config->untied = v[5] < 0;
    config->context = v[6];
    config->bos = SPPO_BOS;
    config->eos = SPPO_BOS;  // what separates its texts; run.c stops there
    for (i = 0; i < 7; i++)
        if (v[i] == 0 || (v[i] < 0 && i != 5))
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: number %d of the "
                             "header is %ld: not a llama2.c model", path,
                             i + 1, (long)v[i]);
    if (sppo_config_resolve(&t->ctx, config, config) == SPPO_OK)
        return SPPO_OK;
    snprintf(why, sizeof why, "%.200s", t->ctx.message);
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: %s", path, why);
}

sppo_result bin_whole(tool *t, const char *path, size_t size,
                      const sppo_config *config)
{
    if (bin_size(config) == size)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has %.0f bytes, but its "
                     "header asks for %.0f", path, (double)size,
                     (double)bin_size(config));
}

sppo_result bin_read(tool *t, const char *path)
{
    char *data = NULL;
    size_t size = 0;
    sppo_config config;
    sppo_result result;

    TRY(sppo_file_read(&t->ctx, path, &data, &size));
    result = bin_config(t, path, (unsigned char *)data, size, &config);
    if (result == SPPO_OK)
        result = bin_whole(t, path, size, &config);
    if (result == SPPO_OK && config.vocab != t->tok.bin.vocab)
        result = sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has %d pieces, but the "
                           "vocabulary of %s is %d", t->set.tokenizer,
                           t->tok.bin.vocab, path, config.vocab);
    if (result == SPPO_OK)
        result = sppo_model_init(&t->ctx, &t->policy, &config, 1);
    if (result == SPPO_OK) {
        bin_walk((unsigned char *)data, &t->policy, 0);
        result = bin_tables_keep(t, (unsigned char *)data +
                                 bin_tables_offset(&config));
    }
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

/* What the format cannot say must have the value that its readers assume. */
static sppo_result bin_can_hold(tool *t, const sppo_config *c)
{
    const char *why = NULL;

    if (c->rope_theta != 10000.0)
        why = "a rope_theta other than 10000";
    else if (c->head_dim * c->heads != c->dim)
        why = "a head_dim other than dim / heads";
    else if (fabs(c->norm_eps - 1e-5) > 1e-9)
        why = "a norm_eps other than 1e-5";
    else if (c->bos != SPPO_BOS || (c->eos != SPPO_BOS && c->eos != SPPO_EOS))
        why = "other BOS and EOS than 1 and 2";
    else if (c->eos_count)
        why = "more than one token that ends a text";
    if (!why)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                     "%s: a llama2.c file has no place for %s", t->set.from,
                     why);
}

sppo_result bin_write(tool *t, const char *path)
{
    const sppo_config *c = &t->policy.config;
    const int header[7] = { c->dim, c->hidden, c->layers, c->heads,
        c->kv_heads, c->untied ? -c->vocab : c->vocab, c->context };
    const size_t size = bin_size(c);
    unsigned char *data;
    sppo_result result;
    int i;

    TRY(bin_can_hold(t, c));
    data = (unsigned char *)sppo_alloc(&t->ctx, size, 1);
    if (!data)
        return t->ctx.code;
    for (i = 0; i < 7; i++)
        write_word(data + 4 * i, (uint32_t)header[i]);
    bin_walk(data, &t->policy, 1);
    bin_tables_compute(data + bin_tables_offset(c), c);
    bin_tables_restore(t, data + bin_tables_offset(c));
    result = sppo_file_write(&t->ctx, path, data, size);
    sppo_release(&t->ctx, data, size);
    return result;
}

sppo_result bin_is_one(tool *t, const char *path)
{
    char *data = NULL;
    size_t size = 0;
    sppo_config config;
    sppo_result result;

    TRY(sppo_file_read(&t->ctx, path, &data, &size));
    result = bin_config(t, path, (unsigned char *)data, size, &config);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}
