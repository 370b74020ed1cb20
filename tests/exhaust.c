/* exhaust.c - the tool's library.c with an allocator that refuses one call
 *
 * For test_exhaust.sh.  EXHAUST_AT=n refuses the process's n-th call;
 * EXHAUST_PLACES=FILE lists the calls that come from another place than all
 * before them, a place being all return addresses up to main.  A judge that
 * the tool starts is not meant.
 */
#define _GNU_SOURCE  // setenv; backtrace is glibc's
#include <execinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEEP = 48, PLACES = 4096 };

static uint64_t place(void)
{
    void *frame[DEEP];
    const int n = backtrace(frame, DEEP);
    uint64_t hash = 0;
    int i;

    for (i = 0; i < n; i++)
        hash = (hash ^ (uint64_t)(uintptr_t)frame[i]) *
               UINT64_C(0x9E3779B97F4A7C15);
    return hash;
}

static void list(FILE *places, long call)
{
    static uint64_t seen[PLACES];
    static int count;
    const uint64_t here = place();
    int i;

    for (i = 0; i < count; i++)
        if (seen[i] == here)
            return;
    if (count < PLACES)
        seen[count++] = here;
    fprintf(places, "%ld\n", call);
    fflush(places);
}

static void *exhaust_take(size_t size)
{
    static long calls, refused = -1;
    static FILE *places;

    if (refused < 0) {
        const char *at = getenv("EXHAUST_AT"), *to = getenv("EXHAUST_PLACES");

        refused = at ? atol(at) : 0;
        places = to ? fopen(to, "w") : NULL;
        unsetenv("EXHAUST_AT");
        unsetenv("EXHAUST_PLACES");
    }
    calls++;
    if (places)
        list(places, calls);
    return calls == refused ? NULL : calloc(1, size);
}

#define SPPO_MALLOC exhaust_take
#define SPPO_FREE free
#include "../examples/tool/library.c"
