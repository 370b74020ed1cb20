#!/bin/sh
# test_training.sh - pretrain and prefer as runs: checkpoints, logs, resume
#
# Run     tests/test_training.sh build/sppo build/scratch   (tool, scratch)
# Prints  "ok name", "FAIL name: why", "skip name (why)" and a count; exits 1
#         when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"

# ---- a tiny world -----------------------------------------------------------

awk 'BEGIN {
    n = split("the cat sat on a mat then that hat ran here there", w, " ")
    for (s = 7; i < 200; i++) {
        line = ""
        for (j = 0; j < 5; j++) {
            s = (s * 1103515245 + 12345) % 2147483648
            line = line (j ? " " : "") w[int(s / 65536) % n + 1]
        }
        print line
    }
}' > text.txt
head -n 40 text.txt | awk '{ print "{\"prompt\": \"" $1 "\", \"response\": \"" \
    $2 " " $3 "\"}" }' > rows.jsonl
head -n 40 text.txt | awk '{ print "{\"prompt\": \"" $1 " " $2 \
    "\", \"chosen\": \"" $3 "\", \"rejected\": \"" $4 " " $5 "\"}" }' \
    > pairs.jsonl
holds tokenizer "$tool" tokenizer --text text.txt --vocab 270 --out tok.bin
shape="--dim 16 --layers 1 --heads 2 --hidden 16 --context 32"

# What takes long enough to be killed, since each step is saved.
# shellcheck disable=SC2086  # the settings are meant to be split
pretrain() {
    "$tool" pretrain --text text.txt --tokenizer tok.bin $shape --steps 60 \
        --batch 3 --pass-tokens 64 "$@"
}
prefer() {
    "$tool" prefer --preferences pairs.jsonl --policy base --epochs 8 \
        --batch 5 --holdout 0.2 "$@"
}
holds base pretrain --out base
cp out base.report

# equals NAME RUN OTHER: the same model, the same logs, each step once
equals() {
    same "$1_bits" "$2/model.safetensors" "$3/model.safetensors"
    same "$1_metrics" "$2/metrics.csv" "$3/metrics.csv"
    same "$1_metrics_jsonl" "$2/metrics.jsonl" "$3/metrics.jsonl"
    same "$1_events" "$2/events.out.tfevents.sppo" \
        "$3/events.out.tfevents.sppo"
}

# ---- what a run leaves -----------------------------------------------------

prefer --out judge > judge.report 2> err || bad prefer "$(cat err)"
for run in base judge; do
    for file in model.safetensors config.json tokenizer.bin settings.json \
        metrics.csv metrics.jsonl; do
        if [ -s "$run/$file" ]; then ok "${run}_writes_$file"; else
            bad "${run}_writes_$file" "it is missing"; fi
    done
    if [ ! -e "$run/run.safetensors" ]; then
        ok "${run}_keeps_no_checkpoint_at_its_end"; else
        bad "${run}_keeps_no_checkpoint_at_its_end" "it is there"; fi
done
head -n 1 base/metrics.csv > out
says pretrain_columns \
    '^step,epoch,loss,bits_per_byte,grad_norm,learning_rate,num_tokens$'
head -n 1 judge/metrics.csv > out
says prefer_columns '^step,epoch,loss,accuracy,margin,grad_norm,learning_rate$'
holds a_line_for_each_step test "$(wc -l < base/metrics.csv)" -eq 61
holds a_row_for_each_step test "$(wc -l < base/metrics.jsonl)" -eq 60
tail -n 1 base/metrics.jsonl > out
says metrics_are_json '^{"step": 60, "epoch": .*, "num_tokens": [0-9]*}$'
holds losses_are_per_token awk -F , 'NR == 2 && !($3 > 5 && $3 < 6 &&
    $4 > 0.2 * $3 && $4 < 1.5 * $3) { bad = 1 } END { exit bad }' \
    base/metrics.csv

# ---- estimates --------------------------------------------------------------

for job in pretrain prefer; do
    holds "${job}_dry_run" "$job" --out dry --dry-run
    says "${job}_dry_run_says_settings" '^  seed '
    says "${job}_dry_run_says_memory" '^memory .* MB'
    says "${job}_dry_run_says_time" '^time .* minutes'
    if [ -e dry ]; then bad "${job}_dry_run_writes_nothing" "dry exists"; else
        ok "${job}_dry_run_writes_nothing"; fi
done
expect dry_run_beside_a_run 0 '' pretrain --out base --dry-run
# shellcheck disable=SC2086
expect a_batch_of_more_than_all 0 'batch 4000 is more than the .* sequences' \
    "$tool" pretrain --text text.txt --tokenizer tok.bin $shape --out dry \
    --dry-run --batch 4000
expect a_batch_of_all_rows 0 'batch 4000 .*: a step takes all [0-9]*$' \
    "$tool" prefer --preferences pairs.jsonl --policy base --out dry \
    --dry-run --batch 4000

