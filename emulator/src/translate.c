/* SPDX-License-Identifier: MIT */
#include "translate.h"

#include "event.h"
#include "host.h"

static void remember(struct whe_translations *table, uint64_t key, uint64_t gpa)
{
    unsigned slot = table->count++ % WHE_TRANSLATIONS;
    table->key[slot] = key;
    table->gpa[slot] = gpa;
}

static enum whe_result ask(struct whe_call *call, uint64_t linear, unsigned intent, uint64_t *page)
{
    WHV_TRANSLATE_GVA_RESULT_CODE result;
    uint32_t flags = intent | WHvTranslateGvaFlagSetPageTableBits;
    WHE_TRY(whe_host_translate(call, linear & ~WHE_PAGE_MASK, flags, &result, page));
    if (result != WHvTranslateGvaResultSuccess)
        return whe_fault_translate(call, result, linear, intent);
    if ((*page & WHE_PAGE_MASK) != 0)
        return WHE_TRANSLATE_UNALIGNED;
    return WHE_OK;
}

enum whe_result whe_translate_other(struct whe_call *call, uint64_t linear, unsigned intent,
                                    uint64_t *gpa)
{
    struct whe_translations *table = &call->translations;
    uint64_t key = (linear & ~WHE_PAGE_MASK) | intent;
    unsigned filled = table->count < WHE_TRANSLATIONS ? table->count : WHE_TRANSLATIONS;
    for (unsigned i = 0; i < filled; i++) {
        if (table->key[i] == key) {
            *gpa = table->gpa[i] | (linear & WHE_PAGE_MASK);
            return WHE_OK;
        }
    }
    uint64_t page;
    WHE_TRY(ask(call, linear, intent, &page));
    remember(table, key, page);
    *gpa = page | (linear & WHE_PAGE_MASK);
    return WHE_OK;
}
