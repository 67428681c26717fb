/* SPDX-License-Identifier: MIT */
/* The frame of ENTER and LEAVE: how much ENTER pushes and copies its level tells. */
#include "decode_parts.h"
#include "kernel.h"

static void resize(struct whe_insn *insn, unsigned memory, unsigned size)
{
    insn->memory[memory].place.size = (uint16_t)size;
    insn->operand[insn->memory[memory].operand].size = (uint16_t)size;
}

/* Where ENTER leaves rSP a write must be possible, of which none happens: the operand was written
   where it was pushed. */
static void take_released(struct whe_insn *insn)
{
    const unsigned total = insn->operand[4].size;
    struct whe_memory *released = &insn->memory[insn->memory_count++];
    *released = insn->memory[0];
    released->stack = WHE_STACK_RELEASED;
    released->place.size = insn->operand_size;
    released->address.displacement = total + (insn->operand[0].immediate & 0xffff);
}

/* ENTER pushes rBP and, at a level above 0, the pointers of outer frames and its own; those of
   outer frames lie below rBP. SDM 2A, "ENTER". */
void whe_decode_frame(struct whe_insn *insn)
{
    const unsigned size = insn->operand_size;
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (insn->operand[i].kind == WHE_OPERAND_GPR)
            insn->operand[i].kind = WHE_OPERAND_FRAME_POINTER;
    }
    if (insn->operand[1].kind != WHE_OPERAND_IMMEDIATE) /* LEAVE */
        return;
    const unsigned level = insn->operand[1].immediate % 32;
    resize(insn, 0, (level == 0 ? 1 : level + 1) * size);
    if (insn->operand[4].size > sizeof(union whe_value))
        insn->has_extras = true;
    take_released(insn);
    if (level < 2)
        return;
    struct whe_memory *outer = &insn->memory[0];
    for (unsigned i = insn->memory_count++; i > 0; i--)
        insn->memory[i] = insn->memory[i - 1];
    outer->operand = insn->operand_count++;
    outer->stack = WHE_STACK_OUTER;
    outer->place.intent = WHE_INTENT_READ;
    insn->operand[outer->operand] = (struct whe_operand){
        .kind = WHE_OPERAND_MEMORY, .access = WHE_INTENT_READ, .is_hidden = true};
    resize(insn, 0, (level - 1) * size);
}
