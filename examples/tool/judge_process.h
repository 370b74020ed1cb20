/* judge_process.h - a judge that is another program, spoken to over pipes
 *
 * One line of JSON per prompt, each way, in the same order:
 *   to it     {"prompt": "..", "responses": ["..", "..", ..],
 *              "finished": [true, false, ..], "id": 7}
 *   from it   {"probabilities": [[0.5, ..], ..], "id": 7}
 * Row i, column j is the probability that response i is better than response
 * j. finished: whether a response ended, or was cut. id: counts the requests;
 * an answer need not have one, but one with another is refused, so that a judge
 * out of step is noticed at once. Instead of probabilities an answer may have
 * an "error", a sentence, which ends the run.
 *
 * It writes nothing else: what comes before it is asked, or is left over, is
 * refused too. Its standard error stays ours.                               */

#ifndef SPPO_TOOL_JUDGE_PROCESS_H
#define SPPO_TOOL_JUDGE_PROCESS_H

#include "codec.h"

#include <sys/types.h>

typedef struct judge_process {
    sppo_ctx *ctx;
    const codec *tok;
    const sppo_config *speaker[2];  // whose responses: for their EOS; or NULL
    double patience;   // seconds without an answer before it counts as dead
    double slowest;    // seconds from one answer to the next, at the most
    pid_t pid;         // 0: not running
    int ended;         // 1: it ended by itself, as `status` says
    int status;        // of waitpid
    int to, from;      // our ends of the pipes; -1: closed
    buffer out, in;    // requests of a batch, bytes not yet read as answers
    size_t sent;       // of out
    int told;          // requests that were sent to their end
    size_t searched;   // of in: bytes known to hold no end of a line
    double id;         // of the batch's first request
    int numbered;      // 1: the last answer had its id
    int out_of_step;   // 1: it failed so that earlier answers are in doubt
    buffer text;       // of one response, or of a prompt in a message
    sppo_json json;
} judge_process;

/* Starts `command`; patience: see the struct. */
sppo_result judge_start(judge_process *j, sppo_ctx *ctx, const codec *tok,
                        const char *command, double patience);

/* Ends it, however it is, and lets go of all. */
void judge_stop(judge_process *j);

/* The fill of a sppo_judge whose user is a judge_process. */
sppo_result judge_process_fill(sppo_ctx *ctx, void *user,
                               const sppo_lists *prompts,
                               const sppo_lists *responses, int k, int first,
                               int count, double *pairwise);

/* Before what it said so far is built upon: as long as a line too many
 * takes.                                                                    */
sppo_result judge_listen(judge_process *j);

/* Nothing more will be asked: it is told so, and must have nothing more to
 * say. Called before what it said is used for good.                         */
sppo_result judge_finish(judge_process *j);

#endif
