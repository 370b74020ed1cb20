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
head -n 16 "$root/tiny_models/preferences.jsonl" > pairs.jsonl

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
    if diff -r -x timing.csv -x settings.json "$2" "$3" > differences; then ok "$1"; else
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
        exec "$1" align --resume --out seen2' sh "$tool" pairs.jsonl

# ---- settings of another run -----------------------------------------------------

holds a_run_of_its_own watched of_its_own --seed 7 --lr 1e-3 --method grpo
holds the_same_from_a_file "$tool" align --config of_its_own/settings.json \
    --out from_a_file
holds the_same_run diff -r -x timing.csv of_its_own from_a_file
holds given_besides watched besides --seed 8 --lr 1e-3 --method grpo
holds given_wins "$tool" align --config of_its_own/settings.json --seed 8 \
    --out wins
holds it_is_the_other_run diff -r -x timing.csv besides wins
holds other_method watched by_dpo --seed 7 --lr 1e-3 --loss dpo \
    --optimizer adamw
holds another_method_wins "$tool" align --config of_its_own/settings.json \
    --loss dpo --optimizer adamw --out wins_dpo
holds with_what_is_of_the_method diff -r -x timing.csv by_dpo wins_dpo
holds another_judge_wins "$tool" align --config of_its_own/settings.json \
    --judge "$by_taste" --iterations 1 --out wins_judge
holds two_programs "$tool" align --config of_its_own/settings.json \
    --judge "$by_taste" --iterations 1 --validation few.jsonl \
    --watch "$first" --out two_programs
says both_have_judged 'iteration 1  --watch sees a win rate of 0.7000 (95'
cat wins_judge/settings.json > out
says judge_is_the_given_one '^ "judge": ".* judge --preference taste"'
if grep -q '"preference": \|from_a_file\|config' wins_judge/settings.json
then bad only_the_given_one "$(cat wins_judge/settings.json)"; else
    ok only_the_given_one; fi
holds resolved_in_a_dry_run "$tool" align --config of_its_own/settings.json \
    --method inpo --dry-run --out none
says dry_run_has_the_file '^  seed  *7$'
says dry_run_has_the_method '^  pull  *0.33$'
elsewhere() { (cd elsewhere && "$tool" align --out ../far \
    --config ../of_its_own/settings.json); }
holds inputs_are_found_where_the_run_began elsewhere
same and_are_the_same far/policy/model.safetensors \
    of_its_own/policy/model.safetensors
expect not_in_a_resume 2 '--config and --resume exclude each other' \
    resume far --config of_its_own/settings.json

# pretrain and prefer as well
sed 's/.*"prompt": "//; s/"}//' prompts.jsonl > text.txt
holds pretrain_once "$tool" pretrain --text text.txt --from base --steps 2 \
    --batch 2 --out text1
holds pretrain_from_a_file "$tool" pretrain --config text1/settings.json \
    --out text2
holds pretrain_is_the_same diff -r -x timing.csv text1 text2
expect pretrain_dry 0 '' "$tool" pretrain --config text1/settings.json \
    --minutes 1 --dry-run --out none
holds prefer_once "$tool" prefer --policy base --epochs 1 --batch 4 \
    --preferences pairs.jsonl --out taste1
holds prefer_from_a_file "$tool" prefer --config taste1/settings.json \
    --out taste2
holds prefer_is_the_same diff -r -x timing.csv taste1 taste2

# unfit NAME PATTERN TEXT: a file that is refused with its line
unfit() {
    printf "$3" > unfit.json
    expect "$1" 3 "^sppo align: unfit.json, $2" \
        short none --config unfit.json --iterations 1
}
unfit no_object 'line 1: it must be an object' '[{"lr": 1}]'
unfit nothing 'column 1: expected a value' ''
unfit cut_off 'line 2, column 9' '{"lr": 1,\n"seed": '
unfit twice 'line 2, column 1: this key stands twice' '{"lr": 1,\n"lr": 2}'
unfit unknown 'line 2: there is no option --lrr; did you mean --lr' \
    '{"lr": 1,\n"lrr": 2}'
