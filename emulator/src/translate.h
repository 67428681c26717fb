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

/** Why a page is touched: the low bits of WHV_TRANSLATE_GVA_FLAGS, so that they need no conversion.
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
    table->key[0] = 0; /* no key: every purpose has a bit */
}

/**
 * Adds the exit's own translation.
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
    table->key[0] = (gva & ~WHE_PAGE_MASK) | UINT64_C(1) << access;
    table->gpa[0] = gpa & ~WHE_PAGE_MASK;
    return true;
}

/**
 * What an answer other than success means. GpaUnmapped, GpaNoReadAccess and GpaNoWriteAccess are no
 * faults of the guest: the walk is done, and the page at which it ends is a device, or memory that
 * the virtual machine monitor has protected. WHvTranslateGva answers so for every page that is not
 * mapped.
 * @param key   page | intent that was asked for.
 * @param below offset of the access within the page.
 * @param page  the address that was answered, all ones if none was; the page's after WHE_OK: the
 * exit's own where the page is the exit's.
 * @return WHE_OK; WHE_FAULT with #PF or #GP raised; WHE_BAD_ANSWER.
 */
enum whe_result whe_translate_judge(struct whe_call *call, WHV_TRANSLATE_GVA_RESULT_CODE result,
                                    uint64_t key, uint64_t below, uint64_t *page);

/**
 * Asks for a page and remembers the answer.
 * @param key page | intent.
 * @param gpa holds the offset within the page; the page's address is added.
 */
static inline enum whe_result whe_translate_ask(struct whe_call *call, uint64_t key, uint64_t *gpa)
{
    struct whe_translations *table = &call->translations;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint64_t page;
    WHE_TRY(whe_host_translate(call, key & ~WHE_PAGE_MASK,
                               (key & WHE_PAGE_MASK) | WHvTranslateGvaFlagSetPageTableBits, &result,
                               &page));
    if (result != WHvTranslateGvaResultSuccess)
        WHE_TRY(whe_translate_judge(call, result, key, *gpa, &page));
    if ((page & WHE_PAGE_MASK) != 0)
        return WHE_TRANSLATE_UNALIGNED;
    const unsigned slot = 1 + table->count++ % WHE_TRANSLATIONS;
    table->key[slot] = key;
    table->gpa[slot] = page;
    *gpa |= page;
    return WHE_OK;
}

/** As whe_translate, for pages other than the exit's own. @param key, gpa as whe_translate_ask. */
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
    const uint64_t key = (linear - below) | intent;
    *gpa = below;
    if (table->key[0] != key)
        return whe_translate_other(call, key, gpa);
    *gpa = table->gpa[0] | below;
    return WHE_OK;
}

#endif
