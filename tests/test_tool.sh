#!/bin/sh
# test_tool.sh - the command-line tool from outside: exit codes, bad input,
# interruption, resume, the judge protocol, real files
#
# Run     tests/test_tool.sh build/sppo build/scratch    (tool, scratch folder)
# Prints  "ok name", "FAIL name: why", "skip name (why)" and a count; exits 1
#         when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"

# ---- a tiny world -----------------------------------------------------------

words="red blue green cat dog bird runs sits sings here there"
awk -v words="$words" 'BEGIN {
    n = split(words, w, " "); s = 7
    for (i = 0; i < 400; i++) {
        line = ""
        for (j = 0; j < 5; j++) {
            s = (s * 1103515245 + 12345) % 2147483648
            line = line (j ? " " : "") w[int(s / 65536) % n + 1]
        }
        print line
    }
}' > text.txt
awk '{ printf "{\"prompt\": \"%s %s\", \"chosen\": \"%s %s here\", ", $1, $2,
       $3, $4; printf "\"rejected\": \"%s there there\"}\n", $5 }' \
    text.txt | head -n 120 > pairs.jsonl
awk '{ printf "{\"prompt\": \"%s %s\"}\n", $1, $2 }' text.txt |
    head -n 24 > prompts.jsonl
head -n 6 prompts.jsonl > few.jsonl
awk '{ printf "{\"prompt\": \"%s %s\", \"response\": \"%s %s\"}\n", $1, $2, $3,
       $4 }' text.txt | head -n 5 > scored.jsonl

shape="--dim 16 --layers 2 --heads 4 --kv-heads 2 --hidden 32 --context 48"
train="--steps 30 --batch 8 --pass-tokens 512"
play="--k 3 --max-tokens 8 --batch 4 --iterations 2 --eta 5"

holds tokenizer "$tool" tokenizer --text text.txt --vocab 290 --out tok.bin
holds tokenizer_jsonl "$tool" tokenizer --jsonl pairs.jsonl --vocab 280 \
    --out tok2.bin
# shellcheck disable=SC2086  # the settings are meant to be split
{
holds pretrain "$tool" pretrain --text text.txt --tokenizer tok.bin $shape \
    $train --out base
says pretrain_reports_bits 'held out bits per byte'
holds pretrain_rows "$tool" pretrain --jsonl scored.jsonl --from base \
    --steps 2 --batch 2 --keep-order --out tuned --json
says pretrain_json '^{"parameters": '
holds pretrain_minutes "$tool" pretrain --text text.txt --from base \
    --minutes 0.005 --out quick
}
holds prefer "$tool" prefer --preferences pairs.jsonl --policy base \
    --embed-dim 4 --out judge
says prefer_reports_coin 'log loss coin'
holds prefer_pair "$tool" prefer --preferences pairs.jsonl --policy base \
    --head pair --out judge_pair
holds prefer_scalar "$tool" prefer --preferences pairs.jsonl --policy base \
    --head scalar --out judge_scalar

# ---- help, usage ------------------------------------------------------------

holds help "$tool" --help
says help_examples_first 'sppo align --policy'
holds version "$tool" --version
says version_and_build "^sppo [0-9.]*, float arithmetic, .*OpenMP"
says version_and_vectors 'AVX-512\|AVX2\|NEON\|SSE2\|no vector extension'
case $(basename "$tool") in
sppo) if grep -q '^flags  -std=c99' out || [ ! -e "$root/build/obj/flags" ] ||
        [ "$tool" != "$root/build/sppo" ]
    then ok version_and_flags; else bad version_and_flags "$(cat out)"; fi ;;
esac
for command in tokenizer pretrain prefer align sample score judge evaluate \
    game convert info report; do
    holds "help_$command" "$tool" $command --help
    says "help_${command}_usage" "^Usage: sppo $command"
done
expect no_command 2 'which command' "$tool"
expect wrong_command 2 'did you mean align' "$tool" algin
expect far_command 2 'there is no command xyzzy' "$tool" xyzzy
expect wrong_option 2 'did you mean --prompts' "$tool" align --promts x
expect option_of_another 2 'option of another command' "$tool" game \
    --keep-order
expect option_twice 2 'given twice' "$tool" game --steps 1 --steps 2
expect option_without_value 2 'needs a value' "$tool" game --matrix
expect flag_with_value 2 'takes no value' "$tool" align --resume=yes
expect not_an_option 2 'is not an option' "$tool" game matrix.csv
expect missing_option 2 'needs --matrix' "$tool" game
expect both_of_two 2 'not both' "$tool" tokenizer --text a --jsonl b \
    --vocab 300 --out c
expect option_without_effect 2 'no effect without' "$tool" align --policy base \
    --prompts prompts.jsonl --preference judge --out r --beta1 0.8
expect options_exclude 2 'exclude each other' "$tool" pretrain \
    --text text.txt --from base --dim 8 --out r
