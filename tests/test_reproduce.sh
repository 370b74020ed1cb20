#!/bin/sh
# test_reproduce.sh PROGRAM SCRATCH - the reproduction experiment, very small
#
# The whole of it in seconds, with models that learn nothing: that every file is
# written, that the report has every row, that verdicts are words of the rule,
# and that the same seeds give the same bytes, whatever the number of processes
# and after an interruption.  The statistics have tests of their own, in
# test_repro.c.
program=${1:?"usage: test_reproduce.sh PROGRAM SCRATCH"}
scratch=${2:?"usage: test_reproduce.sh PROGRAM SCRATCH"}/reproduce
LC_ALL=C
export LC_ALL
passed=0 failed=0
. "$(dirname "$0")/pictures.sh"
rm -rf "$scratch"
mkdir -p "$scratch" || exit 1

check() {  # name, command...
    name=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "FAIL  $name"
        sed -n '1,12s/^/  /p' "$scratch/output"
    fi
}

exits() {  # code, command...
    wanted=$1
    shift
    "$@"
    [ $? -eq "$wanted" ]
}

rows='a1 a2 a3 b1 b2 c1 c2 c3 c4 c5 d1 d2 d3 d4 e1 e2 f1 f2 f3 g1 g2 g3 h1 h2
i1 i2 i3 j1 j2 j3 k1 k2 k3 k4'

has_rows() {  # file, first columns of its rows
    for id in $rows; do
        grep -q "^| $id$2" "$1" || { echo "no row $id"; return 1; }
    done
}

# Columns 5 and 7 of the claims are verdicts, the latter empty in some rows; an
# undecided claim may have those of the two sets of seeds in brackets.
verdicts_are_known() {
    awk -F' *\\| *' '
        /^\| [a-k][1-9] \|.*--claim/ {
            rows++
            for (i = 6; i <= 8; i += 2)
                if ($i !~ /^(holds|undecided|\*\*does not hold\*\*)$/ &&
                    $i !~ /^undecided \([a-z ]*, [a-z ]*\)$/ &&
                    !(i == 8 && $i == "")) {
                    print $2 ": \"" $i "\""
                    bad = 1
                }
        }
        END { exit bad || rows != 34 }' "$scratch/one/report.md"
}

short_has_letters() {
    awk -F' *\\| *' '
        NR > 2 {
            if ($2 != substr("abcdefghijk", NR - 2, 1)) exit 1
            if ($4 !~ /^(holds|does not hold|undecided) [0-9]/) exit 1
            rows++
        }
        END { exit rows != 11 }' "$scratch/one/short.md"
}

