/* SPDX-License-Identifier: MIT */
/* INT n, INT3, INTO: SDM 2A, "INT n", real-address mode; 3A, 21.1.4. */
#include <string.h>

#include "control.h"
#include "descriptor.h"
#include "event.h"
#include "plan.h"
#include "run.h"

/* Of the interrupt vector table: an offset, a selector. */
#define ENTRY_SIZE 4u

/* Elsewhere it is more than registers can say; but virtual-8086 mode may have the monitor decide.
   SDM 3A, 21.3. */
static enum whe_result refuse(struct whe_call *call, const struct whe_insn *insn)
{
    const bool is_to_monitor = call->mode.vm86 && insn->operation == WHE_INTERRUPT_TOLD &&
                               (call->vp->Rflags & WHE_RFLAGS_IOPL) != WHE_RFLAGS_IOPL &&
                               !(whe_reg_get(&call->regs, WHE_REG_CR4) & WHE_CR4_VME);
    return is_to_monitor ? whe_fault_code(call, WHE_VECTOR_GP, 0) : WHE_SOFTWARE_INTERRUPT;
}

static enum whe_result read_entry(struct whe_call *call, unsigned vector, uint64_t *entry)
{
    const WHV_X64_TABLE_REGISTER *table = &call->regs.value[WHE_REG_IDTR].Table;
    const uint64_t linear = (table->Base + vector * ENTRY_SIZE) & 0xffffffff;
    struct whe_span span;
    WHE_TRY(whe_probe(call, linear, ENTRY_SIZE, WHE_INTENT_READ | WHE_INTENT_SYSTEM, &span));
    return whe_span_read(call, &span, entry);
}

/* Flags, CS and IP. */
static enum whe_result push(struct whe_call *call, const struct whe_memory *memory,
                            const struct whe_span *span, uint64_t next)
{
    const uint16_t pushed[3] = {(uint16_t)next, call->vp->Cs.Selector, (uint16_t)call->vp->Rflags};
    uint8_t bytes[sizeof(pushed)];
    memcpy(bytes, pushed, sizeof(bytes));
    WHE_TRY(
        whe_span_write_pieces(call, span, (struct whe_pieces){memory->first, memory->next}, bytes));
    whe_gpr_write(&call->regs, WHE_REG_RSP, whe_stack_mask(call), 0,
                  whe_reg_get(&call->regs, WHE_REG_RSP) - memory->place.size);
    return WHE_OK;
}

static enum whe_result enter(struct whe_call *call, const struct whe_insn *insn, unsigned vector,
                             uint64_t *rip)
{
    const struct whe_memory *memory = &insn->memory[0];
    const uint64_t cleared = WHE_RFLAGS_IF | WHE_RFLAGS_TF | WHE_RFLAGS_AC;
    struct whe_new_segment cs;
    struct whe_span span;
    uint64_t entry;
    if (vector * ENTRY_SIZE + ENTRY_SIZE - 1 > call->regs.value[WHE_REG_IDTR].Table.Limit)
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    WHE_TRY(whe_plan(call, insn, memory, &span));
    WHE_TRY(read_entry(call, vector, &entry));
    WHE_TRY(whe_find_code(call, (uint16_t)(entry >> 16), false, &cs));
    WHE_TRY(whe_check_target(call, WHE_CODE16, cs.value.Limit, entry & 0xffff));
    WHE_TRY(push(call, memory, &span, *rip));
    whe_reg_set(&call->regs, WHE_REG_RFLAGS, call->vp->Rflags & ~cleared);
    call->mode.specials |= WHE_SPECIAL_NO_TRAP;
    whe_segment_set(&call->regs, WHE_REG_CS, &cs.value);
    *rip = entry & 0xffff;
    return WHE_OK;
}

enum whe_result whe_run_interrupt(struct whe_call *call, const struct whe_insn *insn, uint64_t *rip)
{
    if (insn->operation == WHE_INTERRUPT_OVERFLOW && !(call->vp->Rflags & WHE_RFLAGS_OF))
        return WHE_OK;
    if (call->mode.protected_mode || call->mode.vm86)
        return refuse(call, insn);
    return enter(call, insn,
                 insn->operation == WHE_INTERRUPT_TOLD ? insn->operand[0].immediate & 0xff
                                                       : insn->operation,
                 rip);
}
