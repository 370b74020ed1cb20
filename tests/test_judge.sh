#!/bin/sh
# test_judge.sh - judges from outside: the protocol, programs that are out of
# step, and responses that were cut (D12)
#
# Run     tests/test_judge.sh build/sppo build/scratch    (tool, scratch folder)
# Prints  as test_tool.sh

. "$(dirname "$0")/tool.sh"
begin "$@"

# ---- a small world ----------------------------------------------------------

# A policy that ends some responses and has others cut, at a temperature where
# bytes that are no UTF-8 and pieces that a text would not give come up.
awk 'BEGIN {
    n = split("red blue cat dog runs sits here there", w, " "); s = 11
    for (i = 0; i < 300; i++) {
        line = ""
        for (j = 0; j < 4; j++) {
            s = (s * 1103515245 + 12345) % 2147483648
            line = line (j ? " " : "") w[int(s / 65536) % n + 1]
        }
        print line
    }
}' > text.txt
awk '{ printf "{\"prompt\": \"%s %s\", \"response\": \"%s\"}\n", $1, $2, $3 }' \
    text.txt > answers.jsonl
awk '{ printf "{\"prompt\": \"%s %s\", \"chosen\": \"%s\", ", $1, $2, $3
       printf "\"rejected\": \"%s %s\"}\n", $4, $1 }' text.txt > pairs.jsonl
awk '{ printf "{\"prompt\": \"%s %s %d\\n\"}\n", $1, $2, NR }' text.txt |
    head -n 64 > prompts.jsonl
head -n 4 prompts.jsonl > few.jsonl
holds tokenizer "$tool" tokenizer --text text.txt --vocab 280 --out tok.bin
holds pretrain "$tool" pretrain --quiet --jsonl answers.jsonl --tokenizer \
    tok.bin --dim 16 --layers 1 --heads 2 --hidden 24 --context 64 --steps 60 \
    --batch 8 --out base
for head in embed pair scalar; do
    holds "prefer_$head" "$tool" prefer --quiet --preferences pairs.jsonl \
        --policy base --head $head --out $head
done

# ---- one preference model, inside and outside -------------------------------

hot="--temperature 2 --max-tokens 4 --seed 3"
numbers() {  # the probabilities of judged rows, one a line
    sed 's/.*"probabilities": \[\[//; s/\]\].*//; s/[][,]/ /g' "$1" |
        tr -s ' ' '\n' | grep .
}
# near NAME FILE FILE: as many numbers, none further apart than 1e-6
near() {
    if paste "$2" "$3" | awk '
        function abs(x) { return x < 0 ? -x : x }
        NF != 2 || abs($1 - $2) > 1e-6 { bad++ } END { exit NR < 64 || bad }'
    then ok "$1"; else bad "$1" "$2 and $3 differ"; fi
}
# shellcheck disable=SC2086  # the settings are meant to be split
for head in embed pair scalar; do
    aligned="align --quiet --policy base --prompts prompts.jsonl --k 4 $hot
             --iterations 1 --epochs 1"
    holds "inside_$head" "$tool" $aligned --preference $head --out in_$head
    holds "outside_$head" "$tool" $aligned --out out_$head \
        --judge "'$tool' judge --preference $head"
    for run in in out; do
        sed 's/, "probabilities".*//' ${run}_$head/iter1/judged.jsonl > ${run}_said
        numbers ${run}_$head/iter1/judged.jsonl > ${run}_numbers
    done
    same "inside_and_outside_heard_the_same_$head" in_said out_said
    near "inside_and_outside_judge_alike_$head" in_numbers out_numbers
done
if grep -q 'true' in_said && grep -q 'false' in_said; then
    ok some_were_cut_and_some_ended; else bad some_were_cut_and_some_ended \
    "$(head -n 2 in_said)"; fi
