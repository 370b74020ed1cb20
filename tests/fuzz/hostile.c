/* hostile.c FOLDER - large inputs that are made to hurt: FOLDER/TARGET/NAME
 *
 * What fuzzing, whose inputs are short, does not come to: sizes at which what
 * grows with the square of an input shows, keys that fall on one place of a
 * table, few bytes that ask for much memory.  fuzz.h has the limits.        */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC
#include "../../sppo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sppo_ctx ctx;
static const char *root;
static char text[1 << 23];  // the input at work
static size_t used;

static void add(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    used += (size_t)vsnprintf(text + used, sizeof text - used, format, list);
    va_end(list);
    if (used >= sizeof text)
        exit(1);
}

/* The same bytes again and again, up to that size of the whole. */
static void fill(const char *piece, size_t size)
{
    const size_t n = strlen(piece);

    while (used + n < size) {
        memcpy(text + used, piece, n);
        used += n;
    }
    text[used] = 0;
}

static void put(const char *target, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", root, target);
    if (sppo_folder_make(&ctx, path))
        exit(1);
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    if (sppo_file_write(&ctx, path, text, used)) {
        fprintf(stderr, "hostile: %s\n", ctx.message);
        exit(1);
    }
    used = 0;
}

/* What grows with its square takes minutes; what grows with it, watched by
 * sanitizers on a busy machine, well below the second that fuzz.h allows.   */
enum { LARGE = 1 << 18 };

/* begin, then piece after piece, then end. */
static void put_series(const char *target, const char *name, const char *begin,
                       const char *piece, const char *end)
{
    add("%s", begin);
    fill(piece, 2 * LARGE);
    add("%s", end);
    put(target, name);
}

/* Keys that a table of JSON's finds in the same few slots. */
static void same_slots(int keys)
{
    uint32_t mask = 15, i = 0;
    int n = 0;

    while ((int)mask + 1 < 2 * keys)
        mask = 2 * mask + 1;
    add("{");
    for (; n < keys; i++) {
        char key[16];
        const int length = snprintf(key, sizeof key, "%x", (unsigned)i);

        if ((sppoi_json_hash(0, key, (size_t)length) & mask) < mask / 256)
            add("%s\"%s\":0", n++ ? "," : "", key);
    }
    add("}");
    put("json", "keys_of_one_slot");
}

static void json(void)
{
    put_series("json", "values", "[0", ",0", "]");
    put_series("json", "empty_arrays", "[[]", ",[]", "]");
    put_series("json", "deep", "", "[", "");
    put_series("json", "deep_objects", "", "{\"\":", "");
    put_series("json", "lines_before_an_error", "", "\n", "x");
    put_series("json", "escapes", "[\"", "\\u0000", "\"]");
    put_series("json", "objects", "[{}", ",{\"a\":0}", "]");
    same_slots(50000);
}

/* A header of `used` bytes becomes a safetensors file. */
static void seal_header(const char *target, const char *name)
{
    size_t i;

    memmove(text + 8, text, used);
    for (i = 0; i < 8; i++)
        text[i] = (char)(used >> (8 * i) & 255);
    used += 8;
    put(target, name);
}

static void safetensors(void)
{
    int i;

    add("{");
    for (i = 0; i < 20000; i++)
        add("%s\"%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":"
            "[0,0]}", i ? "," : "", i);
    add("}");
    seal_header("safetensors", "empty_tensors");
    add("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4],\"shape\":[1");
    fill(",1", LARGE);
    add("]}}");
    seal_header("safetensors", "many_dimensions");
    add("{\"__metadata__\":{");
    for (i = 0; i < 50000; i++)
        add("%s\"%d\":\"\"", i ? "," : "", i);
    add("}}");
    seal_header("safetensors", "metadata");
}

/* An index of as many parts as it may have, none of them there; and one part
 * named by many tensors.                                                    */
static void parts(void)
{
    int i;

    add("== config.json\n{\"model_type\":\"llama\",\"vocab_size\":11,"
        "\"hidden_size\":4,\"num_hidden_layers\":1,\"num_attention_heads\":2,"
        "\"intermediate_size\":6}\n== model.safetensors.index.json\n"
        "{\"weight_map\":{");
    for (i = 0; i < 30000; i++)
        add("%s\"%d\":\"part.safetensors\"", i ? "," : "", i);
    add("}}\n== part.safetensors\n");
    i = (int)used;
    text[used++] = 2;
    for (; used < (size_t)i + 8;)
        text[used++] = 0;
    add("{}");
    put("folder", "tensors_of_one_part");
    add("== config.json\n{\"model_type\":\"llama\",\"vocab_size\":16777216,"
        "\"hidden_size\":1048576,\"num_hidden_layers\":100000,"
        "\"num_attention_heads\":1,\"max_position_embeddings\":1000000000}\n"
        "== model.safetensors\n");
    i = (int)used;
    text[used++] = 2;
    for (; used < (size_t)i + 8;)
        text[used++] = 0;
    add("{}");
    put("folder", "config_larger_than_weights");
}

static void bytes_of_vocab(void)
{
    int b, next = 256;

    add("{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
        "\"use_regex\":true},");
    add("\"model\":{\"type\":\"BPE\",\"vocab\":{");
    for (b = 0; b < 256; b++) {
        const int shown = (b > 32 && b < 127) || (b > 160 && b != 173);

        add("\"\\u%04x\":%d,", (unsigned)(shown ? b : next), b);
        next += !shown;
    }
}

