/* SPDX-License-Identifier: MIT */
/**
 * @file callbacks.h
 * The five callbacks of a session.
 */
#ifndef WHVTRACE_SESSION_CALLBACKS_H
#define WHVTRACE_SESSION_CALLBACKS_H

#include "session.h"

/** The table is the same for every session; the Context is the session that is served. */
extern const WHV_EMULATOR_CALLBACKS wht_session_callbacks;

/** Tells which session the callbacks of this thread belong to; NULL: none. */
void wht_callbacks_serve(struct wht_session *session);

#endif