expect number_with_rest 2 'takes a whole number' "$tool" game --matrix m \
    --steps 10x
expect number_not_whole 2 'takes a whole number' "$tool" game --matrix m \
    --steps 1.5
expect number_hexadecimal 2 'takes a number' "$tool" game --matrix m --eta 0x1
expect number_nan 2 'takes a number' "$tool" game --matrix m --eta nan
expect number_range 2 'must be from' "$tool" align --top-p 1.5
expect choice 2 'must be one of' "$tool" align --loss spo
expect eta_zero 2 'eta must be' "$tool" align --eta 0
expect k_one 2 'k must be' "$tool" align --k 1
expect vocab_zero 2 'vocab must be' "$tool" tokenizer --text text.txt \
    --vocab 0 --out t
expect best_of_alone 2 'needs --preference or --judge' "$tool" sample \
    --policy base --prompt a --best-of 4
expect preference_idle 2 'no effect without --best-of' "$tool" sample \
    --policy base --prompt a --preference judge

# ---- bad files --------------------------------------------------------------

copy() { rm -rf "$2"; cp -r "$1" "$2"; }

expect missing_folder 5 'nowhere' "$tool" sample --policy nowhere --prompt a
expect missing_file 5 'nowhere' "$tool" score --policy base --jsonl nowhere
: > empty
expect empty_prompts 3 'no prompts' "$tool" sample --policy base --prompts empty
expect empty_text 3 'no text' "$tool" tokenizer --text empty --vocab 300 --out t
expect empty_tokenizer 3 'empty' "$tool" pretrain --text text.txt \
    --tokenizer empty --out r
copy base broken
: > broken/model.safetensors
expect empty_weights 3 'broken' "$tool" sample --policy broken --prompt a
head -c 5000 base/model.safetensors > broken/model.safetensors
expect truncated_weights 3 'broken' "$tool" sample --policy broken --prompt a
{ cat base/model.safetensors; printf x; } > broken/model.safetensors
expect oversized_weights 3 'broken' "$tool" sample --policy broken --prompt a
tr '[:lower:]' '[:upper:]' < base/model.safetensors > broken/model.safetensors
expect garbled_weights 3 'broken' "$tool" sample --policy broken --prompt a
copy base broken
sed 's/"hidden_size": *16/"hidden_size": 18/' base/config.json \
    > broken/config.json
expect config_does_not_divide 3 '' "$tool" sample --policy broken --prompt a
sed 's/"hidden_size": *16/"hidden_size": 32/' base/config.json \
    > broken/config.json
expect config_does_not_fit 3 '' "$tool" sample --policy broken --prompt a
sed 's/"vocab_size": *290/"vocab_size": 0/' base/config.json \
    > broken/config.json
expect config_vocab_zero 3 '' "$tool" sample --policy broken --prompt a
printf '{"hidden_size": ' > broken/config.json
expect config_broken 3 'broken' "$tool" sample --policy broken --prompt a
copy base broken
head -c 1000 base/tokenizer.bin > broken/tokenizer.bin
expect truncated_tokenizer 3 'broken' "$tool" sample --policy broken --prompt a
{ cat base/tokenizer.bin; printf xyz; } > broken/tokenizer.bin
expect oversized_tokenizer 3 'broken' "$tool" sample --policy broken --prompt a
expect policy_as_judge 3 'not a preference model' "$tool" judge \
    --preference base
expect judge_as_policy 3 'not a policy' "$tool" sample --policy judge --prompt a

long="red red red red red red red red red red red red red red red red"
long="$long $long $long $long"
printf '{"prompt": "a"}\n\n{"prompt": "%s"}\n' "$long" > bad.jsonl
expect long_prompt 3 'bad.jsonl line 3' "$tool" sample --policy base \
    --prompts bad.jsonl
expect long_prompt_argument 2 'leaves no room' "$tool" sample --policy base \
    --prompt "$long"
printf '{"prompt": "a"}\n{"prompt": "a\n' > bad.jsonl
expect broken_json 3 'bad.jsonl line 2' "$tool" sample --policy base \
    --prompts bad.jsonl
printf '{"prompt": "a"}\n["a"]\n' > bad.jsonl
expect not_an_object 3 'bad.jsonl line 2: a row must be' "$tool" sample \
    --policy base --prompts bad.jsonl
printf '{"prompt": 5}\n' > bad.jsonl
expect not_a_string 3 'line 1: "prompt" must be a string' "$tool" sample \
    --policy base --prompts bad.jsonl
printf '{"question": "a"}\n' > bad.jsonl
expect missing_field 3 'line 1: "prompt" is missing' "$tool" sample \
    --policy base --prompts bad.jsonl
printf '{"prompt_ids": [1, 5], "response_ids": [7, 290]}\n' > bad.jsonl
expect id_beyond_vocabulary 3 'line 1: "response_ids" has 290, which' "$tool" \
    score --policy base --jsonl bad.jsonl
