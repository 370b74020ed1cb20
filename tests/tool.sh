# tool.sh - what the scripts that test the tool from outside share

passed=0 failed=0 skipped=0
TERM=dumb
# threads that spin while they wait starve each other on a busy machine
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export TERM OMP_WAIT_POLICY

# begin TOOL SCRATCH_FOLDER: the arguments of the script; from here on $tool is
# the tool, $root the project, $data what is no part of it, and the script works
# in $work, an empty folder of its own
begin() {
    if [ ! -x "$1" ] || [ -z "$2" ]; then
        echo "usage: $0 TOOL SCRATCH_FOLDER" >&2
        exit 2
    fi
    tool=$1
    work=$(basename "$0" .sh)
    work=$2/${work#test_}
    root=$(cd "$(dirname "$0")/.." && pwd)
    data=${SPPO_DATA:-$root/../shared/data}
    case $tool in /*) ;; *) tool=$PWD/$tool ;; esac
    rm -rf "$work"
    mkdir -p "$work" && cd "$work" || exit 1
    work=$PWD
}

ok() { passed=$((passed + 1)); echo "ok $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1: $2"; }
skip() { skipped=$((skipped + 1)); echo "skip $1 ($2)"; }

# expect NAME CODE PATTERN COMMAND..: its exit code and a line of its errors
expect() {
    name=$1 code=$2 pattern=$3
    shift 3
    "$@" > out 2> err < /dev/null
    got=$?
    if [ $got -ne "$code" ]; then
        bad "$name" "exit $got, not $code: $(head -c 300 err)"
    elif [ -n "$pattern" ] && ! grep -q -e "$pattern" err; then
        bad "$name" "no \"$pattern\" in: $(head -c 300 err)"
    else
        ok "$name"
    fi
}

# holds NAME COMMAND..: it succeeds
holds() {
    name=$1
    shift
    if "$@" > out 2> err; then ok "$name"; else
        bad "$name" "$(head -c 300 err)"; fi
}

# says NAME PATTERN: the last command's standard output
says() {
    if grep -q -e "$2" out; then ok "$1"; else
        bad "$1" "no \"$2\" in: $(head -c 300 out)"; fi
}

same() {
    if cmp -s "$2" "$3"; then ok "$1"; else bad "$1" "$2 and $3 differ"; fi
}

# a tokenizer.json: the alphabet of bytes, whose ids are the bytes here, some
# merges, one added token
tokenizer_json() {
    awk 'BEGIN {
    printf "{\"added_tokens\": [{\"id\": 270, \"content\": \"<|endoftext|>\"}],"
    printf "\n \"normalizer\": null, \"pre_tokenizer\": {\"type\": \"ByteLevel\","
    printf "\n \"add_prefix_space\": false}, \"model\": {\"type\": \"BPE\","
    printf "\n \"vocab\": {"
    for (b = 0; b < 256; b++) {
        shown = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174
        printf "\"\\u%04x\": %d, ", (shown ? b : 256 + hidden++), b
    }
    n = split("th,t h|the,th e|at,a t|cat,c at|\\u0120cat,\\u0120 cat", m, "|")
    for (i = 1; i <= n; i++) {
        split(m[i], part, ",")
        printf "%s\"%s\": %d", (i > 1 ? ", " : ""), part[1], 255 + i
        merges = merges (i > 1 ? ", \"" : "\"") part[2] "\""
    }
    print "},\n \"merges\": [" merges "]}}"
    }'
}

# between NAME FIELD LOW HIGH: the number after FIELD of the last output
between() {
    if awk -v field="$2" -v low="$3" -v high="$4" '
        index($0, field) == 1 { x = substr($0, length(field) + 1) + 0
                                found = x > low && x < high }
        END { exit !found }' out; then ok "$1"; else
        bad "$1" "$(grep "^$2" out)"; fi
}
