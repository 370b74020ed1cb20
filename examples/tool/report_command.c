/* report_command.c - what a run was asked, and the command that makes it again,
 * for `sppo report`                                                         */

#include "report.h"

#include <string.h>

static int is_inside(const sppo_json *json, int node)
{
    return json->node[node].type == SPPO_JSON_OBJECT ||
           json->node[node].type == SPPO_JSON_ARRAY;
}

/* The name of a node of an object. */
static void node_name(const sppo_json *json, int node, char *out, size_t size)
{
    const sppo_json_node *n = &json->node[node];

    snprintf(out, size, "%.*s", (int)(n->name_end - n->name_begin),
             json->text + n->name_begin);
}

/* ==== the settings ======================================================= */

/* Settings that are resolved when the run begins, by what is seen of it. */
static void resolved(const reported_run *run, const char *name, char *value,
                     size_t size)
{
    const int prompts = run->iterations ? run->of[0].best.n : 0;
    const size_t used = strlen(value);

    if ((!strcmp(name, "prompts-per-iteration") && !strcmp(value, "0") &&
         prompts) ||
        (!strcmp(name, "batch") && report_number(run, "batch") > prompts &&
         prompts))
        snprintf(value + used, size - used, ": %d", prompts);
}

static void setting_row(report_book *b, const char *name)
{
    report_page *p = &b->page;
    char first[2 * PATH_ROOM], value[2 * PATH_ROOM];
    int i, differ = 0;

    page_row(p, 0);
    page_cell(p, "%s", name);
    for (i = 0; i < b->runs; i++) {
        reported_run *run = &b->run[i];

        if (!report_setting(run, name, value, sizeof value))
            snprintf(value, sizeof value, "-");
        resolved(run, name, value, sizeof value);
        if (i == 0)
            memcpy(first, value, sizeof first);
        differ += strcmp(first, value) != 0;
        page_cell_text(p, value, strlen(value));
    }
    if (b->runs > 1)
        page_cell(p, "%s", differ ? "differ" : "");
    page_row_end(p, 0);
}

/* Whether one of the runs before has that setting, and so its row. */
static int is_shown(const report_book *b, int runs, const char *name)
{
    int i;

    for (i = 0; i < runs; i++)
        if (sppo_json_find(&b->run[i].json, 0, name) >= 0)
            return 1;
    return 0;
}

/* What its inputs held, by digests. */
static void digest_rows(report_book *b)
{
    const sppo_json *json = &b->run[0].json;
    const int inputs = sppo_json_find(json, 0, "inputs");
    char name[64], value[64];
    report_page *p = &b->page;
    int i, node, other;

    for (node = inputs < 0 ? -1 : json->node[inputs].first; node >= 0;
         node = json->node[node].next) {
        node_name(json, node, name, sizeof name);
        page_row(p, 0);
        page_cell(p, "digest of %s", name);
        for (i = 0; i < b->runs; i++) {
            const sppo_json *of = &b->run[i].json;

            other = sppo_json_find(of, sppo_json_find(of, 0, "inputs"), name);
            snprintf(value, sizeof value, "-");
            if (other >= 0)
                sppo_json_string(of, other, value, sizeof value);
            page_cell(p, "%s", value);
        }
        if (b->runs > 1)
            page_cell(p, "%s", "");
        page_row_end(p, 0);
    }
}

sppo_result report_asked(report_book *b)
{
    report_page *p = &b->page;
    char name[64];
    int i, node;

    page_heading(p, 2, "What was asked");
    page_table(p, "The settings, as the run takes them");
    page_row(p, 1);
    page_cell(p, "setting");
    for (i = 0; i < b->runs; i++)
        page_cell(p, "%s", b->runs > 1 ? b->run[i].name : "value");
    if (b->runs > 1)
        page_cell(p, "%s", "");
    page_row_end(p, 1);
    for (i = 0; i < b->runs; i++) {
        const sppo_json *json = &b->run[i].json;

        for (node = json->node[0].first; node >= 0;
             node = json->node[node].next) {
            node_name(json, node, name, sizeof name);
            if (!is_inside(json, node) && !is_shown(b, i, name))
                setting_row(b, name);
        }
    }
    digest_rows(b);
    page_table_end(p);
    return SPPO_OK;
}

/* ==== the command ======================================================== */

/* As a shell takes it. */
static void add_word(buffer *out, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                               "UVWXYZ0123456789_./:=,+-@%";
    size_t n;

    if (*word && strspn(word, safe) == strlen(word)) {
        buffer_add(out, word, strlen(word));
        return;
    }
    buffer_add(out, "'", 1);
    for (; *word; word += n) {
        n = *word == '\'' ? 1 : strcspn(word, "'");
        if (*word == '\'')
            buffer_add(out, "'\\''", 4);
        else
            buffer_add(out, word, n);
    }
    buffer_add(out, "'", 1);
}

