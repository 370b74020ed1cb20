/* preferences.c - rows of preferences, to learn from and held out */

#include "preferences.h"
#include "fields.h"
#include "judging.h"

#include <string.h>

static size_t preferences_bytes(int room)
{
    return (size_t)room * (sizeof(double) + 2 * sizeof(int));
}

void preferences_free(tool *t, preferences *p)
{
    sppo_release(&t->ctx, p->label, preferences_bytes(p->room));
    buffer_free(&p->rejected);
    memset(p, 0, sizeof *p);
}

/* Room for one row more; the arrays share a block. */
static sppo_result preferences_grow(tool *t, preferences *p)
{
    preferences more = *p;
    const size_t used = (size_t)t->prompts.count;

    if (t->prompts.count < p->room)
        return SPPO_OK;
    more.room = p->room ? 2 * p->room : 256;
    more.label = (double *)sppo_alloc(&t->ctx, preferences_bytes(more.room), 1);
    if (!more.label)
        return t->ctx.code;
    more.longer = (int *)(more.label + more.room);
    more.part = more.longer + more.room;
    if (used) {
        memcpy(more.label, p->label, used * sizeof *p->label);
        memcpy(more.longer, p->longer, used * sizeof *p->longer);
        memcpy(more.part, p->part, used * sizeof *p->part);
    }
    sppo_release(&t->ctx, p->label, preferences_bytes(p->room));
    *p = more;
    return SPPO_OK;
}

/* All rows of a prompt fall on one side of the split, whatever the file. */
static int prompt_is_held_out(const buffer *prompt, double share)
{
    uint64_t hash = 1469598103934665603u;  // FNV-1a, then mixed
    size_t i;

    for (i = 0; i < prompt->length; i++)
        hash = (hash ^ (unsigned char)prompt->data[i]) * 1099511628211u;
    return sppo_random_uniform(hash, 0) < share;
}

static int preference_span(const tool *t, int row)
{
    return pref_span(&t->preference, sppo_lists_length(&t->prompts, row),
                     sppo_lists_length(&t->responses, 2 * row),
                     sppo_lists_length(&t->responses, 2 * row + 1));
}

/* Bytes that two texts begin with, as TRL has it: without the last blank. */
static size_t common_prefix(const buffer *a, const buffer *b)
{
    size_t n = 0;

    while (n < a->length && n < b->length && a->data[n] == b->data[n])
        n++;
    while (n > 0 && n < a->length && ((unsigned char)a->data[n] & 0xc0) == 0x80)
        n--;
    return n > 0 && a->data[n - 1] == ' ' ? n - 1 : n;
}

/* A prompt that is not there but in what chosen and rejected begin with: their
 * first message, or of strings *skip bytes.                                 */
static sppo_result implicit_prompt(tool *t, preferences *p, size_t *skip)
{
    const sppo_json *json = &t->rows.json;
    const int chosen = rows_find(&t->rows, "chosen");
    const int rejected = rows_find(&t->rows, "rejected");
    const int talk = chosen >= 0 && json->node[chosen].type == SPPO_JSON_ARRAY;

    if (talk && rejected >= 0 && json->node[chosen].count == 2 &&
        json->node[rejected].count == 2) {
        TRY(message_text(t, "rejected", rejected, 0, "user", &p->rejected));
        TRY(message_text(t, "chosen", chosen, 0, "user", &t->rows.text));
        if (strcmp(p->rejected.data, t->rows.text.data) != 0)
            return rows_fail(&t->rows, "\"chosen\" and \"rejected\" answer "
                             "different prompts");
    } else if (talk) {
        return rows_fail(&t->rows, "\"prompt\" is missing, and \"chosen\" and "
                         "\"rejected\" are not two messages each");
    } else {
        TRY(rows_text(&t->rows, "rejected", &p->rejected));
        TRY(rows_text(&t->rows, "chosen", &t->rows.text));
        *skip = common_prefix(&t->rows.text, &p->rejected);
        if (*skip == 0)
            return rows_fail(&t->rows, "\"prompt\" is missing, and \"chosen\" "
                             "and \"rejected\" begin differently");
        t->rows.text.length = *skip;
    }
    if (!codec_reads_text(&t->tok))
        return rows_fail(&t->rows, "it is text; give ids, for: %s",
                         t->tok.missing);
    return encode(t, t->rows.text.data, t->rows.text.length, 1, 0, &t->prompts);
}

/* A response, without the bytes that were its prompt; its length in bytes, or
 * in tokens where only these are known.                                     */
