#!/bin/sh
# test_examples.sh PROGRAMS - every example keeps the promises of its header
#
# The first comment of examples/lessons/0*.c has lines "*   > words and numbers":
# the program must print them, in this order, between any others.  Words must be
# equal, numbers with a decimal point within 1e-3 of their size, whole numbers
# exact; where training amplifies rounding the header says more:
#   Tolerance  0.1 in losses, 4 in the count      (absolute, both; the second
#                                                  of whole numbers)
# Also: the header's sections, under 150 lines of 80 columns (00: 200), under a
# minute; and that 00, which has no part of sppo.h, computes the same as it.
programs=${1:?"usage: test_examples.sh PROGRAMS"}
examples=$(dirname "$0")/../examples/lessons
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sppo_examples.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
. "$(dirname "$0")/seconds.sh"
. "$(dirname "$0")/pictures.sh"
passed=0
failed=0
LC_ALL=C
export LC_ALL

verdict() {  # text; complaints in $scratch/bad
    if [ -s "$scratch/bad" ]; then
        failed=$((failed + 1))
        echo "FAIL  $1"
        sed -n '1,12s/^/  /p' "$scratch/bad"
    else
        passed=$((passed + 1))
        echo "ok    $1"
    fi
    : >"$scratch/bad"
}

# What is wrong with the looks of a source.
looks() {
    awk -v name="$(basename "$1")" '
        length($0) > 80 { print "line " NR " has " length($0) " columns" }
        NR == 1 && index($0, "/* " name " - ") != 1 {
            print "does not begin with its name"
        }
        !ended { head = head $0 "\n" }
        /\*\// { ended = 1 }
        END {
            if (NR > (name ~ /^00/ ? 200 : 149)) print NR " lines"
            count = split("Shows Build Run Time Try Read", word, " ")
            for (i = 1; i <= count; i++)
                if (head !~ "[ *]" word[i] "  +[^ ]")
                    print "its header has no " word[i]
            if (head !~ /You will see/) print "its header has no You will see"
            if (head !~ /\n \*   > /) print "it promises nothing"
        }' "$1"
}

