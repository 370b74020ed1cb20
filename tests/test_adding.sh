#!/bin/sh
# test_adding.sh - what has a table is added in as many places as are promised
#
# Run     sh tests/test_adding.sh SCRATCH_FOLDER
# Prints  "ok NAME", "FAIL NAME: .." and a count; exits 1 when something failed
#
# Each part plants something new in a copy of sppo.h, in so many places, then
# compiles the copy and looks whether it works as what was there before does.
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "$1" ]; then
    echo "usage: $0 SCRATCH_FOLDER" >&2
    exit 2
fi
work=$1/adding
rm -rf "$work"
mkdir -p "$work" && cd "$work" || exit 1
CC=${CC:-cc}
passed=0 failed=0
LC_ALL=C
export LC_ALL

ok() { passed=$((passed + 1)); echo "ok    $1"; }
bad() { failed=$((failed + 1)); echo "FAIL  $1: $2"; }

# plant AFTER TEXT: a place more in copy.h, behind the first line that begins
# with AFTER.
plant() {
    awk -v after="$1" -v text="$2" '
        { print }
        !done && index($0, after) == 1 { print text; done = 1 }
        END { exit !done }' copy.h > planted.h && mv planted.h copy.h
}

# before LINE TEXT: a place more in copy.h, in front of the first line that
# begins with LINE.
before() {
    awk -v line="$1" -v text="$2" '
        !done && index($0, line) == 1 { print text; done = 1 }
        { print }
        END { exit !done }' copy.h > planted.h && mv planted.h copy.h
}

# places NAME HOW-MANY: by how many places the copy differs from sppo.h.
places() {
    n=$(diff "$root/sppo.h" copy.h | grep -c '^[0-9]')
    if [ "$n" -eq "$2" ]; then ok "$1"; else bad "$1" "in $n places"; fi
}

# works NAME: NAME.c prints "ok CLAIM" or "FAIL CLAIM: .." a line.
works() {
    if $CC -std=c99 -O1 -Wall -Wextra -Werror -fno-openmp "$1.c" -o "$1" -lm \
        2> err && ./"$1" > out 2> err; then
        while read -r verdict claim; do
            case $verdict in
            ok) ok "$claim" ;;
            *) bad "$claim" "see $work/$1.c" ;;
            esac
        done < out
    else
        bad "$1" "$(head -n 3 err)"
    fi
}

cat > claims.h <<'CLAIMS'
#include <stdio.h>
#define SPPO_IMPLEMENTATION
#include "copy.h"
static sppo_ctx ctx;
static void claim(const char *name, int holds)
{
    printf("%s %s\n", holds ? "ok" : "FAIL", name);
    if (!holds)
        fprintf(stderr, "%s: %s\n", name, ctx.message);
}
static int says(const char *text) { return strstr(ctx.message, text) != NULL; }
CLAIMS

# ---- a field: its struct, its row -------------------------------------------

cp "$root/sppo.h" copy.h
plant '    int hidden; ' '    int planted;        // 0: 7'
plant 'static const sppoi_field sppoi_config_fields[] = {' \
    '    SPPOI_CONFIG(planted, "planted_size", 3, SPPOI_WHOLE,
                 1, 12, 7, NULL, 0),'
places a_field_of_a_model_is_added_in_two_places 2
cat > field_of_a_model.c <<'PROGRAM'
#include "claims.h"
int main(void)
{
    static sppo_config c, r, back;
    char text[2048], *at;
    size_t n;

    c.vocab = 8, c.dim = 4, c.layers = 1, c.heads = 1, c.hidden = 4;
    c.context = 8;
    claim("it_has_its_default",
          !sppo_config_resolve(&ctx, &r, &c) && r.planted == 7);
    c.planted = 13;
    claim("it_is_refused_by_name_and_range",
          sppo_config_resolve(&ctx, &r, &c) == SPPO_E_ARGUMENT &&
          says("sppo_config: planted is 13; it must be 1 to 12"));
    c.planted = 5;
    n = sppo_config_resolve(&ctx, &r, &c)
        ? 0 : sppo_config_write(&r, SPPO_DTYPE_REAL, text, sizeof text);
    at = n ? strstr(text, " \"planted_size\": 5,\n") : NULL;
    claim("config_json_has_it", at != NULL);
    claim("config_json_gives_it_back",
          !sppo_config_read(&ctx, &back, text, n, "config.json") &&
          !memcmp(&back, &r, sizeof r));
    at[17] = '0';
    claim("config_json_is_refused_by_the_name_there",
          sppo_config_read(&ctx, &back, text, n, "config.json")
              == SPPO_E_FORMAT &&
          says("config.json: planted_size is 0; it must be 1 to 12"));
    memset(at, ' ', 19);
    claim("config_json_without_it_has_the_default_there",
          !sppo_config_read(&ctx, &back, text, n, "config.json") &&
          back.planted == 3);
    return 0;
}
PROGRAM
works field_of_a_model

