/* SPDX-License-Identifier: MIT */
/**
 * @file take.h
 * The parts of a case, one source each: take_*.c reads the keys of its object into the model.
 */
#ifndef WHVTRACE_FORMAT_TAKE_H
#define WHVTRACE_FORMAT_TAKE_H

#include "check.h"

/** take_init.c: modes and registers. @param node NULL where the case has no `init`. */
bool wht_take_init(struct wht_check *check, const struct wht_node *node, struct wht_case *c);

/** take_exit.c: why the processor stopped. `code` and `init` must have been taken. */
bool wht_take_exit(struct wht_check *check, const struct wht_node *node, struct wht_case *c);

/** take_free.c: keeps the free members of an object, if it is one. */
void wht_take_free(struct wht_check *check, const struct wht_node *node,
                   struct wht_free_list *list);

/** take_memory.c: regions and translations. */
bool wht_take_memory(struct wht_check *check, const struct wht_node *node, struct wht_case *c);
bool wht_take_pages(struct wht_check *check, const struct wht_node *node, struct wht_case *c);

/** take_expect.c: what must happen. `init` must have been taken. */
bool wht_take_expect(struct wht_check *check, const struct wht_node *node, struct wht_case *c);

/** take_calls.c: a list of expected callbacks. */
bool wht_take_calls(struct wht_check *check, const struct wht_node *node, struct wht_case *c,
                    struct wht_call **calls, size_t *count);

/**
 * repeat.c: no turn of a repeat makes a memory access cross a page. @param node the list of calls.
 */
bool wht_check_repeats(struct wht_check *check, const struct wht_node *node,
                       const struct wht_call *calls);

/** take_calls.c: an HRESULT by name or in hex. */
bool wht_get_hresult(struct wht_check *check, const struct wht_node *node, HRESULT *hr);

/**
 * take_case.c: a whole case.
 * @param node    the case, defaults merged in.
 * @param is_file whether the case is a document of its own (`format` and `$schema` are allowed).
 * @return a new case, or NULL after reporting every error.
 */
struct wht_case *wht_take_case(struct wht_check *check, const struct wht_node *node, bool is_file);

/** take_case.c: checks `defaults` by themselves: what is there must be right, nothing need be. */
bool wht_take_defaults(struct wht_check *check, const struct wht_node *node);

#endif
