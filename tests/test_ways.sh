#!/bin/sh
# test_ways.sh - `sppo align` by other methods' names and settings, from outside
#
# Run     tests/test_ways.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

tiny=$root/tiny_models
head -n 6 "$tiny/prompts.jsonl" | sed 's/}$/, "response": "well , i hope this helps ."}/' \
    > prompts.jsonl
align_base="align --policy $tiny/policy --prompts prompts.jsonl \
    --max-tokens 12 --batch 2 --epochs 1 --quiet"
judged="$align_base --k 3 --preference $tiny/preference"
# weights NAME RUN RUN: of the two policies
weights() {
    if cmp "$2/policy/model.safetensors" "$3/policy/model.safetensors"
    then ok "$1"; else bad "$1" "the weights differ"; fi
}
differ() {
    if cmp -s "$2/policy/model.safetensors" "$3/policy/model.safetensors"
    then bad "$1" "it changed nothing"; else ok "$1"; fi
}
# in_parts NAME METHOD OPTIONS..: a phase at a time, to the bits of the whole
in_parts() {
    run=$1
    shift
    holds "${run}_whole" "$tool" "$@" --iterations 2 --out "$run"
    holds "${run}_begun" "$tool" "$@" --iterations 2 --phase sample \
        --out "${run}_parts"
    for phase in judge fit sample judge; do
        holds "${run}_$phase" "$tool" align --resume --phase $phase \
            --out "${run}_parts"
    done
    holds "${run}_resumed" "$tool" align --resume --out "${run}_parts"
    weights "${run}_resumes_to_the_same_bits" "$run" "${run}_parts"
}
# shellcheck disable=SC2086  # the settings are meant to be split
{
# ---- each by its name ----------------------------------------------------------

names=$("$tool" align --help | sed -n '/--method/,/a loss with/p' |
    sed '$d; s/--method//' | tr -d ' \n')
for method in $(echo "$names" | tr '|' ' '); do
    case $method in
    spin) which=$align_base ;;
    nash-md) which="$judged --opponents 1" ;;
    *) which=$judged ;;
    esac
    holds method_$method "$tool" $which --method $method --iterations 1 \
        --out method_$method
    cksum < method_$method/policy/model.safetensors >> sums
done
equal() { if [ "$2" -"$3" "$4" ]; then ok "$1"; else bad "$1" "$2, not $3 $4"; fi; }
equal all_names_are_there "$(wc -l < sums)" eq 19
# in one epoch not all that would be clipped is, nor does a reference move
equal methods_differ "$(sort -u sums | wc -l)" ge 15
"$tool" $judged --method grpo --dry-run --out no > out 2>&1
equal method_is_printed_resolved "$(tr -s ' ' < out |
    grep -cE '^ (loss clip|advantage standard|signal score)')" eq 3
"$tool" $align_base --k 5 --preference "$tiny/preference" --method nash-md \
    --out no --dry-run > out 2>&1
equal a_mixture_is_printed_resolved "$(tr -s ' ' < out |
    grep -cE '^ (opponents 2|pull 0.33|mixture 0.33)')" eq 3
"$tool" $judged --method ipo-md --out no --dry-run > out 2>&1
equal all_of_k_are_printed "$(tr -s ' ' < out |
    grep -cE '^ (opponents 3|pull 1|mixture 0.25)')" eq 3
expect method_has_its_loss 2 'has --loss=gap, not dpo' "$tool" $judged \
    --method rebel --loss dpo --out no

# ---- losses and what they learn from ------------------------------------------

expect signal_without_its_loss 2 'no effect' "$tool" $judged --signal score \
    --out no
expect signal_of_a_pair_for_one 2 'signal 2 does not go with the loss clip' \
    "$tool" $judged --loss clip --signal pair --out no
for loss in sppo pair single hard dpo ipo gpo gap dno clip simpo; do
    "$tool" $judged --loss $loss --keep-all --iterations 1 --out all_$loss \
        > out 2> err
    echo "$loss $? $(grep -c 'keep-all has no effect' err)"
