/* SPDX-License-Identifier: MIT */
/* What the Set at the end of a call writes. */
#include "rules_parts.h"

#define RFLAGS_STATUS UINT64_C(0x8d5) /* OF SF ZF AF PF CF */
#define RFLAGS_TF     UINT64_C(0x100)
#define RFLAGS_POPF   UINT64_C(0x2c7700) /* ID VIF AC NT IOPL DF IF TF */
#define RFLAGS_RF     UINT64_C(0x10000)
#define RFLAGS_IRET   UINT64_C(0x180000) /* VIP VIF */
#define SINGLE_STEP   UINT64_C(0x10)     /* of PendingDebugException */
#define SHADOW        UINT64_C(1)        /* of InterruptState */
#define NMI_MASKED    UINT64_C(2)
#define LENGTH_MAX    15u

#define PF_PRESENT  1u
#define PF_WRITE    2u
#define PF_USER     4u
#define PF_RESERVED 8u
#define PF_FETCH    16u
#define EFER_NXE    (UINT64_C(1) << 11)
#define CR4_SMEP    (UINT64_C(1) << 20)
#define RFLAGS_VM   UINT64_C(0x20000)

enum {
    DE = 0,
    BR = 5,
    UD = 6,
    NM = 7,
    NP = 11,
    SS = 12,
    GP = 13,
    PF = 14,
    MF = 16,
    AC = 17,
    XM = 19
};

static bool is_64bit_code(const struct rules_exit *exit)
{
    return exit->vp.ExecutionState.EferLma && exit->vp.Cs.Long;
}

/* What loads CS may do what IRET does, and an interrupt. */
static bool is_far(const struct rules_event *set)
{
    return rules_find(set, WHvX64RegisterCs) != NULL;
}

/* A branch writes nothing but RIP, LOOP rCX too, CALL and RET rSP and the stack; what retires with
   every instruction goes along. A far one marks a descriptor. */
static bool may_be_branch(const struct rules_exit *exit, const struct rules_call *call,
                          const struct rules_event *set)
{
    bool has_pushed = is_far(set);
    for (uint32_t i = 0; i < set->count; i++) {
        switch (set->registers[i].name) {
        case WHvX64RegisterRsp:
            has_pushed = true;
            break;
        case WHvX64RegisterSs:
            if (!is_far(set))
                return false;
            break;
        case WHvX64RegisterCs:
        case WHvX64RegisterRip:
        case WHvX64RegisterRcx:
        case WHvX64RegisterRflags: /* RF: check_rflags() */
        case WHvX64RegisterPendingDebugException:
        case WHvRegisterInterruptState:
            break;
        default:
            return false;
        }
    }
    for (size_t i = 0; i < call->count; i++) {
        const struct rules_event *event = &call->events[i];
        if (event->kind == RULES_IO ||
            (event->kind == RULES_MEMORY && event->direction != 0 && !has_pushed))
            return false;
    }
    return !exit->is_io;
}

/* @return whether RIP may become `rip`; length receives by how much it advances. */
static bool is_rip_good(const struct rules_exit *exit, const struct rules_event *set,
                        bool is_branch, uint64_t rip, unsigned *length)
{
    const struct rules_register *cs = rules_find(set, WHvX64RegisterCs);
    bool is_64bit =
        cs ? exit->vp.ExecutionState.EferLma && cs->value.Segment.Long : is_64bit_code(exit);
    uint64_t mask = is_64bit ? UINT64_MAX : UINT32_MAX;
    uint64_t distance = (rip - exit->vp.Rip) & mask;
    *length = (unsigned)(distance & 0xff);
    if (rip == exit->vp.Rip) /* nothing is written that was not there */
        return true;
    if (is_branch)
        return (rip & ~mask) == 0;
    if (distance > LENGTH_MAX || (rip & ~mask) != 0)
        return false;
    return !exit->is_io || exit->io.AccessInfo.StringOp || *length == exit->instruction_length;
}

static enum rules_rule check_rflags(const struct rules_exit *exit, const struct rules_event *set,
                                    bool is_done)
{
    const struct rules_register *rflags = rules_find(set, WHvX64RegisterRflags);
    uint64_t before = exit->vp.Rflags;
    uint64_t after = rflags ? rflags->value.Reg64 : before;
    uint64_t allowed = RFLAGS_STATUS | RFLAGS_POPF | RFLAGS_RF | (is_far(set) ? RFLAGS_IRET : 0);
    if (((before ^ after) & ~allowed) != 0 || (!is_far(set) && (~before & after & RFLAGS_RF)))
        return RULES_RFLAGS_BITS;
    return is_done && !is_far(set) && (after & RFLAGS_RF) ? RULES_RFLAGS_RESUME : RULES_HOLD;
}

/* IRET lets NMIs through; nothing keeps them away. */
static bool is_state_good(uint64_t before, uint64_t after, bool is_return)
{
    const uint64_t changed = (before ^ after) & ~SHADOW;
    return changed == 0 || (is_return && changed == NMI_MASKED && (before & NMI_MASKED));
}

