/* book.c - writes the book's page from its chapters, the header and the tests
 *
 * Run     build/book [--text] PAGE OUT      (from the project's root)
 *
 * A chapter is HTML.  $..$ is a formula in TeX's notation, $$..$$ one on lines
 * of its own.  What stands in {{..}} is replaced by what the project holds
 * today; what is not found, or found twice, stops the build with a sentence:
 *
 *   {{include FILE}}         another file of PAGE's folder, likewise read
 *   {{raw FILE}}             one as it is
 *   {{base64 FILE}}          its bytes; with --text not of what is built
 *   {{code TAG NAME | IDENTIFIER=MARK ..}}
 *                            the function NAME of sppo.h below [TAG] (-: any);
 *                            what has a mark lights up with the formula's
 *   {{above TAG NAME}}       the comment above it
 *   {{manual D4}}            a paragraph of the manual: departures and slips
 *   {{block TITLE}}          a block of the manual
 *   {{test FILE NAME}}       the case NAME of tests/test_FILE.c
 *   {{source FILE}}          a whole file
 *   {{cut FILE NAME | MARKS}}
 *                            the function NAME of a file, its comment above it
 *   {{lines FILE | FROM | TO | MARKS}}
 *                            the lines of a file from the only one that begins
 *                            with FROM up to the next that begins with TO
 *   {{exercise NN_name}}     one of examples/exercises
 *   {{audit ROW}}            the figure of a row of `make audit` (audit.txt)
 *   {{mutants NAME}}         which signs in NAME turn which test red
 *                            (mutants.txt)
 *   {{symbol MARK | FORMULA | WORDS | IDENTIFIER}}
 *                            a row of the list below a formula
 *   {{markdown FILE | SECTION}}
 *                            tables and paragraphs of markdown, between
 *                            <!-- SECTION --> and its end, or all
 *   {{spiral last}}          the path of rock, paper, scissors' last policies
 *                            in the triangle of simplex.js; mean: the averages
 *   {{version}}              SPPO_VERSION
 */

#define SPPO_IMPLEMENTATION
#include "book.h"

#include <stdio.h>
#include <string.h>

typedef struct book {
    sppo_ctx *ctx;
    buffer out;
    int text_only;
    char folder[PATH_ROOM];  // PAGE's, with its /
    char *header, *audit, *mutants;
    size_t header_size, audit_size, mutants_size;
} book;

static sppo_result process(book *b, piece text);

static piece piece_of(const char *text, size_t length)
{
    piece p;

    p.at = text;
    p.length = length;
    return p;
}

static void add(book *b, const char *text)
{
    buffer_add(&b->out, text, strlen(text));
}

/* What stands before the first | of a text, without blanks at its ends. */
static piece take_field(piece *text)
{
    const char *bar = (const char *)memchr(text->at, '|', text->length);
    piece field = piece_of(text->at, bar ? (size_t)(bar - text->at)
                                         : text->length);

    text->at += field.length + (bar ? 1 : 0);
    text->length -= field.length + (bar ? 1 : 0);
    while (field.length && strchr(" \n", field.at[field.length - 1]))
        field.length--;
    while (field.length && strchr(" \n", *field.at))
        field.at++, field.length--;
    return field;
}

/* A file of the page's folder, or with a / in its name of the project. */
static sppo_result read_file(book *b, piece name, char **data, size_t *size)
{
    const char *folder = memchr(name.at, '/', name.length) ? "" : b->folder;
    const size_t at = strlen(folder);
    char path[PATH_ROOM];

    if (at + name.length >= sizeof path)
        STOP(b->ctx, "the name of a file has %.0f characters",
             (double)name.length);
    memcpy(path, folder, at);
    memcpy(path + at, name.at, name.length);
    path[at + name.length] = 0;
    return sppo_file_read(b->ctx, path, data, size);
}

/* ---- directives ---- */

