# full.sh - of soak.sh: a disk that gets full, by bytes or by files: every
# command that writes says so, keeps what was there and leaves no temporary

small=$work/small
size=12288  # KiB of the disk
umount "$small" 2> /dev/null  # of one that was killed
mkdir -p small
if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=${size}k,nr_inodes=1000 \
    soak "$small" 2> err; then
    skip full_disks "a small tmpfs is mounted by root alone: $(head -n 1 err)"
    return 0
fi
trap 'umount "$small"' EXIT
trap 'exit 1' INT TERM

room() {  # of all files
    mount -o remount,size=${size}k,nr_inodes=1000 "$small"
    rm -f small/filler
}
fill() {  # but for so many KiB
    free=$(($(df -Pk small | awk 'NR == 2 { print $4 }') - $1))
    [ $free -le 0 ] || dd if=/dev/zero of=small/filler bs=1024 count=$free \
        2> /dev/null
}

# ends_full FIELD COMMAND..: on a disk that is full, or gets so; $how it does,
# and $got.  FIELD: KiB that it writes at the most
ends_full() {
    most=$1
    shift
    pick bytes bytes moment files
    filler=''
    case $picked in
    bytes) draw "$most"
        how="$drawn KiB free"
        fill "$drawn" ;;
    files) draw 12
        how="$drawn files more"
        mount -o remount,nr_inodes=$(($(find small | wc -l) + drawn)) \
            "$small" ;;
    moment) draw 600
        how="full after $drawn ms"
        (sleep "$(seconds "$drawn")"
         exec cat /dev/zero >> small/filler 2> /dev/null) & filler=$! ;;
    esac
    "$@" > said 2> err < /dev/null
    got=$?
    [ -z "$filler" ] || wait $filler
}

# said_full CLAIM: the exit code and the sentence, and no temporary
said_full() {
    case $got in
    0) fitted=$((fitted + 1)) ;;
    5) full=$((full + 1))
        grep '^sppo [a-z]*: .*\(small/\|standard output\)' err |
            grep -q ': \(No space left on device\|the disk is full\)' ||
            bad "$1" "$how: $(cat err)" ;;
    *) bad "$1" "$how: exit $got: $(tail -n 2 err)" ;;
    esac
    [ -z "$(left small)" ] || bad "$1" "$how: $(left small) is left"
}

# began CLAIM: figures of one
began() {
    claim=$1 full=0 fitted=0 cases=0 before=$failed
}
goes_on() { [ $cases -lt "$rounds" ] && [ $((failed - before)) -lt 3 ]; }
verdict() {
    [ $failed -ne "$before" ] ||
        ok "${claim}_${full}_times_full_and_${fitted}_times_not"
    all_full=$((all_full + full))
}
rounds=$((goal / 10 + 2)) all_full=0

# ---- runs: what they leave is gone on with -----------------------------------

for name in align asked grouped moving prefer paired pretrain begun; do
    whole $name
    whole ${name}_before
    began "${name}_on_a_disk"
    while goes_on; do
        settings $name
        rm -rf small/run
        pick --resume --resume --force
        [ $picked = --resume ] || cp -r "whole_${name}_before" small/run
        begin=$picked
        # shellcheck disable=SC2086
        ends_full 8000 "$tool" $arguments --save-seconds 0 $begin \
            --out small/run
        said_full $claim
        how="$how, $begin"
        # no more than its beginning was lost: the model of before is there
        if [ $got -eq 5 ] && [ $begin = --force ]; then
            model=small/run
            case $name in a*) model=small/run/policy ;; esac
            "$tool" info $model > out 2> err || bad $claim "$how: $(cat err)"
        fi
        room
        if [ $begin = --resume ] ||
            cmp -s small/run/settings.json "whole_$name/settings.json"; then
            begin=--resume
            resumes=$((resumes + 1))
        fi
        # shellcheck disable=SC2086
        "$tool" $arguments $begin --out small/run > said 2> err ||
            bad $claim "$how: $(cat err)"
        alike $claim "whole_$name" small/run || echo "$how, exit $got"
        cases=$((cases + 1))
    done
    verdict
done
rm -rf small/run

# ---- files and folders that are replaced -------------------------------------

began convert_to_a_folder_on_a_disk
while goes_on; do
    rm -rf small/to seen
    cp -r as_two small/to
    ends_full 1000 "$tool" convert --quiet --force --from as_one --to small/to
    said_full $claim
    if [ $got -eq 5 ] && ! grep -q 'the model is saved, but' err; then
        diff -r as_two small/to > differ || bad $claim "$how: $(cat differ)"
    else
        "$tool" convert --quiet --from small/to --to seen &&
            diff -r as_one seen > differ || bad $claim "$how: $(cat differ)"
    fi
    room
    cases=$((cases + 1))
done
verdict
rm -rf small/to

# replaced CLAIM KIB OLD NEW FILE COMMAND..: FILE is the old or the new one
replaced() {
    began "$1"
    most=$2 old=$3 new=$4 file=$5
    shift 5
    "$@" > said 2> err
    [ -z "$new" ] || cp "$file" "$new"
    kib=$most
    while goes_on; do
        cp "$old" "$file"
        ends_full "$kib" "$@"
        said_full $claim
        if [ $got -eq 5 ]; then cmp -s "$old" "$file"; else
            cmp -s "$new" "$file"; fi || bad $claim "$how: it is another file"
        room
        cases=$((cases + 1))
    done
    verdict
    rm -f "$file"
}
replaced convert_to_a_file_on_a_disk 1000 text.txt new.bin small/to.bin \
    "$tool" convert --quiet --force --from base --to small/to.bin
replaced tokenizer_on_a_disk 16 text.txt new.tok small/tok.bin \
    "$tool" tokenizer --quiet --force --text words.txt --vocab 400 \
    --out small/tok.bin

# What goes to standard output: the shell has emptied it before.
printf '0.5,0.7\n0.3,0.5\n' > game.csv
awk '{ printf "{\"prompt\": \"red\", \"response\": \"%d\"}\n", NR }' text.txt \
    > rows.jsonl
for name in sample score evaluate info game; do
    case $name in
    sample) arguments="--policy base --prompts prompts.jsonl --max-tokens 8" ;;
    score) arguments="--policy base --jsonl rows.jsonl --per-token" ;;
    evaluate) arguments="--policy base --against base --prompts few.jsonl
        --preference taste --max-tokens 4 --json" ;;
    info) arguments=base ;;
    game) arguments="--matrix game.csv --steps 10" ;;
    esac
    began "${name}_on_a_disk"
    while goes_on; do
        fill 0
        # shellcheck disable=SC2086
        "$tool" $name $arguments > small/said 2> err
        got=$? how='no KiB free'
        said_full $claim
        [ $got -eq 5 ] || bad $claim "exit $got"
        rm -f small/said
        room
        cases=$((cases + rounds / 2 + 1))
    done
    verdict
done

figures="$figures, $all_full full disks"
umount "$small"
trap - EXIT INT TERM
