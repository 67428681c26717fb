/* SPDX-License-Identifier: MIT */
/**
 * @file replayer.h
 * Runs cases against one emulator.
 *
 * A replayer keeps one handle of the emulator (one more for the preview form) alive across all its
 * cases. Every case is called twice at its level, then once at each weaker level. One thread at a
 * time.
 */
#ifndef WHVTRACE_SESSION_REPLAYER_H
#define WHVTRACE_SESSION_REPLAYER_H

#include "backend.h"
#include "result.h"

struct wht_replayer;

/**
 * Creates the emulator's handle.
 * @param backend must outlive the replayer.
 * @param error   WHT_BACKEND_ERROR_MAX bytes, receives a one-line message on failure.
 * @return NULL if the emulator refuses or memory ran out.
 */
struct wht_replayer *wht_replayer_open(const struct wht_backend *backend, char *error);

/** Destroys the handles; NULL is allowed. */
/**
 * From now on no second handle is created and none is destroyed: the emulator cannot do it. What
 * lingers of earlier cases is then not told from what is wrong by itself.
 */
void wht_replayer_keep_handle(struct wht_replayer *replayer);
void wht_replayer_close(struct wht_replayer *replayer);

/**
 * Runs a case at the weaker of its own level and the given one. A case with `todo` fails, and
 * passes at no level, whatever the emulator does.
 * @param outcome points into the replayer and into the case; valid until the next case.
 */
void wht_replay(struct wht_replayer *replayer, const struct wht_case *c, enum wht_match level,
                struct wht_case_result *outcome);

#endif
