/* test_files.c - safetensors, config.json, tokenizer.bin, checkpoints
 *
 * Files come from outside and are hostile: each rule of the formats has a
 * hand-made file that breaks it; every truncation and thousands of changed
 * bytes must give a code, never a crash (build with -fsanitize=address to see
 * reads beyond the end: blocks are exactly as long as the file).
 */
#define _XOPEN_SOURCE 700
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define FOLDER "build/test_files"

static int has(const sppo_ctx *ctx, const char *part)
{
    if (strstr(ctx->message, part))
        return 1;
    printf("    \"%s\" is not in: %s\n", part, ctx->message);
    return 0;
}

/* Gives a file that a test has changed the digest that it then should have. */
static void reseal(char *data, size_t size)
{
    static const char key[] = "\"sppo.digest\":\"";
    const size_t n = sizeof key - 1;
    char digits[17];
    size_t at = 8;

    while (at + n + 16 < size && memcmp(data + at, key, n) != 0)
        at++;
    if (!CHECK(at + n + 16 < size))
        return;
    memset(data + at + n, '0', 16);
    sprintf(digits, "%016llx",
            (unsigned long long)sppo_digest(0, data, size));
    memcpy(data + at + n, digits, 16);
}

static void make_folder(void)
{
    mkdir("build", 0777);
    mkdir(FOLDER, 0777);
}

/* ==== a file in memory =================================================== */

typedef struct bytes { unsigned char at[16384]; size_t size; } bytes;

static void put(bytes *b, const void *data, size_t size)
{
    memcpy(b->at + b->size, data, size);
    b->size += size;
}

static void put_u64(bytes *b, uint64_t x)
{
    int i;

    for (i = 0; i < 8; i++)
        b->at[b->size++] = (unsigned char)(x >> 8 * i);
}

static void put_f32(bytes *b, float x)
{
    uint32_t bits;
    int i;

    memcpy(&bits, &x, 4);
    for (i = 0; i < 4; i++)
        b->at[b->size++] = (unsigned char)(bits >> 8 * i);
}

static const char tiny_json[] =
    "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\","
    "\"vocab_size\":3,\"hidden_size\":2,\"intermediate_size\":3,"
    "\"num_hidden_layers\":1,\"num_attention_heads\":1,"
    "\"num_key_value_heads\":1,\"head_dim\":2,\"hidden_act\":\"silu\","
    "\"max_position_embeddings\":4,\"rms_norm_eps\":1e-05,"
    "\"rope_theta\":10000.0,\"rope_scaling\":null,"
    "\"tie_word_embeddings\":true,\"attention_bias\":false,\"mlp_bias\":false,"
    "\"bos_token_id\":1,\"eos_token_id\":2,\"torch_dtype\":\"float32\"}";

/* The tensors of that model in the order of their names. */
static const struct { const char *name; int rows, cols; } tiny[] = {
    { "model.embed_tokens.weight", 3, 2 },
    { "model.layers.0.input_layernorm.weight", 2, 0 },
    { "model.layers.0.mlp.down_proj.weight", 2, 3 },
    { "model.layers.0.mlp.gate_proj.weight", 3, 2 },
    { "model.layers.0.mlp.up_proj.weight", 3, 2 },
    { "model.layers.0.post_attention_layernorm.weight", 2, 0 },
    { "model.layers.0.self_attn.k_proj.weight", 2, 2 },
    { "model.layers.0.self_attn.o_proj.weight", 2, 2 },
    { "model.layers.0.self_attn.q_proj.weight", 2, 2 },
    { "model.layers.0.self_attn.v_proj.weight", 2, 2 },
    { "model.norm.weight", 2, 0 }
};
enum { TINY = 6 + 2 + 6 + 6 + 6 + 2 + 4 * 4 + 2 };

/* Exact in every format: eighths between -3 and 4. */
static double tiny_value(int i)
{
    return (i * 7 % 57 - 24) / 8.0;
}

/* The header's JSON, in the writer's layout but for the padding. */
static void tiny_header(char *out, const char *dtype, int width)
{
    int i, at = 0;

    out += sprintf(out, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (i = 0; i < COUNT(tiny); i++) {
        const int n = tiny[i].rows * (tiny[i].cols ? tiny[i].cols : 1);
        out += sprintf(out, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%d",
                       tiny[i].name, dtype, tiny[i].rows);
        if (tiny[i].cols)
            out += sprintf(out, ",%d", tiny[i].cols);
        out += sprintf(out, "],\"data_offsets\":[%d,%d]}", at * width,
                       (at + n) * width);
        at += n;
    }
    sprintf(out, "}");
}

/* Length, JSON, spaces up to a multiple of 8. */
static void put_header(bytes *b, const char *json)
{
    const size_t n = strlen(json), padded = (n + 7) / 8 * 8;

    b->size = 0;
    put_u64(b, padded);
    put(b, json, n);
    put(b, "       ", padded - n);
}

static void tiny_file(bytes *b)
{
    char json[4096];
    int i;

    tiny_header(json, "F32", 4);
    put_header(b, json);
    for (i = 0; i < TINY; i++)
        put_f32(b, (float)tiny_value(i));
}

/* Reads from a block that is exactly as long as the file. */
static sppo_result read_bytes(sppo_ctx *ctx, sppo_model *model, const void *at,
                              size_t size)
{
    void *copy = malloc(size ? size : 1);
    sppo_result code;

    if (!copy)
        return sppo_fail(ctx, SPPO_E_MEMORY, "no memory for the test");
    memcpy(copy, at, size);
    code = sppo_model_read(ctx, model, tiny_json, sizeof tiny_json - 1, copy,
                           size);
    free(copy);
    return code;
}

/* Whether the model holds the values of tiny_value under the right names. */
static int is_tiny(const sppo_model *model)
{
    int i, j, at = 0, good = 1;

    for (i = 0; i < COUNT(tiny); i++) {
        const int n = tiny[i].rows * (tiny[i].cols ? tiny[i].cols : 1);
        const sppo_tensor *t = sppo_model_tensor(model, tiny[i].name);
        if (!t || t->size != (size_t)n)
            return 0;
        for (j = 0; j < n; j++)
            good &= fabs((double)model->weights[t->offset + (size_t)j]
                         - tiny_value(at + j)) <= 0.0;
        at += n;
    }
    return good;
}

/* ==== safetensors: what is read ========================================== */

static void reads_a_hand_made_file(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;

    tiny_file(&b);
    CHECK_OK(&ctx, read_bytes(&ctx, &model, b.at, b.size));
    CHECK(model.count == TINY);
    CHECK(model.config.vocab == 3);
    CHECK(model.config.dim == 2);
    CHECK(is_tiny(&model));
    sppo_model_free(&ctx, &model);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* IEEE half of a number that has one: these do. */
static unsigned half_of(double x)
{
    int e;
    const double m = frexp(fabs(x), &e);

    if (!(fabs(x) > 0))
        return 0;
    return (x < 0 ? 0x8000u : 0u) | (unsigned)(e + 14) << 10
         | ((unsigned)ldexp(m, 11) & 0x3FFu);
}

static void reads_f16_and_bf16(void)
{
    int kind, i;

    for (kind = 0; kind < 2; kind++) {
        sppo_ctx ctx = { 0 };
        sppo_model model = { 0 };
        static bytes b;
        char json[4096];
        tiny_header(json, kind ? "BF16" : "F16", 2);
        put_header(&b, json);
        for (i = 0; i < TINY; i++) {
            const float x = (float)tiny_value(i);
            uint32_t bits;
            unsigned two;
            memcpy(&bits, &x, 4);
            two = kind ? (unsigned)(bits >> 16) : half_of(tiny_value(i));
            b.at[b.size++] = (unsigned char)(two & 0xFF);
            b.at[b.size++] = (unsigned char)(two >> 8);
        }
        CHECK_OK(&ctx, read_bytes(&ctx, &model, b.at, b.size));
        CHECK(is_tiny(&model));
        sppo_model_free(&ctx, &model);
    }
}

/* Every finite half, in the six numbers of the embedding, against ldexp. */
static void reads_every_half(void)
{
    sppo_ctx ctx = { 0 };
    static bytes b;
    char json[4096];
    unsigned h;
    size_t data;
    int i, wrong = 0;

    tiny_header(json, "F16", 2);
    put_header(&b, json);
    data = b.size;
    memset(b.at + data, 0, 2 * TINY);
    b.size += 2 * TINY;
    for (h = 0; h < 0x10000; h += 6) {
        sppo_model model = { 0 };
        const sppo_tensor *t;
        for (i = 0; i < 6; i++) {
            unsigned x = h + (unsigned)i;
            x = (x & 0x7C00) == 0x7C00 ? 0 : x & 0xFFFF;  // infinite or NaN
            b.at[data + 2 * (size_t)i] = (unsigned char)(x & 0xFF);
            b.at[data + 2 * (size_t)i + 1] = (unsigned char)(x >> 8);
        }
        if (!CHECK_OK(&ctx, read_bytes(&ctx, &model, b.at, b.size)))
            return;
        t = sppo_model_tensor(&model, "model.embed_tokens.weight");
        for (i = 0; i < 6; i++) {
            unsigned x = h + (unsigned)i, e;
            double value;
            x = (x & 0x7C00) == 0x7C00 ? 0 : x & 0xFFFF;
            e = x >> 10 & 31;
            value = e ? ldexp(1024.0 + (x & 1023), (int)e - 25)
                      : ldexp((double)(x & 1023), -24);
            value = x & 0x8000 ? -value : value;
            wrong += !(fabs((double)model.weights[t->offset + (size_t)i]
                            - value) <= 0.0);
        }
        sppo_model_free(&ctx, &model);
    }
    CHECK(wrong == 0);
}

/* A half that is no number is refused with the number's place. */
static void a_half_that_is_infinite_or_nan_is_told(void)
{
    static const struct { unsigned half; const char *says; } row[] = {
        { 0x7C00, "number 3 of 6 is infinite" },
        { 0xFC00, "number 3 of 6 is -infinite" },
        { 0x7C01, "number 3 of 6 is NaN" }, { 0xFE00, "number 3 of 6 is NaN" }
    };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;
    char json[4096];
    int i;

    for (i = 0; i < COUNT(row); i++) {
        tiny_header(json, "F16", 2);
        put_header(&b, json);
        memset(b.at + b.size, 0, 2 * TINY);
        b.at[b.size + 4] = (unsigned char)(row[i].half & 0xFF);
        b.at[b.size + 5] = (unsigned char)(row[i].half >> 8);
        b.size += 2 * TINY;
        CHECK(read_bytes(&ctx, &model, b.at, b.size) == SPPO_E_NUMBER);
        CHECK(has(&ctx, "model.embed_tokens.weight: "));
        CHECK(has(&ctx, row[i].says));
    }
    CHECK(model.weights == NULL && ctx.held == 0);
}

#define NORM "\"model.norm.weight\":{\"dtype\":\"F32\",\"shape\":[2]," \
             "\"data_offsets\":[176,184]}"
/* a tensor that a tied model has no use for, but that has to be sound */
#define HEAD(shape) ",\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\":[" shape \
                    "],\"data_offsets\":[184,208]}"
/* A header after one replacement, and data of another length. */
static void edited(bytes *b, const char *from, const char *to, int data_change)
{
    static char json[8192], changed[8192];
    const char *at;
    int i;

    tiny_header(json, "F32", 4);
    at = strstr(json, from);
    if (!CHECK(at != NULL)) {
        printf("    no \"%s\" in the header\n", from);
        return;
    }
    sprintf(changed, "%.*s%s%s", (int)(at - json), json, to,
            at + strlen(from));
    put_header(b, changed);
    for (i = 0; i < TINY; i++)
        put_f32(b, (float)tiny_value(i));
    for (i = 0; i < data_change; i++)
        put(b, "", 1);
    if (data_change < 0)
        b->size -= (size_t)-data_change;
}

/* Layouts that are not ours but legal. */
static void reads_other_legal_layouts(void)
{
    static const struct { const char *from, *to; int more; } row[] = {
        { "\"__metadata__\":{\"format\":\"pt\"},", "", 0 },
        { "{\"format\":\"pt\"}", "{}", 0 },
        { "{\"format\":\"pt\"}", "{\"a\":\"1\",\"b\":\"\"}", 0 },
        { "\"model.norm", "  \t\r\n \"model.norm", 0 },
        { "[3,2],\"data", "[ 3 , 2 ] , \"data", 0 },
        { "\"model.norm.weight\"", "\"\\u006dodel.norm.weight\"", 0 },
        { "\"dtype\":\"F32\",\"shape\":[3,2]",
          "\"shape\":[3,2],\"dtype\":\"F32\"", 0 },
        { "\"shape\":[2]", "\"note\":[null,{}],\"shape\":[2]", 0 },
        { NORM, NORM ",\"model.layers.0.self_attn.rotary_emb.inv_freq\":"
                "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[184,188]}",
          4 },
        { NORM, NORM ",\"a.rotary_emb.inv_freq\":{\"dtype\":\"F64\",\"shape\""
                ":[],\"data_offsets\":[184,192]}", 8 },
        { NORM, NORM ",\"a.rotary_emb.inv_freq\":{\"dtype\":\"F64\",\"shape\""
                ":[0,7],\"data_offsets\":[184,184]}", 0 }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_ctx ctx = { 0 };
        sppo_model model = { 0 };
        static bytes b;
        edited(&b, row[i].from, row[i].to, row[i].more);
        if (!CHECK_OK(&ctx, read_bytes(&ctx, &model, b.at, b.size)))
            printf("    row %d\n", i);
        else
            CHECK(is_tiny(&model));
        sppo_model_free(&ctx, &model);
    }
}

/* Some writers repeat the embedding as the classifier of a tied model. */
static void a_tied_classifier_repeats_the_embedding(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;
    int i;

    edited(&b, NORM, NORM HEAD("3,2"), 0);
    for (i = 0; i < 6; i++)
        put_f32(&b, (float)tiny_value(i));
    CHECK_OK(&ctx, read_bytes(&ctx, &model, b.at, b.size));
    CHECK(is_tiny(&model));
    sppo_model_free(&ctx, &model);
    b.at[b.size - 1] ^= 0x80;  // the sign of the last number
    CHECK(read_bytes(&ctx, &model, b.at, b.size) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "lm_head.weight: is not the embedding"));
    CHECK(has(&ctx, "tie_word_embeddings"));
    edited(&b, NORM, NORM HEAD("6"), 24);
    CHECK(read_bytes(&ctx, &model, b.at, b.size) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "lm_head.weight: should have shape [3, 2] by config.json, "
                    "and has [6]"));
    CHECK(model.weights == NULL);
    CHECK(ctx.held == 0);
}

/* The order of the data is that of the offsets, not that of the JSON. */
static void reads_tensors_in_any_order(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;
    static char json[4096], turned[4096];
    char *norm;

    tiny_header(json, "F32", 4);
    norm = strstr(json, ",\"model.norm");
    norm[strlen(norm) - 1] = 0;  // the last brace
    sprintf(turned, "{%s", norm + 1);
    *norm = 0;
    strcat(turned, ",");
    strcat(turned, json + 1);
    strcat(turned, "}");
    tiny_file(&b);
    {
        static bytes c;
        put_header(&c, turned);
        put(&c, b.at + b.size - 4 * TINY, 4 * TINY);
        CHECK_OK(&ctx, read_bytes(&ctx, &model, c.at, c.size));
        CHECK(is_tiny(&model));
    }
    sppo_model_free(&ctx, &model);
}

/* ==== safetensors: what is refused ======================================= */

static const struct { const char *rule, *from, *to; int more;
                      const char *says; } broken[] = {
    /* 4: UTF-8 */
    { "utf-8", "\"pt\"", "\"\xff\"", 0, "not valid UTF-8" },
    { "utf-8", "model.norm", "model.\xed\xa0\x80orm", 0, "not valid UTF-8" },
    /* 5: JSON of that shape */
    { "no brace", "{\"__metadata__\"", "\"__metadata__\"", 0,
      "does not begin with {" },
    { "array", "{\"__metadata__\":{\"format\":\"pt\"},", "[{},", 0,
      "does not begin with {" },
    { "blank in front", "{\"__metadata__\"", " {\"__metadata__\"", 0,
      "does not begin with {" },
    { "junk after", NORM "}", NORM "} x", 0, "header" },
    { "second object", NORM "}", NORM "}{}", 0, "header" },
    { "trailing comma", NORM, NORM ",", 0, "header" },
    { "metadata number", "\"pt\"", "1", 0,
      "__metadata__: holds something other than strings" },
    { "metadata null", "\"pt\"", "null", 0, "__metadata__: holds something" },
    { "metadata object", "\"pt\"", "{}", 0, "__metadata__: holds something" },
    { "metadata array", "{\"format\":\"pt\"}", "[]", 0,
      "__metadata__: is not an object" },
    { "metadata string", "{\"format\":\"pt\"}", "\"pt\"", 0,
      "__metadata__: is not an object" },
    { "entry number", NORM, "\"model.norm.weight\":7", 0,
      "model.norm.weight: is not an object" },
    { "entry array", NORM, "\"model.norm.weight\":[]", 0,
      "model.norm.weight: is not an object" },
    { "entry null", NORM, "\"model.norm.weight\":null", 0,
      "model.norm.weight: is not an object" },
    { "no dtype", "{\"dtype\":\"F32\",\"shape\":[3,2]", "{\"shape\":[3,2]", 0,
      "has no dtype" },
    { "no shape", "\"shape\":[3,2],", "", 0, "has no shape" },
    { "no offsets", ",\"data_offsets\":[0,24]", "", 0,
      "its data_offsets must be two" },
    { "dtype number", "\"F32\"", "32", 0, "has no dtype" },
    { "dtype unknown", "\"F32\"", "\"F33\"", 0, "its dtype F33 is not one" },
    { "dtype case", "\"F32\"", "\"f32\"", 0, "its dtype f32 is not one" },
    { "dtype integer", "\"F32\"", "\"I32\"", 0,
      "its dtype is I32; it must be F32" },
    { "dtype of another size", "\"F32\"", "\"F16\"", 0,
      "its shape is of 12 bytes, its data_offsets are of 24" },
    { "shape number", "\"shape\":[3,2]", "\"shape\":6", 0, "has no shape" },
    { "shape string", "\"shape\":[3,2]", "\"shape\":[\"3\",2]", 0,
      "its shape must be whole numbers" },
    { "shape negative", "\"shape\":[3,2]", "\"shape\":[-3,-2]", 0,
      "its shape must be whole numbers" },
    { "shape fraction", "\"shape\":[3,2]", "\"shape\":[3.0,2]", 0,
      "its shape must be whole" },
    { "shape exponent", "\"shape\":[3,2]", "\"shape\":[3e0,2]", 0,
      "its shape must be whole" },
    { "shape null", "\"shape\":[3,2]", "\"shape\":[null,2]", 0,
      "its shape must be whole" },
    { "shape nested", "\"shape\":[3,2]", "\"shape\":[[3],2]", 0,
      "its shape must be whole" },
    { "offsets one", "[0,24]", "[24]", 0, "its data_offsets must be two" },
    { "offsets three", "[0,24]", "[0,24,24]", 0,
      "its data_offsets must be two" },
    { "offsets string", "[0,24]", "\"0,24\"", 0,
      "its data_offsets must be two" },
    { "offsets negative", "[0,24]", "[-0,24]", 0,
      "its data_offsets must be two" },
    { "offsets fraction", "[0,24]", "[0,24.0]", 0,
      "its data_offsets must be two" },
    { "offsets exponent", "[0,24]", "[0,2.4e1]", 0,
      "its data_offsets must be two" },
    { "offsets huge", "[0,24]", "[0,18446744073709551640]", 0,
      "its data_offsets must be two" },
    /* duplicate keys, the known way to smuggle */
    { "tensor twice", NORM, NORM "," NORM, 0, "twice" },
    { "tensor twice in disguise", NORM,
      NORM ",\"model.norm.w\\u0065ight\":{\"dtype\":\"F32\",\"shape\":[2],"
      "\"data_offsets\":[176,184]}", 0, "twice" },
    { "shape twice", "\"shape\":[3,2]", "\"shape\":[3,2],\"shape\":[3,2]", 0,
      "twice" },
    { "metadata twice", "\"pt\"}", "\"pt\"},\"__metadata__\":{}", 0, "twice" },
    /* 6: no hole, no overlap */
    { "does not begin at 0", "[0,24]", "[4,28]", 0,
      "embed_tokens.weight: its data begin at 4, but" },
    { "hole", "[24,32]", "[28,36]", 0,
      "begin at 28, but those before end at 24: a hole" },
    { "overlap", "[24,32]", "[20,28]", 0,
      "begin at 20, but those before end at 24: an overlap" },
    { "same place", "[24,32]", "[0,8]", 0,
      "begin at 0, but those before end at 8: an overlap" },
    { "backwards", "[24,32]", "[32,24]", 0,
      "its data_offsets end before they begin" },
    { "hole at the end", "[176,184]", "[180,188]", 4,
      "model.norm.weight: its data begin at 180" },
    { "overlap at the end", "[176,184]", "[168,176]", -8, "an overlap" },
    /* 7: sizes */
    { "size too small", "[0,24]", "[0,20]", 0,
      "its shape is of 24 bytes, its data_offsets are of 20" },
    { "size too large", "[176,184]", "[176,188]", 4,
      "its shape is of 8 bytes, its data_offsets are of 12" },
    { "product overflows", "\"shape\":[3,2]",
      "\"shape\":[4294967296,4294967296,3,2]", 0,
      "more bytes than can be counted" },
    { "product overflows to 6", NORM, NORM HEAD("2,9223372036854775811"), 24,
      "more bytes than can" },
    { "bytes overflow to 24", NORM, NORM HEAD("4611686018427387910"), 24,
      "more bytes than can" },
    /* 8: the file ends with the last tensor */
    { "one byte too many", "\"pt\"", "\"pt\"", 1, "something was added" },
    { "one byte too few", "\"pt\"", "\"pt\"", -1, "the file is cut off" },
    { "no data", "\"pt\"", "\"pt\"", -4 * TINY,
      "0 bytes follow the header, which asks for 184" },
    /* the model's own rules */
    { "model.norm.weight", "," NORM, "", -8, "model.norm.weight" },
    { "model.embed_tokenz.weight", "model.embed_tokens", "model.embed_tokenz",
      0, "model.embed_tokenz.weight" },
    { "model.embed_tokens.weight", "\"shape\":[3,2]", "\"shape\":[2,3]", 0,
      "model.embed_tokens.weight" },
    { "model.embed_tokens.weight", "\"shape\":[3,2]", "\"shape\":[6]", 0,
      "model.embed_tokens.weight" },
    { "model.embed_tokens.weight", "\"shape\":[3,2]", "\"shape\":[3,2,1]", 0,
      "model.embed_tokens.weight" },
    { "model.layers.0.mlp.down_proj.weight", "\"shape\":[2,3]",
      "\"shape\":[3,2]", 0, "model.layers.0.mlp.down_proj.weight" },
    { "columns", NORM, NORM ",\"lm_head.weight\":{\"dtype\":\"F32\",\"shape\""
      ":[3,3],\"data_offsets\":[184,220]}", 36, "lm_head.weight: should have "
      "shape [3, 2] by config.json, and has [3, 3]" },
    { "many dimensions", "\"shape\":[3,2]", "\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1"
      ",1,1,1,1,1,1,1,1,1,1,1,1,3,2]", 0, "1, 1, 1, 1, ..]" }
};