same_results() {  # two folders, plan
    for file in "$1"/*.*; do
        cmp "$file" "$2/$(basename "$file")" || return 1
    done
    for set in first second; do
        for file in "$1/$3/$set"/*.csv; do
            cmp "$file" "$2/$3/$set/$(basename "$file")" || return 1
        done
    done
}

# Over how many seeds, where the line of an iteration begins, and where the
# preference model would be right.
pictures_say_what_they_are() {
    one=$scratch/one
    grep -q '95 % over 4 seeds' "$one/gold-mild.svg" &&
        grep -q "stroke-dasharray='2 4'" "$one/exploit-strong.svg" &&
        [ "$(grep -c ">[123]</text>" "$one/exploit-strong.svg")" -ge 9 ] &&
        [ "$(grep '^<path.*stroke-width' "$one/losers-mild.svg" |
            head -n 1 | tr -cd M | wc -c)" -eq 3 ] &&
        grep -q "class='c8'.*d=" "$one/eta.svg"
}

pictures_are_whole() {  # folder, report, number of pictures
    count=0
    for file in "$1"/*.svg; do
        check_picture "$file" || return 1
        grep -q "]($(basename "$file"))" "$1/$2" ||
            { echo "$file is not in the report"; return 1; }
        count=$((count + 1))
    done
    [ $count -eq "$3" ]
}

# Every setting of the plan is listed, and one per method and bias is chosen.
settings_are_listed() {
    awk -F' *\\| *' '
        /^On validation prompts of seed / { set = $0 }
        $2 ~ /^(sppo|dpo|ipo)$/ && NF == 11 {
            tried++
            chosen[set $2 $3] += $8 == "yes"
        }
        END {
            for (i in chosen) if (chosen[i] != 1) exit 1
            exit tried != 12
        }' "$scratch/one/report.md"
}

is_redone() {
    before=$(cksum <"$scratch/two/tiny/first/dpo-1.csv")
    rm "$scratch/two/tiny/first/dpo-1.csv" "$scratch/two/report.md"
    "$program" tiny "$scratch/two" --jobs 2 2>"$scratch/errors" || return 1
    [ "$(grep -c processor "$scratch/errors")" -eq 1 ] || return 1
    [ "$(cksum <"$scratch/two/tiny/first/dpo-1.csv")" = "$before" ]
}

a_claim_prints() {
    "$program" tiny "$scratch/one" --claim b1 >"$scratch/claim" || return 1
    grep -q '^paper: 31.0 against 23.4' "$scratch/claim" &&
        grep -q '^| b1.1 | mild bias |' "$scratch/claim" &&
        grep -qE '^strong bias: (holds|undecided|\*\*does not hold\*\*)' \
            "$scratch/claim"
}

bad_rows_are_refused() {
    echo 'no row at all' >>"$scratch/two/tiny/first/dpo-1.csv"
    "$program" tiny "$scratch/two" 2>"$scratch/errors" && return 1
    grep -q 'dpo-1.csv: this is not a row' "$scratch/errors"
}

# The same seeds in another folder: a report of one set says so, and differs.
one_set_is_preliminary() {
    grep -q '^seeds 1 to 2\.' "$scratch/one/report.md" &&
        grep -q 'verdict of one set alone is$' "$scratch/one/report.md"
}

both_sets_are_reported() {
    grep -q '^seeds 1 to 2 and 11 to 12\.' "$scratch/one/report.md" &&
        grep -q '^| contrast .* seed 1 | seed 2 | mean' \
            "$scratch/one/report.md" &&
        grep -q '^| contrast .* seed 11 | seed 12 | mean' \
            "$scratch/one/report.md" || return 1
    ! grep -q 'verdict of one set alone is$' "$scratch/one/report.md"
}

# A claim's verdict is the one that both tables of evidence lead to.
verdicts_stand_where_both_agree() {
    awk -F' *\\| *' '
        /^\| contrast / { set++ }
        /^\| [a-k][1-9]\.[1-6] \| mild/ {
            id = substr($2, 1, 2)
            bad[id set] += $(NF - 1) == "does not hold"
            open[id set] += $(NF - 1) == "undecided"
            ids[id] = 1
        }
        /^\| [a-k][1-9] \|.*--claim/ { told[$2] = $6 }
        END {
            for (id in ids) {
                for (s = 1; s <= 2; s++) {
                    v[s] = open[id s] ? "undecided" : "holds"
                    if (bad[id s]) v[s] = "**does not hold**"
                }
                want = v[1] == v[2] ? v[1] : "undecided"
                if (set != 2 || index(told[id], want) != 1) {
                    print id ": " told[id] ", but " v[1] " and " v[2]
                    exit 1
                }
                rows++
            }
            exit rows != 34
        }' "$scratch/one/report.md"
}

# f1 to f3, k1 and k2 were changed: the report has them by the old rule too.
changed_questions_are_told() {
    for id in f1 f2 f3 k1 k2; do
        grep -qE "^\| $id \|( [a-z *]*(\([a-z ,]*\) )?\|){2}\$" \
            "$scratch/one/report.md" || { echo "no row $id"; return 1; }
    done
    grep -q '687db45' "$scratch/one/report.md"
}

# The report alone is made again from what was measured, whatever its age.
the_report_is_made_again() {
    cp "$scratch/one/report.md" "$scratch/kept.md"
    rm "$scratch/one/report.md"
    touch -t 202001010000 "$scratch"/one/tiny/*/*.csv
    "$program" tiny "$scratch/one" --set none 2>"$scratch/errors" || return 1
    grep -q processor "$scratch/errors" && return 1
    cmp "$scratch/kept.md" "$scratch/one/report.md" &&
        touch "$scratch"/one/tiny/*/*.csv
}

nothing_to_report_is_an_error() {
    mkdir -p "$scratch/none"
    exits 1 "$program" tiny "$scratch/none" --set none 2>"$scratch/errors" &&
        grep -q 'no whole set of seeds' "$scratch/errors"
}

# ==== the methods side by side ===============================================

# The questions that were fixed before the runs are those of the report, word
# for word and in their order.
questions_are_those_asked() {
    rows='/^\| [l-q][0-9]+ \|/ && !/\| (mild|strong) bias \|/ {
        print $2 "|" $3 }'
    awk -F' *\\| *' "$rows" "$(dirname "$0")"/../examples/reproduction/questions.md \
        >"$scratch/asked"
    awk -F' *\\| *' "$rows" "$scratch/methods/methods.md" >"$scratch/answered"
    cmp "$scratch/asked" "$scratch/answered" &&
        [ "$(grep -c . "$scratch/asked")" -eq 47 ]
}

# Every setting of the plan is listed, and one per method is chosen in each set.
methods_settings_are_listed() {
    awk -F' *\\| *' '
        /^On validation prompts of seed / { set = $0 }
        set != "" && NF == 10 && $3 ~ /^[0-9.]+$/ {
            tried++
            chosen[set $2] += $6 == "yes"
        }
        END {
            for (i in chosen) {
                if (chosen[i] != 1) exit 1
                methods++
            }
            exit tried != 2 * methods || methods < 2 * 9
        }' "$scratch/methods/methods.md"
}

# What the judge says of two methods is made up: in the first set SPPO wins by
# much, in the second as told.
# In the second set SPPO's win rate, the other's, one or by seed; verdict.
sets_say() {
    rm -rf "$scratch/made"
    cp -r "$scratch/methods" "$scratch/made"
    for set in first second; do
        for run in sppo dpo; do
            for file in "$scratch/made/tiny-methods/$set/$run"-[0-9]*.csv; do
                rate=0.9
                [ $run = sppo ] || rate=0.1
                [ $set = first ] || { [ $run = sppo ] && rate=$1 || rate=$2; }
                awk -F, -v rate="$rate" 'BEGIN { OFS = "," }
                    $4 == "gold" { $6 = r[1 + $1 % split(rate, r, "/")] }
                    { print }' "$file" \
                    >"$scratch/made/part" || return 1
                mv "$scratch/made/part" "$file"
            done
        done
    done
    "$program" tiny-methods "$scratch/made" --set none 2>"$scratch/errors" &&
        awk -F' *\\| *' '$2 == "l1" && NF > 6 { print $6 }' \
            "$scratch/made/methods.md" >"$scratch/verdict" &&
        [ "$(head -n 1 "$scratch/verdict")" = "$3" ]
}

# Both sets are printed, one above the other, with the verdict of each where
# they differ.
disagreement_is_told() {
    sets_say 0.1 0.9 'undecided (holds, does not hold)' || return 1
    grep '^| l1 |' "$scratch/made/methods.md" |
        grep -qF '+80.0 (+80.0 to +80.0) points<br>-80.0 (-80.0 to -80.0)'
}

# A method without runs is no verdict, nor in the way of others.
what_is_not_run_is_said() {
    cp -r "$scratch/methods" "$scratch/less"
    for file in "$scratch"/less/tiny-methods/*/dno-*.csv; do
        sed '/,gold,/d' "$file" >"$scratch/part" && mv "$scratch/part" "$file"
    done
    "$program" tiny-methods "$scratch/less" --set none 2>"$scratch/errors" &&
        grep -qE '^\| l3 \|.*\| not run \|' "$scratch/less/methods.md" &&
        grep '^| l1 |' "$scratch/less/methods.md" | grep -qv 'not run'
}

