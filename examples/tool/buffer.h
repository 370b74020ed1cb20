/* buffer.h - text that grows */

#ifndef SPPO_TOOL_BUFFER_H
#define SPPO_TOOL_BUFFER_H

#include "posix.h"
#include "../../sppo.h"

#define TRY(call)                                                             \
    do {                                                                      \
        const sppo_result try_result = (call);                                \
        if (try_result != SPPO_OK)                                            \
            return try_result;                                                \
    } while (0)

/* Of a path that is given, so that what a run writes below it has room. */
enum { PATH_ROOM = 1024, PATH_MOST = PATH_ROOM - 128 };

/* Adding never fails on its face: a missing byte sets `failed`, which
 * buffer_check reports once, so that writers read as straight text.         */
typedef struct buffer {
    sppo_ctx *ctx;
    char *data;  // ends with a NUL
    size_t length, room;
    int failed;
} buffer;

/* The whole part of a share of count: 0.3 of 10 are 3, as a double; with more
 * digits, as x87 may keep, the product is less.                             */
size_t share_of(double share, size_t count);

/* Numbers in `count` matrices k by k, as many as an int cannot count; beyond
 * what a size_t counts its most, which no allocator has.                    */
size_t cells(int count, int k);

/* Room for `more` bytes and a NUL behind what is there; 0: there is none. */
int buffer_reserve(buffer *b, size_t more);

/* Lets go of all; the buffer may be used again. */
void buffer_free(buffer *b);

/* Empties it; data is "" then. */
void buffer_clear(buffer *b);

/* Adds bytes as they are. */
void buffer_add(buffer *b, const char *bytes, size_t count);

/* Adds what printf would write. */
void buffer_format(buffer *b, const char *format, ...)
    SPPOI_FORMAT(2, 3);

/* Adds text as a JSON string: in quotes, escaped, valid UTF-8. */
void buffer_quote(buffer *b, const char *bytes, size_t count);

/* Adds the text of a JSON string, as it was before it was escaped. */
void buffer_unquote(buffer *b, const sppo_json *json, int node);

/* Every result that becomes JSON or CSV passes here: NaN is neither's, and no
 * answer to what was asked.                                                 */
void buffer_number(buffer *b, double value, int digits);

/* Whether all that was added is there; else what was wrong first. */
sppo_result buffer_check(const buffer *b);

#endif
