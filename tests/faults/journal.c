/* journal.c - the functions of journal.h */

#define _DEFAULT_SOURCE
#include "system.h"

#include "journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { RECORDS = 60000, DESCRIPTORS = 1024 };
static const size_t room = (size_t)1 << 28;

/* Pages that nobody touches cost nothing. */
typedef struct journal {
    int count;
    long changes;
    size_t used;
    journal_record record[RECORDS];
    unsigned char bytes[];
} journal;

static journal *shared;
static long kill_at;
static char tracked[DESCRIPTORS];  // 1: what is open may be written
static int in_row;                 // the last call that changes was fwrite

void journal_open(void)
{
    shared = (journal *)mmap(NULL, sizeof *shared + room,
                             PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
}

void journal_clear(void)
{
    shared->count = 0;
    shared->used = 0;
}

int journal_count(void) { return shared->count; }
const journal_record *journal_at(int i) { return &shared->record[i]; }
long journal_changes(void) { return shared->changes; }

const unsigned char *journal_bytes(const journal_record *record)
{
    return shared->bytes + record->data;
}

static journal_record *record(journal_op op, const fault_call *call)
{
    journal_record *r = &shared->record[shared->count];

    if (shared->count + 1 == RECORDS ||
        (call && shared->used + call->bytes > room) ||
        (call && strlen(call->path) >= JOURNAL_PATH)) {
        fprintf(stderr, "the journal is full\n");
        abort();
    }
    memset(r, 0, sizeof *r);
    r->op = op;
    r->offset = -1;
    if (call) {
        r->fd = call->fd;
        r->flags = call->flags;
        snprintf(r->path, sizeof r->path, "%s", call->path);
        snprintf(r->to, sizeof r->to, "%s", call->to);
    }
    shared->count++;
    return r;
}

static void record_bytes(journal_op op, const fault_call *call)
{
    journal_record *r = record(op, call);

    r->bytes = (size_t)call->result;
    r->data = shared->used;
    r->offset = op == JOURNAL_BUFFER ? call->offset : -1;
    memcpy(shared->bytes + r->data, call->data, r->bytes);
    shared->used += r->bytes;
}

static int is(const fault_call *call, const char *name)
{
    return strcmp(call->name, name) == 0;
}

static int is_tracked(const fault_call *call)
{
    return call->fd >= 0 && call->fd < DESCRIPTORS && tracked[call->fd];
}

static int is_change(const fault_call *call)
{
    if (is(call, "open") || is(call, "fopen"))
        return (call->flags & (O_CREAT | O_TRUNC)) != 0;
    if (is(call, "fwrite") || is(call, "write") || is(call, "fflush") ||
        is(call, "fclose"))
        return is_tracked(call);
    return is(call, "fsync") || is(call, "rename") || is(call, "remove") ||
           is(call, "mkdir") || is(call, "rmdir");
}

static void before(const fault_call *call)
{
    if (!is_change(call))
        return;
    if (is(call, "fwrite") && in_row)
        return;
    in_row = is(call, "fwrite");
    if (++shared->changes != kill_at)
        return;
    if (is(call, "write") && write(call->fd, call->data, call->bytes / 2) < 0)
        _exit(138);
    _exit(137);
}

static void track(const fault_call *call)
{
    const int fd = is(call, "fopen") ? call->fd : (int)call->result;

    if (fd < 0 || fd >= DESCRIPTORS)
        return;
    record(JOURNAL_OPEN, call)->fd = fd;
    tracked[fd] = 1;
}

static void after(const fault_call *call)
{
    if (is(call, "fwrite") && is_tracked(call))
        record_bytes(JOURNAL_BUFFER, call);
    else if (is(call, "write") && is_tracked(call) && call->result > 0)
        record_bytes(JOURNAL_WRITE, call);
    if (call->result < 0 || call->fails)
        return;
    if (is(call, "open") || (is(call, "fopen") && (call->flags & O_CREAT)))
        track(call);
    else if (is(call, "fflush") && is_tracked(call))
        record(JOURNAL_FLUSH, call);
    else if (is(call, "fsync") && is_tracked(call))
        record(JOURNAL_SYNC, call);
    else if (is(call, "rename"))
        record(JOURNAL_RENAME, call);
    else if (is(call, "remove") || is(call, "rmdir"))
        record(JOURNAL_REMOVE, call);
    else if (is(call, "mkdir"))
        record(JOURNAL_MKDIR, call);
    if ((is(call, "fclose") || is(call, "close")) && is_tracked(call)) {
        record(JOURNAL_CLOSE, call);
        tracked[call->fd] = 0;
    }
}

void journal_watch(long kill)
{
    fault_plan plan;

    memset(&plan, 0, sizeof plan);
    plan.before = before;
    plan.after = after;
    kill_at = kill;
    shared->changes = 0;
    in_row = 0;
    memset(tracked, 0, sizeof tracked);
    record(JOURNAL_PROCESS, NULL);
    fault_begin(&plan);
}

void journal_done(void) { record(JOURNAL_DONE, NULL); }
