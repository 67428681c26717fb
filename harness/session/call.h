/* SPDX-License-Identifier: MIT */
/**
 * @file call.h
 * A session and its calls: a case is taken up once and called as often as its owner likes. Internal
 * to this folder.
 */
#ifndef WHVTRACE_SESSION_CALL_H
#define WHVTRACE_SESSION_CALL_H

#include "session.h"

/** Takes up a case. @return false if memory ran out. */
bool wht_session_load(struct wht_session *session, const struct wht_case *c);
void wht_session_free(struct wht_session *session);

/** Back to the state before a call. */
void wht_session_start(struct wht_session *session, unsigned flipped);
/** Calls the emulator for the case; handles were created with wht_session_callbacks. */
void wht_session_call(struct wht_session *session, const struct wht_handles *handles);

#endif
