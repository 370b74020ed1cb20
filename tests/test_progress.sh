#!/bin/sh
# test_progress.sh - the bar on a terminal, and how wide lines are
#
# Run     tests/test_progress.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh.  A terminal is one that python3 makes; without it what
#         is shown on one is skipped.

. "$(dirname "$0")/tool.sh"
begin "$@"
unset NO_COLOR COLUMNS
OMP_NUM_THREADS=1
export OMP_NUM_THREADS

tiny=$root/tiny_models
head -n 12 "$tiny/validation.jsonl" > few.jsonl
awk 'BEGIN { for (i = 0; i < 900; i++) printf "the cat %d sat . ", i }' \
    > text.txt
holds a_tokenizer "$tool" tokenizer --text text.txt --vocab 270 --out tok.bin
cat > pairs.jsonl << 'END'
{"prompt": "a", "chosen": "the cat sat", "rejected": "the cat"}
{"prompt": "b", "chosen": "the cat", "rejected": "the cat sat ."}
END
align="$tool align --policy $tiny/policy --preference $tiny/preference
    --prompts $tiny/prompts.jsonl --iterations 2 --k 2 --epochs 4 --batch 4
    --max-tokens 12 --prompts-per-iteration 48"
pretrain="$tool pretrain --text text.txt --tokenizer tok.bin --dim 32
    --heads 2 --layers 2 --context 64"

# ---- no terminal ------------------------------------------------------------

# shellcheck disable=SC2086 # the settings are meant to be split
TERM=xterm $align --out piped > out 2> err
if [ $? -eq 0 ] && ! grep -qE '\[[#-]| left|tok(en)?s?/s' err &&
    ! LC_ALL=C grep -q "$(printf '[\r\033]')" err out
then ok no_bar_without_a_terminal
else bad no_bar_without_a_terminal "$(head -c 300 err)"; fi

# ---- what lines of results have room for ------------------------------------

# narrow NAME COMMAND..: it succeeds, and no line has more than 80 columns
narrow() {
    name=$1
    shift
    if ! "$@" > out 2> err < /dev/null; then
        bad "$name" "$(head -c 300 err)"
    elif awk 'length > 80 { bad = 1 } END { exit bad || NR == 0 }' out
    then ok "$name"
    else bad "$name" "$(awk 'length > 80' out | head -n 2)"; fi
}
# shellcheck disable=SC2086
{
narrow lines_of_align $align --validation few.jsonl --eta 1e9 --out narrow
if grep -qE '^ +1 +[-0-9.e+]+ +[-0-9.e+]+  [0-9.]+ and [0-9.]+ ' out &&
    [ "$(grep -c '^iteration  loss' out)" -eq 1 ]
then ok align_has_a_table
else bad align_has_a_table "$(cat out)"; fi
narrow lines_of_pretrain $pretrain --steps 4 --out small
narrow lines_of_prefer "$tool" prefer --preferences pairs.jsonl --policy small \
    --batch 2 --out judge
narrow lines_of_evaluate "$tool" evaluate --policy narrow/policy --against \
    "$tiny/policy" --preference "$tiny/preference" --prompts few.jsonl
}
for what in narrow small "$tiny/preference" small/model.safetensors tok.bin \
    small/tokenizer.json pairs.jsonl; do
    narrow "lines_of_info_$(basename "$what")" "$tool" info "$what"
done
for command in tokenizer pretrain prefer align sample score judge evaluate \
    game convert info; do
    narrow "lines_of_help_$command" "$tool" $command --help
done
narrow lines_of_help "$tool" --help
narrow lines_of_the_version "$tool" --version
printf '0.5,1,0\n0,0.5,1\n1,0,0.5\n' > circle.csv
awk 'BEGIN { for (i = 0; i < 40; i++) { for (j = 0; j < 40; j++)
    printf "%s0.5", j ? "," : ""; print "" } }' > many.csv
for matrix in circle many; do
    narrow lines_of_$matrix "$tool" game --matrix $matrix.csv --rank
    for method in mwu inpo; do
        narrow lines_of_${matrix}_by_$method "$tool" game --matrix $matrix.csv \
            --method $method --against-reference --steps 300
    done
done
if [ "$(grep -cE '^ 0\.025( 0\.025){11}$' out)" -eq 4 ] &&
    grep -q '^average policy$' out; then ok policies_are_told_whole
else bad policies_are_told_whole "$(tail -n 12 out)"; fi
long=$(awk 'BEGIN { for (i = 0; i < 50; i++) printf "n" }')
for i in 1 2 3; do
    echo "{\"question_id\": $i, \"model\": \"$long\", \"turn\": 1, \"score\": 9}"
done > grades.jsonl
narrow lines_of_grades "$tool" evaluate --judgments grades.jsonl
for i in 1 2 3; do
    echo "{\"question_id\": $i, \"model_1\": \"$long\", \"model_2\": \"b\"," \
        "\"g1_winner\": \"model_1\", \"g2_winner\": \"model_2\"}"
