# seconds.sh - what the shell's `times` prints, as seconds of the processor: of
# all that ended so far, which other work on the machine does not change

seconds() {
    awk 'NR == 2 { gsub(/[ms]/, " "); print $1 * 60 + $2 + $3 * 60 + $4 }'
}
