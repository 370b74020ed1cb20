#!/bin/sh
# test_report.sh - `sppo report`: what stands on its page, for whatever runs; the
# page in Chromium, where there is one: nothing fetched, nothing complained of
#
# Run     tests/test_report.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"
OMP_NUM_THREADS=1
export OMP_NUM_THREADS
# shellcheck source=/dev/null
. "$root/tests/pictures.sh"

tiny=$root/tiny_models
head -n 12 "$tiny/prompts.jsonl" > prompts.jsonl
head -n 6 "$tiny/validation.jsonl" > held.jsonl
hostile='<script>alert(1)</script>'
printf '{"prompt": "a"}\n' > own.jsonl
cat > judge.sh <<'JUDGE'
while read -r line; do
    echo '{"probabilities": [[0.5, 0.8, 0.3], [0.2, 0.5, 0.9], [0.7, 0.1, 0.5]]}'
done
JUDGE
cat > half.sh <<'JUDGE'
while read -r line; do echo '{"probabilities": [[0.5, 0.4], [0.6, 0.5]]}'; done
JUDGE
base="align --quiet --policy $tiny/policy --prompts prompts.jsonl --k 3 \
--max-tokens 8 --epochs 2 --batch 2 --lr 1e-4"
# shellcheck disable=SC2086  # the settings are meant to be split
align() { "$tool" $base "$@"; }
report() { "$tool" report --quiet "$@"; }

# well_formed NAME FILE: as XML, which its HTML is as well
well_formed() {
    if command -v xmllint > /dev/null; then
        holds "$1" xmllint --noout "$2"
    elif command -v python3 > /dev/null; then
        holds "$1" python3 -c 'import sys, xml.dom.minidom as m
m.parse(sys.argv[1])' "$2"
    else
        skip "$1" "there is neither xmllint nor python3"
    fi
}
# has NAME FILE PATTERN, lacks NAME FILE PATTERN
has() {
    if grep -q -e "$3" "$2"; then ok "$1"; else bad "$1" "no \"$3\" in $2"; fi
}
lacks() {
    if grep -q -e "$3" "$2"; then bad "$1" "$(grep -m 1 -e "$3" "$2")"
    else ok "$1"; fi
}
count() {  # NAME FILE PATTERN HOW-MANY
    n=$(grep -c -e "$3" "$2")
    if [ "$n" -eq "$4" ]; then ok "$1"; else bad "$1" "$n, not $4"; fi
}

# ---- a run with all that there is --------------------------------------------

holds a_run align --preference "$tiny/preference" --validation held.jsonl \
    --watch "sh half.sh" --iterations 2 --out run
holds its_report "$tool" report run
page=run/report.html
well_formed it_is_well_formed $page
for part in Iterations 'Win rates' 'Log-ratios and their targets' \
    'The course of the run' 'Samples before and after' \
    'What the judge preferred' 'Time and memory' 'What was asked' \
    'The command that makes it again'; do
    has "it_has_$(echo "$part" | tr ' ' _)" $page "<h2>$part</h2>"
done
rate=$(awk -F, 'NR > 1 { printf "%s%.3f (%.3f to %.3f)|", "", $2, $3, $4 }' \
    run/validation.csv)
for one in 1 2; do
    has "it_has_the_interval_of_$one" $page \
        "$(echo "$rate" | cut -d'|' -f$one | sed 's/[()]/[&]/g')"
done
best=$(awk -F, 'NR > 1 && $2 > most { most = $2; at = $1 } END { print at }' \
    run/validation.csv)
has it_names_the_best_and_its_judge $page \
    "Best by the preference model $tiny/preference is iteration $best[.;]"
has it_names_the_second_judge $page \
    'Best by the second judge, sh half.sh is iteration'
has it_draws_the_second_judge $page '<title>Judge and second judge</title>'
has a_target_is_drawn $page 'target of the best from [-0-9.]* to'
target=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR > 1 && $at["win_rate/chosen"] != "" {
        x[$at["iteration"]] = sprintf("%.2f", 30 * ($at["win_rate/chosen"] - 0.5)) }
    END { print x[1] }' run/metrics.csv)
