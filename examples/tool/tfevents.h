/* tfevents.h - the same metrics as TensorBoard reads them
 *
 * A file is a row of records: the length of the data in 8 bytes, a checksum of
 * these, the data, a checksum of the data; all numbers little-endian, checksums
 * CRC-32C, rotated and shifted. The data are one message of Protocol Buffers:
 * an Event of a time (1), a step (2) and a version (3) or a summary (5), which
 * has values (1) of a tag (1) and a float (2).                              */

#ifndef SPPO_TOOL_TFEVENTS_H
#define SPPO_TOOL_TFEVENTS_H

#include "buffer.h"

/* The record that a file begins with. */
void tfevents_begin(buffer *out);

/* One of a step, values[0]; the others, those that are numbers, under their
 * names. The time of an event is its step too: the same run, the same file. */
void tfevents_add(buffer *out, const char *const *name, const double *value,
                  int count);

/* Bytes of the records in front that are whole and of no later step, of the
 * step itself no more than `most`.                                          */
size_t tfevents_until(const char *data, size_t size, int step, int most);

#endif
