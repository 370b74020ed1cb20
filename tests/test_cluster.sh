#!/bin/sh
# test_cluster.sh - examples/cluster/slurm_align.sh on a real Slurm of one node
#
# Run     tests/test_cluster.sh build/sppo build/scratch  (tool, scratch folder)
# Prints  as test_slurm.sh
#
# Skipped where slurmctld, slurmd, munged or sbatch is missing.  The Slurm is
# one of our own: its configuration, key, sockets and ports are made here, it
# listens on this machine alone, and it ends with the test, also by Ctrl-C.  A
# queue that the machine may have is not asked: SLURM_CONF names ours.

. "$(dirname "$0")/tool.sh"
PATH=$PATH:/usr/sbin:/sbin
end() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}
for program in munged slurmctld slurmd sbatch setsid; do
    command -v $program > /dev/null || { skip cluster "there is no $program"
        end; }
done
begin "$@"
export OMP_NUM_THREADS=1

# ---- a Slurm, from its beginning to its end ---------------------------------

# What the shell has of another Slurm, inside of whose job this may be run.
for name in $(env | sed -n \
    's/^\(\(SLURM\|SBATCH\|SQUEUE\|SCANCEL\|SINFO\)_[A-Z_0-9]*\)=.*/\1/p'); do
    unset "$name"
done

# A socket's path must be short: not in $work.
at=$(mktemp -d "${TMPDIR:-/tmp}/sppo_slurm.XXXXXX") || exit 1
SLURM_CONF=$at/slurm.conf
export SLURM_CONF
daemons=

# Processes of this Slurm and of its jobs: all of them know SLURM_CONF.
ours() (
    known=SLURM_CONF=$SLURM_CONF
    unset SLURM_CONF
    grep -lzxF "$known" /proc/[0-9]*/environ 2> /dev/null | sed 's/[^0-9]//g'
)

