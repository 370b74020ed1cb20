/* mt_bench.c - the answers to MT-Bench's questions, turn by turn */

#include "mt_bench.h"
#include "fields.h"
#include "judging.h"
#include "questions.h"
#include "writers.h"

#include <string.h>

/* A policy that is asked, question by question. */
typedef struct interview {
    tool *t;
    sppo_sampler sampler;
    row_writer out;
    sppo_lists pieces, answers;  // of a talk; to the question at hand
    buffer form, talk;
    const char *before, *between, *after;  // of --turn-form, or NULL
    int turns, blank;  // of the question; tokens with empty answers
    int questions;
} interview;

/* "\n" in FORM is a new line, as shells make it hard to type one. */
static void form_add(buffer *form, const char *text, const char *end)
{
    for (; text < end; text++) {
        const int line = text[0] == '\\' && text[1] == 'n' && text + 1 < end;

        buffer_add(form, line ? "\n" : text, 1);
        text += line;
    }
    buffer_add(form, "", 1);
}

/* Its three parts, a NUL behind each. */
static sppo_result form_read(interview *v)
{
    static const char question[] = "{question}", answer[] = "{answer}";
    const char *form = v->t->set.turn_form;
    const char *q = form ? strstr(form, question) : NULL;
    const char *a = q ? strstr(q, answer) : NULL;

    if (!form)
        return SPPO_OK;
    if (!a)
        return sppo_fail(&v->t->ctx, SPPO_E_ARGUMENT, "--turn-form must have "
                         "{question} and behind it {answer}, not \"%.60s\"",
                         form);
    form_add(&v->form, form, q);
    form_add(&v->form, q + strlen(question), a);
    form_add(&v->form, a + strlen(answer), form + strlen(form));
    TRY(buffer_check(&v->form));
    v->before = v->form.data;
    v->between = v->before + strlen(v->before) + 1;
    v->after = v->between + strlen(v->between) + 1;
    return SPPO_OK;
}

/* The first question of the current row; the next is next_node. */
static int first_question(const interview *v)
{
    const row_reader *r = &v->t->rows;

    return r->json.node[rows_find(r, "turns")].first;
}

/* The answer to question `turn` behind the talk, unless it is left blank. */
static sppo_result say_answer(interview *v, int turn, int blank)
{
    if (!blank) {
        buffer_decode(&v->out.text, &v->t->tok, &v->answers, turn);
        TRY(buffer_check(&v->out.text));
        buffer_add(&v->talk, v->out.text.data, v->out.text.length);
    }
    return buffer_check(&v->talk);
}

/* In the form of --turn-form: all of it is one text. */
static sppo_result talk_in_form(interview *v, int last, int blank)
{
    int i, node = first_question(v);

    buffer_clear(&v->talk);
    for (i = 0; i <= last; i++, node = next_node(v->t, node)) {
        buffer_add(&v->talk, v->before, strlen(v->before));
        buffer_unquote(&v->talk, &v->t->rows.json, node);
        buffer_add(&v->talk, v->between, strlen(v->between));
        if (i == last)
            break;
        TRY(say_answer(v, i, blank));
        buffer_add(&v->talk, v->after, strlen(v->after));
    }
    TRY(buffer_check(&v->talk));
    return encode(v->t, v->talk.data, v->talk.length, 1, 0, &v->t->prompts);
}

/* As rows are read: BOS question, answer EOS, BOS question. */
static sppo_result talk_as_rows(interview *v, int last, int blank)
{
    tool *t = v->t;
    sppo_lists *p = &v->pieces;
    int i, node = first_question(v);

    sppo_lists_clear(p);
    for (i = 0; i <= last; i++, node = next_node(t, node)) {
        buffer_clear(&v->talk);
        buffer_unquote(&v->talk, &t->rows.json, node);
        TRY(buffer_check(&v->talk));
        TRY(encode(t, v->talk.data, v->talk.length, 1, 0, p));
        if (i == last)
            break;
        buffer_clear(&v->talk);
        TRY(say_answer(v, i, blank));
        TRY(codec_encode_response(&t->ctx, &t->tok, v->talk.data,
                                  v->talk.length, 1, p));
    }
    return sppo_lists_add(&t->ctx, &t->prompts, sppo_lists_tokens(p, 0),
                          p->start[p->count] - p->start[0]);
}

/* The talk up to question `last` becomes the one prompt; blank: with empty
 * answers.                                                                  */
static sppo_result talk_to(interview *v, int last, int blank, int *length)
{
    tool *t = v->t;

    sppo_lists_clear(&t->prompts);
    TRY(v->before ? talk_in_form(v, last, blank)
                  : talk_as_rows(v, last, blank));
    *length = sppo_lists_length(&t->prompts, 0);
    return list_check(t, "turns", &t->prompts);
}

/* Reads the current row as far as the questions go. */
static sppo_result interview_question(interview *v, double *id)
{
    tool *t = v->t;
    const int context = t->policy.config.context;
    int turns;

    TRY(question_row(&t->rows, id, &turns));
    sppo_lists_clear(&v->answers);
    v->turns = t->rows.json.node[turns].count;
    if (v->turns > context)  // each answer takes a token
        return rows_fail(&t->rows, "%d turns, which leave no room for answers "
                         "in a context of %d", v->turns, context);
    TRY(talk_to(v, v->turns - 1, 1, &v->blank));
    if (v->blank + v->turns > context)
        return rows_fail(&t->rows, "the questions have %d tokens, which leaves "
                         "no room for answers in a context of %d", v->blank,
                         context);
    return SPPO_OK;
}

