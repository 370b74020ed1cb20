#!/bin/sh
# test_build.sh SCRATCH - the header builds everywhere it says it does
#
# Every compiler at hand, C99 and C++11, float and double, with and without
# OpenMP, SPPO_STATIC and SPPO_NO_STDIO; twice included, in two files of one
# program.  Warnings are errors.  Each program plays a small game against itself
# and prints a checksum of the weights: it must not depend on OpenMP, on the
# linkage, or on the language.  SPPO_BUILD_QUICK=1: gcc only.
scratch=${1:?"usage: test_build.sh SCRATCH"}
here=$(dirname "$0")
mkdir -p "$scratch" || exit 1
passed=0
failed=0

c_flags="-std=c99 -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
         -Wdouble-promotion -Wstrict-prototypes -Werror"
cpp_flags="-std=c++11 -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
           -Wdouble-promotion -Werror"

note() {  # ok|FAIL text
    if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    echo "$1    $2"
}

# Builds "$@" into $scratch/program and runs it; its output goes to $sum.
build() {
    name=$1
    shift
    sum=
    if "$@" -o "$scratch/program" -lm >"$scratch/log" 2>&1 &&
       sum=$("$scratch/program" 2>>"$scratch/log"); then
        note ok "$name"
    else
        note FAIL "$name"
        sed -n 1,12p "$scratch/log"
    fi
}

# The sum of the last build against $2, which it sets when it is not yet known.
same() {
    if [ -n "$sum" ] && [ "$sum" = "$2" ]; then
        note ok "$1: $sum"
    else
        note FAIL "$1: $sum, not $2"
    fi
}

for cc in gcc clang; do
    if [ "$cc" = gcc ]; then cpp=g++; else cpp=clang++; fi
    if ! command -v $cc >/dev/null 2>&1; then
        echo "skip  $cc is not on this machine"
        continue
    fi
    if [ -n "$SPPO_BUILD_QUICK" ] && [ $cc = clang ]; then
        continue
    fi
    openmp=
    echo 'int main(void) { return 0; }' >"$scratch/omp.c"
    if $cc -fopenmp "$scratch/omp.c" -o "$scratch/omp" >/dev/null 2>&1; then
        openmp=-fopenmp
    else
        echo "skip  $cc has no OpenMP on this machine"
    fi
    for real in float double; do
        flags="$c_flags -DSPPO_REAL=$real"
        what="$cc $real"
        build "$what: C99, included twice" $cc $flags "$here/build_c99.c"
        first=$sum
        if [ -n "$openmp" ]; then
            build "$what: with OpenMP" $cc $flags $openmp "$here/build_c99.c"
            same "$what: the same bits with OpenMP" "$first"
            sum=$(OMP_NUM_THREADS=1 "$scratch/program")
            same "$what: the same bits with one thread" "$first"
            sum=$(OMP_NUM_THREADS=4 "$scratch/program")
            same "$what: the same bits with four threads" "$first"
            build "$what: SPPO_NO_OPENMP" $cc $flags $openmp -DSPPO_NO_OPENMP \
                "$here/build_c99.c"
            same "$what: the same bits with SPPO_NO_OPENMP" "$first"
        fi
        build "$what: two files" $cc $flags "$here/build_two_a.c" \
            "$here/build_two_b.c"
        same "$what: the same bits from two files" "$first"
        build "$what: SPPO_STATIC in two files" $cc $flags -DSPPO_STATIC \
            "$here/build_two_a.c" "$here/build_two_b.c"
        same "$what: the same bits with SPPO_STATIC" "$first"
        build "$what: SPPO_NO_STDIO" $cc $flags -DSPPO_NO_STDIO \
            "$here/build_c99.c"
        if command -v $cpp >/dev/null 2>&1; then
            flags="$cpp_flags -DSPPO_REAL=$real"
            build "$what: C++11" $cpp $flags "$here/build_cpp.cc"
            same "$what: the same bits from C++" "$first"
            if [ -n "$openmp" ]; then
                build "$what: C++11 with OpenMP" $cpp $flags $openmp \
                    "$here/build_cpp.cc"
                same "$what: the same bits from C++ with OpenMP" "$first"
            fi
            build "$what: C++11, SPPO_STATIC, SPPO_NO_STDIO" $cpp $flags \
                -DSPPO_STATIC -DSPPO_NO_STDIO "$here/build_cpp.cc"
        else
            echo "skip  $cpp is not on this machine"
        fi
    done
    # what must not compile
    if $cc $c_flags -ffast-math -c "$here/build_c99.c" -o "$scratch/x.o" \
        >/dev/null 2>&1; then
        note FAIL "$cc: -ffast-math is refused"
    else
        note ok "$cc: -ffast-math is refused"
    fi
    if $cc -std=c99 -DSPPO_MALLOC=malloc -c "$here/build_c99.c" \
        -o "$scratch/x.o" >/dev/null 2>&1; then
        note FAIL "$cc: SPPO_MALLOC without SPPO_FREE is refused"
    else
        note ok "$cc: SPPO_MALLOC without SPPO_FREE is refused"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