done > duels.jsonl
narrow lines_of_duels "$tool" evaluate --judgments duels.jsonl
narrow lines_of_ranks "$tool" game --matrix duels.jsonl --rank
# wide characters: each takes two columns, so names of two fill as many as four
wide=$(printf '\345\225\206\345\223\201')
"$tool" game --matrix circle.csv --rank --names "$wide,abcd,e" |
    sed -n "s/$wide/wide/; /^  rank/,\$p" | cut -c 30 > column
if [ "$(sort -u column)" = " " ] && [ "$(wc -l < column)" -eq 4 ]
then ok wide_names_keep_their_column
else bad wide_names_keep_their_column "$(cat column)"; fi

# ---- a terminal -------------------------------------------------------------

if ! command -v python3 > /dev/null || ! python3 -c 'import pty' 2> /dev/null
then
    skip a_terminal "there is no python3 to make one"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed -eq 0 ]
    exit
fi
cat > terminal.py << 'PYTHON'
# terminal.py COLUMNS FRAMES COMMAND..: runs it on a terminal so wide, writes
# what it shows; after so many frames of progress it types Ctrl-C, 0: never.
import fcntl, os, pty, struct, sys, termios
columns, frames = int(sys.argv[1]), int(sys.argv[2])
child, fd = pty.fork()
if child == 0:
    os.read(0, 1)  # until the terminal has its size
    os.environ["TERM"] = os.environ.get("SHOWS", "xterm")
    if os.environ["TERM"] == "none":
        del os.environ["TERM"]
    os.execv(sys.argv[3], sys.argv[3:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
os.write(fd, b"\n")
shown, typed = b"", False
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
    if frames and not typed and shown.count(b"left") + shown.count(b"<") >= frames:
        os.write(fd, b"\x03")
        typed = True
sys.stdout.buffer.write(shown)
sys.stdout.buffer.flush()
status = os.waitpid(child, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
PYTHON
cat > frames.py << 'PYTHON'
# frames.py FILE COLUMNS [WORD..]: what is wrong with the frames of progress in
# what a terminal so wide was shown; "phases": of align, else of one phase;
# "plain": without escape sequences; "stopped": by Ctrl-C.
import re, sys
data = open(sys.argv[1], "rb").read().decode("utf-8", "replace")
columns, words = int(sys.argv[2]), sys.argv[3:]
wrong = lambda why: sys.exit(why)
escape = r"\x1b\[[0-9;]*[mK]"
time = r"(?:\d+:\d\d|\d+h\d\d|\d+d|\?)"
spans = (r"(%s), (%s) left  run (%s), (%s) left|(%s)<(%s) run (%s)<(%s)"
         % ((time,) * 8))
if "plain" in words and "\x1b" in data:
    wrong("an escape sequence")
if "plain" not in words and not re.search(r"\x1b\[32m#*\x1b\[0m", data):
    wrong("no colour")
bars, rates, known, last = {}, 0, 0, 0
for part in re.finditer(r"\r([^\r\n]*)(\n?)", data):
    frame = re.sub(escape, "", part.group(1)).replace("^C", "").rstrip(" ")
    bar = re.search(r"(?:^|[\[ ])(#*-*)\]? (?:%s)" % spans, frame)
    if not bar:
        continue
    if len(frame) > columns - 1:
        wrong("%d columns: %s" % (len(frame), frame))
    if part.group(2):
        wrong("a frame ends a line: " + frame)
    name = re.match(r"\d+/\d+ [a-z]+", frame)
    cells = bar.group(1)
    bars.setdefault(name.group(0) if name else "", []).append(
        cells.count("#") / max(len(cells), 1))
    rates += bool(re.search(r"[\d.]+[kM]? tok(?:ens)?/s", frame))
    known += "?" not in frame
    last = part.end()
if not bars:
    wrong("no progress")
if not rates and "stopped" not in words:
    wrong("no tokens a second")
if not known and "stopped" not in words:
    wrong("never is all known")
for name, grown in bars.items():  # a nameless bar begins anew in each phase
    if name and any(b < a - 0.1 for a, b in zip(grown, grown[1:])):
        wrong("the bar of %s shrinks: %s" % (name, grown))
if "stopped" not in words and not any(max(grown) > min(grown) for grown in bars.values()):
    wrong("no bar grows: %s" % bars)
if "phases" in words and columns >= 80 and (
        not {"2/2 sample", "2/2 fit"} <= set(bars)):
    wrong("phases: %s" % list(bars))
after = data[last:]
if "stopped" not in words and re.sub(r"\r *\r|\r\x1b\[K", "", after) == after:
    wrong("the last frame stays: %r" % after[:80])
if "stopped" in words and not re.search(
        r"(?:\r\x1b\[K|\n)\r?\nstopping: ", after):
    wrong("stopped, but not cleanly: %r" % after[:120])
PYTHON
# seen NAME COLUMNS FRAMES CODE WORDS COMMAND..: on a terminal
seen() {
    name=$1 columns=$2 frames=$3 code=$4 words=$5
    shift 5
    python3 terminal.py "$columns" "$frames" "$@" > shown 2> err
    got=$?
    [ "$columns" -gt 0 ] || columns=${COLUMNS:-80}
    # shellcheck disable=SC2086
    if [ $got -ne "$code" ]; then
        bad "$name" "exit $got, not $code: $(tail -c 300 shown)"
    elif python3 frames.py shown "$columns" $words > out 2>&1; then ok "$name"
    else bad "$name" "$(cat out)"; fi
}
# shellcheck disable=SC2086
{
for columns in 40 80 200; do
    rm -rf run
    seen align_in_$columns $columns 0 0 phases $align --validation few.jsonl \
        --out run
    rm -rf run
    seen pretrain_in_$columns $columns 0 0 "" $pretrain --steps 150 --out run
done
rm -rf run
seen details_where_there_is_room 200 0 0 "" $pretrain --steps 60 --out run
if grep -q 'tokens/s  loss [0-9.]*  lr [-0-9.e]*  gradient [0-9.]*' shown
then ok details_are_those_of_the_step
else bad details_are_those_of_the_step "$(tail -c 400 shown)"; fi
COLUMNS=50
export COLUMNS
rm -rf run
seen columns_of_the_environment 0 0 0 "" $pretrain --steps 60 --out run
unset COLUMNS
rm -rf run
seen columns_that_nobody_knows 0 0 0 "" $pretrain --steps 60 --out run
rm -rf run
python3 terminal.py 12 0 $pretrain --steps 60 --out run | tr '\r' '\n' |
    sed 's/.\[[0-9;]*[mK]//g' | grep '[0-9]<' > shown
if awk 'length > 11 { bad = 1 } END { exit bad || NR == 0 }' shown
then ok a_narrow_terminal_cuts
else bad a_narrow_terminal_cuts "$(head -n 3 shown)"; fi
rm -rf run
seen ctrl_c_ends_the_line 80 6 130 stopped $pretrain --steps 100000 --out run
rm -rf run
long=$(echo "$align" | sed 's/--epochs 4/--epochs 99/')
seen ctrl_c_in_align 80 5 130 stopped $long --out run
NO_COLOR=1
export NO_COLOR
rm -rf run
seen no_color 80 0 0 plain $pretrain --steps 60 --out run
rm -rf run
seen no_color_and_ctrl_c 80 6 130 "plain stopped" $pretrain --steps 100000 \
    --out run
NO_COLOR=
rm -rf run
seen an_empty_no_color_is_none 80 0 0 "" $pretrain --steps 60 --out run
unset NO_COLOR
for term in dumb none ""; do
    rm -rf run
    SHOWS=$term python3 terminal.py 80 0 $pretrain --steps 40 --out run > shown
    if grep -q '.\[\|left' shown; then
        bad "no_bar_on_${term:-nothing}" "$(head -c 300 shown)"
    else ok "no_bar_on_${term:-nothing}"; fi
done
rm -rf run
python3 terminal.py 80 0 $pretrain --steps 40 --quiet --out run > shown
if grep -q left shown; then bad quiet_has_no_bar "$(head -c 300 shown)"
else ok quiet_has_no_bar; fi

# Rows on the same terminal: the bar gives way to each.
head -n 40 "$tiny/prompts.jsonl" > forty.jsonl
python3 terminal.py 80 0 "$tool" sample --policy "$tiny/policy" --prompts \
    forty.jsonl --best-of 9 --preference "$tiny/preference" > shown
tr -d '\n' < shown | tr '\r' '\n' | sed 's/.\[[0-9;]*[mK]//g' |
    grep -c '^{"prompt".*"finished": [a-z]*}$' > count
if [ "$(cat count)" -eq 40 ] && grep -q 'tokens/s' shown
then ok rows_are_whole_beside_the_bar
else bad rows_are_whole_beside_the_bar "$(cat count) of 40"; fi
# Minutes of work, so that it cannot end before the key is pressed.
python3 terminal.py 80 3 "$tool" sample --policy "$tiny/policy" --prompts \
    "$tiny/prompts.jsonl" --max-tokens 200 --n 1000 > shown
if [ $? -eq 130 ] &&
    ! tr '\r' '\n' < shown | tail -n 1 | grep -q 'tokens/s'
then ok ctrl_c_erases_what_nothing_saves
else bad ctrl_c_erases_what_nothing_saves "$(tail -c 200 shown)"; fi

# A sentence wraps between words, of wide characters too.
mkdir -p "$wide"
python3 terminal.py 44 0 "$tool" info "$wide/$wide$wide $wide$wide$wide \
$wide$wide$wide$wide $wide" > shown
if python3 -c '
import sys, unicodedata
wide = lambda line: sum(1 + (unicodedata.east_asian_width(c) in "WF")
                        for c in line)
lines = open("shown", encoding="utf-8").read().split("\n")[1:]
sys.exit(not 1 < len(lines) or max(wide(l.rstrip("\r")) for l in lines) > 43)'
then ok wide_characters_wrap
else bad wide_characters_wrap "$(cat shown)"; fi
}

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
