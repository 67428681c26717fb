/* SPDX-License-Identifier: MIT */
#include "extras.h"

#include <string.h>

#include "bits.h"
#include "control.h"
#include "descriptor.h"
#include "host.h"
#include "plan.h"
#include "x87.h"

#define MMX_EXPONENT 0xffffu

/* Where a register lies in the image. */
static unsigned slot_of(unsigned reg)
{
    if (reg == WHE_REG_FPCS)
        return 0;
    if (reg == WHE_REG_XMMCS)
        return 1;
    return reg >= WHE_REG_FPMMX0 ? 2 + reg - WHE_REG_FPMMX0 : 10 + reg - WHE_REG_XMM0;
}

static void add_range(struct whe_set *set, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        whe_set_add(set, first + i);
}

/* The registers of the image: all lie in one bank. */
static void image_registers(const struct whe_mode *mode, unsigned traits, struct whe_set *set)
{
    if (traits & (WHE_TRAIT_MXCSR | WHE_TRAIT_X87))
        whe_set_add(set, WHE_REG_XMMCS);
    if (traits & WHE_TRAIT_X87) {
        whe_set_add(set, WHE_REG_FPCS);
        add_range(set, WHE_REG_FPMMX0, 8);
    }
    if (traits & WHE_TRAIT_XMM)
        add_range(set, WHE_REG_XMM0, mode->code == WHE_CODE64 ? 16 : 8);
}

void whe_extras_registers(const struct whe_mode *mode, unsigned traits, struct whe_set *set)
{
    image_registers(mode, traits, set);
    if (traits & WHE_TRAIT_CONTROL) {
        whe_set_add(set, WHE_REG_CR0);
        whe_set_add(set, WHE_REG_CR4);
        whe_set_add(set, WHE_REG_EFER);
    }
    if ((traits & WHE_TRAIT_VIF) && mode->cpl == 3)
        whe_set_add(set, WHE_REG_CR4);
    if (traits & WHE_TRAIT_DEBUG_MOVE)
        whe_set_add(set, WHE_REG_DR7);
    if (traits & WHE_TRAIT_HOLDS)
        whe_set_add(set, WHE_REG_INTERRUPT_STATE);
    if (traits & WHE_TRAIT_GPRS)
        add_range(set, WHE_REG_RAX, 8);
    if ((traits & WHE_TRAIT_SELECTOR) && mode->protected_mode) {
        whe_set_add(set, WHE_REG_GDTR);
        whe_set_add(set, WHE_REG_LDTR);
    }
}

void whe_extras_begin(const struct whe_call *call, struct whe_extras *extras, struct whe_work *work)
{
    struct whe_set set = {{0}};
    image_registers(&call->mode, work->insn->traits, &set);
    for (uint64_t rest = set.bank[WHE_BANK_VECTOR]; rest != 0; rest &= rest - 1) {
        const unsigned reg = WHE_BANK_VECTOR * WHE_BANK_SIZE + (unsigned)__builtin_ctzll(rest);
        const WHV_UINT128 value = whe_reg_get128(&call->regs, reg);
        extras->image.slot[slot_of(reg)] = extras->before.slot[slot_of(reg)] = value;
    }
    work->gprs_written = 0;
    for (unsigned i = 0; i < 8 && (work->insn->traits & WHE_TRAIT_GPRS); i++)
        work->gpr[i] = whe_reg_get(&call->regs, WHE_REG_RAX + i);
    if (work->insn->traits & WHE_TRAIT_FRAME)
        work->stack_mask = whe_stack_mask(call);
    if (work->insn->traits & WHE_TRAIT_CONTROL) {
        work->control = (struct whe_control){.cr0 = whe_reg_get(&call->regs, WHE_REG_CR0),
                                             .cr4 = whe_reg_get(&call->regs, WHE_REG_CR4),
                                             .efer = whe_reg_get(&call->regs, WHE_REG_EFER),
                                             .has_long_code = call->vp->Cs.Long};
        extras->control = work->control;
    }
    if (work->insn->traits & WHE_TRAIT_VIF)
        work->control.cr4 = call->mode.cpl == 3 ? whe_reg_get(&call->regs, WHE_REG_CR4) : 0;
    if (work->insn->traits & WHE_TRAIT_DEBUG_MOVE)
        work->control.dr7 = whe_reg_get(&call->regs, WHE_REG_DR7);
    work->holds = work->writes_msr = false;
    work->image = &extras->image;
    work->block = extras->block;
    for (unsigned i = 0; i < work->insn->operand_count; i++) {
        if (work->insn->operand[i].size > sizeof(union whe_value))
            work->block_size = work->insn->operand[i].size;
    }
}

/* The selector is the last operand that is not hidden. */
static const union whe_value *selector_of(const struct whe_work *work)
{
    unsigned i = work->insn->operand_count;
    while (i > 1 && work->insn->operand[i - 1].is_hidden)
        i--;
    return &work->value[i - 1];
}

static bool is_segment(enum whe_reg reg)
{
    return reg >= WHE_REG_ES && reg <= WHE_REG_GS;
}

/* Before it is written most is not even looked at. */
static enum whe_result read_msr(struct whe_call *call, struct whe_work *work)
{
    const struct whe_msr *msr = &work->msr;
    if (!whe_msr_find((uint32_t)work->value[2].u64, &work->msr)) /* ECX */
        return WHE_NO_MSR;
    work->msr_value = 0;
    call->msr_name = msr->name;
    const bool is_written = work->insn->writes == 0;
    if (is_written && msr->reg == WHE_REG_MSR && msr->rule != WHE_MSR_APIC_BASE)
        return WHE_OK;
    WHE_TRY(whe_host_get_one(call, msr->reg));
    work->msr_value = is_segment(msr->reg) ? whe_segment(&call->regs, msr->reg)->Base
                                           : whe_reg_get(&call->regs, msr->reg);
    return WHE_OK;
}

