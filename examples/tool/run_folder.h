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

/* ==== settings.json: written ============================= >>written == */

/* A value as JSON, from its text as one would type it; NULL: none. */
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

/* Whether option `which` says another thing than the run began with: another
 * name of the same content is the same thing.                               */
static int setting_is_amended(const parser *p, int which)
{
    const unsigned kind = p->options[which].commands;

    return p->changed[which] && (kind & AMENDED_OPTION) &&
           !((kind & CONTENT_OPTION) && p->was[which] && p->given[which]);
}

/* "history": what was amended before, and what is now, at `unit` number at. */
static void settings_write_history(const run_folder *f, const char *unit,
                                   int at, buffer *out)
{
    const parser *p = f->parse;
    char value[PATH_ROOM];
    int i, count = p->history != NULL;

    if (count)
        buffer_format(out, ",\n \"history\": [%s", p->history);
    for (i = 0; i < p->count; i++) {
        if (!setting_is_amended(p, i))
            continue;
        buffer_format(out, count++ ? ",\n  " : ",\n \"history\": [");
        buffer_format(out, "{\"%s\": %d, \"setting\": \"%s\", \"from\": ",
                      unit, at, p->options[i].name);
        setting_value(&p->options[i], p->was[i], out);
        buffer_format(out, ", \"to\": ");
        option_value(p, i, value, sizeof value);
        setting_value(&p->options[i], p->given[i] ? value : NULL, out);
        buffer_format(out, "}");
    }
    buffer_format(out, count ? "]" : "");
}

/* Writes settings.json when the run begins (resumed 0), and again when it goes
 * on with something amended or found elsewhere; unit: "iteration", "step".  */
static sppo_result run_settings_write(run_folder *f, int resumed,
                                      const char *unit, int at)
{
    const parser *p = f->parse;
    buffer *out = &f->text;
    int i, changes = 0;

    for (i = 0; i < p->count; i++)
        changes += p->changed[i];
    if (resumed && !changes)
        return SPPO_OK;
    buffer_clear(out);
    settings_write_options(p, out);
    settings_write_inputs(f, out);
    settings_write_history(f, unit, at, out);
    buffer_add(out, "}\n", 2);
    TRY(buffer_check(out));
    return sppo_file_write(out->ctx, f->settings, out->data, out->length);
}

/* ==== settings.json: read ================================= >>adopted == */

/* The texts and numbers of settings.json as they were typed, in p->kept. */
static const char *setting_text(parser *p, const sppo_json *json, int node)
{
    const sppo_json_node *n = &json->node[node];
    const size_t at = p->kept.length;

    if (n->type == SPPO_JSON_STRING)
        buffer_unquote(&p->kept, json, node);
    else
        buffer_add(&p->kept, json->text + n->begin, n->end - n->begin);
    buffer_add(&p->kept, "", 1);
    return p->kept.failed ? "" : p->kept.data + at;
}

/* The other option of "this|that" among the command's needs, or -1. */
static int option_rival(const parser *p, int which)
{
    const char *name = p->options[which].name;
    const size_t length = strlen(name);
    const char *word = p->command->needs;

    for (; *word; word += strspn(word, " ,")) {
        const size_t end = strcspn(word, " ,"), bar = strcspn(word, "|");
        const char *second = word + bar + 1;

        if (bar < end && bar == length && !strncmp(word, name, length))
            return option_find(p, second, end - bar - 1);
        if (bar < end && end - bar - 1 == length &&
            !strncmp(second, name, length))
            return option_find(p, word, bar);
        word += end;
    }
    return -1;
}

/* Takes one setting, or makes sure that it agrees with what was given. */
static sppo_result setting_adopt(parser *p, int which, const char *text,
                                 const char *path)
{
    const option *o = &p->options[which];
    const int rival = option_rival(p, which);
    char value[PATH_ROOM];

    if (rival >= 0 && p->given[rival] && (o->commands & AMENDED_OPTION)) {
        p->was[which] = text;
        p->changed[which] = p->changed[rival] = 1;
        return SPPO_OK;
    }
    option_value(p, which, value, sizeof value);
    if (!p->given[which] || !strcmp(value, text)) {
        p->given[which] = 1;
        return option_set(p, which, text);
    }
    if (!(o->commands & (CONTENT_OPTION | AMENDED_OPTION)))
        return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                         "--%s is %.80s, but %.80s in %s", o->name, value,
                         text, path);
    p->was[which] = text;
    p->changed[which] = 1;
    return SPPO_OK;
}

