/* SPDX-License-Identifier: MIT */
#include "decode_names.h"

#include <Zydis/Zydis.h>

#include "regs.h"

#define GPR(reg, q, d, w, b)                                                                       \
    [ZYDIS_REGISTER_##q] = WHE_REG_##reg + 1, [ZYDIS_REGISTER_##d] = WHE_REG_##reg + 1,            \
    [ZYDIS_REGISTER_##w] = WHE_REG_##reg + 1, [ZYDIS_REGISTER_##b] = WHE_REG_##reg + 1
#define GPR_NUMBERED(n) GPR(R##n, R##n, R##n##D, R##n##W, R##n##B)
#define MMX(n)                                                                                     \
    [ZYDIS_REGISTER_MM##n] = WHE_REG_FPMMX##n + 1, [ZYDIS_REGISTER_ST##n] = WHE_REG_FPMMX##n + 1
#define SAME(reg) [ZYDIS_REGISTER_##reg] = WHE_REG_##reg + 1

const uint8_t whe_decoder_registers[ZYDIS_REGISTER_MAX_VALUE + 1] = {
    [ZYDIS_REGISTER_NONE] = WHE_REG_ZERO + 1,
    GPR(RAX, RAX, EAX, AX, AL),
    GPR(RCX, RCX, ECX, CX, CL),
    GPR(RDX, RDX, EDX, DX, DL),
    GPR(RBX, RBX, EBX, BX, BL),
    GPR(RSP, RSP, ESP, SP, SPL),
    GPR(RBP, RBP, EBP, BP, BPL),
    GPR(RSI, RSI, ESI, SI, SIL),
    GPR(RDI, RDI, EDI, DI, DIL),
    GPR_NUMBERED(8),
    GPR_NUMBERED(9),
    GPR_NUMBERED(10),
    GPR_NUMBERED(11),
    GPR_NUMBERED(12),
    GPR_NUMBERED(13),
    GPR_NUMBERED(14),
    GPR_NUMBERED(15),
    [ZYDIS_REGISTER_AH] = WHE_REG_RAX + 1,
    [ZYDIS_REGISTER_CH] = WHE_REG_RCX + 1,
    [ZYDIS_REGISTER_DH] = WHE_REG_RDX + 1,
    [ZYDIS_REGISTER_BH] = WHE_REG_RBX + 1,
    SAME(ES),
    SAME(CS),
    SAME(SS),
    SAME(DS),
    SAME(FS),
    SAME(GS),
    SAME(LDTR),
    SAME(TR),
    SAME(GDTR),
    SAME(IDTR),
    SAME(CR0),
    SAME(CR2),
    SAME(CR3),
    SAME(CR4),
    SAME(CR8),
    SAME(XCR0),
    SAME(DR0),
    SAME(DR1),
    SAME(DR2),
    SAME(DR3),
    [ZYDIS_REGISTER_DR4] = WHE_REG_DR6 + 1, /* unless CR4.DE is set, which a kernel sees to */
    [ZYDIS_REGISTER_DR5] = WHE_REG_DR7 + 1,
    SAME(DR6),
    SAME(DR7),
    SAME(XMM0),
    SAME(XMM1),
    SAME(XMM2),
    SAME(XMM3),
    SAME(XMM4),
    SAME(XMM5),
    SAME(XMM6),
    SAME(XMM7),
    SAME(XMM8),
    SAME(XMM9),
    SAME(XMM10),
    SAME(XMM11),
    SAME(XMM12),
    SAME(XMM13),
    SAME(XMM14),
    SAME(XMM15),
    MMX(0),
    MMX(1),
    MMX(2),
    MMX(3),
    MMX(4),
    MMX(5),
    MMX(6),
    MMX(7),
    [ZYDIS_REGISTER_X87CONTROL] = WHE_REG_FPCS + 1,
    [ZYDIS_REGISTER_X87STATUS] = WHE_REG_FPCS + 1,
    [ZYDIS_REGISTER_X87TAG] = WHE_REG_FPCS + 1,
    [ZYDIS_REGISTER_MXCSR] = WHE_REG_XMMCS + 1,
    [ZYDIS_REGISTER_IP] = WHE_REG_RIP + 1,
    [ZYDIS_REGISTER_EIP] = WHE_REG_RIP + 1,
    [ZYDIS_REGISTER_RIP] = WHE_REG_RIP + 1,
    [ZYDIS_REGISTER_FLAGS] = WHE_REG_RFLAGS + 1,
    [ZYDIS_REGISTER_EFLAGS] = WHE_REG_RFLAGS + 1,
    [ZYDIS_REGISTER_RFLAGS] = WHE_REG_RFLAGS + 1,
};

_Static_assert(WHE_REG_COUNT < UINT8_MAX, "registers plus one are kept in 8 bits");

enum refusal {
    REFUSAL_NONE,
#define WHE_REFUSAL(reason, text) REFUSAL_##reason,
#include "refusal.def"
    REFUSALS
};

const char *whe_refusal(uint16_t mnemonic)
{
    static const char *const texts[REFUSALS] = {
#define WHE_REFUSAL(reason, text) [REFUSAL_##reason] = (text),
#include "refusal.def"
    };
    static const uint8_t refusals[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define WHE_REFUSED(mnemonic, reason) [ZYDIS_MNEMONIC_##mnemonic] = REFUSAL_##reason,
#include "refusal.def"
    };
    return texts[refusals[mnemonic]];
}

void whe_mnemonic_name(uint16_t mnemonic, char *name, size_t n)
{
    const char *lower = ZydisMnemonicGetString((ZydisMnemonic)mnemonic);
    size_t length = 0;
    for (; lower && lower[length] && length < n - 1; length++)
        name[length] = lower[length] >= 'a' && lower[length] <= 'z'
                           ? (char)(lower[length] - 'a' + 'A')
                           : lower[length];
    name[length] = 0;
}
