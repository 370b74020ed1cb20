/* mt_bench.h - the answers to MT-Bench's questions, turn by turn
 *
 * A second question is asked with the first one and the model's own answer
 * before it. How these become one text is a matter of what the model learned:
 *
 *   --turn-form   the text of a turn, as its chat template has it; the talk so
 *                 far is read as one text: BOS, then all turns up to where the
 *                 answer begins
 *   without it    as rows are read everywhere: BOS question answer EOS, and the
 *                 next turn behind it: BOS question. Llama 2's chat has it so.
 *
 * Where the context is short, each answer has an equal share of what the
 * questions of all turns leave.                                             */

#ifndef SPPO_TOOL_MT_BENCH_H
#define SPPO_TOOL_MT_BENCH_H

#include "tool.h"

/* Rows of FastChat's model_answer, for --mt-bench; the policy is loaded. */
sppo_result answer_questions(tool *t);

#endif
