/* rows.h - rows of JSON in and out, and what the command line says
 *
 * Of the program instruct alone.                                            */
#ifndef ROWS_H
#define ROWS_H

#include <stdio.h>

#include "../../sppo.h"
#include "instruct.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_MEMORY = 4, EXIT_IO = 5 };

/* JSON Lines, read one at a time; failures name the file and the line. */
typedef struct reader {
    FILE *file;
    const char *name;
    long line;
    char *buffer;
    size_t capacity;
    sppo_ctx ctx;
    sppo_json json;
} reader;

/* What the command line says; `help` explains it. */
typedef struct options {
    const char *command;
    long count;           // 0: not given
    bool seeded;
    uint64_t seed;
    long flawless;
    double skill;
    const char *samples;  // NULL: not given
    double bias;
    int votes;
} options;

/* Ends the program with a sentence on stderr: there is nothing to save. */
void fail(int code, const char *format, ...);
void *reallocate(void *block, size_t count, size_t size);
bool next_row(reader *in);
void reader_free(reader *in);
char *row_text(reader *in, int node, const char *what);
int row_is_cut(reader *in);
char *row_prompt(reader *in, const task *t, scene *asked);
char *spell(const task *t, const text *words, const char *end);
char *spell_prompt(const task *t, const scene *s);
char *draw_prompt(const task *t, dice *d, int family);
void print_string(const char *before, const char *value);

/* pairs.c: the command "pairs". */
void run_pairs(const task *t, const options *o);

#endif /* ROWS_H */
