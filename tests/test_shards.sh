#!/bin/sh
# test_shards.sh - rows of shards that are not what was asked for, and runs that
# are stopped, or go on with something else, on the way
#
# Run     tests/test_shards.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

tiny=$root/tiny_models
head -n 4 "$tiny/prompts.jsonl" > prompts.jsonl
head -n 200 "$tiny/prompts.jsonl" > many.jsonl
short="--quiet --policy $tiny/policy --k 2 --max-tokens 4 --epochs 1"
play="$short --prompts prompts.jsonl --iterations 1"
taste="--preference $tiny/preference"

# ---- rows of shards ---------------------------------------------------------

# shellcheck disable=SC2086  # the settings are meant to be split
part() { "$tool" align $play $taste --out parts "$@"; }
holds one_sampled part --phase sample --shard 1/2
expect a_missing_shard 2 \
    'iter1.sample.2of2.jsonl is missing; --phase sample --shard 2/2 writes it' \
    part --resume --phase sample --merge 2
holds another_sampled part --phase sample --shard 2/2
rows=parts/shards/iter1.sample.2of2.jsonl
cp $rows rows
# wrong NAME SENTENCE SED: the second shard's rows, edited
wrong() {
    sed "$3" rows > $rows
    expect "$1" 3 "$2" part --resume --phase sample --merge 2
}
wrong no_responses '"responses_ids" must be an array of 2' 's/_ids/_is/'
wrong responses_that_are_none '"responses_ids" must be an array of 2' \
    's/"responses_ids": .*, "fin/"responses_ids": 5, "fin/'
wrong one_response '"responses_ids" must be an array of 2' \
    's/"responses_ids": .*, "fin/"responses_ids": [[5]], "fin/'
wrong a_response_of_nothing 'a response must have 1 to 4 tokens' \
    's/"responses_ids": .*, "fin/"responses_ids": [[5], []], "fin/'
wrong a_response_that_is_too_long 'a response must have 1 to 4 tokens' \
    's/"responses_ids": .*, "fin/"responses_ids": [[5, 6, 7, 8, 9], [5]], "fin/'
wrong a_token_beyond '680' \
    's/"responses_ids": .*, "fin/"responses_ids": [[680], [5]], "fin/'
wrong one_is_finished '"finished" must be a list of 2' \
    's/"finished": .*/"finished": [true]}/'
wrong a_row_that_is_no_json 'iter1.sample.2of2.jsonl.*line 2' '2s/}//'
wrong rows_that_end 'ends before prompt 4 of 4; run the shard again' 2d
wrong a_row_too_many 'is one row more than the shard has' '2{p;}'
wrong another_round 'belongs to another iteration' \
    '2s/"round": "[^"]*"/"round": "x"/'
wrong no_round '"round"' '2s/"round"/"ground"/'
wrong another_prompt '"prompt" must be 3 here' '2s/"prompt": 3/"prompt": 2/'
sed 's/"round": "[^"]*"/"round": "x"/' rows > $rows
expect a_judged_shard_reads_the_same_rows 3 'belongs to another iteration' \
    part --phase judge --shard 2/2
cp rows $rows
for shard in 1 2; do
    holds judged_$shard part --phase judge --shard $shard/2
done
judged=parts/shards/iter1.judge.2of2.jsonl
cp $judged kept
sed '1s/"probabilities": .*/"probabilities": [[0.5, 1]]}/' kept > $judged
expect judgements_of_another_size 3 'does not have a row for each response' \
    part --resume --phase judge --merge 2
cp kept $judged
holds merged part --resume --phase judge --merge 2
expect a_shard_that_is_judged 2 'iteration 1 of the run in parts is already' \
    part --phase judge --shard 1/2
holds parts_to_the_end part --resume
# shellcheck disable=SC2086
holds in_one "$tool" align $play $taste --out one
same parts_are_the_whole parts/policy/model.safetensors \
    one/policy/model.safetensors

# ---- stopped ----------------------------------------------------------------

