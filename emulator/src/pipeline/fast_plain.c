/* SPDX-License-Identifier: MIT */
/*
 * Instructions of registers and values alone, which only code in a device brings here: firmware
 * runs millions of them. What can go wrong, and whatever is more than one Get and one Set of what
 * was worked out beforehand, takes the functions that the pipeline takes.
 */
#include "attributes.h"
#include "decode_cache.h"
#include "event.h"
#include "fast.h"
#include "host.h"
#include "plan.h"
#include "values.h"

WHE_HOT uint64_t input(const struct whe_call *call, const struct whe_insn *insn,
                       const struct whe_operand *operand)
{
    if (operand->kind == WHE_OPERAND_GPR)
        return (call->regs.value[operand->reg].Reg64 >> operand->shift) & operand->mask;
    if (operand->kind == WHE_OPERAND_IMMEDIATE)
        return operand->immediate;
    return whe_effective_address(&call->regs, &insn->memory[0].address, insn->address_mask);
}

/* What was worked out beforehand: at most one register, the flags, RIP. */
WHE_HOT enum whe_result publish(struct whe_call *call, const union whe_cache_entry *entry,
                                uint64_t reg, uint64_t rflags, uint64_t rip)
{
    const struct whe_fast *fast = &entry->fast;
    WHV_REGISTER_VALUE value[3];
    unsigned count = 0;
    if (entry->insn.writes != 0)
        value[count++].Reg128 = (WHV_UINT128){.Low64 = reg};
    if (entry->insn.writes_flags)
        value[count++].Reg128 = (WHV_UINT128){.Low64 = rflags};
    value[count++].Reg128 = (WHV_UINT128){.Low64 = rip & fast->rip_mask};
    return whe_host_set_names(call, fast->set_name, count, value);
}

/* A kernel has left out what can be written, or that is more than one register. */
static WHE_COLD enum whe_result publish_other(struct whe_call *call, const struct whe_work *work,
                                              uint64_t rip)
{
    if (work->writes_flags)
        whe_reg_set(&call->regs, WHE_REG_RFLAGS, work->rflags);
    return whe_host_set_with_rip(call, rip);
}

/* ADD, INC, MOV and their kin: whe_binary_fn. */
static enum whe_result compute(struct whe_call *call, const union whe_cache_entry *entry)
{
    const struct whe_insn *insn = &entry->insn;
    const struct whe_fast *fast = &entry->fast;
    const struct whe_operand *first = &insn->operand[0];
    uint64_t rflags = call->vp->Rflags;
    uint64_t second = 0;
    if (insn->reads.count > 0)
        WHE_TRY(whe_host_fill(call, &insn->reads));
    const bool is_read = (insn->inputs & 1) != 0 || first->size < 4;
    const uint64_t before = is_read ? call->regs.value[first->reg].Reg64 : 0;
    if (insn->operand_count > 1)
        second = input(call, insn, &insn->operand[1]) & first->mask;
    const uint64_t result =
        fast->binary((before >> first->shift) & first->mask, second, first->size, &rflags);
    return publish(call, entry, whe_gpr_merged(before, first->mask, first->shift, result), rflags,
                   call->vp->Rip + insn->length);
}

static enum whe_result run_kernel(struct whe_call *call, const union whe_cache_entry *entry)
{
    const struct whe_insn *insn = &entry->insn;
    struct whe_work work;
    call->mode = entry->mode;
    whe_regs_init(&call->regs, call->vp->Rip);
    whe_set_join(&call->regs.known, &insn->reads.set);
    if (insn->reads.count > 0)
        WHE_TRY(whe_host_fill(call, &insn->reads));
    whe_work_begin(call, insn, &work);
    for (unsigned i = 0; i < insn->operand_count; i++)
        work.value[i].u64 = input(call, insn, &insn->operand[i]);
    const enum whe_vector vector = whe_kernels[insn->id](&work);
    if (vector != WHE_VECTOR_NONE)
        return whe_fault_kernel(call, vector, work.code);
    if (work.next_rip != call->vp->Rip + insn->length &&
        !(entry->mode.code == WHE_CODE64 && whe_is_canonical48(work.next_rip)))
        WHE_TRY(whe_check_branch(call, work.next_rip));
    for (unsigned rest = work.writes; rest != 0;) {
        const unsigned i = 31 - (unsigned)__builtin_clz(rest);
        const struct whe_operand *operand = &insn->operand[i];
        whe_gpr_write(&call->regs, operand->reg, operand->mask, operand->shift, work.value[i].u64);
        rest &= ~(1u << i);
    }
    if (entry->fast.set_count == 0 || work.writes != insn->writes ||
        work.writes_flags != insn->writes_flags)
        return publish_other(call, &work, work.next_rip & entry->fast.rip_mask);
    return publish(call, entry, call->regs.value[entry->fast.reg].Reg64, work.rflags,
                   work.next_rip);
}

static bool is_plain(const struct whe_mode *mode, const struct whe_insn *insn)
{
    const unsigned kinds =
        1u << WHE_OPERAND_GPR | 1u << WHE_OPERAND_IMMEDIATE | 1u << WHE_OPERAND_ADDRESS;
    if (insn->id == WHE_INSN_NONE || insn->form != WHE_FORM_VALUES || insn->memory_count > 0 ||
        insn->checks != WHE_CHECKS_NONE || insn->has_extras || mode->specials != 0)
        return false;
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (!(kinds >> insn->operand[i].kind & 1))
            return false;
    }
    return insn->reads.count > 0 || whe_set_is_empty(&insn->reads.set);
}

void whe_fast_plain_init(struct whe_fast *fast, const struct whe_mode *mode,
                         const struct whe_insn *insn)
{
    unsigned count = 0;
    if (!is_plain(mode, insn))
        return;
    fast->binary = whe_binaries[insn->id];
    fast->plain = fast->binary ? compute : run_kernel;
    fast->rip_mask = whe_mode_linear_mask(mode);
    if (insn->writes & (insn->writes - 1u))
        return;
    if (insn->writes != 0) {
        fast->reg = insn->operand[__builtin_ctz(insn->writes)].reg;
        fast->set_name[count++] = whe_names[fast->reg];
    }
    if (insn->writes_flags)
        fast->set_name[count++] = WHvX64RegisterRflags;
    fast->set_name[count++] = WHvX64RegisterRip;
    fast->set_count = (uint8_t)count;
}
