/* things.h - what sppo.h saves: three of each thing, and what is there of them
 *
 * Included after sppo.h.  A folder of their own is entered first; the names
 * here are of what is in it.                                                */
#ifndef FAULTS_THINGS_H
#define FAULTS_THINGS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- three of each: the old, the new and the third ---- */

enum { OLD, NEW, THIRD, THINGS };

static sppo_ctx ctx;
static sppo_model model[THINGS], same[THINGS];  // of three shapes, of one
static sppo_optim optim[THINGS];
static sppo_tokenizer tokenizer[THINGS];
static sppo_lists prompts;
static sppo_play play[THINGS];
static sppo_number number = { "tokens", 7.0, 0 };

/* The old one's merges and template go, notes.txt comes, added_tokens stays. */
static const sppo_file files[THINGS][5] = {
    { { "tokenizer.bin", "the old vocabulary", 18, 0 },
      { "added_tokens.json", "{}", 2, 0 },
      { "chat_template.jinja", "old {{ messages }}", 18, 0 },
      { "merges.txt", "a b", 3, 0 },
      { "generation_config.json", "{\"eos_token_id\": [2, 3]}", 24, 0 } },
    { { "tokenizer.bin", "another vocabulary", 18, 0 },
      { "added_tokens.json", "{}", 2, 0 },
      { "vocab.json", "{\"a\": 1}", 8, 0 },
      { "notes.txt", "of the new one", 14, 0 },
      { "tokenizer_config.json", "{}", 2, 0 } },
    { { "tokenizer.bin", "the third vocabulary", 20, 0 },
      { "special_tokens_map.json", "{}", 2, 0 },
      { "notes.txt", "of the third", 12, 0 } }
};
static const int file_count[THINGS] = { 5, 5, 3 };

static void need(sppo_result result)
{
    if (result == SPPO_OK)
        return;
    fprintf(stderr, "%s\n", ctx.message);
    exit(2);
}

static sppo_result no_judge(sppo_ctx *c, void *user, const sppo_lists *x,
                            const sppo_lists *y, int k, int first, int count,
                            double *pairwise)
{
    (void)c, (void)user, (void)x, (void)y, (void)k, (void)first, (void)count;
    (void)pairwise;
    return SPPO_E_JUDGE;
}

static void make_things(void)
{
    static const char *const text[] = { "aa aa aa", "bb bb bb", "cc cc cc" };
    static const int prompt[] = { 1, 5, 6 };
    const sppo_judge judge = { no_judge, NULL };
    sppo_play_config settings;
    sppo_optim_config steps;
    sppo_config shape;
    int i;

    memset(&settings, 0, sizeof settings);
    memset(&steps, 0, sizeof steps);
    settings.eta = 30;
    settings.optim.lr = steps.lr = 1e-3;
    settings.sampling.max_tokens = 4;
    settings.k = 2;
    need(sppo_lists_add(&ctx, &prompts, prompt, 3));
    for (i = 0; i < THINGS; i++) {
        memset(&shape, 0, sizeof shape);
        shape.vocab = 12 + i;
        shape.dim = 8;
        shape.layers = shape.heads = 1;
        shape.hidden = 4 + 4 * i;
        shape.context = 16;
        shape.bos = 1;
        shape.eos = 2;
        need(sppo_model_init(&ctx, &model[i], &shape, 1));
        shape.vocab = 12;
        shape.hidden = 4;
        need(sppo_model_init(&ctx, &same[i], &shape, 10 + (uint64_t)i));
        need(sppo_optim_init(&ctx, &optim[i], &steps, &same[i]));
        optim[i].step = i;
        need(sppo_tokenizer_train(&ctx, &tokenizer[i], text[i],
                                  strlen(text[i]), 260));
        settings.seed = 1;
        need(sppo_play_init(&ctx, &play[i], &settings, &same[i], &prompts));
        if (i > OLD)
            need(sppo_play_next(&ctx, &play[i], &judge));
    }
}

