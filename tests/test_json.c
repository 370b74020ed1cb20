/* test_json.c - the strict JSON reader and the writer of strings
 *
 * The tables are of our own making, in the manner of the well-known suites:
 * what RFC 8259 allows must be read, what it forbids must be refused.
 */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "check.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A text that may hold NUL bytes. */
typedef struct sample { const char *bytes; size_t length; } sample;
#define T(literal) { literal, sizeof(literal) - 1 }

/* Parses a copy that ends where the text ends, so that a sanitizer sees every
 * byte read beyond it.                                                      */
static sppo_result parse(sppo_ctx *ctx, sppo_json *json, char **copy,
                         const char *bytes, size_t length)
{
    *copy = (char *)malloc(length ? length : 1);
    if (!*copy)
        return sppo_fail(ctx, SPPO_E_MEMORY, "no memory for the test");
    memcpy(*copy, bytes, length);
    return sppo_json_parse(ctx, json, *copy, length, "here");
}

static sppo_result verdict(sppo_ctx *ctx, const char *bytes, size_t length)
{
    sppo_json json = { 0 };
    char *copy;
    const sppo_result code = parse(ctx, &json, &copy, bytes, length);

    sppo_json_free(ctx, &json);
    free(copy);
    return code;
}

static int has(const sppo_ctx *ctx, const char *part)
{
    if (strstr(ctx->message, part))
        return 1;
    printf("    \"%s\" is not in: %s\n", part, ctx->message);
    return 0;
}

/* ==== what must be read ================================================== */

static const sample good[] = {
    T("null"), T("true"), T("false"), T("0"), T("-0"), T("\"\""), T("[]"),
    T("{}"), T(" \t\r\n1 \t\r\n"), T("[1]"), T("[1,2]"), T("[[]]"),
    T("[null]"), T("[1,null,true,\"a\"]"), T("[[[[[1]]]]]"), T("[ ]"),
    T("{ }"), T("[1 ,2]"), T("{\"a\":1}"), T("{\"a\" : 1 , \"b\" : 2}"),
    T("{\"\":0}"), T("{\"a\":{\"a\":{\"a\":[]}}}"), T("{\"a\":[],\"b\":{}}"),
    T("{\"a\":1,\"A\":1}"), T("{\"a\":1,\"aa\":1}"),
    T("[{\"a\":1},{\"a\":1}]"),
    /* numbers */
    T("1"), T("-1"), T("10"), T("123456789012345678901234567890"), T("0.5"),
    T("-0.0"), T("1.0"), T("1e5"), T("1E5"), T("1e+5"), T("1e-5"), T("0e0"),
    T("0e+1"), T("0.1e1"), T("1.5E-10"), T("[-1.25e+2]"), T("1e0001"),
    T("0.00000000000000000000000000000000000000000000000000001"),
    T("9007199254740993"),
    /* strings */
    T("\"a\""), T("\" \""), T("\"\\\"\""), T("\"\\\\\""), T("\"\\/\""),
    T("\"/\""), T("\"\\b\\f\\n\\r\\t\""), T("\"\\u0041\""), T("\"\\u00e9\""),
    T("\"\\uABCD\""), T("\"\\uabcd\""), T("\"\\u0000\""), T("\"\\u001f\""),
    T("\"\\ud83d\\ude00\""), T("\"\\uD83D\\uDE00\""), T("\"\\udbff\\udfff\""),
    T("\"\\uffff\""), T("\"\x7f\""), T("\"\xc2\x80\""), T("\"\xc3\xa9\""),
    T("\"\xdf\xbf\""), T("\"\xe0\xa0\x80\""), T("\"\xe2\x82\xac\""),
    T("\"\xed\x9f\xbf\""), T("\"\xee\x80\x80\""), T("\"\xef\xbf\xbf\""),
    T("\"\xf0\x90\x80\x80\""), T("\"\xf0\x9f\x98\x80\""),
    T("\"\xf4\x8f\xbf\xbf\""), T("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    T("\"[1,2]\""), T("\"\\\\u0041\""), T("\"a\\\\\""),
    T("{\"\xe2\x82\xac\":1}"), T("{\"\\n\":1}"), T("[\"\",\"\"]")
};

static void reads_what_is_allowed(void)
{
    sppo_ctx ctx = { 0 };
    int i;

    for (i = 0; i < COUNT(good); i++) {
        const sppo_result code =
            verdict(&ctx, good[i].bytes, good[i].length);
        if (code)
            printf("    refused: %s: %s\n", good[i].bytes, ctx.message);
        CHECK(code == SPPO_OK);
    }
    CHECK(ctx.held == 0);
}

/* ==== what must be refused =============================================== */