# shellcheck disable=SC2086
for command in "evaluate --against base --samples 2 --json" \
    "sample --best-of 4"; do
    name=${command%% *}
    "$tool" $command --policy base --prompts few.jsonl $hot \
        --preference embed > in_$name 2> err
    "$tool" $command --policy base --prompts few.jsonl $hot \
        --judge "'$tool' judge --preference embed" > out_$name 2> err
    same "inside_and_outside_$name" in_$name out_$name
done

# A response of which no text is left is its EOS alone, inside and outside: here
# id 35, a blank, which begins every text and is dropped from it.
printf '{"prompt": "red", "responses": ["", "cat"], "finished": [%s, true]}\n' \
    true false > request
"$tool" judge --preference embed < request > out 2> err
if [ "$(sort -u out | wc -l)" -eq 1 ]; then ok nothing_is_eos_alone; else
    bad nothing_is_eos_alone "$(cat out err)"; fi

# ---- finished in the protocol -----------------------------------------------

cat > watch.sh <<'SH'
while read -r line; do
    printf '%s\n' "$line" >> requests
    echo '{"probabilities": [[0.5, 0.75], [0.25, 0.5]]}'
done
SH
rm -f requests
# shellcheck disable=SC2086
holds watched "$tool" align --quiet --policy base --prompts prompts.jsonl $hot \
    --k 2 --iterations 2 --epochs 1 --judge 'sh watch.sh' --out watched
cp requests out
says request_form '^{"prompt": "[a-z]* [a-z]* 1\\n", "responses": \[.*\], "finished": \[[a-z]*, [a-z]*\], "id": 1}$'
if sed 's/.*"id": \([0-9]*\)}$/\1/' requests | awk '$1 != NR { bad = 1 }
    END { exit bad || NR != 64 }'; then ok requests_are_counted; else
    bad requests_are_counted "$(tail -n 1 requests)"; fi
cat watched/iter*/judged.jsonl | sed 's/, "probabilities".*//' > judged
sed 's/, "id".*//; s/.*"responses"/"responses"/' requests > asked
sed 's/.*"responses"/"responses"/' judged > written
same judged_rows_say_finished asked written
cp watched/iter1/train.jsonl out
says train_rows_say_finished '"role": "assistant"}\], "finished": \[[a-z]*, [a-z]*\], "chosen_probs"'
holds train_rows_are_read "$tool" prefer --quiet --preferences \
    watched/iter1/train.jsonl --policy base --holdout 0 --out from_train

# What is told a cut: the same texts, another P.
ask() {
    printf '{"prompt": "red cat", "responses": ["dog", "sits"]%s}\n' "$1" |
        "$tool" judge --preference embed
}
ask '' > absent
ask ', "finished": [true, true]' > true
ask ', "finished": [false, true]' > cut
same absent_is_finished absent true
if cmp -s true cut; then bad judge_sees_a_cut "$(cat cut)"; else
    ok judge_sees_a_cut; fi
printf '{"prompt_ids": [1, 270], "responses_ids": [[260], [261, 2]]}\n' > request
"$tool" judge --preference embed < request > out 2> err
says judge_takes_ids_as_they_are '^{"probabilities": \[\[0.5, '

# ---- finished in rows -------------------------------------------------------

row='{"prompt": "red cat", "response": "dog sits"'
printf '%s}\n' "$row" '%s, "finished": true}\n' "$row" > /dev/null
{ echo "$row}"; echo "$row, \"finished\": true}"
  echo "$row, \"finished\": false}"; } > rows.jsonl
holds score_finished "$tool" score --quiet --policy base --per-token \
    --jsonl rows.jsonl
sed 's/.*"response_ids": //' out > ids
if [ "$(sed -n 1p ids)" = "$(sed -n 2p ids)" ] && [ "$(sed -n 1p ids)" = \
    "$(sed -n '3s/\]}/, 2]}/p' ids)" ]; then ok a_cut_is_scored_without_eos; else
    bad a_cut_is_scored_without_eos "$(cat ids)"; fi

# Rows of ids say the same by what they end with.
"$tool" score --quiet --policy base --per-token --jsonl answers.jsonl |
    sed 's/.*"response_ids": //; s/}$//' > ends