static void refuses_each_broken_rule(void)
{
    int i;

    for (i = 0; i < COUNT(broken); i++) {
        sppo_ctx ctx = { 0 };
        sppo_model model = { 0 };
        static bytes b;
        sppo_result code;
        edited(&b, broken[i].from, broken[i].to, broken[i].more);
        code = read_bytes(&ctx, &model, b.at, b.size);
        if (!CHECK(code == SPPO_E_FORMAT))
            printf("    %s gave %d\n", broken[i].rule, (int)code);
        CHECK(has(&ctx, "model.safetensors: "));
        if (!CHECK(has(&ctx, broken[i].says)))
            printf("    %s\n", broken[i].rule);
        CHECK(model.weights == NULL);
        CHECK(ctx.held == 0);
    }
}

/* Rules 1 to 3: the length in front. */
static void refuses_bad_header_lengths(void)
{
    static const uint64_t lengths[] = { 0, 1, 7, 99999999u, 100000001u,
        UINT64_C(1) << 32, UINT64_C(1) << 63, ~UINT64_C(0),
        ~UINT64_C(0) - 7, ~UINT64_C(0) - 8 };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b, c;
    int i;

    tiny_file(&b);
    for (i = 0; i < COUNT(lengths); i++) {
        c.size = 0;
        put_u64(&c, lengths[i]);
        put(&c, b.at + 8, b.size - 8);
        CHECK(read_bytes(&ctx, &model, c.at, c.size) == SPPO_E_FORMAT);
        CHECK(has(&ctx, lengths[i] > 100000000   ? "more than 100000000 bytes"
                        : lengths[i] == 0        ? "does not begin with {"
                        : lengths[i] == 99999999 ? "the file ends before"
                                                 : "header, column"));
        CHECK(model.weights == NULL);
    }
    CHECK(read_bytes(&ctx, &model, b.at, 7) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "7 bytes are too few"));
    for (i = -1; i <= 1; i += 2) {  // one off in either direction
        uint64_t n = 0;
        int j;
        for (j = 0; j < 8; j++)
            n |= (uint64_t)b.at[j] << 8 * j;
        c.size = 0;
        put_u64(&c, n + (uint64_t)i);
        put(&c, b.at + 8, b.size - 8);
        CHECK(read_bytes(&ctx, &model, c.at, c.size) == SPPO_E_FORMAT);
    }
    CHECK(ctx.held == 0);
}

/* A file may name huge tensors: nothing of that size is asked for. */
static void asks_for_no_memory_that_the_file_does_not_back(void)
{
    static const char huge[] =
        "{\"model_type\":\"llama\",\"vocab_size\":2000000000,"
        "\"hidden_size\":65536,\"intermediate_size\":65536,"
        "\"num_hidden_layers\":1000,\"num_attention_heads\":64,"
        "\"max_position_embeddings\":4,\"tie_word_embeddings\":true}";
    static const char large[] =
        "{\"model_type\":\"llama\",\"vocab_size\":100000,"
        "\"hidden_size\":128,\"intermediate_size\":8,"
        "\"num_hidden_layers\":1,\"num_attention_heads\":64,"
        "\"max_position_embeddings\":4,\"tie_word_embeddings\":true}";
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;

    tiny_file(&b);
    CHECK(sppo_model_read(&ctx, &model, huge, sizeof huge - 1, b.at, b.size)
          != SPPO_OK);
    CHECK(sppo_model_read(&ctx, &model, large, sizeof large - 1, b.at, b.size)
          == SPPO_E_FORMAT);
    CHECK(ctx.peak < 10000000);
    CHECK(ctx.held == 0);
    CHECK(model.weights == NULL);
}

static void survives_every_truncation(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;
    size_t n;

    tiny_file(&b);
    for (n = 0; n < b.size; n++)
        if (!CHECK(read_bytes(&ctx, &model, b.at, n) == SPPO_E_FORMAT))
            printf("    after %lu bytes\n", (unsigned long)n);
    CHECK(model.weights == NULL);
    CHECK(ctx.held == 0);
}

static void survives_every_changed_byte(void)
{
    static const unsigned char values[] = { 0x00, 0xFF, '"', '9', '0', '{',
        '}', '[', ',', '-', '\\', ' ', 0x80 };
    sppo_ctx ctx = { 0 };
    static bytes b;
    size_t at;
    int v, refused = 0, read = 0;

    tiny_file(&b);
    for (at = 0; at < b.size - 4 * TINY; at++)
        for (v = 0; v < COUNT(values); v++) {
            const unsigned char old = b.at[at];
            sppo_model model = { 0 };
            b.at[at] = values[v];
            if (read_bytes(&ctx, &model, b.at, b.size))
                refused++;
            else
                read++;
            CHECK(model.weights == NULL || model.count == TINY);
            sppo_model_free(&ctx, &model);
            b.at[at] = old;
        }
    CHECK(refused > 10 * read);
    CHECK(ctx.held == 0);
}

/* ==== safetensors: what is written ======================================= */

static sppo_config config_of(int vocab, int dim, int layers, int untied)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = vocab, c.dim = dim, c.layers = layers, c.heads = 2;
    c.kv_heads = 1, c.hidden = 5, c.context = 16, c.untied = untied;
    c.bos = 1, c.eos = 2;
    return c;
}

/* The file is, byte for byte, the one made by hand and sealed; in the double
 * build its numbers are F64, so that nothing is lost there either.          */
static void writes_the_reference_layout(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;
    void *data = NULL;
    char json[4096], sealed[4200], *metadata;
    size_t size = 0;
    int i;

    tiny_file(&b);
    CHECK((b.size - 4 * TINY) % 8 == 0);
    CHECK_OK(&ctx, read_bytes(&ctx, &model, b.at, b.size));
    tiny_header(json, sizeof(sppo_real) == 8 ? "F64" : "F32",
                (int)sizeof(sppo_real));
    metadata = strstr(json, "\"pt\"}");
    if (!CHECK(metadata != NULL))
        return;
    sprintf(sealed, "%.*s\"pt\",\"sppo.digest\":\"%016d\"}%s",
            (int)(metadata - json), json, 0, metadata + 5);
    put_header(&b, sealed);
    for (i = 0; i < TINY; i++) {
        const double x = tiny_value(i);
        uint64_t bits;
        memcpy(&bits, &x, 8);
        if (sizeof(sppo_real) == 8)
            put_u64(&b, bits);
        else
            put_f32(&b, (float)x);
    }
    reseal((char *)b.at, b.size);
    CHECK_OK(&ctx, sppo_model_write(&ctx, &model, SPPO_DTYPE_REAL, &data,
                                    &size));
    CHECK(size == b.size);
    CHECK(size == b.size && memcmp(data, b.at, size) == 0);
    sppo_release(&ctx, data, size);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* The file that the writer makes of these arrays, against known bytes. */
static void same_file(const char *metadata, const sppoi_entry *entry, int n,
                      uint64_t length, const char *header, int numbers)
{
    sppo_ctx ctx = { 0 };
    static bytes b;
    char *data = NULL;
    size_t size = 0;
    int i;

    b.size = 0;
    put_u64(&b, length);
    put(&b, header, strlen(header));
    for (i = 0; i < numbers; i++)
        put_f32(&b, n == 1 ? (float)i : 0.0f);
    CHECK(b.size == 8 + length + 4 * (size_t)numbers);
    CHECK_OK(&ctx, sppoi_archive_write(&ctx, FOLDER "/vector", metadata, entry,
                                       n));
    if (!CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/vector", &data, &size)))
        return;
    if (!CHECK(size == b.size && memcmp(data, b.at, size) == 0))
        printf("    %s\n", header);
    sppo_release(&ctx, data, size + 1);
    CHECK(ctx.held == 0);
    remove(FOLDER "/vector");
}

/* The four files that the reference implementation tests its writer with, and
 * the order of types: by the reference's list, from F64 down.               */
static void writes_the_vectors_of_the_reference(void)
{
    static const double six[6] = { 0, 1, 2, 3, 4, 5 };
    static const int zero[1] = { 0 };
    sppoi_entry e[3] = { { "attn.0", NULL, { 1, 2, 3 }, 3, SPPOI_DOUBLE,
                           SPPOI_F32 } };

    make_folder();
    e[0].data = six;
    same_file(NULL, e, 0, 8, "{}      ", 0);
    same_file("{\"framework\":\"pt\"}", e, 0, 40,
              "{\"__metadata__\":{\"framework\":\"pt\"}}     ", 0);
    same_file(NULL, e, 1, 64, "{\"attn.0\":{\"dtype\":\"F32\",\"shape\":"
              "[1,2,3],\"data_offsets\":[0,24]}}", 6);
    e[0].name = "attn0";
    e[0].dims = 4;
    e[0].shape[1] = 1, e[0].shape[2] = 2, e[0].shape[3] = 3;
    same_file(NULL, e, 1, 72, "{\"attn0\":{\"dtype\":\"F32\",\"shape\":"
              "[1,1,2,3],\"data_offsets\":[0,24]}}       ", 6);
    e[1] = e[0], e[2] = e[0];
    e[0].name = "a", e[1].name = "b", e[2].name = "c";
    e[0].dims = 1, e[1].dims = 1, e[2].dims = 0;
    e[0].kind = SPPOI_INT, e[0].dtype = SPPOI_I32, e[0].data = zero;
    e[2].dtype = SPPOI_F64;
    same_file(NULL, e, 3, 168, "{\"c\":{\"dtype\":\"F64\",\"shape\":[],"
              "\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],"
              "\"data_offsets\":[8,12]},\"a\":{\"dtype\":\"I32\",\"shape\":[1],"
              "\"data_offsets\":[12,16]}}      ", 4);
}

/* Names are sorted as bytes: layer 10 stands before layer 2. */
static void writes_names_in_byte_order(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_json json = { 0 };
    const sppo_config c = config_of(7, 8, 12, 1);
    char *data = NULL, last[80] = "", name[80];
    size_t size = 0, n = 0, end = 0;
    int i, node, tensors = 0;

    make_folder();
    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 5));
    CHECK_OK(&ctx, sppo_model_save(&ctx, &model, FOLDER));
    if (!CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/model.safetensors",
                                       &data, &size)))
        return;
    for (i = 0; i < 8; i++)
        n |= (size_t)(unsigned char)data[i] << 8 * i;
    CHECK(n % 8 == 0);
    CHECK(data[8] == '{');
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, data + 8, n, "header"));
    node = json.node[0].first;
    CHECK(strncmp(data + 8 + json.node[node].name_begin, "__metadata__\"", 13)
          == 0);
    for (node = json.node[node].next; node >= 0; node = json.node[node].next) {
        const int offsets = sppo_json_find(&json, node, "data_offsets");
        const int from = json.node[offsets].first;
        sprintf(name, "%.*s",
                (int)(json.node[node].name_end - json.node[node].name_begin),
                data + 8 + json.node[node].name_begin);
        CHECK(strcmp(name, last) > 0);
        CHECK_NEAR(sppo_json_number(&json, from), (double)end, 0.0);
        end = (size_t)sppo_json_number(&json, json.node[from].next);
        strcpy(last, name);
        tensors++;
    }
    CHECK(tensors == 3 + 9 * 12);
    CHECK(8 + n + end == size);
    CHECK(strstr(data + 8, "lm_head.weight") < strstr(data + 8, "model."));
    CHECK(strstr(data + 8, "layers.10.") < strstr(data + 8, "layers.2."));
    sppo_json_free(&ctx, &json);
    sppo_release(&ctx, data, size + 1);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* Saved and loaded: the same config and the same bits. */
static void save_and_load_is_identity(void)
{
    static const sppo_head heads[4] = { SPPO_HEAD_NONE, SPPO_HEAD_PAIR,
                                        SPPO_HEAD_EMBED, SPPO_HEAD_SCALAR };
    int h, untied;

    make_folder();
    for (h = 0; h < 4; h++)
        for (untied = 0; untied < 2; untied++) {
            sppo_ctx ctx = { 0 };
            sppo_model model = { 0 }, again = { 0 };
            sppo_config c = config_of(9, 8, 3, untied);
            c.head_dim = 6;
            c.rope_theta = 500000.0;
            c.norm_eps = 1.5e-6;
            c.head = heads[h];
            c.embed_dim = h == 2 ? 4 : 0;
            CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 17));
            CHECK_OK(&ctx, sppo_model_save(&ctx, &model, FOLDER));
            if (!CHECK_OK(&ctx, sppo_model_load(&ctx, &again, FOLDER)))
                return;
            CHECK(again.count == model.count);
            CHECK(again.tensor_count == model.tensor_count);
            CHECK(again.config.head_dim == 6);
            CHECK(again.config.untied == untied);
            CHECK(again.config.head == heads[h]);
            CHECK(again.config.embed_dim == model.config.embed_dim);
            CHECK(again.config.bos == 1 && again.config.eos == 2);
            CHECK_NEAR(again.config.rope_theta, 500000.0, 0.0);
            CHECK_NEAR(again.config.norm_eps, 1.5e-6, 0.0);
            CHECK(memcmp(again.weights, model.weights,
                         model.count * sizeof *model.weights) == 0);
            sppo_model_free(&ctx, &model);
            sppo_model_free(&ctx, &again);
            CHECK(ctx.held == 0);
        }
}

/* ==== other types of numbers ============================================= */

/* The word after "torch_dtype" in a folder's config.json. */
static int says_dtype(const char *word)
{
    sppo_ctx ctx = { 0 };
    char *text = NULL, wanted[64];
    size_t size = 0;
    int found;

    if (sppo_file_read(&ctx, FOLDER "/config.json", &text, &size))
        return 0;
    sprintf(wanted, "\"torch_dtype\": \"%s\"", word);
    found = strstr(text, wanted) != NULL;
    sppo_release(&ctx, text, size + 1);
    return found;
}

/* The folder's file: how often it names a type, and its length. */
static int names_dtype(const char *name, size_t *size)
{
    sppo_ctx ctx = { 0 };
    char *data = NULL, *at, wanted[32];
    int n = 0;

    if (sppo_file_read(&ctx, FOLDER "/model.safetensors", &data, size))
        return -1;
    sprintf(wanted, "\"dtype\":\"%s\"", name);
    for (at = strstr(data + 8, wanted); at; at = strstr(at + 1, wanted))
        n++;
    sppo_release(&ctx, data, *size + 1);
    return n;
}

/* Numbers between two neighbours of 8 bits: the nearer one, of two equally near
 * the one with an even last bit; the ends of the range stay what they are.  */
static void a_write_that_fails_says_no_size(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_config c = config_of(300, 32, 2, 0);
    void *data = NULL;
    size_t size = 77;

    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 1));
    ctx.limit = ctx.held + model.count;  // enough for the header alone
    CHECK(sppo_model_write(&ctx, &model, SPPO_DTYPE_REAL, &data, &size) ==
          SPPO_E_MEMORY);
    CHECK(has(&ctx, "sppo_model_write"));
    CHECK(data == NULL && size == 77);
    ctx.limit = 0;
    CHECK(sppo_model_write(&ctx, &model, (sppo_dtype)3, &data, &size) ==
          SPPO_E_ARGUMENT);  // the value after the last
    CHECK(has(&ctx, "dtype is 3"));
    CHECK(data == NULL && size == 77);
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

static void bfloat16_is_the_nearest_to_even(void)
{
    static const struct { float from, to; } row[] = {
        { 1.0f, 1.0f }, { 1.00390625f, 1.0f }, { 1.003907f, 1.0078125f },
        { 1.01171875f, 1.015625f }, { 1.0117f, 1.0078125f },
        { -1.01171875f, -1.015625f }, { 255.5f, 256.0f }, { 3.0f, 3.0f },
        { 9.1835496e-41f, 9.1835496e-41f }, { 4.6e-41f, 9.1835496e-41f },
        { 1e-45f, 0.0f }, { -1e-45f, -0.0f }, { 3.3895314e38f, 3.3895314e38f },
        { -3.396e38f, -3.3895314e38f }
    };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 }, back = { 0 };
    sppo_config c = config_of(9, 8, 1, 0);
    size_t size = 0;
    int i;

    make_folder();
    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 3));
    for (i = 0; i < COUNT(row); i++)
        model.weights[i] = (sppo_real)row[i].from;
    CHECK_OK(&ctx, sppo_model_save_as(&ctx, &model, SPPO_DTYPE_BFLOAT16,
                                      FOLDER));
    CHECK(says_dtype("bfloat16"));
    CHECK(names_dtype("BF16", &size) == model.tensor_count);
    CHECK(size > 2 * model.count && size < 2 * model.count + 2048);
    if (!CHECK_OK(&ctx, sppo_model_load(&ctx, &back, FOLDER)))
        return;
    for (i = 0; i < COUNT(row); i++) {
        const float got = (float)back.weights[i];
        if (!CHECK(memcmp(&got, &row[i].to, sizeof got) == 0))
            printf("    %.9g became %.9g\n", (double)row[i].from, (double)got);
    }
    for (; i < (int)model.count; i++)
        CHECK_NEAR(back.weights[i], model.weights[i],
                   fabs((double)model.weights[i]) / 256.0);
    CHECK_OK(&ctx, sppo_model_save_as(&ctx, &back, SPPO_DTYPE_BFLOAT16,
                                      FOLDER));  // nothing is lost again
    sppo_model_free(&ctx, &model);
    CHECK_OK(&ctx, sppo_model_load(&ctx, &model, FOLDER));
    CHECK(memcmp(back.weights, model.weights,
                 model.count * sizeof *model.weights) == 0);
    sppo_model_free(&ctx, &model);
    sppo_model_free(&ctx, &back);
    CHECK(ctx.held == 0);
}

/* What would be NaN or infinite in the file is not saved, and what is so in a
 * file is not loaded; what was there before stays.                          */
static void numbers_that_are_none_stop_at_the_file(void)
{
    static const double bad[] = { HUGE_VAL, -HUGE_VAL, 3.4e38, -3.4e38, 1e39 };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 }, back = { 0 };
    sppo_config c = config_of(9, 8, 1, 0);
    void *block = NULL;
    size_t size;
    static bytes b;
    int i, at = 0, half = 0;

    make_folder();
    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 3));
    CHECK_OK(&ctx, sppo_model_save_as(&ctx, &model, SPPO_DTYPE_BFLOAT16,
                                      FOLDER));
    for (i = -1; i < COUNT(bad); i++) {
        model.weights[80] = i < 0 ? (sppo_real)NAN : (sppo_real)bad[i];
        CHECK(sppo_model_save_as(&ctx, &model, SPPO_DTYPE_BFLOAT16, FOLDER)
              == SPPO_E_NUMBER);
        CHECK(has(&ctx, "model.layers.0."));
        if (i < 2 || (i == 4 && sizeof(sppo_real) == 4)) {
            CHECK(sppo_model_save(&ctx, &model, FOLDER) == SPPO_E_NUMBER);
            CHECK(sppo_model_write(&ctx, &model, SPPO_DTYPE_FLOAT32, &block,
                                   &size) == SPPO_E_NUMBER);
        }
    }
    CHECK_OK(&ctx, sppo_model_load(&ctx, &back, FOLDER));
    CHECK(says_dtype("bfloat16"));
    sppo_model_free(&ctx, &back);
    sppo_model_free(&ctx, &model);
    for (i = 0; i < 3; i++) {
        tiny_file(&b);
        at = (int)b.size - 4 * (TINY - i * 7);
        memcpy(b.at + at, i == 0 ? "\0\0\xc0\x7f" : i == 1 ? "\0\0\x80\x7f"
                                                        : "\0\0\x80\xff", 4);
        CHECK(read_bytes(&ctx, &model, b.at, b.size) == SPPO_E_NUMBER);
        CHECK(has(&ctx, i == 0   ? "is NaN"
                        : i == 1 ? " infinite"
                                 : "-infinite"));
        CHECK(has(&ctx, "model.safetensors: "));
        half += model.weights != NULL;
    }
    CHECK(half == 0 && block == NULL);
    CHECK(ctx.held == 0);
}

