/* exercise.c - an exercise for the page: its statement, hint and solution */

#include "book.h"

#include <string.h>

/* What stands between two lines that begin so, each of them wanted once. */
static sppo_result between(sppo_ctx *ctx, piece file, const char *from,
                           const char *to, const char *path, piece *found)
{
    piece line;
    const char *begin = NULL;

    while (next_line(&file, &line)) {
        if (begin && piece_begins(line, to)) {
            found->at = begin;
            found->length = (size_t)(line.at - begin);
            return SPPO_OK;
        }
        if (!begin && piece_begins(line, from))
            begin = file.at;
    }
    STOP(ctx, "%s: no \"%s\" with \"%s\" below it", path, from, to);
}

/* Lines of a comment: paragraphs; what begins with more blanks is a formula. */
static void add_comment(buffer *out, piece text)
{
    const char *open = "";
    piece line;

    while (next_line(&text, &line)) {
        const char *element;

        if (piece_begins(line, " * "))
            line.at += 3, line.length -= 3;
        else
            line.length = 0;  // " *"
        element = !line.length ? "" : piece_begins(line, "  ") ? "pre" : "p";
        if (*open && strcmp(open, element))
            buffer_format(out, "</%s>", open);
        if (*element && strcmp(open, element))
            buffer_format(out, "<%s>", element);
        open = element;
        add_escaped(out, line);
        buffer_add(out, "\n", 1);
    }
    if (*open)
        buffer_format(out, "</%s>", open);
}

/* The number at the beginning of the file's name, without zeros before it. */
static piece number_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    piece n;

    n.at = slash ? slash + 1 : path;
    while (*n.at == '0')
        n.at++;
    n.length = strspn(n.at, "0123456789");
    return n;
}

sppo_result add_exercise(buffer *out, piece file, const char *path)
{
    static const char mark[] = "/* exercise: ";
    const piece n = number_of(path), none = { "", 0 };
    piece rest = file, title, part;

    if (!next_line(&rest, &title) || !piece_begins(title, mark))
        STOP(out->ctx, "%s does not begin with \"%s\"", path, mark);
    title.at += strlen(mark);
    title.length -= strlen(mark);
    buffer_format(out, "<section class=\"drill\" id=\"exercise-%.*s\" "
                  "aria-labelledby=\"exercise-%.*s-title\"><h3 "
                  "id=\"exercise-%.*s-title\">%.*s. ", (int)n.length, n.at,
                  (int)n.length, n.at, (int)n.length, n.at, (int)n.length,
                  n.at);
    add_escaped(out, title);
    buffer_format(out, " <code class=\"eq\">make exercise %.*s</code></h3>",
                  (int)n.length, n.at);
    TRY(between(out->ctx, file, mark, " */", path, &part));
    add_comment(out, part);
    buffer_format(out, "<div class=\"bench script\" data-exercise=\"%.*s\">"
                  "</div><details><summary>Hint</summary>", (int)n.length,
                  n.at);
    TRY(between(out->ctx, file, "/* hint:", " */", path, &part));
    add_comment(out, part);
    buffer_format(out, "</details><details><summary>Solution</summary>");
    TRY(between(out->ctx, file, "#ifdef SOLUTION", "#else", path, &part));
    TRY(add_listing(out, part, path, none, none));
    buffer_format(out, "</details></section>");
    return SPPO_OK;
}
