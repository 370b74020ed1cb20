/* peek.c - what `sppo info` says of the folder of a run and of a file of
 * rows                                                                      */

#include "peek.h"
#include "align.h"
#include "columns.h"
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Little-endian bytes as a number: int32 of 4, double of 8. */
static double peek_number(const unsigned char *bytes, int size)
{
    uint64_t bits = 0;
    uint32_t word;
    int32_t whole;
    double value;
    int i;

    for (i = 0; i < size; i++)
        bits |= (uint64_t)bytes[i] << 8 * i;
    word = (uint32_t)bits;
    memcpy(&whole, &word, sizeof whole);
    memcpy(&value, &bits, sizeof value);
    return size == 4 ? whole : value;
}

/* Where array `name` lies in a safetensors file whose header, of `size` bytes,
 * is json; 0: there is none of `count` such numbers.                        */
static int peek_place(const sppo_json *json, size_t size, const char *name,
                      int count, off_t *at, int *bytes)
{
    const int entry = sppo_json_find(json, 0, name);
    const int place = sppo_json_find(json, entry, "data_offsets");
    char dtype[8];
    double begin, end;

    if (entry < 0 || place < 0 || json->node[place].count != 2)
        return 0;
    sppo_json_string(json, sppo_json_find(json, entry, "dtype"), dtype,
                     sizeof dtype);
    *bytes = !strcmp(dtype, "I32") ? 4 : !strcmp(dtype, "F64") ? 8 : 0;
    begin = sppo_json_number(json, json->node[place].first);
    end = sppo_json_number(json, json->node[json->node[place].first].next);
    if (!*bytes || !(begin >= 0.0 && begin < 9e15) ||
        end - begin != (double)(*bytes * count))
        return 0;
    *at = (off_t)size + 8 + (off_t)begin;
    return 1;
}

/* n bytes from a place of the file on. */
static sppo_result peek_bytes(sppo_ctx *ctx, const char *path, FILE *file,
                              off_t at, void *out, size_t n)
{
    int ok;

    do {
        errno = 0;
        ok = SPPO_IO(fseeko)(file, at, SEEK_SET) == 0 &&
             SPPO_IO(fread)(out, 1, n, file) == n;
    } while (!ok && errno == EINTR);
    if (!ok && feof(file))
        return sppo_fail(ctx, SPPO_E_IO, "cannot read %.300s: it ends too "
                         "soon", path);
    return ok ? SPPO_OK : path_fail(ctx, "read", path);
}

/* A checkpoint's header; NULL and OK: it has none. */
static sppo_result peek_header(sppo_ctx *ctx, const char *path, FILE *file,
                               off_t all, char **header, size_t *size)
{
    unsigned char bytes[8];

    if (all < 8)
        return SPPO_OK;
    TRY(peek_bytes(ctx, path, file, 0, bytes, 8));
    *size = (size_t)bytes[0] | (size_t)bytes[1] << 8 |
            (size_t)bytes[2] << 16 | (size_t)(bytes[3] & 127) << 24;
    if (bytes[4] || bytes[5] || !*size || (off_t)*size >= all)
        return SPPO_OK;
    *header = (char *)sppo_alloc(ctx, *size + 1, 1);
    return *header ? peek_bytes(ctx, path, file, 8, *header, *size)
                   : ctx->code;
}

/* The first `count` numbers of array `name` in a checkpoint, of which only the
 * header is read; *found 0: it has no such array.                           */
static sppo_result peek_numbers(sppo_ctx *ctx, const char *path,
                                const char *name, double *out, int count,
                                int *found)
{
    unsigned char bytes[64];
    FILE *file;
    char *header = NULL;
    size_t size = 0;
    int i, width = 0;
    off_t at = 0;
    struct stat info;
    sppo_json json;
    sppo_result result;

    *found = 0;
    memset(&json, 0, sizeof json);
    if (SPPO_IO(stat)(path, &info) != 0)
        return path_fail(ctx, "look at", path);
    if (!S_ISREG(info.st_mode))
        return SPPO_OK;  // a pipe waits for its writer
    do {
        file = SPPO_IO(fopen)(path, "rb");
    } while (!file && errno == EINTR);
    if (!file)
        return path_fail(ctx, "open", path);
    result = peek_header(ctx, path, file, info.st_size, &header, &size);
    if (header && result == SPPO_OK)
        result = sppo_json_parse(ctx, &json, header, size, path);
    if (header && result == SPPO_OK)
        *found = peek_place(&json, size, name, count, &at, &width);
    if (*found)
        result = peek_bytes(ctx, path, file, at, bytes,
                            (size_t)width * (size_t)count);
    for (i = 0; *found && result == SPPO_OK && i < count; i++)
        out[i] = peek_number(bytes + i * width, width);
    SPPO_IO(fclose)(file);
    sppo_json_free(ctx, &json);
    sppo_release(ctx, header, size + 1);
    return result;
}

