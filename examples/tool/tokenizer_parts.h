/* tokenizer_parts.h - what the parts of the reader of tokenizer.json share */

#ifndef SPPO_TOOL_TOKENIZER_PARTS_H
#define SPPO_TOOL_TOKENIZER_PARTS_H

#include "buffer.h"
#include "tokenizer_json.h"

enum { BPE_GPT2, BPE_LLAMA3, BPE_QWEN2, BPE_RULES };

enum { BPE_MOST = 1 << 22 };  // ids

typedef struct bpe_reader {
    sppo_ctx *ctx;
    bpe *b;
    sppo_json json;
    const char *where;  // begins the sentence of a failure
    int limit;          // of ids
} bpe_reader;

/* Whether the value is one of "a|b|..": strings without their quotes. */
int bpe_is(const bpe_reader *r, int node, const char *any);

/* The member `key` of an object must be absent or one of "a|b|..". */
sppo_result bpe_expect(const bpe_reader *r, int object, const char *key,
                       const char *any);

/* As bpe_expect, and it must be there. */
sppo_result bpe_require(const bpe_reader *r, int object, const char *key,
                        const char *any);

/* An id: within the model's vocabulary, or of a sensible size. */
sppo_result bpe_read_id(const bpe_reader *r, int node, int *id);

/* The byte-level kind, into r->b, which is free after a failure. */
sppo_result bpe_read(bpe_reader *r);

/* That of Llama 2 and Mistral, into a tokenizer of the header's. */
sppo_result llama_read(bpe_reader *r, sppo_tokenizer *bin);

/* The id of a text among the pieces, the lowest; -1: it is none. */
int piece_find(const sppo_tokenizer *tok, const char *text, int length);

/* In how many ways pieces can be made of two others. */
size_t piece_ways(const sppo_tokenizer *tok);

/* Which of the rules a pattern is, or -1: none of them. */
int bpe_rule_find(const char *pattern);

/* Where the word that begins at s, which is not the end, ends. */
const char *bpe_word_end(int rule, const char *s, const char *end);

/* The slot where a piece is, or where it would be. */
int *bpe_find(const bpe *b, const char *bytes, int length);

/* The slot of the merge of two ids, or where it would be. */
bpe_merge *bpe_find_merge(const bpe *b, int left, int right);

/* How far a slot that is taken is from the one that its piece, or its merge,
 * would have in an empty table.                                             */
int bpe_piece_detour(const bpe *b, const int *slot, const char *bytes,
                     int length);
int bpe_merge_detour(const bpe *b, const bpe_merge *slot);

/* Counts one more slot of a table; a search ends at an empty one, so no table
 * is more than half full, and is short, so no slot is far from its own.     */
sppo_result bpe_room(bpe_reader *r, int *used, int bits, int detour);

#endif
