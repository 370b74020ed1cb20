# judges.sh - of soak.sh: a judge that dies, hangs, floods, answers twice, late
# or by half, at any prompt: the run ends in time, says why, leaves no process
# of it, and goes on to the same bits with a judge that is well

# Its answers depend on the texts alone, but for the one whose number is in the
# file at: there it is as the file ill says.
cat > ask.sh <<'SH'
#!/bin/sh
echo $$ >> judges
n=0 ill=well at=0
[ ! -e ill ] || read -r ill at < ill
while read -r line; do
    n=$((n + 1))
    text=${line%, \"id\"*}
    p=$((${#text} * 37 % 80 + 10))
    answer="{\"probabilities\": [[0.5, 0.$p], [0.$((100 - p)), 0.5]]"
    [ ! -e numbered ] || answer="$answer, \"id\": $n"
    answer="$answer}"
    [ $n -eq "$at" ] || { echo "$answer"; continue; }
    case $ill in
    ends) exit 4 ;;
    ends_after) echo "$answer"; exit 4 ;;
    is_killed) kill -9 $$ ;;
    hangs) exec sleep 1000 ;;
    hangs_with_a_child) sleep 1000 & echo $! >> judges; wait ;;
    will_not_go) trap '' TERM HUP INT; sleep 1000 & echo $! >> judges; wait ;;
    closes) exec sleep 1000 >&- ;;
    stops_listening) exec sleep 1000 <&- ;;
    floods) while echo "$answer"; do :; done ;;
    floods_blank) while echo; do :; done ;;
    floods_a_line) exec tr '\0' x < /dev/zero ;;
    twice) echo "$answer"; echo "$answer" ;;
    twice_late) echo "$answer"; { sleep 0.03; echo "$answer"; } & ;;
    other_twice) printf '%s\n' "$answer" \
        '{"probabilities": [[0.5, 1], [0, 0.5]]}' ;;
    late) sleep 2; echo "$answer" ;;
    half_and_ends) printf %.20s "$answer"; exit 4 ;;
    half_and_hangs) printf %.20s "$answer"; exec sleep 1000 ;;
    slow) sleep 0.4; echo "$answer" ;;
    half_and_half) printf %.20s "$answer"; sleep 0.4
        echo "${answer#????????????????????}" ;;
    esac
done
SH
chmod +x ask.sh
ills="ends ends_after is_killed hangs hangs_with_a_child will_not_go closes
    stops_listening floods floods_blank floods_a_line twice twice_late
    other_twice late half_and_ends half_and_hangs slow
    half_and_half"
head -n 160 "$root/tiny_models/prompts.jsonl" > many.jsonl

# expected ILL: $code and $pattern, as the tool documents them.  The shell that
# starts a judge may stay, with the output open and the exit code its own.
silent='silent for 1 s (--judge-timeout)'
more='answers no request\|its "id" is another\|came before its request'
expected() {
    code=1
    case $1 in
    ends | ends_after) pattern='ended with exit code 4' ;;
    is_killed) pattern='ended by signal 9\|ended with exit code 137' ;;
    closes) pattern="it closed its output\|$silent" ;;
    floods | twice* | other_twice) pattern=$more ;;
    floods_blank) pattern="is wrong: \|$more" ;;
    floods_a_line) pattern='is wrong: the line is too long' ;;
    half_and_ends) pattern='is wrong: ' ;;
    slow | half_and_half) code=0 pattern='' ;;
    *) pattern=$silent ;;
    esac
}

judged="align --policy base --prompts many.jsonl --k 2 --max-tokens 4
    --epochs 1 --batch 40 --iterations 2 --judge ./ask.sh"
rm -f ill numbered judges
# shellcheck disable=SC2086
holds a_judge_that_is_well "$tool" $judged --out whole_judged

rounds=$((goal / 50 + 1)) cases=0 before=$failed longest=0
[ "$goal" -ge 10 ] || ills=$(printf '%s\n' $ills | awk -v seed="$seed" \
    '(NR + seed) % 3 == 0')
while [ $rounds -gt 0 ]; do
    rounds=$((rounds - 1))
    for ill in $ills; do
        rm -rf run judges numbered
        pick '' numbered
        [ -z "$picked" ] || : > numbered
        draw 160
        at=$((drawn + 1))
        echo "$ill $at" > ill
        pick 0 30
        expected $ill
        case="$ill at answer $at, --save-seconds $picked"
        [ ! -e numbered ] || case="$case, numbered"
        start=$(date +%s)
        # shellcheck disable=SC2086
        "$tool" $judged --judge-timeout 1 --save-seconds $picked --out run \
            > said 2> err < /dev/null
        got=$?
        took=$(($(date +%s) - start))
        [ $took -le $longest ] || longest=$took
        # a line too many that comes when all is answered may be missed
        [ $ill != twice_late ] || [ $got -ne 0 ] || code=0 pattern=''
        if [ $got -ne $code ] || ! grep -q "$pattern" err; then
            bad "a_judge_that_$ill" "$case: exit $got: $(tail -n 1 err)"; fi
        # a second of patience, 1.5 s to leave, and the run itself
        [ $took -le 10 ] || bad "a_judge_that_$ill" "$case: it took $took s"
        gone judges || bad "a_judge_that_$ill" "$case:$working is left"
        rm -f ill
        if [ $got -ne 0 ]; then
            resumes=$((resumes + 1))
            "$tool" align --resume --out run > said 2> err < /dev/null ||
                bad "a_judge_that_$ill" "$case: $(tail -n 1 err)"
        fi
        alike "a_judge_that_$ill" whole_judged run || echo "$case"
        cases=$((cases + 1))
    done
    echo "judges: $cases that were ill, $differences differences"
done
figures="$figures, $cases judges that were ill, the longest $longest s"
[ $failed -ne "$before" ] || ok "judges_that_were_ill_${cases}_times"
