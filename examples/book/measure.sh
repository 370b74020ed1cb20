#!/bin/sh
# measure.sh [AUDIT|MUTANTS] - measures again what the page says of the tests
#
# audit.txt    the table that `make audit` prints
# mutants.txt  from `make mutate`, a line for each changed character: function,
#              the line before, the line after, the test that turned red; a
#              first line with the checksum of what they were made from
here=examples/book
work=build/book
tab=$(printf '\t')
mkdir -p "$work" || exit 1

# What the mutants depend on: the functions' sections and their tests.
sources() {
    { awk '/^\/\* ====.*>>.* == \*\/$/ { on = />>(games\.c|update\.c|beyond) / }
          on' sppo.h; cat tests/test_update.c tests/test_game.c \
          tests/test_methods.c tests/mutate.sh; } | cksum | tr ' ' -
}

if [ "${1:-AUDIT}" = AUDIT ]; then
    make -s audit >"$work/audit.txt" || exit 1
    cp "$work/audit.txt" $here/audit.txt
fi
[ "${1:-MUTANTS}" = MUTANTS ] || exit 0
made=$(sources)
if head -n 1 $here/mutants.txt 2>/dev/null | grep -qxF "# $made"; then
    echo "mutants.txt is of this header and these tests"
    exit 0
fi
echo "every mutant is compiled and tested: this takes a quarter of an hour"
sh tests/mutate.sh sppo.h "$work/mutants" >"$work/mutants.log" || exit 1
{
    echo "# $made"
    # line -> function: the last name before ( above the { of its body
    awk -v tab="$tab" '
        FNR == NR {
            head = $0 ~ /^[ \t]*$/ || /^ \*|^\/\*|^}/ ? "" : head " " $0
            if (/^{/) {
                sub(/\(.*/, "", head)
                sub(/.*[ *]/, "", head)
                name = head
            }
            of[FNR] = name
            next
        }
        {
            split($0, column, tab)
            split(column[2], place, ":")
            print of[place[1]] tab column[3] tab column[4] tab column[1]
        }' sppo.h "$work/mutants/report" | grep -v "${tab}no program\$"
} >"$work/mutants.txt"
cp "$work/mutants.txt" $here/mutants.txt