/* As tokenizer_json.c has it: the places of pieces in their table. */
static unsigned piece_slot(const char *bytes, int bits)
{
    uint64_t hash = 1469598103934665603u;

    for (; *bytes; bytes++)
        hash = (hash ^ (unsigned char)*bytes) * 1099511628211u;
    return (unsigned)((hash * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

/* Pieces that a table of 2^17 slots has in the same few. */
static void pieces_of_one_slot(int pieces)
{
    unsigned i;
    int n = 0;

    bytes_of_vocab();
    for (i = 0; n < pieces; i++) {
        char piece[16];

        snprintf(piece, sizeof piece, "ab%x", i);
        if (piece_slot(piece, 17) < (1u << 17) / 256)
            add("\"%s\":%d,", piece, 300 + n++);
    }
    add("\"ab\":256},\"merges\":[]}}");
    put("tool_tokenizer", "pieces_of_one_slot");
}

static void tokenizers(void)
{
    int i;

    pieces_of_one_slot(50000);

    bytes_of_vocab();
    add("\"ab\":4194303},\"merges\":[]}}");
    put("tool_tokenizer", "a_high_id");
    bytes_of_vocab();
    add("\"ab\":256},\"merges\":[]},\"added_tokens\":[");
    for (i = 0; i < 20000; i++)
        add("%s{\"id\":%d,\"content\":\"a%05d\"}", i ? "," : "", 300 + i, i);
    add("]}");
    put("tool_tokenizer", "added_tokens_of_one_byte");
    bytes_of_vocab();
    for (i = 0; i < 40000; i++)
        add("\"a%05d\":%d,", i, 300 + i);
    add("\"ab\":256},\"merges\":[]}}");
    put("tool_tokenizer", "pieces");
    bytes_of_vocab();
    add("\"ab\":256},\"merges\":[\"a b\"");
    fill(",\"a b\"", LARGE);
    add("]}}");
    put("tool_tokenizer", "the_same_merge");
}

/* Rows of each kind, see tool_rows.c. */
static void rows(void)
{
    text[used++] = 0;
    add("{\"prompt_ids\":[1");
    fill(",1", LARGE);
    add("]}\n");
    put("tool_rows", "prompt_of_ids");
    text[used++] = 0;
    add("{\"prompt\":\"");
    fill("a", LARGE);
    add("\"}\n");
    put("tool_rows", "prompt_of_one_word");
    text[used++] = 1;
    add("[{\"text\":\"a\"}");
    fill(",{\"text\":\"a\"}", LARGE);
    add("]");
    put("tool_rows", "array_of_texts");
    text[used++] = 1;
    fill("{\"text\":\"the cat\"}\n", LARGE);
    put("tool_rows", "lines_of_texts");
    text[used++] = 2;
    fill("{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"}\n", LARGE);
    put("tool_rows", "preferences_of_one_prompt");
    text[used++] = 3;
    fill("{\"output_1\":\"a\",\"output_2\":\"b c\",\"preference\":1.25}\n",
         LARGE);
    put("tool_rows", "judgments");
    text[used++] = 3;
    fill("{\"question_id\":1,\"model\":\"m\",\"turn\":1,\"score\":5}\n",
         LARGE);
    put("tool_rows", "grades_of_one_model");
    text[used++] = 3;
    fill("{\"question_id\":1,\"model_1\":\"m\",\"model_2\":\"n\","
         "\"g1_winner\":\"tie\",\"g2_winner\":\"tie\"}\n", LARGE);
    put("tool_rows", "pairs_of_one_question");
    text[used++] = 7;
    fill("{\"question_id\":1,\"category\":\"a\",\"turns\":[\"\"]}\n",
         LARGE);
    put("tool_rows", "one_question_again_and_again");
    text[used++] = 6;
    add("{\"question_id\":1,\"category\":\"a\",\"turns\":[\"\"");
    fill(",\"\"", LARGE);
    add("]}\n");
    put("tool_rows", "question_of_many_turns");
    text[used++] = 0;
    fill("\n", LARGE);
    put("tool_rows", "empty_lines");
}

static void protocol(void)
{
    add("{\"prompt\":\"a\",\"responses\":[\"a\"");
    fill(",\"a\"", LARGE);
    add("]}\n");
    put("tool_request", "many_responses");
    add("{\"prompt\":\"a\",\"responses\":[\"a\",\"");
    fill("b", LARGE);
    add("\"]}\n");
    put("tool_request", "a_long_response");
    add("{\"probabilities\":[[0.5");
    fill(",0.5", LARGE);
    add("]]}");
    put("tool_answer", "a_long_row");
    put_series("tool_settings", "history", "{\"history\":[0", ",0", "]}");
    add("{\"folder\":\"");
    fill("a", LARGE);
    add("\",\"policy\":\"x\",\"prompts\":\"y\"}");
    put("tool_settings", "a_long_folder");
    add("0");
    fill(",0", 1000);
    add("\n0\n");
    put("tool_game", "a_long_row");
}

int main(int count, char **argument)
{
    if (count != 2)
        return fprintf(stderr, "usage: hostile FOLDER\n"), 2;
    root = argument[1];
    json();
    safetensors();
    parts();
    tokenizers();
    rows();
    protocol();
    return 0;
}
