/* seeds.c FOLDER - what the fuzz targets begin with: FOLDER/TARGET/NAME
 *
 * Small valid files of each kind, made by the header itself: a model of 11
 * tokens, checkpoints between any two phases, a vocabulary, JSON texts.     */
#include "fuzz.h"
#include "world.h"

#include "../../examples/tool/llama2c.h"

static sppo_ctx ctx;
static const char *root;

static void need(sppo_result result)
{
    if (result) {
        fprintf(stderr, "seeds: %s\n", ctx.message);
        exit(1);
    }
}

static const char *place(const char *target, const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", root, target);
    need(sppo_folder_make(&ctx, path));
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    return path;
}

static void put(const char *target, const char *name, const void *data,
                size_t size)
{
    need(sppo_file_write(&ctx, place(target, name), data, size));
}

static void put_text(const char *target, const char *name, const char *text)
{
    put(target, name, text, strlen(text));
}

static void texts(void)
{
    put_text("json", "object", "{\"a\": [1, -2.5e-3, null, true], \"b\": "
             "{\"c\\u00e9\": \"x\\ud83d\\ude00\\n\"}, \"\": false}");
    put_text("json", "nested", "[[[[[[]]]]],{\"a\":{\"b\":{\"c\":[{}]}}}]");
    put_text("json", "row", "{\"prompt\": \"say hi\", \"responses\": [\"hi\", "
             "\"no\"], \"probabilities\": [[0.5, 0.75], [0.25, 0.5]]}");
    put_text("text", "words", "the cat sat on the mat. the cat sat.\n");
    put_text("text", "marks", "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80 aa "
             "aaa\xff\xfe\n\n\ttabs");
}

/* With the byte in front that says of which kind. */
static void put_kind(const char *target, const char *name, char kind,
                     const void *data, size_t size)
{
    char *all = (char *)malloc(size + 1);

    all[0] = kind;
    memcpy(all + 1, data, size);
    put(target, name, all, size + 1);
    free(all);
}

static void put_rows(const char *target, const char *name, char kind,
                     const char *rows)
{
    put_kind(target, name, kind, rows, strlen(rows));
}