sed 's/.*"prompt": "\([a-z]*\) \([a-z]*\)".*/{"text": "\1 \2"}/' \
    answers.jsonl > asked.jsonl
awk 'NR % 2 { sub(/}$/, ", \"finished\": false}") } { print }' answers.jsonl \
    > half.jsonl
sed 's/.*\("prompt": "[^"]*"\).*/{\1/' answers.jsonl > begins
awk 'NR % 2 { sub(/, 2\]$/, "]") } { print }' ends > cut_ends
paste -d '|' begins cut_ends | sed 's/|\(.*\)/, "response_ids": \1}/' \
    > half_ids.jsonl
for form in half half_ids answers; do
    holds "pretrain_$form" "$tool" pretrain --quiet --from base --steps 3 \
        --batch 8 --jsonl $form.jsonl --out from_$form
done
same a_cut_is_learned_without_eos from_half/model.safetensors \
    from_half_ids/model.safetensors
if cmp -s from_half/model.safetensors from_answers/model.safetensors; then
    bad a_cut_is_not_a_whole "the same model"; else ok a_cut_is_not_a_whole; fi
sed 's/}$/, "finished": [true, false]}/' pairs.jsonl > cut_pairs.jsonl
for form in pairs cut_pairs; do
    sed 's/.*"prompt": \("[^"]*"\), "chosen": \("[^"]*"\), "rejected": \("[^"]*"\)\(.*\)}$/{"prompt": \1, "response_a": \2, "response_b": \3, "prob_a": 1\4}/' \
        $form.jsonl > soft.jsonl
    holds "prefer_$form" "$tool" prefer --quiet --policy base --preferences \
        $form.jsonl --out learned_$form
    holds "prefer_soft_$form" "$tool" prefer --quiet --policy base \
        --preferences soft.jsonl --out learned_soft_$form
    same "prefer_forms_$form" learned_$form/model.safetensors \
        learned_soft_$form/model.safetensors
done
if cmp -s learned_pairs/model.safetensors learned_cut_pairs/model.safetensors
then bad prefer_sees_a_cut "the same model"; else ok prefer_sees_a_cut; fi

# refused NAME PATTERN COMMAND OPTION ROW: the second row of a file is
refused() {
    head -n 1 answers.jsonl > wrong.jsonl
    [ "$3" = prefer ] && head -n 1 pairs.jsonl > wrong.jsonl
    echo "$5" >> wrong.jsonl
    set -- "$1" "$2" "$3" "$4"
    case $3 in
    pretrain) set -- "$@" --from base --out refused --steps 1 ;;
    prefer) set -- "$@" --policy base --out refused ;;
    *) set -- "$@" --policy base ;;
    esac
    name=$1 pattern=$2 command=$3 option=$4
    shift 4
    expect "$name" 3 "wrong.jsonl line 2: $pattern" "$tool" "$command" \
        "$@" "--$option" wrong.jsonl
}
for command in score pretrain; do
    refused "${command}_finished_text" '"finished" must be true or false' \
        $command jsonl '{"prompt": "a", "response": "b", "finished": "no"}'
    refused "${command}_finished_list" '"finished" must be true or false' \
        $command jsonl '{"prompt": "a", "response": "b", "finished": [true]}'
    refused "${command}_finished_null" '"finished" must be true or false' \
        $command jsonl '{"prompt": "a", "response": "b", "finished": null}'
done
pair='{"prompt": "a", "chosen": "b", "rejected": "c", "finished":'
refused prefer_finished_one '"finished" must be a list of 2' prefer \
    preferences "$pair true}"
refused prefer_finished_three '"finished" must be a list of 2' prefer \
    preferences "$pair [true, true, true]}"
refused prefer_finished_number '"finished" must be true or false for each' \
    prefer preferences "$pair [true, 1]}"

