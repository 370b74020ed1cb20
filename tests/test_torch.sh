#!/bin/sh
# test_torch.sh POLICY SCRATCH - model folders and numbers against PyTorch
#
# Compares with a plain Llama in PyTorch, in both directions; what is compared
# stands in reference/check_torch.py.  Needs a python3 with torch (Debian:
# python3-torch), PYTHON names it; skipped where there is none.  CC names the
# compiler (cc).
# Prints  "ok name", "FAIL name", "skip ..." and a count; fails when one fails
policy=$1
work=$2/torch
tests=$(dirname "$0")
if [ ! -f "$policy/config.json" ] || [ -z "$2" ]; then
    echo "usage: $0 POLICY_FOLDER SCRATCH_FOLDER" >&2
    exit 2
fi
python=
for name in ${PYTHON:-python3 /usr/bin/python3}; do
    [ -n "$python" ] || ! "$name" -c 'import torch' 2> /dev/null ||
        python=$name
done
if [ -z "$python" ]; then
    echo "skip torch (no python3 with torch; Debian: python3-torch)"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
rm -rf "$work"
mkdir -p "$work" || exit 1
passed=0 failed=0
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
PYTHONDONTWRITEBYTECODE=1
export OMP_WAIT_POLICY PYTHONDONTWRITEBYTECODE

for real in float double; do
    peer=$work/peer-$real
    mkdir "$work/$real"
    if ! ${CC:-cc} -std=c99 -O1 -DSPPO_STATIC -DSPPO_REAL=$real \
        "$tests/llama_peer.c" -o "$peer" -lm; then
        echo "FAIL peer_$real: it does not compile"
        failed=$((failed + 1))
        continue
    fi
    "$python" "$tests/reference/check_torch.py" "$peer" $real "$work/$real" \
        "$policy" > "$work/$real.txt" 2>&1
    status=$?
    last=$(tail -n 1 "$work/$real.txt")
    p=$(echo "$last" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
    f=$(echo "$last" | sed -n 's/.* \([0-9]*\) failed$/\1/p')
    if [ -z "$p" ] || [ -z "$f" ]; then
        echo "FAIL check_$real: it ended without a count"
        tail -n 20 "$work/$real.txt"
        f=1
    else
        sed '$d' "$work/$real.txt"
        [ $status -eq 0 ] || [ "$f" -gt 0 ] || f=1
    fi
    passed=$((passed + ${p:-0})) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