static sppo_result do_include(book *b, piece rest)
{
    char *data;
    size_t size;
    sppo_result result;

    TRY(read_file(b, take_field(&rest), &data, &size));
    result = process(b, piece_of(data, size));
    sppo_release(b->ctx, data, size + 1);
    return result;
}

static sppo_result do_raw(book *b, piece rest)
{
    char *data;
    size_t size;

    TRY(read_file(b, take_field(&rest), &data, &size));
    buffer_add(&b->out, data, size);
    sppo_release(b->ctx, data, size + 1);
    return SPPO_OK;
}

static sppo_result do_base64(book *b, piece rest)
{
    const piece name = take_field(&rest);
    char *data;
    size_t size;

    if (b->text_only && piece_begins(name, "build/"))
        return SPPO_OK;
    TRY(read_file(b, name, &data, &size));
    add_base64(&b->out, (const unsigned char *)data, size);
    sppo_release(b->ctx, data, size + 1);
    return SPPO_OK;
}

static sppo_result do_code(book *b, piece rest)
{
    piece tag = take_field(&rest);
    const piece name = last_word(&tag);
    cut found;

    TRY(cut_function(b->ctx, piece_of(b->header, b->header_size), tag, name,
                     &found));
    return add_listing(&b->out, found.body, "sppo.h", name, rest);
}

static sppo_result do_above(book *b, piece rest)
{
    piece tag = take_field(&rest), line;
    const piece name = last_word(&tag);
    cut found;

    TRY(cut_function(b->ctx, piece_of(b->header, b->header_size), tag, name,
                     &found));
    add(b, "<pre class=\"manual\">");
    while (next_line(&found.comment, &line)) {
        if (piece_begins(line, "/* ") || piece_begins(line, " * "))
            line.at += 3, line.length -= 3;
        else if (piece_is(line, " *"))
            line.length = 0;
        if (line.length >= 2 &&
            memcmp(line.at + line.length - 2, "*/", 2) == 0)
            line.length -= 2;
        while (line.length && line.at[line.length - 1] == ' ')
            line.length--;
        add_escaped(&b->out, line);
        if (found.comment.length)
            add(b, "\n");
    }
    add(b, "</pre>");
    return SPPO_OK;
}

static sppo_result do_manual(book *b, piece rest)
{
    return cut_paragraph(&b->out, piece_of(b->header, b->header_size),
                         take_field(&rest));
}

static sppo_result do_block(book *b, piece rest)
{
    add(b, "<pre class=\"manual\">");
    TRY(cut_block(&b->out, piece_of(b->header, b->header_size),
                  take_field(&rest)));
    add(b, "</pre>");
    return SPPO_OK;
}

/* A listing out of a file: its function `name` with the comment above it; its
 * lines from `name` to `to`; or, of neither, all of it.                     */
static sppo_result list_file(book *b, piece file, piece name, piece to,
                             piece marks)
{
    char path[PATH_ROOM], *data;
    size_t size;
    piece whole;
    cut found;
    sppo_result result = SPPO_OK;

    TRY(read_file(b, file, &data, &size));
    snprintf(path, sizeof path, "%.*s", (int)file.length, file.at);
    whole = piece_of(data, size);
    if (to.length)
        result = cut_lines(b->ctx, whole, name, to, &whole);
    else if (name.length) {
        result = cut_function(b->ctx, whole, piece_of("-", 1), name, &found);
        if (result == SPPO_OK)
            whole = piece_of(found.comment.at,
                             found.comment.length + found.body.length);
    }
    if (result == SPPO_OK)
        result = add_listing(&b->out, whole, path, name.length ? name : file,
                             marks);
    sppo_release(b->ctx, data, size + 1);
    return result;
}

static sppo_result do_test(book *b, piece rest)
{
    piece field = take_field(&rest);
    const piece name = last_word(&field);
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "tests/test_%.*s.c", (int)field.length,
             field.at);
    return list_file(b, piece_of(path, strlen(path)), name, piece_of("", 0),
                     rest);
}

