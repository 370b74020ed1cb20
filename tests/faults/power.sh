#!/bin/sh
# power.sh FOLDER - what is on the disk when a process is killed, and when the
# power is cut: power.c for the savers of sppo.h, power_tool.c for the commands
#
# Builds in FOLDER.  ALL=1 in the environment: everything; else of a command's
# kills and states MOST, 30, evenly, and it is printed of how many.  Faults are
# planted in copies of sppo.h and of the tool's files, one in each, and the same
# programs must find them.
# Prints  a line for each case, and at the end a count
set -u
faults=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$faults/../.." && pwd)
. "$root/tests/words.sh"
out=${1:?"usage: power.sh FOLDER"}
mkdir -p "$out/obj" || exit 1
out=$(cd "$out" && pwd)
# states are written and removed by the thousand: in memory, where there is one
disk=$out/disk
if [ -w /dev/shm ]; then
    disk=/dev/shm/sppo_power_$$
    trap 'rm -rf "$disk"' EXIT
    trap 'exit 1' HUP INT TERM
fi
mkdir -p "$disk"
OMP_NUM_THREADS=1
MOST=${MOST:-30}
export OMP_NUM_THREADS MOST
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); echo "ok $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1: $2"; }

# No OpenMP: a child that was forked computes.
compile() {  # object, source, flags..
    object=$1 source=$2
    shift 2
    ${CC:-cc} -std=c99 -g "$@" -c "$source" -o "$out/obj/$object.o"
}
through="-O1 -include $faults/system.h"  # its calls go through system.h

# ---- the savers of sppo.h ----------------------------------------------------

for name in system journal disk power_tool; do
    compile $name "$faults/$name.c" -O1 || exit 1
done
# shellcheck disable=SC2086 # several flags
{
    compile library "$root/examples/tool/library.c" $through &&
        compile power "$faults/power.c" $through || exit 1
}

# link LIBRARY PROGRAM
link() {
    (cd "$out/obj" && ${CC:-cc} "$1.o" system.o journal.o disk.o power.o \
        -o "$2" -lm)
}

# counted FILE: adds what its last line says
counted() {
    # shellcheck disable=SC2046
    set -- $(tail -n 1 "$1" | grep ' passed, ' | tr -cd '0-9 ') 0 1 0
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

link library "$out/power" || exit 1
"$out/power" "$disk" > "$out/log"
sed '$d' "$out/log"
counted "$out/log"

# planted_save NAME CASE SED: a copy of sppo.h with another line is found out
planted_save() {
    sed "$3" "$root/sppo.h" > "$out/planted.h"
    if cmp -s "$root/sppo.h" "$out/planted.h"; then
        bad "found_$1" "there is no such line"
        return
    fi
    compile planted "$out/planted.h" -O0 -w -include "$faults/system.h" \
        -DSPPO_IMPLEMENTATION -x c && link planted "$out/planted" || exit 1
    FIRST=1 "$out/planted" "$disk" "$2" > "$out/log"
    if grep -q "^FAILED  $2" "$out/log"; then ok "found_$1"; else
        bad "found_$1" "$(tail -n 3 "$out/log")"; fi
}

planted_save no_fsync_before_the_rename file_over_another \
    '/^static int sppoi_sync(FILE/,/^}/s/SPPO_IO(fsync)(fileno(file))/0*!file/'
planted_save no_fflush_before_the_fsync file_over_another \
    's/SPPO_IO(fflush)(out->sink.file)/0/'
planted_save no_sync_of_the_folder file_over_another \
    '/^static int sppoi_sync_folder/,/^}/s/SPPO_IO(fsync)(fd)/0/'
planted_save companions_in_place model_over_another \
    '/^static sppo_result sppoi_put_next/,/^}/s/"", "\.next"/"", ""/'
planted_save companions_after_the_weights model_over_another \
    '/^static sppo_result sppoi_commit/,/^}/{
        s/result = sppoi_put_next/result = 0 \&\& sppoi_put_next/
        s/result = sppoi_output_move(ctx, out);/{ & \
            for (i = 0; i < s->count; i++) \
                sppoi_put_next(ctx, f, \&s->file[i], \&put); }/
    }'
planted_save companions_not_synced_before_the_weights model_over_another \
    '/^static sppo_result sppoi_commit/,/^}/s/SPPO_OK && put)/SPPO_OK \&\& 0)/'
planted_save companions_finished_before_the_weights model_over_another \
    '/SPPOI_TRY(sppoi_folder_synced(ctx, f->name));  \/\/ the commit/d'
planted_save no_sync_above_a_new_folder model_into_new_folders \
    's/if (sppoi_folder_synced(ctx, above) && made)/if (0)/'
