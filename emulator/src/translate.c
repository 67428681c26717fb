/* SPDX-License-Identifier: MIT */
#include "translate.h"

#include "event.h"
#include "host.h"

/* Asks for a page and remembers the answer. */
static enum whe_result ask(struct whe_call *call, uint64_t linear, unsigned intent, uint64_t *gpa)
{
    struct whe_translations *table = &call->translations;
    struct whe_translation *page = &table->page[1 + table->count % WHE_TRANSLATIONS];
    const uint64_t address = linear & ~WHE_PAGE_MASK;
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    page->key = address | intent;
    WHE_TRY(whe_host_translate(call, address, intent | WHvTranslateGvaFlagSetPageTableBits, &result,
                               &page->gpa));
    if (result != WHvTranslateGvaResultSuccess)
        return whe_fault_translate(call, result, linear, page->key & WHE_PAGE_MASK);
    if ((page->gpa & WHE_PAGE_MASK) != 0)
        return WHE_TRANSLATE_UNALIGNED;
    *gpa = page->gpa | (linear & WHE_PAGE_MASK);
    table->count++;
    return WHE_OK;
}

enum whe_result whe_translate_other(struct whe_call *call, uint64_t linear, unsigned intent,
                                    uint64_t *gpa)
{
    const struct whe_translations *table = &call->translations;
    const uint64_t key = (linear & ~WHE_PAGE_MASK) | intent;
    for (unsigned i = 1; i <= table->count && i <= WHE_TRANSLATIONS; i++) {
        if (table->page[i].key == key) {
            *gpa = table->page[i].gpa | (linear & WHE_PAGE_MASK);
            return WHE_OK;
        }
    }
    return ask(call, linear, intent, gpa);
}
