/* SPDX-License-Identifier: MIT */
/* What a guest answers, and the rules that it sees being kept or broken. */
#include "guest.h"

#include <string.h>

#include <whvemu/preview.h>

#include "host_float.h"

#define PAGE 0x1000u

static void broke(struct guest *guest, const char *rule)
{
    if (!guest->broken)
        guest->broken = rule;
}

/* Logs a callback. @return whether it is to fail. */
static bool note(struct guest *guest, struct guest_event event)
{
    if (guest->was_set)
        broke(guest, "a callback after Set");
    if (guest->host_float.mxcsr != 0 && !host_float_is(&guest->host_float))
        broke(guest, "a callback with another control of floating point than the caller's");
    guest->was_set = event.kind == GUEST_SET;
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
    uint32_t answer = guest->port_data + guest->in_count * 0x01010101u;
    guest->in_count += access->Direction == 0;
    if (note(guest, (struct guest_event){.kind = GUEST_IO,
                                         .address = access->Port,
                                         .data = access->Direction == 1 ? access->Data : answer,
                                         .size = access->AccessSize,
                                         .is_write = access->Direction == 1}))
        return guest->fail_hr;
    if (access->Direction == 0)
        access->Data = answer;
    return S_OK;
}

static void check_memory_access(struct guest *guest, const WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    if (access->AccessSize < 1 || access->AccessSize > 8)
        broke(guest, "a memory access of another size than 1 to 8");
    if (access->Direction > 1)
        broke(guest, "a memory access of no direction");
    if (access->GpaAddress % PAGE + access->AccessSize > PAGE)
        broke(guest, "a memory access across a page");
}

/* @return the address at which guest_spread found the page of a guest-physical one. */
static uint64_t home_of(const struct guest *guest, uint64_t gpa)
{
    uint64_t inverse = guest->spread[1] ? guest->spread[1] : 1;
    return ((gpa >> 12) * inverse) << 12 | (gpa & (PAGE - 1));
}

static void fill(const struct guest *guest, uint64_t home, size_t size, uint8_t *data)
{
    bool is_ram = home <= GUEST_MEMORY - size;
    for (size_t i = 0; i < size; i++)
        data[i] = is_ram ? guest->memory[home + i] : guest_device_byte(home + i);
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct guest *guest = context;
    struct guest_event event = {.kind = GUEST_MEMORY_ACCESS,
                                .address = access->GpaAddress,
                                .size = access->AccessSize,
                                .is_write = access->Direction == 1,
                                .home = home_of(guest, access->GpaAddress)};
    check_memory_access(guest, access);
    size_t size = access->AccessSize <= 8 ? access->AccessSize : 8;
    fill(guest, event.home, size, (uint8_t *)&event.before);
    event.data = event.before;
    if (event.is_write) {
        event.data = 0;
        memcpy(&event.data, access->Data, size);
    }
    bool fails = note(guest, event);
    if (fails)
        return guest->fail_hr;

    bool is_ram = event.home <= GUEST_MEMORY - size;
    if (event.is_write && is_ram)
        memcpy(guest->memory + event.home, access->Data, size);
    if (!event.is_write) {
        memset(access->Data, 0xcc, sizeof(access->Data)); /* only AccessSize bytes count */
        memcpy(access->Data, &event.data, size);
    }
    return S_OK;
}

/* Names that every release of Windows takes; a batch with another one fails whole. */
static bool is_accepted(WHV_REGISTER_NAME name)
{
    uint32_t n = (uint32_t)name;
    return n <= WHvX64RegisterXCr0 ||
           (n >= WHvX64RegisterXmm0 && n <= WHvX64RegisterXmmControlStatus) ||
           (n >= WHvX64RegisterTsc && n <= WHvX64RegisterTscAux) ||
           name == WHvRegisterPendingInterruption || name == WHvRegisterInterruptState ||
           name == WHvRegisterPendingEvent || name == WHvX64RegisterPendingDebugException;
}