holds sample_rows "$tool" sample --quiet --policy base --prompts few.jsonl
says sample_says_finished '"finished": [a-z]*}$'
holds alpaca "$tool" sample --quiet --policy base --prompts few.jsonl \
    --alpaca-eval me
says alpaca_says_finished '"generator": "me", "finished": [a-z]*}'

printf '{"output_1": "a", "output_2": "b", "finished": [true, false], %s}\n' \
    '"preference": 2' '"preference": 1' > judgments.jsonl
holds judgments_may_say_finished "$tool" evaluate --judgments judgments.jsonl
says judgments_are_read '^n total  *2'

# ---- sppo judge -------------------------------------------------------------

long=$(awk 'BEGIN { for (i = 0; i < 80; i++) printf "red " }')
cat > request <<SH
{"prompt": "red", "responses": ["cat", "dog"], "id": 1}
{"prompt": "red", "responses": ["$long", "dog"], "id": 2}
{"prompt": "red"
{"prompt": "red", "responses": ["cat", "dog"], "finished": [true], "id": "b"}
{"prompt": "red", "responses": ["cat", "dog"], "id": [4]}
{"prompt": "red", "responses": ["cat", "dog"], "id": "b\\u0041"}
SH
"$tool" judge --preference embed < request > out 2> err
code=$?
cp out answered
if [ $code -eq 3 ] && [ "$(wc -l < out)" -eq 6 ] &&
    grep -q '4 of 6 requests' err; then ok judge_answers_every_request; else
    bad judge_answers_every_request "exit $code: $(cat out err)"; fi
line() { sed -n "$1p" answered > out; }
line 1; says judge_repeats_the_id '^{"id": 1, "probabilities": \[\[0.5, '
line 2; says judge_names_what_does_not_fit '^{"id": 2, "error": "standard input line 2: .*context of 64'
line 3; says judge_names_what_is_no_json '^{"error": ".*line 3'
line 4; says judge_names_finished '^{"id": "b", "error": ".*\\"finished\\" must be a list of 2'
line 5; says judge_wants_a_plain_id '^{"error": ".*\\"id\\" must be a number or a string'
line 6; says judge_goes_on '^{"id": "bA", "probabilities": \[\[0.5, '

"$tool" judge --preference embed < . > out 2> err
code=$?
if [ $code -eq 5 ] && grep -q 'cannot read standard input' err; then
    ok judge_that_cannot_read; else
    bad judge_that_cannot_read "exit $code: $(cat err)"; fi

stories=$(dirname "$tool")/story_judge
if [ -x "$stories" ]; then
    printf '{"responses": ["A.", "b"], "id": 7}\n{"id": 8}\n' |
        "$stories" > out 2> err
    says story_judge_repeats_the_id '^{"id": 7, "probabilities": \[\[0.500'
    says story_judge_goes_on '^{"id": 8, "error": "line 2: no list'
else
    skip story_judge "no $stories"
fi

# ---- programs that are out of step ------------------------------------------

even='{"probabilities": [[0.5, 0.5], [0.5, 0.5]]}'
each() { printf "while read -r line; do echo '%s'; done" "$1"; }
# judged NAME CODE PATTERN JUDGE: what a run of four prompts says of the judge
judged() {
    # shellcheck disable=SC2086
    expect "$1" "$2" "$3" timeout 30 "$tool" align --quiet --force $hot \
        --policy base --prompts few.jsonl --k 2 --iterations 1 --epochs 1 \
        --judge "$4" --judge-timeout 1 --out run
}
judged answers_each 0 '' "$(each "$even")"
judged answers_with_ids 0 '' 'n=0; while read -r line; do n=$((n + 1))
    echo "{\"id\": $n, \"probabilities\": [[0.5, 1], [0, 0.5]]}"; done'
judged another_id 1 'answer to prompt 2 (.*2") is wrong: its "id" is another than 2' \
    "$(each '{"id": 1, "probabilities": [[0.5, 1], [0, 0.5]]}')"
judged id_of_text 1 'its "id" is another than 1' \
    "$(each '{"id": "1", "probabilities": [[0.5, 1], [0, 0.5]]}')"
judged one_line_too_many 1 'answers no request' \
    "n=0; while read -r line; do echo '$even'; n=\$((n + 1))
     [ \$n -gt 1 ] || echo '$even'; done"
judged two_lines_in_the_end 1 'answers no request' \
    "$(each "$even"); echo '$even'"
judged late_line 1 'answers no request' \
    "$(each "$even"); sleep 0.5; echo bye"
judged half_a_line_in_the_end 1 'answers no request.*received: x$' \
    "$(each "$even"); printf x"
judged banner 1 'answers no request, after 0 of them' \
    "echo '$even'; $(each "$even")"
judged slow_banner 1 'answers no request' \
    "sleep 0.3; echo '$even'; $(each "$even")"
judged text_banner 1 '' "sleep 0.3; echo ready; $(each "$even")"
judged answers_before_it_is_asked 1 'answers no request, after 0 of them' \
    "for i in 1 2 3 4; do echo '$even'; done; cat > /dev/null"
judged blank_end 0 '' "$(each "$even"); echo; echo"
judged declines 1 'answer to prompt 1 ("[a-z ]* 1") is an error: too odd$' \
    "$(each '{"id": 1, "error": "too odd"}')"
judged declines_at_length 1 'is an error: too odd two$' \
    "$(each '{"error": "too odd\\ntwo\\n"}')"
judged no_object 1 'is not a JSON object' "$(each '[0.5]')"
judged endless_line 1 '' 'read -r line; tr "\0" x < /dev/zero'
judged a_byte_is_no_sign_of_life 1 'silent for 1 s' \
    'read -r line; while :; do printf x; sleep 0.2; done'
judged ends_beside_a_child 1 'ended with exit code 4' \
    'sleep 30 & read -r line; exit 4'

# A line too many of a slow judge shows when the last request is answered, before
# anything is learned from it; then all of the iteration is judged again.
cat > slow.sh <<'SH'
n=0
while read -r line; do
    sleep 0.03
    n=$((n + 1))
    [ -f extra ] && [ $n -eq 40 ] && cat even
    cat even
done
echo $n > asked
SH
echo "$even" > even
slow="--policy base --prompts prompts.jsonl --k 2 --iterations 1 --epochs 1
      --save-seconds 0 --quiet"
: > extra
# shellcheck disable=SC2086
{
expect slow_line_too_many 1 'answers no request, after 64 of them' "$tool" align \
    $slow $hot --judge 'sh slow.sh' --out slow
rm extra
holds slow_again "$tool" align --quiet --resume --out slow
if [ "$(cat asked)" = 64 ]; then ok slow_judges_all_again; else
    bad slow_judges_all_again "asked $(cat asked)"; fi
holds slow_clean "$tool" align $slow $hot --judge 'sh slow.sh' --out clean
}
same slow_no_harm_is_left slow/policy/model.safetensors \
    clean/policy/model.safetensors

# A context too small for what is judged is named inside as well.
holds pretrain_small "$tool" pretrain --quiet --jsonl asked.jsonl --tokenizer \
    tok.bin --dim 16 --layers 1 --heads 2 --hidden 24 --context 12 --steps 2 \
    --batch 8 --out small_base
holds prefer_small "$tool" prefer --quiet --preferences pairs.jsonl --policy \
    small_base --out small
expect does_not_fit_inside 2 'reads 12 tokens at once' "$tool" align --quiet \
    --policy base --prompts few.jsonl --k 2 --max-tokens 30 \
    --preference small --out small_run
judged does_not_fit_outside 1 'is an error: standard input line 1: prompt 1 of' \
    "'$tool' judge --preference small"

# ---- nothing of a judge is left ---------------------------------------------

# alive: the judge's child, whose id is in the file child, runs; one that has
# ended may wait for whoever starts processes to take note
alive() {
    case $(ps -o stat= -p "$(cat child)") in ''|Z*) return 1 ;; esac
}
gone() {
    for i in 1 2 3 4 5 6 7 8 9 10; do
        alive || break
        sleep 0.1
    done
    if [ -s child ] && ! alive; then ok "$1"; else
        bad "$1" "$(cat child) is there"; kill -9 "$(cat child)"; fi
    rm -f child
}
if ! command -v ps > /dev/null; then
    skip children "no ps"
    alive() { return 1; }
