/* SPDX-License-Identifier: MIT */
#include "translate.h"

#include <stddef.h>

#include "event.h"

enum whe_result whe_translate_refused(struct whe_call *call, WHV_TRANSLATE_GVA_RESULT_CODE result,
                                      uint64_t key, uint64_t below)
{
    return whe_fault_translate(call, result, (key & ~WHE_PAGE_MASK) | below, key & WHE_PAGE_MASK);
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
