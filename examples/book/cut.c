/* cut.c - what the page shows of the header and its tests, cut out of them */

#include "book.h"

#include <ctype.h>
#include <string.h>

static piece between(const char *from, const char *to)
{
    piece p;

    p.at = from;
    p.length = (size_t)(to - from);
    return p;
}

/* ---- functions ---- */

/* The comment that ends just above `at`; empty when there is none. */
static piece comment_above(piece text, const char *at)
{
    const char *p = at;

    if (at - text.at < 4 || memcmp(at - 3, "*/\n", 3) != 0)
        return between(at, at);
    while (p - text.at >= 2 && memcmp(p - 2, "/*", 2) != 0)
        p--;
    return between(p - 2, at);
}

/* [tag] in a comment. */
static int has_tag(piece comment, piece tag)
{
    size_t i;

    if (piece_is(tag, "-"))
        return 1;
    for (i = 0; i + tag.length + 2 <= comment.length; i++)
        if (comment.at[i] == '[' && comment.at[i + 1 + tag.length] == ']' &&
            memcmp(comment.at + i + 1, tag.at, tag.length) == 0)
            return 1;
    return 0;
}

/* Where the head of the function begins whose body's { is at `open`: after a
 * blank line, a comment, or the end of what stood there.                    */
static const char *head_begin(piece text, const char *open)
{
    const char *line = open, *before;

    for (;;) {
        if (line == text.at)
            return line;
        before = line - 1;  // the end of the line above
        if (before == text.at || before[-1] == '\n' || before[-1] == '/' ||
            before[-1] == ';' || before[-1] == '}')
            return line;
        while (before > text.at && before[-1] != '\n')
            before--;
        line = before;
    }
}

/* A head names the function before its parameters, and not as one of them. */
static int head_names(piece head, piece name)
{
    const char *at = find_word(head, name.at, name.length);

    return at && at[name.length] == '(' &&
           !memchr(head.at, '(', (size_t)(at - head.at));
}

sppo_result cut_function(sppo_ctx *ctx, piece text, piece tag, piece name,
                         cut *found)
{
    piece rest = text, line;
    int count = 0;

    while (next_line(&rest, &line)) {
        const char *head, *end = line.at;
        piece comment;

        if (!piece_is(line, "{"))
            continue;
        head = head_begin(text, line.at);
        comment = comment_above(text, head);
        if (!head_names(between(head, line.at), name) ||
            !has_tag(comment, tag))
            continue;
        while (next_line(&rest, &line) && !piece_is(line, "}"))
            continue;
        end = line.at + 1;
        found->body = between(head, end);
        found->comment = comment;
        count++;
    }
    if (count != 1)
        STOP(ctx, "%.*s below [%.*s] was found %d times, wanted once",
             (int)name.length, name.at, (int)tag.length, tag.at, count);
    return SPPO_OK;
}

/* Whether a line begins with this, blanks before it aside. */
static int line_begins(piece line, piece with)
{
    while (line.length > with.length && *line.at == ' ')
        line.at++, line.length--;
    return line.length >= with.length && with.length &&
           memcmp(line.at, with.at, with.length) == 0;
}

sppo_result cut_lines(sppo_ctx *ctx, piece text, piece from, piece to,
                      piece *found)
{
    piece line;
    const char *begin = NULL, *end = NULL;
    int count = 0;

    while (next_line(&text, &line)) {
        if (line_begins(line, from)) {
            count++;
            begin = line.at;
            end = NULL;
        }
        if (begin && !end && line_begins(line, to))
            end = line.at + line.length;
    }
    if (count != 1 || !end)
        STOP(ctx, "lines from \"%.*s\" to \"%.*s\": the first was found %d "
             "times, wanted once, with the second below it", (int)from.length,
             from.at, (int)to.length, to.at, count);
    *found = between(begin, end);
    return SPPO_OK;
}

/* ---- the manual ---- */

/* A line of the manual without its " * ". */
static piece manual_line(piece line)
{
    const size_t skip = piece_begins(line, " * ") ? 3 : line.length;

    return between(line.at + skip, line.at + line.length);
}

/* Words are joined by one blank; what looks like a name of C is set as one. */
static void add_words(buffer *out, piece line)
{
    piece word;

    while (word = next_word(&line), word.length) {
        const int name = piece_begins(word, "sppo_") ||
                         piece_begins(word, "config.") ||
                         piece_begins(word, "SPPO_");

        buffer_add(out, name ? "<code>" : "", name ? 6 : 0);
        add_escaped(out, word);
        buffer_add(out, name ? "</code> " : " ", name ? 8 : 1);
    }
}

sppo_result cut_paragraph(buffer *out, piece text, piece key)
{
    piece line;
    int inside = 0, count = 0;

    while (next_line(&text, &line)) {
        piece words = manual_line(line), rest = words;
        const piece first = next_word(&rest);
        const size_t indent = (size_t)(first.at - words.at);

        if (indent == 2 && first.length == key.length &&
            memcmp(first.at, key.at, key.length) == 0) {
            inside = 1;
            count++;
            words = rest;
        } else if (indent < 6)
            inside = 0;
        if (inside)
            add_words(out, words);
        if (piece_begins(line, "#ifndef"))
            break;
    }
    if (count != 1)
        STOP(out->ctx, "paragraph %.*s of the manual was found %d times",
             (int)key.length, key.at, count);
    return SPPO_OK;
}

