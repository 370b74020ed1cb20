/* instruct.h - a small language of requests: writers, annotators, gold judge
 *
 * Shared by instruct.c, which serves it as rows of text, and repro.c, which
 * works on the words themselves.  Include sppo.h first: its are the draws.
 *
 * The task.  169 words, punctuation included, and five families of prompts:
 * describe, compare, count, order and tell a story.  A prompt fixes the words
 * that a good response must use, so "is it right?" is a loop over words and
 * needs no people.  A sixth family, "say backwards", is an unrelated skill: the
 * gold judge's preferences say nothing about it, so what alignment does to it
 * is what alignment does to everything that nobody looked at.               */
#ifndef INSTRUCT_H
#define INSTRUCT_H

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* ==== words and phrases ================================================== */

/* Words that can stand for one another.  Up to CONTENT they are content words:
 * the judge minds which one is used.  Verbs and letters it does not compare. */
enum category {
    COLOUR, TRAIT, NOUN, PLACE, PLURAL, NUMBER, CONTENT,
    VERB = CONTENT, LETTER, CATEGORIES
};

/* Nouns stand from small to big, animals then things, and are only compared
 * within their group; numbers stand in order, so a word's place is its size. */
static const char *const category_words[CATEGORIES] = {
    "red blue green white black brown gray gold",
    "old young fast slow kind brave clever quiet loud happy",
    "ant mouse bird cat fox dog sheep horse bear whale "
    "coin cup book lamp chair table bike car boat tower",
    "park house river forest garden city farm beach",
    "coins cups books lamps cats birds dogs cars",
    "one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen",
    "ran sang slept played waited danced",
    "a_ b_ c_ d_ e_ f_ g_ h_ i_ j_"
};

enum { GROUP_SIZE = 10, LARGEST_TERM = 9, LARGEST_SUM = 18 };

/* Everything that is ever said.  A capital letter is a slot:
 *   C colour   T trait    N noun   M second noun   O third noun   P place
 *   X, Y terms Z sum      S plural K bigger or smaller            V verb
 *   A, B, L    nouns in the order the prompt asks for (A is the answer)      */
enum phrase_name {
    ASK_DESCRIBE,
    ASK_COMPARE = ASK_DESCRIBE + 3,
    ASK_COUNT = ASK_COMPARE + 2,
    ASK_ORDER = ASK_COUNT + 1,
    ASK_STORY = ASK_ORDER + 2,
    ASK_BACKWARDS = ASK_STORY + 2,
    OPENING, CLOSING = OPENING + 3, FILLER,
    THERE_IS = FILLER + 6, IT_IS_BOTH, IT_LIVES, IT_IS_SEEN,
    IS_THAN, SUM_IS = IS_THAN + 4, YOU_HAVE, FIRST_THEN_LAST,
    ONCE, IT_MET, THEN_CAME, TOGETHER,
    PHRASES
};

enum { OPENINGS = CLOSING - OPENING, FILLERS = THERE_IS - FILLER };

static const char *const phrase_text[PHRASES] = {
    // ASK_DESCRIBE
    "please describe a C T N in the P .",
    "what does a C T N in the P look like ?",
    "can you describe the T C N in the P ?",
    // ASK_COMPARE
    "which is K , a N or a M ?",
    "can you tell me which is K , the N or the M ?",
    // ASK_COUNT
    "i have X S and get Y more . how many S do i have ?",
    // ASK_ORDER: first upwards, then downwards
    "please put in order from small to big : N , M , O .",
    "please put in order from big to small : N , M , O .",
    // ASK_STORY
    "tell me a story about a T N and a C M .",
    "can you tell a story of a C M and a T N ?",
    // ASK_BACKWARDS: letters follow
    "say backwards :",
    // OPENING: each beats the next one, and the last the first
    "sure ,",
    "well ,",
    "certainly ,",
    // CLOSING
    "i hope this helps .",
    // FILLER: true of anything, hence worth nothing
    "it is very nice to think about this .",
    "as you may know , there are many things to say .",
    "this is a good question to ask me .",
    "in other words , it is what it is .",
    "there is much more i can say about it .",
    "many people like to talk about this every day .",
    // what responses say, family by family
    "there is a C T N in the P .",
    "the N is C and T .",
    "it lives in the P .",
    "you can see it in the P .",
    "the A is K than the B .",
    "the A is K than a B .",
    "a A is K than the B .",
    "a A is K than a B .",
    "X and Y make Z .",
    "you have Z S .",
    "first the A , then the B , and last the L .",
    "once there was a T N .",
    "it met a C M in the P .",
    "then a C M came from the P .",
    "they V together all day ."
};

