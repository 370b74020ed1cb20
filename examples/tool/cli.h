/* cli.h - what the commands of the sppo tool share: text that grows, messages
 * and progress, settings from one table of options, lines of JSON, folders.
 * Private to sppo.c, which includes sppo.h and the C library before it.     */

#ifndef SPPO_EXAMPLES_CLI_H
#define SPPO_EXAMPLES_CLI_H

#define TRY(call)                                                             \
    do {                                                                      \
        const sppo_result try_result = (call);                                \
        if (try_result != SPPO_OK)                                            \
            return try_result;                                                \
    } while (0)

enum { PATH_ROOM = 1024 };

/* ==== text that grows ==================================== >>buffer == */

/* The whole part of a share of count: 0.3 of 10 are 3, as a double; with more
 * digits, as x87 may keep, the product is less.                             */
static size_t share_of(double share, size_t count)
{
    volatile double part = share * (double)count;

    return (size_t)part;
}

/* Numbers in `count` matrices k by k, as many as an int cannot count; beyond
 * what a size_t counts its most, which no allocator has.                    */
static size_t cells(int count, int k)
{
    return (double)count * k * k < (double)(size_t)-1
               ? (size_t)count * (size_t)k * (size_t)k
               : (size_t)-1;
}

/* Adding never fails on its face: a missing byte sets `failed`, which
 * buffer_check reports once, so that writers read as straight text.         */
typedef struct buffer {
    sppo_ctx *ctx;
    char *data;  // ends with a NUL
    size_t length, room;
    int failed;
} buffer;

/* Room for `more` bytes and a NUL behind what is there; 0: there is none. */
static int buffer_reserve(buffer *b, size_t more)
{
    const size_t need = b->length + more + 1;
    size_t room = b->room ? b->room : 256;
    char *data;

    if (b->failed || need <= b->room)
        return !b->failed;
    while (room < need)
        room = room > (size_t)-1 / 2 ? need : 2 * room;
    data = (char *)sppo_alloc(b->ctx, room, 1);
    if (!data) {
        b->failed = 1;
        return 0;
    }
    if (b->length)
        memcpy(data, b->data, b->length);
    sppo_release(b->ctx, b->data, b->room);
    b->data = data;
    b->room = room;
    return 1;
}

static void buffer_free(buffer *b)
{
    sppo_release(b->ctx, b->data, b->room);
    b->data = NULL;
    b->length = b->room = 0;
}

static void buffer_clear(buffer *b)
{
    b->length = 0;
    if (buffer_reserve(b, 0))
        b->data[0] = 0;
}

static void buffer_add(buffer *b, const char *bytes, size_t count)
{
    if (!buffer_reserve(b, count))
        return;
    if (count)
        memcpy(b->data + b->length, bytes, count);
    b->length += count;
    b->data[b->length] = 0;
}

static void buffer_format(buffer *b, const char *format, ...)
    SPPOI_FORMAT(2, 3);

static void buffer_format(buffer *b, const char *format, ...)
{
    va_list list;
    int count;

    va_start(list, format);
    count = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (count < 0 || !buffer_reserve(b, (size_t)count))
        return;
    va_start(list, format);
    vsnprintf(b->data + b->length, (size_t)count + 1, format, list);
    va_end(list);
    b->length += (size_t)count;
}

/* Adds text as a JSON string: in quotes, escaped, valid UTF-8. */
static void buffer_quote(buffer *b, const char *bytes, size_t count)
{
    const size_t need = sppo_json_quote(NULL, 0, bytes, count);

    if (!buffer_reserve(b, need))
        return;
    sppo_json_quote(b->data + b->length, need + 1, bytes, count);
    b->length += need;
}

/* Adds the text of a JSON string, as it was before it was escaped. */
static void buffer_unquote(buffer *b, const sppo_json *json, int node)
{
    const size_t need = sppo_json_string(json, node, NULL, 0);

    if (!buffer_reserve(b, need))
        return;
    sppo_json_string(json, node, b->data + b->length, need + 1);
    b->length += need;
}

/* Every result that becomes JSON or CSV passes here: NaN is neither's, and no
 * answer to what was asked.                                                 */
static void buffer_number(buffer *b, double value, int digits)
{
    if (value - value == 0.0) {
        buffer_format(b, "%.*g", digits, value);
        return;
    }
    b->failed = 1;
    sppo_fail(b->ctx, SPPO_E_NUMBER, "a result is %s: the model is damaged, or "
              "its training diverged", value > 0.0   ? "infinite"
                                       : value < 0.0 ? "-infinite"
                                                     : "NaN");
}

