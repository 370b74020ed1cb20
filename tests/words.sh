# words.sh - texts made of chosen words, for the scripts that train on them

# words LIST LINES: so many lines of the list's words, as they like to come
words() {
    awk -v list="$1" -v lines="$2" 'BEGIN {
        n = split(list, w, " ")
        for (s = 7; i < lines; i++) {
            line = ""
            for (j = 0; j < 6; j++) {
                s = (s * 1103515245 + 12345) % 2147483648
                line = line (j ? " " : "") w[int(s / 65536) % n + 1]
            }
            print line
        }
    }'
}
