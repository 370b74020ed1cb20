/* files.c - whole files, paths, folders, locks */

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All of standard input, without UTF-8's mark as sppo_file_read leaves it out;
 * give back with sppo_release(ctx, data, size + 1).                         */
static sppo_result stdin_read(sppo_ctx *ctx, char **data, size_t *size)
{
    static int taken;
    char part[1 << 14];
    buffer all;
    size_t n, mark;
    sppo_result result;

    if (taken)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "standard input (-) was read "
                         "already; give the other option a file");
    taken = 1;
    memset(&all, 0, sizeof all);
    all.ctx = ctx;
    buffer_clear(&all);
    while ((n = fread(part, 1, sizeof part, stdin)) > 0)
        buffer_add(&all, part, n);
    result = ferror(stdin)
        ? sppo_fail(ctx, SPPO_E_IO, "standard input: cannot be read: %s",
                    strerror(errno))
        : buffer_check(&all);
    mark = result == SPPO_OK && !strncmp(all.data, "\xef\xbb\xbf", 3) ? 3 : 0;
    *size = all.length - mark;
    if (result == SPPO_OK) {
        *data = (char *)sppo_alloc(ctx, *size + 1, 1);
        result = *data ? SPPO_OK : ctx->code;
    }
    if (result == SPPO_OK)
        memcpy(*data, all.data + mark, *size);
    buffer_free(&all);
    return result;
}

sppo_result input_read(sppo_ctx *ctx, const char **path, char **data,
                       size_t *size)
{
    if (strcmp(*path, "-") != 0)
        return sppo_file_read(ctx, *path, data, size);
    *path = "standard input";
    return stdin_read(ctx, data, size);
}

sppo_result text_read(sppo_ctx *ctx, const char **path, char **data,
                      size_t *size)
{
    const char *kind;

    TRY(input_read(ctx, path, data, size));
    kind = sppo_file_kind(*data, *size);
    if (!kind || **data == '<')
        return SPPO_OK;
    sppo_release(ctx, *data, *size + 1);
    *data = NULL;
    return sppo_fail(ctx, SPPO_E_FORMAT, "%s: this is %s", *path, kind);
}

void path_join(char out[PATH_ROOM], const char *folder, const char *name)
{
    snprintf(out, PATH_ROOM, "%s/%s", folder, name);
}

sppo_result path_fail(sppo_ctx *ctx, const char *what, const char *path)
{
    return sppo_fail(ctx, errno == ENOMEM ? SPPO_E_MEMORY : SPPO_E_IO,
                     "cannot %s %.300s: %s", what, path, strerror(errno));
}

sppo_result path_look(sppo_ctx *ctx, const char *path, int *kind)
{
    struct stat info;

    *kind = PATH_NONE;
    if (SPPO_IO(stat)(path, &info) == 0)
        *kind = S_ISDIR(info.st_mode) ? PATH_FOLDER : PATH_FILE;
    else if (errno != ENOENT && errno != ENOTDIR)
        return path_fail(ctx, "look at", path);
    return SPPO_OK;
}

sppo_result path_remove(sppo_ctx *ctx, const char *path)
{
    if (SPPO_IO(remove)(path) == 0 || errno == ENOENT || errno == ENOTDIR ||
        errno == ENOTEMPTY || errno == EEXIST)
        return SPPO_OK;
    return path_fail(ctx, "remove", path);
}

int path_open(const char *path, int flags)
{
    int fd;

    do {
        fd = SPPO_IO(open)(path, flags, 0666);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int is_same_place(const char *a, const char *b)
{
    struct stat one, other;

    return SPPO_IO(stat)(a, &one) == 0 && SPPO_IO(stat)(b, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* How much is in the folder besides a lock. */
static sppo_result folder_count(sppo_ctx *ctx, const char *path, int *others)
{
    DIR *folder = SPPO_IO(opendir)(path);
    const struct dirent *entry;
    int why = errno;

    while (folder && (errno = 0, entry = SPPO_IO(readdir)(folder)) != NULL)
        *others += strcmp(entry->d_name, ".") != 0 &&
                   strcmp(entry->d_name, "..") != 0 &&
                   strcmp(entry->d_name, "lock") != 0;
    if (folder) {
        why = errno;
        SPPO_IO(closedir)(folder);
    }
    errno = why;
    return !folder || why ? path_fail(ctx, "read", path) : SPPO_OK;
}

sppo_result output_is_free(sppo_ctx *ctx, const char *path, int force)
{
    int kind = PATH_NONE, others = 0;

    if (!force)
        TRY(path_look(ctx, path, &kind));
    if (kind == PATH_FOLDER)
        TRY(folder_count(ctx, path, &others));
    if (kind == PATH_NONE || (kind == PATH_FOLDER && !others))
        return SPPO_OK;
    return sppo_fail(ctx, SPPO_E_ARGUMENT,
                     "%s exists; choose another name, or --force to write "
                     "over it", path);
}

sppo_result file_lock(sppo_ctx *ctx, const char *path, int *fd, long *owner)
{
    struct flock lock;

    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    *fd = path_open(path, O_RDWR | O_CREAT | O_NOFOLLOW);
    if (*fd < 0)
        return path_fail(ctx, "open", path);
    SPPO_IO(fcntl)(*fd, F_SETFD, FD_CLOEXEC);
    if (SPPO_IO(fcntl)(*fd, F_SETLK, &lock) == 0)
        return SPPO_OK;
    if (errno != EACCES && errno != EAGAIN) {
        path_fail(ctx, "lock", path);
        SPPO_IO(close)(*fd);
        return ctx->code;
    }
    if (SPPO_IO(fcntl)(*fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        *owner = (long)lock.l_pid;
    SPPO_IO(close)(*fd);
    *fd = -1;
    return SPPO_OK;
}

/* Some file systems sync no folders, and say so; not all that may be written to
 * may be read.                                                              */
sppo_result path_sync(sppo_ctx *ctx, const char *path, int how)
{
    const int fd = path_open(path, how), missing = how == O_WRONLY ? ENOENT
                                                                    : EACCES;
    int bad, why;

    do {
        bad = fd < 0 ? errno != missing
                     : SPPO_IO(fsync)(fd) != 0 && errno != EINVAL;
    } while (fd >= 0 && bad && errno == EINTR);
    why = errno;
    if (fd >= 0)
        SPPO_IO(close)(fd);  // what is synced stays
    errno = why;
    return bad ? path_fail(ctx, "write to", path) : SPPO_OK;
}

uint32_t read_word(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}
