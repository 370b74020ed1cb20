/* settings.h - all that can be set */

#ifndef SPPO_TOOL_SETTINGS_H
#define SPPO_TOOL_SETTINGS_H

#include "options.h"

typedef struct settings {
    const char *policy, *against, *preference, *judge, *from, *to, *out;
    const char *prompt, *prompts, *preferences, *validation, *jsonl, *text;
    const char *tokenizer, *matrix, *start, *names, *shard, *judgments;
    const char *generator, *reference, *watch, *config, *mt_bench, *turn_form;
    const char *model_id, *policies, *heat;
    int vocab, dim, layers, heads, kv_heads, hidden, context, untied;
    int head, embed_dim;
    int log_every;
    int k, iterations, prompts_per_iteration, keep_all, bradley_terry;
    int loss, baseline, signal, advantage, length_normalised, reference_every;
    int phase, method, magnet_every, dtype;
    int schedule, against_reference, rank, opponents, gold, keep, stop_watch;
    int n, max_tokens, greedy, best_of, samples, per_token;
    int optimizer, decay, steps, epochs, batch, pass_tokens;
    int keep_order, strict, seed, threads;
    int resume, force, edited, dry_run, quiet, json, merge, markdown;
    double rope_theta, eta, clip_range, margin, pull, mixture, log_z;
    double stop_kl, missing_eos_penalty, temperature, top_p;
    double lr, warmup, lr_end, alpha, beta1, beta2, weight_decay, clip;
    double minutes, holdout, save_seconds, judge_timeout;
} settings;

enum {
    TOKENIZER = 1, PRETRAIN = 2, PREFER = 4, ALIGN = 8, SAMPLE = 16,
    SCORE = 32, JUDGE = 64, EVALUATE = 128, GAME = 256, CONVERT = 512,
    INFO = 1024, REPORT = 2048,
    TRAINING = PRETRAIN | PREFER | ALIGN,
    COMPUTING = TRAINING | SAMPLE | SCORE | JUDGE | EVALUATE | INFO,
    PRINTING = SAMPLE | SCORE,  // rows, on standard output or into --out
    WRITING = TOKENIZER | TRAINING | CONVERT | REPORT,
    EVERY = 4095
};

enum { DTYPE_FLOAT32 = 0, DTYPE_BFLOAT16, DTYPE_FLOAT16 };  // as --dtype

/* The table above as the parser walks it. */
void settings_options(parser *p, settings *s);

/* The settings of sampling. */
sppo_sampling sampling_settings(const settings *s);

/* The settings of the optimiser. */
sppo_optim_config optim_settings(const settings *s, int total_steps);

/* The settings of Algorithm 1, but for its reference and gold. */
sppo_play_config play_settings(const settings *s);

/* Gives the settings that --method names and that were not given. */
sppo_result method_settings(parser *p);

/* The eta of a run whose user gave none. */
double method_eta(const settings *s);

#endif
