/* SPDX-License-Identifier: MIT */
/* Source in the words of the preview's own document compiles, links and works unchanged. */
#define WHVEMU_PREVIEW_NAMES
#include <criterion/criterion.h>
#include <string.h>

#include <whvemu/preview.h>

struct machine {
    UINT64 rax;
    UINT64 rip;
    UINT8 written[8];
    UINT8 written_size;
    UINT32 port_data;
};

static HRESULT CALLBACK io_port(VOID *Context, WHV_EMULATOR_IO_ACCESS_INFO *IoAccess)
{
    struct machine *machine = Context;
    if (IoAccess->Direction == 0)
        IoAccess->Data = machine->port_data;
    return S_OK;
}

static HRESULT CALLBACK memory(VOID *Context, WHV_EMULATOR_MEMORY_ACCESS_INFO *MemoryAccess)
{
    struct machine *machine = Context;
    if (MemoryAccess->Direction == 0)
        return E_FAIL;
    memcpy(machine->written, MemoryAccess->Data, sizeof(machine->written));
    machine->written_size = MemoryAccess->AccessSize;
    return S_OK;
}

static HRESULT CALLBACK get_registers(VOID *Context, const WHV_REGISTER_NAME *RegisterNames,
                                      UINT32 RegisterCount, WHV_REGISTER_VALUE *RegisterValues)
{
    const struct machine *machine = Context;
    for (UINT32 i = 0; i < RegisterCount; i++) {
        memset(&RegisterValues[i], 0, sizeof(RegisterValues[i]));
        if (RegisterNames[i] == WHvX64RegisterRax)
            RegisterValues[i].Reg64 = machine->rax;
    }
    return S_OK;
}

static HRESULT CALLBACK set_registers(VOID *Context, const WHV_REGISTER_NAME *RegisterNames,
                                      UINT32 RegisterCount,
                                      const WHV_REGISTER_VALUE *RegisterValues)
{
    struct machine *machine = Context;
    for (UINT32 i = 0; i < RegisterCount; i++) {
        if (RegisterNames[i] == WHvX64RegisterRax)
            machine->rax = RegisterValues[i].Reg64;
        if (RegisterNames[i] == WHvX64RegisterRip)
            machine->rip = RegisterValues[i].Reg64;
    }
    return S_OK;
}

static HRESULT CALLBACK translate(VOID *Context, WHV_GUEST_VIRTUAL_ADDRESS Gva,
                                  WHV_TRANSLATE_GVA_FLAGS TranslateFlags,
                                  WHV_TRANSLATE_GVA_RESULT_CODE *TranslationResult,
                                  WHV_GUEST_PHYSICAL_ADDRESS *Gpa)
{
    (void)Context;
    (void)TranslateFlags;
    *TranslationResult = WHvTranslateGvaResultSuccess;
    *Gpa = Gva;
    return S_OK;
}

static WHV_EMULATOR_HANDLE create(void)
{
    WHV_EMULATOR_CALLBACKS callbacks = {io_port, memory, get_registers, set_registers, translate};
    WHV_EMULATOR_HANDLE emulator = NULL;
    cr_assert_eq(WHvEmulatorCreateEmulator(callbacks, &emulator), S_OK);
    return emulator;
}

static WHV_VP_EXIT_CONTEXT long_mode_exit(UINT64 rip, UINT8 length)
{
    WHV_VP_EXIT_CONTEXT exit = {.InstructionLength = length, .Rip = rip, .Rflags = 2};
    exit.ExecutionState.Cr0Pe = 1;
    exit.ExecutionState.EferLma = 1;
    exit.Cs.Long = 1;
    exit.Cs.Present = 1;
    return exit;
}

Test(preview_names, a_store_is_emulated)
{
    static const UINT8 code[] = {0x89, 0x04, 0x25, 0x10,
                                 0x00, 0xe0, 0x7e}; /* mov [7ee00010h],eax */
    struct machine machine = {.rax = 0x1122334455667788};
    WHV_MEMORY_ACCESS_CONTEXT context = {.VpContext = long_mode_exit(0x1000, 0),
                                         .InstructionByteCount = sizeof(code),
                                         .Gpa = 0x7ee00010,
                                         .Gva = 0x7ee00010};
    WHV_EMULATOR_STATUS status;
    WHV_EMULATOR_HANDLE emulator = create();
    memcpy(context.InstructionBytes, code, sizeof(code));
    context.AccessInfo.AccessType = WHvMemoryAccessWrite;
    context.AccessInfo.GvaValid = 1;

    cr_assert_eq(WHvEmulatorTryMmioEmulation(emulator, &machine, &context, &status), S_OK);
    cr_expect_eq(status.EmulationSuccessful, 1);
    cr_expect_eq(status.TranslateGvaPageCallbackGpaPageIsNotAligned, 0);
    cr_expect_eq(status.AsUINT32, 1u);
    cr_expect_eq(machine.written_size, 4);
    cr_expect_arr_eq(machine.written, ((UINT8[]){0x88, 0x77, 0x66, 0x55}), 4);
    cr_expect_eq(machine.rip, UINT64_C(0x1007));
    cr_expect_eq(WHvEmulatorDestroyEmulator(emulator), S_OK);
}

Test(preview_names, an_in_is_emulated)
{
    struct machine machine = {.port_data = 0x5a};
    WHV_X64_IO_PORT_ACCESS_CONTEXT context = {
        .VpContext = long_mode_exit(0x2000, 1), .PortNumber = 0x60, .Rax = 0xabcd00};
    WHV_EMULATOR_STATUS status;
    WHV_EMULATOR_HANDLE emulator = create();
    context.AccessInfo.AccessSize = 1;

    cr_assert_eq(WHvEmulatorTryIoEmulation(emulator, &machine, &context, &status), S_OK);
    cr_expect_eq(status.AsUINT32, 1u);
    cr_expect_eq(machine.rax, UINT64_C(0xabcd5a));
    cr_expect_eq(machine.rip, UINT64_C(0x2001));
    cr_expect_eq(WHvEmulatorDestroyEmulator(emulator), S_OK);
}
