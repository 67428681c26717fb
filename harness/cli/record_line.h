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

/** Adds the members of the case that was recorded, see wht_corpus_out_members(). */
void wht_record_line(struct wht_text *out, const struct wht_case *c,
                     const struct wht_recording *recording);

/** Adds what is remarkable about a recording in one line, or nothing. */
void wht_record_remarks(struct wht_text *out, const struct wht_recording *recording);

#endif
