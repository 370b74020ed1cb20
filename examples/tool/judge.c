/* judge.c - sppo judge: answer the judge protocol */

#include "fields.h"
#include "judging.h"
#include "writers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* One response of a request: a text, or the ids of it. */
static sppo_result judge_read_response(tool *t, int node, int ids, int what)
{
    buffer *text = &t->rows.text;
    char seen[VALUE_ROOM];

    if (ids) {
        TRY(ids_list(t, "responses_ids", node, &t->responses));
        return list_check(t, "responses_ids", &t->responses);
    }
    if (t->rows.json.node[node].type != SPPO_JSON_STRING)
        return rows_fail(&t->rows, "a response must be a string, not %s",
                         rows_value(&t->rows, node, seen));
    buffer_clear(text);
    buffer_unquote(text, &t->rows.json, node);
    TRY(buffer_check(text));
    TRY(codec_encode_response(&t->ctx, &t->tok, text->data, text->length,
                              what == RESPONSE, &t->responses));
    return list_check(t, "responses", &t->responses);
}

/* Prompt and responses of the current request, as lists 0 and 0 .. k - 1. */
static sppo_result judge_read_request(tool *t, int *k)
{
    const sppo_json *json = &t->rows.json;
    const int ids = find_ids(t, "responses");
    const int node = ids >= 0 ? ids : rows_find(&t->rows, "responses");
    int i, finished;

    sppo_lists_clear(&t->prompts);
    sppo_lists_clear(&t->responses);
    TRY(encode_prompt(t, &t->prompts));
    if (node < 0 || json->node[node].type != SPPO_JSON_ARRAY)
        return rows_fail(&t->rows, "\"responses\" must be an array");
    *k = json->node[node].count;
    if (*k < 2)
        return rows_fail(&t->rows, "\"responses\" has %d; it takes two to "
                         "compare", *k);
    if (*k > 1000)  // no option asks for more, and pairs are k times k
        return rows_fail(&t->rows, "\"responses\" has %d; it may have 1000",
                         *k);
    TRY(rows_finished(t, *k, &finished));
    for (i = json->node[node].first; i >= 0; i = json->node[i].next) {
        TRY(judge_read_response(t, i, ids >= 0, response_kind(t, finished)));
        finished = next_node(t, finished);
    }
    if (pref_make_room(&t->by, &t->prompts, &t->responses, *k,
                       t->rows.line - 1))
        return t->ctx.code == SPPO_E_MEMORY ? SPPO_E_MEMORY
            : rows_fail(&t->rows, "%s", t->ctx.message);
    return SPPO_OK;
}

/* What a request calls itself, its answer repeats: a number or a string. */
static sppo_result judge_write_id(tool *t, buffer *answer)
{
    const sppo_json *json = &t->rows.json;
    const int id = rows_find(&t->rows, "id");
    const sppo_json_node *node = &json->node[id < 0 ? 0 : id];

    if (id < 0)
        return SPPO_OK;
    if (node->type == SPPO_JSON_STRING) {
        buffer_clear(&t->rows.text);
        buffer_unquote(&t->rows.text, json, id);
        buffer_format(answer, "\"id\": ");
        buffer_quote(answer, t->rows.text.data, t->rows.text.length);
    } else if (node->type == SPPO_JSON_NUMBER) {
        buffer_format(answer, "\"id\": %.*s", (int)(node->end - node->begin),
                      json->text + node->begin);
    } else {
        return rows_fail(&t->rows, "\"id\" must be a number or a string");
    }
    buffer_add(answer, ", ", 2);
    return buffer_check(&t->rows.text);
}

/* The current request's answer, as far as it goes well. */
static sppo_result judge_answer(tool *t, buffer *answer)
{
    double *pairwise;
    size_t entries;
    sppo_result result;
    int k = 0;

    TRY(judge_write_id(t, answer));
    TRY(judge_read_request(t, &k));
    entries = cells(1, k);
    pairwise = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    if (!pairwise)
        return t->ctx.code;
    result = sppo_pref_fill(&t->ctx, &t->by.pref, &t->prompts, &t->responses, k,
                            0, 1, pairwise);
    if (result == SPPO_OK)
        write_probabilities(answer, pairwise, k);
    sppo_release(&t->ctx, pairwise, entries * sizeof(double));
    return result;
}

/* Answers one line, with an error when the request is to blame for it:
 * *declined counts those. Other failures are returned.                      */
static sppo_result judge_line(tool *t, buffer *answer, const char *line,
                              size_t length, int *declined)
{
    char why[sizeof t->ctx.message];
    sppo_result result;

    buffer_clear(answer);
    buffer_add(answer, "{", 1);
    result = rows_take(&t->rows, line, length);
    if (result == SPPO_OK)
        result = judge_answer(t, answer);
    if (result != SPPO_OK && result != SPPO_E_FORMAT &&
        result != SPPO_E_ARGUMENT && result != SPPO_E_MEMORY)
        return result;
    if (result != SPPO_OK) {
        snprintf(why, sizeof why, "%s", t->ctx.message);
        if (!(*declined)++)
            note(&t->console, "%s", why);
        buffer_format(answer, "\"error\": ");
        buffer_quote(answer, why, strlen(why));
    }
    buffer_add(answer, "}\n", 2);
    TRY(buffer_check(answer));
    fputs(answer->data, stdout);
    return output_check(&t->ctx);  // who asked is waiting for it
}

sppo_result run_judge(tool *t)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    sppo_result result = SPPO_OK;
    buffer answer;
    int declined = 0, requests = 0;

    TRY(load_model(t, t->set.preference, 1, &t->preference, &t->tok));
    memset(&answer, 0, sizeof answer);
    answer.ctx = &t->ctx;
    rows_begin(&t->rows, &t->ctx, "standard input");
    while (result == SPPO_OK && (length = getline(&line, &room, stdin)) > 0) {
        t->rows.line++;
        if (!line[strspn(line, " \t\r\n")])
            continue;
        requests++;
        result = judge_line(t, &answer, line, (size_t)length, &declined);
    }
    free(line);
    buffer_free(&answer);
    TRY(result);
    if (ferror(stdin))
        return sppo_fail(&t->ctx, SPPO_E_IO, "cannot read standard input: %s",
                         strerror(errno));
    if (declined)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%d of %d requests have an "
                         "\"error\" for an answer", declined, requests);
    return SPPO_OK;
}
