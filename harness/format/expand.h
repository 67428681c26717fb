/* SPDX-License-Identifier: MIT */
/**
 * @file expand.h
 * A case as JSON again, with nothing left to a default: traces/FORMAT.md, "Digests".
 */
#ifndef WHVTRACE_FORMAT_EXPAND_H
#define WHVTRACE_FORMAT_EXPAND_H

#include "base/json_node.h"
#include "model.h"

enum wht_expansion {
    /** All that the model holds, as a case that is a document. `source`, `$comment` and `x-*` are
     * not in the model. */
    WHT_EXPAND_ALL,
    /** What decides how the case comes out: no name, no words, no registers that are 0 by default,
     * and lists whose order has no meaning sorted. */
    WHT_EXPAND_MEANING
};

/** @return an object in canonical order. */
struct wht_node *wht_expand_case(struct wht_arena *arena, const struct wht_case *c,
                                 enum wht_expansion expansion);

/** expand_calls.c: @return a list of expected callbacks. */
struct wht_node *wht_expand_calls(struct wht_arena *arena, const struct wht_call *calls,
                                  size_t count, enum wht_expansion expansion);

/** expand_regs.c: @return a register's plain value. */
struct wht_node *wht_expand_value(struct wht_arena *arena, WHV_REGISTER_NAME name,
                                  const WHV_REGISTER_VALUE *value);

/** expand_regs.c: @return a map of expected registers. */
struct wht_node *wht_expand_wants(struct wht_arena *arena, const struct wht_want_reg *regs,
                                  size_t count);

/** expand_regs.c: adds a member whose key is a register's name. */
struct wht_build;
void wht_expand_add_reg(struct wht_build *build, WHV_REGISTER_NAME name, struct wht_node *value);

#endif