/* A relative name that is not of this folder may be of the one that the run
 * began in: the content tells whether it is the same thing.                 */
static sppo_result setting_locate(parser *p, int which, const char *path)
{
    const option *o = &p->options[which];
    const char *name = *(const char **)option_field(p, which);
    const size_t at = p->kept.length;

    if (file_exists(name) || !strcmp(name, "-"))
        return SPPO_OK;
    if (p->folder && *name != '/') {
        buffer_format(&p->kept, "%s/%s", p->folder, name);
        buffer_add(&p->kept, "", 1);
        TRY(buffer_check(&p->kept));
        if (file_exists(p->kept.data + at)) {
            p->was[which] = name;
            p->changed[which] = 1;
            return option_set(p, which, p->kept.data + at);
        }
    }
    return sppo_fail(p->ctx, SPPO_E_IO, "%.200s, the --%s of %.200s, is not "
                     "there%s%.200s; give --%s again", name, o->name, path,
                     p->folder && *name != '/' ? ", nor in " : "",
                     p->folder && *name != '/' ? p->folder : "", o->name);
}

/* All of the object: settings, and what else is remembered. */
static sppo_result settings_take(parser *p, const sppo_json *json,
                                 const char *path, unsigned char *kept)
{
    int i, which;

    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        const sppo_json_node *n = &json->node[i];
        const char *key = json->text + n->name_begin;
        const size_t length = n->name_end - n->name_begin;
        const char *text = setting_text(p, json, i);

        TRY(buffer_check(&p->kept));
        which = option_find(p, key, length);
        if (which < 0 && length == 6 && !strncmp(key, "folder", 6))
            p->folder = text;
        if (which < 0 && length == 7 && !strncmp(key, "history", 7) &&
            n->type == SPPO_JSON_ARRAY) {
            p->kept.data[p->kept.length - 2] = 0;  // without its brackets
            p->history = text + 1;
        }
        if (which < 0 || (p->options[which].commands & FREE_OPTION))
            continue;
        kept[which] = 1;
        TRY(setting_adopt(p, which, text, path));
    }
    return SPPO_OK;
}

/* What was given and is no setting of the run, and where its inputs are. */
static sppo_result settings_settle(parser *p, const char *path,
                                   const unsigned char *given,
                                   const unsigned char *kept)
{
    int i;

    for (i = 0; i < p->count; i++) {
        const unsigned kind = p->options[i].commands;

        if (given[i] && !kept[i] && !p->changed[i] && !(kind & FREE_OPTION))
            return sppo_fail(p->ctx, SPPO_E_ARGUMENT,
                             "--%s is not a setting of the run in %s",
                             p->options[i].name, path);
        if (p->given[i] && !given[i] && (kind & CONTENT_OPTION))
            TRY(setting_locate(p, i, path));
    }
    return SPPO_OK;
}

/* Goes on with the settings of an earlier run. The sppo_json of the parser is
 * busy with numbers meanwhile, hence an own one.                            */
static sppo_result settings_adopt(parser *p, const char *path)
{
    unsigned char kept[MAX_OPTIONS] = { 0 }, given[MAX_OPTIONS];
    sppo_json json;
    char *data = NULL;
    size_t size = 0;
    sppo_result result;

    memset(&json, 0, sizeof json);
    memcpy(given, p->given, sizeof given);
    TRY(sppo_file_read(p->ctx, path, &data, &size));
    buffer_reserve(&p->kept, 2 * size + MAX_OPTIONS * (size_t)PATH_ROOM);
    result = sppo_json_parse(p->ctx, &json, data, size, path);
    if (result == SPPO_OK)  // from here on p->kept never moves
        result = settings_take(p, &json, path, kept);
    if (result == SPPO_OK)
        result = settings_settle(p, path, given, kept);
    sppo_json_free(p->ctx, &json);
    sppo_release(p->ctx, data, size + 1);
    return result;
}

/* ---- what the inputs hold ---- */