printf '{"prompt_ids": [1, -5], "response_ids": [7]}\n' > bad.jsonl
expect id_negative 3 'line 1: "prompt_ids" has -5, which' "$tool" score \
    --policy base --jsonl bad.jsonl
printf '{"prompt": "a", "response_a": "b", "response_b": "c", %s}\n' \
    '"prob_a": 1.5' > bad.jsonl
expect probability_outside 3 'line 1: "prob_a" must be from 0 to 1' "$tool" \
    prefer --preferences bad.jsonl --policy base --out r
printf '{"prompt": "a", "chosen": "%s", "rejected": "b"}\n' "$long" > bad.jsonl
expect long_row_strict 3 'bad.jsonl line 1' "$tool" prefer --strict \
    --preferences bad.jsonl --policy base --out r
expect long_row_skipped 3 'skipped 1 of 1' "$tool" prefer \
    --preferences bad.jsonl --policy base --out r
printf '{"text": "%s"}\n' "$long" > bad.jsonl
expect long_text 3 'bad.jsonl line 1' "$tool" pretrain --jsonl bad.jsonl \
    --from base --out r
printf '0.5,0.7\n0.3,0.5,0.1\n' > bad.csv
expect matrix_not_square 3 'bad.csv line 2' "$tool" game --matrix bad.csv
printf '0.5,0.7\n' > bad.csv
expect matrix_short 3 'not square' "$tool" game --matrix bad.csv
printf '0.5,0.7\n0.7,0.5\n' > bad.csv
expect matrix_not_preference 3 'bad.csv' "$tool" game --matrix bad.csv
printf '0.5,x\n0.7,0.5\n' > bad.csv
expect matrix_not_numbers 3 'bad.csv line 1' "$tool" game --matrix bad.csv
printf 'ak42' > bad.bin
expect bin_magic 3 'bad.bin' "$tool" convert --from bad.bin \
    --tokenizer tok.bin --to r
head -c 4096 base/model.safetensors > bad.bin
expect bin_garbage 3 'bad.bin' "$tool" convert --from bad.bin \
    --tokenizer tok.bin --to r

expect existing_folder 2 'exists' "$tool" pretrain --text text.txt \
    --from base --out base
expect existing_file 2 'exists' "$tool" tokenizer --text text.txt --vocab 280 \
    --out tok.bin
if [ -e r ]; then bad failures_write_nothing "r exists"; else
    ok failures_write_nothing; fi

# a poisoned weight, in a file that another program wrote, and a learning rate that no model survives
copy base poisoned
LC_ALL=C sed -i 's/sppo\.digest/sppo_digest/' poisoned/model.safetensors
size=$(($(wc -c < base/model.safetensors) - 4))
printf '\000\000\300\177' |
    dd of=poisoned/model.safetensors bs=1 seek=$size conv=notrunc 2> /dev/null
LC_ALL=C sed 's/"sppo.digest":/"note.digest":/' poisoned/model.safetensors \
    > other && mv other poisoned/model.safetensors
expect nan_weights 6 '' "$tool" pretrain --text text.txt --from poisoned \
    --steps 2 --out r_nan
expect huge_rate 6 '' "$tool" pretrain --text text.txt --from base --steps 50 \
    --lr 1e30 --warmup 0 --clip 0 --out r_huge

# ---- full disk, no memory ---------------------------------------------------

if [ -w /dev/full ]; then
    "$tool" score --policy base --jsonl scored.jsonl > /dev/full 2> err
    if [ $? -eq 5 ]; then ok full_output; else bad full_output "$(cat err)"; fi
else
    skip full_output "there is no /dev/full"
fi
limited() { (ulimit -f 8; "$@"); }
expect full_disk 5 'cannot be written: File too large' limited "$tool" \
    pretrain --text text.txt --from base --steps 2 --out r_full
# shellcheck disable=SC3045  # asked for, and skipped where it is missing
small() { (ulimit -v 2000000; "$@"); }
if small "$tool" --version > /dev/null 2>&1; then
    expect no_memory 4 '' small "$tool" pretrain --text text.txt \
        --tokenizer tok.bin --dim 4096 --heads 8 --layers 64 --threads 1 \
        --out r_memory
else
    skip no_memory "memory cannot be limited here"
fi

# ---- sampling, scoring, judging ---------------------------------------------

holds sample_text "$tool" sample --policy base --prompt "red cat" --greedy
holds sample_rows "$tool" sample --policy base --prompts few.jsonl --n 2
says sample_row_form '^{"prompt": "[a-z ]*", "response": ".*", "finished": '
if [ "$(wc -l < out)" -eq 12 ]; then ok sample_counts; else
    bad sample_counts "$(wc -l < out) rows"; fi
cp out first
holds sample_one_thread "$tool" sample --policy base --prompts few.jsonl \
    --n 2 --threads 1
same sample_same_on_one_thread out first
holds best_of "$tool" sample --policy base --prompt "red cat" --best-of 3 \
    --n 2 --max-tokens 8 --preference judge
