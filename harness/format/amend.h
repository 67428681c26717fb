/* SPDX-License-Identifier: MIT */
/**
 * @file amend.h
 * Changing an author's text where its meaning changes, and nowhere else: what is the same stays as
 * it is written, with its order, its layout and its free keys.
 */
#ifndef WHVTRACE_FORMAT_AMEND_H
#define WHVTRACE_FORMAT_AMEND_H

#include "base/json_node.h"
#include "base/json_write.h"

struct wht_edit;

/** A text and what changes in it. */
struct wht_amendment {
    struct wht_arena *arena;
    /** JSON that was parsed, whose nodes are given below. */
    const char *text;
    size_t size;
    /** A line of a corpus. */
    bool is_line;
    struct wht_edit *edits;
    size_t count;
    size_t room;
};

/**
 * Gives a member of an object another meaning.
 * @param object   in the text; its numbers are spelt.
 * @param was, now what the member means, both printed in the same form (print.h); NULL: it is not
 * there.
 */
void wht_amend_member(struct wht_amendment *amendment, const struct wht_node *object,
                      const char *key, const struct wht_node *was, const struct wht_node *now);

/** Writes the text with its changes. */
void wht_amend_write(struct wht_amendment *amendment, const struct wht_writer *writer);

/** Releases all but the arena. */
void wht_amend_free(struct wht_amendment *amendment);

#endif
