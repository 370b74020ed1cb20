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

# Columns 5 and 7 of the claims are verdicts, the latter empty in some rows.
verdicts_are_known() {
    awk -F' *\\| *' '
        /^\| [a-k][1-9] \|.*--claim/ {
            rows++
            for (i = 6; i <= 8; i += 2)
                if ($i !~ /^(holds|undecided|\*\*does not hold\*\*)$/ &&
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

same_results() {  # two folders
    for file in "$1"/*.*; do
        cmp "$file" "$2/$(basename "$file")" || return 1
    done
    for file in "$1"/tiny/*.csv; do
        cmp "$file" "$2/tiny/$(basename "$file")" || return 1
    done
}

pictures_are_whole() {
    count=0
    for file in "$scratch"/one/*.svg; do
        head -c 4 "$file" | grep -q '<svg' && tail -n 1 "$file" |
            grep -q '</svg>' || { echo "$file"; return 1; }
        grep -qE "nan|inf" "$file" && { echo "$file: not a number"; return 1; }
        grep -q "]($(basename "$file"))" "$scratch/one/report.md" ||
            { echo "$file is not in the report"; return 1; }
        count=$((count + 1))
    done
    [ $count -eq 18 ]
}

# Every setting of the plan is listed, and one per method and bias is chosen.
settings_are_listed() {
    awk -F' *\\| *' '
        $2 ~ /^(sppo|dpo|ipo)$/ && NF == 11 {
            tried++
            chosen[$2 $3] += $8 == "yes"
        }
        END {
            for (i in chosen) if (chosen[i] != 1) exit 1
            exit tried != 6
        }' "$scratch/one/report.md"
}

is_redone() {
    before=$(cksum <"$scratch/two/tiny/dpo-1.csv")
    rm "$scratch/two/tiny/dpo-1.csv" "$scratch/two/report.md"
    "$program" tiny "$scratch/two" --jobs 2 2>"$scratch/errors" || return 1
    [ "$(grep -c processor "$scratch/errors")" -eq 1 ] || return 1
    [ "$(cksum <"$scratch/two/tiny/dpo-1.csv")" = "$before" ]
}

a_claim_prints() {
    "$program" tiny "$scratch/one" --claim b1 >"$scratch/claim" || return 1
    grep -q '^paper: 31.0 against 23.4' "$scratch/claim" &&
        grep -q '^| b1.1 | mild bias |' "$scratch/claim" &&
        grep -qE '^strong bias: (holds|undecided|does not hold)$' \
            "$scratch/claim"
}

bad_rows_are_refused() {
    echo 'no row at all' >>"$scratch/two/tiny/dpo-1.csv"
    "$program" tiny "$scratch/two" 2>"$scratch/errors" && return 1
    grep -q 'dpo-1.csv: this is not a row' "$scratch/errors"
}

check "runs" "$program" tiny "$scratch/one" --jobs 1
check "runs in three processes" "$program" tiny "$scratch/two" --jobs 3
check "the same bytes" same_results "$scratch/one" "$scratch/two"
check "the report has every claim" has_rows "$scratch/one/report.md" ' |'
check "the evidence has every claim" has_rows "$scratch/one/report.md" '\.1 |'
check "the short table has every letter" short_has_letters
check "verdicts are those of the rule" verdicts_are_known
check "pictures are whole and shown" pictures_are_whole
check "settings tried are listed" settings_are_listed
check "metrics have a header and rows" \
    awk 'NR == 1 && $0 != "seed,run,iteration,metric,index,value" { bad = 1 }
         END { exit bad || NR < 1000 }' "$scratch/one/metrics.csv"
check "what is missing is done again, the rest is not" is_redone
check "the same bytes after that" same_results "$scratch/one" "$scratch/two"
check "one claim" a_claim_prints
check "a damaged file is refused" bad_rows_are_refused
check "usage: no plan" exits 2 "$program"
check "usage: unknown plan" exits 2 "$program" huge "$scratch/one"
check "usage: unknown claim" exits 2 "$program" tiny "$scratch/one" --claim z9
check "usage: no processes" exits 2 "$program" tiny "$scratch/one" --jobs 0
[ $failed -gt 0 ] || rm -rf "$scratch"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
