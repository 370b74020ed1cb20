/* columns.h - how wide a text is on a terminal */

#ifndef SPPO_TOOL_COLUMNS_H
#define SPPO_TOOL_COLUMNS_H

#include <stddef.h>

/* Columns of length bytes of UTF-8: two of a wide character, as Chinese or an
 * emoji, none of a mark that goes on the letter before; what is no UTF-8 has
 * one for each byte.                                                        */
int text_columns(const char *text, size_t length);

/* Bytes of as many whole characters as `columns` have room for. */
size_t text_fits(const char *text, size_t length, int columns);

#endif
