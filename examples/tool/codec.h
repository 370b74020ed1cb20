/* codec.h - text into token ids and back, by the tokenizer that a model has
 *
 * A model directory holds llama2.c's tokenizer.bin or Hugging Face's
 * tokenizer.json, or neither: then only token ids go in and out, and the first
 * text that is met is refused with the reason. With them stay the model's other
 * companions (chat template, how to generate), which go where the model
 * goes.                                                                     */

#ifndef SPPO_TOOL_CODEC_H
#define SPPO_TOOL_CODEC_H

#include "buffer.h"
#include "tokenizer_json.h"

enum { MAX_COMPANIONS = 24, CODEC_WRITTEN = 3 };

typedef struct codec {
    sppo_tokenizer bin;  // vocab 0: not by this
    bpe json;            // likewise
    sppo_file files[MAX_COMPANIONS];  // all that were there, as they were
    int count;
    const char *file;    // the tokenizer.json among them, or NULL
    size_t size;
    sppo_config ids;     // the model's: its BOS, and what ends a text
    char missing[360];   // why there is neither
    buffer written[CODEC_WRITTEN];  // what codec_companions made
    char unfit[120];     // why there is no tokenizer.json among it, or ""
} codec;

/* Lets go of all. */
void codec_free(sppo_ctx *ctx, codec *c);

/* Names the companions that a model may have. */
void codec_begin(codec *c);

/* The companion of that name, which is one that codec_begin named. */
sppo_file *codec_file(codec *c, const char *name);

/* Those to be saved with a model: all that are there, and with a tokenizer.bin
 * what other programs look for beside it, tokenizer.json, tokenizer_config.json
 * and generation_config.json, where the model came without. They last until the
 * next call.                                                                */
sppo_result codec_companions(sppo_ctx *ctx, codec *c, const sppo_config *model,
                             sppo_file files[MAX_COMPANIONS], int *count);

/* Whether there is a tokenizer; else c->missing says why not. */
int codec_reads_text(const codec *c);

/* Its number of ids, which may be below the model's. */
int codec_vocab(const codec *c);

/* How many pieces a tokenizer.bin holds: it does not say, they fill it. 0:
 * they do not, so it is none.                                               */
int tokenizer_pieces(const char *data, size_t size);

/* A file of either kind, with as many pieces as it has, becomes the tokenizer
 * of a model to come.                                                       */
sppo_result codec_load_file(sppo_ctx *ctx, codec *c, const char *path);

/* The tokenizer among the companions that were loaded with the model. A
 * tokenizer.json that is not supported is no failure before a text is met: ids
 * may be all that comes. edited: files may be others than it was saved with. */
sppo_result codec_open(sppo_ctx *ctx, codec *c, const char *folder,
                       const sppo_config *config, int edited);

/* Whether the same ids mean the same text. */
int codec_same(const codec *a, const codec *b);

/* A text as one more list; bos, eos: whether to add them. They are those of the
 * model at hand: one that came from llama2.c ends its texts with BOS.       */
sppo_result codec_encode(sppo_ctx *ctx, const codec *c, const char *text,
                         size_t length, int bos, int eos, sppo_lists *lists);

/* A response as one more list: it ends with EOS, unless it was cut. A cut one
 * of no text is its EOS alone, for nothing cannot be read.                  */
sppo_result codec_encode_response(sppo_ctx *ctx, const codec *c,
                                  const char *text, size_t length,
                                  int finished, sppo_lists *lists);

/* As sppo_tokenizer_decode, without what ends the text; without a tokenizer
 * nothing.                                                                  */
size_t codec_decode(const codec *c, const int *token, int count, char *out,
                    size_t size);

/* The text of a list of tokens replaces what the buffer held. */
void buffer_decode(buffer *b, const codec *c, const sppo_lists *lists,
                   int list);

/* Adds the ids of a list: [1, 5, 7]. */
void buffer_ids(buffer *b, const sppo_lists *lists, int list);

#endif