# Promised lines that the output does not have.
broken() {  # source, output
    awk '
        function numeric(s) {
            return s ~ /^[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/
        }
        function off(a, b) { return a > b ? a - b : b - a }

        function allowed(s) {
            if (s !~ /[.e]/) return whole
            if (decimal != "") return decimal
            return 1e-3 * (s < 0 ? -s : s)
        }

        function same(promised, printed,   a, b, n, i) {
            n = split(promised, a, " ")
            if (split(printed, b, " ") != n) return 0
            for (i = 1; i <= n; i++) {
                if (a[i] == b[i]) continue
                if (!numeric(a[i]) || !numeric(b[i])) return 0
                if (off(a[i], b[i]) > allowed(a[i]) * (1 + 1e-9)) return 0
            }
            return 1
        }

        NR == FNR && !ended {
            if (/^ \* Tolerance /) {
                decimal = $3 + 0
                if (match($0, /, [0-9]+ in the counts?/))
                    whole = substr($0, RSTART + 2) + 0
            }
            if (sub(/^ \*   > /, "")) promise[++promises] = $0
            if (/\*\//) ended = 1
        }
        NR != FNR { output[++lines] = $0 }
        BEGIN { whole = 0 }
        END {
            at = 0
            for (i = 1; i <= promises; i++) {
                for (j = at + 1; j <= lines; j++)
                    if (same(promise[i], output[j])) break
                if (j > lines)
                    print "not printed: " promise[i]
                else
                    at = j
            }
        }' "$1" "$2"
}

: >"$scratch/bad"
for source in "$examples"/0*.c; do
    name=$(basename "$source" .c)
    looks "$source" >"$scratch/bad"
    verdict "$name: header, lines, columns"
    if [ ! -x "$programs/$name" ]; then
        echo "$programs/$name was not built" >"$scratch/bad"
        verdict "$name"
        continue
    fi
    seconds=$( (
        "$programs/$name" >"$scratch/output" 2>"$scratch/errors"
        echo $? >"$scratch/code"
        times
    ) | seconds)
    seconds=${seconds%.*}
    code=$(cat "$scratch/code")
    [ $code -eq 0 ] || echo "exit status $code" >>"$scratch/bad"
    [ ! -s "$scratch/errors" ] || cat "$scratch/errors" >>"$scratch/bad"
    verdict "$name ends well"
    [ "$seconds" -le 60 ] || echo "$seconds seconds" >>"$scratch/bad"
    verdict "$name takes less than a minute"
    broken "$source" "$scratch/output" >>"$scratch/bad"
    verdict "$name prints what it promises"
    for picture in build/"${name%%_*}"_*.svg; do
        [ ! -e "$picture" ] || check_picture "$picture" >>"$scratch/bad"
    done
    verdict "$name draws sound pictures, if any"
done
# The thin path of the optimistic step ends in the middle of the triangle.
awk '/stroke-width=.0.7./ {
        n = split($0, point, "L")
        split(point[n], at, /[ \047]/)
        found = 1
        dx = at[1] - 319
        dy = at[2] - 234.7
        if (dx * dx + dy * dy > 36) print "it ends at " at[1] " " at[2]
    }
    END { if (!found) print "there is no such path" }' \
    build/01_simplex.svg >"$scratch/bad"
verdict "01_simplex.svg: the optimistic path is drawn until it converges"
grep -q '>-10</text>' build/06_likelihoods.svg &&
    ! grep -qE '>-[2-9]0</text>' build/06_likelihoods.svg ||
    echo "its axis goes too far down" >"$scratch/bad"
grep -q "class='c1'[^>]*stroke-dasharray" build/06_likelihoods.svg ||
    echo "losers of DPO have no dashes in DPO's colour" >>"$scratch/bad"
verdict "06_likelihoods.svg: a colour per method, a scale for all"
printf 'gold,0,0.5\ngold,1,0.7,0.66,0.74\n' |
    "$programs/plot" 'Win & rate' iteration 'win rate' '95 %' \
    >"$scratch/plot.svg" 2>>"$scratch/bad"
check_picture "$scratch/plot.svg" >>"$scratch/bad"
verdict "plot draws a sound picture"
printf 'gold,0,nan\n' | "$programs/plot" a b c >"$scratch/plot.svg" \
    2>"$scratch/errors" && echo "it is drawn" >>"$scratch/bad"
grep -q '^plot: line 1 ' "$scratch/errors" || cat "$scratch/errors" >>"$scratch/bad"
verdict "plot refuses a number that is none"
# ---- 00: its gradient by differences, and the header's functions beside it ----

cat >"$scratch/micro.c" <<'C'
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC
#include "sppo.h"
#define main lesson
#include "micro.h"
#undef main

static double pi[LOGITS];
static example data[N];

static double worth(void *user)
{
    double unused[LOGITS];

    (void)user;
    return loss(pi, data, unused);
}

/* D_t at random, and a policy that has moved away from it. */
static void fill(void)
{
    int i, n;

    for (i = 0; i < LOGITS; i++)
        pi[i] = sppo_random_normal(1, (uint64_t)i);
    for (n = 0; n < N; n++)
        for (data[n].x = n % PROMPTS, i = 0; i < K; i++) {
            data[n].y[i] = (n * K + i) % ANSWERS;
            data[n].old[i] = -3 * sppo_random_uniform(2, (uint64_t)(n * K + i));
            data[n].win[i] = sppo_random_uniform(3, (uint64_t)(n * K + i));
        }
}

static void same(const char *what, double a, double b)
{
    if (!(fabs(a - b) < 1e-12))
        printf("%s: %g, the header says %g\n", what, a, b);
}

int main(void)
{
    double pairwise[K * K], win[K], theirs[K], p[ANSWERS], g, h, d[LOGITS];
    double matrix[ANSWERS * ANSWERS], worst, mean = 0.0, cocoa = 0.0;
    int i;

    fill();
    loss(pi, data, d);
    worst = sppo_check_gradient(worth, NULL, pi, d, LOGITS, 1e-5, 1e-4, NULL);
    if (!(worst < 1e-6))
        printf("its gradient is off by %g of the differences\n", worst);
    for (i = 0; i < K * K; i++)
        pairwise[i] = judge(MORNING, i / K, i % K);
    win_rates(win, pairwise);
    sppo_win_rates(theirs, pairwise, K);
    for (i = 0; i < K; i++)
        same("win_rates", win[i], theirs[i]);
    same("target_of", target_of(0.7), sppo_target(eta, 0.7, eta / 2));
    same("loss_point", loss_point(1.2, 0.5, &g), sppo_loss_point(1.2, 0.5, &h));
    same("its gradient", g, h);
    for (i = 0; i < ANSWERS * ANSWERS; i++)
        matrix[i] = judge(MORNING, i / ANSWERS, i % ANSWERS);
    for (i = 0; i < ANSWERS; i++)
        mean += p[i] = exp(logprob(pi, MORNING, i));
    same("the sum of pi(y|x)", mean, 1.0);
    same("duality_gap", duality_gap(MORNING, p),
         sppo_duality_gap(matrix, p, ANSWERS));
    for (i = 0; i < ANSWERS; i++)
        same("P(y > y') + P(y' > y)", matrix[i] + matrix[i * ANSWERS], 1.0);
    for (i = 0; i < 100000; i++)
        cocoa += (sample(pi, EVENING, START) == COCOA) / 1e5;
    if (!(fabs(cocoa - exp(word_logprob(pi, EVENING, START, COCOA))) < 0.01))
        printf("sample draws cocoa %g of the time\n", cocoa);
    return 0;
}
C
root=$(cd "$(dirname "$0")/.." && pwd)

# What is wrong with 00 after an edit for sed; nothing is "".
micro() {
    sed "$1" "$examples/00_micro_sppo.c" >"$scratch/micro.h"
    [ -z "$1" ] || ! cmp -s "$scratch/micro.h" "$examples/00_micro_sppo.c" ||
        echo "sed '$1' changes nothing"
    ${CC:-cc} -std=c99 -O1 -DSPPO_REAL=double -I"$root" "$scratch/micro.c" \
        -o "$scratch/micro" -lm >"$scratch/log" 2>&1 || { cat "$scratch/log"; return; }
    "$scratch/micro"
}

micro '' >"$scratch/bad" 2>&1
verdict "00: the gradient is that of differences, functions are the header's"
for wrong in 's/\*grad = 2.0/*grad = 1.0/' 's/(v == b) - exp/(v == b) + exp/' \
    's/exp(word_logprob(pi, x, a, v))/exp(word_logprob(pi, x, START, v))/' \
    's/(win - 0.5)/(0.5 - win)/' \
    's/pairwise\[i \* K + j\]/pairwise[j * K + i]/' 's/left -= exp/left += exp/'; do
    micro "$wrong" >"$scratch/seen" 2>&1
    grep -qE 'off by|header says|sample draws' "$scratch/seen" ||
        { echo "not seen"; cat "$scratch/seen"; } >"$scratch/bad"
    verdict "00: an error is seen: $wrong"
done

# ---- the program at the top of the header's manual -----------------------------

sed -n '/^ \* A complete program/,/^ \* CONTENTS/p' "$root/sppo.h" |
    sed '1d; $d; s/^ \*   //; s/^ \*$//' > "$scratch/manual.c"
ln -s "$root/tiny_models" "$scratch/tiny_models"
(cd "$scratch" && ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Werror -O2 \
    -I"$root" manual.c -o manual -lm && ./manual > said) > "$scratch/bad" 2>&1
[ -s "$scratch/said" ] && [ "$(wc -l < "$scratch/manual.c")" -le 60 ] ||
    echo "$(wc -l < "$scratch/manual.c") lines" >> "$scratch/bad"
awk '$1 == "before" { before = length($0) } $1 == "after" { after = length($0) }
    END { if (!(after > 5 && after < before)) print after, "after", before }' \
    "$scratch/said" >> "$scratch/bad"
[ -e "$scratch/aligned/tokenizer.bin" ] || echo "nothing saved" >> "$scratch/bad"
verdict "the manual's program compiles, and the answer gets shorter"

[ "$passed" -gt 0 ] || { echo "no examples"; failed=1; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
