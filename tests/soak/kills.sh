# kills.sh - of soak.sh: each command is killed at random, goes on, and leaves
# what it leaves when nothing happens

# calls_of NAME COMMAND..: how often an undisturbed one makes each call
calls="openat write fsync rename unlink mkdir"
traced=
if strace -qq -f -o trace -e trace=rename true 2> /dev/null; then traced=1
else skip kills_at_calls "no strace that can kill at a call of the system"; fi
calls_of() {
    name=$1
    shift
    [ -n "$traced" ] && [ ! -e "calls_$name" ] || return 0
    strace -qq -f -o trace -e trace="$(echo "$calls" | tr ' ' ,)" "$@" \
        > out 2> err
    for call in $calls; do
        echo "$call $(grep -c "^[0-9]* *$call(" trace)"
    done > "calls_$name"
}

# moment NAME: when the next one ends, and how: $signal, and $delay or, as
# arguments of strace, $trap
moment() {
    pick KILL KILL KILL INT TERM
    signal=$picked trap='' delay=''
    draw 2
    if [ -n "$traced" ] && [ "$drawn" -eq 0 ]; then
        # shellcheck disable=SC2086
        pick $calls write rename
        call=$picked
        count=$(sed -n "s/^$call //p" "calls_$1")
        draw 3  # who goes on has less to do than who begins
        draw $((count / (drawn + 1) + 1))
        trap="strace -qq -f -o trace -e trace=$call
            -e inject=$call:signal=$signal:when=$((drawn + 1))"
        history="$history $signal at $call $((drawn + 1)),"
    else
        draw $((span + 1))
        delay=$drawn
        pick '' '' again
        again=$picked
        history="$history $signal $again after $delay ms,"
    fi
}

# ended COMMAND..: runs it until its end or the moment; $got
ended() {
    # shellcheck disable=SC2086
    (exec $trap "$@" > said 2> err < /dev/null) &
    pid=$!
    if [ -n "$delay" ]; then
        sleep "$(seconds "$delay")"
        kill "-$signal" $pid 2> /dev/null
        if [ -n "$again" ]; then  # a second one does not wait
            sleep 0.01
            kill "-$signal" $pid 2> /dev/null
        fi
    fi
    wait $pid 2> /dev/null
    got=$?
    [ -n "$delay" ] || return 0
    # of the moments a sixth or so may be too late
    if [ $got -eq 0 ]; then span=$((span * 3 / 4)); else
        span=$((span + span / 16 + 1)); fi
    [ $span -gt 5 ] || span=5
}

# counted NAME: whether it was ended by the signal; else something is wrong
counted() {
    case $signal-$got in KILL-137 | INT-130 | TERM-143) ;; *)
        bad "$1" "$name, exit $got of:$history $(tail -n 1 err)"
        [ ! -d run ] || cp -r run "failure_$failed"
        return 1 ;;
    esac
    kills=$((kills + 1))
    [ $((kills % 25)) -ne 0 ] || echo "$command: $kills of $goal kills," \
        "$runs runs to their end, $differences differences"
}

# ---- runs --------------------------------------------------------------------

# next_start NAME FORCED: $how the run is started or gone on with
next_start() {
    settings "$1"
    how="$arguments --resume"
    if [ -n "$2" ] && ! cmp -s run/settings.json "whole_$1/settings.json"; then
        how="$arguments --force"
    elif [ -e run/settings.json ]; then
        resumes=$((resumes + 1))
        draw 2  # what it began with need not be said again
        [ "$drawn" -eq 0 ] || how="${arguments%% *} --resume"
    fi
    pick 0 0 0 0.02
    how="$how --save-seconds $picked"
    pick 1 2
    how="$how --threads $picked --out run"
}

