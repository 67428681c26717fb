/* SPDX-License-Identifier: MIT */
#include "exits.h"

#include <stdlib.h>
#include <string.h>

#include <whvemu/emulator.h>
#include <whvemu/instructions.h>

#include <whvemu/reason.h>

#include <whvcapture/capture.h>

#include "paging.h"

#define PAGE     0xfffULL
#define DISTINCT 4096u
#define LONGEST  15
/* Of an instruction in flash, by its address: as many calls go through the recorder. */
#define RECORDED    2
#define LONG_REPEAT 1000u

enum kind { IN, OUT, INS, OUTS, LOAD, STORE, ROM_STORE, EXECUTE, KINDS };

/* The emulator, with the recorder before it and without. */
enum { RECORDER, DIRECT, SIDES };

/* An instruction as it stands in memory. */
struct seen {
    uint8_t length;
    uint8_t bytes[LONGEST];
};

struct exits {
    struct cpu *cpu;
    struct registers *registers;
    struct memory *memory;
    struct board *board;
    struct whvcapture_functions functions[SIDES];
    WHV_EMULATOR_HANDLE emulator[SIDES];
    unsigned side; /* of the last call */
    uint8_t *met;  /* by the offset in flash: calls, up to RECORDED */
    unsigned long count[KINDS];
    unsigned long callbacks;
    unsigned long device_accesses;
    unsigned seen_count;
    struct seen seen[DISTINCT];
};

static HRESULT CALLBACK on_port(VOID *context, WHV_EMULATOR_IO_ACCESS_INFO *access)
{
    struct exits *exits = context;
    exits->callbacks++;
    exits->device_accesses++;
    if (access->Direction)
        board_out(exits->board, access->Port, access->AccessSize, access->Data);
    else
        access->Data = board_in(exits->board, access->Port, access->AccessSize);
    return S_OK;
}

static HRESULT CALLBACK on_memory(VOID *context, WHV_EMULATOR_MEMORY_ACCESS_INFO *access)
{
    struct exits *exits = context;
    const uint8_t *memory = memory_at(exits->memory, access->GpaAddress, access->AccessSize);
    exits->callbacks++;
    if (memory && access->Direction && memory_is_rom(exits->memory, access->GpaAddress))
        exits->device_accesses++; /* flash has commands */
    if (memory && access->Direction)
        return memory_store(exits->memory, access->GpaAddress, access->Data, access->AccessSize)
                   ? S_OK
                   : E_UNEXPECTED;
    if (memory) {
        memcpy(access->Data, memory, access->AccessSize);
        return S_OK;
    }
    exits->device_accesses++;
    if (access->Direction)
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
    for (UINT32 i = 0; i < count; i++) {
        const WHV_REGISTER_VALUE *value = registers_at(exits->registers, names[i]);
        if (!value) {
            fprintf(stderr, "no register %#x\n", (unsigned)names[i]);
            return E_INVALIDARG;
        }
        values[i] = *value;
    }
    return S_OK;
}

static HRESULT CALLBACK on_set(VOID *context, const WHV_REGISTER_NAME *names, UINT32 count,
                               const WHV_REGISTER_VALUE *values)
{
    struct exits *exits = context;
    exits->callbacks++;
    for (UINT32 i = 0; i < count; i++) {
        WHV_REGISTER_VALUE *value = registers_at(exits->registers, names[i]);
        if (!value) {
            fprintf(stderr, "register %#x cannot be set\n", (unsigned)names[i]);
            return E_INVALIDARG;
        }
        *value = values[i];
    }
    return S_OK;
}

static HRESULT CALLBACK on_translate(VOID *context, WHV_GUEST_VIRTUAL_ADDRESS gva,
                                     WHV_TRANSLATE_GVA_FLAGS flags,
                                     WHV_TRANSLATE_GVA_RESULT_CODE *result,
                                     WHV_GUEST_PHYSICAL_ADDRESS *gpa)
{
    struct exits *exits = context;
    exits->callbacks++;
    *result = paging_translate(exits->memory, exits->registers, gva, (uint32_t)flags, gpa);
    return S_OK;
}

static WHV_VP_EXIT_CONTEXT vp_context(const struct exits *exits, uint8_t length)
{
    const struct registers *registers = exits->registers;
    const uint64_t cr0 = registers_get(registers, WHvX64RegisterCr0);
    WHV_VP_EXIT_CONTEXT vp = {0};
    vp.Cs = *registers_segment(registers, WHvX64RegisterCs);
    vp.ExecutionState.Cpl = registers_cpl(registers) & 3u;
    vp.ExecutionState.Cr0Pe = cr0 & CR0_PE;
    vp.ExecutionState.Cr0Am = cr0 >> 18 & 1;
    vp.ExecutionState.EferLma = registers_is_long(registers);
    vp.ExecutionState.InterruptShadow = registers_get(registers, WHvRegisterInterruptState) & 1;
    vp.InstructionLength = length & 15u;
    vp.Cr8 = registers_get(registers, WHvX64RegisterCr8) & 15u;
    vp.Rip = registers_get(registers, WHvX64RegisterRip);
    vp.Rflags = registers_get(registers, WHvX64RegisterRflags);
    return vp;
}

