/* sppo.c - the command-line tool: a policy from text to self-play, and back out
 *
 * Build       make                     Run   build/sppo --help
 * Shows       every part of sppo.h at work on real files: tokenizer, training,
 *             preference model, Algorithm 1 with resume, sampling, evaluation
 * Read        options[] below says all that can be set; then run_align, with
 *             align_phase, is Algorithm 1 as a program that may be interrupted
 *
 * Results go to standard output, progress and messages to standard error.
 * Exit codes: see exit_codes below, or `sppo --help`.                       */

#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define SPPO_IMPLEMENTATION
#define SPPO_STATIC  // compiles only what is used
#include "../../sppo.h"

#include "cli.h"
#include "messages.h"
#include "tokenizer_json.h"
#include "codec.h"
#include "run_folder.h"
#include "peek.h"
#include "judge_process.h"
#include "length_control.h"

/* ==== what can be set ==================================== >>settings == */

typedef struct settings {
    const char *policy, *against, *preference, *judge, *from, *to, *out;
    const char *prompt, *prompts, *preferences, *validation, *jsonl, *text;
    const char *tokenizer, *matrix, *start, *shard, *judgments, *generator;
    int vocab, dim, layers, heads, kv_heads, hidden, context, untied;
    int head, embed_dim;
    int k, iterations, prompts_per_iteration, keep_all, bradley_terry;
    int loss, baseline, phase, method, magnet_every, dtype;
    int n, max_tokens, greedy, best_of, samples, per_token;
    int optimizer, decay, steps, epochs, batch, pass_tokens;
    int keep_order, strict, seed, threads;
    int resume, force, edited, dry_run, quiet, json, merge;
    double rope_theta, eta, log_z, missing_eos_penalty, temperature, top_p;
    double lr, warmup, lr_end, alpha, beta1, beta2, weight_decay, clip;
    double minutes, holdout, save_seconds, judge_timeout;
} settings;

enum {
    TOKENIZER = 1, PRETRAIN = 2, PREFER = 4, ALIGN = 8, SAMPLE = 16,
    SCORE = 32, JUDGE = 64, EVALUATE = 128, GAME = 256, CONVERT = 512,
    INFO = 1024,
    TRAINING = PRETRAIN | PREFER | ALIGN,
    COMPUTING = TRAINING | SAMPLE | SCORE | JUDGE | EVALUATE | INFO,
    WRITING = TOKENIZER | TRAINING | CONVERT,
    EVERY = 2047
};

enum { DTYPE_FLOAT32 = 0, DTYPE_BFLOAT16 };            // as --dtype
enum { METHOD_MWU = 0, METHOD_OPTIMISTIC, METHOD_MAGNETIC };  // as --method

#define AT(field) offsetof(settings, field)
#define TEXT(name, meta, field, only, commands, help)                         \
    { name, meta, OPTION_TEXT, AT(field), 0, 0, NULL, only, commands, help }
#define FLAG(name, field, only, commands, help)                               \
    { name, "", OPTION_FLAG, AT(field), 0, 1, NULL, only, commands, help }
#define COUNT(name, field, least, most, standard, only, commands, help)       \
    { name, "N", OPTION_COUNT, AT(field), least, most, standard, only,        \
      commands, help }
#define REAL(name, field, least, most, standard, only, commands, help)        \
    { name, "X", OPTION_REAL, AT(field), least, most, standard, only,         \
      commands, help }
#define CHOICE(name, choices, field, standard, only, commands, help)          \
    { name, choices, OPTION_CHOICE, AT(field), 0, 0, standard, only,          \
      commands, help }

/* Choices stand in the order of the header's enums. What is one of several
 * ways to the same end excludes the others by its condition.                */
static const option options[] = {
    TEXT("policy", "DIR", policy, NULL,
         PREFER | ALIGN | SAMPLE | SCORE | EVALUATE | CONTENT_OPTION,
         "the policy: a model directory"),
    TEXT("against", "DIR", against, NULL, EVALUATE,
         "the policy to compare with"),
    TEXT("preference", "DIR", preference, NULL,
         ALIGN | JUDGE | EVALUATE | CONTENT_OPTION | AMENDED_OPTION,
         "judge by this preference model (see `sppo prefer`)"),
    TEXT("judge", "CMD", judge, NULL, ALIGN | EVALUATE | AMENDED_OPTION,
         "judge by this program: a JSON line in, a JSON line out"),
    TEXT("preference", "DIR", preference, "best-of", SAMPLE,
         "choose by this preference model"),
    TEXT("judge", "CMD", judge, "best-of", SAMPLE, "choose by this program"),
    REAL("judge-timeout", judge_timeout, 0.01, 1e6, "600", "judge",
         ALIGN | EVALUATE | SAMPLE | FREE_OPTION,
         "seconds without an answer before the judge counts as dead"),
    TEXT("prompts", "FILE", prompts, NULL,
         ALIGN | SAMPLE | EVALUATE | CONTENT_OPTION,
         "rows {\"prompt\"} or AlpacaEval's {\"instruction\"}"),
    TEXT("prompt", "TEXT", prompt, NULL, SAMPLE,
         "one prompt; \"\" starts from nothing"),
    TEXT("validation", "FILE", validation, NULL, ALIGN | CONTENT_OPTION,
         "prompts on which each iteration is compared with the base policy"),
    TEXT("preferences", "FILE", preferences, NULL, PREFER | CONTENT_OPTION,
         "rows {\"prompt\", \"chosen\", \"rejected\"} or {\"prompt\", "
         "\"response_a\", \"response_b\", \"prob_a\"}"),
    TEXT("judgments", "FILE", judgments, NULL, EVALUATE,
         "rows {\"output_1\", \"output_2\", \"preference\"} or "
         "{\"response_a\", \"response_b\", \"prob_a\"}"),
    TEXT("text", "FILE", text, NULL, TOKENIZER | PRETRAIN | CONTENT_OPTION,
         "plain text"),
    TEXT("jsonl", "FILE", jsonl, NULL, TOKENIZER,
         "rows whose texts, in the fields of all commands, are learned from"),
    TEXT("jsonl", "FILE", jsonl, NULL, PRETRAIN | CONTENT_OPTION,
         "rows {\"text\"} or {\"prompt\", \"response\"}: of the latter only "
         "the response is learned"),
    TEXT("jsonl", "FILE", jsonl, NULL, SCORE,
         "rows {\"prompt\", \"response\"}"),
    TEXT("tokenizer", "FILE", tokenizer, NULL,
         PRETRAIN | CONVERT | CONTENT_OPTION,
         "a tokenizer.bin; for pretrain also a tokenizer.json"),
    COUNT("vocab", vocab, SPPO_PIECES, 1000000, NULL, NULL, TOKENIZER,
          "pieces of the vocabulary: 259 for bytes, the rest learned"),
    TEXT("matrix", "FILE", matrix, NULL, GAME,
         "comma-separated rows: entry i, j is P(answer i beats answer j)"),
    TEXT("start", "LIST", start, NULL, GAME,
         "the first policy, as 0.6,0.2,0.2 (uniform)"),
    TEXT("from", "DIR", from, NULL, PRETRAIN | CONTENT_OPTION,
         "go on from this model, with its tokenizer"),
    TEXT("from", "PATH", from, NULL, CONVERT,
         "a model directory or a llama2.c file"),
    TEXT("to", "PATH", to, NULL, CONVERT,
         "what to write: NAME.bin a llama2.c file, else a model directory"),
    FLAG("edited", edited, NULL, CONVERT,
         "take --from as its files are now, though the weights were saved with "
         "others"),
    CHOICE("dtype", "float32|bfloat16", dtype, "float32", NULL, CONVERT,
           "the numbers of a model directory; bfloat16 takes half the space"),
    TEXT("out", "FILE", out, NULL, TOKENIZER, "the tokenizer.bin to write"),
    TEXT("out", "DIR", out, NULL, TRAINING | FREE_OPTION,
         "the folder to write"),

    COUNT("dim", dim, 2, 65536, "64", "!from", PRETRAIN, "width"),
    COUNT("layers", layers, 1, 1024, "5", "!from", PRETRAIN, "blocks"),
    COUNT("heads", heads, 1, 1024, "8", "!from", PRETRAIN,
          "heads of attention"),
    COUNT("kv-heads", kv_heads, 0, 1024, "0", "!from", PRETRAIN,
          "heads of keys and values; 0: as many as heads"),
    COUNT("hidden", hidden, 0, 1000000, "0", "!from", PRETRAIN,
          "width inside SwiGLU; 0: 8/3 of dim"),
    COUNT("context", context, 2, 1000000, "256", "!from", PRETRAIN,
          "longest sequence in tokens"),
    REAL("rope-theta", rope_theta, 1, 1e9, "10000", "!from", PRETRAIN,
         "base of the rotary positions"),
    FLAG("untied", untied, "!from", PRETRAIN,
         "a classifier of its own instead of the embedding"),

    CHOICE("head", "pair|embed|scalar", head, "embed", NULL, PREFER,
           "pair reads two responses together; embed compares embeddings of "
           "each; scalar is Bradley-Terry, which knows no cycles"),
    COUNT("embed-dim", embed_dim, 2, 1024, "8", "head=embed", PREFER,
          "size of the embeddings, even"),
    FLAG("strict", strict, NULL, PREFER,
         "a row that is too long is an error, not skipped"),

    REAL("eta", eta, 1e-9, 1e9, NULL, NULL, ALIGN,
         "how hard a win rate pulls; DPO's beta, usually 0.1, is 1/eta (30; "
         "dpo 1, ipo 5)"),
    REAL("eta", eta, 1e-9, 1e9, "0.1", NULL, GAME, "learning rate"),
    CHOICE("method", "mwu|optimistic|magnetic", method, "mwu", NULL, GAME,
           "multiplicative weights (Eq 4.1), whose average converges, or one "
           "of two whose last policy does"),
    REAL("alpha", alpha, 0, 1e9, "0.1", "method=magnetic", GAME,
         "how hard the magnet, at first the first policy, pulls"),
    COUNT("magnet-every", magnet_every, 0, 100000000, "100", "method=magnetic",
          GAME, "steps until the magnet moves to the policy; 0: it stays"),
    COUNT("k", k, 2, 1000, "5", NULL, ALIGN, "responses to each prompt"),
    COUNT("iterations", iterations, 1, 100000, "3", NULL,
          ALIGN | AMENDED_OPTION,
          "rounds of self-play"),
    COUNT("prompts-per-iteration", prompts_per_iteration, 0, 100000000, "0",
          NULL, ALIGN, "0: all prompts divided by iterations"),
    FLAG("keep-all", keep_all, "loss=sppo", ALIGN,
         "train on all K responses, not on the best and the worst"),
    FLAG("bradley-terry", bradley_terry, NULL, ALIGN,
         "P from averaged scores, as the released code: no cycles"),
    REAL("missing-eos-penalty", missing_eos_penalty, 0, 1e6, "0", NULL, ALIGN,
         "log-odds that a response which was cut loses against one that ended"),
    REAL("missing-eos-penalty", missing_eos_penalty, 0, 1e6, "0", "best-of",
         SAMPLE, "the same in choosing"),
    CHOICE("loss", "sppo|pair|single|hard|dpo|ipo", loss, "sppo", NULL, ALIGN,
           "Eq 4.7 with win rates; Eq 4.12; half of it; TRL's hard labels; "
           "Eq 4.13; Eq 4.14"),
    CHOICE("baseline", "half|empirical|coefficient", baseline, "half",
           "loss=sppo", ALIGN, "log Z: eta/2, from the samples, or log-z eta"),
    REAL("log-z", log_z, -1e6, 1e6, "0.5", "baseline=coefficient", ALIGN,
         "the coefficient"),
    CHOICE("phase", "all|sample|judge|fit", phase, "all", NULL,
           ALIGN | FREE_OPTION,
           "do one phase of an iteration and stop; go on with --resume"),
    TEXT("shard", "I/N", shard, "phase=sample|judge", ALIGN | FREE_OPTION,
         "do part I of N of the phase, beside the others, into OUT/shards"),
    COUNT("merge", merge, 1, 9999, NULL, "phase=sample|judge|fit",
          ALIGN | FREE_OPTION,
          "take what N shards sampled, and what they judged"),

    COUNT("n", n, 1, 100000, "1", NULL, SAMPLE, "responses to each prompt"),
    COUNT("max-tokens", max_tokens, 1, 1000000, "64", NULL,
          ALIGN | SAMPLE | EVALUATE, "longest response"),
    REAL("temperature", temperature, 1e-3, 100, "1", "!greedy",
         ALIGN | SAMPLE | EVALUATE, "of sampling"),
    REAL("top-p", top_p, 1e-6, 1, "1", "!greedy",
         ALIGN | SAMPLE | EVALUATE,
         "sample from the likeliest tokens with this share"),
    FLAG("greedy", greedy, NULL, SAMPLE | EVALUATE,
         "always the likeliest token"),
    COUNT("best-of", best_of, 2, 1000, NULL, NULL, SAMPLE,
          "sample N, print the one with the highest win rate"),
    COUNT("samples", samples, 1, 1000, "1", NULL, EVALUATE,
          "responses to each prompt, of each policy"),
    COUNT("samples", samples, 1, 1000, "1", "validation", ALIGN,
          "responses to each validation prompt, of each policy"),
    FLAG("per-token", per_token, NULL, SCORE,
         "add the log-probability of each token, and its id"),
    TEXT("alpaca-eval", "NAME", generator, "prompts", SAMPLE,
         "print AlpacaEval's model_outputs.json, of the generator NAME"),

    CHOICE("optimizer", "rmsprop|adamw", optimizer, "rmsprop", NULL, TRAINING,
           "PyTorch's definitions"),
    REAL("lr", lr, 1e-30, 1e30, "3e-4", NULL, TRAINING,
         "the highest learning rate"),
    REAL("warmup", warmup, 0, 1, "0.1", NULL, TRAINING,
         "share of the steps in which it rises"),
    CHOICE("decay", "linear|cosine|constant", decay, "linear", NULL, TRAINING,
           "how it falls afterwards"),
    REAL("lr-end", lr_end, 0, 1, "0", "decay=linear|cosine", TRAINING,
         "share of lr that it falls to"),
    REAL("alpha", alpha, 0, 0.9999999, "0.99", "optimizer=rmsprop",
         TRAINING, "memory of the squares"),
    REAL("beta1", beta1, 0, 0.9999999, "0.9", "optimizer=adamw", TRAINING,
         "memory of the mean"),
    REAL("beta2", beta2, 0, 0.9999999, "0.999", "optimizer=adamw", TRAINING,
         "memory of the squares"),
    REAL("weight-decay", weight_decay, 0, 100, "0", "optimizer=adamw",
         TRAINING, "of matrices"),
    REAL("clip", clip, 0, 1e9, "1", NULL, TRAINING,
         "largest norm of a gradient; 0: any"),
    COUNT("steps", steps, 1, 100000000, "1000", "!minutes", PRETRAIN,
          "optimiser steps"),
    COUNT("steps", steps, 1, 100000000, "1000", NULL, GAME, "rounds"),
    REAL("minutes", minutes, 1e-3, 1e5, NULL, "!steps", PRETRAIN,
         "as many steps as fit, by the time of the first"),
    COUNT("epochs", epochs, 1, 100000, "1", NULL, PREFER | ALIGN,
          "passes over the data, of an iteration in align"),
    COUNT("batch", batch, 1, 1000000, "32", NULL, TRAINING,
          "sequences, rows or prompts in one step"),
    COUNT("pass-tokens", pass_tokens, 64, 100000000, "4096", NULL, TRAINING,
          "tokens in one pass through the network: memory for speed"),
    REAL("holdout", holdout, 0, 0.9, "0.1", NULL, PRETRAIN,
         "share at the end that is not learned but predicted"),
    REAL("holdout", holdout, 0, 0.9, "0.1", NULL, PREFER,
         "share of the prompts that is not learned but predicted"),
    FLAG("keep-order", keep_order, NULL, PRETRAIN,
         "take the rows as they come: a curriculum"),

    COUNT("seed", seed, 0, 2147483647, "1", NULL, TRAINING | SAMPLE | EVALUATE,
          "same seed, same bits, on any number of threads"),
    COUNT("threads", threads, 0, 4096, "0", NULL, COMPUTING | FREE_OPTION,
          "0: as many as the machine has"),
    REAL("save-seconds", save_seconds, 0, 1e6, "30", NULL,
         TRAINING | FREE_OPTION,
         "time between checkpoints, or 20 times what one takes if that is "
         "more; 0: after every step"),
    FLAG("resume", resume, NULL, TRAINING | FREE_OPTION,
         "go on with the run in --out; its other settings need no repeating"),
    FLAG("force", force, "!resume", WRITING | FREE_OPTION,
         "write over what is there"),
    FLAG("dry-run", dry_run, NULL, TRAINING | FREE_OPTION,
         "print settings, parameters, memory and time, and write nothing"),
    FLAG("json", json, NULL, PRETRAIN | PREFER | EVALUATE | FREE_OPTION,
         "the result as one JSON object"),
    FLAG("quiet", quiet, NULL, EVERY | FREE_OPTION,
         "no progress, no messages but errors")
};

static const char exit_codes[] =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input file, 4 out of "
    "memory,\n5 input/output or disk full, 6 diverged (NaN), 7 the run is "
    "locked by\nanother process, 130 or 143 saved after Ctrl-C or SIGTERM.\n";

/* What the preference model hears of tokens: their texts, read anew. */
typedef struct listener {
    sppo_lists prompts, responses;
    buffer text, quoted;
    sppo_json json;
} listener;

/* Everything that a command may hold, so that one function lets it go. */
typedef struct tool {
    sppo_ctx ctx;
    settings set;
    parser parse;
    console console;
    const char *path;                 // the argument of info
    sppo_model policy, base, preference;
    codec tok, preference_tok;
    sppo_pref pref;
    listener listener;
    judge_process process;
    sppo_judge judge;
    sppo_lists prompts, responses, validation;
    sppo_forest forest;
    sppo_activations acts;
    sppo_sampler sampler;
    sppo_play play;
    sppo_optim optim;
    sppo_real *grad;
    size_t grad_count;
    buffer text, line;
    row_reader rows;
    run_folder folder;
    metrics metrics;
} tool;

static void tool_free(tool *t)
{
    sppo_ctx *ctx = &t->ctx;

    judge_stop(&t->process);
    sppo_play_free(ctx, &t->play);
    sppo_pref_free(ctx, &t->pref);
    sppo_lists_free(ctx, &t->listener.prompts);
    sppo_lists_free(ctx, &t->listener.responses);
    buffer_free(&t->listener.text);
    buffer_free(&t->listener.quoted);
    sppo_json_free(ctx, &t->listener.json);
    sppo_sampler_free(ctx, &t->sampler);
    sppo_activations_free(ctx, &t->acts);
    sppo_forest_free(ctx, &t->forest);
    sppo_optim_free(ctx, &t->optim);
    sppo_release(ctx, t->grad, t->grad_count * sizeof(sppo_real));
    sppo_model_free(ctx, &t->policy);
    sppo_model_free(ctx, &t->base);
    sppo_model_free(ctx, &t->preference);
    codec_free(ctx, &t->tok);
    codec_free(ctx, &t->preference_tok);
    sppo_lists_free(ctx, &t->prompts);
    sppo_lists_free(ctx, &t->responses);
    sppo_lists_free(ctx, &t->validation);
    buffer_free(&t->text);
    buffer_free(&t->line);
    if (t->rows.ctx)
        rows_close(&t->rows);
    buffer_free(&t->parse.kept);
    buffer_free(&t->folder.text);
    metrics_close(&t->metrics);
    sppo_json_free(ctx, &t->parse.json);
}

/* ==== models, tokenizers, texts ============================= >>load == */

/* A model directory and its tokenizer. */
static sppo_result load_model(tool *t, const char *folder, int preference,
                              sppo_model *model, codec *tok)
{
    codec_begin(tok);
    TRY(sppo_model_load_with(&t->ctx, model, folder, t->set.edited, tok->files,
                             tok->count));
    if (preference != (model->config.head != SPPO_HEAD_NONE))
        return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                         preference ? "%s holds a policy, not a preference "
                         "model" : "%s holds a preference model, not a policy",
                         folder);
    return codec_open(&t->ctx, tok, folder, &model->config);
}

/* The model with the tool's tokenizer and what came with it: what other
 * programs want to see: special tokens, the chat template, how to generate. */
static sppo_result save_model_as(tool *t, const sppo_model *model,
                                 sppo_dtype dtype, const char *folder)
{
    sppo_file files[MAX_COMPANIONS];
    const int count = codec_files(&t->tok, files);

    return sppo_model_save_with(&t->ctx, model, dtype, folder, files, count);
}

static sppo_result save_model(tool *t, const sppo_model *model,
                              const char *folder)
{
    return save_model_as(t, model, SPPO_DTYPE_REAL, folder);
}

static const sppo_config *model_config(const tool *t)
{
    return t->policy.count ? &t->policy.config : &t->preference.config;
}

static sppo_result encode(tool *t, const char *text, size_t length, int bos,
                          int eos, sppo_lists *lists)
{
    return codec_encode(&t->ctx, &t->tok, text, length, bos, eos, lists);
}

/* ---- fields of a row: a text, a conversation, token ids ---- */

/* Message number `which` of `count`, the whole of it: its content replaces what
 * `out` held. How more than a question and its answer become one text is a
 * matter of the model's chat template, which is not ours to guess.          */
static sppo_result message_text(tool *t, const char *key, int node, int which,
                                const char *role, buffer *out)
{
    const sppo_json *json = &t->rows.json;
    int message = json->node[node].first, said, content;
    char found[16];

    while (which-- > 0)
        message = json->node[message].next;
    said = sppo_json_find(json, message, "role");
    content = sppo_json_find(json, message, "content");
    sppo_json_string(json, said, found, sizeof found);
    if (said < 0 || content < 0 || strcmp(found, role) != 0 ||
        json->node[content].type != SPPO_JSON_STRING)
        return rows_fail(&t->rows, "\"%s\" must have {\"role\": \"%s\", "
                         "\"content\": TEXT} there; write other conversations "
                         "as one string, in the form the model learned", key,
                         role);
    buffer_clear(out);
    buffer_unquote(out, json, content);
    return buffer_check(out);
}

/* The text of a field: a string, or a conversation that ends with it. */
static sppo_result field_text(tool *t, const char *key, int answer,
                              buffer *out)
{
    const sppo_json *json = &t->rows.json;
    const int node = rows_find(&t->rows, key);
    const int count = node < 0 ? 0 : json->node[node].count;

    if (node < 0 || json->node[node].type != SPPO_JSON_ARRAY ||
        (count && json->node[json->node[node].first].type == SPPO_JSON_STRING))
        return rows_text(&t->rows, key, out);
    if (count < 1 || count > 1 + answer)
        return rows_fail(&t->rows, "\"%s\" has %d messages; a question and its "
                         "answer are read: write the rest as one string, in "
                         "the form the model learned", key, count);
    return message_text(t, key, node, count - 1,
                        answer ? "assistant" : "user", out);
}

/* Token ids as they are given, each below the vocabulary, no BOS or EOS added;
 * t->text holds them in words.                                              */
