/* SPDX-License-Identifier: MIT */
/**
 * @file translate.h
 * From linear pages to guest-physical pages, each asked for once per purpose in a call.
 */
#ifndef WHE_TRANSLATE_H
#define WHE_TRANSLATE_H

#include "bits.h"
#include "call.h"
#include "host.h"

/**
 * Why a page is touched: the low bits of WHV_TRANSLATE_GVA_FLAGS, so that they need no conversion.
 */
enum whe_intent {
    WHE_INTENT_READ = WHvTranslateGvaFlagValidateRead,
    WHE_INTENT_WRITE = WHvTranslateGvaFlagValidateWrite,
    WHE_INTENT_EXECUTE = WHvTranslateGvaFlagValidateExecute,
    /** Descriptor tables and the TSS are read as supervisor, whatever CPL is. SDM 3A, 4.6.1. */
    WHE_INTENT_SYSTEM = WHvTranslateGvaFlagPrivilegeExempt
};

/** Starts with an empty table. */
static inline void whe_translations_init(struct whe_translations *table)
{
    table->count = 0;
    table->exit_allows = 0;
}

/**
 * Adds the exit's own translation: for the purpose of its access; what may be written may be read.
 * @param access WHV_MEMORY_ACCESS_TYPE of the exit, with a valid Gva.
 * @return false, and nothing is added, if Gva and Gpa disagree in their page offsets: then it may
 * have been the page walk that was stopped, at an entry of a table.
 */
static inline bool whe_translations_add_exit(struct whe_translations *table, unsigned access,
                                             uint64_t gva, uint64_t gpa)
{
    if (((gva ^ gpa) & WHE_PAGE_MASK) != 0)
        return false;
    /* Access types 0, 1, 2 stand for the purposes 1, 2, 4. */
    table->exit_allows = 1u << access | access % 2;
    table->exit_page = gva & ~WHE_PAGE_MASK;
    table->exit_gpa = gpa & ~WHE_PAGE_MASK;
    return true;
}

/** As whe_translate, where the exit's translation does not serve.
 * @param key page | intent.
 * @param gpa holds the offset within the page; the page's address is added. */
enum whe_result whe_translate_other(struct whe_call *call, uint64_t key, uint64_t *gpa);

/**
 * Translates one address.
 * @param linear an address in this mode's linear space.
 * @param intent mask of whe_intent; at least one bit.
 * @param gpa    receives the guest-physical address of the byte at `linear`.
 * @return WHE_OK; WHE_FAULT with #PF or #GP raised; WHE_TRANSLATE_FAILED, WHE_TRANSLATE_UNALIGNED
 * or WHE_BAD_ANSWER.
 */
static inline enum whe_result whe_translate(struct whe_call *call, uint64_t linear, unsigned intent,
                                            uint64_t *gpa)
{
    const struct whe_translations *table = &call->translations;
    const uint64_t below = linear & WHE_PAGE_MASK;
    const uint64_t page = linear - below;
    *gpa = below;
    if ((intent & ~table->exit_allows) != 0 || table->exit_page != page)
        return whe_translate_other(call, page | intent, gpa);
    *gpa = table->exit_gpa | below;
    return WHE_OK;
}

#endif
