/* SPDX-License-Identifier: MIT */
/**
 * @file import_report.h
 * What `import` says on stderr: lines about a file, of which so many are enough, and at the end
 * which of the recorded calls did not succeed.
 */
#ifndef WHVTRACE_CLI_IMPORT_REPORT_H
#define WHVTRACE_CLI_IMPORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "format/load.h"

/** Lines that are printed about one file. */
#define WHT_IMPORT_LINES_MAX 100

/** Kinds of failure that are told apart; calls beyond them are counted together. */
#define WHT_IMPORT_ROWS_MAX 256

/** Names of cases that stand in a row. */
#define WHT_IMPORT_NAMES_MAX 3

/** Calls of one instruction that ended in one way. */
struct wht_import_row {
    char mnemonic[32];
    char status[160];
    char id[WHT_IMPORT_NAMES_MAX][128];
    uint64_t count;
};

struct wht_import_report {
    /** About the file at hand, those included that are not printed. */
    uint64_t lines;
    struct wht_import_row *rows;
    size_t row_count;
    /** Calls beyond the rows. */
    uint64_t others;
};

/** Prints a line, or counts it where so many stand already. */
void wht_import_say(struct wht_import_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The same for what a reader finds; `user` is the report. */
void wht_import_error(void *user, const struct wht_error *error);

/** Says how many lines about the file were not printed; the next one begins. */
void wht_import_end_of_file(struct wht_import_report *report, const char *path);

/** Notes a call that did not succeed, and the case that it became. */
void wht_import_unsuccessful(struct wht_import_report *report, const char *mnemonic,
                             const char *status, const char *id);

/** Prints a table of those calls, the most frequent first; nothing if there are none. */
void wht_import_table(struct wht_import_report *report);

void wht_import_report_free(struct wht_import_report *report);

#endif
