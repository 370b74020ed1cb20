#!/bin/sh
# audit.sh [PROGRAMS] - the paper row by row: what was checked, and how well
#
# tests/audit.txt has a row for each statement of the paper; a case of a test
# file says which rows it serves:     CASE(name),  // audit 24 26
# Every marked case is run by itself, in double, by PROGRAMS/NAME-double
# (build/tests).  A row passes when it has a case, all its cases pass, and every
# function that it names is defined and used in a test file of its cases.
# The figures are those of the comparison that came closest to failing: how far
# off it was, and what is allowed; a row without one shows how many checks held.
programs=${1:-build/tests}
tests=$(dirname "$0")
header=$tests/../sppo.h
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sppo_audit.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
tab=$(printf '\t')
LC_ALL=C OMP_WAIT_POLICY=passive
export LC_ALL OMP_WAIT_POLICY

# marks: row, program, case.  A mark that stands at no case has the case "?".
awk '
    /\/\/ audit/ {
        name = "?"
        if (match($0, /CASE\([A-Za-z0-9_]+\)/))
            name = substr($0, RSTART + 5, RLENGTH - 6)
        program = FILENAME
        sub(/.*test_/, "", program)
        sub(/\.c$/, "", program)
        sub(/.*\/\/ audit/, "")
        for (i = 1; i <= NF; i++)
            print $i, program, name
    }' "$tests"/test_*.c >"$scratch/marks"

# Runs a case; prints program, case, verdict, checks, error, tolerance, with -
# for what a case without a comparison does not have.
run() {
    out=$scratch/$1.$2
    "$programs/$1-double" "=$2" >"$out" 2>&1
    if [ $? -eq 0 ] && grep -q "^passed  $2 " "$out"; then
        line=$(grep "^passed  $2 " "$out")
        checks=$(echo "$line" | sed 's/.*(\([0-9]*\) check.*/\1/')
        near=$(echo "$line" | sed -n 's/.*, \(.*\) of \(.*\))$/\1 \2/p')
        echo "$1 $2 passed $checks ${near:-- -}"
    elif grep -q "^skipped $2:" "$out"; then
        echo "$1 $2 skipped - - -"
    else
        echo "$1 $2 failed - - -"
    fi
}

cut -d ' ' -f 2,3 "$scratch/marks" | sort -u | while read -r program name; do
    run "$program" "$name"
done >"$scratch/results"

# Reasons why row $1, which names the functions $2, does not pass.
complaints() {
    if ! grep "^$1 " "$scratch/marks" >"$scratch/mine"; then
        echo "no case is marked: audit $1"
        return
    fi
    while read -r _ program name; do
        grep -q "^$program $name passed" "$scratch/results" && continue
        echo "test_$program.c: $name did not pass"
        sed 's/^ */  /' "$scratch/$program.$name" | head -n 4
    done <"$scratch/mine"
    for function in $2; do
        [ "$function" != - ] || continue
        word="(^|[^A-Za-z0-9_])$function"
        grep -qE "$word\(" "$header" "$tests/slow.h" ||
            echo "$function is not defined"
        for program in $(cut -d ' ' -f 2 "$scratch/mine" | sort -u); do
            grep -E "$word[^A-Za-z0-9_]" "$tests/test_$program.c"
        done | grep -q . || echo "$function is used in no test file of the row"
    done
}

# The two columns of figures of row $1.
figures() {
    awk -v row="$1" '
        NR == FNR { if ($1 == row) mine[$2 " " $3] = 1; next }
        ($1 " " $2) in mine && $3 == "passed" {
            checks += $4
            if ($5 == "-") next
            share = $6 > 0 ? $5 / $6 : 0
            if (error == "" || share > worst) {
                error = $5; allowed = $6; worst = share
            }
        }
        END {
            if (error == "") { error = checks + 0; allowed = "checks" }
            printf "%8s  %-8s", error, allowed
        }' "$scratch/marks" "$scratch/results"
}

rows=0 passed=0
printf '%2s  %-31s  %-37s  %8s  %s\n' "#" paper function error allowed
grep -v '^#' "$tests/audit.txt" | sed "s/ | /$tab/g" >"$scratch/rows"
while IFS=$tab read -r row item functions; do
    rows=$((rows + 1))
    complaints "$row" "$functions" >"$scratch/why"
    [ "$row" -eq $rows ] || echo "row $rows is numbered $row" >>"$scratch/why"
    verdict=FAIL
    [ -s "$scratch/why" ] || verdict=pass
    [ $verdict = FAIL ] || passed=$((passed + 1))
    printf '%2d  %-31s  %-37s  %s  %s\n' "$row" "$item" "$functions" \
        "$(figures "$row")" $verdict
    sed 's/^/      /' "$scratch/why"
done <"$scratch/rows"
while read -r row program name; do
    grep -q "^$row$tab" "$scratch/rows" && [ "$name" != "?" ] && continue
    echo "test_$program.c: \"audit $row\" at $name: no such row or case"
    strays=1
done <"$scratch/marks"
echo "$rows rows, $passed passed, $((rows - passed)) failed"
[ $rows -eq 55 ] && [ $passed -eq 55 ] && [ -z "$strays" ]
