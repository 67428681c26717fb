/* SPDX-License-Identifier: MIT */
#include "exits.h"

#include <stdlib.h>
#include <string.h>

#include <whvemu/emulator.h>
#include <whvemu/instructions.h>

#include <whvcapture/redirect.h>

#define PAGE     0xfffULL
#define DISTINCT 4096u
#define LONGEST  15

enum kind { IN, OUT, INS, OUTS, LOAD, STORE, ROM_STORE, KINDS };

/* An instruction as it stands in memory. */
struct seen {
    uint8_t length;
    uint8_t bytes[LONGEST];
};

struct exits {
    struct cpu *cpu;
    struct board *board;
    WHV_EMULATOR_HANDLE emulator;
    unsigned long count[KINDS];
    unsigned long callbacks;
    unsigned seen_count;
    struct seen seen[DISTINCT];
};

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct exits *exits = context;
    exits->callbacks++;
    if (access->Direction)
        board_out(exits->board, access->Port, access->AccessSize, access->Data);
    else
        access->Data = board_in(exits->board, access->Port, access->AccessSize);
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct exits *exits = context;
    const uint8_t *memory = cpu_memory(exits->cpu, access->GpaAddress, access->AccessSize);
    exits->callbacks++;
    if (memory && access->Direction)
        return cpu_store(exits->cpu, access->GpaAddress, access->Data, access->AccessSize)
                   ? S_OK
                   : E_UNEXPECTED;
    if (memory)
        memcpy(access->Data, memory, access->AccessSize);
    else if (access->Direction)
        board_store(exits->board, access->GpaAddress, access->AccessSize, access->Data);
    else
        board_load(exits->board, access->GpaAddress, access->AccessSize, access->Data);
    return S_OK;
}

static HRESULT CALLBACK on_get(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               WHV_REGISTER_VALUE *values)
{
    struct exits *exits = context;
    exits->callbacks++;
    for (UINT32 i = 0; i < count; i++)
        if (!cpu_get(exits->cpu, names[i], &values[i])) {
            fprintf(stderr, "no register %#x\n", (unsigned)names[i]);
            return E_INVALIDARG;
        }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct exits *exits = context;
    exits->callbacks++;
    /* CS first: RIP is an offset in it. */
    for (int pass = 0; pass < 2; pass++)
        for (UINT32 i = 0; i < count; i++)
            if ((names[i] == WHvX64RegisterRip) == (pass == 1) &&
                !cpu_set(exits->cpu, names[i], &values[i])) {
                fprintf(stderr, "register %#x cannot be set\n", (unsigned)names[i]);
                return E_INVALIDARG;
            }
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct exits *exits = context;
    WHV_REGISTER_VALUE cr0;
    (void)flags;
    exits->callbacks++;
    if (!cpu_get(exits->cpu, WHvX64RegisterCr0, &cr0) || cr0.Reg64 >> 31 & 1)
        return E_NOTIMPL; /* paging */
    *gpa = gva;
    /* As the platform answers, without paging too: what is not mapped is a device. */
    *result = cpu_memory(exits->cpu, gva, 1) ? WHvTranslateGvaResultSuccess
                                             : WHvTranslateGvaResultGpaUnmapped;
    return S_OK;
}

static uint64_t get(struct exits *exits, WHV_REGISTER_NAME name)
{
    WHV_REGISTER_VALUE value;
    cpu_get(exits->cpu, name, &value);
    return value.Reg64;
}

static WHV_X64_SEGMENT_REGISTER get_segment(struct exits *exits, WHV_REGISTER_NAME name)
{
    WHV_REGISTER_VALUE value;
    cpu_get(exits->cpu, name, &value);
    return value.Segment;
}

