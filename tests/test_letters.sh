#!/bin/sh
# test_letters.sh - the sheet of letters is right, and is made of its tables
#
# Run     tests/test_letters.sh build/scratch        (a scratch folder)
# examples/book/letters.md is what letters.sh makes; the conversions in it, put
# into the losses as their papers print them, give what sppo.h gives; the cells
# of the table that are formulas agree with them; what it says is the header's
# name is one.
[ -n "$1" ] || { echo "usage: $0 SCRATCH_FOLDER" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
work=$1/letters
case $work in /*) ;; *) work=$PWD/$work ;; esac
rm -rf "$work"
mkdir -p "$work" && cd "$work" || exit 1
LC_ALL=C
export LC_ALL

. "$root/tests/tool.sh"

book=$root/examples/book
sh "$book/letters.sh" > made 2> err
same "letters.md is what \`make letters\` makes" made "$book/letters.md"
[ ! -s err ] && ok "without a word" || bad "without a word" "$(cat err)"
sh "$book/letters.sh" --conversions > conversions

# ---- conversions, in the papers' own formulas -------------------------------

cat > check.c <<'C'
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC
#include "sppo.h"
#include "tests/slow.h"

static int wrong;

static void same(const char *what, double theirs, double ours)
{
    if (!(fabs(theirs - ours) <= 1e-12 * fmax(1.0, fabs(ours))))
        wrong += printf("%s: theirs %.9g, sppo.h %.9g\n", what, theirs, ours);
}

static double square(double x) { return x * x; }

static void of_pairs(double w, double l)
{
    const double eta = 3.0, label = 0.7, kl = 0.4, p_w = 0.8, p_l = 0.3;
    double g[2];

    same("DPO", -log(sppo_sigmoid(DPO_BETA * (w - l))),
         sppo_loss_dpo(w, l, eta, g));
    same("TRL's dpo", -log(sppo_sigmoid(TRL_S_DPO_BETA * (w - l))),
         sppo_loss_dpo(w, l, eta, g));
    same("IPO", square(w - l - 1 / (2 * IPO_TAU)), sppo_loss_ipo(w, l, eta, g));
    same("IPO-MD", square(w - l - (label - 0.5) / IPO_MD_TAU),
         sppo_loss_gap(w, l, eta * (label - 0.5), g));
    same("online IPO", square(w - l - (label - 0.5) / ONLINE_IPO_TAU),
         sppo_loss_gap(w, l, eta * (label - 0.5), g));
    same("REBEL", square(w - l - REBEL_ETA * (p_w - p_l)),
         sppo_loss_gap(w, l, eta * (p_w - p_l), g));
    same("DNO", -label * log(sppo_sigmoid(DNO_ETA * (w - l))) -
         (1 - label) * log(sppo_sigmoid(-DNO_ETA * (w - l))),
         sppo_loss_soft(w, l, label, eta, g));
    same("SPIN", log(1 + exp(-SPIN_LAMBDA * (w - l))),
         sppo_loss_dpo(w, l, eta, g));
    same("KTO", sppo_sigmoid(KTO_BETA * (kl - w)) +
         sppo_sigmoid(KTO_BETA * (l - kl)), slow_loss_kto(w, l, kl, eta, g));
    same("sppo_hard", square(w - 0.5 / TRL_S_SPPO_HARD_BETA) +
         square(l + 0.5 / TRL_S_SPPO_HARD_BETA), sppo_loss_hard(w, l, eta, g));
    same("uclaml/SPPO", (square(w - (p_w - 0.5) / UCLAML_SPPO_BETA) +
         square(l - (p_l - 0.5) / UCLAML_SPPO_BETA)) / 2,
         sppo_loss_pair_average(w, l, p_w, p_l, eta, g));
    same("SPPO", square(w - SPPO_ETA * (p_w - 0.5)),
         sppo_loss_point(w, sppo_target(eta, p_w, eta / 2), g));
}

static void of_policies(const double *pi, const double *ref, const double *win)
{
    const double eta = 3.0, pull = 0.4;
    double ours[3], theirs[3], value = 0.0;
    int i;

    for (i = 0; i < 3; i++)
        value += pi[i] * win[i];
    same("RLHF", value - EQ_3_2_S_RLHF_BETA * sppo_kl(pi, ref, 3),
         sppo_rlhf_value(pi, ref, win, eta, 3));
    /* A step of lambda = eta tau: the header's, from the anchor ... */
    sppo_mixture(ours, pi, ref, pull, 3);
    sppo_exact_step(ours, ours, win, eta, 3);
    /* ... is INPO's, whose losses have tau / eta and 1 / eta of its eta, ... */
    sppo_mixture(theirs, pi, ref, INPO_TAU / INPO_ETA, 3);
    sppo_exact_step(theirs, theirs, win, 1 / INPO_ETA, 3);
    same("INPO", theirs[0], ours[0]);
    sppo_mixture(theirs, pi, ref, COMAL_TAU / COMAL_ETA, 3);
    sppo_exact_step(theirs, theirs, win, 1 / COMAL_ETA, 3);
    same("COMAL", theirs[0], ours[0]);
    /* ... Nash-MD's, whose eta is ours, and MMD's, which is explicit. */
    sppo_mixture(theirs, pi, ref, eta * NASH_MD_TAU, 3);
    sppo_exact_step(theirs, theirs, win, eta, 3);
    same("Nash-MD", theirs[0], ours[0]);
    sppo_magnetic_step(theirs, pi, ref, win, eta / (1 - eta * MMD_ALPHA),
                       MMD_ALPHA, 3);
    same("MMD", theirs[0], ours[0]);
    /* A KL in the reward: the best policy of the reward less beta KL(pi_t ||
     * ref) is that of a pull; one step of eta from pi. */
    for (i = 0; i < 3; i++)
        value = log(pi[i] / ref[i]), theirs[i] = win[i] - RLHF_BETA * value;
    sppo_exact_step(theirs, pi, theirs, eta, 3);
    same("RLHF, a step", theirs[1], ours[1]);
    for (i = 0; i < 3; i++)
        value = log(pi[i] / ref[i]), theirs[i] = win[i] - RLOO_BETA * value;
    sppo_exact_step(theirs, pi, theirs, eta, 3);
    same("RLOO, a step", theirs[1], ours[1]);
}

