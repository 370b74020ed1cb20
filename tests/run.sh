#!/bin/sh
# run.sh NAME... - every test, two at a time, and what they say added up
#
# NAMEs are the test programs.  Each program and script prints its own cases
# and, last, "N passed, N failed" with ", N skipped" where something was
# missing.  Fails when one fails, and when one says nothing.  The lines come in
# the order in which tests end, with the seconds that each took; what a test
# said stays in build/tests/said.  LANES=1 runs one after the other.

said=build/tests/said

# One line, what was skipped, and how it failed.
count() {  # title, its output, exit status, seconds
    last=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$2" | tail -n 1)
    p=$(echo "$last" | sed 's/.*\b\([0-9][0-9]*\) passed.*/\1/')
    f=$(echo "$last" | sed 's/.* \([0-9][0-9]*\) failed.*/\1/')
    s=$(echo "$last" | sed -n 's/.* \([0-9][0-9]*\) skipped.*/\1/p')
    [ "$3" -eq 0 ] || [ "${f:-0}" -gt 0 ] || f=1
    printf '%-16s %4d passed %3d failed %3d skipped %4d s\n' "$1" "${p:-0}" \
        "${f:-1}" "${s:-0}" "$4"
    [ -n "$last" ] || echo "FAILED  $1: it ended without a count"
    grep -iE '^ *skip' "$2"
    [ "${f:-1}" -eq 0 ] || grep -vE '^(passed|ok) ' "$2" | tail -n 60
}

run() {  # title, command...
    title=$1
    file=$said/$(echo "$title" | tr ' ,' '__')
    shift
    from=$(date +%s)
    "$@" > "$file" 2>&1 < /dev/null
    count "$title" "$file" $? $(($(date +%s) - from)) > "$file.count"
    cat "$file.count"  # at once: two that end together do not mix
}

if [ "$1" = --job ]; then
    shift
    case $1 in
    program)  # both builds write the same files
        run "$2" "build/tests/$2"
        run "$2, double" "build/tests/$2-double"
        ;;
    *) run "$@" ;;
    esac
    exit 0
fi

# Threads that wait by spinning make tests many times slower on a busy machine.
export OMP_WAIT_POLICY=passive
rm -rf "$said"
mkdir -p "$said" build/scratch

# What takes longest begins, so that at the end no lane waits for the other.
# Every script works in a folder of its own, so that two do not meet.
{
    cat << 'END'
install sh tests/test_install.sh build/scratch
tool sh tests/test_tool.sh build/sppo build/scratch
fuzz sh tests/test_fuzz.sh build/scratch
readme sh tests/test_readme.sh build build/scratch
exhaust sh tests/test_exhaust.sh build/exhaust build/scratch
build env SPPO_BUILD_QUICK=1 sh tests/test_build.sh build/scratch/build
judge sh tests/test_judge.sh build/sppo build/scratch
book sh tests/test_book.sh build build/scratch
examples sh tests/test_examples.sh build
soak sh tests/soak.sh build/sppo build/scratch 3 1
progress sh tests/test_progress.sh build/sppo build/scratch
study sh tests/test_study.sh build/sppo build/scratch
exercises sh tests/test_exercises.sh build/scratch
END
    for name in "$@"; do
        echo "program $name"
    done
    cat << 'END'
index sh tests/test_index.sh sppo.h
budgets sh tests/test_budgets.sh
adding sh tests/test_adding.sh build/scratch
letters sh tests/test_letters.sh build/scratch
audit sh tests/audit.sh
torch sh tests/test_torch.sh tiny_models/policy build/scratch
mpi sh tests/test_mpi.sh build build/scratch
packages sh tests/test_packages.sh build/scratch
instruct sh tests/test_instruct.sh build/instruct
reproduce sh tests/test_reproduce.sh build/reproduce build/scratch
ways sh tests/test_ways.sh build/sppo build/scratch
rows sh tests/test_rows.sh build/sppo build/scratch
mtbench sh tests/test_mtbench.sh build/sppo build/scratch
gguf sh tests/test_gguf.sh build/sppo build/scratch
folder sh tests/test_folder.sh build/sppo build/scratch
training sh tests/test_training.sh build/sppo build/scratch
reads sh tests/test_reads.sh build/sppo build/scratch
messages sh tests/test_messages.sh build/sppo build/scratch
pipes sh tests/test_pipes.sh build/sppo build/scratch
info sh tests/test_info.sh build/sppo build/scratch
report sh tests/test_report.sh build/sppo build/scratch
shards sh tests/test_shards.sh build/sppo build/scratch
refused sh tests/test_refused.sh build/sppo build/scratch
descriptors sh tests/test_descriptors.sh build/sppo build/scratch
resume sh tests/test_resume.sh build/sppo build/scratch
slurm sh tests/test_slurm.sh build/sppo build/scratch
cluster sh tests/test_cluster.sh build/sppo build/scratch
untrusted sh tests/test_untrusted.sh build/sppo build/scratch
bindings sh tests/test_bindings.sh build build/scratch
clients sh tests/test_clients.sh build/sppo build/scratch
END
} | sed 's/^/--job /' | xargs -P "${LANES:-2}" -L 1 sh "$0"
cat "$said"/*.count | awk '
    / passed +[0-9]+ failed +[0-9]+ skipped +[0-9]+ s$/ {
        for (i = 1; i < NF; i++) sum[$(i + 1)] += $i
    }
    END {
        print sum["passed"] + 0 " passed, " sum["failed"] + 0 " failed, " \
            sum["skipped"] + 0 " skipped"
        exit sum["failed"] > 0 || sum["passed"] == 0
    }'
