/* files.h - whole files, paths, folders, locks */

#ifndef SPPO_TOOL_FILES_H
#define SPPO_TOOL_FILES_H

#include "buffer.h"

/* A file as sppo_file_read has it, or for "-" standard input; *path becomes
 * what messages call it.                                                    */
sppo_result input_read(sppo_ctx *ctx, const char **path, char **data,
                       size_t *size);

/* Text as it stands in a file; what no text begins with is refused by its
 * name, only pages of HTML are text as well.                                */
sppo_result text_read(sppo_ctx *ctx, const char **path, char **data,
                      size_t *size);

/* folder/name; options leave room for it (PATH_MOST). */
void path_join(char out[PATH_ROOM], const char *folder, const char *name);

/* What has a name; what cannot be looked at is an error, and not absent. */
enum { PATH_NONE, PATH_FILE, PATH_FOLDER };
sppo_result path_look(sppo_ctx *ctx, const char *path, int *kind);

/* A failure of the last call of the system: "cannot WHAT PATH: why". */
sppo_result path_fail(sppo_ctx *ctx, const char *what, const char *path);

/* Removes a file or an empty folder, if it is there. */
sppo_result path_remove(sppo_ctx *ctx, const char *path);

/* open, again when a signal interrupts it. */
int path_open(const char *path, int flags);

/* Whether two names are of one file or folder, which is there. */
int is_same_place(const char *a, const char *b);

/* Refuses to write over what is there, unless --force was given. */
sppo_result output_is_free(sppo_ctx *ctx, const char *path, int force);

/* Locks a file for as long as this process lives; *fd -1: somebody else's,
 * whose process id goes to *owner.                                          */
sppo_result file_lock(sppo_ctx *ctx, const char *path, int *fd, long *owner);

/* What a file holds (how: O_WRONLY), or which names are in a folder (O_RDONLY),
 * is on the disk; a file that is not there has nothing to lose.             */
sppo_result path_sync(sppo_ctx *ctx, const char *path, int how);

/* Little-endian, as all files here are. */
uint32_t read_word(const unsigned char *at);

#endif
