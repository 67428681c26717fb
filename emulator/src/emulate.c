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

/* The guest has swapped its code: it harms itself alone, and cannot end the machine. */
static WHE_COLD enum whe_result refuse_swapped(struct whe_call *call)
{
    return whe_fault_code(call, WHE_VECTOR_GP, 0);
}

/* Loads registers, and InterruptState where the shadow will have to be cleared. */
static enum whe_result load_set(struct whe_call *call, uint64_t needed)
{
    if (call->mode.specials & WHE_SPECIAL_SHADOW)
        needed |= whe_reg_bit(WHE_REG_INTERRUPT_STATE);
    return whe_host_get(call, needed);
}

/* Loads registers and plans the memory operand: everything that can fault faults here, before the
   first device access. */
static enum whe_result prepare(struct whe_call *call, const struct whe_insn *insn)
{
    if (call->mode.specials == 0 && insn->reads.count > 0)
        WHE_TRY(whe_host_get_batch(call, &insn->reads));
    else
        WHE_TRY(load_set(call, insn->reads.set));
    return insn->is_planned ? whe_plan_operand(call, insn) : WHE_OK;
}

/*
 * A memory operand of up to 8 bytes is read before the handler runs, and written after it.
 * @param is_whole it is known not to cross a page.
 */
WHE_HOT enum whe_result execute(struct whe_call *call, const struct whe_insn *insn, bool is_whole)
{
    const struct whe_span *span = &call->span;
    if (insn->access & WHE_INTENT_READ) {
        uint64_t
            value; /* apart from call, which callbacks could change for all the compiler knows */
        if (is_whole)
            WHE_TRY(whe_host_read_unmasked(call, span->gpa[0], span->size, &value));
        else
            WHE_TRY(whe_span_read(call, span, &value));
        call->memory = value & insn->place.mask;
    }
    WHE_TRY(whe_dispatch(call, insn));
    if (!(insn->access & WHE_INTENT_WRITE))
        return WHE_OK;
    if (is_whole)
        return whe_host_write(call, span->gpa[0], span->size, call->memory);
    return whe_span_write(call, span, call->memory);
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

/* The rest of run_plain() for an operand that is not what most are. */
static WHE_COLD enum whe_result run_after_load(struct whe_call *call, const struct whe_insn *insn)
{
    WHE_TRY(whe_plan_operand(call, insn));
    WHE_TRY(execute(call, insn, false));
    return retire(call, insn->length);
}

/*
 * run() for a plain instruction and an exit that could cause it and asks for nothing special: with
 * steps that need not look for what cannot be. call->mode is not used but by faults.
 * @param is_flat insn->place.is_flat.
 */
WHE_HOT enum whe_result run_plain(struct whe_call *call, const struct whe_insn *insn, bool is_flat)
{
    WHE_TRY(whe_host_get_batch(call, &insn->reads));
    uint64_t linear = whe_effective_address(&call->regs, insn);
    if (is_flat && !whe_is_canonical48(linear))
        return run_after_load(call, insn);
    if (!is_flat)
        WHE_TRY(whe_linear_checked(call, &insn->place, linear, &linear));
    if ((linear & WHE_PAGE_MASK) > insn->place.last)
        return run_after_load(call, insn);
    WHE_TRY(whe_probe_first(call, linear, &insn->place));
    WHE_TRY(execute(call, insn, true));
    const uint64_t rip = call->vp->Rip + insn->length;
    return whe_host_set_with_rip(call, is_flat ? rip : rip & whe_mode_linear_mask(&call->mode));
}

static enum whe_result run(struct whe_call *call, const struct whe_insn *insn)
{
    if (!can_cause_exit(insn, &call->exit))
        return refuse_swapped(call);
    if (insn->id == WHE_INSN_NONE)
        return WHE_UNSUPPORTED;
    if (insn->is_plain && call->mode.specials == 0)
        return run_plain(call, insn, false);
    WHE_TRY(prepare(call, insn));
    WHE_TRY(execute(call, insn, false));
    return retire(call, insn->length);
}

/* @param entry what was found in the cache, or NULL. Of exits that are refused nothing ever is. */
static WHE_APART enum whe_result run_any(struct whe_call *call, struct whe_decode_cache *cache,
                                         const WHV_MEMORY_ACCESS_CONTEXT *access,
                                         const union whe_cache_entry *entry)
{
    const WHV_VP_EXIT_CONTEXT *vp = call->vp;
    const struct whe_insn *insn;
    call->exit.kind = (enum whe_exit_kind)access->AccessInfo.AccessType;
    call->exit.byte_count = access->InstructionByteCount;
    call->exit.bytes = access->InstructionBytes;
    whe_regs_init(&call->regs, vp->Rip);
    if (entry) {
        call->mode = entry->mode;
        insn = &entry->insn;
    } else {
        if (is_refused(vp))
            return WHE_INTERRUPT_PENDING;
        whe_mode_from_exit(vp->ExecutionState, &vp->Cs, vp->Rflags, &call->mode);
        WHE_TRY(whe_fetch(call, cache, &insn));
    }
    return run(call, insn);
}

WHE_HOT enum whe_result run_flat(struct whe_call *call, const union whe_cache_entry *entry)
{
    call->mode = entry->mode;
    call->regs.known = WHE_REGS_GIVEN;
    call->regs.written = 0;
    return run_plain(call, &entry->insn, true);
}

/* INS and OUTS. They use RDX for the port alone, and the exit names that. */
static enum whe_result port_string(struct whe_call *call, struct whe_decode_cache *cache)
{
    const struct whe_insn *insn;
    WHE_TRY(whe_fetch(call, cache, &insn));
    if (!can_cause_port_exit(insn, &call->exit))
        return refuse_swapped(call);
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
static WHE_COLD HRESULT end(struct whe_emulator *emulator, struct whe_call *call,
                            enum whe_result result, WHV_EMULATOR_STATUS *status)
{
    if (result == WHE_FAULT)
        result = whe_event_inject(call);
    if (result == WHE_OK)
        result = whe_host_set(call);
    emulator->mark = WHE_HANDLE_FREE;
    *status = whe_status_from_result(result);
    return S_OK;
}

WHE_HOT void begin(struct whe_call *call, struct whe_emulator *emulator, void *context,
                   const WHV_VP_EXIT_CONTEXT *vp)
{
    emulator->mark = WHE_HANDLE_BUSY;
    call->callbacks = &emulator->callbacks;
    call->context = context;
    call->vp = vp;
    whe_translations_init(&call->translations);
}

HRESULT whe_emulate_memory_exit(struct whe_emulator *emulator, void *context,
                                const WHV_VP_EXIT_CONTEXT *vp,
                                const WHV_MEMORY_ACCESS_CONTEXT *access,
                                WHV_EMULATOR_STATUS *status)
{
    struct whe_decode_cache *cache = &emulator->cache;
    const union whe_cache_entry *entry = NULL;
    const unsigned type = access->AccessInfo.AccessType;
    struct whe_call call;
    enum whe_result result;
    begin(&call, emulator, context, vp);
    if (access->AccessInfo.GvaValid &&
        !whe_translations_add_exit(&call.translations, type, access->Gva, access->Gpa))
        return end(emulator, &call, is_refused(vp) ? WHE_INTERRUPT_PENDING : WHE_UNSUPPORTED,
                   status);
    if (!(vp->Rflags & WHE_RFLAGS_MODE))
        entry = whe_cache_find(cache, whe_mode_key(vp), vp->Rip, access->InstructionBytes,
                               access->InstructionByteCount);
    if (!entry || !(entry->flat_exits & 1u << type))
        result = run_any(&call, cache, access, entry);
    else
        result = run_flat(&call, entry);
    if (result != WHE_OK)
        return end(emulator, &call, result, status);
    emulator->mark = WHE_HANDLE_FREE;
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
    whe_regs_init(&call.regs, vp->Rip);
    know_registers(&call.regs, access);
    enum whe_result result = port_instruction(&call, &emulator->cache);
    if (result != WHE_OK)
        return end(emulator, &call, result, status);
    emulator->mark = WHE_HANDLE_FREE;
    *status = whe_status_from_result(WHE_OK);
    return S_OK;
}
