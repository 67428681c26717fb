/* SPDX-License-Identifier: MIT */
/*
 * A tiny emulator that can store EAX to the address of a memory exit and advance RIP by two, or a
 * little more, each time with one fault of the table faults.def: that of the name of the library's
 * file. The same library is there under every name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <whvemu/emulator.h>

#define EXPORT __attribute__((visibility("default")))

/** The address of the faults that show at one address. */
#define ONE_ADDRESS 0xfee000b4u

struct emulator {
    WHV_EMULATOR_CALLBACKS callbacks;
    /** For faults that remember. */
    uint32_t data;
    bool has_data;
};

/** One call while it runs; what the faults work on. */
struct call {
    struct emulator *emulator;
    const WHV_EMULATOR_CALLBACKS *callbacks;
    void *context;
    const WHV_VP_EXIT_CONTEXT *vp;
    const WHV_MEMORY_ACCESS_CONTEXT *memory;
    uint32_t rax;
};

/** Gets RAX, and more registers that nobody needs. */
static HRESULT call_get_count(struct call *call, UINT32 count)
{
    _Alignas(16)
        WHV_REGISTER_NAME names[] = {WHvX64RegisterRax, WHvX64RegisterRcx, WHvX64RegisterRdx};
    _Alignas(16) WHV_REGISTER_VALUE values[3] = {{.Reg64 = 0}};
    HRESULT hr = call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, names,
                                                                          count, values);
    call->rax = (uint32_t)values[0].Reg64;
    return hr;
}

static HRESULT call_get(struct call *call)
{
    return call_get_count(call, 1);
}

static HRESULT call_load(struct call *call, uint64_t gpa, uint32_t *data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.GpaAddress = gpa, .AccessSize = 4};
    HRESULT hr = call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
    memcpy(data, access.Data, sizeof(*data));
    return hr;
}

/** Stores some bytes of RAX. */
static HRESULT call_store_part(struct call *call, uint64_t gpa, unsigned from, unsigned size)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {
        .GpaAddress = gpa, .Direction = 1, .AccessSize = (UINT8)size};
    memcpy(access.Data, (const uint8_t *)&call->rax + from, size);
    return call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
}

static HRESULT call_store(struct call *call, uint64_t gpa, uint32_t data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.GpaAddress = gpa, .Direction = 1, .AccessSize = 4};
    memcpy(access.Data, &data, sizeof(data));
    return call->callbacks->WHvEmulatorMemoryCallback(call->context, &access);
}

/** Sets RIP. */
static HRESULT call_set_rip_to(struct call *call, uint64_t rip)
{
    _Alignas(16) WHV_REGISTER_NAME name = WHvX64RegisterRip;
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = rip};
    return call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, &name, 1,
                                                                    &value);
}

static HRESULT call_set_rip(struct call *call)
{
    return call_set_rip_to(call, call->vp->Rip + 2);
}

/** Sets RIP to the next instruction, and one more register. */
static HRESULT call_set(struct call *call, WHV_REGISTER_NAME name, uint64_t value)
{
    _Alignas(16) WHV_REGISTER_NAME names[] = {WHvX64RegisterRip, name};
    _Alignas(16) WHV_REGISTER_VALUE values[] = {{.Reg64 = call->vp->Rip + 2}, {.Reg64 = value}};
    return call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, names, 2,
                                                                    values);
}

/* How it can emulate: each returns the status word. */

static uint32_t store(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}

static uint32_t inverted(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, ~call->rax);
    call_set_rip(call);
    return 1;
}

static uint32_t good(struct call *call)
{
    if (call_get(call) != S_OK)
        return 1u << 6;
    if (call_store(call, call->memory->Gpa, call->rax) != S_OK)
        return 1u << 3;
    return call_set_rip(call) == S_OK ? 1 : 1u << 7;
}

static uint32_t after_failure(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1u << 3;
}

static uint32_t extra_callback(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}

static uint32_t lingers(struct call *call)
{
    call_get(call);
    if (!call->emulator->has_data)
        call->emulator->data = call->rax;
    call->emulator->has_data = true;
    call_store(call, call->memory->Gpa, call->emulator->data);
    call_set_rip(call);
    return 1;
}

