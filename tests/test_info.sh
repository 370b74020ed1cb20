#!/bin/sh
# test_info.sh - what `sppo info` makes of damaged files, and what fits into a
# file of llama2.c and comes back out of it
#
# Run     tests/test_info.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"

tiny=$root/tiny_models
head -n 4 "$tiny/prompts.jsonl" > prompts.jsonl

# le N BYTES: a number as little-endian bytes, escaped for printf
le() { awk -v n="$1" -v bytes="$2" 'BEGIN { for (; bytes > 0; bytes--) {
    printf "\\%03o", n % 256; n = int(n / 256) } }'; }
# tensors FILE HEADER DATA: a safetensors file; DATA as printf takes it
tensors() {
    printf "$(le "$(printf '%s' "$2" | wc -c)" 8)%s$3" "$2" > "$1"
}
zeros() { awk -v n="$1" 'BEGIN { while (n-- > 0) printf "\\000" }'; }

# ---- the checkpoint of a run ------------------------------------------------

holds a_run "$tool" align --quiet --policy "$tiny/policy" --preference \
    "$tiny/preference" --prompts prompts.jsonl --k 2 --max-tokens 4 --epochs 1 \
    --iterations 2 --phase sample --out run
# state NAME PATTERN HEADER DATA: what is said of a run with that checkpoint
state() {
    tensors run/run.safetensors "$3" "$4"
    holds "$1" "$tool" info run
    says "$1_is_said" "$2"
}
entry() {
    printf '{"state": {"dtype": "%s", "shape": [8], "data_offsets": %s}}' \
        "$1" "$2"
}
words() { for n in "$@"; do le "$n" 4; done; }
state whole_numbers '^iterations_done 2$' "$(entry I32 '[0, 32]')" \
    "$(words 2 3 7 0 0 0 0 0)"
says a_phase_has_a_name '^next fit$'
says a_fit_counts_steps '^next_done 7 steps$'
state no_such_phase '^next sample$' "$(entry I32 '[0, 32]')" \
    "$(words 1 6 0 0 0 0 0 0)"
state a_phase_below_the_first '^next sample$' "$(entry I32 '[0, 32]')" \
    "$(words 1 4294967295 0 0 0 0 0 0)"
state no_state '^next_done 0 prompts$' '{"other": {}}' ''
state a_state_without_a_place '^iterations_done 0$' '{"state": {}}' ''
state a_place_of_one '^iterations_done 0$' "$(entry I32 '[0]')" ''
state another_type '^iterations_done 0$' "$(entry F32 '[0, 32]')" \
    "$(words 9 9 9 9 9 9 9 9)"
state another_size '^iterations_done 0$' "$(entry I32 '[0, 16]')" \
    "$(words 9 9 9 9)"
state a_place_before_the_file '^iterations_done 0$' \
    "$(entry I32 '[-32, 0]')" ''
state a_place_beyond_all_files '^iterations_done 0$' \
    "$(entry I32 '[9e15, 9000000000000032]')" ''
tensors run/run.safetensors "$(entry I32 '[0, 32]')" "$(words 1 2)"
expect a_checkpoint_that_ends 5 'run/run.safetensors: it ends too soon' \
    "$tool" info run
tensors run/run.safetensors '{"state": ' ''
expect a_header_that_ends 3 'run/run.safetensors, ' "$tool" info run
# bytes NAME DATA: no header at all
bytes() {
    printf "$2" > run/run.safetensors
    holds "$1" "$tool" info run
    says "$1_tells_nothing" '^iterations_done 0$'
}
bytes a_short_checkpoint '1234'
bytes a_header_of_nothing "$(le 0 8){}"
bytes a_header_beyond_its_file "$(le 200 8){}"
bytes a_header_of_tebibytes "$(le 2 4)$(le 65536 4){}"
bytes a_header_of_gibibytes "$(le 2 4)$(le 1 4){}"
rm run/run.safetensors
mkfifo run/run.safetensors
holds a_pipe_is_not_waited_for timeout 20 "$tool" info run
rm run/run.safetensors
holds no_checkpoint "$tool" info run
says no_checkpoint_is_the_beginning '^next sample$'

awk 'BEGIN { for (i = 0; i < 300; i++) printf "the cat %d sat . ", i }' \
    > text.txt
