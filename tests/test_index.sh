#!/bin/sh
# test_index.sh PATH/sppo.h - what style promises, checked by machine
#
# Line width, length of functions, forbidden calls, state; the equation index
# and the network's against tags, functions and tests; options and sections
# against the code; the symbols of a compiled object.  CC names the compiler
# (cc).
header=${1:?"usage: test_index.sh PATH/sppo.h"}
tests=$(dirname "$0")
readme=$tests/../README.md
cc=${CC:-cc}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sppo_index.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0
LC_ALL=C
export LC_ALL

# Passes when the file of complaints is empty.
verdict() {  # text, file of complaints
    if [ -s "$2" ]; then
        failed=$((failed + 1))
        echo "FAIL  $1"
        sed -n 1,12p "$2"
    else
        passed=$((passed + 1))
        echo "ok    $1"
    fi
}

bad=$scratch/bad

# ---- layout ----

awk 'length($0) > 80 { print "  line " NR ": " length($0) " columns" }' \
    "$header" >"$bad"
verdict "no line is over 80 columns" "$bad"

awk '/\t/ || / $/ || /[^ -~]/ { print "  line " NR ": " $0 }' "$header" >"$bad"
verdict "no tab, no blank at a line's end, nothing but ASCII" "$bad"

# A function: from the first line of its head, in column 0, to its brace.
awk '
    /^[A-Za-z_]/ && !open && !typedefd { head = NR; name = $0 }
    /^(typedef|struct|enum)/ { typedefd = 1; braced = /{/ }
    typedefd && !braced && /;$/ { typedefd = 0 }
    /^}.*;/ || /^typedef.*;/ || /^enum.*;/ { typedefd = 0 }
    /^{/ { open = 1 }
    /^}/ {
        if (open && NR - head + 1 > 60)
            print "  line " head ": " NR - head + 1 " lines: " name
        open = 0
        functions++
    }
    END { if (functions < 50) print "  found only " functions " functions" }
' "$header" >"$bad"
verdict "no function is over 60 lines" "$bad"

# ---- the code without comments and strings ----

