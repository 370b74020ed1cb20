#!/bin/sh
# test_fuzz.sh - every fuzz target on its seeds, on what was once a finding, on
# every beginning of them and with bytes changed, and on large inputs that are
# made to hurt (hostile.c); clang is not needed
#
# Run     tests/test_fuzz.sh build/scratch
# Prints  as test_rows.sh.  `make fuzz` looks for new findings.

work=${1:?"usage: test_fuzz.sh SCRATCH_FOLDER"}/fuzz
root=$(cd "$(dirname "$0")/.." && pwd)
case $work in /*) ;; *) work=$PWD/$work ;; esac
rm -rf "$work"
mkdir -p "$work" && cd "$work" || exit 1

. "$root/tests/tool.sh"

fuzz=$root/tests/fuzz
build="${CC:-cc} -std=c99 -O1 -g"
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
echo 'int main(void) { return 0; }' > probe.c
$build $sanitize probe.c -o probe 2> err || sanitize=

# In memory where there is a file system for that; two runs have two folders.
SPPO_FUZZ_PLACE=$(mktemp -d /dev/shm/sppo_fuzz.XXXXXX 2>/dev/null || mktemp -d)
export SPPO_FUZZ_PLACE

# shellcheck disable=SC2086 # several flags
sh "$fuzz/library.sh" obj $build $sanitize 2> err &&
    $build $sanitize "$fuzz/seeds.c" obj/tool.a -o seeds_program -lm 2> err &&
    ./seeds_program seeds 2> err || bad "seeds are made" "$(head -c 300 err)"
# shellcheck disable=SC2086 # several flags
$build "$fuzz/hostile.c" -o hostile_program -lm 2> err &&
    ./hostile_program hostile 2> err ||
    bad "hostile inputs are made" "$(head -c 300 err)"
for source in "$fuzz"/*.c; do
    target=$(basename "$source" .c)
    case $target in replay | seeds | hostile) continue ;; esac
    mkdir -p "seeds/$target"
    # shellcheck disable=SC2086 # several flags
    if ! $build $sanitize "$source" "$fuzz/replay.c" obj/tool.a -o "$target" \
        -lm 2> err
    then
        bad "$target builds" "$(head -c 300 err)"
        continue
    fi
    if ! ls "seeds/$target"/* > list 2> err; then
        bad "$target has seeds" "none"
        continue
    fi
    ls "$fuzz/regress/$target"/* >> list 2> err
    # shellcheck disable=SC2046 # file names of ours, without blanks
    if "./$target" --near $(cat list) > out 2> err; then
        ok "$target: $(tail -n 1 err)"
    else
        bad "$target" "$(grep -E 'finding|ERROR|runtime' err | head -n 3)"
    fi
    for input in "hostile/$target"/*; do
        [ -f "$input" ] || continue
        if "./$target" "$input" > out 2> err; then
            ok "$input"
        else
            bad "$input" "$(grep -E 'finding|ERROR|runtime' err | head -n 3)"
        fi
    done
done
rm -rf "$SPPO_FUZZ_PLACE"

# ---- does a target look at all?  A limit that no input can keep ----

# shellcheck disable=SC2086 # several flags
$build $sanitize -DFUZZ_TIMES=0 -DFUZZ_MORE=0 "$fuzz/json.c" "$fuzz/replay.c" \
    obj/tool.a -o strict -lm 2> err
if ./strict seeds/json/row > out 2> err; then
    bad "memory beyond the limit is a finding" "it was not"
elif grep -q 'too much memory' err; then
    ok "memory beyond the limit is a finding"
else
    bad "memory beyond the limit is a finding" "$(head -c 300 err)"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
