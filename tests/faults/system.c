/* system.c - the functions of system.h */

#include "system.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

long fault_count, fault_calls, fault_failed, fault_blocks, fault_open_count;

enum { DESCRIPTORS = 256, PATH = 600 };

static fault_plan plan;
static int planned;                     // else the environment is asked
static char opened[DESCRIPTORS][PATH];  // by which path

static const struct { const char *name; int error; } errors[] = {
    { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EINTR", EINTR },
    { "EACCES", EACCES }, { "ENOLCK", ENOLCK }, { "EMFILE", EMFILE },
    { "ENOMEM", ENOMEM }, { "SHORT", FAULT_SHORT }, { "CUT", FAULT_CUT },
    { "ALLOC", FAULT_ALLOC }
};

int fault_error(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(errors[i].name, name))
            return errors[i].error;
    return 0;
}

void fault_begin(const fault_plan *p)
{
    plan = *p;
    planned = 1;
    fault_count = fault_calls = fault_failed = 0;
}

static void environment(void)
{
    const char *error = getenv("FAULT_ERROR"), *at = getenv("FAULT_AT");
    const char *mode = getenv("FAULT_MODE"), *log = getenv("FAULT_LOG");

    planned = 1;
    plan.error = error ? fault_error(error) : 0;
    plan.at = at ? atol(at) : 0;
    plan.ever = mode && !strcmp(mode, "ever");
    plan.log = log ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666)
                   : 0;
}

/* Which calls can give which errno: what POSIX says of a file's system, and EIO
 * of all that ask a disk or another machine.  A lock gives EACCES when another
 * process has it.                                                           */
static const struct { int error; const char *names; } may[] = {
    { EIO, " fopen fread fwrite fflush fclose fseek fseeko open close read "
           "write fsync fcntl fstat stat rename remove mkdir rmdir opendir "
           "readdir closedir " },
    { EINTR, " fopen fread fwrite fflush fclose fseek fseeko open close read "
             "write fsync flock closedir " },
    { EACCES, " fopen open stat rename remove mkdir rmdir opendir fcntl " },
    { ENOLCK, " flock fcntl " },
    { EMFILE, " fopen open opendir " },
    { ENOMEM, " fopen fdopen opendir open stat mkdir " },
    { FAULT_SHORT, " fread fwrite read write " },
    { FAULT_CUT, " fread " },
    { ENOSPC, " fwrite fflush fclose write fsync rename mkdir " },
    { EINVAL, " fsync " },  // of a file system that syncs no folders
    { EBADF, " fsync " },
    { ENOENT, " stat " },
    { EWOULDBLOCK, " flock " }
};

int fault_may(const char *name, int flags, int error)
{
    char word[40];
    size_t i;

    snprintf(word, sizeof word, " %s ", name);
    if (error == ENOSPC && strstr(" open fopen ", word))
        return (flags & O_CREAT) != 0;
    if (error == EEXIST)
        return strstr(" open ", word) && (flags & O_EXCL);
    if (!strcmp(name, "flock") && error == ((flags & LOCK_NB) ? EINTR
                                                              : EWOULDBLOCK))
        return 0;  // what does not wait is not interrupted
    for (i = 0; i < sizeof may / sizeof *may; i++)
        if (may[i].error == error)
            return strstr(may[i].names, word) != NULL;
    return 0;
}

static int counted(void)
{
    fault_count++;
    if (plan.counted)
        plan.counted(fault_count);
    return plan.at && (plan.ever ? fault_count >= plan.at
                                 : fault_count == plan.at);
}

static fault_call call_begin(const char *name, const char *path, int fd,
                             int flags)
{
    fault_call c;

    if (!planned)
        environment();
    memset(&c, 0, sizeof c);
    c.name = name;
    c.to = "";
    c.path = path ? path : fd >= 0 && fd < DESCRIPTORS ? opened[fd] : "";
    c.fd = fd;
    c.offset = -1;
    c.flags = flags;
    c.number = ++fault_calls;
    return c;
}

/* Whether the call is to fail; errno says how then. */
static int call_fails(fault_call *c)
{
    const int before = errno;

    if (plan.before)
        plan.before(c);
    c->fails = plan.error && fault_may(c->name, c->flags, plan.error) &&
               counted();
    fault_failed += c->fails;
    errno = !c->fails ? before : plan.error > 0 ? plan.error : EIO;
    return c->fails;
}

/* Tells what became of it; errno is as the call left it. */
static long call_end(fault_call *c, long result)
{
    char line[2 * PATH];
    int n;

    c->result = result;
    c->error = errno;
    if (plan.log) {
        n = snprintf(line, sizeof line, "%ld %s %d %lu %ld %d %s %s\n",
                     c->number, c->name, c->fd, (unsigned long)c->bytes,
                     result, result < 0 || c->fails ? c->error : 0, c->path,
                     c->to);
        if (write(plan.log, line, (size_t)n) != n)
            abort();
    }
    if (plan.after)
        plan.after(c);
    errno = c->error;
    return result;
}

