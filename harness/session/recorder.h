/* SPDX-License-Identifier: MIT */
/**
 * @file recorder.h
 * What an emulator does with a case, whatever the case expects: every callback as it was made and
 * answered, and the end of the call.
 *
 * Callbacks are answered by the guest of the case; devices and ports answer from the case's calls
 * by address. A byte that they do not answer is wht_pattern_byte() of its address; a register that
 * was not captured is 0. Each case is called at least twice with different poison in all that is
 * left undefined. One thread at a time.
 */
#ifndef WHVTRACE_SESSION_RECORDER_H
#define WHVTRACE_SESSION_RECORDER_H

#include "backend.h"
#include "poison.h"
#include "result.h"

/** One case as an emulator ran it. */
struct wht_recording {
    /** The case with what happened as its expectation, strict; NULL if no case can say it. Lives
     * until the recorder's next case, and no longer than the case it was made of. */
    const struct wht_case *made;
    const char *problem;     /**< why there is none, otherwise NULL */
    unsigned looked_at;      /**< mask of 1 << enum wht_poison */
    uint32_t broken;         /**< mask of 1 << enum wht_rule: rules that the emulator broke */
    bool is_unsteady;        /**< two equal calls went differently */
    uint32_t patterned;      /**< reads that wht_pattern_byte() answered, in whole or in part */
    uint32_t uncaptured;     /**< registers that the case does not know, asked for */
    const char *skip_reason; /**< the emulator cannot run this form of the API; otherwise NULL */
};

struct wht_recorder;

/**
 * Creates the emulator's handles, which stay alive across all cases.
 * @param backend must outlive the recorder.
 * @param error   WHT_BACKEND_ERROR_MAX bytes, receives one line on failure.
 * @return NULL if the emulator refuses.
 */
struct wht_recorder *wht_recorder_open(const struct wht_backend *backend, char *error);
/** The handle is never destroyed: the emulator cannot do it. */
void wht_recorder_keep_handle(struct wht_recorder *recorder);
void wht_recorder_close(struct wht_recorder *recorder);

void wht_record(struct wht_recorder *recorder, const struct wht_case *c,
                struct wht_recording *recording);

#endif