holds a_tokenizer "$tool" tokenizer --text text.txt --vocab 270 --out tok.bin
shape="--dim 16 --layers 1 --heads 4 --kv-heads 2 --hidden 24 --context 32"
# shellcheck disable=SC2086  # the settings are meant to be split
pretrain() { "$tool" pretrain --quiet --text text.txt --tokenizer tok.bin \
    $shape --batch 2 "$@"; }
holds training pretrain --steps 2 --out base
number() { printf '"%s": {"dtype": "F64", "shape": [1], "data_offsets": [%s]}' \
    "$1" "$2"; }
one='\000\000\000\000\000\000\360\077' # 1 as a double
five='\000\000\000\000\000\000\024\100'
both="{$(number step '0, 8'), $(number steps '8, 16')}"
tensors base/run.safetensors "$both" "$one$five"
holds unfinished "$tool" info base
says unfinished_has_steps '^steps 5$'
says unfinished_has_steps_done '^steps_done 1$'
says unfinished_goes_on '^go_on sppo pretrain --resume --out base$'
tensors base/run.safetensors "{$(number step '0, 8')" "$one"
expect a_training_with_a_broken_header 3 'base/run.safetensors, ' "$tool" \
    info base
tensors base/run.safetensors "$both" "$one"
expect a_training_that_ends 5 'it ends too soon' "$tool" info base
rm base/run.safetensors
printf '{"sppo": ' > run/settings.json
expect settings_that_end 3 'run/settings.json, ' "$tool" info run

# ---- the same for programs ----------------------------------------------------

# The object's values by a reader that is not ours where there is one.
if command -v python3 > /dev/null; then
    value() { python3 -c 'import json, sys
for key in sys.argv[1].split("/"):
    top = json.load(open("out")) if not key else top[
        int(key) if isinstance(top, list) else key]
print(json.dumps(top))' "/$1"; }
elif command -v node > /dev/null; then
    value() { node -e 'let top = JSON.parse(fs.readFileSync("out"));
for (const key of process.argv[1].split("/").filter(x => x)) top = top[key];
console.log(JSON.stringify(top))' "$1"; }
else
    value() { return 1; }
    skip json_has_a_reader "there is neither python3 nor node"
fi
# json NAME FILE KEY VALUE [KEY VALUE]..: what info --json says of it
json() {
    name=$1 wrong=
    holds "$name" "$tool" info --json "$2"
    [ "$(wc -l < out)" -eq 1 ] || wrong="not one line"
    shift 2
    while [ $# -gt 0 ] && value "" > /dev/null 2>&1; do
        [ "$(value "$1" 2>&1)" = "$2" ] || wrong="$wrong $1: $(value "$1" 2>&1)"
        shift 2
    done
    if [ -z "$wrong" ]; then ok "${name}_says_it"
    else bad "${name}_says_it" "$wrong in $(head -c 300 out)"; fi
}
tensors run/run.safetensors "$(entry I32 '[0, 32]')" "$(words 2 3 7 0 0 0 0 0)"
printf '{"sppo": "1", "prompts": "a\\"\\u00e9\\\\", "iterations": 3, "eta": 0.5}' \
    > run/settings.json
json json_of_a_run run kind '"run"' command '"align"' state '"unfinished"' \
    iterations 3 iterations_done 2 next '"fit"' next_done 7 \
    next_unit '"steps"' settings/eta 0.5 go_on '"sppo align --resume --out run"'
case $(value settings/prompts 2> /dev/null) in
'"a\"\u00e9\\"' | '"a\"é\\"' | "") ok json_has_texts_as_they_were ;;
*) bad json_has_texts_as_they_were "$(value settings/prompts)" ;;
esac
json json_of_a_model "$tiny/preference" kind '"model"' dim 64 head '"embed"' \
    eos/0 2 tensors/0/name '"model.embed_tokens.weight"' tensors/0/shape/1 64
json json_of_a_trained_run base kind '"run"' state '"finished"' \
    settings/steps 2 model/vocab 270
json json_of_tensors base/model.safetensors kind '"safetensors"' \
    header/__metadata__/format '"pt"' \
    header/model.norm.weight/shape/0 '16'
json json_of_a_tokenizer tok.bin kind '"tokenizer.bin"' pieces 270
json json_of_a_tokenizer_json base/tokenizer.json kind '"tokenizer.json"' \
    pieces 270
printf '{"a\\"\\n": 1, "b": null}\n{"b": [2], "c": "x"}\n' > fields.jsonl
json json_of_rows fields.jsonl kind '"rows"' rows 2 array false \
    fields/0/name '"a\"\n"' fields/1/types/0 '"null"' \
    fields/1/types/1 '"list"' fields/1/rows 2 more_fields false
"$tool" convert --from base --to model.bin > out 2>&1
json json_of_llama2c model.bin kind '"llama2.c"' vocab 270 kv_heads 2
holds json_of_the_build "$tool" info --json
case $(value kind 2> /dev/null) in '"build"' | "") ok the_build_is_a_kind ;;
*) bad the_build_is_a_kind "$(cat out)" ;; esac
expect json_of_nothing 5 'there_is_none' "$tool" info --json there_is_none
if [ -s out ]; then bad a_failure_is_no_object "$(cat out)"; else
    ok a_failure_is_no_object; fi
