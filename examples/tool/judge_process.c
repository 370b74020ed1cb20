/* judge_process.c - a judge that is another program, spoken to over pipes */

#include "console.h"
#include "files.h"
#include "judge_protocol.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The child's side: its own process group, so that Ctrl-C on the terminal
 * reaches only us, and we save before it goes.                              */
static void judge_child(const char *command, int in, int out)
{
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

sppo_result judge_start(judge_process *j, sppo_ctx *ctx, const codec *tok,
                        const char *command, double patience)
{
    int to[2] = { -1, -1 }, from[2] = { -1, -1 }, i;

    j->ctx = j->out.ctx = j->in.ctx = j->text.ctx = ctx;
    j->tok = tok;
    j->patience = patience;
    j->id = 1.0;
    j->to = j->from = -1;
    signal(SIGPIPE, SIG_IGN);  // a judge that is gone shows as EPIPE
    if (pipe(to) != 0 || pipe(from) != 0)
        return path_fail(ctx, "make", "a pipe");
    for (i = 0; i < 2; i++) {
        fcntl(to[i], F_SETFD, FD_CLOEXEC);
        fcntl(from[i], F_SETFD, FD_CLOEXEC);
    }
    j->pid = fork();
    if (j->pid < 0)
        return path_fail(ctx, "start", "the judge");
    if (j->pid == 0)
        judge_child(command, to[0], from[1]);
    setpgid(j->pid, j->pid);  // whoever of the two is first
    child_begins(j->pid);
    close(to[0]);
    close(from[1]);
    j->to = to[1];
    j->from = from[0];
    fcntl(j->to, F_SETFL, O_NONBLOCK);
    fcntl(j->from, F_SETFL, O_NONBLOCK);
    return SPPO_OK;
}

/* Takes note of the judge's end; 1: nothing is left of it and its children. */
static int judge_is_gone(judge_process *j)
{
    if (!j->ended)
        j->ended = waitpid(j->pid, &j->status, WNOHANG) != 0;
    return j->ended && kill(-j->pid, 0) != 0;
}

/* End of input is its request to leave; one that stays is told so, and so are
 * the programs that it started.  1: it left by itself.                      */
static int judge_leave(judge_process *j)
{
    const struct timespec wait = { 0, 10 * 1000 * 1000 };
    int tries, alone = 1;

    if (j->to >= 0)
        close(j->to);
    if (j->from >= 0)
        close(j->from);
    j->to = j->from = -1;
    for (tries = 0; j->pid > 0 && !judge_is_gone(j); tries++) {
        if (tries > 100 && (j->ended || tries > 150))
            break;  // nothing but what has ended survives SIGKILL
        if (tries == 50) {
            alone = j->ended;
            kill(-j->pid, SIGTERM);
        }
        if (tries == 100)
            kill(-j->pid, SIGKILL);
        nanosleep(&wait, NULL);
    }
    alone = alone && j->pid > 0;
    child_is_gone(j->pid);
    j->pid = 0;
    return alone;
}

void judge_stop(judge_process *j)
{
    if (!j->ctx)
        return;
    judge_leave(j);
    buffer_free(&j->out);
    buffer_free(&j->in);
    buffer_free(&j->text);
    sppo_json_free(j->ctx, &j->json);
}

/* Sends what the pipe takes; a judge may stop listening and still answer. */
static void judge_send(judge_process *j)
{
    const ssize_t n = SPPO_IO(write)(j->to, j->out.data + j->sent,
                                     j->out.length - j->sent);
    ssize_t i;

    for (i = 0; i < n; i++)
        j->told += j->out.data[j->sent + (size_t)i] == '\n';
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
    char block[16384];
    const ssize_t n = SPPO_IO(read)(j->from, block, sizeof block);

    if (n > 0)
        buffer_add(&j->in, block, (size_t)n);
    if (n == 0 && j->in.length && j->in.data[j->in.length - 1] != '\n') {
        buffer_add(&j->in, "\n", 1);  // a last line that lacks it
        return 1;
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Waits for something to read, `seconds` at the most. */
static int judge_poll(judge_process *j, double seconds)
{
    struct pollfd way;

    way.fd = j->from;
    way.events = POLLIN;
    way.revents = 0;
    return poll(&way, 1, (int)(1000.0 * seconds)) > 0;
}

/* What has come though nothing is asked is an error: taken as the answer to
 * the next request it would give every prompt its neighbour's.              */
static sppo_result judge_check_rest(judge_process *j)
{
    TRY(buffer_check(&j->in));
    j->searched = 0;
    if (j->in.length && strspn(j->in.data, " \t\r\n") >= j->in.length)
        j->in.length = 0;
    if (j->in.length == 0)
        return SPPO_OK;
    j->out_of_step = 1;
    return sppo_fail(j->ctx, SPPO_E_JUDGE, "the judge wrote what answers no "
                     "request, after %.0f of them; it must write one line "
                     "for each and nothing else (messages belong on standard "
                     "error); received: %.*s", j->id - 1.0,
                     excerpt(j->in.data, j->in.length, 100), j->in.data);
}

/* Listens for it that long. */
static sppo_result judge_is_silent(judge_process *j, double seconds)
{
    int more = 1;

    TRY(judge_check_rest(j));
    while (more && j->ctx && judge_poll(j, seconds)) {
        more = judge_receive(j);
        TRY(judge_check_rest(j));
    }
    return SPPO_OK;
}

/* Why a judge that hung up did so. */
static const char *judge_end(judge_process *j, char *out, size_t size)
{
    const int alone = judge_leave(j), status = j->status;

    if (alone && WIFSIGNALED(status))
        snprintf(out, size, "it was ended by signal %d", WTERMSIG(status));
    else if (alone && WIFEXITED(status))
        snprintf(out, size, "it ended with exit code %d%s",
                 WEXITSTATUS(status),
                 WEXITSTATUS(status) == 127 ? " (command not found?)" : "");
    else
        snprintf(out, size, "it closed its output");
    return out;
}

/* Waits until something can be sent or received, and does it. Both ways at
 * once: a judge that fills its pipe while we fill ours would block us both.
 * heard: when the last answer came, of which a part is none.                */
static sppo_result judge_exchange(judge_process *j, const sppo_lists *prompts,
                                  int prompt, double heard)
{
    const double left = heard + j->patience - seconds_now();
    const int ended = j->ended;  // and what it wrote before is in the pipe
    struct pollfd ways[2];
    char why[120];

    ways[0].fd = j->from;
    ways[0].events = POLLIN;
    ways[1].fd = j->sent < j->out.length ? j->to : -1;
    ways[1].events = POLLOUT;
    ways[0].revents = ways[1].revents = 0;
    judge_is_gone(j);
    if (left > 0.0)
        poll(ways, 2, left < 0.5 ? (int)(1000.0 * left) + 1 : 500);
    if (caught)
        return sppo_fail(j->ctx, SPPO_E_STOPPED, "stopped");
    if (ways[1].revents)
        judge_send(j);
    if (ways[0].revents ? !judge_receive(j) : ended)
        return judge_fail(j, prompts, prompt, NO_ANSWER,
                          judge_end(j, why, sizeof why), NULL, 0);
    TRY(buffer_check(&j->in));
    if (left > 0.0)
        return SPPO_OK;
    snprintf(why, sizeof why, "silent for %.10g s (--judge-timeout)",
             j->patience);
    return judge_fail(j, prompts, prompt, NO_ANSWER, why, NULL, 0);
}

/* All requests of a batch go out as fast as it takes them; answers are read as
 * they come.                                                                */
static sppo_result judge_batch(judge_process *j, const sppo_lists *prompts,
                               int k, int first, int count, double *pairwise)
{
    double heard = seconds_now();
    int p = 0, took;

    while (p < count) {
        TRY(judge_take(j, prompts, first + p, p, k,
                       pairwise + cells(p, k), &took));
        if (took) {
            const double now = seconds_now();
            if (p > 0 || (count == 1 && j->id > 1.0))  // not a start's time
                j->slowest = fmax(j->slowest, now - heard);
            heard = now;
            p++;
        } else if (j->pid == 0) {
            return judge_fail(j, prompts, first + p, NO_ANSWER, "it is gone",
                              NULL, 0);
        } else {
            TRY(judge_exchange(j, prompts, first + p, heard));
        }
    }
    return SPPO_OK;
}

/* How long to listen after a batch for what should not come. An answer with its
 * id cannot be another's. Else a line too many shows when the last request is
 * answered: the first time that is awaited, later not before judge_listen.  */
static double judge_grace(const judge_process *j, int first)
{
    const double most = first ? 2.0 : 0.02;

    return j->numbered ? 0.0 : fmin(fmax(2.0 * j->slowest, 0.005), most);
}

sppo_result judge_process_fill(sppo_ctx *ctx, void *user,
                               const sppo_lists *prompts,
                               const sppo_lists *responses, int k, int first,
                               int count, double *pairwise)
{
    judge_process *j = (judge_process *)user;
    const int beginning = j->id < 2.0;
    int p;

    (void)ctx;
    TRY(judge_is_silent(j, 0.0));
    buffer_clear(&j->out);
    j->sent = 0;
    j->told = 0;
    for (p = 0; p < count; p++)
        TRY(judge_request(j, prompts, responses, k, first + p, p * k,
                          j->id + p));
    TRY(judge_batch(j, prompts, k, first, count, pairwise));
    j->id += count;
    return judge_is_silent(j, judge_grace(j, beginning));
}

sppo_result judge_listen(judge_process *j)
{
    const double answer = fmax(2.0 * j->slowest, 0.1);

    return judge_is_silent(j, j->numbered ? 0.0 : fmin(answer, j->patience));
}

sppo_result judge_finish(judge_process *j)
{
    const double until = seconds_now() + 2.0 + 2.0 * j->slowest;
    int ended = 0;

    if (!j->ctx || j->from < 0)
        return SPPO_OK;
    if (j->to >= 0)
        close(j->to);
    j->to = -1;
    while (!ended && !caught && seconds_now() < until) {
        ended = j->ended;  // what it wrote before is in the pipe by now
        judge_is_gone(j);
        if (judge_poll(j, 0.01)) {
            ended = !judge_receive(j);
            TRY(judge_check_rest(j));
        }
    }
    judge_leave(j);
    return SPPO_OK;
}
