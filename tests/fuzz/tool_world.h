/* tool_world.h - the tool with a tiny model and vocabulary, for its readers */
#ifndef TOOL_WORLD_H
#define TOOL_WORLD_H

static sppo_ctx world_ctx;
static sppo_model world_policy;
static sppo_tokenizer world_tok;
static size_t world_peak;

/* What every input finds, made once; the tool only looks at it. */
static inline void world_once(void)
{
    static const char text[] = "the cat sat on the mat. the cat sat.\n";
    sppo_config c = { 0 };

    if (world_policy.weights)
        return;
    c.vocab = SPPO_PIECES + 5, c.dim = 4, c.layers = 1, c.heads = 2;
    c.hidden = 6, c.context = 64, c.bos = SPPO_BOS, c.eos = SPPO_EOS;
    if (sppo_tokenizer_train(&world_ctx, &world_tok, text, sizeof text - 1,
                             c.vocab) ||
        sppo_model_init(&world_ctx, &world_policy, &c, 1) ||
        !freopen("/dev/null", "w", stdout))
        fuzz_finding("no world", &world_ctx);
    world_peak = world_ctx.peak;
}

/* A model directory of that kind with the world's tokenizer, made once. */
static inline const char *world_model(sppo_head head)
{
    static char path[4][192];
    sppo_config c = world_policy.config;
    sppo_model model = { 0 };
    sppo_file tok = { 0 };
    char *data = NULL;
    int bad;

    if (path[head][0])
        return path[head];
    c.head = head;
    snprintf(path[head], sizeof path[head], "%s/model%d", fuzz_folder(),
             (int)head);
    tok.name = "tokenizer.bin";
    bad = sppo_tokenizer_save(&world_ctx, &world_tok, fuzz_place("tok.bin")) ||
          sppo_file_read(&world_ctx, fuzz_place("tok.bin"), &data, &tok.size);
    tok.data = data;
    if (bad || sppo_model_init(&world_ctx, &model, &c, 1) ||
        sppo_model_save_with(&world_ctx, &model, SPPO_DTYPE_REAL, path[head],
                             &tok, 1))
        fuzz_finding("no model", &world_ctx);
    sppo_model_free(&world_ctx, &model);
    sppo_files_free(&world_ctx, &tok, 1);
    return path[head];
}

/* A command with all its defaults, quiet. */
static inline void world_begin(tool *t, const char *name, unsigned bit)
{
    static cli_command command;

    world_once();
    memset(t, 0, sizeof *t);
    t->parse.kept.ctx = t->parse.ctx = &t->ctx;
    model_judge_begin(&t->by, t, &t->preference, &t->preference_tok);
    settings_options(&t->parse, &t->set);
    command.name = name, command.bit = bit;
    command.needs = command.sets = command.summary = "";
    t->parse.command = &command;
    if (options_default(&t->parse))
        fuzz_finding("no defaults", &t->ctx);
    console_init(&t->console);
    t->set.quiet = t->console.quiet = 1;
    t->policy = world_policy;
    t->tok.bin = world_tok;
    t->tok.ids = world_policy.config;
}

/* The world takes back what it lent: for a command that loads its models. */
static inline void world_leave(tool *t)
{
    memset(&t->policy, 0, sizeof t->policy);
    memset(&t->tok.bin, 0, sizeof t->tok.bin);
}

/* The tool gives back what it took; the world stays.  more: bytes that it takes
 * whatever the input.                                                       */
static inline void world_end(tool *t, size_t size, size_t more)
{
    if (t->policy.weights == world_policy.weights)
        world_leave(t);
    tool_free(t);
    fuzz_end(&t->ctx, size, ((size_t)1 << 18) + more);
}

#endif