unfit of_another_command 'line 1: --best-of is an option of another command' \
    '{"best-of": 2}'
unfit of_the_start 'line 1: --force belongs on the command' '{"force": true}'
unfit no_number 'line 4: "lr" must be a number, not x' '{\n"seed":\n\n1,"lr": "x"}'
unfit no_flag 'line 1: "keep-all" must be true or false, not 1' \
    '{"keep-all": 1}'
unfit no_choice 'line 1: --loss must be one of sppo|' '{"loss": "spo"}'
unfit beyond 'line 1: --warmup must be from 0 to 1, not 2' '{"warmup": 2}'
unfit a_list 'line 1: "lr" must be a number, not \[1, "a"\]' \
    '{"lr": [1, "a"]}'
unfit no_effect 'line 2: "margin" has no effect without loss=simpo' \
    '{"loss": "dpo",\n"margin": 1}'
unfit another_loss 'line 2: this --method has --loss=clip, not sppo' \
    '{"loss": "sppo",\n"method": "grpo"}'
unfit gone 'line 1: nosuch, the --validation of unfit.json, is not there' \
    '{"validation": "nosuch"}'
expect no_file 5 '^sppo align: nosuch.json: cannot be opened: No such file' \
    short none --config nosuch.json
expect a_folder 5 '^sppo align: base: cannot be read' short none --config base
expect of_no_run 2 '--config is an option of another command' \
    "$tool" sample --config of_its_own/settings.json --prompt a

# ---- lists of values --------------------------------------------------------------

# study OUT ARGUMENTS..: four runs
study() { watched "$@" --lr 1e-3,3e-3 --loss sppo,dpo; }
holds four_runs study four
cp out table
for loss in sppo dpo; do
    for lr in 1e-3 3e-3; do
        holds alone_${loss}_$lr watched single --lr $lr --loss $loss --force
        holds "the_same_as_alone_${loss}_$lr" \
            diff -r -x timing.csv single "four/loss=${loss}_lr=$lr"
    done
done
# The table: rates of validation.csv, best first, in both forms.
awk -F, 'FNR == 1 { next } FILENAME != file { file = FILENAME }
    { rate[FILENAME] = $2 }
    END { for (f in rate) print rate[f], f }' four/*/validation.csv |
    sort -rg | sed 's/ four\// /; s/\/.*//' > wanted
awk -F, 'NR > 1 { print $6, $1 }' four/study.csv > got
same best_first wanted got
sed -n 's/^\(loss=[a-z]*_lr=[0-9e-]*\)  .*/\1/p' table > printed
cut -d ' ' -f 2 wanted > names
same printed_as_well names printed
cat four/study.csv > out
says values_are_columns '^loss=dpo_lr=3e-3,complete,dpo,3e-3,2,0\.'
holds info_of_a_study "$tool" info four
says info_counts_runs '^runs_done 4$'
says info_has_lists '^  lr  *\[1e-3, 3e-3\]$'

# What is complete is not done again; what is missing is done.
cp -r four again
rm -r again/loss=dpo_lr=1e-3
holds the_missing_one resume again
grep -c 'is complete$' err > out
says three_are_skipped '^3$'
holds all_are_the_same diff -r -x timing.csv four again
cp -r four once
# Stopped in the middle: twice, the second time while who watches thinks.
stop='[ -e stopping ] && { read -r line; : > asked; sleep 30; }
    while read -r line; do echo "{\"probabilities\": [[0.5, 0.7], [0.3, 0.5]]}"; done'
