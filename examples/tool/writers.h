/* writers.h - texts, ids and probabilities, as rows have them */

#ifndef SPPO_TOOL_WRITERS_H
#define SPPO_TOOL_WRITERS_H

#include "tool.h"

/* Rows that are being written. */
typedef struct row_writer {
    buffer line;                // what there is of them
    buffer text;                // one text of it, before it is quoted
    const codec *tok;           // none: ids stand for texts
    const sppo_config *policy;  // whose responses: says which are finished
    console *console;           // whose line of progress gives way
} row_writer;

/* Rows of the responses of the tool's policy; w begins as zeros. */
void writer_begin(row_writer *w, tool *t);

/* Lets go of all. */
void writer_free(row_writer *w);

/* Whether all that was written is there. */
sppo_result writer_check(const row_writer *w);

/* Prints what was written: on a terminal without what it would obey. */
sppo_result writer_print(const row_writer *w);

/* Adds the text of a list. */
void write_text(row_writer *w, const sppo_lists *lists, int list);

/* Adds it as it is, a line or several. */
void write_plain(row_writer *w, const sppo_lists *lists, int list);

/* "key": text, or without a tokenizer "key_ids": ids. */
void write_named(row_writer *w, const char *key, const sppo_lists *lists,
                 int list);

/* "finished": [true, false, ..] of `count` responses from `list` on. */
void write_finished(row_writer *w, const sppo_lists *lists, int list,
                    int count);

/* [[..], ..] as the judge protocol has it: exact to the bit. */
void write_probabilities(buffer *out, const double *pairwise, int k);

#endif