cp "$root/sppo.h" copy.h
plant '    double eta;  ' '    int planted;              // 0: 4'
plant 'static const sppoi_field sppoi_play_fields[] = {' \
    '    SPPOI_PLAY(planted, SPPOI_WHOLE, 1, 9, 4, NULL, 0),'
places a_setting_of_a_run_is_added_in_two_places 2
cat > setting_of_a_run.c <<'PROGRAM'
#include "claims.h"
int main(void)
{
    static sppo_config c;
    static sppo_model model;
    static sppo_lists prompts;
    static sppo_play_config how;
    static sppo_play play;
    const int token = 1;

    c.vocab = 8, c.dim = 4, c.layers = 1, c.heads = 1, c.hidden = 4;
    c.context = 8, c.bos = 1, c.eos = 2;
    how.eta = 1, how.k = 2, how.optim.lr = 1e-3, how.sampling.max_tokens = 2;
    claim("a_run_begins",
          !sppo_model_init(&ctx, &model, &c, 1) &&
          !sppo_lists_add(&ctx, &prompts, &token, 1) &&
          !sppo_play_init(&ctx, &play, &how, &model, &prompts));
    claim("its_setting_has_its_default", play.config.planted == 4);
    claim("a_checkpoint_keeps_it",
          !sppo_play_save(&ctx, &play, "run.state") &&
          !sppo_play_load(&ctx, &play, "run.state"));
    sppo_play_free(&ctx, &play);
    how.planted = 4;
    claim("the_default_spelled_out_is_the_default",
          !sppo_play_init(&ctx, &play, &how, &model, &prompts) &&
          !sppo_play_load(&ctx, &play, "run.state"));
    sppo_play_free(&ctx, &play);
    how.planted = 5;
    claim("another_value_is_another_run",
          !sppo_play_init(&ctx, &play, &how, &model, &prompts) &&
          sppo_play_load(&ctx, &play, "run.state") == SPPO_E_ARGUMENT &&
          says("was made with another planted (4, now 5)"));
    sppo_play_free(&ctx, &play);
    how.planted = 10;
    claim("a_run_is_refused_by_name_and_range",
          sppo_play_init(&ctx, &play, &how, &model, &prompts)
              == SPPO_E_ARGUMENT &&
          says("sppo_play_init: planted is 10; it must be 1 to 9"));
    return 0;
}
PROGRAM
works setting_of_a_run

# ---- a head: its name, its functions, its row -------------------------------

# A reward of the last token's state, as reward models read it; in the middle of
# the enum, for its order means nothing.
cp "$root/sppo.h" copy.h
plant '    SPPO_HEAD_EMBED, ' '    SPPO_HEAD_PLANTED,'
plant '/* ---- the table of heads ---- */' '
static void sppoi_planted_encode(const sppoi_reading *r, int i)
{
    sppoi_encoded(r, i)[0] = sppoi_last(r, sppoi_alone(r, i), 0);
}

static void sppoi_planted_bwd(const sppoi_reading *r, double grad)
{
    sppoi_last_bwd(r, sppoi_alone(r, 0), 0, grad);
    sppoi_last_bwd(r, sppoi_alone(r, 1), 0, -grad);
}'
plant '      sppoi_embed_encode, sppoi_embed_score, sppoi_embed_bwd },' \
    '    { "planted", 0, { { "head.last", 1, SPPOI_DIM } },
      sppoi_planted_encode, sppoi_scalar_score, sppoi_planted_bwd },'
places a_head_is_added_in_three_places 3
grep -n 'SPPO_HEAD_[A-MO-Z]' "$root/sppo.h" "$root"/examples/tool/*.[ch] |
    grep -v ':  *SPPO_HEAD_[A-Z]*,*  *//\|  // ' > named
if [ -s named ]; then
    bad neither_header_nor_tool_asks_for_one_head "$(head -n 3 named)"
