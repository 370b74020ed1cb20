#!/bin/sh
# test_budgets.sh - what a reader has to go through may only become less
#
# Run     sh tests/test_budgets.sh                 (checks every budget)
#         sh tests/test_budgets.sh --measure       (prints the table below with
#                                                   today's figures as limits)
# Prints  "ok budget_NAME figure of limit (goal)", "FAIL ..." and a count;
#         exits 1 when something failed
#
# Below: name, limit, goal.  A figure above its limit fails; comments_* are the
# other way round, at least.  A limit is what was reached and is only ever made
# tighter: where a figure is more than 3 % better, a note asks for that.  The
# goal is what the file should come to and does not fail.
# What is counted, and how: budgets.awk.
budgets='
tour_lines                 848     900
    From the first formula to the end of Algorithm 1: what a student reads.
training_step_functions    169     170
    Who follows a training step from responses to weights opens these functions.
training_step_lines       2300    2300
    So many lines they have.
training_step_depth         18      19
    So many calls are open at once where the step is deepest.
backward_functions          86     100
    Who follows the backward pass of the network opens these functions.
backward_lines            1132    1260
    So many lines they have.
backward_depth              16      17
    So many calls are open at once where the backward pass is deepest.
forward_functions          101     112
    Who follows the forward pass of the network opens these functions.
forward_lines             1289    1390
    So many lines they have.
forward_depth               15      16
    So many calls are open at once where the forward pass is deepest.
prelude_lines               63     110
    Lines of code before the first formula, of no interest to a student.
prototypes                   8       8
    Private functions used above their definition: the reader has to look ahead.
comments_algorithm        18.2      15
    Percent of the lines of Algorithm 1 that give reasons.
comments_network          15.1      15
    Percent of the lines that give reasons, in the part that has the fewest.
comments_sampling         15.1      15
    Percent of the lines of sampling that give reasons.
house_words                  0       0
    Names made of words that mean something in this file alone.
house_prose                  0       0
    The plainest of these words in comments and messages.
private_fields              25      25
    Fields of the activations of a pass that only the network itself reads.
copies                       0       0
    Activations copied by value: two structs share memory and go separate ways.
nesting                      3       3
    Statements inside statements that a reader keeps in mind.
header_lines             15910   10900
    All of sppo.h.
readme_lines               250     250
    All of README.md.
example_lines              499     500
    The longest source file under examples/.
example_columns             80      80
    The widest line of C and C++ under examples/.
'
tests=$(cd "$(dirname "$0")" && pwd)
root=$tests/..
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sppo_budgets.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0
LC_ALL=C
export LC_ALL

ok() { passed=$((passed + 1)); echo "ok    $1"; }
fail() { failed=$((failed + 1)); echo "FAIL  $1"; }

# ---- figures, and a table held against them ----

