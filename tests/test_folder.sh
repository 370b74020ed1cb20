#!/bin/sh
# test_folder.sh - a model directory changes as a whole or not at all; results
# that cannot be written are an error of every command
#
# Run     tests/test_folder.sh build/sppo build/scratch   (tool, scratch)
# Prints  "ok name", "FAIL name: why", "skip name (why)" and a count; exits 1
#         when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"
. "$root/tests/words.sh"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

# ---- two models with the same shape and other vocabularies ------------------

words "the cat sat on a mat then that hat ran here there under red" 300 > a.txt
words "one wolf jumps over my quick brown fox while dogs keep yelling" 300 > b.txt
for m in a b; do
    "$tool" tokenizer --quiet --text $m.txt --vocab 285 --out $m.bin
    "$tool" pretrain --quiet --text $m.txt --tokenizer $m.bin --dim 8 \
        --layers 1 --heads 2 --hidden 8 --context 32 --batch 4 \
        --pass-tokens 128 --steps 150 --lr 2e-2 --out made_$m > out 2>&1 ||
        { echo "FAIL model_$m: $(cat out)"; echo "0 passed, 1 failed"; exit 1; }
    mkdir $m
    for f in model.safetensors config.json tokenizer.bin; do
        cp made_$m/$f $m/$f
    done
done
echo '{{ messages }}' > b/chat_template.jinja
echo '{"x": 1}' > b/added_tokens.json

# state DIR: "a" or "b", the model that the tool finds there, else why not
says_a=$("$tool" sample --policy a --prompt re --greedy --max-tokens 8)
says_b=$("$tool" sample --policy b --prompt re --greedy --max-tokens 8)
state() {
    found=$("$tool" sample --policy "$1" --prompt re --greedy \
        --max-tokens 8 2>&1)
    case $found in
        "$says_a") echo a ;;
        "$says_b") echo b ;;
        *) echo "neither: $found" ;;
    esac
}
if [ "$says_a" != "$says_b" ]; then ok two_models; else
    bad two_models "both say $says_a"; fi

# ---- companions go where the model goes, and with it ------------------------

holds convert_with_companions "$tool" convert --from b --to b2
same keeps_the_chat_template b/chat_template.jinja b2/chat_template.jinja
same keeps_added_tokens b/added_tokens.json b2/added_tokens.json
holds convert_over "$tool" convert --force --from a --to b2
if [ -e b2/chat_template.jinja ] || [ -e b2/added_tokens.json ]; then
    bad the_old_companions_go "$(ls b2)"; else ok the_old_companions_go; fi
cp -r b2 mixed && cp b/tokenizer.bin mixed/tokenizer.bin
expect a_mixture_is_refused 3 \
    'mixed/tokenizer.bin: is not the file that model.safetensors was saved' \
    "$tool" sample --policy mixed --prompt re
rm mixed/tokenizer.json  # which says what the other one said
holds edited_on_purpose "$tool" convert --edited --from mixed --to edited
holds edited_is_whole "$tool" info edited
cp -r a both && echo '{}' > both/tokenizer.json
expect edited_tokenizers_agree 3 'both has a tokenizer.bin and a tokenizer' \
    "$tool" convert --edited --from both --to both2
expect the_tokenizer_that_the_weights_name 3 'json: is not the file that' \
    "$tool" sample --policy both --prompt re
LC_ALL=C sed 's/"sppo.digest/"note.digest/g' a/model.safetensors \
    > both/model.safetensors
expect two_tokenizers 3 'both has a tokenizer.bin and a tokenizer.json' \
    "$tool" sample --policy both --prompt re

# ---- each call of the system fails in turn ----------------------------------

# old NAME: a folder with model a, saved by the tool, and a file that goes
old() {
    rm -rf "$1"
    "$tool" convert --quiet --from a --to "$1"
    echo x > "$1/merges.txt"
}

if strace -qq -o /dev/null -e trace=rename true 2> /dev/null; then
    for call in openat write fsync rename flock unlink; do
        old victim
        wrong=
        n=1
        while [ $n -le 90 ]; do
            [ "$(state victim)" = a ] || old victim
            strace -f -qq -o trace -e trace=$call \
                -e inject=$call:error=EIO:when=$n \
                "$tool" convert --quiet --force --from b --to victim 2> err
            code=$?
            grep -q INJECTED trace || break
            now=$(state victim)
            left=$(cd victim && echo ./*.tmp* ./*.next*)
            case $now in a | b) ;; *) wrong="$n: $now" ;; esac
            [ $code -ne 0 ] || [ "$now" = b ] || wrong="$n: exit 0 and $now"
            [ $code -ne 0 ] || [ "$left" = './*.tmp* ./*.next*' ] ||
                wrong="$n: left $left"
            n=$((n + 1))
        done
        if [ -z "$wrong" ] && [ $n -gt 1 ]; then ok "each_${call}_may_fail"
        else bad "each_${call}_may_fail" "${wrong:-nothing failed}"; fi
    done
    expect a_folder_that_cannot_be_made 5 \
        'deep/new: this folder cannot be made: No space left on device' \
        strace -f -qq -o trace -e trace=mkdir -e inject=mkdir:error=ENOSPC \
        "$tool" convert --from a --to deep/new
    old victim
    n=1 wrong=
    while [ $n -le 30 ]; do
        [ "$(state victim)" = a ] || old victim
        strace -f -qq -o trace -e trace=rename,fsync,unlink \
            -e inject=rename,fsync,unlink:signal=KILL:when=$n \
            "$tool" convert --quiet --force --from b --to victim \
            > /dev/null 2>&1
        killed=$?
        now=$(state victim)
        case $now in a | b) ;; *) wrong="$n: $now" ;; esac
        [ $killed -ne 0 ] || break
        n=$((n + 1))
    done
    left=$(cd victim && echo ./*.tmp* ./*.next*)
    if [ -z "$wrong" ] && [ $n -gt 3 ] &&
        [ "$left" = './*.tmp* ./*.next*' ]; then ok killed_at_each_step
    else bad killed_at_each_step "${wrong:-$n steps, left $left}"; fi
else
    skip each_call_may_fail "there is no strace that can inject failures"
fi

# ---- what cannot be written is known, and said in the system's words --------

echo file > file
expect no_folder_there 5 'file/x: this folder cannot be made: a file' \
    "$tool" convert --from a --to file/x
expect words_of_the_system 5 'nothing.jsonl: cannot be opened: No such file' \
    "$tool" score --policy a --jsonl nothing.jsonl

if [ -w /dev/full ]; then
    printf '{"prompt": "red", "response": " cat"}\n' > rows.jsonl
    printf '{"prompt": "red"}\n' > prompts.jsonl
    printf '0.5,0.7\n0.3,0.5\n' > game.csv
    full() {
        name=$1
        shift
        "$tool" "$@" > /dev/full 2> err < /dev/null
        got=$?
        if [ $got -eq 5 ] && grep -q 'standard output' err; then
            ok "full_$name"; else bad "full_$name" "exit $got: $(cat err)"; fi
    }
    full help --help
    full version --version
    full command_help align --help
    full info info a
    full build info
    full sample sample --policy a --prompt re --max-tokens 4
    full rows sample --policy a --prompts prompts.jsonl --max-tokens 4
    full score score --policy a --jsonl rows.jsonl
    full game game --matrix game.csv --steps 10
    full pretrain pretrain --text a.txt --from a --steps 2 --batch 2 --out r
else
    skip full "there is no /dev/full"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