/* torch_dtype and the file agree, in the double build too. */
static void torch_dtype_is_that_of_the_file(void)
{
    const int wide = sizeof(sppo_real) == 8;
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 }, back = { 0 };
    sppo_config c = config_of(9, 8, 1, 0);
    size_t i, size = 0;

    make_folder();
    CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 4));
    CHECK_OK(&ctx, sppo_model_save(&ctx, &model, FOLDER));
    CHECK(says_dtype(wide ? "float64" : "float32"));
    CHECK(names_dtype(wide ? "F64" : "F32", &size) == model.tensor_count);
    CHECK_OK(&ctx, sppo_model_save_as(&ctx, &model, SPPO_DTYPE_FLOAT32,
                                      FOLDER));
    CHECK(says_dtype("float32"));
    CHECK(names_dtype("F32", &size) == model.tensor_count);
    CHECK_OK(&ctx, sppo_model_load(&ctx, &back, FOLDER));
    for (i = 0; i < model.count; i++)
        CHECK_NEAR(back.weights[i], (float)model.weights[i], 0.0);
    sppo_model_free(&ctx, &model);
    sppo_model_free(&ctx, &back);
    CHECK(ctx.held == 0);
}

/* ==== models in parts ==================================================== */

enum { PARTS = 3 };

/* The tiny model's tensor i stands in part i % PARTS, in parts/. */
static void write_parts(sppo_ctx *ctx)
{
    static double values[TINY];
    int part, i, at;
    char path[256], *index;
    static char text[4096];

    make_folder();
    mkdir(FOLDER "/parts", 0777);
    for (i = 0; i < TINY; i++)
        values[i] = tiny_value(i);
    for (part = 0; part < PARTS; part++) {
        sppoi_entry e[COUNT(tiny)];
        int n = 0;
        for (i = 0, at = 0; i < COUNT(tiny); i++) {
            const int size = tiny[i].rows * (tiny[i].cols ? tiny[i].cols : 1);
            if (i % PARTS == part) {
                memset(&e[n], 0, sizeof e[n]);
                e[n].name = tiny[i].name, e[n].data = values + at;
                e[n].shape[0] = (size_t)tiny[i].rows;
                e[n].shape[1] = (size_t)tiny[i].cols;
                e[n].dims = tiny[i].cols ? 2 : 1;
                e[n].kind = SPPOI_DOUBLE;
                e[n++].dtype = part ? SPPOI_BF16 : SPPOI_F32;
            }
            at += size;
        }
        sprintf(path, FOLDER "/parts/model-%05d-of-%05d.safetensors", part + 1,
                PARTS);
        CHECK_OK(ctx, sppoi_archive_write(ctx, path, sppoi_metadata, e, n));
    }
    index = text;
    index += sprintf(index, "{\"metadata\":{\"total_size\":%d},"
                     "\"weight_map\":{", 4 * TINY);
    for (i = 0; i < COUNT(tiny); i++)
        index += sprintf(index, "%s\"%s\":\"model-%05d-of-%05d.safetensors\"",
                         i ? "," : "", tiny[i].name, i % PARTS + 1, PARTS);
    strcpy(index, "}}");
    CHECK_OK(ctx, sppo_file_write(ctx, FOLDER "/parts/model.safetensors."
                                  "index.json", text, strlen(text)));
    CHECK_OK(ctx, sppo_file_write(ctx, FOLDER "/parts/config.json", tiny_json,
                                  sizeof tiny_json - 1));
}

static void reads_a_model_in_parts(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;

    write_parts(&ctx);
    CHECK_OK(&ctx, sppo_model_load(&ctx, &model, FOLDER "/parts"));
    CHECK(model.count == TINY && is_tiny(&model));
    sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
    tiny_file(&b);  // a whole file beside the parts: which is meant?
    b.at[b.size - 1] ^= 0x80;
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/parts/model.safetensors",
                                   b.at, b.size));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/parts") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "parts: holds two models, model.safetensors and the"));
    CHECK(model.weights == NULL);
    remove(FOLDER "/parts/model.safetensors");
    CHECK(ctx.held == 0);
}

/* The index after one replacement. */
static void edit_index(sppo_ctx *ctx, const char *from, const char *to)
{
    static const char path[] = FOLDER "/parts/model.safetensors.index.json";
    char *text = NULL, *at;
    static char changed[4096];
    size_t size = 0;

    if (!CHECK_OK(ctx, sppo_file_read(ctx, path, &text, &size)))
        return;
    at = strstr(text, from);
    if (CHECK(at != NULL)) {
        sprintf(changed, "%.*s%s%s", (int)(at - text), text, to,
                at + strlen(from));
        CHECK_OK(ctx, sppo_file_write(ctx, path, changed, strlen(changed)));
    }
    sppo_release(ctx, text, size + 1);
}

static void refuses_an_index_that_does_not_hold(void)
{
    static const struct { const char *from, *to, *says; } row[] = {
        { "{\"metadata\"", "[{\"metadata\"", "index.json, column" },
        { "\"weight_map\"", "\"weight_mob\"", "has no weight_map" },
        { "\"weight_map\":{", "\"weight_map\":{},\"more\":{",
          "has no weight_map" },
        { "\"model-00002-of", "\"../model-00002-of", "files of its own" },
        { "\"model-00002-of", "\"a\\\\model-00002-of", "files of its own" },
        { "\"model-00002-of", "\"a\\u0000model-00002-of", "files of its own" },
        { "\"model-00002-of-00003.safetensors\"", "\"\"", "files of its own" },
        { "\"model-00002-of-00003.safetensors\"", "\".\"", "files of its own" },
        { "\"model-00002-of-00003.safetensors\"", "2", "files of its own" },
        { "\"model-00002-of-00003", "\"model-00004-of-00003",
          "model-00004-of-00003.safetensors: cannot be opened" },
        { "\"model.norm.weight\"", "\"model.morn.weight\"",
          "model-00002-of-00003.safetensors: there is no tensor "
          "model.morn.weight, though the index says so" },
        { "\"model.norm.weight\":\"model-00002", "\"model.norm.weight\":\""
          "model-00001", "model-00001-of-00003.safetensors: there is no "
          "tensor model.norm.weight" },
        { ",\"model.norm.weight\":\"model-00002-of-00003.safetensors\"", "",
          "model.norm.weight: the index does not place it in this file" },
        { "\"model.norm.weight\"", "\"model.embed_tokens.weight\"", "twice" }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_ctx ctx = { 0 };
        sppo_model model = { 0 };
        write_parts(&ctx);
        edit_index(&ctx, row[i].from, row[i].to);
        CHECK(sppo_model_load(&ctx, &model, FOLDER "/parts") != SPPO_OK);
        if (!CHECK(has(&ctx, row[i].says)))
            printf("    row %d\n", i);
        CHECK(model.weights == NULL);
        CHECK(ctx.held == 0);
    }
}

/* A part alone may be broken, and the parts together may lack a tensor. */
static void refuses_parts_that_do_not_hold(void)
{
    static const char part[] = FOLDER
        "/parts/model-00002-of-00003.safetensors";
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    char *data = NULL;
    size_t size = 0;

    write_parts(&ctx);
    CHECK_OK(&ctx, sppo_file_read(&ctx, part, &data, &size));
    CHECK_OK(&ctx, sppo_file_write(&ctx, part, data, size - 1));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/parts") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "model-00002-of-00003.safetensors: "));
    CHECK(has(&ctx, "the file is cut off"));
    CHECK_OK(&ctx, sppo_file_write(&ctx, part, data, size));
    sppo_release(&ctx, data, size + 1);
    remove(FOLDER "/parts/config.json");
    {
        static char text[4096];
        const char *at = strstr(tiny_json, "\"tie_word_embeddings\":true");
        sprintf(text, "%.*s\"tie_word_embeddings\":false%s",
                (int)(at - tiny_json), tiny_json,
                at + strlen("\"tie_word_embeddings\":true"));
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/parts/config.json",
                                       text, strlen(text)));
    }
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/parts") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "there is no tensor lm_head.weight"));
    CHECK(has(&ctx, "tie_word_embeddings"));
    CHECK(model.weights == NULL);
    CHECK(ctx.held == 0);
}

/* As many files as a program may have open, and no more. */
static void more_parts_than_can_be_open_are_refused(void)
{
    static const char header[] = "{\"t\":{\"dtype\":\"U8\",\"shape\":[0],"
                                 "\"data_offsets\":[0,0]}}";
    static char text[40000];
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    bytes b;
    char path[100];
    int i, n;

    write_parts(&ctx);
    n = sprintf(text, "{\"weight_map\":{");
    for (i = 0; i <= SPPOI_PARTS; i++) {
        b.size = 0;
        put_u64(&b, sizeof header + 2);
        sprintf((char *)b.at + 8, "{\"t%03d\"%s", i, header + 4);
        b.size = 8 + sizeof header + 2;
        sprintf(path, FOLDER "/parts/p%d", i);
        CHECK_OK(&ctx, sppo_file_write(&ctx, path, b.at, b.size));
        n += sprintf(text + n, "%s\"t%03d\":\"p%d\"", i ? "," : "", i, i);
    }
    sprintf(text + n, "}}");
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/parts/model.safetensors."
                                   "index.json", text, strlen(text)));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/parts") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "index.json: names more than 512 files"));
    for (i = 0; i <= SPPOI_PARTS; i++) {
        sprintf(path, FOLDER "/parts/p%d", i);
        remove(path);
    }
    CHECK(ctx.held == 0);
}

/* An index with one byte changed: another sentence, never a crash. */
static void survives_every_changed_byte_of_an_index(void)
{
    static const char path[] = FOLDER "/parts/model.safetensors.index.json";
    static const char values[] = { 0, '"', '{', ',', '/', (char)0xFF };
    sppo_ctx ctx = { 0 };
    char *text = NULL;
    size_t size = 0, at;
    int v, refused = 0, read = 0;

    write_parts(&ctx);
    if (!CHECK_OK(&ctx, sppo_file_read(&ctx, path, &text, &size)))
        return;
    for (at = 0; at < size; at++)
        for (v = 0; v < COUNT(values); v++) {
            const char old = text[at];
            sppo_model model = { 0 };
            FILE *file = fopen(path, "wb");
            text[at] = values[v];
            if (!CHECK(file && fwrite(text, 1, size, file) == size))
                return;
            fclose(file);
            if (sppo_model_load(&ctx, &model, FOLDER "/parts"))
                refused++;
            else
                read++;
            CHECK(model.weights == NULL || is_tiny(&model));
            sppo_model_free(&ctx, &model);
            text[at] = old;
        }
    CHECK(refused > 10 * read);
    sppo_release(&ctx, text, size + 1);
    CHECK(ctx.held == 0);
}

/* Loading holds the model and little more, whatever the type of the file. */
static void loading_takes_the_model_and_little_more(void)
{
    static const sppo_dtype dtype[] = { SPPO_DTYPE_REAL, SPPO_DTYPE_FLOAT32,
                                        SPPO_DTYPE_BFLOAT16 };
    int i;

    make_folder();
    for (i = 0; i < COUNT(dtype); i++) {
        sppo_ctx ctx = { 0 }, fresh = { 0 };
        sppo_model model = { 0 };
        sppo_config c = config_of(4000, 256, 2, 1);
        size_t size;
        CHECK_OK(&ctx, sppo_model_init(&ctx, &model, &c, 1));
        size = model.count * sizeof(sppo_real);
        ctx.peak = ctx.held;
        CHECK_OK(&ctx, sppo_model_save_as(&ctx, &model, dtype[i], FOLDER));
        CHECK(ctx.peak - ctx.held < 32768);
        sppo_model_free(&ctx, &model);
        CHECK_OK(&fresh, sppo_model_load(&fresh, &model, FOLDER));
        CHECK(size > 4000000);
        CHECK(fresh.peak >= size && fresh.peak < size + 65536);
        sppo_model_free(&fresh, &model);
        CHECK(fresh.held == 0);
    }
}

/* ==== config.json ======================================================== */

static void config_has_the_fields_that_others_read(void)
{
    sppo_ctx ctx = { 0 };
    sppo_config c = config_of(300, 32, 2, 0), back;
    sppo_json json = { 0 };
    char text[4096], name[64];
    size_t n;
    static const struct { const char *key; double value; } row[] = {
        { "vocab_size", 300 }, { "hidden_size", 32 },
        { "intermediate_size", 5 }, { "num_hidden_layers", 2 },
        { "num_attention_heads", 2 }, { "num_key_value_heads", 1 },
        { "head_dim", 16 }, { "max_position_embeddings", 16 },
        { "rms_norm_eps", 1e-5 }, { "rope_theta", 10000 },
        { "bos_token_id", 1 }, { "eos_token_id", 2 }
    };
    int i;

    CHECK_OK(&ctx, sppo_config_resolve(&ctx, &c, &c));
    n = sppo_config_write(&c, SPPO_DTYPE_REAL, text, sizeof text);
    CHECK(n < sizeof text && strlen(text) == n);
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, text, n, "config.json"));
    for (i = 0; i < COUNT(row); i++) {
        const int node = sppo_json_find(&json, 0, row[i].key);
        if (!CHECK(node > 0)) {
            printf("    no %s\n", row[i].key);
            continue;
        }
        CHECK(json.node[node].type == SPPO_JSON_NUMBER);
        CHECK_NEAR(sppo_json_number(&json, node), row[i].value, 0.0);
    }
    i = sppo_json_find(&json, 0, "tie_word_embeddings");
    CHECK(i > 0 && json.node[i].type == SPPO_JSON_TRUE);
    i = sppo_json_find(&json, 0, "model_type");
    CHECK(i > 0 && sppo_json_string(&json, i, name, sizeof name) == 5);
    CHECK(strcmp(name, "llama") == 0);
    i = sppo_json_find(&json, 0, "hidden_act");
    CHECK(i > 0 && sppo_json_string(&json, i, name, sizeof name) == 4);
    CHECK(strcmp(name, "silu") == 0);
    i = sppo_json_find(&json, 0, "torch_dtype");
    CHECK(i > 0 && sppo_json_string(&json, i, name, sizeof name) == 7);
    CHECK(strcmp(name, sizeof(sppo_real) == 8 ? "float64" : "float32") == 0);
    i = sppo_json_find(&json, 0, "architectures");
    CHECK(i > 0 && json.node[i].type == SPPO_JSON_ARRAY);
    CHECK(sppo_json_string(&json, json.node[i].first, name, sizeof name) == 16);
    CHECK(strcmp(name, "LlamaForCausalLM") == 0);
    CHECK_OK(&ctx, sppo_config_read(&ctx, &back, text, n, "config.json"));
    CHECK(sppo_config_count(&back) == sppo_config_count(&c));
    sppo_json_free(&ctx, &json);
    CHECK(ctx.held == 0);
    /* cut to a short buffer: the length that it needs */
    CHECK(sppo_config_write(&c, SPPO_DTYPE_REAL, text, 10) == n);
    CHECK(memchr(text, 0, 10) != NULL);
}

/* tiny_json after one replacement. */
static sppo_result config_edited(sppo_ctx *ctx, sppo_config *c,
                                 const char *from, const char *to)
{
    static char text[4096];
    const char *at = strstr(tiny_json, from);

    if (!CHECK(at != NULL)) {
        printf("    no %s in the config\n", from);
        return SPPO_E_ARGUMENT;
    }
    sprintf(text, "%.*s%s%s", (int)(at - tiny_json), tiny_json, to,
            at + strlen(from));
    return sppo_config_read(ctx, c, text, strlen(text), "config.json");
}

/* What is absent has Hugging Face's default, not ours. */
static void config_defaults_are_hugging_faces(void)
{
    sppo_ctx ctx = { 0 };
    sppo_config c;

    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"rms_norm_eps\":1e-05,", ""));
    CHECK_NEAR(c.norm_eps, 1e-6, 0.0);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"tie_word_embeddings\":true,",
                                 ""));
    CHECK(c.untied == 1);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"rope_theta\":10000.0,", ""));
    CHECK_NEAR(c.rope_theta, 10000.0, 0.0);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"num_key_value_heads\":1,", ""));
    CHECK(c.kv_heads == 1);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"head_dim\":2,", ""));
    CHECK(c.head_dim == 2);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"head_dim\":2",
                                 "\"head_dim\":null"));
    CHECK(c.head_dim == 2);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"eos_token_id\":2",
                                 "\"eos_token_id\":null"));
    CHECK(c.eos == -1);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"eos_token_id\":2",
                                 "\"eos_token_id\":[2,0,2]"));
    CHECK(c.eos == 2 && c.eos_count == 1 && c.eos_more[0] == 0);
    CHECK(sppo_config_ends(&c, 2) && sppo_config_ends(&c, 0));
    CHECK(!sppo_config_ends(&c, 1) && !sppo_config_ends(&c, -1));
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"rope_scaling\":null",
                                 "\"rope_scaling\":{\"type\":\"default\"},"
                                 "\"partial_rotary_factor\":1.0"));
    CHECK(c.vocab == 3);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, sppo_config_read(&ctx, &c, "{\"model_type\":\"llama\"}", 22,
                                    "config.json"));
    CHECK(c.vocab == 32000 && c.dim == 4096 && c.hidden == 11008);
    CHECK(c.layers == 32 && c.heads == 32 && c.kv_heads == 32);
    CHECK(c.head_dim == 128 && c.context == 2048 && c.untied == 1);
    CHECK(c.bos == 1 && c.eos == 2);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"max_position_embeddings\":4,",
                                 ""));
    CHECK(c.context == 2048);
    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"rope_scaling\":null,",
                                 "\"use_cache\":true,\"pad_token_id\":null,"
                                 "\"attention_dropout\":0.0,"
                                 "\"initializer_range\":0.02,"));
    CHECK(c.vocab == 3);
}

/* transformers v5 writes rope_parameters; it must not be read as 10000. */
static void config_reads_rope_parameters(void)
{
    sppo_ctx ctx = { 0 };
    sppo_config c;

    memset(&c, 0, sizeof c);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"rope_theta\":10000.0,",
                                 "\"rope_parameters\":{\"rope_theta\":500000.0,"
                                 "\"rope_type\":\"default\"},"));
    CHECK_NEAR(c.rope_theta, 500000.0, 0.0);
    CHECK(config_edited(&ctx, &c, "\"rope_theta\":10000.0,",
                        "\"rope_parameters\":{\"rope_theta\":\"500000\"},")
          == SPPO_E_FORMAT);
    CHECK(has(&ctx, "rope_parameters"));
    memset(&c, 0, sizeof c);
    CHECK(config_edited(&ctx, &c, "\"rope_theta\":10000.0,",
                        "\"rope_parameters\":{\"rope_theta\":500000.0,"
                        "\"rope_type\":\"llama3\",\"factor\":8.0},")
          == SPPO_E_FORMAT);
    CHECK(has(&ctx, "rope"));
}