static WHV_VP_EXIT_CONTEXT vp_context(struct exits *exits, const struct cpu_exit *exit)
{
    WHV_VP_EXIT_CONTEXT vp = {0};
    const uint64_t cr0 = get(exits, WHvX64RegisterCr0);
    vp.Cs = get_segment(exits, WHvX64RegisterCs);
    vp.ExecutionState.Cpl =
        cr0 & 1 ? get_segment(exits, WHvX64RegisterSs).DescriptorPrivilegeLevel : 0;
    vp.ExecutionState.Cr0Pe = cr0 & 1;
    vp.ExecutionState.Cr0Am = cr0 >> 18 & 1;
    vp.ExecutionState.InterruptShadow = exit->shadowed;
    vp.InstructionLength = exit->length & 15u;
    vp.Rip = get(exits, WHvX64RegisterRip);
    vp.Rflags = get(exits, WHvX64RegisterRflags);
    return vp;
}

static uint16_t port_of(struct exits *exits, const struct cpu_exit *exit)
{
    if (exit->opcode >= 0xe4 && exit->opcode <= 0xe7)
        return *cpu_memory(exits->cpu, exit->linear + exit->length - 1u, 1);
    return (uint16_t)get(exits, WHvX64RegisterRdx);
}

/* A processor gives what it has fetched, up to the end of the page. @return how many bytes. */
static uint8_t fetched(const struct exits *exits, uint64_t linear, uint8_t bytes[LONGEST + 1])
{
    uint8_t count = 0;
    while (count <= LONGEST) {
        const uint8_t *byte = cpu_memory(exits->cpu, linear + count, 1);
        if (!byte || (count && !((linear + count) & PAGE)))
            break;
        bytes[count++] = *byte;
    }
    return count;
}

/* String instructions come without their bytes: the emulator has to fetch them. */
static HRESULT emulate_port(struct exits *exits, const struct cpu_exit *exit,
                            const WHV_VP_EXIT_CONTEXT *vp, WHV_EMULATOR_STATUS *status)
{
    WHV_X64_IO_PORT_ACCESS_CONTEXT access = {0};
    const bool is_wide = exit->opcode & 1;
    const bool is_string = exit->opcode < 0x70;
    const bool is_16 = exit->has_66 == vp->Cs.Default;
    if (!is_string)
        access.InstructionByteCount = fetched(exits, exit->linear, access.InstructionBytes);
    access.AccessInfo.IsWrite = exit->opcode >> 1 & 1u;
    access.AccessInfo.AccessSize = !is_wide ? 1 : is_16 ? 2 : 4;
    access.AccessInfo.StringOp = is_string;
    access.AccessInfo.RepPrefix = is_string && exit->repeats;
    access.PortNumber = port_of(exits, exit);
    access.Rax = get(exits, WHvX64RegisterRax);
    access.Rcx = get(exits, WHvX64RegisterRcx);
    access.Rsi = get(exits, WHvX64RegisterRsi);
    access.Rdi = get(exits, WHvX64RegisterRdi);
    access.Ds = get_segment(exits, WHvX64RegisterDs);
    access.Es = get_segment(exits, WHvX64RegisterEs);
    exits->count[(is_string ? INS : IN) + access.AccessInfo.IsWrite]++;
    return WHvEmulatorTryIoEmulation(exits->emulator, exits, vp, &access, status);
}

static HRESULT emulate_memory(struct exits *exits, const struct cpu_exit *exit,
                              const WHV_VP_EXIT_CONTEXT *vp, WHV_EMULATOR_STATUS *status)
{
    WHV_MEMORY_ACCESS_CONTEXT access = {0};
    access.AccessInfo.AccessType = exit->is_write ? WHvMemoryAccessWrite : WHvMemoryAccessRead;
    access.AccessInfo.GpaUnmapped = !exit->is_mapped;
    access.AccessInfo.GvaValid = 1;
    access.Gpa = exit->gpa;
    access.Gva = exit->gpa;
    access.InstructionByteCount = fetched(exits, exit->linear, access.InstructionBytes);
    exits->count[!exit->is_write ? LOAD : exit->is_mapped ? ROM_STORE : STORE]++;
    return WHvEmulatorTryMmioEmulation(exits->emulator, exits, vp, &access, status);
}

