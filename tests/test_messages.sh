#!/bin/sh
# test_messages.sh - what the tool says when something is wrong, how long it
# says a run will take, and what it finds in files that others wrote
#
# Run     tests/test_messages.sh build/sppo build/scratch   (tool, scratch)
# Prints  "ok name", "FAIL name: why", "skip name (why)" and a count; exits 1
#         when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"

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
head -n 3 "$tiny/prompts.jsonl" > same_prompts.jsonl
expect equal_answers_are_said 0 'same.jsonl line 1: both responses are the' \
    "$tool" prefer --policy "$tiny/policy" --preferences same.jsonl \
    --holdout 0 --batch 4 --out same
if grep -q '^3 of 4 rows compare' err; then ok equal_answers_are_counted
else bad equal_answers_are_counted "$(cat err)"; fi
says equal_answers_are_reported '^rows of equal responses  *3  '

expect equal_pairs_are_counted 0 \
    'iteration 1: of 3 of 3 prompts the best and the worst response are the' \
    "$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
    --prompts same_prompts.jsonl --k 2 --temperature 0.001 --max-tokens 2 \
    --iterations 1 --epochs 1 --out same_run

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
expect divergence_names_step_and_option 6 \
    '^sppo align: step [0-9]* of iteration 1 (a smaller --lr may help): [^_]*$' \
    align --lr 1e30 --clip 0 --batch 8 --warmup 0 --quiet --out r_diverged
# shellcheck disable=SC3045  # asked for, and skipped where it is missing
small() { (ulimit -v 400000; "$@"); }
if small "$tool" --version > /dev/null 2>&1; then
    expect no_memory_says_what_to_lower 4 'lower --pass-tokens, --k, ' small \
        align --pass-tokens 100000000 --threads 1 --out r_memory
    expect dry_run_without_memory 4 'lower --pass-tokens' small align \
        --pass-tokens 100000000 --threads 1 --dry-run --out r_memory
    says dry_run_says_how_much '^memory  *[0-9.]*  MB$'
    if grep -q '^sppo align: out of memory: [0-9]* more bytes' err; then
        ok no_memory_without_functions
    else bad no_memory_without_functions "$(cat err)"; fi
else
    skip no_memory_says_what_to_lower "memory cannot be limited here"
fi

# ---- standard input ---------------------------------------------------------

# piped NAME PATTERN FILE COMMAND..: its output, with FILE at its input
piped() {
    name=$1 pattern=$2 file=$3
    shift 3
    if "$@" < "$file" > out 2> err &&
        { [ -z "$pattern" ] || grep -q -e "$pattern" out; }; then
        ok "$name"
    else bad "$name" "$(head -c 300 out err)"; fi
}
head -n 3 "$tiny/prompts.jsonl" > three.jsonl
"$tool" sample --policy "$tiny/policy" --prompts three.jsonl --max-tokens 4 \
    > three
piped prompts_from_standard_input '"response"' three.jsonl "$tool" sample \
    --policy "$tiny/policy" --prompts - --max-tokens 4
same standard_input_is_the_same out three
printf '0.5,1\n0,0.5\n' > matrix.csv
piped a_matrix_from_standard_input '^ *1000 ' matrix.csv "$tool" game \
    --matrix -
piped texts_from_standard_input '' one_word.txt "$tool" tokenizer --text - \
    --vocab 500 --out piped.bin
same a_piped_text_is_the_same piped.bin one_word.bin
row '{"prompt": 1}'
if "$tool" sample --policy "$tiny/policy" --prompts - < row.jsonl 2> err; then
    bad standard_input_has_its_name "exit 0"
elif grep -q 'standard input line 1: "prompt" must be' err; then
    ok standard_input_has_its_name
else bad standard_input_has_its_name "$(cat err)"; fi
"$tool" align --policy "$tiny/policy" --out r_twice < three.jsonl \
    --preference "$tiny/preference" --prompts - --validation - 2> err
if grep -q 'is read once; give one of them a file' err; then
    ok standard_input_is_read_once
else bad standard_input_is_read_once "$(cat err)"; fi

# ---- info -------------------------------------------------------------------

holds info_of_rows "$tool" info "$tiny/preferences.jsonl"
says info_counts_rows '^rows 1000$'
says info_names_fields '^  prob_a  *1000  number$'
row '{"prompt": "a", "n": 1}
{"prompt": ["b"], "n": null}
{"prompt": "c" "n": 2}'
expect info_finds_the_first_problem 3 'row.jsonl, line 3\|row.jsonl line 3' \
    "$tool" info row.jsonl
says info_counts_up_to_it '^rows 2$'
says info_names_all_kinds '^  prompt  *2  text or list$'
holds a_run align --quiet --out run
holds info_of_a_run "$tool" info run
says a_run_is_finished '^state finished$'
says a_run_has_its_result '^result run/policy$'
says a_run_has_its_settings '^  iterations  *1$'
holds a_part_of_a_run align --quiet --phase sample --out part
holds info_of_a_part "$tool" info part
says a_part_is_unfinished '^state unfinished$'
says a_part_has_a_next_phase '^next judge$'
says a_part_says_how_to_go_on '^go_on sppo align --resume --out part$'
cp -r "$tiny/policy" foreign
printf '{"theme": "dark"}\n' > foreign/settings.json
holds info_of_a_folder_with_other_settings "$tool" info foreign
if grep -q '^settings' out; then
    bad other_settings_are_no_run "$(head -n 3 out)"
