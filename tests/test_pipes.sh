#!/bin/sh
# test_pipes.sh - the tool in a pipe: - for standard input and output
#
# Run     tests/test_pipes.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

tiny=$root/tiny_models
head -n 4 "$tiny/prompts.jsonl" > prompts.jsonl
awk 'BEGIN { for (i = 0; i < 300; i++) printf "the cat %d sat . ", i }' \
    > text.txt
for i in 1 2 3 4 5 6 7 8; do
    echo "{\"prompt\": \"a $i\", \"chosen\": \"the cat\", \"rejected\": \"cat\"}"
done > pairs.jsonl
for i in 1 2 3 4; do
    echo "{\"output_1\": \"a b\", \"output_2\": \"a\", \"preference\": 1.$i}"
done > judged.jsonl
printf '0.5,1,0\n0,0.5,1\n1,0,0.5\n' > matrix.csv
printf '{"question_id": 1, "category": "math", "turns": ["a", "b"]}\n' \
    > questions.jsonl
shape="--dim 16 --layers 1 --heads 2 --hidden 16 --context 32 --batch 2
    --steps 3"
holds tokenizer "$tool" tokenizer --text text.txt --vocab 270 --out tok.bin

# ---- a file, or what is piped in: the same ------------------------------------

# alike NAME FILE OPTION COMMAND..: prints the same of FILE and of -
alike() {
    name=$1 file=$2 option=$3
    shift 3
    "$@" "$option" "$file" > of_file 2> err < /dev/null ||
        { bad "$name" "$(head -c 300 err)"; return; }
    if ! "$@" "$option" - > of_pipe 2> err < "$file"; then
        bad "$name" "$(head -c 300 err)"
    elif [ -s of_file ]; then same "$name" of_file of_pipe
    else bad "$name" "it prints nothing"; fi
}
# shellcheck disable=SC2086 # the settings are meant to be split
{
alike prompts_to_sample prompts.jsonl --prompts "$tool" sample --policy \
    "$tiny/policy" --max-tokens 8
sed 's/}$/, "response": "well ."}/' prompts.jsonl > rows.jsonl
alike rows_to_score rows.jsonl --jsonl "$tool" score --policy "$tiny/policy"
alike prompts_to_evaluate prompts.jsonl --prompts "$tool" evaluate --policy \
    "$tiny/policy" --against "$tiny/policy" --preference "$tiny/preference" \
    --max-tokens 8
alike judgments judged.jsonl --judgments "$tool" evaluate
alike a_matrix matrix.csv --matrix "$tool" game
alike judged_pairs judged.jsonl --judgments "$tool" evaluate --json
alike questions questions.jsonl --mt-bench "$tool" sample --policy \
    "$tiny/policy" --max-tokens 8
alike a_text text.txt --text "$tool" pretrain --tokenizer tok.bin $shape \
    --quiet --force --out run
alike a_tokenizer tok.bin --tokenizer "$tool" pretrain --text text.txt $shape \
    --quiet --force --out run
alike rows_to_learn rows.jsonl --jsonl "$tool" pretrain --tokenizer tok.bin \
    ${shape%--context*} --batch 2 --steps 3 --quiet --force --out run
alike preferences pairs.jsonl --preferences "$tool" prefer --policy \
    "$tiny/policy" --batch 2 --quiet --force --out judge
alike prompts_to_align prompts.jsonl --prompts "$tool" align --policy \
    "$tiny/policy" --preference "$tiny/preference" --k 2 --max-tokens 8 \
    --iterations 1 --quiet --force --out aligned
alike validation prompts.jsonl --validation "$tool" align --policy \
    "$tiny/policy" --preference "$tiny/preference" --k 2 --max-tokens 8 \
    --iterations 1 --quiet --force --out aligned --prompts rows.jsonl
for file in prompts.jsonl tok.bin run/model.safetensors run/tokenizer.json; do
    "$tool" info "$file" > of_file 2> err
    "$tool" info - < "$file" > of_pipe 2>> err
    same "info_of_$(basename $file)" of_file of_pipe
done
"$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
    --prompts prompts.jsonl --k 2 --max-tokens 8 --iterations 1 --quiet \
    --out settled > out 2> err
alike settings settled/settings.json --config "$tool" align --quiet --force \
    --out by_settings
}

# ---- where it cannot work -----------------------------------------------------

expect two_of_them 2 '--prompts and --validation are both -' "$tool" align \
    --policy "$tiny/policy" --preference "$tiny/preference" --prompts - \
    --validation - --out no