static void keep_path(int fd, const char *path)
{
    if (fd >= 0 && fd < DESCRIPTORS)
        snprintf(opened[fd], PATH, "%s", path);
}

/* ---- memory ---- */

void *fault_take(size_t size)
{
    void *block;

    if (!planned)
        environment();
    if (plan.error == FAULT_ALLOC && counted()) {
        fault_failed++;
        return NULL;
    }
    block = malloc(size);
    fault_blocks += block != NULL;
    if (block)
        memset(block, 0xA5, size);
    return block;
}

void fault_give(void *block)
{
    fault_blocks -= block != NULL;
    free(block);
}

/* ---- streams ---- */

/* The state that a stream is in after a call that failed: reading from one for
 * writing, and the other way, does nothing else.                            */
static void stream_error(FILE *file, int error)
{
    clearerr(file);
    if (fgetc(file) != EOF || !ferror(file)) {
        clearerr(file);
        if (fputc(0, file) != EOF)
            abort();
    }
    errno = error;
}

static void stream_plain(FILE *file, const char *mode)
{
    if (file && plan.unbuffered && *mode == 'w')
        setvbuf(file, NULL, _IONBF, 0);
}

FILE *fault_fopen(const char *path, const char *mode)
{
    fault_call c = call_begin("fopen", path, -1,
                              *mode == 'r' ? 0 : O_CREAT | O_TRUNC);
    FILE *file = call_fails(&c) ? NULL : fopen(path, mode);

    if (file) {
        c.fd = fileno(file);
        keep_path(c.fd, path);
        stream_plain(file, mode);
        fault_open_count++;
    }
    call_end(&c, file ? 0 : -1);
    return file;
}

FILE *fault_fdopen(int fd, const char *mode)
{
    fault_call c = call_begin("fdopen", NULL, fd, 0);
    FILE *file = call_fails(&c) ? NULL : fdopen(fd, mode);

    stream_plain(file, mode);
    call_end(&c, file ? 0 : -1);
    return file;
}

size_t fault_fread(void *out, size_t size, size_t n, FILE *file)
{
    fault_call c = call_begin("fread", NULL, fileno(file), 0);
    size_t got, part = n;

    c.bytes = size * n;
    if (call_fails(&c))
        part = plan.error == FAULT_SHORT || plan.error == FAULT_CUT ? n / 2
                                                                    : 0;
    got = part ? fread(out, size, part, file) : 0;
    if (c.fails && plan.error == FAULT_CUT) {
        fseek(file, 0, SEEK_END);  // and so it is at its end
        if (fgetc(file) != EOF)
            abort();
        errno = 0;
    } else if (c.fails) {
        // a signal may come after some bytes; a disk fails with none of them
        stream_error(file, plan.error > 0 ? plan.error : EIO);
    }
    call_end(&c, (long)(got * size));
    return got;
}

size_t fault_fwrite(const void *data, size_t size, size_t n, FILE *file)
{
    fault_call c = call_begin("fwrite", NULL, fileno(file), 0);
    size_t put;

    c.data = data;
    c.bytes = size * n;
    c.offset = ftell(file);
    if (call_fails(&c))
        n = plan.error == FAULT_SHORT ? n / 2 : 0;
    put = n ? fwrite(data, size, n, file) : 0;
    if (c.fails)
        stream_error(file, plan.error > 0 ? plan.error : ENOSPC);
    call_end(&c, (long)(put * size));
    return put;
}

int fault_fflush(FILE *file)
{
    fault_call c = call_begin("fflush", NULL, fileno(file), 0);
    const int fails = call_fails(&c);
    const int result = fails ? EOF : fflush(file);

    if (fails)
        stream_error(file, plan.error);
    return (int)call_end(&c, result);
}

int fault_fclose(FILE *file)
{
    const int fd = fileno(file);
    fault_call c = call_begin("fclose", NULL, fd, 0);
    const int fails = call_fails(&c), error = errno;
    int result = fclose(file);

    fault_open_count--;
    if (fails) {
        errno = error;
        result = EOF;
    }
    call_end(&c, result);
    keep_path(fd, "");
    return result;
}

int fault_fseek(FILE *file, long at, int origin)
{
    fault_call c = call_begin("fseek", NULL, fileno(file), 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : fseek(file, at, origin));
}

int fault_fseeko(FILE *file, off_t at, int origin)
{
    fault_call c = call_begin("fseeko", NULL, fileno(file), 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : fseeko(file, at, origin));
}

