#!/bin/sh
# test_slurm.sh - examples/cluster/slurm_align.sh, with a cluster made of a
# script: a queue that a machine may really have is never asked
#
# Run     tests/test_slurm.sh build/sppo build/scratch    (tool, scratch folder)
# Prints  "ok name", "FAIL name: why" and a count; exits 1 when something failed

. "$(dirname "$0")/tool.sh"
begin "$@"
mkdir bin

head -n 12 "$root/tiny_models/prompts.jsonl" > prompts.jsonl
export OMP_NUM_THREADS=1

# An sbatch that notes its options and runs at once what it is given, for every
# task of an array; $bin/limit: how many jobs it takes before it refuses. A job
# whose command fails is a job nevertheless; those after it are not run.
cat > bin/sbatch << 'SBATCH'
#!/bin/sh
bin=$(dirname "$0")
jobs=$(cat "$bin/jobs" 2>/dev/null || echo 0)
if [ "$jobs" -ge "$(cat "$bin/limit")" ]; then
    echo "sbatch: error: Batch job submission failed: Invalid account" >&2
    exit 1
fi
echo $((jobs + 1)) > "$bin/jobs"
echo "$*" | sed 's/ --wrap .*//' >> "$bin/options"
tasks=$(echo "$*" | sed -n 's/.*--array=1-\([0-9]*\).*/\1/p')
for command in "$@"; do :; done
SLURM_ARRAY_TASK_ID=0
export SLURM_ARRAY_TASK_ID
while [ ! -e "$bin/broken" ] && [ "$SLURM_ARRAY_TASK_ID" -lt "${tasks:-1}" ]
do
    SLURM_ARRAY_TASK_ID=$((SLURM_ARRAY_TASK_ID + 1))
    sh -c "$command" >> "$bin/output" 2>&1 || touch "$bin/broken"
done
echo "$((100 + jobs));here"
SBATCH
chmod +x bin/sbatch
# The tool, with a note of what it was asked for.
cat > bin/sppo << 'SPPO'
#!/bin/sh
echo "$*" >> "$(dirname "$0")/asked"
exec "$TOOL" "$@"
SPPO
chmod +x bin/sppo
TOOL=$tool
export TOOL

cluster() {  # limit, folder, further options
    echo "$1" > bin/limit
    folder=$2
    shift 2
    rm -f bin/jobs bin/options bin/output bin/broken bin/asked
    (PATH=$PWD/bin:$PATH SPPO=$PWD/bin/sppo
     export PATH SPPO
     sh "$root/examples/cluster/slurm_align.sh" 2 2 "$folder" "$@")
}
here() {
    SPPO=$tool SPPO_SBATCH='' sh "$root/examples/cluster/slurm_align.sh" 2 2 "$@"
}
# with COMMAND..: and a judge whose command has blanks
with() {
    "$@" --policy "$root/tiny_models/policy" --prompts prompts.jsonl --judge \
        "'$tool' judge --preference '$root/tiny_models/preference'" --k 3 \
        --max-tokens 8 --batch 4 --epochs 1
}
asked() {  # PATTERN: how often
    grep -c -e "$1" bin/asked
}

holds alone with "$tool" align --iterations 2 --out alone
holds here with here here
same here_is_one_process here/policy/model.safetensors \
    alone/policy/model.safetensors
holds cluster with cluster 9 "a folder"
says cluster_says_its_jobs 'iteration 2: jobs 102 103'
says cluster_says_its_end 'the end: job 104'
same cluster_is_one_process "a folder/policy/model.safetensors" \
    alone/policy/model.safetensors
if [ "$(grep -c 'kill-on-invalid-dep=yes' bin/options)" -eq 4 ]; then
    ok jobs_that_cannot_start_are_cancelled
else bad jobs_that_cannot_start_are_cancelled "$(cat bin/options)"; fi
SPPO_SLURM="--partition=cpu --cpus-per-task=3" with cluster 9 partition \
    > out 2>&1
if [ "$(grep -c 'partition=cpu --cpus-per-task=3' bin/options)" -eq 5 ]; then
    ok every_job_has_the_partition
else bad every_job_has_the_partition "$(cat out bin/options)"; fi

# ---- what goes wrong --------------------------------------------------------

expect a_refused_job_ends_it 1 'sbatch failed' with cluster 0 none
if grep -q 'Invalid account' err; then ok sbatch_says_why; else
    bad sbatch_says_why "$(cat err)"; fi
expect a_job_refused_later_names_the_others 1 'scancel 100 101' with cluster 2 \
    part
holds run_again with cluster 9 part
if [ "$(asked '--phase sample')" -eq 2 ] && [ "$(asked '--merge')" -eq 1 ]; then
    ok an_iteration_that_is_done_is_not_repeated
else bad an_iteration_that_is_done_is_not_repeated "$(cat bin/asked)"; fi
same run_again_is_one_process part/policy/model.safetensors \
    alone/policy/model.safetensors
expect half_an_iteration 1 'sbatch failed' with cluster 1 half
rm half/shards/iter1.judge.2of2.jsonl
holds half_again with cluster 9 half
if [ "$(asked '--phase sample')" -eq 2 ] && [ "$(asked '--phase judge')" -eq 3 ]
then ok parts_that_are_there_are_not_repeated
else bad parts_that_are_there_are_not_repeated "$(cat bin/asked)"; fi
same half_again_is_one_process half/policy/model.safetensors \
    alone/policy/model.safetensors
expect other_settings 1 'sbatch failed' with cluster 1 other
holds other_settings_again with cluster 9 other --seed 2
if [ "$(asked '--phase sample')" -eq 4 ]; then ok other_settings_make_new_parts
else bad other_settings_make_new_parts "$(cat bin/asked)"; fi
holds a_run_at_its_end with cluster 9 part
if [ "$(asked '--phase')" -eq 0 ]; then ok a_run_at_its_end_has_no_jobs_but_one
else bad a_run_at_its_end_has_no_jobs_but_one "$(cat bin/asked)"; fi
expect a_mistyped_option_comes_first 2 'did you mean --max-tokens' with \
    cluster 9 wrong --max-token 3
if [ ! -e bin/jobs ] && [ ! -e wrong ]; then ok a_mistyped_option_queues_nothing
else bad a_mistyped_option_queues_nothing "$(ls)"; fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
