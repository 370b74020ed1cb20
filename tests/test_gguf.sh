#!/bin/sh
# test_gguf.sh - GGUF files: every byte by a reader of its own, and greedy text
# of llama.cpp, where node is and SPPO_NPM names a folder in which npm installed
# node-llama-cpp
#
# Run     tests/test_gguf.sh build/sppo build/scratch   (tool, scratch)
# Prints  as test_rows.sh

. "$(dirname "$0")/tool.sh"
begin "$@"

tiny=$root/tiny_models
npm=${SPPO_NPM:-$root/../npm}
convert() { "$tool" convert "$@"; }
echo "the cat sat on a mat and then that hat ran after it" > text.txt
holds vocabulary "$tool" tokenizer --text text.txt --vocab 275 --out tok.bin
# heads share keys, and the classifier is one of its own
holds untied "$tool" pretrain --text text.txt --tokenizer tok.bin --dim 16 \
    --layers 2 --heads 4 --kv-heads 2 --hidden 24 --context 32 --untied \
    --rope-theta 5000 --steps 3 --batch 1 --holdout 0 --out untied
cp -r "$tiny/policy" tiny
models="tiny untied"
if [ -f "$data/stories260K.bin" ]; then
    holds stories convert --from "$data/stories260K.bin" --tokenizer \
        "$data/tok512.bin" --to stories
    models="$models stories"
else
    skip stories "no stories260K.bin in $data"
fi

# ---- every byte -------------------------------------------------------------

for model in $models; do
    for dtype in float32 float16 bfloat16; do
        holds "${model}_$dtype" convert --from $model --dtype $dtype \
            --to $model.$dtype.gguf
        if ! command -v python3 > /dev/null; then
            skip "${model}_${dtype}_is_read" "no python3"
        elif python3 "$root/tests/reference/read_gguf.py" \
            $model.$dtype.gguf $model $dtype > out 2> err; then
            ok "${model}_${dtype}_is_read"
        else
            bad "${model}_${dtype}_is_read" "$(cat out err)"
        fi
    done
done
# What was made from a tokenizer.bin stands in tokenizer.json too, but for the
# scores of characters, which no merge asks for.
mkdir json
cp -r untied json/untied
rm json/untied/tokenizer.bin
holds by_its_json convert --edited --from json/untied --to json.gguf
tail -c 50000 json.gguf > json.end
tail -c 50000 untied.float32.gguf > untied.end
same a_tokenizer_json_of_that_kind_will_do json.end untied.end
# By od as well: what it is, version 3, and the directory of a .bin file gives
# the same numbers but for the name.
if [ "$(head -c 4 tiny.float32.gguf)" = GGUF ] &&
    [ "$(od -An -tu1 -j4 -N4 tiny.float32.gguf | tr -s ' ')" = ' 3 0 0 0' ]
then ok begins_as_a_gguf
else bad begins_as_a_gguf "$(od -c tiny.float32.gguf | head -n 2)"; fi
mkdir bin other
holds to_bin convert --from tiny --to bin/tiny
holds to_llama2c convert --from bin/tiny --to tiny.bin
sed 's/"eos_token_id": [0-9]*/"eos_token_id": 1/' tiny/config.json > config
cp -r tiny other/tiny
cp config other/tiny/config.json
holds of_a_directory convert --edited --from other/tiny --to directory.gguf
holds of_a_llama2c_file convert --from tiny.bin --tokenizer tiny/tokenizer.bin \
    --to file.gguf
tail -c 700000 directory.gguf > directory.end
tail -c 700000 file.gguf > file.end
same a_llama2c_file_becomes_the_same directory.end file.end

# ---- what it cannot hold ----------------------------------------------------

expect no_heads 3 'no place for the head of a preference model' \
    convert --from "$tiny/preference" --to no.gguf
mkdir ids
cp tiny/config.json tiny/model.safetensors ids
expect no_ids 3 'no place for a tokenizer of another kind than tokenizer.bin' \
    convert --from ids --to no.gguf
cp -r tiny ends
echo '{"eos_token_id": [1, 2]}' > ends/generation_config.json
expect one_end 3 'no place for more than one token that ends' \
    convert --edited --from ends --to no.gguf
expect float16_is_of_a_gguf 2 'float16 is for NAME.gguf' \
    convert --from tiny --dtype float16 --to half
