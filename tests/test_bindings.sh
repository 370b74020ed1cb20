#!/bin/sh
# test_bindings.sh - the header as a shared library, from Python
#
# Run     tests/test_bindings.sh build build/scratch   (programs, scratch)
# Prints  as test_rows.sh; skipped where there is no python3

programs=$1
case $programs in /*) ;; *) programs=$PWD/$programs ;; esac
. "$(dirname "$0")/tool.sh"
begin "$programs/sppo" "$2"
OMP_NUM_THREADS=1
SPPO_LIBRARY=$programs/libsppo.so
PYTHONPATH=$root/examples/bindings
export OMP_NUM_THREADS SPPO_LIBRARY PYTHONPATH
end() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}
command -v python3 > /dev/null || { skip python "there is no python3"; end; }
[ -e "$SPPO_LIBRARY" ] || { skip python "make lib was not run"; end; }
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
ln -s "$root/tiny_models" tiny_models

# ---- the example that its documentation begins with -----------------------------

cat > documented.py << 'END'
import sppo
lines = [l[8:] for l in sppo.__doc__.splitlines()
         if l[4:8] in (">>> ", "... ")]
code = "\n".join(lines)
for call in ("prompts[0], temperature=0",):
    code = code.replace("policy.sample(%s)" % call,
                        "print(policy.sample(%s))" % call)
exec(code)
END
holds the_documented_example python3 documented.py
equal() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "$2, not $3"; fi; }
prompt="tell me a story about a red cat and a blue dog ."
sed -n 1p out > before
sed -n 2p out > after
for model in tiny_models/policy aligned; do
    "$tool" sample --policy $model --prompt "$prompt" --greedy --max-tokens 64 \
        2> err
done > by_tool
equal the_tool_says_the_same "$(cat by_tool)" "$(cat before after)"
equal the_answer_is_shorter \
    "$([ "$(wc -c < after)" -lt "$(wc -c < before)" ] && echo yes)" yes

# ---- what a judge is told, and what it may do wrong -----------------------------

cat > judged.py << 'END'
import sppo
policy = sppo.Policy("tiny_models/policy")
prompts = ["tell me a story about a red cat .", "which is bigger ?"]
seen = []

def judge(prompt, responses, finished):
    seen.append((prompt, len(responses), all(type(f) is bool for f in finished),
                 all(isinstance(r, str) and r == r.strip() for r in responses)))
    return [[0.5] * len(responses) for _ in responses]

steps = []
policy.align(prompts, judge, k=3, iterations=2, epochs=1,
             progress=lambda *a: steps.append(a))
assert [s[0] for s in seen] == prompts, seen
assert all(s[1:] == (3, True, True) for s in seen), seen
assert [s[1] for s in steps] == ["sample", "judge", "fit"] * 2, steps
assert policy.sample(prompts[0], seed=1) == policy.sample(prompts[0], seed=1)
assert policy.sample(prompts[0], seed=1) != policy.sample(prompts[0], seed=2)

def raises(what, words, call):
    try:
        call()
    except what as e:
        assert words in str(e), e
        return
    raise AssertionError("nothing was raised: " + words)

even = lambda p, r: [[0.5] * len(r) for _ in r]
raises(ZeroDivisionError, "division",
       lambda: policy.align(prompts, lambda p, r: 1 / 0))
raises(ValueError, "5 rows of 5",
       lambda: policy.align(prompts, lambda p, r: [[1]]))
raises(sppo.Error, "must be a probability",
       lambda: policy.align(prompts, lambda p, r: [[2.0] * 5] * 5))
raises(sppo.Error, 'no loss "none"',
       lambda: policy.align(prompts, even, loss="none"))
raises(sppo.Error, "eta", lambda: policy.align(prompts, even, eta=-1))
raises(sppo.Error, "there are no prompts", lambda: policy.align([], even))
raises(sppo.Error, "stopped in iteration 1",
       lambda: policy.align(prompts, even, progress=lambda *a: True))
raises(KeyError, "oops", lambda: policy.align(
    prompts, even, progress=lambda *a: {}["oops"]))
raises(sppo.Error, "nowhere/config.json", lambda: sppo.Policy("nowhere"))
raises(sppo.Error, "max_tokens", lambda: policy.sample("a", max_tokens=-1))
raises(sppo.Error, "", lambda: policy.save("judged.py/below"))
assert policy.sample(prompts[0], temperature=0)  # and it still works
END
holds judges_and_failures python3 judged.py
end