study_stopped() {
    (exec "$tool" "$@" > log 2>&1) &
    pid=$!
    tries=0
    while [ ! -e asked ] && [ $tries -lt 200 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -INT $pid
    wait $pid
}
holds watched_study study sees --watch "$stop"
cp -r sees halved
rm -r halved/study.csv halved/loss=dpo_lr=3e-3 halved/loss=dpo_lr=1e-3
: > stopping
study_stopped align --resume --out halved
got=$?
rm -f stopping
if [ $got -eq 130 ]; then ok a_study_stops; else
    bad a_study_stops "exit $got: $(tail -n 1 log)"; fi
cp log out
says it_says_how_to_go_on \
    'run 3 of 4, loss=dpo_lr=1e-3; saved; sppo align --resume --out halved '
holds info_of_what_is_left "$tool" info halved
says two_are_done '^runs_done 2$'
says and_how_to_go_on '^go_on sppo align --resume --out halved$'
holds the_study_goes_on resume halved
holds to_the_same_bits diff -r -x timing.csv sees halved
elsewhere() { (cd elsewhere && resume ../again); }
rm -r again/loss=dpo_lr=3e-3
holds a_study_from_elsewhere elsewhere
same also_the_same again/loss=dpo_lr=3e-3/policy/model.safetensors \
    four/loss=dpo_lr=3e-3/policy/model.safetensors

holds dry_study study none --dry-run
says runs_are_counted '^runs  *4  $\|^runs  *4$'
says time_is_added '^time  *[0-9.]*  minutes in all$'
if [ -e none ]; then bad dry_study_writes_nothing "$(ls none)"; else
    ok dry_study_writes_nothing; fi
holds methods_of_a_study short methods --method sppo,grpo --iterations 1 \
    --validation few.jsonl
same eta_is_the_methods_own methods/method=grpo/policy/model.safetensors \
    methods/method=grpo/iter1/model.safetensors
grep -h '"eta"' methods/*/settings.json | tr -d '\n' > out
says etas ' "eta": 5, "eta": 30,'
printf '{"lr": [1e-3,\n 3e-3], "loss": ["sppo", "dpo"], "seed": 1}' > lists.json
holds lists_in_a_file watched filed --config lists.json
same they_are_the_same_study filed/study.csv four/study.csv
holds given_wins_over_a_list watched unlisted --config lists.json --lr 1e-3 \
    --loss dpo
same and_is_one_run unlisted/policy/model.safetensors \
    four/loss=dpo_lr=1e-3/policy/model.safetensors
# A run that diverges is said to, and the others are done.
expect one_diverges 6 '1 of 2 runs diverged' watched wild --lr 1e30,1e-3 \
    --clip 0 --warmup 0 --quiet
cat wild/study.csv > out
says it_is_the_last '^lr=1e30,diverged,1e30,,,,,,,,,$'
says the_other_is_complete '^lr=1e-3,complete,'
expect a_study_is_there 2 'four exists and holds a study; go on with it by' \
    study four
holds a_study_by_force study four --force
holds it_is_the_same_again diff -r -x timing.csv once four

expect not_for_a_phase 2 '^sppo align: --phase is for one run; this is a study' \
    study none --phase sample
expect not_without_validation 2 'this is a study: it needs --validation' \
    short none --lr 1e-3,3e-3
expect not_the_same_twice 2 '^sppo align: --lr lists 0.001 twice' \
    watched none --lr 1e-3,0.001
expect not_a_word 2 '--lr takes a number, not "x"' watched none --lr 1e-3,x
expect not_nothing 2 '--lr takes a number, not ""' watched none --lr 1e-3,
expect not_another_loss 2 '--loss must be one of .*, not "x"' \
    watched none --loss sppo,x
expect no_combination_without_effect 2 \
    'run 2 of 2, loss=dpo: --baseline has no effect without --loss=sppo' \
    watched none --loss sppo,dpo --baseline half
expect not_too_many 2 'runs and more; a study has 200 at the most' \
    watched none --lr 1,2,3,4,5,6,7,8,9 --seed 1,2,3,4,5,6,7,8,9 --eta 1,2,3
expect threads_are_no_matter 2 '--threads takes a whole number, not "1,2"' \
    watched none --threads 1,2
expect nothing_new_in_a_resume 2 '--seed is a matter of the study' \
    resume four --seed 3
expect one_run_has_no_lists 2 'alone holds one run, which has no lists' \
    resume alone --lr 1,2
expect prefer_has_no_lists 2 '--lr takes a number, not "1e-3,1e-2"' \
    "$tool" prefer --policy base --preferences prompts.jsonl --lr 1e-3,1e-2 \
    --out none
expect a_study_has_a_place 2 'it needs --out' "$tool" align --policy base \
    --prompts prompts.jsonl --preference taste --validation few.jsonl \
    --lr 1e-3,2e-3
zeros=000000000000000000000000000000
long=0.001$zeros,0.002$zeros
expect no_name_is_so_long 2 "the name of a run's folder, .* is too long" \
    watched none --lr $long --lr-end $long --warmup $long --alpha $long
if [ -e none ]; then bad refused_studies_write_nothing "$(ls none)"; else
    ok refused_studies_write_nothing; fi
# Commas that are none of a list.
holds commas_in_names cp few.jsonl few,er.jsonl
holds a_comma_in_a_path short commas --validation few,er.jsonl --iterations 1
holds a_comma_in_a_command short comma --iterations 1 --validation few.jsonl \
    --watch "$first; : a,b"
printf '0.5,1,0\n0,0.5,1\n1,0,0.5\n' > matrix.csv
holds commas_of_a_start "$tool" game --matrix matrix.csv --start 0.6,0.2,0.2

# ---- many policies against each other ------------------------------------------------

among() {
    "$tool" evaluate --preference taste --prompts prompts.jsonl \
        --max-tokens 6 "$@"
}
holds two_as_ever among --policy seen/iter2 --against base
cp out two
holds two_with_rows among --policy seen/iter2 --against base --out two.jsonl
same rows_change_nothing two out
holds two_of_many among --policies seen/iter2,base --json --out many.jsonl
wanted=$(awk '/^win rate  /{ print $3 }' two)
got=$(sed 's/.*"win_rate": \[\[0.5, \([0-9.]*\)\].*/\1/' out)
if [ "$(printf %.4f "$got")" = "$wanted" ]; then ok many_begin_with_two; else
    bad many_begin_with_two "$wanted $(cat out)"; fi
same the_same_rows two.jsonl many.jsonl
holds three among --policies seen/iter2,base,seen/iter1 --out three.jsonl \
    --heat three.svg
says three_in_a_table '^  1 seen/iter2  *0.5000  0.[0-9]*  0.[0-9]*  *6.0 '
says each_pair_has_an_interval '^  2 against 3  *0\.[0-9]*  -*0\.[0-9]* \.\. [01]'
if [ "$(wc -l < three.jsonl)" -eq 18 ]; then ok a_row_for_each_pair; else
    bad a_row_for_each_pair "$(wc -l < three.jsonl)"; fi
# The table's figure from the rows, 1 against 3.
grep '"model_a": "seen/iter2", "model_b": "seen/iter1"' three.jsonl |
    sed 's/.*"prob_a": \([0-9.e-]*\)}/\1/' |
    awk '{ sum += $1 } END { printf "  1 against 3 %10.4f", sum / NR }' > mean
if grep -q "^$(sed 's/  *0/ *0/' mean)" out; then ok rows_agree_with_the_table
else bad rows_agree_with_the_table "$(cat mean out)"; fi
if grep -q "<svg" three.svg && [ "$(grep -c '<rect x=' three.svg)" -eq 9 ] &&
    grep -q '>base</text>' three.svg; then ok a_picture_of_it; else
    bad a_picture_of_it "$(head -c 300 three.svg)"; fi
holds rows_are_ranked "$tool" game --matrix three.jsonl --rank
holds rows_are_judgments "$tool" evaluate --judgments two.jsonl
says the_rate_comes_back "^win rate  *$(awk '/^win rate  /{
    printf "%.2f", 100 * $3 }' two)  %"
