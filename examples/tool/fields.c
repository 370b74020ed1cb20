/* fields.c - the fields of a row, as lists of tokens */

#include "fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

sppo_result message_text(tool *t, const char *key, int node, int which,
                         const char *role, buffer *out)
{
    const sppo_json *json = &t->rows.json;
    int message = json->node[node].first, said, content;
    char found[16];

    while (which-- > 0)
        message = json->node[message].next;
    said = sppo_json_find(json, message, "role");
    content = sppo_json_find(json, message, "content");
    sppo_json_string(json, said, found, sizeof found);
    if (said < 0 || content < 0 || strcmp(found, role) != 0 ||
        json->node[content].type != SPPO_JSON_STRING)
        return rows_fail(&t->rows, "\"%s\" must have {\"role\": \"%s\", "
                         "\"content\": TEXT} there; write other conversations "
                         "as one string, in the form the model learned", key,
                         role);
    buffer_clear(out);
    buffer_unquote(out, json, content);
    return buffer_check(out);
}

/* The text of a field: a string, or a conversation that ends with it. */
static sppo_result field_text(tool *t, const char *key, int answer,
                              buffer *out)
{
    const sppo_json *json = &t->rows.json;
    const int node = rows_find(&t->rows, key);
    const int count = node < 0 ? 0 : json->node[node].count;

    if (node < 0 || json->node[node].type != SPPO_JSON_ARRAY ||
        (count && json->node[json->node[node].first].type == SPPO_JSON_STRING))
        return rows_text(&t->rows, key, out);
    if (count < 1 || count > 1 + answer)
        return rows_fail(&t->rows, "\"%s\" has %d messages; a question and its "
                         "answer are read: write the rest as one string, in "
                         "the form the model learned", key, count);
    return message_text(t, key, node, count - 1,
                        answer ? "assistant" : "user", out);
}

sppo_result ids_list(tool *t, const char *key, int node, sppo_lists *lists)
{
    const sppo_json *json = &t->rows.json;
    const size_t most = (size_t)json->node[node].count + 1;
    const int vocab = model_config(t)->vocab;
    char seen[VALUE_ROOM];
    int *token, i, count = 0;
    sppo_result result = SPPO_OK;

    if (json->node[node].type != SPPO_JSON_ARRAY)
        return rows_fail(&t->rows, "\"%s\" must be an array of token ids, "
                         "not %s", key, rows_value(&t->rows, node, seen));
    token = (int *)sppo_alloc(&t->ctx, most, sizeof(int));
    if (!token)
        return t->ctx.code;
    buffer_clear(&t->rows.text);
    for (i = json->node[node].first; i >= 0; i = json->node[i].next) {
        const double id = json->node[i].type == SPPO_JSON_NUMBER
            ? sppo_json_number(json, i) : -1.0;
        if (!(id >= 0.0 && id < vocab) || id != floor(id))
            result = rows_fail(&t->rows, "\"%s\" has %s, which is no id of "
                               "the vocabulary of %d", key,
                               rows_value(&t->rows, i, seen), vocab);
        if (result)
            break;
        token[count++] = (int)id;
        buffer_format(&t->rows.text, "%d ", (int)id);
    }
    if (result == SPPO_OK)
        result = sppo_lists_add(&t->ctx, lists, token, count);
    sppo_release(&t->ctx, token, most * sizeof(int));
    return result == SPPO_OK ? buffer_check(&t->rows.text) : result;
}

sppo_result list_check(tool *t, const char *key, const sppo_lists *lists)
{
    if (sppo_lists_length(lists, lists->count - 1) > 0)
        return SPPO_OK;
    return rows_fail(&t->rows, "\"%s\" has no token, not even BOS or EOS", key);
}

int find_ids(const tool *t, const char *key)
{
    char name[48];

    snprintf(name, sizeof name, "%s_ids", key);
    return rows_find(&t->rows, name);
}

