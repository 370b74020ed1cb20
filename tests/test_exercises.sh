#!/bin/sh
# test_exercises.sh - an exercise tells right answers from wrong ones
#
# Run     tests/test_exercises.sh build/scratch      (a scratch folder)
# Of each file of examples/exercises: its parts stand where README.md there says;
# as it is handed out it has neither hint nor solution, and fails; the solution
# passes, without a warning; answers that are wrong in a usual way fail.  Then
# `make exercise` itself.
[ -n "$1" ] || { echo "usage: $0 SCRATCH_FOLDER" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
exercises=$root/examples/exercises
work=$1/exercises
case $work in /*) ;; *) work=$PWD/$work ;; esac
rm -rf "$work"
mkdir -p "$work" && cd "$work" || exit 1
LC_ALL=C
export LC_ALL
unset HINT SOLUTION CFLAGS

. "$root/tests/tool.sh"

none() {  # NAME: passes when there are no complaints in the file wrong
    if [ -s wrong ]; then bad "$1" "$(head -n 4 wrong)"; else ok "$1"; fi
}

compile() {  # SOURCE PROGRAM OPTION..
    from=$1 to=$2
    shift 2
    ${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
        -Wdouble-promotion -Wstrict-prototypes -Werror -O1 -DSPPO_REAL=double \
        "$@" -I"$root" -I"$exercises" "$from" exercise.o -o "$to" -lm
}

# Every answer is compiled with the functions that exercise.sh compiled first.
sh "$exercises/exercise.sh" . 1 > out 2>&1
[ -e exercise.o ] || { bad "exercise.c compiles" "$(tail -n 4 out)"; exit 1; }

# What must stand in an exercise, each once and in this order.
parts='/\* exercise: .
 \*/
/\* hint:
 \*/
#include "exercise.h"
/\* solution: \*/
#ifdef SOLUTION
#else
/\* yours: \*/
/\* check: \*/
#endif'
order() {  # FILE
    echo "$parts" | awk -v file="$1" '
        { want[++n] = "^" $0 ($0 ~ /[.]$/ ? "" : "$") }
        END {
            for (at = 1; (getline line < file) > 0;) {
                if (at <= n && line ~ want[at]) { at++; continue }
                if (line ~ /^(\/\* (exercise|hint|solution|yours|check):|#(if|el|end))/)
                    print "stands where it should not: " line
            }
            if (at <= n) print "there is no " want[at]
        }'
    awk 'length > 80 { print "line " NR " has " length " columns" }
        / $|\t/ { print "line " NR " has a tab or ends with a blank" }
        END { if (NR > 160) print NR " lines" }' "$1"
}

count=0
for source in "$exercises"/[0-9]*.c; do
    count=$((count + 1))
    name=$(basename "$source" .c)
    case $name in
    "$(printf %02d $count)"_*) ;;
    *) echo "$name is number $count" > wrong; none "numbers have no gap" ;;
    esac
    order "$source" > wrong
    none "$name: its parts"
    sh "$exercises/exercise.sh" . $count > out 2>&1
    {
        [ $? -eq 1 ] || echo "exit status is not 1"
        grep -q '^not yet: ' out || tail -n 3 out
        grep -q 'warning' out && grep warning out
        grep -nE 'hint:|solution:|SOLUTION' "$name.c"
        sed -n '/^\/\* yours: \*\/$/,/^\/\* check:/p' "$name.c" |
            grep -q '^static' || echo "there is nothing to write in"
    } > wrong
    none "$name: what is handed out has no answer, and fails"
    compile "$source" answer -DSOLUTION > out 2>&1 && ./answer > out 2>&1
    code=$?
    { [ $code -eq 0 ] && tail -n 1 out | grep -q '^passed: [1-9]'; } &&
        : > wrong || cp out wrong
    none "$name: the solution passes"
    HINT=1 sh "$exercises/exercise.sh" . $count > out 2>&1
    [ "$(wc -w < out)" -ge 10 ] && ! grep -q '[*]/' out && : > wrong ||
        cp out wrong
    none "$name: the hint is printed"
    for named in $(sed -n '1,/^ \*\/$/p' "$source" |
        grep -oE 'sppoi?_[a-z_0-9]+'); do
        grep -q "$named\b" "$root/sppo.h" || echo "sppo.h has no $named"
    done > wrong
    none "$name: what it says to look at exists"
done
[ $count -ge 12 ] || { echo "there are $count" > wrong; none "twelve or more"; }

# Answers that are wrong, as edits for sed of the solution: NUMBER|WHAT|EDIT
wrong_answers() {
    cat <<'END'
01|a column for a row|s/i \* k + j/j * k + i/
01|itself left out|s/win\[i\] \/= k;/win[i] = (win[i] - 0.5) \/ (k - 1);/
01|a sum for a mean|s/win\[i\] \/= k;//
02|no half|s/win - 0.5/win/
02|the sign|s/win - 0.5/0.5 - win/
02|the half after eta|s/eta \* (win - 0.5)/eta * win - 0.5/
03|half the slope|s/2.0 \* gap/gap/
03|the sign of the slope|s/2.0 \* gap/-2.0 * gap/
03|the sign of both|s/ratio - target;/ratio + target;/
04|the first of the worst|s/i = k - 1; i > 0 \(.*\); i--/i = 0; i < k - 1 \1; i++/
04|the worst may be the best|s/i == winner || sppo/i != winner \&\& sppo/
04|equal to the last bit|s/sppo_beats(most, win\[i\])/most > win[i]/
05|not divided by the sum|s/next\[i\] \/= sum/(void)sum/
05|the sign of eta|s/exp(eta/exp(-eta/
05|pi forgotten|s/pi\[i\] \* exp/pi[i] * 0.0 + exp/
05|an overflow|s/(win\[i\] - top)/win[i] + 0.0 * top/
06|half the gap|s/2.0 \* best - 1.0/best - 0.5/
06|losses for wins|s/i \* n + j/j * n + i/
07|a moving average|s/) \/ t;/) \/ (t < 10 ? t : 10);/
07|one off|s/) \/ t;/) \/ (t + 1);/
08|no eta|s/ \/ eta;$/;/
08|the sign|s/grad\[0\] = -sppo/grad[0] = sppo/
08|sigma of z|s/sigmoid(-(/sigmoid((/
08|the loser as the winner|s/grad\[1\] = -/grad[1] = /
09|no label|s/ - q) / - 1.0 + 0.0 * q) /
09|the sign|s/grad\[0\] = (/grad[0] = -(/
09|the other sign|s/grad\[1\] = -/grad[1] = /
10|a sum|s/g(a, b) - g(b, a)/g(a, b) + g(b, a)/
10|half of it|s/g(a, b) - g(b, a)/(g(a, b) - g(b, a)) \/ 2/
10|the other way round|s/g(a, b) - g(b, a)/g(b, a) - g(a, b)/
10|rewards|s/g(a, b) - g(b, a)/g(a, 3) - g(b, 3)/
11|the first for the largest|s/top = fmax(top, logit\[v\])/(void)0/
11|top forgotten|s/- top - log/- log/
11|a probability|s/return logit\(.*\);/return exp(logit\1);/
12|only the token|s/ - p\[v\])/ - 0 * p[v])/
12|the sign|s/(v == token) - p/p[v] * 0 - (v == token) + p/
12|upstream forgotten|s/upstream \* (/(upstream * 0 + 1) * (/
13|the sign of the second part|s/dout\[i\] - in_s/dout[i] + in_s/
13|no d|s/in\[i\] \/ d;/in[i];/
13|s once|s/in_s \* s \* s \* s/in_s * s/
13|gain forgotten|s/dout\[i\] \* gain\[i\] \* in\[i\]/dout[i] * in[i]/
14|no mask|s/return to <= from/return to <= from || 1/
14|not itself|s/to <= from/to < from/
14|all that stand before|s/return s >= 0/return to < from/
14|the prompt alone|s/while (s >= 0/if (s >= 0/
15|itself counted|s/if (j != i)/if (j >= 0)/
15|divided by k|s/sum \/ (k - 1)/sum \/ k/
15|the step upside down|s/eta \* (k - 1) \/ k/eta * k \/ (k - 1)/
16|without the sign|s/fabs(grad\[i\] - d)/fabs(fabs(grad[i]) - fabs(d))/
16|a mean|s/largest = fmax(largest, error)/largest += error \/ n/
16|a NaN that passes|s/return error;/continue;/
17|another line|s/return 8;/return 5;/
17|no line|s/return 8;/return -8;/
END
}
tried=
while IFS='|' read -r number what edit; do
    source=$(ls "$exercises/$number"_*.c)
    sed "$edit" "$source" > wrong_answer.c
    : > wrong
    cmp -s wrong_answer.c "$source" && echo "sed changes nothing" > wrong
    compile wrong_answer.c answer -DSOLUTION > out 2>&1 || cp out wrong
    [ -s wrong ] || ! ./answer > out 2>&1 || cp out wrong
    [ -s wrong ] || grep -q '^not yet: ' out || cp out wrong
    none "$number, wrong: $what"
    tried="$tried $number"
done << END
$(wrong_answers)
END
for source in "$exercises"/[0-9]*.c; do
    number=$(basename "$source" | cut -c 1-2)
    case $tried in *"$number"*) ;; *) echo "of $number" ;; esac
done > wrong
none "there are wrong answers of each"

# ---- make exercise -----------------------------------------------------------

exercise() { (cd "$root" && sh examples/exercises/exercise.sh "$work" "$@") \
    > out 2>&1; }
exercise
equals() { [ "$2" = "$3" ] && ok "$1" || bad "$1" "\"$2\", not \"$3\""; }
equals "all are listed" "$(grep -cE '^ *[0-9]+  [A-Z]' out)" $count
grep -q passed out && bad "none is passed yet" "$(grep passed out)" ||
    ok "none is passed yet"
sed 's/eta \* win;/eta * (win - 0.5);/' 02_target.c > edited
cp edited 02_target.c
exercise 02
equals "an answer is taken" "$? $(grep -c '^passed' out)" "0 1"
exercise
equals "and remembered" "$(grep passed out)" \
    "  2  Where should the log-ratio go?   (passed)"
cmp -s edited 02_target.c && ok "a file of yours is never written over" ||
    bad "a file of yours is never written over" "it was"
echo 'static int' >> 02_target.c
exercise 2
equals "what does not compile is not passed" \
    "$? $(grep -c 'does not compile yet' out)" "1 1"
exercise
equals "nor remembered" "$(grep -c passed out)" 0
for number in 0 99 abc '' -1 1.5 '../1' '1 2'; do
    exercise "$number"
    equals "no exercise \"$number\"" "$? $(grep -c '^there is no exercise' out)" \
        "2 1"
done
exercise 1 2
equals "one at a time" "$? $(grep -c '^one exercise at a time' out)" "2 1"
SOLUTION=1 sh "$exercises/exercise.sh" . 2 > out 2>&1
grep -q 'eta \* (win - 0.5)' out && ok "the solution, when it is asked for" ||
    bad "the solution, when it is asked for" "$(cat out)"
if make -v 2> /dev/null | grep -q GNU; then
    (cd "$root" && make -s exercise 3 HINT=1) > out 2>&1
    HINT=1 sh "$exercises/exercise.sh" . 3 > said 2>&1
    same "make exercise 3 HINT=1" out said
    (cd "$root" && make exercise) > out 2>&1
    equals "make exercise" "$(grep -cE '^ *[0-9]+  [A-Z]' out)" $count
else
    skip "make exercise" "make is not GNU's"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
