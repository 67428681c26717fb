/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include "attributes.h"
#include "bits.h"
#include "event.h"
#include "kernel.h"

/* The whole operands that lie between the address and the bit that a signed offset names. SDM 2A,
   "BT". */
static uint64_t bit_string_offset(const struct whe_call *call, const struct whe_operand *bit)
{
    if (bit->kind != WHE_OPERAND_GPR)
        return 0;
    const uint64_t offset = whe_sign_extend(whe_reg_get(&call->regs, bit->reg), bit->size);
    return (uint64_t)((int64_t)offset >> 3) & ~(uint64_t)(bit->size - 1u);
}

/* rSP before or after the access; rBP. */
static uint64_t stack_offset(const struct whe_call *call, const struct whe_memory *memory)
{
    if (memory->stack == WHE_STACK_RELEASED)
        return (whe_reg_get(&call->regs, WHE_REG_RSP) - memory->address.displacement) &
               whe_stack_mask(call);
    if (memory->stack >= WHE_STACK_FRAME)
        return (whe_reg_get(&call->regs, WHE_REG_RBP) -
                (memory->stack == WHE_STACK_OUTER ? memory->place.size : 0)) &
               whe_stack_mask(call);
    uint64_t rsp = whe_reg_get(&call->regs, WHE_REG_RSP);
    if (memory->stack == WHE_STACK_PUSH)
        rsp -= memory->place.size;
    return rsp & whe_stack_mask(call);
}

/* POP computes an address that uses rSP after it was incremented. SDM 2B, "POP". */
static uint64_t popped_base(const struct whe_call *call, const struct whe_memory *stack)
{
    const uint64_t mask = whe_stack_mask(call);
    const uint64_t before = whe_reg_get(&call->regs, WHE_REG_RSP);
    const uint64_t after = (before + stack->place.size) & mask;
    return (mask == 0xffff ? (before & ~mask) | after : after) - before;
}

static uint64_t offset_of(const struct whe_call *call, const struct whe_insn *insn,
                          const struct whe_memory *memory)
{
    if (memory->stack != WHE_STACK_NONE)
        return stack_offset(call, memory);
    uint64_t offset = whe_effective_address(&call->regs, &memory->address, UINT64_MAX);
    if (insn->traits & (WHE_TRAIT_BIT_STRING | WHE_TRAIT_AL_INDEX))
        offset += insn->traits & WHE_TRAIT_BIT_STRING
                      ? bit_string_offset(call, &insn->operand[1])
                      : whe_reg_get(&call->regs, WHE_REG_RAX) & 0xff;
    if (insn->memory[0].stack == WHE_STACK_POP && memory->address.base == WHE_REG_RSP)
        offset += popped_base(call, &insn->memory[0]);
    return offset & insn->address_mask;
}

/* A misaligned operand is #GP(0) even where the segment's limit or a non-canonical address would be
   #SS(0): seen on AMD family 25. The low bits of an address do not depend on either. */
static bool is_misaligned(const struct whe_call *call, const struct whe_memory *memory,
                          uint64_t offset)
{
    const struct whe_place *place = &memory->place;
    const uint64_t base = place->is_flat ? 0 : whe_call_segment(call, place->segment)->Base;
    return ((base + offset) & (memory->alignment - 1u)) != 0;
}

/* @return whether what is pushed or popped one by one passes the end of the stack's offsets: each
   of them lies before or behind it. */
static bool is_wrapped(const struct whe_call *call, const struct whe_memory *memory,
                       uint64_t offset)
{
    if (memory->stack == WHE_STACK_NONE || !memory->has_pieces || call->mode.code == WHE_CODE64)
        return false;
    const uint64_t before = whe_stack_mask(call) + 1 - offset;
    return before < memory->place.size && before % memory->first == 0;
}

static enum whe_result plan_wrapped(struct whe_call *call, const struct whe_memory *memory,
                                    uint64_t offset, struct whe_span *span)
{
    struct whe_place part[2] = {memory->place, memory->place};
    struct whe_span half;
    uint64_t linear[2];
    part[0].size = (uint16_t)(whe_stack_mask(call) + 1 - offset);
    part[1].size = (uint16_t)(memory->place.size - part[0].size);
    for (unsigned i = 0; i < 2; i++) {
        WHE_TRY(whe_linear(call, &part[i], i == 0 ? offset : 0, &linear[i]));
    }
    for (unsigned i = 0; i < 2; i++) {
        WHE_TRY(whe_probe(call, linear[i], part[i].size, memory->place.intent, &half));
        const unsigned before = half.size - half.rest;
        if (half.rest != 0 && half.gpa[1] != half.gpa[0] + before)
            return WHE_SPLIT_STACK;
        span->gpa[i] = half.gpa[0];
    }
    span->size = memory->place.size;
    span->rest = part[1].size;
    return WHE_OK;
}

