/* SPDX-License-Identifier: MIT */
/* The addresses that repeats reach: only their offsets within a page matter, so a set of them is a
 * bit map. */
#include <string.h>

#include "take.h"

#define PAGE  0x1000u
#define WORDS (PAGE / 64)

struct offsets {
    uint64_t bits[WORDS];
};

/* @return the set moved up by `by` bytes, around the page. */
static struct offsets rotated(const struct offsets *set, unsigned by)
{
    struct offsets moved;
    unsigned words = by / 64 % WORDS;
    unsigned bits = by % 64;
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t own = set->bits[(i - words) % WORDS];
        uint64_t below = set->bits[(i - words - 1) % WORDS];
        moved.bits[i] = bits ? own << bits | below >> (64 - bits) : own;
    }
    return moved;
}

static void add(struct offsets *set, const struct offsets *more)
{
    for (unsigned i = 0; i < WORDS; i++)
        set->bits[i] |= more->bits[i];
}

/* What `turns` turns of `step` make of a set, by doubling. */
static struct offsets repeated(const struct offsets *set, uint64_t turns, uint64_t step)
{
    struct offsets all = *set;
    uint64_t done = 1;
    if (turns > PAGE)
        turns = PAGE; /* offsets come back after a page's worth of turns at the latest */
    while (done < turns) {
        uint64_t more = turns - done < done ? turns - done : done;
        struct offsets next = rotated(&all, (unsigned)(more * step % PAGE));
        add(&all, &next);
        done += more;
    }
    return all;
}

/* Whether a turn crosses a page although the first does not, which is reported elsewhere. */
static bool crosses(const struct offsets *moves, const struct wht_call *call)
{
    if (call->address % PAGE + call->size > PAGE)
        return false;
    struct offsets reached = rotated(moves, (unsigned)(call->address % PAGE));
    for (unsigned offset = PAGE - call->size + 1; offset < PAGE; offset++) {
        if (reached.bits[offset / 64] >> (offset % 64) & 1)
            return true;
    }
    return false;
}

/* Finds the list that an element's group holds. */
static const struct wht_node *children_of(const struct wht_node *node, const struct wht_call *call)
{
    return wht_node_member(node, call->kind == WHT_CALL_ANY_ORDER  ? "any_order"
                                 : call->kind == WHT_CALL_OPTIONAL ? "optional"
                                                                   : "calls");
}

/* Recursion is bounded by the document's depth. */
static bool check_calls(struct wht_check *check, const struct wht_node *list,
                        const struct wht_call *calls, const struct offsets *moves)
{
    bool is_good = true;
    const struct wht_call *call = calls;
    for (const struct wht_node *node = list->first; node; node = node->next, call++) {
        bool is_mem = call->kind == WHT_CALL_MEM_READ || call->kind == WHT_CALL_MEM_WRITE;
        const struct wht_node *gpa = moves && is_mem ? wht_node_member(node, "gpa") : NULL;
        if (gpa && crosses(moves, call))
            is_good = wht_fail(check, gpa,
                               "found an access of %u bytes that a turn of the repeat moves across "
                               "the end of a page, expected none that does",
                               call->size);
        if (!call->children)
            continue;
        struct offsets first = {.bits = {1}};
        const struct offsets *inner = moves;
        struct offsets moved;
        if (call->kind == WHT_CALL_REPEAT && call->step != 0) {
            moved = repeated(moves ? moves : &first, call->repeat, (uint64_t)call->step);
            inner = &moved;
        }
        is_good &= check_calls(check, children_of(node, call), call->children, inner);
    }
    return is_good;
}

bool wht_check_repeats(struct wht_check *check, const struct wht_node *node,
                       const struct wht_call *calls)
{
    return check_calls(check, node, calls, NULL);
}