# "figure NAME VALUE" and what belongs to it.
measure() {  # header, README, folder of examples
    awk -f "$tests/budgets.awk" "$1" || echo "awk failed"
    echo "figure readme_lines $(($(wc -l <"$2")))"
    find "$3" \( -name '*.[ch]' -o -name '*.sh' \) -exec wc -l {} + |
        awk '$2 != "total" && $1 > most { most = $1; file = $2 }
            END { sub(/.*\//, "", file)
                print "figure example_lines", (most ? most : "none")
                print "why example_lines", file }'
    find "$3" \( -name '*.[ch]' -o -name '*.cc' \) -exec cat {} + |
        awk 'length > most { most = length; line = $0 }
            END { print "figure example_columns", (most ? most : "none")
                print "why example_columns", line }'
}

# One line a budget: verdict, name, figure, limit, goal, what it is for.
compare() {  # table, figures
    awk '
        FNR == NR && /^[a-z]/ { name[++n] = $1; limit[n] = $2; goal[n] = $3 }
        FNR == NR && /^ / { sub(/^ */, ""); what[n] = $0 }
        FNR == NR { next }
        $1 == "figure" { figure[$2] = $3 }
        END {
            for (i = 1; i <= n; i++) {
                is = figure[name[i]]
                better = limit[i] - is
                if (name[i] ~ /^comments_/)
                    better = -better
                verdict = "ok"
                if (better > 0.03 * limit[i])
                    verdict = "better"
                if (is == "" || is == "none" || better < -1e-9)
                    verdict = "over"
                print verdict, name[i], (is == "" ? "none" : is), limit[i],
                    goal[i], what[i]
            }
            if (n < 20)
                print "over", "table", n, 20, 20, "The table has lost lines."
        }' "$1" "$2"
}

# The table with the figures as limits.
tightened() {  # table, figures
    awk '
        FNR == NR && $1 == "figure" { figure[$2] = $3 }
        FNR == NR { next }
        /^[a-z]/ { $0 = sprintf("%-24s %5s %7s", $1, figure[$1], $3) }
        $0 != "" { print }' "$2" "$1"
}

echo "$budgets" >"$scratch/table"
measure "$root/sppo.h" "$root/README.md" "$root/examples" >"$scratch/figures"
if [ "$1" = --measure ]; then
    tightened "$scratch/table" "$scratch/figures"
    exit
fi

compare "$scratch/table" "$scratch/figures" >"$scratch/verdicts"
while read -r verdict name figure limit goal what; do
    line=$(printf '%-31s %7s of %7s  (goal %s)' "budget_$name" "$figure" \
        "$limit" "$goal")
    if [ "$verdict" = over ]; then
        fail "$line: $what"
        grep "^why $name " "$scratch/figures" >"$scratch/why"
        cut -d ' ' -f 3- "$scratch/why" | sed 's/^/  /' | sed -n 1,12p
        [ "$(wc -l <"$scratch/why")" -le 12 ] || echo "  ... all of them:" \
            "awk -f tests/budgets.awk sppo.h | grep \"^why $name \""
    else
        ok "$line"
    fi
    [ "$verdict" != better ] || better="$better $name"
done <"$scratch/verdicts"
[ -z "$better" ] || echo "note  better than the limit, which" \
    "\"sh tests/test_budgets.sh --measure\" prints anew:$better"

# ---- the counting: a small file, counted by hand ----

cat >"$scratch/small.h" <<'SMALL'
/* ==== A1  declared ==== >>declared == */
void sppo_forward(void);
typedef struct sppo_activations {
    int rows;
    /* private: */
    int a, b[2], *c;
    void (*call)(int x, int y);
} sppo_activations;
#ifdef SPPO_IMPLEMENTATION
static int sppoi_ahead(int n);
static const char *sppoi_text = "a slope; sppoi_unused(";

/* ==== B1  the paper ==== Sec 3 ==== >>paper == */
/* [Sec 3] a formula */
static int sppoi_leaf(int n)
{
    return n;  // sppoi_unused() at a desk
}
/* ==== B2  Algorithm 1 ==== >>play == */
/* It calls "sppoi_unused".
 * It's one of two.  */
void sppo_play_fit(void)
{
    int grove = '"', quote = '\'';
    sppo_backward(sppoi_leaf(grove + quote));
}
void sppo_play_run(void) { sppo_play_fit(); }
void sppo_play_sample(void) {}
void sppo_play_judge(void) {}
void sppo_play_select(void) {}
void sppo_play_advance(void) {}

/* ==== the network ==== >>network == */
static int sppoi_unused(int n) { return n; }
static int sppoi_again(int n)
{
    // itself, and back
    if (n)
        for (;;)
            sppoi_again(sppoi_ahead(n - 1));
    return sppoi_leaf(n);
}
static int sppoi_ahead(int n)
{
    return sppoi_again(n);
}
/* ---- the way back ---- */
int sppo_backward(int n)
{
    sppo_activations a, *p = 0, view = *p;

    a = *p;
    p = &view;
    return sppoi_ahead(n);
}
void sppo_forward(void)
{
}
/* ==== sampling ==== >>sample == */
/* of two lines,
 * in four */
#endif
SMALL
cat >"$scratch/by_hand" <<'HAND'
tour_lines 20
training_step_functions 5
training_step_lines 29
training_step_depth 5
backward_functions 4
backward_lines 24
backward_depth 4
forward_functions 1
forward_lines 3
forward_depth 1
prelude_lines 4
prototypes 1
comments_algorithm 21.4
comments_network 8.3
comments_sampling 75.0
house_words 1
house_prose 2
private_fields 4
copies 2
nesting 2
header_lines 62
HAND
awk -f "$tests/budgets.awk" "$scratch/small.h" | sed -n 's/^figure //p' |
    diff "$scratch/by_hand" - >"$scratch/diff"
if [ -s "$scratch/diff" ]; then
    fail "the_figures_are_those_of_counting_by_hand: by hand <, counted >"
    grep '^[<>]' "$scratch/diff"
else
    ok "the_figures_are_those_of_counting_by_hand"
fi

# ---- a breach of each budget, planted in a copy, turns that one red ----

# Today's figures are the limits, so that one more is over.
tightened "$scratch/table" "$scratch/figures" >"$scratch/tight"

# Passes when the planted copy is over in NAME and in nothing else, but for
# budgets of what contains it.
expect_red() {  # name, claim, names that may be over too
    measure "$scratch/planted.h" "$scratch/README.md" "$scratch/examples" \
        >"$scratch/planted"
    red=$(compare "$scratch/tight" "$scratch/planted" |
        sed -n 's/^over \([a-z_]*\) .*/\1/p' | tr '\n' ' ')
    others=$red
    for name in $1 $3; do
        others=$(echo "$others" | sed "s/^$name //; s/ $name / /")
    done
    case " $red" in *" $1 "*) found=1 ;; *) found= ;; esac
    if [ -n "$found" ] && [ -z "$(echo "$others" | tr -d ' ')" ]; then
        ok "$2"
    else
        fail "$2: over are \"${red% }\""
    fi
    cp "$root/sppo.h" "$scratch/planted.h"
}

