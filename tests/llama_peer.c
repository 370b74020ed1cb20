/* llama_peer.c - sppo.h's side of a comparison with another implementation
 *
 *   llama_peer make FOLDER VOCAB DIM LAYERS HEADS KV HEAD_DIM HIDDEN CONTEXT
 *                   UNTIED THETA EPS
 *       a model with random weights
 *   llama_peer words FILE VOCAB
 *       a tokenizer.bin: the bytes, then "a", "b", .. "aa", "ab", .. in blanks
 *   llama_peer run FOLDER OUT
 *       reads the model in FOLDER and FOLDER/sequences.txt, lines of "token
 *       coefficient token coefficient ..", and writes
 *       OUT/logits    doubles: the logits of each row of each sequence
 *       OUT/same      the model again;  OUT/half  the same in bfloat16
 *       OUT/grad      its gradient, as a model: of the sum over sequences and
 *                     positions t >= 1 of coefficient log p(token)
 * Used by reference/check_torch.py and large.sh.                            */
#define _XOPEN_SOURCE 700
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOKENS = 4096, LINE = 1 << 16 };

typedef struct peer {
    sppo_ctx ctx;
    sppo_model model;
    sppo_forest forest;
    sppo_activations acts;
    sppo_real *grad;
    double *logits;
    FILE *out;
} peer;

static sppo_result fail(peer *p, const char *what)
{
    return sppo_fail(&p->ctx, SPPO_E_IO, "cannot open %s", what);
}

/* The folder OUT/NAME, made. */
static const char *folder(const char *out, const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s", out, name);
    mkdir(path, 0777);
    return path;
}

/* One sequence: its logits to the file, its gradients to the gradient. */
static sppo_result run_line(peer *p, char *line)
{
    static int token[TOKENS];
    static double grad[TOKENS];
    const size_t vocab = (size_t)p->model.config.vocab;
    char *at = line, *end;
    int n = 0, row;

    for (; n < TOKENS; n++, at = end) {
        token[n] = (int)strtol(at, &end, 10);
        if (end == at)
            break;
        grad[n] = strtod(end, &end);
    }
    if (n < 2)
        return sppo_fail(&p->ctx, SPPO_E_FORMAT, "a sequence of %d", n);
    grad[0] = 0.0;
    sppo_forest_clear(&p->forest);
    sppo_forest_add(&p->forest, -1, token, n, 1);
    if (sppo_forward(&p->ctx, &p->acts, &p->model, &p->forest))
        return p->ctx.code;
    for (row = 0; row < n; row++) {
        sppo_logits(&p->acts, &p->model, row, p->logits);
        fwrite(p->logits, sizeof(double), vocab, p->out);
    }
    return sppo_backward(&p->ctx, &p->acts, &p->model, &p->forest, grad,
                         NULL, p->grad);
}

static sppo_result run_all(peer *p, FILE *in)
{
    static char line[LINE];
    const sppo_model *m = &p->model;
    sppo_result code = sppo_forest_init(&p->ctx, &p->forest, TOKENS, 1);

    if (!code)
        code = sppo_activations_init(&p->ctx, &p->acts, m, TOKENS, 1, 0, 1);
    if (code)
        return code;
    p->grad = (sppo_real *)sppo_alloc(&p->ctx, m->count, sizeof *p->grad);
    p->logits = (double *)sppo_alloc(&p->ctx, (size_t)m->config.vocab,
                                     sizeof *p->logits);
    if (!p->grad || !p->logits)
        return p->ctx.code;
    while (!code && fgets(line, sizeof line, in))
        code = run_line(p, line);
    return code;
}

static sppo_result run(peer *p, const char *from, const char *out)
{
    char path[1024];
    FILE *in;
    sppo_result code;

    snprintf(path, sizeof path, "%s/sequences.txt", from);
    in = fopen(path, "r");
    if (!in)
        return fail(p, path);
    mkdir(out, 0777);
    snprintf(path, sizeof path, "%s/logits", out);
    p->out = fopen(path, "wb");
    code = p->out ? sppo_model_load(&p->ctx, &p->model, from) : fail(p, path);
    if (!code)
        code = run_all(p, in);
    fclose(in);
    if (p->out && fclose(p->out) != 0 && !code)
        code = fail(p, path);
    if (!code)
        code = sppo_model_save(&p->ctx, &p->model, folder(out, "same"));
    if (!code)
        code = sppo_model_save_as(&p->ctx, &p->model, SPPO_DTYPE_BFLOAT16,
                                  folder(out, "half"));
    if (!code) {
        memcpy(p->model.weights, p->grad, p->model.count * sizeof *p->grad);
        code = sppo_model_save(&p->ctx, &p->model, folder(out, "grad"));
    }
    return code;
}

static sppo_result make(peer *p, char **word)
{
    sppo_config c;
    sppo_result code;

    memset(&c, 0, sizeof c);
    c.vocab = atoi(word[1]);
    c.dim = atoi(word[2]);
    c.layers = atoi(word[3]);
    c.heads = atoi(word[4]);
    c.kv_heads = atoi(word[5]);
    c.head_dim = atoi(word[6]);
    c.hidden = atoi(word[7]);
    c.context = atoi(word[8]);
    c.untied = atoi(word[9]);
    c.rope_theta = atof(word[10]);
    c.norm_eps = atof(word[11]);
    c.bos = c.eos = 1;
    code = sppo_model_init(&p->ctx, &p->model, &c, 11);
    mkdir(word[0], 0777);
    return code ? code : sppo_model_save(&p->ctx, &p->model, word[0]);
}

/* Piece 259 is the blank that every text begins with. */
static int word(int id, char *out)
{
    int rest = id - SPPO_PIECES, n = 0;

    if (id < SPPO_BYTES)
        return sprintf(out, "<%d>", id);
    if (id < SPPO_PIECES)
        return sprintf(out, "<0x%02X>", (unsigned)(id - SPPO_BYTES));
    for (; rest > 0; rest = (rest - 1) / 26)
        out[n++] = (char)('a' + (rest - 1) % 26);
    out[n++] = ' ';
    return n;
}

static sppo_result words(peer *p, const char *path, int vocab)
{
    sppo_tokenizer tok;
    int i, n;

    memset(&tok, 0, sizeof tok);
    tok.vocab = vocab;
    tok.score = (float *)calloc((size_t)vocab, sizeof *tok.score);
    tok.start = (int *)calloc((size_t)vocab + 1, sizeof *tok.start);
    tok.bytes = (char *)malloc(16 * (size_t)vocab);
    if (!tok.score || !tok.start || !tok.bytes)
        return sppo_fail(&p->ctx, SPPO_E_MEMORY, "no memory for %d", vocab);
    for (i = 0; i < vocab; i++) {
        n = word(i, tok.bytes + tok.start[i]);
        tok.longest = n > tok.longest ? n : tok.longest;
        tok.score[i] = (float)-i;
        tok.start[i + 1] = tok.start[i] + n;
    }
    return sppo_tokenizer_save(&p->ctx, &tok, path);
}

int main(int argc, char **argv)
{
    static peer p;
    sppo_result code;

    if (argc == 14 && strcmp(argv[1], "make") == 0)
        code = make(&p, argv + 2);
    else if (argc == 4 && strcmp(argv[1], "run") == 0)
        code = run(&p, argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "words") == 0)
        code = words(&p, argv[2], atoi(argv[3]));
    else
        return fputs("usage: see the first lines of llama_peer.c\n", stderr), 2;
    if (code)
        fprintf(stderr, "%s\n", p.ctx.message);
    return code != SPPO_OK;
}
