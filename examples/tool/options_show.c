/* options_show.c - the table of options: --help, and what a run is made of */

#include "options.h"
#include "console.h"

#include <stdio.h>
#include <string.h>

int option_matters(const parser *p, int which)
{
    const option *o = &p->options[which];

    if (!(o->commands & p->command->bit) || (o->commands & FREE_OPTION))
        return 0;
    return p->given[which] ||
           (o->standard && (!o->only || condition_holds(p, o->only)));
}

void options_print(const parser *p, FILE *out)
{
    char value[PATH_ROOM];
    int i;

    for (i = 0; i < p->count; i++)
        if (option_matters(p, i)) {
            option_value(p, i, value, sizeof value);
            fprintf(out, "  %-24s ", p->options[i].name);
            show_text(out, value, strlen(value));
            fprintf(out, "\n");
        }
}

/* A list of choices that is longer than a line goes on after a bar. */
static void print_choices(const char *left)
{
    int column = 0;

    while (*left) {
        const size_t word = strcspn(left, "|"), n = word + (left[word] == '|');

        if (column && column + (int)n > 79)
            column = printf("\n%4s", "") - 1;
        column += printf("%.*s", (int)n, left);
        left += n;
    }
}

static void option_help(const parser *p, int which)
{
    const option *o = &p->options[which];
    char left[400], own[64], text[400];
    const char *standard = option_standard(p, which, own, sizeof own);

    snprintf(left, sizeof left, "  --%s%s%s", o->name,
             o->type == OPTION_FLAG ? "" : " ",
             o->type == OPTION_FLAG ? "" : o->meta);
    print_choices(left);
    if (strlen(left) > 26)
        printf("\n%28s", "");
    else
        printf("%*s", 28 - (int)strlen(left), "");
    snprintf(text, sizeof text, "%s%s%s%s", o->help,
             standard ? " (" : "", standard ? standard : "",
             standard ? ")" : "");
    print_wrapped(stdout, 28, 80, text);
}

/* "--policy DIR (--preference DIR | --judge CMD)": from the needs. */
static void write_needs(const parser *p, buffer *out)
{
    const char *word = p->command->needs;

    while (*word && *word != ',') {
        const size_t length = strcspn(word, " ,");
        const int several = memchr(word, '|', length) != NULL;
        size_t at = 0;
        buffer_format(out, several ? " (" : " ");
        while (at < length) {
            const size_t n = strcspn(word + at, "| ,");
            const int which = option_find(p, word + at, n);
            buffer_format(out, "%s--%.*s %s", at ? " | " : "", (int)n,
                          word + at, which >= 0 ? p->options[which].meta : "");
            at += n + 1;
        }
        buffer_format(out, several ? ")" : "");
        word += length + strspn(word + length, " ");
    }
}

sppo_result command_help(parser *p)
{
    const int alone = option_alone(p);
    int i;

    buffer_clear(&p->kept);
    buffer_format(&p->kept, "sppo %s", p->command->name);
    write_needs(p, &p->kept);
    buffer_format(&p->kept, " [options]");
    TRY(buffer_check(&p->kept));
    printf("sppo %s - %s\n\n%s\nUsage: ", p->command->name,
           p->command->summary, p->command->examples);
    print_wrapped(stdout, 7, 80, p->kept.data);
    if (alone >= 0)
        printf("   or  sppo %s --%s %s [--json]\n", p->command->name,
               p->options[alone].name, p->options[alone].meta);
    printf("\n");
    for (i = 0; i < p->count; i++)
        if (p->options[i].commands & p->command->bit)
            option_help(p, i);
    if (*p->command->about)
        printf("\n%s", p->command->about);
    return SPPO_OK;
}