# wait_for SECONDS COMMAND..: until it succeeds
wait_for() {
    tenths=$(($1 * 10))
    shift
    while ! "$@"; do
        [ $((tenths -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# For what has ended its parent may not have asked yet: it still has a number.
is_gone() {
    for pid in $1; do
        grep -qs '^State:[^Z]*$' "/proc/$pid/status" && return 1
    done
    return 0
}
queue_is_empty() { queued=$(squeue -h 2> /dev/null) && [ -z "$queued" ]; }

stop() {
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$daemons" ]; then
        scancel --partition=here 2> /dev/null && wait_for 10 queue_is_empty
        for pid in $daemons; do
            kill "$pid" 2> /dev/null
            wait_for 10 is_gone "$pid"
        done
    fi
    left=$(ours)
    # shellcheck disable=SC2086 # numbers of processes
    [ -z "$left" ] || kill -9 $left
    rm -rf "$at"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

# Two ports in a row of which nothing is open.
free_ports() {
    port=$((20000 + $$ % 20000 / 2 * 2))
    while grep -qis -e ":$(printf %04x $port) " \
        -e ":$(printf %04x $((port + 1))) " /proc/net/tcp /proc/net/tcp6; do
        port=$((port + 2))
    done
}

configure() {
    host=$(uname -n)
    host=${host%%.*}
    user=$(id -un)
    free_ports
    mkdir "$at/state" "$at/spool"
    (umask 077 && head -c 1024 /dev/urandom > "$at/key")
    chmod 755 "$at"  # or munged takes its socket for one nobody can reach
    cat > "$SLURM_CONF" << CONF
ClusterName=sppo_test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$at/munge
StateSaveLocation=$at/state
SlurmdSpoolDir=$at/spool
SlurmctldPidFile=$at/slurmctld.pid
SlurmdPidFile=$at/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=2
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=here NodeHostname=$host NodeAddr=127.0.0.1 CPUs=6 State=UNKNOWN
PartitionName=here Nodes=here Default=YES MaxTime=INFINITE State=UP
CONF
}

# begin_daemon COMMAND..: in a session of its own, which no Ctrl-C reaches
begin_daemon() {
    setsid "$@" > "$at/$1.log" 2>&1 < /dev/null &
    daemons="$! $daemons"
}
munged_answers() { [ -S "$at/munge" ]; }
node_is_idle() { sinfo -h -o '%P %t' 2> /dev/null | grep -q '^here\* idle'; }

start() {
    configure
    begin_daemon munged --foreground --key-file="$at/key" \
        --socket="$at/munge" --pid-file="$at/munged.pid" \
        --log-file="$at/munged.log" --seed-file="$at/seed"
    wait_for 10 munged_answers || return 1
    begin_daemon slurmctld -D -c -f "$SLURM_CONF"
    begin_daemon slurmd -D -c -N here -f "$SLURM_CONF"
    wait_for 30 node_is_idle
}

if ! start; then
    tail -n 5 "$at"/*.log
    skip cluster "Slurm does not start here; the lines above say why"
    end
fi

# ---- runs ----------------------------------------------------------------------

# The tool, with a note of its threads and of what it was asked for.  What has
# the words in the file `hold` waits until they are gone; what has those in
# `broken` fails.
mkdir bin
cat > bin/sppo << 'SPPO'
#!/bin/sh
bin=$(dirname "$0")
echo "$OMP_NUM_THREADS $*" >> "$bin/asked"
has() { [ -e "$bin/$2" ] && case $1 in *"$(cat "$bin/$2")"*) ;; *) false ;; esac }
! has "$*" broken || { echo "sppo: broken, for a test" >&2; exit 6; }
while has "$*" hold; do
    : > "$bin/held"
    sleep 0.1
done
exec "$TOOL" "$@"
SPPO
chmod +x bin/sppo
TOOL=$tool SPPO=$work/bin/sppo
export TOOL SPPO
head -n 12 "$root/tiny_models/prompts.jsonl" > prompts.jsonl

# with COMMAND..: two iterations
with() {
    "$@" --policy "$root/tiny_models/policy" --preference \
        "$root/tiny_models/preference" --prompts prompts.jsonl --k 3 \
        --max-tokens 8 --batch 4 --epochs 1
}
cluster() {  # folder, further options: submits
    rm -f bin/asked bin/held
    sh "$root/examples/cluster/slurm_align.sh" 3 2 "$@"
}
asked() {  # PATTERN: how often
    grep -c -e "$1" bin/asked
}
queue_ends() {  # NAME
    if wait_for 120 queue_is_empty; then ok "$1"; else
        bad "$1" "$queued $(tail -n 3 slurm-*.out)"; fi
}
# is_alone NAME FOLDER: every file of the run is that of one process, but for
# the settings and for what the script notes
is_alone() {
    if diff -r -x timing.csv -x settings.json -x slurm_align.txt alone "$2" > out 2>&1; then
        ok "$1"
    else bad "$1" "$(head -c 300 out) $(tail -n 3 slurm-*.out)"; fi
}
holding() { [ -e bin/held ]; }
# submit_and_hold NAME FOLDER WORDS: until the task that has the words begins
submit_and_hold() {
    echo "$3" > bin/hold
    holds "$1" with cluster "$2"
    wait_for 60 holding || bad "$1" "\"$3\" does not begin: $(squeue -h)"
}
# again NAME FOLDER: the same command does the rest, to the same bits
again() {
    rm -f bin/hold bin/broken
    holds "$1_is_submitted" with cluster "$2"
    queue_ends "$1_ends"
    is_alone "$1_is_one_process" "$2"
}

holds alone with "$tool" align --iterations 2 --out alone
SPPO_SLURM="--cpus-per-task=2" holds submitted with cluster "a run's"
says says_its_jobs 'iteration 2: jobs [0-9]* [0-9]*'
queue_ends whole_run_ends
is_alone whole_run_is_one_process "a run's"
if [ "$(asked '^2 .*--shard ./3')" -eq 12 ]; then
    ok tasks_have_the_threads_of_their_cores
else bad tasks_have_the_threads_of_their_cores "$(cat bin/asked)"; fi

# ---- what goes wrong -----------------------------------------------------------

submit_and_hold held_in_the_middle cancelled '--phase judge --shard 2/3'
wait_for 60 test -s cancelled/shards/iter1.judge.1of3.jsonl
holds cancelled scancel --partition=here
queue_ends nothing_of_a_cancelled_run_stays
again cancelled_run cancelled
if [ "$(asked '--phase judge --shard 2/3')" -eq 2 ] &&
    [ "$(asked '--phase judge --shard 1/3')" -eq 1 ] &&
    [ "$(asked '--phase sample --shard 2/3')" -eq 1 ]
then ok what_was_done_is_not_repeated
else bad what_was_done_is_not_repeated "$(cat bin/asked)"; fi

echo '--phase sample --shard 3/3' > bin/broken
holds a_task_fails with cluster failed
queue_ends jobs_behind_a_failed_task_are_cancelled
if [ "$(asked '--merge')" -eq 0 ] && [ ! -e failed/policy ] &&
    grep -q 'broken, for a test' slurm-*_3.out
then ok a_failed_task_says_so_and_nothing_is_merged
else bad a_failed_task_says_so_and_nothing_is_merged "$(cat bin/asked)"; fi
again failed_run failed

submit_and_hold held_before_the_merge missing '--phase fit --merge 3'
rm missing/shards/iter1.judge.2of3.jsonl bin/hold
queue_ends jobs_behind_a_missing_part_are_cancelled
if grep -q 'iter1.judge.2of3.jsonl is missing; --phase judge --shard 2/3' \
    slurm-*.out
then ok a_missing_part_is_named
else bad a_missing_part_is_named "$(tail -n 2 slurm-*.out)"; fi
again run_with_a_missing_part missing
if [ "$(asked '--phase judge --shard ./3')" -eq 4 ]
then ok the_missing_part_alone_is_made_again
else bad the_missing_part_alone_is_made_again "$(cat bin/asked)"; fi

stop
if [ -z "$left" ] && is_gone "$daemons"; then ok nothing_is_left_running; else
    bad nothing_is_left_running "$left"; fi
end
