#!/bin/sh
# test_mtbench.sh - MT-Bench: answers in two turns, single grades, pairs, and
# the ranks of many models
#
# Run     tests/test_mtbench.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh.  Expected numbers are worked out here: by awk, by
#         hand, or by the tool's other commands from ids and texts put together
#         here.

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

# ---- answers ----------------------------------------------------------------

# A model whose ids are bytes, 270 begins and ends a text: what a talk is in
# ids can be written down.
tokenizer_json > tokenizer.json
awk 'BEGIN { for (i = 0; i < 300; i++)
    printf "Q:xy or yx! A:no zz, yes?. " }' > text
shape="--dim 16 --layers 1 --heads 2 --hidden 16 --context 64"
# shellcheck disable=SC2086  # the settings are meant to be split
holds model "$tool" pretrain --text text --tokenizer tokenizer.json $shape \
    --steps 150 --batch 4 --out model
question() {  # id, category, turns
    printf '{"question_id": %s, "category": "%s", "turns": [%s]}\n' "$@"
}
{ question 81 writing '"xy?", "yx!"'; question 111 math '"zz", "or\nno"'
} > questions.jsonl
ask() { "$tool" sample --policy model --mt-bench "$@"; }
answered() {  # text, place: answer number `place` of all turns in the file
    grep -o '"turns": \["[^]]*"\]' "$1" | sed 's/"turns": \[//; s/\]$//' |
        sed 's/", "/"\n"/g' | sed -n "$2p"
}
responded() { sed 's/.*"response": \(".*"\), "finished".*/\1/' "$1"; }

holds greedy ask questions.jsonl --greedy --max-tokens 9
cp out greedy.jsonl
if [ "$(wc -l < out)" -eq 2 ] && sed -n 1p out | grep -q '^{"question_id": 81,'\
' "answer_id": "model-81", "model_id": "model", "choices": \[{"index": 0, '\
'"turns": \["[^]]*", "[^]]*"\], "finished": \[[a-z]*, [a-z]*\]}\], '\
'"tstamp": 0}$'
then ok rows_are_of_model_answer
else bad rows_are_of_model_answer "$(cat out)"; fi

# The first turn is what any prompt is; the second in ids: 270 x y ? answer 270
# 270 y x !, where the answer's ids are its bytes.
printf '{"prompt": "xy?"}\n{"prompt": "zz"}\n' > first.jsonl
"$tool" sample --policy model --prompts first.jsonl --greedy --max-tokens 9 \
    > first
if [ "$(answered greedy.jsonl 1)" = "$(responded first | sed -n 1p)" ] &&
    [ "$(answered greedy.jsonl 3)" = "$(responded first | sed -n 2p)" ]
then ok first_turn_is_the_prompt_alone
else bad first_turn_is_the_prompt_alone "$(cat greedy.jsonl first)"; fi
bytes() { printf '%s' "$1" | od -An -tu1 -v | tr -s ' \n' ' ' |
    sed 's/^ //; s/ $//; s/ /, /g'; }
bare() { answered greedy.jsonl "$1" | sed 's/^"//; s/"$//'; }
merges='the|at|th'  # would be other ids
bare 1 > said
bare 3 >> said
if grep -qE "$merges|\\\\" said; then
    bad answers_are_plain "$(cat said)"
fi
{
    echo "{\"prompt_ids\": [270, $(bytes 'xy?'), $(bytes "$(bare 1)"), 270," \
        "270, $(bytes 'yx!')]}"
    echo "{\"prompt_ids\": [270, $(bytes zz), $(bytes "$(bare 3)"), 270, 270," \
        "$(bytes 'or'), 10, $(bytes 'no')]}"
} > second.jsonl
"$tool" sample --policy model --prompts second.jsonl --greedy --max-tokens 9 \
    > second
if [ "$(answered greedy.jsonl 2)" = "$(responded second | sed -n 1p)" ] &&
    [ "$(answered greedy.jsonl 4)" = "$(responded second | sed -n 2p)" ]