printf '{"a": 1}\n{"a": \n' > broken.jsonl
expect json_of_broken_rows 3 'broken.jsonl line 2' "$tool" info --json \
    broken.jsonl

# ---- one file ---------------------------------------------------------------

holds a_matrix "$tool" info base/model.safetensors
says a_matrix_has_two_sides 'model.embed_tokens.weight  *\[270, 16\]$'
tensors odd.safetensors '{"a": 1, "b": {"shape": [], "x": 2}, "c": {}}' ''
holds odd_entries "$tool" info odd.safetensors
says an_entry_without_a_shape '^  a *$'
long=$(awk 'BEGIN { for (i = 0; i < 60; i++) printf "x" }')
euro=$(printf '\342\202\254')
tensors odd.safetensors "{\"$long\": {\"shape\": [3]}, \"a$euro\": 1}" ''
holds odd_names "$tool" info odd.safetensors
says a_long_name_is_whole "^  $long \[3\]$"
says a_name_has_its_letters "^  a$euro"
tensors broken.safetensors '{"a": ' ''
expect a_broken_header 3 'broken.safetensors, ' "$tool" info broken.safetensors
printf "$(le 9 8){\"a\":1}" > long.safetensors
expect a_header_longer_than_its_file 3 '' "$tool" info long.safetensors
long=$(awk 'BEGIN { for (i = 0; i < 446; i++) printf "./" }')
expect the_longest_path_is_read 0 '' "$tool" info "${long}base"
expect a_path_has_an_end 2 'the path [./]*.. is too long' "$tool" info \
    "${long}.base"
holds the_longest_path_is_written pretrain --steps 2 --out "${long}long"
same and_whole long/model.safetensors base/model.safetensors
expect no_longer_path_is_written 2 '--out is too long' pretrain --steps 2 \
    --out "${long}.long"
expect a_folder_is_no_text 5 'standard input: cannot be read' sh -c \
    '"$0" info - < .' "$tool"
: > empty
holds nothing_is_no_row sh -c '"$0" info - < empty' "$tool"
says nothing_has_no_rows '^rows 0$'
printf '%s' '[{"a": 1}, {"a": "x"}]' > array.json
holds an_array "$tool" info array.json
says an_array_has_rows '^rows of JSON, in one array$'

# ---- a tokenizer.json of Llama 2's kind ----------------------------------------

holds a_llama_tokenizer "$tool" info base/tokenizer.json
says a_llama_tokenizer_has_pieces '^pieces 270$'
sed 's/"a t"/["a", "t"]/' base/tokenizer.json > llama.json
holds merges_in_pairs "$tool" info llama.json
# edited FILE NAME SENTENCE SED: the file, edited, is refused
edited() {
    sed "$4" "$1" > edited.json
    if cmp -s "$1" edited.json; then
        bad "$2" "nothing is edited"
    else
        expect "$2" 3 "edited.json: .*$3" "$tool" info edited.json
    fi
}
llama() { edited base/tokenizer.json "$@"; }
llama another_model '' 's/"type": "BPE"/"type": "WordPiece"/'
llama words_before_pieces '' 's/"pre_tokenizer": null/"pre_tokenizer": true/'
llama dropout '"dropout"' 's/"dropout": null/"dropout": 0.5/'
for key in continuing_subword_prefix end_of_word_suffix; do
    llama a_$key "\"$key\"" "s/\"$key\": null/\"$key\": \"x\"/"
