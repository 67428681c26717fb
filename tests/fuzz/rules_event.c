/* SPDX-License-Identifier: MIT */
/* One callback at a time. */
#include "rules_parts.h"

#define TRANSLATIONS_RECENT 4u

#define VALIDATE                                                                                   \
    (WHvTranslateGvaFlagValidateRead | WHvTranslateGvaFlagValidateWrite |                          \
     WHvTranslateGvaFlagValidateExecute)

const struct rules_register *rules_find(const struct rules_event *event, WHV_REGISTER_NAME name)
{
    for (uint32_t i = 0; i < event->count; i++) {
        if (event->registers[i].name == name)
            return &event->registers[i];
    }
    return NULL;
}

bool rules_is_64bit(WHV_REGISTER_NAME name)
{
    return (name >= WHvX64RegisterRax && name <= WHvX64RegisterRflags) ||
           (name >= WHvX64RegisterCr0 && name <= WHvX64RegisterXCr0) ||
           name == WHvX64RegisterEfer || name == WHvRegisterInterruptState ||
           name == WHvRegisterPendingInterruption || name == WHvX64RegisterPendingDebugException;
}

static bool is_vector_register(WHV_REGISTER_NAME name)
{
    return name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmmControlStatus;
}

/* Names that no Windows release rejects: one that it does not know fails the whole batch. */
static bool may_get(WHV_REGISTER_NAME name)
{
    return (name >= WHvX64RegisterRax && name <= WHvX64RegisterXCr0) || is_vector_register(name) ||
           name == WHvX64RegisterEfer || name == WHvRegisterPendingEvent ||
           name == WHvRegisterPendingInterruption || name == WHvRegisterInterruptState ||
           name == WHvX64RegisterPendingDebugException;
}

static bool may_set(WHV_REGISTER_NAME name)
{
    return (name >= WHvX64RegisterRax && name <= WHvX64RegisterCr8) || name == WHvX64RegisterEfer ||
           is_vector_register(name) || name == WHvRegisterPendingEvent ||
           name == WHvRegisterInterruptState || name == WHvX64RegisterPendingDebugException;
}

static bool is_given(const struct rules_exit *exit, WHV_REGISTER_NAME name)
{
    if (name == WHvX64RegisterRip || name == WHvX64RegisterRflags || name == WHvX64RegisterCs)
        return true;
    if (!exit->is_io)
        return false;
    if (name == WHvX64RegisterRax)
        return true;
    return exit->io.AccessInfo.StringOp &&
           (name == WHvX64RegisterRcx || name == WHvX64RegisterRsi || name == WHvX64RegisterRdi ||
            name == WHvX64RegisterDs || name == WHvX64RegisterEs);
}

/* The exit's own translation counts where its two addresses agree within the page. */
static bool is_exit_page(const struct rules_exit *exit, uint64_t gpa, bool is_write)
{
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &exit->memory;
    if (exit->is_io || !memory->AccessInfo.GvaValid ||
        (memory->Gva ^ memory->Gpa) % RULES_PAGE != 0 || (gpa ^ memory->Gpa) >= RULES_PAGE)
        return false;
    /* What may be written may be read. */
    return memory->AccessInfo.AccessType == WHvMemoryAccessWrite || !is_write;
}

bool rules_is_walked(const struct rules_event *event)
{
    return event->result == WHvTranslateGvaResultSuccess ||
           event->result == WHvTranslateGvaResultGpaUnmapped ||
           event->result == WHvTranslateGvaResultGpaNoReadAccess ||
           event->result == WHvTranslateGvaResultGpaNoWriteAccess;
}

/* The processor has told where the exit's page lies: that counts beside a device's answer. */
uint64_t rules_page(const struct rules_exit *exit, const struct rules_event *event)
{
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &exit->memory;
    if (event->result != WHvTranslateGvaResultSuccess && !exit->is_io &&
        memory->AccessInfo.GvaValid && memory->Gva / RULES_PAGE == event->address / RULES_PAGE)
        return memory->Gpa & ~(uint64_t)(RULES_PAGE - 1);
    return event->gpa;
}

static bool is_good_translation(const struct rules_exit *exit, const struct rules_event *event)
{
    return event->kind == RULES_TRANSLATE && event->hr == S_OK && rules_is_walked(event) &&
           rules_page(exit, event) % RULES_PAGE == 0;
}

static bool is_translated(const struct rules_exit *exit, const struct rules_call *call, size_t at)
{
    const struct rules_event *access = &call->events[at];
    uint64_t gpa = access->address;
    uint32_t wanted = access->direction == 1
                          ? WHvTranslateGvaFlagValidateWrite
                          : WHvTranslateGvaFlagValidateRead | WHvTranslateGvaFlagValidateExecute;
    for (size_t i = at; i > 0; i--) {
        const struct rules_event *event = &call->events[i - 1];
        if (is_good_translation(exit, event) && (rules_page(exit, event) ^ gpa) < RULES_PAGE &&
            (event->flags & wanted))
            return true;
    }
    return is_exit_page(exit, gpa, access->direction == 1);
}

bool rules_is_data(const struct rules_exit *exit, const struct rules_call *call, size_t at)
{
    const uint32_t others = WHvTranslateGvaFlagValidateExecute | WHvTranslateGvaFlagPrivilegeExempt;
    if (call->events[at].kind != RULES_MEMORY)
        return false;
    for (size_t i = at; i > 0; i--) {
        const struct rules_event *event = &call->events[i - 1];
        if (is_good_translation(exit, event) && (event->flags & others) &&
            (rules_page(exit, event) ^ call->events[at].address) < RULES_PAGE)
            return false;
    }
    return exit->memory.AccessInfo.AccessType != WHvMemoryAccessExecute ||
           !is_exit_page(exit, call->events[at].address, false);
}

