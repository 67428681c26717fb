/* SPDX-License-Identifier: MIT */
/* Tables, selectors, control and debug registers, far pointers, BOUND, ARPL, CLI, STI: SDM 2A, 2B;
   what control registers may hold: 3A, 2.5. */
#include <string.h>

#include "bits.h"
#include "control.h"
#include "kernel.h"
#include "result.h"
#include "rflags.h"

#define LIMIT_SIZE  2u
#define BASE24_SIZE 3u

/* What the processor keeps of CR0; the other bits of the lower half are read as 0. */
#define CR0_KEPT UINT64_C(0xe005003f)
/* The bits of CR3 and CR4 that no processor has. */
#define CR3_RESERVED  UINT64_C(0x1ff0000000000000)
#define CR3_PCID      UINT64_C(0xfff)
#define CR3_KEEPS_TLB (UINT64_C(1) << 63)
#define CR4_RESERVED  UINT64_C(0xfffffffeec008000)

/* What the processor keeps of DR6 and DR7, and what is always 1. */
#define DR6_KEPT UINT64_C(0xe00f)
#define DR6_SET  UINT64_C(0xffff0ff0)
#define DR7_KEPT UINT64_C(0xffff23ff)
#define DR7_SET  UINT64_C(0x400)

#define INVPCID_RESERVED UINT64_C(0xfffffffffffff000)
#define INVPCID_PCID     UINT64_C(0xfff)

/* A register, the pointer, the segment register. */
enum whe_vector whe_kernel_far_load(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size;
    memcpy(&work->value[0].u64, work->value[1].bytes, size);
    work->value[2].u64 = 0;
    memcpy(&work->value[2].u64, work->value[1].bytes + size, 2);
    return WHE_VECTOR_NONE;
}

/* The index, both bounds, which are part of what is allowed. */
enum whe_vector whe_kernel_bound(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size;
    uint64_t low = 0, high = 0;
    memcpy(&low, work->value[1].bytes, size);
    memcpy(&high, work->value[1].bytes + size, size);
    const int64_t index = (int64_t)whe_sign_extend(work->value[0].u64, size);
    const bool is_within = index >= (int64_t)whe_sign_extend(low, size) &&
                           index <= (int64_t)whe_sign_extend(high, size);
    return is_within ? WHE_VECTOR_NONE : WHE_VECTOR_BR;
}

enum whe_vector whe_kernel_arpl(struct whe_work *work)
{
    const uint64_t rpl = work->value[1].u64 & 3;
    const bool is_raised = (work->value[0].u64 & 3) < rpl;
    work->rflags = (work->rflags & ~WHE_RFLAGS_ZF) | (is_raised ? WHE_RFLAGS_ZF : 0);
    if (is_raised)
        work->value[0].u64 = (work->value[0].u64 & ~UINT64_C(3)) | rpl;
    else
        work->writes = 0;
    return WHE_VECTOR_NONE;
}

/* SDM 2A, "CLI": VIF in the place of IF with VME or PVI. */
enum whe_vector whe_kernel_cli(struct whe_work *work)
{
    const unsigned iopl = work->rflags >> WHE_RFLAGS_IOPL_SHIFT & 3;
    const uint64_t virtual_mode = work->mode->vm86 ? WHE_CR4_VME : WHE_CR4_PVI;
    const bool is_real = !work->mode->protected_mode && !work->mode->vm86;
    work->writes_flags = true;
    if (is_real || work->mode->cpl <= iopl)
        work->rflags &= ~WHE_RFLAGS_IF;
    else if (work->mode->cpl == 3 && (work->control.cr4 & virtual_mode))
        work->rflags &= ~WHE_RFLAGS_VIF;
    else
        return WHE_VECTOR_GP;
    return WHE_VECTOR_NONE;
}

/* SDM 2B, "STI": the other way round; VIP, which waits for VIF, is #GP then. Interrupts that the
   instruction allows come behind the next one. */