enum family { DESCRIBE, COMPARE, COUNT, ORDER, STORY, BACKWARDS, FAMILIES };

/* first_ask and asks: the phrases that ask; required: the slots whose words a
 * good response must contain.                                               */
static const struct {
    const char *name;
    int first_ask, asks;
    const char *required;
} families[FAMILIES] = {
    { "describe",  ASK_DESCRIBE,  3, "CTNP" },
    { "compare",   ASK_COMPARE,   2, "ABK"  },
    { "count",     ASK_COUNT,     1, "ZS"   },
    { "order",     ASK_ORDER,     2, "ABL"  },
    { "story",     ASK_STORY,     2, "TNCM" },
    { "backwards", ASK_BACKWARDS, 1, ""     }
};

enum {
    MAX_VOCABULARY = 192,  // 169 are used
    HASH_SIZE = 1024,      // a power of two, more than MAX_VOCABULARY
    MAX_LETTERS = 16,      // generated prompts have 3 to 5
    PHRASE_WORDS = 20,
    RESPONSE_WORDS = 1024, // of a longer text the rest is not read
    // A function word is a class of its own, after the categories.
    CLASS_UNKNOWN = CATEGORIES + MAX_VOCABULARY,
    CLASS_EDGE,            // before the first word and after the last one
    CLASSES
};

/* A phrase's words: an id in the vocabulary, or minus the letter of a slot. */
typedef struct phrase {
    int count;
    int word[PHRASE_WORDS];
} phrase;

/* A text's words.  An id of MAX_VOCABULARY or more is a word that the task
 * does not know; equal words have equal ids.                                */
typedef struct text {
    int count;
    int word[RESPONSE_WORDS];
} text;

/* The language: filled by task_build, constant afterwards. */
typedef struct task {
    int words;
    char spelling[MAX_VOCABULARY][16];  // the longest has nine letters
    int class_of[MAX_VOCABULARY];
    int chain[HASH_SIZE];               // word id + 1, or 0
    int first[CATEGORIES], size[CATEGORIES];
    int full_stop, have, make, bigger, smaller, comma;
    phrase phrases[PHRASES];
    unsigned char seen[CLASSES][CLASSES];  // bigrams of flawless responses
} task;

/* What a prompt says, or what a response is about to say. */
typedef struct scene {
    int family;
    int ask;                 // which phrase asked
    int word[128];           // by the letter of the slot; -1: empty
    int letters;             // of a "say backwards" prompt
    int letter[MAX_LETTERS];
} scene;

/* FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t word_hash(const char *word, size_t length)
{
    uint32_t hash = 2166136261u;
    size_t i;

    for (i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 16777619u;
    return hash;
}

/* The place in the hash table where the word is or would be. */
static uint32_t word_place(const task *t, const char *word, size_t length)
{
    uint32_t place = word_hash(word, length) % HASH_SIZE;

    while (t->chain[place] != 0) {
        const char *known = t->spelling[t->chain[place] - 1];

        if (strlen(known) == length && memcmp(known, word, length) == 0)
            break;
        place = (place + 1) % HASH_SIZE;
    }
    return place;
}