sppo_result cut_block(buffer *out, piece text, piece title)
{
    piece line;
    int inside = 0, lines = 0;

    while (next_line(&text, &line)) {
        const piece words = manual_line(line);

        if (inside && words.length && isupper((unsigned char)words.at[0]) &&
            words.length > 1 && isupper((unsigned char)words.at[1]))
            break;
        if (words.length >= title.length &&
            memcmp(words.at, title.at, title.length) == 0)
            inside = 1;
        if (inside) {
            add_escaped(out, words);
            buffer_add(out, "\n", 1);
            lines++;
        }
    }
    if (!lines)
        STOP(out->ctx, "the manual has no block \"%.*s\"", (int)title.length,
             title.at);
    return SPPO_OK;
}

/* ---- listings ---- */

static int is_keyword(piece word)
{
    static const char *const words[] = {
        "const", "static", "double", "float", "int", "void", "for", "if",
        "else", "return", "while", "do", "enum", "struct", "switch", "case",
        "default", "break", "continue", "size_t", "char", "sppo_real",
        "sppo_result", "uint64_t"
    };
    size_t i;

    for (i = 0; i < sizeof words / sizeof *words; i++)
        if (piece_is(word, words[i]))
            return 1;
    return 0;
}

/* The NAME of IDENTIFIER=NAME in the marks for this word. */
static piece mark_of(piece marks, piece word)
{
    piece mark;

    while (mark = next_word(&marks), mark.length)
        if (mark.length > word.length && mark.at[word.length] == '=' &&
            memcmp(mark.at, word.at, word.length) == 0)
            return between(mark.at + word.length + 1, mark.at + mark.length);
    return between(word.at, word.at);
}

static void add_word(buffer *out, piece word, piece name, piece marks)
{
    const piece mark = mark_of(marks, word);

    if (mark.length)
        buffer_format(out, "<span data-s=\"%.*s\">%.*s</span>",
                      (int)mark.length, mark.at, (int)word.length, word.at);
    else if (word.length == name.length &&
             memcmp(word.at, name.at, name.length) == 0)
        buffer_format(out, "<b>%.*s</b>", (int)word.length, word.at);
    else if (is_keyword(word))
        buffer_format(out, "<i class=\"k\">%.*s</i>", (int)word.length,
                      word.at);
    else
        add_escaped(out, word);
}

/* How long the word, number, string or comment at the beginning is. */
static size_t token_length(piece line)
{
    size_t n = 1;

    if (isalpha((unsigned char)*line.at) || *line.at == '_')
        while (n < line.length && (isalnum((unsigned char)line.at[n]) ||
                                   line.at[n] == '_'))
            n++;
    else if (*line.at == '"')
        while (n < line.length && (line.at[n++] != '"' ||
                                   line.at[n - 2] == '\\'))
            continue;
    else if (piece_begins(line, "//"))
        n = line.length;
    return n;
}

/* One line; *comment: it began in a comment of several lines. */
static void add_line(buffer *out, piece line, piece name, piece marks,
                     int *comment)
{
    while (line.length) {
        const int open = *comment || piece_begins(line, "/*");
        piece token = { line.at, token_length(line) };

        if (open) {
            const char *end = strstr(line.at, "*/");

            *comment = !end || end >= line.at + line.length;
            token.length = *comment ? line.length
                                    : (size_t)(end + 2 - line.at);
        }
        if (open || piece_begins(token, "//")) {
            buffer_format(out, "<i class=\"c\">");
            add_escaped(out, token);
            buffer_format(out, "</i>");
        } else if (isalpha((unsigned char)*token.at) || *token.at == '_')
            add_word(out, token, name, marks);
        else
            add_escaped(out, token);
        line.at += token.length;
        line.length -= token.length;
    }
}

/* A mark whose identifier is gone: the formula would light nothing up. */
static sppo_result check_marks(sppo_ctx *ctx, piece code, piece marks)
{
    piece mark;

    while (mark = next_word(&marks), mark.length) {
        const char *equals = (const char *)memchr(mark.at, '=', mark.length);
        const size_t length = equals ? (size_t)(equals - mark.at) : 0;

        if (!length || !find_word(code, mark.at, length))
            STOP(ctx, "\"%.*s\": no such identifier in the code any more",
                 (int)mark.length, mark.at);
    }
    return SPPO_OK;
}

sppo_result add_listing(buffer *out, piece code, const char *file, piece name,
                        piece marks)
{
    piece line;
    int comment = 0;

    TRY(check_marks(out->ctx, code, marks));
    buffer_format(out, "<figure class=\"listing\"><figcaption>%s</figcaption>"
                  "<pre tabindex=\"0\" role=\"region\" aria-label=\"%.*s in %s"
                  "\">", file, (int)name.length, name.at, file);
    while (next_line(&code, &line)) {
        buffer_format(out, "<code>");
        add_line(out, line, name, marks, &comment);
        buffer_format(out, "</code>");
    }
    buffer_format(out, "</pre></figure>");
    return SPPO_OK;
}
