/* judge_protocol.c - the judge protocol: requests, answers, what is wrong
 * with one                                                                  */

#include "judge_protocol.h"

#include <stdio.h>
#include <string.h>

int excerpt(char *text, size_t length, size_t most)
{
    size_t i, n = length < most ? length : most;

    while (n > 0 && n < length && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    for (i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ')
            text[i] = ' ';
    return (int)n;
}

sppo_result judge_fail(judge_process *j, const sppo_lists *prompts, int prompt,
                       int kind, const char *why, char *received,
                       size_t length)
{
    static const char *const begin[] = { " gave no", "'s", "'s" };
    static const char *const end[] = { "", " is wrong", " is an error" };
    char sentence[200];

    snprintf(sentence, sizeof sentence, "%s", why);  // may be ctx->message
    buffer_decode(&j->text, j->tok, prompts, prompt);
    TRY(buffer_check(&j->text));
    return sppo_fail(j->ctx, SPPO_E_JUDGE, "the judge%s answer to prompt %d "
                     "(\"%.*s\")%s: %s%s%.*s", begin[kind], prompt + 1,
                     excerpt(j->text.data, j->text.length, 50), j->text.data,
                     end[kind], sentence, received ? "; received: " : "",
                     received ? excerpt(received, length, 100) : 0,
                     received ? received : "");
}

static int judge_sees_end(const judge_process *j, const sppo_lists *responses,
                          int i)
{
    return (j->speaker[0] && sppo_finished(j->speaker[0], responses, i)) ||
           (j->speaker[1] && sppo_finished(j->speaker[1], responses, i));
}

sppo_result judge_request(judge_process *j, const sppo_lists *prompts,
                          const sppo_lists *responses, int k, int prompt,
                          int response, double id)
{
    int i;

    buffer_decode(&j->text, j->tok, prompts, prompt);
    buffer_format(&j->out, "{\"prompt\": ");
    buffer_quote(&j->out, j->text.data, j->text.length);
    for (i = 0; i < k; i++) {
        buffer_decode(&j->text, j->tok, responses, response + i);
        buffer_format(&j->out, i ? ", " : ", \"responses\": [");
        buffer_quote(&j->out, j->text.data, j->text.length);
    }
    for (i = 0; i < k; i++)
        buffer_format(&j->out, "%s%s", i ? ", " : "], \"finished\": [",
                      judge_sees_end(j, responses, response + i) ? "true"
                                                                 : "false");
    buffer_format(&j->out, "], \"id\": %.0f}\n", id);
    TRY(buffer_check(&j->text));
    return buffer_check(&j->out);
}

const char *probabilities_read(const sppo_json *json, int k, double *pairwise)
{
    int rows, row, cell, i = 0;

    rows = json->node[0].type == SPPO_JSON_OBJECT
        ? sppo_json_find(json, 0, "probabilities") : -1;
    if (rows < 0 || json->node[rows].type != SPPO_JSON_ARRAY)
        return "it has no array \"probabilities\"";
    if (json->node[rows].count != k)
        return "\"probabilities\" does not have a row for each response";
    for (row = json->node[rows].first; row >= 0; row = json->node[row].next) {
        if (json->node[row].type != SPPO_JSON_ARRAY ||
            json->node[row].count != k)
            return "a row does not have a number for each response";
        for (cell = json->node[row].first; cell >= 0;
             cell = json->node[cell].next) {
            if (json->node[cell].type != SPPO_JSON_NUMBER)
                return "a probability is not a number";
            pairwise[i++] = sppo_json_number(json, cell);
        }
    }
    return NULL;
}

/* What is wrong with the "id" of an answer, or NULL: it has none, or ours. */
static const char *judge_read_id(judge_process *j, double id)
{
    const int node = sppo_json_find(&j->json, 0, "id");

    j->numbered = node >= 0;
    if (node < 0 || (j->json.node[node].type == SPPO_JSON_NUMBER &&
                     sppo_json_number(&j->json, node) == id))
        return NULL;
    j->out_of_step = 1;
    sppo_fail(j->ctx, SPPO_E_JUDGE, "its \"id\" is another than %.0f: the "
              "judge is out of step", id);
    return j->ctx->message;
}

/* What is wrong with the answer in j->json, or NULL; *error: the node of its
 * "error".                                                                  */
static const char *judge_read(judge_process *j, double id, int k,
                              double *pairwise, int *error)
{
    const char *why;

    if (j->json.node[0].type != SPPO_JSON_OBJECT)
        return "it is not a JSON object";
    why = judge_read_id(j, id);
    if (why)
        return why;
    *error = sppo_json_find(&j->json, 0, "error");
    why = *error < 0 ? probabilities_read(&j->json, k, pairwise) : NULL;
    if (why || *error >= 0)
        return why;
    return sppo_preference_check(j->ctx, pairwise, k, 1e-3) == SPPO_OK
        ? NULL : j->ctx->message;
}

/* The sentence of an answer that is an error. */
static sppo_result judge_declined(judge_process *j, const sppo_lists *prompts,
                                  int prompt, int error)
{
    char sentence[200];

    sppo_json_string(&j->json, error, sentence, sizeof sentence);
    sentence[excerpt(sentence, strlen(sentence), sizeof sentence)] = 0;
    return judge_fail(j, prompts, prompt, ERROR_ANSWER, sentence, NULL, 0);
}

/* A line may be as long as numbers for k responses need, many times over. */
static size_t judge_line_most(int k)
{
    return ((size_t)1 << 20) + 64 * (size_t)k * (size_t)k;
}

/* The end of the first line that has come, or NULL. */
static char *judge_line_end(judge_process *j)
{
    char *end = j->in.length > j->searched
        ? (char *)memchr(j->in.data + j->searched, '\n',
                         j->in.length - j->searched) : NULL;

    j->searched = end ? 0 : j->in.length;
    return end;
}

sppo_result judge_take(judge_process *j, const sppo_lists *prompts, int prompt,
                       int i, int k, double *pairwise, int *took)
{
    char *line = j->in.data, *end = judge_line_end(j);
    const size_t length = end ? (size_t)(end - line) : j->in.length;
    const char *why = NULL;
    sppo_result result = SPPO_OK;
    int error = -1;

    *took = end != NULL;
    if (length > judge_line_most(k))
        why = "the line is too long";
    else if (!end)
        return SPPO_OK;
    else if ((j->out_of_step = i >= j->told) != 0)
        why = "it came before its request was sent";
    else
        result = sppo_json_parse(j->ctx, &j->json, line, length, "it");
    if (result == SPPO_E_MEMORY)
        return result;
    if (!why)
        why = result != SPPO_OK ? j->ctx->message
            : judge_read(j, j->id + i, k, pairwise, &error);
    if (why)
        return judge_fail(j, prompts, prompt, WRONG_ANSWER, why, line, length);
    if (error >= 0)
        return judge_declined(j, prompts, prompt, error);
    j->in.length -= length + 1;
    memmove(j->in.data, end + 1, j->in.length);
    return SPPO_OK;
}