/* An element of a mask, which is at a byte of a span. */
static enum whe_result plan_element(struct whe_call *call, const struct whe_place *place,
                                    uint64_t offset, unsigned at, struct whe_span *span)
{
    struct whe_span own;
    uint64_t linear;
    WHE_TRY(whe_linear(call, place, offset, &linear));
    WHE_TRY(whe_probe(call, linear, place->size, place->intent, &own));
    const unsigned edge = (unsigned)(WHE_PAGE_SIZE - ((linear - at) & WHE_PAGE_MASK));
    if (at < edge)
        span->gpa[0] = own.gpa[0] - at;
    if (at + place->size > edge) {
        span->gpa[1] = at < edge ? own.gpa[1] : own.gpa[0] - (at - edge);
        span->rest = (uint16_t)(span->size - edge);
    }
    return WHE_OK;
}

/* VMASKMOVPS and its kin have elements, which are only there where the mask says so (SDM 2C,
   "VMASKMOV"); MASKMOVDQU has two halves, which are there whatever it says. */
static unsigned element_size(const struct whe_call *call, const struct whe_insn *insn,
                             uint64_t *chosen)
{
    *chosen = UINT64_MAX;
    if (!(insn->traits & WHE_TRAIT_MASKED))
        return 8;
    const union whe_value mask = {.u128 = whe_reg_get128(&call->regs, insn->operand[1].reg)};
    *chosen = whe_chosen_bytes(insn, &mask);
    return insn->operation;
}

/*
 * Elements are checked and translated one by one; those that are not chosen are nowhere in the
 * spans. Each has an address of its own, cut to the address size; those behind its end are the
 * second span. Seen on AMD family 19h.
 */
static enum whe_result plan_elements(struct whe_call *call, const struct whe_insn *insn,
                                     const struct whe_memory *memory, uint64_t offset,
                                     struct whe_span *span)
{
    uint64_t chosen;
    const unsigned size = element_size(call, insn, &chosen);
    const uint64_t end = insn->address_mask - offset;
    struct whe_place element = memory->place;
    unsigned before = element.size;
    if (end < before)
        before = (unsigned)(end - end % size + size);
    span[0] = (struct whe_span){.size = (uint16_t)before};
    span[1] = (struct whe_span){.size = (uint16_t)(element.size - before)};
    element.size = (uint16_t)size;
    for (unsigned at = 0; at < memory->place.size; at += size) {
        const bool is_beyond = at >= before;
        if (chosen >> at & 1)
            WHE_TRY(plan_element(call, &element, (offset + at) & insn->address_mask,
                                 is_beyond ? at - before : at, &span[is_beyond]));
    }
    return WHE_OK;
}

/* What has a rule of its own. */
static WHE_APART enum whe_result plan_special(struct whe_call *call, const struct whe_insn *insn,
                                              const struct whe_memory *memory, uint64_t offset,
                                              struct whe_span *span)
{
    const struct whe_place *place = &memory->place;
    uint64_t linear;
    if (memory->alignment > 1 && is_misaligned(call, memory, offset))
        return whe_fault_code(call, WHE_VECTOR_GP, 0);
    if ((insn->traits & WHE_TRAIT_MASKED) ||
        ((insn->traits & WHE_TRAIT_BYTES) && place->size == 16))
        return plan_elements(call, insn, memory, offset, span);
    if (is_wrapped(call, memory, offset))
        return plan_wrapped(call, memory, offset, span);
    WHE_TRY(whe_linear(call, place, offset, &linear));
    const unsigned intent = insn->traits & WHE_TRAIT_LINE ? WHE_INTENT_READ : place->intent;
    return whe_probe(call, linear, place->size, intent, span);
}

enum whe_result whe_plan(struct whe_call *call, const struct whe_insn *insn,
                         const struct whe_memory *memory, struct whe_span *span)
{
    const struct whe_place *place = &memory->place;
    const uint64_t offset = offset_of(call, insn, memory);
    uint64_t linear;
    if (!memory->is_simple)
        return plan_special(call, insn, memory, offset, span);
    WHE_TRY(whe_linear(call, place, offset, &linear));
    return whe_probe(call, linear, place->size, place->intent, span);
}