done > all_losses
equal keep_all_goes_with_what_the_header_says \
    "$(grep -cE ' (0 0|2 1)$' all_losses)" eq 11

# ---- references, mixtures, given responses --------------------------------------

in_parts grpo $judged --method grpo
in_parts comal $judged --method comal --reference-every 1
in_parts nash_md $judged --method nash-md --opponents 1 --reference-every 1
in_parts spin $align_base --method spin
holds reference_is_another "$tool" $judged --method inpo --iterations 1 \
    --reference grpo/policy --out inpo_other
differ reference_pulls inpo_other method_inpo
holds reference_is_mixed_in "$tool" $judged --opponents 1 --mixture 0.5 \
    --reference grpo/policy --iterations 1 --out mixed
holds itself_is_mixed_in "$tool" $judged --opponents 1 --mixture 0.5 \
    --iterations 1 --out itself
holds nothing_is_mixed_in "$tool" $judged --opponents 1 --iterations 1 \
    --out fresh
differ a_mixture_is_drawn_from mixed itself
weights a_policy_mixed_with_itself_is_itself itself fresh
expect pull_without_ratios 2 'pull has no effect' "$tool" $judged \
    --method simpo --pull 0.5 --out no
expect reference_without_pull 2 'without a pull or a mixture' "$tool" $judged \
    --reference "$tiny/policy" --out no
expect mixture_without_opponents 2 'mixture has no effect without --opponents' \
    "$tool" $judged --mixture 0.5 --out no
expect one_is_left 2 'two must be left' "$tool" $judged --opponents 2 --out no
expect gold_and_a_judge 2 'not both, of --preference|judge|gold' "$tool" \
    $judged --gold --out no
expect spin_and_a_judge 2 'not both, of --preference|judge|gold' "$tool" \
    $judged --method spin --out no
expect gold_is_not_validated 2 'gold and --validation exclude' "$tool" \
    $align_base --gold --validation prompts.jsonl --out no
expect gold_is_in_every_row 3 'line 1: "response" is missing' "$tool" \
    align --policy "$tiny/policy" --prompts "$tiny/prompts.jsonl" --gold \
    --out no
expect gold_is_not_too_long 3 'line 1: the response has 9 tokens, --max-tokens' \
    "$tool" align --policy "$tiny/policy" --prompts prompts.jsonl --gold \
    --max-tokens 6 --out no
expect gold_is_not_shared_out 2 'only --phase sample can' "$tool" $align_base \
    --gold --out no_shards --phase judge --shard 1/2
holds a_part_with_gold "$tool" $align_base --k 3 --gold --iterations 1 \
    --out shared --phase sample --shard 1/2
holds another_part_with_gold "$tool" $align_base --k 3 --gold --iterations 1 \
    --out shared --phase sample --shard 2/2
holds parts_with_gold "$tool" $align_base --k 3 --gold --iterations 1 \
    --out shared --phase sample --merge 2 --resume
holds parts_with_gold_go_on "$tool" align --resume --out shared
holds gold_alone "$tool" $align_base --k 3 --gold --iterations 1 --out alone
weights parts_with_gold_are_the_whole alone shared
for part in 1 2; do
    holds part_${part}_of_a_mixture "$tool" $judged --iterations 1 --opponents 1 \
        --mixture 0.5 --reference grpo/policy --out mixed_parts \
        --phase sample --shard $part/2
done
holds parts_of_a_mixture "$tool" $judged --iterations 1 --opponents 1 \
    --mixture 0.5 --reference grpo/policy --out mixed_parts --phase sample \
    --merge 2 --resume
holds parts_of_a_mixture_go_on "$tool" align --resume --out mixed_parts
weights parts_of_a_mixture_are_the_whole mixed mixed_parts
sed 's/helps/ends/' prompts.jsonl > others.jsonl
holds gold_begun "$tool" $align_base --gold --iterations 1 --out begun \
    --phase sample
mv others.jsonl prompts.jsonl
expect other_gold_is_another_run 2 'not the data that the run' "$tool" align \
    --resume --out begun
}
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
