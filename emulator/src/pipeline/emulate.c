/* SPDX-License-Identifier: MIT */
/*
 * Refuse - fetch and decode - compare with the exit - load - plan - read - compute - write - retire
 * - commit. Which callbacks happen in which order is decided here, and by reg_names.def for the
 * order within a batch.
 *
 * Nearly every exit is caused by a load, a store or a read-modify-write of one operand, and asks
 * for nothing special. fast.c knows these: where the exit's own address is the operand's
 * (whe_fast.by_exit), not even the address registers are asked for; where it is not, one function
 * still does all that follows the address (run_addressed).
 */
#include "emulate.h"

#include "attributes.h"
#include "checks.h"
#include "control.h"
#include "event.h"
#include "extras.h"
#include "fetch.h"
#include "host.h"
#include "plan.h"
#include "run.h"
#include "status.h"
#include "translate.h"
#include "values.h"

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
    return can_cause_exit(insn, exit) && whe_element_size(insn) == exit->io.AccessSize &&
           insn->operation == (exit->io.IsWrite ? WHE_STRING_OUTS : WHE_STRING_INS);
}

/* The guest has swapped its code: it harms itself alone, and cannot end the machine. */
static WHE_COLD enum whe_result refuse_swapped(struct whe_call *call)
{
    return whe_fault_code(call, WHE_VECTOR_GP, 0);
}

static WHE_COLD enum whe_result refuse_unknown(struct whe_call *call, const struct whe_insn *insn)
{
    call->unknown = insn->mnemonic;
    return (enum whe_result)insn->refusal;
}

/* Loads registers, and InterruptState where the shadow will have to be cleared. */
static enum whe_result load_set(struct whe_call *call, const struct whe_set *set)
{
    struct whe_set needed = *set;
    if (call->mode.specials & WHE_SPECIAL_SHADOW)
        whe_set_add(&needed, WHE_REG_INTERRUPT_STATE);
    return whe_host_get(call, &needed);
}

/* CR4 is known already where the address of code that was fetched had to be canonical. */
static enum whe_result load(struct whe_call *call, const struct whe_batch *batch)
{
    if (call->mode.specials == 0 && batch->count > 0 &&
        !whe_set_has(&call->regs.known, WHE_REG_CR4))
        return whe_host_get_batch(call, batch);
    return load_set(call, &batch->set);
}

/* What few instructions need: RF, the trap, the interrupt shadow, a REP that goes on. */
static WHE_COLD void retire_unusual(struct whe_call *call, uint64_t rip)
{
    struct whe_regs *regs = &call->regs;
    const unsigned specials = call->mode.specials;
    uint64_t rflags = call->vp->Rflags;
    if (whe_set_has(&regs->written, WHE_REG_RFLAGS))
        rflags = whe_reg_get(regs, WHE_REG_RFLAGS);
    whe_reg_set(regs, WHE_REG_RIP, specials & WHE_SPECIAL_UNFINISHED ? call->vp->Rip : rip);
    if (!(specials & (WHE_SPECIAL_UNFINISHED | WHE_SPECIAL_KEEPS_RF)) && (rflags & WHE_RFLAGS_RF))
        whe_reg_set(regs, WHE_REG_RFLAGS, rflags & ~WHE_RFLAGS_RF);
    if ((call->vp->Rflags & WHE_RFLAGS_TF) &&
        !(specials & (WHE_SPECIAL_BLOCKS | WHE_SPECIAL_NO_TRAP)))
        whe_reg_set(regs, WHE_REG_PENDING_DEBUG, PENDING_DEBUG_SINGLE_STEP);
    /* Bit 1 masks NMIs and is not ours. */
    const unsigned begins = WHE_SPECIAL_BLOCKS | WHE_SPECIAL_HOLDS;
    if (specials & (WHE_SPECIAL_SHADOW | begins))
        whe_reg_set(regs, WHE_REG_INTERRUPT_STATE,
                    (whe_reg_get(regs, WHE_REG_INTERRUPT_STATE) & ~INTERRUPT_STATE_SHADOW) |
                        (specials & begins ? INTERRUPT_STATE_SHADOW : 0));
}

