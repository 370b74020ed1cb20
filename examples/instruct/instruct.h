/* instruct.h - a small language of requests: writers, annotators, gold judge
 *
 * Shared by the program instruct, which serves the language as rows of text,
 * and by ../reproduction, which works on the words themselves.
 *
 * The task.  169 words, punctuation included, and five families of prompts:
 * describe, compare, count, order and tell a story.  A prompt fixes the words
 * that a good response must use, so "is it right?" is a loop over words and
 * needs no people.  A sixth family, "say backwards", is an unrelated skill: the
 * gold judge's preferences say nothing about it, so what alignment does to it
 * is what alignment does to everything that nobody looked at.               */
#ifndef INSTRUCT_H
#define INSTRUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ==== language.c: words and phrases ====================================== */

/* Words that can stand for one another.  Up to CONTENT they are content words:
 * the judge minds which one is used.  Verbs and letters it does not compare. */
enum category {
    COLOUR, TRAIT, NOUN, PLACE, PLURAL, NUMBER, CONTENT,
    VERB = CONTENT, LETTER, CATEGORIES
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

enum family { DESCRIBE, COMPARE, COUNT, ORDER, STORY, BACKWARDS, FAMILIES };

/* first_ask and asks: the phrases that ask; required: the slots whose words a
 * good response must contain.                                               */
typedef struct family_rule {
    const char *name;
    int first_ask, asks;
    const char *required;
} family_rule;

extern const family_rule families[FAMILIES];

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
    int class[MAX_VOCABULARY];
    int chain[HASH_SIZE];               // word id + 1, or 0
    int first[CATEGORIES], size[CATEGORIES];
    int full_stop, have, make, bigger, smaller, comma;
    phrase phrases[PHRASES];
    unsigned char seen[CLASSES][CLASSES];  // bigrams of flawless responses
} task;

/* Fills the vocabulary and the phrases; task_build does the rest. */
void task_add_words(task *t);
/* Unknown words have ids too: equal ones equal ids. */
int word_find(const task *t, const char *word, size_t length);
/* A category, a function word's own class, or CLASS_UNKNOWN. */
int word_class(const task *t, int word);
int number_value(const task *t, int word);
int number_word(const task *t, int value);
void text_read(const task *t, const char *source, text *out);
bool same_words(const text *a, const text *b);

/* ==== prompts.c: chance, and what a prompt says ========================== */

/* A stream of random numbers: the library's are a function of key and counter,
 * so row i of a file depends on the seed and i and on no row before it.     */
typedef struct dice {
    uint64_t key, counter;
} dice;

/* Each command draws from streams of its own: a policy is not aligned on the
 * very prompts it was trained on because both files had seed 1.             */
enum stream { STREAM_TABLE, STREAM_CORPUS, STREAM_PROMPTS, STREAM_PAIRS };

dice dice_for_row(uint64_t seed, enum stream stream, long row);
/* A number from 0 to below 1; from 0 to n - 1; `count` different ones; a word.
 */
double dice_roll(dice *d);
int dice_pick(dice *d, int n);
void choose(dice *d, int size, int count, int *chosen);
int any_word(const task *t, dice *d, int category);
void exchange(int *a, int *b);

/* What a prompt says, or what a response is about to say. */
typedef struct scene {
    int family;
    int ask;                 // which phrase asked
    int word[128];           // by the letter of the slot; -1: empty
    int letters;             // of a "say backwards" prompt
    int letter[MAX_LETTERS];
} scene;

/* A random prompt of a family, and a family: the unrelated skill with
 * probability `skill`.                                                      */
void scene_draw(const task *t, dice *d, int family, scene *s);
int draw_family(dice *d, double skill);
/* What a prompt asks, from its text; false: it is none of this language. */
bool scene_read(const task *t, const char *prompt, scene *s);
/* Appends a phrase with its slots filled. */
void say(text *out, const task *t, int name, const scene *s);
void prompt_words(const task *t, const scene *s, text *out);

/* ==== writers.c: responses =============================================== */

/* Quality 1 makes no mistakes, 0 twice as many as are usual. */
void write_response(const task *t, dice *d, const scene *asked, double quality,
                    text *out);

/* ==== judge.c: the gold judge, and annotators who err ==================== */

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

/* The language and its grammar; before all else. */
void task_build(task *t);
marks judge_response(const task *t, const scene *asked, const text *r);
double sigmoid(double x);
/* The log odds and the probability that a is better than b. */
double gold_logit(const marks *a, const marks *b);
double gold_probability(const marks *a, const marks *b);
/* The mean vote for a of annotators to whom a word more is worth `bias`. */
double annotate(dice *d, const marks *a, const marks *b, double bias,
                int votes);

#endif /* INSTRUCT_H */
