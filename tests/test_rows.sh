#!/bin/sh
# test_rows.sh - the tool and the data of other projects: tokenizer.json, token
# ids, TRL's and SPPO's preferences, AlpacaEval's outputs and judgments
#
# Run     tests/test_rows.sh build/sppo build/scratch    (tool, scratch folder)
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
awk '{ print $1 " " $2 "\t" $3 " " $4 " here\t" $5 " there there" }' text.txt |
    head -n 60 > table
to_rows() { awk -F '\t' "$1" table; }
shape="--dim 16 --layers 1 --heads 2 --hidden 16 --context 64"
train="--steps 6 --batch 4"

tokenizer_json > tokenizer.json

# shellcheck disable=SC2086  # the settings are meant to be split
{
holds base_tokenizer "$tool" tokenizer --text text.txt --vocab 290 --out tok.bin
holds base "$tool" pretrain --text text.txt --tokenizer tok.bin $shape $train \
    --out base
holds json_pretrain "$tool" pretrain --text text.txt --tokenizer \
    tokenizer.json $shape $train --out gpt
}

# ---- tokenizer.json ---------------------------------------------------------

same json_is_copied tokenizer.json gpt/tokenizer.json
says json_reports_bits 'held out bits per byte'
if grep -q '"eos_token_id": *270' gpt/config.json &&
    grep -q '"bos_token_id": *270' gpt/config.json; then ok json_begin_and_end
else bad json_begin_and_end "$(grep token_id gpt/config.json)"; fi
holds json_info "$tool" info tokenizer.json
says json_pieces '^pieces 271$'
printf '{"prompt": "", "response": "the cat"}\n%s\n' \
    '{"prompt": "x<|endoftext|>", "response": "\u00e9 \ud83d\ude42"}' > say.jsonl
holds json_score "$tool" score --policy gpt --jsonl say.jsonl --per-token
says json_ids '"response_ids": \[257, 260, 270\]}'
says json_bytes '"response_ids": \[195, 169, 32, 240, 159, 153, 130, 270\]}'
printf '{"prompt": "the caf\303\251 <|endoftext|>\\n \360\237\231\202"}\n' > odd.jsonl
holds json_sample "$tool" sample --policy gpt --prompts odd.jsonl
says json_prompt_survives \
    "$(printf '"prompt": "the caf\303\251 <|endoftext|>.n \360\237\231\202"')"
to_rows '{ printf "{\"prompt\": \"%s\", \"chosen\": \"%s\", \"rejected\": " \
           "\"%s\"}\n", $1, $2, $3 }' > standard.jsonl
head -n 8 standard.jsonl > few.jsonl
holds json_prefer "$tool" prefer --preferences standard.jsonl --policy gpt \
    --embed-dim 2 --out gpt_judge
holds json_align "$tool" align --policy gpt --prompts few.jsonl --k 2 \
    --preference gpt_judge --max-tokens 6 --iterations 1 --epochs 1 --out gpt_run
same json_in_the_result tokenizer.json gpt_run/policy/tokenizer.json
holds json_evaluate "$tool" evaluate --policy gpt_run/policy --against gpt \
    --judge "'$tool' judge --preference gpt_judge" --prompts few.jsonl \
    --max-tokens 6
holds base_judge "$tool" prefer --preferences standard.jsonl --policy base \
    --embed-dim 2 --out base_judge
expect json_other_judge 2 'has another tokenizer than the policy' "$tool" \
    evaluate --policy gpt --against gpt --preference base_judge \
    --prompts few.jsonl

# A tokenizer.json that is not supported, and no tokenizer at all: texts are
# refused with the reason, ids are not.
cp -r gpt nfc
rm nfc/model.safetensors
LC_ALL=C sed 's/"sppo.digest/"note.digest/g' gpt/model.safetensors \
    > nfc/model.safetensors
sed 's/"normalizer": null/"normalizer": {"type": "NFC"}/' tokenizer.json \
    > nfc/tokenizer.json
expect json_not_supported 3 'nfc/tokenizer.json: "normalizer" NFC is not' \
    "$tool" sample --policy nfc --prompt a
expect json_not_supported_place 3 'say.jsonl line 1: "prompt" is a text' \
    "$tool" score --policy nfc --jsonl say.jsonl
expect json_for_bin 2 'is no tokenizer.bin' "$tool" convert --from x.bin \
    --tokenizer tokenizer.json --to r
