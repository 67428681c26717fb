/* SPDX-License-Identifier: MIT */
/* The call as a whole: result, status, and which callbacks may be there at all. */
#include "rules_parts.h"

#define BYTES_MAX  16u
#define LENGTH_MAX 15u

enum { BIT_SUCCESS = 0, BIT_INTERNAL = 1, BIT_UNALIGNED = 5, BIT_INTERRUPT = 8, BIT_CANNOT = 9 };

static const char *const texts[] = {
    [RULES_HOLD] = "nothing",
#define RULE(name, text) [RULES_##name] = text,
#include "rules.def"
};

const char *rules_text(enum rules_rule rule)
{
    return texts[rule];
}

const WHV_REGISTER_VALUE *rules_answer(const struct rules_call *call, WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < call->count; i++) {
        const struct rules_event *event = &call->events[i];
        if (event->kind != RULES_GET || event->hr != S_OK)
            continue;
        const struct rules_register *found = rules_find(event, name);
        if (found)
            return &found->value;
    }
    return NULL;
}

static bool is_malformed(const struct rules_exit *exit)
{
    unsigned bytes =
        exit->is_io ? exit->io.InstructionByteCount : exit->memory.InstructionByteCount;
    if (bytes > BYTES_MAX || (exit->is_preview && exit->instruction_length > LENGTH_MAX))
        return true;
    if (exit->is_io)
        return !exit->io.AccessInfo.StringOp && exit->instruction_length == 0;
    return exit->memory.AccessInfo.AccessType > WHvMemoryAccessExecute;
}

static bool has_bad_port_size(const struct rules_exit *exit)
{
    unsigned size = exit->io.AccessInfo.AccessSize;
    return exit->is_io && !exit->io.AccessInfo.StringOp && size != 1 && size != 2 && size != 4;
}

/* Gva and Gpa disagree within their page: the Gpa may be that of a page table's entry. */
static bool has_stopped_walk(const struct rules_exit *exit)
{
    const WHV_MEMORY_ACCESS_CONTEXT *memory = &exit->memory;
    return !exit->is_io && memory->AccessInfo.GvaValid &&
           (memory->Gva ^ memory->Gpa) % RULES_PAGE != 0;
}

/* Exits that are answered without looking at the instruction. */
static enum rules_rule check_refused(const struct rules_exit *exit, const struct rules_call *call,
                                     bool *is_refused)
{
    unsigned bit = BIT_INTERRUPT;
    if (has_bad_port_size(exit) ||
        (!exit->vp.ExecutionState.InterruptionPending && has_stopped_walk(exit)))
        bit = BIT_INTERNAL;
    else if (!exit->vp.ExecutionState.InterruptionPending)
        return call->status == 1u << BIT_INTERRUPT ? RULES_STATUS_REFUSED : RULES_HOLD;
    *is_refused = true;
    return call->count == 0 && call->status == 1u << bit ? RULES_HOLD : RULES_STATUS_REFUSED;
}

static bool is_access(const struct rules_event *event)
{
    return event->kind == RULES_MEMORY || event->kind == RULES_IO;
}

static bool is_pending(const struct rules_call *call)
{
    const WHV_REGISTER_VALUE *event = rules_answer(call, WHvRegisterPendingEvent);
    const WHV_REGISTER_VALUE *interruption = rules_answer(call, WHvRegisterPendingInterruption);
    return (event && event->ExceptionEvent.EventPending) ||
           (interruption && interruption->PendingInterruption.InterruptionPending);
}

/* A translation that did not simply succeed, and what it means for the call. */
static enum rules_rule check_translation(const struct rules_exit *exit,
                                         const struct rules_call *call, size_t at)
{
    const struct rules_event *event = &call->events[at];
    bool is_last = at + 1 == call->count;
    if (rules_is_walked(event)) {
        const uint64_t page = rules_page(exit, event);
        if (page % RULES_PAGE == 0)
            return RULES_HOLD;
        if (page == RULES_NO_PAGE && event->result != WHvTranslateGvaResultSuccess)
            return is_last && call->status == 1u << BIT_INTERNAL ? RULES_HOLD : RULES_STATUS_ANSWER;
        return is_last && call->status == 1u << BIT_UNALIGNED ? RULES_HOLD : RULES_STATUS_UNALIGNED;
    }
    if (event->result >= WHvTranslateGvaResultIntercept)
        return is_last && call->status == 1u << BIT_INTERNAL ? RULES_HOLD : RULES_STATUS_ANSWER;
    for (size_t i = at + 1; i < call->count; i++) {
        if (call->events[i].kind != RULES_GET && call->events[i].kind != RULES_SET)
            return RULES_AFTER_FAULT;
    }
    return call->status == 1u << BIT_INTERNAL || call->status == 1u << BIT_UNALIGNED
               ? RULES_AFTER_FAULT
               : RULES_HOLD;
}

static bool has_odd_translation(const struct rules_exit *exit, const struct rules_call *call,
                                bool is_unaligned)
{
    const struct rules_event *last = call->count > 0 ? &call->events[call->count - 1] : NULL;
    if (!last || last->kind != RULES_TRANSLATE)
        return false;
    if (is_unaligned)
        return rules_is_walked(last) && rules_page(exit, last) % RULES_PAGE != 0;
    return last->result >= WHvTranslateGvaResultIntercept ||
           (rules_is_walked(last) && rules_page(exit, last) == RULES_NO_PAGE);
}

/* What is not supported is refused before anything is done; what a selector leads to, reads tell.
 */
