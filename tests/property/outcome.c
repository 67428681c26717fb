/* SPDX-License-Identifier: MIT */
#include "outcome.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#define INSTRUCTION_MAX 15u

void outcome_run(struct guest *guest, WHV_EMULATOR_HANDLE emulator, const struct guest_exit *exit,
                 struct outcome *outcome)
{
    static struct guest_reg before[GUEST_REGS_MAX];
    const size_t count = guest->reg_count;
    memcpy(before, guest->regs, count * sizeof(before[0]));

    outcome->result = guest_run(guest, emulator, exit);
    outcome->broken = guest->broken;
    cr_assert_leq(guest->log_count, OUTCOME_EVENTS, "%zu callbacks", guest->log_count);
    outcome->event_count = guest->log_count;
    memcpy(outcome->event, guest->log, guest->log_count * sizeof(guest->log[0]));
    outcome->reg_count = count;
    memcpy(outcome->reg, guest->regs, count * sizeof(before[0]));
    outcome->get_count = guest->get_count;
    memcpy(outcome->get_name, guest->get_names, guest->get_count * sizeof(guest->get_names[0]));
    outcome->set_count = guest->set_count;
    memcpy(outcome->set_name, guest->set_names, guest->set_count * sizeof(guest->set_names[0]));

    cr_assert(guest_undo(guest));
    memcpy(guest->regs, before, count * sizeof(before[0]));
    guest->reg_count = count;
}

bool outcome_is_fetch(const struct outcome *outcome, size_t index, uint64_t start)
{
    const struct guest_event *event = &outcome->event[index];
    if (event->kind == GUEST_TRANSLATE)
        return (event->size & WHvTranslateGvaFlagValidateExecute) != 0;
    if (event->kind != GUEST_MEMORY_ACCESS || event->is_write)
        return false;
    for (size_t i = 0; i < index; i++) {
        const struct guest_event *earlier = &outcome->event[i];
        if (!(earlier->kind == GUEST_MEMORY_ACCESS && !earlier->is_write) &&
            !(earlier->kind == GUEST_TRANSLATE &&
              (earlier->size & WHvTranslateGvaFlagValidateExecute)))
            return false;
    }
    return event->home - start < INSTRUCTION_MAX;
}

/* @return the next event that counts, from *index on; NULL at the end. */
static const struct guest_event *next(const struct outcome *outcome, size_t *index, unsigned ignore,
                                      uint64_t start)
{
    while (*index < outcome->event_count &&
           (((ignore & OUTCOME_FETCHES) && outcome_is_fetch(outcome, *index, start)) ||
            ((ignore & OUTCOME_TRANSLATIONS) && outcome->event[*index].kind == GUEST_TRANSLATE) ||
            ((ignore & OUTCOME_GETS) && outcome->event[*index].kind == GUEST_GET)))
        ++*index;
    return *index < outcome->event_count ? &outcome->event[(*index)++] : NULL;
}

static bool equal_events(const struct guest_event *a, const struct guest_event *b, unsigned ignore)
{
    if (a->kind != b->kind || a->size != b->size || a->is_write != b->is_write ||
        a->home != b->home)
        return false;
    bool is_placed = a->kind == GUEST_MEMORY_ACCESS;
    if (a->address != b->address && !(is_placed && (ignore & OUTCOME_PLACES)) &&
        !(a->kind == GUEST_SET && (ignore & OUTCOME_RFLAGS)))
        return false;
    return a->data == b->data || (a->kind == GUEST_SET && (ignore & OUTCOME_RFLAGS));
}

static const char *kind_name(const struct guest_event *event)
{
    switch (event->kind) {
    case GUEST_IO:
        return event->is_write ? "out" : "in";
    case GUEST_MEMORY_ACCESS:
        return event->is_write ? "write" : "read";
    case GUEST_TRANSLATE:
        return "translate";
    case GUEST_GET:
        return "get";
    default:
        return "set";
    }
}

static size_t describe(const struct guest_event *event, char *text, size_t size)
{
    int used = event ? snprintf(text, size, "%s %#llx size %#x data %#llx", kind_name(event),
                                (unsigned long long)event->address, event->size,
                                (unsigned long long)event->data)
                     : snprintf(text, size, "nothing");
    return used > 0 && (size_t)used < size ? (size_t)used : size;
}

static bool equal_logs(const struct outcome *a, const struct outcome *b, unsigned ignore,
                       uint64_t start, char *text, size_t size)
{
    size_t i = 0;
    size_t j = 0;
    for (;;) {
        const struct guest_event *left = next(a, &i, ignore, start);
        const struct guest_event *right = next(b, &j, ignore, start);
        if (!left && !right)
            return true;
        if (left && right && equal_events(left, right, ignore))
            continue;
        size_t used = describe(left, text, size);
        used += (size_t)snprintf(text + used, size - used, " against ");
        if (used < size)
            describe(right, text + used, size - used);
        return false;
    }
}

static bool equal_registers(const struct outcome *a, const struct outcome *b, unsigned ignore,
                            char *text, size_t size)
{
    for (size_t i = 0; i < a->reg_count; i++) {
        const struct guest_reg *left = &a->reg[i];
        const struct guest_reg *right = &b->reg[i];
        if ((ignore & OUTCOME_RFLAGS) && left->name == WHvX64RegisterRflags)
            continue;
        if (memcmp(&left->value, &right->value, sizeof(left->value)) == 0)
            continue;
        snprintf(text, size, "register %s: %#llx %#llx against %#llx %#llx",
                 guest_reg_name(left->name), (unsigned long long)left->value.Reg128.Low64,
                 (unsigned long long)left->value.Reg128.High64,
                 (unsigned long long)right->value.Reg128.Low64,
                 (unsigned long long)right->value.Reg128.High64);
        return false;
    }
    return true;
}

bool outcome_equal(const struct outcome *a, const struct outcome *b, unsigned ignore,
                   uint64_t start, char *text, size_t size)
{
    text[0] = 0;
    if (a->result.hr != b->result.hr || a->result.status != b->result.status) {
        snprintf(text, size, "result %#x, status %#x against %#x, %#x", (unsigned)a->result.hr,
                 a->result.status, (unsigned)b->result.hr, b->result.status);
        return false;
    }
    return equal_logs(a, b, ignore, start, text, size) && equal_registers(a, b, ignore, text, size);
}

const WHV_REGISTER_VALUE *outcome_reg(const struct outcome *outcome, WHV_REGISTER_NAME name)
{
    size_t i = 0;
    while (i < outcome->reg_count && outcome->reg[i].name != name)
        i++;
    cr_assert_lt(i, outcome->reg_count, "register %#x is not known", (unsigned)name);
    return &outcome->reg[i].value;
}

const char *outcome_about(WHV_REGISTER_NAME name, const char *what)
{
    static char text[128];
    snprintf(text, sizeof(text), "%s: %s", guest_reg_name(name), what);
    return text;
}

bool outcome_has_set(const struct outcome *outcome, WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < outcome->set_count; i++) {
        if (outcome->set_name[i] == name)
            return true;
    }
    return false;
}

int outcome_vector(const struct outcome *outcome)
{
    if (!outcome_has_set(outcome, WHvRegisterPendingEvent))
        return -1;
    return (int)outcome_reg(outcome, WHvRegisterPendingEvent)->ExceptionEvent.Vector;
}

size_t outcome_count(const struct outcome *outcome, enum guest_callback kind)
{
    size_t count = 0;
    for (size_t i = 0; i < outcome->event_count; i++)
        count += outcome->event[i].kind == kind;
    return count;
}