/* Files that the command-line tool reads. */
static void tool_texts(void)
{
    put_rows("tool_rows", "prompts", 0, "{\"prompt\": \"the cat\"}\n"
             "{\"instruction\": \"a mat\"}\n{\"prompt_ids\": [1, 5, 7]}\n");
    put_rows("tool_rows", "corpus", 1, "{\"text\": \"the cat sat\"}\n"
             "{\"prompt\": \"the\", \"response\": \"cat\"}\n"
             "{\"prompt_ids\": [1], \"response_ids\": [4, 5, 2]}\n"
             "{\"text\": \"a mat\"}\n{\"text\": \"a cat\"}\n");
    put_rows("tool_rows", "preferences", 2, "{\"prompt\": \"the\", "
             "\"response_a\": \"cat\", \"response_b\": \"mat\", "
             "\"prob_a\": 0.75}\n"
             "{\"prompt\": \"a\", \"chosen\": \"cat\", \"rejected\": \"\"}\n"
             "{\"prompt\": \"on\", \"chosen\": \"a\", \"rejected\": "
             "\"b\"}\n{\"prompt\": \"sat\", \"chosen\": \"a\", "
             "\"rejected\": \"b\", \"chosen_probs\": 0.6}\n"
             "{\"chosen\": [{\"role\": \"user\", \"content\": \"a\"}, "
             "{\"role\": \"assistant\", \"content\": \"b\"}], \"rejected\": "
             "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": "
             "\"assistant\", \"content\": \"c\"}], \"finished\": [true, "
             "false]}\n");
    put_rows("tool_rows", "judgments", 3, "[{\"output_1\": \"a\", "
             "\"output_2\": \"b c\", \"preference\": 1.25, "
             "\"generator_1\": \"x\", \"generator_2\": "
             "\"y\"}, {\"output_1\": \"a b\", \"output_2\": \"b\", "
             "\"preference\": 2, \"generator_1\": \"x\", "
             "\"generator_2\": \"y\"}]");
    put_rows("tool_rows", "given", 8, "{\"prompt\": \"the\", \"response\": "
             "\"cat\"}\n{\"prompt\": \"a\", \"chosen\": \"mat\"}\n");
    put_rows("tool_rows", "grades", 3, "{\"question_id\": 81, \"model\": "
             "\"m\", \"turn\": 1, \"score\": 8.5}\n{\"question_id\": 81, "
             "\"model\": \"n\", \"turn\": 2, \"score\": -1}\n");
    put_rows("tool_rows", "pairs", 3, "{\"question_id\": 81, \"model_1\": "
             "\"m\", \"model_2\": \"n\", \"g1_winner\": \"tie\", "
             "\"g2_winner\": \"model_1\"}\n{\"question_id\": 82, "
             "\"model_1\": \"n\", \"model_2\": \"m\", \"g1_winner\": "
             "\"model_2\", \"g2_winner\": \"model_2\"}\n");
    put_rows("tool_rows", "questions", 6, "{\"question_id\": 81, \"category\": "
             "\"stem\", \"turns\": [\"the cat\", \"a mat\"]}\n");
    put_rows("tool_rows", "kinds", 7, "{\"question_id\": 81, \"category\": "
             "\"stem\", \"turns\": [\"the cat\", \"a mat\"]}\n");
    put_rows("tool_game", "models", '{', "\"model_a\": \"m\", \"model_b\": "
             "\"n\", \"prob_a\": 0.75}\n{\"model_a\": \"n\", "
             "\"model_b\": \"o\", \"prob_a\": 0.5}\n");
    put_rows("tool_game", "generators", '[', "{\"generator_1\": \"m\", "
             "\"generator_2\": \"n\", \"preference\": 1.25}]");
    put_rows("tool_info", "rows", 0, "{\"prompt\": \"the\", \"n\": [1, null]}\n"
             "{\"prompt\": {\"a\": true}, \"m\": 1}\n");
    put_rows("tool_info", "settings", 2, "{\"sppo\": \"0.2\", \"preferences\": "
             "\"pairs\", \"lr\": 0.5}");
    put_text("tool_average", "two", "{\"sppo\": \"0.2.0\",\n \"average\": "
             "[\"model0\", \"../nosuch\", \"model0\"]}\n");
    put_text("tool_average", "all", "{\"average\": [\"model0\", \"./model0\", "
             "\"model0\", \"model0\"]}");
    put_text("tool_average", "taste", "{\"average\": [\"model0\", "
             "\"model1\", \"\"]}");
    put_rows("tool_rows", "score", 4, "{\"prompt\": \"the\", \"response\": "
             "\"cat\"}\n{\"prompt_ids\": [1, 5], \"response_ids\": [4, 2], "
             "\"finished\": false}\n");
    put_rows("tool_rows", "texts", 5, "{\"text\": \"the cat sat on the mat. "
             "the cat sat.\"}\n"
             "{\"chosen\": [{\"role\": \"user\", \"content\": \"the cat\"}]}"
             "\n");
    put_rows("tool_shards", "sampled", 0, "{\"round\": \"0123456789abcdef\", "
             "\"prompt\": 0, \"responses_ids\": [[5, 260, 2], [7]], "
             "\"finished\": [true, false]}\n"
             "{\"round\": \"0123456789abcdef\", \"prompt\": 1, "
             "\"responses_ids\": [[2], [9, 9, 9, 9]]}\n");
    put_rows("tool_shards", "judged", 1, "{\"round\": \"0123456789abcdef\", "
             "\"prompt\": 0, \"probabilities\": [[0.5, 0.75], [0.25, 0.5]]}\n"
             "{\"round\": \"0123456789abcdef\", \"prompt\": 1, "
             "\"probabilities\": [[0.5, 0], [1, 0.5]]}\n");
    put_text("tool_request", "texts", "{\"prompt\": \"the\", \"responses\": "
             "[\"cat\", \"\", \"a mat\"], \"finished\": [true, true, false], "
             "\"id\": 7}\n{\"prompt\": \"the\", \"responses\": 3}\n"
             "{\"instruction\": \"on\", \"responses\": [\"a\", \"b\"], "
             "\"id\": \"x\"}\n");
    put_text("tool_request", "ids", "{\"prompt_ids\": [1, 5], "
             "\"responses_ids\": [[4, 2], [5, 6, 7]], \"id\": 1}\n");
    put_text("tool_answer", "full", "{\"probabilities\": [[0.5, 0.75, 0.5], "
             "[0.25, 0.5, 1], [0.5, 0, 0.5]], \"id\": 7}");
    put_text("tool_answer", "error", "{\"error\": \"no\", \"id\": 7}");
    put_text("tool_settings", "align", "{\"command\": \"align\", \"settings\": "
             "{\"policy\": \"base\", \"judge\": \"cat\", \"k\": 5, \"eta\": "
             "30, \"keep-all\": true, \"loss\": \"sppo\", \"optimizer\": "
             "\"rmsprop\"}, \"inputs\": {\"policy\": \"0123456789abcdef\"}, "
             "\"history\": []}");
    put_text("tool_game", "cycle", "0.5, 1, 0\n0, 0.5, 1\n1, 0, 0.5\n");
    put_text("tool_game", "two", "0.5,0.7\n\n0.3,0.5");
}

