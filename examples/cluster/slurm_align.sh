#!/bin/sh
# slurm_align.sh - Algorithm 1 on a cluster: sampling and judging in an array
#
#   sh examples/cluster/slurm_align.sh SHARDS ITERATIONS OUT OPTIONS ..
#
# The options are those of sppo align.
# Each iteration is an array job, whose tasks sample and judge a part of the
# prompts each, and then a job that merges the parts, trains and saves.  The
# result has the bits of a single process.  When a job fails, those that wait
# for it are cancelled; the same command, run again when none is left, does what
# is not done.  Without Slurm the same commands run here, part by part.
#
# Partition, time, memory and cores are sbatch's: in its own variables, such as
# SBATCH_PARTITION and SBATCH_TIMELIMIT, or as options for every job in
#   SPPO_SLURM="--partition=cpu --time=8:00:00 --cpus-per-task=8 --mem=16G"
# A task has as many threads as --cpus-per-task says, else one.
# SPPO is the tool (build/sppo), SPPO_SBATCH sbatch; empty: none, all runs here.
usage="usage: slurm_align.sh SHARDS ITERATIONS OUT OPTIONS .."
shards=${1:?"$usage"}
iterations=${2:?"$usage"}
out=${3:?"$usage"}
shift 3
sppo=${SPPO:-build/sppo}
sbatch=${SPPO_SBATCH-sbatch}
[ -n "$sbatch" ] && command -v "$sbatch" >/dev/null 2>&1 || sbatch=
jobs=

fail() {
    echo "slurm_align.sh: $1" >&2
    [ -z "$jobs" ] || echo "Jobs were submitted before and go on: end them by" \
        "\`scancel$jobs\`, or wait; then run this again." >&2
    exit 1
}

quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

# submit "EXTRA SBATCH OPTIONS" COMMAND: the job's number in $job.
submit() {
    # shellcheck disable=SC2086
    job=$("$sbatch" --parsable $SPPO_SLURM $1 --wrap \
        "export OMP_NUM_THREADS=\${SLURM_CPUS_PER_TASK:-1}; $2") ||
        fail "sbatch failed (its message is above); nothing is queued for it"
    job=${job%%;*}  # of several clusters their name follows
    case $job in
        '' | *[!0-9_]*) fail "sbatch gave no job number, but \"$job\"" ;;
    esac
    jobs="$jobs $job"
}

command=
for word in "$sppo" align "$@" --iterations "$iterations" --out "$out"; do
    command="$command $(quoted "$word")"
done

# What is wrong with the options or the files is found before a job waits.
again=
[ ! -e "$out/settings.json" ] || again=--resume
eval "$command $again --dry-run" >/dev/null || exit $?
command="$command --resume"

# How far the run is, and whether its parts are of this very command.
finished=0
next=sample
if [ -n "$again" ]; then
    state=$("$sppo" info "$out") || exit $?
    finished=$(echo "$state" | sed -n 's/^iterations_done //p')
    next=$(echo "$state" | sed -n 's/^next //p')
fi
mkdir -p "$out" || exit 1
if [ "$(cat "$out/slurm_align.txt" 2>/dev/null)" != "$command" ]; then
    rm -f "$out"/shards/*.jsonl
    echo "$command" >"$out/slurm_align.txt"
fi

# Of a part of iteration $t, in the task that does it: its rows, its command.
rows() {
    echo "$(quoted "$out/shards/iter$t.$1.")\${SLURM_ARRAY_TASK_ID}of$shards.jsonl"
}
part() { echo "$command --phase $1 --shard \$SLURM_ARRAY_TASK_ID/$shards"; }

# What a task does, but for what is there already.
task_of() {
    case $1 in
        sample) echo "test -s $(rows judge) || { { test -s $(rows sample) ||" \
            "$(part sample); } && $(part judge); }" ;;
        judge) echo "test -s $(rows judge) || $(part judge)" ;;
    esac
}

# submit_after OPTIONS COMMAND: when the job before it has ended well
after=
submit_after() {
    submit "$1 $after" "$2"
    after="--dependency=afterok:$job --kill-on-invalid-dep=yes"
}

here() { eval "$1" || exit $?; }

t=$((finished + 1))
while [ "$t" -le "$iterations" ]; do
    task=$(task_of "$next")
    fit="$command --phase fit --merge $shards"
    if [ -n "$sbatch" ]; then
        before=$jobs
        [ -z "$task" ] || submit_after "--array=1-$shards" "$task"
        submit_after "" "$fit"
        echo "iteration $t: jobs${jobs#"$before"}"
    else
        SLURM_ARRAY_TASK_ID=1
        while [ -n "$task" ] && [ "$SLURM_ARRAY_TASK_ID" -le "$shards" ]; do
            here "$task"
            SLURM_ARRAY_TASK_ID=$((SLURM_ARRAY_TASK_ID + 1))
        done
        here "$fit"
    fi
    next=sample
    t=$((t + 1))
done
# What remains is to write OUT/policy.
if [ -n "$sbatch" ]; then
    submit_after "" "$command"
    echo "the end: job $job"
else
    here "$command"
fi
