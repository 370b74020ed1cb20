/* methods.c - the methods beside SPPO, all in the same loop */
#include "../tool/settings.h"

#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "methods.h"

/* Per unit of eta a win rate asks for movement; mean scores are about five
 * times what a win rate is above one half, so their eta is a fifth.  A policy
 * gradient has no eta: its learning rate is all that is tried, and with a pull
 * the weight of the KL, pull / eta.                                         */
#define WIN_RATES { 30, 3e-4 }, { 30, 1e-4 }, { 100, 3e-4 }, { 100, 1e-4 }
#define RATES { 1, 1e-4 }, { 1, 3e-4 }, { 1, 3e-5 }, { 1, 1e-3 }

const contender contenders[] = {
    { .name = "sppo", .title = "SPPO", .circle_eta = 2, .longer = 1,
      .tried = { WIN_RATES } },
    { .name = "dpo", .title = "DPO", .circle_eta = 2, .two = 1,
      .tried = { { 1, 3e-4 }, { 1, 1e-4 }, { 3, 3e-4 }, { 3, 1e-4 } } },
    { .name = "ipo", .title = "IPO", .circle_eta = 2, .two = 1,
      .tried = { { 5, 3e-4 }, { 5, 1e-4 }, { 15, 3e-4 }, { 15, 1e-4 } } },
    { .name = "dno", .title = "DNO", .circle_eta = 2,
      .tried = { WIN_RATES } },
    { .name = "rebel", .title = "REBEL", .circle_eta = 0.4,
      .tried = { { 6, 3e-4 }, { 6, 1e-4 }, { 20, 3e-4 }, { 20, 1e-4 } } },
    { .name = "inpo", .title = "INPO", .circle_eta = 2,
      .tried = { WIN_RATES } },
    { .name = "nash-md", .title = "Nash-MD", .circle_eta = 2,
      .tried = { WIN_RATES } },
    { .name = "rloo", .title = "RLOO", .circle_eta = 0.4,
      .tried = { RATES } },
    { .name = "rlhf", .title = "RLHF", .circle_eta = 0.4, .scalar = 1,
      .tried = { { 5, 3e-4 }, { 5, 1e-4 }, { 1, 3e-4 }, { 1, 1e-4 } } },
    { .name = "grpo", .title = "GRPO", .circle_eta = 0.4,
      .tried = { RATES } },
    { .name = "pull-0.1", .title = "SPPO, pull 0.1", .by = "sppo",
      .like = "sppo", .pull = 0.1, .circle_eta = 2, .longer = 1 },
    { .name = "pull-0.3", .title = "SPPO, pull 0.3", .by = "sppo",
      .like = "sppo", .pull = 0.3, .circle_eta = 2, .longer = 1 }
};
const int contender_count = (int)(sizeof contenders / sizeof contenders[0]);

static const contender *contender_find(const char *name)
{
    int i = 0;

    while (i < contender_count - 1 && strcmp(contenders[i].name, name) != 0)
        i++;
    return &contenders[i];
}

void contender_try(const contender *c, int at, char name[64])
{
    snprintf(name, 64, "tune-%s-%d%s", c->name, at, condition_suffix[STRONG]);
}

void contender_run(const contender *c, char name[64])
{
    snprintf(name, 64, "%s%s", c->name, condition_suffix[STRONG]);
}

int contender_iterations(const plan *p, const contender *c)
{
    return c->longer ? p->longer : p->iterations;
}

int contender_choice(store *s, const plan *p, const contender *c)
{
    char name[TRIED][64];
    const char *tried[TRIED];
    int i;

    for (i = 0; i < p->settings; i++) {
        contender_try(c, i, name[i]);
        tried[i] = name[i];
    }
    return most_liked(s, p, tried, p->settings);
}

setting contender_setting(store *s, const plan *p, const contender *c)
{
    if (c->like)
        c = contender_find(c->like);
    return c->tried[contender_choice(s, p, c)];
}

/* The tool's own table and its own defaults, so that a name means the same. */
sppo_play_config method_config(lab *l, const char *name)
{
    static const cli_command align = { "align", ALIGN, "", "", "", "", "" };
    settings s;
    parser p;
    int which;

    memset(&s, 0, sizeof s);
    memset(&p, 0, sizeof p);
    settings_options(&p, &s);
    p.ctx = &l->ctx;
    p.command = &align;
    check(l, options_default(&p));
    which = option_find(&p, "method", strlen("method"));
    check(l, option_set(&p, which, name));
    p.given[which] = 1;
    check(l, method_settings(&p));
    sppo_json_free(&l->ctx, &p.json);
    return play_settings(&s);
}
