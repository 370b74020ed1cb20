/* average.c - who responds: one policy, or an average of several */

#include "average.h"
#include "files.h"

#include <stdio.h>
#include <string.h>

sppo_result average_look(sppo_ctx *ctx, const char *folder, int *is)
{
    char path[PATH_ROOM];

    *is = 0;
    if (strlen(folder) > PATH_MOST)
        return SPPO_OK;
    path_join(path, folder, "average.json");
    return path_look(ctx, path, is);
}

/* The list of an average.json; the failure has its name. */
static sppo_result average_list(sppo_ctx *ctx, const sppo_json *json,
                                const char *path, int *list)
{
    int i, good;

    *list = sppo_json_find(json, 0, "average");
    good = *list >= 0 && json->node[*list].type == SPPO_JSON_ARRAY &&
           json->node[*list].count >= 1 &&
           json->node[*list].count <= AVERAGE_MOST;
    for (i = good ? json->node[*list].first : -1; i >= 0;
         i = json->node[i].next)
        good &= json->node[i].type == SPPO_JSON_STRING;
    if (good)
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_FORMAT, "%.200s: \"average\" must be a list "
                     "of folders, 1 to %d", path, AVERAGE_MOST);
}

/* All policies of the list. */
static sppo_result average_models(tool *t, const char *folder,
                                  const sppo_json *json, int list,
                                  sppo_model *first, codec *tok, average *a)
{
    char name[PATH_ROOM], path[2 * PATH_ROOM];
    codec other;
    sppo_result result;
    int i, n = 0;

    a->count = json->node[list].count;
    a->bytes = (size_t)a->count * sizeof *a->more;
    a->more = (sppo_model *)sppo_alloc(&t->ctx, (size_t)a->count,
                                       sizeof *a->more);
    if (!a->more)
        return t->ctx.code;
    for (i = json->node[list].first; i >= 0; i = json->node[i].next, n++) {
        sppo_json_string(json, i, name, sizeof name);
        snprintf(path, sizeof path, "%s%s%s", *name == '/' ? "" : folder,
                 *name == '/' ? "" : "/", name);
        if (strlen(path) > PATH_MOST)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "the path %.60s.. of an "
                             "average is too long", path);
        memset(&other, 0, sizeof other);
        result = load_model(t, path, 0, n ? &a->more[n - 1] : first,
                            n ? &other : tok);
        if (result == SPPO_OK && n && !codec_same(tok, &other))
            result = sppo_fail(&t->ctx, SPPO_E_FORMAT, "%.200s has another "
                               "tokenizer than the first policy of %.200s",
                               path, folder);
        codec_free(&t->ctx, &other);
        TRY(result);
    }
    return SPPO_OK;
}