static void config_refuses_what_it_cannot_do(void)
{
    static const struct { const char *name, *from, *to; } row[] = {
        { "rope_scaling", "\"rope_scaling\":null",
          "\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}" },
        { "attention_bias", "\"attention_bias\":false",
          "\"attention_bias\":true" },
        { "mlp_bias", "\"mlp_bias\":false", "\"mlp_bias\":true" },
        { "hidden_act", "\"silu\"", "\"gelu\"" },
        { "quantization_config", "\"rope_scaling\":null",
          "\"quantization_config\":{\"bits\":4}" },
        { "model_type", "\"llama\"", "\"gpt2\"" },
        { "model_type is missing", "\"model_type\":\"llama\",", "" },
        { "hidden_act is not supported unless it is \"silu\"", "\"silu\"",
          "\"gelu_new\"" },
        { "attention_bias is not supported unless it is false",
          "\"attention_bias\":false", "\"attention_bias\":\"false\"" },
        { "attention_dropout is not supported unless it is 0",
          "\"mlp_bias\":false", "\"attention_dropout\":0.1" },
        { "partial_rotary_factor is not supported", "\"mlp_bias\":false",
          "\"partial_rotary_factor\":0.5" },
        { "rope_scaling", "\"rope_scaling\":null",
          "\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0}" },
        { "rope_scaling", "\"rope_scaling\":null",
          "\"rope_scaling\":{\"factor\":2.0}" },
        { "rope_scaling", "\"rope_scaling\":null", "\"rope_scaling\":2.0" },
        { "rope_parameters", "\"rope_scaling\":null",
          "\"rope_parameters\":{\"partial_rotary_factor\":0.5}" },
        { "rope_parameters", "\"rope_scaling\":null",
          "\"rope_parameters\":{\"rope_type\":52}" },
        { "rope_parameters is not supported with sliding_attention: an object",
          "\"rope_theta\":10000.0,", "\"rope_parameters\":{\"sliding_attention"
          "\":{\"rope_theta\":5e5,\"rope_type\":\"default\"}}," },
        { "rope_parameters has no rope_theta", "\"rope_theta\":10000.0,",
          "\"rope_parameters\":{\"rope_type\":\"default\"}," },
        { "rope_scaling is not supported with low_freq_factor: 1",
          "\"rope_scaling\":null", "\"rope_scaling\":{\"low_freq_factor\":1}" },
        { "sliding_window is not supported unless it is null, and it is 4096",
          "\"mlp_bias\":false", "\"sliding_window\":4096" },
        { "num_local_experts is not supported unless it is 1, and it is 8",
          "\"mlp_bias\":false", "\"num_local_experts\":8" },
        { "logits_scaling is not supported", "\"mlp_bias\":false",
          "\"logits_scaling\":16.0" },
        { "attn_logit_softcapping is not supported", "\"mlp_bias\":false",
          "\"attn_logit_softcapping\":50.0" },
        { "layer_types is not supported unless all are", "\"mlp_bias\":false",
          "\"layer_types\":[\"full_attention\",\"sliding_attention\"]" },
        { "vocab_size is 0; it must be 2", "\"vocab_size\":3",
          "\"vocab_size\":0" },
        { "vocab_size", "\"vocab_size\":3", "\"vocab_size\":-3" },
        { "vocab_size is -1; it must be 2", "\"vocab_size\":3",
          "\"vocab_size\":-1" },
        { "vocab_size", "\"vocab_size\":3", "\"vocab_size\":3.5" },
        { "vocab_size", "\"vocab_size\":3", "\"vocab_size\":\"3\"" },
        { "vocab_size", "\"vocab_size\":3", "\"vocab_size\":[3]" },
        { "vocab_size must be a number, not null", "\"vocab_size\":3",
          "\"vocab_size\":null" },
        { "vocab_size", "\"vocab_size\":3", "\"vocab_size\":3000000000" },
        { "vocab_size", "\"vocab_size\":3", "\"vocab_size\":1e300" },
        { "hidden_size is 0; it must be 1", "\"hidden_size\":2",
          "\"hidden_size\":0" },
        { "hidden_size", "\"hidden_size\":2", "\"hidden_size\":-2" },
        { "intermediate_size is 0; it must be 1", "\"intermediate_size\":3",
          "\"intermediate_size\":0" },
        { "num_hidden_layers", "\"num_hidden_layers\":1",
          "\"num_hidden_layers\":true" },
        { "num_hidden_layers is 5000; it must be 1 to 4096",
          "\"num_hidden_layers\":1", "\"num_hidden_layers\":5000" },
        { "num_attention_heads is 0; it must be 1",
          "\"num_attention_heads\":1", "\"num_attention_heads\":0" },
        { "num_key_value_heads is 2; it must be 1 to 1",
          "\"num_key_value_heads\":1", "\"num_key_value_heads\":2" },
        { "num_key_value_heads is 0", "\"num_key_value_heads\":1",
          "\"num_key_value_heads\":0" },
        { "num_attention_heads 3 is not a multiple of num_key_value_heads 2",
          "\"num_attention_heads\":1,\"num_key_value_heads\":1",
          "\"num_attention_heads\":3,\"num_key_value_heads\":2" },
        { "head_dim is 3", "\"head_dim\":2", "\"head_dim\":3" },
        { "head_dim is 0", "\"head_dim\":2", "\"head_dim\":0" },
        { "max_position_embeddings is 1; it must be 2",
          "\"max_position_embeddings\":4", "\"max_position_embeddings\":1" },
        { "rms_norm_eps is -1e-05", "1e-05", "-1e-05" },
        { "rms_norm_eps is 0; it must be positive", "1e-05", "0" },
        { "rms_norm_eps", "1e-05", "\"1e-05\"" },
        { "rms_norm_eps", "1e-05", "null" },
        { "rope_theta is -1", "10000.0", "-1.0" },
        { "rope_theta is 0", "10000.0", "0.0" },
        { "tie_word_embeddings", "\"tie_word_embeddings\":true",
          "\"tie_word_embeddings\":1" },
        { "bos_token_id is 3; it must be -1 to 2", "\"bos_token_id\":1",
          "\"bos_token_id\":3" },
        { "bos_token_id", "\"bos_token_id\":1", "\"bos_token_id\":[1]" },
        { "eos_token_id", "\"eos_token_id\":2", "\"eos_token_id\":-7" },
        { "eos_token_id", "\"eos_token_id\":2", "\"eos_token_id\":[]" },
        { "layer_types is not supported unless all are", "\"mlp_bias\":false",
          "\"layer_types\":\"full_attention\"" },
        { "sppo_head must be ", "\"mlp_bias\":false", "\"sppo_head\":\"pear\""
        },
        { "sppo_head must be ", "\"mlp_bias\":false", "\"sppo_head\":4" },
        { "and it is an array", "\"mlp_bias\":false", "\"sliding_window\":[1]"
        },
        { "and it is \"012345678901234567890123456789012345678..", "\"silu\"",
          "\"0123456789012345678901234567890123456789012345\"" },
        { "eos_token_id lists more than 8 ids", "\"eos_token_id\":2",
          "\"eos_token_id\":[0,1,2,3,4,5,6,7,8,9]" },
        { "eos_token_id must be a whole number", "\"eos_token_id\":2",
          "\"eos_token_id\":[2,\"</s>\"]" },
        { "num_attention_heads 4000 times head_dim 4000 is more than 1048576",
          "\"num_attention_heads\":1,\"num_key_value_heads\":1,\"head_dim\":2",
          "\"num_attention_heads\":4000,\"head_dim\":4000" },
        { "config.json", "\"vocab_size\":3", "\"vocab_size\":3,\"vocab_size\":3"
        },
        { "config.json", "{\"arch", "[\"arch" },
        { "config.json", "\"float32\"}", "\"float32\"" }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_ctx ctx = { 0 };
        sppo_config c;
        sppo_result code;
        memset(&c, 0, sizeof c);
        code = config_edited(&ctx, &c, row[i].from, row[i].to);
        if (!CHECK(code == SPPO_E_FORMAT))
            printf("    %s gave %d: %s\n", row[i].to, (int)code, ctx.message);
        CHECK(has(&ctx, row[i].name));
        CHECK(has(&ctx, "config.json"));
        CHECK(c.vocab == 0);  // untouched
        CHECK(ctx.held == 0);
    }
}

/* Ways in which others write what this network can do. */
static void config_reads_what_changes_nothing(void)
{
    static const struct { const char *from, *to; } row[] = {
        { "\"rope_scaling\":null", "\"rope_parameters\":{\"rope_type\":"
          "\"default\"}" },
        { "\"rope_scaling\":null", "\"rope_parameters\":null" },
        { "\"rope_scaling\":null", "\"rope_scaling\":{\"factor\":null,"
          "\"rope_type\":null,\"original_max_position_embeddings\":4}" },
        { "\"rope_scaling\":null", "\"rope_scaling\":{\"factor\":1.0}" },
        { "\"mlp_bias\":false", "\"layer_types\":null" },
        { "\"mlp_bias\":false", "\"layer_types\":[]" },
        { "\"mlp_bias\":false", "\"layer_types\":[\"full_attention\"]" },
        { "\"mlp_bias\":false", "\"sppo_embed_dim\":\"of no head\"" },
        { "\"mlp_bias\":false", "\"attention_dropout\":null" }
    };
    sppo_ctx ctx = { 0 };
    sppo_config plain, c;
    int i;

    memset(&plain, 0, sizeof plain);
    CHECK_OK(&ctx, config_edited(&ctx, &plain, "null", "null"));
    for (i = 0; i < COUNT(row); i++) {
        memset(&c, 0, sizeof c);
        CHECK_OK(&ctx, config_edited(&ctx, &c, row[i].from, row[i].to));
        if (!CHECK(!memcmp(&c, &plain, sizeof c)))
            printf("    %s\n", row[i].to);
    }
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"bos_token_id\":1",
                                 "\"bos_token_id\":null"));
    CHECK(c.bos == -1 && c.eos == 2);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"eos_token_id\":2",
                                 "\"eos_token_id\":null"));
    CHECK(c.eos == -1 && c.bos == 1);
    CHECK_OK(&ctx, config_edited(&ctx, &c, "\"tie_word_embeddings\":true",
                                 "\"tie_word_embeddings\":null"));
    CHECK(c.untied == 1);  // Hugging Face's default
}

/* No token, and numbers that need all their digits: they come back. */
static void config_writes_what_it_reads_back(void)
{
    static const double number[] = { 10000.0, 500000.25, 0.1 + 0.2, 1.0 / 3.0,
                                     1e-30, 123456789.0 };
    sppo_ctx ctx = { 0 };
    sppo_config c, back;
    char text[4096];
    size_t n;
    int i;

    for (i = 0; i < COUNT(number); i++) {
        memset(&c, 0, sizeof c);
        CHECK_OK(&ctx, config_edited(&ctx, &c, "null", "null"));
        c.rope_theta = number[i];
        c.norm_eps = number[COUNT(number) - 1 - i] / 1e9;
        c.bos = i % 2 ? -1 : 1;
        c.eos = i % 3 ? 2 : -1;
        n = sppo_config_write(&c, SPPO_DTYPE_REAL, text, sizeof text);
        memset(&back, 0, sizeof back);
        CHECK_OK(&ctx, sppo_config_read(&ctx, &back, text, n, "config.json"));
        CHECK(!memcmp(&c, &back, sizeof c));
    }
    CHECK(strstr(text, "\"rope_theta\": 123456789,") != NULL);
}

/* hidden_size that the heads do not divide, where head_dim is not given. */
static void config_refuses_heads_that_do_not_divide(void)
{
    static const char text[] = "{\"model_type\":\"llama\",\"vocab_size\":3,"
        "\"hidden_size\":10,\"intermediate_size\":3,\"num_hidden_layers\":1,"
        "\"num_attention_heads\":4,\"max_position_embeddings\":4}";
    sppo_ctx ctx = { 0 };
    sppo_config c;

    memset(&c, 0, sizeof c);
    CHECK(sppo_config_read(&ctx, &c, text, sizeof text - 1, "config.json")
          == SPPO_E_FORMAT);
    CHECK(has(&ctx, "hidden_size 10 is not a multiple of num_attention_heads "
                    "4; set head_dim"));
}

/* ==== files ============================================================== */

static void file_errors_name_the_path(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_tokenizer tok = { 0 };
    char *data = NULL;
    size_t size = 77;

    make_folder();
    CHECK(sppo_file_read(&ctx, FOLDER "/none", &data, &size) == SPPO_E_IO);
    CHECK(has(&ctx, FOLDER "/none"));
    CHECK(data == NULL && size == 77);
    CHECK(sppo_file_read(&ctx, FOLDER, &data, &size) == SPPO_E_IO);
    CHECK(has(&ctx, FOLDER));
    CHECK(sppo_file_write(&ctx, FOLDER "/no/such/folder/x", "a", 1)
          == SPPO_E_IO);
    CHECK(has(&ctx, "no/such/folder"));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/none") == SPPO_E_IO);
    CHECK(has(&ctx, FOLDER "/none"));
    CHECK(sppo_tokenizer_load(&ctx, &tok, FOLDER "/none", 300) == SPPO_E_IO);
    CHECK(has(&ctx, FOLDER "/none"));
    CHECK(model.weights == NULL);
    CHECK(tok.bytes == NULL);
    CHECK(ctx.held == 0);
}

static void files_are_written_whole(void)
{
    sppo_ctx ctx = { 0 };
    char *data = NULL;
    size_t size = 0;
    static const char content[] = "a\0b\r\n\xff";

    make_folder();
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", content, 6));
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", content, 5));  // again
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/x", &data, &size));
    CHECK(size == 5 && memcmp(data, content, 5) == 0 && data[5] == 0);
    sppo_release(&ctx, data, size + 1);
    CHECK(access(FOLDER "/x.tmp", F_OK) != 0);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", NULL, 0));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/x", &data, &size));
    CHECK(size == 0 && data[0] == 0);
    sppo_release(&ctx, data, size + 1);
    CHECK(ctx.held == 0);
    remove(FOLDER "/x");
}

/* A disk that is full, by way of the limit on a file's size: an error, the
 * old file as it was, and nothing half-written left behind.                 */
static void a_full_disk_loses_nothing(void)
{
    sppo_ctx ctx = { 0 };
    struct rlimit old, low;
    char *data = NULL, *big = (char *)calloc(1, 200000);
    size_t size = 0;
    sppo_result code;
    void (*handler)(int);

    make_folder();
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", "precious", 8));
    if (getrlimit(RLIMIT_FSIZE, &old) != 0)
        SKIP("no limit on file sizes here");
    fflush(stdout);
    handler = signal(SIGXFSZ, SIG_IGN);
    low = old;
    low.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &low);
    code = sppo_file_write(&ctx, FOLDER "/x", big, 200000);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    CHECK(code == SPPO_E_IO);
    CHECK(has(&ctx, FOLDER "/x"));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/x", &data, &size));
    CHECK(size == 8 && memcmp(data, "precious", 8) == 0);
    sppo_release(&ctx, data, size + 1);
    CHECK(access(FOLDER "/x.tmp", F_OK) != 0);
    free(big);
    remove(FOLDER "/x");
}

/* One table for every reader: JSON, weights, a tokenizer, a model's folder. */
static void a_file_of_another_kind_is_named(void)
{
    static const struct {
        const char *start;
        int n;
        const char *says;
    } row[] = { { "version https://git-lfs.github.com/spec/v1\noid", 46,
                  "Git LFS" },
                { "<!DOCTYPE html><html>", 21, "HTML" },
                { "<html>", 6, "HTML" },
                { "GGUF\3\0\0\0", 8, "GGUF" },
                { "\x1f\x8b\x08", 3, "gzip" },
                { "\xfd"
                  "7zXZ\0",
                  6, "xz" },
                { "\x28\xb5\x2f\xfd", 4, "zstd" },
                { "BZh91AY", 7, "bzip2" },
                { "PAR1\x15\4", 6, "Parquet" },
                { "PK\3\4\0\0\0\0", 8, "zip archive, as PyTorch" },
                { "\x80\2}q", 4, "pickle" },
                { "\x80\4\x95", 3, "pickle" },
                { "\xff\xfe{\0", 4, "UTF-16" },
                { "\xfe\xff\0{", 4, "UTF-16" },
                { "{\0\"\0a\0", 6, "UTF-16" },
                { "\xff\xfe\0\0", 4, "UTF-32" },
                { "24ka\1\0\0\0", 8, "llama2.c model of version 1" },
                { "\x89PNG\r\n", 6, "picture (PNG)" },
                { "%PDF-1.7", 8, "a PDF" },
                { "ARROW1\0\0", 8, "Arrow" },
                { "\xff\xff\xff\xff\x10\3\0\0", 8, "Arrow" } };
    sppo_ctx ctx = { 0 };
    sppo_config config;
    sppo_model model = { 0 };
    sppo_tokenizer tok = { 0 };
    static char data[3000];
    int i, size;

    make_folder();
    for (i = 0; i < COUNT(row); i++)
        for (size = row[i].n; size < 3001; size += 3000 - row[i].n) {
            memset(data, 0, sizeof data);
            memcpy(data, row[i].start, (size_t)row[i].n);
            CHECK(sppo_config_read(&ctx, &config, data, (size_t)size, "c.json")
                  == SPPO_E_FORMAT);
            CHECK(has(&ctx, row[i].says) && has(&ctx, "c.json"));
            CHECK(read_bytes(&ctx, &model, data, (size_t)size)
                  == SPPO_E_FORMAT);
            CHECK(has(&ctx, row[i].says) && has(&ctx, "model.safetensors"));
            CHECK(sppo_tokenizer_read(&ctx, &tok, data, (size_t)size, 300)
                  == SPPO_E_FORMAT);
            CHECK(has(&ctx, row[i].says) && has(&ctx, "tokenizer"));
            CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", data,
                                           (size_t)size));
            CHECK(sppo_model_load(&ctx, &model, FOLDER "/x")
                  == SPPO_E_FORMAT);
            CHECK(has(&ctx, row[i].says) && has(&ctx, FOLDER "/x is "));
        }
    CHECK(sppo_file_kind("", 0) == NULL && sppo_file_kind("{", 1) == NULL);
    CHECK(sppo_file_kind("the cat", 7) == NULL);
    CHECK(read_bytes(&ctx, &model, "{\"a\": 7}   ", 12) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "this is a JSON text, not safetensors"));
    CHECK(ctx.held == 0);
}

/* A llama2.c model of version 0 has no mark but seven numbers that fit. */
static void a_llama2_c_model_is_known_by_its_numbers(void)
{
    static const int32_t head[][7] = {
        { 288, 768, 6, 6, 6, 32000, 256 }, { 64, 172, 5, 8, 4, -512, 512 },
        { 0, 768, 6, 6, 6, 32000, 256 }, { 288, -1, 6, 6, 6, 32000, 256 },
        { 288, 768, 6, 6, 6, 32000, 0 }, { 288, 768, 2000, 6, 6, 32000, 256 },
        { 288, 768, 6, 7, 7, 32000, 256 }, { 288, 768, 6, 6, 5, 32000, 256 },
        { 288, 768, 6, 6, 6, 2, 256 }, { 288, 768, 6, 6, 6, INT32_MIN, 256 },
        { 288, 768, 6, 6, 6, 0, 256 }
    };
    unsigned char data[256];
    int i, j;

    for (i = 0; i < COUNT(head); i++) {
        const char *kind;

        memset(data, 0, sizeof data);
        for (j = 0; j < 28; j++)
            data[j] = (unsigned char)((uint32_t)head[i][j / 4] >> j % 4 * 8);
        kind = sppo_file_kind(data, sizeof data);
        if (!CHECK((kind && strstr(kind, "a llama2.c model")) == (i < 2)))
            printf("    row %d\n", i);
        CHECK(!sppo_file_kind(data, 255));
    }
}

/* Folders and files that people name instead of a model's folder. */
static void what_stands_instead_of_a_model_is_named(void)
{
    static const struct { const char *file, *says; } row[] = {
        { "adapter_config.json", "an adapter, not a model: merge it" },
        { "pytorch_model.bin", "pytorch_model.bin, which is not read" },
        { "consolidated.00.pth", "Meta's own format" }
    };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;
    char path[200];
    int i, config;

    make_folder();
    mkdir(FOLDER "/k", 0777);
    for (config = 0; config < 2; config++) {
        for (i = 0; i < COUNT(row); i++) {
            sprintf(path, FOLDER "/k/%s", row[i].file);
            CHECK_OK(&ctx, sppo_file_write(&ctx, path, "{}", 2));
            CHECK(sppo_model_load(&ctx, &model, FOLDER "/k")
                  == SPPO_E_FORMAT);
            CHECK(has(&ctx, row[i].says) && has(&ctx, FOLDER "/k holds"));
            remove(path);
        }
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/k/config.json", tiny_json,
                                       sizeof tiny_json - 1));
    }
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/k/config.json")
          == SPPO_E_FORMAT);
    CHECK(has(&ctx, "k/config.json is a file; name the folder"));
    tiny_file(&b);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/k/model.safetensors", b.at,
                                   b.size));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/k/model.safetensors")
          == SPPO_E_FORMAT);
    CHECK(has(&ctx, "is a safetensors file: name the folder"));
    remove(FOLDER "/k/config.json");
    remove(FOLDER "/k/model.safetensors");
    CHECK(ctx.held == 0);
}

static void a_file_begins_after_its_byte_order_mark(void)
{
    sppo_ctx ctx = { 0 };
    char *data = NULL;
    size_t size = 0;

    make_folder();
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", "\xef\xbb\xbf" "abc", 6));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/x", &data, &size));
    CHECK(size == 3 && strcmp(data, "abc") == 0);
    sppo_release(&ctx, data, size + 1);
    CHECK(ctx.held == 0);
}

/* What generation_config.json lists ends a response; the id that texts get
 * stays that of config.json where it is among them.                         */
