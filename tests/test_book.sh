#!/bin/sh
# test_book.sh - the book: how it is made, whether it is of this header, and the
# page as a reader uses it
#
# Run     tests/test_book.sh build build/scratch      (programs, scratch)
# Prints  as test_rows.sh
#
# The kept page is examples/book/index.html; BOOK names another.  Its
# WebAssembly is run by node and compared with the same engine built here.
# The browser's part needs playwright-core in SPPO_NPM/node_modules and a
# Chromium; its screenshots are left in the scratch folder.

. "$(dirname "$0")/tool.sh"
begin "$@"
page=$tool/book/page native=$tool/book/native
book=${BOOK:-$root/examples/book/index.html}
modules=${SPPO_NPM:-$root/../npm}/node_modules
NODE_PATH=$modules
export NODE_PATH
here=$PWD

# ---- how it is made ----------------------------------------------------------

# makes NAME EXPECTED 'chapter': what the program makes of a page.
makes() {
    printf '%s' "$3" > chapter.html
    (cd "$root" && "$page" "$here/chapter.html" "$here/out.html") > log 2>&1
    if [ "$(cat out.html)" = "$2" ]; then ok "$1"
    else bad "$1" "$(cat log out.html)"; fi
    rm -f out.html
}
# refused NAME 'words of the message' 'chapter'
refused_page() {
    printf '%s' "$3" > chapter.html
    (cd "$root" && "$page" "$here/chapter.html" "$here/out.html") > log 2>&1
    status=$?
    if [ $status -eq 1 ] && grep -qF -- "$2" log && [ ! -e out.html ]; then
        ok "$1"
    else bad "$1" "$(cat log)"; fi
}
cp "$root/examples/book/audit.txt" "$root/examples/book/mutants.txt" .
makes a_fraction '<p><math><mrow><mfrac><mrow><mn>1</mn></mrow><mrow><mi>K</mi></mrow></mfrac></mrow></math></p>' \
    '<p>$\frac{1}{K}$</p>'
makes scripts '<math><mrow><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></mrow></math>' \
    '$x_i^2$'
makes limits_of_a_sum '<math display="block"><mrow><munder><mo movablelimits="false">&sum;</mo><mi>k</mi></munder></mrow></math>' \
    '$$\sum_k$$'
makes lines_of_a_formula '<math display="block"><mtable displaystyle="true"><mtr><mtd><mrow><mi>a</mi></mrow></mtd></mtr><mtr><mtd><mrow><mi>b</mi></mrow></mtd></mtr></mtable></math>' \
    '$$a \\ b$$'
makes what_lights_up '<math><mrow><mrow data-s="win"><mi>P</mi></mrow></mrow></math>' \
    '$\mark{win}{P}$'
makes the_version "$(sed -n 's/^#define SPPO_VERSION "\(.*\)"/\1/p' "$root/sppo.h")" \
    '{{version}}'
refused_page a_directive_of_no_kind '{{nonsense}} is no directive' '{{nonsense x}}'
refused_page a_function_that_is_gone 'was found 0 times' '{{code Eq 4.5 sppo_gone}}'
refused_page another_tag 'was found 0 times' '{{code Eq 9.9 sppo_win_rates}}'
refused_page an_identifier_that_is_gone '"gone=win": no such identifier' \
    '{{code Eq 4.5 sppo_win_rates | gone=win}}'
refused_page a_departure_that_is_gone 'D99 of the manual was found 0 times' '{{manual D99}}'
refused_page a_test_that_is_gone 'was found 0 times' '{{test update eq_9_9}}'
refused_page a_row_of_no_audit 'has no row 99' '{{audit 99}}'
refused_page mutants_of_nothing 'has none of sppo_gone' '{{mutants sppo_gone}}'
refused_page an_open_directive '"}}" is missing' 'a {{version'
refused_page an_open_formula '"$" is missing' 'a $x'
refused_page a_symbol_of_no_kind '\nothing is not known' '$\nothing$'
refused_page an_open_group 'a { has no }' '$\frac{1}{2$'
refused_page a_chapter_that_is_gone 'gone.html' '{{include gone.html}}'

# ---- is the kept page of this header? ------------------------------------------

# All but engine and models: the text, the code, the figures.
text_of() { sed '/id="[a-z]*-bytes"/,/<\/script>/d'; }
(cd "$root" && "$page" --text examples/book/page.html "$here/now.html") > log 2>&1
text_of < now.html > now.txt
text_of < "$book" > kept.txt
if cmp -s now.txt kept.txt; then ok the_page_is_of_this_header
else
    bad the_page_is_of_this_header "make book-keep; $(cat log; diff kept.txt now.txt | head -n 8)"
fi
sed -n 's/^ *\([0-9][0-9]*\)  .*/\1/p' audit.txt | while read -r row; do
    grep -qF "{{audit $row}}" "$root"/examples/book/[01]*.html || echo "row $row"
done > lacks
if [ ! -s lacks ]; then ok every_row_of_the_audit_is_shown
else bad every_row_of_the_audit_is_shown "$(cat lacks)"; fi
size=$(wc -c < "$book")
if [ "$size" -lt 2000000 ]; then ok the_page_is_under_2_MB
else bad the_page_is_under_2_MB "$size bytes"; fi

# ---- its engine in node, and the page in a browser ------------------------------

if ! command -v node > /dev/null; then
    skip engine_in_node "there is no node"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed -eq 0 ]
    exit
fi
if [ -z "$(node "$root/tests/book.cjs" links "$book")" ]; then ok all_links_lead_somewhere
else bad all_links_lead_somewhere "$(node "$root/tests/book.cjs" links "$book")"; fi
node "$root/tests/book.cjs" index "$book" "$root/sppo.h" > lacks
if [ ! -s lacks ]; then ok every_formula_has_code_test_figure_and_lesson
else bad every_formula_has_code_test_figure_and_lesson "$(cat lacks)"; fi
node "$root/tests/book.cjs" models "$book" models.bin
settings="k=5 iterations=2 prompts-per-iteration=16 batch=8 epochs=2 eta=30 lr=3e-4 clip=1 seed=1 max-tokens=24"
# shellcheck disable=SC2086  # the settings are meant to be split
{
"$native" models.bin $settings > native.sums
node "$root/tests/book.cjs" engine "$book" $settings > node.sums 2>&1
}
if [ "$(wc -l < native.sums)" -eq 3 ]; then same webassembly_has_the_same_bits native.sums node.sums
else bad webassembly_has_the_same_bits "$(cat native.sums node.sums)"; fi

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)}
export CHROMIUM
if [ -z "$CHROMIUM" ]; then skip page_in_a_browser "there is no Chromium"
elif [ ! -d "$modules/playwright-core" ]; then
    skip page_in_a_browser "there is no playwright-core (SPPO_NPM)"
else
    timeout 900 node "$root/tests/book.cjs" browser "$book" . "$native" models.bin \
        "$tool/sppo" \
        > browser.log 2>&1
    cat browser.log
    passed=$((passed + $(grep -c '^ok ' browser.log)))
    failed=$((failed + $(grep -c '^FAIL' browser.log)))
    grep -q '^ok .*no_error_in_the_console' browser.log ||
        bad the_browser_came_to_the_end "$(tail -n 5 browser.log)"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