static uint32_t looks_at_poison(struct call *call)
{
    _Alignas(16) WHV_REGISTER_NAME name = WHvX64RegisterRax;
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = 0};
    call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, &name, 1, &value);
    call_store(call, call->memory->Gpa, (uint32_t)value.Reg128.High64);
    call_set_rip(call);
    return 1;
}

static uint32_t next_page(struct call *call)
{
    call_get(call);
    call_store_part(call, call->memory->Gpa, 0, 2);
    call_store_part(call, call->memory->Gpa + 2, 2, 2);
    call_set_rip(call);
    return 1;
}

static uint32_t no_set(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    return 1;
}

static uint32_t only_warm(struct call *call)
{
    static unsigned calls;
    call_get(call);
    call_store(call, call->memory->Gpa, calls++ == 0 ? call->rax : 0);
    call_set_rip(call);
    return 1;
}

static uint32_t reads_more(struct call *call)
{
    call_get_count(call, 2);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 1;
}

static uint32_t two_sets(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    call_set_rip(call);
    return 1;
}

static uint32_t unaligned(struct call *call)
{
    _Alignas(16) WHV_REGISTER_NAME names[5] = {0};
    _Alignas(16) WHV_REGISTER_VALUE value = {.Reg64 = 0};
    names[1] = WHvX64RegisterRax;
    call->callbacks->WHvEmulatorGetVirtualProcessorRegisters(call->context, names + 1, 1, &value);
    call_store(call, call->memory->Gpa, (uint32_t)value.Reg64);
    names[1] = WHvX64RegisterRip;
    value.Reg64 = call->vp->Rip + 2;
    call->callbacks->WHvEmulatorSetVirtualProcessorRegisters(call->context, names + 1, 1, &value);
    return 1;
}

static uint32_t write_first(struct call *call)
{
    uint32_t memory;
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_load(call, call->memory->Gpa, &memory);
    call_set(call, WHvX64RegisterRflags, 2);
    return 1;
}

static uint32_t wrong_data(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, __builtin_bswap32(call->rax));
    call_set_rip(call);
    return 1;
}

static uint32_t gives_up(struct call *call)
{
    (void)call;
    return 2;
}

static uint32_t rip_stays(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip_to(call, call->vp->Rip);
    return 1;
}

static uint32_t status_bits(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    return 0xdead0001u;
}

static uint32_t upper_half(struct call *call)
{
    uint32_t memory;
    call_load(call, call->memory->Gpa, &memory);
    call_set(call, WHvX64RegisterRcx, UINT64_C(0x1122334400000000) | memory);
    return 1;
}

static uint32_t writes_context(struct call *call)
{
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    call_set_rip(call);
    ((WHV_VP_EXIT_CONTEXT *)call->vp)->Rip += 2;
    return 1;
}

static uint32_t wrong_flag(struct call *call)
{
    uint32_t memory;
    call_get(call);
    call_load(call, call->memory->Gpa, &memory);
    call->rax += memory;
    call_store(call, call->memory->Gpa, call->rax);
    call_set(call, WHvX64RegisterRflags, call->rax >> 31 ? 0x82 : 2);
    return 1;
}

static uint32_t wrong_register(struct call *call)
{
    uint32_t memory;
    call_load(call, call->memory->Gpa, &memory);
    call_set(call, WHvX64RegisterRdx, memory);
    return 1;
}

static uint32_t wrong_status(struct call *call)
{
    call_get(call);
    if (call_store(call, call->memory->Gpa, call->rax) != S_OK)
        return 1u << 2;
    call_set_rip(call);
    return 1;
}

static uint32_t always_crashes(struct call *call)
{
    volatile uint32_t *volatile nowhere = NULL;
    call_get(call);
    call_store(call, call->memory->Gpa, call->rax);
    printf("storing to %#llx\n", (unsigned long long)call->memory->Gpa);
    fprintf(stderr, "assertion failed: \x1b[31mred\n");
    *nowhere = call->rax;
    return 1;
}

static uint32_t always_hangs(struct call *call)
{
    for (;;)
        call_get(call);
    return 1;
}

