/* test_data.c - the tool's parts that read other projects' data: the
 * length-controlled win rate, Hugging Face's tokenizer.json; its options    */

#include "../examples/tool/posix.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include "../examples/tool/columns.h"
#include "../examples/tool/length_control.h"
#include "../examples/tool/settings.h"
#include "../examples/tool/tfevents.h"
#include "../examples/tool/tokenizer_parts.h"
#include "../examples/tool/tokenizer_write.h"
#include "check.h"
#include "reference/tokens.h"

/* ==== options ============================================================ */

/* Two commands may keep options of one name in one field. */
static void a_command_has_the_defaults_that_its_help_names(void)
{
    static parser p;
    sppo_ctx ctx = { 0 };
    cli_command command = { "any", 1, "", "", "", "", "" };
    settings found, wanted;
    int i;

    p.ctx = &ctx;
    p.command = &command;
    settings_options(&p, &found);
    for (; command.bit < EVERY; command.bit *= 2) {
        memset(&found, 0, sizeof found);
        p.settings = &found;
        CHECK(options_default(&p) == SPPO_OK);
        for (i = 0; i < p.count; i++) {
            char have[64], want[64];

            if (!(p.options[i].commands & command.bit) ||
                !p.options[i].standard)
                continue;
            p.settings = &found;
            option_value(&p, i, have, sizeof have);
            p.settings = &wanted;
            CHECK(option_set(&p, i, p.options[i].standard) == SPPO_OK);
            option_value(&p, i, want, sizeof want);
            if (strcmp(have, want) != 0)
                printf("command %u --%s: %s, not %s\n", command.bit,
                       p.options[i].name, have, want);
            CHECK(strcmp(have, want) == 0);
        }
    }
}

/* What the library takes 0 for a default of, the tool's 0 is not. */
static void zeros_of_the_command_line_are_meant(void)
{
    static settings s;
    sppo_optim_config config;

    s.alpha = s.beta1 = s.beta2 = 0.25;
    config = optim_settings(&s, 1);
    CHECK(config.alpha == 0.25 && config.beta1 == 0.25 && config.beta2 == 0.25);
    s.alpha = s.beta1 = s.beta2 = 0.0;
    config = optim_settings(&s, 1);
    CHECK(config.alpha == SPPO_ZERO && config.beta1 == SPPO_ZERO &&
          config.beta2 == SPPO_ZERO);
}

/* ==== the length-controlled win rate ===================================== */

enum { MOST = 20000 };
static double win[MOST], longer[MOST];

/* Lengths as judges see them: the model's is mostly the longer one. */
static void draw_lengths(int count, double mean)
{
    int i;

    for (i = 0; i < count; i++)
        longer[i] = floor(mean + 300.0 * sppo_random_normal(11, (uint64_t)i));
}