sed 's/270/999/' tokenizer.json > nfc/tokenizer.json
expect json_beyond_the_model 3 '999 is not an id of a vocabulary of 271' \
    "$tool" sample --policy nfc --prompt a
sed 's/endoftext/over/' tokenizer.json > unnamed.json
# shellcheck disable=SC2086
expect json_without_end 3 'unnamed.json has no added token' "$tool" pretrain \
    --text text.txt --tokenizer unnamed.json $shape $train --out r
printf '{"model": ' > broken.json
expect json_broken 3 'broken.json, column 11' "$tool" info broken.json

# ---- token ids --------------------------------------------------------------

# The rows of standard.jsonl as ids, by the policy's own tokenizer.
# ids FIELD: that field of standard.jsonl, encoded
ids() {
    sed "s/.*\"$1\": \(\"[^\"]*\"\).*/{\"prompt\": \"\", \"response\": \1}/" \
        standard.jsonl > one.jsonl
    "$tool" score --policy base --jsonl one.jsonl --per-token |
        sed 's/.*"response_ids": \(\[.*\]\)}/\1/'
}
ids prompt | sed 's/\[/[1, /; s/, 2\]/]/' > prompt.ids
ids chosen > chosen.ids
ids rejected > rejected.ids
paste -d '\t' prompt.ids chosen.ids rejected.ids | awk -F '\t' '{
    printf "{\"prompt_ids\": %s, \"chosen_ids\": %s, \"rejected_ids\": %s}\n",
        $1, $2, $3 }' > ids.jsonl
for form in standard ids; do
    holds "ids_prefer_$form" "$tool" prefer --preferences $form.jsonl \
        --holdout 0 --policy base --embed-dim 2 --out "learned_$form"
done
same ids_learn_the_same learned_standard/model.safetensors \
    learned_ids/model.safetensors
sed 's/chosen_ids/response_a_ids/; s/rejected_ids/response_b_ids/
     s/}$/, "prob_a": 1}/' ids.jsonl > ids_soft.jsonl
holds ids_soft "$tool" prefer --preferences ids_soft.jsonl --holdout 0 \
    --policy base --embed-dim 2 --out learned_ids_soft
same ids_soft_the_same learned_ids_soft/model.safetensors \
    learned_ids/model.safetensors
sed 's/chosen_ids/response_ids/; s/, "rejected_ids.*/}/' ids.jsonl > tune.jsonl
sed 's/"chosen"/"response"/; s/, "rejected.*/}/' standard.jsonl > tune_text.jsonl
sed 's/.*"chosen_ids": \(\[[^]]*\]\).*/{"text_ids": \1}/' ids.jsonl > plain.jsonl
for form in tune tune_text plain; do
    holds "ids_pretrain_$form" "$tool" pretrain --jsonl $form.jsonl \
        --from base --steps 3 --batch 4 --out "from_$form"
done
same ids_pretrain_the_same from_tune/model.safetensors \
    from_tune_text/model.safetensors
rm -rf bare bare_judge
cp -r base bare
cp -r base_judge bare_judge
rm bare*/tokenizer.bin bare*/tokenizer.json
holds bare_score "$tool" score --policy bare --jsonl tune.jsonl
head -n 8 ids.jsonl > few_ids.jsonl
holds bare_sample "$tool" sample --policy bare --prompts few_ids.jsonl
says bare_sample_form '^{"prompt_ids": \[1, [0-9, ]*\], "response_ids": \[[0-9, ]*\], "finished"'
holds bare_align "$tool" align --policy bare --prompts few_ids.jsonl --k 2 \
    --preference bare_judge --max-tokens 6 --iterations 1 --epochs 1 --out bare_run
holds with_align "$tool" align --policy base --prompts few.jsonl --k 2 \
    --preference base_judge --max-tokens 6 --iterations 1 --epochs 1 --out with_run
cp bare_run/iter1/train.jsonl out
says bare_train_row \
    '^{"prompt_ids": \[1.*\], "chosen_ids": \[.*\], "rejected_ids": \[.*"chosen_probs"'
cp bare_run/iter1/judged.jsonl out
says bare_judged_row \
    '"responses_ids": \[\[.*\], \[.*\]\], "finished": \[.*\], "probabilities"'
holds bare_run_learned "$tool" prefer --preferences \
    bare_run/iter1/train.jsonl --policy bare --out from_bare
