/* SPDX-License-Identifier: MIT */
#include "contract.h"

#include <stdint.h>

#include "progress.h"

#define STATUS_SUCCESSFUL 1u
#define STATUS_RESERVED   0xfffffc00u

static const char *const rule_texts[] = {
#define WHT_RULE(id, is_recordable, text) [WHT_RULE_##id] = text,
#include "rules.def"
};

static const bool recordable[] = {
#define WHT_RULE(id, is_recordable, text) [WHT_RULE_##id] = is_recordable,
#include "rules.def"
};

const char *wht_rule_text(enum wht_rule rule)
{
    return rule_texts[rule];
}

bool wht_rule_is_recordable(enum wht_rule rule)
{
    return recordable[rule];
}

static bool broken(struct wht_session *s, enum wht_rule rule, const struct wht_event *event)
{
    return s->observer->on_broken_rule(s->watcher, rule, event, (WHV_REGISTER_NAME)0);
}

static bool is_beyond_limits(const struct wht_session *s)
{
    return s->callbacks_max > 0 && (s->callbacks > s->callbacks_max || clock() > s->clock_end);
}

bool wht_contract_callback(struct wht_session *s, const VOID *context,
                           const struct wht_event *event)
{
    s->callbacks++;
    wht_progress_callback(event);
    if (is_beyond_limits(s) || !s->observer->on_callback(s->watcher, event))
        return false;
    if (context != s && !broken(s, WHT_RULE_CONTEXT, event))
        return false;
    if (s->has_failed)
        return broken(s, WHT_RULE_AFTER_FAILURE, event);
    if (s->is_set_done)
        return broken(s, event->kind == WHT_CALL_SET ? WHT_RULE_SECOND_SET : WHT_RULE_AFTER_SET,
                      event);
    return s->callbacks - s->listed <= WHT_UNLISTED_MAX || broken(s, WHT_RULE_TOO_MANY, event);
}

bool wht_contract_memory(struct wht_session *s, const VOID *access, const struct wht_event *event)
{
    if (!access)
        return broken(s, WHT_RULE_NULL_ARGUMENT, event);
    if (event->direction > 1)
        return broken(s, WHT_RULE_DIRECTION, event);
    if (event->size < 1 || event->size > 8)
        return broken(s, WHT_RULE_MEMORY_SIZE, event);
    if (event->address % WHT_PAGE_SIZE + event->size > WHT_PAGE_SIZE)
        return broken(s, WHT_RULE_PAGE_CROSSED, event);
    return true;
}

bool wht_contract_port(struct wht_session *s, const VOID *access, const struct wht_event *event)
{
    if (!access)
        return broken(s, WHT_RULE_NULL_ARGUMENT, event);
    if (event->direction > 1)
        return broken(s, WHT_RULE_DIRECTION, event);
    if (event->size != 1 && event->size != 2 && event->size != 4)
        return broken(s, WHT_RULE_PORT_SIZE, event);
    return true;
}

static bool names_twice(struct wht_session *s, const struct wht_event *event)
{
    for (uint32_t i = 1; i < event->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (event->names[i] == event->names[j])
                return !s->observer->on_broken_rule(s->watcher, WHT_RULE_NAMED_TWICE, event,
                                                    event->names[i]);
    return false;
}

static bool is_aligned(const void *pointer)
{
    return (uintptr_t)pointer % 16 == 0;
}

bool wht_contract_batch(struct wht_session *s, const struct wht_event *event, const void *names,
                        const void *values)
{
    if (event->count == 0)
        return true;
    if (!names || !values)
        return broken(s, WHT_RULE_NULL_ARGUMENT, event);
    if (event->count > WHT_BATCH_MAX)
        return broken(s, WHT_RULE_REGISTER_COUNT, event);
    if (names_twice(s, event))
        return false;
    /* Both arrays are told. */
    bool ok = is_aligned(names) || broken(s, WHT_RULE_UNALIGNED_NAMES, event);
    return (is_aligned(values) || broken(s, WHT_RULE_UNALIGNED_VALUES, event)) && ok;
}

bool wht_contract_translate(struct wht_session *s, const struct wht_event *event,
                            const void *result, const void *gpa)
{
    if (!result || !gpa)
        return broken(s, WHT_RULE_NULL_ARGUMENT, event);
    return event->address % WHT_PAGE_SIZE == 0 || broken(s, WHT_RULE_UNALIGNED_PAGE, event);
}

void wht_contract_end(struct wht_session *s, bool is_written, uint32_t status_poison)
{
    bool succeeded = s->hr == S_OK && (s->status & STATUS_SUCCESSFUL);
    if (is_written)
        broken(s, WHT_RULE_EXIT_CONTEXT_WRITTEN, NULL);
    /* The status is only defined if the call returned S_OK. */
    if (s->hr == S_OK && s->status == status_poison)
        broken(s, WHT_RULE_STATUS_NOT_WRITTEN, NULL);
    else if (s->hr == S_OK && (s->status & STATUS_RESERVED))
        broken(s, WHT_RULE_STATUS_RESERVED, NULL);
    if (s->is_set_done && !succeeded)
        broken(s, WHT_RULE_SET_IN_FAILED_CALL, NULL);
    else if (succeeded && !s->is_set_called)
        broken(s, WHT_RULE_NO_SET, NULL);
}