static sppo_result preference_response(tool *t, const char *key, int what,
                                       size_t skip, size_t *length)
{
    if (skip == 0)
        TRY(encode_field(t, key, what, &t->responses));
    else
        TRY(rows_text(&t->rows, key, &t->rows.text));
    *length = t->rows.text.length;
    if (find_ids(t, key) >= 0)
        *length = (size_t)sppo_lists_length(&t->responses,
                                            t->responses.count - 1);
    if (skip == 0)
        return SPPO_OK;
    return codec_encode_response(&t->ctx, &t->tok, t->rows.text.data + skip,
                                 t->rows.text.length - skip, what == RESPONSE,
                                 &t->responses);
}

/* Counts a row whose two responses are the same, and says which is the first:
 * it is mostly a mistake of the program that wrote it.                      */
static void preference_same(tool *t, preferences *p, int row)
{
    if (lists_same(&t->responses, 2 * row, 2 * row + 1) && p->same++ == 0)
        note(&t->console, "%s: both responses are the same; such a row teaches "
             "nothing", t->rows.where);
}

/* The current row as one more preference. */
static sppo_result preference_add(tool *t, preferences *p)
{
    const int i = t->prompts.count, context = t->preference.config.context;
    const int soft = rows_find(&t->rows, "response_a") >= 0 ||
                     find_ids(t, "response_a") >= 0;
    const char *first = soft ? "response_a" : "chosen";
    const char *second = soft ? "response_b" : "rejected";
    const int implicit = !soft && rows_find(&t->rows, "prompt") < 0 &&
                         find_ids(t, "prompt") < 0;
    size_t length, other, skip = 0;
    int held, finished;

    TRY(preferences_grow(t, p));
    TRY(preference_label(t, soft, &p->label[i]));
    TRY(rows_finished(t, 2, &finished));
    if ((find_ids(t, first) >= 0) != (find_ids(t, second) >= 0))
        return rows_fail(&t->rows, "of \"%s\" and \"%s\" one is text, the "
                         "other ids", first, second);
    TRY(implicit ? implicit_prompt(t, p, &skip)
                 : encode_prompt(t, &t->prompts));
    held = prompt_is_held_out(&t->rows.text, t->set.holdout);
    TRY(preference_response(t, first, response_kind(t, finished), skip,
                            &length));
    TRY(preference_response(t, second,
                            response_kind(t, next_node(t, finished)), skip,
                            &other));
    p->longer[i] = (length > other) - (length < other);
    preference_same(t, p, i);
    p->part[i] = held;
    if (preference_span(t, i) <= context)
        return SPPO_OK;
    if (t->set.strict)
        return rows_fail(&t->rows, "%d tokens do not fit in a context of %d",
                         preference_span(t, i), context);
    p->part[i] = -1;
    p->skipped++;
    return SPPO_OK;
}

int label_is_tie(double label)
{
    return !sppo_beats(label, 0.5) && !sppo_beats(0.5, label);
}

/* Turns the marks in part (0 learn, 1 hold out, -1 skip) into the rows. */
static sppo_result preferences_split(tool *t, preferences *p)
{
    const int count = t->prompts.count;
    const size_t bytes = sizeof(int) * (size_t)count;
    int *mark = (int *)sppo_alloc(&t->ctx, bytes, 1);
    int i, pass, at = 0;

    if (!mark)
        return t->ctx.code;
    memcpy(mark, p->part, bytes);
    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < count; i++)
            if (mark[i] == pass)
                p->part[at++] = i;
        p->train = pass == 0 ? at : p->train;
    }
    sppo_release(&t->ctx, mark, bytes);
    p->held = at - p->train;
    for (i = p->train; i < at; i++)
        p->tied += label_is_tie(p->label[p->part[i]]);
    return SPPO_OK;
}

sppo_result preferences_load(tool *t, preferences *p)
{
    int more = 1;

    p->rejected.ctx = &t->ctx;
    TRY(open_rows(t, t->set.preferences));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(preference_add(t, p));
    }
    if (t->prompts.count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no preferences",
                         t->rows.path);
    TRY(preferences_split(t, p));
    if (p->skipped)
        note(&t->console, "skipped %d of %d rows, longer than the context of "
             "%d", p->skipped, t->prompts.count, t->preference.config.context);
    if (p->same)
        note(&t->console, "%d of %d rows compare a response with itself",
             p->same, t->prompts.count);
    if (p->train == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s leaves no row to learn",
                         t->rows.path);
    return SPPO_OK;
}
