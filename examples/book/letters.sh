#!/bin/sh
# letters.sh [--conversions] - the sheet of letters, letters.md, on stdout
#
# Of letters.txt, and of the table of methods in ../tool/README.md, whose third
# column says what a paper's letters are here.  `make letters` writes the file.
# With --conversions: lines NAME|THEIRS|HERE, as they were read.
here=$(dirname "$0")

# "its eta is 1/eta, tau is pull/eta" of inpo becomes two lines.
conversions() {
    sed -n '/<!-- methods -->/,/<!-- .methods -->/p' "$here/../tool/README.md" |
        awk -F ' *[|] *' '
        NF < 5 || $2 ~ /--method/ || $2 ~ /^-/ { next }
        {
            name = $2
            gsub(/`/, "", name)
            if (name == "") {  # it is named where it is described
                name = $5
                sub(/[;,].*/, "", name)
            }
            order[++names] = name
            cell[name] = $4
        }
        END {
            for (i = 1; i <= names; i++) {
                name = order[i]
                said = cell[name]
                if (said ~ /^as /) said = cell[substr(said, 4)]
                n = split(said, part, ", ")
                for (j = 1; j <= n; j++) {
                    sub(/^its /, "", part[j])
                    sub(/ of its KL/, "", part[j])
                    sub(/ \([0-9]+: [a-z]+\)/, "", part[j])
                    theirs = rest = part[j]
                    sub(/ .*/, "", theirs)
                    if (!sub(/^[^ ]+ /, "", rest)) rest = theirs
                    sub(/^is /, "", rest)
                    sub(/^the /, "", rest)
                    if (said != "") print name "|" theirs "|" rest
                }
            }
        }'
    awk -F ' *[|] *' '$1 == "convert" { print $2 "|" $3 "|" $4 }' \
        "$here/letters.txt"
}

# For each of what is here, whose letters it is: beta of dpo, gpo.
by_meaning() {
    conversions | awk -F '|' '
        !($3 in seen) { seen[$3] = 1; order[++meanings] = $3 }
        {
            at = $3 SUBSEP $2
            if (!(at in who)) letters[$3] = letters[$3] SUBSEP $2
            who[at] = who[at] (who[at] == "" ? "" : ", ") $1
        }
        END {
            print "| here | theirs |\n|---|---|"
            for (i = 1; i <= meanings; i++) {
                n = split(substr(letters[order[i]], 2), letter, SUBSEP)
                line = "| `" order[i] "` |"
                for (j = 1; j <= n; j++)
                    line = line (j > 1 ? ";" : "") " `" letter[j] "` of " \
                        who[order[i] SUBSEP letter[j]]
                print line " |"
            }
        }'
}

if [ "$1" = --conversions ]; then
    conversions
    exit
fi
cat <<'END'
# Letters

<!-- made by letters.sh; do not edit -->

The same thing has another name in each paper, and the same letter means another thing. A row is a thing; `here` is what
sppo.h and its tool call it. Empty: the paper has no such thing.

END
sed '/^#/d; /^convert/d; /^note/d; /^$/d; s/\\|/@/g' "$here/letters.txt" |
    awk -F ' *[|] *' '
    {
        head = $1 == "columns"
        line = "| " (head ? "" : $1) " |"
        for (i = 2; i <= NF; i++) {
            mark = head ? "" : "`"
            line = line " " ($i == "-" ? "" : mark $i mark) " |"
        }
        print line
        if (head) {
            for (line = "|---|"; NF > 1; NF--) line = line "---|"
            print line
        }
    }' | sed 's/@/\\|/g'
printf '\nFrom theirs to these, by the names of `sppo align --method` and of programs:\n\n'
by_meaning
echo
awk 'sub(/^note [|] /, "* ") { print (n++ ? "\n" : "") $0 }' "$here/letters.txt"