/* settings.json as `name value`. */
static void peek_settings(facts *f, const sppo_json *json)
{
    int i;

    if (!f->json)
        printf("settings\n");
    facts_open(f, "settings", '{');
    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        const sppo_json_node *n = &json->node[i];
        if (n->type == SPPO_JSON_OBJECT ||
            (n->type == SPPO_JSON_ARRAY &&
             memchr("rh", json->text[n->name_begin], 2)))
            continue;  // the runs of a study, the history of a run
        fact_value(f, json, i, 24);
    }
    facts_close(f, '}');
}

/* Of what command a run is, and whether there is more of it to do. */
static void peek_command(facts *f, const char *what, const char *command,
                         int unfinished)
{
    fact_text(f, f->json ? "command" : what, command);
    fact_text(f, "state", unfinished ? "unfinished" : "finished");
}

/* Where the result is, or how to get it. */
static void peek_next(facts *f, const char *folder, const char *command,
                      const char *result, int unfinished)
{
    char text[PATH_ROOM + 64];

    if (unfinished)
        snprintf(text, sizeof text, "sppo %s --resume --out %s", command,
                 folder);
    else
        snprintf(text, sizeof text, "%s%s%s", folder, *result ? "/" : "",
                 result);
    fact_text(f, unfinished ? "go_on" : "result", text);
}

/* A run of Algorithm 1, by the state in its checkpoint: iteration, phase, done
 * in this order. What a program may read is a name and a value on a line.   */
static void peek_align(facts *f, const char *path, double iterations,
                       const double *state, int saved, const char *ended)
{
    static const char *const next[] = { "sample", "judge", "judge", "fit",
                                        "fit", "nothing" };
    const int phase = *ended ? SPPO_PHASE_DONE
                    : saved && state[1] >= 0.0 && state[1] < 6.0
                    ? (int)state[1] : 0;
    const char *unit = phase == SPPO_PHASE_FIT ? "steps" : "prompts";

    peek_command(f, "run", "align", phase != SPPO_PHASE_DONE);
    fact_number(f, "iterations", iterations);
    fact_number(f, "iterations_done", saved ? state[0] : 0.0);
    fact_text(f, "next", next[phase]);
    if (phase == SPPO_PHASE_SAMPLE || phase == SPPO_PHASE_JUDGE ||
        phase == SPPO_PHASE_FIT) {
        fact_measure(f, "next_done", saved ? state[2] : 0.0, unit);
        if (f->json)
            fact_text(f, "next_unit", unit);
    }
    if (*ended)
        fact_text(f, "ended", ended);
    peek_next(f, path, "align", "policy", phase != SPPO_PHASE_DONE);
}

/* A run of pretrain or prefer; checkpoint: it has not come to its end. */
static void peek_training(facts *f, const char *path, const char *command,
                          const double *step, const double *steps,
                          int checkpoint)
{
    peek_command(f, "run", command, checkpoint);
    if (checkpoint) {
        fact_number(f, "steps", *steps);
        fact_number(f, "steps_done", *step);
    }
    peek_next(f, path, command, "", checkpoint);
}

/* Whether a run of align whose checkpoint has that state has ended early, by
 * its settings and what it has validated.                                   */
static sppo_result peek_end(sppo_ctx *ctx, const char *folder,
                            const sppo_json *json, const double *state,
                            char *why, size_t size)
{
    const double kl = sppo_json_number(json, sppo_json_find(json, 0,
                                                            "stop-kl"));
    const double looks = sppo_json_number(json, sppo_json_find(json, 0,
                                                               "stop-watch"));
    validations v;

    why[0] = 0;
    if (state[0] < 1.0 || state[1] != SPPO_PHASE_SAMPLE)
        return SPPO_OK;
    TRY(validations_read(ctx, folder, &v));
    validations_stop(&v, kl, looks > 0.0 && looks < 1e6 ? (int)looks : 0, why,
                     size);
    validations_free(ctx, &v);
    return SPPO_OK;
}

