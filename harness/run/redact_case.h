/* SPDX-License-Identifier: MIT */
/**
 * @file redact_case.h
 * Replacing the data in a case: every byte by another one, the same one everywhere in the case, so
 * that what is copied still matches. 00 and ff stay, and so does the top bit of each byte, so that
 * extended values match as well.
 *
 * It hides contents from a reader. It is no encryption: lengths and repetitions show, and who knows
 * part of the data knows part of the table.
 */
#ifndef WHVTRACE_RUN_REDACT_CASE_H
#define WHVTRACE_RUN_REDACT_CASE_H

#include "format/model.h"

enum wht_redaction {
    /** All data but what tells addresses, counts and code. */
    WHT_REDACT_ALL,
    /** Only what the emulator does not look at. */
    WHT_REDACT_UNTOUCHED
};

/** What must stay. */
struct wht_redact_plan {
    uint8_t table[256];
    enum wht_redaction redaction;
    WHV_REGISTER_NAME kept[64];
    size_t kept_count;
    /** UNTOUCHED: accesses whose memory stays. */
    const struct wht_call *touched;
    size_t touched_count;
};

/** Makes the table of a case: seed and id decide. */
void wht_redact_table(uint64_t seed, const char *id, uint8_t table[256]);

/** Adds a register to those that stay. */
void wht_redact_keep(struct wht_redact_plan *plan, WHV_REGISTER_NAME name);

/** Replaces the data in a case. @return how many bytes changed. */
size_t wht_redact_case(const struct wht_redact_plan *plan, struct wht_case *c);

#endif
