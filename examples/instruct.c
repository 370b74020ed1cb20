/* instruct.c - a synthetic instruction task with a judge that can be computed
 *
 * Shows    the three parties of preference alignment as plain programs: writers
 *          of uneven quality, annotators who err and like length, and a gold
 *          judge that neither training nor tuning may look at
 * Build    make                      Run  build/instruct --help
 * Try      build/instruct corpus --count 20000 --seed 1 --skill 0 |
 *              build/instruct score
 *          over all: u 2.29 (sd 1.80), rel 0.816, ok 0.500, length 22.62
 * Read     the tables below, then judge_response and annotate
 *
 * The task.  169 words, punctuation included, and five families of prompts:
 * describe, compare, count, order and tell a story.  A prompt fixes the words
 * that a good response must use, so "is it right?" is a loop over words and
 * needs no people.  A sixth family, "say backwards", is an unrelated skill: the
 * gold judge's preferences say nothing about it, so what alignment does to it
 * is what alignment does to everything that nobody looked at.
 *
 * A prompt's text ends with a newline, which tells a model where the response
 * begins; a response is words separated by single spaces.
 *
 * Exit codes: 0 done, 2 usage, 3 bad input, 4 out of memory, 5 input/output. */

#define _POSIX_C_SOURCE 200809L  // getline

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../sppo.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_MEMORY = 4, EXIT_IO = 5 };

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
    HASH_SIZE = 1024,      // a power of two, sparse enough for short chains
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

static void text_read(const task *t, const char *source, text *out)
{
    const char *word;
    size_t length;

    out->count = 0;
    while (out->count < RESPONSE_WORDS && next_word(&source, &word, &length))
        out->word[out->count++] = word_find(t, word, length);
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
    void *moved = realloc(block, count * size);

    if (moved == NULL)
        fail(EXIT_MEMORY, "out of memory: %lu bytes were asked for",
             (unsigned long)(count * size));
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
    int i;

    words.count = 0;
    say(&words, t, s->ask, s);
    for (i = 0; i < s->letters; i++)
        words.word[words.count++] = s->letter[i];
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

/* The unrelated skill with probability `skill`, else one of the five. */
static int draw_family(dice *d, double skill)
{
    return dice_roll(d) < skill ? (int)BACKWARDS : dice_pick(d, BACKWARDS);
}

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
                           const sample *row, text *words)
{
    const double quality = dice_roll(d);

    if (row != NULL && dice_roll(d) < 0.5) {
        const char *found = row->same[dice_pick(d, row->count)]->response;
        const size_t size = strlen(found) + 1;

        text_read(t, found, words);
        return (char *)memcpy(reallocate(NULL, size, 1), found, size);
    }
    write_response(t, d, asked, quality, words);
    return spell(t, words, "");
}

static bool same_words(const text *a, const text *b)
{
    return a->count == b->count
        && memcmp(a->word, b->word, sizeof a->word[0] * (size_t)a->count) == 0;
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

    scene_read(t, prompt, &asked);
    do {
        free(text_a);
        free(text_b);
        text_a = pair_response(t, d, &asked, row, &words_a);
        text_b = pair_response(t, d, &asked, row, &words_b);
    } while (same_words(&words_a, &words_b));
    a = judge_response(t, &asked, &words_a);
    b = judge_response(t, &asked, &words_b);
    print_string("{\"prompt\": ", prompt);
    print_string(", \"response_a\": ", text_a);
    print_string(", \"response_b\": ", text_b);
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
        int i, j;

        fputs("{\"probabilities\": [", stdout);
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