/* A node's text in `text`, which keeps it until the next. */
static const char *node_text(const sppo_json *json, int node, buffer *text)
{
    const sppo_json_node *n = &json->node[node];

    buffer_clear(text);
    if (n->type == SPPO_JSON_STRING)
        buffer_unquote(text, json, node);
    else
        buffer_add(text, json->text + n->begin, n->end - n->begin);
    return text->failed ? "" : text->data;
}

/* The setting as the run began, before anything was amended: its node. */
static int first_value(const sppo_json *json, const char *name)
{
    const int history = sppo_json_find(json, 0, "history");
    char which[64];
    int entry;

    for (entry = history < 0 ? -1 : json->node[history].first; entry >= 0;
         entry = json->node[entry].next) {
        which[0] = 0;
        sppo_json_string(json, sppo_json_find(json, entry, "setting"), which,
                         sizeof which);
        if (!strcmp(which, name))
            return sppo_json_find(json, entry, "from");
    }
    return sppo_json_find(json, 0, name);
}

/* " --name value" of one option of the command, unless it is the default. */
static void add_option(const parser *p, const sppo_json *json, int which,
                       buffer *text, buffer *out)
{
    const option *o = &p->options[which];
    const int node = first_value(json, o->name);
    char own[64];
    const char *standard = option_standard(p, which, own, sizeof own);
    const char *value;

    if (!(o->commands & p->command->bit) || (o->commands & FREE_OPTION) ||
        node < 0 || json->node[node].type == SPPO_JSON_NULL ||
        json->node[node].type == SPPO_JSON_FALSE)
        return;
    value = node_text(json, node, text);
    if (standard && !strcmp(standard, value))
        return;
    buffer_format(out, " \\\n    --%s", o->name);
    if (o->type == OPTION_FLAG)
        return;
    buffer_add(out, " ", 1);
    add_word(out, value);
}

/* What was amended on the way, a command for each. */
static void add_history(const reported_run *run, buffer *text, buffer *out)
{
    const sppo_json *json = &run->json;
    const int history = sppo_json_find(json, 0, "history");
    int entry, at, setting, to;

    for (entry = history < 0 ? -1 : json->node[history].first; entry >= 0;
         entry = json->node[entry].next) {
        at = sppo_json_find(json, entry, "iteration");
        setting = sppo_json_find(json, entry, "setting");
        to = sppo_json_find(json, entry, "to");
        if (setting < 0 || to < 0 || json->node[to].type == SPPO_JSON_NULL)
            continue;
        buffer_format(out, "# stopped in iteration %.0f, or at its end; then\n"
                      "sppo %s --resume --out again --%s ",
                      sppo_json_number(json, at), run->command->name,
                      node_text(json, setting, text));
        add_word(out, node_text(json, to, text));
        buffer_add(out, "\n", 1);
    }
}

/* The table of options is the tool's own, walked for the run's command. */
static void add_command(report_book *b, reported_run *run, buffer *text,
                        buffer *out)
{
    parser *p = &b->t->parse;
    const cli_command *own = p->command;
    char folder[PATH_ROOM];
    int i;

    if (report_setting(run, "folder", folder, sizeof folder)) {
        buffer_format(out, "cd ");
        add_word(out, folder);
        buffer_add(out, "\n", 1);
    }
    buffer_format(out, "sppo %s", run->command->name);
    p->command = run->command;
    for (i = 0; i < p->count; i++)
        add_option(p, &run->json, i, text, out);
    p->command = own;
    buffer_format(out, " \\\n    --out again\n");
    add_history(run, text, out);
}

sppo_result report_command(report_book *b)
{
    buffer text, out;
    sppo_result result = SPPO_OK;
    int i;

    memset(&text, 0, sizeof text);
    memset(&out, 0, sizeof out);
    text.ctx = out.ctx = &b->t->ctx;
    page_heading(&b->page, 2, "The command that makes it again");
    page_say(&b->page, "To the same bits, on any number of threads, while its "
             "inputs have the digests above and the tool is of that version. "
             "What is left out is the default.");
    for (i = 0; i < b->runs && result == SPPO_OK; i++) {
        if (b->runs > 1)
            page_heading(&b->page, 3, b->run[i].name);
        buffer_clear(&out);
        add_command(b, &b->run[i], &text, &out);
        result = buffer_check(&out);
        if (result == SPPO_OK)
            result = buffer_check(&text);
        if (result == SPPO_OK)
            page_code(&b->page, out.data);
    }
    buffer_free(&text);
    buffer_free(&out);
    return result;
}