planted_save parts_not_gone_before_their_index model_over_parts \
    's/\(E_MEMORY ? result : \)sppoi_folder_synced(ctx, f->name)/\1SPPO_OK/'

# ---- the commands of the tool ------------------------------------------------

tool=$out/obj/tool
mkdir -p "$tool"
for file in "$root"/examples/tool/*.c; do
    name=$(basename "$file" .c)
    # shellcheck disable=SC2086
    [ "$name" = library ] ||
        compile "tool/$name" "$file" $through -Dmain=sppo_main || exit 1
done

# link_tool PROGRAM [OBJECT]: the tool, an object of it another one
link_tool() {
    set -- "$1" "${2:-}" "$tool"/*.o
    program=$1 other=$2
    shift 2
    for object; do
        shift
        [ "$(basename "$object")" = "$(basename "$other")" ] ||
            set -- "$@" "$object"
    done
    (cd "$out/obj" && ${CC:-cc} "$@" $other library.o system.o journal.o \
        disk.o power_tool.o -o "$program" -lm)
}

# What the commands read: models of a thousand numbers, rows, texts.
inputs() {
    rm -rf "$disk/in" && mkdir -p "$disk/in" && cd "$disk/in" || return 1
    words "the cat sat on a mat then that hat ran here there under" 40 > a.txt
    words "one wolf jumps over my quick brown fox while dogs yell" 40 > b.txt
    sppo="$out/power_tool sppo"
    for m in a b; do
        $sppo tokenizer --quiet --text $m.txt --vocab 262 --out $m.bin &&
            $sppo pretrain --quiet --text $m.txt --tokenizer $m.bin --dim 4 \
                --layers 1 --heads 1 --hidden 4 --context 40 --batch 4 \
                --pass-tokens 64 --steps 3 --lr 2e-2 --out $m || return 1
        rm $m/settings.json $m/metrics.* $m/lock
    done
    awk 'NR <= 8 { print "{\"prompt\": \"" $1 "\", \"chosen\": \" " $3 \
        "\", \"rejected\": \" " $4 "\"}" }' a.txt > rows.jsonl
    head -n 4 rows.jsonl > few.jsonl
    $sppo prefer --quiet --preferences rows.jsonl --policy a --epochs 1 \
        --batch 4 --holdout 0 --out taste || return 1
    rm taste/settings.json taste/metrics.* taste/lock
    # companions that one model has and the other has not
    echo '{{ messages }}' > a/chat_template.jinja
    echo 'a b' > a/merges.txt
    echo '{"x": 1}' > b/added_tokens.json
    $sppo convert --quiet --from b --to b.model.bin
}

link_tool "$out/power_tool" || exit 1
if ! (inputs) > "$out/log" 2>&1; then
    cat "$out/log"
    exit 1
fi
"$out/power_tool" "$disk" > "$out/log"
sed '$d' "$out/log"
counted "$out/log"

# planted_tool NAME killed|cut CASE FILE SED: a copy of the tool's file
planted_tool() {
    sed "$5" "$root/examples/tool/$4.c" > "$out/obj/$4.c"
    if cmp -s "$root/examples/tool/$4.c" "$out/obj/$4.c"; then
        bad "found_$1" "there is no such line"
        return
    fi
    # shellcheck disable=SC2086
    compile "$4" "$out/obj/$4.c" $through -w -I "$root/examples/tool" &&
        link_tool "$out/planted_tool" "$out/obj/$4.o" || exit 1
    MOST=400 FIRST=$2 "$out/planted_tool" "$disk" "$3" > "$out/log"
    if grep -q "^FAILED  $3" "$out/log"; then ok "found_$1"; else
        bad "found_$1" "$(tail -n 3 "$out/log")"; fi
}

planted_tool rows_not_synced_before_the_checkpoint cut pretrain trainer \
    's/TRY(metrics_sync(&r->metrics));//'
planted_tool settings_before_the_checkpoint cut pretrain_over_a_finished_run \
    trainer 's/TRY(path_sync(&t->ctx, t->set.out, O_RDONLY));//'
planted_tool checkpoint_gone_before_the_model killed prefer trainer \
    '/return save_model(r->t/s/^/SPPO_IO(remove)(r->t->folder.checkpoint);/'
planted_tool iterations_gone_before_the_checkpoint cut \
    align_over_a_finished_run align 's/TRY(path_sync(&r->t->ctx,.*//'
planted_tool shards_gone_before_the_checkpoint killed align_merged \
    align_shards '/play->done = play->round/s/^/shards_remove(r, "sample");/'
planted_tool shards_left_by_a_kill killed align_merged align_shards \
    '/^    TRY(shards_remove(r, "sample"));/d
    s/    return align_phase(r);/TRY(align_phase(r)); \
        shards_remove(r, "sample"); return SPPO_OK;/'

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
