#!/bin/sh
# sanitize.sh OUT [PART...] - the tests and the tool, watched while they run
#
#   address    AddressSanitizer with leaks, UndefinedBehaviorSanitizer
#   memory     MemorySanitizer: what is read was written; clang, one thread
#   thread     ThreadSanitizer with OpenMP's rules (archer), three threads
#   valgrind   memcheck on an ordinary build: libc and files are watched too
#
# Each part first compiles planted.c and must report every error in it, and
# nothing in its innocent twin.  SHORT=1 leaves out the programs that take
# longest.  A report fails its program, whatever the exit status; it stays in
# OUT/PART.  Prints a line for each program with the processor's seconds, those
# of the part with its builds, and a count.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?"usage: sanitize.sh OUT [PART...]"}
shift
[ $# -gt 0 ] || set -- address memory thread valgrind
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
cd "$here/.." || exit 1
. "$here/seconds.sh"
clang=${CLANG:-clang}
OMP_WAIT_POLICY=passive
export OMP_WAIT_POLICY
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); echo "ok   $part: $1"; }
skip() { skipped=$((skipped + 1)); echo "skip $part: $1"; }
bad() {  # what, files to show
    failed=$((failed + 1))
    echo "FAIL $part: $1"
    shift
    cat "$@" 2> /dev/null | head -n 40
}

# Seconds of the processor: of all that ended so far, and since the last call.
used() {
    times > "$out/times"
    seconds < "$out/times"
}
spent() {
    used > "$out/now"
    paste "$out/last" "$out/now" | awk '{ printf ", %.1f s", $2 - $1 }'
    mv "$out/now" "$out/last"
}
used > "$out/last"

# ---- programs ----

# The sources that a list of the Makefile names.
listed() { make -s --eval="listed: ; @echo \$($1:%=%.c)" listed; }

# shellcheck disable=SC2046,SC2086 # several flags and files
compile() {  # program, from its files, as in the Makefile
    case $1 in
    planted) set -- "$1" -DSPPO_STATIC tests/planted.c ;;
    sppo) set -- "$1" examples/tool/*.c ;;
    data) set -- "$1" tests/test_data.c $(listed FOREIGN) ;;
    repro) set -- "$1" tests/test_repro.c $(listed STORE) ;;
    *) set -- "$1" -DSPPO_STATIC "tests/test_$1.c" ;;
    esac
    program=$1
    shift
    $build "$@" -o "$bin/$program" -lm > "$bin/$program.log" 2>&1
}

compile_all() {  # programs, two at a time
    while [ $# -gt 0 ]; do
        compile "$1" &
        [ $# -lt 2 ] || compile "$2"
        wait $!
        shift
        [ $# -eq 0 ] || shift
    done
}

reports() { cat "$bin"/report.* 2> /dev/null | grep -v '^ *$'; }

# watch NAME COMMAND..: fails by its exit status or by a report of any process
watch() {
    name=$1
    shift
    rm -f "$bin"/report.*
    "$@" > "$bin/$name.out" 2>&1
    status=$?
    spent > "$out/spent"
    if reports > "$bin/$name.report"; then
        bad "$name: it is reported" "$bin/$name.report"
    elif [ $status -ne 0 ]; then
        grep -vE '^(ok|passed) ' "$bin/$name.out" > "$bin/$name.why"
        bad "$name: exit $status" "$bin/$name.log" "$bin/$name.why"
    else
        ok "$name: $(tail -n 1 "$bin/$name.out")$(cat "$out/spent")"
    fi
}

# sees PLANTED PATTERN: the planted error is reported, in words of the tool; a
# race happens by chance, so that it has five runs to be seen in
sees() {
    for try in 1 2 3 4 5; do
        rm -f "$bin"/report.*
        "$bin/run" planted "$1" > "$bin/planted.out" 2>&1
        if reports > "$bin/planted.report" && grep -q "$2" "$bin/planted.report"
        then try=seen; break; fi
    done
    if [ $try = seen ]; then ok "the planted error is seen: $1"
    else bad "the planted error is not seen: $1" "$bin/planted.log" \
        "$bin/planted.out" "$bin/planted.report"; fi
}

# Programs and how they are started: "$bin/run" PROGRAM ARGUMENT..; the tool is
# "$bin/tool", for scripts.
starters() {  # what stands before a program, or nothing
    printf '#!/bin/sh\nprogram=$1\nshift\nexec %s "%s/$program" "$@"\n' \
        "$1" "$bin" > "$bin/run"
    printf '#!/bin/sh\nexec %s "%s/sppo" "$@"\n' "$1" "$bin" > "$bin/tool"
    chmod +x "$bin/run" "$bin/tool"
}

links() {  # a compiler and its flags: can it build and run such a program?
    echo 'int main(void) { return 0; }' > "$bin/probe.c"
    "$@" "$bin/probe.c" -o "$bin/probe" > /dev/null 2>&1 && "$bin/probe"
}

run_all() {  # programs
    spent > /dev/null
    watch planted "$bin/run" planted none
    for program in "$@"; do
        if [ "$program" = sppo ]; then
            watch commands sh tests/commands.sh "$bin/tool" "$bin"
        else
            watch "$program" "$bin/run" "$program"
        fi
    done
}

# ---- parts ----

flags="-std=c99 -g -O1 -fno-omit-frame-pointer"
all=$(sed -n '/^TESTS =/,/[^\\]$/p' Makefile | tr -d '\\' | sed 's/.*=//')
# programs of the list that are none of the others'
but() { for p in $1; do case " $2 " in *" $p "*) ;; *) echo "$p" ;; esac; done; }
long="kernels policy sample play traffic files"
short=$(but "$all" "$long")
[ -n "${SHORT:-}" ] && all=$short

address() {
    common="log_path=$bin/report"
    ASAN_OPTIONS=$common:detect_stack_use_after_return=1
    ASAN_OPTIONS=$ASAN_OPTIONS:allocator_may_return_null=1
    ASAN_OPTIONS=$ASAN_OPTIONS:strict_string_checks=1
    UBSAN_OPTIONS=$common:print_stacktrace=1
    echo leak:libomp.so > "$out/leaks"  # of libomp itself, which keeps teams
    LSAN_OPTIONS=suppressions=$out/leaks:print_suppressions=0
    export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS
    sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
    build=
    for cc in "$clang" "${CC:-cc}"; do
        for openmp in -fopenmp ""; do
            # shellcheck disable=SC2086 # several flags
            [ -n "$build" ] || ! links $cc $sanitize $openmp ||
                build="$cc $flags $sanitize $openmp"
        done
    done
    [ -n "$build" ] || { skip "no compiler with AddressSanitizer"; return; }
    starters ""
    compile_all planted sppo $all
    sees beyond 'heap-buffer-overflow'
    sees leak 'LeakSanitizer: detected memory leaks'
    sees overflow 'signed integer overflow'
    run_all sppo $all
}

memory() {
    MSAN_OPTIONS=log_path=$bin/report:allocator_may_return_null=1
    export MSAN_OPTIONS
    sanitize="-fsanitize=memory -fsanitize-memory-track-origins"
    # shellcheck disable=SC2086 # several flags
    links $clang $sanitize || { skip "no clang with MemorySanitizer"; return; }
    build="$clang $flags $sanitize"
    starters ""
    compile_all planted sppo $all
    sees unwritten 'use-of-uninitialized-value'
    run_all sppo $all
}

archer() {  # where libomp's observer for ThreadSanitizer is
    for path in "$(dirname "$($clang -print-file-name=libomp.so)")" \
        /usr/lib/llvm-*/lib; do
        [ ! -e "$path/libarcher.so" ] || { echo "$path/libarcher.so"; return; }
    done
}

