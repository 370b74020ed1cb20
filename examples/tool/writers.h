/* writers.h - texts, ids and probabilities, as rows have them */

#ifndef SPPO_TOOL_WRITERS_H
#define SPPO_TOOL_WRITERS_H

#include "tool.h"

/* Adds the text of a list to the line that is being written. */
void write_text(tool *t, const sppo_lists *lists, int list);

/* "key": text, or without a tokenizer "key_ids": ids. */
void write_named(tool *t, const char *key, const sppo_lists *lists, int list);

/* "finished": [true, false, ..] of `count` responses from `list` on. */
void write_finished(tool *t, const sppo_lists *lists, int list, int count);

/* [[..], ..] as the judge protocol has it: exact to the bit. */
void write_probabilities(buffer *out, const double *pairwise, int k);

#endif
