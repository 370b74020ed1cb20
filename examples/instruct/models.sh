#!/bin/sh
# Makes tiny_models/ from seeds.   sh examples/instruct/models.sh TARGET SCRATCH
# The task, its text and its judge are examples/instruct/instruct.c; the recipe
# is told in tiny_models/README.md.
set -eu
target=$1 scratch=$2
task=build/instruct sppo="build/sppo"
mkdir -p "$target" "$scratch"

echo "1. text of the task, and a vocabulary"
$task corpus --count 41600 --flawless 22880 --seed 1 > "$scratch/corpus.jsonl"
head -n 4000 "$scratch/corpus.jsonl" > "$scratch/sample.jsonl"
$sppo tokenizer --jsonl "$scratch/sample.jsonl" --vocab 680 \
    --out "$scratch/tokenizer.bin" --force --quiet

echo "2. the base policy: flawless text first, then of mixed quality"
$sppo pretrain --jsonl "$scratch/corpus.jsonl" --keep-order --holdout 0 \
    --tokenizer "$scratch/tokenizer.bin" --dim 64 --layers 3 --heads 4 \
    --hidden 176 --context 256 --steps 1300 --batch 32 --lr 4e-3 --seed 1 \
    --out "$scratch/policy" --force

echo "3. preferences, half of the responses by the base policy"
$task prompts --count 8000 --seed 5 > "$scratch/asked.jsonl"
$sppo sample --policy "$scratch/policy" --prompts "$scratch/asked.jsonl" \
    --n 2 --max-tokens 64 --seed 3 > "$scratch/answered.jsonl"
$task pairs --count 16000 --samples "$scratch/answered.jsonl" --bias 0.02 \
    --seed 6 > "$scratch/preferences.jsonl"

echo "4. the preference model"
$sppo prefer --preferences "$scratch/preferences.jsonl" --head embed \
    --policy "$scratch/policy" --seed 1 --out "$scratch/preference" --force

echo "5. prompts for training and for evaluation"
$task prompts --count 1536 --seed 7 > "$scratch/prompts.jsonl"
$task prompts --count 400 --seed 8 > "$scratch/validation.jsonl"
head -n 1000 "$scratch/preferences.jsonl" > "$scratch/some.jsonl"
mv "$scratch/some.jsonl" "$scratch/preferences.jsonl"

for part in policy preference; do
    mkdir -p "$target/$part"
    for file in config.json generation_config.json model.safetensors \
        tokenizer.bin tokenizer.json tokenizer_config.json; do
        cp "$scratch/$part/$file" "$target/$part"
    done
done
cp "$scratch/prompts.jsonl" "$scratch/validation.jsonl" \
    "$scratch/preferences.jsonl" "$target"
cksum "$target"/*/* "$target"/*.jsonl
