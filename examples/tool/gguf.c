/* gguf.c - GGUF files, as llama.cpp and what is built on it read them: written
 * only                                                                      */

#include "gguf.h"
#include "llama2c.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A file is walked twice: to count its bytes, then to write them. */
typedef struct gguf {
    const tool *t;
    unsigned char *data;  // NULL: they are counted
    size_t used;          // bytes so far
    size_t offset;        // of the tensor at hand within the data
    int keys, tensors;    // so far
    int all_keys, all_tensors;  // as counted
    int beyond;           // numbers that are too large for float16
} gguf;

/* As GGUF counts types of values, and GGML those of tensors. */
enum { GGUF_UINT32 = 4, GGUF_INT32, GGUF_FLOAT32, GGUF_BOOL, GGUF_STRING,
       GGUF_ARRAY };
enum { GGML_F32 = 0, GGML_F16 = 1, GGML_BF16 = 30 };
enum { GGUF_ALIGNMENT = 32 };

static void put_bytes(gguf *g, const void *bytes, size_t count)
{
    if (g->data && count)
        memcpy(g->data + g->used, bytes, count);
    g->used += count;
}

/* The lowest bytes of a whole number. */
static void put_number(gguf *g, uint64_t value, int bytes)
{
    unsigned char out[8];
    int i;

    for (i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> 8 * i);
    put_bytes(g, out, (size_t)bytes);
}

static uint32_t float_word(double number)
{
    const float value = (float)number;
    uint32_t word;

    memcpy(&word, &value, sizeof word);
    return word;
}

static void put_string(gguf *g, const char *text, size_t length)
{
    put_number(g, length, 8);
    put_bytes(g, text, length);
}

/* Up to the next place where data may begin. */
static void put_padding(gguf *g)
{
    static const char zeros[GGUF_ALIGNMENT] = { 0 };

    put_bytes(g, zeros, (GGUF_ALIGNMENT - g->used % GGUF_ALIGNMENT) %
                        GGUF_ALIGNMENT);
}

/* ---- keys ---- */

static void put_key(gguf *g, const char *name, int type)
{
    put_string(g, name, strlen(name));
    put_number(g, (uint64_t)type, 4);
    g->keys++;
}

static void key_text(gguf *g, const char *name, const char *text)
{
    put_key(g, name, GGUF_STRING);
    put_string(g, text, strlen(text));
}

static void key_count(gguf *g, const char *name, int value)
{
    put_key(g, name, GGUF_UINT32);
    put_number(g, (uint64_t)value, 4);
}

static void key_real(gguf *g, const char *name, double value)
{
    put_key(g, name, GGUF_FLOAT32);
    put_number(g, float_word(value), 4);
}

static void key_flag(gguf *g, const char *name, int value)
{
    put_key(g, name, GGUF_BOOL);
    put_number(g, (uint64_t)value, 1);
}

static void key_array(gguf *g, const char *name, int type, int count)
{
    put_key(g, name, GGUF_ARRAY);
    put_number(g, (uint64_t)type, 4);
    put_number(g, (uint64_t)count, 8);
}

/* What the files of a type call themselves: most matrices are of that type. */
static int file_type(const tool *t)
{
    return t->set.dtype == DTYPE_FLOAT16    ? 1
           : t->set.dtype == DTYPE_BFLOAT16 ? 32
                                            : 0;
}

/* The last part of a path. */
static const char *base_name(const char *path)
{
    const char *name = path;

    for (; *path; path++)
        if (*path == '/' && path[1] && path[1] != '/')
            name = path + 1;
    return name;
}

static void network_keys(gguf *g)
{
    const sppo_config *c = &g->t->policy.config;

    key_text(g, "general.architecture", "llama");
    key_text(g, "general.name", base_name(g->t->set.from));
    key_count(g, "general.file_type", file_type(g->t));
    key_count(g, "llama.context_length", c->context);
    key_count(g, "llama.embedding_length", c->dim);
    key_count(g, "llama.block_count", c->layers);
    key_count(g, "llama.feed_forward_length", c->hidden);
    key_count(g, "llama.vocab_size", c->vocab);
    key_count(g, "llama.attention.head_count", c->heads);
    key_count(g, "llama.attention.head_count_kv", c->kv_heads);
    key_count(g, "llama.attention.key_length", c->head_dim);
    key_count(g, "llama.attention.value_length", c->head_dim);
    key_real(g, "llama.attention.layer_norm_rms_epsilon", c->norm_eps);
    key_count(g, "llama.rope.dimension_count", c->head_dim);
    key_real(g, "llama.rope.freq_base", c->rope_theta);
}

