/* codec.h - text into token ids and back, by the tokenizer that a model has
 *
 * A model directory holds llama2.c's tokenizer.bin or Hugging Face's
 * tokenizer.json, or neither: then only token ids go in and out, and the first
 * text that is met is refused with the reason. Private to sppo.c, after cli.h
 * and tokenizer_json.h.                                                     */

#ifndef SPPO_EXAMPLES_CODEC_H
#define SPPO_EXAMPLES_CODEC_H

typedef struct codec {
    sppo_tokenizer bin;  // vocab 0: not by this
    bpe json;            // likewise
    char *file;          // the tokenizer.json as it was, to be copied
    size_t size;
    sppo_config ids;     // the model's: its BOS, and what ends a text
    char missing[360];   // why there is neither
} codec;

static void codec_free(sppo_ctx *ctx, codec *c)
{
    sppo_tokenizer_free(ctx, &c->bin);
    bpe_free(ctx, &c->json);
    if (c->file)
        sppo_give(ctx, c->file, c->size + 1);
    memset(c, 0, sizeof *c);
}

static int codec_reads_text(const codec *c)
{
    return c->bin.vocab || c->json.vocab;
}

/* Its number of ids, which may be below the model's. */
static int codec_vocab(const codec *c)
{
    return c->bin.vocab ? c->bin.vocab : c->json.vocab;
}

/* Little-endian, as all files here are. */
static uint32_t read_word(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

/* How many pieces a tokenizer.bin holds: it does not say, they fill it. 0:
 * they do not, so it is none.                                               */
static int tokenizer_pieces(const char *data, size_t size)
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

/* A file of either kind, with as many pieces as it has; limit: of the ids of a
 * tokenizer.json, or 0.                                                     */
static sppo_result codec_load_file(sppo_ctx *ctx, codec *c, const char *path,
                                   int limit)
{
    char *data = NULL;
    const char *kind;
    size_t size = 0;
    int pieces;
    sppo_result result;

    TRY(sppo_file_read(ctx, path, &data, &size));
    if (data[strspn(data, " \t\r\n")] == '{') {
        result = bpe_read(ctx, &c->json, data, size, limit, path);
        c->file = data;
        c->size = size;
        return result;
    }
    pieces = tokenizer_pieces(data, size);
    kind = pieces ? NULL : sppo_file_kind(data, size);
    sppo_give(ctx, data, size + 1);
    if (kind)
        return sppo_fail(ctx, SPPO_E_FORMAT, "%s: this is %s", path, kind);
    if (pieces == 0)
        return sppo_fail(ctx, SPPO_E_FORMAT,
                         "%s is neither a tokenizer.json nor a tokenizer.bin: "
                         "its pieces do not fill its %.0f bytes", path,
                         (double)size);
    return sppo_tokenizer_load(ctx, &c->bin, path, pieces);
}

/* The tokenizer of a model directory. A tokenizer.json that is not supported is
 * no failure before a text is met: ids may be all that comes.               */
static sppo_result codec_load(sppo_ctx *ctx, codec *c, const char *folder,
                              const sppo_config *config)
{
    char path[PATH_ROOM];
    sppo_result result;

    c->ids = *config;
    TRY(path_join(ctx, path, folder, "tokenizer.bin"));
    if (file_exists(path))
        return sppo_tokenizer_load(ctx, &c->bin, path, config->vocab);
    TRY(path_join(ctx, path, folder, "tokenizer.json"));
    if (file_exists(path)) {
        result = codec_load_file(ctx, c, path, config->vocab);
        snprintf(c->missing, sizeof c->missing, "%.359s", ctx->message);
        return result == SPPO_E_FORMAT ? SPPO_OK : result;
    }
    snprintf(c->missing, sizeof c->missing, "%.200s has no tokenizer.bin and "
             "no tokenizer.json: token ids alone are read", folder);
    return SPPO_OK;
}

/* The same kind of file in another directory. */
static sppo_result codec_save(sppo_ctx *ctx, const codec *c,
                              const char *folder)
{
    char path[PATH_ROOM];

    TRY(path_join(ctx, path, folder, c->file ? "tokenizer.json"
                                             : "tokenizer.bin"));
    if (c->file)
        return sppo_file_write(ctx, path, c->file, c->size);
    return c->bin.vocab ? sppo_tokenizer_save(ctx, &c->bin, path) : SPPO_OK;
}

/* Whether the same ids mean the same text. */
static int codec_same(const codec *a, const codec *b)
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

/* A text as one more list; bos, eos: whether to add them. They are those of the
 * model at hand: one that came from llama2.c ends its texts with BOS.       */
static sppo_result codec_encode(sppo_ctx *ctx, const codec *c,
                                const char *text, size_t length, int bos,
                                int eos, sppo_lists *lists)
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

/* A response as one more list: it ends with EOS, unless it was cut. A cut one
 * of no text is its EOS alone, for nothing cannot be read.                  */
static sppo_result codec_encode_response(sppo_ctx *ctx, const codec *c,
                                         const char *text, size_t length,
                                         int finished, sppo_lists *lists)
{
    TRY(codec_encode(ctx, c, text, length, 0, finished, lists));
    if (finished || sppo_lists_length(lists, lists->count - 1) > 0)
        return SPPO_OK;
    lists->count--;
    return codec_encode(ctx, c, text, length, 0, 1, lists);
}

/* As sppo_tokenizer_decode, without what ends the text; without a tokenizer
 * nothing.                                                                  */
static size_t codec_decode(const codec *c, const int *token, int count,
                           char *out, size_t size)
{
    if (count > 0 && sppo_config_ends(&c->ids, token[count - 1]))
        count--;
    if (c->json.vocab)
        return bpe_decode(&c->json, token, count, c->ids.bos, out, size);
    return sppo_tokenizer_decode(&c->bin, token, count, out, size);
}

/* The text of a list of tokens replaces what the buffer held. */
static void buffer_decode(buffer *b, const codec *c, const sppo_lists *lists,
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

/* Adds the ids of a list: [1, 5, 7]. */
static void buffer_ids(buffer *b, const sppo_lists *lists, int list)
{
    const int *token = sppo_lists_tokens(lists, list);
    int i;

    buffer_add(b, "[", 1);
    for (i = 0; i < sppo_lists_length(lists, list); i++)
        buffer_format(b, i ? ", %d" : "%d", token[i]);
    buffer_add(b, "]", 1);
}

#endif