holds rows_are_preferences "$tool" prefer --preferences three.jsonl \
    --policy base --dry-run --out none
holds samples_of_many among --policies seen/iter2,base --samples 3 --force \
    --out many.jsonl
if [ "$(wc -l < many.jsonl)" -eq 54 ]; then ok all_samples_are_compared; else
    bad all_samples_are_compared "$(wc -l < many.jsonl)"; fi
holds many_by_a_program among --policies seen/iter2,base --json
cp out by_model
by_program() {
    "$tool" evaluate --judge "$by_taste" --prompts prompts.jsonl \
        --max-tokens 6 --policies seen/iter2,base --json
}
holds by_another_program by_program
expect rows_are_there 2 'three.jsonl exists; choose another name, or --force' \
    among --policies base,seen/iter1 --out three.jsonl
expect one_is_not_many 2 '--policies names one; it takes two and more' \
    among --policies base
expect none_twice 2 '--policies names base twice' among --policies base,base
expect no_empty_name 2 'a comma without a name beside it' among --policies base,
expect not_both 2 'not both, of --policy|policies' \
    among --policies base,seen/iter1 --policy base
expect against_whom 2 'it needs --against|policies' among --policy base
expect no_picture_of_two 2 '--heat has no effect without --policies' \
    among --policy base --against seen/iter1 --heat none
