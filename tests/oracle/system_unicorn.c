/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "system.h"

#define VECTOR_UD 6
#define TSS_BUSY  2u

enum kind {
    GENERAL, /* outside 64-bit mode Unicorn writes nothing to registers of 64 bits */
    SELECTOR,
    SEGMENT,
    TABLE,
    CONTROL /* of which PE stays: Unicorn has it twice and writes one */
};

static const struct {
    WHV_REGISTER_NAME name;
    enum kind kind;
    int wide, narrow;
} registers[] = {
    {WHvX64RegisterGdtr, TABLE, UC_X86_REG_GDTR, UC_X86_REG_GDTR}, /* before what it describes */
    {WHvX64RegisterIdtr, TABLE, UC_X86_REG_IDTR, UC_X86_REG_IDTR},
    {WHvX64RegisterLdtr, SEGMENT, UC_X86_REG_LDTR, UC_X86_REG_LDTR},
    {WHvX64RegisterTr, SEGMENT, UC_X86_REG_TR, UC_X86_REG_TR},
    {WHvX64RegisterEs, SELECTOR, UC_X86_REG_ES, UC_X86_REG_ES},
    {WHvX64RegisterCs, SELECTOR, UC_X86_REG_CS, UC_X86_REG_CS},
    {WHvX64RegisterSs, SELECTOR, UC_X86_REG_SS, UC_X86_REG_SS},
    {WHvX64RegisterDs, SELECTOR, UC_X86_REG_DS, UC_X86_REG_DS},
    {WHvX64RegisterFs, SELECTOR, UC_X86_REG_FS, UC_X86_REG_FS},
    {WHvX64RegisterGs, SELECTOR, UC_X86_REG_GS, UC_X86_REG_GS},
    {WHvX64RegisterRax, GENERAL, UC_X86_REG_RAX, UC_X86_REG_EAX},
    {WHvX64RegisterRcx, GENERAL, UC_X86_REG_RCX, UC_X86_REG_ECX},
    {WHvX64RegisterRdx, GENERAL, UC_X86_REG_RDX, UC_X86_REG_EDX},
    {WHvX64RegisterRbx, GENERAL, UC_X86_REG_RBX, UC_X86_REG_EBX},
    {WHvX64RegisterRsp, GENERAL, UC_X86_REG_RSP, UC_X86_REG_ESP},
    {WHvX64RegisterRbp, GENERAL, UC_X86_REG_RBP, UC_X86_REG_EBP},
    {WHvX64RegisterRsi, GENERAL, UC_X86_REG_RSI, UC_X86_REG_ESI},
    {WHvX64RegisterRdi, GENERAL, UC_X86_REG_RDI, UC_X86_REG_EDI},
    {WHvX64RegisterR8, GENERAL, UC_X86_REG_R8, 0},
    {WHvX64RegisterR9, GENERAL, UC_X86_REG_R9, 0},
    {WHvX64RegisterR10, GENERAL, UC_X86_REG_R10, 0},
    {WHvX64RegisterR11, GENERAL, UC_X86_REG_R11, 0},
    {WHvX64RegisterR12, GENERAL, UC_X86_REG_R12, 0},
    {WHvX64RegisterR13, GENERAL, UC_X86_REG_R13, 0},
    {WHvX64RegisterR14, GENERAL, UC_X86_REG_R14, 0},
    {WHvX64RegisterR15, GENERAL, UC_X86_REG_R15, 0},
    {WHvX64RegisterRip, GENERAL, UC_X86_REG_RIP, UC_X86_REG_EIP},
    {WHvX64RegisterRflags, GENERAL, UC_X86_REG_EFLAGS, UC_X86_REG_EFLAGS},
    {WHvX64RegisterCr0, CONTROL, UC_X86_REG_CR0, UC_X86_REG_CR0},
    {WHvX64RegisterCr2, CONTROL, UC_X86_REG_CR2, UC_X86_REG_CR2},
    {WHvX64RegisterCr3, CONTROL, UC_X86_REG_CR3, UC_X86_REG_CR3},
    {WHvX64RegisterCr4, CONTROL, UC_X86_REG_CR4, UC_X86_REG_CR4},
    {WHvX64RegisterDr0, CONTROL, UC_X86_REG_DR0, UC_X86_REG_DR0},
    {WHvX64RegisterDr1, CONTROL, UC_X86_REG_DR1, UC_X86_REG_DR1},
    {WHvX64RegisterDr2, CONTROL, UC_X86_REG_DR2, UC_X86_REG_DR2},
    {WHvX64RegisterDr3, CONTROL, UC_X86_REG_DR3, UC_X86_REG_DR3},
    {WHvX64RegisterDr6, CONTROL, UC_X86_REG_DR6, UC_X86_REG_DR6},
    {WHvX64RegisterDr7, CONTROL, UC_X86_REG_DR7, UC_X86_REG_DR7},
};

