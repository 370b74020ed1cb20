/* run_settings.c - settings.json: written when a run begins, adopted by
 * --resume                                                                  */

#include "run_folder.h"
#include "files.h"

#include <string.h>
#include <unistd.h>

void setting_value(const option *o, const char *text, buffer *out)
{
    if (!text)
        buffer_format(out, "null");
    else if (o->type == OPTION_TEXT || o->type == OPTION_CHOICE)
        buffer_quote(out, text, strlen(text));
    else
        buffer_add(out, text, strlen(text));
}

/* The settings, open at their end. */
static void settings_write_options(const parser *p, buffer *out)
{
    char value[PATH_ROOM];
    int i;

    buffer_format(out, "{\"sppo\": \"%s\"", sppo_version());
    for (i = 0; i < p->count; i++) {
        if (!option_matters(p, i))
            continue;
        option_value(p, i, value, sizeof value);
        buffer_format(out, ",\n \"%s\": ", p->options[i].name);
        setting_value(&p->options[i], value, out);
    }
}

void settings_write_folder(buffer *out)
{
    char here[PATH_ROOM];

    if (getcwd(here, sizeof here)) {
        buffer_format(out, ",\n \"folder\": ");
        buffer_quote(out, here, strlen(here));
    }
}

static void settings_write_inputs(const run_folder *f, buffer *out)
{
    int i;

    buffer_format(out, ",\n \"inputs\": {");
    for (i = 0; i < f->inputs; i++)
        buffer_format(out, "%s\"%s\": \"%s\"", i ? ", " : "",
                      f->input[i].name, f->input[i].digest);
    buffer_format(out, "}");
}

int setting_is_amended(const parser *p, int which)
{
    const unsigned kind = p->options[which].commands;

    return p->changed[which] && (kind & AMENDED_OPTION) &&
           !((kind & CONTENT_OPTION) && p->was[which] && p->given[which]);
}

/* "history": what was amended before, and what is now, at `unit` number at. */
static void settings_write_history(const run_folder *f, const char *unit,
                                   int at, buffer *out)
{
    const parser *p = f->parse;
    char value[PATH_ROOM];
    int i, count = p->history != NULL;

    if (count)
        buffer_format(out, ",\n \"history\": [%s", p->history);
    for (i = 0; i < p->count; i++) {
        if (!setting_is_amended(p, i))
            continue;
        buffer_format(out, count++ ? ",\n  " : ",\n \"history\": [");
        buffer_format(out, "{\"%s\": %d, \"setting\": \"%s\", \"from\": ",
                      unit, at, p->options[i].name);
        setting_value(&p->options[i], p->was[i], out);
        buffer_format(out, ", \"to\": ");
        option_value(p, i, value, sizeof value);
        setting_value(&p->options[i], p->given[i] ? value : NULL, out);
        buffer_format(out, "}");
    }
    buffer_format(out, count ? "]" : "");
}

sppo_result run_settings_write(run_folder *f, int resumed, const char *unit,
                               int at)
{
    const parser *p = f->parse;
    buffer *out = &f->text;
    int i, changes = 0;

    for (i = 0; i < p->count; i++)
        changes += p->changed[i];
    if (resumed && !changes)
        return SPPO_OK;
    buffer_clear(out);
    settings_write_options(p, out);
    settings_write_folder(out);
    settings_write_inputs(f, out);
    settings_write_history(f, unit, at, out);
    buffer_add(out, "}\n", 2);
    TRY(buffer_check(out));
    return sppo_file_write(out->ctx, f->settings, out->data, out->length);
}

const char *setting_text(parser *p, const sppo_json *json, int node)
{
    const sppo_json_node *n = &json->node[node];
    const size_t at = p->kept.length;

    if (n->type == SPPO_JSON_STRING)
        buffer_unquote(&p->kept, json, node);
    else
        buffer_add(&p->kept, json->text + n->begin, n->end - n->begin);
    buffer_add(&p->kept, "", 1);
    return p->kept.failed ? "" : p->kept.data + at;
}

int option_rival(const parser *p, int which)
{
    const char *word = p->command->needs;

    while (*word) {
        int among = 0, rival = -1;
        size_t n = 0;
        for (; *word && !strchr(" ,", *word); word += n + (word[n] == '|')) {
            int other;
            n = strcspn(word, "| ,");
            other = option_find(p, word, n);
            among |= other == which;
            if (other >= 0 && other != which && p->given[other])
                rival = other;
        }
        if (among)
            return rival;
        word += strspn(word, " ,");
    }
    return -1;
}