static const sample bad[] = {
    /* nothing, or too much */
    T(""), T(" "), T("\n"), T("1 2"), T("1,"), T(",1"), T("[] []"), T("[]]"),
    T("{}}"), T("nullnull"), T("null,"), T("\"a\"\"b\""), T("{} 1"), T("1]"),
    T("\xef\xbb\xbf"), T("1\0"), T("\0"), T("[1]\0"), T("#"), T("[1]#"),
    /* words */
    T("nul"), T("nulll"), T("Null"), T("NULL"), T("tru"), T("True"),
    T("truee"), T("fals"), T("n"), T("t"), T("f"), T("NaN"), T("nan"),
    T("Infinity"), T("-Infinity"), T("inf"), T("undefined"), T("a"), T("'a'"),
    T("[nul]"), T("[tru\0]"), T("none"),
    /* arrays */
    T("["), T("]"), T("[1"), T("[1,"), T("[1,]"), T("[,1]"), T("[,]"),
    T("[1,,2]"), T("[1 2]"), T("[1;2]"), T("[1:2]"), T("[}"), T("[1}"),
    T("[[1]"), T("[1]]"), T("[\"a\""), T("[\"a\" 1]"), T("[[],"), T("(1)"),
    T("[1,\n"), T("[ , ]"), T("[\v1]"), T("[\f1]"), T("[1\xa0]"),
    T("[\xc2\xa0" "1]"), T("[1,2,3,4"),
    /* objects */
    T("{"), T("}"), T("{\"a\""), T("{\"a\":"), T("{\"a\":1"), T("{\"a\":1,"),
    T("{\"a\":1,}"), T("{,\"a\":1}"), T("{,}"), T("{\"a\":1,,\"b\":2}"),
    T("{\"a\" 1}"), T("{\"a\"}"), T("{\"a\":}"), T("{:1}"), T("{a:1}"),
    T("{'a':1}"), T("{1:1}"), T("{null:1}"), T("{[]:1}"), T("{\"a\"::1}"),
    T("{\"a\":1 \"b\":2}"), T("{\"a\":1;\"b\":2}"), T("{\"a\":1]"), T("{]"),
    T("{\"a\",1}"), T("{\"a\":1:2}"), T("{\"a\"=1}"), T("{\"a\":1}}"),
    T("{\"a\":{\"b\":1}"), T("{\"a\":\"b}"), T("{\"a:1}"),
    /* duplicate keys, plain and in disguise */
    T("{\"a\":1,\"a\":1}"), T("{\"a\":1,\"b\":2,\"a\":3}"),
    T("{\"\":1,\"\":2}"), T("[{\"x\":{\"a\":1,\"b\":1,\"b\":1}}]"),
    T("{\"a\":1,\"\\u0061\":2}"), T("{\"/\":1,\"\\/\":2}"),
    T("{\"\\u20ac\":1,\"\xe2\x82\xac\":2}"),
    T("{\"\\u00E9\":1,\"\\u00e9\":2}"),
    /* numbers */
    T("-"), T("+"), T("+1"), T("--1"), T("-+1"), T("01"), T("-01"), T("00"),
    T("-00"), T("1."), T("-1."), T(".1"), T("-.1"), T("1.e1"), T("."),
    T("0.e1"), T("1e"), T("1E"), T("1e+"), T("1e-"), T("1e1.0"), T("1e1e1"),
    T("1ee1"), T("e1"), T("0x10"), T("0x"), T("1_000"), T("1 000"), T("1a"),
    T("1f"), T("1.0f"), T("1/2"), T("1-2"), T("1+2"), T("0e"), T("012.3"),
    T("- 1"), T("[1.]"), T("[-]"), T("[01]"), T("[.5]"), T("1..2"), T("1.2.3"),
    T("\xef\xbc\x91"), T("1,5"), T("0b1"), T("1d"), T("-a"), T("[1e]"),
    /* strings */
    T("\""), T("\"a"), T("a\""), T("\"\\\""), T("\"\\"), T("\"\\a\""),
    T("\"\\x41\""), T("\"\\0\""), T("\"\\'\""), T("\"\\v\""), T("\"\\N\""),
    T("\"\\ \""), T("\"\\u\""), T("\"\\u1\""), T("\"\\u12\""), T("\"\\u123\""),
    T("\"\\u123g\""), T("\"\\uG000\""), T("\"\\u 041\""), T("\"\\u+041\""),
    T("\"\\u-041\""), T("\"\\U0041\""), T("\"\\u00"), T("\"\\u0041"),
    T("\"\n\""), T("\"\r\""), T("\"\t\""), T("\"\0\""), T("\"\x01\""),
    T("\"\x1f\""), T("\"a\0b\""), T("\"\\\n\""), T("[\"a\nb\"]"),
    T("{\"a\n\":1}"), T("{\"\x01\":1}"), T("\"\\u{41}\""),
    /* UTF-8 that is none: lone, cut, overlong, surrogates, too high */
    T("\"\x80\""), T("\"\xbf\""), T("\"\xff\""), T("\"\xfe\""), T("\"\xc3\""),
    T("\"\xc3"), T("\"\xc3("), T("\"\xc3(\""), T("\"\xc0\x80\""),
    T("\"\xc0\xaf\""), T("\"\xc1\xbf\""), T("\"\xe2\x82\""), T("\"\xe2\""),
    T("\"\xe2(\xa1\""), T("\"\xe2\x82(\""), T("\"\xe0\x80\x80\""),
    T("\"\xe0\x9f\xbf\""), T("\"\xed\xa0\x80\""), T("\"\xed\xbf\xbf\""),
    T("\"\xed\xa0\xbd\xed\xb8\x80\""), T("\"\xf0\x80\x80\x80\""),
    T("\"\xf0\x8f\xbf\xbf\""), T("\"\xf4\x90\x80\x80\""),
    T("\"\xf5\x80\x80\x80\""), T("\"\xf8\x88\x80\x80\x80\""),
    T("\"\xf0\x9f\x98\""), T("\"\xf0\x9f\""), T("\"\xf0\""),
    T("\"\xf0\x9f(\x80\""), T("{\"\xff\":1}"), T("\xff"), T("[\xe2\x82\xac]"),
    T("\"\\\xc3\xa9\""),
    /* comments and other dialects */
    T("/**/1"), T("1//"), T("[1,/**/2]"), T("{/**/}"), T("[1]//x\n"),
    T("{\"a\":1,//\n\"b\":2}"), T("<a>"), T("&"), T("@"), T("*"), T("\\"),
    T("\\u0031"), T("[\\n]"), T("$")
};