holds score "$tool" score --policy base --jsonl scored.jsonl --per-token
says score_form '^{"logprob": -[0-9.]*, "tokens": [0-9]*, "token_logprobs": \['
printf '{"prompt_ids": [1, 5], "response_ids": [7, 280]}\n' > ids.jsonl
holds score_ids "$tool" score --policy base --jsonl ids.jsonl
says score_ids_count '"tokens": 2}'

printf '{"prompt": "red cat", "responses": ["sits here", "sings", "a"]}\n' \
    > request
for head in judge judge_pair judge_scalar; do
    "$tool" judge --preference $head < request > out 2> err
    says "${head}_answers" '^{"probabilities": \[\[0.5, '
done
printf '{"prompt": "a", "responses": ["b", "c"]}\n{"prompt": \n' > request
"$tool" judge --preference judge < request > out 2> err
if [ $? -eq 3 ] && grep -q 'line 2' err && [ "$(wc -l < out)" -eq 2 ]; then
    ok judge_malformed_line; else bad judge_malformed_line "$(cat err)"; fi
printf '{"prompt": "a", "responses": ["b"]}\n' > request
"$tool" judge --preference judge < request > out 2> err
if [ $? -eq 3 ] && grep -q 'two to compare' err; then ok judge_one_response
else bad judge_one_response "$(cat err)"; fi

holds evaluate "$tool" evaluate --policy tuned --against base \
    --preference judge --prompts few.jsonl --max-tokens 8
says evaluate_table '^win rate  '
holds evaluate_json "$tool" evaluate --policy tuned --against base \
    --judge "'$tool' judge --preference judge" --prompts few.jsonl \
    --max-tokens 8 --json
says evaluate_json_form '^{"win_rate": 0.*}$'

# ---- a judge that errs ------------------------------------------------------

# judged NAME PATTERN JUDGE: the judge fails the run with that message
judged() {
    expect "$1" 1 "$2" "$tool" evaluate --policy base --against base --judge \
        "$3" --prompts few.jsonl --max-tokens 4 --judge-timeout 0.5
}
answer() { printf "while read -r line; do echo '%s'; done" "$1"; }
judged judge_not_json 'answer to prompt 1 ("[a-z ]*") is wrong.*received: no' \
    "$(answer 'no')"
judged judge_other_key 'no array "probabilities"' "$(answer '{"p": [[1]]}')"
judged judge_wrong_k 'a row for each response' \
    "$(answer '{"probabilities": [[0.5]]}')"
judged judge_short_row 'a number for each response' \
    "$(answer '{"probabilities": [[0.5, 0.5], [0.5]]}')"
judged judge_text 'is not a number' \
    "$(answer '{"probabilities": [[0.5, "a"], [0.5, 0.5]]}')"
judged judge_outside 'received' \
    "$(answer '{"probabilities": [[0.5, 1.5], [-0.5, 0.5]]}')"
judged judge_asymmetric 'received' \
    "$(answer '{"probabilities": [[0.5, 0.8], [0.8, 0.5]]}')"
judged judge_exits 'ended with exit code 3' 'read -r line; exit 3'
judged judge_not_found 'exit code 127' './no-such-judge'
judged judge_silent 'silent for 0.5 s' 'sleep 30'
judged judge_killed 'ended by signal 9' 'kill -9 $$'

# ---- self-play ---------------------------------------------------------------

# align OUT ARGUMENTS..: a short run with all that a run has
# shellcheck disable=SC2086
align() {
    out=$1
    shift
    "$tool" align --policy base --prompts prompts.jsonl --preference judge \
        $play --epochs 1 --validation few.jsonl --out "$out" "$@"
}
expect dry_run 0 '' align dry --dry-run
says dry_run_says_memory '^memory '
if [ -e dry ]; then bad dry_run_writes_nothing "dry exists"; else
    ok dry_run_writes_nothing; fi
holds align align whole
says align_validates 'win rate against the base [0-9]'
for file in settings.json metrics.csv metrics.jsonl validation.csv \
    policy/model.safetensors policy/config.json policy/tokenizer.bin \
    iter1/train.jsonl iter2/model.safetensors iter2/judged.jsonl; do
    if [ -s "whole/$file" ]; then ok "align_writes_$file"; else
        bad "align_writes_$file" "it is missing"; fi
done
cp whole/iter1/train.jsonl out
says train_row_form '^{"chosen": \[{"content": ".*", "role": "user"}, {"cont'
says train_row_columns '", "role": "assistant"}\], "rejected": .*"chosen_probs"'
says train_row_end '"chosen_probs_win": [0-9.]*, "chosen_probs_lose": [0-9.]*}$'
expect align_again 2 'exists' align whole
expect resume_of_a_finished_run 0 '' align whole --resume
holds align_settings_kept "$tool" align --resume --out whole
expect resume_other_setting 2 'eta is 6, but 5' "$tool" align --resume \
    --out whole --eta 6