static sppo_result do_source(book *b, piece rest)
{
    const piece file = take_field(&rest), none = piece_of("", 0);

    return list_file(b, file, none, none, rest);
}

static sppo_result do_cut(book *b, piece rest)
{
    piece file = take_field(&rest);
    const piece name = last_word(&file);

    return list_file(b, file, name, piece_of("", 0), rest);
}

static sppo_result do_lines(book *b, piece rest)
{
    const piece file = take_field(&rest), from = take_field(&rest);
    const piece to = take_field(&rest);

    return list_file(b, file, from, to, rest);
}

static sppo_result do_audit(book *b, piece rest)
{
    return add_audit(&b->out, piece_of(b->audit, b->audit_size),
                     take_field(&rest));
}

static sppo_result do_mutants(book *b, piece rest)
{
    return add_mutants(&b->out, piece_of(b->mutants, b->mutants_size),
                       take_field(&rest));
}

/* examples/exercises/NN_name.c by its number. */
static sppo_result do_exercise(book *b, piece rest)
{
    const piece name = take_field(&rest);
    char path[PATH_ROOM], *data;
    size_t size;
    sppo_result result;

    snprintf(path, sizeof path, "examples/exercises/%.*s.c", (int)name.length,
             name.at);
    TRY(sppo_file_read(b->ctx, path, &data, &size));
    result = add_exercise(&b->out, piece_of(data, size), path);
    sppo_release(b->ctx, data, size + 1);
    return result;
}

static sppo_result do_symbol(book *b, piece rest)
{
    const piece mark = take_field(&rest), formula = take_field(&rest);
    const piece words = take_field(&rest), code = take_field(&rest);

    buffer_format(&b->out, "<li><button type=\"button\" data-s=\"%.*s\">"
                  "<span class=\"sym\">", (int)mark.length, mark.at);
    TRY(add_math(&b->out, formula, 0));
    add(b, "</span> <span class=\"says\">");
    TRY(process(b, words));
    add(b, "</span> <code>");
    add_escaped(&b->out, code);
    add(b, "</code></button></li>");
    return SPPO_OK;
}

/* What the first picture shows before anything runs: Eq 4.1, eta 0.1. */
static sppo_result do_spiral(book *b, piece rest)
{
    static const double circle[9] = { 0.5, 0, 1, 1, 0.5, 0, 0, 1, 0.5 };
    const int mean = piece_is(take_field(&rest), "mean");
    double pi[3] = { 0.56, 0.29, 0.15 }, sum[3] = { 0, 0, 0 }, win[3];
    int t, i;

    for (t = 1; t <= 1500; t++) {
        const double share = mean ? 1.0 / t : 1.0;
        const double *p = mean ? sum : pi;

        for (i = 0; i < 3; i++)
            sum[i] += pi[i];
        if (t % 5 == 1)
            buffer_format(&b->out, "%c%.1f %.1f", t == 1 ? 'M' : 'L',
                          50.0 + 500.0 * share * (p[1] + 0.5 * p[2]),
                          462.0 - 433.0 * share * p[2]);
        sppo_exact_win_rates(win, circle, pi, 3);
        sppo_exact_step(pi, pi, win, 0.1, 3);
    }
    return SPPO_OK;
}

static sppo_result do_markdown(book *b, piece rest)
{
    const piece name = take_field(&rest);
    char path[PATH_ROOM], *data;
    size_t size;
    sppo_result result;

    snprintf(path, sizeof path, "%.*s", (int)name.length, name.at);
    TRY(sppo_file_read(b->ctx, path, &data, &size));
    result = add_markdown(&b->out, piece_of(data, size), take_field(&rest));
    sppo_release(b->ctx, data, size + 1);
    return result;
}