then ok second_turn_has_the_first_and_its_answer
else bad second_turn_has_the_first_and_its_answer \
    "$(cat greedy.jsonl second)"; fi

# In a form of its own all is one text.
holds form ask questions.jsonl --greedy --max-tokens 9 --model-id me \
    --turn-form 'Q:{question}\nA:{answer}.\n'
cp out form.jsonl
says form_names_the_model '"answer_id": "me-111", "model_id": "me"'
said=$(answered form.jsonl 1 | sed 's/^"//; s/"$//')
printf '{"prompt": "%s"}\n' 'Q:xy?\nA:' "Q:xy?\\nA:$said.\\nQ:yx!\\nA:" \
    > formed.jsonl
"$tool" sample --policy model --prompts formed.jsonl --greedy --max-tokens 9 \
    > formed
if [ "$(answered form.jsonl 1)" = "$(responded formed | sed -n 1p)" ] &&
    [ "$(answered form.jsonl 2)" = "$(responded formed | sed -n 2p)" ]
then ok a_form_makes_one_text
else bad a_form_makes_one_text "$(cat form.jsonl formed)"; fi

# A context of 64: BOS x y ? and EOS BOS y x ! are 4 + 5, so that 55 are left;
# the first answer has 27 of them.
for room in 27 28; do
    "$tool" sample --policy model --prompts first.jsonl --greedy \
        --max-tokens $room | responded - | sed -n 1p > room$room
done
holds both_answers_have_room ask questions.jsonl --greedy --max-tokens 60
if [ "$(answered out 1)" = "$(cat room27)" ] && ! cmp -s room27 room28
then ok room_is_shared_by_halves
else bad room_is_shared_by_halves "$(cat out room27 room28)"; fi

# MT-Bench's temperatures: math is greedy, writing is not.
ask questions.jsonl --max-tokens 9 --seed 2 > two
ask questions.jsonl --max-tokens 9 --seed 2 > again
ask questions.jsonl --max-tokens 9 --seed 3 > three
same same_seed_same_answers two again
if [ "$(answered two 3)" = "$(answered greedy.jsonl 3)" ] &&
    [ "$(answered three 4)" = "$(answered greedy.jsonl 4)" ]
then ok mathematics_is_greedy
else bad mathematics_is_greedy "$(cat two three greedy.jsonl)"; fi
if [ "$(answered two 1)$(answered two 2)" != \
    "$(answered three 1)$(answered three 2)" ]
then ok writing_is_not
else bad writing_is_not "$(cat two three)"; fi
ask questions.jsonl --max-tokens 9 --seed 2 --temperature 3 > hot
if [ "$(answered hot 3)$(answered hot 4)" != \
    "$(answered two 3)$(answered two 4)" ]
then ok a_temperature_is_for_all
else bad a_temperature_is_for_all "$(cat hot)"; fi

refused() {  # name, pattern, row
    printf '%s\n' "$3" > row.jsonl
    expect "$1" 3 "$2" ask row.jsonl
    if [ -s out ]; then bad "$1_prints_nothing" "$(cat out)"; fi
}
first=$(question 81 writing '"a"')
refused a_question_has_turns 'line 1: "turns" is missing' \
    '{"question_id": 81, "category": "a"}'