has a_target_is_eta_times_the_rate_less_a_half $page "<td>$target</td>"
for title in 'Length of a response' 'Unfinished share' 'KL to the base' \
    'KL to pi_t' 'Best and worst of the K' 'Log-ratios' 'Prompt 3'; do
    has "a_picture_of_$(echo "$title" | tr ' ' _)" $page "<title>$title</title>"
done
lacks pictures_have_numbers $page "[dxy]='[^']*\(nan\|inf\)"
awk '/<svg / { if (!depth++) f = sprintf("svg%02d", ++n) }
    f { print > f }
    /<\/svg>/ { if (!--depth) { close(f); f = "" } }' $page
for picture in svg01 svg02 svg03 svg04; do
    if check_picture $picture > out; then ok "${picture}_is_sound"; else
        bad "${picture}_is_sound" "$(cat out)"; fi
done
text() { sed -n "s/.*\"$2\": \"\\([^\"]*\\)\".*/\\1/p" "$1"; }
before=$(head -n 1 run/samples.jsonl | text - response)
after=$(grep '"iteration": 2' run/samples.jsonl | head -n 1 | text - response)
has a_sample_before $page ">$before</blockquote>"
has a_sample_after $page ">$after</blockquote>"
has a_sample_has_its_iteration $page 'After iteration 2'
"$tool" sample --policy run/policy --prompts held.jsonl --max-tokens 8 --quiet \
    > sampled
if [ "$(head -n 1 sampled | text - response)" = "$after" ] && [ "$after" ]
then ok what_is_shown_is_what_sample_says
else bad what_is_shown_is_what_sample_says "$(head -n 1 sampled)"; fi
first=$(sed -n '1s/.*"probabilities": \[\[0.5, \([0-9.]*\).*/\1/p' \
    run/iter2/judged.jsonl | awk '{ printf "%.1f", 100 * $1 }')
has a_matrix_has_its_numbers $page ">$first</text>"
awk -F, 'NR > 1 && !/^[12],(sample|judge|fit|save),[0-9.]+,[0-9.]+$/ {
    exit 1 } END { exit NR < 9 }' run/timing.csv && ok times_of_all_phases ||
    bad times_of_all_phases "$(cat run/timing.csv)"
has memory_is_there $page '<dt>Memory</dt><dd>[0-9]* MB'
has a_table_names_its_columns $page '<th scope="col">iteration</th>'
has settings_are_resolved $page '<td class="long">0: 6</td>'

# ---- the command makes it again -----------------------------------------------

sed -n '/makes it again/,/<\/pre>/p' $page | sed 's/<[^>]*>//g; s/&#39;/'"'"'/g' |
    sed -n '/^cd/,$p' | sed "s|^sppo |'$tool' |" > again.sh
holds the_command_runs sh again.sh
same it_makes_the_same_policy again/policy/model.safetensors \
    run/policy/model.safetensors
same it_makes_the_same_samples again/samples.jsonl run/samples.jsonl
report --out - run > one && report --out - run > two
same the_same_run_is_the_same_page one two

# ---- Markdown -----------------------------------------------------------------

holds markdown report run --markdown
has markdown_has_its_title run/report.md '^# sppo align: run$'
has markdown_has_tables run/report.md '^| [12], best |'
has markdown_has_matrices run/report.md '^| 1 | 50.0 | [0-9.]* | [0-9.]* |$'
has markdown_has_the_command run/report.md '^    sppo align '
lacks markdown_has_no_tags run/report.md '<[a-z/]*[ >]' 

# ---- what others wrote is text -------------------------------------------------

cp -r run loud
sed "s|\"response\": \"|&$hostile \\\\u0000\\\\u001b</pre>\&amp; |" \
    run/samples.jsonl > loud/samples.jsonl
sed "s|\"responses\": \[\"|&$hostile |; s|\"prompt\": \"|&]]>$hostile|" \
    run/iter2/judged.jsonl > loud/iter2/judged.jsonl
sed "s|\"watch\": \"|&$hostile \\\\\" onload=x |" run/settings.json \
    > loud/settings.json
