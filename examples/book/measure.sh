#!/bin/sh
# measure.sh [audit|mutants] - measures again what the page says of the tests
#
# audit.txt    the table that `make audit` prints
# mutants.txt  of the functions whose {{mutants ..}} a chapter shows, as `make
#              mutate` has them: function, the line before, the line after, the
#              test that turned red.  The first line has the checksum of what
#              they were made from; while it holds they are not made again
here=examples/book
work=build/book
tab=$(printf '\t')
mkdir -p "$work" || exit 1

functions=$(sed -n 's/.*{{mutants \([a-z_0-9]*\)}}.*/\1/p' $here/*.html |
    LC_ALL=C sort -u | tr '\n' ' ')

# What the mutants depend on: the functions' sections and their tests.
sources() {
    { echo "$functions"
      awk '/^\/\* ====.*>>.* == \*\/$/ { on = />>(games\.c|update\.c|beyond) / }
          on' sppo.h
      cat tests/test_update.c tests/test_game.c tests/test_methods.c; } |
        cksum | tr ' ' -
}

# The report of mutate.sh with functions instead of lines.
by_function() {
    awk -v tab="$tab" '
        FNR == NR {
            if (/^[a-zA-Z].*\(/) {
                head = $0
                sub(/\(.*/, "", head)
                sub(/.*[ *]/, "", head)
            }
            of[FNR] = head
            next
        }
        {
            split($0, column, tab)
            split(column[2], place, ":")
            print of[place[1]] tab column[3] tab column[4] tab column[1]
        }' sppo.h "$1" | grep -v "${tab}no program\$"
}

if [ "${1:-audit}" = audit ]; then
    make -s audit >"$work/audit.txt" || exit 1
    cp "$work/audit.txt" $here/audit.txt
fi
[ "${1:-mutants}" = mutants ] || exit 0
made=$(sources)
if head -n 1 $here/mutants.txt 2>/dev/null | grep -qxF "# $made"; then
    echo "mutants.txt is of this header and these tests"
    exit 0
fi
echo "a wrong character at a time, compiled and tested: some minutes"
FUNCTIONS=$functions sh tests/mutate.sh sppo.h "$work/mutants" \
    >"$work/mutants.log" || exit 1
{ echo "# $made"; by_function "$work/mutants/report"; } >"$work/mutants.txt"
cp "$work/mutants.txt" $here/mutants.txt