/* A tokenizer.json of the 256 bytes, "ab" and an added token. */
static void byte_level(void)
{
    char text[8192];
    size_t used = (size_t)sprintf(text, "{\"model\": {\"type\": \"BPE\", "
                                  "\"vocab\": {");
    int b, next = 256;

    for (b = 0; b < 256; b++) {
        const int shown = (b > 32 && b < 127) || (b > 160 && b != 173);

        used += (size_t)sprintf(text + used, "\"\\u%04x\": %d, ",
                                (unsigned)(shown ? b : next), b);
        next += !shown;
    }
    used += (size_t)sprintf(text + used, "\"ab\": 256}, \"merges\": "
                            "[\"a b\"]}, \"pre_tokenizer\": {\"type\": "
                            "\"ByteLevel\", \"add_prefix_space\": false, "
                            "\"use_regex\": true}, \"added_tokens\": "
                            "[{\"id\": 257, \"content\": \"<s>\", "
                            "\"special\": true}]}");
    put("tool_tokenizer", "bytes", text, used);
    put_kind("tool_info", "bytes", 0, text, used);
}

static void vocabulary(void)
{
    static const char text[] = "the cat sat on the mat. the cat sat.\n";
    sppo_tokenizer tok = { 0 };
    unsigned char *data;
    char *file = NULL;
    size_t size = 0;
    const char *path = place("tokenizer", "small");

    need(sppo_tokenizer_train(&ctx, &tok, text, sizeof text - 1,
                              SPPO_PIECES + 5));
    need(sppo_tokenizer_save(&ctx, &tok, path));
    need(sppo_file_read(&ctx, path, &file, &size));
    data = (unsigned char *)malloc(size + 1);
    data[0] = 5;
    memcpy(data + 1, file, size);
    put("tokenizer", "small", data, size + 1);
    put_kind("tool_info", "vocabulary", 0, file, size);
    free(data);
    sppo_release(&ctx, file, size + 1);
    sppo_tokenizer_free(&ctx, &tok);
}

static sppo_config tiny(sppo_head head)
{
    sppo_config c = { 0 };

    c.vocab = 11, c.dim = 4, c.layers = 1, c.heads = 2;
    c.kv_heads = head == SPPO_HEAD_NONE ? 1 : 2;
    c.hidden = 6, c.context = 16, c.bos = 1, c.eos = 2, c.head = head;
    return c;
}

/* llama2.c's file of the same, as the tool writes it. */
static void put_llama2c(const sppo_model *model)
{
    static tool t;

    memset(&t, 0, sizeof t);
    codec_begin(&t.tok);
    t.policy = *model;
    if (bin_write(&t, place("tool_llama2c", "small")))
        fuzz_finding("no llama2.c file", &t.ctx);
}

/* Adds to a part's header and data one tensor of a whole file. */
static void part_add(char *header, char *data, size_t *used,
                     const sppo_json *json, int node, const char *from)
{
    const int shape = sppo_json_find(json, node, "shape");
    const int place = sppo_json_find(json, node, "data_offsets");
    const int first = json->node[place].first;
    const size_t begin = (size_t)sppo_json_number(json, first);
    const size_t size = (size_t)sppo_json_number(json, json->node[first].next) -
                        begin;
    const sppo_json_node *n = &json->node[node], *s = &json->node[shape];

    sprintf(header + strlen(header), "%s\"%.*s\":{\"dtype\":\"F32\","
            "\"shape\":%.*s,\"data_offsets\":[%lu,%lu]}",
            *used ? "," : "{", (int)(n->name_end - n->name_begin),
            json->text + n->name_begin, (int)(s->end - s->begin),
            json->text + s->begin, (unsigned long)*used,
            (unsigned long)(*used + size));
    memcpy(data + *used, from + begin, size);
    *used += size;
}