else
    ok neither_header_nor_tool_asks_for_one_head
fi
mkdir planted
cat > head.c <<'PROGRAM'
#define SPPO_REAL double
#include "claims.h"

enum { ROWS = 4, TOKENS = 3 };
static sppo_model model, again;
static sppo_lists prompts, responses;
static sppo_pref pref;
static const double label[ROWS] = { 1, 0, 1, 0 };
static const int row[ROWS] = { 0, 1, 2, 3 };

/* Of a row's two responses the one that ends with token 5 is the better. */
static sppo_result rows(void)
{
    int i, j, result = 0;

    for (i = 0; i < ROWS; i++) {
        result |= sppo_lists_add(&ctx, &prompts, &i, 1);
        for (j = 0; j < 2; j++) {
            const int text[TOKENS] = { 1 + i % 3, 3 + j, 5 + (i + j) % 2 };

            result |= sppo_lists_add(&ctx, &responses, text, TOKENS);
        }
    }
    return (sppo_result)result;
}

static double loss(void *grad)
{
    double value = -1;

    sppo_pref_loss(&ctx, &pref, &prompts, &responses, label, row, ROWS,
                   (double *)grad, &value, NULL);
    return value;
}

static double loss_alone(void *unused) { (void)unused; return loss(NULL); }

static void trains(double *grad)
{
    sppo_optim_config how;
    sppo_optim optim;
    int i;

    memset(&how, 0, sizeof how);
    how.lr = 1e-2;
    claim("a_head_of_that_kind_has_a_loss", loss(grad) > 0);
    claim("its_gradient_is_that_of_its_loss",
          sppo_check_gradient(loss_alone, NULL, model.weights, grad,
                              model.count, 1e-5, 1e-4, NULL) < 1e-4);
    memset(grad, 0, model.count * sizeof *grad);
    i = sppo_optim_init(&ctx, &optim, &how, &model) ? 60 : 0;
    for (; i < 60; i++) {
        loss(grad);
        sppo_optim_step(&ctx, &optim, &model, grad);
    }
    claim("it_trains", loss(NULL) < 0.05 && loss(NULL) >= 0);
}

int main(void)
{
    static sppo_config c, other;
    static double grad[4096];
    double score[4], same[4];
    char text[2048];
    size_t n;

    c.vocab = 8, c.dim = 4, c.layers = 1, c.heads = 1, c.hidden = 4;
    c.context = 8, c.head = SPPO_HEAD_PLANTED;
    claim("it_has_a_name_and_tensors_of_its_own",
          !strcmp(sppo_head_name(SPPO_HEAD_PLANTED), "planted") &&
          !sppo_model_init(&ctx, &model, &c, 1) && model.count < 4096 &&
          sppo_model_tensor(&model, "head.last.weight")->rows == 1 &&
          !sppo_model_tensor(&model, "head.read.weight"));
    if (rows() || sppo_pref_init(&ctx, &pref, &model, 40, 2, 1))
        return 1;
    trains(grad);
    claim("it_scores_both_ways",
          !sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 0, 1, score) &&
          score[1] > 1 && score[2] == -score[1]);
    claim("it_is_saved_and_loaded",
          !sppo_model_save(&ctx, &model, "planted") &&
          !sppo_model_load(&ctx, &again, "planted") &&
          again.config.head == SPPO_HEAD_PLANTED);
    pref.model = &again;
    claim("and_scores_as_before",
          !sppo_pref_score(&ctx, &pref, &prompts, &responses, 2, 0, 1, same) &&
          same[1] == score[1]);
    claim("the_head_after_it_is_none_the_worse",
          !strcmp(sppo_head_name(SPPO_HEAD_SCALAR), "scalar") &&
          !sppo_head_name((sppo_head)(SPPO_HEAD_SCALAR + 1)));
    n = sppo_config_write(&again.config, SPPO_DTYPE_REAL, text, sizeof text);
    memset(strstr(text, "planted"), 'x', 1);
    claim("a_refusal_offers_it",
          sppo_config_read(&ctx, &other, text, n, "config.json") &&
          says("sppo_head must be pair, embed, planted or scalar"));
    return 0;
}
PROGRAM
works head

# ---- a loss: its name, its function, its row --------------------------------