static sppo_result ids_list(tool *t, const char *key, int node,
                            sppo_lists *lists)
{
    const sppo_json *json = &t->rows.json;
    const size_t most = (size_t)json->node[node].count + 1;
    const int vocab = model_config(t)->vocab;
    char seen[VALUE_ROOM];
    int *token, i, count = 0;
    sppo_result result = SPPO_OK;

    if (json->node[node].type != SPPO_JSON_ARRAY)
        return rows_fail(&t->rows, "\"%s\" must be an array of token ids, "
                         "not %s", key, rows_value(&t->rows, node, seen));
    token = (int *)sppo_alloc(&t->ctx, most, sizeof(int));
    if (!token)
        return t->ctx.code;
    buffer_clear(&t->text);
    for (i = json->node[node].first; i >= 0 && result == SPPO_OK;
         i = json->node[i].next) {
        const double id = json->node[i].type == SPPO_JSON_NUMBER
            ? sppo_json_number(json, i) : -1.0;
        if (!(id >= 0.0 && id < vocab) || id != floor(id))
            result = rows_fail(&t->rows, "\"%s\" has %s, which is no id of "
                               "the vocabulary of %d", key,
                               rows_value(&t->rows, i, seen), vocab);
        else
            token[count++] = (int)id;
        buffer_format(&t->text, "%.0f ", id);
    }
    if (result == SPPO_OK)
        result = sppo_lists_add(&t->ctx, lists, token, count);
    sppo_release(&t->ctx, token, most * sizeof(int));
    return result == SPPO_OK ? buffer_check(&t->text) : result;
}

/* What was added last must not be nothing. */
static sppo_result list_check(tool *t, const char *key,
                              const sppo_lists *lists)
{
    if (sppo_lists_length(lists, lists->count - 1) > 0)
        return SPPO_OK;
    return rows_fail(&t->rows, "\"%s\" has no token, not even BOS or EOS", key);
}

/* The ids of a field are in the one named KEY_ids; its node, or -1. */
static int find_ids(const tool *t, const char *key)
{
    char name[48];

    snprintf(name, sizeof name, "%s_ids", key);
    return rows_find(&t->rows, name);
}

/* What a field is: a prompt begins with BOS, a response ends with EOS, unless
 * it was cut (D12).                                                         */
enum { PROMPT = 0, CUT_RESPONSE, RESPONSE };

/* "finished" of the current row: of its `count` responses, or of the only one,
 * without a list, when count is 0.  *node: that of the first; -1: it is absent,
 * and all are.                                                              */
static sppo_result rows_finished(tool *t, int count, int *node)
{
    const sppo_json *json = &t->rows.json;
    const int all = rows_find(&t->rows, "finished");
    const int list = all >= 0 && json->node[all].type == SPPO_JSON_ARRAY;
    int i;

    *node = list ? json->node[all].first : all;
    if (all >= 0 && (list ? count == 0 || json->node[all].count != count
                          : count > 0))
        return rows_fail(&t->rows, count ? "\"finished\" must be a list of %d, "
                         "true or false for each response" : "\"finished\" "
                         "must be true or false", count);
    for (i = *node; i >= 0; i = list ? json->node[i].next : -1)
        if (json->node[i].type != SPPO_JSON_TRUE &&
            json->node[i].type != SPPO_JSON_FALSE)
            return rows_fail(&t->rows, "\"finished\" must be true or false%s",
                             list ? " for each response" : "");
    return SPPO_OK;
}

/* The response that "finished" says it is, at its node. */
static int response_of(const tool *t, int node)
{
    return node >= 0 && t->rows.json.node[node].type == SPPO_JSON_FALSE
        ? CUT_RESPONSE : RESPONSE;
}

static int next_node(const tool *t, int node)
{
    return node < 0 ? -1 : t->rows.json.node[node].next;
}

/* Field `key` of the current row, or its ids, as one more list of tokens; what
 * it was is in t->text. what: PROMPT ..                                     */
static sppo_result encode_field(tool *t, const char *key, int what,
                                sppo_lists *lists)
{
    const int ids = find_ids(t, key);
    char name[48];

    snprintf(name, sizeof name, "%s_ids", key);
    if (ids >= 0) {
        TRY(ids_list(t, name, ids, lists));
        return list_check(t, name, lists);
    }
    TRY(field_text(t, key, what != PROMPT, &t->text));
    if (!codec_reads_text(&t->tok))
        return rows_fail(&t->rows, "\"%s\" is a text; \"%s\" is what can be "
                         "read, for: %s", key, name, t->tok.missing);
    if (what == PROMPT)
        TRY(encode(t, t->text.data, t->text.length, 1, 0, lists));
    else
        TRY(codec_encode_response(&t->ctx, &t->tok, t->text.data,
                                  t->text.length, what == RESPONSE, lists));
    return list_check(t, key, lists);
}

/* "prompt", its ids, or AlpacaEval's "instruction". */
static sppo_result encode_prompt(tool *t, sppo_lists *lists)
{
    const int named = rows_find(&t->rows, "prompt") >= 0 ||
                      find_ids(t, "prompt") >= 0;

    return encode_field(t, named || rows_find(&t->rows, "instruction") < 0
                        ? "prompt" : "instruction", PROMPT, lists);
}

/* Whether two lists have the same tokens. */
static int lists_same(const sppo_lists *lists, int a, int b)
{
    const int n = sppo_lists_length(lists, a);

    return n == sppo_lists_length(lists, b) &&
           !memcmp(sppo_lists_tokens(lists, a), sppo_lists_tokens(lists, b),
                   sizeof(int) * (size_t)n);
}

static int longest_list(const sppo_lists *lists)
{
    int i, longest = 0;

    for (i = 0; i < lists->count; i++)
        if (sppo_lists_length(lists, i) > longest)
            longest = sppo_lists_length(lists, i);
    return longest;
}

/* Opens a file of rows in the one reader that the tool has. */
static sppo_result open_rows(tool *t, const char *path)
{
    if (t->rows.ctx)
        rows_close(&t->rows);
    return rows_open(&t->rows, &t->ctx, path);
}

/* Every prompt must leave room for a token of response. */
static sppo_result load_prompts(tool *t, const char *path, sppo_lists *lists)
{
    const int context = t->policy.config.context;
    int more, length;

    TRY(open_rows(t, path));
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            break;
        TRY(encode_prompt(t, lists));
        length = sppo_lists_length(lists, lists->count - 1);
        if (length >= context)
            return rows_fail(&t->rows, "the prompt has %d tokens, which "
                             "leaves no room for a response in a context of "
                             "%d", length, context);
    }
    if (lists->count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no prompts",
                         t->rows.path);
    return SPPO_OK;
}

static sppo_sampling sampling_of(const settings *s)
{
    sppo_sampling sampling;

    memset(&sampling, 0, sizeof sampling);
    sampling.temperature = s->temperature;
    sampling.top_p = s->top_p;
    sampling.greedy = s->greedy;
    sampling.max_tokens = s->max_tokens;
    return sampling;
}

static sppo_optim_config optim_of(const settings *s, int total_steps)
{
    sppo_optim_config config;

    memset(&config, 0, sizeof config);
    config.kind = (sppo_optimizer)s->optimizer;
    config.decay = (sppo_decay)s->decay;
    config.lr = s->lr;
    config.alpha = s->alpha > 0.0 ? s->alpha : SPPO_ZERO;
    config.beta1 = s->beta1 > 0.0 ? s->beta1 : SPPO_ZERO;
    config.beta2 = s->beta2 > 0.0 ? s->beta2 : SPPO_ZERO;
    config.weight_decay = s->optimizer == SPPO_ADAMW ? s->weight_decay : 0.0;
    config.clip = s->clip;
    config.warmup = s->warmup;
    config.lr_end = s->lr_end;
    config.total_steps = total_steps;
    return config;
}

/* ==== the judge ============================================ >>judge == */

/* Tokens that the preference model sees at once in comparing two responses. */
static int pref_span(const tool *t, int prompt, int a, int b)
{
    if (t->preference.config.head == SPPO_HEAD_PAIR)
        return prompt + a + b;
    return prompt + (a > b ? a : b);
}

/* Tokens of one pass over k responses to a prompt, at the most. */
static int pref_pass(const tool *t, int prompt, int k, int response)
{
    const int pair = t->preference.config.head == SPPO_HEAD_PAIR;

    return prompt + k * response * (pair ? k : 1);
}

/* The longest response to a prompt of that length. */
static int response_room(const tool *t, int prompt)
{
    const int room = t->policy.config.context - prompt;

    return t->set.max_tokens < room ? t->set.max_tokens : room;
}

/* Room for k responses to one prompt, of `prompt` tokens at the most. */
static sppo_result open_pref(tool *t, int prompt, int k)
{
    const int context = t->preference.config.context;
    const int need = pref_pass(t, prompt, k, response_room(t, 1));
    const int response = response_room(t, prompt);
    const int span = pref_span(t, prompt, response, response);

    if (span > context)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "the preference model reads %d tokens at once; a "
                         "prompt of %d and responses of %d make %d; lower "
                         "--max-tokens", context, prompt, response, span);
    return sppo_pref_init(&t->ctx, &t->pref, &t->preference,
                          need > 4096 ? need : 4096, k, 0);
}

/* Makes the reader large enough for k responses to each of these prompts, and
 * larger only then; first: the number of prompt 0 in a message.             */
static sppo_result pref_make_room(tool *t, const sppo_lists *prompts,
                                  const sppo_lists *responses, int k,
                                  int first)
{
    const int context = t->preference.config.context;
    int p, i, need = 0;

    for (p = 0; p < prompts->count; p++) {
        const int prompt = sppo_lists_length(prompts, p);
        int longest = 0, second = 0, tokens;
        for (i = p * k; i < (p + 1) * k; i++) {
            const int n = sppo_lists_length(responses, i);
            second = n > longest ? longest : n > second ? n : second;
            longest = n > longest ? n : longest;
        }
        if (pref_span(t, prompt, longest, second) > context)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "prompt %d of %d tokens "
                             "and responses of up to %d do not fit in the "
                             "preference model's context of %d; lower "
                             "--max-tokens", first + p + 1, prompt, longest,
                             context);
        tokens = pref_pass(t, prompt, k, longest);
        need = tokens > need ? tokens : need;
    }
    if (t->pref.model && need <= t->pref.acts.max_tokens &&
        k <= t->pref.max_k)
        return SPPO_OK;
    sppo_pref_free(&t->ctx, &t->pref);
    return sppo_pref_init(&t->ctx, &t->pref, &t->preference,
                          need > 1024 ? need : 1024, k > 8 ? k : 8, 0);
}

/* List i as a judge program would read it: as text, which went through JSON
 * and becomes the tokens of that text, not the ones that were sampled.
 * Without a tokenizer the tokens are all there is.                          */
static sppo_result listener_add(tool *t, const sppo_lists *from, int i,
                                int what, sppo_lists *to)
{
    listener *l = &t->listener;

    if (!codec_reads_text(&t->tok))
        return sppo_lists_add(&t->ctx, to, sppo_lists_tokens(from, i),
                              sppo_lists_length(from, i));
    buffer_decode(&l->text, &t->tok, from, i);
    buffer_clear(&l->quoted);
    buffer_quote(&l->quoted, l->text.data, l->text.length);
    TRY(buffer_check(&l->text));
    TRY(buffer_check(&l->quoted));
    TRY(sppo_json_parse(&t->ctx, &l->json, l->quoted.data, l->quoted.length,
                        "the text of a response"));
    buffer_clear(&l->text);
    buffer_unquote(&l->text, &l->json, 0);
    TRY(buffer_check(&l->text));
    if (what == PROMPT)
        return codec_encode(&t->ctx, &t->preference_tok, l->text.data,
                            l->text.length, 1, 0, to);
    return codec_encode_response(&t->ctx, &t->preference_tok, l->text.data,
                                 l->text.length, what == RESPONSE, to);
}

/* EOS of the policy, or of the one that it is compared with. */
static int response_finished(const tool *t, const sppo_lists *lists, int i)
{
    return sppo_finished(&t->policy.config, lists, i) ||
           (t->base.count && sppo_finished(&t->base.config, lists, i));
}

/* The preference model as a judge: it answers what `sppo judge` answers with
 * the same model, to rounding.                                              */
static sppo_result judge_by_model(sppo_ctx *ctx, void *user,
                                  const sppo_lists *prompts,
                                  const sppo_lists *responses, int k,
                                  int first, int count, double *pairwise)
{
    tool *t = (tool *)user;
    listener *l = &t->listener;
    int i;

    sppo_lists_clear(&l->prompts);
    sppo_lists_clear(&l->responses);
    for (i = 0; i < count; i++) {
        TRY(listener_add(t, prompts, first + i, PROMPT, &l->prompts));
        if (sppo_lists_length(&l->prompts, i) == 0)
            return sppo_fail(ctx, SPPO_E_FORMAT, "prompt %d has no text for "
                             "the preference model, not even BOS",
                             first + i + 1);
    }
    for (i = 0; i < count * k; i++)
        TRY(listener_add(t, responses, i, response_finished(t, responses, i)
                         ? RESPONSE : CUT_RESPONSE, &l->responses));
    TRY(pref_make_room(t, &l->prompts, &l->responses, k, first));
    return sppo_pref_fill(ctx, &t->pref, &l->prompts, &l->responses, k, 0,
                          count, pairwise);
}

/* By --judge or --preference: k responses to prompts of `prompt` tokens at
 * the most.                                                                 */
static sppo_result open_judge(tool *t, int prompt, int k)
{
    const settings *s = &t->set;

    if (s->judge && !codec_reads_text(&t->tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--judge is told texts, "
                         "but %s", t->tok.missing);
    if (s->judge) {
        t->judge.fill = judge_process_fill;
        t->judge.user = &t->process;
        t->process.speaker[0] = &t->policy.config;
        t->process.speaker[1] = t->base.count ? &t->base.config : NULL;
        return judge_start(&t->process, &t->ctx, &t->tok, s->judge,
                           s->judge_timeout);
    }
    t->judge.fill = judge_by_model;
    t->judge.user = t;
    TRY(load_model(t, s->preference, 1, &t->preference, &t->preference_tok));
    if (!codec_same(&t->tok, &t->preference_tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "%s has another tokenizer than the policy; let them "
                         "speak text: --judge 'sppo judge --preference %s'",
                         s->preference, s->preference);
    return open_pref(t, prompt, k);
}

/* ==== training, common to pretrain and prefer ============ >>trainer == */

/* Takes items 0 .. count - 1 in a new random order in every epoch. */
typedef struct shuffle {
    int *order, count, epoch, keep;
    uint64_t key;
} shuffle;

static sppo_result shuffle_begin(tool *t, shuffle *s, int count)
{
    memset(s, 0, sizeof *s);
    s->count = count;
    s->epoch = -1;
    s->keep = t->set.keep_order;
    s->key = sppo_random_fork((uint64_t)t->set.seed, 0x73687566);
    s->order = (int *)sppo_alloc(&t->ctx, (size_t)count, sizeof(int));
    return s->order ? SPPO_OK : t->ctx.code;
}

static int shuffle_item(shuffle *s, int64_t position)
{
    const int epoch = (int)(position / s->count);
    const int at = (int)(position % s->count);

    if (s->keep)
        return at;
    if (epoch != s->epoch)
        sppo_random_order(sppo_random_fork(s->key, (uint64_t)epoch), s->order,
                          s->count);
    s->epoch = epoch;
    return s->order[at];
}

static void shuffle_end(tool *t, shuffle *s)
{
    sppo_release(&t->ctx, s->order, sizeof(int) * (size_t)s->count);
}

/* Gradient and moments of the model that is trained. */
static sppo_result open_optimiser(tool *t, const sppo_model *model,
                                  int total_steps)
{
    const sppo_optim_config config = optim_of(&t->set, total_steps);

    t->grad = (sppo_real *)sppo_alloc(&t->ctx, model->count,
                                      sizeof(sppo_real));
    if (!t->grad)
        return t->ctx.code;
    t->grad_count = model->count;
    return sppo_optim_init(&t->ctx, &t->optim, &config, model);
}

/* A run of pretrain or prefer. OUT is a model directory, with beside the model
 *   settings.json, metrics.csv, .jsonl, lock   as in the folder of align
 *   run.safetensors                            the checkpoint, until the end
 * All randomness is a pure function of the seed and the step, so that weights,
 * moments, the step and a few sums are all that the rest depends on.        */
enum { STEPS, LOSS, WEIGHT, TOKENS, TRAINER_NUMBERS };

typedef enum run_state { RUN_NONE, RUN_UNFINISHED, RUN_FINISHED } run_state;

typedef struct trainer {
    tool *t;
    run_state found;    // by --resume; RUN_NONE: begin anew
    sppo_model *model;  // that is trained
    sppo_number own[TRAINER_NUMBERS];  // kept in the checkpoint: the steps of
                                       // the run; sums whose quotient is the
                                       // loss of late steps; tokens so far
} trainer;

/* What is in OUT: settings.json is there, and the checkpoint, or none but the
 * model when the run has come to its end.  For a run writes a checkpoint before
 * settings.json, and removes it last.                                       */
static sppo_result trainer_find(tool *t, run_state *state)
{
    static const char *const names[] = { "settings.json", "run.safetensors",
                                         "model.safetensors" };
    char path[PATH_ROOM];
    int i, there[3];

    for (i = 0; i < 3; i++) {
        TRY(path_join(&t->ctx, path, t->set.out, names[i]));
        there[i] = file_exists(path);
    }
    *state = there[0] && there[1] ? RUN_UNFINISHED
           : there[0] && there[2] ? RUN_FINISHED : RUN_NONE;
    return SPPO_OK;
}

/* A model that is written over on the way cannot be gone on from again. */
static sppo_result trainer_check_source(tool *t)
{
    const settings *s = &t->set;
    const char *source = s->from ? s->from : s->policy;

    if (!source || !is_same_place(source, s->out))
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--out is the folder of --%s, "
                     "%s, which the run needs until its end; choose another "
                     "name", s->from ? "from" : "policy", source);
}

/* going_on 0: --resume finds nothing left to do. */
static sppo_result trainer_init(trainer *r, tool *t, sppo_model *model,
                                int *going_on)
{
    static const char *const names[] = { "steps", "loss_sum", "loss_weight",
                                         "tokens" };
    const settings *s = &t->set;
    const int replace = s->force || s->resume || s->dry_run;
    int i;

    memset(r, 0, sizeof *r);
    r->t = t;
    r->model = model;
    for (i = 0; i < TRAINER_NUMBERS; i++)
        r->own[i].name = names[i];
    TRY(trainer_find(t, &r->found));
    TRY(r->found == RUN_UNFINISHED ? run_is_free(&t->ctx, s->out, replace)
                                   : output_is_free(&t->ctx, s->out, replace));
    TRY(trainer_check_source(t));
    r->found = s->resume && !s->dry_run ? r->found : RUN_NONE;
    *going_on = r->found != RUN_FINISHED;
    if (!*going_on)
        note(&t->console, "the run is at its end: %s holds its model", s->out);
    return SPPO_OK;
}

static sppo_result trainer_save(trainer *r)
{
    tool *t = r->t;
    const double begun = seconds_now();

    TRY(metrics_sync(&t->metrics));
    TRY(sppo_train_save(&t->ctx, r->model, &t->optim, r->own, TRAINER_NUMBERS,
                        t->folder.checkpoint));
    run_saved(&t->folder, begun);
    return SPPO_OK;
}

/* The folder and its logs. Of a run that goes on, also its steps: --minutes
 * has settled them once and for all.                                        */
static sppo_result trainer_open(trainer *r, const char *const *names,
                                int count)
{
    tool *t = r->t;

    TRY(run_folder_open(&t->folder, &t->parse, &t->console, t->set.out, 1));
    TRY(metrics_open(&t->metrics, &t->ctx, t->set.out, names, count));
    if (r->found != RUN_UNFINISHED)
        return SPPO_OK;
    return sppo_train_load(&t->ctx, NULL, NULL, r->own, TRAINER_NUMBERS,
                           t->folder.checkpoint);
}

/* From the checkpoint, or from the beginning: that a folder cannot be written
 * to is known before the work. The logs follow.                             */
static sppo_result trainer_begin(trainer *r, int steps)
{
    tool *t = r->t;
    const int resumed = r->found == RUN_UNFINISHED;

    if (resumed) {
        TRY(run_inputs_check(&t->folder));
        TRY(sppo_train_load(&t->ctx, r->model, &t->optim, r->own,
                            TRAINER_NUMBERS, t->folder.checkpoint));
        note(&t->console, "going on after step %d of %d", t->optim.step,
             steps);
    } else {
        if (t->set.resume)
            note(&t->console, "there is no checkpoint: beginning anew");
        remove(t->folder.settings);  // of the run that --force forgets
        r->own[STEPS].value = steps;
        TRY(trainer_save(r));
    }
    TRY(run_settings_write(&t->folder, resumed, "step", t->optim.step + 1));
    run_saved(&t->folder, seconds_now());
    progress_begin(&t->console, t->optim.step);
    return metrics_cut(&t->metrics, t->optim.step);
}

/* One step with the gradient of `loss`. */
static sppo_result trainer_step(trainer *r, double loss)
{
    tool *t = r->t;

    TRY(sppo_optim_step(&t->ctx, &t->optim, r->model, t->grad));
    r->own[LOSS].value = 0.98 * r->own[LOSS].value + 0.02 * loss;
    r->own[WEIGHT].value = 0.98 * r->own[WEIGHT].value + 0.02;
    return SPPO_OK;
}

static double trainer_loss(const trainer *r)
{
    return r->own[LOSS].value / r->own[WEIGHT].value;
}

/* After a step: its line in the logs, progress, a checkpoint when it is due. */
static sppo_result trainer_log(trainer *r, const double *metric)
{
    tool *t = r->t;

    TRY(metrics_append(&t->metrics, metric));
    progress_show(&t->console, "step", t->optim.step, r->own[STEPS].value,
                  ", loss %.4f, lr %.2e, gradient %.3f", trainer_loss(r),
                  t->optim.lr, t->optim.grad_norm);
    if (run_save_is_due(&t->folder, t->set.save_seconds))
        TRY(trainer_save(r));
    return SPPO_OK;
}

/* When no step is left, or a signal was caught: the model so far is of use. */
static sppo_result trainer_save_model(trainer *r)
{
    progress_end(&r->t->console);
    TRY(trainer_save(r));
    return save_model(r->t, r->model, r->t->set.out);
}

/* After the report; result: what it said. */
static sppo_result trainer_end(trainer *r, sppo_result result)
{
    if (result == SPPO_E_STOPPED || (result == SPPO_OK && caught))
        return run_stopped(&r->t->folder);
    TRY(result);
    TRY(output_check(&r->t->ctx));
    remove(r->t->folder.checkpoint);
    return SPPO_OK;
}

/* The default batch is more than a first try has rows: worth a word, no error.
 * effect: what a step does then.                                            */
static void batch_note(tool *t, int count, const char *what,
                       const char *effect)
{
    const int which = option_find(&t->parse, "batch", 5);

    if (t->parse.given[which] && t->set.batch > count)
        note(&t->console, "--batch %d is more than the %d %s: a step %s",
             t->set.batch, count, what, effect);
}

/* What --dry-run prints; minutes < 0: it could not be tried. */
static sppo_result dry_report(tool *t, const sppo_model *model, size_t bytes,
                              double minutes, const char *remark)
{
    report r;

    if (!t->set.json)
        options_print(&t->parse, stdout);
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "parameters", (double)model->count, 0, "");
    report_real(&r, "memory", (double)bytes / 1e6, 1, "MB");
    if (minutes >= 0.0)
        report_real(&r, "time", minutes, 1, remark);
    return report_end(&r);
}

