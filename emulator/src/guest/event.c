/* SPDX-License-Identifier: MIT */
#include "event.h"

#include "control.h"
#include "host.h"

/* Page-fault error code (SDM 3A, 4.7). */
#define PF_PRESENT  (1u << 0)
#define PF_WRITE    (1u << 1)
#define PF_USER     (1u << 2)
#define PF_RESERVED (1u << 3)
#define PF_FETCH    (1u << 4)

#define EFER_NXE (UINT64_C(1) << 11)

enum whe_result whe_fault(struct whe_call *call, enum whe_vector vector)
{
    call->event = (struct whe_event){.vector = (uint8_t)vector};
    return WHE_FAULT;
}

enum whe_result whe_fault_code(struct whe_call *call, enum whe_vector vector, uint32_t code)
{
    call->event = (struct whe_event){.vector = (uint8_t)vector, .has_code = true, .code = code};
    return WHE_FAULT;
}

enum whe_result whe_fault_kernel(struct whe_call *call, enum whe_vector vector, uint32_t code)
{
    const bool has_code = vector >= WHE_VECTOR_NP && vector <= WHE_VECTOR_GP;
    if (vector == WHE_VECTOR_REFUSED)
        return (enum whe_result)code;
    if (vector == WHE_VECTOR_XM && !(whe_reg_get(&call->regs, WHE_REG_CR4) & WHE_CR4_OSXMMEXCPT))
        vector = WHE_VECTOR_UD;
    return has_code ? whe_fault_code(call, vector, code) : whe_fault(call, vector);
}

static enum whe_result page_fault(struct whe_call *call, uint32_t code, uint64_t address,
                                  uint32_t flags)
{
    if (flags & WHvTranslateGvaFlagValidateWrite)
        code |= PF_WRITE;
    if (call->mode.cpl == 3 && !(flags & WHvTranslateGvaFlagPrivilegeExempt))
        code |= PF_USER;
    call->event = (struct whe_event){.vector = WHE_VECTOR_PF,
                                     .has_code = true,
                                     .is_fetch = (flags & WHvTranslateGvaFlagValidateExecute) != 0,
                                     .code = code,
                                     .parameter = address};
    return WHE_FAULT;
}

enum whe_result whe_fault_translate(struct whe_call *call, WHV_TRANSLATE_GVA_RESULT_CODE result,
                                    uint64_t address, uint32_t flags)
{
    switch (result) {
    case WHvTranslateGvaResultPageNotPresent:
        return page_fault(call, 0, address, flags);
    case WHvTranslateGvaResultPrivilegeViolation:
        return page_fault(call, PF_PRESENT, address, flags);
    case WHvTranslateGvaResultInvalidPageTableFlags:
        return page_fault(call, PF_PRESENT | PF_RESERVED, address, flags);
    case WHvTranslateGvaResultGpaIllegalOverlayAccess:
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    default:
        return WHE_BAD_ANSWER;
    }
}

enum whe_result whe_event_inject(struct whe_call *call)
{
    struct whe_regs *regs = &call->regs;
    struct whe_set needed = {{0}};
    whe_set_add(&needed, WHE_REG_PENDING_EVENT);
    whe_set_add(&needed, WHE_REG_PENDING_INTERRUPTION);
    if (call->event.is_fetch) {
        whe_set_add(&needed, WHE_REG_CR4);
        whe_set_add(&needed, WHE_REG_EFER);
    }
    WHE_TRY(whe_host_get(call, &needed));

    if (regs->value[WHE_REG_PENDING_EVENT].ExceptionEvent.EventPending ||
        regs->value[WHE_REG_PENDING_INTERRUPTION].PendingInterruption.InterruptionPending)
        return WHE_CANNOT_FAULT;
    /* I/D is reported only where the processor can forbid execution. SDM 3A, 4.7. */
    if (call->event.is_fetch && ((whe_reg_get(regs, WHE_REG_EFER) & EFER_NXE) ||
                                 (whe_reg_get(regs, WHE_REG_CR4) & WHE_CR4_SMEP)))
        call->event.code |= PF_FETCH;

    /* Real mode delivers no error codes; asking for one makes the entry invalid. SDM 3A, 21.1.4. */
    bool has_code = call->event.has_code && call->vp->ExecutionState.Cr0Pe;
    WHV_X64_PENDING_EXCEPTION_EVENT event = {.EventPending = 1,
                                             .EventType = WHvX64PendingEventException,
                                             .DeliverErrorCode = has_code,
                                             .Vector = call->event.vector,
                                             .ErrorCode = call->event.code,
                                             .ExceptionParameter = call->event.parameter};
    regs->value[WHE_REG_PENDING_EVENT].ExceptionEvent = event;
    whe_set_add(&regs->written, WHE_REG_PENDING_EVENT);
    return WHE_OK;
}
