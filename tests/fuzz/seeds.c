/* seeds.c FOLDER - what the fuzz targets begin with: FOLDER/TARGET/NAME
 *
 * Small valid files of each kind, made by the header itself: a model of 11
 * tokens, checkpoints between any two phases, a vocabulary, JSON texts.     */
#include "fuzz.h"
#include "world.h"

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

/* A file of rows, with the byte in front that says of which kind. */
static void put_rows(const char *name, char kind, const char *rows)
{
    char all[2048];

    all[0] = kind;
    put("tool_rows", name, all,
        1 + (size_t)snprintf(all + 1, sizeof all - 1, "%s", rows));
}

/* Files that the command-line tool reads. */
static void tool_texts(void)
{
    put_rows("prompts", 0, "{\"prompt\": \"the cat\"}\n"
             "{\"instruction\": \"a mat\"}\n{\"prompt_ids\": [1, 5, 7]}\n");
    put_rows("corpus", 1, "{\"text\": \"the cat sat\"}\n"
             "{\"prompt\": \"the\", \"response\": \"cat\"}\n"
             "{\"prompt_ids\": [1], \"response_ids\": [4, 5, 2]}\n"
             "{\"text\": \"a mat\"}\n{\"text\": \"a cat\"}\n");
    put_rows("preferences", 2, "{\"prompt\": \"the\", \"response_a\": \"cat\", "
             "\"response_b\": \"mat\", \"prob_a\": 0.75}\n"
             "{\"prompt\": \"a\", \"chosen\": \"cat\", \"rejected\": \"\"}\n"
             "{\"prompt\": \"on\", \"chosen\": \"a\", \"rejected\": "
             "\"b\"}\n{\"prompt\": \"sat\", \"chosen\": \"a\", "
             "\"rejected\": \"b\", \"chosen_probs\": 0.6}\n"
             "{\"chosen\": [{\"role\": \"user\", \"content\": \"a\"}, "
             "{\"role\": \"assistant\", \"content\": \"b\"}], \"rejected\": "
             "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": "
             "\"assistant\", \"content\": \"c\"}], \"finished\": [true, "
             "false]}\n");
    put_rows("judgments", 3, "[{\"output_1\": \"a\", \"output_2\": \"b c\", "
             "\"preference\": 1.25, \"generator_1\": \"x\", \"generator_2\": "
             "\"y\"}, {\"output_1\": \"a b\", \"output_2\": \"b\", "
             "\"preference\": 2, \"generator_1\": \"x\", "
             "\"generator_2\": \"y\"}]");
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
}

/* llama2.c's file: seven numbers, little-endian, then float32. */
static void llama2c(void)
{
    static const int header[] = { 4, 6, 1, 2, 2, 11, 16 };
    unsigned char data[4 * (7 + 224)] = { 0 };
    int i, b;

    for (i = 0; i < 7; i++)
        for (b = 0; b < 4; b++)
            data[4 * i + b] = (unsigned char)(header[i] >> (8 * b) & 255);
    for (i = 7; i < 7 + 224; i++)
        data[4 * i + 3] = 0x3c, data[4 * i] = (unsigned char)i;
    put("tool_llama2c", "small", data, sizeof data);
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
            put("safetensors", "float32", data, size);
        put_folder(name[i], &model, data, size);
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
    llama2c();
    vocabulary();
    models();
    checkpoints();
    return 0;
}
