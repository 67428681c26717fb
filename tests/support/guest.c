/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <string.h>

#define PAGE 0x1000u

static void broke(struct guest *guest, const char *rule)
{
    if (!guest->broken)
        guest->broken = rule;
}

/* Logs a callback. @return whether it is to fail. */
static bool note(struct guest *guest, struct guest_event event)
{
    if (guest->log_count > 0 && guest->log[guest->log_count - 1].kind == GUEST_SET)
        broke(guest, "a callback after Set");
    if (guest->fail_at > 0 && guest->log_count >= guest->fail_at)
        broke(guest, "a callback after a failed one");
    if (guest->log_count < GUEST_LOG_MAX)
        guest->log[guest->log_count] = event;
    guest->log_count++;
    return guest->fail_at > 0 && guest->log_count == guest->fail_at;
}

uint8_t guest_device_byte(uint64_t gpa)
{
    return (uint8_t)(gpa * 37 + (gpa >> 8) * 11 + 0x5a);
}

static HRESULT CALLBACK on_io(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct guest *guest = context;
    if (access->AccessSize != 1 && access->AccessSize != 2 && access->AccessSize != 4)
        broke(guest, "a port access of another size than 1, 2, 4");
    if (access->Direction > 1)
        broke(guest, "a port access of no direction");
    if (access->AccessSize < 4 && access->Direction == 1 &&
        access->Data >> (8 * access->AccessSize) != 0)
        broke(guest, "an OUT with bits above its size");
    if (note(guest, (struct guest_event){.kind = GUEST_IO,
                                         .address = access->Port,
                                         .data = access->Data,
                                         .size = access->AccessSize,
                                         .is_write = access->Direction == 1}))
        return guest->fail_hr;
    if (access->Direction == 0)
        access->Data = guest->port_data;
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct guest *guest = context;
    uint64_t data = 0;
    if (access->AccessSize < 1 || access->AccessSize > 8)
        broke(guest, "a memory access of another size than 1 to 8");
    if (access->Direction > 1)
        broke(guest, "a memory access of no direction");
    if (access->GpaAddress % PAGE + access->AccessSize > PAGE)
        broke(guest, "a memory access across a page");
    size_t size = access->AccessSize <= 8 ? access->AccessSize : 8;
    if (access->Direction == 1)
        memcpy(&data, access->Data, size);
    if (note(guest, (struct guest_event){.kind = GUEST_MEMORY_ACCESS,
                                         .address = access->GpaAddress,
                                         .data = data,
                                         .size = access->AccessSize,
                                         .is_write = access->Direction == 1}))
        return guest->fail_hr;

    bool is_ram = access->GpaAddress + size <= GUEST_MEMORY;
    if (access->Direction == 1 && is_ram)
        memcpy(guest->memory + access->GpaAddress, access->Data, size);
    if (access->Direction == 0) {
        memset(access->Data, 0xcc, sizeof(access->Data)); /* only AccessSize bytes count */
        for (size_t i = 0; i < size; i++)
            access->Data[i] = is_ram ? guest->memory[access->GpaAddress + i]
                                     : guest_device_byte(access->GpaAddress + i);
    }
    return S_OK;
}

static void check_batch(struct guest *guest, const WHV_REGISTER_NAME *names, UINT32 count,
                        const WHV_REGISTER_VALUE *values)
{
    if (((uintptr_t)names & 15) != 0 || ((uintptr_t)values & 15) != 0)
        broke(guest, "a register array that is not 16-byte aligned");
    if (count == 0)
        broke(guest, "an empty batch");
    for (UINT32 i = 0; i < count; i++) {
        for (UINT32 j = 0; j < i; j++) {
            if (names[i] == names[j])
                broke(guest, "a register named twice in a batch");
        }
    }
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    check_batch(guest, names, count, values);
    if (note(guest, (struct guest_event){.kind = GUEST_GET, .address = count}))
        return guest->fail_hr;
    for (UINT32 i = 0; i < count; i++)
        values[i] = *guest_reg(guest, names[i]);
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    check_batch(guest, names, count, values);
    if (note(guest, (struct guest_event){.kind = GUEST_SET, .address = count, .is_write = true}))
        return guest->fail_hr;
    for (UINT32 i = 0; i < count; i++)
        *guest_reg(guest, names[i]) = values[i];
    return S_OK;
}

