/* judging.h - the judge of a command: a preference model, or another program */

#ifndef SPPO_TOOL_JUDGING_H
#define SPPO_TOOL_JUDGING_H

#include "tool.h"

/* Tokens that the preference model sees at once in comparing two responses. */
int pref_span(const sppo_model *preference, int prompt, int a, int b);

/* Tokens of one pass over k responses to a prompt, at the most. */
int pref_pass(const sppo_model *preference, int prompt, int k, int response);

/* The longest response to a prompt of that length. */
int response_room(const tool *t, int prompt);

/* Makes the reader large enough for k responses to each of these prompts, and
 * larger only then; first: the number of prompt 0 in a message.             */
sppo_result pref_make_room(model_judge *by, const sppo_lists *prompts,
                           const sppo_lists *responses, int k, int first);

/* A preference model, loaded from a folder, becomes the judge of k responses to
 * prompts of `prompt` tokens at the most; name: of the option for programs. */
sppo_result open_model_judge(model_judge *by, sppo_model *model, codec *tok,
                             const char *folder, const char *name,
                             int prompt, int k, sppo_judge *judge);

/* A program, begun by its command, becomes the judge; name: of the option.   */
sppo_result open_program(tool *t, judge_process *process, const char *command,
                         const char *name, sppo_judge *judge);

/* Whether it ends as the policy's do, or those of the one that it is compared
 * with.                                                                     */
int response_finished(const tool *t, const sppo_lists *lists, int i);

/* By --judge or --preference: k responses to prompts of `prompt` tokens at
 * the most.                                                                 */
sppo_result open_judge(tool *t, int prompt, int k);

#endif
