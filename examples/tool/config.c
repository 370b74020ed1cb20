/* config.c - --config: the settings of another run, or a file like its own */

#include "config.h"
#include "files.h"
#include "run_folder.h"
#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct config {
    parser *p;
    const char *path;
    sppo_json json;
    int node[MAX_OPTIONS];  // of the value that was taken; 0: none was
    int lists;              // so many options list values
} config;

/* What a method is made of: with another one on the command line, of all this
 * nothing is taken from the file.                                           */
static const char *const method_parts[] = {
    "method", "loss", "eta", "signal", "advantage", "keep-all", "clip-range",
    "length-normalised", "margin", "pull", "reference", "reference-every",
    "opponents", "mixture", "baseline", "log-z"
};

/* What is said of one start alone. */
static const char *const start_parts[] = {
    "config", "resume", "force", "dry-run"
};

static int is_among(const char *name, const char *const *list, size_t count)
{
    size_t i;

    for (i = 0; i < count && strcmp(name, list[i]); i++) {
    }
    return i < count;
}
#define IS_AMONG(name, list)                                                  \
    is_among(name, list, sizeof(list) / sizeof *(list))

/* A failure at a node of the file. */
static sppo_result config_fail(config *c, int node, const char *format, ...)
    SPPOI_FORMAT(3, 4);
static sppo_result config_fail(config *c, int node, const char *format, ...)
{
    char why[sizeof c->p->ctx->message];
    size_t i;
    int line = 1;
    va_list list;

    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    for (i = 0; i < c->json.node[node].begin; i++)
        line += c->json.text[i] == '\n';
    return sppo_fail(c->p->ctx, SPPO_E_FORMAT, "%.200s, line %d: %s", c->path,
                     line, why);
}

/* The same with the sentence of a failure below. */
static sppo_result config_failed(config *c, int node, sppo_result result)
{
    char why[sizeof c->p->ctx->message];

    if (result == SPPO_OK || result == SPPO_E_MEMORY)
        return result;
    snprintf(why, sizeof why, "%s", c->p->ctx->message);
    return config_fail(c, node, "%s", why);
}

/* Whether all entries of a list are what JSON has for a type of option. */
static int config_list(const config *c, int node, const option *o)
{
    const int which = (int)(o - c->p->options);
    int i, fits = option_varies(c->p, which) && c->json.node[node].count > 0;

    for (i = c->json.node[node].first; i >= 0; i = c->json.node[i].next)
        fits &= c->json.node[i].type == (o->type == OPTION_CHOICE
                                         ? SPPO_JSON_STRING : SPPO_JSON_NUMBER);
    return fits;
}

/* A list as one would type it, in p->kept. */
static const char *config_list_text(config *c, int node)
{
    parser *p = c->p;
    const size_t at = p->kept.length;
    int i;

    for (i = c->json.node[node].first; i >= 0; i = c->json.node[i].next) {
        setting_text(p, &c->json, i);
        p->kept.data[p->kept.length - 1] =
            c->json.node[i].next < 0 ? 0 : ',';
    }
    return p->kept.data + at;
}

/* What JSON has for a type of option. */
static sppo_result config_type(config *c, int node, const option *o)
{
    static const char *const wanted[] = { "true or false", "a number",
                                          "a number", "a string", "a string" };
    const sppo_json_node *n = &c->json.node[node];
    const sppo_json_type type = n->type;
    const size_t length = n->end - n->begin;
    const int fits = type == SPPO_JSON_ARRAY ? config_list(c, node, o)
        : o->type == OPTION_FLAG
        ? type == SPPO_JSON_TRUE || type == SPPO_JSON_FALSE
        : type == (o->type == OPTION_COUNT || o->type == OPTION_REAL
                   ? SPPO_JSON_NUMBER : SPPO_JSON_STRING);

    if (fits)
        return SPPO_OK;
    return config_fail(c, node, "\"%s\" must be %s, not %.*s%s", o->name,
                       wanted[o->type], length < 40 ? (int)length : 40,
                       c->json.text + n->begin, length < 40 ? "" : " ..");
}

/* Whether the command line says otherwise, so that the file does not count. */
static int config_is_overruled(const parser *p, int which)
{
    const option *o = &p->options[which];
    const int method = option_find(p, "method", 6);
    const int loss = option_find(p, "loss", 4);

    if (p->given[which] || option_rival(p, which) >= 0)
        return 1;
    if (o->only && *o->only == '!' && !condition_holds(p, o->only))
        return 1;
    return method >= 0 && (p->given[method] || p->given[loss]) &&
           IS_AMONG(o->name, method_parts);
}

