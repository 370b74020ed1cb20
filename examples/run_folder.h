/* run_folder.h - what the runs of the sppo tool have in common: a folder that
 * one process at a time works in, and that --resume goes on with
 *
 *   settings.json     what was asked for, what its inputs held, what changed
 *   run.safetensors   the checkpoint, or whatever the command calls so
 *   lock              held by the process at work
 *   logs              appended lines, cut back to the checkpoint on --resume
 *
 * An input is known by a digest of what is in it, not by its name, and the
 * folder by nothing at all: both may move. Private to sppo.c, after codec.h. */

#ifndef SPPO_EXAMPLES_RUN_FOLDER_H
#define SPPO_EXAMPLES_RUN_FOLDER_H

enum { RUN_INPUTS = 8, DIGEST_ROOM = 17 };

typedef struct run_input {
    const char *name, *noun;  // of the option: "policy"; "model"
    char digest[DIGEST_ROOM];
} run_input;

typedef struct run_folder {
    parser *parse;
    console *console;
    const char *out;
    char settings[PATH_ROOM], checkpoint[PATH_ROOM];
    run_input input[RUN_INPUTS];
    int inputs;
    int locked;   // 1: another process works in it
    double saved, cost;  // when the last checkpoint was written; its seconds
    buffer text;
} run_folder;

/* ==== what is in an input ================================== >>digest == */

static void digest_write(uint64_t digest, char out[DIGEST_ROOM])
{
    snprintf(out, DIGEST_ROOM, "%08lx%08lx", (unsigned long)(digest >> 32),
             (unsigned long)(digest & 0xffffffffu));
}

static uint64_t digest_lists(uint64_t digest, const sppo_lists *lists)
{
    const size_t count = (size_t)lists->count;

    if (!count)
        return sppo_digest(digest, NULL, 0);
    digest = sppo_digest(digest, lists->start, (count + 1) * sizeof(int));
    return sppo_digest(digest, lists->token,
                       (size_t)lists->start[count] * sizeof(int));
}

static uint64_t digest_codec(uint64_t digest, const codec *c)
{
    const sppo_tokenizer *bin = &c->bin;
    const size_t vocab = (size_t)bin->vocab;

    if (c->file)
        return sppo_digest(digest, c->file, c->size);
    if (!vocab)
        return digest;
    digest = sppo_digest(digest, bin->score, vocab * sizeof *bin->score);
    digest = sppo_digest(digest, bin->start, (vocab + 1) * sizeof(int));
    return sppo_digest(digest, bin->bytes, (size_t)bin->start[vocab]);
}

/* A model as it was loaded, so in whatever files and numbers it is kept. */
static uint64_t digest_model(const sppo_model *model, const codec *tok)
{
    char config[4096];
    const size_t length = sppo_config_write(&model->config,
                                            SPPO_DTYPE_FLOAT32, config,
                                            sizeof config);
    uint64_t digest = sppo_digest(0, config, length);

    digest = sppo_digest(digest, model->weights,
                         model->count * sizeof *model->weights);
    return digest_codec(digest, tok);
}

/* Remembers what the file or folder of option `name` holds. */
static void run_input_add(run_folder *f, const char *name, const char *noun,
                          uint64_t digest)
{
    run_input *input = &f->input[f->inputs++];

    input->name = name;
    input->noun = noun;
    digest_write(digest, input->digest);
}

/* ==== settings.json ====================================== >>settings_json */

/* A value as JSON, from its text as one would type it. */
static void setting_value(const option *o, const char *text, buffer *out)
{
    if (!text)
        buffer_format(out, "null");
    else if (o->type == OPTION_TEXT || o->type == OPTION_CHOICE)
        buffer_quote(out, text, strlen(text));
    else
        buffer_add(out, text, strlen(text));
}

/* The settings, open at their end. */
static void settings_write_options(const parser *p, buffer *out)
{
    char value[PATH_ROOM];
    int i;

    buffer_format(out, "{\"sppo\": \"%s\"", sppo_version());
    for (i = 0; i < p->count; i++) {
        if (!option_matters(p, i))
            continue;
        option_value(p, i, value, sizeof value);
        buffer_format(out, ",\n \"%s\": ", p->options[i].name);
        setting_value(&p->options[i], value, out);
    }
}

