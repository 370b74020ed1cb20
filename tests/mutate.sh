#!/bin/sh
# mutate.sh HEADER SCRATCH [WORD] - do the tests notice one wrong character?
#
# Changes one character at a time in the bodies of the functions of the sections
# >>games.c, >>update.c and >>beyond of the header, and of what checks a
# preference: a sign, an operator, a comparison, a constant, an index, an
# operand.  Each mutant is compiled with test_update.c,
# test_game.c and test_methods.c; it is killed when a case turns red, crashes or
# hangs (20 s).
# Those that do not compile do not count.  A mutant that lives is a failure,
# unless `equivalent` below gives the reason why it is no error.  With WORD only
# mutants of lines that contain it; with FUNCTIONS="a b", of these functions.
header=${1:?"usage: mutate.sh HEADER SCRATCH [WORD]"}
scratch=${2:?"usage: mutate.sh HEADER SCRATCH [WORD]"}
tests=$(dirname "$0")
cc=${CC:-cc}
LC_ALL=C
export LC_ALL OMP_NUM_THREADS=1

# Mutants that are no errors: the reason, and the line after the change.
equivalent() {
    cat <<'END'
# either form is exact between 0 and 0.1; they differ where exp overflows
return z > 0.1 ? log1p(exp(-z)) : log1p(exp(z)) - z;
# the same for all answers: normalised away
const double drawn = pull > 0.0 ? pull * log(magnet[i]) : 0.1;
next[i] = (lambda < 1.0 ? (1.0 - lambda) * log(pi[i]) : 0.1) +
(lambda > 0.0 ? lambda * log(ref[i]) : 0.1);
# its weight old[i] is 0
old[i] > 0.0 ? log(pi[i] / old[i]) - target[i] : 0.1;
# Newton's method: another start, smaller steps, another end; the same root
if (target > 0.1)  // c e^u = target is above it, and cannot overflow
u = target > c ? fmin(log(target / c), target) : 0.1;
step = (u + c * exp(u) - target) / (2.0 + c * exp(u));
} while (step > 1e-16 * (1.0 + fabs(u)));
} while (step > 1e-15 / (1.0 + fabs(u)));
} while (step > 1e-15 * (2.0 + fabs(u)));
# bisection: a longer bracket, unequal parts
double low = 0.0, high = 0.1, c;
while (c = sppoi_as_double(low + (high - low) / 3.0), low < c && c < high)
# a fit of rewards: more rounds or one less, after the last that moves anything;
# all bytes 1 are 1e-303
double moved = 2.0, mean = 0.0;
for (round = 0; round < 10001 && moved > 1e-13; round++)
for (round = 1; round < 10000 && moved > 1e-13; round++)
for (round = 0; round < 10000 && moved > 1e-14; round++)
for (moved = 0.1, i = 0; i < n && n > 1; i++) {
moved = fmax(moved, fabs(reward[i] + old));
memset(reward, 1, (size_t)n * sizeof *reward);
# sum (r - m) (r + m) is sum (r - m)^2
squares += (reward[i] - mean) * (reward[i] + mean);
squares += (reward[i] + mean) * (reward[i] - mean);
# a whole number
return triples > 0.1 ? circles / triples : 0.0;
# an array with one more that nobody asks for
double other[3];
double loss = 0.0, g[3];
# of two the one that is not the first
const double next = x->worth[sppoi_kept_response(x->play, x->prompt, 2)];
const int w = sppoi_kept_length(x, 0), l = sppoi_kept_length(x, 2);
# it is 0 or a half
!sppo_beats(fabs(ahead), 0.1))
END
}

