/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "ports.h"

struct ports_unicorn {
    uc_engine *engine;
    enum oracle_mode mode;
    struct ports_state *state; /* of the run at hand */
};

static const int gprs[8] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX,
                            UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI};
/* Outside 64-bit mode Unicorn writes nothing to registers of 64 bits. */
static const int narrow_gprs[8] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
                                   UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
static const int segments[6] = {UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS,
                                UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS};

static uint32_t on_in(uc_engine *engine, uint32_t port, int size, void *context)
{
    struct ports_unicorn *machine = context;
    (void)engine;
    uint32_t value = ports_answer(machine->state->count, port, (unsigned)size);
    ports_note(machine->state, false, port, (unsigned)size, value);
    return value;
}

static void on_out(uc_engine *engine, uint32_t port, int size, uint32_t value, void *context)
{
    struct ports_unicorn *machine = context;
    (void)engine;
    ports_note(machine->state, true, port, (unsigned)size, value);
}

static bool open_engine(struct ports_unicorn *machine, uint8_t *memory)
{
    static const uc_mode modes[] = {UC_MODE_64, UC_MODE_32, UC_MODE_16};
    uc_hook in, out;
    if (uc_open(UC_ARCH_X86, modes[machine->mode], &machine->engine) != UC_ERR_OK)
        return false;
    return uc_mem_map_ptr(machine->engine, 0, PORTS_MEMORY, UC_PROT_ALL, memory) == UC_ERR_OK &&
           uc_hook_add(machine->engine, &in, UC_HOOK_INSN, (void *)(uintptr_t)on_in, machine, 1, 0,
                       UC_X86_INS_IN) == UC_ERR_OK &&
           uc_hook_add(machine->engine, &out, UC_HOOK_INSN, (void *)(uintptr_t)on_out, machine, 1,
                       0, UC_X86_INS_OUT) == UC_ERR_OK;
}

struct ports_unicorn *ports_unicorn_create(enum oracle_mode mode, uint8_t *memory)
{
    struct ports_unicorn *machine = calloc(1, sizeof(*machine));
    if (!machine)
        return NULL;
    machine->mode = mode;
    if (open_engine(machine, memory))
        return machine;
    ports_unicorn_destroy(machine);
    return NULL;
}

void ports_unicorn_destroy(struct ports_unicorn *machine)
{
    if (machine && machine->engine)
        uc_close(machine->engine);
    free(machine);
}

static bool load(struct ports_unicorn *machine, const struct ports_case *the)
{
    uc_engine *engine = machine->engine;
    const int *names = machine->mode == ORACLE_64 ? gprs : narrow_gprs;
    bool done = true;
    for (unsigned i = 0; i < 8; i++)
        done &= uc_reg_write(engine, names[i], &the->gpr[i]) == UC_ERR_OK;
    done &= uc_reg_write(engine, UC_X86_REG_EFLAGS, &the->rflags) == UC_ERR_OK;
    if (machine->mode == ORACLE_16) {
        for (unsigned i = 0; i < 6; i++)
            done &= uc_reg_write(engine, segments[i], &the->selector[i]) == UC_ERR_OK;
    } else if (machine->mode == ORACLE_64) {
        done &= uc_reg_write(engine, UC_X86_REG_FS_BASE, &the->base[ORACLE_FS]) == UC_ERR_OK;
        done &= uc_reg_write(engine, UC_X86_REG_GS_BASE, &the->base[ORACLE_GS]) == UC_ERR_OK;
    }
    /* Code that was translated at the same place is not to be run again. */
    done &= uc_mem_write(engine, PORTS_CODE, the->code, the->code_size) == UC_ERR_OK;
    return done &&
           uc_ctl_remove_cache(engine, PORTS_CODE, PORTS_CODE + ORACLE_CODE_MAX) == UC_ERR_OK;
}

static void store(struct ports_unicorn *machine, struct ports_state *state)
{
    const int *names = machine->mode == ORACLE_64 ? gprs : narrow_gprs;
    for (unsigned i = 0; i < 8; i++)
        uc_reg_read(machine->engine, names[i], &state->gpr[i]);
    uc_reg_read(machine->engine, machine->mode == ORACLE_64 ? UC_X86_REG_RIP : UC_X86_REG_EIP,
                &state->rip);
    uc_reg_read(machine->engine, UC_X86_REG_EFLAGS, &state->rflags);
}

void ports_unicorn_run(struct ports_unicorn *machine, const struct ports_case *the,
                       struct ports_state *state)
{
    memset(state, 0, sizeof(*state));
    machine->state = state;
    state->failed =
        !load(machine, the) ||
        uc_emu_start(machine->engine, PORTS_CODE, PORTS_CODE + the->code_size, 0, 0) != UC_ERR_OK;
    store(machine, state);
}
