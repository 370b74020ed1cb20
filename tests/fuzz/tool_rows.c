/* Files of rows: the first byte says which, the rest is the file. */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

#include "../../examples/tool/corpus.h"
#include "../../examples/tool/fields.h"
#include "../../examples/tool/mt_bench.h"
#include "../../examples/tool/preferences.h"
#include "../../examples/tool/questions.h"

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

static sppo_result read_kinds(tool *t)
{
    sppo_result result;
    question_kinds k;

    memset(&k, 0, sizeof k);
    result = question_kinds_read(t, &k);
    question_kinds_free(t, &k);
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
    switch (data[0] % 9) {
    case 0:
        world_begin(&t, "sample", SAMPLE);
        result = load_prompts(&t, path, &t.prompts, NULL);
        break;
    case 8:
        world_begin(&t, "align", ALIGN);
        result = load_prompts(&t, path, &t.prompts, &t.responses);
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
        t.set.judgments = path;
        result = run_evaluate(&t);
        break;
    case 4:
        world_begin(&t, "score", SCORE);
        world_leave(&t);
        t.set.policy = world_model(SPPO_HEAD_NONE);
        t.set.jsonl = fuzz_place("rows.jsonl");
        result = run_score(&t);
        break;
    case 6:
        world_begin(&t, "sample", SAMPLE);
        t.set.mt_bench = path;
        t.set.policy = "world";
        t.set.max_tokens = 2;
        result = answer_questions(&t);
        break;
    case 7:
        world_begin(&t, "evaluate", EVALUATE);
        t.set.mt_bench = path;
        result = read_kinds(&t);
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
