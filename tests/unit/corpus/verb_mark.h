/* SPDX-License-Identifier: MIT */
/**
 * @file verb_mark.h
 * A verb that only tests have: of the cases of PATH... those outside of long mode get RAX 1 and
 * the tag `--tag WORD`, and those that have it are left out.
 */
#ifndef WHVTRACE_TESTS_VERB_MARK_H
#define WHVTRACE_TESTS_VERB_MARK_H

#include "cli/verb.h"

extern const struct wht_verb verb_mark;

#endif
