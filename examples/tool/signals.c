/* signals.c - what a signal does: the first saves, the second ends */

#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

volatile sig_atomic_t caught;
volatile sig_atomic_t line_drawn;
static volatile sig_atomic_t stop_quietly;
enum { CHILDREN = 2 };  // a judge, and one that looks
static volatile sig_atomic_t child_group[CHILDREN];  // they go when we go

static void end_line(void)
{
    static const char erase[] = "\r\033[K";
    const int plain = line_drawn == LINE_PLAIN;

    if (line_drawn && write(2, plain ? "\n" : erase,
                            plain ? 1 : sizeof erase - 1) < 0)
        stop_quietly = 1;  // nobody to tell
    line_drawn = 0;
}

static void end_at_once(int number)
{
    int i;

    end_line();
    for (i = 0; i < CHILDREN; i++)
        if (child_group[i])
            kill(-(pid_t)child_group[i], SIGKILL);
    _exit(128 + number);
}

static void on_signal(int number)
{
    static const char said[] = "\nstopping: what is done will be saved; a "
                               "second signal ends at once\n";
    const int before = errno;

    if (caught)
        end_at_once(number);
    caught = number;
    end_line();
    if (!stop_quietly && write(2, said, sizeof said - 1) < 0)
        stop_quietly = 1;  // nobody to tell
    errno = before;
}

/* The answer to ctx->stop: the pass at work is the last. */
static int stop_asked(void *user)
{
    (void)user;
    return caught != 0;
}

void catch_signals(sppo_ctx *ctx, int quiet)
{
    struct sigaction action;

    stop_quietly = quiet;
    ctx->stop = stop_asked;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Where nobody else has said what such a signal does. */
static void take_signal(int number)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    sigaction(number, NULL, &action);
    if (action.sa_handler == SIG_DFL)
        signal(number, end_at_once);
}

void signals_end_line(void)
{
    take_signal(SIGINT);
    take_signal(SIGTERM);
}

void child_begins(pid_t group)
{
    int i;

    for (i = 0; i + 1 < CHILDREN && child_group[i]; i++) {
    }
    child_group[i] = (sig_atomic_t)group;
    take_signal(SIGINT);
    take_signal(SIGTERM);
    take_signal(SIGHUP);
}

void child_is_gone(pid_t group)
{
    int i;

    for (i = 0; i < CHILDREN; i++)
        if (child_group[i] == (sig_atomic_t)group)
            child_group[i] = 0;
}
