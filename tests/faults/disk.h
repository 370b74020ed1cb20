/* disk.h - what a disk may hold after a power cut
 *
 * The model.  A file has bytes on the disk and bytes in memory; fsync of the
 * file brings to the disk what the system had been given (fwrite has not given
 * it before fflush or fclose), and nothing else does.  A folder has names on
 * the disk and changes of names in memory (create, rename, remove, mkdir,
 * rmdir); fsync of that folder brings them to the disk, and nothing else does,
 * not even fsync of the file that has the name.  When the power is cut:
 *
 *   of a file       one of: what is on the disk alone (LOST); all (KEPT); the
 *                   new size with zeros where the new bytes would be (ZEROS, as
 *                   where blocks are allocated late); the first half of the new
 *                   bytes (HALF); the second half behind zeros (HOLE); nothing
 *                   at all where it was made or cut to nothing (EMPTY)
 *   of a folder     in order: the first changes, as many as you like, are on
 *                   the disk and the others not, as journals keep them; or, in
 *                   any order: any of them, but none whose names were changed
 *                   by one before that is not
 *
 * each file and each folder for itself.  A rename is whole or not at all: a
 * name leads to the old file or to the new one, and never to neither.  So a
 * rename may be on the disk when the bytes of what it renames are not.  A
 * folder whose own name is lost is lost with all that is in it.
 *
 * Enumerated after each call that changes something (of a row of fwrites, after
 * the last), each distinct state once:
 *   every number of changes of each folder, with all and with none of the
 *   others', and every way of the files (all in the same way, and each in each
 *   way while the others are kept);
 *   in any order, each change alone kept and alone lost, with files lost, kept
 *   and zeros; and random subsets with random ways, from a seed.             */
#ifndef FAULTS_DISK_H
#define FAULTS_DISK_H

#include "journal.h"

#include <stdint.h>

/* Forgets all; what is in this folder, and below, is on the disk. */
void disk_read(const char *folder);
/* What a process did next. */
void disk_apply(const journal_record *record);

typedef enum disk_order { DISK_IN_ORDER, DISK_ANY_ORDER } disk_order;

/* One of the states; disk_write makes a folder of it. */
typedef void (*disk_look)(void *user, disk_order order);
/* Calls look for those that were not yet seen with this word; random: how many
 * subsets.  Returns how many states were enumerated, seen before or not.    */
long disk_states(uint64_t word, int random, disk_look look, void *user);
void disk_seen_clear(void);
/* The state that look was called for, as a folder in the place of another; or,
 * outside of look, what the processes saw at the end.                       */
void disk_write(const char *folder);
/* What is left of the state, in words: for a report. */
const char *disk_story(void);

void folder_clear(const char *folder);
/* A hash with n bytes more. */
uint64_t disk_mix(uint64_t hash, const void *data, size_t n);

#endif
