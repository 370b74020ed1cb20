#!/bin/sh
# test_reads.sh - files that are something else, texts with marks and special
# pieces, models that say more than one thing, numbers that are none
#
# Run     tests/test_reads.sh build/sppo build/scratch    (tool, scratch folder)
# Prints  "ok name", "FAIL name: why", "skip name (why)" and a count; exits 1
#         when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"

# ---- a tiny world -----------------------------------------------------------

i=0
while [ $i -lt 60 ]; do
    echo "the cat sat on a mat then that hat ran here there $i"
    i=$((i + 1))
done > text.txt
shape="--dim 8 --layers 1 --heads 2 --hidden 8 --context 64 --steps 2 --batch 2"
# shellcheck disable=SC2086  # the settings are meant to be split
{
holds tokenizer "$tool" tokenizer --text text.txt --vocab 270 --out tok.bin
holds base "$tool" pretrain --text text.txt --tokenizer tok.bin $shape \
    --out base
}
row='{"prompt": "the cat", "chosen": "sat on a mat", "rejected": "ran"}'
printf '%s\n' "$row" > pairs.jsonl
printf '{"prompt": "the cat", "response": "sat"}\n' > rows.jsonl

# unsealed FROM NAME: a model as other programs save it, without digests
unsealed() {
    cp -r "$1" "$2"
    LC_ALL=C sed -i 's/"sppo\./"sppo_/g' "$2/model.safetensors"
}

# ---- what a file is ---------------------------------------------------------

# bytes NAME FORMAT: a file that begins with them, in each place of a reader
bytes() {
    # shellcheck disable=SC2059
    printf "$2" > "$1.x"
    head -c 2000 /dev/zero >> "$1.x"
    expect "$1_as_rows" 3 "$3" "$tool" score --policy base --jsonl "$1.x"
    expect "$1_as_text" 3 "$3" "$tool" tokenizer --text "$1.x" --vocab 300 \
        --out t.bin
    expect "$1_as_tokenizer" 3 "$3" "$tool" pretrain --text text.txt \
        --tokenizer "$1.x" --out r
    expect "$1_as_model" 3 "$3" "$tool" sample --policy "$1.x" --prompt a
    expect "$1_as_matrix" 3 "$3" "$tool" game --matrix "$1.x"
    expect "$1_as_judgments" 3 "$3" "$tool" evaluate --judgments "$1.x"
    expect "$1_to_convert" 3 "$3" "$tool" convert --from "$1.x" --to c
    expect "$1_info" 3 "$3" "$tool" info "$1.x"
    cp -r base weights
    cp "$1.x" weights/model.safetensors
    expect "$1_as_weights" 3 "$3" "$tool" info weights
    cp base/model.safetensors weights
    cp "$1.x" weights/config.json
    expect "$1_as_config" 3 "$3" "$tool" info weights
    rm -r weights
}
bytes gzip '\037\213\010\010' 'compressed with gzip: unpack it'
bytes parquet 'PAR1\025\004' 'a Parquet file: write its rows as lines of JSON'
bytes lfs 'version https://git-lfs.github.com/spec/v1\n' 'git lfs pull'
bytes gguf 'GGUF\003' 'a GGUF file of llama.cpp'
bytes utf16 '\377\376{\000' 'UTF-16 text: save it as UTF-8'
bytes pickle '\200\002}q' 'a pickle of Python'
bytes version1 '24ka\001' 'a llama2.c model of version 1.*sppo convert reads'
printf '<!DOCTYPE html>\n<html>the cat</html>\n' > page.html
expect html_as_rows 3 'an HTML page' "$tool" score --policy base \
    --jsonl page.html
holds html_is_text "$tool" tokenizer --text page.html --vocab 262 --out h.bin

holds to_bin "$tool" convert --from base --to base.bin
expect bin_as_model 3 'base.bin is a llama2.c model: sppo convert --from' \
    "$tool" sample --policy base.bin --prompt a
expect weights_as_rows 3 'a safetensors file' "$tool" score --policy base \
    --jsonl base/model.safetensors
expect weights_as_text 3 'a safetensors file' "$tool" pretrain --text \
    base/model.safetensors --tokenizer tok.bin --out r