static void refuses_what_is_forbidden(void)
{
    sppo_ctx ctx = { 0 };
    int i;

    for (i = 0; i < COUNT(bad); i++) {
        sppo_result code;
        ctx.code = SPPO_OK;
        ctx.message[0] = 0;
        code = verdict(&ctx, bad[i].bytes, bad[i].length);
        if (code != SPPO_E_FORMAT)
            printf("    row %d gave %d: %s\n", i, (int)code, bad[i].bytes);
        CHECK(code == SPPO_E_FORMAT);
        CHECK(ctx.code == SPPO_E_FORMAT);
        CHECK(strncmp(ctx.message, "here", 4) == 0);
    }
    CHECK(ctx.held == 0);
}

/* No prefix of a text is a text, as long as the text is an object. */
static void refuses_every_prefix(void)
{
    static const char whole[] =
        "{\"a\":[1,-2.5e+3,true,null,\"x\\u20ac\\ud83d\\ude00\xc3\xa9\"],"
        "\"b\":{\"c\":false,\"d\":{}},\"e\":\"\"}";
    sppo_ctx ctx = { 0 };
    size_t n;

    for (n = 0; n < sizeof whole - 1; n++) {
        const sppo_result code = verdict(&ctx, whole, n);
        if (code != SPPO_E_FORMAT)
            printf("    %lu bytes were accepted\n", (unsigned long)n);
        CHECK(code == SPPO_E_FORMAT);
    }
    CHECK(verdict(&ctx, whole, n) == SPPO_OK);
    CHECK(ctx.held == 0);
}

/* Any single byte changed to any other: a verdict, never a crash; and where
 * the text is accepted, it can be walked and every string decoded.          */
static void survives_every_changed_byte(void)
{
    static const char whole[] =
        "{\"a\":[1,-2.5e+3,\"x\\u20ac\\ud83d\\ude00\xc3\xa9\"],\"b\":{}}";
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char copy[sizeof whole], out[64];
    size_t at;
    int value, i, accepted = 0;

    for (at = 0; at < sizeof whole - 1; at++)
        for (value = 0; value < 256; value++) {
            memcpy(copy, whole, sizeof whole);
            copy[at] = (char)value;
            if (sppo_json_parse(&ctx, &json, copy, sizeof whole - 1, "here"))
                continue;
            accepted++;
            for (i = 0; i < json.count; i++)
                if (json.node[i].type == SPPO_JSON_STRING)
                    CHECK(sppo_json_string(&json, i, out, sizeof out) < 64);
        }
    CHECK(accepted > 100);
    sppo_json_free(&ctx, &json);
    CHECK(ctx.held == 0);
}

/* ==== depth ============================================================== */

static sppo_result nested(sppo_ctx *ctx, int depth, const char *open,
                          const char *shut)
{
    const size_t a = strlen(open), b = strlen(shut), n = (size_t)depth;
    char *bytes = (char *)malloc(n * (a + b) + 1);
    sppo_result code;
    int i;

    bytes[0] = 0;
    for (i = 0; i < depth; i++)
        memcpy(bytes + (size_t)i * a, open, a);
    for (i = 0; i < depth; i++)
        memcpy(bytes + n * a + (size_t)i * b, shut, b);
    code = verdict(ctx, bytes, n * (a + b));
    free(bytes);
    return code;
}

static void depth_is_limited_to_64(void)
{
    sppo_ctx ctx = { 0 };

    CHECK(nested(&ctx, 64, "[", "]") == SPPO_OK);
    CHECK(nested(&ctx, 65, "[", "]") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "64"));
    CHECK(nested(&ctx, 63, "{\"a\":", "}") == SPPO_E_FORMAT);  // no value
    CHECK(nested(&ctx, 65, "{\"a\":", "}") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "64"));
    CHECK(nested(&ctx, 1000000, "[", "]") == SPPO_E_FORMAT);
    CHECK(nested(&ctx, 1000000, "[", "") == SPPO_E_FORMAT);
    CHECK(nested(&ctx, 500000, "{\"a\":", "") == SPPO_E_FORMAT);
    CHECK(ctx.held == 0);
}

/* ==== messages =========================================================== */