sppo_result peek_state(sppo_ctx *ctx, const char *folder,
                       const sppo_json *json, run_state *state)
{
    char checkpoint[PATH_ROOM];
    int known, kind;

    memset(state, 0, sizeof *state);
    state->kind = sppo_json_find(json, 0, "prompts") >= 0 ? RUN_ALIGN
                : sppo_json_find(json, 0, "preferences") >= 0 ? RUN_PREFER
                : RUN_PRETRAIN;
    path_join(checkpoint, folder, "run.safetensors");
    TRY(path_look(ctx, checkpoint, &kind));
    if (!kind)
        return SPPO_OK;
    if (state->kind == RUN_ALIGN) {
        TRY(peek_numbers(ctx, checkpoint, "state", state->align, 8,
                         &state->saved));
        return peek_end(ctx, folder, json, state->align, state->ended,
                        sizeof state->ended);
    }
    state->saved = 1;
    TRY(peek_numbers(ctx, checkpoint, "step", &state->step, 1, &known));
    return peek_numbers(ctx, checkpoint, "steps", &state->steps, 1, &known);
}

static void peek_print(facts *f, const char *path, const sppo_json *json,
                       const run_state *s)
{
    if (s->kind == RUN_ALIGN)
        peek_align(f, path, sppo_json_number(json,
                   sppo_json_find(json, 0, "iterations")), s->align, s->saved,
                   s->ended);
    else
        peek_training(f, path, s->kind == RUN_PREFER ? "prefer" : "pretrain",
                      &s->step, &s->steps, s->saved);
}

sppo_result peek_is_complete(sppo_ctx *ctx, const char *folder, int *complete)
{
    char path[PATH_ROOM], ended[240], *data = NULL;
    double state[8];
    size_t size = 0;
    sppo_json json;
    sppo_result result;
    int saved = 0, kind;

    path_join(path, folder, "run.safetensors");
    TRY(path_look(ctx, path, &kind));
    if (kind)
        TRY(peek_numbers(ctx, path, "state", state, 8, &saved));
    path_join(path, folder, "policy");
    TRY(path_look(ctx, path, &kind));
    *complete = saved && kind && state[1] == SPPO_PHASE_DONE;
    if (!saved || !kind || *complete)
        return SPPO_OK;
    memset(&json, 0, sizeof json);
    path_join(path, folder, "settings.json");
    TRY(sppo_file_read(ctx, path, &data, &size));
    result = sppo_json_parse(ctx, &json, data, size, path);
    if (result == SPPO_OK)
        result = peek_end(ctx, folder, &json, state, ended, sizeof ended);
    *complete = result == SPPO_OK && ended[0];
    sppo_json_free(ctx, &json);
    sppo_release(ctx, data, size + 1);
    return result;
}

/* The runs of a study, and how many are complete. */
static sppo_result peek_study(facts *f, const char *folder,
                              const sppo_json *json)
{
    const int runs = sppo_json_find(json, 0, "runs");
    const int count = runs < 0 ? 0 : json->node[runs].count;
    char path[PATH_ROOM], name[PATH_ROOM - PATH_MOST];
    int i, complete, all = 0;

    for (i = count ? json->node[runs].first : -1; i >= 0;
         i = json->node[i].next) {
        sppo_json_string(json, i, name, sizeof name);
        path_join(path, folder, name);
        TRY(peek_is_complete(f->out.ctx, path, &complete));
        all += complete;
    }
    peek_command(f, "study", "align", all != count);
    fact_number(f, "runs", count);
    fact_number(f, "runs_done", all);
    peek_next(f, folder, "align", "study.csv", all != count);
    return SPPO_OK;
}

