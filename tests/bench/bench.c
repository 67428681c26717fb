/* SPDX-License-Identifier: MIT */
/*
 * Repeats one emulated instruction, for counting instructions retired: `bench SCENARIO CALLS`. Run
 * it under callgrind with N and 2N calls; the difference divided by N is the cost of one warm call,
 * the minimal callbacks below included. Without arguments it lists the scenarios; `bench SCENARIO
 * callbacks` prints how many callbacks one warm call makes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <whvemu/emulator.h>

struct scenario {
    const char *name;
    unsigned elements; /* work done per call: 1, or the iterations of a REP */
    uint8_t code[16];
    uint8_t access; /* memory access type; 3 is a port access */
    uint64_t rflags;
    WHV_X64_IO_PORT_ACCESS_INFO io;
};

#define PORT_ACCESS 3
#define DEVICE      0xfee00000u
#define REP_COUNT   1000

static const struct scenario scenarios[] = {
    {"load mov eax,[rbx]", 1, {0x8b, 0x03}, WHvMemoryAccessRead, 2, {.AsUINT32 = 0}},
    {"store mov [rbx],eax", 1, {0x89, 0x03}, WHvMemoryAccessWrite, 2, {.AsUINT32 = 0}},
    {"store mov [rbx+rcx*4+8],rax",
     1,
     {0x48, 0x89, 0x44, 0x8b, 0x08},
     WHvMemoryAccessWrite,
     2,
     {.AsUINT32 = 0}},
    {"load movzx eax,byte [rbx]", 1, {0x0f, 0xb6, 0x03}, WHvMemoryAccessRead, 2, {.AsUINT32 = 0}},
    {"store mov dword [rbx],imm",
     1,
     {0xc7, 0x03, 0x78, 0x56, 0x34, 0x12},
     WHvMemoryAccessWrite,
     2,
     {.AsUINT32 = 0}},
    {"in al,dx", 1, {0xec}, PORT_ACCESS, 2, {.AccessSize = 1}},
    {"out dx,al", 1, {0xee}, PORT_ACCESS, 2, {.IsWrite = 1, .AccessSize = 1}},
    {"rep stosd (per element)", REP_COUNT, {0xf3, 0xab}, WHvMemoryAccessWrite, 2, {.AsUINT32 = 0}},
    {"rep movsb (per element)", REP_COUNT, {0xf3, 0xa4}, WHvMemoryAccessRead, 2, {.AsUINT32 = 0}},
};

static unsigned callbacks_made;

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    (void)context;
    callbacks_made++;
    access->Data = 0x5a;
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    (void)context;
    callbacks_made++;
    if (access->Direction == 0)
        access->Data[0] = 0x5a;
    return S_OK;
}

/* Registers by name: RBX and RDI point at a device, RSI at another of its pages. */
static const uint64_t values[16] = {
    [1] = REP_COUNT, [3] = DEVICE, [6] = DEVICE + 0x1000, [7] = DEVICE};

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *out)
{
    (void)context;
    callbacks_made++;
    for (UINT32 i = 0; i < count; i++)
        out[i].Reg64 = values[(unsigned)names[i] & 15];
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *in)
{
    (void)context;
    (void)names;
    (void)count;
    (void)in;
    callbacks_made++;
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)context;
    (void)flags;
    callbacks_made++;
    *result = WHvTranslateGvaResultSuccess;
    *gpa = gva;
    return S_OK;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static WHV_EMULATOR_HANDLE create(void)
{
    WHV_EMULATOR_CALLBACKS callbacks = {.Size = sizeof(callbacks),
                                        .WHvEmulatorIoPortCallback = on_port,
                                        .WHvEmulatorMemoryCallback = on_memory,
                                        .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                        .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                        .WHvEmulatorTranslateGvaPage = on_translate};
    WHV_EMULATOR_HANDLE handle;
    if (WHvEmulatorCreateEmulator(&callbacks, &handle) != S_OK)
        fail("cannot create an emulator");
    return handle;
}

static void run(const struct scenario *scenario, unsigned long calls)
{
    WHV_EMULATOR_HANDLE handle = create();
    WHV_VP_EXIT_CONTEXT vp = {.Cs = {.Long = 1, .Limit = 0xffffffff}, .Rip = 0x401000};
    vp.ExecutionState.Cr0Pe = 1;
    vp.ExecutionState.EferLma = 1;
    vp.InstructionLength = 1;
    vp.Rflags = scenario->rflags;
    WHV_MEMORY_ACCESS_CONTEXT memory = {.InstructionByteCount = 16, .Gpa = DEVICE, .Gva = DEVICE};
    memory.AccessInfo.AccessType = scenario->access & 3;
    memory.AccessInfo.GvaValid = 1;
    memcpy(memory.InstructionBytes, scenario->code, sizeof(scenario->code));
    WHV_X64_IO_PORT_ACCESS_CONTEXT port = {.AccessInfo = scenario->io, .PortNumber = 0x3f8};
    for (unsigned long i = 0; i < calls; i++) {
        WHV_EMULATOR_STATUS status;
        callbacks_made = 0;
        HRESULT result = scenario->access == PORT_ACCESS
                             ? WHvEmulatorTryIoEmulation(handle, NULL, &vp, &port, &status)
                             : WHvEmulatorTryMmioEmulation(handle, NULL, &vp, &memory, &status);
        if (result != S_OK || status.AsUINT32 != 1)
            fail("the emulation failed");
    }
    WHvEmulatorDestroyEmulator(handle);
}

int main(int argc, char **argv)
{
    size_t count = sizeof(scenarios) / sizeof(scenarios[0]);
    if (argc < 3) {
        for (size_t i = 0; i < count; i++)
            printf("%zu\t%u\t%s\n", i, scenarios[i].elements, scenarios[i].name);
        return 0;
    }
    unsigned long index = strtoul(argv[1], NULL, 10);
    if (index >= count)
        fail("no such scenario");
    if (strcmp(argv[2], "callbacks") == 0) {
        run(&scenarios[index], 2);
        printf("%u\n", callbacks_made);
        return 0;
    }
    run(&scenarios[index], strtoul(argv[2], NULL, 10));
    return 0;
}