static sppo_result buffer_check(const buffer *b)
{
    return b->failed ? b->ctx->code : SPPO_OK;
}

/* ==== messages, time, signals ============================ >>message == */

/* The signal that asked to stop. The first one lets the command save what it
 * has, the second ends the process at once: files are whole at any moment.  */
static volatile sig_atomic_t caught;
static volatile sig_atomic_t stop_quietly;
static volatile sig_atomic_t child_group;  // a program that goes when we go

static void end_at_once(int number)
{
    if (child_group)
        kill(-(pid_t)child_group, SIGKILL);
    _exit(128 + number);
}

static void on_signal(int number)
{
    static const char said[] = "\nstopping: what is done will be saved; a "
                               "second signal ends at once\n";
    const int before = errno;

    if (caught)
        end_at_once(number);
    caught = number;
    if (!stop_quietly && write(2, said, sizeof said - 1) < 0)
        stop_quietly = 1;  // nobody to tell
    errno = before;
}

/* The answer to ctx->stop: the pass at work is the last. */
static int stop_asked(void *user)
{
    (void)user;
    return caught != 0;
}

/* For the commands that have something to save. */
static void catch_signals(sppo_ctx *ctx, int quiet)
{
    struct sigaction action;

    stop_quietly = quiet;
    ctx->stop = stop_asked;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* How messages and progress look. On a terminal one line is updated; into a
 * file goes a line every ten seconds, so that a log of hours stays short.   */
typedef struct console {
    int quiet, live;   // live: standard error is a terminal
    int drawn;         // an unfinished line stands there
    double begun, shown, first;
    double later;      // seconds of the run after this work; -1: not known
} console;

static void console_init(console *c)
{
    const char *term = getenv("TERM");

    c->live = isatty(2) && term && strcmp(term, "dumb") != 0;
}

static void console_erase(console *c)
{
    if (c->drawn)
        fputs("\r\033[K", stderr);
    c->drawn = 0;
}

/* Columns of the terminal. */
static int console_width(void)
{
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : 0;
#ifdef TIOCGWINSZ
    struct winsize size;

    if (ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
#endif
    return width > 0 ? width : 80;
}

/* Words from column `indent`, where the line has begun, to before column
 * `width`; what is longer than a line keeps one to itself. width 0: any.    */
static void print_wrapped(FILE *out, int indent, int width, const char *text)
{
    int column = indent;

    while (*text) {
        const int n = (int)strcspn(text, " ");
        if (width && column > indent && column + 1 + n > width - 1) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        fprintf(out, "%s%.*s", column > indent ? " " : "", n, text);
        column += n + (column > indent);
        text += n + (text[n] == ' ');
    }
    fprintf(out, "\n");
}

/* A sentence on standard error: on a terminal no line wraps within a word, a
 * file has it on one line, to be searched.                                  */
static void console_say(console *c, const char *sentence)
{
    console_erase(c);
    print_wrapped(stderr, 0, c->live ? console_width() : 0, sentence);
}

/* A line for the reader, not a result: standard error, unless --quiet. */
static void note(console *c, const char *format, ...) SPPOI_FORMAT(2, 3);

static void note(console *c, const char *format, ...)
{
    char sentence[2 * PATH_ROOM];
    va_list list;

    if (c->quiet)
        return;
    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    console_say(c, sentence);
}

/* done: what an earlier run did already, no measure of today's speed. */
static void progress_begin(console *c, double done)
{
    c->begun = c->shown = seconds_now();
    c->first = done;
    c->later = -1.0;
}

/* Seconds that a unit of work took since progress_begin; 0: not known yet. */
static double progress_pace(const console *c, double done)
{
    return done > c->first ? (seconds_now() - c->begun) / (done - c->first)
                           : 0.0;
}

/* Cuts a line before column `width`, 0: not at all, after a part of it where
 * there is one: half a number misleads.                                     */
static void line_cut(char *line, int width)
{
    const int room = width - 1;
    int at;

    if (!width || (int)strlen(line) <= room)
        return;
    for (at = room; at > 0 && line[at] != ','; at--) {
    }
    line[at > 0 ? at : room] = 0;
}

/* "what 12 of 64, 0:41 left, run about 2:15, details", cut to one line of the
 * terminal: one that wraps would not be erased.                             */
static void progress_show(console *c, const char *what, double done,
                          double total, const char *format, ...)
    SPPOI_FORMAT(5, 6);

static void progress_show(console *c, const char *what, double done,
                          double total, const char *format, ...)
{
    const double now = seconds_now();
    const int left = (int)(progress_pace(c, done) * (total - done) + 0.5);
    const int all = left + (int)(c->later + 0.5);
    char line[512];
    int n;
    va_list list;

    if (c->quiet || now - c->shown < (c->live ? 0.1 : 10.0))
        return;
    console_erase(c);
    n = snprintf(line, sizeof line, "%.200s %.0f of %.0f, %d:%02d left", what,
                 done, total, left / 60, left % 60);
    if (c->later >= 0.0)
        n += snprintf(line + n, sizeof line - (size_t)n, ", run about %d:%02d",
                      all / 60, all % 60);
    va_start(list, format);
    vsnprintf(line + n, sizeof line - (size_t)n, format, list);
    va_end(list);
    line_cut(line, c->live ? console_width() : 0);
    fprintf(stderr, c->live ? "%s" : "%s\n", line);
    c->drawn = c->live;
    c->shown = now;
    fflush(stderr);
}

static void progress_end(console *c)
{
    console_erase(c);
    fflush(stderr);
}

/* Results that could not be written are an error, not a short answer. */
static sppo_result output_check(sppo_ctx *ctx)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_IO, "cannot write to standard output: %s",
                     errno ? strerror(errno) : "is the disk full?");
}