static sppo_result run_input_check(run_folder *f, const run_input *input,
                                   const sppo_json *json, int inputs)
{
    sppo_ctx *ctx = f->parse->ctx;
    const int which = option_find(f->parse, input->name, strlen(input->name));
    const int node = sppo_json_find(json, inputs, input->name);
    char value[PATH_ROOM], began[DIGEST_ROOM];

    if (node < 0)
        return SPPO_OK;
    began[0] = 0;
    sppo_json_string(json, node, began, sizeof began);
    if (!strcmp(began, input->digest) || setting_is_amended(f->parse, which))
        return SPPO_OK;
    option_value(f->parse, which, value, sizeof value);
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "--%s: %.150s is not the %s that "
                     "the run in %.100s began with: what it holds has the "
                     "digest %s, not %.16s; begin another run with it",
                     input->name, value, input->noun, f->out, input->digest,
                     began);
}

/* Refuses to go on with inputs that hold something else than they did. */
static sppo_result run_inputs_check(run_folder *f)
{
    sppo_ctx *ctx = f->parse->ctx;
    sppo_json json;
    char *data = NULL;
    size_t size = 0;
    sppo_result result;
    int i, inputs = -1;

    memset(&json, 0, sizeof json);
    TRY(sppo_file_read(ctx, f->settings, &data, &size));
    result = sppo_json_parse(ctx, &json, data, size, f->settings);
    if (result == SPPO_OK)
        inputs = sppo_json_find(&json, 0, "inputs");
    if (result == SPPO_OK && inputs < 0)
        note(f->console, "%s has no digests, being of an earlier version: "
             "whether inputs have changed since is not known", f->settings);
    for (i = 0; i < f->inputs && inputs >= 0 && result == SPPO_OK; i++)
        result = run_input_check(f, &f->input[i], &json, inputs);
    sppo_json_free(ctx, &json);
    sppo_release(ctx, data, size + 1);
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
    TRY(sppo_folder_make(p->ctx, out));
    TRY(path_join(p->ctx, f->settings, out, "settings.json"));
    TRY(path_join(p->ctx, f->checkpoint, out, "run.safetensors"));
    TRY(path_join(p->ctx, path, out, "lock"));
    if (!lock)
        return SPPO_OK;
    TRY(file_lock(p->ctx, path, &fd, &owner));
    f->locked = fd < 0;
    if (f->locked)
        return owner > 0
            ? sppo_fail(p->ctx, SPPO_E_IO, "%s is locked by process %ld", out,
                        owner)
            : sppo_fail(p->ctx, SPPO_E_IO, "%s is locked by a process that "
                        "just ended, or is another machine's", out);
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

/* Refuses to write over what is there: a run is gone on with. */
static sppo_result run_is_free(sppo_ctx *ctx, const char *out, int force)
{
    char path[PATH_ROOM];

    TRY(path_join(ctx, path, out, "settings.json"));
    if (force || !file_exists(path))
        return output_is_free(ctx, out, force);
    return sppo_fail(ctx, SPPO_E_ARGUMENT, "%.300s exists and holds a run; go "
                     "on with it by --resume, choose another name, or --force "
                     "to write over it", out);
}

/* What a command returns that a signal stopped, after it has saved. */
static sppo_result run_stopped(const run_folder *f)
{
    return sppo_fail(f->parse->ctx, SPPO_E_STOPPED, "stopped; saved in %.150s; "
                     "sppo %s --resume --out %.150s goes on", f->checkpoint,
                     f->parse->command->name, f->out);
}

/* Whether --name says another thing than the run began with. */
static int run_amended(const run_folder *f, const char *name)
{
    const int which = option_find(f->parse, name, strlen(name));

    return which >= 0 && setting_is_amended(f->parse, which);
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
static sppo_result log_sync(sppo_ctx *ctx, const char *path)
{
    const int fd = open(path, O_WRONLY);
    int bad = fd < 0 ? errno != ENOENT  // nothing was logged
                     : fsync(fd) != 0 && errno != EINVAL;
    const int why = errno;

    if (fd >= 0 && close(fd) != 0)
        bad = 1;
    return bad ? sppo_fail(ctx, SPPO_E_IO, "cannot write to %s: %s", path,
                           strerror(why)) : SPPO_OK;
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
        sppo_release(line->ctx, data, size + 1);
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

static sppo_result metrics_sync(const metrics *m)
{
    TRY(log_sync(m->line.ctx, m->csv));
    return log_sync(m->line.ctx, m->jsonl);
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
