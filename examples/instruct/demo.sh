#!/bin/sh
# Aligns the tiny policy for three iterations and shows what changed.
#   sh examples/instruct/demo.sh OUT
# The preference model is all that the run sees. The gold judge, a program that
# knows the task's rules (examples/instruct/instruct.c), only looks at the
# results.
set -eu
out=$1
sppo=build/sppo models=tiny_models
start=$(date +%s)
mkdir -p "$out"

echo "Aligning $models/policy: 3 iterations, 512 prompts each, K = 5"
$sppo align --policy $models/policy --preference $models/preference \
    --prompts $models/prompts.jsonl --eta 30 --lr 3e-4 --epochs 4 --batch 32 \
    --max-tokens 64 --seed 1 --out "$out/run" --force --quiet

field() {  # the number called $1 of the JSON object on standard input
    sed -n "s/.*\"$1\": *\([-0-9.e]*\).*/\1/p"
}

measure() {  # a row of the table for iteration $1, judged by $2: $3...
    name=$2 iteration=$1
    shift 2
    result=$($sppo evaluate --policy "$out/run/iter$iteration" \
        --against $models/policy --prompts $models/validation.jsonl \
        --max-tokens 64 --seed 9 --json --quiet "$@" | tr -d '\n')
    win=$(echo "$result" | field win_rate)
    low=$(echo "$result" | field win_rate_low)
    high=$(echo "$result" | field win_rate_high)
    length=$(echo "$result" | field mean_length)
    echo "$name,$iteration,$win,$low,$high" >> "$out/win_rates.csv"
    printf '%9s  %-17s %.3f  (%.3f to %.3f)  %6.1f\n' "$iteration" "$name" \
        "$win" "$low" "$high" "$length"
}

printf 'preference model,0,0.5\ngold judge,0,0.5\n' > "$out/win_rates.csv"
echo
echo "iteration  judged by         win rate against base     mean length"
for t in 1 2 3; do
    measure $t "preference model" --preference $models/preference
    measure $t "gold judge" --judge "build/instruct judge"
done

echo
prompt="what does a green old mouse in the park look like ?"
echo "Prompt  $prompt"
for policy in $models/policy "$out/run/policy"; do
    [ "$policy" = $models/policy ] && name=before || name=after
    $sppo sample --policy "$policy" --prompt "$prompt
" --max-tokens 64 --seed 4 --quiet | fold -s -w 72 |
        sed "1s/^/$(printf '%-8s' $name)/; 2,\$s/^/        /; s/ *\$//"
done

build/plot "Win rate against the base policy" iteration "win rate" \
    "95 % over the prompts" \
    < "$out/win_rates.csv" > "$out/win_rates.svg"
echo "Plot    $out/win_rates.svg  Model  $out/run/policy  Time" \
    " $(($(date +%s) - start)) s"
