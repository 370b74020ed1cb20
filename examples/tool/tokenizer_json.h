/* tokenizer_json.h - Hugging Face's tokenizer.json
 *
 * The kind of Llama 2, Mistral and TinyLlama (BPE with byte_fallback, U+2581
 * for blanks, <unk>, <s> and </s> and nothing else added) becomes a tokenizer
 * of the header's, which joins what it joins. The other is byte-level:
 *
 * GPT-2, Llama 3, SmolLM and their like: a text is cut into words, a word's
 * bytes are joined, pair by pair, in the order of the file's merges. In the
 * file a byte stands as a character: the printable ones as themselves, the
 * others as U+0100 and on.
 *
 * Read are: model BPE, also with ignore_merges; pre_tokenizer ByteLevel (with
 * GPT-2's rule), Digits with individual_digits and ByteLevel (SmolLM), Split by
 * the rule of Llama 3 or of Qwen 2 and ByteLevel; added tokens, found in a text
 * wherever they stand, all at once, of several the longest. All else is refused
 * by name: normalizers, add_prefix_space, lstrip, other rules. Post-processors
 * are left out: BOS and EOS are the model's. Letters, numbers and blanks are
 * those of Unicode 16 (unicode_classes.h); a byte that is not UTF-8 counts as a
 * symbol.                                                                   */

#ifndef SPPO_TOOL_TOKENIZER_JSON_H
#define SPPO_TOOL_TOKENIZER_JSON_H

#include "../../sppo.h"

typedef struct bpe_piece {
    int begin, length;  // of its bytes; length 0: an id that is not in use
    int added;
} bpe_piece;

typedef struct bpe_merge {
    int left, right, rank, merged;  // rank -1: an empty slot
} bpe_merge;

typedef struct bpe {
    int vocab;             // ids are below it; 0: nothing was read
    int rule, digits;      // how words are cut: BPE_GPT2 ..; digits first
    int whole;             // a word that is a piece is not taken apart
    bpe_piece *piece;      // [vocab]
    char *bytes;           // of all pieces
    int used, room;
    int *by_bytes;         // [1 << piece_bits] hashed ids, -1: an empty slot
    bpe_merge *merge;      // [1 << merge_bits] hashed by left and right
    int piece_bits, merge_bits;
    int hashed_pieces, hashed_merges;  // slots in use: see bpe_room
    int *added, added_count;    // [vocab] ids of added tokens, by their bytes
    unsigned char starts[256];  // whether one begins with that byte
    int byte[256];         // the piece of each byte
} bpe;

/* Lets go of all; vocab is 0 then. */
void bpe_free(sppo_ctx *ctx, bpe *b);

/* Appends one list: bos, the text's tokens, eos, where they are asked for and
 * ids has them. Added tokens that stand in the text are their ids already: no
 * second BOS goes before one, no EOS behind an id that ends a text.         */
sppo_result bpe_encode(sppo_ctx *ctx, const bpe *b, const char *text,
                       size_t length, const sppo_config *ids, int bos, int eos,
                       sppo_lists *lists);

/* Bytes and a NUL, as sppo_tokenizer_decode; a bos in front is left out, other
 * added tokens are text.                                                    */
size_t bpe_decode(const bpe *b, const int *token, int count, int bos,
                  char *out, size_t size);

/* The added token whose text is the first found of the names, which end with
 * NULL; or -1.                                                              */
int bpe_added_named(const bpe *b, const char *const *names);

/* A tokenizer.json whose ids are all below limit; 0: any. Into b, or of Llama
 * 2's kind into bin; the other stays as it is.                              */
sppo_result tokenizer_json_read(sppo_ctx *ctx, bpe *b, sppo_tokenizer *bin,
                                const char *text, size_t size, int limit,
                                const char *where);

#endif