/* ==== tokenizer ======================================== >>tokenizer == */

/* A string, or the contents of a conversation. */
static void collect_text(tool *t, int node, buffer *all)
{
    const sppo_json *json = &t->rows.json;
    int i;

    if (node >= 0 && json->node[node].type == SPPO_JSON_STRING) {
        buffer_unquote(all, json, node);
        buffer_add(all, "\n", 1);
    }
    if (node < 0 || json->node[node].type != SPPO_JSON_ARRAY)
        return;
    for (i = json->node[node].first; i >= 0; i = json->node[i].next) {
        const int content = sppo_json_find(json, i, "content");
        if (content < 0 || json->node[content].type != SPPO_JSON_STRING)
            continue;
        buffer_unquote(all, json, content);
        buffer_add(all, "\n", 1);
    }
}

/* The texts of all rows, a line each. */
static sppo_result collect_texts(tool *t, buffer *all)
{
    static const char *const fields[] = { "text", "prompt", "instruction",
        "response", "chosen", "rejected", "response_a", "response_b" };
    size_t i;
    int more;

    TRY(open_rows(t, t->set.jsonl));
    for (;;) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            return buffer_check(all);
        for (i = 0; i < sizeof fields / sizeof *fields; i++)
            collect_text(t, rows_find(&t->rows, fields[i]), all);
    }
}

static sppo_result run_tokenizer(tool *t)
{
    const settings *s = &t->set;
    const char *text = s->text;
    char *data = NULL;
    size_t size = 0;

    TRY(output_is_free(&t->ctx, s->out, s->force));
    if (s->jsonl) {
        TRY(collect_texts(t, &t->text));
    } else {
        TRY(text_read(&t->ctx, &text, &data, &size));
        buffer_add(&t->text, data, size);
        sppo_release(&t->ctx, data, size + 1);
        TRY(buffer_check(&t->text));
    }
    if (t->text.length == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no text",
                         s->jsonl ? t->rows.path : text);
    TRY(sppo_tokenizer_train(&t->ctx, &t->tok.bin, t->text.data, t->text.length,
                             s->vocab));
    TRY(sppo_tokenizer_save(&t->ctx, &t->tok.bin, s->out));
    note(&t->console, "%s: %d pieces from %.0f bytes of text", s->out,
         t->tok.bin.vocab, (double)t->text.length);
    return SPPO_OK;
}

/* ==== pretrain ========================================== >>pretrain == */

/* Sequence i is root i and, where it is not empty, its child i, which alone is
 * scored then.                                                              */
typedef struct corpus {
    sppo_lists root, child;
    int train;         // sequences before this one are learned
    double scored;     // tokens scored in those
    double bytes;      // of the text that is scored in those,
    double held_bytes; //   and in the others
    int longest;
} corpus;

/* Cuts one text into windows that begin with BOS, so every token is scored; a
 * model without BOS does not score the first.                               */
static sppo_result corpus_add_text(tool *t, corpus *c, const char *text,
                                   size_t length, int *window)
{
    const int first = t->policy.config.bos >= 0;
    const int most = t->policy.config.context - first;
    sppo_lists all;
    sppo_result result;
    int at, n, count;

    memset(&all, 0, sizeof all);
    result = encode(t, text, length, 0, 0, &all);
    count = result == SPPO_OK ? sppo_lists_length(&all, 0) : 0;
    window[0] = t->policy.config.bos;
    for (at = 0; at < count && result == SPPO_OK; at += n) {
        n = count - at < most ? count - at : most;
        memcpy(window + first, sppo_lists_tokens(&all, 0) + at,
               sizeof(int) * (size_t)n);
        result = sppo_lists_add(&t->ctx, &c->root, window, n + first);
        if (result == SPPO_OK)
            result = sppo_lists_add(&t->ctx, &c->child, NULL, 0);
    }
    sppo_lists_free(&t->ctx, &all);
    return result;
}

/* The last part of the text is held out, from the start of a character. */
static sppo_result corpus_from_text(tool *t, corpus *c)
{
    const size_t room = sizeof(int) * (size_t)t->policy.config.context;
    const char *text = t->set.text;
    char *data = NULL;
    size_t size = 0, split;
    int *window;
    sppo_result result;

    TRY(text_read(&t->ctx, &text, &data, &size));
    split = size - share_of(t->set.holdout, size);
    while (split < size && ((unsigned char)data[split] & 0xc0) == 0x80)
        split++;
    window = (int *)sppo_alloc(&t->ctx, room, 1);
    result = window ? corpus_add_text(t, c, data, split, window) : t->ctx.code;
    c->train = c->root.count;
    c->bytes = (double)split;
    c->held_bytes = (double)(size - split);
    if (result == SPPO_OK && split < size)
        result = corpus_add_text(t, c, data + split, size - split, window);
    sppo_release(&t->ctx, window, room);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

/* The current row as one more sequence. */
static sppo_result corpus_add_row(tool *t, corpus *c)
{
    const int context = t->policy.config.context;
    int length, finished;

    TRY(rows_finished(t, 0, &finished));
    if (find_ids(t, "text") >= 0) {
        TRY(encode_field(t, "text", PROMPT, &c->root));
        TRY(sppo_lists_add(&t->ctx, &c->child, NULL, 0));
    } else if (rows_find(&t->rows, "text") >= 0) {
        TRY(rows_text(&t->rows, "text", &t->text));
        TRY(encode(t, t->text.data, t->text.length, 1,
                   response_of(t, finished) == RESPONSE, &c->root));
        TRY(sppo_lists_add(&t->ctx, &c->child, NULL, 0));
    } else {
        TRY(encode_prompt(t, &c->root));
        TRY(encode_field(t, "response", response_of(t, finished),
                         &c->child));
    }
    length = sppo_lists_length(&c->root, c->root.count - 1) +
             sppo_lists_length(&c->child, c->child.count - 1);
    if (length > context)
        return rows_fail(&t->rows, "%d tokens do not fit in a context of %d",
                         length, context);
    return SPPO_OK;
}

static sppo_result corpus_from_rows(tool *t, corpus *c)
{
    int i, more = 1;

    TRY(open_rows(t, t->set.jsonl));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(corpus_add_row(t, c));
    }
    c->train = c->root.count
             - (int)share_of(t->set.holdout, (size_t)c->root.count);
    for (i = 0; i < c->root.count; i++) {
        const sppo_lists *scored =
            sppo_lists_length(&c->child, i) ? &c->child : &c->root;
        double *bytes = i < c->train ? &c->bytes : &c->held_bytes;
        *bytes += (double)codec_decode(&t->tok, sppo_lists_tokens(scored, i),
                                       sppo_lists_length(scored, i), NULL, 0);
    }
    return SPPO_OK;
}

static int corpus_scored(const corpus *c, int i)
{
    const int child = sppo_lists_length(&c->child, i);

    return child ? child : sppo_lists_length(&c->root, i) - 1;
}

static sppo_result corpus_load(tool *t, corpus *c)
{
    int i, length;

    TRY(t->set.text ? corpus_from_text(t, c) : corpus_from_rows(t, c));
    for (i = 0; i < c->root.count; i++) {
        length = sppo_lists_length(&c->root, i) +
                 sppo_lists_length(&c->child, i);
        c->longest = length > c->longest ? length : c->longest;
        c->scored += i < c->train ? corpus_scored(c, i) : 0;
    }
    if (c->scored == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has nothing to learn",
                         t->set.text ? t->set.text : t->rows.path);
    return SPPO_OK;
}

/* The sum of -log pi over tokens, divided by what the call was told. */
typedef struct text_loss {
    double loss, tokens;
} text_loss;

/* Of items [begin, end) of the corpus, in as many passes as it takes, divided
 * by divisor; adds gradients to grad unless it is NULL.                     */
static sppo_result corpus_loss(tool *t, const corpus *c, shuffle *s,
                               int64_t begin, int64_t end, double divisor,
                               sppo_real *grad, text_loss *sum)
{
    sppo_forest *f = &t->forest;
    double part = 0.0;
    int64_t position;
    int i, root, fits = 1;

    memset(sum, 0, sizeof *sum);
    sppo_forest_clear(f);
    for (position = begin; position < end; position += fits) {
        i = s ? shuffle_item(s, position) : (int)position;
        fits = f->tokens + sppo_lists_length(&c->root, i) +
               sppo_lists_length(&c->child, i) <= f->max_tokens;
        if (fits) {
            const int n = sppo_lists_length(&c->child, i);
            root = sppo_forest_add(f, -1, sppo_lists_tokens(&c->root, i),
                                   sppo_lists_length(&c->root, i), n == 0);
            if (n)
                sppo_forest_add(f, root, sppo_lists_tokens(&c->child, i), n,
                                1);
            sum->tokens += corpus_scored(c, i);
        }
        if (fits && position + 1 < end)
            continue;
        TRY(sppo_next_token_loss(&t->ctx, &t->acts, &t->policy, f, divisor,
                                 grad, &part));
        sppo_forest_clear(f);
        sum->loss += part;
    }
    return SPPO_OK;
}

/* The seconds that a step takes, by three that change nothing. */
static sppo_result pretrain_time(tool *t, const corpus *c, shuffle *s,
                                 double *seconds)
{
    double begun = 0.0;
    text_loss sum;
    int i;

    for (i = 0; i < 4; i++) {  // the first warms caches up
        if (i == 1)
            begun = seconds_now();
        TRY(corpus_loss(t, c, s, 0, t->set.batch, 1.0, t->grad, &sum));
    }
    *seconds = (seconds_now() - begun) / 3.0;
    memset(t->grad, 0, t->grad_count * sizeof(sppo_real));
    return SPPO_OK;
}

/* The steps of the run: with --minutes as many as fit, counted once, so that
 * a run that goes on is the same.                                           */
static sppo_result pretrain_count(trainer *r, const corpus *c, shuffle *s)
{
    const double most = 1e8, known = r->own[STEPS].value;
    tool *t = r->t;
    double seconds;

    if (t->set.minutes > 0.0 && known >= 1.0 && known <= most) {
        t->set.steps = (int)known;
    } else if (t->set.minutes > 0.0) {
        TRY(pretrain_time(t, c, s, &seconds));
        t->set.steps = (int)fmin(60.0 * t->set.minutes / seconds + 1.0, most);
        note(&t->console, "%.10g minutes are about %d steps; --steps %d "
             "repeats this run", t->set.minutes, t->set.steps, t->set.steps);
    }
    t->optim.config.total_steps = t->set.steps;
    return SPPO_OK;
}

/* The names that TRL has for them; loss is in nats per token. */
static const char *const pretrain_metrics[] = {
    "step", "epoch", "loss", "bits_per_byte", "grad_norm", "learning_rate",
    "num_tokens"
};
enum { PRETRAIN_METRICS = sizeof pretrain_metrics / sizeof *pretrain_metrics };

static sppo_result pretrain_log(trainer *r, const corpus *c, double loss)
{
    const sppo_optim *optim = &r->t->optim;
    const double metric[PRETRAIN_METRICS] = {
        optim->step, (double)optim->step * r->t->set.batch / c->train, loss,
        loss * c->scored / c->bytes / log(2.0), optim->grad_norm, optim->lr,
        r->own[TOKENS].value
    };

    return trainer_log(r, metric);
}

/* All steps that are left, or those before a signal. */
static sppo_result pretrain_steps(trainer *r, const corpus *c, shuffle *s)
{
    tool *t = r->t;
    const int batch = t->set.batch;
    const double divisor = batch * c->scored / c->train;
    text_loss sum;
    sppo_result result;

    while (t->optim.step < t->set.steps && !caught) {
        const int64_t at = (int64_t)t->optim.step * batch;
        result = corpus_loss(t, c, s, at, at + batch, divisor, t->grad, &sum);
        if (result == SPPO_E_STOPPED)
            break;  // in the middle of a step, which does not count
        TRY(result);
        TRY(trainer_step(r, sum.loss));
        r->own[TOKENS].value += sum.tokens;
        TRY(pretrain_log(r, c, sum.loss * divisor / sum.tokens));
    }
    // what the last step did, no other would see
    result = caught ? SPPO_OK
                    : corpus_loss(t, c, NULL, 0, 1, 1.0, NULL, &sum);
    if (result != SPPO_E_STOPPED)
        TRY(result);
    return trainer_save_model(r);
}

/* A tokenizer.json does not say which of its added tokens are BOS and EOS. */
static sppo_result pretrain_tokenizer(tool *t, sppo_config *config)
{
    static const char *const bos[] = { "<|begin_of_text|>", "<|endoftext|>",
                                       "<s>", NULL };
    static const char *const eos[] = { "<|end_of_text|>", "<|endoftext|>",
                                       "</s>", NULL };
    codec *c = &t->tok;

    TRY(codec_load_file(&t->ctx, c, t->set.tokenizer));
    config->bos = c->bin.vocab ? SPPO_BOS : bpe_added_named(&c->json, bos);
    config->eos = c->bin.vocab ? SPPO_EOS : bpe_added_named(&c->json, eos);
    c->ids = *config;
    if (config->eos >= 0)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no added token "
                     "<|end_of_text|>, <|endoftext|> or </s> to end a text "
                     "with; add one", t->set.tokenizer);
}

/* What the header would say of fields that are no options. */
static sppo_result pretrain_shape(tool *t)
{
    const settings *s = &t->set;

    if (s->dim % s->heads || s->dim / s->heads % 2)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--dim %d is no multiple "
                         "of 2 x --heads %d; each head takes an even part of "
                         "it", s->dim, s->heads);
    if (s->heads % s->kv_heads)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--heads %d is no multiple "
                         "of --kv-heads %d", s->heads, s->kv_heads);
    return SPPO_OK;
}

/* The shape of a new model, or that of the one to go on from. */
static sppo_result pretrain_model(tool *t)
{
    settings *s = &t->set;
    sppo_config config;

    if (s->from)
        return load_model(t, s->from, 0, &t->policy, &t->tok);
    memset(&config, 0, sizeof config);
    TRY(pretrain_tokenizer(t, &config));
    s->kv_heads = s->kv_heads ? s->kv_heads : s->heads;
    s->hidden = s->hidden ? s->hidden : (s->dim * 8 / 3 + 3) / 4 * 4;
    config.vocab = codec_vocab(&t->tok);
    config.dim = s->dim;
    config.layers = s->layers;
    config.heads = s->heads;
    config.kv_heads = s->kv_heads;
    config.hidden = s->hidden;
    config.context = s->context;
    config.untied = s->untied;
    config.rope_theta = s->rope_theta;
    TRY(pretrain_shape(t));
    return sppo_model_init(&t->ctx, &t->policy, &config, (uint64_t)s->seed);
}

/* The sequences held out, unless a signal was caught. */
static sppo_result pretrain_held_out(tool *t, const corpus *c, report *r)
{
    text_loss held;

    if (c->train == c->root.count || caught)
        return SPPO_OK;
    TRY(corpus_loss(t, c, NULL, c->train, c->root.count, 1.0, NULL, &held));
    if (held.tokens > 0.0)
        report_real(r, "held out loss", held.loss / held.tokens, 4,
                    "nats per token");
    if (c->held_bytes > 0.0)
        report_real(r, "held out bits per byte",
                    held.loss / log(2.0) / c->held_bytes, 4, "");
    report_real(r, "held out bytes", c->held_bytes, 0, "");
    report_real(r, "held out tokens", held.tokens, 0, "");
    return SPPO_OK;
}

static sppo_result pretrain_report(trainer *trained, const corpus *c)
{
    tool *t = trained->t;
    sppo_result result;
    report r;

    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "parameters", (double)t->policy.count, 0, "");
    report_real(&r, "steps", t->optim.step, 0, "");
    if (t->optim.step > 0)
        report_real(&r, "train loss", trainer_loss(trained), 4,
                    "nats per token, late steps");
    result = pretrain_held_out(t, c, &r);
    if (result == SPPO_OK)
        return report_end(&r);
    buffer_free(&r.out);
    return result;
}

/* What --dry-run prints; the sequences held out go forward only. */
static sppo_result pretrain_estimate(tool *t, const corpus *c, shuffle *s)
{
    const double held = (c->root.count - c->train) / 3.0 / t->set.batch;
    double seconds;

    TRY(pretrain_time(t, c, s, &seconds));
    return dry_report(t, &t->policy, t->ctx.peak,
                      seconds * (t->set.steps + held) / 60.0, "minutes");
}

/* What the run is made of, so that --resume knows it again. */
static void pretrain_inputs(tool *t, const corpus *c)
{
    if (t->set.from)
        run_input_add(&t->folder, "from", "model",
                      digest_model(&t->policy, &t->tok));
    else
        run_input_add(&t->folder, "tokenizer", "tokenizer",
                      digest_codec(0, &t->tok));
    run_input_add(&t->folder, t->set.text ? "text" : "jsonl", "data",
                  digest_lists(digest_lists(0, &c->root), &c->child));
}

static sppo_result pretrain_on(trainer *r, const corpus *c, shuffle *s)
{
    tool *t = r->t;
    const int room = t->set.pass_tokens > c->longest ? t->set.pass_tokens
                                                     : c->longest;

    pretrain_inputs(t, c);
    TRY(shuffle_begin(t, s, c->train));
    TRY(sppo_forest_init(&t->ctx, &t->forest, room, room));
    TRY(sppo_activations_init(&t->ctx, &t->acts, &t->policy, room, room,
                              c->longest, SPPO_STEP));
    TRY(open_optimiser(t, &t->policy, t->set.steps));
    batch_note(t, c->train, "sequences to learn", "takes some more than once");
    if (!t->set.dry_run)
        TRY(trainer_open(r, pretrain_metrics, PRETRAIN_METRICS));
    TRY(pretrain_count(r, c, s));
    if (t->set.dry_run)
        return pretrain_estimate(t, c, s);
    note(&t->console, "%d sequences to learn, %d held out; %.0f parameters",
         c->train, c->root.count - c->train, (double)t->policy.count);
    TRY(trainer_begin(r, t->set.steps));
    TRY(pretrain_steps(r, c, s));
    return trainer_end(r, pretrain_report(r, c));
}

static sppo_result run_pretrain(tool *t)
{
    corpus c;
    shuffle s;
    trainer r;
    sppo_result result;
    int going_on;

    memset(&c, 0, sizeof c);
    memset(&s, 0, sizeof s);
    TRY(trainer_init(&r, t, &t->policy, &going_on));
    if (!going_on)
        return SPPO_OK;
    TRY(pretrain_model(t));
    if (!t->set.quiet && !t->set.dry_run)
        options_print(&t->parse, stderr);
    catch_signals(&t->ctx, t->set.quiet);
    result = corpus_load(t, &c);
    if (result == SPPO_OK)
        result = pretrain_on(&r, &c, &s);
    shuffle_end(t, &s);
    sppo_lists_free(&t->ctx, &c.root);
    sppo_lists_free(&t->ctx, &c.child);
    return result;
}

/* ==== prefer ============================================== >>prefer == */

/* Rows of preferences: prompts[i], responses 2 i and 2 i + 1, label[i] the
 * probability that the first is better.                                     */
typedef struct preferences {
    double *label;
    int *longer;  // 1: the first is longer, -1: the second, 0: neither
    int *part;    // rows to learn, then from `train` on those held out
    int room, train, held, skipped, same;
    double tied;  // rows held out with label 1/2
} preferences;

static size_t preferences_bytes(int room)
{
    return (size_t)room * (sizeof(double) + 2 * sizeof(int));
}

static void preferences_free(tool *t, preferences *p)
{
    sppo_release(&t->ctx, p->label, preferences_bytes(p->room));
    memset(p, 0, sizeof *p);
}

/* Room for one row more; the arrays share a block. */
static sppo_result preferences_grow(tool *t, preferences *p)
{
    preferences more = *p;
    const size_t used = (size_t)t->prompts.count;

    if (t->prompts.count < p->room)
        return SPPO_OK;
    more.room = p->room ? 2 * p->room : 256;
    more.label = (double *)sppo_alloc(&t->ctx, preferences_bytes(more.room), 1);
    if (!more.label)
        return t->ctx.code;
    more.longer = (int *)(more.label + more.room);
    more.part = more.longer + more.room;
    if (used) {
        memcpy(more.label, p->label, used * sizeof *p->label);
        memcpy(more.longer, p->longer, used * sizeof *p->longer);
        memcpy(more.part, p->part, used * sizeof *p->part);
    }
    sppo_release(&t->ctx, p->label, preferences_bytes(p->room));
    *p = more;
    return SPPO_OK;
}

/* All rows of a prompt fall on one side of the split, whatever the file. */
static int prompt_is_held_out(const buffer *prompt, double share)
{
    uint64_t hash = 1469598103934665603u;  // FNV-1a, then mixed
    size_t i;

    for (i = 0; i < prompt->length; i++)
        hash = (hash ^ (unsigned char)prompt->data[i]) * 1099511628211u;
    return sppo_random_uniform(hash, 0) < share;
}

static int preference_span(const tool *t, int row)
{
    return pref_span(t, sppo_lists_length(&t->prompts, row),
                     sppo_lists_length(&t->responses, 2 * row),
                     sppo_lists_length(&t->responses, 2 * row + 1));
}

/* The probability that the first is better: "prob_a", or of a chosen response
 * what SPPO's files call "chosen_probs", or else 1.                         */
static sppo_result preference_label(tool *t, int soft, double *label)
{
    row_reader *r = &t->rows;
    const char *key = soft || rows_find(r, "prob_a") >= 0 ? "prob_a"
                                                          : "chosen_probs";
    const int node = rows_find(r, key);
    char seen[VALUE_ROOM];

    *label = 1.0;
    if (node < 0 && !soft)
        return SPPO_OK;
    if (node < 0)
        return rows_fail(r, "\"%s\" is missing", key);
    if (r->json.node[node].type != SPPO_JSON_NUMBER)
        return rows_fail(r, "\"%s\" must be a number, not %s", key,
                         rows_value(r, node, seen));
    *label = sppo_json_number(&r->json, node);
    if (!(*label >= 0.0 && *label <= 1.0))
        return rows_fail(r, "\"%s\" must be from 0 to 1, not %.10g", key,
                         *label);
    return SPPO_OK;
}

/* Bytes that two texts begin with, as TRL has it: without the last blank. */
static size_t common_prefix(const buffer *a, const buffer *b)
{
    size_t n = 0;

    while (n < a->length && n < b->length && a->data[n] == b->data[n])
        n++;
    while (n > 0 && n < a->length && ((unsigned char)a->data[n] & 0xc0) == 0x80)
        n--;
    return n > 0 && a->data[n - 1] == ' ' ? n - 1 : n;
}

/* A prompt that is not there but in what chosen and rejected begin with: their
 * first message, or of strings *skip bytes.                                 */