fi
child='sleep 100 < /dev/null & echo $! > child;'
judged child_of_a_good_judge 0 '' "$child $(each "$even")"
gone child_of_a_good_judge_ends
judged child_of_a_bad_judge 1 'is wrong' "$child $(each no)"
gone child_of_a_bad_judge_ends
judged child_of_a_judge_that_ended 1 'exit code 4' "$child read -r line; exit 4"
gone child_of_a_judge_that_ended_ends
judged child_that_will_not_go 0 '' \
    "sh -c 'trap \"\" TERM; echo \$\$ > child; while :; do sleep 1; done' < /dev/null & $(each "$even")"
gone child_that_will_not_go_ends
# interrupted NAME SIGNALS COMMAND..: the tool, while its judge thinks
interrupted() {
    name=$1 signals=$2
    shift 2
    # shellcheck disable=SC2086
    "$tool" "$@" --policy base --prompts few.jsonl $hot \
        --judge "$child sleep 100" > out 2> err &
    pid=$!
    for i in $(seq 100); do
        [ -s child ] && break
        sleep 0.1
    done
    sleep 0.3
    for signal in $signals; do
        kill "-$signal" $pid
        sleep 0.1
    done
    wait $pid
    code=$?
    if [ $code -gt 128 ]; then ok "$name"; else
        bad "$name" "exit $code: $(cat err)"; fi
    gone "${name}_ends_the_child"
}
interrupted stop TERM align --quiet --force --k 2 --iterations 1 --out run
interrupted stop_twice 'TERM TERM' align --quiet --force --k 2 --iterations 1 \
    --out run