expect no_policy_there 5 'nosuch' among --policies base,nosuch
expect no_preference_model 3 'taste holds a preference model, not a policy' \
    among --policies base,taste
expect not_so_many 2 'are more than 1000 responses to a prompt' \
    among --policies base,seen/iter1 --samples 501

holds seven among --policies \
    base,seen/iter1,seen/iter2,told/iter1,told/iter2,alone/iter1,alone/iter2
says seven_in_two_parts '^  *6  *7   length     eos$'
says and_all_rows_again '^  7 alone/iter2  *0\.[0-9]*  0\.5000  *[0-9.]*  [01]\.'
if awk 'length > 80 { exit 1 }' out; then ok seven_fit_the_line; else
    bad seven_fit_the_line "$(awk 'length > 80' out | head -n 2)"; fi
expect not_sixty_five 2 '--policies names more than 64' \
    among --policies "$(seq -s , 65)"
cp -r seen/iter1 a_long_name
holds names_that_fit_nowhere among --policies base,a_long_name/ \
    --heat numbers.svg
if grep -q '>2</text>' numbers.svg && ! grep -q a_long_name numbers.svg; then
    ok are_numbers; else bad are_numbers "$(head -c 300 numbers.svg)"; fi
vocab=$(sed -n 's/.*"vocab_size": *\([0-9]*\).*/\1/p' base/config.json)
for i in 1 2 3 4 5 6 7 8; do cat "$root/README.md"; done > texts
holds other_words "$tool" tokenizer --quiet --text texts --vocab "$vocab" \
    --out other.bin
cp -r base edited && mv other.bin edited/tokenizer.bin
rm -f edited/tokenizer*.json
holds a_foreigner "$tool" convert --quiet --edited --from edited --to foreign
expect all_have_one_tokenizer 2 'base and foreign have different tokenizers' \
    among --policies base,foreign

# ---- which policy is kept ------------------------------------------------------------

kept() { out=$1
    shift
    short "$out" --iterations 3 --validation few.jsonl --lr 3e-3 "$@"; }
