/* messages.c - a failure in the words of the tool's user */

#include "messages.h"

#include <stdio.h>
#include <string.h>

/* Whether the command takes an option of that name. */
static int message_option(const parser *p, const char *name)
{
    return p->command && option_find(p, name, strlen(name)) >= 0;
}

/* Bytes of "sppo_play_fit: " at the beginning of a sentence, or 0. */
static size_t message_function(const char *sentence)
{
    const size_t n = strspn(sentence, "abcdefghijklmnopqrstuvwxyz_");

    return !strncmp(sentence, "sppo_", 5) && !strncmp(sentence + n, ": ", 2)
         ? n + 2 : 0;
}

/* A field of the header's as the option that sets it, "optim.lr" as "--lr"; 0:
 * it is none. A word without _ or . is a word of the language.              */
static int message_field(const parser *p, const char *word, size_t n,
                         char name[64])
{
    static const char *const parts[] = { "optim.", "sampling." };
    int field = (n == 2 && !strncmp(word, "lr", 2)) ||
                memchr(word, '_', n) != NULL;
    size_t i;

    for (i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t part = strlen(parts[i]);
        if (n > part && !strncmp(word, parts[i], part)) {
            word += part;
            n -= part;
            field = 1;
        }
    }
    snprintf(name, 64, "%.*s", n < 64 ? (int)n : 0, word);
    for (i = 0; name[i]; i++)
        name[i] = name[i] == '_' ? '-' : name[i];
    return field && message_option(p, name);
}

/* The sentence with options for fields, without the function's name. */
static void message_plain(const parser *p, const char *sentence, char *out,
                          size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    const size_t function = message_function(sentence);
    const int fields = function || strstr(sentence, "was made with another ");
    const char *at = sentence + function;
    char name[64];
    size_t used = 0, n;

    out[0] = 0;
    for (; *at && used < size; at += n) {
        // of what was called in turn
        n = at > sentence && at[-1] == ' ' ? message_function(at) : 0;
        if (n)
            continue;
        n = strspn(at, letters);
        while (n > 1 && at[n - 1] == '.')
            n--;  // the end of a sentence
        if (fields && n && message_field(p, at, n, name)) {
            snprintf(out + used, size - used, "--%s", name);
        } else {
            n = n ? n : 1;
            snprintf(out + used, size - used, "%.*s", (int)n, at);
        }
        used += strlen(out + used);
    }
}

/* What takes most of the memory and can be lowered, of the command's
 * options.                                                                  */
static void message_memory(const parser *p, char *out, size_t size)
{
    static const char *const names[] = { "pass-tokens", "best-of", "n", "k",
        "samples", "max-tokens", "batch", "dim", "layers", "vocab" };
    size_t i, used;
    int count = 0;

    snprintf(out, size, "The system gives no more (`ulimit -v` shows this "
             "shell's limit)");
    for (i = 0; i < sizeof names / sizeof *names && count < 3; i++)
        if (message_option(p, names[i])) {
            used = strlen(out);
            snprintf(out + used, size - used, "%s --%s",
                     count++ ? "," : "; lower", names[i]);
        }
    used = strlen(out);
    snprintf(out + used, size - used, count ? ", or take a smaller model."
                                            : "; take a smaller model.");
}

void message_failure(const parser *p, const sppo_ctx *ctx, console *c)
{
    char sentence[2 * sizeof ctx->message];
    int n;

    n = snprintf(sentence, sizeof sentence, "sppo%s%s: ", p->command ? " " : "",
                 p->command ? p->command->name : "");
    message_plain(p, ctx->message, sentence + n, sizeof sentence - (size_t)n);
    console_say(c, sentence);
    if (ctx->code != SPPO_E_MEMORY)
        return;
    message_memory(p, sentence, sizeof sentence);
    console_say(c, sentence);
}
