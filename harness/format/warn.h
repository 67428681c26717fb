/* SPDX-License-Identifier: MIT */
/**
 * @file warn.h
 * What the format allows and a case can hardly mean: an exit that its code cannot cause, entries
 * that nothing uses, states that no processor has. Warnings go where errors go; the case stays
 * good. What a case says on purpose it says with `deliberate`.
 */
#ifndef WHVTRACE_FORMAT_WARN_H
#define WHVTRACE_FORMAT_WARN_H

#include "check.h"

/** warn.c: gives every warning of a case. @param node the case, defaults merged in. */
void wht_warn_case(struct wht_check *check, const struct wht_node *node, const struct wht_case *c);

/** warn.c: once all cases are read: entries of `defaults` of which no case makes use. */
void wht_warn_defaults(struct wht_check *check, const struct wht_node *defaults);

/** warn_exit.c: what the exit says and the code cannot do. */
void wht_warn_exit(struct wht_check *check, const struct wht_node *node, const struct wht_case *c);

/** warn_state.c: registers that do not go together in any processor. Those that were not captured
 * are not judged. */
void wht_warn_state(struct wht_check *check, const struct wht_node *node, const struct wht_case *c);

/** warn_exit.c: what the case's `pages` make of an address. @return false where nobody can say. */
bool wht_case_translate(const struct wht_case *c, uint64_t linear, enum wht_access access,
                        uint64_t *gpa);

#endif