/* `where` first, then where in the text, counted from 1. */
static void messages_say_where(void)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    static const char one_line[] = "{\"a\": 1, \"b\": tru}";
    static const char many[] = "{\n  \"a\": 1,\n  \"b\": [1, 2,, 3]\n}\n";

    CHECK(sppo_json_parse(&ctx, &json, one_line, sizeof one_line - 1,
                          "prompts.jsonl line 3") == SPPO_E_FORMAT);
    CHECK(strncmp(ctx.message, "prompts.jsonl line 3", 20) == 0);
    CHECK(has(&ctx, "column 15") || has(&ctx, "column 18"));
    CHECK(sppo_json_parse(&ctx, &json, many, sizeof many - 1, "config.json")
          == SPPO_E_FORMAT);
    CHECK(strncmp(ctx.message, "config.json", 11) == 0);
    CHECK(has(&ctx, "line 3"));
    CHECK(has(&ctx, "column 14"));
    CHECK(sppo_json_parse(&ctx, &json, "{\"k\":1,\"k\":2}", 13, "x")
          == SPPO_E_FORMAT);
    CHECK(has(&ctx, "twice"));
    CHECK(has(&ctx, "column 8"));  // where the second stands
    sppo_json_free(&ctx, &json);
}

/* What stood in json before a failure may be gone, but it can be reused. */
static void parse_can_be_repeated(void)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    int i;

    for (i = 0; i < 20; i++) {
        CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, "[1,[2,3]]", 9, "x"));
        CHECK(json.count == 5);
        CHECK(sppo_json_parse(&ctx, &json, "[1,[2,3]", 8, "x")
              == SPPO_E_FORMAT);
        CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, "{}", 2, "x"));
        CHECK(json.count == 1);
    }
    sppo_json_free(&ctx, &json);
    sppo_json_free(&ctx, &json);
    CHECK(ctx.held == 0);
}

/* ==== the tree =========================================================== */

static void tree_has_types_children_and_keys(void)
{
    static const char whole[] =
        "{\"name\":\"ab\",\"list\":[1,true,null,[]],\"obj\":{\"k\":-2},"
        "\"t\":false}";
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    int list, item, seen = 0, node;
    static const sppo_json_type expected[] = {
        SPPO_JSON_NUMBER, SPPO_JSON_TRUE, SPPO_JSON_NULL, SPPO_JSON_ARRAY };

    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, whole, sizeof whole - 1, "x"));
    CHECK(json.count == 10);
    CHECK(json.node[0].type == SPPO_JSON_OBJECT);
    CHECK(json.node[0].count == 4);
    CHECK(json.node[0].parent == -1);
    list = sppo_json_find(&json, 0, "list");
    CHECK(list > 0);
    CHECK(json.node[list].type == SPPO_JSON_ARRAY);
    CHECK(json.node[list].count == 4);
    CHECK(whole[json.node[list].begin] == '[');
    CHECK(whole[json.node[list].end - 1] == ']');
    CHECK(strncmp(whole + json.node[list].name_begin, "list\"", 5) == 0);
    CHECK(json.node[list].name_end - json.node[list].name_begin == 4);
    for (item = json.node[list].first; item >= 0; item = json.node[item].next) {
        CHECK(seen < 4 && json.node[item].type == expected[seen]);
        CHECK(json.node[item].parent == list);
        seen++;
    }
    CHECK(seen == 4);
    node = sppo_json_find(&json, 0, "t");
    CHECK(node > 0 && json.node[node].type == SPPO_JSON_FALSE);
    node = sppo_json_find(&json, sppo_json_find(&json, 0, "obj"), "k");
    CHECK(node > 0);
    CHECK_NEAR(sppo_json_number(&json, node), -2.0, 0.0);
    CHECK(sppo_json_find(&json, 0, "k") == -1);     // not one level down
    CHECK(sppo_json_find(&json, 0, "nam") == -1);   // not by a prefix
    CHECK(sppo_json_find(&json, 0, "name2") == -1);
    CHECK(sppo_json_find(&json, 0, "") == -1);
    CHECK(sppo_json_find(&json, list, "name") == -1);  // an array
    sppo_json_free(&ctx, &json);
    CHECK(ctx.held == 0);
}

static void find_compares_decoded_keys(void)
{
    static const char whole[] = "{\"\\u0061b\":1,\"x\\/y\":2}";
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };

    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, whole, sizeof whole - 1, "x"));
    CHECK(sppo_json_find(&json, 0, "ab") == 1);
    CHECK(sppo_json_find(&json, 0, "x/y") == 2);
    CHECK(sppo_json_find(&json, 0, "\\u0061b") == -1);
    sppo_json_free(&ctx, &json);
}

/* An object of many keys is read, and its duplicates found, in a moment. */
static void many_keys_are_no_burden(void)
{
    enum { KEYS = 5000 };
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char *bytes = (char *)malloc(KEYS * 16 + 16);
    size_t n = 0;
    int i;

    bytes[n++] = '{';
    for (i = 0; i < KEYS; i++)
        n += (size_t)sprintf(bytes + n, "%s\"k%d\":%d", i ? "," : "", i, i);
    bytes[n] = '}';
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, bytes, n + 1, "x"));
    CHECK(json.node[0].count == KEYS);
    n += (size_t)sprintf(bytes + n, ",\"k77\":0}");
    CHECK(sppo_json_parse(&ctx, &json, bytes, n, "x") == SPPO_E_FORMAT);
    CHECK(has(&ctx, "twice"));
    sppo_json_free(&ctx, &json);
    free(bytes);
    CHECK(ctx.held == 0);
}

/* ==== strings ============================================================ */