done
llama no_merges_for_words '"ignore_merges"' \
    's/"ignore_merges": false/"ignore_merges": true/'
llama no_blank_in_front 'must put U+2581 in front' '/"type": "Prepend"/d'
llama another_step 'must put U+2581 in front' '/"type": "Prepend"/{p;}'
llama no_step_in_front '"type"' 's/"type": "Prepend"/"type": "Strip"/'
llama another_blank '"prepend"' 's/"prepend": ".*"/"prepend": "x"/'
llama no_step_for_blanks '"type"' 's/"type": "Replace"/"type": "Strip"/'
llama another_content '"content"' \
    '/"type": "Replace"/s/"content": "[^"]*"/"content": "x"/'
llama another_pattern '"String"' 's/"String": " "/"String": "x"/'
llama another_beginning 'the added token 1 is none of' 's/"<s>", "sin/"<t>", "sin/'
llama another_added 'the added token 9 is none of' 's/{"id": 2, /{"id": 9, /'
llama an_added_token_of_no_id '' 's/{"id": 2, /{"id": null, /'
llama an_id_twice 'each once' 's/"t": 260/"t": 261/'
llama an_id_beyond '' 's/"t": 260/"t": 90000/'
llama a_id_of_no_number '' 's/"t": 260/"t": "260"/'
llama a_merge_of_one 'merge 1 is not of two pieces' 's/"a t"/"at"/'
llama a_merge_of_no_piece 'merge 1 is not of two pieces' 's/"a t"/"a q"/'
llama a_merge_to_no_piece 'merge 1 is not of two pieces' 's/"a t"/"t a"/'
llama a_merge_again 'as one far before it' 's/"\(.*\) t"$/"\1 t", "a t"/'
llama a_merge_too_few 'in 5 ways' 's/"a t",//'
llama no_merges 'lacks its merges' 's/"merges"/"murges"/'

# ---- a tokenizer.json of GPT's kind ---------------------------------------------

tokenizer_json > gpt.json
gpt() { edited gpt.json "$@"; }
# taken NAME PIECES SED: the file, edited, is read
taken() {
    sed "$3" gpt.json > edited.json
    holds "$1" "$tool" info edited.json
    says "$1_has_its_pieces" "^pieces $2$"
}
taken a_sequence_of_none 271 \
    's/"normalizer": null/"normalizer": {"normalizers": []}/'
taken added_tokens_that_begin_alike 274 's/\(.*added_tokens": \[\)\(.*\)/\1'\
'{"id": 271, "content": "<|end"}, {"id": 272, "content": "<|endoftexs|>"}, '\
'{"id": 273, "content": "<|endoftext|>"}, \2/'
gpt a_normalizer '"normalizer"' 's/"normalizer": null/"normalizer": {"x": 1}/'
gpt a_sequence_of_one '"normalizer"' \
    's/"normalizer": null/"normalizer": {"normalizers": [1]}/'
gpt a_sequence_of_no_list '"normalizer"' \
    's/"normalizer": null/"normalizer": {"normalizers": 1}/'
for key in single_word rstrip; do
    gpt a_$key "\"$key\"" "s/{\"id\": 270/{\"$key\": true, \"id\": 270/"
done
for key in end_of_word_suffix ignore_merges; do
    gpt a_gpt_$key "\"$key\"" \
        "s/{\"type\": \"BPE\"/{\"$key\": \"x\", \"type\": \"BPE\"/"
done
gpt an_added_id_that_is_none '' 's/{"id": 270/{"id": null/'
gpt an_added_token_of_300_bytes 'more than 255 bytes' \
    "s/<|endoftext|>/$(printf '%300s' x | tr ' ' x)/"
gpt a_piece_of_no_id '' 's/"th": 256/"th": "x"/'
gpt a_vocab_that_is_no_object 'lacks its vocab' 's/"vocab"/"vocab": 1, "v"/'
gpt merges_that_are_no_list 'lacks its vocab' 's/"merges"/"merges": 1, "m"/'

# ---- both kinds in one folder ---------------------------------------------------

