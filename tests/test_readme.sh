#!/bin/sh
# test_readme.sh - what README.md says of figures, tables and commands is so
#
# Run     tests/test_readme.sh build build/scratch    (programs, scratch folder)
# Prints  as test_rows.sh.  Figures that a test cannot make here in seconds stand
#         in README with the commit they are of; that they do is tested.

programs=$1
work=$2/readme
tool=$programs/sppo
if [ ! -x "$tool" ] || [ -z "$2" ]; then
    echo "usage: $0 PROGRAMS SCRATCH_FOLDER" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
readme=$root/README.md
case $work in /*) ;; *) work=$PWD/$work ;; esac
case $programs in /*) ;; *) programs=$PWD/$programs tool=$PWD/$tool ;; esac
rm -rf "$work"
mkdir -p "$work" && cd "$work" || exit 1
LC_ALL=C
export LC_ALL

. "$root/tests/tool.sh"

# The lines of README between <!-- NAME --> and <!-- /NAME -->.
block() { sed -n "/<!-- $1 -->/,/<!-- .$1 -->/p" "$readme" | sed '1d;$d'; }

# equal NAME WHAT README-SAYS
equal() {
    if [ "$2" = "$3" ]; then ok "$1"; else
        bad "$1" "it is \"$2\", README says \"$3\""; fi
}

# ---- the demo ---------------------------------------------------------------

# Rounding differs between compilers, and training spreads it: numbers with a
# decimal point may be off by 0.02, or by 0.5 from 10 on; words are the same.
demo_agrees() {
    awk '
        function near(a, b) { return a - b < room && b - a < room }
        /^ *before/ { texts = 1 }
        /^ *Plot/ { texts = 0; next }
        texts { next }
        NR == FNR { line[++n] = $0; next }
        {
            words = split($0, a, /[ ()]+/)
            if (split(line[++m], b, /[ ()]+/) != words) { print $0; exit 1 }
            for (i = 1; i <= words; i++) {
                room = a[i] > 10 ? 0.5 : 0.02
                if (a[i] != b[i] && !(a[i] ~ /\./ && near(a[i], b[i]))) {
                    print "README: " $0 "\nprinted: " line[m]
                    exit 1
                }
            }
        }
        END { if (m != n) { print n " lines, " m " in README"; exit 1 } }' \
        printed promised
}

block demo | sed 's/^    //' | grep -v '^$' | sed 's/^ *//' > promised
(cd "$root" && sh examples/instruct/demo.sh "$work/demo") 2> err | grep -v '^$' |
    sed "s/^ *//; s|$work/demo|build/demo|" > printed
holds "the demo prints what README shows" demo_agrees
# shellcheck source=/dev/null
. "$root/tests/pictures.sh"
holds "the demo's plot is sound" check_picture demo/win_rates.svg

parameters=$("$tool" info "$root/tiny_models/policy" |
    awk '$1 == "parameters" { printf "%.2f M", $2 / 1e6 }')
equal "parameters of the demo's policy" "$parameters" \
    "$(sed -n 's/^The policy (\(0\.[0-9]* M\) parameters).*/\1/p' "$readme")"

equal "comparisons of the demo's preference model" \
    "$(sed -n 's/.*pairs --count \([0-9]*\) .*/\1/p' \
        "$root/examples/instruct/models.sh")" \
    "$(sed -n 's/.*nine tenths of \([0-9,]*\) comparisons.*/\1/p' "$readme" |
        tr -d ,)"

# ---- tables that are kept elsewhere -----------------------------------------

block repro | grep '^|' > shown
(cd "$root/examples/reproduction" && cat short.md &&
    sed 1,2d methods-short.md) > kept
same "the table of claims is the kept reports'" shown kept

# The seconds of an example are those of its own header.
for source in "$root"/examples/lessons/0*.c; do
    name=$(basename "$source")
    equal "$name: seconds" \
        "$(sed -n 's/.* Time *\(.*[0-9]\) s *$/\1/p' "$source" | head -n 1)" \
        "$(grep -F "[$name]" "$readme" | awk -F ' *[|] *' '{ print $3 }')"
done

# ---- the header -------------------------------------------------------------

last() {  # the greatest number N of the manual's list "LETTER N"
    sed -n "s/^ \*   $1\([0-9][0-9]*\) .*/\1/p" "$root/sppo.h" | tail -n 1
}
equal "departures are numbered D1 to" "$(last D)" \
    "$(sed -n 's/.*(D1 to D\([0-9]*\)).*/\1/p' "$readme")"
equal "slips are numbered S1 to" "$(last S)" \
    "$(sed -n 's/.*(S1 to S\([0-9]*\)).*/\1/p' "$readme")"

# ---- the audit --------------------------------------------------------------

rows=$(grep -cE '^ *[0-9]+' "$root/tests/audit.txt")
equal "checks of make audit" "$rows" \
    "$(sed -n 's/^`make audit` runs \([0-9]*\) checks.*/\1/p' "$readme")"
if [ -x "$programs/tests/game-double" ]; then
    (cd "$root" && sh tests/audit.sh "$programs/tests") > audit 2> err
    for row in 9 24; do
        equal "row $row of the audit" \
            "$(awk -v n=$row '$1 == n { $(NF - 2) = ""; print }' audit)" \
            "$(awk -v n=$row '/^     *[0-9]/ && $1 == n && /pass$/ {
                $(NF - 2) = ""; print }' "$readme")"
    done
    equal "the audit's last line" "$(tail -n 1 audit)" \
        "$(sed -n 's/^ *\([0-9]* rows, .*\)/\1/p' "$readme")"
