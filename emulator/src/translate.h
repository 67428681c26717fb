/* SPDX-License-Identifier: MIT */
/**
 * @file translate.h
 * From linear pages to guest-physical pages, each asked for once per purpose in a call.
 */
#ifndef WHE_TRANSLATE_H
#define WHE_TRANSLATE_H

#include "call.h"

/** Why a page is touched: the low bits of WHV_TRANSLATE_GVA_FLAGS, so that they need no conversion.
 */
enum whe_intent {
    WHE_INTENT_READ = WHvTranslateGvaFlagValidateRead,
    WHE_INTENT_WRITE = WHvTranslateGvaFlagValidateWrite,
    WHE_INTENT_EXECUTE = WHvTranslateGvaFlagValidateExecute,
    /** Descriptor tables and the TSS are read as supervisor, whatever CPL is. SDM 3A, 4.6.1. */
    WHE_INTENT_SYSTEM = WHvTranslateGvaFlagPrivilegeExempt
};

/**
 * Starts the table with the exit's own translation where that can be trusted: the address must be
 * valid, and Gva and Gpa must agree in their page offsets (they do not where the page walk itself
 * was stopped).
 */
void whe_translations_init(struct whe_call *call);

/**
 * Translates one address.
 * @param linear an address in this mode's linear space.
 * @param intent mask of whe_intent; at least one bit.
 * @param gpa    receives the guest-physical address of the byte at `linear`.
 * @return WHE_OK; WHE_FAULT with #PF or #GP raised; WHE_TRANSLATE_FAILED, WHE_TRANSLATE_UNALIGNED
 * or WHE_BAD_ANSWER.
 */
enum whe_result whe_translate(struct whe_call *call, uint64_t linear, unsigned intent,
                              uint64_t *gpa);

#endif
