/* SPDX-License-Identifier: MIT */
/**
 * @file invoke.h
 * Handles of an emulator, and the call of it that a case stands for. Internal to replay.
 */
#ifndef WHVTRACE_SESSION_INVOKE_H
#define WHVTRACE_SESSION_INVOKE_H

#include "backend.h"
#include "format/model.h"

/** One handle for each form of the API that the emulator has. */
struct wht_handles {
    const struct wht_backend *backend;
    WHV_EMULATOR_HANDLE shipping;
    /** NULL: it has no preview form. */
    WHV_EMULATOR_HANDLE preview;
};

/**
 * Creates the handles.
 * @param table copied; the preview form's table is made of it.
 * @param error WHT_BACKEND_ERROR_MAX bytes, receives one line on failure; NULL if not wanted.
 * @return false if the emulator refuses; then nothing is left open.
 */
bool wht_handles_open(struct wht_handles *handles, const struct wht_backend *backend,
                      const WHV_EMULATOR_CALLBACKS *table, char *error);
void wht_handles_close(struct wht_handles *handles);

/** Leaves handles open for good: the emulator cannot destroy them. */
void wht_handles_keep(struct wht_handles *handles);

/**
 * Hands the exit of a case to the emulator. A preview case needs handles->preview.
 * @param context Context of the callbacks.
 * @param filler  fills the instruction bytes behind those that the exit gives.
 * @param status  the status word, in and out.
 * @param written receives whether the emulator wrote to the exit context, which is the caller's;
 *                never of a preview case, whose contexts are not const.
 * @return what the emulator returned.
 */
HRESULT wht_invoke(const struct wht_handles *handles, const struct wht_case *c, void *context,
                   uint8_t filler, uint32_t *status, bool *written);

/**
 * Asks why the last call, of this case, ended in InternalEmulationFailure.
 * @param reason n bytes; receives one line of ASCII, "" if the emulator does not say.
 */
void wht_invoke_reason(const struct wht_handles *handles, const struct wht_case *c, char *reason,
                       size_t n);

#endif