static uint32_t chatty(struct call *call)
{
    printf("storing\n");
    fflush(stdout);
    return store(call);
}

/* What it can do to its process. */

static void spin(void)
{
    for (volatile unsigned spins = 0;;)
        spins++;
}

static void sleep_on(void)
{
    for (;;)
        sleep(1);
}

static void end_process(void)
{
    _Exit(3);
}

static void access_nowhere(void)
{
    raise(SIGSEGV);
}

static void close_files(void)
{
    for (int fd = 0; fd < 64; fd++)
        close(fd);
}

static void eat_memory(void)
{
    for (;;) {
        char *block = malloc(64u << 20);
        if (!block)
            abort();
        *(volatile char *)block = 1;
    }
}

/** A row of the table. What is absent happens as it should. */
struct fault {
    const char *name;
    uint32_t (*emulate)(struct call *call);
    void (*at_one_address)(void);
    void (*on_load)(void);
    void (*on_create)(void);
    void (*on_second_create)(void);
    void (*on_destroy)(void);
    HRESULT create_result;
    HRESULT destroy_result;
};

static const struct fault faults[] = {
#define FAULT(fault, wrong, ...) {.name = #fault, __VA_ARGS__},
#define EMULATES(fault, wrong)   {.name = #fault, .emulate = fault},
#include "faults.def"
};

/* The first row until the library is loaded, and in those that have none. */
static const struct fault *fault = &faults[0];

static void happen(void (*what)(void))
{
    if (what)
        what();
}

__attribute__((constructor)) static void load(void)
{
    Dl_info info;
    const char *name = dladdr(&fault, &info) ? strrchr(info.dli_fname, '/') : NULL;
    for (size_t i = 0; name && i < sizeof(faults) / sizeof(faults[0]); i++) {
        size_t length = strlen(faults[i].name);
        if (strncmp(name + 1, faults[i].name, length) == 0 && strcmp(name + 1 + length, ".so") == 0)
            fault = &faults[i];
    }
    happen(fault->on_load);
}

EXPORT HRESULT WINAPI WHvEmulatorCreateEmulator(const WHV_EMULATOR_CALLBACKS *callbacks,
                                                WHV_EMULATOR_HANDLE *handle)
{
    static unsigned created;
    happen(fault->on_create);
    if (created++ > 0)
        happen(fault->on_second_create);
    if (fault->create_result != S_OK)
        return fault->create_result;
    struct emulator *emulator = calloc(1, sizeof(*emulator));
    if (!emulator)
        return E_OUTOFMEMORY;
    emulator->callbacks = *callbacks;
    *handle = emulator;
    return S_OK;
}

EXPORT HRESULT WINAPI WHvEmulatorDestroyEmulator(WHV_EMULATOR_HANDLE handle)
{
    happen(fault->on_destroy);
    free(handle);
    return fault->destroy_result;
}

EXPORT HRESULT WINAPI WHvEmulatorTryMmioEmulation(WHV_EMULATOR_HANDLE handle, VOID *context,
                                                  const WHV_VP_EXIT_CONTEXT *vp,
                                                  const WHV_MEMORY_ACCESS_CONTEXT *memory,
                                                  WHV_EMULATOR_STATUS *status)
{
    struct emulator *emulator = handle;
    struct call call = {emulator, &emulator->callbacks, context, vp, memory, 0};
    if (memory->Gpa == ONE_ADDRESS)
        happen(fault->at_one_address);
    status->AsUINT32 = fault->emulate ? fault->emulate(&call) : store(&call);
    return S_OK;
}

#ifndef WITHOUT_IO /* missing_export.so */
EXPORT HRESULT WINAPI WHvEmulatorTryIoEmulation(WHV_EMULATOR_HANDLE handle, VOID *context,
                                                const WHV_VP_EXIT_CONTEXT *vp,
                                                const WHV_X64_IO_PORT_ACCESS_CONTEXT *io,
                                                WHV_EMULATOR_STATUS *status)
{
    (void)handle;
    (void)context;
    (void)vp;
    (void)io;
    status->AsUINT32 = 2;
    return S_OK;
}
#endif
