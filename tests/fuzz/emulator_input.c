/* SPDX-License-Identifier: MIT */
#include "emulator_input.h"

#include <string.h>

#define LIMIT_16 0xffffu

static const struct mode {
    bool pe, lma, vm, is_long, is_32bit, has_limit;
} modes[FUZZ_MODES] = {
    [FUZZ_LONG64] = {.pe = true, .lma = true, .is_long = true},
    [FUZZ_PROT32] = {.pe = true, .is_32bit = true},
    [FUZZ_REAL16] = {.has_limit = true},
    [FUZZ_PROT16] = {.pe = true},
    [FUZZ_VM86] = {.pe = true, .vm = true, .has_limit = true},
    [FUZZ_COMPAT32] = {.pe = true, .lma = true, .is_32bit = true},
    [FUZZ_COMPAT16] = {.pe = true, .lma = true},
    [FUZZ_REAL32] = {.is_32bit = true},
};

WHV_X64_SEGMENT_REGISTER fuzz_data_segment(enum fuzz_mode mode, unsigned cpl)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Limit = UINT32_MAX, .Selector = 0x10};
    segment.SegmentType = 3;
    segment.NonSystemSegment = 1;
    segment.DescriptorPrivilegeLevel = cpl & 3;
    segment.Present = 1;
    segment.Default = modes[mode].is_32bit || modes[mode].is_long;
    segment.Granularity = 1;
    if (modes[mode].has_limit) {
        segment.Limit = LIMIT_16;
        segment.Selector = 0;
        segment.Granularity = 0;
    }
    return segment;
}

static WHV_X64_SEGMENT_REGISTER code_segment(enum fuzz_mode mode, unsigned cpl)
{
    WHV_X64_SEGMENT_REGISTER segment = fuzz_data_segment(mode, cpl);
    segment.SegmentType = 0xb;
    segment.Long = modes[mode].is_long;
    segment.Default = modes[mode].is_32bit;
    return segment;
}

static unsigned cpl_from_byte(enum fuzz_mode mode, uint8_t byte)
{
    if (modes[mode].vm)
        return 3;
    return modes[mode].pe ? (byte >> 3) & 3u : 0;
}

static WHV_X64_VP_EXECUTION_STATE state_of_mode(enum fuzz_mode mode, unsigned cpl)
{
    WHV_X64_VP_EXECUTION_STATE state = {.AsUINT16 = 0};
    state.Cpl = cpl & 3;
    state.Cr0Pe = modes[mode].pe;
    state.Cr0Am = 1;
    state.EferLma = modes[mode].lma;
    return state;
}

static void read_memory_access(struct rules_exit *exit, uint8_t form, uint32_t info, uint64_t gva,
                               uint64_t gpa)
{
    exit->memory.AccessInfo.AccessType = form & 3u;
    exit->memory.AccessInfo.GvaValid = !(form & 8);
    exit->memory.AccessInfo.AsUINT32 ^= info;
    exit->memory.Gva = gva;
    exit->memory.Gpa = gpa;
}

static void read_code_segment(struct rules_exit *exit, struct fuzz_stream *stream)
{
    WHV_X64_SEGMENT_REGISTER *cs = &exit->vp.Cs;
    cs->Base = fuzz_number(stream, 4);
    cs->Limit ^= (UINT32)fuzz_number(stream, 4);
    cs->Attributes ^= (UINT16)fuzz_number(stream, 2);
    cs->Selector ^= (UINT16)fuzz_number(stream, 2);
}

static void draw_port_registers(struct fuzz_input *input, struct fuzz_stream *answers)
{
    WHV_X64_IO_PORT_ACCESS_CONTEXT *io = &input->exit.io;
    io->Rax = fuzz_draw(input, WHvX64RegisterRax, answers).Reg64;
    io->Rcx = fuzz_draw(input, WHvX64RegisterRcx, answers).Reg64;
    io->Rsi = fuzz_draw(input, WHvX64RegisterRsi, answers).Reg64;
    io->Rdi = fuzz_draw(input, WHvX64RegisterRdi, answers).Reg64;
    io->Ds = fuzz_draw(input, WHvX64RegisterDs, answers).Segment;
    io->Es = fuzz_draw(input, WHvX64RegisterEs, answers).Segment;
}

