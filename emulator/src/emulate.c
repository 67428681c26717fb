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
#define INTERRUPT_STATE_SHADOW    UINT64_C(1)

/*
 * A guest can replace its code between the exit and the fetch. What was fetched must be able to
 * cause this exit, or the exit's checks would vouch for another instruction.
 */
static bool can_cause_exit(const struct whe_insn *insn, const struct whe_exit *exit)
{
    return (insn->exits & 1u << exit->kind) != 0;
}

static bool can_cause_port_exit(const struct whe_insn *insn, const struct whe_exit *exit)
{
    return can_cause_exit(insn, exit) && insn->element_size == exit->io.AccessSize &&
           insn->operation == (exit->io.IsWrite ? WHE_OP_OUTS : WHE_OP_INS);
}

/* Loads registers, and InterruptState where the shadow will have to be cleared. */
static enum whe_result load_set(struct whe_call *call, uint64_t needed)
{
    if (call->exit.state.InterruptShadow)
        needed |= whe_reg_bit(WHE_REG_INTERRUPT_STATE);
    return whe_host_get(call, needed);
}

static enum whe_result load(struct whe_call *call, const struct whe_batch *reads)
{
    if (reads->count == 0 || call->exit.state.InterruptShadow)
        return load_set(call, reads->set);
    return whe_host_get_batch(call, reads);
}

/* Everything that can fault faults here, before the first device access. */
static enum whe_result plan(struct whe_call *call, const struct whe_insn *insn)
{
    if (!insn->has_memory || (insn->traits & WHE_TRAIT_STACK))
        return WHE_OK;
    return whe_plan_operand(call, insn);
}

/* What few instructions need: RF, the trap, the interrupt shadow, a REP that goes on. */
static void retire_unusual(struct whe_call *call)
{
    struct whe_regs *regs = &call->regs;
    bool blocks_trap = call->retirement == WHE_RETIRES_BLOCKING;
    uint64_t rflags = call->exit.rflags;
    if (regs->written & whe_reg_bit(WHE_REG_RFLAGS))
        rflags = whe_reg_get(regs, WHE_REG_RFLAGS);
    if (call->retirement == WHE_UNFINISHED)
        whe_reg_set(regs, WHE_REG_RIP, call->exit.rip);
    else if (rflags & WHE_RFLAGS_RF)
        whe_reg_set(regs, WHE_REG_RFLAGS, rflags & ~WHE_RFLAGS_RF);
    if ((call->exit.rflags & WHE_RFLAGS_TF) && !blocks_trap)
        whe_reg_set(regs, WHE_REG_PENDING_DEBUG, PENDING_DEBUG_SINGLE_STEP);
    /* Bit 1 masks NMIs and is not ours. */
    if (call->exit.state.InterruptShadow || blocks_trap)
        whe_reg_set(regs, WHE_REG_INTERRUPT_STATE,
                    (whe_reg_get(regs, WHE_REG_INTERRUPT_STATE) & ~INTERRUPT_STATE_SHADOW) |
                        (blocks_trap ? INTERRUPT_STATE_SHADOW : 0));
}

static inline void retire(struct whe_call *call, unsigned length)
{
    whe_reg_set(&call->regs, WHE_REG_RIP,
                (call->exit.rip + length) & whe_mode_linear_mask(&call->mode));
    if ((call->exit.rflags & (WHE_RFLAGS_RF | WHE_RFLAGS_TF)) || call->exit.state.InterruptShadow ||
        call->retirement != WHE_RETIRES)
        retire_unusual(call);
}

static enum whe_result emulate_memory_exit(struct whe_call *call)
{
    const struct whe_insn *insn;
    WHE_TRY(whe_fetch(call, &insn));
    if (!can_cause_exit(insn, &call->exit))
        return WHE_UNSUPPORTED;
    WHE_TRY(load(call, &insn->reads));
    WHE_TRY(plan(call, insn));
    WHE_TRY(whe_dispatch(call, insn));
    retire(call, insn->length);
    return WHE_OK;
}

/* INS and OUTS. They use RDX for the port alone, and the exit names that. */
static enum whe_result emulate_port_string(struct whe_call *call)
{
    const struct whe_insn *insn;
    WHE_TRY(whe_fetch(call, &insn));
    if (!can_cause_port_exit(insn, &call->exit))
        return WHE_UNSUPPORTED;
    WHE_TRY(load_set(call, insn->reads.set & ~whe_reg_bit(WHE_REG_RDX)));
    WHE_TRY(whe_dispatch(call, insn));
    retire(call, insn->length);
    return WHE_OK;
}

/* IN and OUT: the exit tells everything, nothing is decoded. */
static enum whe_result emulate_port_access(struct whe_call *call)
{
    const struct whe_exit *exit = &call->exit;
    WHE_TRY(load_set(call, 0));
    WHE_TRY(whe_port_transfer(call, exit->io.IsWrite ? WHE_OP_OUT : WHE_OP_IN, exit->port,
                              exit->io.AccessSize));
    retire(call, exit->instruction_length);
    return WHE_OK;
}

static enum whe_result emulate_exit(struct whe_call *call)
{
    if (call->exit.kind != WHE_EXIT_IO)
        return emulate_memory_exit(call);
    return call->exit.io.StringOp ? emulate_port_string(call) : emulate_port_access(call);
}

static void begin(struct whe_call *call)
{
    const struct whe_exit *exit = &call->exit;
    whe_mode_from_exit(exit->state, exit->cs, exit->rflags, &call->mode);
    call->retirement = WHE_RETIRES;
}

enum whe_result whe_emulate(struct whe_call *call)
{
    /* An event was being delivered: what stopped was not an instruction. */
    if (call->exit.state.InterruptionPending)
        return WHE_INTERRUPT_PENDING;
    begin(call);
    enum whe_result result = emulate_exit(call);
    if (result == WHE_FAULT)
        result = whe_event_inject(call);
    if (result != WHE_OK)
        return result;
    return whe_host_set(call);
}
