/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine monitor as small as can be, which knows nothing of the recorder but its header:
 * vmm SCENARIO... runs each scenario once, or COUNT times with SCENARIO=COUNT. Device reads give
 * the low byte of the address and what follows; RAM is one page at 0x8000.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <whvemu/emulator.h>

#ifndef WITHOUT_REDIRECT
#include <whvcapture/redirect.h>
#endif

#define RAM  0x8000u
#define PAGE 0x1000u
#define CR0  0x80010033u /* PG WP NE ET MP PE */
#define CR4  0x406a0u    /* OSXSAVE OSXMMEXCPT OSFXSR PGE PAE */
#define XCR0 7u

enum in_callback { NOTHING, ABORT, EXIT, KILL, FORK, FAIL, RUBBISH, NO_XCR0, NO_CR4 };

struct vcpu {
    uint64_t reg[WHvX64RegisterRflags + 1];
    uint8_t ram[PAGE];
    enum in_callback in_callback;
};

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *info)
{
    (void)context;
    if (info->Direction == 0)
        info->Data = info->Port;
    return S_OK;
}

static void meet_fate(const struct vcpu *vcpu)
{
    if (vcpu->in_callback == ABORT)
        abort();
    if (vcpu->in_callback == EXIT)
        exit(3);
    if (vcpu->in_callback == KILL)
        raise(SIGKILL);
    if (vcpu->in_callback == FORK) {
        pid_t child = fork();
        if (child == 0)
            return; /* goes on in the child: nothing of that may reach the capture */
        waitpid(child, NULL, 0);
    }
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    struct vcpu *vcpu = context;
    bool is_ram = info->GpaAddress >= RAM && info->GpaAddress + info->AccessSize <= RAM + PAGE;
    if (!is_ram)
        meet_fate(vcpu);
    if (vcpu->in_callback == FAIL)
        return E_FAIL;
    for (unsigned i = 0; i < info->AccessSize && i < sizeof(info->Data); i++) {
        uint8_t *byte = &vcpu->ram[(info->GpaAddress + i) % PAGE];
        if (info->Direction == 0)
            info->Data[i] = is_ram ? *byte : (uint8_t)(info->GpaAddress + i);
        else if (is_ram)
            *byte = info->Data[i];
    }
    return S_OK;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    const struct vcpu *vcpu = context;
    for (UINT32 i = 0; i < count; i++) {
        memset(&values[i], 0, sizeof(values[i]));
        if ((names[i] == WHvX64RegisterXCr0 && vcpu->in_callback == NO_XCR0) ||
            (names[i] == WHvX64RegisterCr4 && vcpu->in_callback == NO_CR4))
            return E_INVALIDARG;
        if (names[i] == WHvX64RegisterCr0)
            values[i].Reg64 = CR0;
        if (names[i] == WHvX64RegisterCr4)
            values[i].Reg64 = CR4;
        if (names[i] == WHvX64RegisterXCr0)
            values[i].Reg64 = XCR0;
        if (names[i] < 0 || names[i] > WHvX64RegisterRflags)
            continue;
        if (vcpu->in_callback == RUBBISH)
            memset(&values[i], 0x5a, sizeof(values[i]));
        values[i].Reg64 = vcpu->reg[names[i]];
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct vcpu *vcpu = context;
    for (UINT32 i = 0; i < count; i++) {
        if (names[i] >= 0 && names[i] <= WHvX64RegisterRflags)
            vcpu->reg[names[i]] = values[i].Reg64;
    }
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    (void)context;
    (void)flags;
    *result = WHvTranslateGvaResultSuccess;
    *gpa = gva;
    return S_OK;
}

struct scenario {
    const char *name;
    uint8_t access; /* WHV_MEMORY_ACCESS_TYPE; 3: an I/O exit */
    uint8_t count;
    uint8_t code[8];
    enum in_callback in_callback;
};

static const struct scenario scenarios[] = {
    {"store", 1, 2, {0x89, 0x03}, NOTHING},       /* mov [rbx], eax */
    {"load", 0, 2, {0x8b, 0x03}, NOTHING},        /* mov eax, [rbx] */
    {"copy", 1, 2, {0xf3, 0xa4}, NOTHING},        /* rep movsb */
    {"fetch", 1, 0, {0}, NOTHING},                /* mov [rbx], eax, from memory */
    {"out", 3, 1, {0xee}, NOTHING},               /* out dx, al */
    {"out_bare", 3, 0, {0}, NOTHING},             /* out dx, al, without bytes */
    {"unsupported", 0, 2, {0x0f, 0x04}, NOTHING}, /* no instruction */
    {"long", 1, 2, {0xf3, 0xa4}, NOTHING},        /* rep movsb of 3,584 bytes */
    {"killcopy", 1, 2, {0xf3, 0xa4}, KILL},
    {"failing", 1, 2, {0x89, 0x03}, FAIL},
    {"abort", 1, 2, {0x89, 0x03}, ABORT},
    {"exit", 1, 2, {0x89, 0x03}, EXIT},
    {"kill", 1, 2, {0x89, 0x03}, KILL},
    {"fork", 1, 2, {0x89, 0x03}, FORK},
    {"rubbish", 1, 2, {0x89, 0x03}, RUBBISH}, /* beside the 64 bits of a register in its slot */
    {"flash", 2, 0, {0}, NOTHING},            /* mov [rbx], eax, from where the exit was */
    {"movups", 1, 3, {0x0f, 0x11, 0x03}, NOTHING},        /* movups [rbx], xmm0 */
    {"vmovups", 1, 4, {0xc5, 0xf8, 0x11, 0x03}, NOTHING}, /* vmovups [rbx], xmm0 */
    {"early_fetch", 1, 0, {0}, NO_XCR0},                  /* mov [rbx], eax, from memory */
    {"secretive", 1, 3, {0x0f, 0x11, 0x03}, NO_CR4},      /* movups; CR4 is not told */
};

static WHV_EMULATOR_STATUS run_once(WHV_EMULATOR_HANDLE emulator, struct vcpu *vcpu,
                                    const struct scenario *scenario)
{
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
    WHV_VP_EXIT_CONTEXT vp = {.InstructionLength =
                                  (UINT8)(scenario->access == 3 ? 1 : scenario->count & 15),
                              .Rip = RAM + 0x100,
                              .Rflags = 2};
    vp.ExecutionState.Cr0Pe = 1;
    vp.ExecutionState.EferLma = 1;
    vp.Cs.Attributes = 0xa09b;
    vcpu->in_callback = scenario->in_callback;
    memcpy(vcpu->ram + 0x100, scenario->count ? scenario->code : (const uint8_t[]){0x89, 0x03}, 2);
    memcpy(vcpu->reg, (uint64_t[]){0x12345678, 3, 0x64, 0xfee000b0, 0, 0, RAM + 0x200, 0xfee000b0},
           8 * sizeof(uint64_t));
    if (strcmp(scenario->name, "long") == 0) {
        vcpu->reg[WHvX64RegisterRcx] = PAGE - 0x200;
    }
    vcpu->reg[WHvX64RegisterRip] = vp.Rip;
    vcpu->reg[WHvX64RegisterRflags] = vp.Rflags;
    if (scenario->access == 3) {
        WHV_X64_IO_PORT_ACCESS_CONTEXT io = {
            .InstructionByteCount = scenario->count, .PortNumber = 0x64, .Rax = 0x41};
        io.AccessInfo.IsWrite = 1;
        io.AccessInfo.AccessSize = 1;
        memcpy(io.InstructionBytes, scenario->code, sizeof(scenario->code));
        WHvEmulatorTryIoEmulation(emulator, vcpu, &vp, &io, &status);
        return status;
    }
    WHV_MEMORY_ACCESS_CONTEXT access = {
        .InstructionByteCount = scenario->count, .Gpa = 0xfee000b0, .Gva = 0xfee000b0};
    access.AccessInfo.AccessType = scenario->access & 3u;
    if (scenario->access == 2)
        access.Gpa = access.Gva = vp.Rip;
    access.AccessInfo.GvaValid = 1;
    memcpy(access.InstructionBytes, scenario->code, sizeof(scenario->code));
    WHvEmulatorTryMmioEmulation(emulator, vcpu, &vp, &access, &status);
    return status;
}

static void run(WHV_EMULATOR_HANDLE emulator, struct vcpu *vcpu, const char *argument)
{
    size_t length = strcspn(argument, "=");
    long count = argument[length] ? strtol(argument + length + 1, NULL, 10) : 1;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (strncmp(scenarios[i].name, argument, length) != 0 || scenarios[i].name[length])
            continue;
        WHV_EMULATOR_STATUS status = {.AsUINT32 = 0};
        while (count-- > 0)
            status = run_once(emulator, vcpu, &scenarios[i]);
        printf("%s: status 0x%x\n", scenarios[i].name, status.AsUINT32);
        return;
    }
    fprintf(stderr, "no scenario %s\n", argument);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct vcpu vcpu;
    WHV_EMULATOR_CALLBACKS callbacks = {.Size = sizeof(callbacks),
                                        .WHvEmulatorIoPortCallback = on_port,
                                        .WHvEmulatorMemoryCallback = on_memory,
                                        .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                        .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                        .WHvEmulatorTranslateGvaPage = on_translate};
    WHV_EMULATOR_HANDLE emulator;
    if (WHvEmulatorCreateEmulator(&callbacks, &emulator) != S_OK)
        return 1;
    for (int i = 1; i < argc; i++)
        run(emulator, &vcpu, argv[i]);
    WHvEmulatorDestroyEmulator(emulator);
    return 0;
}
