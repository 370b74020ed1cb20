#!/bin/sh
# test_resume.sh - runs that go on: what they are known by, what may be given
# anew, how they are stopped
#
# Run     tests/test_resume.sh build/sppo build/scratch   (tool, scratch folder)
# Prints  "ok name", "FAIL name: why" and a count; exits 1 when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"
here=$work

cp -r "$root/tiny_models/policy" base
cp -r "$root/tiny_models/preference" taste
for i in 1 2 3 4 5 6; do
    echo "{\"prompt\": \"tell me of the number $i .\"}"
done > prompts.jsonl
head -n 2 prompts.jsonl > few.jsonl

# align OUT ARGUMENTS..: a short run, its judge yet to be named
align() {
    out=$1
    shift
    "$tool" align --policy base --prompts prompts.jsonl --k 2 --max-tokens 6 \
        --epochs 1 --batch 3 --out "$out" "$@"
}
resume() {
    out=$1
    shift
    "$tool" align --resume --out "$out" "$@"
}

# ---- the folder is not known by its name -------------------------------------

holds begun align run --preference taste --iterations 1
for out in run/ ./run "$here/run" "../$(basename "$here")/run"; do
    holds "found_as_$out" resume "$out"
done
ln -s run link
holds found_by_a_link resume link
mv run moved
holds found_when_moved resume moved
mkdir elsewhere
elsewhere() { (cd elsewhere && resume ../moved "$@"); }
holds found_from_elsewhere elsewhere

# ---- an input is known by what is in it ---------------------------------------

holds validated align checked --preference taste --iterations 1 \
    --validation few.jsonl
cp -r taste taste2
holds same_content resume moved --preference taste2
rm -r taste2
expect input_is_gone 5 'taste2, the --preference of .*; give --preference again' \
    resume moved
holds input_given_again resume moved --preference taste
holds the_new_name_is_kept resume moved

# changed NAME OPTION FILE: one letter or weight of the file is another
changed() {
    cp "$3" kept
    case $3 in
    *.jsonl) sed '1s/number/letter/' kept > "$3" ;;
    *) "$tool" pretrain --quiet --text prompts.jsonl --from "${3%/*}" \
        --steps 1 --batch 1 --holdout 0 --out other > /dev/null 2>&1
       cp "other/${3##*/}" "$3"; rm -r other ;;
    esac
    expect "$1" 2 "$2: .* is not the .* that the run in checked began with" \
        resume checked
    cp kept "$3"
}
changed policy_changed --policy base/model.safetensors
changed prompts_changed --prompts prompts.jsonl
changed validation_changed --validation few.jsonl
mv taste kept_taste
printf '%s\n' '{"prompt": "a", "chosen": "b", "rejected": "c"}' \
    '{"prompt": "d", "chosen": "e", "rejected": "f"}' > pairs.jsonl
holds other_taste "$tool" prefer --policy base --preferences pairs.jsonl \
    --holdout 0 --epochs 1 --out taste
expect preference_changed 2 '--preference: taste is not the model that the run' \
    resume checked
expect preference_given 2 '--preference: ./taste is not the model' \
    resume checked --preference ./taste
rm -r taste
mv kept_taste taste
holds changed_back resume checked

# ---- another judge, more iterations -------------------------------------------

good="'$tool' judge --preference taste"
holds reference align good --judge "$good" --iterations 2
expect judge_fails 1 'prompt' align fixed --judge 'exit 3' --iterations 2
holds judge_corrected resume fixed --judge "$good"
same judge_corrected_bits fixed/policy/model.safetensors \
    good/policy/model.safetensors
cat fixed/settings.json > out
says judge_is_noted '"history": \[{"iteration": 1, "setting": "judge", "from": "exit 3", "to": '
holds judge_stays resume fixed
expect judge_fails_again 1 'prompt' align model --judge 'exit 3' --iterations 2
holds judge_by_model_instead resume model --preference taste
cat model/settings.json > out
says model_is_noted '"setting": "judge", "from": "exit 3", "to": null}'
if grep -q '^ "judge"' out; then bad old_judge_is_gone "$(cat out)"; else
    ok old_judge_is_gone; fi
