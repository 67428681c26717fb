/* SPDX-License-Identifier: MIT */
/*
 * The same instructions in Unicorn, for callgrind: see measure.h. One call is what a virtual
 * machine monitor would have to do at least: hand over the registers that the instruction reads,
 * run it, take back the registers that it wrote. Device memory and ports are callbacks here as
 * well.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "measure.h"

#define VALUE_SIZE 16 /* of the largest register */
#define COPY_SIZE  16u
#define COPIES     4096u

struct registers {
    int id[BENCH_REGS];
    void *at[BENCH_REGS];
    uint64_t value[BENCH_REGS][VALUE_SIZE / sizeof(uint64_t)];
    int count;
};

struct engine {
    const struct bench_scenario *scenario;
    uc_engine *uc;
    unsigned long calls;
    unsigned long accesses; /* of devices and ports */
    struct registers inputs;
    struct registers outputs;
    uint64_t value; /* what the device answers */
};

static void require(const struct engine *engine, uc_err error, const char *what)
{
    if (error == UC_ERR_OK)
        return;
    fprintf(stderr, "bench_unicorn: %s: %s: %s\n", engine->scenario->name, what,
            uc_strerror(error));
    exit(1);
}

static uint64_t on_read(uc_engine *uc, uint64_t offset, unsigned size, void *state)
{
    struct engine *engine = state;
    (void)uc;
    (void)offset;
    (void)size;
    engine->accesses++;
    return engine->value;
}

static void on_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *state)
{
    struct engine *engine = state;
    (void)uc;
    (void)offset;
    (void)size;
    (void)value;
    engine->accesses++;
}

static uint32_t on_in(uc_engine *uc, uint32_t port, int size, void *state)
{
    struct engine *engine = state;
    (void)uc;
    (void)port;
    (void)size;
    engine->accesses++;
    return BENCH_VALUE;
}

static void on_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *state)
{
    struct engine *engine = state;
    (void)uc;
    (void)port;
    (void)size;
    (void)value;
    engine->accesses++;
}

static void take_registers(struct registers *registers, unsigned set)
{
    static const int ids[] = {
#define BENCH_REG(id, whv, unicorn, value) unicorn,
#include "registers.def"
    };
    static const uint64_t values[] = {
#define BENCH_REG(id, whv, unicorn, value) value,
#include "registers.def"
    };
    for (unsigned i = 0; i < BENCH_REGS; i++) {
        if (!(set & 1u << i))
            continue;
        registers->id[registers->count] = ids[i];
        registers->value[registers->count][0] = values[i];
        registers->at[registers->count] = registers->value[registers->count];
        registers->count++;
    }
}

/* Where a call finds its code. Unicorn keeps translations by address, so that of an instruction
   which is to be new every call has a copy of its own. */
static uint64_t code_address(const struct engine *engine, unsigned long call)
{
    return BENCH_CODE + (engine->scenario->traits & BENCH_COLD ? call % COPIES * COPY_SIZE : 0);
}

static void write_code(struct engine *engine)
{
    uint8_t code[COPY_SIZE];
    bench_code(engine->scenario, 0, code);
    /* A jump after it, so that no more than these two are translated. */
    memcpy(code + engine->scenario->length, (const uint8_t[]){0xeb, 0xfe}, 2);
    for (unsigned long i = 0; i < COPIES; i++)
        require(engine, uc_mem_write(engine->uc, BENCH_CODE + i * COPY_SIZE, code, sizeof(code)),
                "code");
}

static void hook(struct engine *engine, void (*callback)(void), int instruction)
{
    uc_hook handle;
    void *pointer;
    memcpy(&pointer, &callback, sizeof(pointer)); /* ISO C converts no function pointers */
    require(engine,
            uc_hook_add(engine->uc, &handle, UC_HOOK_INSN, pointer, engine, 1, 0, instruction),
            "hook");
}

static void begin(struct engine *engine, const struct bench_scenario *scenario)
{
    const uint64_t stack = BENCH_STACK & ~(uint64_t)(BENCH_PAGE - 1);
    *engine = (struct engine){.scenario = scenario};
    require(engine, uc_open(UC_ARCH_X86, UC_MODE_64, &engine->uc), "open");
    require(engine, uc_mem_map(engine->uc, BENCH_CODE, COPIES * COPY_SIZE, UC_PROT_ALL),
            "map code");
    require(engine, uc_mem_map(engine->uc, stack, BENCH_PAGE, UC_PROT_ALL), "map stack");
    require(
        engine,
        uc_mmio_map(engine->uc, BENCH_DEVICE, 2 * BENCH_PAGE, on_read, engine, on_write, engine),
        "map device");
    hook(engine, (void (*)(void))on_in, UC_X86_INS_IN);
    hook(engine, (void (*)(void))on_out, UC_X86_INS_OUT);
    engine->value = BENCH_VALUE + ((scenario->traits & BENCH_UNEQUAL) != 0);
    take_registers(&engine->inputs, scenario->inputs);
    take_registers(&engine->outputs, scenario->outputs | BENCH_RIP);
    write_code(engine);
}

/* A count of instructions lets Unicorn keep what it translated; an address to stop at does not. */
static void repeat(void *state, unsigned long count)
{
    struct engine *engine = state;
    /* A REP takes one step more, in which it finds rCX to be 0. */
    const size_t steps = engine->scenario->traits & BENCH_REP ? BENCH_ELEMENTS + 1 : 1;
    for (unsigned long i = 0; i < count; i++) {
        uc_err error = uc_reg_write_batch(engine->uc, engine->inputs.id, engine->inputs.at,
                                          engine->inputs.count);
        if (error == UC_ERR_OK)
            error = uc_emu_start(engine->uc, code_address(engine, engine->calls++), 0, 0, steps);
        if (error == UC_ERR_OK)
            error = uc_reg_read_batch(engine->uc, engine->outputs.id, engine->outputs.at,
                                      engine->outputs.count);
        require(engine, error, "run");
    }
}

/* It must have run whole: its iterations have touched the device, and RIP has moved on. */
static void check(const struct engine *engine)
{
    const struct bench_scenario *scenario = engine->scenario;
    uint64_t rip;
    require(engine, uc_reg_read(engine->uc, UC_X86_REG_RIP, &rip), "read RIP");
    bool is_done = rip == code_address(engine, engine->calls - 1) + scenario->length &&
                   engine->accesses >= engine->calls * bench_elements(scenario);
    if (is_done)
        return;
    fprintf(stderr, "bench_unicorn: %s: it did not run\n", scenario->name);
    exit(1);
}

int main(void)
{
    for (size_t i = 0; i < bench_scenario_count; i++) {
        const struct bench_scenario *scenario = &bench_scenarios[i];
        struct engine engine;
        /* Where the bytes are from and the form of the API make no difference to Unicorn. */
        if (scenario->traits & (BENCH_CODE32 | BENCH_NO_BYTES | BENCH_PREVIEW | BENCH_NO_GVA))
            continue;
        begin(&engine, scenario);
        bench_measure(scenario, repeat, &engine);
        check(&engine);
        uc_close(engine.uc);
    }
    return 0;
}