static sppo_result implicit_prompt(tool *t, size_t *skip)
{
    const sppo_json *json = &t->rows.json;
    const int chosen = rows_find(&t->rows, "chosen");
    const int rejected = rows_find(&t->rows, "rejected");
    const int talk = chosen >= 0 && json->node[chosen].type == SPPO_JSON_ARRAY;

    if (talk && rejected >= 0 && json->node[chosen].count == 2 &&
        json->node[rejected].count == 2) {
        TRY(message_text(t, "rejected", rejected, 0, "user", &t->line));
        TRY(message_text(t, "chosen", chosen, 0, "user", &t->text));
        if (strcmp(t->line.data, t->text.data) != 0)
            return rows_fail(&t->rows, "\"chosen\" and \"rejected\" answer "
                             "different prompts");
    } else if (talk) {
        return rows_fail(&t->rows, "\"prompt\" is missing, and \"chosen\" and "
                         "\"rejected\" are not two messages each");
    } else {
        TRY(rows_text(&t->rows, "rejected", &t->line));
        TRY(rows_text(&t->rows, "chosen", &t->text));
        *skip = common_prefix(&t->text, &t->line);
        if (*skip == 0)
            return rows_fail(&t->rows, "\"prompt\" is missing, and \"chosen\" "
                             "and \"rejected\" begin differently");
        t->text.length = *skip;
    }
    if (!codec_reads_text(&t->tok))
        return rows_fail(&t->rows, "it is text; give ids, for: %s",
                         t->tok.missing);
    return encode(t, t->text.data, t->text.length, 1, 0, &t->prompts);
}

/* A response, without the bytes that were its prompt; its length in bytes, or
 * in tokens where only these are known.                                     */
static sppo_result preference_response(tool *t, const char *key, int what,
                                       size_t skip, size_t *length)
{
    if (skip == 0)
        TRY(encode_field(t, key, what, &t->responses));
    else
        TRY(rows_text(&t->rows, key, &t->text));
    *length = t->text.length;
    if (find_ids(t, key) >= 0)
        *length = (size_t)sppo_lists_length(&t->responses,
                                            t->responses.count - 1);
    if (skip == 0)
        return SPPO_OK;
    return codec_encode_response(&t->ctx, &t->tok, t->text.data + skip,
                                 t->text.length - skip, what == RESPONSE,
                                 &t->responses);
}

/* Counts a row whose two responses are the same, and says which is the first:
 * it is mostly a mistake of the program that wrote it.                      */
static void preference_same(tool *t, preferences *p, int row)
{
    if (lists_same(&t->responses, 2 * row, 2 * row + 1) && p->same++ == 0)
        note(&t->console, "%s: both responses are the same; such a row teaches "
             "nothing", t->rows.where);
}

/* The current row as one more preference. */
static sppo_result preference_add(tool *t, preferences *p)
{
    const int i = t->prompts.count, context = t->preference.config.context;
    const int soft = rows_find(&t->rows, "response_a") >= 0 ||
                     find_ids(t, "response_a") >= 0;
    const char *first = soft ? "response_a" : "chosen";
    const char *second = soft ? "response_b" : "rejected";
    const int implicit = !soft && rows_find(&t->rows, "prompt") < 0 &&
                         find_ids(t, "prompt") < 0;
    size_t length, other, skip = 0;
    int held, finished;

    TRY(preferences_grow(t, p));
    TRY(preference_label(t, soft, &p->label[i]));
    TRY(rows_finished(t, 2, &finished));
    if ((find_ids(t, first) >= 0) != (find_ids(t, second) >= 0))
        return rows_fail(&t->rows, "of \"%s\" and \"%s\" one is text, the "
                         "other ids", first, second);
    TRY(implicit ? implicit_prompt(t, &skip) : encode_prompt(t, &t->prompts));
    held = prompt_is_held_out(&t->text, t->set.holdout);
    TRY(preference_response(t, first, response_of(t, finished), skip,
                            &length));
    TRY(preference_response(t, second,
                            response_of(t, next_node(t, finished)), skip,
                            &other));
    p->longer[i] = (length > other) - (length < other);
    preference_same(t, p, i);
    p->part[i] = held;
    if (preference_span(t, i) <= context)
        return SPPO_OK;
    if (t->set.strict)
        return rows_fail(&t->rows, "%d tokens do not fit in a context of %d",
                         preference_span(t, i), context);
    p->part[i] = -1;
    p->skipped++;
    return SPPO_OK;
}

/* A label that prefers neither response, but for rounding. */
static int label_is_tie(double label)
{
    return !sppo_beats(label, 0.5) && !sppo_beats(0.5, label);
}

/* Turns the marks in part (0 learn, 1 hold out, -1 skip) into the rows. */
static sppo_result preferences_split(tool *t, preferences *p)
{
    const int count = t->prompts.count;
    const size_t bytes = sizeof(int) * (size_t)count;
    int *mark = (int *)sppo_alloc(&t->ctx, bytes, 1);
    int i, pass, at = 0;

    if (!mark)
        return t->ctx.code;
    memcpy(mark, p->part, bytes);
    for (pass = 0; pass < 2; pass++) {
        for (i = 0; i < count; i++)
            if (mark[i] == pass)
                p->part[at++] = i;
        p->train = pass == 0 ? at : p->train;
    }
    sppo_release(&t->ctx, mark, bytes);
    p->held = at - p->train;
    for (i = p->train; i < at; i++)
        p->tied += label_is_tie(p->label[p->part[i]]);
    return SPPO_OK;
}

static sppo_result preferences_load(tool *t, preferences *p)
{
    int more = 1;

    TRY(open_rows(t, t->set.preferences));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(preference_add(t, p));
    }
    if (t->prompts.count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no preferences",
                         t->rows.path);
    TRY(preferences_split(t, p));
    if (p->skipped)
        note(&t->console, "skipped %d of %d rows, longer than the context of "
             "%d", p->skipped, t->prompts.count, t->preference.config.context);
    if (p->same)
        note(&t->console, "%d of %d rows compare a response with itself",
             p->same, t->prompts.count);
    if (p->train == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s leaves no row to learn",
                         t->rows.path);
    return SPPO_OK;
}

/* Right 1, wrong 0, undecided 1/2. */
static double agreement(double score, double label)
{
    return score == 0.0 ? 0.5
         : (score > 0.0) == sppo_beats(label, 0.5) ? 1.0 : 0.0;
}

/* The rows of one step, and the log-odds of their first responses. */
typedef struct row_batch {
    int *row, count;
    double *score;
    size_t bytes;
} row_batch;

static sppo_result row_batch_open(tool *t, row_batch *b)
{
    const size_t most = (size_t)t->set.batch;

    b->bytes = most * (sizeof(double) + sizeof(int));
    b->score = (double *)sppo_alloc(&t->ctx, b->bytes, 1);
    b->row = (int *)(b->score + most);
    return b->score ? SPPO_OK : t->ctx.code;
}

static int prefer_per_epoch(const tool *t, const preferences *p)
{
    return (p->train - 1) / t->set.batch + 1;
}

/* A batch of the epoch's order, or what is left of it. */
static void prefer_batch(const tool *t, const preferences *p, shuffle *s,
                         int step, row_batch *b)
{
    const int per_epoch = prefer_per_epoch(t, p), batch = t->set.batch;
    const int from = step % per_epoch * batch;
    const int64_t at = (int64_t)(step / per_epoch) * p->train + from;
    int i;

    b->count = p->train - from < batch ? p->train - from : batch;
    for (i = 0; i < b->count; i++)
        b->row[i] = p->part[shuffle_item(s, at + i)];
}

static sppo_result prefer_loss(tool *t, const preferences *p, row_batch *b,
                               sppo_real *grad, double *loss)
{
    return sppo_pref_loss(&t->ctx, &t->pref, &t->prompts, &t->responses,
                          p->label, b->row, b->count, grad, loss, b->score);
}

/* The names that TRL has for them; of rows with label 1/2 none is right. */
static const char *const prefer_metrics[] = {
    "step", "epoch", "loss", "accuracy", "margin", "grad_norm",
    "learning_rate"
};
enum { PREFER_METRICS = sizeof prefer_metrics / sizeof *prefer_metrics };

static sppo_result prefer_log(trainer *r, const preferences *p,
                              const row_batch *b, double loss)
{
    const sppo_optim *optim = &r->t->optim;
    double right = 0.0, margin = 0.0, clear = 0.0;
    double metric[PREFER_METRICS];
    int i;

    for (i = 0; i < b->count; i++) {
        const double label = p->label[b->row[i]];
        if (label_is_tie(label))
            continue;
        right += agreement(b->score[i], label);
        margin += label > 0.5 ? b->score[i] : -b->score[i];
        clear += 1.0;
    }
    metric[0] = optim->step;
    metric[1] = (double)optim->step / prefer_per_epoch(r->t, p);
    metric[2] = loss;
    metric[3] = right / clear;
    metric[4] = margin / clear;
    metric[5] = optim->grad_norm;
    metric[6] = optim->lr;
    return trainer_log(r, metric);
}

/* All steps that are left, or those before a signal. */
static sppo_result prefer_steps(trainer *r, const preferences *p, shuffle *s,
                                row_batch *b)
{
    tool *t = r->t;
    double loss = 0.0;
    sppo_result result;

    while (t->optim.step < t->optim.config.total_steps && !caught) {
        prefer_batch(t, p, s, t->optim.step, b);
        result = prefer_loss(t, p, b, t->grad, &loss);
        if (result == SPPO_E_STOPPED)
            break;  // in the middle of a step, which does not count
        TRY(result);
        TRY(trainer_step(r, loss));
        TRY(prefer_log(r, p, b, loss));
    }
    prefer_batch(t, p, s, 0, b);  // what the last step did, no other would see
    result = caught ? SPPO_OK : prefer_loss(t, p, b, NULL, &loss);
    if (result != SPPO_E_STOPPED)
        TRY(result);
    return trainer_save_model(r);
}

/* The rows held out: by the model, by the coin and by the length alone. Where
 * the label is a tie there is no right side; accuracies leave it out.       */
static sppo_result prefer_report(tool *t, const preferences *p, row_batch *b)
{
    report r;
    double loss = 0.0, right = 0.0, longer = 0.0, part = 0.0, clear;
    int at, i;

    for (at = 0; at < p->held && !caught; at += b->count) {
        b->count = p->held - at < t->set.batch ? p->held - at : t->set.batch;
        memcpy(b->row, p->part + p->train + at,
               sizeof(int) * (size_t)b->count);
        TRY(prefer_loss(t, p, b, NULL, &part));
        loss += part * b->count;
        for (i = 0; i < b->count; i++) {
            const int row = b->row[i];
            if (label_is_tie(p->label[row]))
                continue;
            right += agreement(b->score[i], p->label[row]);
            longer += agreement(p->longer[row], p->label[row]);
        }
    }
    clear = p->held - p->tied;
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "rows learned", p->train, 0, "");
    report_real(&r, "rows held out", p->held, 0, "no prompt in both");
    report_real(&r, "rows skipped", p->skipped, 0, "too long");
    report_real(&r, "rows of equal responses", p->same, 0,
                p->same ? "they teach nothing" : "");
    if (p->held && !caught) {
        report_real(&r, "held out tied", p->tied / p->held, 4, "label 1/2");
        if (clear > 0.0) {
            report_real(&r, "accuracy", right / clear, 4, "without ties");
            report_real(&r, "accuracy longer wins", longer / clear, 4, "");
        }
        report_real(&r, "log loss", loss / p->held, 4, "");
        report_real(&r, "log loss coin", log(2.0), 4, "");
    }
    return report_end(&r);
}

/* Room for the longest row, and for as many as --pass-tokens allows. */
static sppo_result prefer_open(tool *t, const preferences *p)
{
    const double steps = (double)prefer_per_epoch(t, p) * t->set.epochs;
    int i, a, b, tokens, need = t->set.pass_tokens;

    if (steps > 2147483647.0)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--epochs %d are %.0f "
                         "steps; that is more than can be counted",
                         t->set.epochs, steps);
    for (i = 0; i < p->train + p->held; i++) {
        const int row = p->part[i];
        a = sppo_lists_length(&t->responses, 2 * row);
        b = sppo_lists_length(&t->responses, 2 * row + 1);
        tokens = pref_pass(t, sppo_lists_length(&t->prompts, row), 2,
                           a > b ? a : b);
        need = tokens > need ? tokens : need;
    }
    TRY(sppo_pref_init(&t->ctx, &t->pref, &t->preference, need, 2, 1));
    return open_optimiser(t, &t->preference, (int)steps);
}

/* What --dry-run prints, by three steps that change nothing; the rows held out
 * go forward only.                                                          */
static sppo_result prefer_estimate(tool *t, const preferences *p, shuffle *s,
                                   row_batch *b)
{
    const double held = p->held / 3.0 / t->set.batch;
    double loss, begun = 0.0;
    int i;

    prefer_batch(t, p, s, 0, b);
    for (i = 0; i < 4; i++) {  // the first warms caches up
        if (i == 1)
            begun = seconds_now();
        TRY(prefer_loss(t, p, b, t->grad, &loss));
    }
    return dry_report(t, &t->preference, t->ctx.peak,
                      (seconds_now() - begun) / 3.0 / 60.0 *
                      (t->optim.config.total_steps + held), "minutes");
}

/* What the run is made of, so that --resume knows it again. */
static void prefer_inputs(tool *t, const preferences *p)
{
    uint64_t digest = digest_lists(0, &t->prompts);

    digest = digest_lists(digest, &t->responses);
    run_input_add(&t->folder, "policy", "model",
                  digest_model(&t->policy, &t->tok));
    run_input_add(&t->folder, "preferences", "data",
                  sppo_digest(digest, p->label, (size_t)t->prompts.count *
                              sizeof *p->label));
}

static sppo_result prefer_on(trainer *r, preferences *p, shuffle *s,
                             row_batch *b)
{
    tool *t = r->t;
    char effect[48];

    TRY(preferences_load(t, p));
    prefer_inputs(t, p);
    TRY(shuffle_begin(t, s, p->train));
    TRY(prefer_open(t, p));
    TRY(row_batch_open(t, b));
    snprintf(effect, sizeof effect, "takes all %d", p->train);
    batch_note(t, p->train, "rows to learn", effect);
    if (t->set.dry_run)
        return prefer_estimate(t, p, s, b);
    TRY(trainer_open(r, prefer_metrics, PREFER_METRICS));
    note(&t->console, "%d rows to learn, %d held out, %.0f parameters",
         p->train, p->held, (double)t->preference.count);
    TRY(trainer_begin(r, t->optim.config.total_steps));
    TRY(prefer_steps(r, p, s, b));
    return trainer_end(r, prefer_report(t, p, b));
}

static sppo_result run_prefer(tool *t)
{
    const settings *s = &t->set;
    preferences p;
    shuffle order;
    row_batch b;
    trainer r;
    sppo_result result;
    int going_on;

    memset(&p, 0, sizeof p);
    memset(&order, 0, sizeof order);
    memset(&b, 0, sizeof b);
    TRY(trainer_init(&r, t, &t->preference, &going_on));
    if (!going_on)
        return SPPO_OK;
    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    TRY(sppo_model_clone(&t->ctx, &t->preference, &t->policy,
                         (sppo_head)(s->head + 1), s->embed_dim));
    if (!s->quiet && !s->dry_run)
        options_print(&t->parse, stderr);
    catch_signals(&t->ctx, t->set.quiet);
    result = prefer_on(&r, &p, &order, &b);
    sppo_release(&t->ctx, b.score, b.bytes);
    shuffle_end(t, &order);
    preferences_free(t, &p);
    return result;
}

/* ==== align: what a run writes ============================= >>run == */

/* A run's folder:
 *   settings.json             what was asked for; --resume reads it
 *   run.safetensors           the checkpoint: all that the rest depends on
 *   metrics.csv, .jsonl       a line for each step of the optimiser
 *   validation.csv            a line for each iteration
 *   iterT/                    the policy after iteration T, a model directory
 *   iterT/train.jsonl         D_t, as TRL and uclaml/SPPO read it
 *   iterT/judged.jsonl        all K responses and their probabilities
 *   policy/                   the last policy
 *   shards/                   parts of an iteration, until they are merged
 *   lock                      held by the process at work
 * All but the appended lines are written whole and renamed.                 */
typedef struct run {
    tool *t;
    int per_iteration;   // steps of the optimiser
    sppo_result failed;  // what stopped the callback, or SPPO_OK
    double pace[3];      // seconds of a prompt sampled, of one judged, of a
    double validated;    // step; of a validation; 0: not seen yet
    char validation[PATH_ROOM];
    char digest[DIGEST_ROOM];  // of the round: see >>shards
    sppo_lists *into;    // where a merge puts responses
    double *merged;      // [count, k, k] what shards judged
} run;

enum { METRICS = 20 };
static const char *const metric_names[METRICS] = {
    "step", "iteration", "loss", "loss_scaled", "rewards/chosen",
    "rewards/rejected", "rewards/margins", "rewards/accuracies",
    "logps/chosen", "logps/rejected", "grad_norm", "learning_rate",
    "win_rate/chosen", "win_rate/rejected", "mean_length", "eos_rate",
    "logratios/chosen", "logratios/rejected", "objective/kl",
    "objective/entropy"
};
static const char validation_header[] =
    "iteration,win_rate,low,high,standard_error,mean_length,"
    "mean_length_base,eos_rate,eos_rate_base,kl\n";

/* The values of metric_names, in that order. */
static void metric_values(const sppo_progress *p, int step, double *v)
{
    *v++ = step;
    *v++ = p->iteration + 1;
    *v++ = p->loss;
    *v++ = p->loss_scaled;
    *v++ = p->rewards_chosen;
    *v++ = p->rewards_rejected;
    *v++ = p->rewards_margins;
    *v++ = p->rewards_accuracies;
    *v++ = p->logps_chosen;
    *v++ = p->logps_rejected;
    *v++ = p->grad_norm;
    *v++ = p->learning_rate;
    *v++ = p->win_chosen;
    *v++ = p->win_rejected;
    *v++ = p->length;
    *v++ = p->eos_rate;
    *v++ = p->logratios_chosen;
    *v++ = p->logratios_rejected;
    *v++ = p->kl;
    *v++ = p->entropy;
}

/* Adds the text of a list to the line that is being written. */
static void write_text(tool *t, const sppo_lists *lists, int list)
{
    buffer_decode(&t->text, &t->tok, lists, list);
    buffer_quote(&t->line, t->text.data, t->text.length);
}

/* "key": text, or without a tokenizer "key_ids": ids. */
static void write_named(tool *t, const char *key, const sppo_lists *lists,
                        int list)
{
    const int text = codec_reads_text(&t->tok);

    buffer_format(&t->line, text ? "\"%s\": " : "\"%s_ids\": ", key);
    if (text)
        write_text(t, lists, list);
    else
        buffer_ids(&t->line, lists, list);
}

/* "key": [{"content": prompt, "role": "user"}, {.. "assistant"}], or without a
 * tokenizer "key_ids": [..], of the response alone.                         */
static void write_conversation(tool *t, const char *key, int prompt,
                               int response)
{
    const sppo_round *round = &t->play.round;

    if (!codec_reads_text(&t->tok)) {
        buffer_format(&t->line, "\"%s_ids\": ", key);
        buffer_ids(&t->line, &round->responses, response);
        return;
    }
    buffer_format(&t->line, "\"%s\": [{\"content\": ", key);
    write_text(t, &t->prompts, round->first + prompt);
    buffer_format(&t->line, ", \"role\": \"user\"}, {\"content\": ");
    write_text(t, &round->responses, response);
    buffer_format(&t->line, ", \"role\": \"assistant\"}]");
}

/* "finished": [true, false, ..] of `count` responses from `list` on. */
static void write_finished(tool *t, const sppo_lists *lists, int list,
                           int count)
{
    int i;

    for (i = 0; i < count; i++)
        buffer_format(&t->line, "%s%s", i ? ", " : "\"finished\": [",
                      sppo_finished(&t->policy.config, lists, list + i)
                      ? "true" : "false");
    buffer_add(&t->line, "]", 1);
}

/* D_t in the columns of the SPPO authors' trainer, in the form of TRL's, and
 * which of the two are finished.                                            */
static void write_train_row(tool *t, int p)
{
    const sppo_round *round = &t->play.round;
    const sppo_config *c = &t->policy.config;
    const int k = t->play.config.k, w = round->winner[p], l = round->loser[p];

    buffer_add(&t->line, "{", 1);
    if (!codec_reads_text(&t->tok)) {
        write_named(t, "prompt", &t->prompts, round->first + p);
        buffer_add(&t->line, ", ", 2);
    }
    write_conversation(t, "chosen", p, p * k + w);
    buffer_add(&t->line, ", ", 2);
    write_conversation(t, "rejected", p, p * k + l);
    buffer_format(&t->line, ", \"finished\": [%s, %s]",
                  sppo_finished(c, &round->responses, p * k + w) ? "true"
                                                                 : "false",
                  sppo_finished(c, &round->responses, p * k + l) ? "true"
                                                                 : "false");
    buffer_format(&t->line, ", \"chosen_probs\": ");
    buffer_number(&t->line, round->pairwise[(p * k + w) * k + l], 9);
    buffer_format(&t->line, ", \"chosen_probs_win\": ");
    buffer_number(&t->line, round->win[p * k + w], 9);
    buffer_format(&t->line, ", \"chosen_probs_lose\": ");
    buffer_number(&t->line, round->win[p * k + l], 9);
    buffer_add(&t->line, "}\n", 2);
}

/* [[..], ..] as the judge protocol has it: exact to the bit. */
static void write_probabilities(buffer *out, const double *pairwise, int k)
{
    int i, j;

    buffer_format(out, "\"probabilities\": [");
    for (i = 0; i < k; i++) {
        buffer_format(out, i ? ", [" : "[");
        for (j = 0; j < k; j++) {
            buffer_format(out, j ? ", " : "");
            buffer_number(out, pairwise[i * k + j], 17);
        }
        buffer_add(out, "]", 1);
    }
    buffer_add(out, "]", 1);
}

/* All that was sampled and judged for one prompt. */
static void write_judged_row(tool *t, int p)
{
    const sppo_round *round = &t->play.round;
    const int k = t->play.config.k, text = codec_reads_text(&t->tok);
    int i;

    buffer_add(&t->line, "{", 1);
    write_named(t, "prompt", &t->prompts, round->first + p);
    buffer_format(&t->line, text ? ", \"responses\": ["
                                 : ", \"responses_ids\": [");
    for (i = 0; i < k; i++) {
        buffer_format(&t->line, i ? ", " : "");
        if (text)
            write_text(t, &round->responses, p * k + i);
        else
            buffer_ids(&t->line, &round->responses, p * k + i);
    }
    buffer_format(&t->line, "], ");
    write_finished(t, &round->responses, p * k, k);
    buffer_format(&t->line, ", ");
    write_probabilities(&t->line, round->pairwise + cells(p, k), k);
    buffer_format(&t->line, ", \"winner\": %d, \"loser\": %d}\n",
                  round->winner[p], round->loser[p]);
}

static sppo_result write_rows(tool *t, const char *folder, const char *name,
                              void (*row)(tool *t, int p))
{
    char path[PATH_ROOM];
    int p;

    buffer_clear(&t->line);
    for (p = 0; p < t->play.round.count; p++)
        row(t, p);
    TRY(buffer_check(&t->line));
    TRY(buffer_check(&t->text));
    TRY(path_join(&t->ctx, path, folder, name));
    return sppo_file_write(&t->ctx, path, t->line.data, t->line.length);
}