printf '{"prompt_ids": [1, 5], "responses_ids": [[7, 2], [8, 2]]}\n' > request
"$tool" judge --preference bare_judge < request > out 2> err
says bare_judge '^{"probabilities": \[\[0.5, '
expect bare_text 3 'few.jsonl line 1: "prompt" is a text; "prompt_ids" is' \
    "$tool" sample --policy bare --prompts few.jsonl
expect bare_prompt 3 'has no tokenizer.bin and no tokenizer.json' "$tool" \
    sample --policy bare --prompt a
expect bare_outside_judge 2 'judge is told texts, but bare has no tok' "$tool" \
    evaluate --policy bare --against bare --judge cat --prompts few_ids.jsonl

# ---- preferences ------------------------------------------------------------

# The forms of TRL and of uclaml/SPPO: what is learned from each is the same.
to_rows '{ u = "{\"role\": \"user\", \"content\": \"" $1 "\"}"
           a = "{\"content\": \"%s\", \"role\": \"assistant\"}"
           printf "{\"prompt\": [" u "], \"chosen\": [" a "], \"rejected\": [" \
                  a "]}\n", $2, $3 }' > explicit.jsonl
to_rows '{ u = "{\"role\": \"user\", \"content\": \"" $1 "\"}"
           a = "{\"content\": \"%s\", \"role\": \"assistant\"}"
           printf "{\"chosen\": [" u ", " a "], \"rejected\": [" u ", " a \
                  "], \"chosen_probs\": 1}\n", $2, $3 }' > implicit.jsonl
to_rows '{ printf "%s{\"prompt\": \"%s\", \"response_a\": \"%s\", " \
           "\"response_b\": \"%s\", \"prob_a\": 1}", (NR > 1 ? ",\n" : "["),
           $1, $2, $3 } END { print "]" }' > soft.jsonl
to_rows '{ printf "{\"chosen\": \"%s: %s\", \"rejected\": \"%s: %s\"}\n", $1,
           $2, $1, "x" $3 }' > strings.jsonl
to_rows '{ printf "{\"prompt\": \"%s:\", \"chosen\": \" %s\", \"rejected\": " \
           "\" %s\"}\n", $1, $2, "x" $3 }' > cut.jsonl
sed 's/}$/, "chosen_probs": 0.25}/' standard.jsonl > quarter.jsonl
sed 's/}$/, "prob_a": 0.25}/' standard.jsonl > quarter_a.jsonl
for form in explicit implicit soft strings cut quarter quarter_a; do
    holds "form_$form" "$tool" prefer --preferences $form.jsonl --holdout 0 \
        --policy base --embed-dim 2 --out "learned_$form"
done
agree() {
    same "$1" "learned_$2/model.safetensors" "learned_$3/model.safetensors"
}
agree conversations_explicit explicit standard
agree conversations_implicit implicit standard
agree labels_soft_in_an_array soft standard
agree strings_implicit strings cut
agree labels_of_sppo quarter quarter_a
if cmp -s learned_quarter/model.safetensors \
    learned_standard/model.safetensors; then
    bad labels_matter "0.25 learned as 1"; else ok labels_matter; fi
holds run_data_learned "$tool" prefer --preferences \
    with_run/iter1/train.jsonl --policy base --out from_run
user='{"role": "user", "content": "a"}'
said='{"role": "assistant", "content": "b"}'
bad_row() {  # name, pattern, row
    printf '%s\n' "$3" > bad.jsonl
    expect "$1" 3 "bad.jsonl line 1: $2" "$tool" prefer --policy base \
        --preferences bad.jsonl --out r
}
bad_row conversation_of_three '"prompt" has 3 messages' \
    "{\"prompt\": [$user, $said, $user], \"chosen\": [$said], \"rejected\": []}"
bad_row conversation_with_system '"prompt" must have {"role": "user"' \
    '{"prompt": [{"role": "system", "content": "a"}], "chosen": "b"}'
bad_row conversation_without_answer '"chosen" must have {"role": "assistant' \
    "{\"prompt\": \"a\", \"chosen\": [$user], \"rejected\": [$said]}"
other='{"role": "user", "content": "z"}'
bad_row conversations_of_two_prompts '.*answer different prompts' \
    "{\"chosen\": [$user, $said], \"rejected\": [$other, $said]}"
bad_row strings_of_two_prompts '.*begin differently' \
    '{"chosen": "a b", "rejected": "b c"}'