# ---- stopped and resumed ------------------------------------------------------

# begin JOB ARGUMENTS..: as a child whose process id is $pid
begin() {
    job=$1
    shift
    # shellcheck disable=SC2086
    case $job in
    pretrain)
        (exec "$tool" pretrain --text text.txt --tokenizer tok.bin $shape \
            --steps 60 --batch 3 --pass-tokens 64 --save-seconds 0 "$@" \
            > log 2>&1) & ;;
    prefer)
        (exec "$tool" prefer --preferences pairs.jsonl --policy base \
            --epochs 8 --batch 5 --holdout 0.2 --save-seconds 0 "$@" \
            > log 2>&1) & ;;
    esac
    pid=$!
}
# under_way RUN: waits until it has logged some of its steps
under_way() {
    tries=0
    while [ "$(cat "$1/metrics.jsonl" 2> /dev/null | wc -l)" -lt 5 ] &&
        [ $tries -lt 400 ]; do
        sleep 0.01
        tries=$((tries + 1))
    done
}

holds threads pretrain --out threads --threads 1
equals pretrain_on_one_thread threads base
for job in pretrain prefer; do
    whole=$([ $job = pretrain ] && echo base || echo judge)
    holds ${job}_saving_always $job --out ${job}_paused --save-seconds 0
    equals ${job}_saving_always ${job}_paused $whole

    begin $job --out ${job}_int
    under_way ${job}_int
    kill -INT $pid
    wait $pid
    got=$?
    if [ $got -eq 130 ] && grep -q 'stopped; saved in' log; then
        ok ${job}_interrupted; else
        bad ${job}_interrupted "exit $got: $(tail -n 1 log)"; fi
    holds ${job}_interrupted_has_a_model "$tool" info ${job}_int
    expect ${job}_unfinished_is_kept 2 '--resume' $job --out ${job}_int
    holds ${job}_resume "$tool" $job --resume --out ${job}_int --threads 2
    same ${job}_resume_reports out $whole.report
    equals ${job}_interrupted ${job}_int $whole
    expect ${job}_resume_at_the_end 0 'the run is at its end' "$tool" $job \
        --resume --out ${job}_int
    equals ${job}_at_the_end ${job}_int $whole
    expect ${job}_at_the_end_is_kept 2 'exists; choose another name' $job \
        --out ${job}_int

    # murders at any moment, until a run lives to its end
    kills=0 got=1
    while [ $kills -lt 12 ] && [ $got -ne 0 ]; do
        begin $job --out ${job}_killed --resume
        sleep "0.0$((kills * 3 % 7 + 1))"
        kill -9 $pid 2> /dev/null
        wait $pid 2> /dev/null
        got=$?
        kills=$((kills + 1))
    done
    holds ${job}_killed $job --out ${job}_killed --resume
    equals ${job}_killed ${job}_killed $whole
done

# --minutes settles the steps once: a run that goes on is the same
minutes() {
    # shellcheck disable=SC2086
    "$tool" pretrain --text text.txt --tokenizer tok.bin $shape --batch 3 \
        --holdout 0 "$@"
}
(exec "$tool" pretrain --text text.txt --tokenizer tok.bin --dim 16 --layers 1 \
    --heads 2 --hidden 16 --context 32 --batch 3 --holdout 0 --minutes 0.02 \
    --save-seconds 0 --out minutes > log 2>&1) &
pid=$!
under_way minutes
kill -9 $pid
wait $pid 2> /dev/null
steps=$(sed -n 's/.*--steps \([0-9]*\) repeats.*/\1/p' log)
holds minutes_resume minutes --minutes 0.02 --resume --out minutes
holds minutes_as_steps minutes --steps "${steps:-0}" --out steps
equals minutes_are_steps minutes steps

# ---- what a run is ----------------------------------------------------------

# left JOB OUT: a run that was killed on its way
left() {
    begin "$1" --out "$2"
    under_way "$2"
    kill -9 $pid
    wait $pid 2> /dev/null
}
left pretrain half
expect another_seed 2 'seed is 2, but 1' "$tool" pretrain --resume --out half \
    --seed 2
expect no_setting_of_the_run 2 'is not a setting of the run' "$tool" pretrain \
    --resume --out half --from base
mkdir -p elsewhere
cp -r half elsewhere/moved
holds moved_and_otherwise_spelled "$tool" pretrain --resume \
    --out ./elsewhere/moved/
equals moved elsewhere/moved base
sed '3s/^/so /' text.txt > other.txt
expect another_text 2 'not the data that the run' "$tool" pretrain --resume \
    --out half --text other.txt
cp text.txt copy.txt
cp -r half same_content
holds same_text_of_another_name "$tool" pretrain --resume --out same_content \
    --text copy.txt