/* The policy against the one that the run began with. */
static sppo_result validate(run *r)
{
    tool *t = r->t;
    const sppo_sampling sampling = sampling_of(&t->set);
    const int iteration = t->play.iteration + 1;
    const double begun = seconds_now();
    sppo_evaluation e;

    note(&t->console, "iteration %d: comparing with the base policy",
         iteration);
    TRY(sppo_evaluate(&t->ctx, &t->policy, &t->base, &t->judge,
                      &t->validation, t->set.samples, &sampling,
                      (uint64_t)t->set.seed, &e));
    r->validated = seconds_now() - begun;
    printf("iteration %d  win rate against the base policy %.4f (95 %%: %.4f "
           ".. %.4f)\niteration %d  length %.1f, base %.1f  KL %.3f\n",
           iteration, e.win_rate, e.low, e.high, iteration, e.length_a,
           e.length_b, e.kl);
    TRY(output_check(&t->ctx));
    TRY(log_cut(&t->line, r->validation, validation_header, iteration - 1));
    buffer_clear(&t->line);
    buffer_format(&t->line, "%d,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,"
                  "%.9g\n", iteration, e.win_rate, e.low, e.high,
                  e.standard_error, e.length_a, e.length_b, e.eos_a, e.eos_b,
                  e.kl);
    return log_append(&t->ctx, r->validation, &t->line);
}

/* Prompts whose best and worst response are one: there is nothing to learn from
 * them, and many say that the policy has nothing left to choose from.       */
static void note_same_pairs(tool *t)
{
    const sppo_round *round = &t->play.round;
    const int k = t->play.config.k;
    int p, same = 0;

    for (p = 0; p < round->count; p++)
        same += lists_same(&round->responses, p * k + round->winner[p],
                           p * k + round->loser[p]);
    if (same)
        note(&t->console, "iteration %d: of %d of %d prompts the best and the "
             "worst response are the same", t->play.iteration + 1, same,
             round->count);
}

/* The results of an iteration, between its training and its end. Written
 * again, the same, when the run is killed before the next checkpoint.       */
static sppo_result write_iteration(run *r)
{
    tool *t = r->t;
    const sppo_progress *p = &t->play.last;
    char name[32], folder[PATH_ROOM];

    snprintf(name, sizeof name, "iter%d", t->play.iteration + 1);
    TRY(path_join(&t->ctx, folder, t->set.out, name));
    note_same_pairs(t);
    TRY(save_model(t, &t->policy, folder));
    TRY(write_rows(t, folder, "train.jsonl", write_train_row));
    TRY(write_rows(t, folder, "judged.jsonl", write_judged_row));
    if (p->phase == SPPO_PHASE_FIT)  // else it was trained before a resume
        printf("iteration %d  loss/eta^2 %.4g  margin %.4g  win rates %.3f "
               "and %.3f  length %.1f  finished %.3f\n",
               t->play.iteration + 1, p->loss_scaled, p->rewards_margins,
               p->win_chosen, p->win_rejected, p->length, p->eos_rate);
    TRY(output_check(&t->ctx));
    return t->set.validation ? validate(r) : SPPO_OK;
}

/* ==== align: Algorithm 1, interrupted and resumed ========== >>align == */

static sppo_play_config play_config(const settings *s)
{
    sppo_play_config config;

    memset(&config, 0, sizeof config);
    config.eta = s->eta;
    config.k = s->k;
    config.iterations = s->iterations;
    config.prompts_per_iteration = s->prompts_per_iteration;
    config.batch = s->batch;
    config.epochs = s->epochs;
    config.pass_tokens = s->pass_tokens;
    config.keep_all = s->keep_all;
    config.bradley_terry = s->bradley_terry;
    config.missing_eos_penalty = s->missing_eos_penalty;
    config.coefficient = s->log_z;
    config.seed = (uint64_t)s->seed;
    config.loss = (sppo_loss)s->loss;
    config.baseline = (sppo_baseline)s->baseline;
    config.sampling = sampling_of(s);
    config.optim = optim_of(s, 0);
    return config;
}

/* The phase of --phase that a phase of the play belongs to. */
static int phase_group(sppo_phase phase)
{
    return phase == SPPO_PHASE_SAMPLE ? 1 : phase == SPPO_PHASE_JUDGE ? 2 : 3;
}

/* Seconds of the run after the phase at work, by what each has taken in this
 * process; -1: a phase that is to come has not been seen yet.               */
static double run_later(run *r, const sppo_progress *p)
{
    const int now = phase_group(p->phase) - 1;
    const int more = r->t->set.iterations - p->iteration - 1;
    const double units[3] = { r->t->play.round.count, r->t->play.round.count,
                              r->per_iteration };
    double later = 0.0;
    int i, times;

    r->pace[now] = progress_pace(&r->t->console, p->done);
    for (i = 0; i < 3; i++) {
        times = more + (i > now);
        if (r->t->set.phase || (times && r->pace[i] <= 0.0))
            return -1.0;
        later += times * units[i] * r->pace[i];
    }
    if (r->t->set.validation && r->validated <= 0.0)
        return -1.0;
    return later + (more + 1) * r->validated;
}

/* Called after every unit of work: keeps the metrics, draws the progress,
 * stops for a checkpoint or for good. The play goes on where it stopped.    */
static int on_progress(void *user, const sppo_progress *p)
{
    static const char *const titles[] = { "sample", "judge", "select", "fit",
                                          "advance", "done" };
    run *r = (run *)user;
    double value[METRICS];
    char what[64];

    r->t->console.later = run_later(r, p);
    snprintf(what, sizeof what, "iteration %d of %d: %s", p->iteration + 1,
             r->t->set.iterations, titles[p->phase]);
    if (p->phase == SPPO_PHASE_FIT) {
        metric_values(p, p->iteration * r->per_iteration + p->done, value);
        r->failed = metrics_append(&r->t->metrics, value);
        progress_show(&r->t->console, what, p->done, p->total,
                      ", loss/eta^2 %.4g, margin %.4g", p->loss_scaled,
                      p->rewards_margins);
    } else {
        progress_show(&r->t->console, what, p->done, p->total, "%s", "");
    }
    return caught || r->failed ||
           run_save_is_due(&r->t->folder, r->t->set.save_seconds);
}

static sppo_result checkpoint(run *r)
{
    const double begun = seconds_now();

    TRY(metrics_sync(&r->t->metrics));
    TRY(log_sync(&r->t->ctx, r->validation));
    TRY(sppo_play_save(&r->t->ctx, &r->t->play, r->t->folder.checkpoint));
    run_saved(&r->t->folder, begun);
    return SPPO_OK;
}

/* Whether the judge has answered all that this process will ask. */
static int judge_is_done(const tool *t)
{
    return t->play.phase == SPPO_PHASE_SELECT &&
           (t->set.phase == 2 || (!t->set.validation &&
                                  t->play.iteration + 1 == t->set.iterations));
}

/* After work of a phase: a judge that has answered must have no more to say.
 * Of one that is out of step no answer counts: the iteration is judged anew.*/
static sppo_result align_judged(run *r, sppo_result result)
{
    tool *t = r->t;
    char why[sizeof t->ctx.message];

    if (judge_is_done(t))
        result = judge_finish(&t->process);
    else if (t->play.phase == SPPO_PHASE_SELECT)
        result = judge_listen(&t->process);
    if (!t->process.out_of_step)
        return result;
    snprintf(why, sizeof why, "%s", t->ctx.message);
    t->play.phase = SPPO_PHASE_JUDGE;
    t->play.done = 0;
    TRY(checkpoint(r));
    return sppo_fail(&t->ctx, SPPO_E_JUDGE, "%s", why);
}

/* One phase, with a checkpoint whenever it pauses and at its end, but for the
 * one that is arithmetic on the judge's answers.                            */
static sppo_result align_phase(run *r)
{
    tool *t = r->t;
    const int quick = t->play.phase == SPPO_PHASE_SELECT;
    sppo_result result;

    progress_begin(&t->console, t->play.done);
    do {
        result = sppo_play_next(&t->ctx, &t->play, &t->judge);
        if (r->failed)
            return r->failed;
        result = align_judged(r, result);
        if (result != SPPO_OK && result != SPPO_E_STOPPED)
            return result;
        if (!quick || caught)
            TRY(checkpoint(r));
    } while (result == SPPO_E_STOPPED && !caught);
    progress_end(&t->console);
    return caught ? run_stopped(&t->folder) : SPPO_OK;
}

/* ==== align: parts of an iteration ======================== >>shards == */

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
    uint64_t digest = (uint64_t)t->play.iteration;
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
    digest_write(digest, r->digest);
}

static sppo_result shard_path(run *r, const char *what, int shard, int of,
                              char path[PATH_ROOM])
{
    char name[64];

    snprintf(name, sizeof name, "shards/iter%d.%s.%dof%d.jsonl",
             r->t->play.iteration + 1, what, shard, of);
    return path_join(&r->t->ctx, path, r->t->set.out, name);
}

/* Prompts of the round before those of a shard. */
static int shard_begin(const run *r, int shard, int of)
{
    return (int)((int64_t)r->t->play.round.count * (shard - 1) / of);
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

/* ---- what a shard writes ---- */

static void write_row_begin(run *r, int p)
{
    buffer_format(&r->t->line, "{\"round\": \"%s\", \"prompt\": %d, ",
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
    TRY(buffer_check(&t->line));
    TRY(shard_path(r, what, shard, of, path));
    TRY(sppo_file_write(&t->ctx, path, t->line.data, t->line.length));
    note(&t->console, "%s holds prompts %d to %d of %d", path,
         shard_begin(r, shard, of) + 1, shard_begin(r, shard + 1, of),
         t->play.round.count);
    return SPPO_OK;
}

enum { SHARD_AT_ONCE = 32 };

static sppo_result shard_sample(run *r, int shard, int of)
{
    tool *t = r->t;
    const sppo_play *play = &t->play;
    const int from = shard_begin(r, shard, of), k = play->config.k;
    const int to = shard_begin(r, shard + 1, of);
    int p, n;

    TRY(sppo_sampler_init(&t->ctx, &t->sampler, &t->policy, SHARD_AT_ONCE, k,
                          longest_list(&t->prompts),
                          play->config.sampling.max_tokens));
    for (p = from; p < to && !caught; p += n) {
        n = to - p < SHARD_AT_ONCE ? to - p : SHARD_AT_ONCE;
        TRY(sppo_sample(&t->ctx, &t->sampler, &t->policy, &t->prompts,
                        play->round.first + p, n, &play->config.sampling,
                        sppo_play_key(play), &t->responses));
        progress_show(&t->console, "sample", p + n - from, to - from, "%s",
                      "");
    }
    buffer_clear(&t->line);
    for (p = from; p < to && !caught; p++) {
        write_row_begin(r, p);
        write_responses_ids(&t->line, &t->responses, (p - from) * k, k);
        buffer_add(&t->line, ", ", 2);
        write_finished(t, &t->responses, (p - from) * k, k);
        buffer_add(&t->line, "}\n", 2);
    }
    return shard_save(r, "sample", shard, of);
}

/* ---- what a merge reads ---- */

/* All rows of one shard's file; take reads the one of prompt p. */
static sppo_result shard_read(run *r, const char *what, int shard, int of,
                              sppo_result (*take)(run *r, int p))
{
    tool *t = r->t;
    const int to = shard_begin(r, shard + 1, of);
    char path[PATH_ROOM];
    int p, more;

    TRY(shard_path(r, what, shard, of, path));
    if (!file_exists(path))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s is missing; --phase %s "
                         "--shard %d/%d writes it", path, what, shard, of);
    TRY(open_rows(t, path));
    for (p = shard_begin(r, shard, of); p < to; p++) {
        TRY(rows_next(&t->rows, &more));
        if (!more)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s ends before prompt "
                             "%d of %d; run the shard again", path, p + 1,
                             t->play.round.count);
        TRY(rows_text(&t->rows, "round", &t->text));
        if (strcmp(t->text.data, r->digest) != 0)
            return rows_fail(&t->rows, "belongs to another iteration, other "
                             "settings or weights (round %.20s, not %s); run "
                             "the shard again", t->text.data, r->digest);
        if ((int)sppo_json_number(&t->rows.json,
                                  rows_find(&t->rows, "prompt")) != p)
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
    const int most = t->play.config.sampling.max_tokens;
    int node, finished;

    (void)p;
    if (array < 0 || json->node[array].type != SPPO_JSON_ARRAY ||
        json->node[array].count != t->play.config.k)
        return rows_fail(&t->rows, "\"responses_ids\" must be an array of %d "
                         "responses", t->play.config.k);
    TRY(rows_finished(t, t->play.config.k, &finished));
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
    const int k = r->t->play.config.k;
    const char *why = probabilities_read(&r->t->rows.json, k,
                                         r->merged + cells(p, k));

    return why ? rows_fail(&r->t->rows, "%s", why) : SPPO_OK;
}

/* Room for the judgements of the whole round. */
static sppo_result merged_begin(run *r)
{
    const int k = r->t->play.config.k;

    r->merged = (double *)sppo_alloc(&r->t->ctx, (size_t)r->t->play.round.count,
                                     cells(1, k) * sizeof(double));
    return r->merged ? SPPO_OK : r->t->ctx.code;
}

static void merged_end(run *r)
{
    const int k = r->t->play.config.k;

    sppo_release(&r->t->ctx, r->merged, (size_t)r->t->play.round.count *
                 cells(1, k) * sizeof(double));
    r->merged = NULL;
}

/* The shard's prompts with their responses, from the checkpoint when they are
 * in it, else from the shard's own samples.                                 */
static sppo_result shard_ask(run *r, int shard, int of)
{
    tool *t = r->t;
    const sppo_play *play = &t->play;
    const int from = shard_begin(r, shard, of), k = play->config.k;
    const int to = shard_begin(r, shard + 1, of);
    sppo_lists view = play->round.responses;
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
        progress_show(&t->console, "judge", p + n - from, to - from, "%s", "");
    }
    TRY(judge_finish(&t->process));
    buffer_clear(&t->line);
    for (p = from; p < to && !caught; p++) {
        write_row_begin(r, p);
        write_probabilities(&t->line, r->merged + cells(p, k), k);
        buffer_add(&t->line, "}\n", 2);
    }
    return shard_save(r, "judge", shard, of);
}

/* ---- the work of --shard, and of --merge ---- */

static sppo_result align_shard(run *r)
{
    tool *t = r->t;
    char path[PATH_ROOM];
    int shard, of;
    sppo_result result;

    TRY(shard_numbers(t, &shard, &of));
    TRY(path_join(&t->ctx, path, t->set.out, "shards"));
    TRY(sppo_folder_make(&t->ctx, path));
    if (file_exists(r->t->folder.checkpoint))
        TRY(sppo_play_load(&t->ctx, &t->play, r->t->folder.checkpoint));
    if (t->play.phase != SPPO_PHASE_SAMPLE &&
        (t->set.phase == 1 || t->play.phase != SPPO_PHASE_JUDGE))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "iteration %d of the run "
                         "in %s is already %s", t->play.iteration + 1,
                         t->set.out, t->play.phase == SPPO_PHASE_JUDGE
                         ? "sampled" : "judged");
    round_digest(r);
    progress_begin(&t->console, 0);
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
    const int from = first - r->t->play.round.first;

    (void)ctx, (void)prompts, (void)responses;
    memcpy(pairwise, r->merged + cells(from, k),
           cells(count, k) * sizeof *pairwise);
    return SPPO_OK;
}

/* What has been merged is in the checkpoint. */
static void shards_remove(run *r, const char *what)
{
    char path[PATH_ROOM];
    int shard;

    for (shard = 1; shard <= r->t->set.merge; shard++)
        if (shard_path(r, what, shard, r->t->set.merge, path) == SPPO_OK)
            remove(path);
    if (path_join(&r->t->ctx, path, r->t->set.out, "shards") == SPPO_OK)
        rmdir(path);  // when it is empty
}

static sppo_result merge_samples(run *r)
{
    sppo_play *play = &r->t->play;
    sppo_result result = SPPO_OK;
    int shard;

    sppo_lists_clear(&play->round.responses);
    r->into = &play->round.responses;
    for (shard = 1; shard <= r->t->set.merge && result == SPPO_OK; shard++)
        result = shard_read(r, "sample", shard, r->t->set.merge,
                            take_responses);
    TRY(result);
    play->done = play->round.count;  // nothing is left to sample
    TRY(align_phase(r));
    shards_remove(r, "sample");
    return SPPO_OK;
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
        r->t->play.done = 0;
        result = align_phase(r);
        r->t->judge = judge;
    }
    merged_end(r);
    TRY(result);
    shards_remove(r, "judge");
    return SPPO_OK;
}

/* Up to the phase that was asked for, in so far as shards can do it. */
static sppo_result align_merge(run *r)
{
    sppo_play *play = &r->t->play;

    round_digest(r);
    if (play->phase == SPPO_PHASE_SAMPLE)
        TRY(merge_samples(r));
    if (play->phase == SPPO_PHASE_JUDGE && r->t->set.phase > 1)
        TRY(merge_judgements(r));
    return SPPO_OK;
}

/* ==== align: the run ====================================== >>rounds == */

/* All that is left, or the one phase that was asked for. */
static sppo_result align_rounds(run *r)
{
    static const char *const names[] = { "", "sample", "judge", "fit" };
    sppo_play *play = &r->t->play;
    const int iteration = play->iteration, wanted = r->t->set.phase;
    sppo_result result = SPPO_OK;

    if (r->t->set.merge && play->phase != SPPO_PHASE_DONE &&
        phase_group(play->phase) <= wanted) {
        TRY(align_merge(r));
        if (wanted < 3)
            return SPPO_OK;
    }
    if (wanted && play->phase != SPPO_PHASE_DONE &&
        phase_group(play->phase) != wanted)
        return sppo_fail(&r->t->ctx, SPPO_E_ARGUMENT,
                         "the run's next phase is %s, in iteration %d",
                         names[phase_group(play->phase)], iteration + 1);
    while (play->phase != SPPO_PHASE_DONE &&
           (!wanted || (play->iteration == iteration &&
                        phase_group(play->phase) == wanted))) {
        if (play->phase == SPPO_PHASE_ADVANCE)
            result = write_iteration(r);
        if (result == SPPO_E_STOPPED)
            return run_stopped(&r->t->folder);
        TRY(result);
        TRY(align_phase(r));
    }
    return SPPO_OK;
}

/* ---- before it begins ---- */

/* DPO's beta is 1 / eta and IPO's tau 1 / (2 eta).  Large models are usually
 * aligned with 0.1 for both; a small one at a high learning rate keeps closer
 * to pi_t with beta = 1.                                                    */
static void align_defaults(tool *t)
{
    const int which = option_find(&t->parse, "eta", 3);

    if (t->parse.given[which])
        return;
    t->parse.given[which] = 1;
    t->set.eta = t->set.loss == SPPO_LOSS_DPO ? 1.0
               : t->set.loss == SPPO_LOSS_IPO ? 5.0 : 30.0;
}

static sppo_result align_inputs(tool *t)
{
    const settings *s = &t->set;
    int longest, k;

    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    TRY(load_prompts(t, s->prompts, &t->prompts));
    run_input_add(&t->folder, "policy", "model",
                  digest_model(&t->policy, &t->tok));
    run_input_add(&t->folder, "prompts", "data", digest_lists(0, &t->prompts));
    longest = longest_list(&t->prompts);
    k = s->k;
    if (s->validation) {
        TRY(load_prompts(t, s->validation, &t->validation));
        run_input_add(&t->folder, "validation", "data",
                      digest_lists(0, &t->validation));
        if (longest_list(&t->validation) > longest)
            longest = longest_list(&t->validation);
        k = 2 * s->samples > k ? 2 * s->samples : k;
        TRY(sppo_model_clone(&t->ctx, &t->base, &t->policy, SPPO_HEAD_NONE,
                             0));
    }
    TRY(open_judge(t, longest, k));
    if (s->preference)
        run_input_add(&t->folder, "preference", "model",
                      digest_model(&t->preference, &t->preference_tok));
    return SPPO_OK;
}

/* Removes what an earlier run left of its iterations. */
static void align_clear(run *r)
{
    static const char *const files[] = { "train.jsonl", "judged.jsonl",
        "model.safetensors", "config.json" };
    const int own = (int)(sizeof files / sizeof *files);
    char name[80], path[PATH_ROOM];
    int n, i;

    remove(r->t->folder.checkpoint);
    for (n = 1; n < 1000000; n++) {
        for (i = 0; i < own || sppo_companion(i - own); i++) {
            snprintf(name, sizeof name, "iter%d/%s", n,
                     i < own ? files[i] : sppo_companion(i - own));
            if (!path_join(&r->t->ctx, path, r->t->set.out, name))
                remove(path);
        }
        snprintf(name, sizeof name, "iter%d", n);
        if (path_join(&r->t->ctx, path, r->t->set.out, name) || rmdir(path))
            break;
    }
}

/* The folder of this run, and what will be in it. */
static sppo_result align_folder(run *r)
{
    tool *t = r->t;
    const char *out = t->set.out;

    TRY(run_folder_open(&t->folder, &t->parse, &t->console, out,
                        !t->set.shard));
    TRY(metrics_open(&t->metrics, &t->ctx, out, metric_names, METRICS));
    return path_join(&t->ctx, r->validation, out, "validation.csv");
}

/* With another judge, what the one before had judged of this iteration is
 * judged again. In the checkpoint too, before settings.json names the new one:
 * no iteration shall have two judges.                                       */
static sppo_result align_judge_anew(run *r)
{
    tool *t = r->t;
    sppo_play *play = &t->play;

    if (!run_amended(&t->folder, "judge") &&
        !run_amended(&t->folder, "preference"))
        return SPPO_OK;
    if (play->phase > SPPO_PHASE_JUDGE && play->phase < SPPO_PHASE_DONE)
        note(&t->console, "iteration %d is judged already: the new judge "
             "begins with the next", play->iteration + 1);
    if (play->phase != SPPO_PHASE_JUDGE || play->done == 0)
        return SPPO_OK;
    note(&t->console, "judging iteration %d anew", play->iteration + 1);
    play->done = 0;
    return checkpoint(r);
}

/* More iterations are of as many prompts each as those before. */
static void align_keep_prompts(tool *t)
{
    parser *p = &t->parse;
    const int iterations = option_find(p, "iterations", 10);
    const int prompts = option_find(p, "prompts-per-iteration", 21);
    const char *was = p->was[iterations];
    int each;

    if (!was || t->set.prompts_per_iteration)
        return;
    each = t->prompts.count / (int)strtol(was, NULL, 10);
    t->set.prompts_per_iteration = each > 1 ? each : 1;
    p->given[prompts] = 1;
    note(&t->console, "%d prompts in each iteration, as before",
         t->set.prompts_per_iteration);
}

/* From the checkpoint, or from the beginning; the logs follow. */
static sppo_result align_begin(run *r)
{
    tool *t = r->t;
    const sppo_play *play = &t->play;
    const int resumed = t->set.resume && file_exists(t->folder.checkpoint);
    int step;

    if (t->set.force)
        align_clear(r);
    if (resumed) {
        TRY(sppo_play_load(&t->ctx, &t->play, t->folder.checkpoint));
        TRY(align_judge_anew(r));
        if (play->phase == SPPO_PHASE_DONE)
            note(&t->console, "all iterations are done; --iterations goes on "
                 "with more");
        else
            note(&t->console, "going on in iteration %d of %d",
                 play->iteration + 1, t->set.iterations);
    } else if (t->set.resume) {
        note(&t->console, "there is no checkpoint: beginning anew");
    }
    TRY(run_settings_write(&t->folder, resumed, "iteration",
                           play->iteration + 1));
    step = play->iteration * r->per_iteration;
    if (play->phase == SPPO_PHASE_FIT)
        step += play->done;
    if (play->phase == SPPO_PHASE_ADVANCE)
        step += r->per_iteration;
    TRY(metrics_cut(&t->metrics, step));
    if (!t->set.validation)
        return SPPO_OK;
    return log_cut(&t->line, r->validation, validation_header, play->iteration);
}

