/* align_shards.c - parts of an iteration, by several processes */

#include "align.h"
#include "fields.h"
#include "files.h"
#include "judge_protocol.h"
#include "signals.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --shard I/N samples or judges the I-th of N parts of an iteration's prompts;
 * a row for each goes to OUT/shards/iterT.sample.IofN.jsonl, or .judge.:
 *   {"round": "9f..", "prompt": 17, "responses_ids": [[5, 9, 2], ..],
 *    "finished": [true, ..]}
 *   {"round": "9f..", "prompt": 17, "probabilities": [[0.5, ..], ..]}
 * Nothing else is written and nothing locked, so that shards work side by
 * side.  --merge N takes the N files, in order, in the place of the work.
 * The round is a digest of settings, iteration, prompts and weights, so that
 * rows of another are refused.  Of folders and files what is in them counts,
 * not where they are.                                                       */
static void round_digest(run *r)
{
    tool *t = r->t;
    const parser *p = &t->parse;
    uint64_t digest = (uint64_t)r->play.iteration;
    char value[PATH_ROOM];
    int i;

    for (i = 0; i < p->count; i++) {
        if (p->options[i].type == OPTION_TEXT || !option_matters(p, i))
            continue;
        option_value(p, i, value, sizeof value);
        digest = sppo_digest(digest, p->options[i].name,
                             strlen(p->options[i].name));
        digest = sppo_digest(digest, value, strlen(value));
    }
    if (t->set.judge)
        digest = sppo_digest(digest, t->set.judge, strlen(t->set.judge));
    digest = digest_lists(digest, &t->prompts);
    digest = sppo_digest(digest, t->policy.weights,
                         t->policy.count * sizeof *t->policy.weights);
    digest = sppo_digest(digest, t->preference.weights,
                         t->preference.count * sizeof *t->policy.weights);
    digest = digest_lists(digest, &t->gold);
    digest = sppo_digest(digest, r->play.reference.weights,
                         r->play.reference.count * sizeof(sppo_real));
    digest_write(digest, r->digest);
}

static void shard_path(run *r, const char *what, int shard, int of,
                       char path[PATH_ROOM])
{
    char name[64];

    snprintf(name, sizeof name, "shards/iter%d.%s.%dof%d.jsonl",
             r->play.iteration + 1, what, shard, of);
    path_join(path, r->t->set.out, name);
}

/* Prompts of the round before those of a shard. */
static int shard_begin(const run *r, int shard, int of)
{
    return (int)((int64_t)r->play.round.count * (shard - 1) / of);
}

static sppo_result shard_numbers(tool *t, int *shard, int *of)
{
    char end;

    if (sscanf(t->set.shard, "%5d/%5d%c", shard, of, &end) == 2 &&
        *shard >= 1 && *shard <= *of && *of <= 9999)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--shard wants I/N with 1 <= I "
                     "<= N <= 9999, as 2/4, not \"%.60s\"", t->set.shard);
}

static void write_row_begin(run *r, int p)
{
    buffer_format(&r->out.line, "{\"round\": \"%s\", \"prompt\": %d, ",
                  r->digest, p);
}

static void write_responses_ids(buffer *out, const sppo_lists *y, int list,
                                int k)
{
    int i, j;

    buffer_format(out, "\"responses_ids\": [");
    for (i = 0; i < k; i++) {
        buffer_format(out, i ? ", [" : "[");
        for (j = 0; j < sppo_lists_length(y, list + i); j++)
            buffer_format(out, "%s%d", j ? ", " : "",
                          sppo_lists_tokens(y, list + i)[j]);
        buffer_add(out, "]", 1);
    }
    buffer_add(out, "]", 1);
}

static sppo_result shard_save(run *r, const char *what, int shard, int of)
{
    tool *t = r->t;
    char path[PATH_ROOM];

    progress_end(&t->console);
    if (caught)
        return sppo_fail(&t->ctx, SPPO_E_STOPPED, "stopped; a shard begins "
                         "anew when it is run again");
    TRY(buffer_check(&r->out.line));
    shard_path(r, what, shard, of, path);
    TRY(sppo_file_write(&t->ctx, path, r->out.line.data, r->out.line.length));
    note(&t->console, "%s holds prompts %d to %d of %d", path,
         shard_begin(r, shard, of) + 1, shard_begin(r, shard + 1, of),
         r->play.round.count);
    return SPPO_OK;
}

enum { SHARD_AT_ONCE = 32 };

/* Samples prompts [from, to) of the round. */
static sppo_result shard_draw(run *r, int from, int to)
{
    tool *t = r->t;
    int p, n;

    for (p = from; p < to && !caught; p += n) {
        n = to - p < SHARD_AT_ONCE ? to - p : SHARD_AT_ONCE;
        TRY(sppo_play_draw(&t->ctx, &r->play, p, n, &t->responses));
        progress_show(&t->console, p + n - from,
                      t->responses.start[t->responses.count], "%s", "");
    }
    return SPPO_OK;
}