static const struct guest_page *find_page(const struct guest *guest, uint64_t gva, uint32_t flags)
{
    for (size_t i = 0; i < guest->page_count; i++) {
        const struct guest_page *page = &guest->pages[i];
        if (page->gva == gva && (page->flags == 0 || (page->flags & flags) != 0))
            return page;
    }
    return NULL;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct guest *guest = context;
    const struct guest_page *page = find_page(guest, gva, (uint32_t)flags);
    if (gva % PAGE != 0)
        broke(guest, "a translation of an address inside a page");
    if (note(guest, (struct guest_event){
                        .kind = GUEST_TRANSLATE, .address = gva, .size = (uint32_t)flags}))
        return guest->fail_hr;
    *result = page ? page->result : WHvTranslateGvaResultSuccess;
    *gpa = page ? page->gpa : gva;
    return S_OK;
}

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

void guest_map(struct guest *guest, uint64_t gva, uint64_t gpa,
               WHV_TRANSLATE_GVA_RESULT_CODE result, uint32_t flags)
{
    if (guest->page_count < GUEST_PAGES)
        guest->pages[guest->page_count++] = (struct guest_page){gva, gpa, result, flags};
}

static bool is_16bit(enum guest_mode mode)
{
    return mode == GUEST_REAL16 || mode == GUEST_VM86 || mode == GUEST_PROT16;
}

static WHV_X64_SEGMENT_REGISTER segment_of_mode(enum guest_mode mode, bool is_code)
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
        guest_reg(guest, data[i])->Segment = segment_of_mode(mode, false);
    guest_reg(guest, WHvX64RegisterCs)->Segment = segment_of_mode(mode, true);
    guest_set64(guest, WHvX64RegisterRip, 0x1000);
    guest_set64(guest, WHvX64RegisterRflags, mode == GUEST_VM86 ? 0x20002 : 2);
}

static WHV_VP_EXIT_CONTEXT vp_from_guest(struct guest *guest, enum guest_mode mode)
{
    WHV_VP_EXIT_CONTEXT vp = {.Cs = guest_reg(guest, WHvX64RegisterCs)->Segment,
                              .Rip = guest_get64(guest, WHvX64RegisterRip),
                              .Rflags = guest_get64(guest, WHvX64RegisterRflags)};
    vp.ExecutionState.Cr0Pe = mode != GUEST_REAL16;
    vp.ExecutionState.EferLma = mode == GUEST_LONG64 || mode == GUEST_COMPAT32;
    vp.ExecutionState.Cpl = mode == GUEST_VM86 ? 3 : 0;
    return vp;
}

struct guest_exit guest_memory_exit(struct guest *guest, enum guest_mode mode,
                                    WHV_MEMORY_ACCESS_TYPE access, uint64_t address,
                                    const uint8_t *code, size_t size)
{
    struct guest_exit exit = {.vp = vp_from_guest(guest, mode)};
    exit.memory.InstructionByteCount = (UINT8)size;
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

WHV_EMULATOR_HANDLE guest_create_emulator(void)
{
    WHV_EMULATOR_CALLBACKS callbacks = {.Size = sizeof(callbacks),
                                        .WHvEmulatorIoPortCallback = on_io,
                                        .WHvEmulatorMemoryCallback = on_memory,
                                        .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                        .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                        .WHvEmulatorTranslateGvaPage = on_translate};
    WHV_EMULATOR_HANDLE emulator = NULL;
    return WHvEmulatorCreateEmulator(&callbacks, &emulator) == S_OK ? emulator : NULL;
}

static void check_call(struct guest *guest, struct guest_result result)
{
    size_t sets = 0;
    size_t logged = guest->log_count < GUEST_LOG_MAX ? guest->log_count : GUEST_LOG_MAX;
    for (size_t i = 0; i < logged; i++)
        sets += guest->log[i].kind == GUEST_SET;
    if (result.hr != S_OK)
        return;
    if (result.status == 0 || (result.status & (result.status - 1)) != 0 || result.status > 0x200)
        broke(guest, "a status that is not exactly one known bit");
    bool is_success = result.status == 1;
    bool set_failed = result.status == 1u << GUEST_SET;
    if (sets != (is_success || set_failed ? 1u : 0u))
        broke(guest, "a success without Set, or a failure with one");
}

struct guest_result guest_run(struct guest *guest, WHV_EMULATOR_HANDLE emulator,
                              const struct guest_exit *exit)
{
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0xa5a5a5a5};
    struct guest_result result;
    guest->log_count = 0;
    guest->broken = NULL;
    if (exit->is_io)
        result.hr = WHvEmulatorTryIoEmulation(emulator, guest, &exit->vp, &exit->io, &status);
    else
        result.hr = WHvEmulatorTryMmioEmulation(emulator, guest, &exit->vp, &exit->memory, &status);
    result.status = status.AsUINT32;
    check_call(guest, result);
    return result;
}