static enum rules_rule check_memory(const struct rules_exit *exit, const struct rules_call *call,
                                    size_t at)
{
    const struct rules_event *event = &call->events[at];
    if (event->direction > 1)
        return RULES_DIRECTION;
    if (event->size < 1 || event->size > 8)
        return RULES_MEMORY_SIZE;
    if (event->address % RULES_PAGE + event->size > RULES_PAGE)
        return RULES_MEMORY_PAGE;
    if (event->direction == 1 && event->size < 8 && event->data >> 8 * event->size != 0)
        return RULES_MEMORY_EXCESS;
    return is_translated(exit, call, at) ? RULES_HOLD : RULES_MEMORY_UNTRANSLATED;
}

static enum rules_rule check_port_exit(const struct rules_exit *exit,
                                       const struct rules_event *event)
{
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *io = &exit->io;
    if (!exit->is_io)
        return RULES_HOLD;
    if (event->address != io->PortNumber || event->size != io->AccessInfo.AccessSize ||
        event->direction != io->AccessInfo.IsWrite)
        return RULES_PORT_EXIT;
    uint64_t mask = (UINT64_C(1) << 8 * event->size) - 1;
    if (event->direction == 1 && !io->AccessInfo.StringOp && event->data != (io->Rax & mask))
        return RULES_PORT_VALUE;
    return RULES_HOLD;
}

static enum rules_rule check_port(const struct rules_exit *exit, const struct rules_event *event)
{
    if (event->direction > 1)
        return RULES_DIRECTION;
    if (event->size != 1 && event->size != 2 && event->size != 4)
        return RULES_PORT_SIZE;
    if (event->direction == 1 && event->data >> 8 * event->size != 0)
        return RULES_PORT_EXCESS;
    return check_port_exit(exit, event);
}

static bool are_flags_good(uint32_t flags)
{
    const uint32_t all =
        VALIDATE | WHvTranslateGvaFlagPrivilegeExempt | WHvTranslateGvaFlagSetPageTableBits;
    uint32_t purpose = flags & VALIDATE;
    if ((flags & ~all) != 0 || purpose == 0 || !(flags & WHvTranslateGvaFlagSetPageTableBits))
        return false;
    /* Code is fetched; nothing else is done to it in the same breath. */
    return !(purpose & WHvTranslateGvaFlagValidateExecute) ||
           flags == (WHvTranslateGvaFlagValidateExecute | WHvTranslateGvaFlagSetPageTableBits);
}

static enum rules_rule check_translate(const struct rules_call *call, size_t at)
{
    const struct rules_event *event = &call->events[at];
    unsigned recent = 0;
    if (event->address % RULES_PAGE != 0)
        return RULES_TRANSLATE_PAGE;
    if (!are_flags_good(event->flags))
        return RULES_TRANSLATE_FLAGS;
    for (size_t i = at; i > 0 && recent < TRANSLATIONS_RECENT; i--) {
        const struct rules_event *before = &call->events[i - 1];
        if (before->kind != RULES_TRANSLATE)
            continue;
        recent++;
        if (before->address == event->address && before->flags == event->flags)
            return RULES_TRANSLATE_AGAIN;
    }
    return RULES_HOLD;
}

static enum rules_rule check_batch(const struct rules_event *event)
{
    if (event->count == 0)
        return RULES_BATCH_EMPTY;
    if (event->is_unaligned)
        return RULES_BATCH_ALIGNMENT;
    for (uint32_t i = 1; i < event->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (event->registers[i].name == event->registers[k].name)
                return RULES_BATCH_TWICE;
        }
    }
    return RULES_HOLD;
}

static enum rules_rule check_get(const struct rules_exit *exit, const struct rules_call *call,
                                 size_t at)
{
    const struct rules_event *event = &call->events[at];
    RULES_TRY(check_batch(event));
    for (uint32_t i = 0; i < event->count; i++) {
        WHV_REGISTER_NAME name = event->registers[i].name;
        if (!may_get(name))
            return RULES_GET_NAME;
        if (is_given(exit, name))
            return RULES_GET_GIVEN;
        for (size_t before = 0; before < at; before++) {
            if (call->events[before].kind == RULES_GET && rules_find(&call->events[before], name))
                return RULES_GET_AGAIN;
        }
    }
    return RULES_HOLD;
}

static enum rules_rule check_set(const struct rules_event *event)
{
    RULES_TRY(check_batch(event));
    for (uint32_t i = 0; i < event->count; i++) {
        WHV_REGISTER_NAME name = event->registers[i].name;
        if (!may_set(name))
            return RULES_SET_NAME;
        if (rules_is_64bit(name) && event->registers[i].value.Reg128.High64 != 0)
            return RULES_SET_EXCESS;
    }
    return RULES_HOLD;
}

enum rules_rule rules_check_event(const struct rules_exit *exit, const struct rules_call *call,
                                  size_t at)
{
    const struct rules_event *event = &call->events[at];
    if (event->is_foreign)
        return RULES_CONTEXT;
    if (at > 0 && call->events[at - 1].hr != S_OK)
        return RULES_AFTER_FAILURE;
    if (at > 0 && call->events[at - 1].kind == RULES_SET)
        return RULES_AFTER_SET;
    switch (event->kind) {
    case RULES_IO:
        return check_port(exit, event);
    case RULES_MEMORY:
        return check_memory(exit, call, at);
    case RULES_TRANSLATE:
        return check_translate(call, at);
    case RULES_GET:
        return check_get(exit, call, at);
    case RULES_SET:
        return check_set(event);
    }
    return RULES_HOLD;
}