static double sigma(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/* Mean 3.2 / 5; squares around it 0.652 in sum, over 4; lengths likewise. */
static void win_rate_and_its_error(void)
{
    static const double five[] = { 0.0, 1.0, 0.9, 0.5, 0.8 };
    static const double length[] = { 5, -3, 2, 0, 8 };
    length_control c;

    length_control_measure(&c, five, length, 5);
    CHECK_NEAR(c.win_rate, 0.64, 1e-15);
    CHECK_NEAR(c.standard_error, sqrt(0.652 / 4.0 / 5.0), 1e-15);
    CHECK(c.wins == 3 && c.losses == 1 && c.draws == 1);
    CHECK_NEAR(c.sd, sqrt(73.2 / 4.0), 1e-12);
    length_control_measure(&c, five + 4, length + 4, 1);
    CHECK(c.win_rate == 0.8 && c.standard_error != c.standard_error);
}

/* The judge is the model that is fitted: its coefficients come back. */
static void coefficients_are_recovered(void)
{
    length_control c;
    double sd, rate = 0.0, information = 0.0;
    int i;

    draw_lengths(MOST, 150.0);
    sample_moments(longer, MOST, &sd);
    for (i = 0; i < MOST; i++) {
        win[i] = sigma(-0.4 + 1.7 * tanh(longer[i] / sd));
        rate += win[i] / MOST;
        information += win[i] * (1.0 - win[i]);
    }
    length_control_measure(&c, win, longer, MOST);
    CHECK_NEAR(c.theta, -0.4, 5e-5);  // the penalty weighs 1 in 10^5 here
    CHECK_NEAR(c.phi, 1.7, 5e-5);
    CHECK_NEAR(c.controlled, sigma(-0.4), 1e-5);
    CHECK_NEAR(c.win_rate, rate, 1e-12);
    CHECK(c.win_rate > 0.5 && c.controlled < 0.41);
    for (i = 0; i < MOST; i++)  // heads or tails instead of probabilities
        win[i] = sppo_random_uniform(12, (uint64_t)i) < win[i] ? 1.0 : 0.0;
    length_control_measure(&c, win, longer, MOST);
    CHECK_NEAR(c.theta, -0.4, 4.0 * sqrt(2.0 / information));
    CHECK_NEAR(c.phi, 1.7, 8.0 * sqrt(2.0 / information));
}

/* A judge who sees nothing but length: 77 % to the longer-winded model, half
 * of it at equal length. The data are separable, the fit is finite.         */
static void length_alone_gives_a_half(void)
{
    length_control c;
    int i;

    draw_lengths(805, 220.0);
    for (i = 0; i < 805; i++)
        win[i] = longer[i] > 0.0 ? 1.0 : longer[i] < 0.0 ? 0.0 : 0.5;
    length_control_measure(&c, win, longer, 805);
    CHECK(c.win_rate > 0.72);
    CHECK_NEAR(c.controlled, 0.5, 0.05);
    CHECK(c.phi > 10.0 && c.phi < 1e3);
}

/* One who does not see it: control changes nothing. */
static void no_length_bias_leaves_the_rate(void)
{
    length_control c;
    int i;

    draw_lengths(MOST, 220.0);
    for (i = 0; i < MOST; i++)
        win[i] = 0.7;
    length_control_measure(&c, win, longer, MOST);
    CHECK_NEAR(c.controlled, 0.7, 1e-5);
    CHECK_NEAR(c.phi, 0.0, 1e-4);
}

/* The other way round gives the other's rate: 1 - it, the same phi. */
static void control_is_antisymmetric(void)
{
    length_control c, d;
    int i;

    draw_lengths(500, 100.0);
    for (i = 0; i < 500; i++)
        win[i] = sppo_random_uniform(13, (uint64_t)i);
    length_control_measure(&c, win, longer, 500);
    for (i = 0; i < 500; i++) {
        win[i] = 1.0 - win[i];
        longer[i] = -longer[i];
    }
    length_control_measure(&d, win, longer, 500);
    CHECK_NEAR(c.controlled + d.controlled, 1.0, 1e-12);
    CHECK_NEAR(c.phi, d.phi, 1e-10);
}

static void extremes_stay_finite(void)
{
    static const double none[] = { 1, 1, 1 }, length[] = { 4, -2, 9 };
    static const double same[] = { 7, 7, 7 }, zero[] = { 0, 0, 0 };
    static const double mixed[] = { 1, 1, 0.25 };
    length_control c;

    length_control_measure(&c, none, length, 3);
    CHECK(c.win_rate == 1.0 && c.standard_error == 0.0);
    CHECK(c.controlled > 0.9 && c.controlled < 1.0);
    length_control_measure(&c, mixed, zero, 3);
    CHECK_NEAR(c.controlled, 0.75, 5e-3);
    length_control_measure(&c, mixed, same, 3);
    CHECK(c.controlled != c.controlled);
    CHECK_NEAR(c.win_rate, 0.75, 1e-15);
}

/* Slope and curvature against differences of the loss. */
static void gradients_are_those_of_the_loss(void)
{
    const double at[2] = { 0.3, -0.8 }, h = 1e-4;
    double grad[2], curve[3], spare[3], unused[2];
    int i;

    draw_lengths(50, 100.0);
    for (i = 0; i < 50; i++)
        win[i] = sppo_random_uniform(14, (uint64_t)i);
    length_loss(win, longer, 50, at, 200.0, grad, curve);
    for (i = 0; i < 2; i++) {
        double up[2] = { at[0], at[1] }, down[2] = { at[0], at[1] };
        double above[2], below[2], difference;
        up[i] += h;
        down[i] -= h;
        difference = length_loss(win, longer, 50, up, 200.0, above, spare) -
                     length_loss(win, longer, 50, down, 200.0, below, spare);
        CHECK_NEAR(grad[i], difference / (2.0 * h), 1e-6);
        CHECK_NEAR(curve[i], (above[0] - below[0]) / (2.0 * h), 1e-6);
        CHECK_NEAR(curve[i + 1], (above[1] - below[1]) / (2.0 * h), 1e-6);
    }
    length_fit(win, longer, 50, 200.0, unused);
    length_loss(win, longer, 50, unused, 200.0, grad, curve);
    CHECK_NEAR(grad[0], 0.0, 1e-8);   // a minimum
    CHECK_NEAR(grad[1], 0.0, 1e-8);
}

/* ==== tokenizer.json ===================================================== */

enum { TEXT_ROOM = 200000 };
static char file[TEXT_ROOM], back[TEXT_ROOM];

/* The file of a way of cutting, put together; its length. */
static size_t token_file(int way)
{
    int i;

    file[0] = 0;
    for (i = 0; i < TOKEN_PARTS && token_files[way][i]; i++)
        strcat(file, token_files[way][i]);
    return strlen(file);
}

/* Of the byte-level kind; what is of the other would stay here. */
static sppo_tokenizer none;

static sppo_result read_json(sppo_ctx *ctx, bpe *b, const char *text,
                             size_t size, int limit, const char *where)
{
    return tokenizer_json_read(ctx, b, &none, text, size, limit, where);
}

static sppo_result read_way(sppo_ctx *ctx, bpe *b, int way)
{
    const size_t size = token_file(way);

    return read_json(ctx, b, file, size, 0, "tokenizer.json");
}

/* Whether the ids are those of the string "1 2 3"; prints the first that is
 * not.                                                                      */
static int ids_are(const int *id, int count, const char *expected)
{
    char own[16];
    int i;

    for (i = 0; i < count; i++) {
        const size_t n = (size_t)snprintf(own, sizeof own, "%d", id[i]);
        if (strncmp(own, expected, n) != 0 ||
            (expected[n] != ' ' && expected[n] != 0)) {
            printf("    number %d is %d, expected %.20s\n", i, id[i],
                   expected);
            return 0;
        }
        expected += n + (expected[n] == ' ');
    }
    return *expected == 0;
}

/* Encodes, compares with the ids unless NULL, decodes, compares with the
 * text.                                                                     */
static int goes_round(sppo_ctx *ctx, const bpe *b, const char *text, int n,
                      const char *ids)
{
    sppo_lists lists = { 0 };
    int same = CHECK_OK(ctx, bpe_encode(ctx, b, text, (size_t)n, NULL, 0, 0,
                                        &lists));

    if (same) {
        const int *token = sppo_lists_tokens(&lists, 0);
        const int count = sppo_lists_length(&lists, 0);
        same = !ids || ids_are(token, count, ids);
        same &= bpe_decode(b, token, count, -1, back, sizeof back) ==
                (size_t)n && memcmp(back, text, (size_t)n) == 0;
    }
    sppo_lists_free(ctx, &lists);
    return same;
}

/* The scanner against the published expressions. */
static void words_are_those_of_the_expressions(void)
{
    int way, i, count, length[400];

    for (i = 0; i < TOKEN_CASES; i++)
        for (way = 0; way < 3; way++) {
            const char *s = token_cases[i].text;
            const char *end = s + token_cases[i].length;
            for (count = 0; s < end && count < COUNT(length); count++) {
                const char *next = bpe_word_end(way, s, end);
                length[count] = (int)(next - s);
                s = next;
            }
            if (!CHECK(ids_are(length, count, token_cases[i].cuts[way])))
                printf("    rule %d, case %d: \"%s\"\n", way, i,
                       token_cases[i].text);
        }
}

static void ids_are_those_of_the_reference(void)
{
    int way, i;

    for (way = 0; way < TOKEN_WAYS; way++) {
        sppo_ctx ctx = { 0 };
        bpe b = { 0 };
        if (!CHECK_OK(&ctx, read_way(&ctx, &b, way)))
            continue;
        CHECK(b.digits == (way == 3) && b.whole == (way == 1));
        for (i = 0; i < TOKEN_CASES; i++)
            if (!CHECK(goes_round(&ctx, &b, token_cases[i].text,
                                  token_cases[i].length,
                                  token_cases[i].ids[way])))
                printf("    way %d, case %d: \"%s\"\n", way, i,
                       token_cases[i].text);
        bpe_free(&ctx, &b);
        bpe_free(&ctx, &b);
        CHECK(ctx.held == 0);
    }
}

/* Bytes at random, whole characters among them and added tokens. */
static void any_bytes_survive(void)
{
    static const char *const pieces[] = { "<|im|>", "<|", "|>", "'LL", "  ",
        "\xc5\xbf", "\xf0\x9f\x99\x82", "\n\n", "the", "'", "1234" };
    char text[64];
    int way, trial, n;

    for (way = 0; way < TOKEN_WAYS; way++) {
        sppo_ctx ctx = { 0 };
        bpe b = { 0 };
        uint64_t draw = 0;
        CHECK_OK(&ctx, read_way(&ctx, &b, way));
        for (trial = 0; trial < 2000; trial++) {
            const int most = (int)(sppo_random_uniform(21, draw++) * 50.0);
            for (n = 0; n < most;) {
                const double u = sppo_random_uniform(21, draw++);
                const char *piece = pieces[(int)(u * 40.0) % COUNT(pieces)];
                if (u < 0.3) {
                    memcpy(text + n, piece, strlen(piece));
                    n += (int)strlen(piece);
                } else {
                    text[n++] = (char)((int)(u * 16384.0) % 256);
                }
            }
            if (!CHECK(goes_round(&ctx, &b, text, n, NULL)))
                break;
        }
        bpe_free(&ctx, &b);
        CHECK(ctx.held == 0);
    }
}

/* A word of 100000 bytes: were merges searched for one by one from the start,
 * this would take minutes.                                                  */
static void long_words_take_no_longer(void)
{
    static char text[100000];
    static const char *const runs[] = { " ", "a", "the", "'", "\n", "\xe6" };
    sppo_ctx ctx = { 0 };
    bpe b = { 0 };
    size_t run, i;

    CHECK_OK(&ctx, read_way(&ctx, &b, 1));
    for (run = 0; run < sizeof runs / sizeof *runs; run++) {
        for (i = 0; i < sizeof text; i++)
            text[i] = runs[run][i % strlen(runs[run])];
        CHECK(goes_round(&ctx, &b, text, (int)sizeof text, NULL));
    }
    bpe_free(&ctx, &b);
    CHECK(ctx.held == 0);
}

/* Of [BOS] text [EOS] each stands once, also where the text brings it along;
 * any of the ids that end a text is an end.  Inside they stay.              */
static void a_text_that_brings_its_ends_gets_no_second(void)
{
    static const struct { const char *text; int bos, eos, count; } way[] = {
        { "ab", 1, 1, 4 }, { "ab<|im|>", 1, 1, 4 }, { "<|im|>ab", 1, 1, 4 },
        { "<|im|>ab<|im|>", 1, 1, 4 }, { "a<|im|>b", 1, 1, 5 },
        { "ab<|im|>", 1, 0, 4 }, { "<|im|>ab", 0, 1, 4 }, { "", 1, 1, 2 },
        { "<|im|>", 1, 0, 1 }, { "<|im|>", 0, 1, 1 }, { "<|im|>", 0, 0, 1 }
    };
    static const char *const names[] = { "<|im|>", NULL };
    sppo_ctx ctx = { 0 };
    bpe b = { 0 };
    sppo_lists lists = { 0 };
    sppo_config ids = { 0 };
    int i, more;

    CHECK_OK(&ctx, read_way(&ctx, &b, 0));
    ids.bos = ids.eos = bpe_added_named(&b, names);
    for (more = 0; more < 2; more++) {
        for (i = 0; i < (int)(sizeof way / sizeof *way); i++) {
            CHECK_OK(&ctx, bpe_encode(&ctx, &b, way[i].text,
                                      strlen(way[i].text), &ids, way[i].bos,
                                      way[i].eos, &lists));
            CHECK(sppo_lists_length(&lists, lists.count - 1) == way[i].count);
        }
        ids.eos_count = 1;  // now it is the second of two
        ids.eos_more[0] = ids.eos;
        ids.eos = 0;
    }
    sppo_lists_free(&ctx, &lists);
    bpe_free(&ctx, &b);
}

static void begin_and_end_are_left_out_once(void)
{
    sppo_ctx ctx = { 0 };
    bpe b = { 0 };
    sppo_lists lists = { 0 };
    static const char *const names[] = { "none", "<|im|>", NULL };
    sppo_config ids = { 0 };
    int im;

    CHECK_OK(&ctx, read_way(&ctx, &b, 0));
    im = bpe_added_named(&b, names);
    CHECK(im >= 0 && bpe_added_named(&b, names + 2) == -1);
    ids.bos = ids.eos = im;
    CHECK_OK(&ctx, bpe_encode(&ctx, &b, "a<|im|>b", 8, &ids, 1, 1, &lists));
    CHECK(sppo_lists_length(&lists, 0) == 5);
    CHECK(bpe_decode(&b, sppo_lists_tokens(&lists, 0), 4, im, back, 20)
          == 8);
    CHECK(strcmp(back, "a<|im|>b") == 0);
    CHECK(bpe_decode(&b, sppo_lists_tokens(&lists, 0), 4, im, back, 4)
          == 8);
    CHECK(strcmp(back, "a<|") == 0);
    CHECK(bpe_decode(&b, sppo_lists_tokens(&lists, 0), 5, -1, back, 40)
          == 20);
    sppo_lists_free(&ctx, &lists);
    bpe_free(&ctx, &b);
    CHECK(ctx.held == 0);
}

/* The first `from` of a file becomes `to`; 0: it is not there. */
static int edit(const char *from, const char *to)
{
    char *at = strstr(file, from);
    const size_t old = strlen(from), fresh = strlen(to);

    if (!at)
        return 0;
    memmove(at + fresh, at + old, strlen(at + old) + 1);
    memcpy(at, to, fresh);
    return 1;
}

static void what_is_not_supported_is_named(void)
{
    static const struct { int way; const char *from, *to, *says; } row[] = {
        { 0, "\"BPE\"", "\"Unigram\"", "\"type\" Unigram" },
        { 0, "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}",
          "\"normalizer\" NFC" },
        { 0, "\"ByteLevel\"", "\"Metaspace\"", "\"type\" Metaspace" },
        { 0, "\"add_prefix_space\": false", "\"add_prefix_space\": true",
          "\"add_prefix_space\" true" },
        { 0, "\"use_regex\": true", "\"use_regex\": false",
          "\"use_regex\" false" },
        { 0, "\"pre_tokenizer\"", "\"pre\"", "\"type\" is missing" },
        { 0, "\"dropout\": null", "\"dropout\": 0.1", "\"dropout\" 0.1" },
        { 0, "\"continuing_subword_prefix\": \"\"",
          "\"continuing_subword_prefix\": \"##\"",
          "\"continuing_subword_prefix\" ##" },
        { 0, "\"lstrip\": false", "\"lstrip\": true", "\"lstrip\" true" },
        { 0, "\"merges\"", "\"marges\"", "lacks its vocab or its merges" },
        { 0, "\"vocab\"", "\"vacab\"", "lacks its vocab or its merges" },
        { 0, "\"merges\": [\"", "\"merges\": [\"\\u2581", "merge 1" },
        { 0, "\"merges\": [\"", "\"merges\": [\"t\", \"", "merge 1" },
        { 0, "\"!\": ", "\"!\": 99999999", "is not an id" },
        { 0, "\"!\": ", "\"!\": -", "is not an id" },
        { 0, "\"!\": ", "\"\\u2581!\": ", "not of the byte alphabet" },
        { 0, "\"!\": ", "\"\": ", "the piece of id" },
        { 0, "\"!\": ", "\"#\": ", "have the same piece" },
        { 0, "\"!\": ", "\"!!!!\": ", "no piece for the byte 0x21" },
        { 0, "\"id\": ", "\"id\": 1, \"was\": ", "two pieces have the id" },
        { 1, "{1,3}", "{1,4}", "is not one of GPT-2, Llama 3 or Qwen 2" },
        { 1, "Isolated", "MergedWithNext", "\"behavior\" MergedWithNext" },
        { 1, "\"invert\": false", "\"invert\": true", "\"invert\" true" },
        { 1, "\"use_regex\": false", "\"use_regex\": true",
          "\"use_regex\" true" },
        { 1, "\"ByteLevel\"", "\"Punctuation\"", "\"type\" Punctuation" },
        { 2, "\"merges\": [[", "\"merges\": [[\"t\", ", "merge 1" },
        { 3, "\"individual_digits\": true", "\"individual_digits\": false",
          "\"individual_digits\" false" },
        { 3, "\"use_regex\": true}]", "\"use_regex\": true}, {}]",
          "what follows ByteLevel" },
        { 3, "\"merges\": [", "\"merges\": [,", "column" }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_ctx ctx = { 0 };
        bpe b = { 0 };
        token_file(row[i].way);
        if (!CHECK(edit(row[i].from, row[i].to)))
            printf("    there is no %s\n", row[i].from);
        CHECK(read_json(&ctx, &b, file, strlen(file), 0, "t.json")
              == SPPO_E_FORMAT);
        if (!CHECK(strstr(ctx.message, row[i].says) != NULL) ||
            !CHECK(strstr(ctx.message, "t.json") == ctx.message))
            printf("    %s gave: %s\n", row[i].to, ctx.message);
        CHECK(b.vocab == 0 && ctx.held == 0);
    }
}

/* The model may have more ids than its tokenizer, not fewer. */
static void ids_stay_below_the_limit(void)
{
    sppo_ctx ctx = { 0 };
    bpe b = { 0 };
    int vocab;

    CHECK_OK(&ctx, read_way(&ctx, &b, 0));
    vocab = b.vocab;
    bpe_free(&ctx, &b);
    CHECK_OK(&ctx, read_json(&ctx, &b, file, strlen(file), vocab + 64, "t"));
    CHECK(b.vocab == vocab);
    bpe_free(&ctx, &b);
    CHECK(read_json(&ctx, &b, file, strlen(file), vocab - 1, "t")
          == SPPO_E_FORMAT);
    CHECK(strstr(ctx.message, "is not an id of a vocabulary of") != NULL);
    CHECK(ctx.held == 0);
}

/* More pieces than an object may have keys. */
static void large_vocabularies_are_read(void)
{
    sppo_ctx ctx = { 0 };
    bpe b = { 0 };
    sppo_lists lists = { 0 };
    enum { MORE = 30000 };
    char *big = (char *)malloc(TEXT_ROOM + 40 * MORE), *at;
    const char *vocab;
    int i;

    if (!CHECK(big != NULL))
        return;
    token_file(1);
    vocab = strstr(file, "\"vocab\": {") + strlen("\"vocab\": {");
    memcpy(big, file, (size_t)(vocab - file));
    at = big + (vocab - file);
    for (i = 0; i < MORE; i++)
        at += sprintf(at, "\"zz%c%c%c%c\": %d, ", 'a' + i / 17576,
                      'a' + i / 676 % 26, 'a' + i / 26 % 26, 'a' + i % 26,
                      1000 + i);
    strcpy(at, vocab);
    CHECK_OK(&ctx, read_json(&ctx, &b, big, strlen(big), 0, "big.json"));
    CHECK(b.vocab == 1000 + MORE);
    CHECK_OK(&ctx, bpe_encode(&ctx, &b, "zzbaaa", 6, NULL, 0, 0, &lists));
    CHECK(sppo_lists_length(&lists, 0) == 1); // whole words are not taken apart
    CHECK(sppo_lists_tokens(&lists, 0)[0] == 1000 + 17576);
    sppo_lists_free(&ctx, &lists);
    bpe_free(&ctx, &b);
    free(big);
    CHECK(ctx.held == 0);
}

/* Cut anywhere it is no tokenizer.json; one byte changed it may be, and then it
 * works.                                                                    */
static void a_table_of_pieces_is_at_most_half_full(void)
{
    sppo_ctx ctx = { 0 };
    bpe_reader r = { 0 };
    int used = 0, i;

    r.ctx = &ctx;
    r.where = "x/tokenizer.json";
    for (i = 0; i < 8; i++)
        CHECK_OK(&ctx, bpe_room(&r, &used, 4, 0));
    CHECK(bpe_room(&r, &used, 4, 0) == SPPO_E_FORMAT && used == 8);
    CHECK(strstr(ctx.message, "x/tokenizer.json: more than 8 pieces"));
}

static void damaged_files_do_no_harm(void)
{
    static const char other[] = { '"', ':', '{', '}', '[', ',', '9', '\\',
                                  '\0' };
    const size_t size = token_file(2);
    char *copy = (char *)malloc(size);
    size_t n, k;

    if (!CHECK(copy != NULL))
        return;
    for (n = 0; n < size; n += 7) {
        sppo_ctx ctx = { 0 };
        bpe b = { 0 };
        memcpy(copy, file, n);
        CHECK(read_json(&ctx, &b, copy, n, 0, "t") == SPPO_E_FORMAT);
        CHECK(ctx.held == 0);
    }
    for (n = 0; n < size; n += 3) {
        sppo_ctx ctx = { 0 };
        bpe b = { 0 };
        memcpy(copy, file, size);
        k = n / 3 % sizeof other;
        copy[n] = other[k];
        if (read_json(&ctx, &b, copy, size, 0, "t") == SPPO_OK)
            CHECK(goes_round(&ctx, &b, "the hat's 12 <|im|>\n", 20, NULL));
        bpe_free(&ctx, &b);
        CHECK(ctx.held == 0);
    }
    free(copy);
}

/* ---- a tokenizer.bin as a tokenizer.json, and back ---- */

enum { OWN_PIECES = 330 };

static void put_word(char *at, uint32_t word)
{
    int i;

    for (i = 0; i < 4; i++)
        at[i] = (char)(word >> 8 * i & 0xff);
}

/* One more piece of a tokenizer.bin in `file`; the new length. */
static size_t put_piece(size_t at, float score, const char *text, int n)
{
    uint32_t word;

    memcpy(&word, &score, 4);
    put_word(file + at, word);
    put_word(file + at + 4, (uint32_t)n);
    memcpy(file + at + 8, text, (size_t)n);
    return at + 8 + (size_t)n;
}

/* <unk>, <s>, </s> and the bytes, then pieces of a, b, blank and a character of
 * two bytes: those alone, then any two before joined; scores in no order.   */
static size_t own_file(uint64_t key)
{
    static const char *const first[] = { "a", "b", " ", "\xc3\xa9" };
    static char piece[OWN_PIECES][30];
    size_t at = 4;
    int i, j, count = 0;

    put_word(file, 400);
    for (i = 0; i < SPPO_PIECES; i++) {
        char name[8];

        snprintf(name, sizeof name, "<0x%02X>", (unsigned)(i - 3) & 255);
        at = put_piece(at, 0, i == 0 ? "<unk>" : i == 1 ? "<s>"
                       : i == 2 ? "</s>" : name, i == 0 ? 5 : i == 1 ? 3
                       : i == 2 ? 4 : 6);
    }
    for (i = 0; count < OWN_PIECES - SPPO_PIECES; i++) {
        char new_one[30];

        if (i < COUNT(first))
            strcpy(new_one, first[i]);
        else
            snprintf(new_one, sizeof new_one, "%s%s",
                     piece[sppo_random_bits(key, 2 * (uint64_t)i) %
                           (uint64_t)count],
                     piece[sppo_random_bits(key, 2 * (uint64_t)i + 1) %
                           (uint64_t)count]);
        for (j = 0; j < count && strcmp(piece[j], new_one); j++)
            continue;
        if (j < count || strlen(new_one) > 12)
            continue;
        strcpy(piece[count], new_one);
        at = put_piece(at, (float)(i * 7 % 101) - 50 - (float)i / 1000,
                       new_one, (int)strlen(new_one));
        count++;
    }
    return at;
}

static int same_ids(sppo_ctx *ctx, const sppo_tokenizer *a,
                    const sppo_tokenizer *b, const char *text)
{
    sppo_lists of_a = { 0 }, of_b = { 0 };
    const size_t n = strlen(text);
    int same;

    CHECK_OK(ctx, sppo_tokenizer_encode(ctx, a, text, n, 1, 2, &of_a));
    CHECK_OK(ctx, sppo_tokenizer_encode(ctx, b, text, n, 1, 2, &of_b));
    same = sppo_lists_length(&of_a, 0) == sppo_lists_length(&of_b, 0) &&
           !memcmp(sppo_lists_tokens(&of_a, 0), sppo_lists_tokens(&of_b, 0),
                   sizeof(int) * (size_t)sppo_lists_length(&of_a, 0));
    sppo_lists_free(ctx, &of_a), sppo_lists_free(ctx, &of_b);
    return same;
}

/* Of a random vocabulary: written, read back, the same ids of 200 texts. */
static void a_written_tokenizer_reads_as_it_was(void)
{
    static const char letters[] = "aab  b\xc3\xa9z";
    uint64_t key;

    for (key = 1; key <= 8; key++) {
        sppo_ctx ctx = { 0 };
        sppo_tokenizer bin = { 0 }, again = { 0 };
        buffer out = { 0 };
        bpe b = { 0 };
        char why[80], text[40];
        const size_t size = own_file(key);
        int t, i;

        out.ctx = &ctx;
        if (!CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &bin, file, size,
                                                OWN_PIECES)) ||
            !CHECK_OK(&ctx, tokenizer_json_write(&out, &bin, 1, why,
                                                 sizeof why)))
            return;
        CHECK(why[0] == 0 && out.length > 1000);
        if (!CHECK_OK(&ctx, tokenizer_json_read(&ctx, &b, &again, out.data,
                                                out.length, OWN_PIECES, "t")))
            return;
        CHECK(b.vocab == 0 && again.vocab == OWN_PIECES);
        for (t = 0; t < 200; t++) {
            const int n = (int)(sppo_random_bits(key, 900 + (uint64_t)t) % 39);

            for (i = 0; i < n; i++)
                text[i] = letters[sppo_random_bits(key, 2000 +
                                                   40 * (uint64_t)t +
                                                   (uint64_t)i) % 9];
            text[n] = 0;
            if (!CHECK(same_ids(&ctx, &bin, &again, text)))
                printf("    key %d: \"%s\"\n", (int)key, text);
        }
        sppo_tokenizer_free(&ctx, &bin), sppo_tokenizer_free(&ctx, &again);
        buffer_free(&out);
        CHECK(ctx.held == 0);
    }
}

