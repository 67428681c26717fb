/* SPDX-License-Identifier: MIT */
#include "translate.h"

#include <stddef.h>

#include "event.h"

/* The walk of the page tables was completed; what is wrong is the page at which it ended. */
static bool is_walked(WHV_TRANSLATE_GVA_RESULT_CODE result)
{
    return result == WHvTranslateGvaResultGpaUnmapped ||
           result == WHvTranslateGvaResultGpaNoReadAccess ||
           result == WHvTranslateGvaResultGpaNoWriteAccess;
}

/*
 * What an answer other than success means. GpaUnmapped, GpaNoReadAccess and GpaNoWriteAccess are no
 * faults of the guest: WHvTranslateGva answers so for every page that is not mapped, which is what
 * a device is, and for memory that the virtual machine monitor has protected. The address is the
 * exit's where the page is the exit's, since the processor has told that.
 */
static enum whe_result judge(struct whe_call *call, WHV_TRANSLATE_GVA_RESULT_CODE result,
                             uint64_t key, uint64_t below, uint64_t *page)
{
    const struct whe_translations *table = &call->translations;
    const uint64_t linear = key & ~WHE_PAGE_MASK;
    if (!is_walked(result))
        return whe_fault_translate(call, result, linear | below, key & WHE_PAGE_MASK);
    if (table->exit_allows != 0 && table->exit_page == linear)
        *page = table->exit_gpa;
    return *page == WHE_HOST_NO_PAGE ? WHE_BAD_ANSWER : WHE_OK;
}

/* Asks for a page and remembers the answer. */
static enum whe_result ask(struct whe_call *call, uint64_t key, uint64_t *gpa)
{
    struct whe_translations *table = &call->translations;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint64_t page;
    WHE_TRY(whe_host_translate(call, key & ~WHE_PAGE_MASK,
                               (key & WHE_PAGE_MASK) | WHvTranslateGvaFlagSetPageTableBits, &result,
                               &page));
    if (result != WHvTranslateGvaResultSuccess)
        WHE_TRY(judge(call, result, key, *gpa, &page));
    if ((page & WHE_PAGE_MASK) != 0)
        return WHE_TRANSLATE_UNALIGNED;
    const unsigned slot = table->count++ % WHE_TRANSLATIONS;
    table->key[slot] = key;
    table->gpa[slot] = page;
    *gpa |= page;
    return WHE_OK;
}

enum whe_result whe_translate_other(struct whe_call *call, uint64_t key, uint64_t *gpa)
{
    const struct whe_translations *table = &call->translations;
    for (unsigned i = 0; i < table->count && i < WHE_TRANSLATIONS; i++) {
        if (table->key[i] == key) {
            *gpa |= table->gpa[i];
            return WHE_OK;
        }
    }
    return ask(call, key, gpa);
}
