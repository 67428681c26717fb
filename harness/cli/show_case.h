/* SPDX-License-Identifier: MIT */
/**
 * @file show_case.h
 * A case as a person reads it.
 */
#ifndef WHVTRACE_CLI_SHOW_CASE_H
#define WHVTRACE_CLI_SHOW_CASE_H

#include "base/text.h"
#include "format/model.h"

void wht_show_case(struct wht_text *text, const struct wht_case *c);

#endif
