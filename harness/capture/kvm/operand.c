/* SPDX-License-Identifier: MIT */
/* Where the operand of a decoded instruction is, and what a store puts there. */
#include "decode.h"

#include <string.h>

#define NO_NUMBER 0xffu
#define NEXT_RIP  16u
#define DF        (UINT64_C(1) << 10)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

__u64 *whvk_gpr_of(struct kvm_regs *regs, unsigned number)
{
    __u64 *const all[] = {&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp, &regs->rbp,
                          &regs->rsi, &regs->rdi, &regs->r8,  &regs->r9,  &regs->r10, &regs->r11,
                          &regs->r12, &regs->r13, &regs->r14, &regs->r15};
    return all[number & 15];
}

uint64_t whvk_gpr(const struct kvm_regs *regs, unsigned number)
{
    struct kvm_regs copy = *regs;
    return *whvk_gpr_of(&copy, number);
}

static uint64_t mask_of(unsigned bytes)
{
    return bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
}

uint64_t whvk_linear(const struct kvm_sregs *sregs, uint8_t bits, unsigned segment, uint64_t offset)
{
    const struct kvm_segment *const all[] = {&sregs->es, &sregs->cs, &sregs->ss,
                                             &sregs->ds, &sregs->fs, &sregs->gs};
    if (bits == 64)
        return segment < 4 ? offset : offset + all[segment]->base;
    return (offset + all[segment]->base) & UINT32_MAX;
}

uint64_t whvk_address_di(const struct whvk_insn *insn, const struct kvm_regs *regs,
                         const struct kvm_sregs *sregs)
{
    return whvk_linear(sregs, insn->bits, 0, regs->rdi & mask_of(insn->address_size));
}

uint64_t whvk_address(const struct whvk_insn *insn, const struct kvm_regs *regs,
                      const struct kvm_sregs *sregs)
{
    uint64_t offset = insn->displacement;
    switch (insn->operand) {
    case WHVK_DI:
    case WHVK_PORTDI:
        return whvk_address_di(insn, regs, sregs);
    case WHVK_SI:
    case WHVK_SIDI:
    case WHVK_PORTSI:
        offset = regs->rsi;
        break;
    case WHVK_XLAT:
        offset = regs->rbx + (regs->rax & 0xff);
        break;
    case WHVK_MODRM:
        if (insn->base == NEXT_RIP)
            offset += regs->rip + insn->length;
        else if (insn->base != NO_NUMBER)
            offset += whvk_gpr(regs, insn->base);
        if (insn->index != NO_NUMBER)
            offset += whvk_gpr(regs, insn->index) << insn->scale;
        break;
    case WHVK_MOFFS:
    case WHVK_PORT:
        break;
    }
    return whvk_linear(sregs, insn->bits, insn->segment, offset & mask_of(insn->address_size));
}

uint16_t whvk_port(const struct whvk_insn *insn, const struct kvm_regs *regs)
{
    return insn->has_dx ? (uint16_t)regs->rdx : (uint8_t)insn->immediate;
}

/* SDM 1 appendix B, table B-1. */
static bool holds(unsigned condition, uint64_t flags)
{
    bool cf = flags & 1, pf = flags & 4, zf = flags & 0x40, sf = flags & 0x80, of = flags & 0x800;
    const bool result[] = {of, cf, zf, cf || zf, sf, pf, sf != of, zf || sf != of};
    return result[condition >> 1 & 7] != (condition & 1);
}

static uint64_t register_value(const struct whvk_insn *insn, const struct kvm_regs *regs)
{
    /* Without REX, 4 to 7 as byte registers are AH, CH, DH, BH. */
    if (insn->size == 1 && !insn->has_rex && insn->reg >= 4)
        return whvk_gpr(regs, insn->reg - 4u) >> 8;
    return whvk_gpr(regs, insn->reg);
}

bool whvk_stored(const struct whvk_insn *insn, const struct kvm_regs *regs,
                 const struct kvm_sregs *sregs, const struct kvm_fpu *fpu, uint8_t *data)
{
    const uint16_t selector[] = {sregs->es.selector, sregs->cs.selector, sregs->ss.selector,
                                 sregs->ds.selector, sregs->fs.selector, sregs->gs.selector};
    uint64_t value;
    switch (insn->value) {
    case WHVK_REGISTER:
    case WHVK_SWAPPED:
        value = register_value(insn, regs);
        break;
    case WHVK_SELECTOR:
        value = selector[insn->reg % 6];
        break;
    case WHVK_ACCUMULATOR:
        value = regs->rax;
        break;
    case WHVK_IMMEDIATE:
        value = insn->immediate;
        break;
    case WHVK_CONDITION:
        value = holds(insn->opcode & 15, regs->rflags);
        break;
    case WHVK_VECTOR:
        memcpy(data, fpu->xmm[insn->reg], insn->size);
        return true;
    case WHVK_NOTHING:
    default:
        return false;
    }
    for (unsigned i = 0; i < insn->size; i++) {
        unsigned at = insn->value == WHVK_SWAPPED ? insn->size - 1u - i : i;
        data[at] = (uint8_t)(value >> 8 * (i & 7));
    }
    return true;
}

/* A 32-bit address size clears the upper half of what it steps, a 16-bit one keeps the rest. */
static void add(__u64 *reg, uint64_t delta, unsigned address_size)
{
    uint64_t mask = mask_of(address_size);
    uint64_t kept = address_size == 2 ? *reg & ~mask : 0;
    *reg = kept | ((*reg + delta) & mask);
}

void whvk_step(const struct whvk_insn *insn, int64_t turns, struct kvm_regs *regs)
{
    uint64_t delta = (uint64_t)turns * insn->size;
    if (regs->rflags & DF)
        delta = 0 - delta;
    bool has_si =
        insn->operand == WHVK_SI || insn->operand == WHVK_SIDI || insn->operand == WHVK_PORTSI;
    bool has_di =
        insn->operand == WHVK_DI || insn->operand == WHVK_SIDI || insn->operand == WHVK_PORTDI;
    if (has_si)
        add(&regs->rsi, delta, insn->address_size);
    if (has_di)
        add(&regs->rdi, delta, insn->address_size);
    if (insn->is_rep)
        add(&regs->rcx, 0 - (uint64_t)turns, insn->address_size);
}
