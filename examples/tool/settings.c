/* settings.c - all that can be set: one table of options */

#include "tool.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
    TEXT("policies", "LIST", policies, NULL, EVALUATE,
         "policies to compare with each other, DIR,DIR,.. (up to 64)"),
    TEXT("preference", "DIR", preference, NULL,
         ALIGN | JUDGE | EVALUATE | CONTENT_OPTION | AMENDED_OPTION,
         "judge by this preference model (see `sppo prefer`)"),
    TEXT("judge", "CMD", judge, NULL, ALIGN | EVALUATE | AMENDED_OPTION,
         "judge by this program: a JSON line in, a JSON line out"),
    TEXT("preference", "DIR", preference, "best-of", SAMPLE,
         "choose by this preference model"),
    TEXT("judge", "CMD", judge, "best-of", SAMPLE, "choose by this program"),
    REAL("judge-timeout", judge_timeout, 0.01, 1e6, "600", "judge|watch",
         ALIGN | EVALUATE | SAMPLE | FREE_OPTION,
         "seconds without an answer before the judge counts as dead"),
    TEXT("prompts", "FILE", prompts, NULL,
         ALIGN | SAMPLE | EVALUATE | CONTENT_OPTION,
         "rows {\"prompt\"} or AlpacaEval's {\"instruction\"}"),
    TEXT("prompt", "TEXT", prompt, NULL, SAMPLE,
         "one prompt; \"\" starts from nothing"),
    TEXT("validation", "FILE", validation, NULL, ALIGN | CONTENT_OPTION,
         "prompts on which each iteration is compared with the base policy"),
    TEXT("watch", "CMD|DIR", watch, "validation", ALIGN | AMENDED_OPTION,
         "a second judge, a program or a preference model, that only looks on: "
         "what it makes of each validation is printed and logged; nothing is "
         "learned from it"),
    TEXT("preferences", "FILE", preferences, NULL, PREFER | CONTENT_OPTION,
         "rows {\"prompt\", \"chosen\", \"rejected\"} or {\"prompt\", "
         "\"response_a\", \"response_b\", \"prob_a\"}"),
    TEXT("judgments", "FILE", judgments, NULL, EVALUATE,
         "rows {\"output_1\", \"output_2\", \"preference\"} or "
         "{\"response_a\", \"response_b\", \"prob_a\"}; MT-Bench's grades or "
         "pairs"),
    TEXT("mt-bench", "FILE", mt_bench, "judgments", EVALUATE | FREE_OPTION,
         "MT-Bench's questions: grades by category too"),
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
         "comma-separated rows: entry i, j is P(answer i beats answer j); or "
         "judged pairs of models, as rows of JSON"),
    TEXT("start", "LIST", start, NULL, GAME,
         "the first policy, as 0.6,0.2,0.2 (uniform)"),
    TEXT("from", "DIR", from, NULL, PRETRAIN | CONTENT_OPTION,
         "go on from this model, with its tokenizer"),
    TEXT("from", "PATH", from, NULL, CONVERT,
         "a model directory or a llama2.c file"),
    TEXT("to", "PATH", to, NULL, CONVERT,
         "what to write: NAME.bin a llama2.c file, NAME.gguf llama.cpp's, else "
         "a model directory"),
    FLAG("edited", edited, NULL, CONVERT,
         "take --from as its files are now, though the weights were saved with "
         "others"),
    CHOICE("dtype", "float32|bfloat16|float16", dtype, "float32", NULL, CONVERT,
           "the numbers of a directory or a GGUF; float16 of a GGUF only; both "
           "others take half the space"),
    TEXT("out", "FILE", out, NULL, TOKENIZER, "the tokenizer.bin to write"),
    TEXT("out", "FILE", out, NULL, EVALUATE,
         "write rows {\"prompt\", \"model_a\", \"model_b\", \"response_a\", "
         "\"response_b\", \"finished\", \"prob_a\"}"),
    TEXT("heat", "FILE", heat, "policies", EVALUATE,
         "the table as a picture, an SVG"),
    TEXT("out", "FILE", out, NULL, PRINTING,
         "where the answers go, whole or not at all; -: standard output, as "
         "without it"),
    TEXT("out", "DIR", out, NULL, TRAINING | FREE_OPTION,
         "the folder to write"),
    TEXT("out", "FILE", out, NULL, REPORT,
         "the page; - is standard output (RUN/report.html, with --markdown "
         "report.md)"),
    FLAG("markdown", markdown, NULL, REPORT,
         "as Markdown: tables instead of pictures"),

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

    CHOICE("head", NULL, head, "embed", NULL, PREFER,
           "pair reads two responses together; embed compares embeddings of "
           "each; scalar is Bradley-Terry, which knows no cycles"),
    COUNT("embed-dim", embed_dim, 2, 1024, "8", "head=embed", PREFER,
          "size of the embeddings, even"),
    FLAG("strict", strict, NULL, PREFER,
         "a row that is too long is an error, not skipped"),

    CHOICE("method", "sppo|dpo|ipo|simpo|gpo|rebel|dno|spo|rloo|dr-grpo|grpo|"
           "gspo|ppo|rlhf|inpo|comal|nash-md|ipo-md|spin", method, NULL, NULL,
           ALIGN,
           "a loss with its settings, by the name of the method"),
    REAL("eta", eta, 1e-9, 1e9, NULL, NULL, ALIGN,
         "how hard a win rate pulls; DPO's beta, usually 0.1, is 1/eta (30; "
         "dpo 1, ipo 5, gpo 5, simpo 0.4; other signals than win 5)"),
    REAL("eta", eta, 1e-9, 1e9, NULL, NULL, GAME,
         "learning rate (0.1; mirror-prox 2)"),
    CHOICE("method", "mwu|sppo-half|optimistic|nash-md|inpo|comal|"
           "extragradient|mirror-prox|rlhf", method, "mwu", NULL, GAME,
           "Eq 4.1, also SPO's, DNO's and REBEL's; what Eq 4.6 fits; ONPO's; "
           "four that a reference, the first policy, pulls, and comal, whose "
           "reference moves; the reward that fits best, of Bradley-Terry"),
    REAL("alpha", alpha, 1e-9, 1e9, "0.1",
         "method=nash-md|inpo|comal|extragradient|mirror-prox", GAME,
         "how hard the reference pulls: tau, the weight of the KL to it"),
    COUNT("magnet-every", magnet_every, 1, 100000000, "100", "method=comal",
          GAME, "steps until the reference moves to the policy"),
    FLAG("schedule", schedule, "method=nash-md", GAME,
         "eta = 2 / (alpha (t + 2)) in step t = 0, 1 .., as its theorem says"),
    FLAG("against-reference", against_reference, NULL, GAME,
         "P(last policy > first) and KL(last || first) too"),
    FLAG("rank", rank, NULL, GAME,
         "the answers by their win rate against the solution; circles"),
    TEXT("names", "LIST", names, "rank", GAME, "of the answers, as a,b,c"),
    COUNT("k", k, 2, 1000, "5", NULL, ALIGN, "responses to each prompt"),
    COUNT("iterations", iterations, 1, 100000, "3", NULL,
          ALIGN | AMENDED_OPTION,
          "rounds of self-play"),
    COUNT("prompts-per-iteration", prompts_per_iteration, 0, 100000000, "0",
          NULL, ALIGN, "0: all prompts divided by iterations"),
    FLAG("keep-all", keep_all, "loss=sppo|gpo|gap|dno|clip", ALIGN,
         "train on all K responses, not on the best and the worst"),
    FLAG("bradley-terry", bradley_terry, NULL, ALIGN,
         "P from averaged scores, as the released code: no cycles"),
    REAL("missing-eos-penalty", missing_eos_penalty, 0, 1e6, "0", NULL, ALIGN,
         "log-odds that a response which was cut loses against one that ended"),
    REAL("missing-eos-penalty", missing_eos_penalty, 0, 1e6, "0", "best-of",
         SAMPLE, "the same in choosing"),
    CHOICE("loss", NULL, loss, "sppo", NULL, ALIGN,
           "Eq 4.7 with win rates; Eq 4.12; half of it; TRL's hard labels; "
           "Eq 4.13; Eq 4.14; Eq 4.7 with scores; squares of pairs; their "
           "cross-entropy; a policy gradient; DPO's per token"),
    CHOICE("signal", "win|score|pair|hard", signal, "win",
           "loss=gap|dno|clip", ALIGN,
           "what it learns from: win rates, mean scores (log-odds); of two "
           "P, or which is better"),
    CHOICE("advantage", "leave-one-out|mean|standard", advantage,
           "leave-one-out", "loss=clip", ALIGN,
           "less the mean of the others, of all, in standard deviations"),
    REAL("clip-range", clip_range, 1e-9, 1e9, "0.2", "loss=clip", ALIGN,
         "how far the ratio may leave 1; 1e9: anywhere"),
    FLAG("length-normalised", length_normalised, "loss=clip", ALIGN,
         "the ratio of a token instead of a response"),
    REAL("margin", margin, 0, 1e6, "0", "loss=simpo", ALIGN, "SimPO's gamma"),
    REAL("pull", pull, 0, 1, "0",
         "loss=sppo|pair|single|hard|dpo|ipo|gpo|gap|dno|clip", ALIGN,
         "share of a reference in what log-ratios are to, besides pi_t; eta "
         "times the weight of the KL to it"),
    TEXT("reference", "DIR", reference, NULL, ALIGN | CONTENT_OPTION,
         "that model (the policy as it begins), also of --mixture"),
    COUNT("reference-every", reference_every, 0, 100000, "0", NULL, ALIGN,
          "iterations until it moves to the policy; 0: never"),
    COUNT("opponents", opponents, 0, 1000, "0", NULL, ALIGN,
          "so many of the K responses are only compared with; K and more: all, "
          "and they are trained on"),
    REAL("mixture", mixture, 0, 1, "0", "opponents", ALIGN,
         "the reference's share in drawing these, token by token; 0: that of "
         "--pull"),
    FLAG("gold", gold, "!validation", ALIGN,
         "the \"response\" in each row of --prompts is the last of the K, and "
         "beats the others: no judge is asked"),
    CHOICE("baseline", "half|empirical|coefficient", baseline, "half",
           "loss=sppo", ALIGN, "log Z: eta/2, from the samples, or log-z eta"),
    REAL("log-z", log_z, -1e6, 1e6, "0.5", "baseline=coefficient", ALIGN,
         "the coefficient"),
    CHOICE("keep", "last|best|average", keep, "last", NULL,
           ALIGN | AMENDED_OPTION,
           "what OUT/policy is: the last policy; that of the iteration with "
           "the highest win rate on --validation, by --watch where it is "
           "given; or all, each response drawn by one of them (Theorem 4.1)"),
    REAL("stop-kl", stop_kl, 1e-9, 1e9, NULL, "validation",
         ALIGN | AMENDED_OPTION,
         "end after the iteration whose KL to the policy as it began exceeds "
         "this, nats of a response on --validation"),
    COUNT("stop-watch", stop_watch, 1, 100000, NULL, "watch",
          ALIGN | AMENDED_OPTION,
          "end when --watch has seen no higher win rate for so many "
          "iterations"),
    CHOICE("phase", "all|sample|judge|fit", phase, "all", NULL,
           ALIGN | FREE_OPTION,
           "do one phase of an iteration and stop; go on with --resume"),
    TEXT("shard", "I/N", shard, "phase=sample|judge", ALIGN | FREE_OPTION,
         "do part I of N of the phase, beside the others, into OUT/shards"),
    COUNT("merge", merge, 1, 9999, NULL, "phase=sample|judge|fit",
          ALIGN | FREE_OPTION,
          "take what N shards sampled, and what they judged"),

    COUNT("n", n, 1, 100000, "1", "!mt-bench", SAMPLE,
          "responses to each prompt"),
    COUNT("max-tokens", max_tokens, 1, 1000000, "64", NULL,
          ALIGN | SAMPLE | EVALUATE, "longest response"),
    REAL("temperature", temperature, 1e-3, 100, "1", "!greedy",
         ALIGN | SAMPLE | EVALUATE, "of sampling"),
    REAL("top-p", top_p, 1e-6, 1, "1", "!greedy",
         ALIGN | SAMPLE | EVALUATE,
         "sample from the likeliest tokens with this share"),
    FLAG("greedy", greedy, NULL, SAMPLE | EVALUATE,
         "always the likeliest token"),
    COUNT("best-of", best_of, 2, 1000, NULL, "!mt-bench", SAMPLE,
          "sample N, print the one with the highest win rate"),
    COUNT("samples", samples, 1, 1000, "1", NULL, EVALUATE,
          "responses to each prompt, of each policy"),
    COUNT("samples", samples, 1, 1000, "1", "validation", ALIGN,
          "responses to each validation prompt, of each policy"),
    FLAG("per-token", per_token, NULL, SCORE,
         "add the log-probability of each token, and its id"),
    TEXT("alpaca-eval", "NAME", generator, "prompts", SAMPLE,
         "print AlpacaEval's model_outputs.json, of the generator NAME"),
    TEXT("mt-bench", "FILE", mt_bench, NULL, SAMPLE,
         "answer MT-Bench's questions, all turns"),
    TEXT("turn-form", "TEXT", turn_form, "mt-bench", SAMPLE,
         "a turn as the model learned it, with {question} and {answer}"),
    TEXT("model-id", "NAME", model_id, "mt-bench", SAMPLE,
         "who answers (the policy's DIR)"),

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
    COUNT("log-every", log_every, 1, 100000000, "1", NULL, TRAINING,
          "steps from one line of metrics.csv to the next; the last has one"),
    FLAG("resume", resume, NULL, TRAINING | FREE_OPTION,
         "go on with the run in --out; its other settings need no repeating"),
    TEXT("config", "FILE", config, "!resume", TRAINING | FREE_OPTION,
         "settings of another run, its settings.json, or a file like it; what "
         "is given besides wins"),
    FLAG("force", force, "out|heat", EVALUATE | FREE_OPTION,
         "write over what is there"),
    FLAG("force", force, "out", PRINTING, "write over the file that is there"),
    FLAG("force", force, "!resume", WRITING | FREE_OPTION,
         "write over what is there"),
    FLAG("dry-run", dry_run, NULL, TRAINING | FREE_OPTION,
         "print settings, parameters, memory and time, and write nothing"),
    FLAG("json", json, NULL, PRETRAIN | PREFER | EVALUATE | INFO | FREE_OPTION,
         "the result as one JSON object"),
    FLAG("quiet", quiet, NULL, EVERY | FREE_OPTION,
         "no progress, no messages but errors")
};
typedef char options_have_room[
    sizeof options / sizeof *options <= MAX_OPTIONS ? 1 : -1];

