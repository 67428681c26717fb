/* SPDX-License-Identifier: MIT */
#include "injection.h"

#include <stdlib.h>

#define PURPOSES                                                                                   \
    (WHvTranslateGvaFlagValidateRead | WHvTranslateGvaFlagValidateWrite |                          \
     WHvTranslateGvaFlagValidateExecute)

static bool changes_an_answer(const struct wht_call *call)
{
    if (call->has_fail)
        return call->kind != WHT_CALL_IO_IN && call->kind != WHT_CALL_IO_OUT;
    return call->kind == WHT_CALL_TRANSLATE &&
           ((call->has_result && call->result != WHvTranslateGvaResultSuccess) ||
            (call->has_gpa && call->gpa % WHT_PAGE_SIZE != 0));
}

static bool add(void *user, const struct wht_expected_call *expected)
{
    struct wht_injections *injections = user;
    if (!changes_an_answer(expected->call))
        return true;
    if (injections->count == injections->capacity) {
        injections->capacity = injections->capacity ? 2 * injections->capacity : 16;
        injections->items =
            realloc(injections->items, injections->capacity * sizeof(*injections->items));
        if (!injections->items)
            abort();
    }
    injections->items[injections->count++] = (struct wht_injection){.call = expected->call};
    return true;
}

void wht_injections_load(struct wht_injections *injections, const struct wht_case *c)
{
    injections->count = 0;
    wht_visit_elements(c->expect.calls, c->expect.call_count, add, injections);
}

void wht_injections_reset(struct wht_injections *injections)
{
    for (size_t i = 0; i < injections->count; i++)
        injections->items[i].is_used = false;
}

void wht_injections_free(struct wht_injections *injections)
{
    free(injections->items);
    *injections = (struct wht_injections){.items = NULL};
}

static bool names_contain(const struct wht_event *event, const struct wht_call *call)
{
    for (size_t i = 0; i < call->reg_count; i++) {
        uint32_t j = 0;
        while (j < event->count && event->names[j] != call->regs[i].name)
            j++;
        if (j == event->count)
            return false;
    }
    return true;
}

/* Two purposes of one page are two translations: where an element names its own, they must meet. */
static bool translates_for(const struct wht_event *event, const struct wht_call *call)
{
    uint32_t wanted = call->has_flags ? call->flags & PURPOSES : 0;
    return call->address == event->address && (wanted == 0 || (wanted & event->flags));
}

static bool is_meant(const struct wht_call *call, const struct wht_event *event)
{
    if (call->kind != event->kind)
        return false;
    if (call->kind == WHT_CALL_GET || call->kind == WHT_CALL_SET)
        return names_contain(event, call);
    if (call->kind == WHT_CALL_TRANSLATE)
        return translates_for(event, call);
    return call->address - event->address < event->size ||
           event->address - call->address < call->size;
}

const struct wht_call *wht_injections_find(struct wht_injections *injections,
                                           const struct wht_event *event)
{
    for (size_t i = 0; i < injections->count; i++) {
        struct wht_injection *injection = &injections->items[i];
        if (injection->is_used || !is_meant(injection->call, event))
            continue;
        injection->is_used = true;
        return injection->call;
    }
    return NULL;
}
