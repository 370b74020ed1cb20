#!/bin/sh
# models.sh WORK - writes WORK/models.bin, what the page's engine loads: a line
# of JSON, [[name, bytes], ..], then the files, weights as bfloat16
work=${1:?"usage: models.sh WORK"}
for model in policy preference; do
    rm -rf "$work/$model"
    build/sppo convert --from "tiny_models/$model" --to "$work/$model" \
        --dtype bfloat16 >/dev/null || exit 1
done
head -n 96 tiny_models/prompts.jsonl >"$work/prompts.jsonl" || exit 1
list="policy.json policy/config.json
policy.weights policy/model.safetensors
tokenizer policy/tokenizer.bin
preference.json preference/config.json
preference.weights preference/model.safetensors
prompts prompts.jsonl"
echo "$list" | while read -r name file; do
    printf '["%s",%d]\n' "$name" "$(wc -c <"$work/$file")"
done | paste -sd, - | sed 's/.*/[&]/' >"$work/models.bin"
echo "$list" | while read -r name file; do
    cat "$work/$file"
done >>"$work/models.bin"