enum whe_vector whe_kernel_sti(struct whe_work *work)
{
    const unsigned iopl = work->rflags >> WHE_RFLAGS_IOPL_SHIFT & 3;
    const uint64_t virtual_mode = work->mode->vm86 ? WHE_CR4_VME : WHE_CR4_PVI;
    const bool is_real = !work->mode->protected_mode && !work->mode->vm86;
    work->writes_flags = true;
    if (is_real || work->mode->cpl <= iopl) {
        work->holds = !(work->rflags & WHE_RFLAGS_IF);
        work->rflags |= WHE_RFLAGS_IF;
    } else if (work->mode->cpl == 3 && (work->control.cr4 & virtual_mode) &&
               !(work->rflags & WHE_RFLAGS_VIP)) {
        work->rflags |= WHE_RFLAGS_VIF;
    } else {
        return WHE_VECTOR_GP;
    }
    return WHE_VECTOR_NONE;
}

/* The operand, the table, as it lies in memory. With 16-bit operands a base has 24 bits. */
enum whe_vector whe_kernel_store_table(struct whe_work *work)
{
    work->value[0] = work->value[1];
    if (work->insn->operand_size == 2)
        work->value[0].bytes[LIMIT_SIZE + BASE24_SIZE] = 0;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_load_table(struct whe_work *work)
{
    const unsigned size = work->insn->operand_size == 2   ? LIMIT_SIZE + BASE24_SIZE
                          : work->insn->operand_size == 4 ? LIMIT_SIZE + 4
                                                          : LIMIT_SIZE + 8;
    memset(work->value[1].bytes, 0, LIMIT_SIZE + 8);
    memcpy(work->value[1].bytes, work->value[0].bytes, size);
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_load_selector(struct whe_work *work)
{
    work->value[1].u64 = work->value[0].u64;
    return WHE_VECTOR_NONE;
}

/* The operand, CR0, of which PE, MP, EM and TS are loaded; PE is not cleared. */
enum whe_vector whe_kernel_lmsw(struct whe_work *work)
{
    const uint64_t loaded = WHE_CR0_MP | WHE_CR0_EM | WHE_CR0_TS;
    const uint64_t from = work->value[0].u64;
    work->value[1].u64 = (work->value[1].u64 & ~loaded) | (from & (loaded | WHE_CR0_PE));
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_clts(struct whe_work *work)
{
    work->control.cr0 &= ~WHE_CR0_TS;
    return WHE_VECTOR_NONE;
}

/* @return whether CR0 may become a value; it may also activate IA-32e mode, or leave it. */
static bool may_be_cr0(struct whe_work *work, uint64_t value)
{
    struct whe_control *control = &work->control;
    const bool is_paged = (value & WHE_CR0_PG) != 0;
    const bool was_paged = (control->cr0 & WHE_CR0_PG) != 0;
    if ((value >> 32) != 0 || (is_paged && !(value & WHE_CR0_PE)) ||
        ((value & WHE_CR0_NW) && !(value & WHE_CR0_CD)) ||
        (!(value & WHE_CR0_WP) && (control->cr4 & WHE_CR4_CET)))
        return false;
    if (was_paged && !is_paged &&
        (work->mode->code == WHE_CODE64 || (control->cr4 & WHE_CR4_PCIDE)))
        return false;
    if (!(control->efer & WHE_EFER_LME))
        return true;
    if (is_paged && !was_paged && !(control->cr4 & WHE_CR4_PAE))
        return false;
    if (is_paged && !was_paged && control->has_long_code)
        return false;
    control->efer &= ~WHE_EFER_LMA;
    control->efer |= is_paged ? WHE_EFER_LMA : 0;
    return true;
}

static bool may_be_cr4(const struct whe_work *work, uint64_t before, uint64_t value)
{
    const struct whe_control *control = &work->control;
    const bool is_long = work->mode->long_mode;
    const uint64_t changed = before ^ value;
    return (value & CR4_RESERVED) == 0 && !(is_long && !(value & WHE_CR4_PAE)) &&
           !(!is_long && (changed & value & WHE_CR4_PCIDE)) &&
           !(is_long && (changed & WHE_CR4_LA57)) &&
           !((changed & value & WHE_CR4_PCIDE) && (control->cr3 & CR3_PCID)) &&
           !((value & WHE_CR4_CET) && !(control->cr0 & WHE_CR0_WP));
}

/* SDM 2B, "MOV - Move to/from Control Registers". What depends on CPUID is not known here. */
enum whe_vector whe_kernel_move_control(struct whe_work *work)
{
    const struct whe_operand *to = &work->insn->operand[0];
    const uint64_t before = work->value[0].u64;
    uint64_t value = work->value[1].u64;
    bool is_right = true;
    if (to->reg == WHE_REG_CR0 && to->kind == WHE_OPERAND_CONTROL) {
        is_right = may_be_cr0(work, value);
        value = (value & CR0_KEPT) | WHE_CR0_ET;
        work->control.cr0 = value;
    } else if (to->reg == WHE_REG_CR3 && to->kind == WHE_OPERAND_CONTROL) {
        is_right = (value & CR3_RESERVED) == 0 &&
                   (!(value & CR3_KEEPS_TLB) || (work->control.cr4 & WHE_CR4_PCIDE));
        value &= ~CR3_KEEPS_TLB;
    } else if (to->reg == WHE_REG_CR4 && to->kind == WHE_OPERAND_CONTROL) {
        is_right = may_be_cr4(work, before, value);
        work->control.cr4 = value;
    } else if (to->reg == WHE_REG_CR8 && to->kind == WHE_OPERAND_CONTROL) {
        is_right = value <= 15;
    }
    work->value[0].u64 = value;
    return is_right ? WHE_VECTOR_NONE : WHE_VECTOR_GP;
}

/* Without CR4.DE, DR4 and DR5 are DR6 and DR7. */
static bool may_be_debug(unsigned number, uint64_t *value)
{
    if (number < 4)
        return true;
    if (*value >> 32)
        return false;
    *value = number & 1 ? (*value & DR7_KEPT) | DR7_SET : (*value & DR6_KEPT) | DR6_SET;
    return true;
}

/* SDM 2B, "MOV - Move to/from Debug Registers"; 3B, 17.2. Bits that some processors alone have, for
   transactions and locks of the bus, stay 1 in DR6 and 0 in DR7. */
enum whe_vector whe_kernel_move_debug(struct whe_work *work)
{
    const unsigned number = work->insn->opcode >> 3 & 7;
    if ((number == 4 || number == 5) && (work->control.cr4 & WHE_CR4_DE))
        return WHE_VECTOR_UD;
    if (work->control.dr7 & WHE_DR7_GD) {
        work->code = WHE_DETECTED;
        return WHE_VECTOR_REFUSED;
    }
    uint64_t value = work->value[1].u64;
    if (work->insn->operand[0].kind == WHE_OPERAND_CONTROL && !may_be_debug(number, &value))
        return WHE_VECTOR_GP;
    work->value[0].u64 = value;
    return WHE_VECTOR_NONE;
}

/* The type; a PCID and an address. No translation outlives a call. */
enum whe_vector whe_kernel_invpcid(struct whe_work *work)
{
    const uint64_t type = work->value[0].u64;
    const uint64_t low = work->value[1].u128.Low64;
    const bool has_pcids = (work->control.cr4 & WHE_CR4_PCIDE) != 0;
    if (type > 3 || (low & INVPCID_RESERVED) || (type < 2 && (low & INVPCID_PCID) && !has_pcids) ||
        (type == 0 && !whe_is_canonical(work->value[1].u128.High64, work->control.cr4)))
        return WHE_VECTOR_GP;
    return WHE_VECTOR_NONE;
}

enum whe_vector whe_kernel_undefined(struct whe_work *work)
{
    (void)work;
    return WHE_VECTOR_UD;
}