static sppo_result do_version(book *b, piece rest)
{
    (void)rest;
    add(b, SPPO_VERSION);
    return SPPO_OK;
}

static const struct directive {
    const char *name;
    sppo_result (*work)(book *b, piece rest);
} directives[] = {
    { "include", do_include }, { "raw", do_raw }, { "base64", do_base64 },
    { "code", do_code }, { "above", do_above }, { "manual", do_manual },
    { "block", do_block }, { "test", do_test }, { "source", do_source },
    { "exercise", do_exercise }, { "audit", do_audit },
    { "mutants", do_mutants }, { "cut", do_cut }, { "lines", do_lines },
    { "markdown", do_markdown }, { "symbol", do_symbol },
    { "spiral", do_spiral }, { "version", do_version }
};

/* ---- the page ---- */

static sppo_result direct(book *b, piece text)
{
    const piece name = next_word(&text);
    size_t i;

    for (i = 0; i < sizeof directives / sizeof *directives; i++)
        if (piece_is(name, directives[i].name))
            return directives[i].work(b, text);
    STOP(b->ctx, "{{%.*s}} is no directive", (int)name.length, name.at);
}

/* Up to the mark that ends what has just begun; takes both off the text. */
static sppo_result take_until(book *b, piece *text, const char *mark,
                              piece *inside)
{
    const size_t length = strlen(mark);
    size_t i;

    for (i = 0; i + length <= text->length; i++)
        if (memcmp(text->at + i, mark, length) == 0) {
            *inside = piece_of(text->at, i);
            text->at += i + length;
            text->length -= i + length;
            return SPPO_OK;
        }
    STOP(b->ctx, "\"%s\" is missing after \"%.*s\"", mark,
         (int)(text->length < 40 ? text->length : 40), text->at);
}

static sppo_result process(book *b, piece text)
{
    while (text.length) {
        const char *mark = piece_begins(text, "{{") ? "}}"
                         : piece_begins(text, "$$") ? "$$"
                         : piece_begins(text, "$") ? "$" : "";
        piece inside;

        if (!*mark) {
            buffer_add(&b->out, text.at++, 1);
            text.length--;
            continue;
        }
        text.at += strlen(mark);
        text.length -= strlen(mark);
        TRY(take_until(b, &text, mark, &inside));
        if (*mark == '}')
            TRY(direct(b, inside));
        else
            TRY(add_math(&b->out, inside, mark[1] == '$'));
    }
    return buffer_check(&b->out);
}

static sppo_result write_page(book *b, const char *page, const char *out)
{
    const char *slash = strrchr(page, '/');

    b->out.ctx = b->ctx;
    if (slash)
        snprintf(b->folder, sizeof b->folder, "%.*s",
                 (int)(slash - page) + 1, page);
    TRY(sppo_file_read(b->ctx, "sppo.h", &b->header, &b->header_size));
    TRY(read_file(b, piece_of("audit.txt", 9), &b->audit, &b->audit_size));
    TRY(read_file(b, piece_of("mutants.txt", 11), &b->mutants,
                  &b->mutants_size));
    TRY(do_include(b, piece_of(page, strlen(page))));
    TRY(sppo_file_write(b->ctx, out, b->out.data, b->out.length));
    printf("%s  %.1f kB\n", out, 1e-3 * (double)b->out.length);
    return SPPO_OK;
}

int main(int argc, char **argv)
{
    static sppo_ctx ctx;
    static book b;

    b.ctx = &ctx;
    b.text_only = argc > 1 && strcmp(argv[1], "--text") == 0;
    if (argc != 3 + b.text_only) {
        fprintf(stderr, "usage: build/book [--text] PAGE OUT\n");
        return 2;
    }
    if (write_page(&b, argv[1 + b.text_only], argv[2 + b.text_only])) {
        fprintf(stderr, "book: %s\n", ctx.message);
        return 1;
    }
    return 0;
}
