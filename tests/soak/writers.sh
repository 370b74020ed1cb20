# writers.sh - of soak.sh: several processes at work in one folder at once

# ---- two that save, others that are killed at it, one that reads -------------

rm -rf shared stop wrong
cp -r as_one shared
# saver MODEL: saves it there again and again, until there is a file stop
saver() {
    saves=0
    while [ ! -e stop ]; do
        "$tool" convert --quiet --force --from "as_$1" --to shared \
            > "said_$1" 2>&1 || cat "said_$1" >> wrong
        saves=$((saves + 1))
        echo $saves > "saves_$1"
    done
}
saver one & one=$!
saver two & two=$!
reads=0 ones=0 twos=0 killed=0 before=$failed
while [ $reads -lt "$goal" ] && [ $((failed - before)) -lt 5 ]; do
    pick one two
    (exec "$tool" convert --quiet --force --from "as_$picked" --to shared \
        > third 2>&1) & pid=$!
    draw 40
    sleep "$(seconds "$drawn")"
    kill -KILL $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ $? -ne 137 ] || killed=$((killed + 1))
    rm -rf seen
    "$tool" convert --quiet --from shared --to seen 2> err || {
        bad a_reader_sees_a_whole_model "$(cat err)"
        continue
    }
    reads=$((reads + 1)) compared=$((compared + 1))
    if diff -r as_one seen > differ; then ones=$((ones + 1))
    elif diff -r as_two seen > differ; then twos=$((twos + 1))
    else
        differences=$((differences + 1))
        bad a_reader_sees_a_whole_model "it saw neither: $(cat differ)"
    fi
    [ $((reads % 50)) -ne 0 ] || echo "writers: $reads of $goal reads," \
        "$ones of the one model, $twos of the other, $killed writers killed"
done
: > stop
wait $one $two
saves=$(($(cat saves_one) + $(cat saves_two)))
[ $failed -ne "$before" ] || ok "a_reader_sees_a_whole_model_${reads}_times"
if [ $ones -gt 0 ] && [ $twos -gt 0 ]; then ok a_reader_sees_both_models; else
    skip a_reader_sees_both_models "$ones and $twos"; fi
if [ ! -s wrong ]; then
    ok "two_writers_wait_for_each_other_${saves}_times"; else
    bad two_writers_wait_for_each_other "$(sort wrong | uniq -c)"; fi
holds the_last_save_is_whole "$tool" convert --quiet --force --from as_one \
    --to shared
(cd shared && echo ./*) > there
(cd as_one && echo ./*) > out
same writers_that_were_killed_leave_nothing there out
figures="$figures, $reads reads beside $saves saves and $killed killed ones"

# ---- a run that replaces a model, and one that reads it ----------------------

for name in pretrain pretrain_before; do
    whole $name
    rm -rf "want_$name"
    "$tool" convert --quiet --from "whole_$name" --to "want_$name"
done
rm -rf shared stop wrong
cp -r whole_pretrain shared
trainer() {
    while [ ! -e stop ]; do
        for name in pretrain_before pretrain; do
            settings $name
            # shellcheck disable=SC2086
            "$tool" $arguments --force --quiet --out shared > said 2>&1 ||
                cat said >> wrong
        done
    done
}
trainer & one=$!
reads=0 before=$failed
while [ $reads -lt "$goal" ] && [ $((failed - before)) -lt 5 ]; do
    rm -rf seen
    "$tool" convert --quiet --from shared --to seen 2> err || {
        bad a_run_replaces_a_whole_model "$(cat err)"
        continue
    }
    reads=$((reads + 1)) compared=$((compared + 1))
    diff -r want_pretrain seen > differ ||
        diff -r want_pretrain_before seen > differ || {
        differences=$((differences + 1))
        bad a_run_replaces_a_whole_model "it saw neither: $(cat differ)"
    }
done
: > stop
wait $one
[ $failed -ne "$before" ] || ok a_run_replaces_a_whole_model
if [ ! -s wrong ]; then ok a_run_is_not_held_up_by_a_reader; else
    bad a_run_is_not_held_up_by_a_reader "$(cat wrong)"; fi

# ---- two that would work on one run ------------------------------------------

# ended_well NAME CODE OUTPUT: as one may that is not alone
ended_well() {
    case $2 in
    0) ended=$((ended + 1)) ;;
    7) grep -q 'is locked by \|worked in it meanwhile' "$3" ||
        bad "$1" "exit 7: $(cat "$3")" ;;
    2) grep -q 'exists' "$3" || bad "$1" "exit 2: $(cat "$3")" ;;
    *) bad "$1" "exit $2: $(cat "$3")" ;;
    esac
    case $2 in 2 | 7) refused=$((refused + 1)) ;; esac
}
pairs=0 refused=0 before=$failed
while [ $pairs -lt $((goal / 4 + 2)) ] && [ $((failed - before)) -lt 5 ]; do
    pick align asked prefer pretrain
    name=$picked
    whole $name
    settings $name
    rm -rf run judges
    # shellcheck disable=SC2086
    (exec "$tool" $arguments --save-seconds 0 --out run > first 2>&1) & pid=$!
    draw 2
    draw $((drawn * 1200 + 30))
    sleep "$(seconds "$drawn")"
    pick '' --resume --force
    # shellcheck disable=SC2086
    "$tool" $arguments --save-seconds 0 --out run $picked > second 2>&1
    code=$?
    wait $pid
    first=$? ended=0
    claim=two_in_one_run
    ended_well $claim $first first
    ended_well $claim $code second
    [ $ended -gt 0 ] || bad $claim "none of both ended: $(cat first second)"
    alike $claim "whole_$name" run ||
        echo "$name, the second $picked after $drawn ms: exits $first, $code"
    pairs=$((pairs + 1))
done
[ $failed -ne "$before" ] || ok "${claim}_of_${pairs}_${refused}_were_refused"
