/* SPDX-License-Identifier: MIT */
/*
 * Refuse - fetch and decode - compare with the exit - load - plan - execute - retire - commit.
 * Which callbacks happen in which order is decided here, and by reg_names.def for the order within
 * a batch.
 */
#include "emulate.h"

#include "dispatch.h"
#include "event.h"
#include "fetch.h"
#include "operand.h"
#include "translate.h"

#define PENDING_DEBUG_SINGLE_STEP (UINT64_C(1) << 4)

/*
 * A guest can replace its code between the exit and the fetch. What was fetched must be able to
 * cause this exit, or the exit's checks would vouch for another instruction.
 */
static enum whe_result compare_with_exit(const struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_exit *exit = &call->exit;
    bool is_string = (insn->traits & WHE_TRAIT_REPEATS) != 0;
    if (insn->id == WHE_INSN_NONE)
        return WHE_UNSUPPORTED;
    switch (exit->kind) {
    case WHE_EXIT_EXECUTE:
        return WHE_OK;
    case WHE_EXIT_IO:
        if (insn->operation != (exit->io.IsWrite ? WHE_OP_OUTS : WHE_OP_INS) ||
            insn->element_size != exit->io.AccessSize)
            return WHE_UNSUPPORTED;
        return WHE_OK;
    default:
        return insn->has_memory || is_string ? WHE_OK : WHE_UNSUPPORTED;
    }
}

static enum whe_result load(struct whe_call *call, uint64_t reads)
{
    /* String instructions use RDX for the port alone, and the exit names that. */
    if (call->exit.kind == WHE_EXIT_IO)
        reads &= ~whe_reg_bit(WHE_REG_RDX);
    if (call->exit.state.InterruptShadow)
        reads |= whe_reg_bit(WHE_REG_INTERRUPT_STATE);
    return whe_host_get(call, reads);
}

/* Everything that can fault faults here, before the first device access. */
static enum whe_result plan(struct whe_call *call, const struct whe_insn *insn)
{
    uint64_t linear;
    if (!insn->has_memory)
        return WHE_OK;
    WHE_TRY(
        whe_linear(call, &insn->place, whe_effective_address(&call->regs, insn), &linear, NULL));
    return whe_probe(call, linear, insn->place.size, insn->place.intent, &call->span);
}

static void retire(struct whe_call *call, unsigned length)
{
    struct whe_regs *regs = &call->regs;
    uint64_t rflags = whe_reg_get(regs, WHE_REG_RFLAGS);
    if (call->is_unfinished) {
        whe_reg_set(regs, WHE_REG_RIP, call->exit.rip);
    } else {
        whe_reg_set(regs, WHE_REG_RIP,
                    (call->exit.rip + length) & whe_mode_linear_mask(&call->mode));
        if (rflags & WHE_RFLAGS_RF)
            whe_reg_set(regs, WHE_REG_RFLAGS, rflags & ~WHE_RFLAGS_RF);
    }
    if ((call->exit.rflags & WHE_RFLAGS_TF) && !call->blocks_trap)
        whe_reg_set(regs, WHE_REG_PENDING_DEBUG, PENDING_DEBUG_SINGLE_STEP);
    /* Bit 1 masks NMIs and is not ours. */
    if (call->exit.state.InterruptShadow || call->blocks_trap)
        whe_reg_set(regs, WHE_REG_INTERRUPT_STATE,
                    (whe_reg_get(regs, WHE_REG_INTERRUPT_STATE) & ~UINT64_C(1)) |
                        call->blocks_trap);
}

/* IN and OUT: the exit tells everything, nothing is decoded. */
static enum whe_result emulate_port_access(struct whe_call *call)
{
    const struct whe_exit *exit = &call->exit;
    WHE_TRY(load(call, 0));
    WHE_TRY(whe_port_transfer(call, exit->io.IsWrite ? WHE_OP_OUT : WHE_OP_IN, exit->port,
                              exit->io.AccessSize));
    retire(call, exit->instruction_length);
    return WHE_OK;
}

static enum whe_result emulate_instruction(struct whe_call *call)
{
    const struct whe_insn *insn;
    WHE_TRY(whe_fetch(call, &insn));
    WHE_TRY(compare_with_exit(call, insn));
    WHE_TRY(load(call, insn->reads));
    WHE_TRY(plan(call, insn));
    WHE_TRY(whe_dispatch(call, insn));
    retire(call, insn->length);
    return WHE_OK;
}

static void begin(struct whe_call *call)
{
    const struct whe_exit *exit = &call->exit;
    call->mode = whe_mode_from_exit(exit->state, exit->cs, exit->rflags);
    call->is_unfinished = false;
    call->blocks_trap = false;
    whe_translations_init(call);
    whe_reg_know(&call->regs, WHE_REG_RIP, exit->rip);
    whe_reg_know(&call->regs, WHE_REG_RFLAGS, exit->rflags);
    whe_segment_know(&call->regs, WHE_REG_CS, exit->cs);
}

enum whe_result whe_emulate(struct whe_call *call)
{
    /* An event was being delivered: what stopped was not an instruction. */
    if (call->exit.state.InterruptionPending)
        return WHE_INTERRUPT_PENDING;
    begin(call);
    bool is_port_access = call->exit.kind == WHE_EXIT_IO && !call->exit.io.StringOp;
    enum whe_result result = is_port_access ? emulate_port_access(call) : emulate_instruction(call);
    if (result == WHE_FAULT)
        result = whe_event_inject(call);
    if (result != WHE_OK)
        return result;
    return whe_host_set(call);
}