/* Takes one setting, or makes sure that it agrees with what was given. */
static sppo_result setting_adopt(parser *p, int which, const char *text,
                                 const char *path)
{
    const option *o = &p->options[which];
    const int rival = option_rival(p, which);
    char value[PATH_ROOM];

    if (rival >= 0 &&
        (o->commands & p->options[rival].commands & AMENDED_OPTION)) {
        p->was[which] = text;
        p->changed[which] = p->changed[rival] = 1;
        return SPPO_OK;
    }
    option_value(p, which, value, sizeof value);
    if (!p->given[which] || !strcmp(value, text)) {
        p->given[which] = 1;
        return option_set(p, which, text);
    }
    if (!(o->commands & (CONTENT_OPTION | AMENDED_OPTION)))
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s is %.80s, but %.80s in %s", o->name, value,
                         text, path);
    p->was[which] = text;
    p->changed[which] = 1;
    return SPPO_OK;
}

sppo_result setting_locate(parser *p, int which, const char *path)
{
    const option *o = &p->options[which];
    const char *name = *(const char **)option_field(p, which);
    const size_t at = p->kept.length;
    int kind;

    TRY(path_look(p->ctx, name, &kind));
    if (kind || !strcmp(name, "-"))
        return SPPO_OK;
    if (p->folder && *name != '/') {
        buffer_format(&p->kept, "%s/%s", p->folder, name);
        buffer_add(&p->kept, "", 1);
        TRY(buffer_check(&p->kept));
        TRY(path_look(p->ctx, p->kept.data + at, &kind));
        if (kind) {
            p->was[which] = name;
            p->changed[which] = 1;
            return option_set(p, which, p->kept.data + at);
        }
    }
    return sppo_fail(p->ctx, SPPO_E_IO, "%.200s, the --%s of %.200s, is not "
                     "there%s%.200s; give --%s again", name, o->name, path,
                     p->folder && *name != '/' ? ", nor in " : "",
                     p->folder && *name != '/' ? p->folder : "", o->name);
}

/* All of the object: settings, and what else is remembered. */
static sppo_result settings_take(parser *p, const sppo_json *json,
                                 const char *path, unsigned char *kept)
{
    int i, which;

    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        const sppo_json_node *n = &json->node[i];
        const char *key = json->text + n->name_begin;
        const size_t length = n->name_end - n->name_begin;
        const char *text = setting_text(p, json, i);

        TRY(buffer_check(&p->kept));
        which = option_find(p, key, length);
        if (which < 0 && length == 6 && !strncmp(key, "folder", 6))
            p->folder = text;
        if (which < 0 && length == 7 && !strncmp(key, "history", 7) &&
            n->type == SPPO_JSON_ARRAY) {
            p->kept.data[p->kept.length - 2] = 0;  // without its brackets
            p->history = text + 1;
        }
        if (which < 0 || (p->options[which].commands & FREE_OPTION))
            continue;
        kept[which] = 1;
        TRY(setting_adopt(p, which, text, path));
    }
    return SPPO_OK;
}

/* What was given and is no setting of the run, and where its inputs are. */
static sppo_result settings_settle(parser *p, const char *path,
                                   const unsigned char *given,
                                   const unsigned char *kept)
{
    int i;

    for (i = 0; i < p->count; i++) {
        const unsigned kind = p->options[i].commands;

        if (given[i] && !kept[i] && !p->changed[i] && !(kind & FREE_OPTION))
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                             "--%s is not a setting of the run in %s",
                             p->options[i].name, path);
        if (p->given[i] && !given[i] && option_is_standard_input(p, i))
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s was standard input "
                             "when the run in %.200s began, which cannot be "
                             "read again: give --%s a file that holds the "
                             "same, or - and the same again",
                             p->options[i].name, path, p->options[i].name);
        if (p->given[i] && !given[i] && (kind & CONTENT_OPTION))
            TRY(setting_locate(p, i, path));
    }
    return SPPO_OK;
}

sppo_result settings_adopt(parser *p, const char *path)
{
    unsigned char kept[MAX_OPTIONS] = { 0 }, given[MAX_OPTIONS];
    sppo_json json;
    char *data = NULL;
    size_t size = 0;
    sppo_result result;

    memset(&json, 0, sizeof json);
    memcpy(given, p->given, sizeof given);
    TRY(sppo_file_read(p->ctx, path, &data, &size));
    buffer_reserve(&p->kept, 2 * size + MAX_OPTIONS * (size_t)PATH_ROOM);
    result = sppo_json_parse(p->ctx, &json, data, size, path);
    if (result == SPPO_OK)  // from here on p->kept never moves
        result = settings_take(p, &json, path, kept);
    if (result == SPPO_OK)
        result = settings_settle(p, path, given, kept);
    sppo_json_free(p->ctx, &json);
    sppo_release(p->ctx, data, size + 1);
    return result;
}
