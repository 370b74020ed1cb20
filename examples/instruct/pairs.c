/* pairs.c - pairs of responses with the votes of annotators */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

/* ==== samples of a policy ================================================ */

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

/* ==== pairs ============================================================== */

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
void run_pairs(const task *t, const options *o)
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
