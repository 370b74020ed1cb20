/* codec.c - text into token ids and back, by the tokenizer that a model has */

#include "codec.h"
#include "files.h"
#include "tokenizer_write.h"

#include <stdio.h>
#include <string.h>

void codec_free(sppo_ctx *ctx, codec *c)
{
    int i;

    sppo_tokenizer_free(ctx, &c->bin);
    bpe_free(ctx, &c->json);
    sppo_files_free(ctx, c->files, c->count);
    for (i = 0; i < CODEC_WRITTEN; i++)
        buffer_free(&c->written[i]);
    memset(c, 0, sizeof *c);
}

void codec_begin(codec *c)
{
    for (c->count = 0; c->count < MAX_COMPANIONS &&
         sppo_companion(c->count); c->count++)
        c->files[c->count].name = sppo_companion(c->count);
}

sppo_file *codec_file(codec *c, const char *name)
{
    int i = 0;

    while (strcmp(c->files[i].name, name) != 0)
        i++;
    return &c->files[i];
}

/* Writes a companion that the model came without, if it is one that other
 * programs look for beside a tokenizer.bin.                                 */
static sppo_result codec_write(sppo_ctx *ctx, codec *c,
                               const sppo_config *model, sppo_file *file)
{
    static const char *const names[CODEC_WRITTEN] = { "tokenizer.json",
        "tokenizer_config.json", "generation_config.json" };
    buffer *text;
    int i;

    for (i = 0; i < CODEC_WRITTEN && strcmp(file->name, names[i]); i++)
        continue;
    if (i == CODEC_WRITTEN)
        return SPPO_OK;
    text = &c->written[i];
    text->ctx = ctx;
    buffer_clear(text);
    if (i == 0)
        TRY(tokenizer_json_write(text, &c->bin, model->bos, c->unfit,
                                 sizeof c->unfit));
    else if (i == 1)
        tokenizer_config_write(text, &c->bin, model);
    else
        generation_config_write(text, model);
    file->data = text->length ? text->data : NULL;
    file->size = text->length;
    return buffer_check(text);
}

sppo_result codec_companions(sppo_ctx *ctx, codec *c, const sppo_config *model,
                             sppo_file files[MAX_COMPANIONS], int *count)
{
    int i;

    *count = 0;
    for (i = 0; i < c->count; i++) {  // in one order, whatever was there before
        sppo_file *file = &files[*count];

        *file = c->files[i];
        if (!file->data && c->bin.vocab)
            TRY(codec_write(ctx, c, model, file));
        *count += file->data != NULL;
    }
    return SPPO_OK;
}

int codec_reads_text(const codec *c)
{
    return c->bin.vocab || c->json.vocab;
}

int codec_vocab(const codec *c)
{
    return c->bin.vocab ? c->bin.vocab : c->json.vocab;
}

int tokenizer_pieces(const char *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t at = 4;
    int pieces = 0;

    while (at <= size && size - at >= 8) {
        const size_t length = read_word(bytes + at + 4);
        if (length > size - at - 8)
            return 0;
        at += 8 + length;
        pieces++;
    }
    return at == size ? pieces : 0;
}

sppo_result codec_load_file(sppo_ctx *ctx, codec *c, const char *path)
{
    sppo_file *file;
    char *data = NULL;
    const char *kind;
    size_t size = 0;
    int json, pieces;

    codec_begin(c);
    TRY(input_read(ctx, &path, &data, &size));
    json = data[strspn(data, " \t\r\n")] == '{';
    file = codec_file(c, json ? "tokenizer.json" : "tokenizer.bin");
    file->data = data;
    file->size = size;
    if (json) {
        c->file = data;
        c->size = size;
        return tokenizer_json_read(ctx, &c->json, &c->bin, data, size, 0, path);
    }
    pieces = tokenizer_pieces(data, size);
    kind = pieces ? NULL : sppo_file_kind(data, size);
    if (kind)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%s: this is %s", path, kind);
    if (pieces == 0)
        return sppo_fail(ctx, SPPO_E_FORMAT,
                         "%s is neither a tokenizer.json nor a tokenizer.bin: "
                         "its pieces do not fill its %.0f bytes", path,
                         (double)size);
    if (sppo_tokenizer_read(ctx, &c->bin, data, size, pieces) == SPPO_OK)
        return SPPO_OK;
    return sppo_fail(ctx, ctx->code, "%.200s: %s", path, ctx->message);
}

