/* instruct.c - a synthetic instruction task with a judge that can be computed
 *
 * Shows    the three parties of preference alignment as plain programs: writers
 *          of uneven quality, annotators who err and like length, and a gold
 *          judge that neither training nor tuning may look at
 * Build    make                      Run  build/instruct --help
 * Try      build/instruct corpus --count 20000 --seed 1 --skill 0 |
 *              build/instruct score
 *          over all: u 2.29 (sd 1.80), rel 0.816, ok 0.500, length 22.62
 * Read     instruct.h; language.c: the words; judge.c: judge_response, annotate
 *
 * A prompt's text ends with a newline, which tells a model where the response
 * begins; a response is words separated by single spaces.
 *
 * Exit codes: 0 done, 2 usage, 3 bad input, 4 out of memory, 5 input/output. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPPO_IMPLEMENTATION
#include "../../sppo.h"
#include "rows.h"

/* ==== the commands ======================================================= */

/* Flawless rows come first so that a policy can be shown the rules before the
 * mistakes: from mixed rows alone it learns to copy much more slowly.       */
static void run_corpus(const task *t, const options *o)
{
    text response;
    scene asked;
    long row;

    for (row = 0; row < o->count; row++) {
        dice d = dice_for_row(o->seed, STREAM_CORPUS, row);
        const int family = draw_family(&d, o->skill);
        const double quality = dice_roll(&d);
        char *prompt, *answer;

        scene_draw(t, &d, family, &asked);
        write_response(t, &d, &asked, row < o->flawless ? 1.0 : quality,
                       &response);
        prompt = spell_prompt(t, &asked);
        answer = spell(t, &response, "");
        print_string("{\"prompt\": ", prompt);
        print_string(", \"response\": ", answer);
        puts("}");
        free(prompt);
        free(answer);
    }
}

static void run_prompts(const task *t, const options *o)
{
    long row;

    for (row = 0; row < o->count; row++) {
        dice d = dice_for_row(o->seed, STREAM_PROMPTS, row);
        const int family = draw_family(&d, o->skill);
        char *prompt = draw_prompt(t, &d, family);

        print_string("{\"prompt\": ", prompt);
        puts("}");
        free(prompt);
    }
}

/* Marks every response of a row of the judge protocol; returns how many. */
static int mark_row(const task *t, reader *in, marks **m)
{
    const int list = sppo_json_find(&in->json, 0, "responses");
    int node, i = 0;
    text words;
    scene asked;

    free(row_prompt(in, t, &asked));
    if (list < 0 || in->json.node[list].type != SPPO_JSON_ARRAY ||
        in->json.node[list].count == 0)
        fail(EXIT_INPUT, "%s line %ld: \"responses\" must be there and a list "
             "of strings, at least one", in->name, in->line);
    *m = (marks *)reallocate(*m, (size_t)in->json.node[list].count, sizeof **m);
    for (node = in->json.node[list].first; node >= 0;
         node = in->json.node[node].next) {
        char *response = row_text(in, node, "each of \"responses\"");

        text_read(t, response, &words);
        (*m)[i++] = judge_response(t, &asked, &words);
        free(response);
    }
    return i;
}

/* The judge protocol: a line in, a line out, at once, for a program at the
 * other end of a pipe waits for it.                                         */
static void run_judge(const task *t, reader *in)
{
    marks *m = NULL;

    while (next_row(in)) {
        const int k = mark_row(t, in, &m);
        const int id = sppo_json_find(&in->json, 0, "id");
        int i, j;

        putchar('{');
        if (id >= 0 && in->json.node[id].type == SPPO_JSON_NUMBER)
            printf("\"id\": %.17g, ", sppo_json_number(&in->json, id));
        fputs("\"probabilities\": [", stdout);
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                const double p = i == j ? 0.5
                               : i < j ? gold_probability(&m[i], &m[j])
                                       : 1.0 - gold_probability(&m[j], &m[i]);

                printf("%s%.24g%s", j > 0 ? ", " : i > 0 ? ", [" : "[", p,
                       j == k - 1 ? "]" : "");
            }
        puts("]}");
        if (fflush(stdout) != 0)
            break;
    }
    free(m);
}

/* Sums over the rows of one family. */
typedef struct tally {
    long rows;
    double u, u_squared, relevance, wrong, ok, bad, polite, pad, length;
    double fillers, unfinished;
    int longest;
} tally;