#define REGISTERS (sizeof(registers) / sizeof(registers[0]))

/* Beyond what an instruction sees. */
#define ENTRY      0x50000u
#define ENTRY_SIZE 0x1000u
#define IRET       0xcfu

struct system_unicorn {
    uc_engine *engine;
    uc_context *reset;
    enum system_mode mode;
    int vector;
    /* At ENTRY: a frame for IRET, and IRET. */
    uint32_t entry[ENTRY_SIZE / 4] __attribute__((aligned(ENTRY_SIZE)));
};

static void on_exception(uc_engine *engine, uint32_t vector, void *context)
{
    struct system_unicorn *machine = context;
    machine->vector = (int)vector;
    uc_emu_stop(engine);
}

static int number_of(const struct system_unicorn *machine, size_t i)
{
    return machine->mode == SYSTEM_LONG ? registers[i].wide : registers[i].narrow;
}

static bool write_register(struct system_unicorn *machine, size_t i, const WHV_REGISTER_VALUE *from)
{
    const int number = number_of(machine, i);
    uc_x86_mmr mmr = {.selector = from->Segment.Selector};
    const void *value = &from->Reg64;
    if (!number)
        return true;
    if (registers[i].kind == SELECTOR)
        value = &from->Segment.Selector;
    if (registers[i].kind == SEGMENT) {
        mmr.base = from->Segment.Base;
        mmr.limit = from->Segment.Limit;
        mmr.flags = (uint32_t)from->Segment.Attributes << 8;
        value = &mmr;
    } else if (registers[i].kind == TABLE) {
        mmr.base = from->Table.Base;
        mmr.limit = from->Table.Limit;
        value = &mmr;
    }
    return uc_reg_write(machine->engine, number, value) == UC_ERR_OK;
}

static void read_register(struct system_unicorn *machine, size_t i, WHV_REGISTER_VALUE *to)
{
    const int number = number_of(machine, i);
    uc_x86_mmr mmr = {0};
    if (!number)
        return;
    switch (registers[i].kind) {
    case SELECTOR:
        uc_reg_read(machine->engine, number, &to->Segment.Selector);
        break;
    case SEGMENT:
        uc_reg_read(machine->engine, number, &mmr);
        to->Segment = (WHV_X64_SEGMENT_REGISTER){
            .Base = mmr.base, .Limit = mmr.limit, .Selector = mmr.selector};
        to->Segment.Attributes = (uint16_t)(mmr.flags >> 8 & 0xf0ff);
        if (registers[i].name == WHvX64RegisterTr)
            to->Segment.Attributes |= TSS_BUSY; /* Unicorn marks the descriptor in memory alone */
        break;
    case TABLE:
        uc_reg_read(machine->engine, number, &mmr);
        to->Table = (WHV_X64_TABLE_REGISTER){.Base = mmr.base, .Limit = (uint16_t)mmr.limit};
        break;
    default:
        to->Reg64 = 0;
        uc_reg_read(machine->engine, number, &to->Reg64);
        break;
    }
}

static void read_bases(struct system_unicorn *machine, struct system_state *after)
{
    uc_reg_read(machine->engine, UC_X86_REG_FS_BASE, &after->reg[WHvX64RegisterFs].Segment.Base);
    uc_reg_read(machine->engine, UC_X86_REG_GS_BASE, &after->reg[WHvX64RegisterGs].Segment.Base);
}

static bool write_bases(struct system_unicorn *machine, const struct system_state *before)
{
    const WHV_REGISTER_VALUE *reg = before->reg;
    return machine->mode != SYSTEM_LONG ||
           (uc_reg_write(machine->engine, UC_X86_REG_FS_BASE,
                         &reg[WHvX64RegisterFs].Segment.Base) == UC_ERR_OK &&
            uc_reg_write(machine->engine, UC_X86_REG_GS_BASE,
                         &reg[WHvX64RegisterGs].Segment.Base) == UC_ERR_OK);
}

static bool open_engine(struct system_unicorn *machine, uint8_t *memory)
{
    static const uc_mode modes[] = {UC_MODE_16, UC_MODE_32, UC_MODE_64};
    uc_hook hook;
    return uc_open(UC_ARCH_X86, modes[machine->mode], &machine->engine) == UC_ERR_OK &&
           uc_mem_map_ptr(machine->engine, 0, SYSTEM_MEMORY, UC_PROT_ALL, memory) == UC_ERR_OK &&
           uc_mem_map_ptr(machine->engine, ENTRY, ENTRY_SIZE, UC_PROT_ALL, machine->entry) ==
               UC_ERR_OK &&
           uc_hook_add(machine->engine, &hook, UC_HOOK_INTR, (void *)(uintptr_t)on_exception,
                       machine, 1, 0) == UC_ERR_OK &&
           uc_context_alloc(machine->engine, &machine->reset) == UC_ERR_OK &&
           uc_context_save(machine->engine, machine->reset) == UC_ERR_OK;
}