expect resume_new_setting 2 'is not a setting of the run' "$tool" align \
    --resume --out whole --keep-all

# equals NAME FOLDER OTHER: the same bits as the other run, and no step twice
equals() {
    same "$1" "$2/policy/model.safetensors" "$3/policy/model.safetensors"
    same "$1_metrics" "$2/metrics.csv" "$3/metrics.csv"
    same "$1_metrics_jsonl" "$2/metrics.jsonl" "$3/metrics.jsonl"
    same "$1_events" "$2/events.out.tfevents.sppo" \
        "$3/events.out.tfevents.sppo"
    same "$1_validation" "$2/validation.csv" "$3/validation.csv"
    same "$1_data" "$2/iter2/train.jsonl" "$3/iter2/train.jsonl"
}

# Every convention runs and has an effect of its own.
convention() {  # name, options
    name=$1
    shift
    holds "align_$name" align "with_$name" "$@"
    for other in whole with_*; do
        [ "$other" != "with_$name" ] && cmp -s \
            "$other/policy/model.safetensors" \
            "with_$name/policy/model.safetensors" &&
            bad "align_${name}_differs" "the same policy as $other"
    done
}
convention pair --loss pair
convention single --loss single --optimizer adamw --clip 1e-3
convention hard --loss hard
convention dpo --loss dpo
convention ipo --loss ipo
convention all_k --keep-all
convention empirical --baseline empirical
convention coefficient --baseline coefficient --log-z 0.8
convention released --bradley-terry

holds align_threads align threads --threads 1
equals align_on_one_thread threads whole
holds align_paused align paused --save-seconds 0
equals align_saving_always paused whole
holds align_by_process "$tool" align --policy base --prompts prompts.jsonl \
    --judge "'$tool' judge --preference judge" --k 2 --max-tokens 4 \
    --iterations 1 --epochs 1 --out process

holds phase_sample align phases --phase sample
expect phase_out_of_turn 2 'next phase is judge' align phases --resume \
    --phase fit
for phase in judge fit sample judge fit; do
    holds "phase_$phase" align phases --resume --phase $phase
done
holds phase_end align phases --resume
equals align_in_phases phases whole

# shard OUT PHASE: three processes at once, each a part of the prompts
shard() {
    failures=0 pids=
    for part in 1 2 3; do
        align "$1" --resume --phase "$2" --shard $part/3 > /dev/null 2>> err &
        pids="$pids $!"
    done
    for pid in $pids; do wait "$pid" || failures=$((failures + 1)); done
    [ $failures -eq 0 ]
}
for i in 1 2; do
    holds "shards_sample_$i" shard shards sample
    holds "shards_judge_$i" shard shards judge
    if [ $i = 1 ]; then
        cp -r shards merged  # again below, phase by phase
        cp shards/shards/iter1.sample.2of3.jsonl rows
    fi
    holds "shards_merge_$i" align shards --resume --phase fit --merge 3
done
holds shards_end align shards --resume
equals align_in_shards shards whole
same shards_checkpoint shards/run.safetensors phases/run.safetensors
if [ -e shards/shards ]; then bad shards_are_gone "they are there"; else
    ok shards_are_gone; fi
holds shards_of_one align shard1 --phase sample --shard 1/1
cat merged/shards/iter1.sample.?of3.jsonl > out
same shards_concatenated out shard1/shards/iter1.sample.1of1.jsonl
holds merge_samples align merged --resume --phase sample --merge 3
holds judge_from_checkpoint align merged --resume --phase judge --shard 2/3
holds merge_judgements align merged --resume --phase judge --merge 3
holds merge_fit align merged --resume --phase fit
same merge_by_phases merged/iter1/model.safetensors \
    shards/iter1/model.safetensors
holds shard_state align sampled --phase sample
expect shard_too_late 2 'iteration 1 .* in sampled is already sampled' \
    align sampled --resume --phase sample --shard 1/3
expect shard_numbers 2 'wants I/N with 1 <= I <= N' align shards2 --phase \
    sample --shard 3/2
expect shard_whole_run 2 'no effect without' align shards2 --shard 1/2
expect shard_of_fit 2 'no effect without' align shards2 --phase fit --shard 1/2
expect shard_missing 2 'iter1.sample.1of2.jsonl is missing; --phase sample' \
    align shards2 --phase judge --shard 1/2
