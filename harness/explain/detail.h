/* SPDX-License-Identifier: MIT */
/**
 * @file detail.h
 * What differs in a failed case, for programs.
 */
#ifndef WHVTRACE_EXPLAIN_DETAIL_H
#define WHVTRACE_EXPLAIN_DETAIL_H

#include "base/text.h"
#include "session/result.h"

/**
 * Adds a JSON object: `detail` in schemas/report-1.schema.json. Nothing if the case did not run.
 */
void wht_report_detail(struct wht_text *text, const struct wht_case *c,
                       const struct wht_case_result *result);

#endif
