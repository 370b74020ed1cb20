#!/bin/sh
# library.sh FOLDER COMPILER... - the header and the tool but for its main, as
# FOLDER/tool.a, which every target is linked with: compiled once for all
fuzz=$(cd "$(dirname "$0")" && pwd)
folder=$1
shift
mkdir -p "$folder"
for file in "$fuzz"/../../examples/tool/*.c; do
    case $file in */sppo.c) continue ;; esac
    "$@" -c "$file" -o "$folder/$(basename "$file" .c).o" || exit 1
done
rm -f "$folder/tool.a"
ar rcs "$folder/tool.a" "$folder"/*.o