thread() {
    OMP_TOOL_LIBRARIES=$(archer)
    TSAN_OPTIONS=log_path=$bin/report:ignore_noninstrumented_modules=1
    TSAN_OPTIONS=$TSAN_OPTIONS:die_after_fork=0:allocator_may_return_null=1
    OMP_NUM_THREADS=3
    export OMP_TOOL_LIBRARIES TSAN_OPTIONS OMP_NUM_THREADS
    # shellcheck disable=SC2086 # several flags
    links $clang -fsanitize=thread -fopenmp ||
        { skip "no clang with ThreadSanitizer and OpenMP"; return; }
    [ -n "$OMP_TOOL_LIBRARIES" ] ||
        { skip "no archer, which tells it of OpenMP"; return; }
    build="$clang $flags -fsanitize=thread -fopenmp"
    starters ""
    # what computes; the others have no threads
    computing=$(but "$all" "base json optim game update repro data")
    compile_all planted sppo $computing
    sees race 'data race'
    run_all sppo $computing
    unset OMP_NUM_THREADS OMP_TOOL_LIBRARIES
}

valgrind() {
    command -v valgrind > /dev/null || { skip "no valgrind"; return; }
    build="${CC:-cc} $flags"
    # what a process still holds at its end has pointers into it, not to its
    # begin, as the allocator's are: only what nothing points into is lost
    starters "$(command -v valgrind) -q --error-exitcode=99 --leak-check=full \
--show-leak-kinds=definite --errors-for-leak-kinds=definite \
--trace-children=no --log-file=$bin/report.%p"
    brief=$(but "$short" json)  # which has a limit of seconds
    compile_all planted sppo $brief
    sees beyond 'Invalid read'
    sees leak 'definitely lost'
    sees unwritten 'depends on uninitialised'
    run_all sppo $brief
}

for part in "$@"; do
    bin=$out/$part
    rm -rf "$bin"
    mkdir -p "$bin"
    used > "$out/before"
    case $part in
    address | memory | thread | valgrind) $part ;;
    *) bad "there is no such part" ;;
    esac
    used > "$out/after"
    paste "$out/before" "$out/after" |
        awk -v part="$part" '{ printf "     %s: %.0f s\n", part, $2 - $1 }'
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
