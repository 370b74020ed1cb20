/* facts.h - what a file holds: a name and a value on a line for people, or one
 * JSON object for programs                                                  */

#ifndef SPPO_TOOL_FACTS_H
#define SPPO_TOOL_FACTS_H

#include "buffer.h"

typedef struct facts {
    buffer out;  // of JSON what there is so far
    int json;
} facts;

/* json: as one JSON object, on one line; title is its "kind", and what people
 * read first, but for "": that is left out.                                 */
void facts_begin(facts *f, sppo_ctx *ctx, int json, const char *kind,
                 const char *title);

/* Prints it, if all of it is there. */
sppo_result facts_end(facts *f);

/* A value is a text, a number, or neither: null to programs. */
void fact_text(facts *f, const char *name, const char *text);
void fact_number(facts *f, const char *name, double value);

/* A number that people are told the unit of. */
void fact_measure(facts *f, const char *name, double value, const char *unit);

/* For programs alone. */
void fact_flag(facts *f, const char *name, int is);

/* For programs alone, a text as it stands between the quotes of another. */
void fact_quoted(facts *f, const char *name, const char *text, size_t length);

/* A value as it stands in a JSON text; people see it in a table. */
void fact_value(facts *f, const sppo_json *json, int node, int width);

/* What is in it until the closing is one of the values: '{' or '['. Without a
 * name it is an entry of an array.                                          */
void facts_open(facts *f, const char *name, char bracket);
void facts_close(facts *f, char bracket);

#endif