/* A result of a few named values: a table for people, JSON for machines. */
typedef struct report {
    buffer out;
    int json;
} report;

static void report_begin(report *r, sppo_ctx *ctx, int json)
{
    memset(r, 0, sizeof *r);
    r->out.ctx = ctx;
    r->json = json;
}

/* The JSON name is the title with _ for every blank. */
static void report_real(report *r, const char *title, double value,
                        int digits, const char *remark)
{
    size_t i;

    if (!r->json) {
        buffer_format(&r->out, "%-28s %12.*f%s%s\n", title, digits, value,
                      *remark ? "  " : "", remark);
        return;
    }
    buffer_add(&r->out, r->out.length ? ", \"" : "{\"",
               r->out.length ? 3 : 2);
    for (i = 0; title[i]; i++)
        buffer_add(&r->out, title[i] == ' ' ? "_" : title + i, 1);
    if (value - value == 0.0)
        buffer_format(&r->out, "\": %.9g", value);
    else
        buffer_format(&r->out, "\": null");
}

static sppo_result report_end(report *r)
{
    const sppo_result result = buffer_check(&r->out);

    if (r->json)
        buffer_add(&r->out, "}\n", 2);
    if (result == SPPO_OK)
        fputs(r->out.data, stdout);
    buffer_free(&r->out);
    return result;
}

/* ==== options: one table ================================= >>options == */

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
    const char *only;      // "name", "name=value", "!name": its condition
    unsigned commands;     // one bit for each that takes it
    const char *help;
} option;

enum { MAX_OPTIONS = 96 };
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
    const option *options;
    int count;
    const cli_command *command;
    void *settings;
    unsigned char given[MAX_OPTIONS];  // by the user or settings.json
    const char *was[MAX_OPTIONS];      // in settings.json, where other; or NULL
    unsigned char changed[MAX_OPTIONS];
    const char *folder;                // that the run began in, or NULL
    const char *history;               // entries of settings.json, or NULL
    buffer kept;                       // texts that came from settings.json
    sppo_json json;
} parser;

static void *option_field(const parser *p, int which)
{
    return (char *)p->settings + p->options[which].at;
}

/* The command's option of that name, or -1. */
static int option_find(const parser *p, const char *name, size_t length)
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

/* Keeps the nearer of two words; one further off than 3 edits is no help. */
static void word_nearer(const char *word, const char *candidate,
                        const char **nearest, int *distance)
{
    const int d = word_distance(word, candidate);

    if (d < *distance && d < (int)strlen(candidate)) {
        *nearest = candidate;
        *distance = d;
    }
}

/* An option that the command does not take. */
static sppo_result option_unknown(const parser *p, const char *name)
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
    const int bad = sppo_json_parse(p->ctx, &p->json, text, strlen(text),
                                    o->name) != SPPO_OK ||
                    p->json.node[0].type != SPPO_JSON_NUMBER;

    *value = bad ? 0.0 : sppo_json_number(&p->json, 0);
    if (bad || (o->type == OPTION_COUNT && *value != floor(*value)))
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s takes a%s number, not \"%s\"", o->name,
                         o->type == OPTION_COUNT ? " whole" : "", text);
    if (!(*value >= o->least && *value <= o->most))
        return number_beyond(p, o, text);
    return SPPO_OK;
}