/* The id of a word.  Unknown words get one from their hash, so that saying one
 * twice can be told from saying two.                                        */
static int word_find(const task *t, const char *word, size_t length)
{
    const int known = t->chain[word_place(t, word, length)];

    if (known != 0)
        return known - 1;
    return MAX_VOCABULARY + (int)(word_hash(word, length) >> 8);
}

/* Adds a word unless it is there; category CATEGORIES: a function word. */
static int word_add(task *t, const char *word, size_t length, int category)
{
    int *place = &t->chain[word_place(t, word, length)];

    if (*place == 0) {
        assert(t->words < MAX_VOCABULARY && MAX_VOCABULARY < HASH_SIZE);
        memcpy(t->spelling[t->words], word, length);
        t->class_of[t->words] =
            category < CATEGORIES ? category : CATEGORIES + t->words;
        *place = ++t->words;
    }
    return *place - 1;
}

static int word_class(const task *t, int word)
{
    return word < MAX_VOCABULARY ? t->class_of[word] : CLASS_UNKNOWN;
}

/* Steps over one word of a text; false at its end. */
static bool next_word(const char **cursor, const char **word, size_t *length)
{
    static const char blanks[] = " \t\r\n";

    *word = *cursor + strspn(*cursor, blanks);
    *length = strcspn(*word, blanks);
    *cursor = *word + *length;
    return *length > 0;
}

/* Categories first, so that their words have neighbouring ids; the function
 * words are whatever else the phrases contain.                              */
static void task_add_words(task *t)
{
    const char *cursor, *word;
    size_t length;
    int i;

    for (i = 0; i < CATEGORIES; i++) {
        t->first[i] = t->words;
        cursor = category_words[i];
        while (next_word(&cursor, &word, &length))
            word_add(t, word, length, i);
        t->size[i] = t->words - t->first[i];
    }
    for (i = 0; i < PHRASES; i++) {
        phrase *p = &t->phrases[i];

        cursor = phrase_text[i];
        while (next_word(&cursor, &word, &length))
            p->word[p->count++] = *word >= 'A' && *word <= 'Z'
                                ? -*word
                                : word_add(t, word, length, CATEGORIES);
    }
    t->bigger = word_add(t, "bigger", 6, CATEGORIES);
    t->smaller = word_add(t, "smaller", 7, CATEGORIES);
    t->full_stop = word_find(t, ".", 1);
    t->comma = word_find(t, ",", 1);
    t->have = word_find(t, "have", 4);
    t->make = word_find(t, "make", 4);
}

/* ==== prompts ============================================================ */

/* A stream of random numbers: the library's are a function of key and counter,
 * so row i of a file depends on the seed and i and on no row before it.     */
typedef struct dice {
    uint64_t key, counter;
} dice;

static double dice_roll(dice *d)
{
    return sppo_random_uniform(d->key, d->counter++);
}

static int dice_pick(dice *d, int n)
{
    return (int)(dice_roll(d) * n);
}

/* Each command draws from streams of its own: a policy is not aligned on the
 * very prompts it was trained on because both files had seed 1.             */
enum stream { STREAM_TABLE, STREAM_CORPUS, STREAM_PROMPTS, STREAM_PAIRS };

static dice dice_for_row(uint64_t seed, enum stream stream, long row)
{
    dice d = { 0, 0 };

    d.key = sppo_random_fork(sppo_random_fork(seed, (uint64_t)stream),
                             (uint64_t)row);
    return d;
}

static int any_word(const task *t, dice *d, int category)
{
    return t->first[category] + dice_pick(d, t->size[category]);
}

static int number_value(const task *t, int word)
{
    return word - t->first[NUMBER] + 1;
}

static int number_word(const task *t, int value)
{
    return t->first[NUMBER] + value - 1;
}