/* Whether two vocabularies are one: as the list of merges that they come to. */
static sppo_result codec_alike(sppo_ctx *ctx, const sppo_tokenizer *a,
                               const sppo_tokenizer *b, int *same)
{
    buffer text[2];
    char why[120];
    sppo_result result;

    memset(text, 0, sizeof text);
    text[0].ctx = text[1].ctx = ctx;
    result = tokenizer_json_write(&text[0], a, -1, why, sizeof why);
    if (result == SPPO_OK)
        result = tokenizer_json_write(&text[1], b, -1, why, sizeof why);
    *same = text[0].length && text[0].length == text[1].length &&
            !memcmp(text[0].data, text[1].data, text[0].length);
    buffer_free(&text[0]);
    buffer_free(&text[1]);
    return result;
}

/* Whether the tokenizer.json says what the tokenizer.bin does. */
static sppo_result codec_agrees(sppo_ctx *ctx, const sppo_file *bin,
                                const sppo_file *json,
                                const sppo_config *config, int *same)
{
    sppo_tokenizer own, other;
    sppo_result result;
    bpe bytes;

    memset(&own, 0, sizeof own);
    memset(&other, 0, sizeof other);
    memset(&bytes, 0, sizeof bytes);
    TRY(sppo_tokenizer_read(ctx, &own, bin->data, bin->size, config->vocab));
    result = tokenizer_json_read(ctx, &bytes, &other, (const char *)json->data,
                                 json->size, config->vocab, json->name);
    if (result == SPPO_OK && other.vocab)
        result = codec_alike(ctx, &own, &other, same);
    sppo_tokenizer_free(ctx, &own);
    sppo_tokenizer_free(ctx, &other);
    bpe_free(ctx, &bytes);
    return result == SPPO_E_FORMAT ? SPPO_OK : result;  // of another kind
}

/* Of two tokenizers that one which the weights name. When they name both, this
 * tool wrote the second for other programs, unless they may have been edited;
 * when they name neither and the two are not the same, nothing tells which of
 * them the model learned with.                                              */
static sppo_result codec_choose(sppo_ctx *ctx, codec *c, const char *folder,
                                const sppo_config *config, int edited)
{
    sppo_file *bin = codec_file(c, "tokenizer.bin");
    sppo_file *json = codec_file(c, "tokenizer.json");
    int same = 0;

    if (!bin->data || !json->data || (bin->named && json->named && !edited))
        return SPPO_OK;
    if (bin->named == json->named &&
        codec_agrees(ctx, bin, json, config, &same) != SPPO_OK) {
        snprintf(c->missing, sizeof c->missing, "%.359s", ctx->message);
        return sppo_fail(ctx, ctx->code, "%.200s/%s: %s", folder, bin->name,
                         c->missing);
    }
    if (same)
        return SPPO_OK;
    if (bin->named == json->named)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%s has a tokenizer.bin and a "
                         "tokenizer.json; remove the one that is not this "
                         "model's", folder);
    sppo_files_free(ctx, bin->named ? json : bin, 1);
    return SPPO_OK;
}

