#!/bin/sh
# test_refused.sh - what a file or an option must not be, and which sentence
# says so: the refusals that no other script comes to
#
# Run     tests/test_refused.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

tiny=$root/tiny_models
policy="--policy $tiny/policy"
preference="--preference $tiny/preference"
row() { printf '%s\n' "$@" > row.jsonl; }
for i in 1 2 3 4 5 6; do
    echo "{\"prompt\": \"tell me $i .\", \"chosen\": \"a .\"," \
        "\"rejected\": \"b .\", \"prob_a\": 0.5}"
done > pairs.jsonl
echo "the cat sat on a mat and then that hat ran here" > text.txt
tokenizer_json > tokenizer.json
shape="--dim 16 --layers 1 --heads 2 --hidden 16 --context 64"
# shellcheck disable=SC2086  # the settings are meant to be split
{
holds gpt "$tool" pretrain --text text.txt --tokenizer tokenizer.json $shape \
    --steps 1 --batch 1 --holdout 0 --out gpt
holds bin_tokenizer "$tool" tokenizer --text text.txt --vocab 271 --out tok.bin
holds bin "$tool" pretrain --text text.txt --tokenizer tok.bin $shape \
    --steps 1 --batch 1 --holdout 0 --out bin
sed 's/u0120cat/u0120th/; s/u0120 cat/u0120 th/' tokenizer.json > other.json
holds other_gpt "$tool" pretrain --text text.txt --tokenizer other.json $shape \
    --steps 1 --batch 1 --holdout 0 --out other

# ---- prompts and responses --------------------------------------------------

row '{"prompt_ids": 5}'
expect ids_are_a_list 3 '"prompt_ids" must be an array of token ids, not 5' \
    "$tool" sample $policy --prompts row.jsonl
row '{"prompt_ids": [1.5]}'
expect an_id_is_whole 3 '"prompt_ids" has 1.5, which is no id' \
    "$tool" sample $policy --prompts row.jsonl
awk 'BEGIN { printf "{\"prompt_ids\": [1], \"response_ids\": [2"
    for (i = 0; i < 70; i++) printf ", 3"
    print "]}" }' > row.jsonl
expect a_row_fits_the_context 3 'tokens do not fit in a context of 64' \
    "$tool" score --policy gpt --jsonl row.jsonl
row '{"prompt": [{"role": "user", "content": 7}]}'
expect a_content_is_text 3 'row.jsonl line 1: ' "$tool" sample $policy \
    --prompts row.jsonl
row '{"prompt": [{"role": "user"}]}'
expect a_message_has_a_content 3 'row.jsonl line 1: ' "$tool" sample $policy \
    --prompts row.jsonl
row '{"prompt": []}'
expect a_talk_has_a_message 3 'row.jsonl line 1: ' "$tool" sample $policy \
    --prompts row.jsonl
edited() {  # name, edit: gpt with another config.json
    rm -rf draft
    cp -r gpt draft
    sed "$2" gpt/config.json > draft/config.json
    holds "$1" "$tool" convert --edited --from draft --to "$1"
}
edited unbegun 's/"bos_token_id": 270/"bos_token_id": null/'
expect an_empty_prompt_wants_a_bos 2 '--prompt is empty, and ' \
    "$tool" sample --policy unbegun --prompt ''
expect an_empty_prompt_is_a_bos 0 '' "$tool" sample --policy bin --prompt '' \
    --max-tokens 2
mkdir -p ids && cp bin/config.json bin/model.safetensors ids/
row '{"prompt_ids": [1]}'
expect alpaca_eval_is_text 2 '--alpaca-eval writes texts, but ' "$tool" \
    sample --policy ids --prompts row.jsonl --alpaca-eval me --max-tokens 2

# ---- preferences ------------------------------------------------------------

unpreferred() {  # name, sentence, rows
    name=$1 sentence=$2
    shift 2
    row "$@"
    expect "$name" 3 "$sentence" "$tool" prefer $policy --quiet \
        --preferences row.jsonl --out r
}
talk='[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]'
unpreferred two_messages_or_a_prompt '"prompt" is missing, and .* two messages' \
    "{\"chosen\": $talk, \"rejected\": [{\"role\": \"user\", \"content\": \"a\"}]}"
unpreferred answers_of_one_prompt 'answer different prompts' \
    "{\"chosen\": $talk, \"rejected\": $(echo "$talk" | sed 's/"a"/"c"/')}"
unpreferred strings_with_one_beginning 'begin differently' \
    '{"chosen": "ab", "rejected": "cd"}'
unpreferred a_label_is_a_share '"prob_a" must be from 0 to 1, not 1.5' \
    '{"prompt": "a", "chosen": "b", "rejected": "c", "prob_a": 1.5}'
unpreferred a_label_is_not_negative '"prob_a" must be from 0 to 1, not -1' \
    '{"prompt": "a", "chosen": "b", "rejected": "c", "prob_a": -1}'