/* The folder that relative names are of, and the inputs' digests. */
static void settings_write_inputs(const run_folder *f, buffer *out)
{
    char here[PATH_ROOM];
    int i;

    if (getcwd(here, sizeof here)) {
        buffer_format(out, ",\n \"folder\": ");
        buffer_quote(out, here, strlen(here));
    }
    buffer_format(out, ",\n \"inputs\": {");
    for (i = 0; i < f->inputs; i++)
        buffer_format(out, "%s\"%s\": \"%s\"", i ? ", " : "",
                      f->input[i].name, f->input[i].digest);
    buffer_format(out, "}");
}

static sppo_result run_settings_write(run_folder *f)
{
    buffer *out = &f->text;

    buffer_clear(out);
    settings_write_options(f->parse, out);
    settings_write_inputs(f, out);
    buffer_add(out, "}\n", 2);
    TRY(buffer_check(out));
    return sppo_file_write(out->ctx, f->settings, out->data, out->length);
}

/* Takes one setting from settings.json, or makes sure that it agrees. */
static sppo_result setting_adopt(parser *p, const sppo_json *json, int node,
                                 const char *path, unsigned char *kept)
{
    const sppo_json_node *n = &json->node[node];
    const int which = option_find(p, json->text + n->name_begin,
                                  n->name_end - n->name_begin);
    const size_t at = p->kept.length;
    char value[PATH_ROOM];

    if (which < 0 || (p->options[which].commands & FREE_OPTION))
        return SPPO_OK;
    if (n->type == SPPO_JSON_STRING)
        buffer_unquote(&p->kept, json, node);
    else
        buffer_add(&p->kept, json->text + n->begin, n->end - n->begin);
    buffer_add(&p->kept, "", 1);
    TRY(buffer_check(&p->kept));
    option_value(p, which, value, sizeof value);
    if (p->given[which] && strcmp(value, p->kept.data + at) != 0)
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s is %.80s, but %.80s in %s",
                         p->options[which].name, value, p->kept.data + at,
                         path);
    kept[which] = p->given[which] = 1;
    return option_set(p, which, p->kept.data + at);
}

/* Goes on with the settings of an earlier run. The sppo_json of the parser is
 * busy with numbers meanwhile, hence an own one.                            */
static sppo_result settings_adopt(parser *p, const char *path)
{
    unsigned char kept[MAX_OPTIONS] = { 0 };
    sppo_json json;
    char *data = NULL;
    size_t size = 0;
    sppo_result result;
    int i;

    memset(&json, 0, sizeof json);
    TRY(sppo_file_read(p->ctx, path, &data, &size));
    buffer_reserve(&p->kept, size + MAX_OPTIONS);  // never moves hereafter
    result = sppo_json_parse(p->ctx, &json, data, size, path);
    for (i = result == SPPO_OK ? json.node[0].first : -1;
         i >= 0 && result == SPPO_OK; i = json.node[i].next)
        result = setting_adopt(p, &json, i, path, kept);
    for (i = 0; i < p->count && result == SPPO_OK; i++)
        if (p->given[i] && !kept[i] &&
            !(p->options[i].commands & FREE_OPTION))
            result = sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                               "--%s is not a setting of the run in %s",
                               p->options[i].name, path);
    sppo_json_free(p->ctx, &json);
    sppo_give(p->ctx, data, size + 1);
    return result;
}

/* ==== the folder =========================================== >>folder == */

/* Makes the folder and, unless it is shared with others, locks it. */
static sppo_result run_folder_open(run_folder *f, parser *p, console *c,
                                   const char *out, int lock)
{
    char path[PATH_ROOM];
    long owner = 0;
    int fd = -1;

    f->parse = p;
    f->console = c;
    f->out = out;
    f->text.ctx = p->ctx;
    TRY(folder_make(p->ctx, out));
    TRY(path_join(p->ctx, f->settings, out, "settings.json"));
    TRY(path_join(p->ctx, f->checkpoint, out, "run.safetensors"));
    TRY(path_join(p->ctx, path, out, "lock"));
    if (!lock)
        return SPPO_OK;
    TRY(file_lock(p->ctx, path, &fd, &owner));
    f->locked = fd < 0;
    if (f->locked)
        return sppo_fail(p->ctx, SPPO_E_IO, "%s is locked by process %ld",
                         out, owner);
    return SPPO_OK;
}

/* A checkpoint that was begun at that time is written. */
static void run_saved(run_folder *f, double begun)
{
    f->saved = seconds_now();
    f->cost = f->saved - begun;
}

/* Checkpoints of a large model take seconds: a twentieth of the time, no more.
 * With --save-seconds 0 each unit of work is saved, whatever it takes.      */
enum { SAVE_SHARE = 20 };

