/* sppo.c - the command-line tool: a policy from text to self-play, and back out
 *
 * Build       make                     Run   build/sppo --help
 * Shows       every part of sppo.h at work on real files: tokenizer, training,
 *             preference model, Algorithm 1 with resume, sampling, evaluation
 * Read        settings.c says all that can be set; then align.c, with
 *             align_phase.c, is Algorithm 1 as a program that goes on where it
 *             was interrupted
 *
 * Results go to standard output, progress and messages to standard error.
 * Exit codes: see exit_codes below, or `sppo --help`.                       */

#include "align.h"
#include "config.h"
#include "files.h"
#include "messages.h"
#include "output.h"
#include "signals.h"
#include "study.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static const char exit_codes[] =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input file, 4 out of "
    "memory,\n5 input/output or disk full, 6 diverged (NaN), 7 the run is "
    "locked by\nanother process, 130 or 143 saved after Ctrl-C or SIGTERM.\n";

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
    "In a text for a tokenizer.json its added tokens are "                    \
    "tokens (\"<|endoftext|>\"\nends it); for a tokenizer.bin "               \
    "all is text.\n"                                                         \
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
    "the probability that\nresponse i is better than j. finished: it ended "  \
    "and was not cut. The id may be\nleft out of an answer, another id is "   \
    "an error, as is any other line. An answer\n{\"error\": \"..\"} ends "   \
    "the run with that sentence.\n"