: > row.jsonl
expect preferences_there_are 3 'row.jsonl has no preferences' "$tool" prefer \
    $policy --preferences row.jsonl --out r
row '{"chosen": "ab", "rejected": "ac"}'
expect a_text_wants_a_tokenizer 3 'it is text; give ids, for: ' "$tool" prefer \
    --policy ids --preferences row.jsonl --out r
awk 'BEGIN { for (i = 0; i < 22000; i++)
    print "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}" }' \
    > many.jsonl
expect steps_can_be_counted 2 'epochs is 100000, 2200000000 steps' "$tool" prefer \
    --policy bin --preferences many.jsonl --holdout 0 --batch 1 \
    --epochs 100000 --out r
holds ties_are_learned "$tool" prefer --policy bin --preferences pairs.jsonl \
    --holdout 0.5 --epochs 1 --batch 2 --out ties
row '{"chosen": "a\u00e9", "rejected": "a\u00e8"}'
holds a_prompt_ends_with_a_character "$tool" prefer --policy bin --epochs 1 \
    --preferences row.jsonl --holdout 0 --batch 1 --out halves

# ---- judgments --------------------------------------------------------------

row '{"output_1": "a", "output_2": "b"}'
expect a_judgment_has_its_preference 3 '"preference" is missing' "$tool" \
    evaluate --judgments row.jsonl
row '{"response_a": "a", "response_b": "b", "prompt": "c"}'
expect a_judgment_has_its_label 3 'is missing' "$tool" evaluate \
    --judgments row.jsonl
expect rivals_of_one_tokenizer 2 'have different tokenizers' "$tool" evaluate \
    --policy gpt --against bin --judge true --prompts pairs.jsonl
expect rivals_of_one_vocabulary 2 'have different tokenizers' "$tool" evaluate \
    --policy gpt --against other --judge true --prompts pairs.jsonl

# ---- requests to a judge ----------------------------------------------------

answered() {  # name, sentence, requests
    name=$1 sentence=$2
    shift 2
    printf '%s\n' "$@" > requests
    "$tool" judge --preference "$tiny/preference" < requests > out 2> err
    if [ $? -eq 3 ]; then says "$name" "{\"error\": \".*$sentence"; else
        bad "$name" "$(head -c 300 out err)"; fi
}
# More responses than those before had.
many=$(awk 'BEGIN { for (i = 1; i < 12; i++) printf "\"%c\", ", 96 + i }')
echo '{"prompt": "a", "responses": ["b", "c"]}' > few
echo "{\"prompt\": \"a\", \"responses\": [$many\"z\"]}" > many
"$tool" judge --preference "$tiny/preference" < many > expected 2> err
cat few many | "$tool" judge --preference "$tiny/preference" 2> err |
    sed 1d > out
same many_responses_after_few out expected
answered a_request_has_responses 'responses.* must be an array' \
    '{"prompt": "a"}'
answered responses_are_texts 'a response must be a string, not 5' \
    '{"prompt": "a", "responses": ["b", 5]}'
answered responses_are_not_too_many 'it may have 1000' "$(awk 'BEGIN {
    printf "{\"prompt\": \"a\", \"responses\": [\"b\""
    for (i = 0; i < 1000; i++) printf ", \"b\""
    print "]}" }')"
answered blank_lines_are_no_requests 'must be an array' '' '  ' '{"prompt": "a"}'
if [ "$(wc -l < out)" -eq 1 ]; then ok one_answer_for_one_request
else bad one_answer_for_one_request "$(cat out)"; fi

# ---- judges -----------------------------------------------------------------

head -n 2 "$tiny/prompts.jsonl" > prompts.jsonl
align="align $policy --prompts prompts.jsonl --k 2 --max-tokens 4 --epochs 1
       --iterations 1 --batch 2 --quiet"
expect a_last_answer_needs_no_newline 0 '' "$tool" $align --out last \
    --prompts-per-iteration 1 --judge \
    'read -r x; printf "{\"probabilities\": [[0.5, 0.9], [0.1, 0.5]]}"'
expect an_answer_is_a_square 1 'does not have a row for each' "$tool" $align \
    --judge 'read -r x; echo "{\"probabilities\": [[0.5, 0.5]]}"; cat > x' \
    --out r1
expect a_row_is_a_list 1 'a row does not have a number for each response' \
    "$tool" $align --out r2 \
    --judge 'read -r x; echo "{\"probabilities\": [[0.5, 0.5], 1]}"; cat > x'
expect an_answer_has_probabilities 1 'it has no array' "$tool" $align --out r3 \
    --judge 'read -r x; echo "{\"probabilities\": 1}"; cat > x'
expect an_answer_is_an_object 1 'it is not a JSON object' "$tool" $align \
    --judge 'read -r x; echo "[]"; cat > x' --out r4
expect a_wrong_answer_is_shown_without_its_blanks 1 'received: \[1\]$' \
    "$tool" $align --judge 'read -r x; printf "[1] \t \n"; cat > x' --out r5
