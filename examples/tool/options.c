/* options.c - the table of options: finding, setting and checking them */

#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *option_field(const parser *p, int which)
{
    return (char *)p->settings + p->options[which].at;
}

int option_find(const parser *p, const char *name, size_t length)
{
    int i;

    for (i = 0; i < p->count; i++)
        if ((p->options[i].commands & p->command->bit) &&
            strlen(p->options[i].name) == length &&
            !strncmp(p->options[i].name, name, length))
            return i;
    return -1;
}

/* The place of text among "this|that|..", or -1. */
static int choice_find(const char *choices, const char *text, size_t length)
{
    int i;

    for (i = 0; choices; i++) {
        const size_t n = strcspn(choices, "|");
        if (n == length && !strncmp(choices, text, n))
            return i;
        choices = choices[n] ? choices + n + 1 : NULL;
    }
    return -1;
}

/* Edits between two words: inserted, left out, changed, swapped letters. */
static int word_distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    int cell[LONGEST + 2][LONGEST + 2], i, j;
    const int na = (int)strlen(a), nb = (int)strlen(b);

    if (na > LONGEST || nb > LONGEST)
        return LONGEST;
    for (i = 0; i <= na; i++)
        for (j = 0; j <= nb; j++) {
            int best = i + j;
            if (i && j) {
                const int change = cell[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
                best = cell[i - 1][j] + 1;
                best = cell[i][j - 1] + 1 < best ? cell[i][j - 1] + 1 : best;
                best = change < best ? change : best;
            }
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && cell[i - 2][j - 2] + 1 < best)
                best = cell[i - 2][j - 2] + 1;
            cell[i][j] = best;
        }
    return cell[na][nb];
}

void word_nearer(const char *word, const char *candidate, const char **nearest,
                 int *distance)
{
    const int d = word_distance(word, candidate);

    if (d < *distance && d < (int)strlen(candidate)) {
        *nearest = candidate;
        *distance = d;
    }
}

sppo_result option_unknown(const parser *p, const char *name)
{
    const char *nearest = NULL;
    int i, distance = 4;

    for (i = 0; i < p->count; i++)
        if (p->options[i].commands & p->command->bit)
            word_nearer(name, p->options[i].name, &nearest, &distance);
    if (nearest)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "there is no option --%s; did you mean --%s?", name,
                         nearest);
    for (i = 0; i < p->count; i++)
        if (!strcmp(p->options[i].name, name))
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                             "--%s is an option of another command", name);
    return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                     "there is no option --%s; see `sppo %s --help`", name,
                     p->command->name);
}

/* A number out of its range; what excludes the option may be what is meant, as
 * --greedy by --temperature 0.                                              */
static sppo_result number_beyond(parser *p, const option *o, const char *text)
{
    const char *other = o->only && *o->only == '!' ? o->only + 1 : "";
    const int which = option_find(p, other, strlen(other));
    const int flag = which >= 0 && p->options[which].type == OPTION_FLAG;

    return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                     "--%s must be from %.10g to %.10g, not %.60s%s%s%s%s",
                     o->name, o->least, o->most, text, flag ? "; or --" : "",
                     flag ? other : "", flag ? ": " : "",
                     flag ? p->options[which].help : "");
}

/* The whole text as a number: the rules of JSON, so no locale. */
static sppo_result number_parse(parser *p, const option *o, const char *text,
                                double *value)
{
    const sppo_result result = sppo_json_parse(p->ctx, &p->json, text,
                                               strlen(text), o->name);
    const int bad = result != SPPO_OK ||
                    p->json.node[0].type != SPPO_JSON_NUMBER;

    if (result == SPPO_E_MEMORY)
        return result;
    *value = bad ? 0.0 : sppo_json_number(&p->json, 0);
    if (bad || (o->type == OPTION_COUNT && *value != floor(*value)))
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s takes a%s number, not \"%s\"", o->name,
                         o->type == OPTION_COUNT ? " whole" : "", text);
    if (!(*value >= o->least && *value <= o->most))
        return number_beyond(p, o, text);
    return SPPO_OK;
}

