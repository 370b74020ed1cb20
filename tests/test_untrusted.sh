#!/bin/sh
# test_untrusted.sh - what somebody else's files can and cannot do, as the table
# "Untrusted files" of examples/tool/README.md says: each of its rows names the
# tests that it rests on, and those that are named `untrusted` stand here
#
# Run     tests/test_untrusted.sh build/sppo build/scratch
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$1" "$2"
tiny=$root/tiny_models
LC_ALL=C
export LC_ALL
printed=$work/printed.txt
: > "$printed"

# Each test by its name, for the table.
ok() { passed=$((passed + 1)); echo "ok $1"; echo "$1" >> "$printed"; }
skip() { skipped=$((skipped + 1)); echo "skip $1 ($2)"; echo "$1" >> "$printed"; }

# little COUNT: eight bytes, the least first
little() {
    n=$1
    for _ in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2059 # an octal escape
        printf "\\$(printf %03o $((n % 256)))"
        n=$((n / 256))
    done
}

# archive FILE HEADER DATA_FILE: a safetensors file
archive() { { little ${#2}; printf %s "$2"; cat "$3"; } > "$1"; }

# header_of FILE, data_of FILE: its parts
length_of() {
    od -An -tu1 -N4 "$1" | awk '{ print $1 + 256 * $2 + 65536 * $3 + 16777216 * $4 }'
}
header_of() { dd if="$1" bs=1 skip=8 count="$(length_of "$1")" 2> /dev/null; }
data_of() { tail -c +$((9 + $(length_of "$1"))) "$1"; }

# obeyed FILE: it holds what a terminal takes for a command
obeyed() {
    grep -q "$(printf '[\001-\010\013-\037\177]')" "$1" ||
        grep -q "$(printf '\302[\200-\237]')" "$1"
}

: > none
config='{"model_type": "llama", "vocab_size": 11, "hidden_size": 4,
 "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 6}'

# ---- a model's folder ----

mkdir large && cat > large/config.json <<'SH'
{"model_type": "llama", "vocab_size": 1000000, "hidden_size": 65536,
 "num_hidden_layers": 1000, "num_attention_heads": 8,
 "max_position_embeddings": 1000000, "intermediate_size": 200000}
SH
archive large/model.safetensors '{}' none
if (ulimit -v 1000000 && "$tool" --version) > version 2> err; then
    expect config_that_asks_for_much 3 'too few for the' \
        sh -c 'ulimit -v 1000000; exec "$0" info large' "$tool"
else
    skip config_that_asks_for_much "this build wants more memory"
fi

mkdir parts elsewhere && echo "$config" > parts/config.json
archive elsewhere/part.safetensors \
    '{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' none
part() {  # NAME, CODE, PATTERN, the file's name
    echo "{\"weight_map\": {\"x\": \"$4\"}}" > parts/model.safetensors.index.json
    expect "$1" "$2" "$3" "$tool" info parts
}
own='must name files of its own folder'
part part_above 3 "$own" ../elsewhere/part.safetensors
part part_of_an_absolute_name 3 "$own" "$work/elsewhere/part.safetensors"
part part_below 3 "$own" sub/part.safetensors
part part_of_another_drive 3 "$own" C:part.safetensors
part part_that_is_hidden 3 "$own" .part.safetensors
ln -s ../elsewhere/part.safetensors parts/part.safetensors
part part_that_is_a_link 3 '^sppo info: parts/part.safetensors: 62 bytes' \
    part.safetensors

mkdir pipe && echo "$config" > pipe/config.json
mkfifo pipe/model.safetensors rows.fifo
expect pipe_for_weights 5 'a regular file' timeout 20 "$tool" info pipe
rm pipe/model.safetensors && : > pipe/x && mv pipe/config.json pipe/y
mkfifo pipe/config.json
expect pipe_for_a_config 5 'a regular file' timeout 20 "$tool" info pipe
expect pipe_for_rows 5 'a regular file' timeout 20 "$tool" score \
    --policy "$tiny/policy" --jsonl rows.fifo

# What its metadata say is left of another model goes when something is saved in
# its place: files of the folder, and none elsewhere.
mkdir -p trap/inner && cp "$tiny/policy/config.json" trap
echo mine > victim
cp victim victim.next
header=$(header_of "$tiny/policy/model.safetensors" |
    sed 's/"sppo\.[a-z.A-Z_]*":"[0-9a-f]*",*//g; s/,}/}/')
noted=$(printf %s "$header" | sed 's|"__metadata__":{|&"sppo.digest.../victim":"0123456789abcdef","sppo.gone.../victim":"0123456789abcdef","sppo.digest.x":"0123456789abcdef",|')
data_of "$tiny/policy/model.safetensors" > data
archive trap/model.safetensors "$noted" data
echo kept > trap/notes.txt
echo left > trap/x.next
holds trap_loads "$tool" info trap
holds metadata_of_another_folder "$tool" convert --quiet --force \
    --from "$tiny/policy" --to trap
if [ -f victim ] && [ -f victim.next ] && [ -f trap/notes.txt ]; then
    ok metadata_reach_no_other_file; else
    bad metadata_reach_no_other_file "$(ls . trap)"; fi
if [ -f trap/x.next ]; then bad metadata_remove_in_their_folder "x.next"; else
    ok metadata_remove_in_their_folder; fi

# An index that is saved over takes its parts with it, and no other file.
mkdir over.safetensors
for file in notes.txt a.safetensors; do : > "over.safetensors/$file"; done
echo '{"weight_map": {"x": "notes.txt", "y": "a.safetensors",
 "z": "../victim"}}' > over.safetensors/model.safetensors.index.json
holds index_that_is_saved_over "$tool" convert --quiet --force \
    --from "$tiny/policy" --to over.safetensors
if [ -f over.safetensors/notes.txt ] && [ -f victim ] &&
    [ ! -e over.safetensors/a.safetensors ]; then ok index_removes_parts_alone
else bad index_removes_parts_alone "$(ls over.safetensors)"; fi

cp -r "$tiny/policy" spoilt
archive spoilt/model.safetensors "$header" data
printf '\377\377\377\177' | dd of=spoilt/model.safetensors bs=1 \
    seek=$((8 + ${#header})) conv=notrunc 2> /dev/null
expect weights_that_are_no_numbers 6 'NaN' "$tool" sample --quiet --policy \
    spoilt --prompt a

# ---- what a terminal is shown ----

esc=$(printf '\033]0;x\007') csi=$(printf '\302\2332J')
head -c 1000 /dev/zero > zeros
archive loud.safetensors "{\"a$(printf '\177')$csi\":{\"dtype\":\"U8\",\"shape\":\
[1000],\"data_offsets\":[0,1000]},\"__metadata__\":{\"k\":\"$csi\"}}" zeros
holds loud_names_are_told "$tool" info loud.safetensors
if obeyed out; then bad names_in_a_file "$(od -c out | head)"; else
    ok names_in_a_file; fi
mkdir loud && echo "$config" > loud/config.json
cp loud.safetensors loud/model.safetensors
expect loud_folder 3 'has no place' "$tool" info loud
if obeyed err; then bad names_in_a_message "$(od -c err | head)"; else
    ok names_in_a_message; fi
printf '{"prompt": "a", "k%s": 1}\n{"prompt": "%s"\n' "$csi" "$csi" > loud.jsonl
"$tool" info loud.jsonl > out 2> err
if obeyed out || obeyed err; then bad keys_of_rows "$(od -c out err | head)"
else ok keys_of_rows; fi
mkdir loud_run && cat > loud_run/settings.json <<'SH'
{"sppo": "0", "policy": "\u001b]0;x\u0007\u009b2J", "prompts": "p", "k": 5}
SH
"$tool" align --resume --out loud_run > out 2> err
"$tool" info loud_run >> out 2>> err
if [ -s err ] && ! obeyed out && ! obeyed err; then ok settings_of_a_run; else
    bad settings_of_a_run "$(od -c err | head)"; fi
"$tool" info "$esc.safetensors" > out 2> err
if obeyed err; then bad names_of_files "$(od -c err | head)"; else
    ok names_of_files; fi

# A vocabulary whose pieces are commands; into a file they go as they are.
cp -r "$tiny/policy" speaks && rm speaks/tokenizer.json
sed "s/ the/$(printf ' \033[m')/; s/ is/$(printf ' \033c')/" \
    "$tiny/policy/tokenizer.bin" > speaks/tokenizer.bin
holds speaks_converts "$tool" convert --quiet --edited --from speaks --to spoken
ask="$tool sample --quiet --seed 1 --policy spoken --prompt"
sh -c "$ask 'what is the cat ?'" > heard 2> err
if ! obeyed heard; then
    bad texts_on_a_terminal "the model said no command"
elif ! script -qec "$ask 'what is the cat ?'" /dev/null > out 2> err < /dev/null
then
    skip texts_on_a_terminal "no script of util-linux"
elif tr -d '\r' < out > shown && ! obeyed shown && grep -q . shown; then
    ok texts_on_a_terminal
else
    bad texts_on_a_terminal "$(od -c out | head)"
fi

# ---- files that are written ----

prompts() { sed -n "1,4p" "$tiny/prompts.jsonl"; }
mkdir box && prompts > box/prompts.jsonl && cp -r "$tiny/policy" box/policy
all_of() { (cd "$1" && find . -path ./out -prune -o -type f -exec cksum {} + | sort); }
all_of box > before
small="--k 2 --iterations 1 --epochs 1 --max-tokens 4 --batch 4"
judge='while read -r line; do echo "{\"probabilities\": [[0.5, 1], [0, 0.5]]}"; done'
# shellcheck disable=SC2086
holds box_align sh -c "cd box && \"\$0\" align --quiet --policy policy \
    --prompts prompts.jsonl --judge '$judge' $small --out out" "$tool"
all_of box > after
same nothing_beside_the_output before after
[ "$(cat before)" = "$(cat after)" ] && echo nothing_beside_the_output >> "$printed"

cksum box/out/policy/* > before
expect output_that_exists 2 'exists' "$tool" convert --from "$tiny/policy" \
    --to box/out/policy
cksum box/out/policy/* > after
if cmp -s before after; then ok output_that_exists_is_kept; else
    bad output_that_exists_is_kept "it changed"; fi

cp "$tiny/policy/model.safetensors" precious && cksum precious > before
mkdir linked && cp "$tiny/policy/config.json" linked
ln -s ../precious linked/model.safetensors
holds linked_convert "$tool" convert --quiet --force --dtype bfloat16 \
    --from "$tiny/policy" --to linked
cksum precious > after
if cmp -s before after && [ ! -h linked/model.safetensors ]; then
    ok link_is_replaced_not_followed; else
    bad link_is_replaced_not_followed "$(ls -l linked precious)"; fi

rm -f box/out/lock && ln -s ../../made box/out/lock
expect lock_that_is_a_link 5 'cannot open' "$tool" align --quiet --resume \
    --iterations 2 --out box/out
if [ -e made ]; then bad lock_makes_no_file "made"; else
    ok lock_makes_no_file; fi
rm -f box/out/lock

mkdir real && ln -s real aside
holds folder_that_is_a_link "$tool" convert --quiet --from "$tiny/policy" \
    --to aside
if [ -f real/model.safetensors ] && [ -h aside ]; then
    ok folder_that_is_a_link_is_followed; else
    bad folder_that_is_a_link_is_followed "$(ls -l real aside)"; fi

# ---- programs that are started ----

# settings.json names the judge of its run: who resumes a run starts that.
sed 's/"judge": "/&touch started; /' box/out/settings.json > changed
cp changed box/out/settings.json
(cd box && "$tool" align --quiet --resume --iterations 2 --out out \
    --judge "$judge") > out 2> err
if [ -e box/started ]; then bad judge_that_is_given_again "it was started"
else ok judge_that_is_given_again; fi
cp changed box/out/settings.json
(cd box && "$tool" align --quiet --resume --iterations 3 --out out) > out 2> err
if [ -e box/started ]; then ok a_run_starts_its_judge; else
    bad a_run_starts_its_judge "$(cat err)"; fi

# A request for more than there is memory for, then one that can be judged.
many=$(awk 'BEGIN { for (i = 0; i < 1000; i++) printf "%s\"the cat is in the \
park . it is very nice .\"", i ? ", " : "" }' | tr -d '\\\n')
{
    echo "{\"prompt\": \"a\", \"responses\": [$many]}"
    echo '{"prompt": "a", "responses": ["b", "c"]}'
} > requests
(ulimit -v 60000
"$tool" judge --threads 1 --preference "$tiny/preference" < requests > out 2> err)
code=$?
if ! (ulimit -v 60000 && "$tool" --version) > version 2> err; then
    skip request_that_is_too_large "this build wants more memory"
elif [ $code -eq 3 ] && sed -n 1p out | grep -q '^{"error": ".*out of memory' &&
    sed -n 2p out | grep -q '^{"probabilities"'; then
    ok request_that_is_too_large; else
    bad request_that_is_too_large "$(head -c 300 out) $(cat err)"; fi

for was in 0 -1 1e300 99999999999999999999 '"x"' null; do
    sed "s/\"iterations\": [^,]*/\"iterations\": $was/" changed \
        > box/out/settings.json
    (cd box && "$tool" align --quiet --resume --iterations 4 --out out \
        --judge "$judge") > out 2> err
    code=$?
    if [ $code -lt 8 ]; then ok "settings_with_iterations_of_$was"; else
        bad "settings_with_iterations_of_$was" "exit $code: $(cat err)"; fi
done

calls='(fork|vfork|exec[lv][pe]*|system|popen|posix_spawn[p]*|dlopen)'
for source in "$root"/examples/tool/*.[ch] "$root/sppo.h"; do
    sed '/^ \*/d' "$source" | grep -qE "(^|[^a-z_])$calls *\(" && echo "$source"
done > out
if [ "$(basename "$(cat out)")" = judge_process.c ]; then
    ok judges_alone_are_programs; else
    bad judges_alone_are_programs "$(cat out)"; fi
grep -lE '(^|[^a-z_])(socket|connect|getaddrinfo|regcomp|setuid) *\(' \
    "$root"/examples/tool/*.[ch] "$root/sppo.h" > out
if [ -s out ]; then bad no_network_no_patterns "$(cat out)"; else
    ok no_network_no_patterns; fi

# ---- the table: each row has tests, and they are there ----

table=$root/examples/tool/README.md
sed -n '/<!-- untrusted -->/,/<!-- .untrusted -->/p' "$table" |
    grep '^| ' | sed '1d' > rows
# there KIND NAME: a test of that name
there() {
    case $1 in
    untrusted) grep -qx "$2" "$printed" ;;
    fuzz)
        case $2 in
        */*) grep -q "\"${2%/*}\", \"${2#*/}\"" "$root/tests/fuzz/hostile.c" ;;
        *) [ -f "$root/tests/fuzz/$2.c" ] ;;
        esac ;;
    *)
        cat "$root/tests/test_$1.c" "$root/tests/test_$1.sh" 2> /dev/null |
            grep -qE "(^|[^a-zA-Z0-9_])$2([^a-zA-Z0-9_]|$)" ;;
    esac
}
tests_of() { printf '%s\n' "$1" | sed 's/ *|$//; s/.*| //' | tr -d '`' | tr ';' '\n'; }
count=0 missing=
while read -r row; do
    tests_of "$row" > named
    [ -s named ] || missing="$missing (none: $row)"
    while read -r kind names; do
        [ -n "$names" ] || missing="$missing (none: $row)"
        for name in $(echo "$names" | tr -d ,); do
            count=$((count + 1))
            there "$kind" "$name" || missing="$missing $kind:$name"
        done
    done < named
done < rows
if [ "$count" -gt 20 ] && [ -z "$missing" ]; then
    ok every_sentence_has_its_tests; else
    bad every_sentence_has_its_tests "$count tests; missing:$missing"; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
