/* SPDX-License-Identifier: MIT */
/*
 * For every encoding that has a row, with every combination of prefixes and in every mode: what the
 * emulator asks for, reads, writes and refuses is what Zydis's tables say of the instruction.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "call.h"
#include "probe.h"

#define FAILURES_MAX 20u
#define SUCCESSFUL   1u /* status */
#define REFUSED      2u /* InternalEmulationFailure */
#define RCX          1u
#define VECTOR_UD    6u
#define VECTOR_GP    13u
#define STATUS_FLAGS 0x8d5u /* CF PF AF ZF SF OF */

struct run {
    WHV_EMULATOR_HANDLE emulator;
    unsigned compared, refused, failures;
};

/* What Zydis says. */
struct expected {
    ZyanStatus status;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t must_get, may_get;
    uint64_t must_set, may_set;
    unsigned must_read, may_read; /* bytes of memory, of one iteration */
    unsigned must_write, may_write;
};

static bool is_x87_register(ZydisRegister reg)
{
    return (reg >= ZYDIS_REGISTER_ST0 && reg <= ZYDIS_REGISTER_ST7) ||
           reg == ZYDIS_REGISTER_X87CONTROL || reg == ZYDIS_REGISTER_X87STATUS ||
           reg == ZYDIS_REGISTER_X87TAG;
}

static unsigned index_of(ZydisRegister reg)
{
    if (reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS)
        return PROBE_SEGMENTS + (unsigned)(reg - ZYDIS_REGISTER_ES);
    if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15)
        return PROBE_XMM + (unsigned)(reg - ZYDIS_REGISTER_XMM0);
    if ((reg >= ZYDIS_REGISTER_MM0 && reg <= ZYDIS_REGISTER_MM7) || is_x87_register(reg))
        return PROBE_OTHER;
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
        return (unsigned)(whole - ZYDIS_REGISTER_RAX);
    return whole == ZYDIS_REGISTER_RIP ? PROBE_RIP : PROBE_RFLAGS;
}

static uint64_t bit_of(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_NONE ? 0 : PROBE_BIT(index_of(reg));
}

static bool is_64(const struct opcode *opcode)
{
    return opcode->mode->mode.code == WHE_CODE64;
}

static void expect_register(const struct opcode *opcode, const ZydisDecodedOperand *operand,
                            struct expected *e)
{
    if (is_x87_register(operand->reg.value))
        return; /* expect_more */
    uint64_t bit = bit_of(operand->reg.value);
    bool is_segment =
        operand->reg.value >= ZYDIS_REGISTER_ES && operand->reg.value <= ZYDIS_REGISTER_GS;
    if (operand->actions & ZYDIS_OPERAND_ACTION_READ)
        e->must_get |= bit;
    if (operand->actions & ZYDIS_OPERAND_ACTION_WRITE)
        e->must_set |= bit;
    if (operand->actions & (ZYDIS_OPERAND_ACTION_CONDREAD | ZYDIS_OPERAND_ACTION_CONDWRITE))
        e->may_get |= bit;
    if (operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE)
        e->may_set |= bit;
    const bool is_xmm = ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_XMM;
    if (ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_MMX) {
        e->must_get |= PROBE_BIT(PROBE_CR0) | bit; /* with all of the x87, of which what changes */
        e->may_set |= bit;
        return;
    }
    if (is_xmm)
        e->must_get |= PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_CR4);
    bool is_written = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (is_written && is_segment && opcode->mode->mode.protected_mode)
        e->may_get |= PROBE_BIT(PROBE_GDTR) | PROBE_BIT(PROBE_LDTR);
    else if (is_written && operand->size < (is_xmm ? 128 : 32))
        e->must_get |= bit; /* the rest of the register stays */
    if (is_written && operand->reg.value == ZYDIS_REGISTER_SS) {
        e->must_get |= PROBE_BIT(PROBE_SHADOW);
        e->must_set |= PROBE_BIT(PROBE_SHADOW);
    }
}

