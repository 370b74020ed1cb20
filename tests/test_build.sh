#!/bin/sh
# test_build.sh SCRATCH - the header builds everywhere it says it does
#
# Every compiler at hand, C99 and C++11, float and double, with and without
# OpenMP, SPPO_STATIC and SPPO_NO_STDIO; twice included, in two files of one
# program.  Warnings are errors.  Each program plays a small game against itself
# and prints a checksum of the weights: it must not depend on threads, OpenMP,
# linkage, language, optimisation or, without fused multiply-add, on the
# compiler.  SPPO_BUILD_QUICK=1 stops after the first compiler that is here;
# SPPO_BUILD_ALL=1 builds all of it at -O2 too, some minutes.
scratch=${1:?"usage: test_build.sh SCRATCH"}
here=$(dirname "$0")
mkdir -p "$scratch" || exit 1
passed=0
failed=0

warn="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Werror"
c99="-std=c99 $warn -Wstrict-prototypes"
cpp11="-std=c++11 $warn"

note() {  # ok|FAIL text
    if [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    printf '%-5s %s\n' "$1" "$2"
}

# build NAME EXPECTED COMMAND ...: builds and runs; its output is to be EXPECTED
# (any, when that is empty) and goes to $sum.
build() {
    name=$1
    expected=$2
    shift 2
    sum=
    if "$@" -o "$scratch/program" -lm >"$scratch/log" 2>&1 &&
       sum=$("$scratch/program" 2>>"$scratch/log") && [ -n "$sum" ] &&
       [ "$sum" = "${expected:-$sum}" ]; then
        note ok "$name: $sum"
    else
        note FAIL "$name: '$sum', not '${expected:-a number}'"
        sed -n 1,12p "$scratch/log"
    fi
}

threads() {  # name, expected, number
    sum=$(OMP_NUM_THREADS=$3 "$scratch/program")
    if [ "$sum" = "$2" ]; then
        note ok "$1: $sum"
    else
        note FAIL "$1: '$sum', not '$2'"
    fi
}

# The stack that the manual asks for is enough: for the program's own thread
# and, with two threads, for OpenMP's.
stack() {  # name, expected, KiB
    sum=$( (ulimit -s "$3" && OMP_NUM_THREADS=2 "$scratch/program") 2>&1)
    if [ "$sum" = "$2" ]; then
        note ok "$1: $sum"
    else
        note FAIL "$1: '$sum', not '$2'"
    fi
}

refuses() {  # name, command ...
    name=$1
    shift
    if "$@" -c "$here/build_c99.c" -o "$scratch/x.o" >/dev/null 2>&1; then
        note FAIL "$name"
    else
        note ok "$name"
    fi
}

# quiet NAME COMMAND ...: compiles without a word.
quiet() {
    name=$1
    shift
    if "$@" >"$scratch/log" 2>&1 && [ ! -s "$scratch/log" ]; then
        note ok "$name"
    else
        note FAIL "$name"
        sed -n 1,12p "$scratch/log"
    fi
}

# says SENTENCE NAME COMMAND ...: refused, by one error that has the sentence.
says() {
    sentence=$1
    name=$2
    shift 2
    if "$@" >"$scratch/log" 2>&1 || ! grep -q "$sentence" "$scratch/log" ||
       [ "$(grep -cE ': (error|warning)' "$scratch/log")" -ne 1 ]; then
        note FAIL "$name"
        sed -n 1,12p "$scratch/log"
    else
        note ok "$name"
    fi
}

# The header after other headers' macros, which -include brings; those of the
# examples too, in C.  windows.h itself where there is a compiler that has it.
after_macros() {  # C compiler, C++ compiler or nothing, OpenMP
    set -- "$1 -fsyntax-only $3" "${2:+$2 -fsyntax-only $3}"
    macros="-include $here/windows_macros.h"
    quiet "$cc: after what windows.h and others define" $1 $c99 $macros \
        "$here/build_c99.c"
    for folder in lessons instruct reproduction tool; do
        quiet "$cc: the same, examples/$folder" $1 -std=c99 -DWITHOUT_TERM \
            $macros "$here"/../examples/$folder/*.c
    done
    [ -n "$2" ] && quiet "$cpp: after what windows.h and others define" \
        $2 $cpp11 $macros "$here/build_cpp.cc"
}

after_windows() {
    for win in gcc g++; do
        win=x86_64-w64-mingw32-$win
        if ! command -v $win >/dev/null 2>&1; then
            echo "skip  $win is not on this machine"
            continue
        fi
        case $win in
        *gcc) lang="$c99" file=build_c99.c ;;
        *) lang="$cpp11" file=build_cpp.cc ;;
        esac
        quiet "$win: after <windows.h>" $win -fsyntax-only $lang \
            -Wno-pedantic -include windows.h "$here/$file"
    done
}

# Later editions of both languages, as far as a compiler knows them.
editions() {  # compiler, options, file, editions ...
    compiler=$1 options=$2 file=$3
    shift 3
    for std in "$@"; do
        if $compiler -std=$std -fsyntax-only -x "${std%%[0-9]*}" /dev/null \
            >/dev/null 2>&1; then
            quiet "$compiler -std=$std" $compiler $options -std=$std \
                -Wdeprecated -fsyntax-only $openmp "$file"
        else
            echo "skip  $compiler does not know -std=$std"
        fi
    done
}

# A compiler of OpenMP 2.0, as MSVC: no omp_get_level, no simd.
old_openmp() {  # C compiler
    mkdir -p "$scratch/openmp2"
    echo 'int omp_get_max_threads(void); int omp_get_thread_num(void);' \
        >"$scratch/openmp2/omp.h"
    build "$1, OpenMP 2.0" "$known_float" $1 $c99 -O1 -D_OPENMP=200203 \
        -I"$scratch/openmp2" "$here/build_c99.c"
}

# Where enums are as short as their values: what is set is read again, and the
# bytes behind a field stay, whatever stands there.
short_enums() {  # C compiler
    cat >"$scratch/short.c" <<'C'
#define SPPO_IMPLEMENTATION
#define SPPO_STATIC
#include "sppo.h"

static unsigned char room[4096];  // larger than any struct of settings

static int spills(const sppoi_field *f)
{
    size_t i;

    for (; f->name; f++) {
        if (f->type != SPPOI_CHOICE)
            continue;
        memset(room, 0x55, sizeof room);
        sppoi_set(f, room, f->most);
        if (f->size != 1 || sppoi_get(f, room) != f->most)
            return 1;
        for (i = 0; i < sizeof room; i++)
            if ((i < f->at || i >= f->at + f->size) && room[i] != 0x55)
                return 1;
    }
    return 0;
}

int main(void)
{
    if (spills(sppoi_config_fields) || spills(sppoi_optim_fields) ||
        spills(sppoi_play_fields))
        return 1;
    puts("fields keep to themselves");
    return 0;
}
C
    build "$1: enums of one byte" "fields keep to themselves" $1 -std=c99 \
        -fshort-enums -w -I"$here/.." "$scratch/short.c"
}

known_float=
known_double=
levels=-O0
[ -n "$SPPO_BUILD_ALL" ] && levels="-O0 -O2"
for cc in gcc clang; do
    if [ "$cc" = gcc ]; then cpp=g++; else cpp=clang++; fi
    if ! command -v $cc >/dev/null 2>&1; then
        echo "skip  $cc is not on this machine"
        continue
    fi
    if [ -n "$SPPO_BUILD_QUICK" ] && [ $passed -gt 0 ]; then
        echo "skip  $cc: one compiler is enough for a quick run"
        continue
    fi
    openmp=
    echo 'int main(void) { return 0; }' >"$scratch/omp.c"
    if $cc -fopenmp "$scratch/omp.c" -o "$scratch/omp" >/dev/null 2>&1; then
        openmp=-fopenmp
    else
        echo "skip  $cc has no OpenMP on this machine"
    fi
    cpp_here=yes
    if ! command -v $cpp >/dev/null 2>&1; then
        cpp_here=
        echo "skip  $cpp is not on this machine"
    fi
    for real in float double; do
        # the build of a user: all that a compiler sees, it sees at -O2
        eval "known=\$known_$real"
        what="$cc $real"
        build "$what -O2 $openmp" "$known" $cc $c99 -O2 $openmp \
            -DSPPO_REAL=$real "$here/build_c99.c"
        known=$sum
        eval "known_$real=\$sum"
        if [ -n "$openmp" ]; then
            threads "$what, one thread" "$known" 1
            threads "$what, two threads" "$known" 2
            threads "$what, four threads" "$known" 4
        fi
        if [ "$real" = float ]; then kib=128; else kib=256; fi
        stack "$what, a stack of $kib KiB" "$known" $kib
        for level in $levels; do
            c="$cc $c99 $level -DSPPO_REAL=$real"
            build "$what $level, no OpenMP, included twice" "$known" $c \
                "$here/build_c99.c"
            build "$what $level, SPPO_NO_OPENMP" "$known" $c $openmp \
                -DSPPO_NO_OPENMP "$here/build_c99.c"
            build "$what $level, two files" "$known" $c "$here/build_two_a.c" \
                "$here/build_two_b.c"
            build "$what $level, SPPO_STATIC in two files" "$known" $c \
                -DSPPO_STATIC "$here/build_two_a.c" "$here/build_two_b.c"
            build "$what $level, SPPO_NO_STDIO" "$known" $c -DSPPO_NO_STDIO \
                "$here/build_c99.c"
            [ -n "$cpp_here" ] || continue
            c="$cpp $cpp11 $level -DSPPO_REAL=$real"
            build "$what $level, C++11" "$known" $c "$here/build_cpp.cc"
            build "$what $level, C++11, SPPO_STATIC, SPPO_NO_STDIO" "$known" \
                $c $openmp -DSPPO_STATIC -DSPPO_NO_STDIO "$here/build_cpp.cc"
        done
    done
    refuses "$cc: -ffast-math is refused" $cc -std=c99 -ffast-math
    refuses "$cc: /fp:fast is refused" $cc -std=c99 -D_M_FP_FAST=1
    says "every file defines SPPO_IMPLEMENTATION" \
        "$cc: SPPO_STATIC without SPPO_IMPLEMENTATION: one sentence" \
        $cc $c99 -DSPPO_STATIC -fsyntax-only -x c "$here/../sppo.h"
    short_enums $cc
    old_openmp $cc
    editions $cc "$c99" "$here/build_c99.c" c11 c17 c2x
    [ -n "$cpp_here" ] && editions $cpp "$cpp11" "$here/build_cpp.cc" \
        c++14 c++17 c++20 c++2b
    after_macros $cc "${cpp_here:+$cpp}" "$openmp"
    refuses "$cc: SPPO_MALLOC without SPPO_FREE is refused" $cc -std=c99 \
        -DSPPO_MALLOC=malloc
done
after_windows
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
