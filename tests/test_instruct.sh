#!/bin/sh
# test_instruct.sh BINARY - the synthetic task of examples/instruct/instruct.c.
#
# The gold judge is compared with utilities worked out by hand from
#   u = 3 rel - .8 wrong + ok - .5 bad + .5 polite - .03 pad - unfinished
#   P(a > b) = sigmoid(u_a - u_b + .6 cycle)
# Prints "ok name" or "FAIL name" per check and "N passed, N failed" at the
# end; exit status 1 if any failed.

LC_ALL=C
export LC_ALL
binary=${1:?usage: test_instruct.sh path/to/instruct}
case $binary in
    /*) ;;
    *) binary=$(pwd)/$binary ;;
esac
work=${TMPDIR:-/tmp}/test_instruct.$$
passed=0
failed=0

mkdir "$work" || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

# check NAME COMMAND...: the command must succeed
check() {
    name=$1
    shift
    if "$@"; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        failed=$((failed + 1))
    fi
}

# near GOT WANTED TOLERANCE; something that is no number is not near
near() {
    printf '%s\n' "$1" | awk -v want="$2" -v tolerance="$3" '
        { d = $1 - want }
        $1 ~ /^[-0-9]/ { near = d < tolerance && -d < tolerance }
        END { exit !near }' ||
        { echo "# got \"$1\", wanted $2 within $3"; return 1; }
}

# exits CODE COMMAND...: stdout to "out", stderr to "err"
exits() {
    wanted=$1
    shift
    "$@" > out 2> err
    got=$?
    [ $got -eq "$wanted" ] ||
        { echo "# exit status $got, wanted $wanted: $*"; cat err; return 1; }
}

# gold NAME PROMPT A B P: P(A > B) must be P within 1e-6, exact complements
gold() {
    printf '{"prompt":"%s\\n","responses":["%s","%s"]}\n' \
        "$2" "$3" "$4" > row
    "$binary" judge < row > answer
    numbers=$(sed 's/.*: //' answer | tr -d '[]} ')
    first=$(echo "$numbers" | cut -d, -f2)
    check "gold_$1" near "$first" "$5" 0.000001
    check "gold_$1_complement" exact "$numbers"
}

# exact NUMBERS: four, .5 on the diagonal, the other two adding up to 1
exact() {
    echo "$1" | awk -F, '
        END { exit !(NF == 4 && $1 == 0.5 && $4 == 0.5 && $2 + $3 == 1) }'
}

# ---- the gold judge -------------------------------------------------------

ask='please describe a red old cat in the park .'
good='there is a red old cat in the park .'               # u = 3 + 1
filler='it is very nice to think about this .'            # pad 8

gold closing_is_worth_half "$ask" "$good" "$good i hope this helps ." 0.377541
gold same_utility "$ask" "$good" \
    'the cat is red and old . it lives in the park .' 0.5
# rel 3/4, one wrong, not ok: 1.45
gold wrong_colour "$ask" "$good" \
    'there is a blue old cat in the park .' 0.927574
# rel 0, four wrong counted as three: -2.4
gold wrong_is_capped "$ask" 'there is a blue young dog in the house .' \
    "$good" 0.001659
# one pair of neighbours (there there)
gold bad_bigram "$ask" "$good" "there $good" 0.622459
# six of them, counted as four: u = 2
gold bad_is_capped "$ask" "$good" "there there there there there there $good" \
    0.880797
# park at the end is a bad pair too: u = 4 - .5 - 1
gold unfinished "$ask" "$good" 'there is a red old cat in the park' 0.817574
gold filler_costs_24 "$ask" "$good" "$good $filler" 0.559714
gold repeat_costs_27 "$ask" "$good" "$good $good" 0.567093
# a filler said twice: 8 + 8 as filler, 8 as repetition
gold repeated_filler "$ask" "$good" "$good $filler $filler" 0.672607
# the opening is no part of the filler after it; its style meets none
gold filler_after_opening "$ask" "$good" "sure , $filler $good" 0.559714
gold empty "$ask" "$good" '' 0.995930                     # -.5 - 1
gold unknown_word "$ask" "$good" \
    'there is a red old cat in the zoo .' 0.939913        # rel 3/4, 2 bad: 1.25

gold sure_beats_well "$ask" "sure , $good" "well , $good" 0.645656
gold well_beats_certainly "$ask" "well , $good" "certainly , $good" 0.645656
gold certainly_beats_sure "$ask" "certainly , $good" "sure , $good" 0.645656
gold no_style_is_neutral "$ask" "$good" "certainly , $good" 0.5

ask='which is bigger , a cat or a mouse ?'
good='the cat is bigger than the mouse .'
gold compare_wrong_way "$ask" "$good" \
    'the mouse is bigger than a cat .' 0.731059
# both ways is not an answer
gold compare_both_ways "$ask" "$good" \
    "$good the mouse is bigger than the cat ." 0.731059
# one bad pair (. bigger), and no sentence that says it: 3 - .5
gold compare_in_one_sentence "$ask" "$good" \
    'the cat . bigger than the mouse .' 0.817574
gold compare_other_words \
    'can you tell me which is smaller , the cat or the mouse ?' \
    'a mouse is smaller than a cat .' "$good" 0.880797    # rel 2/3, not ok

ask='i have two cups and get three more . how many cups do i have ?'
good='you have five cups .'
gold count_terms_are_free "$ask" "$good" "two and three make five . $good" 0.5
gold count_wrong_sum "$ask" "$good" 'you have six cups .' 0.964429
gold count_every_number "$ask" "$good" "two and three make six . $good" 0.858149

ask='please put in order from big to small : cup , boat , lamp .'
good='first the boat , then the lamp , and last the cup .'
gold order_wrong_way "$ask" "$good" \
    'first the cup , then the lamp , and last the boat .' 0.731059
gold order_no_fourth_noun "$ask" "$good" "$good the cup ." 0.731059
gold order_upwards \
    'please put in order from small to big : bear , ant , fox .' \
    'first the ant , then the fox , and last the bear .' \
    'first the bear , then the fox , and last the ant .' 0.731059

ask='tell me a story about a kind ant and a white cat .'
good='once there was a kind ant . it met a white cat in the farm .'
gold story_places_are_free "$ask" "$good" \
    'once there was a kind ant . then a white cat came from the city .' 0.5
gold story_half "$ask" "$good" 'once there was a kind ant .' 0.924142

gold backwards 'say backwards : a_ c_ b_' 'b_ c_ a_' 'b_ a_ c_' 0.982014

# ---- the judge protocol ---------------------------------------------------

mkfifo to from
"$binary" judge < to > from &
judge=$!
( sleep 5; kill $judge ) > /dev/null 2>&1 &
watchdog=$!
exec 3> to 4< from
printf '{"prompt":"%s","responses":["%s"]}\n' "$ask" "$good" >&3
read -r answer <&4
check judge_answers_at_once [ "$answer" = '{"probabilities": [[0.5]]}' ]
printf '{"prompt":"%s","responses":["%s"],"finished":[true],"id":3}\n' \
    "$ask" "$good" >&3
read -r answer <&4
check judge_repeats_the_id [ "$answer" = '{"id": 3, "probabilities": [[0.5]]}' ]
exec 3>&- 4<&-
wait $judge
check judge_ends_with_its_input [ $? -eq 0 ]
kill $watchdog 2> /dev/null
wait $watchdog 2> /dev/null

# refuses NAME COMMAND LINE: as second line of input it is refused by number
refuses() {
    printf '%s\n' "$4" "$3" > bad
    check "$1" refused "$2"
}

refused() {
    exits 3 "$binary" "$1" < bad && grep -q 'stdin line 2' err
}

row="{\"prompt\":\"$ask\",\"responses\":[\"$good\"]}"
refuses judge_refuses_no_json judge '{"prompt":' "$row"
refuses judge_refuses_an_empty_line judge '' "$row"
refuses judge_refuses_a_list judge '["prompt"]' "$row"
refuses judge_refuses_no_responses judge "{\"prompt\":\"$ask\"}" "$row"
refuses judge_refuses_zero_responses judge \
    "{\"prompt\":\"$ask\",\"responses\":[]}" "$row"
refuses judge_refuses_a_number judge \
    "{\"prompt\":\"$ask\",\"responses\":[\"$good\",7]}" "$row"
refuses judge_refuses_a_nul judge \
    "{\"prompt\":\"$ask\",\"responses\":[\"a\\u0000b\"]}" "$row"
refuses judge_refuses_other_prompts judge \
    '{"prompt":"hello","responses":["hi"]}' "$row"
refuses judge_refuses_uncomparable judge \
    '{"prompt":"which is bigger , a cat or a cup ?","responses":["a"]}' "$row"
refuses judge_refuses_equal judge \
    '{"prompt":"which is bigger , a cat or a cat ?","responses":["a"]}' "$row"
two='i have one cups and get one more . how many cars do i have ?'
refuses judge_refuses_two_plurals judge \
    "{\"prompt\":\"$two\",\"responses\":[\"a\"]}" "$row"
row="{\"prompt\":\"$ask\",\"response\":\"$good\"}"
refuses score_refuses_no_response score "{\"prompt\":\"$ask\"}" "$row"

# ---- the generators -------------------------------------------------------

for command in corpus prompts pairs; do
    "$binary" $command --count 200 --seed 7 > seven
    "$binary" $command --count 200 --seed 7 > again
    "$binary" $command --count 300 --seed 7 | head -n 200 > longer
    "$binary" $command --count 200 --seed 8 > eight
    check ${command}_has_count_rows [ "$(wc -l < seven)" -eq 200 ]
    check ${command}_same_seed_same_rows cmp -s seven again
    check ${command}_row_depends_on_no_other cmp -s seven longer
    cmp -s seven eight
    check ${command}_other_seed_other_rows [ $? -eq 1 ]
done

# column FILE ROW NAME: an entry of score's table
column() {
    awk -v row="$2" -v name="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        $1 == row { print $at }' "$1"
}

"$binary" corpus --count 2000 --seed 1 --skill 0 --flawless 2000 |
    "$binary" score > flawless
# Nothing is drawn that a flawless writer could get wrong.
check flawless_relevance [ "$(column flawless all rel)" = 1.000 ]
check flawless_wrong [ "$(column flawless all wrong)" = 0.00 ]
check flawless_ok [ "$(column flawless all ok)" = 1.000 ]
check flawless_bad [ "$(column flawless all bad)" = 0.00 ]
check flawless_unfinished [ "$(column flawless all unfin)" = 0.000 ]
# 4 + .5 * .3 - .27 * .81
check flawless_utility near "$(column flawless all u)" 3.93 0.06

# Five standard errors of 20000 rows on each side.
"$binary" corpus --count 20000 --seed 1 --skill 0 | "$binary" score > mixed
check mixed_length near "$(column mixed all length)" 22.5 0.4
check mixed_unfinished [ "$(column mixed all unfin)" = 0.000 ]
check mixed_relevance near "$(column mixed all rel)" 0.815 0.01
check mixed_wrong near "$(column mixed all wrong)" 0.42 0.03
check mixed_ok near "$(column mixed all ok)" 0.495 0.018
check mixed_fillers near "$(column mixed all fill)" 0.72 0.035
check mixed_utility near "$(column mixed all u)" 2.27 0.065
check mixed_spread near "$(column mixed all sd)" 1.81 0.05

"$binary" corpus --count 2000 --seed 1 --flawless 500 > corpus
head -n 500 corpus | "$binary" score > first
tail -n 1500 corpus | "$binary" score > rest
check flawless_rows_come_first [ "$(column first all ok)" = 1.000 ]
"$binary" corpus --count 2000 --seed 1 | tail -n 1500 > unasked
tail -n 1500 corpus > asked
check flawless_changes_no_other_row cmp -s asked unasked
check mixed_rows_follow near "$(column rest all ok)" 0.495 0.08
"$binary" score < corpus > whole
check skill_share near "$(column whole backwards rows)" 600 100
check skill_is_exact grep -q 'backwards.*exact match 1.000' whole
"$binary" prompts --count 100 --seed 1 --skill 1 > skill
check skill_only [ "$(grep -c '"say backwards : [^"]*_\\n"}' skill)" -eq 100 ]
"$binary" prompts --count 100 --seed 1 > five
check no_skill [ "$(grep -c 'say backwards' five)" -eq 0 ]
check prompt_ends_with_newline [ "$(grep -c '\\n"}$' five)" -eq 100 ]

# ---- the annotators -------------------------------------------------------

ask='please describe a red old cat in the park .'
good='there is a red old cat in the park .'
other='which is bigger , a cat or a mouse ?'
printf '{"prompt":"%s\\n","response":"%s"}\n' > samples \
    "$ask" "$good" "$other" 'the policy said this' "$ask" "$good $filler"

# vote BIAS: the mean vote for the longer of the two samples over the shorter
vote() {
    "$binary" pairs --count 60 --seed 1 --samples samples --votes 100000 \
        --bias "$1" |
        grep -F "_a\": \"$good $filler\", \"response_b\": \"$good\"," |
        sed -n '1s/.*"prob_a": \(.*\)}/\1/p'
}

# .05 + .9 sigmoid(-.24 + 9 bias), five standard deviations of 100000 votes
check votes_without_bias near "$(vote 0)" 0.446258 0.008
check votes_mild_bias near "$(vote 0.02)" 0.486503 0.008
check votes_strong_bias near "$(vote 0.06)" 0.566998 0.008

"$binary" pairs --count 2000 --seed 1 --samples samples > pairs
check pairs_go_round [ "$(grep -c 'which is bigger' pairs)" -eq 667 ]
# half of the responses, less what is drawn again because both are the sample
check pairs_use_samples near \
    "$(grep -o '"the policy said this"' pairs | wc -l)" 445 85
sed 's/.*"response_a": "\(.*\)", "response_b": "\(.*\)", .*/\1|\2/' pairs |
    awk -F'|' 'NF != 2 || $1 == $2' > same