else
    skip "the audit's rows" "its programs are not built"
fi

# ---- commands ---------------------------------------------------------------

# Every option that stands behind a command of the tool is one of that command.
grep -oE 'sppo (tokenizer|pretrain|prefer|align|sample|score|judge|evaluate|game|convert|info|report) [^`|#]*' \
    "$readme" | while read -r _ command rest; do
    "$tool" "$command" --help > help 2>&1
    for word in $rest; do
        case $word in
        --*) grep -qe "^  *$word\b" help || echo "$command has no $word" ;;
        ..*) echo "sppo $command $rest: abbreviated" ;;
        esac
    done
done > wrong
if [ -s wrong ]; then bad "commands can be run as printed" "$(cat wrong)"; else
    ok "commands can be run as printed"; fi
for target in $(grep -oE '(`|^    )make [a-z][a-z-]*' "$readme" |
    sed 's/.*make //' | sort -u); do
    grep -q "^$target:" "$root/Makefile" || echo "no target $target"
done > wrong
if [ -s wrong ]; then bad "targets of make exist" "$(cat wrong)"; else
    ok "targets of make exist"; fi

# The tool's tables of methods: a name and its options are the same settings,
# each name has its row, and what else is called SPPO is options that exist.
sed 's/}$/, "response": "well ."}/' "$root/tiny_models/prompts.jsonl" > gold.jsonl
resolved() {  # OPTIONS..: the settings of a run, but for the method's name
    case $* in
    *gold | *spin) judge= ;;
    *) judge="--preference tiny_models/preference" ;;
    esac
    # shellcheck disable=SC2086
    (cd "$root" && "$tool" align --policy tiny_models/policy $judge \
        --prompts "$work/gold.jsonl" --out "$work/no" --dry-run "$@" 2>&1) |
        grep -vE '^(  method|time) '
}
for part in methods called; do  # rows "NAME|OPTIONS", of the first NAME or none
    sed -n "/<!-- $part -->/,/<!-- .$part -->/p" \
        "$root/examples/tool/README.md" | grep -F '`--' | grep -v '^| `--m' |
        sed 's/^| `\([a-z-]*\)` |/|\1|/; s/^| [^|]*|/||/
             s/^|\([^|]*\)|[^`]*`\(--[^`]*\)`.*/\1|\2/'
done > rows
while IFS='|' read -r name options; do
    # shellcheck disable=SC2086
    resolved $options > by_options
    grep -q '^parameters' by_options || echo "$options: $(head -n 1 by_options)"
    [ -z "$name" ] || resolved --method "$name" | diff - by_options |
        sed "s/^/$name: /"
done < rows > wrong
if [ ! -s wrong ] && [ "$(wc -l < rows)" -ge 20 ]; then
    ok "methods are their options"
else bad "methods are their options" "$(head -n 5 wrong)"; fi
equal "methods that are named" \
    "$("$tool" align --method none 2>&1 | sed 's/.*one of //; s/,.*//')" \
    "$(cut -d'|' -f1 rows | grep . | paste -sd'|')"
"$tool" align --help | tr -s ' \n' '  ' > out
says "DPO's usual beta is 0.1" "beta, usually 0.1"

# ---- the tiny models ---------------------------------------------------------

sed -n '/<!-- cksum -->/,/<!-- .cksum -->/p' "$root/tiny_models/README.md" |
    sed '1d; $d; s/^    //' > said
(cd "$root/tiny_models" && cksum policy/* preference/* ./*.jsonl |
    sed 's|\./||') > cksums
if cmp -s said cksums; then ok "the tiny models are those of their page"; else
    bad "the tiny models are those of their page" "$(diff said cksums | head -n 4)"
fi

# ---- links ------------------------------------------------------------------

for page in "$readme" "$root"/*/README.md "$root"/examples/*/README.md; do
    grep -oE '\]\([^)#:]+\)' "$page" | sed 's/^](//; s/)$//' |
        while read -r link; do
            [ -e "$(dirname "$page")/$link" ] ||
                echo "${page#"$root"/}: $link"
        done
done > links
if [ -s links ]; then bad "links between files lead somewhere" \
    "$(head -n 3 links)"; else ok "links between files lead somewhere"; fi

# ---- figures that are of a commit -------------------------------------------

dated() {  # NAME: README lines that have figures; the first holds a commit
    if grep -qE 'commit [0-9a-f]{7}' dated; then ok "$1"; else
        bad "$1" "there is no commit: $(head -c 200 dated)"; fi
}
for part in real bench; do
    block $part > dated
    dated "figures of <!-- $part --> are of a commit"
done
grep -A 2 '^`make mutate`' "$readme" > dated
dated "mutants are of a commit"
if git -C "$root" rev-parse 2> /dev/null; then
    for commit in $(grep -oE 'commit [0-9a-f]{7}' "$readme" | cut -c 8-); do
        git -C "$root" cat-file -e "$commit^{commit}" 2> /dev/null ||
            echo "$commit"
    done > wrong
    if [ -s wrong ]; then bad "commits exist" "$(cat wrong)"; else
        ok "commits exist"; fi
else
    skip "commits exist" "this is no clone"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