awk '
    {
        line = $0
        out = ""
        while (line != "") {
            if (comment) {
                at = index(line, "*/")
                if (!at) { line = ""; break }
                line = substr(line, at + 2)
                comment = 0
                continue
            }
            if (!match(line, /\/\*|\/\/|"|\047/)) { out = out line; break }
            out = out substr(line, 1, RSTART - 1)
            mark = substr(line, RSTART, 1)
            if (mark == "/") {
                if (substr(line, RSTART, 2) == "//") break
                line = substr(line, RSTART + 2)
                comment = 1
                continue
            }
            line = substr(line, RSTART + 1)
            while (line != "" && substr(line, 1, 1) != mark)
                line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
            line = substr(line, 2)
            out = out (mark == "\"" ? "\"\"" : "0")
        }
        print out
    }
' "$header" >"$scratch/code"

forbidden='exit|_Exit|quick_exit|abort|assert|printf|fprintf|vprintf|vfprintf'
forbidden="$forbidden|puts|fputs|putchar|perror|gets|rand|srand|random|time"
forbidden="$forbidden|clock|getenv|setlocale|atof|sscanf|scanf|strtok"
forbidden="$forbidden|sprintf|strcpy|strcat|alloca|signal|system"
grep -nE "(^|[^A-Za-z0-9_])($forbidden) *\(" "$scratch/code" \
    | sed 's/^/  line /' >"$bad"
verdict "no call that ends, prints, reads the clock or the locale" "$bad"

# A test makes these fail, so each goes through SPPO_IO; close on a pipe and
# what writes to the terminal or to memory is no file of ours.
system='fopen|fdopen|open|fread|fwrite|fseek|fseeko|ftell|fflush|fclose|fsync'
system="$system|rename|remove|mkdir|rmdir|stat|fstat|flock|opendir|readdir"
system="$system|read|write"
{
    grep -nE "(^|[^A-Za-z0-9_.>])($system) *\(" "$scratch/code" |
        grep -vE 'extern|struct'
    grep -nE "(^|[^A-Za-z0-9_.>])($system) *\([^)]" \
        "$tests"/../examples/tool/*.c |
        grep -vE ':[0-9]+: ?\*|stdin|stdout|stderr|/dev/null|write\(2,|\(memory\)'
} | sed 's/^/  line /' >"$bad"
verdict "no call of the system that does not pass SPPO_IO" "$bad"

# At file level: static or plain objects that are not const; inside: static.
awk '
    /^static|^  *static/ && !/const/ && !/\(/ { print "  line " NR ": " $0 }
    /^static/ && !/const/ && /^[^(]*=/ { print "  line " NR ": " $0 }
    /^[A-Za-z_][A-Za-z0-9_ *]*(=|\[[^]]*\] *=|;$)/ &&
    !/^(typedef|struct|enum|union|static|extern|return|SPPO_DEF)/ &&
    !/const/ && !/\(/ && !/^}/ { print "  line " NR ": " $0 }
' "$scratch/code" >"$bad"
verdict "no mutable static, no global" "$bad"

# What a file that includes the header may trip over: macros, types, tags,
# enumerators, functions, static ones too.
awk '
    function check(name) {
        names++
        if (name !~ /^(sppoi?|SPPOI?)_/) print "  line " NR ": " name
    }
    function word(text) {  # the first of it
        match(text, /[A-Za-z_][A-Za-z0-9_]*/)
        return substr(text, RSTART, RLENGTH)
    }
    /^ *# *define / { sub(/^ *# *define /, ""); check(word($0)); next }
    /^#/ { next }
    /^typedef .*\(\*/ { check(word(substr($0, index($0, "(*")))); next }
    /^(typedef +)?(struct|enum|union) +[A-Za-z_]/ {
        rest = $0
        sub(/^(typedef +)?(struct|enum|union) +/, "", rest)
        check(word(rest))
    }
    /^} *[A-Za-z_].*;/ || /^typedef [^{(]*;/ {
        rest = $0
        sub(/;.*/, "", rest)
        n = split(rest, part, /[ *}]+/)
        check(word(part[n]))
    }
    /^(typedef )?enum/ { items = 1; sub(/[^{]*/, "") }
    items {
        n = split($0, part, /[{,]/)
        for (i = 1; i <= n; i++)
            if (word(part[i]) != "" && part[i] !~ /^ *[}0-9]/)
                check(word(part[i]))
        if (/}/) items = 0
    }
    /^(static|extern|SPPO_DEF|[a-z_]+) [^={]*\(/ {
        rest = substr($0, 1, index($0, "(") - 1)
        n = split(rest, part, /[ *]+/)
        if (part[n] !~ /^(fdopen|fileno|fsync)$/)  # POSIX, which -std=c99 hides
            check(part[n])
    }
    END { if (names < 500) print "  found only " names + 0 " names" }
' "$scratch/code" >"$bad" || echo "  awk failed" >>"$bad"
verdict "every name begins with sppo_, sppoi_, SPPO_ or SPPOI_" "$bad"

# ---- the equation index ----

awk '
    /EQUATION INDEX/ { on = 1; next }
    on && !/[A-Za-z]/ { exit }
    on && $2 ~ /^(Sec|Eq|Alg|App|Thm)$/ {
        print $2 "_" $3, $(NF - 1), $NF
    }
' "$header" >"$scratch/index"

: >"$bad"
if [ "$(wc -l <"$scratch/index")" -lt 33 ]; then
    echo "  only $(wc -l <"$scratch/index") rows were found" >"$bad"
fi
verdict "the index can be read: $(wc -l <"$scratch/index" | tr -d ' ') rows" \
    "$bad"

# The comments that stand directly above the definition of a function, the last
# line that begins with letters and has its name and a bracket.
above() {  # function, file
    awk -v name="$1" '
        /\/\*/ && !comment { text = ""; comment = 1 }
        comment { text = text " " $0; if (/\*\//) comment = 0; next }
        /^$/ || /^}/ || /^#/ { text = "" }
        $0 ~ "(^|[^A-Za-z0-9_])" name "\\(" && /^[A-Za-z]/ { last = text }
        END { print last }
    ' "$2"
}

while read -r tag function test; do
    : >"$bad"
    shown=$(echo "$tag" | tr '_' ' ')
    case_name=$(echo "$tag" | tr 'A-Z.' 'a-z_')
    source=$header
    case $function in slow_*) source=$tests/slow.h ;; esac
    above "$function" "$source" >"$scratch/above"
    grep -qF "[$shown]" "$scratch/above" ||
        echo "  no [$shown] in the comment above $function" >>"$bad"
    grep -qE "^(SPPO_DEF )?[a-z_ ]*[* ]?$function\(" "$source" ||
        echo "  no definition of $function" >>"$bad"
    if [ ! -f "$tests/$test.c" ]; then
        echo "  no $test.c" >>"$bad"
    else
        grep -q "$function *(" "$tests/$test.c" ||
            echo "  $test.c never calls $function" >>"$bad"
        grep -qE "CASE\(${case_name}_" "$tests/$test.c" ||
            echo "  $test.c has no case named ${case_name}_..." >>"$bad"
    fi
    # README's row names the same function and test, and the examples.
    row=$(grep -F "| $shown |" "$readme" | grep -F "| \`$function\` |")
    case $row in
    *"| ${test#test_} \`${case_name}_*\` |"*) ;;
    *) echo "  README.md has no such row" >>"$bad" ;;
    esac
    shows=$(echo "$row" | sed 's/ |$//; s/.*| //; s/,//g')
    exactly=$(echo "$shown" | sed 's/\./\\./')'([^0-9]|$)'
    for n in ${shows:-none}; do
        grep -qE "$exactly" "$tests/../examples/lessons/${n}"_*.c 2>/dev/null ||
            echo "  example $n does not show $shown" >>"$bad"
    done
    verdict "index: $shown, $function, $test, examples $shows" "$bad"
done <"$scratch/index"

sed -n '/<!-- equations -->/,/<!-- .equations -->/p' "$readme" |
    grep -c '^| [A-Z][a-z]* [0-9A-Z]' >"$scratch/rows"
: >"$bad"
[ "$(cat "$scratch/rows")" -eq "$(wc -l <"$scratch/index")" ] ||
    echo "  README.md has $(cat "$scratch/rows") rows" >"$bad"
verdict "README.md has no other rows" "$bad"

# The other way: a tag that stands in the code has its row.
awk '
    {
        line = $0
        while (match(line, /\[(Eq|Alg|Sec|App|Thm)[^]]*\]/)) {
            print NR, substr(line, RSTART + 1, RLENGTH - 2)
            line = substr(line, RSTART + RLENGTH)
        }
    }
' "$header" >"$scratch/tags"
: >"$bad"
while read -r line tag; do
    grep -q "^$(echo "$tag" | tr ' ' '_') " "$scratch/index" ||
        echo "  line $line: [$tag] has no row" >>"$bad"
done <"$scratch/tags"
verdict "every tag has its row in the index" "$bad"

# ---- the index of the network ----

# Functions of a test whose comment has the tag.
cases_below() {  # tag, file
    awk -v tag="[$1]" '
        /\/\*/ && !comment { text = ""; comment = 1 }
        comment { text = text " " $0; if (/\*\//) comment = 0; next }
        /^static void [a-z0-9_]+\(void\)/ && index(text, tag) {
            sub(/\(.*/, "", $3)
            print $3
        }
        { text = "" }
    ' "$2"
}

# Complaints about one of the manual's indexes of tags: a tag stands in the
# comment directly above its function, and above a case of its test; no tag
# stands without a row.  Of the network's the rows count from 1.
tag_index() {  # title, fewest rows, header, folder of tests
    awk -v title="$1 INDEX" '
        index($0, title) { on = 1; next }
        on && !/[A-Za-z]/ { exit }
        on && $2 ~ /^[A-Z]/ && $3 ~ /^[0-9]+$/ {
            print $2, $3, $(NF - 1), $NF
        }
    ' "$3" >"$scratch/tags"
    awk -v least="$2" '
        $1 == "Net" && $2 != NR { print "  row " NR " is [Net " $2 "]" }
        END { if (NR < least) print "  only " NR " rows" }' "$scratch/tags"
    while read -r word n function test; do
        above "$function" "$3" | grep -qF "[$word $n]" ||
            echo "  no [$word $n] in the comment above $function"
        cases_below "$word $n" "$4/$test.c" >"$scratch/cases"
        sed 's/.*/CASE(&)/' "$scratch/cases" |
            grep -qFf - "$4/$test.c" && [ -s "$scratch/cases" ] ||
            echo "  no case of $test.c is below a comment with [$word $n]"
    done <"$scratch/tags"
    for word in $(cut -d' ' -f1 "$scratch/tags" | sort -u); do
        grep -oE "\[$word [0-9][^]]*\]" "$3" | tr -d '[]' | sort -u |
            while read -r word n; do
                grep -q "^$word $n " "$scratch/tags" ||
                    echo "  [$word $n] has no row"
            done
    done
}

tag_index METHODS 13 "$header" "$tests" >"$bad"
verdict "the methods' index: $(wc -l <"$scratch/tags" | tr -d ' ') rows" "$bad"
tag_index NETWORK 18 "$header" "$tests" >"$bad"
verdict "the network's index: $(wc -l <"$scratch/tags" | tr -d ' ') rows" "$bad"

# Breaches of it, one at a time in copies, are seen.
planted() {  # what, of the header, of test_kernels.c: edits for sed
    mkdir -p "$scratch/planted"
    sed "$2" "$header" >"$scratch/planted/sppo.h"
    sed "$3" "$tests/test_kernels.c" >"$scratch/planted/test_kernels.c"
    cp "$tests/test_policy.c" "$scratch/planted"
    tag_index NETWORK 18 "$scratch/planted/sppo.h" "$scratch/planted" \
        >"$scratch/complaints"
    : >"$bad"
    [ "$(wc -l <"$scratch/complaints")" -eq 1 ] ||
        sed 's/^ */  said: /' "$scratch/complaints" >"$bad"
    [ -s "$scratch/complaints" ] || echo "  nothing was said" >"$bad"
    verdict "seen: $1" "$bad"
}

planted "a tag that left its function" \
    's|^/\* \[Net 10\] The causal|/* The causal|' ''
planted "a function of another name" 's/sppoi_block_mask(/sppoi_block_hide(/' ''
planted "a tag without a row" 's|^/\* \[Net 10\]|/* [Net 90] [Net 10]|' ''
planted "a test that does not name the tag" '' 's/\[Net 5\]//'
planted "a tag above no case" '' \
    's/^    CASE(rope_matches_slow_and_backward_turns_back),//'

# ---- sections and options ----

: >"$bad"
awk '/CONTENTS/ { on = 1 } on { print } /EQUATION INDEX/ { exit }' "$header" |
    grep -oE '>>[a-z0-9.]+' | sort >"$scratch/listed"
grep -oE '^/\* ====.*>>[a-z0-9.]+' "$header" | grep -oE '>>[a-z0-9.]+' | sort \
    >"$scratch/banners"
sort -u "$scratch/listed" | while read -r tag; do
    n=$(grep -cx -e "$tag" "$scratch/banners")
    [ "$n" -eq 1 ] || echo "  $tag: $n banners" >>"$bad"
done
while read -r tag; do
    grep -qx -e "$tag" "$scratch/listed" || echo "  $tag is not listed" >>"$bad"
done <"$scratch/banners"
verdict "contents and section banners agree" "$bad"

: >"$bad"
grep -oE '^ *#(el)?if.*' "$scratch/code" | grep -oE 'SPPO_[A-Z_]+' | sort -u |
    grep -vxE 'SPPO_H|SPPO_DEF|SPPO_IMPLEMENTED' >"$scratch/used"
awk '/ OPTIONS/ { on = 1; next } on && !/[A-Za-z]/ { exit } on { print }' \
    "$header" | sed 's/SPPO_MALLOC, _FREE/SPPO_MALLOC SPPO_FREE/' |
    grep -oE 'SPPO_[A-Z_]+' | sort -u >"$scratch/options"
while read -r option; do
    grep -qx "$option" "$scratch/options" ||
        echo "  $option is used and not described" >>"$bad"
done <"$scratch/used"
while read -r option; do
    grep -q "$option" "$scratch/code" ||
        echo "  $option is described and not used" >>"$bad"
done <"$scratch/options"
verdict "options in the manual and in the code agree" "$bad"

# ---- symbols ----

if $cc -std=c99 -O1 -fno-pic -fno-pie -x c -DSPPO_IMPLEMENTATION -c "$header" \
    -o "$scratch/sppo.o" 2>"$scratch/log"; then
    nm "$scratch/sppo.o" >"$scratch/nm"
    awk 'NF == 3 && $2 ~ /[A-Z]/ && $3 !~ /^sppo_/ { print "  " $0 }' \
        "$scratch/nm" >"$bad"
    verdict "every external symbol begins with sppo_" "$bad"
    awk 'NF == 3 && $2 ~ /[bBdDcCgGsS]/ { print "  " $0 }' "$scratch/nm" >"$bad"
    verdict "no writable data" "$bad"
    awk '$1 == "U" { print $2 }' "$scratch/nm" |
        grep -xE "_*($forbidden)(_chk|_fail)?|stdout|stderr|__assert_fail" |
        sed 's/^/  needs /' >"$bad"
    verdict "nothing that ends, prints or reads the clock is linked" "$bad"
    grep -oE '^(SPPO_DEF [A-Za-z0-9_ *]*[ *])sppo_[a-z0-9_]+\(' \
        "$scratch/code" | grep -oE 'sppo_[a-z0-9_]+\($' | tr -d '(' |
        sort -u >"$scratch/declared"
    : >"$bad"
    while read -r name; do
        grep -q " T $name\$" "$scratch/nm" || echo "  $name" >>"$bad"
    done <"$scratch/declared"
    verdict "every declared function is defined" "$bad"
    $cc -std=c99 -O1 -fno-pic -fno-pie -x c -DSPPO_IMPLEMENTATION \
        -DSPPO_STATIC -c "$header" -o "$scratch/static.o" 2>>"$scratch/log" &&
        nm "$scratch/static.o" | awk '$2 ~ /[TDBC]/' >"$bad"
    verdict "SPPO_STATIC exports nothing" "$bad"
    files='f?open|fopen64|f(read|write|close|seek|tell|flush|sync)|read|write'
    files="$files|close|stat|fileno|rename|remove|unlink"
    $cc -std=c99 -O1 -x c -DSPPO_IMPLEMENTATION -DSPPO_NO_STDIO -c "$header" \
        -o "$scratch/nostdio.o" 2>>"$scratch/log" &&
        nm "$scratch/nostdio.o" |
        awk '$1 == "U" { print "  needs " $2 }' |
        grep -E " ($files)\$" \
        >"$bad"
    verdict "SPPO_NO_STDIO touches no file" "$bad"
else
    cp "$scratch/log" "$bad"
    verdict "sppo.h compiles" "$bad"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
