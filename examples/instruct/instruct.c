/* instruct.c - a synthetic instruction task with a judge that can be computed
 *
 * Shows    the three parties of preference alignment as plain programs: writers
 *          of uneven quality, annotators who err and like length, and a gold
 *          judge that neither training nor tuning may look at
 * Build    make                      Run  build/instruct --help
 * Try      build/instruct corpus --count 20000 --seed 1 --skill 0 |
 *              build/instruct score
 *          over all: u 2.29 (sd 1.80), rel 0.816, ok 0.500, length 22.62
 * Read     instruct.h: the words, then judge_response and annotate
 *
 * A prompt's text ends with a newline, which tells a model where the response
 * begins; a response is words separated by single spaces.
 *
 * Exit codes: 0 done, 2 usage, 3 bad input, 4 out of memory, 5 input/output. */

#define _POSIX_C_SOURCE 200809L  // getline

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"
#include "instruct.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_MEMORY = 4, EXIT_IO = 5 };

/* Ends the program with a sentence on stderr: there is nothing to save. */
static void fail(int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("instruct: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(code);
}

/* ==== reading prompts ==================================================== */

static void text_read(const task *t, const char *source, text *out)
{
    const char *word;
    size_t length;

    out->count = 0;
    while (out->count < RESPONSE_WORDS && next_word(&source, &word, &length))
        out->word[out->count++] = word_find(t, word, length);
}

/* Whether the word may stand in the slot. */
static bool slot_takes(const task *t, int slot, int word)
{
    static const char slots[] = "CTPSXYNMO";
    static const int category[] = {
        COLOUR, TRAIT, PLACE, PLURAL, NUMBER, NUMBER, NOUN, NOUN, NOUN
    };
    const char *found = strchr(slots, slot);

    if (slot == 'K')
        return word == t->bigger || word == t->smaller;
    return found != NULL && word_class(t, word) == category[found - slots];
}

/* Reads the words of a prompt as one of the phrases that ask. */
static bool scene_match(const task *t, const phrase *p, const text *words,
                        scene *s)
{
    int i;

    if (words->count != p->count)
        return false;
    for (i = 0; i < p->count; i++) {
        const int slot = -p->word[i], word = words->word[i];

        if (slot <= 0) {
            if (p->word[i] != word)
                return false;
            continue;
        }
        if (!slot_takes(t, slot, word))
            return false;
        if (s->word[slot] >= 0 && s->word[slot] != word)
            return false;  // "how many cups" after "i have two coins"
        s->word[slot] = word;
    }
    return scene_solve(t, s);
}

static bool scene_match_letters(const task *t, const text *words, scene *s)
{
    const phrase *p = &t->phrases[ASK_BACKWARDS];
    int i;

    s->letters = words->count - p->count;
    if (s->letters < 1 || s->letters > MAX_LETTERS ||
        memcmp(words->word, p->word, sizeof p->word[0] * (size_t)p->count))
        return false;
    for (i = 0; i < s->letters; i++) {
        s->letter[i] = words->word[p->count + i];
        if (word_class(t, s->letter[i]) != LETTER)
            return false;
    }
    return true;
}

/* What a prompt asks, from its text alone: a judge is given nothing else.
 * False when it is not a prompt of this task.                               */
static bool scene_read(const task *t, const char *prompt, scene *s)
{
    text words;
    int family, i;

    text_read(t, prompt, &words);
    for (family = 0; family < BACKWARDS; family++)
        for (i = 0; i < families[family].asks; i++) {
            scene_clear(s, family);
            s->ask = families[family].first_ask + i;
            if (scene_match(t, &t->phrases[s->ask], &words, s))
                return true;
        }
    scene_clear(s, BACKWARDS);
    s->ask = ASK_BACKWARDS;
    return scene_match_letters(t, &words, s);
}

/* ==== rows in and out ==================================================== */

/* JSON Lines, read one at a time; failures name the file and the line. */
typedef struct reader {
    FILE *file;
    const char *name;
    long line;
    char *buffer;
    size_t capacity;
    sppo_ctx ctx;
    sppo_json json;
} reader;

static void *reallocate(void *block, size_t count, size_t size)
{
    const int countable = size == 0 || count <= (size_t)-1 / size;
    void *moved = countable ? realloc(block, count * size) : NULL;

    if (moved == NULL)
        fail(EXIT_MEMORY, "out of memory: %llu times %llu bytes were asked for",
             (unsigned long long)count, (unsigned long long)size);
    return moved;
}

/* The next row as in->json, an object; false at the end of the file. */
static bool next_row(reader *in)
{
    char where[512];
    ssize_t length = getline(&in->buffer, &in->capacity, in->file);
    sppo_result result;

    if (length < 0 && ferror(in->file))
        fail(EXIT_IO, "%s cannot be read: %s", in->name, strerror(errno));
    if (length < 0)
        return false;
    in->line++;
    snprintf(where, sizeof where, "%s line %ld", in->name, in->line);
    if (length > 0 && in->buffer[length - 1] == '\n')
        length--;
    result = sppo_json_parse(&in->ctx, &in->json, in->buffer, (size_t)length,
                             where);
    if (result != SPPO_OK)
        fail(result == SPPO_E_MEMORY ? EXIT_MEMORY : EXIT_INPUT, "%s",
             in->ctx.message);
    if (in->json.node[0].type != SPPO_JSON_OBJECT)
        fail(EXIT_INPUT, "%s: a row must be an object like {\"prompt\":...}",
             where);
    return true;
}

static void reader_free(reader *in)
{
    sppo_json_free(&in->ctx, &in->json);
    free(in->buffer);
}

/* A string node, decoded into a block that the caller frees. */
static char *row_text(reader *in, int node, const char *what)
{
    size_t length;
    char *out;

    if (node < 0 || in->json.node[node].type != SPPO_JSON_STRING)
        fail(EXIT_INPUT, "%s line %ld: %s must be there and a string",
             in->name, in->line, what);
    length = sppo_json_string(&in->json, node, NULL, 0);
    out = (char *)reallocate(NULL, length + 1, 1);
    sppo_json_string(&in->json, node, out, length + 1);
    if (strlen(out) == length)
        return out;
    free(out);
    fail(EXIT_INPUT, "%s line %ld: %s has a NUL character in it", in->name,
         in->line, what);
    return NULL;
}

/* Whether "finished" says that the row's response was cut. */
static int row_is_cut(reader *in)
{
    const int node = sppo_json_find(&in->json, 0, "finished");
    const sppo_json_type type = node < 0 ? SPPO_JSON_TRUE
                                         : in->json.node[node].type;

    if (type != SPPO_JSON_TRUE && type != SPPO_JSON_FALSE)
        fail(EXIT_INPUT, "%s line %ld: \"finished\" must be true or false",
             in->name, in->line);
    return type == SPPO_JSON_FALSE;
}

/* The row's prompt, which the caller frees, and what it asks. */
static char *row_prompt(reader *in, const task *t, scene *asked)
{
    char *prompt = row_text(in, sppo_json_find(&in->json, 0, "prompt"),
                            "\"prompt\"");

    if (scene_read(t, prompt, asked))
        return prompt;
    free(prompt);
    fail(EXIT_INPUT, "%s line %ld: \"prompt\" is none of this task's prompts "
         "(\"instruct prompts\" makes them)", in->name, in->line);
    return NULL;
}

/* The words of a text, separated by single spaces; the caller frees it. */
static char *spell(const task *t, const text *words, const char *end)
{
    size_t length = strlen(end) + 1, at = 0;
    char *out;
    int i;

    for (i = 0; i < words->count; i++)
        length += strlen(t->spelling[words->word[i]]) + 1;
    out = (char *)reallocate(NULL, length, 1);
    for (i = 0; i < words->count; i++) {
        const size_t n = strlen(t->spelling[words->word[i]]);

        if (i > 0)
            out[at++] = ' ';
        memcpy(out + at, t->spelling[words->word[i]], n);
        at += n;
    }
    strcpy(out + at, end);
    return out;
}

static char *spell_prompt(const task *t, const scene *s)
{
    text words;

    prompt_words(t, s, &words);
    return spell(t, &words, "\n");
}

/* Prints a string as JSON after `before`, which is printed as it is. */
static void print_string(const char *before, const char *value)
{
    const size_t length = strlen(value);
    const size_t quoted = sppo_json_quote(NULL, 0, value, length);
    char *out = (char *)reallocate(NULL, quoted + 1, 1);

    sppo_json_quote(out, quoted + 1, value, length);
    printf("%s%s", before, out);
    free(out);
}

/* ==== the commands ======================================================= */

/* What the command line says; `help` explains it. */
typedef struct options {
    const char *command;
    long count;           // 0: not given
    bool seeded;
    uint64_t seed;
    long flawless;
    double skill;
    const char *samples;  // NULL: not given
    double bias;
    int votes;
} options;

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

/* A random prompt of the family as text, which the caller frees. */
static char *draw_prompt(const task *t, dice *d, int family)
{
    scene asked;

    scene_draw(t, d, family, &asked);
    return spell_prompt(t, &asked);
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

/* One row of the samples file; same[0 .. count - 1] are the rows of its prompt,
 * itself among them.                                                        */
typedef struct sample {
    char *prompt, *response;
    int cut;  // it did not end by itself
    long line;
    struct sample **same;
    int count;
} sample;

typedef struct samples {
    sample *row;     // as in the file
    sample **order;  // by prompt
    int count, capacity;
} samples;

/* By prompt, then by line: qsort alone may order equal ones as it likes. */
static int compare_samples(const void *left, const void *right)
{
    const sample *a = *(const sample *const *)left;
    const sample *b = *(const sample *const *)right;
    const int by_prompt = strcmp(a->prompt, b->prompt);

    return by_prompt != 0 ? by_prompt
                          : (a->line > b->line) - (a->line < b->line);
}

/* Brings the rows of a prompt together, wherever in the file they are. */
static void samples_sort(samples *s)
{
    int i, j, k;

    s->order = (sample **)reallocate(NULL, (size_t)s->count,
                                     sizeof *s->order);
    for (i = 0; i < s->count; i++)
        s->order[i] = &s->row[i];
    qsort(s->order, (size_t)s->count, sizeof *s->order, compare_samples);
    for (i = 0; i < s->count; i = j) {
        for (j = i; j < s->count; j++)
            if (strcmp(s->order[i]->prompt, s->order[j]->prompt) != 0)
                break;
        for (k = i; k < j; k++) {
            s->order[k]->same = &s->order[i];
            s->order[k]->count = j - i;
        }
    }
}

/* Makes room for one more row and returns it. */
static sample *samples_add(samples *s)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity * 2 + 256;
        s->row = (sample *)reallocate(s->row, (size_t)s->capacity,
                                      sizeof *s->row);
    }
    return &s->row[s->count++];
}