static sppo_result shard_sample(run *r, int shard, int of)
{
    tool *t = r->t;
    const int from = shard_begin(r, shard, of), k = r->play.config.k;
    const int to = shard_begin(r, shard + 1, of);
    int p;

    TRY(shard_draw(r, from, to));
    buffer_clear(&r->out.line);
    for (p = from; p < to && !caught; p++) {
        write_row_begin(r, p);
        write_responses_ids(&r->out.line, &t->responses, (p - from) * k, k);
        buffer_add(&r->out.line, ", ", 2);
        write_finished(&r->out, &t->responses, (p - from) * k, k);
        buffer_add(&r->out.line, "}\n", 2);
    }
    return shard_save(r, "sample", shard, of);
}

/* All rows of one shard's file; take reads the one of prompt p. */
static sppo_result shard_read(run *r, const char *what, int shard, int of,
                              sppo_result (*take)(run *r, int p))
{
    tool *t = r->t;
    const int to = shard_begin(r, shard + 1, of);
    char path[PATH_ROOM];
    int p, more;

    shard_path(r, what, shard, of, path);
    TRY(path_look(&t->ctx, path, &more));
    if (!more)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s is missing; --phase %s "
                         "--shard %d/%d writes it", path, what, shard, of);
    TRY(open_rows(t, path));
    for (p = shard_begin(r, shard, of); p < to; p++) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s ends before prompt "
                             "%d of %d; run the shard again", path, p + 1,
                             r->play.round.count);
        TRY(rows_text(&t->rows, "round", &t->rows.text));
        if (strcmp(t->rows.text.data, r->digest) != 0)
            return rows_fail(&t->rows, "belongs to another iteration, other "
                             "settings or weights (round %.20s, not %s); run "
                             "the shard again", t->rows.text.data, r->digest);
        if (sppo_json_number(&t->rows.json, rows_find(&t->rows, "prompt")) != p)
            return rows_fail(&t->rows, "\"prompt\" must be %d here", p);
        TRY(take(r, p));
    }
    TRY(rows_next(&t->rows, &more));
    return more ? rows_fail(&t->rows, "is one row more than the shard has "
                            "prompts; run the shard again") : SPPO_OK;
}

static sppo_result take_responses(run *r, int p)
{
    tool *t = r->t;
    const sppo_json *json = &t->rows.json;
    const int array = rows_find(&t->rows, "responses_ids");
    const int most = r->play.config.sampling.max_tokens;
    int node, finished;

    (void)p;
    if (array < 0 || json->node[array].type != SPPO_JSON_ARRAY ||
        json->node[array].count != r->play.config.k)
        return rows_fail(&t->rows, "\"responses_ids\" must be an array of %d "
                         "responses", r->play.config.k);
    TRY(rows_finished(t, r->play.config.k, &finished));
    for (node = json->node[array].first; node >= 0;
         node = json->node[node].next) {
        if (json->node[node].count < 1 || json->node[node].count > most)
            return rows_fail(&t->rows, "a response must have 1 to %d tokens",
                             most);
        TRY(ids_list(t, "responses_ids", node, r->into));
    }
    return SPPO_OK;
}

static sppo_result take_probabilities(run *r, int p)
{
    const int k = r->play.config.k;
    const char *why = probabilities_read(&r->t->rows.json, k,
                                         r->merged + cells(p, k));

    return why ? rows_fail(&r->t->rows, "%s", why) : SPPO_OK;
}

/* Room for the judgements of the whole round. */
static sppo_result merged_begin(run *r)
{
    const int k = r->play.config.k;

    r->merged = (double *)sppo_alloc(&r->t->ctx, (size_t)r->play.round.count,
                                     cells(1, k) * sizeof(double));
    return r->merged ? SPPO_OK : r->t->ctx.code;
}

static void merged_end(run *r)
{
    const int k = r->play.config.k;

    sppo_release(&r->t->ctx, r->merged, (size_t)r->play.round.count *
                 cells(1, k) * sizeof(double));
    r->merged = NULL;
}

/* The shard's prompts with their responses, from the checkpoint when they are
 * in it, else from the shard's own samples.                                 */
