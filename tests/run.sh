#!/bin/sh
# Runs every test and adds up what they say.   sh tests/run.sh NAME...
# Each program and script prints its own cases and, last, "N passed, N failed"
# with ", N skipped" where something was missing.  Fails when one fails, and
# when one says nothing.
passed=0 failed=0 skipped=0
# Threads that wait by spinning make tests many times slower on a busy machine.
export OMP_WAIT_POLICY=passive
mkdir -p build/tests build/scratch

count() {  # title, file with the output, exit status
    last=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$2" | tail -n 1)
    if [ -z "$last" ]; then
        echo "FAILED  $1: it ended without a count"
        failed=$((failed + 1))
        tail -n 20 "$2"
        return
    fi
    p=$(echo "$last" | sed 's/.*\b\([0-9][0-9]*\) passed.*/\1/')
    f=$(echo "$last" | sed 's/.* \([0-9][0-9]*\) failed.*/\1/')
    s=$(echo "$last" | sed -n 's/.* \([0-9][0-9]*\) skipped.*/\1/p')
    [ "$3" -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    printf '%-16s %4d passed %3d failed %3d skipped\n' "$1" "$p" "$f" "${s:-0}"
    grep -iE '^ *skip' "$2"
    [ "$f" -eq 0 ] || grep -vE '^(passed|ok) ' "$2" | tail -n 60
}

run() {  # title, command...
    title=$1
    shift
    "$@" > build/tests/output.txt 2>&1
    count "$title" build/tests/output.txt $?
}

for name in "$@"; do
    run "$name" "build/tests/$name"
    run "$name, double" "build/tests/$name-double"
done
run index sh tests/test_index.sh sppo.h
run budgets sh tests/test_budgets.sh
run adding sh tests/test_adding.sh build/scratch
run build env SPPO_BUILD_QUICK=1 sh tests/test_build.sh build/scratch
run examples sh tests/test_examples.sh build
run letters sh tests/test_letters.sh build/scratch
run exercises sh tests/test_exercises.sh build/scratch
run audit sh tests/audit.sh
run torch sh tests/test_torch.sh tiny_models/policy build/scratch
run mpi sh tests/test_mpi.sh build build/scratch
run install sh tests/test_install.sh build/scratch
run packages sh tests/test_packages.sh build/scratch
run instruct sh tests/test_instruct.sh build/instruct
run reproduce sh tests/test_reproduce.sh build/reproduce build/scratch
run tool sh tests/test_tool.sh build/sppo build/scratch
run ways sh tests/test_ways.sh build/sppo build/scratch
run rows sh tests/test_rows.sh build/sppo build/scratch
run mtbench sh tests/test_mtbench.sh build/sppo build/scratch
run gguf sh tests/test_gguf.sh build/sppo build/scratch
run folder sh tests/test_folder.sh build/sppo build/scratch
run training sh tests/test_training.sh build/sppo build/scratch
run reads sh tests/test_reads.sh build/sppo build/scratch
run messages sh tests/test_messages.sh build/sppo build/scratch
run progress sh tests/test_progress.sh build/sppo build/scratch
run pipes sh tests/test_pipes.sh build/sppo build/scratch
run info sh tests/test_info.sh build/sppo build/scratch
run report sh tests/test_report.sh build/sppo build/scratch
run shards sh tests/test_shards.sh build/sppo build/scratch
run refused sh tests/test_refused.sh build/sppo build/scratch
run exhaust sh tests/test_exhaust.sh build/exhaust build/scratch
run descriptors sh tests/test_descriptors.sh build/sppo build/scratch
run judge sh tests/test_judge.sh build/sppo build/scratch
run resume sh tests/test_resume.sh build/sppo build/scratch
run study sh tests/test_study.sh build/sppo build/scratch
run soak sh tests/soak.sh build/sppo build/scratch 3 1
run slurm sh tests/test_slurm.sh build/sppo build/scratch
run cluster sh tests/test_cluster.sh build/sppo build/scratch
run untrusted sh tests/test_untrusted.sh build/sppo build/scratch
run bindings sh tests/test_bindings.sh build build/scratch
run book sh tests/test_book.sh build build/scratch
run clients sh tests/test_clients.sh build/sppo build/scratch
run fuzz sh tests/test_fuzz.sh build/scratch
run readme sh tests/test_readme.sh build build/scratch
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
