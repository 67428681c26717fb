/* SPDX-License-Identifier: MIT */
/**
 * @file print.h
 * A case of the model as JSON: the one place that writes cases.
 */
#ifndef WHVTRACE_FORMAT_PRINT_H
#define WHVTRACE_FORMAT_PRINT_H

#include "base/json_node.h"
#include "model.h"

enum wht_print {
    /** All that the model holds, with every default filled in, as a case that is a document. */
    WHT_PRINT_ALL,
    /** What decides how the case comes out (traces/FORMAT.md, "Digests"): no name, no words, no
     * registers that are 0 by default, and lists whose order has no meaning sorted. */
    WHT_PRINT_MEANING,
    /** What the loader would not fill in, and what is given (model.h), as a line of a corpus. */
    WHT_PRINT_SHORT,
    /** The same as a document: with `format`, and `$schema` if the case has one. */
    WHT_PRINT_FILE
};

/** @return an object in canonical form, to be written with base/json_write.h. */
struct wht_node *wht_print_case(struct wht_arena *arena, const struct wht_case *c,
                                enum wht_print form);

/** @return the first line of a corpus that says where each of its cases came from. */
struct wht_node *wht_print_header(struct wht_arena *arena, const struct wht_source *source);

#endif