static void read_answers(struct fuzz_input *input, const uint8_t *bytes, size_t size)
{
    struct fuzz_stream answers = {bytes, size < FUZZ_ANSWERS_MAX ? size : FUZZ_ANSWERS_MAX, 0};
    if (input->exit.is_io)
        draw_port_registers(input, &answers);
    input->answers = bytes + answers.at;
    input->answers_size = answers.size - answers.at;
}

static void read_instruction(struct fuzz_input *input, struct fuzz_stream *stream, uint8_t count)
{
    struct rules_exit *exit = &input->exit;
    size_t given = count < FUZZ_CODE_SIZE ? count : FUZZ_CODE_SIZE;
    for (unsigned i = 0; i < FUZZ_CODE_SIZE; i++)
        input->code[i] = fuzz_byte(stream);
    exit->memory.InstructionByteCount = count;
    exit->io.InstructionByteCount = count;
    memcpy(exit->memory.InstructionBytes, input->code, given);
    memcpy(exit->io.InstructionBytes, input->code, given);
}

void fuzz_input_read(const uint8_t *bytes, size_t size, struct fuzz_input *input)
{
    struct fuzz_stream stream = {bytes, size < FUZZ_HEAD ? size : FUZZ_HEAD, 0};
    struct rules_exit *exit = &input->exit;
    memset(input, 0, sizeof(*input));
    uint8_t form = fuzz_byte(&stream);
    uint8_t mode = fuzz_byte(&stream);
    unsigned cpl = cpl_from_byte(mode % FUZZ_MODES, mode);
    input->mode = mode % FUZZ_MODES;
    input->has_context = !(form & 0x10);
    input->sibling_byte = form >> 5;
    exit->is_preview = (form & 4) != 0;
    exit->is_io = (form & 3) == FUZZ_ACCESS_PORT;
    exit->vp.ExecutionState = state_of_mode(input->mode, cpl);
    exit->vp.ExecutionState.AsUINT16 ^= (UINT16)fuzz_number(&stream, 2);
    exit->vp.Cs = code_segment(input->mode, cpl);
    uint8_t count = fuzz_byte(&stream);
    exit->instruction_length = fuzz_byte(&stream);
    if (!exit->is_preview)
        exit->instruction_length &= 15;
    exit->vp.InstructionLength = exit->instruction_length & 15u;
    exit->io.PortNumber = (UINT16)fuzz_number(&stream, 2);
    uint32_t info = (uint32_t)fuzz_number(&stream, 4);
    exit->io.AccessInfo.AsUINT32 = info;
    exit->vp.Rflags = (modes[input->mode].vm ? 0x20002u : 2u) ^ fuzz_number(&stream, 4);
    read_instruction(input, &stream, count);
    exit->vp.Rip = fuzz_number(&stream, 8);
    uint64_t gva = fuzz_number(&stream, 8);
    read_memory_access(exit, form, info, gva, gva ^ fuzz_number(&stream, 8));
    read_code_segment(exit, &stream);
    read_answers(input, bytes + stream.size, size - stream.size);
}

static void put(uint8_t *bytes, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

void fuzz_input_write(const struct fuzz_seed *seed, uint8_t *bytes)
{
    memset(bytes, 0, FUZZ_HEAD);
    bytes[0] = (uint8_t)(seed->access | (seed->is_preview ? 4u : 0));
    bytes[1] = (uint8_t)(seed->mode | (seed->cpl & 3) << 3);
    put(bytes + 2, seed->state, 2);
    bytes[4] = (uint8_t)seed->given;
    bytes[5] = (uint8_t)seed->code_size;
    put(bytes + 6, 0x1f0, 2);
    put(bytes + 8, seed->access == FUZZ_ACCESS_PORT ? seed->io_info : 0, 4);
    put(bytes + 12, seed->rflags, 4);
    memcpy(bytes + FUZZ_CODE, seed->code,
           seed->code_size < FUZZ_CODE_SIZE ? seed->code_size : FUZZ_CODE_SIZE);
    put(bytes + 32, seed->rip, 8);
    put(bytes + 40, seed->gva, 8);
}