methods_short_has_rows() {
    awk -F' *\\| *' 'NR > 2 { letters = letters $2; cells = $4 $5
            if (cells !~ /^(holds|does not hold|undecided|not run) [0-9]/) exit 1 }
        END { exit letters != "lmnopq" }' "$scratch/methods/methods-short.md"
}

methods_of_one_set_are_preliminary() {
    grep -q 'verdict of one set alone is$' "$scratch/methods/methods.md"
}

check "runs" "$program" tiny "$scratch/one" --jobs 1
check "a report of one set says so" one_set_is_preliminary
check "runs the second set" "$program" tiny "$scratch/one" --set second
check "runs in three processes" "$program" tiny "$scratch/two" --jobs 3
check "the second set in three processes" \
    "$program" tiny "$scratch/two" --jobs 3 --set second
check "both sets are in the report" both_sets_are_reported
check "a verdict stands where both sets agree" verdicts_stand_where_both_agree
check "changed questions are told" changed_questions_are_told
check "the report is made again" the_report_is_made_again
check "nothing to report on is an error" nothing_to_report_is_an_error
check "the same bytes" same_results "$scratch/one" "$scratch/two" tiny
check "the report has every claim" has_rows "$scratch/one/report.md" ' |'
check "the evidence has every claim" has_rows "$scratch/one/report.md" '\.1 |'
check "the short table has every letter" short_has_letters
check "verdicts are those of the rule" verdicts_are_known
check "pictures are whole and shown" \
    pictures_are_whole "$scratch/one" report.md 18
