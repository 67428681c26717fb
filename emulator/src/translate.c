/* SPDX-License-Identifier: MIT */
#include "translate.h"

#include <stddef.h>

static const struct whe_translation *search(const struct whe_translations *table, uint64_t key)
{
    for (unsigned i = 1; i <= table->count && i <= WHE_TRANSLATIONS; i++) {
        if (table->page[i].key == key)
            return &table->page[i];
    }
    return NULL;
}

enum whe_result whe_translate_other(struct whe_call *call, uint64_t key, uint64_t *gpa)
{
    const struct whe_translation *known = NULL;
    if (call->translations.count != 0)
        known = search(&call->translations, key);
    if (!known)
        return whe_translate_ask(call, key, gpa);
    *gpa |= known->gpa;
    return WHE_OK;
}