# Whose weights name no companions, as those of others.
both() {
    rm -rf both converted && cp -r base both
    LC_ALL=C sed 's/"sppo\./"sppo_/g' base/model.safetensors \
        > both/model.safetensors
}
# refused NAME SENTENCE: the folder `both`
refused() {
    rm -rf converted
    expect "$1" 3 "$2" "$tool" convert --from both --to converted
}
both
holds two_that_say_the_same "$tool" convert --from both --to converted
sed 's/"id": 2/"id": 3/' base/tokenizer.json > both/tokenizer.json
refused two_that_do_not 'both has a tokenizer.bin and a tokenizer.json; remove'
sed 's/^ *//; s/": /":/' base/tokenizer.json > both/tokenizer.json
rm -rf converted
holds two_that_are_written_otherwise "$tool" convert --from both --to converted
tokenizer_json > both/tokenizer.json
refused two_of_which_one_is_of_bytes 'remove the one that is not this'
echo '{}' > both/tokenizer.json
refused two_of_other_lengths 'remove the one that is not this'
both
head -c 999 base/tokenizer.bin > both/tokenizer.bin
refused two_of_which_one_is_cut 'both/tokenizer.bin: .*999 bytes are too'
# Two pieces of one score: which is made first a list of merges cannot say.
cp tok.bin equal.bin
tail -c 22 tok.bin | head -c 4 | dd of=equal.bin bs=1 conv=notrunc 2> err \
    seek=$(($(wc -c < tok.bin) - 10))
both
cp equal.bin both/tokenizer.bin
: > both/tokenizer.json
refused one_that_is_empty_beside_it 'remove the one that is not this'
# shellcheck disable=SC2086
expect equal_scores_have_no_json 0 'no tokenizer.json is written: pieces' \
    "$tool" pretrain --text text.txt --tokenizer equal.bin $shape --batch 2 \
    --steps 1 --out equal
if [ -e equal/tokenizer.json ]; then bad equal_scores_write_none "it is there"
else ok equal_scores_write_none; fi

# ---- llama2.c ---------------------------------------------------------------

holds to_llama2c "$tool" convert --from base --to base.bin
holds from_llama2c "$tool" convert --from base.bin --tokenizer tok.bin \
    --to back
holds to_llama2c_again "$tool" convert --from back --to again.bin
same there_and_back base.bin again.bin
holds info_of_llama2c "$tool" info base.bin
says info_of_its_shape '^kv_heads 2$'
holds untied pretrain --steps 1 --untied --out untied
holds untied_to_llama2c "$tool" convert --from untied --to untied.bin
holds untied_from_llama2c "$tool" convert --from untied.bin --tokenizer \
    tok.bin --to untied_back
holds untied_to_llama2c_again "$tool" convert --from untied_back \
    --to untied_again.bin
same untied_there_and_back untied.bin untied_again.bin
# Another library's sines: a last bit of the last one is another.
patch() { # FILE, offset from its end, bytes
    printf "$3" | dd of="$1" bs=1 conv=notrunc 2> err \
        seek=$(($(wc -c < "$1") - $2))
}
other() { # offset from the end: that byte with its last bit turned
    tail -c "$1" base.bin | od -An -tu1 | awk 'NR == 1 {
        printf "\\%03o", ($1 % 2 ? $1 - 1 : $1 + 1) }'
}
cp base.bin near.bin
patch near.bin 4 "$(other 4)"
holds near_tables "$tool" convert --from near.bin --tokenizer tok.bin --to near
holds near_tables_again "$tool" convert --from near --to near_again.bin
same near_tables_stay near.bin near_again.bin
printf 12345678 > near/rope_tables.bin
holds tables_of_another_shape "$tool" convert --edited --from near \
    --to without.bin
same tables_of_another_shape_are_left_out base.bin without.bin
cp base.bin far.bin
patch far.bin 2 "$(other 2)"
expect other_tables 3 'its rotary tables are not those of rope_theta 10000' \
    "$tool" convert --from far.bin --tokenizer tok.bin --to r
cp base.bin far.bin
patch far.bin 4 '\000\000\300\177'
expect a_table_of_nan 3 'its rotary tables are not' "$tool" convert \
    --from far.bin --tokenizer tok.bin --to r
holds another_tokenizer "$tool" tokenizer --text text.txt --vocab 262 \
    --out other.bin
expect a_tokenizer_of_another_size 3 'other.bin has 262 pieces, but' "$tool" \
    convert --from base.bin --tokenizer other.bin --to r
