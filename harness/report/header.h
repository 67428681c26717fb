/* SPDX-License-Identifier: MIT */
/**
 * @file header.h
 * What ran where, as people read it: the same rows in every report that has a header.
 */
#ifndef WHVTRACE_REPORT_HEADER_H
#define WHVTRACE_REPORT_HEADER_H

#include "event.h"

/** Takes a row. @param value of any bytes, to be escaped. */
typedef void wht_header_row_fn(void *user, const char *label, const char *value);

/** Hands out the rows: emulator, host, date, shard, suite, level, program. */
void wht_header_rows(const struct wht_report_run *run, wht_header_row_fn *row, void *user);

#endif
