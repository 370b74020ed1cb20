/* language.c - the words and phrases of the small language, and its texts */
#include <assert.h>
#include <string.h>

#include "instruct.h"

/* ==== tables ============================================================= */

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

const family_rule families[FAMILIES] = {
    { "describe",  ASK_DESCRIBE,  3, "CTNP" },
    { "compare",   ASK_COMPARE,   2, "ABK"  },
    { "count",     ASK_COUNT,     1, "ZS"   },
    { "order",     ASK_ORDER,     2, "ABL"  },
    { "story",     ASK_STORY,     2, "TNCM" },
    { "backwards", ASK_BACKWARDS, 1, ""     }
};

/* ==== words ============================================================== */

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
int word_find(const task *t, const char *word, size_t length)
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
        t->class[t->words] =
            category < CATEGORIES ? category : CATEGORIES + t->words;
        *place = ++t->words;
    }
    return *place - 1;
}

int word_class(const task *t, int word)
{
    return word < MAX_VOCABULARY ? t->class[word] : CLASS_UNKNOWN;
}

int number_value(const task *t, int word)
{
    return word - t->first[NUMBER] + 1;
}

int number_word(const task *t, int value)
{
    return t->first[NUMBER] + value - 1;
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
void task_add_words(task *t)
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

/* ==== texts ============================================================== */

void text_read(const task *t, const char *source, text *out)
{
    const char *word;
    size_t length;

    out->count = 0;
    while (out->count < RESPONSE_WORDS && next_word(&source, &word, &length))
        out->word[out->count++] = word_find(t, word, length);
}

bool same_words(const text *a, const text *b)
{
    return a->count == b->count
        && memcmp(a->word, b->word, sizeof a->word[0] * (size_t)a->count) == 0;
}
