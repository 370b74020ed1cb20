/* lab.c - what all experiments of a seed need */
#define _POSIX_C_SOURCE 200809L  // mkdir

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab.h"

void stop(const char *message)
{
    fprintf(stderr, "repro: %s\n", message);
    exit(1);
}

void check(const lab *l, sppo_result result)
{
    if (result != SPPO_OK)
        stop(l->ctx.message);
}

void *room(lab *l, size_t count, size_t size)
{
    void *block = sppo_alloc(&l->ctx, count, size);

    check(l, block ? SPPO_OK : SPPO_E_MEMORY);
    return block;
}

uint64_t chance_key(const lab *l, enum chance c)
{
    return sppo_random_fork(l->seed, (uint64_t)c);
}

dice chance_dice(const lab *l, enum chance c, int row)
{
    dice d = { 0, 0 };

    d.key = sppo_random_fork(chance_key(l, c), (uint64_t)row);
    return d;
}

void note(lab *l, const char *who, int iteration, const char *metric,
          int index, double value)
{
    if (!store_add(&l->cell, (int)l->seed, who, iteration, metric, index,
                   value))
        stop("out of memory for what was measured");
}

/* Notes the mean, and under the same name the list when it is wanted. */
double note_mean(lab *l, const char *who, int iteration,
                 const char *metric, const double *x, int n, int list)
{
    double mean = 0.0;
    int i;

    for (i = 0; i < n; i++)
        mean += x[i] / n;
    for (i = 0; list && i < n; i++)
        note(l, who, iteration, metric, i, x[i]);
    note(l, who, iteration, metric, -1, mean);
    return mean;
}

/* ==== words and tokens =================================================== */

int vocabulary(const task *t)
{
    return WORDS + t->words;
}

/* Appends `before` (0: none), the words, and `after`.  A word that the task
 * does not know, which only an untrained policy says, is token 0.           */
void add_words(lab *l, sppo_lists *lists, int before, const text *words,
               int after)
{
    int token[RESPONSE_WORDS + 2], n = 0, i;

    if (before)
        token[n++] = before;
    for (i = 0; i < words->count; i++)
        token[n++] = words->word[i] < l->t.words ? WORDS + words->word[i] : 0;
    if (after)
        token[n++] = after;
    check(l, sppo_lists_add(&l->ctx, lists, token, n));
}

void add_prompt(lab *l, sppo_lists *lists, const scene *s)
{
    text words;

    prompt_words(&l->t, s, &words);
    add_words(l, lists, BOS, &words, ANSWER);
}

/* The words of a response, without EOS.  A frame token in it is a word that
 * the task does not know.                                                   */
void read_words(const sppo_lists *lists, int list, text *out)
{
    const int *token = sppo_lists_tokens(lists, list);
    const int n = sppo_lists_length(lists, list);
    int i;

    out->count = 0;
    for (i = 0; i < n && token[i] != EOS; i++)
        out->word[out->count++] =
            token[i] < WORDS ? MAX_VOCABULARY : token[i] - WORDS;
}

void draw_asked(lab *l, asked *a, enum chance c, int count, int skill)
{
    int i;

    a->scene = (scene *)room(l, (size_t)count, sizeof *a->scene);
    for (i = 0; i < count; i++) {
        dice d = chance_dice(l, c, i);

        scene_draw(&l->t, &d, skill ? (int)BACKWARDS : dice_pick(&d, BACKWARDS),
                   &a->scene[i]);
        add_prompt(l, &a->ids, &a->scene[i]);
    }
}

void asked_free(lab *l, asked *a)
{
    sppo_release(&l->ctx, a->scene, (size_t)a->ids.count * sizeof *a->scene);
    sppo_lists_free(&l->ctx, &a->ids);
    memset(a, 0, sizeof *a);
}

/* ==== models on disk ===================================================== */

static void model_path(const lab *l, char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s/%s/seed%d-%s", l->folder, l->plan->name,
             set_name[l->plan->set], (int)l->seed, name);
}

void save_model(lab *l, const sppo_model *model, const char *name)
{
    char path[512];

    model_path(l, path, name);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        stop("a folder for a model cannot be made");
    check(l, sppo_model_save(&l->ctx, model, path));
}

void load_model(lab *l, sppo_model *model, const char *name)
{
    char path[512];

    model_path(l, path, name);
    check(l, sppo_model_load(&l->ctx, model, path));
}

/* ==== models at work ===================================================== */

void begin_forest(lab *l, sppo_forest *forest, sppo_activations *acts,
                  const sppo_model *model, int way)
{
    check(l, sppo_forest_init(&l->ctx, forest, PASS_TOKENS, 1024));
    check(l, sppo_activations_init(&l->ctx, acts, model, PASS_TOKENS, 1024,
                                   model->config.context, way));
}

void end_forest(lab *l, sppo_forest *forest, sppo_activations *acts)
{
    sppo_forest_free(&l->ctx, forest);
    sppo_activations_free(&l->ctx, acts);
}

void sample(lab *l, const sppo_model *policy, const sppo_lists *prompts,
            int k, int greedy, uint64_t key, sppo_lists *out)
{
    sppo_sampling how = { 0 };
    sppo_sampler sampler;

    how.greedy = greedy;
    how.max_tokens = l->plan->longest;
    check(l, sppo_sampler_init(&l->ctx, &sampler, policy, 32, k, 32,
                               l->plan->longest));
    check(l, sppo_sample(&l->ctx, &sampler, policy, prompts, 0, prompts->count,
                         &how, key, out));
    sppo_sampler_free(&l->ctx, &sampler);
}

/* log model(y|x) of k responses to each prompt. */
void log_probabilities(lab *l, const sppo_model *model,
                       const sppo_lists *prompts,
                       const sppo_lists *responses, int k, double *out)
{
    sppo_forest forest;
    sppo_activations acts;
    int p, first, i, at;

    begin_forest(l, &forest, &acts, model, SPPO_FORWARD);
    for (p = 0; p < prompts->count; p = at) {
        sppo_forest_clear(&forest);
        for (at = p; at < prompts->count && at < p + 16; at++) {
            const int root = sppo_forest_add(
                &forest, -1, sppo_lists_tokens(prompts, at),
                sppo_lists_length(prompts, at), 0);

            for (i = 0; i < k; i++)
                sppo_forest_add(&forest, root,
                                sppo_lists_tokens(responses, at * k + i),
                                sppo_lists_length(responses, at * k + i), 1);
        }
        check(l, sppo_forward(&l->ctx, &acts, model, &forest));
        for (first = p; p < at; p++)
            for (i = 0; i < k; i++)
                out[p * k + i] = sppo_segment_logprob(
                    &acts, &forest, (p - first) * (k + 1) + 1 + i);
    }
    end_forest(l, &forest, &acts);
}