static void generation_config_says_what_ends_a_response(void)
{
    static const struct { const char *text; int eos, more[2]; } row[] = {
        { "{\"eos_token_id\": [0, 2]}", 2, { 0 } },
        { "{\"eos_token_id\": [2, 1, 0]}", 2, { 1, 0 } },
        { "{\"eos_token_id\": 0}", 0, { -1, -1 } },
        { "{\"eos_token_id\": null, \"do_sample\": true}", 2, { -1, -1 } },
        { "{\"temperature\": 0.6}", 2, { -1, -1 } }
    };
    static const char *const bad[] = { "{\"eos_token_id\": [2, 3]}",
        "{\"eos_token_id\": \"</s>\"}", "{\"eos_token_id\": []}", "[2]", "" };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 }, again = { 0 };
    static bytes b;
    int i, j;

    make_folder();
    mkdir(FOLDER "/g", 0777);
    mkdir(FOLDER "/h", 0777);
    tiny_file(&b);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/g/config.json", tiny_json,
                                   sizeof tiny_json - 1));
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/g/model.safetensors", b.at,
                                   b.size));
    for (i = 0; i < COUNT(row); i++) {
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/g/generation_config.json",
                                       row[i].text, strlen(row[i].text)));
        CHECK_OK(&ctx, sppo_model_load(&ctx, &model, FOLDER "/g"));
        CHECK(model.config.eos == row[i].eos);
        for (j = 0; j < 2; j++)
            CHECK(j < model.config.eos_count
                  ? model.config.eos_more[j] == row[i].more[j]
                  : row[i].more[j] <= 0);
        CHECK_OK(&ctx, sppo_model_save(&ctx, &model, FOLDER "/h"));
        CHECK_OK(&ctx, sppo_model_load(&ctx, &again, FOLDER "/h"));
        CHECK(again.config.eos == row[i].eos &&
              again.config.eos_count == model.config.eos_count &&
              !memcmp(again.config.eos_more, model.config.eos_more,
                      sizeof again.config.eos_more));
        sppo_model_free(&ctx, &model);
        sppo_model_free(&ctx, &again);
    }
    for (i = 0; i < COUNT(bad); i++) {
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/g/generation_config.json",
                                       bad[i], strlen(bad[i])));
        CHECK(sppo_model_load(&ctx, &model, FOLDER "/g") == SPPO_E_FORMAT);
        CHECK(has(&ctx, "g/generation_config.json"));
    }
    CHECK(ctx.held == 0);
}

static void empty_and_missing_model_files(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    static bytes b;

    make_folder();
    mkdir(FOLDER "/m", 0777);
    remove(FOLDER "/m/config.json");
    remove(FOLDER "/m/model.safetensors");
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/m") == SPPO_E_IO);
    CHECK(has(&ctx, "config.json"));
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/m/config.json", tiny_json,
                                   sizeof tiny_json - 1));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/m") == SPPO_E_IO);
    CHECK(has(&ctx, "model.safetensors: cannot be opened, nor is there"));
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/m/model.safetensors", "", 0));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/m") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "model.safetensors"));
    tiny_file(&b);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/m/model.safetensors", b.at,
                                   b.size));
    CHECK_OK(&ctx, sppo_model_load(&ctx, &model, FOLDER "/m"));
    CHECK(is_tiny(&model));
    sppo_model_free(&ctx, &model);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/m/config.json", "", 0));
    CHECK(sppo_model_load(&ctx, &model, FOLDER "/m") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "config.json"));
    CHECK(model.weights == NULL);
    CHECK(ctx.held == 0);
}

/* ==== the tokenizer ====================================================== */

static const char story[] =
    "Once upon a time there was a little cat. The cat sat on the mat, and the "
    "mat was on the floor. The little cat saw the other cat, and then the "
    "other cat saw the little cat. \xc3\x89t\xc3\xa9, \xe2\x82\xac 5, "
    "\xf0\x9f\x98\x80! Once upon a time the cat and the other cat sat "
    "together on the mat.\nThe end.\n";

/* llama2.c's encoder, from its description: code points or bytes, then the
 * adjacent pair with the highest score until there is none.                 */
static int slow_find(const sppo_tokenizer *tok, const char *a, size_t n)
{
    int id;

    for (id = 0; id < tok->vocab; id++)
        if ((size_t)(tok->start[id + 1] - tok->start[id]) == n
            && memcmp(tok->bytes + tok->start[id], a, n) == 0)
            return id;
    return -1;
}

static int slow_pair(const sppo_tokenizer *tok, int a, int b)
{
    char both[256];
    const int na = tok->start[a + 1] - tok->start[a];
    const int nb = tok->start[b + 1] - tok->start[b];

    if (na + nb > (int)sizeof both)
        return -1;
    memcpy(both, tok->bytes + tok->start[a], (size_t)na);
    memcpy(both + na, tok->bytes + tok->start[b], (size_t)nb);
    return slow_find(tok, both, (size_t)(na + nb));
}

static int slow_encode(const sppo_tokenizer *tok, const char *text, size_t n,
                       int *out)
{
    int count = 0, blank = slow_find(tok, " ", 1);
    size_t i = 0, j;

    if (n)
        out[count++] = blank >= 0 ? blank : ' ' + SPPO_BYTES;
    while (i < n) {
        size_t length = 1;
        int id;
        while (length < 4 && i + length < n
               && ((unsigned char)text[i + length] & 0xC0) == 0x80)
            length++;
        id = slow_find(tok, text + i, length);
        if (id >= 0)
            out[count++] = id;
        else
            for (j = 0; j < length; j++)
                out[count++] = (unsigned char)text[i + j] + SPPO_BYTES;
        i += length;
    }
    for (;;) {
        int best = -1, at = -1, k;
        for (k = 0; k + 1 < count; k++) {
            const int id = slow_pair(tok, out[k], out[k + 1]);
            if (id >= 0 && (best < 0 || tok->score[id] > tok->score[best]))
                best = id, at = k;
        }
        if (best < 0)
            return count;
        out[at] = best;
        memmove(out + at + 1, out + at + 2,
                (size_t)(count - at - 2) * sizeof *out);
        count--;
    }
}

static int encodes_as_llama2(sppo_ctx *ctx, const sppo_tokenizer *tok,
                             const char *text, size_t n)
{
    static int expected[20000];
    sppo_lists lists = { 0 };
    const int count = slow_encode(tok, text, n, expected);
    int same = 0;

    if (CHECK_OK(ctx, sppo_tokenizer_encode(ctx, tok, text, n, -1, -1,
                                            &lists)))
        same = lists.count == 1 && sppo_lists_length(&lists, 0) == count
            && memcmp(sppo_lists_tokens(&lists, 0), expected,
                      (size_t)count * sizeof(int)) == 0;
    if (!same)
        printf("    another encoding of: %.40s\n", text);
    sppo_lists_free(ctx, &lists);
    return same;
}

/* decode(encode(x)) = x for any bytes, with BOS and EOS or without. */
static int survives_round_trip(sppo_ctx *ctx, const sppo_tokenizer *tok,
                               const char *text, size_t n)
{
    static char out[20000];
    sppo_lists lists = { 0 };
    int with, same = 1;

    for (with = 0; with < 2; with++) {
        size_t m;
        if (!CHECK_OK(ctx, sppo_tokenizer_encode(ctx, tok, text, n,
                                                 with ? SPPO_BOS : -1,
                                                 with ? SPPO_EOS : -1, &lists)))
            return 0;
        if (with) {
            const int count = sppo_lists_length(&lists, 1);
            same &= sppo_lists_tokens(&lists, 1)[0] == SPPO_BOS;
            same &= sppo_lists_tokens(&lists, 1)[count - 1] == SPPO_EOS;
        }
        m = sppo_tokenizer_decode(tok, sppo_lists_tokens(&lists, with),
                                  sppo_lists_length(&lists, with), out,
                                  sizeof out);
        same &= m == n && memcmp(out, text, n) == 0 && out[m] == 0;
    }
    sppo_lists_free(ctx, &lists);
    return same;
}

static int random_bytes(char *out, int most, uint64_t key)
{
    const int n = (int)(sppo_random_bits(key, 0) % (uint64_t)(most + 1));
    int i;

    for (i = 0; i < n; i++) {
        const uint64_t r = sppo_random_bits(key, (uint64_t)(i + 1));
        out[i] = r & 3 ? story[(r >> 8) % (sizeof story - 1)]
                       : (char)(r >> 16);
    }
    return n;
}

static void tokenizer_learns_and_round_trips(void)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_lists lists = { 0 };
    char text[300];
    int i;

    CHECK_OK(&ctx, sppo_tokenizer_train(&ctx, &tok, story, sizeof story - 1,
                                        SPPO_PIECES + 90));
    CHECK(tok.vocab == SPPO_PIECES + 90);
    for (i = 0; i < 256; i++) {
        const char one = (char)i;
        CHECK(survives_round_trip(&ctx, &tok, &one, 1));
    }
    for (i = 0; i < 300; i++) {
        const int n = random_bytes(text, 200, (uint64_t)i);
        if (!CHECK(survives_round_trip(&ctx, &tok, text, (size_t)n)))
            printf("    of text %d\n", i);
        CHECK(encodes_as_llama2(&ctx, &tok, text, (size_t)n));
    }
    CHECK(survives_round_trip(&ctx, &tok, "", 0));
    CHECK(survives_round_trip(&ctx, &tok, " ", 1));
    CHECK(survives_round_trip(&ctx, &tok, "  two blanks ", 13));
    CHECK(survives_round_trip(&ctx, &tok, "<0x41><s></s><unk>", 18));
    CHECK(survives_round_trip(&ctx, &tok, "\n<s>\n\n</s>\n", 11));
    /* it has learnt: the story takes far fewer tokens than it has bytes */
    CHECK_OK(&ctx, sppo_tokenizer_encode(&ctx, &tok, story, sizeof story - 1,
                                         -1, -1, &lists));
    CHECK(sppo_lists_length(&lists, 0) < (int)sizeof story / 2);
    sppo_lists_free(&ctx, &lists);
    sppo_tokenizer_free(&ctx, &tok);
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(ctx.held == 0);
}

static void tokenizer_save_and_load_is_identity(void)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 }, again = { 0 };
    char *data = NULL;
    size_t size = 0;
    int i, same = 1;

    make_folder();
    CHECK_OK(&ctx, sppo_tokenizer_train(&ctx, &tok, story, sizeof story - 1,
                                        SPPO_PIECES + 60));
    CHECK_OK(&ctx, sppo_tokenizer_save(&ctx, &tok, FOLDER "/tokenizer.bin"));
    CHECK_OK(&ctx, sppo_tokenizer_load(&ctx, &again, FOLDER "/tokenizer.bin",
                                       SPPO_PIECES + 60));
    CHECK(again.vocab == tok.vocab);
    CHECK(again.longest == tok.longest);
    for (i = 0; i < tok.vocab && again.vocab == tok.vocab; i++) {
        const int n = tok.start[i + 1] - tok.start[i];
        same &= again.start[i + 1] - again.start[i] == n
             && memcmp(again.bytes + again.start[i], tok.bytes + tok.start[i],
                       (size_t)n) == 0
             && !(again.score[i] > tok.score[i])
             && !(again.score[i] < tok.score[i]);
    }
    CHECK(same);
    /* the layout: longest, then score, length, bytes of each */
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/tokenizer.bin", &data, &size));
    CHECK((unsigned char)data[0] == tok.longest && data[1] == 0);
    CHECK(memcmp(data + 8, "\5\0\0\0<unk>", 9) == 0);
    CHECK(memcmp(data + 21, "\5\0\0\0\n<s>\n", 9) == 0);
    CHECK(memcmp(data + 34, "\6\0\0\0\n</s>\n", 10) == 0);
    CHECK(memcmp(data + 48, "\6\0\0\0<0x00>", 10) == 0);
    sppo_release(&ctx, data, size + 1);
    sppo_tokenizer_free(&ctx, &tok);
    sppo_tokenizer_free(&ctx, &again);
    CHECK(ctx.held == 0);
}

/* ==== texts instead of tokens ============================================ */

/* A model that knows the vocabulary of the story, and its tokenizer. */
static int text_model(sppo_ctx *ctx, sppo_model *model, sppo_tokenizer *tok)
{
    sppo_config c;

    memset(&c, 0, sizeof c);
    c.vocab = 300, c.dim = 16, c.layers = 1, c.heads = 2, c.kv_heads = 1;
    c.hidden = 24, c.context = 40, c.bos = 1, c.eos = 2;
    return CHECK_OK(ctx, sppo_tokenizer_train(ctx, tok, story,
                                              sizeof story - 1, 300))
        && CHECK_OK(ctx, sppo_model_init(ctx, model, &c, 3));
}

/* The first draw of sppo_sample, without its end; as much as there is room. */
static void a_text_is_sampled_as_its_tokens_are(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_sampler sampler = { 0 };
    sppo_sampling how = { 0, 0, 0, 12 };
    sppo_lists x = { 0 }, y = { 0 };
    char text[200], whole[200], cut[5];
    int key;

    if (!text_model(&ctx, &model, &tok) ||
        !CHECK_OK(&ctx, sppo_lists_add_text(&ctx, &x, &tok, "the cat")) ||
        !CHECK_OK(&ctx, sppo_sampler_init(&ctx, &sampler, &model, 1, 1, 20,
                                          12)))
        return;
    for (key = 1; key <= 5; key++) {
        const size_t held = ctx.held;
        int n;

        y.count = 0;
        CHECK_OK(&ctx, sppo_sample(&ctx, &sampler, &model, &x, 0, 1, &how,
                                   (uint64_t)key, &y));
        n = sppo_lists_length(&y, 0) - sppo_finished(&model.config, &y, 0);
        sppo_tokenizer_decode(&tok, y.token, n, whole, sizeof whole);
        CHECK_OK(&ctx, sppo_sample_text(&ctx, &model, &tok, "the cat", &how,
                                        (uint64_t)key, text, sizeof text));
        CHECK(!strcmp(text, whole));
        CHECK_OK(&ctx, sppo_sample_text(&ctx, &model, &tok, "the cat", &how,
                                        (uint64_t)key, cut, sizeof cut));
        CHECK(strlen(cut) <= 4 && !strncmp(cut, whole, strlen(cut)));
        CHECK(ctx.held <= held + 4096);  // y has grown, nothing else stays
    }
    how.top_p = 2;
    CHECK(sppo_sample_text(&ctx, &model, &tok, "the cat", &how, 1, text,
                           sizeof text) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "sppo_sample_text"));
    sppo_sampler_free(&ctx, &sampler), sppo_model_free(&ctx, &model);
    sppo_lists_free(&ctx, &x), sppo_lists_free(&ctx, &y);
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(ctx.held == 0);
}

/* What the judge below was told, and when it fails. */
typedef struct told { int calls, fail_at; char all[400]; } told;

static sppo_result notes_texts(sppo_ctx *ctx, void *user, const char *prompt,
                               const char *const *responses,
                               const int *finished, int k, double *pairwise)
{
    told *t = (told *)user;
    size_t n = strlen(t->all);
    int i;

    n += (size_t)sprintf(t->all + n, "%s:", prompt);
    for (i = 0; i < k; i++)
        n += (size_t)sprintf(t->all + n, " [%s]%d", responses[i], finished[i]);
    sprintf(t->all + n, "\n");
    for (i = 0; i < k * k; i++)
        pairwise[i] = i + 10 * t->calls;
    return t->calls++ == t->fail_at
        ? sppo_fail(ctx, SPPO_E_JUDGE, "it has had enough") : SPPO_OK;
}

static void a_judge_of_texts_is_told_what_was_said(void)
{
    static const char *const said[] = { "the cat", "", "a dog", "sat" };
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_lists x = { 0 }, y = { 0 };
    told t = { 0, 9, "" };
    sppo_text_judge texts = { NULL, NULL, notes_texts, NULL };
    double pairwise[8];
    int i;

    texts.tokenizer = &tok, texts.config = &model.config, texts.user = &t;
    if (!text_model(&ctx, &model, &tok))
        return;
    for (i = 0; i < 3; i++)  // of three prompts the last two are judged
        CHECK_OK(&ctx, sppo_lists_add_text(&ctx, &x, &tok,
                                           i == 1 ? "one" : "two"));
    for (i = 0; i < 4; i++)  // the second was cut before it said anything
        CHECK_OK(&ctx, sppo_tokenizer_encode(&ctx, &tok, said[i],
                                             strlen(said[i]), -1,
                                             i == 1 || i == 2 ? -1 : 2, &y));
    CHECK_OK(&ctx, sppo_judge_texts(&ctx, &texts, &x, &y, 2, 1, 2, pairwise));
    if (!CHECK(!strcmp(t.all, "one: [the cat]1 []0\ntwo: [a dog]0 [sat]1\n")))
        printf("    %s", t.all);
    for (i = 0; i < 8; i++)
        CHECK_NEAR(pairwise[i], i < 4 ? i : 10 + i - 4, 0.0);
    t.fail_at = 2;
    CHECK(sppo_judge_texts(&ctx, &texts, &x, &y, 2, 1, 2, pairwise) ==
          SPPO_E_JUDGE);
    CHECK(t.calls == 3 && has(&ctx, "had enough"));
    ctx.limit = ctx.held;
    CHECK(sppo_judge_texts(&ctx, &texts, &x, &y, 2, 1, 2, pairwise) ==
          SPPO_E_MEMORY);
    ctx.limit = 0;
    sppo_lists_free(&ctx, &x), sppo_lists_free(&ctx, &y);
    sppo_tokenizer_free(&ctx, &tok), sppo_model_free(&ctx, &model);
    CHECK(ctx.held == 0);
}

/* A folder that is made, with the tokenizer as it would be saved alone. */
static void a_model_is_saved_with_its_tokenizer(void)
{
    sppo_ctx ctx = { 0 };
    sppo_model model = { 0 }, again = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_file file = { "tokenizer.bin", NULL, 0, 0 };
    char *alone = NULL;
    size_t size = 0;

    make_folder();
    if (!text_model(&ctx, &model, &tok))
        return;
    CHECK_OK(&ctx, sppo_model_save_text(&ctx, &model, &tok,
                                        FOLDER "/with/texts"));
    CHECK_OK(&ctx, sppo_model_load_with(&ctx, &again, FOLDER "/with/texts", 0,
                                        &file, 1));
    CHECK_OK(&ctx, sppo_tokenizer_save(&ctx, &tok, FOLDER "/alone.bin"));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/alone.bin", &alone, &size));
    CHECK(file.named && file.size == size &&
          !memcmp(file.data, alone, size));
    CHECK(again.count == model.count &&
          !memcmp(again.weights, model.weights,
                  model.count * sizeof *model.weights));
    ctx.limit = ctx.held;
    CHECK(sppo_model_save_text(&ctx, &model, &tok, FOLDER "/with/texts") ==
          SPPO_E_MEMORY);
    ctx.limit = 0;
    CHECK(sppo_model_save_text(&ctx, &model, &tok, FOLDER "/alone.bin/x") ==
          SPPO_E_IO);
    sppo_release(&ctx, alone, size + 1);
    sppo_files_free(&ctx, &file, 1);
    sppo_tokenizer_free(&ctx, &tok);
    sppo_model_free(&ctx, &model), sppo_model_free(&ctx, &again);
    CHECK(ctx.held == 0);
}

/* tokenizer.bin by hand: the first 259 and some pieces. */
typedef struct piece { const char *text; float score; } piece;

static void put_piece(bytes *b, const char *text, size_t n, float score)
{
    put_f32(b, score);
    b->at[b->size++] = (unsigned char)n;
    put(b, "\0\0\0", 3);
    put(b, text, n);
}

static void put_tokenizer(bytes *b, const piece *pieces, int count)
{
    char text[8];
    size_t longest = 6;
    int i;

    for (i = 0; i < count; i++)
        if (strlen(pieces[i].text) > longest)
            longest = strlen(pieces[i].text);
    b->size = 0;
    b->at[b->size++] = (unsigned char)longest;
    put(b, "\0\0\0", 3);
    put_piece(b, "<unk>", 5, 0);
    put_piece(b, "\n<s>\n", 5, 0);
    put_piece(b, "\n</s>\n", 6, 0);
    for (i = 0; i < 256; i++) {
        sprintf(text, "<0x%02X>", (unsigned)i);
        put_piece(b, text, 6, 0);
    }
    for (i = 0; i < count; i++)
        put_piece(b, pieces[i].text, strlen(pieces[i].text), pieces[i].score);
}

static int encodes(sppo_ctx *ctx, const sppo_tokenizer *tok, const char *text,
                   const int *expected, int count)
{
    sppo_lists lists = { 0 };
    int same = 0;

    if (CHECK_OK(ctx, sppo_tokenizer_encode(ctx, tok, text, strlen(text), -1,
                                            -1, &lists)))
        same = sppo_lists_length(&lists, 0) == count
            && memcmp(sppo_lists_tokens(&lists, 0), expected,
                      (size_t)count * sizeof(int)) == 0;
    sppo_lists_free(ctx, &lists);
    return same;
}

/* The pair with the highest score first; of equals, the leftmost. */
static void tokenizer_merges_best_first_then_leftmost(void)
{
    static const piece pieces[] = {
        { " ", -9 }, { "a", -9 }, { "b", -9 }, { "c", -9 },  // 259 .. 262
        { "ab", -3 }, { "bc", -2 }, { "aa", -5 }, { "aaa", -4 }, // .. 266
        { " a", -6 }, { "\xc3\xa9", -9 }                      // 267, 268
    };
    static const int abc[] = { 267, 264 };               // " a" "bc"
    static const int aaaa[] = { 259, 266, 260 };         // " " "aaa" "a"
    static const int ab[] = { 259, 263 };                // " " "ab"
    static const int ca[] = { 259, 262, 260 };           // " " "c" "a"
    static const int a[] = { 267 };                      // " a"
    static const int other[] = { 259, 'z' + 3, 268, 0xE2 + 3, 0x82 + 3,
                                 0xAC + 3 };
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    static bytes b;

    put_tokenizer(&b, pieces, COUNT(pieces));
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 269));
    CHECK(encodes(&ctx, &tok, "abc", abc, 2));
    CHECK(encodes(&ctx, &tok, "aaaa", aaaa, 3));
    CHECK(encodes(&ctx, &tok, "ab", ab, 2));
    CHECK(encodes(&ctx, &tok, "ca", ca, 3));
    CHECK(encodes(&ctx, &tok, "a", a, 1));
    CHECK(encodes(&ctx, &tok, "z\xc3\xa9\xe2\x82\xac", other, 6));
    CHECK(encodes(&ctx, &tok, "", a, 0));
    sppo_tokenizer_free(&ctx, &tok);
}

