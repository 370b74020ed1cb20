#!/bin/sh
# test_port.sh SCRATCH - the same header on other machines, systems, compilers
#
# build_port.c is built, without a warning, for all that is at hand, and run: by
# itself, under qemu or under wine.  It must read tiny_models/policy and write
# it again byte for byte, whatever the machine's byte order; and play a game to
# the same bits as gcc -O2 here, but for reasons that are named:
#   fused      a b + c is rounded once (fmaf): any tile width has its own bits
#   wide       float expressions are computed in double (x87; s390x in C99)
# Those compare by the third and fourth number: log pi of a text, the sum of
# the trained weights' sizes.  What is missing here is skipped, and said.
scratch=${1:?"usage: test_port.sh SCRATCH"}/port
here=$(dirname "$0")
model=$here/../tiny_models/policy
mkdir -p "$scratch" || exit 1
passed=0
failed=0
skipped=0
warn="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Werror"
c99="-std=c99 $warn -Wstrict-prototypes -DSPPO_STATIC"
cpp="$warn -DSPPO_STATIC -x c++"
WINEPREFIX=$(cd "$scratch" && pwd)/wine WINEDEBUG=-all
export WINEPREFIX WINEDEBUG

note() {  # ok|FAIL text
    if [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    printf '%-5s %s\n' "$1" "$2"
}

found() {  # all of these commands are on this machine
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 && continue
        skipped=$((skipped + 1))
        echo "skip  $tool is not on this machine"
        return 1
    done
}

# Builds by `command ...` and runs under `$run`; the output goes to $got.
try() {  # command ...
    got=
    rm -rf "$scratch/out"
    mkdir -p "$scratch/out"
    "$@" "$here/build_port.c" -o "$scratch/program.exe" -lm \
        >"$scratch/log" 2>&1 || return 1
    if [ -s "$scratch/log" ]; then
        return 1  # a warning, of a compiler without -Werror
    fi
    got=$($run "$scratch/program.exe" "$model" "$scratch/out" \
          2>"$scratch/log") || return 1
    got=$(echo "$got" | tr -d '\r')
    numbers "$model" >"$scratch/numbers"
    numbers "$scratch/out" | cmp "$scratch/numbers" - >>"$scratch/log" 2>&1 &&
        cmp "$model/config.json" "$scratch/out/config.json" \
        >>"$scratch/log" 2>&1
}

# A model's weights, without the header, which names the files beside them.
numbers() {  # folder
    length=$(od -An -tu4 -N4 "$1/model.safetensors")
    tail -c +$((length + 9)) "$1/model.safetensors"
}

# same EXPECTED name, command ...: the same bits as another.
same() {
    expected=$1
    name=$2
    shift 2
    if try "$@" && [ "$got" = "${expected:-$got}" ]; then
        note ok "$name: $got"
    else
        note FAIL "$name: '$got', not '$expected'"
        sed -n 1,12p "$scratch/log"
    fi
}

# near REASON name, command ...: the same numbers as `known` to rounding.
near() {
    reason=$1
    name=$2
    shift 2
    if try "$@" && echo "$known $got" | awk '{
            d = $2 - $5; e = $3 - $6
            exit !(d * d < 1e-8 && e * e < 1e-6 * $3 * $3) }'; then
        note ok "$name ($reason): $got"
    else
        note FAIL "$name: '$got', not near '$known'"
        sed -n 1,12p "$scratch/log"
    fi
}

run=
found gcc || exit 1
same "" "gcc -O2" gcc $c99 -O2
known=$got
for level in -O0 -O3; do
    same "$known" "gcc $level" gcc $c99 $level
done
for std in c11 c17; do
    same "$known" "gcc -std=$std" gcc $c99 -std=$std -O1
done
near fused "gcc -O3 -march=native" gcc $c99 -O3 -march=native
if found clang; then
    same "$known" "clang -O2" clang $c99 -O2
    near fused "clang -O3 -march=native" clang $c99 -O3 -march=native
fi
if found g++; then
    same "$known" "g++ -std=c++11" g++ $cpp -std=c++11 -O1
    same "$known" "g++ -std=c++17" g++ $cpp -std=c++17 -O2