static uint16_t port_of(const struct exits *exits, const struct cpu_exit *exit)
{
    if (exit->opcode >= 0xe4 && exit->opcode <= 0xe7)
        return *memory_at(exits->memory, exit->linear + exit->length - 1u, 1);
    return (uint16_t)registers_get(exits->registers, WHvX64RegisterRdx);
}

/* A processor gives what it has fetched, up to the end of the page. @return how many bytes. */
static uint8_t fetched(const struct exits *exits, uint64_t linear, uint8_t bytes[LONGEST + 1])
{
    uint8_t count = 0;
    while (count <= LONGEST) {
        const uint8_t *byte = memory_at(exits->memory, linear + count, 1);
        if (!byte || (count && !((linear + count) & PAGE)))
            break;
        bytes[count++] = *byte;
    }
    return count;
}

static HRESULT try_io(struct exits *exits, const WHV_VP_EXIT_CONTEXT *vp,
                      const WHV_X64_IO_PORT_ACCESS_CONTEXT *access, WHV_EMULATOR_STATUS *status)
{
    return exits->functions[exits->side].try_io(exits->emulator[exits->side], exits, vp, access,
                                                status);
}

static HRESULT try_mmio(struct exits *exits, const WHV_VP_EXIT_CONTEXT *vp,
                        const WHV_MEMORY_ACCESS_CONTEXT *access, WHV_EMULATOR_STATUS *status)
{
    return exits->functions[exits->side].try_mmio(exits->emulator[exits->side], exits, vp, access,
                                                  status);
}

/* String instructions come without their bytes: the emulator has to fetch them. */
static HRESULT emulate_port(struct exits *exits, const struct cpu_exit *exit,
                            const WHV_VP_EXIT_CONTEXT *vp, WHV_EMULATOR_STATUS *status)
{
    WHV_X64_IO_PORT_ACCESS_CONTEXT access = {0};
    const bool is_wide = exit->opcode & 1;
    const bool is_string = exit->opcode < 0x70;
    const bool is_16 = exit->has_66 == (vp->Cs.Default || vp->Cs.Long);
    if (!is_string)
        access.InstructionByteCount = fetched(exits, exit->linear, access.InstructionBytes);
    access.AccessInfo.IsWrite = exit->opcode >> 1 & 1u;
    access.AccessInfo.AccessSize = !is_wide ? 1 : is_16 ? 2 : 4;
    access.AccessInfo.StringOp = is_string;
    access.AccessInfo.RepPrefix = is_string && exit->repeats;
    access.PortNumber = port_of(exits, exit);
    access.Rax = registers_get(exits->registers, WHvX64RegisterRax);
    access.Rcx = registers_get(exits->registers, WHvX64RegisterRcx);
    access.Rsi = registers_get(exits->registers, WHvX64RegisterRsi);
    access.Rdi = registers_get(exits->registers, WHvX64RegisterRdi);
    access.Ds = *registers_segment(exits->registers, WHvX64RegisterDs);
    access.Es = *registers_segment(exits->registers, WHvX64RegisterEs);
    exits->count[(is_string ? INS : IN) + access.AccessInfo.IsWrite]++;
    return try_io(exits, vp, &access, status);
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
    return try_mmio(exits, vp, &access, status);
}

static struct seen instruction_at(struct exits *exits, uint64_t linear,
                                  const WHV_VP_EXIT_CONTEXT *vp)
{
    struct whvemu_decoded decoded;
    struct seen seen = {0};
    uint8_t bytes[LONGEST];
    uint8_t count = 0;
    for (const uint8_t *byte;
         count < LONGEST && (byte = memory_at(exits->memory, linear + count, 1));)
        bytes[count++] = *byte;
    const enum whvemu_code code = vp->ExecutionState.EferLma && vp->Cs.Long ? WHVEMU_CODE_64
                                  : vp->Cs.Default                          ? WHVEMU_CODE_32
                                  : vp->ExecutionState.Cr0Pe                ? WHVEMU_CODE_PROT16
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

static bool tell(const struct exits *exits, const WHV_VP_EXIT_CONTEXT *vp, HRESULT result,
                 WHV_EMULATOR_STATUS status)
{
    const uint64_t linear = registers_code(exits->registers);
    fprintf(stderr, "at %04x:%llx (%#llx): result %#x, status %#x%s%s:", vp->Cs.Selector,
            (unsigned long long)vp->Rip, (unsigned long long)linear, (unsigned)result,
            status.AsUINT32, status.InternalEmulationFailure ? ", " : "",
            status.InternalEmulationFailure ? exits_reason(exits) : "");
    for (unsigned i = 0; i < LONGEST && memory_at(exits->memory, linear + i, 1); i++)
        fprintf(stderr, " %02x", *memory_at(exits->memory, linear + i, 1));
    fputc('\n', stderr);
    return false;
}

bool exits_emulate(struct exits *exits, const struct cpu_exit *exit)
{
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0xffffffff};
    const WHV_VP_EXIT_CONTEXT vp = vp_context(exits, exit->length);
    const struct seen seen = instruction_at(exits, exit->linear, &vp);
    exits->side = RECORDER;
    const HRESULT result = exit->stop == CPU_STOP_PORT ? emulate_port(exits, exit, &vp, &status)
                                                       : emulate_memory(exits, exit, &vp, &status);
    note(exits, &seen);
    return (result == S_OK && status.AsUINT32 == 1) || tell(exits, &vp, result, status);
}

