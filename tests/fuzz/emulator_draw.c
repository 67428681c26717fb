/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "emulator_input.h"

#define GDT_BASE UINT64_C(0x4000)
#define LDT_BASE UINT64_C(0x4800)
#define TSS_BASE UINT64_C(0x5000)
#define STACK    UINT64_C(0x6ff8)

static uint64_t default_number(const struct fuzz_input *input, WHV_REGISTER_NAME name)
{
    const struct rules_exit *exit = &input->exit;
    uint64_t gva = exit->memory.Gva;
    switch (name) {
    case WHvX64RegisterRax:
        return UINT64_C(0x8877665544332211);
    case WHvX64RegisterRcx:
        return 3;
    case WHvX64RegisterRdx:
        return exit->io.PortNumber;
    case WHvX64RegisterRsp:
        return STACK;
    case WHvX64RegisterRsi:
        return gva + 0x40;
    case WHvX64RegisterCr0:
        return 0x80000031;
    case WHvX64RegisterCr4:
        return 0x600; /* SSE may be used */
    case WHvX64RegisterEfer:
        return exit->vp.ExecutionState.EferLma ? 0x500 : 0;
    default:
        return name <= WHvX64RegisterR15 ? gva : 0;
    }
}

static uint64_t draw_number(const struct fuzz_input *input, WHV_REGISTER_NAME name,
                            struct fuzz_stream *stream)
{
    uint8_t kind = fuzz_byte(stream);
    uint64_t value = default_number(input, name);
    if (kind >= 32 && (name == WHvX64RegisterCr0 || name == WHvX64RegisterCr4))
        return value; /* any other is soon one that forbids everything */
    if (kind >= 32)
        return value + (uint64_t)(int64_t)(int8_t)(kind - 144);
    switch (kind) {
    case 1:
        return 0;
    case 2:
        return UINT64_MAX;
    case 3:
        return fuzz_number(stream, 8);
    case 4:
        return fuzz_offset(stream);
    case 5:
        return input->exit.memory.Gva + fuzz_offset(stream);
    case 6: /* around the end of the page of Gva */
        return (input->exit.memory.Gva | 0xfff) + fuzz_offset(stream);
    case 7: /* around the ends of address spaces */
        return (UINT64_C(1) << 47) + fuzz_offset(stream);
    case 8:
        return (UINT64_C(1) << 32) + fuzz_offset(stream);
    case 9:
        return 0xffff + fuzz_offset(stream);
    case 10:
        return UINT64_C(1) << (fuzz_byte(stream) & 63);
    case 11:
        return value ^ fuzz_number(stream, 2);
    case 12:
        return value ^ fuzz_number(stream, 4);
    case 13:
        return input->exit.vp.Rip + fuzz_offset(stream);
    default:
        return value;
    }
}

static WHV_X64_SEGMENT_REGISTER default_segment(const struct fuzz_input *input,
                                                WHV_REGISTER_NAME name)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Selector = 0x28};
    if (name != WHvX64RegisterLdtr && name != WHvX64RegisterTr)
        return fuzz_data_segment(input->mode, input->exit.vp.ExecutionState.Cpl);
    segment.Present = 1;
    segment.Base = name == WHvX64RegisterTr ? TSS_BASE : LDT_BASE;
    segment.Limit = name == WHvX64RegisterTr ? 0x2fff : 0xff;
    segment.SegmentType = name == WHvX64RegisterTr ? 0xb : 0x2;
    return segment;
}

static WHV_X64_SEGMENT_REGISTER draw_segment(const struct fuzz_input *input, WHV_REGISTER_NAME name,
                                             struct fuzz_stream *stream)
{
    uint8_t kind = fuzz_byte(stream);
    WHV_X64_SEGMENT_REGISTER segment = default_segment(input, name);
    if (kind & 1)
        segment.Base = kind & 0x80 ? fuzz_number(stream, 8) : fuzz_number(stream, 4);
    if (kind & 2)
        segment.Limit = (UINT32)fuzz_number(stream, kind & 0x80 ? 4 : 2);
    if (kind & 4)
        segment.Attributes ^= (UINT16)fuzz_number(stream, 2);
    if (kind & 8)
        segment.Selector = (UINT16)fuzz_number(stream, 2);
    if (kind & 16)
        segment.Base = input->exit.memory.Gva + fuzz_offset(stream);
    if (kind & 32) /* the last bytes that an operand at Gva may have */
        segment.Limit = (UINT32)(input->exit.memory.Gva + (kind & 7));
    if (kind & 64) /* the null selector */
        segment = (WHV_X64_SEGMENT_REGISTER){.Selector = (UINT16)(kind & 3)};
    return segment;
}

static WHV_X64_TABLE_REGISTER draw_table(struct fuzz_stream *stream)
{
    uint8_t kind = fuzz_byte(stream);
    WHV_X64_TABLE_REGISTER table = {.Limit = 0xffff, .Base = GDT_BASE};
    if (kind & 1)
        table.Limit = (UINT16)fuzz_number(stream, 2);
    if (kind & 2)
        table.Base = fuzz_number(stream, kind & 0x80 ? 8 : 4);
    return table;
}

static WHV_UINT128 draw_wide(struct fuzz_stream *stream)
{
    WHV_UINT128 value = {.Low64 = 0};
    if (fuzz_byte(stream) & 1) {
        value.Low64 = fuzz_number(stream, 8);
        value.High64 = fuzz_number(stream, 8);
    }
    return value;
}

WHV_REGISTER_VALUE fuzz_draw(const struct fuzz_input *input, WHV_REGISTER_NAME name,
                             struct fuzz_stream *stream)
{
    WHV_REGISTER_VALUE value;
    memset(&value, 0, sizeof(value));
    if (name >= WHvX64RegisterEs && name <= WHvX64RegisterTr)
        value.Segment = draw_segment(input, name, stream);
    else if (name == WHvX64RegisterIdtr || name == WHvX64RegisterGdtr)
        value.Table = draw_table(stream);
    else if ((name >= WHvX64RegisterXmm0 && name <= WHvX64RegisterXmmControlStatus) ||
             name == WHvRegisterPendingEvent)
        value.Reg128 = draw_wide(stream);
    else if (name == WHvRegisterPendingInterruption || name == WHvRegisterInterruptState)
        value.Reg64 = fuzz_byte(stream);
    else
        value.Reg64 = draw_number(input, name, stream);
    return value;
}
