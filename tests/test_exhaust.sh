#!/bin/sh
# test_exhaust.sh - memory runs out at every place where a command of the tool
# asks for it: the exit code is 4, it says so, and nothing is in the way of the
# same command afterwards
#
# Run     tests/test_exhaust.sh build/exhaust build/scratch   (a tool that is
#         linked with exhaust.c, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

tiny=$root/tiny_models
policy="--policy $tiny/policy"
preference="--preference $tiny/preference"
head -n 6 "$tiny/prompts.jsonl" > prompts.jsonl
head -n 8 "$tiny/preferences.jsonl" > pairs.jsonl
sed 's/"response_a"/"response"/; s/, "response_b".*/}/' pairs.jsonl > rows.jsonl
sed 's/.*"prompt": "//; s/[^a-z ]/ /g' pairs.jsonl > text.txt
printf '0.5,1,0\n0,0.5,1\n1,0,0.5\n' > matrix.csv
printf '{"output_1": "a", "output_2": "b c", "preference": %s}\n' 2 1.25 1 2 \
    > judged.json
printf '{"question_id": 1, "category": "math", "turns": ["a", "b"]}\n' \
    > questions.jsonl
printf '{"question_id": 1, "model": "m", "turn": %s, "score": 4}\n' 1 2 \
    > grades.jsonl
printf '{"question_id": 1, "model_1": "a", "model_2": "b", %s, %s}\n' \
    '"g1_winner": "tie"' '"g2_winner": "model_1"' > duels.jsonl

if ! EXHAUST_PLACES=places "$tool" game --matrix matrix.csv > out 2>&1 ||
    [ ! -s places ]; then
    skip memory_runs_out "this tool is not linked with exhaust.c"
    echo "$passed passed, $failed failed, $skipped skipped"
    exit 0
fi

prepare() { :; }  # before each run
input=/dev/null
# exhausted NAME RESULT COMMAND..: RESULT is a file that it writes, or out
exhausted() {
    name=$1 result=$2
    shift 2
    prepare
    export EXHAUST_PLACES="$work/places"
    "$@" > out 2> err < $input
    got=$?
    unset EXHAUST_PLACES
    [ $got -eq 0 ] || { bad "$name" "$(head -c 300 err)"; return; }
    cp "$result" whole
    wrong=
    for call in $(cat places); do
        prepare
        export EXHAUST_AT="$call"
        "$@" > out 2> err < $input
        got=$?
        unset EXHAUST_AT
        [ $got -eq 4 ] && grep -q 'out of memory' err ||
            wrong="$wrong $call: exit $got, $(head -c 200 err);"
    done
    if [ -z "$wrong" ]; then ok "$name"; else
        bad "$name" "$(echo "$wrong" | head -c 600)"; fi
    "$@" > out 2> err < $input || cat err
    same "${name}_afterwards" "$result" whole
}

shape="--dim 16 --layers 1 --heads 4 --kv-heads 2 --hidden 24 --context 256"
play="--prompts prompts.jsonl --k 2 --max-tokens 6 --batch 2 --epochs 1"