expect tokenizer_as_rows 3 'a tokenizer.bin' "$tool" score --policy base \
    --jsonl tok.bin
expect config_as_model 3 'config.json is a file; name the folder' "$tool" \
    sample --policy base/config.json --prompt a
cp -r base other
mv other/model.safetensors other/adapter_model.safetensors
echo '{"peft_type": "LORA"}' > other/adapter_config.json
expect adapter 3 'other holds an adapter, not a model: merge it' "$tool" info \
    other

# ---- marks and words of other programs --------------------------------------

# marked NAME: the file with a byte order mark in front
marked() { printf '\357\273\277' | cat - "$1" > "m_$1"; }
marked rows.jsonl
marked pairs.jsonl
marked text.txt
for f in rows.jsonl m_rows.jsonl; do
    "$tool" score --policy base --jsonl $f > "out_$f" 2> err
done
same mark_before_rows out_rows.jsonl out_m_rows.jsonl
holds mark_before_pairs "$tool" prefer --quiet --policy base --preferences \
    m_pairs.jsonl --holdout 0 --out judge
holds mark_before_text "$tool" tokenizer --text m_text.txt --vocab 270 \
    --out m_tok.bin
same mark_is_no_text tok.bin m_tok.bin
unsealed base mark
(cd mark && printf '\357\273\277' | cat - config.json > m && mv m config.json)
holds mark_before_config "$tool" info mark
printf '\357\273\2770.5,0.7\n0.3,0.5\n' > m.csv
holds mark_before_matrix "$tool" game --matrix m.csv --steps 3
printf '[\n %s,\n %s]' "$row" "$row" > list.json
marked list.json
holds mark_before_input sh -c "'$tool' score --policy base --jsonl - \
    < m_rows.jsonl"
holds mark_before_list "$tool" prefer --quiet --policy base --preferences \
    m_list.json --holdout 0 --out judge2
for word in NaN Infinity -Infinity; do
    echo "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"," \
        "\"prob_a\": $word}" > word.jsonl
    expect "python_writes_$word" 3 ": $word is not JSON" "$tool" \
        prefer --policy base --preferences word.jsonl --out r
done
sed -i 's/"tie_word_embeddings": true/"tie_word_embeddings": True/' \
    mark/config.json
expect python_writes_True 3 'config.json, line [0-9]*, column [0-9]*: True is' \
    "$tool" info mark

# ---- several ids end a text -------------------------------------------------

end_ids() { sed "s/\"eos_token_id\": [^,]*,/\"eos_token_id\": $1,/" \
    base/config.json > ends/config.json; }
unsealed base ends
rm ends/generation_config.json  # which would say it for config.json
end_ids '[2, 100, 101]'
holds ends_info "$tool" info ends
says ends_are_shown '^eos 2, 100, 101$'
"$tool" convert --quiet --from ends --to ends2 2> err
holds ends_are_kept grep -q '"eos_token_id": \[2, 100, 101\]' ends2/config.json
expect ends_have_no_place_in_bin 3 'more than one token that ends' "$tool" \
    convert --from ends --to ends.bin
end_ids 2
printf '{"eos_token_id": [101, 2]}' > ends/generation_config.json
holds generation_ends "$tool" info ends
says generation_wins '^eos 2, 101$'
# whatever token comes first by greedy sampling is made one of the ends
rm ends/tokenizer.bin ends/tokenizer.json
echo "{\"prompt_ids\": [1, 100]}" > ids.jsonl
first=$("$tool" sample --quiet --greedy --max-tokens 1 --policy ends \
    --prompts ids.jsonl 2> err | sed 's/.*"response_ids": \[\([0-9]*\).*/\1/')
printf '{"eos_token_id": [2, %s]}' "$first" > ends/generation_config.json
holds any_end_ends "$tool" sample --greedy --max-tokens 4 --policy ends \
    --prompts ids.jsonl
says any_end_is_finished "\"response_ids\": \[$first\], \"finished\": true"

# ---- special pieces in a text -----------------------------------------------