/* A long REP makes more callbacks than a case may have. */
static bool is_long_repeat(const struct exits *exits, uint64_t gpa)
{
    const uint8_t *bytes = memory_at(exits->memory, gpa, 2);
    return bytes && ((bytes[0] & 0xfe) == 0xf2 || (bytes[1] & 0xfe) == 0xf2) &&
           (uint32_t)registers_get(exits->registers, WHvX64RegisterRcx) > LONG_REPEAT;
}

/* The recorder looks at the first calls of each instruction: there are millions. */
static void choose_side(struct exits *exits, uint64_t gpa)
{
    uint8_t *met = &exits->met[gpa % exits->memory->rom_bytes];
    const bool is_recorded =
        memory_is_rom(exits->memory, gpa) && *met < RECORDED && !is_long_repeat(exits, gpa);
    exits->side = is_recorded ? RECORDER : DIRECT;
    if (is_recorded)
        ++*met;
}

enum exits_result exits_execute(struct exits *exits)
{
    WHV_EMULATOR_STATUS status = {.AsUINT32 = 0xffffffff};
    WHV_MEMORY_ACCESS_CONTEXT access = {0};
    const WHV_VP_EXIT_CONTEXT vp = vp_context(exits, 0);
    access.AccessInfo.AccessType = WHvMemoryAccessExecute;
    access.AccessInfo.GvaValid = 1;
    access.Gva = registers_code(exits->registers);
    if (paging_translate(exits->memory, exits->registers, access.Gva,
                         WHvTranslateGvaFlagValidateExecute, &access.Gpa))
        return EXITS_FAILED;
    choose_side(exits, access.Gpa);
    exits->count[EXECUTE]++;
    const HRESULT result = try_mmio(exits, &vp, &access, &status);
    if (result == S_OK && status.AsUINT32 == 1)
        return registers_at(exits->registers, WHvRegisterPendingEvent)->ExceptionEvent.EventPending
                   ? EXITS_EVENT
                   : EXITS_DONE;
    if (result == S_OK && status.AsUINT32 == 2)
        return EXITS_REFUSED;
    tell(exits, &vp, result, status);
    return EXITS_FAILED;
}

const char *exits_reason(const struct exits *exits)
{
    return exits->functions[exits->side].reason(exits->emulator[exits->side]);
}

unsigned long exits_device_accesses(const struct exits *exits)
{
    return exits->device_accesses;
}

struct exits *exits_create(struct cpu *cpu, struct memory *memory, struct board *board)
{
    const WHV_EMULATOR_CALLBACKS callbacks = {
        sizeof(callbacks), 0, on_port, on_memory, on_get, on_set, on_translate};
    struct exits *exits = calloc(1, sizeof(*exits));
    if (!exits)
        return NULL;
    exits->cpu = cpu;
    exits->registers = cpu_registers(cpu);
    exits->memory = memory;
    exits->board = board;
    exits->met = calloc(memory->rom_bytes, 1);
    exits->functions[DIRECT] = exits->functions[RECORDER] = (struct whvcapture_functions){
        WHvEmulatorCreateEmulator, WHvEmulatorDestroyEmulator, WHvEmulatorTryIoEmulation,
        WHvEmulatorTryMmioEmulation, whvemu_reason};
    whvcapture_wrap(NULL, &exits->functions[RECORDER]);
    for (unsigned i = 0; i < SIDES && exits->met; i++)
        exits->functions[i].create(&callbacks, &exits->emulator[i]);
    if (exits->emulator[RECORDER] && exits->emulator[DIRECT])
        return exits;
    fprintf(stderr, "no emulator\n");
    exits_destroy(exits);
    return NULL;
}

void exits_destroy(struct exits *exits)
{
    for (unsigned i = 0; i < SIDES; i++)
        if (exits->emulator[i])
            exits->functions[i].destroy(exits->emulator[i]);
    free(exits->met);
    free(exits);
}

void exits_print(const struct exits *exits, FILE *file)
{
    static const char *const names[KINDS] = {"in",   "out",   "ins",       "outs",
                                             "load", "store", "rom-store", "execute"};
    unsigned long all = 0;
    for (unsigned i = 0; i < KINDS; i++)
        all += exits->count[i];
    fprintf(file, "exits: %lu", all);
    for (unsigned i = 0; i < KINDS; i++)
        fprintf(file, ", %s %lu", names[i], exits->count[i]);
    fprintf(file, "\ncallbacks: %lu\ninstructions that exit: %u distinct\n", exits->callbacks,
            exits->seen_count);
}