sppo_result average_load(tool *t, const char *folder, sppo_model *first,
                         codec *tok, average *a)
{
    char path[PATH_ROOM], *data = NULL;
    size_t size = 0;
    sppo_json json;
    sppo_result result;
    int is, list;

    memset(a, 0, sizeof *a);
    memset(&json, 0, sizeof json);
    a->first = first;
    a->count = 1;
    TRY(average_look(&t->ctx, folder, &is));
    if (!is)
        return load_model(t, folder, 0, first, tok);
    path_join(path, folder, "average.json");
    TRY(sppo_file_read(&t->ctx, path, &data, &size));
    result = sppo_json_parse(&t->ctx, &json, data, size, path);
    if (result == SPPO_OK)
        result = average_list(&t->ctx, &json, path, &list);
    if (result == SPPO_OK)
        result = average_models(t, folder, &json, list, first, tok, a);
    sppo_json_free(&t->ctx, &json);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

void average_free(sppo_ctx *ctx, average *a)
{
    int i;

    for (i = 0; a->more && i + 1 < a->count; i++)
        sppo_model_free(ctx, &a->more[i]);
    sppo_release(ctx, a->more, a->bytes);
    memset(a, 0, sizeof *a);
}

static const sppo_model *average_model(const average *a, int which)
{
    return which ? &a->more[which - 1] : a->first;
}

/* Who draws response i to prompt p. */
static int average_draw(const average *a, uint64_t key, int p, int i)
{
    const uint64_t coin = sppo_random_fork(key, 0x61766572);
    const double u = sppo_random_uniform(sppo_random_fork(coin, (uint64_t)p),
                                         (uint64_t)i);

    return (int)(u * a->count);
}

static int is_drawn(const average *a, uint64_t key, int which, int p, int k)
{
    int i;

    for (i = 0; i < k && average_draw(a, key, p, i) != which; i++) {
    }
    return i < k;
}

/* k responses of one policy, to all these prompts or, with a whole average, to
 * those of which it draws one.                                              */
static sppo_result respond_alone(sppo_ctx *ctx, const average *a, int which,
                                 const sppo_lists *prompts, int from,
                                 int count, int k,
                                 const sppo_sampling *sampling, uint64_t key,
                                 sppo_lists *responses)
{
    enum { AT_ONCE = 16 };
    const sppo_model *model = average_model(a, which);
    const int context = model->config.context;
    const int most = sampling->max_tokens < context ? sampling->max_tokens
                                                    : context;
    const int whole = a->count == 1;
    const int some = whole && count < AT_ONCE ? count : whole ? AT_ONCE : 1;
    sppo_sampler sampler;
    sppo_result result;
    int p;

    memset(&sampler, 0, sizeof sampler);
    TRY(sppo_sampler_init(ctx, &sampler, model, some, k, longest_list(prompts),
                          most));
    result = whole ? sppo_sample(ctx, &sampler, model, prompts, from, count,
                                 sampling, key, responses)
                   : SPPO_OK;
    for (p = from; p < from + count && !whole && result == SPPO_OK; p++)
        if (is_drawn(a, key, which, p, k))
            result = sppo_sample(ctx, &sampler, model, prompts, p, 1, sampling,
                                 sppo_random_fork(key, (uint64_t)which),
                                 responses);
    sppo_sampler_free(ctx, &sampler);
    return result;
}

/* Of what each has responded, what was drawn; next: room of a->count. */
static sppo_result respond_mixed(sppo_ctx *ctx, const average *a,
                                 const sppo_lists *of, int *next, int from,
                                 int count, int k, uint64_t key,
                                 sppo_lists *responses)
{
    int p, i, which;

    for (p = from; p < from + count; p++) {
        for (i = 0; i < k; i++) {
            which = average_draw(a, key, p, i);
            TRY(sppo_lists_add(ctx, responses,
                               sppo_lists_tokens(&of[which], next[which] + i),
                               sppo_lists_length(&of[which],
                                                 next[which] + i)));
        }
        for (which = 0; which < a->count; which++)
            next[which] += is_drawn(a, key, which, p, k) ? k : 0;
    }
    return SPPO_OK;
}

sppo_result average_respond(sppo_ctx *ctx, const average *a,
                            const sppo_lists *prompts, int from, int count,
                            int k, const sppo_sampling *sampling, uint64_t key,
                            sppo_lists *responses)
{
    const size_t size = (size_t)a->count * (sizeof(sppo_lists) + sizeof(int));
    sppo_lists *of;
    sppo_result result = SPPO_OK;
    int i;

    if (a->count == 1)
        return respond_alone(ctx, a, 0, prompts, from, count, k, sampling, key,
                             responses);
    of = (sppo_lists *)sppo_alloc(ctx, size, 1);
    if (!of)
        return ctx->code;
    for (i = 0; i < a->count && result == SPPO_OK; i++)
        result = respond_alone(ctx, a, i, prompts, from, count, k, sampling,
                               key, &of[i]);
    if (result == SPPO_OK)
        result = respond_mixed(ctx, a, of, (int *)(of + a->count), from, count,
                               k, key, responses);
    for (i = 0; i < a->count; i++)
        sppo_lists_free(ctx, &of[i]);
    sppo_release(ctx, of, size);
    return result;
}

sppo_result average_write(tool *t, const char *folder, int iterations)
{
    char path[PATH_ROOM];
    buffer out;
    sppo_result result;
    int i;

    memset(&out, 0, sizeof out);
    out.ctx = &t->ctx;
    buffer_format(&out, "{\"sppo\": \"%s\",\n \"average\": [", sppo_version());
    for (i = 1; i <= iterations; i++)
        buffer_format(&out, "%s\"../iter%d\"", i > 1 ? ", " : "", i);
    buffer_format(&out, "]}\n");
    path_join(path, folder, "average.json");
    result = buffer_check(&out);
    if (result == SPPO_OK)
        result = sppo_folder_make(&t->ctx, folder);
    if (result == SPPO_OK)
        result = sppo_file_write(&t->ctx, path, out.data, out.length);
    buffer_free(&out);
    return result;
}
