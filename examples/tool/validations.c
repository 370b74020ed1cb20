/* validations.c - what validation.csv of a run has */

#include "validations.h"
#include "files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 13 };

/* Numbers of a line, NaN where there is none. */
static void line_read(const char *line, double *value)
{
    char *end;
    int i;

    for (i = 0; i < COLUMNS; i++) {
        value[i] = strtod(line, &end);
        if (end == line || strchr("\n,", *line))
            value[i] = (double)NAN;
        line += strcspn(line, ",\n");
        line += *line == ',';
    }
}

static void validation_take(validation *v, const char *line)
{
    double value[COLUMNS];

    line_read(line, value);
    v->iteration = value[0] >= 1.0 && value[0] < 1e9 ? (int)value[0] : 0;
    v->win_rate = value[1];
    v->low = value[2];
    v->high = value[3];
    v->length = value[5];
    v->kl = value[9];
    v->watch = value[10];
    v->watch_low = value[11];
    v->watch_high = value[12];
}

sppo_result validations_read(sppo_ctx *ctx, const char *folder, validations *v)
{
    char path[PATH_ROOM], *data = NULL;
    const char *at;
    size_t size = 0, lines = 0, i;
    int kind;

    memset(v, 0, sizeof *v);
    path_join(path, folder, "validation.csv");
    TRY(path_look(ctx, path, &kind));
    if (!kind)
        return SPPO_OK;
    TRY(sppo_file_read(ctx, path, &data, &size));
    for (i = 0; i < size; i++)
        lines += data[i] == '\n';
    v->bytes = lines * sizeof *v->of;
    v->of = lines ? (validation *)sppo_alloc(ctx, lines, sizeof *v->of) : NULL;
    for (at = data; v->of && (at = strchr(at, '\n')) != NULL; ) {
        at++;
        if (strchr(at, '\n'))
            validation_take(&v->of[v->count], at);
        v->count += v->of[v->count].iteration > 0;
    }
    sppo_release(ctx, data, size + 1);
    return lines && !v->of ? ctx->code : SPPO_OK;
}

void validations_free(sppo_ctx *ctx, validations *v)
{
    sppo_release(ctx, v->of, v->bytes);
    memset(v, 0, sizeof *v);
}

double validation_rate(const validation *v)
{
    return v->watch - v->watch == 0.0 ? v->watch : v->win_rate;
}

int validations_best(const validations *v)
{
    int i, best = v->count ? 0 : -1;

    for (i = 1; i < v->count; i++)
        if (validation_rate(&v->of[i]) > validation_rate(&v->of[best]))
            best = i;
    return best;
}

void validations_stop(const validations *v, double kl, int watch, char *why,
                      size_t size)
{
    const validation *last = v->count ? &v->of[v->count - 1] : NULL;
    const int best = validations_best(v);

    why[0] = 0;
    if (last && kl > 0.0 && last->kl > kl)
        snprintf(why, size, "after iteration %d the KL to the policy as it "
                 "began, %.4g, exceeds --stop-kl %.10g", last->iteration,
                 last->kl, kl);
    else if (last && watch && last->iteration - v->of[best].iteration >= watch)
        snprintf(why, size, "after iteration %d --watch has not seen a higher "
                 "win rate than that of iteration %d, %.4f, for %d "
                 "(--stop-watch %d)", last->iteration, v->of[best].iteration,
                 validation_rate(&v->of[best]),
                 last->iteration - v->of[best].iteration, watch);
}
