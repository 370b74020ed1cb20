/* grades.h - MT-Bench's single grades: a judge gives each answer 1 to 10 */

#ifndef SPPO_TOOL_GRADES_H
#define SPPO_TOOL_GRADES_H

#include "names.h"
#include "tool.h"

/* Reads the open rows {"question_id", "model", "turn", "score"}, and with
 * --mt-bench the questions' categories, and reports on them.                */
sppo_result evaluate_grades(tool *t);

#endif
