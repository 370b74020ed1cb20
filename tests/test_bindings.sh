#!/bin/sh
# test_bindings.sh - the header from C++, in a megabyte without files or heap,
# and as a shared library from Python
#
# Run     tests/test_bindings.sh build build/scratch   (programs, scratch)
# Prints  as test_rows.sh; what there is no compiler or python3 for is skipped

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
ln -s "$root/tiny_models" tiny_models
equal() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "$2, not $3"; fi; }
# SPPO_STATIC compiles only what is used
quick="-O1 -DSPPO_STATIC -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"

# ---- C++ --------------------------------------------------------------------------

if command -v "${CXX:-c++}" > /dev/null; then
    # shellcheck disable=SC2086  # several flags
    holds cpp_compiles "${CXX:-c++}" -std=c++11 -fopenmp $quick \
        "$root/examples/bindings/align.cc" -o align_cc
    for year in 14 17 20 2b; do
        # shellcheck disable=SC2086  # several flags
        holds "cpp_of_$year" "${CXX:-c++}" -std=c++$year -fopenmp $quick \
            -fsyntax-only "$root/examples/bindings/align.cc"
    done
    holds cpp_runs ./align_cc
    equal cpp_answer_is_shorter "$(awk '/^before  ./ { was = length($0) }
        /^after   ./ { print (length($0) < was) }' out)" 1
    mkdir -p elsewhere/tiny_models
    expect cpp_throws_what_fails 1 \
        '^align: .*tiny_models/policy/config.json' \
        sh -c 'cd elsewhere && ../align_cc'
else
    skip cpp "there is no C++ compiler"
fi

# ---- a megabyte -------------------------------------------------------------------

small=$root/examples/bindings/one_megabyte.c
# shellcheck disable=SC2086  # several flags
holds megabyte_compiles "${CC:-cc}" -std=c99 $quick -c "$small" -o megabyte.o
holds megabyte_links "${CC:-cc}" megabyte.o -o megabyte -lm
holds megabyte_runs ./megabyte
equal megabyte_is_aligned "$(awk '/^before/ { was = $NF }
    /^after/ { print ($NF < was - 1) }' out)" 1
equal megabyte_is_not_exceeded \
    "$(awk '/^peak/ { print ($2 > 0.1 && $2 < 1) }' out)" 1
sed -n 's/^ \*   \(before.*\|after.*\|peak.*[^ *\/]\) *\**\/*$/\1/p' "$small" \
    > promised
same megabyte_prints_what_it_promises promised out
# It asks the system for nothing but to print.
if command -v nm > /dev/null; then
    equal megabyte_needs_no_files_heap_or_threads "$(nm megabyte.o |
        awk '$1 == "U" { print $2 }' | grep -E -e \
        '^_*(f?open|f?read|f?write|f?close|f?seek|.*alloc|free|GOMP|.*thread)' |
        tr '\n' ' ')" ""
else
    skip megabyte_needs_no_files_heap_or_threads "there is no nm"
fi
# With a quarter of that it ends in a sentence.
sed "s|\"../../sppo.h\"|\"$root/sppo.h\"|; s/1 << 20/1 << 18/" "$small" > quarter.c
# shellcheck disable=SC2086  # several flags
holds a_quarter_compiles "${CC:-cc}" -std=c99 $quick quarter.c -o quarter -lm
./quarter > out
equal a_quarter_is_refused $? 1
says a_quarter_says_so '^one_megabyte: .*out of memory'
if command -v arm-none-eabi-gcc > /dev/null; then
    # Enums of one byte there make some comparisons always true.
    # shellcheck disable=SC2086  # several flags
    holds megabyte_for_a_cortex_m arm-none-eabi-gcc -std=c99 $quick -mthumb \
        -mcpu=cortex-m7 -Wno-type-limits -c "$small" -o cortex.o
else
    skip megabyte_for_a_cortex_m "there is no arm-none-eabi-gcc"
fi

# ---- Python -----------------------------------------------------------------------

command -v python3 > /dev/null || { skip python "there is no python3"; end; }
[ -e "$SPPO_LIBRARY" ] || { skip python "make lib was not run"; end; }
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

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

# ---- training on texts ----------------------------------------------------------

cat > trained.py << 'END'
import sppo
policy = sppo.Policy("tiny_models/policy")
asked = ["which is bigger , a %s or a %s ?" % (a, b)
         for a in ("cat", "dog", "mouse") for b in ("house", "tree", "hen")]
said = ["the %s is bigger ." % q.split()[-2] for q in asked]
steps = []
policy.train(asked, said, epochs=6, batch=4, seed=2,
             progress=lambda *a: steps.append(a))
assert [s[:2] for s in steps] == [(i + 1, 18) for i in range(18)], steps
assert steps[-1][2] < 0.5 * steps[0][2], steps
policy.train([q + " " + a for q, a in zip(asked, said)], lr=1e-4)  # whole texts
assert policy.sample(asked[4], temperature=0) == said[4]
policy.save("taught")

def raises(what, words, call):
    try:
        call()
    except what as e:
        assert words in str(e), e
        return
    raise AssertionError("nothing was raised: " + words)

raises(sppo.Error, "there is no preference model",
       lambda: policy.judge("a", ["b", "c"]))
short, long = ["yes ."] * 9, ["yes , it is so , i think ."] * 9
policy.train_preference(asked, short, long, epochs=12, batch=3)
p = policy.judge(asked[0], [long[0], short[0], "yes ."])
assert p[1][0] > 0.9 and p[1][0] + p[0][1] == 1 and p[2][2] == 0.5, p
assert policy.judge(asked[0], ["yes .", "yes ."])[0][1] == 0.5
assert (policy.judge(asked[0], ["yes .", long[0]], [True, False])
        != policy.judge(asked[0], ["yes .", long[0]]))
policy.align(asked, policy.judge, k=3, iterations=1, epochs=1)
policy.train_preference(asked, short, long, label=[0.5] * 9, head="scalar",
                        epochs=12, batch=3)
assert 0.4 < policy.judge(asked[0], [long[0], short[0]])[0][1] < 0.6

raises(sppo.Error, "stopped after step 1 of 3",
       lambda: policy.train(asked, said, batch=3, progress=lambda *a: True))
raises(KeyError, "oops", lambda: policy.train_preference(
    asked, short, long, progress=lambda *a: {}["oops"]))
raises(ValueError, "9 prompts and 1 responses",
       lambda: policy.train(asked, ["a"]))
raises(ValueError, "8 rejected", lambda: policy.train_preference(
    asked, short, long[1:]))
raises(sppo.Error, 'no head "none"', lambda: policy.train_preference(
    asked, short, long, head="none"))
raises(sppo.Error, "the label of row 2 of 9 is 2",
       lambda: policy.train_preference(asked, short, long,
                                       label=[1, 2] + [1] * 7))
raises(sppo.Error, "lr is 0", lambda: policy.train(asked, said, lr=0))
raises(sppo.Error, "beyond the context",
       lambda: policy.train(asked, ["cat " * 2000] * 9))
raises(sppo.Error, "rows is 0", lambda: policy.train([]))
END
holds training_on_texts python3 trained.py
"$tool" sample --policy taught --prompt "which is bigger , a dog or a tree ?" \
    --greedy > out 2> err
says the_tool_has_what_was_taught '^the tree is bigger \.$'
end
