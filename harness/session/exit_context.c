/* SPDX-License-Identifier: MIT */
#include "exit_context.h"

#include <string.h>

#define CR0_PE   1u
#define CR0_AM   (1u << 18)
#define EFER_LMA (1u << 10)
#define NOP      0x90

/* What was not captured is shown as 0. */
static WHV_REGISTER_VALUE initial(const struct wht_case *c, WHV_REGISTER_NAME name)
{
    const WHV_REGISTER_VALUE *value = wht_init_reg(&c->init, name);
    return value ? *value : (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 0}};
}

static WHV_X64_VP_EXECUTION_STATE execution_state(const struct wht_case *c)
{
    uint64_t cr0 = initial(c, WHvX64RegisterCr0).Reg64;
    WHV_X64_VP_EXECUTION_STATE state = {.AsUINT16 = 0};
    state.Cpl = c->init.cpl & 3u;
    state.Cr0Pe = (cr0 & CR0_PE) != 0;
    state.Cr0Am = (cr0 & CR0_AM) != 0;
    state.EferLma = (initial(c, WHvX64RegisterEfer).Reg64 & EFER_LMA) != 0;
    state.DebugActive = c->exit.debug_active;
    state.InterruptionPending = c->exit.interruption_pending;
    state.InterruptShadow = c->exit.interrupt_shadow;
    return state;
}

static void copy_bytes(const struct wht_case *c, uint8_t bytes[16])
{
    memset(bytes, WHT_BYTES_POISON, 16);
    size_t given = c->exit.bytes_given < 16 ? c->exit.bytes_given : 16;
    size_t known = given < c->code_size ? given : c->code_size;
    memcpy(bytes, c->code, known);
    memset(bytes + known, NOP, given - known);
}

static WHV_MEMORY_ACCESS_INFO memory_info(const struct wht_case *c)
{
    WHV_MEMORY_ACCESS_INFO info = {.AsUINT32 = 0};
    info.AccessType = c->exit.access == WHT_ACCESS_EXECUTE ? WHvMemoryAccessExecute
                      : c->exit.access == WHT_ACCESS_WRITE ? WHvMemoryAccessWrite
                                                           : WHvMemoryAccessRead;
    info.GpaUnmapped = c->exit.gpa_unmapped;
    info.GvaValid = c->exit.gva_valid;
    return info;
}

static WHV_X64_IO_PORT_ACCESS_INFO io_info(const struct wht_case *c)
{
    WHV_X64_IO_PORT_ACCESS_INFO info = {.AsUINT32 = 0};
    info.IsWrite = c->exit.access == WHT_ACCESS_WRITE;
    info.AccessSize = c->exit.size & 7u;
    info.StringOp = c->exit.string;
    info.RepPrefix = c->exit.rep;
    return info;
}

void wht_exit_vp(const struct wht_case *c, WHV_VP_EXIT_CONTEXT *vp)
{
    *vp = (WHV_VP_EXIT_CONTEXT){.ExecutionState = execution_state(c)};
    vp->InstructionLength = c->exit.instr_len & 15u;
    vp->Cr8 = c->exit.cr8 & 15u;
    vp->Cs = initial(c, WHvX64RegisterCs).Segment;
    vp->Rip = initial(c, WHvX64RegisterRip).Reg64;
    vp->Rflags = initial(c, WHvX64RegisterRflags).Reg64;
}

void wht_exit_memory(const struct wht_case *c, WHV_MEMORY_ACCESS_CONTEXT *memory)
{
    *memory = (WHV_MEMORY_ACCESS_CONTEXT){.InstructionByteCount = c->exit.bytes_given};
    copy_bytes(c, memory->InstructionBytes);
    memory->AccessInfo = memory_info(c);
    memory->Gpa = c->exit.gpa;
    memory->Gva = c->exit.gva;
}

void wht_exit_io(const struct wht_case *c, WHV_X64_IO_PORT_ACCESS_CONTEXT *io)
{
    *io = (WHV_X64_IO_PORT_ACCESS_CONTEXT){.InstructionByteCount = c->exit.bytes_given};
    copy_bytes(c, io->InstructionBytes);
    io->AccessInfo = io_info(c);
    io->PortNumber = c->exit.port;
    io->Rax = initial(c, WHvX64RegisterRax).Reg64;
    io->Rcx = initial(c, WHvX64RegisterRcx).Reg64;
    io->Rsi = initial(c, WHvX64RegisterRsi).Reg64;
    io->Rdi = initial(c, WHvX64RegisterRdi).Reg64;
    io->Ds = initial(c, WHvX64RegisterDs).Segment;
    io->Es = initial(c, WHvX64RegisterEs).Segment;
}

static void preview_vp(const struct wht_case *c, WHV_PREVIEW_VP_EXIT_CONTEXT *vp)
{
    *vp = (WHV_PREVIEW_VP_EXIT_CONTEXT){.ExecutionState = execution_state(c)};
    vp->InstructionLength = c->exit.instr_len;
    vp->Cs = initial(c, WHvX64RegisterCs).Segment;
    vp->Rip = initial(c, WHvX64RegisterRip).Reg64;
    vp->Rflags = initial(c, WHvX64RegisterRflags).Reg64;
}

void wht_exit_preview_memory(const struct wht_case *c, WHV_PREVIEW_MEMORY_ACCESS_CONTEXT *memory)
{
    *memory = (WHV_PREVIEW_MEMORY_ACCESS_CONTEXT){.InstructionByteCount = c->exit.bytes_given};
    preview_vp(c, &memory->VpContext);
    copy_bytes(c, memory->InstructionBytes);
    memory->AccessInfo = memory_info(c);
    memory->Gpa = c->exit.gpa;
    memory->Gva = c->exit.gva;
}

void wht_exit_preview_io(const struct wht_case *c, WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT *io)
{
    *io = (WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT){.InstructionByteCount = c->exit.bytes_given};
    preview_vp(c, &io->VpContext);
    copy_bytes(c, io->InstructionBytes);
    io->AccessInfo = io_info(c);
    io->PortNumber = c->exit.port;
    io->Rax = initial(c, WHvX64RegisterRax).Reg64;
    io->Rcx = initial(c, WHvX64RegisterRcx).Reg64;
    io->Rsi = initial(c, WHvX64RegisterRsi).Reg64;
    io->Rdi = initial(c, WHvX64RegisterRdi).Reg64;
    io->Ds = initial(c, WHvX64RegisterDs).Segment;
    io->Es = initial(c, WHvX64RegisterEs).Segment;
}