#define MANY_ABOUT                                                            \
    "Of many policies there is a table, and of each pair the interval. "      \
    "Rows of --out\nare read by sppo prefer, evaluate --judgments and game "   \
    "--matrix .. --rank.\n"

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
    "with its leaderboard.\n"                                                 \
    "MT-Bench's files are told by their rows. Grades "                        \
    "{\"question_id\", \"model\",\n"                                          \
    "\"turn\", \"score\"}: of each model the mean of the first "              \
    "turn, the second, all;\n"                                                \
    "-1 or null could not be read and is counted beside it. "                 \
    "Pairs {\"question_id\",\n"                                               \
    "\"model_1\", \"model_2\", \"g1_winner\", \"g2_winner\"}: "               \
    "two games in either\n"                                                   \
    "order; a judge that contradicts itself says tie, a tie is "              \
    "half a win, an error\n"                                                  \
    "is left out. Intervals are of 95 %, by Student's t over "                \
    "questions, as the turns\n"                                               \
    "of one are not independent.\n"                                           \
    "Ranks of many models: sppo game --matrix FILE --rank.\n"

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
        "policy prompts preference|judge|gold out", "epochs=4",
        "  sppo align --policy base --prompts prompts.jsonl --preference judge"
        " --out run\n"
        "  sppo align --policy base --prompts prompts.jsonl --judge "
        "./my-judge --out run\n"
        "  sppo align --resume --out run\n"
        "  sppo align --config run/settings.json --lr 1e-4,3e-4 --out sweep\n",
        ROWS_ABOUT JUDGE_ABOUT
        "OUT/policy is the result; OUT/iterT has the policy and the data of "
        "iteration T,\nOUT/metrics.csv a line for each step. After Ctrl-C, a "
        "crash or a power cut,\n--resume goes on to the same bits, wherever "
        "OUT and the inputs are by\nthen: what they hold is compared. It takes "
        "another --judge, and of a run\nthat is done more --iterations; "
        "settings.json notes both. --watch\nlooks on at what --validation "
        "samples: its win rate beside the judge's\nshows what only the judge "
        "likes.\nA number or choice may be a list, 1e-4,3e-4: then there is a "
        "run in OUT/lr=1e-4\nand so on for each combination, the same as "
        "alone, and a table of them by their\nwin rate on --validation, also "
        "as OUT/study.csv.\n" },
      run_align },
    { { "sample", SAMPLE, "let a policy respond",
        "policy prompt|prompts|mt-bench",
        "max-tokens=256",
        "  sppo sample --policy base --prompt \"Once upon a time\"\n"
        "  sppo sample --policy run/policy --prompts prompts.jsonl --n 4\n"
        "  sppo sample --policy base --prompt \"Hello\" --best-of 16 "
        "--preference judge\n"
        "  sppo sample --policy base --mt-bench question.jsonl > "
        "base.jsonl\n",
        "A --prompt is answered with the text alone, or with --n several, each "
        "after a\nline --- response 1 of 4 ---; --prompts with rows "
        "{\"prompt\", \"response\",\n\"finished\"}, ids instead of texts where "
        "the policy has no tokenizer.\nFor AlpacaEval: --prompts "
        "alpaca_eval.json --alpaca-eval NAME\n> model_outputs.json\n"
        "For MT-Bench: --mt-bench question.jsonl > "
        "model_answer/NAME.jsonl. The second\n"
        "question is asked behind the first and its answer: BOS "
        "question answer EOS BOS\n"
        "question, or with --turn-form as one text, where \\n is a "
        "new line:\n"
        "  --turn-form "
        "'<|im_start|>user\\n{question}<|im_end|>\\n<|im_start|>assistant\\n\n"
        "  {answer}<|im_end|>\\n' (on one line)\n"
        "Each answer has at most --max-tokens, and an equal share "
        "of what the questions\n"
        "leave of the context. Temperatures are MT-Bench's, by "
        "category (0.7; stem and\n"
        "humanities 0.1; math, reasoning, coding and extraction "
        "greedy), unless one is\n"
        "given.\n" },
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
    { { "evaluate", EVALUATE, "the win rates of policies against each other",
        "policy|policies against|policies preference|judge prompts, judgments",
        "",
        "  sppo evaluate --policy run/policy --against base --preference judge"
        " \\\n      --prompts test.jsonl\n"
        "  sppo evaluate --policies base,run/iter1,run/policy --preference "
        "judge \\\n      --prompts test.jsonl --heat all.svg --out rows.jsonl\n"
        "  sppo evaluate --judgments annotations.json\n"
        "  sppo evaluate --judgments gpt-4_single.jsonl --mt-bench "
        "question.jsonl\n",
        ROWS_ABOUT JUDGE_ABOUT MANY_ABOUT JUDGMENTS_ABOUT }, run_evaluate },
    { { "game", GAME, "exact self-play on a preference matrix", "matrix", "",
        "  sppo game --matrix rock-paper-scissors.csv --start 0.6,0.2,0.2\n"
        "  sppo game --matrix gpt-4_pair.jsonl --rank\n",
        "The average policy of Eq 4.1 converges (Theorem 4.1: its gap is below "
        "bound);\nthe last one may circle.\n"
        "Judged pairs are MT-Bench's {\"model_1\", \"model_2\", "
        "\"g1_winner\",\n"
        "\"g2_winner\"}, {\"model_a\", \"model_b\", \"prob_a\"}, "
        "or AlpacaEval's annotations;\n"
        "P is the share of wins, ties one half each. Bradley-Terry "
        "is fitted to all\n"
        "comparisons; of models that never met, P is what it "
        "expects.\n" }, run_game },
    { { "convert", CONVERT, "model directories and llama2.c models, any way; "
        "out to GGUF",
        "from to", "",
        "  sppo convert --from stories260K.bin --tokenizer tok512.bin --to "
        "stories\n"
        "  sppo convert --from stories --to stories260K.bin\n"
        "  sppo convert --from SmolLM2-135M --dtype bfloat16 --to small\n"
        "  sppo convert --from stories --dtype float16 --to stories.gguf\n",
        "A model directory is Hugging Face's for a Llama: config.json, "
        "model.safetensors\n(or the parts that model.safetensors.index.json "
        "names) in F32, F16, BF16 or\nF64. One file is written, with the "
        "tokenizer and chat template that were there;\nthe directory "
        "changes as a whole or not at all, and a mixture is refused.\n"
        "Each eos_token_id of generation_config.json, or else of config.json, "
        "ends a\nresponse; a text is given config.json's.\n"
        "A GGUF is for llama.cpp; it holds the tokenizer.bin of its model. It "
        "is written\nonly, not read.\n" },
      run_convert },
    { { "info", INFO, "what a file, a model or a run holds", "", "",
        "  sppo info run/policy\n"
        "  sppo info run            (how far it is, its settings)\n"
        "  sppo info rows.jsonl     (fields, and the first row that is wrong)\n"
        "  sppo info run --json     (the same as one JSON object)\n"
        "  sppo info                (how the tool was built)\n",
        "- is standard input. The keys of --json stay what they are: see "
        "examples/tool.\n" },
      run_info },
    { { "report", REPORT, "a page of a run, or of several side by side", "", "",
        "  sppo report run                  (run/report.html, for a browser)\n"
        "  sppo report run --markdown --out -\n"
        "  sppo report first second --out both.html\n",
        "What was asked, win rates and which iteration was best by whom, "
        "samples before\nand after, what the judge preferred, log-ratios and "
        "their targets, length, KL,\ntime, memory, and the command that makes "
        "the run again. Of a run that is at work\ntoo: so far as it is. The "
        "page has all in it: no script, nothing is fetched.\n" },
      run_report }
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

const cli_command *command_find(const char *name)
{
    int i;

    for (i = 0; i < JOBS; i++)
        if (!strcmp(jobs[i].command.name, name))
            return &jobs[i].command;
    return NULL;
}

/* All arguments after the command's name. */
static sppo_result parse_arguments(tool *t, int argc, char **argv)
{
    const unsigned bit = t->parse.command->bit;
    const int most = bit == INFO ? 1 : bit == REPORT ? PATHS_MOST : 0;
    int i, used;

    TRY(options_default(&t->parse));
    for (i = 2; i < argc; i += used) {
        used = 1;
        if (!strncmp(argv[i], "--", 2))
            TRY(option_parse(&t->parse, argv[i],
                             i + 1 < argc ? argv[i + 1] : NULL, &used));
        else if (t->path_count < most)
            t->paths[t->path_count++] = argv[i];
        else
            return sppo_fail(&t->ctx, SPPO_E_ARGUMENT,
                             "\"%.60s\" is %s; see `sppo %s --help`", argv[i],
                             most > 1 ? "one run too many" : "not an option",
                             t->parse.command->name);
    }
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

/* The settings that --resume finds in --out: of a run, or of a study. */
static sppo_result resume_settings(tool *t)
{
    char path[PATH_ROOM];
    int kind;

    path_join(path, t->set.out, "settings.json");
    TRY(path_look(&t->ctx, path, &kind));
    if (kind && study_is_asked(t))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.200s holds one run, "
                         "which has no lists of values", t->set.out);
    if (kind)
        return settings_adopt(&t->parse, path);
    if (t->parse.studies)
        TRY(study_adopt(t));
    if (study_is_asked(t) || options_check_needs(&t->parse) == SPPO_OK)
        return SPPO_OK;
    return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "%.200s holds no run: there is "
                     "no %.200s to go on with; without --resume a new one "
                     "begins", t->set.out, path);
}