expect a_folder 2 '--policy cannot be - (standard input)' "$tool" sample \
    --policy - --prompts prompts.jsonl
expect a_model_to_convert 2 '--from cannot be - ' "$tool" convert --from - \
    --to no
expect a_place_to_convert_to 2 '--to cannot be - ' "$tool" convert --from run \
    --to -
expect a_folder_to_write 2 '--out cannot be - (standard output)' "$tool" \
    pretrain --text text.txt --tokenizer tok.bin --out -
expect a_tokenizer_to_write 2 '--out cannot be - (standard output)' "$tool" \
    tokenizer --text text.txt --vocab 270 --out -
expect a_study 2 '--prompts cannot be - .* each run of the study' "$tool" \
    align --policy "$tiny/policy" --preference "$tiny/preference" --prompts - \
    --seed 1,2 --out no
if [ -e no ] || [ -e ./- ]; then bad nothing_is_written "$(ls)"
else ok nothing_is_written; fi

# ---- a run whose input was piped in -------------------------------------------

begun() {
    "$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
        --prompts "$1" --k 2 --max-tokens 8 --iterations 1 --quiet \
        --out "$2" < prompts.jsonl > out 2> err --phase sample
}
begun prompts.jsonl whole && "$tool" align --resume --out whole --quiet \
    > out 2> err
holds a_run_of_a_pipe begun - piped
if grep -q '^ "prompts": "-"' piped/settings.json
then ok settings_say_what_it_was
else bad settings_say_what_it_was "$(cat piped/settings.json)"; fi
cp -r piped again
expect resume_cannot_read_it_again 2 \
    '--prompts was standard input when .*piped/settings.json began' "$tool" \
    align --resume --out piped
expect resume_takes_a_file_of_the_same 0 '' "$tool" align --resume --quiet \
    --prompts prompts.jsonl --out piped
same resumed_by_a_file piped/policy/model.safetensors \
    whole/policy/model.safetensors
holds resume_takes_the_same_again sh -c '"$0" align --resume --quiet \
    --prompts - --out again < prompts.jsonl' "$tool"
same resumed_by_a_pipe again/policy/model.safetensors \
    whole/policy/model.safetensors
head -n 3 prompts.jsonl > others.jsonl
begun - other
expect another_pipe_is_another_run 2 'not the data that the run' sh -c \
    '"$0" align --resume --prompts - --out other < others.jsonl' "$tool"

# ---- where answers go ---------------------------------------------------------

answer() { "$tool" sample --policy "$tiny/policy" --prompts prompts.jsonl \
    --max-tokens 8 --quiet "$@"; }
answer > wanted
holds a_file_of_answers answer --out answers.jsonl
same answers_are_those_printed answers.jsonl wanted
if [ -s out ] || [ -e answers.jsonl.tmp ]
then bad nothing_else_is_written "$(ls; cat out)"
else ok nothing_else_is_written; fi
holds standard_output answer --out -
same standard_output_is_the_same out wanted
expect a_file_that_is_there 2 'answers.jsonl exists' answer --out \
    answers.jsonl --n 2
same it_stays answers.jsonl wanted
expect force_takes_its_place 0 '' answer --out answers.jsonl --n 2 --force
if [ "$(wc -l < answers.jsonl)" -eq 8 ]; then ok it_is_another
else bad it_is_another "$(cat answers.jsonl)"; fi
mkdir folder
expect a_folder_of_answers 2 'folder is a folder' answer --out folder
expect a_folder_that_is_not_there 5 'cannot write to none/a.tmp' answer \
    --out none/a
expect force_of_nothing 2 'no effect without --out' answer --force
echo '{"response": 1}' > wrong.jsonl
expect answers_that_fail 3 'wrong.jsonl line 1' "$tool" score --policy \
    "$tiny/policy" --jsonl wrong.jsonl --out failed.jsonl
if [ -e failed.jsonl ] || [ -e failed.jsonl.tmp ]
then bad no_half_of_a_file "$(ls)"; else ok no_half_of_a_file; fi
"$tool" score --policy "$tiny/policy" --jsonl answers.jsonl > wanted
holds a_pipe_of_three sh -c '"$0" sample --policy "$1" --prompts - \
    --max-tokens 8 --n 2 --quiet --out - < prompts.jsonl | "$0" score \
    --policy "$1" --jsonl - --out scores.jsonl' "$tool" "$tiny/policy"
same a_pipe_is_its_parts scores.jsonl wanted

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
