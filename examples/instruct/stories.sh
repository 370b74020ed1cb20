#!/bin/sh
# Aligns a real model, the 260K-parameter TinyStories Llama of llama2.c, with a
# judge that is a program of its own (examples/instruct/story_judge.c).
#   sh examples/instruct/stories.sh DATA OUT [SEED]
# DATA holds stories260K.bin and tok512.bin.
set -eu
data=$1 out=$2 seed=${3:-1}
sppo=build/sppo
mkdir -p "$out"
$sppo convert --from "$data/stories260K.bin" --tokenizer "$data/tok512.bin" \
    --to "$out/base" --force --quiet

prompts() {  # all openings of a story with these names
    for name in "$@"; do
        for who in "little girl" "little boy" "big dog" "small cat" \
            "brave bird" "happy bear"; do
            for where in "in the park" "in the house" "in the garden" \
                "by the sea"; do
                echo "{\"prompt\": \"Once upon a time, there was a $who named \
$name. One day, $name was $where.\"}"
            done
        done
    done
}
prompts Lily Tom Mia Ben Sue Max Anna Tim Lucy Sam Amy Jack Zoe Bob Ella Leo \
    > "$out/prompts.jsonl"
prompts Nora Finn Ivy Otto > "$out/validation.jsonl"

$sppo align --policy "$out/base" --judge build/story_judge \
    --prompts "$out/prompts.jsonl" --validation "$out/validation.jsonl" \
    --eta 30 --lr 1e-4 --epochs 4 --max-tokens 160 --seed "$seed" \
    --out "$out/run" --force
cat "$out/run/validation.csv"
for policy in "$out/base" "$out/run/policy"; do
    echo "---- $policy"
    $sppo sample --policy "$policy" --max-tokens 160 --temperature 0.5 \
        --seed 5 --prompt "Once upon a time, there was a little girl named Nora. One day, Nora \
was in the garden."
    echo
done