/* A judge that costs nothing, for the estimate. */
static sppo_result judge_indifferent(sppo_ctx *ctx, void *user,
                                     const sppo_lists *prompts,
                                     const sppo_lists *responses, int k,
                                     int first, int count, double *pairwise)
{
    size_t i;

    (void)ctx, (void)user, (void)prompts, (void)responses, (void)first;
    for (i = 0; i < cells(count, k); i++)
        pairwise[i] = 0.5;
    return SPPO_OK;
}

/* The seconds that an iteration of a few prompts takes, on a copy. An outside
 * judge may cost money, so it is not asked.                                 */
static sppo_result align_probe(tool *t, const sppo_lists *few,
                               double *seconds)
{
    const sppo_judge indifferent = { judge_indifferent, NULL };
    const sppo_judge *judge = t->set.judge ? &indifferent : &t->judge;
    sppo_play_config config = play_config(&t->set);
    double begun = 0.0;
    sppo_model copy;
    sppo_play play;
    sppo_result result;

    memset(&copy, 0, sizeof copy);
    memset(&play, 0, sizeof play);
    config.iterations = 1;
    config.prompts_per_iteration = 0;
    result = sppo_model_clone(&t->ctx, &copy, &t->policy, SPPO_HEAD_NONE, 0);
    if (result == SPPO_OK)
        result = sppo_play_init(&t->ctx, &play, &config, &copy, few);
    if (result == SPPO_OK) {
        begun = seconds_now();
        result = sppo_play_run(&t->ctx, &play, judge);
    }
    *seconds = seconds_now() - begun;
    sppo_play_free(&t->ctx, &play);
    sppo_model_free(&t->ctx, &copy);
    return result;
}

/* What sppo_play_init makes of settings that are 0 or too large. */
static void align_resolve(tool *t)
{
    settings *s = &t->set;

    if (!s->prompts_per_iteration)
        s->prompts_per_iteration = t->prompts.count / s->iterations;
    if (s->prompts_per_iteration < 1)
        s->prompts_per_iteration = 1;
    if (s->batch > s->prompts_per_iteration)
        s->batch = s->prompts_per_iteration;
    s->max_tokens = response_room(t, 1);
}

/* What --dry-run prints. */
static sppo_result align_estimate(tool *t)
{
    const sppo_play_config config = play_config(&t->set);
    const size_t play = sppo_play_bytes(&config, &t->policy, &t->prompts);
    const size_t bytes = t->ctx.held + play;
    const int count = t->prompts.count < 16 ? t->prompts.count : 16;
    const int all = t->set.prompts_per_iteration
        ? t->set.prompts_per_iteration * t->set.iterations : t->prompts.count;
    double seconds = 0.0;
    sppo_lists few;
    sppo_result result = SPPO_OK;
    int i;

    if (!play)  // the same refusal as in the run itself
        return sppo_play_init(&t->ctx, &t->play, &config, &t->policy,
                              &t->prompts);
    memset(&few, 0, sizeof few);
    for (i = 0; i < count && result == SPPO_OK; i++)
        result = sppo_lists_add(&t->ctx, &few,
                                sppo_lists_tokens(&t->prompts, i),
                                sppo_lists_length(&t->prompts, i));
    if (result == SPPO_OK)
        result = align_probe(t, &few, &seconds);
    sppo_lists_free(&t->ctx, &few);
    align_resolve(t);
    if (result == SPPO_E_MEMORY)  // how much it would be is known
        dry_report(t, &t->policy, bytes, -1.0, "");
    TRY(result);
    return dry_report(t, &t->policy, bytes, seconds * all / count / 60.0,
                      t->set.judge ? "minutes, and what the judge takes"
                                   : "minutes");
}

/* The settings as the run takes them; settings.json keeps what was asked for. */
static void align_print(tool *t)
{
    const settings asked = t->set;

    align_resolve(t);
    if (!t->set.quiet)
        options_print(&t->parse, stderr);
    t->set = asked;
}

static sppo_result align_in_folder(run *r)
{
    tool *t = r->t;
    sppo_play_config config;
    char path[PATH_ROOM];
    int count;

    TRY(align_folder(r));
    if (t->set.resume && file_exists(t->folder.settings))
        TRY(run_inputs_check(&t->folder));
    align_keep_prompts(t);
    config = play_config(&t->set);
    config.progress = on_progress;
    config.progress_user = r;
    TRY(sppo_play_init(&t->ctx, &t->play, &config, &t->policy, &t->prompts));
    align_print(t);
    if (t->set.shard)
        return align_shard(r);
    count = t->play.config.prompts_per_iteration;
    batch_note(t, count, "prompts of an iteration", "takes no more");
    r->per_iteration = (count + t->set.batch - 1) / t->set.batch *
                       t->set.epochs;
    TRY(align_begin(r));
    run_saved(&t->folder, seconds_now());
    TRY(align_rounds(r));
    TRY(judge_finish(&t->process));
    if (t->play.phase != SPPO_PHASE_DONE)
        return SPPO_OK;
    TRY(path_join(&t->ctx, path, t->set.out, "policy"));
    TRY(save_model(t, &t->policy, path));
    note(&t->console, "%s holds the aligned policy", path);
    return SPPO_OK;
}

static sppo_result run_align(tool *t)
{
    run r;

    memset(&r, 0, sizeof r);
    r.t = t;
    align_defaults(t);
    if (!t->set.dry_run)
        TRY(run_is_free(&t->ctx, t->set.out, t->set.force || t->set.resume ||
                        t->set.shard));
    TRY(align_inputs(t));
    if (t->set.dry_run)
        return align_estimate(t);
    catch_signals(&t->ctx, t->set.quiet);
    return align_in_folder(&r);
}

/* ==== sample ============================================== >>sample == */

/* --prompt: the text alone; --prompts: a row, or an entry of AlpacaEval's
 * array.                                                                    */
static sppo_result print_response(tool *t, int prompt, int response)
{
    const char *generator = t->set.generator;
    const char *finished = sppo_finished(&t->policy.config, &t->responses,
                                         response) ? "true" : "false";

    buffer_clear(&t->line);
    if (t->set.prompt && codec_reads_text(&t->tok)) {
        if (t->set.n > 1)
            printf("--- response %d of %d ---\n", response /
                   (t->set.best_of ? t->set.best_of : 1) + 1, t->set.n);
        buffer_decode(&t->line, &t->tok, &t->responses, response);
        buffer_add(&t->line, "\n", 1);
    } else if (generator) {
        buffer_format(&t->line, prompt ? ",\n " : "[\n ");
        buffer_format(&t->line, "{\"instruction\": ");
        write_text(t, &t->prompts, prompt);
        buffer_format(&t->line, ", \"output\": ");
        write_text(t, &t->responses, response);
        buffer_format(&t->line, ", \"generator\": ");
        buffer_quote(&t->line, generator, strlen(generator));
        buffer_format(&t->line, ", \"finished\": %s}%s", finished,
                      prompt + 1 < t->prompts.count ? "" : "\n]\n");
    } else {
        buffer_add(&t->line, "{", 1);
        write_named(t, "prompt", &t->prompts, prompt);
        buffer_add(&t->line, ", ", 2);
        write_named(t, "response", &t->responses, response);
        buffer_format(&t->line, ", \"finished\": %s}\n", finished);
    }
    TRY(buffer_check(&t->text));
    TRY(buffer_check(&t->line));
    fwrite(t->line.data, 1, t->line.length, stdout);
    return SPPO_OK;
}

/* Of each group of best_of responses the one that the judge ranks first. */
static sppo_result print_best(tool *t, int prompt)
{
    const int n = t->set.n, of = t->set.best_of;
    const size_t entries = cells(n, of);
    double *pairwise;
    sppo_lists same;
    sppo_result result = SPPO_OK;
    int i;

    memset(&same, 0, sizeof same);
    pairwise = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    if (!pairwise)
        return t->ctx.code;
    for (i = 0; i < n && result == SPPO_OK; i++)
        result = sppo_lists_add(&t->ctx, &same,
                                sppo_lists_tokens(&t->prompts, prompt),
                                sppo_lists_length(&t->prompts, prompt));
    if (result == SPPO_OK)
        result = t->judge.fill(&t->ctx, t->judge.user, &same, &t->responses,
                               of, 0, n, pairwise);
    for (i = 0; i < n && result == SPPO_OK; i++) {
        double *group = pairwise + cells(i, of);
        sppo_penalise_cuts(group, &t->policy.config, &t->responses, i * of, of,
                           t->set.missing_eos_penalty);
        result = print_response(t, prompt, i * of + sppo_best_of(group, of));
    }
    sppo_lists_free(&t->ctx, &same);
    sppo_release(&t->ctx, pairwise, entries * sizeof(double));
    return result;
}

/* One prompt at a time, so that answers come while others are awaited. */
static sppo_result sample_prompt(tool *t, int prompt)
{
    const settings *s = &t->set;
    const sppo_sampling sampling = sampling_of(s);
    int i;

    sppo_lists_clear(&t->responses);
    TRY(sppo_sample(&t->ctx, &t->sampler, &t->policy, &t->prompts, prompt, 1,
                    &sampling, sppo_random_fork((uint64_t)s->seed, 1),
                    &t->responses));
    if (s->best_of)
        return print_best(t, prompt);
    for (i = 0; i < s->n; i++)
        TRY(print_response(t, prompt, i));
    return SPPO_OK;
}

static sppo_result sample_prompts(tool *t)
{
    const int context = t->policy.config.context;
    int length;

    if (t->set.prompts)
        return load_prompts(t, t->set.prompts, &t->prompts);
    if (t->set.prompt[0])
        TRY(encode(t, t->set.prompt, strlen(t->set.prompt), 1, 0,
                   &t->prompts));
    else if (t->policy.config.bos >= 0)
        TRY(sppo_lists_add(&t->ctx, &t->prompts, &t->policy.config.bos, 1));
    else
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--prompt is empty, and "
                         "%s has no BOS to begin with", t->set.policy);
    length = sppo_lists_length(&t->prompts, 0);
    if (length >= context)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "the prompt has %d tokens, "
                         "which leaves no room for a response in a context "
                         "of %d", length, context);
    return SPPO_OK;
}

static sppo_result run_sample(tool *t)
{
    const settings *s = &t->set;
    const int k = s->n * (s->best_of ? s->best_of : 1);
    int p, longest;

    if (s->best_of && !s->preference == !s->judge)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "--best-of needs --preference or --judge");
    if (s->generator && s->n > 1)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--alpaca-eval takes one "
                         "response to each prompt; leave --n out");
    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    if (s->generator && !codec_reads_text(&t->tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--alpaca-eval writes "
                         "texts, but %s", t->tok.missing);
    TRY(sample_prompts(t));
    longest = longest_list(&t->prompts);
    if (s->best_of)
        TRY(open_judge(t, longest, s->best_of));
    TRY(sppo_sampler_init(&t->ctx, &t->sampler, &t->policy, 1, k, longest,
                          response_room(t, 1)));
    progress_begin(&t->console, 0);
    for (p = 0; p < t->prompts.count; p++) {
        TRY(sample_prompt(t, p));
        progress_show(&t->console, "prompt", p + 1, t->prompts.count, "%s",
                      "");
    }
    progress_end(&t->console);
    return judge_finish(&t->process);
}

/* ==== score ================================================ >>score == */

/* The current row's prompt and response, as lists 0. */
static sppo_result score_read(tool *t)
{
    int prompt, response, finished;

    sppo_lists_clear(&t->prompts);
    sppo_lists_clear(&t->responses);
    TRY(rows_finished(t, 0, &finished));
    TRY(encode_prompt(t, &t->prompts));
    TRY(encode_field(t, "response", response_of(t, finished), &t->responses));
    prompt = sppo_lists_length(&t->prompts, 0);
    response = sppo_lists_length(&t->responses, 0);
    if (prompt + response > t->policy.config.context)
        return rows_fail(&t->rows, "%d tokens do not fit in a context of %d",
                         prompt + response, t->policy.config.context);
    return SPPO_OK;
}

static sppo_result score_row(tool *t)
{
    sppo_forest *f = &t->forest;
    int i, root, child;

    TRY(score_read(t));
    sppo_forest_clear(f);
    root = sppo_forest_add(f, -1, sppo_lists_tokens(&t->prompts, 0),
                           sppo_lists_length(&t->prompts, 0), 0);
    child = sppo_forest_add(f, root, sppo_lists_tokens(&t->responses, 0),
                            sppo_lists_length(&t->responses, 0), 1);
    TRY(sppo_forward(&t->ctx, &t->acts, &t->policy, f));
    buffer_clear(&t->line);
    buffer_format(&t->line, "{\"logprob\": ");
    buffer_number(&t->line, sppo_segment_logprob(&t->acts, f, child), 9);
    buffer_format(&t->line, ", \"tokens\": %d",
                  sppo_lists_length(&t->responses, 0));
    for (i = f->start[child]; t->set.per_token && i < f->start[child + 1];
         i++) {
        buffer_format(&t->line, i > f->start[child] ? ", "
                                                    : ", \"token_logprobs\": [");
        buffer_number(&t->line, t->acts.logprob[i], 9);
    }
    if (t->set.per_token) {
        buffer_add(&t->line, "], \"response_ids\": ", 19);
        buffer_ids(&t->line, &t->responses, 0);
    }
    buffer_add(&t->line, "}\n", 2);
    TRY(buffer_check(&t->line));
    fputs(t->line.data, stdout);
    return SPPO_OK;
}

/* All rows are read once before the first answer: a bad one at the end must
 * not be found after hours.                                                 */
static sppo_result score_check(tool *t)
{
    int more = 1;

    TRY(open_rows(t, t->set.jsonl));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(score_read(t));
    }
    rows_rewind(&t->rows);
    return SPPO_OK;
}

static sppo_result run_score(tool *t)
{
    int more = 1, context;

    TRY(load_model(t, t->set.policy, 0, &t->policy, &t->tok));
    TRY(score_check(t));
    context = t->policy.config.context;
    TRY(sppo_forest_init(&t->ctx, &t->forest, context, 2));
    TRY(sppo_activations_init(&t->ctx, &t->acts, &t->policy, context, 2, 0,
                              SPPO_FORWARD));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(score_row(t));
    }
    return SPPO_OK;
}

/* ==== judge ========================================== >>judge_command == */

/* One response of a request: a text, or the ids of it. */
static sppo_result judge_read_response(tool *t, int node, int ids, int what)
{
    char seen[VALUE_ROOM];

    if (ids) {
        TRY(ids_list(t, "responses_ids", node, &t->responses));
        return list_check(t, "responses_ids", &t->responses);
    }
    if (t->rows.json.node[node].type != SPPO_JSON_STRING)
        return rows_fail(&t->rows, "a response must be a string, not %s",
                         rows_value(&t->rows, node, seen));
    buffer_clear(&t->text);
    buffer_unquote(&t->text, &t->rows.json, node);
    TRY(buffer_check(&t->text));
    TRY(codec_encode_response(&t->ctx, &t->tok, t->text.data, t->text.length,
                              what == RESPONSE, &t->responses));
    return list_check(t, "responses", &t->responses);
}

/* Prompt and responses of the current request, as lists 0 and 0 .. k - 1. */
static sppo_result judge_read_request(tool *t, int *k)
{
    const sppo_json *json = &t->rows.json;
    const int ids = find_ids(t, "responses");
    const int node = ids >= 0 ? ids : rows_find(&t->rows, "responses");
    int i, finished;

    sppo_lists_clear(&t->prompts);
    sppo_lists_clear(&t->responses);
    TRY(encode_prompt(t, &t->prompts));
    if (node < 0 || json->node[node].type != SPPO_JSON_ARRAY)
        return rows_fail(&t->rows, "\"responses\" must be an array");
    *k = json->node[node].count;
    if (*k < 2)
        return rows_fail(&t->rows, "\"responses\" has %d; it takes two to "
                         "compare", *k);
    TRY(rows_finished(t, *k, &finished));
    for (i = json->node[node].first; i >= 0; i = json->node[i].next) {
        TRY(judge_read_response(t, i, ids >= 0, response_of(t, finished)));
        finished = next_node(t, finished);
    }
    if (pref_make_room(t, &t->prompts, &t->responses, *k, t->rows.line - 1))
        return rows_fail(&t->rows, "%s", t->ctx.message);
    return SPPO_OK;
}

/* What a request calls itself, its answer repeats: a number or a string. */
static sppo_result judge_write_id(tool *t)
{
    const sppo_json *json = &t->rows.json;
    const int id = rows_find(&t->rows, "id");
    const sppo_json_node *node = &json->node[id < 0 ? 0 : id];

    if (id < 0)
        return SPPO_OK;
    if (node->type == SPPO_JSON_STRING) {
        buffer_clear(&t->text);
        buffer_unquote(&t->text, json, id);
        buffer_format(&t->line, "\"id\": ");
        buffer_quote(&t->line, t->text.data, t->text.length);
    } else if (node->type == SPPO_JSON_NUMBER) {
        buffer_format(&t->line, "\"id\": %.*s", (int)(node->end - node->begin),
                      json->text + node->begin);
    } else {
        return rows_fail(&t->rows, "\"id\" must be a number or a string");
    }
    buffer_add(&t->line, ", ", 2);
    return buffer_check(&t->text);
}

/* The current request's answer, in t->line. */
static sppo_result judge_answer(tool *t)
{
    double *pairwise;
    size_t entries;
    sppo_result result;
    int k = 0;

    TRY(judge_write_id(t));
    TRY(judge_read_request(t, &k));
    entries = cells(1, k);
    pairwise = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    if (!pairwise)
        return t->ctx.code;
    result = sppo_pref_fill(&t->ctx, &t->pref, &t->prompts, &t->responses, k,
                            0, 1, pairwise);
    write_probabilities(&t->line, pairwise, k);
    sppo_release(&t->ctx, pairwise, entries * sizeof(double));
    return result;
}

/* Answers one line, with an error when the request is to blame for it:
 * *declined counts those. Other failures are returned.                      */
static sppo_result judge_line(tool *t, const char *line, size_t length,
                              int *declined)
{
    char why[sizeof t->ctx.message];
    sppo_result result;

    buffer_clear(&t->line);
    buffer_add(&t->line, "{", 1);
    result = rows_take(&t->rows, line, length);
    if (result == SPPO_OK)
        result = judge_answer(t);
    if (result != SPPO_OK && result != SPPO_E_FORMAT &&
        result != SPPO_E_ARGUMENT)
        return result;
    if (result != SPPO_OK) {
        snprintf(why, sizeof why, "%s", t->ctx.message);
        if (!(*declined)++)
            note(&t->console, "%s", why);
        buffer_format(&t->line, "\"error\": ");
        buffer_quote(&t->line, why, strlen(why));
    }
    buffer_add(&t->line, "}\n", 2);
    TRY(buffer_check(&t->line));
    fputs(t->line.data, stdout);
    return output_check(&t->ctx);  // who asked is waiting for it
}

static sppo_result run_judge(tool *t)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    sppo_result result = SPPO_OK;
    int declined = 0, requests = 0;

    TRY(load_model(t, t->set.preference, 1, &t->preference, &t->tok));
    t->rows.ctx = &t->ctx;
    t->rows.path = "standard input";
    while (result == SPPO_OK && (length = getline(&line, &room, stdin)) > 0) {
        t->rows.line++;
        if (!line[strspn(line, " \t\r\n")])
            continue;
        requests++;
        result = judge_line(t, line, (size_t)length, &declined);
    }
    free(line);
    TRY(result);
    if (ferror(stdin))
        return sppo_fail(&t->ctx, SPPO_E_IO, "cannot read standard input: %s",
                         strerror(errno));
    if (declined)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%d of %d requests have an "
                         "\"error\" for an answer", declined, requests);
    return SPPO_OK;
}

/* ==== evaluate ========================================== >>evaluate == */

/* Judgments of a model, output_2, against a baseline, output_1. */
typedef struct judgments {
    double *win, *length, *longer;  // length: of the model's, in characters
    int count, room, unjudged;
    buffer names;  // of the baseline and of the model, a NUL after each
    int named;     // the line that gave them
} judgments;

static size_t judgments_bytes(int room)
{
    return (size_t)room * 3 * sizeof(double);
}

static void judgments_free(tool *t, judgments *j)
{
    sppo_release(&t->ctx, j->win, judgments_bytes(j->room));
    buffer_free(&j->names);
}

/* Room for one row more; the arrays share a block. */
static sppo_result judgments_grow(tool *t, judgments *j)
{
    const int room = j->room ? 2 * j->room : 256;
    const size_t used = sizeof(double) * (size_t)j->count;
    double *block;

    if (j->count < j->room)
        return SPPO_OK;
    block = (double *)sppo_alloc(&t->ctx, judgments_bytes(room), 1);
    if (!block)
        return t->ctx.code;
    if (used) {
        memcpy(block, j->win, used);
        memcpy(block + room, j->length, used);
        memcpy(block + 2 * room, j->longer, used);
    }
    sppo_release(&t->ctx, j->win, judgments_bytes(j->room));
    j->room = room;
    j->win = block;
    j->length = block + room;
    j->longer = block + 2 * room;
    return SPPO_OK;
}

/* Characters, not bytes, as Python counts them. */
static sppo_result count_characters(tool *t, const char *key, double *count)
{
    size_t i;

    *count = 0.0;
    TRY(rows_text(&t->rows, key, &t->text));
    for (i = 0; i < t->text.length; i++)
        *count += ((unsigned char)t->text.data[i] & 0xc0) != 0x80;
    return SPPO_OK;
}

/* AlpacaEval's scale: 1, output_1 is better; 2, output_2 is; between, a
 * probability; 1.5, or as older files have it 0, a draw; null: not judged.  */
static sppo_result preference_of(tool *t, double *win, int *judged)
{
    const int node = rows_find(&t->rows, "preference");
    const sppo_json_type type = node < 0 ? SPPO_JSON_NULL
                                         : t->rows.json.node[node].type;
    const double value = sppo_json_number(&t->rows.json, node);
    char seen[VALUE_ROOM];

    *judged = type != SPPO_JSON_NULL;
    *win = value == 0.0 ? 0.5 : value - 1.0;
    if (node < 0)
        return rows_fail(&t->rows, "\"preference\" is missing");
    if (!*judged)
        return SPPO_OK;
    if (type != SPPO_JSON_NUMBER || !(*win >= 0.0 && *win <= 1.0))
        return rows_fail(&t->rows, "\"preference\" must be from 1 (output_1 "
                         "is better) to 2 (output_2 is), 0 for a draw, or "
                         "null, not %s", rows_value(&t->rows, node, seen));
    return SPPO_OK;
}