/* What a list of merges cannot say is not written, and why is said. */
static void what_merges_cannot_say_is_not_written(void)
{
    static const struct { const char *a, *b; float score; const char *why; }
    row[] = {
        { "aa", "ab", 3, "pieces 261 and 262 have the score 3" },
        { "aa", "aa", 2, "pieces 261 and 262 are the same" },
        { "aa", "\xff", 2, "piece 262 is no UTF-8" },
        { "aa", "b\xc3", 2, "piece 262 is no UTF-8" },
        { "aa", "zz", 3, "" },  // which nothing makes
        { "aa", "ab", 2, "" }
    };
    int i;

    for (i = 0; i < COUNT(row); i++) {
        sppo_ctx ctx = { 0 };
        sppo_tokenizer bin = { 0 };
        buffer out = { 0 };
        char why[80];
        size_t at = own_file(1), id;

        for (at = 4, id = 0; id < SPPO_PIECES; id++)
            at += 8 + (size_t)(id == 0 ? 5 : id == 1 ? 3 : id == 2 ? 4 : 6);
        at = put_piece(at, -1, "a", 1);
        at = put_piece(at, -1, "b", 1);
        at = put_piece(at, 3, row[i].a, (int)strlen(row[i].a));
        at = put_piece(at, row[i].score, row[i].b, (int)strlen(row[i].b));
        out.ctx = &ctx;
        CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &bin, file, at, 263));
        CHECK_OK(&ctx, tokenizer_json_write(&out, &bin, -1, why, sizeof why));
        if (!CHECK(!strcmp(why, row[i].why)))
            printf("    said: %s\n", why);
        CHECK((out.length == 0) == (why[0] != 0));
        sppo_tokenizer_free(&ctx, &bin), buffer_free(&out);
        CHECK(ctx.held == 0);
    }
}

