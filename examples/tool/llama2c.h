/* llama2c.h - llama2.c's legacy model files */

#ifndef SPPO_TOOL_LLAMA2C_H
#define SPPO_TOOL_LLAMA2C_H

#include "tool.h"

/* The header's seven numbers as a config, or what is wrong with them. */
sppo_result bin_config(tool *t, const char *path, const unsigned char *data,
                       size_t size, sppo_config *config);

/* Files of llama.cpp's family have rotary pairs as neighbours, ours are half a
 * head of hd rows apart: the row here of which row `row` is made there.     */
int rotary_row(int row, int hd);

/* Whether a file of `size` bytes holds all that its header asks for. */
sppo_result bin_whole(tool *t, const char *path, size_t size,
                      const sppo_config *config);

/* A legacy .bin becomes the policy, but for the tables in it. */
sppo_result bin_read(tool *t, const char *path);

/* The policy as a legacy .bin. */
sppo_result bin_write(tool *t, const char *path);

/* Whether a file is a llama2.c model at all. */
sppo_result bin_is_one(tool *t, const char *path);

#endif
