/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <string.h>

#define GROUP_MAX 24

struct group {
    bool is_needed; /* also if not all are asked for */
    UINT32 count;
    _Alignas(16) WHV_REGISTER_NAME name[GROUP_MAX];
};

static const struct group groups[] = {
    {true, 24, {WHvX64RegisterRax, WHvX64RegisterRcx,    WHvX64RegisterRdx, WHvX64RegisterRbx,
                WHvX64RegisterRsp, WHvX64RegisterRbp,    WHvX64RegisterRsi, WHvX64RegisterRdi,
                WHvX64RegisterR8,  WHvX64RegisterR9,     WHvX64RegisterR10, WHvX64RegisterR11,
                WHvX64RegisterR12, WHvX64RegisterR13,    WHvX64RegisterR14, WHvX64RegisterR15,
                WHvX64RegisterRip, WHvX64RegisterRflags, WHvX64RegisterEs,  WHvX64RegisterCs,
                WHvX64RegisterSs,  WHvX64RegisterDs,     WHvX64RegisterFs,  WHvX64RegisterGs}},
    {false,
     10,
     {WHvX64RegisterLdtr, WHvX64RegisterTr, WHvX64RegisterIdtr, WHvX64RegisterGdtr,
      WHvX64RegisterCr0, WHvX64RegisterCr2, WHvX64RegisterCr3, WHvX64RegisterCr4, WHvX64RegisterCr8,
      WHvX64RegisterEfer}},
    {false,
     16,
     {WHvX64RegisterXmm0, WHvX64RegisterXmm1, WHvX64RegisterXmm2, WHvX64RegisterXmm3,
      WHvX64RegisterXmm4, WHvX64RegisterXmm5, WHvX64RegisterXmm6, WHvX64RegisterXmm7,
      WHvX64RegisterXmm8, WHvX64RegisterXmm9, WHvX64RegisterXmm10, WHvX64RegisterXmm11,
      WHvX64RegisterXmm12, WHvX64RegisterXmm13, WHvX64RegisterXmm14, WHvX64RegisterXmm15}},
    {false,
     10,
     {WHvX64RegisterFpMmx0, WHvX64RegisterFpMmx1, WHvX64RegisterFpMmx2, WHvX64RegisterFpMmx3,
      WHvX64RegisterFpMmx4, WHvX64RegisterFpMmx5, WHvX64RegisterFpMmx6, WHvX64RegisterFpMmx7,
      WHvX64RegisterFpControlStatus, WHvX64RegisterXmmControlStatus}},
    {false,
     4,
     {WHvRegisterPendingInterruption, WHvRegisterInterruptState, WHvRegisterPendingEvent,
      WHvX64RegisterPendingDebugException}}};

UINT32 whvc_snapshot(const WHV_EMULATOR_CALLBACKS *callbacks, void *context, bool all,
                     WHV_REGISTER_NAME *names, WHV_REGISTER_VALUE *values)
{
    UINT32 count = 0;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        const struct group *group = &groups[i];
        if (!all && !group->is_needed)
            continue;
        memset(values + count, 0, group->count * sizeof(values[0]));
        if (callbacks->WHvEmulatorGetVirtualProcessorRegisters(context, group->name, group->count,
                                                               values + count) != S_OK)
            continue;
        memcpy(names + count, group->name, group->count * sizeof(names[0]));
        count += group->count;
    }
    return count;
}
