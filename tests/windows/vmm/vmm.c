/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine monitor as small as can be, with RAM at 0 and a device at 0xfee00000 that
 * remembers what was written. It knows nothing of any recorder. Runs the instructions below and
 * prints what came of each; "vmm crash" ends in the middle of the last.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm.h"

#define RAM_SIZE    0x10000u
#define DEVICE      0xfee00000u
#define DEVICE_SIZE 0x1000u
#define CODE        0x1000u
#define REGISTERS   18u /* rax to r15, rip, rflags */

struct vcpu {
    uint64_t reg[REGISTERS];
    uint8_t ram[RAM_SIZE];
    uint8_t device[DEVICE_SIZE];
    uint32_t port;
    bool crashes;
};

static uint8_t *place(struct vcpu *vcpu, uint64_t gpa, unsigned size)
{
    if (gpa + size <= RAM_SIZE)
        return vcpu->ram + gpa;
    if (gpa >= DEVICE && gpa + size <= DEVICE + DEVICE_SIZE)
        return vcpu->device + (gpa - DEVICE);
    return NULL;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *info)
{
    struct vcpu *vcpu = context;
    uint8_t *at = place(vcpu, info->GpaAddress, info->AccessSize);
    if (vcpu->crashes && info->GpaAddress >= DEVICE)
        TerminateProcess(GetCurrentProcess(), 9);
    if (!at)
        return E_FAIL;
    memcpy(info->Direction ? at : info->Data, info->Direction ? info->Data : at, info->AccessSize);
    return S_OK;
}

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *info)
{
    struct vcpu *vcpu = context;
    if (info->Direction)
        vcpu->port = info->Data;
    else
        info->Data = vcpu->port + 1;
    return S_OK;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    const struct vcpu *vcpu = context;
    for (UINT32 i = 0; i < count; i++) {
        memset(&values[i], 0, sizeof(values[i]));
        if ((unsigned)names[i] < REGISTERS)
            values[i].Reg64 = vcpu->reg[names[i]];
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct vcpu *vcpu = context;
    for (UINT32 i = 0; i < count; i++) {
        if ((unsigned)names[i] < REGISTERS)
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

struct step {
    const char *text;
    uint8_t kind; /* access type; 3: port */
    uint8_t count;
    uint8_t code[8];
    uint64_t gpa;
};

static const struct step steps[] = {
    {"mov [rbx], eax", 1, 2, {0x89, 0x03}, DEVICE + 0xb0},
    {"mov ecx, [rbx]", 0, 2, {0x8b, 0x0b}, DEVICE + 0xb0},
    {"add [rbx], eax", 0, 2, {0x01, 0x03}, DEVICE + 0xb0},
    {"lock cmpxchg [rbx], edx", 0, 4, {0xf0, 0x0f, 0xb1, 0x13}, DEVICE + 0xb0},
    {"rep movsb to the device", 1, 2, {0xf3, 0xa4}, DEVICE + 0x10},
    {"mov [rbx], eax, bytes in memory", 1, 0, {0}, DEVICE + 0xb0},
    {"out 0x80, al", 3, 2, {0xe6, 0x80}, 0},
    {"in al, 0x80", 3, 2, {0xe4, 0x80}, 0},
    {"no instruction", 0, 2, {0x0f, 0x04}, DEVICE},
    {"mov [rbx], eax beyond the device", 1, 2, {0x89, 0x03}, DEVICE + 0x2000},
};

static void begin(struct vcpu *vcpu, const struct step *step)
{
    static const uint64_t reg[REGISTERS] = {0x1122334455667788,
                                            8,
                                            3,
                                            0,
                                            0x8000,
                                            0,
                                            0x2000,
                                            DEVICE + 0x10,
                                            8,
                                            9,
                                            10,
                                            11,
                                            12,
                                            13,
                                            14,
                                            15,
                                            CODE,
                                            2};
    memcpy(vcpu->reg, reg, sizeof(reg));
    vcpu->reg[3] = step->gpa;
    memset(vcpu->ram + CODE, 0x90, 16);
    memcpy(vcpu->ram + CODE, (uint8_t[]){0x89, 0x03}, 2);
    memcpy(vcpu->ram + 0x2000, "whvtrace", 8);
}

static void run(const struct emulator_functions *emulator, WHV_EMULATOR_HANDLE handle,
                struct vcpu *vcpu, const struct step *step)
{
    WHV_EMULATOR_STATUS status = {0};
    WHV_VP_EXIT_CONTEXT vp = {.Rip = CODE, .Rflags = 2};
    vp.InstructionLength = step->count & 15u;
    vp.ExecutionState.Cr0Pe = 1;
    vp.ExecutionState.EferLma = 1;
    vp.Cs.Attributes = 0xa09b;
    begin(vcpu, step);
    HRESULT hr;
    if (step->kind == 3) {
        WHV_X64_IO_PORT_ACCESS_CONTEXT io = {
            .InstructionByteCount = step->count, .PortNumber = 0x80, .Rax = vcpu->reg[0]};
        io.AccessInfo.IsWrite = step->code[0] == 0xe6;
        io.AccessInfo.AccessSize = 1;
        memcpy(io.InstructionBytes, step->code, sizeof(step->code));
        hr = emulator->try_io(handle, vcpu, &vp, &io, &status);
    } else {
        WHV_MEMORY_ACCESS_CONTEXT access = {
            .InstructionByteCount = step->count, .Gpa = step->gpa, .Gva = step->gpa};
        access.AccessInfo.AccessType = step->kind & 3u;
        access.AccessInfo.GvaValid = 1;
        memcpy(access.InstructionBytes, step->code, sizeof(step->code));
        hr = emulator->try_mmio(handle, vcpu, &vp, &access, &status);
    }
    printf("%s: hr 0x%lx, status 0x%x, rip 0x%llx\n", step->text, (unsigned long)hr,
           (unsigned)status.AsUINT32, (unsigned long long)vcpu->reg[16]);
}

int main(int argc, char **argv)
{
    static struct vcpu vcpu;
    struct emulator_functions emulator;
    WHV_EMULATOR_HANDLE handle;
    WHV_EMULATOR_CALLBACKS callbacks = {.Size = sizeof(callbacks),
                                        .WHvEmulatorIoPortCallback = on_port,
                                        .WHvEmulatorMemoryCallback = on_memory,
                                        .WHvEmulatorGetVirtualProcessorRegisters = on_get,
                                        .WHvEmulatorSetVirtualProcessorRegisters = on_set,
                                        .WHvEmulatorTranslateGvaPage = on_translate};
    if (!find_emulator(&emulator)) {
        printf("no emulator\n");
        return 1;
    }
    HRESULT hr = emulator.create(&callbacks, &handle);
    if (hr != S_OK) {
        printf("create: hr 0x%lx\n", (unsigned long)hr);
        return 1;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        run(&emulator, handle, &vcpu, &steps[i]);
    if (argc > 1 && strcmp(argv[1], "crash") == 0) {
        fflush(stdout);
        vcpu.crashes = true;
        run(&emulator, handle, &vcpu, &steps[0]);
    }
    emulator.destroy(handle);
    return 0;
}
