/* SPDX-License-Identifier: MIT */
/**
 * @file contract.h
 * The rules of rules.def: all of them are checked here, whatever the case says. Each function tells
 * the observer of what is broken, and returns whether the callback is answered.
 */
#ifndef WHVTRACE_SESSION_CONTRACT_H
#define WHVTRACE_SESSION_CONTRACT_H

#include "session.h"

/** Callbacks of one call that are answered although the case does not list them; the text of
 * WHT_RULE_TOO_MANY tells it. */
#define WHT_UNLISTED_MAX 1000000u

/** What holds for every callback, in its place among the others. Counts it. */
bool wht_contract_callback(struct wht_session *session, const VOID *context,
                           const struct wht_event *event);
/** @param access NULL breaks a rule. */
bool wht_contract_memory(struct wht_session *session, const VOID *access,
                         const struct wht_event *event);
bool wht_contract_port(struct wht_session *session, const VOID *access,
                       const struct wht_event *event);
/**
 * A Get or Set.
 * @param event  its arrays may be aligned copies.
 * @param names  the emulator's own array, and
 * @param values likewise: their alignment is judged.
 */
bool wht_contract_batch(struct wht_session *session, const struct wht_event *event,
                        const void *names, const void *values);
bool wht_contract_translate(struct wht_session *session, const struct wht_event *event,
                            const void *result, const void *gpa);

/**
 * The end of the call, with session->hr and status.
 * @param is_written    whether the exit context was written to.
 * @param status_poison what the status word held before.
 */
void wht_contract_end(struct wht_session *session, bool is_written, uint32_t status_poison);

#endif
