/* writers.c - responses by writers of uneven quality */
#include <string.h>

#include "instruct.h"

/* Someone who answers.  quality 1 makes no mistakes; at 0 each chance of one
 * below is doubled, so that it is the stated one on average over writers.  The
 * chances define the task: with them, half of the answers are right.        */
typedef struct writer {
    const task *t;
    dice *d;
    double quality;
    scene said;   // what will be claimed; begins as what was asked
    text *out;
} writer;

static bool slips(writer *w, double chance)
{
    return dice_roll(w->d) < 2.0 * chance * (1.0 - w->quality);
}

static void write_phrase(writer *w, int name)
{
    say(w->out, w->t, name, &w->said);
}

/* Each of the slots becomes, with the given chance of a slip, some word of its
 * category (now and then the same one).                                     */
static void misremember(writer *w, const char *slots, double chance)
{
    for (; *slots != '\0'; slots++) {
        int *word = &w->said.word[(unsigned char)*slots];

        if (slips(w, chance))
            *word = any_word(w->t, w->d, word_class(w->t, *word));
    }
}

static void write_description(writer *w)
{
    misremember(w, "CTNP", 0.2);
    if (dice_roll(w->d) < 0.4) {
        write_phrase(w, THERE_IS);
        return;
    }
    write_phrase(w, IT_IS_BOTH);
    if (!slips(w, 0.25))
        write_phrase(w, dice_pick(w->d, 2) ? IT_LIVES : IT_IS_SEEN);
}

static void write_comparison(writer *w)
{
    if (slips(w, 0.35))
        exchange(&w->said.word['A'], &w->said.word['B']);
    misremember(w, "B", 0.15);
    write_phrase(w, IS_THAN + dice_pick(w->d, 4));
}

static void write_sum(writer *w)
{
    misremember(w, "S", 0.15);
    if (slips(w, 0.4)) {
        const int right = number_value(w->t, w->said.word['Z']);
        const int off = 1 + dice_pick(w->d, 3);
        int wrong = dice_pick(w->d, 2) ? right + off : right - off;

        if (wrong < 1 || wrong > LARGEST_SUM)
            wrong = 2 * right - wrong;  // the other way: always a number
        w->said.word['Z'] = number_word(w->t, wrong);
    }
    if (dice_roll(w->d) < 0.3)
        write_phrase(w, SUM_IS);
    write_phrase(w, YOU_HAVE);
}

static void write_order(writer *w)
{
    static const int slots[3] = { 'A', 'B', 'L' };
    int *word = w->said.word;

    if (slips(w, 0.4)) {  // any order, one time in six the right one
        exchange(&word['L'], &word[slots[dice_pick(w->d, 3)]]);
        exchange(&word['B'], &word[slots[dice_pick(w->d, 2)]]);
    }
    misremember(w, "ABL", 0.1);
    write_phrase(w, FIRST_THEN_LAST);
}

static void write_story(writer *w)
{
    misremember(w, "TNCM", 0.2);
    w->said.word['P'] = any_word(w->t, w->d, PLACE);
    w->said.word['V'] = any_word(w->t, w->d, VERB);
    write_phrase(w, ONCE);
    if (!slips(w, 0.25))
        write_phrase(w, dice_pick(w->d, 2) ? IT_MET : THEN_CAME);
    if (!slips(w, 0.3))
        write_phrase(w, TOGETHER);
}

static void write_core(writer *w)
{
    static void (*const write[])(writer *) = {
        write_description, write_comparison, write_sum, write_order, write_story
    };

    write[w->said.family](w);
}

/* One to three times, a word changes place with the next one, is lost, or is
 * said twice.  The last word keeps its place: it is the full stop by which a
 * reader of the text can tell that the response was finished.               */
static void scramble(writer *w)
{
    int times = 1 + dice_pick(w->d, 3);

    while (times-- > 0 && w->out->count > 2) {
        const int kind = dice_pick(w->d, 3);
        const int free_words = w->out->count - 1;
        const int at = dice_pick(w->d, kind == 0 ? free_words - 1 : free_words);
        int *word = &w->out->word[at];
        const size_t rest = sizeof *word * (size_t)(w->out->count - at - 1);

        if (kind == 0) {
            exchange(&word[0], &word[1]);
        } else if (kind == 1) {
            memmove(word, word + 1, rest);
            w->out->count--;
        } else {
            memmove(word + 1, word, rest + sizeof *word);
            w->out->count++;
        }
    }
}

/* 0, 1, 2 or 3 different fillers; how many does not depend on quality, so a
 * policy that only imitates good writers keeps them.                        */
static int draw_fillers(dice *d, int *filler)
{
    const double roll = dice_roll(d);
    const int count = roll < 0.5 ? 0 : roll < 0.77 ? 1 : roll < 0.92 ? 2 : 3;

    choose(d, FILLERS, count, filler);
    return count;
}

/* A response to the prompt: opening, fillers, the answer, fillers, closing.
 * At most 64 words: 2 + 22 (a story) + 32 (fillers) + 5, and 3 said twice.  */
void write_response(const task *t, dice *d, const scene *asked,
                    double quality, text *out)
{
    writer w = { t, d, quality, *asked, out };
    int i, opening, fillers, filler[3], before[3];

    out->count = 0;
    if (asked->family == BACKWARDS) {
        for (i = asked->letters; i > 0; i--)
            out->word[out->count++] = asked->letter[i - 1];
        return;
    }
    opening = dice_pick(d, OPENINGS + 1);
    if (opening < OPENINGS)
        write_phrase(&w, OPENING + opening);
    fillers = draw_fillers(d, filler);
    for (i = 0; i < fillers; i++) {
        before[i] = dice_roll(d) < 0.25;
        if (before[i])
            write_phrase(&w, FILLER + filler[i]);
    }
    write_core(&w);
    for (i = 0; i < fillers; i++)
        if (!before[i])
            write_phrase(&w, FILLER + filler[i]);
    if (dice_roll(d) < 0.3)
        write_phrase(&w, CLOSING);
    if (slips(&w, 0.2))
        scramble(&w);
}
