/* options.h - settings from one table of options */

#ifndef SPPO_TOOL_OPTIONS_H
#define SPPO_TOOL_OPTIONS_H

#include "buffer.h"

#include <stdio.h>

typedef enum option_type {
    OPTION_FLAG, OPTION_COUNT, OPTION_REAL, OPTION_TEXT, OPTION_CHOICE
} option_type;

/* A row of the table that the parser, the help, the list of settings and
 * settings.json walk. Among its commands may be, for a run that goes on:
 * FREE_OPTION, it may differ, so settings.json does not keep it;
 * CONTENT_OPTION, what is in the file or folder must be the same, not its name;
 * AMENDED_OPTION, it may be given anew, which settings.json notes.          */
typedef struct option {
    const char *name;      // without its dashes
    const char *meta;      // what follows it; of a choice: "this|that"
    option_type type;
    size_t at;             // int, double or const char * in the settings
    double least, most;    // of numbers
    const char *standard;  // its default as one would type it, or NULL
    const char *only;      // its condition: see condition_holds
    unsigned commands;     // one bit for each that takes it
    const char *help;
} option;

enum { MAX_OPTIONS = 128 };
#define FREE_OPTION 0x80000000u
#define CONTENT_OPTION 0x40000000u
#define AMENDED_OPTION 0x20000000u

/* needs: options that must be given; "a|b": one of the two, not both; "a, b":
 * or instead of all of them b, with no others but free ones.
 * sets: "name=value ..", where its defaults differ from the table's.        */
typedef struct cli_command {
    const char *name;
    unsigned bit;
    const char *summary, *needs, *sets, *examples, *about;
} cli_command;

typedef struct parser {
    sppo_ctx *ctx;
    option options[MAX_OPTIONS];       // a copy of the table
    int count;
    char choices[2][80];               // of the header's tables: "this|that"
    const cli_command *command;
    void *settings;
    int studies;                       // the command takes lists of values
    const char *list[MAX_OPTIONS];     // "a,b,c", of which it has the first;
                                       // or NULL
    unsigned char given[MAX_OPTIONS];  // by the user or settings.json
    const char *was[MAX_OPTIONS];      // in settings.json, where other; or NULL
    unsigned char changed[MAX_OPTIONS];
    const char *folder;                // that the run began in, or NULL
    const char *history;               // entries of settings.json, or NULL
    buffer kept;                       // texts that came from settings.json
    sppo_json json;
} parser;

/* Where the settings keep option `which`. */
void *option_field(const parser *p, int which);

/* The command's option of that name, or -1. */
int option_find(const parser *p, const char *name, size_t length);

/* The failure of an option that the command does not take. */
sppo_result option_unknown(const parser *p, const char *name);

/* Keeps the nearer of two words; one further off than 3 edits is no help. */
void word_nearer(const char *word, const char *candidate, const char **nearest,
                 int *distance);

/* Gives option `which` the value that text says; text must stay. */
sppo_result option_set(parser *p, int which, const char *text);

/* Whether values of option `which` may be listed: what a run is made of and is
 * a number or a choice, for other texts may have commas.                    */
int option_varies(const parser *p, int which);

/* The same with text that may be a list. */
sppo_result option_set_list(parser *p, int which, const char *text);

/* The value as one would type it; "" for a text that was not given. */
void option_value(const parser *p, int which, char *out, size_t size);

/* Its default for the command at hand, or NULL. */
const char *option_standard(const parser *p, int which, char *out,
                            size_t size);

/* Gives every setting its default. */
sppo_result options_default(parser *p);

/* One argument that begins with two dashes, and its value; used: how many. */
sppo_result option_parse(parser *p, const char *argument, const char *next,
                         int *used);

/* Whether a condition of the table holds: "name|name", "name=value|value",
 * "!name".                                                                  */
int condition_holds(const parser *p, const char *only);

/* Every option given must matter: a setting that is silently without effect
 * has cost people days.                                                     */
sppo_result options_check_conditions(const parser *p);

/* Whether an option was given as -. */
int option_is_standard_input(const parser *p, int which);

/* One option may be -, where a file is read; which: that one, or -1. A folder
 * is no standard input.                                                     */
sppo_result options_check_standard_input(const parser *p, int *which);

/* The option that stands for all that is needed, or -1. */
int option_alone(const parser *p);

/* Walks the command's needs: each word "name" or "name|other". */
sppo_result options_check_needs(const parser *p);

/* Whether a setting is part of what the run is, so worth printing. */
int option_matters(const parser *p, int which);

/* What the run is made of, a line each. */
void options_print(const parser *p, FILE *out);

/* All that --help says of a command. */
sppo_result command_help(parser *p);

#endif
