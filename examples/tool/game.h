/* game.h - a preference matrix and the ways to play it */

#ifndef SPPO_TOOL_GAME_H
#define SPPO_TOOL_GAME_H

#include "pairs.h"

/* A game at work: pairwise [n, n], the others [n]. */
typedef struct game {
    double *pairwise, *pi, *mean, *win, *last, *first, *magnet, *half, *reward;
    double eta, alpha, support;  // support: -log of the least first chance
    int n, magnet_every, scheduled;
    buffer line;                 // a row of the matrix, as JSON
    sppo_json json;
    char *data;                  // the matrix as a text, or
    size_t size;
    pairs judged;                // pairs of models,
    double *won;                 // [n, n] with how often i beat j
} game;

enum { GAME_ROWS = 8 };  // beside the matrix

/* How pi becomes the next policy. */
typedef struct game_method {
    const char *name;
    double eta;                       // its default
    int pulled;                       // 1: towards a policy, by alpha
    void (*step)(game *g, int step);  // step: 1, 2, ..
} game_method;

/* As --method counts them. */
extern const game_method game_methods[];

/* From judged pairs: P is the share of wins, Bradley-Terry's where two never
 * met.                                                                      */
sppo_result game_pairs(tool *t, game *g);

/* As many --names as answers, none without a letter. */
sppo_result game_names(tool *t, const game *g);

/* The answers by their win rate against the solution, which is the better of
 * the last and the average policy.                                          */
sppo_result game_rank(tool *t, game *g);

#endif
