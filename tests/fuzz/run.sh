#!/bin/sh
# run.sh SECONDS [TARGET...] - libFuzzer on every target, two at a time
#
# Needs clang with libFuzzer.  Builds under build/fuzz, begins with the seeds of
# seeds.c and the inputs of regress/TARGET, keeps what it learns under
# build/fuzz/corpus.  A finding is an input that crashes, that a sanitizer
# reports, that takes more time or memory than fuzz.h allows; it is
# printed, kept in build/fuzz/findings, and the exit status is 1.
# Prints for each target: executions, edges covered, inputs kept.
set -u
fuzz=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$fuzz/../.." && pwd)
seconds=${1:?"usage: run.sh SECONDS [TARGET...]"}
shift
out=$root/build/fuzz
clang=${CLANG:-clang}
[ $# -gt 0 ] || set -- $(cd "$fuzz" && ls ./*.c | sed 's|^\./||; s|\.c$||' |
    grep -vx 'replay\|seeds\|hostile')
mkdir -p "$out/bin" "$out/findings" "$out/log"

flags="-std=c99 -g -O1 -Wall -Wextra -Wno-unused-function \
-fno-sanitize-recover=all -fno-omit-frame-pointer"
if ! echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
    $clang -fsanitize=fuzzer -x c - -o "$out/bin/probe" 2>/dev/null; then
    echo "skip  no clang with libFuzzer here (Debian: clang libclang-rt-dev)"
    exit 0
fi
# shellcheck disable=SC2086 # several flags
sh "$fuzz/library.sh" "$out/obj" $clang $flags \
    -fsanitize=fuzzer-no-link,address,undefined &&
    $clang $flags -fsanitize=address,undefined "$fuzz/seeds.c" \
        "$out/obj/tool.a" -o "$out/bin/seeds" -lm &&
    "$out/bin/seeds" "$out/seeds" || exit 1

# In memory where there is a file system for that; two runs have two folders.
SPPO_FUZZ_PLACE=$(mktemp -d /dev/shm/sppo_fuzz.XXXXXX 2>/dev/null || mktemp -d)
export SPPO_FUZZ_PLACE

one() {  # target
    corpus=$out/corpus/$1
    mkdir -p "$corpus" "$out/seeds/$1"
    [ -d "$fuzz/regress/$1" ] && set -- "$1" "$fuzz/regress/$1"
    # shellcheck disable=SC2086 # several flags
    $clang $flags -fsanitize=fuzzer,address,undefined "$fuzz/$1.c" \
        "$out/obj/tool.a" -o "$out/bin/$1" -lm || return 1
    dictionary=$fuzz/$1.dict
    [ -f "$dictionary" ] || dictionary=$fuzz/json.dict
    "$out/bin/$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 \
        -max_len=16384 -dict="$dictionary" -print_final_stats=1 \
        -artifact_prefix="$out/findings/$1-" \
        "$corpus" "$out/seeds/$1" ${2+"$2"} >"$out/log/$1" 2>&1
}

report() {  # target, exit status
    awk -v name="$1" -v status="$2" '
        / cov: [0-9]/ { for (i = 1; i < NF; i++) {
            if ($i == "cov:") cov = $(i + 1)
            if ($i == "corp:") kept = $(i + 1) } }
        /stat::number_of_executed_units/ { runs = $2 }
        END { printf "%s  %-14s %9d runs %6d edges  kept %s\n",
            status ? "FAIL" : "ok  ", name, runs, cov, kept }' "$out/log/$1"
    [ "$2" -eq 0 ] || grep -E 'finding|ERROR|SUMMARY|Test unit' "$out/log/$1"
}

failed=0
while [ $# -gt 0 ]; do
    first=$1 second=${2:-}
    shift
    [ -z "$second" ] || shift
    one "$first" &
    job=$!
    status2=0
    [ -z "$second" ] || { one "$second" || status2=$?; }
    wait $job
    status=$?
    report "$first" $status
    [ -z "$second" ] || report "$second" $status2
    [ $((status + status2)) -eq 0 ] || failed=1
done
rm -rf "$SPPO_FUZZ_PLACE"
exit $failed
