/* prompts.c - prompts of the small language: drawn, spelt, and read back */
#include <string.h>

#include "../../sppo.h"
#include "instruct.h"

/* ==== chance ============================================================= */

double dice_roll(dice *d)
{
    return sppo_random_uniform(d->key, d->counter++);
}

int dice_pick(dice *d, int n)
{
    return (int)(dice_roll(d) * n);
}

dice dice_for_row(uint64_t seed, enum stream stream, long row)
{
    dice d = { 0, 0 };

    d.key = sppo_random_fork(sppo_random_fork(seed, (uint64_t)stream),
                             (uint64_t)row);
    return d;
}

/* Chooses `count` different ones of `size` things, in random order. */
void choose(dice *d, int size, int count, int *chosen)
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

int any_word(const task *t, dice *d, int category)
{
    return t->first[category] + dice_pick(d, t->size[category]);
}

void exchange(int *a, int *b)
{
    const int swap = *a;

    *a = *b;
    *b = swap;
}

/* ==== what a prompt asks ================================================= */

static int noun_group(const task *t, int noun)
{
    return (noun - t->first[NOUN]) / GROUP_SIZE;
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
void scene_draw(const task *t, dice *d, int family, scene *s)
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
int draw_family(dice *d, double skill)
{
    return dice_roll(d) < skill ? (int)BACKWARDS : dice_pick(d, BACKWARDS);
}

/* ==== as words, and back ================================================= */

/* Appends a phrase with its slots filled. */
void say(text *out, const task *t, int name, const scene *s)
{
    const phrase *p = &t->phrases[name];
    int i;

    for (i = 0; i < p->count; i++)
        out->word[out->count++] =
            p->word[i] < 0 ? s->word[-p->word[i]] : p->word[i];
}

/* The words of a prompt. */
void prompt_words(const task *t, const scene *s, text *out)
{
    int i;

    out->count = 0;
    say(out, t, s->ask, s);
    for (i = 0; i < s->letters; i++)
        out->word[out->count++] = s->letter[i];
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
bool scene_read(const task *t, const char *prompt, scene *s)
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
