/* SPDX-License-Identifier: MIT */
/**
 * @file output.h
 * Where a report goes: standard output or a file, which appears when the report is whole
 * (base/outfile.h). The first failure to write is kept and told at the end; what comes after it is
 * dropped.
 */
#ifndef WHVTRACE_REPORT_OUTPUT_H
#define WHVTRACE_REPORT_OUTPUT_H

#include <stdio.h>

#include "base/outfile.h"
#include "base/text.h"

enum wht_output_mode {
    WHT_OUTPUT_PLAIN,
    /** After what the file holds already, all of it at the end. */
    WHT_OUTPUT_APPENDED,
    /** wht_output_patch() is used: what cannot be sought in is spooled. */
    WHT_OUTPUT_PATCHED
};

struct wht_output {
    /** NULL: standard output. */
    const char *path;
    /** What is written to; NULL: not open. */
    FILE *file;
    /** Where a spool goes at the end; NULL: there is no spool. */
    FILE *target;
    /** Errno of the first failure, 0: none. */
    int error;
    struct wht_outfile out;
};

/**
 * Opens a report's file.
 * @param path must outlive the output; NULL for standard output.
 * @return false if it cannot be written to, with errno set and a reason in out.error.
 */
bool wht_output_open(struct wht_output *output, const char *path, enum wht_output_mode mode);

void wht_output_write(struct wht_output *output, const char *bytes, size_t size);
/** Writes a text and empties it. */
void wht_output_text(struct wht_output *output, struct wht_text *text);
/** Hands over what was written so far. */
void wht_output_flush(struct wht_output *output);

/** @return a place to come back to, in a WHT_OUTPUT_PATCHED output. */
fpos_t wht_output_mark(struct wht_output *output);
/** Overwrites bytes at a place; what is written next goes to the end again. */
void wht_output_patch(struct wht_output *output, const fpos_t *mark, const char *bytes,
                      size_t size);

/**
 * Closes the output, standard output excepted.
 * @param is_whole whether a file is wanted: if not, what it held before stays.
 * @return 0, or errno of the first failure; what a file held before stays then.
 */
int wht_output_close(struct wht_output *output, bool is_whole);

#endif
