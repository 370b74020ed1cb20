/* score.c - sppo score: log pi(y|x) of given responses */

#include "fields.h"

#include <stdio.h>
#include <string.h>

/* The current row's prompt and response, as lists 0. */
static sppo_result score_read(tool *t)
{
    int prompt, response, finished;

    sppo_lists_clear(&t->prompts);
    sppo_lists_clear(&t->responses);
    TRY(rows_finished(t, 0, &finished));
    TRY(encode_prompt(t, &t->prompts));
    TRY(encode_field(t, "response", response_kind(t, finished), &t->responses));
    prompt = sppo_lists_length(&t->prompts, 0);
    response = sppo_lists_length(&t->responses, 0);
    if (prompt + response > t->policy.config.context)
        return rows_fail(&t->rows, "%d tokens do not fit in a context of %d",
                         prompt + response, t->policy.config.context);
    return SPPO_OK;
}

/* A row at a time: the prompt and its response are a tree of two segments. */
typedef struct scorer {
    tool *t;
    sppo_forest forest;
    sppo_activations acts;
    buffer line;  // its answer
} scorer;

static sppo_result score_row(scorer *s)
{
    tool *t = s->t;
    sppo_forest *f = &s->forest;
    int i, root, child;

    TRY(score_read(t));
    sppo_forest_clear(f);
    root = sppo_forest_add(f, -1, sppo_lists_tokens(&t->prompts, 0),
                           sppo_lists_length(&t->prompts, 0), 0);
    child = sppo_forest_add(f, root, sppo_lists_tokens(&t->responses, 0),
                            sppo_lists_length(&t->responses, 0), 1);
    TRY(sppo_forward(&t->ctx, &s->acts, &t->policy, f));
    buffer_clear(&s->line);
    buffer_format(&s->line, "{\"logprob\": ");
    buffer_number(&s->line, sppo_segment_logprob(&s->acts, f, child), 9);
    buffer_format(&s->line, ", \"tokens\": %d",
                  sppo_lists_length(&t->responses, 0));
    for (i = f->start[child]; t->set.per_token && i < f->start[child + 1];
         i++) {
        buffer_format(&s->line, i > f->start[child]
                      ? ", " : ", \"token_logprobs\": [");
        buffer_number(&s->line, s->acts.logprob[i], 9);
    }
    if (t->set.per_token) {
        buffer_add(&s->line, "], \"response_ids\": ", 19);
        buffer_ids(&s->line, &t->responses, 0);
    }
    buffer_add(&s->line, "}\n", 2);
    TRY(buffer_check(&s->line));
    fputs(s->line.data, stdout);
    return SPPO_OK;
}

/* All rows are read once before the first answer: a bad one at the end must
 * not be found after hours.                                                 */
static sppo_result score_check(tool *t)
{
    int more = 1;

    TRY(open_rows(t, t->set.jsonl));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(score_read(t));
    }
    rows_rewind(&t->rows);
    return SPPO_OK;
}

static sppo_result score_rows(scorer *s)
{
    tool *t = s->t;
    const int context = t->policy.config.context;
    int more = 1;

    TRY(sppo_forest_init(&t->ctx, &s->forest, context, 2));
    TRY(sppo_activations_init(&t->ctx, &s->acts, &t->policy, context, 2, 0,
                              SPPO_FORWARD));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(score_row(s));
    }
    return SPPO_OK;
}

sppo_result run_score(tool *t)
{
    scorer s;
    sppo_result result;

    TRY(load_model(t, t->set.policy, 0, &t->policy, &t->tok));
    TRY(score_check(t));
    memset(&s, 0, sizeof s);
    s.t = t;
    s.line.ctx = &t->ctx;
    result = score_rows(&s);
    sppo_activations_free(&t->ctx, &s.acts);
    sppo_forest_free(&t->ctx, &s.forest);
    buffer_free(&s.line);
    return result;
}