holds last_is_kept kept last
holds best_is_kept kept best --keep best
cp out told_best
best=$(awk -F, 'NR > 1 && (NR == 2 || $2 > rate) { rate = $2; at = $1 }
    END { print at }' best/validation.csv)
same it_is_the_best best/policy/model.safetensors \
    "best/iter$best/model.safetensors"
if [ "$best" -ne 3 ]; then ok the_best_is_not_the_last; else
    bad the_best_is_not_the_last "choose another --lr for this test"; fi
grep "^iteration $best  has the highest win rate, " told_best > out
says it_says_which "^iteration $best  has"
same as_last_but_for_the_policy last/iter3/model.safetensors \
    best/iter3/model.safetensors
# Who watches decides, where somebody does: one who likes the second least.
worse='n=0; while read -r line; do n=$((n + 1))
    p=$([ $n -gt 3 ] && [ $n -le 6 ] && echo 0.6 || echo 0.4)
    q=$([ $p = 0.6 ] && echo 0.4 || echo 0.6)
    echo "{\"probabilities\": [[0.5, $p], [$q, 0.5]]}"; done'
holds best_by_the_watcher kept best2 --keep best --watch "$worse"
same it_is_the_one_that_it_likes best2/policy/model.safetensors \
    best2/iter2/model.safetensors
holds average_is_kept kept average --keep average
cat average/policy/average.json > out
says average_is_a_list '"average": \["../iter1", "../iter2", "../iter3"\]'
if [ "$(ls average/policy)" = average.json ]; then ok and_nothing_else; else
    bad and_nothing_else "$(ls average/policy)"; fi
holds average_goes_where_it_goes cp -r average carried
ask() { "$tool" sample --policy "$1" --prompts prompts.jsonl --max-tokens 8 \
    --n 8; }
holds average_responds ask carried/policy
cp out mixed
holds average_repeats ask average/policy
same the_same_wherever_it_is mixed out
printf '{"average": ["iter1", "iter1"]}' > average/average.json
holds average_of_one_alone ask average
# Each of the three has drawn: responses that only greedy draws tell apart.
for i in 1 2 3; do
    mkdir "only$i"
    printf '{"average": ["../average/iter%d"]}' $i > "only$i/average.json"
    ask "average/iter$i" > alone$i
    ask "only$i" > out
    same "average_of_$i_is_the_policy" alone$i out
done
greedy() { "$tool" sample --policy "$1" --prompts few.jsonl --temperature 0.001 \
    --max-tokens 8 --n 40 | sort | uniq -c; }
for i in 1 2 3; do greedy average/iter$i; done | sed 's/^ *[0-9]* //' | sort -u \
    > each
greedy average/policy | awk '{ n++; if ($1 < 3) few = 1; sum += $1 }
    END { exit few || sum != 120 || n < 4 }'
if [ $? -eq 0 ]; then ok all_have_drawn; else
    bad all_have_drawn "$(greedy average/policy)"; fi
greedy average/policy | sed 's/^ *[0-9]* //' | sort -u > drawn
same and_nobody_else each drawn
holds average_against_base among --policy average/policy --against base
if grep -q '^kl' out; then bad an_average_has_no_kl "$(cat out)"; else
    ok an_average_has_no_kl; fi
holds rows_of_an_average among --policy average/policy --against base \
    --out average.jsonl
if [ "$(grep -c '"model_a": "average/policy"' average.jsonl)" -eq 6 ]; then
    ok an_average_has_rows; else
    bad an_average_has_rows "$(head -n 2 average.jsonl)"; fi
holds average_among_many among --policies base,average/policy,average/iter1
for command in "score --jsonl prompts.jsonl" \
    "align --prompts prompts.jsonl --preference taste --out none" \
    "prefer --preferences two.jsonl --out none"; do
    # shellcheck disable=SC2086  # several words
    expect "no_average_for_${command%% *}" 2 \
        'average/policy is an average of policies, which `sppo sample` and' \
        "$tool" $command --policy average/policy
done
holds keeps_another resume average --keep last
same now_it_is_the_last average/policy/model.safetensors \
    last/policy/model.safetensors
cat average/settings.json > out
says keep_is_noted '"setting": "keep", "from": "average", "to": "last"'
holds average_again resume average --keep average
if [ "$(ls average/policy)" = average.json ]; then ok no_model_is_left; else
    bad no_model_is_left "$(ls average/policy)"; fi
expect best_of_nothing 2 '--keep best has no effect without --validation' \
    short none --keep best
mkdir -p wrong
for text in '{}' '{"average": []}' '{"average": [1]}' '{"average": "base"}'; do
    echo "$text" > wrong/average.json
    expect "no_list_${text#??}" 3 'wrong/average.json: "average" must be a list' \
        "$tool" sample --policy wrong --prompt a
done
echo '{"average": ["nosuch"]}' > wrong/average.json
expect no_such_policy 5 'wrong/nosuch' "$tool" sample --policy wrong --prompt a
echo '{"average": ["../average/policy"]}' > wrong/average.json
expect no_average_of_averages 2 'is an average of policies' \
    "$tool" sample --policy wrong --prompt a
echo '{"average": ["../base", "../foreign"]}' > wrong/average.json
expect one_tokenizer_in_an_average 3 'wrong/../foreign has another tokenizer' \
    "$tool" sample --policy wrong --prompt a
echo "{\"average\": [\"$PWD/base\"]}" > wrong/average.json
holds an_average_from_the_root "$tool" sample --policy wrong --prompt a \
    --max-tokens 3
awk 'BEGIN { printf "{\"average\": [\""; for (i = 0; i < 4000; i++) printf "x"
    print "\"]}" }' > wrong/average.json
