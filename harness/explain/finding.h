/* SPDX-License-Identifier: MIT */
/**
 * @file finding.h
 * One thing that is wrong, in a clause: "rip advances by 1 instead of 2", "rflags lacks OF".
 *
 * Each function adds the clause to a finding's text and what it has in common with others of its
 * kind, without values, to its key.
 */
#ifndef WHVTRACE_EXPLAIN_FINDING_H
#define WHVTRACE_EXPLAIN_FINDING_H

#include "base/text.h"
#include "session/result.h"

struct wht_finding {
    struct wht_text text;
    struct wht_text key;
    /** A wrong result rather than a wrong way: mnemonics fail apart. */
    bool is_of_the_instruction;
};

void wht_finding_free(struct wht_finding *finding);

/** A register; `diff` has an actual value that is not accepted. */
void wht_finding_register(struct wht_finding *finding, const struct wht_reg_diff *diff);

/** A run of memory. */
void wht_finding_memory(struct wht_finding *finding, const struct wht_memory_diff *diff);

/**
 * A callback of the expected kind whose fields differ.
 * @param r the result; its matched callbacks tell what was read before.
 */
void wht_finding_call(struct wht_finding *finding, const struct wht_case *c,
                      const struct wht_result *r);

#endif
