/* game_methods.h - the ways to play a preference matrix */

#ifndef SPPO_TOOL_GAME_METHODS_H
#define SPPO_TOOL_GAME_METHODS_H

/* A game at work: pairwise [n, n], the others [n]. */
typedef struct game {
    double *pairwise, *pi, *mean, *win, *last, *first, *magnet, *half, *reward;
    double eta, alpha, support;  // support: -log of the least first chance
    int n, magnet_every, scheduled;
    struct game_input *in;       // where it came from
} game;

/* How pi becomes the next policy. */
typedef struct game_method {
    const char *name;
    double eta;                       // its default
    int pulled;                       // 1: towards a policy, by alpha
    void (*step)(game *g, int step);  // step: 1, 2, ..
} game_method;

/* As --method counts them. */
extern const game_method game_methods[];

#endif
