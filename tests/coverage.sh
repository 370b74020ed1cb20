#!/bin/sh
# coverage.sh OUT [NAME...] - which lines and branches the tests reach
#
# gcc counts what the unit tests (in float) reach of sppo.h, and the scripts
# that test the tool of examples/tool/; gcovr adds it up.  The header within
# the tool is not counted: sppo.h's figure is that of its own tests.  With NAME
# only that is run, and added to what OUT has.  Prints lines and branches of each
# file; fails below the floor: 90 % of the branches of a file of the tool.  Of
# sppo.h every line and branch is reached, or stands with its reason in
# unreached.txt, which is checked when all unit tests have been counted.  A line
# that ends with "// never: why" has none that counts.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?"usage: coverage.sh OUT [NAME...]"}
shift
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
cd "$here/.." || exit 1
OMP_WAIT_POLICY=passive
export OMP_WAIT_POLICY
units=$(sed -n '/^TESTS =/,/[^\\]$/p' Makefile | tr -d '\\' | sed 's/.*=//')
scripts="tool ways rows mtbench gguf folder training reads messages
         progress pipes info report shards exhaust untrusted refused descriptors
         judge resume study slurm cluster faults"
commands="tokenizer convert pretrain prefer align study read refused"
gcc=${CC:-gcc}
# -O1, for the kernels take minutes else; without inlining a branch is one
# and gnu99, for in C99 it takes fork and exec for functions like any other
flags="-std=gnu99 -O1 -fno-inline -g -fopenmp"
counted="$flags --coverage"

skip() { echo "skip coverage: $1"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
command -v gcovr > /dev/null || skip "there is no gcovr"
echo 'int main(void) { return 0; }' > "$out/probe.c"
# shellcheck disable=SC2086 # several flags
$gcc $counted -c "$out/probe.c" -o "$out/probe.o" 2> /dev/null ||
    skip "$gcc knows no --coverage"

# An object's counts lie beside it, wherever a program runs.
# shellcheck disable=SC2086 # several flags
object() {  # folder, source, flags
    $gcc $3 -c "$2" -o "$1/$(basename "$2" .c).o"
}

link() {  # program, objects; children that end by _exit keep their counts
    program=$1
    shift
    # shellcheck disable=SC2086 # several flags
    $gcc $flags -c tests/coverage_exit.c -o "$out/exit.o" &&
        $gcc $counted "$@" "$out/exit.o" -Wl,--wrap=_exit -o "$program" -lm
}

collect() {  # folder: the counts in it, as one file
    gcovr --root . --filter sppo.h --filter examples/tool/ \
        --exclude-branches-by-pattern '.*// never: .*' \
        --object-directory "$out/$1" "$out/$1" --json "$out/$1.json" \
        > "$out/$1/gcovr" 2>&1 || cat "$out/$1/gcovr"
}

unit() {  # name, output: builds and runs a unit test
    dir=$out/$1
    rm -rf "$dir"
    mkdir -p "$dir"
    static=-DSPPO_STATIC
    case $1 in data | repro) static= ;; esac
    object "$dir" "tests/test_$1.c" "$counted $static" || return 1
    case $1 in
    data) [ -e "$out/sppo/tool.a" ] || tool || return 1
        set -- "$1" "$2" "$out/sppo/tool.a" ;;
    repro) for file in reproduction/statistics reproduction/store tool/interval
        do
            object "$dir" "examples/$file.c" "$flags" || return 1
        done ;;
    esac
    link "$dir/program" "$dir"/*.o ${3+"$3"} && "$dir/program" > "$2" 2>&1 &&
        collect "$1"
}

tool() {  # the tool for all scripts, newly built
    made=$out/sppo
    mkdir -p "$made/objects"
    object "$made" tests/exhaust.c "-std=c99 -O3 -fopenmp" || return 1
    for file in examples/tool/*.c; do
        case $file in */library.c) continue ;; esac
        object "$made/objects" "$file" "$counted" || return 1
    done
    mv "$made/objects/sppo.o" "$made/main.o"
    ar rcs "$made/tool.a" "$made"/objects/*.o &&
        link "$made/sppo" "$made/main.o" "$made/tool.a" "$made/exhaust.o"
}

script() {  # name: runs it with that tool, whose counts go up
    [ -x "$out/sppo/sppo" ] || tool || return 1
    sh "tests/test_$1.sh" "$out/sppo/sppo" "$out/sppo" > "$2" 2>&1
}

# name, output: the tool whose calls of the system fail, once at each place of
# it, in objects of its own; the header's are not counted
faults() {
    made=$out/faults
    rm -rf "$made"
    mkdir -p "$made"
    # shellcheck disable=SC2086 # several flags
    $gcc $flags -c tests/coverage_exit.c -o "$out/exit.o" || return 1
    CC=$gcc CFLAGS="-std=gnu99 -fno-inline --coverage" PLACES=1 \
        LDFLAGS="--coverage $out/exit.o -Wl,--wrap=_exit" \
        sh tests/faults/run.sh "$made" $commands > "$2" 2>&1
    result=$?
    rm -f "$made"/bin/obj/library.gc*
    collect "$1"
    return $result
}

# What no unit test reaches of sppo.h, against the list.
unreached() {
    for name in $units; do
        [ -e "$out/$name.json" ] || { echo "skip unreached.txt: $name has not" \
            "been counted"; return 0; }
    done
    # shellcheck disable=SC2046,SC2086 # a list of files
    gcovr --root . $(printf -- "-a $out/%s.json " $units) --filter sppo.h \
        --json "$out/header.report" &&
        python3 tests/unreached.py "$out/header.report" sppo.h \
            tests/unreached.txt
}

failed=0
[ $# -gt 0 ] || rm -rf "$out"/*.json "$out/sppo"
for name in ${*:-$units $scripts}; do
    case " faults= $(echo $units) " in
    *" $name= "*) run=$name ;;
    *" $name "*) run=unit ;;
    *) run=script ;;
    esac
    $run "$name" "$out/$name.log" || { failed=$((failed + 1)); echo "FAIL $name"
        grep -vE '^(passed|ok) ' "$out/$name.log" | tail -n 12; }
done
[ ! -d "$out/sppo" ] || collect sppo
gcovr --root . $(printf -- '-a %s ' "$out"/*.json) --csv "$out/report.csv" \
    --txt "$out/branches.txt" --branches
unreached || failed=$((failed + 1))
awk -F , 'NR > 1 && $2 > 0 {
    floor = $1 == "sppo.h" ? 0 : 90
    share = $5 > 0 ? 100 * $6 / $5 : 100
    low = share < floor
    printf "%s %-36s lines %5.1f %%  branches %5.1f %%  (%d of %d)\n",
        low ? "FAIL" : "ok  ", $1, 100 * $3 / $2, share, $6, $5
    fail += low
    pass += !low
} END { printf "%d passed, %d failed, 0 skipped\n", pass, fail + '$failed'
    exit fail + '$failed' > 0 }' "$out/report.csv"