long fault_ftell(FILE *file)
{
    fault_call c = call_begin("ftell", NULL, fileno(file), 0);

    return call_end(&c, call_fails(&c) ? -1 : ftell(file));
}

/* ---- descriptors ---- */

int fault_open(const char *path, int flags, ...)
{
    fault_call c = call_begin("open", path, -1, flags);
    mode_t mode = 0;
    va_list list;
    int fd;

    if (flags & O_CREAT) {
        va_start(list, flags);
        mode = (mode_t)va_arg(list, int);
        va_end(list);
    }
    fd = call_fails(&c) ? -1 : open(path, flags, mode);
    fault_open_count += fd >= 0;
    keep_path(fd, path);
    return (int)call_end(&c, fd);
}

int fault_close(int fd)
{
    fault_call c = call_begin("close", NULL, fd, 0);
    const int fails = call_fails(&c), error = errno;
    int result = close(fd);

    fault_open_count--;
    if (fails) {
        errno = error;
        result = -1;
    }
    call_end(&c, result);
    keep_path(fd, "");
    return result;
}

ssize_t fault_read(int fd, void *out, size_t n)
{
    fault_call c = call_begin("read", NULL, fd, 0);
    int fails;

    c.bytes = n;
    fails = call_fails(&c);
    if (fails && plan.error == FAULT_SHORT)
        return (ssize_t)call_end(&c, (long)read(fd, out, 1));
    return (ssize_t)call_end(&c, fails ? -1 : (long)read(fd, out, n));
}

ssize_t fault_write(int fd, const void *data, size_t n)
{
    fault_call c = call_begin("write", NULL, fd, 0);
    int fails;

    c.data = data;
    c.bytes = n;
    fails = call_fails(&c);
    if (fails && plan.error == FAULT_SHORT)
        return (ssize_t)call_end(&c, (long)write(fd, data, (n + 1) / 2));
    return (ssize_t)call_end(&c, fails ? -1 : (long)write(fd, data, n));
}

int fault_fsync(int fd)
{
    fault_call c = call_begin("fsync", NULL, fd, 0);

    return (int)call_end(&c, call_fails(&c) ? -1
                             : plan.unsynced ? 0 : fsync(fd));
}

int fault_flock(int fd, int what)
{
    fault_call c = call_begin("flock", NULL, fd, what);

    return (int)call_end(&c, call_fails(&c) ? -1 : flock(fd, what));
}

int fault_fcntl(int fd, int what, ...)
{
    fault_call c = call_begin("fcntl", NULL, fd, what);
    const int fails = call_fails(&c);
    va_list list;
    int result;

    va_start(list, what);
    if (what == F_SETLK || what == F_SETLKW || what == F_GETLK)
        result = fails ? -1 : fcntl(fd, what, va_arg(list, struct flock *));
    else
        result = fails ? -1 : fcntl(fd, what, va_arg(list, int));
    va_end(list);
    return (int)call_end(&c, result);
}

int fault_fstat(int fd, struct stat *info)
{
    fault_call c = call_begin("fstat", NULL, fd, 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : fstat(fd, info));
}

/* ---- names ---- */

int fault_stat(const char *path, struct stat *info)
{
    fault_call c = call_begin("stat", path, -1, 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : stat(path, info));
}

int fault_rename(const char *from, const char *to)
{
    fault_call c = call_begin("rename", from, -1, 0);

    c.to = to;
    return (int)call_end(&c, call_fails(&c) ? -1 : rename(from, to));
}

int fault_remove(const char *path)
{
    fault_call c = call_begin("remove", path, -1, 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : remove(path));
}

int fault_mkdir(const char *path, mode_t mode)
{
    fault_call c = call_begin("mkdir", path, -1, 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : mkdir(path, mode));
}

int fault_rmdir(const char *path)
{
    fault_call c = call_begin("rmdir", path, -1, 0);

    return (int)call_end(&c, call_fails(&c) ? -1 : rmdir(path));
}

DIR *fault_opendir(const char *path)
{
    fault_call c = call_begin("opendir", path, -1, 0);
    DIR *folder = call_fails(&c) ? NULL : opendir(path);

    fault_open_count += folder != NULL;
    call_end(&c, folder ? 0 : -1);
    return folder;
}

struct dirent *fault_readdir(DIR *folder)
{
    fault_call c = call_begin("readdir", NULL, dirfd(folder), 0);
    struct dirent *entry = call_fails(&c) ? NULL : readdir(folder);

    call_end(&c, entry ? 0 : -1);
    return entry;
}

int fault_closedir(DIR *folder)
{
    fault_call c = call_begin("closedir", NULL, dirfd(folder), 0);
    const int fails = call_fails(&c);
    const int result = closedir(folder);

    fault_open_count--;
    if (fails)
        errno = plan.error;
    return (int)call_end(&c, fails ? -1 : result);
}