mkdir -p shards2/shards
# bad_shard NAME PATTERN: what is in `rows` is refused, with its line
bad_shard() {
    cp rows shards2/shards/iter1.sample.2of3.jsonl
    expect "$1" 3 "$2" align shards2 --resume --phase judge --shard 2/3 \
        --quiet
}
cp rows good
sed 's/"round": "..../"round": "none/' good > rows
bad_shard shard_of_another_run 'line 1.*belongs to another iteration'
sed '2s/"prompt": [0-9]*/"prompt": 99/' good > rows
bad_shard shard_out_of_order 'line 2.*"prompt" must be'
sed '1s/\[\[[0-9]*/[[99999/' good > rows
bad_shard shard_unknown_id 'line 1.*no id of the vocabulary'
sed '1s/\[\[[^]]*\], /[/' good > rows
bad_shard shard_response_lost 'line 1.*array of 3 responses'
sed '1s/\[\[[^]]*\]/[[]/' good > rows
bad_shard shard_response_empty 'line 1.*must have 1 to 8 tokens'
head -n 3 good > rows
bad_shard shard_cut 'ends before prompt 8 of 12'
cat good good > rows
bad_shard shard_too_long 'line 5.*one row more'

# A run that takes a while, since it saves after every step; begun as a child
# whose process id is $pid, for exec replaces the shell.
start() {
    # shellcheck disable=SC2086
    (exec "$tool" align --policy base --prompts prompts.jsonl $play \
        --epochs 25 --preference judge --validation few.jsonl \
        --save-seconds 0 "$@" > log 2>&1) &
    pid=$!
}
wait_for() {
    tries=0
    while [ ! -e "$1" ] && [ $tries -lt 200 ]; do
        sleep 0.02
        tries=$((tries + 1))
    done
}
start --out long
wait $pid
for signal in INT TERM; do
    code=$([ $signal = INT ] && echo 130 || echo 143)
    start --out "signal$signal"
    wait_for signal$signal/run.safetensors
    kill -$signal $pid
    wait $pid
    got=$?
    if [ $got -eq "$code" ] && grep -q 'stopped; saved in' log; then
        ok "signal_$signal"; else bad "signal_$signal" "exit $got"; fi
    holds "signal_${signal}_resume" "$tool" align --resume --out signal$signal
    equals "signal_${signal}_bits" signal$signal long
done
(exec "$tool" pretrain --text text.txt --from base --steps 1000000 \
    --out interrupted > log 2>&1) &
pid=$!
sleep 0.3
kill -INT $pid
wait $pid
got=$?
if [ $got -eq 130 ] && [ -s interrupted/model.safetensors ]; then
    ok pretrain_interrupted; else bad pretrain_interrupted "exit $got"; fi

# ten murders, then the run is left in peace
kills=0
while [ $kills -lt 10 ] && [ ! -e killed/policy/model.safetensors ]; do
    start --out killed --resume
    sleep "0.$((kills % 2))$((kills * 7 % 10))"
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    kills=$((kills + 1))
done
start --out killed --resume
wait $pid
equals killed_$kills killed long
if [ -z "$(find killed -name '*.tmp' | head -n 1)" ]; then
    ok killed_leaves_nothing; else
    skip killed_leaves_nothing "a kill within a write leaves its .tmp"; fi

# another process at work, a full disk in the middle
# shellcheck disable=SC2086
(exec "$tool" align --policy base --prompts prompts.jsonl --judge 'sleep 20' \
    $play --out locked > log 2>&1) &
pid=$!
wait_for locked/run.safetensors
expect locked 7 "locked by process $pid" "$tool" align --resume --out locked
kill -9 $pid
wait $pid 2> /dev/null
holds disk_begin align disk --phase sample
cp disk/run.safetensors before
expect disk_full_in_a_run 5 '' limited align disk --resume
same disk_full_keeps_checkpoint disk/run.safetensors before
holds disk_resume align disk --resume
equals disk_full disk whole
head -c 3000 before > disk/run.safetensors
expect truncated_checkpoint 3 'run.safetensors' align disk --resume
expect nan_in_a_run 6 '' "$tool" align --policy base --prompts prompts.jsonl \
    --preference judge --max-tokens 4 --k 2 --eta 1e9 --lr 1e6 --clip 0 \
    --warmup 0 --batch 2 --epochs 20 --out diverged

# ---- games, files -----------------------------------------------------------

printf '0.5,1,0\n0,0.5,1\n1,0,0.5\n' > rps.csv
holds game "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 --steps 1000
says game_first '^       1  4.000e-01  4.000e-01  1.000e+00  0.600 0.200 0.200 |'
says game_converges '^    1000 .*  4.4[0-9][0-9]e-03 '
if awk 'NR > 1 && !($3 <= $4) { exit 1 }' out; then ok game_below_bound
else bad game_below_bound "$(head -c 300 out)"; fi

holds game_optimistic "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 \
    --method optimistic --eta 0.3 --steps 5000
says game_optimistic_converges '^    5000  [0-9.]*e-0[5-9]'
holds game_comal "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 \
    --method comal --steps 20000
says game_comal_converges '^   20000  [0-9.]*e-1[0-9]'
holds game_inpo "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 \
    --method inpo --alpha 1 --steps 5000
says game_inpo_stays_near_its_reference '^    5000  4.113e-01'
cp out inpo.txt
holds game_mirror_prox "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 \
    --method mirror-prox --alpha 1 --steps 100