/* What is said of memory, and means nothing. */
static bool is_hint(const ZydisDecodedInstruction *insn)
{
    return insn->mnemonic == ZYDIS_MNEMONIC_NOP || insn->mnemonic == ZYDIS_MNEMONIC_CLDEMOTE ||
           insn->meta.category == ZYDIS_CATEGORY_PREFETCH ||
           insn->mnemonic == ZYDIS_MNEMONIC_PREFETCHWT1;
}

/* A line of the cache is checked as a byte is, and not read. */
static bool is_line(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_CLFLUSH || mnemonic == ZYDIS_MNEMONIC_CLFLUSHOPT ||
           mnemonic == ZYDIS_MNEMONIC_CLWB;
}

static void expect_memory(const struct opcode *opcode, const ZydisDecodedOperand *operand,
                          struct expected *e)
{
    unsigned size = is_line(e->insn.mnemonic) ? 0 : operand->size / 8u;
    e->must_get |= bit_of(operand->mem.base) | bit_of(operand->mem.index);
    if (operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
        (!is_64(opcode) || operand->mem.segment >= ZYDIS_REGISTER_FS))
        e->must_get |= bit_of(operand->mem.segment);
    if (operand->actions & ZYDIS_OPERAND_ACTION_READ)
        e->must_read += size;
    if (operand->actions & ZYDIS_OPERAND_ACTION_WRITE)
        e->must_write += size;
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        e->may_read += size;
    if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        e->may_write += size;
}

static bool is_string(const ZydisDecodedInstruction *insn)
{
    return insn->meta.category == ZYDIS_CATEGORY_STRINGOP ||
           insn->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

static bool selects(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_LAR || mnemonic == ZYDIS_MNEMONIC_LSL ||
           mnemonic == ZYDIS_MNEMONIC_VERR || mnemonic == ZYDIS_MNEMONIC_VERW;
}

static bool is_x87(ZydisMnemonic mnemonic, ZydisInstructionCategory category)
{
    return category == ZYDIS_CATEGORY_X87_ALU || category == ZYDIS_CATEGORY_FCMOV ||
           mnemonic == ZYDIS_MNEMONIC_EMMS;
}

/* What is no operand: descriptors, MXCSR, and all that FXSAVE saves. */
static void expect_more(const struct opcode *opcode, struct expected *e)
{
    const uint64_t xmm = is_64(opcode) ? UINT64_C(0xffff) : UINT64_C(0xff);
    if (is_x87(e->insn.mnemonic, e->insn.meta.category)) {
        e->must_get |= PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_OTHER);
        e->may_set |= PROBE_BIT(PROBE_OTHER);
    }
    if (selects(e->insn.mnemonic))
        e->must_get |= PROBE_BIT(PROBE_GDTR) | PROBE_BIT(PROBE_LDTR);
    /* Of types 2 and 3 are exceptions of what computes: SDM 2A, 2.4. */
    if (e->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_SSE2 ||
        e->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_SSE3 ||
        e->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_AVX2 ||
        e->insn.meta.exception_class == ZYDIS_EXCEPTION_CLASS_AVX3) {
        e->must_get |= PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_CR4) | PROBE_BIT(PROBE_OTHER);
        e->may_set |= PROBE_BIT(PROBE_OTHER);
    }
    const bool is_vex = e->insn.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
    if (is_vex && (e->must_get & PROBE_BIT(PROBE_CR4)))
        e->must_get |= PROBE_BIT(PROBE_OTHER); /* XCR0 */
    if ((e->insn.meta.category == ZYDIS_CATEGORY_CALL ||
         e->insn.meta.category == ZYDIS_CATEGORY_RET) &&
        opcode->mode->mode.protected_mode)
        e->must_get |= PROBE_BIT(PROBE_CR4); /* CET */
    switch (e->insn.mnemonic) {
    case ZYDIS_MNEMONIC_CVTPI2PS:
    case ZYDIS_MNEMONIC_CVTPS2PI:
    case ZYDIS_MNEMONIC_CVTTPS2PI:
    case ZYDIS_MNEMONIC_CVTPD2PI:
    case ZYDIS_MNEMONIC_CVTTPD2PI:
        e->must_get |= PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_CR4) | PROBE_BIT(PROBE_OTHER);
        e->may_set |= PROBE_BIT(PROBE_OTHER);
        break;
    case ZYDIS_MNEMONIC_STMXCSR:
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_VSTMXCSR:
    case ZYDIS_MNEMONIC_VLDMXCSR:
        e->must_get |= PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_CR4) | PROBE_BIT(PROBE_OTHER);
        break;
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
        e->must_write = e->may_write = is_64(opcode) ? 416 : 288; /* the rest is reserved */
        e->must_get |= PROBE_BIT(PROBE_CR0) | PROBE_BIT(PROBE_OTHER) | xmm << PROBE_XMM;
        break;
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_MASKMOVQ:
        e->must_write = 0; /* bytes that a mask chooses */
        break;
    default:
        break;
    }
}

