/* SPDX-License-Identifier: MIT */
/**
 * @file format.h
 * The canonical form of a whole trace file: what canonical.h says of order and spelling, in the
 * layout of write.h. A corpus is read and written as a stream.
 *
 * It is idempotent, and a file and its canonical form load as the same cases.
 */
#ifndef WHVTRACE_FORMAT_FORMAT_H
#define WHVTRACE_FORMAT_FORMAT_H

#include "base/json_write.h"
#include "load.h"

enum wht_formatted {
    /** The file has its canonical form; for gzip its text counts. */
    WHT_FORMATTED_SAME,
    /** It has not. */
    WHT_FORMATTED_DIFFERS,
    WHT_FORMATTED_REWRITTEN,
    /** Errors were reported; the file is as it was. */
    WHT_FORMATTED_INVALID,
    /** The file system said no; reported; the file is as it was. */
    WHT_FORMATTED_FAILED
};

/**
 * Writes the canonical form of a file.
 * @param options for errors; `asm` is always compared with `code`.
 * @return false if the file is invalid, after every error was reported; what was written is
 * incomplete then.
 */
bool wht_format(const char *path, const struct wht_load_options *options,
                const struct wht_writer *writer);

/**
 * Compares a file with its canonical form.
 * @param line receives the first line that differs, if one does.
 */
enum wht_formatted wht_format_check(const char *path, const struct wht_load_options *options,
                                    uint32_t *line);

/**
 * Gives a file its canonical form: writes a file beside it, loads that again, compares the cases
 * and puts it in place of the old one. A link stays a link, permissions stay. The same text makes
 * the same bytes of gzip.
 */
enum wht_formatted wht_format_rewrite(const char *path, const struct wht_load_options *options);

#endif