static void samples_read(const task *t, samples *s, const char *path)
{
    scene asked;
    reader in;

    memset(&in, 0, sizeof in);
    in.name = path;
    in.file = fopen(path, "r");
    if (in.file == NULL)
        fail(EXIT_IO, "%s cannot be opened: %s", path, strerror(errno));
    while (next_row(&in)) {
        sample *row = samples_add(s);

        row->line = in.line;
        row->prompt = row_prompt(&in, t, &asked);
        row->response = row_text(&in, sppo_json_find(&in.json, 0, "response"),
                                 "\"response\"");
        row->cut = row_is_cut(&in);
        if (asked.family == BACKWARDS)
            fail(EXIT_INPUT, "%s line %ld: there are no preferences for \"say "
                 "backwards\"; leave such rows out", path, in.line);
    }
    if (s->count == 0)
        fail(EXIT_INPUT, "%s has no rows", path);
    reader_free(&in);
    fclose(in.file);
    samples_sort(s);
}

static void samples_free(samples *s)
{
    int i;

    for (i = 0; i < s->count; i++) {
        free(s->row[i].prompt);
        free(s->row[i].response);
    }
    free(s->row);
    free(s->order);
}

/* A response for a pair: another writer's, or as often one of the policy's
 * samples, if there are any.  The caller frees it; words is what it says.   */