sppo_result peek_run(facts *f, sppo_ctx *ctx, int as_json, const char *folder,
                     int *found)
{
    char path[PATH_ROOM], *data = NULL;
    size_t size = 0;
    sppo_json json;
    run_state state;
    sppo_result result;
    int kind, study;

    memset(&json, 0, sizeof json);
    *found = 0;
    path_join(path, folder, "settings.json");
    TRY(path_look(ctx, path, &kind));
    study = !kind;
    if (study) {
        path_join(path, folder, "study.json");
        TRY(path_look(ctx, path, &kind));
    }
    if (!kind)
        return SPPO_OK;
    TRY(sppo_file_read(ctx, path, &data, &size));
    result = sppo_json_parse(ctx, &json, data, size, path);
    *found = result == SPPO_OK && sppo_json_find(&json, 0, "sppo") >= 0;
    if (*found)
        facts_begin(f, ctx, as_json, study ? "study" : "run", "");
    if (*found)
        result = study ? peek_study(f, folder, &json)
                       : peek_state(ctx, folder, &json, &state);
    if (*found && result == SPPO_OK) {
        if (!study)
            peek_print(f, folder, &json, &state);
        peek_settings(f, &json);
    }
    sppo_json_free(ctx, &json);
    sppo_release(ctx, data, size + 1);
    return result;
}

enum { FIELDS_MOST = 64, FIELD_NAME = 39 };

typedef struct field {
    const char *name;  // as it stands in the file
    size_t length;
    int rows;
    unsigned kinds;  // bit t: values of JSON's type t were seen
} field;

typedef struct field_table {
    field of[FIELDS_MOST];
    int count, rows, more;  // more: names that found no room
} field_table;

static void fields_add(field_table *f, const row_reader *r, int node)
{
    const sppo_json_node *n = &r->json.node[node];
    const char *name = r->json.text + n->name_begin;
    const size_t length = n->name_end - n->name_begin;
    int i;

    for (i = 0; i < f->count && (f->of[i].length != length ||
                                 memcmp(f->of[i].name, name, length)); i++) {
    }
    if (i == FIELDS_MOST) {
        f->more = 1;
        return;
    }
    if (i == f->count) {
        memset(&f->of[i], 0, sizeof f->of[i]);
        f->of[i].name = name;
        f->of[i].length = length;
        f->count++;
    }
    f->of[i].rows++;
    f->of[i].kinds |= 1u << n->type;
}

static const char *const json_types[] = { "null", "false", "true", "number",
                                          "text", "list", "object" };

static void field_write(facts *f, const field *of)
{
    int k;

    facts_open(f, NULL, '{');
    fact_quoted(f, "name", of->name, of->length);
    fact_number(f, "rows", of->rows);
    facts_open(f, "types", '[');
    for (k = 0; k < 7; k++)
        if (of->kinds >> k & 1)
            fact_text(f, NULL, json_types[k]);
    facts_close(f, ']');
    facts_close(f, '}');
}

static void field_print(const field *of)
{
    enum { ON_A_LINE = 26, FEW = 3 };
    int k, types = 0, several = 0;

    for (k = 0; k < 7; k++)
        types += (of->kinds >> k & 1) != 0;
    printf("  ");
    show_column(stdout, of->name, text_fits(of->name, of->length, FIELD_NAME),
                ON_A_LINE);
    printf(" %9d  ", of->rows);
    for (k = 0; k < 7; k++)
        if (of->kinds >> k & 1)
            printf("%s%s", several++ ? types > FEW ? "/" : " or " : "",
                   json_types[k]);
    printf("\n");
}

static sppo_result fields_tell(const field_table *table, const row_reader *r,
                               int as_json)
{
    facts f;
    int i;

    facts_begin(&f, r->ctx, as_json, "rows", r->array
                ? "rows of JSON, in one array" : "rows of JSON, one a line");
    fact_flag(&f, "array", r->array);
    fact_number(&f, "rows", table->rows);
    facts_open(&f, "fields", '[');
    for (i = 0; i < table->count; i++)
        if (as_json)
            field_write(&f, &table->of[i]);
        else
            field_print(&table->of[i]);
    facts_close(&f, ']');
    fact_flag(&f, "more_fields", table->more);
    if (table->more && !as_json)
        printf("  and more fields\n");
    return facts_end(&f);
}

sppo_result peek_rows(row_reader *r, int as_json)
{
    field_table table;
    sppo_result result;
    int node, more = 1;

    memset(&table, 0, sizeof table);
    for (;;) {
        result = rows_next(r, &more);
        if (result != SPPO_OK || !more)
            break;
        table.rows++;
        for (node = r->json.node[r->row].first; node >= 0;
             node = r->json.node[node].next)
            fields_add(&table, r, node);
    }
    if (result == SPPO_OK)
        return fields_tell(&table, r, as_json);
    // what is known up to there is of use, and the failure stays what it is
    if (result == SPPO_E_FORMAT && !as_json)
        fields_tell(&table, r, 0);
    return result;
}
