/* tokenizer.c - sppo tokenizer: learn a vocabulary from text */

#include "fields.h"
#include "files.h"

#include <string.h>

/* A string, or the contents of a conversation. */
static void collect_text(tool *t, int node, buffer *all)
{
    const sppo_json *json = &t->rows.json;
    int i;

    if (node >= 0 && json->node[node].type == SPPO_JSON_STRING) {
        buffer_unquote(all, json, node);
        buffer_add(all, "\n", 1);
    }
    if (node < 0 || json->node[node].type != SPPO_JSON_ARRAY)
        return;
    for (i = json->node[node].first; i >= 0; i = json->node[i].next) {
        const int content = sppo_json_find(json, i, "content");
        if (content < 0 || json->node[content].type != SPPO_JSON_STRING)
            continue;
        buffer_unquote(all, json, content);
        buffer_add(all, "\n", 1);
    }
}

/* The texts of all rows, a line each. */
static sppo_result collect_texts(tool *t, buffer *all)
{
    static const char *const fields[] = { "text", "prompt", "instruction",
        "response", "chosen", "rejected", "response_a", "response_b" };
    size_t i;
    int more;

    TRY(open_rows(t, t->set.jsonl));
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            return buffer_check(all);
        for (i = 0; i < sizeof fields / sizeof *fields; i++)
            collect_text(t, rows_find(&t->rows, fields[i]), all);
    }
}

static sppo_result tokenizer_learn(tool *t, buffer *all)
{
    const settings *s = &t->set;
    const char *text = s->text;
    char *data = NULL;
    size_t size = 0;

    TRY(output_is_free(&t->ctx, s->out, s->force));
    if (s->jsonl) {
        TRY(collect_texts(t, all));
    } else {
        TRY(text_read(&t->ctx, &text, &data, &size));
        buffer_add(all, data, size);
        sppo_release(&t->ctx, data, size + 1);
        TRY(buffer_check(all));
    }
    if (all->length == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no text",
                         s->jsonl ? t->rows.path : text);
    TRY(sppo_tokenizer_train(&t->ctx, &t->tok.bin, all->data, all->length,
                             s->vocab));
    TRY(sppo_tokenizer_save(&t->ctx, &t->tok.bin, s->out));
    note(&t->console, "%s: %d pieces from %.0f bytes of text", s->out,
         t->tok.bin.vocab, (double)all->length);
    return SPPO_OK;
}

sppo_result run_tokenizer(tool *t)
{
    buffer all;
    sppo_result result;

    memset(&all, 0, sizeof all);
    all.ctx = &t->ctx;
    result = tokenizer_learn(t, &all);
    buffer_free(&all);
    return result;
}