interrupted stop_evaluate TERM evaluate --against base
if sh -c 'kill -HUP $$; exit 3'; [ $? -eq 3 ]; then
    skip hangup "hang-ups are ignored here, as nohup asks"
else
    interrupted hangup HUP sample --best-of 2
fi

# ---- what the metrics know of the judge and of a reference -------------------

# last NAME RUN: that metric at the end of the run
last() {
    awk -F, -v name="$1" 'NR == 1 { while ($++at != name && at < NF) ; }
        { v = $at } END { print v }' "$2/metrics.csv"
}
# Three responses go in a circle, or the first is the best.
for game in '1 [0.5,0.9,0.2],[0.1,0.5,0.7],[0.8,0.3,0.5]' \
    '0 [0.5,0.9,0.8],[0.1,0.5,0.7],[0.2,0.3,0.5]'; do
    # shellcheck disable=SC2086
    holds "game_${game%% *}" "$tool" align --quiet --policy base --prompts \
        few.jsonl $hot --k 3 --iterations 1 --out "game_${game%% *}" --judge \
        "while read -r x; do echo '{\"probabilities\": [${game#* }]}'; done"
    if [ "$(last cyclic_triples "game_${game%% *}")" = "${game%% *}" ]; then
        ok "circles_are_counted_${game%% *}"
    else bad "circles_are_counted_${game%% *}" "$(cat game_*/metrics.csv)"; fi
done
if [ -z "$(last objective/kl_reference game_0)" ] && grep -q 'ref.*": null}' \
    game_0/metrics.jsonl; then ok no_reference_no_kl; else
    bad no_reference_no_kl "$(cat game_0/metrics.jsonl)"; fi