/* RIP moves on, and what was written is published. */
static enum whe_result retire(struct whe_call *call, uint64_t next_rip)
{
    const uint64_t rip = next_rip & whe_mode_linear_mask(&call->mode);
    if (call->mode.specials == 0)
        return whe_host_set_with_rip(call, rip);
    retire_unusual(call, rip);
    return whe_host_set(call);
}

/*
 * The processor has computed and checked the address of the access that it tells of: where that can
 * only be the operand's, it is taken from there, and no address register is asked for. Not at the
 * beginning of a page: there the end of an operand that begins on the page before is told as well.
 * Nor where the address is not aligned as the instruction demands: then it was another's.
 */
static bool has_operands_address(const struct whe_call *call, const struct whe_insn *insn)
{
    const struct whe_memory *memory = &insn->memory[0];
    const struct whe_place *place = &memory->place;
    const uint64_t offset = call->exit.gva & WHE_PAGE_MASK;
    unsigned alignment = memory->alignment;
    if (call->mode.check_alignment && place->alignment > alignment)
        alignment = place->alignment;
    return insn->is_by_exit && (place->intent & ~call->translations.exit_allows) == 0 &&
           offset + place->size <= WHE_PAGE_SIZE && (offset != 0 || place->size == 1) &&
           (offset & (alignment - 1u)) == 0;
}

static enum whe_result plan_all(struct whe_call *call, const struct whe_insn *insn,
                                struct whe_places *places)
{
    for (unsigned i = 0; i < insn->memory_count; i++)
        WHE_TRY(whe_plan(call, insn, &insn->memory[i], &places->span[i]));
    return WHE_OK;
}

/* Everything after all that is read is read. @param extras or NULL. */
WHE_HOT enum whe_result conclude(struct whe_call *call, const struct whe_places *places,
                                 struct whe_work *work, struct whe_extras *extras)
{
    const struct whe_insn *insn = work->insn;
    const enum whe_vector vector = whe_kernels[insn->id](work);
    if (vector != WHE_VECTOR_NONE) {
        if (extras)
            whe_extras_keep_image(call, extras, work->insn);
        return whe_fault_kernel(call, vector, work->code);
    }
    if (work->next_rip != call->vp->Rip + insn->length)
        WHE_TRY(whe_check_branch(call, work->next_rip));
    WHE_TRY(whe_values_write(call, places, work));
    if (extras)
        whe_extras_keep(call, extras, work);
    return retire(call, work->next_rip);
}

/* Everything after the memory operands are planned. */
static enum whe_result compute(struct whe_call *call, const struct whe_insn *insn,
                               const struct whe_places *places)
{
    struct whe_work work;
    whe_work_begin(call, insn, &work);
    WHE_TRY(whe_values_read(call, places, &work));
    return conclude(call, places, &work, NULL);
}

/* The same for what has more than operands. */
static WHE_APART enum whe_result compute_with_extras(struct whe_call *call,
                                                     const struct whe_insn *insn,
                                                     const struct whe_places *places)
{
    struct whe_work work;
    struct whe_extras extras;
    whe_work_begin(call, insn, &work);
    whe_extras_begin(call, &extras, &work);
    WHE_TRY(whe_values_read(call, places, &work));
    WHE_TRY(whe_extras_read(call, &work));
    return conclude(call, places, &work, &extras);
}

static enum whe_result run_values(struct whe_call *call, const struct whe_insn *insn)
{
    struct whe_places places;
    const bool is_told = has_operands_address(call, insn);
    WHE_TRY(load(call, is_told ? &insn->values : &insn->reads));
    if (insn->checks != WHE_CHECKS_NONE) {
        WHE_TRY(whe_checks_run(call, insn->checks));
        WHE_TRY(whe_checks_wait(call, insn->checks));
    }
    if (is_told)
        places.span[0] =
            (struct whe_span){.gpa = {call->exit.gpa}, .size = insn->memory[0].place.size};
    else
        WHE_TRY(plan_all(call, insn, &places));
    if (insn->has_extras)
        return compute_with_extras(call, insn, &places);
    return compute(call, insn, &places);
}