static sppo_result shard_ask(run *r, int shard, int of)
{
    tool *t = r->t;
    const sppo_play *play = &r->play;
    const int from = shard_begin(r, shard, of), k = play->config.k;
    const int to = shard_begin(r, shard + 1, of);
    sppo_lists view = play->round.responses;
    double tokens = 0.0;
    int p, n;

    if (play->phase == SPPO_PHASE_JUDGE) {
        view.start += from * k;
    } else {
        r->into = &t->responses;
        TRY(shard_read(r, "sample", shard, of, take_responses));
        view = t->responses;
    }
    for (p = from; p < to && !caught; p += n, view.start += n * k) {
        n = to - p < SHARD_AT_ONCE ? to - p : SHARD_AT_ONCE;
        view.count = n * k;
        TRY(t->judge.fill(&t->ctx, t->judge.user, &t->prompts, &view, k,
                          play->round.first + p, n, r->merged + cells(p, k)));
        tokens += view.start[view.count] - view.start[0];
        progress_show(&t->console, p + n - from, tokens, "%s", "");
    }
    TRY(judge_finish(&t->process));
    buffer_clear(&r->out.line);
    for (p = from; p < to && !caught; p++) {
        write_row_begin(r, p);
        write_probabilities(&r->out.line, r->merged + cells(p, k), k);
        buffer_add(&r->out.line, "}\n", 2);
    }
    return shard_save(r, "judge", shard, of);
}

sppo_result align_shard(run *r)
{
    tool *t = r->t;
    char path[PATH_ROOM];
    int shard, of, kind;
    sppo_result result;

    TRY(shard_numbers(t, &shard, &of));
    path_join(path, t->set.out, "shards");
    TRY(sppo_folder_make(&t->ctx, path));
    TRY(path_look(&t->ctx, t->folder.checkpoint, &kind));
    if (kind)
        TRY(sppo_play_load(&t->ctx, &r->play, r->t->folder.checkpoint));
    TRY(align_stop(r));
    if (r->ended[0]) {
        note(&t->console, "there is nothing to share out: %s", r->ended);
        return SPPO_OK;
    }
    if (r->play.phase != SPPO_PHASE_SAMPLE &&
        (t->set.phase == 1 || r->play.phase != SPPO_PHASE_JUDGE))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "iteration %d of the run "
                         "in %s is already %s", r->play.iteration + 1,
                         t->set.out, r->play.phase == SPPO_PHASE_JUDGE
                         ? "sampled" : "judged");
    round_digest(r);
    progress_begin(&t->console, t->set.phase == 1 ? "sample" : "judge", 0.0,
                   shard_begin(r, shard + 1, of) - shard_begin(r, shard, of));
    t->console.later = 0.0;
    if (t->set.phase == 1)
        return shard_sample(r, shard, of);
    TRY(merged_begin(r));
    result = shard_ask(r, shard, of);
    merged_end(r);
    return result;
}

static sppo_result judge_merged(sppo_ctx *ctx, void *user,
                                const sppo_lists *prompts,
                                const sppo_lists *responses, int k, int first,
                                int count, double *pairwise)
{
    const run *r = (const run *)user;
    const int from = first - r->play.round.first;

    (void)ctx, (void)prompts, (void)responses;
    memcpy(pairwise, r->merged + cells(from, k),
           cells(count, k) * sizeof *pairwise);
    return SPPO_OK;
}

/* What has been merged is in the checkpoint, since now or since a process that
 * was killed before it came to this.                                        */
static sppo_result shards_remove(run *r, const char *what)
{
    sppo_ctx *ctx = &r->t->ctx;
    char path[PATH_ROOM];
    int shard;

    for (shard = 1; shard <= r->t->set.merge; shard++) {
        shard_path(r, what, shard, r->t->set.merge, path);
        TRY(path_remove(ctx, path));
    }
    path_join(path, r->t->set.out, "shards");
    return path_remove(ctx, path);  // when it is empty
}

static sppo_result merge_samples(run *r)
{
    sppo_play *play = &r->play;
    sppo_result result = SPPO_OK;
    int shard;

    sppo_lists_clear(&play->round.responses);
    r->into = &play->round.responses;
    for (shard = 1; shard <= r->t->set.merge && result == SPPO_OK; shard++)
        result = shard_read(r, "sample", shard, r->t->set.merge,
                            take_responses);
    TRY(result);
    play->done = play->round.count;  // nothing is left to sample
    return align_phase(r);
}

static sppo_result merge_judgements(run *r)
{
    const sppo_judge judge = r->t->judge;
    sppo_result result = SPPO_OK;
    int shard;

    TRY(merged_begin(r));
    for (shard = 1; shard <= r->t->set.merge && result == SPPO_OK; shard++)
        result = shard_read(r, "judge", shard, r->t->set.merge,
                            take_probabilities);
    if (result == SPPO_OK) {
        r->t->judge.fill = judge_merged;
        r->t->judge.user = r;
        r->play.done = 0;
        result = align_phase(r);
        r->t->judge = judge;
    }
    merged_end(r);
    return result;
}

sppo_result align_merge(run *r)
{
    sppo_play *play = &r->play;

    round_digest(r);
    if (play->phase == SPPO_PHASE_SAMPLE)
        TRY(merge_samples(r));
    TRY(shards_remove(r, "sample"));
    if (play->phase == SPPO_PHASE_JUDGE && r->t->set.phase > 1)
        TRY(merge_judgements(r));
    if (play->phase > SPPO_PHASE_JUDGE)
        TRY(shards_remove(r, "judge"));
    return SPPO_OK;
}