# stopped CODE SIGNALS LINE COMMAND..: sent when it says such a line, before
# which it catches them; what it says afterwards is in err
stopped() {
    code=$1 signals=$2 until=$3
    shift 3
    rm -f said && mkfifo said
    "$@" > out 2> said &
    pid=$!
    { while read -r line; do
          case $line in *"$until"*) break ;; esac
      done
      for signal in $signals; do kill "-$signal" $pid; done
      cat > err; } < said
    wait $pid
    [ $? -eq "$code" ]
}
long="--policy $tiny/policy --prompts many.jsonl --k 8 --max-tokens 200
      --iterations 1 --epochs 50"
# shellcheck disable=SC2086
if stopped 130 INT policy "$tool" align $long $taste --phase sample \
    --shard 1/1 --out far && grep -q '^sppo align: stopped' err; then
    ok a_shard_is_stopped
else bad a_shard_is_stopped "$(tail -n 3 err)"; fi
if [ -z "$(ls far/shards)" ]; then ok a_stopped_shard_writes_nothing; else
    bad a_stopped_shard_writes_nothing "$(ls far/shards)"; fi
# shellcheck disable=SC2086
if stopped 130 INT policy "$tool" align $long $taste --out near &&
    grep -q 'sppo align --resume --out near goes on' err; then
    ok a_run_is_stopped
else bad a_run_is_stopped "$(tail -n 3 err)"; fi
# shellcheck disable=SC2086
stopped 130 'INT TERM' policy "$tool" align $long $taste --out twice
code=$?
if [ $code -eq 130 ] || [ $code -eq 143 ] || [ $code -eq 0 ]; then
    ok two_signals_end_it; else bad two_signals_end_it "exit $code"; fi

