/* judge_process.h - a judge that is another program, spoken to over pipes
 *
 * One line of JSON per prompt, each way, in the same order:
 *   to it     {"prompt": "..", "responses": ["..", "..", ..]}
 *   from it   {"probabilities": [[0.5, ..], ..]}    row i, column j:
 *             the probability that response i is better than response j
 * Its standard error stays ours. Private to sppo.c, after codec.h.          */

#ifndef SPPO_EXAMPLES_JUDGE_PROCESS_H
#define SPPO_EXAMPLES_JUDGE_PROCESS_H

typedef struct judge_process {
    sppo_ctx *ctx;
    const codec *tok;
    double patience;   // seconds of silence before it counts as dead
    pid_t pid;         // 0: not running
    int to, from;      // our ends of the pipes; -1: closed
    buffer out, in;    // requests not yet sent, bytes not yet read as answers
    size_t sent;       // of out
    buffer text;       // of one response, or of a prompt in a message
    sppo_json json;
} judge_process;

/* The child's side: its own process group, so that Ctrl-C on the terminal
 * reaches only us, and we save before it goes.                              */
static void judge_child(const char *command, int in, int out)
{
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static sppo_result judge_start(judge_process *j, sppo_ctx *ctx,
                               const codec *tok, const char *command,
                               double patience)
{
    int to[2] = { -1, -1 }, from[2] = { -1, -1 }, i;

    j->ctx = j->out.ctx = j->in.ctx = j->text.ctx = ctx;
    j->tok = tok;
    j->patience = patience;
    j->to = j->from = -1;
    signal(SIGPIPE, SIG_IGN);  // a judge that is gone shows as EPIPE
    if (pipe(to) != 0 || pipe(from) != 0)
        return sppo_fail(ctx, SPPO_E_IO, "cannot make a pipe: %s",
                         strerror(errno));
    for (i = 0; i < 2; i++) {
        fcntl(to[i], F_SETFD, FD_CLOEXEC);
        fcntl(from[i], F_SETFD, FD_CLOEXEC);
    }
    j->pid = fork();
    if (j->pid < 0)
        return sppo_fail(ctx, SPPO_E_IO, "cannot start the judge: %s",
                         strerror(errno));
    if (j->pid == 0)
        judge_child(command, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    j->to = to[1];
    j->from = from[0];
    fcntl(j->to, F_SETFL, O_NONBLOCK);
    fcntl(j->from, F_SETFL, O_NONBLOCK);
    return SPPO_OK;
}

/* End of input is its request to leave; one that stays is told so. Returns the
 * status of waitpid, or -1.                                                 */
static int judge_leave(judge_process *j)
{
    const struct timespec wait = { 0, 10 * 1000 * 1000 };
    int status = -1, tries, gone = 0;

    if (j->to >= 0)
        close(j->to);
    if (j->from >= 0)
        close(j->from);
    j->to = j->from = -1;
    for (tries = 0; j->pid > 0 && !gone; tries++) {
        gone = waitpid(j->pid, &status, WNOHANG) != 0;
        if (!gone && tries == 50)
            kill(-j->pid, SIGTERM);
        if (!gone && tries == 100)
            kill(-j->pid, SIGKILL);
        if (!gone)
            nanosleep(&wait, NULL);
    }
    j->pid = 0;
    return status;
}

static void judge_stop(judge_process *j)
{
    if (!j->ctx)
        return;
    judge_leave(j);
    buffer_free(&j->out);
    buffer_free(&j->in);
    buffer_free(&j->text);
    sppo_json_free(j->ctx, &j->json);
}

/* A failure in the answer to one prompt, with what came instead. */
static sppo_result judge_fail(judge_process *j, const sppo_lists *prompts,
                              int prompt, const char *why,
                              const char *received, size_t length)
{
    char sentence[160];

    snprintf(sentence, sizeof sentence, "%.150s", why);  // may be ctx->message
    buffer_decode(&j->text, j->tok, prompts, prompt);
    TRY(buffer_check(&j->text));
    if (!received)
        return sppo_fail(j->ctx, SPPO_E_JUDGE,
                         "the judge gave no answer to prompt %d (\"%.50s\"): "
                         "%s", prompt + 1, j->text.data, sentence);
    return sppo_fail(j->ctx, SPPO_E_JUDGE,
                     "the judge's answer to prompt %d (\"%.50s\") is wrong: "
                     "%s; received: %.*s", prompt + 1, j->text.data, sentence,
                     length < 100 ? (int)length : 100, received);
}

static sppo_result judge_request(judge_process *j, const sppo_lists *prompts,
                                 const sppo_lists *responses, int k,
                                 int prompt, int response)
{
    int i;

    buffer_decode(&j->text, j->tok, prompts, prompt);
    buffer_format(&j->out, "{\"prompt\": ");
    buffer_quote(&j->out, j->text.data, j->text.length);
    for (i = 0; i < k; i++) {
        buffer_decode(&j->text, j->tok, responses, response + i);
        buffer_format(&j->out, i ? ", " : ", \"responses\": [");
        buffer_quote(&j->out, j->text.data, j->text.length);
    }
    buffer_format(&j->out, "]}\n");
    TRY(buffer_check(&j->text));
    return buffer_check(&j->out);
}

/* The k x k numbers of a row; returns what is wrong with it, or NULL. */
static const char *probabilities_read(const sppo_json *json, int k,
                                      double *pairwise)
{
    int rows, row, cell, i = 0;

    rows = json->node[0].type == SPPO_JSON_OBJECT
        ? sppo_json_find(json, 0, "probabilities") : -1;
    if (rows < 0 || json->node[rows].type != SPPO_JSON_ARRAY)
        return "it has no array \"probabilities\"";
    if (json->node[rows].count != k)
        return "\"probabilities\" does not have a row for each response";
    for (row = json->node[rows].first; row >= 0; row = json->node[row].next) {
        if (json->node[row].type != SPPO_JSON_ARRAY ||
            json->node[row].count != k)
            return "a row does not have a number for each response";
        for (cell = json->node[row].first; cell >= 0;
             cell = json->node[cell].next) {
            if (json->node[cell].type != SPPO_JSON_NUMBER)
                return "a probability is not a number";
            pairwise[i++] = sppo_json_number(json, cell);
        }
    }
    return NULL;
}

/* The same of an answer, which must be a preference. */
static const char *judge_read(judge_process *j, const char *line,
                              size_t length, int k, double *pairwise)
{
    const char *why;

    if (sppo_json_parse(j->ctx, &j->json, line, length, "it") != SPPO_OK)
        return j->ctx->message;
    why = probabilities_read(&j->json, k, pairwise);
    if (why)
        return why;
    return sppo_preference_check(j->ctx, pairwise, k, 1e-3) == SPPO_OK
        ? NULL : j->ctx->message;
}

/* Reads the first complete line that has come; took 0: there is none yet. */
static sppo_result judge_take(judge_process *j, const sppo_lists *prompts,
                              int prompt, int k, double *pairwise, int *took)
{
    const char *line = j->in.data;
    const char *end = j->in.length
        ? (const char *)memchr(line, '\n', j->in.length) : NULL;
    const size_t length = end ? (size_t)(end - line) : 0;
    const char *why;

    *took = end != NULL;
    if (!end)
        return SPPO_OK;
    why = judge_read(j, line, length, k, pairwise);
    if (why)
        return judge_fail(j, prompts, prompt, why, line, length);
    j->in.length -= length + 1;
    memmove(j->in.data, end + 1, j->in.length);
    return SPPO_OK;
}

/* Sends what the pipe takes; a judge may stop listening and still answer. */
static void judge_send(judge_process *j)
{
    const ssize_t n = write(j->to, j->out.data + j->sent,
                            j->out.length - j->sent);

    if (n > 0)
        j->sent += (size_t)n;
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        close(j->to);
        j->to = -1;
    }
}

/* Reads what has come; 0: there will be no more. */
static int judge_receive(judge_process *j)
{
    char block[4096];
    const ssize_t n = read(j->from, block, sizeof block);

    if (n > 0)
        buffer_add(&j->in, block, (size_t)n);
    if (n == 0 && j->in.length && j->in.data[j->in.length - 1] != '\n') {
        buffer_add(&j->in, "\n", 1);  // a last line that lacks it
        return 1;
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Why a judge that hung up did so. */
static const char *judge_end(judge_process *j, char *out, size_t size)
{
    const int status = judge_leave(j);

    if (status >= 0 && WIFSIGNALED(status))
        snprintf(out, size, "it was ended by signal %d", WTERMSIG(status));
    else if (status >= 0 && WIFEXITED(status))
        snprintf(out, size, "it ended with exit code %d%s",
                 WEXITSTATUS(status),
                 WEXITSTATUS(status) == 127 ? " (command not found?)" : "");
    else
        snprintf(out, size, "it closed its output");
    return out;
}

/* Waits until something can be sent or received, and does it. Both ways at
 * once: a judge that fills its pipe while we fill ours would block us both. */
static sppo_result judge_exchange(judge_process *j, const sppo_lists *prompts,
                                  int prompt, double *heard)
{
    struct pollfd ways[2];
    char why[120];

    ways[0].fd = j->from;
    ways[0].events = POLLIN;
    ways[1].fd = j->sent < j->out.length ? j->to : -1;
    ways[1].events = POLLOUT;
    ways[0].revents = ways[1].revents = 0;
    poll(ways, 2, 500);
    if (caught)
        return sppo_fail(j->ctx, SPPO_E_STOPPED, "stopped");
    if (ways[1].revents)
        judge_send(j);
    if (ways[0].revents) {
        *heard = seconds_now();
        if (!judge_receive(j))
            return judge_fail(j, prompts, prompt,
                              judge_end(j, why, sizeof why), NULL, 0);
        return buffer_check(&j->in);
    }
    if (seconds_now() - *heard < j->patience)
        return SPPO_OK;
    snprintf(why, sizeof why, "silent for %.10g s (--judge-timeout)",
             j->patience);
    return judge_fail(j, prompts, prompt, why, NULL, 0);
}

/* The fill of a sppo_judge whose user is a judge_process. All requests go out
 * as fast as it takes them; answers are read as they come.                  */
static sppo_result judge_process_fill(sppo_ctx *ctx, void *user,
                                      const sppo_lists *prompts,
                                      const sppo_lists *responses, int k,
                                      int first, int count, double *pairwise)
{
    judge_process *j = (judge_process *)user;
    double heard = seconds_now();
    int p, took;

    (void)ctx;
    buffer_clear(&j->out);
    j->sent = 0;
    for (p = 0; p < count; p++)
        TRY(judge_request(j, prompts, responses, k, first + p, p * k));
    for (p = 0; p < count; p += took) {
        TRY(judge_take(j, prompts, first + p, k, pairwise + p * k * k, &took));
        if (!took && j->pid == 0)
            return judge_fail(j, prompts, first + p, "it is gone", NULL, 0);
        if (!took)
            TRY(judge_exchange(j, prompts, first + p, &heard));
    }
    return SPPO_OK;
}

#endif
