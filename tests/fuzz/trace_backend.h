/* SPDX-License-Identifier: MIT */
/**
 * @file trace_backend.h
 * The built-in emulator with callbacks that fail after some time: a trace may ask for a REP without
 * end, and whvtrace leaves that to the time limit of its workers.
 */
#ifndef WHVTRACE_TESTS_FUZZ_TRACE_BACKEND_H
#define WHVTRACE_TESTS_FUZZ_TRACE_BACKEND_H

#include "session/backend.h"

#define TRACE_CALLBACKS_MAX 4096u

/** One at a time; nothing to close. */
struct wht_backend trace_backend(void);

/** @return whether a call since the last question was ended for making too many callbacks. */
bool trace_backend_was_ended(void);

#endif
