#!/bin/sh
# test_packages.sh SCRATCH - the header through Meson, vcpkg's port, Conan's recipe
#
# A program elsewhere is built with each and says the version; vcpkg and Conan
# are not asked themselves, where they are missing: stand-ins for what they
# define run the same steps.  What is missing else is skipped, and said.
scratch=${1:?"usage: test_packages.sh SCRATCH"}/packages
tree=$(cd "$(dirname "$0")/.." && pwd)
packaging=$tree/examples/packaging
passed=0
failed=0
skipped=0
rm -rf "$scratch"
mkdir -p "$scratch" && scratch=$(cd "$scratch" && pwd) && cd "$scratch" || exit 1
version=$(sed -n 's/^#define SPPO_VERSION "\(.*\)"/\1/p' "$tree/sppo.h")

verdict() {  # text; passes when the last command did
    if [ $? -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok    $1"
    else
        failed=$((failed + 1))
        echo "FAIL  $1"
        tail -n 12 "$scratch/log"
    fi
}

found() {
    command -v "$1" > /dev/null 2>&1 && return 0
    skipped=$((skipped + 1))
    echo "skip  $1 is not on this machine"
    return 1
}

says_version() { "$1" > out 2>> log && [ "$(cat out)" = "$version" ]; }

cat > program.c <<'PROGRAM'
#define SPPO_STATIC
#define SPPO_IMPLEMENTATION
#include <sppo.h>

int main(void)
{
    return puts(sppo_version()) < 0 || sppo_sigmoid(0.0) != 0.5;
}
PROGRAM

# ---- one version ----

grep -q "^  \"version\": \"$version\",\$" "$packaging/vcpkg/vcpkg.json" 2> log
verdict "vcpkg.json has version $version"
# Elsewhere it is taken from the header; the first line of that has two numbers.
{
    grep -rnE '[^0-9.]0\.[0-9]+\.[0-9]+' "$packaging" |
        grep -vE 'vcpkg\.json:|meson_version'
    sed -n '1s/^/sppo.h: /p' "$tree/sppo.h" | grep -v "sppo.h ${version%.*} - "
} > log
[ ! -s log ]
verdict "no other file states one of its own"

# ---- Meson ----

if found meson && found ninja; then
    project() {  # folder
        mkdir -p "$1"
        cp program.c "$1"
        cat > "$1/meson.build" <<'MESON'
project('program', 'c', default_options: ['c_std=c99', 'warning_level=3',
                                          'werror=true'])
sppo = dependency('sppo', version: '>= 0.2', fallback: 'sppo')
executable('program', 'program.c', dependencies: sppo)
MESON
    }
    project beside
    mkdir -p beside/subprojects/sppo
    cp "$tree/sppo.h" "$packaging/meson.build" beside/subprojects/sppo
    # nothing of sppo that is installed on this machine
    PKG_CONFIG_LIBDIR=$scratch/none
    PKG_CONFIG_PATH=
    export PKG_CONFIG_LIBDIR PKG_CONFIG_PATH
    meson setup beside/out beside > log 2>&1 && ninja -C beside/out >> log 2>&1 &&
        grep -q "sppo.*found: YES $version" log && says_version beside/out/program
    verdict "a subproject of Meson"
    if command -v pkg-config > /dev/null; then
        make -C "$tree" install PREFIX="$scratch/root" > log 2>&1
        project installed
        PKG_CONFIG_LIBDIR=$scratch/root/share/pkgconfig \
            meson setup installed/out installed >> log 2>&1 &&
            ninja -C installed/out >> log 2>&1 && says_version installed/out/program
        verdict "Meson, where it is installed"
    fi
    project newer
    sed 's/>= 0.2/>= 9.0/' beside/meson.build > newer/meson.build
    cp -r beside/subprojects newer
    ! meson setup newer/out newer > log 2>&1 && grep -q "9.0" log
    verdict "Meson refuses another version"
fi

# ---- vcpkg: the steps of its port ----

if command -v python3 > /dev/null; then
    python3 - "$packaging/vcpkg/vcpkg.json" > log 2>&1 <<'PYTHON'
import json, re, sys
port = json.load(open(sys.argv[1]))
assert set(port) <= {"name", "version", "description", "homepage", "license",
                     "dependencies", "supports", "port-version"}, port
assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", port["name"]), port
assert all(isinstance(value, str) for value in port.values()), port
PYTHON
    verdict "vcpkg.json has the fields of a manifest"
fi
if found cmake; then
    cat > port.cmake <<'CMAKE'
function(vcpkg_install_copyright)
    cmake_parse_arguments(arg "" "" "FILE_LIST" ${ARGN})
    file(INSTALL ${arg_FILE_LIST} DESTINATION
        "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()
set(PORT sppo)
include("${PACKAGING}/vcpkg/portfile.cmake")
CMAKE
    cmake -DPACKAGING="$packaging" -DCURRENT_PACKAGES_DIR="$scratch/vcpkg" \
        -DVERSION="$version" -P port.cmake > log 2>&1 &&
        cmp "$tree/sppo.h" vcpkg/include/sppo.h >> log 2>&1 &&
        cmp "$tree/LICENSE" vcpkg/share/sppo/copyright >> log 2>&1
    verdict "the steps of vcpkg's portfile"
    mkdir -p found
    cp program.c found
    cat > found/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.10)
project(program C)
find_package(sppo 0.2 REQUIRED)
add_executable(program program.c)
target_link_libraries(program sppo::sppo)
CMAKE
    cmake -S found -B found/out -DCMAKE_PREFIX_PATH="$scratch/vcpkg" > log 2>&1 &&
        cmake --build found/out >> log 2>&1 && says_version found/out/program
    verdict "found and built as vcpkg lays it out"
fi

# ---- Conan: itself, or the steps of its recipe ----

if command -v conan > /dev/null; then
    CONAN_HOME=$scratch/conan conan profile detect > log 2>&1
    CONAN_HOME=$scratch/conan conan create "$packaging" >> log 2>&1
    verdict "conan create"
elif found python3; then
    mkdir -p stand_in/conan/tools
    echo 'class ConanFile: pass' > stand_in/conan/__init__.py
    : > stand_in/conan/tools/__init__.py
    cat > stand_in/conan/tools/files.py <<'PYTHON'
import os
import shutil


def copy(recipe, pattern, source, target):
    os.makedirs(target, exist_ok=True)
    shutil.copy(os.path.join(source, pattern), target)


def load(recipe, path):
    with open(path) as file:
        return file.read()
PYTHON
    cat > steps.py <<'PYTHON'
import sys
from types import SimpleNamespace
sys.path[:0] = ["stand_in", sys.argv[1]]
import conanfile
recipe = conanfile.Sppo()
recipe.recipe_folder = sys.argv[1]
recipe.export_sources_folder = recipe.source_folder = "conan/source"
recipe.package_folder = "conan/package"
recipe.settings = SimpleNamespace(os="Linux")
recipe.cpp_info = SimpleNamespace()
recipe.set_version()
recipe.export_sources()
recipe.package()
recipe.package_info()
assert recipe.package_type == "header-library"
assert recipe.version == sys.argv[2], recipe.version
assert recipe.cpp_info.system_libs == ["m"]
PYTHON
    PYTHONDONTWRITEBYTECODE=1 python3 steps.py "$packaging" "$version" > log 2>&1 &&
        cmp "$tree/sppo.h" conan/package/include/sppo.h >> log 2>&1 &&
        cmp "$tree/LICENSE" conan/package/licenses/LICENSE >> log 2>&1
    verdict "the steps of Conan's recipe"
fi
cd / && rm -rf "$scratch"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