sppo_result rows_finished(tool *t, int count, int *node)
{
    const sppo_json *json = &t->rows.json;
    const int all = rows_find(&t->rows, "finished");
    const int list = all >= 0 && json->node[all].type == SPPO_JSON_ARRAY;
    int i;

    *node = list ? json->node[all].first : all;
    if (all >= 0 && (list ? count == 0 || json->node[all].count != count
                          : count > 0))
        return rows_fail(&t->rows, count ? "\"finished\" must be a list of %d, "
                         "true or false for each response" : "\"finished\" "
                         "must be true or false", count);
    for (i = *node; i >= 0; i = list ? json->node[i].next : -1)
        if (json->node[i].type != SPPO_JSON_TRUE &&
            json->node[i].type != SPPO_JSON_FALSE)
            return rows_fail(&t->rows, "\"finished\" must be true or false%s",
                             list ? " for each response" : "");
    return SPPO_OK;
}

int response_kind(const tool *t, int node)
{
    return node >= 0 && t->rows.json.node[node].type == SPPO_JSON_FALSE
        ? CUT_RESPONSE : RESPONSE;
}

int next_node(const tool *t, int node)
{
    return node < 0 ? -1 : t->rows.json.node[node].next;
}

sppo_result encode_field(tool *t, const char *key, int what, sppo_lists *lists)
{
    const int ids = find_ids(t, key);
    buffer *text = &t->rows.text;
    char name[48];

    snprintf(name, sizeof name, "%s_ids", key);
    if (ids >= 0) {
        TRY(ids_list(t, name, ids, lists));
        return list_check(t, name, lists);
    }
    TRY(field_text(t, key, what != PROMPT, text));
    if (!codec_reads_text(&t->tok))
        return rows_fail(&t->rows, "\"%s\" is a text; \"%s\" is what can be "
                         "read, for: %s", key, name, t->tok.missing);
    if (what == PROMPT)
        TRY(encode(t, text->data, text->length, 1, 0, lists));
    else
        TRY(codec_encode_response(&t->ctx, &t->tok, text->data, text->length,
                                  what == RESPONSE, lists));
    return list_check(t, key, lists);
}

sppo_result encode_prompt(tool *t, sppo_lists *lists)
{
    const int named = rows_find(&t->rows, "prompt") >= 0 ||
                      find_ids(t, "prompt") >= 0;

    return encode_field(t, named || rows_find(&t->rows, "instruction") < 0
                        ? "prompt" : "instruction", PROMPT, lists);
}

sppo_result open_rows(tool *t, const char *path)
{
    if (t->rows.ctx)
        rows_close(&t->rows);
    return rows_open(&t->rows, &t->ctx, path);
}

static sppo_result encode_gold(tool *t, sppo_lists *gold)
{
    int finished, length;

    TRY(rows_finished(t, 0, &finished));
    TRY(encode_field(t, "response", response_kind(t, finished), gold));
    length = sppo_lists_length(gold, gold->count - 1);
    if (length > t->set.max_tokens)
        return rows_fail(&t->rows, "the response has %d tokens, --max-tokens "
                         "is %d", length, t->set.max_tokens);
    return SPPO_OK;
}

sppo_result load_prompts(tool *t, const char *path, sppo_lists *lists,
                         sppo_lists *gold)
{
    const int context = t->policy.config.context;
    int more, length;

    TRY(open_rows(t, path));
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            break;
        TRY(encode_prompt(t, lists));
        length = sppo_lists_length(lists, lists->count - 1);
        if (length >= context)
            return rows_fail(&t->rows, "the prompt has %d tokens, which "
                             "leaves no room for a response in a context of "
                             "%d", length, context);
        if (gold)
            TRY(encode_gold(t, gold));
    }
    if (lists->count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no prompts",
                         t->rows.path);
    return SPPO_OK;
}

sppo_result preference_label(tool *t, int soft, double *label)
{
    row_reader *r = &t->rows;
    const char *key = soft || rows_find(r, "prob_a") >= 0 ? "prob_a"
                                                          : "chosen_probs";
    const int node = rows_find(r, key);
    char seen[VALUE_ROOM];

    *label = 1.0;
    if (node < 0 && !soft)
        return SPPO_OK;
    if (node < 0)
        return rows_fail(r, "\"%s\" is missing", key);
    if (r->json.node[node].type != SPPO_JSON_NUMBER)
        return rows_fail(r, "\"%s\" must be a number, not %s", key,
                         rows_value(r, node, seen));
    *label = sppo_json_number(&r->json, node);
    if (!(*label >= 0.0 && *label <= 1.0))
        return rows_fail(r, "\"%s\" must be from 0 to 1, not %.10g", key,
                         *label);
    return SPPO_OK;
}
