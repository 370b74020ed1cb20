/* The files of an array job's shards: the first byte says whether the rest is
 * what was sampled or what was judged; both are merged into a run.  A round's
 * digest in the input becomes that of this run, or no row would be read.    */
#include "fuzz.h"
#include "mutate.h"
#include "tool_world.h"

#include "../../examples/tool/align.h"

static char round_now[DIGEST_ROOM];  // the digest of the run's round

/* A run of two prompts in the folder, as far as align.c brings it. */
static void run_begin(run *r, tool *t, int phase)
{
    static const int token[] = { 1, 260, 261 };
    sppo_play_config config;

    memset(r, 0, sizeof *r);
    world_begin(t, "align", ALIGN);
    r->t = t;
    writer_begin(&r->out, t);
    t->set.out = fuzz_folder();
    t->set.k = 2, t->set.iterations = 1, t->set.max_tokens = 4;
    t->set.eta = 30, t->set.batch = 1, t->set.phase = phase, t->set.merge = 1;
    config = play_config(t);
    if (sppo_lists_add(&t->ctx, &t->prompts, token, 3) ||
        sppo_lists_add(&t->ctx, &t->prompts, token, 2) ||
        run_folder_open(&t->folder, &t->parse, &t->console, t->set.out, 0) ||
        sppo_play_init(&t->ctx, &r->play, &config, &t->policy, &t->prompts))
        fuzz_finding("no run", &t->ctx);
    align_logs_open(r);
}

static void run_end(run *r, tool *t)
{
    sppo_play_free(&t->ctx, &r->play);
    metrics_close(&r->metrics);
    writer_free(&r->out);
}

/* The run's own samples, once: their digest, and what is judged. */
static const uint8_t *own_samples(size_t *size)
{
    static uint8_t samples[4096];
    static size_t length;
    static tool t;
    FILE *file = NULL;
    run r;

    if (length == 0) {
        run_begin(&r, &t, 1);
        t.set.shard = "1/1";
        if (align_shard(&r) ||
            !(file = fopen(fuzz_place("shards/iter1.sample.1of1.jsonl"),
                           "rb")))
            fuzz_finding("no shard", &t.ctx);
        length = fread(samples, 1, sizeof samples, file);
        fclose(file);
        snprintf(round_now, sizeof round_now, "%s", r.digest);
        run_end(&r, &t);
        world_end(&t, 0, (size_t)1 << 20);
    }
    *size = length;
    return samples;
}

/* Puts our digest in the place of what stands after "round": ". */
static void own_round(uint8_t *data, size_t size)
{
    static const char key[] = "\"round\": \"";
    const size_t length = sizeof key - 1;
    size_t at;

    for (at = 0; at + length + 16 <= size; at++)
        if (!memcmp(data + at, key, length))
            memcpy(data + at + length, round_now, 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const place[] = { "shards/iter1.sample.1of1.jsonl",
                                         "shards/iter1.judge.1of1.jsonl" };
    const int judged = size > 0 && data[0] % 2;
    const uint8_t *samples;
    size_t length, before;
    uint8_t *rows;
    static tool t;
    run r;

    if (size < 1)
        return 0;
    samples = own_samples(&length);
    rows = (uint8_t *)malloc(size);
    memcpy(rows, data + 1, size - 1);
    own_round(rows, size - 1);
    run_begin(&r, &t, 1 + judged);
    before = t.ctx.peak;
    mkdir(fuzz_place("shards"), 0700);
    if (judged)
        fuzz_file(place[0], samples, length);
    fuzz_file(place[judged], rows, size - 1);
    free(rows);
    fuzz_result(&t.ctx, align_merge(&r));
    run_end(&r, &t);
    world_end(&t, size, before);
    return 0;
}
