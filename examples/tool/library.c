/* library.c - the second half of sppo.h, compiled once for the tool */

#include "posix.h"

#define SPPO_IMPLEMENTATION
#include "../../sppo.h"