/* What may be -; study: of several runs. */
static sppo_result check_standard_streams(tool *t, int study)
{
    const parser *p = &t->parse;
    int which;

    TRY(options_check_standard_input(p, &which));
    if (study && which >= 0)
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--%s cannot be - (standard "
                         "input), which is read once: each run of the study "
                         "reads it", p->options[which].name);
    if (t->set.out && !strcmp(t->set.out, "-") &&
        !(p->command->bit & (PRINTING | REPORT)))
        return sppo_fail(&t->ctx, SPPO_E_ARGUMENT, "--out cannot be - "
                         "(standard output) here; ./- is a file or folder of "
                         "that name");
    return SPPO_OK;
}

static sppo_result run_job(tool *t, const job *j, int argc, char **argv)
{
    t->parse.command = &j->command;
    t->parse.studies = j->command.bit == ALIGN;
    TRY(parse_arguments(t, argc, argv));
    if (t->set.config && !t->set.resume)
        TRY(config_adopt(&t->parse, t->set.config));
    t->console.quiet = t->set.quiet;
    if ((j->command.bit & TRAINING) && t->set.out)
        TRY(run_folder_look(&t->folder, &t->ctx, t->set.out));
    if (t->set.resume && t->set.out)
        TRY(resume_settings(t));
    if (study_is_asked(t)) {
        TRY(check_standard_streams(t, 1));
        set_threads(t);
        return study_run(t, j->run);
    }
    if (j->command.bit == ALIGN)
        TRY(method_settings(&t->parse));
    TRY(options_check_needs(&t->parse));
    TRY(options_check_conditions(&t->parse));
    TRY(check_standard_streams(t, 0));
    set_threads(t);
    if (!(j->command.bit & PRINTING))
        return j->run(t);
    TRY(output_open(&t->ctx, t->set.out, t->set.force));
    return output_close(&t->ctx, t->set.out, j->run(t));
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
        print_build();
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
    tool_begin(&t);
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
