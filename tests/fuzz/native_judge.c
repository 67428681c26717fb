/* SPDX-License-Identifier: MIT */
/* Which instructions can be compared at all, which flags they leave undefined, where they look. */
#include <cpuid.h>

#include "native_input.h"

#define CF UINT64_C(0x1)
#define PF UINT64_C(0x4)
#define AF UINT64_C(0x10)
#define ZF UINT64_C(0x40)
#define SF UINT64_C(0x80)
#define OF UINT64_C(0x800)

/* @return the number of a general-purpose register of 16, 32 or 64 bits, or -1. */
static int gpr_number(ZydisRegister reg)
{
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
        return ZydisRegisterGetId(reg);
    default:
        return -1;
    }
}

static int sreg_number(ZydisRegister reg)
{
    if (reg < ZYDIS_REGISTER_ES || reg > ZYDIS_REGISTER_GS)
        return -1;
    return (int)reg - (int)ZYDIS_REGISTER_ES;
}

static uint64_t segment_base(const struct oracle_in *in, ZydisRegister segment)
{
    int number = sreg_number(segment);
    if (number < 0 || (in->mode == ORACLE_64 && number < ORACLE_FS))
        return 0;
    if (number == ORACLE_CS)
        return in->mode == ORACLE_16 ? ORACLE_CODE16 : 0;
    bool has_base = in->mode == ORACLE_64 || in->segment[number].kind >= ORACLE_DATA;
    return has_base ? in->segment[number].base : 0;
}

static uint64_t mask_of_bits(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static void aim(const ZydisDecodedOperand *operand, unsigned address_bits, uint64_t linear,
                struct oracle_in *in)
{
    int base = gpr_number(operand->mem.base);
    int index = gpr_number(operand->mem.index);
    uint64_t mask = mask_of_bits(address_bits);
    uint64_t offset = linear - segment_base(in, operand->mem.segment);
    uint64_t rest = (uint64_t)operand->mem.disp.value;
    uint64_t factor = 1;
    if (base >= 0 && base != index)
        rest += index >= 0 ? in->gpr[index] * operand->mem.scale : 0;
    else if (index >= 0)
        factor = operand->mem.scale + (base == index ? 1u : 0);
    else
        return;
    int moved = base >= 0 ? base : index;
    in->gpr[moved] = (in->gpr[moved] & ~mask) | (((offset - rest) & mask) / factor);
}

void native_aim(const struct native_insn *insn, uint64_t linear, struct oracle_in *in)
{
    for (unsigned i = 0; i < insn->decoded.operand_count; i++) {
        const ZydisDecodedOperand *operand = &insn->operands[i];
        bool is_stack = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
                        gpr_number(operand->mem.base) == ORACLE_RSP;
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        aim(operand, is_stack ? insn->decoded.stack_width : insn->decoded.address_width,
            linear + 0x200 * i, in);
    }
}

static bool has_cpu(ZydisMnemonic mnemonic)
{
    unsigned eax, ebx, ecx = 0, edx;
    if (mnemonic == ZYDIS_MNEMONIC_MOVBE)
        return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx >> 22 & 1);
    if (mnemonic == ZYDIS_MNEMONIC_MOVDIRI)
        return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 27 & 1);
    if (mnemonic == ZYDIS_MNEMONIC_MOVDIR64B)
        return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 28 & 1);
    if (mnemonic == ZYDIS_MNEMONIC_ADCX || mnemonic == ZYDIS_MNEMONIC_ADOX)
        return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx >> 19 & 1);
    if (mnemonic == ZYDIS_MNEMONIC_LZCNT)
        return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && (ecx >> 5 & 1);
    return true;
}

/* What the oracle carries into the instruction and out of it again. */
static bool is_carried(ZydisRegister reg)
{
    switch (ZydisRegisterGetClass(reg)) {
    case ZYDIS_REGCLASS_INVALID:
    case ZYDIS_REGCLASS_GPR8:
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_SEGMENT:
    case ZYDIS_REGCLASS_FLAGS:
    case ZYDIS_REGCLASS_IP:
        return true;
    default:
        return false;
    }
}

/* What is no operand to Zydis and is not carried over: MXCSR, the x87. */
static bool has_hidden_state(const ZydisDecodedInstruction *decoded)
{
    if (decoded->meta.category == ZYDIS_CATEGORY_X87_ALU ||
        decoded->meta.category == ZYDIS_CATEGORY_FCMOV)
        return true;
    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_EMMS:
    case ZYDIS_MNEMONIC_FEMMS:
    case ZYDIS_MNEMONIC_CVTPI2PS:
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_STMXCSR:
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_STR:
    case ZYDIS_MNEMONIC_SMSW:
    case ZYDIS_MNEMONIC_RSM:
    case ZYDIS_MNEMONIC_PUSHF:
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_RDFSBASE:
    case ZYDIS_MNEMONIC_RDGSBASE:
    case ZYDIS_MNEMONIC_WRFSBASE:
    case ZYDIS_MNEMONIC_WRGSBASE:
    case ZYDIS_MNEMONIC_RDPID:
    case ZYDIS_MNEMONIC_XGETBV:
    case ZYDIS_MNEMONIC_XSETBV:
    case ZYDIS_MNEMONIC_SERIALIZE:
    case ZYDIS_MNEMONIC_INVPCID:
    /* The processor has pushed or popped some when it faults, the emulator none. */
    case ZYDIS_MNEMONIC_ENTER:
    case ZYDIS_MNEMONIC_PUSHA:
    case ZYDIS_MNEMONIC_PUSHAD:
    case ZYDIS_MNEMONIC_POPA:
    case ZYDIS_MNEMONIC_POPAD:
        return true;
    default:
        return false;
    }
}