equals same_text same_content base

# flip FILE BYTE: changes one bit
flip() {
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((byte ^ 16)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
size=$(wc -c < half/run.safetensors)
for at in 3 100 $((size / 2)) $((size - 2)); do
    rm -rf flipped && cp -r half flipped
    flip flipped/run.safetensors "$at"
    expect "flipped_bit_at_$at" 3 'run.safetensors' "$tool" pretrain --resume \
        --out flipped
done
left prefer half_judge
expect a_run_of_another_command 2 '' "$tool" prefer --resume --out half
expect another_epochs 2 'epochs is 9, but 8' "$tool" prefer --resume \
    --out half_judge --epochs 9
holds half_judge_resume "$tool" prefer --resume --out half_judge
equals half_judge half_judge judge

# Every seventh step has a line, and the last; the same after an interruption.
holds sparse pretrain --log-every 7 --out sparse
same sparse_bits sparse/model.safetensors base/model.safetensors
awk -F , 'NR == 1 || $1 % 7 == 0 || $1 == 60' base/metrics.csv > wanted.csv
same sparse_lines_are_those_of_all sparse/metrics.csv wanted.csv
begin pretrain --log-every 7 --out sparse_cut
under_way sparse_cut
kill -INT $pid
wait $pid
expect another_cadence_is_another_run 2 'log-every is 3, but 7' pretrain \
    --log-every 3 --resume --out sparse_cut
holds sparse_goes_on "$tool" pretrain --resume --out sparse_cut
equals sparse_goes_on sparse_cut sparse
expect never_is_no_number 2 '--log-every must be from 1 to' pretrain \
    --log-every 0 --out no
# A run that forgets the one before, and is killed at its beginning.
cp -r base again
expect force_begins_anew 0 '' pretrain --out again --force --seed 2
if cmp -s again/model.safetensors base/model.safetensors; then
    bad force_is_another_run "the same model"; else ok force_is_another_run; fi
holds force_has_its_own_log test "$(wc -l < again/metrics.jsonl)" -eq 60

expect a_model_is_not_its_own_start 2 '--out is the folder of --from, base' \
    "$tool" pretrain --text text.txt --from base --steps 3 --force --out ./base
expect a_judge_is_not_its_policy 2 '--out is the folder of --policy' \
    prefer --out base --force
same the_start_is_as_it_was base/model.safetensors threads/model.safetensors

# another process at work; a disk that is full
begin pretrain --out locked
under_way locked
kill -STOP $pid
expect locked 7 "locked by process $pid" "$tool" pretrain --resume --out locked
kill -9 $pid
wait $pid 2> /dev/null
holds locked_resume "$tool" pretrain --resume --out locked
equals locked locked base
# Two begin, and one waits for its text until the other has done the run.
# beside NAME CODE PATTERN OPTION..: the one that waited
mkfifo text.fifo
beside() {
    name=$1 code=$2 pattern=$3
    shift 3
    # shellcheck disable=SC2086
    "$tool" pretrain --text - --tokenizer tok.bin $shape --steps 60 --batch 3 \
        --pass-tokens 64 --out beside "$@" < text.fifo > log 2>&1 &
    pid=$!
    exec 9> text.fifo
    sleep 0.5
    pretrain --resume --out beside > out 2>&1
    cat text.txt >&9
    exec 9>&-
    wait $pid
    got=$?
    if [ $got -eq "$code" ] && grep -q "$pattern" log; then ok "$name"; else
        bad "$name" "exit $got, not $code: $(tail -n 2 log)"; fi
}
beside another_was_faster 7 'another process worked in it meanwhile' --seed 2
equals another_was_faster beside base
rm -r beside
left pretrain beside
beside another_went_on 7 'another process worked in it meanwhile' --resume
equals another_went_on beside base
beside forced_beside_another 0 '' --force
limited() { (ulimit -f 4 && "$@"); }
left pretrain disk
cp disk/run.safetensors before
expect disk_full 5 '' limited "$tool" pretrain --resume --out disk
same disk_full_keeps_the_checkpoint disk/run.safetensors before
holds disk_resume "$tool" pretrain --resume --out disk
equals disk disk base
expect diverges 6 '' pretrain --out diverged --lr 1e20 --clip 0
if [ ! -e diverged/model.safetensors ]; then ok diverged_saves_no_model; else
    bad diverged_saves_no_model "there is one"; fi
if [ -e /dev/full ]; then
    cp -r half report
    "$tool" pretrain --resume --out report > /dev/full 2> err
    got=$?
    if [ $got -eq 5 ]; then ok report_to_a_full_disk; else
        bad report_to_a_full_disk "exit $got"; fi
    holds report_again "$tool" pretrain --resume --out report
    same report_is_the_same out base.report
else
    skip report_to_a_full_disk "there is no /dev/full"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
