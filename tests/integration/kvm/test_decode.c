/* SPDX-License-Identifier: MIT */
/*
 * What the recorder knows of instructions, against Zydis: length, address and size of the operand.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "kvm/decode.h"

#define COUNT 300000u

static uint64_t state;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void fill(void *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)to)[i] = (unsigned char)(next() >> 24);
}

/* Prefixes and opcodes that forms.def has are likelier than chance would have them. */
static void make_code(uint8_t *code)
{
    static const uint8_t prefix[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x26, 0x64, 0x48, 0x4c, 0x41};
    size_t at = 0;
    fill(code, ZYDIS_MAX_INSTRUCTION_LENGTH);
    while (next() % 3 == 0 && at < 4)
        code[at++] = prefix[next() % sizeof(prefix)];
    if (next() % 2)
        code[at] = 0x0f;
}

static void set_registers(const struct kvm_regs *regs, ZydisRegisterContext *context)
{
    for (unsigned i = 0; i < 16; i++)
        context->values[ZYDIS_REGISTER_RAX + i] = whvk_gpr(regs, i);
    for (unsigned i = 0; i < 16; i++)
        context->values[ZYDIS_REGISTER_EAX + i] = (uint32_t)whvk_gpr(regs, i);
    for (unsigned i = 0; i < 16; i++)
        context->values[ZYDIS_REGISTER_AX + i] = (uint16_t)whvk_gpr(regs, i);
    context->values[ZYDIS_REGISTER_RIP] = regs->rip;
    context->values[ZYDIS_REGISTER_EIP] = (uint32_t)regs->rip;
}

/* The memory operand that whvk_address speaks of: not ES:RDI, if there is another. */
static const ZydisDecodedOperand *memory_operand(const ZydisDecodedInstruction *instruction,
                                                 const ZydisDecodedOperand *operands)
{
    const ZydisDecodedOperand *found = NULL;
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (!found || operands[i].mem.base % 16 == ZYDIS_REGISTER_RSI % 16))
            found = &operands[i];
    }
    return found;
}

static unsigned segment_of(ZydisRegister reg)
{
    return (unsigned)(reg - ZYDIS_REGISTER_ES);
}

static void check_address(const struct whvk_insn *insn, const ZydisDecodedInstruction *instruction,
                          const ZydisDecodedOperand *operand, const char *what)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    ZydisRegisterContext context;
    ZyanU64 address = 0;
    memset(&sregs, 0, sizeof(sregs));
    memset(&context, 0, sizeof(context));
    fill(&regs, sizeof(regs));
    set_registers(&regs, &context);
    struct kvm_segment *const segments[] = {&sregs.es, &sregs.cs, &sregs.ss,
                                            &sregs.ds, &sregs.fs, &sregs.gs};
    for (unsigned i = 0; i < 6; i++)
        segments[i]->base = next() & 0xffff0;
    if (insn->operand ==
        WHVK_XLAT) /* its index is AL, which Zydis tells as a register of its own */
        regs.rax &= ~UINT64_C(0xff), context.values[ZYDIS_REGISTER_AL] = 0;
    cr_assert(ZYAN_SUCCESS(
                  ZydisCalcAbsoluteAddressEx(instruction, operand, regs.rip, &context, &address)),
              "%s", what);
    unsigned segment = segment_of(operand->mem.segment);
    uint64_t linear = whvk_linear(&sregs, insn->bits, segment, address);
    cr_assert_eq(whvk_address(insn, &regs, &sregs), linear,
                 "%s: address %" PRIx64 ", Zydis %" PRIx64, what, whvk_address(insn, &regs, &sregs),
                 linear);
}

static void check_access(const struct whvk_insn *insn, const ZydisDecodedOperand *operand,
                         const char *what)
{
    bool reads = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
    bool writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    if (insn->operand == WHVK_SIDI || insn->operand == WHVK_PORTSI || insn->operand == WHVK_PORTDI)
        return; /* the access is the device's side */
    cr_assert_eq(reads, (insn->access & WHVK_R) != 0, "%s: reads", what);
    cr_assert_eq(writes, (insn->access & WHVK_W) != 0, "%s: writes", what);
}

static bool check(const uint8_t *code, uint8_t bits, ZydisDecoder *decoder)
{
    struct whvk_insn insn;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char what[64 + 3 * WHVK_CODE_MAX];
    int length = snprintf(what, sizeof(what), "%u-bit", bits);
    for (unsigned i = 0; i < WHVK_CODE_MAX; i++)
        length += snprintf(what + length, sizeof(what) - (size_t)length, " %02x", code[i]);
    if (!whvk_decode(code, WHVK_CODE_MAX, bits, &insn))
        return false;
    /* What no processor executes is never before an access. */
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, code, WHVK_CODE_MAX, &instruction, operands)))
        return false;
    cr_assert_eq(insn.length, instruction.length, "%s: length %u, Zydis %u", what, insn.length,
                 instruction.length);
    cr_assert(instruction.address_width == insn.address_size * 8, "%s: address size", what);
    if (insn.operand == WHVK_PORT)
        return true;
    const ZydisDecodedOperand *operand = memory_operand(&instruction, operands);
    cr_assert(operand, "%s: no memory operand", what);
    cr_assert_eq(operand->size, insn.size * 8, "%s: size %u, Zydis %u bits", what, insn.size,
                 operand->size);
    check_access(&insn, operand, what);
    check_address(&insn, &instruction, operand, what);
    return true;
}

Test(kvm_decode, agrees_with_zydis)
{
    static const struct {
        uint8_t bits;
        ZydisMachineMode mode;
        ZydisStackWidth width;
    } modes[] = {{16, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16},
                 {32, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32},
                 {64, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64}};
    unsigned checked = 0;
    const char *seed = getenv("KVM_SEED");
    state = seed ? strtoull(seed, NULL, 16) : UINT64_C(0x5eed0123456789ab);
    for (unsigned i = 0; i < COUNT; i++) {
        ZydisDecoder decoder;
        uint8_t code[WHVK_CODE_MAX];
        ZydisDecoderInit(&decoder, modes[i % 3].mode, modes[i % 3].width);
        make_code(code);
        checked += check(code, modes[i % 3].bits, &decoder);
    }
    cr_assert_gt(checked, COUNT / 10, "only %u instructions were compared", checked);
}

Test(kvm_decode, every_length_of_input)
{
    static const uint8_t code[] = {0x66, 0x48, 0xc7, 0x84, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8};
    struct whvk_insn insn;
    for (size_t size = 0; size < sizeof(code); size++) {
        uint8_t *exact = malloc(size + 1);
        memcpy(exact + 1, code, size);
        cr_assert_not(whvk_decode(exact + 1, size, 64, &insn), "%zu bytes", size);
        free(exact);
    }
    cr_assert(whvk_decode(code, sizeof(code), 64, &insn));
    cr_assert(insn.length == sizeof(code) && insn.size == 8 && insn.access == WHVK_W);
}
