/* SPDX-License-Identifier: MIT */
/**
 * @file verb_reverse.h
 * A verb that only tests have: writes the cases of PATH... in reverse order, `--prefix NAME` before
 * their ids.
 */
#ifndef WHVTRACE_TESTS_VERB_REVERSE_H
#define WHVTRACE_TESTS_VERB_REVERSE_H

#include "cli/verb.h"

extern const struct wht_verb verb_reverse;

#endif