/* Gives option `which` the value that text says; text must stay. */
static sppo_result option_set(parser *p, int which, const char *text)
{
    const option *o = &p->options[which];
    void *field = option_field(p, which);
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
    if (o->type == OPTION_TEXT && strlen(text) >= PATH_ROOM &&
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

/* A number in as few digits as bring it back. */
static void real_write(double value, char *out, size_t size)
{
    int digits = 10;

    do {
        snprintf(out, size, "%.*g", digits, value);
    } while (digits++ < 17 && strtod(out, NULL) != value);
}

/* The value as one would type it; "" for a text that was not given. */
static void option_value(const parser *p, int which, char *out, size_t size)
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

static const char *option_standard(const parser *p, int which, char *out,
                                   size_t size)
{
    const option *o = &p->options[which];
    const char *own = list_value(p->command->sets, o->name, out, size);

    return own ? own : o->standard;
}

static sppo_result options_default(parser *p)
{
    char own[64];
    int i;

    for (i = 0; i < p->count; i++) {
        const char *text = option_standard(p, i, own, sizeof own);
        if (text && p->options[i].type != OPTION_TEXT)
            TRY(option_set(p, i, text));
    }
    return SPPO_OK;
}

/* One argument that begins with two dashes, and its value; used: how many. */
static sppo_result option_parse(parser *p, const char *argument,
                                const char *next, int *used)
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
    return option_set(p, which, value);
}

/* Whether a condition of the table holds: "name", "name=value", "!name". */
static int condition_holds(const parser *p, const char *only)
{
    const int negated = *only == '!';
    const char *name = only + negated;
    const size_t length = strcspn(name, "=");
    const int which = option_find(p, name, length);
    char value[PATH_ROOM];

    if (which < 0)
        return 1;
    if (name[length] != '=')
        return negated != (int)p->given[which];
    option_value(p, which, value, sizeof value);
    return choice_find(name + length + 1, value, strlen(value)) >= 0;
}

/* Every option given must matter: a setting that is silently without effect
 * has cost people days.                                                     */
static sppo_result options_check_conditions(const parser *p)
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

/* The option that stands for all that is needed, or -1. */
static int option_alone(const parser *p)
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

/* Walks the command's needs: each word "name" or "name|other". */
static sppo_result options_check_needs(const parser *p)
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

/* ---- showing them ---- */

/* Whether a setting is part of what the run is, so worth printing. */
static int option_matters(const parser *p, int which)
{
    const option *o = &p->options[which];

    if (!(o->commands & p->command->bit) || (o->commands & FREE_OPTION))
        return 0;
    return p->given[which] ||
           (o->standard && (!o->only || condition_holds(p, o->only)));
}

static void options_print(const parser *p, FILE *out)
{
    char value[PATH_ROOM];
    int i;

    for (i = 0; i < p->count; i++)
        if (option_matters(p, i)) {
            option_value(p, i, value, sizeof value);
            fprintf(out, "  %-24s %s\n", p->options[i].name, value);
        }
}

static void option_help(const parser *p, int which)
{
    const option *o = &p->options[which];
    char left[80], own[64], text[400];
    const char *standard = option_standard(p, which, own, sizeof own);

    snprintf(left, sizeof left, "  --%s%s%s", o->name,
             o->type == OPTION_FLAG ? "" : " ",
             o->type == OPTION_FLAG ? "" : o->meta);
    if (strlen(left) > 26)
        printf("%s\n%28s", left, "");
    else
        printf("%-28s", left);
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

static sppo_result command_help(parser *p)
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

/* ==== what is read once ==================================== >>input == */

/* All of standard input; give back with sppo_release(ctx, data, size + 1). */
static sppo_result stdin_read(sppo_ctx *ctx, char **data, size_t *size)
{
    static int taken;
    char part[1 << 14];
    buffer all;
    size_t n, mark;  // of UTF-8, as sppo_file_read leaves it out

    if (taken)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "standard input (-) was read "
                         "already; give the other option a file");
    taken = 1;
    memset(&all, 0, sizeof all);
    all.ctx = ctx;
    while ((n = fread(part, 1, sizeof part, stdin)) > 0)
        buffer_add(&all, part, n);
    mark = all.length >= 3 && !memcmp(all.data, "\xef\xbb\xbf", 3) ? 3 : 0;
    *size = all.length - mark;
    *data = (char *)sppo_alloc(ctx, *size + 1, 1);
    if (*data && *size)
        memcpy(*data, all.data + mark, *size);
    buffer_free(&all);
    if (*data && !all.failed && !ferror(stdin))
        return SPPO_OK;
    sppo_release(ctx, *data, *size + 1);
    if (all.failed || !*data)
        return ctx->code;
    return sppo_fail(ctx, SPPO_E_IO, "standard input: cannot be read: %s",
                     strerror(errno));
}

/* A file as sppo_file_read has it, or for "-" standard input; *path becomes
 * what messages call it.                                                    */
static sppo_result input_read(sppo_ctx *ctx, const char **path, char **data,
                              size_t *size)
{
    if (strcmp(*path, "-") != 0)
        return sppo_file_read(ctx, *path, data, size);
    *path = "standard input";
    return stdin_read(ctx, data, size);
}

/* Text as it stands in a file; what no text begins with is refused by its
 * name, only pages of HTML are text as well.                                */
static sppo_result text_read(sppo_ctx *ctx, const char **path, char **data,
                             size_t *size)
{
    const char *kind;

    TRY(input_read(ctx, path, data, size));
    kind = sppo_file_kind(*data, *size);
    if (!kind || **data == '<')
        return SPPO_OK;
    sppo_release(ctx, *data, *size + 1);
    return sppo_fail(ctx, SPPO_E_FORMAT, "%s: this is %s", *path, kind);
}

/* ==== rows of JSON ========================================== >>rows == */

/* A row is an object: on a line of its own, or an entry of the one array that
 * fills the file, as AlpacaEval writes them.                                */
typedef struct row_reader {
    sppo_ctx *ctx;
    const char *path;
    char *data;
    size_t size, at;
    int line, number; // of the current row; number: from 1
    int array;        // the file is one
    int row;          // the current row's node
    char where[PATH_ROOM + 32];  // "FILE line N", in an array ", row M"
    sppo_json json;
} row_reader;

/* Back to before the first row. */
static void rows_rewind(row_reader *r)
{
    r->at = 0;
    r->row = -1;
    r->number = 0;
    r->line = r->array;
}

static sppo_result rows_open(row_reader *r, sppo_ctx *ctx, const char *path)
{
    memset(r, 0, sizeof *r);
    r->ctx = ctx;
    r->path = path;
    TRY(input_read(ctx, &r->path, &r->data, &r->size));
    r->array = r->data[strspn(r->data, " \t\r\n")] == '[';
    rows_rewind(r);
    if (!r->array)
        return SPPO_OK;
    return sppo_json_parse(ctx, &r->json, r->data, r->size, r->path);
}

static void rows_close(row_reader *r)
{
    sppo_json_free(r->ctx, &r->json);
    if (r->data)
        sppo_release(r->ctx, r->data, r->size + 1);
    r->data = NULL;
}

static sppo_result rows_fail(row_reader *r, const char *format, ...)
    SPPOI_FORMAT(2, 3);

static sppo_result rows_fail(row_reader *r, const char *format, ...)
{
    char sentence[300];
    va_list list;

    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    return sppo_fail(r->ctx, SPPO_E_FORMAT, "%s: %s", r->where, sentence);
}

enum { VALUE_ROOM = 48 };

/* A value as it stands in the file, in so far as there is room. */
static const char *rows_value(const row_reader *r, int node,
                              char out[VALUE_ROOM])
{
    const sppo_json_node *n = &r->json.node[node];
    const size_t quote = n->type == SPPO_JSON_STRING;
    const size_t length = n->end - n->begin + 2 * quote;
    const size_t most = VALUE_ROOM - 8;
    char *c;

    snprintf(out, VALUE_ROOM, "%.*s%s", (int)(length < most ? length : most),
             r->json.text + n->begin - quote, length > most ? " .." : "");
    for (c = out; *c; c++)
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    return out;
}

static sppo_result rows_check(row_reader *r)
{
    char seen[VALUE_ROOM];

    if (r->json.node[r->row].type == SPPO_JSON_OBJECT)
        return SPPO_OK;
    return rows_fail(r, "a row must be a JSON object, not %s",
                     rows_value(r, r->row, seen));
}

/* Makes one line the current row, whatever it comes from. */
static sppo_result rows_take(row_reader *r, const char *text, size_t length)
{
    snprintf(r->where, sizeof r->where, "%s line %d", r->path, r->line);
    TRY(sppo_json_parse(r->ctx, &r->json, text, length, r->where));
    r->row = 0;
    return rows_check(r);
}

/* The next entry of the array. */
static sppo_result rows_next_entry(row_reader *r, int *more)
{
    const sppo_json_node *node = r->json.node;

    r->row = r->row < 0 ? node[0].first : node[r->row].next;
    *more = r->row >= 0;
    if (!*more)
        return SPPO_OK;
    for (; r->at < node[r->row].begin; r->at++)
        r->line += r->data[r->at] == '\n';
    r->number++;
    snprintf(r->where, sizeof r->where, "%s line %d, row %d", r->path, r->line,
             r->number);
    return rows_check(r);
}

/* Makes the next row the current one; more 0: there was none. */
static sppo_result rows_next(row_reader *r, int *more)
{
    if (r->array)
        return rows_next_entry(r, more);
    *more = 0;
    while (r->at < r->size && !*more) {
        const char *line = r->data + r->at;
        const char *end = (const char *)memchr(line, '\n', r->size - r->at);
        const size_t length = end ? (size_t)(end - line) : r->size - r->at;
        size_t i = 0;

        while (i < length && strchr(" \t\r", line[i]) && line[i])
            i++;
        r->at += length + (end != NULL);
        r->line++;
        if (i == length)
            continue;
        TRY(rows_take(r, line, length));
        *more = 1;
    }
    return SPPO_OK;
}

static int rows_find(const row_reader *r, const char *key)
{
    return sppo_json_find(&r->json, r->row, key);
}

/* The text of field `key` replaces what `out` held. */
static sppo_result rows_text(row_reader *r, const char *key, buffer *out)
{
    const int node = rows_find(r, key);
    char seen[VALUE_ROOM];

    if (node < 0)
        return rows_fail(r, "\"%s\" is missing", key);
    if (r->json.node[node].type == SPPO_JSON_ARRAY)
        return rows_fail(r, "\"%s\" is a list of %d, where one text is read; "
                         "write a row for each", key, r->json.node[node].count);
    if (r->json.node[node].type != SPPO_JSON_STRING)
        return rows_fail(r, "\"%s\" must be a string, not %s", key,
                         rows_value(r, node, seen));
    buffer_clear(out);
    buffer_unquote(out, &r->json, node);
    return buffer_check(out);
}

/* ==== folders and files =================================== >>folder == */

static sppo_result path_join(sppo_ctx *ctx, char out[PATH_ROOM],
                             const char *folder, const char *name)
{
    if (snprintf(out, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "the path %.60s.. is too long",
                     folder);
}

static int is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* What may not be looked at is there all the same: opening it tells why not. */
static int file_exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* Whether two names are of one file or folder, which is there. */
static int is_same_place(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Whether nothing but a lock is in the folder, or there is no folder. */
static int folder_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int others = 0;

    if (!folder)
        return !file_exists(path);
    while ((entry = readdir(folder)) != NULL)
        others += strcmp(entry->d_name, ".") != 0 &&
                  strcmp(entry->d_name, "..") != 0 &&
                  strcmp(entry->d_name, "lock") != 0;
    closedir(folder);
    return others == 0;
}

/* Refuses to write over what is there, unless --force was given. */
static sppo_result output_is_free(sppo_ctx *ctx, const char *path, int force)
{
    if (force || (is_folder(path) ? folder_is_empty(path)
                                  : !file_exists(path)))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT,
                     "%s exists; choose another name, or --force to write "
                     "over it", path);
}

/* Locks a file for as long as this process lives; *fd -1: somebody else's,
 * whose process id goes to *owner.                                          */
static sppo_result file_lock(sppo_ctx *ctx, const char *path, int *fd,
                             long *owner)
{
    struct flock lock;

    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    *fd = open(path, O_RDWR | O_CREAT, 0666);
    if (*fd < 0)
        return sppo_fail(ctx, SPPO_E_IO, "cannot open %s: %s", path,
                         strerror(errno));
    fcntl(*fd, F_SETFD, FD_CLOEXEC);
    if (fcntl(*fd, F_SETLK, &lock) == 0)
        return SPPO_OK;
    if (errno != EACCES && errno != EAGAIN) {
        sppo_fail(ctx, SPPO_E_IO, "cannot lock %s: %s", path, strerror(errno));
        close(*fd);
        return ctx->code;
    }
    if (fcntl(*fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        *owner = (long)lock.l_pid;
    close(*fd);
    *fd = -1;
    return SPPO_OK;
}

#endif
