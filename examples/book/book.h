/* book.h - the parts of the program that makes the book's page */

#ifndef SPPO_BOOK_H
#define SPPO_BOOK_H

#include "../tool/buffer.h"

/* What a directive asks for is not there, or there twice: a sentence, and
 * SPPO_E_INPUT.  A page with stale code cannot be made.                     */
#define STOP(ctx, ...) return sppo_fail(ctx, SPPO_E_FORMAT, __VA_ARGS__)

/* Bytes of another text, which is not copied. */
typedef struct piece {
    const char *at;
    size_t length;
} piece;

/* The next line of the rest of a text, without its end; 0: there is none. */
int next_line(piece *rest, piece *line);

/* The next word, between blanks; an empty one at the end. */
piece next_word(piece *rest);

/* The last word of a field, which keeps what is before it. */
piece last_word(piece *field);

/* Whether a piece is this text, and whether it begins with it. */
int piece_is(piece p, const char *text);
int piece_begins(piece p, const char *text);

/* Where a word is in a piece, not as part of a longer one; NULL: nowhere. */
const char *find_word(piece p, const char *word, size_t length);

/* Adds text so that a browser shows it as it is. */
void add_escaped(buffer *out, piece text);

/* Four characters for three bytes, a line for 57; padded with =. */
void add_base64(buffer *out, const unsigned char *data, size_t size);

/* ---- formulas: math.c ---- */

/* TeX's notation, the part of it that its table has, as MathML.
 * \mark{name}{..} is what lights up with the code's name.                   */
sppo_result add_math(buffer *out, piece formula, int display);

/* ---- what the tests measured: figures.c ---- */

/* How far off a row of the audit's table is, and what is allowed. */
sppo_result add_audit(buffer *out, piece table, piece row);

/* A table of the characters that were changed in a function, and of what turned
 * red: of lines with function, line before, line after, what noticed.       */
sppo_result add_mutants(buffer *out, piece table, piece name);

/* ---- exercise.c ---- */

/* A file of examples/exercises: statement, hint and solution folded, a place
 * for an editor.                                                            */
sppo_result add_exercise(buffer *out, piece file, const char *path);

/* ---- markdown.c ---- */

/* Tables and paragraphs of markdown as HTML: all, or what stands between
 * <!-- section --> and <!-- /section -->.                                   */
sppo_result add_markdown(buffer *out, piece text, piece section);

/* ---- cuts: cut.c ---- */

/* A function in a text: its lines, with its head, and the comment above it. */
typedef struct cut {
    piece body, comment;
} cut;

/* The only definition of the function below a comment with [tag]; tag "-": any.
 */
sppo_result cut_function(sppo_ctx *ctx, piece text, piece tag, piece name,
                         cut *found);

/* The lines from the only one that begins with `from`, blanks before it aside,
 * up to the next that begins with `to`.                                     */
sppo_result cut_lines(sppo_ctx *ctx, piece text, piece from, piece to,
                      piece *found);

/* A paragraph of the header's manual by what it begins with, "D4" or "S5". */
sppo_result cut_paragraph(buffer *out, piece text, piece key);

/* A block of the manual by its title, up to the next one. */
sppo_result cut_block(buffer *out, piece text, piece title);

/* C as HTML, a row for each line.  marks: IDENTIFIER=NAME .., what lights up
 * with the formula; name: the function, in bold; one that is not in the text
 * stops the build.                                                          */
sppo_result add_listing(buffer *out, piece code, const char *file, piece name,
                        piece marks);

#endif