says game_ends_of_one_pull_are_one "^     100  4.113e-01"
holds game_nash_md "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 \
    --method nash-md --schedule --alpha 1 --steps 5000 --against-reference
says game_scheduled_nash_md_ends_there '^    5000  4.113e-01 .*  0.5'
for method in mwu sppo-half optimistic nash-md inpo comal extragradient rlhf; do
    "$tool" game --matrix rps.csv --start 0.6,0.2,0.2 --method $method \
        --eta 0.9 --steps 250 | awk '$1 == 20 { at = $2 } END { print at, $2 }' \
        >> methods.txt
done
if [ "$(sort -u methods.txt | wc -l)" -eq 8 ]; then ok game_methods_differ
else bad game_methods_differ "$(cat methods.txt)"; fi
printf '0.5,1,0.4\n0,0.5,0.4\n0.6,0.6,0.5\n' > colours.csv
holds game_rank "$tool" game --matrix colours.csv --eta 0.5 --rank \
    --names red,green,blue
says game_rank_winner '^ *1  blue *1.0000 .* 0.3119$'
holds game_rank_of_a_circle "$tool" game --matrix rps.csv --rank
if grep -q -e '-0\.0000' out; then bad no_minus_nothing "$(cat out)"; else
    ok no_minus_nothing; fi
holds game_rank "$tool" game --matrix colours.csv --eta 0.5 --rank \
    --names red,green,blue
says game_rank_circles '0.0 % of the triples are circles'
expect game_names_too_few 2 'takes 3 names' "$tool" game --rank \
    --matrix colours.csv --names red,green
expect game_share_of_reference 2 'at most 1' "$tool" game --method nash-md \
    --matrix colours.csv --eta 20
expect alpha_without_reference 2 'no effect' "$tool" game --matrix rps.csv \
    --alpha 1
holds info_build "$tool" info
holds info_directory "$tool" info base
says info_tensors 'model.embed_tokens.weight  *\[290, 16\]'
holds info_checkpoint "$tool" info whole/run.safetensors
holds info_tokenizer "$tool" info tok.bin
says info_pieces '^pieces 290'
expect info_unknown 3 'neither' "$tool" info text.txt
holds export "$tool" convert --from base --to base.bin
holds import "$tool" convert --from base.bin --tokenizer tok.bin --to back
holds export_again "$tool" convert --from back --to again.bin
same convert_there_and_back base.bin again.bin
holds info_bin "$tool" info base.bin
expect export_of_a_judge 3 'not a policy' "$tool" convert --from judge \
    --to j.bin
{ cat base.bin; printf x; } > long.bin
expect bin_oversized 3 'asks for' "$tool" convert --from long.bin \
    --tokenizer tok.bin --to r
head -c 20000 base.bin > short.bin
expect bin_truncated 3 'asks for' "$tool" convert --from short.bin \
    --tokenizer tok.bin --to r

# Directories: half the bytes in bfloat16, and nothing lost the second time.
holds convert_bfloat16 "$tool" convert --from base --dtype bfloat16 --to half
holds convert_says_bfloat16 grep -q '"torch_dtype": "bfloat16"' half/config.json
holds convert_half_the_size awk -v h="$(wc -c < half/model.safetensors)" \
    -v w="$(wc -c < base/model.safetensors)" 'BEGIN { exit !(h < 0.7 * w) }'
same convert_keeps_the_tokenizer base/tokenizer.bin half/tokenizer.bin
holds convert_float32 "$tool" convert --from half --to wide
holds convert_says_float32 grep -q '"torch_dtype": "float32"' wide/config.json
holds convert_bfloat16_again "$tool" convert --from wide --dtype bfloat16 \
    --to half2
same convert_bfloat16_is_stable half/model.safetensors half2/model.safetensors
holds convert_same_shape "$tool" convert --from base --to base2
same convert_same base/model.safetensors base2/model.safetensors
holds bfloat16_samples "$tool" sample --policy half --prompt "red" --greedy
holds convert_judge "$tool" convert --from judge --dtype bfloat16 --to judge2
holds convert_judge_judges "$tool" evaluate --policy half --against base \
    --prompts few.jsonl --max-tokens 4 --preference judge2
copy base hub && rm hub/tokenizer.bin  # as from a hub, without digests
LC_ALL=C sed 's/"sppo\./"sppo_/g' base/model.safetensors > hub/model.safetensors
echo '{"model": {"type": "Unigram"}}' > hub/tokenizer.json
echo '{"chat_template": "x"}' > hub/tokenizer_config.json
holds convert_hub "$tool" convert --from hub --to hub2
same convert_tokenizer_json hub/tokenizer.json hub2/tokenizer.json
same convert_companions hub/tokenizer_config.json hub2/tokenizer_config.json
expect convert_bin_dtype 2 'float32 always' "$tool" convert --from base \
    --dtype bfloat16 --to b16.bin
