/* SPDX-License-Identifier: MIT */
/**
 * @file progress.h
 * The line on a terminal that says how far a run came.
 */
#ifndef WHVTRACE_CLI_PROGRESS_H
#define WHVTRACE_CLI_PROGRESS_H

#include <stdbool.h>

#include "format/find.h"
#include "report/summary.h"

/** Zero-initialise; release with wht_progress_line_free(). */
struct wht_progress_line {
    /** Otherwise nothing happens. */
    bool is_shown;
    /** A line of it is on the terminal. */
    bool is_there;
    uint64_t shown_ms;
    uint64_t started_ms;
    /** Bytes of the files before each, and of all. */
    uint64_t *bytes;
    size_t files;
};

/** Begins: now, with these files to run. */
void wht_progress_line_begin(struct wht_progress_line *line, const struct wht_file_list *files);

/** Shows the line, now and then. @param files_done of the list. */
void wht_progress_line_show(struct wht_progress_line *line, const struct wht_summary *summary,
                            size_t files_done);

/** Takes the line away, before something else is printed. */
void wht_progress_line_clear(struct wht_progress_line *line);
void wht_progress_line_free(struct wht_progress_line *line);

/**
 * Adds ", about 2 min left", or nothing as long as nobody can tell.
 * @param done of `all`, after so many milliseconds.
 */
void wht_add_time_left(struct wht_text *text, uint64_t done, uint64_t all, uint64_t elapsed_ms);

#endif
