/* engine.h - sppo.h for a page: calls without structs, one phase at a time
 *
 * For WebAssembly (make book) each EXPORT can be called from the page; built
 * for this machine (native.c) they give the same bits, which a test compares.
 * Arrays are the caller's, made by room().                                  */

#ifndef SPPO_BOOK_ENGINE_H
#define SPPO_BOOK_ENGINE_H

#ifndef SPPO_NO_STDIO
#define SPPO_NO_STDIO
#endif
#include "../../sppo.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("page"), import_name(#name)))
#else
#define EXPORT(name)
#define IMPORT(name)
#endif

/* What the page does when it is called.  judge: texts, each with a NUL, the
 * prompt and then k responses; fills pairwise[k, k], anything but 0 is a
 * failure.  progress: what sppo_progress says; not 0: stop.                 */
IMPORT(judge) int page_judge(const char *texts, int k, double *pairwise);
IMPORT(progress) int page_progress(int phase, int done, int total);

extern sppo_ctx engine_ctx;

#endif
