/* SPDX-License-Identifier: MIT */
/* What loads CS, and interrupts by instructions: places and registers that the decoder does not
   tell. */
#include "decode_parts.h"

/* Flags, CS and IP, which an interrupt pushes in real mode: 2 bytes each. SDM 2A, "INT n". */
static void take_push(struct whe_insn *insn)
{
    insn->memory[insn->memory_count++] = (struct whe_memory){.stack = WHE_STACK_PUSH,
                                                             .alignment = 1,
                                                             .has_pieces = true,
                                                             .first = 2,
                                                             .next = 2,
                                                             .place = {.segment = WHE_REG_SS,
                                                                       .is_stack = true,
                                                                       .size = 6,
                                                                       .alignment = 2,
                                                                       .intent = WHE_INTENT_WRITE}};
}

void whe_decode_far(const struct whe_mode *mode, struct whe_insn *insn)
{
    if (insn->form == WHE_FORM_INTERRUPT)
        take_push(insn);
    if (insn->form != WHE_FORM_FAR || insn->operation != WHE_FAR_INTERRUPT_RETURN)
        return;
    /* RIP, CS and flags; RSP and SS in 64-bit mode, whatever comes of the privilege level. */
    const unsigned count = mode->code == WHE_CODE64 ? 5 : 3;
    insn->memory[0].place.size = (uint16_t)(count * insn->operand_size);
    insn->operand[insn->memory[0].operand].size = insn->memory[0].place.size;
}

static void interrupt_registers(const struct whe_mode *mode, const struct whe_insn *insn,
                                struct whe_set *set)
{
    if (mode->vm86 && insn->operation == WHE_INTERRUPT_TOLD)
        whe_set_add(set, WHE_REG_CR4);
    if (mode->vm86 || mode->protected_mode)
        return;
    whe_set_add(set, WHE_REG_RSP);
    whe_set_add(set, WHE_REG_SS);
    whe_set_add(set, WHE_REG_IDTR);
}

void whe_far_registers(const struct whe_mode *mode, const struct whe_insn *insn,
                       struct whe_set *set)
{
    if (insn->form == WHE_FORM_INTERRUPT)
        interrupt_registers(mode, insn, set);
    if (insn->form != WHE_FORM_FAR)
        return;
    if (mode->protected_mode) {
        whe_set_add(set, WHE_REG_GDTR);
        whe_set_add(set, WHE_REG_LDTR);
    }
    if (insn->operation != WHE_FAR_INTERRUPT_RETURN)
        return;
    whe_set_add(set, WHE_REG_INTERRUPT_STATE);
    if (mode->vm86)
        whe_set_add(set, WHE_REG_CR4);
}