int main(void)
{
    static const double pi[3] = { 0.5, 0.3, 0.2 }, ref[3] = { 0.2, 0.2, 0.6 };
    static const double win[3] = { 0.3, 0.6, 0.55 };

    of_pairs(0.9, -1.3);
    of_pairs(-2.0, 0.4);
    of_policies(pi, ref, win);
    return wrong != 0;
}
C

# dpo|beta|1/eta becomes "DPO_BETA (1/eta)"; what is a name of the tool's, or a
# number of answers, is in no formula, nor are the losses of runs alone.
grep -vE '[|](margin|clip-range|k|ratio|mixture)$|^(simpo|gpo)[|]' conversions |
    awk -F '|' '{
        name = toupper($1 "_" $2)
        gsub(/[^A-Z0-9]/, "_", name)
        gsub(/ /, "*", $3)
        print name, "(" $3 ")"
    }' > values
sed 's/ .*/;/; s/^/extern const double /' values > values.h
${CC:-cc} -std=c99 -O1 -w -I"$root" -include values.h -c check.c -o check.o 2> err ||
    bad "each is in a formula" "$(head -n 4 err)"
formulas() {  # FILE of values: complaints
    sed 's/\([^ ]*\) \(.*\)/extern const double \1; const double \1 = \2;/
        s/eta/3.0/g; s/pull/0.4/g' "$1" > values.c
    ${CC:-cc} -std=c99 -w values.c check.o -o check -lm 2>&1 && ./check
}
formulas values > wrong 2>&1
if [ -s wrong ]; then bad "conversions give sppo.h's losses and steps" \
    "$(head -n 4 wrong)"; else ok "conversions give sppo.h's losses and steps"; fi
cut -d ' ' -f 1 values | while read -r name; do
    sed "s/^$name .*/&*1.1/" values > others
    formulas others | grep -q 'theirs' || echo "$name"
