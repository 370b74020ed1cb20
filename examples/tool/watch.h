/* watch.h - a second judge, which looks on: of what the policy learns it says
 * nothing, of what it has become it says how often it wins                  */

#ifndef SPPO_TOOL_WATCH_H
#define SPPO_TOOL_WATCH_H

#include "interval.h"
#include "tool.h"

typedef struct watch {
    tool *t;
    const char *by;       // the program or folder of --watch; NULL: nobody
    sppo_model model;
    codec tok;
    model_judge reader;
    judge_process process;
    sppo_judge judge;     // that looks on
    sppo_judge first;     // whose answers count
    interval rate;        // of what it was shown last
} watch;

/* Nobody watches. */
void watch_begin(watch *w, tool *t);

/* By the preference model or the program of --watch, for k responses to
 * prompts of `prompt` tokens at the most.                                   */
sppo_result watch_open(watch *w, int prompt, int k);

/* The judge, as sppo_evaluate may ask it; who watches is shown the same
 * responses, the first half of each prompt's against the second.            */
sppo_judge watch_beside(watch *w, const sppo_judge *judge);

/* Nothing more will be shown. */
sppo_result watch_finish(watch *w);

/* Lets go of all. */
void watch_free(watch *w);

#endif
