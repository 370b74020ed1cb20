#!/bin/sh
# test_study.sh - a study in a few commands: a second judge that looks on,
# settings of another run, lists of values, tables of many policies
#
# Run     tests/test_study.sh build/sppo build/scratch   (tool, scratch folder)
# Prints  "ok name", "FAIL name: why" and a count; exits 1 when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"

cp -r "$root/tiny_models/policy" base
cp -r "$root/tiny_models/preference" taste
for i in 1 2 3 4 5 6; do
    echo "{\"prompt\": \"tell me of the number $i .\"}"
done > prompts.jsonl
head -n 3 prompts.jsonl > few.jsonl

# short OUT ARGUMENTS..: a short run
short() {
    out=$1
    shift
    "$tool" align --policy base --prompts prompts.jsonl --preference taste \
        --k 2 --max-tokens 6 --epochs 1 --batch 2 --out "$out" "$@"
}
# watched OUT ARGUMENTS..: one of two iterations that are validated
watched() { short "$@" --iterations 2 --validation few.jsonl; }
resume() {
    out=$1
    shift
    "$tool" align --resume --out "$out" "$@"
}
# alike NAME ONE OTHER: two runs, but for what settings.json says of who judges
alike() {
    if diff -r -x settings.json "$2" "$3" > differences; then ok "$1"; else
        bad "$1" "$(head -n 3 differences)"; fi
}

# ---- a second judge ------------------------------------------------------------

by_taste="'$tool' judge --preference taste"
# whoever comes first wins by 0.7: the policy, not the base policy
first='while read -r line; do
    echo "{\"probabilities\": [[0.5, 0.7], [0.3, 0.5]]}"; done'
holds alone watched alone
holds watched_by_a_model watched seen --watch taste
says watched_is_printed '^iteration 2  --watch sees a win rate of [01]\.[0-9]* '
holds watched_by_a_program watched told --watch "$first"
says program_is_printed 'iteration 1  --watch sees a win rate of 0.7000 (95'
for file in policy/model.safetensors iter1/judged.jsonl iter1/train.jsonl \
    iter2/model.safetensors run.safetensors; do
    same "who_watches_changes_no_bit_of_$file" alone/$file told/$file
done
# The same judge sees the same responses, so the same rates.
if awk -F, 'NR > 1 && ($2 != $11 || $3 != $12 || $4 != $13) { exit 1 }
    END { exit NR != 3 }' seen/validation.csv; then ok the_same_judge_agrees
else bad the_same_judge_agrees "$(cat seen/validation.csv)"; fi
cut -d , -f 1-10 alone/validation.csv > one
cut -d , -f 1-10 told/validation.csv > other
same who_watches_changes_no_validation one other
if awk -F, 'NR > 1 && $11 $12 $13 != "" { exit 1 }' alone/validation.csv
then ok nobody_watches_is_empty; else
    bad nobody_watches_is_empty "$(cat alone/validation.csv)"; fi

# column FILE NAME: the values that are there
column() {
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++)
            if ($i == name) at = i }
        NR > 1 && $at != "" { printf "%s ", $at }' "$1"
}
at=11
for name in eval/watch/win_rate eval/watch/win_rate/low \
    eval/watch/win_rate/high; do
    wanted=$(awk -F, -v at=$at 'NR > 1 { printf "%s ", $at }' seen/validation.csv)
    if [ -n "$wanted" ] && [ "$(column seen/metrics.csv $name)" = "$wanted" ]
    then ok "logged_as_$name"
    else bad "logged_as_$name" "$(column seen/metrics.csv $name)"; fi
    at=$((at + 1))
    if [ "$(grep -c "\"$name\": -*[0-9]" seen/metrics.jsonl)" -eq 2 ] &&
        [ "$(grep -ao "$name" seen/events.out.tfevents.sppo | wc -l)" -ge 2 ]
    then ok "in_all_logs_$name"
    else bad "in_all_logs_$name" "$(tail -n 1 seen/metrics.jsonl)"; fi
done

# It fails in the second iteration; another one goes on to the same bits.
failing="n=0; while read -r line; do n=\$((n + 1)); [ \$n -gt 3 ] && exit 3
    echo '{\"probabilities\": [[0.5, 0.7], [0.3, 0.5]]}'; done"
expect who_watches_fails 1 \
    '^sppo align: --watch n=0.*: the judge gave no answer to prompt 1 ' \
    watched fails --watch "$failing"
cp fails/run.safetensors before
holds another_watches resume fails --watch "$first"
alike another_watches_to_the_same_bits told fails
cat fails/settings.json > out
says another_watcher_is_noted '"history": \[{"iteration": 2, "setting": "watch", '

# A signal while it thinks.
slow='read -r line; : > slow_asked; sleep 30'
(exec "$tool" align --policy base --prompts prompts.jsonl --preference taste \
    --k 2 --max-tokens 6 --epochs 1 --batch 2 --iterations 2 \
    --validation few.jsonl --watch "$slow" --out slow > log 2>&1) &
pid=$!
tries=0
while [ ! -e slow_asked ] && [ $tries -lt 200 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -INT $pid
wait $pid
got=$?
if [ $got -eq 130 ]; then ok stops_while_somebody_watches; else
    bad stops_while_somebody_watches "exit $got: $(tail -n 1 log)"; fi
holds goes_on_with_another resume slow --watch "$first"
alike and_to_the_same_bits told slow

# Killed between its line in the logs and the checkpoint: the line stands once.
cp before fails/run.safetensors
holds watches_again resume fails
alike the_line_stands_once told fails
cp -r seen done
holds cut_back resume done
alike a_finished_run_stays seen done
mkdir elsewhere
elsewhere() { (cd elsewhere && resume ../seen --iterations 2); }
holds found_from_elsewhere elsewhere

expect nothing_to_watch 2 '^sppo align: --watch has no effect without --valid' \
    short none --watch taste
expect a_policy_cannot_watch 3 '^sppo align: --watch base: base holds a policy' \
    watched none --watch base
mkdir empty
expect an_empty_folder_cannot_watch 5 '^sppo align: --watch empty: ' \
    watched none --watch empty
expect watch_is_given_twice 2 '^sppo align: --watch is given twice' \
    watched none --watch taste --watch base
expect a_wrong_answer_is_said 1 \
    "^sppo align: --watch while read.*: the judge's answer to prompt 1 " \
    watched wrong --watch 'while read -r line; do echo "{}"; done'
expect another_model_is_refused 2 '^sppo align: --watch: base_taste is not the' \
    sh -c 'cp -r seen seen2 && cp -r taste base_taste &&
        sed "s/\"watch\": \"taste\"/\"watch\": \"base_taste\"/" \
            seen/settings.json > seen2/settings.json &&
        "$1" prefer --quiet --policy base --preferences "$2" --epochs 1 \
            --out base_taste --force > /dev/null &&
        exec "$1" align --resume --out seen2' sh "$tool" \
    "$root/tiny_models/preferences.jsonl"

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