/* No piece at all: the bytes do it, the blank in front included. */
static void tokenizer_of_bytes_only(void)
{
    static const int hi[] = { ' ' + 3, 'h' + 3, 'i' + 3 };
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    static bytes b;

    put_tokenizer(&b, NULL, 0);
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, SPPO_PIECES));
    CHECK(encodes(&ctx, &tok, "hi", hi, 3));
    CHECK(survives_round_trip(&ctx, &tok, "hi\0\xff", 4));
    sppo_tokenizer_free(&ctx, &tok);
    CHECK_OK(&ctx, sppo_tokenizer_train(&ctx, &tok, story, sizeof story - 1,
                                        SPPO_PIECES));
    CHECK(survives_round_trip(&ctx, &tok, story, sizeof story - 1));
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(ctx.held == 0);
}

static void tokenizer_decode_is_cut_to_the_buffer(void)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    static bytes b;
    static const int token[] = { SPPO_BOS, ' ' + 3, 'a' + 3, 'b' + 3, 'c' + 3,
                                 SPPO_EOS };
    char out[8];

    put_tokenizer(&b, NULL, 0);
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, SPPO_PIECES));
    memset(out, 'z', sizeof out);
    CHECK(sppo_tokenizer_decode(&tok, token, 6, out, sizeof out) == 3);
    CHECK(memcmp(out, "abc\0", 4) == 0);
    memset(out, 'z', sizeof out);
    CHECK(sppo_tokenizer_decode(&tok, token, 6, out, 3) >= 3);
    CHECK(memcmp(out, "ab\0z", 4) == 0);
    memset(out, 'z', sizeof out);
    (void)sppo_tokenizer_decode(&tok, token, 6, out, 0);
    CHECK(out[0] == 'z');
    sppo_tokenizer_free(&ctx, &tok);
}

/* Ids that are none are left out, and an empty piece is no first word. */
static void tokenizer_decode_leaves_out_what_is_no_piece(void)
{
    static const piece pieces[] = { { "", -1 }, { " a", -2 }, { " a", -3 } };
    static const int token[] = { -1, SPPO_BOS, 259, 260, 262, INT_MAX, SPPO_EOS,
                                 INT_MIN, 261 };
    static const int unknown[] = { ' ' + 3, 'b' + 3 };
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    static bytes b;
    char out[16];

    put_tokenizer(&b, pieces, 3);
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 262));
    CHECK(sppo_tokenizer_decode(&tok, token, 9, out, sizeof out) == 4);
    CHECK(strcmp(out, " a a") == 0);
    CHECK(sppo_tokenizer_decode(&tok, token + 3, 6, out, sizeof out) == 3);
    CHECK(strcmp(out, "a a") == 0);
    CHECK(encodes(&ctx, &tok, "b", unknown, 2));
    /* of equal pieces the first is the one that is used */
    CHECK(sppoi_lookup(&tok, " a", 2) == 260);
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(ctx.held == 0);
}

/* A length is looked at before the text. */
static void tokenizer_texts_have_a_most_length(void)
{
    const size_t most = INT_MAX / 4;
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_lists lists = { 0 };
    static bytes b;

    put_tokenizer(&b, NULL, 0);
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, SPPO_PIECES));
    CHECK(sppo_tokenizer_encode(&ctx, &tok, "", most + 1, 1, 2, &lists)
          == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "a text of more than 2^29 bytes"));
    CHECK(lists.count == 0);
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(sppo_tokenizer_train(&ctx, &tok, "", most + 1, 300)
          == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "it must have 1 to 2^29"));
    CHECK(sppo_tokenizer_train(&ctx, &tok, "", 0, 300) == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "the text has 0 bytes"));
    CHECK(sppo_tokenizer_train(&ctx, &tok, story, sizeof story - 1,
                               SPPOI_MAX_VOCAB + 1) == SPPO_E_ARGUMENT);
    CHECK(tok.bytes == NULL && ctx.held == 0);
}

static void tokenizer_adds_prompts_with_bos(void)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    sppo_lists lists = { 0 };
    static bytes b;

    put_tokenizer(&b, NULL, 0);
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, SPPO_PIECES));
    CHECK_OK(&ctx, sppo_lists_add_text(&ctx, &lists, &tok, "hi"));
    CHECK(lists.count == 1 && sppo_lists_length(&lists, 0) == 4);
    CHECK(sppo_lists_tokens(&lists, 0)[0] == SPPO_BOS);
    CHECK(sppo_lists_tokens(&lists, 0)[3] == 'i' + 3);
    sppo_lists_free(&ctx, &lists);
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(ctx.held == 0);
}

static void tokenizer_refuses_hostile_files(void)
{
    static const piece pieces[] = { { " ", -1 }, { "ab", -2 } };
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    static bytes b, c;
    size_t length_of_ab, n;

    put_tokenizer(&b, pieces, 2);
    length_of_ab = b.size - 6;
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 261));
    sppo_tokenizer_free(&ctx, &tok);
    /* another vocabulary than the model's */
    CHECK(sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 260) == SPPO_E_FORMAT);
    CHECK(sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 262) == SPPO_E_FORMAT);
    CHECK(sppo_tokenizer_read(&ctx, &tok, b.at, b.size, INT_MAX) != SPPO_OK);
    CHECK(sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 258) != SPPO_OK);
    CHECK(sppo_tokenizer_read(&ctx, &tok, b.at, b.size, 0) != SPPO_OK);
    CHECK(sppo_tokenizer_read(&ctx, &tok, b.at, b.size, -1) != SPPO_OK);
    /* lengths: negative, far too large, one too large */
    c = b;
    memset(c.at + length_of_ab, 0xFF, 4);
    CHECK(sppo_tokenizer_read(&ctx, &tok, c.at, c.size, 261) == SPPO_E_FORMAT);
    c.at[length_of_ab + 3] = 0x7F;
    CHECK(sppo_tokenizer_read(&ctx, &tok, c.at, c.size, 261) == SPPO_E_FORMAT);
    c = b;
    c.at[length_of_ab] = 3;
    CHECK(sppo_tokenizer_read(&ctx, &tok, c.at, c.size, 261) == SPPO_E_FORMAT);
    c = b;
    c.at[c.size++] = 'x';  // one byte too many
    CHECK(sppo_tokenizer_read(&ctx, &tok, c.at, c.size, 261) == SPPO_E_FORMAT);
    /* <0x41> is not where the byte fallback looks for it */
    c = b;
    for (n = 0; memcmp(c.at + n, "<0x41>", 6) != 0; n++)
        ;
    c.at[n + 4] = '2';
    CHECK(sppo_tokenizer_read(&ctx, &tok, c.at, c.size, 261) == SPPO_E_FORMAT);
    /* the longest piece: a lie in either direction must do no harm */
    for (n = 0; n < 4; n++) {
        static const unsigned char lie[4][4] = { { 0, 0, 0, 0 },
            { 1, 0, 0, 0 }, { 0xFF, 0xFF, 0xFF, 0x7F },
            { 0xFF, 0xFF, 0xFF, 0xFF } };
        c = b;
        memcpy(c.at, lie[n], 4);
        if (sppo_tokenizer_read(&ctx, &tok, c.at, c.size, 261) == SPPO_OK) {
            CHECK(tok.longest == 6);
            CHECK(survives_round_trip(&ctx, &tok, "abab", 4));
            sppo_tokenizer_free(&ctx, &tok);
        }
    }
    for (n = 0; n < b.size; n++) {
        void *copy = malloc(n ? n : 1);
        memcpy(copy, b.at, n);
        CHECK(sppo_tokenizer_read(&ctx, &tok, copy, n, 261) == SPPO_E_FORMAT);
        free(copy);
    }
    CHECK(tok.bytes == NULL);
    CHECK(ctx.held == 0);
}

static void tokenizer_survives_changed_bytes(void)
{
    static const unsigned char values[] = { 0x00, 0x01, 0x7F, 0x80, 0xFF, '<' };
    static const piece pieces[] = { { " ", -1 }, { "a", -3 }, { "ab", -2 },
                                    { "\xc3\xa9", -4 } };
    sppo_ctx ctx = { 0 };
    static bytes b;
    size_t at;
    int v, read = 0, refused = 0;
    char out[64];

    put_tokenizer(&b, pieces, 4);
    for (at = 0; at < b.size; at++)
        for (v = 0; v < COUNT(values); v++) {
            const unsigned char old = b.at[at];
            sppo_tokenizer tok = { 0 };
            sppo_lists lists = { 0 };
            void *copy;
            b.at[at] = values[v];
            copy = malloc(b.size);
            memcpy(copy, b.at, b.size);
            if (sppo_tokenizer_read(&ctx, &tok, copy, b.size, 263)) {
                refused++;
            } else {
                read++;
                CHECK_OK(&ctx, sppo_tokenizer_encode(&ctx, &tok,
                    "ab \xc3\xa9x\xff", 7, SPPO_BOS, SPPO_EOS, &lists));
                CHECK(sppo_tokenizer_decode(&tok, sppo_lists_tokens(&lists, 0),
                    sppo_lists_length(&lists, 0), out, sizeof out) < 64);
            }
            free(copy);
            sppo_lists_free(&ctx, &lists);
            sppo_tokenizer_free(&ctx, &tok);
            b.at[at] = old;
        }
    CHECK(refused > 100 && read > 100);
    CHECK(ctx.held == 0);
}

static void tokenizer_train_refuses_a_small_vocabulary(void)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };

    CHECK(sppo_tokenizer_train(&ctx, &tok, story, sizeof story - 1, 258)
          == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "sppo_tokenizer_train"));
    CHECK(has(&ctx, "258"));
    CHECK(sppo_tokenizer_train(&ctx, &tok, story, sizeof story - 1, 0)
          == SPPO_E_ARGUMENT);
    /* more pieces than the text can give: a word, or fewer pieces */
    if (sppo_tokenizer_train(&ctx, &tok, "ab", 2, 5000) == SPPO_OK) {
        CHECK(tok.vocab == 5000);
        CHECK(survives_round_trip(&ctx, &tok, "ab", 2));
    } else
        CHECK(has(&ctx, "5000"));
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(ctx.held == 0);
}

/* A real one, where it is at hand: the tokenizer of stories260K. */
static const char *data_folder(void)
{
    const char *folder = getenv("SPPO_DATA");

    return folder ? folder : "../shared/data";
}

static void tokenizer_of_stories_encodes_as_llama2(void)
{
    sppo_ctx ctx = { 0 };
    sppo_tokenizer tok = { 0 };
    char path[1000], text[400];
    int i;

    sprintf(path, "%.900s/tok512.bin", data_folder());
    if (access(path, R_OK) != 0)
        SKIP("no tok512.bin (set SPPO_DATA to the folder that has it)");
    CHECK_OK(&ctx, sppo_tokenizer_load(&ctx, &tok, path, 512));
    CHECK(encodes_as_llama2(&ctx, &tok, story, sizeof story - 1));
    CHECK(survives_round_trip(&ctx, &tok, story, sizeof story - 1));
    for (i = 0; i < 200; i++) {
        const int n = random_bytes(text, 150, (uint64_t)(1000 + i));
        CHECK(encodes_as_llama2(&ctx, &tok, text, (size_t)n));
        CHECK(survives_round_trip(&ctx, &tok, text, (size_t)n));
    }
    sppo_tokenizer_free(&ctx, &tok);
    CHECK(sppo_tokenizer_load(&ctx, &tok, path, 511) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "tok512.bin"));
    CHECK(ctx.held == 0);
}

/* ==== a model's folder ================================================== */

#define HOME FOLDER "/home"

static void clear_home(void)
{
    static const char *const ending[] = { "", ".next", ".tmp", ".2.tmp" };
    char path[256];
    int i, j;

    make_folder();
    for (j = 0; j < COUNT(ending); j++) {
        for (i = 0; sppo_companion(i); i++) {
            sprintf(path, HOME "/%s%s", sppo_companion(i), ending[j]);
            remove(path);
        }
        sprintf(path, HOME "/config.json%s", ending[j]);
        remove(path);
        sprintf(path, HOME "/model.safetensors%s", ending[j]);
        remove(path);
    }
    rmdir(HOME);
}

/* Models a and b have the same shape; their companions say which they are. */
static void save_home(sppo_ctx *ctx, int which)
{
    sppo_config c = config_of(20, 8, 1, 0);
    sppo_model m = { 0 };
    sppo_file file = { "tokenizer.json", NULL, 1, 0 };
    char text[2] = "a";

    text[0] = (char)('a' + which);
    file.data = text;
    c.context = 16 + which;
    CHECK_OK(ctx, sppo_model_init(ctx, &m, &c, 1 + (uint64_t)which));
    CHECK_OK(ctx, sppo_model_save_with(ctx, &m, SPPO_DTYPE_REAL, HOME, &file,
                                       1));
    sppo_model_free(ctx, &m);
}

/* 0 or 1: the model that is there, in all its parts; else -1. */
static int home_is(sppo_ctx *ctx)
{
    sppo_model m = { 0 }, known = { 0 };
    sppo_file file = { "tokenizer.json", NULL, 0, 0 };
    int which = -1;

    if (sppo_model_load_with(ctx, &m, HOME, 0, &file, 1))
        return -1;
    if (file.data && file.size == 1 && file.named)
        which = ((char *)file.data)[0] - 'a';
    CHECK_OK(ctx, sppo_model_init(ctx, &known, &m.config,
                                  1 + (uint64_t)which));
    if (m.config.context != 16 + which ||
        memcmp(m.weights, known.weights, m.count * sizeof *m.weights) != 0)
        which = -1;
    sppo_files_free(ctx, &file, 1);
    sppo_model_free(ctx, &m);
    sppo_model_free(ctx, &known);
    return which;
}

static int home_has(const char *name)
{
    char path[256];

    sprintf(path, HOME "/%s", name);
    return access(path, F_OK) == 0;
}

static void a_save_makes_its_folder_and_replaces_it_whole(void)
{
    sppo_ctx ctx = { 0 };

    clear_home();
    save_home(&ctx, 0);
    CHECK(home_is(&ctx) == 0);
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/tokenizer.bin", "old", 3));
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/README.md", "mine", 4));
    save_home(&ctx, 1);
    CHECK(home_is(&ctx) == 1);
    CHECK(!home_has("tokenizer.bin"));  // of another model
    CHECK(home_has("README.md"));       // of nobody's concern
    CHECK(!home_has("model.safetensors.tmp"));
    CHECK(!home_has("config.json.next"));
    remove(HOME "/README.md");
    CHECK(sppo_folder_make(&ctx, HOME "/config.json/x") == SPPO_E_IO);
    CHECK(has(&ctx, "config.json/x: this folder cannot be made"));
    CHECK(ctx.held == 0);
}

static void a_mixture_of_two_models_is_refused(void)
{
    static const char *const part[] = { "config.json", "tokenizer.json" };
    sppo_ctx ctx = { 0 };
    sppo_model m = { 0 };
    char path[256], *data = NULL;
    size_t size = 0;
    int i;

    for (i = 0; i < COUNT(part); i++) {
        clear_home();
        save_home(&ctx, 0);
        sprintf(path, HOME "/%s", part[i]);
        CHECK_OK(&ctx, sppo_file_read(&ctx, path, &data, &size));
        save_home(&ctx, 1);
        CHECK_OK(&ctx, sppo_file_write(&ctx, path, data, size));
        sppo_release(&ctx, data, size + 1);
        CHECK(sppo_model_load(&ctx, &m, HOME) == SPPO_E_FORMAT);
        CHECK(has(&ctx, part[i]));
        CHECK(has(&ctx, "a mixture of two models"));
        CHECK(m.weights == NULL);
        CHECK_OK(&ctx, sppo_model_load_with(&ctx, &m, HOME, 1, NULL, 0));
        sppo_model_free(&ctx, &m);
    }
    CHECK(ctx.held == 0);
}

/* As a kill leaves it between the commit and the end: by hand. */
static void a_save_cut_off_after_its_commit_is_finished(void)
{
    sppo_ctx ctx = { 0 };
    char *config = NULL, *tok = NULL;
    size_t nc = 0, nt = 0;

    clear_home();
    save_home(&ctx, 0);
    CHECK_OK(&ctx, sppo_file_read(&ctx, HOME "/config.json", &config, &nc));
    CHECK_OK(&ctx, sppo_file_read(&ctx, HOME "/tokenizer.json", &tok, &nt));
    save_home(&ctx, 1);
    rename(HOME "/config.json", HOME "/config.json.next");
    rename(HOME "/tokenizer.json", HOME "/tokenizer.json.next");
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/config.json", config, nc));
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/tokenizer.json", tok, nt));
    CHECK(home_is(&ctx) == 1);
    CHECK(!home_has("config.json.next") && !home_has("tokenizer.json.next"));
    CHECK(home_is(&ctx) == 1);
    /* and before the commit: what waits is of nobody */
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/config.json.next", config,
                                   nc));
    CHECK(home_is(&ctx) == 1);
    save_home(&ctx, 0);
    CHECK(home_is(&ctx) == 0 && !home_has("config.json.next"));
    sppo_release(&ctx, config, nc + 1);
    sppo_release(&ctx, tok, nt + 1);
    CHECK(ctx.held == 0);
}

/* Saves a small model with one companion; in `at` what loading gives of it. */
static sppo_result save_one(sppo_ctx *ctx, const char *folder,
                            const sppo_file *file)
{
    sppo_config c = config_of(20, 8, 1, 0);
    sppo_model m = { 0 };
    sppo_result code;

    CHECK_OK(ctx, sppo_model_init(ctx, &m, &c, 1));
    code = sppo_model_save_with(ctx, &m, SPPO_DTYPE_REAL, folder, file,
                                file != NULL);
    sppo_model_free(ctx, &m);
    return code;
}

/* Whether a companion comes back as it was saved. */
static int loads_one(sppo_ctx *ctx, const char *folder, const sppo_file *file)
{
    sppo_model m = { 0 };
    sppo_file back = { "", NULL, 0, 0 };
    int same;

    back.name = file->name;
    if (!CHECK_OK(ctx, sppo_model_load_with(ctx, &m, folder, 0, &back, 1)))
        return 0;
    same = back.data && back.named && back.size == file->size &&
           (!back.size || !memcmp(back.data, file->data, back.size));
    sppo_files_free(ctx, &back, 1);
    sppo_model_free(ctx, &m);
    return same;
}

