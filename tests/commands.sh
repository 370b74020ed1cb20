#!/bin/sh
# commands.sh - short runs of every command of the tool, on the tiny models:
# what a tool that was built to look for errors is run with
#
# Run     tests/commands.sh TOOL build/scratch
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"

tiny=$root/tiny_models
policy="--policy $tiny/policy"
preference="--preference $tiny/preference"

head -n 6 "$tiny/prompts.jsonl" > prompts.jsonl
head -n 8 "$tiny/preferences.jsonl" > pairs.jsonl
sed 's/"response_a"/"chosen"/; s/"response_b"/"rejected"/' pairs.jsonl \
    > chosen.jsonl
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
shape="--dim 16 --layers 1 --heads 4 --kv-heads 2 --hidden 24 --context 32"
play="--prompts prompts.jsonl --k 2 --max-tokens 6 --batch 2 --epochs 1"

# shellcheck disable=SC2086  # the settings are meant to be split
{
holds tokenizer "$tool" tokenizer --text text.txt --vocab 270 --out tok.bin
holds pretrain "$tool" pretrain --text text.txt --tokenizer tok.bin $shape \
    --steps 3 --batch 2 --out base
holds pretrain_rows "$tool" pretrain --jsonl rows.jsonl --from "$tiny/policy" \
    --steps 1 --batch 2 --optimizer rmsprop --out tuned
for head in embed pair scalar; do
    holds prefer_$head "$tool" prefer --preferences chosen.jsonl $policy \
        --head $head --batch 4 --epochs 1 --out judge_$head
done
holds align "$tool" align $policy $preference $play --iterations 2 \
    --validation prompts.jsonl --keep-all --out run
holds align_by_a_program "$tool" align $policy $play --iterations 1 \
    --judge "'$tool' judge --preference judge_pair" --out judged
parts="align $policy $preference $play --iterations 1 --out shards"
holds align_samples_a_shard "$tool" $parts --phase sample --shard 1/1
holds align_judges_a_shard "$tool" $parts --resume --phase judge --shard 1/1
holds align_merges "$tool" $parts --resume --phase fit --merge 1
holds align_goes_on "$tool" $parts --resume
holds align_dpo "$tool" align $policy $preference $play --iterations 1 \
    --loss dpo --bradley-terry --optimizer adamw --quiet --out by_dpo
holds align_with_a_mixture "$tool" align $policy $preference \
    --prompts prompts.jsonl --k 4 --max-tokens 6 --batch 2 --epochs 1 \
    --iterations 1 --method nash-md --out mixed
holds align_with_gold "$tool" align $policy --prompts rows.jsonl --k 2 \
    --max-tokens 64 --batch 2 --epochs 1 --iterations 1 --method spin --out gold
holds sample "$tool" sample $policy --prompt "tell me a story" --n 2 \
    --max-tokens 12
holds sample_greedy "$tool" sample $policy --prompts prompts.jsonl --greedy \
    --max-tokens 4
holds sample_best "$tool" sample $policy --prompts prompts.jsonl --top-p 0.9 \
    --max-tokens 4 --best-of 3 $preference
holds sample_mt_bench "$tool" sample $policy --mt-bench questions.jsonl \
    --max-tokens 4 --turn-form '{question}\n{answer}'
holds score "$tool" score $policy --jsonl rows.jsonl
}
echo '{"prompt": "a", "responses": ["b", "c d"], "finished": [true, false]}' \
    > requests
judge() { "$tool" judge --preference "$tiny/preference" < requests; }
holds judge judge
# shellcheck disable=SC2086
holds evaluate "$tool" evaluate $policy --against "$tiny/policy" $preference \
    --prompts prompts.jsonl --max-tokens 4
holds evaluate_judgments "$tool" evaluate --judgments judged.json
holds evaluate_grades "$tool" evaluate --judgments grades.jsonl \
    --mt-bench questions.jsonl
holds evaluate_pairs "$tool" evaluate --judgments duels.jsonl --json
holds game_of_models "$tool" game --matrix duels.jsonl --rank
for method in mwu optimistic nash-md; do
    holds game_$method "$tool" game --matrix matrix.csv --method $method \
        --steps 50
done
holds convert "$tool" convert --from "$tiny/policy" --to small --dtype bfloat16
holds convert_to_llama2c "$tool" convert --from "$tiny/policy" --to small.bin
holds convert_to_gguf "$tool" convert --from "$tiny/policy" --to small.gguf \
    --dtype float16
holds convert_from_llama2c "$tool" convert --from small.bin \
    --tokenizer "$tiny/policy/tokenizer.bin" --to large
for path in run "$tiny/preference" rows.jsonl small.bin tok.bin ''; do
    # shellcheck disable=SC2086  # the last one is no argument
    holds "info${path:+_$(basename "$path")}" "$tool" info $path
done
holds report "$tool" report run judged --out report.html
holds report_in_markdown "$tool" report run --markdown
: > empty
expect a_failure_is_cleaned_up 3 'no prompts' "$tool" align \
    --policy "$tiny/policy" --preference "$tiny/preference" \
    --prompts empty --out nothing
expect a_tensor_that_is_cut_is_refused 3 'broken' sh -c 'cp -r small broken &&
    head -c 9000 small/model.safetensors > broken/model.safetensors &&
    exec "$1" sample --policy broken --prompt a' sh "$tool"

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
