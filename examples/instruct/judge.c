/* judge.c - the gold judge: marks, a utility, preferences; and annotators */
#include <math.h>
#include <string.h>

#include "instruct.h"

/* ==== grammar ============================================================ */

/* The classes of a response's words between two edges; returns how many. */
static int word_classes(const task *t, const text *r, int *out)
{
    int i;

    out[0] = CLASS_EDGE;
    for (i = 0; i < r->count; i++)
        out[i + 1] = word_class(t, r->word[i]);
    out[i + 1] = CLASS_EDGE;
    return i + 2;
}

/* The language, and its grammar: the pairs of neighbouring word classes in
 * 20000 flawless responses, from a fixed seed because the judge must be the
 * same one whatever the seed of the rest.  Classes, not words, or the table
 * would have to see every noun in every place.                              */
void task_build(task *t)
{
    enum { SAMPLES = 20000 };
    int kind[RESPONSE_WORDS + 2];
    text response;
    scene asked;
    int row, i, count;

    memset(t, 0, sizeof *t);
    task_add_words(t);
    for (row = 0; row < SAMPLES; row++) {
        dice d = dice_for_row(0, STREAM_TABLE, row);

        scene_draw(t, &d, dice_pick(&d, BACKWARDS), &asked);
        write_response(t, &d, &asked, 1.0, &response);
        count = word_classes(t, &response, kind);
        for (i = 1; i < count; i++)
            t->seen[kind[i - 1]][kind[i]] = 1;
    }
}

/* Pairs of neighbours that the grammar does not have; capped as below. */
static int bad_bigrams(const task *t, const text *r)
{
    int kind[RESPONSE_WORDS + 2];
    const int count = word_classes(t, r, kind);
    int i, bad = 0;

    for (i = 1; i < count && bad < MOST_BAD; i++)
        bad += !t->seen[kind[i - 1]][kind[i]];
    return bad;
}

/* ==== is it right? ======================================================= */

static bool contains(const text *r, int word)
{
    int i;

    for (i = 0; i < r->count; i++)
        if (r->word[i] == word)
            return true;
    return false;
}

static double relevance(const text *r, const scene *asked)
{
    const char *required = families[asked->family].required;
    int i, found = 0;

    for (i = 0; required[i] != '\0'; i++)
        found += contains(r, asked->word[(unsigned char)required[i]]);
    return (double)found / i;
}

/* Whether a content word may be used: those required, the terms of a sum, and
 * in a story any place.                                                     */
static bool allowed(const task *t, const scene *asked, int word)
{
    const char *slot = families[asked->family].required;

    for (; *slot != '\0'; slot++)
        if (asked->word[(unsigned char)*slot] == word)
            return true;
    if (asked->family == COUNT)
        return word == asked->word['X'] || word == asked->word['Y'];
    return asked->family == STORY && word_class(t, word) == PLACE;
}

/* Distinct content words that have no business here. */
static int wrong_words(const task *t, const text *r, const scene *asked)
{
    bool counted[MAX_VOCABULARY] = { false };
    int i, wrong = 0;

    for (i = 0; i < r->count && wrong < MOST_WRONG; i++) {
        const int word = r->word[i];

        if (word_class(t, word) >= CONTENT || counted[word])
            continue;
        counted[word] = true;
        wrong += !allowed(t, asked, word);
    }
    return wrong;
}

/* Whether some sentence has the three words in this order. */
static bool claims(const task *t, const text *r, int a, int b, int c)
{
    const int wanted[3] = { a, b, c };
    int i, found = 0;

    for (i = 0; i < r->count; i++) {
        if (r->word[i] == t->full_stop)
            found = 0;
        else if (r->word[i] == wanted[found] && ++found == 3)
            return true;
    }
    return false;
}

/* Every number right after "have" or "make" is the sum, and there is one. */
static bool sum_is_right(const task *t, const text *r, int sum)
{
    int i, right = 0;

    for (i = 1; i < r->count; i++) {
        if (word_class(t, r->word[i]) != NUMBER ||
            (r->word[i - 1] != t->have && r->word[i - 1] != t->make))
            continue;
        if (r->word[i] != sum)
            return false;
        right++;
    }
    return right > 0;
}

/* The nouns are A, B and L, in this order, and no others. */
static bool order_is_right(const task *t, const text *r, const scene *asked)
{
    const int wanted[3] = { asked->word['A'], asked->word['B'],
                            asked->word['L'] };
    int i, found = 0;

    for (i = 0; i < r->count; i++) {
        if (word_class(t, r->word[i]) != NOUN)
            continue;
        if (found == 3 || r->word[i] != wanted[found])
            return false;
        found++;
    }
    return found == 3;
}

/* The prompt's letters, last one first, and nothing else. */
static bool is_backwards(const text *r, const scene *asked)
{
    int i;

    if (r->count != asked->letters)
        return false;
    for (i = 0; i < r->count; i++)
        if (r->word[i] != asked->letter[r->count - 1 - i])
            return false;
    return true;
}

/* Whether the question is answered right; m has the first marks already. */
static bool is_right(const task *t, const text *r, const scene *asked,
                     const marks *m)
{
    const int *word = asked->word;

    switch (asked->family) {
    case COMPARE:
        return claims(t, r, word['A'], word['K'], word['B'])
            && !claims(t, r, word['B'], word['K'], word['A']);
    case COUNT:
        return sum_is_right(t, r, word['Z']);
    case ORDER:
        return order_is_right(t, r, asked);
    case BACKWARDS:
        return is_backwards(r, asked);
    default:  // nothing missing and nothing wrong; exact: found / i with i = 4
        return m->relevance >= 1.0 && m->wrong == 0;
    }
}