holds judge_by_model_stays resume model

# A log that cannot be written is what the run says, not that it was stopped.
coin='{"probabilities": [[0.5, 0.9], [0.1, 0.5]]}'
# (The judge makes the log as large as a file may be.)
full_log() { (ulimit -f 8192 && align log_full "$@"); }
expect log_is_full 5 'cannot write to log_full/metrics.csv: File too large' \
    full_log --iterations 1 --judge "while read -r line; do printf x | dd bs=1 \
        seek=4194303 conv=notrunc of=log_full/metrics.csv; echo '$coin'; done"

# A judge that fails after 32 of 40 prompts: the new one judges all 40.
awk 'BEGIN { for (i = 0; i < 40; i++)
    printf "{\"prompt\": \"tell me of the number %d .\"}\n", i }' > forty.jsonl
forty() {
    out=$1
    shift
    "$tool" align --policy base --prompts forty.jsonl --k 2 --max-tokens 4 \
        --epochs 1 --iterations 1 --save-seconds 0 --out "$out" "$@"
}
coins="while read -r line; do n=\$((n + 1)); [ \$n -gt 32 ] && exit 3
    echo '$coin'; done"
expect judge_fails_midway 1 'prompt 33' forty midway --judge "$coins"
holds judge_corrected_midway resume midway --judge "$good"
cp err out
says midway_is_judged_anew 'judging iteration 1 anew'
holds forty_at_once forty at_once --judge "$good"
same no_iteration_has_two_judges midway/iter1/judged.jsonl \
    at_once/iter1/judged.jsonl

holds three_at_once align three --preference taste --iterations 3 \
    --prompts-per-iteration 3
holds one_first align grown --preference taste --iterations 1 \
    --prompts-per-iteration 3
holds two_more resume grown --iterations 3
for file in policy/model.safetensors metrics.csv metrics.jsonl \
    iter3/judged.jsonl; do
    same "two_more_$file" "grown/$file" "three/$file"
done
holds an_older_log align older --preference taste --iterations 1 \
    --prompts-per-iteration 3
sed 's/,[^,]*,[^,]*$//' older/metrics.csv > fewer
mv fewer older/metrics.csv
holds an_older_log_goes_on resume older --iterations 3
if awk -F, 'NF != n && n { exit 1 } { n = NF } END { exit NF < 20 }' \
    older/metrics.csv && [ "$(wc -l < older/metrics.csv)" -eq \
    "$(wc -l < three/metrics.csv)" ]; then ok rows_have_all_columns
else bad rows_have_all_columns "$(head -n 3 older/metrics.csv)"; fi
cat grown/settings.json > out
says iterations_are_noted '"iteration": 2, "setting": "iterations", "from": 1, "to": 3}'
holds two_by_two align pairs --preference taste --iterations 2
holds one_more resume pairs --iterations 3
cat pairs/settings.json > out
says prompts_stay_as_they_were '"prompts-per-iteration": 3'
expect too_few_now 2 'has done iteration 3; iterations is 1 now' \
    resume pairs --iterations 1
expect other_settings_stay 2 'eta is 7, but 30' resume pairs --eta 7

# A run that forgets one of more iterations, of which a kill had left temporaries.
cp -r three forgotten
: > forgotten/validation.csv
: > forgotten/iter2/model.safetensors.tmp
: > forgotten/iter3/config.json.next
holds begins_anew align forgotten --force --preference taste --iterations 1 \
    --prompts-per-iteration 3
holds one_alone align alone --preference taste --iterations 1 \
    --prompts-per-iteration 3
holds nothing_of_the_old_run_is_left diff -r -x timing.csv alone forgotten

# One that begins anew, for it has no checkpoint, writes the same settings.
holds grouped align grouped --method grpo --preference taste --iterations 1
cp -r grouped anew
rm anew/run.safetensors
holds begins_anew_by_itself resume anew
holds settings_are_the_same diff -r -x timing.csv grouped anew

# ---- what is said --------------------------------------------------------------

expect run_is_there 2 'by --resume, choose another name, or --force' \
    align pairs --preference taste
expect no_run 2 'nosuch holds no run: there is no nosuch/settings.json' \
    resume nosuch