/* ---- saving ---- */

static sppo_result save_with(int i)
{
    return sppo_model_save_with(&ctx, &model[i], SPPO_DTYPE_REAL, "m",
                                files[i], file_count[i]);
}

static sppo_result save_below(int i)
{
    return sppo_model_save_with(&ctx, &model[i], SPPO_DTYPE_REAL, "a/b/m",
                                files[i], file_count[i]);
}

/* The new one is of the weights alone, so that companions stay. */
static sppo_result save_plain(int i)
{
    return i == NEW ? sppo_model_save(&ctx, &model[i], "m") : save_with(i);
}

static sppo_result save_file(int i)
{
    return sppo_file_write(&ctx, "file", files[i][0].data, files[i][0].size);
}

static sppo_result save_tokenizer(int i)
{
    return sppo_tokenizer_save(&ctx, &tokenizer[i], "file");
}

static sppo_result save_train(int i)
{
    return sppo_train_save(&ctx, &same[i], &optim[i], &number, 1, "file");
}

static sppo_result save_play(int i)
{
    return sppo_play_save(&ctx, &play[i], "file");
}

/* A part of a model, with the tensors of that parity. */
static void write_part(const sppo_model *m, int parity, const char *path,
                       FILE *index)
{
    static char header[8192];
    size_t n = (size_t)sprintf(header, "{"), at = 0, end;
    FILE *file = fopen(path, "wb");
    int i;

    for (i = parity; i < m->tensor_count; i += 2) {
        const sppo_tensor *t = &m->tensors[i];

        end = at + t->size * sizeof(sppo_real);
        n += (size_t)sprintf(header + n, "%s\"%s\":{\"dtype\":\"F%d\",\"shape\""
                             ":[%d", n > 1 ? "," : "", t->name,
                             (int)sizeof(sppo_real) * 8, t->rows);
        if (t->cols)
            n += (size_t)sprintf(header + n, ",%d", t->cols);
        n += (size_t)sprintf(header + n, "],\"data_offsets\":[%lu,%lu]}",
                             (unsigned long)at, (unsigned long)end);
        fprintf(index, "%s\"%s\": \"%s\"", i ? ", " : "", t->name,
                strrchr(path, '/') + 1);
        at = end;
    }
    header[n++] = '}';
    for (i = 0; i < 8; i++)
        fputc((int)(n >> 8 * i & 255), file);
    fwrite(header, 1, n, file);
    for (i = parity; i < m->tensor_count; i += 2)
        fwrite(m->weights + m->tensors[i].offset, sizeof(sppo_real),
               m->tensors[i].size, file);
    fclose(file);
}

/* The old model is in two parts, as other programs write large ones. */
static sppo_result save_parts(int i)
{
    FILE *index;

    if (i != OLD)
        return save_with(i);
    need(save_with(i));
    remove("m/model.safetensors");
    index = fopen("m/model.safetensors.index.json", "wb");
    fprintf(index, "{\"weight_map\": {");
    write_part(&model[i], 0, "m/model-00001-of-00002.safetensors", index);
    write_part(&model[i], 1, "m/model-00002-of-00002.safetensors", index);
    fprintf(index, "}}");
    fclose(index);
    return SPPO_OK;
}

/* ---- looking: what is there, as one number ---- */

enum { REFUSED, NOTHING, SOMETHING };  // or a digest, which is more

