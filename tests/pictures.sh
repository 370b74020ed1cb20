# pictures.sh - what a program can check of an SVG that svg.h has drawn
#
# Sourced by tests that have pictures at hand.

# The parts of a picture are there and in order: bands, lines, marks; a page that
# prefers dark is thought of; every number is one; on a coloured cell of a heat
# map the contrast of its figure is 4.5 at least (Web Content Accessibility
# Guidelines 2.1, relative luminance).  Prints what is wrong.
check_picture() {  # file
    awk -v name="$(basename "$1")" '
        function channel(x) {
            x /= 255
            return x <= 0.03928 ? x / 12.92 : exp(2.4 * log((x + 0.055) / 1.055))
        }
        function ratio(a, b) { return a > b ? (a + .05) / (b + .05) : (b + .05) / (a + .05) }
        function complain(what) { print name ": " what; bad = 1 }

        NR == 1 && !/^<svg / { complain("does not begin with <svg") }
        /nan|inf[^o]/ { complain("line " NR ": not a number") }
        /^<title>[^<]+<\/title>$/ { titles++ }
        /^<desc>[^<]+<\/desc>$/ { descriptions++ }
        /prefers-color-scheme:dark/ { dark++ }
        /<g class=.bands.>/ { bands = NR }
        /<g class=.lines.>/ { lines = NR }
        /<g class=.marks.>/ { marks = NR }
        /fill-opacity=.0.15./ { if (!bands || lines) complain("a band beside the others") }
        /fill=.none. stroke-width/ { if (!lines || marks) complain("a line beside the others") }
        /fill=.rgb\(/ {
            split($0, part, /[(),]/)
            ground = .2126 * channel(part[2]) + .7152 * channel(part[3]) + .0722 * channel(part[4])
            cells++
            wanted = 1
            next
        }
        wanted {
            wanted = 0
            ink = index($0, "#fff") ? 1 : index($0, "#000") ? 0 : -1
            if (ink < 0 || ratio(ink, ground) < 4.5) complain("line " NR ": contrast too low")
        }
        { last = $0 }
        END {
            if (last != "</svg>") complain("does not end with </svg>")
            if (titles != 1) complain("has no <title>")
            if (descriptions != 1) complain("has no <desc>")
            if (dark != 1) complain("has no colours for a dark page")
            if (!cells && !(bands && bands < lines && lines < marks))
                complain("bands, lines, marks are not in order")
            exit bad
        }' "$1"
}
