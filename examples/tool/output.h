/* output.h - results that go into a file instead of standard output */

#ifndef SPPO_TOOL_OUTPUT_H
#define SPPO_TOOL_OUTPUT_H

#include "buffer.h"

/* From here on what is printed goes into a file beside `path`, which must be
 * free unless force is given; NULL and "-" are standard output itself.      */
sppo_result output_open(sppo_ctx *ctx, const char *path, int force);

/* result: what the command came to. When it is SPPO_OK the file gets its name,
 * else it goes, and what was there stays.                                   */
sppo_result output_close(sppo_ctx *ctx, const char *path, sppo_result result);

#endif