done > wrong
if [ -s wrong ]; then bad "a tenth more of any one is seen" "$(cat wrong)"; else
    ok "a tenth more of any one is seen"; fi

# What runs alone compute, and the tool's own names, by their tables.
for want in 'simpo|beta|1/eta' 'simpo|gamma|margin' 'grpo|epsilon|clip-range' \
    'gpo|beta|1/eta' 'nash-md|beta|mixture' 'grpo|G|k'; do
    grep -qxF "$want" conversions || echo "$want"
done > wrong
if [ -s wrong ]; then bad "the others are read" "$(cat wrong)"; else
    ok "the others are read"; fi
sed -n '/<!-- methods -->/,/<!-- .methods -->/p' "$root/examples/tool/README.md" |
    awk -F ' *[|] *' '$2 ~ /^`[a-z]/ && $4 != "" { gsub(/`/, "", $2); print $2 }' |
    while read -r name; do
        grep -q "^$name|" conversions || echo "$name"
    done > wrong
if [ -s wrong ]; then bad "every method with letters is there" "$(cat wrong)"; else
    ok "every method with letters is there"; fi

# ---- the table --------------------------------------------------------------

cell() {  # NOTION COLUMN
    awk -F ' *[|] *' -v row="$1" -v column="$2" '
        $1 == "columns" { for (i = 2; i <= NF; i++) if ($i == column) at = i }
        $1 == row { print $at }' "$book/letters.txt"
}
# agrees NOTION COLUMN NAME EXPRESSION PULL: the cell, with NAME's letters put in
agrees() {
    it=$(cell "$1" "$2")
    formula=$it
    for pair in $(grep "^$3|" conversions | cut -d '|' -f 2- | tr ' ' '*'); do
        formula=$(echo "$formula" |
            sed "s#\\b${pair%%|*}\\b#(${pair#*|})#g" | tr ' ' '*')
    done
    awk "BEGIN { eta = 3; pull = $5; d = ($(echo "$formula" | tr ' ' '*')) - ($4)
        exit !(d < 1e-12 && d > -1e-12) }" 2> err &&
        ok "$1, $2: $it" || bad "$1, $2: $it" "it is $formula, not $4"
}
agrees step SPPO sppo eta 0
agrees step DPO dpo eta 1
agrees step IPO ipo eta 1
agrees step KTO KTO eta 1
agrees step DNO dno eta 0
agrees step TRL "TRL's sppo_hard" eta 1
agrees "weight of the KL" here none pull/eta 0.4
agrees "weight of the KL" DPO dpo pull/eta 1
agrees "weight of the KL" IPO ipo-md pull/eta 1
agrees "weight of the KL" KTO KTO pull/eta 1
agrees "weight of the KL" Nash-MD nash-md pull/eta 0.4
agrees "weight of the KL" "GRPO, PPO" rlhf pull/eta 0.4
agrees "pull of a step" Nash-MD nash-md pull 0.4

# Every row has as many cells as there are columns; none is too long to print.
sed '/^#/d; /^convert/d; /^note/d; /^$/d; s/\\|/@/g' "$book/letters.txt" |
    awk -F ' *[|] *' 'NR == 1 { n = NF }
        NF != n { print $1 " has " NF - 1 " cells, not " n - 1 }
        { for (i = 1; i <= NF; i++) if (length($i) > 24) print $i " is long" }
        END { if (NR < 15) print NR " rows" }' > wrong
if [ -s wrong ]; then bad "the table is one" "$(cat wrong)"; else
    ok "the table is one"; fi
awk -F ' *[|] *' '/^(#|convert|note|columns|$)/ { next }
    { gsub(/\\[|]/, "@"); print $3 }' "$book/letters.txt" |
    sed 's/, a metric//; s/, /\n/g; s#\(pull\)/eta#\1#' | while read -r name; do
    grep -qE "(^|[^A-Za-z_])$name([^A-Za-z_]|$)" "$root/sppo.h" ||
        grep -q "^| $name[, ]" "$root/examples/tool/README.md" || echo "$name"
done > wrong
if [ -s wrong ]; then bad "what is said to be here is here" "$(cat wrong)"; else
    ok "what is said to be here is here"; fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
