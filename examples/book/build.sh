#!/bin/sh
# build.sh OUT - makes the book's page: engine, models, then the text around them
#
# Needs clang with its parts for WebAssembly.  What is measured (audit.txt,
# mutants.txt) is kept beside the chapters and made again by measure.sh.
here=examples/book
out=${1:?"usage: build.sh OUT"}
work=build/book
mkdir -p "$work" || exit 1

# The newest clang that can link for wasm32-wasi.
clang=
for name in ${WASM_CC:-clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14}; do
    echo 'int main(void) { return 0; }' >"$work/try.c"
    "$name" --target=wasm32-wasi --sysroot=/usr -O1 "$work/try.c" \
        -o "$work/try.wasm" 2>/dev/null && clang=$name && break
done
rm -f "$work/try.c" "$work/try.wasm"
if [ -z "$clang" ]; then
    echo "make book: clang cannot compile for WebAssembly here; in Debian:" >&2
    echo "    apt install clang lld wasi-libc libclang-rt-14-dev-wasm32" >&2
    exit 1
fi
"$clang" --target=wasm32-wasi --sysroot=/usr -std=c99 -O3 -fno-math-errno \
    -msimd128 -mexec-model=reactor -DSPPO_NO_STDIO -Wl,--strip-all \
    -Wl,--gc-sections -Wl,--stack-first -Wl,-z,stack-size=1048576 \
    "$here"/engine*.c examples/tool/game_methods.c \
    -o "$work/engine.wasm" -lm || exit 1

sh "$here/models.sh" "$work" || exit 1
gzip -9nc "$work/engine.wasm" >"$work/engine.wasm.gz" || exit 1
gzip -9nc "$work/models.bin" >"$work/models.bin.gz" || exit 1
build/book/page "$here/page.html" "$out"