static int decodes_to(const char *json_text, size_t length, const char *bytes,
                      size_t count)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char out[64];
    size_t n = 0;
    int same = 0;

    if (!sppo_json_parse(&ctx, &json, json_text, length, "x")) {
        n = sppo_json_string(&json, 0, out, sizeof out);
        same = n == count && memcmp(out, bytes, count) == 0 && out[n] == 0;
    }
    sppo_json_free(&ctx, &json);
    if (!same)
        printf("    %s gives %lu bytes\n", json_text, (unsigned long)n);
    return same;
}
#define DECODES(json_text, bytes) \
    decodes_to(json_text, sizeof(json_text) - 1, bytes, sizeof(bytes) - 1)

static void strings_are_decoded(void)
{
    CHECK(DECODES("\"\"", ""));
    CHECK(DECODES("\"abc\"", "abc"));
    CHECK(DECODES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"));
    CHECK(DECODES("\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"));
    CHECK(DECODES("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"));
    CHECK(DECODES("\"\\uD800\\uDC00\"", "\xf0\x90\x80\x80"));
    CHECK(DECODES("\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf"));
    CHECK(DECODES("\"\\u0080\\u07ff\\u0800\\uffff\"",
                  "\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
    CHECK(DECODES("\"a\\u0000b\"", "a\0b"));
    CHECK(DECODES("\"\xe2\x82\xac\"", "\xe2\x82\xac"));
    CHECK(DECODES("\"\\\\u0041\"", "\\u0041"));
}

/* RFC 8259 leaves a lone surrogate to the reader; ours refuses it or reads
 * U+FFFD for it, and never lets bytes out that are not UTF-8.               */
static void lone_surrogates_do_no_harm(void)
{
    static const sample lone[] = {
        T("\"\\ud83d\""), T("\"\\ude00\""), T("\"\\ud83dx\""),
        T("\"\\ud83d\\n\""), T("\"\\ud83d\\u0041\""), T("\"\\ude00\\ud83d\""),
        T("\"\\ud83d\\ud83d\\ude00\""), T("\"\\ud83d\\u"), T("\"\\ud83d\\\""),
        T("\"\\udfff\\udfff\"")
    };
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char out[64];
    int i;

    for (i = 0; i < COUNT(lone); i++) {
        const sppo_result code =
            sppo_json_parse(&ctx, &json, lone[i].bytes, lone[i].length, "x");
        CHECK(code == SPPO_E_FORMAT || code == SPPO_OK);
        if (code == SPPO_OK) {
            sppo_json_string(&json, 0, out, sizeof out);
            CHECK(strstr(out, "\xef\xbf\xbd") != NULL);
            CHECK(strchr(out, '\xed') == NULL);
        }
    }
    sppo_json_free(&ctx, &json);
}

/* A short buffer: what fits and a NUL; the length tells that it was cut. */
static void strings_are_cut_to_the_buffer(void)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char out[8];

    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, "\"abcdefghij\"", 12, "x"));
    memset(out, 'z', sizeof out);
    CHECK(sppo_json_string(&json, 0, out, 5) >= 5);
    CHECK(memcmp(out, "abcd\0zzz", 8) == 0);
    memset(out, 'z', sizeof out);
    CHECK(sppo_json_string(&json, 0, out, 1) >= 1);
    CHECK(memcmp(out, "\0zzzzzzz", 8) == 0);
    memset(out, 'z', sizeof out);
    (void)sppo_json_string(&json, 0, out, 0);
    CHECK(out[0] == 'z');
    sppo_json_free(&ctx, &json);
}

/* ==== numbers ============================================================ */

static double number(const char *digits)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    double value = -12345.0;

    if (!sppo_json_parse(&ctx, &json, digits, strlen(digits), "x"))
        value = sppo_json_number(&json, 0);
    sppo_json_free(&ctx, &json);
    return value;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void says_what_stands_for_a_value_elsewhere(void)
{
    static const struct { const char *text, *says; } row[] = {
        { "[1, NaN]", "x, column 5: NaN is not JSON, though Python" },
        { "{\"a\": Infinity}", "column 7: Infinity is not JSON" },
        { "[-Infinity]", "column 2: -Infinity is not JSON" },
        { "nan", "nan is not JSON" }, { "[inf]", "inf is not JSON" },
        { "[-nan]", "-nan is not JSON" },
        { "{\"a\": None}", "None is not JSON: null, true and false are" },
        { "[True]", "True is not JSON" }, { "False", "False is not JSON" },
        { "['a']", "a string stands in double quotes" },
        { "[nothing]", "expected a value" }, { "[-]", "expected a value" },
        { "", "expected a value" }, { "N", "expected a value" }
    };
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        CHECK(sppo_json_parse(&ctx, &json, row[i].text, strlen(row[i].text),
                              "x") == SPPO_E_FORMAT);
        if (!CHECK(strstr(ctx.message, row[i].says) != NULL))
            printf("    %s: %s\n", row[i].text, ctx.message);
    }
    sppo_json_free(&ctx, &json);
}

static void a_byte_order_mark_is_no_text(void)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };

    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, "\xef\xbb\xbf {\"a\": 7}", 12,
                                   "x"));
    CHECK(sppo_json_number(&json, sppo_json_find(&json, 0, "a")) == 7.0);
    CHECK(sppo_json_parse(&ctx, &json, "[\xef\xbb\xbf]", 5, "x")
          == SPPO_E_FORMAT);
    CHECK(sppo_json_parse(&ctx, &json, "\xef\xbb\xbf", 3, "x")
          == SPPO_E_FORMAT);
    sppo_json_free(&ctx, &json);
}

