/* writers.c - texts, ids and probabilities, as rows have them */

#include "writers.h"

void write_text(tool *t, const sppo_lists *lists, int list)
{
    buffer_decode(&t->text, &t->tok, lists, list);
    buffer_quote(&t->line, t->text.data, t->text.length);
}

void write_named(tool *t, const char *key, const sppo_lists *lists, int list)
{
    const int text = codec_reads_text(&t->tok);

    buffer_format(&t->line, text ? "\"%s\": " : "\"%s_ids\": ", key);
    if (text)
        write_text(t, lists, list);
    else
        buffer_ids(&t->line, lists, list);
}

void write_finished(tool *t, const sppo_lists *lists, int list, int count)
{
    int i;

    for (i = 0; i < count; i++)
        buffer_format(&t->line, "%s%s", i ? ", " : "\"finished\": [",
                      sppo_finished(&t->policy.config, lists, list + i)
                      ? "true" : "false");
    buffer_add(&t->line, "]", 1);
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
