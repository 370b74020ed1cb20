/* judgments.c - sppo evaluate --judgments: AlpacaEval's annotations */

#include "judgments.h"
#include "fields.h"
#include "length_control.h"

#include <string.h>

/* Judgments of a model, output_2, against a baseline, output_1. */
typedef struct judgments {
    double *win, *length, *longer;  // length: of the model's, in characters
    int count, room, unjudged;
    buffer names;  // of the baseline and of the model, a NUL after each
    int named;     // the line that gave them
} judgments;

static size_t judgments_bytes(int room)
{
    return (size_t)room * 3 * sizeof(double);
}

static void judgments_free(tool *t, judgments *j)
{
    sppo_release(&t->ctx, j->win, judgments_bytes(j->room));
    buffer_free(&j->names);
}

/* Room for one row more; the arrays share a block. */
static sppo_result judgments_grow(tool *t, judgments *j)
{
    const int room = j->room ? 2 * j->room : 256;
    const size_t used = sizeof(double) * (size_t)j->count;
    double *block;

    if (j->count < j->room)
        return SPPO_OK;
    block = (double *)sppo_alloc(&t->ctx, judgments_bytes(room), 1);
    if (!block)
        return t->ctx.code;
    if (used) {
        memcpy(block, j->win, used);
        memcpy(block + room, j->length, used);
        memcpy(block + 2 * room, j->longer, used);
    }
    sppo_release(&t->ctx, j->win, judgments_bytes(j->room));
    j->room = room;
    j->win = block;
    j->length = block + room;
    j->longer = block + 2 * room;
    return SPPO_OK;
}

/* Characters, not bytes, as Python counts them. */
static sppo_result count_characters(tool *t, const char *key, double *count)
{
    size_t i;

    *count = 0.0;
    TRY(rows_text(&t->rows, key, &t->rows.text));
    for (i = 0; i < t->rows.text.length; i++)
        *count += ((unsigned char)t->rows.text.data[i] & 0xc0) != 0x80;
    return SPPO_OK;
}

/* AlpacaEval's scale: 1, output_1 is better; 2, output_2 is; between, a
 * probability; 1.5, or as older files have it 0, a draw; null: not judged.  */
sppo_result judgment_win(tool *t, double *win, int *judged)
{
    const int node = rows_find(&t->rows, "preference");
    const sppo_json_type type = node < 0 ? SPPO_JSON_NULL
                                         : t->rows.json.node[node].type;
    const double value = sppo_json_number(&t->rows.json, node);
    char seen[VALUE_ROOM];

    *judged = type != SPPO_JSON_NULL;
    *win = value == 0.0 ? 0.5 : value - 1.0;
    if (node < 0)
        return rows_fail(&t->rows, "\"preference\" is missing");
    if (!*judged)
        return SPPO_OK;
    if (type != SPPO_JSON_NUMBER || !(*win >= 0.0 && *win <= 1.0))
        return rows_fail(&t->rows, "\"preference\" must be from 1 (output_1 "
                         "is better) to 2 (output_2 is), 0 for a draw, or "
                         "null, not %s", rows_value(&t->rows, node, seen));
    return SPPO_OK;
}

/* One file, one pair of models: the mean over several would be of none. */
static sppo_result judgments_names(tool *t, judgments *j)
{
    static const char *const keys[] = { "generator_1", "generator_2" };
    size_t at = 0;
    int i;

    for (i = 0; i < 2; i++) {
        const int node = rows_find(&t->rows, keys[i]);
        buffer_clear(&t->rows.text);
        if (node >= 0)
            buffer_unquote(&t->rows.text, &t->rows.json, node);
        TRY(buffer_check(&t->rows.text));
        if (!j->named)
            buffer_add(&j->names, t->rows.text.data,
                       strlen(t->rows.text.data) + 1);
        TRY(buffer_check(&j->names));
        if (strcmp(j->names.data + at, t->rows.text.data) != 0)
            return rows_fail(&t->rows, "\"%s\" is \"%.60s\", but \"%.60s\" "
                             "in %s %d; make a file for each pair of models",
                             keys[i], t->rows.text.data, j->names.data + at,
                             t->rows.array ? "row" : "line", j->named);
        at += strlen(j->names.data + at) + 1;
    }
    if (!j->named)
        j->named = t->rows.array ? t->rows.number : t->rows.line;
    return SPPO_OK;
}

/* The current row as one more judgment; of responses a and b, a is that of the
 * model.                                                                    */
static sppo_result judgments_add(tool *t, judgments *j)
{
    const int soft = rows_find(&t->rows, "response_a") >= 0;
    double baseline;
    int judged = 1;

    TRY(judgments_grow(t, j));
    TRY(count_characters(t, soft ? "response_a" : "output_2",
                         &j->length[j->count]));
    TRY(count_characters(t, soft ? "response_b" : "output_1", &baseline));
    j->longer[j->count] = j->length[j->count] - baseline;
    TRY(soft ? preference_label(t, 1, &j->win[j->count])
             : judgment_win(t, &j->win[j->count], &judged));
    if (!soft)
        TRY(judgments_names(t, j));
    j->count += judged;
    j->unjudged += !judged;
    return SPPO_OK;
}

static sppo_result judgments_report(tool *t, const judgments *j)
{
    length_control c;
    report r;
    double sd;
    const double length = sample_moments(j->length, j->count, &sd);
    const double longer = sample_moments(j->longer, j->count, &sd);

    length_control_measure(&c, j->win, j->longer, j->count);
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "win rate", 100.0 * c.win_rate, 2, "%");
    report_real(&r, "standard error", 100.0 * c.standard_error, 2, "%");
    report_real(&r, "length controlled winrate", 100.0 * c.controlled, 2,
                "%, without instruction difficulties: see --help");
    report_real(&r, "n wins", c.wins, 0, "");
    report_real(&r, "n wins base", c.losses, 0, "");
    report_real(&r, "n draws", c.draws, 0, "");
    report_real(&r, "n total", j->count, 0, "");
    report_real(&r, "n unjudged", j->unjudged, 0, "preference null");
    report_real(&r, "avg length", length, 1, "characters");
    report_real(&r, "avg length base", length - longer, 1, "");
    report_real(&r, "theta", c.theta, 4, "logit of the rate at equal length");
    report_real(&r, "phi", c.phi, 4, "weight of tanh(longer / sd)");
    report_real(&r, "sd", c.sd, 1, "characters, of the difference in length");
    if (c.controlled != c.controlled)
        note(&t->console, "the lengths differ by %.10g in every row: no fit "
             "tells quality from length", longer);
    return report_end(&r);
}

static sppo_result judgments_all(tool *t, judgments *j)
{
    int more = 1;

    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(judgments_add(t, j));
    }
    if (j->count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no judgments",
                         t->rows.path);
    return judgments_report(t, j);
}

sppo_result evaluate_judgments(tool *t)
{
    judgments j;
    sppo_result result;

    memset(&j, 0, sizeof j);
    j.names.ctx = &t->ctx;
    result = judgments_all(t, &j);
    judgments_free(t, &j);
    return result;
}