/* n members "KEY0": 0, "KEY1": 1 ..; each byte of a key as \u00XX if escaped.
 * Every third is an object of its own with the same keys inside.            */
static size_t many_keys(char *out, int n, int escaped)
{
    static const char pad[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t at = 0;
    char key[64];
    int i, j;

    for (i = 0; i < n; i++) {
        sprintf(key, "%s%06d", pad, i);
        at += (size_t)sprintf(out + at, i ? ",\"" : "{\"");
        for (j = 0; key[j]; j++)
            at += (size_t)sprintf(out + at, escaped ? "\\u%04x" : "%c", key[j]);
        at += (size_t)sprintf(out + at,
                              i % 3 ? "\":%d" : "\":{\"a\":%d,\"b\":0}", i);
    }
    at += (size_t)sprintf(out + at, "}");
    return at;
}

/* Of every pair of keys compared, 100000 take minutes; one of them twice is
 * still found.                                                              */
static void many_keys_take_the_time_of_few(void)
{
    enum { N = 100000, ROOM = N * 300 };
    static const char pad[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char *text = (char *)malloc(ROOM), key[64];
    const clock_t begun = clock();
    int i, node, escaped, right = 0;
    size_t n;

    for (escaped = 0; escaped < 2 && CHECK(text != NULL); escaped++) {
        n = many_keys(text, N, escaped);
        CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, text, n, "x"));
        for (i = right = 0; i < N; i++) {
            sprintf(key, "%s%06d", pad, i);
            node = sppo_json_find(&json, 0, key);
            if (node >= 0 && i % 3 == 0)
                node = sppo_json_find(&json, node, "a");
            right += node >= 0 && sppo_json_number(&json, node) == i;
        }
        CHECK(right == N && json.node[0].count == N);
        CHECK(sppo_json_find(&json, 0, "a") == -1);
    }
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, "{\"a\":7}", 7, "x"));
    CHECK(sppo_json_find(&json, 0, pad) == -1);
    CHECK((double)(clock() - begun) / CLOCKS_PER_SEC < 20.0);
    n = many_keys(text, N, 0);
    sprintf(text + n - 1, ",\"%s050000\":1}", pad);
    CHECK(sppo_json_parse(&ctx, &json, text, strlen(text), "x")
          == SPPO_E_FORMAT);
    CHECK(strstr(ctx.message, "stands twice") != NULL);
    sppo_json_free(&ctx, &json);
    free(text);
    CHECK(ctx.held == 0);
}

/* Exactly the double that the compiler reads: half an ulp, ties to even. */
static void numbers_are_exact(void)
{
    static const struct { const char *digits; double value; } row[] = {
        { "0", 0.0 }, { "-0", -0.0 }, { "-0.0e7", -0.0 }, { "1", 1.0 },
        { "0.1", 0.1 }, { "1e-5", 1e-5 }, { "1e-05", 1e-5 }, { "1E+2", 100 },
        { "123456.789e-3", 123.456789 },
        { "9007199254740993", 9007199254740992.0 },
        { "9007199254740995", 9007199254740996.0 },
        { "1.7976931348623157e308", DBL_MAX },
        { "2.2250738585072014e-308", DBL_MIN },
        { "2.2250738585072011e-308", 2.2250738585072011e-308 },
        { "4.9406564584124654e-324", 4.9406564584124654e-324 },
        { "2.4703282292062328e-324", 4.9406564584124654e-324 },
        { "2.4703282292062327e-324", 0.0 }, { "1e-400", 0.0 },
        { "1e23", 1e23 }, { "8.5e22", 8.5e22 },
        { "6.62607015e-34", 6.62607015e-34 },
        { "0.1000000000000000055511151231257827021181583404541015625", 0.1 },
        { "0.500000000000000166533453693773481063544750213623046875",
          0.500000000000000166533453693773481063544750213623046875 },
        { "3.518437208883201171875e13", 3.518437208883201171875e13 },
        { "179769313486231570000000000000000000000e270", DBL_MAX },
        { "0.000000000000000000000000000000000000000000000000000000000001e60",
          1.0 },
        { "1000000000000000000000000000000000000000000000000000000000000e-60",
          1.0 }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        const double got = number(row[i].digits);
        if (bits_of(got) != bits_of(row[i].value))
            printf("    %s is read as %.17g\n", row[i].digits, got);
        CHECK(bits_of(got) == bits_of(row[i].value));
    }
}

/* Any double printed with 17 digits is read back to the bit. */
static void numbers_survive_a_round_trip(void)
{
    char digits[64];
    int i, wrong = 0;

    for (i = 0; i < 20000; i++) {
        const uint64_t bits = sppo_random_bits(2, (uint64_t)i);
        double x, y;
        memcpy(&x, &bits, sizeof x);
        if (!(x - x == 0.0))
            continue;  // infinite or NaN
        sprintf(digits, "%.17g", x);
        y = number(digits);
        if (bits_of(x) != bits_of(y) && wrong++ < 5)
            printf("    %s is read as %.17g\n", digits, y);
    }
    for (i = 0; i < 20000; i++) {
        const double x = sppo_random_uniform(3, (uint64_t)i) * 1000 - 500;
        sprintf(digits, "%.17g", x);
        wrong += bits_of(number(digits)) != bits_of(x);
    }
    CHECK(wrong == 0);
}

