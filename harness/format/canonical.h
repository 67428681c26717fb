/* SPDX-License-Identifier: MIT */
/**
 * @file canonical.h
 * The one order and spelling of a trace file's JSON: traces/FORMAT.md, "The canonical form".
 *
 * Keys stand in the order of the format's tables: `$schema` and `$comment` first, then the keys of
 * the object, registers by their number, `x-*` last as the author ordered them. Hexadecimal digits
 * are lower case, bytes are pairs with one blank between them. Nothing is added or left out but
 * `asm`; lists keep their order, and values their leading zeros and `_`.
 */
#ifndef WHVTRACE_FORMAT_CANONICAL_H
#define WHVTRACE_FORMAT_CANONICAL_H

#include "base/json_node.h"
#include "model.h"

/**
 * Rebuilds a case.
 * @param document holds the node; a case that is a whole document has `format` as well.
 * @param node     a valid case as it stands in the file, without what comes from `defaults`.
 * @param c        the same case as the loader understood it.
 */
struct wht_node *wht_canonical_case(struct wht_arena *arena, const struct wht_document *document,
                                    const struct wht_node *node, const struct wht_case *c);

/** Rebuilds a suite or the first line of a corpus; `cases` is left empty. */
struct wht_node *wht_canonical_header(struct wht_arena *arena, const struct wht_document *document,
                                      const struct wht_node *node);

#endif
