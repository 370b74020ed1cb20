/* judge_protocol.h - the judge protocol: requests, answers */

#ifndef SPPO_TOOL_JUDGE_PROTOCOL_H
#define SPPO_TOOL_JUDGE_PROTOCOL_H

#include "judge_process.h"

enum { NO_ANSWER, WRONG_ANSWER, ERROR_ANSWER };

/* What a message quotes of a text: no more than `most` bytes of whole
 * characters, one line, without the blanks at its end.                      */
int excerpt(char *text, size_t length, size_t most);

/* A failure in the answer to one prompt, with what came, unless NULL. */
sppo_result judge_fail(judge_process *j, const sppo_lists *prompts, int prompt,
                       int kind, const char *why, char *received,
                       size_t length);

/* Adds the request for one prompt and its k responses to what is sent. */
sppo_result judge_request(judge_process *j, const sppo_lists *prompts,
                          const sppo_lists *responses, int k, int prompt,
                          int response, double id);

/* The k x k numbers of a row; returns what is wrong with it, or NULL. */
const char *probabilities_read(const sppo_json *json, int k, double *pairwise);

/* Reads the answer to request i of the batch if it has come; took 0: not
 * yet.                                                                      */
sppo_result judge_take(judge_process *j, const sppo_lists *prompts, int prompt,
                       int i, int k, double *pairwise, int *took);

#endif
