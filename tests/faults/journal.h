/* journal.h - what a process asks of the file system, call by call, kept where
 * another process sees it; and its end before a call that was chosen
 *
 * The calls are watched by system.h.  A process that was forked begins with
 * journal_watch; its parent, with journal_open before it forks and
 * journal_clear before each child or row of children.                       */
#ifndef FAULTS_JOURNAL_H
#define FAULTS_JOURNAL_H

#include <stddef.h>

typedef enum journal_op {
    JOURNAL_PROCESS,  // begins: no descriptors are open
    JOURNAL_OPEN,     // path, fd, flags as of open
    JOURNAL_BUFFER,   // bytes of a stream that the system has not seen
    JOURNAL_FLUSH,    // now it has them
    JOURNAL_WRITE,    // bytes at the end of a file
    JOURNAL_SYNC,     // fd, of a file or of a folder
    JOURNAL_CLOSE,
    JOURNAL_RENAME,   // path, to
    JOURNAL_REMOVE,   // path, of a file or of a folder
    JOURNAL_MKDIR,    // path
    JOURNAL_DONE      // what was asked for has been said to be done
} journal_op;

enum { JOURNAL_PATH = 128 };

typedef struct journal_record {
    journal_op op;
    int fd, flags;
    long offset;         // of BUFFER; -1: at the end
    size_t bytes;
    size_t data;         // where they are in journal_bytes
    char path[JOURNAL_PATH], to[JOURNAL_PATH];
} journal_record;

void journal_open(void);   // once: the memory that processes share
void journal_clear(void);
int journal_count(void);
const journal_record *journal_at(int i);
const unsigned char *journal_bytes(const journal_record *record);

/* In the child, whose first `kill` - 1 calls that change something are made and
 * whose next is not, for the process ends there as by SIGKILL: what its streams
 * hold is lost.  Of a write(2) half is made.  0: it lives.  A row of fwrites is
 * one such call: what they leave on the disk is the same.                   */
void journal_watch(long kill);
void journal_done(void);
/* Of the last child that was watched. */
long journal_changes(void);

#endif
