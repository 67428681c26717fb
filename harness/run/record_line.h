/* SPDX-License-Identifier: MIT */
/**
 * @file record_line.h
 * A recording as text, on its way from a worker to its parent.
 */
#ifndef WHVTRACE_RUN_RECORD_LINE_H
#define WHVTRACE_RUN_RECORD_LINE_H

#include "base/json_node.h"
#include "base/text.h"
#include "session/recorder.h"

/** Adds the members of the case that was recorded, see wht_members_write(). */
void wht_record_line(struct wht_text *out, const struct wht_case *c,
                     const struct wht_recording *recording);

/** Adds what is remarkable about a recording in one line, or nothing. */
void wht_record_remarks(struct wht_text *out, const struct wht_recording *recording);

#endif