/* Zydis has no actions for the pointers, and those of a repetition are conditional: it may be of
 * nothing, but not here. */
static void expect_string(struct expected *e)
{
    for (unsigned i = 0; i < e->insn.operand_count; i++) {
        if (e->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            e->must_set |= bit_of(e->operand[i].mem.base);
    }
    e->must_read = e->may_read;
    e->must_write = e->may_write;
    e->must_get |= e->may_get;
    e->must_set |= e->may_set & ~PROBE_BIT(PROBE_RFLAGS);
}

static void expect(const struct opcode *opcode, struct expected *e)
{
    const struct opcode_bytes bytes = opcodes_bytes(opcode);
    ZydisDecoder decoder;
    *e = (struct expected){.may_set = PROBE_BIT(PROBE_RIP) | PROBE_BIT(PROBE_RFLAGS)};
    ZydisDecoderInit(&decoder, opcode->mode->machine, opcode->mode->stack);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    e->status =
        ZydisDecoderDecodeFull(&decoder, bytes.byte, sizeof(bytes.byte), &e->insn, e->operand);
    if (!ZYAN_SUCCESS(e->status))
        return;
    for (unsigned i = 0; i < e->insn.operand_count && !is_hint(&e->insn); i++) {
        if (e->operand[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
            expect_register(opcode, &e->operand[i], e);
        else if (e->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            expect_memory(opcode, &e->operand[i], e);
    }
    if (is_string(&e->insn))
        expect_string(e);
    expect_more(opcode, e);
    /* The exit context has these, and flags are judged apart. */
    const uint64_t given =
        PROBE_BIT(PROBE_RIP) | PROBE_BIT(PROBE_RFLAGS) | PROBE_BIT(PROBE_SEGMENTS + 1);
    e->must_get &= ~given;
    e->must_set &= ~PROBE_BIT(PROBE_RFLAGS);
    e->must_set |= PROBE_BIT(PROBE_RIP);
    e->may_get |= e->must_get;
    e->may_set |= e->must_set;
}

static bool is_in(uint64_t value, uint64_t must, uint64_t may)
{
    return (must & ~value) == 0 && (value & ~may) == 0;
}

static const char *compare_accesses(const struct expected *e, const struct probe *probe,
                                    unsigned iterations)
{
    const bool is_branch = e->insn.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;
    /* To where the probe's memory leads there may be no code. */
    if (is_branch && probe->has_event && probe->vector == VECTOR_GP)
        return NULL;
    if (probe->hr != S_OK || probe->status != SUCCESSFUL || probe->has_event)
        return "it fails";
    if (probe->rip != PROBE_RIP_AT + e->insn.length && !is_branch)
        return "length";
    if (!is_in(probe->got, e->must_get, e->may_get))
        return "registers asked for";
    if (!is_in(probe->set, e->must_set, e->may_set))
        return "registers written";
    if (probe->bytes_read < iterations * e->must_read ||
        probe->bytes_read > iterations * e->may_read)
        return "bytes read";
    if (probe->bytes_written < iterations * e->must_write ||
        probe->bytes_written > iterations * e->may_write)
        return "bytes written";
    return NULL;
}

/* SDM 2A, "LOCK". */
static bool may_have_lock(ZydisMnemonic mnemonic)
{
    static const ZydisMnemonic lockable[] = {
        ZYDIS_MNEMONIC_ADD,     ZYDIS_MNEMONIC_ADC,       ZYDIS_MNEMONIC_AND,
        ZYDIS_MNEMONIC_BTC,     ZYDIS_MNEMONIC_BTR,       ZYDIS_MNEMONIC_BTS,
        ZYDIS_MNEMONIC_CMPXCHG, ZYDIS_MNEMONIC_CMPXCHG8B, ZYDIS_MNEMONIC_CMPXCHG16B,
        ZYDIS_MNEMONIC_DEC,     ZYDIS_MNEMONIC_INC,       ZYDIS_MNEMONIC_NEG,
        ZYDIS_MNEMONIC_NOT,     ZYDIS_MNEMONIC_OR,        ZYDIS_MNEMONIC_SBB,
        ZYDIS_MNEMONIC_SUB,     ZYDIS_MNEMONIC_XOR,       ZYDIS_MNEMONIC_XADD,
        ZYDIS_MNEMONIC_XCHG};
    for (unsigned i = 0; i < sizeof(lockable) / sizeof(lockable[0]); i++) {
        if (lockable[i] == mnemonic)
            return true;
    }
    return false;
}

/* @return whether LOCK is allowed, by the manual, to what the encoding is without it. */
static bool is_lock_right(const struct opcode *opcode)
{
    struct opcode without = *opcode;
    struct expected e;
    without.has_lock = false;
    expect(&without, &e);
    return ZYAN_SUCCESS(e.status) && may_have_lock(e.insn.mnemonic) &&
           e.operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
}

/* CF of BLSI tells whether the source is 0; Zydis 4.0 has it 0. SDM 2A. */
static uint64_t flags_set_0(const struct expected *e, const ZydisAccessedFlags *flags)
{
    return e->insn.mnemonic == ZYDIS_MNEMONIC_BLSI ? flags->set_0 & ~(uint64_t)ZYDIS_CPUFLAG_CF
                                                   : flags->set_0;
}

/* VPTEST and its kin also clear all but ZF and CF, which Zydis 4.0 leaves out. SDM 2B, 2C. */
static uint64_t flags_left_out(const struct expected *e)
{
    switch (e->insn.mnemonic) {
    case ZYDIS_MNEMONIC_VPTEST:
    case ZYDIS_MNEMONIC_VTESTPS:
    case ZYDIS_MNEMONIC_VTESTPD:
        return STATUS_FLAGS;
    default:
        return 0;
    }
}

/* Compares flags: what is written at all, what may change, and what becomes 0 or 1. */
static const char *compare_flags(const struct run *run, const struct opcode *opcode,
                                 const struct expected *e)
{
    static const ZydisAccessedFlags none;
    const ZydisAccessedFlags *flags = e->insn.cpu_flags ? e->insn.cpu_flags : &none;
    const uint64_t defined = flags->modified | flags->set_0 | flags->set_1 | flags_left_out(e);
    const uint64_t changing = defined | flags->undefined;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t before = i ? STATUS_FLAGS : 0;
        struct probe probe = probe_run(run->emulator, opcode, before);
        bool is_written = (probe.set & PROBE_BIT(PROBE_RFLAGS)) != 0;
        if (is_written ? changing == 0 : defined != 0)
            return "flags written or not";
        if (!is_written)
            continue;
        uint64_t changed = probe.rflags ^ (before | PROBE_RFLAGS_BASE);
        if ((changed & ~changing) || (probe.rflags & flags_set_0(e, flags)) ||
            (~probe.rflags & flags->set_1))
            return "flags";
    }
    return NULL;
}

static const char *compare_ports(const struct expected *e, const struct probe *probe,
                                 unsigned iterations)
{
    unsigned in = 0, out = 0;
    if (e->insn.mnemonic == ZYDIS_MNEMONIC_IN)
        in = e->operand[0].size / 8u;
    else if (e->insn.mnemonic == ZYDIS_MNEMONIC_OUT)
        out = e->operand[1].size / 8u;
    else if (e->insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP) {
        in = iterations * e->must_write;
        out = iterations * e->must_read;
    }
    return probe->port_bytes_in == in && probe->port_bytes_out == out ? NULL : "ports";
}

/* A load of a segment register reads and marks a descriptor. */
static bool loads_descriptor(const struct expected *e)
{
    return ZydisRegisterGetClass(e->operand[0].reg.value) == ZYDIS_REGCLASS_SEGMENT &&
           (e->operand[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
}

static bool hints_at_memory(const struct expected *e)
{
    return is_hint(&e->insn) && e->operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
}

/* A read or write exit needs an operand in memory that is read or written. */
static const char *compare_exits(const struct opcode *opcode, const struct whe_insn *insn,
                                 const struct expected *e)
{
    const bool has_descriptor = opcode->mode->mode.protected_mode && loads_descriptor(e);
    unsigned exits = 1u << WHE_EXIT_EXECUTE;
    if (e->may_read > 0 || has_descriptor || selects(e->insn.mnemonic) ||
        is_line(e->insn.mnemonic) || hints_at_memory(e))
        exits |= 1u << WHE_EXIT_READ;
    if (e->may_write > 0 || has_descriptor)
        exits |= 1u << WHE_EXIT_WRITE;
    if (e->insn.meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
        exits |= 1u << WHE_EXIT_IO;
    return insn->exits == exits ? NULL : "exits that it can cause";
}

static void report(const struct opcode *opcode, const struct expected *e, const struct probe *probe,
                   const char *what)
{
    struct opcode_bytes bytes = opcodes_bytes(opcode);
    char text[3 * sizeof(bytes.byte) + 1];
    for (unsigned i = 0; i < sizeof(bytes.byte); i++)
        snprintf(text + 3 * i, 4, "%02x ", bytes.byte[i]);
    const uint64_t sets[] = {probe->got, e->must_get, e->may_get,
                             probe->set, e->must_set, e->may_set};
    char names[sizeof(sets) / sizeof(sets[0])][160];
    for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        probe_names(sets[i], names[i], sizeof(names[i]));
    cr_expect_fail(
        "%s: %s(%s): %s\n  got     %s\n  it must %s\n  it may  %s\n  set     %s\n  it must %s\n"
        "  it may  %s\n  read %u, expected %u to %u; written %u, expected %u to %u; "
        "result %#x, status %#x, event %d, vector %u",
        opcode->mode->name, text, ZydisMnemonicGetString(e->insn.mnemonic), what, names[0],
        names[1], names[2], names[3], names[4], names[5], probe->bytes_read, e->must_read,
        e->may_read, probe->bytes_written, e->must_write, e->may_write, (unsigned)probe->hr,
        probe->status, probe->has_event, probe->vector);
}

/* rCX, rDX, rBX and r11 do not point at a line of 64 bytes. */
static bool is_misaligned(const struct opcode *opcode, const struct expected *e)
{
    bool has_rex_r = is_64(opcode) && (opcode->rex & 4);
    bool is_odd = opcode->reg == 3 || (opcode->reg - 1u < 2 && !has_rex_r);
    return e->insn.mnemonic == ZYDIS_MNEMONIC_MOVDIR64B && is_odd;
}

/* What memory holds has reserved bits of MXCSR. */
static bool is_reserved(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_LDMXCSR || mnemonic == ZYDIS_MNEMONIC_VLDMXCSR ||
           mnemonic == ZYDIS_MNEMONIC_FXRSTOR || mnemonic == ZYDIS_MNEMONIC_FXRSTOR64;
}

/* AMD's processors do not know PREFETCH of a register, which Zydis takes for a NOP. */
static bool is_refused(const struct expected *e)
{
    return e->insn.mnemonic == ZYDIS_MNEMONIC_NOP && e->insn.opcode == 0x0d;
}

static bool is_privileged(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_INVLPG;
}

/* @return what is wrong, or NULL. */
static const char *compare(const struct run *run, const struct opcode *opcode,
                           const struct whe_insn *insn, const struct expected *e,
                           const struct probe *probe)
{
    bool repeats = is_string(&e->insn) && (e->must_set & PROBE_BIT(RCX));
    unsigned iterations = repeats ? (unsigned)(PROBE_RCX - probe->rcx) : 1;
    const char *what = compare_accesses(e, probe, iterations);
    if (!what)
        what = compare_flags(run, opcode, e);
    if (!what)
        what = compare_ports(e, probe, iterations);
    return what ? what : compare_exits(opcode, insn, e);
}

/* What Zydis's tables do not tell; traces judge these. */
static bool has_more_than_operands(const struct expected *e)
{
    static const char *const left_out[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define LEFT_OUT(mnemonic, reason) [ZYDIS_MNEMONIC_##mnemonic] = reason,
#include "../property/encodings_left_out.def"
    };
    const ZydisDecodedOperand *operand = e->operand;
    const bool is_control =
        e->insn.mnemonic == ZYDIS_MNEMONIC_MOV &&
        (ZydisRegisterGetClass(operand[0].reg.value) == ZYDIS_REGCLASS_CONTROL ||
         ZydisRegisterGetClass(operand[1].reg.value) == ZYDIS_REGCLASS_CONTROL);
    return is_control || e->insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ||
           (left_out[e->insn.mnemonic] && e->insn.mnemonic != ZYDIS_MNEMONIC_INVLPG);
}

static const char *judge(struct run *run, const struct opcode *opcode, struct expected *e,
                         struct probe *probe)
{
    struct whe_insn insn;
    expect(opcode, e);
    *probe = probe_run(run->emulator, opcode, 0);
    if (opcode->has_lock && is_lock_right(opcode) != ZYAN_SUCCESS(e->status))
        return "LOCK is right and refused, or wrong and taken";
    if (!ZYAN_SUCCESS(e->status)) {
        run->refused++;
        return probe->has_event && probe->vector == VECTOR_UD ? NULL : "it should be #UD";
    }
    if (is_refused(e))
        return probe->has_event && probe->vector == VECTOR_UD ? NULL : "it should be #UD";
    if (!opcodes_decode(opcode, &insn)) {
        run->refused++;
        return probe->status == REFUSED && probe->callbacks == 0 ? NULL : "it should be refused";
    }
    if (has_more_than_operands(e))
        return NULL;
    run->compared++;
    if (selects(e->insn.mnemonic) && !opcode->mode->mode.protected_mode)
        return probe->has_event && probe->vector == VECTOR_UD ? NULL : "it should be #UD";
    if (is_privileged(e->insn.mnemonic) && opcode->mode->mode.protected_mode)
        return probe->has_event && probe->vector == VECTOR_GP ? NULL : "it should be #GP";
    if (is_privileged(e->insn.mnemonic))
        return probe->has_event ? "it should run" : NULL;
    if (is_misaligned(opcode, e) || is_reserved(e->insn.mnemonic))
        return probe->has_event && probe->vector == VECTOR_GP ? NULL : "it should be #GP";
    return compare(run, opcode, &insn, e, probe);
}

static void visit(const struct opcode *opcode, void *context)
{
    struct run *run = context;
    struct expected e;
    struct probe probe;
    const char *what = judge(run, opcode, &e, &probe);
    if (what && ++run->failures <= FAILURES_MAX)
        report(opcode, &e, &probe, what);
}

Test(encodings, do_what_zydis_says)
{
    struct run run = {.emulator = probe_create()};
    cr_assert_not_null(run.emulator);
    for (unsigned i = 0; i < OPCODES_MODES; i++)
        opcodes_visit(&opcodes_modes[i], visit, &run);
    fprintf(stderr, "%u encodings compared, %u refused\n", run.compared, run.refused);
    cr_expect_eq(run.failures, 0u, "%u encodings differ", run.failures);
    cr_expect_eq(WHvEmulatorDestroyEmulator(run.emulator), S_OK);
}
