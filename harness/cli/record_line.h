/* SPDX-License-Identifier: MIT */
/**
 * @file record_line.h
 * A recording as text, on its way from a worker to its parent.
 */
#ifndef WHVTRACE_CLI_RECORD_LINE_H
#define WHVTRACE_CLI_RECORD_LINE_H

#include "replay/recorder.h"
#include "report/text.h"
#include "trace/node.h"

/** Adds an object's members, from behind the '{' to '}' and LF. */
void wht_members_line(struct wht_text *out, const struct wht_node *object);

/** Adds the members of a case but its id, from behind the '{' to '}' and LF. */
void wht_record_line(struct wht_text *out, const struct wht_case *c,
                     const struct wht_recording *recording);

/** Adds what is remarkable about a recording in one line, or nothing. */
void wht_record_remarks(struct wht_text *out, const struct wht_recording *recording);

#endif