/* All questions are seen before the first is asked. */
static sppo_result interview_check(interview *v)
{
    tool *t = v->t;
    int more;
    double id;

    TRY(open_rows(t, t->set.mt_bench));
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            break;
        TRY(interview_question(v, &id));
        v->questions++;
    }
    if (v->questions == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no questions",
                         t->rows.path);
    rows_rewind(&t->rows);
    return SPPO_OK;
}

static int option_given(const tool *t, const char *name)
{
    const int which = option_find(&t->parse, name, strlen(name));

    return which >= 0 && t->parse.given[which];
}

/* As MT-Bench samples, unless it is told otherwise: texts are to vary, what is
 * right or wrong is not; other categories as the first.                     */
static sppo_sampling interview_sampling(const tool *t, const char *category)
{
    static const struct { const char *category; double temperature; } of[] = {
        { "extraction", 0.0 }, { "math", 0.0 }, { "coding", 0.0 },
        { "reasoning", 0.0 }, { "stem", 0.1 }, { "humanities", 0.1 }
    };
    sppo_sampling how = sampling_settings(&t->set);
    size_t i;

    if (option_given(t, "temperature") || option_given(t, "greedy"))
        return how;
    how.temperature = 0.7;
    for (i = 0; i < sizeof of / sizeof *of; i++)
        if (!strcmp(of[i].category, category))
            how.temperature = of[i].temperature;
    how.greedy = !(how.temperature > 0.0);
    how.temperature = how.greedy ? 1.0 : how.temperature;
    return how;
}

/* The prompt of turn `turn`, and how many tokens its answer may have. */
static sppo_result interview_room(interview *v, int turn, int *room)
{
    tool *t = v->t;
    const int context = t->policy.config.context;
    int blank, length;

    TRY(talk_to(v, turn, 1, &blank));
    TRY(talk_to(v, turn, 0, &length));
    if (length >= context)
        return rows_fail(&t->rows, "turn %d has %d tokens with the answers "
                         "before it, which leaves no room in a context of %d; "
                         "lower --max-tokens", turn + 1, length, context);
    *room = (context - length - (v->blank - blank)) / (v->turns - turn);
    *room = *room > t->set.max_tokens ? t->set.max_tokens
                                      : *room > 1 ? *room : 1;
    return SPPO_OK;
}

static sppo_result interview_turns(interview *v, sppo_sampling how, int asked)
{
    tool *t = v->t;
    const uint64_t key = sppo_random_fork(
        sppo_random_fork((uint64_t)t->set.seed, 1), (uint64_t)asked);
    int turn;

    for (turn = 0; turn < v->turns; turn++) {
        TRY(interview_room(v, turn, &how.max_tokens));
        TRY(sppo_sample(&t->ctx, &v->sampler, &t->policy, &t->prompts, 0, 1,
                        &how, sppo_random_fork(key, (uint64_t)turn),
                        &v->answers));
    }
    return SPPO_OK;
}

/* The same seed makes the same file, so that no time stands in it. */
static sppo_result interview_print(interview *v, double id)
{
    const char *name = v->t->set.model_id ? v->t->set.model_id
                                          : v->t->set.policy;
    buffer *line = &v->out.line;
    int i;

    buffer_clear(&v->out.text);
    buffer_format(&v->out.text, "%s-%.0f", name, id);
    buffer_clear(line);
    buffer_format(line, "{\"question_id\": %.0f, \"answer_id\": ", id);
    buffer_quote(line, v->out.text.data, v->out.text.length);
    buffer_format(line, ", \"model_id\": ");
    buffer_quote(line, name, strlen(name));
    buffer_format(line, ", \"choices\": [{\"index\": 0, \"turns\": [");
    for (i = 0; i < v->turns; i++) {
        buffer_format(line, i ? ", " : "");
        write_text(&v->out, &v->answers, i);
    }
    buffer_format(line, "], ");
    write_finished(&v->out, &v->answers, 0, v->turns);
    buffer_format(line, "}], \"tstamp\": 0}\n");
    return writer_print(&v->out);
}

static sppo_result interview_run(interview *v)
{
    tool *t = v->t;
    int i, more;
    double id, tokens = 0.0;

    TRY(form_read(v));
    TRY(interview_check(v));
    TRY(sppo_sampler_init(&t->ctx, &v->sampler, &t->policy, 1, 1,
                          t->policy.config.context - 1, response_room(t, 1)));
    progress_begin(&t->console, "questions", 0.0, v->questions);
    t->console.later = 0.0;
    for (i = 0; i < v->questions; i++) {
        TRY(rows_next(&t->rows, &more));
        TRY(interview_question(v, &id));
        TRY(interview_turns(v, interview_sampling(t, t->rows.text.data), i));
        TRY(interview_print(v, id));
        tokens += v->answers.start[v->answers.count];
        progress_show(&t->console, i + 1, tokens, "%s", "");
    }
    progress_end(&t->console);
    return SPPO_OK;
}

sppo_result answer_questions(tool *t)
{
    interview v;
    sppo_result result;

    memset(&v, 0, sizeof v);
    v.t = t;
    v.form.ctx = v.talk.ctx = &t->ctx;
    writer_begin(&v.out, t);
    result = interview_run(&v);
    sppo_sampler_free(&t->ctx, &v.sampler);
    sppo_lists_free(&t->ctx, &v.pieces);
    sppo_lists_free(&t->ctx, &v.answers);
    buffer_free(&v.form);
    buffer_free(&v.talk);
    writer_free(&v.out);
    return result;
}
