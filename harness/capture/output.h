/* SPDX-License-Identifier: MIT */
/**
 * @file output.h
 * The files of a capture: limits, rotation, rings. Nothing here fails towards the caller; what goes
 * wrong is said once on stderr, and the cases are counted as lost.
 */
#ifndef WHVCAPTURE_OUTPUT_H
#define WHVCAPTURE_OUTPUT_H

#include <whvcapture/capture.h>

#include "lines.h"
#include "platform.h"
#include "ring.h"

/**
 * Takes the options, with defaults filled in, appends what dead processes left behind and writes
 * the header.
 */
void whvc_output_start(const struct whvcapture_options *options,
                       const struct whvc_provenance *provenance);

/** Appends the call in a ring. */
void whvc_output_call(const struct whvc_ring *ring);

/** Closes the file. */
void whvc_output_stop(void);

/** Maps a new ring. @param path receives its file, WHVC_PATH_MAX bytes. @return NULL if there is no
 * memory. */
struct whvc_ring *whvc_output_ring(uint32_t vp, struct whvc_mapping *mapping, char *path);

/** Adds up what was written and lost. */
void whvc_output_count(struct whvcapture_counts *counts);

#endif