expect float16_is_not_of_a_bin 2 'float32 always' \
    convert --from tiny --dtype float16 --to half.bin
echo mine > there.gguf
cp there.gguf before
expect what_is_there_stays 2 'there.gguf exists' convert --from tiny \
    --to there.gguf
same what_is_there_stayed there.gguf before
holds what_is_there_is_replaced convert --from tiny --to there.gguf --force
same it_is_a_gguf_then there.gguf tiny.float32.gguf
# A number of the embedding as float32: 0x477fef00 is 65519, which float16
# rounds to 65504, its last; 65520 would be 65536.
cp tiny.bin large.bin
number() { printf "$1" | dd of=large.bin bs=1 seek=28 conv=notrunc 2> err; }
number '\000\357\177\107'
holds the_last_of_float16 convert --from large.bin \
    --tokenizer tiny/tokenizer.bin --dtype float16 --to last.gguf
number '\000\360\177\107'
expect too_large_for_float16 6 '1 weights .*too large for float16' convert \
    --from large.bin --tokenizer tiny/tokenizer.bin --dtype float16 --to no.gguf
holds large_enough_for_bfloat16 convert --from large.bin \
    --tokenizer tiny/tokenizer.bin --dtype bfloat16 --to large.gguf
# a vocabulary whose last piece is another: score 0, length, bytes
last=$(od -An -v -tu1 tok.bin | awk '{ for (i = 1; i <= NF; i++) b[n++] = $i }
    END { for (at = 4; at < n; at += 8 + b[at + 4]) { before = last; last = at }
        print last, last - before - 8, before }')
vocabulary() {  # bytes in octal
    cp -r untied broken
    rm -f broken/tokenizer.json  # that of the tokenizer which is replaced
    # shellcheck disable=SC2059
    { head -c "${last%% *}" tok.bin
      printf '\000\000\000\000'
      printf "$(printf '\\%03o' "$(printf "$1" | wc -c)")"'\000\000\000'
      printf "$1"; } > broken/tokenizer.bin
}
for bytes in '\303' '\303a' '\300\200' '\340\200' '\377' '\360\220\200'; do
    vocabulary "$bytes"
    expect "pieces_are_utf8 $bytes" 3 'piece 274 of .* is not UTF-8' \
        convert --edited --from broken --to no.gguf
    rm -r broken
done
for bytes in '\303\251' '\342\202\254' '\360\237\230\200'; do
    vocabulary "$bytes"
    holds "pieces_are_utf8_of_any_length $bytes" convert --edited \
        --from broken --to any.gguf --force
    rm -r broken
done
vocabulary "$(tail -c "+$((${last##* } + 9))" tok.bin |
    head -c "$(echo "$last" | cut -d ' ' -f 2)")"
expect pieces_differ 3 'pieces .* of the tokenizer are the same' \
    convert --edited --from broken --to no.gguf
if [ -e no.gguf ]; then bad nothing_is_written "no.gguf is there"
else ok nothing_is_written; fi

# ---- llama.cpp --------------------------------------------------------------

greedy() {  # model, dtype, prompts..: 200 tokens of both
    model=$1 dtype=$2
    shift 2
    node "$root/tests/reference/llama_greedy.mjs" "$npm" \
        $model.$dtype.gguf 200 "$@" > theirs 2> err || {
        bad "llama_cpp_reads_$model.$dtype" "$(head -c 300 err)"; return; }
    for prompt in "$@"; do
        "$tool" sample --policy $model --prompt "$prompt" --greedy \
            --max-tokens 200 > said
        sed 's/\\/\\\\/g; s/"/\\"/g' said | awk '
            { all = all (NR > 1 ? "\\n" : "") $0 }
            END { sub(/^ */, "", all); sub(/ *$/, "", all)
                print "\"" all "\"" }'
    done > ours
    same "llama_cpp_says_the_same_$model.$dtype" theirs ours
}
if command -v node > /dev/null && [ -d "$npm/node_modules/node-llama-cpp" ]
then
    for dtype in float32 float16; do
        [ ! -d stories ] || greedy stories $dtype "" "Once upon a time" \
            "Lily and Tom went to the"
    done
    greedy tiny float32 "tell me a story about a red cat ." \
        "what is a green mouse ?" "the"
else
    skip llama_cpp "no node, or no node-llama-cpp in $npm"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
