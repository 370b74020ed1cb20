#!/bin/sh
# run.sh FOLDER [COMMAND..] - every call of the system and every allocation of
# every command fails in turn; inject.c says what must hold then
#
# Builds the tool in FOLDER, through system.h.  With ALL=1 in the environment
# every call is tried, of studies too, which take minutes; with PLACES=1 one of
# a kind at each place of the tool that calls; else at most MOST of a kind,
# evenly, with numbers printed.  With WORLDS="align-judge .." in the environment
# only in these.
# Prints  a line for each command and kind of failure, and a count
set -u
faults=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$faults/../.." && pwd)
. "$root/tests/words.sh"
out=${1:?"usage: run.sh FOLDER [COMMAND..]"}
shift
mkdir -p "$out" || exit 1
out=$(cd "$out" && pwd)
FAULTS_MOST=${MOST:-12}
[ "${ALL:-}" != 1 ] || FAULTS_MOST=1000000
if [ "${PLACES:-}" = 1 ]; then
    FAULTS_PLACES=$out/places
    export FAULTS_PLACES
    rm -f "$FAULTS_PLACES"
fi
FAULTS_STDIN=/dev/null
OMP_NUM_THREADS=1
export FAULTS_MOST FAULTS_STDIN OMP_NUM_THREADS
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); echo "ok    $1"; }
bad() { failed=$((failed + 1)); echo "FAIL  $1: $2"; }

# ---- the tool, with other calls of the system --------------------------------

compile() {  # object, source, flags..
    object=$1 source=$2
    shift 2
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c99 -O1 -g ${CFLAGS:-} "$@" -c "$source" -o "$object"
}
through="-include $faults/system.h -Dmain=sppo_main"

