/* SPDX-License-Identifier: MIT */
/**
 * @file exit_defaults.h
 * What follows for an exit from a case's code and mode where its author said nothing.
 */
#ifndef WHVTRACE_FORMAT_EXIT_DEFAULTS_H
#define WHVTRACE_FORMAT_EXIT_DEFAULTS_H

#include "model.h"

/** Fills in what is not given. @param given mask of 1 << enum wht_exit_key: these stay. */
void wht_exit_fill_in(const struct wht_case *c, struct wht_exit *exit, unsigned given);

#endif