/* Chooses `count` different ones of `size` things, in random order. */
static void choose(dice *d, int size, int count, int *chosen)
{
    int i, j, taken;

    for (i = 0; i < count; i++) {
        do {
            chosen[i] = dice_pick(d, size);
            for (taken = 0, j = 0; j < i; j++)
                taken |= chosen[j] == chosen[i];
        } while (taken);
    }
}

static int noun_group(const task *t, int noun)
{
    return (noun - t->first[NOUN]) / GROUP_SIZE;
}

static void exchange(int *a, int *b)
{
    const int swap = *a;

    *a = *b;
    *b = swap;
}

/* Fills A, B and L with the prompt's nouns in the order that it asks for: one
 * rule for "which is bigger" and "from big to small".  False when two are the
 * same or of different groups, so that there is no such order.              */
static bool scene_sort(const task *t, scene *s)
{
    const int nouns = s->family == ORDER ? 3 : 2;
    const bool down = s->family == ORDER ? s->ask == ASK_ORDER + 1
                                         : s->word['K'] == t->bigger;
    int sorted[3] = { s->word['N'], s->word['M'], s->word['O'] };
    int i, j;

    for (i = 0; i < nouns; i++)
        for (j = i + 1; j < nouns; j++) {
            if (sorted[i] == sorted[j] ||
                noun_group(t, sorted[i]) != noun_group(t, sorted[j]))
                return false;
            if ((sorted[j] > sorted[i]) == down)
                exchange(&sorted[i], &sorted[j]);
        }
    s->word['A'] = sorted[0];
    s->word['B'] = sorted[1];
    s->word['L'] = sorted[2];
    return true;
}

/* Works out what the prompt leaves to be answered; false: it has no answer. */
static bool scene_solve(const task *t, scene *s)
{
    if (s->family == COUNT) {
        const int sum = number_value(t, s->word['X'])
                      + number_value(t, s->word['Y']);

        if (sum > LARGEST_SUM)
            return false;
        s->word['Z'] = number_word(t, sum);
    }
    if (s->family == COMPARE || s->family == ORDER)
        return scene_sort(t, s);
    return true;
}

static void scene_clear(scene *s, int family)
{
    int i;

    memset(s, 0, sizeof *s);
    s->family = family;
    for (i = 0; i < 128; i++)
        s->word[i] = -1;
}

/* The three nouns: of one size group where sizes matter. */
static void scene_draw_nouns(const task *t, dice *d, scene *s)
{
    const bool sized = s->family == COMPARE || s->family == ORDER;
    const int group = sized ? dice_pick(d, t->size[NOUN] / GROUP_SIZE) : 0;
    const int smallest = t->first[NOUN] + group * GROUP_SIZE;
    int noun[3];

    choose(d, sized ? GROUP_SIZE : t->size[NOUN], 3, noun);
    s->word['N'] = smallest + noun[0];
    s->word['M'] = smallest + noun[1];
    s->word['O'] = smallest + noun[2];
}

/* A random prompt; every slot is filled, whether the family uses it or not. */
static void scene_draw(const task *t, dice *d, int family, scene *s)
{
    scene_clear(s, family);
    s->ask = families[family].first_ask + dice_pick(d, families[family].asks);
    if (family == BACKWARDS) {
        int i;

        s->letters = 3 + dice_pick(d, 3);
        choose(d, t->size[LETTER], s->letters, s->letter);
        for (i = 0; i < s->letters; i++)
            s->letter[i] += t->first[LETTER];
        return;
    }
    s->word['C'] = any_word(t, d, COLOUR);
    s->word['T'] = any_word(t, d, TRAIT);
    s->word['P'] = any_word(t, d, PLACE);
    s->word['S'] = any_word(t, d, PLURAL);
    s->word['X'] = number_word(t, 1 + dice_pick(d, LARGEST_TERM));
    s->word['Y'] = number_word(t, 1 + dice_pick(d, LARGEST_TERM));
    s->word['K'] = dice_pick(d, 2) ? t->bigger : t->smaller;
    scene_draw_nouns(t, d, s);
    scene_solve(t, s);
}