# The KL is of the log-probabilities that sppo score gives, of ids as they are.
cp -r base by_ids; cp -r in_embed/policy by_ids_ref; cp -r embed by_ids_judge
rm by_ids*/tokenizer.bin by_ids*/tokenizer.json
awk '{ printf "{\"prompt_ids\": [1, %d]}\n", NR + 40 }' few.jsonl > by_ids.jsonl
# shellcheck disable=SC2086
holds pulled "$tool" align --quiet --policy by_ids --reference by_ids_ref \
    --pull 0.25 --preference by_ids_judge --prompts by_ids.jsonl $hot --k 3 \
    --opponents 1 --keep-all --iterations 1 --out pulled
for n in 1 2; do
    sed "s/\"responses_ids\": \[\(\[[^]]*\]\), \(\[[^]]*\]\),[^]]*\]\]/\"response_ids\": \\$n/
         s/\"finished\": \[\([a-z]*\), \([a-z]*\)[^]]*\]/\"finished\": \\$n/" \
        pulled/iter1/judged.jsonl > said
    "$tool" score --policy by_ids --jsonl said > scores
    "$tool" score --policy by_ids_ref --jsonl said | paste scores -
done 2> err | tr -d '{},' > scored
if [ -z "$(last cyclic_triples watched)" ]; then ok two_are_no_circle; else
    bad two_are_no_circle "$(cat watched/metrics.csv)"; fi
if awk -v kl="$(last objective/kl_reference pulled)" '{ sum += $2 - $6 }
    END { d = sum / NR - kl; exit NR != 8 || !kl || d > 1e-5 || d < -1e-5 }' \
    scored; then ok kl_to_the_reference; else
    bad kl_to_the_reference "$(cat err scored pulled/metrics.csv)"; fi

# ---- a penalty on cuts ------------------------------------------------------

# shellcheck disable=SC2086
for penalty in none 0 50; do
    option="--missing-eos-penalty $penalty"
    [ $penalty = none ] && option=
    holds "penalty_$penalty" "$tool" align --quiet --policy base --prompts \
        prompts.jsonl --k 4 $hot --iterations 1 --epochs 1 --preference embed \
        --out penalty_$penalty $option
done
same no_penalty_is_zero penalty_none/policy/model.safetensors \
    penalty_0/policy/model.safetensors
same no_penalty_is_zero_in_rows penalty_none/iter1/judged.jsonl \
    penalty_0/iter1/judged.jsonl
# winner and loser count from 0
sed 's/.*"finished": \[\([^]]*\)\].*"winner": \([0-9]\), "loser": \([0-9]\).*/\1,\2,\3/; s/ //g' \
    penalty_50/iter1/judged.jsonl > chosen
if awk -F, '{ n = 0; for (i = 1; i <= 4; i++) n += $i == "true" }
    n > 0 && n < 4 { mixed++; if ($($5 + 1) != "true" || $($6 + 1) == "true")
        bad++ } END { exit bad || mixed < 8 }' chosen; then
    ok a_penalty_chooses_what_ended; else
    bad a_penalty_chooses_what_ended "$(head -n 3 chosen)"; fi
# shellcheck disable=SC2086
for penalty in 0 50; do
    holds "penalty_best_of_$penalty" "$tool" sample --quiet --policy base \
        --prompts prompts.jsonl $hot --best-of 8 --preference embed \
        --missing-eos-penalty $penalty
    grep -c '"finished": true}' out > ended_$penalty
done
if [ "$(cat ended_50)" -gt $((2 * $(cat ended_0))) ]; then
    ok a_penalty_chooses_what_ended_of_eight; else
    bad a_penalty_chooses_what_ended_of_eight "$(cat ended_0 ended_50)"; fi
expect penalty_without_best_of 2 'no effect without --best-of' "$tool" sample \
    --policy base --prompt red --missing-eos-penalty 1
expect penalty_is_the_runs 2 'missing-eos-penalty' "$tool" align --resume \
    --out penalty_50 --missing-eos-penalty 1
expect penalty_below_zero 2 'missing-eos-penalty must be from 0' "$tool" align \
    --policy base --prompts few.jsonl --preference embed --out x \
    --missing-eos-penalty -1

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
