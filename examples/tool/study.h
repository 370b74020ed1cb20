/* study.h - one run for each combination of the values that options list
 *
 *   OUT/study.json        what was asked for, lists as lists, and the runs
 *   OUT/lr=1e-4_loss=dpo  the folder of a run, as if it were alone
 *   OUT/study.csv         the runs by their win rate, best first
 *
 * Runs know nothing of each other or of the study: each is the same bytes as
 * the run that is asked for alone.                                          */

#ifndef SPPO_TOOL_STUDY_H
#define SPPO_TOOL_STUDY_H

#include "tool.h"

enum { STUDY_MOST = 200, STUDY_VALUE = 80 };  // runs; room of one value

/* With --resume: takes the settings of the study in --out, if there is one. */
sppo_result study_adopt(tool *t);

/* Whether an option lists values. */
int study_is_asked(const tool *t);

/* All runs of the study that are not complete; run: does one. */
sppo_result study_run(tool *t, sppo_result (*run)(tool *t));

#endif