/* Too large for a double: refused, or infinity that a caller can see; never
 * some wrong finite number.                                                 */
static void huge_numbers_are_not_made_finite(void)
{
    static const char *const huge[] = { "1e309", "1e999999999999999999999",
        "-1e309", "179769313486231600000000000000000000000e271" };
    int i;

    for (i = 0; i < COUNT(huge); i++) {
        sppo_ctx ctx = { 0 };
        sppo_json json = { 0 };
        const sppo_result code =
            sppo_json_parse(&ctx, &json, huge[i], strlen(huge[i]), "x");
        if (code == SPPO_OK) {
            const double x = sppo_json_number(&json, 0);
            CHECK(x > DBL_MAX || x < -DBL_MAX);
        } else
            CHECK(code == SPPO_E_FORMAT);
        sppo_json_free(&ctx, &json);
    }
    CHECK_NEAR(number("1e-999999999999999999999"), 0.0, 0.0);
    CHECK_NEAR(number("0e999999999999999999999"), 0.0, 0.0);
}

/* A locale with a decimal comma changes nothing, in reading or writing. */
static void a_decimal_comma_changes_nothing(void)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE",
        "fr_FR.UTF-8", "fr_FR.utf8", "fr_FR", "nl_NL.UTF-8", "ru_RU.UTF-8" };
    sppo_ctx ctx = { 0 };
    sppo_config config, again = { 0 };
    char text[4096], comma[4096];
    double half, comma_half;
    size_t n;
    int i, found = 0;

    memset(&config, 0, sizeof config);
    config.vocab = 300, config.dim = 8, config.layers = 1, config.heads = 2;
    config.hidden = 8, config.context = 16;
    config.rope_theta = 1234.5, config.norm_eps = 1.5e-6;
    CHECK_OK(&ctx, sppo_config_resolve(&ctx, &config, &config));
    half = number("0.5");
    sppo_config_write(&config, SPPO_DTYPE_REAL, text, sizeof text);
    for (i = 0; i < COUNT(names) && !found; i++)
        found = setlocale(LC_ALL, names[i]) != NULL
             && localeconv()->decimal_point[0] == ',';
    if (!found) {
        setlocale(LC_ALL, "C");
        SKIP("no locale with a decimal comma on this machine");
    }
    comma_half = number("0.5");
    n = sppo_config_write(&config, SPPO_DTYPE_REAL, comma, sizeof comma);
    CHECK_OK(&ctx, sppo_config_read(&ctx, &again, comma, n, "config.json"));
    CHECK(number("0,5") < -12344.0);  // still not JSON
    setlocale(LC_ALL, "C");
    CHECK_NEAR(comma_half, half, 0.0);
    CHECK(strcmp(text, comma) == 0);
    CHECK_NEAR(again.norm_eps, 1.5e-6, 0.0);
    CHECK_NEAR(again.rope_theta, 1234.5, 0.0);
}

/* ==== quoting ============================================================ */

/* Valid UTF-8 is the same after quote and unquote, every byte of it. */
static void quote_then_read_is_identity(void)
{
    static const sample row[] = {
        T(""), T("abc"), T("\"\\/\b\f\n\r\t"), T("\x01\x02\x1f\x7f"),
        T("a\0b"), T("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
        T("line\nline\r\n"), T("\xe2\x80\xa8\xe2\x80\xa9"), T("\\u0041"),
        T("</script>"), T("\xef\xbf\xbd")
    };
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char quoted[256], out[256];
    int i;

    for (i = 0; i < COUNT(row); i++) {
        const size_t n = sppo_json_quote(quoted, sizeof quoted, row[i].bytes,
                                         row[i].length);
        size_t m;
        CHECK(n < sizeof quoted && strlen(quoted) == n);
        CHECK(quoted[0] == '"' && quoted[n - 1] == '"');
        CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, quoted, n, "x"));
        m = sppo_json_string(&json, 0, out, sizeof out);
        CHECK(m == row[i].length);
        CHECK(memcmp(out, row[i].bytes, row[i].length) == 0);
    }
    sppo_json_free(&ctx, &json);
}

/* Any bytes at all give strict JSON; what was not UTF-8 becomes U+FFFD, and
 * what was is kept.                                                         */
static void quote_makes_json_of_any_bytes(void)
{
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char bytes[40], quoted[512], out[512];
    int i, j;

    for (i = 0; i < 5000; i++) {
        const int count = i % 40;
        size_t n;
        for (j = 0; j < count; j++) {
            const uint64_t r = sppo_random_bits(6, (uint64_t)(i * 64 + j));
            static const char likely[] = "\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0"
                                         "\xc3\xa9\xc0\xf4\x8f\xbf\"\\\n";
            bytes[j] = r & 1 ? (char)(r >> 8)
                             : likely[(r >> 8) % (sizeof likely - 1)];
        }
        n = sppo_json_quote(quoted, sizeof quoted, bytes, (size_t)count);
        CHECK(n < sizeof quoted);
        if (!CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, quoted, n, "x")))
            break;
        CHECK(sppo_json_string(&json, 0, out, sizeof out) < sizeof out);
    }
    sppo_json_free(&ctx, &json);
    CHECK(ctx.held == 0);
}

