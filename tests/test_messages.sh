#!/bin/sh
# test_messages.sh - what the tool says when something is wrong, how long it
# says a run will take, and what it finds in files that others wrote
#
# Run     tests/test_messages.sh build/sppo build/scratch   (tool, scratch)
# Prints  "ok name", "FAIL name: why", "skip name (why)" and a count; exits 1
#         when something failed

tool=$1
work=$2/messages
if [ ! -x "$tool" ] || [ -z "$2" ]; then
    echo "usage: $0 TOOL SCRATCH_FOLDER" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
rm -rf "$work"
mkdir -p "$work" && cd "$work" || exit 1

. "$root/tests/tool.sh"

tiny=$root/tiny_models
at_most() { if command -v timeout > /dev/null; then timeout "$@"; else
    shift; "$@"; fi; }

# ---- texts of one word ------------------------------------------------------

awk 'BEGIN { for (s = 1; i < 4000; i++) {
        s = (s * 1103515245 + 12345) % 2147483648
        printf "%c", 48 + int(s / 65536) % 64 } }' > one_word.txt
expect a_text_of_one_word_is_learnt 0 '' at_most 60 "$tool" tokenizer \
    --text one_word.txt --vocab 500 --out one_word.bin

# ---- rows -------------------------------------------------------------------

row() { printf '%s\n' "$1" > row.jsonl; }
# refused NAME PATTERN ROWS: as prompts
refused() {
    row "$3"
    expect "$1" 3 "$2" "$tool" sample --policy "$tiny/policy" \
        --prompts row.jsonl
}
# unpreferred NAME PATTERN ROWS: as preferences
unpreferred() {
    row "$3"
    expect "$1" 3 "$2" "$tool" prefer --policy "$tiny/policy" \
        --preferences row.jsonl --quiet --out r
}
refused an_array_names_the_row 'row.jsonl line 1, row 3: "prompt" is missing' \
    '[{"prompt": "a"}, {"prompt": "b"}, {"text": "c"}]'
refused a_row_that_is_none_is_shown 'row 2: a row must .* object, not 17$' \
    '[{"prompt": "a"}, 17]'
refused a_text_that_is_none_is_shown '"prompt" must be a string, not true$' \
    '{"prompt": true}'
refused a_long_value_is_cut 'not {"a": "123.* \.\.$' \
    '{"prompt": {"a": "123456789 123456789 123456789 123456789 123456789"}}'
refused an_id_beyond_is_shown 'has 680, which is no id of the vocab.* 680$' \
    '{"prompt_ids": [1, 680]}'
refused an_id_that_is_none_is_shown '"prompt_ids" has "x", which is no id' \
    '{"prompt_ids": ["x"]}'
unpreferred a_list_of_answers_is_called_that '"rejected" is a list of 2' \
    '{"prompt": "a", "chosen": "b", "rejected": ["c", "d"]}'
unpreferred a_list_without_a_prompt_too '"rejected" is a list of 2' \
    '{"chosen": "ab", "rejected": ["ac", "ad"]}'
unpreferred a_label_that_is_none_is_shown '"prob_a" must be .*, not "high"$' \
    '{"prompt": "a", "chosen": "b", "rejected": "c", "prob_a": "high"}'
printf '[%s, %s,\n %s]\n' \
    '{"output_1": "a", "output_2": "b", "preference": 2}' \
    '{"output_1": "a", "output_2": "b", "preference": null}' \
    '{"output_1": "a", "output_2": "b", "preference": 3}' > judged.json
expect a_judgment_names_row_and_value 3 'line 2, row 3: "preference".*not 3$' \
    "$tool" evaluate --judgments judged.json
for i in 1 2 3; do
    printf '{"prompt": "tell me %d .", "chosen": "a .", "rejected": "a ."}\n' $i
done > same.jsonl
printf '{"prompt": "tell me .", "chosen": "a .", "rejected": "b ."}\n' \
    >> same.jsonl
expect equal_answers_are_said 0 'same.jsonl line 1: both responses are the' \
    "$tool" prefer --policy "$tiny/policy" --preferences same.jsonl \
    --holdout 0 --batch 4 --out same
if grep -q '^3 of 4 rows compare' err; then ok equal_answers_are_counted
else bad equal_answers_are_counted "$(cat err)"; fi
says equal_answers_are_reported '^rows of equal responses  *3  '

# ---- options ----------------------------------------------------------------

expect temperature_of_nothing_points_to_greedy 2 'not 0; or --greedy: always' \
    "$tool" sample --policy "$tiny/policy" --prompt hi --temperature 0
expect a_shape_names_options 2 '^sppo pretrain: --dim 30 .* --heads 8;' \
    "$tool" pretrain --text one_word.txt --tokenizer one_word.bin --dim 30 \
    --out r
expect heads_name_options 2 ': --heads 8 is no multiple of --kv-heads 3$' \
    "$tool" pretrain --text one_word.txt --tokenizer one_word.bin \
    --kv-heads 3 --out r
expect an_odd_width_names_its_option 2 ': --embed-dim is 3; it must be even$' \
    "$tool" prefer --policy "$tiny/policy" --preferences same.jsonl \
    --embed-dim 3 --out r
align() {
    "$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
        --prompts "$tiny/prompts.jsonl" --iterations 1 --k 2 --epochs 1 \
        --max-tokens 8 --prompts-per-iteration 32 "$@"
}
expect a_field_becomes_an_option 2 \
    '^sppo align: --prompts-per-iteration is 100000 but there' "$tool" align \
    --policy "$tiny/policy" --preference "$tiny/preference" --prompts \
    "$tiny/prompts.jsonl" --prompts-per-iteration 100000 --quiet --out r_many
expect divergence_names_prompt_and_option 6 \
    '^sppo align: .* prompt [0-9]* of [0-9]* is .*--lr may help' \
    align --lr 1e30 --clip 0 --batch 8 --warmup 0 --quiet --out r_diverged
# shellcheck disable=SC3045  # asked for, and skipped where it is missing
small() { (ulimit -v 400000; "$@"); }
if small "$tool" --version > /dev/null 2>&1; then
    expect no_memory_says_what_to_lower 4 'lower --pass-tokens, --k, ' small \
        align --pass-tokens 100000000 --threads 1 --out r_memory
    if grep -q '^sppo align: out of memory: [0-9]* more bytes' err; then
        ok no_memory_without_functions
    else bad no_memory_without_functions "$(cat err)"; fi
else
    skip no_memory_says_what_to_lower "memory cannot be limited here"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
