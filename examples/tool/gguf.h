/* gguf.h - GGUF files, as llama.cpp and what is built on it read them: written
 * only
 *
 *   "GGUF", u32 version 3, u64 tensors, u64 keys
 *   keys      u64 length and bytes of the name, u32 type, value
 *   tensors   name, u32 dimensions, u64 each, the inner one first, u32 type,
 *             u64 offset
 *   data      from a multiple of 32 on; so does each tensor in it
 *
 * All numbers are little-endian.                                            */

#ifndef SPPO_TOOL_GGUF_H
#define SPPO_TOOL_GGUF_H

#include "tool.h"

/* The policy, with its tokenizer.bin, as a GGUF; matrices in --dtype. */
sppo_result gguf_write(tool *t, const char *path);

#endif