struct system_unicorn *system_unicorn_create(enum system_mode mode, uint8_t *memory,
                                             struct system_state *init)
{
    struct system_unicorn *machine = aligned_alloc(ENTRY_SIZE, sizeof(*machine));
    if (!machine)
        return NULL;
    memset(machine, 0, sizeof(*machine));
    machine->mode = mode;
    if (!open_engine(machine, memory)) {
        system_unicorn_destroy(machine);
        return NULL;
    }
    *init = (struct system_state){.vector = -1};
    for (size_t i = 0; i < REGISTERS; i++)
        read_register(machine, i, &init->reg[registers[i].name]);
    return machine;
}

void system_unicorn_destroy(struct system_unicorn *machine)
{
    if (machine && machine->reset)
        uc_context_free(machine->reset);
    if (machine && machine->engine)
        uc_close(machine->engine);
    free(machine);
}

static unsigned cpl_of(const struct system_case *the)
{
    return the->mode == SYSTEM_PROTECTED ? the->before.reg[WHvX64RegisterCs].Segment.Selector & 3
                                         : 0;
}

/* Code that was translated at the same place is not to be run again. */
static bool forget_code(struct system_unicorn *machine)
{
    return uc_ctl_remove_cache(machine->engine, SYSTEM_CODE, SYSTEM_CODE + SYSTEM_CODE_MAX) ==
           UC_ERR_OK;
}

/* The only way to CPL 3: Unicorn writes no CS and SS of another CPL than that at hand. To a stack
 * of 16 bits IRET brings half of ESP. */
static bool leave_ring_0(struct system_unicorn *machine, const struct system_case *the)
{
    const WHV_REGISTER_VALUE *reg = the->before.reg;
    const uint32_t entry[] = {
        (uint32_t)reg[WHvX64RegisterRip].Reg64,    reg[WHvX64RegisterCs].Segment.Selector,
        (uint32_t)reg[WHvX64RegisterRflags].Reg64, (uint32_t)reg[WHvX64RegisterRsp].Reg64,
        reg[WHvX64RegisterSs].Segment.Selector,    IRET};
    const uint32_t frame = ENTRY, code = ENTRY + sizeof(entry) - sizeof(entry[0]);
    memcpy(machine->entry, entry, sizeof(entry));
    return forget_code(machine) &&
           uc_reg_write(machine->engine, UC_X86_REG_ESP, &frame) == UC_ERR_OK &&
           uc_emu_start(machine->engine, code, SYSTEM_CODE, 0, 0) == UC_ERR_OK &&
           machine->vector < 0 &&
           uc_reg_write(machine->engine, UC_X86_REG_ESP, &reg[WHvX64RegisterRsp].Reg64) ==
               UC_ERR_OK;
}

static bool load(struct system_unicorn *machine, const struct system_case *the)
{
    const bool is_user = cpl_of(the) == 3;
    bool done = uc_context_restore(machine->engine, machine->reset) == UC_ERR_OK;
    machine->vector = -1;
    for (size_t i = 0; i < REGISTERS; i++) {
        WHV_REGISTER_VALUE value = the->before.reg[registers[i].name];
        if (is_user && registers[i].name == WHvX64RegisterCs)
            value.Segment.Selector = SYSTEM_RING0_CODE;
        if (is_user && registers[i].name == WHvX64RegisterSs)
            value.Segment.Selector = SYSTEM_RING0_STACK;
        done &= write_register(machine, i, &value);
    }
    return done && write_bases(machine, &the->before) && (!is_user || leave_ring_0(machine, the)) &&
           forget_code(machine);
}

void system_unicorn_run(struct system_unicorn *machine, const struct system_case *the,
                        struct system_state *after)
{
    const bool done = load(machine, the);
    const uc_err error =
        done ? uc_emu_start(machine->engine, SYSTEM_CODE, SYSTEM_CODE + the->code_size, 0, 0)
             : UC_ERR_ARG;
    *after = the->before;
    for (size_t i = 0; i < REGISTERS; i++)
        read_register(machine, i, &after->reg[registers[i].name]);
    read_bases(machine, after);
    after->vector = error == UC_ERR_INSN_INVALID ? VECTOR_UD : machine->vector;
    after->failed = error != UC_ERR_OK && error != UC_ERR_INSN_INVALID;
}