check "pictures say what they are" pictures_say_what_they_are
check "settings tried are listed" settings_are_listed
check "metrics have a header and rows" \
    awk 'NR == 1 && $0 != "seed,run,iteration,metric,index,value" { bad = 1 }
         END { exit bad || NR < 1000 }' "$scratch/one/metrics.csv"
check "what is missing is done again, the rest is not" is_redone
check "the same bytes after that" \
    same_results "$scratch/one" "$scratch/two" tiny
check "one claim" a_claim_prints
check "a damaged file is refused" bad_rows_are_refused
check "the methods run" "$program" tiny-methods "$scratch/methods" --jobs 1
check "methods of one set are preliminary" methods_of_one_set_are_preliminary
check "the methods' second set" \
    "$program" tiny-methods "$scratch/methods" --set second
check "the methods in three processes" \
    "$program" tiny-methods "$scratch/also" --jobs 3
check "their second set in three processes" \
    "$program" tiny-methods "$scratch/also" --jobs 3 --set second
check "the methods' same bytes" \
    same_results "$scratch/methods" "$scratch/also" tiny-methods
check "questions are those asked before" questions_are_those_asked
check "the methods' settings are listed" methods_settings_are_listed
check "the methods' pictures are whole and shown" \
    pictures_are_whole "$scratch/methods" methods.md 12
check "the methods' short table has every letter" methods_short_has_rows
check "sets that agree" sets_say 0.8 0.2 holds
check "sets of which one is undecided" \
    sets_say 0.3/0.7 0.4 'undecided (holds, undecided)'
check "sets that disagree" disagreement_is_told
check "what is not run is said" what_is_not_run_is_said
check "one question" \
    "$program" tiny-methods "$scratch/methods" --set none --claim m10
check "usage: a claim of the other report" \
    exits 2 "$program" tiny-methods "$scratch/one" --claim a1
check "usage: no plan" exits 2 "$program"
check "usage: unknown plan" exits 2 "$program" huge "$scratch/one"
check "usage: unknown claim" exits 2 "$program" tiny "$scratch/one" --claim z9
check "usage: unknown set" exits 2 "$program" tiny "$scratch/one" --set third
check "usage: no processes" exits 2 "$program" tiny "$scratch/one" --jobs 0
[ $failed -gt 0 ] || rm -rf "$scratch"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
