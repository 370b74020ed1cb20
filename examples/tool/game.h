/* game.h - a preference matrix and the ways to play it */

#ifndef SPPO_TOOL_GAME_H
#define SPPO_TOOL_GAME_H

#include "game_methods.h"
#include "pairs.h"

/* What a game is read from. */
typedef struct game_input {
    buffer line;                 // a row of the matrix, as JSON
    sppo_json json;
    char *data;                  // the matrix as a text, or
    size_t size;
    pairs judged;                // pairs of models,
    double *won;                 // [n, n] with how often i beat j
} game_input;

enum { GAME_ROWS = 8 };  // beside the matrix

/* From judged pairs: P is the share of wins, Bradley-Terry's where two never
 * met.                                                                      */
sppo_result game_pairs(tool *t, game *g);

/* As many --names as answers, none without a letter. */
sppo_result game_names(tool *t, const game *g);

/* The answers by their win rate against the solution, which is the better of
 * the last and the average policy.                                          */
sppo_result game_rank(tool *t, game *g);

#endif