# shellcheck disable=SC2086  # the settings are meant to be split
{
exhausted tokenizer tok.bin "$tool" tokenizer --text text.txt --vocab 270 \
    --out tok.bin --force
exhausted pretrain base/model.safetensors "$tool" pretrain --text text.txt \
    --tokenizer tok.bin $shape --steps 3 --batch 2 --out base --force
exhausted pretrain_rows tuned/model.safetensors "$tool" pretrain \
    --jsonl rows.jsonl --from base --steps 2 --batch 2 --out tuned --force
tokenizer_json > tokenizer.json
exhausted pretrain_with_a_tokenizer_json gpt/model.safetensors "$tool" \
    pretrain --jsonl rows.jsonl --tokenizer tokenizer.json $shape --steps 1 \
    --batch 2 --out gpt --force
exhausted score_with_a_tokenizer_json out "$tool" score --policy gpt \
    --jsonl rows.jsonl
exhausted prefer judge/model.safetensors "$tool" prefer --policy base \
    --preferences pairs.jsonl --batch 4 --epochs 1 --holdout 0.3 --out judge \
    --force
exhausted align run/policy/model.safetensors "$tool" align --policy base \
    --preference judge $play --iterations 2 --validation prompts.jsonl \
    --watch judge --keep-all --out run --force
exhausted align_keeps_the_best best/policy/model.safetensors "$tool" align \
    --policy base --preference judge $play --iterations 2 --stop-kl 1e9 \
    --validation prompts.jsonl --keep best --out best --force
exhausted align_from_a_file best/policy/model.safetensors "$tool" align \
    --config best/settings.json --out best --force
exhausted study study/study.csv "$tool" align --policy base --preference judge \
    $play --iterations 1 --validation prompts.jsonl --lr 1e-3,1e-4 \
    --out study --force
exhausted align_dry prompts.jsonl "$tool" align --policy base $play --dry-run \
    --preference judge --out dry
sed 's/}$/, "response": "well"}/' prompts.jsonl > gold.jsonl
exhausted align_dry_by_rows gold.jsonl "$tool" align --policy base --k 2 \
    --prompts gold.jsonl --gold --max-tokens 6 --dry-run --out dry
exhausted align_by_a_program judged/policy/model.safetensors "$tool" align \
    --policy base $play --iterations 1 --out judged --force \
    --judge "'$tool' judge --preference judge"
parts="align --policy base --preference judge $play --iterations 1 --out parts"
"$tool" $parts --phase sample --shard 1/1 > out 2>&1 &&
    "$tool" $parts --resume --phase judge --shard 1/1 > out 2>&1
rm -rf shards
cp -r parts shards
prepare() { rm -rf parts; cp -r shards parts; }
exhausted align_merges parts/run.safetensors "$tool" $parts --resume \
    --phase judge --merge 1
"$tool" $parts --resume > out 2>&1
rm -rf shards
cp -r parts shards
exhausted align_at_its_end out "$tool" $parts --resume
prepare() { :; }
exhausted sample out "$tool" sample --policy base --prompt "tell me" --n 2 \
    --max-tokens 6
exhausted sample_best out "$tool" sample --policy base --preference judge \
    --prompts prompts.jsonl --top-p 0.9 --max-tokens 4 --best-of 3
exhausted sample_mt_bench out "$tool" sample --policy base --max-tokens 4 \
    --mt-bench questions.jsonl --turn-form '{question}\n{answer}'
exhausted sample_turns out "$tool" sample --policy base --max-tokens 4 \
    --mt-bench questions.jsonl
exhausted score out "$tool" score --policy base --jsonl rows.jsonl
exhausted evaluate out "$tool" evaluate --policy tuned --against base \
    --preference judge --prompts prompts.jsonl --max-tokens 4
exhausted evaluate_many rows "$tool" evaluate --policies tuned,base,run/iter1 \
    --preference judge --prompts prompts.jsonl --max-tokens 4 --force \
    --out rows --heat picture
mkdir mixed
echo '{"average": ["../run/iter1", "../run/iter2"]}' > mixed/average.json
exhausted evaluate_an_average out "$tool" evaluate --policy mixed \
    --against base --preference judge --prompts prompts.jsonl --max-tokens 4
exhausted sample_an_average out "$tool" sample --policy mixed --max-tokens 4 \
    --prompts prompts.jsonl --n 2
exhausted evaluate_judgments out "$tool" evaluate --judgments judged.json
exhausted evaluate_grades out "$tool" evaluate --judgments grades.jsonl \
    --mt-bench questions.jsonl
exhausted evaluate_pairs out "$tool" evaluate --judgments duels.jsonl
}
exhausted game out "$tool" game --matrix matrix.csv --start 0.6,0.2,0.2
exhausted game_of_a_long_start out "$tool" game --matrix matrix.csv \
    --start "$(printf '0.6,%300s,0.2' 0.2)"
exhausted game_of_models out "$tool" game --matrix duels.jsonl --rank
exhausted convert small/model.safetensors "$tool" convert --from base \
    --to small --dtype bfloat16 --force
exhausted convert_edited edited/model.safetensors "$tool" convert --edited \
    --from base --to edited --force
exhausted convert_to_llama2c small.bin "$tool" convert --from base \
    --to small.bin --force
exhausted convert_to_gguf small.gguf "$tool" convert --from base \
    --to small.gguf --dtype float16 --force
exhausted convert_from_llama2c large/model.safetensors "$tool" convert \
    --from small.bin --tokenizer tok.bin --to large --force
for path in run judge rows.jsonl small.bin tok.bin tokenizer.json \
    base/tokenizer.json; do
    exhausted "info_$path" out "$tool" info $path
done
exhausted report out "$tool" report run --out -
exhausted report_of_two both.html "$tool" report run judged --force \
    --out both.html
# What a judge cannot do for want of memory is its answer, and it goes on.
echo '{"prompt": "a", "responses": ["b", "c d"], "finished": [true, false]}' \
    > requests
judge() {
    "$tool" judge --preference judge
    got=$?
    [ $got -eq 3 ] && grep -q '{"error": ".*out of memory' out && return 4
    return $got
}
input=requests
exhausted judge out judge

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