static int is_there(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

static uint64_t told(uint64_t digest) { return digest | 1u << 4; }

static uint64_t look_folder(const char *folder)
{
    char weights[64], index[64];
    sppo_file found[20];
    sppo_model m;
    uint64_t digest = 0;
    int i, n = 0;

    memset(&m, 0, sizeof m);
    memset(found, 0, sizeof found);
    while ((found[n].name = sppo_companion(n)) != NULL)
        n++;
    found[n++].name = "notes.txt";
    snprintf(weights, sizeof weights, "%s/model.safetensors", folder);
    snprintf(index, sizeof index, "%s/model.safetensors.index.json", folder);
    if (sppo_model_load_with(&ctx, &m, folder, 0, found, n))
        return is_there(weights) || is_there(index) ? REFUSED : NOTHING;
    digest = sppo_digest(digest, &m.config, sizeof m.config);
    digest = sppo_digest(digest, m.weights, m.count * sizeof *m.weights);
    for (i = 0; i < n; i++)
        digest = sppo_digest(digest + (uint64_t)i,
                             found[i].data ? found[i].data : "none",
                             found[i].data ? found[i].size : 4);
    sppo_files_free(&ctx, found, n);
    sppo_model_free(&ctx, &m);
    return told(digest);
}

static uint64_t look_m(void) { return look_folder("m"); }
static uint64_t look_below(void) { return look_folder("a/b/m"); }

static uint64_t look_file(void)
{
    char *data;
    size_t size;
    uint64_t digest;

    if (!is_there("file"))
        return NOTHING;
    if (sppo_file_read(&ctx, "file", &data, &size))
        return REFUSED;
    digest = sppo_digest(size, data, size);
    sppo_release(&ctx, data, size + 1);
    return told(digest);
}

static uint64_t look_train(void)
{
    static sppo_model m;
    static sppo_optim o;
    sppo_number own = { "tokens", 0.0, 0 };
    uint64_t digest;

    if (!m.count) {
        need(sppo_model_init(&ctx, &m, &same[OLD].config, 3));
        need(sppo_optim_init(&ctx, &o, &optim[OLD].config, &m));
    }
    if (!is_there("file"))
        return NOTHING;
    if (sppo_train_load(&ctx, &m, &o, &own, 1, "file"))
        return REFUSED;
    digest = sppo_digest((uint64_t)o.step, m.weights,
                         m.count * sizeof *m.weights);
    return told(sppo_digest(digest, o.square, m.count * sizeof *o.square));
}

static uint64_t look_play(void)
{
    static sppo_model m;
    static sppo_play p;
    uint64_t digest;

    if (!m.count) {
        need(sppo_model_init(&ctx, &m, &same[OLD].config, 3));
        need(sppo_play_init(&ctx, &p, &play[OLD].config, &m, &prompts));
    }
    if (!is_there("file"))
        return NOTHING;
    if (sppo_play_load(&ctx, &p, "file"))
        return REFUSED;
    digest = sppo_digest((uint64_t)p.phase, m.weights,
                         m.count * sizeof *m.weights);
    digest = sppo_digest(digest, p.round.responses.start, sizeof(int) *
                         (size_t)(p.round.responses.count + 1));
    return told(digest);
}

/* The names in a folder, added up. */
static uint64_t names(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    uint64_t sum = 0;

    while (folder && (entry = readdir(folder)) != NULL)
        sum += sppo_digest(1, entry->d_name, strlen(entry->d_name));
    if (folder)
        closedir(folder);
    return sum;
}

/* ---- all savers ---- */

static const struct save {
    const char *name;
    int has_old;
    sppo_result (*save)(int i);
    uint64_t (*look)(void);
    const char *where;  // the folder whose names are compared
} saves[] = {
    { "model_over_another", 1, save_with, look_m, "m" },
    { "model_into_new_folders", 0, save_below, look_below, "a/b/m" },
    { "weights_alone_over_another", 1, save_plain, look_m, "m" },
    { "model_over_parts", 1, save_parts, look_m, "m" },
    { "file_over_another", 1, save_file, look_file, "." },
    { "new_file", 0, save_file, look_file, "." },
    { "tokenizer", 1, save_tokenizer, look_file, "." },
    { "train", 1, save_train, look_train, "." },
    { "play", 1, save_play, look_play, "." }
};

#endif