/* The same model with its tensors in two files, by turns, and the index. */
static void put_parts(const sppo_model *model, const void *weights, size_t size)
{
    static const char *const names[] = { "part.safetensors",
                                         "part2.safetensors" };
    static char all[65536], header[2][8192], data[2][8192], index[8192];
    const size_t length = ((const unsigned char *)weights)[0] |
                          (size_t)((const unsigned char *)weights)[1] << 8;
    const char *text = (const char *)weights + 8;
    sppo_json json = { 0 };
    size_t used[2] = { 0, 0 }, at;
    int i, which = 0;

    need(sppo_json_parse(&ctx, &json, text, length, "header"));
    sprintf(index, "== model.safetensors.index.json\n{\"weight_map\": {");
    for (i = json.node[0].first; i >= 0; i = json.node[i].next) {
        const sppo_json_node *n = &json.node[i];

        if (sppo_json_find(&json, i, "dtype") < 0)
            continue;
        part_add(header[which], data[which], &used[which], &json, i,
                 text + length);
        sprintf(index + strlen(index), "%s\"%.*s\": \"%s\"",
                used[1] ? ", " : "", (int)(n->name_end - n->name_begin),
                text + n->name_begin, names[which]);
        which = !which;
    }
    at = (size_t)sprintf(all, "== config.json\n");
    at += sppo_config_write(&model->config, SPPO_DTYPE_REAL, all + at, 4096);
    at += (size_t)sprintf(all + at, "%s}}\n", index);
    for (i = 0; i < 2; i++) {
        const size_t n = strlen(header[i]) + 1;

        at += (size_t)sprintf(all + at, "== %s\n", names[i]);
        memset(all + at, 0, 8);
        all[at] = (char)(n & 255), all[at + 1] = (char)(n >> 8);
        at += 8 + (size_t)sprintf(all + at + 8, "%s}", header[i]);
        memcpy(all + at, data[i], used[i]);
        at += used[i];
    }
    put("folder", "parts", all, at);
    sppo_json_free(&ctx, &json);
    (void)size;
}

/* The files of a folder in one, as folder.c takes them apart. */
static void put_folder(const char *name, const sppo_model *model,
                       const void *weights, size_t size)
{
    char *all = (char *)malloc(size + 8192);
    size_t used = (size_t)sprintf(all, "== config.json\n");

    used += sppo_config_write(&model->config, SPPO_DTYPE_REAL, all + used,
                              4096);
    used += (size_t)sprintf(all + used, "== generation_config.json\n"
                            "{\"eos_token_id\": [2, 3]}\n"
                            "== model.safetensors\n");
    memcpy(all + used, weights, size);
    put("folder", name, all, used + size);
    free(all);
}

static void models(void)
{
    static const char *const name[] = { "none", "pair", "embed", "scalar" };
    int i;

    for (i = 0; i < 4; i++) {
        const sppo_config config = tiny((sppo_head)i);
        sppo_model model = { 0 };
        char text[4096];
        void *data;
        size_t size;

        need(sppo_model_init(&ctx, &model, &config, 1));
        put("config", name[i], text,
            sppo_config_write(&model.config, SPPO_DTYPE_REAL, text,
                              sizeof text));
        need(sppo_model_write(&ctx, &model, SPPO_DTYPE_REAL, &data, &size));
        if (i == 0)
            put_parts(&model, data, size);
        if (i == 0)
            put_llama2c(&model);
        if (i == 0)
            put("safetensors", "float32", data, size);
        put_folder(name[i], &model, data, size);
        put_kind("tool_info", name[i], 0, data, size);
        sppo_release(&ctx, data, size);
        need(sppo_model_write(&ctx, &model, SPPO_DTYPE_BFLOAT16, &data, &size));
        if (i == 0)
            put("safetensors", "bfloat16", data, size);
        sppo_release(&ctx, data, size);
        sppo_model_free(&ctx, &model);
    }
}

/* A checkpoint before each phase of the first iteration, and of the second. */
static void checkpoints(void)
{
    const sppo_judge judge = { judge_none, NULL };
    char name[16];
    char *data = NULL;
    size_t size = 0;
    world w;
    int i;

    begin(&w);
    for (i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "phase%d", i);
        if (sppo_play_save(&w.ctx, &w.play, place("checkpoint", name)) ||
            sppo_play_next(&w.ctx, &w.play, &judge)) {
            fprintf(stderr, "seeds: %s\n", w.ctx.message);
            exit(1);
        }
    }
    need(sppo_file_read(&ctx, place("checkpoint", name), &data, &size));
    put_kind("tool_info", "run", 1, data, size);
    sppo_release(&ctx, data, size + 1);
    end(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data, (void)size;
    return 0;
}

int main(int count, char **argument)
{
    if (count != 2)
        return fprintf(stderr, "usage: seeds FOLDER\n"), 2;
    root = argument[1];
    texts();
    tool_texts();
    byte_level();
    vocabulary();
    models();
    checkpoints();
    return 0;
}
