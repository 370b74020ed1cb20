/* align_report.c - what a run writes for `sppo report` alone: how the policy
 * responds to a few prompts, and where the time goes                        */

#include "align.h"
#include "files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

void align_shown_open(run *r)
{
    path_join(r->samples, r->t->set.out, "samples.jsonl");
    path_join(r->timing, r->t->set.out, "timing.csv");
}

/* ---- samples.jsonl ---- */

static sppo_result write_samples(run *r, int iteration,
                                 const sppo_lists *prompts,
                                 const sppo_lists *responses)
{
    row_writer *out = &r->out;
    int i;

    TRY(log_cut(&out->line, r->samples, "", iteration - 1, INT_MAX));
    buffer_clear(&out->line);
    for (i = 0; i < responses->count; i++) {
        buffer_format(&out->line, "{\"iteration\": %d, ", iteration);
        write_named(out, "prompt", prompts, i);
        buffer_add(&out->line, ", ", 2);
        write_named(out, "response", responses, i);
        buffer_format(&out->line, ", \"finished\": %s}\n",
                      sppo_finished(out->policy, responses, i) ? "true"
                                                               : "false");
    }
    TRY(writer_check(out));
    return log_append(&r->t->ctx, r->samples, &out->line);
}

/* Prompts that are not trained on, where there are any; the same draws each
 * time, so that what differs is the policy.                                 */
sppo_result align_log_samples(run *r, int iteration)
{
    enum { SHOWN = 4 };
    tool *t = r->t;
    const sppo_lists *prompts = t->set.validation ? &r->test : &t->prompts;
    const int count = prompts->count < SHOWN ? prompts->count : SHOWN;
    const sppo_sampling sampling = sampling_settings(&t->set);
    sppo_sampler sampler;
    sppo_lists responses;
    sppo_result result;

    memset(&sampler, 0, sizeof sampler);
    memset(&responses, 0, sizeof responses);
    result = sppo_sampler_init(&t->ctx, &sampler, &t->policy, 1, 1,
                               longest_list(prompts), t->set.max_tokens);
    if (result == SPPO_OK)
        result = sppo_sample(&t->ctx, &sampler, &t->policy, prompts, 0, count,
                             &sampling,
                             sppo_random_fork((uint64_t)t->set.seed, 1),
                             &responses);
    if (result == SPPO_OK)
        result = write_samples(r, iteration, prompts, &responses);
    sppo_sampler_free(&t->ctx, &sampler);
    sppo_lists_free(&t->ctx, &responses);
    return result;
}

/* ---- timing.csv ---- */

static const char timing_header[] = "iteration,phase,seconds,peak_mb\n";

/* The most memory that this process has had. */
static double peak_megabytes(void)
{
    struct rusage used;

    memset(&used, 0, sizeof used);
    getrusage(RUSAGE_SELF, &used);
#ifdef __APPLE__
    return (double)used.ru_maxrss / 1e6;
#else
    return (double)used.ru_maxrss * 1024.0 / 1e6;
#endif
}

sppo_result align_log_time(run *r, int iteration, sppo_phase phase)
{
    static const char *const names[] = { "sample", "judge", "judge", "fit",
                                         "save", "save" };
    const double now = seconds_now();

    buffer_clear(&r->out.line);
    buffer_format(&r->out.line, "%d,%s,%.3f,%.1f\n", iteration + 1,
                  names[phase], now - r->timed, peak_megabytes());
    r->timed = now;
    return log_append(&r->t->ctx, r->timing, &r->out.line);
}

/* ---- both ---- */

sppo_result align_shown_cut(run *r, int iteration)
{
    TRY(log_cut(&r->out.line, r->samples, "", iteration, INT_MAX));
    r->timed = seconds_now();
    return log_cut(&r->out.line, r->timing, timing_header, iteration + 1,
                   INT_MAX);
}