cp "$root/sppo.h" "$scratch/planted.h"
cp "$root/README.md" "$scratch/README.md"
mkdir "$scratch/examples"
lines_more() {  # how many
    awk -v n="$1" '$2 == "example_lines" && $1 == "figure" {
        for (i = 0; i < $3 + n; i++) print "/* more */" }' "$scratch/figures"
}
lines_more 0 >"$scratch/examples/longest.c"
sed -n 's/^why example_columns //p' "$scratch/figures" \
    >"$scratch/examples/widest.c"

at() {  # name of a place, which of its numbers
    awk -v name="$1" -v which="$2" \
        '$1 == "place" && $2 == name { print $(which + 2) }' "$scratch/figures"
}
edit() { sed "$@" "$root/sppo.h" >"$scratch/planted.h"; }
blank=$(at blank 1)  # a blank line between the last functions

# A blank line more here pays for itself there: the file is as long as before.
edit -e "$(at tour 1)G" -e "${blank}d"
expect_red tour_lines a_line_more_before_algorithm_1_ends_is_seen

edit -e "$(at start 1)G" -e "${blank}d"
expect_red prelude_lines a_line_more_before_the_first_formula_is_seen

for pass in training_step backward forward; do
    within=
    [ $pass = training_step ] || within=training_step
    head=$(at $pass 1) brace=$(at $pass 2) end=$(at $pass 3)

    # A function on one line; the brace moves up a line and pays for it.
    edit -e "${head}i\\
static void sppoi_planted(void) {}
" -e "$((brace - 1))s/\$/ { sppoi_planted();/" -e "${brace}d"
    expect_red ${pass}_functions a_function_more_in_${pass}_is_seen \
        ${within:+${within}_functions}

    edit -e "${brace}G" -e "$((end + 1))d"
    expect_red ${pass}_lines a_line_more_in_${pass}_is_seen \
        ${within:+${within}_lines}

    # What is deepest calls one more function of those that are reached.
    edit "$(at ${pass}_depth 1)s/\$/ $(at ${pass}_depth 2)();/"
    expect_red ${pass}_depth a_call_deeper_in_${pass}_is_seen \
        "training_step_depth backward_depth forward_depth"
done

for part in algorithm network sampling; do
    edit "$(at comments_$part 1),$(at comments_$part 2)s/.*//"
    expect_red comments_$part a_comment_less_in_${part}_is_seen
done

plant() {  # text in place of a blank line
    edit "${blank}c\\
$1
"
}
plant 'static int sppoi_planted(int a);'
expect_red prototypes a_prototype_more_is_seen

plant 'enum { SPPOI_PLANTED_GROVE = 1 };'
expect_red house_words a_house_word_in_a_name_is_seen

plant '/* One desk more. */'
expect_red house_prose a_house_word_in_a_comment_is_seen

type=$(at private_fields 2)
edit "$(at private_fields 1)s/^/    int planted; /"
expect_red private_fields a_private_field_more_is_seen

plant "static void sppoi_planted($type *a) { $type view = *a; }"
expect_red copies a_copy_of_the_activations_is_seen
plant "static void sppoi_planted($type *a, $type *b) { a->rows++; *a = *b; }"
expect_red copies a_copy_by_assignment_is_seen
plant "static int sppoi_planted($type a) { return 0; }"
expect_red copies a_parameter_by_value_is_seen
plant "static $type sppoi_planted(int a) { return sppoi_other(a); }"
expect_red copies a_result_by_value_is_seen

edit "$(at nesting 1)s/^/    /"
expect_red nesting a_statement_nested_deeper_is_seen

edit '$G'
expect_red header_lines a_line_more_in_the_header_is_seen

echo >>"$scratch/README.md"
expect_red readme_lines a_line_more_in_readme_is_seen
cp "$root/README.md" "$scratch/README.md"

lines_more 1 >"$scratch/examples/planted.c"
expect_red example_lines an_example_that_is_longer_than_all_is_seen
rm "$scratch/examples/planted.c"

awk '$2 == "example_columns" && $1 == "figure" {
    printf "/*%*s*/\n", $3 - 3, "" }' "$scratch/figures" \
    >"$scratch/examples/planted.cc"
expect_red example_columns an_example_that_is_wider_than_all_is_seen
rm "$scratch/examples/planted.cc"

# What is not found has no figure, and no figure keeps no budget.
edit -e 's/sppo_play_fit(/sppo_play_learn(/'
expect_red training_step_functions another_name_for_the_step_is_no_small_step \
    "tour_lines training_step_lines training_step_depth"
echo 'int sppo_nothing;' >"$scratch/planted.h"
measure "$scratch/planted.h" "$scratch/README.md" "$scratch/examples" \
    >"$scratch/planted"
compare "$scratch/tight" "$scratch/planted" | grep -v '^over ' |
    grep -vE ' (header_lines|readme_lines|example_[a-z]*|house_[a-z]*) ' \
    >"$scratch/kept"
if [ -s "$scratch/kept" ]; then
    fail "what_is_not_found_keeps_no_budget"
    cat "$scratch/kept"
else
    ok "what_is_not_found_keeps_no_budget"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