expect a_model_is_no_llama2c 3 'is a .*safetensors\|is safetensors' "$tool" \
    convert --from base/model.safetensors --tokenizer tok.bin --to r
printf 'abcdefgh' > short.bin
expect a_short_llama2c 3 'short.bin has 8 bytes: not a llama2.c' "$tool" \
    convert --from short.bin --tokenizer tok.bin --to r
head -c 4000 base.bin > part.bin
expect a_part_of_a_llama2c 3 'part.bin has 4000 bytes, but its header asks' \
    "$tool" convert --from part.bin --tokenizer tok.bin --to r
expect info_of_a_part 3 'part.bin has 4000 bytes, but its header asks' \
    "$tool" info part.bin
header() { # dim, hidden, layers, heads, kv heads, vocab, context
    printf "$(words "$@")" > header.bin
}
header 16 24 1 4 2 2147483648 32
expect the_least_number_has_no_opposite 3 'header.bin: ' "$tool" convert \
    --from header.bin --tokenizer tok.bin --to r
header 16 4294967295 1 4 2 270 32
expect a_width_is_positive 3 'number 2 of the header is -1: not' "$tool" \
    convert --from header.bin --tokenizer tok.bin --to r
header 16 24 1 5 2 270 32
expect heads_divide_the_width 3 'header.bin: ' "$tool" convert \
    --from header.bin --tokenizer tok.bin --to r

# without NAME SENTENCE SED: a model that llama2.c's format cannot tell of
without() {
    rm -rf odd && cp -r base odd
    rm odd/generation_config.json  # which would say it for config.json
    sed "$3" base/config.json > odd/config.json
    expect "$1" 3 "odd: a llama2.c file has no place for $2" "$tool" convert \
        --edited --from odd --to r.bin
}
expect no_place_for_a_head 3 'holds a preference model, not a policy' "$tool" \
    convert --from "$tiny/preference" --to r.bin
without a_theta 'a rope_theta other than 10000' \
    's/"rope_theta": .*,/"rope_theta": 500000,/'
without an_epsilon 'a norm_eps other than 1e-5' 's/1e-05/1e-06/'
without a_bos 'other BOS and EOS than 1 and 2' 's/\("bos_token_id": \)1/\15/'
without an_eos 'other BOS and EOS than 1 and 2' 's/\("eos_token_id": \)2/\15/'
without several_ends 'more than one token that ends' \
    's/\("eos_token_id": \)2/\1[2, 7]/'

# ---- ranks of a game --------------------------------------------------------

printf '0.5,0.9,0.8\n0.1,0.5,0.3\n0.2,0.7,0.5\n' > order.csv
holds ranks "$tool" game --matrix order.csv --rank --names first,third,second
sed -n '/^  rank/,$p' out | awk 'NR > 1 { print $1, $2 }' > ranks
printf '1 first\n2 second\n3 third\n' > expected
same the_order_is_that_of_the_wins ranks expected
says the_last_policy_solves_it '^the last policy, gap .*; 0.0 % of the triples'
printf '0.5,0.3,0.2\n0.7,0.5,0.3\n0.8,0.7,0.5\n' > order.csv
holds ranks_backwards "$tool" game --matrix order.csv --rank
sed -n '/^  rank/,$p' out | awk 'NR > 1 { print $1, $2 }' > ranks
printf '1 3\n2 2\n3 1\n' > expected
same answers_have_their_numbers ranks expected
# Two that win as much against the solution: the reward decides.
printf '0.5,0.8,0.8\n0.2,0.5,0.3\n0.2,0.7,0.5\n' > order.csv
holds equal_ranks "$tool" game --matrix order.csv --rank
sed -n '/^  rank/,$p' out | awk 'NR > 1 { print $1, $2 }' > ranks
printf '1 1\n2 3\n3 2\n' > expected
same equals_are_in_the_order_of_the_rewards ranks expected
printf '0.5,1,0\n0,0.5,1\n1,0,0.5\n' > circle.csv
holds a_circle "$tool" game --matrix circle.csv --rank --start 0.6,0.2,0.2
says the_average_solves_it '^the average policy, .* 100.0 % of the triples'
for names in a,b a,b,c,d a,,c a,b, ,b,c; do
    expect "no_names_$names" 2 '--names takes 3 names and commas, not' "$tool" \
        game --matrix order.csv --rank --names "$names"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