bad_row text_and_ids '.*one is text, the other ids' \
    '{"prompt": "a", "chosen": "a b", "rejected_ids": [5]}'
bad_row ids_empty '"chosen_ids" has no token' \
    '{"prompt": "a", "chosen_ids": [], "rejected_ids": [5]}'
bad_row ids_of_text '"chosen_ids" has "7", which is no id' \
    '{"prompt": "a", "chosen_ids": ["7"], "rejected_ids": [5]}'
bad_row probability_of_sppo '"chosen_probs" must be from 0 to 1' \
    '{"prompt": "a", "chosen": "b", "rejected": "c", "chosen_probs": 1.5}'
printf '{"prompt": "a"}\n{"prompt": "a", "prompt": "b"}\n' > bad.jsonl
expect key_twice 3 'bad.jsonl line 2, column 1.: this key stands twice' \
    "$tool" sample --policy base --prompts bad.jsonl
if [ -e r ]; then bad refusals_write_nothing "r exists"; else
    ok refusals_write_nothing; fi

# Rows at the end are found before the first answer.
{ cat tune_text.jsonl; echo '{"prompt": 5}'; } > bad.jsonl
expect score_bad_last_row 3 'bad.jsonl line 61: "prompt" must be a string' \
    "$tool" score --policy base --jsonl bad.jsonl
if [ -s out ]; then bad score_reads_all_first "$(head -n 1 out)"; else
    ok score_reads_all_first; fi
"$tool" convert --quiet --from base --to base.bin
holds other_vocabulary "$tool" tokenizer --text text.txt --vocab 280 \
    --out other.bin
expect convert_other_vocabulary 3 'other.bin has 280 pieces' "$tool" convert \
    --from base.bin --tokenizer other.bin --to r
if [ -e r ]; then bad convert_writes_nothing "r exists"; else
    ok convert_writes_nothing; fi

# ---- AlpacaEval -------------------------------------------------------------

printf '[\n {"instruction": "the \\"cat\\"\\n", "dataset": "x"},\n%s\n]\n' \
    ' {"instruction": "a\u0001b"}' > alpaca.json
holds alpaca_outputs "$tool" sample --policy base --prompts alpaca.json \
    --alpaca-eval 'my "model"' --max-tokens 8
says alpaca_form \
    '{"instruction": "the ."cat.".n", "output": ".*", "generator": "my ."model."", "finished": [a-z]*},'
cp out outputs.json
holds alpaca_outputs_are_json "$tool" sample --policy base \
    --prompts outputs.json --alpaca-eval again --max-tokens 8
says alpaca_instruction_survives '{"instruction": "a.u0001b", "output"'
if command -v python3 > /dev/null; then
    holds alpaca_outputs_in_python python3 -c "
import json
rows = json.load(open('outputs.json'))
assert [r['instruction'] for r in rows] == ['the \"cat\"\n', 'a\x01b']
assert all(set(r) == {'instruction', 'output', 'generator', 'finished'}
           for r in rows)"
else
    skip alpaca_outputs_in_python "no python3"
fi
expect alpaca_one_response 2 'one response to each prompt' "$tool" sample \
    --policy base --prompts alpaca.json --alpaca-eval m --n 2
expect alpaca_without_prompts 2 'no effect without --prompts' "$tool" sample \
    --policy base --prompt a --alpaca-eval m

# ---- judgments --------------------------------------------------------------

# The same three judgments and a row without one, as an array and as lines:
# wins 1, 0.5 (the old way to write a draw) and 0.25.
judgment() {  # output_1, output_2, preference, model
    printf '{"instruction": "i", "output_1": "%s", "output_2": "%s", ' "$1" "$2"
    printf '"generator_1": "base", "generator_2": "%s", ' "${4:-mine}"
    printf '"preference": %s}' "$3"
}
{
    judgment ab 'f\u00fcnf' 2; echo
    judgment abc d 0; echo
    judgment "" abcdefg 1.25; echo
    judgment a b null; echo
} > judgments.jsonl
{ echo '['; sed '$!s/$/,/' judgments.jsonl; echo ']'; } > judgments.json
holds judgments_lines "$tool" evaluate --judgments judgments.jsonl
says judgments_win_rate '^win rate  *58.33  %'
says judgments_error '^standard error  *22.05  %'
says judgments_total '^n total  *3$'
says judgments_unjudged '^n unjudged  *1 '
says judgments_length '^avg length  *4.0  characters'
cp out first
holds judgments_array "$tool" evaluate --judgments judgments.json
same judgments_array_is_the_same out first
holds judgments_json "$tool" evaluate --judgments judgments.json --json
says judgments_json_names '"win_rate": 58.3.*"length_controlled_winrate": [0-9]'
expect judgments_alone 2 '--seed and --judgments exclude each other' "$tool" \
    evaluate --judgments judgments.json --seed 2