static enum rules_rule check_shadow(const struct rules_exit *exit, const struct rules_call *call,
                                    const struct rules_event *set, bool *has_begun)
{
    const struct rules_register *state = rules_find(set, WHvRegisterInterruptState);
    const WHV_REGISTER_VALUE *before = rules_answer(call, WHvRegisterInterruptState);
    *has_begun = false;
    if (!state)
        return exit->vp.ExecutionState.InterruptShadow ? RULES_SHADOW : RULES_HOLD;
    if (!before || !is_state_good(before->Reg64, state->value.Reg64, is_far(set)))
        return RULES_SHADOW;
    if (is_far(set) && !exit->vp.ExecutionState.InterruptShadow)
        return RULES_HOLD;
    *has_begun = (state->value.Reg64 & SHADOW) != 0;
    return *has_begun && !rules_find(set, WHvX64RegisterSs) ? RULES_SHADOW : RULES_HOLD;
}

/* An interrupt does not trap. */
static enum rules_rule check_trap(const struct rules_exit *exit, const struct rules_event *set,
                                  bool is_blocked)
{
    const struct rules_register *trap = rules_find(set, WHvX64RegisterPendingDebugException);
    bool is_due = (exit->vp.Rflags & RFLAGS_TF) && !is_blocked;
    if ((trap != NULL) != is_due)
        return RULES_TRAP;
    return trap && trap->value.Reg64 != SINGLE_STEP ? RULES_TRAP : RULES_HOLD;
}

enum rules_rule rules_check_retirement(const struct rules_exit *exit, const struct rules_call *call,
                                       const struct rules_event *set)
{
    const struct rules_register *rip = rules_find(set, WHvX64RegisterRip);
    unsigned length = 0;
    bool has_begun_shadow = false;
    if (!rip)
        return RULES_RIP_MISSING;
    const bool is_branch = may_be_branch(exit, call, set);
    if (!is_rip_good(exit, set, is_branch, rip->value.Reg64, &length))
        return RULES_RIP_VALUE;
    RULES_TRY(check_shadow(exit, call, set, &has_begun_shadow));
    const bool is_interrupt = is_far(set) && rules_answer(call, WHvX64RegisterIdtr);
    RULES_TRY(check_trap(exit, set, has_begun_shadow || is_interrupt));
    /* Only a REP that is stepped through ends where it began, and a branch to itself. */
    if (length == 0 && !is_branch &&
        (!rules_find(set, WHvX64RegisterPendingDebugException) ||
         !rules_find(set, WHvX64RegisterRcx)))
        return RULES_RIP_VALUE;
    return check_rflags(exit, set, length > 0 || is_branch);
}

static unsigned privilege(const struct rules_exit *exit)
{
    WHV_X64_VP_EXECUTION_STATE state = exit->vp.ExecutionState;
    bool is_vm86 = !state.EferLma && state.Cr0Pe && (exit->vp.Rflags & RFLAGS_VM);
    return is_vm86 ? 3 : state.Cpl;
}

static bool has_bit(const struct rules_call *call, WHV_REGISTER_NAME name, uint64_t bit)
{
    const WHV_REGISTER_VALUE *value = rules_answer(call, name);
    return value && (value->Reg64 & bit) != 0;
}

/* SDM 3A, 4.7. */
static uint32_t page_fault_code(const struct rules_exit *exit, const struct rules_call *call,
                                const struct rules_event *translation)
{
    uint32_t code = 0;
    if (translation->result != WHvTranslateGvaResultPageNotPresent)
        code |= PF_PRESENT;
    if (translation->result == WHvTranslateGvaResultInvalidPageTableFlags)
        code |= PF_RESERVED;
    if (translation->flags & WHvTranslateGvaFlagValidateWrite)
        code |= PF_WRITE;
    if (privilege(exit) == 3 && !(translation->flags & WHvTranslateGvaFlagPrivilegeExempt))
        code |= PF_USER;
    if ((translation->flags & WHvTranslateGvaFlagValidateExecute) &&
        (has_bit(call, WHvX64RegisterEfer, EFER_NXE) || has_bit(call, WHvX64RegisterCr4, CR4_SMEP)))
        code |= PF_FETCH;
    return code;
}

static enum rules_rule check_reason(const struct rules_exit *exit, const struct rules_call *call,
                                    const WHV_X64_PENDING_EXCEPTION_EVENT *event)
{
    const struct rules_event *translation = NULL;
    for (size_t i = 0; i < call->count; i++) {
        if (call->events[i].kind == RULES_TRANSLATE && !rules_is_walked(&call->events[i]))
            translation = &call->events[i];
    }
    bool is_page_fault =
        translation && translation->result <= WHvTranslateGvaResultInvalidPageTableFlags;
    if ((event->Vector == PF) != is_page_fault)
        return RULES_FAULT_REASON;
    if (!translation)
        return RULES_HOLD;
    if (!is_page_fault)
        return event->Vector == GP && event->ErrorCode == 0 ? RULES_HOLD : RULES_FAULT_REASON;
    if ((event->ExceptionParameter ^ translation->address) >= RULES_PAGE)
        return RULES_FAULT_REASON;
    return event->ErrorCode == page_fault_code(exit, call, translation) ? RULES_HOLD
                                                                        : RULES_FAULT_CODE;
}