sppo_result codec_open(sppo_ctx *ctx, codec *c, const char *folder,
                       const sppo_config *config, int edited)
{
    const sppo_file *bin = codec_file(c, "tokenizer.bin");
    const sppo_file *json = codec_file(c, "tokenizer.json");
    char path[PATH_ROOM];
    sppo_result result;

    c->ids = *config;
    TRY(codec_choose(ctx, c, folder, config, edited));
    path_join(path, folder, bin->data ? bin->name : json->name);
    if (bin->data) {
        result = sppo_tokenizer_read(ctx, &c->bin, bin->data, bin->size,
                                     config->vocab);
        if (result == SPPO_OK)
            return result;
        snprintf(c->missing, sizeof c->missing, "%.359s", ctx->message);
        return sppo_fail(ctx, result, "%.200s: %s", path, c->missing);
    }
    if (json->data) {
        c->file = (const char *)json->data;
        c->size = json->size;
        result = tokenizer_json_read(ctx, &c->json, &c->bin, c->file, c->size,
                                     config->vocab, path);
        snprintf(c->missing, sizeof c->missing, "%.359s", ctx->message);
        return result == SPPO_E_FORMAT ? SPPO_OK : result;
    }
    snprintf(c->missing, sizeof c->missing, "%.200s has no tokenizer.bin and "
             "no tokenizer.json: token ids alone are read", folder);
    return SPPO_OK;
}

int codec_same(const codec *a, const codec *b)
{
    const size_t starts = sizeof(int) * ((size_t)a->bin.vocab + 1);

    if (a->bin.vocab != b->bin.vocab || !a->file != !b->file)
        return 0;
    if (a->bin.vocab)
        return !memcmp(a->bin.start, b->bin.start, starts) &&
               !memcmp(a->bin.bytes, b->bin.bytes,
                       (size_t)a->bin.start[a->bin.vocab]);
    return !a->file || (a->size == b->size &&
                        !memcmp(a->file, b->file, a->size));
}

sppo_result codec_encode(sppo_ctx *ctx, const codec *c, const char *text,
                         size_t length, int bos, int eos, sppo_lists *lists)
{
    if (c->json.vocab)
        return bpe_encode(ctx, &c->json, text, length, &c->ids, bos, eos,
                          lists);
    if (c->bin.vocab)
        return sppo_tokenizer_encode(ctx, &c->bin, text, length,
                                     bos ? c->ids.bos : -1,
                                     eos ? c->ids.eos : -1, lists);
    return sppo_fail(ctx, SPPO_E_FORMAT, "%s", c->missing);
}

sppo_result codec_encode_response(sppo_ctx *ctx, const codec *c,
                                  const char *text, size_t length,
                                  int finished, sppo_lists *lists)
{
    TRY(codec_encode(ctx, c, text, length, 0, finished, lists));
    if (finished || sppo_lists_length(lists, lists->count - 1) > 0)
        return SPPO_OK;
    lists->count--;
    return codec_encode(ctx, c, text, length, 0, 1, lists);
}

size_t codec_decode(const codec *c, const int *token, int count, char *out,
                    size_t size)
{
    if (count > 0 && sppo_config_ends(&c->ids, token[count - 1]))
        count--;
    if (c->json.vocab)
        return bpe_decode(&c->json, token, count, c->ids.bos, out, size);
    return sppo_tokenizer_decode(&c->bin, token, count, out, size);
}

void buffer_decode(buffer *b, const codec *c, const sppo_lists *lists,
                   int list)
{
    const int *token = sppo_lists_tokens(lists, list);
    const int count = sppo_lists_length(lists, list);
    const size_t need = codec_decode(c, token, count, NULL, 0);

    buffer_clear(b);
    if (!buffer_reserve(b, need))
        return;
    codec_decode(c, token, count, b->data, need + 1);
    b->length = need;
}

void buffer_ids(buffer *b, const sppo_lists *lists, int list)
{
    const int *token = sppo_lists_tokens(lists, list);
    int i;

    buffer_add(b, "[", 1);
    for (i = 0; i < sppo_lists_length(lists, list); i++)
        buffer_format(b, i ? ", %d" : "%d", token[i]);
    buffer_add(b, "]", 1);
}