holds loud report loud
well_formed hostile_texts_are_well_formed loud/report.html
lacks hostile_texts_are_no_tags loud/report.html '<script'
has hostile_texts_are_shown loud/report.html '&lt;script&gt;alert(1)'
holds loud_markdown report loud --markdown
lacks hostile_texts_are_no_tags_in_markdown loud/report.md '^ \{0,3\}[^ ].*<script'
"$tool" report --quiet loud --markdown --out - > out
lacks no_control_characters out "$(printf '\033')"
bytes=$(printf 'r\377\302\200<b>')
if cp -r run "$bytes" 2> err; then
    holds a_name_that_is_not_utf8 report "$bytes"
    well_formed a_name_of_any_bytes "$bytes/report.html"
else
    skip a_name_that_is_not_utf8 "no file has such a name here"
fi

# ---- several runs ----------------------------------------------------------------

holds a_second_run align --judge "sh judge.sh" --loss dpo --iterations 1 \
    --out other
holds side_by_side report run other --out both.html
well_formed both_are_well_formed both.html
has both_have_their_names both.html '<th scope="col">other</th>'
has settings_that_differ both.html '<td>differ</td>'
has curves_of_both both.html 'Loss</title>'
has each_has_its_command both.html 'judge .sh judge.sh'
count each_has_its_samples both.html '<div class="item samples">' 2
has no_validation_is_said both.html 'No iteration was compared'
has a_loss_without_targets both.html 'other: Log-ratios</title>'
holds both_in_markdown report run other --markdown --out both.md
mkdir -p deep && cp -r other deep/run
holds names_that_are_alike report run deep/run --out alike.html
has names_that_are_alike_are_whole alike.html '<th scope="col">deep/run</th>'
holds dots report --out dots.html run/../other/
has a_path_with_a_slash dots.html '<h1>sppo align: other</h1>'
(cd other && "$tool" report --quiet --out ../dot.html .)
has a_path_of_a_dot dot.html '<h1>sppo align: .</h1>'

# ---- runs that are not done, old, or of other commands ---------------------------

holds begun align --preference "$tiny/preference" --iterations 2 --phase sample \
    --out begun
holds of_a_run_that_has_begun report begun
has it_says_how_far begun/report.html \
    'not finished: 0 of 2 iterations are done; next is to judge'
has no_matrix_yet begun/report.html 'No iteration is whole yet'
has nothing_is_fitted_yet begun/report.html 'None has begun to fit yet'
for phase in judge fit; do
    "$tool" align --quiet --resume --out begun --phase $phase > out 2>&1
done
holds of_half_a_run report begun
has it_says_what_goes_on begun/report.html \
    'not finished: 1 of 2 .*next is to sample .*--resume --out begun'
well_formed half_a_run_is_well_formed begun/report.html
holds it_ends_early align --preference "$tiny/preference" --iterations 3 \
    --validation held.jsonl --stop-kl 1e-9 --out early
holds of_a_run_that_ended_early report early
has it_says_why_it_ended early/report.html \
    'align, ended after [12] of 3 iterations: .*KL'
cp -r other old
rm old/samples.jsonl old/timing.csv old/run.safetensors old/iter1/judged.jsonl
sed 's/{"step": \([0-9]*\), "iteration": \([0-9]*\).*/{"step": \1, "iteration": \2}/' \
    other/metrics.jsonl > old/metrics.jsonl
sed 's/"inputs": .*/"x": null}/' other/settings.json > old/settings.json
sed 's/"chosen_probs_win"/"x"/' other/iter1/train.jsonl > old/iter1/train.jsonl
holds of_an_old_run report old
well_formed an_old_run_is_well_formed old/report.html
has what_is_missing_is_a_dash old/report.html '<td>-</td>'
has no_samples_are_said old/report.html 'no samples.jsonl'
has no_times_are_said old/report.html 'no timing.csv'
rm -r old/iter1 old/metrics.jsonl
holds of_a_run_of_settings report old
printf '{"step": 1, "iteration": 1, "lo' >> begun/metrics.jsonl
holds half_a_line_is_not_there report begun
awk 'BEGIN { print "{\"sppo\": \"0\", \"prompts\": \"p\", \"iterations\": 90," \
    "\"loss\": \"sppo\", \"eta\": 2}" }' > settings