/* A fault must not cost a device a read: every page is asked for before the first access, unless a
   REP has got on, or a descriptor is looked for whose selector was read, or has been. */
static enum rules_rule check_order(const struct rules_exit *exit, const struct rules_call *call)
{
    const uint32_t others = WHvTranslateGvaFlagValidateExecute | WHvTranslateGvaFlagPrivilegeExempt;
    bool has_data = false, is_table = false;
    for (size_t i = 0; i < call->count; i++) {
        const struct rules_event *event = &call->events[i];
        if (event->kind == RULES_TRANSLATE && !(event->flags & others) && !rules_is_walked(event) &&
            has_data)
            return RULES_FAULT_ORDER;
        if (event->kind == RULES_TRANSLATE)
            is_table = (event->flags & WHvTranslateGvaFlagPrivilegeExempt) != 0;
        has_data |= !is_table && rules_is_data(exit, call, i);
    }
    return RULES_HOLD;
}

static bool has_error_code(unsigned vector)
{
    return vector >= NP && vector <= AC && vector != 15 && vector != 16;
}

static enum rules_rule check_exception(const struct rules_exit *exit,
                                       const WHV_X64_PENDING_EXCEPTION_EVENT *event)
{
    unsigned vector = event->Vector;
    bool is_known = vector == DE || vector == BR || vector == UD || vector == NM || vector == MF ||
                    (vector >= NP && vector <= PF) || vector == AC || vector == XM;
    if (!is_known || !event->EventPending || event->EventType != WHvX64PendingEventException ||
        event->Reserved0 != 0 || event->Reserved1 != 0)
        return RULES_FAULT_EVENT;
    if (vector != PF && event->ExceptionParameter != 0)
        return RULES_FAULT_EVENT;
    if (event->DeliverErrorCode != (has_error_code(vector) && exit->vp.ExecutionState.Cr0Pe))
        return RULES_FAULT_CODE;
    /* Selectors without their RPL; EXT and IDT are for events. */
    uint32_t allowed = vector == PF ? 0x1f : vector == AC || !has_error_code(vector) ? 0 : 0xfffc;
    return (event->ErrorCode & ~allowed) == 0 ? RULES_HOLD : RULES_FAULT_CODE;
}

/* A floating-point exception sets flags in MXCSR; it may be a #UD, by CR4.OSXMMEXCPT. */
static bool is_flags_of(const WHV_X64_PENDING_EXCEPTION_EVENT *event, WHV_REGISTER_NAME name)
{
    return name == WHvX64RegisterXmmControlStatus && (event->Vector == XM || event->Vector == UD);
}

/* A return that faults lets NMIs through as well. */
static bool is_unmasking(const struct rules_call *call, const struct rules_register *state)
{
    const WHV_REGISTER_VALUE *before = rules_answer(call, WHvRegisterInterruptState);
    return state->name == WHvRegisterInterruptState && before &&
           (before->Reg64 ^ state->value.Reg64) == NMI_MASKED && (before->Reg64 & NMI_MASKED);
}

static bool is_progress(WHV_REGISTER_NAME name)
{
    return name == WHvX64RegisterRcx || name == WHvX64RegisterRsi || name == WHvX64RegisterRdi ||
           name == WHvX64RegisterRax || name == WHvX64RegisterRflags;
}

enum rules_rule rules_check_fault(const struct rules_exit *exit, const struct rules_call *call,
                                  const struct rules_event *set)
{
    const struct rules_register *pending = rules_find(set, WHvRegisterPendingEvent);
    bool has_progress = rules_find(set, WHvX64RegisterRcx) != NULL;
    if (!rules_answer(call, WHvRegisterPendingEvent) ||
        !rules_answer(call, WHvRegisterPendingInterruption))
        return RULES_FAULT_UNASKED;
    RULES_TRY(check_exception(exit, &pending->value.ExceptionEvent));
    RULES_TRY(check_reason(exit, call, &pending->value.ExceptionEvent));
    for (uint32_t i = 0; i < set->count; i++) {
        WHV_REGISTER_NAME name = set->registers[i].name;
        if (name != WHvRegisterPendingEvent && (!has_progress || !is_progress(name)) &&
            !is_flags_of(&pending->value.ExceptionEvent, name) &&
            !is_unmasking(call, &set->registers[i]))
            return RULES_FAULT_REGISTERS;
    }
    if (!has_progress)
        RULES_TRY(check_order(exit, call));
    for (size_t i = 0; i < call->count && !has_progress; i++) {
        const struct rules_event *event = &call->events[i];
        if (event->kind == RULES_IO || (event->kind == RULES_MEMORY && event->direction == 1))
            return RULES_FAULT_EFFECT;
    }
    return check_rflags(exit, set, false);
}