/* One file, one pair of models: the mean over several would be of none. */
static sppo_result judgments_names(tool *t, judgments *j)
{
    static const char *const keys[] = { "generator_1", "generator_2" };
    size_t at = 0;
    int i;

    for (i = 0; i < 2; i++) {
        const int node = rows_find(&t->rows, keys[i]);
        buffer_clear(&t->text);
        if (node >= 0)
            buffer_unquote(&t->text, &t->rows.json, node);
        TRY(buffer_check(&t->text));
        if (!j->named)
            buffer_add(&j->names, t->text.data, strlen(t->text.data) + 1);
        TRY(buffer_check(&j->names));
        if (strcmp(j->names.data + at, t->text.data) != 0)
            return rows_fail(&t->rows, "\"%s\" is \"%.60s\", but \"%.60s\" "
                             "in %s %d; make a file for each pair of models",
                             keys[i], t->text.data, j->names.data + at,
                             t->rows.array ? "row" : "line", j->named);
        at += strlen(j->names.data + at) + 1;
    }
    if (!j->named)
        j->named = t->rows.array ? t->rows.number : t->rows.line;
    return SPPO_OK;
}

/* The current row as one more judgment; of responses a and b, a is that of the
 * model.                                                                    */
static sppo_result judgments_add(tool *t, judgments *j)
{
    const int soft = rows_find(&t->rows, "response_a") >= 0;
    double baseline;
    int judged = 1;

    TRY(judgments_grow(t, j));
    TRY(count_characters(t, soft ? "response_a" : "output_2",
                         &j->length[j->count]));
    TRY(count_characters(t, soft ? "response_b" : "output_1", &baseline));
    j->longer[j->count] = j->length[j->count] - baseline;
    TRY(soft ? preference_label(t, 1, &j->win[j->count])
             : preference_of(t, &j->win[j->count], &judged));
    if (!soft)
        TRY(judgments_names(t, j));
    j->count += judged;
    j->unjudged += !judged;
    return SPPO_OK;
}

static sppo_result judgments_report(tool *t, const judgments *j)
{
    length_control c;
    report r;
    double sd;
    const double length = sample_moments(j->length, j->count, &sd);
    const double longer = sample_moments(j->longer, j->count, &sd);

    length_control_measure(&c, j->win, j->longer, j->count);
    report_begin(&r, &t->ctx, t->set.json);
    report_real(&r, "win rate", 100.0 * c.win_rate, 2, "%");
    report_real(&r, "standard error", 100.0 * c.standard_error, 2, "%");
    report_real(&r, "length controlled winrate", 100.0 * c.controlled, 2,
                "%, without instruction difficulties: see --help");
    report_real(&r, "n wins", c.wins, 0, "");
    report_real(&r, "n wins base", c.losses, 0, "");
    report_real(&r, "n draws", c.draws, 0, "");
    report_real(&r, "n total", j->count, 0, "");
    report_real(&r, "n unjudged", j->unjudged, 0, "preference null");
    report_real(&r, "avg length", length, 1, "characters");
    report_real(&r, "avg length base", length - longer, 1, "");
    report_real(&r, "theta", c.theta, 4, "logit of the rate at equal length");
    report_real(&r, "phi", c.phi, 4, "weight of tanh(longer / sd)");
    report_real(&r, "sd", c.sd, 1, "characters, of the difference in length");
    if (c.controlled != c.controlled)
        note(&t->console, "the lengths differ by %.10g in every row: no fit "
             "tells quality from length", longer);
    return report_end(&r);
}

static sppo_result evaluate_judgments(tool *t, judgments *j)
{
    int more = 1;

    TRY(open_rows(t, t->set.judgments));
    while (more) {
        TRY(rows_next(&t->rows, &more));
        if (more)
            TRY(judgments_add(t, j));
    }
    if (j->count == 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has no judgments",
                         t->rows.path);
    return judgments_report(t, j);
}

static sppo_result evaluate_policies(tool *t)
{
    const settings *s = &t->set;
    const sppo_sampling sampling = sampling_of(s);
    sppo_evaluation e;
    report r;
    int longest;

    TRY(load_model(t, s->against, 0, &t->base, &t->preference_tok));
    TRY(load_model(t, s->policy, 0, &t->policy, &t->tok));
    if (!codec_same(&t->tok, &t->preference_tok))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "%s and %s have different tokenizers", s->policy,
                         s->against);
    codec_free(&t->ctx, &t->preference_tok);
    TRY(load_prompts(t, s->prompts, &t->prompts));
    longest = longest_list(&t->prompts);
    TRY(open_judge(t, longest, 2 * s->samples));
    TRY(sppo_evaluate(&t->ctx, &t->policy, &t->base, &t->judge, &t->prompts,
                      s->samples, &sampling, (uint64_t)s->seed, &e));
    TRY(judge_finish(&t->process));
    report_begin(&r, &t->ctx, s->json);
    report_real(&r, "win rate", e.win_rate, 4, "");
    report_real(&r, "win rate low", e.low, 4, "95 % interval over prompts");
    report_real(&r, "win rate high", e.high, 4, "");
    report_real(&r, "standard error", e.standard_error, 4, "");
    report_real(&r, "prompts", e.prompts, 0, "");
    report_real(&r, "mean length", e.length_a, 2, "tokens");
    report_real(&r, "mean length against", e.length_b, 2, "tokens");
    report_real(&r, "eos rate", e.eos_a, 4, "ended by itself");
    report_real(&r, "eos rate against", e.eos_b, 4, "");
    report_real(&r, "kl", e.kl, 4, "nats per response, policy to against");
    return report_end(&r);
}

static sppo_result run_evaluate(tool *t)
{
    judgments j;
    sppo_result result;

    if (!t->set.judgments)
        return evaluate_policies(t);
    memset(&j, 0, sizeof j);
    j.names.ctx = &t->ctx;
    result = evaluate_judgments(t, &j);
    judgments_free(t, &j);
    return result;
}

/* ==== game ================================================== >>game == */

/* n numbers of one comma-separated line: JSON's, in brackets. */
static sppo_result game_line(tool *t, const char *line, size_t length,
                             const char *where, double *out, int n)
{
    sppo_json *json = &t->rows.json;
    int i, at = 0;

    buffer_clear(&t->line);
    buffer_add(&t->line, "[", 1);
    buffer_add(&t->line, line, length);
    buffer_add(&t->line, "]", 1);
    TRY(buffer_check(&t->line));
    TRY(sppo_json_parse(&t->ctx, json, t->line.data, t->line.length, where));
    if (json->node[0].count != n)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: %d numbers, not %d",
                         where, json->node[0].count, n);
    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        if (json->node[i].type != SPPO_JSON_NUMBER)
            return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                             "%s: entry %d is not a number", where, at + 1);
        out[at++] = sppo_json_number(json, i);
    }
    return SPPO_OK;
}

/* The rows of the matrix; every line that is not blank is one. */
static sppo_result game_matrix(tool *t, const char *data, size_t size,
                               double *pairwise, int n)
{
    char where[PATH_ROOM + 32];
    size_t at = 0, length;
    int line, row = 0;

    for (line = 1; at < size; line++, at += length + 1) {
        length = strcspn(data + at, "\n");
        if (strspn(data + at, " \t\r") >= length)
            continue;
        snprintf(where, sizeof where, "%s line %d", t->set.matrix, line);
        if (row < n)
            TRY(game_line(t, data + at, length, where,
                          pairwise + (size_t)row * (size_t)n, n));
        row++;
    }
    if (row != n)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                         "%s has %d rows of %d: not square", t->set.matrix,
                         row, n);
    if (sppo_preference_check(&t->ctx, pairwise, n, 1e-6) == SPPO_OK)
        return SPPO_OK;
    snprintf(where, sizeof where, "%.300s", t->ctx.message);
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: %s", t->set.matrix, where);
}

/* Uniform, or what --start says, made to sum to 1. */
static sppo_result game_start(tool *t, double *pi, int n)
{
    double sum = 0.0;
    int i;

    for (i = 0; i < n; i++)
        pi[i] = 1.0;
    if (t->set.start &&
        game_line(t, t->set.start, strlen(t->set.start), "--start", pi, n))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--start takes %d numbers "
                         "and commas, not \"%.60s\"", n, t->set.start);
    for (i = 0; i < n; i++) {
        if (!(pi[i] > 0.0))
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                             "--start must be positive: what has no chance "
                             "never gets one");
        sum += pi[i];
    }
    for (i = 0; i < n; i++)
        pi[i] /= sum;
    return SPPO_OK;
}

/* A game at work: pairwise [n, n], the others [n]. */
typedef struct game {
    double *pairwise, *pi, *mean, *win, *last, *magnet;
    double support;  // -log of the least first probability
    int n;
} game;

static void game_print(const tool *t, const game *g, int step)
{
    int i;

    printf("%8d  %8.4f  %8.4f  ", step,
           sppo_duality_gap(g->pairwise, g->pi, g->n),
           sppo_duality_gap(g->pairwise, g->mean, g->n));
    if (t->set.method == METHOD_MWU)  // no gap is above 1
        printf("%8.4f  ",
               fmin(1.0, sppo_gap_bound(g->support, t->set.eta, step)));
    for (i = 0; i < g->n; i++)
        printf(" %.3f", g->pi[i]);
    printf("  |");
    for (i = 0; i < g->n; i++)
        printf(" %.3f", g->mean[i]);
    printf("\n");
}

static void game_step(const tool *t, game *g, int step)
{
    const int every = t->set.magnet_every;
    const double eta = t->set.eta;
    double *spare = g->last;

    g->last = g->win;
    g->win = spare;
    sppo_exact_win_rates(g->win, g->pairwise, g->pi, g->n);
    switch (t->set.method) {
    case METHOD_OPTIMISTIC:
        sppo_optimistic_step(g->pi, g->pi, g->win,
                             step == 1 ? g->win : g->last, eta, g->n);
        break;
    case METHOD_MAGNETIC:
        sppo_magnetic_step(g->pi, g->pi, g->magnet, g->win, eta,
                           t->set.alpha, g->n);
        if (every && step % every == 0)
            memcpy(g->magnet, g->pi, (size_t)g->n * sizeof *g->pi);
        break;
    default:
        sppo_exact_step(g->pi, g->pi, g->win, eta, g->n);
    }
}

/* Step after step, shown at 1, 2, 5, 10, 20, 50 .. */
static sppo_result game_play(tool *t, game *g)
{
    int step, i, next = 1, tens = 1;

    printf("%8s  %8s  %8s  %s last policy | average policy\n", "step",
           "gap last", "average",
           t->set.method == METHOD_MWU ? "   bound  " : "");
    for (step = 1; step <= t->set.steps; step++) {
        for (i = 0; i < g->n; i++)
            g->mean[i] += (g->pi[i] - g->mean[i]) / step;
        if (step == next || step == t->set.steps)
            game_print(t, g, step);
        if (step == next) {
            next = next == tens ? 2 * tens : next == 2 * tens ? 5 * tens
                                                              : 10 * tens;
            tens = next == 10 * tens ? next : tens;
        }
        game_step(t, g, step);
    }
    return SPPO_OK;
}

/* Reads the game into the block and plays it. */
static sppo_result game_run(tool *t, const char *data, size_t size,
                            double *block, int n)
{
    game g;
    int i;

    g.n = n;
    g.pairwise = block;
    g.pi = block + (size_t)n * (size_t)n;
    g.mean = g.pi + n;
    g.win = g.mean + n;
    g.last = g.win + n;
    g.magnet = g.last + n;
    g.support = 0.0;
    TRY(game_matrix(t, data, size, g.pairwise, n));
    TRY(game_start(t, g.pi, n));
    memcpy(g.magnet, g.pi, (size_t)n * sizeof *g.pi);
    for (i = 0; i < n; i++)
        g.support = fmax(g.support, -log(g.pi[i]));
    return game_play(t, &g);
}

static sppo_result run_game(tool *t)
{
    char *data = NULL;
    size_t size = 0, i, entries;
    double *block;
    sppo_result result;
    int n = 1;

    TRY(text_read(&t->ctx, &t->set.matrix, &data, &size));
    t->rows.ctx = &t->ctx;
    for (i = strspn(data, " \t\r\n"); i < size && data[i] != '\n'; i++)
        n += data[i] == ',';
    entries = cells(1, n + 5);  // the matrix and five rows, and some
    block = (double *)sppo_alloc(&t->ctx, entries, sizeof(double));
    result = block ? game_run(t, data, size, block, n) : t->ctx.code;
    sppo_release(&t->ctx, block, entries * sizeof(double));
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

/* ==== convert ============================================ >>convert == */

/* llama2.c's legacy format: seven int32, then float32 tensors in this order.
 * Its rotary pairs are neighbours, ours half a head apart: rows of the query
 * and key projections change places, head by head.                          */
enum { BIN_HEADER = 28, BIN_PLAIN = 0, BIN_QUERY, BIN_KEY, BIN_TABLES };

typedef struct bin_part {
    const char *name;  // after "model.layers.N.", or whole
    int layered, kind;
} bin_part;

static const bin_part bin_parts[] = {
    { "model.embed_tokens.weight", 0, BIN_PLAIN },
    { "input_layernorm.weight", 1, BIN_PLAIN },
    { "self_attn.q_proj.weight", 1, BIN_QUERY },
    { "self_attn.k_proj.weight", 1, BIN_KEY },
    { "self_attn.v_proj.weight", 1, BIN_PLAIN },
    { "self_attn.o_proj.weight", 1, BIN_PLAIN },
    { "post_attention_layernorm.weight", 1, BIN_PLAIN },
    { "mlp.gate_proj.weight", 1, BIN_PLAIN },
    { "mlp.down_proj.weight", 1, BIN_PLAIN },
    { "mlp.up_proj.weight", 1, BIN_PLAIN },
    { "model.norm.weight", 0, BIN_PLAIN },
    { "", 0, BIN_TABLES },  // cosines, sines: read by nobody, but there
    { "lm_head.weight", 0, BIN_PLAIN }
};

static void write_word(unsigned char *at, uint32_t word)
{
    at[0] = (unsigned char)word;
    at[1] = (unsigned char)(word >> 8);
    at[2] = (unsigned char)(word >> 16);
    at[3] = (unsigned char)(word >> 24);
}

/* One row of a tensor, in either direction; returns what follows it. */
static unsigned char *bin_row(unsigned char *at, sppo_real *row, int n,
                              int writing)
{
    uint32_t word;
    float value;
    int i;

    for (i = 0; i < n; i++, at += 4) {
        if (writing) {
            value = (float)row[i];
            memcpy(&word, &value, sizeof word);
            write_word(at, word);
        } else {
            word = read_word(at);
            memcpy(&value, &word, sizeof value);
            row[i] = (sppo_real)value;
        }
    }
    return at;
}

/* A tensor, its rows in the order of the file: row 2 j + s of a head there is
 * row s hd / 2 + j here.                                                    */
static unsigned char *bin_tensor(unsigned char *at, sppo_model *model,
                                 const sppo_tensor *tensor, int kind,
                                 int writing)
{
    const int hd = model->config.head_dim;
    const int rows = tensor->cols ? tensor->rows : 1;
    const int cols = tensor->cols ? tensor->cols : tensor->rows;
    int row;

    for (row = 0; row < rows; row++) {
        const int j = row % hd / 2, s = row % 2;
        const int from = kind == BIN_PLAIN ? row
                                           : row / hd * hd + s * hd / 2 + j;
        at = bin_row(at, model->weights + tensor->offset +
                     (size_t)from * (size_t)cols, cols, writing);
    }
    return at;
}

static size_t bin_tables_size(const sppo_config *c)
{
    return 4 * (size_t)c->context * (size_t)c->head_dim;
}

/* The classifier, where there is one, follows the tables. */
static size_t bin_tables_offset(const sppo_config *c)
{
    return BIN_HEADER + 4 * (sppo_config_count(c) - (c->untied
        ? (size_t)c->vocab * (size_t)c->dim : 0));
}

/* The cosines, then the sines, of every position and pair, in the single
 * precision of the program that trains such models.                         */
static void bin_tables_compute(unsigned char *at, const sppo_config *c)
{
    int table, position, j;
    uint32_t word;

    for (table = 0; table < 2; table++)
        for (position = 0; position < c->context; position++)
            for (j = 0; 2 * j < c->head_dim; j++, at += 4) {
                const float power = powf((float)c->rope_theta,
                                         (float)(2 * j) / (float)c->head_dim);
                const float angle = (float)position * (1.0f / power);
                const float value = table ? sinf(angle) : cosf(angle);
                memcpy(&word, &value, sizeof word);
                write_word(at, word);
            }
}

/* Whether two tables are the same but for how their sines were rounded. */
static int bin_tables_agree(const unsigned char *a, const unsigned char *b,
                            size_t size)
{
    size_t at;

    for (at = 0; at < size; at += 4) {
        const uint32_t word[2] = { read_word(a + at), read_word(b + at) };
        float value[2];
        memcpy(value, word, sizeof value);
        if (!(fabsf(value[0] - value[1]) < 1e-5f))
            return 0;
    }
    return 1;
}

/* The tables of a file become a companion of the model when they are not ours to
 * the bit: another library's sine differs in some last bits (stories260K: in
 * 199 of 4096), and a model that went out and in must be the same file again. */
static sppo_result bin_tables_keep(tool *t, const unsigned char *tables)
{
    const sppo_config *c = &t->policy.config;
    const size_t size = bin_tables_size(c);
    sppo_file *file = codec_file(&t->tok, "rope_tables.bin");

    file->data = sppo_alloc(&t->ctx, size + 1, 1);
    if (!file->data)
        return t->ctx.code;
    file->size = size;
    bin_tables_compute((unsigned char *)file->data, c);
    if (!bin_tables_agree((unsigned char *)file->data, tables, size))
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: its rotary tables are "
                         "not those of rope_theta 10000", t->set.from);
    if (memcmp(file->data, tables, size) != 0)
        memcpy(file->data, tables, size);
    else
        sppo_files_free(&t->ctx, file, 1);
    return SPPO_OK;
}

/* Ours are in place; those that were kept replace them if they fit. */
static void bin_tables_restore(tool *t, unsigned char *tables)
{
    const sppo_file *file = codec_file(&t->tok, "rope_tables.bin");

    if (file->data && file->size == bin_tables_size(&t->policy.config) &&
        bin_tables_agree(tables, (unsigned char *)file->data, file->size))
        memcpy(tables, file->data, file->size);
}

/* Walks the tensors of file and model together. */
static void bin_walk(unsigned char *at, sppo_model *model, int writing)
{
    const sppo_config *c = &model->config;
    const sppo_tensor *tensor;
    size_t part;
    int layer;
    char name[96];

    at += BIN_HEADER;
    for (part = 0; part < sizeof bin_parts / sizeof *bin_parts; part++) {
        const bin_part *p = &bin_parts[part];
        for (layer = 0; layer < (p->layered ? c->layers : 1); layer++) {
            snprintf(name, sizeof name, "model.layers.%d.%s", layer, p->name);
            tensor = sppo_model_tensor(model, p->layered ? name : p->name);
            if (tensor)
                at = bin_tensor(at, model, tensor, p->kind, writing);
        }
        if (p->kind == BIN_TABLES)
            at += bin_tables_size(c);
    }
}

static size_t bin_size(const sppo_config *c)
{
    return BIN_HEADER + 4 * sppo_config_count(c) + bin_tables_size(c);
}

/* The header's seven numbers as a config, or what is wrong with them. */
static sppo_result bin_config(tool *t, const char *path,
                              const unsigned char *data, size_t size,
                              sppo_config *config)
{
    const char *kind = sppo_file_kind(data, size);
    int32_t v[7];
    int i;

    if (kind && strncmp(kind, "a llama2.c model:", 17) != 0)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s is %s", path, kind);
    if (size < BIN_HEADER)
        return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                         "%s has %.0f bytes: not a llama2.c model", path,
                         (double)size);
    for (i = 0; i < 7; i++)
        v[i] = (int32_t)read_word(data + 4 * i);
    memset(config, 0, sizeof *config);
    config->dim = v[0];
    config->hidden = v[1];
    config->layers = v[2];
    config->heads = v[3];
    config->kv_heads = v[4];
    config->vocab = v[5] < 0 && v[5] > INT32_MIN ? -v[5] : v[5];
    config->untied = v[5] < 0;
    config->context = v[6];
    config->bos = SPPO_BOS;
    config->eos = SPPO_BOS;  // what separates its texts; run.c stops there
    for (i = 0; i < 7; i++)
        if (v[i] == 0 || (v[i] < 0 && i != 5))
            return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: number %d of the "
                             "header is %ld: not a llama2.c model", path,
                             i + 1, (long)v[i]);
    if (sppo_config_resolve(&t->ctx, config, config) == SPPO_OK)
        return SPPO_OK;
    snprintf(t->text.data, t->text.room, "%.200s", t->ctx.message);
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s: %s", path, t->text.data);
}

static sppo_result bin_whole(tool *t, const char *path, size_t size,
                             const sppo_config *config)
{
    if (bin_size(config) == size)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has %.0f bytes, but its "
                     "header asks for %.0f", path, (double)size,
                     (double)bin_size(config));
}

/* A legacy .bin becomes the policy, but for the tables in it. */
static sppo_result bin_read(tool *t, const char *path)
{
    char *data = NULL;
    size_t size = 0;
    sppo_config config;
    sppo_result result;

    buffer_reserve(&t->text, 400);
    TRY(buffer_check(&t->text));
    TRY(sppo_file_read(&t->ctx, path, &data, &size));
    result = bin_config(t, path, (unsigned char *)data, size, &config);
    if (result == SPPO_OK)
        result = bin_whole(t, path, size, &config);
    if (result == SPPO_OK && config.vocab != t->tok.bin.vocab)
        result = sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s has %d pieces, but the "
                           "vocabulary of %s is %d", t->set.tokenizer,
                           t->tok.bin.vocab, path, config.vocab);
    if (result == SPPO_OK)
        result = sppo_model_init(&t->ctx, &t->policy, &config, 1);
    if (result == SPPO_OK) {
        bin_walk((unsigned char *)data, &t->policy, 0);
        result = bin_tables_keep(t, (unsigned char *)data +
                                 bin_tables_offset(&config));
    }
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

/* What the format cannot say must have the value that its readers assume. */
static sppo_result bin_can_hold(tool *t, const sppo_config *c)
{
    const char *why = NULL;

    if (c->head != SPPO_HEAD_NONE)
        why = "the head of a preference model";
    else if (c->rope_theta != 10000.0)
        why = "a rope_theta other than 10000";
    else if (c->head_dim * c->heads != c->dim)
        why = "a head_dim other than dim / heads";
    else if (fabs(c->norm_eps - 1e-5) > 1e-9)
        why = "a norm_eps other than 1e-5";
    else if (c->bos != SPPO_BOS || (c->eos != SPPO_BOS && c->eos != SPPO_EOS))
        why = "other BOS and EOS than 1 and 2";
    else if (c->eos_count)
        why = "more than one token that ends a text";
    if (!why)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_FORMAT,
                     "%s: a llama2.c file has no place for %s", t->set.from,
                     why);
}

static sppo_result bin_write(tool *t, const char *path)
{
    const sppo_config *c = &t->policy.config;
    const int header[7] = { c->dim, c->hidden, c->layers, c->heads,
        c->kv_heads, c->untied ? -c->vocab : c->vocab, c->context };
    const size_t size = bin_size(c);
    unsigned char *data;
    sppo_result result;
    int i;

    TRY(bin_can_hold(t, c));
    data = (unsigned char *)sppo_alloc(&t->ctx, size, 1);
    if (!data)
        return t->ctx.code;
    for (i = 0; i < 7; i++)
        write_word(data + 4 * i, (uint32_t)header[i]);
    bin_walk(data, &t->policy, 1);
    bin_tables_compute(data + bin_tables_offset(c), c);
    bin_tables_restore(t, data + bin_tables_offset(c));
    result = sppo_file_write(&t->ctx, path, data, size);
    sppo_release(&t->ctx, data, size);
    return result;
}