static void quote_replaces_invalid_utf8(void)
{
    static const struct { sample in; const char *out; } row[] = {
        { T("a\xff" "b"), "\"a\xef\xbf\xbd" "b\"" },
        { T("\x80"), "\"\xef\xbf\xbd\"" },
        { T("\xc3"), "\"\xef\xbf\xbd\"" },
        { T("\xc3("), "\"\xef\xbf\xbd(\"" },
        { T("x\xc3\xa9y"), "\"x\xc3\xa9y\"" }
    };
    char out[64];
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_json_quote(out, sizeof out, row[i].in.bytes, row[i].in.length);
        CHECK(strcmp(out, row[i].out) == 0);
    }
    /* an overlong form and a surrogate leave nothing of themselves */
    sppo_json_quote(out, sizeof out, "\xc0\x80", 2);
    CHECK(strchr(out, '\xc0') == NULL && strchr(out, '\x80') == NULL);
    sppo_json_quote(out, sizeof out, "\xed\xa0\x80", 3);
    CHECK(strchr(out, '\xed') == NULL && strchr(out, '\xa0') == NULL);
}

/* What is longer or more than the manual allows is refused in its words. */
static void limits_are_said(void)
{
    static char text[1000];
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    double value;

    memset(text, '1', 300);
    CHECK(verdict(&ctx, text, 300) == SPPO_OK);
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, text, 300, "here"));
    value = sppo_json_number(&json, 0);
    CHECK_NEAR(value / 1.1111111111111111e299, 1.0, 1e-15);
    text[300] = '1';
    CHECK(verdict(&ctx, text, 301) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "a number of more than 300 characters"));
    memset(text, 'k', sizeof text);
    memcpy(text, "{\"", 2);
    memcpy(text + 2 + 255, "\":1}", 4);
    CHECK(verdict(&ctx, text, 2 + 255 + 4) == SPPO_OK);
    text[2 + 255] = 'k';
    memcpy(text + 2 + 256, "\":1}", 4);
    CHECK(verdict(&ctx, text, 2 + 256 + 4) == SPPO_E_FORMAT);
    CHECK(has(&ctx, "a key of more than 255 bytes"));
    sppo_json_free(&ctx, &json);
}

/* A node that is none has no value, whatever is asked of it. */
static void what_is_no_node_is_nothing(void)
{
    static const char text[] = "{\"a\": 1, \"b\": [2]}";
    sppo_ctx ctx = { 0 };
    sppo_json json = { 0 };
    char out[8] = "left";
    int node;

    CHECK(sppo_json_find(&json, 0, "a") < 0);  // nothing was read yet
    CHECK_OK(&ctx, sppo_json_parse(&ctx, &json, text, strlen(text), "here"));
    CHECK(sppo_json_find(&json, sppo_json_find(&json, 0, "b"), "a") < 0);
    for (node = -1; node <= json.count; node += json.count + 1) {
        memcpy(out, "left", 5);
        CHECK(sppo_json_find(&json, node, "a") < 0);
        CHECK(sppo_json_string(&json, node, out, sizeof out) == 0 && !out[0]);
        CHECK(sppo_json_number(&json, node) == 0.0);
    }
    CHECK(sppo_json_number(&json, 0) == 0.0);
    sppo_json_free(&ctx, &json);
}

/* The length that a larger buffer would hold, so that a caller can take it. */
static void quote_says_how_much_room_it_needs(void)
{
    char small[6], large[64];
    const char bytes[] = "ab\n\x01\xff" "cd";
    const size_t need = sppo_json_quote(large, sizeof large, bytes, 7);
    size_t n, size;

    CHECK(need == strlen(large));
    for (size = 0; size <= sizeof small; size++) {
        memset(small, 'z', sizeof small);
        n = sppo_json_quote(small, size, bytes, 7);
        CHECK(n == need);
        CHECK(size == sizeof small || small[size] == 'z');
        CHECK(size == 0 || memchr(small, 0, size) != NULL);
    }
}

static const check_case cases[] = {
    CASE(reads_what_is_allowed),
    CASE(refuses_what_is_forbidden),
    CASE(refuses_every_prefix),
    CASE(survives_every_changed_byte),
    CASE(depth_is_limited_to_64),
    CASE(messages_say_where),
    CASE(parse_can_be_repeated),
    CASE(tree_has_types_children_and_keys),
    CASE(find_compares_decoded_keys),
    CASE(many_keys_are_no_burden),
    CASE(strings_are_decoded),
    CASE(lone_surrogates_do_no_harm),
    CASE(strings_are_cut_to_the_buffer),
    CASE(says_what_stands_for_a_value_elsewhere),
    CASE(a_byte_order_mark_is_no_text),
    CASE(many_keys_take_the_time_of_few),
    CASE(numbers_are_exact),
    CASE(numbers_survive_a_round_trip),
    CASE(huge_numbers_are_not_made_finite),
    CASE(a_decimal_comma_changes_nothing),
    CASE(quote_then_read_is_identity),
    CASE(quote_makes_json_of_any_bytes),
    CASE(quote_replaces_invalid_utf8),
    CASE(limits_are_said),
    CASE(what_is_no_node_is_nothing),
    CASE(quote_says_how_much_room_it_needs)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
