#!/bin/sh
# large.sh TOOL SCRATCH - one SPPO step of a real size, within 12 GiB
#
# Makes a model with random weights in the shape of a small released Llama (135
# million parameters: hidden 576, 30 layers, 9 heads, 3 key heads, feed-forward
# 1536, vocabulary 49152, tied, context 2048), writes it as bfloat16, samples
# from it, and takes one step of SPPO on 4 prompts with K = 2.  The whole runs
# under a limit of 12 GiB of address space.  Not part of `make test`: it takes a
# minute or two and 5 GB of disk, which it gives back.
tool=$1
work=$2
if [ ! -x "$tool" ] || [ -z "$2" ]; then
    echo "usage: $0 TOOL SCRATCH_FOLDER" >&2
    exit 2
fi
tests=$(cd "$(dirname "$0")" && pwd)
case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
mkdir -p "$work" && cd "$work" || exit 1
rm -rf model half run
trap 'rm -rf model half run' EXIT
ulimit -v $((12 * 1024 * 1024)) || exit 1
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export OMP_WAIT_POLICY

# timed NAME COMMAND..: its seconds, and its memory where GNU time is installed
timed() {
    name=$1
    shift
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -o usage -f '%e s, %M KiB' "$@" || exit 1
    else
        before=$(date +%s)
        "$@" || exit 1
        echo "$(($(date +%s) - before)) s" > usage
    fi
    printf '%-28s %s\n' "$name" "$(tail -n 1 usage)" >&3
}
exec 3>&1

for prompt in 17 1700 4711 31337; do
    echo "{\"prompt_ids\": [1, $prompt, 42, 7, 12345, 99, 256]}"
done > prompts.jsonl
printf 'while read -r line; do echo %s; done\n' \
    "'{\"probabilities\": [[0.5, 0.8], [0.2, 0.5]]}'" > judge.sh

${CC:-cc} -std=c99 -O2 -DSPPO_STATIC "$tests/llama_peer.c" -o peer -lm || exit 1
timed "random weights, float32" ./peer make model 49152 576 30 9 3 64 1536 \
    2048 0 100000 1e-5
./peer words model/tokenizer.bin 49152 || exit 1
timed "convert to bfloat16" "$tool" convert --from model --dtype bfloat16 \
    --to half --quiet
wc -c model/model.safetensors half/model.safetensors | head -n 2
timed "load" "$tool" info half > info
grep '^parameters' info
timed "sample 4 x 32 tokens" "$tool" sample --policy half --max-tokens 32 \
    --prompts prompts.jsonl --quiet > samples
timed "align: 1 step, 8 x 64" "$tool" align --policy half --eta 30 --lr 1e-6 \
    --prompts prompts.jsonl --judge 'sh judge.sh' --k 2 --iterations 1 \
    --epochs 1 --batch 4 --max-tokens 64 --out run --quiet
tail -n 1 run/metrics.csv
awk -F, 'NR == 2 { exit !($3 > 20.24 && $3 < 20.26 && $11 > 0) }' \
    run/metrics.csv || { echo "FAIL the loss should begin at 20.25"; exit 1; }
cmp -s half/model.safetensors run/policy/model.safetensors &&
    { echo "FAIL the weights did not move"; exit 1; }
echo "1 passed, 0 failed"
