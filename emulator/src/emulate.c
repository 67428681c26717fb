/* SPDX-License-Identifier: MIT */
/*
 * Refuse - fetch and decode - compare with the exit - load - plan - execute - retire - commit.
 * Which callbacks happen in which order is decided here, and by reg_names.def for the order within
 * a batch.
 */
#include "emulate.h"

#include "attributes.h"
#include "dispatch.h"
#include "event.h"
#include "fetch.h"
#include "operand.h"
#include "status.h"
#include "translate.h"

#define PENDING_DEBUG_SINGLE_STEP (UINT64_C(1) << 4)
#define INTERRUPT_STATE_SHADOW    UINT64_C(1)

/*
 * A guest can replace its code between the exit and the fetch. What was fetched must be able to
 * cause this exit, or the exit's checks would vouch for another instruction.
 */
static inline bool can_cause_exit(const struct whe_insn *insn, const struct whe_exit *exit)
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
    if (call->mode.specials & WHE_SPECIAL_SHADOW)
        needed |= whe_reg_bit(WHE_REG_INTERRUPT_STATE);
    return whe_host_get(call, needed);
}

/* What few exits need: registers beyond those of the instruction, and alignment checks. */
static WHE_COLD enum whe_result prepare_unusual(struct whe_call *call, const struct whe_insn *insn)
{
    WHE_TRY(load_set(call, insn->reads.set));
    return insn->planning == WHE_PLANNING_NONE ? WHE_OK : whe_plan_operand(call, insn);
}

/* Loads registers and plans the memory operand: everything that can fault faults here, before the
   first device access. */
WHE_HOT enum whe_result prepare(struct whe_call *call, const struct whe_insn *insn)
{
    if (call->mode.specials != 0)
        return prepare_unusual(call, insn);
    WHE_TRY(whe_host_get_batch(call, &insn->reads));
    if (WHE_LIKELY(insn->planning == WHE_PLANNING_FLAT))
        return whe_plan_flat(call, insn);
    return insn->planning == WHE_PLANNING_NONE ? WHE_OK : whe_plan_operand(call, insn);
}

/* A memory operand of up to 8 bytes is read before the handler runs, and written after it. */
WHE_HOT enum whe_result execute(struct whe_call *call, const struct whe_insn *insn)
{
    if (insn->access & WHE_INTENT_READ)
        WHE_TRY(whe_span_read_masked(call, &call->span, insn->place.mask, &call->memory));
    WHE_TRY(whe_dispatch(call, insn));
    if (insn->access & WHE_INTENT_WRITE)
        WHE_TRY(whe_span_write(call, &call->span, call->memory));
    return WHE_OK;
}

/* What few instructions need: RF, the trap, the interrupt shadow, a REP that goes on. */
static WHE_COLD void retire_unusual(struct whe_call *call, uint64_t rip)
{
    struct whe_regs *regs = &call->regs;
    const unsigned specials = call->mode.specials;
    uint64_t rflags = call->vp->Rflags;
    if (regs->written & whe_reg_bit(WHE_REG_RFLAGS))
        rflags = whe_reg_get(regs, WHE_REG_RFLAGS);
    whe_reg_set(regs, WHE_REG_RIP, specials & WHE_SPECIAL_UNFINISHED ? call->vp->Rip : rip);
    if (!(specials & WHE_SPECIAL_UNFINISHED) && (rflags & WHE_RFLAGS_RF))
        whe_reg_set(regs, WHE_REG_RFLAGS, rflags & ~WHE_RFLAGS_RF);
    if ((call->vp->Rflags & WHE_RFLAGS_TF) && !(specials & WHE_SPECIAL_BLOCKS))
        whe_reg_set(regs, WHE_REG_PENDING_DEBUG, PENDING_DEBUG_SINGLE_STEP);
    /* Bit 1 masks NMIs and is not ours. */
    if (specials & (WHE_SPECIAL_SHADOW | WHE_SPECIAL_BLOCKS))
        whe_reg_set(regs, WHE_REG_INTERRUPT_STATE,
                    (whe_reg_get(regs, WHE_REG_INTERRUPT_STATE) & ~INTERRUPT_STATE_SHADOW) |
                        (specials & WHE_SPECIAL_BLOCKS ? INTERRUPT_STATE_SHADOW : 0));
}

/* RIP moves on, and what was written is published. */
WHE_HOT enum whe_result retire(struct whe_call *call, unsigned length)
{
    const uint64_t rip = (call->vp->Rip + length) & whe_mode_linear_mask(&call->mode);
    if (call->mode.specials == 0)
        return whe_host_set_with_rip(call, rip);
    retire_unusual(call, rip);
    return whe_host_set(call);
}

/* An event was being delivered: what stopped was not an instruction. */
static bool is_refused(const WHV_VP_EXIT_CONTEXT *vp)
{
    return vp->ExecutionState.InterruptionPending;
}

WHE_HOT enum whe_result run(struct whe_call *call, const struct whe_insn *insn)
{
    if (!can_cause_exit(insn, &call->exit))
        return WHE_UNSUPPORTED;
    WHE_TRY(prepare(call, insn));
    WHE_TRY(execute(call, insn));
    return retire(call, insn->length);
}

/* Off the path of instructions that were seen before. */
static WHE_COLD enum whe_result new_instruction(struct whe_call *call,
                                                struct whe_emulator *emulator)
{
    const struct whe_insn *insn;
    if (is_refused(call->vp))
        return WHE_INTERRUPT_PENDING;
    whe_mode_from_exit(call->vp->ExecutionState, &call->vp->Cs, call->vp->Rflags, &call->mode);
    WHE_TRY(whe_fetch(call, &emulator->cache, &insn));
    return run(call, insn);
}

