/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <stdbool.h>
#include <string.h>

#define BATCH_MAX 24

struct batch {
    enum whvc_group group;
    UINT32 count;
    _Alignas(16) WHV_REGISTER_NAME name[BATCH_MAX];
};

static const struct batch batches[] = {
    {WHVC_GENERAL,
     24,
     {WHvX64RegisterRax, WHvX64RegisterRcx,    WHvX64RegisterRdx, WHvX64RegisterRbx,
      WHvX64RegisterRsp, WHvX64RegisterRbp,    WHvX64RegisterRsi, WHvX64RegisterRdi,
      WHvX64RegisterR8,  WHvX64RegisterR9,     WHvX64RegisterR10, WHvX64RegisterR11,
      WHvX64RegisterR12, WHvX64RegisterR13,    WHvX64RegisterR14, WHvX64RegisterR15,
      WHvX64RegisterRip, WHvX64RegisterRflags, WHvX64RegisterEs,  WHvX64RegisterCs,
      WHvX64RegisterSs,  WHvX64RegisterDs,     WHvX64RegisterFs,  WHvX64RegisterGs}},
    {WHVC_CONTROL, 2, {WHvX64RegisterCr0, WHvX64RegisterCr4}},
    {WHVC_EXTENDED, 1, {WHvX64RegisterXCr0}},
    {WHVC_OTHER,
     8,
     {WHvX64RegisterLdtr, WHvX64RegisterTr, WHvX64RegisterIdtr, WHvX64RegisterGdtr,
      WHvX64RegisterCr2, WHvX64RegisterCr3, WHvX64RegisterCr8, WHvX64RegisterEfer}},
    {WHVC_OTHER,
     16,
     {WHvX64RegisterXmm0, WHvX64RegisterXmm1, WHvX64RegisterXmm2, WHvX64RegisterXmm3,
      WHvX64RegisterXmm4, WHvX64RegisterXmm5, WHvX64RegisterXmm6, WHvX64RegisterXmm7,
      WHvX64RegisterXmm8, WHvX64RegisterXmm9, WHvX64RegisterXmm10, WHvX64RegisterXmm11,
      WHvX64RegisterXmm12, WHvX64RegisterXmm13, WHvX64RegisterXmm14, WHvX64RegisterXmm15}},
    {WHVC_OTHER,
     10,
     {WHvX64RegisterFpMmx0, WHvX64RegisterFpMmx1, WHvX64RegisterFpMmx2, WHvX64RegisterFpMmx3,
      WHvX64RegisterFpMmx4, WHvX64RegisterFpMmx5, WHvX64RegisterFpMmx6, WHvX64RegisterFpMmx7,
      WHvX64RegisterFpControlStatus, WHvX64RegisterXmmControlStatus}},
    {WHVC_OTHER,
     4,
     {WHvRegisterPendingInterruption, WHvRegisterInterruptState, WHvRegisterPendingEvent,
      WHvX64RegisterPendingDebugException}}};

unsigned whvc_groups_all(void)
{
    return WHVC_GENERAL | WHVC_CONTROL | WHVC_EXTENDED | WHVC_OTHER;
}

/* First bytes of instructions that look at CR0 (EM, MP, TS), CR4 (OSFXSR, OSXSAVE, UMIP, VME, PVI,
 * CET) or XCR0: SDM 2A, 2.4, 2.8; 3A, 2.5. */
static const struct {
    uint8_t first, last;
    unsigned groups;
} demanding[] = {
    {0x0f, 0x0f, WHVC_CONTROL},                 /* all but the one-byte opcodes */
    {0x62, 0x62, WHVC_CONTROL | WHVC_EXTENDED}, /* EVEX */
    {0x9a, 0x9d, WHVC_CONTROL},                 /* far CALL, FWAIT, PUSHF, POPF */
    {0xc2, 0xc3, WHVC_CONTROL},                 /* RET */
    {0xc4, 0xc5, WHVC_CONTROL | WHVC_EXTENDED}, /* VEX */
    {0xca, 0xcb, WHVC_CONTROL},                 /* far RET */
    {0xcf, 0xcf, WHVC_CONTROL},                 /* IRET */
    {0xd8, 0xdf, WHVC_CONTROL},                 /* x87 */
    {0xe8, 0xe8, WHVC_CONTROL},                 /* CALL */
    {0xfa, 0xfb, WHVC_CONTROL},                 /* CLI, STI */
    {0xff, 0xff, WHVC_CONTROL},                 /* CALL of an operand, and its kin */
};

static bool is_prefix(uint8_t byte)
{
    static const uint8_t legacy[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                     0x66, 0x67, 0xf0, 0xf2, 0xf3};
    /* REX; outside 64-bit code it would be INC or DEC of a register, which causes no exit. */
    return (byte & 0xf0) == 0x40 || memchr(legacy, byte, sizeof(legacy)) != NULL;
}

unsigned whvc_groups_of_code(const uint8_t *code, size_t size)
{
    size_t at = 0;
    while (at < size && is_prefix(code[at]))
        at++;
    if (at == size)
        return WHVC_GENERAL | WHVC_CONTROL | WHVC_EXTENDED; /* it may be any */
    for (size_t i = 0; i < sizeof(demanding) / sizeof(demanding[0]); i++) {
        if (code[at] >= demanding[i].first && code[at] <= demanding[i].last)
            return WHVC_GENERAL | demanding[i].groups;
    }
    return WHVC_GENERAL;
}

/* @return whether the VMM told all of them. */
static bool take(const WHV_EMULATOR_CALLBACKS *callbacks, void *context,
                 const WHV_REGISTER_NAME *names, UINT32 count, WHV_REGISTER_VALUE *values)
{
    memset(values, 0, count * sizeof(values[0]));
    return callbacks->WHvEmulatorGetVirtualProcessorRegisters(context, names, count, values) ==
           S_OK;
}

UINT32 whvc_snapshot(const WHV_EMULATOR_CALLBACKS *callbacks, void *context, unsigned groups,
                     WHV_REGISTER_NAME *names, WHV_REGISTER_VALUE *values)
{
    UINT32 count = 0;
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        const struct batch *batch = &batches[i];
        if (!(groups & batch->group))
            continue;
        if (take(callbacks, context, batch->name, batch->count, values + count)) {
            memcpy(names + count, batch->name, batch->count * sizeof(names[0]));
            count += batch->count;
            continue;
        }
        for (UINT32 j = 0; batch->count > 1 && j < batch->count; j++) {
            _Alignas(16) const WHV_REGISTER_NAME name = batch->name[j];
            if (take(callbacks, context, &name, 1, values + count))
                names[count++] = name;
        }
    }
    return count;
}