/* ---- the vocabulary ---- */

/* A piece as sentencepiece shows it, whose blanks are U+2581. */
static void put_shown(gguf *g, const char *piece, int length)
{
    static const char blank[] = "\xe2\x96\x81";
    size_t shown = 0;
    int i;

    for (i = 0; i < length; i++)
        shown += piece[i] == ' ' ? 3 : 1;
    put_number(g, shown, 8);
    for (i = 0; i < length; i++)
        put_bytes(g, piece[i] == ' ' ? blank : piece + i,
                  piece[i] == ' ' ? 3 : 1);
}

/* An id beyond the tokenizer's has a name that no text has. */
static void put_token(gguf *g, int id)
{
    static const char *const special[] = { "<unk>", "<s>", "</s>" };
    const sppo_tokenizer *tok = &g->t->tok.bin;
    char name[24];

    if (id < SPPO_BYTES)
        snprintf(name, sizeof name, "%s", special[id]);
    else if (id < SPPO_PIECES)
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)(id - SPPO_BYTES));
    else
        snprintf(name, sizeof name, "<pad%d>", id);
    if (id < SPPO_PIECES || id >= tok->vocab)
        put_string(g, name, strlen(name));
    else
        put_shown(g, tok->bytes + tok->start[id],
                  tok->start[id + 1] - tok->start[id]);
}

/* 1 normal, 2 unknown, 3 control, 5 unused, 6 a byte. */
static int token_type(int id, int vocab)
{
    return id == 0            ? 2
           : id < SPPO_BYTES  ? 3
           : id < SPPO_PIECES ? 6
           : id < vocab       ? 1
                              : 5;
}

static void vocabulary_keys(gguf *g)
{
    const sppo_config *c = &g->t->policy.config;
    const sppo_tokenizer *tok = &g->t->tok.bin;
    int i;

    key_text(g, "tokenizer.ggml.model", "llama");
    key_text(g, "tokenizer.ggml.pre", "default");
    key_array(g, "tokenizer.ggml.tokens", GGUF_STRING, c->vocab);
    for (i = 0; i < c->vocab; i++)
        put_token(g, i);
    key_array(g, "tokenizer.ggml.scores", GGUF_FLOAT32, c->vocab);
    for (i = 0; i < c->vocab; i++)
        put_number(g, float_word(i < tok->vocab ? (double)tok->score[i]
                                                : -1e9), 4);
    key_array(g, "tokenizer.ggml.token_type", GGUF_INT32, c->vocab);
    for (i = 0; i < c->vocab; i++)
        put_number(g, (uint64_t)token_type(i, tok->vocab), 4);
    if (c->bos >= 0)
        key_count(g, "tokenizer.ggml.bos_token_id", c->bos);
    if (c->eos >= 0)
        key_count(g, "tokenizer.ggml.eos_token_id", c->eos);
    key_count(g, "tokenizer.ggml.unknown_token_id", 0);
    key_flag(g, "tokenizer.ggml.add_bos_token", c->bos >= 0);
    key_flag(g, "tokenizer.ggml.add_eos_token", 0);
    key_flag(g, "tokenizer.ggml.add_space_prefix", 1);
}

/* ---- tensors ---- */

/* Vectors are float32 always: llama.cpp multiplies by them as they are. */
static int tensor_type(const gguf *g, const sppo_tensor *tensor)
{
    return !tensor->cols                          ? GGML_F32
           : g->t->set.dtype == DTYPE_FLOAT16     ? GGML_F16
           : g->t->set.dtype == DTYPE_BFLOAT16    ? GGML_BF16
                                                  : GGML_F32;
}

