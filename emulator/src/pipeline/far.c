/* SPDX-License-Identifier: MIT */
/*
 * What loads CS, to the same privilege level: far JMP and CALL (SDM 2A), RET (2B), IRET (2A). What
 * may fault comes before what is written, in the manual's order, but that no device is read for a
 * fault of the stack.
 */
#include <string.h>

#include "checks.h"
#include "descriptor.h"
#include "event.h"
#include "flags.h"
#include "plan.h"
#include "run.h"

#define STATE_NMI_MASKED UINT64_C(2)

/* What it leads to. */
struct target {
    uint64_t rip;
    struct whe_new_segment cs;
    /* An enum whe_code. */
    uint8_t code;
};

static struct whe_pieces pieces_of(const struct whe_memory *memory)
{
    return (struct whe_pieces){memory->first, memory->next};
}

/* The n-th value of `size` bytes. */
static uint64_t value_at(const uint8_t *bytes, unsigned size, unsigned n)
{
    uint64_t value = 0;
    memcpy(&value, bytes + n * size, size);
    return value;
}

static enum whe_result read_memory(struct whe_call *call, const struct whe_insn *insn,
                                   const struct whe_memory *memory, uint8_t *bytes)
{
    struct whe_span span;
    WHE_TRY(whe_plan(call, insn, memory, &span));
    return whe_span_read_pieces(call, &span, pieces_of(memory), bytes);
}

static enum whe_result find(struct whe_call *call, uint16_t selector, bool is_return,
                            struct target *target)
{
    WHE_TRY(whe_find_code(call, selector, is_return, &target->cs));
    target->code = whe_code_of(&call->mode, &target->cs.value);
    return WHE_OK;
}

static enum whe_result check_target(struct whe_call *call, const struct target *target)
{
    return whe_check_target(call, target->code, target->cs.value.Limit, target->rip);
}

/* From here on nothing faults. */
static void take(struct whe_call *call, const struct target *target)
{
    whe_segment_set(&call->regs, WHE_REG_CS, &target->cs.value);
    call->mode.code = target->code;
}

static bool has_pointer_in_memory(const struct whe_insn *insn)
{
    return insn->operand[0].kind == WHE_OPERAND_MEMORY;
}

/* The operand of JMP and CALL. */
static enum whe_result find_target(struct whe_call *call, const struct whe_insn *insn,
                                   struct target *target)
{
    uint8_t pointer[10];
    uint16_t selector;
    if (has_pointer_in_memory(insn))
        WHE_TRY(read_memory(call, insn, &insn->memory[0], pointer));
    else
        memcpy(pointer, &insn->operand[0].immediate, sizeof(insn->operand[0].immediate));
    target->rip = value_at(pointer, insn->operand_size, 0);
    memcpy(&selector, pointer + insn->operand_size, sizeof(selector));
    return find(call, selector, false, target);
}

static void move_stack(struct whe_call *call, uint64_t rsp)
{
    whe_gpr_write(&call->regs, WHE_REG_RSP, whe_stack_mask(call), 0, rsp);
}

static enum whe_result jump(struct whe_call *call, const struct whe_insn *insn,
                            struct target *target)
{
    WHE_TRY(find_target(call, insn, target));
    WHE_TRY(check_target(call, target));
    WHE_TRY(whe_mark_segment(call, &target->cs));
    take(call, target);
    return WHE_OK;
}

/* A pointer that is an immediate costs no device a read: then the descriptor's faults come first.
 */
static enum whe_result call_far(struct whe_call *call, const struct whe_insn *insn, uint64_t next,
                                struct target *target)
{
    const struct whe_memory *stack = &insn->memory[insn->memory_count - 1];
    const uint64_t selector = call->vp->Cs.Selector;
    struct whe_span span;
    uint8_t pushed[16];
    if (has_pointer_in_memory(insn))
        WHE_TRY(whe_plan(call, insn, stack, &span));
    WHE_TRY(find_target(call, insn, target));
    if (!has_pointer_in_memory(insn))
        WHE_TRY(whe_plan(call, insn, stack, &span));
    WHE_TRY(check_target(call, target));
    memcpy(pushed, &next, insn->operand_size);
    memcpy(pushed + insn->operand_size, &selector, insn->operand_size);
    WHE_TRY(whe_mark_segment(call, &target->cs));
    WHE_TRY(whe_span_write_pieces(call, &span, pieces_of(stack), pushed));
    move_stack(call, whe_reg_get(&call->regs, WHE_REG_RSP) - stack->place.size);
    take(call, target);
    return WHE_OK;
}

/* RIP and CS, as a return pops them. */
static enum whe_result find_return(struct whe_call *call, const struct whe_insn *insn,
                                   const uint8_t *popped, struct target *target)
{
    target->rip = value_at(popped, insn->operand_size, 0);
    WHE_TRY(find(call, (uint16_t)value_at(popped, insn->operand_size, 1), true, target));
    return check_target(call, target);
}

static enum whe_result return_far(struct whe_call *call, const struct whe_insn *insn,
                                  struct target *target)
{
    const struct whe_operand *operand = &insn->operand[0];
    const uint64_t released =
        operand->kind == WHE_OPERAND_IMMEDIATE ? operand->immediate & 0xffff : 0;
    const struct whe_memory *stack = &insn->memory[0];
    uint8_t popped[16];
    WHE_TRY(read_memory(call, insn, stack, popped));
    WHE_TRY(find_return(call, insn, popped, target));
    WHE_TRY(whe_mark_segment(call, &target->cs));
    move_stack(call, whe_reg_get(&call->regs, WHE_REG_RSP) + stack->place.size + released);
    take(call, target);
    return WHE_OK;
}