# A judge that stops its asker when it is asked for the n-th time.
judge='{"probabilities": [[0.5, 0.9], [0.1, 0.5]]}'
stops() { printf 'n=0; while read -r line; do n=$((n + 1))
    [ $n -ne %s ] || { kill -INT $PPID; sleep 9; }; echo '"'%s'"'; done' \
    "$1" "$judge"; }
head -n 2 prompts.jsonl > few.jsonl
# shellcheck disable=SC2086
expect a_stop_in_validation 130 'stopped; saved in held/run.safetensors' \
    "$tool" align $play --validation few.jsonl --out held --judge "$(stops 5)"
holds a_stop_in_validation_goes_on "$tool" align --quiet --resume --out held \
    --judge "$(stops 99)"
if [ "$(grep -c . held/validation.csv)" -eq 2 ]; then ok validated_once; else
    bad validated_once "$(cat held/validation.csv)"; fi
# shellcheck disable=SC2086
if [ -w /dev/full ]; then
    "$tool" align $play --out mute --judge "$(stops 2)" 2> /dev/full
    if [ $? -eq 130 ] && [ -s mute/run.safetensors ]; then
        ok nobody_to_tell_is_no_reason_to_go_on
    else bad nobody_to_tell_is_no_reason_to_go_on "$(ls mute)"; fi
else
    skip nobody_to_tell_is_no_reason_to_go_on "no /dev/full"
fi

# ---- judges that the system keeps from work ---------------------------------

# limited FILES: descriptors that the tool may have open
# shellcheck disable=SC3045
limited() { (ulimit -n "$1" && exec "$tool" sample --policy "$tiny/policy" \
    --prompts few.jsonl --max-tokens 4 --best-of 2 --judge cat); }
expect no_pipe_for_a_judge 5 'cannot make a pipe: Too many open' limited 6
# shellcheck disable=SC2086,SC2016
{
expect a_judge_that_is_killed 1 'ended by signal 9' "$tool" align $play \
    --out k1 --judge 'read -r line; kill -9 $$'
expect a_judge_that_only_hangs_up 1 'it closed its output' "$tool" align \
    $play --out k2 --judge 'read -r line; exec 1>&-; sleep 9'
}

# ---- other things on the way ------------------------------------------------

awk 'BEGIN { for (i = 0; i < 300; i++) printf "the cat %d sat . ", i }' \
    > text.txt
"$tool" tokenizer --quiet --text text.txt --vocab 262 --out tok.bin
net="--text text.txt --tokenizer tok.bin --layers 1 --context 32"
many="$net --steps 100000 --pass-tokens 64 --batch 64 --out trained"
# shellcheck disable=SC2086  # the settings are meant to be split
pretrain() { "$tool" pretrain $net --steps 3 --batch 2 "$@"; }
holds another_policy pretrain --quiet --dim 16 --heads 4 --out other
# shellcheck disable=SC2086
"$tool" pretrain $many > out 2> err &
until [ -s trained/metrics.jsonl ]; do sleep 0.1; done
kill -INT $!  # in the middle of a step, as good as always
wait $!
if [ $? -eq 130 ] && grep -q 'sppo pretrain --resume --out trained goes' err
then ok a_training_is_stopped
else bad a_training_is_stopped "$(tail -n 3 err)"; fi
# shellcheck disable=SC2086
expect an_estimate_does_not_go_on 0 '' "$tool" pretrain $many --resume \
    --dry-run --json
says an_estimate_as_json '^{"parameters": [0-9]*, "memory": [0-9.]*, "time": '
# shellcheck disable=SC2086
{
expect a_reference_of_other_words 2 'other has another tokenizer than the pol' \
    "$tool" align $play $taste --pull 0.5 --reference other --out r
expect a_reference_that_is_none 5 'nowhere' "$tool" align $play $taste \
    --pull 0.5 --reference nowhere --out r
expect too_many_prompts_are_refused_dry 2 '--prompts-per-iteration is 99 but' \
    "$tool" align $play $taste --prompts-per-iteration 99 --dry-run --out r
holds sampled_first "$tool" align $play $taste --phase sample --out two
holds judged_then "$tool" align --quiet --resume --phase judge --out two
}
expect the_next_judge_is_for_the_next 0 \
    'iteration 1 is judged already: the new judge begins with the next' \
    "$tool" align --resume --out two --judge "$(stops 99)"
"$tool" pretrain --text "$root/sppo.h" --tokenizer tok.bin --layers 1 \
    --context 32 --dry-run --batch 50000 --pass-tokens 64 --out never \
    > out 2> err &
sleep 1
kill -TERM $!
wait $!
if [ $? -eq 143 ] && [ ! -e never ]; then ok an_estimate_is_stopped; else
    bad an_estimate_is_stopped "$(cat out err)"; fi
expect an_odd_part_of_the_width 2 '--dim 8 is no multiple of 2 x --heads 8' \
    pretrain --dim 8 --heads 8 --out r
holds memory_of_nothing pretrain --quiet --dim 16 --heads 4 --optimizer \
    rmsprop --alpha 0 --out r0
holds memories_of_nothing pretrain --quiet --dim 16 --heads 4 --optimizer \
    adamw --beta1 0 --beta2 0 --out r1
{ head -n 4 prompts.jsonl | sed 's/}$/, "response": " sat"}/'
  echo '{"prompt": "the cat", "response": "", "finished": false}'; } > rows.jsonl
# shellcheck disable=SC2086
holds nothing_is_held_out "$tool" pretrain --quiet --tokenizer tok.bin --dim 16 \
    --layers 1 --context 400 --jsonl rows.jsonl --steps 3 --holdout 0.2 --out r2
says nothing_has_no_bits_per_byte '^held out bytes  *0$'
# shellcheck disable=SC2086
{
holds more_iterations_than_prompts "$tool" align $short $taste --iterations 9 \
    --prompts prompts.jsonl --dry-run --out r
says they_have_a_prompt_each '^  prompts-per-iteration  *1$'
sed 's/}$/, "response": "well ."}/' prompts.jsonl > gold.jsonl
holds an_estimate_with_given_responses "$tool" align $short --prompts \
    gold.jsonl --gold --dry-run --out r
}
# A run of a version that wrote no digests of what it began with.
# shellcheck disable=SC2086
"$tool" align $play $taste --phase sample --out early > out 2> err
sed '$d' early/settings.json | sed '$s/,$/}/' > settings
cp settings early/settings.json
expect no_digests_are_said 0 'early/settings.json has no digests, being of an' \
    "$tool" align --resume --out early

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