/* Llama 2's kind, with one thing changed. */
static void other_byte_fallbacks_are_refused_by_name(void)
{
    static const struct { const char *from, *to, *says; } row[] = {
        { "\"Prepend\"", "\"Lowercase\"", "\"type\" Lowercase" },
        { "\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"X\"}",
          "\"pre_tokenizer\" X" },
        { "\"normalizer\": {", "\"other\": {", "in front and for blanks" },
        { "{\"id\": 2,", "{\"id\": 3,", "the added token 3" },
        { "\"</s>\", \"single", "\"<end>\", \"single", "the added token 2" },
        { "\"<0x41>\": 68", "\"<0x41>\": 69", "each once" },
        { "\"<0x41>\": 68", "\"<0x7E>\": 68", "should be <0x41>" },
        { "\"merges\": [", "\"merges\": [\"a\", ", "merge 1 is not" },
        { "\"merges\": [", "\"merges\": [\"a z\", ", "merge 1 is not" },
        { "\"merges\": [", "\"merges\": 3, \"x\": [", "lacks its merges" },
        { "\"ignore_merges\": false", "\"ignore_merges\": true",
          "\"ignore_merges\" true" }
    };
    sppo_ctx ctx = { 0 };
    sppo_tokenizer bin = { 0 }, again = { 0 };
    buffer out = { 0 };
    bpe b = { 0 };
    char why[80], *last;
    int i;

    out.ctx = &ctx;
    CHECK_OK(&ctx, sppo_tokenizer_read(&ctx, &bin, file, own_file(3),
                                       OWN_PIECES));
    CHECK_OK(&ctx, tokenizer_json_write(&out, &bin, 1, why, sizeof why));
    for (i = 0; i < COUNT(row); i++) {
        memcpy(file, out.data, out.length + 1);
        if (!CHECK(edit(row[i].from, row[i].to)))
            printf("    there is no %s\n", row[i].from);
        CHECK(tokenizer_json_read(&ctx, &b, &again, file, strlen(file), 0,
                                  "t.json") == SPPO_E_FORMAT);
        if (!CHECK(strstr(ctx.message, row[i].says) != NULL) ||
            !CHECK(strstr(ctx.message, "t.json") == ctx.message))
            printf("    %s gave: %s\n", row[i].to, ctx.message);
        CHECK(again.vocab == 0);
    }
    memcpy(file, out.data, out.length + 1);  // without its last merge
    last = strrchr(file, ',');
    strcpy(last, "\n]}}");
    CHECK(tokenizer_json_read(&ctx, &b, &again, file, strlen(file), 0, "t")
          == SPPO_E_FORMAT);
    CHECK(strstr(ctx.message, "can be made in") != NULL);
    sppo_tokenizer_free(&ctx, &bin), buffer_free(&out);
    CHECK(ctx.held == 0);
}

