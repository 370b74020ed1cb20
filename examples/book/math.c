/* math.c - formulas in TeX's notation as MathML */

#include "book.h"

#include <ctype.h>
#include <string.h>

/* A name after a backslash: the element and what is in it.  `limits`: in a
 * formula of its own line what is below and above it stands there.          */
static const struct symbol {
    const char *name, *element, *text;
    int limits;
} symbols[] = {
    { "alpha", "mi", "&alpha;", 0 },   { "beta", "mi", "&beta;", 0 },
    { "gamma", "mi", "&gamma;", 0 },   { "delta", "mi", "&delta;", 0 },
    { "epsilon", "mi", "&epsilon;", 0 }, { "eta", "mi", "&eta;", 0 },
    { "theta", "mi", "&theta;", 0 },   { "lambda", "mi", "&lambda;", 0 },
    { "mu", "mi", "&mu;", 0 },         { "pi", "mi", "&pi;", 0 },
    { "rho", "mi", "&rho;", 0 },       { "sigma", "mi", "&sigma;", 0 },
    { "tau", "mi", "&tau;", 0 },       { "E", "mi", "&Eopf;", 0 },
    { "infty", "mi", "&infin;", 0 },   { "partial", "mi", "&part;", 0 },
    { "nabla", "mi", "&nabla;", 0 },   { "ell", "mi", "&ell;", 0 },
    { "log", "mi", "log", 0 },         { "exp", "mi", "exp", 0 },
    { "max", "mi", "max", 1 },         { "min", "mi", "min", 1 },
    { "argmin", "mi", "argmin", 1 },   { "argmax", "mi", "argmax", 1 },
    { "KL", "mi", "KL", 0 },           { "clip", "mi", "clip", 0 },
    { "softmax", "mi", "softmax", 0 }, { "Var", "mi", "Var", 0 },
    { "silu", "mi", "silu", 0 },       { "rms", "mi", "rms", 0 },
    { "sum", "mo", "&sum;", 1 },       { "prod", "mo", "&prod;", 1 },
    { "le", "mo", "&le;", 0 },         { "ge", "mo", "&ge;", 0 },
    { "ne", "mo", "&ne;", 0 },         { "approx", "mo", "&asymp;", 0 },
    { "sim", "mo", "&sim;", 0 },       { "propto", "mo", "&prop;", 0 },
    { "succ", "mo", "&succ;", 0 },     { "in", "mo", "&in;", 0 },
    { "cdot", "mo", "&sdot;", 0 },     { "times", "mo", "&times;", 0 },
    { "to", "mo", "&rarr;", 0 },       { "leftarrow", "mo", "&larr;", 0 },
    { "pm", "mo", "&pm;", 0 },         { "parallel", "mo", "&Vert;", 0 },
    { "dots", "mo", "&hellip;", 0 },   { "odot", "mo", "&odot;", 0 },
    { "{", "mo", "{", 0 },             { "}", "mo", "}", 0 },
    { "top", "mo", "&top;", 0 },       { "star", "mo", "*", 0 },
};

/* A formula that is being read: the rest of it, and whether it stands on lines
 * of its own.                                                               */
typedef struct reader {
    piece rest;
    int display;
} reader;

static sppo_result read_row(buffer *out, reader *r, char end);

static void add(buffer *out, const char *text)
{
    buffer_add(out, text, strlen(text));
}

static char peek(const reader *r)
{
    return r->rest.length ? *r->rest.at : 0;
}

static char take(reader *r)
{
    const char c = peek(r);

    if (c) {
        r->rest.at++;
        r->rest.length--;
    }
    return c;
}

static void skip_blanks(reader *r)
{
    while (peek(r) && isspace((unsigned char)peek(r)))
        take(r);
}

/* {..} as one element. */
static sppo_result read_group(buffer *out, reader *r)
{
    skip_blanks(r);
    if (take(r) != '{')
        STOP(out->ctx, "formula: { is missing before \"%.*s\"",
             (int)r->rest.length, r->rest.at);
    add(out, "<mrow>");
    TRY(read_row(out, r, '}'));
    add(out, "</mrow>");
    return SPPO_OK;
}