/* Leaves the code, or what it does is the operating system's affair. */
static bool may_run(const struct native_insn *insn)
{
    const ZydisDecodedInstruction *decoded = &insn->decoded;
    switch (decoded->meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SYSTEM:
        return false;
    default:
        break;
    }
    if (decoded->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE || !has_cpu(decoded->mnemonic) ||
        has_hidden_state(decoded))
        return false;
    for (unsigned i = 0; i < decoded->operand_count; i++) {
        if (insn->operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            !is_carried(insn->operands[i].reg.value))
            return false;
    }
    return true;
}

/* @return how far a shift goes: its last operand says, cut to the width of the first. */
static unsigned shift_count(const struct native_insn *insn, const struct oracle_in *in)
{
    const unsigned operands = insn->decoded.operand_count_visible;
    if (operands == 0)
        return 0;
    const ZydisDecodedOperand *last = &insn->operands[operands - 1];
    uint64_t count =
        last->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? last->imm.value.u : in->gpr[ORACLE_RCX];
    return (unsigned)count & (insn->operands[0].size == 64 ? 63 : 31);
}

/* Flags that a shift leaves undefined; a count of 0 changes none. SDM 2B, "SAL/SAR/SHL/SHR",
   "RCL/RCR/ROL/ROR", "SHLD", "SHRD". */
static uint64_t undefined_by_count(const struct native_insn *insn, unsigned count)
{
    uint64_t undefined = count > 1 ? OF : 0;
    switch (insn->decoded.mnemonic) {
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
        return undefined;
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
        return undefined | (count > 0 ? AF : 0) | (count >= insn->operands[0].size ? CF : 0);
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD:
        return undefined | (count > 0 ? AF : 0);
    default:
        return 0;
    }
}

/* SDM 2A and 2B, "Flags Affected" of each. */
static uint64_t undefined_flags(const struct native_insn *insn, const struct oracle_in *in)
{
    switch (insn->decoded.mnemonic) {
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_TEST:
        return AF;
    case ZYDIS_MNEMONIC_MUL:
    case ZYDIS_MNEMONIC_IMUL:
        return SF | ZF | AF | PF;
    case ZYDIS_MNEMONIC_DIV:
    case ZYDIS_MNEMONIC_IDIV:
        return CF | OF | SF | ZF | AF | PF;
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTS:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTC:
        return OF | SF | AF | PF;
    case ZYDIS_MNEMONIC_BSF:
    case ZYDIS_MNEMONIC_BSR:
        return CF | OF | SF | AF | PF;
    case ZYDIS_MNEMONIC_LZCNT:
    case ZYDIS_MNEMONIC_TZCNT:
        return OF | SF | AF | PF;
    case ZYDIS_MNEMONIC_DAA:
    case ZYDIS_MNEMONIC_DAS:
        return OF;
    case ZYDIS_MNEMONIC_AAA:
    case ZYDIS_MNEMONIC_AAS:
        return OF | SF | ZF | PF;
    case ZYDIS_MNEMONIC_AAM:
    case ZYDIS_MNEMONIC_AAD:
        return CF | OF | AF;
    case ZYDIS_MNEMONIC_ANDN:
    case ZYDIS_MNEMONIC_BLSI:
    case ZYDIS_MNEMONIC_BLSMSK:
    case ZYDIS_MNEMONIC_BLSR:
    case ZYDIS_MNEMONIC_BZHI:
        return AF | PF;
    case ZYDIS_MNEMONIC_BEXTR:
        return AF | SF | PF;
    default:
        return undefined_by_count(insn, shift_count(insn, in));
    }
}

/* Where makers of processors differ (rows.h), and results that are not defined. */
static bool is_agreed(const struct rows_world *world, const struct native_insn *insn,
                      struct oracle_in *in)
{
    const ZydisDecodedInstruction *decoded = &insn->decoded;
    if (decoded->mnemonic == ZYDIS_MNEMONIC_MOVSXD && decoded->operand_width == 16)
        return !world->habits.narrow_movsxd;
    if (decoded->mnemonic == ZYDIS_MNEMONIC_SHLD || decoded->mnemonic == ZYDIS_MNEMONIC_SHRD)
        return shift_count(insn, in) <= insn->operands[0].size;
    /* Of far pointers AMD's processors ignore REX.W. */
    if (decoded->meta.category == ZYDIS_CATEGORY_SEGOP)
        return decoded->operand_width != 64;
    bool is_string = decoded->meta.category == ZYDIS_CATEGORY_STRINGOP ||
                     decoded->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
    return !is_string || in->mode != ORACLE_64 || decoded->address_width == 64 ||
           !world->habits.clears_upper;
}

/* In the modes that the processor only stands in for: segments are not loaded, ports not used, and
   code, which only real mode can write to, is not written. */
static bool is_alike(const struct native_insn *insn, const struct rows_case *made)
{
    if (made->context != ORACLE_REAL && made->context != ORACLE_VM86)
        return true;
    if (insn->decoded.meta.category == ZYDIS_CATEGORY_IO ||
        insn->decoded.meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        return false;
    for (unsigned i = 0; i < insn->decoded.operand_count; i++) {
        const ZydisDecodedOperand *operand = &insn->operands[i];
        bool is_written = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
        if (is_written && operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            sreg_number(operand->reg.value) >= 0)
            return false;
        if (is_written && operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operand->mem.segment == ZYDIS_REGISTER_CS)
            return false;
    }
    return true;
}

enum native_verdict native_judge(const struct rows_world *world, const struct native_insn *insn,
                                 struct rows_case *made)
{
    if (!may_run(insn) || !is_agreed(world, insn, &made->in) || !is_alike(insn, made))
        return NATIVE_UNFIT;
    made->undefined = undefined_flags(insn, &made->in);
    return NATIVE_RUNS;
}
