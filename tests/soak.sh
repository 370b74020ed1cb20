#!/bin/sh
# soak.sh - many runs under hard conditions: killed at random and resumed, two
# that write at once, a full disk, judges out of order
#
# Run     sh tests/soak.sh TOOL SCRATCH [KILLS [SEED [PART..]]]
#         KILLS of each command (200); the same SEED draws the same moments (by
#         the clock); PARTs are kills, writers, full, judges (all)
# Prints  lines of progress, "ok name", "FAIL name: why", "skip name (why)", the
#         figures and a count; exits 1 when something failed
#
# A moment is a call of the system, where strace can kill at one, or a delay:
# the first is the same each time, the second as exact as the machine is calm.
# No file of a run holds a time, so all are compared byte for byte.  Only what
# replaces a model names the files of it that go in its weights; so what
# `convert` replaced is converted once more, to a new folder, and compared.

. "$(dirname "$0")/tool.sh"
begin "$1" "$2"
goal=${3:-200}
seed=${4:-$(awk 'BEGIN { srand(); print srand() % 1000000 }')}
if [ $# -gt 4 ]; then shift 4; else set -- kills writers full judges; fi
parts=$root/tests/soak
resumes=0 compared=0 differences=0 figures=''
begun=$(date +%s)
echo "soak: $goal kills of each command, seed $seed"

# draw N: $drawn is a random number below N; each part has its own sequence
draw() {
    state=$(((state * 1103515245 + 12345) % 2147483648))
    drawn=$((state / 65536 % $1))
}

# pick WORD..: $picked is one of them
pick() {
    draw $#
    shift "$drawn"
    picked=$1
}

# seconds MILLISECONDS, as sleep takes them
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# alike NAME FOLDER OTHER: the same files with the same bytes, and no others, but
# for times; a folder that is not is kept
alike() {
    compared=$((compared + 1))
    if diff -r -x timing.csv "$2" "$3" > differ 2>&1; then return 0; fi
    differences=$((differences + 1))
    cp -r "$3" "difference_$differences"
    bad "$1" "$2 and difference_$differences: $(head -n 5 differ)"
    return 1
}

# left FOLDER: the temporaries in it
left() { find "$1" -name '*.tmp' -o -name '*.next'; }

# gone FILE: no process whose id is in it is at work; one that has ended may
# wait for whoever starts processes to take note
gone() {
    [ -e "$1" ] || return 0
    tries=0
    while [ $tries -lt 20 ]; do
        tries=$((tries + 1)) working=
        while read -r id; do
            case $(ps -o stat= -p "$id" 2> /dev/null) in '' | Z*) ;;
            *) working="$working $id" ;; esac
        done < "$1"
        [ -n "$working" ] || return 0
        sleep 0.1
    done
    # shellcheck disable=SC2086
    kill -9 $working
    return 1
}

# ---- a small world -----------------------------------------------------------

cp -r "$root/tiny_models/policy" base
cp -r "$root/tiny_models/preference" taste
head -n 6 "$root/tiny_models/prompts.jsonl" > prompts.jsonl
head -n 2 "$root/tiny_models/validation.jsonl" > few.jsonl
head -n 30 "$root/tiny_models/preferences.jsonl" > pairs.jsonl
head -n 400 "$root/tiny_models/preferences.jsonl" | tr -d '{}":,' > words.txt
head -n 20 words.txt > text.txt
# two models with other weights, tokenizers and companions
mkdir one two
cp base/* one/
cp taste/* two/
rm two/tokenizer.json  # that of the tokenizer which is replaced
"$tool" tokenizer --quiet --force --text words.txt --vocab 680 \
    --out two/tokenizer.bin
echo '{{ messages }}' > two/chat_template.jinja
echo '{"x": 1}' > two/added_tokens.json
for model in one two; do
    "$tool" convert --quiet --edited --from $model --to "as_$model" ||
        { echo "0 passed, 1 failed"; exit 1; }
    "$tool" convert --quiet --dtype bfloat16 --from "as_$model" \
        --to "half_$model"
done

# settings NAME: $arguments, for --out to follow; no word of them has a blank
settings() {
    case $1 in
    align) arguments="align --policy base --prompts prompts.jsonl --k 2
        --max-tokens 6 --epochs 2 --batch 2 --iterations 2 --preference taste
        --validation few.jsonl" ;;
    asked) arguments="align --policy base --prompts prompts.jsonl --k 3
        --max-tokens 6 --epochs 1 --batch 2 --iterations 2 --keep-all
        --judge ./taste.sh" ;;
    grouped) arguments="align --policy base --prompts prompts.jsonl --k 3
        --max-tokens 6 --epochs 2 --batch 2 --iterations 2 --preference taste
        --method grpo --optimizer adamw" ;;
    # whose checkpoint holds a reference that moves
    moving) arguments="align --policy base --prompts prompts.jsonl --k 2
        --max-tokens 6 --epochs 2 --batch 2 --iterations 2 --preference taste
        --method comal --reference-every 1" ;;
    # what --force writes over: another seed, more iterations
    align_before | asked_before | grouped_before | moving_before)
        arguments="align
        --policy base --prompts prompts.jsonl --k 2 --max-tokens 4 --epochs 1
        --batch 2 --iterations 3 --preference taste --validation few.jsonl
        --seed 9" ;;
    prefer) arguments="prefer --policy base --preferences pairs.jsonl
        --batch 3" ;;
    paired) arguments="prefer --policy base --preferences pairs.jsonl
        --batch 4 --head pair --holdout 0" ;;
    prefer_before | paired_before) arguments="prefer --policy base
        --preferences pairs.jsonl --batch 15 --head scalar" ;;
    pretrain) arguments="pretrain --from base --text text.txt --steps 10
        --batch 2" ;;
    begun) arguments="pretrain --tokenizer two/tokenizer.bin --text text.txt
        --dim 32 --layers 2 --heads 2 --context 64 --steps 12 --batch 2" ;;
    pretrain_before | begun_before) arguments="pretrain --from base
        --text text.txt --steps 1 --batch 2 --seed 9" ;;
    esac
}

# whole NAME: the folder that the run leaves when nothing happens, made once
whole() {
    [ -d "whole_$1" ] && return
    settings "$1"
    # shellcheck disable=SC2086
    "$tool" $arguments --save-seconds 0 --out "whole_$1" > "said_$1" 2> err ||
        bad "whole_$1" "$(cat err)"
}

# a judge that is another program, and notes its process
cat > taste.sh <<SH
#!/bin/sh
echo \$\$ >> judges
exec '$tool' judge --preference taste
SH
chmod +x taste.sh

for part; do
    state=$seed
    # shellcheck disable=SC1090
    . "$parts/$part.sh"
done

echo "in $(($(date +%s) - begun)) s, seed $seed:${figures#,}," \
    "$resumes resumes, $compared folders compared, $differences differences"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