mkdir long && mv settings long/settings.json
awk 'BEGIN { for (i = 1; i <= 90; i++) for (s = 1; s <= 20; s++)
    print "{\"step\": " 20 * i - 20 + s ", \"iteration\": " i \
        ", \"loss_scaled\": " 1 / s ", \"win_rate/chosen\": 0.75}" }' \
    > long/metrics.jsonl
printf 'iteration,win_rate,low,high\n' > long/validation.csv
awk 'BEGIN { for (i = 1; i <= 90; i++) print i ",0.6,0.5,0.7" }' \
    >> long/validation.csv
printf 'iteration,phase,seconds,peak_mb\n1,fit,5000,\n1,none,5,\n2,fit,,3\n' \
    > long/timing.csv
holds of_a_long_run report long
well_formed a_long_run_is_well_formed long/report.html
has a_long_table_is_thinned_out long/report.html 'Each 3. iteration'
has hours_are_hours long/report.html '<dd>1:23:20'
if [ "$(wc -c < long/report.html)" -lt 200000 ]; then ok a_long_run_is_a_page
else bad a_long_run_is_a_page "$(wc -c < long/report.html)"; fi

# a run by hand, of what the others do not have: a program that judged and took
# over, an interval that is not known, a text of blanks, lines within a text
mkdir odd
cat > odd/settings.json <<'RUN'
{"sppo": "0", "policy": null, "prompts": "p", "judge": "sh own.sh", "eta": "x",
 "iterations": 2, "loss": "sppo", "baseline": "log-z", "history": [
 {"setting": "lr", "from": 1, "to": 2, "iteration": 2}, {"step": 3},
 {"setting": "judge", "from": "sh old.sh", "to": "sh own.sh", "iteration": 2}]}
RUN
printf 'iteration,win_rate,low,high\n1,0.6,,\n' > odd/validation.csv
printf 'iteration,phase,seconds,peak_mb\n1,fit,83,\n' > odd/timing.csv
cp run/metrics.jsonl odd
head -n 2 run/samples.jsonl | sed \
    -e '1s/"response": "[^"]*"/"response": " \\n "/' \
    -e '2s/"response": "[^"]*"/"response": "one \\n two \\r three \\ufffe"/' \
    > odd/samples.jsonl
holds of_an_odd_run report odd
well_formed an_odd_run_is_well_formed odd/report.html
has a_program_judged odd/report.html 'the program sh own.sh'
has a_rate_without_interval odd/report.html ' 0.600, by the program'
has a_judge_took_over odd/report.html 'The judge was changed on the way'
has a_run_has_targets run/report.html 'target of the best'
lacks another_log_z_has_no_targets odd/report.html 'target of the best'
has minutes_are_minutes odd/report.html '<dd>1:23'
has blanks_are_an_empty_text odd/report.html '<blockquote dir="auto"></blockq'
has no_letter_of_unicode odd/report.html '  three '"$(printf '\357\277\275')"
holds odd_in_markdown report odd --markdown
has a_line_within_a_text odd/report.md 'one <br> two   three'
sed -i 's/"log-z"/"half", "pull": 0.5/; s/, "history"/, "x"/' odd/settings.json
holds of_a_pulled_run report odd
lacks a_pulled_run_has_no_targets odd/report.html 'target of the best'
# bytes that are no UTF-8: too long, a surrogate, beyond, alone, cut
letters=$(printf '\340\237\200 \355\240\200 \360\217\200\200 \364\220\200\200 \301 \342\202x \365')
wrong=$letters$(printf ' \342\202\254')
cp -r odd "$wrong"
holds of_no_letters report "$wrong"
well_formed no_letters_are_well_formed "$wrong/report.html"
has no_letters_are_said "$wrong/report.html" "<h1>sppo align: $(echo \
    '*** *** **** **** * **x *' | sed "s/\*/$(printf '\357\277\275')/g") €</h1>"

awk 'BEGIN { for (i = 0; i < 300; i++) printf "the cat %d sat . ", i }' \
    > text.txt
holds a_training "$tool" pretrain --quiet --text text.txt --tokenizer \
    "$tiny/policy/tokenizer.bin" --dim 16 --layers 1 --heads 4 --hidden 24 \
    --context 32 --steps 5 --batch 2 --out base
