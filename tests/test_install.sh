#!/bin/sh
# test_install.sh SCRATCH - the header in programs that are not of this project
#
# `make install` into a folder; there, a project outside of this tree finds it
# by pkg-config and by CMake's find_package, builds build_embed.c without files
# and runs it.  What is missing is skipped, and said.
scratch=${1:?"usage: test_install.sh SCRATCH"}/install
here=$(cd "$(dirname "$0")" && pwd)
passed=0
failed=0
skipped=0
cc=${CC:-cc}
warn="-std=c99 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
rm -rf "$scratch"
mkdir -p "$scratch/project" && scratch=$(cd "$scratch" && pwd) || exit 1
version=$(sed -n 's/^#define SPPO_VERSION "\(.*\)"/\1/p' "$here/../sppo.h")

verdict() {  # text; passes when the last command did
    if [ $? -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok    $1"
    else
        failed=$((failed + 1))
        echo "FAIL  $1"
        sed -n 1,12p "$scratch/log"
    fi
}

found() {
    command -v "$1" >/dev/null 2>&1 && return 0
    skipped=$((skipped + 1))
    echo "skip  $1 is not on this machine"
    return 1
}

embedded() {  # the program that was built runs
    "$1" "$here/../tiny_models/policy" >"$scratch/out" 2>"$scratch/log" &&
        grep -q '^refused [0-9][0-9]* caps$' "$scratch/out"
}

# ---- install ----

MAKEFLAGS=
export MAKEFLAGS
make -C "$here/.." install PREFIX=/opt/sppo DESTDIR="$scratch/stage" \
    >"$scratch/log" 2>&1 &&
    cmp "$here/../sppo.h" "$scratch/stage/opt/sppo/include/sppo.h" &&
    grep -q "^prefix=/opt/sppo$" \
        "$scratch/stage/opt/sppo/share/pkgconfig/sppo.pc"
verdict "make install PREFIX=/opt/sppo DESTDIR=stage"
make -C "$here/.." install PREFIX="$scratch/root" >"$scratch/log" 2>&1 &&
    ! grep -rq '@[A-Z]*@' "$scratch/root/share"
verdict "make install PREFIX=root"

# ---- a project elsewhere ----

cd "$scratch/project" || exit 1
cp "$here/build_embed.c" .
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.10)
project(embed C)
find_package(sppo 0.2 REQUIRED)
add_executable(embed build_embed.c)
target_link_libraries(embed sppo::sppo)
CMAKE

if found pkg-config; then
    PKG_CONFIG_PATH=$scratch/root/share/pkgconfig
    export PKG_CONFIG_PATH
    [ "$(pkg-config --modversion sppo)" = "$version" ]
    verdict "pkg-config knows version $version"
    # shellcheck disable=SC2046,SC2086
    $cc $warn -O1 $(pkg-config --cflags sppo) build_embed.c -o embed \
        $(pkg-config --libs sppo) >"$scratch/log" 2>&1 && embedded ./embed
    verdict "built by pkg-config: $(cat "$scratch/out" 2>/dev/null)"
fi
# How it is found is tested, and -O1 compiles the header four times faster.
release='-DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE=-O1'
# shellcheck disable=SC2086 # two options
if found cmake; then
    cmake -S . -B build -DCMAKE_PREFIX_PATH="$scratch/root" \
        $release >"$scratch/log" 2>&1 &&
        cmake --build build >>"$scratch/log" 2>&1 && embedded build/embed
    verdict "built by find_package"
    sed -i 's/sppo 0.2 /sppo 9.0 /' CMakeLists.txt
    ! cmake -S . -B other -DCMAKE_PREFIX_PATH="$scratch/root" \
        >"$scratch/log" 2>&1 && grep -q "version: $version" "$scratch/log"
    verdict "find_package refuses another version"
    # The source tree in another project, without a network.
    tree=$(cd "$here/.." && pwd)
    for way in subdirectory declared overridden; do
        mkdir -p "../$way"
        cp build_embed.c "../$way"
        {
            echo 'cmake_minimum_required(VERSION 3.18)'
            echo 'project(embed C)'
            if [ $way = subdirectory ]; then
                echo "add_subdirectory(\"$tree/examples/packaging\" sppo)"
            else
                echo 'include(FetchContent)'
                from="SOURCE_DIR \"$tree\""
                [ $way = declared ] || from='GIT_REPOSITORY /nowhere GIT_TAG x'
                echo "FetchContent_Declare(sppo $from"
                echo '    SOURCE_SUBDIR examples/packaging)'
                echo 'FetchContent_MakeAvailable(sppo)'
            fi
            echo 'add_executable(embed build_embed.c)'
            echo 'target_link_libraries(embed sppo::sppo)'
        } >"../$way/CMakeLists.txt"
        cmake -S "../$way" -B "../$way/build" $release \
            -DFETCHCONTENT_SOURCE_DIR_SPPO="$([ $way = overridden ] &&
                echo "$tree")" >"$scratch/log" 2>&1 &&
            grep -q "sppo $version\$" "$scratch/log" &&
            cmake --build "../$way/build" >>"$scratch/log" 2>&1 &&
            embedded "../$way/build/embed"
        verdict "built in a source tree: $way"
    done
fi

# ---- without files ----

if found nm; then
    $cc $warn -O1 -DSPPO_NO_STDIO -DSPPO_IMPLEMENTATION -x c -c \
        "$here/../sppo.h" -o sppo.o >"$scratch/log" 2>&1
    verdict "SPPO_NO_STDIO compiles"
    # Of stdio.h only what writes into memory.
    nm sppo.o | awk '$1 == "U" { print $2 }' | grep -E \
        '^_*(f|get|put|v?f?print|v?f?scan|perror|re(move|name|wind)|std|tmp)' |
        grep -vE '^(fmaf?|fmax|fmin|free|fabs)$' >"$scratch/log"
    [ ! -s "$scratch/log" ] && nm sppo.o | grep -q ' U snprintf$'
    verdict "SPPO_NO_STDIO needs of stdio.h but snprintf and vsnprintf"
fi
if found valgrind; then
    $cc $warn -g -O1 -I"$scratch/root/include" build_embed.c -o checked -lm \
        >"$scratch/log" 2>&1 &&
        valgrind -q --leak-check=full --error-exitcode=9 ./checked \
            "$here/../tiny_models/policy" >"$scratch/out" 2>"$scratch/log"
    verdict "no byte is lost, whatever the cap (valgrind)"
fi
cd / && rm -rf "$scratch"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
