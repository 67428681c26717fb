/* SPDX-License-Identifier: MIT */
/**
 * @file lost_frames.h
 * Results that the parent writes in the place of a worker that is gone.
 */
#ifndef WHVTRACE_RUN_LOST_FRAMES_H
#define WHVTRACE_RUN_LOST_FRAMES_H

#include "frame.h"
#include "lost.h"

/**
 * Adds the CASE of a case in which a worker was lost.
 * @param wants_json the frame says it as JSON, too.
 */
void wht_lost_case_frame(struct wht_text *out, const struct wht_begin_frame *begin,
                         const struct wht_lost *lost, uint64_t micros, bool wants_json);

/** Adds the MADE of such a case. */
void wht_lost_made_frame(struct wht_text *out, const struct wht_begin_frame *begin,
                         const struct wht_lost *lost);

/** Adds the ERROR of a file in which a worker was lost while it read. */
void wht_lost_error_frame(struct wht_text *out, const char *path, const struct wht_lost *lost);

#endif
