/* build_port.c - what test_port.sh runs on every kind of machine
 *
 *   build_port MODEL OUT
 *
 * Plays the game of build_play.h; reads the model directory MODEL and writes it
 * to the directory OUT, the second time over what is there.  Prints a checksum
 * of the game's weights, log pi of a fixed text under MODEL, and the sum of the
 * sizes of the game's weights; test_port.sh compares them, and the files.   */
#define SPPO_IMPLEMENTATION
#include "../sppo.h"

#include <stdio.h>
#include <string.h>

#include "build_play.h"

/* log pi of 24 tokens in a row. */
static sppo_result score(sppo_ctx *ctx, const sppo_model *model, double *sum)
{
    sppo_forest forest;
    sppo_activations acts;
    sppo_result result;
    int token[24], i;

    memset(&forest, 0, sizeof forest);
    memset(&acts, 0, sizeof acts);
    for (i = 0; i < 24; i++)
        token[i] = i ? 3 + i * 37 % (model->config.vocab - 3) : SPPO_BOS;
    result = sppo_forest_init(ctx, &forest, 24, 1);
    if (result == SPPO_OK)
        result = sppo_activations_init(ctx, &acts, model, 24, 1, 0, 0);
    if (result == SPPO_OK) {
        sppo_forest_add(&forest, -1, token, 24, 1);
        result = sppo_forward(ctx, &acts, model, &forest);
    }
    if (result == SPPO_OK)
        *sum = sppo_segment_logprob(&acts, &forest, 0);
    sppo_activations_free(ctx, &acts);
    sppo_forest_free(ctx, &forest);
    return result;
}

int main(int argc, char **argv)
{
    static sppo_ctx ctx;
    sppo_model model;
    double sum = 0.0;
    sppo_result result = SPPO_E_ARGUMENT;
    double size = 0.0;
    const unsigned long play = build_play(&ctx, &size);

    memset(&model, 0, sizeof model);
    if (play && argc == 3)
        result = sppo_model_load(&ctx, &model, argv[1]);
    if (result == SPPO_OK)
        result = score(&ctx, &model, &sum);
    if (result == SPPO_OK)
        result = sppo_model_save(&ctx, &model, argv[2]);
    if (result == SPPO_OK)  // once more, over the files that are there now
        result = sppo_model_save(&ctx, &model, argv[2]);
    sppo_model_free(&ctx, &model);
    if (result != SPPO_OK || ctx.held) {
        fprintf(stderr, "build_port: %s\n", ctx.message);
        return 1;
    }
    printf("%08lx %.10g %.10g\n", play, sum, size);
    return 0;
}
