/* signals.h - the signal that asked to stop */

#ifndef SPPO_TOOL_SIGNALS_H
#define SPPO_TOOL_SIGNALS_H

#include "posix.h"
#include "../../sppo.h"

#include <signal.h>
#include <sys/types.h>

/* The signal that asked to stop. The first one lets the command save what it
 * has, the second ends the process at once: files are whole at any moment.  */
extern volatile sig_atomic_t caught;

/* Whether a line of progress stands on the terminal, and how it goes when a
 * signal comes: erased, or ended where no escape sequence is wanted.        */
enum { LINE_ERASED = 1, LINE_PLAIN };
extern volatile sig_atomic_t line_drawn;

/* Where a signal would end us at once, it takes that line along. */
void signals_end_line(void);

/* For the commands that have something to save. */
void catch_signals(sppo_ctx *ctx, int quiet);

/* Where a signal would end us at once, it ends that process group too; there
 * may be two.                                                               */
void child_begins(pid_t group);

/* That group has ended: its number may become another's. */
void child_is_gone(pid_t group);

#endif