# One row per mutant: line, column, the new character.
mutants() {
    awk -v word="$1" -v functions="${FUNCTIONS:+ $FUNCTIONS }" '
    function mutant(at, new) { print NR, at, new }

    # Characters that begin or follow a name or a number.
    function inside(c) { return c ~ /[A-Za-z0-9_.]/ }

    function operators(s,   i, c, before, after) {
        for (i = 1; i <= length(s); i++) {
            c = substr(s, i, 1)
            before = substr(s, i - 1, 1)
            after = substr(s, i + 1, 1)
            if (before == " " && after ~ /[ =]/ && index("+-*/<>", c))
                mutant(i, substr("-+/*><", index("+-*/<>", c), 1))
            if (c == "-" && before ~ /[ (]/ && inside(after))
                mutant(i, "_")  # a sign: a blank takes its place
            if (c == "!" || (c == "=" && after == "=" && before == " "))
                mutant(i, c == "!" && after != "=" ? "_" : c == "!" ? "=" : "!")
        }
    }

    # 0.5 -> 0.6, 2.0 -> 3.0; 0, 1 and 2 of an index or a bound likewise.
    function numbers(s,   at, rest, n, i, c) {
        at = 0
        rest = s
        while (match(rest, /[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/)) {
            n = substr(rest, RSTART, RLENGTH)
            if (!inside(substr(s, at + RSTART - 1, 1))) {
                i = n ~ /^0\./ ? 2 : n ~ /e/ ? RLENGTH - 1 : \
                    index(n ".", ".") - 2
                c = substr(n, i + 1, 1)
                mutant(at + RSTART + i, c == "9" ? "8" : c + 1)
            }
            at += RSTART + RLENGTH - 1
            rest = substr(s, at + 1)
        }
    }

    # i for j and j for i; winner for loser; not in the head of a loop, where
    # it hangs or runs out of the array.
    function operands(s,   i, c, before, after) {
        if (s ~ /^ *for / || s ~ /^ *(const )?(int|double) /)
            return
        for (i = 1; i <= length(s); i++) {
            c = substr(s, i, 1)
            before = substr(s, i - 1, 1)
            after = substr(s, i + 1, 1)
            if (!inside(before) && !inside(after) && index("ijpq", c))
                mutant(i, substr("jiqp", index("ijpq", c), 1))
            if (before == "_" && !inside(after) && index("wl", c))
                mutant(i, substr("lw", index("wl", c), 1))
        }
    }

    /^\/\* ====.*>>.* == \*\/$/ { on = />>(games\.c|update\.c|beyond) /; next }
    / sppo_preference_check\(/ { named = 1 }
    /^[a-zA-Z].*\(/ && !body {
        head = $0
        sub(/\(.*/, "", head)
        sub(/.*[ *]/, "", head)
    }
    /^ .*\);$/ && !body { named = 0 }  # declared, or called
    /^{/ { body = (on || named) && (!functions ||
                                    index(functions, " " head " ")) }
    /^}/ { body = named = 0 }
    {
        code = $0
        gsub(/"[^"]*"/, "", code)      # messages
        if (code != $0) next           # (their lines hold no arithmetic)
        if (comment) { if (/\*\//) comment = 0; next }
        if (/^ *\/\*/) { comment = !/\*\//; next }
        sub(/ *\/\/.*/, "", code)
        if (!body || !index($0, word)) next
        operators(code)
        numbers(code)
        operands(code)
    }' "$header"
}

# Builds mutant LINE COLUMN NEW in a folder of its own and reports on it.
one() {
    work=$scratch/$1.$2
    mkdir -p "$work/tests/reference"
    cp "$tests"/*.h "$tests/test_update.c" "$tests/test_game.c" \
        "$tests/test_methods.c" "$work/tests"
    cp "$tests/reference/values.h" "$work/tests/reference"
    awk -v line="$1" -v at="$2" -v new="$3" '
        NR == line {
            $0 = substr($0, 1, at - 1) (new == "_" ? " " : new) \
                 substr($0, at + 1)
        }
        { print }' "$header" >"$work/sppo.h"
    was=$(sed -n "$1s/^ *//p" "$header")
    now=$(sed -n "$1s/^ *//p" "$work/sppo.h")
    verdict=survived
    for name in update game methods; do
        [ "$verdict" = survived ] || break
        if ! $cc -std=c99 -O1 -w -DSPPO_STATIC "$work/tests/test_$name.c" \
            -o "$work/program" -lm 2>"$work/log"; then
            verdict="no program"
            break
        fi
        timeout 20 "$work/program" >"$work/output" 2>&1
        [ $? -eq 0 ] || verdict="killed by $(first_red)"
    done
    if [ "$verdict" = survived ] && equivalent | grep -qxF -e "$now"; then
        verdict="equivalent"
    fi
    rm -rf "$work"
    printf '%s\t%s:%s\t%s\t%s\n' "$verdict" "$1" "$2" "$was" "$now"
}

# The case that failed; or, after a crash or a hang, the one that was running.
first_red() {
    red=$(sed -n 's/^FAILED *//p' "$work/output" | head -n 1)
    if [ -z "$red" ]; then
        last=$(sed -n 's/^passed *\([a-z0-9_]*\).*/\1/p' "$work/output" |
               tail -n 1)
        red=$(sed -n 's/^ *CASE(\([a-z0-9_]*\)).*/\1/p' \
              "$tests/test_$name.c" | grep -xA 1 "${last:-.*}" | tail -n 1)
        red="$red (crashed or hung)"
    fi
    echo "$red"
}

if [ "$3" = --one ]; then
    shift 3
    one "$@"
    exit 0
fi

mkdir -p "$scratch"
mutants "$3" >"$scratch/list"
case $(one 99999 0 0) in  # no such line: no change
survived*) ;;
*) echo "the tests fail without a mutant" >&2; exit 1 ;;
esac
[ -s "$scratch/list" ] || { echo "no line with: $3" >&2; exit 1; }
xargs -P 2 -n 3 sh "$0" "$header" "$scratch" --one <"$scratch/list" |
    sort -t "$(printf '\t')" -k 2n >"$scratch/report"
grep -v '^no program' "$scratch/report" | awk -F '\t' '
    { printf "%-10s %s\n    %s\n    %s\n", $2, $1, $3, $4 }'
total=$(grep -vc '^no program' "$scratch/report")
killed=$(grep -c '^killed' "$scratch/report")
same=$(grep -c '^equivalent' "$scratch/report")
lived=$(grep -c '^survived' "$scratch/report")
echo "$total mutants: $killed killed, $same equivalent, $lived survived"
echo "$((killed + same)) passed, $lived failed"
[ "$lived" -eq 0 ] && [ "$killed" -ge 30 ]