static enum whe_result run_loop(struct whe_call *call, const struct whe_insn *insn)
{
    uint64_t rip = call->vp->Rip + insn->length;
    switch (insn->form) {
    case WHE_FORM_FAR:
        WHE_TRY(whe_run_far(call, insn, &rip));
        break;
    case WHE_FORM_INTERRUPT:
        WHE_TRY(whe_run_interrupt(call, insn, &rip));
        break;
    case WHE_FORM_PORT:
        WHE_TRY(whe_run_port(call, insn));
        break;
    case WHE_FORM_MOVE:
        WHE_TRY(whe_run_move(call, insn));
        break;
    default:
        WHE_TRY(whe_run_compare(call, insn));
        break;
    }
    return retire(call, rip);
}

static enum whe_result run(struct whe_call *call, const struct whe_insn *insn)
{
    if (!can_cause_exit(insn, &call->exit))
        return refuse_swapped(call);
    if (insn->id == WHE_INSN_NONE)
        return refuse_unknown(call, insn);
    if (insn->form == WHE_FORM_VALUES)
        return run_values(call, insn);
    WHE_TRY(load(call, &insn->reads));
    return run_loop(call, insn);
}

/* An event was being delivered: what stopped was not an instruction. */
static bool is_refused(const WHV_VP_EXIT_CONTEXT *vp)
{
    return vp->ExecutionState.InterruptionPending;
}

static void take_exit(struct whe_call *call, const WHV_MEMORY_ACCESS_CONTEXT *access)
{
    call->exit.kind = (enum whe_exit_kind)access->AccessInfo.AccessType;
    call->exit.byte_count = access->InstructionByteCount;
    call->exit.bytes = access->InstructionBytes;
    call->exit.gva = access->Gva;
    call->exit.gpa = access->Gpa;
    whe_regs_init(&call->regs, call->vp->Rip);
}

/* @param entry what was found in the cache, or NULL. Of exits that are refused nothing ever is. */
static WHE_APART enum whe_result run_any(struct whe_call *call, struct whe_decode_cache *cache,
                                         const WHV_MEMORY_ACCESS_CONTEXT *access,
                                         const union whe_cache_entry *entry)
{
    const WHV_VP_EXIT_CONTEXT *vp = call->vp;
    const struct whe_insn *insn;
    const bool has_walked =
        !access->AccessInfo.GvaValid ||
        whe_translations_add_exit(&call->translations, access->AccessInfo.AccessType, access->Gva,
                                  access->Gpa);
    if (is_refused(vp))
        return WHE_INTERRUPT_PENDING;
    if (!has_walked)
        return WHE_WALK_STOPPED;
    take_exit(call, access);
    if (entry) {
        call->mode = entry->mode;
        insn = &entry->insn;
    } else {
        whe_mode_from_exit(vp->ExecutionState, &vp->Cs, vp->Rflags, &call->mode);
        WHE_TRY(whe_fetch(call, cache, &insn));
    }
    return run(call, insn);
}

/* Of code whose first bytes were fetched: they take the place of the exit's. */
static WHE_APART enum whe_result run_code(struct whe_call *call, struct whe_decode_cache *cache,
                                          const WHV_MEMORY_ACCESS_CONTEXT *access,
                                          const union whe_cache_entry *entry, uint64_t code)
{
    WHV_MEMORY_ACCESS_CONTEXT fetched = *access;
    memcpy(fetched.InstructionBytes, &code, sizeof(code));
    fetched.InstructionByteCount = sizeof(code);
    whe_translations_init(&call->translations);
    return run_any(call, cache, &fetched, entry);
}

