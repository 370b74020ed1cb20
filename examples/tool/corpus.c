/* corpus.c - the sequences that a policy learns to predict */

#include "corpus.h"
#include "fields.h"
#include "files.h"

#include <string.h>

/* Cuts one text into windows that begin with BOS, so every token is scored; a
 * model without BOS does not score the first.                               */
static sppo_result corpus_add_text(tool *t, corpus *c, const char *text,
                                   size_t length, int *window)
{
    const int first = t->policy.config.bos >= 0;
    const int most = t->policy.config.context - first;
    sppo_lists all;
    sppo_result result;
    int at, n, count;

    memset(&all, 0, sizeof all);
    result = encode(t, text, length, 0, 0, &all);
    count = result == SPPO_OK ? sppo_lists_length(&all, 0) : 0;
    window[0] = t->policy.config.bos;
    for (at = 0; at < count && result == SPPO_OK; at += n) {
        n = count - at < most ? count - at : most;
        memcpy(window + first, sppo_lists_tokens(&all, 0) + at,
               sizeof(int) * (size_t)n);
        result = sppo_lists_add(&t->ctx, &c->root, window, n + first);
        if (result == SPPO_OK)
            result = sppo_lists_add(&t->ctx, &c->child, NULL, 0);
    }
    sppo_lists_free(&t->ctx, &all);
    return result;
}

/* The last part of the text is held out, from the start of a character. */
static sppo_result corpus_from_text(tool *t, corpus *c)
{
    const size_t room = sizeof(int) * (size_t)t->policy.config.context;
    const char *text = t->set.text;
    char *data = NULL;
    size_t size = 0, split;
    int *window;
    sppo_result result;

    TRY(text_read(&t->ctx, &text, &data, &size));
    split = size - share_of(t->set.holdout, size);
    while (split < size && ((unsigned char)data[split] & 0xc0) == 0x80)
        split++;
    window = (int *)sppo_alloc(&t->ctx, room, 1);
    result = window ? corpus_add_text(t, c, data, split, window) : t->ctx.code;
    c->train = c->root.count;
    c->bytes = (double)split;
    c->held_bytes = (double)(size - split);
    if (result == SPPO_OK && split < size)
        result = corpus_add_text(t, c, data + split, size - split, window);
    sppo_release(&t->ctx, window, room);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

/* The current row as one more sequence. */
static sppo_result corpus_add_row(tool *t, corpus *c)
{
    const int context = t->policy.config.context;
    int length, finished;

    TRY(rows_finished(t, 0, &finished));
    if (find_ids(t, "text") >= 0) {
        TRY(encode_field(t, "text", PROMPT, &c->root));
        TRY(sppo_lists_add(&t->ctx, &c->child, NULL, 0));
    } else if (rows_find(&t->rows, "text") >= 0) {
        TRY(rows_text(&t->rows, "text", &t->rows.text));
        TRY(encode(t, t->rows.text.data, t->rows.text.length, 1,
                   response_kind(t, finished) == RESPONSE, &c->root));
        TRY(sppo_lists_add(&t->ctx, &c->child, NULL, 0));
    } else {
        TRY(encode_prompt(t, &c->root));
        TRY(encode_field(t, "response", response_kind(t, finished),
                         &c->child));
    }
    length = sppo_lists_length(&c->root, c->root.count - 1) +
             sppo_lists_length(&c->child, c->child.count - 1);
    if (length > context)
        return rows_fail(&t->rows, "%d tokens do not fit in a context of %d",
                         length, context);
    return SPPO_OK;
}

static sppo_result corpus_from_rows(tool *t, corpus *c)
{
    int i, more = 1;

    TRY(open_rows(t, t->set.jsonl));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(corpus_add_row(t, c));
    }
    c->train = c->root.count
             - (int)share_of(t->set.holdout, (size_t)c->root.count);
    for (i = 0; i < c->root.count; i++) {
        const sppo_lists *scored =
            sppo_lists_length(&c->child, i) ? &c->child : &c->root;
        double *bytes = i < c->train ? &c->bytes : &c->held_bytes;
        *bytes += (double)codec_decode(&t->tok, sppo_lists_tokens(scored, i),
                                       sppo_lists_length(scored, i), NULL, 0);
    }
    return SPPO_OK;
}

static int corpus_scored(const corpus *c, int i)
{
    const int child = sppo_lists_length(&c->child, i);

    return child ? child : sppo_lists_length(&c->root, i) - 1;
}

sppo_result corpus_load(tool *t, corpus *c)
{
    int i;

    TRY(t->set.text ? corpus_from_text(t, c) : corpus_from_rows(t, c));
    for (i = 0; i < c->root.count; i++)
        *(i < c->train ? &c->scored : &c->held_scored) += corpus_scored(c, i);
    if (c->scored == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has nothing to learn",
                         t->set.text ? t->set.text : t->rows.path);
    return SPPO_OK;
}

void corpus_free(tool *t, corpus *c)
{
    sppo_lists_free(&t->ctx, &c->root);
    sppo_lists_free(&t->ctx, &c->child);
}
