/* SPDX-License-Identifier: MIT */
/* What a guest is before a call: registers, translations, modes, exits. */
#include "guest.h"

#include <string.h>

WHV_REGISTER_VALUE *guest_reg(struct guest *guest, WHV_REGISTER_NAME name)
{
    size_t i = 0;
    while (i < guest->reg_count && guest->regs[i].name != name)
        i++;
    if (i == guest->reg_count && i < GUEST_REGS_MAX) {
        guest->regs[i] = (struct guest_reg){.name = name};
        guest->reg_count++;
    }
    return &guest->regs[i < GUEST_REGS_MAX ? i : GUEST_REGS_MAX - 1].value;
}

void guest_set64(struct guest *guest, WHV_REGISTER_NAME name, uint64_t value)
{
    guest_reg(guest, name)->Reg128 = (WHV_UINT128){.Low64 = value};
}

uint64_t guest_get64(struct guest *guest, WHV_REGISTER_NAME name)
{
    return guest_reg(guest, name)->Reg64;
}

const char *guest_reg_name(WHV_REGISTER_NAME name)
{
    switch ((uint32_t)name) {
#define WHV_REGISTER(prefix, suffix, number, text, kind)                                           \
    case number:                                                                                   \
        return text;
#include <whvemu/whv_registers.def>
    default:
        return "a register without a name";
    }
}

void guest_map(struct guest *guest, uint64_t gva, uint64_t gpa,
               WHV_TRANSLATE_GVA_RESULT_CODE result, uint32_t flags)
{
    if (guest->page_count < GUEST_PAGES)
        guest->pages[guest->page_count++] = (struct guest_page){gva, gpa, result, flags};
}

void guest_spread(struct guest *guest, uint64_t multiplier)
{
    uint64_t inverse = multiplier; /* each step doubles the bits that are right, from three on */
    for (unsigned i = 0; i < 5; i++)
        inverse *= 2 - multiplier * inverse;
    guest->spread[0] = multiplier;
    guest->spread[1] = inverse;
}

uint64_t guest_spread_address(const struct guest *guest, uint64_t address)
{
    uint64_t multiplier = guest->spread[0] ? guest->spread[0] : 1;
    return ((address >> 12) * multiplier) << 12 | (address & 0xfff);
}

bool guest_undo(struct guest *guest)
{
    if (guest->log_count > GUEST_LOG_MAX)
        return false;
    for (size_t i = guest->log_count; i > 0; i--) {
        const struct guest_event *event = &guest->log[i - 1];
        bool is_ram = event->size <= 8 && event->home <= GUEST_MEMORY - event->size;
        if (event->kind == GUEST_MEMORY_ACCESS && event->is_write && is_ram)
            memcpy(guest->memory + event->home, &event->before, event->size);
    }
    return true;
}

static bool is_16bit(enum guest_mode mode)
{
    return mode == GUEST_REAL16 || mode == GUEST_VM86 || mode == GUEST_PROT16 ||
           mode == GUEST_COMPAT16;
}

WHV_X64_SEGMENT_REGISTER guest_segment(enum guest_mode mode, bool is_code)
{
    WHV_X64_SEGMENT_REGISTER segment = {.Limit = 0xffffffff, .Selector = is_code ? 0x08 : 0x10};
    segment.SegmentType = is_code ? 0xb : 0x3;
    segment.NonSystemSegment = 1;
    segment.Present = 1;
    segment.Granularity = 1;
    segment.Default = !is_16bit(mode) && !(is_code && mode == GUEST_LONG64);
    segment.Long = is_code && mode == GUEST_LONG64;
    if (mode == GUEST_REAL16 || mode == GUEST_VM86) {
        segment.Limit = 0xffff;
        segment.Selector = 0;
        segment.Granularity = 0;
        segment.DescriptorPrivilegeLevel = mode == GUEST_VM86 ? 3 : 0;
    }
    return segment;
}

