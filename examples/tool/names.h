/* names.h - names that rows mention again and again, each once */

#ifndef SPPO_TOOL_NAMES_H
#define SPPO_TOOL_NAMES_H

#include "rows.h"

/* So many: tables of all against all are made of them. */
enum { NAMES_MOST = 256 };

typedef struct names {
    buffer text;            // a NUL after each
    size_t at[NAMES_MOST];
    int count;
} names;

/* The name of that number. */
const char *name_text(const names *n, int which);

/* The number of the name in field `key` of the current row. */
sppo_result names_row(names *n, row_reader *r, const char *key, int *which);

#endif