expect convert_dtype_name 2 'float32|bfloat16' "$tool" convert --from base \
    --dtype float8 --to r
expect convert_tokenizer_twice 2 'has its own' "$tool" convert --from base \
    --tokenizer tok.bin --to r
expect convert_is_careful 2 'base2 exists' "$tool" convert --from base \
    --to base2
copy base broken && head -c 20000 base/model.safetensors \
    > broken/model.safetensors
expect convert_broken 3 'broken/model.safetensors: .*cut off' "$tool" convert \
    --from broken --to r
copy base broken
sed 's/"rope_scaling": null/"rope_scaling": {"rope_type": "yarn"}/' \
    base/config.json > broken/config.json
expect convert_unsupported 3 'broken/config.json: rope_scaling is not' \
    "$tool" convert --edited --from broken --to r
sed 's/"hidden_size": 16/"hidden_size": 0/' base/config.json \
    > broken/config.json
expect convert_hidden_size 3 'broken/config.json: hidden_size is 0' \
    "$tool" convert --edited --from broken --to r
holds convert_wrote_nothing test ! -e r

# A model in parts, as Hugging Face writes large ones: here one part, renamed.
copy base parts && mv parts/model.safetensors parts/model-1-of-1.safetensors
head -c 100000 parts/model-1-of-1.safetensors | tr '}' '\n' |
    LC_ALL=C sed -n 's/.*"\([a-z_.0-9]*weight\)":{"dtype".*/\1/p' | awk '
    BEGIN { printf "{\"metadata\": {}, \"weight_map\": {" }
    { printf "%s\"%s\": \"model-1-of-1.safetensors\"", comma, $0; comma = ", " }
    END { print "}}" }' > parts/model.safetensors.index.json
holds parts_convert "$tool" convert --from parts --to whole_again
same parts_become_one base/model.safetensors whole_again/model.safetensors
rm parts/model-1-of-1.safetensors
expect parts_missing 5 'parts/model-1-of-1.safetensors: cannot be opened' \
    "$tool" info parts
expect bin_without_tokenizer 2 'needs its --tokenizer' "$tool" convert \
    --from base.bin --to r

# ---- real files -------------------------------------------------------------

if [ -f "$data/stories260K.bin" ] && [ -f "$data/tok512.bin" ]; then
    holds stories_import "$tool" convert --from "$data/stories260K.bin" \
        --tokenizer "$data/tok512.bin" --to stories
    holds stories_greedy "$tool" sample --policy stories --prompt "" --greedy \
        --max-tokens 256
    tr '\n' ' ' < out > story
    published=$(sed -n '/^    Once upon/,/^    Lily. We/p' "$data/README.md" |
        sed 's/^    //' | tr '\n' ' ' | sed 's/ *$//')
    case $(cat story) in
        "$published"*) ok stories_text_is_as_published ;;
        *) bad stories_text_is_as_published "$(cat story)" ;;
    esac
    holds stories_export "$tool" convert --from stories --to stories.bin
    same stories_byte_for_byte stories.bin "$data/stories260K.bin"
else
    skip stories "no stories260K.bin in $data"
fi

# A byte bigram (counts and 0.1) has 3.59 bits per byte on the held-out tenth.
if [ -f "$data/tinyshakespeare.txt" ]; then
    holds shakespeare_vocabulary "$tool" tokenizer --vocab 512 \
        --text "$data/tinyshakespeare.txt" --out shakespeare.bin
    holds shakespeare "$tool" pretrain --text "$data/tinyshakespeare.txt" \
        --tokenizer shakespeare.bin --layers 2 --heads 4 --context 128 \
        --steps 120 --lr 8e-3 --out shakespeare
    between shakespeare_beats_a_bigram "held out bits per byte" 2 3.2
else
    skip shakespeare "no tinyshakespeare.txt in $data"
fi

if [ -d stories ] && [ -f "$data/gpt4_preferences.jsonl" ]; then
    head -n 1500 "$data/gpt4_preferences.jsonl" > pairs1500.jsonl
    holds gpt4_preferences "$tool" prefer --preferences pairs1500.jsonl \
        --policy stories --head scalar --lr 1e-3 --out ruler
    between gpt4_beats_the_coin "accuracy  " 0.55 0.9
else
    skip gpt4_preferences "no model or no gpt4_preferences.jsonl in $data"
fi

judge=$(dirname "$tool")/story_judge
if [ -d stories ] && [ -x "$judge" ]; then
    for name in Lily Tom Mia Ben; do
        echo "{\"prompt\": \"Once upon a time, there was $name.\"}"
    done > openings.jsonl
    holds stories_align "$tool" align --policy stories --judge "$judge" \
        --prompts openings.jsonl --validation openings.jsonl --iterations 1 \
        --max-tokens 48 --lr 1e-4 --out stories_run
    expect stories_aligned 0 '' test -s stories_run/policy/model.safetensors
else
    skip stories_align "no model, or no $judge"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
