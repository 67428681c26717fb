/* SPDX-License-Identifier: MIT */
/**
 * @file shrink.h
 * What may be left out of a case, or made smaller: one change at a time, in an order that does not
 * depend on anything but the case. Whether a change holds is for minimize.c to find out.
 */
#ifndef WHVTRACE_CORPUS_SHRINK_H
#define WHVTRACE_CORPUS_SHRINK_H

#include "base/text.h"
#include "format/model.h"

/** What the expectation says of a case that was changed. */
enum wht_shrunk {
    /** There is no such change, nor one behind it. */
    WHT_SHRUNK_END,
    /** The case is as it was. */
    WHT_SHRUNK_NOTHING,
    /** It holds: nothing that was changed has a part in it, or less is asserted. */
    WHT_SHRUNK_SAFELY,
    /** It may be another one now. */
    WHT_SHRUNK_UNPROVED
};

/** Kinds of changes, in the order in which they are tried. */
enum wht_shrink {
    /** Note, tags, flags, free keys, what is given without need: of no consequence. */
    WHT_SHRINK_WORDS,
    WHT_SHRINK_LEVEL,
    WHT_SHRINK_CALLS,
    WHT_SHRINK_MEMORY,
    WHT_SHRINK_PAGES,
    /** All registers that have no part in it at once, then one by one. */
    WHT_SHRINK_UNUSED_REGISTERS,
    WHT_SHRINK_REGISTERS,
    WHT_SHRINK_EXIT,
    WHT_SHRINK_PREFIXES,
    WHT_SHRINK_BYTES,
    WHT_SHRINK_ANSWERS,
    /** Expected registers that stay as they were, which needs no word. */
    WHT_SHRINK_WANTED,
    WHT_SHRINK_KINDS
};

/**
 * Changes a case.
 * @param n    which change of its kind, from 0. After one that was kept the same number may stand
 *             for another one; when it stands for WHT_SHRUNK_NOTHING the next is due.
 * @param what receives what was changed, in words.
 */
enum wht_shrunk wht_shrink(struct wht_case *c, enum wht_shrink kind, size_t n,
                           struct wht_text *what);

#endif
