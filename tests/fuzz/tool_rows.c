/* Files of rows: the first byte says which, the rest is the file. */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

#include "../../examples/tool/corpus.h"
#include "../../examples/tool/fields.h"
#include "../../examples/tool/judgments.h"
#include "../../examples/tool/preferences.h"

static sppo_result read_corpus(tool *t, const char *path)
{
    sppo_result result;
    corpus c;

    memset(&c, 0, sizeof c);
    t->set.jsonl = path;
    result = corpus_load(t, &c);
    corpus_free(t, &c);
    return result;
}

static sppo_result read_preferences(tool *t, const char *path)
{
    sppo_result result;
    preferences p;

    memset(&p, 0, sizeof p);
    t->set.preferences = path;
    t->set.holdout = 0.1;
    t->preference.config = world_policy.config;
    result = preferences_load(t, &p);
    preferences_free(t, &p);
    return result;
}

static sppo_result read_judgments(tool *t, const char *path)
{
    sppo_result result;
    judgments j;

    memset(&j, 0, sizeof j);
    j.names.ctx = &t->ctx;
    t->set.judgments = path;
    result = evaluate_judgments(t, &j);
    judgments_free(t, &j);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path;
    sppo_result result;
    static tool t;

    if (size < 1)
        return 0;
    path = fuzz_file("rows.jsonl", data + 1, size - 1);
    switch (data[0] % 6) {
    case 0:
        world_begin(&t, "sample", SAMPLE);
        result = load_prompts(&t, path, &t.prompts);
        break;
    case 1:
        world_begin(&t, "pretrain", PRETRAIN);
        result = read_corpus(&t, path);
        break;
    case 2:
        world_begin(&t, "prefer", PREFER);
        result = read_preferences(&t, path);
        break;
    case 3:
        world_begin(&t, "evaluate", EVALUATE);
        result = read_judgments(&t, path);
        break;
    case 4:
        world_begin(&t, "score", SCORE);
        world_leave(&t);
        t.set.policy = world_model(SPPO_HEAD_NONE);
        t.set.jsonl = fuzz_place("rows.jsonl");
        result = run_score(&t);
        break;
    default:
        world_begin(&t, "tokenizer", TOKENIZER);
        world_leave(&t);
        t.set.jsonl = path;
        t.set.out = "/dev/null/none";  // read, learnt from, not written
        t.set.vocab = SPPO_PIECES + 2;
        result = run_tokenizer(&t);
    }
    fuzz_result(&t.ctx, result);
    world_end(&t, size, 0);
    return 0;
}