/* To nearest, ties to even, as rint rounds; what is no multiple of 2^-24 below
 * 2^-14, where float16 has no exponent left, likewise.                      */
static uint32_t half_bits(gguf *g, double value)
{
    const double size = fabs(value);
    const uint32_t sign = value < 0.0 ? 0x8000u : 0;
    uint32_t bits;
    int exponent = -14;

    if (size >= ldexp(1.0, -14)) {
        frexp(size, &exponent);
        exponent--;
    }
    bits = (uint32_t)rint(ldexp(size, 10 - exponent));
    bits += (uint32_t)(exponent + 14) << 10;
    g->beyond += bits >= 0x7c00u;
    return sign | bits;
}

static uint32_t bfloat_bits(double value)
{
    const uint32_t word = float_word(value);

    return (word + 0x7fff + (word >> 16 & 1)) >> 16;
}

static void put_row(gguf *g, const sppo_real *row, int n, int type)
{
    int i;

    if (!g->data) {
        g->used += (size_t)n * (type == GGML_F32 ? 4 : 2);
        return;
    }
    for (i = 0; i < n; i++)
        if (type == GGML_F32)
            put_number(g, float_word((double)row[i]), 4);
        else
            put_number(g, type == GGML_F16 ? half_bits(g, (double)row[i])
                                           : bfloat_bits((double)row[i]), 2);
}

/* A tensor's entry in the list, or its numbers; turned: rotary pairs are
 * neighbours there, half a head apart here.                                 */
static void put_info(gguf *g, const char *name, const sppo_tensor *tensor,
                     int turned)
{
    const int type = tensor_type(g, tensor);
    const size_t bytes = tensor->size * (type == GGML_F32 ? 4 : 2);

    (void)turned;
    put_string(g, name, strlen(name));
    put_number(g, tensor->cols ? 2 : 1, 4);
    if (tensor->cols)
        put_number(g, (uint64_t)tensor->cols, 8);
    put_number(g, (uint64_t)tensor->rows, 8);
    put_number(g, (uint64_t)type, 4);
    put_number(g, g->offset, 8);
    g->offset += (bytes + GGUF_ALIGNMENT - 1) / GGUF_ALIGNMENT *
                 GGUF_ALIGNMENT;
    g->tensors++;
}

static void put_data(gguf *g, const char *name, const sppo_tensor *tensor,
                     int turned)
{
    const sppo_model *model = &g->t->policy;
    const int type = tensor_type(g, tensor), hd = model->config.head_dim;
    const int rows = tensor->cols ? tensor->rows : 1;
    const int cols = tensor->cols ? tensor->cols : tensor->rows;
    int row;

    (void)name;
    for (row = 0; row < rows; row++)
        put_row(g, model->weights + tensor->offset + (size_t)cols *
                (size_t)(turned ? rotary_row(row, hd) : row), cols, type);
    put_padding(g);
}

typedef struct gguf_part {
    const char *there, *here;
    int layered, turned;
} gguf_part;

static const gguf_part gguf_parts[] = {
    { "token_embd.weight", "model.embed_tokens.weight", 0, 0 },
    { "attn_norm.weight", "input_layernorm.weight", 1, 0 },
    { "attn_q.weight", "self_attn.q_proj.weight", 1, 1 },
    { "attn_k.weight", "self_attn.k_proj.weight", 1, 1 },
    { "attn_v.weight", "self_attn.v_proj.weight", 1, 0 },
    { "attn_output.weight", "self_attn.o_proj.weight", 1, 0 },
    { "ffn_norm.weight", "post_attention_layernorm.weight", 1, 0 },
    { "ffn_gate.weight", "mlp.gate_proj.weight", 1, 0 },
    { "ffn_up.weight", "mlp.up_proj.weight", 1, 0 },
    { "ffn_down.weight", "mlp.down_proj.weight", 1, 0 },
    { "output_norm.weight", "model.norm.weight", 0, 0 },
    { "output.weight", "lm_head.weight", 0, 0 }  // only where it is untied
};

