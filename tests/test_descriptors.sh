#!/bin/sh
# test_descriptors.sh - the tool when standard streams are closed: no file takes
# their place, so that no line for the screen gets into it
#
# Run     tests/test_descriptors.sh build/sppo build/scratch
# Prints  "ok name", "FAIL name: why" and a count; exits 1 when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"

for i in 1 2 3 4 5 6; do
    echo '{"prompt": "tell me a story ."}'
done > prompts.jsonl

# run OUT: the same short run each time
run() {
    "$tool" align --policy "$root/tiny_models/policy" --prompts prompts.jsonl \
        --preference "$root/tiny_models/preference" --k 2 --iterations 1 \
        --epochs 1 --max-tokens 8 --threads 1 --out "$1"
}

closed() {  # name, folder, exit code
    if [ "$3" -ne 0 ]; then
        bad "$1" "exit $3"
        return
    fi
    same "$1: the model" open/policy/model.safetensors \
        "$2/policy/model.safetensors"
    same "$1: its responses" open/iter1/train.jsonl "$2/iter1/train.jsonl"
}

holds "all streams open" run open < /dev/null
run in 2> err > out <&-
closed "standard input is closed" in $?
run out1 2> err < /dev/null >&-
closed "standard output is closed" out1 $?
run err1 > out < /dev/null 2>&-
closed "standard error is closed" err1 $?
run all <&- >&- 2>&-
closed "all three are closed" all $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