void guest_init(struct guest *guest, enum guest_mode mode)
{
    static const WHV_REGISTER_NAME data[] = {WHvX64RegisterEs, WHvX64RegisterSs, WHvX64RegisterDs,
                                             WHvX64RegisterFs, WHvX64RegisterGs};
    memset(guest, 0, sizeof(*guest));
    guest->fail_hr = E_FAIL;
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
        guest_reg(guest, data[i])->Segment = guest_segment(mode, false);
    guest_reg(guest, WHvX64RegisterCs)->Segment = guest_segment(mode, true);
    /* PE, ET, NE, PG; OSFXSR, OSXMMEXCPT: floating point and SSE may be used. */
    guest_set64(guest, WHvX64RegisterCr0, mode == GUEST_REAL16 ? 0x30 : 0x80000031);
    guest_set64(guest, WHvX64RegisterCr4, 0x600);
    guest_set64(guest, WHvX64RegisterXCr0, 7);
    guest_set64(guest, WHvX64RegisterRip, 0x1000);
    guest_set64(guest, WHvX64RegisterRflags, mode == GUEST_VM86 ? 0x20002 : 2);
}

static WHV_VP_EXIT_CONTEXT vp_from_guest(struct guest *guest, enum guest_mode mode)
{
    WHV_VP_EXIT_CONTEXT vp = {.Cs = guest_reg(guest, WHvX64RegisterCs)->Segment,
                              .Rip = guest_get64(guest, WHvX64RegisterRip),
                              .Rflags = guest_get64(guest, WHvX64RegisterRflags)};
    vp.ExecutionState.Cr0Pe = mode != GUEST_REAL16;
    vp.ExecutionState.EferLma = mode >= GUEST_COMPAT16;
    vp.ExecutionState.Cpl = mode == GUEST_VM86 ? 3 : 0;
    return vp;
}

struct guest_exit guest_memory_exit(struct guest *guest, enum guest_mode mode,
                                    WHV_MEMORY_ACCESS_TYPE access, uint64_t address,
                                    const uint8_t *code, size_t size)
{
    struct guest_exit exit = {.vp = vp_from_guest(guest, mode)};
    exit.memory.InstructionByteCount = (UINT8)size;
    if (size > 0)
        memcpy(exit.memory.InstructionBytes, code, size <= 16 ? size : 16);
    exit.memory.AccessInfo.AccessType = (UINT32)access & 3;
    exit.memory.AccessInfo.GvaValid = 1;
    exit.memory.Gva = address;
    exit.memory.Gpa = address;
    return exit;
}

struct guest_exit guest_io_exit(struct guest *guest, enum guest_mode mode, uint16_t port,
                                unsigned size, bool is_write, bool is_string, const uint8_t *code,
                                size_t code_size)
{
    struct guest_exit exit = {.vp = vp_from_guest(guest, mode), .is_io = true};
    exit.vp.InstructionLength = code_size & 15;
    exit.io.InstructionByteCount = (UINT8)code_size;
    memcpy(exit.io.InstructionBytes, code, code_size <= 16 ? code_size : 16);
    exit.io.AccessInfo.IsWrite = is_write;
    exit.io.AccessInfo.AccessSize = size & 7;
    exit.io.AccessInfo.StringOp = is_string;
    exit.io.PortNumber = port;
    exit.io.Rax = guest_get64(guest, WHvX64RegisterRax);
    exit.io.Rcx = guest_get64(guest, WHvX64RegisterRcx);
    exit.io.Rsi = guest_get64(guest, WHvX64RegisterRsi);
    exit.io.Rdi = guest_get64(guest, WHvX64RegisterRdi);
    exit.io.Ds = guest_reg(guest, WHvX64RegisterDs)->Segment;
    exit.io.Es = guest_reg(guest, WHvX64RegisterEs)->Segment;
    return exit;
}