static char *pair_response(const task *t, dice *d, const scene *asked,
                           const sample *row, text *words, int *cut)
{
    const double quality = dice_roll(d);

    *cut = 0;
    if (row != NULL && dice_roll(d) < 0.5) {
        const sample *drawn = row->same[dice_pick(d, row->count)];
        const char *found = drawn->response;
        const size_t size = strlen(found) + 1;

        *cut = drawn->cut;
        text_read(t, found, words);
        return (char *)memcpy(reallocate(NULL, size, 1), found, size);
    }
    write_response(t, d, asked, quality, words);
    return spell(t, words, "");
}

/* One row of pairs.  Responses that say the same words are drawn again: there
 * is nothing to prefer.  That ends, for a writer has many ways to answer.   */
static void print_pair(const task *t, dice *d, const char *prompt,
                       const sample *row, const options *o)
{
    char *text_a = NULL, *text_b = NULL;
    text words_a, words_b;
    scene asked;
    marks a, b;
    int cut_a, cut_b;

    scene_read(t, prompt, &asked);
    do {
        free(text_a);
        free(text_b);
        text_a = pair_response(t, d, &asked, row, &words_a, &cut_a);
        text_b = pair_response(t, d, &asked, row, &words_b, &cut_b);
    } while (same_words(&words_a, &words_b));
    a = judge_response(t, &asked, &words_a);
    b = judge_response(t, &asked, &words_b);
    print_string("{\"prompt\": ", prompt);
    print_string(", \"response_a\": ", text_a);
    print_string(", \"response_b\": ", text_b);
    if (cut_a || cut_b)  // where it is absent, both are finished
        printf(", \"finished\": [%s, %s]", cut_a ? "false" : "true",
               cut_b ? "false" : "true");
    printf(", \"prob_a\": %.10g}\n", annotate(d, &a, &b, o->bias, o->votes));
    free(text_a);
    free(text_b);
}

/* With samples, pair i is about the prompt of the file's row i, going round, so
 * that every prompt gets its share.                                         */
static void run_pairs(const task *t, const options *o)
{
    samples s = { NULL, NULL, 0, 0 };
    long row;

    if (o->samples != NULL)
        samples_read(t, &s, o->samples);
    for (row = 0; row < o->count; row++) {
        dice d = dice_for_row(o->seed, STREAM_PAIRS, row);

        if (o->samples != NULL) {
            const sample *found = &s.row[row % s.count];

            print_pair(t, &d, found->prompt, found, o);
        } else {
            char *prompt = draw_prompt(t, &d, dice_pick(&d, BACKWARDS));

            print_pair(t, &d, prompt, NULL, o);
            free(prompt);
        }
    }
    samples_free(&s);
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

static const char *options_of(const char *command)
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
    takes = options_of(o->command);
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