static int run_save_is_due(const run_folder *f, double asked)
{
    const double pause = asked > 0.0 ? fmax(asked, SAVE_SHARE * f->cost) : 0.0;

    return seconds_now() - f->saved >= pause;
}

/* ==== logs ==================================================== >>logs == */

static sppo_result log_append(sppo_ctx *ctx, const char *path,
                              const buffer *text)
{
    ssize_t n;
    int fd, bad;

    TRY(buffer_check(text));
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0666);
    n = fd >= 0 ? write(fd, text->data, text->length) : -1;
    bad = n != (ssize_t)text->length;
    if (fd >= 0 && close(fd) != 0)
        bad = 1;
    if (bad)
        return sppo_fail(ctx, SPPO_E_IO, "cannot write to %s: %s", path,
                         n < 0 ? strerror(errno) : "the disk is full");
    return SPPO_OK;
}

/* What the checkpoint says was logged must be on the disk before it is. */
static void log_sync(const char *path)
{
    const int fd = open(path, O_WRONLY);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* Leaves the lines whose first number is at most `limit`, under the header:
 * what was appended after the checkpoint will be appended again. line: room. */
static sppo_result log_cut(buffer *line, const char *path, const char *header,
                           int limit)
{
    char *data = NULL;
    size_t size = 0, at, n;
    sppo_result result;

    buffer_clear(line);
    buffer_format(line, "%s", header);
    if (file_exists(path))
        TRY(sppo_file_read(line->ctx, path, &data, &size));
    for (at = 0; at < size; at += n + 1) {
        const char *text = data + at;
        const char *digit = text + strcspn(text, "0123456789\n");
        n = strcspn(text, "\n");
        if (text[n] != '\n')
            break;
        if (digit < text + n && strtol(digit, NULL, 10) <= limit)
            buffer_add(line, text, n + 1);
    }
    if (data)
        sppo_give(line->ctx, data, size + 1);
    result = buffer_check(line);
    if (result == SPPO_OK)
        result = sppo_file_write(line->ctx, path, line->data, line->length);
    return result;
}

/* ---- metrics.csv and metrics.jsonl: a line for each step ---- */

typedef struct metrics {
    const char *const *name;  // [count] "step" is the first
    int count;
    char csv[PATH_ROOM], jsonl[PATH_ROOM];
    buffer line;
} metrics;

static sppo_result metrics_open(metrics *m, sppo_ctx *ctx, const char *out,
                                const char *const *name, int count)
{
    m->line.ctx = ctx;
    m->name = name;
    m->count = count;
    TRY(path_join(ctx, m->csv, out, "metrics.csv"));
    return path_join(ctx, m->jsonl, out, "metrics.jsonl");
}

static void metrics_close(metrics *m)
{
    buffer_free(&m->line);
}

/* What is no number stays empty in the one file and is null in the other. */
static sppo_result metrics_append(metrics *m, const double *value)
{
    buffer *line = &m->line;
    int i;

    buffer_clear(line);
    for (i = 0; i < m->count; i++) {
        buffer_format(line, i ? "," : "");
        if (value[i] - value[i] == 0.0)
            buffer_format(line, "%.9g", value[i]);
    }
    buffer_add(line, "\n", 1);
    TRY(log_append(line->ctx, m->csv, line));
    buffer_clear(line);
    for (i = 0; i < m->count; i++) {
        buffer_format(line, "%s\"%s\": ", i ? ", " : "{", m->name[i]);
        if (value[i] - value[i] == 0.0)
            buffer_format(line, "%.9g", value[i]);
        else
            buffer_format(line, "null");
    }
    buffer_add(line, "}\n", 2);
    return log_append(line->ctx, m->jsonl, line);
}

static void metrics_sync(const metrics *m)
{
    log_sync(m->csv);
    log_sync(m->jsonl);
}

/* Both end with this step, whatever was appended after it. */
static sppo_result metrics_cut(metrics *m, int step)
{
    buffer header;
    sppo_result result;
    int i;

    memset(&header, 0, sizeof header);
    header.ctx = m->line.ctx;
    for (i = 0; i < m->count; i++)
        buffer_format(&header, "%s%s", m->name[i],
                      i + 1 < m->count ? "," : "\n");
    result = buffer_check(&header);
    if (result == SPPO_OK)
        result = log_cut(&m->line, m->csv, header.data, step);
    if (result == SPPO_OK)
        result = log_cut(&m->line, m->jsonl, "", step);
    buffer_free(&header);
    return result;
}

#endif
