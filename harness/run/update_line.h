/* SPDX-License-Identifier: MIT */
/**
 * @file update_line.h
 * What came out of a failing case, as what it could expect instead: made and tried in a worker, on
 * its way to the parent.
 */
#ifndef WHVTRACE_RUN_UPDATE_LINE_H
#define WHVTRACE_RUN_UPDATE_LINE_H

#include "base/text.h"
#include "format/model.h"
#include "session/backend.h"

struct wht_updater;

/** @param error WHT_BACKEND_ERROR_MAX bytes, receives one line on failure. */
struct wht_updater *wht_updater_open(const struct wht_backend *backend, char *error);
/** The handles are never destroyed: the emulator cannot do it. */
void wht_updater_keep_handle(struct wht_updater *updater);
void wht_updater_close(struct wht_updater *updater);

/**
 * Runs a case; if it fails, finds an expectation with which it passes.
 * @param members receives members of a pending result (pending.h), see wht_members_write(); nothing
 * if the case passes.
 * @param remark  receives what is to be known of it, in one line, or nothing.
 * @return why there is none, until the next case, or NULL.
 */
const char *wht_update_line(struct wht_updater *updater, const struct wht_case *c,
                            struct wht_text *members, struct wht_text *remark);

#endif
