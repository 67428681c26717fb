/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include <string.h>

static const WHV_REGISTER_VALUE *at(const struct registers *registers, WHV_REGISTER_NAME name)
{
    const uint32_t number = (uint32_t)name;
    if (number < REGISTERS_GENERAL)
        return &registers->general[number];
    if (number - 0x1000u < REGISTERS_VECTOR)
        return &registers->vector[number - 0x1000u];
    if (number - 0x2000u < REGISTERS_MSR)
        return &registers->msr[number - 0x2000u];
    if (number - 0x80000000u < REGISTERS_EVENT)
        return &registers->event[number - 0x80000000u];
    return NULL;
}

WHV_REGISTER_VALUE *registers_at(struct registers *registers, WHV_REGISTER_NAME name)
{
    const WHV_REGISTER_VALUE *value = at(registers, name);
    return value ? (WHV_REGISTER_VALUE *)((char *)registers +
                                          ((const char *)value - (const char *)registers))
                 : NULL;
}

uint64_t registers_get(const struct registers *registers, WHV_REGISTER_NAME name)
{
    return at(registers, name)->Reg64;
}

void registers_set(struct registers *registers, WHV_REGISTER_NAME name, uint64_t value)
{
    registers_at(registers, name)->Reg64 = value;
}

const WHV_X64_SEGMENT_REGISTER *registers_segment(const struct registers *registers,
                                                  WHV_REGISTER_NAME name)
{
    return &at(registers, name)->Segment;
}

/* SDM 3A, table 10-1, with the features that a virtual processor has at once. */
void registers_reset(struct registers *registers)
{
    static const struct {
        WHV_REGISTER_NAME name;
        uint64_t value;
    } values[] = {{WHvX64RegisterRdx, 0x600},
                  {WHvX64RegisterRip, 0xfff0},
                  {WHvX64RegisterRflags, 2},
                  {WHvX64RegisterCr0, 0x60000010},
                  {WHvX64RegisterDr6, 0xffff0ff0},
                  {WHvX64RegisterDr7, 0x400},
                  {WHvX64RegisterXCr0, 1},
                  {WHvX64RegisterPat, 0x0007040600070406},
                  {WHvX64RegisterApicBase, 0xfee00900}};
    memset(registers, 0, sizeof(*registers));
    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        registers_set(registers, values[i].name, values[i].value);
    for (uint32_t name = WHvX64RegisterEs; name <= WHvX64RegisterGs; name++)
        registers->general[name].Segment =
            (WHV_X64_SEGMENT_REGISTER){.Limit = 0xffff, .Attributes = 0x93};
    registers->general[WHvX64RegisterCs].Segment = (WHV_X64_SEGMENT_REGISTER){
        .Base = 0xffff0000, .Limit = 0xffff, .Selector = 0xf000, .Attributes = 0x9b};
    registers->general[WHvX64RegisterLdtr].Segment.Attributes = 0x82;
    registers->general[WHvX64RegisterTr].Segment.Attributes = 0x8b;
    registers->general[WHvX64RegisterLdtr].Segment.Limit = 0xffff;
    registers->general[WHvX64RegisterTr].Segment.Limit = 0xffff;
    registers->general[WHvX64RegisterGdtr].Table.Limit = 0xffff;
    registers->general[WHvX64RegisterIdtr].Table.Limit = 0xffff;
    WHV_REGISTER_VALUE *x87 = registers_at(registers, WHvX64RegisterFpControlStatus);
    x87->FpControlStatus.FpControl = 0x37f;
    WHV_REGISTER_VALUE *sse = registers_at(registers, WHvX64RegisterXmmControlStatus);
    sse->XmmControlStatus.XmmStatusControl = 0x1f80;
    sse->XmmControlStatus.XmmStatusControlMask = 0xffff;
}

bool registers_is_protected(const struct registers *registers)
{
    return registers_get(registers, WHvX64RegisterCr0) & CR0_PE;
}

bool registers_is_long(const struct registers *registers)
{
    return registers_get(registers, WHvX64RegisterEfer) & EFER_LMA;
}

bool registers_is_64(const struct registers *registers)
{
    return registers_is_long(registers) && registers_segment(registers, WHvX64RegisterCs)->Long;
}

unsigned registers_cpl(const struct registers *registers)
{
    return registers_is_protected(registers)
               ? registers_segment(registers, WHvX64RegisterSs)->DescriptorPrivilegeLevel
               : 0;
}

uint64_t registers_code(const struct registers *registers)
{
    const uint64_t rip = registers_get(registers, WHvX64RegisterRip);
    if (registers_is_64(registers))
        return rip;
    return (uint32_t)(registers_segment(registers, WHvX64RegisterCs)->Base + rip);
}