awk 'BEGIN {
    printf "{\"added_tokens\": [{\"id\": 256, \"content\": \"<s>\"},"
    printf "{\"id\": 257, \"content\": \"</s>\"}],"
    printf "\n \"normalizer\": null, \"pre_tokenizer\": {\"type\": \"ByteLevel\","
    printf "\n \"add_prefix_space\": false}, \"model\": {\"type\": \"BPE\","
    printf "\n \"vocab\": {"
    for (b = 0; b < 256; b++) {
        shown = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
        printf "%s\"\\u%04x\": %d", b ? ", " : "",
            (shown ? b : 256 + hidden++), b
    }
    print "}, \"merges\": []}}"
}' > tokenizer.json
# shellcheck disable=SC2086
holds special "$tool" pretrain --text text.txt --tokenizer tokenizer.json \
    $shape --out special
# ids NAME PROMPT RESPONSE IDS: what the response becomes
ids() {
    printf '{"prompt": "%s", "response": "%s"}\n' "$2" "$3" > s.jsonl
    holds "$1" "$tool" score --per-token --policy special --jsonl s.jsonl
    says "$1_ids" "\"response_ids\": \\[$4\\]"
}
ids end_is_added a b '98, 257'
ids end_stands_once a 'b</s>' '98, 257'
ids end_alone a '</s>' '257'
ids end_inside_stays a 'b</s>c' '98, 257, 99, 257'
ids end_in_the_prompt 'a</s>' b '98, 257'
# logprob PROMPT: of a response that does not change
logprob() {
    printf '{"prompt": "%s", "response": "b"}\n' "$1" > s.jsonl
    "$tool" score --policy special --jsonl s.jsonl 2> err
}
logprob a > once
logprob '<s>a' > twice
same begin_stands_once once twice
logprob 'a</s>' > twice
if cmp -s once twice; then bad end_in_the_prompt_counts "same"
else ok end_in_the_prompt_counts; fi

# ---- numbers that are none --------------------------------------------------

# broken FROM NAME BYTES: a model whose last number is NaN or infinite
broken() {
    unsealed "$1" "$2"
    # shellcheck disable=SC2059
    printf "$3" | dd of="$2/model.safetensors" bs=1 conv=notrunc \
        seek=$(($(wc -c < "$1/model.safetensors") - 4)) 2> /dev/null
}
absent() { if [ -e "$2" ]; then bad "$1" "$2 is there"; else ok "$1"; fi; }
broken base none '\000\000\300\177'
broken base endless '\000\000\200\377'
expect none_score 6 'none/model.safetensors: .* is NaN' "$tool" score \
    --policy none --jsonl rows.jsonl
expect endless_score 6 'endless/model.safetensors: .* is -infinite' "$tool" \
    score --per-token --policy endless --jsonl rows.jsonl
if [ -s out ]; then bad none_prints_nothing "$(cat out)"
else ok none_prints_nothing; fi
expect none_sample 6 'none/model.safetensors' "$tool" sample --policy none \
    --prompt a --n 2
expect none_convert 6 'none/model.safetensors' "$tool" convert --from none \
    --to none2
absent none_is_not_saved none2/model.safetensors
broken judge no_judge '\000\000\300\177'
printf '{"prompt": "the cat", "responses": ["sat", "ran"]}\n' > ask.jsonl
expect none_judges 6 'no_judge/model.safetensors' sh -c \
    "'$tool' judge --preference no_judge < ask.jsonl"
expect none_is_best 6 'no_judge/model.safetensors' "$tool" sample --policy \
    base --preference no_judge --best-of 2 --prompt a

# Weights that are numbers, and so large that nothing made of them is one.
wild="--lr 1e30 --warmup 0 --decay constant --clip 0 --force"
# shellcheck disable=SC2086
{
expect wild_pretrain 6 'not finite' "$tool" pretrain --text text.txt \
    --from base --steps 1 --holdout 0 $wild --out wild
expect wild_prefer 6 'not finite' "$tool" prefer --preferences pairs.jsonl \
    --policy base --holdout 0 $wild --out wild_judge
printf '{"prompt": "the cat"}\n{"prompt": "a mat"}\n' > prompts.jsonl
expect wild_align 6 'after the last step' "$tool" align --policy base \
    --prompts prompts.jsonl --preference judge --k 2 --iterations 1 --epochs 1 \
    --max-tokens 6 $wild --out wild_run
}
for f in wild wild_judge wild_run/policy; do
    absent "not_saved_$f" "$f/model.safetensors"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
