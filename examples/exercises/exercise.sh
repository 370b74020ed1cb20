#!/bin/sh
# exercise.sh FOLDER [NUMBER] - what `make exercise` does
#
# Without NUMBER the exercises are listed.  With one, its file is copied into
# FOLDER unless it is there already, without hint and solution, then compiled
# and run.  HINT=1 in the environment prints the hint instead, SOLUTION=1 the
# solution.  CC and CFLAGS are the compiler's.
# Ends with 0 when the exercise is passed, 1 when not yet, 2 when there is no
# such exercise or its own files do not compile.
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?"usage: exercise.sh FOLDER [NUMBER]"}
shift

title() {  # FILE: the first line of its statement, without tags
    sed -n '1s|^/\* exercise: ||p' "$1" | sed 's/ *\[.*//'
}

# The parts of an exercise: README.md has the format.
statement() { sed -n '1,/^ \*\/$/p' "$1"; }
hint() {
    sed -n '/^\/\* hint:$/,/^ \*\/$/p' "$1" | sed '1d; $d; s/^ \* \{0,1\}//'
}
solution() { sed -n '/^#ifdef SOLUTION$/,/^#else$/p' "$1" | sed '1d; $d'; }
without_answers() {
    sed '/^\/\* hint:$/,/^ \*\/$/d; /^\/\* solution: \*\/$/,/^#else$/d
         /^\/\* check: \*\/$/,/^#endif$/c\
/* check: nothing below needs a change */' "$1"
}

list() {
    for source in "$here"/[0-9]*.c; do
        name=$(basename "$source" .c)
        done=
        [ ! -e "$folder/$name.passed" ] || done='   (passed)'
        printf '%3d  %s%s\n' "$((1${name%%_*} - 100))" "$(title "$source")" \
            "$done"
    done
    echo "make exercise 1    begins with the first; HINT=1 behind it for a hint"
}

[ $# -gt 0 ] || { list; exit 0; }
[ $# -eq 1 ] || { echo "one exercise at a time: make exercise $1" >&2; exit 2; }
case $1 in
[1-9] | [1-9][0-9]) number=$1 ;;
0[1-9]) number=${1#0} ;;
*) number=none ;;
esac
source=$(ls "$here/$(printf %02d "$number" 2>/dev/null)"_*.c 2>/dev/null)
if [ "$number" = none ] || [ ! -f "$source" ]; then
    echo "there is no exercise $1: make exercise lists them" >&2
    exit 2
fi
name=$(basename "$source" .c)
if [ -n "$HINT" ]; then
    hint "$source"
    exit 0
fi
if [ -n "$SOLUTION" ]; then
    solution "$source"
    exit 0
fi

mkdir -p "$folder" || exit 2
copy=$folder/$name.c
compile() {  # FILE.. -o PROGRAM
    # shellcheck disable=SC2086
    ${CC:-cc} ${CFLAGS:--std=c99 -Wall -Wextra -O1 -g} -DSPPO_REAL=double \
        -I"$here/../.." -I"$here" "$@"
}
if [ ! -e "$folder/exercise.o" ] || [ -n "$(find "$here/../../sppo.h" \
    "$here/exercise.c" "$here/exercise.h" -newer "$folder/exercise.o")" ]; then
    compile -c "$here/exercise.c" -o "$folder/exercise.o" || exit 2
fi
if [ ! -e "$copy" ]; then
    without_answers "$source" > "$copy.tmp" && mv "$copy.tmp" "$copy" || exit 2
    statement "$source" | sed '1s|^/\* exercise: ||; s/^ \* \{0,1\}//; $d'
    echo "Your file is $copy: write there, then again: make exercise $number"
    echo
fi
rm -f "$folder/$name.passed"
if ! compile "$copy" "$folder/exercise.o" -o "$folder/$name" -lm; then
    echo "$copy does not compile yet"
    exit 1
fi
if "$folder/$name"; then
    : > "$folder/$name.passed"
    exit 0
fi
echo "edit $copy, then: make exercise $number    (a hint: HINT=1 behind it)"
exit 1