static sppo_result config_take(config *c, int node)
{
    static const char *const of_the_run[] = { "sppo", "inputs", "history",
                                              "runs" };
    parser *p = c->p;
    const sppo_json_node *n = &c->json.node[node];
    const size_t length = n->name_end - n->name_begin;
    const char *text = setting_text(p, &c->json, node);
    char name[64];
    int which;

    snprintf(name, sizeof name, "%.*s", length < 64 ? (int)length : 63,
             c->json.text + n->name_begin);
    which = option_find(p, name, strlen(name));
    TRY(buffer_check(&p->kept));
    if (which < 0 && !strcmp(name, "folder"))
        p->folder = text;
    if (which < 0 && (!strcmp(name, "folder") || IS_AMONG(name, of_the_run)))
        return SPPO_OK;
    if (which < 0)
        return config_failed(c, node, option_unknown(p, name));
    if (IS_AMONG(name, start_parts))
        return config_fail(c, node, "--%s belongs on the command line", name);
    TRY(config_type(c, node, &p->options[which]));
    if (n->type == SPPO_JSON_FALSE || config_is_overruled(p, which))
        return SPPO_OK;
    c->node[which] = node;
    if (n->type == SPPO_JSON_ARRAY)
        text = config_list_text(c, node);
    TRY(buffer_check(&p->kept));
    return config_failed(c, node, option_set_list(p, which, text));
}

/* As if the file had not said it. */
static sppo_result config_drop(parser *p, int which)
{
    char own[64];
    const char *standard = option_standard(p, which, own, sizeof own);

    p->given[which] = 0;
    if (p->options[which].type != OPTION_TEXT)
        return option_set(p, which, standard ? standard : "0");
    *(const char **)option_field(p, which) = NULL;
    return SPPO_OK;
}

/* A setting whose condition does not hold: the command line may be why. */
static sppo_result config_settle(config *c, int which,
                                 const unsigned char *given)
{
    parser *p = c->p;
    const char *only = p->options[which].only;
    int of;

    if (!only || condition_holds(p, only))
        return SPPO_OK;
    of = option_find(p, only, strcspn(only, "=|"));
    if (of >= 0 && given[of])
        return config_drop(p, which);
    if (*only == '!')
        return config_fail(c, c->node[which], "\"%s\" and \"%s\" exclude each "
                           "other", p->options[which].name, only + 1);
    if (c->lists)  // each run is looked at later
        return SPPO_OK;
    return config_fail(c, c->node[which], "\"%s\" has no effect without %s",
                       p->options[which].name, only);
}

static sppo_result config_all(config *c)
{
    parser *p = c->p;
    unsigned char given[MAX_OPTIONS];
    int i;

    if (c->json.node[0].type != SPPO_JSON_OBJECT)
        return config_fail(c, 0, "it must be an object {\"setting\": value, "
                           "..}, as settings.json is");
    memcpy(given, p->given, sizeof given);
    for (i = c->json.node[0].first; i >= 0; i = c->json.node[i].next)
        TRY(config_take(c, i));
    for (i = 0; i < p->count; i++) {
        p->given[i] |= c->node[i] > 0;
        c->lists += p->list[i] != NULL;
    }
    i = option_find(p, "method", 6);
    if (!c->lists)
        TRY(config_failed(c, i < 0 ? 0 : c->node[i], method_settings(p)));
    for (i = 0; i < p->count; i++)
        if (c->node[i])
            TRY(config_settle(c, i, given));
    for (i = 0; i < p->count; i++)
        if (c->node[i] && p->given[i] &&
            (p->options[i].commands & CONTENT_OPTION)) {
            TRY(config_failed(c, c->node[i], setting_locate(p, i, c->path)));
            p->changed[i] = 0;  // of a run that begins there is no before
            p->was[i] = NULL;
        }
    return SPPO_OK;
}

sppo_result config_adopt(parser *p, const char *path)
{
    config c;
    char *data = NULL;
    size_t size = 0;
    sppo_result result;

    memset(&c, 0, sizeof c);
    c.p = p;
    TRY(input_read(p->ctx, &path, &data, &size));
    c.path = path;
    buffer_reserve(&p->kept, 2 * size + MAX_OPTIONS * (size_t)PATH_ROOM);
    result = sppo_json_parse(p->ctx, &c.json, data, size, path);
    if (result == SPPO_OK)  // from here on p->kept never moves
        result = config_all(&c);
    sppo_json_free(p->ctx, &c.json);
    sppo_release(p->ctx, data, size + 1);
    return result;
}