/* Whether a common instruction's address follows from registers, and the exit could be its. */
WHE_HOT bool is_addressed(const union whe_cache_entry *entry,
                          const WHV_MEMORY_ACCESS_CONTEXT *access)
{
    return entry->fast.is_addressed && (entry->insn.exits & 1u << access->AccessInfo.AccessType) &&
           (!access->AccessInfo.GvaValid || ((access->Gva ^ access->Gpa) & WHE_PAGE_MASK) == 0);
}

static enum whe_result run_addressed(struct whe_call *call, const union whe_cache_entry *entry,
                                     const WHV_MEMORY_ACCESS_CONTEXT *access)
{
    const struct whe_insn *insn = &entry->insn;
    const struct whe_place *place = &insn->memory[0].place;
    struct whe_places places;
    uint64_t linear;
    if (access->AccessInfo.GvaValid)
        whe_translations_add_exit(&call->translations, access->AccessInfo.AccessType, access->Gva,
                                  access->Gpa);
    call->mode = entry->mode;
    call->regs.known = insn->reads.set;
    call->regs.written = (struct whe_set){{0}};
    WHE_TRY(whe_host_fill(call, &insn->reads));
    const uint64_t offset =
        whe_effective_address(&call->regs, &insn->memory[0].address, insn->address_mask);
    WHE_TRY(whe_linear(call, place, offset, &linear));
    WHE_TRY(whe_probe(call, linear, place->size, place->intent, &places.span[0]));
    if (places.span[0].rest == 0)
        return entry->fast.run(call, &entry->fast, places.span[0].gpa[0]);
    return compute(call, insn, &places);
}

/* INS and OUTS. They use RDX for the port alone, and the exit names that. */
static enum whe_result port_string(struct whe_call *call, struct whe_decode_cache *cache)
{
    const struct whe_insn *insn;
    WHE_TRY(whe_fetch(call, cache, &insn));
    if (!can_cause_port_exit(insn, &call->exit))
        return refuse_swapped(call);
    struct whe_set needed = insn->reads.set;
    whe_set_remove(&needed, WHE_REG_RDX);
    WHE_TRY(load_set(call, &needed));
    return run_loop(call, insn);
}

/* IN and OUT: the exit tells everything, nothing is decoded. */
static enum whe_result port_access(struct whe_call *call)
{
    const struct whe_exit *exit = &call->exit;
    static const struct whe_set none;
    WHE_TRY(load_set(call, &none));
    WHE_TRY(whe_port_transfer(call, exit->io.IsWrite, exit->port, exit->io.AccessSize));
    return retire(call, call->vp->Rip + call->vp->InstructionLength);
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
    whe_reason_keep(&emulator->reason, result, call->unknown);
    emulator->mark = WHE_HANDLE_FREE;
    *status = whe_status_from_result(result);
    return S_OK;
}

WHE_HOT HRESULT finish(struct whe_emulator *emulator, struct whe_call *call, enum whe_result result,
                       WHV_EMULATOR_STATUS *status)
{
    if (result != WHE_OK)
        return end(emulator, call, result, status);
    emulator->mark = WHE_HANDLE_FREE;
    *status = whe_status_from_result(WHE_OK);
    return S_OK;
}

WHE_COLD HRESULT whe_emulate_refused(struct whe_emulator *emulator, struct whe_call *call,
                                     const union whe_cache_entry *entry,
                                     WHV_EMULATOR_STATUS *status)
{
    call->mode = entry->mode;
    whe_regs_init(&call->regs, call->vp->Rip);
    whe_set_join(&call->regs.known, &entry->insn.values.set);
    return end(emulator, call, whe_checks_run(call, entry->insn.checks), status);
}

WHE_HOT void begin(struct whe_call *call, struct whe_emulator *emulator, void *context,
                   const WHV_VP_EXIT_CONTEXT *vp)
{
    emulator->mark = WHE_HANDLE_BUSY;
    call->callbacks = &emulator->callbacks;
    call->context = context;
    call->vp = vp;
}