typedef struct counter {
    int calls, fail_at;
} counter;

static void *take(void *user, size_t size)
{
    counter *c = (counter *)user;

    return ++c->calls == c->fail_at ? NULL : malloc(size);
}

static void give(void *user, void *block, size_t size)
{
    (void)user, (void)size;
    free(block);
}

static void every_allocation_may_fail(void)
{
    int n;

    for (n = 1; n < 200; n++) {
        counter c = { 0, 0 };
        sppo_ctx ctx = { 0 };
        bpe b = { 0 };
        sppo_lists lists = { 0 };
        sppo_result result;
        ctx.alloc = take;
        ctx.release = give;
        ctx.user = &c;
        c.fail_at = n;
        result = read_way(&ctx, &b, 3);
        if (result == SPPO_OK)
            result = bpe_encode(&ctx, &b, "the cat", 7, NULL, 0, 0, &lists);
        sppo_lists_free(&ctx, &lists);
        bpe_free(&ctx, &b);
        CHECK(ctx.held == 0);
        if (c.calls < n)
            break;
        CHECK(result == SPPO_E_MEMORY);
    }
    CHECK(n > 8 && n < 200);
}

/* ==== TensorBoard's events =============================================== */

/* A reader from the format's description, with a table for CRC-32C. */
static uint32_t slow_checksum(const unsigned char *at, size_t size)
{
    uint32_t table[256], crc = ~0u;
    size_t i;
    uint32_t n, k;

    for (n = 0; n < 256; n++) {
        table[n] = n;
        for (k = 0; k < 8; k++)
            table[n] = table[n] & 1 ? 0x82f63b78u ^ table[n] >> 1
                                    : table[n] >> 1;
    }
    for (i = 0; i < size; i++)
        crc = table[(crc ^ at[i]) & 255] ^ crc >> 8;
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static uint64_t little_of(const unsigned char *at, int bytes)
{
    uint64_t n = 0;
    int i;

    for (i = 0; i < bytes; i++)
        n |= (uint64_t)at[i] << 8 * i;
    return n;
}

/* "time step version tag=value tag=value ..", of a message or a part of it. */
static void say_event(char *out, const unsigned char *at, size_t size)
{
    const unsigned char *end = at + size;

    while (at < end) {
        const int field = *at >> 3, wire = *at & 7;
        uint64_t n = 0;
        int shift = 0;
        double time;
        float value;
        uint32_t bits;

        at++;
        if (wire == 1) {
            n = little_of(at, 8);
            memcpy(&time, &n, 8);
            out += sprintf(out, "time %g ", time);
            at += 8;
        } else if (wire == 5) {
            bits = (uint32_t)little_of(at, 4);
            memcpy(&value, &bits, 4);
            out += sprintf(out, "%g ", (double)value);
            at += 4;
        } else {
            do
                n |= (uint64_t)(*at & 127) << shift, shift += 7;
            while (*at++ & 128);
            if (wire == 0)
                out += sprintf(out, "step %d ", (int)n);
            if (wire == 2 && (field == 5 || (field == 1 && *at == 10))) {
                say_event(out, at, (size_t)n);
                out += strlen(out);
            } else if (wire == 2) {
                out += sprintf(out, field == 3 ? "version %.*s " : "%.*s=",
                               (int)n, (const char *)at);
            }
            at += wire == 2 ? n : 0;
        }
    }
    *out = 0;
}

static void events_are_what_was_logged(void)
{
    static const char *const name[] = { "step", "loss", "rewards/margins" };
    static const char *const said[] = {
        "time 0 version brain.Event:2 ",
        "time 1 step 1 loss=0.5 rewards/margins=-2 ",
        "time 200 step 200 loss=3 ",
        "time 70000 step 70000 loss=1e+30 rewards/margins=0 "
    };
    const double value[3][3] = { { 1, 0.5, -2 }, { 200, 3, (double)NAN },
                                 { 70000, 1e30, 0 } };
    sppo_ctx ctx = { 0 };
    buffer out = { 0 };
    char text[400];
    size_t at = 0, ends[4];
    int i;

    out.ctx = &ctx;
    tfevents_begin(&out);
    for (i = 0; i < 3; i++)
        tfevents_add(&out, name, value[i], 3);
    CHECK_OK(&ctx, buffer_check(&out));
    CHECK(!memcmp(out.data, "\x18\0\0\0\0\0\0\0\xa3\x7fK\"", 12));
    for (i = 0; i < 4; i++) {
        const unsigned char *record = (unsigned char *)out.data + at;
        const size_t n = (size_t)little_of(record, 8);

        CHECK(little_of(record + 8, 4) == slow_checksum(record, 8));
        CHECK(little_of(record + 12 + n, 4) == slow_checksum(record + 12, n));
        say_event(text, record + 12, n);
        if (!CHECK(!strcmp(text, said[i])))
            printf("    %s\n", text);
        ends[i] = at += 16 + n;
    }
    CHECK(at == out.length);
    CHECK(tfevents_until(out.data, out.length, 70000, 1) == at);
    CHECK(tfevents_until(out.data, out.length, 70000, 0) == ends[2]);
    CHECK(tfevents_until(out.data, out.length, 69999, 1) == ends[2]);
    CHECK(tfevents_until(out.data, out.length, 1, 1) == ends[1]);
    CHECK(tfevents_until(out.data, out.length, 0, 1) == ends[0]);
    for (at = ends[2]; at < ends[3]; at++)  // cut or changed anywhere
        CHECK(tfevents_until(out.data, at, 70000, 1) == ends[2]);
    for (at = 0; at < out.length; at++) {
        out.data[at] ^= 4;
        i = at >= ends[0] ? at >= ends[1] ? at >= ends[2] ? 3 : 2 : 1 : 0;
        CHECK(tfevents_until(out.data, out.length, 70000, 1) ==
              (i ? ends[i - 1] : 0));
        out.data[at] ^= 4;
    }
    buffer_free(&out);
    CHECK(ctx.held == 0);
}

/* ==== columns ============================================================ */

static void columns_are_those_of_a_terminal(void)
{
    static const struct { const char *text; int columns; } known[] = {
        { "", 0 }, { "abc", 3 }, { "\xc3\xa9", 1 },    // e with an acute
        { "e\xcc\x81", 1 },                            // the same, of two
        { "\xe5\x95\x86\xe5\x93\x81", 4 },            // two ideographs
        { "\xed\x95\x9c", 2 }, { "\xef\xbc\xa1", 2 },  // Hangul, fullwidth
        { "\xf0\x9f\x90\xad", 2 },                    // an emoji
        { "a\xe2\x80\x8d", 1 }, { "\xe2\x82\xac", 1 }, // joiner, euro
        { "\xff\xfe", 2 }, { "\xe5\x95", 2 }, { "\x80", 1 }  // no UTF-8
    };
    const char *text = known[4].text;
    size_t i;

    for (i = 0; i < COUNT(known); i++)
        CHECK(text_columns(known[i].text, strlen(known[i].text)) ==
              known[i].columns);
    CHECK(text_fits(text, 6, 4) == 6 && text_fits(text, 6, 3) == 3);
    CHECK(text_fits(text, 6, 2) == 3 && text_fits(text, 6, 1) == 0);
    CHECK(text_fits("abc", 3, 2) == 2 && text_fits("abc", 3, 0) == 0);
    CHECK(text_fits("e\xcc\x81z", 4, 1) == 3);  // a mark stays on its letter
}

static const check_case cases[] = {
    CASE(columns_are_those_of_a_terminal),
    CASE(events_are_what_was_logged),
    CASE(words_are_those_of_the_expressions),
    CASE(ids_are_those_of_the_reference),
    CASE(any_bytes_survive),
    CASE(long_words_take_no_longer),
    CASE(begin_and_end_are_left_out_once),
    CASE(a_text_that_brings_its_ends_gets_no_second),
    CASE(what_is_not_supported_is_named),
    CASE(ids_stay_below_the_limit),
    CASE(large_vocabularies_are_read),
    CASE(a_table_of_pieces_is_at_most_half_full),
    CASE(a_written_tokenizer_reads_as_it_was),
    CASE(what_merges_cannot_say_is_not_written),
    CASE(other_byte_fallbacks_are_refused_by_name),
    CASE(damaged_files_do_no_harm),
    CASE(every_allocation_may_fail),
    CASE(a_command_has_the_defaults_that_its_help_names),
    CASE(zeros_of_the_command_line_are_meant),
    CASE(win_rate_and_its_error),
    CASE(coefficients_are_recovered),
    CASE(length_alone_gives_a_half),
    CASE(no_length_bias_leaves_the_rate),
    CASE(control_is_antisymmetric),
    CASE(extremes_stay_finite),
    CASE(gradients_are_those_of_the_loss)
};

int main(int argc, char **argv)
{
    return check_main(cases, COUNT(cases), argc, argv);
}