/* {..} as it is: words. */
static sppo_result read_words(buffer *out, reader *r, piece *words)
{
    skip_blanks(r);
    if (take(r) != '{')
        STOP(out->ctx, "formula: { is missing before \"%.*s\"",
             (int)r->rest.length, r->rest.at);
    words->at = r->rest.at;
    while (peek(r) && peek(r) != '}')
        take(r);
    words->length = (size_t)(r->rest.at - words->at);
    if (take(r) != '}')
        STOP(out->ctx, "formula: a { has no }");
    return SPPO_OK;
}

/* \frac \sqrt \hat \bar \text \mark \big, or a name of the table; *limits as
 * there.                                                                    */
static sppo_result read_name(buffer *out, reader *r, int *limits)
{
    const piece name = { r->rest.at, 0 };
    piece n = name, words;
    size_t i;

    do
        take(r), n.length++;
    while (isalpha((unsigned char)*name.at) && isalpha((unsigned char)peek(r)));
    if (piece_is(n, "frac")) {
        add(out, "<mfrac>");
        TRY(read_group(out, r));
        TRY(read_group(out, r));
        add(out, "</mfrac>");
        return SPPO_OK;
    }
    if (piece_is(n, "sqrt")) {
        add(out, "<msqrt>");
        TRY(read_group(out, r));
        add(out, "</msqrt>");
        return SPPO_OK;
    }
    if (piece_is(n, "hat") || piece_is(n, "bar")) {
        add(out, "<mover accent=\"true\">");
        TRY(read_group(out, r));
        add(out, "<mo stretchy=\"false\">");
        add(out, piece_is(n, "hat") ? "^" : "&macr;");
        add(out, "</mo></mover>");
        return SPPO_OK;
    }
    if (piece_is(n, "text")) {
        TRY(read_words(out, r, &words));
        add(out, "<mtext>");
        add_escaped(out, words);
        add(out, "</mtext>");
        return SPPO_OK;
    }
    if (piece_is(n, "mark")) {
        TRY(read_words(out, r, &words));
        buffer_format(out, "<mrow data-s=\"%.*s\">", (int)words.length,
                      words.at);
        skip_blanks(r);
        if (take(r) != '{')
            STOP(out->ctx, "formula: \\mark{%.*s} has no {..} behind it",
                 (int)words.length, words.at);
        TRY(read_row(out, r, '}'));
        add(out, "</mrow>");
        return SPPO_OK;
    }
    if (piece_is(n, ",") || piece_is(n, "quad")) {
        add(out, piece_is(n, ",") ? "<mspace width=\"0.17em\"></mspace>"
                                  : "<mspace width=\"1em\"></mspace>");
        return SPPO_OK;
    }
    if (piece_is(n, "big")) {
        buffer_format(out, "<mo minsize=\"2.2em\" maxsize=\"2.2em\">%c</mo>",
                      take(r));
        return SPPO_OK;
    }
    for (i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (piece_is(n, symbols[i].name)) {
            *limits = symbols[i].limits;
            buffer_format(out, "<%s%s>%s</%s>", symbols[i].element,
                          *limits ? " movablelimits=\"false\"" : "",
                          symbols[i].text, symbols[i].element);
            return SPPO_OK;
        }
    STOP(out->ctx, "formula: \\%.*s is not known", (int)n.length, n.at);
}

/* One thing that may have something above and below it. */
static sppo_result read_atom(buffer *out, reader *r, int *limits)
{
    piece number;
    char c;

    *limits = 0;
    if (peek(r) == '{')
        return read_group(out, r);
    if (isdigit((unsigned char)peek(r))) {
        number.at = r->rest.at;
        while (isdigit((unsigned char)peek(r)) || peek(r) == '.')
            take(r);
        number.length = (size_t)(r->rest.at - number.at);
        buffer_format(out, "<mn>%.*s</mn>", (int)number.length, number.at);
        return SPPO_OK;
    }
    c = take(r);
    if (c == '\\')
        return read_name(out, r, limits);
    if (isalpha((unsigned char)c))
        buffer_format(out, "<mi>%c</mi>", c);
    else if (c == '-')
        add(out, "<mo>&minus;</mo>");
    else if (c == '\'')
        add(out, "<mo>&prime;</mo>");
    else if (c == '<' || c == '>')
        add(out, c == '<' ? "<mo>&lt;</mo>" : "<mo>&gt;</mo>");
    else if (strchr("()[]|", c))
        buffer_format(out, "<mo stretchy=\"false\">%c</mo>", c);
    else if (strchr("+=,/!:;.*", c))
        buffer_format(out, "<mo>%c</mo>", c);
    else
        STOP(out->ctx, "formula: '%c' is not known", c);
    return SPPO_OK;
}

/* What stands above or below: a group, or one thing. */
static sppo_result read_script(buffer *out, reader *r)
{
    int limits;

    take(r);
    skip_blanks(r);
    return read_atom(out, r, &limits);
}

/* A thing with what is below (_) and above (^) it. */
static sppo_result read_scripted(buffer *out, reader *r)
{
    buffer base = { out->ctx, 0, 0, 0, 0 }, below = base, above = base;
    int limits, under;
    const char *element = NULL;
    sppo_result result = read_atom(&base, r, &limits);

    while (result == SPPO_OK && (peek(r) == '_' || peek(r) == '^'))
        result = read_script(peek(r) == '_' ? &below : &above, r);
    under = limits && r->display;
    if (below.data && above.data)
        element = under ? "munderover" : "msubsup";
    else if (below.data)
        element = under ? "munder" : "msub";
    else if (above.data)
        element = under ? "mover" : "msup";
    if (element)
        buffer_format(out, "<%s>", element);
    buffer_add(out, base.data ? base.data : "", base.length);
    buffer_add(out, below.data ? below.data : "", below.length);
    buffer_add(out, above.data ? above.data : "", above.length);
    if (element)
        buffer_format(out, "</%s>", element);
    buffer_free(&base);
    buffer_free(&below);
    buffer_free(&above);
    return result;
}

/* Things one after the other, up to `end`. */
static sppo_result read_row(buffer *out, reader *r, char end)
{
    for (;;) {
        skip_blanks(r);
        if (peek(r) == end)
            break;
        if (!peek(r))
            STOP(out->ctx, "formula: a { has no }");
        TRY(read_scripted(out, r));
    }
    take(r);
    return SPPO_OK;
}

/* Lines end with \\ as in TeX; what is before the first end, taken off. */
static piece take_line(piece *formula)
{
    piece line = { formula->at, 0 };

    while (line.length < formula->length &&
           !(line.length + 1 < formula->length &&
             formula->at[line.length] == '\\' &&
             formula->at[line.length + 1] == '\\'))
        line.length++;
    formula->at += line.length;
    formula->length -= line.length;
    if (formula->length) {
        formula->at += 2;
        formula->length -= 2;
    }
    return line;
}

sppo_result add_math(buffer *out, piece formula, int display)
{
    reader r = { { NULL, 0 }, 0 };
    int lines;

    r.display = display;
    r.rest = take_line(&formula);
    lines = formula.length > 0;
    add(out, display ? "<math display=\"block\">" : "<math>");
    if (lines)
        add(out, "<mtable displaystyle=\"true\">");
    for (;; r.rest = take_line(&formula)) {
        add(out, lines ? "<mtr><mtd><mrow>" : "<mrow>");
        TRY(read_row(out, &r, 0));
        add(out, lines ? "</mrow></mtd></mtr>" : "</mrow>");
        if (!formula.length)
            break;
    }
    add(out, lines ? "</mtable></math>" : "</math>");
    return SPPO_OK;
}