holds of_a_training report base
has a_training_has_curves base/report.html '<title>Bits per byte</title>'
has a_training_has_its_command base/report.html 'sppo pretrain'
well_formed a_training_is_well_formed base/report.html
head -n 8 "$tiny/preferences.jsonl" > pairs.jsonl
holds a_preference_model "$tool" prefer --quiet --preferences pairs.jsonl \
    --policy "$tiny/policy" --epochs 1 --batch 4 --holdout 0 --out taste
holds of_a_preference_model report taste
has a_preference_model_has_curves taste/report.html '<title>Accuracy</title>'
cp -r base going && cp begun/run.safetensors going/run.safetensors
holds of_a_training_that_goes_on report going
has a_training_says_how_far going/report.html 'not finished: 0 of 0 steps'

# a run that was given ids has no texts, and 12 responses are not all shown
mkdir ids ids/iter1 && cp begun/settings.json ids
awk 'BEGIN { printf "{\"prompt_ids\": [1, 2], \"responses_ids\": ["
    for (i = 0; i < 12; i++) printf "%s[%d]", (i ? ", " : ""), i + 900
    printf "], \"probabilities\": ["
    for (i = 0; i < 12; i++) { printf "%s[", (i ? ", " : "")
        for (j = 0; j < 12; j++) printf "%s%s", (j ? ", " : ""),
            (i < j ? 0.75 : i > j ? 0.25 : 0.5)
        printf "]" }
    print "]}" }' > ids/iter1/judged.jsonl
: > ids/iter1/train.jsonl
holds of_ids report ids
has ids_are_shown ids/report.html '>\[900\] '
has the_worst_is_shown ids/report.html '>\[911\] '
has some_are_shown ids/report.html 'some of the responses'

# ---- what is wrong is refused ------------------------------------------------------

expect no_run 2 'of which run' "$tool" report
expect no_such_run 2 'nothing holds no run' "$tool" report nothing
mkdir study && echo '{}' > study/study.json
expect a_study_is_no_run 2 'a study, whose runs are folders' "$tool" report study
expect a_file_is_no_run 2 'pairs.jsonl holds no run' "$tool" report pairs.jsonl
expect too_many 2 'one run too many' "$tool" report 1 2 3 4 5 6 7
expect twice 2 'run/ is given twice' "$tool" report run other run/ --out x.html
expect several_need_a_place 2 'say where by --out' "$tool" report run other
expect runs_of_two_commands 2 'base is a run of pretrain, and run of align' \
    "$tool" report run base --out x.html
expect what_is_there_stays 2 'both.html exists' "$tool" report run other \
    --out both.html
holds unless_it_is_forced report run other --out both.html --force
expect another_option 2 'k is an option of another' "$tool" report run --k 3
expect an_option_twice 2 'given twice' "$tool" report run --out a --out b
expect a_folder_for_a_page 5 '' "$tool" report run --out held.jsonl/x.html
# broken NAME PATTERN FILE LINE: with that line the file is refused
broken() {
    rm -rf broken && cp -r run broken
    printf '%s\n' "$4" >> "broken/$3"
    expect "$1" 3 "$2" "$tool" report broken
}
lines=$(($(wc -l < run/metrics.jsonl) + 1))
broken a_broken_line "broken/metrics.jsonl line $lines" metrics.jsonl '{"step": '
broken a_line_without_a_step "line $lines: \"step\" is missing" metrics.jsonl '{}'
broken a_line_without_an_iteration "$lines: \"iteration\" is missing" \
    metrics.jsonl '{"step": 1}'
broken a_figure_that_is_none "line $lines: \"loss\" must be a number or null" \
    metrics.jsonl '{"step": 1, "iteration": 1, "loss": "x"}'
broken a_line_that_is_short 'validation.csv line 4: it has 2 values' \
    validation.csv '3,0.5'
broken a_rate_that_is_none 'validation.csv line 4: win_rate must be a number' \
    validation.csv "$(tail -n 1 run/validation.csv | sed 's/,[^,]*/,x/')"
broken an_iteration_that_is_none 'timing.csv line [0-9]*: iteration must be' \
    timing.csv '0.5,fit,1,1'
