/* writers.c - texts, ids and probabilities, as rows have them */

#include "writers.h"

#include <stdio.h>
#include <unistd.h>

void writer_begin(row_writer *w, tool *t)
{
    w->line.ctx = w->text.ctx = &t->ctx;
    w->tok = &t->tok;
    w->policy = &t->policy.config;
    w->console = &t->console;
}

void writer_free(row_writer *w)
{
    buffer_free(&w->line);
    buffer_free(&w->text);
}

sppo_result writer_check(const row_writer *w)
{
    TRY(buffer_check(&w->text));
    return buffer_check(&w->line);
}

sppo_result writer_print(const row_writer *w)
{
    TRY(writer_check(w));
    if (isatty(1)) {
        progress_end(w->console);
        show_text(stdout, w->line.data, w->line.length);
    } else {
        fwrite(w->line.data, 1, w->line.length, stdout);
    }
    return SPPO_OK;
}

void write_plain(row_writer *w, const sppo_lists *lists, int list)
{
    buffer_decode(&w->text, w->tok, lists, list);
    buffer_add(&w->line, w->text.data, w->text.length);
    buffer_add(&w->line, "\n", 1);
}

void write_text(row_writer *w, const sppo_lists *lists, int list)
{
    buffer_decode(&w->text, w->tok, lists, list);
    buffer_quote(&w->line, w->text.data, w->text.length);
}

void write_named(row_writer *w, const char *key, const sppo_lists *lists,
                 int list)
{
    const int text = codec_reads_text(w->tok);

    buffer_format(&w->line, text ? "\"%s\": " : "\"%s_ids\": ", key);
    if (text)
        write_text(w, lists, list);
    else
        buffer_ids(&w->line, lists, list);
}

void write_finished(row_writer *w, const sppo_lists *lists, int list,
                    int count)
{
    int i;

    for (i = 0; i < count; i++)
        buffer_format(&w->line, "%s%s", i ? ", " : "\"finished\": [",
                      sppo_finished(w->policy, lists, list + i)
                      ? "true" : "false");
    buffer_add(&w->line, "]", 1);
}

void write_probabilities(buffer *out, const double *pairwise, int k)
{
    int i, j;

    buffer_format(out, "\"probabilities\": [");
    for (i = 0; i < k; i++) {
        buffer_format(out, i ? ", [" : "[");
        for (j = 0; j < k; j++) {
            buffer_format(out, j ? ", " : "");
            buffer_number(out, pairwise[i * k + j], 17);
        }
        buffer_add(out, "]", 1);
    }
    buffer_add(out, "]", 1);
}
