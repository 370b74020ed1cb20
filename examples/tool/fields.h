/* fields.h - the fields of a row, as lists of tokens */

#ifndef SPPO_TOOL_FIELDS_H
#define SPPO_TOOL_FIELDS_H

#include "tool.h"

/* What a field is: a prompt begins with BOS, a response ends with EOS, unless
 * it was cut (D12).                                                         */
enum { PROMPT = 0, CUT_RESPONSE, RESPONSE };

/* Message number `which` of `count`, the whole of it: its content replaces what
 * `out` held. How more than a question and its answer become one text is a
 * matter of the model's chat template, which is not ours to guess.          */
sppo_result message_text(tool *t, const char *key, int node, int which,
                         const char *role, buffer *out);

/* Token ids as they are given, each below the vocabulary, no BOS or EOS added;
 * t->rows.text has them in words.                                           */
sppo_result ids_list(tool *t, const char *key, int node, sppo_lists *lists);

/* What was added last must not be nothing. */
sppo_result list_check(tool *t, const char *key, const sppo_lists *lists);

/* The ids of a field are in the one named KEY_ids; its node, or -1. */
int find_ids(const tool *t, const char *key);

/* "finished" of the current row: of its `count` responses, or of the only one,
 * without a list, when count is 0.  *node: that of the first; -1: it is absent,
 * and all are.                                                              */
sppo_result rows_finished(tool *t, int count, int *node);

/* The response that "finished" says it is, at its node. */
int response_kind(const tool *t, int node);

/* The next entry of an array, or -1 where there is none. */
int next_node(const tool *t, int node);

/* Field `key` of the current row, or its ids, as one more list of tokens; what
 * it says is in t->rows.text. what: PROMPT ..                               */
sppo_result encode_field(tool *t, const char *key, int what,
                         sppo_lists *lists);

/* "prompt", its ids, or AlpacaEval's "instruction". */
sppo_result encode_prompt(tool *t, sppo_lists *lists);

/* Opens a file of rows in the one reader that the tool has. */
sppo_result open_rows(tool *t, const char *path);

/* Every prompt must leave room for a token of response; gold, where it is not
 * NULL, takes the response that each row has.                               */
sppo_result load_prompts(tool *t, const char *path, sppo_lists *lists,
                         sppo_lists *gold);

/* The probability that the first is better: "prob_a", or of a chosen response
 * what SPPO's files call "chosen_probs", or else 1.                         */
sppo_result preference_label(tool *t, int soft, double *label);

#endif