/* The unrelated skill with probability `skill`, else one of the five. */
static int draw_family(dice *d, double skill)
{
    return dice_roll(d) < skill ? (int)BACKWARDS : dice_pick(d, BACKWARDS);
}

/* ==== responses ========================================================== */

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

/* Appends a phrase with its slots filled. */
static void say(text *out, const task *t, int name, const scene *s)
{
    const phrase *p = &t->phrases[name];
    int i;

    for (i = 0; i < p->count; i++)
        out->word[out->count++] =
            p->word[i] < 0 ? s->word[-p->word[i]] : p->word[i];
}

/* The words of a prompt. */
static void prompt_words(const task *t, const scene *s, text *out)
{
    int i;

    out->count = 0;
    say(out, t, s->ask, s);
    for (i = 0; i < s->letters; i++)
        out->word[out->count++] = s->letter[i];
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
static void write_response(const task *t, dice *d, const scene *asked,
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

static bool same_words(const text *a, const text *b)
{
    return a->count == b->count
        && memcmp(a->word, b->word, sizeof a->word[0] * (size_t)a->count) == 0;
}

/* ==== the gold judge ===================================================== */

/* Caps, so that one fault cannot outweigh everything else. */
enum { MOST_WRONG = 3, MOST_BAD = 4 };

/* What the judge sees in a response, and the utility u made of it. */
typedef struct marks {
    double relevance;  // share of the required words that occur
    int family;
    int length;      // words, punctuation included
    int wrong;       // other content words, up to MOST_WRONG
    int ok;          // the question is answered and answered right
    int bad;         // neighbours no flawless writer has, up to MOST_BAD
    int polite;      // it has the closing
    int fillers;     // filler sentences
    int pad;         // words in filler sentences and in repeated sentences
    int unfinished;
    int style;       // 0, 1, 2: the opening; OPENINGS: none
    double u;
} marks;

/* The classes of a response's words between two edges; returns how many. */
static int classes_of(const task *t, const text *r, int *out)
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
static void task_build(task *t)
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
        count = classes_of(t, &response, kind);
        for (i = 1; i < count; i++)
            t->seen[kind[i - 1]][kind[i]] = 1;
    }
}

/* Pairs of neighbours that the grammar does not have; capped as below. */
static int bad_bigrams(const task *t, const text *r)
{
    int kind[RESPONSE_WORDS + 2];
    const int count = classes_of(t, r, kind);
    int i, bad = 0;

    for (i = 1; i < count && bad < MOST_BAD; i++)
        bad += !t->seen[kind[i - 1]][kind[i]];
    return bad;
}

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
static marks judge_response(const task *t, const scene *asked, const text *r)
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

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* The log odds of a over b: the difference in utility and the taste. */
static double gold_logit(const marks *a, const marks *b)
{
    return a->u - b->u + 0.6 * style_cycle(a->style, b->style);
}

/* P(a > b) for the judge protocol, rounded to a multiple of 2^-24: such a
 * number and 1 minus it are exact as float, as double and in 24 decimals, so
 * P(a > b) + P(b > a) is 1 and not nearly 1.                                */
static double gold_probability(const marks *a, const marks *b)
{
    return floor(sigmoid(gold_logit(a, b)) * 0x1p24 + 0.5) * 0x1p-24;
}

/* The annotators' mean vote: gold preferences, except that each word more is
 * worth `bias` (up to 30 words) and that one vote in ten is a coin toss.  The
 * length bias lives here and not in the judge, so that following the labels too
 * far is a mistake which the judge can see.  It is linear: a bias that levels
 * off would be learned as such and could not be exploited.                  */
static double annotate(dice *d, const marks *a, const marks *b, double bias,
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

#endif
