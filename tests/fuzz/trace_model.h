/* SPDX-License-Identifier: MIT */
/**
 * @file trace_model.h
 * What model.h promises of a case that was accepted.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TRACE_MODEL_H
#define WHVTRACE_TESTS_FUZZ_TRACE_MODEL_H

#include "format/model.h"

/** @return what is wrong with a case, or NULL. */
const char *trace_check_case(const struct wht_case *c);

/** @return what is wrong with a message for a terminal, or NULL. */
const char *trace_check_text(const char *text);

#endif
