/* logs.c - files that get a line for each step */

#include "logs.h"
#include "files.h"
#include "tfevents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* All of it, though the system takes it in parts; 0: errno says why not. */
static int write_all(int fd, const char *data, size_t size)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < size && (n > 0 || (n < 0 && errno == EINTR))) {
        n = SPPO_IO(write)(fd, data + done, size - done);
        done += n > 0 ? (size_t)n : 0;
        errno = n == 0 ? ENOSPC : errno;
    }
    return done == size;
}

sppo_result log_append(sppo_ctx *ctx, const char *path, const buffer *text)
{
    int fd, bad, why;

    TRY(buffer_check(text));
    fd = path_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
    bad = fd < 0 || !write_all(fd, text->data, text->length);
    why = errno;
    if (fd >= 0 && SPPO_IO(close)(fd) != 0 && errno != EINTR && !bad) {
        why = errno;
        bad = 1;
    }
    errno = why;
    return bad ? path_fail(ctx, "write to", path) : SPPO_OK;
}

sppo_result log_sync(sppo_ctx *ctx, const char *path)
{
    return path_sync(ctx, path, O_WRONLY);
}

static int commas(const char *text, size_t length)
{
    int n = 0;

    for (; length > 0; length--, text++)
        n += *text == ',';
    return n;
}

sppo_result log_cut(buffer *line, const char *path, const char *header,
                    int limit, int most)
{
    const int columns = commas(header, strlen(header));
    char *data = NULL;
    size_t size = 0, at, n;
    long number;
    int i;
    sppo_result result;
    int kind;

    buffer_clear(line);
    buffer_format(line, "%s", header);
    TRY(path_look(line->ctx, path, &kind));
    if (kind)
        TRY(sppo_file_read(line->ctx, path, &data, &size));
    for (at = 0; at < size; at += n + 1) {
        const char *text = data + at;
        const char *digit = text + strcspn(text, "0123456789\n");
        n = strcspn(text, "\n");
        if (text[n] != '\n')
            break;
        number = digit == text + n ? LONG_MAX : strtol(digit, NULL, 10);
        if (number > limit || (number == limit && most-- <= 0))
            continue;
        buffer_add(line, text, n);
        for (i = commas(text, n); i < columns; i++)  // of a later version
            buffer_add(line, ",", 1);
        buffer_add(line, "\n", 1);
    }
    if (data)
        sppo_release(line->ctx, data, size + 1);
    result = buffer_check(line);
    if (result == SPPO_OK)
        result = sppo_file_write(line->ctx, path, line->data, line->length);
    return result;
}

void metrics_open(metrics *m, sppo_ctx *ctx, const char *out,
                  const char *const *name, int count)
{
    m->line.ctx = ctx;
    m->name = name;
    m->count = count;
    path_join(m->csv, out, "metrics.csv");
    path_join(m->jsonl, out, "metrics.jsonl");
    path_join(m->events, out, "events.out.tfevents.sppo");
}

void metrics_close(metrics *m)
{
    buffer_free(&m->line);
}

sppo_result metrics_append(metrics *m, const double *value)
{
    buffer *line = &m->line;
    int i;

    buffer_clear(line);
    for (i = 0; i < m->count; i++) {
        buffer_format(line, i ? "," : "");
        if (value[i] - value[i] == 0.0)
            buffer_format(line, "%.9g", value[i]);
    }
    buffer_add(line, "\n", 1);
    TRY(log_append(line->ctx, m->csv, line));
    buffer_clear(line);
    for (i = 0; i < m->count; i++) {
        buffer_format(line, "%s\"%s\": ", i ? ", " : "{", m->name[i]);
        if (value[i] - value[i] == 0.0)
            buffer_format(line, "%.9g", value[i]);
        else
            buffer_format(line, "null");
    }
    buffer_add(line, "}\n", 2);
    TRY(log_append(line->ctx, m->jsonl, line));
    buffer_clear(line);
    tfevents_add(line, m->name, value, m->count);
    return log_append(line->ctx, m->events, line);
}

int metrics_due(int step, int every, int last)
{
    return last || step % every == 0;
}

sppo_result metrics_sync(const metrics *m)
{
    TRY(log_sync(m->line.ctx, m->csv));
    TRY(log_sync(m->line.ctx, m->jsonl));
    return log_sync(m->line.ctx, m->events);
}

/* The events of no later step; what is missing or damaged begins anew. */
static sppo_result events_cut(buffer *line, const char *path, int step,
                              int most)
{
    char *data = NULL;
    size_t size = 0, until;
    int kind;

    TRY(path_look(line->ctx, path, &kind));
    if (kind)
        TRY(sppo_file_read(line->ctx, path, &data, &size));
    until = data ? tfevents_until(data, size, step, most) : 0;
    buffer_clear(line);
    if (until)
        buffer_add(line, data, until);
    else
        tfevents_begin(line);
    if (data)
        sppo_release(line->ctx, data, size + 1);
    TRY(buffer_check(line));
    return sppo_file_write(line->ctx, path, line->data, line->length);
}

sppo_result metrics_cut(metrics *m, int step, int most)
{
    buffer header;
    sppo_result result;
    int i;

    memset(&header, 0, sizeof header);
    header.ctx = m->line.ctx;
    for (i = 0; i < m->count; i++)
        buffer_format(&header, "%s%s", m->name[i],
                      i + 1 < m->count ? "," : "\n");
    result = buffer_check(&header);
    if (result == SPPO_OK)
        result = log_cut(&m->line, m->csv, header.data, step, most);
    if (result == SPPO_OK)
        result = log_cut(&m->line, m->jsonl, "", step, most);
    if (result == SPPO_OK)
        result = events_cut(&m->line, m->events, step, most);
    buffer_free(&header);
    return result;
}
