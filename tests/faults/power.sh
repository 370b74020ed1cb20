#!/bin/sh
# power.sh FOLDER - what is on the disk when a process is killed, and when the
# power is cut: power.c for the savers of sppo.h, power_tool.c for the commands
#
# Builds in FOLDER.  ALL=1 in the environment: everything, else a sample of the
# runs that go on, its size printed.  Faults are planted in copies of sppo.h, each of which
# the same program must find.
# Prints  a line for each case, and at the end a count
set -u
faults=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$faults/../.." && pwd)
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
export OMP_NUM_THREADS
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); echo "ok $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1: $2"; }

# No OpenMP: a child that was forked computes.
compile() {  # object, source, flags..
    object=$1 source=$2
    shift 2
    ${CC:-cc} -std=c99 -g "$@" -c "$source" -o "$out/obj/$object.o"
}

# ---- the savers of sppo.h ----------------------------------------------------

for name in system journal disk; do
    compile $name "$faults/$name.c" -O1 || exit 1
done
compile library "$root/examples/tool/library.c" -O1 \
    -include "$faults/system.h" || exit 1
compile power "$faults/power.c" -O1 -include "$faults/system.h" || exit 1

# link LIBRARY PROGRAM
link() {
    (cd "$out/obj" && ${CC:-cc} "$1.o" system.o journal.o disk.o power.o \
        -o "$2" -lm)
}

# counted FILE: adds what its last line says
counted() {
    set -- $(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skip.*/\1 \2 \3/p' "$1") 0 1 0
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

link library "$out/power" || exit 1
"$out/power" "$disk" > "$out/log"
sed '$d' "$out/log"
counted "$out/log"

# planted NAME CASE SED: a copy of the header with another line is found out
planted() {
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

planted no_fsync_before_the_rename file_over_another \
    '/^static int sppoi_sync(FILE/s/SPPO_IO(fsync)(fileno(file))/0 * !file/'
planted no_fflush_before_the_fsync file_over_another \
    's/SPPO_IO(fflush)(out->sink.file)/0/'
planted no_sync_of_the_folder file_over_another \
    '/^static int sppoi_sync_folder/,/^}/s/SPPO_IO(fsync)(fd)/0/'
planted companions_in_place model_over_another \
    '/^static sppo_result sppoi_put_next/,/^}/s/"", "\.next"/"", ""/'
planted companions_after_the_weights model_over_another \
    '/^static sppo_result sppoi_commit/,/^}/{
        s/result = sppoi_put_next/result = 0 \&\& sppoi_put_next/
        s/result = sppoi_output_move(ctx, out);/{ result = sppoi_output_move(ctx, out); for (i = 0; i < s->count; i++) sppoi_put_next(ctx, f, \&s->file[i], \&put); }/
    }'
planted companions_not_synced_before_the_weights model_over_another \
    '/^static sppo_result sppoi_commit/,/^}/s/SPPO_OK && put)/SPPO_OK \&\& 0)/'
planted companions_finished_before_the_weights model_over_another \
    '/SPPOI_TRY(sppoi_folder_synced(ctx, f->name));  \/\/ the commit/d'
planted no_sync_above_a_new_folder model_into_new_folders \
    '/SPPOI_TRY(sppoi_folder_synced(ctx, above));/d'
planted parts_not_gone_before_their_index model_over_parts \
    's/SPPO_E_MEMORY ? result : sppoi_folder_synced(ctx, f->name);/SPPO_E_MEMORY ? result : SPPO_OK;/'

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
