/* tokenizer_write.h - a tokenizer.bin as Hugging Face's files */

#ifndef SPPO_TOOL_TOKENIZER_WRITE_H
#define SPPO_TOOL_TOKENIZER_WRITE_H

#include "buffer.h"

/* tokenizer.json: bos -1 puts none before a text. Nothing is written where the
 * pieces cannot be told so; why, which is empty else, says it then.         */
sppo_result tokenizer_json_write(buffer *out, const sppo_tokenizer *tok,
                                 int bos, char *why, size_t size);

/* tokenizer_config.json: what the special tokens are called. */
void tokenizer_config_write(buffer *out, const sppo_tokenizer *tok,
                            const sppo_config *c);

/* generation_config.json: what ends a text. */
void generation_config_write(buffer *out, const sppo_config *c);

#endif