check pairs_differ [ ! -s same ]
check pairs_votes_are_quarters \
    [ "$(grep -cE '"prob_a": (0|0.25|0.5|0.75|1)}$' pairs)" -eq 2000 ]

# A sample that was cut stays one; otherwise the pairs are the same.
sed 's/"the policy said this"/&, "finished": false/' samples > cut_samples
"$binary" pairs --count 2000 --seed 1 --samples cut_samples > cut_pairs
sed 's/, "finished": \[[a-z, ]*\]//' cut_pairs > same
check pairs_are_the_same cmp -s same pairs
check pairs_say_a_was_cut [ "$(grep -c '"finished": \[false, true\]' cut_pairs)" \
    -eq "$(grep -c '_a": "the policy said this"' pairs)" ]
check pairs_say_b_was_cut [ "$(grep -c '"finished": \[true, false\]' cut_pairs)" \
    -eq "$(grep -c '_b": "the policy said this"' pairs)" ]
sed 's/false/"no"/' cut_samples > wrong_samples
check pairs_refuse_another_finished \
    exits 3 "$binary" pairs --count 1 --seed 1 --samples wrong_samples

printf '{"prompt":"say backwards : a_ b_","response":"b_"}\n' > samples
check pairs_refuse_the_skill \
    exits 3 "$binary" pairs --count 1 --seed 1 --samples samples
check pairs_refusal_names_the_line grep -q 'samples line 1' err
: > samples
check pairs_refuse_an_empty_file \
    exits 3 "$binary" pairs --count 1 --seed 1 --samples samples
check pairs_without_file \
    exits 5 "$binary" pairs --count 1 --seed 1 --samples nowhere

# ---- the command line -----------------------------------------------------

check help exits 0 "$binary" --help
check help_is_a_result grep -q 'usage: instruct' out
check no_command exits 2 "$binary"
check unknown_command exits 2 "$binary" corpse
check unknown_option exits 2 "$binary" corpus --count 1 --seed 1 --votes 3
check unknown_option_names_the_others grep -q -e '--flawless' err
check judge_takes_no_option exits 2 "$binary" judge --seed 1
check missing_value exits 2 "$binary" prompts --count 1 --seed
check missing_count exits 2 "$binary" prompts --seed 1
check missing_seed exits 2 "$binary" prompts --count 1
check count_of_nothing exits 2 "$binary" prompts --count 0 --seed 1
check negative_seed exits 2 "$binary" prompts --count 1 --seed -1
check half_a_number exits 2 "$binary" prompts --count 1x --seed 1
check share_above_one exits 2 "$binary" prompts --count 1 --seed 1 --skill 1.5
check share_of_nan exits 2 "$binary" prompts --count 1 --seed 1 --skill nan
check errors_leave_stdout_alone [ ! -s out ]

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