static struct seen instruction_at(struct exits *exits, uint64_t linear,
                                  const WHV_VP_EXIT_CONTEXT *vp)
{
    struct whvemu_decoded decoded;
    struct seen seen = {0};
    uint8_t bytes[LONGEST];
    uint8_t count = 0;
    for (const uint8_t *byte;
         count < LONGEST && (byte = cpu_memory(exits->cpu, linear + count, 1));)
        bytes[count++] = *byte;
    const enum whvemu_code code = vp->Cs.Default             ? WHVEMU_CODE_32
                                  : vp->ExecutionState.Cr0Pe ? WHVEMU_CODE_PROT16
                                                             : WHVEMU_CODE_REAL16;
    if (whvemu_decode(code, bytes, count, &decoded)) {
        seen.length = decoded.length;
        memcpy(seen.bytes, bytes, decoded.length);
    }
    return seen;
}

static void note(struct exits *exits, const struct seen *seen)
{
    for (unsigned i = 0; i < exits->seen_count; i++)
        if (!memcmp(&exits->seen[i], seen, sizeof(*seen)))
            return;
    if (exits->seen_count < DISTINCT)
        exits->seen[exits->seen_count++] = *seen;
}

bool exits_emulate(struct exits *exits, const struct cpu_exit *exit)
{
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0xffffffff};
    const WHV_VP_EXIT_CONTEXT vp = vp_context(exits, exit);
    const struct seen seen = instruction_at(exits, exit->linear, &vp);
    const HRESULT result = exit->stop == CPU_STOP_PORT ? emulate_port(exits, exit, &vp, &status)
                                                       : emulate_memory(exits, exit, &vp, &status);
    note(exits, &seen);
    if (result == S_OK && status.AsUINT32 == 1)
        return true;
    fprintf(stderr, "at %04x:%llx (%#llx): result %#x, status %#x:", vp.Cs.Selector,
            (unsigned long long)vp.Rip, (unsigned long long)exit->linear, (unsigned)result,
            status.AsUINT32);
    for (unsigned i = 0; i < LONGEST && cpu_memory(exits->cpu, exit->linear + i, 1); i++)
        fprintf(stderr, " %02x", *cpu_memory(exits->cpu, exit->linear + i, 1));
    fputc('\n', stderr);
    return false;
}

struct exits *exits_create(struct cpu *cpu, struct board *board)
{
    const WHV_EMULATOR_CALLBACKS callbacks = {
        sizeof(callbacks), 0, on_port, on_memory, on_get, on_set, on_translate};
    struct exits *exits = calloc(1, sizeof(*exits));
    if (!exits)
        return NULL;
    exits->cpu = cpu;
    exits->board = board;
    if (WHvEmulatorCreateEmulator(&callbacks, &exits->emulator) == S_OK)
        return exits;
    fprintf(stderr, "no emulator\n");
    free(exits);
    return NULL;
}

void exits_destroy(struct exits *exits)
{
    WHvEmulatorDestroyEmulator(exits->emulator);
    free(exits);
}

void exits_print(const struct exits *exits, FILE *file)
{
    static const char *const names[KINDS] = {"in",   "out",   "ins",      "outs",
                                             "load", "store", "rom-store"};
    unsigned long all = 0;
    for (unsigned i = 0; i < KINDS; i++)
        all += exits->count[i];
    fprintf(file, "exits: %lu", all);
    for (unsigned i = 0; i < KINDS; i++)
        fprintf(file, ", %s %lu", names[i], exits->count[i]);
    fprintf(file, "\ncallbacks: %lu\ninstructions that exit: %u distinct\n", exits->callbacks,
            exits->seen_count);
}
