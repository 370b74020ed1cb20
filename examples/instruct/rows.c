/* rows.c - rows of JSON in and out; whatever is wrong ends the program */
#define _POSIX_C_SOURCE 200809L  // getline

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

/* Ends the program with a sentence on stderr: there is nothing to save. */
void fail(int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("instruct: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(code);
}

void *reallocate(void *block, size_t count, size_t size)
{
    const int countable = size == 0 || count <= (size_t)-1 / size;
    void *moved = countable ? realloc(block, count * size) : NULL;

    if (moved == NULL)
        fail(EXIT_MEMORY, "out of memory: %llu times %llu bytes were asked for",
             (unsigned long long)count, (unsigned long long)size);
    return moved;
}

/* ==== in ================================================================= */

/* The next row as in->json, an object; false at the end of the file. */
bool next_row(reader *in)
{
    char where[512];
    ssize_t length = getline(&in->buffer, &in->capacity, in->file);
    sppo_result result;

    if (length < 0 && ferror(in->file))
        fail(EXIT_IO, "%s cannot be read: %s", in->name, strerror(errno));
    if (length < 0)
        return false;
    in->line++;
    snprintf(where, sizeof where, "%s line %ld", in->name, in->line);
    if (length > 0 && in->buffer[length - 1] == '\n')
        length--;
    result = sppo_json_parse(&in->ctx, &in->json, in->buffer, (size_t)length,
                             where);
    if (result != SPPO_OK)
        fail(result == SPPO_E_MEMORY ? EXIT_MEMORY : EXIT_INPUT, "%s",
             in->ctx.message);
    if (in->json.node[0].type != SPPO_JSON_OBJECT)
        fail(EXIT_INPUT, "%s: a row must be an object like {\"prompt\":...}",
             where);
    return true;
}

void reader_free(reader *in)
{
    sppo_json_free(&in->ctx, &in->json);
    free(in->buffer);
}

/* A string node, decoded into a block that the caller frees. */
char *row_text(reader *in, int node, const char *what)
{
    size_t length;
    char *out;

    if (node < 0 || in->json.node[node].type != SPPO_JSON_STRING)
        fail(EXIT_INPUT, "%s line %ld: %s must be there and a string",
             in->name, in->line, what);
    length = sppo_json_string(&in->json, node, NULL, 0);
    out = (char *)reallocate(NULL, length + 1, 1);
    sppo_json_string(&in->json, node, out, length + 1);
    if (strlen(out) == length)
        return out;
    free(out);
    fail(EXIT_INPUT, "%s line %ld: %s has a NUL character in it", in->name,
         in->line, what);
    return NULL;
}

/* Whether "finished" says that the row's response was cut. */
int row_is_cut(reader *in)
{
    const int node = sppo_json_find(&in->json, 0, "finished");
    const sppo_json_type type = node < 0 ? SPPO_JSON_TRUE
                                         : in->json.node[node].type;

    if (type != SPPO_JSON_TRUE && type != SPPO_JSON_FALSE)
        fail(EXIT_INPUT, "%s line %ld: \"finished\" must be true or false",
             in->name, in->line);
    return type == SPPO_JSON_FALSE;
}

/* The row's prompt, which the caller frees, and what it asks. */
char *row_prompt(reader *in, const task *t, scene *asked)
{
    char *prompt = row_text(in, sppo_json_find(&in->json, 0, "prompt"),
                            "\"prompt\"");

    if (scene_read(t, prompt, asked))
        return prompt;
    free(prompt);
    fail(EXIT_INPUT, "%s line %ld: \"prompt\" is none of this task's prompts "
         "(\"instruct prompts\" makes them)", in->name, in->line);
    return NULL;
}

/* ==== out ================================================================ */

/* The words of a text, separated by single spaces; the caller frees it. */
char *spell(const task *t, const text *words, const char *end)
{
    size_t length = strlen(end) + 1, at = 0;
    char *out;
    int i;

    for (i = 0; i < words->count; i++)
        length += strlen(t->spelling[words->word[i]]) + 1;
    out = (char *)reallocate(NULL, length, 1);
    for (i = 0; i < words->count; i++) {
        const size_t n = strlen(t->spelling[words->word[i]]);

        if (i > 0)
            out[at++] = ' ';
        memcpy(out + at, t->spelling[words->word[i]], n);
        at += n;
    }
    strcpy(out + at, end);
    return out;
}

char *spell_prompt(const task *t, const scene *s)
{
    text words;

    prompt_words(t, s, &words);
    return spell(t, &words, "\n");
}

/* A random prompt of the family as text, which the caller frees. */
char *draw_prompt(const task *t, dice *d, int family)
{
    scene asked;

    scene_draw(t, d, family, &asked);
    return spell_prompt(t, &asked);
}

/* Prints a string as JSON after `before`, which is printed as it is. */
void print_string(const char *before, const char *value)
{
    const size_t length = strlen(value);
    const size_t quoted = sppo_json_quote(NULL, 0, value, length);
    char *out = (char *)reallocate(NULL, quoted + 1, 1);

    sppo_json_quote(out, quoted + 1, value, length);
    printf("%s%s", before, out);
    free(out);
}