if [ -e nosuch ]; then bad no_run_makes_none "it is there"; else
    ok no_run_makes_none; fi

# ---- signals --------------------------------------------------------------------

# A step of thousands of prompts takes its time.
awk 'BEGIN { for (i = 0; i < 3000; i++)
    printf "{\"prompt\": \"tell me of the number %d .\"}\n", i }' > many.jsonl
holds big_sampled "$tool" align --policy base --prompts many.jsonl \
    --preference taste --k 2 --max-tokens 6 --iterations 1 --epochs 40 \
    --batch 1000000 --phase sample --out big
holds big_judged resume big --phase judge
(exec "$tool" align --resume --out big > log 2>&1) &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
got=$?
if [ $got -eq 143 ]; then ok stops_in_a_step; else
    bad stops_in_a_step "exit $got"; fi
cp log out
says stopping_is_said 'stopping: what is done will be saved; a second signal'
says how_to_go_on_is_said '--resume --out big goes on'
says batch_is_too_large '--batch 1000000 is more than the 3000 prompts'

# A signal while the judge thinks: what it has not answered is in no checkpoint.
(exec "$tool" align --policy base --prompts prompts.jsonl --k 2 --iterations 1 \
    --judge 'read -r line; : > judging/asked; sleep 30' --max-tokens 6 \
    --epochs 1 --batch 3 --out judging > log 2>&1) &
pid=$!
tries=0
while [ ! -e judging/asked ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -INT $pid
wait $pid
got=$?
if [ $got -eq 130 ]; then ok stops_while_the_judge_thinks; else
    bad stops_while_the_judge_thinks "exit $got"; fi
holds goes_on_from_there resume judging --judge "$good"
holds judged_at_once align judged --judge "$good" --iterations 1
same goes_on_to_the_same_bits judging/policy/model.safetensors \
    judged/policy/model.safetensors

# Both signals at once: the second does not wait.
(exec "$tool" align --policy base --prompts prompts.jsonl --judge 'sleep 30' \
    --k 2 --max-tokens 6 --iterations 1 --out twice > log 2>&1) &
pid=$!
tries=0
while [ ! -e twice/run.safetensors ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -INT $pid
kill -TERM $pid
wait $pid
got=$?
case $got in 130|143) ok a_second_signal_ends ;;
*) bad a_second_signal_ends "exit $got" ;; esac
holds and_leaves_a_run resume twice --judge "$good"

# ---- zeros that are meant --------------------------------------------------------

holds beta1_of_zero align beta --preference taste --iterations 1 \
    --optimizer adamw --beta1 0
holds beta1_of_default align beta9 --preference taste --iterations 1 \
    --optimizer adamw
if cmp -s beta/policy/model.safetensors beta9/policy/model.safetensors; then
    bad beta1_matters "both are the same"; else ok beta1_matters; fi
holds beta1_is_kept resume beta

# ---- lines of every third step ------------------------------------------------

# Ten steps of two iterations: 3, 6, 9 .., and the last of each.
sparse() {
    "$tool" align --policy "$root/tiny_models/policy" --preference \
        "$root/tiny_models/preference" --prompts \
        "$root/tiny_models/prompts.jsonl" --prompts-per-iteration 10 \
        --batch 2 --epochs 1 --k 2 --max-tokens 6 --iterations 2 --quiet "$@"
}
holds all_lines sparse --out every
holds few_lines sparse --log-every 3 --out sparse
awk -F , 'NR == 1 || $1 % 3 == 0 || $1 % 5 == 0' every/metrics.csv > wanted.csv
same few_lines_are_of_all sparse/metrics.csv wanted.csv
holds few_lines_begun sparse --log-every 3 --phase sample --out sparse_cut
for phase in judge fit sample judge; do
    holds few_lines_$phase "$tool" align --resume --save-seconds 0 --phase \
        $phase --quiet --out sparse_cut
done
holds few_lines_resumed "$tool" align --resume --quiet --out sparse_cut
for log in metrics.csv metrics.jsonl events.out.tfevents.sppo; do
    same few_lines_resumed_$log sparse_cut/$log sparse/$log
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