static void tally_add(tally *sum, const marks *m)
{
    sum->rows++;
    sum->u += m->u;
    sum->u_squared += m->u * m->u;
    sum->relevance += m->relevance;
    sum->wrong += m->wrong;
    sum->ok += m->ok;
    sum->bad += m->bad;
    sum->polite += m->polite;
    sum->pad += m->pad;
    sum->length += m->length;
    sum->fillers += m->fillers;
    sum->unfinished += m->unfinished;
    if (m->length > sum->longest)
        sum->longest = m->length;
}

/* One line of the table; a family without rows has none. */
static void tally_print(const char *name, const tally *sum)
{
    const double n = (double)sum->rows;
    const double mean = sum->u / n;
    const double spread = sqrt(fmax(0.0, sum->u_squared / n - mean * mean));

    if (sum->rows == 0)
        return;
    printf("%-9s %6ld %5.2f %4.2f %4.3f %5.2f %4.3f %5.2f %6.3f %5.2f %6.2f"
           " %3d %5.2f %5.3f\n", name, sum->rows, mean, spread,
           sum->relevance / n, sum->wrong / n, sum->ok / n, sum->bad / n,
           sum->polite / n, sum->pad / n, sum->length / n, sum->longest,
           sum->fillers / n, sum->unfinished / n);
}

/* "all" is the five families: the unrelated skill has no marks but one. */
static void print_table(const tally *sum, const tally *all)
{
    int family;

    printf("%-9s %6s %5s %4s %5s %5s %5s %5s %6s %5s %6s %3s %5s %5s\n",
           "family", "rows", "u", "sd", "rel", "wrong", "ok", "bad", "polite",
           "pad", "length", "max", "fill", "unfin");
    for (family = 0; family < BACKWARDS; family++)
        tally_print(families[family].name, &sum[family]);
    tally_print("all", all);
    if (sum[BACKWARDS].rows > 0)
        printf("%-9s %6ld   exact match %.3f\n", families[BACKWARDS].name,
               sum[BACKWARDS].rows,
               sum[BACKWARDS].ok / (double)sum[BACKWARDS].rows);
}

static void run_score(const task *t, reader *in)
{
    tally sum[FAMILIES], all;
    text words;
    scene asked;

    memset(sum, 0, sizeof sum);
    memset(&all, 0, sizeof all);
    while (next_row(in)) {
        char *response;
        marks m;

        free(row_prompt(in, t, &asked));
        response = row_text(in, sppo_json_find(&in->json, 0, "response"),
                            "\"response\"");
        text_read(t, response, &words);
        free(response);
        m = judge_response(t, &asked, &words);
        tally_add(&sum[m.family], &m);
        if (m.family != BACKWARDS)
            tally_add(&all, &m);
    }
    print_table(sum, &all);
}

/* ==== the command line =================================================== */

static const char help[] =
"usage: instruct COMMAND [options]        rows are JSON Lines on stdin/stdout\n"
"\n"
"  corpus  --count N --seed S [--flawless N] [--skill 0.3]\n"
"          rows {\"prompt\",\"response\"}: the first --flawless rows without\n"
"          mistakes, the rest of mixed quality; a share --skill of all rows\n"
"          is the unrelated skill \"say backwards\"\n"
"  prompts --count N --seed S [--skill 0]\n"
"          rows {\"prompt\"}; --skill 1: the unrelated skill only\n"
"  pairs   --count N --seed S [--samples FILE] [--bias 0.02] [--votes 4]\n"
"          rows {\"prompt\",\"response_a\",\"response_b\",\"prob_a\"}, the\n"
"          mean of --votes annotators who value each word more at --bias;\n"
"          with --samples half of the responses are from FILE, which has rows\n"
"          {\"prompt\",\"response\"}\n"
"  judge   the gold judge: {\"prompt\",\"responses\":[K texts]} in,\n"
"          {\"probabilities\":[[K x K]]} out, row i column j = P(i > j)\n"
"  score   reads {\"prompt\",\"response\"}, prints the judge's mean marks:\n"
"          u utility (sd its spread), rel required words there, wrong words,\n"
"          ok answered right, bad word pairs, polite, pad words, length in\n"
"          words and its maximum, fill filler sentences, unfin unfinished\n";

/* Which options a command takes, each followed by a space. */
static const struct {
    const char *command, *takes;
} commands[] = {
    { "corpus",  "--count --seed --flawless --skill " },
    { "prompts", "--count --seed --skill " },
    { "pairs",   "--count --seed --samples --bias --votes " },
    { "judge",   "" },
    { "score",   "" }
};

