#!/bin/sh
# test_clients.sh - what the tool writes, in the programs that people have
#
# Run     tests/test_clients.sh build/sppo build/scratch    (tool, scratch)
# Prints  as test_rows.sh
#
# Tokenizers: the ids of 6,000 texts by Hugging Face's own programs, where node
# and these packages are: npm install in a folder that SPPO_NPM names, of
# tokenizers, @huggingface/tokenizers, @huggingface/transformers. Texts with
# <s>, </s>, <unk> or U+2581 are left out: of these the programs make special
# tokens and blanks, and the tool text.

. "$(dirname "$0")/tool.sh"
begin "$@"
modules=${SPPO_NPM:-$root/../npm}/node_modules
NODE_PATH=$modules
export NODE_PATH
texts=${SPPO_TEXTS:-6000}
clients=$root/tests/clients.cjs

# ---- models -----------------------------------------------------------------

shape="--dim 16 --layers 1 --heads 2 --hidden 16 --context 512"
# shellcheck disable=SC2086  # the settings are meant to be split
{
holds a_model "$tool" convert --from "$root/tiny_models/policy" --to tiny
holds a_vocabulary "$tool" tokenizer --text "$root/sppo.h" --vocab 1500 \
    --out tok.bin
holds another_model "$tool" pretrain --text "$root/README.md" --tokenizer \
    tok.bin $shape --steps 1 --batch 1 --holdout 0 --out own
}
# without its tokenizer.bin a model reads the same from its tokenizer.json
printf '{"prompt": "tell me", "response": "%s"}\n' 'a story about a cat .' \
    'static sppo_result  x = y;\n\n' '\u2764\ufe0f \u0000 caf\u00e9' \
    ' ' > few.jsonl
for model in tiny own; do
    cp -r $model json
    rm json/tokenizer.bin
    "$tool" score --policy $model --jsonl few.jsonl --per-token > bin.ids
    "$tool" score --policy json --jsonl few.jsonl --per-token > json.ids
    rm -r json
    if [ "$(wc -l < bin.ids)" -eq 4 ]; then
        same "${model}_is_read_back" bin.ids json.ids
    else bad "${model}_is_read_back" "$(cat bin.ids)"; fi
done

# ---- tokenizers ---------------------------------------------------------------

if ! command -v node > /dev/null; then
    skip clients_of_tokenizers "there is no node"
else
    node "$clients" texts "$texts" 7 > texts.jsonl
    for model in tiny own; do
        "$tool" score --policy $model --jsonl texts.jsonl --per-token 2> err |
            sed 's/.*"response_ids": \[//; s/, 2\]}$//; s/^2\]}$//; s/ //g' \
            > $model.ours
        lines=$(wc -l < $model.ours)
        if [ "$lines" -ge "$texts" ]; then ok "${model}_takes_all_texts"
        else bad "${model}_takes_all_texts" "$lines: $(head -c 200 err)"; fi
        for name in tokenizers @huggingface/tokenizers \
            @huggingface/transformers; do
            if [ ! -e "$modules/$name" ]; then
                skip "$model: $name" "it is not in $modules"
                continue
            fi
            node "$clients" ids "$name" "$work/$model" texts.jsonl 2> err |
                tr -d '[]' > theirs
            if cmp -s theirs $model.ours; then ok "$model: $name"; else
                bad "$model: $name" "$(diff theirs $model.ours | grep -c '^<') \
of $texts differ, first $(cmp theirs $model.ours 2>&1 | head -n 1) $(head -c 200 err)"
            fi
        done
    done
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