fi
found tcc && same "$known" "tcc" tcc -std=c99 -Wall -DSPPO_STATIC
found musl-gcc && same "$known" "musl" musl-gcc $c99 -O2 -static

# Test programs where a float keeps more digits than a float has: the exp, the
# games, the losses, JSON; and sizes where a size_t has 32 bits.  Same bits are
# for machines that round.
wide_cases="kernels:exp_is_accurate kernels:exp_holds kernels:log_sum
            base:sizes_beyond game: optim: update: json:"
tests() {  # name, command ...: builds and runs these, one line
    name=$1
    shift
    all=0
    for one in $wide_cases; do
        program=$scratch/test_${one%%:*}
        if ! { [ -x "$program" ] ||
               "$@" "$here/test_${one%%:*}.c" -o "$program" -lm; } \
                >"$scratch/log" 2>&1 ||
           ! timeout 300 "$program" "${one#*:}" >"$scratch/log" 2>&1; then
            note FAIL "$name: $one"
            grep -E 'FAILED|error|  tests|warning' "$scratch/log" | sed 12q
            rm -f "$scratch"/test_*
            return
        fi
        all=$((all + $(sed -n '$s/ passed.*//p' "$scratch/log")))
    done
    rm -f "$scratch"/test_*
    note ok "$name: $all cases"
}

wide() {  # compiler, options ...: 32 bits, x87
    if ! "$@" -m32 "$scratch/empty.c" -o "$scratch/empty" >/dev/null 2>&1 ||
       ! "$scratch/empty"; then
        skipped=$((skipped + 1))
        echo "skip  $1 builds nothing for -m32 on this machine"
        return
    fi
    near wide "32 bits, x87, $*" "$@" $warn -DSPPO_STATIC -O2 -m32 $asm
    tests "32 bits, x87, $*: tests" "$@" -DSPPO_STATIC -O1 -m32 $asm
}

echo 'int main(void) { return 0; }' >"$scratch/empty.c"
# Debian's gcc-multilib, which brings the first path, excludes cross compilers.
asm="-isystem /usr/include/x86_64-linux-gnu"
if gcc -m32 "$scratch/empty.c" -o "$scratch/empty" 2>/dev/null &&
   "$scratch/empty"; then
    same "$known" "32 bits, SSE" gcc $c99 -O2 -m32 -msse2 -mfpmath=sse $asm
fi
wide gcc -std=c99
wide gcc -std=gnu99
found g++ && wide g++ -x c++ -std=gnu++11
found clang && wide clang -std=c99

fused=
if found aarch64-linux-gnu-gcc qemu-aarch64; then
    run=qemu-aarch64
    near fused "aarch64" aarch64-linux-gnu-gcc $c99 -O2 -static
    fused=$got
fi
if found s390x-linux-gnu-gcc qemu-s390x; then  # the other byte order
    run=qemu-s390x
    c="s390x-linux-gnu-gcc $c99 -std=gnu99 -ffp-contract=off -O2 -static"
    same "$known" "s390x, not fused" $c -U__FP_FAST_FMAF
    same "$fused" "s390x, fused as aarch64" $c
    near wide "s390x, C99" s390x-linux-gnu-gcc $c99 -Wno-double-promotion \
        -O2 -static
fi

run=true
if found x86_64-w64-mingw32-gcc; then
    wine=$(command -v wine64 || command -v wine)
    if [ -n "$wine" ]; then
        run=$wine
        same "$known" "Windows, mingw-w64 and wine" x86_64-w64-mingw32-gcc \
            $c99 -O2
    elif x86_64-w64-mingw32-gcc $c99 -O2 "$here/build_port.c" \
        -o "$scratch/program.exe" -lm >"$scratch/log" 2>&1; then
        note ok "Windows, mingw-w64: builds"
        skipped=$((skipped + 1))
        echo "skip  wine is not on this machine: not run"
    else
        note FAIL "Windows, mingw-w64: does not build"
        sed -n 1,12p "$scratch/log"
    fi
fi
rm -rf "$scratch"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