sppo_result option_set(parser *p, int which, const char *text)
{
    const option *o = &p->options[which];
    void *field = option_field(p, which);
    const size_t most = strstr("DIR FILE PATH", o->meta) ? PATH_MOST
                                                          : PATH_ROOM - 1;
    double value = 0.0;

    if (o->type == OPTION_COUNT || o->type == OPTION_REAL)
        TRY(number_parse(p, o, text, &value));
    if (o->type == OPTION_CHOICE)
        value = choice_find(o->meta, text, strlen(text));
    if (o->type == OPTION_CHOICE && value < 0.0)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s must be one of %s, not \"%s\"", o->name,
                         o->meta, text);
    if (o->type == OPTION_FLAG)
        value = strcmp(text, "false") != 0;
    if (o->type == OPTION_TEXT && strlen(text) > most &&
        strcmp(o->meta, "TEXT") != 0)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s is too long", o->name);
    if (o->type == OPTION_TEXT)
        *(const char **)field = text;
    else if (o->type == OPTION_REAL)
        *(double *)field = value;
    else
        *(int *)field = (int)value;
    return SPPO_OK;
}

int option_varies(const parser *p, int which)
{
    const option *o = &p->options[which];

    return p->studies && !(o->commands & FREE_OPTION) &&
           o->type != OPTION_FLAG && o->type != OPTION_TEXT;
}

sppo_result option_set_list(parser *p, int which, const char *text)
{
    const size_t length = strcspn(text, ",");
    char first[80];

    if (!text[length] || !option_varies(p, which))
        return option_set(p, which, text);
    p->list[which] = text;
    snprintf(first, sizeof first, "%.*s", length < 80 ? (int)length : 79,
             text);
    return option_set(p, which, first);
}

/* A number in as few digits as bring it back. */
static void real_write(double value, char *out, size_t size)
{
    int digits = 10;

    do {
        snprintf(out, size, "%.*g", digits, value);
    } while (digits++ < 17 && strtod(out, NULL) != value);
}

void option_value(const parser *p, int which, char *out, size_t size)
{
    const option *o = &p->options[which];
    const void *field = option_field(p, which);
    const char *text = o->meta;
    int i;

    out[0] = 0;
    if (o->type == OPTION_TEXT) {
        text = *(const char *const *)field;
        snprintf(out, size, "%s", text ? text : "");
    } else if (o->type == OPTION_REAL) {
        real_write(*(const double *)field, out, size);
    } else if (o->type == OPTION_COUNT) {
        snprintf(out, size, "%d", *(const int *)field);
    } else if (o->type == OPTION_FLAG) {
        snprintf(out, size, "%s", *(const int *)field ? "true" : "false");
    } else {
        for (i = *(const int *)field; i > 0; i--)
            text += strcspn(text, "|") + 1;
        snprintf(out, size, "%.*s", (int)strcspn(text, "|"), text);
    }
}

/* "name=value name=value": the value of name, or NULL. */
static const char *list_value(const char *list, const char *name,
                              char *out, size_t size)
{
    const size_t n = strlen(name);

    while (*list) {
        const size_t word = strcspn(list, " ");
        if (word > n && list[n] == '=' && !strncmp(list, name, n)) {
            snprintf(out, size, "%.*s", (int)(word - n - 1), list + n + 1);
            return out;
        }
        list += word + strspn(list + word, " ");
    }
    return NULL;
}

const char *option_standard(const parser *p, int which, char *out, size_t size)
{
    const option *o = &p->options[which];
    const char *own = list_value(p->command->sets, o->name, out, size);

    return own ? own : o->standard;
}

sppo_result options_default(parser *p)
{
    char own[64];
    int i, mine;

    for (mine = 0; mine <= 1; mine++)  // last, so that no other's stays
        for (i = 0; i < p->count; i++) {
            const char *text = option_standard(p, i, own, sizeof own);
            if (text && p->options[i].type != OPTION_TEXT &&
                mine == ((p->options[i].commands & p->command->bit) != 0))
                TRY(option_set(p, i, text));
        }
    return SPPO_OK;
}

sppo_result option_parse(parser *p, const char *argument, const char *next,
                         int *used)
{
    char name[64];
    const char *equals = strchr(argument, '=');
    const size_t length = equals ? (size_t)(equals - argument) - 2
                                 : strlen(argument) - 2;
    const int which = option_find(p, argument + 2, length);
    const char *value = equals ? equals + 1 : next;

    snprintf(name, sizeof name, "%.*s", (int)length, argument + 2);
    if (which < 0)
        return option_unknown(p, name);
    if (p->given[which])
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s is given twice", name);
    p->given[which] = 1;
    *used = 1;
    if (p->options[which].type == OPTION_FLAG) {
        if (equals)
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s takes no value",
                             name);
        return option_set(p, which, "true");
    }
    if (!value)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s needs a value: %s",
                         name, p->options[which].meta);
    *used = equals ? 1 : 2;
    return option_set_list(p, which, value);
}

