/* rows.h - rows of JSON */

#ifndef SPPO_TOOL_ROWS_H
#define SPPO_TOOL_ROWS_H

#include "buffer.h"

/* A row is an object: on a line of its own, or an entry of the one array that
 * fills the file, as AlpacaEval writes them.                                */
typedef struct row_reader {
    sppo_ctx *ctx;
    const char *path;
    char *data;
    size_t size, at;
    int line, number; // of the current row; number: from 1
    int array;        // the file is one
    int row;          // the current row's node
    char where[PATH_ROOM + 32];  // "FILE line N", in an array ", row M"
    sppo_json json;
    buffer text;      // what the field that was read last says
} row_reader;

enum { VALUE_ROOM = 48 };

/* Back to before the first row. */
void rows_rewind(row_reader *r);

/* Rows that are taken line by line, as rows_take has it; path: where from. */
void rows_begin(row_reader *r, sppo_ctx *ctx, const char *path);

/* Reads a whole file, or for "-" standard input; path must stay. */
sppo_result rows_open(row_reader *r, sppo_ctx *ctx, const char *path);

/* The same of a text that was read; the reader owns it from now on. */
sppo_result rows_adopt(row_reader *r, sppo_ctx *ctx, const char *path,
                       char *data, size_t size);

/* Lets go of it. */
void rows_close(row_reader *r);

/* A failure of the current row: its file and line come first. */
sppo_result rows_fail(row_reader *r, const char *format, ...)
    SPPOI_FORMAT(2, 3);

/* A value as it stands in the file, in so far as there is room. */
const char *rows_value(const row_reader *r, int node, char out[VALUE_ROOM]);

/* Makes one line the current row, whatever it comes from. */
sppo_result rows_take(row_reader *r, const char *text, size_t length);

/* Makes the next row the current one; more 0: there was none. */
sppo_result rows_next(row_reader *r, int *more);

/* The node of field `key` of the current row, or -1. */
int rows_find(const row_reader *r, const char *key);

/* The whole number of field `key`. */
sppo_result rows_whole(row_reader *r, const char *key, double least,
                       double most, double *value);

/* The text of field `key` replaces what `out` held. */
sppo_result rows_text(row_reader *r, const char *key, buffer *out);

#endif