/* Every byte that a name can hold: it is refused, or comes back. */
static void a_companions_name_is_refused_or_comes_back(void)
{
    static const char *const bad[] = { "", ".", ".x", "a/b", "a\\b", "a:b",
        "a\"b", "model", "model.safetensors.index.json", "config.json",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };
    static const char longest[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
    sppo_ctx ctx = { 0 };
    sppo_file file = { "", "x", 1, 0 };
    char name[] = "a?b", path[256];
    int i;

    clear_home();
    for (i = 0; i < COUNT(bad); i++) {
        file.name = bad[i];
        CHECK(save_one(&ctx, HOME, &file) == SPPO_E_ARGUMENT);
        CHECK(has(&ctx, "cannot be a companion's name"));
        CHECK(access(HOME, F_OK) != 0);
    }
    file.name = "a", file.data = NULL;
    CHECK(save_one(&ctx, HOME, &file) == SPPO_E_ARGUMENT);
    file.data = "x";
    for (i = 1; i < 256; i++) {
        name[1] = (char)i;
        file.name = name;
        if (save_one(&ctx, HOME, &file) == SPPO_OK) {
            if (!CHECK(loads_one(&ctx, HOME, &file)))
                printf("    byte %d: %s\n", i, ctx.message);
            sprintf(path, HOME "/%s", name);
            remove(path);
        } else {
            CHECK(ctx.code == SPPO_E_ARGUMENT);
        }
    }
    file.name = longest;
    CHECK_OK(&ctx, save_one(&ctx, HOME, &file));
    CHECK(loads_one(&ctx, HOME, &file));
    remove(HOME "/0123456789abcdef0123456789abcdef0123456789abcdef"
           "0123456789abcde");
    file.name = "merges.txt", file.data = NULL, file.size = 0;
    for (i = 0; i < 2; i++) {  // empty, and saved over itself
        CHECK_OK(&ctx, save_one(&ctx, HOME, &file));
        CHECK(loads_one(&ctx, HOME, &file));
    }
    CHECK(ctx.held == 0);
}

static void thirty_one_companions_of_the_longest_names_are_saved(void)
{
    sppo_ctx ctx = { 0 };
    sppo_config c = config_of(20, 8, 1, 0);
    sppo_model m = { 0 };
    sppo_file file[31], back[31];
    char name[31][64], path[256];
    int i;

    clear_home();
    mkdir(HOME, 0777);
    for (i = 0; sppo_companion(i); i++) {  // and what was there goes
        sprintf(path, HOME "/%s", sppo_companion(i));
        CHECK_OK(&ctx, sppo_file_write(&ctx, path, "old", 3));
    }
    memset(file, 0, sizeof file);
    memset(back, 0, sizeof back);
    for (i = 0; i < 31; i++) {
        sprintf(name[i], "%063d", i);
        file[i].name = back[i].name = name[i];
        file[i].data = name[i], file[i].size = (size_t)i;
    }
    CHECK_OK(&ctx, sppo_model_init(&ctx, &m, &c, 1));
    CHECK(sppo_model_save_with(&ctx, &m, SPPO_DTYPE_REAL, HOME, file, 32)
          == SPPO_E_ARGUMENT);
    CHECK(has(&ctx, "32 companions; at most 31"));
    CHECK(sppo_model_save_with(&ctx, &m, SPPO_DTYPE_REAL, HOME, file, -1)
          == SPPO_E_ARGUMENT);
    CHECK_OK(&ctx, sppo_model_save_with(&ctx, &m, SPPO_DTYPE_REAL, HOME, file,
                                        31));
    sppo_model_free(&ctx, &m);
    CHECK_OK(&ctx, sppo_model_load_with(&ctx, &m, HOME, 0, back, 31));
    for (i = 0; i < 31; i++) {
        CHECK(back[i].data && back[i].named && back[i].size == (size_t)i &&
              !memcmp(back[i].data, name[i], (size_t)i));
        sprintf(path, HOME "/%063d", i);
        remove(path);
    }
    for (i = 0; sppo_companion(i); i++)
        CHECK(!home_has(sppo_companion(i)));
    sppo_files_free(&ctx, back, 31);
    sppo_model_free(&ctx, &m);
    CHECK(ctx.held == 0);
}

/* A companion that the weights name and that is gone, compressed or cut. */
static void a_companion_that_is_not_the_one_is_named(void)
{
    static const char gzip[] = "\x1f\x8b\x08 compressed";
    sppo_ctx ctx = { 0 };
    sppo_model m = { 0 };
    sppo_file file = { "tokenizer.json", "{\"a\": 1}", 8, 0 };

    clear_home();
    CHECK_OK(&ctx, save_one(&ctx, HOME, &file));
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/tokenizer.json", gzip,
                                   sizeof gzip));
    CHECK(sppo_model_load(&ctx, &m, HOME) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "home/tokenizer.json: this is compressed with gzip"));
    CHECK_OK(&ctx, sppo_file_write(&ctx, HOME "/tokenizer.json", "{\"a\"", 4));
    CHECK(sppo_model_load(&ctx, &m, HOME) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "is not the file that model.safetensors was saved with"));
    remove(HOME "/tokenizer.json");
    CHECK_OK(&ctx, sppo_model_load_with(&ctx, &m, HOME, 0, &file, 1));
    CHECK(file.data == NULL && file.size == 0 && file.named);
    sppo_model_free(&ctx, &m);
    CHECK(ctx.held == 0);
}

/* A folder whose path has this many bytes; its parts are short enough. */
static void deep_folder(char *path, size_t length)
{
    size_t n = (size_t)sprintf(path, FOLDER "/deep");

    while (n < length) {
        path[n] = n % 100 == 50 && n + 1 < length ? '/' : 'd';
        n++;
    }
    path[n] = 0;
}

/* As far as a save fits it can be loaded; beyond, nothing is begun. */
static void a_path_that_is_too_long_is_refused_before_anything_is_done(void)
{
    sppo_ctx ctx = { 0 };
    sppo_file file = { "tokenizer.bin", "x", 1, 0 };
    sppo_model m = { 0 };
    char path[1400], *data = NULL;
    size_t length, n, saved = 0;

    make_folder();
    for (length = 960; length < 1040; length++) {
        deep_folder(path, length);
        if (save_one(&ctx, path, &file) == SPPO_OK) {
            saved++;
            CHECK(loads_one(&ctx, path, &file));
            continue;
        }
        CHECK(ctx.code == SPPO_E_ARGUMENT);
        CHECK(has(&ctx, "a path of more than 1024 bytes"));
        CHECK(sppo_model_load(&ctx, &m, path) != SPPO_OK);
        CHECK(!strstr(ctx.message, "mixture"));
        strcat(path, "/config.json");
        CHECK(access(path, F_OK) != 0);
        CHECK(sppo_file_write(&ctx, path, "x", 1) == SPPO_E_ARGUMENT ||
              length + 12 + 4 < 1024);
        remove(path);
    }
    CHECK(saved > 20 && saved < 60);
    path[1023] = 0;
    CHECK(sppo_file_read(&ctx, path, &data, &n) == SPPO_E_IO);
    CHECK(ctx.held == 0);
}

static void put_text(sppo_ctx *ctx, const char *path, const char *text)
{
    CHECK_OK(ctx, sppo_file_write(ctx, path, text, strlen(text)));
}

/* What an index names goes with it, if it is a part of its own folder; there is
 * no other list of them.                                                    */
static void an_index_that_goes_takes_its_parts_and_nothing_else(void)
{
    static const struct { const char *index; int goes; } row[] = {
        { "{\"weight_map\":{\"a\":\"part.safetensors\"}}", 1 },
        { "{\"weight_map\":{\"a\":\"../out.safetensors\","
          "\"b\":\"part.safetensors\"}}", 1 },
        { "{\"weight_map\":{\"a\":\"model.safetensors\","
          "\"b\":\"notes.txt\"}}", 0 },
        { "{\"weight_map\":{}}", 0 },
        { "{\"weight_map\":3}", 0 },
        { "{\"weight_mob\":{\"a\":\"part.safetensors\"}}", 0 },
        { "{\"weight_map\":{\"a\":\"part.safetensors\"}", 0 },
        { "", 0 }
    };
    static const char index[] = HOME "/model.safetensors.index.json";
    sppo_ctx ctx = { 0 };
    sppo_file file = { "tokenizer.bin", "x", 1, 0 };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        clear_home();
        CHECK_OK(&ctx, sppo_folder_make(&ctx, HOME));
        put_text(&ctx, index, row[i].index);
        put_text(&ctx, HOME "/part.safetensors", "a part");
        put_text(&ctx, HOME "/notes.txt", "mine");
        put_text(&ctx, FOLDER "/out.safetensors", "another's");
        CHECK_OK(&ctx, save_one(&ctx, HOME, &file));
        CHECK(loads_one(&ctx, HOME, &file));
        CHECK(access(index, F_OK) != 0);
        if (!CHECK(home_has("part.safetensors") == !row[i].goes))
            printf("    row %d\n", i);
        CHECK(home_has("notes.txt"));
        CHECK(access(FOLDER "/out.safetensors", F_OK) == 0);
        remove(HOME "/part.safetensors");
        remove(HOME "/notes.txt");
    }
    CHECK(ctx.held == 0);
}

/* Weights whose metadata say that this is to be done, in a hostile hand. */
static void save_noted(sppo_ctx *ctx, const char *notes)
{
    sppo_config c = config_of(20, 8, 1, 0);
    sppo_model m = { 0 };
    sppoi_output out;
    char text[4096];

    CHECK_OK(ctx, sppo_model_init(ctx, &m, &c, 1));
    sppo_config_write(&m.config, SPPO_DTYPE_REAL, text, sizeof text);
    put_text(ctx, HOME "/config.json", text);
    sprintf(text, "{%s," SPPOI_UNSEALED "}", notes);
    CHECK_OK(ctx, sppoi_output_begin(ctx, &out, HOME "/model.safetensors"));
    CHECK_OK(ctx, sppoi_model_put(ctx, &out.sink, &m, SPPO_DTYPE_REAL, text));
    CHECK_OK(ctx, sppoi_output_end(ctx, &out));
    sppo_model_free(ctx, &m);
}

/* A note removes or renames what it names, if that is its own folder's and is
 * what its digest says.                                                     */
static void notes_of_the_weights_reach_no_other_folder(void)
{
    static const char *const removes[] = { "merges.txt" };
    static const char *const harmless[] = { "../merges.txt", "x/merges.txt",
        "..\\\\merges.txt", "c:merges.txt", "merges.txt\\u0000",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        "0123456789abcdef0123456789abcdef" };
    char notes[300], digits[17];
    sppo_ctx ctx = { 0 };
    sppo_model m = { 0 };
    int i, kind;

    sppoi_digest_text(digits, sppo_digest(0, "old", 3));
    for (i = 0; i < COUNT(harmless) + COUNT(removes); i++)
        for (kind = 0; kind < 2; kind++) {
            const int goes = i >= COUNT(harmless);

            clear_home();
            CHECK_OK(&ctx, sppo_folder_make(&ctx, HOME));
            put_text(&ctx, HOME "/merges.txt", "old");
            put_text(&ctx, HOME "/generation_config.json", "old");
            put_text(&ctx, FOLDER "/merges.txt", "old");
            put_text(&ctx, FOLDER "/merges.txt.next", "old");
            sprintf(notes, "\"sppo.gone.generation_config.json\":\"%s\","
                    "\"sppo.%s%s\":\"%s\"", digits, kind ? "digest." : "gone.",
                    goes ? removes[i - COUNT(harmless)] : harmless[i], digits);
            save_noted(&ctx, notes);
            CHECK_OK(&ctx, sppo_model_load(&ctx, &m, HOME));
            sppo_model_free(&ctx, &m);
            CHECK(!home_has("generation_config.json"));
            if (!CHECK(home_has("merges.txt") == (kind || !goes)))
                printf("    note %d\n", i);
            CHECK(access(FOLDER "/merges.txt", F_OK) == 0);
            CHECK(access(FOLDER "/merges.txt.next", F_OK) == 0);
            remove(FOLDER "/merges.txt.next");
        }
    CHECK(ctx.held == 0);
}

/* Two that save without end, killed at any moment, and one that reads. */
static void kills_and_two_writers_make_no_mixture(void)
{
    sppo_ctx ctx = { 0 };
    struct timespec pause = { 0, 0 };
    pid_t child[2];
    int i, j, bad = 0;

    clear_home();
    save_home(&ctx, 0);
    fflush(stdout);
    for (i = 0; i < 30; i++) {
        for (j = 0; j < 2; j++) {
            child[j] = fork();
            if (child[j] == 0) {
                sppo_ctx own = { 0 };
                for (;;)
                    save_home(&own, j);
            }
        }
        for (j = 0; j < 5; j++)
            bad += home_is(&ctx) < 0;
        pause.tv_nsec = 1000000L * (i % 7);
        nanosleep(&pause, NULL);
        for (j = 0; j < 2; j++) {
            kill(child[j], SIGKILL);
            waitpid(child[j], NULL, 0);
        }
        bad += home_is(&ctx) < 0;
    }
    if (!CHECK(bad == 0))
        printf("    %s\n", ctx.message);
    save_home(&ctx, 1);
    CHECK(home_is(&ctx) == 1);
    CHECK(!home_has("model.safetensors.tmp"));
    CHECK(!home_has("model.safetensors.2.tmp"));
    CHECK(!home_has("config.json.next") && !home_has("tokenizer.json.next"));
    CHECK(ctx.held == 0);
}

/* ==== checkpoints ======================================================== */

static sppo_result shorter_wins(sppo_ctx *ctx, void *user,
                                const sppo_lists *prompts,
                                const sppo_lists *responses, int k, int first,
                                int count, double *pairwise)
{
    int p, i, j;

    (void)ctx, (void)user, (void)prompts, (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                const int a = sppo_lists_length(responses, p * k + i);
                const int b = sppo_lists_length(responses, p * k + j);
                pairwise[(p * k + i) * k + j] = a < b ? 1 : a > b ? 0 : 0.5;
            }
    return SPPO_OK;
}

typedef struct run {
    sppo_ctx ctx;
    sppo_model policy;
    sppo_lists prompts;
    sppo_play play;
    sppo_judge judge;
} run;

static int begin_run_of(run *r, sppo_optimizer kind)
{
    sppo_play_config config;
    sppo_config c = config_of(5, 4, 1, 0);
    int i, ok;

    memset(r, 0, sizeof *r);
    memset(&config, 0, sizeof config);
    config.eta = 2, config.k = 2, config.iterations = 2, config.batch = 1;
    config.optim.lr = 1e-2;
    config.optim.kind = kind;
    config.pass_tokens = 32;
    config.sampling.max_tokens = 3;
    c.head_dim = 2;
    r->judge.fill = shorter_wins;
    ok = CHECK_OK(&r->ctx, sppo_model_init(&r->ctx, &r->policy, &c, 7));
    for (i = 0; i < 4; i++) {
        const int prompt[2] = { 1, i };
        ok &= CHECK_OK(&r->ctx, sppo_lists_add(&r->ctx, &r->prompts, prompt,
                                               2));
    }
    return ok && CHECK_OK(&r->ctx, sppo_play_init(&r->ctx, &r->play, &config,
                                                  &r->policy, &r->prompts));
}

static int begin_run(run *r) { return begin_run_of(r, SPPO_RMSPROP); }

static void end_run(run *r)
{
    sppo_play_free(&r->ctx, &r->play);
    sppo_lists_free(&r->ctx, &r->prompts);
    sppo_model_free(&r->ctx, &r->policy);
    CHECK(r->ctx.held == 0);
}

/* Any changed byte of a checkpoint in the middle of a round, with the digest
 * that goes with it: refused, or taken as other numbers, and then the run goes
 * to its end or fails with a word.                                          */
static void checkpoints_survive_damage(void)
{
    run r;
    sppo_ctx ctx = { 0 };
    char *data = NULL;
    size_t size = 0, n, step;
    int t, refused = 0, read = 0;
    sppo_real *before;

    make_folder();
    if (!begin_run(&r))
        return;
    for (t = 0; t < 3; t++)
        CHECK_OK(&r.ctx, sppo_play_next(&r.ctx, &r.play, &r.judge));
    CHECK_OK(&r.ctx, sppo_play_save(&r.ctx, &r.play, FOLDER "/ckpt"));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/ckpt", &data, &size));
    end_run(&r);
    if (!begin_run(&r))
        return;
    before = (sppo_real *)malloc(r.policy.count * sizeof *before);
    memcpy(before, r.policy.weights, r.policy.count * sizeof *before);
    step = size / 150 + 1;
    for (n = 0; n < size; n += n < 64 ? 1 : step) {  // cut short
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, n));
        CHECK(sppo_play_load(&r.ctx, &r.play, FOLDER "/cut") == SPPO_E_FORMAT);
        CHECK(has(&r.ctx, "cut"));
    }
    CHECK(r.play.phase == SPPO_PHASE_SAMPLE);
    CHECK(memcmp(before, r.policy.weights, r.policy.count * sizeof *before)
          == 0);
    step = size / 300 + 1;
    for (n = 0; n < size; n += n < 400 ? 3 : step) {  // one byte changed
        const char old = data[n];
        data[n] = (char)(old ^ (1 << n % 8));
        if (n >= 72)  // behind the digest
            reseal(data, size);
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
        if (sppo_play_load(&r.ctx, &r.play, FOLDER "/cut")) {
            refused++;
        } else {
            read++;
            (void)sppo_play_run(&r.ctx, &r.play, &r.judge);
        }
        data[n] = old;
    }
    CHECK(refused > 50);
    reseal(data, size);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
    CHECK_OK(&r.ctx, sppo_play_load(&r.ctx, &r.play, FOLDER "/cut"));
    CHECK(r.play.phase == SPPO_PHASE_FIT);
    free(before);
    sppo_release(&ctx, data, size + 1);
    end_run(&r);
    CHECK(ctx.held == 0);
}

/* Where the numbers of an array begin in the bytes of a checkpoint. */
static size_t array_at(sppo_ctx *ctx, const char *data, const char *name)
{
    sppo_json json = { 0 };
    size_t header = 0, at = 0;
    int i;

    for (i = 0; i < 8; i++)
        header |= (size_t)(unsigned char)data[i] << 8 * i;
    CHECK_OK(ctx, sppo_json_parse(ctx, &json, data + 8, header, "header"));
    i = sppo_json_find(&json, sppo_json_find(&json, 0, name), "data_offsets");
    if (CHECK(i > 0))
        at = 8 + header + (size_t)sppo_json_number(&json, json.node[i].first);
    sppo_json_free(ctx, &json);
    return at;
}

/* A checkpoint's own digest: no bit of it can change unseen, and what was there
 * before is not touched.  One without a digest is of an older build.        */
static void no_flipped_bit_of_a_checkpoint_is_taken(void)
{
    run r;
    sppo_ctx ctx = { 0 };
    char *data = NULL;
    size_t size = 0, n, step;
    int bit, taken = 0;
    sppo_real *before;

    make_folder();
    if (!begin_run(&r))
        return;
    for (bit = 0; bit < 3; bit++)
        CHECK_OK(&r.ctx, sppo_play_next(&r.ctx, &r.play, &r.judge));
    CHECK_OK(&r.ctx, sppo_play_save(&r.ctx, &r.play, FOLDER "/ckpt"));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/ckpt", &data, &size));
    end_run(&r);
    if (!begin_run(&r))
        return;
    before = (sppo_real *)malloc(r.policy.count * sizeof *before);
    memcpy(before, r.policy.weights, r.policy.count * sizeof *before);
    step = size / 300 + 1;
    for (n = 0; n < size; n += n < 100 ? 1 : step)
        for (bit = 0; bit < 8; bit += n < 100 ? 1 : 7) {
            data[n] = (char)(data[n] ^ (1 << bit));
            CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
            if (!sppo_play_load(&r.ctx, &r.play, FOLDER "/cut")) {
                taken++;
                printf("    byte %lu, bit %d\n", (unsigned long)n, bit);
            }
            data[n] = (char)(data[n] ^ (1 << bit));
        }
    CHECK(taken == 0);
    CHECK(!memcmp(before, r.policy.weights, r.policy.count * sizeof *before));
    data[size - 1] ^= 1;
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
    CHECK(sppo_play_load(&r.ctx, &r.play, FOLDER "/cut") == SPPO_E_FORMAT);
    CHECK(has(&r.ctx, "its digest is "));
    free(before);
    sppo_release(&ctx, data, size + 1);
    end_run(&r);
    CHECK(ctx.held == 0);
}

/* States that no run can be in: a phase with too few responses, a step beyond
 * the last.  Each must be refused, or be one from which the run can go on.  */
static void try_states(run *r, int steps, int *refused, int *read)
{
    sppo_ctx ctx = { 0 };
    char *data = NULL;
    size_t size = 0, at;
    int i, t, phase, done;

    for (t = 0; t < steps; t++)
        CHECK_OK(&r->ctx, sppo_play_next(&r->ctx, &r->play, &r->judge));
    CHECK_OK(&r->ctx, sppo_play_save(&r->ctx, &r->play, FOLDER "/ckpt"));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/ckpt", &data, &size));
    at = array_at(&ctx, data, "state");
    for (t = -1; t < 4; t++)                        // the iteration
        for (phase = -1; phase < 8; phase++)
            for (done = -1; done < 5; done++) {
                const int value[3] = { t, phase, done };
                for (i = 0; i < 12; i++)  // little-endian int32 times three
                    data[at + (size_t)i] = (char)(i % 4 == 0 ? value[i / 4]
                                                  : value[i / 4] < 0 ? -1 : 0);
                reseal(data, size);
                CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data,
                                               size));
                end_run(r);  // a fresh one: nothing lies about in its arrays
                if (!begin_run(r))
                    return;
                if (sppo_play_load(&r->ctx, &r->play, FOLDER "/cut")) {
                    ++*refused;
                } else {
                    ++*read;
                    CHECK_OK(&r->ctx, sppo_play_run(&r->ctx, &r->play,
                                                    &r->judge));
                    CHECK(r->play.phase == SPPO_PHASE_DONE);
                }
            }
    sppo_release(&ctx, data, size + 1);
    CHECK(ctx.held == 0);
}

static void checkpoints_of_impossible_states(void)
{
    /* begun, before a fit, done; and how many states can be: without responses
     * SAMPLE 0 of two iterations and DONE after one or two (after one it goes
     * on: iterations may have been fewer), with all of them SAMPLE 2, JUDGE 0
     * to 2, SELECT 0, FIT 0 to 2 and ADVANCE 0 of two iterations            */
    static const int steps[3] = { 0, 3, 10 }, possible[3] = { 4, 18, 4 };
    int i;

    make_folder();
    for (i = 0; i < 3; i++) {
        run r;
        int refused = 0, read = 0;
        if (!begin_run(&r))
            return;
        try_states(&r, steps[i], &refused, &read);
        CHECK(read == possible[i]);
        CHECK(refused == 5 * 9 * 6 - possible[i]);
        end_run(&r);
    }
}

/* Indices that would lead out of an array, and numbers that none can be, are
 * not believed: the element of an array, whose numbers have this many bytes. */