# No OpenMP: a child that was forked computes.
build() {
    mkdir -p "$out/bin/obj" && cd "$out/bin/obj" || return 1
    for source in "$root"/examples/tool/*.c; do
        # shellcheck disable=SC2086
        compile "$(basename "$source" .c).o" "$source" $through || return 1
    done
    for source in system inject; do
        compile "$source.o" "$faults/$source.c" || return 1
    done
    # in this order: see place_here of inject.c
    # shellcheck disable=SC2046,SC2086
    ${CC:-cc} ${LDFLAGS:-} $(ls ./*.o | grep -v -e '/system\.o' \
        -e '/inject\.o' -e '/library\.o') ./system.o ./inject.o ./library.o -o ../inject -lm
}

# ---- a tiny world: texts, rows, models of a few hundred numbers --------------

small="--dim 4 --layers 1 --heads 1 --hidden 4 --context 40 --batch 4 \
--pass-tokens 64 --steps 3 --lr 2e-2"

# of_run FOLDER: the model of the run `made`, with all that its weights name
of_run() {
    mkdir "$1"
    for file in config.json generation_config.json model.safetensors \
        tokenizer.bin tokenizer.json tokenizer_config.json; do
        mv "made/$file" "$1"
    done
    rm -r made
}

# models FOLDER: policies a and b of two vocabularies, a preference model, data
models() {
    mkdir -p "$1" && cd "$1" || return 1
    words "the cat sat on a mat then that hat ran here there under" 40 > a.txt
    words "one wolf jumps over my quick brown fox while dogs yell" 40 > b.txt
    for m in a b; do
        # shellcheck disable=SC2086
        $tool tokenizer --quiet --text $m.txt --vocab 262 --out $m.bin &&
            $tool pretrain --quiet --text $m.txt --tokenizer $m.bin $small \
                --out made > /dev/null || return 1
        of_run $m
    done
    awk 'NR <= 8 { print "{\"prompt\": \"" $1 "\", \"response\": \" " $2 \
        "\", \"chosen\": \" " $3 "\", \"rejected\": \" " $4 "\"}" }' a.txt \
        > rows.jsonl
    head -n 4 rows.jsonl > few.jsonl
    $tool prefer --quiet --preferences rows.jsonl --policy a --epochs 1 \
        --batch 4 --holdout 0 --out made > /dev/null || return 1
    of_run taste
    cat > judge.sh <<'JUDGE'
while read -r line; do
    echo '{"probabilities": [[0.5, 0.8], [0.2, 0.5]]}'
done
JUDGE
    printf '0.5,0.7\n0.3,0.5\n' > game.csv
    for id in 1 2; do
        echo "{\"question_id\": $id, \"category\": \"odd\", \"turns\":" \
            "[\"the\", \"cat\"]}" >> questions.jsonl
        for turn in 1 2; do
            echo "{\"question_id\": $id, \"model\": \"a\", \"score\": 7," \
                "\"turn\": $turn}" >> grades.jsonl
            echo "{\"question_id\": $id, \"model_1\": \"a\", \"model_2\":" \
                "\"b\", \"g1_winner\": \"model_$id\", \"g2_winner\":" \
                "\"model_$turn\", \"turn\": $turn}" >> pairs.jsonl
        done
    done
}

# world NAME FILE..: a folder with these, in which the command will be
world() {
    name=$1
    shift
    rm -rf "$out/worlds/$name" "$out/worlds/$name.scratch"
    mkdir -p "$out/worlds/$name"
    cd "$out/worlds/$name" || exit 1
    for file in "$@"; do cp -r "$out/in/$file" "$file"; done
}

# try ARGUMENTS.. :: ARGUMENTS OF THE NEXT RUN: the world's command
try() {
    case " ${WORLDS:-$name} " in *" $name "*) ;; *) return ;; esac
    "$inject" "$name" "$out/worlds/$name" "$@" > "$out/log/$name" 2>&1
    status=$?
    cat "$out/log/$name"
    p=$(grep -c '^ok' "$out/log/$name")
    f=$(grep -c '^FAIL' "$out/log/$name")
    [ $status -eq 0 ] || [ "$f" -gt 0 ] || f=1
    passed=$((passed + p)) failed=$((failed + f))
}

# again ARGUMENTS..: the next run is the same one
again() { try "$@" :: "$@"; }

# ---- the commands ---------------------------------------------------------------

command_tokenizer() {
    world tokenizer-text a.txt
    set -- tokenizer --quiet --text a.txt --vocab 262 --out tok.bin
    try "$@" :: "$@" --force
    world tokenizer-rows rows.jsonl b.bin
    again tokenizer --quiet --force --jsonl rows.jsonl --vocab 260 --out b.bin
}

command_convert() {
    world convert-new a
    echo '{{ messages }}' > a/chat_template.jinja
    try convert --quiet --from a --to new/er \
        :: convert --quiet --force --from a --to new/er
    world convert-over a b
    echo '{{ messages }}' > a/chat_template.jinja
    echo x > b/merges.txt
    echo '{"x": 1}' > b/added_tokens.json
    again convert --quiet --force --from a --to b
    world convert-bfloat16 a
    again convert --quiet --force --dtype bfloat16 --from a --to a
    world convert-to-bin a
    again convert --quiet --force --from a --to a.bin
    world convert-from-bin a b.bin
    $tool convert --quiet --from "$out/in/b" --to model.bin
    again convert --quiet --force --from model.bin --tokenizer b.bin --to a
}

command_pretrain() {
    # shellcheck disable=SC2086
    set -- pretrain --quiet --text a.txt --tokenizer a.bin $small \
        --save-seconds 0 --out run
    world pretrain-new a.txt a.bin
    try "$@" :: "$@" --resume
    world pretrain-over a.txt a.bin
    # shellcheck disable=SC2086
    $tool pretrain --quiet --text a.txt --tokenizer "$out/in/b.bin" $small \
        --seed 5 --out run > /dev/null
    again "$@" --force
    world pretrain-from a rows.jsonl
    set -- pretrain --quiet --jsonl rows.jsonl --from a --steps 2 --batch 2 \
        --out run
    try "$@" :: "$@" --resume
}

command_prefer() {
    set -- prefer --quiet --preferences rows.jsonl --policy a --epochs 2 \
        --batch 4 --holdout 0.2 --save-seconds 0 --out run
    world prefer-new a rows.jsonl
    try "$@" :: "$@" --resume
    world prefer-over a rows.jsonl
    $tool "$@" --seed 5 > /dev/null
    again "$@" --force
}

align="align --quiet --policy a --prompts rows.jsonl --k 2 --max-tokens 4 \
--epochs 1 --batch 2 --prompts-per-iteration 4 --save-seconds 0 \
--out run"

# shellcheck disable=SC2086
command_align() {
    world align-new a taste rows.jsonl few.jsonl
    set -- $align --preference taste --validation few.jsonl --samples 2 \
        --iterations 2
    try "$@" :: "$@" --resume
    world align-over a taste rows.jsonl
    $tool $align --preference taste --iterations 3 --seed 5 > /dev/null
    again $align --preference taste --iterations 2 --force
    world align-judge a rows.jsonl judge.sh
    try $align --iterations 1 --judge "sh judge.sh" \
        :: $align --iterations 1 --judge "sh judge.sh" --resume
    world align-more a taste rows.jsonl
    $tool $align --preference taste --iterations 1 > /dev/null
    again align --quiet --resume --out run --iterations 2
    world align-shard a taste rows.jsonl
    again $align --preference taste --iterations 2 --phase sample --shard 1/2
    world align-merge a taste rows.jsonl
    set -- $align --preference taste --iterations 2
    for part in 1/2 2/2; do
        $tool "$@" --phase sample --shard $part
        $tool "$@" --phase judge --shard $part
    done
    try "$@" --resume --phase judge --merge 2 \
        :: "$@" --resume --phase fit --merge 2
}

# Several runs with one table, who looks, what is kept; and what evaluate and
# sample write.
# shellcheck disable=SC2086
command_study() {
    world study-new a taste rows.jsonl few.jsonl
    set -- $align --preference taste --validation few.jsonl --samples 2 \
        --iterations 1 --watch taste --lr 1e-3,2e-3 --keep average
    try "$@" :: "$@" --force
    world study-more a taste rows.jsonl few.jsonl
    $tool "$@" > /dev/null
    rm -r run/lr=2e-3 run/study.csv
    again align --quiet --resume --out run
    world keep-best a taste rows.jsonl few.jsonl
    set -- $align --preference taste --validation few.jsonl --samples 2 \
        --iterations 2 --keep best
    try "$@" :: "$@" --resume
    world policies a b taste few.jsonl
    cp a/tokenizer.* b/
    cp a/model.safetensors b/model.safetensors
    again evaluate --policies a,b --preference taste --prompts few.jsonl \
        --samples 2 --max-tokens 4 --force --out rows.jsonl --heat heat.svg
    world averages a taste rows.jsonl few.jsonl
    $tool $align --preference taste --iterations 2 --keep average > /dev/null
    again evaluate --policy run/policy --against a --preference taste \
        --prompts few.jsonl --samples 2 --max-tokens 4 --force --out two.jsonl
    world sample-out a few.jsonl
    again sample --policy a --prompts few.jsonl --max-tokens 4 --force \
        --out few.out
}

# What only reads: no call that fails goes unsaid.
command_read() {
    world sample-prompts a few.jsonl
    again sample --policy a --prompts few.jsonl --max-tokens 4
    world sample-judge a few.jsonl judge.sh
    again sample --policy a --prompts few.jsonl --max-tokens 4 --best-of 2 \
        --judge "sh judge.sh"
    world score a rows.jsonl
    again score --policy a --jsonl rows.jsonl
    world evaluate a b taste few.jsonl
    cp a/tokenizer.* b/
    cp a/model.safetensors b/model.safetensors
    again evaluate --policy a --against b --preference taste \
        --prompts few.jsonl --samples 2 --max-tokens 4
    world judge taste
    echo '{"prompt": "the", "responses": [" cat", " mat"], "id": 1}' \
        > requests.jsonl
    FAULTS_STDIN=requests.jsonl
    again judge --quiet --preference taste
    world info-input few.jsonl
    FAULTS_STDIN=few.jsonl
    again info -
    FAULTS_STDIN=/dev/null
    world game game.csv
    again game --matrix game.csv --steps 10
    world mt-bench-answers a questions.jsonl
    again sample --policy a --mt-bench questions.jsonl --max-tokens 4
    world mt-bench-grades grades.jsonl questions.jsonl
    again evaluate --judgments grades.jsonl --mt-bench questions.jsonl
    world mt-bench-pairs pairs.jsonl
    again evaluate --judgments pairs.jsonl
    world mt-bench-ranks pairs.jsonl
    again game --matrix pairs.jsonl --rank --steps 5
    world info-model a
    again info a
    world info-rows rows.jsonl
    again info rows.jsonl
    world info-run a taste rows.jsonl
    # shellcheck disable=SC2086
    $tool $align --preference taste --iterations 1 > /dev/null
    again info run
    world report a taste rows.jsonl few.jsonl
    # shellcheck disable=SC2086
    $tool $align --preference taste --validation few.jsonl --iterations 2 \
        > /dev/null
    again report --quiet run
    world report-over a taste rows.jsonl few.jsonl
    # shellcheck disable=SC2086
    $tool $align --preference taste --iterations 1 > /dev/null
    again report --quiet run --markdown --force --out few.jsonl
}

# A folder that cannot be read is not taken for an empty one.
command_refused() {
    world refused a
    mkdir full && echo x > full/other
    n=1 wrong=
    while [ $n -le 12 ]; do
        FAULT_ERROR=EIO FAULT_AT=$n $tool convert --quiet --from a --to full \
            2> err && wrong="$wrong $n"
        [ ! -e full/config.json ] || wrong="$wrong $n: it is written"
        n=$((n + 1))
    done
    if [ -z "$wrong" ]; then ok "a_folder_that_cannot_be_read"; else
        bad "a_folder_that_cannot_be_read" "EIO at$wrong"; fi
}

# ---- what is planted in a copy is found out --------------------------------------

# planted NAME OBJECT SOURCE SED KIND ARGUMENTS..: the source is changed, and the
# command in the last world fails by this kind
planted() {
    what=$1 object=$2 source=$3 change=$4 kind=$5
    shift 5
    rm -rf "$out/planted" && mkdir "$out/planted"
    sed "$change" "$root/$source" > "$out/planted/$object.c"
    cp "$out"/bin/obj/*.o "$out/planted"
    if cmp -s "$root/$source" "$out/planted/$object.c"; then
        bad "found_$what" "there is no such line"
        return
    fi
    library=
    [ "$object" != library ] || library=-DSPPO_IMPLEMENTATION
    # shellcheck disable=SC2086
    (cd "$out/planted" &&
        compile "$object.o" "$object.c" $through -w $library \
            -I "$root/examples/tool" &&
        ${CC:-cc} ${LDFLAGS:-} ./*.o -o inject -lm) || exit 1
    rm -rf "$out/worlds/$name.scratch"
    FAULTS_PLACES='' FAULTS_ONLY=$kind FAULTS_MOST=1000 \
        "$out/planted/inject" "$name" "$out/worlds/$name" "$@" :: "$@" \
        > "$out/planted/log" 2>&1
    if grep -q '^FAIL' "$out/planted/log"; then ok "found_$what"; else
        bad "found_$what" "$(tail -n 3 "$out/planted/log")"; fi
}

command_planted() {
    world planted a b
    set -- convert --quiet --force --from a --to b
    planted a_rename_that_failed library sppo.h \
        '/^static int sppoi_replace/,/^}/s/(from, to) == 0/(from, to) < 2/' \
        EACCES "$@"
    planted a_write_that_failed library sppo.h \
        's/sppoi_sink_failed(sink);/(void)sink;/' ENOSPC "$@"
    planted companions_in_place library sppo.h \
        '/^static sppo_result sppoi_put_next/,/^}/s/"", "\.next"/"", ""/' \
        ENOSPC "$@"
    planted a_read_that_was_interrupted library sppo.h \
        's/^#define SPPOI_AGAIN(failed) while.*/#define SPPOI_AGAIN(failed) (void)(failed);/' \
        EINTR "$@"
    planted a_file_that_is_left_open library sppo.h \
        '/^static FILE .sppoi_create/,/^}/s/if (fd >= 0 && !file)/if (fd < -1)/' \
        ENOMEM "$@"
    world planted-rows a few.jsonl
    set -- sample --policy a --prompts few.jsonl --max-tokens 4
    planted no_memory_for_a_text buffer examples/tool/buffer.c \
        's/b->failed = 1;/b->failed = 0;/' ALLOC "$@"
    world planted-log a.txt a.bin
    # shellcheck disable=SC2086
    set -- pretrain --quiet --text a.txt --tokenizer a.bin $small --force \
        --out run
    planted half_a_line logs examples/tool/logs.c \
        's/while (done < size \&\&/while (done == 0 \&\&/' SHORT "$@"
}

# ---- all ------------------------------------------------------------------------

build || exit 1
inject=$out/bin/inject
tool="$inject --tool"
rm -rf "$out/in" "$out/worlds" "$out/log"
mkdir -p "$out/log"
(models "$out/in") || { echo "FAIL  the models cannot be made"; exit 1; }
[ $# -gt 0 ] || set -- tokenizer convert pretrain prefer align read refused \
    planted ${ALL:+study}
begun=$(date +%s)
for command in "$@"; do "command_$command"; done
awk '/ injections, / { n += $2 } END { printf "%d injections", n }' \
    "$out"/log/*
echo " in $(($(date +%s) - begun)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