static void check_batch(struct guest *guest, const WHV_REGISTER_NAME *names, UINT32 count,
                        const WHV_REGISTER_VALUE *values)
{
    if (((uintptr_t)names & 15) != 0 || ((uintptr_t)values & 15) != 0)
        broke(guest, "a register array that is not 16-byte aligned");
    if (count == 0)
        broke(guest, "an empty batch");
    for (UINT32 i = 0; i < count; i++) {
        if (!is_accepted(names[i]))
            broke(guest, "a register that Windows does not know by this name");
        for (UINT32 j = 0; j < i; j++) {
            if (names[i] == names[j])
                broke(guest, "a register named twice in a batch");
        }
    }
}

static uint64_t hash(uint64_t so_far, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        so_far = (so_far ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return so_far;
}

/* What a register of 64 bits or less has no room for in its value. */
static void add_noise(WHV_REGISTER_NAME name, WHV_REGISTER_VALUE *value)
{
    const uint32_t n = (uint32_t)name;
    bool is_64bit = n <= WHvX64RegisterRflags ||
                    (n >= WHvX64RegisterCr0 && n <= WHvX64RegisterCr8) || n == WHvX64RegisterEfer ||
                    name == WHvRegisterPendingInterruption || name == WHvRegisterInterruptState ||
                    name == WHvX64RegisterPendingDebugException;
    if (is_64bit)
        value->Reg128.High64 = UINT64_C(0xdeadbeefdeadbeef);
    if (name == WHvX64RegisterGdtr || name == WHvX64RegisterIdtr)
        memset(value->Table.Pad, 0xee, sizeof(value->Table.Pad));
}

/* What is known already is not asked for again. */
static void keep_asked(struct guest *guest, const WHV_REGISTER_NAME *names, UINT32 count)
{
    for (UINT32 i = 0; i < count; i++) {
        for (size_t j = 0; j < guest->get_count; j++) {
            if (guest->get_names[j] == names[i])
                broke(guest, "a register that was asked for twice");
        }
        if (guest->get_count < GUEST_REGS_MAX)
            guest->get_names[guest->get_count++] = names[i];
    }
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    check_batch(guest, names, count, values);
    if (note(guest, (struct guest_event){.kind = GUEST_GET,
                                         .address = count,
                                         .data = hash(0, names, count * sizeof(names[0]))}))
        return guest->fail_hr;
    keep_asked(guest, names, count);
    for (UINT32 i = 0; i < count; i++)
        values[i] = *guest_reg(guest, names[i]);
    for (UINT32 i = 0; i < count && guest->is_noisy; i++)
        add_noise(names[i], &values[i]);
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct guest *guest = context;
    uint64_t digest = hash(0, names, count * sizeof(names[0]));
    check_batch(guest, names, count, values);
    if (note(guest, (struct guest_event){.kind = GUEST_SET,
                                         .address = count,
                                         .data = hash(digest, values, count * sizeof(values[0])),
                                         .is_write = true}))
        return guest->fail_hr;
    guest->set_count = count < GUEST_REGS_MAX ? count : GUEST_REGS_MAX;
    memcpy(guest->set_names, names, guest->set_count * sizeof(names[0]));
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
    bool is_answered = ++guest->translate_count == guest->answer.at;
    if (is_answered && guest->answer.leaves_result)
        return S_OK;
    *result = page ? page->result : WHvTranslateGvaResultSuccess;
    if (is_answered)
        *result = guest->answer.result;
    if (is_answered && guest->answer.leaves_gpa)
        return S_OK;
    *gpa = page && page->gpa != GUEST_OWN_PAGE ? page->gpa : guest_spread_address(guest, gva);
    if (is_answered)
        *gpa |= guest->answer.gpa_bits;
    return S_OK;
}

WHV_EMULATOR_CALLBACKS guest_callbacks(void)
{
    return (WHV_EMULATOR_CALLBACKS){.Size = sizeof(WHV_EMULATOR_CALLBACKS),
                                    .WHvEmulatorIoPortCallback = on_io,
                                    .WHvEmulatorMemoryCallback = on_memory,
                                    .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                    .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                    .WHvEmulatorTranslateGvaPage = on_translate};
}

WHV_EMULATOR_HANDLE guest_create_emulator(void)
{
    WHV_EMULATOR_CALLBACKS callbacks = guest_callbacks();
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

/* The status word with something on both sides that must stay as it is. */
struct fenced_status {
    uint64_t before;
    WHV_EMULATOR_STATUS status;
    uint32_t after;
};

static WHV_PREVIEW_VP_EXIT_CONTEXT preview_from_vp(const WHV_VP_EXIT_CONTEXT *vp)
{
    return (WHV_PREVIEW_VP_EXIT_CONTEXT){.ExecutionState = vp->ExecutionState,
                                         .InstructionLength = vp->InstructionLength,
                                         .Cs = vp->Cs,
                                         .Rip = vp->Rip,
                                         .Rflags = vp->Rflags};
}

static HRESULT try_preview(struct guest *guest, WHV_EMULATOR_HANDLE emulator,
                           const struct guest_exit *exit, WHV_EMULATOR_STATUS *status)
{
    WHV_PREVIEW_EMULATOR_STATUS out = {.AsUINT32 = status->AsUINT32};
    WHV_PREVIEW_MEMORY_ACCESS_CONTEXT memory = {.VpContext = preview_from_vp(&exit->vp),
                                                .InstructionByteCount =
                                                    exit->memory.InstructionByteCount,
                                                .AccessInfo = exit->memory.AccessInfo,
                                                .Gpa = exit->memory.Gpa,
                                                .Gva = exit->memory.Gva};
    WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT io = {.VpContext = memory.VpContext,
                                                 .InstructionByteCount =
                                                     exit->io.InstructionByteCount,
                                                 .AccessInfo = exit->io.AccessInfo,
                                                 .PortNumber = exit->io.PortNumber,
                                                 .Rax = exit->io.Rax,
                                                 .Rcx = exit->io.Rcx,
                                                 .Rsi = exit->io.Rsi,
                                                 .Rdi = exit->io.Rdi,
                                                 .Ds = exit->io.Ds,
                                                 .Es = exit->io.Es};
    memcpy(memory.InstructionBytes, exit->memory.InstructionBytes, sizeof(memory.InstructionBytes));
    memcpy(io.InstructionBytes, exit->io.InstructionBytes, sizeof(io.InstructionBytes));
    HRESULT hr = exit->is_io ? WHvEmulatorTryIoEmulationPreview(emulator, guest, &io, &out)
                             : WHvEmulatorTryMmioEmulationPreview(emulator, guest, &memory, &out);
    status->AsUINT32 = out.AsUINT32;
    return hr;
}

struct guest_result guest_run(struct guest *guest, WHV_EMULATOR_HANDLE emulator,
                              const struct guest_exit *exit)
{
    struct guest_exit given;
    struct fenced_status fenced = {UINT64_MAX / 3, {.AsUINT32 = 0xa5a5a5a5}, 0x5a5a5a5a};
    struct guest_result result;
    memcpy(&given, exit, sizeof(given));
    guest->log_count = 0;
    guest->was_set = false;
    guest->in_count = 0;
    guest->translate_count = 0;
    guest->get_count = 0;
    guest->set_count = 0;
    guest->broken = NULL;
    const uint32_t mxcsr = host_float_now().mxcsr;
    host_float_set(HOST_FLOAT_ODD);
    guest->host_float = host_float_now();
    if (guest->uses_preview)
        result.hr = try_preview(guest, emulator, exit, &fenced.status);
    else if (exit->is_io)
        result.hr =
            WHvEmulatorTryIoEmulation(emulator, guest, &exit->vp, &exit->io, &fenced.status);
    else
        result.hr =
            WHvEmulatorTryMmioEmulation(emulator, guest, &exit->vp, &exit->memory, &fenced.status);
    if (!host_float_is(&guest->host_float))
        broke(guest, "another control of floating point than the caller's");
    guest->host_float.mxcsr = 0;
    host_float_set(mxcsr);
    result.status = fenced.status.AsUINT32;
    check_call(guest, result);
    if (fenced.before != UINT64_MAX / 3 || fenced.after != 0x5a5a5a5a)
        broke(guest, "a write beside the status word");
    if (memcmp(&given, exit, sizeof(given)) != 0)
        broke(guest, "a write into the exit context");
    return result;
}