/* Of exits that are refused nothing is ever cached. */
WHE_HOT enum whe_result memory_instruction(struct whe_call *call, struct whe_emulator *emulator)
{
    const WHV_VP_EXIT_CONTEXT *vp = call->vp;
    if ((vp->Rflags & WHE_RFLAGS_MODE) != 0)
        return new_instruction(call, emulator);
    const union whe_cache_entry *entry = whe_cache_find(&emulator->cache, whe_mode_key(vp), vp->Rip,
                                                        call->exit.bytes, call->exit.byte_count);
    if (!entry)
        return new_instruction(call, emulator);
    call->mode = entry->mode;
    return run(call, &entry->insn);
}

/* INS and OUTS. They use RDX for the port alone, and the exit names that. */
static enum whe_result port_string(struct whe_call *call, struct whe_decode_cache *cache)
{
    const struct whe_insn *insn;
    WHE_TRY(whe_fetch(call, cache, &insn));
    if (!can_cause_port_exit(insn, &call->exit))
        return WHE_UNSUPPORTED;
    WHE_TRY(load_set(call, insn->reads.set & ~whe_reg_bit(WHE_REG_RDX)));
    WHE_TRY(whe_dispatch(call, insn));
    return retire(call, insn->length);
}

/* IN and OUT: the exit tells everything, nothing is decoded. */
static enum whe_result port_access(struct whe_call *call)
{
    const struct whe_exit *exit = &call->exit;
    WHE_TRY(load_set(call, 0));
    WHE_TRY(whe_port_transfer(call, exit->io.IsWrite ? WHE_OP_OUT : WHE_OP_IN, exit->port,
                              exit->io.AccessSize));
    return retire(call, call->vp->InstructionLength);
}

static enum whe_result port_instruction(struct whe_call *call, struct whe_decode_cache *cache)
{
    if (is_refused(call->vp))
        return WHE_INTERRUPT_PENDING;
    whe_mode_from_exit(call->vp->ExecutionState, &call->vp->Cs, call->vp->Rflags, &call->mode);
    return call->exit.io.StringOp ? port_string(call, cache) : port_access(call);
}

/* What did not end by moving on: a fault is injected. */
static WHE_COLD HRESULT end(struct whe_call *call, enum whe_result result,
                            WHV_EMULATOR_STATUS *status)
{
    if (result == WHE_FAULT)
        result = whe_event_inject(call);
    if (result == WHE_OK)
        result = whe_host_set(call);
    *status = whe_status_from_result(result);
    return S_OK;
}

WHE_HOT void begin(struct whe_call *call, const struct whe_emulator *emulator, void *context,
                   const WHV_VP_EXIT_CONTEXT *vp)
{
    call->callbacks = &emulator->callbacks;
    call->context = context;
    call->vp = vp;
    whe_translations_init(&call->translations);
    whe_regs_init(&call->regs, vp->Rip);
}

HRESULT whe_emulate_memory_exit(struct whe_emulator *emulator, void *context,
                                const WHV_VP_EXIT_CONTEXT *vp,
                                const WHV_MEMORY_ACCESS_CONTEXT *access,
                                WHV_EMULATOR_STATUS *status)
{
    struct whe_call call;
    begin(&call, emulator, context, vp);
    const unsigned type = access->AccessInfo.AccessType;
    call.exit.kind = (enum whe_exit_kind)type;
    call.exit.byte_count = access->InstructionByteCount;
    call.exit.bytes = access->InstructionBytes;
    if (access->AccessInfo.GvaValid)
        whe_translations_add_exit(&call.translations, type, access->Gva, access->Gpa);
    enum whe_result result = memory_instruction(&call, emulator);
    if (result != WHE_OK)
        return end(&call, result, status);
    *status = whe_status_from_result(WHE_OK);
    return S_OK;
}

static void know_registers(struct whe_regs *regs, const WHV_X64_IO_PORT_ACCESS_CONTEXT *access)
{
    whe_reg_know(regs, WHE_REG_RAX, access->Rax);
    if (!access->AccessInfo.StringOp)
        return;
    whe_reg_know(regs, WHE_REG_RCX, access->Rcx);
    whe_reg_know(regs, WHE_REG_RSI, access->Rsi);
    whe_reg_know(regs, WHE_REG_RDI, access->Rdi);
    whe_segment_know(regs, WHE_REG_DS, &access->Ds);
    whe_segment_know(regs, WHE_REG_ES, &access->Es);
}

HRESULT whe_emulate_port_exit(struct whe_emulator *emulator, void *context,
                              const WHV_VP_EXIT_CONTEXT *vp,
                              const WHV_X64_IO_PORT_ACCESS_CONTEXT *access,
                              WHV_EMULATOR_STATUS *status)
{
    struct whe_call call;
    begin(&call, emulator, context, vp);
    call.exit.kind = WHE_EXIT_IO;
    call.exit.byte_count = access->InstructionByteCount;
    call.exit.bytes = access->InstructionBytes;
    call.exit.io = access->AccessInfo;
    call.exit.port = access->PortNumber;
    know_registers(&call.regs, access);
    enum whe_result result = port_instruction(&call, &emulator->cache);
    if (result != WHE_OK)
        return end(&call, result, status);
    *status = whe_status_from_result(WHE_OK);
    return S_OK;
}
