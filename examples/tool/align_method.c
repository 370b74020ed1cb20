/* align_method.c - the names of methods, as settings of Algorithm 1 */

#include "settings.h"

#include <stdio.h>
#include <string.h>

#define REWARD "loss=clip signal=score keep-all=true "

/* As --method counts them.  On win rates a policy gradient is SPO's; a reward
 * is the mean score, which is Bradley-Terry's where the judge has one.      */
static const char *const method_sets[] = {
    "loss=sppo",
    "loss=dpo",
    "loss=ipo",
    "loss=simpo margin=0.5",
    "loss=gpo",
    "loss=gap signal=score",
    "loss=dno keep-all=true",
    "loss=clip keep-all=true clip-range=1e9",
    REWARD "clip-range=1e9",
    REWARD "advantage=mean",
    REWARD "advantage=standard",
    REWARD "advantage=standard length-normalised=true clip-range=3e-4",
    REWARD "clip-range=0.2",
    REWARD "pull=0.1",
    "loss=gap keep-all=true pull=0.33",
    "loss=gap keep-all=true pull=0.33 reference-every=2",
    "loss=gap keep-all=true pull=0.33 opponents=2",
    "loss=gap signal=pair keep-all=true pull=1 opponents=1000 mixture=0.25",
    "loss=dpo k=2 gold=true"
};

/* One "name=value", unless it was given; then it must be that for the loss,
 * which is what the method is.                                              */
static sppo_result method_set(parser *p, const char *word, size_t length)
{
    const size_t name = strcspn(word, "=");
    const int which = option_find(p, word, name);
    char value[64], wanted[64];

    snprintf(wanted, sizeof wanted, "%.*s", (int)(length - name - 1),
             word + name + 1);
    if (!p->given[which]) {
        p->given[which] = 1;
        return option_set(p, which, wanted);
    }
    option_value(p, which, value, sizeof value);
    if (strncmp(word, "loss=", 5) || !strcmp(value, wanted))
        return SPPO_OK;
    return sppo_fail(p->ctx, SPPO_E_ARGUMENT, "this --method has --%.*s, not "
                     "%s", (int)length, word, value);
}

sppo_result method_settings(parser *p)
{
    const settings *s = (const settings *)p->settings;
    const int which = option_find(p, "method", 6);
    const char *at;

    if (which < 0 || !p->given[which])
        return SPPO_OK;
    for (at = method_sets[s->method]; *at; at += strspn(at, " ")) {
        TRY(method_set(p, at, strcspn(at, " ")));
        at += strcspn(at, " ");
    }
    return SPPO_OK;
}

/* DPO's beta is 1 / eta and IPO's tau 1 / (2 eta).  Large models are usually
 * aligned with 0.1 for both; a small one at a high learning rate keeps closer
 * to pi_t with beta = 1.  Log-odds are some five times what a win rate is above
 * a half; SimPO's beta is usually 2 to 10.                                  */
double method_eta(const settings *s)
{
    if (s->loss == SPPO_LOSS_DPO)
        return 1.0;
    if (s->loss == SPPO_LOSS_SIMPO)
        return 0.4;
    return s->loss == SPPO_LOSS_IPO || s->loss == SPPO_LOSS_GPO ||
           s->signal != SPPO_SIGNAL_WIN ? 5.0 : 30.0;
}
