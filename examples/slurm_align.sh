#!/bin/sh
# slurm_align.sh - Algorithm 1 on a cluster: sampling and judging in an array
#
#   sh examples/slurm_align.sh SHARDS ITERATIONS OUT OPTIONS OF sppo align ..
#
# Each iteration is an array job, whose tasks sample and judge a part of the
# prompts each, and then a job that merges the parts, trains and saves.  A task
# that fails may be run again; the result has the bits of a single process.
# Without Slurm the same commands run here, part by part.
shards=${1:?"usage: slurm_align.sh SHARDS ITERATIONS OUT OPTIONS .."}
iterations=${2:?"how many iterations?"}
out=${3:?"which folder?"}
shift 3
sppo=${SPPO:-build/sppo}

# submit "EXTRA SBATCH OPTIONS" COMMAND: prints the job's number.
submit() {
    # shellcheck disable=SC2086
    sbatch --parsable $1 --wrap "$2"
}

command=
for word in "$sppo" align "$@" --iterations "$iterations" --out "$out" \
    --resume; do
    command="$command '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
done

after=
t=1
while [ "$t" -le "$iterations" ]; do
    if command -v sbatch >/dev/null 2>&1; then
        part="--shard \$SLURM_ARRAY_TASK_ID/$shards"
        array=$(submit "--array=1-$shards $after" \
            "$command --phase sample $part && $command --phase judge $part")
        fit=$(submit "--dependency=afterok:$array" \
            "$command --phase fit --merge $shards")
        after=--dependency=afterok:$fit
        echo "iteration $t: jobs $array and $fit"
    else
        part=1
        while [ "$part" -le "$shards" ]; do
            for phase in sample judge; do
                eval "$command --phase $phase --shard $part/$shards" || exit 1
            done
            part=$((part + 1))
        done
        eval "$command --phase fit --merge $shards" || exit 1
    fi
    t=$((t + 1))
done
# What remains is to write OUT/policy.
if command -v sbatch >/dev/null 2>&1; then
    echo "the end: job $(submit "$after" "$command")"
else
    eval "$command"
fi
