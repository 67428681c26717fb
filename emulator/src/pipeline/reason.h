/* SPDX-License-Identifier: MIT */
/**
 * @file reason.h
 * Why a call ended in InternalEmulationFailure, kept in a handle until somebody asks.
 */
#ifndef WHE_REASON_H
#define WHE_REASON_H

#include <stdint.h>

#include "result.h"

struct whe_reason {
    /** An enum whe_result. */
    uint16_t result;
    /** The decoder's number of the mnemonic that is refused. */
    uint16_t unknown;
    char text[160];
};

/** Keeps a result that result.def has a reason for. */
void whe_reason_keep(struct whe_reason *reason, enum whe_result result, uint16_t unknown);

/** @return the sentence, in reason->text; "" if nothing was kept. */
const char *whe_reason_text(struct whe_reason *reason);

#endif
