/* messages.h - a failure in the words of the tool's user: the header names its
 * functions and fields, the user has options; out of memory, what to lower. */

#ifndef SPPO_TOOL_MESSAGES_H
#define SPPO_TOOL_MESSAGES_H

#include "console.h"
#include "options.h"

/* The last that a command that failed says. */
void message_failure(const parser *p, const sppo_ctx *ctx, console *c);

#endif
