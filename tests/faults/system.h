/* system.h - the calls of the system that sppo.h and its tool make, each of
 * which a test can watch and make fail
 *
 * Build   cc -std=c99 -include tests/faults/system.h -c FILE.c   (each of them)
 *         and link tests/faults/system.c: every call goes through a function
 *         fault_NAME, and memory comes from fault_take.
 *
 * From a shell, the program that was built so looks at its environment:
 *
 *   FAULT_ERROR=EIO     what a call gives that fails: EIO, ENOSPC, EINTR,
 *                       EACCES, ENOLCK, EMFILE, ENOMEM; SHORT: a read or write
 *                       takes half of what was asked, of a stream with an
 *                       error; CUT: a file ends there; ALLOC: memory is out
 *   FAULT_AT=7          the 7th of those calls that can fail so (fault_may)
 *   FAULT_MODE=ever     it and all that follow; else it alone
 *   FAULT_LOG=FILE      a line for each call: number, name, descriptor, bytes,
 *                       result, errno, path, second path
 *
 * From C, a child that was forked calls fault_begin with a plan, and then the
 * program's main under another name (-Dmain=sppo_main); afterwards fault_count
 * is the number of calls that could have failed so, also when at is 0 and none
 * did: run it once to count, then once for each number.
 *
 * plan.before is called before each call of the system and may end the process
 * there, as a crash would; plan.after when it is done, with its result: a log
 * of what was written, renamed, synced.  A call that fails is not made at all,
 * or half (SHORT), but close and fclose, which close whatever they say, as on
 * Linux.  Streams for writing keep no bytes to themselves when plan.unbuffered
 * is set: fwrite has then written when it returns, in a call of the system. */
#ifndef FAULTS_SYSTEM_H
#define FAULTS_SYSTEM_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Other than any errno. */
enum { FAULT_SHORT = -1, FAULT_CUT = -2, FAULT_ALLOC = -3 };

typedef struct fault_call {
    const char *name;   // as in C: "fwrite"
    const char *path;   // what it is about; of a descriptor, what was opened
    const char *to;     // rename's second, else ""
    int fd;             // descriptor, of a stream too, or -1
    const void *data;   // of write and fwrite
    size_t bytes;       // asked to be read or written
    long offset;        // where a write of a stream begins; else -1
    int flags;          // of open and fopen, O_CREAT for "wb"
    long number;        // of all calls, from 1
    int fails;          // the plan says so
    long result;        // afterwards: bytes, a descriptor, 0 or -1; of fopen,
    int error;          // fdopen, opendir, readdir 0 or -1; and errno
} fault_call;

typedef struct fault_plan {
    int error;          // an errno, or one of the above; 0: nothing fails
    long at;            // the number of the call that fails, from 1; 0: none
    int ever;           // and all that follow
    int unbuffered;
    int unsynced;       // fsync says that it is done, and has not waited
    int log;            // descriptor of a file for lines, or 0
    void (*counted)(long n);  // at each call that can fail as planned
    void (*before)(const fault_call *call);
    void (*after)(const fault_call *call);
} fault_plan;

/* Instead of the environment, from now on; counts begin anew. */
void fault_begin(const fault_plan *plan);
/* The errno or code of a name, 0: it is none. */
int fault_error(const char *name);
/* Whether a call of that name can fail so. */
int fault_may(const char *name, int flags, int error);

extern long fault_count;   // calls that can fail as planned, so far
extern long fault_calls;   // all calls
extern long fault_failed;  // those that did
extern long fault_blocks;  // of memory that are held
extern long fault_open_count;  // streams, descriptors, folders that are open

void *fault_take(size_t size);
void fault_give(void *block);

FILE *fault_fopen(const char *path, const char *mode);
FILE *fault_fdopen(int fd, const char *mode);
size_t fault_fread(void *out, size_t size, size_t n, FILE *file);
size_t fault_fwrite(const void *data, size_t size, size_t n, FILE *file);
int fault_fflush(FILE *file);
int fault_fclose(FILE *file);
int fault_fseek(FILE *file, long at, int origin);
int fault_fseeko(FILE *file, off_t at, int origin);
long fault_ftell(FILE *file);
int fault_open(const char *path, int flags, ...);
int fault_close(int fd);
ssize_t fault_read(int fd, void *out, size_t n);
ssize_t fault_write(int fd, const void *data, size_t n);
int fault_fsync(int fd);
int fault_flock(int fd, int what);
int fault_fcntl(int fd, int what, ...);
int fault_fstat(int fd, struct stat *info);
int fault_stat(const char *path, struct stat *info);
int fault_rename(const char *from, const char *to);
int fault_remove(const char *path);
int fault_mkdir(const char *path, mode_t mode);
int fault_rmdir(const char *path);
DIR *fault_opendir(const char *path);
struct dirent *fault_readdir(DIR *folder);
int fault_closedir(DIR *folder);

#define SPPO_IO(call) fault_##call
#define SPPO_MALLOC(size) fault_take(size)
#define SPPO_FREE(block) fault_give(block)

#endif