refused turns_are_a_list 'row.jsonl line 2: "turns" must be a list .*not "a"' \
    "$first
{\"question_id\": 82, \"category\": \"a\", \"turns\": \"a\"}"
refused turns_are_not_none '"turns" must be a list of questions, not \[\]' \
    "$(question 81 a '')"
refused a_turn_is_a_text '"turns" has 7, where a question must be' \
    "$(question 81 a '"b", 7')"
refused a_question_has_a_number '"question_id" must be a whole number .*"x"' \
    "$(question '"x"' a '"b"')"
refused a_number_is_whole '"question_id" must be a whole number .*not 1.5' \
    "$(question 1.5 a '"b"')"
refused a_question_has_an_id '"question_id" is missing' '{"turns": ["a"]}'
refused a_question_has_a_category '"category" is missing' \
    '{"question_id": 1, "turns": ["a"]}'
refused no_questions 'row.jsonl has no questions' ''
long=$(awk 'BEGIN { for (i = 0; i < 60; i++) printf "x" }')
refused questions_fit 'line 2: the questions have 64 tokens, which leaves no' \
    "$first
$(question 82 a "\"$long\", \"y\"")"
many=$(awk 'BEGIN { for (i = 0; i < 64; i++) printf "\"\", "; print "\"\"" }')
refused answers_fit 'line 2: 65 turns, which leave no room for answers in a ' \
    "$first
$(question 82 a "$many")"
expect a_form_has_both 2 'must have {question} and behind it {answer}, not "a' \
    ask questions.jsonl --turn-form 'a {answer} {question}'
expect a_form_has_a_question 2 'must have {question}' \
    ask questions.jsonl --turn-form '{answer}'
expect a_form_of_nothing 2 'has no effect without --mt-bench' "$tool" sample \
    --policy model --prompt a --turn-form '{question}{answer}'
expect one_answer_to_each 2 '--n and --mt-bench exclude' ask questions.jsonl \
    --n 2
expect questions_or_prompts 2 'give one, not both, of' ask questions.jsonl \
    --prompt a
mkdir ids && cp model/config.json model/model.safetensors ids/
expect answers_are_texts 2 '--mt-bench writes texts, but' "$tool" sample \
    --policy ids --mt-bench questions.jsonl

# ---- single grades ----------------------------------------------------------

grade() {  # question, model, turn, score
    echo "{\"question_id\": $1, \"model\": \"$2\", \"judge\": [\"j\", \"p\"]," \
        "\"user_prompt\": \"u\", \"judgment\": \"w\", \"score\": $4," \
        "\"turn\": $3, \"tstamp\": 1.5}"
}
grades() {  # model and grades, in this order: questions 81.. in both turns
    model=$1
    shift
    id=81
    while [ $# -gt 1 ]; do
        grade $id "$model" 1 "$1"
        grade $id "$model" 2 "$2"
        id=$((id + 10))
        shift 2
    done
}
{ grades weak 2 1 4 -1 3 2.5 5 null; grades strong 9 10 8.5 7 10 10 6 9
} > grades.jsonl
{ question 81 writing '"a"'; question 91 math '"a"'
  question 101 writing '"a"'; question 111 math '"a"'; } > kinds.jsonl
# clustered GRADES: the mean and its interval, where values on a line are of one
# question; Student's t from a table.
clustered() {
    awk 'BEGIN { split("12.706 4.303 3.182", t, " ") }
    { for (i = 1; i <= NF; i++) { x[NR, i] = $i; sum += $i; n++ }; of[NR] = NF }
    END {
        mean = sum / n
        for (g = 1; g <= NR; g++) {
            off = 0
            for (i = 1; i <= of[g]; i++) off += x[g, i] - mean
            all += off * off
        }
        half = t[NR - 1] * sqrt(all * NR / (NR - 1)) / n
        printf "%.3f  (%.3f to %.3f)  %d\n", mean, mean - half, mean + half, n
    }'
}
shown() {  # model, title: its line without the title
    awk -v model="$1" -v title="$2" '/^[^ ]/ { on = $0 == model }
        on && index($0, title) { sub(" *" title " *", ""); print }' out
}
agrees() {  # name, model, title, what is expected
    if [ "$(shown "$2" "$3")" = "$4" ]; then ok "$1"; else
        bad "$1" "$(shown "$2" "$3"), not $4"; fi
}
holds grades "$tool" evaluate --judgments grades.jsonl
cp out grades.txt
agrees first_turn weak 'first turn' \
    "$(printf '2\n4\n3\n5\n' | clustered) grades"
agrees second_turn weak 'second turn' \
    "$(printf '1\n2.5\n' | clustered) grades, 2 unread"
agrees mean_of_turns weak mean \
    "$(printf '2 1\n4\n3 2.5\n5\n' | clustered) grades, 2 unread"
agrees mean_of_the_strong strong mean \
    "$(printf '9 10\n8.5 7\n10 10\n6 9\n' | clustered) grades"
if [ "$(grep -v '^ ' out | tr '\n' ' ')" = "strong weak " ]
then ok the_best_model_is_first
else bad the_best_model_is_first "$(cat out)"; fi
sed '1!G; h; $!d' grades.jsonl > turned.jsonl
{ echo '['; sed '$!s/$/,/' turned.jsonl; echo ']'; } > turned.json
holds grades_turned "$tool" evaluate --judgments turned.json
same the_order_of_rows_is_nothing out grades.txt
holds categories "$tool" evaluate --judgments grades.jsonl \
    --mt-bench kinds.jsonl
agrees a_category weak writing \
    "$(printf '2 1\n3 2.5\n' | clustered) grades"
agrees another_category weak math \
    "$(printf '4\n5\n' | clustered) grades, 2 unread"
holds grades_json "$tool" evaluate --judgments grades.jsonl --json \
    --mt-bench kinds.jsonl
says json_of_grades '^{"models": {"strong": {"first_turn": {"mean": 8.375, '
says json_of_categories '"categories": {"writing": {"mean": 2.125, .*}}}}$'
says json_of_the_unread '"n": 6, "unread": 2}'
grade 81 lone 1 7 > lone.jsonl
# Beyond the table of t: 2.0452 with 29 degrees of freedom.
for id in $(seq 30); do grade "$id" many 1 $((id % 7 + 1)); done > many.jsonl
holds thirty_questions "$tool" evaluate --judgments many.jsonl
agrees thirty_questions_have_an_interval many 'first turn' "$(seq 30 | awk '
    { x[NR] = $1 % 7 + 1; sum += x[NR] }
    END { mean = sum / NR
        for (i = 1; i <= NR; i++) all += (x[i] - mean) ^ 2
        half = 2.0452 * sqrt(all * NR / (NR - 1)) / NR
        printf "%.3f  (%.3f to %.3f)  %d grades", mean, mean - half,
            mean + half, NR
    }')"
holds one_grade "$tool" evaluate --judgments lone.jsonl
agrees one_grade_has_no_interval lone mean '7.000  (- to -)  1 grades'
agrees no_grade_is_no_number lone 'second turn' '-  (- to -)  0 grades'
holds one_grade_json "$tool" evaluate --judgments lone.jsonl --json
says json_of_no_number '"second_turn": {"mean": null, "low": null, "high": null'

ungraded() {  # name, pattern, row: as the second one
    { grade 81 a 1 5; printf '%s\n' "$3"; } > bad.jsonl
    expect "$1" 3 "bad.jsonl line 2: $2" "$tool" evaluate --judgments bad.jsonl
    if [ -s out ]; then bad "$1_prints_nothing" "$(cat out)"; fi
}
ungraded a_grade_beyond '"score" must be from 0 to 10, or -1 .*not 11' \
    "$(grade 81 a 1 11)"
ungraded a_grade_below '"score" must be .*not -2' "$(grade 81 a 1 -2)"
ungraded a_grade_of_words '"score" must be .*not "9"' "$(grade 81 a 1 '"9"')"
ungraded a_grade_that_is_not_there '"score" is missing' \
    '{"question_id": 81, "model": "a", "turn": 1}'
ungraded a_turn_of_none '"turn" must be a whole number .*not 0' \
    "$(grade 81 a 0 5)"
ungraded a_model_has_a_name '"model" is missing' \
    '{"question_id": 81, "score": 2, "turn": 1}'
ungraded another_kind_of_row '"model" is missing' \
    '{"output_1": "a", "output_2": "b", "preference": 1}'
grade 82 a 1 5 > other.jsonl
expect a_question_unknown 3 'line 1: question 82 is not in kinds.jsonl' \
    "$tool" evaluate --judgments other.jsonl --mt-bench kinds.jsonl
: > empty
expect no_questions_known 3 'question 82 is not in empty' \
    "$tool" evaluate --judgments other.jsonl --mt-bench empty
awk 'BEGIN { for (i = 0; i < 257; i++) printf "{\"question_id\": 1, " \
    "\"model\": \"m%d\", \"turn\": 1, \"score\": 5}\n", i }' > crowd.jsonl
expect models_can_be_counted 3 'line 257: "model" is "m256", one name more' \
    "$tool" evaluate --judgments crowd.jsonl
expect categories_are_of_grades 2 'no effect without --judgments' "$tool" \
    evaluate --policy model --against model --judge true \
    --prompts first.jsonl --mt-bench kinds.jsonl

# ---- pairs ------------------------------------------------------------------

duel() {  # question, first model, second, winners of both games, turn
    echo "{\"question_id\": $1, \"model_1\": \"$2\", \"model_2\": \"$3\"," \
        "\"g1_winner\": \"$4\", \"g2_winner\": \"$5\", \"judge\": [\"j\"]," \
        "\"turn\": $6, \"tstamp\": 2}"
}
{
    duel 81 a b model_1 model_1 1   # a wins
    duel 81 a b model_1 model_2 2   # the judge contradicts itself
    duel 82 b a model_2 model_2 1   # a wins
    duel 82 a b tie tie 2
    duel 83 a b model_2 model_2 1   # b wins
    duel 83 a b tie model_1 2       # a contradiction too
    duel 84 a b error model_1 1
    duel 84 a b model_1 model_1 2   # a wins
} > pairs.jsonl
holds pairs "$tool" evaluate --judgments pairs.jsonl
rate=$(printf '1 0.5\n1 0.5\n0 0.5\n1\n' | clustered)
four() { echo "$1" | awk '{ gsub(/[()]/, ""); print $1, $2, $4, $5 }'; }
close_to() {  # name, line of the tool, expected: to half of the third digit
    if echo "$(four "$2") $(four "$3")" | awk '{ for (i = 1; i < 5; i++)
        if (($i - $(i + 4)) ^ 2 > 6e-4 ^ 2) exit 1; exit NF != 8 }'
    then ok "$1"; else bad "$1" "$2, not $3"; fi
}
close_to rate_of_a "$(shown a 'win rate adjusted')" "$rate"
agrees wins_of_a a wins 3
agrees losses_of_a a losses 1
agrees ties_of_a a ties 3
agrees contradictions_of_a a contradictions 2
agrees wins_of_b b wins 1
says errors_are_counted '^unread  *1$'
if [ "$(sed -n 1p out)" = a ]; then ok the_winner_is_first
else bad the_winner_is_first "$(cat out)"; fi
holds pairs_json "$tool" evaluate --judgments pairs.jsonl --json
says json_of_pairs \
    '"a": {"win_rate_adjusted": {"mean": 0.642857143, .*"wins": 3, "losses": 1'
says json_of_errors '"unread": 1}$'
{ echo '['; sed '$!s/$/,/' pairs.jsonl; echo ']'; } > pairs.json
"$tool" evaluate --judgments pairs.jsonl > pairs.txt
holds pairs_array "$tool" evaluate --judgments pairs.json
same an_array_is_the_same out pairs.txt
unpaired() {  # name, pattern, row: as the second one
    { duel 81 a b tie tie 1; printf '%s\n' "$3"; } > bad.jsonl
    expect "$1" 3 "bad.jsonl line 2: $2" "$tool" evaluate --judgments bad.jsonl
}
unpaired a_winner_is_known '"g2_winner" must be model_1, .*not "a"' \
    "$(duel 81 a b tie a 1)"
unpaired a_winner_is_there '"g1_winner" is missing' \
    '{"question_id": 1, "model_1": "a", "model_2": "b"}'
unpaired a_pair_has_two '"model_2" is missing' \
    '{"question_id": 1, "model_1": "a"}'
unpaired a_pair_has_a_question '"question_id" is missing' \
    '{"model_1": "a", "model_2": "b", "g1_winner": "tie"}'
unpaired a_name_is_a_text '"model_1" must be a string, not 5' \
    "$(duel 1 a b tie tie 1 | sed 's/"a"/5/')"
duel 1 a b error tie 1 > nothing.jsonl
expect nothing_was_judged 3 'nothing.jsonl has no judgments of two models' \
    "$tool" evaluate --judgments nothing.jsonl
expect pairs_have_no_categories 3 'no single grade, so --mt-bench has no' \
    "$tool" evaluate --judgments pairs.jsonl --mt-bench kinds.jsonl
expect no_file_of_judgments 3 'empty has no judgments' "$tool" evaluate \
    --judgments empty

# ---- ranks ------------------------------------------------------------------

# Three of four and nine of ten: log-odds log 3 and log 9, so that Bradley-Terry
# expects 27 to 1 where a and c never met.
soft() { echo "{\"model_a\": \"$1\", \"model_b\": \"$2\", \"prob_a\": $3}"; }
{ soft a b 1; soft b a 0; soft b a 0.25; soft a b 0.25; soft b c 0.9
  soft b b 0.5; } > chain.jsonl
holds chain "$tool" game --matrix chain.jsonl --rank --eta 1
cp out chain.txt
says chain_counts \
    '^5 comparisons of 3 models, 0 without a judgment$'
says chain_has_a_pair_that_never_met '^1 of 3 pairs never met$'
says chain_first '^ *1  a *1.0000  *0.5000  *0.7381  *1.4648$'
says chain_last '^ *3  c *0.0000  *0.0357  *0.2119  *-1.8310$'
if grep -q 'left out 1 rows that compare a model with itself' err
then ok a_model_with_itself; else bad a_model_with_itself "$(cat err)"; fi
printf '%s\n' 0.5,0.75,0.9642857 0.25,0.5,0.9 0.0357143,0.1,0.5 > chain.csv
holds chain_as_matrix "$tool" game --matrix chain.csv --rank --names a,b,c \
    --eta 1
sed -n '/^  rank/,$p' out > ranks
sed -n '/^  rank/,$p' chain.txt > ranks_of_rows
same rows_are_the_matrix ranks_of_rows ranks
holds chain_of_lines "$tool" game --matrix chain.jsonl --rank --quiet

# A pair that was compared more often counts for more: two wins of a over b, one
# of b over a, one of a over c and c over a, b beats c once. The likelihood's
# gradient is zero at what is printed.
{ soft a b 1; soft a b 1; soft b a 1; soft a c 1; soft c a 1; soft b c 1
} > counts.jsonl
holds counts "$tool" game --matrix counts.jsonl --rank --steps 5
awk '$2 == "a" { a = $NF } $2 == "b" { b = $NF } $2 == "c" { c = $NF }
    function p(x) { return 1 / (1 + exp(-x)) }
    END { f = 3 - 3 * p(a - b) - 2 * p(a - c)
          g = 2 - 3 * p(b - a) - 1 * p(b - c)
          print f, g; exit !(f ^ 2 < 4e-8 && g ^ 2 < 4e-8 && a > c) }' out > fit
if [ $? -eq 0 ]; then ok often_compared_counts_more
else bad often_compared_counts_more "$(cat fit out)"; fi

holds mt_bench_ranks "$tool" game --matrix pairs.jsonl --rank
says mt_bench_best '^ *1  a  *1.0000 '
says mt_bench_share ' 0.5714  '  # (1/2 + 4.5/7) / 2
alpaca() { echo "{\"generator_1\": \"$1\", \"generator_2\": \"$2\"," \
    "\"output_1\": \"o\", \"output_2\": \"o\", \"preference\": $3}"; }
{ alpaca b a 1.75; alpaca a b 1.25; alpaca a b null; } > alpaca.jsonl
holds alpaca_ranks "$tool" game --matrix alpaca.jsonl --rank
says alpaca_unread '^2 comparisons of 2 models, 1 without a judgment'
says alpaca_best '^ *1  a .* 0.5493$'  # log 3 / 2
{ soft a b 1; soft c d 1; } > apart.jsonl
expect models_that_no_chain_joins 3 'no chain .* leads from a to c' "$tool" \
    game --matrix apart.jsonl
{ soft a b 1; duel 1 a b tie tie 1; } > mixed.jsonl
expect pairs_are_of_one_kind 3 'mixed.jsonl line 2: "model_a" is missing' \
    "$tool" game --matrix mixed.jsonl
echo '{"prompt": "a"}' > none.jsonl
expect pairs_name_their_models 3 'none.jsonl line 1: "model_1" is missing' \
    "$tool" game --matrix none.jsonl
expect rows_have_their_names 2 'the rows of chain.jsonl name the models' \
    "$tool" game --matrix chain.jsonl --rank --names a,b,c
expect names_are_looked_at_first 2 'takes 3 names' "$tool" game --rank \
    --matrix chain.csv --names a,b
if [ -s out ]; then bad names_before_the_game "$(head -c 200 out)"
else ok names_before_the_game; fi
for names in a,,c a,b, a,b,c,d ,b,c; do
    expect "names_$names" 2 'takes 3 names' "$tool" game --rank \
        --matrix chain.csv --names $names
done
expect names_are_of_ranks 2 'no effect without --rank' "$tool" game \
    --matrix chain.csv --names a,b,c
soft "$(printf 'a%.0s' 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3)" \
    b 1 > wide.jsonl
holds a_long_name "$tool" game --matrix wide.jsonl --rank --steps 2
says a_long_name_has_its_column "^ *1  a\{23\}  *[01]\.[0-9]* "
awk 'BEGIN { for (i = 0; i < 40; i++) printf "{\"model_a\": \"m%d\", " \
    "\"model_b\": \"m%d\", \"prob_a\": 0.5}\n", i, i + 1 }' > many.jsonl
holds many_models "$tool" game --matrix many.jsonl --steps 1
says many_are_cut ' 0.024 \.\. |.* 0.024 \.\.$'

# ---- real files -------------------------------------------------------------

if [ -f "$data/mt_bench_single.jsonl" ]; then
    holds real_grades "$tool" evaluate --mt-bench \
        "$data/mt_bench_questions.jsonl" --judgments \
        "$data/mt_bench_single.jsonl"
    sed 's/.*"score": \([-0-9]*\), "turn": \([12]\).*/\2 \1/' \
        "$data/mt_bench_single.jsonl" | awk '$2 >= 0 { s[$1] += $2; n[$1]++ }
        $2 < 0 { bad[$1]++ } END { for (i = 1; i <= 2; i++)
            printf "%.3f %d %d\n", s[i] / n[i], n[i], bad[i] }' > by_awk
    for title in 'first turn' 'second turn'; do
        shown granite-7b-lab "$title" | awk '{ print $1, $5, $7 }'
    done > by_tool
    same real_grades_by_awk by_tool by_awk
    if [ "$(grep -c '^    ' out)" -eq 8 ]; then ok real_categories
    else bad real_categories "$(cat out)"; fi
    holds real_ranks "$tool" game --matrix "$data/gpt4_preferences.jsonl" \
        --rank --steps 50
    says real_models ' comparisons of 102 models, '
else
    skip real_grades "no mt_bench_single.jsonl in $data"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