static WHE_APART HRESULT emulate_other(struct whe_emulator *emulator, void *context,
                                       const WHV_VP_EXIT_CONTEXT *vp,
                                       const WHV_MEMORY_ACCESS_CONTEXT *access,
                                       WHV_EMULATOR_STATUS *status,
                                       const union whe_cache_entry *entry)
{
    struct whe_call call;
    enum whe_result result;
    begin(&call, emulator, context, vp);
    whe_translations_init(&call.translations);
    if (entry && is_addressed(entry, access))
        result = run_addressed(&call, entry, access);
    else
        result = run_any(&call, &emulator->cache, access, entry);
    return finish(emulator, &call, result, status);
}

/* Code that lies in a device, found at `gpa`. @param known an entry of the same mode, in the place
 * where the instruction may be. */
WHE_HOT HRESULT emulate_told(struct whe_emulator *emulator, void *context,
                             const WHV_VP_EXIT_CONTEXT *vp, const WHV_MEMORY_ACCESS_CONTEXT *access,
                             WHV_EMULATOR_STATUS *status, const union whe_cache_entry *known,
                             uint64_t gpa)
{
    struct whe_call call;
    uint64_t code;
    begin(&call, emulator, context, vp);
    enum whe_result result = whe_host_read_unmasked(&call, gpa, WHE_FETCH_FIRST, &code);
    if (result == WHE_OK && (((code & known->mask[0]) ^ known->bytes[0]) | known->mask[1]) != 0)
        result = run_code(&call, &emulator->cache, access, NULL, code);
    else if (result == WHE_OK)
        result = known->fast.plain ? known->fast.plain(&call, known)
                                   : run_code(&call, &emulator->cache, access, known, code);
    return finish(emulator, &call, result, status);
}

static WHE_APART HRESULT emulate_code(struct whe_emulator *emulator, void *context,
                                      const WHV_VP_EXIT_CONTEXT *vp,
                                      const WHV_MEMORY_ACCESS_CONTEXT *access,
                                      WHV_EMULATOR_STATUS *status)
{
    const union whe_cache_entry *known = whe_cache_slot(&emulator->cache, vp->Rip);
    uint64_t gpa;
    if (known->mode_key == whe_mode_key_with_flags(vp) &&
        whe_fetch_is_told(&known->mode, vp, access, &gpa))
        return emulate_told(emulator, context, vp, access, status, known, gpa);
    return emulate_other(emulator, context, vp, access, status, NULL);
}

HRESULT whe_emulate_memory_exit(struct whe_emulator *emulator, void *context,
                                const WHV_VP_EXIT_CONTEXT *vp,
                                const WHV_MEMORY_ACCESS_CONTEXT *access,
                                WHV_EMULATOR_STATUS *status)
{
    const union whe_cache_entry *entry = NULL;
    if (access->AccessInfo.AccessType == WHvMemoryAccessExecute)
        return emulate_code(emulator, context, vp, access, status);
    if (!(vp->Rflags & WHE_RFLAGS_MODE))
        entry = whe_cache_find(&emulator->cache, whe_mode_key(vp), vp->Rip,
                               access->InstructionBytes, access->InstructionByteCount);
    if (WHE_LIKELY(entry && whe_fast_is_by_exit(&entry->fast, access)))
        return entry->fast.by_exit(emulator, context, vp, access, status, entry);
    return emulate_other(emulator, context, vp, access, status, entry);
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
    whe_translations_init(&call.translations);
    call.exit.kind = WHE_EXIT_IO;
    call.exit.byte_count = access->InstructionByteCount;
    call.exit.bytes = access->InstructionBytes;
    call.exit.io = access->AccessInfo;
    call.exit.port = access->PortNumber;
    whe_regs_init(&call.regs, vp->Rip);
    know_registers(&call.regs, access);
    enum whe_result result = port_instruction(&call, &emulator->cache);
    return finish(emulator, &call, result, status);
}
