#!/bin/sh
# test_mpi.sh PROGRAMS SCRATCH - examples/cluster/mpi_align.c on one machine
#
# Any number of ranks gives the same file; MPI_Allreduce the same figures to
# rounding; a rank that fails ends all, with its sentence; rank 0 alone writes.
# The tokenizer is a tokenizer.bin or a tokenizer.json.
# Skipped where MPI is missing.
programs=${1:?"usage: test_mpi.sh PROGRAMS SCRATCH"}
scratch=${2:?"usage: test_mpi.sh PROGRAMS SCRATCH"}/mpi
models=$(dirname "$0")/../tiny_models
passed=0
failed=0
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

if ! command -v mpicc >/dev/null 2>&1 || ! command -v mpirun >/dev/null 2>&1
then
    echo "skip  mpicc or mpirun is not on this machine"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
if [ ! -x "$programs/mpi_align" ]; then  # MPI came after make looked for it
    echo "skip  $programs/mpi_align is not built: make mpi"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
rm -rf "$scratch"
mkdir -p "$scratch/here"
head -n 60 "$models/prompts.jsonl" >"$scratch/prompts.jsonl"
head -n 63 "$models/prompts.jsonl" >"$scratch/others.jsonl"

verdict() {  # text; passes when the last command did
    if [ $? -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok    $1"
    else
        failed=$((failed + 1))
        echo "FAIL  $1"
        sed -n 1,12p "$scratch/err"
    fi
}

# Open MPI wants to be told that root, and more ranks than cores, are no slip.
launch() {  # arguments of mpirun ...
    set -- "$@"
    if mpirun --version 2>/dev/null | grep -q 'Open MPI'; then
        set -- --oversubscribe "$@"
        [ "$(id -u)" -ne 0 ] || set -- --allow-run-as-root "$@"
    fi
    timeout "${limit:-300}" mpirun "$@" >"$scratch/out" 2>"$scratch/err"
    code=$?
    return $code
}

ended_by_itself() { [ "$code" -ne 0 ] && [ "$code" -ne 124 ]; }

align() {  # ranks, folder, further arguments
    ranks=$1
    folder=$scratch/$2
    shift 2
    launch -n "$ranks" "$programs/mpi_align" "${policy:-$models/policy}" \
        "$models/preference" "$scratch/prompts.jsonl" "$folder" "$@"
    cp "$scratch/out" "$folder/out" 2>/dev/null
    return $code
}

align 1 one
verdict "one rank"
[ "$(grep -c '^iteration' "$scratch/one/out")" -eq 3 ]
verdict "it says what it does, once"
cmp "$models/policy/tokenizer.json" "$scratch/one/tokenizer.json" \
    2>>"$scratch/err" &&
    cmp "$models/policy/tokenizer.bin" "$scratch/one/tokenizer.bin" \
        2>>"$scratch/err"
verdict "the tokenizer goes along, into a folder that is made first"
cp -r "$models/policy" "$scratch/by_json"
rm "$scratch/by_json/tokenizer.bin"
policy=$scratch/by_json align 1 made/first/json &&
    cmp "$scratch/one/run.safetensors" \
        "$scratch/made/first/json/run.safetensors" 2>>"$scratch/err" &&
    [ ! -e "$scratch/made/first/json/tokenizer.bin" ]
verdict "a policy with a tokenizer.json alone: the same run"
for n in 2 3; do
    align $n ranks$n &&
        cmp "$scratch/one/model.safetensors" \
            "$scratch/ranks$n/model.safetensors" 2>>"$scratch/err" &&
        cmp "$scratch/one/out" "$scratch/ranks$n/out" 2>>"$scratch/err"
    verdict "$n ranks, summed in order: the same file and figures"
done
align 3 fast --fast &&
    paste -d ' ' "$scratch/one/out" "$scratch/fast/out" | awk '
        { for (i = 1; i <= NF / 2; i++) {
              a = $i; b = $(i + NF / 2); d = a - b
              if (a != b && (a + 0 == 0 || d * d > 1e-4 * a * a)) bad = 1
          } }
        END { exit bad || NR != 3 }'
verdict "3 ranks with MPI_Allreduce: the same figures to 1 %"

# Ended early again and again, and resumed, on one rank, on two, on one, ..
kills=0
code=1
while [ $kills -lt 20 ] && [ $code -ne 0 ]; do
    limit=$(awk -v k=$kills 'BEGIN { printf "%.2f", 0.2 * 1.25 ^ k }')
    align $((kills % 2 + 1)) killed --resume
    kills=$((kills + 1))
done
limit=300
[ $code -eq 0 ] && [ $kills -gt 1 ] &&
    cmp "$scratch/one/model.safetensors" "$scratch/killed/model.safetensors" \
        2>>"$scratch/err"
verdict "ended early $((kills - 1)) times and resumed: the same file"
align 2 killed --resume &&
    cmp "$scratch/one/model.safetensors" "$scratch/killed/model.safetensors" \
        2>>"$scratch/err"
verdict "a run at its end resumes to the same file"

set -- "$programs/mpi_align" "$models/policy" "$models/preference"
launch -n 1 "$@" "$scratch/prompts.jsonl" "$scratch/here" : \
       -n 1 "$@" "$scratch/prompts.jsonl" "$scratch/nowhere"
[ "$code" -eq 0 ] && [ -s "$scratch/here/model.safetensors" ] &&
    [ ! -e "$scratch/nowhere" ]
verdict "rank 0 alone writes"

launch -n 1 "$@" "$scratch/prompts.jsonl" "$scratch/here" : \
       -n 1 "$@" "$scratch/missing.jsonl" "$scratch/here"
ended_by_itself &&
    grep -q 'mpi_align: rank 1: .*missing.jsonl: cannot be opened' \
        "$scratch/err"
verdict "a rank without its prompts ends all, with its sentence"

launch -n 2 "$@" "$scratch/prompts.jsonl" "$scratch/here" : \
       -n 1 "$@" "$scratch/others.jsonl" "$scratch/here"
ended_by_itself &&
    grep -q 'mpi_align: rank 2: sppo_play_init: prompts.* on rank 0' \
        "$scratch/err"
verdict "a rank with other prompts is refused, by all"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