static void walk_tensors(gguf *g,
                         void (*put)(gguf *g, const char *name,
                                     const sppo_tensor *tensor, int turned))
{
    const sppo_model *model = &g->t->policy;
    const sppo_tensor *tensor;
    char here[96], there[96];
    size_t part;
    int layer;

    for (part = 0; part < sizeof gguf_parts / sizeof *gguf_parts; part++) {
        const gguf_part *p = &gguf_parts[part];
        const int layers = p->layered ? model->config.layers : 1;
        for (layer = 0; layer < layers; layer++) {
            here[0] = there[0] = 0;
            if (p->layered) {
                snprintf(here, sizeof here, "model.layers.%d.", layer);
                snprintf(there, sizeof there, "blk.%d.", layer);
            }
            strcat(here, p->here);
            strcat(there, p->there);
            tensor = sppo_model_tensor(model, here);
            if (tensor)
                put(g, there, tensor, p->turned);
        }
    }
}

/* ---- the file ---- */

static void walk_file(gguf *g)
{
    g->used = g->offset = 0;
    g->keys = g->tensors = 0;
    put_bytes(g, "GGUF", 4);
    put_number(g, 3, 4);
    put_number(g, (uint64_t)g->all_tensors, 8);
    put_number(g, (uint64_t)g->all_keys, 8);
    network_keys(g);
    vocabulary_keys(g);
    walk_tensors(g, put_info);
    put_padding(g);
    walk_tensors(g, put_data);
}

/* Bytes of the character that a text begins with; 0: it is not UTF-8. */
static int character_bytes(const char *text, int length)
{
    const unsigned char *c = (const unsigned char *)text;
    const int n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2
                : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    int i;

    for (i = 1; i < n; i++)
        if (i >= length || (c[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* Readers look pieces up by their text, which is UTF-8 and that of one. */
static sppo_result pieces_fit(tool *t)
{
    const sppo_tokenizer *tok = &t->tok.bin;
    int i, at, n;

    for (i = 0; i < tok->vocab; i++) {
        const int id = tok->sorted[i], last = i ? tok->sorted[i - 1] : 0;
        const char *piece = tok->bytes + tok->start[id];
        const int length = tok->start[id + 1] - tok->start[id];
        if (id < SPPO_PIECES)
            continue;
        for (at = 0, n = 1; at < length && n > 0; at += n)
            n = character_bytes(piece + at, length - at);
        if (n == 0)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: piece %d of the "
                             "tokenizer is not UTF-8, as pieces of a GGUF are",
                             t->set.from, id);
        if (last >= SPPO_PIECES && length == tok->start[last + 1] -
            tok->start[last] && !memcmp(piece, tok->bytes + tok->start[last],
                                        (size_t)length))
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: pieces %d and %d of "
                             "the tokenizer are the same, and a GGUF's differ",
                             t->set.from, last, id);
    }
    return SPPO_OK;
}

/* What the format cannot say, or is not written here. */
static sppo_result gguf_can_hold(tool *t)
{
    const sppo_config *c = &t->policy.config;
    const char *why = NULL;

    if (c->head != SPPO_HEAD_NONE)
        why = "the head of a preference model";
    else if (!t->tok.bin.vocab)
        why = "a tokenizer of another kind than tokenizer.bin";
    else if (c->eos_count)
        why = "more than one token that ends a text";
    if (why)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: a GGUF as it is written "
                         "here has no place for %s", t->set.from, why);
    return pieces_fit(t);
}

sppo_result gguf_write(tool *t, const char *path)
{
    gguf g;
    sppo_result result;
    size_t size;

    TRY(gguf_can_hold(t));
    memset(&g, 0, sizeof g);
    g.t = t;
    walk_file(&g);
    size = g.used;
    g.all_keys = g.keys;
    g.all_tensors = g.tensors;
    g.data = (unsigned char *)sppo_alloc(&t->ctx, size, 1);
    if (!g.data)
        return t->ctx.code;
    walk_file(&g);
    result = g.beyond == 0
        ? sppo_file_write(&t->ctx, path, g.data, size)
        : sppo_fail(&t->ctx, SPPO_E_NUMBER, "%s has %d weights that are too "
                    "large for float16, which ends at 65504; use bfloat16",
                    t->set.from, g.beyond);
    sppo_release(&t->ctx, g.data, size);
    return result;
}