expect no_path_is_so_long 3 'of an average is too long' \
    "$tool" sample --policy wrong --prompt a
holds the_best_may_be_the_last short lone --iterations 1 --validation few.jsonl \
    --keep best
same and_it_is lone/policy/model.safetensors lone/iter1/model.safetensors
cp -r last emptied
head -n 1 last/validation.csv > emptied/validation.csv
expect best_of_no_line 3 'validation.csv has no line, so which policy is best' \
    resume emptied --keep best
holds studies_keep kept keeps --keep last,best,average --quiet
same the_best_in_the_table best/validation.csv keeps/keep=best/validation.csv
awk -F, -v best="$best" '$1 == "keep=best" { exit $4 != best }' keeps/study.csv
if [ $? -eq 0 ]; then ok the_row_is_of_the_best; else
    bad the_row_is_of_the_best "$(cat keeps/study.csv)"; fi
awk -F, 'FNR == NR { if (FNR > 1) sum += $2; next }
    $1 == "keep=average" { found = $5 - sum / 3 < 1e-8 && sum / 3 - $5 < 1e-8 }
    END { exit !found }' keeps/keep=average/validation.csv keeps/study.csv
if [ $? -eq 0 ]; then ok an_average_has_the_mean; else
    bad an_average_has_the_mean "$(cat keeps/study.csv)"; fi

# ---- a run that ends early -----------------------------------------------------------

kl=$(awk -F, 'NR == 2 { print $10 / 2 }' last/validation.csv)
holds ends_by_kl kept early --stop-kl "$kl"
says why_it_ends \
    '^the run ends here: after iteration 1 the KL to the policy as it began'
if [ -e early/iter2 ]; then bad no_more_iterations "$(ls early)"; else
    ok no_more_iterations; fi
same its_policy_is_the_first early/policy/model.safetensors \
    last/iter1/model.safetensors
holds info_of_an_end "$tool" info early
says it_is_finished '^state finished$'
says info_says_why '^ended after iteration 1 the KL to the policy as it began'
says nothing_is_next '^next nothing$'
cp -r early early2
holds it_stays_ended resume early
says and_says_so_again '^the run ends here: after iteration 1'
holds and_the_same diff -r early early2
holds no_shard_of_what_ended resume early --phase sample --shard 1/2
cat err > out
says that_there_is_none '^there is nothing to share out: after iteration 1 the'
holds a_new_run_by_force kept early2 --force --stop-kl 1e9
same does_not_end_by_the_old_one early2/policy/model.safetensors \
    last/policy/model.safetensors
holds unless_it_may_go_on resume early --stop-kl 1e9
same to_where_it_would_have_gone early/policy/model.safetensors \
    last/policy/model.safetensors
bored() { short bored --iterations 5 --validation few.jsonl --stop-watch 2 \
    --watch "$first"; }
holds ends_by_who_watches bored
says why_it_ends_then '^the run ends here: after iteration 3 --watch has not .*1'
if [ -e bored/iter3 ] && [ ! -e bored/iter4 ]; then ok after_two_more; else
    bad after_two_more "$(ls bored)"; fi
holds ends_in_a_study kept ends --seed 1,2 --stop-kl "$kl"
holds and_is_complete resume ends
grep -c 'is complete$' err > out
says both_are '^2$'
expect no_end_unseen 2 '--stop-kl has no effect without --validation' \
    short none --stop-kl 1
expect no_end_unwatched 2 '--stop-watch has no effect without --watch' \
    watched none --stop-watch 1
expect no_end_of_nothing 2 '--stop-kl must be from' watched none --stop-kl 0

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