/* Whether it is as it would be if nothing were said: so is one that a run was
 * not given, when --resume finds it in settings.json.                       */
static int option_is_standard(const parser *p, int which)
{
    char own[64], value[PATH_ROOM];
    const char *standard = option_standard(p, which, own, sizeof own);

    option_value(p, which, value, sizeof value);
    return standard && !strcmp(standard, value);
}

/* Whether one of "name|name" is given, and not as nothing said would be; of
 * those the command takes none, so it has no condition.                     */
static int one_is_given(const parser *p, const char *names)
{
    int known = 0, held = 0;

    while (*names) {
        const size_t length = strcspn(names, "|");
        const int which = option_find(p, names, length);

        known |= which >= 0;
        held |= which >= 0 && p->given[which] && !option_is_standard(p, which);
        names += length + (names[length] == '|');
    }
    return held || !known;
}

int condition_holds(const parser *p, const char *only)
{
    const int negated = *only == '!';
    const char *name = only + negated;
    const size_t length = strcspn(name, "=");
    const int which = option_find(p, name, length);
    char value[PATH_ROOM];

    if (!negated && !name[length])
        return one_is_given(p, name);
    if (which < 0)
        return 1;
    if (negated)
        return !p->given[which];
    option_value(p, which, value, sizeof value);
    return choice_find(name + length + 1, value, strlen(value)) >= 0;
}

sppo_result options_check_conditions(const parser *p)
{
    int i;

    for (i = 0; i < p->count; i++) {
        const char *only = p->options[i].only;
        if (!p->given[i] || !only || condition_holds(p, only))
            continue;
        if (*only == '!')
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                             "--%s and --%s exclude each other",
                             p->options[i].name, only + 1);
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s has no effect without --%s",
                         p->options[i].name, only);
    }
    return SPPO_OK;
}

int option_is_standard_input(const parser *p, int which)
{
    const option *o = &p->options[which];

    return p->given[which] && o->type == OPTION_TEXT &&
           strstr("DIR FILE PATH", o->meta) && strcmp(o->name, "out") &&
           !strcmp(*(const char *const *)option_field(p, which), "-");
}

sppo_result options_check_standard_input(const parser *p, int *which)
{
    int i;

    *which = -1;
    for (i = 0; i < p->count; i++) {
        const option *o = &p->options[i];
        if (!(o->commands & p->command->bit) || !option_is_standard_input(p, i))
            continue;
        if (strcmp(o->meta, "FILE"))
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s cannot be - "
                             "(standard input): it may be a folder; ./- is one "
                             "of that name", o->name);
        if (*which >= 0)
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "--%s and --%s are both "
                             "-, but standard input is read once; give one "
                             "of them a file", p->options[*which].name,
                             o->name);
        *which = i;
    }
    return SPPO_OK;
}

int option_alone(const parser *p)
{
    const char *comma = strchr(p->command->needs, ',');

    return comma ? option_find(p, comma + 2, strlen(comma + 2)) : -1;
}

static sppo_result options_check_alone(const parser *p, int alone)
{
    int i;

    for (i = 0; i < p->count; i++)
        if (p->given[i] && i != alone &&
            !(p->options[i].commands & FREE_OPTION))
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                             "--%s and --%s exclude each other",
                             p->options[i].name, p->options[alone].name);
    return SPPO_OK;
}

sppo_result options_check_needs(const parser *p)
{
    const char *word = p->command->needs;
    const int alone = option_alone(p);

    if (alone >= 0 && p->given[alone])
        return options_check_alone(p, alone);
    while (*word && *word != ',') {
        const size_t length = strcspn(word, " ,");
        size_t at = 0;
        int found = 0;
        while (at < length) {
            const size_t n = strcspn(word + at, "| ,");
            const int which = option_find(p, word + at, n);
            found += which >= 0 && p->given[which];
            at += n + 1;
        }
        if (found != 1)
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                             "%s --%.*s; see `sppo %s --help`",
                             found ? "give one, not both, of" : "it needs",
                             (int)length, word, p->command->name);
        word += length + strspn(word + length, " ");
    }
    return SPPO_OK;
}