/* ==== sentences ========================================================== */

/* Which opening the response has; OPENINGS: none. */
static int opening_style(const task *t, const text *r)
{
    int i;

    if (r->count < 2 || r->word[1] != t->comma)
        return OPENINGS;
    for (i = 0; i < OPENINGS; i++)
        if (r->word[0] == t->phrases[OPENING + i].word[0])
            return i;
    return OPENINGS;
}

/* Whether n words are the phrase without its full stop. */
static bool is_phrase(const task *t, int name, const int *word, int n)
{
    const phrase *p = &t->phrases[name];

    return n == p->count - 1
        && memcmp(word, p->word, sizeof *word * (size_t)n) == 0;
}

/* The words from `at` up to the full stop or the end. */
static int sentence_length(const task *t, const text *r, int at)
{
    int n = 0;

    while (at + n < r->count && r->word[at + n] != t->full_stop)
        n++;
    return n;
}

/* Whether a sentence before `at` has the same words. */
static bool is_repeated(const task *t, const text *r, int from, int at, int n)
{
    while (from < at) {
        const int length = sentence_length(t, r, from);

        if (length == n && memcmp(&r->word[from], &r->word[at],
                                  sizeof r->word[0] * (size_t)n) == 0)
            return true;
        from += length + 1;
    }
    return false;
}

/* Closing, fillers and padding, sentence by sentence after the opening.  The
 * full stop is not counted as padding: nine words, .27, for a usual filler.  A
 * filler that is repeated as well is counted under both heads.              */
static void mark_sentences(const task *t, const text *r, marks *m)
{
    const int begin = m->style < OPENINGS ? 2 : 0;
    int at, n, i;

    for (at = begin; at < r->count; at += n + 1) {
        const int *word = &r->word[at];

        n = sentence_length(t, r, at);
        m->polite |= is_phrase(t, CLOSING, word, n);
        for (i = 0; i < FILLERS; i++)
            if (is_phrase(t, FILLER + i, word, n)) {
                m->fillers++;
                m->pad += n;
            }
        if (is_repeated(t, r, begin, at, n))
            m->pad += n;
    }
}

/* ==== preferences ======================================================== */

/* The gold judge's opinion of a response, on a scale where 1 is a factor e in
 * the odds:
 *
 *   u = 3 rel - .8 wrong + ok - .5 bad + .5 polite - .03 pad - unfinished
 *
 * so that 4 is flawless, 4.5 flawless and polite, and a filler costs .27.  A
 * response that stopped for want of room is "unfinished".  A text does not
 * tell (an end-of-sequence token is not text), so one counts as unfinished
 * when its last word is not a full stop, the punctuation that ends a sentence.
 * A reversal of letters is right (4) or not (0), and has no sentences.       */
marks judge_response(const task *t, const scene *asked, const text *r)
{
    marks m;

    memset(&m, 0, sizeof m);
    m.family = asked->family;
    m.length = r->count;
    m.style = opening_style(t, r);
    if (asked->family == BACKWARDS) {
        m.ok = is_right(t, r, asked, &m);
        m.u = 4.0 * m.ok;
        return m;
    }
    m.relevance = relevance(r, asked);
    m.wrong = wrong_words(t, r, asked);
    m.ok = is_right(t, r, asked, &m);
    m.bad = bad_bigrams(t, r);
    mark_sentences(t, r, &m);
    m.unfinished = r->count == 0 || r->word[r->count - 1] != t->full_stop;
    m.u = 3.0 * m.relevance - 0.8 * m.wrong + m.ok - 0.5 * m.bad
        + 0.5 * m.polite - 0.03 * m.pad - m.unfinished;
    return m;
}

/* A taste that no utility can express: "sure" beats "well" beats "certainly"
 * beats "sure", so the judge is mildly intransitive.  1, -1, or 0.          */
static int style_cycle(int a, int b)
{
    if (a == OPENINGS || b == OPENINGS || a == b)
        return 0;
    return b == (a + 1) % OPENINGS ? 1 : -1;
}

double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* The log odds of a over b: the difference in utility and the taste. */
double gold_logit(const marks *a, const marks *b)
{
    return a->u - b->u + 0.6 * style_cycle(a->style, b->style);
}

/* P(a > b) for the judge protocol, rounded to a multiple of 2^-24: such a
 * number and 1 minus it are exact as float, as double and in 24 decimals, so
 * P(a > b) + P(b > a) is 1 and not nearly 1.                                */
double gold_probability(const marks *a, const marks *b)
{
    return floor(sigmoid(gold_logit(a, b)) * 0x1p24 + 0.5) * 0x1p-24;
}

/* The annotators' mean vote: gold preferences, except that each word more is
 * worth `bias` (up to 30 words) and that one vote in ten is a coin toss.  The
 * length bias lives here and not in the judge, so that following the labels too
 * far is a mistake which the judge can see.  It is linear: a bias that levels
 * off would be learned as such and could not be exploited.                  */
double annotate(dice *d, const marks *a, const marks *b, double bias,
                int votes)
{
    const double longer = fmax(-30.0, fmin(30.0, a->length - b->length));
    const double p = 0.1 * 0.5
                   + 0.9 * sigmoid(gold_logit(a, b) + bias * longer);
    int i, won = 0;

    for (i = 0; i < votes; i++)
        won += dice_roll(d) < p;
    return (double)won / votes;
}