# models NAME: every model in the folder of the run is whole
models() {
    for file in run/model.safetensors run/*/model.safetensors; do
        [ -e "$file" ] || continue
        "$tool" info "${file%/*}" > out 2> err ||
            bad "$1" "after$history $file: $(cat err)"
    done
}

# run_to_its_end NAME: killed on its way, until it is not
run_to_its_end() {
    rm -rf run judges
    pick '' '' forced
    forced=$picked history=
    if [ -n "$forced" ]; then
        whole "$1_before"
        cp -r "whole_$1_before" run
    fi
    while :; do
        next_start "$1" $forced
        trap='' delay=''
        [ $kills -ge "$goal" ] || moment "$1"
        # shellcheck disable=SC2086
        ended "$tool" $how
        [ $got -ne 0 ] || break
        [ -n "$trap$delay" ] && counted "$command" || return
        draw 3
        [ "$drawn" -ne 0 ] || models "$command"
    done
    runs=$((runs + 1))
    [ ! -s said ] || [ "$command" = align ] || cmp -s said "said_$1" ||
        bad "${command}_says_the_same" "after$history $(cat said)"
    if ! alike "$command" "whole_$1" run; then echo "after$history"; fi
    gone judges || bad "${command}_leaves_no_judge" "after$history$working"
}

# killed COMMAND NAME..: so many kills of runs of these settings
killed() {
    command=$1
    shift
    kills=0 runs=0 span=400 before=$failed
    while [ $kills -lt "$goal" ] && [ $((failed - before)) -lt 5 ]; do
        pick "$@"
        name=$picked
        if [ ! -d "whole_$name" ]; then
            whole "$name"
            # shellcheck disable=SC2086
            calls_of "$name" "$tool" $arguments --save-seconds 0 --out counted
            rm -rf counted
        fi
        run_to_its_end "$name"
    done
    figures="$figures, $command $kills kills"
    [ $failed -ne $before ] ||
        ok "${command}_ended_${kills}_times_in_${runs}_runs_leaves_the_same"
}
killed align align asked grouped moving
killed prefer prefer paired
killed pretrain pretrain begun

# ---- convert -----------------------------------------------------------------

# holds_one NEW OLD: what is there is the one or, unless that is "", the other
holds_one() {
    compared=$((compared + 1))
    rm -rf seen
    if [ $kind = bin ]; then
        { cmp -s "$1" $target || cmp -s "$2" $target; } && return
        echo "$target is neither" > differ
    else
        # shellcheck disable=SC2086
        "$tool" convert --quiet --from $target --to seen $options 2> differ &&
            { diff -r "$1" seen > differ || diff -r "${2:-$1}" seen > differ
            } && return
    fi
    differences=$((differences + 1))
    bad convert "after$history $(head -n 3 differ)"
}

# conversion FROM NEW OLD: killed on its way, until it is not
conversion() {
    history=
    while :; do
        trap='' delay=''
        [ $kills -ge "$goal" ] || moment "convert_$kind"
        # shellcheck disable=SC2086
        ended "$tool" convert --quiet --force --from "$1" --to $target $options
        [ $got -ne 0 ] || break
        [ -n "$trap$delay" ] && counted convert || return
        draw 2  # who reads a folder finishes it, so read it not each time
        [ "$drawn" -eq 0 ] || holds_one "$2" "$3"
    done
    runs=$((runs + 1))
    holds_one "$2" ''
    (cd $target 2> /dev/null && echo ./*) > there
    [ $kind = bin ] || (cd "$2" && echo ./*) | cmp -s - there ||
        bad convert "after$history $(cat there)"
    [ $kind != bin ] || [ ! -e $target.tmp ] || bad convert "$(left .)"
}

command=convert kills=0 runs=0 span=40 before=$failed
"$tool" pretrain --quiet --from base --text text.txt --steps 1 --batch 2 \
    --out other > out 2> err || bad other "$(cat err)"
for model in base other; do
    "$tool" convert --quiet --from $model --to "as_$model.bin"
done
cp as_other.bin at.bin
cp -r as_two at_folder
cp -r half_two at_half
calls_of convert_folder "$tool" convert --force --from as_one --to at_folder
calls_of convert_half "$tool" convert --force --from as_one --to at_half
calls_of convert_bin "$tool" convert --force --from base --to at.bin
rm -rf at_folder at_half
cp -r as_two at_folder
cp -r half_two at_half
cp as_other.bin at.bin
while [ $kills -lt "$goal" ] && [ $((failed - before)) -lt 5 ]; do
    for turn in one-two two-one; do
        new=${turn%-*} old=${turn#*-}
        kind=folder target=at_folder options=
        conversion "as_$new" "as_$new" "as_$old"
        kind=half target=at_half options='--dtype bfloat16'
        conversion "as_$new" "half_$new" "half_$old"
    done
    kind=bin target=at.bin options=
    conversion base as_base.bin as_other.bin
    conversion other as_other.bin as_base.bin
done
figures="$figures, convert $kills kills"
[ $failed -ne $before ] ||
    ok "convert_ended_${kills}_times_in_${runs}_leaves_the_old_or_the_new"