static sppo_result convert_to_bin(tool *t)
{
    const settings *s = &t->set;

    if (s->dtype == DTYPE_BFLOAT16)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s would be a llama2.c "
                         "file, which is float32 always: leave --dtype out, "
                         "or name a directory", s->to);
    TRY(load_model(t, s->from, 0, &t->policy, &t->tok));
    TRY(bin_write(t, s->to));
    if (t->tok.bin.vocab)
        note(&t->console, "%s: use it with %s/tokenizer.bin", s->to, s->from);
    else
        note(&t->console, "%s: run.c wants a tokenizer.bin, which %s lacks",
             s->to, s->from);
    return SPPO_OK;
}

static sppo_result convert_save(tool *t)
{
    const settings *s = &t->set;

    TRY(save_model_as(t, &t->policy, s->dtype == DTYPE_BFLOAT16
                          ? SPPO_DTYPE_BFLOAT16 : SPPO_DTYPE_FLOAT32, s->to));
    note(&t->console, "%s: %.0f parameters", s->to, (double)t->policy.count);
    return SPPO_OK;
}

/* Whether a file is a llama2.c model at all. */
static sppo_result bin_is_one(tool *t, const char *path)
{
    char *data = NULL;
    size_t size = 0;
    sppo_config config;
    sppo_result result;

    buffer_reserve(&t->text, 400);
    TRY(buffer_check(&t->text));
    TRY(sppo_file_read(&t->ctx, path, &data, &size));
    result = bin_config(t, path, (unsigned char *)data, size, &config);
    sppo_release(&t->ctx, data, size + 1);
    return result;
}

static sppo_result convert_to_folder(tool *t)
{
    const settings *s = &t->set;

    if (!s->tokenizer) {
        TRY(bin_is_one(t, s->from));
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "a llama2.c file needs its --tokenizer FILE");
    }
    TRY(codec_load_file(&t->ctx, &t->tok, s->tokenizer));
    if (!t->tok.bin.vocab)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%s is no tokenizer.bin, "
                         "which a llama2.c model goes with", s->tokenizer);
    TRY(bin_read(t, s->from));
    return convert_save(t);
}

/* From one directory to another: one file for many parts, the type asked for.
 * A preference model stays one.                                             */
static sppo_result convert_folder(tool *t)
{
    const settings *s = &t->set;

    codec_begin(&t->tok);
    TRY(sppo_model_load_with(&t->ctx, &t->policy, s->from, s->edited,
                             t->tok.files, t->tok.count));
    TRY(codec_open(&t->ctx, &t->tok, s->from, &t->policy.config));
    return convert_save(t);
}

/* A name that ends with .bin, or that is a file already, is a llama2.c file's;
 * any other is a directory's.                                               */
static int names_bin(const char *path)
{
    const size_t n = strlen(path);

    return (n >= 4 && !strcmp(path + n - 4, ".bin")) ||
           (file_exists(path) && !is_folder(path));
}

static sppo_result run_convert(tool *t)
{
    const settings *s = &t->set;
    const int out = is_folder(s->from);

    TRY(output_is_free(&t->ctx, s->to, s->force));
    if (out && s->tokenizer)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "--tokenizer has no effect: %s has its own", s->from);
    if (!out && s->edited)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--edited has no effect: "
                         "%s is one file", s->from);
    if (out && !names_bin(s->to))
        return convert_folder(t);
    return out ? convert_to_bin(t) : convert_to_folder(t);
}

/* ==== info ================================================== >>info == */

static void info_build(void)
{
    printf("sppo %s, %s arithmetic, ", sppo_version(),
           sizeof(sppo_real) == sizeof(float) ? "float" : "double");
#ifdef _OPENMP
    printf("OpenMP with %d threads, ", omp_get_max_threads());
#else
    printf("no OpenMP, ");
#endif
#if defined(__AVX512F__)
    printf("AVX-512\n");
#elif defined(__AVX2__)
    printf("AVX2\n");
#elif defined(__ARM_NEON)
    printf("NEON\n");
#else
    printf("no vector extension\n");
#endif
}

static void info_config(const sppo_config *c)
{
    static const char *const heads[] = { "none: a policy", "pair", "embed",
                                         "scalar" };
    int i;

    printf("parameters %.0f\nvocab %d\ndim %d\nlayers %d\nheads %d\n"
           "kv_heads %d\nhead_dim %d\nhidden %d\ncontext %d\nclassifier %s\n"
           "rope_theta %.10g\nnorm_eps %.10g\nbos %d\neos %d",
           (double)sppo_config_count(c), c->vocab, c->dim, c->layers, c->heads,
           c->kv_heads, c->head_dim, c->hidden, c->context,
           c->untied ? "its own" : "tied to the embedding", c->rope_theta,
           c->norm_eps, c->bos, c->eos);
    for (i = 0; i < c->eos_count; i++)
        printf(", %d", c->eos_more[i]);
    printf("\nhead %s\n", heads[c->head]);
}

static void info_model(const sppo_model *model)
{
    int i;

    info_config(&model->config);
    for (i = 0; i < model->tensor_count; i++) {
        const sppo_tensor *tensor = &model->tensors[i];
        printf("  %-56s [%d", tensor->name, tensor->rows);
        if (tensor->cols)
            printf(", %d", tensor->cols);
        printf("]\n");
    }
}

/* The header of a safetensors file: its names, types and shapes. */
static sppo_result info_safetensors(tool *t, const char *data, size_t length)
{
    sppo_json *json = &t->rows.json;
    int i, j, key;

    t->rows.ctx = &t->ctx;
    TRY(sppo_json_parse(&t->ctx, json, data, length, t->path));
    printf("safetensors\n");
    for (i = json->node[0].first; i >= 0; i = json->node[i].next) {
        const sppo_json_node *n = &json->node[i];
        printf("  %-56.*s", (int)(n->name_end - n->name_begin),
               data + n->name_begin);
        key = n->type == SPPO_JSON_OBJECT ? sppo_json_find(json, i, "shape")
                                          : -1;
        for (j = key < 0 ? -1 : json->node[key].first; j >= 0;
             j = json->node[j].next)
            printf("%s%.10g%s", j == json->node[key].first ? " [" : ", ",
                   sppo_json_number(json, j),
                   json->node[j].next < 0 ? "]" : "");
        for (j = key < 0 ? n->first : -1; j >= 0; j = json->node[j].next) {
            const sppo_json_node *m = &json->node[j];
            printf("\n    %-54.*s %.*s", (int)(m->name_end - m->name_begin),
                   data + m->name_begin, (int)(m->end - m->begin),
                   data + m->begin);
        }
        printf("\n");
    }
    return SPPO_OK;
}

/* An array, or an object on the first line that is no tokenizer.json. */
static int info_is_rows(tool *t)
{
    int more = 0;

    return open_rows(t, t->path) == SPPO_OK &&
           (t->rows.array || (rows_next(&t->rows, &more) == SPPO_OK && more &&
                              rows_find(&t->rows, "model") < 0));
}

/* Tells the kinds of file apart by what is in them. */
static sppo_result info_file(tool *t, const char *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    const size_t header = size < 8 ? 0
        : read_word(bytes) | (size_t)read_word(bytes + 4) << 16 << 16;
    const int pieces = tokenizer_pieces(data, size);
    sppo_config config;

    if (header > 1 && header <= size - 8 && data[8] == '{')
        return info_safetensors(t, data + 8, header);
    if (info_is_rows(t)) {
        rows_rewind(&t->rows);
        return peek_rows(&t->rows);
    }
    if (data[strspn(data, " \t\r\n")] == '{') {
        TRY(bpe_read(&t->ctx, &t->tok.json, data, size, 0, t->path));
        printf("tokenizer.json\npieces %d\n", t->tok.json.vocab);
        return SPPO_OK;
    }
    if (pieces >= SPPO_PIECES) {
        printf("tokenizer.bin\npieces %d\n", pieces);
        return SPPO_OK;
    }
    buffer_reserve(&t->text, 400);
    TRY(buffer_check(&t->text));
    if (bin_config(t, t->path, bytes, size, &config) != SPPO_OK)
        return sppo_file_kind(data, size) ? SPPO_E_FORMAT
            : sppo_fail(&t->ctx, SPPO_E_FORMAT, "%s is neither safetensors, "
                        "nor a tokenizer, nor a llama2.c model", t->path);
    TRY(bin_whole(t, t->path, size, &config));
    printf("llama2.c model, legacy format\n");
    info_config(&config);
    return SPPO_OK;
}

static sppo_result run_info(tool *t)
{
    char path[PATH_ROOM], *data = NULL;
    size_t size = 0;
    sppo_result result;
    int is_run;

    if (!t->path) {
        info_build();
        return SPPO_OK;
    }
    if (!strcmp(t->path, "-")) {
        TRY(open_rows(t, t->path));
        TRY(peek_rows(&t->rows));
        return SPPO_OK;
    }
    TRY(peek_run(&t->ctx, t->path, &is_run));
    if (is_run) {
        TRY(path_join(&t->ctx, path, t->path, "config.json"));
        if (!file_exists(path))  // no model yet
            return SPPO_OK;
    }
    if (is_folder(t->path)) {
        TRY(sppo_model_load(&t->ctx, &t->policy, t->path));
        printf("model directory\n");
        info_model(&t->policy);
        return SPPO_OK;
    }
    TRY(sppo_file_read(&t->ctx, t->path, &data, &size));
    result = info_file(t, data, size);
    sppo_release(&t->ctx, data, size + 1);
    TRY(result);
    return SPPO_OK;
}

/* ==== the commands ====================================== >>commands == */

typedef struct job {
    cli_command command;
    sppo_result (*run)(tool *t);
} job;

#define ROWS_ABOUT                                                            \
    "Files, - is standard input, are rows of JSON, one a "                    \
    "line or all in one array.\n"                                             \
    "A text becomes tokens as BOS prompt, response EOS; "                     \
    "of any field \"prompt\" also\n"                                          \
    "\"prompt_ids\" is read: token ids, as they are. A "                      \
    "prompt may be [{\"role\": \"user\",\n"                                   \
    "\"content\"}], a response one message of "                               \
    "\"assistant\", after its prompt or alone.\n"                             \
    "A prompt that does not fit into the context is an "                      \
    "error. \"finished\": false, or\n"                                        \
    "of several responses a list, says that a response "                      \
    "was cut: it gets no EOS.\n"
#define TRAINER_ABOUT                                                         \
    "OUT becomes a model directory; OUT/metrics.csv and .jsonl have a line "   \
    "for each\nstep. After Ctrl-C, a crash or a power cut, --resume goes on "  \
    "to the same bits;\nafter Ctrl-C OUT has the model so far.\n"
#define JUDGE_ABOUT                                                           \
    "The judge program reads lines {\"prompt\": \"..\", \"responses\": [\"..\""\
    ", ..],\n\"finished\": [true, ..], \"id\": 7} and answers each with a "   \
    "line\n{\"probabilities\": [[..], ..], \"id\": 7}: row i, column j is "   \
    "the probability that\nresponse i is better than j. finished: it ended and "\
    "was not cut. The id may be\nleft out of an answer, another id is an "     \
    "error, as is any other line. An answer\n{\"error\": \"..\"} ends the "    \
    "run with that sentence.\n"

#define JUDGMENTS_ABOUT                                                       \
    "Judgments are AlpacaEval's annotations: output_2 is the "                \
    "model's, output_1 the\n"                                                 \
    "baseline's; preference 2 is for the model, 1 against it, "               \
    "between them it is\n"                                                    \
    "soft; 1.5 or 0 is a draw; null is left out. The win rate is "            \
    "the mean of\n"                                                           \
    "preference - 1, its standard error the standard deviation "              \
    "over the root of n.\n"                                                   \
    "The length-controlled rate is sigma(theta) of the fit logit "            \
    "win = theta +\n"                                                         \
    "phi tanh(longer / sd). AlpacaEval also fits a difficulty of "            \
    "each instruction,\n"                                                     \
    "which no model's judgments alone can tell, and holds phi "               \
    "back by judgments of a\n"                                                \
    "verbose and a concise baseline: compare your models by this "            \
    "figure, but not\n"                                                       \
    "with its leaderboard.\n"

static const job jobs[] = {
    { { "tokenizer", TOKENIZER, "learn a vocabulary from text",
        "text|jsonl vocab out", "",
        "  sppo tokenizer --text book.txt --vocab 512 --out tokenizer.bin\n"
        "  sppo tokenizer --jsonl rows.jsonl --vocab 400 --out tok.bin\n",
        "" }, run_tokenizer },
    { { "pretrain", PRETRAIN, "train a policy to predict text",
        "text|jsonl tokenizer|from out",
        "optimizer=adamw beta2=0.99 lr=4e-3 weight-decay=0.01 warmup=0.03 "
        "lr-end=0.05",
        "  sppo pretrain --text book.txt --tokenizer tok.bin --minutes 3 --out "
        "base\n"
        "  sppo pretrain --jsonl answers.jsonl --from base --steps 500 "
        "--out tuned\n"
        "  sppo pretrain --resume --out tuned\n",
        ROWS_ABOUT
        "The loss of a step is divided by a constant: short rows do not count "
        "for more.\n" TRAINER_ABOUT }, run_pretrain },
    { { "prefer", PREFER, "train a preference model", "preferences policy out",
        "optimizer=adamw lr=2e-3 weight-decay=0.05 warmup=0.05",
        "  sppo prefer --preferences pairs.jsonl --policy base --out judge\n"
        "  sppo prefer --preferences pairs.jsonl --policy base --head pair "
        "--out judge\n",
        ROWS_ABOUT
        "\"chosen\" is better for sure unless the row has \"prob_a\" or "
        "\"chosen_probs\", its\nprobability. Without \"prompt\" it is the "
        "first message of both, or what both\nstrings begin with. Rows of a "
        "prompt are learned or held out together.\n" TRAINER_ABOUT },
      run_prefer },
    { { "align", ALIGN, "self-play preference optimization, Algorithm 1",
        "policy prompts preference|judge out", "epochs=4",
        "  sppo align --policy base --prompts prompts.jsonl --preference judge"
        " --out run\n"
        "  sppo align --policy base --prompts prompts.jsonl --judge "
        "./my-judge --out run\n"
        "  sppo align --resume --out run\n",
        ROWS_ABOUT JUDGE_ABOUT
        "OUT/policy is the result; OUT/iterT has the policy and the data of "
        "iteration T,\nOUT/metrics.csv a line for each step. After Ctrl-C, a "
        "crash or a power cut,\n--resume goes on to the same bits, wherever OUT "
        "and the inputs are by\nthen: what they hold is compared. It takes "
        "another --judge, and of a run\nthat is done more --iterations; "
        "settings.json notes both.\n" },
      run_align },
    { { "sample", SAMPLE, "let a policy respond", "policy prompt|prompts",
        "max-tokens=256",
        "  sppo sample --policy base --prompt \"Once upon a time\"\n"
        "  sppo sample --policy run/policy --prompts prompts.jsonl --n 4\n"
        "  sppo sample --policy base --prompt \"Hello\" --best-of 16 "
        "--preference judge\n",
        "A --prompt is answered with the text alone, or with --n several, each "
        "after a\nline --- response 1 of 4 ---; --prompts with rows "
        "{\"prompt\", \"response\",\n\"finished\"}, ids instead of texts where "
        "the policy has no tokenizer.\nFor AlpacaEval: --prompts "
        "alpaca_eval.json --alpaca-eval NAME\n> model_outputs.json\n" },
      run_sample },
    { { "score", SCORE, "log pi(y|x) of given responses", "policy jsonl", "",
        "  sppo score --policy base --jsonl rows.jsonl\n",
        ROWS_ABOUT "Answers are rows {\"logprob\", \"tokens\"}.\n" },
      run_score },
    { { "judge", JUDGE, "answer the judge protocol", "preference", "",
        "  sppo judge --preference judge < requests.jsonl\n"
        "  sppo align .. --judge 'sppo judge --preference judge'\n",
        JUDGE_ABOUT "A request that cannot be judged is answered with an "
        "error; the exit code is 3\nthen, in the end.\n" }, run_judge },
    { { "evaluate", EVALUATE, "the win rate of one policy against another",
        "policy against preference|judge prompts, judgments", "",
        "  sppo evaluate --policy run/policy --against base --preference judge"
        " \\\n      --prompts test.jsonl\n"
        "  sppo evaluate --judgments annotations.json\n",
        ROWS_ABOUT JUDGE_ABOUT JUDGMENTS_ABOUT }, run_evaluate },
    { { "game", GAME, "exact self-play on a preference matrix", "matrix", "",
        "  sppo game --matrix rock-paper-scissors.csv --start 0.6,0.2,0.2\n",
        "The average policy of Eq 4.1 converges (Theorem 4.1: its gap is below "
        "bound);\nthe last one may circle.\n" }, run_game },
    { { "convert", CONVERT, "model directories and llama2.c models, any way",
        "from to", "",
        "  sppo convert --from stories260K.bin --tokenizer tok512.bin --to "
        "stories\n"
        "  sppo convert --from stories --to stories260K.bin\n"
        "  sppo convert --from SmolLM2-135M --dtype bfloat16 --to small\n",
        "A model directory is Hugging Face's for a Llama: config.json, "
        "model.safetensors\n(or the parts that model.safetensors.index.json "
        "names) in F32, F16, BF16 or\nF64. One file is written, with the "
        "tokenizer and chat template that were there;\nthe directory "
        "changes as a whole or not at all, and a mixture is refused.\n" },
      run_convert },
    { { "info", INFO, "what a file, a model or a run holds", "", "",
        "  sppo info run/policy\n"
        "  sppo info run            (how far it is, its settings)\n"
        "  sppo info rows.jsonl     (fields, and the first row that is wrong)\n"
        "  sppo info                (how the tool was built)\n", "" },
      run_info }
};
enum { JOBS = sizeof jobs / sizeof *jobs };

static void tool_help(void)
{
    int i;

    printf("sppo %s - self-play preference optimization of small language "
           "models\n\n"
           "  sppo convert --from stories260K.bin --tokenizer tok512.bin --to "
           "base\n"
           "  sppo prefer --preferences pairs.jsonl --policy base --out "
           "judge\n"
           "  sppo align --policy base --prompts prompts.jsonl --preference "
           "judge --out run\n"
           "  sppo sample --policy run/policy --prompt \"Once upon a time\"\n"
           "\nUsage: sppo COMMAND [options]\n\n", sppo_version());
    for (i = 0; i < JOBS; i++)
        printf("  %-11s %s\n", jobs[i].command.name, jobs[i].command.summary);
    printf("\n`sppo COMMAND --help` has examples and options; --version.\n%s",
           exit_codes);
}

static const job *find_job(tool *t, const char *name)
{
    const char *nearest = NULL;
    int i, distance = 4;

    for (i = 0; i < JOBS; i++)
        if (!strcmp(jobs[i].command.name, name))
            return &jobs[i];
    for (i = 0; i < JOBS; i++)
        word_nearer(name, jobs[i].command.name, &nearest, &distance);
    if (nearest)
        sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "there is no command %.60s; did "
                  "you mean %s?", name, nearest);
    else
        sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "there is no command %.60s; see "
                  "`sppo --help`", name);
    return NULL;
}

/* All arguments after the command's name. */
static sppo_result parse_arguments(tool *t, int argc, char **argv)
{
    int i, used;

    TRY(options_default(&t->parse));
    for (i = 2; i < argc; i += used) {
        used = 1;
        if (!strncmp(argv[i], "--", 2))
            TRY(option_parse(&t->parse, argv[i],
                             i + 1 < argc ? argv[i + 1] : NULL, &used));
        else if (t->parse.command->bit == INFO && !t->path)
            t->path = argv[i];
        else
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                             "\"%.60s\" is not an option; see `sppo %s "
                             "--help`", argv[i], t->parse.command->name);
    }
    t->console.quiet = t->set.quiet;
    return SPPO_OK;
}

static void set_threads(tool *t)
{
#ifdef _OPENMP
    if (t->set.threads)
        omp_set_num_threads(t->set.threads);
#else
    if (t->set.threads > 1)
        note(&t->console, "built without OpenMP: one thread");
#endif
}

static sppo_result run_job(tool *t, const job *j, int argc, char **argv)
{
    char path[PATH_ROOM];

    t->parse.command = &j->command;
    TRY(parse_arguments(t, argc, argv));
    if (t->set.resume && t->set.out) {
        TRY(path_join(&t->ctx, path, t->set.out, "settings.json"));
        if (file_exists(path))
            TRY(settings_adopt(&t->parse, path));
        else if (options_check_needs(&t->parse) != SPPO_OK)
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.200s holds no run: "
                             "there is no %.200s to go on with; without "
                             "--resume a new one begins", t->set.out, path);
    }
    TRY(options_check_needs(&t->parse));
    TRY(options_check_conditions(&t->parse));
    set_threads(t);
    return j->run(t);
}

static int exit_code(const tool *t, sppo_result result)
{
    static const int codes[] = { 0, 2, 3, 4, 5, 6, 1 };

    if (t->folder.locked)
        return 7;
    return result == SPPO_E_STOPPED ? 128 + caught : codes[result];
}

static int wants_help(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return 1;
    return 0;
}

/* What needs no work: --help and --version; *simple 0: there is work. */
static sppo_result main_simple(tool *t, int argc, char **argv, int *simple)
{
    const char *first = argc > 1 ? argv[1] : "";
    const int asked = !strcmp(first, "--help") || !strcmp(first, "-h") ||
                      !strcmp(first, "help");
    const job *j;

    *simple = 1;
    if (argc < 2)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                         "which command? See `sppo --help`");
    if (!strcmp(first, "--version")) {
        printf("sppo %s\n", sppo_version());
    } else if (asked && argc == 2) {
        tool_help();
    } else if (asked || wants_help(argc, argv)) {
        j = find_job(t, asked ? argv[2] : first);
        if (!j)
            return t->ctx.code;
        t->parse.command = &j->command;
        TRY(command_help(&t->parse));
    } else {
        *simple = 0;
        return SPPO_OK;
    }
    return SPPO_OK;
}

/* Standard streams that the caller closed: a file of the run would be opened in
 * their place, and lines for the screen written into it.                    */
static void streams_open(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd < 2)
        fd = open("/dev/null", O_RDWR);
    if (fd > 2)
        close(fd);
}

int main(int argc, char **argv)
{
    static tool t;
    const job *j = NULL;
    sppo_result result;
    int simple, code;

    streams_open();
    t.text.ctx = t.line.ctx = t.parse.kept.ctx = t.parse.ctx = &t.ctx;
    t.listener.text.ctx = t.listener.quoted.ctx = &t.ctx;
    t.parse.options = options;
    t.parse.count = (int)(sizeof options / sizeof *options);
    t.parse.settings = &t.set;
    signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to tell
    console_init(&t.console);
    result = main_simple(&t, argc, argv, &simple);
    if (!simple) {
        j = find_job(&t, argv[1]);
        result = j ? run_job(&t, j, argc, argv) : t.ctx.code;
    }
    if (result == SPPO_OK)
        result = output_check(&t.ctx);
    progress_end(&t.console);
    if (result != SPPO_OK)
        message_failure(&t.parse, &t.ctx, &t.console);
    code = exit_code(&t, result);
    tool_free(&t);
    return code;
}
