/* judging.h - the judge of a command: a preference model, or another program */

#ifndef SPPO_TOOL_JUDGING_H
#define SPPO_TOOL_JUDGING_H

#include "tool.h"

/* Tokens that the preference model sees at once in comparing two responses. */
int pref_span(const tool *t, int prompt, int a, int b);

/* Tokens of one pass over k responses to a prompt, at the most. */
int pref_pass(const tool *t, int prompt, int k, int response);

/* The longest response to a prompt of that length. */
int response_room(const tool *t, int prompt);

/* Makes the reader large enough for k responses to each of these prompts, and
 * larger only then; first: the number of prompt 0 in a message.             */
sppo_result pref_make_room(tool *t, const sppo_lists *prompts,
                           const sppo_lists *responses, int k, int first);

/* By --judge or --preference: k responses to prompts of `prompt` tokens at
 * the most.                                                                 */
sppo_result open_judge(tool *t, int prompt, int k);

#endif
