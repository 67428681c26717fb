/* SPDX-License-Identifier: MIT */
/**
 * @file cause.h
 * The one line that names why a case failed, and the key by which failures are grouped.
 */
#ifndef WHVTRACE_EXPLAIN_CAUSE_H
#define WHVTRACE_EXPLAIN_CAUSE_H

#include "base/text.h"
#include "session/result.h"

/**
 * Adds the cause of a failure in one line: the clause that says most, then, if there is one, what
 * else is wrong. "call 2 of 2: memory write 0xb8200: data 1b instead of 1c; rflags has PF".
 * @param key receives a key that is equal for failures that look alike: the kind of difference
 *            without its values, and the mnemonic where results rather than the way to them differ.
 */
void wht_report_cause(struct wht_text *cause, struct wht_text *key, const struct wht_case *c,
                      const struct wht_case_result *result);

#endif