broken a_time_that_is_none 'timing.csv line [0-9]*: seconds must be' \
    timing.csv '1,fit,inf,1'
broken a_memory_that_is_none 'timing.csv line [0-9]*: peak_mb must be' \
    timing.csv '1,fit,1,a'
for file in prompt response iteration; do
    broken "a_sample_without_$file" "\"$file\" is missing" samples.jsonl \
        "$(head -n 1 run/samples.jsonl | sed "s/\"$file\"/\"x\"/")"
done
# judged NAME PATTERN SED: the judge's first row is edited
judged() {
    rm -rf broken && cp -r run broken
    sed "1$3" run/iter2/judged.jsonl > broken/iter2/judged.jsonl
    expect "$1" 3 "judged.jsonl line 1: $2" "$tool" report broken
}
judged judged_without_a_prompt '"prompt" is missing' 's/"prompt"/"x"/'
judged judged_without_responses '"responses" is missing' 's/"responses"/"x"/'
judged judged_without_probabilities 'it has no' 's/"probabilities"/"x"/'
judged a_probability_of_two '"probabilities" are not those of 3' \
    's/\[\[0.5,/[[2,/'
judged a_row_too_few '"probabilities" are not those of 3' \
    's/\], \[[^]]*\]\],/]],/'
judged a_number_too_few '"probabilities" are not those of 3' 's/\[\[0.5,/[[/'
judged a_response_too_few '"probabilities" are not those of 2' \
    's/"responses": \["[^"]*", /"responses": [/'
printf '{"k": 1}\n' > broken/settings.json
expect settings_of_others 3 '"sppo" is missing' "$tool" report broken
printf '{"sppo": ' > broken/settings.json
expect settings_that_end 3 'broken/settings.json, ' "$tool" report broken
holds after_a_judge_was_changed "$tool" align --quiet --resume --out other \
    --iterations 2 --judge "sh judge.sh 'x y'"
holds of_a_changed_run report other
has what_was_amended_is_a_command other/report.html \
    "^sppo align --resume --out again --judge 'sh judge.sh '.''x y'.'''"
has it_begins_as_it_began other/report.html '^    --iterations 1'

# ---- in a browser -------------------------------------------------------------------

browser=
for name in chromium chromium-browser google-chrome; do
    [ -n "$browser" ] || browser=$(command -v $name)
done
# looked_at FILE: its document to `dom`, what the browser complains of or asks
# for to `said`; no name is resolved, so nothing can be fetched
looked_at() {
    rm -rf profile net.json
    timeout 60 "$browser" --headless=new --no-sandbox --disable-gpu \
        --disable-background-networking --disable-component-update \
        --disable-sync --no-first-run --no-default-browser-check \
        --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/profile" \
        --enable-logging=stderr --log-net-log="$work/net.json" \
        --window-size="${2:-1400},900" --dump-dom "file://$work/$1" \
        > dom 2> log < /dev/null
    grep 'CONSOLE' log > said
    grep -o '"url":"[^"]*"' net.json 2> /dev/null |
        grep -e "planted\.invalid" -e "file://$work" | grep -v "$1\"" >> said
    [ -s dom ]
}
if [ -z "$browser" ] || { echo '<p>a</p>' > page.html; ! looked_at page.html; }
then
    skip in_a_browser "there is no chromium that runs"
else
    for file in run/report.html loud/report.html both.html base/report.html; do
        for width in 1400 400; do
            looked_at $file $width
            if [ -s said ]; then bad "quiet_$file" "$(head -n 2 said)"
            else ok "quiet_${file}_$width"; fi
        done
        has "whole_$file" dom '</body>'
        lacks "no_script_runs_in_$file" dom '<script'
    done
    # what would be noticed
    sed 's|</main>|<img src="http://planted.invalid/a.png"/></main>|
        /Content-Security/d' run/report.html > planted.html
    looked_at planted.html
    has a_fetch_would_be_noticed said 'planted'
    sed 's|</main>|<script>console.error("x")</script></main>|' \
        run/report.html > planted.html
    looked_at planted.html
    has a_script_would_be_noticed said 'CONSOLE'
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