# The distance from the targets instead of its square, on all K, skipping ties;
# in the middle of the enum and at the table's head, for no order means anything.
cp "$root/sppo.h" copy.h
plant '    SPPO_LOSS_PAIR, ' '    SPPO_LOSS_PLANTED,'
before '/* Another loss is a value of sppo_loss, ' \
'static double sppoi_planted_loss(const sppoi_example *x, double *grad)
{
    double loss = 0.0;
    int i;

    for (i = 0; i < x->kept; i++) {
        const double gap = x->ratio[i]
                         - sppo_target(x->eta, x->win[i], x->log_z);

        loss += fabs(gap) / x->kept;
        grad[i] = (gap > 0.0 ? 1.0 : -1.0) / x->kept;
    }
    return loss;
}
'
plant 'static const sppoi_loss_row sppoi_losses[] = {' \
    '    { SPPO_LOSS_PLANTED, "planted", sppoi_planted_loss, 1, 1, 0 },'
places a_loss_is_added_in_three_places 3
cat > loss.c <<'PROGRAM'
#include "claims.h"
static sppo_config c;
static sppo_model model;
static sppo_lists prompts;
static sppo_play_config how;
static sppo_play play;
static int tie;

/* The response that begins with the greater token is the better one. */
static sppo_result likes(sppo_ctx *unused, void *user, const sppo_lists *x,
                         const sppo_lists *y, int k, int first, int count,
                         double *pairwise)
{
    int p, i, j;

    (void)unused, (void)user, (void)x, (void)first;
    for (p = 0; p < count; p++)
        for (i = 0; i < k; i++)
            for (j = 0; j < k; j++) {
                const int a = *sppo_lists_tokens(y, p * k + i);
                const int b = *sppo_lists_tokens(y, p * k + j);

                pairwise[(p * k + i) * k + j] = tie || a == b ? 0.5 : a > b;
            }
    return SPPO_OK;
}

/* A run; what it did to the weights, and its last loss. */
static double run(int tied, double *loss)
{
    static const sppo_judge judge = { likes, NULL };
    double moved = 0.0;
    size_t i;
    sppo_real before[4096];

    tie = tied;
    memcpy(before, model.weights, model.count * sizeof *before);
    if (sppo_play_init(&ctx, &play, &how, &model, &prompts) ||
        sppo_play_run(&ctx, &play, &judge))
        return -1;
    *loss = play.last.loss;
    sppo_play_free(&ctx, &play);
    for (i = 0; i < model.count; i++)
        moved += fabs((double)(model.weights[i] - before[i]));
    return moved;
}

int main(void)
{
    double loss = -1, none = -1;
    int token;

    c.vocab = 8, c.dim = 4, c.layers = 1, c.heads = 1, c.hidden = 4;
    c.context = 8, c.bos = 1, c.eos = 2;
    how.eta = 4, how.k = 4, how.optim.lr = 1e-2, how.sampling.max_tokens = 3;
    how.iterations = 1;
    for (token = 3; token < 8; token++)
        if (sppo_lists_add(&ctx, &prompts, &token, 1))
            return 1;
    claim("a_loss_is_known_by_its_name",
          !strcmp(sppo_loss_name(SPPO_LOSS_PLANTED), "planted") &&
          !strcmp(sppo_loss_name(SPPO_LOSS_PAIR), "pair") &&
          !strcmp(sppo_loss_name(SPPO_LOSS_IPO), "ipo") &&
          !sppo_loss_name((sppo_loss)(SPPO_LOSS_SIMPO + 1)) &&
          !sppo_model_init(&ctx, &model, &c, 1) && model.count < 4096);
    how.loss = SPPO_LOSS_PLANTED;
    claim("a_run_trains_with_it", run(0, &loss) > 1e-3 && loss > 0);
    claim("it_skips_ties_as_its_row_says",
          run(1, &none) == 0 && none == 0);
    how.keep_all = 1;
    claim("it_takes_all_responses_as_its_row_says",
          run(0, &loss) > 1e-3 && loss > 0);
    how.loss = SPPO_LOSS_PAIR;
    claim("keep_all_is_refused_to_those_that_do_not",
          run(0, &loss) < 0 && says("keep_all does not go with the loss pair"));
    how.loss = (sppo_loss)(SPPO_LOSS_SIMPO + 1);
    claim("a_value_behind_the_last_is_refused",
          run(0, &loss) < 0 && says("loss is 12"));
    return 0;
}
PROGRAM
works loss

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
