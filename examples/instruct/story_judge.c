/* story_judge.c - a judge of one's own, as a program
 *
 * Shows       the judge protocol: a line of JSON in, a line of JSON out
 * Build       make                 Run   build/sppo align --judge \
 *                                            build/story_judge ...
 * In          {"prompt": "..", "responses": ["..", ".."],
 *              "finished": [true, false], "id": 7}
 * Out         {"id": 7, "probabilities": [[0.5, 0.9], [0.1, 0.5]]}
 *             or {"id": 7, "error": ".."}
 *
 * It likes children's stories with dialogue, without sentences that are told
 * twice, and with an end:
 *
 *   score = min(spoken passages, 4) - 1.5 repeated sentences + 1 (ends well)
 *   P(a better than b) = sigma(score a - score b)
 *
 * Whether a response was cut, it sees in the text; so it does not read
 * "finished". The id it repeats lets the tool notice a judge out of step.
 */
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"

enum { LINE = 1 << 20, TEXT = 1 << 16, SENTENCES = 256, RESPONSES = 64 };

static int is_end(char c)
{
    return c == '.' || c == '!' || c == '?';
}

/* Cuts text into sentences of at least three bytes; returns how many. */
static int split(const char *text, const char **from, int *length)
{
    const char *start = text;
    int n = 0;

    for (; *text && n < SENTENCES; text++)
        if (is_end(*text)) {
            while (start < text && (*start == ' ' || *start == '\n' ||
                                    *start == '"'))
                start++;
            from[n] = start;
            length[n] = (int)(text - start);
            n += length[n] > 2;
            start = text + 1;
        }
    return n;
}

static int repeated(const char *text)
{
    const char *from[SENTENCES];
    int length[SENTENCES], n = split(text, from, length), i, j, count = 0;

    for (i = 0; i < n; i++)
        for (j = 0; j < i; j++)
            if (length[i] == length[j] &&
                memcmp(from[i], from[j], (size_t)length[i]) == 0) {
                count++;
                break;
            }
    return count;
}

static double score(const char *text)
{
    size_t n = strlen(text);
    int quotes = 0;
    const char *c;

    for (c = text; *c; c++)
        quotes += *c == '"';
    while (n && (text[n - 1] == '"' || text[n - 1] == ' ' ||
                 text[n - 1] == '\n'))
        n--;
    return (quotes / 2 < 4 ? quotes / 2 : 4) - 1.5 * repeated(text)
         + (n && is_end(text[n - 1]) ? 1.0 : 0.0);
}

/* Scores of the responses in one request; how many, or 0 when it is none. id:
 * the node of what it calls itself, or -1.                                  */
static int read_request(sppo_ctx *ctx, sppo_json *json, const char *line,
                        const char *where, double *scores, int *id)
{
    static char text[TEXT];
    int list, i, k = 0;

    *id = -1;
    if (sppo_json_parse(ctx, json, line, strlen(line), where))
        return 0;
    *id = sppo_json_find(json, 0, "id");
    list = sppo_json_find(json, 0, "responses");
    if (list < 0 || json->node[list].count > RESPONSES) {
        sppo_fail(ctx, SPPO_E_FORMAT, "%s: no list of up to %d responses",
                  where, RESPONSES);
        return 0;
    }
    for (i = json->node[list].first; i >= 0; i = json->node[i].next) {
        sppo_json_string(json, i, text, sizeof text);
        scores[k++] = score(text);
    }
    return k;
}

/* "probabilities": [[..], ..] of k scores. */
static void print_probabilities(const double *scores, int k)
{
    int i, j;

    printf("\"probabilities\": [");
    for (i = 0; i < k; i++)
        for (j = 0; j < k; j++)
            printf("%s%.9f%s", j ? ", " : i ? ", [" : "[",
                   sppo_bradley_terry(scores[i], scores[j]),
                   j == k - 1 ? "]" : "");
    printf("]}\n");
}

/* The same sentence for whoever asked, who will stop, and for the reader. */
static void print_error(const char *message)
{
    char sentence[4096];

    sppo_json_quote(sentence, sizeof sentence, message, strlen(message));
    printf("\"error\": %s}\n", sentence);
    fprintf(stderr, "story_judge: %s\n", message);
}

int main(void)
{
    static sppo_ctx ctx;
    static sppo_json json;
    static char line[LINE];
    double scores[RESPONSES];
    char where[32];
    int number = 0, k, id;

    while (fgets(line, sizeof line, stdin)) {
        snprintf(where, sizeof where, "line %d", ++number);
        k = read_request(&ctx, &json, line, where, scores, &id);
        printf("{");
        if (id >= 0)
            printf("\"id\": %.0f, ", sppo_json_number(&json, id));
        if (k > 0)
            print_probabilities(scores, k);
        else
            print_error(ctx.message);
        fflush(stdout);
    }
    sppo_json_free(&ctx, &json);
    return 0;
}