static bool has_side_effect(const struct rules_call *call)
{
    const bool has_selector = rules_answer(call, WHvX64RegisterGdtr) != NULL;
    for (size_t i = 0; i < call->count; i++) {
        const struct rules_event *event = &call->events[i];
        if (event->kind == RULES_IO || (event->kind == RULES_MEMORY && event->direction == 1))
            return true;
        if (event->kind == RULES_TRANSLATE && !has_selector &&
            !(event->flags & WHvTranslateGvaFlagValidateExecute))
            return true;
    }
    return false;
}

static enum rules_rule check_without_failure(const struct rules_exit *exit,
                                             const struct rules_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->events[i].kind == RULES_TRANSLATE)
            RULES_TRY(check_translation(exit, call, i));
    }
    if (is_pending(call) != (call->status == 1u << BIT_CANNOT))
        return RULES_STATUS_PENDING;
    switch (call->status) {
    case 1u << BIT_SUCCESS:
    case 1u << BIT_CANNOT:
        return RULES_HOLD;
    case 1u << BIT_INTERNAL:
        if (has_odd_translation(exit, call, false))
            return RULES_HOLD;
        return has_side_effect(call) ? RULES_SIDE_EFFECT : RULES_HOLD;
    case 1u << BIT_UNALIGNED:
        return has_odd_translation(exit, call, true) ? RULES_HOLD : RULES_STATUS_UNALIGNED;
    default:
        return RULES_STATUS_OTHER;
    }
}

static enum rules_rule check_sets(const struct rules_call *call)
{
    size_t sets = 0;
    for (size_t i = 0; i < call->count; i++)
        sets += call->events[i].kind == RULES_SET;
    bool is_due = call->status == 1u << BIT_SUCCESS || call->status == 1u << RULES_SET;
    return sets == (is_due ? 1u : 0u) ? RULES_HOLD : RULES_SET_COUNT;
}

enum rules_rule rules_check_status(const struct rules_exit *exit, const struct rules_call *call)
{
    bool is_refused = false;
    if (call->hr != S_OK && call->hr != E_INVALIDARG)
        return RULES_RESULT;
    if ((call->hr == E_INVALIDARG) != is_malformed(exit))
        return RULES_ARGUMENT;
    if (call->hr == E_INVALIDARG)
        return call->count == 0 ? RULES_HOLD : RULES_ARGUMENT_CALLBACK;
    if (call->status == 0 || (call->status & (call->status - 1)) != 0 ||
        call->status > 1u << BIT_CANNOT)
        return RULES_STATUS_BITS;
    RULES_TRY(check_refused(exit, call, &is_refused));
    if (is_refused)
        return RULES_HOLD;
    if (call->count > 0 && call->events[call->count - 1].hr != S_OK) {
        if (call->status != 1u << call->events[call->count - 1].kind)
            return RULES_STATUS_FAILED;
    } else {
        RULES_TRY(check_without_failure(exit, call));
    }
    return check_sets(call);
}

/* IN merges what it read into RAX; 32 bits clear the upper half. SDM 1, 3.4.1.1. */
static enum rules_rule check_in(const struct rules_exit *exit, const struct rules_call *call,
                                const struct rules_event *set)
{
    const WHV_X64_IO_PORT_ACCESS_CONTEXT *io = &exit->io;
    if (!exit->is_io || io->AccessInfo.StringOp)
        return RULES_HOLD;
    const struct rules_event *access = NULL;
    for (size_t i = 0; i < call->count; i++) {
        if (is_access(&call->events[i]) || call->events[i].kind == RULES_TRANSLATE) {
            if (access || call->events[i].kind != RULES_IO)
                return RULES_PORT_EXIT;
            access = &call->events[i];
        }
    }
    if (!access)
        return RULES_PORT_EXIT;
    const struct rules_register *rax = rules_find(set, WHvX64RegisterRax);
    if (io->AccessInfo.IsWrite)
        return rax ? RULES_PORT_VALUE : RULES_HOLD;
    uint64_t keep = access->size == 4 ? 0 : ~((UINT64_C(1) << 8 * access->size) - 1);
    uint64_t expected = (io->Rax & keep) | access->data;
    return rax && rax->value.Reg64 == expected ? RULES_HOLD : RULES_PORT_VALUE;
}

static enum rules_rule check_final_set(const struct rules_exit *exit, const struct rules_call *call)
{
    const struct rules_event *set = &call->events[call->count - 1];
    if (rules_find(set, WHvRegisterPendingEvent))
        return rules_check_fault(exit, call, set);
    for (size_t i = 0; i < call->count; i++) {
        if (call->events[i].kind == RULES_TRANSLATE && !rules_is_walked(&call->events[i]))
            return RULES_AFTER_FAULT;
    }
    RULES_TRY(rules_check_retirement(exit, call, set));
    return check_in(exit, call, set);
}

enum rules_rule rules_check(const struct rules_exit *exit, const struct rules_call *call,
                            size_t *at)
{
    for (*at = 0; *at < call->count; ++*at)
        RULES_TRY(rules_check_event(exit, call, *at));
    if (call->is_unbounded)
        return RULES_UNBOUNDED;
    RULES_TRY(rules_check_status(exit, call));
    if (call->hr == S_OK && call->count > 0 && call->events[call->count - 1].kind == RULES_SET) {
        --*at;
        RULES_TRY(check_final_set(exit, call));
        ++*at;
    }
    return RULES_HOLD;
}