static const char *command_options(const char *command)
{
    size_t i;

    for (i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(command, commands[i].command) == 0)
            return commands[i].takes;
    fail(EXIT_USAGE, "unknown command \"%s\"; it can be corpus, prompts, pairs,"
         " judge or score (see instruct --help)", command);
    return NULL;
}

/* Whether `takes` lists the option. */
static bool takes_option(const char *takes, const char *name)
{
    const size_t length = strlen(name);
    const char *at = takes;

    while ((at = strstr(at, name)) != NULL) {
        if (at[length] == ' ' && (at == takes || at[-1] == ' '))
            return true;
        at++;
    }
    return false;
}

static double real_value(const char *name, const char *value, double low,
                         double high)
{
    char *end;
    const double number = strtod(value, &end);

    if (end == value || *end != '\0' || !(number >= low && number <= high))
        fail(EXIT_USAGE, "%s needs a number from %g to %g, not \"%s\"", name,
             low, high, value);
    return number;
}

static uint64_t whole_value(const char *name, const char *value, uint64_t low,
                            uint64_t high)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 ||
        number < low || number > high)
        fail(EXIT_USAGE, "%s needs a whole number from %llu to %llu, not "
             "\"%s\"", name, (unsigned long long)low, (unsigned long long)high,
             value);
    return number;
}

static void set_option(options *o, const char *name, const char *value)
{
    const uint64_t most_rows = 1000000000;

    if (strcmp(name, "--count") == 0) {
        o->count = (long)whole_value(name, value, 1, most_rows);
    } else if (strcmp(name, "--seed") == 0) {
        o->seed = whole_value(name, value, 0, UINT64_MAX);
        o->seeded = true;
    } else if (strcmp(name, "--flawless") == 0) {
        o->flawless = (long)whole_value(name, value, 0, most_rows);
    } else if (strcmp(name, "--skill") == 0) {
        o->skill = real_value(name, value, 0.0, 1.0);
    } else if (strcmp(name, "--samples") == 0) {
        o->samples = value;
    } else if (strcmp(name, "--bias") == 0) {
        o->bias = real_value(name, value, -1.0, 1.0);
    } else {
        o->votes = (int)whole_value(name, value, 1, 1000000);
    }
}

static void read_options(options *o, int argc, char **argv)
{
    const char *takes;
    int i;

    o->command = argv[1];
    takes = command_options(o->command);
    o->skill = strcmp(o->command, "corpus") == 0 ? 0.3 : 0.0;
    o->bias = 0.02;
    o->votes = 4;
    for (i = 2; i < argc; i += 2) {
        if (!takes_option(takes, argv[i]))
            fail(EXIT_USAGE, "unknown option \"%s\"; %s takes %s (see instruct "
                 "--help)", argv[i], o->command, *takes ? takes : "none ");
        if (i + 1 == argc)
            fail(EXIT_USAGE, "%s needs a value after it", argv[i]);
        set_option(o, argv[i], argv[i + 1]);
    }
    if (*takes != '\0' && o->count == 0)
        fail(EXIT_USAGE, "%s needs --count and the number of rows to make",
             o->command);
    if (*takes != '\0' && !o->seeded)
        fail(EXIT_USAGE, "%s needs --seed and a number: the same one gives the "
             "same rows", o->command);
}

static bool asks_for_help(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    static task t;  // 60 kilobytes, too much for some stacks
    options o;
    reader in;

    if (asks_for_help(argc, argv)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 2)
        fail(EXIT_USAGE, "which command? corpus, prompts, pairs, judge or score"
             " (see instruct --help)");
    memset(&o, 0, sizeof o);
    memset(&in, 0, sizeof in);
    read_options(&o, argc, argv);
    in.file = stdin;
    in.name = "stdin";
    task_build(&t);
    if (strcmp(o.command, "corpus") == 0)
        run_corpus(&t, &o);
    else if (strcmp(o.command, "prompts") == 0)
        run_prompts(&t, &o);
    else if (strcmp(o.command, "pairs") == 0)
        run_pairs(&t, &o);
    else if (strcmp(o.command, "judge") == 0)
        run_judge(&t, &in);
    else
        run_score(&t, &in);
    reader_free(&in);
    if (fflush(stdout) != 0 || ferror(stdout))
        fail(EXIT_IO, "the results cannot be written: %s", strerror(errno));
    return 0;
}