bad_judgment() {  # name, pattern, the file's text
    printf '%s\n' "$3" > bad.jsonl
    expect "$1" 3 "$2" "$tool" evaluate --judgments bad.jsonl
    if [ -s out ]; then bad "$1_prints_nothing" "$(head -c 200 out)"; fi
}
row=$(judgment a b 1)
bad_judgment judgment_beyond 'line 1: "preference" must be' \
    "$(judgment a b 2.5)"
bad_judgment judgment_text 'line 1: "preference" must be' \
    "$(judgment a b '"2"')"
bad_judgment judgment_none 'has no judgments' "$(judgment a b null)"
bad_judgment judgment_empty_array 'has no judgments' '[]'
bad_judgment judgment_not_an_object 'bad.jsonl line 2, row 2: a row must be' "[$row,
 5]"
bad_judgment judgment_of_another 'line 2, row 2: "generator_2" is "yours", but' "[$row,
 $(judgment a b 1 yours)]"
bad_judgment judgment_broken 'bad.jsonl, line 2, column 8: expected a value' \
    "[$row,
 {\"a\": }]"
bad_judgment judgment_missing 'line 1: "output_2" is missing' \
    '{"output_1": "a", "preference": 1}'

# ---- llama2.c ---------------------------------------------------------------

# A vocabulary and a model made here, in llama2.c's run: the same greedy text,
# but for the blank that a response of its own begins without. run goes on after
# EOS, so ours is the beginning.
if [ -x "${LLAMA2C:-}" ]; then
    # shellcheck disable=SC2086
    holds run_c_model "$tool" pretrain --text text.txt --tokenizer tok.bin \
        $shape --steps 200 --batch 8 --out spoken
    holds run_c_export "$tool" convert --from spoken --to spoken.bin
    for prompt in "the cat" "then that hat ran" "a mat"; do
        "$tool" sample --policy spoken --prompt "$prompt" --greedy \
            --max-tokens 9 | tr -d ' \n' > ours
        "$LLAMA2C" spoken.bin -z tok.bin -t 0 -n 60 -i "$prompt" 2> err |
            tr -d ' \n' > theirs
        case $(cat theirs) in
            "$(printf '%s' "$prompt" | tr -d ' ')$(cat ours)"?*)
                ok "run_c_says_the_same" ;;
            *) bad run_c_says_the_same "$(cat theirs), ours $(cat ours)" ;;
        esac
    done
else
    skip run_c "LLAMA2C names no build of llama2.c's run"
fi

# ---- classes of characters --------------------------------------------------

if command -v python3 > /dev/null; then
    python3 "$root/tests/reference/make_unicode.py" --check \
        "$root/examples/tool/unicode_classes.h"
    case $? in
        0) ok unicode_classes ;;
        77) skip unicode_classes "python3 knows another version of Unicode" ;;
        *) bad unicode_classes "not what make_unicode.py prints" ;;
    esac
else
    skip unicode_classes "no python3"
fi

# The same judgments fitted by gradient descent in another language: theta
# 0.94883, phi 1.22023, a rate of 72.088 at equal length.
if [ -f "$data/gpt4_preferences.jsonl" ]; then
    grep '"model_a": "gpt4_1106_preview"' "$data/gpt4_preferences.jsonl" \
        > gpt4_wins.jsonl
    holds gpt4_judgments "$tool" evaluate --judgments gpt4_wins.jsonl
    between gpt4_win_rate "win rate" 77.65 77.67
    between gpt4_standard_error "standard error" 0.80 0.82
    between gpt4_controlled_rate "length controlled winrate" 72.08 72.10
    between gpt4_phi "phi" 1.2200 1.2203
    holds gpt4_judgments_all "$tool" evaluate --judgments \
        "$data/gpt4_preferences.jsonl"
    between gpt4_sides_are_random "length controlled winrate" 49 51
    between gpt4_length_counts "phi" 1.9 2.2
else
    skip gpt4_judgments "no gpt4_preferences.jsonl in $data"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