static void checkpoints_with_wild_indices(void)
{
    static const struct {
        const char *array;
        int value, steps, element, bytes;
    } bad[] = {
        { "response_token", 5, 3, 0, 4 }, { "response_token", -1, 3, 0, 4 },
        { "winner", 2, 3, 0, 4 }, { "winner", -1, 3, 0, 4 },
        { "loser", 2, 3, 0, 4 }, { "loser", -1, 3, 0, 4 },
        { "response_start", 1, 3, 0, 4 }, { "response_start", -1, 3, 0, 4 },
        { "response_start", 0, 3, 2, 4 }, { "response_start", 120, 3, 4, 4 },
        { "response_start", 100, 0, 0, 4 },  // saved before any response
        { "state", -1, 3, 4, 4 }, { "state", 100, 3, 4, 4 },  // steps taken
        { "state", 7, 3, 5, 4 },                              // responses
        { "pairwise", -1, 3, 0, 8 }, { "win", -1, 3, 0, 8 },
        { "old", -1, 0, 0, 8 }  // NaN
    };
    sppo_ctx ctx = { 0 };
    int i, j, t;

    make_folder();
    for (i = 0; i < COUNT(bad); i++) {
        run r;
        char *data = NULL;
        size_t size = 0, at;
        if (!begin_run(&r))
            return;
        for (t = 0; t < bad[i].steps; t++)
            CHECK_OK(&r.ctx, sppo_play_next(&r.ctx, &r.play, &r.judge));
        CHECK_OK(&r.ctx, sppo_play_save(&r.ctx, &r.play, FOLDER "/ckpt"));
        CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/ckpt", &data, &size));
        at = array_at(&ctx, data, bad[i].array) +
             (size_t)(bad[i].element * bad[i].bytes);
        for (j = 0; j < bad[i].bytes; j++)
            data[at + (size_t)j] = (char)(j == 0 ? bad[i].value
                                                 : bad[i].value < 0 ? -1 : 0);
        reseal(data, size);
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
        if (!CHECK(sppo_play_load(&r.ctx, &r.play, FOLDER "/cut")
                   == SPPO_E_FORMAT))
            printf("    %s %d\n", bad[i].array, bad[i].value);
        CHECK(has(&r.ctx, "cut: its state is not one that a run can be in"));
        CHECK(r.play.phase == SPPO_PHASE_SAMPLE);  // begin again: possible
        CHECK_OK(&r.ctx, sppo_play_next(&r.ctx, &r.play, &r.judge));
        sppo_release(&ctx, data, size + 1);
        end_run(&r);
    }
    CHECK(ctx.held == 0);
}

static int after_a_step(void *user)
{
    return ((const sppo_play *)user)->optim.step > 0;
}

/* AdamW keeps a second average, which the checkpoint must have. */
static void a_run_of_adamw_goes_on_to_the_same_bits(void)
{
    run whole, first, second;

    make_folder();
    if (!begin_run_of(&whole, SPPO_ADAMW) ||
        !begin_run_of(&first, SPPO_ADAMW) || !begin_run_of(&second, SPPO_ADAMW))
        return;
    CHECK_OK(&whole.ctx, sppo_play_run(&whole.ctx, &whole.play, &whole.judge));
    first.ctx.stop = after_a_step;
    first.ctx.stop_user = &first.play;
    CHECK(sppo_play_run(&first.ctx, &first.play, &first.judge)
          == SPPO_E_STOPPED);
    CHECK(first.play.optim.step == 1 && first.play.done == 1);
    CHECK_OK(&first.ctx, sppo_play_save(&first.ctx, &first.play,
                                        FOLDER "/ckpt"));
    CHECK_OK(&second.ctx, sppo_play_load(&second.ctx, &second.play,
                                         FOLDER "/ckpt"));
    CHECK_OK(&second.ctx, sppo_play_run(&second.ctx, &second.play,
                                        &second.judge));
    CHECK(memcmp(whole.policy.weights, second.policy.weights,
                 whole.policy.count * sizeof(sppo_real)) == 0);
    CHECK(memcmp(whole.play.optim.mean, second.play.optim.mean,
                 whole.policy.count * sizeof(sppo_real)) == 0);
    end_run(&whole);
    end_run(&first);
    end_run(&second);
}

/* Metadata of others may come first: the digest then stands anywhere, and over
 * the end of a block that is read at once.                                  */
static void a_digest_is_compared_wherever_it_stands(void)
{
    static const double value[3] = { 1, 2, 3 };
    static char text[17000];
    sppo_ctx ctx = { 0 };
    sppoi_archive archive;
    sppoi_entry e;
    char *data = NULL;
    size_t size = 0;
    int pad, wrong = 0;

    make_folder();
    memset(&e, 0, sizeof e);
    e.name = "x", e.data = value, e.shape[0] = 3, e.dims = 1;
    e.kind = SPPOI_DOUBLE, e.dtype = SPPOI_F64;
    for (pad = 16384 - 100; pad < 16384 + 20; pad++) {
        const size_t n = (size_t)sprintf(text, "{\"x\":\"");

        memset(text + n, 'a', (size_t)pad);
        strcpy(text + n + pad, "\"," SPPOI_UNSEALED "}");
        CHECK_OK(&ctx, sppoi_archive_write(&ctx, FOLDER "/x", text, &e, 1));
        CHECK_OK(&ctx, sppoi_checkpoint_open(&ctx, &archive, FOLDER "/x"));
        sppoi_archive_close(&ctx, &archive);
        CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/x", &data, &size));
        data[size - 1] ^= 1;
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/x", data, size));
        sppo_release(&ctx, data, size + 1);
        wrong += sppoi_checkpoint_open(&ctx, &archive, FOLDER "/x") == SPPO_OK;
        sppoi_archive_close(&ctx, &archive);
    }
    CHECK(wrong == 0 && has(&ctx, "its digest is "));
    remove(FOLDER "/x");
    /* without any metadata, as older builds wrote it, there is none */
    CHECK_OK(&ctx, sppoi_archive_write(&ctx, FOLDER "/x", NULL, &e, 1));
    CHECK_OK(&ctx, sppoi_checkpoint_open(&ctx, &archive, FOLDER "/x"));
    sppoi_archive_close(&ctx, &archive);
    CHECK(ctx.held == 0);
}

static void checkpoint_of_a_model_file_is_refused(void)
{
    run r;
    static bytes b;

    make_folder();
    if (!begin_run(&r))
        return;
    tiny_file(&b);
    CHECK_OK(&r.ctx, sppo_file_write(&r.ctx, FOLDER "/cut", b.at, b.size));
    CHECK(sppo_play_load(&r.ctx, &r.play, FOLDER "/cut") == SPPO_E_FORMAT);
    CHECK(has(&r.ctx, "cut"));
    CHECK(sppo_play_load(&r.ctx, &r.play, FOLDER "/none") == SPPO_E_IO);
    CHECK(has(&r.ctx, FOLDER "/none"));
    CHECK(r.play.phase == SPPO_PHASE_SAMPLE);
    end_run(&r);
}

/* ---- of a training loop ---- */

enum { OWN = 2, TRAIN_STEPS = 7 };

/* A model, its optimiser, and numbers of the loop's own: a setting, a sum. */
typedef struct loop {
    sppo_ctx ctx;
    sppo_model model;
    sppo_optim optim;
    sppo_real *grad;
    sppo_number own[OWN];
} loop;

static int begin_loop_of(loop *l, sppo_config c, sppo_optim_config optim)
{
    memset(l, 0, sizeof *l);
    l->own[0].name = "batch", l->own[0].value = 3, l->own[0].setting = 1;
    l->own[1].name = "sum";
    if (!CHECK_OK(&l->ctx, sppo_model_init(&l->ctx, &l->model, &c, 7)) ||
        !CHECK_OK(&l->ctx, sppo_optim_init(&l->ctx, &l->optim, &optim,
                                           &l->model)))
        return 0;
    l->grad = (sppo_real *)calloc(l->model.count, sizeof *l->grad);
    return CHECK(l->grad != NULL);
}

static sppo_optim_config loop_optim(sppo_optimizer kind)
{
    sppo_optim_config optim;

    memset(&optim, 0, sizeof optim);
    optim.lr = 1e-2, optim.kind = kind, optim.total_steps = TRAIN_STEPS;
    optim.clip = 1, optim.warmup = 0.3;
    return optim;
}

static int begin_loop(loop *l, sppo_optimizer kind)
{
    return begin_loop_of(l, config_of(5, 4, 1, 0), loop_optim(kind));
}

static void end_loop(loop *l)
{
    free(l->grad);
    sppo_optim_free(&l->ctx, &l->optim);
    sppo_model_free(&l->ctx, &l->model);
    CHECK(l->ctx.held == 0);
}

/* A gradient that depends on the weights and on the step. */
static void loop_step(loop *l)
{
    size_t i;

    for (i = 0; i < l->model.count; i++)
        l->grad[i] = l->model.weights[i] -
                     (sppo_real)sppo_random_uniform((uint64_t)l->optim.step,
                                                    i);
    l->own[1].value += (double)l->grad[0];
    CHECK_OK(&l->ctx, sppo_optim_step(&l->ctx, &l->optim, &l->model, l->grad));
}

static sppo_result loop_save(loop *l, const char *path)
{
    return sppo_train_save(&l->ctx, &l->model, &l->optim, l->own, OWN, path);
}

static sppo_result loop_load(loop *l, const char *path)
{
    return sppo_train_load(&l->ctx, &l->model, &l->optim, l->own, OWN, path);
}

static int loops_agree(const loop *a, const loop *b)
{
    const size_t size = a->model.count * sizeof *a->model.weights;

    return CHECK(memcmp(a->model.weights, b->model.weights, size) == 0) &
           CHECK(memcmp(a->optim.square, b->optim.square, size) == 0) &
           CHECK(!a->optim.mean ||
                 memcmp(a->optim.mean, b->optim.mean, size) == 0) &
           CHECK(a->optim.step == b->optim.step) &
           CHECK(memcmp(&a->own[1].value, &b->own[1].value,
                        sizeof a->own[1].value) == 0);
}

static void a_training_loop_goes_on_to_the_same_bits(void)
{
    int kind, saved, step;

    make_folder();
    for (kind = SPPO_RMSPROP; kind <= SPPO_ADAMW; kind++)
        for (saved = 0; saved <= TRAIN_STEPS; saved++) {
            loop whole, first, second;
            if (!begin_loop(&whole, (sppo_optimizer)kind) ||
                !begin_loop(&first, (sppo_optimizer)kind) ||
                !begin_loop(&second, (sppo_optimizer)kind))
                return;
            for (step = 0; step < TRAIN_STEPS; step++)
                loop_step(&whole);
            for (step = 0; step < saved; step++)
                loop_step(&first);
            CHECK_OK(&first.ctx, loop_save(&first, FOLDER "/loop"));
            loop_step(&second);  // what it had learned before is forgotten
            CHECK_OK(&second.ctx, loop_load(&second, FOLDER "/loop"));
            loops_agree(&first, &second);
            for (step = saved; step < TRAIN_STEPS; step++)
                loop_step(&second);
            if (!loops_agree(&whole, &second))
                printf("    optimiser %d, saved at step %d\n", kind, saved);
            end_loop(&whole);
            end_loop(&first);
            end_loop(&second);
        }
}

/* A loop that differs in one thing must name it, and stays as it was. */
static void other_loop(sppo_config c, sppo_optim_config optim, double batch,
                       const char *name)
{
    loop l, before;

    if (!begin_loop_of(&l, c, optim) || !begin_loop_of(&before, c, optim))
        return;
    l.own[0].value = batch;
    CHECK(loop_load(&l, FOLDER "/loop") == SPPO_E_ARGUMENT);
    CHECK(has(&l.ctx, FOLDER "/loop"));
    CHECK(has(&l.ctx, name));
    loops_agree(&l, &before);
    end_loop(&l);
    end_loop(&before);
}

static void another_loops_checkpoint_is_refused_by_name(void)
{
    const sppo_optim_config optim = loop_optim(SPPO_ADAMW);
    const sppo_config c = config_of(5, 4, 1, 0);
    sppo_optim_config o;
    sppo_config other;
    loop l;

    make_folder();
    if (!begin_loop(&l, SPPO_ADAMW))
        return;
    loop_step(&l);
    CHECK_OK(&l.ctx, loop_save(&l, FOLDER "/loop"));
    end_loop(&l);
    other = c, other.vocab = 6;
    other_loop(other, optim, 3, "model.vocab (5, now 6)");
    other = c, other.layers = 2;
    other_loop(other, optim, 3, "model.layers (1, now 2)");
    other = c, other.kv_heads = 2;
    other_loop(other, optim, 3, "model.kv_heads (1, now 2)");
    other = c, other.rope_theta = 500;
    other_loop(other, optim, 3, "model.rope_theta (10000, now 500)");
    other = c, other.eos_count = 1, other.eos_more[0] = 3;
    other_loop(other, optim, 3, "model.eos_more ");
    other = c, other.head = SPPO_HEAD_SCALAR;
    other_loop(other, optim, 3, "model.head ");
    o = optim, o.lr = 2e-2;
    other_loop(c, o, 3, "optim.lr (0.01, now 0.02)");
    o = optim, o.total_steps = 8;
    other_loop(c, o, 3, "optim.total_steps (7, now 8)");
    other_loop(c, loop_optim(SPPO_RMSPROP), 3, "optim.kind (1, now 0)");
    other_loop(c, optim, 4, "batch (3, now 4)");
}

/* Numbers can be had before there is a model; names must be fit and differ. */
static void a_loops_numbers_have_names(void)
{
    static const char *const bad[] = { NULL, "Sum", "a b", "\"", "", "step",
        "optim.lr", "weights", "batch",
        "a_name_of_more_than_forty_letters_is_too_long" };
    sppo_number sum = { "sum", 0, 0 }, none = { "none", 0, 0 };
    loop l;
    int i;

    make_folder();
    if (!begin_loop(&l, SPPO_ADAMW))
        return;
    loop_step(&l);
    CHECK_OK(&l.ctx, loop_save(&l, FOLDER "/loop"));
    CHECK_OK(&l.ctx, sppo_train_load(&l.ctx, NULL, NULL, &sum, 1,
                                     FOLDER "/loop"));
    CHECK_NEAR(sum.value, l.own[1].value, 0.0);
    CHECK(sppo_train_load(&l.ctx, NULL, NULL, &none, 1, FOLDER "/loop") ==
          SPPO_E_FORMAT);
    CHECK(has(&l.ctx, "none"));
    for (i = 0; i < COUNT(bad); i++) {
        l.own[1].name = bad[i];
        CHECK(loop_save(&l, FOLDER "/unfit") == SPPO_E_ARGUMENT);
        CHECK(has(&l.ctx, "own[1]"));
        CHECK(access(FOLDER "/unfit", F_OK) != 0);
        if (i < 4)
            CHECK(loop_load(&l, FOLDER "/loop") == SPPO_E_ARGUMENT);
    }
    end_loop(&l);
}

/* Cut short, or with a bit flipped: refused with the file's name. */
static void a_loops_checkpoint_is_whole_or_refused(void)
{
    sppo_ctx ctx = { 0 };
    char *data = NULL;
    size_t size = 0, n, step;
    loop l, before;
    int taken = 0;

    make_folder();
    if (!begin_loop(&l, SPPO_ADAMW) || !begin_loop(&before, SPPO_ADAMW))
        return;
    loop_step(&before);
    CHECK_OK(&ctx, loop_save(&before, FOLDER "/loop"));
    CHECK_OK(&ctx, sppo_file_read(&ctx, FOLDER "/loop", &data, &size));
    step = size / 300 + 1;
    for (n = 0; n < size; n += n < 400 ? 3 : step) {
        const char old = data[n];
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, n));
        CHECK(loop_load(&l, FOLDER "/cut") == SPPO_E_FORMAT);
        CHECK(has(&l.ctx, FOLDER "/cut"));
        data[n] = (char)(old ^ (1 << n % 8));
        CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
        taken += loop_load(&l, FOLDER "/cut") == SPPO_OK;
        data[n] = old;
    }
    CHECK(taken == 0);
    CHECK_OK(&l.ctx, loop_load(&l, FOLDER "/loop"));
    loops_agree(&l, &before);
    memset(data + array_at(&ctx, data, "step"), 0xFF, 4);  // -1
    reseal(data, size);
    CHECK_OK(&ctx, sppo_file_write(&ctx, FOLDER "/cut", data, size));
    CHECK(loop_load(&l, FOLDER "/cut") == SPPO_E_FORMAT);
    CHECK(has(&l.ctx, "its state is not one that a run can be in"));
    CHECK(l.optim.step == before.optim.step);
    CHECK(loop_load(&l, FOLDER "/none") == SPPO_E_IO);
    CHECK(has(&l.ctx, FOLDER "/none"));
    sppo_release(&ctx, data, size + 1);
    end_loop(&l);
    end_loop(&before);
}

static const check_case cases[] = {
    CASE(reads_a_hand_made_file),
    CASE(reads_f16_and_bf16),
    CASE(reads_every_half),
    CASE(a_half_that_is_infinite_or_nan_is_told),
    CASE(reads_other_legal_layouts),
    CASE(a_tied_classifier_repeats_the_embedding),
    CASE(reads_tensors_in_any_order),
    CASE(refuses_each_broken_rule),
    CASE(refuses_bad_header_lengths),
    CASE(asks_for_no_memory_that_the_file_does_not_back),
    CASE(survives_every_truncation),
    CASE(survives_every_changed_byte),
    CASE(writes_the_reference_layout),
    CASE(writes_the_vectors_of_the_reference),
    CASE(writes_names_in_byte_order),
    CASE(save_and_load_is_identity),
    CASE(a_write_that_fails_says_no_size),
    CASE(bfloat16_is_the_nearest_to_even),
    CASE(numbers_that_are_none_stop_at_the_file),
    CASE(torch_dtype_is_that_of_the_file),
    CASE(reads_a_model_in_parts),
    CASE(refuses_an_index_that_does_not_hold),
    CASE(refuses_parts_that_do_not_hold),
    CASE(more_parts_than_can_be_open_are_refused),
    CASE(survives_every_changed_byte_of_an_index),
    CASE(loading_takes_the_model_and_little_more),
    CASE(config_has_the_fields_that_others_read),
    CASE(config_defaults_are_hugging_faces),
    CASE(config_reads_rope_parameters),
    CASE(config_refuses_what_it_cannot_do),
    CASE(config_reads_what_changes_nothing),
    CASE(config_writes_what_it_reads_back),
    CASE(config_refuses_heads_that_do_not_divide),
    CASE(file_errors_name_the_path),
    CASE(files_are_written_whole),
    CASE(a_full_disk_loses_nothing),
    CASE(generation_config_says_what_ends_a_response),
    CASE(a_file_of_another_kind_is_named),
    CASE(a_llama2_c_model_is_known_by_its_numbers),
    CASE(what_stands_instead_of_a_model_is_named),
    CASE(a_file_begins_after_its_byte_order_mark),
    CASE(empty_and_missing_model_files),
    CASE(tokenizer_learns_and_round_trips),
    CASE(tokenizer_save_and_load_is_identity),
    CASE(tokenizer_merges_best_first_then_leftmost),
    CASE(a_text_is_sampled_as_its_tokens_are),
    CASE(a_judge_of_texts_is_told_what_was_said),
    CASE(a_model_is_saved_with_its_tokenizer),
    CASE(tokenizer_of_bytes_only),
    CASE(tokenizer_decode_is_cut_to_the_buffer),
    CASE(tokenizer_decode_leaves_out_what_is_no_piece),
    CASE(tokenizer_texts_have_a_most_length),
    CASE(tokenizer_adds_prompts_with_bos),
    CASE(tokenizer_refuses_hostile_files),
    CASE(tokenizer_survives_changed_bytes),
    CASE(tokenizer_train_refuses_a_small_vocabulary),
    CASE(tokenizer_of_stories_encodes_as_llama2),
    CASE(a_save_makes_its_folder_and_replaces_it_whole),
    CASE(a_mixture_of_two_models_is_refused),
    CASE(a_save_cut_off_after_its_commit_is_finished),
    CASE(a_companions_name_is_refused_or_comes_back),
    CASE(thirty_one_companions_of_the_longest_names_are_saved),
    CASE(a_companion_that_is_not_the_one_is_named),
    CASE(a_path_that_is_too_long_is_refused_before_anything_is_done),
    CASE(an_index_that_goes_takes_its_parts_and_nothing_else),
    CASE(notes_of_the_weights_reach_no_other_folder),
    CASE(kills_and_two_writers_make_no_mixture),
    CASE(checkpoints_survive_damage),
    CASE(no_flipped_bit_of_a_checkpoint_is_taken),
    CASE(checkpoints_of_impossible_states),
    CASE(checkpoints_with_wild_indices),
    CASE(a_run_of_adamw_goes_on_to_the_same_bits),
    CASE(a_digest_is_compared_wherever_it_stands),
    CASE(checkpoint_of_a_model_file_is_refused),
    CASE(a_training_loop_goes_on_to_the_same_bits),
    CASE(another_loops_checkpoint_is_refused_by_name),
    CASE(a_loops_numbers_have_names),
    CASE(a_loops_checkpoint_is_whole_or_refused)
};

int main(int argc, char **argv)
{
#ifdef _OPENMP
    omp_set_num_threads(1);  // all is tiny here; threads only wait
#endif
    return check_main(cases, COUNT(cases), argc, argv);
}