else ok other_settings_are_no_run; fi
if "$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
    --prompts - --k 2 --max-tokens 4 --iterations 1 --epochs 1 --out from_pipe \
    --phase sample --quiet < three.jsonl > out 2> err && cd from_pipe &&
    "$tool" align --resume --prompts - --out ../from_pipe --quiet \
        < ../three.jsonl > ../out 2> ../err; then ok a_run_from_standard_input_goes_on
else bad a_run_from_standard_input_goes_on "$(cat "$work/err")"; fi
cd "$work" || exit 1
holds metrics_are_there grep -q 'logratios/chosen.*objective/kl.*entropy' \
    run/metrics.csv

# ---- the terminal -----------------------------------------------------------

if "$tool" sample --policy "$tiny/policy" --prompt "tell me ." --n 3 \
    --max-tokens 5 > out 2> err; then ok several_responses
else bad several_responses "$(cat err)"; fi
if [ "$(grep -c '^--- response [123] of 3 ---$' out)" -eq 3 ]; then
    ok several_responses_have_a_line_between
else bad several_responses_have_a_line_between "$(cat out)"; fi
"$tool" sample --policy "$tiny/policy" --prompt "tell me ." > out 2> err
if grep -q '^---' out; then bad one_response_stands_alone "$(cat out)"
else ok one_response_stands_alone; fi
for command in "" tokenizer pretrain prefer align sample score judge evaluate \
    game convert info; do
    # shellcheck disable=SC2086
    "$tool" $command --help
done > help
if awk 'length > 79 { print; bad = 1 } END { exit bad }' help > long; then
    ok help_fits_80_columns
else bad help_fits_80_columns "$(cat long)"; fi
"$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
    --prompts three.jsonl --iterations 1 --k 2 --epochs 1 --max-tokens 8 \
    --out resolved > out 2> err
if grep -q '^  prompts-per-iteration  *3$' err &&
    grep -q '^  batch  *3$' err &&
    grep -q '"prompts-per-iteration": 0,' resolved/settings.json; then
    ok settings_are_shown_as_they_are_taken
else bad settings_are_shown_as_they_are_taken "$(head -c 900 err)"; fi

"$tool" align --policy "$tiny/policy" --preference "$tiny/preference" \
    --prompts three.jsonl --dry-run --k 2 --max-tokens 8 --out r > out 2> err
says dry_run_shows_them_too '^  prompts-per-iteration  *1$'

"$tool" align --policy "$tiny/policy" --judge "$(printf 'cat #\t\033[31m')" \
    --prompts three.jsonl --dry-run --k 2 --max-tokens 8 --out r > out 2> err
says a_setting_has_no_colours '^  judge  *cat #.?\[31m$'

# A terminal of 64 columns, where there is one to be had.
if command -v python3 > /dev/null && python3 -c 'import pty' 2> /dev/null; then
    cat > terminal.py << 'PYTHON'
import fcntl, os, pty, struct, sys, termios
child, fd = pty.fork()
if child == 0:
    os.read(0, 1)  # until the terminal has its size
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ,
            struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
os.write(fd, b"\n")
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    sys.stdout.buffer.write(part)
PYTHON
    python3 terminal.py 64 "$tool" sample --policy "$tiny/policy" \
        --prompt hi --temperature 0 > shown
    if awk '{ sub(/\r$/, "") } length > 63 { bad = 1 } END { exit bad }' shown &&
        grep -q likeliest shown; then ok failures_wrap_between_words
    else bad failures_wrap_between_words "$(cat shown)"; fi
else
    skip failures_wrap_between_words "there is no python3 to make a terminal"
fi

# ---- a manual page, completion ------------------------------------------------

sh "$root/examples/packaging/man.sh" "$tool" > sppo.1
if [ "$(grep -c '^\.SS ' sppo.1)" -eq \
    "$("$tool" --help | grep -c '^  [a-z]*  .')" ] &&
    grep -q '^  \\-\\-eta X' sppo.1 &&
    ! sed 1,8d sppo.1 | grep -q '[^\\]-'; then
    ok manual_page_has_every_command
else
    bad manual_page_has_every_command "$(grep -m 3 '[^\\]-' sppo.1)"
fi
if command -v groff > /dev/null; then
    holds manual_page_is_well_formed groff -man -Tascii -ww -z sppo.1
    if [ -s err ]; then bad no_warning_of_groff "$(head -n 3 err)"; fi
else
    skip manual_page_is_well_formed "there is no groff"
fi
cat > complete.bash <<'END'
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_sppo
echo "${COMPREPLY[@]}"
END
offers() {  # NAME OFFER WORDS..: what completes the last of the words
    name=$1 offer=$2
    shift 2
    got=$(bash complete.bash "$root/examples/packaging/sppo.bash" "$tool" "$@")
    if [ "$got" = "$offer" ]; then ok "$name"; else bad "$name" "$got"; fi
}
if command -v bash > /dev/null; then
    offers completes_a_command align al
    offers completes_an_option --preference align --pref
    offers completes_a_choice "dpo dno" align --loss d
    offers completes_a_choice_of_a_long_list spin align --method spi
    offers completes_no_choice_of_a_number "" align --eta x
    offers completes_another_command --matrix game --mat
else
    skip completion "there is no bash"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