static void keep_msr(struct whe_call *call, const struct whe_work *work)
{
    if (!work->writes_msr)
        return;
    if (is_segment(work->msr.reg))
        whe_segment_set_base(&call->regs, work->msr.reg, work->msr_value);
    else
        whe_reg_set(&call->regs, work->msr.reg, work->msr_value);
}

/* What MOV to CR4 looks at beyond what is loaded for all of MOV. */
static enum whe_result read_for_control(struct whe_call *call, struct whe_work *work)
{
    const unsigned to = work->insn->operand[0].reg;
    const uint64_t value = work->value[1].u64;
    if (to == WHE_REG_CR4 && (value & ~work->control.cr4 & WHE_CR4_PCIDE)) {
        WHE_TRY(whe_host_get_one(call, WHE_REG_CR3));
        work->control.cr3 = whe_reg_get(&call->regs, WHE_REG_CR3);
    }
    return WHE_OK;
}

enum whe_result whe_extras_read(struct whe_call *call, struct whe_work *work)
{
    if (work->insn->traits & WHE_TRAIT_MSR)
        return read_msr(call, work);
    if (work->insn->traits & WHE_TRAIT_CONTROL_MOVE)
        return read_for_control(call, work);
    if (!(work->insn->traits & WHE_TRAIT_SELECTOR))
        return WHE_OK;
    return whe_read_descriptor(call, (uint16_t)selector_of(work)->u64, &work->has_descriptor,
                               &work->descriptor);
}

static void keep_mmx(union whe_image *image, const struct whe_work *work)
{
    bool is_entered = false;
    for (unsigned i = 0; i < work->insn->operand_count; i++) {
        const struct whe_operand *operand = &work->insn->operand[i];
        if (operand->kind != WHE_OPERAND_MMX)
            continue;
        if (!is_entered)
            whe_x87_enter_mmx(image);
        is_entered = true;
        if (work->writes & 1u << i)
            image->st[operand->reg - WHE_REG_FPMMX0] =
                (WHV_UINT128){.Low64 = work->value[i].u64, .High64 = MMX_EXPONENT};
    }
}

/* What the x87 remembers of its last instruction: SDM 1, 8.1.8 and 8.1.9. Without a memory operand
   the last one's address stays. */
static void keep_last(const struct whe_call *call, const struct whe_insn *insn,
                      union whe_image *image)
{
    const struct whe_memory *memory = &insn->memory[0];
    const bool has_selectors = call->mode.code != WHE_CODE64;
    image->x87.LastFpOp = insn->opcode;
    image->x87.LastFpRip = call->vp->Rip;
    if (has_selectors)
        image->x87.LastFpCs = call->vp->Cs.Selector;
    if (insn->memory_count == 0)
        return;
    image->sse.LastFpRdp = whe_effective_address(&call->regs, &memory->address, insn->address_mask);
    if (has_selectors)
        image->sse.LastFpDs = whe_call_segment(call, memory->place.segment)->Selector;
}

static void keep_if_changed(struct whe_call *call, enum whe_reg reg, uint64_t before,
                            uint64_t after)
{
    if (before != after)
        whe_reg_set(&call->regs, reg, after);
}

static void keep_general(struct whe_call *call, const struct whe_extras *extras,
                         const struct whe_work *work)
{
    const uint64_t mask = whe_mask_from_size(work->insn->operand_size);
    for (unsigned i = 0; i < 8; i++) {
        if (work->gprs_written >> i & 1)
            whe_gpr_write(&call->regs, WHE_REG_RAX + i, mask, 0, work->gpr[i]);
    }
    if (!(work->insn->traits & WHE_TRAIT_CONTROL))
        return;
    keep_if_changed(call, WHE_REG_CR0, extras->control.cr0, work->control.cr0);
    keep_if_changed(call, WHE_REG_CR4, extras->control.cr4, work->control.cr4);
    keep_if_changed(call, WHE_REG_EFER, extras->control.efer, work->control.efer);
}

void whe_extras_keep_image(struct whe_call *call, const struct whe_extras *extras,
                           const struct whe_insn *insn)
{
    struct whe_set set = {{0}};
    image_registers(&call->mode, insn->traits, &set);
    for (uint64_t rest = set.bank[WHE_BANK_VECTOR]; rest != 0; rest &= rest - 1) {
        const unsigned reg = WHE_BANK_VECTOR * WHE_BANK_SIZE + (unsigned)__builtin_ctzll(rest);
        const WHV_UINT128 *after = &extras->image.slot[slot_of(reg)];
        if (memcmp(after, &extras->before.slot[slot_of(reg)], sizeof(*after)) != 0)
            whe_reg_set128(&call->regs, reg, *after);
    }
}

void whe_extras_keep(struct whe_call *call, struct whe_extras *extras, const struct whe_work *work)
{
    keep_mmx(&extras->image, work);
    keep_general(call, extras, work);
    keep_msr(call, work);
    if (work->holds)
        call->mode.specials |= WHE_SPECIAL_HOLDS;
    if (work->insn->traits & WHE_TRAIT_LAST)
        keep_last(call, work->insn, &extras->image);
    whe_extras_keep_image(call, extras, work->insn);
}
