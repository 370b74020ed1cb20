/* output.c - results that go into a file instead of standard output */

#include "output.h"
#include "console.h"
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int output_is_file(const char *path)
{
    return path && strcmp(path, "-") != 0;
}

static void output_beside(char out[PATH_ROOM], const char *path)
{
    snprintf(out, PATH_ROOM, "%s.tmp", path);
}

sppo_result output_open(sppo_ctx *ctx, const char *path, int force)
{
    char beside[PATH_ROOM];
    int fd, kind;

    if (!output_is_file(path))
        return SPPO_OK;
    TRY(path_look(ctx, path, &kind));
    if (kind == PATH_FOLDER)
        return sppo_fail(ctx, SPPO_E_ARGUMENT, "--out %.300s is a folder; the "
                         "answers are a file", path);
    TRY(output_is_free(ctx, path, force));
    output_beside(beside, path);
    fd = path_open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    if (fd < 0)
        return path_fail(ctx, "write to", beside);
    if (fflush(stdout) != 0 || dup2(fd, 1) < 0) {  // never: 1 is open
        SPPO_IO(close)(fd);
        return path_fail(ctx, "write to", beside);
    }
    SPPO_IO(close)(fd);
    return SPPO_OK;
}

sppo_result output_close(sppo_ctx *ctx, const char *path, sppo_result result)
{
    char beside[PATH_ROOM], why[sizeof ctx->message];

    if (!output_is_file(path))
        return result;
    output_beside(beside, path);
    if (result == SPPO_OK)
        result = output_check(ctx);
    if (result == SPPO_OK)
        result = path_sync(ctx, beside, O_WRONLY);
    if (result == SPPO_OK && SPPO_IO(rename)(beside, path) != 0)
        result = path_fail(ctx, "write to", path);
    if (result == SPPO_OK)
        return SPPO_OK;
    snprintf(why, sizeof why, "%s", ctx->message);
    path_remove(ctx, beside);
    return sppo_fail(ctx, result, "%s", why);
}