# shellcheck disable=SC2016  # the judge's own variable
# shellcheck disable=SC2016  # the judge's own variable
kill='read -r x && kill -INT $PPID; sleep 9'
holds a_sampled_shard "$tool" $align --judge "$kill" --phase sample \
    --shard 1/1 --out stopped
expect a_judged_shard_can_be_stopped 130 'stopped' "$tool" $align \
    --phase judge --shard 1/1 --out stopped --resume --judge "$kill"

# ---- shards -----------------------------------------------------------------

holds a_shard "$tool" $align $preference --phase sample --shard 1/1 --out part
for shard in 0/1 2/1 1/10000 1/2x 1; do
    expect "no_shard_$shard" 2 'shard' "$tool" $align $preference --phase judge \
        --shard $shard --out part --resume
done
holds a_whole_run "$tool" $align $preference --out whole
expect a_shard_of_a_run_that_is_done 2 'whole\|iteration\|run' "$tool" $align \
    $preference --phase judge --shard 1/1 --out whole --resume

# ---- games ------------------------------------------------------------------

game() { printf "$1" > game.csv; shift; "$tool" game --matrix game.csv "$@"; }
expect an_entry_is_a_number 3 'game.csv' game '0.5,x\n0,0.5\n'
expect an_entry_is_no_list 3 'game.csv' game '0.5,[1]\n0,0.5\n'
expect a_row_is_as_long_as_there_are_rows 3 '1 rows of 8: not square' game \
    '1,1,1,1,1,1,1,1\n'
expect a_file_has_room_for_its_numbers 3 'too few for 4 rows of 4' game \
    '1,1,1,1\n1\n1\n1\n'
expect lines_may_be_blank 0 '' game '\n0.5,1\n \n0,0.5\n\n'
expect a_start_has_n_numbers 2 'start takes 2 numbers' game '0.5,1\n0,0.5\n' \
    --start 1,2,3
expect a_start_is_positive 2 'start must be positive' game '0.5,1\n0,0.5\n' \
    --start 1,0
expect a_start_is_numbers 2 'start takes 2 numbers' game '0.5,1\n0,0.5\n' \
    --start a,b

# ---- files ------------------------------------------------------------------

expect a_folder_has_its_tokenizer 2 '--tokenizer has no effect' "$tool" convert \
    --from bin --tokenizer tok.bin --to r
holds bin_file "$tool" convert --from bin --to bin.bin
expect one_file_is_not_edited 2 '--edited has no effect' "$tool" convert \
    --from bin.bin --edited --tokenizer tok.bin --to r
edited llama \
    's/"bos_token_id": 270/"bos_token_id": 1/; s/_id": 270/_id": 2/'
expect run_c_wants_a_tokenizer 0 'wants a tokenizer.bin' "$tool" convert \
    --from llama --to gpt.bin
printf '\0\0\0\0' | dd of=bin.bin conv=notrunc 2> err
expect a_header_has_no_zero 3 'number 1 of the header is 0' "$tool" convert \
    --from bin.bin --tokenizer tok.bin --to r
long=$(awk 'BEGIN { for (i = 0; i < 1020; i++) printf "a" }')
expect a_path_has_an_end 2 '--out is too long' "$tool" $align $preference \
    --out "$long"
expect an_option_has_an_end 2 '--judge is too long' "$tool" $align \
    --judge "$long$long" --out r
awk 'BEGIN { printf "{"; for (i = 0; i < 70; i++)
    printf "%s\"f%d\": 1", i ? ", " : "", i; print "}" }' > wide.jsonl
holds many_fields "$tool" info wide.jsonl
says many_fields_are_not_all_shown '^  and more fields$'
printf '\357\273\277{"prompt": "a"}\n' > mark.jsonl
holds a_byte_order_mark_is_no_text sh -c '"$1" info - < mark.jsonl' sh "$tool"
says a_byte_order_mark_is_no_row '^rows 1$'
row '{"text": ""}'
expect there_is_something_to_learn 3 'has nothing to learn' "$tool" pretrain \
    --jsonl row.jsonl --from unbegun --steps 1 --holdout 0 --out r
row "{\"prompt\": $talk}" '{"prompt": [{"role": "user"}, {"content": 5}]}'
holds talks_are_text_for_a_tokenizer "$tool" tokenizer --jsonl row.jsonl \
    --vocab 260 --out talk.bin
expect help_of_no_command 2 'there is no command xyzzy' "$tool" help xyzzy
holds help_of_a_command "$tool" help align
expect no_option_is_near 2 'there is no option --qqqqqqqqqqqq; see' "$tool" \
    align --qqqqqqqqqqqq 1
expect nothing_to_resume 2 'nowhere holds no run' "$tool" align --resume \
    --out nowhere
expect a_second_path 2 'is not an option' "$tool" info tok.bin tok.bin
}

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