/* What a choice without a list of its own may be: the names of the header's
 * table, where one may be added.                                            */
static const char *choice_name(const option *o, int i)
{
    return !strcmp(o->name, "head") ? sppo_head_name((sppo_head)(i + 1))
                                    : sppo_loss_name((sppo_loss)i);
}

static void choice_list(option *o, char *out, size_t size)
{
    const char *name;
    size_t n = 0;
    int i;

    for (i = 0; (name = choice_name(o, i)) != NULL && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "|" : "", name);
    o->meta = out;
}

void settings_options(parser *p, settings *s)
{
    int i, lists = 0;

    p->count = (int)(sizeof options / sizeof *options);
    p->settings = s;
    memcpy(p->options, options, sizeof options);
    for (i = 0; i < p->count; i++)
        if (!p->options[i].meta)
            choice_list(&p->options[i], p->choices[lists++],
                        sizeof p->choices[0]);
}

sppo_sampling sampling_settings(const settings *s)
{
    sppo_sampling sampling;

    memset(&sampling, 0, sizeof sampling);
    sampling.temperature = s->temperature;
    sampling.top_p = s->top_p;
    sampling.greedy = s->greedy;
    sampling.max_tokens = s->max_tokens;
    return sampling;
}

sppo_optim_config optim_settings(const settings *s, int total_steps)
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

sppo_play_config play_settings(const settings *s)
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
    config.signal = (sppo_signal)s->signal;
    config.advantage = (sppo_advantage)s->advantage;
    config.clip_range = s->clip_range;
    config.length_normalised = s->length_normalised;
    config.margin = s->margin;
    config.pull = s->pull;
    config.reference_every = s->reference_every;
    config.opponents = s->opponents;
    config.mixture = s->mixture;
    config.sampling = sampling_settings(s);
    config.optim = optim_settings(s, 0);
    return config;
}