/* IRET ends what keeps NMIs away, also if it faults. SDM 3A, 6.7.1; 3C, 25.3. */
static void unmask_nmi(struct whe_call *call)
{
    const uint64_t state = whe_reg_get(&call->regs, WHE_REG_INTERRUPT_STATE);
    if (state & STATE_NMI_MASKED)
        whe_reg_set(&call->regs, WHE_REG_INTERRUPT_STATE, state & ~STATE_NMI_MASKED);
}

/* What IRET does not even pop for. @param cr4 of virtual-8086 mode. */
static enum whe_result check_return(struct whe_call *call, const struct whe_insn *insn,
                                    uint64_t cr4)
{
    const struct whe_mode *mode = &call->mode;
    if (whe_flags_are_refused(mode, insn->operand_size, call->vp->Rflags, cr4))
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    if (!mode->protected_mode || !(call->vp->Rflags & WHE_RFLAGS_NT))
        return WHE_OK;
    return mode->long_mode ? whe_fault_code(call, WHE_VECTOR_GP, 0) : WHE_TASK_SWITCH;
}

/* Flags that IRET pops and POPF does not. */
static uint64_t more_flags(const struct whe_mode *mode)
{
    const bool is_supervisor = mode->protected_mode && mode->cpl == 0;
    return WHE_RFLAGS_RF | (is_supervisor ? WHE_RFLAGS_VIF | WHE_RFLAGS_VIP : 0);
}

static enum whe_result pop_flags(struct whe_call *call, const struct whe_insn *insn, uint64_t cr4,
                                 uint64_t popped, uint64_t *rflags)
{
    const struct whe_mode *mode = &call->mode;
    *rflags = call->vp->Rflags;
    if (mode->protected_mode && !mode->long_mode && mode->cpl == 0 && (popped & WHE_RFLAGS_VM))
        return WHE_TO_VM86;
    if (!whe_flags_pop(mode, insn->operand_size, cr4, popped, more_flags(mode), rflags))
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    return WHE_OK;
}

static enum whe_result pop_nothing_more(struct whe_call *call, const struct whe_insn *insn,
                                        struct target *target)
{
    WHE_TRY(whe_mark_segment(call, &target->cs));
    move_stack(call, whe_reg_get(&call->regs, WHE_REG_RSP) + insn->memory[0].place.size);
    take(call, target);
    return WHE_OK;
}

/* In 64-bit mode RSP and SS are popped too: what they may become, and how much of RSP, the new
   mode and the new SS tell. */
static enum whe_result pop_stack(struct whe_call *call, const struct whe_insn *insn,
                                 const uint8_t *popped, struct target *target)
{
    const uint16_t selector = (uint16_t)value_at(popped, insn->operand_size, 4);
    struct whe_new_segment ss;
    call->mode.code = target->code;
    WHE_TRY(whe_find_segment(call, WHE_REG_SS, selector, &ss));
    WHE_TRY(whe_mark_segment(call, &target->cs));
    WHE_TRY(whe_mark_segment(call, &ss));
    whe_segment_set(&call->regs, WHE_REG_SS, &ss.value);
    move_stack(call, value_at(popped, insn->operand_size, 3));
    take(call, target);
    return WHE_OK;
}

static enum whe_result return_from_interrupt(struct whe_call *call, const struct whe_insn *insn,
                                             struct target *target)
{
    const uint64_t cr4 = call->mode.vm86 ? whe_reg_get(&call->regs, WHE_REG_CR4) : 0;
    uint64_t rflags;
    uint8_t popped[40];
    unmask_nmi(call);
    WHE_TRY(check_return(call, insn, cr4));
    WHE_TRY(read_memory(call, insn, &insn->memory[0], popped));
    WHE_TRY(pop_flags(call, insn, cr4, value_at(popped, insn->operand_size, 2), &rflags));
    WHE_TRY(find_return(call, insn, popped, target));
    if (call->mode.code == WHE_CODE64)
        WHE_TRY(pop_stack(call, insn, popped, target));
    else
        WHE_TRY(pop_nothing_more(call, insn, target));
    whe_reg_set(&call->regs, WHE_REG_RFLAGS, rflags);
    call->mode.specials |= WHE_SPECIAL_KEEPS_RF;
    return WHE_OK;
}

static enum whe_result transfer(struct whe_call *call, const struct whe_insn *insn, uint64_t next,
                                struct target *target)
{
    switch (insn->operation) {
    case WHE_FAR_JUMP:
        return jump(call, insn, target);
    case WHE_FAR_CALL:
        return call_far(call, insn, next, target);
    case WHE_FAR_RETURN:
        return return_far(call, insn, target);
    default:
        return return_from_interrupt(call, insn, target);
    }
}

enum whe_result whe_run_far(struct whe_call *call, const struct whe_insn *insn, uint64_t *rip)
{
    struct target target;
    WHE_TRY(whe_checks_run(call, insn->checks));
    WHE_TRY(transfer(call, insn, *rip, &target));
    *rip = target.rip;
    return WHE_OK;
}
