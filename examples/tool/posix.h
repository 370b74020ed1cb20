/* posix.h - what the tool asks of the system; before any other header */

#ifndef SPPO_TOOL_POSIX_H
#define SPPO_TOOL_POSIX_H

#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700

#endif
