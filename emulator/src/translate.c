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

enum whe_result whe_translate_judge(struct whe_call *call, WHV_TRANSLATE_GVA_RESULT_CODE result,
                                    uint64_t key, uint64_t below, uint64_t *page)
{
    const struct whe_translations *table = &call->translations;
    const uint64_t linear = key & ~WHE_PAGE_MASK;
    if (!is_walked(result))
        return whe_fault_translate(call, result, linear | below, key & WHE_PAGE_MASK);
    if (table->key[0] != 0 && (table->key[0] & ~WHE_PAGE_MASK) == linear)
        *page = table->gpa[0];
    return *page == WHE_HOST_NO_PAGE ? WHE_BAD_ANSWER : WHE_OK;
}

/* @return the page of a key, or NULL. */
static const uint64_t *search(const struct whe_translations *table, uint64_t key)
{
    for (unsigned i = 1; i <= table->count && i <= WHE_TRANSLATIONS; i++) {
        if (table->key[i] == key)
            return &table->gpa[i];
    }
    return NULL;
}

enum whe_result whe_translate_other(struct whe_call *call, uint64_t key, uint64_t *gpa)
{
    const uint64_t *page = NULL;
    if (call->translations.count != 0)
        page = search(&call->translations, key);
    if (!page)
        return whe_translate_ask(call, key, gpa);
    *gpa |= *page;
    return WHE_OK;
}
